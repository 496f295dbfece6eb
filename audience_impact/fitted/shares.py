"""Distributions of shares that were not measured in a country, fitted to other countries.

Definitions. The log odds of a share are mean + spread T, T Student t of `freedom` degrees. Three
fact tables contain such distributions: `daily_use` for users who come on a day, `feature_laws` for
users of a feature, `circumvention_laws` for people who keep access. Three kinds of figure are
treated as the share that keeps access to blocked services: the share of the users of a service who
report that they still use it, the monthly audience during the block divided by that from before,
and the share of people online who use a VPN.

Method. A share has the distribution of its group in its country, else of its group in any country,
else of any group. For daily use the groups are services, and the kind of share has to match the
metric of the audience; the share for the internet is never used for a service, and its mean rises
with the share of residents online on the day (TREND). All calls count as one feature, because most
surveys do not distinguish them. The same draw of a group and country is used for every day and
restriction. Keeping access has one distribution for all services. Of its shares that contain each
other (one restriction, period and sample) the largest counts. Reach of a day or a week under a
block says how often those come who are left; it is no share of the people of a month, and is not
used: YouTube in Russia kept 0.83 of its people of a month and 0.56 of those of a day. Nor is a
service that was slowed and not cut.

Assumptions, drawbacks and citation: fitting/shares.py.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit, stdtrit

from audience_impact.denominators.denominators import Denominators
from audience_impact.frames import Array
from audience_impact.populations import EVERYONE, ONLINE
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    AudienceMetric,
    CircumventionKind,
    Feature,
    Severity,
    UseFrequencyKind,
)

PARAMETERS = ["mean", "spread", "freedom"]
TREND = ["slope", "centre_share"]
"""Columns of how a mean rises with the share online, and of the share online that it is of."""
ANY = ""
"""Key of the row for all groups, or countries, without a row."""
BY_GROUP = ["group", "area_id"]
BY_SERVICE = ["platform_id", "area_id", "use_frequency_kind"]
CALLS = (Feature.VOICE_CALL.value, Feature.VIDEO_CALL.value, Feature.GROUP_CALL.value)
KIND = {
    AudienceMetric.INTERNET_USERS_3M.value: UseFrequencyKind.OF_USERS.value,
    AudienceMetric.INTERNET_USERS_MONTH.value: UseFrequencyKind.OF_USERS.value,
    AudienceMetric.SURVEY_REGULAR.value: UseFrequencyKind.OF_USERS.value,
    AudienceMetric.MONTHLY_REACH.value: UseFrequencyKind.OF_MONTHLY_USERS.value,
    AudienceMetric.MAU.value: UseFrequencyKind.OF_MONTHLY_USERS.value,
    AudienceMetric.SURVEY_MONTHLY.value: UseFrequencyKind.OF_MONTHLY_USERS.value,
    AudienceMetric.AD_AUDIENCE.value: UseFrequencyKind.OF_MONTHLY_USERS.value,
    AudienceMetric.DSA_AMAR.value: UseFrequencyKind.OF_MONTHLY_USERS.value,
}
"""The kind of share that converts an audience of a metric into a daily audience."""


def index_parameters(
    table: pd.DataFrame, by: list[str], names: Sequence[str] = PARAMETERS
) -> pd.DataFrame:
    """Return parameters of a fact table (typed) of distributions, indexed by the columns `by`."""
    return table.set_index(by)[list(names)].astype("float64")


def find_online_shares(places: pd.DataFrame, counts: Denominators) -> "pd.Series[float]":
    """Return the share of residents of each `country_id` who are online on the day `start`."""
    online, people = (counts.count_people(places, base, None) for base in (ONLINE, EVERYONE))
    return (online / people).clip(upper=1.0)


def choose_parameters(
    fitted: pd.DataFrame, groups: "pd.Series[str]", areas: "pd.Series[str]"
) -> pd.DataFrame:
    """Return PARAMETERS by group and country of `fitted` (keyed BY_GROUP), NaN without any."""
    blank = pd.Series(ANY, groups.index)
    return choose_first(fitted, [(groups, areas), (groups, blank), (blank, blank)])


def daily_use(fitted: pd.DataFrame, audiences: pd.DataFrame) -> pd.DataFrame:
    """Return PARAMETERS of the share of each audience that uses the service on a day.

    `fitted` is keyed BY_SERVICE, with TREND; `audiences` has `country_id`, `subregion_id`,
    `platform_id`, `metric` and `online_share` (NaN: the mean of all areas applies), and its index
    is kept. A row is NaN where nothing was fitted.
    """
    kind = audiences["metric"].map(KIND).fillna("")
    service = audiences["platform_id"]
    blank = pd.Series(ANY, audiences.index)
    # the internet falls back on itself, where the next level has nothing new
    any_service = service.where(service == WHOLE_INTERNET, ANY)
    areas = (audiences["country_id"], audiences["subregion_id"], blank)
    levels = [*((service, area, kind) for area in areas), (any_service, blank, kind)]
    chosen = choose_first(fitted, levels)
    shift = chosen["slope"] * (audiences["online_share"] - chosen["centre_share"])
    return chosen[PARAMETERS].assign(mean=chosen["mean"] + shift.fillna(0.0))


def choose_first(
    fitted: pd.DataFrame, levels: Sequence[Sequence["pd.Series[str]"]]
) -> pd.DataFrame:
    """Return the row of `fitted` of the first keys that it has, for each row of the keys."""
    index = levels[0][0].index
    parameters = pd.DataFrame(np.nan, index, fitted.columns)
    for keys in levels if len(fitted) else ():
        rows = fitted.reindex(pd.MultiIndex.from_arrays(keys)).set_axis(index)
        parameters = parameters.where(parameters["mean"].notna(), rows)
    return parameters


def map_features(features: "pd.Series[str]") -> "pd.Series[str]":
    """Return the feature whose distribution each feature has; calls have that of voice calls."""
    return features.where(~features.isin(CALLS), Feature.VOICE_CALL.value)


def draw_shares(parameters: pd.DataFrame, u: Array) -> Array:
    """Return shares (rows, D) from PARAMETERS and uniforms (rows, D); NaN without parameters."""
    mean, spread, freedom = (parameters[name].to_numpy("float64")[:, None] for name in PARAMETERS)
    return np.asarray(expit(mean + spread * stdtrit(freedom, u)))


COUNTED_KINDS = ["", CircumventionKind.KEEPS_ACCESS.value]
"""The kind of share that is evidence for a single restriction; a blank cell means the same."""
FITTED_KINDS = [
    *COUNTED_KINDS,
    CircumventionKind.STILL_REACHED_MONTHLY.value,
    CircumventionKind.USES_VPN.value,
]
CUT_SEVERITIES = [Severity.FEATURE_UNAVAILABLE.value, Severity.SERVICE_UNAVAILABLE.value]
KEEPS_ACCESS = "keeps_access"


def log_odds(figures: pd.DataFrame) -> "pd.Series[float]":
    """Return log odds of shares, or of the middle of their intervals; NaN for a share of 0 or 1."""
    middle = figures["share"].fillna((figures["low_share"] + figures["high_share"]) / 2)
    inside = middle.where(middle.between(0.0, 1.0, inclusive="neither"))
    return pd.Series(logit(inside.to_numpy("float64")), figures.index)


def select_usable_circumvention(figures: pd.DataFrame, restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return the figures used in the fit: `circumvention_id`, `group`, `area_id` and `x`."""
    severity = restrictions.set_index("restriction_id")["severity"]
    is_cut = figures["restriction_id"].map(severity).isin(CUT_SEVERITIES)
    is_of_vpn = figures["circumvention_kind"] == CircumventionKind.USES_VPN.value
    usable = figures[figures["circumvention_kind"].isin(FITTED_KINDS) & (is_cut | is_of_vpn)]
    usable = usable.assign(group=KEEPS_ACCESS, x=log_odds(usable)).dropna(subset=["x"])
    same = ["restriction_id", "area_id", "asked", "period_end"]
    largest = usable.sort_values([*same, "x", "circumvention_id"]).drop_duplicates(
        same, keep="last"
    )
    return largest.sort_values("circumvention_id")[["circumvention_id", "group", "area_id", "x"]]
