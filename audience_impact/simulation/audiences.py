"""Draws in persons of audiences, of the users of a feature, and of those who keep access.

Method. Three independent draws: of the figure, by audiences/distributions.py; of its error
(rounding, pages, measurers), a normal with the half widths of figure_errors.py added in squares;
and of the growth since the figure, a heavy-tailed distribution through its quantiles, with the same
draw for all restrictions of a service in a country. The last two are in log odds of the share of
the universe, so that no audience grows beyond the people online. The internet users of a network
shutdown are equal to their base and have the same draws. An imputed audience is its share, drawn in
log odds through its quantiles, times the drawn base, and at least the 99 % end of a figure that is
a lower limit. A part COMMON of the variance is shared by all services of a country, because they
depend on the same surveys and on the same unknown properties of the country. Where figures say less
of their audience than figures of others, both are combined (imputation/audiences.py) and drawn
alike, within the 99 % ends of the figures. No audience of a month is smaller than a figure of a day
just before it.

Feature users are a share times the people of its own population, drawn as bases are. For the
estimate they are one more service of the copula: |E and C| = C + |E| - |E or C|, E the people
exposed and C the feature users. Those without access are feature users less circumventors.

Assumptions. Those of figure_errors.py. Each of the assumptions named in a row widens its draws by
ASSUMED_SPREAD in log odds. A share without a stated error has that of its sample
(audiences/distributions.py). Shares without a survey are fitted to other countries
(fitted/shares.py). A self-selected poll is drawn with SELF_SELECTED_SPREAD in log odds.

Known drawbacks. Those of figure_errors.py. The two spreads are conventions, not measurements: the
facts contain too few repeated shares to estimate them.

Citation. Those of figure_errors.py; rules of this project, docs/decisions.md.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr, ndtri, stdtrit

from audience_impact import figure_errors
from audience_impact.audiences.distributions import (
    DISTRIBUTION_COLUMNS,
    FIXED,
    FLOORS,
    PERT,
    POOL,
    SPLIT,
)
from audience_impact.audiences.inputs import OWN_LAW
from audience_impact.audiences.scope import AUDIENCE, COUNTRY
from audience_impact.denominators.denominators import DISTRIBUTION as BASE_LAW
from audience_impact.denominators.online import PATH, YEARS, measure_deviation, weigh_years
from audience_impact.figure_errors import GROWTH, MOST_SHARE, Z95
from audience_impact.fitted import shares as fitted_shares
from audience_impact.fitted.shares import PARAMETERS
from audience_impact.frames import Array
from audience_impact.imputation import audiences as imputation
from audience_impact.imputation.audiences import COMBINED, COMMON, IMPUTED
from audience_impact.simulation.sampler import (
    EndSampler,
    Sampler,
    draw_pert,
    draw_split_normal,
    stratify_uniforms,
)
from audience_impact.vocabulary import WHOLE_INTERNET, CircumventionBasis

Z995 = float(ndtri(0.995))
BASE = "base"
"""Shape of an audience that is equal to its base and has the draws of the base."""
SHARED = (IMPUTED, COMBINED)
"""Shapes of audiences that are drawn as a share of the base."""
DAILY_SHARE = [f"share_{name}" for name in PARAMETERS]
DRAWN_BY = [
    *("country_id", "platform_id", "audience_key", *DISTRIBUTION_COLUMNS, *figure_errors.COLUMNS),
    *("audience_base_id", *imputation.ENDS, *FLOORS, *OWN_LAW),
]


def draw_bases(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Return draws (rows, D) of bases in persons from their quantiles, at most their ceiling.

    The path of people online is common to all counts of a country. Equal rows are drawn once.
    """
    names = ["country_id", "base_id", *BASE_LAW]
    return sampler.draw_distinct(table, names, lambda rows: _draw_different_bases(rows, sampler))


def _draw_different_bases(table: pd.DataFrame, sampler: Sampler) -> Array:
    is_random = not isinstance(sampler, EndSampler)  # the end of a path is that of each day
    has_path = table["online_moment"].notna().to_numpy() & is_random
    u = np.empty((len(table), sampler.count))
    u[~has_path] = sampler.draw_rows("base|" + table["base_id"][~has_path])
    places = np.flatnonzero(has_path)
    for country, rows in table[has_path].groupby("country_id").indices.items():
        u[places[rows]] = ndtr(_draw_path(str(country), table.iloc[places[rows]], sampler))
    u = stratify_uniforms(u)
    middle, low, high, ceiling = (table[name].to_numpy("float64")[:, None] for name in BASE_LAW[:4])
    low, high = (np.where(np.isnan(end), middle, end) for end in (low, high))
    universe = figure_errors.widen_universe(np.fmax(middle, high), ceiling)
    centre, *ends = (figure_errors.log_odds(persons, universe) for persons in (middle, low, high))
    by = figure_errors.draw_through_quantiles(
        u, ends[0] - centre, np.zeros_like(centre), ends[1] - centre
    )
    return np.asarray(np.fmin(figure_errors.move_persons(middle, universe, by), ceiling))


def _draw_path(country: str, rows: pd.DataFrame, sampler: Sampler) -> Array:
    """Return standard normals (rows, D) of the path of a country at the moments of its rows."""
    moment, correlation, common, world = (rows[name].to_numpy("float64")[:, None] for name in PATH)
    weights = weigh_years(moment[:, 0])
    paths = [
        weights @ _draw_years(name, lag[0, 0], sampler) / measure_deviation(weights, lag)[:, None]
        for name, lag in (("online|" + country, correlation), ("online", world))
    ]
    return np.asarray(np.sqrt(1.0 - common) * paths[0] + np.sqrt(common) * paths[1])


def _draw_years(name: str, correlation: float, sampler: Sampler) -> Array:
    """Return standard normals (YEARS, D), each correlated with the year before."""
    names = pd.Series([f"{name}|{year}" for year in YEARS])

    def draw(places: list[int]) -> Array:
        drawn = sampler.draw_normals(names)
        for year in range(1, len(YEARS)):
            new = np.sqrt(1.0 - correlation**2) * drawn[year]
            drawn[year] = correlation * drawn[year - 1] + new
        return np.asarray(drawn[places])

    return sampler.draw_once([(key, correlation) for key in names], draw)


def prepare_audiences(audiences: pd.DataFrame, parameters: pd.DataFrame) -> pd.DataFrame:
    """Return the distribution of each audience (of each phase) in its order, numbered by `row`."""
    least, most = imputation.ENDS
    rows = audiences.reset_index(drop=True).reset_index(names="row")
    joined = rows.merge(parameters, on=AUDIENCE, how="left", validate="m:1")
    network = joined["platform_id"] == WHOLE_INTERNET
    online = joined["audience_expected_persons"].notna().map({True: BASE, False: ""})
    shape = joined["shape"].where(joined["mode"].notna(), "").fillna("")
    key = joined["audience_key"].where(~network, joined["audience_base_id"])
    is_imputed, is_combined = shape.isin(SHARED), shape == COMBINED
    for own_name, base in zip(OWN_LAW, BASE_LAW, strict=True):
        joined[own_name] = joined[own_name].where(~is_imputed, joined[base])
    return joined.assign(
        audience_base_id=joined["audience_base_id"].where(~is_imputed, joined["base_id"]),
        least_persons=joined[least].fillna(joined["low_persons"]).fillna(0.0),
        most_persons=joined[most].where(is_combined),
        audience_key=key.fillna(""),
        shape=shape.where(~network, online),
    ).set_index("row", drop=False)


def read_columns(rows: pd.DataFrame, names: Iterable[str]) -> list[Array]:
    """Return columns of numbers (rows, 1), to be combined with draws."""
    return [rows[name].to_numpy("float64")[:, None] for name in names]


def draw_daily_shares(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Return the share (rows, D) that comes on a day, one for a country and service; else 1."""

    def draw(distinct: pd.DataFrame) -> Array:
        keys = "daily|" + distinct["country_id"] + "|" + distinct["platform_id"]
        u = sampler.draw_rows(keys)
        mean, spread, freedom = read_columns(distinct, DAILY_SHARE)
        share = expit(mean + spread * stdtrit(freedom, u))
        return np.where(np.isnan(mean), 1.0, share)

    return sampler.draw_distinct(table, ["country_id", "platform_id", *DAILY_SHARE], draw)


def draw_audiences(table: pd.DataFrame, sampler: Sampler, tail_degrees: float) -> Array:
    """Return draws (rows, D) of audiences in persons; NaN for rows of a blank shape."""

    def draw(rows: pd.DataFrame) -> Array:
        drawn = np.empty((len(rows), sampler.count))
        is_base = (rows["shape"] == BASE).to_numpy()
        drawn[~is_base] = _draw_services(rows[~is_base], sampler, tail_degrees)
        drawn[is_base] = _draw_online(rows[is_base], sampler)
        return drawn

    named = table.assign(tail_degrees=tail_degrees)
    return sampler.draw_distinct(named, [*DRAWN_BY, "tail_degrees"], draw)


STATED = ("low", "mode", "high", "coverage")
"""Columns of the distribution that a source states."""
COUNTED = (FIXED, PERT, SPLIT, POOL)
"""Shapes of the audiences that are drawn from figures of the same audience."""
PRINTED, WITH_ERROR, GROWN = "drawn_printed", "drawn_with_error", "drawn_grown"


def draw_by_step(table: pd.DataFrame, sampler: Sampler, tail_degrees: float) -> dict[str, Array]:
    """Return draws (rows, D) after each step; the earlier ones are NaN for rows not COUNTED."""
    counted = table["shape"].isin(COUNTED).to_numpy()
    printed, with_error = np.full((2, len(table), sampler.count), np.nan)
    rows = table[counted]
    printed[counted] = _draw_stated(rows, _draw_uniforms(rows, sampler))
    off, _ = _draw_moves(rows, sampler, tail_degrees)
    with_error[counted] = figure_errors.move_persons(printed[counted], _widen_universe(rows), off)
    return {
        PRINTED: printed,
        WITH_ERROR: with_error,
        GROWN: draw_audiences(table, sampler, tail_degrees),
    }


def _draw_uniforms(table: pd.DataFrame, sampler: Sampler) -> Array:
    return sampler.draw_rows("audience|" + table["audience_key"])


def _draw_stated(
    rows: pd.DataFrame, u: Array, floor: float = -np.inf, ceiling: float = np.inf
) -> Array:
    """Return quantities (rows, D), none below zero, as sources state them; NaN if by none."""
    low, mode, high, coverage = read_columns(rows, STATED)
    shape = rows["shape"].to_numpy(dtype=object)
    drawn = np.where((shape == FIXED)[:, None], mode, np.full_like(u, np.nan))
    ranged, normal = shape == PERT, (shape == SPLIT) | (shape == POOL)
    drawn[ranged] = draw_pert(u[ranged], low[ranged], mode[ranged], high[ranged])
    ends = mode[normal], low[normal], high[normal]
    of_normal = draw_split_normal(u[normal], *ends, coverage[normal], floor, ceiling)
    drawn[normal] = np.maximum(of_normal, 0.0)
    return drawn


def _draw_services(table: pd.DataFrame, sampler: Sampler, tail_degrees: float) -> Array:
    guessed = table["shape"].isin(SHARED).to_numpy()
    counted, drawn = table[~guessed], np.empty((len(table), sampler.count))
    off, grown = _draw_moves(counted, sampler, tail_degrees)
    stated = _draw_stated(counted, _draw_uniforms(counted, sampler))
    drawn[~guessed] = figure_errors.move_persons(stated, _widen_universe(counted), off + grown)
    drawn[guessed] = _draw_imputed(table[guessed], sampler)
    # None is smaller than that of a day just before, with the error of its figure.
    floor, least = read_columns(table, FLOORS)
    z = sampler.draw_normals("floor|" + table["audience_key"])
    floors = np.maximum(floor * (least / floor) ** (z / Z995), least)
    return np.asarray(np.maximum(drawn, np.nan_to_num(floors)))


def _draw_online(table: pd.DataFrame, sampler: Sampler) -> Array:
    names = dict(zip(OWN_LAW, BASE_LAW, strict=True))
    rows = table[["country_id", "audience_base_id", *OWN_LAW]]
    return draw_bases(rows.rename(columns={"audience_base_id": "base_id", **names}), sampler)


def _draw_imputed(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Return draws (rows, D) of imputed audiences: shares of the base, between their ENDS."""
    country = sampler.draw_normals("imputed|" + table["country_id"])
    z = np.sqrt(COMMON) * country + np.sqrt(1.0 - COMMON) * ndtri(_draw_uniforms(table, sampler))
    q05, q50, q95 = map(logit, read_columns(table, STATED[:3]))
    share = expit(figure_errors.draw_through_quantiles(ndtr(z), q05, q50, q95))
    least, most = read_columns(table, imputation.ENDS)
    return np.asarray(np.fmin(np.fmax(share * _draw_online(table, sampler), least), most))


def find_ends(table: pd.DataFrame, tail_degrees: float) -> Array:
    """Return the 99 % ends and the middle (rows, ENDS) of audiences in persons.

    Limits serve for figures that are limits or combined. Distances of errors add up in squares.
    """
    ends = EndSampler()
    counted = table["shape"].to_numpy(dtype=object) != BASE
    persons = np.empty((len(table), ends.count))
    persons[~counted] = _draw_online(table[~counted], ends)
    rows = table[counted]
    is_limit, least = ~rows["shape"].isin(COUNTED), rows["low_persons"]
    most = rows["high_persons"].fillna(least)
    limits = {"low": least, "mode": least, "high": most}
    rows = rows.assign(**{name: rows[name].mask(is_limit, end) for name, end in limits.items()})
    shape = rows["shape"].mask(is_limit, np.where(most > least, PERT, FIXED))
    stated = _draw_stated(rows.assign(shape=shape), _draw_uniforms(rows, ends))
    universe = _widen_universe(rows)
    parts = [figure_errors.log_odds(np.fmax(stated, 1.0), universe)]
    parts += _draw_moves(rows, ends, tail_degrees)
    distances = np.sqrt(np.sum([(part - part[:, [1]]) ** 2 for part in parts], axis=0))
    by = sum(part[:, [1]] for part in parts[1:]) + distances * np.array([-1.0, 0.0, 1.0])
    persons[counted] = figure_errors.move_persons(stated[:, [1]], universe, by)
    return persons


def _draw_moves(table: pd.DataFrame, sampler: Sampler, tail_degrees: float) -> tuple[Array, Array]:
    """Return draws (rows, D) of the errors of figures and of the growth since, in log odds."""
    z = sampler.draw_normals("error|" + table["audience_key"])
    off = figure_errors.error_half_width(table)[:, None] / Z95 * z
    u = sampler.draw_rows("drift|" + table["country_id"] + "|" + table["platform_id"])
    q05, q50, q95 = read_columns(table[list(GROWTH)].fillna(0.0), GROWTH)
    return off, figure_errors.draw_through_quantiles(u, q05, q50, q95, tail_degrees)


def _widen_universe(table: pd.DataFrame) -> Array:
    """Return the people online (rows, 1), enlarged for figures near them; NaN if unknown."""
    universe = table["universe_persons"].to_numpy("float64")
    top = np.fmax(universe, table["high"].to_numpy("float64") / MOST_SHARE)
    return np.asarray(np.where(np.isnan(universe), np.nan, top)[:, None])


ASSUMED_SPREAD = 0.12
SELF_SELECTED_SPREAD = 0.8


def draw_feature_users(shares: pd.DataFrame, sampler: Sampler) -> Array:
    """Return draws (rows, D) of the users of each row of `shares`, in persons."""
    u = sampler.draw_rows("feature|" + shares["feature_use_id"])
    share = _draw_stated(shares, u, 0.0, 1.0)
    steps = shares["assumed"].map(lambda text: len([part for part in text.split(";") if part]))
    wider = ASSUMED_SPREAD * np.sqrt(steps.to_numpy("float64"))[:, None]
    z = sampler.draw_normals("assumed|" + shares["feature_use_id"])
    spread = expit(logit(np.clip(share, 1e-12, 1 - 1e-12)) + wider * z)
    people = shares[["country_id", *BASE_LAW]].assign(base_id=shares["share_base_id"])
    return np.asarray(spread * draw_bases(people, sampler))


def draw_fitted_shares(laws: pd.DataFrame, countries: pd.DataFrame, sampler: Sampler) -> Array:
    """Return draws (countries, D) of the fitted share of the exposed who use a feature, else NaN.

    Of several features the largest share counts: users of the rarer feature use the commoner one.
    """
    share = np.full((len(countries), sampler.count), np.nan)
    keys = pd.MultiIndex.from_frame(countries[COUNTRY])
    at = keys.get_indexer(pd.MultiIndex.from_frame(laws[COUNTRY]))
    rows = laws[at >= 0]
    u = sampler.draw_rows("feature law|" + rows["draw_key"])
    np.fmax.at(share, at[at >= 0], fitted_shares.draw_shares(rows, u))
    return share


def draw_circumvention(rows: pd.DataFrame, sampler: Sampler) -> Array:
    """Return draws (rows, D) of the share of people who keep access: fitted, counted, or zero."""

    def draw(distinct: pd.DataFrame) -> Array:
        u = sampler.draw_rows("keeps|" + distinct["draw_key"])
        share = np.clip(distinct["mode"].to_numpy("float64"), 1e-9, 1 - 1e-9)
        wide = expit(logit(share)[:, None] + SELF_SELECTED_SPREAD * ndtri(u))
        is_poll = distinct["is_self_selected"].to_numpy("bool")[:, None]
        drawn = np.where(is_poll, wide, _draw_stated(distinct, u, 0.0, 1.0))
        is_fitted = (distinct["basis"] == CircumventionBasis.LEARNED.value).to_numpy("bool")
        drawn[is_fitted] = fitted_shares.draw_shares(distinct[is_fitted], u[is_fitted])
        return drawn

    columns = ["draw_key", "basis", *PARAMETERS, *DISTRIBUTION_COLUMNS, "is_self_selected"]
    return sampler.draw_distinct(rows, columns, draw)
