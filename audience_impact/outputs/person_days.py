"""Table `person_days`: person-days of restrictions and countries, by month and year.

Each total is computed three times: for what is certain (lower bound), what can be drawn
(quantiles), and what is possible (upper bound); then again with imputed ends. timeline.py describes
the method.

Columns `slowed_*` are a part of the others, never an addition to them: the person-days of people
under slowed restrictions alone. A person who is under a cut and under a slowed restriction on one
day counts as cut. Of a restriction they are all or nothing; of a country the people under any
restriction less those under a cut, in each draw; the bounds are the most that slowed restrictions
affect, and the least of these less the most that are cut.

Columns of KINDS are the person-days under restrictions of that kind in a year of a country: begun
in the year, older than a year, of the whole internet, of services alone. A person under two kinds
on a day counts in each.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from audience_impact.audiences.scope import COUNTRY
from audience_impact.bounds import frechet
from audience_impact.bounds.restrictions import BOUNDS, WITH_ERROR, Bounds
from audience_impact.frames import Array
from audience_impact.outputs.review.reasons import (
    choose_widest,
    state_reasons,
    undrawn_rule,
    withhold_quantiles,
)
from audience_impact.outputs.review.status_rules import ESTIMATED, MISSING, UNRELIABLE
from audience_impact.phases import (
    combine_hours,
    compute_hours,
    least_person_hours,
    sum_by_period,
    sum_most_hours,
    widen_hours,
)
from audience_impact.simulation import simulate, unions
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.parts import Countries
from audience_impact.simulation.sampler import ENDS, Sampler, draw_uniforms
from audience_impact.simulation.timeline import KINDS as ALL_KINDS
from audience_impact.simulation.timeline import Intervals, draw_days, draw_hours, mark_kinds
from audience_impact.vocabulary import ObsStatus

Made = TypeVar("Made")
UNITS = ("person_days", "person_hours")
HOURS = [f"{name}_person_hours" for name in (*BOUNDS, *unions.QUANTILES)]
EVERY = "all"
"""Value of `restriction_id` for all restrictions of the country together."""
KEY = ["restriction_id", "country_id", "period"]
ADDED = ["naive_sum_person_days", "naive_daily_sum_person_days"]
IMPUTED = "imputed_"
FEATURE = "feature_"
SLOWED = "slowed_"
KINDS = tuple(kind for kind in ALL_KINDS if kind != "carried_over_")
"""Prefixes of the columns of countries and years, those of timeline.py: what was carried over is
what remains of the total without what began.
"""


@dataclass(frozen=True)
class _Drawing:
    """The sampler of a run, and its draws of countries and places."""

    sampler: Sampler
    countries: Countries
    _results: dict[tuple[str, int], tuple[Intervals, Any]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def compute_once(self, name: str, intervals: Intervals, make: Callable[[], Made]) -> Made:
        """Return the result of `make`, computed once for the same intervals; not to be changed.

        Several totals have the same intervals, those of the median end for example.
        """
        key = name, id(intervals)  # the intervals are stored too, so that no others get their id
        if key not in self._results:
            self._results[key] = intervals, make()
        return cast("Made", self._results[key][1])

    def draw_per_day(
        self, intervals: Intervals, inputs: SimulationInputs, by_country: bool = False
    ) -> Array:
        """Return draws of people (sets, D) on a day; of countries, under restrictions present."""

        def draw() -> Array:
            present = simulate.draw_presence(inputs, self.sampler) if by_country else None
            return simulate.draw_people_on_a_day(
                inputs, intervals, self.countries.places, self.sampler, present
            )

        return self.compute_once("people", intervals, draw)


def make_person_days(inputs: SimulationInputs, sampler: Sampler, as_of: date) -> pd.DataFrame:
    """Return one row for each restriction and year or in all, and a country and month or year."""
    tables, drawing = [], _Drawing(sampler, simulate.draw_people_by_country(inputs, sampler))
    for by_country in (False, True):
        middle = "end" if by_country else "drawn_end"
        plain = _make_totals(inputs, drawing, by_country, ("least_end", middle, "most_end"))
        if not by_country:
            plain = plain.join(_feature_user_days(inputs, drawing))
        imputed = _make_totals(inputs, drawing, by_country, ("imputed_end",) * 3)
        imputed = imputed.drop(columns=["covered_days", "is_outweighed", *HOURS])
        imputed = imputed.add_prefix(IMPUTED)
        tables.append(_fill_ended(plain.join(imputed, how="left")))
    table = pd.concat(tables).reset_index()
    frame = table.merge(_naive_sums(inputs), on=KEY, how="left")
    frame = frame.join(_sum_kinds(inputs, drawing), on=KEY)
    frame = _add_slowed(_add_status(frame, inputs, as_of), inputs, drawing)
    return frame.sort_values(["restriction_id", "area_id", "period"], ignore_index=True)


def _fill_ended(table: pd.DataFrame) -> pd.DataFrame:
    """Set imputed columns to zero for periods after the imputed ends of all restrictions."""
    names = [name for name in table.columns if name.startswith(IMPUTED)]
    over = table[f"{IMPUTED}days"].isna()
    table.loc[over, names] = 0.0
    return table


def _make_totals(
    inputs: SimulationInputs,
    drawing: _Drawing,
    by_country: bool,
    ends: tuple[str, str, str],
) -> pd.DataFrame:
    """Return bounds and quantiles of person-days and person-hours by KEY.

    Draws exclude services without a daily figure. Where these force more than the median
    of the rest, the draws do not describe the total (`is_outweighed`).
    """
    timeline = inputs.timeline
    certain = timeline.confirmed_rows if by_country else timeline.certain_rows
    rows = (certain, timeline.drawn_rows, timeline.rows)
    least, middle, most = (
        timeline.find_intervals(kind_rows, end, by_country)
        for kind_rows, end in zip(rows, ends, strict=True)
    )
    hours = compute_hours(timeline.periods)
    table = _make_bounds(least, most, timeline.rows, hours)
    widened = widen_hours(hours, timeline.periods, (ENDS[0], ENDS[-1]))
    with_error = _make_bounds(least, most, timeline.rows_with_error, widened)
    table = table.join(_rename_with_error(with_error))
    drawn = drawing.compute_once(
        "quantiles", middle, lambda: _make_quantiles(inputs, middle, drawing, by_country)
    )
    counted = timeline.find_intervals(timeline.drawn_rows, "end", by_country)
    table["days"], table["covered_days"] = _days_in_force(most), _days_in_force(counted)
    sure = timeline.drawn_rows[timeline.drawn_rows["row"].isin(certain["row"])]
    drawn_lower = _lower_bounds(
        timeline.find_intervals(sure, ends[0], by_country), timeline.rows, hours
    )
    inside = drawn.reindex(table.index)
    for unit in UNITS:
        names = [f"{name}_{unit}" for name in unions.QUANTILES]
        drawn_bound = drawn_lower[f"lower_{unit}"].reindex(table.index).fillna(0.0)
        forced = table[f"lower_{unit}"].where(table[f"lower_{unit}"] > drawn_bound + 1.0, 0.0)
        outweighed = inside[f"q50_{unit}"] < forced
        inside[names] = inside[names].mask(outweighed)
        if unit == UNITS[0]:
            table["is_outweighed"] = outweighed
    return table.join(inside)


def _add_slowed(frame: pd.DataFrame, inputs: SimulationInputs, drawing: _Drawing) -> pd.DataFrame:
    """Return totals with the part that is only slowed; null where the total is."""
    rows = inputs.timeline.rows
    slowed_ids = rows.loc[rows["is_slowed"], "restriction_id"]
    is_restriction = frame["restriction_id"] != EVERY
    of_countries = _sum_slowed_days(inputs, drawing).reindex(pd.MultiIndex.from_frame(frame[KEY]))
    for name in (*BOUNDS, *unions.QUANTILES):
        total = frame[f"{name}_person_days"]
        part = of_countries[name].fillna(0.0).set_axis(frame.index)
        of_restriction = total.where(frame["restriction_id"].isin(slowed_ids), 0.0)
        frame[f"{SLOWED}{name}_person_days"] = of_restriction.where(is_restriction, part).where(
            total.notna()
        )
    return frame


def _sum_slowed_days(inputs: SimulationInputs, drawing: _Drawing) -> pd.DataFrame:
    """Return bounds and quantiles of the person-days of countries that are only slowed, by KEY."""
    timeline = inputs.timeline
    least = timeline.find_intervals(timeline.confirmed_rows, "least_end", by_country=True)
    most = timeline.find_intervals(timeline.rows, "most_end", by_country=True)
    table = _bound_slowed_days(least, most, timeline.rows)
    with_error = _bound_slowed_days(least, most, timeline.rows_with_error)
    table = table.join(with_error.rename(columns=WITH_ERROR))
    middle = timeline.find_intervals(timeline.drawn_rows, "end", by_country=True)
    if inputs.overlap_model is None or middle[1].empty:
        return table.reindex(columns=[*table.columns, *unions.QUANTILES])
    per_day = drawing.draw_per_day(middle, inputs, by_country=True)
    cut = np.zeros_like(per_day)
    sets, of_cut = _select_members(middle, timeline.rows, is_slowed=False)
    if len(sets):
        cut[sets] = drawing.draw_per_day(of_cut, inputs, by_country=True)
    days = _sum_days(middle, np.maximum(per_day - cut, 0.0))
    quantiles = unions.compute_quantiles(days.to_numpy(), days.index, "person_days")
    return table.join(quantiles.set_axis(unions.QUANTILES, axis=1))


def _sum_kinds(inputs: SimulationInputs, drawing: _Drawing) -> pd.DataFrame:
    """Return bounds and quantiles of the person-days of each of KINDS in each year, by KEY."""
    line = inputs.timeline
    marks = mark_kinds(line)
    keys = _days_in_force(line.find_intervals(line.rows, "most_end", by_country=True)).index
    is_year = keys.get_level_values("period").str.len() == len("2025")
    years = pd.DataFrame(index=keys[is_year])
    for kind in KINDS:
        of_kind = _sum_kind_days(inputs, drawing, marks.index[marks[kind]])
        none = ~years.index.isin(of_kind.index)
        years = years.join(of_kind.add_prefix(kind).add_suffix("_person_days"))
        years.loc[none, [f"{kind}{end}_person_days" for end in WITH_ERROR.values()]] = 0.0
        years, _ = withhold_quantiles(years, UNITS[0], kind)
    return years


def _sum_kind_days(inputs: SimulationInputs, drawing: _Drawing, numbers: pd.Index) -> pd.DataFrame:
    """Return bounds and quantiles of the person-days of countries under some rows, by KEY."""
    line = inputs.timeline
    kinds = (line.confirmed_rows, "least_end"), (line.drawn_rows, "end"), (line.rows, "most_end")
    least, middle, most = (
        line.find_intervals(rows[rows["row"].isin(numbers)], end, by_country=True)
        for rows, end in kinds
    )
    rows = line.rows_with_error
    table = _sum_days(most, _bound_people(most, rows, "upper")).set_axis(["at_most"], axis=1)
    lower = _sum_days(least, _bound_people(least, rows, "lower"))
    table["at_least"] = lower[0].reindex(table.index).fillna(0.0)
    if inputs.overlap_model is None or middle[1].empty:
        return table.reindex(columns=[*table.columns, *unions.QUANTILES])
    days = _sum_days(middle, drawing.draw_per_day(middle, inputs, by_country=True))
    drawn = _quantiles_of(days, "person_days").set_axis(list(unions.QUANTILES), axis=1)
    return table.join(drawn)


def _select_members(
    intervals: Intervals, rows: pd.DataFrame, is_slowed: bool
) -> tuple[Array, Intervals]:
    """Return the sets that have slowed rows (or other rows), and the intervals of only these.

    The intervals number the sets from zero.
    """
    pieces, members = intervals
    slowed = members["row"].map(rows.set_index("row")["is_slowed"]).astype(bool)
    some = members[slowed == is_slowed]
    sets = np.unique(some["set_id"])
    numbered = pieces[pieces["set_id"].isin(sets)]
    return sets, (
        numbered.assign(set_id=np.searchsorted(sets, numbered["set_id"])),
        some.assign(set_id=np.searchsorted(sets, some["set_id"])),
    )


def _bound_slowed_days(least: Intervals, most: Intervals, rows: pd.DataFrame) -> pd.DataFrame:
    """Return `lower` and `upper` of the person-days of countries that are only slowed, by KEY."""
    upper, cut = (
        _sum_days(most, _bound_some(most, rows, is_slowed, "upper")) for is_slowed in (True, False)
    )
    sure = _sum_days(least, _bound_some(least, rows, is_slowed=True, end="lower"))
    lower = (sure.reindex(upper.index) - cut).clip(lower=0.0).fillna(0.0)
    return pd.DataFrame({"lower": lower[0], "upper": upper[0]})


def _bound_some(intervals: Intervals, rows: pd.DataFrame, is_slowed: bool, end: str) -> Array:
    """Return the bound on people of a day in slowed rows, or in others, of each set (sets, 1)."""
    sets, some = _select_members(intervals, rows, is_slowed)
    bound = np.zeros((intervals[0]["set_id"].nunique(), 1))
    if len(sets):
        bound[sets] = _bound_people(some, rows, end)
    return bound


def _rename_with_error(table: pd.DataFrame) -> pd.DataFrame:
    """Return bounds under the column names of bounds with errors."""
    return table.rename(columns=lambda name: WITH_ERROR[name[:5]] + name[5:])


def _make_bounds(
    least: Intervals, most: Intervals, rows: pd.DataFrame, hours: pd.DataFrame
) -> pd.DataFrame:
    """Return bounds on person-days and person-hours by KEY.

    `rows` and `hours` are either the bounds as printed or those with errors.
    """
    upper = _bound_people(most, rows, "upper")
    table = _sum_days(most, np.hstack([upper, upper * sum_most_hours(most, rows, hours)]))
    table = table.set_axis([f"upper_{unit}" for unit in UNITS], axis=1)
    lower = _lower_bounds(least, rows, hours)
    return table.join(lower.reindex(table.index).fillna(0.0))


def _lower_bounds(intervals: Intervals, rows: pd.DataFrame, hours: pd.DataFrame) -> pd.DataFrame:
    """Return lower bounds on person-days and person-hours by KEY."""
    people = _bound_people(intervals, rows, "lower")
    person_hours = least_person_hours(intervals, rows, hours)
    table = _sum_days(intervals, np.hstack([people, person_hours]))
    return table.set_axis([f"lower_{unit}" for unit in UNITS], axis=1)


def _days_in_force(intervals: Intervals) -> pd.Series:
    """Return days in force by KEY; for several countries the maximum, not the sum."""
    if intervals[0].empty:
        return _sum_days(intervals, np.empty((0, 1)))[0]
    periods, _ = sum_by_period(intervals[0], np.empty((intervals[0]["set_id"].nunique(), 0)))
    table = _make_keys(periods).assign(days=periods["days"])
    is_restriction = table["restriction_id"] != EVERY
    years = table[is_restriction & (periods["period"].str.len() == 4)]
    in_all = years.assign(period=EVERY).groupby(KEY)["days"].sum().reset_index()
    totals = pd.concat([table[~is_restriction], years, in_all])
    totals["country_id"] = totals["country_id"].where(totals["restriction_id"] == EVERY, "")
    return totals.groupby(KEY)["days"].max().astype("float64")


def _make_keys(periods: pd.DataFrame) -> pd.DataFrame:
    number, groups = pd.factorize(periods["group"])
    words = pd.Series(groups, dtype="str").str.rsplit("|", n=1)
    restriction = words.str[0].where(words.str.len() == 2, EVERY)
    return pd.DataFrame(
        {
            "restriction_id": restriction.iloc[number].to_numpy(),
            "country_id": words.str[-1].iloc[number].to_numpy(),
            "period": periods["period"].to_numpy(),
        }
    )


def _bound_people(intervals: Intervals, rows: pd.DataFrame, end: str) -> Array:
    """Return bound on the people of a day of each set (sets, 1)."""
    bound = frechet.bound_sets(intervals[1], rows, "daily_low_persons", "daily_high_persons")
    return np.asarray(bound[[end]].to_numpy("float64"))


def _make_quantiles(
    inputs: SimulationInputs, intervals: Intervals, drawing: _Drawing, by_country: bool
) -> pd.DataFrame:
    """Return quantiles of person-days and person-hours by KEY, where something can be drawn."""
    if inputs.overlap_model is None or intervals[1].empty:
        return no_quantiles(KEY, "person_days").join(no_quantiles(KEY, "person_hours"))
    per_day = drawing.draw_per_day(intervals, inputs, by_country)
    timeline = inputs.timeline
    sampler = drawing.sampler
    u = draw_uniforms(sampler.seed, "hours of several", sampler.count)
    hours = combine_hours(intervals, timeline.rows, draw_hours(timeline.periods, sampler), u)
    days, times = (
        _sum_drawn_days(intervals, people, inputs, sampler) for people in (per_day, per_day * hours)
    )
    return _quantiles_of(days, "person_days").join(_quantiles_of(times, "person_hours"))


def _quantiles_of(draws: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Return quantiles of totals by KEY, without periods that no 95 % quantile reaches.

    Such a period has only bounds.
    """
    table = unions.compute_quantiles(draws.to_numpy(), draws.index, unit)
    is_reached = (draws > 0.0).any(axis=1) & (table[f"q95_{unit}"] > 0.0)
    return table[is_reached.to_numpy()]


def _sum_drawn_days(
    intervals: Intervals, per_day: Array, inputs: SimulationInputs, sampler: Sampler
) -> pd.DataFrame:
    """Return draws of person-days by KEY, each with a draw of the unknown ends.

    Intervals extend to the last day that may be drawn. In totals of countries, an unknown end is
    always the median end.
    """
    pieces = intervals[0]
    restriction = pieces["group"].str.rsplit("|", n=1).str[0]
    unknown = _unknown_ends(inputs)
    is_drawn = pieces["group"].str.contains("|", regex=False) & restriction.isin(unknown)
    if not is_drawn.any():
        return _sum_days(intervals, per_day)
    table = _sum_days((pieces.assign(days=pieces["days"].mask(is_drawn, 0)), intervals[1]), per_day)
    some, names = pieces[is_drawn], restriction[is_drawn]
    number, ids = pd.factorize(names)
    periods = inputs.timeline.periods
    drawn = draw_days(periods, pd.Series(ids), sampler)[number]
    before = (some["start"] - periods["from_day"].reindex(names).to_numpy()).dt.days.to_numpy()
    length = some["days"].to_numpy("float64")[:, None]
    people = np.clip(drawn - before[:, None], 0.0, length) * per_day[some["set_id"].to_numpy()]
    for period in (some["month"].str.slice(0, -3), pd.Series(EVERY, some.index)):
        keys = pd.MultiIndex.from_arrays([names, pd.Series("", some.index), period], names=KEY)
        place, distinct = pd.factorize(keys)
        by_key = csr_array((np.ones(len(place)), (place, np.arange(len(place)))))
        table.loc[distinct] += by_key @ people
    return table


def _feature_user_days(inputs: SimulationInputs, drawing: _Drawing) -> pd.DataFrame:
    """Return bounds and quantiles of the person-days of the feature users, by KEY.

    Users of a whole service are all people exposed to it. If E people are exposed on a day and U
    are users of the feature, at least E + U minus all exposed are both, and at most the smaller
    number. The draws assume that the share of users is the same on each day.
    """
    timeline = inputs.timeline
    least, most = (
        timeline.find_intervals(rows, end, by_country=False)
        for rows, end in ((timeline.certain_rows, "least_end"), (timeline.rows, "most_end"))
    )
    table = _bound_feature_days(least, most, inputs, inputs.bounds, timeline.rows)
    with_error = _bound_feature_days(
        least, most, inputs, inputs.bounds_with_error, timeline.rows_with_error
    )
    table = table.join(_rename_with_error(with_error))
    middle = timeline.find_intervals(timeline.drawn_rows, "drawn_end", by_country=False)
    drawn = no_quantiles(KEY, "person_days")
    if inputs.overlap_model is not None and not middle[1].empty:
        people = drawing.draw_per_day(middle, inputs)
        per_day = people * _part_of_users(middle, inputs, drawing.countries)
        users = _sum_drawn_days(middle, per_day, inputs, drawing.sampler)
        drawn = _quantiles_of(users, "person_days")
    return table.add_suffix("_person_days").join(drawn.reindex(table.index)).add_prefix(FEATURE)


def _bound_feature_days(
    least: Intervals, most: Intervals, inputs: SimulationInputs, bounds: Bounds, rows: pd.DataFrame
) -> pd.DataFrame:
    """Return bounds on the person-days of feature users by KEY."""
    upper = _sum_days(most, _bound_users(most, inputs, bounds, rows, "upper"))
    lower = _sum_days(least, _bound_users(least, inputs, bounds, rows, "lower"))
    lower = lower.reindex(upper.index).fillna(0.0)
    return pd.DataFrame({"lower": lower[0], "upper": upper[0]})


def _restriction_of(intervals: Intervals) -> pd.DataFrame:
    """Return restriction and country of each set, in the order of the sets."""
    groups = intervals[0].drop_duplicates("set_id").sort_values("set_id")["group"]
    parts = groups.str.rsplit("|", n=1)
    return pd.DataFrame({"restriction_id": parts.str[0], "country_id": parts.str[-1]})


def _bound_users(
    intervals: Intervals, inputs: SimulationInputs, bounds: Bounds, rows: pd.DataFrame, end: str
) -> Array:
    """Return the bound `end` on the persons of each set who use the feature on a day, (sets, 1)."""
    restriction_ids = _restriction_of(intervals)["restriction_id"]
    exposed = _bound_people(intervals, rows, end)
    is_whole = restriction_ids.map(inputs.is_whole_service).eq(True).to_numpy()[:, None]
    single = ~restriction_ids.map(_has_several_countries(inputs)).astype(bool).to_numpy()[:, None]
    users = bounds.feature_users.reindex(restriction_ids)[f"{end}_persons"].to_numpy("float64")[
        :, None
    ]
    most = bounds.exposed.reindex(restriction_ids)["upper_persons"].to_numpy("float64")[:, None]
    part = np.fmin(exposed, users) if end == "upper" else np.fmax(exposed + users - most, 0.0)
    open_end = exposed if end == "upper" else np.zeros_like(exposed)
    return np.where(is_whole, exposed, np.where(single, part, open_end))


def _has_several_countries(inputs: SimulationInputs) -> pd.Series:
    """Return whether a restriction has several countries, and users only for their sum."""
    rows = inputs.timeline.rows
    return rows.groupby("restriction_id")["country_id"].nunique() > 1


def _part_of_users(intervals: Intervals, inputs: SimulationInputs, drawn: Countries) -> Array:
    """Return draws (sets, D) of the share of those exposed who use the restricted features."""
    exposed, users = drawn.exposed, drawn.users
    keys = pd.MultiIndex.from_frame(inputs.countries[COUNTRY])
    at = keys.get_indexer(pd.MultiIndex.from_frame(_restriction_of(intervals)))
    share = np.divide(users, exposed, out=np.ones_like(users), where=exposed > 0.0)
    with_blank = np.vstack([share, np.full((1, users.shape[1]), np.nan)])
    return np.asarray(with_blank[at])  # -1 where nobody is drawn: the last row


def _no_rows(key: list[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([pd.Index([], dtype="str")] * len(key), names=key)


def no_quantiles(key: list[str], unit: str) -> pd.DataFrame:
    """Return an empty table of quantiles, indexed by the key."""
    names = [f"{name}_{unit}" for name in unions.QUANTILES]
    return pd.DataFrame(columns=names, index=_no_rows(key), dtype="float64")


def _sum_days(intervals: Intervals, per_day: Array) -> pd.DataFrame:
    """Return person-days by KEY; months only for countries, a grand total only for restrictions.

    A total of several countries is missing if that of one of them is.
    """
    if intervals[0].empty:
        return pd.DataFrame(np.empty((0, per_day.shape[1])), index=_no_rows(KEY))
    keys, days = _days_of_sets(intervals[0], len(per_day))
    return pd.DataFrame(np.asarray(days @ per_day), index=keys)


def _days_of_sets(pieces: pd.DataFrame, sets: int) -> tuple[pd.MultiIndex, csr_array]:
    """Return the keys (KEY) in order, and the days (keys, sets) on which each set is in force."""
    is_restriction = (
        pieces["group"].str.contains("|", regex=False).to_numpy()
    )  # a restriction has no months
    months = np.flatnonzero(~is_restriction), pieces["month"][~is_restriction]
    years = np.arange(len(pieces)), pieces["month"].str.slice(0, -3)
    in_all = np.flatnonzero(is_restriction), pd.Series(EVERY, pieces.index[is_restriction])
    at = np.concatenate([piece for piece, _ in (months, years, in_all)])
    periods = pd.concat([period for _, period in (months, years, in_all)])
    rows = _make_keys(
        pd.DataFrame({"group": pieces["group"].to_numpy()[at], "period": periods.array})
    )
    rows["country_id"] = rows["country_id"].where(rows["restriction_id"] == EVERY, "")
    number = rows.groupby(KEY).ngroup().to_numpy()  # in the order of the keys
    first = np.unique(number, return_index=True)[1]
    keys = pd.MultiIndex.from_frame(rows[KEY].iloc[first])
    days = pieces["days"].to_numpy("float64")[at]
    place = number, pieces["set_id"].to_numpy()[at]
    return keys, csr_array((days, place), shape=(len(keys), sets))


def _naive_sums(inputs: SimulationInputs) -> pd.DataFrame:
    """Return the plain sums of monthly and of daily audiences over days and restrictions."""
    timeline = inputs.timeline
    counted_in_force = timeline.rows["is_counted"] & ~timeline.rows["restriction_id"].isin(
        inputs.timeline.periods.index[inputs.timeline.periods["from_day"].isna()]
    )
    rows = timeline.rows[counted_in_force]
    intervals = timeline.find_intervals(rows, "end", by_country=False)
    added = pd.concat(
        [
            frechet.bound_sets(intervals[1], rows, "monthly_low_persons", column)["added"].rename(
                name
            )
            for column, name in zip(("monthly_high_persons", "daily_persons"), ADDED, strict=True)
        ],
        axis=1,
    )
    restriction_sums = _sum_days(intervals, added.to_numpy("float64")).set_axis(ADDED, axis=1)
    return pd.concat([restriction_sums, _naive_country_sums(intervals, added)]).reset_index()


def _unknown_ends(inputs: SimulationInputs) -> pd.Index:
    """Return the restrictions without a known end."""
    return inputs.timeline.periods.index[inputs.timeline.periods["is_end_unknown"]]


def _naive_country_sums(intervals: Intervals, added: pd.DataFrame) -> pd.DataFrame:
    """Return the plain sums over the restrictions of each country; `added` (sets, ADDED)."""
    parts = []
    for name in ADDED:
        counted = intervals[0][intervals[0]["set_id"].isin(added[name].dropna().index)]
        periods, days = sum_by_period(counted, added[[name]].fillna(0.0).to_numpy("float64"))
        table = periods.assign(
            restriction_id=EVERY,
            country_id=periods["group"].str.rsplit("|", n=1).str[1],
            value=days[:, 0],
        )
        parts.append(table.groupby(KEY)["value"].sum().rename(name))
    return pd.concat(parts, axis=1)


def _add_status(frame: pd.DataFrame, inputs: SimulationInputs, as_of: date) -> pd.DataFrame:
    """Return areas, status and reasons of each total."""
    rows, is_restriction = inputs.timeline.rows, frame["restriction_id"] != EVERY
    widest = choose_widest(frame["restriction_id"], inputs.parts)
    frame, withheld = _withhold_quantiles(frame, widest)
    is_undrawn = frame["q50_person_days"].isna()
    why = {
        "end_unknown": rows["restriction_id"].isin(_unknown_ends(inputs)),
        "some_bounds_only": ~rows["is_complete"],
        "no_daily": rows["is_complete"] & ~rows["is_daily_drawn"],
        "daily_from_shares": rows["is_complete"]
        & rows["is_daily_drawn"]
        & ~rows["is_daily_measured"],
        "some_imputed": rows["is_complete"] & rows["is_daily_drawn"] & rows["is_imputed"],
    }
    flags = {rule: _totals_with(frame, inputs, rows[some]) for rule, some in why.items()}
    flags |= {"outweighed": frame["is_outweighed"], **withheld}
    if inputs.overlap_model is None:
        flags[undrawn_rule(inputs)] = is_undrawn & ~np.logical_or.reduce(list(flags.values()))
    words = state_reasons(flags, frame.index)[["reason", "reason_rule_ids"]]
    areas = rows.groupby("restriction_id")["country_id"].agg(lambda ids: ";".join(sorted(set(ids))))
    return frame.drop(columns="is_outweighed").assign(
        area_id=frame["country_id"].where(~is_restriction, frame["restriction_id"].map(areas)),
        **words,
        obs_status=np.select(
            [is_undrawn, flags["some_imputed"], words["reason"] != ""],
            [MISSING, ObsStatus.IMPUTED.value, UNRELIABLE],
            ESTIMATED,
        ),
        as_of=as_of.isoformat(),
    )


def _withhold_quantiles(
    frame: pd.DataFrame, widest: "pd.Series[float]"
) -> tuple[pd.DataFrame, dict[str, "pd.Series[bool]"]]:
    """Return totals with unusable quantiles blanked, and the rule that blanked them."""
    families = (*((unit, "") for unit in UNITS), (UNITS[0], IMPUTED), (UNITS[0], FEATURE))
    withheld = pd.DataFrame(False, frame.index, ["outside_bounds", "no_width", "too_wide"])
    for unit, kind in families:
        bound = "" if kind else f"upper_{unit}"
        frame, blanked = withhold_quantiles(frame, unit, kind, bound, widest)
        withheld |= pd.DataFrame(blanked, columns=withheld.columns)
    return frame, {name: withheld[name] for name in withheld}


def _totals_with(frame: pd.DataFrame, inputs: SimulationInputs, rows: pd.DataFrame) -> pd.Series:
    """Return True for totals to which some of the rows contribute."""
    is_restriction = frame["restriction_id"].isin(rows["restriction_id"])
    timeline = inputs.timeline
    pieces, members = timeline.find_intervals(timeline.rows, "most_end", by_country=True)
    sets = members.loc[members["row"].isin(rows["row"]), "set_id"]
    months = pieces.loc[pieces["set_id"].isin(sets), ["group", "month"]].drop_duplicates()
    years = months.assign(month=months["month"].str.slice(0, -3))
    periods = pd.concat([months, years]).assign(restriction_id=EVERY)
    at = pd.MultiIndex.from_frame(periods[["restriction_id", "group", "month"]])
    return is_restriction | pd.MultiIndex.from_frame(frame[KEY]).isin(at)
