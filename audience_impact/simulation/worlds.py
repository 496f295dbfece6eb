"""Worlds: every uncertain quantity as an array (rows, DRAWN + D), so that one sum gives all ends.

Definitions. A world is one choice of everything that is uncertain. The columns of an array are

    LEAST        as printed, all quantities at their least
    MOST         as printed, all at their most
    ERROR_LEAST  all at the least 99 % end of their errors
    ERROR_MOST   all at the most 99 % end of their errors
    DRAWN ...    D draws

What is not known stands for itself in each world:

    case                                     LEAST, ERROR_LEAST   MOST, ERROR_MOST   DRAWN ...
    nothing limits the people of a set       0                    inf                as drawn
    nothing can be drawn                     as bounded           as bounded         NaN
    a restriction is not certain             0                    as bounded         in some draws
    a total over an open set                 sum of the others    inf                as drawn
    a total over a set that is not drawn     as bounded           as bounded         of the others

Published tables have no infinity: an open side is null (`summarise`).

Method. Audiences of a set are united by the bounds of Frechet: at least the largest, at most their
sum and at most the base; of several rows of one platform in one area the largest audience counts,
and areas may be disjoint, so that they add up, to the audience of the whole country at most. The
draws are unions by the model of joint use (unions.py), between the same bounds for each draw.

The ends of a figure's error are the 0.5 and the 99.5 % quantile of its distribution: of the
interval that its source states, of the errors that such figures have, and of the growth since.
Lower limits of audiences, shares of use and shares of those who keep access are set to the lower
end, their upper limits and bases to the upper end; a limit never moves inwards, so that the worlds
with errors contain those as printed. Residents stay as expected. Measured overlaps have no learned
error, so that the worlds with errors do not use them.

Assumptions. Those of timeline.py and unions.py.

Known drawbacks. If several figures are all at their ends, the worlds with errors are farther out
than 99 % of the results.

Citation. M. Frechet (1935), as in bounds.py.
"""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from audience_impact.audiences.inputs import Inputs
from audience_impact.bounds import BOUNDS, PRINTED
from audience_impact.denominators.denominators import DISTRIBUTION as BASE_LAW
from audience_impact.figure_errors import FigureErrors
from audience_impact.frames import Array
from audience_impact.places import nesting
from audience_impact.simulation import audiences
from audience_impact.simulation.sampler import EndSampler

QUANTILES = {"q05": 0.05, "q50": 0.50, "q95": 0.95}
OUTSIDE = 1e-3
"""Relative tolerance beyond which a draw counts as outside a bound."""
LEAST, MOST, ERROR_LEAST, ERROR_MOST, DRAWN = range(5)
LEASTS, MOSTS = [LEAST, ERROR_LEAST], [MOST, ERROR_MOST]


class Limits(NamedTuple):
    """Limits of audiences (rows, 2), as printed and with errors."""

    low: Array  # at least
    high: Array  # at most
    national: Array  # at most in the whole country
    base: Array  # the base that contains the audience

    def open_sides(self) -> "Limits":
        """Return the limits with infinity in place of NaN."""
        return Limits(*map(open_sides, self))


def open_sides(limits: Array) -> Array:
    """Return limits with infinity in place of NaN: nothing limits these."""
    return np.where(np.isnan(limits), np.inf, limits)


def add_audiences(members: pd.DataFrame, rows: pd.DataFrame, limits: Limits, count: int) -> Array:
    """Return the sum (count, columns) of the audiences of each set, a platform at its largest."""
    row = members["row"].to_numpy()
    about = rows[["platform_id", "where"]].iloc[row]
    keys = [members["set_id"].to_numpy(), about["platform_id"].array, about["where"].array]
    of_area = pd.DataFrame(limits.high[row]).groupby(keys).max()
    of_platform = of_area.groupby(level=[0, 1]).sum()
    in_country = pd.DataFrame(limits.national[row]).groupby(keys[:2]).max()
    total = of_platform.where(of_platform < in_country, in_country).groupby(level=0).sum()
    return np.asarray(total.reindex(range(count), fill_value=0.0).to_numpy("float64"))


def find_largest(members: pd.DataFrame, values: Array, count: int) -> Array:
    """Return the largest value (count, columns) of the rows of each set; 0 for a set without."""
    sets, row = (members[name].to_numpy("int64") for name in ("set_id", "row"))
    return np.nan_to_num(nesting.find_largest(values, row, sets, count), posinf=np.inf)


def bound_most(members: pd.DataFrame, rows: pd.DataFrame, limits: Limits, count: int) -> Array:
    """Return the most people (count, 2) of each set: the sum of the audiences, inside the base."""
    added = add_audiences(members, rows, limits, count)
    inside = np.minimum(added, find_largest(members, limits.base, count))
    return np.maximum(inside, find_largest(members, limits.low, count))


def join_worlds(least: Array, most: Array, drawn: Array) -> Array:
    """Return worlds (rows, DRAWN + D) of bounds (rows, 2), printed and with errors, and draws."""
    bounds = np.stack([least, most], axis=2).reshape(len(least), DRAWN)
    return np.hstack([bounds, drawn])


def find_undrawn(worlds: Array) -> NDArray[np.bool_]:
    """Return True (rows,) for rows of which nothing is drawn."""
    undrawn = np.isnan(worlds[:, DRAWN])
    undrawn[undrawn] = np.isnan(worlds[undrawn, DRAWN:]).all(axis=1)
    return undrawn


def summarise(worlds: Array, index: pd.Index, unit: str) -> pd.DataFrame:
    """Return the seven numbers of each row in a unit; null where open or not drawn."""
    bounds = np.where(np.isinf(worlds[:, :DRAWN]), np.nan, worlds[:, :DRAWN])
    table = compute_quantiles(worlds[:, DRAWN:], index, unit)
    return table.assign(**{f"{name}_{unit}": bounds[:, at] for at, name in enumerate(BOUNDS)})


def measure_outside_share(drawn: Array, bounds: pd.DataFrame) -> Array:
    """Return the share of draws (rows,) of (rows, D) that lie outside the bounds as printed."""
    low, high = (
        bounds[name].fillna(open_side).to_numpy("float64")[:, None]
        for name, open_side in zip(PRINTED, (0.0, np.inf), strict=True)
    )
    beyond = np.abs(np.clip(drawn, low, high) - drawn) > OUTSIDE * np.maximum(np.abs(drawn), 1.0)
    return np.asarray(beyond.mean(axis=1))


def compute_quantiles(drawn: Array, index: pd.Index, unit: str) -> pd.DataFrame:
    """Return columns q05, q50 and q95, named with the unit; NaN for rows of NaN."""
    ordered = np.sort(drawn, axis=1)  # numpy sorts several times faster than it selects a few
    ordered[np.isnan(ordered[:, -1])] = np.nan
    quantiles = {f"{name}_{unit}": _interpolate(ordered, at) for name, at in QUANTILES.items()}
    return pd.DataFrame(quantiles, index)


def _interpolate(ordered: Array, share: float) -> Array:
    """Return the quantile (rows,) of sorted draws, to the last digit that of np.quantile."""
    part, below = math.modf(share * (ordered.shape[1] - 1))
    low, high = ordered[:, int(below)], ordered[:, math.ceil(below + part)]
    return high - (high - low) * (1.0 - part) if part >= 0.5 else low + (high - low) * part


def sum_by_restriction(
    drawn: Array,
    names: pd.Series,
    restrictions: pd.Index,
    numbers: pd.Series | None = None,
    weights: pd.Series | float = 1.0,
) -> Array:
    """Return sums (restrictions, D) of rows of `drawn` by restriction; NaN for one without any.

    `names` are of all rows, or of those with these `numbers`, which count `weights` times.
    """
    rows = np.arange(len(names)) if numbers is None else numbers.to_numpy()
    size = np.broadcast_to(np.asarray(weights, dtype="float64"), len(names))
    at = (restrictions.get_indexer(names), rows)
    table = csr_array((size, at), shape=(len(restrictions), len(drawn)))
    total = np.asarray(table @ drawn)
    total[~restrictions.isin(names)] = np.nan
    return total


LIMITS = ["low_persons", "high_persons", "base_persons"]
DAILY_LIMITS = ["daily_least_persons", "daily_most_persons"]


def widen_inputs(inputs: Inputs, rows: pd.DataFrame) -> Inputs:
    """Return the inputs with every figure at its ends; without any limit if no error is known."""
    limits = widen_audiences(rows, inputs.errors)
    keeping = inputs.circumvention
    ends = audiences.draw_circumvention(keeping, EndSampler())
    keeping = keeping.assign(
        least_share=move_out(keeping["least_share"], ends[:, 0], np.fmin),
        most_share=move_out(keeping["most_share"], ends[:, -1], np.fmax),
    )
    shares = inputs.feature_shares  # times `of_persons` they are at their ends
    users = audiences.draw_feature_users(shares, EndSampler())
    laws = shares[["country_id", *BASE_LAW]].assign(base_id=shares["share_base_id"])
    of, people = shares["of_persons"], audiences.draw_bases(laws, EndSampler())[:, -1]
    most_people = move_out(of, people, np.fmax)
    shares = shares.assign(
        of_persons=most_people,
        least=move_out(shares["least"] * of, users[:, 0], np.fmin) / most_people,
        most=move_out(shares["most"] * of, users[:, -1], np.fmax) / most_people,
    )
    sizes = inputs.sizes.assign(**{name: limits[name] for name in LIMITS})
    return replace(inputs, sizes=sizes, feature_shares=shares, circumvention=keeping)


def widen_audiences(rows: pd.DataFrame, errors: FigureErrors | None) -> pd.DataFrame:
    """Return the LIMITS of each audience with errors; `rows` is from `prepare_audiences`."""
    if errors is None:
        return pd.DataFrame(dict(zip(LIMITS, (0.0, np.nan, np.nan), strict=True)), rows.index)
    ends = audiences.find_ends(rows, errors.tail_degrees)
    bases = audiences.draw_bases(rows[["country_id", "base_id", *BASE_LAW]], EndSampler())
    low = move_out(rows["low_persons"], ends[:, 0], np.fmin)
    return pd.DataFrame(
        {
            "low_persons": np.fmax(low, rows["floor_least_persons"]).where(low.notna()),
            "high_persons": move_out(rows["high_persons"], ends[:, -1], np.fmax),
            "base_persons": move_out(rows["base_persons"], bases[:, -1], np.fmax),
        },
        rows.index,
    )


def widen_phases(
    monthly: pd.DataFrame, figure: pd.DataFrame, daily: pd.DataFrame, errors: FigureErrors | None
) -> pd.DataFrame:
    """Return LIMITS in a month and DAILY_LIMITS, at their ends; none if no error is known."""
    limits = widen_audiences(monthly, errors)
    if errors is None:
        return limits.assign(**dict.fromkeys(DAILY_LIMITS, np.nan))
    least, most = DAILY_LIMITS
    limited = daily.assign(low_persons=figure[least], high_persons=figure[most])
    ends = audiences.find_ends(limited, errors.tail_degrees)
    return limits.assign(
        **{
            least: move_out(figure[least], ends[:, 0], np.fmin),
            most: move_out(figure[most], ends[:, -1], np.fmax),
        }
    )


def move_out(limit: pd.Series, end: np.ndarray, choose: np.ufunc) -> pd.Series:
    """Return the outer one of a limit and its end, by np.fmin or np.fmax; open sides stay open."""
    return pd.Series(choose(limit.to_numpy("float64"), end), limit.index).where(limit.notna())
