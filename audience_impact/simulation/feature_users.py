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
from audience_impact.denominators.distributions import LAW as BASE_LAW
from audience_impact.fitted import shares as fitted_shares
from audience_impact.frames import Array
from audience_impact.simulation import distributions, unions
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import CircumventionBasis, InputKind

ASSUMED_SPREAD = 0.12
SELF_SELECTED_SPREAD = 0.8


def feature_users(shares: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of the users of each row of `shares` (as inputs.py has them), in persons."""
    u = sampler.rows(InputKind.FEATURE_SHARE, "feature|" + shares["feature_use_id"])
    share = _drawn(u, shares)
    steps = shares["assumed"].map(lambda text: len([part for part in text.split(";") if part]))
    wider = ASSUMED_SPREAD * np.sqrt(steps.to_numpy("float64"))[:, None]
    z = sampler.normals(InputKind.ASSUMED, "assumed|" + shares["feature_use_id"])
    spread = expit(logit(np.clip(share, 1e-12, 1 - 1e-12)) + wider * z)
    people = shares[BASE_LAW].assign(base_id=shares["share_base_id"])
    return np.asarray(spread * unions.bases(people, sampler))


def _drawn(u: Array, rows: pd.DataFrame) -> Array:
    """Shares drawn by what their source states: an interval, a range, or nothing."""
    shape = rows["shape"].to_numpy(dtype=object)[:, None]
    low, mode, high, coverage = (
        rows[name].to_numpy("float64")[:, None] for name in ("low", "mode", "high", "coverage")
    )
    within = np.where(np.isnan(coverage), 0.9, coverage)  # where none is stated, not looked at
    normal = distributions.split_normal(u, mode, low, high, within, 0.0, 1.0)
    ranged = distributions.pert(u, low, mode, high)
    stated = np.where(shape == SPLIT, normal, ranged)
    return np.asarray(np.where(shape == FIXED, mode, stated))


def of_law(laws: pd.DataFrame, countries: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (countries, D) of the share of those exposed who use a feature, where it is learned.

    Of several features the largest: who uses the rarer one uses the commoner too. NaN elsewhere.
    """
    found = np.full((len(countries), sampler.count), np.nan)
    keys = pd.MultiIndex.from_frame(countries[COUNTRY])
    at = keys.get_indexer(pd.MultiIndex.from_frame(laws[COUNTRY]))
    known = laws[at >= 0]
    if known.empty:
        return found
    u = sampler.rows(InputKind.FEATURE_SHARE, "feature law|" + known["draw_key"])
    drawn = fitted_shares.drawn(known, u)
    np.fmax.at(found, at[at >= 0], drawn)
    return found


def circumvention(rows: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of the share that keeps access."""
    is_learned = (rows["basis"] == CircumventionBasis.LEARNED.value).to_numpy("bool")
    found = np.empty((len(rows), sampler.count))
    found[is_learned] = _by_law(rows[is_learned], sampler)
    found[~is_learned] = _measured(rows[~is_learned], _kept(rows[~is_learned], sampler))
    return found


def _kept(rows: pd.DataFrame, sampler: Sampler) -> Array:
    return sampler.rows(InputKind.CIRCUMVENTION, "keeps|" + rows["draw_key"])


def _by_law(rows: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of shares of which a law is learned, those that are alike once."""
    names = ["draw_key", *fitted_shares.PARAMETERS]
    number = rows.groupby(names, dropna=False, sort=False).ngroup().to_numpy()
    each = rows.drop_duplicates(names)
    return np.asarray(fitted_shares.drawn(each, _kept(each, sampler))[number])


def _measured(rows: pd.DataFrame, u: Array) -> Array:
    """Draws (rows, D) of shares that somebody counted, or that follow from the act."""
    share = rows["mode"].to_numpy("float64")
    wide = expit(logit(np.clip(share, 1e-9, 1 - 1e-9))[:, None] + SELF_SELECTED_SPREAD * ndtri(u))
    is_poll = rows["is_self_selected"].to_numpy("bool")[:, None]
    return np.asarray(np.where(is_poll, wide, _drawn(u, rows)))
