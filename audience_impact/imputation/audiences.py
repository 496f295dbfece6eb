"""Which audiences of restrictions are imputed, and how each of them is drawn.

Definitions. An audience is imputed where no figure counts all of it: none qualifies, or those that
do are limits. Its law is that of its share of the people online on the day before which it is
wanted; a first figure that counts it takes its place. A base that is not of people online holds the
people online as they are on record.

Method. One law a service, country and day, whichever restriction asks (law.py, groups.py). Drawn is
the share, times the base as it is drawn (simulation/audiences.py). Nothing imputed stands in a
column that a bound is made from.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.frames import NUMBER, TEXT, Frame
from audience_impact.imputation import groups, law
from audience_impact.imputation.law import SHARES
from audience_impact.populations import EVERYONE
from audience_impact.vocabulary import WHOLE_INTERNET

KEY = ["restriction_id", "country_id", "platform_id"]
IMPUTED = "imputed"
"""Shape of an audience that is drawn as a share of the people online."""
COVERAGE = 0.90
FRAME = Frame(
    "inputs.imputed",
    {**dict.fromkeys([*KEY, "rung"], TEXT), **dict.fromkeys(SHARES, NUMBER)},
    key=tuple(KEY),
)


def imputed(
    wanted: pd.DataFrame, audiences: pd.DataFrame, laws: pd.DataFrame, tables: Tables
) -> pd.DataFrame:
    """The audiences that are imputed, as FRAME has them; none where the facts have no laws.

    `wanted` has KEY, `before` and `is_existing_use`; `audiences` KEY, `base` and `base_persons`;
    `laws` KEY and `shape`, blank where nothing can be drawn from the figures. Shares are of the
    base of the audience.
    """
    learned = law.read(tables.get("audience_laws", pd.DataFrame()))
    drawable = laws.loc[laws["shape"] != "", KEY]
    asked = wanted[wanted["is_existing_use"] & (wanted["platform_id"] != WHOLE_INTERNET)]
    counted = pd.MultiIndex.from_frame(drawable)
    asked = asked[~pd.MultiIndex.from_frame(asked[KEY]).isin(counted)]
    asked = asked.merge(audiences[[*KEY, "base", "base_persons"]], on=KEY)
    asked = asked[asked["base_persons"].notna()].reset_index(drop=True)
    if learned is None or asked.empty:
        return pd.DataFrame(columns=[*KEY, "rung", *SHARES]).astype(dict.fromkeys(SHARES, "float"))
    days = asked.rename(columns={"country_id": "area_id", "before": "moment"})
    place = ["area_id", "platform_id", "moment"]
    each = days[place].drop_duplicates(ignore_index=True)
    found = each.join(groups.imputed(each, tables, learned), how="inner")
    rows = days.merge(found, on=place).rename(columns={"area_id": "country_id"})
    online = np.where(rows["base"] == EVERYONE, rows["online_share"], 1.0)
    for name in SHARES:
        rows[name] = rows[name] * online
    return rows[[*KEY, "rung", *SHARES]].sort_values(KEY, ignore_index=True)


def as_laws(imputed_rows: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Laws of imputed audiences with the columns of `like`, the laws of those that were counted."""
    q05, q50, q95 = (imputed_rows[name] for name in SHARES)
    service = imputed_rows["country_id"] + "|" + imputed_rows["platform_id"]
    own = imputed_rows[KEY].assign(
        audience_key="imputed|" + service,
        shape=IMPUTED,
        low=q05,
        mode=q50,
        high=q95,
        coverage=COVERAGE,
        sources_count=0,
    )
    return own.reindex(columns=like.columns)


def replacing(laws: pd.DataFrame, imputed_rows: pd.DataFrame) -> pd.DataFrame:
    """The laws of all audiences: those of imputed ones in place of what cannot be drawn."""
    if imputed_rows.empty:
        return laws
    keys = pd.MultiIndex.from_frame(imputed_rows[KEY])
    left = laws[~pd.MultiIndex.from_frame(laws[KEY]).isin(keys)]
    own = as_laws(imputed_rows, laws)
    together = own if left.empty else pd.concat([left, own], ignore_index=True)
    return together.sort_values(KEY, ignore_index=True)
