"""How well the distributions of durations and of hours hold restrictions that they have not seen.

Restrictions that ended on a day on record are left out, one fold in ten at a time by a hash of
their id, or a whole country at a time; the distribution is fitted to the others, and each left out
is held against its own 90 % interval of whole days. Hours of a day that were measured, or printed
by cuts for exams, are left out one restriction or a whole country at a time.

    python -m benchmarks.durations FOLDER... [--format json]

FOLDER... are layers of facts; with an imported register there is more to learn from.
"""

import argparse
import json
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from audience_impact.fitted import durations
from audience_impact.fitting.durations import describe_restrictions
from benchmarks import format_table
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
FOLDS = 10
LARGE = 50
"""Countries with so many known durations have a line of their own."""


def leave_out(measured: pd.DataFrame, groups: "pd.Series[str]") -> pd.DataFrame:
    """Return the known durations with `least` and `most` days, fitted without their group."""
    parts = []
    for group in sorted(groups.unique()):
        rest, out = measured[groups != group], measured[groups == group]
        parameters = durations.predict_days(durations.fit_days(rest), out)
        one, endless = np.ones(len(out)), np.full(len(out), 36525.0)
        least, most = (
            durations.quantile_days(np.full(len(out), u), parameters, one, endless)
            for u in (0.05, 0.95)
        )
        parts.append(out.assign(least=np.floor(least + 0.5), most=np.floor(most + 0.5)))
    return pd.concat(parts)


def leave_out_hours(measured: pd.DataFrame, groups: "pd.Series[str]") -> pd.DataFrame:
    """Return known hours of a day with `least` and `most`, fitted without their group.

    `measured` as hours.list_known_hours returns it.
    """
    parts = []
    none = pd.Series(dtype="float64")
    for group in sorted(groups.unique()):
        out = measured[groups == group]
        about = out.assign(measured_hours=np.nan, least_hours_a_day=np.nan, most_hours_a_day=np.nan)
        laws = durations.fit_hours(measured[groups != group], none)
        parameters = durations.predict_hours(laws, about)
        interval = durations.quantile_hours(np.array([[0.05, 0.95]]), parameters)
        parts.append(out.assign(least=interval[:, 0], most=interval[:, 1]))
    return pd.concat(parts)


def score(left_out: pd.DataFrame, name: str, unit: str = "days") -> dict[str, object]:
    """Return coverage with its 95 % binomial interval, and the median width."""
    inside = left_out[unit].between(left_out["least"], left_out["most"])
    interval = binomtest(int(inside.sum()), len(inside)).proportion_ci()
    return {
        "left_out": name,
        "restrictions": len(left_out),
        "coverage": round(float(inside.mean()), 3),
        "from": round(interval.low, 3),
        "to": round(interval.high, 3),
        "above": round(float((left_out[unit] > left_out["most"]).mean()), 3),
        f"median_most_{unit}": round(float(left_out["most"].median()), 1),
    }


def fold_of(restriction_ids: "pd.Series[str]") -> "pd.Series[str]":
    """Return the fold of each restriction, by its id alone."""
    return restriction_ids.map(
        lambda name: str(blake2b(name.encode(), digest_size=4).digest()[0] % FOLDS)
    )


def make_table(measured: pd.DataFrame) -> list[dict[str, object]]:
    """Return the lines of the table: by fold, by severity, by country, and whole countries."""
    left_out = leave_out(measured, fold_of(measured["restriction_id"]))
    lines = [score(left_out, "a tenth of all")]
    for factor, least in (("severity", 10), ("country_id", LARGE), ("cause", 10)):
        for value, rows in left_out.groupby(factor):
            if len(rows) >= least:
                lines.append(score(rows, f"of these, {factor} {value or 'not stated'}"))
    return [*lines, score(leave_out(measured, measured["country_id"]), "the country")]


def make_hours_table(measured: pd.DataFrame) -> list[dict[str, object]]:
    """Return the lines of hours: measured ones and those that exams print, by what is left out."""
    kind = measured["hours_basis"].where(measured["is_measured"], "printed by exams")
    return [
        score(rows, f"{name}: {of_kind}", "hours")
        for name, groups in (
            ("one", measured["restriction_id"]),
            ("the country", measured["country_id"]),
        )
        for left_out in [leave_out_hours(measured, groups)]
        for of_kind, rows in [
            ("measured", left_out[left_out["is_measured"]]),
            *left_out.groupby(kind.reindex(left_out.index)),
        ]
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    reading = steps.read_facts(options.folders or [FACTS])
    restrictions = describe_restrictions(steps.validate_facts(reading).tables)
    days = make_table(durations.list_known_durations(restrictions))
    hours = make_hours_table(durations.list_known_hours(restrictions))
    if options.format == "json":
        print(json.dumps([*days, *hours]))
        return
    print("\n\n".join(format_table(pd.DataFrame(lines)) for lines in (days, hours)))


if __name__ == "__main__":
    main()
