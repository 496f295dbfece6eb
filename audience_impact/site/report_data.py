"""The data that the pages read: the tables of one version, read once and grouped once.

The list of restrictions has for each the number that answers it and what finds it. Which number
answers is decided where the sentences are made: people who use what is restricted, where that is a
feature and somebody knows, else all who are exposed.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from types import SimpleNamespace
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from audience_impact.answers import records as answers
from audience_impact.answers.names import capitalise_first, drop_occasion, join_names, name_area
from audience_impact.answers.records import AnswerRecord, Measurement, Restriction
from audience_impact.answers.restriction_words import (
    ONE_NETWORK,
    describe_place,
    name_features,
    put_counts_last,
)
from audience_impact.exporting.export import write_lines
from audience_impact.periods import parse_period
from audience_impact.plain_text import cell_text, strip_accents
from audience_impact.store.files import hash_bytes
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import WHOLE_INTERNET, Confidence, EndStatus, RestrictionKind

DAY_HOURS = 24
MANY = 3
"""Maximum number of services that are named; the rest are counted."""
TABLES = ("restrictions", "impact_by_platform", "person_days", "area_comparisons", "sources")
"""Published tables that pages read as a whole, beside those of areas."""
UNDATED = "undated"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
Rows = list[dict[str, Any]]


class File(NamedTuple):
    """A file of the report: its path with `/`, such as `restriction/R1.html`, and its bytes."""

    path: str
    content: bytes


class ListEntry(SimpleNamespace):
    """One restriction as a row of a list, with what it is found by.

    `start` is its first day as far as known, or blank. It `is_major` if it may rank among the
    largest: its number has at least medium confidence, it is confirmed, and lasted a day or longer.
    """

    @property
    def size(self) -> tuple[float, float]:
        """Return the sort key of the size: the median and the lower bound, in persons."""
        return (self.persons.q50 or 0.0, self.persons.min or 0.0)

    @property
    def year(self) -> str:
        """Return the year in which it began, or UNDATED."""
        return self.start[:4] or UNDATED


def make_entry(record: AnswerRecord) -> ListEntry:
    """Return the list entry of a restriction; services have the name that they had then."""
    restriction, answer = record.restriction, record.leading
    features = tuple(dict.fromkeys(target.feature for target in record.targets))
    named = name_features(set(features))[0]
    targets = f"{_name_targets(record)}{f' ({named})' if named else ''}"
    first = (restriction.observed_from or "").partition("/")[0]
    is_measured = restriction.measurement in (Measurement.OWN, Measurement.NAMED)
    is_confirmed = restriction.is_official or (is_measured and not restriction.is_disputed)
    is_sure = is_confirmed and answer.confidence != Confidence.LOW
    return ListEntry(
        restriction=restriction.restriction_id,
        title=f"{capitalise_first(describe_place(record))}: {targets}",
        start=first if len(first) == len("2025-08-13") else restriction.start_on or "",
        metric=answer.metric,
        persons=answer.people,
        confidence=answer.confidence,
        obs_status=answer.obs_status,
        action=restriction.action,
        end_status=restriction.end_status,
        cause=restriction.cause or "",
        countries=restriction.country_ids.split(";"),
        platforms=list(record.platforms),
        features=features,
        is_major=is_sure and _lasts_a_day(restriction),
    )


def _lasts_a_day(restriction: Restriction) -> bool:
    if restriction.q50_in_force_hours is not None:
        return bool(restriction.q50_in_force_hours >= DAY_HOURS)
    if restriction.end_status == EndStatus.ONGOING:
        return True
    first, last = (parse_period(day or "") for day in (restriction.start_on, restriction.ended_on))
    return bool(first and last and last[1] > first[1])


def _name_targets(record: AnswerRecord) -> str:
    services = put_counts_last([drop_occasion(name) for name in record.platforms.values()])
    network = record.restriction.network_scope
    if record.is_network:
        return f"{network} internet" if network in ONE_NETWORK else "internet"
    if len(services) > MANY + 1:
        services = [*services[:MANY], f"{len(services) - MANY} more services"]
    return join_names(services) if services else "no service on record"


def largest_first(rows: Iterable[ListEntry]) -> list[ListEntry]:
    """Return the restrictions by size, the largest first."""
    return sorted(rows, key=lambda entry: (*entry.size, entry.restriction), reverse=True)


def select_distinct(rows: Iterable[ListEntry], count: int) -> list[ListEntry]:
    """Return the first `count` restrictions, of each country and service only the first."""
    chosen: list[ListEntry] = []
    seen: set[tuple[str, str]] = set()
    for entry in rows:
        targets = set(product(entry.countries, entry.platforms))
        if targets.isdisjoint(seen):
            chosen.append(entry)
            seen |= targets
    return chosen[:count]


def group_entries(
    rows: Iterable[ListEntry], keys: Callable[[ListEntry], Iterable[str]]
) -> dict[str, list[ListEntry]]:
    """Return the restrictions by each of their keys, in the order of the keys."""
    groups: dict[str, list[ListEntry]] = {}
    for entry in rows:
        for key in keys(entry):
            groups.setdefault(key, []).append(entry)
    return dict(sorted(groups.items()))


@dataclass(frozen=True)
class ReportData:
    """One published version with the look-ups that pages need.

    `tables` are TABLES, `areas`, and `days`: the runs of days on which nothing changes in an area.
    Missing cells are NA.
    """

    stored: Stored
    tables: Mapping[str, pd.DataFrame]

    @property
    def source_line(self) -> str:
        """Return source, version and licence, as a line below a picture."""
        licence = self.stored.manifest["licenses"][0]["title"]
        return f"audience-impact, version {self.stored.id}, {licence}."

    @cached_property
    def records(self) -> Mapping[str, AnswerRecord]:
        """Return everything published about each restriction, by id."""
        return answers.build_records(self.stored.read_arrow)

    @cached_property
    def sources(self) -> dict[str, dict[str, Any]]:
        """Return the rows of `sources` by id."""
        return {row["source_id"]: row for row in answers.plain_rows(self.tables["sources"])}

    @cached_property
    def platforms(self) -> dict[str, str]:
        """Return the name of each platform by id: that of its newest restriction."""
        records = self.records.values()
        in_order = sorted(records, key=lambda record: record.restriction.start_on or "")
        return {name: words for record in in_order for name, words in record.platforms.items()}

    @cached_property
    def areas_above(self) -> dict[str, tuple[str, ...]]:
        """Return the areas with a page that contain each country and region, the world first."""
        pages = self.rows_by_area["areas"]
        containing = answers.list_containing_areas(self.tables["restrictions"])
        return {area: tuple(filter(pages.get, above)) for area, above in containing.items()}

    @cached_property
    def by_id(self) -> dict[str, ListEntry]:
        """Return the list entry of each restriction, by its id: the newest first, undated last."""
        entries = [make_entry(record) for record in self.records.values()]
        entries.sort(key=lambda entry: (entry.start, entry.size, entry.restriction), reverse=True)
        return {entry.restriction: entry for entry in entries}

    @property
    def entries(self) -> list[ListEntry]:
        """Return the list entries of all restrictions, in the order of `by_id`."""
        return list(self.by_id.values())

    @cached_property
    def by_country(self) -> dict[str, list[ListEntry]]:
        """Return the list entries of each country, the newest first."""
        return group_entries(self.entries, lambda entry: entry.countries)

    @cached_property
    def neighbours(self) -> dict[tuple[str, str], tuple[ListEntry | None, ListEntry | None]]:
        """Return what a country restricted before and after, by the country and restriction."""
        return {
            (country, entry.restriction): (older, newer)
            for country, listed in self.by_country.items()
            for newer, entry, older in zip(
                [None, *listed], listed, [*listed[1:], None], strict=False
            )
        }

    @cached_property
    def listed_areas(self) -> dict[str, str]:
        """Return the name of each area that has a page, by its code, in the order of the names."""
        names = {code: name_area(code) for code in {*self.rows_by_area["areas"], *self.by_country}}
        return dict(sorted(names.items(), key=lambda area: strip_accents(area[1]).casefold()))

    @cached_property
    def covered_year(self) -> str:
        """Return the last year that is covered well, by default the year of the facts.

        At least half as many restrictions begin in it as in the year with the most.
        """
        counts = Counter(entry.start[:4] for entry in self.entries if entry.start)
        most = max(counts.values(), default=0)
        years = (year for year, count in counts.items() if 2 * count >= most)
        return max(years, default=str(self.stored.version.as_of.year))

    @property
    def main_years(self) -> tuple[str, str]:
        """Return the year before the last that is covered well, and this one."""
        return str(int(self.covered_year) - 1), self.covered_year

    @cached_property
    def rows_by_area(self) -> dict[str, dict[str, Rows]]:
        """Return the rows of each area by table, in the order of the table."""
        groups: dict[str, dict[str, Rows]] = {}
        for name in ("areas", "days", "person_days", "area_comparisons"):
            groups[name] = {}
            for row in answers.plain_rows(self.tables[name]):
                groups[name].setdefault(row["area_id"], []).append(row)
        return groups

    def list_rows(self, table: str, area: str) -> Rows:
        """Return the rows of an area in a table."""
        return self.rows_by_area[table].get(area, [])

    @cached_property
    def csv_by_area(self) -> dict[str, Callable[[str], bytes]]:
        """Return what gives the rows of an area as CSV, by kind of file."""
        days = self.tables["person_days"].query("restriction_id == @answers.ALL")
        frames = {"by-period": self.tables["areas"], "by-day": self.tables["days"]}
        frames["person-days"] = days
        return {kind: split_csv(rows, "area_id", self.stored.id) for kind, rows in frames.items()}

    @cached_property
    def by_area(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the row of each area and period for all restrictions together."""
        rows = (row for rows in self.rows_by_area["areas"].values() for row in rows)
        return {
            (row["area_id"], row["period"]): row
            for row in rows
            if row["kind"] == RestrictionKind.ALL
        }

    @cached_property
    def last_day(self) -> dict[str, dict[str, Any]]:
        """Return the row of `days` that ends with the last day, by area with restrictions then."""
        last = {area: rows[-1] for area, rows in self.rows_by_area["days"].items()}
        as_of = self.stored.version.as_of.isoformat()
        return {area: row for area, row in last.items() if str(row["to_day"])[:10] == as_of}


def load_report_data(version: Stored) -> ReportData:
    """Return the tables of a version.

    Raise PublishError where a table is damaged, or older than the columns that are read.
    """
    tables = answers.Tables(version)
    areas = tables["areas"].sort_values(["area_id", "period"], kind="stable")
    days = pd.concat([version.read_frame(name) for name in ("countries_by_day", "regions_by_day")])
    frames = {name: tables[name] for name in TABLES} | {"areas": areas, "days": _join_days(days)}
    return ReportData(version, frames)


def _join_days(days: pd.DataFrame) -> pd.DataFrame:
    """Return runs of days on which nothing changes in an area, with `from_day` and `to_day`."""
    rows = days[days["kind"] == RestrictionKind.ALL].drop(columns="kind")
    rows = rows.sort_values(["area_id", "day"], ignore_index=True)
    state = rows.groupby([name for name in rows if name != "day"], dropna=False).ngroup()
    gap = pd.to_datetime(rows["day"]).diff() != pd.Timedelta(days=1)
    runs = rows.groupby(((state != state.shift()) | gap).cumsum())
    first = runs.agg("first").rename(columns={"day": "from_day"})
    return first.assign(to_day=runs["day"].last(), days=runs.size()).reset_index(drop=True)


def encode_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as CSV that a spreadsheet opens as UTF-8, no text of which it runs."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(
        [cell_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    return text.getvalue().encode("utf-8-sig")


def split_csv(frame: pd.DataFrame, column: str, version: str) -> Callable[[str], bytes]:
    """Return what gives the rows with a value in a column as CSV, with head and version.

    No text is one that a spreadsheet runs as a formula.
    """
    table = pa.Table.from_pandas(frame.assign(version_id=version), preserve_index=False)
    head, lines = write_lines(table, "\r\n", cell_text)
    groups: dict[str, list[str]] = {}
    for value, line in zip(table[column].to_pylist(), lines.to_pylist(), strict=True):
        groups.setdefault(value, [head]).append(line)
    return lambda value: "".join(groups.get(value, [head])).encode("utf-8-sig")


def page_path(name: str, kind: str) -> str:
    """Return the path of the page of a restriction, an area, a platform or a year.

    A name that is not safe as one of a file gives its safe characters and a digest.
    """
    slug = "whole-internet" if name == WHOLE_INTERNET else name
    if not _SAFE.fullmatch(slug):
        safe = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.")
        slug = f"{safe or 'x'}-{hash_bytes(name.encode())[:8]}"
    return f"{kind}/{slug}.html"
