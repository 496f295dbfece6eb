"""Quality flags of a chosen figure: reasons for caution that the published row states.

Definitions. A figure is from under a restriction where an earlier restriction of the same service
in the same country was in force on UNDER_SHARE of the days of its period: then it counts the users
who remained or circumvented the restriction, not the users from before. From under a block it is
where that restriction took or slowed the whole service for everyone. Neighbours are the last figure
of the same measuring programme, metric and population from before the chosen period and the first
from after it, each at most NEIGHBOUR_DAYS away.

Method. A restriction without a known end counts only for its first day, as everywhere. Restrictions
that were never enforced, that rest on an unconfirmed report alone, or that cover only a region are
ignored. For an event of several services it is not recorded when each of them was restricted: if an
equally severe block of fewer services begins during the event, its start is used for these
services. Where pages print one measurement differently (by a unit of the coarser printing or more:
they neither round nor cut off), the expected value is interpolated in logs between the neighbours;
the chosen value is an outlier if another printed value is nearer to it. A figure of people from a
minimum age on omits younger users; such users are known to exist if any figure of the service has a
lower minimum age.

Assumptions. Use changes steadily between neighbours.

Known drawbacks. If a service is on record only as part of an event of several services, it is
assumed to be restricted from the first day of the event.

Citation. Rules of this project, docs/decisions.md.
"""

import numpy as np
import pandas as pd

from audience_impact import figure_errors
from audience_impact.audiences.scope import AUDIENCE, Scope
from audience_impact.facts.tables import Tables
from audience_impact.periods import ONE_DAY, period_middle
from audience_impact.populations import LEAST_AGE
from audience_impact.vocabulary import (
    HITS_EXISTING_USERS,
    WHOLE_INTERNET,
    ClaimStatus,
    EndStatus,
    EvidenceState,
    Feature,
    Severity,
)

NEIGHBOUR_DAYS = 183
UNDER_SHARE = 0.5
KEY = [*AUDIENCE, "measurement_series_id"]
WHOLE_SERVICE_GONE = (Severity.SERVICE_IMPAIRED.value, Severity.SERVICE_UNAVAILABLE.value)


def flag_quality(
    chosen: pd.DataFrame, before: pd.DataFrame, scope: Scope, tables: Tables
) -> pd.DataFrame:
    """Return the quality flags of each chosen figure, by KEY.

    Columns: `is_after_first_step` (of a restriction in steps), `is_under_block`,
    `is_under_restriction` (of another kind), `is_printed_differently`, `is_outlier`, `least_age`
    (years; NaN where all ages are counted), `is_missing_younger`.
    """
    restrictions = _list_restrictions_in_force(scope)
    names = ["country_id", "platform_id", "start", "period_start", "period_end"]
    rows = chosen[names].reset_index(names="place")
    pairs = rows.merge(restrictions, on=["country_id", "platform_id"])
    first = pairs[["act_start", "period_start"]].max(axis=1)
    shared = pairs[["act_end", "period_end"]].min(axis=1) - first
    enough = shared >= UNDER_SHARE * (pairs["period_end"] - pairs["period_start"])
    earlier = pairs[enough & (pairs["act_start"] < pairs["start"])]
    is_under_block = earlier.groupby("place")["is_block"].any()
    printed = _find_contradicting_pages(chosen, before)
    expected = np.log(printed["place"].map(chosen["series_persons"]))
    distances = np.log(printed[["point_persons", "other_persons"]]).sub(expected, axis=0).abs()
    is_outlier = distances["other_persons"] < distances["point_persons"]
    ages = pd.to_numeric(tables["estimates"]["age"].str.extract(r"^(\d+)")[0], errors="coerce")
    youngest = ages.groupby(tables["estimates"]["platform_id"]).min()
    least_age = chosen["population_base"].map(LEAST_AGE).astype("float64")
    return chosen[KEY].assign(
        is_after_first_step=chosen["period_end"] > chosen["before"],
        is_under_block=chosen.index.isin(is_under_block.index[is_under_block]),
        is_under_restriction=chosen.index.isin(is_under_block.index[~is_under_block]),
        is_printed_differently=chosen.index.isin(printed["place"]),
        is_outlier=chosen.index.isin(printed.loc[is_outlier, "place"]),
        least_age=least_age,
        is_missing_younger=chosen["platform_id"].map(youngest).astype("float64") < least_age,
    )


def _list_restrictions_in_force(scope: Scope) -> pd.DataFrame:
    """Return restrictions by country: `act_start`, `act_end` (NaT: ongoing), `is_block`."""
    restrictions = scope.restrictions
    unconfirmed = (restrictions["claim_status"] != ClaimStatus.OFFICIAL.value) & (
        restrictions["evidence_state"] == EvidenceState.INSUFFICIENT.value
    )
    restrictions = restrictions[
        restrictions["is_start_known"] & ~restrictions["is_never_enforced"] & ~unconfirmed
    ]
    start = restrictions["observed_from_start"].fillna(restrictions["start"])
    end = restrictions["ended_on_end"].fillna(start + ONE_DAY)
    ongoing = restrictions["end_status"] == EndStatus.ONGOING.value
    days = restrictions[["restriction_id", "severity", "is_partial"]].assign(
        country_id=restrictions["area_ids"].str.split(";"),
        act_start=start,
        act_end=end.mask(ongoing),
    )
    hit_features = [feature.value for feature, hits in HITS_EXISTING_USERS.items() if hits]
    targets = scope.targets[
        scope.targets["feature"].isin(hit_features)
        & (scope.targets["platform_id"] != WHOLE_INTERNET)
    ]
    rows = days.explode("country_id").merge(targets, on="restriction_id")
    is_whole = rows["feature"] == Feature.WHOLE_SERVICE.value
    gone = rows["severity"].isin(WHOLE_SERVICE_GONE)
    rows = rows.assign(is_block=is_whole & gone & ~rows["is_partial"])
    return rows.loc[
        ~_is_superseded(rows), ["country_id", "platform_id", "act_start", "act_end", "is_block"]
    ]


def _is_superseded(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return True for blocks that a later block, as severe and of fewer services, replaces."""
    services = rows.groupby("restriction_id")["platform_id"].transform("nunique")
    blocks = rows.assign(services=services)[rows["is_block"]].reset_index(names="place")
    pairs = blocks.merge(blocks, on=["country_id", "platform_id", "severity"], suffixes=("", "_of"))
    within = pairs["act_start_of"].ge(pairs["act_start"])
    within &= pairs["act_end"].isna() | (pairs["act_start_of"] < pairs["act_end"])
    superseded = pairs.loc[within & (pairs["services_of"] < pairs["services"]), "place"]
    return pd.Series(rows.index.isin(superseded), rows.index)


def _find_contradicting_pages(chosen: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Return pages that print another value for a chosen figure: `place`, `other_persons`."""
    key = [*KEY, "audience_metric", "activity_threshold", "population_base", "period"]
    figures = chosen[[*key, "point_persons"]].reset_index(names="place")
    pages = before[[*key, "point_persons"]].rename(columns={"point_persons": "other_persons"})
    both = figures.merge(pages, on=key).dropna(subset=["point_persons", "other_persons"])
    is_share = pd.Series(False, both.index)
    half, other_half = (
        figure_errors.half_step(both[name], is_share) for name in ("point_persons", "other_persons")
    )
    apart = (both["point_persons"] - both["other_persons"]).abs()
    return both[(apart > 0) & (apart >= 2 * np.fmax(half, other_half))]


def interpolate_between_neighbours(figures: pd.DataFrame) -> "pd.Series[float]":
    """Return the persons that the measurer's own neighbours of each figure let expect.

    Interpolated in logs between the neighbours; NaN without both. `figures` are all qualifying
    figures, with their area, service, series, period and `point_persons`.
    """
    series = ["area_id", "platform_id", "measurement_series_id", "audience_metric"]
    series += ["activity_threshold", "population_base"]
    rows = figures[series].assign(
        middle=period_middle(figures["period_start"], figures["period_end"]),
        persons=figures["point_persons"].where(figures["point_persons"] > 0),
    )
    others = rows.dropna(subset=["persons", "middle"])
    both = rows.drop(columns="persons").reset_index(names="place").merge(others, on=series)
    days = (both["middle_y"] - both["middle_x"]).dt.days
    both = both.assign(days=days, far=days.abs())[(days != 0) & (days.abs() <= NEIGHBOUR_DAYS)]
    both = both.sort_values(["place", "far", "persons"])
    ends = [both[both["days"] * sign > 0].drop_duplicates("place") for sign in (-1, 1)]
    ahead, behind = (end.set_index("place") for end in ends)
    part = ahead["far"] / (ahead["far"] + behind["far"])
    low, high = np.log(ahead["persons"]), np.log(behind["persons"])
    return np.exp(low + (high - low) * part).reindex(figures.index)
