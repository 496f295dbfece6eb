"""The walk itself: typed facts in, result tables out.

`calculate` is a list of steps over whole tables; no loop runs over restrictions. The method
version changes whenever the meaning of a published number does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.audiences import features, figures
from audience_impact.audiences import universes as denominators
from audience_impact.bounds import measured
from audience_impact.bounds import sharp as bounds
from audience_impact.bounds.measured import PLACE, Settled
from audience_impact.facts.tables import Finding, Tables
from audience_impact.outputs import area_comparisons as compare_areas
from audience_impact.outputs import comparisons as compare
from audience_impact.outputs import impact as results
from audience_impact.outputs import impact_by_group as groups
from audience_impact.outputs import lineage as provenance
from audience_impact.outputs import person_days as times
from audience_impact.outputs import reach_lost as lost
from audience_impact.outputs import rules as review
from audience_impact.outputs import sensitivity
from audience_impact.simulation import inputs as modelling
from audience_impact.simulation import simulate as outcomes
from audience_impact.simulation import timeline as sweep
from audience_impact.simulation.distributions import Sampler
from audience_impact.vocabulary import WHOLE_INTERNET

METHOD_VERSION = "2.0"
DRAWS = 1000


@dataclass(frozen=True)
class Settings:
    """What a run may ask for; `workers` changes no byte."""

    seed: int = 0
    draws: int = DRAWS
    workers: int = 1
    repair: bool = False
    sensitivity: bool = True


@dataclass(frozen=True)
class Walk:
    """What the walk has worked out so far; every table is indexed or keyed by restriction_id."""

    events: pd.DataFrame
    targets: pd.DataFrame
    audiences: pd.DataFrame
    chosen: pd.DataFrame
    relays: pd.DataFrame
    places: pd.DataFrame
    bounds: pd.DataFrame
    settled: tuple[Settled, ...]
    daily: pd.DataFrame
    shares: pd.DataFrame
    keepers: pd.DataFrame
    lost: pd.DataFrame


@dataclass(frozen=True)
class Calculated:
    """The published tables, and what the walk found wrong with the facts on its way."""

    tables: Tables
    findings: tuple[Finding, ...]
    broken: dict[str, list[str]]


def newest_access(tables: Tables) -> date:
    """The newest date of access in the facts: the default of `as_of`."""
    newest = tables["sources"]["accessed_on_end"].max() - pd.Timedelta(days=1)
    return date(newest.year, newest.month, newest.day)


def calculate(tables: Tables, as_of: date, settings: Settings | None = None) -> Calculated:
    """Published tables from typed facts.

    `tables` as given by `facts.typed`, every key resolving. Returns frames with the columns
    of the published contracts; quality and quarantine are the caller's.
    """
    wanted = settings or Settings()
    walk, found = walked(tables, as_of, wanted.repair)
    model = modelling.modelled(walk, tables, as_of)
    drawn = outcomes.draw(model, Sampler(wanted.seed, wanted.draws), wanted.workers)
    impact = results.impact(walk, model, drawn, as_of)
    by_platform = results.by_platform(walk, model, as_of)
    by_area = times.impact_by_area(model, Sampler(wanted.seed, wanted.draws), wanted.workers, as_of)
    sampler = Sampler(wanted.seed, wanted.draws)
    return Calculated(
        {
            "impact": impact,
            "impact_by_platform": by_platform,
            "impact_by_area": by_area,
            "area_comparisons": compare_areas.comparisons(tables, by_area),
            "impact_by_group": groups.by_group(walk, tables, as_of),
            "person_days": times.person_days(model, sampler, wanted.workers, as_of),
            "sensitivity": sensitivity.table(model, drawn, wanted, impact),
            "restrictions": results.restrictions(walk, tables, as_of),
            "comparisons": compare.comparisons(
                tables, impact, by_platform, walk.relays, walk.chosen
            ),
            "lineage": provenance.lineage(walk, tables),
            "sources": provenance.sources(tables),
        },
        tuple(found),
        review.broken(walk, impact),
    )


def walked(tables: Tables, as_of: date, repair: bool = False) -> tuple[Walk, Sequence[Finding]]:
    """Everything that follows without a draw, and the contradictions met on the way."""
    events = _events(tables["restrictions"], as_of)
    targets = _targets(tables["restriction_targets"])
    pairs = _pairs(events, targets)
    known = figures.candidates(tables)
    relays = figures.before(pairs, known)
    chosen = figures.choose(relays)
    audiences = pd.concat(
        [
            figures.audiences(pairs[pairs["platform_id"] != WHOLE_INTERNET], chosen),
            denominators.internet_users(pairs[pairs["platform_id"] == WHOLE_INTERNET], tables),
        ],
        ignore_index=True,
    )
    audiences = denominators.with_base(audiences, tables)
    before = measured.speaking(audiences, tables)
    settled = measured.settle(before, repair)
    places = _places(audiences, settled)
    limits = _bounds(events, places, tables)
    walk = Walk(
        events,
        targets,
        audiences,
        chosen,
        relays,
        places,
        limits,
        tuple(settled),
        sweep.daily(pairs, known),
        features.shares(audiences, targets, tables),
        features.keepers(pd.Index(events["restriction_id"]), tables),
        lost.compared(chosen, known, limits, pairs.groupby("restriction_id").size()),
    )
    return walk, measured.findings(settled, before, chosen, tables)


def _events(restrictions: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Restrictions with their start, the countries they touch and whether only in part."""
    starts = restrictions[["announced_on_start", "observed_from_start"]].min(axis=1)
    areas = restrictions["area_ids"].str.split(";")
    return restrictions.assign(
        start=starts.fillna(pd.Timestamp(as_of)),
        start_known=starts.notna(),
        country_id=areas.map(lambda ids: sorted({area[:2] for area in ids})),
        partial=(restrictions["geo_scope"] != "national")
        | areas.map(lambda ids: any("-" in area for area in ids)),
        some_networks=~restrictions["network_scope"].isin(["all", "unknown"]),
        networks_unknown=restrictions["network_scope"] == "unknown",
        never=(restrictions["severity"] == "none") | (restrictions["end_status"] == "withdrawn"),
    )


def _targets(targets: pd.DataFrame) -> pd.DataFrame:
    """All targets, whoever says so; the claim stands beside each in what is published."""
    return targets.sort_values(["restriction_id", "platform_id", "feature"], ignore_index=True)


def _pairs(events: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Every (restriction, country, platform); the whole internet swallows single platforms.

    An act whose targets are all unknown or were refused has one blank platform: its audience is
    unknown, and the act does not vanish from the results.
    """
    wanted = targets[["restriction_id", "platform_id"]].drop_duplicates()
    network = wanted.loc[wanted["platform_id"] == WHOLE_INTERNET, "restriction_id"]
    swallowed = wanted["restriction_id"].isin(network) & (wanted["platform_id"] != WHOLE_INTERNET)
    columns = ["restriction_id", "country_id", "start"]
    places = events[columns].explode("country_id")
    pairs = places.merge(wanted[~swallowed], on="restriction_id", how="left")
    pairs["platform_id"] = pairs["platform_id"].astype("str").fillna("")
    return pairs.sort_values(figures.PAIR, ignore_index=True)


def _places(audiences: pd.DataFrame, settled: Sequence[Settled]) -> pd.DataFrame:
    """Bounds by place: Frechet, or sharp where overlaps were measured."""
    inside = bounds.frechet(audiences, PLACE)
    groups = audiences.groupby(PLACE, sort=True)
    inside["base_persons"] = groups["base_persons"].first()
    inside["population_persons"] = groups["population_persons"].first()
    inside["sharp"] = False
    for one in settled:
        if one.used:
            upper = one.sharp.upper if np.isfinite(one.sharp.upper) else np.nan
            whole = len(one.place.audiences) == groups.size()[one.place.key]
            inside.loc[one.place.key, "lower_persons"] = one.sharp.lower
            if whole:  # an audience that is not known can add to the union
                inside.loc[one.place.key, ["upper_persons", "sharp"]] = [upper, True]
    return inside


def _bounds(events: pd.DataFrame, places: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Bounds by restriction: those of its places, added over disjoint countries."""
    parts = places.drop(columns="sharp").groupby("restriction_id")
    total = parts.sum(skipna=False)
    about = events.set_index("restriction_id").reindex(total.index)
    part = modelling.in_part(about)
    total["lower_persons"] = total["lower_persons"].where(~(part | about["never"]), 0.0)
    regional = denominators.regional_limit(about, tables)
    upper = pd.concat([total["upper_persons"], regional], axis=1).min(axis=1)
    total["upper_persons"] = upper.where(~about["never"], 0.0)
    return total
