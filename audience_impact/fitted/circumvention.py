"""Which figures say who keeps access, and the share that keeps it where nobody counted.

Definitions. A figure is the share of the users of a service who say that they still have it, the
audience of a month under the block over that of before, or the share of people online who use a
VPN: all three are taken for the share that keeps access to what is blocked.

Method. One distribution for all services, of the country itself or of any (shares.py). Of shares
that contain each other (one restriction, period and sample) the largest counts. Reach of a day or a
week under a block says how often those come who are left; it is no share of the people of a month,
and is not used: YouTube in Russia kept 0.83 of its people of a month and 0.56 of those of a day.
Nor is a service that was slowed and not cut.

Assumptions, drawbacks and citation: fitting/shares.py.
"""

import pandas as pd
from scipy.special import logit

from audience_impact.facts.tables import Tables
from audience_impact.fitted import shares
from audience_impact.vocabulary import CircumventionKind, Severity

COUNTED = ["", CircumventionKind.KEEPS_ACCESS.value]
"""The kind that is evidence for a restriction by itself; a blank cell means the same."""
FITTED_TO = [
    *COUNTED,
    CircumventionKind.STILL_REACHED_MONTHLY.value,
    CircumventionKind.USES_VPN.value,
]
CUT = [Severity.FEATURE_UNAVAILABLE.value, Severity.SERVICE_UNAVAILABLE.value]
GROUP = "keeps_access"


def log_odds(figures: pd.DataFrame) -> "pd.Series[float]":
    """Return the log odds of each share, or of the middle of its ends where it has no value.

    A share of 0 or 1 gives NaN.
    """
    middle = figures["share"].fillna((figures["low_share"] + figures["high_share"]) / 2)
    inside = middle.where(middle.between(0.0, 1.0, inclusive="neither"))
    return pd.Series(logit(inside.to_numpy("float64")), figures.index)


def select_usable(figures: pd.DataFrame, restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return the figures that are fitted to: `circumvention_id`, `group`, `area_id` and `x`."""
    severity = restrictions.set_index("restriction_id")["severity"]
    is_cut = figures["restriction_id"].map(severity).isin(CUT)
    is_of_vpn = figures["circumvention_kind"] == CircumventionKind.USES_VPN.value
    usable = figures[figures["circumvention_kind"].isin(FITTED_TO) & (is_cut | is_of_vpn)]
    usable = usable.assign(group=GROUP, x=log_odds(usable)).dropna(subset=["x"])
    same = ["restriction_id", "area_id", "asked", "period_end"]
    largest = usable.sort_values([*same, "x", "circumvention_id"]).drop_duplicates(
        same, keep="last"
    )
    return largest.sort_values("circumvention_id")[["circumvention_id", "group", "area_id", "x"]]


def list_figure_ids(tables: Tables) -> "pd.Series[str]":
    """Return the ids of the figures of each country that are fitted to, joined by `;`."""
    rows = select_usable(tables["circumvention"], tables["restrictions"])
    return rows.groupby("area_id")["circumvention_id"].agg(";".join)


def choose_distributions(fitted: pd.DataFrame, areas: "pd.Series[str]") -> pd.DataFrame:
    """Return shares.PARAMETERS of the share that keeps access in each country, blank for several.

    `fitted` is keyed by group and area. A row is NaN where nothing was fitted.
    """
    return shares.choose_parameters(fitted, pd.Series(GROUP, areas.index), areas)
