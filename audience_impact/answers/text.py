"""The record of a restriction, or of an area, as text for a terminal and as JSON."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from audience_impact.answers import Quantity, rankings, sentences
from audience_impact.answers.caveats import DESCRIBED_EVENT
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
from audience_impact.answers.rankings import Ranking
from audience_impact.answers.records import (
    AnswerRecord,
    AreaRecord,
    Days,
    End,
    Restriction,
    Row,
    plain_rows,
)
from audience_impact.answers.restriction_words import name_other_ids, name_start
from audience_impact.periods import parse_period
from audience_impact.plain_text import plain_line
from audience_impact.vocabulary import EndStatus

TITLES = (
    *("Targets", "People", "Person-days", "What drives the width", "Figures used"),
    *("Published by others", "Missing"),
)
"""Titles of the sections of the text, in their order."""
NAIVE = "adds up audiences that overlap: people who use several platforms count several times"
UNDER = "People under at least one restriction at some time, each counted once"
END_WINDOW = pd.Timedelta(days=31)
MOST_LETTERS = 48
"""Maximum length of a name in a list."""
MORE_OF_RESTRICTION = "More: --all shows codes, all figures and what makes the interval wide"
NEXT_OF_RESTRICTION = "; next: audience-impact explain {id}, or cite {id}"
MORE_OF_AREA = (
    "More: --by country or restriction, --metric person-days, --chart FILE, --all (years, months, "
    "what others published); next: audience-impact list --area {area} --year {year}"
)
QUANTITIES = {
    Quantity.PEOPLE: "people affected, each counted once",
    Quantity.PERSON_DAYS: "person-days under restriction, each person counted once a day",
}
PARTS = ("feature", "claim_status", "naive_sum_persons")
"""Columns of the targets and of the total, which are omitted from each audience in JSON."""


def render_restriction(record: AnswerRecord, version_id: str | None = None) -> str:
    """Return everything published about a restriction, for a reader in a terminal."""
    sections = (
        [
            f"  {target.platform_id} {target.feature} ({target.claim_status})"
            for target in record.targets
        ],
        [*_list_numbers(record), _describe_sum(record)],
        [_format_person_days(row) for row in record.person_days]
        or ["  none: start not known, later than the facts, or never carried out"],
        _list_drivers(record),
        [_format_figure(row) for row in record.figures],
        [_format_comparison(row) for row in record.comparisons] or ["  nothing on record"],
        [f"  {text}" for text in record.missing],
    )
    titled = [[title, *lines] for title, lines in zip(TITLES, sections, strict=True)]
    return _join_sections([_describe_restriction(record, version_id), *titled])


def render_brief(record: AnswerRecord, version_id: str) -> str:
    """Return the answer for a restriction, with its days, its person-days and its sources."""
    restriction = record.restriction
    pages = dict.fromkeys(
        f"  {row['attribution']}  {row['url'] or ''}".rstrip() for row in record.figures
    )
    has_estimate = record.leading.people.interval is not None  # else days of no number of people
    days = [row for row in record.person_days if has_estimate and len(row.period) == len("2023")]
    headline, answer = sentences.write_headline(record), sentences.write_answer(record, version_id)
    if not answer.startswith(f"{headline} "):
        headline, answer = answer, ""
    rest = answer.removeprefix(headline).strip()
    return _join_sections(
        (
            [headline],
            *([[rest]] if rest else []),
            [
                f"{restriction.restriction_id}  {restriction.area_name}: {restriction.platforms}",
                f"  {_describe_days(record)}",
                *_describe_chain_of(restriction),
                *_name_elsewhere(record),
            ],
            *([["Person-days by year", *_end_days(record), *map(_format_days, days)]] * bool(days)),
            ["Figures used", *pages, *_cite_measurement(record)],
            [_suggest_next(record)],
        )
    )


def _suggest_next(record: AnswerRecord) -> str:
    """Return the last line of an answer: an event on no record has no version to look it up in."""
    if record.reported_by == DESCRIBED_EVENT:
        return MORE_OF_RESTRICTION
    return MORE_OF_RESTRICTION + NEXT_OF_RESTRICTION.format(id=record.restriction.restriction_id)


def _describe_days(record: AnswerRecord) -> str:
    """Return the first day in force, else the announced one, and the end."""
    last = record.restriction.ended_on or ""
    if record.clauses.end is End.NOT_RECORDED:
        return f"from {name_start(record)}, end not recorded"
    ended = on_day(last) if "/" in last else dates_in_words(last) if last else ""
    status = EndStatus(record.restriction.end_status).noun
    return f"from {name_start(record)}, {status} {ended}".rstrip()


def _describe_chain_of(restriction: Restriction) -> list[str]:
    """Return a line on the restrictions that one continues or that continue it, with their days."""
    if restriction.chain_id is None:
        return []
    days = f"{restriction.chain_days or 0.0:,.0f} days in force in all"
    return [f"  in a chain of steps or renewals that began with {restriction.chain_id}: {days}"]


def _name_elsewhere(record: AnswerRecord) -> list[str]:
    """Return the line with the ids of the event at other publishers; none without one."""
    ids = name_other_ids(record)
    return [f"  the same event elsewhere: {ids}"] * bool(ids)


def _end_days(record: AnswerRecord) -> list[str]:
    """Return what person-days rest on, if the record has no end."""
    day = f"{dates_in_words(record.restriction.covered_until)}, the last day of our record of it"
    rests_on = {
        End.ONGOING: f"  counted up to {day}",
        End.NOT_RECORDED: "  its end is not recorded: the days are those of similar restrictions, "
        f"up to {day}",
    }
    return [rests_on[end]] if (end := record.clauses.end) in rests_on else []


def _cite_measurement(record: AnswerRecord) -> list[str]:
    """Return the line with the page of a measurement; none without one."""
    about = record.restriction
    return [f"  {(about.measured_by or '').replace(';', ', ')}  {about.measured_url}"] * bool(
        about.measured_url
    )


def _format_days(row: Days) -> str:
    amount = row.users if row.users.interval else row.person_days
    return f"  {row.period}  {format_amount(amount)}"


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
    return _align_columns([row[:-1] for row in cells] if most else cells)


def _format_event(row: Row, quantity: Quantity) -> tuple[str, ...]:
    """Return id, days, people or person-days, what was cut, and the source."""
    return (
        row["restriction_id"],
        row["start_on"] or "not known",
        _format_end(row),
        format_amount(rankings.read_amount(row, quantity)),
        f"{shorten(row['area_name'], MOST_LETTERS)}: {shorten(row['platforms'], MOST_LETTERS)}"
        f"{_describe_chain(row)}",
        shorten(row["source"] or NONE, MOST_LETTERS),
    )


def _format_end(row: Row) -> str:
    """Return the last day; where the record leaves it open by more than a month, that it does."""
    last = row["ended_on"] or ""
    interval = parse_period(last)
    if interval and interval[1] - interval[0] <= END_WINDOW:
        return last
    is_open = interval is not None or row["end_status"] == EndStatus.UNKNOWN
    return "end not recorded" if is_open else str(row["end_status"])


def _describe_chain(row: Row) -> str:
    """Return how many steps of one chain a row of a list stands for, and the days of all."""
    steps = row["steps_count"] or 1
    return f"; {steps} steps or renewals, {row['chain_days']:,.0f} days" if steps > 1 else ""


def _align_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as lines whose cells begin below each other."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return ["  " + "  ".join(map(str.ljust, cells, widths)).rstrip() for cells in rows]


def events_json(events: pd.DataFrame) -> dict[str, Any]:
    """Return rows of `rankings.build_events` as an object of plain values."""
    return {"restrictions": plain_rows(events)}


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


def _list_countries(ranking: Ranking, most: int) -> list[str]:
    return _align_columns(
        [
            (
                f"{number}.",
                row["area_name"],
                format_amount(rankings.read_amount(row, ranking.quantity)),
                _format_floor_cell(rankings.read_amount(row, ranking.quantity)),
                _format_begun(row, ranking),
                _count_restrictions(row["restrictions_count"]),
            )
            for number, row in enumerate(plain_rows(ranking.rows.head(most)), 1)
        ]
    )


def _format_begun(row: Row, ranking: Ranking) -> str:
    """Return the number of what began in the year; blank for a month, a kind, or without one."""
    begun = row[f"{rankings.BEGAN}q50_{ranking.quantity.unit}"]
    return "" if begun is None or ranking.kind else f"began in it: {format_number(begun)}"


def _format_floor_cell(amount: Estimate) -> str:
    """Return the lower bound; blank where it says nothing beside the estimate."""
    return f"minimum {format_floor(amount.at_least or 0.0)}" if has_telling_floor(amount) else ""


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


def ranking_json(ranking: Ranking) -> dict[str, Any]:
    """Return the countries of a ranking as an object of plain values."""
    return {"countries": plain_rows(ranking.rows)}


def render_area(record: AreaRecord, version_id: str) -> str:
    """Return everything published about an area, for a reader in a terminal."""
    return _join_sections(
        (
            [area_answer(record, version_id)],
            [f"{UNDER}, by year", *map(_format_period, record.by_year)],
            [f"By month of {record.row['period'][:4]}", *map(_format_period, record.by_month)],
            ["Published by others", *(_list_area_comparisons(record) or ["  nothing on record"])],
        )
    )


def render_area_brief(
    record: AreaRecord, ranking: Ranking, version_id: str, rows: pd.DataFrame, most: int
) -> str:
    """Return the sentence of an area, the largest of its countries or restrictions, and the rest.

    `rows` are those of the ranking, or those of `rankings.build_events`.
    """
    quantity, row = ranking.quantity, record.row
    is_by_country = rows is ranking.rows
    counted = _count_restrictions(row["restrictions_count"])
    total = rankings.read_amount(ranking.total, quantity)
    if ranking.kind:
        row = ranking.total
        headline = sentences.write_kind_lead(row, record.name, ranking.kind, total)
        counted = _count_restrictions(row["restrictions_count"])
    elif quantity is Quantity.PEOPLE:
        headline = " ".join(sentences.write_area_lead(row, record.name))
    else:
        headline = sentences.write_person_days_headline(row, record.name, total)
    ranked = _list_countries(ranking, most) if is_by_country else list_events(rows, quantity, most)
    about = [] if ranking.kind else sentences.describe_age(row)
    about += (
        sentences.name_uncounted(plain_rows(ranking.rows)) if ranking.area_id.isdecimal() else []
    )
    about += filter(None, [sentences.describe_collection(record.row)])
    more = MORE_OF_AREA.format(area=ranking.area_id, year=ranking.period[:4])
    if not is_by_country and len(rows) < row["restrictions_count"]:
        counted += f", in {len(rows)} rows: the steps or renewals of one restriction share a row"
    is_of_people = not is_by_country and quantity is Quantity.PEOPLE
    missing = row["bounds_only_count"] if is_of_people else None
    noun = "Countries" if is_by_country else "Restrictions"
    head = f"{noun} in {ranking.period} by {QUANTITIES[quantity]} (likely range in brackets)"
    return _join_sections(
        (
            [headline, *about],
            [f"{counted}. Figures: audience-impact version {version_id}."],
            [head, *ranked, *_describe_left_out(rows, quantity, most, missing)],
            [*_explain_sum_of_days(ranking), more],
        )
    )


def _explain_sum_of_days(ranking: Ranking) -> list[str]:
    """Return what the person-days of a region are the sum of."""
    total = rankings.read_amount(ranking.total, ranking.quantity)
    is_sum = ranking.quantity is Quantity.PERSON_DAYS and ranking.area_id.isdecimal()
    if not is_sum or total.interval is None:
        return []
    low, _, high = map(format_number, total.interval)
    return [
        "The total is the sum of the countries' medians; their 5 % and 95 % quantiles add up to "
        f"{low} and {high}, wider than the interval of the total."
    ]


def area_answer(record: AreaRecord, version_id: str) -> str:
    """Return the answer for an area in sentences, with the version."""
    answer = sentences.write_area_answer(record.row, record.name)
    return f"{answer} Figures: audience-impact version {version_id}."


def _join_sections(sections: Iterable[Iterable[str]]) -> str:
    """Return the sections, separated by blank lines and without control characters."""
    return "\n\n".join("\n".join(map(plain_line, lines)) for lines in sections) + "\n"


def _describe_restriction(record: AnswerRecord, version_id: str | None) -> list[str]:
    restriction = record.restriction
    return [
        sentences.write_answer(record, version_id),
        "",
        f"{restriction.restriction_id}  {restriction.area_name}: {restriction.platforms}",
        f"  {restriction.action}, {restriction.severity}; {restriction.claim_status}; evidence: "
        f"{restriction.evidence_state}; start {restriction.start_on or 'not known'}, "
        f"{restriction.end_status} {restriction.ended_on or ''}".rstrip(),
        f"  authority: {restriction.authority or 'not known'}",
        f"  stated reason: {restriction.stated_reason or 'none on record'}",
    ]


def _list_numbers(record: AnswerRecord) -> Iterable[str]:
    """Return a line for each number: bounds, median and interval, base and status."""
    for number in record.numbers:
        least, *_, most, low, high = map(format_in_full, read_numbers(number.people))
        yield (
            f"  {number.metric:<24} {least:>13} to {most:>13}   {_format_median(number.people)}   "
            f"at face value {low} to {high}, of {format_in_full(number.base_persons)} in "
            f"{number.base}; {number.dedup_method}; {number.obs_status} {number.status}"
        )


def _describe_sum(record: AnswerRecord) -> str:
    """Return the sum of the audiences, and why this sum is wrong."""
    persons = format_in_full(record.naive_sum_persons)
    return f"  {'added up':<24} {persons:>13}   {_explain_sum(record)}"


def _explain_sum(record: AnswerRecord) -> str:
    if len(record.audiences) > 1:
        return NAIVE
    return "one platform: nothing is added up" if record.audiences else "no platform on record"


def _format_median(estimate: Estimate) -> str:
    """Return median and interval with all digits, or that there is none."""
    if estimate.interval is None:
        return "no estimate"
    low, middle, high = map(format_in_full, estimate.interval)
    return f"median {middle} (5 to 95 %: {low} to {high})"


def _format_person_days(row: Days) -> str:
    low, high = map(format_in_full, (row.person_days.at_least, row.person_days.at_most))
    return (
        f"  {row.period:<5} {format_in_full(row.days):>6} days {low:>17} to {high:>17}   "
        f"{_format_median(row.person_days)}; added up {format_in_full(row.added_up)}"
    )


def _list_drivers(record: AnswerRecord) -> list[str]:
    """Return the inputs that make each number uncertain, the largest first, with advice."""
    lines = [
        f"  {driver.metric:<24} {driver.input:<14} {driver.share_text:>11}  {driver.advice}"
        for driver in record.drivers
    ]
    return lines or ["  nothing varies: the bounds meet"]


def _format_figure(row: Row) -> str:
    return (
        f"  {row['role']:<14} {row['platform_id']:<12} {row['input_id']:<40} "
        f"{row['row_file']}:{row['row_line']}  {row['attribution']}  {row['url'] or ''}"
    )


def _format_comparison(row: Row) -> str:
    return (
        f"  {row['attribution']}: {format_in_full(row['published_value'])} {row['unit']} "
        f"({row['figure_kind']}, {row['interval_kind']}), {format_in_full(row['upper_ratio'])} "
        f"times our maximum at face value ({row['compared_with']}); {row['difference_reason']}"
    )


def _format_period(row: Row) -> str:
    least, most = (format_compact(row[f"at_{end}_persons"]) for end in ("least", "most"))
    middle = "no estimate" if row["q50_persons"] is None else format_estimate(row)
    return (
        f"  {row['period']:<8}{middle:<34} {f'minimum {least}, maximum {most}':<36} "
        f"{_count_restrictions(row['restrictions_count']):>16} in {row['countries_count']} "
        f"{'country' if row['countries_count'] == 1 else 'countries'}{_count_begun(row)}; "
        f"{label_status(row)}"
    )


def _count_begun(row: Row) -> str:
    """Return how many of the restrictions began in the year, and are older; blank for a month."""
    ages = {"began_": "begun in the year", "older_": "older than a year"}
    counts = {prefix: row.get(f"{prefix}restrictions_count") for prefix in ages}
    return "".join(
        f", {count} {ages[prefix]} ({format_compact(row[f'{prefix}q50_persons'])})"
        for prefix, count in counts.items()
        if count or (count == 0 and prefix == rankings.BEGAN)
    )


def _list_area_comparisons(record: AreaRecord) -> list[str]:
    return [
        f"  {row['publisher']}, {row['period']}: {_format_published(row)}; "
        f"{sentences.explain_difference(row)}"
        for row in record.comparisons
    ]


def _format_published(row: Row) -> str:
    if row["published_persons"] is not None:
        return f"{format_compact(row['published_persons'])} people"
    counts = {"restrictions": row["published_events_count"], "hours": row["published_hours"]}
    texts = [f"{count:,.0f} {name}" for name, count in counts.items() if count is not None]
    return " and ".join(texts)


def restriction_json(record: AnswerRecord, version_id: str | None = None) -> dict[str, Any]:
    """Return everything published about a restriction as an object of plain values.

    The answer names `version_id` as a source if it is not blank.
    """
    rows = record.rows
    return {
        "answer": sentences.write_answer(record, version_id),
        **rows["restrictions"][0],
        "reported_by": record.reported_by,
        "targets": [vars(target) for target in record.targets],
        "audiences": [_drop_columns(row, *PARTS) for row in record.audiences],
        "figures": [_drop_columns(row, "output_table", "restriction_id") for row in record.figures],
        "naive_sum": {
            "naive_sum_persons": record.naive_sum_persons,
            "why_wrong": _explain_sum(record),
        },
        "impact": rows.get("impact", []),
        "person_days": [
            _drop_columns(row, "restriction_id", "as_of") for row in rows.get("person_days", [])
        ],
        "drives_width": [
            _drop_columns(row, "restriction_id") for row in rows.get("sensitivity", [])
        ],
        "comparisons": list(record.comparisons),
        "missing": record.missing,
        "ids_elsewhere": name_other_ids(record),
    }


def area_json(record: AreaRecord, version_id: str) -> dict[str, Any]:
    """Return everything published about an area as an object of plain values."""
    return {
        "answer": area_answer(record, version_id),
        "area_id": record.area_id,
        "area_name": record.name,
        "period": record.row["period"],
        "by_year": list(record.by_year),
        "by_month": list(record.by_month),
        "comparisons": list(record.comparisons),
    }


def _drop_columns(row: Row, *names: str) -> dict[str, Any]:
    return {name: cell for name, cell in row.items() if name not in names}
