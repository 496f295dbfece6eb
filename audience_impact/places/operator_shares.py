"""The share of a country's internet users who are on the networks of named operators.

Definitions. The share of operators in a month is the sum over their networks (places/operators.py),
as APNIC Labs estimates it from where advertisements are shown: a share of use, so that a phone at
home on Wi-Fi counts for the fixed line. The jump of a country is the mean change of the log odds of
its large networks between two counts, weighted by users, over the square root of the years.

Method. The count nearest to the day is taken. Its log odds change by `operator_change` times the
square root of the years between, of which there is at least one: a count of the same month errs as
much as two counts a year apart differ. In a part of the country the log odds differ from those of
the country by `operator_region` as well, which was fitted to subscriptions by region; the half
widths of both add up in squares. Where the words of a source do not state that the operators
alone were cut, they are the part that is certain, and with a chance of 1 - ALONE any share of the
others was cut as well. In a country whose jump is larger than one country of all has by chance (in
a normal distribution of its logarithm, `operator_jump`), the counts are noise: no operator is
counted.

Assumptions. Shares of people online are those of the users whom advertisements reach. Each share of
the others is as likely as any other. An operator that was cut in a part of a country has customers
there (at least LEAST_REGIONAL_SHARE of all), and shares differ between districts as much as between
states. An operator of less than LARGE_SHARE of a country may have all its customers in one town or
none: nothing is estimated for it in a part of the country.

Known drawbacks. Where advertisements never reach users (Syria, China, Cuba), shares may be steady
and wrong; the rule on jumps does not recognise this. Small places differ more than the states to
which the spread was fitted.

Citation. L. Gigis et al., Seven Years in the Life of Hypergiants' Off-Nets (SIGCOMM 2021);
A First Look at APNIC's user population (IMC 2024).
"""

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from audience_impact.errors.distribution import Spread
from audience_impact.facts.tables import Tables
from audience_impact.periods import period_middle
from audience_impact.places import operators
from audience_impact.vocabulary import NetworkLaw, PartGap

LIMITS = (0.002, 0.998)
LARGE_SHARE = 0.05
"""Share of users from which a network is large."""
LEAST_REGIONAL_SHARE = 0.01
"""Share of subscriptions in a region from which an operator has customers there."""
LEAST_YEARS = 1.0
DAYS_A_YEAR = 365.25
ALONE_WORDS = re.compile(r"^attack\b|operators? named")
"""Pattern of reasons for an extent that state that operators alone were cut."""
ALONE_COUNTS = (1, 2)
"""Rows of the STOP register, read independently, in which operators are named and nothing states
whether they alone were cut: those where they were, and all."""
ALONE = (ALONE_COUNTS[0] + 0.5) / (ALONE_COUNTS[1] + 1.0)
"""Chance that operators alone were cut, where nothing states it (Jeffreys)."""


def estimate_operator_shares(
    places: pd.DataFrame, tables: Tables, parameters: Mapping[NetworkLaw, Spread]
) -> pd.DataFrame:
    """Return `only_q05`, `only_q50`, `only_q95` and `reason` (PartGap) of operators' users.

    `places` has `country_id`, `area_id`, `day`, `operators` (joined by ;) and `extent_reason`; the
    index is kept. A share that cannot be estimated is NaN and has a reason.
    """
    names = ["only_q05", "only_q50", "only_q95"]
    if places.empty or NetworkLaw.OPERATOR_CHANGE not in parameters:
        shares = pd.DataFrame(np.nan, places.index, names)
        return shares.assign(reason=PartGap.OPERATORS.value)
    near = find_nearest(places, list_shares(places, tables))
    is_below = places["country_id"] != places["area_id"]
    region = parameters.get(NetworkLaw.OPERATOR_REGION)
    shares = project_shares(near, parameters[NetworkLaw.OPERATOR_CHANGE])
    if region is not None:
        shares = shares.mask(is_below, spread_over_regions(shares, region))
    is_alone = places["extent_reason"].str.contains(ALONE_WORDS)
    for name, position in zip(names, (0.05, 0.50, 0.95), strict=True):
        others = max(position - ALONE, 0.0) / (1.0 - ALONE)
        shares[name] += (1.0 - shares[name]) * others * ~is_alone
    noisy = list_noisy(tables["network_shares"], parameters[NetworkLaw.OPERATOR_JUMP])
    reason = pd.Series("", places.index).mask(near["users_share"].isna(), PartGap.OPERATORS.value)
    is_small = near["users_share"] < LARGE_SHARE
    reason = reason.mask(is_below & (is_small | (region is None)), PartGap.OPERATORS_BELOW.value)
    reason = reason.mask(places["country_id"].isin(noisy), PartGap.OPERATORS_NOISE.value)
    return shares.mask(reason != "").assign(reason=reason)


def list_shares(places: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the rows of `network_shares` of the operators, and the middle of their month.

    The key of a row is `country_id`, `operators`, the network and the middle (`counted`); equal
    operators of a country occur once.
    """
    pairs = places[["country_id", "operators"]].drop_duplicates()
    keys = ["country_id", "operators"]
    numbers = pd.DataFrame(_list_networks(pairs, tables), columns=[*keys, "asn"], dtype="str")
    counts = tables["network_shares"].rename(columns={"area_id": "country_id"})
    rows = numbers.merge(counts, on=["country_id", "asn"])
    return rows.assign(counted=period_middle(rows["period_start"], rows["period_end"]))


def _list_networks(pairs: pd.DataFrame, tables: Tables) -> Iterator[tuple[str, str, str]]:
    """Yield the country, the operators and the number of each network of these operators."""
    areas = tables["areas"].set_index("area_id")
    shares, names = tables["network_shares"], tables["operator_names"]
    for country, group in pairs.groupby("country_id"):
        registered = shares[shares["area_id"] == country].drop_duplicates("asn", keep="last")
        networks = [
            operators.read_network(int(number), name)
            for number, name in zip(registered["asn"], registered["as_name"], strict=True)
        ]
        about = areas.loc[country]
        known_as = [str(country), about["name"], *about["aliases"].split(";")]
        synonyms = names[names["area_id"].isin(["", country])]
        for operator_list in group["operators"]:
            numbers = {
                number
                for operator in operator_list.split(";")
                for number in operators.find_networks(operator, networks, known_as, synonyms)
            }
            yield from ((str(country), operator_list, str(number)) for number in sorted(numbers))


def list_considered(named: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return all shares of the operators' networks, and whether their month is used (`is_used`).

    `named` has `country_id`, `operators`, `day` and further columns, which are returned with each
    share of its networks.
    """
    shares = list_shares(named, tables)
    considered = named.assign(nearest=find_nearest(named, shares)["counted"])
    rows = considered.merge(shares, on=["country_id", "operators"])
    return rows.assign(is_used=rows["nearest"] == rows["counted"])


def find_nearest(places: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Return the `users_share` that was `counted` nearest to each place's day, and the `years`.

    `shares` is the result of `list_shares`.
    """
    counts = shares.groupby(["country_id", "operators", "counted"], as_index=False)
    days = places[["country_id", "operators", "day"]].reset_index(names="place")
    joined = pd.merge_asof(
        days.sort_values("day"),
        counts["users_share"].sum().astype({"counted": days["day"].dtype}).sort_values("counted"),
        left_on="day",
        right_on="counted",
        by=["country_id", "operators"],
        direction="nearest",
    )
    years = (joined["day"] - joined["counted"]).abs().dt.days / DAYS_A_YEAR
    rows = joined[["users_share", "counted"]].assign(years=years)
    return rows.set_axis(joined["place"]).reindex(places.index)


def project_shares(near: pd.DataFrame, change: Spread) -> pd.DataFrame:
    """Return `only_q05`, `only_q50`, `only_q95` of shares that were counted `years` away."""
    odds = logit(near["users_share"].clip(*LIMITS))
    root = np.sqrt(near["years"].clip(lower=LEAST_YEARS))
    quantiles = change.scale_by(root).add(odds, axis=0)
    return expit(quantiles).rename(columns=lambda name: f"only_{name}")


def spread_over_regions(shares: pd.DataFrame, region: Spread) -> pd.DataFrame:
    """Return `only_q05`, `only_q50`, `only_q95` in a part of a country, from those of the country.

    `region` is the spread of the log odds of a region around those of the country.
    """
    odds = logit(shares)
    middle = odds["only_q50"]
    below = np.hypot(middle - odds["only_q05"], region.q50 - region.q05)
    above = np.hypot(odds["only_q95"] - middle, region.q95 - region.q50)
    quantiles = {"only_q05": -below, "only_q50": 0.0 * below, "only_q95": above}
    return pd.DataFrame(quantiles).add(middle + region.q50, axis=0).pipe(expit)


def list_regional_differences(operator_regions: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `operator_regions` with `difference`, in log odds, from the country.

    Operators without customers in the region, and small ones of the country, are left out.
    """
    is_present = operator_regions["regional_share"] >= LEAST_REGIONAL_SHARE
    rows = operator_regions[is_present & (operator_regions["national_share"] >= LARGE_SHARE)]
    regional, national = (
        logit(rows[name].astype("float64").clip(*LIMITS))
        for name in ("regional_share", "national_share")
    )
    return rows.assign(difference=regional - national)


def list_changes(shares: pd.DataFrame) -> pd.DataFrame:
    """Return the change of each large network between each two counts that follow another.

    Columns: `area_id`, `asn`, `users_share` (the mean of both), `years` and `change` of log odds.
    """
    rows = shares.sort_values("period_start").assign(
        odds=logit(shares["users_share"].clip(*LIMITS))
    )
    groups = rows.groupby(["area_id", "asn"])
    earlier = groups[["users_share", "odds", "period_start"]].shift()
    pairs = rows[["area_id", "asn"]].assign(
        users_share=(rows["users_share"] + earlier["users_share"]) / 2.0,
        years=(rows["period_start"] - earlier["period_start"]).dt.days / DAYS_A_YEAR,
        change=rows["odds"] - earlier["odds"],
    )
    is_large = rows["users_share"].where(
        rows["users_share"] > earlier["users_share"], earlier["users_share"]
    )
    return pairs[(is_large >= LARGE_SHARE) & pairs["change"].notna()]


def measure_jumps(shares: pd.DataFrame) -> "pd.Series[float]":
    """Return the logarithm of the largest jump of each country between two counts."""
    pairs = list_changes(shares)
    speed = pairs["change"].abs() / np.sqrt(pairs["years"]) * pairs["users_share"]
    groups = [pairs["area_id"], pairs["years"].round(2)]
    jumps = speed.groupby(groups).sum() / pairs["users_share"].groupby(groups).sum()
    return np.log(jumps.clip(lower=0.01)).groupby("area_id").max()


def list_noisy(shares: pd.DataFrame, jump: Spread) -> list[str]:
    """Return the countries whose jump is larger than that of one country of all by chance."""
    jumps = measure_jumps(shares)
    distance = ndtri(1.0 - 1.0 / max(len(jumps), 2)) / ndtri(0.95)
    return list(jumps.index[jumps > jump.q50 + (jump.q95 - jump.q50) * distance])
