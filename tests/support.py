"""A small world of facts that tests build by hand, and edits of single cells of CSV files."""

import csv
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from audience_impact import pipeline as impact
from audience_impact.facts import tables as facts
from audience_impact.facts.tables import Finding, Tables
from audience_impact.imputation import effects
from audience_impact.registers.stop import cells as stop
from audience_impact.vocabulary import WayOfCounting
from flows.pipeline import steps
from schemas import facts as fact_models

Results = Mapping[str, pd.DataFrame]
"""Result tables by name, each computed when a test looks at it."""

FACTS = Path(__file__).parents[1] / "data" / "facts"
REGISTER = FACTS.parent / "stop"
AS_OF = date(2026, 1, 31)

AGED = "aged 12 and over only"
"""What every row says whose figures are those of the panel of a small world."""
NO_ERROR = "the figure is taken as it stands: nothing is known of its error"

DEFAULTS: dict[str, dict[str, str]] = {
    "lineages": {"measurer": "Panel", "source_type": "panel"},
    "sources": {
        "publisher": "A page",
        "url": "https://example.org/page",
        "accessed_on": "2026-01-31",
        "source_type": "panel",
        "reliability": "high",
        "measurement_series_id": "panel",
    },
    "platforms": {"name": "A service", "kind": "messenger"},
    "areas": {"name": "A country"},
    "bases": {
        "area_id": "XA",
        "population_base": "internet_12_plus",
        "period": "2025-06",
        "persons": "700000",
        "obs_status": "A",
        "source_id": "panel-page",
    },
    "estimates": {
        "platform_id": "alpha",
        "area_id": "XA",
        "audience_metric": "monthly_reach",
        "unit": "persons",
        "value": "500000",
        "interval_kind": "none",
        "population_base": "internet_12_plus",
        "period": "2025-06",
        "source_id": "panel-page",
    },
    "overlaps": {
        "platform_ids": "alpha;beta",
        "area_id": "XA",
        "population_base": "internet_12_plus",
        "kind": "intersection",
        "unit": "share",
        "value": "0.5",
        "interval_kind": "none",
        "period": "2025-06",
        "source_id": "panel-page",
    },
    "feature_use": {
        "platform_id": "alpha",
        "feature": "voice_call",
        "area_id": "XA",
        "population_base": "age_18_plus",
        "share": "0.4",
        "interval_kind": "none",
        "period": "2025-06",
        "source_id": "survey-page",
    },
    "circumvention": {
        "area_id": "XA",
        "platform_ids": "alpha",
        "feature": "voice_call",
        "share": "0.3",
        "interval_kind": "none",
        "asked": "adults",
        "self_selected": "no",
        "period": "2025-06",
        "source_id": "survey-page",
    },
    "circumvention_laws": {
        "mean": "-0.4",
        "spread": "0.9",
        "freedom": "14",
        "areas": "15",
        "figures": "27",
        "basis": "estimated",
        "data_sha256": "0f" * 32,
    },
    "feature_laws": {
        "mean": "0.2",
        "spread": "0.8",
        "freedom": "14",
        "areas": "15",
        "figures": "20",
        "basis": "estimated",
        "data_sha256": "0f" * 32,
    },
    "surveys": {
        "area_id": "XA",
        "period": "2025-06",
        "house": "a house",
        "asked": "adults",
        "platform_ids": "alpha;beta",
        "online_is_lower_bound": "no",
        "respondents": "1000",
        "source_id": "survey-page",
    },
    "use_patterns": {
        "survey_id": "S1",
        "online": "1",
        "platform_ids": "alpha",
        "weighted_share": "0.5",
        "respondents": "500",
    },
    "overlap_calibration": {
        "parameter": "mean",
        "value": "-0.3",
        "basis": "estimated",
        "surveys": "3",
        "houses": "2",
        "data_sha256": "0f" * 32,
    },
    "use_frequency": {
        "platform_id": "alpha",
        "area_id": "XA",
        "use_frequency_kind": "of_users",
        "share": "0.8",
        "interval_kind": "none",
        "period": "2025-06",
        "source_id": "survey-page",
    },
    "daily_use": {
        "use_frequency_kind": "of_users",
        "mean": "2.0",
        "spread": "0.9",
        "freedom": "13",
        "areas": "14",
        "basis": "estimated",
        "data_sha256": "0f" * 32,
    },
    "accepted_findings": {
        "rule": "figure_jump",
        "table": "estimates",
        "key": "E1",
        "column": "value",
        "reason": "The page was read again.",
        "reviewed_on": "2026-01-31",
    },
    "figure_errors": {
        "parameter": "growth",
        "kind": "q05",
        "value": "-0.05",
        "basis": "estimated",
        "pairs": "30",
        "measurers": "3",
        "data_sha256": "0f" * 32,
    },
    "audience_laws": {
        "parameter": "effect_spread",
        "kind": "world",
        "value": "0.5",
        "basis": "estimated",
        "figures": "30",
        "areas": "10",
        "data_sha256": "0f" * 32,
    },
    "online_shares": {
        "online_share_id": "XA-2025-survey",
        "area_id": "XA",
        "period": "2025",
        "share": "0.7",
        "least_age": "15",
        "concept": "uses the internet",
        "source_id": "survey-page",
    },
    "online_levels": {
        "area_id": "XA",
        "period": "2025",
        "mean": "0.5",
        "deviation": "0.2",
        "correlation": "0.9",
        "common": "0.1",
        "basis": "estimated",
        "data_sha256": "0f" * 32,
    },
    "regional_use": {
        "area_id": "XA",
        "asked": "women_15_49",
        "residence": "total",
        "internet_use": "used_12_months",
        "period": "2025",
        "share": "0.7",
        "source_id": "survey-page",
    },
    "place_laws": {
        "parameter": "survey",
        "kind": "q95",
        "value": "0.4",
        "basis": "estimated",
        "figures": "30",
        "countries": "5",
        "data_sha256": "0f" * 32,
    },
    "network_use": {
        "area_id": "XA",
        "period": "2020",
        "least_share": "0.4",
        "most_share": "0.8",
        "source_id": "survey-page",
    },
    "network_shares": {
        "area_id": "XA",
        "asn": "64500",
        "as_name": "ALPHANET-AS Alpha Telecom Ltd, XA",
        "period": "2020-11",
        "users_share": "0.4",
        "source_id": "survey-page",
    },
    "operator_regions": {
        "area_id": "XA",
        "network_scope": "mobile",
        "region": "North",
        "operator": "Alpha",
        "period": "2023",
        "regional_share": "0.5",
        "national_share": "0.4",
        "source_id": "survey-page",
    },
    "operator_names": {
        "name": "Alpha",
        "also_name": "Old Alpha",
        "source_id": "survey-page",
    },
    "network_laws": {
        "parameter": "change",
        "kind": "q50",
        "value": "0.0",
        "basis": "estimated",
        "figures": "30",
        "countries": "5",
        "data_sha256": "0f" * 32,
    },
    "restrictions": {
        "area_ids": "XA",
        "geo_scope": "national",
        "network_scope": "all",
        "observed_from": "2025-07-15",
        "end_status": "ongoing",
        "end_source": "snapshot_date",
        "start_precision": "actual",
        "action": "block",
        "severity": "service_unavailable",
        "evidence_state": "blocked",
        "claim_status": "official",
        "source_id": "press-page",
    },
    "restriction_targets": {
        "platform_id": "alpha",
        "feature": "whole_service",
        "claim_status": "official",
        "source_id": "press-page",
    },
    "restriction_places": {
        "restriction_id": "R1",
        "area_id": "XA",
        "reading": "within",
        "name": "the hills",
        "found_by": "exact",
        "part_kind": "village",
        "units_count": "1",
    },
    "place_parts": {
        "reading_id": "P1",
        "register_row": "stop-1",
        "area_id": "XA",
        "period": "2024-05-01",
        "part_kind": "village",
        "units_count": "1",
        "least_persons": "500",
        "most_persons": "5000",
        "source_id": "census-page",
    },
    "part_sizes": {
        "part_kind": "village",
        "level": "8.0",
        "unit_slope": "0.3",
        "count_slope": "0.7",
        "deviation": "0.8",
        "figures": "27",
        "basis": "estimated",
        "data_sha256": "0" * 64,
    },
    "event_readings": {
        "register_row": "stop-1",
        "event_id": "XA-2024-05-01-stop-1",
        "source_id": "press-page",
    },
    "chances": {
        "chance": "happened",
        "chance_group": "official",
        "share": "0.9",
        "weight": "40",
        "figures": "30",
        "basis": "estimated",
        "data_sha256": "0" * 64,
    },
    "answer_rungs": {
        "rung_family": "place",
        "rung": "country",
        "answers": "20",
        "units": "20",
        "inside_share": "0.9",
        "ratio": "1.0",
        "is_open": "yes",
    },
    "place_names": {
        "country_id": "XA",
        "name": "the hills",
        "area_ids": "XA",
        "reading": "within",
        "note": "hills in it",
    },
    "feature_rules": {
        "register_column": "event",
        "pattern": "voice calls",
        "feature": "voice_call",
    },
    "register_rows": {
        "source_id": "press-page",
        "register_row": "1",
        "count_year": "2025",
        "fate": "event",
    },
    "evidence": {
        "evidence_id": "O1",
        "source_id": "survey-page",
        "source_event_id": "1A2B",
        "area_id": "XA",
        "begin": "2025-08-16T02:00Z",
        "end": "2025-08-16T05:00Z",
        "evidence_scope": "country",
        "cause": "Government-Ordered",
        "cause_kind": "order",
        "least_lost_share": "0.3",
        "most_lost_share": "0.5",
    },
    "event_links": {
        "restriction_id": "R1",
        "other_restriction_id": "R1",
        "rule": "country, days and platform",
        "source_id": "press-page",
    },
    "published_area_figures": {
        "area_id": "XA",
        "period": "2025",
        "publisher": "A newspaper",
        "figure_kind": "internet_users",
        "persons": "500000",
        "interval_kind": "none",
        "source_id": "press-page",
    },
    "published_figures": {
        "restriction_id": "R1",
        "publisher": "A newspaper",
        "figure_kind": "platform_audience",
        "unit": "persons",
        "value": "500000",
        "interval_kind": "none",
        "source_id": "press-page",
    },
}
"""Cells of a row that a test does not care about; all others are blank."""


ERRORS = {
    ("growth", "q05"): -0.05,
    ("growth", "q50"): 0.08,
    ("growth", "q95"): 0.4,
    ("restricted_growth", "q05"): -0.9,
    ("restricted_growth", "q50"): -0.05,
    ("restricted_growth", "q95"): 0.1,
    ("base_growth", "q05"): 0.0,
    ("base_growth", "q50"): 0.06,
    ("base_growth", "q95"): 0.2,
    ("measurers", "q95"): 1.5,
    ("base_measurers", "q95"): 0.6,
    ("secondary_source", "q95"): 0.006,
    ("population", "q95"): 0.015,
    ("low_reliability", "q95"): 0.7,
    ("effective_sample", "count"): 1000.0,
    ("tail_degrees", "count"): 4.0,
    ("children", "q05"): 0.5,
    ("children", "q50"): 0.7,
    ("children", "q95"): 1.0,
}
"""Errors of figures about as large as they are learned."""
_TINY = {"q05": -1e-9, "q50": 0.0, "q95": 1e-9, "count": 4.0}
EXACT = {key: _TINY[key[1]] for key in ERRORS} | {("effective_sample", "count"): 1e11}
EXACT |= {key: 1.0 + _TINY[key[1]] for key in ERRORS if key[0] == "children"}
"""Errors too small to see: what is drawn is what is told, but for rounding."""

SPREADS = {
    **{effect.name: effect.start for effect in effects.EFFECTS},
    **{effects.OWN + way.value: 0.15 for way in WayOfCounting},
}
"""Spreads of audiences that nobody counted, about as large as they are learned."""


def _typed(rows: Mapping[str, Sequence[Mapping[str, str]]]) -> Tables:
    """The typed tables of these rows."""
    frames = {
        table: pd.DataFrame(own, columns=list(fact_models.COLUMNS[table]), dtype="str").assign(
            row_layer=1,
            row_file=f"{table}.csv",
            row_line=pd.Series(range(2, len(own) + 2), dtype="int64"),
        )
        for table, own in {"sources": [], **rows}.items()
    }
    typed = facts.convert_types(
        frames, fact_models.select_columns("number"), fact_models.select_columns("period")
    )
    return {table: typed[table] for table in rows}


@cache
def typed_blank() -> Tables:
    """Every typed table without a row."""
    return _typed({table: [] for table in fact_models.TABLES})


@dataclass
class World:
    """Facts of a small country, to be added to by a test."""

    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def add(self, table: str, **cells: str) -> "World":
        """Add a row; cells not named take their default."""
        blank = dict.fromkeys(fact_models.COLUMNS[table], "")
        unknown = set(cells) - set(blank)
        assert not unknown, f"{table} has no column {unknown}"
        self.rows.setdefault(table, []).append({**blank, **DEFAULTS[table], **cells})
        return self

    def estimate(self, estimate_id: str, **cells: str) -> "World":
        """Add an audience figure."""
        return self.add("estimates", estimate_id=estimate_id, **cells)

    def errors(self, known: dict[tuple[str, str], float] | None = None) -> "World":
        """Say what figures may be off by: too little to see, or as told."""
        for (parameter, kind), value in (known or EXACT).items():
            self.add("figure_errors", parameter=parameter, kind=kind, value=repr(value))
        return self

    def audience_laws(self, known: dict[str, float] | None = None) -> "World":
        """Say how audiences that nobody counted are imputed."""
        for name, value in (known or SPREADS).items():
            self.add("audience_laws", parameter="effect_spread", kind=name, value=repr(value))
        return self

    def base(self, base_id: str, **cells: str) -> "World":
        """Add a base."""
        return self.add("bases", base_id=base_id, **cells)

    def restrict(self, restriction_id: str, *platforms: str, **cells: str) -> "World":
        """Add a restriction of whole services."""
        self.add("restrictions", restriction_id=restriction_id, **cells)
        for platform in platforms:
            self.add("restriction_targets", restriction_id=restriction_id, platform_id=platform)
        return self

    def write(self, folder: Path) -> Path:
        """Write all tables, also those without rows, as CSV files."""
        folder.mkdir(parents=True, exist_ok=True)
        for table in fact_models.TABLES:
            save(
                folder / f"{table}.csv",
                list(fact_models.COLUMNS[table]),
                [list(row.values()) for row in self.rows.get(table, [])],
            )
        return folder

    def typed(self, *only: str) -> Tables:
        """The typed tables, all or only those named, as they are after all checks."""
        wanted = only or tuple(fact_models.TABLES)
        blank = {table: typed_blank()[table].copy() for table in wanted}
        return blank | _typed({table: self.rows[table] for table in wanted if self.rows.get(table)})

    def results(self) -> Results:
        """The result tables, each computed when a test looks at it."""
        typed = self.typed()
        return impact.Outputs(impact.prepare_run(typed, AS_OF)[0], impact.Settings())

    def exposed(self, restriction_id: str = "R1") -> "pd.Series[float]":
        """The row of the people exposed to a restriction."""
        return row(
            self.results()["impact"], restriction_id=restriction_id, impact_metric="people_exposed"
        )


def world() -> World:
    """A country of a million people with two measured services and no restriction.

    Sources: the panel's own page, two newspapers that relay it, a survey, a company, a census.
    """
    made = World()
    for lineage, kind in (
        ("panel", "panel"),
        ("other-panel", "panel"),
        ("survey", "survey"),
        ("company", "company_statement"),
        ("census", "census"),
        ("press", "press_relay"),
    ):
        made.add("lineages", measurement_series_id=lineage, measurer=lineage, source_type=kind)
        made.add(
            "sources",
            source_id=f"{lineage}-page",
            source_type=kind,
            measurement_series_id=lineage,
            url=f"https://example.org/{lineage}",
        )
    for relay in ("relay-1", "relay-2", "relay-3"):
        made.add(
            "sources",
            source_id=relay,
            source_type="press_relay",
            url=f"https://example.org/{relay}",
        )
    for platform in ("alpha", "beta", "gamma"):
        made.add("platforms", platform_id=platform, name=platform.title())
    made.add("platforms", platform_id="*", name="Whole internet", kind="network")
    for area, parent in (("XA", ""), ("XA-01", "XA"), ("XA-02", "XA"), ("XB", ""), ("XC", "")):
        made.add("areas", area_id=area, name=f"Land {area}", parent_id=parent)
    made.base(
        "XA-all",
        population_base="all_ages",
        period="2025",
        persons="1000000",
        source_id="census-page",
    )
    made.base(
        "XA-online",
        population_base="internet_all",
        period="2025-01",
        persons="800000",
        source_id="census-page",
    )
    return made.base("XA-panel")


def small(folder: Path) -> Path:
    """The small country on disk, with a row in every table and a restriction of two services."""
    made = world().estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.restrict("R1", "alpha", "beta")
    for table, key in (
        ("overlaps", "overlap_id"),
        ("feature_use", "feature_use_id"),
        ("circumvention", "circumvention_id"),
        ("surveys", "survey_id"),
        ("published_figures", "published_figure_id"),
    ):
        made.add(table, **{key: f"{table[0].upper()}1"})
    return made.add("use_patterns").write(folder)


def save(path: Path, header: list[str], rows: list[list[str]]) -> None:
    """Write a CSV file as the facts are written."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    path.write_bytes(text.getvalue().encode())


def load(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    return header, rows


def of_acts(folder: Path, *begins: str) -> Path:
    """The repository's facts in a folder, of restrictions those alone whose ids begin so.

    All other facts stay: the answers of these are those of a run of all.
    """
    folder.mkdir()
    for table in fact_models.TABLES:
        header, rows = load(FACTS / f"{table}.csv")
        if "restriction_id" in header:
            place = header.index("restriction_id")
            rows = [row for row in rows if not row[place] or row[place].startswith(begins)]
        save(folder / f"{table}.csv", header, rows)
    return folder


def edit(folder: Path, table: str, key: str, **cells: str) -> int:
    """Change cells of the row whose first column is `key`; returns the line it stands on."""
    path = folder / f"{table}.csv"
    header, rows = load(path)
    (place,) = [place for place, cells_of in enumerate(rows) if cells_of[0] == key]
    for name, cell in cells.items():
        rows[place][header.index(name)] = cell
    save(path, header, rows)
    return place + 2


def append(folder: Path, table: str, cells: Mapping[str, str]) -> int:
    """Add a row at the end of a table; returns the line it stands on."""
    path = folder / f"{table}.csv"
    header, rows = load(path)
    save(path, header, [*rows, [cells.get(name, "") for name in header]])
    return len(rows) + 2


def row(frame: pd.DataFrame, **cells: object) -> "pd.Series[float]":
    """The one row with these cells; of all kinds of restrictions, where no kind is named."""
    if "kind" in frame:
        cells = {"kind": "all", **cells}
    for name, cell in cells.items():
        frame = frame[frame[name] == cell]
    assert len(frame) == 1, f"{len(frame)} rows for {cells}"
    return frame.iloc[0]


def checked(*folders: Path) -> steps.Checked:
    """Facts read and checked."""
    return steps.validate_facts(steps.read_facts(folders))


def computed(*folders: Path) -> steps.Results:
    """Facts read, checked and computed; bad rows in quarantine, no shares of the variance."""
    result = steps.refuse_errors(checked(*folders), strict=False)
    return steps.compute_results(result, None, 0)


def of_rule(found: steps.Checked, rule: str) -> list[Finding]:
    """The findings of one rule."""
    return [finding for finding in found.findings if finding.rule == rule]


def register_row(**cells: str) -> dict[str, str]:
    """A row of the STOP register: a shutdown of all of Russia on one day, said to be over."""
    sound = {
        "start_date_type": "Actual",
        "start_date": "2025-08-13",
        "country": "Russian Federation",
        "geo_scope": "It affected locations in more than one state, province, or region",
        "area_name": "Nationwide",
        "shutdown_type": "Shutdown",
        "affected_network": "Broadband, Mobile",
        "shutdown_extent": "Full network",
        "shutdown_status": "Ended",
        "count_year": "2025",
    }
    unknown = set(cells) - set(stop.READ)
    assert not unknown, f"the register has no column {unknown}"
    return {**dict.fromkeys(stop.READ, ""), **sound, **cells}


def ended(process: int) -> bool:
    """Whether a process is gone, at the latest in a minute: it may have to be imported first."""
    for _ in range(600):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":  # whoever takes it in has not done so yet
            return True
        time.sleep(0.1)
    return False


def replace_cells(row: SimpleNamespace, **cells: object) -> Any:
    """A row of a record with other cells."""
    return type(row)(**(vars(row) | cells))
