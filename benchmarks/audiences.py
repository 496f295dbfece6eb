"""How well audiences without a count on record are imputed: `python -m benchmarks.audiences`.

    python -m benchmarks.audiences [--facts DIR] [--format table|json]
    python -m benchmarks.audiences FILE... [--without-country] [--facts DIR] [--format table|json]

Without a file the figures of the facts are predicted, each from the figures of other countries
(countries fall into FOLDS by their place in the alphabet), then from other services of its country,
then from other ways of counting and other years; beside them, on the same folds, the two forms that
are to be beaten: the median of the subregion (of the region where fewer than LEAST figures, then of
the world) by service, way of counting and year, and a hierarchical regression by service, time,
region, country, share of residents online and way of counting. Factors of intervals are learned
from the other folds. Errors are in points of the people online, averaged over countries.

A file is a CSV table `area_id,platform_id,period,share` (share of the people online; further
columns may be there, and come back). Where a column `audience_metric` or `way` says how the figure
was counted, such a figure is predicted; else what a survey finds that asks who uses the service.
Every row comes back, in the order of the files, with `q05_share`, `q50_share`, `q95_share`, `rung`
and, where it cannot be had, the `reason`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from audience_impact import periods
from audience_impact.facts.tables import Tables
from audience_impact.fitting import audiences as learning
from audience_impact.fitting.audiences import leave_out
from audience_impact.frames import Array
from audience_impact.imputation import distribution, figures
from audience_impact.imputation.audiences import impute_with_members
from audience_impact.imputation.effects import number_groups, split_blocks
from audience_impact.imputation.figures import (
    COARSE,
    FINE,
    WAY,
    Scale,
    harden_odds,
    read_observations,
    soften_odds,
)
from audience_impact.overlap.model import read_model
from audience_impact.populations import is_region
from audience_impact.vocabulary import WORLD, WayOfCounting
from benchmarks.coverage import table
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
FOLDS = 10
LEAST = 4
KEY = ["area_id", "platform_id", "period"]
SURVEY_WAYS = [
    way.value
    for way in (
        WayOfCounting.ASKED,
        WayOfCounting.NAMED,
        WayOfCounting.ASKED_OF_USERS,
        WayOfCounting.WEEKLY,
    )
]
FORMS = ("model", "subregion", "hierarchical")
NO_PARAMETERS = "audience_laws has no rows; run audience-impact learn audiences"


def assign_folds(rows: pd.DataFrame) -> "np.ndarray":
    """The fold of each figure: that of its country."""
    number = rows["area_id"].rank(method="dense").astype("int64").to_numpy()
    return np.asarray(number % FOLDS)


def predict_by_subregion(rows: pd.DataFrame) -> Array:
    """Shares by the median of the subregion, region or world, each from the other folds."""
    by = [[*where, "platform_id", "way", *when] for when in (["year"], []) for where in _PLACES]
    by += [["platform_id"]]
    result, fold = np.full(len(rows), np.nan), rows["fold"].to_numpy()
    for number in range(FOLDS):
        out = np.flatnonzero(fold == number)
        result[out] = _choose_medians(rows[fold != number], rows.iloc[out], by)
    return result


_PLACES: tuple[list[str], ...] = (["subregion"], ["region"], [])


def _choose_medians(seen: pd.DataFrame, unseen: pd.DataFrame, by: list[list[str]]) -> Array:
    """The first median that LEAST figures stand behind; of the world any number."""
    share = np.full(len(unseen), np.nan)
    for columns in by:
        groups = seen.groupby(columns)["share"]
        least = LEAST if {"subregion", "region"} & set(columns) else 1
        median = groups.median()[groups.size() >= least].rename("median")
        medians = unseen[columns].merge(median, left_on=columns, right_index=True, how="left")
        share = np.where(np.isnan(share), medians["median"].to_numpy("float64"), share)
    return np.asarray(np.clip(share, 0.0, 1.0))


def predict_by_regression(rows: pd.DataFrame, left_out: Sequence[str]) -> Array:
    """Shares by a ridge regression in log odds: the form of TRUTH, without what `left_out` names.

    Spreads of its effects are those that a regression of this kind had: one of a service and way,
    half of one of a region or subregion and service, and of a country.
    """
    spread = {("platform_id",): 1.5, ("way",): 1.0, ("platform_id", "way"): 0.5}
    spread |= {("region", "platform_id"): 0.7, ("subregion", "platform_id"): 0.5, ("area_id",): 0.5}
    numbers = np.column_stack([np.ones(len(rows)), rows["years"] / 4, rows["online_odds"] / 2])
    matrix = numbers @ numbers.T * 4.0
    for by, size in spread.items():
        (group,) = number_groups(by, rows)
        matrix += size**2 * (group[:, None] == group[None, :])
    (service,) = number_groups(["platform_id"], rows)
    years = rows["years"].to_numpy("float64") / 4
    matrix += 0.25 * (service[:, None] == service[None, :]) * np.outer(years, years)
    matrix.flat[:: len(rows) + 1] += 0.5**2
    precision = distribution.invert_covariance(matrix)
    odds = soften_odds(rows["share"])
    parts = split_blocks(number_groups(left_out, rows)[0])
    return harden_odds(odds - leave_out(precision, precision @ odds, parts)[0])


def predict_figures(tables: Tables) -> pd.DataFrame:
    """Return the prediction of each figure when it is left out, by way of leaving out.

    As in a run, what is too vague on the coarse scale is predicted on the fine one.
    """
    scales = distribution.read_parameters(tables["audience_laws"])
    if not scales:
        raise ValueError(NO_PARAMETERS)
    rows = read_observations(tables)
    fold = pd.Series(assign_folds(rows), rows["area_id"].to_numpy())
    fold = fold[~fold.index.duplicated()]
    out = _add_intervals([_predict_on_scale(tables, *scale, fold) for scale in scales.items()])
    same = out["left_out"] == "countries"
    rows = rows.assign(fold=assign_folds(rows))
    median, by_country = predict_by_subregion(rows), predict_by_regression(rows, ["fold"])
    with_country = predict_by_regression(rows, ["area_id", "platform_id"])
    forms = rows[["figure_id"]].assign(
        subregion_share=median, hierarchical_share=by_country, known_share=with_country
    )
    out = out.merge(forms, on="figure_id", how="left")
    out["hierarchical_share"] = out["hierarchical_share"].where(same, out["known_share"])
    return out


def _predict_on_scale(
    tables: Tables, scale: Scale, parameters: distribution.AudienceParameters, fold: pd.Series
) -> pd.DataFrame:
    """Return the prediction of each figure on one scale; `fold` is that of each country."""
    rows = read_observations(tables, scale)
    rows = rows.assign(fold=rows["area_id"].map(fold).fillna(-1).astype("int64"))
    others = learning.predict_left_out(rows, parameters.spreads)
    parts = [
        _predict_from_other_countries(rows, parameters),
        others[others["left_out"] != "area_id"],
    ]
    return pd.concat(parts, ignore_index=True)


def _predict_from_other_countries(
    rows: pd.DataFrame, parameters: distribution.AudienceParameters
) -> pd.DataFrame:
    """Return the prediction of each figure from the countries of other folds."""
    result = []
    for number in range(FOLDS):
        out = (rows["fold"] == number) & (rows["area_id"] != WORLD)
        unseen, seen = (rows[mask].reset_index(drop=True) for mask in (out, ~out))
        people = unseen["way"].isin(figures.PEOPLE)
        stripped = unseen.assign(
            series=unseen["series"].where(~people, distribution.UNKNOWN),
            survey=distribution.UNKNOWN,
        )
        evidence = figures.Evidence(unseen, seen)
        strange = evidence.is_stranger()
        stripped["platform_id"] = stripped["platform_id"].mask(strange, distribution.UNKNOWN)
        middle, spread, _ = distribution.condition_on_figures(
            stripped, distribution.ImputationModel(seen, parameters)
        )
        result.append(
            unseen.assign(
                rung=evidence.find_levels(), left_out="countries", middle=middle, spread=spread
            )
        )
    return pd.concat(result, ignore_index=True)


def _add_intervals(scales: list[pd.DataFrame]) -> pd.DataFrame:
    """Return shares of the model, and whether intervals with factors of other folds are right.

    `scales` has the figures on the coarse scale and, where it was fitted, on the fine one.
    """
    parts = []
    for number in range(FOLDS):
        rest = [out[out["fold"] != number].reset_index(drop=True) for out in scales]
        left_out = [out[out["fold"] == number].reset_index(drop=True) for out in scales]
        factors = learning.fit_factors_by_scale(*rest)
        if len(scales) > 1:
            left_out[0] = learning.select_clear(left_out[0], factors[0])
            left_out[1] = learning.drop_figures(left_out[1], left_out[0])
        parts += [
            distribution.add_intervals(out, distribution.read_factors(widths), scale)
            for out, widths, scale in zip(left_out, factors, (COARSE, FINE), strict=False)
        ]
    out = pd.concat(parts, ignore_index=True).rename(columns={"q50_share": "model_share"})
    return out.assign(is_inside=(out["odds"] - out["middle"]).abs() <= out["half"])


def summarise_errors(out: pd.DataFrame) -> list[dict[str, str | int | float]]:
    """Errors and coverage over all, by way of leaving out, rung, platform, region and way."""
    share = out["share"].clip(upper=1.0)
    rows = out.assign(
        **{f"{form}_points": 100 * (out[f"{form}_share"] - share).abs() for form in FORMS}
    )
    of_surveys = rows[rows["way"].isin(SURVEY_WAYS)]
    countries = rows[rows["left_out"] == "countries"]
    parts = [("all", "figures", name, part) for name, part in rows.groupby("left_out", sort=False)]
    parts += [
        ("all", "surveys", name, part) for name, part in of_surveys.groupby("left_out", sort=False)
    ]
    for column in ("rung", "platform_id", "region", "way"):
        of = rows if column == "rung" else countries
        name = "any" if column == "rung" else "countries"
        parts += [(column, str(word), name, part) for word, part in of.groupby(column)]
    return [_summarise_part(*part) for part in parts]


def _summarise_part(
    by: str, what: str, left_out: str, rows: pd.DataFrame
) -> dict[str, str | int | float]:
    """One row of the summary; errors are averaged over countries."""
    errors = {
        f"{form}_points": round(float(rows.groupby("area_id")[f"{form}_points"].mean().mean()), 1)
        for form in FORMS
    }
    return {
        "by": by,
        "what": what,
        "left_out": left_out,
        "figures": len(rows),
        "countries": int(rows["area_id"].nunique()),
        **errors,
        "inside_share": round(float(rows["is_inside"].mean()), 3),
    }


def read_rows(paths: Sequence[Path]) -> pd.DataFrame:
    """The rows of the tables, as text, in order.

    Raises:
        ValueError: A file cannot be read as a table of KEY.
    """
    parts = []
    for path in paths:
        try:
            table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error
        lacking = [name for name in KEY if name not in table.columns]
        if lacking:
            raise ValueError(f"{path}: no column {', '.join(lacking)}; give {','.join(KEY)},share")
        parts.append(table)
    return pd.concat(parts, ignore_index=True).fillna("")


def answer_rows(rows: pd.DataFrame, tables: Tables, without_country: bool) -> pd.DataFrame:
    """The rows with the quantiles of SHARES, `rung` and `reason`.

    Raises:
        ValueError: The facts have no fitted parameters of audiences.
    """
    model = distribution.read_model(tables)
    if model is None:
        raise ValueError(NO_PARAMETERS)
    clean = pd.DataFrame({name: rows[name].str.strip() for name in KEY})
    span = periods.parse_periods(clean["period"])
    requested = clean.assign(
        moment=periods.period_middle(span["start"], span["end"]), way=_choose_way(rows)
    )
    requested["is_under_block"] = True
    if without_country:
        ids = model.figures.groupby("area_id")["figure_id"].agg("+".join)
        requested["left_out_ids"] = requested["area_id"].map(ids).fillna("")
    imputed, _, _ = impute_with_members(requested, tables, model, read_model(tables))
    result = rows.assign(share=pd.to_numeric(rows.get("share"), errors="coerce"))
    for name in distribution.SHARES:
        result[name] = imputed[name].reindex(rows.index).astype("float64")
    result["rung"] = imputed["rung"].reindex(rows.index).fillna("")
    reason = _explain_gaps(requested, tables)
    return result.assign(reason=reason.where(result["rung"] == "", ""))


def _choose_way(rows: pd.DataFrame) -> pd.Series:
    """How each figure was counted, where a column says so; else asked."""
    ways = {way.value: way.value for way in WayOfCounting} | WAY
    result = pd.Series(np.nan, rows.index, dtype="object")
    for column in ("way", "audience_metric", "metric"):
        if column in rows:
            result = result.fillna(rows[column].str.strip().str.lower().map(ways))
    return result.fillna(WayOfCounting.ASKED.value).astype("str")


def _explain_gaps(requested: pd.DataFrame, tables: Tables) -> pd.Series:
    """Why a row cannot be had."""
    areas, services = tables["areas"]["area_id"], tables["platforms"]["platform_id"]
    checks: list[tuple[str, Callable[[], pd.Series]]] = [
        ("the period is no ISO 8601 period: write 2025, 2025-07 or 2025-07-13",
         lambda: requested["moment"].isna()),
        ("the platform is not in platforms.csv", lambda: ~requested["platform_id"].isin(services)),
        ("the area is not in areas.csv", lambda: ~requested["area_id"].isin(areas)),
        ("shares are imputed for countries alone",
         lambda: requested["area_id"].str.isdigit() | requested["area_id"].map(is_region)),
        ("no service with users of its own: its members are not known, or it is a network",
         lambda: requested["platform_id"].isin(_list_without_users(tables))),
    ]  # fmt: skip
    reason = pd.Series("", requested.index)
    for words, check in checks:
        reason = reason.mask((reason == "") & check(), words)
    nobody = "no count of the people online there, or of any service of its kind"
    return reason.where(reason != "", nobody)


def _list_without_users(tables: Tables) -> pd.Series:
    """Platforms that have no users of their own."""
    platforms = tables["platforms"]
    return platforms.loc[platforms["kind"].isin(["group", "network"]), "platform_id"]


def score_answers(answers: pd.DataFrame) -> list[dict[str, str | int | float]]:
    """Errors and coverage of answered rows that have a share: of all, by rung and platform."""
    answered = answers[answers["share"].notna() & answers["q50_share"].notna()]
    rows = answered.assign(
        points=100 * (answered["q50_share"] - answered["share"].clip(upper=1.0)).abs(),
        is_inside=answered["share"].between(answered["q05_share"], answered["q95_share"]),
    )
    parts = [("all", "all", rows)]
    for column in ("rung", "platform_id"):
        parts += [(column, str(word), part) for word, part in rows.groupby(column)]
    return [
        {
            "by": by,
            "what": what,
            "figures": len(part),
            "countries": int(part["area_id"].nunique()),
            "points": round(float(part.groupby("area_id")["points"].mean().mean()), 1),
            "inside_share": round(float(part["is_inside"].mean()), 3),
        }
        for by, what, part in parts
        if len(part)
    ]


def format_json(answers: pd.DataFrame) -> str:
    """The rows as JSON, null for what is not known."""
    plain = answers.astype("object").where(answers.notna(), None)
    return json.dumps(plain.to_dict("records"), indent=1, ensure_ascii=False, allow_nan=False)


def main(words: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Score audiences without a count on record.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--without-country", action="store_true")
    parser.add_argument("--facts", type=Path, default=FACTS)
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args(words)
    tables = steps.validate_facts(steps.read_facts([options.facts])).tables
    try:
        if options.files:
            result = answer_rows(read_rows(options.files), tables, options.without_country)
            text = format_json(result) if options.format == "json" else table(score_answers(result))
        else:
            rows = summarise_errors(predict_figures(tables))
            text = json.dumps(rows, indent=2) if options.format == "json" else table(rows)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{text}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
