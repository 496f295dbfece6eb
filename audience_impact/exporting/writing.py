"""Putting an export in its place: written aside, flushed and renamed, nothing foreign touched."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from audience_impact.exporting import ExportError
from audience_impact.store.files import flush_to_disk, write_below


def put_file(path: Path, write: Callable[[Path], None], overwrite: bool) -> None:
    """Write a file by `write`, if nothing else stands at its path.

    Raise ExportError where something does, or the disk refuses.
    """
    if path.is_dir():
        raise ExportError(f"{path} is a folder: give the name of a file")
    try:
        with _make_aside_path(path) as aside:
            write(aside)
            flush_to_disk(aside)
            if path.exists() and not overwrite and path.read_bytes() != aside.read_bytes():
                raise ExportError(f"{path} is there already: give another name, or --overwrite")
            aside.replace(path)
            flush_to_disk(path.parent)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error}") from error


def put_folder(path: Path, files: Mapping[str, bytes], overwrite: bool) -> None:
    """Write a folder, if it is new, empty or has the same files; else only over an earlier export.

    Raise ExportError where something else stands there, or the disk refuses.
    """
    try:
        _require_free(path, files, overwrite)
        with _make_aside_path(path) as aside, _make_aside_path(path, "old") as old:
            aside.mkdir()
            write_below(aside, files)
            flush_to_disk(aside)
            _put_in_place(aside, path, old)
            flush_to_disk(path.parent)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error}") from error


def _put_in_place(aside: Path, path: Path, old: Path) -> None:
    """Rename a folder to its place; restore the old one where that fails."""
    there = path.exists()
    if there:
        path.rename(old)
    try:
        aside.rename(path)
    except OSError:
        if there:
            old.rename(path)
        raise


def _require_free(path: Path, files: Mapping[str, bytes], overwrite: bool) -> None:
    """Raise ExportError for a file, and for a folder with files that would be lost."""
    if not path.exists():
        return
    if not path.is_dir():
        raise ExportError(f"{path} is a file: give the name of a folder")
    there = {entry.name: entry for entry in path.iterdir()}
    if foreign := sorted(entry.name for entry in there.values() if not _is_file_of(files, entry)):
        raise ExportError(f"{path} holds {foreign[0]}, which no such export writes: give another")
    same = all(entry.read_bytes() == files[name] for name, entry in there.items())
    if not same and not overwrite:
        raise ExportError(f"{path} is there already: give another name, or --overwrite")


def _is_file_of(files: Mapping[str, bytes], path: Path) -> bool:
    return path.name in files and path.is_file() and not path.is_symlink()


@contextmanager
def _make_aside_path(path: Path, word: str = "new") -> Iterator[Path]:
    """Yield a path beside `path`, with its ending (some writers need it); remove it afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".tmp-{word}-{os.getpid()}-{path.name}")
    try:
        yield aside
    finally:
        if aside.is_dir():
            shutil.rmtree(aside)
        else:
            aside.unlink(missing_ok=True)
