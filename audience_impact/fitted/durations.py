"""The length of restrictions: days of those without a known end, and hours of a day of cuts.

Definitions. Days count the first and the last. A known duration is that of a restriction that ended
on a day on record. Hours are those of a day in force, on average over its days: the total divided
by the days that are listed, counted, or lie between the first and the last. The basis of hours
(`HoursBasis`) says where they are from: outages of the country in the days of a restriction
(facts/events.py); without them, the hours that its text prints, those of cuts for exams, or, if it
is a national order, those of other cuts of a country's network.

Method. The logarithm of the days is normal. Its mean is that of all known durations plus an effect
of each of FACTORS, drawn towards zero as though RIDGE restrictions more had none (ridge
regression). Its variance is that of residuals, each as it would be with its restriction left out,
drawn towards PRIOR_VARIANCE, times a factor of each of SPREADING, drawn towards one as though PRIOR
restrictions more had it. A duration that is limited (a row that no later edition lists ended within
the year of its own) is drawn from the part of the distribution between the limits; where hardly any
of it is there, evenly.

The logarithm of hours is normal as well; hours above 24 are the whole day. For exams and for other
cuts the mean is that of known hours, and the variance the mean square of the deviations from it,
each country weighted once, drawn towards that of all kinds as though PRIOR_COUNTRIES more had it.
Exams of a country repeat their hours, so that its mean is drawn towards that of all countries by
the variances within and between countries (empirical Bayes); other cuts have the mean of all. Hours
that are measured or printed have the error by which the two differ where a restriction has both,
drawn towards HOURS_PRIOR_VARIANCE as though PRIOR_PAIRS more had it.

Assumptions. Restrictions without an end on record last as long as others of their kind, and cuts
that no measurer saw as long as those that one saw.

Known drawbacks. What lasts long is noted longer, and the end of what is short is missed more often.
Few cuts are measured, of fixed networks alone, and an outage that the measurer missed makes the
total too small.

Citation. Hoerl and Kennard (1970), Ridge regression, Technometrics 12; docs/validation.md has the
coverage on rows and on countries left out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from audience_impact.figure_errors import Z95
from audience_impact.frames import Array
from audience_impact.populations import country_of
from audience_impact.vocabulary import Cause, EvidenceScope, GeoScope, HoursBasis, Severity

FACTORS = ("severity", "geo_scope", "cause", "country_id")
SPREADING = ("country_id", "severity", "geo_scope")
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
            mean += _name_values(restrictions, factor).map(self.effects).fillna(0.0)
        for factor in SPREADING:
            variance *= _name_values(restrictions, factor).map(self.spreads).fillna(1.0)
        return pd.DataFrame({PARAMETERS[0]: mean, PARAMETERS[1]: np.sqrt(variance)})


def _name_values(rows: pd.DataFrame, factor: str) -> "pd.Series[str]":
    return f"{factor}=" + rows[factor].astype("str")


def fit_durations(ended: pd.DataFrame) -> Durations:
    """Return the distribution of `days` of `ended` by FACTORS; without any the median is a day."""
    if ended.empty:
        nothing = pd.Series(dtype="float64")
        return Durations(0.0, PRIOR_VARIANCE, nothing, nothing)
    logs = np.log(ended["days"].to_numpy("float64"))
    values = [_name_values(ended, name).astype("category") for name in FACTORS]
    columns = [value for column in values for value in column.cat.categories]
    first = np.cumsum([0, *(len(column.cat.categories) for column in values[:-1])])
    # the columns (n, FACTORS) of each row in a design matrix with a column for each category
    ones = np.column_stack([column.cat.codes for column in values]) + first
    pairs = (ones[:, :, None], ones[:, None, :])
    products = RIDGE * np.eye(len(columns))
    np.add.at(products, pairs, 1.0)
    inverse = np.linalg.inv(products)
    off = logs - logs.mean()
    effects = inverse @ np.bincount(ones.ravel(), np.repeat(off, len(FACTORS)), len(columns))
    leverage = inverse[pairs].sum(axis=(1, 2))
    residuals = off - effects[ones].sum(axis=1)
    squares = (residuals / np.clip(1.0 - leverage, LEAST_LEVERAGE, 1.0)) ** 2
    ratio, spreads = pd.Series(squares), []
    base = (ratio.sum() + PRIOR * PRIOR_VARIANCE) / (len(ratio) + PRIOR)
    ratio /= base
    for factor in SPREADING:
        names = _name_values(ended, factor).reset_index(drop=True)
        grouped = ratio.groupby(names)
        spreads.append((grouped.sum() + PRIOR) / (grouped.size() + PRIOR))
        ratio = ratio / names.map(spreads[-1]).to_numpy()
    variance = float(base * ratio.mean())
    return Durations(float(logs.mean()), variance, pd.Series(effects, columns), pd.concat(spreads))


def quantile_days(u: Array, parameters: pd.DataFrame, least: Array, most: Array) -> Array:
    """Return the durations in days, not rounded, that belong to uniforms `u`: (rows,) or (rows, D).

    `parameters` has PARAMETERS; `least` and `most` (rows,) are the whole days between which each
    lasted.
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


DAY_HOURS = 24.0
PRIOR_COUNTRIES = 2.0
PRIOR_PAIRS, HOURS_PRIOR_VARIANCE = 2.0, 0.1
"""Variance of the log ratio of printed to measured hours, by convention (a factor of 1.7 either way
in nine cases of ten), and its weight in pairs."""
SHORTEST, NO_VARIANCE = 1e-3, 1e-9
HOURS_PARAMETERS = ["hours_log_mean", "hours_log_sd"]
EXAMS = "exam"


@dataclass(frozen=True)
class Hours:
    """The fitted distribution of log hours."""

    bases: pd.DataFrame  # mean and deviation (HOURS_PARAMETERS) by basis
    countries: pd.DataFrame  # the same for cuts for exams, by country
    source_deviation: float  # deviation of hours that are measured or printed

    def predict(self, restrictions: pd.DataFrame) -> pd.DataFrame:
        """Return HOURS_PARAMETERS of each restriction; NaN without a basis, or if unfitted."""
        basis = restrictions["hours_basis"]
        is_measured, is_printed = basis == HoursBasis.MEASURED, basis == HoursBasis.PRINTED
        least, most = (
            np.log(restrictions[f"{end}_hours_a_day"].clip(lower=SHORTEST))
            for end in ("least", "most")
        )
        fitted = self.bases.reindex(basis).set_axis(basis.index)
        countries = restrictions["country_id"].where(basis == HoursBasis.EXAMS)
        fitted = self.countries.reindex(countries).set_axis(basis.index).fillna(fitted)
        mean, deviation = (fitted[name].astype("float64") for name in HOURS_PARAMETERS)
        mean = mean.mask(is_printed, (least + most) / 2)
        mean = mean.mask(is_measured, np.log(restrictions["measured_hours"]))
        within = np.hypot((most - least) / (2 * Z95), self.source_deviation)
        deviation = deviation.mask(is_printed, within).mask(is_measured, self.source_deviation)
        return pd.DataFrame({HOURS_PARAMETERS[0]: mean, HOURS_PARAMETERS[1]: deviation})


def fit_hours(observed: pd.DataFrame, ratios: "pd.Series[float]") -> Hours:
    """Return the distribution of `observed` hours; `ratios` are printed over measured hours."""
    logs = np.log(observed["hours"].astype("float64"))
    weight = 1.0 / observed.groupby(["hours_basis", "country_id"])["hours"].transform("size")
    basis = observed["hours_basis"]
    countries = weight.groupby(basis).sum()
    mean = (logs * weight).groupby(basis).sum() / countries
    squares = ((logs - basis.map(mean).astype("float64")) ** 2 * weight).groupby(basis).sum()
    pooled = squares.sum() / max(float((countries - 1.0).sum()), 1.0)
    variance = (squares + PRIOR_COUNTRIES * pooled) / (countries - 1.0 + PRIOR_COUNTRIES)
    of_source = (np.log(ratios.astype("float64")) ** 2).sum() + PRIOR_PAIRS * HOURS_PRIOR_VARIANCE
    exams = HoursBasis.EXAMS.value
    of_exams = (float(values.get(exams, 0.0)) for values in (mean, variance))
    is_exam = basis == exams
    return Hours(
        _name_parameters(mean, variance),
        _fit_countries(logs[is_exam], observed["country_id"][is_exam], *of_exams),
        float(np.sqrt(of_source / (len(ratios) + PRIOR_PAIRS))),
    )


def _fit_countries(
    logs: "pd.Series[float]", country: "pd.Series[str]", mean: float, variance: float
) -> pd.DataFrame:
    groups = logs.groupby(country)
    count, mean_of_country = groups.size(), groups.mean()
    squares = ((logs - groups.transform("mean")) ** 2).sum() + PRIOR_COUNTRIES * variance
    within = min(squares / (len(logs) - len(count) + PRIOR_COUNTRIES), variance)
    weight = count * (variance - within) / (count * (variance - within) + max(within, NO_VARIANCE))
    return _name_parameters(
        mean + weight * (mean_of_country - mean), within + (variance - within) * (1.0 - weight)
    )


def _name_parameters(mean: "pd.Series[float]", variance: "pd.Series[float]") -> pd.DataFrame:
    named = pd.DataFrame({HOURS_PARAMETERS[0]: mean, HOURS_PARAMETERS[1]: np.sqrt(variance)})
    return named.astype("float64")


def quantile_hours(u: Array, parameters: pd.DataFrame, most: Array | float = DAY_HOURS) -> Array:
    """Return hours of a day at `u` (rows, D) from HOURS_PARAMETERS; NaN without parameters."""
    mean, deviation = (parameters[name].to_numpy("float64")[:, None] for name in HOURS_PARAMETERS)
    return np.asarray(np.minimum(np.exp(mean + deviation * ndtri(u)), most))


def count_days_in_force(times: pd.DataFrame, length: "pd.Series[float]") -> "pd.Series[float]":
    """Return the days in force of `length` days: listed days, else counted times, else all."""
    listed = times["days_in_force"].str.count(";").add(1.0).where(times["days_in_force"] != "")
    return np.fmin(length.astype("float64"), listed.fillna(times["times_in_force"]))


def describe_hours(restrictions: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Return `hours_basis`, `measured_hours` and HOURS_PARAMETERS; outages of countries measure."""
    of_country = linked[linked["evidence_scope"] == EvidenceScope.COUNTRY.value]
    total = of_country.groupby("restriction_id")["hours"].sum()
    length = (restrictions["ended_on_end"] - restrictions["first_day"]).dt.days
    days = count_days_in_force(restrictions, length.clip(lower=1))
    about = restrictions.assign(
        measured_hours=restrictions["restriction_id"].map(total[total > 0.0]) / days,
        country_id=restrictions["area_ids"].str.split(";").str[0].map(country_of),
    )
    measured, printed = about["measured_hours"], _read_printed_hours(about)
    is_order = ~about["cause"].isin([Cause.ATTACK.value, Cause.DAMAGE.value])
    is_cut = about["severity"].eq(Severity.NETWORK_UNAVAILABLE.value) & is_order
    is_cut &= about["geo_scope"] == GeoScope.NATIONAL.value
    basis = about["hours_basis"].fillna("").astype("str")
    basis = basis.mask((basis == "") & is_cut, HoursBasis.NETWORK_CUT.value)
    basis = basis.mask(printed.notna(), HoursBasis.PRINTED.value)
    basis = basis.mask(measured.notna(), HoursBasis.MEASURED.value)
    fitted = fit_hours(list_known_hours(about), (printed / measured).dropna())
    about = about.assign(hours_basis=basis)
    return about[["hours_basis", "measured_hours"]].join(fitted.predict(about))


def list_known_hours(restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return the known hours of a day in force, to which the distribution is fitted.

    They are measured, or printed by cuts for exams: other cuts print their hours if they are short.
    """
    occasion = restrictions["occasion"].fillna("").str.casefold()
    is_exam = occasion.str.contains(EXAMS)
    is_cut = restrictions["severity"] == Severity.NETWORK_UNAVAILABLE.value
    measured = restrictions["measured_hours"]
    kinds = {True: HoursBasis.EXAMS.value, False: HoursBasis.NETWORK_CUT.value}
    known_hours = restrictions[["restriction_id", "country_id"]].assign(
        hours_basis=is_exam.map(kinds),
        hours=measured.fillna(_read_printed_hours(restrictions).where(is_exam & is_cut)),
        is_measured=measured.notna(),
    )
    return known_hours.dropna(subset=["hours"])


def _read_printed_hours(restrictions: pd.DataFrame) -> "pd.Series[float]":
    least, most = (restrictions[f"{end}_hours_a_day"] for end in ("least", "most"))
    return np.sqrt(least * most)


def describe_total_hours(restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return quantiles of all hours in force, where the end and a basis of hours are known."""
    length = (restrictions["ended_on_end"] - restrictions["first_day"]).dt.days
    days = count_days_in_force(restrictions, length.where(length > 0)).to_numpy("float64")[:, None]
    # measured hours count in full even if they exceed the days on record
    most = np.fmax(restrictions["measured_hours"], DAY_HOURS).to_numpy("float64")[:, None]
    total = days * quantile_hours(np.array([[0.05, 0.5, 0.95]]), restrictions, most)
    names = [f"{quantile}_in_force_hours" for quantile in ("q05", "q50", "q95")]
    return pd.DataFrame(total.round(2), restrictions.index, columns=names)
