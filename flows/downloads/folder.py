"""The folder of downloads: accepted files with digest and date, and incoming ones.

    <name>/incoming/              fetched and not accepted yet; interrupted files are continued here
    <name>/<date>-<12 digits>/    accepted on that day: the files, and about.json
    <name>/accepted               the name of the folder accepted last

A download is compared with the one accepted last. A refused download stays in `incoming`: it is not
fetched again when it is confirmed, and the next one is not compared with it.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from audience_impact.registers.denominators.publisher_files import (
    Difference,
    ShapeError,
    compare_downloads,
    updated_on,
)
from audience_impact.store.files import as_json, write_whole
from flows.downloads.fetching import (
    CachedFile,
    RetryPolicy,
    SourceError,
    UnusableError,
    compute_digest,
    fetch_file,
    open_client,
    sidecar_path,
)
from flows.downloads.names import Name
from flows.downloads.publishers import Publisher
from flows.pipeline.steps import RefusedError

INCOMING, ABOUT, ACCEPTED = "incoming", "about.json", "accepted"
MOST_PAGES = 1000


@dataclass(frozen=True)
class Download:
    """All files of a publisher as downloaded on a day."""

    name: Name
    folder: Path
    accessed_on: date
    files: tuple[CachedFile, ...]

    @property
    def file_paths(self) -> list[Path]:
        """Return the paths of the files."""
        return [self.folder / cached.file for cached in self.files]

    @property
    def sha256(self) -> str:
        """Return the digest of all names and digests: the same bytes are the same download."""
        lines = "\n".join(f"{cached.file} {cached.sha256}" for cached in self.files)
        return hashlib.sha256(lines.encode()).hexdigest()

    @property
    def is_incoming(self) -> bool:
        """Return whether the download is not accepted yet."""
        return self.folder.name == INCOMING

    def source_row(self, publisher: Publisher) -> dict[str, str]:
        """Return the row of sources.csv to which its figures refer."""
        paged = publisher.pages is not None
        day = updated_on(self.file_paths[0].read_bytes()) if paged else ""
        dates = {"published_on": day, "accessed_on": self.accessed_on.isoformat()}
        return {"url": self.files[0].address, **publisher.source, **dates}


def read_accepted(root: Path, name: Name) -> Download | None:
    """Return the last accepted download, or None.

    Raises RefusedError where files of the folder are missing or changed.
    """
    pointer = root / name / ACCEPTED
    if not pointer.is_file():
        return None
    folder = root / name / pointer.read_text(encoding="utf-8").strip()
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        files = tuple(CachedFile(**cached) for cached in about["files"])
        download = Download(name, folder, date.fromisoformat(about["accessed_on"]), files)
        is_intact = all(compute_digest(folder / cached.file) == cached.sha256 for cached in files)
    except (OSError, ValueError, TypeError, KeyError):
        is_intact = False
    if not is_intact:
        message = f"{folder} is damaged: remove {pointer} to fetch {name} as if for the first time"
        raise RefusedError([message])
    return download


def fetch_download(
    root: Path, publisher: Publisher, address: str, policy: RetryPolicy, today: date
) -> Download:
    """Fetch the files of a publisher; return the last accepted download if the files are equal.

    Raises SourceError where a file cannot be used.
    """
    before = read_accepted(root, publisher.name)
    incoming = root / publisher.name / INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    files: list[CachedFile] = []
    count = 1
    with open_client(policy) as http:
        while len(files) < count:
            url, file = publisher.page_address(address, len(files) + 1)
            earlier = _find_earlier(incoming / file, before)
            try:
                files.append(fetch_file(http, url, incoming / file, earlier, policy))
            except UnusableError as error:
                raise SourceError(publisher.name, url, str(error)) from error
            if publisher.pages and len(files) == 1:
                count = _count_pages(publisher, address, incoming / file)
    download = Download(publisher.name, incoming, today, tuple(files))
    if before and before.sha256 == download.sha256:
        _remove_fetched(incoming)
        return before
    return download


def _find_earlier(target: Path, before: Download | None) -> Path | None:
    """Return the earlier file that the server may confirm: of an earlier run, else the accepted."""
    if target.is_file():
        return target
    old = before.folder / target.name if before else None
    return old if old and old.is_file() else None


def _count_pages(publisher: Publisher, address: str, first: Path) -> int:
    assert publisher.pages is not None
    try:
        count = publisher.pages(first.read_bytes())
        if not 1 <= count <= MOST_PAGES:
            raise ShapeError(f"reports {count} pages, not 1 to {MOST_PAGES}")
    except ShapeError as error:
        _remove_fetched(first.parent)
        raise SourceError(publisher.name, address, str(error)) from error
    return count


def read_rows(publisher: Publisher, download: Download) -> pd.DataFrame:
    """Return the rows of a download.

    Raises SourceError where the files have an unexpected form, and removes them if not accepted.
    """
    try:
        return publisher.read_table(download.file_paths)
    except ShapeError as error:
        if download.is_incoming:
            _remove_fetched(download.folder)
        raise SourceError(publisher.name, download.files[0].address, str(error)) from error


def compare_with_accepted(root: Path, publisher: Publisher, now: Download) -> Difference | None:
    """Return the difference from the last accepted download; None for the first."""
    rows = read_rows(publisher, now)
    before = read_accepted(root, publisher.name)
    return compare_downloads(read_rows(publisher, before), rows, publisher.key) if before else None


def accept_download(root: Path, publisher: Publisher, download: Download) -> Download:
    """Move an incoming download to its folder and mark it as the last accepted one."""
    if not download.is_incoming:
        return download
    place = root / publisher.name / f"{download.accessed_on}-{download.sha256[:12]}"
    _write_about(publisher, download)
    _remove_rest(download)
    place.mkdir(exist_ok=True)
    for path in sorted(download.folder.iterdir()):  # the same bytes, or what was damaged of them
        path.replace(place / path.name)
    download.folder.rmdir()
    write_whole(root / publisher.name / ACCEPTED, f"{place.name}\n".encode())
    return Download(publisher.name, place, download.accessed_on, download.files)


def _write_about(publisher: Publisher, download: Download) -> None:
    about = {
        "accessed_on": download.accessed_on.isoformat(),
        "sha256": download.sha256,
        "files": [asdict(cached) for cached in download.files],
        "source": download.source_row(publisher),
    }
    write_whole(download.folder / ABOUT, as_json(about))


def _remove_rest(download: Download) -> None:
    """Remove files of earlier runs: partial files, and pages that no longer exist."""
    keep = {download.folder / ABOUT, *download.file_paths, *map(sidecar_path, download.file_paths)}
    for path in _list_fetched(download.folder) - keep:
        path.unlink()


def _list_fetched(folder: Path) -> set[Path]:
    """Return the fetched files of a folder and the records next to them."""
    there = {path for path in folder.iterdir() if path.is_file()}
    fetched = {path for path in there if sidecar_path(path) in there}
    return {*fetched, *map(sidecar_path, fetched), *({folder / ABOUT} & there)}


def _remove_fetched(folder: Path) -> None:
    """Remove the fetched files of a folder, and the folder if it is empty then."""
    for path in _list_fetched(folder):
        path.unlink()
    with suppress(OSError):
        folder.rmdir()
