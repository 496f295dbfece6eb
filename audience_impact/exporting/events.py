"""The sheet `events` of a workbook: a row for each restriction, as `audience-impact list` shows it.

The table is not published: it joins published tables, with the columns that a reader needs.
"""

from dataclasses import replace
from typing import Any

import pyarrow as pa

from audience_impact.answers import rankings
from audience_impact.exporting.content import Content
from audience_impact.exporting.selection import ExportQuery

EVENTS = "events"
ABOUT = "One row a restriction: days, people and person-days with the likely range, and source"
COLUMNS = (
    ("restriction_id", "string", "", "the id of the restriction"),
    ("area_name", "string", "", "where it was"),
    ("start_on", "date", "", "its first day on record"),
    ("ended_on", "string", "", "its last day on record; blank: none"),
    ("end_status", "string", "", "whether it ended"),
    ("kind", "string", "", "shutdown of the whole internet, or service: services alone"),
    ("platforms", "string", "", "what was cut"),
    ("impact_metric", "string", "", "whom the people count: users of a feature where it was cut"),
    ("q50_persons", "number", "persons", "people: the median; blank: no estimate"),
    ("q05_persons", "number", "persons", "people: lower end of the likely range"),
    ("q95_persons", "number", "persons", "people: upper end of the likely range"),
    (
        "at_least_persons",
        "number",
        "persons",
        "people: the fewest, if figures err as 99 % of such do",
    ),
    ("at_most_persons", "number", "persons", "people: the most, if figures err as 99 % of such do"),
    ("confidence", "string", "", "confidence in the number of people"),
    ("days", "number", "days", "days that may have been under restriction, in the chosen year"),
    ("q50_person_days", "number", "person_days", "person-days in the chosen year: the median"),
    ("q05_person_days", "number", "person_days", "person-days: lower end of the likely range"),
    ("q95_person_days", "number", "person_days", "person-days: upper end of the likely range"),
    ("source", "string", "", "publisher and date of the page that reports it"),
    ("title", "string", "", "title of the page"),
    ("licence", "string", "", "licence of the page, as far as somebody looked for it"),
    ("url", "string", "", "address of the page"),
)
"""Name, type, unit and meaning of each column."""


def add_events(content: Content, everything: Content, query: ExportQuery) -> Content:
    """Return a selection with the table `events` in front of its tables.

    `everything` has all tables of the version, from which rows are joined.
    """
    names = ("restrictions", "impact", "impact_by_platform", "person_days", "sources")
    frames = {name: everything.read_computed(name) for name in names}
    ids = content.tables["restrictions"]["restriction_id"].to_pylist()
    period = None if query.year is None else str(query.year)
    events = rankings.build_events(frames, ids, period)
    rows = rankings.sort_events(events, query.order)[[name for name, *_ in COLUMNS]]
    table = pa.Table.from_pandas(rows, preserve_index=False)
    resources = [*content.package["resources"], _describe_events()]
    return replace(
        content,
        package={**content.package, "resources": resources},
        tables={EVENTS: table, **content.tables},
    )


def _describe_events() -> dict[str, Any]:
    fields = [
        {"name": name, "type": kind, "description": meaning, **({"unit": unit} if unit else {})}
        for name, kind, unit, meaning in COLUMNS
    ]
    return {"name": EVENTS, "description": ABOUT, "schema": {"fields": fields}}
