"""Where published versions lie: one small interface, and the local file system behind it.

Paths are relative to a root and written with `/`: `versions/<id>/impact.parquet`. Whatever dies at
any moment, a reader finds a folder whole or not at all, and a pointer that leads to the old folder
or to the new one. Another kind of storage is a class with these methods, and a line in `at`;
`objects` has one for object stores.

On a local file system a folder is written aside, flushed and renamed into place; the pointer is a
symbolic link that is itself swapped by a rename:

    .lock                      held while publishing; the system frees it when its holder dies
    latest -> versions/<id>
    versions/.tmp-<id>-<pid>/  being written, or left behind by a publisher that died
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from audience_impact.store import VERSION_ID, PublishError
from audience_impact.store.files import flush, write_below, write_whole

_TMP = ".tmp-"
# What is written aside ends in the number of its process. Nothing else is ours, whatever its name.
_FOLDER_ASIDE = re.compile(rf"{re.escape(_TMP)}{VERSION_ID.pattern}-\d+")
_FILE_ASIDE = re.compile(re.escape(_TMP) + r"(latest|report|metrics\.prom)-\d+")
# A path turns `s3://bucket` into `s3:/bucket`; one letter alone is a drive.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


class Storage(Protocol):
    """What is needed of a place to publish in it; an OSError says that the place failed."""

    @property
    def address(self) -> str:
        """Where it lies, as told to people."""

    def lock(self, timeout_seconds: float) -> AbstractContextManager[None]:
        """Make the place where it is missing, and be its only writer; PublishError where not."""

    def prepare(self, pointer: str) -> None:
        """Remove what dead writers left; PublishError where a swap of the pointer would lose."""

    def read(self, path: str) -> bytes:
        """All of a file."""

    def write(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Write a folder, so that it is there whole or not; mend it where it is damaged."""

    def put(self, path: str, content: bytes) -> None:
        """Write a file of its own, so that it is there whole or as it was."""

    def flush(self, folder: str) -> None:
        """Let what was done in a folder outlast a loss of power."""

    def target(self, pointer: str) -> str | None:
        """The folder that a pointer leads to; None where there is no pointer."""

    def swap(self, pointer: str, folder: str) -> None:
        """Let the pointer lead to a folder, at once, and outlast a loss of power."""

    def list(self, folder: str) -> list[str]:
        """Names in a folder, that which was written first before others."""

    def remove(self, folder: str, names: Sequence[str]) -> None:
        """Remove files of a folder in their order, the one that makes it whole first.

        The folder goes too where it holds nothing else.
        """


def at(place: Path | str) -> Storage:
    """The storage at an address, or in a folder; PublishError where it cannot be used."""
    if is_address(place):
        from audience_impact.store import objects  # slow to import, and of no use for a folder

        return objects.at(address(place))
    return LocalStorage(Path(place).resolve())


def is_address(place: Path | str) -> bool:
    """Whether it lies elsewhere than on the local file system."""
    return _SCHEME.match(str(place)) is not None


def address(place: Path | str) -> str:
    """An address or a folder as text, with the slashes that a path takes from an address."""
    return re.sub(":/+", "://", str(place), count=1) if is_address(place) else str(place)


def require_local(place: Path | str) -> None:
    """Raise PublishError where an address is none of the local file system."""
    if is_address(place):
        raise PublishError(f"{address(place)}: an address cannot be used here; give a folder")


@contextmanager
def local_copy(place: Path | str, suffix: str) -> Iterator[Path]:
    """A folder as it is; of an address, a copy of its files of one suffix while the block lasts.

    Raises PublishError where the address cannot be read.
    """
    if not is_address(place):
        yield Path(place)
        return
    from audience_impact.store import objects

    with tempfile.TemporaryDirectory() as folder:
        try:
            objects.at(address(place)).copy(Path(folder), suffix)
        except OSError as error:
            raise PublishError(f"{address(place)} cannot be read: {error}") from error
        yield Path(folder)


@dataclass(frozen=True)
class LocalStorage:
    """A folder of the local file system, which has symbolic links; `root` is resolved."""

    root: Path

    @property
    def address(self) -> str:
        """The folder."""
        return str(self.root)

    @contextmanager
    def lock(self, timeout_seconds: float) -> Iterator[None]:
        """Hold the lock; the system frees it when its holder dies."""
        (self.root / "versions").mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.root / ".lock", timeout=timeout_seconds):
                yield
        except Timeout as error:
            waited = f"and has not finished within {timeout_seconds:g} seconds: try again later"
            raise PublishError(f"another run is publishing below {self.root} {waited}") from error

    def prepare(self, pointer: str) -> None:
        """Remove what dead publishers left; under the lock, nothing of a live one can be there."""
        link = self.root / pointer
        if link.is_dir() and not link.is_symlink() and not any(link.iterdir()):
            link.rmdir()
        self.target(pointer)
        for path in self.root.glob(f"{_TMP}*"):
            if _FILE_ASIDE.fullmatch(path.name) and (path.is_symlink() or path.is_file()):
                path.unlink()
        for path in self.root.glob(f"versions/{_TMP}*"):
            if _FOLDER_ASIDE.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)

    def read(self, path: str) -> bytes:
        """All of a file."""
        return (self.root / path).read_bytes()

    def write(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Write aside, flush, and rename into place."""
        place = self.root / folder
        aside = place.with_name(f"{_TMP}{place.name}-{os.getpid()}")
        aside.mkdir()
        try:
            write_below(aside, files)
            flush(aside)
            _put_in_place(aside, place)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def put(self, path: str, content: bytes) -> None:
        """Write aside, flush, and rename over what is there."""
        write_whole(self.root / path, content)

    def flush(self, folder: str) -> None:
        """Flush what a folder says of what lies in it."""
        flush(self.root / folder)

    def target(self, pointer: str) -> str | None:
        """What the link says; PublishError where something else stands in its place."""
        link = self.root / pointer
        if not os.path.lexists(link):
            return None
        if not link.is_symlink():
            raise PublishError(
                f"{link} is no link to a version (a copy without links?): "
                "move it away, publish again"
            )
        return os.readlink(link)

    def swap(self, pointer: str, folder: str) -> None:
        """Make the new link aside and rename it over the old one."""
        if self.target(pointer) != folder:
            aside = self.root / f"{_TMP}{pointer}-{os.getpid()}"
            os.symlink(folder, aside)
            os.replace(aside, self.root / pointer)
        flush(self.root)

    def list(self, folder: str) -> list[str]:
        """Names by the time at which they were written; of one moment, by name."""
        paths = list((self.root / folder).iterdir())
        paths.sort(key=lambda path: (path.lstat().st_mtime_ns, path.name))
        return [path.name for path in paths]

    def remove(self, folder: str, names: Sequence[str]) -> None:
        """Rename first: what is half removed must not pass for a version."""
        place = self.root / folder
        aside = place.with_name(f"{_TMP}{place.name}-{os.getpid()}")
        there = {path.name for path in place.iterdir()}
        if there <= set(names):
            os.rename(place, aside)
        else:  # somebody has put files of their own beside
            aside.mkdir()
            for name in filter(there.__contains__, names):
                os.rename(place / name, aside / name)
        shutil.rmtree(aside)


def _put_in_place(aside: Path, folder: Path) -> None:
    if folder.is_symlink():
        raise PublishError(f"{folder} is a link, and a version no folder of others: remove it")
    if not folder.is_dir():
        if folder.exists() and folder.stat().st_size:
            raise PublishError(f"{folder} is a file, and a version a folder: move it away")
        folder.unlink(missing_ok=True)
        os.rename(aside, folder)
        return
    # A damaged version is mended file by file, so that `latest` never points at nothing. Until
    # that is done its hashes do not match, so that the next publish starts again.
    for path in aside.iterdir():
        os.replace(path, folder / path.name)
    flush(folder)
