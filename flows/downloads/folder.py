"""The folder of downloads: what was accepted, with its digest and date, and what is on its way.

    <name>/incoming/              fetched and not accepted yet; what broke off is continued here
    <name>/<date>-<12 digits>/    accepted on that day: the files, and about.json
    <name>/accepted               the name of the folder accepted last

A download is compared with the one accepted last. One that is refused stays in `incoming`, so that
it is neither fetched again when it is confirmed nor taken for the one before.
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
    compare,
    updated_on,
)
from audience_impact.store.files import as_json, write_whole
from flows.downloads.fetching import (
    CachedFile,
    RetryPolicy,
    SourceError,
    UnusableError,
    client,
    fetch,
    sha256,
    sidecar_path,
)
from flows.downloads.names import Name
from flows.downloads.publishers import Publisher
from flows.pipeline.steps import RefusedError

INCOMING, ABOUT, ACCEPTED = "incoming", "about.json", "accepted"
MOST_PAGES = 1000


@dataclass(frozen=True)
class Download:
    """All the files of one publisher, as they were on a day."""

    name: Name
    folder: Path
    accessed_on: date
    files: tuple[CachedFile, ...]

    @property
    def paths(self) -> list[Path]:
        """Where the files lie."""
        return [self.folder / cached.file for cached in self.files]

    @property
    def sha256(self) -> str:
        """The digest of the digests: the same bytes are the same download."""
        told = "\n".join(f"{cached.file} {cached.sha256}" for cached in self.files)
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def incoming(self) -> bool:
        """Whether it still has to be accepted."""
        return self.folder.name == INCOMING

    def source(self, publisher: Publisher) -> dict[str, str]:
        """The row of sources.csv that its figures point to."""
        paged = publisher.pages is not None
        day = updated_on(self.paths[0].read_bytes()) if paged else ""
        dates = {"published_on": day, "accessed_on": self.accessed_on.isoformat()}
        return {"url": self.files[0].address, **publisher.source, **dates}


def accepted(root: Path, name: Name) -> Download | None:
    """The download accepted last; nothing where there is none.

    Raises RefusedError where the folder no longer holds what was accepted.
    """
    pointer = root / name / ACCEPTED
    if not pointer.is_file():
        return None
    folder = root / name / pointer.read_text(encoding="utf-8").strip()
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        files = tuple(CachedFile(**cached) for cached in about["files"])
        found = Download(name, folder, date.fromisoformat(about["accessed_on"]), files)
        whole = all(sha256(folder / cached.file) == cached.sha256 for cached in files)
    except (OSError, ValueError, TypeError, KeyError):
        whole = False
    if not whole:
        told = f"{folder} is damaged: remove {pointer} to fetch {name} as if for the first time"
        raise RefusedError([told])
    return found


def bring(
    root: Path, publisher: Publisher, address: str, policy: RetryPolicy, today: date
) -> Download:
    """Fetch what a publisher has now; the download accepted last where that is the same.

    Raises SourceError where the publisher gives nothing that can be used.
    """
    before = accepted(root, publisher.name)
    incoming = root / publisher.name / INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    files: list[CachedFile] = []
    count = 1
    with client(policy) as http:
        while len(files) < count:
            url, file = publisher.page(address, len(files) + 1)
            earlier = _earlier(incoming / file, before)
            try:
                files.append(fetch(http, url, incoming / file, earlier, policy))
            except UnusableError as error:
                raise SourceError(publisher.name, url, str(error)) from error
            if publisher.pages and len(files) == 1:
                count = _pages(publisher, address, incoming / file)
    found = Download(publisher.name, incoming, today, tuple(files))
    if before and before.sha256 == found.sha256:
        _forget(incoming)
        return before
    return found


def _earlier(target: Path, before: Download | None) -> Path | None:
    """The file to ask the server about: what came in a run before, else what was accepted."""
    if target.is_file():
        return target
    old = before.folder / target.name if before else None
    return old if old and old.is_file() else None


def _pages(publisher: Publisher, address: str, first: Path) -> int:
    assert publisher.pages is not None
    try:
        count = publisher.pages(first.read_bytes())
        if not 1 <= count <= MOST_PAGES:
            raise ShapeError(f"tells of {count} pages")
    except ShapeError as error:
        _forget(first.parent)
        raise SourceError(publisher.name, address, str(error)) from error
    return count


def table(publisher: Publisher, download: Download) -> pd.DataFrame:
    """The rows of a download.

    Raises SourceError, and forgets a download not accepted yet, where the files are not as known.
    """
    try:
        return publisher.table(download.paths)
    except ShapeError as error:
        if download.incoming:
            _forget(download.folder)
        raise SourceError(publisher.name, download.files[0].address, str(error)) from error


def difference(root: Path, publisher: Publisher, now: Download) -> Difference | None:
    """What has changed since the download accepted last; nothing where it is the first."""
    rows = table(publisher, now)
    before = accepted(root, publisher.name)
    return compare(table(publisher, before), rows, publisher.key) if before else None


def accept(root: Path, publisher: Publisher, download: Download) -> Download:
    """Move what came in to its place and let it be the download accepted last."""
    if not download.incoming:
        return download
    place = root / publisher.name / f"{download.accessed_on}-{download.sha256[:12]}"
    _write_about(publisher, download)
    _clear(download)
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
        "source": download.source(publisher),
    }
    write_whole(download.folder / ABOUT, as_json(about))


def _clear(download: Download) -> None:
    """Remove what an earlier run left: pages that are no more, parts."""
    keep = {download.folder / ABOUT, *download.paths, *map(sidecar_path, download.paths)}
    for path in _fetched(download.folder) - keep:
        path.unlink()


def _fetched(folder: Path) -> set[Path]:
    """The files of a folder that were fetched, each with what is known of it beside it."""
    there = {path for path in folder.iterdir() if path.is_file()}
    fetched = {path for path in there if sidecar_path(path) in there}
    return {*fetched, *map(sidecar_path, fetched), *({folder / ABOUT} & there)}


def _forget(folder: Path) -> None:
    """Remove what was fetched into a folder, and the folder where it holds nothing else."""
    for path in _fetched(folder):
        path.unlink()
    with suppress(OSError):
        folder.rmdir()
