"""Storage of published versions: one small interface, and its form on a local file system.

Paths are relative to a root and written with `/`: `versions/<id>/impact.parquet`. If a
process dies at any moment, a reader finds a folder complete or not at all, and a pointer that leads
to the old folder or to the new one. Another kind of storage is a class with these methods, and a
line in `select_storage`; `objects` has one for object stores.

On a local file system a folder is written under a temporary name, flushed and renamed; the pointer
is a symbolic link that is replaced by a rename:

    .lock                      held while publishing; the system frees it when its holder dies
    latest -> versions/<name>
    versions/.tmp-<name>-<pid>/  being written, or left behind by a publisher that died
"""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from audience_impact.store import (
    MISPLACED,
    VERSION_FOLDER,
    AwayError,
    PublishError,
    require_inside,
)
from audience_impact.store.files import (
    explain_error,
    flush_to_disk,
    read_whole,
    write_below,
    write_whole,
)

LATEST, VERSIONS, HISTORY = "latest", "versions", "history"
_TMP = ".tmp-"
# What is written aside ends in the number of its process. Nothing else is ours, whatever its name.
_FOLDER_ASIDE = re.compile(rf"{re.escape(_TMP)}{VERSION_FOLDER.pattern}-\d+")
_ENTRY_ASIDE = re.compile(rf"{re.escape(_TMP)}\d+\.json-\d+")
_FILE_ASIDE = re.compile(re.escape(_TMP) + r"(latest|report|metrics\.prom|layers\.json)-\d+")
# A path turns `s3://bucket` into `s3:/bucket`; one letter alone is a drive.
# `s3://` alone becomes `s3:`.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(/|$)")


class Storage(Protocol):
    """A place for published versions; its methods raise OSError if the place fails."""

    @property
    def address(self) -> str:
        """Return the folder or address for messages."""

    def hold_lock(self, timeout_seconds: float) -> AbstractContextManager[None]:
        """Create the place if missing and lock it for this writer; raise PublishError if locked."""

    def remove_leftovers(self, pointer: str) -> None:
        """Remove files of interrupted writers.

        Raises PublishError where moving the pointer would destroy something.
        """

    def read_file(self, path: str) -> bytes:
        """Return the content of a file."""

    def write_folder(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Write a folder completely or not at all; repair it where it is damaged."""

    def write_file(self, path: str, content: bytes) -> None:
        """Write a single file completely, or leave it as it was."""

    def create_file(self, path: str, content: bytes) -> None:
        """Write a new file completely, so that it survives a loss of power.

        Raises FileExistsError if there is a file with other content.
        """

    def copy_latest(self, folder: str) -> None:
        """Make the tables of the latest version available at addresses that never change."""

    def flush_folder(self, folder: str) -> None:
        """Make changes in a folder survive a loss of power."""

    def read_pointer(self, pointer: str) -> str | None:
        """Return the folder that a pointer names; None without a pointer."""

    def move_pointer(self, pointer: str, folder: str) -> None:
        """Point to a folder atomically, so that it survives a loss of power."""

    def list_names(self, folder: str) -> list[str]:
        """Return the names in a folder, the oldest first; raise FileNotFoundError without it."""

    def remove_files(self, folder: str, names: Sequence[str]) -> None:
        """Remove files of a folder in the given order, and the folder if nothing else is in it.

        The first name must be the file that makes the folder a version.
        """


def select_storage(place: Path | str) -> Storage:
    """Return the storage at an address, in a folder or in the archive of a release.

    Raises PublishError if it is unusable.
    """
    from audience_impact.store import releases

    if is_address(place):
        address = format_address(place)
        if releases.is_archive(address):
            return releases.open_remote_archive(address)
        if releases.is_web(address):
            return releases.open_web(address)
        from audience_impact.store import objects  # slow to import, and of no use for a folder

        return objects.open_storage(address)
    if releases.is_archive(place) and Path(place).is_file():
        return releases.open_local_archive(Path(place).resolve())
    return LocalStorage(Path(place).resolve())


def is_address(place: Path | str) -> bool:
    """Return whether a place is an address and no folder of the local file system."""
    return _SCHEME.match(str(place)) is not None


def format_address(place: Path | str) -> str:
    """Return an address or folder as text, with the slashes that `Path` removes from `s3://`."""
    return re.sub(":/*", "://", str(place), count=1) if is_address(place) else str(place)


def require_local(place: Path | str) -> None:
    """Raise PublishError where the place is not on the local file system."""
    if is_address(place):
        raise PublishError(
            f"{format_address(place)}: an address cannot be used here; give a folder"
        )


@contextmanager
def local_copy(place: Path | str, suffix: str) -> Iterator[Path]:
    """Yield a folder itself, or a temporary copy of an address's files with one suffix.

    Raises PublishError where the address cannot be read.
    """
    if not is_address(place):
        yield Path(place)
        return
    from audience_impact.store import objects

    with tempfile.TemporaryDirectory() as folder:
        try:
            objects.open_storage(format_address(place)).copy_files(Path(folder), suffix)
        except OSError as error:
            address = format_address(place)
            raise AwayError(f"{address} cannot be read: {explain_error(error)}") from error
        yield Path(folder)


def list_files(place: Path | str, suffix: str) -> list[str]:
    """Return the names of the files with a suffix at an address; raise AwayError if it is away."""
    from audience_impact.store import objects

    address = format_address(place)
    try:
        return sorted(objects.open_storage(address).list_sizes(suffix))
    except OSError as error:
        raise AwayError(f"{address} cannot be read: {explain_error(error)}") from error


@dataclass(frozen=True)
class LocalStorage:
    """A folder of a local file system with symbolic links; `root` is resolved."""

    root: Path

    @property
    def address(self) -> str:
        """Return the folder."""
        return str(self.root)

    @contextmanager
    def hold_lock(self, timeout_seconds: float) -> Iterator[None]:
        """Lock the folder for this writer; the system frees the lock when the process dies."""
        from filelock import FileLock, Timeout  # who only reads need not have it

        (self.root / "versions").mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.root / ".lock", timeout=timeout_seconds):
                yield
        except Timeout as error:
            waited = f"and has not finished within {timeout_seconds:g} seconds: try again later"
            raise PublishError(f"another run is publishing below {self.root} {waited}") from error

    def remove_leftovers(self, pointer: str) -> None:
        """Remove files of interrupted publishers; the lock excludes files of running publishers."""
        link = self.root / pointer
        if link.is_dir() and not link.is_symlink() and not any(link.iterdir()):
            link.rmdir()
        self.read_pointer(pointer)
        for path in self.root.glob(f"{_TMP}*"):
            if _FILE_ASIDE.fullmatch(path.name) and (path.is_symlink() or path.is_file()):
                path.unlink()
        for path in self.root.glob(f"versions/{_TMP}*"):
            if _FOLDER_ASIDE.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
        for path in self._find_history().glob(f"{_TMP}*"):
            if _ENTRY_ASIDE.fullmatch(path.name) and path.is_file():
                path.unlink()

    def _find_history(self) -> Path:
        """Return the folder of the history, even if missing; raise PublishError for a link."""
        folder = self.root / HISTORY
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise PublishError(
                f"{folder} is a link or a file where the folder of the history must be: move it "
                "away, or put the folder back"
            )
        return folder

    def read_file(self, path: str) -> bytes:
        """Return the content of a file."""
        return read_whole(self.root / path)

    def write_folder(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Write under a temporary name, flush, and rename into place."""
        place = self.root / folder
        aside = place.with_name(f"{_TMP}{place.name}-{os.getpid()}")
        aside.mkdir()
        try:
            write_below(aside, files)
            flush_to_disk(aside)
            _put_in_place(aside, place)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def write_file(self, path: str, content: bytes) -> None:
        """Write under a temporary name, flush, and rename over the existing file."""
        write_whole(self.root / path, content)

    def create_file(self, path: str, content: bytes) -> None:
        """Write under a temporary name, flush, and rename; the lock excludes other writers."""
        place = self.root / path
        if self._find_history() == place.parent:
            place.parent.mkdir(exist_ok=True)
        if os.path.lexists(place):
            raise FileExistsError(place)
        write_whole(place, content)
        flush_to_disk(place.parent)

    def copy_latest(self, folder: str) -> None:
        """Do nothing, because a path through the link `latest` never changes."""

    def flush_folder(self, folder: str) -> None:
        """Flush the directory of a folder to the disk."""
        flush_to_disk(self.root / folder)

    def read_pointer(self, pointer: str) -> str | None:
        """Return the target of the link; raise PublishError if its path is no link.

        Raises OSError where it cannot be seen, which is not the same as no link.
        """
        link = self.root / pointer
        try:
            target = os.readlink(link)
        except MISPLACED:
            return None
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            raise PublishError(
                f"{link} is no link to a version (was it copied without links?): "
                "move it away and publish again"
            ) from error
        return require_inside(target, str(link))

    def move_pointer(self, pointer: str, folder: str) -> None:
        """Create the new link under a temporary name and rename it over the old one."""
        if self.read_pointer(pointer) != folder:
            aside = self.root / f"{_TMP}{pointer}-{os.getpid()}"
            os.symlink(folder, aside)
            os.replace(aside, self.root / pointer)
        flush_to_disk(self.root)

    def list_names(self, folder: str) -> list[str]:
        """Return names by the time of writing, then by name."""
        place = self._find_history() if folder == HISTORY else self.root / folder
        paths = list(place.iterdir())
        paths.sort(key=lambda path: (path.lstat().st_mtime_ns, path.name))
        return [path.name for path in paths]

    def remove_files(self, folder: str, names: Sequence[str]) -> None:
        """Rename the folder before removal, so that a partly removed folder is no version."""
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
        raise PublishError(f"{folder} is a link where the folder of a version must be: remove it")
    if not folder.is_dir():
        if folder.exists() and folder.stat().st_size:
            raise PublishError(
                f"{folder} is a file where the folder of a version must be: move it away"
            )
        folder.unlink(missing_ok=True)
        os.rename(aside, folder)
        return
    # A damaged version is mended file by file, so that `latest` never points at nothing. Until
    # that is done its hashes do not match, so that the next publish starts again.
    for path in aside.iterdir():
        os.replace(path, folder / path.name)
    flush_to_disk(folder)
