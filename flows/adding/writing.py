"""Puts new rows into the files of a folder of facts: checked first, then all or none.

A file keeps its bytes: its order, quotes, line ends and columns; a new row stands beside those of
its kind. The result is checked in a copy before anything is written. All files are written aside
and take their places one after the other, a table before those that point to it: whoever is killed
in between leaves facts whose keys resolve, and the same command again adds what is missing.
"""

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from audience_impact.facts.reading import FORMER_NAMES
from audience_impact.facts.tables import Finding, relocated
from audience_impact.store.files import write_together
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline import steps
from flows.pipeline.headers import headers
from flows.pipeline.steps import RefusedError, line

Row = Mapping[str, str]
ORDER = (
    *("lineages", "sources", "platforms", "restrictions", "restriction_targets"),
    *("published_figures", "estimates", "accepted_findings"),
)
"""Tables that grow, each after those that it points to."""
BESIDE = {
    "estimates": ("area_id", "platform_id"),
    "restrictions": ("area_ids", "restriction_id"),
    "published_figures": ("restriction_id",),
}
"""Columns by which a table is kept in order, where that is not its key."""


@dataclass(frozen=True)
class Grown:
    """A file with its new rows: its bytes before and after, and the lines that are new."""

    path: Path
    before: bytes
    after: bytes
    lines: Mapping[int, str] = field(default_factory=dict)


def grown(folder: Path, rows: Mapping[str, Sequence[Row]]) -> list[Grown]:
    """The files of a folder with the rows in their places; rows that stand there are left out.

    Raises RefusedError where a file has not the form of a table, or lacks a column.
    """
    found = [_grown(folder / f"{table}.csv", rows[table]) for table in ORDER if rows.get(table)]
    return [each for each in found if each.lines]


def _grown(path: Path, rows: Sequence[Row]) -> Grown:
    table = path.stem
    columns = list(headers()[table].columns)
    before = path.read_bytes() if path.is_file() else (",".join(columns) + "\n").encode()
    try:
        lines = before.decode("utf-8").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise RefusedError([f"{path} is not UTF-8: save it as UTF-8"]) from error
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += end
    cells = [_cells(line, path, number) for number, line in enumerate(lines, 1)]
    names = [FORMER_NAMES.get(name, name) for name in cells[0]] if cells else []
    quoting = csv.QUOTE_ALL if lines and lines[0].lstrip("\ufeff").startswith('"') else None
    new: list[int] = []
    for row in rows:
        told = _in_columns(row, names, path)
        if told in cells:
            continue
        place = _place(table, names, cells, told)
        lines.insert(place, _line(told, end, quoting))
        cells.insert(place, told)
        new = [*(each + (each >= place) for each in new), place]
    after = "".join(lines).encode()
    return Grown(path, before, after, {place + 1: lines[place].strip() for place in sorted(new)})


def _cells(line: str, path: Path, number: int) -> list[str]:
    try:
        rows = list(csv.reader([line.removeprefix("\ufeff")], strict=True))
    except csv.Error as error:
        raise RefusedError([f"{path}:{number}: is no row of a table ({error})"]) from error
    return rows[0] if rows else []


def _in_columns(row: Row, names: Sequence[str], path: Path) -> list[str]:
    """The cells of a row in the order of the file."""
    lost = [name for name, cell in row.items() if cell and name not in names]
    if lost:
        raise RefusedError([f"{path} lacks the column {lost[0]}: add it to the header"])
    return [row.get(name, "") for name in names]


def _place(table: str, names: Sequence[str], cells: Sequence[list[str]], new: list[str]) -> int:
    """After the last of its kind, else before the first that comes after it, else at the end."""
    by = BESIDE.get(table) or headers()[table].key[:1]
    at = [names.index(name) for name in by]
    own = [new[place] for place in at]
    keys = [[row[place] for place in at] if len(row) == len(names) else [] for row in cells]
    same = [place for place, key in enumerate(keys) if key == own]
    if same:
        return same[-1] + 1
    later = [place for place, key in enumerate(keys) if place and key > own]
    return later[0] if later else len(cells)


def _line(cells: Sequence[str], end: str, quoting: int | None) -> str:
    text = io.StringIO(newline="")
    style = csv.QUOTE_MINIMAL if quoting is None else quoting
    csv.writer(text, lineterminator=end, quoting=style).writerow(cells)  # type: ignore[arg-type]
    return text.getvalue()


def findings(files: Sequence[Grown], folders: Sequence[Path], today: date) -> list[Finding]:
    """What the check says of the facts with the new rows that it does not say without them.

    Args:
        files: what grows; all in the last of the folders.
        folders: the layers of facts.
        today: no page can have been read after it.
    """
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        own = {each.path.name for each in files}
        for path in folders[-1].iterdir():
            if path.name not in own and path.is_file():
                (copy / path.name).symlink_to(path.resolve())
        for each in files:
            (copy / each.path.name).write_bytes(each.after)
        after = _checked([*folders[:-1], copy], today)
    new = {(each.path.name, line) for each in files for line in each.lines}
    own_lines = [one for one in after if (one.file, one.line) in new and one.layer == len(folders)]
    rest = [one for one in after if one not in own_lines]
    known = {_said(one) for one in _checked(folders, today)} if rest else set()
    return [*own_lines, *(one for one in rest if _said(one) not in known)]


def _checked(folders: Sequence[Path], today: date) -> tuple[Finding, ...]:
    return steps.check(steps.read(folders), today).findings


def _said(found: Finding) -> tuple[str, ...]:
    """A finding without its line, which a new row above moves."""
    return found.file, found.column, found.rule, found.value, found.row, str(found.layer)


def require_sound(files: Sequence[Grown], folders: Sequence[Path], today: date) -> None:
    """Raise RefusedError where the new rows bring errors."""
    if bad := [one for one in findings(files, folders, today) if is_error(one)]:
        raise RefusedError([line(relocated(one, folders)) for one in bad])


def is_error(found: Finding) -> bool:
    """Whether a finding stands in the way."""
    return found.severity is not FindingSeverity.WARNING


def write(files: Sequence[Grown]) -> None:
    """Put all files in place, or none.

    Raises RefusedError where one was changed since it was read, or cannot be written.
    """
    for each in files:
        now = each.path.read_bytes() if each.path.is_file() else None
        if now is not None and now != each.before:
            raise RefusedError([f"{each.path} was changed meanwhile: run it again"])
    try:
        write_together({each.path: each.after for each in files})
    except OSError as error:
        raise RefusedError([f"{error.filename} cannot be written: {error.strerror}"]) from error
