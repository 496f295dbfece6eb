"""The page of a restriction: the answer, the picture, then all facts and reasons behind them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers import sentences
from audience_impact.answers.areas import is_year
from audience_impact.answers.citation import cite_restriction
from audience_impact.answers.numbers import NUMBERS
from audience_impact.answers.records import ALL, AnswerRecord, End, Number
from audience_impact.answers.restriction_words import name_other_ids, name_start, say_span
from audience_impact.answers.text import restriction_json
from audience_impact.outputs.review.status_rules import RULES
from audience_impact.plain_text import json_text
from audience_impact.site import rows
from audience_impact.site.drawing import Picture
from audience_impact.site.rendering import render_page
from audience_impact.site.report_data import File, ListEntry, ReportData, encode_csv, page_path
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


def make_pages(report: ReportData, part: slice = slice(None)) -> Iterator[File]:
    """Yield for each restriction of a part its page, and its data as CSV and as JSON."""
    for entry in report.entries[part]:
        record, picture = report.records[entry.restriction], draw_picture(report, entry.restriction)
        path = page_path(entry.restriction, "restriction")
        data = path.removesuffix(".html")
        row = {"version_id": report.stored.id, **restriction_json(record)}
        values = _collect_values(report, entry, record, row["answer"]) | {"picture": picture.svg}
        yield render_page(report, path, entry.title, "restriction.html", values)
        yield File(f"{data}.svg", picture.encode(".svg"))
        yield File(f"{data}.json", f"{json_text(row)}\n".encode())
        yield File(f"{data}.csv", encode_csv(_list_csv_rows(record, report.stored.id)))


def draw_picture(report: ReportData, restriction: str) -> Picture:
    """Return the picture of the answer, with texts for use outside its page.

    Raise KeyError for an unpublished restriction.
    """
    entry, record = report.by_id[restriction], report.records[restriction]
    comparisons, names = record.rows.get("comparisons", []), report.platforms | record.platforms
    svg = rows.draw_answer(f"People: {entry.title}", record.rows["impact"], comparisons, names)
    marks = "Tick: the estimate. Bar: likely range. " if entry.persons.q50 is not None else ""
    others = " Diamonds and arrows: what others published." if record.comparisons else ""
    foot = f"{marks}Grey line: minimum to maximum.{others}"
    title = f"{entry.title}, {_describe_duration(record)}"
    return Picture(svg, title, (foot, sentences.write_sources(record, report.stored.id)))


def _collect_values(
    report: ReportData, entry: ListEntry, record: AnswerRecord, answer: str
) -> dict[str, Any]:
    names = report.platforms | record.platforms
    assumed = sentences.name_unnamed_places(record)
    assumed += (
        sentences.list_caveats(record, record.leading) if record.leading.people.interval else []
    )
    headline = sentences.write_headline(record)
    answer = answer.replace(" ".join(assumed), "", 1)
    days = [row for row in record.person_days if is_year(row.period)]
    if len(days) > 1:
        days += [row for row in record.person_days if row.period == ALL]
    inputs = [driver for driver in record.drivers if driver.metric == entry.metric]
    numbers = _order_numbers(record)
    if len(numbers) > 1 and numbers[1].people == numbers[0].people:
        del numbers[1]  # the feature users are all people exposed
    return {
        "entry": entry,
        "record": record,
        "lead": sentences.write_lead(record),
        "headline": headline,
        "rest": answer.removeprefix(headline).strip(),
        "assumed": split_assumptions(assumed),
        "source": report.sources.get(record.restriction.source_id),
        "people": numbers,
        "platform_names": names,
        "measured_by": {
            figure["platform_id"]: figure["attribution"]
            for figure in record.figures
            if figure["role"] == FactRole.AUDIENCE
        },
        "days": days,
        "days_picture": rows.draw_person_days(
            f"Person-days a year: {entry.title}", record.rows.get("person_days", [])
        ),
        "feature_days": any(row.users != row.person_days and row.users.q50 for row in days),
        "inputs": inputs,
        "inputs_picture": rows.draw_drivers(f"What makes the interval wide: {entry.title}", inputs),
        "figures": [row for row in record.figures if row["role"] != FactRole.RELAY],
        "relays": [row for row in record.figures if row["role"] == FactRole.RELAY],
        "citation": cite_restriction(record, report.stored),
        "rules": _list_rules(record, numbers),
        "unknown": _list_unknown(record, names),
        "continues": report.by_id.get(record.restriction.continues or ""),
        "lasted": _describe_duration(record),
        "evidence": sentences.label_evidence(record),
        "other_ids": name_other_ids(record),
        "neighbours": [
            (country, *report.neighbours[country, entry.restriction])
            for country in sorted(set(entry.countries))
        ],
    }


def split_assumptions(texts: list[str]) -> list[str]:
    """Return each caveat, and each of several assumptions, as a sentence of a list."""
    bare = (text.removeprefix("Assumptions: ").removesuffix(".") for text in texts)
    return [f"{naming.capitalise_first(part)}." for text in bare for part in text.split("; ")]


def _order_numbers(record: AnswerRecord) -> list[Number]:
    return [record.by_metric[metric] for metric in METRICS if metric in record.by_metric]


def _describe_duration(record: AnswerRecord) -> str:
    about = record.restriction
    if not about.first_day:
        return "on a day that is not recorded"
    if not about.ended_on or about.end is End.NOT_RECORDED:
        return f"from {name_start(about)}"
    return say_span(about)


def _list_rules(record: AnswerRecord, numbers: Sequence[Number]) -> list[dict[str, Any]]:
    """Return for each number its status, and the reasons and rules behind it.

    Reasons of an earlier number are not repeated, and `again` is true.
    """
    rules, before = [], set[str]()
    for number in numbers:
        reasons = sentences.write_reasons(record, number)
        fresh = [(rule, text) for rule, text in reasons if text not in before]
        rules.append(
            {
                "label": number.label,
                "status": number,
                "reasons": [{"text": text, "rule": RULES.get(rule)} for rule, text in fresh],
                "again": len(fresh) < len(reasons),
            }
        )
        before |= {text for _, text in reasons}
    return rules


def _list_unknown(record: AnswerRecord, names: Mapping[str, str]) -> list[str]:
    texts = [
        f"There is no number of {number.label}: "
        f"{'; '.join(text for _, text in sentences.write_reasons(record, number))}."
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


def _list_csv_rows(record: AnswerRecord, version: str) -> Iterator[Sequence[Any]]:
    yield CSV_COLUMNS
    impact = {row["impact_metric"]: row for row in record.rows["impact"]}
    counted = [(impact[metric], metric.value, "", "persons") for metric in METRICS]
    counted += [
        (row, "person_days", row["period"], "person_days")
        for row in record.rows.get("person_days", [])
    ]
    for row, metric, period, unit in counted:
        yield (
            *(record.restriction.restriction_id, metric, period, unit),
            *(row[f"{name}_{unit}"] for name in NUMBERS),
            *(row.get("base"), row.get("base_persons"), row["obs_status"]),
            *(naming.label_status(row), row["reason"] or "", version),
        )
