"""Phases of an audience that has a daily figure: the days of the figure's own period, and others.

Definitions. A daily figure refers to the days of its period. It limits the audience of those days;
on other days it is an estimate, and the monthly figure limits.

Method. A phase is cut at both ends of the period of its figure; parts that no restriction reaches
fall away.

Assumptions. A figure that is an average over its period limits every day of it.

Known drawbacks. That assumption: on a quiet day fewer come than on the average one.

Citation. Rules of this project, docs/method.md.
"""

import pandas as pd

from audience_impact.audiences.scope import AUDIENCE


def cut_by_figure(
    phases: pd.DataFrame, daily: pd.DataFrame, periods: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return phases cut at the period of their daily figure, and the figure of each phase.

    `phases` as years.by_year gives them, `daily` as `Inputs` has it, `periods` by restriction_id.
    Adds `is_in_figure`: the days of the phase are those that the figure refers to.
    """
    figures = phases[AUDIENCE].merge(daily, on=AUDIENCE, how="left")
    uncut = phases.assign(order=1, place=phases.index, is_in_figure=False)
    has_figure = figures["daily_from"].notna() & phases["from_limit"].notna()
    rows, first, after = uncut[has_figure], figures["daily_from"], figures["daily_until"]
    start, end = rows["from_limit"], rows["until_limit"]
    first, after = first[has_figure], after[has_figure]
    parts = [
        rows.assign(order=0, until_limit=end.where(end < first, first)),
        rows.assign(
            from_limit=start.where(start > first, first),
            until_limit=end.where(end < after, after),
            is_in_figure=True,
        ),
        rows.assign(order=2, from_limit=start.where(start > after, after)),
    ]
    cut = pd.concat([uncut[~has_figure], *[_select_in_force(part, periods) for part in parts]])
    cut = cut.sort_values(["place", "order"])
    return (
        cut.drop(columns=["order", "place"]).reset_index(drop=True),
        figures.loc[cut["place"]].reset_index(drop=True),
    )


def _select_in_force(rows: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with days that a restriction may reach."""
    about = periods.reindex(rows["restriction_id"]).set_axis(rows.index)
    end = about[["most_end", "imputed_end"]].max(axis=1)
    start = rows["from_limit"].where(rows["from_limit"] > about["from_day"], about["from_day"])
    return rows[start < rows["until_limit"].where(rows["until_limit"] < end, end)]
