"""Rankings: the countries of an area by people or person-days, and restrictions as rows.

Definitions. A row of a country is its row of `impact_by_area`, with its row of `person_days` for
all restrictions together: a person counts once, or once a day. Nothing is added up over
restrictions. A row of a restriction has the users of the feature where a feature alone was cut,
else the people exposed, and its person-days in the year, or in all.

Method. People of a region are published. Its person-days are not: they are the sums of the
quantiles and of the bounds of its countries, which share nobody.

Known drawbacks. The sum of medians is a little below the median of the sum where intervals are
skewed, and the sums of the other quantiles are wider apart than those of the sum are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from audience_impact.answers import EventKind, EventOrder, Quantity, names
from audience_impact.answers.numbers import COUNTRIES, Estimate, day_in_words, read_estimate
from audience_impact.answers.records import (
    ALL,
    Row,
    is_collected,
    is_in_force,
    list_containing_areas,
    plain_rows,
)
from audience_impact.vocabulary import WHOLE_INTERNET, Feature, ImpactMetric, YesNo

NUMBERS = ("min", "q05", "q50", "q95", "max")
ON_RECORD = [
    *("restriction_id", "area_name", "start_on", "ended_on", "end_status", "platforms"),
    *("chain_id", "chain_days"),
]
"""Columns of `restrictions` that a row of a restriction has; the first day is that in force."""
BEGAN = "began_"
DAY = r"^(\d{4}-\d{2}-\d{2})"
COUNTS = ("restrictions_count", "bounds_only_count", "countries_count", "countries_drawn")
INCOMPLETE = "some_bounds_only|no_daily|outweighed"
"""Rules of `person_days` that say that the quantiles leave something out."""


@dataclass(frozen=True)
class Ranking:
    """The countries of an area in a period, those with the largest median first.

    Attributes:
        area_id: The code of the area.
        name: The name of the area as used in a sentence.
        period: The year or month.
        quantity: What is ranked.
        rows: A row a country, with the columns of `rank_countries`.
        total: The row of the area, with people and person-days.
        kind: The kind of restrictions that are counted; None for all.
    """

    area_id: str
    name: str
    period: str
    quantity: Quantity
    rows: pd.DataFrame
    total: Row
    kind: EventKind | None = None


def build_ranking(
    tables: Mapping[str, pd.DataFrame],
    area_id: str,
    period: str,
    quantity: Quantity,
    kind: EventKind | None = None,
) -> Ranking:
    """Return the ranking of an area; raise KeyError where nothing is published for the period."""
    if kind is not None:
        tables = select_kind(tables, kind, period)
    rows = rank_countries(tables, area_id, period, quantity)
    people = tables["impact_by_area"].query("area_id == @area_id and period == @period")
    if people.empty:
        raise KeyError(period)
    counted = {} if kind is None else _count_countries(rows)
    total = {**plain_rows(people)[0], **counted, **sum_person_days(rows)}
    acts = tables["restrictions"].drop_duplicates("area_id").set_index("area_id")["area_name"]
    name = names.area_in_words(area_id, acts.get(area_id, area_id))
    return Ranking(area_id, name, period, quantity, rows, total, kind)


def select_kind(
    tables: Mapping[str, pd.DataFrame], kind: EventKind, period: str | None = None
) -> dict[str, pd.DataFrame]:
    """Return the tables with the numbers of one kind of restrictions in the areas of a year.

    Without a period the tables have every year, and no count of what has no estimate.
    """
    changed = {}
    for name, unit in (("impact_by_area", "persons"), ("person_days", "person_days")):
        rows = tables[name] if period is None else tables[name].query("period == @period")
        cells = [*(f"{number}_{unit}" for number in NUMBERS), "restrictions_count"]
        of_kind = {cell: rows[f"{kind}_{cell}"] for cell in cells if f"{kind}_{cell}" in rows}
        changed[name] = rows.assign(**of_kind)
    people, impact = changed["impact_by_area"], tables["impact"]
    if period is not None:
        exposed = impact[impact["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED.value]
        silent = exposed.loc[exposed["q50_persons"].isna(), "restriction_id"]
        acts = select_restrictions(tables, "", period, kind)
        acts = acts[acts["restriction_id"].isin(silent)]
        without = acts["country_id"].str.split(";").explode().value_counts()
        count = people["area_id"].map(without).fillna(0)
        people = people.assign(
            bounds_only_count=count,
            is_lower_bound=_say_yes(count > 0),
            countries_drawn=people["q50_persons"].notna().astype("float64"),
        )
    return {**tables, **changed, "impact_by_area": people[people["restrictions_count"] > 0]}


def _count_countries(rows: pd.DataFrame) -> Row:
    drawn = int(rows["q50_persons"].notna().sum())
    without = float(rows["bounds_only_count"].sum())
    is_part = drawn < len(rows) or without > 0
    return {
        "countries_count": len(rows),
        "countries_drawn": drawn,
        "bounds_only_count": without,
        "is_lower_bound": (YesNo.YES if is_part else YesNo.NO).value,
    }


def rank_countries(
    tables: Mapping[str, pd.DataFrame], area_id: str, period: str, quantity: Quantity
) -> pd.DataFrame:
    """Return the countries of an area, the largest median first and those without one last.

    Columns: area_id, area_name, COUNTS, is_lower_bound, base, base_persons, base_q50_persons,
    is_days_lower_bound, NUMBERS in persons and in person-days, and the medians of what began in
    the year.
    """
    containing = list_containing_areas(tables["restrictions"])
    inside = [area for area, above in containing.items() if area_id in (area, *above)]
    people, days = tables["impact_by_area"], tables["person_days"]
    people = people[people["area_id"].isin(inside) & (people["period"] == period)]
    people = people[~people["area_id"].str.isdecimal()]
    days = days[(days["restriction_id"] == ALL) & (days["period"] == period)]
    rules = days["reason_rule_ids"].astype("object").fillna("")
    of_days = [f"{name}_person_days" for name in NUMBERS]
    days = days.assign(is_days_lower_bound=_say_yes(rules.str.contains(INCOMPLETE)))
    columns = ["area_id", *COUNTS, "is_lower_bound", "base", "base_persons", "base_q50_persons"]
    columns += [f"{name}_persons" for name in NUMBERS]
    begun = [f"{BEGAN}q50_{unit}" for unit in ("persons", "person_days")]
    rows = people.reindex(columns=[*columns, begun[0]]).merge(
        days.reindex(columns=["area_id", "is_days_lower_bound", *of_days, begun[1]]),
        on="area_id",
        how="left",
    )
    rows.insert(1, "area_name", [names.name_area(code) for code in rows["area_id"]])
    order = [f"{name}_{quantity.unit}" for name in ("q50", "min", "max")]
    return rows.sort_values([*order, "area_id"], ascending=[False] * 3 + [True], ignore_index=True)


def list_years(
    tables: Mapping[str, pd.DataFrame], area_id: str, quantity: Quantity
) -> list[tuple[str, Estimate]]:
    """Return each year of an area with its people or person-days, the oldest first.

    A year of which not all events were collected cannot be compared with the others.
    """
    people = tables["impact_by_area"]
    years = people[(people["area_id"] == area_id) & (people["period"].str.len() == len("2023"))]
    rows = {row["period"]: row for row in plain_rows(years.sort_values("period"))}
    rows = {year: row for year, row in rows.items() if is_collected(row)}
    if quantity is Quantity.PERSON_DAYS:
        for year, row in rows.items():
            row |= sum_person_days(rank_countries(tables, area_id, year, quantity))
    return [(year, read_amount(row, quantity)) for year, row in rows.items()]


def _say_yes(marks: "pd.Series[bool]") -> "pd.Series[str]":
    return marks.map({True: YesNo.YES.value, False: YesNo.NO.value})


def sum_person_days(rows: pd.DataFrame) -> dict[str, float | str | None]:
    """Return the person-days of countries together, and how many of them have an estimate."""
    columns = [f"{name}_person_days" for name in NUMBERS]
    sums = rows[columns].sum().to_dict()
    if rows["max_person_days"].isna().any():
        sums["max_person_days"] = None
    drawn = rows["q50_person_days"].notna()
    if not drawn.any():
        sums |= dict.fromkeys([f"{name}_person_days" for name in ("q05", "q50", "q95")])
    is_incomplete = rows["is_days_lower_bound"] == YesNo.YES.value
    incomplete = not drawn.all() or is_incomplete.any()
    return {
        **{name: None if total is None else float(total) for name, total in sums.items()},
        "is_days_lower_bound": YesNo.YES.value if incomplete else YesNo.NO.value,
        "days_countries_drawn": float(drawn.sum()),
        "days_countries_incomplete": float((drawn & is_incomplete).sum()),
    }


def read_amount(row: Row, quantity: Quantity) -> Estimate:
    """Return the numbers of a row of a ranking, of its total or of a restriction."""
    if quantity is Quantity.PEOPLE:
        return read_estimate(row)
    drawn = row.get("days_countries_drawn", row.get("countries_drawn"))
    covered = {"is_lower_bound": row.get("is_days_lower_bound"), "countries_drawn": drawn}
    days = read_estimate({**row, **covered}, quantity.unit)
    if days.covered is None or days.covered.noun != COUNTRIES:
        return days
    # The counts of the row are those of restrictions without an estimate of people.
    others = row.get("days_countries_incomplete")
    also = f"restrictions of {others:,.0f} other{'s' * (others > 1)}" if others else ""
    return days._replace(covered=replace(days.covered, also_without=also))


def count_without_estimate(rows: pd.DataFrame, quantity: Quantity) -> int:
    """Return how many rows have bounds alone."""
    return int(rows[f"q50_{quantity.unit}"].isna().sum())


def build_events(
    tables: Mapping[str, pd.DataFrame], ids: Iterable[str], period: str | None = None
) -> pd.DataFrame:
    """Return a row for each restriction: days, what was cut, people, person-days and source.

    Person-days are those of the year, or of all days without a `period`; blank for a month.
    """
    acts = tables["restrictions"]
    acts = acts[acts["restriction_id"].isin(set(ids))]
    kinds = _read_kinds(tables["impact_by_platform"]).reindex(acts["restriction_id"])
    impact = tables["impact"]
    users = impact[impact["impact_metric"] == ImpactMetric.PEOPLE_FEATURE_EXPOSED.value]
    has_users = kinds.index.isin(users.loc[users["q50_persons"].notna(), "restriction_id"])
    leads = kinds["is_of_feature"].to_numpy("bool") & has_users
    metric = pd.Series(ImpactMetric.PEOPLE_EXPOSED.value, kinds.index).mask(
        leads, ImpactMetric.PEOPLE_FEATURE_EXPOSED.value
    )
    events = acts.reindex(columns=ON_RECORD).assign(
        start_on=_find_first_days(acts),
        kind=kinds["kind"].to_numpy(),
        impact_metric=metric.to_numpy(),
    )
    numbers = [f"{name}_persons" for name in NUMBERS]
    keys = ["restriction_id", "impact_metric"]
    events = events.merge(
        impact[[*keys, *numbers, "confidence", "obs_status"]], on=keys, how="left"
    )
    days = _read_person_days(
        tables["person_days"], acts["restriction_id"], acts.loc[leads, "restriction_id"], period
    )
    sources = tables["sources"]
    named = sources.assign(source=[names.name_publisher(row) for row in plain_rows(sources)])
    cited = acts[["restriction_id", "source_id"]].merge(
        named[["source_id", "publisher", "source", "title", "licence", "url"]],
        on="source_id",
        how="left",
    )
    return events.merge(days, on="restriction_id", how="left").merge(
        cited.drop(columns="source_id"), on="restriction_id", how="left"
    )


def _find_first_days(acts: pd.DataFrame) -> "pd.Series[str]":
    """Return the first day in force, of the type of `start_on`, which stands in for a blank."""
    days = acts["observed_from"].astype("str").str.extract(DAY, expand=False)
    observed = pd.to_datetime(days).dt.date.astype("object")
    return acts["start_on"].astype("object").mask(observed.notna(), observed)


def _read_kinds(parts: pd.DataFrame) -> pd.DataFrame:
    """Return, by restriction, its EventKind and whether features of services alone were cut."""
    marks = pd.DataFrame(
        {
            "restriction_id": parts["restriction_id"],
            "is_network": parts["platform_id"] == WHOLE_INTERNET,
            "is_entire": parts["feature"] == Feature.WHOLE_SERVICE.value,
        }
    )
    some = marks.groupby("restriction_id").any()
    return pd.DataFrame(
        {
            "kind": some["is_network"].map(
                {True: EventKind.SHUTDOWN.value, False: EventKind.SERVICE.value}
            ),
            "is_of_feature": ~(some["is_network"] | some["is_entire"]),
        }
    )


def _read_person_days(
    table: pd.DataFrame, ids: "pd.Series[str]", led: "pd.Series[str]", period: str | None
) -> pd.DataFrame:
    """Return the person-days of restrictions in a year or in all; of users for those in `led`."""
    rows = table[table["restriction_id"].isin(ids) & (table["period"] == (period or ALL))]
    columns = [f"{name}_person_days" for name in NUMBERS]
    numbers = rows[["restriction_id", "days", *columns]]
    users = rows[[f"feature_{name}" for name in columns]].set_axis(columns, axis=1)
    of_users = rows["restriction_id"].isin(led) & users["q50_person_days"].notna()
    return numbers.assign(**{name: numbers[name].mask(of_users, users[name]) for name in columns})


def select_restrictions(
    tables: Mapping[str, pd.DataFrame],
    area_id: str = "",
    period: str | None = None,
    kind: EventKind | None = None,
    begun: bool = False,
) -> pd.DataFrame:
    """Return the rows of `restrictions` in an area, in force in a period, of a kind, begun in it.

    As in `impact_by_area`, a restriction without an end on record is in force in the years of its
    person-days.
    """
    acts = tables["restrictions"]
    if area_id:
        acts = acts[_mark_inside(acts, area_id)]
    if period is not None:
        acts = acts[_mark_in_force(acts, tables["person_days"], period)]
    if kind is not None:
        kinds = _read_kinds(tables["impact_by_platform"])["kind"]
        acts = acts[acts["restriction_id"].map(kinds) == kind.value]
    if begun:
        acts = acts[acts["start_on"].astype("str").str.startswith(period or "")]
    return acts


def _mark_inside(acts: pd.DataFrame, area_id: str) -> list[bool]:
    containing = list_containing_areas(acts)
    codes = [
        {*ids.split(";"), *countries.split(";")}
        for ids, countries in zip(acts["area_id"], acts["country_id"], strict=True)
    ]
    return [
        area_id in several or any(area_id in containing.get(code, ()) for code in several)
        for several in codes
    ]


def _mark_in_force(acts: pd.DataFrame, days: pd.DataFrame, period: str) -> "pd.Series[bool]":
    if len(period) == len("2023"):
        return acts["restriction_id"].isin(days.loc[days["period"] == period, "restriction_id"])
    as_of = pd.Timestamp(str(acts["as_of"].max()))
    begun = acts.assign(start_on=_find_first_days(acts))  # and not on the day of the announcement
    return is_in_force(begun, period, as_of).astype(bool)


def sort_events(events: pd.DataFrame, order: EventOrder) -> pd.DataFrame:
    """Return events from the most people or person-days, or from the newest."""
    columns = {
        EventOrder.PEOPLE: ["q50_persons", "min_persons", "max_persons"],
        EventOrder.PERSON_DAYS: ["q50_person_days", "min_person_days", "max_person_days"],
        EventOrder.DATE: ["start_on", "q50_persons"],
    }[order]
    falling = [False] * len(columns)
    return events.sort_values(
        [*columns, "restriction_id"], ascending=[*falling, True], ignore_index=True
    )


def join_chains(events: pd.DataFrame) -> pd.DataFrame:
    """Return events in their order, of each chain the first one with its days and its steps."""
    chains = events["chain_id"]
    steps = chains.map(chains.value_counts()).astype("Int64")
    rows = events[chains.isna() | ~chains.duplicated()].assign(steps_count=steps)
    by_day = events[chains.notna()].sort_values("start_on").set_index("chain_id")
    is_chain = rows["chain_id"].notna()
    for name, step in (("start_on", "first"), ("ended_on", "last"), ("end_status", "last")):
        ends = by_day.loc[~by_day.index.duplicated(keep=step), name]
        rows[name] = rows[name].mask(is_chain, rows["chain_id"].map(ends))
    return rows


def name_row(row: Row) -> str:
    """Return the country, or place, service and first day of a restriction."""
    if "area_id" in row:
        return str(row["area_name"])
    place, cut = names.shorten(row["area_name"], 30), names.shorten(row["platforms"], 42)
    return f"{place}: {cut}{', ' + day_in_words(row['start_on']) if row['start_on'] else ''}"
