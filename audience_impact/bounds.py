"""What the facts force: bounds on the number of people in a union of audiences.

Definitions. Audiences m_1..m_k are sets of people inside a base of I people, of which only
sizes are known, each as an interval [low_i, high_i]. The union is everyone in at least one.

Method. Frechet: max low_i <= |union| <= min(I, sum high_i). Both ends can be reached, so no
narrower interval follows from sizes alone.

Assumptions. Every audience lies inside the base by definition, and base and audiences come
from one measurer; where they do not, the caller says so in obs_status.

Known drawbacks. Measured overlaps are not used here, so the interval is wide when audiences
are small against the base.

Citation. M. Frechet, Generalisation du theoreme des probabilites totales, Fundamenta
Mathematicae 25 (1935), 379-387.
"""

import pandas as pd


def frechet(audiences: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Frechet bounds of the union of the audiences of each group, all groups at once.

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
