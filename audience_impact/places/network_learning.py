"""How the share with a mobile network alone moves and differs: `network_laws` from `network_use`.

Definitions. Those of networks.py.

Method. No draws: the same facts give the same numbers, rounded to DECIMALS.

* change: of each country every pair of counts at most LONGEST_YEARS apart; the change of the log
  odds of the middle over the square root of the years. Countries weigh alike.
* other_countries: of the last count of each country POSITIONS equal steps from the least to the
  most; quantiles of their log odds.

Assumptions. The middle moves as what it stands for.

Known drawbacks. Pairs of one country share counts. The years after the last count held a pandemic,
and then home lines spread faster.

Citation. Weighted quantiles as in errors/learning.py.
"""

import hashlib

import numpy as np
import pandas as pd
from scipy.special import logit

from audience_impact.errors.learning import quantiles
from audience_impact.frames import Array
from audience_impact.places.networks import LIMITS
from audience_impact.places.online_law import QUANTILES
from audience_impact.vocabulary import NetworkLaw, ParameterBasis

LONGEST_YEARS = 7
POSITIONS = 19
LEAST_COUNTRIES = 5
DECIMALS = 4
TAILS = (0.05, 0.50, 0.95)
READ = ["area_id", "period", "least_share", "most_share"]
COLUMNS = ["parameter", "kind", "value", "basis", "figures", "countries", "data_sha256", "note"]
NOTES = {
    NetworkLaw.CHANGE: "log odds of the middle between the two ends, after one year; grows with "
    "the square root of the years",
    NetworkLaw.OTHER_COUNTRIES: "log odds of the share, over all countries with a count",
}


def changes(counts: pd.DataFrame) -> pd.DataFrame:
    """`area_id`, `years` and `change` of every pair of counts of a country; `counts` typed."""
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


def change_law(pairs: pd.DataFrame) -> Array:
    """Quantiles of the change after one year; each country weighs alike."""
    each = pairs["change"].to_numpy("float64") / np.sqrt(pairs["years"].to_numpy("float64"))
    size = pairs.groupby("area_id")["change"].transform("size").to_numpy("float64")
    return quantiles(each, 1.0 / size, TAILS)


def others_law(counts: pd.DataFrame) -> Array:
    """Quantiles over countries of the share, wherever it lies between its two ends."""
    last = counts.sort_values("period_start").drop_duplicates("area_id", keep="last")
    least = last["least_share"].to_numpy("float64")[:, None]
    most = last["most_share"].to_numpy("float64")[:, None]
    steps = (np.arange(POSITIONS) + 0.5) / POSITIONS
    shares = np.clip(least + (most - least) * steps, *LIMITS).ravel()
    return quantiles(np.asarray(logit(shares)), np.ones(shares.size), TAILS)


def digest(network_use: pd.DataFrame) -> str:
    """SHA-256 of what is read of the facts; order, sources and notes do not count."""
    ordered = network_use[READ].sort_values(READ)
    return hashlib.sha256(ordered.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def table(network_use: pd.DataFrame) -> pd.DataFrame:
    """The fact table `network_laws` that typed facts give; without rows where there are too few."""
    countries = network_use["area_id"].nunique()
    if countries < LEAST_COUNTRIES:
        return pd.DataFrame(columns=COLUMNS)
    pairs = changes(network_use)
    laws = {
        NetworkLaw.CHANGE: (change_law(pairs), len(pairs), pairs["area_id"].nunique()),
        NetworkLaw.OTHER_COUNTRIES: (others_law(network_use), countries, countries),
    }
    sha256, basis = digest(network_use), ParameterBasis.ESTIMATED.value
    rows = [
        (name.value, kind.value, round(float(value), DECIMALS), basis, figures, areas, sha256)
        for name, (values, figures, areas) in laws.items()
        for kind, value in zip(QUANTILES, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS[:-1]).assign(
        note=lambda told: told["parameter"].map(lambda name: NOTES[NetworkLaw(name)])
    )
