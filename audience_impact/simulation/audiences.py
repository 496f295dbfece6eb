"""Draws of audiences in persons: the law of their figures, and the growth since them.

Method. The law of each audience is that of pooling.py. The growth error is lognormal and the
same for all restrictions of a service in a country: its standard deviation grows with the square
root of the months since the figure.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, stdtrit

from audience_impact.audiences import pooling
from audience_impact.audiences.intervals import FIXED, PERT, SPLIT
from audience_impact.audiences.pooling import POOL
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.frames import Array
from audience_impact.frequency import law
from audience_impact.simulation import distributions
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import WHOLE_INTERNET, InputKind


def drawn(audiences: pd.DataFrame, laws: pd.DataFrame) -> pd.DataFrame:
    """How each audience is drawn, in the order given, numbered by `row`.

    `audiences` and `laws` as `Inputs` has them; an audience may come in several phases. Internet
    users are drawn like the base that counts them.
    """
    joined = audiences.reset_index(drop=True).reset_index(names="row")
    joined = joined.merge(laws, on=AUDIENCE, how="left")
    network = joined["platform_id"] == WHOLE_INTERNET
    low = joined["low_persons"]
    expected = np.fmax(joined["expected_audience_persons"], low)
    high = np.fmax(joined["high_persons"].fillna(expected), expected)
    users = {
        "audience_key": joined["audience_base_id"],
        "low": low,
        "mode": expected,
        "high": high,
        "shape": pd.Series(FIXED, joined.index).where(expected.notna(), ""),
    }
    for name, column in users.items():
        joined[name] = joined[name].where(~network, column)
    joined["shape"] = joined["shape"].where(joined["mode"].notna(), "").fillna("")
    monthly = pd.Series(pooling.GROWTH_ERROR, joined.index)
    return joined.assign(
        audience_key=joined["audience_key"].fillna(""),
        monthly_growth_error=monthly.where(~network, pooling.BASE_GROWTH_ERROR),
    ).set_index("row", drop=False)


def daily_shares(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of the share of each audience that comes on a day; 1 without a law.

    `table` has `country_id`, `platform_id` and the columns of law.LAW as `share_*`. One draw for a
    country and service stands for every day.
    """
    keys = "daily|" + table["country_id"] + "|" + table["platform_id"]
    u = sampler.rows(InputKind.DAILY_USE, keys)
    mean, spread, freedom = (
        table[f"share_{name}"].to_numpy("float64")[:, None] for name in law.LAW
    )
    found = expit(mean + spread * stdtrit(freedom, u))
    return np.asarray(np.where(np.isnan(mean), 1.0, found))


def values(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of audiences in persons, from rows with the columns of pooling.distributions.

    Needs `country_id`, `platform_id`, `age_months` and `monthly_growth_error` beside them. Rows of
    a blank shape are NaN.
    """
    first = sampler.rows(InputKind.AUDIENCE, "audience|" + table["audience_key"])
    low, mode, high, coverage = (
        table[name].to_numpy("float64")[:, None] for name in ("low", "mode", "high", "coverage")
    )
    shape = table["shape"].to_numpy(dtype=object)
    own: Array = np.where(_is(shape, FIXED), mode, np.nan)
    own = np.broadcast_to(own, first.shape).copy()
    for name, rows in ((n, shape == n) for n in (PERT, SPLIT, POOL)):
        if rows.any():
            ends = low[rows], mode[rows], high[rows]
            own[rows] = _law(name, first[rows], ends, coverage[rows])
    return np.asarray(own * growth_error(table, sampler))


def _is(shape: NDArray[np.object_], name: str) -> NDArray[np.bool_]:
    return np.asarray(shape == name)[:, None]


def _law(name: str, u: Array, ends: tuple[Array, Array, Array], coverage: Array) -> Array:
    low, mode, high = ends
    if name == PERT:
        return distributions.pert(u, low, mode, high)
    drawn = distributions.split_normal(u, mode, low, high, coverage)
    return np.asarray(np.maximum(drawn, 0.0))


def growth_error(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Factors (rows, D): what each audience may have done since the figure."""
    # the name of the stream: another one would be other draws
    keys = "drift|" + table["country_id"] + "|" + table["platform_id"]
    normal = sampler.normals(InputKind.AUDIENCE, keys)
    spread = table["monthly_growth_error"] * np.sqrt(table["age_months"].fillna(0.0))
    return np.asarray(np.exp(spread.to_numpy("float64")[:, None] * normal))
