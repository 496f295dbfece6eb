"""People whom several audiences reach, in persons, at a time and over time.

Definitions
-----------
Audience: the people who use a platform in a month.
Universe: the people whom audiences are counted among, all of them inside it.
Net reach (union): everyone in at least one audience, each person once.
Person-day: one person on one day; whoever is in several audiences of a day counts once.
Bounds: the limits that follow from the numbers, however people use the platforms. Quantiles: 5, 50
and 95 % of draws, which are valid only if the model of joint use is.

Method, assumptions, known drawbacks, citations
-----------------------------------------------
Those of the modules that each function names; docs/method.md describes all of them.

A row of a frame has the numbers that the same call gives for this row alone. Everything is in
persons unless an argument is called a share. Heavy libraries are imported by the functions that
need them, so that importing the package takes a moment.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from audience_impact.api import (
    Bounds,
    ContradictionError,
    Estimate,
    FeatureUsers,
    Overlap,
    Persons,
    Reach,
)

if TYPE_CHECKING:
    import pandas as pd

    from audience_impact.frames import Array
    from audience_impact.overlap.model import OverlapModel

UniversePersons: TypeAlias = "float | pd.Series[float]"
"""Persons in the universe of all rows, or of each row, indexed as the frame."""
Countries: TypeAlias = "str | pd.Series[str]"
"""The country of all rows, or of each row, indexed as the frame."""
Restriction: TypeAlias = tuple[str | date, str | date, Sequence[str]]
"""First day, day after the last, and the names of the restricted audiences."""
BATCH_ROWS = 32
"""Rows of a frame that are drawn together: more cost memory, fewer time."""
PROBABILITIES = (0.05, 0.50, 0.95)
KOSOVO = "XK"
"""A code that ISO 3166-1 leaves to its users, and that stands for Kosovo everywhere."""


@overload
def union_bounds(audiences: Sequence[Persons], *, universe: float = ...) -> Bounds: ...


@overload
def union_bounds(
    audiences: "pd.DataFrame", *, universe: UniversePersons = ...
) -> "pd.DataFrame": ...


def union_bounds(
    audiences: "Sequence[Persons] | pd.DataFrame", *, universe: UniversePersons = math.inf
) -> "Bounds | pd.DataFrame":
    """Return the least and the most people that a union of audiences can have (Frechet).

    Both ends can be reached, so nothing narrower follows from sizes alone.

    Args:
        audiences: Persons in each audience; a pair is the least and the most. Or a frame with a
            column for each audience: each row is a union, and has a number in every column, 0 for
            an audience that it does not have.
        universe: Persons in the universe; without one only the audiences limit the union. With a
            frame also one for each row, indexed as the frame.

    Returns:
        max(least) and min(universe, sum of most), in persons. For a frame, a frame with its index
        and the columns `printed_min_persons` and `printed_max_persons`.

    Raises:
        ValueError: No audience; a number that is missing (NaN), negative or infinite; a least
            above its most; an audience larger than the universe.

    Source:
        Frechet (1935), Fundamenta Mathematicae 25; `audience_impact.bounds`.

    Examples:
        >>> union_bounds([96e6, 89e6], universe=105e6)
        Bounds(lower=96000000.0, upper=105000000.0)
        >>> union_bounds([(90e6, 96e6), 5e6])
        Bounds(lower=90000000.0, upper=101000000.0)
    """
    if hasattr(audiences, "columns"):  # a frame; its class would need pandas
        return _bound_rows(audiences, universe)
    return _bound_sizes(audiences, universe)


def sharp_union_bounds(
    audiences: Sequence[Persons], *, universe: float = math.inf, overlaps: Sequence[Overlap] = ()
) -> Bounds:
    """Return the narrowest bounds of a union that sizes and measured overlaps allow.

    Args:
        audiences: Persons in each audience; a pair is the least and the most.
        universe: Persons in the universe.
        overlaps: Measured overlaps of the audiences.

    Returns:
        The bounds in persons; nothing narrower follows from the same numbers.

    Raises:
        ContradictionError: An overlap cannot be true together with the other numbers.
        ValueError: As `union_bounds`; an overlap of an audience that is not there, of a share
            outside 0..1, or of less than two audiences; more than 12 audiences with overlaps.

    Source:
        Hailperin (1965), American Mathematical Monthly 72; `audience_impact.bounds`.

    Examples:
        95 % of the users of the second audience use the first:

        >>> both = Overlap(audiences=(0, 1), value=0.95, share_of=1)
        >>> sharp_union_bounds([96e6, 89e6], universe=105e6, overlaps=[both])
        Bounds(lower=100450000.0, upper=100450000.0)
    """
    from audience_impact.bounds import MeasuredOverlap, Sizes, bound_union, choose_consistent
    from audience_impact.vocabulary import OverlapKind

    low, high = _check_sizes(audiences, universe)
    limits = [_ends_of(overlap, i, len(low)) for i, overlap in enumerate(overlaps)]
    measured = [
        MeasuredOverlap(overlap.audiences, OverlapKind(overlap.kind), least, most, overlap.share_of)
        for overlap, (least, most) in zip(overlaps, limits, strict=True)
    ]
    sizes = Sizes(float(universe), tuple(low), tuple(high))
    ends = bound_union(sizes, measured)
    if ends is None:
        chosen = choose_consistent(sizes, measured)
        raise ContradictionError(min(set(range(len(measured))) - set(chosen)))
    return Bounds(*map(float, ends))


@overload
def estimate_union(
    audiences: Sequence[float],
    *,
    universe: float,
    calibration: "OverlapModel",
    country_id: str = ...,
    seed: int = ...,
    draws: int = ...,
) -> Estimate: ...


@overload
def estimate_union(
    audiences: "pd.DataFrame",
    *,
    universe: UniversePersons,
    calibration: "OverlapModel",
    country_id: Countries = ...,
    seed: int = ...,
    draws: int = ...,
) -> "pd.DataFrame": ...


def estimate_union(
    audiences: "Sequence[float] | pd.DataFrame",
    *,
    universe: UniversePersons,
    calibration: "OverlapModel",
    country_id: Countries = "",
    seed: int = 0,
    draws: int = 1000,
) -> "Estimate | pd.DataFrame":
    """Estimate the people in a union of audiences by a model of joint use.

    The audiences are taken to be exact: the interval covers the joint use of platforms
    and the error of the model, not errors of the figures.

    Args:
        audiences: Persons in each audience. Or a frame with a column for each audience: each row
            is a union, and has a number in every column, 0 for an audience that it does not have.
        universe: Persons in the universe, above 0. With a frame also one for each row, indexed as
            the frame.
        calibration: The model fitted to surveys, as `load_calibration` returns it.
        country_id: Two-letter code (ISO 3166) or English name of the country: its own surveys,
            where there are any, pull the estimate, and the draws are those of the pipeline. Blank:
            a country without a survey. With a frame also one for each row.
        seed: Seed of the draws; the same seed gives the same numbers everywhere.
        draws: Number of draws, at least 1.

    Returns:
        The 5, 50 and 95 % quantiles, in persons, inside `union_bounds`. For a frame, a frame with
        its index and the columns `q05_persons`, `q50_persons` and `q95_persons`.

    Raises:
        ValueError: As `union_bounds`; a pair for an audience; less than one draw; an unknown
            country. With a frame, the message names row and column.

    Source:
        docs/method.md; `audience_impact.overlap.copula` (one-factor Gaussian copula).

    Examples:
        >>> from audience_impact import load_calibration
        >>> model = load_calibration()
        >>> estimate = estimate_union([96e6, 89e6], universe=105e6, calibration=model)
        >>> [round(persons / 1e6, 1) for persons in estimate]
        [96.1, 101.3, 103.8]
        >>> import pandas as pd
        >>> services = pd.DataFrame({"whatsapp": [96e6, 47e6], "telegram": [89e6, 20e6]})
        >>> countries = pd.Series(["RU", "Brazil"])
        >>> (estimate_union(services, universe=105e6, calibration=model, country_id=countries) / 1e6
        ... ).round(1).to_numpy().tolist()
        [[96.4, 101.5, 103.9], [47.0, 53.1, 58.2]]
    """
    if hasattr(audiences, "columns"):
        return _estimate_rows(audiences, universe, calibration, country_id, (seed, draws))
    persons = _require_exact(audiences, universe)
    members = np.ones((1, len(persons)), dtype=bool)
    drawn = _draw_unions(persons / universe, members, calibration, country_id, (seed, draws))
    return Estimate(*_compute_quantiles(drawn[0] * universe))


def feature_users(
    audiences: Sequence[float],
    users: float,
    *,
    universe: float,
    calibration: "OverlapModel",
    country_id: str = "",
    seed: int = 0,
    draws: int = 1000,
) -> FeatureUsers:
    """Estimate the people of a union of audiences who use a feature that is restricted there.

    The users of the feature are treated as one more service of the model: |E and C| =
    |C| + |E| - |E or C|, with the exposed E and the users C.

    Args:
        audiences: Persons in the audience of each platform whose feature is restricted.
        users: Persons of the universe who use the feature, on whatever platform.
        universe: Persons in the universe, above 0.
        calibration: The model fitted to surveys, as `load_calibration` returns it.
        country_id: As for `estimate_union`.
        seed: Seed of the draws.
        draws: Number of draws, at least 1.

    Returns:
        Persons: max(0, C + least E - universe), the quantiles of the draws, min(C, most E).

    Raises:
        ValueError: As `estimate_union`.

    Source:
        Frechet (1935), Fundamenta Mathematicae 25; `audience_impact.bounds`.

    Examples:
        >>> from audience_impact import load_calibration
        >>> model = load_calibration()
        >>> estimate = feature_users([96e6, 89e6], 41.7e6, universe=105e6, calibration=model)
        >>> [round(persons / 1e6, 1) for persons in estimate]
        [32.7, 41.2, 41.5, 41.7, 41.7]
    """
    exposed = union_bounds(audiences, universe=universe)
    counted = _require_exact([users], universe, ["users"])
    persons = np.append(_require_exact(audiences, universe), counted)
    lower = max(0.0, users + exposed.lower - universe)
    upper = min(float(users), exposed.upper)
    members = np.array([[True] * (len(persons) - 1) + [False], [True] * len(persons)])
    drawn = _draw_unions(persons / universe, members, calibration, country_id, (seed, draws))
    exposed_draws, either_draws = drawn * universe
    both = np.clip(users + exposed_draws - either_draws, lower, upper)
    q05, q50, q95 = _compute_quantiles(both)
    return FeatureUsers(lower, q05, q50, q95, upper)


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
        _require_exact([daily, monthly], universe, ("daily", "monthly")) / universe
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
        Shamos and Hoey (1976), 17th FOCS (the sweep); `audience_impact.simulation.phases`.

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
    from audience_impact.simulation.phases import constant_intervals

    names = sorted(daily)
    persons = _require_exact([daily[name] for name in names], universe, names)
    pieces, parts = constant_intervals(_list_intervals(restrictions, names))
    members = np.zeros((int(parts["set_id"].max()) + 1, len(names)), dtype=bool)
    members[parts["set_id"], [names.index(name) for name in parts["item"]]] = True
    drawn = (
        _draw_unions(persons / universe, members, calibration, country_id, (seed, draws)) * universe
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


def _ends_of(overlap: Overlap, number: int, count: int) -> tuple[float, float]:
    """Return the least and the most of a measured overlap; raise ValueError where it is unsound."""
    what = f"overlap {number}"
    named = {*overlap.audiences, *(() if overlap.share_of is None else (overlap.share_of,))}
    if len(set(overlap.audiences)) < 2 or not named <= set(range(count)):
        raise ValueError(f"{what} names {overlap.audiences}: name two or more of 0..{count - 1}")
    if overlap.kind not in ("intersection", "union"):
        raise ValueError(f"{what} is of kind {overlap.kind!r}: give intersection or union")
    low, high = _check_pair(overlap.value, what)
    if overlap.share_of is not None and overlap.kind == "intersection" and high > 1.0:
        raise ValueError(f"{what} is {overlap.value}: a share lies in 0..1")
    return low, high


def _bound_sizes(
    audiences: Sequence[Persons], universe: float, names: Sequence[str] = ()
) -> Bounds:
    low, high = _check_sizes(audiences, universe, names)
    return Bounds(float(max(low)), float(min(universe, sum(high))))


def _bound_rows(frame: "pd.DataFrame", universe: UniversePersons) -> "pd.DataFrame":
    import pandas as pd

    bounds = [_bound_sizes(*row) for row in _list_rows(frame, universe)]
    return pd.DataFrame(bounds, frame.index, ["printed_min_persons", "printed_max_persons"])


def _estimate_rows(
    frame: "pd.DataFrame",
    universe: UniversePersons,
    model: "OverlapModel",
    country_id: Countries,
    seed_and_draws: tuple[int, int],
) -> "pd.DataFrame":
    import pandas as pd

    cells = _list_rows(frame, universe)
    universes = np.array([row_universe for _, row_universe, _ in cells])
    shares = np.array([_require_exact(*row) for row in cells]) / universes[:, None]
    countries = _align_cells(frame, country_id, "country_id").map(resolve_country).to_numpy()
    points = np.empty((len(frame), 3))
    for country in np.unique(countries):
        rows = np.flatnonzero(countries == country)
        for batch in np.split(rows, range(BATCH_ROWS, len(rows), BATCH_ROWS)):
            members = np.kron(np.eye(len(batch)), np.ones(shares.shape[1])).astype(bool)
            flat = shares[batch].reshape(-1)
            drawn = _draw_unions(flat, members, model, country, seed_and_draws)
            people = drawn * universes[batch, None]
            points[batch] = [_compute_quantiles(row) for row in people]
    names = ["q05_persons", "q50_persons", "q95_persons"]
    return pd.DataFrame(points, frame.index, names)


def _align_cells(frame: "pd.DataFrame", cells: Any, name: str) -> "pd.Series[Any]":
    """Return one cell for each row; raise ValueError where its index is not that of the frame."""
    import pandas as pd

    if not isinstance(cells, pd.Series):
        return pd.Series([cells] * len(frame), index=frame.index)
    if not cells.index.equals(frame.index):
        raise ValueError(f"{name} has another index than the frame: take both from one frame")
    return cells


def _list_rows(
    frame: "pd.DataFrame", universe: UniversePersons
) -> list[tuple[list[float], float, list[str]]]:
    """Return persons, universe and the names of the cells of each row; ValueError for text."""
    if not len(frame.columns):
        raise ValueError("the frame has no column: give a column for each audience")
    for column in frame.columns:
        if frame[column].dtype.kind not in "iuf":
            raise ValueError(f"column {column!r} has no numbers: give audiences in persons")
    persons = frame.to_numpy("float64", na_value=math.nan)
    universes = _align_cells(frame, universe, "universe").astype("float64")
    return [
        (list(row), row_universe, [f"row {label!r}, column {name!r}" for name in frame.columns])
        for label, row, row_universe in zip(frame.index, persons, universes, strict=True)
    ]


def _check_pair(value: Persons, what: str) -> tuple[float, float]:
    """Return the least and the most of a number; raise ValueError if they are invalid."""
    try:
        low, high = map(float, (value, value) if np.ndim(value) == 0 else value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(
            f"{what} is {value!r}: give a number, or a pair of the least and the most"
        ) from None
    if not (0.0 <= low < math.inf and 0.0 <= high < math.inf):
        raise ValueError(f"{what} is {value}: a finite number from 0 up is needed")
    if low > high:
        raise ValueError(f"{what} is {value}: the least is above the most")
    return low, high


def _check_sizes(
    audiences: Sequence[Persons], universe: float, names: Sequence[str] = ()
) -> tuple[list[float], list[float]]:
    """Return the least and the most persons of each audience.

    Raises ValueError where there is no audience or one is larger than the universe.
    """
    if math.isnan(universe) or universe <= 0.0:
        raise ValueError(f"the universe is {universe}: a number of persons above 0 is needed")
    called = names or [f"audience {i}" for i in range(len(audiences))]
    pairs = [_check_pair(value, name) for value, name in zip(audiences, called, strict=True)]
    if not pairs:
        raise ValueError("audiences is empty: give at least one audience")
    for name, (low, _) in zip(called, pairs, strict=True):
        if low > universe:
            raise ValueError(
                f"{name} ({low:,.0f}) is larger than the universe ({universe:,.0f}): "
                "both must count the same people"
            )
    return [low for low, _ in pairs], [high for _, high in pairs]


def _require_exact(
    audiences: Sequence[float], universe: float, names: Sequence[str] = ()
) -> "Array":
    """Return persons of each audience (audiences,); raise ValueError for pairs and inf."""
    low, high = _check_sizes(audiences, universe, names)
    if low != high:
        raise ValueError("an estimate needs a single number for each audience, not a pair")
    if math.isinf(universe):
        raise ValueError("an estimate needs a finite universe")
    return np.array(low)


def _draw_unions(
    shares: "Array",
    members: NDArray[np.bool_],
    model: "OverlapModel",
    country_id: str,
    seed_and_draws: tuple[int, int],
) -> "Array":
    """Return draws (unions, D) of unions, as shares of the universe of one country."""
    from audience_impact.overlap.model import Group
    from audience_impact.simulation.sampler import Sampler

    seed, draws = seed_and_draws
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    joint_use = model.joint_use(resolve_country(country_id), Sampler(seed, draws).draw_uniform)
    return model.draw_unions(Group(np.repeat(shares[:, None], draws, axis=1), joint_use, members))


def _compute_quantiles(drawn: "Array") -> list[float]:
    return [float(point) for point in np.quantile(drawn, PROBABILITIES)]


def resolve_country(country: str) -> str:
    """Return the two-letter code (ISO 3166-1) of a country given by its code or English name.

    A code selects the surveys and the draws of a country, so an unknown one would silently give the
    numbers of a country without a survey: raise ValueError for it, and for the name of several
    countries. Blank stays blank.
    """
    if not isinstance(country, str):
        raise ValueError(f"country_id is {country!r}: give a code or a name, as text")
    if not country.strip():
        return ""
    from audience_impact.answers.names import SHARED_NAMES, make_key

    key = make_key(country).removeprefix("the")  # with which no name of a country begins
    if key not in _load_codes():
        why = "no country has this code or name"
        if key in SHARED_NAMES:
            why = "several countries have this name"
        raise ValueError(
            f"country_id is {country!r}: {why}; give a two-letter code of ISO 3166-1 such as RU, "
            "or blank for a country without a survey"
        )
    return _load_codes()[key]


@cache
def _load_codes() -> dict[str, str]:
    """Return the code of each country by the keys of its English names and codes."""
    import pycountry

    from audience_impact.answers.names import SHARED_NAMES, list_area_names, make_key

    countries = {country.alpha_2 for country in pycountry.countries} | {KOSOVO}
    named = [*list_area_names(), *zip(countries, countries, strict=True)]
    codes = {make_key(text).removeprefix("the"): code for text, code in named if code in countries}
    return {key: code for key, code in codes.items() if key not in SHARED_NAMES}
