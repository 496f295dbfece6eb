"""The share of the people online who use a service where nobody counted them, with its interval.

Definitions. An audience is imputed from figures of others: of the service at other times or counted
in other ways, of other services of the country, of the service in other countries. What is imputed
is what a survey that asks who uses the service would find (`asked`); the interval is that of such a
finding.

Method. Figures are normal in softened log odds (figures.py) with the covariance of effects.py, so
that the figure that is wanted has, given all others, a mean and a variance in closed form. Half
widths are multiplied by the factors of the rung, the platform and the region of the world, which
were learned so that nine tenths of the figures that were left out lie inside. All numbers are read
from the fact table `audience_laws`; nothing is fitted here. Figures of a country are left out,
where that is asked for, by the inverse of their block. A figure that is far off, given all others,
counts less, as Student's t of TRUST degrees has it.

Assumptions. Those of effects.py; a country that nobody counted is like those that somebody did.

Known drawbacks. The interval is that of a figure, not of the truth: whom a survey asks, and how,
moves it by as much as another country does. What is blocked is imputed as if it were not.

Citation. C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning (2006),
chapter 2; K. L. Lange, R. J. A. Little, J. M. G. Taylor, Robust statistical modeling using the t
distribution, JASA 84 (1989) 881-896; docs/method.md shows how often such intervals held.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.linalg import lapack, solve_triangular

from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.imputation import rungs
from audience_impact.imputation.effects import (
    EFFECTS,
    OWN,
    covariance,
    cross_covariance,
    described,
    variance,
)
from audience_impact.imputation.figures import hardened, observations, placed
from audience_impact.rules import ParameterError
from audience_impact.vocabulary import AudienceLaw, WayOfCounting

FACTORS = (AudienceLaw.RUNG_FACTOR, AudienceLaw.PLATFORM_FACTOR, AudienceLaw.REGION_FACTOR)
"""Factors of an interval, in the order of the fields of `AudienceParameters`."""
Z90 = 1.6448536269514722
LEAST_SHARE, MOST_SHARE = 0.0005, 0.995
"""No quantile of a share lies outside."""
TRUST = 4.0
LEAST_SQUARED = 1.2
"""Figures with a smaller squared error, in standard deviations, keep their variance."""
BLOCK_ROWS = 64
"""Rows of a matrix that are copied at once, so that they stay in the cache."""
SHARES = ["q05_share", "q50_share", "q95_share"]
COLUMNS = [*SHARES, "rung", "online_share"]
UNKNOWN = "?"
"""Series and survey of a figure that is wanted: none that was ever printed."""
SHARE_DECIMALS = 5
"""Beyond that processors differ."""


@dataclass(frozen=True)
class AudienceParameters:
    """What `audience_laws` says: `spreads` by effect and way, factors of the interval by word."""

    spreads: Mapping[str, float]
    by_rung: Mapping[str, float]
    by_platform: Mapping[str, float]
    by_region: Mapping[str, float]

    def factor(self, rung: pd.Series, platform: pd.Series, region: pd.Series) -> Array:
        """The factor of each row; of a rung without one, the largest of all rungs."""
        widest = max(self.by_rung.values(), default=1.0)
        found = (
            rung.map(self.by_rung).fillna(widest)
            * platform.map(self.by_platform).fillna(1.0)
            * region.map(self.by_region).fillna(1.0)
        )
        return np.asarray(found.to_numpy("float64"))


def read(audience_laws: pd.DataFrame) -> AudienceParameters | None:
    """The laws that the fact table of that name (typed) holds; None where it has no rows.

    Raises:
        ParameterError: The table lacks a spread.
    """
    if audience_laws.empty:
        return None
    parts = {
        name: dict(zip(own["kind"], own["value"].astype("float64"), strict=True))
        for name, own in audience_laws.groupby("parameter")
    }
    spreads = parts.get(AudienceLaw.EFFECT_SPREAD.value, {})
    wanted = [effect.name for effect in EFFECTS] + [OWN + way.value for way in WayOfCounting]
    missing = [name for name in wanted if name not in spreads]
    if missing:
        raise ParameterError(
            f"audience_laws lacks {', '.join(missing)}; run audience-impact learn audiences"
        )
    return AudienceParameters(spreads, *(parts.get(name.value, {}) for name in FACTORS))


def imputed(
    wanted: pd.DataFrame, tables: Tables, found: "Solved", without_country: bool = False
) -> pd.DataFrame:
    """Return quantiles (SHARES) of the share of the people online, `rung` and `online_share`.

    `online_share` is of residents; the rows are indexed like `wanted`.

    `wanted` has `area_id`, `platform_id` and `moment` (a day); with `way`, what is wanted is a
    figure counted in that way; with `is_under_block`, whether from under a block as the facts have
    it. Rows that cannot be had are absent: no service with users of its own, no people online on
    record. `found` has the figures that are imputed from; `without_country` leaves out those of the
    country of each row.
    """
    nothing = pd.DataFrame(columns=COLUMNS).astype(
        dict.fromkeys([*SHARES, "online_share"], "float64")
    )
    asked = _described(wanted, tables)
    if asked.empty or found.known.empty:
        return nothing
    rung, is_stranger = _rungs(asked, found.known, without_country)
    if (rung == "").all():
        return nothing
    service = asked["platform_id"].mask(is_stranger, UNKNOWN)
    strange = asked.assign(platform_id=service)
    middle, spread = conditioned(strange, found, without_country)
    half = Z90 * spread * found.laws.factor(rung, asked["platform_id"], asked["region"])
    shares = {
        name: hardened(middle + sign * half).clip(LEAST_SHARE, MOST_SHARE).round(SHARE_DECIMALS)
        for name, sign in zip(SHARES, (-1.0, 0.0, 1.0), strict=True)
    }
    more = {"rung": rung.to_numpy(), "online_share": asked["online_share"].to_numpy()}
    rows = pd.DataFrame({**shares, **more}, index=asked["place"].to_numpy())
    return rows[(rows["rung"] != "").to_numpy()]


def _described(wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """What is wanted, as effects.py reads it; `place` is its place in `wanted`."""
    asked = wanted.reset_index(names="place").assign(series=UNKNOWN, survey=UNKNOWN)
    if "way" not in asked:
        asked["way"] = WayOfCounting.ASKED.value
    asked = described(placed(asked, tables))
    return asked if "is_under_block" in asked else asked.assign(is_blocked=0.0)


def _rungs(
    asked: pd.DataFrame, known: pd.DataFrame, without_country: bool
) -> tuple[pd.Series, pd.Series]:
    """The rung of each row, and whether the service is a stranger to its country.

    Without the figures of its country, by those of the others.
    """
    if not without_country:
        return rungs.rungs(asked, known), rungs.is_stranger(asked, known)
    found = []
    for area, own in asked.groupby("area_id"):
        others = known[known["area_id"] != area]
        found.append((rungs.rungs(own, others), rungs.is_stranger(own, others)))
    rung, is_stranger = (pd.concat(parts) for parts in zip(*found, strict=True))
    return rung.reindex(asked.index), is_stranger.reindex(asked.index)


def inverse(covariance: Array) -> Array:
    """Return the inverse of a covariance, which is used up.

    Raises:
        ValueError: It is not positive definite.
    """
    factor, failed = lapack.dpotrf(covariance.T, lower=1, overwrite_a=1)
    if failed:
        raise ValueError("figures of no spread of their own: the covariance has no inverse")
    found, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    # above the diagonal LAPACK leaves zeros
    for first in range(0, len(found), BLOCK_ROWS):
        last = first + BLOCK_ROWS
        found[first:last, last:] = found[last:, first:last].T
        found[first:last, first:last] += np.tril(found[first:last, first:last], -1).T
    return np.asarray(found)


def trusting(precision: Array, odds: Array) -> tuple[Array, Array]:
    """Return Q and Q y where wrong figures count less, in one step of reweighting.

    A figure with an error of z standard deviations, given all others, gets (TRUST + z^2) /
    (TRUST + 1) of the variance that it has given them.
    """
    weighted = precision @ odds
    variance = 1.0 / np.diag(precision)
    squared = weighted**2 * variance
    more = variance * ((TRUST + squared) / (TRUST + 1.0) - 1.0)
    places = np.flatnonzero(squared > LEAST_SQUARED)
    # the inverse after more variance in a few places of the diagonal (Woodbury)
    own = precision[:, places]
    inner = np.diag(1.0 / more[places]) + own[places]
    half = solve_triangular(np.linalg.cholesky(inner), own.T, lower=True)
    changed = half.T @ half
    np.subtract(precision, changed, out=changed)
    return changed, changed @ odds


@dataclass(frozen=True)
class Solved:
    """All figures of the facts, held against one another.

    Attributes:
        known: The figures, as effects.py reads them.
        laws: What they share.
    """

    known: pd.DataFrame
    laws: AudienceParameters

    @cached_property
    def inverse(self) -> tuple[Array, Array]:
        """The inverse Q of their covariance, wrong figures counting less, and Q y."""
        odds = self.known["odds"].to_numpy("float64")
        return trusting(inverse(covariance(self.known, self.laws.spreads)), odds)

    def solve(self) -> None:
        """Have the inverse at hand, so that processes which are handed this need not make it."""
        if not self.known.empty:
            _ = self.inverse


def solved(tables: Tables, laws: AudienceParameters) -> Solved:
    """Return the figures of typed facts with the parameters that were fitted to such figures."""
    known = observations(tables)
    return Solved(known if known.empty else described(known), laws)


def movers(wanted: pd.DataFrame, tables: Tables, found: Solved, most: int) -> pd.DataFrame:
    """The figures that move each imputed share most: what it would be without each of them.

    `wanted` as `imputed` takes it. Columns: `place` (its row there), `figure_id`, `area_id`,
    `platform_id`, `way`, `moment`, `share` of the figure, `without_share` (the median, that figure
    left out) and `q50_share`; the `most` that move it farthest, the farthest first.
    """
    asked, known = _described(wanted, tables), found.known
    if asked.empty or known.empty:
        return pd.DataFrame(columns=["place", *MOVER])
    _, is_stranger = _rungs(asked, known, without_country=False)
    strange = asked.assign(platform_id=asked["platform_id"].mask(is_stranger, UNKNOWN))
    shared = cross_covariance(strange, known, found.laws.spreads)
    precision, weighted = found.inverse
    middle = shared @ weighted
    by = (shared @ precision) * weighted / np.diag(precision)
    parts = []
    for row, place in enumerate(asked["place"]):
        at = np.argsort(-np.abs(by[row]), kind="stable")[:most]
        ends = hardened(np.append(middle[row], middle[row] - by[row, at]))
        ends = ends.clip(LEAST_SHARE, MOST_SHARE).round(SHARE_DECIMALS)
        own = known.iloc[at].assign(place=place, q50_share=ends[0], without_share=ends[1:])
        parts.append(own[["place", *MOVER]])
    return pd.concat(parts, ignore_index=True)


MOVER = [
    *("figure_id", "area_id", "platform_id", "way", "moment", "share"),
    *("without_share", "q50_share"),
]
"""What is told of a figure that moves an imputed share."""


def conditioned(asked: pd.DataFrame, found: Solved, without_country: bool) -> tuple[Array, Array]:
    """Mean and spread (rows,) of what is asked, in softened log odds, given what is known."""
    known, (precision, weighted) = found.known, found.inverse
    shared = cross_covariance(asked, known, found.laws.spreads)
    total = variance(asked, found.laws.spreads)
    if not without_country:
        told = np.einsum("ij,ij->i", shared @ precision, shared)
        return shared @ weighted, np.sqrt(np.maximum(total - told, 0.0))
    middle, told = np.empty(len(asked)), np.empty(len(asked))
    areas = known["area_id"].to_numpy(dtype=object)
    for area, own in asked.groupby("area_id"):
        rows, out = asked.index.get_indexer(own.index), np.flatnonzero(areas == area)
        mine = shared[rows]
        mine[:, out] = 0.0
        inside = np.linalg.inv(precision[np.ix_(out, out)])
        through = mine @ precision
        middle[rows] = mine @ weighted - through[:, out] @ (inside @ weighted[out])
        left = np.einsum("ij,ij->i", through[:, out] @ inside, through[:, out])
        told[rows] = np.einsum("ij,ij->i", through, mine) - left
    return middle, np.sqrt(np.maximum(total - told, 0.0))
