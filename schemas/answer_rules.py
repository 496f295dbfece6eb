"""The rules of several cells of a published row, by table: each returns which rows pass.

`rules.csv` has the meaning of each.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from audience_impact.rules import register_rule
from audience_impact.vocabulary import ObsStatus, RuleStage

RowCheck = Callable[[pd.DataFrame], Any]
RULES: dict[str, dict[str, RowCheck]] = {}
"""The rules of each table, by id."""
OF_PERIODS = ("countries_by_year", "countries_by_month", "regions_by_year", "regions_by_month")
OF_DAYS = ("countries_by_day", "regions_by_day")


def row_rule(name: str, *tables: str) -> Callable[[RowCheck], RowCheck]:
    """Declare the decorated function as a rule of tables."""
    register_rule(name, RuleStage.PUBLISHED)

    def declare(check: RowCheck) -> RowCheck:
        for table in tables:
            RULES.setdefault(table, {})[name] = check
        return check

    return declare


def _is_in_order(frame: pd.DataFrame, unit: str, slack: Any, *most: str) -> Any:
    """Return whether bounds and quantiles of each row are in order, inside the bounds with errors.

    A difference of at most `slack` (a number, or one number per row) is allowed. `most` is what the
    largest number as printed may not exceed.
    """
    rising = np.ones(len(frame), dtype=bool)
    allowed = np.asarray(slack, dtype="float64").reshape(-1, 1)
    for names in (
        ("min", "printed_min", "printed_max", *most),
        ("printed_max", "max"),
        ("min", "q05", "q50", "q95", "max"),
    ):
        values = frame[[f"{name}_{unit}" for name in names]].to_numpy("float64")
        rising &= ~(np.diff(values, axis=1) + allowed < 0.0).any(axis=1)
    return pd.Series(rising, frame.index)


@row_rule("bounds_in_order", *OF_PERIODS)
def _are_bounds_of_period_in_order(frame: pd.DataFrame) -> Any:
    """Within one person per country, and day."""
    slack = frame["countries_count"]
    of_days = _is_in_order(frame, "person_days", slack * (frame["days"] + 1))
    return _is_in_order(frame, "persons", slack, "base") & of_days


@row_rule("bounds_in_order", *OF_DAYS)
def _are_bounds_of_day_in_order(frame: pd.DataFrame) -> Any:
    return _is_in_order(frame, "persons", frame["countries_count"])


@row_rule("bounds_in_order", "person_days")
def _are_person_days_in_order(frame: pd.DataFrame) -> Any:
    slack = frame["days"] + 1
    users = frame.filter(like="feature_").rename(columns=lambda name: name[len("feature_") :])
    of_all, of_users = (_is_in_order(rows, "person_days", slack) for rows in (frame, users))
    return of_all & of_users & _is_in_order(frame, "person_hours", 24 * slack)


@row_rule("hours_of_days", "person_days")
def _are_hours_in_days(frame: pd.DataFrame) -> Any:
    """Require at most 24 person-hours for each person-day, to within one person on each day."""
    over = [
        frame[f"{name}_person_hours"] > 24 * (frame[f"{name}_person_days"] + frame["days"] + 1)
        for name in ("printed_min", "printed_max")
    ]
    return ~(over[0] | over[1])


@row_rule("bounds_in_order", "impact")
def _are_bounds_of_impact_in_order(frame: pd.DataFrame) -> Any:
    """Require lower <= upper <= base, or residents if the base is projected.

    The rule `part_above_place` over results checks the residents of places.
    """
    is_countries = frame["area_id"].str.fullmatch("[A-Z]{2}(;[A-Z]{2})*")
    limit = frame[["base_persons", "population_persons"]].max(axis=1)
    over = is_countries & (frame["printed_max_persons"] > limit)
    return _is_in_order(frame, "persons", 1) & ~over


@row_rule("gap_has_reason", "impact")
def _has_gap_reason(frame: pd.DataFrame) -> Any:
    return (frame["obs_status"] == ObsStatus.NORMAL.value) | frame["reason"].notna()


@row_rule("share_of_base_at_most_one", "impact")
def _is_share_at_most_one(frame: pd.DataFrame) -> Any:
    return ~(frame["printed_max_base_share"] > 1)
