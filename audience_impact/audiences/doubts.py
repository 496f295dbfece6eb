"""What speaks against a figure that was chosen, so that its row can say so.

Definitions. A figure is from under a restriction where an earlier restriction of the same service
in the same country was in force on UNDER_SHARE of the days of its period: then it counts those who
were left, or who got around it, and not the users from before. From under a block it is where that
restriction took or slowed the whole service for everyone. Neighbours are the last figure of the
same measuring programme, metric and population from before the chosen period and the first from
after it, each at most NEIGHBOUR_DAYS away.

Method. An unknown end counts for the first day alone, as everywhere. Restrictions that were never
carried out, or that only an unconfirmed report knows, restrict nothing, nor do those of a region.
An event of several services says of none when it began: where a block of fewer begins while the
event is in force, as severe, that one decides for its services.
Where pages print one measurement differently (by a unit of the coarser printing or more: they
neither round nor cut off), the neighbours say what to
expect, in logs between them; the chosen printing is an outlier where another one is nearer. A
figure of people from some age on leaves younger users out; that these exist is known where any
figure of the service counts an age that begins below.

Assumptions. Use moves steadily between neighbours.

Known drawbacks. Where an event holds several services together and none of its own is on record, a
service is taken to be restricted from the first day of the event.

Citation. Rules of this project, docs/decisions.md.
"""

import numpy as np
import pandas as pd

from audience_impact.audiences.scope import AUDIENCE, Scope
from audience_impact.errors import rounding
from audience_impact.facts.tables import Tables
from audience_impact.periods import ONE_DAY, middle
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


def doubts(
    chosen: pd.DataFrame,
    before: pd.DataFrame,
    candidates: pd.DataFrame,
    scope: Scope,
    tables: Tables,
) -> pd.DataFrame:
    """What speaks against each chosen figure, one row each, by KEY.

    Columns: `is_after_first_step` (of the act), `is_under_block`, `is_under_restriction` (of
    another kind), `is_printed_differently`, `is_outlier`, `least_age` (years; NaN where all ages
    are counted), `is_missing_younger`.
    """
    under = _under(chosen, scope)
    printed = _printed(chosen, before)
    ages = chosen["population_base"].map(LEAST_AGE).astype("float64")
    youngest = chosen["platform_id"].map(_youngest(tables["estimates"])).astype("float64")
    return chosen[KEY].assign(
        is_after_first_step=chosen["period_end"] > chosen["before"],
        is_under_block=chosen.index.isin(under.index[under]),
        is_under_restriction=chosen.index.isin(under.index[~under]),
        is_printed_differently=chosen.index.isin(printed["place"]),
        is_outlier=chosen.index.isin(_outliers(chosen, printed, candidates)),
        least_age=ages,
        is_missing_younger=youngest < ages,
    )


def _under(chosen: pd.DataFrame, scope: Scope) -> "pd.Series[bool]":
    """Places in `chosen` of figures from under an earlier restriction: whether under a block."""
    acts = _in_force(scope)
    names = ["country_id", "platform_id", "start", "period_start", "period_end"]
    own = chosen[names].reset_index(names="place").merge(acts, on=["country_id", "platform_id"])
    first = own[["act_start", "period_start"]].max(axis=1)
    shared = own[["act_end", "period_end"]].min(axis=1) - first
    enough = shared >= UNDER_SHARE * (own["period_end"] - own["period_start"])
    earlier = own[enough & (own["act_start"] < own["start"])]
    return earlier.groupby("place")["is_block"].any()


def _in_force(scope: Scope) -> pd.DataFrame:
    """Restrictions of services by country: `act_start`, `act_end` (NaT: ongoing), `is_block`."""
    acts = scope.restrictions
    unconfirmed = (acts["claim_status"] != ClaimStatus.OFFICIAL.value) & (
        acts["evidence_state"] == EvidenceState.INSUFFICIENT.value
    )
    acts = acts[acts["is_start_known"] & ~acts["is_never_enforced"] & ~unconfirmed]
    start = acts["observed_from_start"].fillna(acts["start"])
    end = acts["ended_on_end"].fillna(start + ONE_DAY)
    ongoing = acts["end_status"] == EndStatus.ONGOING.value
    days = acts[["restriction_id", "severity", "is_partial"]].assign(
        country_id=acts["area_ids"].str.split(";"),
        act_start=start,
        act_end=end.mask(ongoing),
    )
    hit = [feature.value for feature, hits in HITS_EXISTING_USERS.items() if hits]
    targets = scope.targets[
        scope.targets["feature"].isin(hit) & (scope.targets["platform_id"] != WHOLE_INTERNET)
    ]
    rows = days.explode("country_id").merge(targets, on="restriction_id")
    is_whole = rows["feature"] == Feature.WHOLE_SERVICE.value
    gone = rows["severity"].isin(WHOLE_SERVICE_GONE)
    rows = rows.assign(is_block=is_whole & gone & ~rows["is_partial"])
    return rows.loc[
        ~_held_together(rows), ["country_id", "platform_id", "act_start", "act_end", "is_block"]
    ]


def _held_together(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Which blocks are those of an event while a block of fewer services begins, as severe."""
    services = rows.groupby("restriction_id")["platform_id"].transform("nunique")
    blocks = rows.assign(services=services)[rows["is_block"]].reset_index(names="place")
    pairs = blocks.merge(blocks, on=["country_id", "platform_id", "severity"], suffixes=("", "_of"))
    within = pairs["act_start_of"].ge(pairs["act_start"])
    within &= pairs["act_end"].isna() | (pairs["act_start_of"] < pairs["act_end"])
    held = pairs.loc[within & (pairs["services_of"] < pairs["services"]), "place"]
    return pd.Series(rows.index.isin(held), rows.index)


def _printed(chosen: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Pages that contradict the chosen printing of their measurement: `place`, `other_persons`."""
    key = [*KEY, "audience_metric", "activity_threshold", "population_base", "period"]
    own = chosen[[*key, "point_persons"]].reset_index(names="place")
    pages = before[[*key, "point_persons"]].rename(columns={"point_persons": "other_persons"})
    both = own.merge(pages, on=key).dropna(subset=["point_persons", "other_persons"])
    is_share = pd.Series(False, both.index)
    steps = [
        rounding.half_step(both[name], is_share) for name in ("point_persons", "other_persons")
    ]
    apart = (both["point_persons"] - both["other_persons"]).abs()
    return both[(apart > 0) & (apart >= 2 * np.fmax(steps[0], steps[1]))]


def _outliers(chosen: pd.DataFrame, printed: pd.DataFrame, candidates: pd.DataFrame) -> pd.Index:
    """Places in `chosen` whose printing lies further from the neighbours than another page's."""
    places = pd.Index(printed["place"].unique())
    expected = _expected(chosen.loc[places], candidates)
    logs = np.log(printed[["point_persons", "other_persons"]])
    off = logs.sub(printed["place"].map(expected), axis=0).abs()
    return pd.Index(printed.loc[off["other_persons"] < off["point_persons"], "place"].unique())


def _expected(rows: pd.DataFrame, candidates: pd.DataFrame) -> "pd.Series[float]":
    """Log of what the neighbours of each figure let expect, by place; NaN without both."""
    series = ["platform_id", "measurement_series_id", "audience_metric", "activity_threshold"]
    series += ["population_base"]
    right = candidates.rename(columns={"area_id": "country_id"})
    right = right.assign(
        near_persons=right["point_persons"].where(right["point_persons"] > 0),
        near_middle=middle(right["period_start"], right["period_end"]),
    )[["country_id", *series, "near_persons", "near_middle"]].dropna()
    left = rows[["country_id", *series]].assign(
        own_middle=middle(rows["period_start"], rows["period_end"])
    )
    both = left.reset_index(names="place").merge(right, on=["country_id", *series])
    days = (both["near_middle"] - both["own_middle"]).dt.days
    both = both.assign(days=days, far=days.abs())[(days != 0) & (days.abs() <= NEIGHBOUR_DAYS)]
    both = both.sort_values(["place", "far", "near_persons"])
    ends = [both[both["days"] * sign > 0].drop_duplicates("place") for sign in (-1, 1)]
    ahead, behind = (end.set_index("place") for end in ends)
    part = ahead["far"] / (ahead["far"] + behind["far"])
    low, high = np.log(ahead["near_persons"]), np.log(behind["near_persons"])
    return low + (high - low) * part


def _youngest(estimates: pd.DataFrame) -> "pd.Series[float]":
    """The age at which the youngest group begins that any figure of a platform counts."""
    begins = pd.to_numeric(estimates["age"].str.extract(r"^(\d+)")[0], errors="coerce")
    return begins.groupby(estimates["platform_id"]).min()
