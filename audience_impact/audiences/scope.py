"""What is asked for: restrictions, what they target, and whose audiences are wanted.

Definitions. A restriction is partial where it is not known to touch everyone in its audiences: a
part of a country, some networks, networks or a start that are not known. One that was never
enforced touches nobody. A restriction reaches everyone where it is neither. A step is a restriction
that continues another one (`continues`): both are steps of one act.

Method. The whole internet as a target swallows the single services named beside it. Of each
audience it is said from before which day it is wanted (`before`): the start, for a step the start
of the first step that targets the service in the country. A service of which only what
HITS_EXISTING_USERS denies is restricted has no audience that is exposed.

Assumptions. What is announced and never withdrawn was enforced.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.frames import ANY, DAY, NUMBER, TEXT, TRUTH, Declared, Frame
from audience_impact.periods import ONE_DAY
from audience_impact.populations import countries_of, is_region, parents_of
from audience_impact.vocabulary import (
    HITS_EXISTING_USERS,
    WHOLE_INTERNET,
    EndStatus,
    Feature,
    GeoScope,
    NetworkScope,
    Severity,
    YesNo,
)

AUDIENCE = ["restriction_id", "country_id", "platform_id"]
"""Key of an audience: the users of a service in a country, before a restriction."""
COUNTRY = ["restriction_id", "country_id"]
"""Key of a restriction in one of its countries."""
WHOLE = Feature.WHOLE_SERVICE.value

RESTRICTIONS = Frame(
    "scope.restrictions",
    {
        "restriction_id": TEXT,
        "area_ids": TEXT,
        "geo_scope": TEXT,
        "network_scope": TEXT,
        "operators": TEXT,
        "start": DAY,
        "announced_on_start": DAY,
        "observed_from_start": DAY,
        "observed_from_end": DAY,
        "end_status": TEXT,
        "ended_on_start": DAY,
        "ended_on_end": DAY,
        "severity": TEXT,
        "evidence_state": TEXT,
        "claim_status": TEXT,
        "continues": TEXT,
        "extent_reason": TEXT,
        "days_in_force": TEXT,
        "times_in_force": NUMBER,
        "least_hours_a_day": NUMBER,
        "most_hours_a_day": NUMBER,
        "is_start_known": TRUTH,
        "is_subnational": TRUTH,
        "is_some_networks": TRUTH,
        "is_networks_unknown": TRUTH,
        "is_never_enforced": TRUTH,
        "is_partial": TRUTH,
        "is_reaching_everyone": TRUTH,
        "is_order": TRUTH,
        "first_day": DAY,
        "typical_days": NUMBER,
    },
    key=("restriction_id",),
)
TARGETS = Frame(
    "scope.targets",
    {"restriction_id": TEXT, "platform_id": TEXT, "feature": TEXT, "claim_status": TEXT},
    key=("restriction_id", "platform_id", "feature"),
)
WANTED = Frame(
    "scope.wanted",
    {
        **dict.fromkeys(AUDIENCE, TEXT),
        "start": DAY,
        "before": DAY,
        "is_step": TRUTH,
        "is_existing_use": TRUTH,
    },
    key=tuple(AUDIENCE),
)
WHOLE_SERVICES = Frame(
    "scope.whole_services",
    {"is_whole_service": ANY},
    key=("restriction_id",),
    index=("restriction_id",),
)


@dataclass(frozen=True)
class Scope(Declared):
    """Restrictions, all their targets, and the audiences that are wanted for them.

    `whole_services` says, by restriction, whether whole services are restricted: True, False, or
    None where of some of them a feature alone.
    """

    FRAMES: ClassVar[Mapping[str, Frame]] = {
        "restrictions": RESTRICTIONS,
        "targets": TARGETS,
        "wanted": WANTED,
        "whole_services": WHOLE_SERVICES,
    }

    restrictions: pd.DataFrame
    targets: pd.DataFrame
    wanted: pd.DataFrame
    whole_services: pd.DataFrame
    as_of: date

    def of(self, restrictions: Collection[str], countries: Collection[str]) -> "Scope":
        """The same with the audiences of these alone, and of all that befell these countries.

        All restrictions stay: what speaks against a figure, and how long restrictions last, is
        told by the others. So the answers are those that all of them asked together get.
        """
        asked = self.wanted["restriction_id"].isin(restrictions)
        asked |= self.wanted["country_id"].isin(countries)
        return replace(self, wanted=self.wanted[asked].reset_index(drop=True))

    @property
    def by_id(self) -> pd.DataFrame:
        """The restrictions, indexed by restriction_id."""
        return self.restrictions.set_index("restriction_id")

    @property
    def is_whole_service(self) -> pd.Series:
        """The column of `whole_services`, by restriction_id."""
        return self.whole_services["is_whole_service"]


def scope(tables: Tables, as_of: date) -> Scope:
    """What is asked for, from typed facts; a start that is not known is put at `as_of`."""
    restrictions = _restrictions(tables["restrictions"], as_of)
    targets = tables["restriction_targets"].sort_values(
        ["restriction_id", "platform_id", "feature"], ignore_index=True
    )
    return Scope(
        restrictions,
        targets,
        _wanted(restrictions, targets, tables["areas"]),
        whole_service(targets).rename("is_whole_service").to_frame(),
        as_of,
    )


def _restrictions(restrictions: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Restrictions with their start, and whom among their audiences they are known to touch."""
    starts = restrictions[["announced_on_start", "observed_from_start"]].min(axis=1)
    areas = restrictions["area_ids"].str.split(";")
    networks = restrictions["network_scope"]
    known = [NetworkScope.ALL.value, NetworkScope.UNKNOWN.value]
    found = restrictions.assign(
        start=starts.fillna(pd.Timestamp(as_of)),
        is_start_known=starts.notna(),
        is_subnational=(restrictions["geo_scope"] != GeoScope.NATIONAL.value)
        | areas.map(lambda ids: any(map(is_region, ids))),
        is_some_networks=~networks.isin(known),
        is_networks_unknown=networks == NetworkScope.UNKNOWN.value,
        is_never_enforced=(restrictions["severity"] == Severity.NONE.value)
        | (restrictions["end_status"] == EndStatus.WITHDRAWN.value),
    )
    partial = (
        found["is_subnational"]
        | found["is_some_networks"]
        | found["is_networks_unknown"]
        | ~found["is_start_known"]
    )
    first = _first_days(found)
    return found.assign(
        is_partial=partial,
        is_reaching_everyone=~(partial | found["is_never_enforced"]),
        is_order=_ordered(found),
        first_day=first,
        typical_days=_typical_days(found, first),
    )


def _first_days(restrictions: pd.DataFrame) -> pd.Series:
    """The day observed where it is known to the day, else the day announced."""
    seen, announced = restrictions["observed_from_start"], restrictions["announced_on_start"]
    to_the_day = (restrictions["observed_from_end"] - seen) == ONE_DAY
    return seen.where(to_the_day, announced).fillna(seen)


def _typical_days(restrictions: pd.DataFrame, first: pd.Series) -> pd.Series:
    """Days that restrictions as severe lasted (median), of those whose end is on record."""
    recorded = restrictions["end_status"] == EndStatus.ENDED.value
    length = (restrictions["ended_on_end"] - first).where(recorded).dt.days
    typical = length.groupby(restrictions["severity"]).transform("median")
    return typical.fillna(length.median()).astype("float64")


def _ordered(restrictions: pd.DataFrame) -> pd.Series:
    """Which restrictions an authority ordered; all, where nothing says who ordered any."""
    if "is_ordered" not in restrictions or not restrictions["is_ordered"].isin(list(YesNo)).any():
        return pd.Series(True, restrictions.index)
    return restrictions["is_ordered"] == YesNo.YES.value


def _wanted(restrictions: pd.DataFrame, targets: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Every (restriction, country, platform); the whole internet swallows single platforms.

    A restriction whose targets are all unknown or were refused has one blank platform: its
    audience is unknown, and it does not vanish from the results.
    """
    services = targets[["restriction_id", "platform_id"]].drop_duplicates()
    network = services.loc[services["platform_id"] == WHOLE_INTERNET, "restriction_id"]
    swallowed = services["restriction_id"].isin(network) & (
        services["platform_id"] != WHOLE_INTERNET
    )
    parents = parents_of(areas)
    named = restrictions["area_ids"].str.split(";")
    countries = named.map(lambda ids: countries_of(ids, parents))
    places = restrictions[["restriction_id", "start", "continues"]].assign(country_id=countries)
    rows = places.explode("country_id").merge(services[~swallowed], on="restriction_id", how="left")
    rows["platform_id"] = rows["platform_id"].astype("str").fillna("")
    rows = rows.sort_values(AUDIENCE, ignore_index=True)
    new_use = _new_use_alone(targets)
    return _with_first_step(rows).assign(
        is_existing_use=~pd.MultiIndex.from_frame(rows[new_use.names]).isin(new_use)
    )


def _new_use_alone(targets: pd.DataFrame) -> pd.MultiIndex:
    """Restrictions and platforms of which nothing is restricted that existing users come upon."""
    existing = {feature.value for feature, hits in HITS_EXISTING_USERS.items() if hits}
    is_hit = targets["feature"].isin(existing)
    any_hit = is_hit.groupby([targets["restriction_id"], targets["platform_id"]]).any()
    return any_hit.index[~any_hit]


def _with_first_step(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns `before`, the start of the first step, and `is_step`: there is an earlier one."""
    place = ["country_id", "platform_id"]
    keys = pd.MultiIndex.from_frame(rows[AUDIENCE])
    earlier = pd.MultiIndex.from_frame(rows[["continues", *place]])
    first = rows["start"]
    while True:
        known = pd.Series(first.to_numpy(), keys).reindex(earlier).set_axis(rows.index)
        sooner = first.where(~(known < first), known)
        if sooner.equals(first):
            return rows.assign(before=first, is_step=first < rows["start"])
        first = sooner


def whole_service(targets: pd.DataFrame) -> pd.Series:
    """Whether each restriction is of whole services: True, False, or None where of some."""
    whole = targets.assign(whole=targets["feature"] == WHOLE)
    by_platform = whole.groupby(["restriction_id", "platform_id"])["whole"].any()
    groups = by_platform.groupby("restriction_id")
    none = ~groups.any()
    return groups.all().astype(object).where(groups.all() | none, None)
