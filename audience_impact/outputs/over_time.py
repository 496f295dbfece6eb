"""Sets of restrictions that are in force together in a country: by month and year, and by day.

Sets of periods have the rows in force on some day of a month or year; a year has at least the
people of each of its months, in bounds and in every draw. Sets of days are those of the last two
years: everyone exposed on the day, whether they come on that day or not, beside those who come on
it (person-days). Each kind of restriction (vocabulary.RestrictionKind) has sets of its own. The
method is that of areas.py.

Table `draws` has the first draws of the years of countries, of which the quantiles are computed, so
that a reader can add up countries that no published region has together.
"""

from datetime import date

import numpy as np
import pandas as pd

from audience_impact.frames import Array, Integers
from audience_impact.outputs import areas
from audience_impact.outputs.areas import ALL, BASES, KEY, Members, Sets
from audience_impact.outputs.queries import DayEngine, DaysByKind
from audience_impact.periods import ONE_DAY, parse_periods
from audience_impact.places import nesting
from audience_impact.simulation.phases import find_equal_sets
from audience_impact.simulation.simulate import Simulation, SimulationInputs
from audience_impact.simulation.timeline import OLDER_DAYS, find_days_in_force, spread_kinds
from audience_impact.simulation.worlds import DRAWN, find_undrawn, join_worlds
from audience_impact.vocabulary import RestrictionKind

YEARS = 2
OF_PERIODS = ["country_id", "period", "kind"]
WITHIN_YEARS = (ALL, RestrictionKind.ORDERED.value)
"""Kinds of which a year has at least the people of each of its months."""
ENDS = {"most": "most_end", "least": "least_end", "drawn": "end", "daily": "end"}
"""The kinds of rows in a set, with the end date up to which a restriction counts in each."""
OF_MONTHS = ("most", "least", "drawn")
PUBLISHED_DRAWS = 250
"""Number of draws of a country-year that are published, the first of a run: the shares of draws
below the 5 % and the 95 % quantile have a standard error of 1.4 points."""
NONE = -1


def _list_rows(inputs: SimulationInputs) -> Members:
    """Return the rows of the timeline of each kind; `daily` are drawn on a day."""
    line = inputs.timeline
    complete = line.rows["restriction_id"].isin(inputs.countries["restriction_id"])
    ready = (line.monthly["shape"] != "").to_numpy() & line.rows["base_persons"].notna()
    return {
        "most": line.rows,
        "least": line.confirmed_rows,
        "drawn": line.rows[complete & ready],
        "daily": line.drawn_rows,
    }


def _number_sets(rows_of: Members, key: list[str]) -> tuple[pd.DataFrame, Members]:
    """Return the sets of rows with the same key (`set_id`, key), and the rows of each by kind."""
    table = rows_of["most"][key].drop_duplicates().sort_values(key, ignore_index=True)
    numbers = table.reset_index(names="set_id")
    members = {
        world: rows[[*key, "row"]].merge(numbers, on=key, validate="m:1")[["set_id", "row"]]
        for world, rows in rows_of.items()
    }
    return numbers, members


def unite_people(simulation: Simulation, period: str = "") -> Array:
    """Return the people (1, DRAWN + D) under any restriction of a simulation in a `period`.

    The period is blank for all time; countries in which one is in force are added up.
    """
    inputs = simulation.inputs
    limits = parse_periods(pd.Series([period])).iloc[0]
    countries = sorted(set(inputs.timeline.rows["country_id"]))
    members, rows_of = {}, _list_rows(inputs)
    for world in OF_MONTHS:
        rows = rows_of[world]
        days = find_days_in_force(rows, inputs.timeline.periods, ENDS[world])
        outside = (days["start"] >= limits["end"]) | (days["end"] <= limits["start"])
        inside = (days["start"] < days["end"]) & ~outside  # NaT, of all time, leaves nothing out
        sets = rows["country_id"].map(countries.index)
        members[world] = rows[["row"]].assign(set_id=sets)[inside].reset_index(drop=True)
    row, people = areas.draw_apart(simulation, members, pd.Series("", range(len(countries))))
    in_force = people[row[members["most"]["set_id"].unique()]]
    return np.asarray(in_force.sum(axis=0, keepdims=True))


# ---- By month and year ----


def draw_periods(simulation: Simulation, by_kind: DaysByKind) -> Sets:
    """Return the people under restrictions of each kind in each country and period."""
    inputs, rows_of = simulation.inputs, _list_rows(simulation.inputs)
    alive = {
        world: spread_kinds(inputs.timeline, _list_by_period(inputs, rows_of[world], ENDS[world]))
        for world in OF_MONTHS
    }
    numbers, members = _number_sets(alive, OF_PERIODS)
    table = numbers[OF_PERIODS]
    counts, shared = areas.count_restrictions(members["most"], inputs, len(table))
    keys = pd.MultiIndex.from_frame(table)
    described = table.join(counts).join(_describe_sets(members["most"], inputs))
    described["days"] = by_kind.days.reindex(keys, fill_value=0.0).to_numpy()
    nobody = np.zeros((1, by_kind.people.shape[1]))
    row, persons = _draw_people(simulation, table, members)
    people = {"persons": persons, "person_days": np.vstack([nobody, by_kind.people])}
    days_row = 1 + by_kind.row.reindex(keys, fill_value=-1).to_numpy()
    rows = {"persons": row, "person_days": days_row}
    return Sets(described, shared, numbers[["set_id", "period", "kind"]], people, rows)


def make_draws(sets: Sets, published: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `draws`: countries that are drawn, years, and the first draws.

    Years without a median among the `published` rows of `areas.make_rows` are left out.
    """
    table, people = sets.table, sets.people["persons"]
    is_year = (table["period"].str.len() == len("2025")) & (table["kind"] == ALL)
    answered = pd.MultiIndex.from_frame(published.loc[published["q50_persons"].notna(), KEY])
    is_year &= pd.MultiIndex.from_frame(table[OF_PERIODS]).isin(answered)
    row = sets.rows["persons"]
    rows = np.flatnonzero(is_year.to_numpy("bool") & ~find_undrawn(people)[row])
    drawn = people[row[rows], DRAWN : DRAWN + PUBLISHED_DRAWS]
    keys = table.iloc[rows.repeat(drawn.shape[1])]
    return pd.DataFrame(
        {
            "area_id": keys["country_id"].to_numpy(),
            "year": keys["period"].to_numpy(),
            "draw": np.tile(np.arange(drawn.shape[1], dtype="float64"), len(rows)),
            "persons": drawn.ravel(),
        }
    )


def _list_by_period(inputs: SimulationInputs, rows: pd.DataFrame, end: str) -> pd.DataFrame:
    intervals, _ = inputs.timeline.find_intervals(rows, end, by_country=True)
    months = intervals[["group", "month"]].set_axis(["country_id", "period"], axis=1)
    years = months.assign(period=months["period"].str[:4])
    periods = pd.concat([months, years]).drop_duplicates()
    limits = parse_periods(periods["period"])
    periods = periods.assign(first=limits["start"], last=limits["end"])
    days = find_days_in_force(rows, inputs.timeline.periods, end)
    joined = rows[["country_id", "row"]].join(days).merge(periods, on="country_id")
    inside = (joined["start"] < joined["last"]) & (joined["end"] > joined["first"])
    return joined.loc[inside, ["country_id", "period", "row"]]


def _draw_people(
    simulation: Simulation, table: pd.DataFrame, members: Members
) -> tuple[Integers, Array]:
    """Return people, and the row of each set; a year has at least those of each of its months."""
    is_within = table["kind"].isin(WITHIN_YEARS)
    together = table["kind"] + table["period"].str.len().astype("str").where(~is_within, "")
    row, people = areas.draw_apart(simulation, members, together)
    within = table[is_within]
    of_years = pd.MultiIndex.from_frame(within.assign(period=within["period"].str[:4]))
    year = pd.MultiIndex.from_frame(table).get_indexer(of_years)
    pairs = pd.DataFrame({"year": year, "row": row[is_within]}).drop_duplicates()
    at, years = pd.factorize(pairs["year"])
    persons = people[row[years]]
    largest = nesting.find_largest(people, pairs["row"].to_numpy(), at, len(years), np.nan)
    raised = np.fmax(persons, largest)
    raised[find_undrawn(persons), DRAWN:] = np.nan
    row[years] = len(people) + np.arange(len(years))
    return row, np.vstack([people, raised])


def _describe_sets(members: pd.DataFrame, inputs: SimulationInputs) -> pd.DataFrame:
    rows = inputs.timeline.rows.set_index("row")
    expected = (rows["expected_persons"] / rows["base_persons"]).fillna(1.0)
    people = rows[["platform_id", "base"]].assign(
        base_persons=np.fmax.reduce(inputs.timeline.online_limits, axis=1),
        base_q50_persons=rows["online_persons"] * expected,
    )
    count = 1 + int(members["set_id"].max()) if len(members) else 0
    number, (distinct,) = find_equal_sets([members], np.zeros(count, dtype=np.int64))
    joined = distinct.join(people, on="row")
    joined = joined.sort_values(["set_id", "base_persons", "platform_id"])
    groups = joined.groupby("set_id")
    described = pd.DataFrame(
        {
            "base": groups["base"].last(),
            **{name: groups[name].max(skipna=False) for name in BASES},
            "platform_ids": groups["platform_id"].agg(lambda ids: ";".join(sorted(set(ids)))),
        }
    )
    return described.reindex(number).reset_index(drop=True)


# ---- By day ----


def draw_days(simulation: Simulation, as_of: date) -> Sets:
    """Return the people of each country on the days of the last two years, by kind.

    A set is a combination of rows in force, with the number of those that are older than a year,
    which grows in the order of their starts, and the day where one began on it: rows of one set are
    of the same kinds on all of its days.
    """
    inputs = simulation.inputs
    days, of_sets = _list_days(inputs, pd.Timestamp(as_of))
    state = _mark_ages(days, of_sets["most"], inputs)
    key = ["country_id", *ENDS, *state]
    days["moment"] = days.join(state).groupby(key, dropna=False, sort=False).ngroup()
    days["period"] = days["day"].dt.strftime("%Y-%m-%d")
    moments = days.drop_duplicates("moment")
    rows_of = {
        world: spread_kinds(inputs.timeline, moments.merge(rows, left_on=world, right_on="set_id"))
        for world, rows in of_sets.items()
    }
    table, members = _number_sets(rows_of, ["country_id", "kind", "moment"])
    counts, shared = areas.count_restrictions(members["most"], inputs, len(table))
    cells = days[["period", "moment"]].merge(table, on="moment")
    on_a_day = [members[kind] for kind in ("least", "most", "daily")]
    day_row, on_a_day = find_equal_sets(on_a_day, np.zeros(len(table), dtype=np.int64))
    count = 1 + int(day_row.max(initial=-1))
    daily = DayEngine(simulation).unite_people(on_a_day, [count] * 3, if_present=True)
    row, persons = areas.draw_apart(simulation, members, table["kind"])
    people = {"persons": persons, "person_days": join_worlds(*daily)}
    rows = {"persons": row, "person_days": day_row}
    described = table[["country_id", "kind"]].join(counts)
    return Sets(described, shared, cells[["set_id", "period", "kind"]], people, rows)


def _list_days(inputs: SimulationInputs, today: pd.Timestamp) -> tuple[pd.DataFrame, Members]:
    """Return days of countries with the set of each of ENDS (or NONE), and the rows of the sets."""
    first = today - pd.DateOffset(years=YEARS) + ONE_DAY
    intervals = {
        world: inputs.timeline.find_intervals(rows, ENDS[world], by_country=True)
        for world, rows in _list_rows(inputs).items()
    }
    days, *others = (
        _spread_days(pieces, first, today).rename(columns={"set_id": world})
        for world, (pieces, _) in intervals.items()
    )
    for part in others:
        days = days.merge(part, on=["country_id", "day"], how="left", validate="m:1")
    filled = days.fillna(dict.fromkeys(ENDS, NONE)).astype(dict.fromkeys(ENDS, "int64"))
    return filled, {world: members for world, (_, members) in intervals.items()}


def _spread_days(pieces: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    start = pieces["start"].where(pieces["start"] > first, first)
    end = pieces["end"].where(pieces["end"] <= last, last + ONE_DAY)
    count = (end - start).dt.days.clip(lower=0)
    rows = pieces.loc[pieces.index.repeat(count), ["group", "set_id"]]
    step = rows.groupby(level=0).cumcount().to_numpy()
    day = start.loc[rows.index].to_numpy() + step * np.timedelta64(1, "D")
    return rows.rename(columns={"group": "country_id"}).assign(day=day).reset_index(drop=True)


def _mark_ages(days: pd.DataFrame, members: pd.DataFrame, inputs: SimulationInputs) -> pd.DataFrame:
    """Return how many rows are `older` than a year on a day, and the day if one `began` on it."""
    line = inputs.timeline
    cells = days[["most"]].reset_index(names="at").merge(members, left_on="most", right_on="set_id")
    began = line.periods["from_day"].reindex(line.rows["restriction_id"].iloc[cells["row"]])
    age = (days["day"].loc[cells["at"]].to_numpy() - began.to_numpy()) / np.timedelta64(1, "D")
    marks = cells[["at"]].assign(older=age > OLDER_DAYS, began=age == 0).groupby("at")
    return pd.DataFrame(
        {"older": marks["older"].sum(), "began": days["day"].where(marks["began"].any())}
    )
