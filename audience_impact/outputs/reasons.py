"""Why a number is not better known: the words of `reason`, and the status that goes with them."""

import numpy as np
import pandas as pd
from pandas.api.typing import DataFrameGroupBy

from audience_impact.audiences import figures, intervals
from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import AUDIENCE, Scope
from audience_impact.populations import EVERYONE
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.vocabulary import WHOLE_INTERNET, ObsStatus

NEVER = "never carried out"
LEFT_OUT = "a measured overlap contradicts other facts and was left out"
REPAIRED = "a measured overlap was repaired: it contradicted other facts"
MIXED = "some platforms as a whole, some in part"
NO_SHARE = "nobody counted who uses the feature"
NO_CIRCUMVENTION = "nobody counted who keeps access"
POLL = "access kept by a self-selected poll: wide, no bound"
NO_AFTER = "no figure of the same measurer from before and after"
NO_BASE = "no base on record"
BRIEF = "daily or weekly figures give the lower bound alone"
OLD = "figure older than 12 months"
OLD_MONTHS = 12
UNCALIBRATED = "no calibration of joint use among the facts"
"""Why nothing is drawn without one."""
UNLEARNED = "nobody asked the facts what figures may be off by: run audience-impact learn"
"""Why nothing is drawn without the table of errors."""
PUBLISHERS = "publishers of internet users differ by half or more"

NORMAL, ESTIMATED, UNRELIABLE, MISSING = (
    status.value
    for status in (
        ObsStatus.NORMAL,
        ObsStatus.ESTIMATED,
        ObsStatus.LOW_RELIABILITY,
        ObsStatus.MISSING,
    )
)
_ORDER = {NORMAL: 0, ESTIMATED: 1, UNRELIABLE: 2, MISSING: 3, "": -1}


def joined(words: dict[str, pd.Series], index: pd.Index) -> pd.Series:
    """Of each row the words whose flag is set, in order, joined by `; `."""
    flags = pd.DataFrame(words)
    return pd.Series(
        [
            "; ".join(name for name, on in zip(flags.columns, row, strict=True) if on)
            for row in flags.to_numpy()
        ],
        index=index,
    )


def undrawn(simulation: SimulationInputs) -> str:
    """Why nothing at all is drawn."""
    return UNCALIBRATED if simulation.errors else UNLEARNED


def because(
    frame: pd.DataFrame, rows: pd.Series | np.ndarray, reason: str | pd.Series, status: str
) -> pd.DataFrame:
    """The rows with one more reason, and a status no better than `status` (blank: as it was)."""
    longer = frame["reason"].where(frame["reason"] == "", frame["reason"] + "; ") + reason
    worse = frame["obs_status"].map(_ORDER) < _ORDER[status]
    return frame.assign(
        reason=frame["reason"].where(~rows, longer),
        obs_status=frame["obs_status"].where(~(rows & worse), status),
    )


def status(scope: Scope, inputs: Inputs) -> pd.DataFrame:
    """Columns `obs_status` and `reason` of the people exposed, by restriction_id."""
    groups = _flagged(inputs).groupby("restriction_id", sort=True)
    about = scope.by_id.reindex(list(groups.groups))
    never = about["is_never_enforced"]
    nothing = {word: flag & ~never for word, flag in _unknown(about, groups).items()}
    weak = {word: flag & ~never for word, flag in _weak(groups).items()}
    derived = {"base or persons derived": groups["is_derived"].any() & ~never}
    code = pd.Series(NORMAL, index=about.index)
    for flags, worse in ((derived, ESTIMATED), (weak, UNRELIABLE), (nothing, MISSING)):
        code = code.where(~pd.DataFrame(flags).any(axis=1), worse)
    words = {NEVER: never, **nothing, **weak, **derived}
    return pd.DataFrame({"obs_status": code, "reason": joined(words, about.index)})


def _flagged(inputs: Inputs) -> pd.DataFrame:
    """The audiences with what weakens each of them."""
    audiences = inputs.audiences
    return audiences.assign(
        is_unknown=audiences["metric_priority"].isna(),
        is_network=audiences["platform_id"] == WHOLE_INTERNET,
        is_baseless=audiences["base_persons"].isna(),
        is_own=audiences["is_own_base"].eq(True),
        is_limit=_limits_alone(inputs),
        is_projected=audiences["base_status"].eq(ObsStatus.FORECAST.value)
        & audiences["base"].ne(EVERYONE),
        is_derived=audiences["base_status"].eq(ESTIMATED) | audiences["is_from_share"].eq(True),
    )


def _limits_alone(inputs: Inputs) -> pd.Series:
    """Audiences of which some chosen figure is a limit: nothing can be drawn from it."""
    chosen = inputs.chosen
    one_sided = chosen["interval_kind"].isin(intervals.ONE_SIDED)
    floor = chosen["metric_priority"] >= figures.FLOOR
    keys = pd.MultiIndex.from_frame(chosen.loc[one_sided & ~floor, AUDIENCE])
    own = pd.MultiIndex.from_frame(inputs.audiences[AUDIENCE])
    return pd.Series(own.isin(keys), inputs.audiences.index)


def _unknown(about: pd.DataFrame, groups: DataFrameGroupBy) -> dict[str, pd.Series]:
    """Why the people exposed are not known at all."""
    unknown = groups["is_unknown"].sum()
    return {
        "start not known": ~about["is_start_known"],
        "only part of the country, without an audience of its own": about["is_subnational"],
        "only some networks, and nobody counts their users": about["is_some_networks"],
        "networks touched not known": about["is_networks_unknown"],
        "no audience figure from before the start": unknown == groups.size(),
        NO_BASE: groups["is_baseless"].any(),
    }


def _weak(groups: DataFrameGroupBy) -> dict[str, pd.Series]:
    """Why the people exposed are known less well than they could be."""
    unknown, count = groups["is_unknown"].sum(), groups.size()
    priority = groups["metric_priority"].max()
    return {
        "no figure for some of the platforms": (unknown > 0) & (unknown < count),
        "base of another measurer or year": (unknown < count) & ~groups["is_own"].all(),
        OLD: groups["age_months"].max() > OLD_MONTHS,
        "company or unexplained figure": priority == figures.WEAK,
        BRIEF: priority == figures.FLOOR,
        "a survey of some ages gives the lower bound alone": priority == figures.PART,
        "a figure says only at least or at most": groups["is_limit"].any(),
        "several measurers disagree": (groups["lineages_count"].max() > 1)
        & ~groups["is_network"].any(),
        PUBLISHERS: (groups["lineages_count"].max() > 1) & groups["is_network"].any(),
        "internet users projected, not counted": groups["is_projected"].any(),
    }
