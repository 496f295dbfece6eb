"""The fact tables `circumvention_laws` and `feature_laws`: who keeps access, who uses a feature.

Definitions. Those of fitted/circumvention.py. A figure of a feature is the share of the people
asked who use it in messengers, in any application, or in the service whose users were asked.

Method. Log odds by random_effects.py: one distribution for all services that were cut, one a
feature. A feature that too few countries were asked about has the distribution of any feature. A
share of the users of a service among everyone online (who call by Instagram) is no share of its
users, and is left out.

Assumptions. The people exposed keep access as often as people online use a VPN; where both are
known they are of one size: Pakistan 0.18 and 0.30, Iran 0.75 to 0.84 and 0.50 to 0.94. The share of
a feature is that of the users of the service, whoever was asked: adults, people online, those who
have a messenger.

Known drawbacks. VPN use before a block is not that under it. Panels online find more of it than
samples of everyone. A meter counts sessions that fail because of the block. Those asked of everyone
understate the users of a messenger. Most figures of features are of Europe; years are mixed, and
calls have grown.

Citation. That of random_effects.py.
"""

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.fitted import circumvention
from audience_impact.fitted.circumvention import log_odds
from audience_impact.fitted.shares import map_features
from audience_impact.fitting import random_effects
from audience_impact.vocabulary import PlatformKind, PopulationBase

KEEPING_ACCESS, FEATURES = "circumvention_laws", "feature_laws"
CIRCUMVENTION_READ = [
    *("circumvention_id", "restriction_id", "circumvention_kind", "area_id", "asked"),
    *("share", "low_share", "high_share", "period_start", "period_end"),
]
FEATURES_READ = [
    *("feature_use_id", "platform_id", "feature", "area_id", "population_base"),
    *("share", "low_share", "high_share"),
]
WORLD = "001"


def select_usable_features(figures: pd.DataFrame, platforms: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of features that are fitted to: `group`, `area_id` and `x`."""
    kind = platforms.set_index("platform_id")["kind"]
    is_group = figures["platform_id"].map(kind) == PlatformKind.GROUP.value
    is_of_users = figures["population_base"] == PopulationBase.CUSTOM.value
    usable = figures[(is_group | is_of_users) & (figures["area_id"] != WORLD)]
    rows = usable.assign(group=map_features(usable["feature"]), x=log_odds(usable))
    return rows.sort_values("feature_use_id").dropna(subset=["x"])[["group", "area_id", "x"]]


def fit_tables(tables: Tables) -> Tables:
    """Return the fact tables `circumvention_laws` and `feature_laws` that typed facts give."""
    accesses, features = tables["circumvention"], tables["feature_use"]
    keeping = random_effects.fit_table(
        circumvention.select_usable(accesses, tables["restrictions"]), accesses[CIRCUMVENTION_READ]
    )
    using = random_effects.fit_table(
        select_usable_features(features, tables["platforms"]), features[FEATURES_READ]
    )
    return {
        KEEPING_ACCESS: keeping.drop(columns="group"),
        FEATURES: using.rename(columns={"group": "feature"}),
    }
