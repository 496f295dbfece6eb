"""From typed facts to result tables: seven stages, each taking only what it reads.

No loop runs over restrictions. The method version changes whenever the meaning of a published
number does.

A register is computed in parts (`Plan`): the restrictions of some countries each, so that memory
does not grow with their number. What facts teach beyond a part is learned from all of them before
(`Whole`); `computed` makes a part of the published rows, `merged` what is told of several countries
together. Draws are named by fact, so neither the parts nor their order change a byte.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from audience_impact.audiences import parts
from audience_impact.audiences.inputs import Inputs, Learned, inputs, learned
from audience_impact.audiences.scope import Scope, scope
from audience_impact.bounds.restrictions import Bounds, bounds
from audience_impact.facts.tables import Finding, Tables
from audience_impact.outputs import areas, impact_by_area, impact_by_day
from audience_impact.outputs.area_comparisons import area_comparisons
from audience_impact.outputs.comparisons import comparisons
from audience_impact.outputs.impact import impact
from audience_impact.outputs.impact_by_area import InPeriods
from audience_impact.outputs.impact_by_day import OnDays
from audience_impact.outputs.impact_by_group import impact_by_group
from audience_impact.outputs.impact_by_platform import impact_by_platform
from audience_impact.outputs.lineage import lineage
from audience_impact.outputs.person_days import person_days
from audience_impact.outputs.reach_lost import reach_lost
from audience_impact.outputs.restrictions import restrictions
from audience_impact.outputs.review import rules
from audience_impact.outputs.review.reasons import silence
from audience_impact.outputs.sensitivity import LARGEST_REGISTER, sensitivity
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


class Only(NamedTuple):
    """What is wanted where it is not everything: restrictions, and all that befell countries."""

    restrictions: frozenset[str]
    countries: frozenset[str]


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


class Outputs(Mapping[str, pd.DataFrame]):
    """The published tables of a run by name, each made when it is asked for first.

    `tables` are typed facts; `found` is what `prepared` makes of them.
    """

    def __init__(self, tables: Tables, found: Stages, wanted: Settings) -> None:
        self.facts, self.stages, self.workers = tables, found, wanted.workers
        self.sampler = Sampler(wanted.seed, wanted.draws)
        self.shares = wanted.sensitivity
        self._made: Tables = {}

    @cached_property
    def draws(self) -> Draws:
        """Draws of every metric."""
        return simulate(self.stages.simulation, self.sampler, self.workers)

    @cached_property
    def in_periods(self) -> InPeriods:
        """People of countries by month and year."""
        return impact_by_area.in_periods(self.stages.simulation, self.sampler, self.workers)

    @cached_property
    def on_days(self) -> OnDays:
        """People of countries by day."""
        as_of = self.stages.scope.as_of
        return impact_by_day.on_days(self.stages.simulation, self.sampler, self.workers, as_of)

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
        s.scope, s.inputs, s.bounds, s.simulation.timeline.periods, run.facts["platforms"]
    ),
    "impact_by_area": lambda run, s: impact_by_area.whole(
        run.in_periods, run.facts["areas"], silence(s.simulation), s.scope.as_of
    ),
    "impact_by_day": lambda run, s: impact_by_day.whole(
        run.on_days, run.facts["areas"], silence(s.simulation), s.scope.as_of
    ),
    "area_comparisons": lambda run, s: area_comparisons(run.facts, run["impact_by_area"]),
    "impact_by_group": lambda run, s: impact_by_group(s.scope, s.inputs, run.facts),
    "person_days": lambda run, s: person_days(
        s.simulation, run.sampler, run.workers, s.scope.as_of
    ),
    "sensitivity": lambda run, s: sensitivity(
        s.simulation, run.draws, run.sampler if run.shares else None, run.workers, run["impact"]
    ),
    "restrictions": lambda run, s: restrictions(s.scope, run.facts),
    "comparisons": lambda run, s: comparisons(
        run.facts, run["impact"], run["impact_by_platform"], s.inputs
    ),
    "lineage": lambda run, s: lineage(s.scope, s.inputs, s.bounds, s.lost, run.facts),
    "sources": lambda run, s: sources(run.facts),
}
"""How each published table is made, in the order in which they are told of."""


MERGED = ("impact_by_area", "impact_by_day", "area_comparisons", "sources")
"""Tables that no part makes alone."""
OF_RESTRICTIONS = tuple(name for name in OUTPUTS if name not in MERGED)
"""Tables whose rows are those of restrictions, each in one part; `person_days` of countries too."""
BY_RESTRICTION = ("restrictions", "restriction_targets", "restriction_places", "published_figures")
"""Fact tables whose rows go with their restriction."""


@dataclass(frozen=True)
class Whole:
    """What all parts of a run share.

    Attributes:
        tables: The facts but for rows of BY_RESTRICTION.
        taught: What all of them teach.
        as_of: The day that results speak of.
        settings: What was asked of the run.
    """

    tables: Tables
    taught: Learned
    as_of: date
    settings: Settings


@dataclass(frozen=True)
class Given:
    """The restrictions of a part as all of them see them, and their facts."""

    scope: Scope
    tables: Tables


class Country(NamedTuple):
    """People of a country, from whom those of regions are summed."""

    in_periods: InPeriods
    on_days: OnDays


@dataclass(frozen=True)
class Computed:
    """A part of what is published.

    Attributes:
        tables: Rows of OF_RESTRICTIONS, and of its countries by area and by day.
        countries: What regions are summed of.
        findings: What was found wrong with the facts on the way.
        broken: For each rule over results the keys of the rows that break it.
        silent: Why nothing at all is drawn, blank where something may be.
    """

    tables: Tables
    countries: dict[str, Country]
    findings: tuple[Finding, ...]
    broken: dict[str, list[str]]
    silent: str


class Plan(Sequence[Given]):
    """The parts of a run, each made when it is asked for, of at most so many restrictions.

    Countries that share a restriction are in one part, and a country is in one alone, however many
    restrictions it has.
    """

    def __init__(self, tables: Tables, as_of: date, settings: Settings, most: int) -> None:
        """Look at all restrictions, and learn what facts teach; `tables` as they are typed."""
        self._scope = scope(tables, as_of)
        count = len(self._scope.restrictions)
        small = settings.sensitivity and count <= LARGEST_REGISTER
        shared = {name: frame for name, frame in tables.items() if name not in BY_RESTRICTION}
        self.whole = Whole(shared, learned(tables), as_of, replace(settings, sensitivity=small))
        part = _packed(_linked(self._scope.wanted), most)
        self._count = 1 + int(part.max()) if len(part) else 1
        self._asked = {name: self._rows(getattr(self._scope, name), part) for name in Scope.FRAMES}
        self._tables = {name: self._rows(tables[name], part) for name in BY_RESTRICTION}

    def _rows(self, frame: pd.DataFrame, part: "pd.Series[int]") -> "_OfParts":
        return _OfParts.of(frame, part, self._count)

    def __len__(self) -> int:
        """How many parts there are, one at least."""
        return self._count

    def __getitem__(self, number: int) -> Given:  # type: ignore[override]
        """A part by its number; each of its restrictions keeps what it had by those of others."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        asked, tables = (
            {name: rows[number] for name, rows in every.items()}
            for every in (self._asked, self._tables)
        )
        return Given(replace(self._scope, **asked), tables)


@dataclass(frozen=True)
class _OfParts:
    """The rows of a frame by the part that their restriction is in: put in order once."""

    frame: pd.DataFrame
    order: NDArray[np.int64]
    edges: NDArray[np.int64]

    @classmethod
    def of(cls, frame: pd.DataFrame, part: "pd.Series[int]", count: int) -> "_OfParts":
        """Of a frame that names restrictions in a column or in its index."""
        ids = frame.get("restriction_id", frame.index)
        number = part.reindex(ids).fillna(0).to_numpy("int64")  # who has no audience: the first
        order = np.argsort(number, kind="stable")
        return cls(frame, order, np.searchsorted(number[order], np.arange(count + 1)))

    def __getitem__(self, number: int) -> pd.DataFrame:
        """The rows of a part, as they stand."""
        rows = self.frame.iloc[self.order[self.edges[number] : self.edges[number + 1]]]
        return rows.reset_index(drop=True) if "restriction_id" in rows else rows


def _linked(wanted: pd.DataFrame) -> "pd.Series[int]":
    """The group of each restriction: those of countries that restrictions of several link."""
    rows = wanted[["restriction_id", "country_id"]].drop_duplicates()
    act, acts = pd.factorize(rows["restriction_id"])
    country, countries = pd.factorize(rows["country_id"], sort=True)
    nodes = len(acts) + len(countries)
    links = csr_array((np.ones(len(rows)), (country, len(countries) + act)), shape=(nodes, nodes))
    _, group = connected_components(links, directed=False)
    return pd.Series(group[len(countries) :], acts)


def _packed(groups: "pd.Series[int]", most: int) -> "pd.Series[int]":
    """The part of each restriction: whole groups, the largest first, each where there is most room.

    So parts are about equal, and no more than it takes (Graham 1969, Bounds on multiprocessing
    timing anomalies, SIAM Journal on Applied Mathematics 17).
    """
    sizes = groups.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    parts = [(0, number) for number in range(max(1, -(-len(groups) // most)))]
    of_group = {}
    for group, size in sizes.items():
        held, number = parts[0]
        if held and held + size > most:
            held, number = 0, len(parts)
            heapq.heappush(parts, (size, number))
        else:
            heapq.heapreplace(parts, (held + size, number))
        of_group[group] = number
    return groups.map(of_group)


def computed(whole: Whole, given: Given) -> Computed:
    """A part of what is published, whatever else there is.

    Raises:
        FrameError: A stage hands on a frame that is not what it declares: a fault of the code.
        LawError: A learned table lacks something.
    """
    tables, wanted = {**whole.tables, **given.tables}, whole.settings
    stages, findings = _stages(given.scope, tables, wanted.repair, whole.taught)
    run = Outputs(tables, stages, wanted)
    found = {name: run[name] for name in OF_RESTRICTIONS}
    silent = silence(stages.simulation)
    found["impact_by_area"] = impact_by_area.of_countries(run.in_periods, silent, whole.as_of)
    found["impact_by_day"] = impact_by_day.of_countries(run.on_days, silent, whole.as_of)
    countries = {
        country: Country(run.in_periods.of(country), run.on_days.of(country))
        for country in sorted(set(run.in_periods.every.table["country_id"]))
    }
    broken = rules.broken(reviewed(stages, found, tables))
    return Computed(found, countries, tuple(findings), broken, silent)


def merged(
    whole: Whole,
    parts: Sequence[tuple[Tables, str]],
    in_periods: Mapping[str, InPeriods],
    on_days: Mapping[str, OnDays],
) -> tuple[Tables, dict[str, list[str]]]:
    """The tables that are told of several countries together, and the rules that they break.

    `parts` has, of each part, the rows of its countries by area and by day, and why nothing is
    drawn; people of countries, in the order of their codes, are asked for one at a time.
    """
    held = areas.regions(whole.tables["areas"], pd.Series(list(in_periods), dtype="str"))
    told = held, parts[0][1], whole.as_of
    regions = {
        "impact_by_area": impact_by_area.of_regions(in_periods, *told),
        "impact_by_day": impact_by_day.of_regions(on_days, *told),
    }
    keys = {"impact_by_area": impact_by_area.KEY, "impact_by_day": impact_by_day.KEY}
    found = {
        name: areas.together([*(tables[name] for tables, _ in parts), rows], keys[name])
        for name, rows in regions.items()
    }
    found["area_comparisons"] = area_comparisons(whole.tables, found["impact_by_area"])
    found["sources"] = sources(whole.tables)
    return found, rules.broken_by_areas(found["impact_by_area"])


def reviewed(stages: Stages, found: Tables, tables: Tables) -> rules.Reviewed:
    """What the rules over results look at."""
    return replace(
        rules.reviewed(found["impact"], stages.scope, stages.inputs),
        by_platform=found["impact_by_platform"],
        by_area=found["impact_by_area"],
        person_days=found["person_days"],
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


def prepared(
    tables: Tables, as_of: date, repair: bool = False, only: Only | None = None
) -> tuple[Stages, list[Finding]]:
    """Everything that follows without a draw, and the contradictions met on the way.

    `tables` as given by `facts.tables.typed`, every key resolving. With `only`, rows of other
    restrictions and countries say nothing; those asked for are the same to the last byte.
    """
    asked = scope(tables, as_of)
    return _stages(asked if only is None else asked.of(*only), tables, repair, learned(tables))


def _stages(
    asked: Scope, tables: Tables, repair: bool, taught: Learned
) -> tuple[Stages, list[Finding]]:
    known = inputs(asked, tables, taught)
    limits, findings = bounds(asked, known, tables, repair)
    simulation = simulation_inputs(asked, known, limits, tables)
    lost = reach_lost(asked, known, limits.exposed)
    return Stages(asked, known, limits, simulation, lost), findings
