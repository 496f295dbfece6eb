"""Numbers of people over time: reach in a number of days, and person-days under restrictions.

Person-day: one person on one day; whoever is in several audiences of a day counts once. The other
definitions are those of `net_reach`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from audience_impact.api import (
    PROBABILITIES,
    Reach,
    Restriction,
    draw_unions,
    require_exact,
)

if TYPE_CHECKING:
    import pandas as pd

    from audience_impact.frames import Array
    from audience_impact.overlap.model import OverlapModel


def reach_in_days(
    daily: float, monthly: float, days: int, *, universe: float, month_days: int = 30
) -> Reach:
    """Estimate the different people whom a service reaches in a number of days.

    Args:
        daily: Persons who use it on a day.
        monthly: Persons who use it at least once in `month_days` days.
        days: Whole days, at least 1.
        universe: Persons in the universe, above 0.
        month_days: Days in a "month", at least 2.

    Returns:
        Persons: the least and the most that daily and monthly audience allow where days are
        alike, and the expected number if people differ in how often they use it.

    Raises:
        ValueError: A number that is missing, negative or larger than the universe; monthly below
            daily; days that are not whole or below 1.

    Source:
        Metheringham (1964), J. Advertising Research 4; `audience_impact.simulation.reach`.

    Examples:
        >>> result = reach_in_days(68e6, 89e6, 7, universe=105e6)
        >>> [round(persons / 1e6, 1) for persons in result]
        [68.0, 82.5, 89.0]
        >>> reach_in_days(68e6, 89e6, 30, universe=105e6).upper
        89000000.0
    """
    from audience_impact.simulation.reach import limit_reach, reach_days

    daily_share, monthly_share = (
        require_exact([daily, monthly], universe, ("daily", "monthly")) / universe
    )
    if days < 1:
        raise ValueError(f"days must be whole numbers, at least 1, not {days}")
    least, most = limit_reach(monthly_share, days, month_days)
    expected = reach_days(daily_share, monthly_share, days, month_days)
    lower = max(float(least), float(daily_share))
    return Reach(*(universe * float(x) for x in (lower, np.clip(expected, lower, most), most)))


def person_days(
    restrictions: Iterable[Restriction],
    daily: Mapping[str, float],
    *,
    universe: float,
    calibration: "OverlapModel",
    country_id: str = "",
    seed: int = 0,
    draws: int = 1000,
) -> "pd.DataFrame":
    """Return person-days under restrictions that may overlap in time, in one country.

    On each day everyone in at least one restricted audience counts once.

    Args:
        restrictions: Each with its first day, the first day after it (dates, or text like
            "2025-08-13") and the names of the audiences that it restricts.
        daily: Persons who use each named audience on a day.
        universe: Persons in the universe, above 0.
        calibration: The model fitted to surveys, as `load_calibration` returns it.
        country_id: As for `estimate_union`.
        seed: Seed of the draws.
        draws: Number of draws, at least 1.

    Returns:
        One row per period, indexed by `period`: "all", years ("2025") and months ("2025-08").
        Columns `days` (with any restriction in force), `printed_min_person_days`,
        `q05_person_days`, `q50_person_days`, `q95_person_days`, `printed_max_person_days`.

    Raises:
        ValueError: As `estimate_union`; no restriction; one that names no audience, or one that
            `daily` does not have, that ends before it begins or whose days are none.

    Source:
        Shamos and Hoey (1976), 17th FOCS (the sweep); `audience_impact.phases`.

    Examples:
        >>> from audience_impact import load_calibration
        >>> result = person_days(
        ...     [("2025-08-13", "2025-08-23", ["a"]), ("2025-08-18", "2025-08-28", ["a", "b"])],
        ...     {"a": 68e6, "b": 82.1e6},
        ...     universe=105e6,
        ...     calibration=load_calibration(),
        ... )
        >>> int(result.loc["all", "days"])
        15
        >>> (result.loc["2025-08"] / 1e6).round().astype(int).tolist()[1:]
        [1161, 1162, 1255, 1313, 1390]
    """
    from audience_impact.phases import constant_intervals

    names = sorted(daily)
    persons = require_exact([daily[name] for name in names], universe, names)
    pieces, parts = constant_intervals(_list_intervals(restrictions, names))
    members = np.zeros((int(parts["set_id"].max()) + 1, len(names)), dtype=bool)
    members[parts["set_id"], [names.index(name) for name in parts["item"]]] = True
    drawn = (
        draw_unions(persons / universe, members, calibration, country_id, (seed, draws)) * universe
    )
    restricted = np.where(members, persons, 0.0)
    ends = np.stack([restricted.max(axis=1), np.minimum(restricted.sum(axis=1), universe)], axis=1)
    return _summarise_periods(pieces, np.hstack([ends, drawn]))


def _summarise_periods(pieces: "pd.DataFrame", per_day: "Array") -> "pd.DataFrame":
    """Return days, bounds and quantiles in all, then by year and month.

    `per_day` (sets, 2 + D) has the bounds and the draws of the people on a day of each set.
    """
    import pandas as pd

    days = pieces[["days"]].to_numpy("float64")
    table = pd.DataFrame(np.hstack([days, days * per_day[pieces["set_id"]]]))
    years = pieces["month"].str.slice(0, -3)  # years may have more than four digits
    sums = [table.groupby(period.to_numpy()).sum() for period in (years, pieces["month"])]
    total = table.sum().to_frame("all").T
    periods = pd.concat([total, pd.concat(sums).sort_index()]).rename_axis("period")
    number, least, most = (periods[column] for column in range(3))
    points = np.quantile(periods.iloc[:, 3:], PROBABILITIES, axis=1)
    columns = [
        f"{name}_person_days" for name in ("printed_min", "q05", "q50", "q95", "printed_max")
    ]
    values = dict(zip(columns, (least, *points, most), strict=True))
    return pd.DataFrame({"days": number.astype("int64"), **values})


def _list_intervals(restrictions: Iterable[Restriction], names: Sequence[str]) -> "pd.DataFrame":
    """Return one row (group, item, start, end) for each audience of each restriction."""
    import pandas as pd

    rows = []
    for number, (start, end, audiences) in enumerate(restrictions):
        first, last = pd.Timestamp(start), pd.Timestamp(end)
        unknown = sorted(set(audiences) - set(names))
        if unknown or not audiences:
            raise ValueError(f"restriction {number}: no daily audience of {unknown or 'anything'}")
        if not first < last:
            raise ValueError(f"restriction {number}: {end} is not after {start}")
        rows += [("", name, first, last) for name in audiences]
    if not rows:
        raise ValueError("there is no restriction")
    return pd.DataFrame(rows, columns=["group", "item", "start", "end"])
