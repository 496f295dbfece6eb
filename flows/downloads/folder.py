"""Publishers whose files `refresh` fetches, and the folder of their accepted and incoming files.

`publishers.csv` has a row for each: the address of its file unless another is given, the name that
the file gets (with the number of the page where it is one of several), and its row of `sources`.

    <name>/incoming/              fetched and not accepted yet: the files, and about.json
    <name>/<date>-<12 digits>/    accepted on that day
    <name>/accepted               the name of the folder accepted last

A download is compared with the one accepted last. A refused download stays in `incoming`: it is not
fetched again when it is confirmed, and the next one is not compared with it.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import httpx
import pandas as pd

from audience_impact.plain_text import hide_passwords
from audience_impact.registers.denominators import publisher_files as files
from audience_impact.registers.denominators.publisher_files import Difference, ShapeError
from audience_impact.store.files import as_json, hash_bytes, write_whole
from audience_impact.vocabulary import read_table
from flows.downloads import Name, fetching
from flows.downloads.fetching import FetchedFile, RetryPolicy
from flows.pipeline.steps import RefusedError

INCOMING, FETCHING, ABOUT, ACCEPTED = "incoming", "fetching", "about.json", "accepted"
MOST_PAGES = 1000
NOTE = "fetched by audience-impact refresh"
READERS: Mapping[Name, tuple[files.Reader, Sequence[str]]] = {
    Name.POPULATION: (files.read_indicator, files.INDICATOR_KEY),
    Name.INTERNET: (files.read_indicator, files.INDICATOR_KEY),
    Name.PROJECTIONS: (files.read_projections, files.PROJECTION_KEY),
    Name.REGISTER: (files.read_register, files.REGISTER_KEY),
    Name.NETWORKS: (files.read_networks, files.NETWORK_KEY),
}
"""What reads the files of each download, and the key of its rows."""


@dataclass(frozen=True)
class Publisher:
    """A publisher: address and name of its file, what reads it, and how it is cited."""

    name: Name
    address: str
    file: str
    read: files.Reader
    key: Sequence[str]
    source: Mapping[str, str]

    @property
    def is_paged(self) -> bool:
        """Return whether its file is one of several pages."""
        return "{" in self.file


def _read_publishers() -> dict[Name, Publisher]:
    publishers = {}
    for row in read_table(Path(__file__).with_name("publishers.csv")):
        name, address, file = Name(row.pop("name")), row.pop("address"), row.pop("file")
        source = row | {"measurement_series_id": name.value, "note": NOTE}
        publishers[name] = Publisher(name, address, file, *READERS[name], source)
    return publishers


PUBLISHERS = _read_publishers()
"""All downloads, in the order in which they are fetched."""


@contextmanager
def name_source(name: Name, address: str) -> Iterator[None]:
    """Raise RefusedError with source, address and cause for a file that cannot be used."""
    try:
        yield
    except (fetching.UnusableError, ShapeError) as error:
        raise RefusedError([f"{name}: {address}: {' '.join(str(error).split())}"]) from error


@dataclass(frozen=True)
class Download:
    """All files of a publisher as downloaded on a day."""

    publisher: Publisher
    folder: Path
    accessed_on: date
    files: tuple[FetchedFile, ...]

    @property
    def name(self) -> Name:
        """Return the name of the download."""
        return self.publisher.name

    @property
    def address(self) -> str:
        """Return the address of the first file."""
        return self.files[0].address

    @property
    def sha256(self) -> str:
        """Return the digest of all names and digests: the same bytes are the same download."""
        lines = "\n".join(f"{fetched.file} {fetched.sha256}" for fetched in self.files)
        return hash_bytes(lines.encode())

    @property
    def is_incoming(self) -> bool:
        """Return whether the download is not accepted yet."""
        return self.folder.name == INCOMING

    def read_files(self) -> list[bytes]:
        """Return the content of the files."""
        return [(self.folder / fetched.file).read_bytes() for fetched in self.files]

    def source_row(self) -> dict[str, str]:
        """Return the row of sources.csv to which its figures refer."""
        day = files.updated_on(self.read_files()[0]) if self.publisher.is_paged else ""
        dates = {"published_on": day, "accessed_on": self.accessed_on.isoformat()}
        return {"url": self.address, **self.publisher.source, **dates}

    def read_rows(self) -> pd.DataFrame:
        """Return the rows of the files; refuse another form, and remove it if not accepted."""
        with name_source(self.name, self.address):
            try:
                return self.publisher.read(self.read_files())
            except ShapeError:
                if self.is_incoming:
                    shutil.rmtree(self.folder)
                raise


def _read_download(publisher: Publisher, folder: Path) -> Download | None:
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        fetched = tuple(FetchedFile(**file) for file in about["files"])
        download = Download(publisher, folder, date.fromisoformat(about["accessed_on"]), fetched)
        digests = [hash_bytes(content) for content in download.read_files()]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return download if digests == [file.sha256 for file in fetched] else None


def read_accepted(root: Path, publisher: Publisher) -> Download | None:
    """Return the last accepted download or None; raise RefusedError where it is damaged."""
    name = publisher.name
    pointer = root / name / ACCEPTED
    if not pointer.is_file():
        return None
    folder = root / name / pointer.read_text(encoding="utf-8").strip()
    if (download := _read_download(publisher, folder)) is None:
        message = f"{folder} is damaged: remove {pointer} to fetch {name} as if for the first time"
        raise RefusedError([message])
    return download


def fetch_download(
    root: Path, publisher: Publisher, address: str, policy: RetryPolicy, today: date
) -> Download:
    """Return the fetched files as incoming, or the last accepted download if they equal it."""
    before = read_accepted(root, publisher)
    incoming, aside = (root / publisher.name / place for place in (INCOMING, FETCHING))
    earlier = _read_download(publisher, incoming) or before
    shutil.rmtree(aside, ignore_errors=True)  # of a run that was killed
    aside.mkdir(parents=True)
    try:
        fetched = _fetch_files(publisher, address, aside, earlier, policy)
        download = Download(publisher, aside, today, fetched)
        about = {"accessed_on": today.isoformat(), "files": [asdict(file) for file in fetched]}
        write_whole(aside / ABOUT, as_json(about))
        shutil.rmtree(incoming, ignore_errors=True)
        if before and before.sha256 == download.sha256:
            return before
        aside.rename(incoming)
        return replace(download, folder=incoming)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fetch_files(
    publisher: Publisher, address: str, folder: Path, earlier: Download | None, policy: RetryPolicy
) -> tuple[FetchedFile, ...]:
    before = {(file.file, file.address): file for file in earlier.files} if earlier else {}
    fetched: list[FetchedFile] = []
    count = 1
    with fetching.open_client(policy) as http:
        while len(fetched) < count:
            url, file = address, publisher.file.format(len(fetched) + 1)
            if publisher.is_paged:
                url = str(httpx.URL(address).copy_set_param("page", len(fetched) + 1))
            same = before.get((file, hide_passwords(url)))
            copy = (earlier.folder / file, same) if earlier and same else None
            with name_source(publisher.name, url):
                fetched.append(fetching.fetch_file(http, url, folder / file, copy, policy))
                if publisher.is_paged and len(fetched) == 1:
                    count = files.page_count((folder / file).read_bytes())
                    if not 1 <= count <= MOST_PAGES:
                        raise ShapeError(f"reports {count} pages, not 1 to {MOST_PAGES}")
    return tuple(fetched)


def compare_with_accepted(root: Path, now: Download) -> Difference | None:
    """Return the difference from the last accepted download; None for the first."""
    rows = now.read_rows()
    before = read_accepted(root, now.publisher)
    return files.compare_downloads(before.read_rows(), rows, now.publisher.key) if before else None


def accept_download(root: Path, download: Download) -> None:
    """Move an incoming download to its folder and mark it as the last accepted one."""
    if download.is_incoming:
        place = root / download.name / f"{download.accessed_on}-{download.sha256[:12]}"
        shutil.rmtree(place, ignore_errors=True)  # the same bytes, or what was damaged of them
        download.folder.rename(place)
        write_whole(root / download.name / ACCEPTED, f"{place.name}\n".encode())
