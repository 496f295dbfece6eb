"""Draws of the users of a feature, and of those of them who keep access.

Method. Feature users are a share times the people of its own population, drawn as bases are. For
the estimate they are one more service of the copula: |E and C| = C + |E| - |E or C|, E the people
exposed and C the feature users. Those without access are feature users less circumventors.

Assumptions. Each of the assumptions named in a row widens its draws by ASSUMED_SPREAD in log odds.
A share without a stated error has that of its sample (intervals.with_sampling). What nobody asked
is fitted to other countries (fitted/shares.py). A self-selected
poll is drawn with SELF_SELECTED_SPREAD in log odds.

Known drawbacks. The two numbers are conventions, not measurements: the facts hold too few
repeated shares to learn them from.

Citation. Rules of this project,
docs/decisions.md.
"""

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from audience_impact.audiences.intervals import FIXED, SPLIT
from audience_impact.audiences.scope import COUNTRY
from audience_impact.denominators.distributions import DISTRIBUTION as BASE_LAW
from audience_impact.fitted import shares as fitted_shares
from audience_impact.frames import Array
from audience_impact.simulation import distributions, unions
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import CircumventionBasis, InputKind

ASSUMED_SPREAD = 0.12
SELF_SELECTED_SPREAD = 0.8


def draw_feature_users(shares: pd.DataFrame, sampler: Sampler) -> Array:
    """Return draws (rows, D) of the users of each row of `shares`, in persons."""
    u = sampler.draw_rows(InputKind.FEATURE_SHARE, "feature|" + shares["feature_use_id"])
    share = _draw_shares(u, shares)
    steps = shares["assumed"].map(lambda text: len([part for part in text.split(";") if part]))
    wider = ASSUMED_SPREAD * np.sqrt(steps.to_numpy("float64"))[:, None]
    z = sampler.draw_normals(InputKind.ASSUMED, "assumed|" + shares["feature_use_id"])
    spread = expit(logit(np.clip(share, 1e-12, 1 - 1e-12)) + wider * z)
    people = shares[BASE_LAW].assign(base_id=shares["share_base_id"])
    return np.asarray(spread * unions.draw_bases(people, sampler))


def _draw_shares(u: Array, rows: pd.DataFrame) -> Array:
    """Return shares drawn by what their source states: an interval, a range, or nothing."""
    shape = rows["shape"].to_numpy(dtype=object)[:, None]
    low, mode, high, coverage = (
        rows[name].to_numpy("float64")[:, None] for name in ("low", "mode", "high", "coverage")
    )
    within = np.where(np.isnan(coverage), 0.9, coverage)  # where none is stated, not looked at
    normal = distributions.draw_split_normal(u, mode, low, high, within, 0.0, 1.0)
    ranged = distributions.draw_pert(u, low, mode, high)
    stated = np.where(shape == SPLIT, normal, ranged)
    return np.asarray(np.where(shape == FIXED, mode, stated))


def draw_fitted_shares(
    parameters: pd.DataFrame, countries: pd.DataFrame, sampler: Sampler
) -> Array:
    """Return draws (countries, D) of the fitted share of those exposed who use a feature, else NaN.

    Of several features the largest counts: who uses the rarer one uses the commoner too.
    """
    share = np.full((len(countries), sampler.count), np.nan)
    keys = pd.MultiIndex.from_frame(countries[COUNTRY])
    at = keys.get_indexer(pd.MultiIndex.from_frame(parameters[COUNTRY]))
    rows = parameters[at >= 0]
    if rows.empty:
        return share
    u = sampler.draw_rows(InputKind.FEATURE_SHARE, "feature law|" + rows["draw_key"])
    drawn = fitted_shares.draw_shares(rows, u)
    np.fmax.at(share, at[at >= 0], drawn)
    return share


def draw_circumvention(rows: pd.DataFrame, sampler: Sampler) -> Array:
    """Return draws (rows, D) of the share that keeps access."""
    is_fitted = (rows["basis"] == CircumventionBasis.LEARNED.value).to_numpy("bool")
    share = np.empty((len(rows), sampler.count))
    share[is_fitted] = _draw_fitted(rows[is_fitted], sampler)
    share[~is_fitted] = _draw_measured(rows[~is_fitted], _draw_uniforms(rows[~is_fitted], sampler))
    return share


def _draw_uniforms(rows: pd.DataFrame, sampler: Sampler) -> Array:
    return sampler.draw_rows(InputKind.CIRCUMVENTION, "keeps|" + rows["draw_key"])


def _draw_fitted(rows: pd.DataFrame, sampler: Sampler) -> Array:
    """Return draws (rows, D) of shares with fitted parameters; equal rows are drawn once."""
    names = ["draw_key", *fitted_shares.PARAMETERS]
    number = rows.groupby(names, dropna=False, sort=False).ngroup().to_numpy()
    distinct = rows.drop_duplicates(names)
    return np.asarray(
        fitted_shares.draw_shares(distinct, _draw_uniforms(distinct, sampler))[number]
    )


def _draw_measured(rows: pd.DataFrame, u: Array) -> Array:
    """Return draws (rows, D) of shares that somebody counted, or that follow from the act."""
    share = rows["mode"].to_numpy("float64")
    wide = expit(logit(np.clip(share, 1e-9, 1 - 1e-9))[:, None] + SELF_SELECTED_SPREAD * ndtri(u))
    is_poll = rows["is_self_selected"].to_numpy("bool")[:, None]
    return np.asarray(np.where(is_poll, wide, _draw_shares(u, rows)))
