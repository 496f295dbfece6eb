"""Frechet bounds on unions of audiences, from their sizes alone.

Definitions. Audiences are sets of people inside a base of I people, each of a size in an interval
[low_i, high_i]. The union is everyone in at least one.

Method. max low_i <= |union| <= min(I, sum high_i). Both ends can be reached, so no narrower
interval follows from sizes alone.

Assumptions. Every audience is a part of the base by definition, and base and audiences come from
one measurer; if not, the caller reports it in obs_status.

Known drawbacks. The interval is wide when audiences are small against the base; measured overlaps
(measured.py) narrow it.

Citation. M. Frechet, Generalisation du theoreme des probabilites totales, Fundamenta
Mathematicae 25 (1935), 379-387.
"""

import numpy as np
import pandas as pd


def bound_unions(audiences: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return Frechet bounds of the union of the audiences of each group.

    `audiences` has one row an audience with `low_persons`, `high_persons` (NaN where nothing
    limits it from above) and `base_persons` (the same for all rows of a group; NaN where no
    base is known). Returns, indexed by `by`, `lower_persons`, `upper_persons` (NaN where
    neither audiences nor base limit the union) and `naive_sum_persons` (the audiences added
    up, NaN where one is unlimited).
    """
    groups = audiences.groupby(by, sort=True)
    added = groups["high_persons"].sum().where(groups["high_persons"].count() == groups.size())
    base = groups["base_persons"].first()
    lower = groups["low_persons"].max().fillna(0.0)
    upper = pd.concat([added, base], axis=1).min(axis=1)
    return pd.DataFrame(
        {
            "lower_persons": lower,
            "upper_persons": upper.where(upper.isna() | (upper >= lower), lower),
            "naive_sum_persons": added,
        }
    )


def bound_sets(members: pd.DataFrame, rows: pd.DataFrame, low: str, high: str) -> pd.DataFrame:
    """Return Frechet bounds of each set, by set_id: `lower`, `upper` and the sum `added`.

    Of several rows of one platform in one area the largest audience counts; areas may be
    disjoint, so they add up, to the audience of the whole country at most.
    """
    country_column = high.replace("_high_", "_whole_")
    about = rows.set_index("row")[
        list(dict.fromkeys(["platform_id", "where", low, high, country_column, "base_persons"]))
    ]
    joined = members.join(about, on="row")
    groups = joined.groupby("set_id", sort=True)
    by = ["set_id", "platform_id"]
    most = _take_largest(joined, [*by, "where"], high).groupby(level=by).sum(skipna=False)
    most = np.fmin(most, joined.groupby(by)[country_column].max()).where(most.notna())
    added = most.groupby(level="set_id").sum(skipna=False)
    base = _take_largest(joined, ["set_id"], "base_persons")
    lower = groups[low].max()
    return pd.DataFrame(
        {
            "lower": lower,
            "upper": pd.concat([np.fmin(added, base), lower], axis=1).max(axis=1, skipna=False),
            "added": added,
        }
    )


def _take_largest(rows: pd.DataFrame, by: list[str], name: str) -> pd.Series:
    """Return the largest number of each group; NaN if a number of the group is missing."""
    most = rows.groupby(by)[name].max()
    missing = rows[name].isna()
    if not missing.any():
        return most
    return most.where(~missing.groupby([rows[key] for key in by]).any())
