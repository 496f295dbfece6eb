"""The law of the share of an audience that comes on a day, read from the fact table `daily_use`.

Definitions. The law of an audience is that of its service in its country, else that of the service,
else that of any service; always of the kind that fits what the audience counts.

Method. Log odds are mean + spread T, T Student t; one draw for each country and service, which
stands for every day and every restriction.

Assumptions, drawbacks and citation: those of learning.py.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.frequency.learning import ANY_SERVICE
from audience_impact.vocabulary import WHOLE_INTERNET, AudienceMetric, UseFrequencyKind

KIND = {
    AudienceMetric.INTERNET_USERS_3M.value: UseFrequencyKind.OF_USERS.value,
    AudienceMetric.INTERNET_USERS_MONTH.value: UseFrequencyKind.OF_USERS.value,
    AudienceMetric.SURVEY_REGULAR.value: UseFrequencyKind.OF_USERS.value,
    **dict.fromkeys(
        [
            AudienceMetric.MONTHLY_REACH.value,
            AudienceMetric.MAU.value,
            AudienceMetric.SURVEY_MONTHLY.value,
            AudienceMetric.AD_AUDIENCE.value,
            AudienceMetric.DSA_AMAR.value,
        ],
        UseFrequencyKind.OF_MONTHLY_USERS.value,
    ),
}
"""The kind of share that turns an audience of a metric into that of a day."""
LAW = ["mean", "spread", "freedom"]


def laws(audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The law (LAW) of each audience, NaN where there is none, indexed like `audiences`.

    `audiences` has `country_id`, `platform_id` and `metric`; `tables` `daily_use`, typed.
    """
    learned = tables.get("daily_use", pd.DataFrame())
    if learned.empty:
        return pd.DataFrame(np.nan, audiences.index, LAW)
    by = ["platform_id", "area_id", "use_frequency_kind"]
    known = learned.set_index(by)[LAW].astype("float64")
    kind = audiences["metric"].map(KIND).fillna("")
    platform, country = audiences["platform_id"], audiences["country_id"]
    blank = pd.Series(ANY_SERVICE, audiences.index)
    found = pd.DataFrame(np.nan, audiences.index, LAW)
    for service, area in ((platform, country), (platform, blank), (blank, blank)):
        keys = pd.MultiIndex.from_arrays([service, area, kind], names=by)
        law = known.reindex(keys).set_axis(audiences.index)
        fits = (service != ANY_SERVICE) | (platform != WHOLE_INTERNET)
        found = found.fillna(law.where(fits))
    return found
