"""How often the errors of figures hold what was measured next: `python -m benchmarks.errors`.

    python -m benchmarks.errors [--facts DIR] [--format json|table]

Figures: each figure that a later one of its series follows within twelve months, without a
restriction between, is predicted by what the series of all other measurers teach of growth. The
people online: a number that each country reported to the ITU since 2014, one a country drawn by
its name, is predicted from what was reported up to one, two and three years before, by what other
countries teach (one in FOLDS is left out at a time); and so is the latest of each country, which
tells how far the world has left its habits. Counted is how often the 90 % interval holds what came,
with the 95 % interval that so many trials leave (Clopper and Pearson 1934), which must contain
0.90.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.fitting import errors as learning
from audience_impact.populations import EVERYONE, ONLINE
from audience_impact.registers.denominators import projections
from audience_impact.simulation.sampler import draw_uniforms
from benchmarks.coverage import table
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
FOLDS = 10
LONGEST_YEARS = 3
ITU = "itu-internet-use"
ALL = "all"

Row = dict[str, str | int | float]


def counted(what: str, held_out: str, held: Sequence[bool], below: Sequence[bool]) -> Row:
    """One row of the result: how many of the intervals held, and what so many trials tell."""
    # here: it takes a second, and the help needs none of it
    from scipy.stats import binomtest

    inside, trials = int(np.sum(held)), len(held)
    ends = binomtest(inside, trials).proportion_ci(0.95, "exact")
    return {
        "what": what,
        "held_out": held_out,
        "figures": trials,
        "inside_share": round(inside / trials, 3),
        "below_share": round(float(np.mean(below)), 3),
        "low_share": round(float(ends.low), 3),
        "high_share": round(float(ends.high), 3),
        "holds_nine_tenths": "yes" if ends.low <= 0.90 <= ends.high else "no",
    }


def next_figures(tables: Tables) -> list[Row]:
    """Next figures of a series by measurer, and of all."""
    result = learning.pair_successive(tables)
    free = result[~result["is_restricted"]]
    parts = []
    for measurer, own in free.groupby("measurement_series_id", sort=True):
        law = learning.measure_growth(free[free["measurement_series_id"] != measurer])
        change = learning.standardise_changes(own)
        held = (change >= law.q05) & (change <= law.q95)
        parts.append(pd.DataFrame({"name": measurer, "held": held, "below": change < law.q05}))
    every = pd.concat(parts)
    groups = [*every.groupby("name", sort=True), (ALL, every)]
    return [counted("next figure", str(name), own["held"], own["below"]) for name, own in groups]


def next_counts(tables: Tables) -> list[Row]:
    """People online that countries reported, any and the latest, by years before the report."""
    shares = reported(tables)
    known = projections.pair_projections(shares)
    known = known[known["year"] >= shares["year"].min() + projections.LEAST_REPORTS - 1]
    near = known[known["horizon"] <= LONGEST_YEARS]
    names = near["area_id"] + "|" + near["then"].astype("str")
    order = names.map(lambda name: float(draw_uniforms(0, name, 1)[0]))
    first = order == order.groupby([near["area_id"], near["horizon"]]).transform("min")
    latest = near["then"] == near.groupby("area_id")["then"].transform("max")
    chosen = {"people online": near[first], "people online, latest": near[latest]}
    return [row for what, asked in chosen.items() for row in _counts(what, known, asked)]


def _counts(what: str, known: pd.DataFrame, asked: pd.DataFrame) -> list[Row]:
    """How often projections held, each by what the countries outside its fold teach."""
    fold = known["area_id"].rank(method="dense").astype("int64") % FOLDS
    parts = []
    for number in range(FOLDS):
        learned = projections.fit_projection(known[fold != number])
        own = asked[fold.reindex(asked.index) == number].reset_index(drop=True)
        result, actual = (
            projections.projection_interval(own, learned),
            projections.share_from_odds(own["actual"]),
        )
        held = actual.between(result["low"], result["high"])
        parts.append(own.assign(held=held, below=actual < result["low"]))
    every = pd.concat(parts)
    return [
        counted(what, f"{years} years on", own["held"], own["below"])
        for years, own in every.groupby("horizon", sort=True)
    ]


def reported(tables: Tables) -> pd.DataFrame:
    """Shares of residents online as reported to the ITU: `area_id`, `year`, `share`."""
    bases = tables["bases"].assign(year=tables["bases"]["period_start"].dt.year)
    online = bases[(bases["population_base"] == ONLINE) & (bases["measurement_series_id"] == ITU)]
    people = bases[(bases["population_base"] == EVERYONE)].groupby(["area_id", "year"])["persons"]
    joined = online.join(people.median().rename("residents"), on=["area_id", "year"])
    share = (joined["persons"] / joined["residents"]).clip(upper=1.0)
    return joined.assign(share=share)[["area_id", "year", "share"]].dropna(ignore_index=True)


def main(words: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Count how often the errors of figures hold.")
    parser.add_argument("--facts", type=Path, default=FACTS)
    parser.add_argument("--format", choices=["json", "table"], default="json")
    asked = parser.parse_args(words)
    tables = steps.validate_facts(steps.read_facts([asked.facts])).tables
    rows = [*next_figures(tables), *next_counts(tables)]
    result = table(rows) if asked.format == "table" else json.dumps(rows, indent=2)
    sys.stdout.write(f"{result}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
