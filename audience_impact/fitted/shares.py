"""Distributions of shares that a country did not measure, as fitted to figures of other countries.

Definitions. The log odds of a share are mean + spread T, T Student t of `freedom` degrees. Three
fact tables hold such distributions: `daily_use` for users who come on a day, `feature_laws` for
users of a feature, `circumvention_laws` for people who keep access.

Method. A share has the distribution of its group in its country, else of its group in any country,
else of any group. For daily use groups are services, and the kind of share has to fit the metric of
the audience; the internet never stands for any service. All calls are one feature, as most surveys
do not tell them apart. One draw for each group and country stands for every day and restriction.

Assumptions, drawbacks and citation: fitting/daily_use.py, fitting/shares.py.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, stdtrit

from audience_impact.frames import Array
from audience_impact.vocabulary import WHOLE_INTERNET, AudienceMetric, Feature, UseFrequencyKind

PARAMETERS = ["mean", "spread", "freedom"]
ANY = ""
"""In place of a group or of a country: any other."""
BY_GROUP = ["group", "area_id"]
BY_SERVICE = ["platform_id", "area_id", "use_frequency_kind"]
CALLS = (Feature.VOICE_CALL.value, Feature.VIDEO_CALL.value, Feature.GROUP_CALL.value)
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


def index_parameters(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the PARAMETERS of a fact table (typed) of distributions, indexed by the columns `by`.

    A table without rows gives a frame without rows.
    """
    if table.empty:
        return pd.DataFrame(columns=PARAMETERS, dtype="float64")
    return table.set_index(by)[PARAMETERS].astype("float64")


def choose_parameters(
    fitted: pd.DataFrame, groups: "pd.Series[str]", areas: "pd.Series[str]"
) -> pd.DataFrame:
    """Return the PARAMETERS for each group and country, indexed like `groups`.

    `fitted` is keyed BY_GROUP. A row is NaN where nothing was fitted.
    """
    blank = pd.Series(ANY, groups.index)
    return _choose_first(fitted, [(groups, areas), (groups, blank), (blank, blank)])


def daily_use(fitted: pd.DataFrame, audiences: pd.DataFrame) -> pd.DataFrame:
    """Return the PARAMETERS of the share of each audience that comes on a day.

    `fitted` is keyed BY_SERVICE; `audiences` has `country_id`, `platform_id` and `metric`, and its
    index is kept. A row is NaN where nothing was fitted.
    """
    kind = audiences["metric"].map(KIND).fillna("")
    service, country = audiences["platform_id"], audiences["country_id"]
    blank = pd.Series(ANY, audiences.index)
    # the internet falls back on itself, where the next level has nothing new
    any_service = service.where(service == WHOLE_INTERNET, ANY)
    return _choose_first(
        fitted, [(service, country, kind), (service, blank, kind), (any_service, blank, kind)]
    )


def _choose_first(
    fitted: pd.DataFrame, levels: Sequence[Sequence["pd.Series[str]"]]
) -> pd.DataFrame:
    """Return the PARAMETERS under the first key of each row that `fitted` has."""
    index = levels[0][0].index
    parameters = pd.DataFrame(np.nan, index, PARAMETERS)
    if fitted.empty:
        return parameters
    for keys in levels:
        parameters = parameters.fillna(
            fitted.reindex(pd.MultiIndex.from_arrays(keys)).set_axis(index)
        )
    return parameters


def map_features(features: "pd.Series[str]") -> "pd.Series[str]":
    """Return the feature whose distribution each feature has: all calls have that of voice."""
    return features.where(~features.isin(CALLS), Feature.VOICE_CALL.value)


def draw_shares(parameters: pd.DataFrame, u: Array) -> Array:
    """Return shares (rows, D) from PARAMETERS and uniforms (rows, D); NaN without parameters."""
    mean, spread, freedom = (parameters[name].to_numpy("float64")[:, None] for name in PARAMETERS)
    return np.asarray(expit(mean + spread * stdtrit(freedom, u)))
