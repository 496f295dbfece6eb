"""Everything published about a country, a region or the world in a period, as record and sentences.

The terminal, JSON, pages, pictures and the workbook render this record, so that they cannot
disagree. Rows are those of the published tables of countries and regions by year and month: a row
for each kind of restrictions, with people, each counted once, beside person-days, each person
counted once a day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from audience_impact.answers import Quantity
from audience_impact.answers.names import (
    area_in_words,
    capitalise_first,
    join_names,
    label_status,
    name_area,
    read_phrases,
)
from audience_impact.answers.numbers import (
    COUNTRIES,
    RESTRICTIONS,
    Cover,
    Estimate,
    bracket_interval,
    day_in_words,
    describe_bounds,
    describe_estimate,
    format_ceiling,
    format_compact,
    format_floor,
    format_interval,
    has_telling_ceiling,
    is_blank,
    on_day,
    read_cover,
    read_estimate,
    round_interval,
)
from audience_impact.answers.records import Row, list_containing_areas, plain_rows
from audience_impact.periods import ONE_DAY, parse_period
from audience_impact.vocabulary import WORLD, Confidence, RestrictionKind, YesNo

if TYPE_CHECKING:  # an answer for a restriction is made without pandas
    import pandas as pd

_INCOMPLETE = re.compile("some_bounds_only|no_daily|outweighed")
"""Rules by which quantiles of person-days leave something out."""
FEW = 3
"""Number of countries that are named; the rest are counted."""
NOUNS = {
    RestrictionKind.ALL: ("internet restriction", "internet restrictions"),
    RestrictionKind.SHUTDOWN: ("shutdown of the whole internet", "shutdowns of the whole internet"),
}
"""One restriction of a kind, and several."""


def is_year(period: str) -> bool:
    """Return whether a period is a year, and not a month."""
    return len(period) == len("2025")


def is_collected(row: Row) -> bool:
    """Return whether the events of the period of a row of an area were collected by all sources."""
    return str(row["period"])[:4] <= (row.get("collected_until") or str(row["period"]))[:4]


def group_kinds(rows: Iterable[Row]) -> dict[str, dict[str, Row]]:
    """Return the rows of an area by period and kind."""
    periods: dict[str, dict[str, Row]] = {}
    for row in rows:
        periods.setdefault(row["period"], {})[row["kind"]] = row
    return periods


def read_kind(kinds: Mapping[str, Row], kind: str) -> Estimate:
    """Return the people of a period under restrictions of a kind; no one where there is none."""
    no_one = Estimate(0.0, None, None, None, 0.0, 0.0, 0.0)
    return read_estimate(kinds[kind]) if kind in kinds else no_one


def read_amount(row: Row, quantity: Quantity) -> Estimate:
    """Return the people or person-days of a row of a country or a restriction."""
    if quantity is Quantity.PEOPLE:
        return read_estimate(row)
    is_part = _INCOMPLETE.search(row.get("person_days_reason_rule_ids") or "")
    about = {**row, "is_lower_bound": YesNo.YES if is_part else YesNo.NO}
    return read_estimate(about, quantity.unit)


@dataclass(frozen=True)
class AreaRecord:
    """Everything published about a country, a region or the world in a year, a month or on a day.

    Attributes:
        name: The name of the area, as used in a sentence.
        kinds: The row of each kind of restrictions in the period.
        kind: The restrictions that are counted.
        quantity: What an answer counts.
        countries: The rows of its countries, the largest median first, as `rank_countries` returns
            them.
        by_year: Its rows of all years, of each kind.
        by_month: Its rows of the months of the year, of each kind.
        comparisons: What others published: rows of `area_comparisons`.
    """

    name: str
    kinds: Mapping[str, Row]
    kind: RestrictionKind = RestrictionKind.ALL
    quantity: Quantity = Quantity.PEOPLE
    countries: pd.DataFrame | Any = None
    by_year: tuple[Row, ...] = ()
    by_month: tuple[Row, ...] = ()
    comparisons: tuple[Row, ...] = ()

    @property
    def row(self) -> Row:
        """Return the row of the restrictions that are counted."""
        return self.kinds[self.kind]

    @property
    def area_id(self) -> str:
        """Return the code of the area."""
        return str(self.row["area_id"])

    @property
    def period(self) -> str:
        """Return the year, the month or the day."""
        return str(self.row["period"])

    @property
    def is_region(self) -> bool:
        """Return whether the area is a region or the world, whose codes are numbers."""
        return self.area_id.isdecimal()

    @cached_property
    def amount(self) -> Estimate:
        """Return the people or person-days of the area, and the part of it that they cover."""
        amount = read_amount(self.row, self.quantity)
        if self.quantity is Quantity.PEOPLE or not self.is_region:
            return amount
        drawn = self.countries[self.countries["q50_person_days"].notna()]
        parts = int(drawn["person_days_reason_rule_ids"].str.contains(_INCOMPLETE).sum())
        if len(drawn) == len(self.countries):
            return amount._replace(covered=Cover(RESTRICTIONS) if parts else None)
        also = f"restrictions of {parts:,} other{'s' * (parts > 1)}" if parts else ""
        return amount._replace(covered=Cover(COUNTRIES, len(drawn), len(self.countries), also))


def build_area_record(
    tables: Mapping[str, pd.DataFrame],
    area_id: str,
    period: str | None = None,
    kind: RestrictionKind = RestrictionKind.ALL,
    quantity: Quantity = Quantity.PEOPLE,
) -> AreaRecord:
    """Return the record of a year or month, by default the last year; KeyError if unpublished."""
    areas = tables["areas"]
    rows = plain_rows(areas[areas["area_id"] == area_id])
    years = tuple(row for row in rows if is_year(row["period"]))
    chosen = period or max((row["period"] for row in years if row["kind"] == kind), default="")
    kinds = group_kinds(rows)[chosen]
    others = tables["area_comparisons"]
    others = others[(others["area_id"] == area_id) & others["period"].str.startswith(period or "")]
    return AreaRecord(
        area_in_words(area_id, kinds[kind]["area_name"]),
        kinds,
        kind,
        quantity,
        rank_countries(tables, area_id, chosen, kind, quantity),
        years,
        tuple(row for row in rows if row["period"].startswith(f"{chosen[:4]}-")),
        tuple(plain_rows(others)),
    )


def rank_countries(
    tables: Mapping[str, pd.DataFrame],
    area_id: str,
    period: str,
    kind: RestrictionKind,
    quantity: Quantity,
) -> pd.DataFrame:
    """Return the countries of an area, the largest median first and those without one last.

    The rows are of a period and of one kind of restrictions, beside the medians of what began in
    the period.
    """
    containing = list_containing_areas(tables["restrictions"])
    inside = [area for area, above in containing.items() if area_id in (area, *above)]
    areas = tables["areas"]
    rows = areas[(areas["period"] == period) & areas["area_id"].isin(inside)]
    rows = rows[~rows["area_id"].str.isdecimal()].drop(columns="area_level", errors="ignore")
    begun = rows[rows["kind"] == RestrictionKind.BEGAN].set_index("area_id")
    rows = rows[rows["kind"] == kind]
    rows = rows.assign(
        area_name=[name_area(code) for code in rows["area_id"]],
        **{
            f"began_{name}": rows["area_id"].map(begun[name])
            for name in (f"q50_{quantity.unit}" for quantity in Quantity)
        },
    )
    order = [f"{name}_{quantity.unit}" for name in ("q50", "min", "max")]
    return rows.sort_values([*order, "area_id"], ascending=[False] * 3 + [True], ignore_index=True)


def list_years(
    tables: Mapping[str, pd.DataFrame], record: AreaRecord
) -> list[tuple[str, Estimate]]:
    """Return each year of an area with its people or person-days, the oldest first.

    A year of which not all events were collected cannot be compared with the others.
    """
    rows = [row for row in record.by_year if row["kind"] == record.kind and is_collected(row)]
    about = (record.kind, record.quantity)
    return [
        (year, build_area_record(tables, record.area_id, year, *about).amount)
        for year in sorted(row["period"] for row in rows)
    ]


def write_area_lead(record: AreaRecord) -> list[str]:
    """Return the people or person-days of an area in one plain sentence, then their interval."""
    place, past = area_in_words(record.area_id, record.name), _describe_period(record).rstrip(",")
    amount, (noun, plural) = record.amount, NOUNS[record.kind]
    if amount.max == 0:
        return [f"Our record has no {noun} that affected people in {place} {past}."]
    is_of_people = record.quantity is Quantity.PEOPLE
    under = f"under a{'n' * noun.startswith('i')} {noun} at some time {past}"
    if amount.interval is None:
        unknown = f"people in {place} were {under}"
        if not is_of_people:
            unknown = f"person-days people in {place} spent under {plural} {past}"
        sentences = [f"No reliable estimate exists of how many {unknown}."]
        if amount.min:
            sentences.append(f"The minimum is {format_floor(amount.min)}.")
        base = record.row.get("base_persons") if is_of_people else None
        if has_telling_ceiling(amount, base, base):
            sentences.append(f"The maximum is {format_ceiling(amount.max or 0.0)}.")
        restrictions = _count_restrictions(record.row["restrictions_count"], "internet ")
        sentences.append(f"Our record has {restrictions} in force in {place} in that time.")
        return [" ".join(sentences)]
    low, middle, high = amount.interval
    number, covered = round_interval(low, middle, high)[1], amount.covered
    if covered and covered.noun == COUNTRIES:
        countries = f"{covered.drawn:,} {'country' if covered.drawn == 1 else 'countries'}"
        place = countries if record.area_id == WORLD else f"{countries} of {place}"
    lead = f"About {number} people in {place} were {under}."
    if not is_of_people:
        spent = f"People in {place} spent about {number} person-days under {plural} {past}"
        lead = f"{spent}, each person counted once a day."
    lead += _name_left_out(covered) if covered else ""
    if high <= low:
        return [lead]
    of = " of those estimated" * bool(covered)
    is_rough = is_of_people and record.row.get("confidence") == Confidence.LOW
    doubt = " Treat the total as rough." * is_rough
    return [lead, f"The likely range{of} is {format_interval(low, high)}.{doubt}"]


def _name_left_out(covered: Cover) -> str:
    """Return a sentence on the countries or restrictions that a total leaves out."""
    if covered.drawn is None or covered.total is None:
        missing = f"some {covered.noun}"
    elif covered.noun != COUNTRIES:
        missing = f"{covered.total - covered.drawn:,} of {covered.total:,} restrictions"
    else:
        count = covered.total - covered.drawn
        missing = "another country" if count == 1 else f"another {count:,} countries"
        missing += f", and {covered.also_without}," if covered.also_without else ""
    return f" The true figure is probably higher: {missing} could not be estimated."


def _count_restrictions(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}restriction{'' if count == 1 else 's'}"


def write_area_answer(record: AreaRecord) -> str:
    """Return the answer for the people of an area in a period or on a day, in sentences."""
    place, when = area_in_words(record.area_id, record.name), _describe_period(record)
    row, people, past = record.row, read_estimate(record.row), when.rstrip(",")
    noun = NOUNS[record.kind][0].removeprefix("internet ")
    if people.max == 0:
        return f"Our record has no {noun} that affected people in {place} {past}."
    is_day = len(record.period) == len("2025-01-01")
    under = f"under at least one {noun} on record{'' if is_day else ' at some time'}"
    if people.interval is None:
        return f"No reliable estimate exists of how many people in {place} were {under} {past}."
    low, middle, high = people.interval
    total = f"about {round_interval(low, middle, high)[1]} people in {place}"
    span, bounds = bracket_interval(low, high), capitalise_first(describe_bounds(people))
    if people.covered:
        span = f", those {people.covered}{span.replace('range', 'range of these')},"
        bounds = f"For all countries, {describe_bounds(people)}"
    parts = [
        f"{capitalise_first(when)} {total}{span} were {under}, each counted once.",
        f"{bounds}.",
        "" if is_day else _describe_kinds(record),
    ]
    if without := row.get("bounds_only_count"):  # a row of a day has none
        parts.append(
            f"The estimate leaves out {without:,} of {row['restrictions_count']:,} restrictions "
            "(in an unknown part of a country, or without a figure)."
        )
    if not is_day:
        parts += [
            _describe_events(row),
            f"{capitalise_first(label_status(row))} in the number.",
            describe_collection(row),
        ]
    return " ".join(filter(None, parts))


def _describe_period(record: AreaRecord) -> str:
    """Return when it was, and the last day of the facts if they end within the period."""
    period, last = record.period, str(record.row["as_of"])
    when = on_day(period)
    if len(period) == len(last) or not last.startswith(period):
        return when
    span = parse_period(period)
    is_over = span is not None and str((span[1] - ONE_DAY).date()) == last
    return when if is_over else f"{when}, up to {day_in_words(last).rpartition(' ')[0]},"


def describe_collection(row: Row) -> str:
    """Return that a total has only some of the events of its period; blank where it has all."""
    if is_collected(row):
        return ""
    return (
        f"The register that has most events ends on {day_in_words(row['collected_until'])}. Of "
        f"later events our record holds only some: do not compare {row['period'][:4]} with earlier "
        "years."
    )


def describe_age(record: AreaRecord) -> list[str]:
    """Return people or person-days under what began in the period, and under what is older."""
    when = day_in_words(record.period)
    ages = {
        RestrictionKind.BEGAN: f"that began in {when}",
        RestrictionKind.OLDER: f"more than a year old when {when} began",
    }
    return [
        f"Under restrictions {words}: {describe_estimate(*interval, record.quantity)}."
        for kind, words in ages.items()
        if (interval := _read_interval(record, kind, record.quantity))
    ]


def _read_interval(
    record: AreaRecord, kind: str, quantity: Quantity = Quantity.PEOPLE
) -> tuple[float, float, float] | None:
    """Return the interval of the restrictions of a kind; None where all are of it."""
    row, everything = record.kinds.get(kind), record.kinds[RestrictionKind.ALL]
    if row is None or row["restrictions_count"] == everything["restrictions_count"]:
        return None
    return read_amount(row, quantity).interval


def name_uncounted(rows: Sequence[Row]) -> list[str]:
    """Return a sentence on the countries that a total leaves out, those with most people first.

    A country whose interval is too wide to print has no estimate, and is in the total.
    """
    missing = [row for row in rows if not row["countries_drawn"] and row["max_persons"] != 0]
    missing.sort(key=lambda row: -(row["base_persons"] or 0))
    named = [area_in_words(row["area_id"], row["area_id"]) for row in missing]
    if len(named) > FEW + 1:
        named = [*named[:FEW], f"{len(named) - FEW} more countries"]
    where = "where there is no reliable estimate"
    return [f"The total leaves out {join_names(named)}, {where}."] if named else []


def _describe_kinds(record: AreaRecord) -> str:
    """Return how many people were under restrictions of each kind, where not all are of it."""
    if record.kind is not RestrictionKind.ALL:
        return ""
    span = "year" if is_year(record.period) else "month"
    parts = [
        f"about {round_interval(*interval)[1]} ({format_interval(interval[0], interval[2])}) under "
        f"those {words.format(span=span)}"
        for kind, words in read_phrases("total").items()
        if (interval := _read_interval(record, kind))
    ]
    covered = read_cover(record.row)
    ranges = f"likely ranges, {covered}" if covered else "likely ranges"
    return f"By kind of restriction, with {ranges}: {'; '.join(parts)}." if parts else ""


def _describe_events(row: Row) -> str:
    """Return which events the total covers: facts alone, or those of a register as well."""
    count, of_register = row["restrictions_count"], row["register_restrictions_count"]
    if not of_register:
        return f"It covers {_count_restrictions(count)} of these facts."
    both = f"{count - of_register:,} of these facts and {of_register:,} that a register alone"
    return f"It covers {count:,} restrictions: {both} records."


def explain_difference(row: Row) -> str:
    """Return why a published figure of an area differs from ours, or that it does not."""
    cells: dict[str, Any] = {name: None if is_blank(cell) else cell for name, cell in row.items()}
    low, middle, high = (
        format_compact(cells[name]) for name in ("min_persons", "q50_persons", "max_persons")
    )
    median = "" if cells["q50_persons"] is None else f", median {middle}"
    theirs, base = cells["published_persons"], cells["base_persons"]
    return read_phrases("difference")[row["difference_reason"]].format(
        share=theirs / base if theirs and base else 0.0,
        ours=f"{low} to {high}{median}",
        count=int(cells["restrictions_count"] or 0),
    )
