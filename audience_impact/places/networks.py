"""The people online who lose the internet when one kind of network is cut.

Definitions. Mobile alone: online over a mobile network, and no fixed line at home. The fixed lines
of a country leave two ends of their share (`network_use`): a line serves the whole household, each
member online, or one person. The middle is that of the two ends; `change` is of its log odds.

Method. Where all networks are cut, everyone is. Where the mobile networks are, those with nothing
else are, a share anywhere between the two ends of the nearest year: 5, 50 and 95 % of the way from
the least to the most. Each year after the count adds the yearly change of the middle, in squares,
so that the spread grows with the square root of the years. A country without a count has the
distribution over all other countries in their last year. Where a register does not state which
network was cut, it was the mobile one or all: from the 5 % quantile of the first to everyone, the
median half way between the two. The users of named operators: operator_shares.py.

Assumptions. Every position between the two ends is as likely as any other. Nobody has a second
mobile network when the first is cut.

Known drawbacks. Lines of offices count as homes'. The Wi-Fi of others, at work or next door, is not
considered: of Brazilians online over a phone in 2024 only 4 in 100 never used any Wi-Fi. Surveys
that count who goes online with a phone alone count devices, not lines, and are not used. The facts
do not contain the people with a fixed line and no phone: the share is not known, and the reason
states this.

Citations. ITU, Handbook for the collection of administrative data on telecommunications/ICT (2020).
UN DESA, Household Size and Composition (2019). TIC Domicilios 2024 (Cetic.br).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.figure_errors import Spread, read_numbers
from audience_impact.periods import period_middle
from audience_impact.places import operator_shares
from audience_impact.vocabulary import NetworkLaw, NetworkScope, PartGap

LIMITS, SHARE_QUANTILES = operator_shares.LIMITS, operator_shares.SHARE_QUANTILES
POSITIONS = (0.05, 0.50, 0.95)
MOBILE, UNKNOWN = NetworkScope.MOBILE.value, NetworkScope.UNKNOWN.value
REASONS = {
    NetworkScope.FIXED.value: PartGap.FIXED_ALONE.value,
    NetworkScope.SATELLITE.value: PartGap.SATELLITE_ALONE.value,
}
"""Reason, by network, why the share of the people with only that network is not known."""
COUNT_COLUMNS = ["least_share", "most_share", *PROVENANCE]
"""Columns of a count of network users that the estimate reads."""
NETWORK_LEVELS = ("everyone", "country", "other_countries", "network_unknown", "operators")
"""Evidence levels of the distribution of a network."""
OPERATORS = NETWORK_LEVELS[4]
COUNTED = (NETWORK_LEVELS[1], NETWORK_LEVELS[3])
"""Evidence levels that may use a count of the country."""


def estimate_cut_share(
    places: pd.DataFrame, tables: Tables, parameters: Mapping[NetworkLaw, Spread]
) -> pd.DataFrame:
    """Return SHARE_QUANTILES of the people online who are cut, `rung` and `reason`.

    `places` has `country_id`, `area_id`, `day`, `network_scope`, `operators` and `extent_reason`;
    the index is kept. A share that cannot be estimated is NaN and has a `reason` (PartGap); else
    `reason` is blank. If a kind of network was cut as a whole, `operators` have no effect.
    """
    scope = places["network_scope"]
    shares = pd.DataFrame(np.nan, places.index, SHARE_QUANTILES).assign(
        rung="", reason=scope.map(REASONS)
    )
    shares.loc[scope == NetworkScope.ALL.value, [*SHARE_QUANTILES, "rung"]] = [
        1.0,
        1.0,
        1.0,
        NETWORK_LEVELS[0],
    ]
    by_network = scope.isin([MOBILE, UNKNOWN])
    shares.loc[by_network, [*SHARE_QUANTILES, "rung"]] = estimate_mobile_alone(
        places[by_network], tables["network_use"], parameters
    )
    unknown = (scope == UNKNOWN) & shares["only_q50"].notna()
    shares.loc[unknown, "only_q50"] = (1.0 + shares.loc[unknown, "only_q50"]) / 2.0
    shares.loc[unknown, ["only_q95", "rung"]] = [1.0, NETWORK_LEVELS[3]]
    lost = by_network & shares["only_q50"].isna()
    shares["reason"] = shares["reason"].mask(lost, PartGap.NO_NETWORK_LAWS.value).fillna("")
    is_named = scope == NetworkScope.ASN_LIST.value
    of_operators = operator_shares.estimate_operator_shares(places[is_named], tables, parameters)
    shares.loc[is_named, [*SHARE_QUANTILES, "reason"]] = of_operators
    return shares.assign(rung=shares["rung"].mask(is_named & shares["reason"].eq(""), OPERATORS))


def read_parameters(network_laws: pd.DataFrame) -> dict[NetworkLaw, Spread]:
    """Return the parameters of the typed fact table; none where it has no rows.

    Parameters of operators are absent if no shares of networks were fitted.

    Raises:
        ParameterError: The table lacks a quantile.
    """
    if network_laws.empty:
        return {}
    required = (NetworkLaw.CHANGE, NetworkLaw.OTHER_COUNTRIES)
    stated = set(network_laws["parameter"])
    names = [name for name in NetworkLaw if name in required or name.value in stated]
    numbers = read_numbers(network_laws, "network_laws", names, names)
    return {name: numbers[name] for name in names}


def estimate_mobile_alone(
    places: pd.DataFrame, network_use: pd.DataFrame, parameters: Mapping[NetworkLaw, Spread]
) -> pd.DataFrame:
    """Return SHARE_QUANTILES and `rung` of people with only a mobile network.

    `places` has `country_id` and `day`.
    """
    if not parameters or places.empty:
        return pd.DataFrame(np.nan, places.index, SHARE_QUANTILES).assign(rung="")
    near = find_nearest_counts(places, network_use)
    shares = project_shares(near, parameters[NetworkLaw.CHANGE])
    is_counted = near["least_share"].notna()
    others = parameters[NetworkLaw.OTHER_COUNTRIES]
    for name, odds in zip(SHARE_QUANTILES, (others.q05, others.q50, others.q95), strict=True):
        shares[name] = shares[name].where(is_counted, float(expit(odds)))
    return shares.assign(rung=is_counted.map({True: NETWORK_LEVELS[1], False: NETWORK_LEVELS[2]}))


def find_nearest_counts(places: pd.DataFrame, network_use: pd.DataFrame) -> pd.DataFrame:
    """Return the count nearest to each place's day, the `years` between both, and its source.

    NaN without one.
    """
    middle = period_middle(network_use["period_start"], network_use["period_end"])
    requested = places[["country_id", "day"]].reset_index(names="place").sort_values("day")
    counts = network_use.assign(counted=middle.astype(requested["day"].dtype))
    joined = pd.merge_asof(
        requested,
        counts.sort_values(["counted", "area_id"])[["area_id", "counted", *COUNT_COLUMNS]],
        left_on="day",
        right_on="counted",
        left_by="country_id",
        right_by="area_id",
        direction="nearest",
    )
    days = (joined["day"] - joined["counted"]).abs().dt.days
    years = ((days - 183).clip(lower=0) / 365.25).astype("float64")
    columns = joined[COUNT_COLUMNS].assign(years=years)
    return columns.set_axis(joined["place"]).reindex(places.index)


def project_shares(near: pd.DataFrame, change: Spread) -> pd.DataFrame:
    """Return the SHARE_QUANTILES of a share between two ends that were counted years ago."""
    least, most = (near[name].to_numpy("float64") for name in ("least_share", "most_share"))
    q05, q50, q95 = (logit(np.clip(least + at * (most - least), *LIMITS)) for at in POSITIONS)
    reach = np.sqrt(near["years"].to_numpy("float64"))
    centre = q50 + change.q50 * reach
    down = np.hypot(q50 - q05, (change.q50 - change.q05) * reach)
    up = np.hypot(q95 - q50, (change.q95 - change.q50) * reach)
    ends = (expit(end) for end in (centre - down, centre, centre + up))
    return pd.DataFrame(dict(zip(SHARE_QUANTILES, ends, strict=True)), index=near.index)
