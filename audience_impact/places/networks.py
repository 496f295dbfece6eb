"""The people online who lose the internet when one kind of network, or one operator, is cut.

Definitions. Mobile alone: online over a mobile network, and no fixed line at home. The fixed lines
of a country leave two ends of their share (`network_use`): a line serves the whole household, each
member online, or one person. The middle is that of the two ends; `change` is of its log odds. The
share of operators in a month is the sum over their networks, as APNIC Labs estimates it from where
advertisements are shown. The jump of a country is the mean change of the log odds of its large
networks between two counts, weighted by users, over the square root of the years.

Method. Where all networks are cut, everyone is. Where the mobile networks are, those with nothing
else are, a share anywhere between the two ends of the nearest year: 5, 50 and 95 % of the way from
the least to the most. Each year after the count adds the yearly change of the middle, in squares. A
country without a count has the distribution over all other countries in their last year. Where a
register does not state which network was cut, it was the mobile one or all: from the 5 % quantile
of the first to everyone, the median half way between the two.

Of named operators the count nearest to the day is taken. Its log odds change by `operator_change`
times the square root of the years between, of which there is at least one: a count of the same
month errs as much as two counts a year apart differ. In a part of the country the log odds differ
from those of the country by `operator_region` as well, which was fitted to subscriptions by region.
Where the words of a source do not state that the operators alone were cut, they are the part that
is certain, and with a chance of 1 - ALONE any share of the others was cut as well. In a country
whose jump is larger than one country of all has by chance (in a normal distribution of its
logarithm, `operator_jump`), the counts are noise: no operator is counted.

Assumptions. Every position between the two ends is as likely as any other. No one has a second
mobile network when the first is cut. Shares of people online are those of the users whom
advertisements reach. Each share of the other operators is as likely as any other. An operator that
was cut in a part of a country has customers there (at least LEAST_REGIONAL_SHARE of all), and
shares differ between districts as much as between states. An operator of less than LARGE_SHARE of a
country may have all its customers in one town or none: nothing is estimated for it there.

Known drawbacks. Lines of offices count as homes'. The Wi-Fi of others, at work or next door, is not
considered. No facts say who has a fixed line and no phone. Where advertisements never reach users
(Syria, China, Cuba), shares may be steady and wrong, which the rule on jumps does not recognise.
Small places differ more than the states to which the spread was fitted.

Citations. ITU, Handbook for the collection of administrative data on telecommunications/ICT (2020).
UN DESA, Household Size and Composition (2019). L. Gigis et al., Seven Years in the Life of
Hypergiants' Off-Nets (SIGCOMM 2021); A First Look at APNIC's user population (IMC 2024).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.figure_errors import Spread, read_numbers
from audience_impact.periods import YEAR_DAYS, period_middle
from audience_impact.places.operator_names import find_networks, read_network
from audience_impact.vocabulary import NetworkLaw, NetworkScope, PartGap

SHARE_QUANTILES = ["only_q05", "only_q50", "only_q95"]
"""Columns of the share of the people online who use none but the networks that were cut."""
POSITIONS = (0.05, 0.50, 0.95)
LIMITS = (0.002, 0.998)
MOBILE, UNKNOWN = NetworkScope.MOBILE.value, NetworkScope.UNKNOWN.value
REASONS = {
    NetworkScope.FIXED.value: PartGap.FIXED_ALONE.value,
    NetworkScope.SATELLITE.value: PartGap.SATELLITE_ALONE.value,
}
"""Reason, by network, why the share of the people with only that network is not known."""
COUNT_COLUMNS = ["least_share", "most_share", *PROVENANCE]
NETWORK_LEVELS = ("everyone", "country", "other_countries", "network_unknown", "operators")
OPERATORS = NETWORK_LEVELS[4]
COUNTED = (NETWORK_LEVELS[1], NETWORK_LEVELS[3])
"""Evidence levels that may use a count of the country."""
LARGE_SHARE = 0.05
LEAST_REGIONAL_SHARE = 0.01
"""Share of subscriptions in a region from which an operator has customers there."""
LEAST_YEARS = 1.0
ALONE_WORDS = re.compile(r"^attack\b|operators? named")
"""Pattern of reasons for an extent that state that operators alone were cut."""
ALONE_COUNTS = (1, 2)
"""Rows of the STOP register, read independently, in which operators are named and nothing states
whether they alone were cut: those where they were, and all."""
ALONE = (ALONE_COUNTS[0] + 0.5) / (ALONE_COUNTS[1] + 1.0)
"""Chance that operators alone were cut, where nothing states it (Jeffreys)."""
OF_OPERATORS = ["country_id", "operators"]


def estimate_cut_share(
    places: pd.DataFrame, tables: Tables, parameters: Mapping[NetworkLaw, Spread]
) -> pd.DataFrame:
    """Return SHARE_QUANTILES of the people online who are cut and `rung`, or NaN and `reason`.

    `operators` are joined by ; and have no effect if a kind of network was cut as a whole.
    """
    scope = places["network_scope"]
    shares = pd.DataFrame(np.nan, places.index, SHARE_QUANTILES).assign(
        rung="", reason=scope.map(REASONS)
    )
    is_all = scope == NetworkScope.ALL.value
    shares.loc[is_all, SHARE_QUANTILES] = 1.0
    shares.loc[is_all, "rung"] = NETWORK_LEVELS[0]
    by_network = scope.isin([MOBILE, UNKNOWN])
    if parameters and by_network.any():
        shares.loc[by_network, [*SHARE_QUANTILES, "rung"]] = _estimate_mobile_alone(
            places[by_network], tables["network_use"], parameters
        )
    unknown = (scope == UNKNOWN) & shares["only_q50"].notna()
    shares.loc[unknown, "only_q50"] = (1.0 + shares.loc[unknown, "only_q50"]) / 2.0
    shares.loc[unknown, ["only_q95", "rung"]] = [1.0, NETWORK_LEVELS[3]]
    lost = by_network & shares["only_q50"].isna()
    shares["reason"] = shares["reason"].mask(lost, PartGap.NO_NETWORK_LAWS.value).fillna("")
    is_named = scope == NetworkScope.ASN_LIST.value
    of_operators = _estimate_operator_shares(places[is_named], tables, parameters)
    shares.loc[is_named, [*SHARE_QUANTILES, "reason"]] = of_operators
    return shares.assign(rung=shares["rung"].mask(is_named & shares["reason"].eq(""), OPERATORS))


def read_parameters(network_laws: pd.DataFrame) -> dict[NetworkLaw, Spread]:
    """Return the parameters, none of an empty table; ParameterError where one is missing."""
    if network_laws.empty:
        return {}
    required = [NetworkLaw.CHANGE.value, NetworkLaw.OTHER_COUNTRIES.value]
    names = [name for name in NetworkLaw if name.value in {*required, *network_laws["parameter"]}]
    numbers = read_numbers(network_laws, "network_laws", names, names)
    return {name: numbers[name] for name in names}


def _estimate_mobile_alone(
    places: pd.DataFrame, network_use: pd.DataFrame, parameters: Mapping[NetworkLaw, Spread]
) -> pd.DataFrame:
    near = find_nearest_counts(places, network_use)
    shares = project_shares(near, parameters[NetworkLaw.CHANGE])
    is_counted = near["least_share"].notna()
    others = parameters[NetworkLaw.OTHER_COUNTRIES]
    for name, odds in zip(SHARE_QUANTILES, others, strict=True):
        shares[name] = shares[name].where(is_counted, float(expit(odds)))
    return shares.assign(rung=is_counted.map({True: NETWORK_LEVELS[1], False: NETWORK_LEVELS[2]}))


def _join_nearest(places: pd.DataFrame, counts: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the count nearest to the day of each place, the `days` between; NaN without one."""
    requested = places[[*by, "day"]].reset_index(names="place").sort_values("day")
    joined = pd.merge_asof(
        requested,
        counts.astype({"counted": requested["day"].dtype}).sort_values(["counted", *by]),
        left_on="day",
        right_on="counted",
        by=by,
        direction="nearest",
    )
    days = (joined["day"] - joined["counted"]).abs().dt.days
    return joined.assign(days=days).set_index("place").reindex(places.index)


def find_nearest_counts(places: pd.DataFrame, network_use: pd.DataFrame) -> pd.DataFrame:
    """Return the count nearest to each place's day, its source and the `years` between, or NaN."""
    middle = period_middle(network_use["period_start"], network_use["period_end"])
    counts = network_use.rename(columns={"area_id": "country_id"}).assign(counted=middle)
    near = _join_nearest(places, counts[["country_id", "counted", *COUNT_COLUMNS]], ["country_id"])
    years = ((near["days"] - 183).clip(lower=0) / YEAR_DAYS).astype("float64")
    return near[COUNT_COLUMNS].assign(years=years)


def project_shares(near: pd.DataFrame, change: Spread) -> pd.DataFrame:
    """Return the SHARE_QUANTILES of a share between two ends that were counted years ago."""
    least, most = (near[name].astype("float64") for name in ("least_share", "most_share"))
    odds = [logit((least + at * (most - least)).clip(*LIMITS)) for at in POSITIONS]
    return _widen_shares(odds, change, np.sqrt(near["years"].astype("float64")))


def _widen_shares(
    odds: Sequence["pd.Series[float]"], error: Spread, scale: "pd.Series[float] | float" = 1.0
) -> pd.DataFrame:
    """Return SHARE_QUANTILES of log odds with one more error; half widths add up in squares."""
    q05, q50, q95 = odds
    centre = q50 + error.q50 * scale
    down = np.hypot(q50 - q05, (error.q50 - error.q05) * scale)
    up = np.hypot(q95 - q50, (error.q95 - error.q50) * scale)
    ends = zip(SHARE_QUANTILES, (centre - down, centre, centre + up), strict=True)
    return pd.DataFrame({name: expit(end) for name, end in ends})


def _estimate_operator_shares(
    places: pd.DataFrame, tables: Tables, parameters: Mapping[NetworkLaw, Spread]
) -> pd.DataFrame:
    if places.empty or NetworkLaw.OPERATOR_CHANGE not in parameters:
        shares = pd.DataFrame(np.nan, places.index, SHARE_QUANTILES)
        return shares.assign(reason=PartGap.OPERATORS.value)
    near = find_nearest_shares(places, list_shares(places, tables))
    is_below = places["country_id"] != places["area_id"]
    region = parameters.get(NetworkLaw.OPERATOR_REGION)
    shares = project_operators(near, parameters[NetworkLaw.OPERATOR_CHANGE])
    if region is not None:
        odds = [logit(shares[name]) for name in SHARE_QUANTILES]
        shares = shares.mask(is_below, _widen_shares(odds, region))
    is_alone = places["extent_reason"].str.contains(ALONE_WORDS)
    for name, position in zip(SHARE_QUANTILES, POSITIONS, strict=True):
        others = max(position - ALONE, 0.0) / (1.0 - ALONE)
        shares[name] += (1.0 - shares[name]) * others * ~is_alone
    noisy = list_noisy(tables["network_shares"], parameters[NetworkLaw.OPERATOR_JUMP])
    reason = pd.Series("", places.index).mask(near["users_share"].isna(), PartGap.OPERATORS.value)
    is_small = near["users_share"] < LARGE_SHARE
    reason = reason.mask(is_below & (is_small | (region is None)), PartGap.OPERATORS_BELOW.value)
    reason = reason.mask(places["country_id"].isin(noisy), PartGap.OPERATORS_NOISE.value)
    return shares.mask(reason != "").assign(reason=reason)


def list_shares(places: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the `network_shares` of the operators, and the middle (`counted`) of their month."""
    pairs = list_networks(places[OF_OPERATORS].drop_duplicates(), tables)
    numbers = pd.DataFrame(pairs, columns=[*OF_OPERATORS, "asn"], dtype="str")
    counts = tables["network_shares"].rename(columns={"area_id": "country_id"})
    rows = numbers.merge(counts, on=["country_id", "asn"])
    return rows.assign(counted=period_middle(rows["period_start"], rows["period_end"]))


def list_networks(pairs: pd.DataFrame, tables: Tables) -> Iterator[tuple[str, str, str]]:
    """Yield the country, the operators and the number of each network of these operators."""
    areas = tables["areas"].set_index("area_id")[["name", "aliases"]]
    shares, names = tables["network_shares"], tables["operator_names"]
    used = shares["area_id"].isin(pairs["country_id"])
    latest = shares[used].drop_duplicates(["area_id", "asn"], keep="last")
    places = latest.groupby("area_id").indices
    for country, group in pairs.groupby("country_id"):
        registered = latest.iloc[places.get(country, [])]
        named = zip(registered["asn"], registered["as_name"], strict=True)
        listed = tuple(read_network(int(number), name) for number, name in named)
        name, aliases = areas.loc[country]
        about = (str(country), name, *aliases.split(";"))
        of_country = names[names["area_id"].isin(["", country])]
        synonyms = tuple(zip(of_country["name"], of_country["also_name"], strict=True))
        for operators in group["operators"]:
            single = (find_networks(name, listed, about, synonyms) for name in operators.split(";"))
            for number in sorted(set[int]().union(*single)):
                yield str(country), operators, str(number)


def list_considered(named: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return all shares of the networks of `named`, with its columns and `is_used` (its month)."""
    shares = list_shares(named, tables)
    considered = named.assign(nearest=find_nearest_shares(named, shares)["counted"])
    rows = considered.merge(shares, on=OF_OPERATORS)
    return rows.assign(is_used=rows["nearest"] == rows["counted"])


def find_nearest_shares(places: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Return the `users_share` counted nearest to each place's day, with `counted` and `years`."""
    counts = shares.groupby([*OF_OPERATORS, "counted"], as_index=False)["users_share"].sum()
    near = _join_nearest(places, counts, OF_OPERATORS)
    return near[["users_share", "counted"]].assign(years=near["days"] / YEAR_DAYS)


def project_operators(near: pd.DataFrame, change: Spread) -> pd.DataFrame:
    """Return SHARE_QUANTILES of operators' shares that were counted `years` away."""
    odds = logit(near["users_share"].clip(*LIMITS))
    root = np.sqrt(near["years"].clip(lower=LEAST_YEARS))
    quantiles = change.scale_by(root).add(odds, axis=0)
    return expit(quantiles).rename(columns=lambda name: f"only_{name}")


def list_regional_differences(operator_regions: pd.DataFrame) -> pd.DataFrame:
    """Return differences from the country, in log odds, of large operators with customers."""
    is_present = operator_regions["regional_share"] >= LEAST_REGIONAL_SHARE
    rows = operator_regions[is_present & (operator_regions["national_share"] >= LARGE_SHARE)]
    regional, national = (
        logit(rows[name].astype("float64").clip(*LIMITS))
        for name in ("regional_share", "national_share")
    )
    return rows.assign(difference=regional - national)


def list_changes(shares: pd.DataFrame) -> pd.DataFrame:
    """Return the `change` of log odds of each large network between two counts `years` apart."""
    odds = logit(shares["users_share"].clip(*LIMITS))
    rows = shares.assign(odds=odds).sort_values("period_start")
    columns = ["users_share", "odds", "period_start"]
    earlier = rows.groupby(["area_id", "asn"])[columns].shift()
    pairs = rows[["area_id", "asn"]].assign(
        users_share=(rows["users_share"] + earlier["users_share"]) / 2.0,
        years=(rows["period_start"] - earlier["period_start"]).dt.days / YEAR_DAYS,
        change=rows["odds"] - earlier["odds"],
    )
    largest = np.fmax(rows["users_share"], earlier["users_share"])
    return pairs[(largest >= LARGE_SHARE) & pairs["change"].notna()]


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
