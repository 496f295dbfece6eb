"""Draws of every impact metric of every restriction, from one set of standard draws.

Definitions. Simulation inputs contain everything that is the same in all draws: the members of each
union, the bounds, the shares that apply. A sampler produces the standard draws. Draws are arrays
(restrictions, D), one for each metric, NaN where nothing can be drawn.

Method. Draws are not truncated at the published bounds, which are valid only if each figure is
right as printed. They satisfy the inequalities for the drawn figures (largest <= union <= base,
users of a feature <= people exposed), and never exceed the residents on record.

Of a partial restriction people exposed, feature users and person-days are those of the whole
country times its part (parts.py).

Assumptions, drawbacks and citations: those of audiences, unions, feature_users, parts and timeline.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from audience_impact.audiences.scope import AUDIENCE, COUNTRY
from audience_impact.frames import Array
from audience_impact.overlap.model import OverlapModel
from audience_impact.simulation import audiences, parts, presence, unions
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.parts import Countries, PartDraws, Places
from audience_impact.simulation.presence import Presence
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.unions import GROUP, Unions
from audience_impact.vocabulary import ImpactMetric

EXPOSED = ImpactMetric.PEOPLE_EXPOSED
FEATURE_USERS = ImpactMetric.PEOPLE_FEATURE_EXPOSED
DEPRIVED = ImpactMetric.PEOPLE_DEPRIVED_NET
PERSON_DAYS = "person_days"


@dataclass(frozen=True)
class Draws:
    """Draws by metric."""

    by_metric: dict[str, Array]


@dataclass(frozen=True)
class Steps:
    """Draws of each step from audiences to the people of a country, rows as `countries`.

    Attributes:
        audiences: Each audience (rows of `SimulationInputs.audiences`, D).
        bases: The people online, or another population if that is the base.
        joint: The union of the audiences by the model of joint use.
        conditioned: The same union, conditioned on the measured overlaps.
        used: Users of the restricted features among them, in the whole country.
        part: The part of the country that is touched.
        countries: The resulting people of each country.
    """

    audiences: Array
    bases: Array
    joint: Array
    conditioned: Array
    used: Array
    part: Array
    countries: Countries


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
        """Return the draws of each step from audiences to the people of a country.

        Raises:
            ValueError: Nothing can be drawn.
        """
        inputs, sampler, countries = self.inputs, self.sampler, self.inputs.countries
        persons = audiences.draw_audiences(inputs.audiences, sampler, inputs.timeline.tail_degrees)
        joint, stated, both, bases = _draw_unions(inputs, self._require_model(), persons, sampler)
        people = joint.copy()
        for at, conditioned in _draw_conditioned(
            inputs, self._require_model(), persons, bases, sampler
        ):
            people[at] = np.where(np.isnan(conditioned), joint[at], bases[at] * conditioned)
        is_own, is_whole = (
            countries[name].to_numpy("bool")[:, None]
            for name in ("is_own_share", "is_whole_service")
        )
        users = np.where(is_own, stated, stated + joint - both)
        fitted = audiences.draw_fitted_shares(inputs.use.feature_laws, countries, sampler)
        users = np.where(np.isnan(users), people * fitted, users)
        used = np.where(is_whole, people, np.clip(users, 0.0, people))
        online = bases[parts.find_countries(inputs.parts, countries)]
        drawn = parts.draw_parts(inputs.parts, online, sampler)
        places = Places(inputs.parts, drawn, inputs.parent)
        share = parts.country_shares(places, countries)
        most = countries["residents_persons"].fillna(np.inf).to_numpy("float64")[:, None]
        touched = Countries(
            np.minimum(people * share, most), np.minimum(used * share, most), places
        )
        return Steps(persons, bases, joint, people, used, share, touched)

    @cached_property
    def countries(self) -> Countries:
        """Return draws of each row of `inputs.countries`; NaN where nothing is drawn.

        Users are part of the exposed.
        """
        if self.model is not None:
            return self.steps.countries
        nothing = np.full((len(self.inputs.countries), self.sampler.count), np.nan)
        none = np.empty((0, self.sampler.count))
        places = Places(self.inputs.parts.iloc[:0], PartDraws(none, none), self.inputs.parent)
        return Countries(nothing, nothing, places)

    @cached_property
    def present(self) -> Presence | None:
        """Return whether each restriction is present in each draw; None if none was fitted."""
        return presence.draw_presence(self.inputs.chances, self.inputs.restrictions, self.sampler)

    @cached_property
    def monthly_audiences(self) -> Array:
        """Return the audiences (rows, D) of a month of each row of the timeline."""
        line = self.inputs.timeline
        return audiences.draw_audiences(line.monthly, self.sampler, line.tail_degrees)

    @cached_property
    def daily_audiences(self) -> Array:
        """Return the audiences (rows, D) of a day of the timeline; NaN for rows not drawn."""
        line = self.inputs.timeline
        used = line.rows["row"].isin(line.drawn_rows["row"]).to_numpy()
        persons = np.full((len(line.rows), self.sampler.count), np.nan)
        if used.any():
            daily = line.daily[used]
            monthly = audiences.draw_audiences(daily, self.sampler, line.tail_degrees)
            persons[used] = monthly * audiences.draw_daily_shares(daily, self.sampler)
        return persons

    def draw_in_months(self, members: pd.DataFrame) -> Array:
        """Return the people (sets, D) in audiences and parts of sets, of restrictions present."""
        return self._draw_sets(members, self.monthly_audiences, self.present)

    def draw_on_a_day(self, members: pd.DataFrame, if_present: bool = False) -> Array:
        """Return the people (sets, D) under a restriction on a day of each set.

        With `if_present`, only restrictions that are present in a draw count there.
        """
        if id(members) not in self._on_a_day:  # stored too, so that no others get their id
            present = self.present if if_present else None
            drawn = self._draw_sets(members, self.daily_audiences, present)
            self._on_a_day[id(members)] = members, drawn
        return self._on_a_day[id(members)][1]

    def _draw_sets(self, members: pd.DataFrame, persons: Array, present: Presence | None) -> Array:
        model, places = self._require_model(), self.countries.places
        return parts.draw_people(
            members, persons, self.inputs.timeline, places, model, self.sampler, present
        )

    def _require_model(self) -> OverlapModel:
        if self.inputs.overlap_model is None:
            raise ValueError("without a model of joint use nothing is drawn")
        return self.inputs.overlap_model

    def release_answers(self) -> None:
        """Free the draws that no table of areas needs; they would be drawn again."""
        _ = self.countries  # which the tables of areas do need
        for name in ("steps", "daily_audiences"):
            self.__dict__.pop(name, None)
        self._on_a_day.clear()

    def draw_metrics(self) -> Draws:
        """Return draws of every metric of every restriction."""
        people, users = (
            _sum_restrictions(self.inputs, drawn)
            for drawn in (self.countries.exposed, self.countries.users)
        )
        return Draws(
            {
                EXPOSED.value: people,
                FEATURE_USERS.value: users,
                DEPRIVED.value: self._draw_deprived(users),
                PERSON_DAYS: self._draw_person_days(),
            }
        )

    def _draw_deprived(self, users: Array) -> Array:
        """Return feature users minus people who keep access; NaN if their share is missing."""
        without, keeping = np.full_like(users, np.nan), self.inputs.use.circumvention
        if not keeping.empty:
            rows = self.inputs.restrictions.get_indexer(keeping["restriction_id"])
            share = audiences.draw_circumvention(keeping, self.sampler)
            without[rows] = users[rows] * (1.0 - share)
        return without

    def _draw_person_days(self) -> Array:
        """Return person-days (restrictions, D) over the time each restriction is on record."""
        restrictions, line = self.inputs.restrictions, self.inputs.timeline
        days = np.full((len(restrictions), self.sampler.count), np.nan)
        pieces, members = line.find_intervals(line.drawn_rows, "end", by_country=False)
        if self.model is None or members.empty:
            return days
        per_day = self.draw_on_a_day(members)
        names = pieces["group"].str.rsplit("|", n=1).str[0]
        at = (restrictions.get_indexer(names), pieces["set_id"].to_numpy())
        shape = (len(days), len(per_day))
        total = csr_array((pieces["days"].to_numpy("float64"), at), shape=shape) @ per_day
        is_drawn = restrictions.isin(names)
        days[is_drawn] = total[is_drawn]
        return days


def _draw_unions(
    inputs: SimulationInputs, overlap_model: OverlapModel, persons: Array, sampler: Sampler
) -> tuple[Array, Array, Array, Array]:
    """Return draws (countries, D) of unions of each country, NaN where there is none, and its base.

    The unions are of its audiences, of the users of its features, and of both; those of audiences
    do not depend on any feature.
    """
    count, rows, shares = len(inputs.countries), inputs.audiences, inputs.use.feature_shares
    exposed, used = (
        pd.DataFrame({"number": parts.find_countries(frame, inputs.countries), "audience": number})
        for frame, number in (
            (rows, rows["row"].to_numpy()),
            (shares, len(rows) + np.arange(len(shares))),
        )
    )
    both = [exposed[exposed["number"].isin(used["number"])], used]
    kinds = enumerate((exposed, used, pd.concat(both)))
    members = pd.concat([part.assign(set_id=kind * count + part["number"]) for kind, part in kinds])
    members = members[members["number"] >= 0]
    sets = members[["set_id", "number"]].drop_duplicates()
    table = sets.join(inputs.countries[GROUP], on="number").reset_index(drop=True)
    users = audiences.draw_feature_users(shares, sampler)
    plan = Unions(table, members[["set_id", "audience"]])
    drawn, bases = unions.draw_union_people(
        np.vstack([persons, users]), plan, overlap_model, sampler
    )
    people, base = (np.full((sets, sampler.count), np.nan) for sets in (3 * count, count))
    people[table["set_id"]] = drawn
    is_exposed = table["set_id"] < count
    base[table.loc[is_exposed, "set_id"]] = bases[is_exposed]
    return people[:count], people[count : 2 * count], people[2 * count :], base


def _draw_conditioned(
    inputs: SimulationInputs,
    overlap_model: OverlapModel,
    persons: Array,
    bases: Array,
    sampler: Sampler,
) -> Iterator[tuple[int, Array]]:
    """Yield the countries with measured overlaps, and draws (D,) of their unions given these."""
    keys = list(inputs.countries[COUNTRY].itertuples(index=False, name=None))
    for overlap in inputs.bounds.overlaps:
        if overlap.key not in keys or not overlap.used_ids:
            continue
        at = keys.index(overlap.key)
        same = (inputs.audiences[COUNTRY] == list(overlap.key)).all(axis=1)
        rows = inputs.audiences[same].sort_values(AUDIENCE)["row"]
        shares = np.clip(persons[rows] / bases[at], 0.0, 1.0)
        yield at, unions.draw_conditioned(overlap, shares, bases[at], overlap_model, sampler)


def _sum_restrictions(inputs: SimulationInputs, drawn: Array) -> Array:
    """Return draws of each restriction (restrictions, D), added over its countries."""
    names = inputs.countries["restriction_id"]
    total = unions.sum_by_restriction(drawn, names, inputs.restrictions)
    total[~inputs.restrictions.isin(names)] = np.nan
    return total


def measure_outside_share(inputs: SimulationInputs, draws: Draws) -> Array:
    """Return the share of draws (restrictions,) of the people exposed outside their bounds."""
    drawn = draws.by_metric[EXPOSED.value]
    bound = inputs.bounds.select_metric(EXPOSED).reindex(inputs.restrictions)
    lower = bound["printed_min_persons"].fillna(0.0).to_numpy("float64")
    return unions.outside_share(drawn, lower, bound["printed_max_persons"].to_numpy("float64"))
