"""How well the distribution of durations holds restrictions that it has not seen.

Restrictions that ended on a day on record are left out, one fold in ten at a time by a hash of
their id, or a whole country at a time; the distribution is fitted to the others, and each left out
is held against its own 90 % interval of whole days.

    python -m benchmarks.durations FOLDER... [--format json]

FOLDER... are layers of facts; with an imported register there is more to learn from.
"""

import argparse
import json
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from audience_impact.audiences import scope
from audience_impact.fitted import durations
from audience_impact.pipeline import find_newest_access
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
FOLDS = 10
LARGE = 50
"""Countries with so many known durations have a line of their own."""


def known_durations(folders: Sequence[Path]) -> pd.DataFrame:
    """Return the known durations of facts: `restriction_id`, FACTORS and `days`."""
    tables = steps.validate_facts(steps.read_facts(folders)).tables
    restrictions = scope.build_scope(tables, find_newest_access(tables)).restrictions
    return scope.list_known_durations(restrictions)


def leave_out(known: pd.DataFrame, groups: "pd.Series[str]") -> pd.DataFrame:
    """Return the known durations with `least` and `most` days, fitted without their group."""
    parts = []
    for group in sorted(groups.unique()):
        rest, out = known[groups != group], known[groups == group]
        parameters = durations.fit_durations(rest).predict(out)
        one, endless = np.ones(len(out)), np.full(len(out), 36525.0)
        least, most = (
            durations.quantile_days(np.full(len(out), u), parameters, one, endless)
            for u in (0.05, 0.95)
        )
        parts.append(out.assign(least=np.floor(least + 0.5), most=np.floor(most + 0.5)))
    return pd.concat(parts)


def score(left_out: pd.DataFrame, name: str) -> dict[str, object]:
    """Return coverage with its 95 % binomial interval, and the median width."""
    inside = left_out["days"].between(left_out["least"], left_out["most"])
    interval = binomtest(int(inside.sum()), len(inside)).proportion_ci()
    return {
        "left_out": name,
        "restrictions": len(left_out),
        "coverage": round(float(inside.mean()), 3),
        "from": round(interval.low, 3),
        "to": round(interval.high, 3),
        "above": round(float((left_out["days"] > left_out["most"]).mean()), 3),
        "median_most_days": float(left_out["most"].median()),
    }


def fold_of(restriction_ids: "pd.Series[str]") -> "pd.Series[str]":
    """Return the fold of each restriction, by its id alone."""
    return restriction_ids.map(
        lambda name: str(blake2b(name.encode(), digest_size=4).digest()[0] % FOLDS)
    )


def make_table(known: pd.DataFrame) -> list[dict[str, object]]:
    """Return the lines of the table: by fold, by severity, by country, and whole countries."""
    left_out = leave_out(known, fold_of(known["restriction_id"]))
    lines = [score(left_out, "a tenth of all")]
    for factor, least in (("severity", 10), ("country_id", LARGE), ("cause", 10)):
        for value, rows in left_out.groupby(factor):
            if len(rows) >= least:
                lines.append(score(rows, f"of these, {factor} {value or 'not stated'}"))
    return [*lines, score(leave_out(known, known["country_id"]), "the country")]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    lines = make_table(known_durations(options.folders or [FACTS]))
    print(json.dumps(lines) if options.format == "json" else pd.DataFrame(lines).to_string())


if __name__ == "__main__":
    main()
