"""How many people a base may hold, as three quantiles: what it is drawn from.

Definitions. The ceiling of a base is the population that holds it by definition; the law of a base
is in log odds of its share of the ceiling, in logs where it is a population itself.

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
from audience_impact.errors.distribution import FigureErrors, Spread, log_odds, moved, within
from audience_impact.frames import Array
from audience_impact.periods import gap_days, in_months
from audience_impact.populations import AGES, EVERYONE
from audience_impact.vocabulary import SourceType

LAW = ["expected_persons", "base_low_persons", "base_high_persons", "ceiling_persons"]
"""Median, 5 and 95 % quantile, and what limits them."""


@dataclass(frozen=True)
class Measured:
    """The counts, who made them, and how far such counts are off.

    Attributes:
        counts: Bases and their sources.
        source_types: The kind of source of each measurer, by `measurement_series_id`.
        errors: What figures may be off by; None where the facts do not say.
    """

    counts: Counts
    source_types: "pd.Series[str]"
    errors: FigureErrors | None


def distributions(places: pd.DataFrame, measured: Measured) -> pd.DataFrame:
    """Return columns LAW of the base of each place at its start, indexed as `places` is.

    `places` has `country_id`, `start` and `base_id` (missing: all NaN).
    """
    based = places.dropna(subset=["base_id"])
    based = based[based["base_id"] != ""]
    if based.empty:
        return pd.DataFrame(np.nan, index=places.index, columns=LAW)
    expected = measured.counts.expected(based)
    rows = _described(based, measured.counts.bases).assign(expected=expected)
    ceiling = _ceiling(rows, measured.counts)
    down, up, shift = _half_widths(rows, ceiling, measured)
    middle = moved(expected.to_numpy("float64"), ceiling, shift)
    quantiles = pd.DataFrame(
        {
            "expected_persons": middle,
            "base_low_persons": moved(middle, ceiling, -down),
            "base_high_persons": moved(middle, ceiling, up),
            "ceiling_persons": ceiling,
        },
        index=based.index,
    )
    return quantiles.reindex(places.index)


def is_projected(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Bases of people online (`population_base`, `obs_status`) that nobody counted yet."""
    return (rows["obs_status"] == FORECAST) & rows["population_base"].str.startswith("internet")


def _described(places: pd.DataFrame, bases: pd.DataFrame) -> pd.DataFrame:
    """Return what the table of bases says of each base, beside `country_id` and `start`."""
    names = [
        *("population_base", "measurement_series_id", "obs_status"),
        *("persons", "low_persons", "high_persons", "period_start", "period_end"),
    ]
    about = bases.drop_duplicates("base_id").set_index("base_id")[names]
    return places[["country_id", "start", "base_id"]].join(about, on="base_id")


def _ceiling(rows: pd.DataFrame, counts: Counts) -> Array:
    """Return who holds each base: its ages by the same measurer, else all residents."""
    is_online = rows["population_base"].str.startswith("internet")
    if not is_online.any():
        return np.full(len(rows), np.nan)
    ages = rows["population_base"].map(AGES).fillna("")
    own = counts.nearest(rows.assign(population_base=ages), SAME_MEASURER, None)
    everyone = counts.nearest(rows.assign(population_base=EVERYONE), ANY_MEASURER, None)
    people = own["base_persons"].reindex(rows.index)
    people = people.fillna(everyone["base_persons"].reindex(rows.index)).astype("float64")
    return np.asarray(people.where(is_online).to_numpy("float64"))


def _half_widths(
    rows: pd.DataFrame, ceiling: Array, measured: Measured
) -> tuple[Array, Array, Array]:
    """Distances of the 5 and 95 % quantile from the median, and of that from what is expected.

    All in log odds of the ceiling.
    """
    nothing = np.zeros(len(rows))
    if measured.errors is None:
        return nothing, nothing, nothing
    projected = is_projected(rows).to_numpy("bool")
    down, up, shift = _of_counts(rows, ceiling, measured.source_types, measured.errors)
    stated = _stated(rows, ceiling)
    has_range = ~np.isnan(stated[0])
    down = np.where(has_range, np.where(projected, stated[0], np.hypot(down, stated[0])), down)
    up = np.where(has_range, np.where(projected, stated[1], np.hypot(up, stated[1])), up)
    return down, up, np.where(projected, 0.0, shift)


def _stated(rows: pd.DataFrame, ceiling: Array) -> tuple[Array, Array]:
    """Distances to the range that a source states, scaled with the expected value; NaN: none."""
    expected = rows["expected"].to_numpy("float64")
    scale = expected / rows["persons"].to_numpy("float64")
    ends = [rows[name].to_numpy("float64") * scale for name in ("low_persons", "high_persons")]
    universe = within(np.fmax(expected, ends[1]), ceiling)
    low, middle, high = (log_odds(one, universe) for one in (ends[0], expected, ends[1]))
    return np.asarray(np.maximum(middle - low, 0.0)), np.asarray(np.maximum(high - middle, 0.0))


def _of_counts(
    rows: pd.DataFrame, ceiling: Array, kinds: "pd.Series[str]", errors: FigureErrors
) -> tuple[Array, Array, Array]:
    """The same of what somebody counted: rounding, measurers and growth, added in squares."""
    online = rows["population_base"].str.startswith("internet").to_numpy("bool")
    panel = (rows["measurement_series_id"].map(kinds) == SourceType.PANEL.value).to_numpy("bool")
    measurers = np.where(panel, 0.0, errors.base_measurers)
    own = np.hypot(_rounding(rows, ceiling), np.where(online, measurers, errors.population))
    growth = [np.where(online, part, 0.0) for part in _growth(rows, errors.base_growth)]
    return np.hypot(own, growth[0]), np.hypot(own, growth[1]), growth[2]


def _rounding(rows: pd.DataFrame, ceiling: Array) -> Array:
    persons = rows["persons"]
    half = rounding.half_step(persons, pd.Series(False, rows.index))
    number = persons.to_numpy("float64")
    share = np.where(np.isnan(ceiling), 0.0, np.minimum(number / ceiling, 0.98))
    return np.asarray(0.9 * half.to_numpy("float64") / number / (1.0 - share))


def _growth(rows: pd.DataFrame, spread: Spread) -> tuple[Array, Array, Array]:
    """Growth from the count to the day, or from the day to a count that came later.

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
