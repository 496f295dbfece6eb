"""Quantiles of what is drawn of a restriction, after each step from the figures to the answer.

Method. The draws are those of the answer (simulate.steps), looked at on the way. Beside them stand
what they would be if audiences were added up, or if use of one service told nothing of the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audience_impact.audiences.scope import COUNTRY
from audience_impact.frames import Array
from audience_impact.imputation.audiences import IMPUTED
from audience_impact.overlap.model import OverlapModel, independence
from audience_impact.simulation import audiences, feature_users, simulate
from audience_impact.simulation.audiences import BASE as BASE_SHAPE
from audience_impact.simulation.audiences import COUNTED, GROWN, PRINTED, WITH_ERROR
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.parts import living
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Steps
from audience_impact.simulation.unions import QUANTILES

ADDED = "audiences added up, which counts people several times"
INDEPENDENT = "each person once, if use of one service told nothing of the others"
JOINT = "each person once, by the joint use that surveys have"
GIVEN = "the same, given the overlaps that were measured"
BASE = "people in the base"
PART = "part of the people online of the country that is touched"
PLACE = "people living in the place"
EXPOSED = "people exposed"
USERS = "of these, people who use what is restricted"
FEATURE_SHARE = "people asked about who use the feature"
KEPT = "share of these who keep access"
CORRELATION = "correlation of joint use"

NOT_COUNTED = {BASE_SHAPE: "people online, as drawn", IMPUTED: "imputed, as drawn"}
"""What is drawn of an audience that no figure of its own counts, by shape."""
OF_AUDIENCES = (PRINTED, WITH_ERROR, GROWN, *NOT_COUNTED.values())
"""What is drawn of each audience by itself, step by step."""


@dataclass(frozen=True)
class Drawn:
    """Quantiles of one number on the way: of a country and service or place, blank where of all."""

    what: str
    country_id: str
    of: str
    unit: str
    q05: float
    q50: float
    q95: float


def _drawn(what: str, country: str, of: str, unit: str, draws: Array) -> Iterator[Drawn]:
    """The quantiles of draws (D,); nothing where there are none."""
    if not np.isnan(draws).any():
        yield Drawn(what, country, of, unit, *map(float, np.quantile(draws, [*QUANTILES.values()])))


def quantiles(inputs: SimulationInputs, sampler: Sampler) -> list[Drawn]:
    """Every number on the way, in the order in which each follows from those before.

    Nothing where no restriction of `inputs` can be drawn.
    """
    model = inputs.overlap_model
    if model is None or inputs.countries.empty:
        return []
    found = simulate.steps(inputs, model, sampler)
    told = list(_audiences(inputs, sampler))
    for place, row in enumerate(inputs.countries[COUNTRY].itertuples()):
        own = (inputs.audiences[COUNTRY] == list(row)[1:]).all(axis=1)
        rows = found.audiences[inputs.audiences.loc[own, "row"]]
        told += _union(rows, found, place, str(row.country_id))
        told += _joint_use(model, str(row.country_id), sampler) if len(rows) > 1 else []
    return [*told, *_asked(inputs, sampler), *_kept(inputs, sampler), *_living(inputs, sampler)]


def _audiences(inputs: SimulationInputs, sampler: Sampler) -> Iterator[Drawn]:
    rows = inputs.audiences
    steps = audiences.by_step(rows, sampler, inputs.timeline.tail_degrees)
    for place, row in enumerate(rows.itertuples()):
        own = steps if row.shape in COUNTED else {NOT_COUNTED.get(row.shape, ""): steps[GROWN]}
        for what, draws in own.items():
            yield from _drawn(what, row.country_id, row.platform_id, "persons", draws[place])


def _union(rows: Array, found: Steps, place: int, country: str) -> Iterator[Drawn]:
    """From the audiences (audiences, D) of a country to the people exposed in it."""
    base = found.bases[place]
    several = len(rows) > 1
    lines = [(BASE, "persons", base)]
    if several:
        alone = independence(np.clip(rows / base, 0.0, 1.0).T) * base
        lines += [(ADDED, "persons", rows.sum(axis=0)), (INDEPENDENT, "persons", alone)]
        lines += [(JOINT, "persons", found.joint[place])]
    if (found.given[place] != found.joint[place]).any():
        lines += [(GIVEN, "persons", found.given[place])]
    if (found.part[place] != 1.0).any():
        lines += [(PART, "share", found.part[place])]
    lines += [(EXPOSED, "persons", found.countries.exposed[place])]
    if (found.countries.users[place] != found.countries.exposed[place]).any():
        lines += [(USERS, "persons", found.countries.users[place])]
    for what, unit, draws in lines:
        yield from _drawn(what, country, "", unit, draws)


def _joint_use(model: OverlapModel, country: str, sampler: Sampler) -> Iterator[Drawn]:
    use = model.joint_use(country, sampler.uniform)
    yield from _drawn(CORRELATION, country, "", "correlation", use.parameters[0])


def _asked(inputs: SimulationInputs, sampler: Sampler) -> Iterator[Drawn]:
    """Users of the features in the population that was asked."""
    rows = inputs.feature_shares
    drawn = feature_users.feature_users(rows, sampler)
    for place, row in enumerate(rows.itertuples()):
        yield from _drawn(
            FEATURE_SHARE, row.country_id, row.feature_use_id, "persons", drawn[place]
        )


def _kept(inputs: SimulationInputs, sampler: Sampler) -> Iterator[Drawn]:
    own = inputs.circumvention
    own = own[own["restriction_id"].isin(inputs.countries["restriction_id"])]
    if not own.empty:
        yield from _drawn(KEPT, "", "", "share", feature_users.circumvention(own, sampler)[0])


def _living(inputs: SimulationInputs, sampler: Sampler) -> Iterator[Drawn]:
    if inputs.parts.empty:
        return
    drawn = living(inputs.parts, sampler)
    for place, row in enumerate(inputs.parts.itertuples()):
        yield from _drawn(PLACE, row.country_id, row.area_id, "persons", drawn[place])
