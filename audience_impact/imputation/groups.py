"""Distributions of groups named without their members ("social media"), from their members.

Definitions. A group is a platform that represents services of some kinds (MEMBERS), or those that
its `member_ids` list. Its members in a country are the MOST of these services with the largest
imputed audiences there, of those that still exist and were counted in the subregion of the country
or in most subregions; of a list of members, those that were counted in some country or in the
world.

Method. Members are drawn from their imputed distributions, with a common factor of weight COMMON,
because they share country and survey. Each draw gives shares of the people online, and the model of
joint use gives the share that any of them reaches. The points form a fixed sequence without a seed,
so that the same facts give the same quantiles, none of which is below that of a member. A group has
the farthest evidence level of its members.

Assumptions. The term "social media" in a register means the largest services of these kinds.

Known drawbacks. Services beyond the MOST largest, and those without a count there, are missing
from the union.

Citation. H. Niederreiter, Random Number Generation and Quasi-Monte Carlo Methods (1992), for
Kronecker sequences; overlap/model.py for the union.
"""

from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr, ndtri

from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import draw_through_quantiles
from audience_impact.frames import Array
from audience_impact.imputation import distribution
from audience_impact.imputation.distribution import SHARES, ImputationModel
from audience_impact.imputation.figures import RUNGS
from audience_impact.overlap.model import Group, OverlapModel, make_lattice
from audience_impact.populations import has_ended, parents_of
from audience_impact.vocabulary import ImputationRung, PlatformKind

MEMBERS = {
    "social-media": [PlatformKind.SOCIAL_NETWORK.value, PlatformKind.VIDEO.value],
    "any-messenger": [PlatformKind.MESSENGER.value, PlatformKind.VOIP.value],
    "voip-apps": [PlatformKind.MESSENGER.value, PlatformKind.VOIP.value],
}
"""Kinds of the services in each group that is named without its members."""
MOST = 6
MOST_PLACES = 0.5
"""Share of the subregions; a service counted in more of them is a member everywhere."""
COMMON = 0.3
DRAWS = 256


def impute_with_members(
    requested: pd.DataFrame,
    tables: Tables,
    imputation_model: ImputationModel,
    model: OverlapModel | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return imputed shares, and those of the services that represent each group.

    The services have `place` (the row of their group), `platform_id` and SHARES.
    """
    is_group = requested["platform_id"].isin(list_services(tables["platforms"]).index)
    if model is None or not is_group.any():
        shares = distribution.impute_shares(requested, tables, imputation_model)
        return shares, pd.DataFrame(columns=["place", "platform_id", *SHARES])
    models = [imputation_model, imputation_model.finer]
    figures = pd.concat([model_of.figures for model_of in models if model_of is not None])
    members = _list_members(requested[is_group], tables, figures)
    singles = requested[~is_group]
    both = pd.concat([singles.assign(place=singles.index), members], ignore_index=True)
    shares = distribution.impute_shares(both.drop(columns="place"), tables, imputation_model)
    place = both["place"].to_numpy(requested.index.dtype)
    is_member = shares.index >= len(singles)
    singles = shares[~is_member].set_axis(place[shares.index[~is_member]])
    rest = shares[is_member].join(both[["place", "platform_id"]].assign(country_id=both["area_id"]))
    counted = rest[rest["rung"] != ImputationRung.KIND.value]
    ranked = counted.sort_values(["place", "q50_share"], ascending=[True, False])
    largest = ranked[ranked.groupby("place").cumcount() < MOST]
    return pd.concat([singles, _unite_members(largest, model)]).sort_index(), largest


def list_services(platforms: pd.DataFrame) -> "pd.Series[str]":
    """Return the ids of the services of each group, one row per service, indexed by the group."""
    by_kind = platforms.groupby("kind")["platform_id"].agg(list)
    kinds = pd.Series(MEMBERS).explode().map(by_kind).explode().dropna()
    listed = platforms[platforms["member_ids"].fillna("") != ""].set_index("platform_id")
    return pd.concat([kinds, listed["member_ids"].str.split(";").explode()])


def _list_members(groups: pd.DataFrame, tables: Tables, figures: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of services that a group may contain; `place` is the row of the group."""
    services = list_services(tables["platforms"])
    counted = services[services.isin(tables["estimates"]["platform_id"])].rename("service_id")
    rows = groups.assign(place=groups.index).join(counted, on="platform_id", how="inner")
    subregion = rows["area_id"].map(parents_of(tables["areas"])).fillna("")
    there = figures.loc[figures["subregion"] != "", ["subregion", "platform_id"]].drop_duplicates()
    spread = there["platform_id"].value_counts() / max(there["subregion"].nunique(), 1)
    is_used = pd.MultiIndex.from_arrays([subregion, rows["service_id"]]).isin(
        pd.MultiIndex.from_frame(there)
    ) | rows["service_id"].isin(spread.index[spread > MOST_PLACES])
    is_listed = ~rows["platform_id"].isin(list(MEMBERS))
    exists = ~has_ended(rows["service_id"], rows["moment"], tables["platforms"])
    rows = rows.assign(platform_id=rows.pop("service_id"))[(is_used | is_listed) & exists]
    return rows.sort_values(["place", "platform_id"], ignore_index=True)


def _unite_members(members: pd.DataFrame, model: OverlapModel) -> pd.DataFrame:
    """Return quantiles of the union of the members, and their weakest evidence level."""
    unions, z = {}, _make_points()
    for place, group in members.groupby("place"):
        joint_use = model.joint_use(str(group["country_id"].iloc[0]), make_lattice(DRAWS))
        everyone = np.ones((1, len(group)), dtype=bool)
        correlated = np.sqrt(COMMON) * z[0] + np.sqrt(1.0 - COMMON) * z[1 : len(group) + 1]
        q05, q50, q95 = (logit(group[name].to_numpy("float64")[:, None]) for name in SHARES)
        shares = np.asarray(expit(draw_through_quantiles(ndtr(correlated), q05, q50, q95)))
        union = model.draw_unions(Group(shares, joint_use, everyone))[0]
        quantiles = np.quantile(union, (0.05, 0.5, 0.95)).round(distribution.SHARE_DECIMALS)
        quantiles = np.maximum(quantiles, group[SHARES].max().to_numpy())
        rung = RUNGS[int(group["rung"].map(RUNGS.index).max())]
        unions[place] = [*quantiles, rung, *group[distribution.ONLINE].iloc[0]]
    table = pd.DataFrame.from_dict(unions, orient="index", columns=distribution.COLUMNS)
    return table.astype(dict.fromkeys([*SHARES, *distribution.ONLINE], "float64"))


@cache
def _make_points() -> Array:
    """Return normal points (1 + MOST, DRAWS) of a Kronecker sequence of the golden ratio."""
    golden = 2.0
    for _ in range(64):  # converges: the root of x^(d + 1) = x + 1, d the columns
        golden = (1.0 + golden) ** (1.0 / (2 + MOST))
    steps = golden ** -np.arange(1.0, 2 + MOST)
    points = (0.5 + np.outer(steps, np.arange(DRAWS))) % 1.0
    return np.asarray(ndtri(points.clip(1e-4, 1 - 1e-4)))
