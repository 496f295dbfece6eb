"""Fit the fact table `network_laws`: change and spread of the share with a mobile network alone.

Definitions. Those of networks.py.

Method. Nothing is drawn at random: the same facts give the same numbers, rounded to DECIMALS.

* change: of each country every pair of counts at most LONGEST_YEARS apart; the change of the log
  odds of the middle over the square root of the years. Countries have equal weight.
* other_countries: of the last count of each country POSITIONS equal steps from the least to the
  most; quantiles of their log odds.
* operator_change: the change of the log odds of each large network between two counts that follow
  one another, over the square root of the years, where the counts are no noise. Countries have
  equal weight.
* operator_region: the difference of the log odds of an operator's share of subscriptions in a
  region from those of the country, of operators that have customers there. Countries and their
  networks (mobile, fixed) have equal weight.
* operator_jump: the normal distribution over countries of the logarithm of their largest jump
  (places/operator_shares.py), from its median and lower quartile, which countries whose counts are
  noise do not move.

Assumptions. The middle of the range changes as the true share does.

Known drawbacks. Pairs of one country share counts. After the last count there was a pandemic, in
which lines at home spread faster.

Citation. Weighted quantiles as in tables.py.
"""

from enum import StrEnum

import numpy as np
import pandas as pd
from scipy.special import logit

from audience_impact.figure_errors import Spread
from audience_impact.fitting.tables import (
    TAILS,
    Fit,
    Fits,
    balance_quantiles,
    compute_quantiles,
    digest_frames,
    make_parameter_table,
    name_quantiles,
)
from audience_impact.places import operator_shares
from audience_impact.places.networks import LIMITS
from audience_impact.vocabulary import ErrorQuantile, NetworkLaw, ParameterBasis

LONGEST_YEARS = 7
POSITIONS = 19
LEAST_COUNTRIES = 5
LEAST_REGIONAL_COUNTRIES = 3
DECIMALS = 4
READ = ["area_id", "period", "least_share", "most_share"]
READ_SHARES = ["area_id", "asn", "period", "users_share"]
READ_REGIONS = ["area_id", "network_scope", "region", "operator", "regional_share"]
NORMAL_95 = 1.645
QUARTILE = 0.6745
"""Distance of the quartile of a normal distribution from its median, in standard deviations."""
NOTES: dict[StrEnum, str] = {
    NetworkLaw.CHANGE: "log odds of the middle between the two ends, after one year; grows with "
    "the square root of the years",
    NetworkLaw.OPERATOR_CHANGE: "log odds of the share of users of a network, after one year; "
    "grows with the square root of the years",
    NetworkLaw.OPERATOR_REGION: "log odds of an operator's share in a region, from the country's",
    NetworkLaw.OPERATOR_JUMP: "logarithm of the mean change of a country's networks in a year",
    NetworkLaw.OTHER_COUNTRIES: "log odds of the share, over all countries with a count",
}


def list_changes(counts: pd.DataFrame) -> pd.DataFrame:
    """Return `area_id`, `years` and `change` of every pair of counts of a country."""
    middle = (counts["least_share"] + counts["most_share"]) / 2.0
    rows = pd.DataFrame(
        {
            "area_id": counts["area_id"],
            "year": counts["period_start"].dt.year,
            "x": logit(middle.clip(*LIMITS).to_numpy("float64")),
        }
    )
    both = rows.merge(rows, on="area_id", suffixes=("", "_later"))
    years = both["year_later"] - both["year"]
    pairs = both[years.between(1, LONGEST_YEARS)]
    return pd.DataFrame(
        {
            "area_id": pairs["area_id"],
            "years": years[pairs.index],
            "change": pairs["x_later"] - pairs["x"],
        }
    )


def measure_yearly_change(pairs: pd.DataFrame) -> dict[ErrorQuantile, float]:
    """Return quantiles of the change after one year; each country has the same weight."""
    return balance_quantiles(pairs["change"] / np.sqrt(pairs["years"]), [pairs["area_id"]])


def measure_between_countries(counts: pd.DataFrame) -> dict[ErrorQuantile, float]:
    """Return quantiles over countries of the share's log odds, uniform between its limits."""
    last = counts.sort_values("period_start").drop_duplicates("area_id", keep="last")
    least = last["least_share"].to_numpy("float64")[:, None]
    most = last["most_share"].to_numpy("float64")[:, None]
    steps = (np.arange(POSITIONS) + 0.5) / POSITIONS
    shares = np.clip(least + (most - least) * steps, *LIMITS).ravel()
    return name_quantiles(compute_quantiles(np.asarray(logit(shares)), np.ones(shares.size), TAILS))


def measure_between_regions(rows: pd.DataFrame) -> dict[ErrorQuantile, float]:
    """Return quantiles of the difference between the share in a region and in the country."""
    return balance_quantiles(rows["difference"], [rows["area_id"], rows["network_scope"]])


def measure_jumps(network_shares: pd.DataFrame) -> dict[ErrorQuantile, float]:
    """Return the 5, 50 and 95 % quantiles of the jumps that countries have by chance."""
    jumps = operator_shares.measure_jumps(network_shares)
    middle = float(jumps.median())
    half = (middle - float(jumps.quantile(0.25))) / QUARTILE * NORMAL_95
    return name_quantiles(np.array([middle - half, middle, middle + half]))


def _fit_countries(network_use: pd.DataFrame) -> Fits:
    countries = network_use["area_id"].nunique()
    if countries < LEAST_COUNTRIES:
        return {}
    pairs = list_changes(network_use)
    between = measure_between_countries(network_use)
    return {
        NetworkLaw.CHANGE: _make_fit(measure_yearly_change(pairs), pairs),
        NetworkLaw.OTHER_COUNTRIES: Fit(between, ParameterBasis.ESTIMATED, countries, countries),
    }


def _fit_operators(network_shares: pd.DataFrame) -> Fits:
    changes = operator_shares.list_changes(network_shares)
    if changes["area_id"].nunique() < LEAST_COUNTRIES:
        return {}
    jump = measure_jumps(network_shares)
    noisy = operator_shares.list_noisy(network_shares, Spread(*jump.values()))
    steady = changes[~changes["area_id"].isin(noisy)]
    return {
        NetworkLaw.OPERATOR_CHANGE: _make_fit(measure_yearly_change(steady), steady),
        NetworkLaw.OPERATOR_JUMP: _make_fit(jump, changes),
    }


def _fit_regions(operator_regions: pd.DataFrame) -> Fits:
    rows = operator_shares.list_regional_differences(operator_regions)
    if rows["area_id"].nunique() < LEAST_REGIONAL_COUNTRIES:
        return {}
    return {NetworkLaw.OPERATOR_REGION: _make_fit(measure_between_regions(rows), rows)}


def _make_fit(values: dict[ErrorQuantile, float], rows: pd.DataFrame) -> Fit:
    return Fit(values, ParameterBasis.ESTIMATED, len(rows), rows["area_id"].nunique())


def fit_table(
    network_use: pd.DataFrame, network_shares: pd.DataFrame, operator_regions: pd.DataFrame
) -> pd.DataFrame:
    """Return the fact table `network_laws`; without rows where there are too few countries."""
    sha256 = digest_frames(
        network_use[READ], network_shares[READ_SHARES], operator_regions[READ_REGIONS]
    )
    fits = _fit_countries(network_use) | _fit_operators(network_shares)
    fits |= _fit_regions(operator_regions)
    rows = make_parameter_table(fits, NOTES, ("figures", "countries"), sha256)
    return rows.round({"value": DECIMALS})
