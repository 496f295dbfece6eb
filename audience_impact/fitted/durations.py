"""How long restrictions last: a distribution of days for those whose end is not known.

Definitions. Days count the first and the last. A known duration is that of a restriction that ended
on a day on record.

Method. The logarithm of the days is normal. Its mean is that of all known durations plus an effect
of the severity, of the geographic scope, of the cause and of the country, each drawn towards zero
as though RIDGE restrictions more had none (ridge regression). Its variance is that of residuals,
each as it would be with its restriction left out, drawn towards PRIOR_VARIANCE, times a factor of
the country, the severity and the scope, each drawn towards one as though PRIOR restrictions more
had it. A duration that is limited (a row that no later edition lists ended within the year of its
own) is drawn from the part of the distribution between the limits; where hardly any of it is there,
evenly.

Assumptions. Restrictions whose end nobody noted last as long as others of their kind.

Known drawbacks. What lasts long is noted longer, and the end of what is short is missed more often.

Citation. Hoerl and Kennard (1970), Ridge regression, Technometrics 12; docs/validation.md.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from audience_impact.frames import Array

FACTORS = ("severity", "geo_scope", "cause", "country_id")
"""What sets apart how long restrictions last."""
SPREADING = ("country_id", "severity", "geo_scope")
"""What sets apart how much durations differ."""
RIDGE = 5.0
PRIOR = 10.0
PRIOR_VARIANCE = 1.5
"""Variance of the logarithm of days within a kind, which few known durations are drawn towards."""
LEAST_LEVERAGE = 0.2
NO_MASS = 1e-9
PARAMETERS = ["days_log_mean", "days_log_sd"]


@dataclass(frozen=True)
class Durations:
    """The fitted distribution of durations: effects and factors of variance by `factor=value`."""

    mean: float
    variance: float
    effects: "pd.Series[float]"
    spreads: "pd.Series[float]"

    def predict(self, restrictions: pd.DataFrame) -> pd.DataFrame:
        """Return the PARAMETERS of each restriction from its FACTORS."""
        mean = pd.Series(self.mean, restrictions.index)
        variance = pd.Series(self.variance, restrictions.index)
        for factor in FACTORS:
            mean += _name_values(restrictions[factor], factor).map(self.effects).fillna(0.0)
        for factor in SPREADING:
            variance *= _name_values(restrictions[factor], factor).map(self.spreads).fillna(1.0)
        return pd.DataFrame({PARAMETERS[0]: mean, PARAMETERS[1]: np.sqrt(variance)})


def _name_values(values: "pd.Series[str]", factor: str) -> "pd.Series[str]":
    return f"{factor}=" + values.astype("str")


def fit_durations(ended: pd.DataFrame) -> Durations:
    """Return the distribution of the durations of restrictions; `ended` has FACTORS and `days`.

    If no duration is known, the median is a day by convention, with PRIOR_VARIANCE.
    """
    nothing = pd.Series(dtype="float64")
    if ended.empty:
        return Durations(0.0, PRIOR_VARIANCE, nothing, nothing)
    logs = np.log(ended["days"].to_numpy("float64"))
    columns = [pd.get_dummies(_name_values(ended[name], name), dtype="float64") for name in FACTORS]
    design = pd.concat(columns, axis=1)
    matrix = design.to_numpy()
    inverse = np.linalg.inv(matrix.T @ matrix + RIDGE * np.eye(matrix.shape[1]))
    effects = inverse @ matrix.T @ (logs - logs.mean())
    leverage = ((matrix @ inverse) * matrix).sum(axis=1)
    residuals = logs - logs.mean() - matrix @ effects
    squares = pd.Series((residuals / np.clip(1.0 - leverage, LEAST_LEVERAGE, 1.0)) ** 2)
    variance, spreads = _fit_spreads(ended.reset_index(drop=True), squares)
    return Durations(float(logs.mean()), variance, pd.Series(effects, design.columns), spreads)


def _fit_spreads(
    ended: pd.DataFrame, squares: "pd.Series[float]"
) -> tuple[float, "pd.Series[float]"]:
    """Return the variance of residuals, and the factors that multiply it in each group."""
    base = (squares.sum() + PRIOR * PRIOR_VARIANCE) / (len(squares) + PRIOR)
    factors = []
    ratio = squares / base
    for factor in SPREADING:
        names = _name_values(ended[factor], factor)
        grouped = ratio.groupby(names)
        factors.append((grouped.sum() + PRIOR) / (grouped.size() + PRIOR))
        ratio = ratio / names.map(factors[-1]).to_numpy()
    return float(base * ratio.mean()), pd.concat(factors)


def quantile_days(u: Array, parameters: pd.DataFrame, least: Array, most: Array) -> Array:
    """Return the durations in days that belong to uniforms.

    Args:
        u: Uniforms, (rows,) or (rows, D).
        parameters: PARAMETERS of the rows.
        least: The fewest days that each lasted, whole (rows,).
        most: The most, whole (rows,).

    Returns:
        Days of the shape of `u`, not rounded, between `least` and `most`.
    """
    shape = (len(least), *(1,) * (np.ndim(u) - 1))
    mean, sd, low, high = (
        np.asarray(values, dtype="float64").reshape(shape)
        for values in (*(parameters[name] for name in PARAMETERS), least, most)
    )
    spread = np.where(sd > 0.0, sd, 1.0)
    below, above = (
        ndtr((np.log(limit) - mean) / spread)
        for limit in (np.maximum(low - 0.5, 0.5), np.maximum(high + 0.5, 0.5))
    )
    share = np.clip(below + u * (above - below), 1e-15, 1.0 - 1e-15)
    days = np.exp(np.where(sd > 0.0, mean + spread * ndtri(share), mean))
    even = low + u * (high - low)
    return np.asarray(np.clip(np.where(above - below < NO_MASS, even, days), low, high))
