"""Write new rows into the files of a folder of facts: checked first, then all or none.

Order, quotes, line ends and columns of a file do not change; a new row is placed next to similar
rows. The result is checked in a copy before anything is written. Files are replaced one after the
other, each table before those that refer to it: after an interruption all keys still resolve, and
the same command adds the missing rows.
"""

import csv
import fcntl
import io
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from audience_impact.facts.reading import FORMER_NAMES
from audience_impact.facts.tables import Finding, relocate_finding
from audience_impact.store.files import explain_error, write_together
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline import steps
from flows.pipeline.steps import RefusedError, build_headers, format_finding

Row = Mapping[str, str]
ORDER = (
    *("lineages", "sources", "platforms", "restrictions", "restriction_targets"),
    *("published_figures", "estimates", "accepted_findings"),
)
"""Fact tables that can get new rows, each after the tables that it refers to."""
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
    """Return the changed files of a folder; rows that it already contains are left out.

    Raises RefusedError where a file is no table or lacks a column.
    """
    files = [
        _insert_into_file(folder / f"{table}.csv", rows[table])
        for table in ORDER
        if rows.get(table)
    ]
    return [file for file in files if file.lines]


def _insert_into_file(path: Path, rows: Sequence[Row]) -> ChangedFile:
    table = path.stem
    columns = list(build_headers()[table].columns)
    before = path.read_bytes() if path.is_file() else (",".join(columns) + "\n").encode()
    try:
        lines = before.decode("utf-8").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise RefusedError([f"{path} is not UTF-8: save it as UTF-8"]) from error
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += end
    cells = [_parse_line(line, path, number) for number, line in enumerate(lines, 1)]
    names = [FORMER_NAMES.get(name, name) for name in cells[0]] if cells else []
    quoting = csv.QUOTE_ALL if lines and lines[0].lstrip("\ufeff").startswith('"') else None
    new: list[int] = []
    for row in rows:
        new_cells = _order_cells(row, names, path)
        if new_cells in cells:
            continue
        place = _find_place(table, names, cells, new_cells)
        lines.insert(place, _format_line(new_cells, end, quoting))
        cells.insert(place, new_cells)
        new = [*(earlier + (earlier >= place) for earlier in new), place]
    after = "".join(lines).encode()
    return ChangedFile(
        path, before, after, {place + 1: lines[place].strip() for place in sorted(new)}
    )


def _parse_line(line: str, path: Path, number: int) -> list[str]:
    try:
        rows = list(csv.reader([line.removeprefix("\ufeff")], strict=True))
    except csv.Error as error:
        raise RefusedError([f"{path}:{number}: is no row of a table ({error})"]) from error
    return rows[0] if rows else []


def _order_cells(row: Row, names: Sequence[str], path: Path) -> list[str]:
    missing = [name for name, cell in row.items() if cell and name not in names]
    if missing:
        raise RefusedError([f"{path} lacks the column {missing[0]}: add it to the header"])
    return [row.get(name, "") for name in names]


def _find_place(
    table: str, names: Sequence[str], cells: Sequence[list[str]], new: list[str]
) -> int:
    """Return the index after the last row of the same key, or before the first later key."""
    by = BESIDE.get(table) or build_headers()[table].key[:1]
    at = [names.index(name) for name in by]
    new_key = [new[place] for place in at]
    keys = [[row[place] for place in at] if len(row) == len(names) else [] for row in cells]
    same = [place for place, key in enumerate(keys) if key == new_key]
    if same:
        return same[-1] + 1
    later = [place for place, key in enumerate(keys) if place and key > new_key]
    return later[0] if later else len(cells)


def _format_line(cells: Sequence[str], end: str, quoting: int | None) -> str:
    text = io.StringIO(newline="")
    style = csv.QUOTE_MINIMAL if quoting is None else quoting
    csv.writer(text, lineterminator=end, quoting=style).writerow(cells)  # type: ignore[arg-type]
    return text.getvalue()


def find_new_findings(
    files: Sequence[ChangedFile], folders: Sequence[Path], today: date
) -> list[Finding]:
    """Return the findings of the check that the new rows cause.

    Args:
        files: the changed files, all in the last of the folders.
        folders: the layers of facts.
        today: the last possible day of access to a page.
    """
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        file_names = {file.path.name for file in files}
        for path in folders[-1].iterdir():
            if path.name not in file_names and path.is_file():
                (copy / path.name).symlink_to(path.resolve())
        for file in files:
            (copy / file.path.name).write_bytes(file.after)
        after = _check_folders([*folders[:-1], copy], today)
    new = {(file.path.name, line) for file in files for line in file.lines}
    new_findings = [
        finding
        for finding in after
        if (finding.file, finding.line) in new and finding.layer == len(folders)
    ]
    rest = [finding for finding in after if finding not in new_findings]
    earlier = (
        {_identify_finding(finding) for finding in _check_folders(folders, today)}
        if rest
        else set()
    )
    return [
        *new_findings,
        *(finding for finding in rest if _identify_finding(finding) not in earlier),
    ]


def _check_folders(folders: Sequence[Path], today: date) -> tuple[Finding, ...]:
    return steps.validate_facts(steps.read_facts(folders), today).findings


def _identify_finding(finding: Finding) -> tuple[str, ...]:
    """Return the identity of a finding without its line number, which new rows may change."""
    return (
        finding.file,
        finding.column,
        finding.rule,
        finding.value,
        finding.row,
        str(finding.layer),
    )


def require_sound(files: Sequence[ChangedFile], folders: Sequence[Path], today: date) -> None:
    """Raise RefusedError where the new rows cause errors."""
    if bad := [
        finding for finding in find_new_findings(files, folders, today) if is_error(finding)
    ]:
        raise RefusedError([format_finding(relocate_finding(finding, folders)) for finding in bad])


def is_error(finding: Finding) -> bool:
    """Return whether a finding prevents writing."""
    return finding.severity is not FindingSeverity.WARNING


def write_files(files: Sequence[ChangedFile]) -> None:
    """Write all files, or none; of two commands that write at the same moment the second waits.

    Raises RefusedError where a file was changed since it was read or cannot be written.
    """
    try:
        with ExitStack() as locks:
            for folder in sorted({file.path.parent for file in files}):
                locks.enter_context(_lock_folder(folder))
            for file in files:
                now = file.path.read_bytes() if file.path.is_file() else None
                if now is not None and now != file.before:
                    raise RefusedError([f"{file.path} was changed meanwhile: run it again"])
            write_together({file.path: file.after for file in files})
    except OSError as error:
        names = error.filename or ", ".join(str(file.path) for file in files)
        raise RefusedError([f"{names} cannot be written: {explain_error(error)}"]) from error


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Lock a folder during the block; the system unlocks it if the process dies."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
