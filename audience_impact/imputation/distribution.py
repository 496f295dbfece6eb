"""The distribution of an imputed audience: the share of the people online who use a service.

Definitions. An audience is imputed from figures of others: of the service at other times or counted
in other ways, of other services of the country, of the service in other countries. The imputed
quantity is the result of a survey that asks about use of the service (`asked`).

Method. Figures are normal in softened log odds (figures.py) with the covariance of effects.py, so
that the imputed figure has, given all others, a mean and a variance in closed form. Half widths are
multiplied by the factors of the evidence level, the platform and the region of the world
(fitting/audiences.py). Figures are left out by means of the inverse of their block. A figure that
is far from its prediction from all others has less weight, as with Student's t of TRUST degrees.

The coarse scale (figures.py) is the better for services that many use. Where its interval is wider
than a factor of WIDEST or than BROADEST, or it only knows other services of that kind, the fine one
is used, whose figures include totals of the world: a total fixes the level of its service, with the
error that totals have, and other services fix how it varies over countries.

Assumptions. Those of effects.py; countries without figures are similar to those with figures.

Known drawbacks. The interval is that of a figure, not of the truth: the sample and the question of
a survey change its result as much as the country does. A blocked service is imputed as if it were
not blocked.

Citation. C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning (2006),
chapter 2; K. L. Lange, R. J. A. Little, J. M. G. Taylor, Robust statistical modeling using the t
distribution, JASA 84 (1989) 881-896; docs/method.md reports the coverage of such intervals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.linalg import blas, lapack, solve_triangular

from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Z95
from audience_impact.frames import Array, Integers
from audience_impact.imputation import effects
from audience_impact.imputation.effects import Spreads
from audience_impact.imputation.figures import (
    COARSE,
    FINE,
    Evidence,
    Scale,
    harden_odds,
    locate_rows,
    put_on_scale,
    read_figures,
)
from audience_impact.rules import ParameterError
from audience_impact.vocabulary import WORLD, AudienceLaw, ImputationRung, WayOfCounting

FACTORS = (AudienceLaw.RUNG_FACTOR, AudienceLaw.PLATFORM_FACTOR, AudienceLaw.REGION_FACTOR)
SERVICE_LEVELS = [ImputationRung.OWN_PEOPLE.value, ImputationRung.OWN_OTHER.value]
"""Evidence levels that rest on figures of the service in the country, the better first."""
LEAST_SHARE, MOST_SHARE = 0.0005, 0.995
"""Limits to which all quantiles of an imputed share are cut."""
SMALLEST_SHARE = 1e-5
"""Lower limit on the fine scale."""
WIDEST = 20.0
"""Maximum ratio of the ends of an interval; a wider interval is not published as an estimate."""
BROADEST = 2 / 3
"""Maximum part of everyone online that an interval of an imputed share covers, by convention."""
VAGUE_FACTOR, VAGUE_PART = 10.0, 1 / 2
"""A factor and a part of everyone online that the interval of the only audience of an answer may
exceed, but not both."""
TRUST = 4.0
LEAST_SQUARED = 1.2
"""Squared error, in standard deviations, below which the variance of a figure is unchanged."""
BLOCK_ROWS = 64
"""Number of rows of a matrix that are copied at once, so that they remain in the cache."""
SHARES = ["q05_share", "q50_share", "q95_share"]
ONLINE = ["online_share", "online_persons"]
COLUMNS = [*SHARES, "rung", *ONLINE]
UNKNOWN = "?"
SHARE_DECIMALS = 5
"""Decimals of a share; further decimals differ between processors."""


@dataclass(frozen=True)
class AudienceParameters:
    """The table `audience_laws` for one scale: `spreads` by effect and way of counting, factors."""

    spreads: Spreads
    by_rung: Mapping[str, float]
    by_platform: Mapping[str, float]
    by_region: Mapping[str, float]


def read_parameters(audience_laws: pd.DataFrame) -> dict[Scale, AudienceParameters]:
    """Return typed parameters by scale, the coarse one first; ParameterError without a spread."""
    is_fine = audience_laws["kind"].str.startswith(FINE.prefix)
    rows = audience_laws.assign(kind=audience_laws["kind"].str.removeprefix(FINE.prefix))
    parts = {COARSE: rows[~is_fine], FINE: rows[is_fine]}
    scales = {scale: read_factors(part) for scale, part in parts.items() if len(part)}
    spreads = [parameters.spreads for parameters in scales.values()]
    missing = [name for name in effects.NAMES if any(name not in part for part in spreads)]
    if missing:
        raise ParameterError(
            f"audience_laws lacks {', '.join(missing)}; run audience-impact learn audiences"
        )
    return scales


def read_factors(laws: pd.DataFrame) -> AudienceParameters:
    """Return the parameters of one scale from its rows by `parameter` and `kind`.

    Where a count of people widens an interval more than accounts, both levels have their mean,
    weighted by figures: otherwise a count of people would say less than its advertising reach.
    """
    is_rung = laws["parameter"] == AudienceLaw.RUNG_FACTOR.value
    both = laws[is_rung & laws["kind"].isin(SERVICE_LEVELS)]
    of_people, of_accounts = both.set_index("kind")["value"].reindex(SERVICE_LEVELS)
    value = laws["value"].astype("float64")
    if of_people > of_accounts:
        value = value.mask(
            laws.index.isin(both.index), np.average(both["value"], weights=both["figures"])
        )
    parts = laws.assign(value=value).set_index("kind").groupby("parameter")["value"]
    by_name = {str(name): numbers.to_dict() for name, numbers in parts}
    names = (AudienceLaw.EFFECT_SPREAD, *FACTORS)
    return AudienceParameters(*(by_name.get(name.value, {}) for name in names))


def impute_shares(
    requested: pd.DataFrame, tables: Tables, model: "ImputationModel"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return imputed shares of the people online, and the figures that move each of them most.

    The first frame has quantiles (SHARES), `rung` and ONLINE, the people online as a share of
    residents and in persons. It is indexed like `requested`, which has `area_id`, `platform_id` and
    `moment` (a day). With `way`, the figure is one counted in that way; `left_out_ids` names
    figures (joined by +) from which a row must not be imputed. Rows without a result are absent (no
    users of any service, or no people online, on record). The second frame is that of
    `_list_movers`, with the same index.
    """
    questions = _locate_questions(requested, tables)
    shares, movers = _impute_on_scale(questions, model)
    is_vague = is_too_vague(shares.reindex(questions["place"])).to_numpy()
    if model.finer is None or not is_vague.any():
        return shares, movers
    fine, fine_movers = _impute_on_scale(questions[is_vague], model.finer)
    coarse, coarse_movers = (part.drop(fine.index, errors="ignore") for part in (shares, movers))
    parts = [part for part in (coarse_movers, fine_movers) if len(part)] or [movers]
    return pd.concat([coarse, fine]).sort_index(), pd.concat(parts)


def _locate_questions(requested: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return located rows with `place`, the index of the row in `requested`."""
    questions = requested.reset_index(names="place").assign(series=UNKNOWN, survey=UNKNOWN)
    if "way" not in questions:
        questions["way"] = WayOfCounting.ASKED.value
    return locate_rows(questions, tables).assign(is_blocked=0.0)


def is_too_vague(shares: pd.DataFrame) -> "pd.Series[bool]":
    """Return True for shares that are missing, too uncertain, or based on similar services only."""
    return ~is_narrow(shares) | (shares["rung"] == ImputationRung.KIND.value)


def is_narrow(shares: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether the ends of each interval are close: by factor WIDEST, by points BROADEST."""
    low, high = shares["q05_share"], shares["q95_share"]
    return (high <= WIDEST * low) & (high - low <= BROADEST)


def says_nothing(shares: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether an interval reaches from a small part to most of everyone online."""
    low, high = shares["q05_share"], shares["q95_share"]
    return (high > VAGUE_FACTOR * low) & (high - low > VAGUE_PART)


def _impute_on_scale(
    located: pd.DataFrame, model: "ImputationModel"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    evidence = Evidence(located, model.figures)
    rung = evidence.find_levels()
    names = located["platform_id"].mask(evidence.is_stranger(), UNKNOWN)
    is_answered = rung != ""
    questions = located.assign(rung=rung)[is_answered]
    if questions.empty:
        columns = pd.DataFrame(columns=COLUMNS)
        shares = columns.astype(dict.fromkeys([*SHARES, *ONLINE], "float64"))
        return shares, pd.DataFrame(columns=MOVER)
    named = questions.assign(platform_id=names[is_answered])
    middle, spread, weights = condition_on_figures(named, model)
    predictions = questions.assign(middle=middle, spread=spread)
    shares = add_intervals(predictions, model.parameters, model.scale)
    places = questions["place"].to_numpy()
    return shares[COLUMNS].set_axis(places), _list_movers(middle, weights, model, places)


def add_intervals(
    predictions: pd.DataFrame, parameters: AudienceParameters, scale: Scale
) -> pd.DataFrame:
    """Return predictions (`middle` and `spread` in softened log odds) with SHARES and `half`.

    An evidence level without a factor has the largest.
    """
    widest = max(parameters.by_rung.values(), default=1.0)
    factor = (
        predictions["rung"].map(parameters.by_rung).fillna(widest)
        * predictions["platform_id"].map(parameters.by_platform).fillna(1.0)
        * predictions["region"].map(parameters.by_region).fillna(1.0)
    )
    half = Z95 * predictions["spread"] * factor.to_numpy("float64")
    middle = predictions["middle"]
    ends = dict(zip(SHARES, (middle - half, middle, middle + half), strict=True))
    shares = {
        name: _cut_shares(harden_odds(odds.to_numpy(), scale), scale) for name, odds in ends.items()
    }
    return predictions.assign(half=half, **shares)


def _cut_shares(shares: Array, scale: Scale) -> Array:
    least = LEAST_SHARE if scale is COARSE else SMALLEST_SHARE
    return np.asarray(shares.clip(least, MOST_SHARE).round(SHARE_DECIMALS))


def invert_covariance(covariance: Array) -> Array:
    """Return the inverse of a positive definite covariance, which is overwritten; or ValueError."""
    factor, failed = lapack.dpotrf(covariance.T, lower=1, overwrite_a=1)
    if failed:
        raise ValueError("the covariance has no inverse: a figure has no variance of its own")
    result, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    return _mirror_lower(result)


def _mirror_lower(matrix: Array) -> Array:
    """Return a matrix that is written above its diagonal as it is below."""
    for first in range(0, len(matrix), BLOCK_ROWS):
        last = first + BLOCK_ROWS
        matrix[first:last, last:] = matrix[last:, first:last].T
        corner = np.tril(matrix[first:last, first:last])
        matrix[first:last, first:last] = corner + np.tril(corner, -1).T
    return matrix


def reweight_figures(
    precision: Array, odds: Array, is_total: "pd.Series[bool]"
) -> tuple[Array, Array]:
    """Return the precision Q and Q y after one step that gives outliers a larger variance.

    A prediction from all others that is z standard deviations away gets a variance (TRUST + z^2) /
    (TRUST + 1) times as large, but for totals: a service that is small everywhere is no error.
    The precision from before is overwritten.
    """
    weighted = precision @ odds
    variance = 1.0 / np.diag(precision)
    squared = weighted**2 * variance
    more = variance * ((TRUST + squared) / (TRUST + 1.0) - 1.0)
    places = np.flatnonzero((squared > LEAST_SQUARED) & ~is_total.to_numpy())
    # the inverse after more variance in a few places of the diagonal (Woodbury)
    columns = precision[:, places]
    inner = np.diag(1.0 / more[places]) + columns[places]
    half = solve_triangular(np.linalg.cholesky(inner), columns.T, lower=True)
    lower = blas.dsyrk(-1.0, half, trans=1, beta=1.0, c=precision, lower=1, overwrite_c=1)
    changed = _mirror_lower(lower)
    return changed, changed @ odds


@dataclass(frozen=True)
class ImputationModel:
    """Figures of a scale and their parameters; `finer` is the model of services that few use."""

    figures: pd.DataFrame
    parameters: AudienceParameters
    scale: Scale = COARSE
    finer: "ImputationModel | None" = None

    @cached_property
    def weighted_inverse(self) -> tuple[Array, Array]:
        """Return the inverse Q of the covariance, with less weight for outliers, and Q y."""
        odds = self.figures["odds"].to_numpy("float64")
        return reweight_figures(
            invert_covariance(effects.compute_covariance(self.figures, self.parameters.spreads)),
            odds,
            self.figures["area_id"] == WORLD,
        )

    def compute_inverse(self) -> None:
        """Compute the inverse once, so that processes that receive this object reuse it."""
        if not self.figures.empty:
            _ = self.weighted_inverse
        if self.finer is not None:
            self.finer.compute_inverse()


def read_model(tables: Tables) -> ImputationModel | None:
    """Return figures with fitted parameters, None without; ParameterError without a spread."""
    model = None
    figures = read_figures(tables)
    for scale, parameters in reversed(read_parameters(tables["audience_laws"]).items()):
        model = ImputationModel(put_on_scale(figures, scale), parameters, scale, model)
    return model


MOVER = [
    *("figure_id", "area_id", "platform_id", "way", "moment", "share"),
    *("without_share", "q50_share"),
]
MOVERS = 8
"""Most figures that are listed as moving an imputed audience."""


def _list_movers(
    middle: Array, weights: Array, model: ImputationModel, places: Integers
) -> pd.DataFrame:
    """Return the figures that move each imputed share most, as MOVER, indexed by `places`.

    `q50_share` is the median with all figures, `without_share` that without this one. Each place
    has the MOVERS figures with the largest effect, the largest first.
    """
    precision, weighted = model.weighted_inverse
    by, count = weights * (weighted / np.diag(precision)), min(MOVERS, len(weighted))
    largest = np.sort(np.argpartition(-np.abs(by), count - 1, axis=1)[:, :count], axis=1)
    effect = np.take_along_axis(by, largest, axis=1)
    order = np.argsort(-np.abs(effect), axis=1, kind="stable")
    without = middle[:, None] - np.take_along_axis(effect, order, axis=1)
    ends = _cut_shares(harden_odds(np.column_stack([middle, without]), model.scale), model.scale)
    at = np.take_along_axis(largest, order, axis=1).ravel()
    movers = model.figures.iloc[at].set_axis(np.repeat(places, count))
    shares = {"q50_share": np.repeat(ends[:, 0], count), "without_share": ends[:, 1:].ravel()}
    return movers.assign(**shares)[MOVER]


def condition_on_figures(
    questions: pd.DataFrame, model: ImputationModel
) -> tuple[Array, Array, Array]:
    """Return mean and spread (rows,) in softened log odds, given the figures, and their weights.

    The mean is the sum of the odds of the figures times the weights (rows, figures).
    """
    figures, (precision, _) = model.figures, model.weighted_inverse
    shared = effects.compute_cross_covariance(questions, figures, model.parameters.spreads)
    total = effects.compute_variance(questions, model.parameters.spreads)
    weights = shared @ precision
    row, figure = Evidence(questions, figures).left_out
    for number in np.unique(row):
        out = figure[row == number]
        through = np.linalg.solve(precision[np.ix_(out, out)], precision[out])
        weights[number] -= weights[number, out] @ through
    explained = np.einsum("ij,ij->i", weights, shared)
    spread = np.sqrt(np.maximum(total - explained, 0.0))
    return weights @ figures["odds"].to_numpy("float64"), spread, weights
