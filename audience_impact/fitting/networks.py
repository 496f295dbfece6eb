"""Fit the fact table `network_laws`: change and spread of the share with a mobile network alone.

Definitions. Those of places/networks.py.

Method.

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
  (places/networks.py), from its median and lower quartile, which countries whose counts are
  noise do not move.

Assumptions. The middle of the range changes as the true share does.

Known drawbacks. Pairs of one country share counts. After the last count there was a pandemic, in
which lines at home spread faster.

Citation. Weighted quantiles as in tables.py.
"""

import numpy as np
import pandas as pd
from scipy.special import logit

from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Spread
from audience_impact.fitting.tables import (
    Fit,
    Fits,
    digest_frames,
    make_parameter_table,
    measure_spread,
)
from audience_impact.places import networks
from audience_impact.places.networks import LIMITS
from audience_impact.vocabulary import NetworkLaw, ParameterBasis

LONGEST_YEARS, POSITIONS = 7, 19
LEAST_COUNTRIES, LEAST_REGIONAL_COUNTRIES = 5, 3
READ = {
    "network_use": ["area_id", "period", "least_share", "most_share"],
    "network_shares": ["area_id", "asn", "period", "users_share"],
    "operator_regions": ["area_id", "network_scope", "region", "operator", "regional_share"],
}
"""Columns of each fact table that the fit reads."""
NORMAL_95 = 1.645
QUARTILE = 0.6745
"""Distance of the quartile of a normal distribution from its median, in standard deviations."""


def list_changes(counts: pd.DataFrame) -> pd.DataFrame:
    """Return `area_id`, `years` and `change` of every pair of counts of a country."""
    middle = (counts["least_share"] + counts["most_share"]) / 2.0
    x = logit(middle.clip(*LIMITS).to_numpy("float64"))
    rows = counts[["area_id"]].assign(year=counts["period_start"].dt.year, x=x)
    both = rows.merge(rows, on="area_id", suffixes=("", "_later"))
    years = both["year_later"] - both["year"]
    pairs = both[years.between(1, LONGEST_YEARS)]
    change = pairs["x_later"] - pairs["x"]
    return pairs[["area_id"]].assign(years=years[pairs.index], change=change)


def measure_yearly_change(pairs: pd.DataFrame) -> Spread:
    """Return quantiles of the change after one year; each country has the same weight."""
    return _balance_spread(pairs["change"] / np.sqrt(pairs["years"]), [pairs["area_id"]])


def _balance_spread(values: "pd.Series[float]", groups: list[pd.Series]) -> Spread:
    size = values.groupby(groups).transform("size").to_numpy("float64")
    return measure_spread(values.to_numpy("float64"), 1.0 / size)


def measure_between_countries(counts: pd.DataFrame) -> Spread:
    """Return quantiles over countries of the share's log odds, uniform between its limits."""
    last = counts.sort_values("period_start").drop_duplicates("area_id", keep="last")
    least, most = last[["least_share", "most_share"]].to_numpy("float64").T[:, :, None]
    steps = (np.arange(POSITIONS) + 0.5) / POSITIONS
    shares = np.clip(least + (most - least) * steps, *LIMITS).ravel()
    return measure_spread(np.asarray(logit(shares)))


def measure_between_regions(rows: pd.DataFrame) -> Spread:
    """Return quantiles of the difference between the share in a region and in the country."""
    return _balance_spread(rows["difference"], [rows["area_id"], rows["network_scope"]])


def measure_jumps(network_shares: pd.DataFrame) -> Spread:
    """Return the 5, 50 and 95 % quantiles of the jumps that countries have by chance."""
    jumps = networks.measure_jumps(network_shares)
    middle = float(jumps.median())
    half = (middle - float(jumps.quantile(0.25))) / QUARTILE * NORMAL_95
    return Spread(middle - half, middle, middle + half)


def fit_parameters(tables: Tables) -> Fits:
    """Return the fitted parameters of networks, by name; without those of too few countries."""
    fits: Fits = {}
    use, shares = tables["network_use"], tables["network_shares"]
    if use["area_id"].nunique() >= LEAST_COUNTRIES:
        pairs, countries = list_changes(use), use.drop_duplicates("area_id")
        fits[NetworkLaw.CHANGE] = _make_fit(measure_yearly_change(pairs), pairs)
        fits[NetworkLaw.OTHER_COUNTRIES] = _make_fit(measure_between_countries(use), countries)
    changes = networks.list_changes(shares)
    if changes["area_id"].nunique() >= LEAST_COUNTRIES:
        jump = measure_jumps(shares)
        steady = changes[~changes["area_id"].isin(networks.list_noisy(shares, jump))]
        fits[NetworkLaw.OPERATOR_CHANGE] = _make_fit(measure_yearly_change(steady), steady)
        fits[NetworkLaw.OPERATOR_JUMP] = _make_fit(jump, changes)
    regions = networks.list_regional_differences(tables["operator_regions"])
    if regions["area_id"].nunique() >= LEAST_REGIONAL_COUNTRIES:
        fits[NetworkLaw.OPERATOR_REGION] = _make_fit(measure_between_regions(regions), regions)
    return fits


def _make_fit(spread: Spread, rows: pd.DataFrame) -> Fit:
    return Fit(spread, ParameterBasis.ESTIMATED, len(rows), rows["area_id"].nunique())


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `network_laws`; without rows where there are too few countries."""
    sha256 = digest_frames(*(tables[name][columns] for name, columns in READ.items()))
    return make_parameter_table(fit_parameters(tables), ("figures", "countries"), sha256)
