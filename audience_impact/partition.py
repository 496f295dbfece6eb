"""A run in parts, each with the restrictions of some countries, so that memory stays limited.

Fitted parameters are read from all facts before (`SharedInput`); `compute_part` computes a part of
the published rows, `merge_parts` the tables that concern several countries. Draws are named by
fact, so neither the parts nor their order change a byte.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from audience_impact.audiences.scope import Scope, build_scope
from audience_impact.facts.tables import Finding, Tables
from audience_impact.fitted.models import FittedModels, make_context, read_models
from audience_impact.outputs import (
    area_tables,
    areas,
    impact_by_area,
    impact_by_day,
    person_days,
)
from audience_impact.outputs.area_names import add_names
from audience_impact.outputs.areas import Sets
from audience_impact.outputs.comparisons import make_area_comparisons
from audience_impact.outputs.impact_by_day import OnDays
from audience_impact.outputs.lineage import make_sources
from audience_impact.outputs.queries import Days
from audience_impact.outputs.restrictions import make_register_rows
from audience_impact.outputs.review import rules
from audience_impact.outputs.review.reasons import find_no_estimate_reason
from audience_impact.pipeline import (
    OUTPUTS,
    Outputs,
    Settings,
    collect_review_input,
    finish_areas,
    prepare_stages,
    rate_countries_of,
    select_all,
)

OF_RESTRICTIONS = tuple(name for name in OUTPUTS if name != "impact_by_area")
"""Tables whose rows belong to restrictions in one part; `person_days` also has rows of countries.
"""
BY_RESTRICTION = ("restrictions", "restriction_targets", "restriction_places", "published_figures")
"""Fact tables whose rows belong to one restriction."""


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


class Country(NamedTuple):
    """The people of a country, of which the totals of regions are sums.

    `person_days` has no draws where a rule withholds the quantiles.
    """

    in_periods: Sets
    on_days: OnDays
    person_days: Days


@dataclass(frozen=True)
class PartResult:
    """The results of one part of a run.

    Attributes:
        tables: Rows of OF_RESTRICTIONS, and of its countries by area and by day.
        countries: The people of each country, which are summed for regions.
        findings: Contradictions between facts that the computation detected.
        broken: For each rule over results the keys of the rows that break it.
        no_estimate_reason: Why nothing at all is drawn; blank where something may be.
    """

    tables: Tables
    countries: dict[str, Country]
    findings: tuple[Finding, ...]
    broken: dict[str, list[str]]
    no_estimate_reason: str


class Partitioning(Sequence[PartInput]):
    """The parts of a run, created on access, each with a limited number of restrictions.

    Countries that share a restriction are in one part, and a country is in only one, however many
    restrictions it has.
    """

    def __init__(
        self,
        tables: Tables,
        as_of: date,
        settings: Settings,
        most: int,
        only: Collection[str] = (),
    ) -> None:
        """Read all restrictions and the fitted parameters from typed `tables`.

        Parameters are fitted to all restrictions, also if `only` some of them are computed.
        """
        fitted = read_models(tables)
        self._tables = {name: tables[name] for name in BY_RESTRICTION}
        if only:
            for name, rows in self._tables.items():
                chosen = rows[rows["restriction_id"].isin(only)]
                self._tables[name] = chosen.reset_index(drop=True)
        self._scope = build_scope({**tables, **self._tables}, as_of)
        common = {name: frame for name, frame in tables.items() if name not in BY_RESTRICTION}
        self.shared = SharedInput(common, fitted, as_of, settings)
        self._part = _assign_parts(_link_countries(self._scope.requested), most)

    def __len__(self) -> int:
        """Return the number of parts, at least one."""
        return 1 + int(self._part.max()) if len(self._part) else 1

    def __getitem__(self, number: int) -> PartInput:  # type: ignore[override]
        """Return a part by its number, with the parameters that were fitted to all restrictions."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        scopes = {
            name: self._select_rows(getattr(self._scope, name), number) for name in Scope.FRAMES
        }
        tables = {name: self._select_rows(frame, number) for name, frame in self._tables.items()}
        return PartInput(replace(self._scope, **scopes), tables)

    def _select_rows(self, frame: pd.DataFrame, number: int) -> pd.DataFrame:
        """Return the rows of a part; restrictions without an audience are in the first."""
        part = self._part.reindex(frame["restriction_id"]).fillna(0)
        return frame[(part == number).to_numpy()].reset_index(drop=True)


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

    So parts have about equal sizes, and their number is the smallest possible (Graham 1969, Bounds
    on multiprocessing timing anomalies, SIAM Journal on Applied Mathematics 17).
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
    """Return the results of a part, which depend on no other part.

    Raises:
        ParameterError: A fitted table lacks something.
    """
    context = make_context({**shared.tables, **part.tables}, shared.fitted)
    stages, findings = prepare_stages(part.scope, context)
    run = Outputs(stages, shared.settings)
    # The draws of thousands of restrictions are freed as soon as no later table needs them.
    frames = {name: run[name] for name in OF_RESTRICTIONS}
    days = person_days.draw_days(run.simulation)
    masked_days = area_tables.mask_withheld(days, frames["person_days"])
    run.release_answers()
    no_estimate_reason = find_no_estimate_reason(stages.simulation)
    names = sorted(set(run.in_periods.table["country_id"]))
    in_periods = {name: run.in_periods.of_country(name) for name in names}
    on_days = {name: run.on_days.of_country(name) for name in names}
    about = pd.DataFrame({"country_id": names, "area_id": names}), no_estimate_reason, shared.as_of
    rows = impact_by_area.make_rows(in_periods, *about)
    frames["impact_by_area"] = rate_countries_of(rows, run)
    frames["draws"] = impact_by_area.make_draws(run.in_periods, frames["impact_by_area"])
    frames["impact_by_day"] = impact_by_day.make_rows(on_days, *about)
    of_countries = {name: days.of_country(name) for name in names}
    frames["area_days"] = area_tables.join_days(
        area_tables.sum_days(of_countries, about[0]), frames["person_days"]
    )
    countries = {
        name: Country(in_periods[name], on_days[name], masked_days.of_country(name))
        for name in names
    }
    broken = rules.find_broken_rules(collect_review_input(stages, frames))
    return PartResult(frames, countries, tuple(findings), broken, no_estimate_reason)


def merge_parts(
    tables: Tables, as_of: date, parts: Sequence[PartResult]
) -> tuple[Tables, dict[str, list[str]]]:
    """Return the tables of several countries together, and the rules that they break.

    `tables` are the facts that all parts share, `as_of` is the date of the results. The people of
    countries are read one country at a time, in the order of their codes.
    """
    countries = dict(sorted(item for part in parts for item in part.countries.items()))
    in_periods = {code: people.in_periods for code, people in countries.items()}
    on_days = {code: people.on_days for code, people in countries.items()}
    regions = areas.list_regions(tables["areas"], pd.Series(list(in_periods), dtype="str"))
    about = regions, parts[0].no_estimate_reason, as_of

    def join(name: str, of_regions: Sequence[pd.DataFrame], key: list[str]) -> pd.DataFrame:
        return areas.join_tables([*(part.tables[name] for part in parts), *of_regions], key)

    of_regions = impact_by_area.make_rows(in_periods, *about)
    people = finish_areas(
        join("impact_by_area", [of_regions], impact_by_area.KEY), regions, tables["register_rows"]
    )
    of_regions = impact_by_day.make_rows(on_days, *about)
    on_a_day = join("impact_by_day", [of_regions], impact_by_day.KEY)
    days_of = {code: country.person_days for code, country in countries.items()}
    days = join("area_days", [area_tables.sum_days(days_of, regions)], area_tables.KEY)
    merged = {
        "draws": join("draws", [], ["area_id", "year", "draw"]),
        "area_comparisons": make_area_comparisons(tables, select_all(people)),
        "sources": make_sources(tables),
        "register_rows": make_register_rows(tables),
        **area_tables.make_tables(people, days, on_a_day, tables),
    }
    named = {name: add_names(name, frame, tables["areas"]) for name, frame in merged.items()}
    return named, rules.find_broken_area_rules(select_all(people))
