"""Bounds on the users of the restricted features, and on those of them without access.

Definitions. C stands for the users of any restricted feature: a share of a population on record.
Feature users are the people exposed who are in C; if a whole service is restricted, all people
exposed.

Method. A share times the people of its own population gives C in persons. In a country with people
exposed E inside a base I, C of any service: max(0, C + E - I) <= |E and C| <= min(C, E); users
of a feature of a restricted service itself all belong to E. Several features are a union: from
the largest to the sum. Those without access are feature users less circumventors; from zero where
nobody counted these.

Assumptions. Those of audiences/features.py. A self-selected poll limits nothing.

Citation. M. Frechet (1935), as in sharp.py.
"""

import numpy as np
import pandas as pd

from audience_impact.audiences.scope import COUNTRY, WHOLE, Scope


def bound_feature_users(
    scope: Scope, shares: pd.DataFrame, countries: pd.DataFrame, exposed: pd.DataFrame
) -> pd.DataFrame:
    """Return `lower_persons` and `upper_persons` on the feature users of each restriction.

    `shares` has the columns that inputs.py declares. `countries` and `exposed` have bounds on the
    people exposed, by COUNTRY and by restriction_id.
    """
    ends = exposed[["lower_persons", "upper_persons"]]
    users = (
        bound_in_countries(
            shares, countries, _find_missing_shares(scope.targets, shares, countries)
        )
        .groupby("restriction_id")
        .sum(skipna=False)
        .reindex(ends.index)
    )
    about = scope.by_id.reindex(ends.index)
    is_whole = scope.is_whole_service.reindex(ends.index)
    mixed = is_whole.isna()
    narrowed = ends.assign(
        lower_persons=users["lower_persons"].where(~(about["is_partial"] | mixed), 0.0),
        upper_persons=np.fmin(ends["upper_persons"], users["upper_persons"]).where(
            ~mixed, ends["upper_persons"]
        ),
    )
    return narrowed.where(is_whole.ne(True), ends).where(~about["is_never_enforced"], 0.0)


def bound_deprived(users: pd.DataFrame, circumvention: pd.DataFrame) -> pd.DataFrame:
    """Return bounds on feature users without access; from zero if circumvention is unknown."""
    rows = circumvention.set_index("restriction_id")
    least = rows["least_share"].reindex(users.index).fillna(0.0)
    most = rows["most_share"].reindex(users.index).fillna(1.0)
    return users.assign(
        lower_persons=users["lower_persons"] * (1.0 - most),
        upper_persons=users["upper_persons"] * (1.0 - least),
    )


def _convert_to_persons(shares: pd.DataFrame) -> pd.DataFrame:
    people = shares["of_persons"]
    return shares.assign(
        low_persons=shares["least"] * people,
        high_persons=shares["most"].fillna(1.0) * people + shares["beyond_persons"],
    )


def bound_in_countries(
    shares: pd.DataFrame, exposed: pd.DataFrame, missing: pd.Series
) -> pd.DataFrame:
    """Return bounds on the feature users of each country.

    `shares` has the columns that inputs.py declares; `exposed` has `lower_persons`, `upper_persons`
    and `base_persons` by COUNTRY; `missing` states, by COUNTRY, whether a feature has no share.
    """
    rows = _convert_to_persons(shares)
    about = exposed.reindex(pd.MultiIndex.from_frame(rows[COUNTRY]))
    lower, base, upper = (
        about[name].to_numpy("float64")
        for name in ("lower_persons", "base_persons", "upper_persons")
    )
    least = np.clip(rows["low_persons"] + lower - base, 0.0, None)
    least = least.where(rows["is_inside"], 0.0).where(~rows["is_own"], rows["low_persons"])
    capped = rows.assign(low=np.fmin(least, upper), high=np.fmin(rows["high_persons"], upper))
    groups = capped.groupby(COUNTRY)
    table = pd.DataFrame(
        {"lower_persons": groups["low"].max(), "upper_persons": groups["high"].sum()}
    ).reindex(exposed.index)
    open_above = table["upper_persons"].isna() | missing.reindex(exposed.index).fillna(False)
    top = exposed["upper_persons"]
    most = table["upper_persons"].where(~open_above, top)
    return pd.DataFrame(
        {
            "lower_persons": table["lower_persons"].fillna(0.0),
            "upper_persons": pd.concat([most, top], axis=1).min(axis=1),
        }
    )


def _find_missing_shares(
    targets: pd.DataFrame, shares: pd.DataFrame, countries: pd.DataFrame
) -> pd.Series:
    """Return, for each restriction and country, whether a restricted feature has no share."""
    restricted = targets[targets["feature"] != WHOLE]
    country_features = countries.reset_index()[COUNTRY].merge(
        restricted[["restriction_id", "feature"]].drop_duplicates(), on="restriction_id"
    )
    spoken = shares.assign(feature=shares["feature"].str.split(";")).explode("feature")
    joined = country_features.merge(
        spoken[[*COUNTRY, "feature"]].drop_duplicates(),
        on=[*COUNTRY, "feature"],
        how="left",
        indicator=True,
    )
    return (joined["_merge"] == "left_only").groupby([joined[name] for name in COUNTRY]).any()
