"""Write folders of facts (layers) atomically, and never over edits by hand.

A command (`refresh`, `import stop`) owns the folder it writes to. It writes a mark there, a JSON
file with the digest of each file that it wrote. A file whose digest differs was edited by hand: it
is reported and nothing is written, unless the command may overwrite it after saving a copy.

Below the folder of a layer:

    <table>.csv            the fact tables, each validated against its contract before it is written
    refresh.json           the mark; `import stop` writes import.json
    replaced/              copies of what was edited by hand and then overwritten
    .lock                  held while writing; the system frees it when its holder dies
    .tmp-layer/            being written: all files, before the first of them takes its place
    .unfinished            there while files take their places; a layer that has it is not read

All files are first written under temporary names and flushed, so that the old layer remains if the
disk is full or the process is killed. Then each is renamed. A process that dies between two renames
leaves `.unfinished`, which every reader refuses, and a mark with the digests before and after.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from audience_impact.facts.reading import UNFINISHED
from audience_impact.facts.tables import Tables
from audience_impact.rules import get_rule
from audience_impact.store import files as disk
from audience_impact.vocabulary import FindingSeverity
from flows import FACTS
from flows.pipeline.steps import RefusedError, build_headers
from schemas import contracts
from schemas import facts as fact_models

REFRESH_MARK, IMPORT_MARK = MARKS = ("refresh.json", "import.json")
REPLACED, _ASIDE = "replaced", ".tmp-layer"

Files = Mapping[str, bytes]
"""The bytes of files, by path below the folder."""
_NONE: Files = {}


@dataclass(frozen=True)
class Owner:
    """A command that writes layers: name in messages, mark file, and option to overwrite."""

    command: str
    mark: str
    option: str = ""


@dataclass(frozen=True)
class WriteResult:
    """The result of a write: `created` if any file is new, and the copies of overwritten files."""

    created: bool
    replaced: tuple[Path, ...] = ()


def render_tables(tables: Tables) -> Files:
    """Return the files of fact tables; raise RefusedError with a line for each broken rule."""
    files, lines = dict[str, bytes](), list[str]()
    for table, rows in tables.items():
        header = build_headers()[table]
        cells = rows.reindex(columns=header.columns, fill_value="").astype("str")
        cells, key = cells.reset_index(drop=True), list(header.key)
        for case in contracts.check_fact_table(table, cells):
            if get_rule(case.rule).severity is not FindingSeverity.WARNING:
                cell = cells.at[case.position, case.column]
                about = contracts.explain_failure(table, case.column, case.rule, cell)
                place = f"{table}.csv: {cells.loc[case.position, key].str.cat(sep=' ')}"
                lines.append(f"{place}: {case.column}: {case.rule}: {about} ({cell!r})")
        repeats = cells.loc[cells.duplicated(key), key].values
        lines += [f"{table}.csv: {' '.join(row)} occurs there twice" for row in repeats]
        files[f"{table}.csv"] = cells.to_csv(index=False, lineterminator="\n").encode()
    if lines:
        raise RefusedError(lines)
    return files


def require_own(into: Path, facts: Sequence[Path], owner: Owner, files: Files = _NONE) -> None:
    """Refuse folders of facts by hand, and files that the command wrote neither last nor now."""
    _require_place(into, facts)
    choice = f"; {owner.option} keeps a copy in {into / REPLACED} and writes anew"
    advice = "move it away or give a folder of its own" + choice * bool(owner.option)
    lines = [
        f"{into / name} was not written by {owner.command}, or was changed since: {advice}"
        for name in _list_edited(into, owner, files)
    ]
    if lines:
        raise RefusedError(lines)


def write_layer(
    files: Files, into: Path, facts: Sequence[Path], owner: Owner, overwrite: bool = False
) -> WriteResult:
    """Write the files of a layer; if the folder has the same files already, change nothing.

    `facts` are folders that must not be overwritten. Without `overwrite`, edited files are refused;
    with it, they are replaced, and a copy of each is saved.
    """
    _require_place(into, facts)
    try:
        into.mkdir(parents=True, exist_ok=True)
        with disk.lock_folder(into, 0):
            if not overwrite:
                require_own(into, facts, owner, files)
            return _replace_files(files, into, owner)
    except Timeout as error:
        raise RefusedError([f"another command is writing {into}: wait for it"]) from error
    except OSError as error:
        raise RefusedError([f"{into} cannot be written: {disk.explain_error(error)}"]) from error


def _replace_files(files: Files, into: Path, owner: Owner) -> WriteResult:
    edited = [into / name for name in _list_edited(into, owner, files) if name in files]
    before, now = _read_mark(into, owner), _digest_files(files)
    is_complete = all(_digest_file(into, name) in digests for name, digests in now.items())
    if not edited and before == now and is_complete and not (into / UNFINISHED).exists():
        return WriteResult(False)
    both = {name: sorted({*before.get(name, []), *now.get(name, [])}) for name in {*before, *now}}
    aside = into / _ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    try:
        disk.write_below(aside, files)
        copies = tuple(_copy_edited(path, into / REPLACED) for path in edited)
        disk.write_whole(into / owner.mark, disk.as_json({"files": both}))
        disk.write_whole(into / UNFINISHED, f"{owner.command}\n".encode())
        disk.flush_to_disk(into)
        for name in files:
            (into / name).parent.mkdir(exist_ok=True)
            (aside / name).replace(into / name)
        for folder in {(into / name).parent for name in files}:
            disk.flush_to_disk(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    disk.write_whole(into / owner.mark, disk.as_json({"files": now}))
    (into / UNFINISHED).unlink()
    disk.flush_to_disk(into)
    return WriteResult(True, copies)


def _digest_files(files: Files) -> dict[str, list[str]]:
    return {name: [disk.hash_bytes(content)] for name, content in files.items()}


def _copy_edited(path: Path, into: Path) -> Path:
    """Copy an edited file to a name with the digest of its bytes, without overwriting a copy."""
    content = path.read_bytes()
    into.mkdir(exist_ok=True)
    copy = into / f"{path.stem}-{disk.hash_bytes(content)[:12]}{path.suffix}"
    disk.write_whole(copy, content)
    return copy


def _require_place(into: Path, facts: Sequence[Path]) -> None:
    place = into.resolve()
    for folder in (FACTS, *facts):
        if place == folder.resolve() or folder.resolve() in place.parents:
            raise RefusedError([f"{into} is a folder of hand-made facts: give a folder of its own"])
    if os.path.lexists(into) and not into.is_dir():
        raise RefusedError([f"{into} is no folder: give a folder"])


def _list_edited(into: Path, owner: Owner, files: Files) -> list[str]:
    recorded, now = _read_mark(into, owner), _digest_files(files)
    tables = {f"{table}.csv" for table in fact_models.TABLES}
    ours = {name: {"", *recorded.get(name, ()), *now.get(name, ())} for name in {*recorded, *now}}
    names = sorted({*tables, *ours})
    return [name for name in names if _digest_file(into, name) not in ours.get(name, {""})]


def _read_mark(into: Path, owner: Owner) -> dict[str, list[str]]:
    """Return the digests of each file in the mark file; several after an interrupted write."""
    _require_file(into, owner.mark)
    try:
        return {
            str(name): [str(digest) for digest in digests]
            for name, digests in json.loads((into / owner.mark).read_bytes())["files"].items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        mark = into / owner.mark
        raise RefusedError([f"{mark} cannot be read ({error}): move {into} away"]) from error


def _digest_file(into: Path, name: str) -> str:
    _require_file(into, name)
    try:
        return disk.hash_bytes((into / name).read_bytes())
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise RefusedError([f"{into / name} cannot be read ({error}): move it away"]) from error


def _require_file(into: Path, name: str) -> None:
    """Refuse a link, a pipe or a device, through which another file would be accessed."""
    path = into / name
    for part in (path, *path.parents[: len(Path(name).parts) - 1], into / REPLACED):
        if part.is_symlink():
            raise RefusedError([f"{part} is a link: move it away, or put the file itself there"])
    if path.exists() and not path.is_file():
        raise RefusedError([f"{path} is no plain file: move it away"])
