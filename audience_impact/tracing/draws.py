"""Quantiles of what is drawn of a restriction, after each step from the figures to the answer.

Method. The draws are those of the answer (simulate.draw_steps), looked at on the way. Beside them
stand what they would be if audiences were added up, or if use of one service told nothing of the
others.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audience_impact.audiences.scope import COUNTRY
from audience_impact.frames import Array
from audience_impact.imputation.audiences import IMPUTED
from audience_impact.overlap.model import OverlapModel, assume_independence
from audience_impact.simulation import audiences, simulate
from audience_impact.simulation.audiences import BASE as BASE_SHAPE
from audience_impact.simulation.audiences import COUNTED, GROWN, PRINTED, WITH_ERROR
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.parts import draw_residents
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Steps
from audience_impact.simulation.unions import QUANTILES

ADDED = "audiences added up, which counts people several times"
INDEPENDENT = "each person once, if use of one service told nothing of the others"
JOINT = "each person once, by the joint use that surveys have"
CONDITIONED = "the same, given the overlaps that were measured"
BASE = "people in the base"
PART = "part of the people online of the country that is touched"
PLACE = "people living in the place"
EXPOSED = "people exposed"
USERS = "of these, people who use what is restricted"
FEATURE_SHARE = "people asked about who use the feature"
KEEPING_SHARE = "share of these who keep access"
CORRELATION = "correlation of joint use"

NOT_COUNTED = {BASE_SHAPE: "people online, as drawn", IMPUTED: "imputed, as drawn"}
"""What is drawn of an audience that no figure of its own counts, by shape."""
OF_AUDIENCES = (PRINTED, WITH_ERROR, GROWN, *NOT_COUNTED.values())
"""What is drawn of each audience by itself, step by step."""


@dataclass(frozen=True)
class TracedNumber:
    """Quantiles of one intermediate number of a country and service or place; blank for all."""

    what: str
    country_id: str
    of: str
    unit: str
    q05: float
    q50: float
    q95: float


def _summarise_draws(
    what: str, country: str, of: str, unit: str, draws: Array
) -> Iterator[TracedNumber]:
    """Yield the quantiles of draws (D,); nothing where draws are missing."""
    if not np.isnan(draws).any():
        yield TracedNumber(
            what, country, of, unit, *map(float, np.quantile(draws, [*QUANTILES.values()]))
        )


def trace_numbers(inputs: SimulationInputs, sampler: Sampler) -> list[TracedNumber]:
    """Return every intermediate number, in the order in which the numbers follow from each other.

    Nothing where no restriction of `inputs` can be drawn.
    """
    model = inputs.overlap_model
    if model is None or inputs.countries.empty:
        return []
    stages = simulate.draw_steps(inputs, model, sampler)
    numbers = list(_trace_audiences(inputs, sampler))
    for place, row in enumerate(inputs.countries[COUNTRY].itertuples()):
        is_of_country = (inputs.audiences[COUNTRY] == list(row)[1:]).all(axis=1)
        rows = stages.audiences[inputs.audiences.loc[is_of_country, "row"]]
        numbers += _trace_union(rows, stages, place, str(row.country_id))
        numbers += _trace_joint_use(model, str(row.country_id), sampler) if len(rows) > 1 else []
    return [
        *numbers,
        *_trace_feature_users(inputs, sampler),
        *_trace_kept_access(inputs, sampler),
        *_trace_residents(inputs, sampler),
    ]


def _trace_audiences(inputs: SimulationInputs, sampler: Sampler) -> Iterator[TracedNumber]:
    rows = inputs.audiences
    steps = audiences.draw_by_step(rows, sampler, inputs.timeline.tail_degrees)
    for place, row in enumerate(rows.itertuples()):
        own_steps = (
            steps if row.shape in COUNTED else {NOT_COUNTED.get(row.shape, ""): steps[GROWN]}
        )
        for what, draws in own_steps.items():
            yield from _summarise_draws(
                what, row.country_id, row.platform_id, "persons", draws[place]
            )


def _trace_union(rows: Array, stages: Steps, place: int, country: str) -> Iterator[TracedNumber]:
    """Yield the numbers from the audiences (audiences, D) of a country to its people exposed."""
    base = stages.bases[place]
    several = len(rows) > 1
    numbers = [(BASE, "persons", base)]
    if several:
        alone = assume_independence(np.clip(rows / base, 0.0, 1.0).T) * base
        numbers += [(ADDED, "persons", rows.sum(axis=0)), (INDEPENDENT, "persons", alone)]
        numbers += [(JOINT, "persons", stages.joint[place])]
    if (stages.conditioned[place] != stages.joint[place]).any():
        numbers += [(CONDITIONED, "persons", stages.conditioned[place])]
    if (stages.part[place] != 1.0).any():
        numbers += [(PART, "share", stages.part[place])]
    numbers += [(EXPOSED, "persons", stages.countries.exposed[place])]
    if (stages.countries.users[place] != stages.countries.exposed[place]).any():
        numbers += [(USERS, "persons", stages.countries.users[place])]
    for what, unit, draws in numbers:
        yield from _summarise_draws(what, country, "", unit, draws)


def _trace_joint_use(model: OverlapModel, country: str, sampler: Sampler) -> Iterator[TracedNumber]:
    use = model.joint_use(country, sampler.draw_uniform)
    yield from _summarise_draws(CORRELATION, country, "", "correlation", use.parameters[0])


def _trace_feature_users(inputs: SimulationInputs, sampler: Sampler) -> Iterator[TracedNumber]:
    rows = inputs.feature_shares
    drawn = audiences.draw_feature_users(rows, sampler)
    for place, row in enumerate(rows.itertuples()):
        yield from _summarise_draws(
            FEATURE_SHARE, row.country_id, row.feature_use_id, "persons", drawn[place]
        )


def _trace_kept_access(inputs: SimulationInputs, sampler: Sampler) -> Iterator[TracedNumber]:
    shares = inputs.circumvention
    shares = shares[shares["restriction_id"].isin(inputs.countries["restriction_id"])]
    if not shares.empty:
        yield from _summarise_draws(
            KEEPING_SHARE, "", "", "share", audiences.draw_circumvention(shares, sampler)[0]
        )


def _trace_residents(inputs: SimulationInputs, sampler: Sampler) -> Iterator[TracedNumber]:
    if inputs.parts.empty:
        return
    drawn = draw_residents(inputs.parts, sampler)
    for place, row in enumerate(inputs.parts.itertuples()):
        yield from _summarise_draws(PLACE, row.country_id, row.area_id, "persons", drawn[place])
