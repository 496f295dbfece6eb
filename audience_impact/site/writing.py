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
from audience_impact.store.files import as_json, flush
from audience_impact.store.manifest import MANIFEST, sha256
from audience_impact.store.versions import VERSIONS, is_id

MARK = "report.json"
REPORTS, REPORT = "reports", "report"
LOCK_SECONDS = 600.0
_ASIDE = re.compile(rf"\.tmp-(old-)?{VERSION_ID.pattern}-\d+")


def place(root: Path, version: str) -> Path:
    """Where the report of a version lies, below the root of what is published."""
    return root / REPORTS / version


def publish(root: Path, version: str, files: Iterable[File]) -> bool:
    """Write the report of a version beside the versions and let `report` lead to it.

    Reports of versions that are gone go too. Raises PublishError where it cannot be written.
    """
    store = storage.at(root)
    with store.lock(LOCK_SECONDS):
        store.prepare(REPORT)
        _remove_left(root / REPORTS)
        changed = write(place(root, version), version, files)
        store.swap(REPORT, f"{REPORTS}/{version}")
        _remove_orphans(root)
    return changed


def _remove_left(reports: Path) -> None:
    """Remove what dead writers left; under the lock, nothing of a live one can be there."""
    for left in reports.glob(".tmp-*"):
        if _ASIDE.fullmatch(left.name) and left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)


def _remove_orphans(root: Path) -> None:
    """Remove reports whose version was removed: their numbers cannot be looked up any more.

    One that somebody copied under another name, or put files into, is theirs.
    """
    for report in (root / REPORTS).iterdir():
        is_orphan = is_id(report.name) and not (root / VERSIONS / report.name / MANIFEST).is_file()
        if is_orphan and (report / MARK).is_file() and not _foreign(report):
            shutil.rmtree(report)


def write(folder: Path, version: str, files: Iterable[File]) -> bool:
    """Write a report; tells whether anything changed.

    Raises PublishError where the folder holds something else, or cannot be written.
    """
    folder = folder.resolve()
    try:
        _require_ours(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _aside(folder) as aside:
            mark = _fill(aside, version, files)
            if _mark_of(folder) == mark and _is_whole(folder, mark):
                return False
            _put_in_place(aside, folder)
    except OSError as error:
        raise PublishError(f"cannot write the report into {folder}: {error}") from error
    return True


def _require_ours(folder: Path) -> None:
    """Refuse a folder that holds anything but a report."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise PublishError(f"{folder} is no folder: give one, or none for the usual place")
    if foreign := _foreign(folder):
        raise PublishError(
            f"{folder} holds {foreign[0]}, which is no part of a report: give an empty folder"
        )


def _foreign(folder: Path) -> list[str]:
    """What a folder holds that is no file of the report whose mark lies there."""
    there = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    names = {path.relative_to(folder).as_posix() for path in there}
    return sorted(names - {MARK, *_named(folder)})


def _named(folder: Path) -> set[str]:
    """The files that the mark of a folder names; none where there is no mark."""
    try:
        return set(json.loads(_mark_of(folder) or b"{}")["files"])
    except (ValueError, KeyError, TypeError):
        return set()


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder beside the one wanted, gone afterwards whatever happens."""
    aside = folder.with_name(f".tmp-{folder.name}-{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fill(aside: Path, version: str, files: Iterable[File]) -> bytes:
    """Write every file and the mark that names them; what the mark says."""
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
        digests[file.path] = sha256(file.content)
    mark = as_json({"version_id": version, "files": digests})
    (aside / MARK).write_bytes(mark)
    for made in (*folders, aside / MARK):
        flush(made)
    return mark


def _mark_of(folder: Path) -> bytes | None:
    """What a report says of itself; None where there is none."""
    try:
        return (folder / MARK).read_bytes()
    except OSError:
        return None


def _is_whole(folder: Path, mark: bytes) -> bool:
    """Tell whether every file is what the mark says."""
    digests = json.loads(mark)["files"]
    return all(
        (folder / path).is_file() and sha256((folder / path).read_bytes()) == digest
        for path, digest in digests.items()
    )


def _put_in_place(aside: Path, folder: Path) -> None:
    """Rename the new report into its place, and remove the old one."""
    old = folder.with_name(f".tmp-old-{folder.name}-{os.getpid()}")
    there = folder.exists()
    if there:
        folder.rename(old)
    aside.rename(folder)
    flush(folder.parent)
    if there:
        shutil.rmtree(old)
