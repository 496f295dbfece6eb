"""Who keeps access where nobody counted it: learned from other countries.

Definitions. A figure is the share of the users of a service who say that they still have it, the
audience of a month under the block over that of before, or the share of people online who use a
VPN: all three are taken for the share that keeps access to what is blocked.

Method. Log odds by random_effects.py, one law for all services. Of shares that contain each other
(one restriction, period and sample) the largest counts. Reach of a day or a week under a block says
how often those come who are left; it is no share of the people of a month, and is not learned from:
YouTube in Russia kept 0.83 of its people of a month and 0.56 of those of a day. Nor is a service
that was slowed and not cut.

Assumptions. The people exposed keep access as often as people online use a VPN. Where both are
known they are of one size: Pakistan 0.18 and 0.30, Iran 0.75 to 0.84 and 0.50 to 0.94.

Known drawbacks. VPN use before a block is not that under it. Panels online find more of it than
samples of everyone. A meter counts sessions that fail because of the block.

Citation. That of random_effects.py.
"""

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.shares import random_effects
from audience_impact.vocabulary import CircumventionKind, Severity

TABLE = "circumvention_laws"
READ = [
    *("circumvention_id", "restriction_id", "circumvention_kind", "area_id", "asked"),
    *("share", "low_share", "high_share", "period_start", "period_end"),
]
COUNTED = ["", CircumventionKind.KEEPS_ACCESS.value]
"""The kind that speaks for a restriction by itself; a blank cell says the same."""
LEARNED_FROM = [
    *COUNTED,
    CircumventionKind.STILL_REACHED_MONTHLY.value,
    CircumventionKind.USES_VPN.value,
]
CUT = [Severity.FEATURE_UNAVAILABLE.value, Severity.SERVICE_UNAVAILABLE.value]
GROUP = "keeps_access"


def usable(figures: pd.DataFrame, restrictions: pd.DataFrame) -> pd.DataFrame:
    """The figures that a law is learned of: `circumvention_id`, `group`, `area_id` and `x`."""
    severity = restrictions.set_index("restriction_id")["severity"]
    is_cut = figures["restriction_id"].map(severity).isin(CUT)
    is_of_vpn = figures["circumvention_kind"] == CircumventionKind.USES_VPN.value
    known = figures[figures["circumvention_kind"].isin(LEARNED_FROM) & (is_cut | is_of_vpn)]
    known = known.assign(group=GROUP, x=random_effects.log_odds(known)).dropna(subset=["x"])
    same = ["restriction_id", "area_id", "asked", "period_end"]
    largest = known.sort_values([*same, "x", "circumvention_id"]).drop_duplicates(same, keep="last")
    return largest.sort_values("circumvention_id")[["circumvention_id", "group", "area_id", "x"]]


def table(tables: Tables) -> pd.DataFrame:
    """The fact table `circumvention_laws` that the facts give."""
    figures = tables["circumvention"]
    rows = usable(figures, tables["restrictions"])
    found = random_effects.table(figures, rows, READ)
    return found[[*random_effects.COLUMNS, "basis", "data_sha256", "note"]]


def figures_of(tables: Tables) -> "pd.Series[str]":
    """Ids of the figures of each country that a law is learned of, joined by `;`."""
    rows = usable(tables["circumvention"], tables["restrictions"])
    return rows.groupby("area_id")["circumvention_id"].agg(";".join)


def laws(areas: pd.Series, tables: Tables) -> pd.DataFrame:
    """The law (random_effects.LAW) of each country, blank for several; NaN where there is none."""
    learned = tables.get(TABLE, pd.DataFrame())
    if learned.empty:
        return random_effects.read(learned, areas, areas)
    return random_effects.read(learned.assign(group=GROUP), pd.Series(GROUP, areas.index), areas)
