"""The chance that a restriction happened, was complete, was still on, and is an event of its own.

Definitions. Each chance has groups, and a restriction is in one group of each, or in none where the
chance does not apply. Happened: by who confirms it (a measurement, an authority, or nobody).
Complete, which means that everyone in the places named, on the networks named, was cut: by its
extent (a part by its own words, the country, places below it). Still on, at the end of the last
year whose edition lists it: by its end (ongoing, not known) and whether networks or services were
cut. Distinct, which means another event than those before it: by whether one began at most NEAR
days before it that has a service and an area in common. A restriction is confirmed unless only one
report speaks for it, or it may repeat a neighbour.

Method. The chance of a group has a beta distribution (fitting/shares.py).

Assumptions. Restrictions kept by hand are as sure as rows of a register with the same evidence.

Known drawbacks. Measured outages confirm a restriction and are no part of the fit: probes see
mostly fixed networks, so that the absence of an outage says little.

Citation. Gelman et al. (2013), as in fitting/shares.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.populations import parents_of, with_holders
from audience_impact.vocabulary import (
    Chance,
    ChanceGroup,
    ClaimStatus,
    EndStatus,
    EvidenceState,
    GeoScope,
    NetworkScope,
    PlaceReading,
    Severity,
)

NEAR = pd.Timedelta(days=3)
COLUMNS = {chance.value: f"chance_{chance.value}_share" for chance in Chance}
MEASURED = [EvidenceState.BLOCKED.value, EvidenceState.DOWN.value, EvidenceState.IMPAIRED.value]
ONE_REPORT = ChanceGroup.ONE_REPORT.value
NETWORK_CUTS = [Severity.NETWORK_UNAVAILABLE.value, Severity.IMPAIRED.value]
DRAWN = (Chance.HAPPENED.value, Chance.DISTINCT.value)
"""What is drawn of each event in the totals of countries."""
PARAMETERS = ["share", "weight"]
"""The mean of the beta distribution of a group, and the sum of its two parameters."""


@dataclass(frozen=True)
class Chances:
    """The chances of restrictions."""

    groups: pd.DataFrame  # of each restriction in each chance, blank where none applies
    fitted: pd.DataFrame  # PARAMETERS by group; without rows every restriction counts in every draw

    def is_confirmed(self, restrictions: "pd.Series[str]") -> "pd.Series[bool]":
        """Return whether more than one report speaks for each and it repeats no neighbour."""
        is_doubtful = restrictions.map(self.groups[Chance.HAPPENED.value]).eq(ONE_REPORT)
        neighbours = restrictions.map(self.groups[Chance.DISTINCT.value])
        is_doubtful |= neighbours.eq(ChanceGroup.NEAR.value)
        return ~is_doubtful | self.fitted.empty

    def list_shares(self) -> pd.DataFrame:
        """Return COLUMNS of each restriction; NaN where a chance does not apply."""
        share = self.fitted["share"]
        shares = {COLUMNS[name]: group.map(share) for name, group in self.groups.items()}
        return pd.DataFrame(shares, self.groups.index, dtype="float64")

    def draw_present(
        self, restrictions: pd.Index, draw_uniforms: Callable[[Sequence[str]], Array]
    ) -> pd.DataFrame | None:
        """Return 1 where a restriction happened and is distinct, else 0: (restrictions, D)."""
        if self.fitted.empty or restrictions.empty:
            return None
        share, weight = (self.fitted[name].to_numpy("float64")[:, None] for name in PARAMETERS)
        u = draw_uniforms([f"chance|{group}" for group in self.fitted.index])
        chance = betaincinv(share * weight, (1.0 - share) * weight, u)
        with_certain = np.vstack([chance, np.ones((1, chance.shape[1]))])
        uniforms = draw_uniforms([f"present|{name}" for name in restrictions])
        groups = self.groups.loc[restrictions, list(DRAWN)]
        at = [self.fitted.index.get_indexer(groups[name]) for name in DRAWN]  # -1: no chance
        both = np.prod([with_certain[rows] for rows in at], axis=0)
        return pd.DataFrame(uniforms < both, restrictions, dtype="float64")


def describe_chances(
    restrictions: pd.DataFrame, outages: "pd.Series[str]", tables: Tables, fitted: pd.DataFrame
) -> Chances:
    """Return the chances of restrictions; `outages` are the ids of those with a measured one."""
    about = restrictions.set_index("restriction_id")
    groups = pd.DataFrame(
        {
            Chance.HAPPENED.value: _group_by_evidence(about, outages),
            Chance.WHOLE.value: _group_by_extent(about, tables["restriction_places"]),
            Chance.ONGOING.value: _group_by_end(about),
            Chance.DISTINCT.value: _group_by_neighbours(about, tables),
        }
    )
    return Chances(groups.mask(about["is_never_enforced"], ""), fitted)


def is_reported_once(restrictions: pd.DataFrame, outages: "pd.Series[str]") -> "pd.Series[bool]":
    """Return whether neither a measurement nor an authority confirms each restriction."""
    group = _group_by_evidence(restrictions.set_index("restriction_id"), outages)
    return group.eq(ONE_REPORT).set_axis(restrictions.index)


def _group_by_evidence(about: pd.DataFrame, outages: "pd.Series[str]") -> "pd.Series[str]":
    state, status = about["evidence_state"], about["claim_status"]
    is_disputed = status == ClaimStatus.DISPUTED.value
    is_measured = (state.isin(MEASURED) | about.index.isin(outages)) & ~is_disputed
    says_so = (status == ClaimStatus.OFFICIAL.value) | (state == EvidenceState.LIKELY_BLOCKED.value)
    is_official = says_so & about["observed_from_start"].notna() & ~is_disputed
    group = pd.Series(ONE_REPORT, about.index).mask(is_official, ChanceGroup.OFFICIAL.value)
    return group.mask(is_measured, ChanceGroup.MEASURED.value)


def _group_by_extent(about: pd.DataFrame, places: pd.DataFrame) -> "pd.Series[str]":
    inside = places.loc[places["reading"] == PlaceReading.WITHIN.value, "restriction_id"]
    is_part = (
        (about["extent_reason"] != "")
        | (about["network_scope"] == NetworkScope.ASN_LIST.value)
        | about.index.isin(inside)
    )
    is_national = about["geo_scope"] == GeoScope.NATIONAL.value
    group = pd.Series(ChanceGroup.BELOW_COUNTRY.value, about.index)
    return group.mask(is_national, ChanceGroup.NATIONAL.value).mask(is_part, ChanceGroup.PART.value)


def _group_by_end(about: pd.DataFrame) -> "pd.Series[str]":
    status, is_network = about["end_status"], about["severity"].isin(NETWORK_CUTS)
    group = pd.Series("", about.index)
    for end, of_networks, of_services in (
        (EndStatus.ONGOING, ChanceGroup.ONGOING_NETWORK, ChanceGroup.ONGOING_SERVICE),
        (EndStatus.UNKNOWN, ChanceGroup.UNKNOWN_NETWORK, ChanceGroup.UNKNOWN_SERVICE),
    ):
        group = group.mask(status == end.value, of_services.value)
        group = group.mask((status == end.value) & is_network, of_networks.value)
    return group


def _group_by_neighbours(about: pd.DataFrame, tables: Tables) -> "pd.Series[str]":
    parents = parents_of(tables["areas"])
    services = tables["restriction_targets"][["restriction_id", "platform_id"]].drop_duplicates()
    areas = about["area_ids"].str.split(";").explode().rename("area_id").reset_index()
    areas = areas[areas["area_id"] != ""]
    events = areas.merge(services, on="restriction_id")
    events["day"] = about["first_day"].reindex(events["restriction_id"]).to_numpy()
    holders = events.assign(area_id=events["area_id"].map(lambda area: with_holders(area, parents)))
    pairs = events.merge(
        holders.explode("area_id"), on=["area_id", "platform_id"], suffixes=("", "_other")
    )
    gap, nothing = pairs["day_other"] - pairs["day"], pd.Timedelta(0)
    is_next = pairs["restriction_id_other"] > pairs["restriction_id"]
    is_later = (gap > nothing) | ((gap == nothing) & is_next)
    is_near = (gap.abs() <= NEAR) & (pairs["restriction_id"] != pairs["restriction_id_other"])
    later = pairs["restriction_id_other"].where(is_later, pairs["restriction_id"])[is_near]
    group = pd.Series(ChanceGroup.ALONE.value, about.index)
    return group.mask(about.index.isin(later), ChanceGroup.NEAR.value)
