"""The record of a restriction, or of an area, as text for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from audience_impact.answers import Quantity, areas, rankings, sentences
from audience_impact.answers.areas import AreaRecord, group_kinds, is_year, read_amount
from audience_impact.answers.names import label_status, shorten
from audience_impact.answers.numbers import (
    NONE,
    Estimate,
    dates_in_words,
    format_amount,
    format_compact,
    format_estimate,
    format_floor,
    format_in_full,
    format_number,
    has_telling_floor,
    on_day,
    read_numbers,
)
from audience_impact.answers.records import AnswerRecord, End, Restriction, Row, plain_rows
from audience_impact.answers.restriction_words import name_other_ids, name_start
from audience_impact.periods import parse_period
from audience_impact.plain_text import plain_line
from audience_impact.vocabulary import EndStatus, RestrictionKind, write_word

if TYPE_CHECKING:  # an answer for a restriction is made without pandas
    import pandas as pd

TITLES = (
    *("Targets", "People", "Person-days", "What drives the width", "Figures used"),
    *("Published by others", "Missing"),
)
"""Titles of the sections of the text, in their order."""
MOST_LETTERS = 48
"""Maximum length of a name in a list."""


def render_restriction(record: AnswerRecord, version_id: str | None = None) -> str:
    """Return everything published about a restriction, for a reader in a terminal."""
    about = record.restriction
    head = [
        sentences.write_answer(record, version_id),
        "",
        f"{about.restriction_id}  {about.area_name}: {about.target_names}",
        f"  {about.action}, {about.severity}; {about.claim_status}; evidence: "
        f"{about.evidence_state}; start {about.start_on or 'not known'}, "
        f"{about.end_status} {about.ended_on or ''}".rstrip(),
        f"  authority: {about.authority or 'not known'}",
        f"  stated reason: {about.stated_reason or 'none on record'}",
    ]
    drivers = [
        f"  {driver.metric:<24} {driver.input:<14} {driver.share_text:>11}  {driver.advice}"
        for driver in record.drivers
    ]
    figures = [
        f"  {row['role']:<14} {row['platform_id']:<12} {row['input_id']:<40} "
        f"{row['row_file']}:{row['row_line']}  {row['attribution']}  {row['url'] or ''}"
        for row in record.figures
    ]
    comparisons = [
        f"  {row['attribution']}: {format_in_full(row['published_value'])} {row['unit']} "
        f"({row['figure_kind']}, {row['interval_kind']}), "
        f"{format_in_full(row['printed_max_ratio'])} times our maximum at "
        f"face value ({row['compared_with']}); {row['difference_reason']}"
        for row in record.comparisons
    ]
    sections = (
        [f"  {item.platform_id} {item.feature} ({item.claim_status})" for item in record.targets],
        [*_list_numbers(record)],
        [*_list_person_days(record)],
        drivers or ["  nothing varies: the bounds meet"],
        figures,
        comparisons or ["  nothing on record"],
        [f"  {text}" for text in record.missing],
    )
    titled = ([title, *lines] for title, lines in zip(TITLES, sections, strict=True))
    return _join_sections(head, *titled)


def _list_numbers(record: AnswerRecord) -> Iterable[str]:
    """Return a line for each number, and for the sum of the audiences, which is wrong."""
    for number in record.numbers:
        least, *_, most, low, high = map(format_in_full, read_numbers(number.people))
        yield (
            f"  {number.metric:<24} {least:>13} to {most:>13}   {_format_median(number.people)}   "
            f"at face value {low} to {high}, of {format_in_full(number.base_persons)} in "
            f"{number.base}; {number.dedup_method}; {number.obs_status} {number.status}"
        )
    persons = format_in_full(record.naive_sum_persons)
    yield f"  {'added up':<24} {persons:>13}   {_explain_sum(record)}"


def _explain_sum(record: AnswerRecord) -> str:
    if len(record.audiences) > 1:
        return (
            "adds up audiences that overlap: people who use several platforms count several times"
        )
    return "one platform: nothing is added up" if record.audiences else "no platform on record"


def _format_median(estimate: Estimate) -> str:
    if estimate.interval is None:
        return "no estimate"
    low, middle, high = map(format_in_full, estimate.interval)
    return f"median {middle} (5 to 95 %: {low} to {high})"


def _list_person_days(record: AnswerRecord) -> Iterable[str]:
    if not record.person_days:
        yield "  none: start not known, later than the facts, or never carried out"
    for row in record.person_days:
        low, high = map(format_in_full, (row.person_days.min, row.person_days.max))
        yield (
            f"  {row.period:<5} {format_in_full(row.days):>6} days {low:>17} to {high:>17}   "
            f"{_format_median(row.person_days)}; "
            f"added up {format_in_full(row.naive_sum_person_days)}"
        )


def render_brief(record: AnswerRecord, version_id: str) -> str:
    """Return the answer for a restriction, with its days, its person-days and its sources."""
    about = record.restriction
    headline, answer = sentences.write_headline(record), sentences.write_answer(record, version_id)
    event = [
        f"{about.restriction_id}  {about.area_name}: {about.target_names}",
        f"  {_describe_days(about)}",
    ]
    if about.chain_id is not None:
        days = f"{about.chain_days or 0.0:,.0f} days in force in all"
        event.append(f"  in a chain of steps or renewals that began with {about.chain_id}: {days}")
    if ids := name_other_ids(record):
        event.append(f"  the same event elsewhere: {ids}")
    pages = (f"  {row['attribution']}  {row['url'] or ''}".rstrip() for row in record.figures)
    figures = ["Figures used", *dict.fromkeys(pages)]
    if about.measured_url:
        figures.append(f"  {', '.join(about.measurers)}  {about.measured_url}")
    more = "More: --all shows codes, all figures and what makes the interval wide"
    if about.reported_by != sentences.DESCRIBED_EVENT:  # which has no version to look it up in
        name = about.restriction_id
        more += f"; next: audience-impact explain {name}, or cite {name}"
    rest = answer.removeprefix(headline).strip()
    return _join_sections([headline], [rest], event, _list_days(record), figures, [more])


def _describe_days(about: Restriction) -> str:
    last = about.ended_on or ""
    if about.end is End.NOT_RECORDED:
        return f"from {name_start(about)}, end not recorded"
    ended = on_day(last) if "/" in last else dates_in_words(last) if last else ""
    status = write_word(EndStatus(about.end_status), "noun")
    return f"from {name_start(about)}, {status} {ended}".rstrip()


def _list_days(record: AnswerRecord) -> list[str]:
    days = [row for row in record.person_days if is_year(row.period)]
    if record.leading.people.interval is None or not days:
        return []
    day = f"{dates_in_words(record.restriction.covered_until)}, the last day of our record of it"
    unknown = "its end is not recorded: the days are those of similar restrictions,"
    rests_on = {End.ONGOING: "counted", End.NOT_RECORDED: unknown}.get(record.restriction.end)
    return [
        "Person-days by year",
        *([f"  {rests_on} up to {day}"] if rests_on else []),
        *(
            f"  {row.period}  {format_amount(row.users if row.users.interval else row.person_days)}"
            for row in days
        ),
    ]


def list_events(
    events: pd.DataFrame, quantity: Quantity = Quantity.PEOPLE, most: int | None = None
) -> list[str]:
    """Return a line for each of the first rows of `rankings.build_events`, in their order.

    Steps of one chain are one line, that of the first of them. With `most` the source is left out,
    which makes the lines shorter.
    """
    shown = events if "steps_count" in events else rankings.join_chains(events)
    rows = plain_rows(shown.head(len(shown) if most is None else most))
    cells = [_format_event(row, quantity) for row in rows]
    return _align_columns([row[:-1] if most is not None else row for row in cells])


def _format_event(row: Row, quantity: Quantity) -> tuple[str, ...]:
    steps = row["steps_count"] or 1
    chain = f"; {steps} steps or renewals, {row['chain_days']:,.0f} days" if steps > 1 else ""
    place, cut = (shorten(row[name], MOST_LETTERS) for name in ("area_names", "platform_names"))
    source = shorten(row["source"] or NONE, MOST_LETTERS)
    amount = format_amount(read_amount(row, quantity))
    start, last = row["start_on"] or "not known", row["ended_on"] or ""
    interval = parse_period(last)
    if interval is None or interval[1] - interval[0] > timedelta(days=31):
        is_open = interval is not None or row["end_status"] == EndStatus.UNKNOWN
        last = "end not recorded" if is_open else row["end_status"]
    return row["restriction_id"], start, last, amount, f"{place}: {cut}{chain}", source


def _align_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return ["  " + "  ".join(map(str.ljust, cells, widths)).rstrip() for cells in rows]


def describe_list(events: pd.DataFrame, quantity: Quantity, version_id: str) -> str:
    """Return the heading of a list of restrictions: how many, and what its columns are."""
    without = rankings.count_without_estimate(events, quantity)
    return (
        f"{_count_restrictions(len(events))}, {without} of them without an estimate of "
        f"{quantity}; version {version_id}. Columns: id, from, to, {quantity} with the likely "
        "range, where and what was cut, source"
    )


def _count_restrictions(count: float) -> str:
    return f"{count:.0f} restriction{'' if count == 1 else 's'}"


def render_area_brief(record: AreaRecord, version_id: str, rows: pd.DataFrame, most: int) -> str:
    """Return the sentence of an area, the largest of its countries or restrictions, and the rest.

    `rows` are the countries of the record, or what `rankings.build_events` returns.
    """
    quantity, is_by_country = record.quantity, rows is record.countries
    is_of_people = quantity is Quantity.PEOPLE
    counted = _count_restrictions(record.row["restrictions_count"])
    if not is_by_country and len(rows) < record.row["restrictions_count"]:
        counted += f", in {len(rows)} rows: the steps or renewals of one restriction share a row"
    ranked = _list_countries(record, most) if is_by_country else list_events(rows, quantity, most)
    noun = "Countries" if is_by_country else "Restrictions"
    amounts = "person-days under restriction, each person counted once a day"
    if is_of_people:
        amounts = "people affected, each counted once"
    head = f"{noun} in {record.period} by {amounts} (likely range in brackets)"
    missing = record.row["bounds_only_count"] if is_of_people and not is_by_country else None
    more = (
        "More: --by country or restriction, --metric person-days, --chart FILE, --all (years, "
        "months, what others published); next: audience-impact list --area "
        f"{record.area_id} --year {record.period[:4]}"
    )
    lead = [" ".join(areas.write_area_lead(record))]
    if record.kind is RestrictionKind.ALL:
        lead += areas.describe_age(record)
    if record.is_region:
        lead += areas.name_uncounted(plain_rows(record.countries))
    return _join_sections(
        [*lead, *filter(None, [areas.describe_collection(record.row)])],
        [f"{counted}. Figures: audience-impact version {version_id}."],
        [head, *ranked, *_describe_left_out(rows, quantity, most, missing)],
        [more],
    )


def _list_countries(record: AreaRecord, most: int) -> list[str]:
    rows = []
    for number, row in enumerate(plain_rows(record.countries.head(most)), 1):
        amount = read_amount(row, record.quantity)
        floor = format_floor(amount.min or 0.0) if has_telling_floor(amount) else ""
        begun = row[f"began_q50_{record.quantity.unit}"]
        is_named = begun is not None and record.kind is RestrictionKind.ALL
        rows.append(
            (
                f"{number}.",
                row["area_name"],
                format_amount(amount),
                floor and f"minimum {floor}",
                f"began in it: {format_number(begun)}" if is_named else "",
                _count_restrictions(row["restrictions_count"]),
            )
        )
    return _align_columns(rows)


def _describe_left_out(
    rows: pd.DataFrame, quantity: Quantity, most: int, missing: float | None
) -> list[str]:
    """Return how many rows are below the first ones, and how many of all have no estimate.

    `missing` is the number of those that the total leaves out; None where rows are no part of it.
    """
    more, without = max(len(rows) - most, 0), rankings.count_without_estimate(rows, quantity)
    have = "has no estimate of its own" if without == 1 else "have no estimate of their own"
    wide = "; the total includes those whose range is too wide to print"
    wide *= missing is not None and without > missing
    parts = [f"Left out: {more} more (--top {len(rows)} shows them)."] * bool(more)
    parts += [f"{without} of all {len(rows)} rows {have}{wide}."] * bool(without)
    return [f"  {' '.join(parts)}"] if parts else []


def render_area(record: AreaRecord, version_id: str) -> str:
    """Return everything published about an area, for a reader in a terminal."""
    comparisons = [
        f"  {row['publisher']}, {row['period']}: {_format_published(row)}; "
        f"{areas.explain_difference(row)}"
        for row in record.comparisons
    ]
    years, months = (
        [_format_period(kinds) for kinds in group_kinds(rows).values()]
        for rows in (record.by_year, record.by_month)
    )
    under = "People under at least one restriction at some time, each counted once, by year"
    return _join_sections(
        [_write_area_answer(record, version_id)],
        [under, *years],
        [f"By month of {record.period[:4]}", *months],
        ["Published by others", *(comparisons or ["  nothing on record"])],
    )


def _write_area_answer(record: AreaRecord, version_id: str) -> str:
    return f"{areas.write_area_answer(record)} Figures: audience-impact version {version_id}."


def _format_period(kinds: Mapping[str, Row]) -> str:
    row = kinds[RestrictionKind.ALL]
    least, most = (format_compact(row[f"{end}_persons"]) for end in ("min", "max"))
    middle = "no estimate" if row["q50_persons"] is None else format_estimate(row)
    ages = {
        RestrictionKind.BEGAN: f"begun in the {'year' if is_year(row['period']) else 'month'}",
        RestrictionKind.OLDER: "older than a year",
    }
    parts = [
        f", {part['restrictions_count']} {words} ({format_compact(part['q50_persons'])})"
        for kind, words in ages.items()
        if (part := kinds.get(kind))
    ]
    return (
        f"  {row['period']:<8}{middle:<34} {f'minimum {least}, maximum {most}':<36} "
        f"{_count_restrictions(row['restrictions_count']):>16} in {row['countries_count']} "
        f"{'country' if row['countries_count'] == 1 else 'countries'}{''.join(parts)}; "
        f"{label_status(row)}"
    )


def _format_published(row: Row) -> str:
    if row["published_persons"] is not None:
        return f"{format_compact(row['published_persons'])} people"
    counts = {"restrictions": row["published_events_count"], "hours": row["published_hours"]}
    return " and ".join(f"{cell:,.0f} {name}" for name, cell in counts.items() if cell is not None)


def _join_sections(*sections: Sequence[str]) -> str:
    """Return the lines of sections without control characters, a blank line between sections."""
    texts = ("\n".join(map(plain_line, lines)) for lines in sections)
    return "\n\n".join(filter(None, texts)) + "\n"


def restriction_json(record: AnswerRecord, version_id: str | None = None) -> dict[str, Any]:
    """Return all that is published of a restriction as plain values, and the answer."""
    rows = record.rows
    return {
        "answer": sentences.write_answer(record, version_id),
        **rows["restrictions"][0],
        "reported_by": record.restriction.reported_by,
        "targets": [vars(target) for target in record.targets],
        "audiences": _drop_columns(
            record.audiences, *("feature", "claim_status", "naive_sum_persons")
        ),
        "figures": _drop_columns(record.figures, "output_table", "restriction_id"),
        "naive_sum": {
            "naive_sum_persons": record.naive_sum_persons,
            "why_wrong": _explain_sum(record),
        },
        "impact": rows.get("impact", []),
        "person_days": _drop_columns(rows.get("person_days", []), "restriction_id", "as_of"),
        "drives_width": _drop_columns(rows.get("sensitivity", []), "restriction_id"),
        "comparisons": list(record.comparisons),
        "missing": record.missing,
        "ids_elsewhere": name_other_ids(record),
    }


def _drop_columns(rows: Iterable[Row], *names: str) -> list[dict[str, Any]]:
    return [{name: cell for name, cell in row.items() if name not in names} for row in rows]


def area_json(record: AreaRecord, version_id: str) -> dict[str, Any]:
    """Return everything published about an area as an object of plain values."""
    return {
        "answer": _write_area_answer(record, version_id),
        "area_id": record.area_id,
        "area_name": record.name,
        "period": record.period,
        "kind": str(record.kind),
        "by_year": list(record.by_year),
        "by_month": list(record.by_month),
        "comparisons": list(record.comparisons),
        "countries": plain_rows(record.countries),
    }
