"""The distribution of an audience, combined from all its figures.

Definitions. A figure is one lineage's statement of an audience (figures.choose_figures). Its own
error is the one that its source states, or the range of the values that pages print; further errors
are described in figure_errors.py.

Method. One lineage: a two-piece normal through a stated confidence interval, a PERT distribution
over a stated range, or over the values that its pages print, whose mode is the printed value that
fits the measurer's own figures of the months around best; a figure with neither is fixed. Two to
four lineages: a PERT distribution over their range, with their mean as its mode. Five or more: a
random-effects pool with the Paule-Mandel variance between lineages and the Hartung-Knapp standard
error, Student t with one degree of freedom less than lineages.

Assumptions. Lineages err independently. A figure whose source states no error has a standard error
of 2 % inside a pool: such figures are printed with two digits.

Known drawbacks. There is no interpolation between figures from before and after the restriction,
because the restriction itself changes use in between.

Citations. R. C. Paule, J. Mandel, Consensus values and weighting factors, J. Res. NBS 87 (1982);
J. Hartung, G. Knapp, Statistics in Medicine 20 (2001) 3875-3889.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from audience_impact import figure_errors
from audience_impact.audiences import intervals
from audience_impact.audiences.figures import FLOOR, LINEAGE, WEAK
from audience_impact.audiences.intervals import PERT
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import FigureErrors
from audience_impact.frames import Array
from audience_impact.imputation.figures import WAY
from audience_impact.vocabulary import IntervalKind, WayOfCounting

POOLED_FROM = 5
UNSTATED_ERROR = 0.02
POOL = "pool"
"""Shape of an audience that five or more lineages measured: the interval of their pool."""


def pool_figures(
    chosen: pd.DataFrame, before: pd.DataFrame, tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """Return the distribution of each audience with a figure, one row an audience.

    `chosen` is the result of figures.choose_figures, `before` that of figures.select_before_start.
    Columns: AUDIENCE, `audience_key` (the figures behind it), `shape` (fixed, pert, split, pool, or
    blank where a figure is open on one side), `low`, `mode`, `high` in persons, `coverage` of low
    and high, `sources_count`, `chosen_way` (the way of counting of the figures; that of surveys if
    their definition is weak), and the COLUMNS of figure_errors.py, whose errors are drawn in
    addition.
    """
    printed = _find_printed_range(chosen, before)
    single = _read_lineages(chosen.merge(printed, on=LINEAGE, how="left", validate="m:1"))
    groups = single.groupby(AUDIENCE, sort=True)
    table = groups.agg(
        audience_key=("estimate_id", lambda ids: "+".join(sorted(ids))),
        low=("low", "min"),
        mode=("mode", "mean"),
        high=("high", "max"),
        shape=("shape", "first"),
        coverage=("coverage", "first"),
        is_open=("is_open", "any"),
        sources_count=("measurement_series_id", "nunique"),
        chosen_way=("audience_metric", "first"),
        priority=("metric_priority", "first"),
    ).reset_index()
    way = table["chosen_way"].map(WAY).where(table.pop("priority") < WEAK)
    table["chosen_way"] = way.fillna(WayOfCounting.ASKED.value)
    several = table["sources_count"] > 1
    table["shape"] = table["shape"].where(~several, PERT).where(~table["is_open"], "")
    is_other = single["metric_priority"].between(WEAK, FLOOR, inclusive="left")
    errors_table = figure_errors.compute_figure_errors(
        single.assign(is_other_definition=is_other), AUDIENCE, tables, errors
    )
    pooled = _pool_lineages(table, single).merge(errors_table.reset_index(), on=AUDIENCE)
    pooled["odds_error"] = pooled["odds_error"].where(pooled["shape"] != POOL, 0.0)
    return pooled.drop(columns="is_open")


def _find_printed_range(chosen: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Return the smallest and largest printed value of the chosen period of a lineage.

    `fitting_persons` is the printed value nearest to what the measurer's own neighbours let expect,
    rounding apart; NaN where the measurer's own page or the chosen one is as near.
    """
    key = [*LINEAGE, "audience_metric", "period"]
    same = before.merge(chosen[key].drop_duplicates(), on=key)
    exact = same[same["interval_kind"] == IntervalKind.NONE.value]
    exact = exact.assign(off=_measure_misfit(exact)).sort_values(["off", "estimate_id"])
    ranges = exact.groupby(LINEAGE).agg(
        printed_low=("point_persons", "min"),
        printed_high=("point_persons", "max"),
        fitting_persons=("point_persons", "first"),
        off=("off", "first"),
    )
    of_chosen = chosen.assign(chosen_off=_measure_misfit(chosen)).set_index(LINEAGE)
    joined = ranges.join(of_chosen[["chosen_off", "is_primary_source"]])
    is_better = (joined["off"] < joined["chosen_off"]) & ~joined["is_primary_source"].astype(bool)
    fitting = joined["fitting_persons"].where(is_better)
    return joined[["printed_low", "printed_high"]].assign(fitting_persons=fitting).reset_index()


def _measure_misfit(pages: pd.DataFrame) -> "pd.Series[float]":
    """Return by how many persons each page misses its series beyond rounding; NaN if unknown."""
    is_share = pd.Series(False, pages.index)
    rounding = 2 * figure_errors.half_step(pages["point_persons"], is_share)
    return ((pages["point_persons"] - pages["series_persons"]).abs() - rounding).clip(lower=0.0)


def _read_lineages(rows: pd.DataFrame) -> pd.DataFrame:
    """Return shape and ends of each lineage's distribution: as stated, else from its pages."""
    mode = rows["fitting_persons"].where(~rows["is_ranged"]).fillna(rows["mode"])
    low = rows["low"].where(rows["is_ranged"], rows["printed_low"].fillna(mode)).clip(upper=mode)
    high = rows["high"].where(rows["is_ranged"], rows["printed_high"].fillna(mode))
    high = high.clip(lower=mode)
    return rows.assign(
        low=low,
        mode=mode,
        high=high,
        shape=intervals.choose_shape(low, high, rows["coverage"]),
        is_open=rows["interval_kind"].isin(intervals.ONE_SIDED) | rows["high_persons"].isna(),
    )


def _pool_lineages(table: pd.DataFrame, single: pd.DataFrame) -> pd.DataFrame:
    many = table[(table["sources_count"] >= POOLED_FROM) & (table["shape"] != "")]
    for place, pair in many[AUDIENCE].iterrows():
        lineages = single[(single[AUDIENCE] == pair).all(axis=1)]
        half = (lineages["high"] - lineages["low"]) / 2
        width = -ndtri((1.0 - lineages["coverage"].fillna(0.90)) / 2.0)
        error = (half / width).where(half > 0, UNSTATED_ERROR * lineages["mode"])
        mean, low, high = pool_random_effects(lineages["mode"].to_numpy(), error.to_numpy())
        table.loc[place, ["low", "mode", "high"]] = [low, mean, high]
        table.loc[place, ["shape", "coverage"]] = [POOL, 0.90]
    return table


def pool_random_effects(values: Array, errors: Array) -> tuple[float, float, float]:
    """Return the pooled mean of values (lineages,) with standard errors, and its 90 % interval."""
    from statsmodels.stats.meta_analysis import combine_effects

    scale = float(np.mean(np.abs(values))) or 1.0
    result = combine_effects(values / scale, (errors / scale) ** 2, method_re="iterated")
    low, high = result.conf_int(alpha=0.10, use_t=True)[3]
    return float(result.mean_effect_re) * scale, float(low) * scale, float(high) * scale
