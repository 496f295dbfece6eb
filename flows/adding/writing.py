"""Write new rows into the files of a folder of facts: checked first, then all or none.

Order, line ends and columns of a file do not change; a new row is placed next to similar rows. The
result is checked in a copy before anything is written. Files are replaced one after the other, each
table before those that refer to it: after an interruption all keys still resolve, and the same
command adds the missing rows.
"""

import csv
import io
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from audience_impact.facts.reading import FORMER_NAMES
from audience_impact.facts.tables import Finding
from audience_impact.store.files import explain_error, write_together
from flows.pipeline import steps
from schemas.facts import TABLES

Row = Mapping[str, str]
BESIDE = {
    "estimates": ("area_id", "platform_id"),
    "restrictions": ("area_ids", "restriction_id"),
    "published_figures": ("restriction_id",),
}
"""Columns that define the order of rows, for tables that are not in the order of their key."""


@dataclass(frozen=True)
class ChangedFile:
    """A file with new rows: its bytes before and after, and the new lines by number."""

    path: Path
    before: bytes
    after: bytes
    lines: Mapping[int, str] = field(default_factory=dict)


def insert_rows(folder: Path, rows: Mapping[str, Sequence[Row]]) -> list[ChangedFile]:
    """Return the files of a folder with new rows; raise RefusedError where one lacks a column."""
    files = [
        _insert_into_file(folder / f"{table}.csv", rows[table])
        for table in TABLES
        if rows.get(table)
    ]
    return [file for file in files if file.lines]


def _insert_into_file(path: Path, rows: Sequence[Row]) -> ChangedFile:
    header = steps.build_headers()[path.stem]
    before = path.read_bytes() if path.is_file() else (",".join(header.columns) + "\n").encode()
    try:
        lines = before.decode().splitlines(keepends=True)
        cells = [next(csv.reader([line], strict=True), []) for line in lines]
    except (UnicodeDecodeError, csv.Error) as error:
        raise steps.RefusedError([f"{path} is no table in UTF-8: {error}"]) from error
    end = "\r\n" if b"\r\n" in before else "\n"
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += end
    names = [FORMER_NAMES.get(name, name) for name in cells[0]] if cells else []
    names[:1] = [name.removeprefix("\ufeff") for name in names[:1]]
    new: list[list[str]] = []
    for row in rows:
        missing = [name for name, cell in row.items() if cell and name not in names]
        if missing:
            raise steps.RefusedError(
                [f"{path} lacks the column {missing[0]}: add it to the header"]
            )
        new_cells = [row.get(name, "") for name in names]
        if new_cells not in cells:
            by = [names.index(name) for name in BESIDE.get(path.stem) or header.key[:1]]
            place = _find_place(cells, new_cells, by)
            line = io.StringIO(newline="")
            csv.writer(line, lineterminator=end).writerow(new_cells)
            lines.insert(place, line.getvalue())
            cells.insert(place, new_cells)
            new.append(new_cells)
    new_lines = {at: lines[at - 1].strip() for at, row in enumerate(cells, 1) if row in new}
    return ChangedFile(path, before, "".join(lines).encode(), new_lines)


def _find_place(cells: Sequence[list[str]], new: list[str], by: Sequence[int]) -> int:
    """Return the index after the last row of the same key, or before the first later key."""
    new_key = [new[place] for place in by]
    keys = [[row[place] for place in by] if len(row) == len(new) else [] for row in cells]
    if new_key in keys:
        return len(keys) - keys[::-1].index(new_key)
    later = [place for place, key in enumerate(keys) if place and key > new_key]
    return later[0] if later else len(cells)


def find_new_findings(
    files: Sequence[ChangedFile], folders: Sequence[Path], today: date
) -> list[Finding]:
    """Return the findings of the check, on this day, that new rows in the last folder cause."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for path in folders[-1].glob("*.csv"):
            shutil.copyfile(path, copy / path.name)
        for file in files:
            (copy / file.path.name).write_bytes(file.after)
        before, after = (
            steps.validate_facts(steps.read_facts(layers), today).findings
            for layers in (folders, [*folders[:-1], copy])
        )
    # Messages may name a line, which new rows may change.
    earlier = {replace(finding, line=0, message="") for finding in before}
    return [row for row in after if replace(row, line=0, message="") not in earlier]


def require_sound(files: Sequence[ChangedFile], folders: Sequence[Path], today: date) -> None:
    """Raise RefusedError where the new rows cause errors."""
    findings = find_new_findings(files, folders, today)
    if bad := [finding for finding in findings if finding.is_error]:
        raise steps.RefusedError([steps.format_finding(finding, folders) for finding in bad])


def write_files(files: Sequence[ChangedFile]) -> None:
    """Write all files or none; raise RefusedError where one was changed or cannot be written."""
    try:
        for file in files:
            if file.path.is_file() and file.path.read_bytes() != file.before:
                raise steps.RefusedError([f"{file.path} was changed meanwhile: run it again"])
        write_together({file.path: file.after for file in files})
    except OSError as error:
        names = error.filename or ", ".join(str(file.path) for file in files)
        raise steps.RefusedError([f"{names} cannot be written: {explain_error(error)}"]) from error
