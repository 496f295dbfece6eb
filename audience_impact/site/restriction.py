"""A page a restriction: the answer first, then the picture, then everything that it stands on."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audience_impact.answers import labels as naming
from audience_impact.answers import quantities, sentences
from audience_impact.answers.quantities import Estimate
from audience_impact.answers.sentences.caveats import sentences_of
from audience_impact.answers.sentences.citation import citation
from audience_impact.answers.sentences.names import from_to
from audience_impact.answers.sentences.restriction import sources
from audience_impact.outputs.review.status_rules import TABLE
from audience_impact.plain_text import cell_text
from audience_impact.site import listings
from audience_impact.site.charts import answer, drivers, person_days
from audience_impact.site.listed import Listed, listed
from audience_impact.site.rendering import day
from audience_impact.site.world import File, Page, World, restriction_path
from audience_impact.vocabulary import FactRole, ImpactMetric, ObsStatus

METRICS = (
    ImpactMetric.PEOPLE_EXPOSED,
    ImpactMetric.PEOPLE_FEATURE_EXPOSED,
    ImpactMetric.PEOPLE_DEPRIVED_NET,
    ImpactMetric.REACH_LOST,
)
"""In this order, which is that of who is a part of whom."""
SMALL_SHARE = 0.01
"""Below it, an input is not said to make an interval wide."""
ALL = "all"
"""Period of the row over all years, and platform of a figure of no single one."""
RULES = {rule.id: rule for rule in TABLE}
CSV_COLUMNS = (
    *("restriction_id", "counted", "period", "unit", "lower", "q05", "q50", "q95", "upper"),
    *("base", "base_persons", "obs_status", "status", "reason", "version_id"),
)


@dataclass(frozen=True)
class Number:
    """A published number as the page shows it.

    Attributes:
        label: What or when it counts.
        found: Bounds, interval and median.
        obs_status: Code of its status.
        reason: What its row says of it.
    """

    label: str
    found: Estimate
    obs_status: str
    reason: str


def pages(world: World) -> Iterator[Page | File]:
    """For each restriction its page, and its data as CSV and as JSON."""
    neighbours = _neighbours(world)
    for one in world.listed:
        told = world.stories[one.restriction]
        path = restriction_path(one.restriction)
        data = path.removesuffix(".html")
        yield Page(path, one.title, "restriction.html", _values(world, one, told, neighbours))
        yield File(f"{data}.json", _json(told, world.version))
        yield File(f"{data}.csv", _csv(told, world.version))


def _values(
    world: World,
    one: Listed,
    told: Mapping[str, Any],
    neighbours: Mapping[str, list[tuple[str, Listed | None, Listed | None]]],
) -> dict[str, Any]:
    """What the template reads."""
    first, figures = sentences.headline(told), _figures(told, world)
    return {
        "one": one,
        "told": told,
        "headline": first,
        "rest": told["answer"].removeprefix(first).strip(),
        "source": world.sources.get(told["source_id"]),
        "people": list(_people(told)),
        "parts": _parts(told, world.platforms),
        "days": list(_days(told)),
        "feature_days": _feature_days(told),
        "inputs": _inputs(told, one.metric),
        "was_computed": world.tables["sensitivity"]["total_share"].notna().any(),
        "comparisons": told["comparisons"],
        "figures": [one for one in figures if one["role"] != FactRole.RELAY],
        "relays": [one for one in figures if one["role"] == FactRole.RELAY],
        "citation": citation(told, world.stored),
        "rules": _rules(told),
        "unknown": _unknown(told, world.platforms),
        "neighbours": neighbours[one.restriction],
        "pictures": _pictures(world, one, told),
        "data": restriction_path(one.restriction).rpartition("/")[2].removesuffix(".html"),
        "continues": world.by_id.get(told["continues"]),
        "lasted": _lasted(told),
        "act": sorted(_act(told), key=lambda pair: len(pair[1]) > LONG),
        "long": LONG,
    }


def picture(world: World, restriction: str) -> str:
    """The picture of the answer, as SVG; KeyError where the restriction is not published."""
    told = world.stories[restriction]
    title = f"People: {listed(told, world.platforms).title}"
    return answer.draw(title, told["impact"], told["comparisons"], world.platforms)


def around_picture(world: World, restriction: str) -> tuple[str, tuple[str, ...]]:
    """What stands above and below the picture where it is away from its page."""
    one, told = world.by_id[restriction], world.stories[restriction]
    marks = "Bar: 90 % interval. Tick: median. " if one.persons.q50 is not None else ""
    others = " Diamonds and arrows: what others published." if told["comparisons"] else ""
    return f"{one.title}, {_lasted(told)}", (
        f"{marks}Line: bounds, which the figures force if each is right as printed.{others}",
        sources(told, world.version),
    )


def _pictures(world: World, one: Listed, told: Mapping[str, Any]) -> dict[str, str]:
    """SVG by what it shows; blank where there is nothing to draw."""
    wide = f"What makes the interval wide: {one.title}"
    return {
        "answer": picture(world, one.restriction),
        "days": person_days.draw(f"Person-days a year: {one.title}", told["person_days"]),
        "drivers": drivers.draw(wide, _inputs(told, one.metric), one.metric),
    }


def _rows(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of `impact` in the order of METRICS."""
    return sorted(told["impact"], key=lambda row: METRICS.index(row["impact_metric"]))


def _lasted(told: Mapping[str, Any]) -> str:
    """From when to when, as far as it is known."""
    first, last = told["start_on"], told["ended_on"]
    if not first:
        return "on a day that is not known"
    if not last:
        return f"from {day(first)}"
    return f"from {day(first)} to {day(last)}" if "/" in last else from_to(first, last)


def _people(told: Mapping[str, Any]) -> Iterator[Number]:
    """The number of each metric; users of what is restricted only where they are not everyone."""
    for row in _rows(told):
        if row["impact_metric"] == ImpactMetric.PEOPLE_FEATURE_EXPOSED and _same(told):
            continue
        yield Number(
            naming.word(row["impact_metric"], "impact_metric"),
            quantities.estimate(row),
            row["obs_status"],
            row["reason"] or "",
        )


def _same(told: Mapping[str, Any]) -> bool:
    """Whether everyone exposed uses what is restricted, as with a service as a whole."""
    found = [quantities.estimate(row) for row in _rows(told)[:2]]
    return len(found) == 2 and found[0] == found[1]


def _parts(told: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The audience of each service: who counted what, when, or from what it is imputed."""
    by = {
        figure["platform_id"]: figure["attribution"]
        for figure in told["figures"]
        if figure["role"] == "audience"
    }
    return [
        {
            "name": names[part["platform_id"]],
            "platform": part["platform_id"],
            "bounds": Estimate(part["lower_persons"], None, None, None, part["upper_persons"]),
            "imputed": quantities.estimate(
                {**part, "imputed_lower_persons": None, "imputed_upper_persons": None},
                prefix="imputed_",
            ),
            "metric": part["audience_metric"],
            "by": by.get(part["platform_id"], ""),
            "rung": part["imputation_rung"],
            "staleness": part["staleness"],
        }
        for part in told["audiences"]
    ]


def _days(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Person-days by year, then over all; where there is one year, that alone."""
    rows = [row for row in told["person_days"] if len(row["period"]) == 4]
    whole = [row for row in told["person_days"] if row["period"] == ALL]
    for row in [*rows, *(whole if len(rows) > 1 else [])]:
        yield {
            "period": "all years" if row["period"] == ALL else row["period"],
            "days": row["days"],
            "found": quantities.estimate(row, "person_days"),
            "users": quantities.estimate(row, "person_days", "feature_"),
            "added_up": row["naive_sum_person_days"],
            "obs_status": row["obs_status"],
        }


def _feature_days(told: Mapping[str, Any]) -> bool:
    """Whether person-days of the users of a feature are other than those of all exposed."""
    return any(row["users"] != row["found"] and row["users"].q50 for row in _days(told))


def _inputs(told: Mapping[str, Any], metric: str) -> list[dict[str, Any]]:
    """What makes the interval of the answer wide, the most first."""
    return [
        # The share is estimated, and may come out above the whole.
        {**row, "total_share": row["total_share"] and min(row["total_share"], 1.0)}
        for row in told["drives_width"]
        if row["impact_metric"] == metric
        and (row["total_share"] is None or row["total_share"] >= SMALL_SHARE)
    ]


def _figures(told: Mapping[str, Any], world: World) -> list[dict[str, Any]]:
    """Each figure used, with what it was used for and the page it was read on."""
    return [
        {
            **figure,
            "what": naming.word(figure["role"], "role"),
            "of": world.platforms.get(figure["platform_id"], ""),
            "title": world.sources.get(figure["source_id"], {}).get("title"),
        }
        for figure in told["figures"]
    ]


def _rules(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each number its status, and the rules that gave it: what the row says, and when.

    What a number before it said already is told as `again`.
    """
    found, before = [], set[str]()
    for row in _rows(told):
        if row["impact_metric"] == ImpactMetric.PEOPLE_FEATURE_EXPOSED and _same(told):
            continue
        said = [{"text": text, "rule": RULES.get(rule)} for rule, text in sentences_of(told, row)]
        found.append(
            {
                "label": naming.word(row["impact_metric"], "impact_metric"),
                "obs_status": row["obs_status"],
                "said": [one for one in said if one["text"] not in before],
                "again": any(one["text"] in before for one in said),
            }
        )
        before |= {str(one["text"]) for one in said}
    return found


def _unknown(told: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """What is missing, a sentence each."""
    found = [
        f"There is no number of {naming.word(row['impact_metric'], 'impact_metric')}: "
        f"{'; '.join(text for _, text in sentences_of(told, row))}."
        for row in _rows(told)
        if row["obs_status"] == ObsStatus.MISSING and row["reason"]
    ]
    found += [
        f"Nobody published an audience of {names[part['platform_id']]} that could be used."
        for part in told["audiences"]
        if part["period"] is None
    ]
    asked = {"authority": "who ordered it", "stated_reason": "the reason given"}
    blank = [words for name, words in asked.items() if not told[name]]
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


def _act(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The act itself, and its dates as its source writes them."""
    for heading, column, kind in ACT:
        if told[column]:
            text = naming.meaning(told[column], kind) if kind else str(told[column])
            yield heading, text.replace(";", "; ").replace(";  ", "; ")
    dates = {"Announced": "announced_on", "Seen from": "observed_from", "Last day": "ended_on"}
    for heading, column in dates.items():
        if told[column]:
            yield heading, day(told[column])


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


def _json(told: Mapping[str, Any], version: str) -> bytes:
    """The story, as `show --format json` tells it, with the version."""
    return json.dumps({"version_id": version, **told}, ensure_ascii=False).encode() + b"\n"


def _csv(told: Mapping[str, Any], version: str) -> bytes:
    """Every number of the page, a row each."""
    text = io.StringIO(newline="")
    rows = csv.DictWriter(text, CSV_COLUMNS, restval="", lineterminator="\r\n")
    rows.writeheader()
    shared = {"restriction_id": told["restriction_id"], "version_id": version}
    for row in _rows(told):
        rows.writerow({**shared, **_csv_cells(row, row["impact_metric"], "", "persons")})
    for row in told["person_days"]:
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
