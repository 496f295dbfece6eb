"""What the figures of an audience say together, as a distribution to draw from.

Definitions. A figure is one lineage's statement of an audience (figures.choose). Its own error
is what its source states, or how far the pages differ that print it. Drift is what the
audience may have done between the figure and the day asked for.

Method. One lineage: a two-piece normal through a stated confidence interval, a PERT law over
a stated range, or over the values that its relays print; a figure with neither is taken as it
stands. Two to four lineages: a PERT law over their range, its mode their mean. Five or more: a
random-effects pool with the Paule-Mandel variance between lineages and the Hartung-Knapp
standard error, Student t with one degree of freedom less than lineages. Drift is lognormal:
its standard deviation grows with the square root of the months since the figure.

Assumptions. Lineages err independently. A figure whose source states no error has a standard
error of 2 % inside a pool: it is printed with two digits. Drift has no trend.

Known drawbacks. The bounds take a figure without a stated error as it stands, and the draws
are cut at the bounds: then drift shows in unions only. Nothing interpolates between a figure
from before the restriction and one after it, because the restriction itself stands between.

Citations. R. C. Paule, J. Mandel, Consensus values and weighting factors, J. Res. NBS 87 (1982);
J. Hartung, G. Knapp, Statistics in Medicine 20 (2001) 3875-3889. DRIFT and BASE_DRIFT are
measured on the facts (`python -m pytest tests/unit/test_pooling.py -k drift`).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from audience_impact.audiences.figures import PAIR
from audience_impact.frames import Array
from audience_impact.simulation import distributions as draws
from audience_impact.simulation.distributions import Sampler
from audience_impact.vocabulary import InputKind

DRIFT = 0.04
"""Standard deviation of the log of an audience after one month; grows with the square root."""
BASE_DRIFT = 0.021
"""The same of the number of people online."""
POOLED_FROM = 5
UNSTATED_ERROR = 0.02
COVERAGE = {"ci90": 0.90, "ci95": 0.95}


def distributions(chosen: pd.DataFrame, relays: pd.DataFrame) -> pd.DataFrame:
    """How the audience of each pair is drawn, one row a pair with a figure.

    `chosen` as figures.choose gives it and `relays` as figures.before does. Columns: PAIR,
    `audience_key` (the figures behind it), `shape` (fixed, pert, split, pool, or blank where a
    figure is open on one side), `low`, `middle`, `high` in persons, `coverage` of low and high,
    `sources_count`.
    """
    printed = _printed(chosen, relays)
    rows = chosen.merge(printed, on=[*PAIR, "lineage_id"], how="left")
    single = _single(rows)
    groups = single.groupby(PAIR, sort=True)
    table = groups.agg(
        audience_key=("estimate_id", lambda ids: "+".join(sorted(ids))),
        low=("low", "min"),
        middle=("middle", "mean"),
        high=("high", "max"),
        shape=("shape", "first"),
        coverage=("coverage", "first"),
        open=("open", "any"),
        sources_count=("lineage_id", "nunique"),
    ).reset_index()
    several = table["sources_count"] > 1
    table["shape"] = table["shape"].where(~several, "pert").where(~table["open"], "")
    return _pooled(table, single).drop(columns="open")


def _printed(chosen: pd.DataFrame, relays: pd.DataFrame) -> pd.DataFrame:
    """Smallest and largest value that relays print for the chosen period of a lineage."""
    key = [*PAIR, "lineage_id", "audience_metric", "period"]
    same = relays.merge(chosen[key].drop_duplicates(), on=key)
    exact = same[same["interval_kind"] == "none"]
    return (
        exact.groupby([*PAIR, "lineage_id"])["point_persons"]
        .agg(printed_low="min", printed_high="max")
        .reset_index()
    )


def _single(rows: pd.DataFrame) -> pd.DataFrame:
    """Shape and ends of each lineage by itself."""
    stated = rows["interval_kind"].isin(list(COVERAGE)) & rows[["low", "high"]].notna().all(axis=1)
    ranged = (rows["interval_kind"] == "min_max") | rows["value"].isna()
    exact = ~stated & ~ranged
    middle = rows["value"].fillna((rows["low"] + rows["high"]) / 2)
    low = rows["low"].where(~exact, rows["printed_low"].fillna(middle)).fillna(middle)
    high = rows["high"].where(~exact, rows["printed_high"].fillna(middle)).fillna(middle)
    shape = pd.Series("pert", index=rows.index).where(~stated, "split")
    return rows.assign(
        low=low.clip(upper=middle),
        middle=middle,
        high=high.clip(lower=middle),
        shape=shape.where(low < high, "fixed"),
        coverage=rows["interval_kind"].map(COVERAGE),
        open=rows["interval_kind"].isin(["one_sided_min", "one_sided_max"])
        | rows["high_persons"].isna(),
    )


def _pooled(table: pd.DataFrame, single: pd.DataFrame) -> pd.DataFrame:
    """Pairs with five or more lineages get the pool: middle, and the 90 % interval of it."""
    many = table[(table["sources_count"] >= POOLED_FROM) & (table["shape"] != "")]
    for place, pair in many[PAIR].iterrows():
        own = single[(single[PAIR] == pair).all(axis=1)]
        half = (own["high"] - own["low"]) / 2
        width = -ndtri((1.0 - own["coverage"].fillna(0.90)) / 2.0)
        error = (half / width).where(half > 0, UNSTATED_ERROR * own["middle"])
        middle, low, high = random_effects(own["middle"].to_numpy(), error.to_numpy())
        table.loc[place, ["low", "middle", "high"]] = [low, middle, high]
        table.loc[place, ["shape", "coverage"]] = ["pool", 0.90]
    return table


def random_effects(values: Array, errors: Array) -> tuple[float, float, float]:
    """Pooled mean and its 90 % interval: Paule-Mandel variance, Hartung-Knapp error.

    `values` and their standard `errors`, both (lineages,), in one unit.
    """
    from statsmodels.stats.meta_analysis import combine_effects

    scale = float(np.mean(np.abs(values))) or 1.0
    result = combine_effects(values / scale, (errors / scale) ** 2, method_re="iterated")
    low, high = result.conf_int(alpha=0.10, use_t=True)[3]
    return float(result.mean_effect_re) * scale, float(low) * scale, float(high) * scale


def values(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of audiences in persons, from rows with the columns of `distributions`.

    Needs `country_id`, `platform_id`, `age_months` and `monthly_drift` beside them. Rows of a
    blank shape are NaN.
    """
    first = sampler.rows(InputKind.AUDIENCE, "audience|" + table["audience_key"])
    low, middle, high, coverage = (
        table[name].to_numpy("float64")[:, None] for name in ("low", "middle", "high", "coverage")
    )
    shape = table["shape"].to_numpy(dtype=object)
    own: Array = np.where(_is(shape, "fixed"), middle, np.nan)
    own = np.broadcast_to(own, first.shape).copy()
    for name, rows in ((n, shape == n) for n in ("pert", "split", "pool")):
        if rows.any():
            ends = low[rows], middle[rows], high[rows]
            own[rows] = _law(name, first[rows], ends, coverage[rows])
    return np.asarray(own * drift(table, sampler))


def _is(shape: NDArray[np.object_], name: str) -> NDArray[np.bool_]:
    return np.asarray(shape == name)[:, None]


def _law(name: str, u: Array, ends: tuple[Array, Array, Array], coverage: Array) -> Array:
    low, middle, high = ends
    if name == "pert":
        return draws.pert(u, low, middle, high)
    drawn = draws.split_normal(u, middle, low, high, coverage)
    return np.asarray(np.maximum(drawn, 0.0))


def drift(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Factors (rows, D): what each audience may have done since the figure."""
    keys = "drift|" + table["country_id"] + "|" + table["platform_id"]
    normal = sampler.normals(InputKind.AUDIENCE, keys)
    spread = table["monthly_drift"] * np.sqrt(table["age_months"].fillna(0.0))
    return np.asarray(np.exp(spread.to_numpy("float64")[:, None] * normal))
