"""How many people a base may hold, as three quantiles: what it is drawn from.

Definitions. The ceiling of a base is the population that holds it by definition; the distribution
of a base is in log odds of its share of the ceiling, in logs where it is a population itself.

Method. The median is the base as expected at the start. A projection has the 5 and 95 % quantiles
that its past errors gave, scaled to the day, and nothing more. Residents are off by what two counts
of them differ by. People online are off by what two measurers of them differ by, unless the base
is a panel's own, by which its audiences are counted; both by rounding, and by growth where the
period of the count does not hold the day. Half widths add up in squares.

Assumptions. A base between two counts of one measurer is as far off as from the nearer of them.

Known drawbacks. A panel's own universe is taken for what the panel means by online.

Citation. errors/distribution.py, fitting/errors.py.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.denominators.counts import ANY_MEASURER, FORECAST, SAME_MEASURER, Counts
from audience_impact.errors import rounding
from audience_impact.errors.distribution import (
    FigureErrors,
    Spread,
    log_odds,
    move_persons,
    widen_universe,
)
from audience_impact.frames import Array
from audience_impact.periods import gap_days, in_months
from audience_impact.populations import AGES, EVERYONE
from audience_impact.vocabulary import SourceType

DISTRIBUTION = ["expected_persons", "base_low_persons", "base_high_persons", "ceiling_persons"]
"""Median, 5 and 95 % quantile, and what limits them."""


@dataclass(frozen=True)
class CountsWithErrors:
    """The counts, who made them, and how far such counts are off.

    Attributes:
        counts: Bases and their sources.
        source_types: The kind of source of each measurer, by `measurement_series_id`.
        errors: What figures may be off by; None where the facts do not say.
    """

    counts: Counts
    source_types: "pd.Series[str]"
    errors: FigureErrors | None


def compute_quantiles(places: pd.DataFrame, measured: CountsWithErrors) -> pd.DataFrame:
    """Return columns LAW of the base of each place at its start, indexed as `places` is.

    `places` has `country_id`, `start` and `base_id` (missing: all NaN).
    """
    based = places.dropna(subset=["base_id"])
    based = based[based["base_id"] != ""]
    if based.empty:
        return pd.DataFrame(np.nan, index=places.index, columns=DISTRIBUTION)
    expected = measured.counts.interpolate_persons(based)
    rows = _join_bases(based, measured.counts.bases).assign(expected=expected)
    ceiling = _find_ceiling(rows, measured.counts)
    down, up, shift = _compute_half_widths(rows, ceiling, measured)
    middle = move_persons(expected.to_numpy("float64"), ceiling, shift)
    quantiles = pd.DataFrame(
        {
            "expected_persons": middle,
            "base_low_persons": move_persons(middle, ceiling, -down),
            "base_high_persons": move_persons(middle, ceiling, up),
            "ceiling_persons": ceiling,
        },
        index=based.index,
    )
    return quantiles.reindex(places.index)


def is_projected(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return which bases of people online are projections."""
    return (rows["obs_status"] == FORECAST) & rows["population_base"].str.startswith("internet")


def _join_bases(places: pd.DataFrame, bases: pd.DataFrame) -> pd.DataFrame:
    """Return what the table of bases says of each base, beside `country_id` and `start`."""
    names = [
        *("population_base", "measurement_series_id", "obs_status"),
        *("persons", "low_persons", "high_persons", "period_start", "period_end"),
    ]
    about = bases.drop_duplicates("base_id").set_index("base_id")[names]
    return places[["country_id", "start", "base_id"]].join(about, on="base_id")


def _find_ceiling(rows: pd.DataFrame, counts: Counts) -> Array:
    """Return who holds each base: its ages by the same measurer, else all residents."""
    is_online = rows["population_base"].str.startswith("internet")
    if not is_online.any():
        return np.full(len(rows), np.nan)
    ages = rows["population_base"].map(AGES).fillna("")
    same_measurer = counts.find_nearest(rows.assign(population_base=ages), SAME_MEASURER, None)
    everyone = counts.find_nearest(rows.assign(population_base=EVERYONE), ANY_MEASURER, None)
    people = same_measurer["base_persons"].reindex(rows.index)
    people = people.fillna(everyone["base_persons"].reindex(rows.index)).astype("float64")
    return np.asarray(people.where(is_online).to_numpy("float64"))


def _compute_half_widths(
    rows: pd.DataFrame, ceiling: Array, measured: CountsWithErrors
) -> tuple[Array, Array, Array]:
    """Return distances of the 5 and 95 % quantiles from the median, and the shift of the median.

    All in log odds of the ceiling.
    """
    nothing = np.zeros(len(rows))
    if measured.errors is None:
        return nothing, nothing, nothing
    projected = is_projected(rows).to_numpy("bool")
    down, up, shift = _compute_count_widths(rows, ceiling, measured.source_types, measured.errors)
    stated = _measure_stated_ranges(rows, ceiling)
    has_range = ~np.isnan(stated[0])
    down = np.where(has_range, np.where(projected, stated[0], np.hypot(down, stated[0])), down)
    up = np.where(has_range, np.where(projected, stated[1], np.hypot(up, stated[1])), up)
    return down, up, np.where(projected, 0.0, shift)


def _measure_stated_ranges(rows: pd.DataFrame, ceiling: Array) -> tuple[Array, Array]:
    """Return distances to the range that a source states; NaN without a range."""
    expected = rows["expected"].to_numpy("float64")
    scale = expected / rows["persons"].to_numpy("float64")
    ends = [rows[name].to_numpy("float64") * scale for name in ("low_persons", "high_persons")]
    universe = widen_universe(np.fmax(expected, ends[1]), ceiling)
    low, middle, high = (log_odds(persons, universe) for persons in (ends[0], expected, ends[1]))
    return np.asarray(np.maximum(middle - low, 0.0)), np.asarray(np.maximum(high - middle, 0.0))


def _compute_count_widths(
    rows: pd.DataFrame, ceiling: Array, kinds: "pd.Series[str]", errors: FigureErrors
) -> tuple[Array, Array, Array]:
    """Return distances and shift for counts: rounding, measurers and growth, added in squares."""
    online = rows["population_base"].str.startswith("internet").to_numpy("bool")
    panel = (rows["measurement_series_id"].map(kinds) == SourceType.PANEL.value).to_numpy("bool")
    measurers = np.where(panel, 0.0, errors.base_measurers)
    error = np.hypot(
        _compute_rounding(rows, ceiling), np.where(online, measurers, errors.population)
    )
    growth = [np.where(online, part, 0.0) for part in _compute_growth(rows, errors.base_growth)]
    return np.hypot(error, growth[0]), np.hypot(error, growth[1]), growth[2]


def _compute_rounding(rows: pd.DataFrame, ceiling: Array) -> Array:
    persons = rows["persons"]
    half = rounding.half_step(persons, pd.Series(False, rows.index))
    number = persons.to_numpy("float64")
    share = np.where(np.isnan(ceiling), 0.0, np.minimum(number / ceiling, 0.98))
    return np.asarray(0.9 * half.to_numpy("float64") / number / (1.0 - share))


def _compute_growth(rows: pd.DataFrame, spread: Spread) -> tuple[Array, Array, Array]:
    """Return the growth from the count to the day, or from the day to a later count.

    Between two counts the trend is in what is expected already.
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
