"""Registers of restrictions with any columns: their rows as events and as rows of fact tables.

A `Register` defines how to read one row of a register. Everything else is defined here and is the
same for all registers: every row becomes an event, repeats an event or is refused, and the report
accounts for each.

Definitions. An event record is a row of a register. An ongoing event has a row for each year in
which it counts. Records with the same identity (country, start, place and further columns of the
register) are one event if no year has two of them; otherwise the services distinguish them, and
after that their order. The newest record is used.

Assumptions. A register counts an event at most once a year under the same words.

Known drawbacks. If a register corrects a start or a place, the row becomes another event.
"""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from audience_impact.plain_text import strip_blanks
from audience_impact.registers.countries import country_codes, plain_name
from audience_impact.registers.place_names import Atlas
from audience_impact.registers.places import Place
from audience_impact.store.files import hash_bytes
from audience_impact.vocabulary import Reliability, SourceType

SUFFIX_SIGNS = 6
COMMON_DEFECTS = {
    "country_unresolved": "a country that ISO 3166 does not know; refused",
    "several_countries": "several countries in one cell: one event in all of them",
    "repeat_differs": "repeats an event in other words; the newest row stands",
    "same_row_twice": "the same row twice in one year; one event where it names its sources",
    "told_twice": "the same event twice in one year, from the same sources: one event",
}
"""Kinds of defect that any register may have, with their meanings."""
LOST_SHARE = "lost_share"
Row = dict[str, str]


@dataclass(frozen=True)
class Record:
    """One row of a register.

    `number` counts from 1 below the header; `country` is as printed; `identity` contains the parts
    of the id of its event, `services` distinguishes two records of the same year, `refused` is the
    reason of a refusal. Rows of the same event share `alike`, which is the identity if blank; two
    records of the same year that agree in services and in `evidence`, if present, are duplicates.
    """

    number: int
    cells: Row
    country: str
    country_ids: tuple[str, ...]
    count_year: str
    identity: tuple[str, ...]
    services: tuple[str, ...]
    refused: str = ""
    alike: tuple[str, ...] = ()
    evidence: str = ""


@dataclass(frozen=True)
class Event:
    """One event: its records from the oldest to the newest year, and its id."""

    restriction_id: str
    records: tuple[Record, ...]

    @property
    def newest_record(self) -> Record:
        """Return the record from which the event takes its values."""
        return self.records[-1]

    @property
    def repeated_pairs(self) -> list[tuple[Record, Record]]:
        """Return each repeating record with the record before it."""
        return list(itertools.pairwise(self.records))


Defect = tuple[str, int]
"""The kind of an error in a row, and the number of the row."""


@dataclass(frozen=True)
class FeatureRule:
    """A rule: where a pattern occurs, a feature and not the whole service is restricted."""

    rule_id: str
    column: str
    pattern: str
    feature: str

    def find_match(self, text: str) -> re.Match[str] | None:
        """Return the first match of the pattern in a text."""
        return re.search(self.pattern, text, re.IGNORECASE)


def service_key(name: str) -> str:
    """Return the plain name of a service for look-ups, with `plus` in place of the sign."""
    return plain_name(name.replace("+", " plus "))


@dataclass(frozen=True)
class Catalogue:
    """Services and groups by normalised name or alias, and other names in a register."""

    ids: Mapping[str, str]
    spellings: Mapping[str, str] = field(default_factory=dict)

    def find_id(self, name: str) -> str:
        """Return the id of a service by its name, or an empty text."""
        key = service_key(name)
        return self.ids.get(key, "") or self.ids.get(self.spellings.get(key, key), "")


def build_catalogue(
    platforms: Sequence[Mapping[str, str]], spellings: Mapping[str, str] | None = None
) -> Catalogue:
    """Return the services of a table of platforms, by name and by alias."""
    ids: dict[str, str] = {}
    for row in platforms:
        for name in filter(None, (row["name"], *row["aliases"].split(";"), row["platform_id"])):
            ids.setdefault(service_key(name), row["platform_id"])
    return Catalogue(ids, spellings or {})


@dataclass(frozen=True)
class Target:
    """One platform and feature, and the text from which the import read them."""

    platform_id: str
    feature: str
    note: str = ""


@dataclass(frozen=True)
class Targets:
    """The restricted targets of a row; name and kind of new services by id; remarks, defects."""

    targets: tuple[Target, ...]
    new: Mapping[str, tuple[str, str]]
    also_named: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()


class PrintedFigure(NamedTuple):
    """A number that a text prints: of people (`persons`), or a `share` of them.

    Of a `lost_share`, of traffic, `value` is the least, and `most` the most.
    """

    unit: str
    value: str
    most: str
    interval_kind: str


@dataclass(frozen=True)
class Reading:
    """An event as read; `restriction` lacks what every register has: id, areas and source."""

    event: Event
    restriction: Row
    place: Place
    targets: Targets
    defects: tuple[Defect, ...] = ()
    figures: tuple[PrintedFigure, ...] = ()


@dataclass(frozen=True)
class Background:
    """The context for reading records: places, services, rules and the newest year counted."""

    catalogue: Catalogue
    rules: Sequence[FeatureRule]
    newest_year: str
    atlas: Atlas


@dataclass(frozen=True)
class Publication:
    """The publisher of a register: `title` has `{snapshot}`, `copies` address and note by day."""

    series_id: str
    measurer: str
    note: str
    title: str
    snapshot: str
    copies: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    source_type: SourceType = SourceType.PRESS_RELAY
    reliability: Reliability = Reliability.MEDIUM

    @property
    def lineage_row(self) -> Row:
        """Return the row of `lineages` of the publication."""
        return {
            "measurement_series_id": self.series_id,
            "measurer": self.measurer,
            "source_type": self.source_type.value,
            "note": self.note,
        }


@dataclass(frozen=True)
class Register:
    """The definition of a register: how its rows are read.

    Args:
        name: its word in the command, in ids and in the folder of refused rows.
        publication: who publishes it.
        columns: the columns by which a file is recognised as this register.
        country: the column that names the countries, separated by semicolons.
        year: the column of the year in which a row counts; blank if there is none.
        defects: kinds of defect and their meanings, in the order of the report.
        record: one row as an event record, from its cells, number and countries.
        correct: an event with its cells corrected, in parts where these differ.
        read: an event as read.
        spellings: slips and other names of services.
        groups: names of groups of services that it may name without their members, by id.
        links: rows of `event_links` between its events that a reader of its texts entered.
    """

    name: str
    publication: Publication
    columns: tuple[str, ...]
    country: str
    year: str
    defects: Mapping[str, str]
    record: Callable[[Row, int, tuple[str, ...]], Record]
    correct: Callable[[Event], list[Event]]
    read: Callable[[Event, Background], Reading]
    spellings: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[Row] = ()


def clean_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return all cells as text on one line: missing cells blank, dates in ISO 8601."""
    texts = {str(name): frame[name].astype("object").map(_cell_text).tolist() for name in frame}
    return pd.DataFrame(texts, dtype="str")


def _cell_text(cell: object) -> str:
    if cell is None or cell is pd.NA or cell is pd.NaT or cell != cell:
        return ""
    if hasattr(cell, "strftime"):
        return str(cell.strftime("%Y-%m-%d"))
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return strip_blanks(" ".join(str(cell).split()))


def parse_year(text: str) -> str:
    """Return a year of four digits; blank for any other text."""
    match = re.fullmatch(r"((?:19|20)\d{2})(?:\.0)?", text)
    return match[1] if match else ""


def read_records(frame: pd.DataFrame, register: Register) -> list[Record]:
    """Return the records of all rows of a cleaned register that are not blank."""
    rows = []
    for number, cells in enumerate(frame[list(register.columns)].to_dict("records"), 1):
        row = {str(name): str(cell) for name, cell in cells.items()}
        if any(row.values()):
            ids = tuple(country_codes(row[register.country]))
            rows.append(register.record(row, number, ids))
    return rows


def _information_rank(record: Record) -> tuple[int, tuple[str, ...]]:
    filled = [cell for cell in record.cells.values() if cell.casefold() not in ("", "unknown")]
    return len(filled), tuple(record.cells.values())


def _gather_copies(rows: Sequence[Record]) -> list[list[Record]]:
    """Return each row after its duplicates within a year; of these the fullest stands last."""
    copies: dict[tuple[object, ...], list[Record]] = {}
    for row in rows:
        source = row.evidence or row.number
        copies.setdefault((row.count_year, source, *row.services), []).append(row)
    gathered = []
    for alike in copies.values():
        best = max(alike, key=_information_rank)
        gathered.append([*(row for row in alike if row is not best), best])
    return gathered


def _split_group(group: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    """Return the records of each event of an identity, with the key that distinguishes it."""
    rows = _gather_copies(group)
    if len({copies[-1].count_year for copies in rows}) == len(rows):
        return [("", list(itertools.chain(*rows)))]
    parts: dict[str, list[Record]] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    for copies in sorted(rows, key=lambda copies: copies[-1].services):
        key = (copies[-1].count_year, *copies[-1].services)
        seen[key] += 1
        parts.setdefault("|".join([*copies[-1].services, str(seen[key])]), []).extend(copies)
    return list(parts.items())


def group_events(rows: Sequence[Record], register: Register) -> list[Event]:
    """Return the events of all accepted rows, sorted by id.

    The id is that of the oldest row. An identity begins with the country codes and the day of the
    start; ids are made of these. The order of rows in the file does not matter.
    """
    groups: dict[tuple[str, ...], list[Record]] = {}
    accepted = [row for row in rows if not row.refused]
    accepted.sort(key=lambda row: (row.count_year, *row.services, *row.cells.values()))
    for row in accepted:
        groups.setdefault(row.alike or row.identity, []).append(row)
    events = []
    for group in groups.values():
        identity = group[0].identity
        begins = f"{identity[0].replace(';', '.')}-{identity[1]}-{register.name}"
        for apart, records in _split_group(group):
            digest = hash_bytes("|".join([*identity, apart]).encode())
            events.append(Event(f"{begins}-{digest[:SUFFIX_SIGNS]}", tuple(records)))
    return sorted(events, key=lambda event: event.restriction_id)
