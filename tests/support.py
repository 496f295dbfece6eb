"""A small world of facts that tests build by hand, and edits of single cells of CSV files."""

import csv
import io
import time
from collections import defaultdict
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
from audience_impact.registers.place_names import Atlas, build_atlas
from audience_impact.registers.stop import cells as stop
from audience_impact.store.publishing import Published
from audience_impact.vocabulary import WayOfCounting
from flows.pipeline import steps
from schemas import facts as fact_models


def lay_out_iso(*countries: str) -> Atlas:
    """The places of countries by ISO 3166-2 alone, without facts."""
    areas = pd.DataFrame(columns=["area_id", "parent_id"])
    return build_atlas(countries, {"areas": areas, "place_names": pd.DataFrame()})


Results = Mapping[str, pd.DataFrame]
"""Result tables by name, each computed when a test looks at it."""

FACTS = Path(__file__).parents[1] / "data" / "facts"
REGISTER = FACTS.parent / "stop"
AS_OF = date(2026, 1, 31)

AGED = "aged 12 and over only"
"""What every row says whose figures are those of the panel of a small world."""

DEFAULTS: dict[str, dict[str, str]] = defaultdict(dict)
"""Cells of a row that a test does not care about, from defaults.csv; all others are blank."""
with Path(__file__).with_name("defaults.csv").open(encoding="utf-8", newline="") as lines:
    for cell in csv.DictReader(lines):
        DEFAULTS[cell["table"]][cell["column"]] = cell["value"]


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
"""Spreads of audiences without a count on record, about as large as they are learned."""


def _typed(rows: Mapping[str, Sequence[Mapping[str, str]]]) -> Tables:
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
        return self.add("estimates", estimate_id=estimate_id, **cells)

    def errors(self, known: dict[tuple[str, str], float] | None = None) -> "World":
        """Say what figures may be off by: too little to see, or as told."""
        for (parameter, kind), value in (known or EXACT).items():
            self.add("figure_errors", parameter=parameter, kind=kind, value=repr(value))
        return self

    def audience_laws(self, known: dict[str, float] | None = None) -> "World":
        """Say how audiences without a count on record are imputed."""
        for name, value in (known or SPREADS).items():
            self.add("audience_laws", parameter="effect_spread", kind=name, value=repr(value))
        return self

    def base(self, base_id: str, **cells: str) -> "World":
        return self.add("bases", base_id=base_id, **cells)

    def restrict(self, restriction_id: str, *platforms: str, **cells: str) -> "World":
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
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    path.write_bytes(text.getvalue().encode())


def load(path: Path) -> tuple[list[str], list[list[str]]]:
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


def read_cells(text: str) -> dict[str, str]:
    """Return the cells of a text such as `value=5; unit=share`."""
    pairs = (pair.partition("=") for pair in text.split("; "))
    return {name: cell for name, _, cell in pairs}


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


def folder_of(published: Published) -> Path:
    """Return the folder of a version that was just published."""
    return Path(published.version.address)
