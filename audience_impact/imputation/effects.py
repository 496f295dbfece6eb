"""The covariance of two figures: the sum of the effects that they share.

Definitions. An effect is a normal variable of a group of figures (all of a service, all of a
subregion and service, ...), which may vary slowly with the year or another number, or be multiplied
by a number. Two figures share an effect if they are in the same group. The covariance of two
figures is the sum over effects of spread^2 times the share; in addition each figure has a spread of
its own, which depends on its method of counting. A total of the world has no effects of places: its
countries even them out.

Method. EFFECTS is the model, a table: a world, its regions, subregions and countries; services in
each of them; how a figure was counted; who counted. If an effect varies with a number, the share
decreases with the distance: exp(-d / scale) where an effect is rough, exp(-(d / scale)^2 / 2) where
it is smooth.

Assumptions. Effects add up in softened log odds (figures.py), and are normal.

Known drawbacks. Countries of one subregion are exchangeable: neighbours are no more alike, but for
the states of the former Soviet Union and of the Arab League, which have services in common.

Citation. C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning (2006); S. R.
Searle, G. Casella, C. E. McCulloch, Variance Components (1992).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, hstack

from audience_impact.frames import Array
from audience_impact.vocabulary import WayOfCounting


@dataclass(frozen=True)
class Effect:
    """One effect of the model."""

    name: str  # its name in the table `audience_laws`
    by: tuple[str, ...]  # columns that define the groups; empty for one group of all figures
    start: float  # spread at which the fit begins
    along: str = ""  # column with which it varies; empty if it is constant
    scale: float = 1.0  # the scale of the distance along this column
    is_rough: bool = False  # whether the correlation decreases exponentially rather than smoothly
    times: str = ""  # column by which it is multiplied; empty for one
    most: float = 3.0  # largest spread that the fit may return


SERVICE, COUNTRY, WAY = "platform_id", "area_id", "way"
PLACE = "is_in_country"
"""Factor of effects of places: one for figures of a country, zero for totals of the world."""
ROUGH = True
HOUSE_MOST = 0.15
"""Largest spread of survey organisations, since the next one is unknown."""
EFFECTS = (
    Effect("world", (), 1.5),
    Effect("online", (), 0.26, times="online_odds"),
    Effect("blocked", (), 1.0, times="is_blocked"),
    Effect("service", (SERVICE,), 0.85),
    Effect("service_years", (SERVICE,), 0.06, "years", 4.0),
    Effect("service_online", (SERVICE,), 0.22, "online_odds", 1.2),
    Effect("service_size", (SERVICE,), 0.18, "size", 2.5, times=PLACE),
    Effect("service_kind", ("platform_kind",), 0.2),
    Effect("region_service", ("region", SERVICE), 0.18, times=PLACE),
    Effect("region_service_years", ("region", SERVICE), 0.06, "years", 4.0, times=PLACE),
    Effect("subregion", ("subregion",), 0.14, times=PLACE),
    Effect("subregion_service", ("subregion", SERVICE), 0.2, times=PLACE),
    Effect("subregion_service_years", ("subregion", SERVICE), 0.3, "years", 3.0, ROUGH, PLACE),
    Effect("league_service", ("league", SERVICE), 0.18, times=PLACE),
    Effect("country", (COUNTRY,), 0.22, times=PLACE),
    Effect("country_years", (COUNTRY,), 0.25, "years", 4.0, ROUGH, PLACE),
    Effect("country_kind", (COUNTRY, "platform_kind"), 0.1, times=PLACE),
    Effect("country_service", (COUNTRY, SERVICE), 0.2, times=PLACE),
    Effect("country_service_years", (COUNTRY, SERVICE), 0.27, "years", 4.0, ROUGH, PLACE),
    Effect("way", (WAY,), 0.2),
    Effect("way_service", (WAY, SERVICE), 0.3),
    Effect("way_service_year", (WAY, SERVICE, "year"), 0.1),
    Effect("way_subregion_service", (WAY, "subregion", SERVICE), 0.17, times=PLACE),
    Effect("way_country", (WAY, COUNTRY), 0.1, times=PLACE),
    Effect("way_country_service", (WAY, COUNTRY, SERVICE), 0.14, times=PLACE),
    Effect("series", ("series",), 0.14, most=HOUSE_MOST),
    Effect("series_service", ("series", SERVICE), 0.14, most=HOUSE_MOST),
    Effect("survey", ("survey",), 0.03),
)
"""Random effects of the imputation model; they read columns of `figures.locate_rows`."""
OWN = "own_"
FEW_GROUPS = 128
"""Number of groups up to which the covariance of an effect is a product of dense matrices."""
NAMES = [effect.name for effect in EFFECTS] + sorted(OWN + way.value for way in WayOfCounting)
"""Names of all spreads: of each effect, and of single figures by the way of counting."""
Spreads = Mapping[str, float]


def number_groups(effect_by: Sequence[str], *frames: pd.DataFrame) -> list[NDArray[np.int64]]:
    """Return the numbers of the groups of each frame; equal groups have equal numbers."""
    numbers = np.zeros(sum(map(len, frames)), dtype=np.int64)
    for column in effect_by:
        cells = pd.concat([frame[column] for frame in frames], ignore_index=True)
        column_codes, words = pd.factorize(cells, use_na_sentinel=False)
        numbers = pd.factorize(numbers * len(words) + column_codes)[0]
    return np.split(numbers, np.cumsum([len(frame) for frame in frames])[:-1])


def _measure_likeness(effect: Effect, first: Array, second: Array) -> Array:
    apart = first / effect.scale - second / effect.scale
    return np.asarray(np.exp(-np.abs(apart) if effect.is_rough else -0.5 * apart**2))


def _read_number(rows: pd.DataFrame, column: str) -> Array:
    return rows[column].to_numpy("float64") if column else np.ones(len(rows))


def split_blocks(groups: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the places of the figures of each group, in the order of its number."""
    order = np.argsort(groups, kind="stable")
    ends = np.flatnonzero(np.diff(groups[order], prepend=-1, append=-1))
    return [order[first:last] for first, last in pairwise(ends)]


def _load_effect(effect: Effect, *frames: pd.DataFrame) -> list[csr_array]:
    """Return the factors of each frame (figures, groups): in a column those of a group."""
    numbers = number_groups(effect.by, *frames)
    count = 1 + max(int(groups.max(initial=0)) for groups in numbers)
    factors = (_read_number(frame, effect.times) for frame in frames)
    return [
        csr_array((factor, (np.arange(len(factor)), groups)), shape=(len(factor), count))
        for factor, groups in zip(factors, numbers, strict=True)
    ]


def share_effect(effect: Effect, rows: pd.DataFrame, others: pd.DataFrame) -> coo_array:
    """Return the correlations (rows, others) of an effect between figures."""
    first, second = _load_effect(effect, rows, others)
    shared = (first @ second.T).tocoo()
    if effect.along:
        at, of_others = (_read_number(frame, effect.along) for frame in (rows, others))
        shared.data *= _measure_likeness(effect, at[shared.row], of_others[shared.col])
    return shared


def _compute_own_variance(rows: pd.DataFrame, spreads: Spreads) -> Array:
    spread = rows[WAY].map(lambda way: spreads[OWN + str(way)])
    return np.asarray(spread.to_numpy("float64") ** 2)


def compute_covariance(rows: pd.DataFrame, spreads: Spreads) -> Array:
    """Return the covariance (rows, rows) of figures, with the error variance of each figure."""
    total = compute_cross_covariance(rows, rows, spreads)
    total.reshape(-1)[:: len(rows) + 1] += _compute_own_variance(rows, spreads)
    return total


def compute_cross_covariance(rows: pd.DataFrame, others: pd.DataFrame, spreads: Spreads) -> Array:
    """Return the covariance (rows, others) of figures, without the error of single figures.

    Constant effects are products of matrices that have a column for each group, dense ones of few.
    """
    few: list[list[csr_array]] = []
    many: list[list[csr_array]] = []
    for effect in EFFECTS:
        if not effect.along:
            loaded = [part * spreads[effect.name] for part in _load_effect(effect, rows, others)]
            (few if loaded[0].shape[1] <= FEW_GROUPS else many).append(loaded)
    first, second = (hstack(columns).toarray() for columns in zip(*few, strict=True))
    # A matrix times its own transpose is half the work.
    matrix = np.asarray(first @ (first if rows is others else second).T)
    if many:
        first, second = (hstack(columns) for columns in zip(*many, strict=True))
        shared = (first @ second.T).tocoo()
        matrix[shared.row, shared.col] += shared.data
    for effect in EFFECTS:
        if effect.along and effect.by != (SERVICE,):
            shared = share_effect(effect, rows, others)
            matrix[shared.row, shared.col] += spreads[effect.name] ** 2 * shared.data
    _add_large(matrix, rows, others, spreads)
    return matrix


def _add_large(matrix: Array, rows: pd.DataFrame, others: pd.DataFrame, spreads: Spreads) -> None:
    """Add effects of whole services that vary along a number, all pairs of a service at once."""
    large = [effect for effect in EFFECTS if effect.along and effect.by == (SERVICE,)]
    first, second = (
        [(_read_number(frame, effect.along), _read_number(frame, effect.times)) for effect in large]
        for frame in (rows, others)
    )
    services, of_others = number_groups((SERVICE,), rows, others)
    for service in np.unique(services):
        at, of = np.ix_(services == service, of_others == service)
        matrix[at, of] += sum(
            _measure_likeness(effect, x[at], y[of]) * (spreads[effect.name] ** 2 * v[at]) * w[of]
            for effect, (x, v), (y, w) in zip(large, first, second, strict=True)
        )


def compute_variance(rows: pd.DataFrame, spreads: Spreads) -> Array:
    """Return the prior variance (rows,) of figures."""
    total = _compute_own_variance(rows, spreads)
    for effect in EFFECTS:
        total = total + (spreads[effect.name] * _read_number(rows, effect.times)) ** 2
    return np.asarray(total)
