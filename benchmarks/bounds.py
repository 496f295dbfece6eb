"""How often "at least" and "at most" hold a figure left out: `python -m benchmarks.bounds`.

    python -m benchmarks.bounds [--facts DIR] [--format json|table]

Each figure of the people who use a service in a country in a month is left out: a restriction that
begins on the first day of its period is bounded from what was counted before, by whomever, as any
restriction is, and the figure must lie between `min_persons` and `max_persons` of that
audience. Of several pages with one figure the median counts. A figure without an earlier count is
no trial of these bounds.

By kind of figure and in all: the trials, the share inside and on each side, and the 95 % interval
of so many trials (Clopper and Pearson 1934). Figures of one service and country hit and miss
together: `units_share` gives each of these the same weight. The joint level, of both bounds at
once, is BOUNDS_SHARE in audience_impact/bounds.py. A figure left out has an error of
its own and may count otherwise than those before it, so that the truth is inside more often.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from audience_impact import pipeline
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.bounds import BOUNDS_SHARE
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import find_nearest_people
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    AudienceMetric,
    Feature,
    GeoScope,
    IntervalKind,
    NetworkScope,
    PopulationBase,
    Unit,
)
from benchmarks.coverage import table
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
ALL = "all"
MONTHLY = [
    metric.value
    for metric in (
        AudienceMetric.MONTHLY_REACH,
        AudienceMetric.MAU,
        AudienceMetric.SURVEY_MONTHLY,
        AudienceMetric.SURVEY_REGULAR,
        AudienceMetric.AD_AUDIENCE,
    )
]
FIGURE = ["area_id", "platform_id", "audience_metric", "measurement_series_id", "period_start"]
LONGEST_DAYS = 200
"""Longest period of a figure: that of a year is no figure of its first day."""

Row = dict[str, str | int | float]


def list_figures(tables: Tables) -> pd.DataFrame:
    """Figures of people in a month: FIGURE and `persons`, the median of all pages."""
    rows = tables["estimates"]
    limits = [IntervalKind.ONE_SIDED_MIN.value, IntervalKind.ONE_SIDED_MAX.value]
    days = (rows["period_end"] - rows["period_start"]).dt.days
    counts_people = (
        rows["unit"].isin([Unit.PERSONS.value, Unit.SHARE.value, Unit.IDENTITIES.value])
        & rows["audience_metric"].isin(MONTHLY)
        & ~rows["interval_kind"].isin(limits)
        & (rows["population_base"] != PopulationBase.CUSTOM.value)
        & (rows[["disputed_by", "age", "sex"]] == "").all(axis=1)
        & (days <= LONGEST_DAYS)
        & (rows["value"] > 0)
        & (rows["platform_id"] != WHOLE_INTERNET)
    )
    used = rows[counts_people & rows["area_id"].str.fullmatch("[A-Z]{2}")]
    of = find_nearest_people(used, tables["bases"], ["population_base"])
    share = used["unit"] == Unit.SHARE.value
    persons = used["value"].where(~share, used["value"] * of.to_numpy())
    return used.assign(persons=persons).groupby(FIGURE)["persons"].median().dropna().reset_index()


def add_restrictions(tables: Tables, figures: pd.DataFrame) -> Tables:
    """The tables with a restriction for each figure: one row, `trial|` and its number."""
    names = "trial|" + figures.index.astype("str")
    start = figures["period_start"]
    common = {
        "restriction_id": names,
        "area_ids": figures["area_id"],
        "geo_scope": GeoScope.REGION.value,  # no growth of another figure is under it
        "network_scope": NetworkScope.ALL.value,
        "observed_from_start": start,
        "observed_from_end": start + pd.Timedelta(days=1),
    }
    blank = tables["restrictions"].iloc[[0] * len(figures)].reset_index(drop=True)
    dates = [name for name in blank if name.endswith(("_start", "_end"))]
    acts = blank.assign(**dict.fromkeys(dates, pd.NaT)).assign(**common)
    acts = acts.astype(tables["restrictions"].dtypes)
    target = tables["restriction_targets"].iloc[[0] * len(figures)].reset_index(drop=True)
    target = target.assign(
        restriction_id=names,
        platform_id=figures["platform_id"],
        feature=Feature.WHOLE_SERVICE.value,
    )
    return {
        **tables,
        "restrictions": pd.concat([tables["restrictions"], acts], ignore_index=True),
        "restriction_targets": pd.concat(
            [tables["restriction_targets"], target], ignore_index=True
        ),
    }


def try_figures(tables: Tables) -> pd.DataFrame:
    """Each figure left out: FIGURE, `persons`, `min_persons`, `max_persons`."""
    figures = list_figures(tables)
    run_facts = add_restrictions(tables, figures)
    names = "trial|" + figures.index.astype("str")
    as_of = figures["period_start"].max().date()
    stages, _ = pipeline.prepare_run(run_facts, as_of, only=names)
    sizes = stages.simulation.sizes_with_error.set_index(AUDIENCE)
    keys = pd.MultiIndex.from_arrays([names, figures["area_id"], figures["platform_id"]])
    bound = sizes[["low_persons", "high_persons", "base_persons", "metric_priority"]]
    bound = bound.reindex(keys).set_axis(figures.index)
    return figures.assign(
        min_persons=bound["low_persons"].fillna(0.0),
        max_persons=np.fmin(bound["high_persons"], bound["base_persons"]),
    )[bound["metric_priority"].notna() & bound["high_persons"].notna()]


def score(tried: pd.DataFrame) -> list[Row]:
    """Shares inside and on each side by metric, and of all."""
    groups = [*tried.groupby("audience_metric", sort=True), (ALL, tried)]
    return [_score_group(str(name), rows) for name, rows in groups]


def _score_group(name: str, rows: pd.DataFrame) -> Row:
    # here: it takes a second, and the help needs none of it
    from scipy.stats import binomtest

    below = rows["persons"] < rows["min_persons"]
    above = rows["persons"] > rows["max_persons"]
    inside = ~(below | above)
    ends = binomtest(int(inside.sum()), len(rows)).proportion_ci(0.95, "exact")
    of_units = inside.groupby([rows["area_id"], rows["platform_id"]]).mean()
    return {
        "figures": name,
        "trials": len(rows),
        "inside_share": round(float(inside.mean()), 3),
        "below_share": round(float(below.mean()), 3),
        "above_share": round(float(above.mean()), 3),
        "low_share": round(float(ends.low), 3),
        "high_share": round(float(ends.high), 3),
        "units": len(of_units),
        "units_share": round(float(of_units.mean()), 3),
        "stated_share": BOUNDS_SHARE,
    }


def main(words: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Count how often bounds hold a figure left out.")
    parser.add_argument("--facts", type=Path, default=FACTS)
    parser.add_argument("--format", choices=["json", "table"], default="json")
    asked = parser.parse_args(words)
    rows = score(try_figures(steps.validate_facts(steps.read_facts([asked.facts])).tables))
    result = table(rows) if asked.format == "table" else json.dumps(rows, indent=2)
    sys.stdout.write(f"{result}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
