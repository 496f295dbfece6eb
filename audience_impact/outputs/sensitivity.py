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

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience_impact.audiences.scope import COUNTRY
from audience_impact.frames import Array, Integers, no_rows
from audience_impact.simulation import audiences, parts, simulate, unions, worlds
from audience_impact.simulation.simulate import PERSON_DAYS, Draws, Simulation
from audience_impact.vocabulary import ImpactMetric, InputKind

CLASSES = 30
KEYS = ["restriction_id", "impact_metric"]
ADVICE: dict[str, str] = {
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
    """Return shares with rank and advice, and what helps most where nothing is estimated."""
    nothing = no_rows((*KEYS, "input"), ("first_order_share", "first_order_error_share"))
    is_exposed = impact["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED.value
    silent = impact.loc[is_exposed & impact["q50_persons"].isna(), KEYS].assign(input=HELPS_MOST)
    restrictions, tables = simulation.inputs.restrictions, []
    varying = {name: _find_varying(drawn) for name, drawn in draws.items()}
    for draw in (_draw_audiences, _draw_shares, _draw_places) if simulation.model else ():
        for kind, metrics, rows, people in draw(simulation):
            drawn = worlds.sum_by_restriction(people, rows["restriction_id"], restrictions)
            varies = _find_varying(drawn)
            order = sort_draws(drawn[varies])
            for name in metrics:
                both = varies & varying[name]
                shares = first_order_shares(order[both[varies]], draws[name][both])
                tables.append(_list_shares(kind, name, restrictions[both], *shares))
    tables.append(silent.reindex(columns=nothing.columns).astype(nothing.dtypes))
    shares = pd.concat([part for part in tables if len(part)] or [nothing], ignore_index=True)
    rank = shares.groupby(KEYS)["first_order_share"].rank(ascending=False, method="first")
    return shares.assign(
        narrowing_persons=find_narrowing(shares, impact),
        advice=shares["input"].map({**ADVICE, HELPS_MOST: NO_FIGURE}),
        rank_count=rank.fillna(1),
    ).sort_values([*KEYS, "rank_count", "input"], ignore_index=True)


def _list_shares(
    kind: InputKind, metric: str, restrictions: pd.Index, share: Array, error: Array
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "restriction_id": restrictions,
            "impact_metric": metric,
            "input": kind.value,
            "first_order_share": share.round(4),
            "first_order_error_share": error.round(4),
        }
    )
    return frame[share > 2.0 * error]


def _find_varying(draws: Array) -> NDArray[np.bool_]:
    """Return whether each row (rows, D) varies; a row of NaN does not."""
    least, most = draws.min(axis=1, initial=np.inf), draws.max(axis=1, initial=-np.inf)
    largest = np.maximum(np.abs(least), np.abs(most))
    return np.asarray((most - least) / np.where(largest > 0.0, largest, 1.0) > 1e-9)


def sort_draws(drawn: Array) -> Integers:
    """Return the numbers of the draws (rows, D) in ascending order, equal ones in their order."""
    order = np.argsort(drawn, axis=1)  # several times faster than a stable sort
    ordered = np.take_along_axis(drawn, order, axis=1)
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    order[tied] = np.argsort(drawn[tied], axis=1, kind="stable")
    return order


def first_order_shares(order: Integers, result: Array) -> tuple[Array, Array]:
    """Return the share of the variance of `result` due to an input in this `order`, its error."""
    count = result.shape[1]
    classes = min(CLASSES, max(count // 4, 2))
    ordered = np.take_along_axis(result, order, axis=1)
    ordered -= ordered.mean(axis=1, keepdims=True)  # large numbers would lose digits
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


Input = tuple[InputKind, tuple[str, ...], pd.DataFrame, Array]
"""An input, the metrics that depend on it, rows with a `restriction_id`, and draws (rows, D)."""
PEOPLE = (simulate.EXPOSED.value, simulate.FEATURE_USERS.value, simulate.DEPRIVED.value)
ALL = (*PEOPLE, PERSON_DAYS)


def _draw_audiences(simulation: Simulation) -> Iterator[Input]:
    inputs, steps, sampler = simulation.inputs, simulation.steps, simulation.sampler
    yield InputKind.AUDIENCE, PEOPLE, *_hold_base(inputs.audiences, steps.audiences, simulation)
    rows, line = inputs.timeline.drawn_rows, inputs.timeline
    daily = line.daily.loc[rows.index].assign(restriction_id=rows["restriction_id"])
    days = (rows["until_limit"] - rows["from_limit"]).dt.days  # on which all of a month come
    people = _hold_base(daily, simulation.drawn_audiences * _weigh(days), simulation)
    yield InputKind.AUDIENCE, (PERSON_DAYS,), *people
    yield InputKind.BASE, ALL, inputs.countries, steps.bases
    at = parts.find_countries(inputs.audiences, inputs.countries)
    several = np.bincount(at[at >= 0], minlength=len(inputs.countries)) > 1
    rows, middle = inputs.countries[several], _take_middle(steps.joint[several])
    assert inputs.overlap_model is not None  # else there are no steps
    uses = [
        unions.draw_joint_use(inputs.overlap_model, country, sampler)
        for country in rows["country_id"]
    ]
    for kind, parts_of in (
        (InputKind.CORRELATION, [use.correlation for use in uses]),
        (InputKind.MODEL, [use.error for use in uses]),
    ):
        yield kind, ALL, rows, np.array(parts_of).reshape(len(rows), sampler.count) * middle
    names = pd.DataFrame(columns=["restriction_id", "overlap_id"], dtype="str")
    rows = pd.concat([names, *(country.facts for country in inputs.bounds.overlaps)])
    yield InputKind.OVERLAP, PEOPLE, rows, sampler.draw_rows("overlap|" + rows["overlap_id"])


def _hold_base(rows: pd.DataFrame, persons: Array, run: Simulation) -> tuple[pd.DataFrame, Array]:
    """Return audiences in persons, imputed ones, which are shares of the base, at its middle."""
    at = parts.find_countries(rows, run.inputs.countries)
    chosen = (at >= 0) & (rows["shape"] != audiences.BASE).to_numpy()
    base = run.steps.bases[at[chosen]]
    is_share = rows["shape"].isin(audiences.SHARED).to_numpy()[chosen][:, None]
    return rows[chosen], persons[chosen] * np.where(is_share, _take_middle(base) / base, 1.0)


def _draw_shares(simulation: Simulation) -> Iterator[Input]:
    """Yield shares of users: of a feature, on record or learned, on a day, and with access."""
    inputs, sampler, line = simulation.inputs, simulation.sampler, simulation.inputs.timeline
    shares, laws = inputs.selected.feature_shares, inputs.selected.feature_laws
    people = _weigh(shares["mode"] * shares["of_persons"])
    learned = audiences.draw_fitted_shares(laws, inputs.countries, sampler)
    learned = np.nan_to_num(learned) * _take_middle(simulation.steps.joint)
    users = np.vstack([sampler.draw_rows("feature|" + shares["feature_use_id"]) * people, learned])
    rows = pd.concat([shares[COUNTRY], inputs.countries[COUNTRY]])
    yield InputKind.FEATURE_SHARE, PEOPLE[1:], rows, users
    is_assumed = (shares["assumed"] != "").to_numpy("bool")
    assumed = sampler.draw_rows("assumed|" + shares.loc[is_assumed, "feature_use_id"])
    yield InputKind.ASSUMED, PEOPLE[1:], shares[is_assumed], assumed * people[is_assumed]
    rows = line.rows[line.daily["share_mean"].notna().to_numpy()]
    rows = rows.drop_duplicates([*COUNTRY, "platform_id"])
    daily = line.daily.loc[rows.index]
    drawn = audiences.draw_daily_shares(daily, sampler)
    people = _weigh(daily["mode"].fillna(rows["base_persons"]))
    yield InputKind.DAILY_USE, (PERSON_DAYS,), rows, drawn * people
    rows = inputs.selected.circumvention
    drawn = audiences.draw_circumvention(rows, sampler)
    yield InputKind.CIRCUMVENTION, PEOPLE[2:], rows, drawn


def _draw_places(simulation: Simulation) -> Iterator[Input]:
    places, steps, sampler = simulation.inputs.parts, simulation.steps, simulation.sampler
    base = steps.bases[parts.find_countries(places, simulation.inputs.countries)]
    middle = _take_middle(base)
    online = parts.share_online(places, middle, sampler) * middle
    yield InputKind.PLACE, ALL, places, online * parts.draw_reading(places, sampler)
    people = _take_middle(steps.countries.places.drawn.online * base)
    yield InputKind.NETWORK, ALL, places, parts.draw_network_share(places, sampler) * people
    yield InputKind.DEPTH, ALL, places, parts.draw_lost_share(places, sampler) * people


def _take_middle(draws: Array) -> Array:
    return np.asarray(np.median(draws, axis=1, keepdims=True))


def _weigh(people: pd.Series) -> Array:
    return np.asarray(people.fillna(0.0).to_numpy("float64")[:, None])
