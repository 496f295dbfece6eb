"""How well the distributions of daily use predict areas, organisations and services left out.

Each area with a figure is left out in turn, for the internet and for each service that has a
distribution of its own; so is each survey organisation, for the internet, and each service, whose
median figure is then predicted from the other services. The distribution is fitted to the rest, and
the table counts how often its 90 % interval contains the share of a day. The second row of the
table has the same areas, fitted without the share online; the third predicts the latest figure of
an area from the one before.

    python -m benchmarks.daily_share [--format json]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, stdtrit
from scipy.stats import binomtest

from audience_impact.fitted import shares
from audience_impact.fitting import shares as learning
from audience_impact.vocabulary import AudienceMetric
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
TAIL = 0.95
LEAST_FIGURES = 5
"""Least number of figures of an organisation that is left out."""
NETWORK = "internet"
NUMBERS = [*shares.PARAMETERS, *shares.TREND]
METRICS = dict(
    zip(
        learning.KINDS, (AudienceMetric.SURVEY_REGULAR.value, AudienceMetric.MAU.value), strict=True
    )
)
"""A metric of audiences whose people each kind of share is of."""
AREA, HOUSE = ["platform_id", "area_id"], ["platform_id", "measurement_series_id"]


def predict_rows(rest: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with the quantiles of their shares, from distributions fitted to `rest`.

    Adds `low_share`, `median_share`, `high_share` and `is_inside`.
    """
    fitted = learning.fit_daily_distributions(rest).set_index(shares.BY_SERVICE)[NUMBERS]
    metric = rows["use_frequency_kind"].map(METRICS)
    audiences = rows.rename(columns={"area_id": "country_id"}).assign(metric=metric)
    law = shares.daily_use(fitted.astype("float64"), audiences)
    half = law["spread"] * stdtrit(law["freedom"], TAIL)
    low, median, high = (expit(law["mean"] + side * half) for side in (-1, 0, 1))
    return rows.assign(
        low_share=low,
        median_share=median,
        high_share=high,
        is_inside=rows["day_share"].between(low, high),
    )


def leave_out(figures: pd.DataFrame, rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the predictions of `rows`, each from the figures that differ from it in `by`."""
    names = pd.MultiIndex.from_frame(figures[by])
    return pd.concat(
        [
            predict_rows(figures[~names.isin([group])], of_group)
            for group, of_group in rows.groupby(by)
        ]
    )


def test_all(use_frequency: pd.DataFrame) -> pd.DataFrame:
    """Return every prediction, with the `test` that it belongs to.

    `use_frequency` as `learning.add_places` returns it.
    """
    usable = learning.select_usable_daily(use_frequency)
    key = [*learning.KEY, "area_id"]
    latest = usable.drop_duplicates(key, keep="last")
    network, services = latest[latest["is_internet"]], latest[~latest["is_internet"]]
    before = usable.drop(latest.index).drop_duplicates(key, keep="last").query("is_internet")
    asked_before = network["area_id"].map(before.set_index("area_id")["period_end"])
    gap = (network["period_end"] - asked_before).dt.days
    tests = {
        f"{NETWORK}, areas": leave_out(usable, network, AREA),
        f"{NETWORK}, areas, without the share online": leave_out(
            usable.assign(online_share=np.nan), network, AREA
        ),
        f"{NETWORK}, the next figure of an area": leave_out(
            usable, network[gap <= learning.LONGEST_GAP_DAYS], ["use_frequency_id"]
        ),
    }
    houses = network.groupby("measurement_series_id")
    for house, rows in houses.filter(lambda rows: len(rows) >= LEAST_FIGURES).groupby(HOUSE[1]):
        tests[f"{NETWORK}, all of {house}"] = leave_out(usable, rows, HOUSE)
    for (kind, service), rows in services.groupby(learning.KEY):
        if len(rows) >= LEAST_FIGURES:
            tests[f"{service} {kind}, areas"] = leave_out(usable, rows, AREA)
    for kind, rows in services.groupby("use_frequency_kind"):
        ordered = rows.sort_values("day_share").groupby("platform_id")
        is_middle = ordered.cumcount() == ordered["x"].transform("size") // 2
        middle = rows[is_middle.reindex(rows.index)]
        tests[f"services {kind}"] = leave_out(usable, middle, AREA[:1])
    return pd.concat([table.assign(test=name) for name, table in tests.items()])


def summarize_tests(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each test: figures, coverage with its interval, width and error."""
    rows = []
    for name, tried in table.groupby("test", sort=False):
        count, inside = len(tried), int(tried["is_inside"].sum())
        span = binomtest(inside, count).proportion_ci(0.90)
        ratio = float((tried["high_share"] / tried["low_share"]).median())
        error = float((tried["median_share"] - tried["day_share"]).abs().mean())
        rows.append((name, count, inside / count, span.low, span.high, ratio, error))
    names = ["test", "figures", "coverage", "low_coverage", "high_coverage", "ratio", "error"]
    return pd.DataFrame(rows, columns=names)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    checked = steps.validate_facts(steps.read_facts([FACTS]))
    table = summarize_tests(test_all(learning.add_places(checked.tables)))
    if options.format == "json":
        print(json.dumps(table.round(4).to_dict("records"), indent=1))
        return
    print("| left out | figures | coverage of 90 % | 95 over 5 % | mean error, points |")
    print("|---|---|---|---|---|")
    for row in table.itertuples():
        span = f"{row.coverage:.2f} ({row.low_coverage:.2f} to {row.high_coverage:.2f})"
        print(f"| {row.test} | {row.figures} | {span} | {row.ratio:.2f} | {100 * row.error:.1f} |")


if __name__ == "__main__":
    main()
