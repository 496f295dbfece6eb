"""Table `sensitivity`: the inputs that determine the width of each estimate, with advice.

Definitions. An input is a kind of uncertain quantity (InputKind). First-order share: the part of
the variance of a result that would go if the input were known, Var(E[Y | X]) / Var(Y). X has a
number for each restriction and draw: the people whom the restriction affects if all other inputs
are at their middle, but for a factor and, of several services, for joint use.

Method. The functions that draw the people draw each input again, so that draw d is the same world.
Inputs of several countries, services or places are added, weighted by the people there. The draws
of the result Y are put in the order of X and cut into CLASSES of equal size. The share is 1 less
the variance within classes over the variance, each divided by its degrees of freedom, so that an
input without effect has a share of 0 on average (Plischke et al. 2013). Its standard error is that
of an adjusted R squared (Olkin and Finn 1995), with that of a share of 0.

Assumptions. Inputs are independent of each other. Where several quantities are of one kind, their
weighted sum speaks for them.

Known drawbacks. With a thousand draws a share is known to about 0.03. What inputs do only together
belongs to none of them, so that shares may add up to less than 1. A share that is not twice its
error is left out.

Citations. E. Plischke, E. Borgonovo, C. L. Smith, European Journal of Operational Research 226
(2013) 536-550; I. Olkin, J. D. Finn, Psychological Bulletin 118 (1995) 155-164.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.audiences.scope import COUNTRY
from audience_impact.frames import Array, no_rows
from audience_impact.overlap.model import JointUse
from audience_impact.simulation import audiences, parts, unions, worlds
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import (
    DEPRIVED,
    EXPOSED,
    FEATURE_USERS,
    PERSON_DAYS,
    Draws,
    Simulation,
    SimulationInputs,
    Steps,
)
from audience_impact.vocabulary import ImpactMetric, InputKind

CLASSES = 30
KEYS = ["restriction_id", "impact_metric"]
ADVICE = {
    InputKind.AUDIENCE: "measure the audiences anew, nearer to the day",
    InputKind.BASE: "measure how many people are online",
    InputKind.CORRELATION: "ask one sample of the country which of these services each person uses",
    InputKind.MODEL: "measure how many use any of these services",
    InputKind.OVERLAP: "measure the overlap with a larger sample",
    InputKind.FEATURE_SHARE: "measure the share who use the feature with a larger sample",
    InputKind.ASSUMED: "measure the share who use the feature of these very services",
    InputKind.DAILY_USE: "ask users of the country whether they come every day",
    InputKind.CIRCUMVENTION: "measure who keeps access with a random sample",
    InputKind.PLACE: "say which places were cut off, and ask who is online there",
    InputKind.NETWORK: "count who is online over one network alone",
    InputKind.DEPTH: "measure how much of the traffic was lost",
}
NO_FIGURE = "publish an audience figure for these services in this country"
HELPS_MOST = "no_figure"


def make_sensitivity(simulation: Simulation, draws: Draws, impact: pd.DataFrame) -> pd.DataFrame:
    """Return shares with rank and advice, and what helps most where nothing is estimated.

    `draws` are those of the simulation; `impact` is the published table.
    """
    nothing = no_rows((*KEYS, "input"), ("first_order_share", "first_order_error_share"))
    is_exposed = impact["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED.value
    silent = impact.loc[is_exposed & impact["q50_persons"].isna(), KEYS].assign(input=HELPS_MOST)
    inputs = () if simulation.model is None else _draw_inputs(simulation)
    parts = [
        *(
            _share_out(kind, name, simulation.inputs.restrictions, drawn, draws[name])
            for kind, metrics, drawn in inputs
            for name in metrics
        ),
        silent.reindex(columns=nothing.columns).astype(nothing.dtypes),
    ]
    shares = pd.concat([part for part in parts if len(part)] or [nothing], ignore_index=True)
    rank = shares.groupby(KEYS)["first_order_share"].rank(ascending=False, method="first")
    words = {kind.value: text for kind, text in ADVICE.items()} | {HELPS_MOST: NO_FIGURE}
    return shares.assign(
        narrowing_persons=find_narrowing(shares, impact),
        advice=shares["input"].map(words),
        rank_count=rank.fillna(1),
    ).sort_values([*KEYS, "rank_count", "input"], ignore_index=True)


def _share_out(
    kind: InputKind, metric: str, restrictions: pd.Index, drawn: Array, result: Array
) -> pd.DataFrame:
    """Return the shares of an input (restrictions, D) of a metric, where both vary."""
    varies = (_measure_spread(drawn) > 1e-9) & (_measure_spread(result) > 1e-9)
    share, error = first_order_shares(drawn[varies], result[varies])
    frame = pd.DataFrame(
        {
            "restriction_id": restrictions[varies],
            "impact_metric": metric,
            "input": kind.value,
            "first_order_share": share.round(4),
            "first_order_error_share": error.round(4),
        }
    )
    return frame[share > 2.0 * error]


def _measure_spread(draws: Array) -> Array:
    """Return the range (rows,) of draws as a share of the largest; 0 for rows of NaN."""
    largest = np.abs(draws).max(axis=1, initial=0.0)
    return np.nan_to_num(np.ptp(draws, axis=1) / np.where(largest > 0.0, largest, 1.0))


def first_order_shares(drawn: Array, result: Array) -> tuple[Array, Array]:
    """Return the share of the variance of `result` (rows, D) due to `drawn`, and its error."""
    count = result.shape[1]
    classes = min(CLASSES, max(count // 4, 2))
    ordered = np.take_along_axis(result, np.argsort(drawn, axis=1, kind="stable"), axis=1)
    ordered = ordered - ordered.mean(axis=1, keepdims=True)  # large numbers would lose digits
    first = np.arange(classes) * count // classes
    size = np.diff(first, append=count)
    between = (np.add.reduceat(ordered, first, axis=1) ** 2 / size).sum(axis=1)
    total = (ordered**2).sum(axis=1)
    within = (total - between) / (count - classes)
    share = np.clip(1.0 - within / (total / (count - 1)), 0.0, 1.0)
    spread = 4.0 * share / count + 2.0 * (classes - 1) / count**2
    return share, (1.0 - share) * np.sqrt(spread)


def find_narrowing(shares: pd.DataFrame, impact: pd.DataFrame) -> pd.Series:
    """Return the persons (rows,) by which each 90 % interval would narrow if the input were known.

    Without a part S of its variance, an interval of width w has the width w sqrt(1 - S), if its
    shape does not change. NaN without draws, and for person-days.
    """
    width = impact.set_index(KEYS).eval("q95_persons - q05_persons")
    interval_width = width.reindex(pd.MultiIndex.from_frame(shares[KEYS])).set_axis(shares.index)
    remaining = (1.0 - shares["first_order_share"].clip(0.0, 1.0)) ** 0.5
    return (interval_width * (1.0 - remaining)).round()


Drawn = tuple[pd.DataFrame, Array]
"""Rows with a `restriction_id`, and their draws (rows, D)."""
PEOPLE = (EXPOSED.value, FEATURE_USERS.value, DEPRIVED.value)
ALL = (*PEOPLE, PERSON_DAYS)


def _draw_inputs(simulation: Simulation) -> Iterator[tuple[InputKind, tuple[str, ...], Array]]:
    """Yield each input, the metrics that depend on it, and its draws (restrictions, D).

    The draws of restrictions that do not depend on the input are all the same.
    """
    inputs = simulation.inputs
    world = _World(inputs, simulation.steps, simulation.sampler)
    listed: list[tuple[InputKind, tuple[str, ...], Callable[[], Drawn]]] = [
        (
            InputKind.AUDIENCE,
            PEOPLE,
            lambda: world.at_middle_base(inputs.audiences, world.steps.audiences),
        ),
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
        yield kind, metrics, worlds.sum_by_restriction(drawn, names, inputs.restrictions)


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
        at = parts.find_countries(rows, self.inputs.countries)
        chosen = (at >= 0) & (rows["shape"] != audiences.BASE).to_numpy()
        base = self.steps.bases[at[chosen]]
        is_share = rows["shape"].isin(audiences.SHARED).to_numpy()[chosen][:, None]
        return rows[chosen], persons[chosen] * np.where(is_share, _take_middle(base) / base, 1.0)

    def draw_joint_use(self, choose: Callable[[JointUse], Array]) -> Drawn:
        """Return a part of the joint use of countries with several audiences."""
        inputs, model = self.inputs, self.inputs.overlap_model
        assert model is not None  # else there are no steps
        at = parts.find_countries(inputs.audiences, inputs.countries)
        several = np.bincount(at[at >= 0], minlength=len(inputs.countries)) > 1
        rows = inputs.countries[several]
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
        inputs, shares = self.inputs, self.inputs.selected.feature_shares
        stated = self.sampler.draw_rows("feature|" + shares["feature_use_id"])
        learned = audiences.draw_fitted_shares(
            inputs.selected.feature_laws, inputs.countries, self.sampler
        )
        learned = np.nan_to_num(learned) * _take_middle(self.steps.joint)
        users = stated * _weigh(shares["mode"] * shares["of_persons"])
        rows = pd.concat([shares[COUNTRY], inputs.countries[COUNTRY]])
        return rows, np.vstack([users, learned])

    def draw_assumed(self) -> Drawn:
        shares = self.inputs.selected.feature_shares
        rows = shares[shares["assumed"] != ""]
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
        at = parts.find_countries(places, self.inputs.countries)
        base = _take_middle(self.steps.bases[at])
        drawn = parts.draw_online(places, base, self.sampler)
        return places, drawn * base * parts.draw_reading(places, self.sampler)

    def draw_cut(self, draw: Callable[[pd.DataFrame, Sampler], Array]) -> Drawn:
        """Return a share of the people online of places, weighted by these."""
        places = self.inputs.parts
        at = parts.find_countries(places, self.inputs.countries)
        people = self.steps.countries.places.drawn.online * self.steps.bases[at]
        return places, draw(places, self.sampler) * _take_middle(people)
