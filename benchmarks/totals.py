"""Draws of countries added up beside published totals, and the variance that countries share.

For each region and year of a published version, the draws of its countries (`draws`) are added up
and compared with the published quantiles. Each line has the share of these sums below each
quantile, and the probability of a share as far from 5, 50 and 95 % by chance (binomial). The common
share of the variance is 1 less the sum of the variances of countries over the variance of their
sum; it is compared with that of the same draws in an order of their own for each country, of which
5 and 95 % quantiles are given. Last come the country with the largest variance and its part of the
sum of all variances.

    python -m benchmarks.totals [VERSION] [--format json]
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from audience_impact.answers.records import list_containing_areas
from audience_impact.vocabulary import RestrictionKind

LATEST = Path("published/latest")
SHUFFLES = 200
SHARES = {"q05": 0.05, "q50": 0.5, "q95": 0.95}


def find_common_share(drawn: pd.DataFrame) -> float:
    """Return the share of the variance of the sum of the columns (draws x countries) in common."""
    return float(1.0 - drawn.var().sum() / drawn.sum(axis=1).var())


def shuffle_countries(drawn: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the draws of each country in another order, so that they have nothing in common."""
    order = np.random.default_rng(seed)
    return drawn.apply(lambda column: order.permutation(column.to_numpy()))


def compare_total(drawn: pd.DataFrame, row: pd.Series) -> dict[str, object]:
    """Return the line of a total, `row` of `regions_by_year`, from the draws of its countries."""
    added, line = drawn.sum(axis=1), {"area_id": row["area_id"], "year": row["year"]}
    for name, share in SHARES.items():
        published = row[f"{name}_persons"]
        below = int((added < published).sum())
        line[f"{name}_persons"] = published
        line[f"{name}_added_persons"] = round(float(added.quantile(share)))
        line[f"{name}_chance_share"] = round(binomtest(below, len(added), share).pvalue, 3)
    apart = [find_common_share(shuffle_countries(drawn, seed)) for seed in range(SHUFFLES)]
    low, high = np.quantile(apart, [0.05, 0.95])
    common = {"common": find_common_share(drawn), "apart_q05": low, "apart_q95": high}
    variances = drawn.var()
    line["largest_area_id"] = str(variances.idxmax())
    common["largest"] = float(variances.max() / variances.sum())
    return {**line, **{f"{name}_share": round(value, 3) for name, value in common.items()}}


def compare_totals(folder: Path) -> Iterator[dict[str, object]]:
    """Yield the line of each region and year that has quantiles and more than one drawn country."""
    draws, acts, regions = (
        pd.read_parquet(folder / f"{name}.parquet")
        for name in ("draws", "restrictions", "regions_by_year")
    )
    is_total = (regions["kind"] == RestrictionKind.ALL.value) & regions["q50_persons"].notna()
    above = list_containing_areas(acts)
    for _, row in regions[is_total].sort_values(["area_id", "year"]).iterrows():
        is_inside = draws["area_id"].map(lambda code, region=row["area_id"]: region in above[code])
        rows = draws[is_inside & (draws["year"] == row["year"])]
        if rows["area_id"].nunique() > 1:
            yield compare_total(rows.pivot(index="draw", columns="area_id", values="persons"), row)


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=LATEST)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    lines = list(compare_totals(options.folder))
    print(json.dumps(lines) if options.format == "json" else pd.DataFrame(lines).to_string())


if __name__ == "__main__":
    main()
