"""How well what is learned of shares foretells a country that was left out.

Who keeps access to what is cut, and who uses a feature: each country with figures is left out in
turn, the law is learned from the others, and one counts how often its 90 % interval holds them.

    python -m benchmarks.shares [--format json]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from audience_impact.figure_errors import Z95
from audience_impact.fitted import shares
from audience_impact.fitted.shares import (
    ANY,
    BY_GROUP,
    choose_parameters,
    draw_shares,
    index_parameters,
)
from audience_impact.fitting.shares import fit_distributions, select_usable_features
from flows.pipeline import steps

TAIL = 0.95
FACTS = Path(__file__).parents[1] / "data" / "facts"


def scored(folder: Path) -> dict[str, pd.DataFrame]:
    """By law the figures of the folder, each beside what the other countries teach."""
    tables = steps.validate_facts(steps.read_facts([folder])).tables
    keeping = shares.select_usable_circumvention(tables["circumvention"], tables["restrictions"])
    using = select_usable_features(tables["feature_use"], tables["platforms"])
    return {
        "circumvention_laws": left_out(keeping),
        "feature_laws": left_out(using),
        "feature_laws, pooled": left_out_surveys(using),
    }


def left_out(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each figure beside the interval that is fitted to the countries other than its own.

    Columns: `group`, `area_id`, `share`, `low_share`, `median_share`, `high_share`, `is_inside`.
    """
    parts = []
    for area in sorted(rows["area_id"].unique()):
        own, others = rows[rows["area_id"] == area], rows[rows["area_id"] != area]
        fitted = index_parameters(fit_distributions(others), BY_GROUP)
        parameters = choose_parameters(fitted, own["group"], pd.Series(ANY, own.index))
        ends = draw_shares(parameters, np.tile([1 - TAIL, 0.5, TAIL], (len(own), 1)))
        parts.append(
            own.assign(
                share=expit(own["x"]),
                low_share=ends[:, 0],
                median_share=ends[:, 1],
                high_share=ends[:, 2],
            )
        )
    result = pd.concat(parts, ignore_index=True)
    inside = result["share"].between(result["low_share"], result["high_share"])
    columns = ["group", "area_id", "share", "low_share", "median_share", "high_share"]
    return result.assign(is_inside=inside)[[*columns, "is_inside"]]


def left_out_surveys(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each figure beside the interval that the other figures of its country give.

    The figures of a feature and country are pooled as audiences/use.py pools them; the error
    is fitted to the other countries. Columns as `left_out` has them.
    """
    parts = []
    for (group, area), own in rows.groupby(["group", "area_id"]):
        if len(own) < 2:
            continue
        others = rows[rows["area_id"] != area]
        fitted = index_parameters(fit_distributions(others), BY_GROUP)
        spread = choose_parameters(fitted, pd.Series([group]), pd.Series([ANY]))["spread"].iloc[0]
        middle = (own["x"].sum() - own["x"]) / (len(own) - 1)
        half = Z95 * spread * np.sqrt(1.0 + 1.0 / (len(own) - 1))
        ends = {"low_share": middle - half, "median_share": middle, "high_share": middle + half}
        shares_of_ends = {name: expit(end) for name, end in ends.items()}
        inside = own["x"].between(middle - half, middle + half)
        parts.append(own.assign(share=expit(own["x"]), **shares_of_ends, is_inside=inside))
    return pd.concat(parts, ignore_index=True)


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
    result = {name: summary(table) for name, table in scored(FACTS).items()}
    if wanted.format == "json":
        print(json.dumps(result, indent=1))
        return
    print("| law | figures | countries | error | inside, figures | inside, countries | width |")
    print("|---|---|---|---|---|---|---|")
    for name, row in result.items():
        shares = ("mean_error_share", "inside_share", "inside_by_country_share", "width_share")
        cells = " | ".join(f"{row[key]:.2f}" for key in shares)
        print(f"| `{name}` | {row['figures']} | {row['countries']} | {cells} |")


if __name__ == "__main__":
    main()
