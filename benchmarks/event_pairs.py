"""Pairs of restrictions that may be one event, by a search apart from the rules that merge events.

    python -m benchmarks.event_pairs VERSION [--areas data/facts/areas.csv]

VERSION is the folder of a published version. Nothing of audience_impact is used, so that an error
of its rules is not repeated here.

A pair has a service in common, all places of one in those of the other, and a day on which both are
known to have been in force. An end that is an interval or blank is not known: then the first day
alone is. Each pair has the first explanation that holds:

* by hand: both were entered by hand, where an editor holds them apart;
* consecutive: the last day of one is the first of the other, and no other day is in common;
* other networks: neither has the networks or the operators of the other, or the narrower was on all
  networks and the wider was not;
* in part: the wider means a part of its places, and which part is not known;
* harder: the narrower is a cut, the wider a slowdown;
* further order: the narrower, or the one that goes on longer, began on a later day, while the other
  was in force; totals count its people and days once;
* left: none of these. There should be none.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

EXPLANATIONS = (
    *("by hand", "consecutive", "other networks", "in part", "harder", "further order", "left"),
)
LISTS = ["platform_ids", "operator_names", "place_readings"]
FOREVER = pd.Timestamp("2262-01-01")
Holders = Mapping[str, str]


def read_days(restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return first and last known day of each restriction; rows without a first are left out."""
    first = pd.to_datetime(restrictions["start_on"].astype(str), format="%Y-%m-%d", errors="coerce")
    last = pd.to_datetime(restrictions["ended_on"])
    last = last.where(restrictions["ended_on"] == restrictions["ended_by"]).fillna(first)
    last = last.mask(restrictions["end_status"] == "ongoing", FOREVER)
    return restrictions.assign(first_day=first, last_day=last)[first.notna()]


def list_places(cell: str, members: Mapping[str, str]) -> frozenset[str]:
    """Return the places of a cell, the members of a union in its place."""
    return frozenset(
        part for area in cell.split(";") for part in members.get(area, area).split(";")
    )


def list_holders(area: str, parents: Holders) -> set[str]:
    """Return an area and all that contain it."""
    holders = {area}
    while area := parents.get(area, "") or (area.split("-")[0] if "-" in area else ""):
        if area in holders:
            break
        holders.add(area)
    return holders


def is_inside(inner: frozenset[str], outer: frozenset[str], parents: Holders) -> bool:
    """Return whether each place of one is, or lies in, a place of the other."""
    return all(list_holders(area, parents) & outer for area in inner)


def join_pairs(restrictions: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of `inner` and `outer` restrictions with equal or nested places and days."""
    members = areas.loc[areas["members"] != ""].set_index("area_id")["members"].to_dict()
    parents = areas.set_index("area_id")["parent_id"].to_dict()
    frame = read_days(restrictions).sort_values(["first_day", "restriction_id"])
    frame = frame.assign(
        places=[list_places(cell, members) for cell in frame["area_ids"]],
        services=[frozenset(cell.split(";")) for cell in frame["platform_ids"].fillna("")],
        order=range(len(frame)),
    )
    pairs = frame.merge(frame, on="country_ids", suffixes=("_a", "_b"))
    is_beside = (pairs["order_a"] < pairs["order_b"]) & (
        pairs["first_day_b"] <= pairs["last_day_a"]
    )
    pairs = pairs[is_beside]
    common = [bool(a & b) for a, b in zip(pairs["services_a"], pairs["services_b"], strict=True)]
    pairs = pairs[pd.Series(common, pairs.index, dtype="bool")]
    inside = pd.DataFrame(
        [
            (is_inside(b, a, parents), is_inside(a, b, parents))
            for a, b in zip(pairs["places_a"], pairs["places_b"], strict=True)
        ],
        index=pairs.index,
        columns=["is_later_inside", "is_earlier_inside"],
        dtype="bool",
    )
    return pairs.join(inside)[inside.any(axis=1)]


def explain_pairs(pairs: pd.DataFrame) -> pd.Series:
    """Return the explanation of each pair, one of EXPLANATIONS."""
    by_hand = [~pairs[f"restriction_id_{end}"].str.contains("-stop-") for end in "ab"]
    networks = [pairs[f"network_scope_{end}"].fillna("unknown") for end in "ab"]
    is_any = networks[0].isin(["all", "unknown"]) | networks[1].isin(["all", "unknown"])
    operators = [pairs[f"operator_names_{end}"].fillna("") for end in "ab"]
    is_one_operator = (networks[0] == "asn_list") | (networks[1] == "asn_list")
    is_other = ~is_any & (networks[0] != networks[1])
    is_other |= is_one_operator & (operators[0] != operators[1])
    is_later = pairs["is_later_inside"]
    inner = networks[1].where(is_later, networks[0])
    is_other |= (inner == "all") & networks[0].where(is_later, networks[1]).isin(
        ["mobile", "fixed", "satellite"]
    )
    outer = {
        name: pairs[f"{name}_a"].where(pairs["is_later_inside"], pairs[f"{name}_b"]).fillna("")
        for name in ("place_readings", "severity")
    }
    inner_severity = pairs["severity_b"].where(pairs["is_later_inside"], pairs["severity_a"])
    is_slowed = outer["severity"].str.contains("impaired")
    tests = [
        by_hand[0] & by_hand[1],
        (pairs["last_day_a"] == pairs["first_day_b"])
        & (pairs["first_day_a"] < pairs["first_day_b"]),
        is_other,
        outer["place_readings"].map(lambda readings: "within" in readings),
        is_slowed & ~inner_severity.fillna("").str.contains("impaired"),
        pairs["first_day_a"] < pairs["first_day_b"],
    ]
    explanation = pd.Series(EXPLANATIONS[-1], pairs.index)
    for name, is_so in reversed(list(zip(EXPLANATIONS, tests, strict=False))):
        explanation = explanation.mask(is_so, name)
    return explanation


def main() -> None:
    """Print how many pairs have each explanation, and those that have none."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("version", type=Path)
    parser.add_argument("--areas", type=Path, default=Path("data/facts/areas.csv"))
    options = parser.parse_args()
    restrictions = pd.read_parquet(options.version / "restrictions.parquet")
    restrictions[LISTS] = restrictions[LISTS].apply(lambda cells: cells.str.join(";"))
    areas = pd.read_csv(options.areas, dtype=str, keep_default_na=False)
    pairs = join_pairs(restrictions, areas)
    explanation = explain_pairs(pairs)
    print(explanation.value_counts().reindex(EXPLANATIONS, fill_value=0).to_string())
    unexplained = pairs[explanation == EXPLANATIONS[-1]]
    print(
        unexplained[["restriction_id_a", "restriction_id_b"]].to_string(index=False, header=False)
    )


if __name__ == "__main__":
    main()
