"""Who uses a feature where nobody asked: learned from other countries and other features.

Definitions. A figure is the share of the people asked who use a feature of messengers, of any
application, or of the service whose users were asked. Calls by voice, by video and in groups are
one feature: most surveys do not tell them apart.

Method. Log odds by random_effects.py, one law a feature; a feature that too few countries were
asked about has the law of any feature. A share of the users of a service among everyone online
(who call by Instagram) is no share of its users, and is not learned from.

Assumptions. The share is that of the users of the service, whoever was asked: adults, people
online, those who have a messenger.

Known drawbacks. Those asked of everyone understate the users of a messenger. Most figures are of
Europe; years are mixed, and calls have grown.

Citation. That of random_effects.py.
"""

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.shares import random_effects
from audience_impact.vocabulary import Feature, PlatformKind, PopulationBase

TABLE = "feature_laws"
READ = [
    *("feature_use_id", "platform_id", "feature", "area_id", "population_base"),
    *("share", "low_share", "high_share"),
]
CALLS = (Feature.VOICE_CALL.value, Feature.VIDEO_CALL.value, Feature.GROUP_CALL.value)
WORLD = "001"


def asked_about(features: pd.Series) -> pd.Series:
    """The feature whose law each has: all calls are one."""
    return features.where(~features.isin(CALLS), Feature.VOICE_CALL.value)


def usable(figures: pd.DataFrame, platforms: pd.DataFrame) -> pd.DataFrame:
    """The figures that a law is learned of: `group`, `area_id` and `x`."""
    kind = platforms.set_index("platform_id")["kind"]
    is_group = figures["platform_id"].map(kind) == PlatformKind.GROUP.value
    is_of_users = figures["population_base"] == PopulationBase.CUSTOM.value
    known = figures[(is_group | is_of_users) & (figures["area_id"] != WORLD)]
    rows = known.assign(group=asked_about(known["feature"]), x=random_effects.log_odds(known))
    return rows.sort_values("feature_use_id").dropna(subset=["x"])[["group", "area_id", "x"]]


def table(tables: Tables) -> pd.DataFrame:
    """The fact table `feature_laws` that the facts give."""
    figures = tables["feature_use"]
    rows = usable(figures, tables["platforms"])
    found = random_effects.table(figures, rows, READ).rename(columns={"group": "feature"})
    return found[["feature", *random_effects.COLUMNS, "basis", "data_sha256", "note"]]


def laws(features: pd.Series, areas: pd.Series, tables: Tables) -> pd.DataFrame:
    """The law (random_effects.LAW) of each feature and country; NaN where there is none."""
    learned = tables.get(TABLE, pd.DataFrame()).rename(columns={"feature": "group"})
    return random_effects.read(learned, asked_about(features), areas)
