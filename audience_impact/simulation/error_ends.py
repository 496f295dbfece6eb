"""The inputs of bounds with every figure at the 99 % end of its error.

Definitions. The ends of a figure are the 0.5 and the 99.5 % quantile of its distribution: of the
interval that its source states, of the errors that such figures have, and of the growth since.

Method. Lower limits of audiences, shares of use and shares of those who keep access are set to the
lower end, their upper limits and bases to the upper end; a limit never moves inwards, so that the
bounds from these inputs contain those from the figures as printed. Residents stay as expected: no
bound has more people than live in its places. The same functions then compute the bounds
(bounds/restrictions.py). An open side stays open.

Assumptions. Those of the draws (audiences.py, unions.py, parts.py), whose distributions these are.

Known drawbacks. Measured overlaps have no learned error, so that these bounds do not use them. If
several figures are all at their ends, the bounds are farther out than 99 % of the results.

Citation. figure_errors.py.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.denominators.counts import DISTRIBUTION as BASE_LAW
from audience_impact.figure_errors import FigureErrors
from audience_impact.simulation import audiences, unions
from audience_impact.simulation.sampler import make_end_sampler

LIMITS = ["low_persons", "high_persons", "base_persons"]
"""Columns of an audience that bounds depend on."""


def widen_inputs(inputs: Inputs) -> Inputs:
    """Return the inputs with every figure at its ends; without any limit if no error is known."""
    sizes = inputs.audiences.sizes.sort_values(AUDIENCE, ignore_index=True)
    rows = audiences.prepare_audiences(sizes, inputs.audiences.distributions)
    limits = widen_audiences(rows, inputs.errors)
    use = replace(
        inputs.use,
        feature_shares=_widen_shares(inputs.use.feature_shares),
        circumvention=_widen_circumvention(inputs.use.circumvention),
    )
    sizes = sizes.assign(**{name: limits[name] for name in LIMITS})
    widened = replace(inputs.audiences, sizes=sizes)
    return replace(inputs, audiences=widened, use=use)


def widen_audiences(rows: pd.DataFrame, errors: FigureErrors | None) -> pd.DataFrame:
    """Return the LIMITS of each audience with errors; `rows` is from `prepare_audiences`."""
    if errors is None:
        return pd.DataFrame(dict(zip(LIMITS, (0.0, np.nan, np.nan), strict=True)), rows.index)
    ends = audiences.find_ends(rows, errors.tail_degrees)
    bases = unions.draw_bases(rows[["country_id", "base_id", *BASE_LAW]], make_end_sampler())
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
) -> tuple[dict[str, pd.Series], pd.DataFrame]:
    """Return the limits of monthly audiences, and the daily figures, at the ends of their errors.

    There are no limits if no error is known.
    """
    names = ["daily_least_persons", "daily_most_persons"]
    limits = {str(name): limit for name, limit in widen_audiences(monthly, errors).items()}
    if errors is None:
        return limits, figure.assign(daily_persons=np.nan, **dict.fromkeys(names, np.nan))
    limited = {"low_persons": figure[names[0]], "high_persons": figure[names[1]]}
    ends = audiences.find_ends(daily.assign(**limited), errors.tail_degrees)
    moved = [
        move_out(figure[name], ends[:, at], choose)
        for name, at, choose in zip(names, (0, -1), (np.fmin, np.fmax), strict=True)
    ]
    return limits, figure.assign(**dict(zip(names, moved, strict=True)))


def move_out(limit: pd.Series, end: np.ndarray, choose: np.ufunc) -> pd.Series:
    """Return the outer one of a limit and its end, by np.fmin or np.fmax; open sides stay open."""
    return pd.Series(choose(limit.to_numpy("float64"), end), limit.index).where(limit.notna())


def _widen_shares(shares: pd.DataFrame) -> pd.DataFrame:
    """Return shares of use such that shares times `of_persons` are at their ends."""
    ends = make_end_sampler()
    users = audiences.draw_feature_users(shares, ends)
    laws = shares[["country_id", *BASE_LAW]].assign(base_id=shares["share_base_id"])
    of, people = shares["of_persons"], unions.draw_bases(laws, ends)[:, -1]
    most_people = move_out(of, people, np.fmax)
    return shares.assign(
        of_persons=most_people,
        least=move_out(shares["least"] * of, users[:, 0], np.fmin) / most_people,
        most=move_out(shares["most"] * of, users[:, -1], np.fmax) / most_people,
    )


def _widen_circumvention(rows: pd.DataFrame) -> pd.DataFrame:
    ends = audiences.draw_circumvention(rows, make_end_sampler())
    return rows.assign(
        least_share=move_out(rows["least_share"], ends[:, 0], np.fmin),
        most_share=move_out(rows["most_share"], ends[:, -1], np.fmax),
    )
