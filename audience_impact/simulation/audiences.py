"""Draws of audiences in persons: the law of their figures, what these may be off by, and growth.

Method. Three independent draws: of the figure, by the law of pooling.py; of what it may be off by
(rounding, pages, measurers), a normal with the half widths of figure_errors.py added in squares;
and of the growth since, through its quantiles, with heavy tails, the same for all restrictions of a
service in a country. The last two are in log odds of the share of the universe, so that no audience
grows beyond the people online. The internet users of a network shutdown are their base, and so the
same draw as the base is. An imputed audience is its share, drawn in log odds through its quantiles,
times the base as it is drawn, and no less than a figure says at least; COMMON of the variance is
the same for all services of a country, which share a survey and what is not known of the country.

Assumptions, drawbacks and citations: those of figure_errors.py and errors/distribution.py.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri, stdtrit

from audience_impact.audiences.intervals import FIXED, LAW, PERT, SPLIT
from audience_impact.audiences.pooling import POOL
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.audiences.universes import OWN_LAW
from audience_impact.denominators.distributions import LAW as BASE_LAW
from audience_impact.errors import distribution, figure_errors
from audience_impact.errors.distribution import MOST_SHARE
from audience_impact.errors.figure_errors import GROWTH
from audience_impact.fitted.shares import PARAMETERS
from audience_impact.frames import Array
from audience_impact.imputation.audiences import IMPUTED
from audience_impact.imputation.groups import COMMON
from audience_impact.simulation import distributions, unions
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import WHOLE_INTERNET, InputKind

BASE = "base"
"""Shape of an audience that is a base, drawn as that is."""
Z95 = float(ndtri(0.95))


def drawn(audiences: pd.DataFrame, laws: pd.DataFrame) -> pd.DataFrame:
    """How each audience is drawn, in the order given, numbered by `row`.

    `audiences` and `laws` as `Inputs` has them; an audience may come in several phases. Internet
    users are drawn like the base that counts them.
    """
    rows = audiences.reset_index(drop=True).reset_index(names="row")
    joined = rows.merge(laws, on=AUDIENCE, how="left")
    network = joined["platform_id"] == WHOLE_INTERNET
    online = joined["audience_expected_persons"].notna()
    shape = joined["shape"].where(joined["mode"].notna(), "").fillna("")
    key = joined["audience_key"].where(~network, joined["audience_base_id"])
    own = shape == IMPUTED
    for theirs, base in zip(OWN_LAW, BASE_LAW, strict=True):
        joined[theirs] = joined[theirs].where(~own, joined[base])
    return joined.assign(
        audience_base_id=joined["audience_base_id"].where(~own, joined["base_id"]),
        least_persons=joined["low_persons"].fillna(0.0),
        audience_key=key.fillna(""),
        shape=shape.where(~network, pd.Series(BASE, joined.index).where(online, "")),
    ).set_index("row", drop=False)


def daily_shares(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of the share of each audience that comes on a day; 1 without a law.

    `table` has `country_id`, `platform_id` and the PARAMETERS of fitted/shares.py as `share_*`. One
    draw for a country and service stands for every day.
    """
    names = ["country_id", "platform_id", *(f"share_{name}" for name in PARAMETERS)]
    number = table.groupby(names, dropna=False, sort=False).ngroup().to_numpy()
    each = table[names].drop_duplicates()
    keys = "daily|" + each["country_id"] + "|" + each["platform_id"]
    u = sampler.rows(InputKind.DAILY_USE, keys)
    mean, spread, freedom = (each[name].to_numpy("float64")[:, None] for name in names[2:])
    found = np.where(np.isnan(mean), 1.0, expit(mean + spread * stdtrit(freedom, u)))
    return np.asarray(found[number])


def values(table: pd.DataFrame, sampler: Sampler, tail_degrees: float) -> Array:
    """Draws (rows, D) of audiences in persons, from rows with the columns of pooling.distributions.

    Needs `country_id`, `platform_id` and `universe_persons` beside them, and for rows of the shapes
    BASE and IMPUTED `audience_base_id`, OWN_LAW and `least_persons`. Rows of a blank shape are NaN.

    Rows that are drawn alike, those of one service at one time under many restrictions, are drawn
    once.
    """
    own = [name for name in DRAWN_BY if name in table]
    number = table.groupby(own, dropna=False, sort=False).ngroup().to_numpy()
    each = table.drop_duplicates(own)
    drawn = _each(each, sampler, tail_degrees)
    return drawn if len(each) == len(table) else np.asarray(drawn[number])


DRAWN_BY = [
    *("country_id", "platform_id", "audience_key", *LAW, *figure_errors.COLUMNS),
    *("audience_base_id", "least_persons", *OWN_LAW),
]
"""All that the draws of an audience hang on."""


BLOCK = 250
"""Audiences that are drawn at once: a draw has a dozen steps, each as large as what comes of it."""


def _each(table: pd.DataFrame, sampler: Sampler, tail_degrees: float) -> Array:
    """Draws (rows, D) of different audiences."""
    drawn = np.empty((len(table), sampler.count))
    for first in range(0, len(table), BLOCK):
        rows = slice(first, first + BLOCK)
        drawn[rows] = _block(table.iloc[rows], sampler, tail_degrees)
    return drawn


def _block(table: pd.DataFrame, sampler: Sampler, tail_degrees: float) -> Array:
    """Draws (rows, D) of some of them."""
    network = (table["shape"] == BASE).to_numpy()
    drawn = np.empty((len(table), sampler.count))
    drawn[~network] = _figures(table[~network], sampler, tail_degrees)
    if network.any():
        drawn[network] = _online(table[network], sampler)
    return drawn


COUNTED = (FIXED, PERT, SPLIT, POOL)
"""Shapes of audiences that are drawn from figures of their own."""
PRINTED, WITH_ERROR, GROWN = "as printed", "with the error of the figure", "with growth since"
"""What is drawn of an audience, step by step."""


def by_step(table: pd.DataFrame, sampler: Sampler, tail_degrees: float) -> dict[str, Array]:
    """Draws (rows, D) of audiences after each step; the last is what `values` gives.

    The steps before are NaN of rows that are not drawn from figures of their own.
    """
    own = _stated(table, sampler)
    off, _ = _moves(table, sampler, tail_degrees)
    counted = table["shape"].isin(COUNTED).to_numpy()[:, None]
    return {
        PRINTED: np.where(counted, own, np.nan),
        WITH_ERROR: np.where(counted, _moved(table, own, off), np.nan),
        GROWN: values(table, sampler, tail_degrees),
    }


def _first(table: pd.DataFrame, sampler: Sampler) -> Array:
    return sampler.rows(InputKind.AUDIENCE, "audience|" + table["audience_key"])


def _stated(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Audiences by the law of their figures; NaN where there is none."""
    first = _first(table, sampler)
    low, mode, high, coverage = (
        table[name].to_numpy("float64")[:, None] for name in ("low", "mode", "high", "coverage")
    )
    shape = table["shape"].to_numpy(dtype=object)
    own: Array = np.where(_is(shape, FIXED), mode, np.nan)
    own = np.broadcast_to(own, first.shape).copy()
    for name, rows in ((n, shape == n) for n in (PERT, SPLIT, POOL)):
        if rows.any():
            ends = low[rows], mode[rows], high[rows]
            own[rows] = _law(name, first[rows], ends, coverage[rows])
    return own


def _figures(table: pd.DataFrame, sampler: Sampler, tail_degrees: float) -> Array:
    """Audiences of services: by their figures, or imputed."""
    guessed = (table["shape"] == IMPUTED).to_numpy()
    counted, drawn = table[~guessed], np.empty((len(table), sampler.count))
    off, grown = _moves(counted, sampler, tail_degrees)
    drawn[~guessed] = _moved(counted, _stated(counted, sampler), off + grown)
    if guessed.any():
        first = _first(table[guessed], sampler)
        drawn[guessed] = _imputed(table[guessed], first, sampler)
    return drawn


def _is(shape: NDArray[np.object_], name: str) -> NDArray[np.bool_]:
    return np.asarray(shape == name)[:, None]


def _law(name: str, u: Array, ends: tuple[Array, Array, Array], coverage: Array) -> Array:
    low, mode, high = ends
    if name == PERT:
        return distributions.pert(u, low, mode, high)
    drawn = distributions.split_normal(u, mode, low, high, coverage)
    return np.asarray(np.maximum(drawn, 0.0))


def _online(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Internet users: the base that counts them."""
    names = dict(zip(OWN_LAW, BASE_LAW, strict=True))
    rows = table[["audience_base_id", *OWN_LAW]]
    return unions.bases(rows.rename(columns={"audience_base_id": "base_id", **names}), sampler)


def _imputed(table: pd.DataFrame, u: Array, sampler: Sampler) -> Array:
    """Imputed audiences: a share of the base as drawn, no less than what is counted at least."""
    country = sampler.rows(InputKind.AUDIENCE, "imputed|" + table["country_id"])
    z = np.sqrt(COMMON) * ndtri(country) + np.sqrt(1.0 - COMMON) * ndtri(u)
    q05, q50, q95 = (
        logit(table[name].to_numpy("float64")[:, None]) for name in ("low", "mode", "high")
    )
    persons = expit(distribution.through(ndtr(z), q05, q50, q95)) * _online(table, sampler)
    return np.asarray(np.fmax(persons, table["least_persons"].to_numpy("float64")[:, None]))


def _moves(table: pd.DataFrame, sampler: Sampler, tail_degrees: float) -> tuple[Array, Array]:
    """What figures are off by, and what audiences grew by since: in log odds (rows, D)."""
    z = sampler.normals(InputKind.AUDIENCE, "error|" + table["audience_key"])
    off = half_width(table)[:, None] / Z95 * z
    # the name of the stream: another one would be other draws
    keys = "drift|" + table["country_id"] + "|" + table["platform_id"]
    u = sampler.rows(InputKind.AUDIENCE, keys)
    q05, q50, q95 = (table[name].fillna(0.0).to_numpy("float64")[:, None] for name in GROWTH)
    return off, distribution.through(u, q05, q50, q95, tail_degrees)


def _moved(table: pd.DataFrame, own: Array, by: Array) -> Array:
    """Audiences moved within the people online."""
    universe = table["universe_persons"].to_numpy("float64")
    top = np.fmax(universe, table["high"].to_numpy("float64") / MOST_SHARE)
    return distribution.moved(own, np.where(np.isnan(universe), np.nan, top)[:, None], by)


def half_width(table: pd.DataFrame) -> Array:
    """Half (rows,) of the 90 % interval of what a figure may be off by, in log odds."""
    mode = table["mode"].to_numpy("float64")
    share = np.minimum(mode / table["universe_persons"].to_numpy("float64"), MOST_SHARE)
    in_logs = np.hypot(
        table["rounding_error_persons"].to_numpy("float64") / mode,
        table["page_error_share"].to_numpy("float64"),
    )
    odds = in_logs / (1.0 - np.nan_to_num(share))
    return np.asarray(np.nan_to_num(np.hypot(odds, table["odds_error"].to_numpy("float64"))))
