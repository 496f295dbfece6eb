"""The folder of downloads: accepted files with digest and date, and incoming ones.

    <name>/incoming/              fetched and not accepted yet: the files, and about.json
    <name>/<date>-<12 digits>/    accepted on that day
    <name>/accepted               the name of the folder accepted last

A download is compared with the one accepted last. A refused download stays in `incoming`: it is not
fetched again when it is confirmed, and the next one is not compared with it.
"""

import json
import shutil
from dataclasses import asdict, dataclass, replace
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
from audience_impact.store.manifest import hash_bytes
from flows.downloads import Name
from flows.downloads.fetching import (
    FetchedFile,
    RetryPolicy,
    SourceError,
    UnusableError,
    fetch_file,
    open_client,
)
from flows.downloads.publishers import Publisher
from flows.pipeline.steps import RefusedError

INCOMING, FETCHING, ABOUT, ACCEPTED = "incoming", "fetching", "about.json", "accepted"
MOST_PAGES = 1000


@dataclass(frozen=True)
class Download:
    """All files of a publisher as downloaded on a day."""

    name: Name
    folder: Path
    accessed_on: date
    files: tuple[FetchedFile, ...]

    @property
    def file_paths(self) -> list[Path]:
        """Return the paths of the files."""
        return [self.folder / fetched.file for fetched in self.files]

    @property
    def sha256(self) -> str:
        """Return the digest of all names and digests: the same bytes are the same download."""
        lines = "\n".join(f"{fetched.file} {fetched.sha256}" for fetched in self.files)
        return hash_bytes(lines.encode())

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

    def find_file(self, file: str, address: str) -> tuple[Path, FetchedFile] | None:
        """Return the path and the record of a file from an address; None if there is none."""
        for fetched in self.files:
            if (fetched.file, fetched.address) == (file, address):
                return self.folder / file, fetched
        return None


def _read_download(name: Name, folder: Path) -> Download | None:
    """Return the download in a folder; None where files are missing or changed."""
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        files = tuple(FetchedFile(**fetched) for fetched in about["files"])
        download = Download(name, folder, date.fromisoformat(about["accessed_on"]), files)
        digests = [hash_bytes(path.read_bytes()) for path in download.file_paths]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return download if digests == [fetched.sha256 for fetched in files] else None


def read_accepted(root: Path, name: Name) -> Download | None:
    """Return the last accepted download, or None.

    Raises RefusedError where files of the folder are missing or changed.
    """
    pointer = root / name / ACCEPTED
    if not pointer.is_file():
        return None
    folder = root / name / pointer.read_text(encoding="utf-8").strip()
    if (download := _read_download(name, folder)) is None:
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
    incoming, fetching = (root / publisher.name / place for place in (INCOMING, FETCHING))
    earlier = _read_download(publisher.name, incoming) or before
    shutil.rmtree(fetching, ignore_errors=True)  # of a run that was killed
    fetching.mkdir(parents=True)
    try:
        files = _fetch_files(publisher, address, fetching, earlier, policy)
        download = Download(publisher.name, fetching, today, files)
        _write_about(publisher, download)
        shutil.rmtree(incoming, ignore_errors=True)
        if before and before.sha256 == download.sha256:
            return before
        fetching.rename(incoming)
        return replace(download, folder=incoming)
    finally:
        shutil.rmtree(fetching, ignore_errors=True)


def _fetch_files(
    publisher: Publisher,
    address: str,
    folder: Path,
    earlier: Download | None,
    policy: RetryPolicy,
) -> tuple[FetchedFile, ...]:
    """Fetch all pages of a publisher into a folder."""
    files: list[FetchedFile] = []
    count = 1
    with open_client(policy) as http:
        while len(files) < count:
            url, file = publisher.page_address(address, len(files) + 1)
            same = earlier.find_file(file, url) if earlier else None
            try:
                files.append(fetch_file(http, url, folder / file, same, policy))
                if publisher.pages and len(files) == 1:
                    count = publisher.pages((folder / file).read_bytes())
                    if not 1 <= count <= MOST_PAGES:
                        raise ShapeError(f"reports {count} pages, not 1 to {MOST_PAGES}")
            except (UnusableError, ShapeError) as error:
                raise SourceError(publisher.name, url, str(error)) from error
    return tuple(files)


def _write_about(publisher: Publisher, download: Download) -> None:
    try:
        source = download.source_row(publisher)
    except ShapeError as error:
        raise SourceError(publisher.name, download.files[0].address, str(error)) from error
    about = {
        "accessed_on": download.accessed_on.isoformat(),
        "sha256": download.sha256,
        "files": [asdict(fetched) for fetched in download.files],
        "source": source,
    }
    write_whole(download.folder / ABOUT, as_json(about))


def read_rows(publisher: Publisher, download: Download) -> pd.DataFrame:
    """Return the rows of a download.

    Raises SourceError where the files have an unexpected form, and removes them if not accepted.
    """
    try:
        return publisher.read_table(download.file_paths)
    except ShapeError as error:
        if download.is_incoming:
            shutil.rmtree(download.folder)
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
    shutil.rmtree(place, ignore_errors=True)  # the same bytes, or what was damaged of them
    download.folder.rename(place)
    write_whole(root / publisher.name / ACCEPTED, f"{place.name}\n".encode())
    return replace(download, folder=place)
