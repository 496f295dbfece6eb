"""The one writer of layers: whole or not at all, and never over somebody's work.

A command (`refresh`, `import stop`) owns the folder it writes to. It leaves its mark there, a JSON
with the digest of each file that it wrote. What is not as the mark says was edited by hand: it is
named and nothing is written, unless the command was told to overwrite, which keeps a copy first.

Below the folder of a layer:

    <table>.csv            the fact tables, each held against its contract before it is written
    refresh.json           the mark; `import stop` writes import.json
    replaced/              copies of what was edited by hand and then overwritten
    .lock                  held while writing; the system frees it when its holder dies
    .tmp-layer/            being written: all files, before the first of them takes its place
    .unfinished            there while files take their places; a layer that has it is not read

All files are written aside and flushed first, so that a full disk or a kill leaves the old layer.
Then each is renamed into place. Who dies between two renames leaves `.unfinished`, which every
reader refuses, and a mark with the digests before and after, by which the next write knows the
files as its own.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pandas as pd
from filelock import FileLock, Timeout

from audience_impact.facts.reading import UNFINISHED
from audience_impact.facts.tables import Tables
from audience_impact.rules import named
from audience_impact.store.files import as_json, flush, write_below, write_whole
from audience_impact.vocabulary import FindingSeverity
from flows import CHECKOUT
from flows.pipeline.headers import headers
from flows.pipeline.steps import RefusedError
from schemas import contracts
from schemas import facts as fact_models

HAND_MADE = CHECKOUT / "data" / "facts"
REFRESH_MARK, IMPORT_MARK = MARKS = ("refresh.json", "import.json")
REPLACED, _ASIDE, _LOCK = "replaced", ".tmp-layer", ".lock"

Files = Mapping[str, bytes]
"""What is written, by path below the folder."""
NOTHING: Files = MappingProxyType({})


@dataclass(frozen=True)
class Owner:
    """A command that writes layers: its name in messages, its mark, its way to overwrite if any."""

    command: str
    mark: str
    option: str = ""


@dataclass(frozen=True)
class Layer:
    """What is to be written: fact tables as text, and files beside them by path."""

    tables: Tables
    beside: Files = field(default_factory=lambda: NOTHING)  # Python 3.11 takes it for mutable


@dataclass(frozen=True)
class Written:
    """What a write did: whether anything is new, and copies of what was edited and overwritten."""

    created: bool
    replaced: tuple[Path, ...] = ()


def render(layer: Layer) -> Files:
    """The files of a layer, each table held against its contract; same rows, same bytes.

    Raises RefusedError with a line for each failure: table, key, column, rule, what to do, value.
    """
    contracts.require_validation()
    tables, lines = {}, []
    for table, rows in layer.tables.items():
        names = list(headers()[table].columns)
        told = rows.reindex(columns=names, fill_value="").astype("str").reset_index(drop=True)
        lines += _failures(table, told)
        tables[f"{table}.csv"] = told.to_csv(index=False, lineterminator="\n").encode()
    if lines:
        raise RefusedError(lines)
    return {**tables, **layer.beside}


def _failures(table: str, told: pd.DataFrame) -> list[str]:
    """What is wrong with the rows, a line each; warnings are for those who read the layer."""
    key = list(headers()[table].key)
    lines = [
        f"{table}.csv: {told.loc[case.position, key].str.cat(sep=' ')}: {case.column}: "
        f"{case.rule}: {contracts.message(table, case.column, case.rule, cell)} ({cell!r})"
        for case in contracts.failures(table, told).itertuples()
        for cell in [told.at[case.position, case.column]]
        if named(case.rule).severity is not FindingSeverity.WARNING
    ]
    repeats = told.loc[told.duplicated(key), key]
    return lines + [f"{table}.csv: {' '.join(row)} stands there twice" for row in repeats.values]


def require_own(into: Path, facts: Sequence[Path], owner: Owner, files: Files = NOTHING) -> None:
    """Refuse a folder that holds facts which the command did not write, or not so.

    Args:
        into: the folder to write to.
        facts: folders of facts that are not to be written over.
        owner: the command that writes.
        files: what it would write; what is so already is nobody else's work.

    Raises RefusedError with a line for each file.
    """
    _require_place(into, facts)
    choice = f"; {owner.option} keeps a copy in {into / REPLACED} and writes anew"
    advice = "move it away or give a folder of its own" + choice * bool(owner.option)
    lines = [
        f"{into / name} was not written by {owner.command}, or was changed since: {advice}"
        for name in _edited(into, owner, files)
    ]
    if lines:
        raise RefusedError(lines)


def write(
    files: Files, into: Path, facts: Sequence[Path], owner: Owner, overwrite: bool = False
) -> Written:
    """Write the files of a layer; where all is so already, nothing is touched.

    Args:
        files: the layer as `render` gives it.
        into: the folder; it is made where it is missing.
        facts: folders of facts that are not to be written over.
        owner: the command that writes.
        overwrite: write over what was edited by hand, and keep a copy of that.

    Raises RefusedError where the folder holds somebody's work or cannot be written.
    """

    def judge() -> None:
        if overwrite:
            _require_place(into, facts)
        else:
            require_own(into, facts, owner, files)

    judge()
    try:
        with _only_writer(into):
            judge()
            return _write(files, into, owner)
    except OSError as error:
        raise RefusedError([f"{into} cannot be written: {error}"]) from error


def _write(files: Files, into: Path, owner: Owner) -> Written:
    edited = [into / name for name in _edited(into, owner, files) if name in files]
    before, now = _told(into, owner), _digests(files)
    if not edited and before == now and _is_whole(into, now):
        return Written(False)
    both = {name: sorted({*before.get(name, []), *now.get(name, [])}) for name in {*before, *now}}
    with _aside(into, files) as aside:
        kept = tuple(_keep(path, into) for path in edited)
        write_whole(into / owner.mark, as_json({"files": both}))
        write_whole(into / UNFINISHED, f"{owner.command}\n".encode())
        flush(into)
        _put_in_place(aside, into, files)
    write_whole(into / owner.mark, as_json({"files": now}))
    (into / UNFINISHED).unlink()
    flush(into)
    return Written(True, kept)


def _digests(files: Files) -> dict[str, list[str]]:
    return {name: [_sha256(content)] for name, content in files.items()}


@contextmanager
def _only_writer(into: Path) -> Iterator[None]:
    into.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(into / _LOCK, timeout=0):
            yield
    except Timeout as error:
        raise RefusedError([f"another command is writing {into}: wait for it"]) from error


@contextmanager
def _aside(into: Path, files: Files) -> Iterator[Path]:
    """All files, written and flushed where no reader looks; under the lock nobody else is there."""
    aside = into / _ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    try:
        write_below(aside, files)
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put_in_place(aside: Path, into: Path, files: Files) -> None:
    for name in files:
        (into / name).parent.mkdir(exist_ok=True)
        (aside / name).replace(into / name)
    for folder in {(into / name).parent for name in files}:
        flush(folder)


def _keep(path: Path, into: Path) -> Path:
    """A copy of an edited file, named after its bytes: no copy is ever written over."""
    content = path.read_bytes()
    copy = into / REPLACED / f"{path.stem}-{_sha256(content)[:12]}{path.suffix}"
    copy.parent.mkdir(exist_ok=True)
    write_whole(copy, content)
    flush(copy.parent)
    return copy


def _require_place(into: Path, facts: Sequence[Path]) -> None:
    """Refuse folders of facts as such, and what is no folder."""
    place = into.resolve()
    for folder in (HAND_MADE, *facts):
        if place == folder.resolve() or folder.resolve() in place.parents:
            raise RefusedError([f"{into} is a folder of hand-made facts: give a folder of its own"])
    if os.path.lexists(into) and not into.is_dir():
        raise RefusedError([f"{into} is no folder"])


def _edited(into: Path, owner: Owner, files: Files) -> list[str]:
    """Files that are neither as the command left them nor as it would write them now."""
    known, now = _told(into, owner), _digests(files)
    tables = {f"{table}.csv" for table in fact_models.MODELS}
    found = {name: _digest(into, name) for name in sorted({*tables, *known, *now})}
    return [
        name
        for name, digest in found.items()
        if digest and digest not in (*known.get(name, ()), *now.get(name, ()))
    ]


def _is_whole(into: Path, now: Mapping[str, list[str]]) -> bool:
    """Whether each file is there as it would be written, and nobody died while writing."""
    whole = all(_digest(into, name) in digests for name, digests in now.items())
    return whole and not (into / UNFINISHED).exists()


def _told(into: Path, owner: Owner) -> dict[str, list[str]]:
    """What the mark says: digests of each file, several where somebody died while writing."""
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


def _digest(into: Path, name: str) -> str:
    """SHA-256 of a file of the layer; blank where there is none."""
    _require_file(into, name)
    try:
        return _sha256((into / name).read_bytes())
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise RefusedError([f"{into / name} cannot be read ({error}): move it away"]) from error


def _require_file(into: Path, name: str) -> None:
    """Refuse a link, through which somebody else's file would be read or replaced, and a device.

    Raises RefusedError naming it.
    """
    path = into / name
    for part in (path, *path.parents[: len(Path(name).parts) - 1], into / REPLACED):
        if part.is_symlink():
            raise RefusedError([f"{part} is a link: move it away, or put the file itself there"])
    if path.exists() and not path.is_file():
        raise RefusedError([f"{path} is no plain file: move it away"])


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
