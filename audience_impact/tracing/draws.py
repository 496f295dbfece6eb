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
from audience_impact.overlap.model import assume_independence
from audience_impact.simulation import audiences
from audience_impact.simulation.audiences import BASE as BASE_SHAPE
from audience_impact.simulation.audiences import COUNTED, GROWN
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Simulation, Steps
from audience_impact.simulation.unions import QUANTILES
from audience_impact.vocabulary import TraceStep

ADDED = "audiences added up, which counts people several times"
INDEPENDENT = "each person once, if use of one service said nothing of the others"
JOINT = "each person once, by the joint use that surveys have"
CONDITIONED = "the same, given the overlaps that were measured"
BASE = "people in the base"
PART = "part of the people online of the country that is touched"
EXPOSED = "people exposed"
USERS = "of these, people who use what is restricted"
FEATURE_SHARE = "people asked about who use the feature"
KEEPING_SHARE = "share of these who keep access"
CORRELATION = "correlation of joint use"
PERSONS, SHARE = "persons", "share"

NOT_COUNTED = {
    BASE_SHAPE: "people online, as drawn",
    IMPUTED: "imputed, as drawn",
    COMBINED: "the figure combined with those of other services and countries, as drawn",
}
"""Texts on how an audience without a figure is drawn, by shape of its distribution."""
ENDS = ["low", "value", "high"]
"""Columns of the quantiles of a number."""


def trace_draws(simulation: Simulation) -> Iterator[pd.DataFrame]:
    """Yield every intermediate number in the order of the computation.

    Each frame has COUNTRY, `subject`, `step`, `text`, `unit` and ENDS. Yields nothing if no
    restriction of `inputs` can be drawn.
    """
    model, inputs, sampler = simulation.model, simulation.inputs, simulation.sampler
    if model is None:
        return
    countries, stages = inputs.countries.reset_index(drop=True), simulation.steps
    rows = inputs.audiences
    is_drawn = rows["restriction_id"].isin(countries["restriction_id"])
    yield from _trace_audiences(rows[is_drawn], inputs.timeline.tail_degrees, sampler)
    places = pd.MultiIndex.from_frame(countries[COUNTRY])
    place = pd.Series(places.get_indexer(pd.MultiIndex.from_frame(rows[COUNTRY])), rows["row"])
    members = place[place >= 0].groupby(place).groups
    is_several = np.array([len(members.get(number, ())) > 1 for number in countries.index])
    yield from _trace_unions(countries, stages, members, is_several)
    several = countries[is_several]
    if not several.empty:
        by_country = several["country_id"].map(
            {
                country: model.joint_use(str(country), sampler.draw_uniform).parameters[0]
                for country in several["country_id"].unique()
            }
        )
        correlation = np.stack(by_country.to_list())
        yield _summarise(several, TraceStep.JOINT_USE, CORRELATION, "correlation", correlation)
    shares = inputs.use.feature_shares
    shares = shares[shares["restriction_id"].isin(countries["restriction_id"])]
    drawn = audiences.draw_feature_users(shares, sampler)
    named = shares.assign(subject=shares["feature_use_id"])
    yield _summarise(named, TraceStep.FEATURE, FEATURE_SHARE, PERSONS, drawn)
    keeping = inputs.use.circumvention
    keeping = keeping[keeping["restriction_id"].isin(countries["restriction_id"])]
    if not keeping.empty:
        drawn = audiences.draw_circumvention(keeping, sampler)
        yield _summarise(keeping, TraceStep.ACCESS, KEEPING_SHARE, SHARE, drawn)


def _summarise(
    rows: pd.DataFrame, step: TraceStep, text: str, unit: str, draws: Array
) -> pd.DataFrame:
    """Return the quantiles of draws (rows, D), without rows that lack draws."""
    is_drawn = ~np.isnan(draws).any(axis=1)
    quantiles = np.quantile(draws[is_drawn], [*QUANTILES.values()], axis=1).T
    names = [name for name in (*COUNTRY, "subject") if name in rows]
    ends = pd.DataFrame(quantiles, rows.index[is_drawn], ENDS)
    return rows.loc[is_drawn, names].assign(step=step.value, text=text, unit=unit).join(ends)


def _trace_audiences(
    rows: pd.DataFrame, tail_degrees: float, sampler: Sampler
) -> Iterator[pd.DataFrame]:
    steps = audiences.draw_by_step(rows, sampler, tail_degrees)
    named = rows.assign(subject=rows["platform_id"])
    counted = rows["shape"].isin(COUNTED).to_numpy()
    for text, draws in steps.items():
        yield _summarise(named[counted], TraceStep.DRAWS, text, PERSONS, draws[counted])
    for shape, text in NOT_COUNTED.items():
        is_shape = rows["shape"].eq(shape).to_numpy()
        yield _summarise(named[is_shape], TraceStep.DRAWS, text, PERSONS, steps[GROWN][is_shape])


def _trace_unions(
    countries: pd.DataFrame,
    stages: Steps,
    members: "dict[int, pd.Index[int]]",
    is_several: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
) -> Iterator[pd.DataFrame]:
    """Yield the numbers of each country from its audiences to its people exposed."""
    added, alone = (np.full_like(stages.bases, np.nan) for _ in range(2))
    for place in map(int, np.flatnonzero(is_several)):
        rows, base = stages.audiences[members[place]], stages.bases[place]
        added[place] = rows.sum(axis=0)
        alone[place] = assume_independence(np.clip(rows / base, 0.0, 1.0).T) * base
    exposed, users = stages.countries.exposed, stages.countries.users
    always = np.ones(len(countries), dtype=bool)
    for text, unit, draws, is_shown in (
        (BASE, PERSONS, stages.bases, always),
        (ADDED, PERSONS, added, is_several),
        (INDEPENDENT, PERSONS, alone, is_several),
        (JOINT, PERSONS, stages.joint, is_several),
        (CONDITIONED, PERSONS, stages.conditioned, _differ(stages.conditioned, stages.joint)),
        (PART, SHARE, stages.part, _differ(stages.part, np.ones_like(stages.part))),
        (EXPOSED, PERSONS, exposed, always),
        (USERS, PERSONS, users, _differ(users, exposed)),
    ):
        yield _summarise(countries[is_shown], TraceStep.DRAWS, text, unit, draws[is_shown])


def _differ(first: Array, second: Array) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.asarray((first != second).any(axis=1))
