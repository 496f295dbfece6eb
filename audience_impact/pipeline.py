"""The pipeline from typed facts to result tables.

No loop runs over restrictions. The method version changes whenever the meaning of a published
number does. A run is computed in parts, and tables of several countries are merged: partition.py.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from audience_impact.audiences.inputs import Inputs, gather_inputs
from audience_impact.audiences.scope import Scope, build_scope
from audience_impact.bounds.restrictions import Bounds, bound_restrictions
from audience_impact.facts.tables import Finding, Tables
from audience_impact.fitted.models import Context, read_context
from audience_impact.outputs import areas, impact_by_area, impact_by_day
from audience_impact.outputs.area_names import add_names
from audience_impact.outputs.areas import Sets
from audience_impact.outputs.comparisons import make_comparisons
from audience_impact.outputs.impact import make_impact
from audience_impact.outputs.impact_by_day import OnDays
from audience_impact.outputs.lineage import make_lineage
from audience_impact.outputs.person_days import make_person_days
from audience_impact.outputs.restrictions import make_impact_by_platform, make_restrictions
from audience_impact.outputs.review import confidence, rules
from audience_impact.outputs.review.reasons import find_no_estimate_reason
from audience_impact.outputs.sensitivity import make_sensitivity
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import (
    Draws,
    Simulation,
    SimulationInputs,
    make_simulation_inputs,
)
from audience_impact.simulation.timeline import list_countries_in_force
from audience_impact.simulation.worlds import widen_inputs
from audience_impact.tracing.candidates import make_candidates
from audience_impact.tracing.steps import make_steps
from audience_impact.vocabulary import RestrictionKind

METHOD_VERSION = "4.0"
DRAWS = 1000


@dataclass(frozen=True)
class Settings:
    """The options of a run."""

    seed: int = 0
    draws: int = DRAWS


class Selection(NamedTuple):
    """The restrictions to which a run is limited, and the countries with all their restrictions."""

    restrictions: frozenset[str]
    countries: frozenset[str]


@dataclass(frozen=True)
class Stages:
    """The results of the stages before the draws."""

    scope: Scope
    context: Context
    inputs: Inputs
    bounds: Bounds
    simulation: SimulationInputs


def find_newest_access(tables: Tables) -> date:
    """Return the last day on or after which two sources were read: the default of `as_of`.

    A single wrong day of access cannot move this day beyond the newest of the others.
    """
    newest = tables["sources"]["accessed_on_end"].nlargest(2).min() - pd.Timedelta(days=1)
    return date(newest.year, newest.month, newest.day)


def rate_countries_of(rows: pd.DataFrame, run: "Outputs") -> pd.DataFrame:
    """Return totals by month and year with the confidence of those of countries.

    Only totals of all restrictions are rated.
    """
    in_force = list_countries_in_force(run.stages.simulation.timeline)
    rated = confidence.rate_countries(select_all(rows), run["impact"], in_force)
    return rows.assign(confidence=rated.reindex(rows.index).fillna(""))


def select_all(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the totals of all kinds of restrictions together."""
    return rows[rows["kind"] == RestrictionKind.ALL.value]


def finish_areas(
    rows: pd.DataFrame, regions: pd.DataFrame, register_rows: pd.DataFrame
) -> pd.DataFrame:
    """Return totals by month and year, of which the last edition of a register is known.

    Rows of countries have their `confidence`; `regions` as areas.list_regions returns them.
    """
    marked = areas.mark_uncovered(rows, register_rows)
    rated = confidence.rate_regions(select_all(marked), regions)
    return marked.assign(confidence=rated.reindex(marked.index).fillna(""))


class Outputs(Mapping[str, pd.DataFrame]):
    """The tables OUTPUTS of a run by name, each computed on first access.

    `stages` as `prepare_run` returns them.
    """

    def __init__(self, stages: Stages, settings: Settings) -> None:
        self.facts, self.stages = stages.context.tables, stages
        self.simulation = Simulation(stages.simulation, Sampler(settings.seed, settings.draws))
        self._made: Tables = {}

    @cached_property
    def draws(self) -> Draws:
        """Return draws of every metric."""
        return self.simulation.draw_metrics()

    @cached_property
    def in_periods(self) -> Sets:
        """Return the people of countries by month and year."""
        return impact_by_area.draw_periods(self.simulation)

    @cached_property
    def on_days(self) -> OnDays:
        """Return the people of countries by day."""
        return impact_by_day.draw_days(self.simulation, self.stages.scope.as_of)

    def make_areas(self) -> pd.DataFrame:
        """Return the table `impact_by_area`, of countries and of regions."""
        countries = self.in_periods.table["country_id"]
        by_country = {name: self.in_periods.of_country(name) for name in sorted(set(countries))}
        places = areas.list_areas_of(self.facts["areas"], countries)
        reason = find_no_estimate_reason(self.stages.simulation)
        rows = impact_by_area.make_rows(by_country, places, reason, self.stages.scope.as_of)
        regions = areas.list_regions(self.facts["areas"], countries)
        return finish_areas(rate_countries_of(rows, self), regions, self.facts["register_rows"])

    def release_answers(self) -> None:
        """Free the draws that no table of areas needs."""
        self.__dict__.pop("draws", None)
        self.simulation.release_answers()

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return the table of a name."""
        if name not in self._made:
            made = OUTPUTS[name](self, self.stages)
            self._made[name] = add_names(name, made, self.facts["areas"])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names of all tables."""
        return iter(OUTPUTS)

    def __len__(self) -> int:
        """Return the number of all tables."""
        return len(OUTPUTS)


OUTPUTS: dict[str, Callable[[Outputs, Stages], pd.DataFrame]] = {
    "impact": lambda run, s: make_impact(s.scope, s.inputs, s.bounds, s.simulation, run.draws),
    "impact_by_platform": lambda run, s: make_impact_by_platform(
        s.scope, s.inputs, s.simulation, run.facts["platforms"]
    ),
    "impact_by_area": lambda run, s: run.make_areas(),
    "person_days": lambda run, s: make_person_days(run.simulation, s.scope.as_of),
    "sensitivity": lambda run, s: make_sensitivity(run.simulation, run.draws, run["impact"]),
    "restrictions": lambda run, s: make_restrictions(s.scope, run.facts),
    "comparisons": lambda run, s: make_comparisons(
        run.facts, run["impact"], run["impact_by_platform"], s.inputs
    ),
    "lineage": lambda run, s: make_lineage(s.scope, s.inputs, s.bounds, run.facts),
    "candidates": lambda run, s: make_candidates(s.scope, s.inputs, s.context),
    "steps": lambda run, s: make_steps(s.scope, s.inputs, s.bounds, run.simulation, s.context),
}
"""The function that computes each table of restrictions, and that of areas, in their order."""


def collect_review_input(stages: Stages, results: Tables) -> rules.ReviewInput:
    """Return the tables that the rules over results read."""
    return replace(
        rules.make_review_input(results["impact"], stages.scope, stages.inputs),
        by_platform=results["impact_by_platform"],
        by_area=select_all(results["impact_by_area"]),
        person_days=results["person_days"],
        in_force=list_countries_in_force(stages.simulation.timeline),
        bases=stages.context.tables["bases"],
    )


def prepare_run(
    tables: Tables, as_of: date, only: Selection | None = None
) -> tuple[Stages, list[Finding]]:
    """Return all stages before the draws, and the contradictions between facts.

    `tables` are typed facts in which every key resolves. With `only`, rows of other restrictions
    and countries are ignored; the numbers of those chosen stay the same to the last byte.
    """
    run_scope = build_scope(tables, as_of)
    chosen = run_scope if only is None else run_scope.narrow_to(*only)
    return prepare_stages(chosen, read_context(tables))


def prepare_stages(run_scope: Scope, context: Context) -> tuple[Stages, list[Finding]]:
    """Return the stages before the draws of the restrictions of a scope, and the contradictions."""
    audience_inputs = gather_inputs(run_scope, context)
    widened = widen_inputs(audience_inputs)
    limits, findings = bound_restrictions(run_scope, audience_inputs, widened, context)
    simulation = make_simulation_inputs(run_scope, audience_inputs, widened, limits, context)
    return Stages(run_scope, context, audience_inputs, limits, simulation), findings
