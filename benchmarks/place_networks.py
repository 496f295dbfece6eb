"""How well the share with a mobile network alone is carried beyond the last count.

The counts up to a year are known, the law is learned from them, and each later count of a country
is foretold from its last known one: how often the 90 % interval of the middle between the two ends
holds the middle that was counted, by years between.

    python -m benchmarks.place_networks [--format json]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from audience_impact.fitting import places as network_learning
from audience_impact.places import networks
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
KNOWN_YEARS = (2014, 2015, 2016, 2017, 2018)


def foretold(network_use: pd.DataFrame, last_year: int) -> pd.DataFrame:
    """Later counts: `area_id`, `years` since the last one known, `middle`, and the law of it."""
    year = network_use["period_start"].dt.year
    rows = network_use.assign(
        year=year, middle=(network_use["least_share"] + network_use["most_share"]) / 2.0
    )
    seen, later = rows[year <= last_year], rows[year > last_year]
    pairs = network_learning.list_changes(seen)
    change = network_learning.measure_yearly_change(pairs)
    last = seen.sort_values("year").drop_duplicates("area_id", keep="last")
    both = later.merge(last[["area_id", "year", "middle"]], on="area_id", suffixes=("", "_known"))
    years = (both["year"] - both["year_known"]).astype("float64")
    known = both["middle_known"]
    near = pd.DataFrame({"least_share": known, "most_share": known, "years": years})
    law = networks.project_shares(near, change)
    return both[["area_id", "middle"]].assign(known=known, years=years).join(law)


def scores(network_use: pd.DataFrame) -> pd.DataFrame:
    """`years`, `counts`, `coverage`, `median_error_points`, `width_points` by years between."""
    every = pd.concat([foretold(network_use, year) for year in KNOWN_YEARS], ignore_index=True)
    every = every.assign(
        is_inside=every["middle"].between(every["only_q05"], every["only_q95"]),
        off=(every["middle"] - every["only_q50"]).abs() * 100.0,
        width=(every["only_q95"] - every["only_q05"]) * 100.0,
    )
    groups = every.groupby(np.minimum(every["years"], 6.0))
    return groups.agg(
        counts=("middle", "size"),
        coverage=("is_inside", "mean"),
        median_error_points=("off", "median"),
        width_points=("width", "mean"),
    ).reset_index()


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    wanted = parser.parse_args()
    result = scores(steps.validate_facts(steps.read_facts([FACTS])).tables["network_use"])
    if wanted.format == "json":
        print(json.dumps(result.round(4).to_dict("records"), indent=1))
        return
    print("| years | counts | coverage | median error, points | width |\n|---|---|---|---|---|")
    for row in result.itertuples():
        print(
            f"| {row.years:.0f} | {row.counts} | {row.coverage:.1%} | "
            f"{row.median_error_points:.1f} | {row.width_points:.0f} |"
        )


if __name__ == "__main__":
    main()
