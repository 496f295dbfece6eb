"""Distributions of the errors of figures, from the fact table `figure_errors`.

Definitions. A spread is a distribution of three quantiles (5, 50 and 95 %) in log odds of the share
that a figure is of its universe. A half width is half of a central 90 % interval, so the 95 %
quantile of a distribution around zero.

Method. Half widths of independent errors add up in squares. Draws are taken through the quantiles:
x = q50 + (q95 - q50) T / T(0.95) where T > 0, and with q50 - q05 where T < 0, T Student t of
`tail_degrees` (heavy tails) or normal. The share never leaves 0..1, so a service that nearly
everyone uses can grow by little, and one that few people use by much.

Assumptions. Growth since a figure is proportional to the square root of the months between; the
table gives the degrees of freedom of the tails.

Known drawbacks. A distribution through three quantiles has a kink of its density at the median.

Citations. Wallis (2014) as in simulation/distributions.py for two-piece distributions; the fit is
described in fitting/errors.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri, stdtrit

from audience_impact.frames import Array
from audience_impact.rules import ParameterError
from audience_impact.vocabulary import ErrorQuantile, FigureError

Parameter = TypeVar("Parameter", bound=StrEnum)
TAIL = 0.95
MOST_SHARE = 0.98
"""Maximum share of a figure in its universe. For larger figures the universe is enlarged
accordingly.
"""


@dataclass(frozen=True)
class Spread:
    """Quantiles of a distribution, in log odds."""

    q05: float
    q50: float
    q95: float

    def scale_by(self, factor: "pd.Series[float]") -> pd.DataFrame:
        """Return `q05`, `q50`, `q95` times the factor of each row."""
        return pd.DataFrame(
            {"q05": self.q05 * factor, "q50": self.q50 * factor, "q95": self.q95 * factor}
        )


@dataclass(frozen=True)
class FigureErrors:
    """Errors of figures, as fitted to the facts.

    Attributes:
        growth: Growth of an unrestricted audience in one month.
        restricted_growth: Growth of an audience in one month while its service is restricted.
        base_growth: Growth of the people online in one month.
        measurers: Half width of one measurer's figure, in log odds.
        base_measurers: Half width of one measurer's count of the people online, in log odds.
        secondary_source: Half width of a figure printed by a secondary source, in logs.
        population: Half width of a count of residents, in logs.
        low_reliability: Half width of a figure from a source of low reliability, in log odds.
        effective_sample: Effective number of respondents of a survey that does not report it.
        tail_degrees: Degrees of freedom of the tails of growth.
        children: Share online of residents below twelve over that of the others.
    """

    growth: Spread
    restricted_growth: Spread
    base_growth: Spread
    measurers: float
    base_measurers: float
    secondary_source: float
    population: float
    low_reliability: float
    effective_sample: float
    tail_degrees: float
    children: Spread


SPREADS = (
    FigureError.GROWTH,
    FigureError.RESTRICTED_GROWTH,
    FigureError.BASE_GROWTH,
    FigureError.CHILDREN,
)
QUANTILES = (ErrorQuantile.Q05, ErrorQuantile.Q50, ErrorQuantile.Q95)


def read_errors(figure_errors: pd.DataFrame) -> FigureErrors | None:
    """Return the errors in the fact table `figure_errors` (typed); None without rows.

    Raises:
        ParameterError: The table lacks a parameter.
    """
    if figure_errors.empty:
        return None
    kinds = {name: QUANTILES if name in SPREADS else (_choose_kind(name),) for name in FigureError}
    numbers = parameter_values(figure_errors, "figure_errors", kinds, "learn errors")
    spreads = {name.value: Spread(*numbers[name]) for name in SPREADS}
    single = {name.value: numbers[name][0] for name in FigureError if name not in SPREADS}
    return FigureErrors(**spreads, **single)  # type: ignore[arg-type]


def parameter_values(
    table: pd.DataFrame,
    name: str,
    kinds: Mapping[Parameter, Sequence[ErrorQuantile]],
    command: str,
) -> dict[Parameter, list[float]]:
    """Return the numbers of each parameter, in the order of its `kinds`, from a fact table (typed).

    Raises:
        ParameterError: The table lacks a number; the message names `name` and the `command`.
    """
    values = table.set_index(["parameter", "kind"])["value"]
    keys = [(parameter.value, kind.value) for parameter in kinds for kind in kinds[parameter]]
    missing = [" ".join(key) for key in keys if key not in values.index]
    if missing:
        raise ParameterError(f"{name} lacks {', '.join(missing)}; run audience-impact {command}")
    return {
        parameter: [float(values[(parameter.value, kind.value)]) for kind in kinds[parameter]]
        for parameter in kinds
    }


def _choose_kind(name: FigureError) -> ErrorQuantile:
    counts = (FigureError.EFFECTIVE_SAMPLE, FigureError.TAIL_DEGREES)
    return ErrorQuantile.COUNT if name in counts else ErrorQuantile.Q95


def draw_through_quantiles(
    u: Array, q05: Array, q50: Array, q95: Array, degrees: float = np.inf
) -> Array:
    """Return draws with these quantiles; arguments broadcast against `u`, uniforms in (0, 1)."""
    bounded = np.isfinite(degrees)
    t = stdtrit(degrees, u) if bounded else ndtri(u)
    unit = t / float(stdtrit(degrees, TAIL) if bounded else ndtri(TAIL))
    return np.asarray(q50 + np.where(unit > 0.0, q95 - q50, q50 - q05) * unit)


def widen_universe(persons: Array, universe: Array) -> Array:
    """Return the universe, enlarged a little if persons are nearly all of it.

    NaN remains NaN: an unknown universe is no limit.
    """
    return np.asarray(np.maximum(universe, persons / MOST_SHARE))


def move_persons(persons: Array, universe: Array, by: Array) -> Array:
    """Return persons after a change `by` in the log odds of their share of a universe.

    The result never exceeds the universe. If the universe is unknown (NaN), `by` is in logs.
    """
    inside = widen_universe(persons, universe)
    there = inside * expit(_compute_odds(persons, inside) + by)
    return np.asarray(np.where(np.isnan(universe), persons * np.exp(by), there))


def log_odds(persons: Array, universe: Array) -> Array:
    """Return log odds of the share of persons in a universe; logs without a universe.

    A difference of two results is the change from one number to the other within the universe.
    """
    odds = _compute_odds(persons, widen_universe(persons, universe))
    return np.asarray(np.where(np.isnan(universe), np.log(persons), odds))


def _compute_odds(persons: Array, inside: Array) -> Array:
    return np.asarray(logit(np.clip(persons / inside, 1e-12, 1.0 - 1e-12)))
