"""The inputs of all draws, prepared once before any draw.

Definitions. A restriction is complete if all its audiences can be drawn, and it touches everyone in
them or a part that can be drawn. The unions that are drawn are those of the countries of complete
restrictions.

Method, assumptions, drawbacks and citation: those of simulate.py, which draws it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from audience_impact.audiences import parts
from audience_impact.audiences.inputs import FeatureUse, Inputs
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.bounds.restrictions import Bounds
from audience_impact.denominators.counts import DISTRIBUTION as BASE_LAW
from audience_impact.figure_errors import FigureErrors
from audience_impact.fitted.chances import Chances, describe_chances
from audience_impact.fitted.models import Context
from audience_impact.frames import Declared
from audience_impact.overlap.model import OverlapModel
from audience_impact.places import nesting
from audience_impact.simulation.audiences import DRAWN_BY, prepare_audiences
from audience_impact.simulation.timeline import Timeline, make_timeline
from audience_impact.simulation.unions import GROUP


@dataclass(frozen=True)
class SimulationInputs(Declared):
    """The inputs of all draws, which do not depend on any draw.

    Attributes:
        overlap_model: The fitted model of joint use; None if this model or `errors` is missing, so
            that nothing is drawn.
        errors: The errors of figures; None if the facts contain no parameters for them.
        restrictions: All restrictions, in the order of the rows of the draws.
        is_whole_service: As `Scope` has it.
        audiences: The distribution of each audience, numbered by `row` in the order of AUDIENCE.
        countries: Countries of complete restrictions, with the residents of the places named, or
            of the country, and the basis of the feature users.
        use: Shares of the users of features and of those who keep access, as `Inputs` has them.
        parts: Places of complete restrictions that are partial, as `Inputs` has them.
        parent: The parent of each area, as nesting.parents returns it.
        bounds: Bounds of every metric, and the overlaps on which draws are conditioned.
        sizes_with_error: Audiences as `Inputs` has them, at the 99 % ends of their errors.
        timeline: Audiences by the day.
        chances: How sure it is that each restriction happened as it is recorded.
    """

    FRAMES: ClassVar[Mapping[str, Sequence[str]]] = {
        "audiences": [*AUDIENCE, "row", *DRAWN_BY],
        "countries": [
            *(*COUNTRY, "base_id", *BASE_LAW),
            "residents_persons is_whole_service is_own_share",
        ],
        "parts": parts.PARTS,
    }

    overlap_model: OverlapModel | None
    errors: FigureErrors | None
    restrictions: pd.Index
    is_whole_service: pd.Series
    audiences: pd.DataFrame
    countries: pd.DataFrame
    use: FeatureUse
    parts: pd.DataFrame
    parent: nesting.Parents
    bounds: Bounds
    sizes_with_error: pd.DataFrame
    timeline: Timeline
    chances: Chances


def make_simulation_inputs(
    scope: Scope, inputs: Inputs, widened: Inputs, bounds: Bounds, context: Context
) -> SimulationInputs:
    """Return the inputs of all draws; without a calibration nothing is drawn."""
    sizes = inputs.audiences.sizes.sort_values(AUDIENCE, ignore_index=True)
    audiences = prepare_audiences(sizes, inputs.audiences.distributions)
    chances = describe_chances(
        scope.restrictions, scope.evidence["restriction_id"], context.tables, context.fitted.chances
    )
    line = make_timeline(scope, inputs, bounds, context, chances)
    complete = _find_complete(audiences, scope, inputs.parts)
    in_part = inputs.parts["restriction_id"].isin(complete)
    return SimulationInputs(
        context.fitted.joint_use if inputs.errors else None,
        inputs.errors,
        scope.by_id.index,
        scope.is_whole_service,
        audiences,
        _collect_countries(scope, inputs, bounds, complete),
        inputs.use,
        inputs.parts[in_part].reset_index(drop=True),
        context.parents,
        bounds,
        widened.audiences.sizes,
        line,
        chances,
    )


def _find_complete(audiences: pd.DataFrame, scope: Scope, places: pd.DataFrame) -> pd.Index:
    """Return restrictions whose audiences and affected parts can all be drawn."""
    ready = (audiences["shape"] != "") & audiences["base_persons"].notna()
    all_ready = ready.groupby(audiences["restriction_id"]).all()
    return all_ready.index[all_ready & all_ready.index.isin(parts.find_drawable(scope, places))]


def _collect_countries(
    scope: Scope, inputs: Inputs, bounds: Bounds, complete: pd.Index
) -> pd.DataFrame:
    """Return the countries of complete restrictions, with residents and flags of their feature."""
    groups = inputs.audiences.sizes.sort_values(AUDIENCE).drop_duplicates(COUNTRY)
    groups = groups[["restriction_id", *GROUP]]
    residents = bounds.countries["population_persons"].fillna(bounds.countries["places_persons"])
    countries = groups[groups["restriction_id"].isin(complete)].merge(
        residents.rename("residents_persons").reset_index(), on=COUNTRY
    )
    is_stated = inputs.use.feature_shares.groupby(COUNTRY)["is_own"].all()
    keys = pd.MultiIndex.from_frame(countries[COUNTRY])
    is_whole = countries["restriction_id"].map(scope.is_whole_service).eq(True)
    return countries.assign(
        is_whole_service=is_whole, is_own_share=is_stated.reindex(keys).eq(True).to_numpy()
    ).sort_values(COUNTRY, ignore_index=True)
