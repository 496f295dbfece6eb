"""From typed facts to result tables: seven stages, each taking only what it reads.

No loop runs over restrictions. The method version changes whenever the meaning of a published
number does.

A register is computed in parts: partition.py.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from audience_impact.audiences import parts
from audience_impact.audiences.inputs import Inputs, inputs
from audience_impact.audiences.scope import Scope, scope
from audience_impact.bounds.restrictions import Bounds, bounds
from audience_impact.facts.tables import Finding, Tables
from audience_impact.fitted.models import FittedModels, read_models
from audience_impact.outputs import impact_by_area, impact_by_day
from audience_impact.outputs.area_comparisons import area_comparisons
from audience_impact.outputs.comparisons import comparisons
from audience_impact.outputs.impact import impact
from audience_impact.outputs.impact_by_area import InPeriods
from audience_impact.outputs.impact_by_day import OnDays
from audience_impact.outputs.impact_by_group import impact_by_group
from audience_impact.outputs.impact_by_platform import impact_by_platform
from audience_impact.outputs.lineage import lineage, sources
from audience_impact.outputs.person_days import person_days
from audience_impact.outputs.reach_lost import reach_lost
from audience_impact.outputs.restrictions import restrictions
from audience_impact.outputs.review import rules
from audience_impact.outputs.review.reasons import silence
from audience_impact.outputs.sensitivity import sensitivity
from audience_impact.places import nesting
from audience_impact.simulation.inputs import SimulationInputs, simulation_inputs
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Draws, simulate
from audience_impact.simulation.timeline import countries_in_force

METHOD_VERSION = "3.0"
DRAWS = 1000


@dataclass(frozen=True)
class Settings:
    """What a run may ask for."""

    seed: int = 0
    draws: int = DRAWS
    repair: bool = False
    sensitivity: bool = True


class Only(NamedTuple):
    """What is wanted where it is not everything: restrictions, and all that befell countries."""

    restrictions: frozenset[str]
    countries: frozenset[str]


@dataclass(frozen=True)
class Stages:
    """What the stages up to the draws hand on."""

    scope: Scope
    fitted: FittedModels
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


class Outputs(Mapping[str, pd.DataFrame]):
    """The published tables of a run by name, each made when it is asked for first.

    `tables` are typed facts; `found` is what `prepared` makes of them.
    """

    def __init__(self, tables: Tables, found: Stages, wanted: Settings) -> None:
        self.facts, self.stages = tables, found
        self.sampler = Sampler(wanted.seed, wanted.draws)
        self.shares = wanted.sensitivity
        self._made: Tables = {}

    @cached_property
    def draws(self) -> Draws:
        """Draws of every metric."""
        return simulate(self.stages.simulation, self.sampler)

    @cached_property
    def in_periods(self) -> InPeriods:
        """People of countries by month and year."""
        return impact_by_area.in_periods(self.stages.simulation, self.sampler)

    @cached_property
    def on_days(self) -> OnDays:
        """People of countries by day."""
        as_of = self.stages.scope.as_of
        return impact_by_day.on_days(self.stages.simulation, self.sampler, as_of)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """The table of a name."""
        if name not in self._made:
            self._made[name] = OUTPUTS[name](self, self.stages)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """The names of all tables."""
        return iter(OUTPUTS)

    def __len__(self) -> int:
        """The number of all tables."""
        return len(OUTPUTS)


OUTPUTS: dict[str, Callable[[Outputs, Stages], pd.DataFrame]] = {
    "impact": lambda run, s: impact(s.scope, s.inputs, s.bounds, s.simulation, run.draws, s.lost),
    "impact_by_platform": lambda run, s: impact_by_platform(
        s.scope,
        s.inputs.audiences,
        s.bounds,
        s.simulation.timeline.periods,
        run.facts["platforms"],
    ),
    "impact_by_area": lambda run, s: impact_by_area.whole(
        run.in_periods, run.facts["areas"], silence(s.simulation), s.scope.as_of
    ),
    "impact_by_day": lambda run, s: impact_by_day.whole(
        run.on_days, run.facts["areas"], silence(s.simulation), s.scope.as_of
    ),
    "area_comparisons": lambda run, s: area_comparisons(run.facts, run["impact_by_area"]),
    "impact_by_group": lambda run, s: impact_by_group(s.scope, s.inputs.audiences.sizes, run.facts),
    "person_days": lambda run, s: person_days(s.simulation, run.sampler, s.scope.as_of),
    "sensitivity": lambda run, s: sensitivity(
        s.simulation, run.draws, run.sampler if run.shares else None, run["impact"]
    ),
    "restrictions": lambda run, s: restrictions(s.scope, run.facts),
    "comparisons": lambda run, s: comparisons(
        run.facts, run["impact"], run["impact_by_platform"], s.inputs.figures
    ),
    "lineage": lambda run, s: lineage(s.scope, s.inputs, s.bounds, s.lost, run.facts),
    "sources": lambda run, s: sources(run.facts),
}
"""How each published table is made, in the order in which they are told of."""


def reviewed(stages: Stages, found: Tables, tables: Tables) -> rules.Reviewed:
    """What the rules over results look at."""
    return replace(
        rules.reviewed(found["impact"], stages.scope, stages.inputs),
        by_platform=found["impact_by_platform"],
        by_area=found["impact_by_area"],
        person_days=found["person_days"],
        in_force=countries_in_force(stages.simulation.timeline),
        bases=tables["bases"],
        residents=_residents(stages.inputs.parts, tables),
    )


def _residents(named: pd.DataFrame, tables: Tables) -> pd.Series:
    """The people of the places named, at most, of restrictions that name places alone."""
    people = parts.most_residents(named, nesting.parents(tables["areas"]))
    below = people.index.isin(parts.below_country(named))
    total = people.where(below).groupby("restriction_id")
    return total.sum(skipna=False)


def prepared(
    tables: Tables, as_of: date, repair: bool = False, only: Only | None = None
) -> tuple[Stages, list[Finding]]:
    """Everything that follows without a draw, and the contradictions met on the way.

    `tables` as given by `facts.tables.typed`, every key resolving. With `only`, rows of other
    restrictions and countries say nothing; those asked for are the same to the last byte.
    """
    asked = scope(tables, as_of)
    return prepare_stages(
        asked if only is None else asked.of(*only), tables, repair, read_models(tables)
    )


def prepare_stages(
    asked: Scope, tables: Tables, repair: bool, fitted: FittedModels
) -> tuple[Stages, list[Finding]]:
    """Return the stages up to the draws of the restrictions of a scope, as `prepared` does."""
    known = inputs(asked, tables, fitted)
    limits, findings = bounds(asked, known, tables, repair)
    simulation = simulation_inputs(asked, known, limits, tables, fitted)
    lost = reach_lost(asked, known.figures, known.errors, limits.exposed)
    return Stages(asked, fitted, known, limits, simulation, lost), findings
