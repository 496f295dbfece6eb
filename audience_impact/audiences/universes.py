"""The universe of each audience, and the internet users whom a network shutdown touches.

Definitions. The internet users of a country are the audience of a network shutdown: the people
online on the day it starts. The base of the audiences of a country is chosen in denominators/.

Assumptions, drawbacks and citation: those of figures.py.
"""

import numpy as np
import pandas as pd

from audience_impact.audiences.scope import COUNTRY
from audience_impact.denominators.counts import DISTRIBUTION, FORECAST
from audience_impact.denominators.denominators import Denominators
from audience_impact.periods import WINDOW_DAYS, months_between
from audience_impact.populations import ONLINE
from audience_impact.vocabulary import AudienceMetric

OWN_LAW = [f"audience_{name}" for name in DISTRIBUTION]
"""Shape of the internet users of a network shutdown, which are drawn as their base."""


def count_internet_users(requested: pd.DataFrame, denominators: Denominators) -> pd.DataFrame:
    """Return the audience of a network shutdown: the internet users of the country on that day."""
    base, distribution, publishers = denominators.count_online(requested)
    is_counted = base["obs_status"] != FORECAST
    least = base["low_persons"].fillna(base["base_persons"]).where(is_counted, 0.0)
    most = base["high_persons"].fillna(base["base_persons"]).where(is_counted)
    months = months_between(base["period_end"], base["start"])
    return requested.assign(
        low_persons=publishers["least"].fillna(least),
        high_persons=publishers["most"].fillna(most.where(base["gap"] <= WINDOW_DAYS)),
        metric_priority=base["base_persons"].notna().map({True: 1.0, False: float("nan")}),
        metric=AudienceMetric.INTERNET_USERS_3M.value,
        measurement_series_id=base["base_measurement_series_id"],
        measurement_series_count=publishers["count"].fillna(1.0),
        containing=ONLINE,
        period=base["period"],
        period_end=base["period_end"],
        is_from_share=False,
        age_months=months.clip(lower=0),
        audience_base_id=base["base_id"],
        differing_base_ids=publishers["ids"],
        **distribution.set_axis(OWN_LAW, axis=1),
    )


def add_base(audiences: pd.DataFrame, denominators: Denominators) -> pd.DataFrame:
    """Return audiences with the base of each (restriction, country).

    `base_persons` limits the union, `base_size_persons` is the estimate, and the columns
    DISTRIBUTION of denominators/counts.py describe its draws. Where the whole network is shut down,
    the audience is the base of the day, so that both have one distribution.
    """
    groups = group_by_country(audiences)
    base = denominators.choose_bases(groups).assign(restriction_id=groups["restriction_id"])
    rows = audiences.merge(base, on=COUNTRY, how="left")
    is_counted_base = rows["audience_base_id"].notna() & (
        rows["audience_base_id"] == rows["base_id"]
    )
    for name, theirs in zip(OWN_LAW, DISTRIBUTION, strict=True):
        rows[theirs] = rows[theirs].where(~is_counted_base, rows[name])
    limit = np.fmax(rows["base_persons"], rows["high_persons"].where(is_counted_base))
    size = rows["expected_persons"].where(rows["is_base_projected"].eq(True))
    return rows.assign(base_persons=limit, base_size_persons=size.fillna(limit))


def group_by_country(audiences: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each COUNTRY, with the columns that `Denominators.choose_bases` needs."""
    groups = audiences.groupby(COUNTRY, sort=True)
    counted = audiences[audiences["metric_priority"].notna()]
    return pd.DataFrame(
        {
            "start": groups["start"].first(),
            "floor_persons": groups["low_persons"].max(),
            "containing": _find_common_word(counted, "containing", ONLINE),
            "measurement_series_id": _find_common_word(counted, "measurement_series_id", ""),
        }
    ).reset_index()


def _find_common_word(counted: pd.DataFrame, column: str, default: str) -> pd.Series:
    """Return the word that all audiences of a COUNTRY have in a column, else `default`."""
    first = counted.drop_duplicates(COUNTRY).set_index(COUNTRY)[column]
    return first.where(counted.groupby(COUNTRY)[column].nunique() == 1, default)
