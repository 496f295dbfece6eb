"""Which audiences of restrictions are imputed, and how each of them is drawn.

Definitions. An audience is imputed where no figure counts all of it: none qualifies, or those that
do are limits. Its law is that of its share of the people online on the day before which it is
wanted; a first figure that counts it takes its place. A base that is not of people online holds the
people online as they are on record.

Method. One distribution a service, country and day, whichever restriction asks (distribution.py,
groups.py). Drawn is the share, times the base as it is drawn (simulation/audiences.py). Nothing
imputed stands in a column that a bound is made from.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.frames import NUMBER, TEXT, TRUTH, Frame
from audience_impact.imputation import groups
from audience_impact.imputation.distribution import SHARES, Solved
from audience_impact.overlap.model import OverlapModel
from audience_impact.populations import EVERYONE
from audience_impact.vocabulary import WHOLE_INTERNET

KEY = ["restriction_id", "country_id", "platform_id"]
IMPUTED = "imputed"
"""Shape of an audience that is drawn as a share of the people online."""
COVERAGE = 0.90
FRAME = Frame(
    "inputs.imputed",
    {
        **dict.fromkeys([*KEY, "rung"], TEXT),
        **dict.fromkeys(SHARES, NUMBER),
        "is_decisive": TRUTH,
    },
    key=tuple(KEY),
)
DECISIVE_PART = 0.5
"""An audience of at least such a part of the largest of its restriction decides what is known."""
WIDEST = 20.0
"""An interval whose ends differ by more than such a factor is no estimate."""


def imputed(
    wanted: pd.DataFrame,
    audiences: pd.DataFrame,
    laws: pd.DataFrame,
    tables: Tables,
    fitted: tuple[Solved | None, OverlapModel | None],
) -> pd.DataFrame:
    """Return the audiences that are imputed, as FRAME has them; none where the facts have no laws.

    `wanted` has KEY, `before` and `is_existing_use`; `audiences` KEY, `base` and `base_persons`;
    `laws` KEY and `shape`, blank where nothing can be drawn from the figures; `fitted` are the
    figures that are imputed from and the model of joint use. Shares are of the audience's base.
    """
    drawable = laws.loc[laws["shape"] != "", KEY]
    asked = wanted[wanted["is_existing_use"] & (wanted["platform_id"] != WHOLE_INTERNET)]
    counted = pd.MultiIndex.from_frame(drawable)
    asked = asked[~pd.MultiIndex.from_frame(asked[KEY]).isin(counted)]
    asked = asked.merge(audiences[[*KEY, "base", "base_persons"]], on=KEY)
    asked = asked[asked["base_persons"].notna()].reset_index(drop=True)
    figures, joint_use = fitted
    if figures is None or asked.empty:
        nothing = pd.DataFrame(columns=[*KEY, "rung", *SHARES, "is_decisive"])
        return nothing.astype({**dict.fromkeys(SHARES, "float"), "is_decisive": "bool"})
    days = asked.rename(columns={"country_id": "area_id", "before": "moment"})
    place = ["area_id", "platform_id", "moment"]
    each = days[place].drop_duplicates(ignore_index=True)
    found = each.join(groups.imputed(each, tables, figures, joint_use), how="inner")
    rows = days.merge(found, on=place).rename(columns={"area_id": "country_id"})
    online = np.where(rows["base"] == EVERYONE, rows["online_share"], 1.0)
    for name in SHARES:
        rows[name] = rows[name] * online
    rows = rows.assign(is_decisive=_decisive(rows, audiences))
    return rows[[*KEY, "rung", *SHARES, "is_decisive"]].sort_values(KEY, ignore_index=True)


def _decisive(rows: pd.DataFrame, audiences: pd.DataFrame) -> "pd.Series[bool]":
    """Which imputed audiences are of the order of the largest of their restriction and country."""
    act = ["restriction_id", "country_id"]
    share = audiences["low_persons"] / audiences["base_persons"]
    counted = share.groupby([audiences[name] for name in act]).max()
    largest = rows.groupby(act)["q50_share"].transform("max")
    known = counted.reindex(pd.MultiIndex.from_frame(rows[act])).set_axis(rows.index)
    return rows["q50_share"] >= DECISIVE_PART * np.fmax(largest, known)


def vague(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Which imputed audiences decide for their restriction, and are next to unknown."""
    return rows["is_decisive"] & (rows["q95_share"] > WIDEST * rows["q05_share"])


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
