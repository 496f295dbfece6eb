"""A page a restriction: the answer first, then the picture, then everything that it stands on."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers import sentences
from audience_impact.answers.caveats import sentences_of
from audience_impact.answers.citation import citation
from audience_impact.answers.numbers import Estimate, dates_in_words, estimate, from_to
from audience_impact.answers.records import ALL, AnswerRecord, Days, Driver, Number
from audience_impact.answers.text import restriction_json
from audience_impact.outputs.review.status_rules import TABLE
from audience_impact.plain_text import cell_text
from audience_impact.site import listings
from audience_impact.site.charts import answer, drivers, person_days
from audience_impact.site.listed import Listed
from audience_impact.site.world import File, Page, World, restriction_path
from audience_impact.vocabulary import FactRole, ImpactMetric, ObsStatus

METRICS = (
    ImpactMetric.PEOPLE_EXPOSED,
    ImpactMetric.PEOPLE_FEATURE_EXPOSED,
    ImpactMetric.PEOPLE_DEPRIVED_NET,
    ImpactMetric.REACH_LOST,
)
"""In this order, which is that of who is a part of whom."""
RULES = {rule.id: rule for rule in TABLE}
CSV_COLUMNS = (
    *("restriction_id", "counted", "period", "unit", "lower", "q05", "q50", "q95", "upper"),
    *("base", "base_persons", "obs_status", "status", "reason", "version_id"),
)


def pages(world: World) -> Iterator[Page | File]:
    """For each restriction its page, and its data as CSV and as JSON."""
    neighbours = _neighbours(world)
    for one in world.listed:
        record = world.records[one.restriction]
        path = restriction_path(one.restriction)
        data = path.removesuffix(".html")
        yield Page(path, one.title, "restriction.html", _values(world, one, record, neighbours))
        yield File(f"{data}.json", _json(record, world.version))
        yield File(f"{data}.csv", _csv(record, world.version))


def _values(
    world: World,
    one: Listed,
    record: AnswerRecord,
    neighbours: Mapping[str, list[tuple[str, Listed | None, Listed | None]]],
) -> dict[str, Any]:
    """What the template reads."""
    first, figures = sentences.headline(record), _figures(record, world)
    return {
        "one": one,
        "record": record,
        "headline": first,
        "rest": sentences.answer(record).removeprefix(first).strip(),
        "source": world.sources.get(record.act.source_id),
        "people": _people(record),
        "parts": _parts(record, world.platforms),
        "days": list(_days(record)),
        "feature_days": _feature_days(record),
        "inputs": _inputs(record, one.metric),
        "comparisons": record.comparisons,
        "figures": [one for one in figures if one["role"] != FactRole.RELAY],
        "relays": [one for one in figures if one["role"] == FactRole.RELAY],
        "citation": citation(record, world.stored),
        "rules": _rules(record),
        "unknown": _unknown(record, world.platforms),
        "neighbours": neighbours[one.restriction],
        "pictures": _pictures(world, one, record),
        "data": restriction_path(one.restriction).rpartition("/")[2].removesuffix(".html"),
        "continues": world.by_id.get(record.act.continues or ""),
        "lasted": _lasted(record),
        "act": sorted(_act(record), key=lambda pair: len(pair[1]) > LONG),
        "long": LONG,
    }


def picture(world: World, restriction: str) -> str:
    """The picture of the answer, as SVG; KeyError where the restriction is not published."""
    rows = world.records[restriction].rows
    title = f"People: {world.by_id[restriction].title}"
    return answer.draw(title, rows["impact"], rows.get("comparisons", []), world.platforms)


def around_picture(world: World, restriction: str) -> tuple[str, tuple[str, ...]]:
    """What stands above and below the picture where it is away from its page."""
    one, record = world.by_id[restriction], world.records[restriction]
    marks = "Bar: 90 % interval. Tick: median. " if one.persons.q50 is not None else ""
    others = " Diamonds and arrows: what others published." if record.comparisons else ""
    return f"{one.title}, {_lasted(record)}", (
        f"{marks}Line: bounds, which the figures force if each is right as printed.{others}",
        sentences.sources(record, world.version),
    )


def _pictures(world: World, one: Listed, record: AnswerRecord) -> dict[str, str]:
    """SVG by what it shows; blank where there is nothing to draw."""
    wide = f"What makes the interval wide: {one.title}"
    return {
        "answer": picture(world, one.restriction),
        "days": person_days.draw(
            f"Person-days a year: {one.title}", record.rows.get("person_days", [])
        ),
        "drivers": drivers.draw(wide, _inputs(record, one.metric)),
    }


def _in_order(record: AnswerRecord) -> list[Number]:
    """Return the numbers in the order of METRICS."""
    return [record.by_metric[metric] for metric in METRICS if metric in record.by_metric]


def _lasted(record: AnswerRecord) -> str:
    """From when to when, as far as it is known."""
    first, last = record.act.start_on, record.act.ended_on
    if not first:
        return "on a day that is not known"
    if not last:
        return f"from {dates_in_words(first)}"
    return from_to(first, last)


def _people(record: AnswerRecord) -> list[Number]:
    """Return the numbers; users of what is restricted only where they are not everyone."""
    numbers = _in_order(record)
    first, *others = numbers
    if others and others[0].people == first.people:
        return [first, *others[1:]]
    return numbers


def _parts(record: AnswerRecord, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The audience of each service: who counted what, when, or from what it is imputed."""
    by = {
        figure["platform_id"]: figure["attribution"]
        for figure in record.figures
        if figure["role"] == "audience"
    }
    return [
        {
            "name": names[part["platform_id"]],
            "platform": part["platform_id"],
            "bounds": Estimate(part["lower_persons"], None, None, None, part["upper_persons"]),
            "imputed": estimate(part, prefix="imputed_", bounds=False),
            "metric": part["audience_metric"],
            "by": by.get(part["platform_id"], ""),
            "rung": part["imputation_rung"],
            "staleness": part["staleness"],
        }
        for part in record.audiences
    ]


def _days(record: AnswerRecord) -> Iterator[Days]:
    """Yield person-days by year, then over all; where there is one year, that alone."""
    years = [row for row in record.person_days if len(row.period) == 4]
    sums = [row for row in record.person_days if row.period == ALL]
    yield from [*years, *(sums if len(years) > 1 else [])]


def _feature_days(record: AnswerRecord) -> bool:
    """Whether person-days of the users of a feature are other than those of all exposed."""
    return any(row.users != row.person_days and row.users.q50 for row in _days(record))


def _inputs(record: AnswerRecord, metric: str) -> list[Driver]:
    """Return what makes the interval of the answer wide, the most first."""
    return [driver for driver in record.drivers if driver.counted == metric]


def _figures(record: AnswerRecord, world: World) -> list[dict[str, Any]]:
    """Each figure used, with what it was used for and the page it was read on."""
    return [
        {
            **figure,
            "what": naming.word(figure["role"], "fact_role"),
            "of": world.platforms.get(figure["platform_id"], ""),
            "title": world.sources.get(figure["source_id"], {}).get("title"),
        }
        for figure in record.figures
    ]


def _rules(record: AnswerRecord) -> list[dict[str, Any]]:
    """For each number its status, and the rules that gave it: what the row says, and when.

    What a number before it said already is told as `again`.
    """
    found, before = [], set[str]()
    for number in _people(record):
        said = [
            {"text": text, "rule": RULES.get(rule)} for rule, text in sentences_of(record, number)
        ]
        found.append(
            {
                "label": number.label,
                "obs_status": number.obs_status,
                "said": [one for one in said if one["text"] not in before],
                "again": any(one["text"] in before for one in said),
            }
        )
        before |= {str(one["text"]) for one in said}
    return found


def _reason(record: AnswerRecord, number: Number) -> str:
    """Return why a number has its status, with words for codes."""
    return "; ".join(text for _, text in sentences_of(record, number))


def _unknown(record: AnswerRecord, names: Mapping[str, str]) -> list[str]:
    """What is missing, a sentence each."""
    found = [
        f"There is no number of {number.label}: {_reason(record, number)}."
        for number in _in_order(record)
        if number.obs_status == ObsStatus.MISSING and number.reason
    ]
    found += [
        f"Nobody published an audience of {names[part['platform_id']]} that could be used."
        for part in record.audiences
        if part["period"] is None
    ]
    asked = {"authority": "who ordered it", "stated_reason": "the reason given"}
    blank = [words for name, words in asked.items() if not getattr(record.act, name)]
    return [*found, *(f"Not on record: {words}." for words in blank)]


LONG = 90
"""Longer texts have a line of their own, after the others."""
ACT = (
    ("What was done", "action", "action"),
    ("How far the target is gone", "severity", "severity"),
    ("Where", "area_name", ""),
    ("Places as the source means them", "places", ""),
    ("How far it reaches", "geo_scope", "geo_scope"),
    ("Networks", "network_scope", "network_scope"),
    ("Operators", "operators", ""),
    ("Services", "platforms", ""),
    ("Ordered by", "authority", ""),
    ("Law or order", "legal_basis", ""),
    ("Reason given", "stated_reason", ""),
    ("Cause", "cause", "cause"),
    ("Happened at", "occasion", ""),
    ("Who says so", "claim_status", "claim_status"),
    ("Measurements", "evidence_state", "evidence_state"),
    ("Why it is not read as everyone", "extent_reason", ""),
    ("Note", "note", ""),
)
"""What is told of the act: heading, column, and the kind of its words where it is coded."""


def _act(record: AnswerRecord) -> Iterator[tuple[str, str]]:
    """The act itself, and its dates as its source writes them."""
    for heading, column, kind in ACT:
        if cell := getattr(record.act, column):
            text = naming.meaning(cell, kind) if kind else cell
            yield heading, text.replace(";", "; ").replace(";  ", "; ")
    dates = {"Announced": "announced_on", "Seen from": "observed_from", "Last day": "ended_on"}
    for heading, column in dates.items():
        if cell := getattr(record.act, column):
            yield heading, dates_in_words(cell)


def _neighbours(world: World) -> dict[str, list[tuple[str, Listed | None, Listed | None]]]:
    """For each restriction, in each of its countries, the one before it and the one after."""
    found: dict[str, list[tuple[str, Listed | None, Listed | None]]] = {
        one.restriction: [] for one in world.listed
    }
    for country, own in listings.grouped(world.listed, lambda one: one.countries).items():
        ordered = listings.newest_first(own)[::-1]
        for place, one in enumerate(ordered):
            before = ordered[place - 1] if place else None
            after = ordered[place + 1] if place + 1 < len(ordered) else None
            found[one.restriction].append((country, before, after))
    return found


def _json(record: AnswerRecord, version: str) -> bytes:
    """The story, as `show --format json` tells it, with the version."""
    return (
        json.dumps({"version_id": version, **restriction_json(record)}, ensure_ascii=False).encode()
        + b"\n"
    )


def _csv(record: AnswerRecord, version: str) -> bytes:
    """Every number of the page, a row each."""
    text = io.StringIO(newline="")
    rows = csv.DictWriter(text, CSV_COLUMNS, restval="", lineterminator="\r\n")
    rows.writeheader()
    shared = {"restriction_id": record.act.restriction_id, "version_id": version}
    impact = {row["impact_metric"]: row for row in record.rows["impact"]}
    for metric in METRICS:
        rows.writerow({**shared, **_csv_cells(impact[metric], metric, "", "persons")})
    for row in record.rows.get("person_days", []):
        rows.writerow({**shared, **_csv_cells(row, "person_days", row["period"], "person_days")})
    return text.getvalue().encode("utf-8-sig")


def _csv_cells(row: Mapping[str, Any], counted: str, period: str, unit: str) -> dict[str, Any]:
    """The cells of one number."""
    ends = {name: row[f"{name}_{unit}"] for name in Estimate._fields}
    return {
        **ends,
        "counted": counted,
        "period": period,
        "unit": unit,
        "base": row.get("base"),
        "base_persons": row.get("base_persons"),
        "obs_status": row["obs_status"],
        "status": naming.word(row["obs_status"], "obs_status"),
        "reason": cell_text(row["reason"] or ""),
    }
