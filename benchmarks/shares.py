"""How well what is learned of shares foretells a country that was left out.

Who keeps access to what is cut, and who uses a feature: each country with figures is left out in
turn, the law is learned from the others, and one counts how often its 90 % interval holds them.

    python -m benchmarks.shares [--format json]
"""

import argparse
import json
from pathlib import Path

import pandas as pd

from audience_impact.shares import circumvention, features, random_effects
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"


def scored(folder: Path) -> dict[str, pd.DataFrame]:
    """By law the figures of the folder, each beside what the other countries teach."""
    tables = steps.check(steps.read([folder])).tables
    keeping = circumvention.usable(tables["circumvention"], tables["restrictions"])
    return {
        circumvention.TABLE: random_effects.left_out(keeping),
        features.TABLE: random_effects.left_out(
            features.usable(tables["feature_use"], tables["platforms"])
        ),
    }


def summary(found: pd.DataFrame) -> dict[str, float]:
    """Figures, countries, error of the median, coverage and width of the interval."""
    error = (found["share"] - found["median_share"]).abs()
    return {
        "figures": len(found),
        "countries": found["area_id"].nunique(),
        "mean_error_share": float(error.groupby(found["area_id"]).mean().mean()),
        "inside_share": float(found["is_inside"].mean()),
        "inside_by_country_share": float(found.groupby("area_id")["is_inside"].mean().mean()),
        "width_share": float((found["high_share"] - found["low_share"]).mean()),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    wanted = parser.parse_args()
    found = {name: summary(table) for name, table in scored(FACTS).items()}
    if wanted.format == "json":
        print(json.dumps(found, indent=1))
        return
    print("| law | figures | countries | error | inside, figures | inside, countries | width |")
    print("|---|---|---|---|---|---|---|")
    for name, row in found.items():
        shares = ("mean_error_share", "inside_share", "inside_by_country_share", "width_share")
        cells = " | ".join(f"{row[key]:.2f}" for key in shares)
        print(f"| `{name}` | {row['figures']} | {row['countries']} | {cells} |")


if __name__ == "__main__":
    main()
