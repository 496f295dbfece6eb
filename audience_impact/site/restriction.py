"""The page of a restriction: the answer, the picture, then all facts and reasons behind them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers import sentences
from audience_impact.answers.caveats import (
    label_evidence,
    list_caveats,
    name_unnamed_places,
    write_reasons,
)
from audience_impact.answers.citation import cite_restriction
from audience_impact.answers.numbers import (
    NUMBERS,
    dates_in_words,
)
from audience_impact.answers.records import ALL, AnswerRecord, Days, End, Number
from audience_impact.answers.restriction_words import (
    choose_start_day,
    name_other_ids,
    name_start,
    say_span,
)
from audience_impact.answers.text import restriction_json
from audience_impact.outputs.review.status_rules import RULES
from audience_impact.plain_text import cell_text
from audience_impact.site import rendering
from audience_impact.site.charts import drawing, rows
from audience_impact.site.report_data import (
    File,
    ListEntry,
    Page,
    ReportData,
    encode_csv,
    restriction_path,
)
from audience_impact.vocabulary import FactRole, ImpactMetric, ObsStatus

METRICS = (
    ImpactMetric.PEOPLE_EXPOSED,
    ImpactMetric.PEOPLE_FEATURE_EXPOSED,
    ImpactMetric.PEOPLE_DEPRIVED_NET,
)
"""Metrics in the order of the page: each counts a part of the people of the previous one."""
CSV_COLUMNS = (
    *("restriction_id", "counted", "period", "unit", *NUMBERS),
    *("base", "base_persons", "obs_status", "status", "reason", "version_id"),
)
LONG = 90
"""Maximum characters of a text in a list; longer texts follow the list, each on a separate line."""
ACT = (
    ("What was done", "action", "action"),
    ("How far the target is gone", "severity", "severity"),
    ("Where", "area_name", ""),
    ("Places as the source means them", "place_names", ""),
    ("How far it reaches", "geo_scope", "geo_scope"),
    ("Networks", "network_scope", "network_scope"),
    ("Operators", "operator_names", ""),
    ("Services", "target_names", ""),
    ("Ordered by", "authority", ""),
    ("Law or order", "legal_basis", ""),
    ("Reason given", "stated_reason", ""),
    ("Cause", "cause", "cause"),
    ("Happened at", "occasion", ""),
    ("Who says so", "claim_status", "claim_status"),
    ("Measured by", "measured_by_names", ""),
    ("A page of the measurement", "measured_url", ""),
    ("Why it is not read as everyone", "extent_reason", ""),
    ("Note", "note", ""),
)
"""The facts on a restriction: heading, column, and the enum of its words if it is coded."""
DATES = (("Announced", "announced_on"), ("Seen from", "observed_from"), ("Last day", "ended_on"))
Neighbours = list[tuple[str, ListEntry | None, ListEntry | None]]
"""The previous and the next restriction in each country."""


def make_pages(report: ReportData) -> Iterator[Page | File]:
    """Yield for each restriction its page, and its data as CSV and as JSON."""
    neighbours = _find_neighbours(report)
    for entry in report.entries:
        record = report.records[entry.restriction]
        path = restriction_path(entry.restriction)
        data = path.removesuffix(".html")
        picture = draw_picture(report, entry.restriction)
        values = _collect_values(report, entry, record)
        values |= {"picture": picture, "neighbours": neighbours[entry.restriction]}
        yield Page(path, entry.title, "restriction.html", values)
        texts = write_captions(report, entry.restriction)
        yield File(f"{data}.svg", drawing.make_standalone(picture, drawing.LIGHT, *texts).encode())
        yield File(f"{data}.json", _make_json(record, report.version))
        yield File(f"{data}.csv", encode_csv(_list_csv_rows(record, report.version)))


def _collect_values(report: ReportData, entry: ListEntry, record: AnswerRecord) -> dict[str, Any]:
    names = report.platforms | record.platforms
    assumed = name_unnamed_places(record)
    assumed += list_caveats(record, record.leading) if record.leading.people.interval else []
    headline = sentences.write_headline(record)
    answer = sentences.write_answer(record).replace(" ".join(assumed), "", 1)
    days = list(_choose_person_days(record))
    inputs = [driver for driver in record.drivers if driver.metric == entry.metric]
    yearly = record.rows.get("person_days", [])
    return {
        "entry": entry,
        "record": record,
        "lead": sentences.write_lead(record),
        "headline": headline,
        "rest": answer.removeprefix(headline).strip(),
        "assumed": _split_assumptions(assumed),
        "source": report.sources.get(record.restriction.source_id),
        "people": _choose_numbers(record),
        "platform_names": names,
        "measured_by": {
            figure["platform_id"]: figure["attribution"]
            for figure in record.figures
            if figure["role"] == FactRole.AUDIENCE
        },
        "days": days,
        "days_picture": rows.draw_person_days(f"Person-days a year: {entry.title}", yearly),
        "feature_days": any(row.users != row.person_days and row.users.q50 for row in days),
        "inputs": inputs,
        "inputs_picture": rows.draw_drivers(f"What makes the interval wide: {entry.title}", inputs),
        "figures": [row for row in record.figures if row["role"] != FactRole.RELAY],
        "relays": [row for row in record.figures if row["role"] == FactRole.RELAY],
        "citation": cite_restriction(record, report.stored),
        "rules": _list_rules(record),
        "unknown": _list_unknown(record, names),
        "data": restriction_path(entry.restriction).rpartition("/")[2].removesuffix(".html"),
        "continues": report.by_id.get(record.restriction.continues or ""),
        "lasted": _describe_duration(record),
        "evidence": label_evidence(record),
        "act": sorted(_describe_restriction(record), key=lambda pair: len(pair[1]) > LONG),
        "long": LONG,
    }


def _split_assumptions(caveats: list[str]) -> list[str]:
    """Return each caveat, and each of several assumptions, as a sentence of a list."""
    texts = [
        part
        for text in caveats
        for part in text.removeprefix("Assumptions: ").removesuffix(".").split("; ")
    ]
    return [f"{naming.capitalise_first(text)}." for text in texts]


def draw_picture(report: ReportData, restriction: str) -> str:
    """Return the picture of the answer as SVG; raise KeyError for an unpublished restriction."""
    record = report.records[restriction]
    title = f"People: {report.by_id[restriction].title}"
    comparisons, names = record.rows.get("comparisons", []), report.platforms | record.platforms
    return rows.draw_answer(title, record.rows["impact"], comparisons, names)


def write_captions(report: ReportData, restriction: str) -> tuple[str, tuple[str, ...]]:
    """Return the texts above and below a picture that is used outside its page."""
    entry, record = report.by_id[restriction], report.records[restriction]
    marks = "Tick: the estimate. Bar: likely range. " if entry.persons.q50 is not None else ""
    others = " Diamonds and arrows: what others published." if record.comparisons else ""
    return f"{entry.title}, {_describe_duration(record)}", (
        f"{marks}Grey line: minimum to maximum.{others}",
        sentences.write_sources(record, report.version),
    )


def _order_numbers(record: AnswerRecord) -> list[Number]:
    return [record.by_metric[metric] for metric in METRICS if metric in record.by_metric]


def _describe_duration(record: AnswerRecord) -> str:
    if not choose_start_day(record):
        return "on a day that is not recorded"
    if not record.restriction.ended_on or record.clauses.end is End.NOT_RECORDED:
        return f"from {name_start(record)}"
    return say_span(record)


def _choose_numbers(record: AnswerRecord) -> list[Number]:
    """Return the numbers to show; feature users only if they are not all people exposed."""
    numbers = _order_numbers(record)
    first, *others = numbers
    if others and others[0].people == first.people:
        return [first, *others[1:]]
    return numbers


def _choose_person_days(record: AnswerRecord) -> Iterator[Days]:
    """Yield person-days by year, then in total; for a single year, only the year."""
    years = [row for row in record.person_days if len(row.period) == 4]
    sums = [row for row in record.person_days if row.period == ALL]
    yield from [*years, *(sums if len(years) > 1 else [])]


def _list_rules(record: AnswerRecord) -> list[dict[str, Any]]:
    """Return for each number its status, and the reasons and rules behind it.

    Reasons of an earlier number are not repeated, and `again` is true.
    """
    rules, before = [], set[str]()
    for number in _choose_numbers(record):
        reasons = [
            {"text": text, "rule": RULES.get(rule)} for rule, text in write_reasons(record, number)
        ]
        rules.append(
            {
                "label": number.label,
                "status": number,
                "reasons": [reason for reason in reasons if reason["text"] not in before],
                "again": any(reason["text"] in before for reason in reasons),
            }
        )
        before |= {str(reason["text"]) for reason in reasons}
    return rules


def _list_unknown(record: AnswerRecord, names: Mapping[str, str]) -> list[str]:
    texts = [
        f"There is no number of {number.label}: "
        f"{'; '.join(text for _, text in write_reasons(record, number))}."
        for number in _order_numbers(record)
        if number.obs_status == ObsStatus.MISSING and number.reason
    ]
    texts += [
        f"Our record holds no usable audience figure of {names[part['platform_id']]}."
        for part in record.audiences
        if part["period"] is None
    ]
    columns = {"authority": "who ordered it", "stated_reason": "which reason was given"}
    blank = [words for name, words in columns.items() if not getattr(record.restriction, name)]
    return [*texts, *(f"Our record does not say {words}." for words in blank)]


def _describe_restriction(record: AnswerRecord) -> Iterator[tuple[str, str]]:
    """Yield heading and text of each fact on the restriction; dates are those of the source."""
    for heading, column, kind in ACT:
        if cell := getattr(record.restriction, column):
            text = naming.explain_code(cell, kind) if kind else cell
            yield heading, text.replace(";", "; ").replace(";  ", "; ")
    if ids := name_other_ids(record):
        yield "The same event elsewhere", ids
    for heading, column in DATES:
        if cell := getattr(record.restriction, column):
            yield heading, dates_in_words(cell)


def _find_neighbours(report: ReportData) -> dict[str, Neighbours]:
    neighbours: dict[str, Neighbours] = {entry.restriction: [] for entry in report.entries}
    by_country = rendering.group_entries(report.entries, lambda entry: entry.countries)
    for country, entries in by_country.items():
        ordered = [None, *rendering.newest_first(entries)[::-1], None]
        for before, entry, after in zip(ordered, ordered[1:], ordered[2:], strict=False):
            if entry is not None:
                neighbours[entry.restriction].append((country, before, after))
    return neighbours


def _make_json(record: AnswerRecord, version: str) -> bytes:
    values = {"version_id": version, **restriction_json(record)}
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _list_csv_rows(record: AnswerRecord, version: str) -> Iterator[Sequence[Any]]:
    yield CSV_COLUMNS
    shared = {"restriction_id": record.restriction.restriction_id, "version_id": version}
    impact = {row["impact_metric"]: row for row in record.rows["impact"]}
    counted = [(impact[metric], metric.value, "", "persons") for metric in METRICS]
    counted += [
        (row, "person_days", row["period"], "person_days")
        for row in record.rows.get("person_days", [])
    ]
    for row, metric, period, unit in counted:
        cells = {
            **shared,
            **{name: row[f"{name}_{unit}"] for name in NUMBERS},
            "counted": metric,
            "period": period,
            "unit": unit,
            "base": row.get("base"),
            "base_persons": row.get("base_persons"),
            "obs_status": row["obs_status"],
            "status": naming.label_status(row),
            "reason": cell_text(row["reason"] or ""),
        }
        yield [cells[name] for name in CSV_COLUMNS]
