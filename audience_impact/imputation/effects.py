"""How alike two figures are: the effects that they share.

Definitions. An effect is a normal variable of a group of figures (all of a service, all of a
subregion and service, ...), which may change slowly along the years or another number, or come
times a number. Two figures share it as far as they are of one group. The covariance of two figures
is the sum over effects of spread^2 times the share; a figure has a spread of its own beside them,
by its way of counting.

Method. EFFECTS is the model, a table: a world, its regions, subregions and countries; services in
each of them; how a figure was counted; who counted. Along a number the share falls with the
distance: exp(-d / scale) where an effect is rough, exp(-(d / scale)^2 / 2) where it is smooth.

Assumptions. Effects add up in softened log odds (figures.py), and are normal.

Known drawbacks. Countries of one subregion are exchangeable: neighbours are no more alike, but for
the states of the former Soviet Union and of the Arab League, which have services in common.

Citation. C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning (2006); S. R.
Searle, G. Casella, C. E. McCulloch, Variance Components (1992).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience_impact.frames import Array
from audience_impact.imputation.rungs import PEOPLE

SOVIET = frozenset(
    ["AM", "AZ", "BY", "EE", "GE", "KG", "KZ", "LT", "LV", "MD", "RU", "TJ", "TM", "UA", "UZ"]
)
ARAB = frozenset(
    [
        "AE",
        "BH",
        "DJ",
        "DZ",
        "EG",
        "IQ",
        "JO",
        "KM",
        "KW",
        "LB",
        "LY",
        "MA",
        "MR",
        "OM",
        "PS",
        "QA",
        "SA",
        "SD",
        "SO",
        "SY",
        "TN",
        "YE",
    ]
)


@dataclass(frozen=True)
class Effect:
    """One effect of the model.

    Attributes:
        name: What the table of laws calls it.
        by: Columns that make the groups; the world where empty.
        along: Column along which it changes; never where empty.
        scale: Over how far it does so.
        is_rough: Whether it changes by steps rather than smoothly.
        times: Column that it comes times; one where empty.
        start: Spread at which learning begins.
        most: Largest spread that learning may find.
    """

    name: str
    by: tuple[str, ...]
    start: float
    along: str = ""
    scale: float = 1.0
    is_rough: bool = False
    times: str = ""
    most: float = 3.0


def _years(name: str, by: tuple[str, ...], start: float, scale: float, rough: bool) -> Effect:
    return Effect(name, by, start, "years", scale, rough)


SERVICE, COUNTRY, WAY = "platform_id", "area_id", "way"
HOUSE_MOST = 0.15
"""Largest spread of who counted: the next house is another one, and is not to be known by it."""
EFFECTS = (
    Effect("world", (), 1.5),
    Effect("online", (), 0.26, times="online_odds"),
    Effect("blocked", (), 1.0, times="is_blocked"),
    Effect("service", (SERVICE,), 0.85),
    _years("service_years", (SERVICE,), 0.06, 4.0, rough=False),
    Effect("service_online", (SERVICE,), 0.22, "online_odds", 1.2),
    Effect("service_size", (SERVICE,), 0.18, "size", 2.5),
    Effect("service_kind", ("platform_kind",), 0.2),
    Effect("region_service", ("region", SERVICE), 0.18),
    _years("region_service_years", ("region", SERVICE), 0.06, 4.0, rough=False),
    Effect("subregion", ("subregion",), 0.14),
    Effect("subregion_service", ("subregion", SERVICE), 0.2),
    _years("subregion_service_years", ("subregion", SERVICE), 0.3, 3.0, rough=True),
    Effect("league_service", ("league", SERVICE), 0.18),
    Effect("country", (COUNTRY,), 0.22),
    _years("country_years", (COUNTRY,), 0.25, 4.0, rough=True),
    Effect("country_kind", (COUNTRY, "platform_kind"), 0.1),
    Effect("country_service", (COUNTRY, SERVICE), 0.2),
    _years("country_service_years", (COUNTRY, SERVICE), 0.27, 4.0, rough=True),
    Effect("way", (WAY,), 0.2),
    Effect("way_service", (WAY, SERVICE), 0.3),
    Effect("way_service_year", (WAY, SERVICE, "year"), 0.1),
    Effect("way_subregion_service", (WAY, "subregion", SERVICE), 0.17),
    Effect("way_country", (WAY, COUNTRY), 0.1),
    Effect("way_country_service", (WAY, COUNTRY, SERVICE), 0.14),
    Effect("series", ("series",), 0.14, most=HOUSE_MOST),
    Effect("series_service", ("series", SERVICE), 0.14, most=HOUSE_MOST),
    Effect("survey", ("survey",), 0.03),
)
"""The model."""


def described(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of figures.placed with what EFFECTS asks for: `league`, `year`, numbers as such.

    The series of what is no count of people is the way itself: advertising tools are one.
    """
    league = pd.Series("", rows.index)
    league = league.mask(rows["area_id"].isin(SOVIET), "soviet")
    league = league.mask(rows["area_id"].isin(ARAB), "arab")
    return rows.assign(
        league=league.where(league != "", "in " + rows["region"]),
        year=np.floor(rows["years"]).astype("int64"),
        is_blocked=rows["is_blocked"].astype("float64"),
        series=rows["series"].where(rows[WAY].isin(PEOPLE), rows[WAY]),
    )


def codes(effect_by: Sequence[str], *frames: pd.DataFrame) -> list[NDArray[np.int64]]:
    """Numbers of the groups of each frame, the same number for the same group in all of them."""
    numbers = np.zeros(sum(map(len, frames)), dtype=np.int64)
    for column in effect_by:
        cells = pd.concat([frame[column] for frame in frames], ignore_index=True)
        own, known = pd.factorize(cells, use_na_sentinel=False)
        numbers = pd.factorize(numbers * len(known) + own)[0]
    return np.split(numbers, np.cumsum([len(frame) for frame in frames])[:-1])


def _alike(effect: Effect, left: Array, right: Array) -> Array:
    """How much of an effect two figures of one group share, by the numbers it changes along."""
    apart = np.abs(left - right) / effect.scale
    return np.asarray(np.exp(-apart if effect.is_rough else -0.5 * apart**2))


def _number(rows: pd.DataFrame, column: str) -> Array:
    return rows[column].to_numpy("float64") if column else np.ones(len(rows))


def _places(numbers: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    """The places of the figures of each group, by its number."""
    order = np.argsort(numbers, kind="stable")
    first = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    return dict(zip(numbers[order[first]].tolist(), np.split(order, first[1:]), strict=False))


@dataclass(frozen=True)
class Shared:
    """Shares of an effect among figures: `flat` places in the square of figures, their `share`.

    `flat` is None where all figures share it; `share` is then of the square.
    """

    flat: NDArray[np.int64] | None
    share: Array


def among(effect: Effect, rows: pd.DataFrame) -> Shared:
    """Shares of an effect among the figures of `rows`: of those of one group alone."""
    factor = _number(rows, effect.times)
    if not effect.by:
        return Shared(None, np.outer(factor, factor))
    (numbers,) = codes(effect.by, rows)
    groups = _places(numbers).values()
    first = np.concatenate([np.repeat(group, len(group)) for group in groups])
    second = np.concatenate([np.tile(group, len(group)) for group in groups])
    share = factor[first] * factor[second]
    if effect.along:
        at = _number(rows, effect.along)
        share = share * _alike(effect, at[first], at[second])
    return Shared(first * len(rows) + second, share)


Spreads = Mapping[str, float]
"""Spread of each effect and, as `own_` and the way, of figures of a way by themselves."""
OWN = "own_"


def own_variance(rows: pd.DataFrame, spreads: Spreads) -> Array:
    """Variance of each figure by itself."""
    spread = rows[WAY].map(lambda way: spreads[OWN + str(way)])
    return np.asarray(spread.to_numpy("float64") ** 2)


def covariance(rows: pd.DataFrame, spreads: Spreads) -> Array:
    """Covariance (rows, rows) of figures, their own variance in the diagonal.

    Method. Some rows at a time, which stay in the cache while all effects are added, and of these
    the pairs that no row before them had.
    """
    count = len(rows)
    found = np.zeros((count, count))
    parts = [(effect, *_numbers(effect, rows)) for effect in EFFECTS]
    for first in range(0, count, BLOCK_ROWS):
        last = min(first + BLOCK_ROWS, count)
        part = found[first:last, first:]
        for effect, group, times, along in parts:
            rest = group[first:], times[first:], along[first:]
            _add(part, spreads[effect.name] ** 2, effect, *rest)
        found[last:, first:last] = part[:, last - first :].T
    found.reshape(-1)[:: count + 1] += own_variance(rows, spreads)
    return found


BLOCK_ROWS = 64
"""Rows of figures whose covariances are added up at once."""


def _numbers(effect: Effect, rows: pd.DataFrame) -> tuple[NDArray[np.int64], Array, Array]:
    """The group of each row, what the effect comes times, and where it stands along it."""
    group = codes(effect.by, rows)[0] if effect.by else np.zeros(len(rows), dtype=np.int64)
    return group, _number(rows, effect.times), _number(rows, effect.along)


def _add(
    part: Array,
    variance: float,
    effect: Effect,
    group: NDArray[np.int64],
    times: Array,
    along: Array,
) -> None:
    """Add an effect to the covariances `part` of some rows with those rows and all after them."""
    own = slice(len(part))
    if effect.along:
        row, column = np.nonzero(group[own, None] == group)
        share = times[row] * times[column] * _alike(effect, along[row], along[column])
        part[row, column] += variance * share
    elif effect.times or not effect.by:
        part += variance * np.outer(times[own], times)
    else:
        part += variance * (group[own, None] == group)


def cross_covariance(left: pd.DataFrame, right: pd.DataFrame, spreads: Spreads) -> Array:
    """Covariance (left, right) of two sets of figures that have none in common.

    Method. Group by group, since most figures share few effects.
    """
    found = np.zeros((len(left), len(right)))
    for effect in EFFECTS:
        times = _number(left, effect.times), _number(right, effect.times)
        if not effect.by:
            found += spreads[effect.name] ** 2 * np.outer(*times)
            continue
        along = _number(left, effect.along), _number(right, effect.along)
        mine, theirs = map(_places, codes(effect.by, left, right))
        for group in mine.keys() & theirs.keys():
            own, other = mine[group], theirs[group]
            share = np.outer(times[0][own], times[1][other])
            if effect.along:
                share *= _alike(effect, along[0][own, None], along[1][other])
            found[np.ix_(own, other)] += spreads[effect.name] ** 2 * share
    return found


def variance(rows: pd.DataFrame, spreads: Spreads) -> Array:
    """Variance (rows,) of figures of which nothing is known."""
    total = own_variance(rows, spreads)
    for effect in EFFECTS:
        total = total + (spreads[effect.name] * _number(rows, effect.times)) ** 2
    return np.asarray(total)
