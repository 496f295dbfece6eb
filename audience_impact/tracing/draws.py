"""Quantiles of what is drawn of restrictions, after each step from the figures to the answer.

Method. The draws are those of the answer (`Simulation.steps`), looked at on the way. Beside them
stand what they would be if audiences were added up, or if use of one service said nothing of the
others.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from audience_impact.audiences.scope import COUNTRY
from audience_impact.frames import Array
from audience_impact.imputation.audiences import COMBINED, IMPUTED
from audience_impact.overlap.copula import assume_independence
from audience_impact.simulation import audiences
from audience_impact.simulation.audiences import BASE, COUNTED, GROWN
from audience_impact.simulation.simulate import Simulation, Steps
from audience_impact.simulation.unions import QUANTILES

PERSONS = "persons"
NOT_COUNTED = {
    BASE: "drawn_online",
    IMPUTED: "drawn_imputed",
    COMBINED: "drawn_combined",
}
"""Items of an audience without a figure, by shape of its distribution."""
ENDS = ["low", "value", "high"]
"""Columns of the quantiles of a number."""


def trace_draws(simulation: Simulation) -> Iterator[pd.DataFrame]:
    """Yield every intermediate number as rows of an item: COUNTRY, `subject`, `item` and ENDS.

    Yields nothing if no restriction of `inputs` can be drawn.
    """
    model, inputs, sampler = simulation.model, simulation.inputs, simulation.sampler
    if model is None:
        return
    countries = inputs.countries.reset_index(drop=True)
    yield from _trace_audiences(_select_drawn(inputs.audiences, countries), simulation)
    members = _list_members(countries, inputs.audiences)
    is_several = countries.index.isin([place for place, rows in members.items() if len(rows) > 1])
    yield from _trace_unions(countries, simulation.steps, members, is_several)
    several = countries[is_several]
    if not several.empty:
        by_country = {
            country: model.joint_use(str(country), sampler.draw_uniform).correlation
            for country in several["country_id"].unique()
        }
        drawn = np.stack(several["country_id"].map(by_country).to_list())
        yield _summarise(several, "correlation", drawn)
    shares = _select_drawn(inputs.selected.feature_shares, countries)
    named = shares.assign(subject=shares["feature_use_id"])
    yield _summarise(named, "feature_share", audiences.draw_feature_users(shares, sampler))
    keeping = _select_drawn(inputs.selected.circumvention, countries)
    if not keeping.empty:
        yield _summarise(keeping, "keeping_share", audiences.draw_circumvention(keeping, sampler))


def _select_drawn(rows: pd.DataFrame, countries: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["restriction_id"].isin(countries["restriction_id"])]


def _list_members(countries: pd.DataFrame, rows: pd.DataFrame) -> dict[int, "pd.Index[int]"]:
    """Return the rows of the draws of audiences of each country, by its place in `countries`."""
    places = pd.MultiIndex.from_frame(countries[COUNTRY])
    place = pd.Series(places.get_indexer(pd.MultiIndex.from_frame(rows[COUNTRY])), rows["row"])
    return dict(place[place >= 0].groupby(place).groups)


def _summarise(rows: pd.DataFrame, item: str, draws: Array) -> pd.DataFrame:
    """Return the quantiles of draws (rows, D), without rows that lack draws."""
    is_drawn = ~np.isnan(draws).any(axis=1)
    quantiles = np.quantile(draws[is_drawn], [*QUANTILES.values()], axis=1).T
    names = [name for name in (*COUNTRY, "subject") if name in rows]
    ends = pd.DataFrame(quantiles, rows.index[is_drawn], ENDS)
    return rows.loc[is_drawn, names].assign(item=item).join(ends)


def _trace_audiences(rows: pd.DataFrame, simulation: Simulation) -> Iterator[pd.DataFrame]:
    tail_degrees = simulation.inputs.timeline.tail_degrees
    steps = audiences.draw_by_step(rows, simulation.sampler, tail_degrees)
    named = rows.assign(subject=rows["platform_id"])
    counted = rows["shape"].isin(COUNTED).to_numpy()
    for item, draws in steps.items():
        yield _summarise(named[counted], item, draws[counted])
    for shape, item in NOT_COUNTED.items():
        is_shape = rows["shape"].eq(shape).to_numpy()
        yield _summarise(named[is_shape], item, steps[GROWN][is_shape])


def _trace_unions(
    countries: pd.DataFrame,
    stages: Steps,
    members: "dict[int, pd.Index[int]]",
    is_several: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
) -> Iterator[pd.DataFrame]:
    """Yield the numbers of each country from its audiences to its people exposed.

    Beside the union stand the sum of the audiences, and the union by independent use.
    """
    added, alone = (np.full_like(stages.bases, np.nan) for _ in range(2))
    for place in map(int, np.flatnonzero(is_several)):
        rows, base = stages.audiences[members[place]], stages.bases[place]
        added[place] = rows.sum(axis=0)
        alone[place] = assume_independence(np.clip(rows / base, 0.0, 1.0).T) * base
    exposed, users = stages.countries.exposed, stages.countries.users
    always = np.ones(len(countries), dtype=bool)
    for item, draws, is_shown in (
        ("drawn_base", stages.bases, always),
        ("drawn_sum", added, is_several),
        ("drawn_independent", alone, is_several),
        ("drawn_joint", stages.joint, is_several),
        ("drawn_conditioned", stages.conditioned, _differ(stages.conditioned, stages.joint)),
        ("drawn_part", stages.part, _differ(stages.part, np.ones_like(stages.part))),
        ("drawn_exposed", exposed, always),
        ("drawn_users", users, _differ(users, exposed)),
    ):
        yield _summarise(countries[is_shown], item, draws[is_shown])


def _differ(first: Array, second: Array) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.asarray((first != second).any(axis=1))
