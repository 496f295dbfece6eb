"""Distributions of audiences: of a single figure, of all figures of a month, and of a day.

Definitions. A figure has a value, an interval of two ends, or both. The kind of the interval
defines the ends: the minimum and the maximum (min_max), a central confidence interval (ci90, ci95),
nothing (none), or that the value is a limit (one_sided_min: over, one_sided_max: under). A figure
of a month is one lineage's statement of an audience (figures.choose_figures). Its own error is the
one that its source states, or the range of the values that pages print; further errors are
described in figure_errors.py.

Method. Ends are used if their kind defines them, or if there is no value. The mode is the value,
else the middle of the ends. The limits of a figure (`least`, `most`) are its ends, else its value;
a one-sided value has no limit on the other side. A share from a survey whose source states no
interval has the sampling error of that survey.

A month. One lineage: a two-piece normal through a stated confidence interval (split), a PERT
distribution over a stated range, or over the values that its pages print, whose mode is the printed
value that fits the measurer's own figures of the months around best; a figure with neither, or an
interval of no width, is fixed. Two to four lineages: a PERT distribution over their range, with
their mean as its mode. Five or more: a random-effects pool with the Paule-Mandel variance between
lineages and the Hartung-Knapp standard error, Student t with one degree of freedom less than
lineages.

A day. DAILY_STEPS choose the figure. "More than" gives only a lower bound, "up to" only an upper
one. A figure gives bounds for the days of its own period, and an estimate for other days. A recent
one from before is a floor of the users of a month, because whoever comes on a day comes in its
month.

Assumptions. Bounds treat a stated confidence interval as certain, although the true number is
outside it in one case of ten or twenty. Lineages err independently. A figure whose source states no
error has a standard error of 2 % inside a pool: such figures are printed with two digits.

Known drawbacks. There is no interpolation between figures from before and after the restriction,
because the restriction itself changes use in between.

Citations. R. C. Paule, J. Mandel, Consensus values and weighting factors, J. Res. NBS 87 (1982);
R. DerSimonian, R. Kacker, Contemporary Clinical Trials 28 (2007) 105-114, appendix 8 (its steps);
J. Hartung, G. Knapp, Statistics in Medicine 20 (2001) 3875-3889.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from audience_impact import figure_errors
from audience_impact import selection as choosing
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Z95, FigureErrors
from audience_impact.frames import Array
from audience_impact.imputation.figures import WAY
from audience_impact.selection import Best, Key, Only
from audience_impact.vocabulary import AudienceMetric, IntervalKind, WayOfCounting

COVERAGE = {IntervalKind.CI90.value: 0.90, IntervalKind.CI95.value: 0.95}
RANGED = [IntervalKind.MIN_MAX.value, *COVERAGE]
"""Kinds of interval whose ends are the limits of the figure."""
AT_LEAST, AT_MOST = IntervalKind.ONE_SIDED_MIN.value, IntervalKind.ONE_SIDED_MAX.value
ONE_SIDED = [AT_LEAST, AT_MOST]
"""Kinds of interval whose value is a limit; the other side is open."""
FIXED, PERT, SPLIT = "fixed", "pert", "split"
DISTRIBUTION_COLUMNS = ["shape", "low", "mode", "high", "coverage"]
VALUE = ("value", "low", "high")
"""Columns of the value of a figure and of its two ends; NaN where nothing is stated."""
LINEAGE = [*AUDIENCE, "measurement_series_id"]
"""Key of the figures of one measuring programme of an audience."""
WEAK, FLOOR, PART = 4, 5, 6
"""From FLOOR on, figures give only lower bounds. PART: surveys of a part of the ages."""
POOLED_FROM = 5
UNSTATED_ERROR = 0.02
MOST_STEPS, LEAST_EXCESS = 50, 1e-5
"""Where the steps to the Paule-Mandel variance end: their number, and the sum above its goal."""
POOL = "pool"
"""Shape of an audience that five or more lineages measured: the interval of their pool."""
DAILY = {
    AudienceMetric.AVG_DAILY_REACH.value: 0,
    AudienceMetric.DAU.value: 1,
    AudienceMetric.DAILY_REACH.value: 2,
}
"""Metrics of a day; the average over many days is preferred."""
FLOORS = ["floor_persons", "floor_least_persons"]
"""Columns of the people who come in a month at least, since they come on a day."""
FRESH_DAYS, LATER_DAYS = 92, 92
"""Maximum days from a recent daily figure to the start of the restriction, before and after it."""
NEW_USE = "nothing is restricted that existing users come upon"
DAILY_STEPS = (
    Only(lambda rows: rows["is_existing_use"], NEW_USE),
    Only(lambda rows: rows["mode"].notna(), "says neither a number nor two ends"),
    Only(
        lambda rows: rows["age"] >= -LATER_DAYS, f"from more than {LATER_DAYS} days after the start"
    ),
    Best(
        AUDIENCE,
        (
            Key("is_limit", "a limit alone, where another says a number"),
            Key("rank", "less fresh: another is from the three months before, or nearer after"),
            Key("order", "the count of one day, where another is an average over many"),
            Key("far", "further from the start"),
            Key("is_primary_source", "another page of the measurement", ascending=False),
            Key("estimate_id", "no different in what counts: the first by its id is taken"),
        ),
    ),
)


def read_intervals(figures: pd.DataFrame, names: tuple[str, str, str] = VALUE) -> pd.DataFrame:
    """Return the ends and distribution of each figure, in its unit; `is_ranged`: the ends count.

    `names` are the columns of the value and its ends. `mode` is NaN where neither is stated,
    `least` 0 where only an upper limit is, `most` NaN where nothing limits.
    """
    value, low, high = names
    kind = figures["interval_kind"]
    is_ranged = kind.isin(RANGED) | figures[value].isna()
    ends = figures[[low, high]].where(is_ranged)
    mode = figures[value].fillna((figures[low] + figures[high]) / 2)
    least, most = ends[low].fillna(mode), ends[high].fillna(mode)
    coverage = kind.map(COVERAGE).where(ends.notna().all(axis=1)).astype("float64")
    columns = pd.DataFrame(
        {"low": least.clip(upper=mode), "mode": mode, "high": most.clip(lower=mode)}
    )
    return columns.assign(
        coverage=coverage,
        shape=choose_shape(columns["low"], columns["high"], coverage),
        least=least.where(kind != AT_MOST, 0.0),
        most=most.where(kind != AT_LEAST),
        is_ranged=is_ranged,
    )


def add_sampling_intervals(
    figures: pd.DataFrame,
    is_asked: "pd.Series[bool]",
    errors: FigureErrors | None,
    names: tuple[str, str, str] = VALUE,
) -> pd.DataFrame:
    """Return figures; shares of respondents (`is_asked`) without an interval get one of 90 %."""
    if errors is None:
        return figures
    value, low, high = names
    bare = is_asked & (figures["interval_kind"] == IntervalKind.NONE.value) & figures[value].notna()
    share = figures[value].where(bare)
    half = Z95 * np.sqrt(share * (1.0 - share) / errors.effective_sample)
    ends = {low: (share - half).clip(lower=0.0), high: (share + half).clip(upper=1.0)}
    kind = figures["interval_kind"].mask(bare, IntervalKind.CI90.value)
    filled = {name: end.fillna(figures[name]) for name, end in ends.items()}
    return figures.assign(interval_kind=kind, **filled)


def describe_shares(
    facts: pd.DataFrame, is_asked: "pd.Series[bool]", errors: FigureErrors | None
) -> pd.DataFrame:
    """Return shares with what `read_intervals` returns; those of respondents with sampling."""
    names = ("share", "low_share", "high_share")
    facts = add_sampling_intervals(facts, is_asked, errors, names)
    return facts.join(read_intervals(facts, names))


def choose_shape(low: pd.Series, high: pd.Series, coverage: pd.Series) -> pd.Series:
    """Return the shape of the distribution: split, pert, or fixed where the ends meet."""
    shapes = pd.Series(PERT, index=low.index).where(coverage.isna(), SPLIT)
    return shapes.where(low < high, FIXED)


def pool_figures(
    chosen: pd.DataFrame, before: pd.DataFrame, tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """Return the distribution of each audience with a figure, in persons, one row an audience.

    `shape` is blank where a figure is open on one side; `chosen_way` is that of surveys if the
    definition of a figure is weak. The errors of figure_errors.COLUMNS are drawn in addition.
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

    `fitting_persons` is the one nearest to what the measurer's own neighbours let expect, rounding
    apart; NaN where the measurer's own page or the chosen one is as near.
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
    rounding = 2 * figure_errors.half_step(pages["point_persons"], pd.Series(False, pages.index))
    return ((pages["point_persons"] - pages["series_persons"]).abs() - rounding).clip(lower=0.0)


def _read_lineages(rows: pd.DataFrame) -> pd.DataFrame:
    mode = rows["fitting_persons"].where(~rows["is_ranged"]).fillna(rows["mode"])
    low = rows["low"].where(rows["is_ranged"], rows["printed_low"].fillna(mode)).clip(upper=mode)
    high = rows["high"].where(rows["is_ranged"], rows["printed_high"].fillna(mode))
    high = high.clip(lower=mode)
    return rows.assign(
        low=low,
        mode=mode,
        high=high,
        shape=choose_shape(low, high, rows["coverage"]),
        is_open=rows["interval_kind"].isin(ONE_SIDED) | rows["high_persons"].isna(),
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
    scale = float(np.mean(np.abs(values))) or 1.0
    effects, variances = values / scale, (errors / scale) ** 2
    weights = 1.0 / (variances + _find_variance_between(effects, variances))
    weights = weights / weights.sum()
    mean, degrees = (weights * effects).sum(), len(values) - 1
    spread = np.sqrt((weights * (effects - mean) ** 2).sum() / degrees)
    half = -stdtrit(degrees, 0.05) * spread
    return float(mean) * scale, float(mean - half) * scale, float(mean + half) * scale


def _find_variance_between(effects: Array, variances: Array) -> float:
    """Return the Paule-Mandel variance, whose weighted squares sum to the degrees of freedom."""
    between = 0.0
    for _ in range(MOST_STEPS):
        weights = 1.0 / (variances + between)
        squares = (effects - weights.dot(effects) / weights.sum()) ** 2
        excess = float(weights.dot(squares)) - (len(effects) - 1)
        if excess < 0.0:
            return 0.0
        if excess <= LEAST_EXCESS:
            break
        between += excess / float((weights**2).dot(squares))
    return between


def list_daily_figures(audiences: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """Return the daily figures of each requested audience, with their ranks."""
    figure = candidates[candidates["audience_metric"].isin(list(DAILY))]
    one_sided = figure["interval_kind"].isin(ONE_SIDED)
    figure = figure.assign(is_limit=one_sided, most=figure["stated_most_persons"])
    joined = audiences[[*AUDIENCE, "start", "before", "is_existing_use"]].merge(
        figure.rename(columns={"area_id": "country_id"}), on=["country_id", "platform_id"]
    )
    age = (joined["start"] - joined["period_end"]).dt.days
    rank = pd.Series(2, joined.index).mask(age < 0, 1)
    return joined.assign(
        age=age,
        rank=rank.mask(age.between(0, FRESH_DAYS), 0),
        far=age.abs(),
        order=joined["audience_metric"].map(DAILY),
    )


def choose_daily_figures(
    audiences: pd.DataFrame, candidates: pd.DataFrame, tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """Return the daily figure and distribution of each audience that has one.

    `daily_persons` is NaN for a figure that is only a limit, which has a blank shape: it is not
    drawn. `late_days` are those after the start; `daily_until` is exclusive; the second of FLOORS
    is at the 99 % end of its error.
    """
    figures = list_daily_figures(audiences, candidates)
    best = choosing.select_candidates(figures, DAILY_STEPS).sort_values(AUDIENCE)
    best = best.assign(pages_count=1, is_other_definition=best["is_company_statement"])
    error_columns = figure_errors.compute_figure_errors(best, AUDIENCE, tables, errors)
    is_recent = (best["before"] - best["period_end"]).dt.days.between(0, FRESH_DAYS)
    chosen = best.assign(
        floor_persons=best["low_persons"].where(is_recent),
        daily_persons=best["mode"].where(~best["is_limit"]),
        daily_least_persons=best["low_persons"],
        daily_most_persons=best["most"],
        daily_id=best["estimate_id"],
        late_days=(-best["age"]).clip(lower=0),
        daily_from=best["period_start"],
        daily_until=best["period_end"],
        audience_key=best["estimate_id"],
        shape=best["shape"].where(~best["is_limit"], ""),
    ).merge(error_columns.reset_index(), on=AUDIENCE, how="left", validate="m:1")
    least, _ = figure_errors.find_ends(chosen.assign(mode=chosen["floor_persons"]))
    return chosen.assign(floor_least_persons=least)
