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

import pandas as pd


def bound_unions(audiences: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return Frechet bounds of the union of the audiences of each group.

    `audiences` has one row an audience with `low_persons`, `high_persons` (NaN where nothing
    limits it from above) and `base_persons` (the same for all rows of a group; NaN where no
    base is known). Returns, indexed by `by`, `printed_min_persons`, `printed_max_persons` (NaN
    where neither audiences nor base limit the union) and `naive_sum_persons` (the audiences added
    up, NaN where one is unlimited).
    """
    groups = audiences.groupby(by, sort=True)
    added = groups["high_persons"].sum().where(groups["high_persons"].count() == groups.size())
    base = groups["base_persons"].first()
    lower = groups["low_persons"].max().fillna(0.0)
    upper = pd.concat([added, base], axis=1).min(axis=1)
    return pd.DataFrame(
        {
            "printed_min_persons": lower,
            "printed_max_persons": upper.where(upper.isna() | (upper >= lower), lower),
            "naive_sum_persons": added,
        }
    )
