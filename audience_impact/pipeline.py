"""The pipeline from typed facts to result tables, whole or in parts.

No loop runs over restrictions. The method version changes whenever the meaning of a published
number does. A run is divided into parts, each with the restrictions of some countries, so that
memory stays limited. Parameters are fitted to all facts before; draws are named by fact, so neither
the parts nor their order change a byte.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from audience_impact.audiences.inputs import Inputs, gather_inputs
from audience_impact.audiences.scope import Scope, build_scope
from audience_impact.bounds import Bounds, bound_restrictions
from audience_impact.facts.tables import Finding, Tables
from audience_impact.fitted import models
from audience_impact.fitted.models import Context, FittedModels
from audience_impact.frames import Array
from audience_impact.outputs import areas, over_time, person_days, restrictions
from audience_impact.outputs.area_names import add_names, list_areas_of, list_regions
from audience_impact.outputs.areas import Sets
from audience_impact.outputs.comparisons import make_area_comparisons, make_comparisons
from audience_impact.outputs.impact import make_impact
from audience_impact.outputs.lineage import make_lineage, make_sources
from audience_impact.outputs.queries import DayEngine, DaysByKind
from audience_impact.outputs.review import confidence, rules
from audience_impact.outputs.review.reasons import find_no_estimate_reason
from audience_impact.outputs.sensitivity import make_sensitivity
from audience_impact.simulation import simulate
from audience_impact.simulation.audiences import prepare_audiences
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Draws, Simulation, SimulationInputs
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


@dataclass(frozen=True)
class Stages:
    """The results of the stages before the draws."""

    scope: Scope
    context: Context
    inputs: Inputs
    bounds: Bounds
    simulation: SimulationInputs


def find_newest_access(tables: Tables) -> date:
    """Return the last day on or after which two sources were read, since one may be wrong."""
    newest = tables["sources"]["accessed_on_end"].nlargest(2).min() - pd.Timedelta(days=1)
    return date(newest.year, newest.month, newest.day)


def select_all(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the totals of all kinds of restrictions together."""
    return rows[rows["kind"] == RestrictionKind.ALL.value]


def finish_areas(
    rows: pd.DataFrame, regions: pd.DataFrame, register_rows: pd.DataFrame
) -> pd.DataFrame:
    """Return totals by month and year, marked beyond registers' editions; countries are rated."""
    marked = areas.mark_uncovered(rows, register_rows)
    rated = confidence.rate_regions(select_all(marked), regions)
    return marked.assign(confidence=rated.reindex(marked.index).fillna(""))


class Outputs(Mapping[str, pd.DataFrame]):
    """The tables OUTPUTS of a run by name, each computed on first access."""

    def __init__(self, stages: Stages, settings: Settings) -> None:
        self.facts, self.stages = stages.context.tables, stages
        self.simulation = Simulation(stages.simulation, Sampler(settings.seed, settings.draws))
        self._made: Tables = {}

    @cached_property
    def draws(self) -> Draws:
        """Return draws of every metric."""
        return self.simulation.draw_metrics()

    @cached_property
    def days_by_kind(self) -> DaysByKind:
        """Return the person-days of countries by month and year."""
        return DayEngine(self.simulation).count_by_kind()

    @cached_property
    def in_periods(self) -> Sets:
        """Return the people and person-days of countries by month and year."""
        return over_time.draw_periods(self.simulation, self.days_by_kind)

    @cached_property
    def on_days(self) -> Sets:
        """Return the people and person-days of countries by day."""
        return over_time.draw_days(self.simulation, self.stages.scope.as_of)

    def sum_periods(self, places: pd.DataFrame) -> pd.DataFrame:
        """Return totals by month and year of `places`, those of all restrictions rated."""
        simulation, as_of = self.stages.simulation, self.stages.scope.as_of
        reason = find_no_estimate_reason(simulation)
        rows = areas.make_rows([self.in_periods], places, reason, as_of)
        in_force = list_countries_in_force(simulation.timeline)
        rated = confidence.rate_countries(select_all(rows), self["impact"], in_force)
        return rows.assign(confidence=rated.reindex(rows.index).fillna(""))

    def make_areas(self) -> pd.DataFrame:
        """Return the table `impact_by_area`, of countries and of regions."""
        countries, facts = self.in_periods.table["country_id"], self.facts
        rows = self.sum_periods(list_areas_of(facts["areas"], countries))
        return finish_areas(rows, list_regions(facts["areas"], countries), facts["register_rows"])

    def release_answers(self) -> None:
        """Free the draws that no table of areas needs."""
        _ = self.days_by_kind  # which those tables need
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
    "impact": lambda run, s: make_impact(s.scope, s.simulation, run.draws),
    "impact_by_platform": lambda run, s: restrictions.make_impact_by_platform(
        s.scope, s.simulation, run.facts["platforms"]
    ),
    "impact_by_area": lambda run, s: run.make_areas(),
    "person_days": lambda run, s: person_days.make_person_days(run.simulation, s.scope.as_of),
    "sensitivity": lambda run, s: make_sensitivity(run.simulation, run.draws, run["impact"]),
    "restrictions": lambda run, s: restrictions.make_restrictions(s.scope, run.facts),
    "comparisons": lambda run, s: make_comparisons(
        run.facts, run["impact"], run["impact_by_platform"], s.inputs
    ),
    "lineage": lambda run, s: make_lineage(s.scope, s.simulation, run.facts),
    "candidates": lambda run, s: make_candidates(s.scope, s.inputs, s.context),
    "steps": lambda run, s: make_steps(s.scope, s.inputs, s.bounds, run.simulation, s.context),
}
"""The function that computes each table of restrictions, and that of areas, in their order."""


def collect_review_input(stages: Stages, results: Tables) -> rules.ReviewInput:
    """Return the tables that the rules over results read."""
    inputs = stages.inputs
    return rules.ReviewInput(
        results["impact"],
        stages.scope.restrictions,
        inputs.sizes,
        inputs.chosen,
        inputs.quality_flags,
        inputs.daily,
        results["impact_by_platform"],
        select_all(results["impact_by_area"]),
        results["person_days"],
        list_countries_in_force(stages.simulation.timeline),
        stages.context.tables["bases"],
    )


def prepare_run(
    tables: Tables, as_of: date, only: Collection[str] | None = None
) -> tuple[Stages, list[Finding]]:
    """Return all stages before the draws, and contradictions; of `only` some restrictions."""
    run_scope = build_scope(tables, as_of)
    chosen = run_scope if only is None else run_scope.narrow_to(only)
    return prepare_stages(chosen, models.read_context(tables))


def prepare_stages(run_scope: Scope, context: Context) -> tuple[Stages, list[Finding]]:
    """Return the stages before the draws of the restrictions of a scope, and the contradictions."""
    inputs = gather_inputs(run_scope, context)
    rows = prepare_audiences(inputs.sizes, inputs.distributions)
    widened = widen_inputs(inputs, rows)
    limits, findings = bound_restrictions(run_scope, inputs, widened, context)
    simulation = simulate.make_simulation_inputs(run_scope, inputs, rows, widened, limits, context)
    return Stages(run_scope, context, inputs, limits, simulation), findings


BY_RESTRICTION = ("restrictions", "restriction_targets", "restriction_places", "published_figures")
OF_RESTRICTIONS = tuple(name for name in OUTPUTS if name != "impact_by_area")
"""Tables whose rows belong to restrictions in a part; `person_days` also has rows of countries."""


@dataclass(frozen=True)
class SharedInput:
    """The input that all parts share; `tables` are the facts without those of BY_RESTRICTION."""

    tables: Tables
    fitted: FittedModels
    as_of: date
    settings: Settings


@dataclass(frozen=True)
class PartInput:
    """The restrictions of a part, selected from all, and their facts."""

    scope: Scope
    tables: Tables


@dataclass(frozen=True)
class PartResult:
    """The results of one part of a run.

    People and person-days of its countries are summed for regions; person-days have no draws where
    a rule withholds the quantiles.
    """

    tables: Tables  # rows of OF_RESTRICTIONS, and of its countries by month and year
    in_periods: Sets
    on_days: Sets
    findings: tuple[Finding, ...]  # contradictions between facts that the computation detected
    broken: dict[str, list[str]]  # for each rule over results the keys of the rows that break it
    no_estimate_reason: str  # why nothing at all is drawn; blank where something may be


@dataclass(frozen=True)
class RunPlan:
    """What all parts of a run share, and its restrictions in groups, which no part divides.

    `tables` are the facts of BY_RESTRICTION; `groups` is by restriction. Countries that share a
    restriction are in one group, and restrictions without an audience are in the first.
    """

    shared: SharedInput
    scope: Scope
    tables: Tables
    groups: "pd.Series[int]"

    def list_groups(self) -> list[int]:
        """Return the numbers of all groups, at least that of the first."""
        return sorted({0, *self.groups})

    def number_rows(self, frame: pd.DataFrame) -> Array:
        """Return the group (n,) of each row of a frame of restrictions."""
        of_rows = self.groups.reindex(frame["restriction_id"]).fillna(0)
        return np.asarray(of_rows.to_numpy("int64"))

    def divide(self, groups: Collection[int], most: int) -> list[PartInput]:
        """Return the parts with these groups, each of `most` restrictions if possible."""
        divided = self.groups[self.groups.isin(groups)]
        part_of = _assign_parts(divided, most).groupby(divided).first()
        numbers = part_of.reindex(sorted(groups), fill_value=0)
        scopes = {name: getattr(self.scope, name) for name in Scope.list_columns()}
        scope_rows, fact_rows = (
            {name: self._divide(frame, numbers) for name, frame in frames.items()}
            for frames in (scopes, self.tables)
        )
        return [
            PartInput(
                replace(self.scope, **{name: rows[part] for name, rows in scope_rows.items()}),
                {name: rows[part] for name, rows in fact_rows.items()},
            )
            for part in sorted(numbers.unique())
        ]

    def _divide(self, frame: pd.DataFrame, part_of: "pd.Series[int]") -> dict[int, pd.DataFrame]:
        """Return the rows of each part; `part_of` is by group."""
        part = part_of.reindex(self.number_rows(frame)).reset_index(drop=True)
        places, none = part.groupby(part).indices, np.empty(0, dtype=np.int64)
        return {
            number: frame.take(places.get(number, none)).reset_index(drop=True)
            for number in part_of.unique()
        }


def plan_run(
    tables: Tables, as_of: date, settings: Settings, only: Collection[str] = ()
) -> RunPlan:
    """Return the plan of a run; parameters are fitted to all restrictions, also of `only` some."""
    fitted = models.read_models(tables)
    common = {name: frame for name, frame in tables.items() if name not in BY_RESTRICTION}
    divided = {name: tables[name] for name in BY_RESTRICTION}
    if only:
        for name, rows in divided.items():
            divided[name] = rows[rows["restriction_id"].isin(only)].reset_index(drop=True)
    scope = build_scope({**common, **divided}, as_of)
    shared = SharedInput(common, fitted, as_of, settings)
    return RunPlan(shared, scope, divided, _link_countries(scope.requested))


def _link_countries(audience_rows: pd.DataFrame) -> "pd.Series[int]":
    """Return the group of each restriction; countries with a common restriction have one group."""
    rows = audience_rows[["restriction_id", "country_id"]].drop_duplicates()
    restriction, restrictions = pd.factorize(rows["restriction_id"])
    country, countries = pd.factorize(rows["country_id"], sort=True)
    nodes = len(restrictions) + len(countries)
    links = csr_array(
        (np.ones(len(rows)), (country, len(countries) + restriction)), shape=(nodes, nodes)
    )
    _, group = connected_components(links, directed=False)
    return pd.Series(group[len(countries) :], restrictions)


def _assign_parts(groups: "pd.Series[int]", most: int) -> "pd.Series[int]":
    """Return the part of each restriction: the largest groups first, into the emptiest part.

    Graham (1969), Bounds on multiprocessing timing anomalies, SIAM J. Applied Mathematics 17.
    """
    sizes = groups.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    filled = [0] * max(1, -(-len(groups) // most))
    of_group = {}
    for group, size in sizes.items():
        number = filled.index(min(filled))
        if filled[number] and filled[number] + size > most:
            number = len(filled)
            filled.append(0)
        filled[number] += size
        of_group[group] = number
    return groups.map(of_group)


def compute_part(shared: SharedInput, part: PartInput) -> PartResult:
    """Return the results of a part alone; ParameterError if a table lacks a parameter."""
    context = models.make_context({**shared.tables, **part.tables}, shared.fitted)
    stages, findings = prepare_stages(part.scope, context)
    run = Outputs(stages, shared.settings)
    # The draws of thousands of restrictions are freed as soon as no later table needs them.
    frames = {name: run[name] for name in OF_RESTRICTIONS}
    run.release_answers()
    names = run.in_periods.table["country_id"].drop_duplicates()
    rows = run.sum_periods(pd.DataFrame({"country_id": names, "area_id": names}))
    frames["impact_by_area"] = areas.take_person_days(rows, frames["person_days"])
    frames["draws"] = over_time.make_draws(run.in_periods, rows)
    broken = rules.find_broken_rules(collect_review_input(stages, frames))
    return PartResult(
        frames,
        areas.withhold_draws(run.in_periods, frames["person_days"]),
        run.on_days,
        tuple(findings),
        broken,
        find_no_estimate_reason(stages.simulation),
    )


def merge_parts(
    tables: Tables, as_of: date, parts: Sequence[PartResult]
) -> tuple[Tables, dict[str, list[str]]]:
    """Return the tables of several countries together, and the rules that they break."""
    in_periods, on_days = [part.in_periods for part in parts], [part.on_days for part in parts]
    countries = pd.concat([sets.table["country_id"] for sets in in_periods])
    regions = list_regions(tables["areas"], countries)
    about = parts[0].no_estimate_reason, as_of
    of_countries = [part.tables["impact_by_area"] for part in parts]
    people = areas.join_tables(
        [*of_countries, areas.make_rows(in_periods, regions, *about)], areas.KEY
    )
    people = finish_areas(people, regions, tables["register_rows"])
    places = list_areas_of(tables["areas"], countries)
    on_a_day = areas.make_rows(on_days, places, *about)
    merged = {
        "draws": areas.join_tables(
            [part.tables["draws"] for part in parts], ["area_id", "year", "draw"]
        ),
        "area_comparisons": make_area_comparisons(tables, select_all(people)),
        "sources": make_sources(tables),
        "register_rows": restrictions.make_register_rows(tables),
        **areas.make_tables(people, ("year", "month"), tables),
        **areas.make_tables(on_a_day, ("day",), tables),
    }
    named = {name: add_names(name, frame, tables["areas"]) for name, frame in merged.items()}
    below = rules.find_areas_below_parts(select_all(people))
    return named, {rules.union_below_part.__name__: sorted(below)}
