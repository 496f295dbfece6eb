"""The distribution of a base: how far the count of a population may be off.

Definitions. How many people a base may have is drawn from three quantiles. The ceiling of a base
is the population that contains it by definition; the distribution of a base is in log odds of its
share of the ceiling, in logs where it is a population itself.

Method. The median is the base expected at the start of the restriction. A projection has only the 5
and 95 % quantiles of its past errors, scaled to the day. The error of residents is the typical
difference between two counts. The error of people online is the typical difference between two
measurers, unless the base is that of the panel that counted the audiences. Both have a rounding
error, and an error from growth if the day is outside the period of the count. Half widths are added
in squares.

Where the facts contain fitted levels of a country (online.py), its people online on a day are the
share of that day times the residents of that day, whichever count is nearest: bounds and lineage
name the count as printed, and the distribution is that of the levels. Most shares that publishers
print of all residents are of those who were asked, from five, ten or fifteen years on: residents
below twelve are online as often as the others times a factor, drawn with the level.

Assumptions. A base interpolated between two counts of one measurer has the error of the nearer
count.

Known drawbacks. A panel's own universe is assumed to use the panel's definition of being online.

Citation. figure_errors.py, fitting/errors.py.
"""

import numpy as np
import pandas as pd

from audience_impact.denominators.counts import (
    ANY_MEASURER,
    DISTRIBUTION,
    FORECAST,
    SAME_MEASURER,
    Counts,
)
from audience_impact.denominators.online import OnlineLevels, compute_moments
from audience_impact.figure_errors import (
    MOST_SHARE,
    UNIFORM,
    FigureErrors,
    Spread,
    half_step,
    log_odds,
    move_persons,
    widen_universe,
)
from audience_impact.frames import Array
from audience_impact.periods import gap_days, in_months
from audience_impact.populations import AGES, EVERYONE, ONLINE
from audience_impact.vocabulary import SourceType

LEAST_SHARE = 1e-4
"""Least share of residents online that is drawn: of nobody there are no log odds."""


def compute_quantiles(
    places: pd.DataFrame,
    counts: Counts,
    source_types: "pd.Series[str]",
    errors: FigureErrors | None,
    levels: OnlineLevels | None,
) -> pd.DataFrame:
    """Return columns DISTRIBUTION of the base of each place at its start, indexed as `places` is.

    `places` has `country_id`, `start` and `base_id` (missing: all NaN); `source_types` is the kind
    of source of each measurer.
    """
    based = places[places["base_id"].notna() & (places["base_id"] != "")]
    if based.empty:
        return pd.DataFrame(np.nan, index=places.index, columns=DISTRIBUTION)
    about = counts.bases.drop_duplicates("base_id").set_index("base_id")
    rows = based[["country_id", "start", "base_id"]].join(about, on="base_id")
    rows["expected"] = counts.interpolate_persons(based)
    ceiling = _find_ceiling(rows, counts)
    down, up, shift = _compute_half_widths(rows, ceiling, source_types, errors)
    middle = move_persons(rows["expected"].to_numpy("float64"), ceiling, shift)
    quantiles = pd.DataFrame(
        {
            "expected_persons": middle,
            "base_low_persons": move_persons(middle, ceiling, -down),
            "base_high_persons": move_persons(middle, ceiling, up),
            "ceiling_persons": ceiling,
        },
        index=based.index,
    )
    fitted = _fit_people_online(rows[rows["population_base"] == ONLINE], counts, errors, levels)
    return fitted.combine_first(quantiles)[DISTRIBUTION].reindex(places.index)


def _fit_people_online(
    online: pd.DataFrame, counts: Counts, errors: FigureErrors | None, levels: OnlineLevels | None
) -> pd.DataFrame:
    """Return the people online of countries with levels, as DISTRIBUTION without the ceiling."""
    if levels is None or online.empty:
        return pd.DataFrame(index=online.index[:0], columns=DISTRIBUTION, dtype="float64")
    moments, countries = compute_moments(online["start"]), online["country_id"]
    shares = levels.compute_quantiles(countries, moments).clip(lower=LEAST_SHARE)
    persons = shares.mul(counts.interpolate_residents(countries, moments), axis=0)
    people = levels.describe_paths(countries, moments).assign(
        expected_persons=persons["q50_share"],
        base_low_persons=persons["q05_share"],
        base_high_persons=persons["q95_share"],
    )
    if errors is not None:
        people = _add_children(people, counts.measure_young_share(countries), errors.children)
    return people.dropna(subset=["expected_persons"]).reindex(columns=DISTRIBUTION)


def _add_children(
    people: pd.DataFrame, young: "pd.Series[float]", children: Spread
) -> pd.DataFrame:
    """Return people online where the residents below twelve (a share) are online less often.

    Half widths add up in squares on the log scale; what countries have in common becomes a smaller
    part of the variance.
    """
    low, middle, high = (
        1.0 - young * (1.0 - q) for q in (children.q05, children.q50, children.q95)
    )
    down = np.log(people["expected_persons"] / people["base_low_persons"])
    up = np.log(people["base_high_persons"] / people["expected_persons"])
    wider_down, wider_up = np.hypot(down, np.log(middle / low)), np.hypot(up, np.log(high / middle))
    expected = people["expected_persons"] * middle
    part = ((down + up) / (wider_down + wider_up)) ** 2
    return people.assign(
        expected_persons=expected,
        base_low_persons=expected * np.exp(-wider_down),
        base_high_persons=expected * np.exp(wider_up),
        online_common=people["online_common"] * part.fillna(1.0),
    )


def _is_online(rows: pd.DataFrame) -> "pd.Series[bool]":
    return rows["population_base"].str.startswith("internet")


def _find_ceiling(rows: pd.DataFrame, counts: Counts) -> Array:
    """Return the upper limit of each base: its ages by the same measurer, else all residents."""
    is_online = _is_online(rows)
    if not is_online.any():
        return np.full(len(rows), np.nan)
    ages = rows["population_base"].map(AGES).fillna("")
    same_measurer = counts.find_nearest(rows.assign(population_base=ages), SAME_MEASURER, None)
    everyone = counts.find_nearest(rows.assign(population_base=EVERYONE), ANY_MEASURER, None)
    people = same_measurer["base_persons"].reindex(rows.index)
    people = people.fillna(everyone["base_persons"].reindex(rows.index)).astype("float64")
    return np.asarray(people.where(is_online).to_numpy("float64"))


def _compute_half_widths(
    rows: pd.DataFrame, ceiling: Array, source_types: "pd.Series[str]", errors: FigureErrors | None
) -> tuple[Array, Array, Array]:
    """Return distances of the 5 and 95 % quantiles from the median, and the shift of the median.

    All in log odds of the ceiling. A projection has the range that its source states alone.
    """
    if errors is None:
        nothing = np.zeros(len(rows))
        return nothing, nothing, nothing
    online = _is_online(rows).to_numpy("bool")
    kind = rows["measurement_series_id"].map(source_types)
    measurers = np.where(kind == SourceType.PANEL.value, 0.0, errors.base_measurers)
    error = np.hypot(
        _compute_rounding(rows, ceiling), np.where(online, measurers, errors.population)
    )
    down, up, shift = (
        np.where(online, part, 0.0) for part in _compute_growth(rows, errors.base_growth)
    )
    projected = online & (rows["obs_status"] == FORECAST).to_numpy("bool")
    widths = []
    for growth, stated in zip((down, up), _measure_stated_ranges(rows, ceiling), strict=True):
        counted = np.hypot(error, growth)
        within = np.where(projected, stated, np.hypot(counted, stated))
        widths.append(np.where(np.isnan(stated), counted, within))
    return widths[0], widths[1], np.where(projected, 0.0, shift)


def _measure_stated_ranges(rows: pd.DataFrame, ceiling: Array) -> tuple[Array, Array]:
    expected = rows["expected"].to_numpy("float64")
    scale = expected / rows["persons"].to_numpy("float64")
    ends = [rows[name].to_numpy("float64") * scale for name in ("low_persons", "high_persons")]
    universe = widen_universe(np.fmax(expected, ends[1]), ceiling)
    low, middle, high = (log_odds(persons, universe) for persons in (ends[0], expected, ends[1]))
    return np.asarray(np.maximum(middle - low, 0.0)), np.asarray(np.maximum(high - middle, 0.0))


def _compute_rounding(rows: pd.DataFrame, ceiling: Array) -> Array:
    number = rows["persons"].to_numpy("float64")
    half = half_step(rows["persons"], pd.Series(False, rows.index)).to_numpy("float64")
    share = np.where(np.isnan(ceiling), 0.0, np.minimum(number / ceiling, MOST_SHARE))
    return np.asarray(UNIFORM * half / number / (1.0 - share))


def _compute_growth(rows: pd.DataFrame, spread: Spread) -> tuple[Array, Array, Array]:
    """Return the half widths and the trend of growth from the count to the day, or back from it.

    Between two counts the expected number already contains the trend.
    """
    days = gap_days(rows["start"], rows["start"], rows["period_start"], rows["period_end"])
    reach = np.sqrt(in_months(days).to_numpy("float64"))
    later = (rows["period_start"] > rows["start"]).to_numpy("bool")
    alone = (rows["expected"] == rows["persons"]).to_numpy("bool")
    less, more = (spread.q50 - spread.q05) * reach, (spread.q95 - spread.q50) * reach
    trend = np.where(alone, spread.q50 * reach, 0.0)
    return (
        np.where(later, more, less),
        np.where(later, less, more),
        np.where(later, -trend, trend),
    )
