"""The length of restrictions: days of those without a known end, and hours of a day of cuts.

Definitions. Days count the first and the last. A known duration is that of a restriction that ended
on a day on record. Hours are those of a day in force, on average over its days: the total divided
by the days that are listed, counted, or lie between the first and the last. The basis of hours
(`HoursBasis`) says where they are from: outages of the country in the days of a restriction
(facts/events.py); without them, the hours that its text prints, those of cuts for exams, or, if it
is a national order, those of other cuts of a country's network.

Method. The laws are read from the fact table `duration_laws`; where it has no rows, they are fitted
to the restrictions of the run.

The logarithm of the days is normal. Its mean is that of all known durations plus an effect of each
of FACTORS, drawn towards zero as though RIDGE restrictions more had none (ridge regression). Its
variance is that of residuals, each as it would be with its restriction left out, drawn towards
PRIOR_VARIANCE, times a factor of each of SPREADING, drawn towards one as though PRIOR restrictions
more had it. A duration that is limited (a row that no later edition lists ended within the year of
its own) is drawn from the part of the distribution between the limits; where hardly any of it is
there, evenly.

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

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from audience_impact import vocabulary as words
from audience_impact.figure_errors import Z95
from audience_impact.frames import Array
from audience_impact.periods import ONE_DAY
from audience_impact.populations import country_of
from audience_impact.rules import ParameterError

FACTORS = ("severity", "geo_scope", "cause", "country_id")
SPREADING = ("country_id", "severity", "geo_scope")
RIDGE = 5.0
PRIOR = 10.0
PRIOR_VARIANCE = 1.5
"""Variance of the logarithm of days within a kind, which few known durations are drawn towards."""
LEAST_LEVERAGE = 0.2
NO_MASS = 1e-9
PARAMETERS = ["days_log_mean", "days_log_sd"]
ALL = ""
"""Kind of the law of all restrictions: their mean, and their variance."""
DAYS_MEAN, DAYS_VARIANCE, _, HOURS_SD = LAWS = [law.value for law in words.DurationLaw]
NEEDED = {(ALL, DAYS_MEAN), (ALL, DAYS_VARIANCE), (words.HoursBasis.MEASURED.value, HOURS_SD)}


def read_laws(duration_laws: pd.DataFrame) -> pd.DataFrame:
    """Return LAWS by kind: ALL, `factor=value` (an effect, or a factor of the variance) or a basis.

    A basis of hours has its laws, exams also as `basis=country`; that of measured hours also holds
    for printed ones. Raises ParameterError where one of NEEDED is missing.
    """
    laws = duration_laws.set_index(["kind", "parameter"])["value"].astype("float64")
    if missing := sorted(NEEDED.difference(laws.index)):
        names = ", ".join(f"{law} {kind}".strip() for kind, law in missing)
        raise ParameterError(f"duration_laws lacks {names}; run audience-impact learn durations")
    return laws.unstack().reindex(columns=LAWS)


def fit_laws(restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return the laws, as `read_laws`, fitted to restrictions as `measure_hours` returns them."""
    days = fit_days(list_known_durations(restrictions))
    hours = fit_hours(list_known_hours(restrictions), compare_printed_hours(restrictions))
    return days.join(hours, how="outer")


def predict_days(laws: pd.DataFrame, restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return the PARAMETERS of each restriction from its FACTORS."""
    means, variances = laws[DAYS_MEAN], laws[DAYS_VARIANCE]
    mean, variance = (pd.Series(of[ALL], restrictions.index) for of in (means, variances))
    for factor in FACTORS:
        mean += name_values(restrictions, factor).map(means).fillna(0.0)
    for factor in SPREADING:
        variance *= name_values(restrictions, factor).map(variances).fillna(1.0)
    return pd.DataFrame({PARAMETERS[0]: mean, PARAMETERS[1]: np.sqrt(variance)})


def list_known_durations(restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return FACTORS, `restriction_id` and `days` of restrictions whose last day is on record."""
    last, first = restrictions["ended_on_end"], restrictions["first_day"]
    is_known = (
        (restrictions["end_status"] == words.EndStatus.ENDED.value)
        & (last - restrictions["ended_on_start"] == ONE_DAY)
        & (last > first)
        & (restrictions["severity"] != words.Severity.NONE.value)
    )
    about = restrictions[[*FACTORS, "restriction_id"]]
    return about.assign(days=(last - first).dt.days)[is_known]


def name_values(rows: pd.DataFrame, factor: str) -> "pd.Series[str]":
    """Return the kind of the law of each row for a factor."""
    return f"{factor}=" + rows[factor].astype("str")


def fit_days(ended: pd.DataFrame) -> pd.DataFrame:
    """Return the laws of `days` of `ended` by FACTORS; without any the median is a day."""
    if ended.empty:
        return pd.DataFrame({DAYS_MEAN: 0.0, DAYS_VARIANCE: PRIOR_VARIANCE}, [ALL])
    logs = np.log(ended["days"].to_numpy("float64"))
    values = [name_values(ended, name).astype("category") for name in FACTORS]
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
        names = name_values(ended, factor).reset_index(drop=True)
        grouped = ratio.groupby(names)
        spreads.append((grouped.sum() + PRIOR) / (grouped.size() + PRIOR))
        ratio = ratio / names.map(spreads[-1]).to_numpy()
    mean = {ALL: float(logs.mean()), **dict(zip(columns, effects.tolist(), strict=True))}
    variance = {ALL: float(base * ratio.mean()), **pd.concat(spreads)}
    return pd.DataFrame({DAYS_MEAN: pd.Series(mean), DAYS_VARIANCE: pd.Series(variance)})


def quantile_days(u: Array, parameters: pd.DataFrame, least: Array, most: Array) -> Array:
    """Return the durations in days, not rounded, that belong to uniforms `u`: (rows,) or (rows, D).

    `parameters` has PARAMETERS; `least` and `most` (rows,) are the whole days between which each
    lasted.
    """
    shape = (len(least), *(1,) * (np.ndim(u) - 1))
    columns = (*(parameters[name] for name in PARAMETERS), least, most)
    mean, sd, low, high = (np.asarray(column, "float64").reshape(shape) for column in columns)
    spread = np.where(sd > 0.0, sd, 1.0)
    limits = (np.maximum(low - 0.5, 0.5), np.maximum(high + 0.5, 0.5))
    below, above = (ndtr((np.log(limit) - mean) / spread) for limit in limits)
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


def predict_hours(laws: pd.DataFrame, restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return HOURS_PARAMETERS of each restriction; NaN without a basis, or if unfitted."""
    basis = restrictions["hours_basis"]
    is_measured, is_printed = basis == words.HoursBasis.MEASURED, basis == words.HoursBasis.PRINTED
    least, most = (
        np.log(restrictions[f"{end}_hours_a_day"].clip(lower=SHORTEST)) for end in ("least", "most")
    )
    of_country, of_basis = (
        laws[HOURS_PARAMETERS].reindex(kinds).set_axis(basis.index).astype("float64")
        for kinds in (basis + "=" + restrictions["country_id"], basis)
    )
    mean, deviation = (of_country[name].fillna(of_basis[name]) for name in HOURS_PARAMETERS)
    mean = mean.mask(is_printed, (least + most) / 2)
    mean = mean.mask(is_measured, np.log(restrictions["measured_hours"]))
    source = laws.at[words.HoursBasis.MEASURED.value, HOURS_SD]
    deviation = deviation.mask(is_printed, np.hypot((most - least) / (2 * Z95), source))
    return pd.DataFrame({HOURS_PARAMETERS[0]: mean, HOURS_PARAMETERS[1]: deviation})


def fit_hours(observed: pd.DataFrame, ratios: "pd.Series[float]") -> pd.DataFrame:
    """Return the laws of `observed` hours, by kind; `ratios` are printed over measured hours."""
    logs = np.log(observed["hours"].astype("float64"))
    weight = 1.0 / observed.groupby(["hours_basis", "country_id"])["hours"].transform("size")
    basis = observed["hours_basis"]
    countries = weight.groupby(basis).sum()
    mean = (logs * weight).groupby(basis).sum() / countries
    squares = ((logs - basis.map(mean).astype("float64")) ** 2 * weight).groupby(basis).sum()
    pooled = squares.sum() / max(float((countries - 1.0).sum()), 1.0)
    variance = (squares + PRIOR_COUNTRIES * pooled) / (countries - 1.0 + PRIOR_COUNTRIES)
    errors = (np.log(ratios.astype("float64")) ** 2).sum() + PRIOR_PAIRS * HOURS_PRIOR_VARIANCE
    exams = words.HoursBasis.EXAMS.value
    of_exams = (float(values.get(exams, 0.0)) for values in (mean, variance))
    is_exam = basis == exams
    of_countries = _fit_countries(logs[is_exam], observed["country_id"][is_exam], *of_exams)
    source = pd.Series({words.HoursBasis.MEASURED.value: errors / (len(ratios) + PRIOR_PAIRS)})
    of_countries.index = [f"{exams}={country}" for country in of_countries.index]
    of_source = _name_parameters(source * np.nan, source)
    return pd.concat([_name_parameters(mean, variance), of_countries, of_source])


def _fit_countries(
    logs: "pd.Series[float]", country: "pd.Series[str]", mean: float, variance: float
) -> pd.DataFrame:
    groups = logs.groupby(country)
    count, mean_of_country = groups.size(), groups.mean()
    squares = ((logs - groups.transform("mean")) ** 2).sum() + PRIOR_COUNTRIES * variance
    within = min(squares / (len(logs) - len(count) + PRIOR_COUNTRIES), variance)
    weight = count * (variance - within) / (count * (variance - within) + max(within, NO_VARIANCE))
    variances = within + (variance - within) * (1.0 - weight)
    return _name_parameters(mean + weight * (mean_of_country - mean), variances)


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


def measure_hours(restrictions: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Return restrictions with `country_id`, `hours_basis`, and the hours that outages measure."""
    of_country = linked[linked["evidence_scope"] == words.EvidenceScope.COUNTRY.value]
    total = of_country.groupby("restriction_id")["hours"].sum()
    length = (restrictions["ended_on_end"] - restrictions["first_day"]).dt.days
    days = count_days_in_force(restrictions, length.clip(lower=1))
    measured = restrictions["restriction_id"].map(total[total > 0.0]) / days
    is_order = ~restrictions["cause"].isin([words.Cause.ATTACK.value, words.Cause.DAMAGE.value])
    is_cut = restrictions["severity"].eq(words.Severity.NETWORK_UNAVAILABLE.value) & is_order
    is_cut &= restrictions["geo_scope"] == words.GeoScope.NATIONAL.value
    basis = restrictions["hours_basis"].fillna("").astype("str")
    basis = basis.mask((basis == "") & is_cut, words.HoursBasis.NETWORK_CUT.value)
    basis = basis.mask(_read_printed_hours(restrictions).notna(), words.HoursBasis.PRINTED.value)
    return restrictions.assign(
        measured_hours=measured,
        hours_basis=basis.mask(measured.notna(), words.HoursBasis.MEASURED.value),
        country_id=restrictions["area_ids"].str.split(";").str[0].map(country_of),
    )


def compare_printed_hours(restrictions: pd.DataFrame) -> "pd.Series[float]":
    """Return printed over measured hours of the restrictions that have both."""
    return (_read_printed_hours(restrictions) / restrictions["measured_hours"]).dropna()


def list_known_hours(restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return the known hours of a day in force, to which the distribution is fitted.

    They are measured, or printed by cuts for exams: other cuts print their hours if they are short.
    """
    is_exam = restrictions["occasion"].fillna("").str.casefold().str.contains(EXAMS)
    is_cut = restrictions["severity"] == words.Severity.NETWORK_UNAVAILABLE.value
    measured = restrictions["measured_hours"]
    kinds = {True: words.HoursBasis.EXAMS.value, False: words.HoursBasis.NETWORK_CUT.value}
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
