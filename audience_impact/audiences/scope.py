"""The scope of a run: restrictions, their targets, and the audiences that they require.

Definitions. A restriction is partial if it is not known to affect everyone in its audiences:
because it covers a part of a country or some networks, because its networks or its start are
unknown, or because a share of traffic or addresses is on record that it took (facts/events.py). A
restriction that was never enforced affects no one. Any other restriction affects everyone in its
audiences; this is certain unless a single report alone speaks for it (fitted/chances.py). A step is
a restriction that continues another one (`continues`): both are steps of the same event.

Method. If the whole internet is a target, single services named with it are ignored. For each
audience, `before` is the day before which it is required: the start, for a step the start of the
first step that targets the service in the country. A service has no exposed audience if only
features are restricted that existing users do not need (HITS_EXISTING_USERS is false).

Assumptions. A restriction that was announced and never withdrawn was enforced.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Annotated

import pandas as pd

from audience_impact import populations
from audience_impact.facts import events
from audience_impact.facts.tables import Tables
from audience_impact.fitted import chances, durations
from audience_impact.frames import Declared
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
"""Key of an audience: the users of a service in a country before a restriction."""
COUNTRY = ["restriction_id", "country_id"]
"""Key of a restriction in one of its countries."""
WHOLE = Feature.WHOLE_SERVICE.value
HIT_FEATURES = [feature.value for feature, is_hit in HITS_EXISTING_USERS.items() if is_hit]
"""Features that existing users come upon."""


@dataclass(frozen=True)
class Scope(Declared):
    """Restrictions, all their targets, and the audiences that they require."""

    restrictions: Annotated[
        pd.DataFrame,
        "restriction_id area_ids geo_scope network_scope operators end_status severity",
        "evidence_state claim_status continues extent_reason days_in_force end_source cause",
        "occasion hours_basis times_in_force least_hours_a_day most_hours_a_day",
        "measured_hours start announced_on_start observed_from_start observed_from_end",
        "ended_on_start ended_on_end first_day listed_until_end is_start_known is_subnational",
        "is_some_networks is_networks_unknown is_never_enforced is_partial",
        "is_reaching_everyone is_certain is_order",
        durations.PARAMETERS,
        durations.HOURS_PARAMETERS,
    ]
    targets: Annotated[pd.DataFrame, "restriction_id platform_id feature claim_status"]
    requested: Annotated[pd.DataFrame, AUDIENCE, "start before is_step is_existing_use"]
    evidence: Annotated[pd.DataFrame, events.LINKED]  # the outages seen of each restriction
    as_of: date

    def narrow_to(self, restrictions: Collection[str]) -> "Scope":
        """Return the scope with only these audiences; flags depend on all others."""
        is_requested = self.requested["restriction_id"].isin(restrictions)
        return replace(self, requested=self.requested[is_requested].reset_index(drop=True))

    @cached_property
    def by_id(self) -> pd.DataFrame:
        """Return the restrictions, indexed by restriction_id."""
        return self.restrictions.set_index("restriction_id")

    @cached_property
    def is_whole_service(self) -> pd.Series:
        """Return, by restriction_id, True for whole services, False for none, None for some."""
        flagged = self.targets.assign(whole=self.targets["feature"] == WHOLE)
        by_platform = flagged.groupby(["restriction_id", "platform_id"])["whole"].any()
        groups = by_platform.groupby("restriction_id")
        none = ~groups.any()
        return groups.all().astype(object).where(groups.all() | none, None)


def build_scope(tables: Tables, as_of: date) -> Scope:
    """Return the scope of typed facts; an unknown start is set to `as_of`."""
    seen, announced = (
        tables["restrictions"][name] for name in ("observed_from_start", "announced_on_start")
    )
    to_the_day = (tables["restrictions"]["observed_from_end"] - seen) == ONE_DAY
    facts = tables["restrictions"].assign(first_day=seen.where(to_the_day, announced).fillna(seen))
    linked = events.link_evidence(facts, tables)
    lost = events.find_lost_shares(linked)
    restrictions = _describe_restrictions(facts, as_of, frozenset(lost["restriction_id"]))
    is_certain = restrictions["is_reaching_everyone"]
    if len(tables["chances"]):
        is_certain &= ~chances.is_reported_once(restrictions, linked["restriction_id"])
    restrictions = durations.measure_hours(restrictions.assign(is_certain=is_certain), linked)
    learned = tables["duration_laws"]
    laws = durations.read_laws(learned) if len(learned) else durations.fit_laws(restrictions)
    for predict in (durations.predict_days, durations.predict_hours):
        restrictions = restrictions.join(predict(laws, restrictions))
    targets = tables["restriction_targets"].sort_values(
        ["restriction_id", "platform_id", "feature"], ignore_index=True
    )
    requested = _list_audiences(restrictions, targets, tables)
    return Scope(restrictions, targets, requested, linked, as_of)


def _describe_restrictions(
    restrictions: pd.DataFrame, as_of: date, lost_in_part: Collection[str]
) -> pd.DataFrame:
    """Return restrictions with flags of whom they affect; `lost_in_part` have a lost share."""
    starts = restrictions[["announced_on_start", "observed_from_start"]].min(axis=1)
    has_region = restrictions["area_ids"].str.split(";").map(lambda ids: any(map(is_region, ids)))
    networks = restrictions["network_scope"]
    described = restrictions.assign(
        start=starts.fillna(pd.Timestamp(as_of)),
        is_start_known=starts.notna(),
        is_subnational=(restrictions["geo_scope"] != GeoScope.NATIONAL.value) | has_region,
        is_some_networks=~networks.isin([NetworkScope.ALL.value, NetworkScope.UNKNOWN.value]),
        is_networks_unknown=networks == NetworkScope.UNKNOWN.value,
        is_never_enforced=(restrictions["severity"] == Severity.NONE.value)
        | (restrictions["end_status"] == EndStatus.WITHDRAWN.value),
        # Facts that are entered by hand seldom say who ordered the block of a service.
        is_order=restrictions["is_ordered"] != YesNo.NO.value,
    )
    partial = described[["is_subnational", "is_some_networks", "is_networks_unknown"]].any(axis=1)
    partial |= ~described["is_start_known"] | described["restriction_id"].isin(lost_in_part)
    return described.assign(
        is_partial=partial, is_reaching_everyone=~(partial | described["is_never_enforced"])
    )


def _list_audiences(
    restrictions: pd.DataFrame, targets: pd.DataFrame, tables: Tables
) -> pd.DataFrame:
    """Return every AUDIENCE; the whole internet replaces single services.

    Services that ended before the start are left out beside others. A restriction of unknown
    targets has one blank platform, so that it does not vanish from the results.
    """
    services = targets[["restriction_id", "platform_id"]].drop_duplicates()
    is_network = services["platform_id"] == WHOLE_INTERNET
    network = services.loc[is_network, "restriction_id"]
    is_swallowed = services["restriction_id"].isin(network) & ~is_network
    starts = restrictions.set_index("restriction_id")["start"]
    start = starts.reindex(services["restriction_id"]).set_axis(services.index)
    is_over = populations.has_ended(services["platform_id"], start, tables["platforms"])
    all_over = is_over.groupby(services["restriction_id"]).transform("all")
    parents = parents_of(tables["areas"])
    countries = restrictions["area_ids"].str.split(";").map(lambda ids: countries_of(ids, parents))
    places = restrictions[["restriction_id", "start", "continues"]].assign(country_id=countries)
    services = services[~(is_swallowed | (is_over & ~all_over))]
    rows = places.explode("country_id").merge(services, on="restriction_id", how="left")
    rows["platform_id"] = rows["platform_id"].astype("str").fillna("")
    rows = rows.sort_values(AUDIENCE, ignore_index=True)
    pair = ["restriction_id", "platform_id"]
    is_hit = targets["feature"].isin(HIT_FEATURES).groupby([targets[name] for name in pair]).any()
    has_users = ~pd.MultiIndex.from_frame(rows[pair]).isin(is_hit.index[~is_hit])
    has_users &= ~populations.has_ended(rows["platform_id"], rows["start"], tables["platforms"])
    return _add_first_step(rows).assign(is_existing_use=has_users)


def _add_first_step(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with `before`, the start of the first step, and `is_step`."""
    place = ["country_id", "platform_id"]
    keys = pd.MultiIndex.from_frame(rows[AUDIENCE])
    earlier = pd.MultiIndex.from_frame(rows[["continues", *place]])
    first = rows["start"]
    while True:
        continued = pd.Series(first.to_numpy(), keys).reindex(earlier).set_axis(rows.index)
        sooner = first.where(~(continued < first), continued)
        if sooner.equals(first):
            return rows.assign(before=first, is_step=first < rows["start"])
        first = sooner
