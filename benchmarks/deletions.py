"""Whether knowing more yields less: `python -m benchmarks.deletions`.

    python -m benchmarks.deletions [--facts DIR]... [--all] [--only ID]... [--format table|json]

Each figure of `estimates.csv` is deleted in turn, and the audiences of all restrictions that it
counts (with `--all`, all audiences) are described again from the figures that remain; imputation is
conditioned on these as well, with the weights of the whole. An audience has an answer where its
distribution spans no more than a factor of 20. Printed is how many answers appear without a figure
that had none with it, how many vanish, and how many narrow or widen: where the distance of the 5
and the 95 % quantile changes by more than NOISE, in log odds as well as in people. Where one of the
two alone changes, the answer has moved: a smaller share is known less in log odds, as well as it
may be known in people. With `--only`, these figures alone are deleted.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from audience_impact import figure_errors
from audience_impact.audiences.inputs import Inputs, gather_inputs
from audience_impact.audiences.scope import AUDIENCE, Scope, build_scope
from audience_impact.facts.tables import Tables
from audience_impact.fitted.models import FittedModels, make_context, read_models
from audience_impact.imputation.distribution import WIDEST, ImputationModel
from audience_impact.simulation.audiences import SHARED
from benchmarks.coverage import table
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
NOISE = 0.1
"""Change of a width, as a share of it, that is not counted."""
CHANGES = ("appear", "vanish", "narrow", "widen")


def forget_figure(model: ImputationModel, figure_id: str) -> ImputationModel:
    """Return the model without a figure; the other figures keep their weights."""
    finer = model.finer and forget_figure(model.finer, figure_id)
    (at,) = np.flatnonzero(model.figures["figure_id"] == figure_id)[:1].tolist() or [None]
    if at is None:
        return replace(model, finer=finer)
    precision, weighted = model.weighted_inverse
    rest = np.delete(np.arange(len(weighted)), at)
    column = precision[rest, at] / precision[at, at]
    fewer = replace(model, figures=model.figures.iloc[rest].reset_index(drop=True), finer=finer)
    inverse = precision[np.ix_(rest, rest)] - np.outer(column, precision[at, rest])
    fewer.__dict__["weighted_inverse"] = (inverse, weighted[rest] - column * weighted[at])
    return fewer


def describe_answers(inputs: Inputs) -> pd.DataFrame:
    """Return `width` in log odds and `points` of the base, and whether it is an answer."""
    rows = inputs.distributions[inputs.distributions["shape"] != ""]
    rows = rows.merge(inputs.sizes[[*AUDIENCE, "base_size_persons"]], on=AUDIENCE)
    rows = rows[rows["base_size_persons"] > 0.0].set_index(AUDIENCE)
    base = rows["base_size_persons"]
    middle, below, above = figure_errors.measure_spread(rows, base)
    is_share = rows["shape"].isin(SHARED).to_numpy()
    low, high = (
        np.where(is_share, logit(rows[name].where(is_share, 0.5)), end)
        for name, end in (("low", middle - below), ("high", middle + above))
    )
    least, most = expit(low), expit(high)
    columns = {"width": high - low, "points": most - least, "is_answer": most <= WIDEST * least}
    return pd.DataFrame(columns, rows.index)


def describe_scope(scope: Scope, tables: Tables, fitted: FittedModels) -> pd.DataFrame:
    """Return the answers of the audiences of a scope."""
    return describe_answers(gather_inputs(scope, make_context(tables, fitted)))


def delete_each(
    tables: Tables, scope: Scope, fitted: FittedModels, every: bool, only: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """Yield the audiences that the deletion of each figure changes, with one of CHANGES."""
    assert fitted.audiences is not None
    with_all = describe_scope(scope, tables, fitted)
    estimates, requested = tables["estimates"], scope.requested
    place = ["country_id", "platform_id"]
    named = pd.MultiIndex.from_frame(estimates[["area_id", "platform_id"]])
    is_own = named.isin(pd.MultiIndex.from_frame(requested[place]))
    is_asked = estimates["estimate_id"].isin(only) | (not only)
    for row in estimates[(is_own | every) & is_asked].itertuples():
        is_named = (requested[place] == [row.area_id, row.platform_id]).all(axis=1)
        part = replace(scope, requested=requested[is_named | every].reset_index(drop=True))
        fewer = replace(fitted, audiences=forget_figure(fitted.audiences, str(row.estimate_id)))
        rest = {**tables, "estimates": estimates.drop(index=row.Index)}
        yield compare_answers(with_all, part, describe_scope(part, rest, fewer)).assign(
            estimate_id=row.estimate_id
        )


def compare_answers(before: pd.DataFrame, part: Scope, after: pd.DataFrame) -> pd.DataFrame:
    """Return the audiences of a part whose answer changed, with `change`."""
    keys = pd.MultiIndex.from_frame(part.requested[AUDIENCE])
    both = before.reindex(keys).join(after.reindex(keys).add_suffix("_after"))
    had, has = (both[name].eq(True) for name in ("is_answer", "is_answer_after"))
    ratio = both["width_after"] / both["width"]
    ratios = pd.DataFrame({"odds": ratio, "points": both["points_after"] / both["points"]})
    change = pd.Series("", keys).mask(had & has & (ratios.max(axis=1) < 1.0 - NOISE), "narrow")
    change = change.mask(had & has & (ratios.min(axis=1) > 1.0 + NOISE), "widen")
    change = change.mask(had & ~has, "vanish").mask(has & ~had, "appear")
    return both.assign(change=change, ratio=ratio)[change != ""].reset_index()


def read_options(words: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deletions")
    parser.add_argument("--facts", type=Path, action="append")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", action="append", default=[], metavar="ID")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    """Print the number of answers that each kind of change concerns, and those that improve."""
    options = read_options(words)
    checked = steps.validate_facts(steps.read_facts(options.facts or [FACTS]))
    tables = checked.tables
    scope = build_scope(tables, steps.choose_day(checked, None))
    changes = pd.concat(
        delete_each(tables, scope, read_models(tables), options.all, options.only),
        ignore_index=True,
    )
    counts = changes["change"].value_counts().reindex(CHANGES, fill_value=0)
    better = changes[changes["change"].isin(["appear", "narrow"])]
    if options.format == "json":
        print(json.dumps({**counts.to_dict(), "better": better.to_dict("records")}, default=str))
        return
    print(table(counts.rename_axis("change").reset_index(name="answers").to_dict("records")))
    shown = better[["estimate_id", *AUDIENCE, "change", "ratio"]]
    if not shown.empty:
        print(table(shown.to_dict("records")))


if __name__ == "__main__":
    main()
