"""How well the law of daily use foretells a country that it has not seen.

Each country with a figure of the share of internet users who come on a day is left out in turn, the
law is learned from the others, and one counts how often its 90 % interval holds the figure.

    python -m benchmarks.daily_share [--format json]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, stdtrit

from audience_impact.fitting import daily_use as learning
from audience_impact.vocabulary import WHOLE_INTERNET
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
TAIL = 0.95


def left_out(use_frequency: pd.DataFrame, platform: str = WHOLE_INTERNET) -> pd.DataFrame:
    """One row an area: its latest share, and the interval learned from all other areas."""
    rows = learning.select_usable(use_frequency)
    own = learning.select_latest(rows[rows["platform_id"] == platform])
    found = []
    for area, share in zip(own["area_id"], own["share"], strict=True):
        others = own.loc[own["area_id"] != area, "x"].to_numpy("float64")
        count = len(others)
        half = others.std(ddof=1) * np.sqrt(1 + 1 / count) * stdtrit(count - 1, TAIL)
        low, high = expit(others.mean() - half), expit(others.mean() + half)
        middle, inside = expit(others.mean()), bool(low <= share <= high)
        found.append((area, float(share), float(low), float(middle), float(high), inside))
    names = ["area", "share", "low_share", "median_share", "high_share", "is_inside"]
    return pd.DataFrame(found, columns=names)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    wanted = parser.parse_args()
    checked = steps.validate_facts(steps.read_facts([FACTS]))
    table = left_out(checked.tables["use_frequency"])
    if wanted.format == "json":
        print(json.dumps(table.round(4).to_dict("records"), indent=1))
        return
    print("| area | share on a day | 5 % | median | 95 % | inside |\n|---|---|---|---|---|---|")
    for row in table.itertuples():
        numbers = (row.share, row.low_share, row.median_share, row.high_share)
        cells = " | ".join(f"{number:.2f}" for number in numbers)
        print(f"| {row.area} | {cells} | {'yes' if row.is_inside else 'no'} |")
    print(f"| all | | | | | {int(table['is_inside'].sum())} of {len(table)} |")


if __name__ == "__main__":
    main()
