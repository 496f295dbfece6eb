"""How often what is called so sure is so: the chances of restrictions, on events left out.

The events of the readings (fact table `event_readings`) are left out, one fold in ten at a time by
a hash of their id; the chances are fitted to the others, and the answers of those left out are
counted by the tenth of the chance that they were given.

    python -m benchmarks.chances [FOLDER] [--format json]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from audience_impact.fitting import chances
from benchmarks import format_table
from benchmarks.durations import FACTS, fold_of
from flows.pipeline import steps


def leave_out(answers: pd.DataFrame) -> pd.DataFrame:
    """Return answers with `share`, the chance that was fitted without the events of their fold."""
    fold = fold_of(answers["event_id"])
    key, parts = ["chance", "chance_group"], []
    for number in sorted(fold.unique()):
        fitted = chances.fit_groups(answers[fold != number])["share"]
        parts.append(answers[fold == number].join(fitted, on=key))
    return pd.concat(parts).dropna(subset=["share"])


def score(answers: pd.DataFrame, name: str) -> dict[str, object]:
    """Return how many answers were given which chance, and how many were so, with its interval."""
    yes = int(answers["is_yes"].sum())
    interval = binomtest(yes, len(answers)).proportion_ci()
    return {
        "answers": name,
        "count": len(answers),
        "events": int(answers["event_id"].nunique()),
        "called": round(float(answers["share"].mean()), 3),
        "were_so": round(yes / len(answers), 3),
        "from": round(interval.low, 3),
        "to": round(interval.high, 3),
    }


def make_table(answers: pd.DataFrame) -> list[dict[str, object]]:
    """Return the lines of the table: by tenth of the chance, and by chance."""
    left_out = leave_out(answers)
    tenth = np.minimum(np.floor(left_out["share"] * 10.0), 9.0).astype(int)
    lines = [score(rows, f"{at / 10} to {(at + 1) / 10}") for at, rows in left_out.groupby(tenth)]
    return [*lines, *(score(rows, str(name)) for name, rows in left_out.groupby("chance"))]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FACTS)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    readings = steps.validate_facts(steps.read_facts([options.folder])).tables["event_readings"]
    lines = make_table(chances.list_answers(readings))
    print(json.dumps(lines) if options.format == "json" else format_table(pd.DataFrame(lines)))


if __name__ == "__main__":
    main()
