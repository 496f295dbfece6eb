"""How far the people online of places are from what independent readers of a register expect.

Definitions. A reading (`event_readings`) gives the share of the residents of a place who used what
was cut there, as a range of nine in ten. Its middle is the geometric mean of the range. The error
of reading is what the middles differ by from the predicted share beyond the errors of both: who
counts as a user, what the name of a place means, and what no survey of regions shows.

Method. The predicted log odds are those of the country on the day (levels of people online, less
children), plus the deviation of the place, times the share that has none but the networks cut. The
variance of the difference is that of the prediction, that of a reader, and that of the error of
reading; the last is the one for which nine tenths of the differences lie in their 90 % ranges.

Assumptions. Errors are normal in log odds, and independent of each other.

Known drawbacks. Readers share what is generally known, and may err together. They expect more
people online than the publishers count before 2019, and fewer in poor regions after; an error of
the same size in all years does not say so.

Citation. J. M. Bland, D. G. Altman (1986), Statistical methods for assessing agreement between two
methods of clinical measurement, The Lancet 327.
"""

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from audience_impact.denominators.counts import Counts
from audience_impact.denominators.online import OnlineLevels, compute_moments
from audience_impact.errors.distribution import read_errors
from audience_impact.facts.tables import Tables
from audience_impact.fitting.tables import INSIDE, compute_quantiles
from audience_impact.frames import Array
from audience_impact.periods import parse_periods
from audience_impact.places import networks, online
from audience_impact.populations import country_of, parents_of

READER_ERROR = 0.22 / np.sqrt(2.0)
"""Standard deviation of the log of a middle: those of two readers of a row differ by 0.22."""
LEAST_READINGS = 10
LARGEST = 3.0
EDGE = 0.01
"""Least share of a reading, and of those who are not online, in log odds."""
READ = ["area_id", "start_on", "network_scope", "least_share", "most_share"]


def list_readings(tables: Tables) -> pd.DataFrame:
    """Return the readings of a place: `register_row`, columns READ, `country_id`, `day`, `share`.

    The share is the middle of the range.
    """
    readings = tables["event_readings"]
    rows = readings.loc[readings["area_id"] != "", ["register_row", *READ]].reset_index(drop=True)
    parents = parents_of(tables["areas"])
    return rows.assign(
        country_id=rows["area_id"].map(lambda area: country_of(area, parents)).astype("str"),
        day=parse_periods(rows["start_on"])["start"],
        share=np.sqrt(rows["least_share"] * rows["most_share"]).clip(EDGE, 1.0 - EDGE),
    )


def compare_readings(tables: Tables, parameters: online.PlaceParameters) -> pd.DataFrame:
    """Return readings with `difference`, in log odds, and the `deviation` that is expected of it.

    Readings of countries without levels of people online are left out.
    """
    rows = list_readings(tables)
    middle, spread = _predict_shares(rows, tables, parameters)
    reader = READER_ERROR / (1.0 - rows["share"])
    return rows.assign(
        difference=logit(rows["share"]) - middle, deviation=np.hypot(spread, reader)
    ).dropna(subset=["difference", "deviation"])


def _predict_shares(
    rows: pd.DataFrame, tables: Tables, parameters: online.PlaceParameters
) -> tuple[Array, Array]:
    """Return the log odds (rows,) of the share of residents cut off, and their deviations."""
    levels = OnlineLevels.from_table(tables["online_levels"])
    errors = read_errors(tables["figure_errors"])
    if levels is None or errors is None or rows.empty:
        return np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    country = levels.compute_quantiles(rows["country_id"], compute_moments(rows["day"]))
    young = Counts.from_tables(tables).measure_young_share(rows["country_id"])
    country = country.mul(1.0 - young * (1.0 - errors.children.q50), axis=0)
    place = online.estimate_online_odds(rows[["area_id", "day"]], tables, parameters)
    scope = rows[["country_id", "area_id", "day", "network_scope"]]
    cut = networks.estimate_cut_share(
        scope.assign(operators="", extent_reason=""),
        tables,
        networks.read_parameters(tables["network_laws"]),
    )
    odds = [_measure_quantiles(logit(country)), _measure_quantiles(place[online.ODDS_QUANTILES])]
    share = expit(odds[0][0] + odds[1][0])
    only = _measure_quantiles(np.log(cut[networks.SHARE_QUANTILES].astype("float64")))
    cut_share = np.clip(share * np.exp(only[0]), EDGE, 1.0 - EDGE)
    # A change of the log of the networks' share is this much in log odds of the product.
    scale = (1.0 - share) / (1.0 - cut_share), 1.0 / (1.0 - cut_share)
    spread = np.hypot(scale[0] * np.hypot(odds[0][1], odds[1][1]), scale[1] * only[1])
    return np.asarray(logit(cut_share)), np.asarray(spread)


def _measure_quantiles(quantiles: pd.DataFrame) -> tuple[Array, Array]:
    """Return the middle of three quantiles and the deviation of a normal with the outer two."""
    low, middle, high = quantiles.to_numpy("float64").T
    return middle, (high - low) / (2.0 * online.NORMAL)


def fit_reading(compared: pd.DataFrame) -> float:
    """Return the half width, in log odds, of the error of reading; zero where none is needed."""
    size = compared["difference"].abs().to_numpy("float64")
    variance = compared["deviation"].to_numpy("float64") ** 2

    def compute_excess(error: float) -> float:
        standard = size / np.sqrt(variance + error**2)
        return float(compute_quantiles(standard, np.ones(len(size)), (INSIDE,))[0] - online.NORMAL)

    if len(compared) < LEAST_READINGS or compute_excess(0.0) <= 0.0:
        return 0.0
    return float(online.NORMAL * brentq(compute_excess, 0.0, LARGEST))
