"""How well the networks of named operators are found, and how far their shares of users err.

With a FILE (`country`, `operator`, perhaps `asns` and `share_YYYY_MM`) its rows come back with the
networks found (`found_asns`) and their share in each month; where the file states networks and
shares, how many operators have the right networks (they differ by less than LEAST_DIFFERENCE of the
users), and how many shares lie within a factor of FACTOR. Without a file each month is left out,
and estimated from the nearest other one with errors fitted to the other half of the countries. With
--regions the share of each operator in a region is estimated from that of its country, with the
spread over regions of the other countries.

    python -m benchmarks.operators [FILE] [--regions] [--format json]
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from audience_impact.facts.tables import Tables
from audience_impact.fitting import places as network_fitting
from audience_impact.fitting.tables import balance_spread
from audience_impact.places import networks
from benchmarks import format_table
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
FACTOR, LEAST_DIFFERENCE = 1.3, 0.005


def find_shares(listed: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the rows with `found_asns` and `found_YYYY_MM`, the share in each month."""
    places = listed.rename(columns={"country": "country_id", "operator": "operators"})
    shares = networks.list_shares(places, tables)
    key = ["country_id", "operators"]
    numbers = shares.groupby(key)["asn"].agg(lambda each: ";".join(sorted({*each}, key=int)))
    months = shares.pivot_table(index=key, columns="period", values="users_share", aggfunc="sum")
    result = pd.DataFrame(index=pd.MultiIndex.from_frame(places[key]))
    result["found_asns"] = numbers.reindex(result.index).fillna("")
    for month in months:
        result[f"found_{month.replace('-', '_')}"] = months[month].reindex(result.index)
    return pd.concat([listed, result.reset_index(drop=True)], axis=1)


def score(found: pd.DataFrame, tables: Tables) -> dict[str, float]:
    """Return `operators`, and the shares with the right networks and with a share within FACTOR."""
    largest = tables["network_shares"].groupby(["area_id", "asn"])["users_share"].max()
    right = []
    for row in found.itertuples():
        differ = {*row.asns.split(";")} ^ {*row.found_asns.split(";")} - {""}
        sizes = [largest.get((row.country, number), 0.0) for number in differ]
        right.append(sum(sizes) < LEAST_DIFFERENCE)
    stated = found.filter(regex=r"^share_").apply(pd.to_numeric)
    ours = found[[name.replace("share", "found") for name in stated]].set_axis(
        stated.columns, axis=1
    )
    off = np.log(ours / stated).abs()
    within = off.where(ours.notna(), np.inf)[stated.notna()].max(axis=1) <= np.log(FACTOR)
    return {
        "operators": float(len(found)),
        "right_networks": float(np.mean(right)),
        "within_factor": float(within.mean()),
    }


def leave_months_out(shares: pd.DataFrame) -> pd.DataFrame:
    """Return large networks in each month as estimated from another: `months`, `is_inside`, `off`.

    Each half of the countries is estimated with what the other half teaches.
    """
    halves = shares["area_id"].rank(method="dense") % 2
    return pd.concat([_foretell(shares[halves == half], shares[halves != half]) for half in (0, 1)])


def _foretell(shares: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    jump = network_fitting.measure_jumps(others)
    taught = others[~others["area_id"].isin(networks.list_noisy(others, jump))]
    changes = networks.list_changes(taught)
    change = network_fitting.measure_yearly_change(changes)
    tested = shares[~shares["area_id"].isin(networks.list_noisy(shares, jump))]
    pairs = tested.merge(tested, on=["area_id", "asn"], suffixes=("", "_left_out"))
    pairs = pairs[pairs["period"] != pairs["period_left_out"]]
    pairs = pairs[pairs["users_share"] >= networks.LARGE_SHARE].reset_index(drop=True)
    years = (pairs["period_start"] - pairs["period_start_left_out"]).abs().dt.days / 365.25
    quantiles = networks.project_operators(pairs.assign(years=years), change)
    truth = pairs["users_share_left_out"]
    return pd.DataFrame(
        {
            "years": years.round(),
            "is_inside": truth.between(quantiles["only_q05"], quantiles["only_q95"]),
            "off": np.exp(np.log(truth / quantiles["only_q50"]).abs()) - 1.0,
        }
    )


def leave_countries_out(operator_regions: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of operators in regions as estimated from other countries.

    Columns: `area_id`, `network_scope`, `is_inside`, and `off`, the error as a factor less one.
    """
    rows = networks.list_regional_differences(operator_regions)
    parts = []
    for country, part in rows.groupby("area_id"):
        others = rows[rows["area_id"] != country]
        spread = balance_spread(others["difference"], others["area_id"], others["network_scope"])
        low, middle, high = (
            expit(logit(part["national_share"].astype("float64")) + value)
            for value in (spread.q05, spread.q50, spread.q95)
        )
        truth = part["regional_share"].astype("float64")
        parts.append(
            part[["area_id", "network_scope"]].assign(
                is_inside=truth.between(low, high), off=np.exp(np.log(truth / middle).abs()) - 1.0
            )
        )
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Print what was found, or the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--regions", action="store_true")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    tables = steps.validate_facts(steps.read_facts([FACTS])).tables
    if options.file:
        listed = pd.read_csv(options.file, dtype="str", keep_default_na=False)
        table = find_shares(listed, tables)
        totals = score(table, tables) if "asns" in table else {}
    else:
        groups = (
            leave_countries_out(tables["operator_regions"]).groupby(["area_id", "network_scope"])
            if options.regions
            else leave_months_out(tables["network_shares"]).groupby("years")
        )
        table = groups.agg(
            networks=("off", "size"), coverage=("is_inside", "mean"), median_error=("off", "median")
        ).reset_index()
        totals = {}
    if options.format == "json":
        print(table.to_json(orient="records", indent=1))
        return
    print(format_table(table))
    for name, value in totals.items():
        print(f"{name}: {value:.3f}")


if __name__ == "__main__":
    main()
