"""Fit the fact table `online_levels`: the share of residents online by country and year.

Definitions. A count is a published number of people online, or a share of people from an age on who
are. Counts of one measurer are one lineage: of several editions of a share the newest counts. A
count of another lineage is a copy, and left out, where its share is within RELAYED of one that the
ITU has for at most RELAY_YEARS before. Levels, moments and EDGE are as in denominators/online.py.

Method. Persons become shares of the residents of their year, shares of people from an age on shares
of all residents: the part that is old enough is on the line between the ages counted, and residents
below are online `children` times as often, which is learned as well. The levels of all countries
have a Gaussian state-space model, written as one joint normal distribution of the counts, which
gives what a Kalman smoother gives:

    level[c, y] = world[y] + subregion[c] (1, y) + own[c, y]
    own[c, y]   = own[c, y - 1] + growth[c, y] + e,    growth[c, y] = damping growth[c, y - 1] + e'
    count       = level + bias of the lineage + error of the lineage in the country + noise

The growth of the world changes from year to year. Each lineage except the ITU has a bias, learned
over countries; in a country each lineage has an error that lasts some years (an Ornstein-Uhlenbeck
process), as the ITU's does until it rewrites its past. The variances have the maximum posterior
density, with wide lognormal priors. Own changes and noise of a country have a scale of their own,
drawn towards one by an inverse gamma prior, so that countries whose counts jump have wider
intervals. As it is known from few counts, the deviation is the one whose normal 95 % quantile is
that of Student's t, of FREEDOM and as many degrees as there are counts.

Assumptions. Errors of different lineages are independent. The ITU has no bias over countries: the
level is what it would print of the year without its error in the country. Publishers who copy take
the ITU's shares, not those of each other. Residents by age are those of the year of their count.

Known drawbacks. The ITU prints shares of surveys of people from ten or fifteen years on as shares
of all residents, and learned factors cannot separate this from children who are online. A survey
that corrects a series after years is outside of the interval more often than in one of ten cases.
Where the share of a country hardly changes, a count of its own looks like a copy, and is lost.
Residents by age were counted about 2020.

Citation. J. Durbin, S. J. Koopman, Time Series Analysis by State Space Methods (2012). E. S.
Gardner, E. McKenzie, Forecasting trends in time series (1985), Management Science 31. Patterns of
shared error as in L. Alkema, J. New, Global estimation of child mortality using a Bayesian B-spline
bias-reduction model (2014), Annals of Applied Statistics 8.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, ndtr, stdtrit

from audience_impact.denominators.online import (
    EDGE,
    MIDDLES,
    VALUES,
    YEARS,
    compute_levels,
    compute_moments,
    weigh_years,
)
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Z95
from audience_impact.fitting.tables import digest_frames
from audience_impact.frames import Array
from audience_impact.periods import period_middle
from audience_impact.populations import EVERYONE, LEAST_AGE, ONLINE, are_regions
from audience_impact.vocabulary import ObsStatus, ParameterBasis

ITU = "itu-internet-use"
RELAYED = 0.003
RELAY_YEARS = 5
PARAMETERS = {
    "children": 1.5,
    "level": -0.3,
    "walk": -3.0,
    "growth": -2.3,
    "damping": -0.5,
    "first_growth": -3.0,
    "subregion_level": -0.2,
    "subregion_growth": -3.4,
    "world_growth": -3.3,
    "itu_error": -1.4,
    "itu_noise": -2.8,
    "count_error": -1.6,
    "error_years": 1.6,
    "survey_error": -1.1,
    "noise": -2.1,
    "bias": -1.6,
}
"""Parameters and the centres of their priors: logs of standard deviations, log odds of `children`
and `damping`, the log of the years after which an error that lasts is correlated by 1/e."""
CENTRES = np.array(list(PARAMETERS.values()))
PRIOR_DEVIATION, LIMITS = 2.0, (-7.0, 3.0)
FREEDOM = 6.0
"""Degrees of freedom of the inverse gamma prior of the variance of a country."""
SCALES = np.exp(np.linspace(-3.0, 3.0, 25))
ROUNDS, STEPS = 2, 30
LEAST_COUNTRIES = 20
DECIMALS = 4
LEVEL, NEW = -1, -2
"""Lineages of a prediction: the level itself, and what a lineage without a count would print."""
NO_COUNT = "no count: as in other countries of the subregion"
COLUMNS = ["area_id", "period", *VALUES, "basis", "data_sha256", "note"]


def list_counts(tables: Tables) -> pd.DataFrame:
    """Return the counts that are fitted to, ordered by country and moment.

    Columns: `area_id`, `subregion`, `moment` (a decimal year), `share`, `older_share` (the part of
    the residents that is old enough to be counted), `measurement_series_id`, `is_all_ages`.
    """
    bases = tables["bases"].assign(year=tables["bases"]["period_start"].dt.year)
    is_everyone = bases["population_base"].eq(EVERYONE) & bases["period"].str.len().eq(4)
    residents = bases[is_everyone].groupby(["area_id", "year"])["persons"].median()
    people = residents.reindex(pd.MultiIndex.from_frame(bases[["area_id", "year"]])).to_numpy()
    bases = bases.assign(share=bases["persons"] / people, least_age=0.0, edition="")
    is_count = bases["population_base"].eq(ONLINE) & bases["obs_status"].ne(ObsStatus.FORECAST)
    rows = pd.concat([bases[is_count], tables["online_shares"]], join="inner")
    rows["moment"] = compute_moments(period_middle(rows["period_start"], rows["period_end"]))
    is_country = ~are_regions(rows["area_id"]) & rows["area_id"].str.len().eq(2)
    rows = rows[is_country & rows["share"].gt(0.0)]
    rows = rows.assign(share=rows["share"].clip(upper=1.0))
    key = ["area_id", "measurement_series_id", "period", "least_age"]
    rows = rows.sort_values([*key, "edition", "share"]).drop_duplicates(key, keep="last")
    itu = rows.loc[rows["measurement_series_id"].eq(ITU), ["area_id", "moment", "share"]]
    relays = rows[rows["measurement_series_id"].ne(ITU)].reset_index(names="row")
    pairs = relays.merge(itu, on="area_id", suffixes=("", "_itu"))
    is_copy = (pairs["moment"] - pairs["moment_itu"]).between(0.0, RELAY_YEARS)
    is_copy &= (pairs["share"] - pairs["share_itu"]).abs().lt(RELAYED) & pairs["least_age"].eq(0.0)
    rows = rows.drop(index=pairs.loc[is_copy, "row"])
    is_age = bases["population_base"].str.startswith("age") & ~are_regions(bases["area_id"])
    ages = bases.assign(age=bases["population_base"].map(LEAST_AGE))[is_age].dropna(subset=["age"])
    older = ages.pivot_table(index="area_id", columns="age", values="share", aggfunc="median")
    by_age = older.reindex(rows["area_id"]).fillna(older.median()).to_numpy("float64")
    places = np.array([0.0, *older.columns])
    parts_by_age = zip(rows["least_age"].to_numpy("float64"), by_age, strict=True)
    return rows.assign(
        subregion=rows["area_id"].map(tables["areas"].set_index("area_id")["parent_id"]),
        older_share=[np.interp(age, places, [1.0, *parts]) for age, parts in parts_by_age],
        is_all_ages=rows["least_age"].eq(0.0),
    ).sort_values(["area_id", "moment", "measurement_series_id", "share"], ignore_index=True)


@dataclass(frozen=True)
class Counts:
    """Counts as arrays (countries, counts), padded where a country has fewer."""

    areas: pd.Index  # the countries
    subregion: NDArray[np.int64]  # number of the subregion of each country
    series: list[str]  # the lineages; `lineage` numbers them
    is_count: NDArray[np.bool_]
    moment: Array
    share: Array
    older_share: Array
    lineage: NDArray[np.int64]
    is_all_ages: NDArray[np.bool_]
    weights: Array  # the weight of each year in each count (countries, counts, years)

    @classmethod
    def from_rows(cls, rows: pd.DataFrame, subregions: pd.Index) -> "Counts":
        """Return counts ordered by country; the first lineage is the ITU's."""
        series = [ITU, *sorted(set(rows["measurement_series_id"]) - {ITU})]
        area, areas = pd.factorize(rows["area_id"])
        place = rows.groupby("area_id").cumcount().to_numpy()

        def spread(values: pd.Series, blank: float) -> Array:
            table = np.full((len(areas), int(place.max()) + 1), blank)
            table[area, place] = values.to_numpy("float64")
            return table

        numbers = rows["measurement_series_id"].map({name: at for at, name in enumerate(series)})
        is_count = spread(pd.Series(1.0, rows.index), 0.0) > 0.0
        moment, lineage = spread(rows["moment"], MIDDLES[0]), spread(numbers, 0.0).astype("int64")
        return cls(
            areas=pd.Index(areas),
            subregion=subregions.get_indexer(rows.drop_duplicates("area_id")["subregion"]),
            series=series,
            is_count=is_count,
            moment=moment,
            share=spread(rows["share"], 0.5),
            older_share=spread(rows["older_share"], 1.0),
            lineage=lineage,
            is_all_ages=spread(rows["is_all_ages"], 1.0) > 0.0,
            weights=weigh_years(moment) * is_count[:, :, None],
        )


class Paths(NamedTuple):
    """Covariances (years, years) of paths, and loadings (years, n) on what countries share."""

    constant: float
    changing: Array
    world: Array
    subregion: Array


def find_errors(
    values: dict[str, float], lineage: NDArray[np.int64], is_all_ages: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Return the deviations of counts: lasting error and noise; both are zero for LEVEL."""
    lasting = np.where(is_all_ages, values["count_error"], values["survey_error"])
    lasting = np.exp(np.where(lineage == 0, values["itu_error"], lasting))
    noise = np.exp(np.where(lineage == 0, values["itu_noise"], values["noise"]))
    bias = np.where(lineage == NEW, np.exp(values["bias"]), 0.0)
    is_printed = lineage != LEVEL
    return np.hypot(lasting, bias) * is_printed, noise * is_printed


class Solved(NamedTuple):
    """The joint normal distribution of the counts and of what countries share."""

    log_density: float  # of the shares
    shared: Array  # (n,) mean of world, biases and subregions, in standard deviations
    precision: Array  # (n, n) of them
    root: Array  # (countries, counts, counts) Cholesky roots of the covariances of the counts
    residual: Array  # (countries, counts) levels less what is shared, over the root
    loadings: Array  # (countries, counts, n) of the counts, over the root
    fixed: Array  # the part of the covariance that does not have the scale of the country
    scaled: Array  # the part that has


@dataclass(frozen=True)
class OnlineModel:
    """The model of the counts: logs of its parameters, and the scale of each country."""

    counts: Counts
    subregions: pd.Index
    parameters: Array
    scales: Array

    @classmethod
    def from_rows(
        cls, rows: pd.DataFrame, subregions: pd.Index | None = None, parameters: Array = CENTRES
    ) -> "OnlineModel":
        """Return the model of counts, with scales of one; by default of their `subregions`."""
        if subregions is None:
            subregions = pd.Index(sorted(set(rows["subregion"])))
        counts = Counts.from_rows(rows, subregions)
        return cls(counts, subregions, parameters, np.ones(len(counts.areas)))

    @cached_property
    def values(self) -> dict[str, float]:
        """Return the parameters by name."""
        return dict(zip(PARAMETERS, self.parameters.tolist(), strict=True))

    @cached_property
    def paths(self) -> Paths:
        """Return the distribution of the paths of levels before any count."""
        count = len(YEARS)
        year = np.arange(count)
        total = np.tril(np.ones((count, count)))
        total[:, 0] = 0.0
        lag = year[:, None] - year[None, :]
        damping = expit(self.values["damping"])
        damped = np.where((lag >= 0) & (year[None, :] > 0), damping ** np.maximum(lag, 0), 0.0)
        grown = total @ damping**year
        variance = {name: np.exp(2.0 * value) for name, value in self.values.items()}
        changes = variance["growth"] * damped @ damped.T + variance["walk"] * np.eye(count)
        path = total @ changes @ total.T + variance["first_growth"] * np.outer(grown, grown)
        years_later = np.maximum(year[:, None] - year[None, 1:-1], 0)
        later = years_later * np.exp(self.values["world_growth"])
        world = np.column_stack([np.full(count, 3.0), 0.3 * year, later])
        centred = year - (count - 1) / 2.0
        scale = [np.exp(self.values[name]) for name in ("subregion_level", "subregion_growth")]
        subregion = np.column_stack([np.ones(count), centred]) * scale
        return Paths(float(variance["level"]), path, world, subregion)

    def correlate_errors(self, first: Array, second: Array) -> Array:
        """Return the correlation of the lasting errors of a lineage at two moments (any shape)."""
        return np.asarray(np.exp(-np.abs(first - second) / np.exp(self.values["error_years"])))

    def adult_factor(self, older_share: Array) -> Array:
        """Return the share of all residents online over the share of those old enough."""
        return np.asarray(older_share + expit(self.values["children"]) * (1.0 - older_share))

    def _covariances(self) -> tuple[Array, Array]:
        """Return the fixed and the scaled part (countries, counts, counts) of the covariance."""
        counts = self.counts
        error, noise = find_errors(self.values, counts.lineage, counts.is_all_ages)
        both_are_counts = counts.is_count[:, :, None] & counts.is_count[:, None, :]
        is_same = both_are_counts & (counts.lineage[:, :, None] == counts.lineage[:, None, :])
        lasting = is_same * error[:, :, None] * error[:, None, :]
        lasting = lasting * self.correlate_errors(counts.moment[:, :, None], counts.moment[:, None])
        fixed = self.paths.constant * both_are_counts + lasting
        scaled = counts.weights @ self.paths.changing @ counts.weights.transpose(0, 2, 1)
        at = np.arange(counts.is_count.shape[1])
        fixed[:, at, at] += np.where(counts.is_count, 1e-6, 1.0)
        scaled[:, at, at] += noise**2 * counts.is_count
        return fixed, scaled

    def _loadings(
        self, weights: Array, subregion: NDArray[np.int64], lineage: NDArray[np.int64]
    ) -> Array:
        """Return loadings (countries, moments, n); `lineage` is 0 where there is no bias."""
        biases = np.exp(self.values["bias"]) * np.eye(len(self.counts.series))[:, 1:]
        parts = np.zeros((*weights.shape[:2], 2 * len(self.subregions)))
        shared = weights @ self.paths.subregion
        at = np.arange(len(weights))
        for name in range(2):
            parts[at, :, 2 * subregion + name] = shared[:, :, name]
        return np.concatenate([weights @ self.paths.world, biases[lineage], parts], axis=2)

    @cached_property
    def solved(self) -> Solved:
        """Return the distribution of what countries share, given the counts."""
        counts = self.counts
        fixed, scaled = self._covariances()
        factor = self.adult_factor(counts.older_share)
        levels = compute_levels(counts.share * factor)
        inside = expit(levels)
        slope = np.log(factor) - np.log(inside * (1.0 - inside) * (1.0 + 2.0 * EDGE))
        levels = np.where(counts.is_count, levels, 0.0)
        root = np.linalg.cholesky(fixed + self.scales[:, None, None] * scaled)
        lineage = counts.lineage * counts.is_count
        loadings = self._loadings(counts.weights, counts.subregion, lineage)
        both = np.linalg.solve(root, np.concatenate([levels[:, :, None], loadings], axis=2))
        level, loading = both[:, :, 0], both[:, :, 1:]
        flat = loading.reshape(-1, loading.shape[2])
        precision = np.eye(loading.shape[2]) + flat.T @ flat
        towards = flat.T @ level.ravel()
        shared = np.linalg.solve(precision, towards)
        square = float((level**2).sum() - towards @ shared)
        volume = 2.0 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum()
        density = float((slope * counts.is_count).sum()) - 0.5 * (
            square + volume + np.linalg.slogdet(precision)[1]
        )
        residual = level - loading @ shared
        return Solved(density, shared, precision, root, residual, loading, fixed, scaled)

    def widen(self, areas: NDArray[np.int64]) -> Array:
        """Return the factor (areas,) of the deviation of countries; -1 is one without counts."""
        number = np.where(areas >= 0, self.counts.is_count.sum(axis=1)[areas], 0)
        return np.asarray(stdtrit(FREEDOM + number, ndtr(Z95)) / Z95)

    def fit_parameters(self) -> "OnlineModel":
        """Return the model with the parameters of the highest posterior density, and scales."""
        model = self

        def compute_penalty(parameters: Array) -> float:
            prior = 0.5 * (((parameters - CENTRES) / PRIOR_DEVIATION) ** 2).sum()
            return float(prior - replace(model, parameters=parameters).solved.log_density)

        for _ in range(ROUNDS):
            best = minimize(
                compute_penalty,
                model.parameters,
                method="L-BFGS-B",
                bounds=[LIMITS] * len(PARAMETERS),
                options={"maxiter": STEPS},
            )
            model = replace(model, parameters=best.x).fit_scales()
        return model

    def fit_scales(self) -> "OnlineModel":
        """Return the model with the mean log scale of each country, given its counts."""
        model = self
        for _ in range(ROUNDS):
            solved = model.solved
            residual = solved.root @ solved.residual[:, :, None]
            fits = np.empty((len(SCALES), len(residual)))  # log posterior densities
            for fit, scale in zip(fits, SCALES, strict=True):
                root = np.linalg.cholesky(solved.fixed + scale * solved.scaled)
                standard = np.linalg.solve(root, residual)[:, :, 0]
                volume = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
                prior = 0.5 * FREEDOM * (np.log(scale) + 1.0 / scale)
                fit[:] = -0.5 * (standard**2).sum(axis=1) - volume - prior
            chances = np.exp(fits - fits.max(axis=0))
            logs = np.log(SCALES) @ (chances / chances.sum(axis=0))
            model = replace(model, scales=np.exp(logs))
        return model

    def predict(
        self,
        areas: "pd.Series[str] | pd.Index",
        subregion: NDArray[np.int64],
        lineage: NDArray[np.int64],
        is_all_ages: NDArray[np.bool_],
    ) -> tuple[Array, Array, Array]:
        """Return the levels of areas by year, or what a lineage would print without its noise.

        Mean (areas, years), covariance, and its part that is not known of the world. `lineage` are
        numbers, LEVEL or NEW. Areas without a count are those of their subregion.
        """
        counts, paths, solved = self.counts, self.paths, self.solved
        at = counts.areas.get_indexer(areas)
        scale = np.where(at >= 0, self.scales[at], 1.0)[:, None, None]
        lasting, _ = find_errors(self.values, lineage, is_all_ages)
        lasting = lasting[:, None, None]
        is_same = (counts.lineage[at] == lineage[:, None]) & counts.is_count[at]
        path = paths.constant + scale * paths.changing
        same_error = self.correlate_errors(MIDDLES[:, None], counts.moment[at][:, None, :])
        cross = path @ counts.weights[at].transpose(0, 2, 1)
        cross = cross + lasting**2 * is_same[:, None, :] * same_error
        cross = cross * (at >= 0)[:, None, None]
        gain = np.linalg.solve(solved.root[at], cross.transpose(0, 2, 1)).transpose(0, 2, 1)
        biased = np.broadcast_to(np.maximum(lineage, 0)[:, None], (len(at), len(YEARS)))
        years = np.broadcast_to(np.eye(len(YEARS)), path.shape)
        loadings = self._loadings(years, subregion, biased)
        rest = loadings - gain @ solved.loadings[at]
        mean = loadings @ solved.shared + (gain @ solved.residual[at][:, :, None])[:, :, 0]
        unknown, world = np.linalg.inv(solved.precision), slice(0, paths.world.shape[1])
        return (
            mean,
            path
            + lasting**2 * self.correlate_errors(MIDDLES[:, None], MIDDLES)
            - gain @ gain.transpose(0, 2, 1)
            + rest @ unknown @ rest.transpose(0, 2, 1),
            rest[:, :, world] @ unknown[world, world] @ rest[:, :, world].transpose(0, 2, 1),
        )


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `online_levels`; without rows where there are too few countries."""
    rows = list_counts(tables)
    if rows["area_id"].nunique() < LEAST_COUNTRIES:
        return pd.DataFrame(columns=COLUMNS)
    model = OnlineModel.from_rows(rows).fit_parameters()
    areas = tables["areas"]
    is_country = areas["area_id"].str.fullmatch("[A-Z]{2}")
    is_country &= areas["parent_id"].isin(model.subregions)
    countries = areas[is_country].set_index("area_id")["parent_id"].sort_index()
    table = make_table(model, countries, describe_lineages(rows))
    return table.assign(data_sha256=_digest_counts(rows))[COLUMNS]


def make_table(
    model: OnlineModel, countries: "pd.Series[str]", lineages: "pd.Series[str]"
) -> pd.DataFrame:
    """Return the levels of countries, given with their subregions, as rows of `online_levels`."""
    areas, count = countries.index, len(countries)
    subregion = model.subregions.get_indexer(countries)
    is_all_ages = np.ones(count, dtype="bool")
    mean, covariance, common = model.predict(areas, subregion, np.full(count, LEVEL), is_all_ages)
    variance, shared = (np.diagonal(part, axis1=1, axis2=2) for part in (covariance, common))
    deviation = np.sqrt(variance)
    wider = model.widen(model.counts.areas.get_indexer(areas))[:, None]
    before = np.diagonal(covariance, 1, axis1=1, axis2=2)
    correlation = np.zeros_like(deviation)
    correlation[:, 1:] = before / (deviation[:, 1:] * deviation[:, :-1])
    names = areas.to_series().map(lineages).fillna(NO_COUNT).to_numpy()
    is_first = np.tile(YEARS[0] == YEARS, count)
    values = (mean, wider * deviation, correlation.clip(0.0, 1.0), shared / variance)
    return pd.DataFrame(
        {
            "area_id": np.repeat(areas, len(YEARS)),
            "period": np.tile(YEARS.astype("str"), count),
            **{name: value.ravel() for name, value in zip(VALUES, values, strict=True)},
            "basis": ParameterBasis.ESTIMATED.value,
            "note": np.where(is_first, np.repeat(names, len(YEARS)), ""),
        }
    )


def describe_lineages(rows: pd.DataFrame) -> "pd.Series[str]":
    """Return the lineages of the counts of each country, with their periods, as text."""
    ordered = rows.sort_values(["area_id", "measurement_series_id", "moment"])
    periods = ordered.groupby(["area_id", "measurement_series_id"])["period"].agg(["first", "last"])
    is_one = periods["first"] == periods["last"]
    span = periods["first"].where(is_one, periods["first"] + " to " + periods["last"])
    text = periods.index.get_level_values(1) + " " + span
    return text.groupby(level=0).agg("; ".join)


def is_current(tables: Tables) -> bool:
    """Return True if the levels were fitted to these counts."""
    return set(tables["online_levels"]["data_sha256"]) == {_digest_counts(list_counts(tables))}


def _digest_counts(rows: pd.DataFrame) -> str:
    numbers = ["moment", "share", "older_share"]
    names = ["area_id", "subregion", "measurement_series_id", "is_all_ages", *numbers]
    return digest_frames(rows[names].round(dict.fromkeys(numbers, DECIMALS)))
