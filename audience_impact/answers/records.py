"""Everything published about one restriction, as a typed record.

A record is built once from the published rows. The terminal, Markdown, the report, the workbook and
the citation all render this record, so that they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache, cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from audience_impact import periods
from audience_impact.answers import names
from audience_impact.answers.numbers import format_share, is_blank, read_estimate
from audience_impact.store.versions import JOINED_BY, Stored, make_frame
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    Cause,
    ClaimStatus,
    EndSource,
    EndStatus,
    EvidenceState,
    FactRole,
    Feature,
    GeoScope,
    HoursBasis,
    ImpactMetric,
    PlaceReading,
    YesNo,
)

if TYPE_CHECKING:  # an answer for a restriction is made without pandas
    import pandas as pd

OF_RESTRICTIONS = (
    *("impact", "impact_by_platform", "restrictions", "comparisons", "lineage"),
    *("person_days", "sensitivity"),
)
"""Published tables from which the record of a restriction is built."""
TABLES = (*OF_RESTRICTIONS, "area_comparisons", "sources")
"""Published tables that answers read, beside those of areas."""
AREA_TABLES = {
    "countries_by_year": "year",
    "regions_by_year": "year",
    "countries_by_month": "month",
    "regions_by_month": "month",
}
"""Published tables of areas, with the column of the period."""
RESTRICTION_ROLES = (FactRole.RESTRICTION.value, FactRole.TARGET.value)
"""Roles of facts that are not figures."""
TARGET = ("platform_id", "platform_name", "feature", "claim_status")
"""Columns of a service and its restricted feature."""
SMALL_SHARE = 0.01
"""Share of the variance below which an input is not named as a driver of an interval."""
ALL = "all"
"""Period of person-days over all years, and the id of all restrictions of a country together."""
END = ("ended_on", "ended_by", "end_source")
"""Columns of `restrictions` that `write_end` reads."""
Row = Mapping[str, Any]
Rows = Mapping[str, list[dict[str, Any]]]
"""Rows of one restriction, by table."""
ReadTable = Callable[[str], pa.Table]
"""What returns a published table by its name."""
Claim = StrEnum("Claim", "ORDERED ORDERED_UNNAMED ATTRIBUTED UNKNOWN")
"""Who is behind a restriction: an authority, unnamed or not, or somebody without an order."""
Measurement = StrEnum("Measurement", "OWN NAMED CLEAR NONE")
"""Who measured it: the source itself, a measurer on record, one who found nothing, or none."""
End = StrEnum("End", "DAY WINDOW ONGOING NOT_RECORDED NEVER")
"""When it ended: on a day, within WINDOW_DAYS, not yet, unknown, or it was not carried out."""
Hours = StrEnum("Hours", "STATED MEASURED SIMILAR NONE")
"""How long it lasted: as its source or outages say, or as similar restrictions of known days."""
Place = StrEnum("Place", "COUNTRY NAMED PART UNNAMED")
"""Where it was: in the whole country, in places on record, in parts of these, or elsewhere."""
WINDOW_DAYS, MONTHS_DAYS = 31, 93
"""Most days of a span of days, and of months, between which an end is printed: else none is."""
CLOCK = re.compile(
    r"\b\d{1,2}(?:[:.]\d{2})? ?[ap]\.?m\b|\b\d{1,2}:\d{2}\b|\b\d+ ?(?:h|hours?)\b", re.IGNORECASE
)
"""Times of the day, or hours, in the words of a source."""


class Restriction(SimpleNamespace):
    """Action, place and time of a restriction: a row of `restrictions`, its cells as attributes.

    Lists are joined by `;`. `observed_from` and `ended_on` are periods in ISO 8601, as their
    sources state them; `first_day` is that in force, or announced where none was observed;
    `covered_until` is the last day of its source, or of the facts. `reported_by` names its source.
    Of a place `is_below` a country a comma must close the name. Properties say what the row holds
    for each clause of an answer.
    """

    @property
    def is_planned(self) -> bool:
        """Return whether it was announced but not observed."""
        unseen = self.evidence_state in (EvidenceState.OK, EvidenceState.INSUFFICIENT)
        return bool(self.announced_on and not self.observed_from and unseen)

    @property
    def claim(self) -> Claim:
        """Return who is behind it."""
        is_ordered = self.is_ordered == YesNo.YES
        is_by_others = self.is_ordered == YesNo.NO or (
            (self.is_harm or self.is_disputed) and not is_ordered
        )
        if self.authority:
            return Claim.ATTRIBUTED if is_by_others else Claim.ORDERED
        has_order = (is_ordered or bool(self.legal_basis)) and not is_by_others
        return Claim.ORDERED_UNNAMED if has_order else Claim.UNKNOWN

    @property
    def measurement(self) -> Measurement:
        """Return who measured it."""
        if not self.measured_by_names:
            return Measurement.NONE
        if self.evidence_state == EvidenceState.OK:
            return Measurement.CLEAR
        is_own = self.measured_by_names == (self.reported_by or "").partition(",")[0]
        return Measurement.OWN if is_own else Measurement.NAMED

    @property
    def end(self) -> End:
        """Return when it ended."""
        if self.end_status in (EndStatus.WITHDRAWN, EndStatus.ONGOING):
            return End.NEVER if self.end_status == EndStatus.WITHDRAWN else End.ONGOING
        written = self.ended_on or ""
        span = periods.parse_period(written)
        if span is None:
            return End.NOT_RECORDED
        days = (span[1] - span[0]).days
        if days == 1:
            return End.DAY
        if "/" not in written:
            return End.WINDOW if len(written) > len("2025") else End.NOT_RECORDED
        is_of_months = re.fullmatch(r"\d{4}-\d{2}/\d{4}-\d{2}", written) is not None
        # A register gives such a span to what it lists in one year and not in the next.
        is_near = days <= WINDOW_DAYS and not written.endswith("-12-31")
        is_near |= is_of_months and days <= MONTHS_DAYS
        return End.WINDOW if is_near else End.NOT_RECORDED

    @property
    def hours(self) -> Hours:
        """Return how it is known how long it lasted."""
        if self.hours_basis == HoursBasis.MEASURED:
            return Hours.MEASURED
        if self.least_hours_a_day is not None or self.most_hours_a_day is not None:
            return Hours.STATED
        is_similar = self.hours_basis in (HoursBasis.EXAMS, HoursBasis.NETWORK_CUT)
        is_dated = self.end == End.DAY and not CLOCK.search(self.note or "")
        return Hours.SIMILAR if is_similar and is_dated else Hours.NONE

    @property
    def place(self) -> Place:
        """Return where it was."""
        if self.is_below:
            is_part = PlaceReading.WITHIN in (self.place_readings or "").split(";")
            return Place.PART if is_part else Place.NAMED
        if self.geo_scope in (GeoScope.NATIONAL, GeoScope.UNKNOWN, GeoScope.NETWORK_ONLY):
            return Place.COUNTRY
        return Place.PART if self.place_names else Place.UNNAMED


class Number(SimpleNamespace):
    """A number of people of one kind, `metric`: a row of `impact`, its cells as attributes.

    `people` has its bounds, median and interval, and `reason_details` what each of the status rules
    `reason_rule_ids` adds for the row.
    """

    @property
    def label(self) -> str:
        """Return a label for the people whom the number counts, for a table cell."""
        return names.label_code(self.metric, "impact_metric")

    @property
    def status(self) -> str:
        """Return confidence and status in words."""
        return names.label_status(vars(self))


class Driver(SimpleNamespace):
    """An input that makes the interval of a number, `metric`, wide: a row of `sensitivity`."""

    @property
    def share(self) -> float | None:
        """Return the share of the variance that the input causes; None if not computed."""
        # It is estimated from draws, so the estimate may exceed 1.
        return None if self.first_order_share is None else min(self.first_order_share, 1.0)

    @property
    def share_text(self) -> str:
        """Return the share of the variance with its error, at least 1 %: `89 % ± 3 %`."""
        if self.share is None:
            return format_share(None)
        error = max(self.first_order_error_share or 0.0, SMALL_SHARE)
        return f"{format_share(self.share)} ± {format_share(error)}"


@dataclass(frozen=True)
class AnswerRecord:
    """Everything published about one restriction.

    Attributes:
        targets: The services and their restricted features: the columns TARGET of
            `impact_by_platform`.
        person_days: Person-days by year, month and over all years: rows of `person_days`, with the
            estimates `person_days`, `users` (of the restricted feature) and `hours`.
        drivers: The inputs that make the intervals wide, the most important first.
        audiences: The audience of each service: rows of `impact_by_platform`.
        figures: The figures used: rows of `lineage`.
        comparisons: What others published: rows of `comparisons`.
    """

    restriction: Restriction
    targets: tuple[SimpleNamespace, ...]
    numbers: tuple[Number, ...]
    person_days: tuple[SimpleNamespace, ...]
    drivers: tuple[Driver, ...]
    audiences: tuple[Row, ...]
    figures: tuple[Row, ...]
    comparisons: tuple[Row, ...]
    rows: Rows

    @cached_property
    def by_metric(self) -> dict[str, Number]:
        """Return the numbers by metric."""
        return {number.metric: number for number in self.numbers}

    @cached_property
    def platforms(self) -> dict[str, str]:
        """Return the names of the platforms by their ids, in the order of the targets."""
        return {target.platform_id: target.platform_name for target in self.targets}

    @cached_property
    def is_of_feature(self) -> bool:
        """Return whether only features of services are restricted, and no service as a whole."""
        features = {target.feature for target in self.targets}
        return bool(features) and Feature.WHOLE_SERVICE not in features

    @cached_property
    def leading(self) -> Number:
        """Return the main number: feature users if they are estimated, else people exposed."""
        users = self.by_metric[ImpactMetric.PEOPLE_FEATURE_EXPOSED]
        fits = self.is_of_feature and not self.is_network and users.people.interval is not None
        return users if fits else self.by_metric[ImpactMetric.PEOPLE_EXPOSED]

    @cached_property
    def is_network(self) -> bool:
        """Return whether the internet as a whole is restricted."""
        return WHOLE_INTERNET in self.platforms

    @property
    def naive_sum_persons(self) -> float | None:
        """Return the sum of the audiences, which counts a person several times."""
        parts = self.rows.get("impact_by_platform", [])
        return parts[0]["naive_sum_persons"] if parts else None

    @cached_property
    def missing(self) -> list[str]:
        """Return the statements of the published rows about what is not known."""
        texts = [f"{number.metric}: {number.reason}" for number in self.numbers if number.reason]
        unknown = [part["platform_id"] for part in self.audiences if part["period"] is None]
        return [*texts, *(f"no audience figure for {name}" for name in unknown)]


class Tables(dict[str, "pd.DataFrame"]):
    """The published tables that answers need, by name, those of areas together as `areas`.

    Each is read when it is asked for, which raises PublishError where it is damaged.
    """

    def __init__(self, version: Stored) -> None:
        super().__init__()
        self.read_arrow = cache(version.read_arrow)

    def __missing__(self, name: str) -> pd.DataFrame:
        """Return a table as a frame, which is read and made once."""
        if name == "areas":
            self[name] = combine_areas(self.read_arrow)
        else:
            self[name] = make_frame(self.read_arrow(name), is_nullable=True)
        return self[name]

    def list_ids(self) -> list[str]:
        """Return the ids of all restrictions, in the order of the table."""
        return list(self.read_arrow("restrictions")["restriction_id"].to_pylist())


def combine_areas(read: ReadTable) -> pd.DataFrame:
    """Return a row for each area, year or month, and kind, with the `period` as text."""
    parts = []
    for name, column in AREA_TABLES.items():
        table = read(name)
        days = table[column].cast(pa.string())
        periods = pc.utf8_slice_codeunits(days, 0, len("2025-01"))
        parts.append(table.drop_columns(column).append_column("period", periods))
    return make_frame(pa.concat_tables(parts, promote_options="default"), is_nullable=True)


def build_record(read: ReadTable, restriction: str) -> AnswerRecord:
    """Return the record of one restriction; KeyError where it is not published."""
    return build_records(read, restriction)[restriction]


def build_records(read: ReadTable, restriction: str = "") -> dict[str, AnswerRecord]:
    """Return the record of each restriction, or of one, in the order of the published table."""
    tables = {name: read(name) for name in OF_RESTRICTIONS}
    if restriction:
        tables = {name: _slice_rows(table, restriction) for name, table in tables.items()}
    grouped: dict[str, dict[str, list[dict[str, Any]]]] = {
        name: {} for name in tables["restrictions"]["restriction_id"].to_pylist()
    }
    for name, table in tables.items():
        for row in list_rows(table):
            if row["restriction_id"] in grouped:
                grouped[row["restriction_id"]].setdefault(name, []).append(row)
    return {name: build_record_from_rows(rows) for name, rows in grouped.items()}


def _slice_rows(table: pa.Table, restriction: str) -> pa.Table:
    """Return the rows from the first to the last of a restriction."""
    ids = table["restriction_id"].to_pylist()  # Arrow imports pandas to compare with a value
    if restriction not in ids:
        return table.slice(0, 0)
    first, behind = ids.index(restriction), ids[::-1].index(restriction)
    return table.slice(first, len(ids) - behind - first)


def build_record_from_rows(rows: Rows) -> AnswerRecord:
    """Return the record of a restriction from its published rows by table."""
    parts, lineage = rows.get("impact_by_platform", []), rows.get("lineage", [])
    audiences: dict[str, Row] = {}
    for part in parts:
        audiences.setdefault(part["platform_id"], part)
    reporters = [row["attribution"] for row in lineage if row["role"] == RESTRICTION_ROLES[0]]
    drivers = [Driver(**row, metric=row["impact_metric"]) for row in rows.get("sensitivity", [])]
    return AnswerRecord(
        restriction=_read_restriction(rows["restrictions"][0], next(iter(reporters), None)),
        targets=tuple(SimpleNamespace(**{name: part[name] for name in TARGET}) for part in parts),
        numbers=tuple(
            Number(**row, metric=row["impact_metric"], people=read_estimate(row))
            for row in rows.get("impact", [])
        ),
        person_days=tuple(
            SimpleNamespace(
                **row,
                person_days=read_estimate(row, "person_days"),
                users=read_estimate(row, "person_days", "feature_"),
                hours=read_estimate(row, "person_hours"),
            )
            for row in rows.get("person_days", [])
        ),
        drivers=tuple(item for item in drivers if item.share is None or item.share >= SMALL_SHARE),
        audiences=tuple(audiences.values()),
        figures=tuple(row for row in lineage if row["role"] not in RESTRICTION_ROLES),
        comparisons=tuple(rows.get("comparisons", [])),
        rows=rows,
    )


def _read_restriction(row: Row, reported_by: str | None) -> Restriction:
    observed = write_period(row["observed_from"], row["observed_by"])
    about = {
        "observed_from": observed,
        "first_day": observed or row["announced_on"] or row["start_on"],
        "ended_on": write_end(row),
        "covered_until": min(row["listed_until"] or row["as_of"], row["as_of"]),
        "reported_by": reported_by,
        "measurers": (row["measured_by_names"] or "").split(";"),
        "area_name": row["area_names"].replace(";", ", "),
        "target_names": (row["platform_names"] or "").replace(";", ", "),
        "is_below": row["area_ids"] != row["country_ids"],
        "is_official": row["claim_status"] == ClaimStatus.OFFICIAL,
        "is_disputed": row["claim_status"] == ClaimStatus.DISPUTED,
        "is_harm": row["cause"] in (Cause.ATTACK, Cause.DAMAGE),
        "is_last_report": row["end_source"] == EndSource.LAST_REPORT,
    }
    return Restriction(**{**row, **about})


def list_containing_areas(acts: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the areas that contain each country and region of `acts`, the world first."""
    containing: dict[str, tuple[str, ...]] = {}
    for countries, paths in zip(acts["country_ids"], acts["country_paths"], strict=True):
        for country, path in zip(countries.split(";"), paths.split(";"), strict=True):
            chain = (*path.split(">"), country)
            containing |= {area: chain[:depth] for depth, area in enumerate(chain)}
    return containing


def is_in_force(acts: pd.DataFrame, period: str, as_of: datetime) -> pd.Series[bool]:
    """Return for each restriction whether it was in force on a day of the year or month."""
    import pandas as pd

    first, after = periods.parse_period(period) or (pd.NaT, pd.NaT)
    start = pd.to_datetime(acts["start_on"])
    last = pd.to_datetime(acts["ended_by"])
    last = last.mask(acts["end_status"] == EndStatus.ONGOING.value)
    last = last.fillna(pd.to_datetime(acts["listed_until"])).fillna(as_of)
    carried_out = acts["end_status"] != EndStatus.WITHDRAWN.value
    return carried_out & (start < after) & (last >= first)


def list_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return rows as plain objects: integers plain, dates, truths and lists as text."""
    columns = table.to_pydict().items()
    return _list_objects({name: [*map(_to_plain, cells)] for name, cells in columns})


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as plain objects, as `list_rows` those of a published table."""
    return _list_objects({name: _list_plain(cells) for name, cells in frame.items()})


def _list_objects(columns: Mapping[Any, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _list_plain(cells: pd.Series[Any]) -> list[Any]:
    if str(cells.dtype) in ("string", "Int64", "Float64"):  # most are
        return list(cells.to_numpy("object", na_value=None))
    return [_to_plain(cell) for cell in cells.tolist()]


def _to_plain(cell: Any) -> Any:
    if isinstance(cell, str):  # most are
        return cell
    if isinstance(cell, bool):
        return YesNo.YES.value if cell else YesNo.NO.value
    if isinstance(cell, list):
        return JOINED_BY.join(cell)
    if hasattr(cell, "isoformat"):
        return str(cell)[:10]
    return None if is_blank(cell) else cell


def write_end(row: Row) -> str | None:
    """Return the last day of a row of `restrictions` in ISO 8601, or the period in which it is."""
    days = row["ended_on"], row["ended_by"]
    if row["end_source"] == EndSource.NOT_LISTED_LATER:  # by days, whatever months these make up
        return "/".join(dict.fromkeys(days))
    return write_period(*days)


def write_period(first: str | None, last: str | None) -> str | None:
    """Return the period between two days in ISO 8601: a day, a month, a year, or from A to B."""
    if first is None or last is None or first == last:
        return first
    days = f"{first}/{last}"
    shorter = (first[:4], first[:7], f"{first[:7]}/{last[:7]}")
    span = periods.parse_period(days)
    return next((text for text in shorter if periods.parse_period(text) == span), days)
