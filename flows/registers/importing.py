"""Imports a register as a layer of fact tables: `audience-impact import stop FILE --into DIR`."""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.ingest import gazetteer as places
from audience_impact.ingest import linkage as event_links
from audience_impact.ingest.stop import cells as stop
from audience_impact.ingest.stop import events as stop_events
from audience_impact.ingest.stop import targets as stop_targets
from audience_impact.ingest.stop.events import Defects, Event, Reading, Record, Row
from audience_impact.vocabulary import WHOLE_INTERNET, PlatformKind
from flows.pipeline import steps
from flows.publishing import layers
from flows.publishing.layers import Layer, Owner
from flows.registers import files as registers
from flows.registers import gazetteer
from flows.registers.files import RegisterError
from schemas import facts as fact_models

OWNER = Owner("import stop", "import.json", "--overwrite")
LINEAGE = {
    "lineage_id": "access-now-stop",
    "measurer": "Access Now",
    "source_type": "press_relay",
    "note": "STOP, the register of internet shutdowns of the #KeepItOn coalition",
}
SNAPSHOT = "2026-05-20"
MIRROR = (
    "https://github.com/Muhanad-husn/The-global-cost-of-internet-shutdowns/blob/"
    "795c8ca19cbde5eb806a8b34a83d91377bae9a8c/data/processed/"
    "access_now_snapshot_2026-05-20.parquet"
)
"""Where the snapshot was read that is known by default."""
REFUSED = Path("refused") / "stop.csv"
"""Rows that became nothing, whole: beside the fact tables, not among them."""
WRITTEN = (
    *("lineages", "sources", "platforms", "areas", "restrictions", "restriction_targets"),
    *("register_rows", "event_links"),
)


@dataclass(frozen=True)
class Origin:
    """Which snapshot of the register it is, and where it was read."""

    snapshot: str = SNAPSHOT
    address: str = ""
    accessed: str = ""

    @property
    def source_id(self) -> str:
        """Id of the source."""
        return f"access-now-stop-{self.snapshot}"


@dataclass(frozen=True)
class Imported:
    """A register as a layer: its tables, what was refused, and the reconciliation.

    `replaced` are the copies of what was edited by hand and then overwritten.
    """

    tables: Mapping[str, list[Row]]
    refused: list[Row]
    rows: int
    merged_identical: int
    defects: Mapping[str, list[int]]
    replaced: tuple[Path, ...] = ()

    @property
    def fates(self) -> Counter[str]:
        """How many rows ended as what."""
        return Counter(row["fate"] for row in self.tables["register_rows"])

    @property
    def counts(self) -> dict[tuple[str, str], int]:
        """Events by country codes and count year."""
        return stop_events.counts(self.tables["register_rows"])


def _source(origin: Origin, base: Tables) -> Row:
    """The register as a source; the day it was read is that of the same address on record."""
    address = origin.address or (MIRROR if origin.snapshot == SNAPSHOT else "")
    known = base["sources"]
    read_on = known.loc[(known["url"] == address) & (known["url"] != ""), "accessed_on"].max()
    return {
        "source_id": origin.source_id,
        "publisher": "Access Now",
        "title": f"#KeepItOn STOP, the register of internet shutdowns, snapshot {origin.snapshot}",
        "url": address,
        "published_on": origin.snapshot,
        "accessed_on": origin.accessed
        or (read_on if isinstance(read_on, str) else origin.snapshot),
        "source_type": "press_relay",
        "reliability": "medium",
        "lineage_id": LINEAGE["lineage_id"],
        "note": "no licence stated; read from a public copy, the publisher's own sheet is the "
        "authority"
        if address == MIRROR
        else "no licence stated",
    }


def _rules(base: Tables) -> list[stop_targets.FeatureRule]:
    """The rules for features, each for a column that the register has."""
    found = []
    for row in base["feature_rules"].to_dict("records"):
        rule = stop_targets.FeatureRule(
            row["rule_id"], row["register_column"], row["pattern"], row["feature"]
        )
        if rule.column not in stop.READ:
            raise RegisterError(
                f"feature_rules.csv: rule {rule.rule_id} reads the column {rule.column}, which "
                "the register does not have; correct it"
            )
        found.append(rule)
    return found


def _area_rows(readings: Sequence[Reading], rows: Sequence[Record], base: Tables) -> list[Row]:
    """Areas that the layer names and the base facts do not have."""
    used = {area for each in readings for area in each.place.area_ids}
    used |= {country for row in rows for country in row.country_ids}
    used |= {area.split("-")[0] for area in used}
    known = set(base["areas"]["area_id"])
    names, regions = gazetteer.country_names(), gazetteer.regions()
    world = "001" if "001" in known else ""
    return [
        {
            "area_id": area,
            "name": regions[area[:2]][area][0] if "-" in area else names[area],
            "parent_id": area[:2] if "-" in area else world,
        }
        for area in sorted(used - known)
    ]


def _platform_rows(readings: Sequence[Reading], base: Tables) -> list[Row]:
    """Services that the layer names and the base facts do not have."""
    used = {target.platform_id for each in readings for target in each.targets.targets}
    new: dict[str, tuple[str, str]] = {}
    for each in readings:
        for platform, about in each.targets.new.items():
            new[platform] = min(about, new.get(platform, about))
    found = []
    for platform in sorted(used - set(base["platforms"]["platform_id"])):
        group = stop_targets.NEW_GROUPS.get(platform, platform.replace("-", " ").capitalize())
        name, kind = new.get(platform, (group, PlatformKind.GROUP.value))
        if platform == WHOLE_INTERNET:
            name, kind = "Whole internet", PlatformKind.NETWORK.value
        note = "named in the register; kind not checked" if platform in new else ""
        found.append({"platform_id": platform, "name": name, "kind": str(kind), "note": note})
    return found


def _linked(tables: Mapping[str, list[Row]], base: Tables, source_id: str) -> list[Row]:
    """Events that the base facts tell as well."""
    names = columns_of("restrictions")
    ours = [{**dict.fromkeys(names, ""), **row} for row in tables["restrictions"]]
    told = event_links.told(ours, tables["restriction_targets"])
    own = {event.restriction_id for event in told}
    kept = [row for row in _records(base["restrictions"]) if row["restriction_id"] not in own]
    others = event_links.told(kept, _records(base["restriction_targets"]))
    return event_links.links(told, others, source_id)


def columns_of(table: str) -> list[str]:
    """Columns of a fact table."""
    return list(fact_models.columns(table))


def _records(frame: pd.DataFrame) -> list[Row]:
    return [
        {str(name): str(cell) for name, cell in row.items()} for row in frame.to_dict("records")
    ]


def _refused(frame: pd.DataFrame, rows: Sequence[Record]) -> list[Row]:
    """The rows that became nothing, whole, with their numbers and why."""
    return [
        {
            "row": str(row.number),
            "reason": row.refused,
            **{str(name): cell for name, cell in frame.iloc[row.number - 1].items()},
        }
        for row in rows
        if row.refused
    ]


def _identical(found: Sequence[Event]) -> int:
    """Repeats that differ from the row before them in nothing but the year."""
    return sum(
        not stop_events.repeats_in_other_words(earlier, later)
        for event in found
        for earlier, later in zip(event.records, event.records[1:], strict=False)
    )


def build(frame: pd.DataFrame, base: Tables, origin: Origin) -> Imported:
    """The layer of a register.

    Args:
        frame: the register as read.
        base: the fact tables it is to lie upon, as text.
        origin: which snapshot it is.
    """
    clean = stop.cleaned(frame)
    names = {part for cell in clean["country"] for part in places.country_parts(cell)}
    known = gazetteer.gazetteer(names)
    rows = stop_events.records(clean, known)
    found = stop_events.events(rows)
    defects = Defects()
    for row in rows:
        defects.add([row.refused], row.number)
    for number in stop_events.same_row_twice(rows):
        defects.add(["same_row_twice"], number)
    newest = max((row.count_year for row in rows), default="")
    catalogue = stop_targets.catalogue(_records(base["platforms"]))
    reader = stop_events.Reader(known, catalogue, _rules(base), newest)
    readings = [reader.read(event, defects) for event in found]
    source_id = origin.source_id
    tables = {
        "lineages": [LINEAGE],
        "sources": [_source(origin, base)],
        "platforms": _platform_rows(readings, base),
        "areas": _area_rows(readings, rows, base),
        "restrictions": stop_events.restriction_rows(readings, source_id),
        "restriction_targets": stop_events.target_rows(readings, source_id),
        "register_rows": stop_events.fate_rows(rows, found, source_id),
    }
    tables["event_links"] = _linked(tables, base, source_id)
    return Imported(tables, _refused(clean, rows), len(rows), _identical(found), defects.sorted())


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def layer(imported: Imported, columns: Sequence[str]) -> Layer:
    """The tables of the layer, and beside them the rows refused.

    Args:
        imported: the register as imported.
        columns: those of the register.
    """
    tables = {
        table: pd.DataFrame(
            [{**dict.fromkeys(names, ""), **row} for row in imported.tables[table]],
            columns=names,
            dtype="str",
        )
        for table in WRITTEN
        for names in [columns_of(table)]
    }
    refused = _csv(["row", "reason", *columns], imported.refused)
    return Layer(tables, {REFUSED.as_posix(): refused})


def import_stop(
    path: Path, folder: Path, base: Sequence[Path], origin: Origin, overwrite: bool = False
) -> Imported:
    """Read a STOP register and write it as a layer for the base facts.

    With `overwrite`, what was edited by hand in the folder is kept aside and written anew.

    Raises RegisterError with one line where the file is no such register, and RefusedError where
    the folder holds somebody's work.
    """
    frame = registers.read(path, stop.READ)
    imported = build(frame, steps.read(base).tables, origin)
    files = layers.render(layer(imported, [str(name) for name in frame.columns]))
    written = layers.write(files, folder, base, OWNER, overwrite)
    return replace(imported, replaced=written.replaced)


def counts_of(path: Path) -> dict[tuple[str, str], int]:
    """Events by country codes and year of another count: `count_year`, `country`, `events`.

    A column `iso3`, where it is filled, tells the country instead of its name.
    """
    frame = stop.cleaned(registers.read(path, ["count_year", "country", "events"]))
    known = gazetteer.gazetteer(
        {part for cell in frame["country"] for part in places.country_parts(cell)}
    )
    counted: dict[tuple[str, str], int] = {}
    for row in _records(frame):
        code = gazetteer.country_code(row.get("iso3", ""))
        codes = [code] if code else places.countries(row["country"], known)
        key = (";".join(codes) or row["country"], stop.year(row["count_year"]))
        if not row["events"].isdigit():
            raise RegisterError(f"{path}: events is no number ({row['events']!r}); correct it")
        counted[key] = counted.get(key, 0) + int(row["events"])
    return counted
