"""Draws of every impact metric of every restriction, from one set of standard draws.

Definitions. Simulation inputs contain everything that is the same in all draws: the members of each
union, the bounds, the shares that apply. A sampler produces the standard draws. A restriction is
complete if all its audiences can be drawn, and it affects everyone in them or a part that can be
drawn. The unions that are drawn are those of the countries of complete restrictions.

Method. Draws are not truncated at the published bounds, which are valid only if each figure is
right as printed. They satisfy the inequalities for the drawn figures (largest <= union <= base,
users of a feature <= people exposed), and never exceed the residents on record.

Of a partial restriction people exposed, feature users and person-days are those of the whole
country times its part (parts.py).

Assumptions, drawbacks and citations: those of audiences, unions, parts and timeline.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

import numpy as np
import pandas as pd

from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.parts import PARTS
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.bounds import Bounds
from audience_impact.fitted.chances import Chances, describe_chances
from audience_impact.fitted.models import Context
from audience_impact.frames import Array, Declared, Integers
from audience_impact.overlap.model import OverlapModel
from audience_impact.places import nesting
from audience_impact.simulation import audiences, parts, unions, worlds
from audience_impact.simulation.audiences import DRAWN_BY
from audience_impact.simulation.parts import Countries, PartDraws, Places
from audience_impact.simulation.sampler import Sampler, stratify_uniforms
from audience_impact.simulation.timeline import Timeline, make_timeline
from audience_impact.simulation.unions import GROUP, Unions
from audience_impact.vocabulary import ImpactMetric

EXPOSED = ImpactMetric.PEOPLE_EXPOSED
FEATURE_USERS = ImpactMetric.PEOPLE_FEATURE_EXPOSED
DEPRIVED = ImpactMetric.PEOPLE_DEPRIVED_NET
PERSON_DAYS = "person_days"
Draws = dict[str, Array]
"""Draws (restrictions, D) by metric."""


@dataclass(frozen=True)
class SimulationInputs(Declared):
    """The inputs of all draws, prepared once; they do not depend on any draw."""

    overlap_model: OverlapModel | None
    """None if this model or `errors` is missing, so that nothing is drawn."""
    selected: Inputs
    restrictions: pd.Index  # all restrictions, in the order of the rows of the draws
    is_whole_service: pd.Series
    audiences: Annotated[pd.DataFrame, AUDIENCE, "row", DRAWN_BY]
    """The distribution of each audience, numbered by `row` in the order of AUDIENCE."""
    countries: Annotated[
        pd.DataFrame, COUNTRY, GROUP, "residents_persons is_whole_service is_own_share"
    ]
    """Countries of complete restrictions, with the residents of the places named, or of the
    country, and the basis of the feature users."""
    parts: Annotated[pd.DataFrame, PARTS]
    """Places of complete restrictions that are partial, as `Inputs` has them."""
    parent: nesting.Parents
    bounds: Bounds  # bounds of every metric, and the overlaps on which draws are conditioned
    sizes_with_error: pd.DataFrame
    """Audiences as `Inputs` has them, at the 99 % ends of their errors."""
    timeline: Timeline
    chances: Chances  # how sure it is that each restriction happened as it is recorded


def make_simulation_inputs(
    scope: Scope,
    inputs: Inputs,
    rows: pd.DataFrame,
    widened: Inputs,
    bounds: Bounds,
    context: Context,
) -> SimulationInputs:
    """Return the inputs of all draws; `rows` are of `prepare_audiences`, `widened` with errors."""
    chances = describe_chances(
        scope.restrictions, scope.evidence["restriction_id"], context.tables, context.fitted.chances
    )
    ready = (rows["shape"] != "") & rows["base_persons"].notna()
    all_ready = ready.groupby(rows["restriction_id"]).all()
    complete = all_ready.index[all_ready & all_ready.index.isin(inputs.drawable_ids)]
    in_part = inputs.parts["restriction_id"].isin(complete)
    return SimulationInputs(
        context.fitted.joint_use if inputs.errors else None,
        inputs,
        scope.by_id.index,
        scope.is_whole_service,
        rows,
        _collect_countries(scope, inputs, bounds, complete),
        inputs.parts[in_part].reset_index(drop=True),
        context.parents,
        bounds,
        widened.sizes,
        make_timeline(scope, inputs, bounds, context, chances),
        chances,
    )


def _collect_countries(
    scope: Scope, inputs: Inputs, bounds: Bounds, complete: pd.Index
) -> pd.DataFrame:
    groups = inputs.sizes.drop_duplicates(COUNTRY)
    groups = groups.loc[groups["restriction_id"].isin(complete), ["restriction_id", *GROUP]]
    residents = bounds.countries["population_persons"].fillna(bounds.countries["places_persons"])
    countries = groups.merge(residents.rename("residents_persons").reset_index(), on=COUNTRY)
    is_stated = inputs.feature_shares.groupby(COUNTRY)["is_own"].all()
    keys = pd.MultiIndex.from_frame(countries[COUNTRY])
    is_whole = countries["restriction_id"].map(scope.is_whole_service).eq(True)
    return countries.assign(
        is_whole_service=is_whole, is_own_share=is_stated.reindex(keys).eq(True).to_numpy()
    ).sort_values(COUNTRY, ignore_index=True)


@dataclass(frozen=True)
class Steps:
    """Draws of each step from audiences to the people of a country, rows as `countries`."""

    audiences: Array  # (rows of `SimulationInputs.audiences`, D)
    bases: Array  # the people online, or another population if that is the base
    joint: Array  # the union of the audiences by the model of joint use
    conditioned: Array  # the same union, conditioned on the measured overlaps
    used: Array  # users of the restricted features among them, in the whole country
    part: Array  # the part of the country that is affected
    countries: Countries  # the resulting people


@dataclass(frozen=True)
class Simulation:
    """The draws of a run; what several tables share is drawn once, and must not be changed."""

    inputs: SimulationInputs
    sampler: Sampler
    _on_a_day: dict[int, tuple[pd.DataFrame, Array]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    @property
    def model(self) -> OverlapModel | None:
        """Return the model of joint use; None if nothing can be drawn."""
        return None if self.inputs.countries.empty else self.inputs.overlap_model

    @cached_property
    def steps(self) -> Steps:
        """Return the draws of each step; raises ValueError if nothing can be drawn."""
        inputs, sampler, countries = self.inputs, self.sampler, self.inputs.countries
        persons = audiences.draw_audiences(inputs.audiences, sampler, inputs.timeline.tail_degrees)
        joint, stated, both, bases = self._draw_unions(persons)
        people = self._condition_unions(persons, joint, bases)
        is_own = countries["is_own_share"].to_numpy("bool")[:, None]
        is_whole = countries["is_whole_service"].to_numpy("bool")[:, None]
        users = np.where(is_own, stated, stated + joint - both)
        fitted = audiences.draw_fitted_shares(inputs.selected.feature_laws, countries, sampler)
        users = np.where(np.isnan(users), people * fitted, users)
        used = np.where(is_whole, people, np.clip(users, 0.0, people))
        online = bases[parts.find_countries(inputs.parts, countries)]
        drawn = parts.draw_places(inputs.parts, online, sampler)
        places = Places(inputs.parts, drawn, inputs.parent)
        share = parts.country_shares(places, countries)
        most = countries["residents_persons"].fillna(np.inf).to_numpy("float64")[:, None]
        affected, users = np.minimum(people * share, most), np.minimum(used * share, most)
        resulting = Countries(affected, users, places)
        return Steps(persons, bases, joint, people, used, share, resulting)

    def _draw_unions(self, persons: Array) -> tuple[Array, Array, Array, Array]:
        """Return draws (countries, D) of audiences united, of feature users, of both, of bases."""
        inputs, sampler = self.inputs, self.sampler
        shares = inputs.selected.feature_shares
        countries, rows = inputs.countries, inputs.audiences
        count = len(countries)
        of_exposed, of_used = (parts.find_countries(part, countries) for part in (rows, shares))
        numbers = len(rows) + np.arange(len(shares))
        exposed = pd.DataFrame({"number": of_exposed, "audience": rows["row"].to_numpy()})
        used = pd.DataFrame({"number": of_used, "audience": numbers})
        both = pd.concat([exposed[exposed["number"].isin(of_used)], used])
        kinds = enumerate((exposed, used, both))
        members = pd.concat(
            [part.assign(set_id=kind * count + part["number"]) for kind, part in kinds]
        )
        members = members[members["number"] >= 0]
        table = members[["set_id", "number"]].drop_duplicates()
        table = table.join(inputs.countries[GROUP], on="number").reset_index(drop=True)
        table = table.drop(columns="number")
        users = audiences.draw_feature_users(shares, sampler)
        plan = Unions(table, members[["set_id", "audience"]])
        drawn = unions.draw_unions(
            np.vstack([persons, users]), plan, self._require_model(), sampler
        )
        people, base = (np.full((size, sampler.count), np.nan) for size in (3 * count, count))
        people[table["set_id"]] = drawn.people[drawn.row]
        is_exposed = table["set_id"] < count
        base[table.loc[is_exposed, "set_id"]] = drawn.base[drawn.row[is_exposed]]
        return people[:count], people[count : 2 * count], people[2 * count :], base

    def _condition_unions(self, persons: Array, joint: Array, bases: Array) -> Array:
        inputs, people = self.inputs, joint.copy()
        keys = list(inputs.countries[COUNTRY].itertuples(index=False, name=None))
        for overlap in inputs.bounds.overlaps:
            if overlap.key not in keys or not overlap.used_ids:
                continue
            at = keys.index(overlap.key)
            same = (inputs.audiences[COUNTRY] == list(overlap.key)).all(axis=1)
            rows = inputs.audiences.loc[same, "row"]
            shares = np.clip(persons[rows] / bases[at], 0.0, 1.0)
            conditioned = unions.draw_conditioned(
                overlap, shares, bases[at], self._require_model(), self.sampler
            )
            people[at] = np.where(np.isnan(conditioned), joint[at], bases[at] * conditioned)
        return people

    @cached_property
    def countries(self) -> Countries:
        """Return draws of each row of `inputs.countries`; NaN where nothing is drawn."""
        if self.model is not None:
            return self.steps.countries
        nothing = np.full((len(self.inputs.countries), self.sampler.count), np.nan)
        none = np.empty((0, self.sampler.count))
        places = Places(self.inputs.parts.iloc[:0], PartDraws(none, none), self.inputs.parent)
        return Countries(nothing, nothing, places)

    @cached_property
    def present(self) -> pd.DataFrame | None:
        """Return 1 where a restriction (index) is present in a draw, else 0; None if not fitted."""
        return self.inputs.chances.draw_present(
            self.inputs.restrictions,
            lambda keys: stratify_uniforms(self.sampler.draw_rows(pd.Series(keys))),
        )

    @cached_property
    def monthly_audiences(self) -> Array:
        """Return the audiences (rows, D) of a month of each row of the timeline."""
        line = self.inputs.timeline
        return audiences.draw_audiences(line.monthly, self.sampler, line.tail_degrees)

    @cached_property
    def drawn_audiences(self) -> Array:
        """Return the audiences (rows, D) of each drawn row, of whom a share comes on a day."""
        line = self.inputs.timeline
        daily = line.daily.loc[line.drawn_rows["row"]]
        return audiences.draw_audiences(daily, self.sampler, line.tail_degrees)

    @cached_property
    def daily_audiences(self) -> Array:
        """Return the audiences (rows, D) of a day of the timeline; NaN for rows not drawn."""
        line = self.inputs.timeline
        used = line.drawn_rows["row"]
        persons = np.full((len(line.rows), self.sampler.count), np.nan)
        if len(used):
            share = audiences.draw_daily_shares(line.daily.loc[used], self.sampler)
            persons[used] = self.drawn_audiences * share
        return persons

    def draw_on_a_day(self, members: pd.DataFrame, if_present: bool = False) -> Array:
        """Return the people (sets, D) under a restriction on a day, or under one present there."""
        if id(members) not in self._on_a_day:  # stored too, so that no others get their id
            present = self.present if if_present else None
            drawn = self.draw_sets(members, self.daily_audiences, present)
            self._on_a_day[id(members)] = members, drawn
        return self._on_a_day[id(members)][1]

    def draw_sets(
        self,
        members: pd.DataFrame,
        persons: Array,
        present: pd.DataFrame | None,
        apart: Integers | None = None,
    ) -> Array:
        """Return the people (sets, D) under any restriction of each set, or any one `present`."""
        model, places = self._require_model(), self.countries.places
        return unions.draw_people(
            members, persons, self.inputs.timeline, places, model, self.sampler, present, apart
        )

    def _require_model(self) -> OverlapModel:
        if self.inputs.overlap_model is None:
            raise ValueError("without a model of joint use nothing is drawn")
        return self.inputs.overlap_model

    def release_answers(self) -> None:
        """Free the draws that no table of areas needs; they would be drawn again."""
        _ = self.countries  # which the tables of areas do need
        for name in ("steps", "drawn_audiences"):
            self.__dict__.pop(name, None)
        self._on_a_day.clear()

    def draw_metrics(self) -> Draws:
        """Return draws of every metric of every restriction."""
        people, users = (
            worlds.sum_by_restriction(
                drawn, self.inputs.countries["restriction_id"], self.inputs.restrictions
            )
            for drawn in (self.countries.exposed, self.countries.users)
        )
        without, keeping = np.full_like(users, np.nan), self.inputs.selected.circumvention
        if not keeping.empty:
            rows = self.inputs.restrictions.get_indexer(keeping["restriction_id"])
            share = audiences.draw_circumvention(keeping, self.sampler)
            without[rows] = users[rows] * (1.0 - share)
        return {
            EXPOSED.value: people,
            FEATURE_USERS.value: users,
            DEPRIVED.value: without,
            PERSON_DAYS: self._draw_person_days(),
        }

    def _draw_person_days(self) -> Array:
        restrictions, line = self.inputs.restrictions, self.inputs.timeline
        pieces, members = line.find_intervals(line.drawn_rows, "end", by_country=False)
        if self.model is None or members.empty:
            return np.full((len(restrictions), self.sampler.count), np.nan)
        names = pieces["group"].str.rsplit("|", n=1).str[0]
        return worlds.sum_by_restriction(
            self.draw_on_a_day(members), names, restrictions, pieces["set_id"], pieces["days"]
        )
