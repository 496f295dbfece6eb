"""Groups named without their members ("social media"): whom their members reach together.

Definitions. A group is a platform that stands for services of some kinds (MEMBERS). Its members in
a country are the MOST services of these kinds that are imputed to be largest there.

Method. Members are drawn from their imputed laws, as far as COMMON by one factor, since they share
country and survey; each draw gives shares of the people online, and the model of joint use gives
the people whom any of them reaches. Points are of a fixed sequence: no seed, the same facts give
the same quantiles. A group is on the farthest rung of its members.

Assumptions. What a register calls social media are the largest services of these kinds.

Known drawbacks. Services beyond the MOST largest add what the union leaves out.

Citation. H. Niederreiter, Random Number Generation and Quasi-Monte Carlo Methods (1992), for
Kronecker sequences; overlap/model.py for the union.
"""

from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr, ndtri

from audience_impact.errors import distribution as errors_distribution
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.imputation import distribution, rungs
from audience_impact.imputation.distribution import SHARES, Solved
from audience_impact.overlap.model import Group, OverlapModel, lattice
from audience_impact.vocabulary import PlatformKind

MEMBERS = {
    "social-media": [PlatformKind.SOCIAL_NETWORK.value, PlatformKind.VIDEO.value],
    "any-messenger": [PlatformKind.MESSENGER.value, PlatformKind.VOIP.value],
    "voip-apps": [PlatformKind.MESSENGER.value, PlatformKind.VOIP.value],
}
"""Kinds of the services that a group named without its members stands for."""
MOST = 6
COMMON = 0.3
DRAWS = 256


def imputed(
    wanted: pd.DataFrame,
    tables: Tables,
    figures: Solved,
    model: OverlapModel | None,
    without_country: bool = False,
) -> pd.DataFrame:
    """Return imputed shares, those of groups by their members; without a `model` no groups."""
    is_group = wanted["platform_id"].isin(list(MEMBERS))
    if model is None or not is_group.any():
        return distribution.imputed(wanted, tables, figures, without_country)
    members = _members(wanted[is_group], tables)
    both = pd.concat([wanted[~is_group], members.drop(columns="place")], ignore_index=True)
    found = distribution.imputed(both, tables, figures, without_country)
    origin = np.append(wanted.index[~is_group], members["place"]).astype(wanted.index.dtype)
    singles = found[found.index < (~is_group).sum()]
    singles = singles.set_axis(origin[singles.index])
    rest = found[found.index >= (~is_group).sum()].assign(
        place=lambda rows: origin[rows.index],
        country_id=lambda rows: both.loc[rows.index, "area_id"],
    )
    return pd.concat([singles, _together(rest, model)]).sort_index()


def _members(groups: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The wanted rows of the services that a group may hold; `place` is the row of the group."""
    platforms = tables["platforms"]
    known = platforms[platforms["platform_id"].isin(tables["estimates"]["platform_id"])]
    kinds = groups["platform_id"].map(MEMBERS)
    rows = groups.assign(place=groups.index, kind=kinds).explode("kind")
    joined = rows.drop(columns="platform_id").merge(known[["platform_id", "kind"]], on="kind")
    return joined.drop(columns="kind").sort_values(["place", "platform_id"], ignore_index=True)


def _largest(members: pd.DataFrame) -> pd.DataFrame:
    """The members of each group that are imputed to be largest."""
    ranked = members.sort_values(["place", "q50_share"], ascending=[True, False])
    return ranked[ranked.groupby("place").cumcount() < MOST]


def members_of(wanted: pd.DataFrame, tables: Tables, figures: Solved) -> pd.DataFrame:
    """The services that stand for each group of `wanted`, with their imputed shares.

    Columns: `place` (the row of the group), `platform_id`, SHARES and `rung`.
    """
    is_group = wanted["platform_id"].isin(list(MEMBERS))
    if not is_group.any():
        return pd.DataFrame(columns=["place", "platform_id", *SHARES, "rung"])
    members = _members(wanted[is_group], tables)
    found = members.join(distribution.imputed(members, tables, figures), how="inner")
    return _largest(found)[["place", "platform_id", *SHARES, "rung"]]


def _together(members: pd.DataFrame, model: OverlapModel) -> pd.DataFrame:
    """Quantiles of the union of the largest members of each group, and the farthest rung."""
    found = {}
    for place, own in _largest(members).groupby("place"):
        joint_use = model.joint_use(str(own["country_id"].iloc[0]), lattice(DRAWS))
        everyone = np.ones((1, len(own)), dtype=bool)
        union = model.unions(Group(_drawn(own), joint_use, everyone))[0]
        quantiles = np.quantile(union, (0.05, 0.5, 0.95)).round(distribution.SHARE_DECIMALS)
        rung = rungs.ORDER[int(own["rung"].map(rungs.ORDER.index).max())]
        found[place] = [*quantiles, rung, own["online_share"].iloc[0]]
    table = pd.DataFrame.from_dict(found, orient="index", columns=distribution.COLUMNS)
    return table.astype(dict.fromkeys([*SHARES, "online_share"], "float64"))


def _drawn(members: pd.DataFrame) -> Array:
    """Draws (members, DRAWS) of the shares of the members of a group."""
    z = np.array(_points())
    own = np.sqrt(COMMON) * z[0] + np.sqrt(1.0 - COMMON) * z[1 : len(members) + 1]
    q05, q50, q95 = (logit(members[name].to_numpy("float64")[:, None]) for name in SHARES)
    return np.asarray(expit(errors_distribution.through(ndtr(own), q05, q50, q95)))


@cache
def _points() -> tuple[tuple[float, ...], ...]:
    """Normal points (1 + MOST, DRAWS) of a Kronecker sequence of the generalised golden ratio."""
    golden = 2.0
    for _ in range(64):  # converges: the root of x^(d + 1) = x + 1, d the columns
        golden = (1.0 + golden) ** (1.0 / (2 + MOST))
    steps = golden ** -np.arange(1.0, 2 + MOST)
    points = (0.5 + np.outer(steps, np.arange(DRAWS))) % 1.0
    return tuple(map(tuple, ndtri(points.clip(1e-4, 1 - 1e-4)).tolist()))
