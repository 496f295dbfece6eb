"""The record of a restriction, or of an area, as a terminal shows it and as JSON has it."""

from collections.abc import Iterable
from typing import Any

from audience_impact.answers import sentences
from audience_impact.answers.names import word
from audience_impact.answers.numbers import Estimate, counted, in_full, millions
from audience_impact.answers.records import AnswerRecord, AreaRecord, Days, Row
from audience_impact.plain_text import plain

TITLES = (
    *("Targets", "People", "Person-days", "What drives the width", "Figures used"),
    *("Published by others", "Missing"),
)
"""Titles of the parts of the text, in their order."""
NAIVE = "adds up audiences that overlap: people who use several platforms count several times"
NOT_COMPUTED = (
    "not computed: the version was made by `audience-impact run --no-sensitivity`; run it without "
    "that option"
)
UNDER = "People under at least one restriction at some time, each counted once"
PARTS = ("feature", "claim_status", "naive_sum_persons")
"""Columns of the targets and of the sum, left out of each audience in JSON."""


def restriction_text(record: AnswerRecord, version_id: str | None = None) -> str:
    """Return everything published about a restriction, for a reader in a terminal."""
    sections = (
        [f"  {one.platform_id} {one.feature} ({one.claim_status})" for one in record.targets],
        [*_people(record), _added_up(record)],
        [_person_days(row) for row in record.person_days]
        or ["  none: start not known, later than the facts, or never carried out"],
        _drivers(record),
        [_figure(row) for row in record.figures],
        [_published(row) for row in record.comparisons] or ["  nothing on record"],
        [f"  {text}" for text in record.missing],
    )
    titled = [[title, *lines] for title, lines in zip(TITLES, sections, strict=True)]
    return _joined([_act(record, version_id), *titled])


def area_text(record: AreaRecord, version_id: str) -> str:
    """Return everything published about an area, for a reader in a terminal."""
    return _joined(
        (
            [area_answer(record, version_id)],
            [f"{UNDER}, by year", *map(_period, record.by_year)],
            [f"By month of {record.row['period'][:4]}", *map(_period, record.by_month)],
            ["Published by others", *(_published_of_area(record) or ["  nothing on record"])],
        )
    )


def area_answer(record: AreaRecord, version_id: str) -> str:
    """Return the answer for an area in sentences, with the version."""
    answer = sentences.area(record.row, record.name)
    return f"{answer} Figures: audience-impact version {version_id}."


def _joined(sections: Iterable[Iterable[str]]) -> str:
    """Return the sections with a blank line between; no cell of a fact can steer the terminal."""
    return "\n\n".join("\n".join(map(plain, lines)) for lines in sections) + "\n"


def _act(record: AnswerRecord, version_id: str | None) -> list[str]:
    act = record.act
    return [
        sentences.answer(record, version_id),
        "",
        f"{act.restriction_id}  {act.area_name}: {act.platforms}",
        f"  {act.action}, {act.severity}; {act.claim_status}; evidence: {act.evidence_state}; "
        f"start {act.start_on or 'not known'}, {act.end_status} {act.ended_on or ''}".rstrip(),
        f"  authority: {act.authority or 'not known'}",
        f"  stated reason: {act.stated_reason or 'none on record'}",
    ]


def _people(record: AnswerRecord) -> Iterable[str]:
    """Return a line for each number: bounds, median and interval, base and status."""
    for one in record.numbers:
        low, high = in_full(one.people.lower), in_full(one.people.upper)
        yield (
            f"  {one.counted:<24} {low:>13} to {high:>13}   {_middle(one.people)}   of "
            f"{in_full(one.base_persons)} in {one.base}; {one.dedup_method}; "
            f"{one.obs_status} {one.status}"
        )


def _added_up(record: AnswerRecord) -> str:
    """Return what adding up would give, and why that is wrong."""
    return f"  {'added up':<24} {in_full(record.naive_sum_persons):>13}   {_why_wrong(record)}"


def _why_wrong(record: AnswerRecord) -> str:
    if len(record.audiences) > 1:
        return NAIVE
    return "one platform: nothing is added up" if record.audiences else "no platform on record"


def _middle(found: Estimate) -> str:
    """Return median and interval with all digits, or that there is none."""
    if found.interval is None:
        return "no estimate"
    low, middle, high = map(in_full, found.interval)
    return f"median {middle} (5 to 95 %: {low} to {high})"


def _person_days(row: Days) -> str:
    low, high = in_full(row.person_days.lower), in_full(row.person_days.upper)
    return (
        f"  {row.period:<5} {in_full(row.days):>6} days {low:>17} to {high:>17}   "
        f"{_middle(row.person_days)}; added up {in_full(row.added_up)}"
    )


def _drivers(record: AnswerRecord) -> list[str]:
    """Return the inputs of each number that matter, largest first, with what to do about them."""
    lines = [
        f"  {one.counted:<24} {one.input:<14} {one.share_text:>11}  {one.advice}"
        for one in record.drivers
    ]
    missing = [] if record.is_sensitivity_computed else [f"  {NOT_COMPUTED}"]
    return lines + missing or ["  nothing varies: the bounds meet"]


def _figure(row: Row) -> str:
    return (
        f"  {row['role']:<14} {row['platform_id']:<12} {row['input_id']:<40} "
        f"{row['row_file']}:{row['row_line']}  {row['attribution']}  {row['url'] or ''}"
    )


def _published(row: Row) -> str:
    return (
        f"  {row['attribution']}: {in_full(row['published_value'])} {row['unit']} "
        f"({row['figure_kind']}, {row['interval_kind']}), {in_full(row['upper_ratio'])} times our "
        f"upper bound of the {row['compared_with']}; {row['difference_reason']}"
    )


def _period(row: Row) -> str:
    bounds = f"{millions(row['lower_persons'])} to {millions(row['upper_persons'])}"
    middle = "no estimate" if row["q50_persons"] is None else counted(row)
    return (
        f"  {row['period']:<8}{middle:<34} forced: {bounds:<24} "
        f"{row['restrictions_count']:>4} restrictions in {row['areas_count']} "
        f"{'country' if row['areas_count'] == 1 else 'countries'}; "
        f"{word(row['obs_status'], 'obs_status')}"
    )


def _published_of_area(record: AreaRecord) -> list[str]:
    return [
        f"  {row['publisher']}, {row['period']}: {_theirs(row)}; {sentences.why_different(row)}"
        for row in record.comparisons
    ]


def _theirs(row: Row) -> str:
    if row["published_persons"] is not None:
        return f"{millions(row['published_persons'])} people"
    counts = {"restrictions": row["published_events_count"], "hours": row["published_hours"]}
    texts = [f"{count:,.0f} {name}" for name, count in counts.items() if count is not None]
    return " and ".join(texts)


def restriction_json(record: AnswerRecord, version_id: str | None = None) -> dict[str, Any]:
    """Return everything published about a restriction as an object of plain values.

    The answer names `version_id` as a source, where it is given.
    """
    rows = record.rows
    return {
        "answer": sentences.answer(record, version_id),
        **rows["restrictions"][0],
        "reported_by": record.reported_by,
        "targets": [vars(target) for target in record.targets],
        "audiences": [_without(row, *PARTS) for row in record.audiences],
        "figures": [_without(row, "output_table", "restriction_id") for row in record.figures],
        "naive_sum": {
            "naive_sum_persons": record.naive_sum_persons,
            "why_wrong": _why_wrong(record),
        },
        "impact": rows.get("impact", []),
        "person_days": [
            _without(row, "restriction_id", "as_of") for row in rows.get("person_days", [])
        ],
        "drives_width": [_without(row, "restriction_id") for row in rows.get("sensitivity", [])],
        "comparisons": list(record.comparisons),
        "missing": record.missing,
        "is_sensitivity_computed": record.is_sensitivity_computed,
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


def _without(row: Row, *names: str) -> dict[str, Any]:
    return {name: cell for name, cell in row.items() if name not in names}
