"""Each kind of uncertain input as it was drawn, one number a restriction and draw.

Definitions. The number of an input is the people whom the restriction affects if all other inputs
are at their middle, but for a factor and, of several services, for joint use.

Method. The functions that draw the people draw each input again, so that draw d is the same world.
Inputs of several countries, services or places are added, weighted by the people there.

Assumptions, drawbacks and citation: those of sensitivity.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.audiences.scope import COUNTRY
from audience_impact.frames import Array
from audience_impact.overlap.model import JointUse
from audience_impact.simulation import audiences, parts, unions
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import (
    DEPRIVED,
    EXPOSED,
    FEATURE_USERS,
    PERSON_DAYS,
    Simulation,
    SimulationInputs,
    Steps,
)
from audience_impact.vocabulary import InputKind

Drawn = tuple[pd.DataFrame, Array]
"""Rows with a `restriction_id`, and their draws (rows, D)."""
PEOPLE = (EXPOSED.value, FEATURE_USERS.value, DEPRIVED.value)
ALL = (*PEOPLE, PERSON_DAYS)


def draw_inputs(simulation: Simulation) -> Iterator[tuple[InputKind, tuple[str, ...], Array]]:
    """Yield each input, the metrics that depend on it, and its draws (restrictions, D).

    The draws of restrictions that do not depend on the input are all the same.
    """
    inputs = simulation.inputs
    world = _World(inputs, simulation.steps, simulation.sampler)
    listed: list[tuple[InputKind, tuple[str, ...], Callable[[], Drawn]]] = [
        (InputKind.AUDIENCE, PEOPLE, world.draw_audiences),
        (InputKind.AUDIENCE, (PERSON_DAYS,), world.draw_daily_audiences),
        (InputKind.BASE, ALL, lambda: (inputs.countries, world.steps.bases)),
        (InputKind.CORRELATION, ALL, lambda: world.draw_joint_use(lambda use: use.correlation)),
        (InputKind.MODEL, ALL, lambda: world.draw_joint_use(lambda use: use.error)),
        (InputKind.OVERLAP, PEOPLE, world.draw_overlaps),
        (InputKind.FEATURE_SHARE, PEOPLE[1:], world.draw_feature_shares),
        (InputKind.ASSUMED, PEOPLE[1:], world.draw_assumed),
        (InputKind.DAILY_USE, (PERSON_DAYS,), world.draw_daily_use),
        (InputKind.CIRCUMVENTION, PEOPLE[2:], world.draw_circumvention),
        (InputKind.PLACE, ALL, world.draw_places),
        (InputKind.NETWORK, ALL, lambda: world.draw_cut(parts.draw_network_share)),
        (InputKind.DEPTH, ALL, lambda: world.draw_cut(parts.draw_lost_share)),
    ]
    for kind, metrics, draw in listed:
        rows, drawn = draw()
        names = rows["restriction_id"]
        yield kind, metrics, unions.sum_by_restriction(drawn, names, inputs.restrictions)


def _take_middle(draws: Array) -> Array:
    return np.asarray(np.median(draws, axis=1, keepdims=True))


def _weigh(people: pd.Series) -> Array:
    return np.asarray(people.fillna(0.0).to_numpy("float64")[:, None])


@dataclass(frozen=True)
class _World:
    """What all inputs are drawn from."""

    inputs: SimulationInputs
    steps: Steps
    sampler: Sampler

    def find_country(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the row of `inputs.countries` of each row, -1 where there is none."""
        keys = pd.MultiIndex.from_frame(self.inputs.countries[COUNTRY])
        return np.asarray(keys.get_indexer(pd.MultiIndex.from_frame(rows[COUNTRY])))

    def draw_audiences(self) -> Drawn:
        return self.at_middle_base(self.inputs.audiences, self.steps.audiences)

    def draw_daily_audiences(self) -> Drawn:
        """Return the audiences that come on a day if all who come in a month do, times days."""
        line = self.inputs.timeline
        rows = line.drawn_rows
        daily = line.daily.loc[rows.index]
        drawn = audiences.draw_audiences(daily, self.sampler, line.tail_degrees)
        days = (rows["until_limit"] - rows["from_limit"]).dt.days
        rows = daily.assign(restriction_id=rows["restriction_id"])
        return self.at_middle_base(rows, drawn * _weigh(days))

    def at_middle_base(self, rows: pd.DataFrame, persons: Array) -> Drawn:
        """Return audiences in persons, imputed ones, which are shares of the base, at its middle.

        Internet users are not among them: they are the base.
        """
        at = self.find_country(rows)
        chosen = (at >= 0) & (rows["shape"] != audiences.BASE).to_numpy()
        base = self.steps.bases[at[chosen]]
        is_share = rows["shape"].isin(audiences.SHARED).to_numpy()[chosen][:, None]
        return rows[chosen], persons[chosen] * np.where(is_share, _take_middle(base) / base, 1.0)

    def draw_joint_use(self, choose: Callable[[JointUse], Array]) -> Drawn:
        """Return a part of the joint use of countries with several audiences."""
        at, model = self.find_country(self.inputs.audiences), self.inputs.overlap_model
        assert model is not None  # else there are no steps
        several = np.bincount(at[at >= 0], minlength=len(self.inputs.countries)) > 1
        rows = self.inputs.countries[several]
        drawn = [
            choose(unions.draw_joint_use(model, country, self.sampler))
            for country in rows["country_id"]
        ]
        shape = (len(rows), self.sampler.count)
        return rows, np.array(drawn).reshape(shape) * _take_middle(self.steps.joint[several])

    def draw_overlaps(self) -> Drawn:
        names = pd.DataFrame(columns=["restriction_id", "overlap_id"], dtype="str")
        rows = pd.concat([names, *(country.facts for country in self.inputs.bounds.overlaps)])
        return rows, self.sampler.draw_rows("overlap|" + rows["overlap_id"])

    def draw_feature_shares(self) -> Drawn:
        """Return the users of a feature, by a share on record or else one that is learned."""
        inputs, selected = self.inputs, self.inputs.selected
        shares = selected.feature_shares
        stated = self.sampler.draw_rows("feature|" + shares["feature_use_id"])
        learned = audiences.draw_fitted_shares(
            selected.feature_laws, inputs.countries, self.sampler
        )
        learned = np.nan_to_num(learned) * _take_middle(self.steps.joint)
        users = stated * _weigh(shares["mode"] * shares["of_persons"])
        rows = pd.concat([shares[COUNTRY], inputs.countries[COUNTRY]])
        return rows, np.vstack([users, learned])

    def draw_assumed(self) -> Drawn:
        rows = self.inputs.selected.feature_shares[
            self.inputs.selected.feature_shares["assumed"] != ""
        ]
        drawn = self.sampler.draw_rows("assumed|" + rows["feature_use_id"])
        return rows, drawn * _weigh(rows["mode"] * rows["of_persons"])

    def draw_circumvention(self) -> Drawn:
        rows = self.inputs.selected.circumvention
        return rows, audiences.draw_circumvention(rows, self.sampler)

    def draw_daily_use(self) -> Drawn:
        """Return the share of each service's users who come on a day, weighted by its users."""
        line = self.inputs.timeline
        rows = line.rows[line.daily["share_mean"].notna().to_numpy()]
        rows = rows.drop_duplicates([*COUNTRY, "platform_id"])
        shares = line.daily.loc[rows.index]
        people = shares["mode"].fillna(rows["base_persons"])
        return rows, audiences.draw_daily_shares(shares, self.sampler) * _weigh(people)

    def draw_places(self) -> Drawn:
        """Return the people online of places where those of the country are at their middle."""
        places = self.inputs.parts
        base = _take_middle(self.steps.bases[self.find_country(places)])
        drawn = parts.draw_online(places, base, self.sampler)
        return places, drawn * base * parts.draw_reading(places, self.sampler)

    def draw_cut(self, draw: Callable[[pd.DataFrame, Sampler], Array]) -> Drawn:
        """Return a share of the people online of places, weighted by these."""
        places = self.inputs.parts
        people = (
            self.steps.countries.places.drawn.online * self.steps.bases[self.find_country(places)]
        )
        return places, draw(places, self.sampler) * _take_middle(people)
