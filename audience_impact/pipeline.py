"""From typed facts to result tables: seven stages, each taking only what it reads.

No loop runs over restrictions. The method version changes whenever the meaning of a published
number does.
"""

from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from audience_impact.audiences import parts
from audience_impact.audiences.inputs import Inputs, inputs
from audience_impact.audiences.scope import Scope, scope
from audience_impact.bounds.restrictions import Bounds, bounds
from audience_impact.facts.tables import Finding, Tables
from audience_impact.outputs.area_comparisons import area_comparisons
from audience_impact.outputs.comparisons import comparisons
from audience_impact.outputs.impact import impact
from audience_impact.outputs.impact_by_area import impact_by_area
from audience_impact.outputs.impact_by_day import impact_by_day
from audience_impact.outputs.impact_by_group import impact_by_group
from audience_impact.outputs.impact_by_platform import impact_by_platform
from audience_impact.outputs.lineage import lineage
from audience_impact.outputs.person_days import person_days
from audience_impact.outputs.reach_lost import reach_lost
from audience_impact.outputs.restrictions import restrictions
from audience_impact.outputs.review import rules
from audience_impact.outputs.sensitivity import sensitivity
from audience_impact.outputs.sources import sources
from audience_impact.places import nesting
from audience_impact.simulation.inputs import SimulationInputs, simulation_inputs
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Draws, simulate
from audience_impact.simulation.timeline import countries_in_force

METHOD_VERSION = "3.0"
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
class Calculated:
    """The published tables, and what was found wrong with the facts on the way."""

    tables: Tables
    findings: tuple[Finding, ...]
    broken: dict[str, list[str]]


@dataclass(frozen=True)
class Stages:
    """What the stages up to the draws hand on."""

    scope: Scope
    inputs: Inputs
    bounds: Bounds
    simulation: SimulationInputs
    lost: pd.DataFrame


def newest_access(tables: Tables) -> date:
    """The last day on which, or after which, two sources were read: the default of `as_of`.

    One wrong day of access cannot move it beyond the newest of the others.
    """
    newest = tables["sources"]["accessed_on_end"].nlargest(2).min() - pd.Timedelta(days=1)
    return date(newest.year, newest.month, newest.day)


def calculate(tables: Tables, as_of: date, settings: Settings | None = None) -> Calculated:
    """Published tables from typed facts.

    `tables` as given by `facts.tables.typed`, every key resolving. Returns frames with the columns
    of the published contracts; quality and quarantine are the caller's.

    Raises:
        FrameError: A stage hands on a frame that is not what it declares: a fault of the code.
    """
    wanted = settings or Settings()
    sampler = Sampler(wanted.seed, wanted.draws)
    stages, findings = prepared(tables, as_of, wanted.repair)
    draws = simulate(stages.simulation, sampler, wanted.workers)
    found = _tables(stages, draws, tables, sampler, wanted)
    return Calculated(found, tuple(findings), rules.broken(reviewed(stages, found, tables)))


def reviewed(stages: Stages, found: Tables, tables: Tables) -> rules.Reviewed:
    """What the rules over results look at."""
    return replace(
        rules.reviewed(found["impact"], stages.scope, stages.inputs),
        by_platform=found["impact_by_platform"],
        by_area=found["impact_by_area"],
        in_force=countries_in_force(stages.simulation.timeline),
        bases=tables["bases"],
        residents=_residents(stages.inputs, tables),
    )


def _residents(known: Inputs, tables: Tables) -> pd.Series:
    """The people of the places named, at most, of restrictions that name places alone."""
    people = parts.most_residents(known.parts, nesting.parents(tables["areas"]))
    below = people.index.isin(parts.below_country(known.parts))
    total = people.where(below).groupby("restriction_id")
    return total.sum(skipna=False)


def prepared(tables: Tables, as_of: date, repair: bool = False) -> tuple[Stages, list[Finding]]:
    """Everything that follows without a draw, and the contradictions met on the way."""
    asked = scope(tables, as_of)
    known = inputs(asked, tables)
    limits, findings = bounds(asked, known, tables, repair)
    simulation = simulation_inputs(asked, known, limits, tables)
    lost = reach_lost(asked, known, limits.exposed)
    return Stages(asked, known, limits, simulation, lost), findings


def _tables(
    stages: Stages, draws: Draws, tables: Tables, sampler: Sampler, wanted: Settings
) -> Tables:
    """Every published table, by name."""
    asked, known, limits = stages.scope, stages.inputs, stages.bounds
    simulation, workers = stages.simulation, wanted.workers
    people = impact(asked, known, limits, simulation, draws, stages.lost)
    by_platform = impact_by_platform(asked, known, limits, simulation.timeline.periods)
    by_area = impact_by_area(simulation, sampler, workers, asked.as_of, tables["areas"])
    return {
        "impact": people,
        "impact_by_platform": by_platform,
        "impact_by_area": by_area,
        "impact_by_day": impact_by_day(simulation, sampler, workers, asked.as_of, tables["areas"]),
        "area_comparisons": area_comparisons(tables, by_area),
        "impact_by_group": impact_by_group(asked, known, tables),
        "person_days": person_days(simulation, sampler, workers, asked.as_of),
        "sensitivity": sensitivity(
            simulation, draws, sampler if wanted.sensitivity else None, workers, people
        ),
        "restrictions": restrictions(asked, tables),
        "comparisons": comparisons(tables, people, by_platform, known),
        "lineage": lineage(asked, known, limits, stages.lost, tables),
        "sources": sources(tables),
    }
