"""Who keeps access in spite of a restriction: the circumventors among the feature users.

Definitions. A circumvention share is the share of the people affected who keep access.

Method. Of each restriction the latest share on record. A self-selected poll limits nothing.
"""

import pandas as pd

from audience_impact.audiences import intervals
from audience_impact.audiences.intervals import LAW
from audience_impact.errors.law import FigureErrors
from audience_impact.facts.tables import Tables
from audience_impact.vocabulary import YesNo


def circumvention(
    restrictions: pd.Series, tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """The share that keeps access, one row a restriction that has one.

    Latest period first; of shares of one period the largest, since access of any kind contains
    access by one means. Columns: those of the fact, LAW of intervals.py in shares,
    `is_self_selected`, `least_share`, `most_share`.
    """
    facts = tables["circumvention"]
    own = facts[facts["restriction_id"].isin(restrictions)]
    best = own.sort_values(
        ["period_end", "share", "circumvention_id"], ascending=[False, False, True]
    ).drop_duplicates("restriction_id")
    is_poll = best["self_selected"] == YesNo.YES.value
    names = ("share", "low_share", "high_share")
    if errors is not None:
        best = intervals.with_sampling(best, ~is_poll, errors.effective_sample, names)
    stated = intervals.read(best, *names)
    return best.assign(
        **{name: stated[name] for name in LAW},
        is_self_selected=is_poll,
        least_share=stated["least"].mask(is_poll, 0.0),
        most_share=stated["most"].fillna(1.0).mask(is_poll, 1.0),
    ).reset_index(drop=True)
