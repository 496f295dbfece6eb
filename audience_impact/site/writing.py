"""A report on the disk: written aside, flushed and renamed, so that a reader finds it whole.

Below the root of what is published:

    reports/<version id>/   the report of a version; its `report.json` names its files
    report                  leads to reports/<id> of the version reported last

A report made anew with the same bytes is left alone. One with other bytes (another release of the
pages) takes the place of the old one by two renames.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from audience_impact.site.world import File
from audience_impact.store import VERSION_ID, PublishError, storage
from audience_impact.store.files import as_json, flush_to_disk
from audience_impact.store.manifest import MANIFEST, hash_bytes
from audience_impact.store.versions import VERSIONS, is_id

MARK = "report.json"
REPORTS, REPORT = "reports", "report"
LOCK_SECONDS = 600.0
_ASIDE = re.compile(rf"\.tmp-(old-)?{VERSION_ID.pattern}-\d+")


def locate_report(root: Path, version: str) -> Path:
    """Return the folder of the report of a version, below the root of what is published."""
    return root / REPORTS / version


def publish_report(root: Path, version: str, files: Iterable[File]) -> bool:
    """Write the report of a version beside the versions and let `report` lead to it.

    Reports of versions that are gone go too. Raises PublishError where it cannot be written.
    """
    store = storage.select_storage(root)
    with store.hold_lock(LOCK_SECONDS):
        store.remove_leftovers(REPORT)
        _remove_leftovers(root / REPORTS)
        changed = write_report(locate_report(root, version), version, files)
        store.move_pointer(REPORT, f"{REPORTS}/{version}")
        _remove_orphans(root)
    return changed


def _remove_leftovers(reports: Path) -> None:
    """Remove files of interrupted writers; the lock excludes running ones."""
    for leftover in reports.glob(".tmp-*"):
        if _ASIDE.fullmatch(leftover.name) and leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)


def _remove_orphans(root: Path) -> None:
    """Remove reports of removed versions: their numbers cannot be looked up any more.

    One that somebody copied under another name, or put files into, is theirs.
    """
    for report in (root / REPORTS).iterdir():
        is_orphan = is_id(report.name) and not (root / VERSIONS / report.name / MANIFEST).is_file()
        if is_orphan and (report / MARK).is_file() and not _list_foreign_files(report):
            shutil.rmtree(report)


def write_report(folder: Path, version: str, files: Iterable[File]) -> bool:
    """Write a report; return whether anything changed.

    Raise PublishError where the folder has other files, or cannot be written.
    """
    folder = folder.resolve()
    try:
        _require_report_folder(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _make_aside_folder(folder) as aside:
            mark = _write_files(aside, version, files)
            if _read_mark(folder) == mark and _is_intact(folder, mark):
                return False
            _put_in_place(aside, folder)
    except OSError as error:
        raise PublishError(f"cannot write the report into {folder}: {error}") from error
    return True


def _require_report_folder(folder: Path) -> None:
    """Raise PublishError where a folder contains anything but a report."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise PublishError(f"{folder} is no folder: give one, or none for the usual place")
    if foreign := _list_foreign_files(folder):
        raise PublishError(
            f"{folder} holds {foreign[0]}, which is no part of a report: give an empty folder"
        )


def _list_foreign_files(folder: Path) -> list[str]:
    """Return the paths in a folder that its mark does not name."""
    there = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    names = {path.relative_to(folder).as_posix() for path in there}
    return sorted(names - {MARK, *_read_named_files(folder)})


def _read_named_files(folder: Path) -> set[str]:
    """Return the files that the mark of a folder names; none without a mark."""
    try:
        return set(json.loads(_read_mark(folder) or b"{}")["files"])
    except (ValueError, KeyError, TypeError):
        return set()


@contextmanager
def _make_aside_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside `folder`, and remove it afterwards."""
    aside = folder.with_name(f".tmp-{folder.name}-{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write_files(aside: Path, version: str, files: Iterable[File]) -> bytes:
    """Write every file and the mark that names them; return the mark."""
    digests: dict[str, str] = {}
    folders, names = {aside}, {MARK}
    for file in files:
        where = aside / file.path
        if file.path.casefold() in names:  # small and capital letters are one on some disks
            raise PublishError(f"two pages want to be {file.path}")
        names.add(file.path.casefold())
        if where.parent not in folders:
            where.parent.mkdir(parents=True, exist_ok=True)
            folders.add(where.parent)
        where.write_bytes(file.content)
        digests[file.path] = hash_bytes(file.content)
    mark = as_json({"version_id": version, "files": digests})
    (aside / MARK).write_bytes(mark)
    for made in (*folders, aside / MARK):
        flush_to_disk(made)
    return mark


def _read_mark(folder: Path) -> bytes | None:
    """Return the mark of a report; None where there is none."""
    try:
        return (folder / MARK).read_bytes()
    except OSError:
        return None


def _is_intact(folder: Path, mark: bytes) -> bool:
    """Return whether every file has the digest in the mark."""
    digests = json.loads(mark)["files"]
    return all(
        (folder / path).is_file() and hash_bytes((folder / path).read_bytes()) == digest
        for path, digest in digests.items()
    )


def _put_in_place(aside: Path, folder: Path) -> None:
    """Rename the new report into its place, and remove the old one."""
    old = folder.with_name(f".tmp-old-{folder.name}-{os.getpid()}")
    there = folder.exists()
    if there:
        folder.rename(old)
    aside.rename(folder)
    flush_to_disk(folder.parent)
    if there:
        shutil.rmtree(old)
