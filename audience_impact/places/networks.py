"""Who of the people online loses the internet when one kind of network is cut.

Definitions
-----------
Mobile alone: online over a mobile network, and no fixed line at home.  The fixed lines of a
country leave two ends of their share (`network_use`): a line serves the whole household, each
member online, or one person.  The middle is that of the two ends; `change` is of its log odds.

Method
------
Where all networks are cut, everyone is.  Where the mobile networks are, those with nothing else
are, a share anywhere between the two ends of the nearest year: 5, 50 and 95 % of the way from the
least to the most.  Each year beyond the count adds what the middle changed by in a year, in
squares, so that the spread grows with the square root of the years.  A country without a count has
the law of all others in their last year.  Where a register does not say which network was cut, it
was the mobile one or all: from the 5 % quantile of the first to everyone, the median half way
between the two.

Assumptions
-----------
Every position between the two ends is as likely as any other.  Nobody has a second mobile network
when the first is cut.

Known drawbacks
---------------
Lines of offices count as homes'.  The Wi-Fi of others, at work or next door, is not seen: of
Brazilians online over a phone in 2024 only 4 in 100 never used any Wi-Fi.  Surveys that count who
goes online with a phone alone count devices, not lines, and are not used.  Who has a fixed line
and no phone, and how many subscribers an operator has, is in no fact: there the share is not
known, and the reason says so.

Citations
---------
ITU, Handbook for the collection of administrative data on telecommunications/ICT (2020).  UN DESA,
Household Size and Composition (2019).  TIC Domicilios 2024 (Cetic.br).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from audience_impact.errors.distribution import QUANTILES, Spread, parameter_values
from audience_impact.facts.tables import PROVENANCE
from audience_impact.frames import Array
from audience_impact.periods import middle
from audience_impact.vocabulary import NetworkLaw, NetworkScope, PartGap

LAW = ["only_q05", "only_q50", "only_q95"]
POSITIONS = (0.05, 0.50, 0.95)
LIMITS = (0.002, 0.998)
ALL, MOBILE, UNKNOWN = (
    NetworkScope.ALL.value,
    NetworkScope.MOBILE.value,
    NetworkScope.UNKNOWN.value,
)
REASONS = {
    NetworkScope.FIXED.value: PartGap.FIXED_ALONE.value,
    NetworkScope.SATELLITE.value: PartGap.SATELLITE_ALONE.value,
    NetworkScope.ASN_LIST.value: PartGap.OPERATORS.value,
}
"""Why the share of those who have only such a network cannot be had."""
TOLD = ["least_share", "most_share", *PROVENANCE]
"""What is told of a count."""
RUNGS = ("everyone", "country", "other_countries", "network_unknown")
"""What a law stands on."""
COUNTED = (RUNGS[1], RUNGS[3])
"""Rungs of laws that may stand on a count of the country."""


def only_share(
    wanted: pd.DataFrame, network_use: pd.DataFrame, laws: Mapping[NetworkLaw, Spread]
) -> pd.DataFrame:
    """Return the quantiles LAW of the share of people online who are cut, `rung` and `reason`.

    `wanted` has `country_id`, `day`, `network_scope` and `operators`; the index is kept. Where the
    share cannot be had it is NaN and `reason` says why (PartGap); else `reason` is blank.
    `operators` named beside a kind of network that was cut as a whole say nothing more.
    """
    scope = wanted["network_scope"]
    found = pd.DataFrame(np.nan, wanted.index, LAW).assign(rung="", reason=scope.map(REASONS))
    found.loc[scope == ALL, [*LAW, "rung"]] = [1.0, 1.0, 1.0, RUNGS[0]]
    by_network = scope.isin([MOBILE, UNKNOWN])
    found.loc[by_network, [*LAW, "rung"]] = mobile_alone(wanted[by_network], network_use, laws)
    unknown = (scope == UNKNOWN) & found["only_q50"].notna()
    found.loc[unknown, "only_q50"] = (1.0 + found.loc[unknown, "only_q50"]) / 2.0
    found.loc[unknown, ["only_q95", "rung"]] = [1.0, RUNGS[3]]
    lost = by_network & found["only_q50"].isna()
    return found.assign(reason=found["reason"].mask(lost, PartGap.NO_NETWORK_LAWS.value).fillna(""))


def read(network_laws: pd.DataFrame) -> dict[NetworkLaw, Spread]:
    """The laws that the fact table of that name (typed) holds; none where it has no rows.

    Raises:
        ParameterError: The table lacks a quantile.
    """
    if network_laws.empty:
        return {}
    wanted = dict.fromkeys(NetworkLaw, QUANTILES)
    numbers = parameter_values(network_laws, "network_laws", wanted, "learn places")
    return {name: Spread(*numbers[name]) for name in NetworkLaw}


def mobile_alone(
    wanted: pd.DataFrame, network_use: pd.DataFrame, laws: Mapping[NetworkLaw, Spread]
) -> pd.DataFrame:
    """Return LAW and `rung` of those with a mobile network alone.

    `wanted` has `country_id` and `day`.
    """
    if not laws or wanted.empty:
        return pd.DataFrame(np.nan, wanted.index, LAW).assign(rung="")
    near = nearest(wanted, network_use)
    law = projected(near, laws[NetworkLaw.CHANGE])
    known = near["least_share"].notna()
    others = laws[NetworkLaw.OTHER_COUNTRIES]
    for name, odds in zip(LAW, (others.q05, others.q50, others.q95), strict=True):
        law[name] = law[name].where(known, float(expit(odds)))
    return law.assign(rung=known.map({True: RUNGS[1], False: RUNGS[2]}))


def nearest(wanted: pd.DataFrame, network_use: pd.DataFrame) -> pd.DataFrame:
    """The two ends of the count nearest to each day, the `years` to it, and where it stands.

    NaN without one.
    """
    counts = network_use.assign(
        counted=middle(network_use["period_start"], network_use["period_end"])
    )[["area_id", "counted", *TOLD]].sort_values(["counted", "area_id"])
    left = wanted[["country_id", "day"]].reset_index(names="place").sort_values("day")
    counts["counted"] = counts["counted"].astype(left["day"].dtype)
    joined = pd.merge_asof(
        left,
        counts,
        left_on="day",
        right_on="counted",
        left_by="country_id",
        right_by="area_id",
        direction="nearest",
    )
    days = (joined["day"] - joined["counted"]).abs().dt.days
    years = ((days - 183).clip(lower=0) / 365.25).astype("float64")
    told = joined[TOLD].assign(years=years)
    return told.set_axis(joined["place"]).reindex(wanted.index)


def projected(near: pd.DataFrame, change: Spread) -> pd.DataFrame:
    """LAW of a share between two ends that were counted so many years from the day."""
    least, most = (near[name].to_numpy("float64") for name in ("least_share", "most_share"))
    q05, q50, q95 = (_log_odds(least + at * (most - least)) for at in POSITIONS)
    reach = np.sqrt(near["years"].to_numpy("float64"))
    centre = q50 + change.q50 * reach
    down = np.hypot(q50 - q05, (change.q50 - change.q05) * reach)
    up = np.hypot(q95 - q50, (change.q95 - change.q50) * reach)
    ends = (centre - down, centre, centre + up)
    return pd.DataFrame(
        {name: expit(end) for name, end in zip(LAW, ends, strict=True)}, index=near.index
    )


def _log_odds(shares: Array) -> Array:
    return np.asarray(logit(np.clip(shares, *LIMITS)))
