"""Places of versions: folders, archives of releases, and how every other place is selected.

In a folder, files are written under a temporary name, flushed and renamed; the pointer is a
symbolic link that is replaced by a rename; writers take turns by `.lock`, which the system frees
when its holder dies.

The archive of a release is one folder with a version in it, as `audience-impact release` writes it.
It is read where it lies, and nothing is unpacked onto the disk. It is not trusted: a file is read
up to a limit, and its bytes must be those of the manifest, as in every version.

`objects` has buckets and web servers.
"""

import errno
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NoReturn

from audience_impact.store import (
    HISTORY,
    LATEST,
    MANIFEST,
    MISPLACED,
    VERSION_ID,
    VERSIONS,
    PublishError,
    Storage,
    files,
    require_inside,
)

ARCHIVE_SUFFIX = ".zip"
LOCK_SECONDS, PUBLISH_SECONDS = 10.0, 60.0
"""How long a writer waits for another, and how long one that has computed what it publishes."""
# A path turns `s3://bucket` into `s3:/bucket`, and `s3://` alone into `s3:`; one letter alone is a
# drive.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(/|$)")


def select_storage(place: Path | str) -> Storage:
    """Return the storage of a folder, an archive or an address; raise PublishError if unusable."""
    if is_address(place):
        from audience_impact.store import objects  # slow to import, and of no use for a folder

        address = format_address(place)
        if not address.lower().endswith(ARCHIVE_SUFFIX):
            return objects.open_storage(address)
        folder, _, name = address.rpartition("/")
        outer = objects.open_storage(folder)
        return _open_archive(address, lambda: BytesIO(outer.read_file(name)))
    path = Path(place).resolve()
    return _open_archive(str(path), lambda: path) if is_archive(path) else LocalStorage(path)


def is_archive(place: Path | str) -> bool:
    """Return whether a place is a file named like the archive of a release."""
    return str(place).lower().endswith(ARCHIVE_SUFFIX) and Path(place).is_file()


def read_existing(store: Storage, path: str) -> bytes | None:
    """Return the content of a file; None without it; raise AwayError where it is out of reach."""
    with files.report_away(f"{store.address}/{path}"):
        try:
            return store.read_file(path)
        except MISPLACED:
            return None


def is_address(place: Path | str) -> bool:
    """Return whether a place is an address and no folder of the local file system."""
    return _SCHEME.match(str(place)) is not None


def format_address(place: Path | str) -> str:
    """Return an address or folder as text, with the slashes that `Path` removes from `s3://`."""
    return re.sub(":/*", "://", str(place), count=1) if is_address(place) else str(place)


@contextmanager
def local_copy(place: Path | str, suffix: str) -> Iterator[Path]:
    """Yield a folder itself, or a temporary copy of the files with a suffix at an address."""
    if not is_address(place):
        yield Path(place)
        return
    names, store, size_bytes = list_files(place, suffix), select_storage(place), 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            with files.report_away(store.address):
                content = store.read_file(name)
            size_bytes += len(content)
            described = f"{store.address}, all {suffix} files together,"
            files.require_length(described, size_bytes, files.MOST_BYTES)
            (Path(folder) / name).write_bytes(content)
        yield Path(folder)


def list_files(place: Path | str, suffix: str) -> list[str]:
    """Return the names of the files with a suffix in a bucket; raise AwayError if it is away."""
    from audience_impact.store import objects

    address = format_address(place)
    with files.report_away(address):
        names = objects.open_bucket(address).list_paths("")
    return [name for name in names if name.endswith(suffix) and "/" not in name]


def _open_archive(address: str, open_file: Callable[[], Path | BytesIO]) -> "ArchiveStorage":
    with files.report_away(address):
        try:
            archive = files.open_archive(open_file())
        except (FileNotFoundError, *files.ZIP_DAMAGES) as error:
            raise PublishError(f"{address} cannot be opened as a release: {error}") from error
    folders = [name.split("/")[0] for name in archive.namelist() if name.endswith(f"/{MANIFEST}")]
    version_id = folders[0].removeprefix("audience-impact-") if len(folders) == 1 else ""
    if not VERSION_ID.fullmatch(version_id):
        raise PublishError(f"{address} is no release of audience-impact: it has no version in it")
    return ArchiveStorage(address, archive, folders[0], f"{VERSIONS}/{version_id}")


@dataclass
class ArchiveStorage(Storage):
    """The archive of a release as a storage with one version.

    `inner` is the folder of the version in the archive, `folder` that for readers.
    """

    address: str
    archive: zipfile.ZipFile
    inner: str
    folder: str

    def read_file(self, path: str) -> bytes:
        """Return the content of a file of the version."""
        name = path.removeprefix(f"{self.folder}/")
        try:
            member = self.archive.getinfo(f"{self.inner}/{name}")
        except KeyError as error:
            raise FileNotFoundError(f"{path} is not in the archive") from error
        most_bytes = files.limit_length(path)
        try:
            with self.archive.open(member) as file:
                content = file.read(most_bytes + 1)
        except files.ZIP_DAMAGES as error:
            raise PublishError(
                f"{self.address}: {name} cannot be unpacked ({error}): download the release again"
            ) from error
        files.require_length(f"{self.address}: {name}", len(content), most_bytes)
        return content

    def read_pointer(self, pointer: str) -> str | None:
        """Return the folder of the version for `latest`; None for every other pointer."""
        return self.folder if pointer == LATEST else None

    def list_paths(self, folder: str) -> list[str]:
        """Return the manifest of the version in the folder of versions; nothing in others."""
        path = f"{self.folder}/{MANIFEST}"
        return [path.removeprefix(f"{VERSIONS}/")] if folder == VERSIONS else []


class LocalStorage(Storage):
    """A folder of a local file system with symbolic links."""

    is_read_only = False

    def __init__(self, root: Path) -> None:
        """Take the resolved path of the folder."""
        self.root, self.address = root, str(root)

    @contextmanager
    def hold_lock(self, seconds: float) -> Iterator[None]:
        """Lock the folder for this writer, and remove what dead writers left aside."""
        from filelock import Timeout  # who only reads need not have it

        if self.root.is_file():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), self.address)
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            with files.lock_folder(self.root, seconds), tempfile.TemporaryFile(dir=self.root):
                for folder in (self.root / HISTORY, *self.root.glob(f"{VERSIONS}/*/")):
                    if not folder.is_symlink():
                        files.remove_aside(folder)
                yield
        except Timeout as error:
            raise PublishError(
                f"another run is publishing below {self.root} and has not finished within "
                f"{seconds:g} seconds: try again later"
            ) from error

    def _find_path(self, path: str) -> Path:
        place = self.root / path
        for folder in place.parents[: -len(self.root.parents) - 1]:
            require_folder(folder)
        return place

    def list_paths(self, folder: str) -> list[str]:
        """Return the paths of all files below a folder, in order; links are not followed."""

        def raise_error(error: OSError) -> NoReturn:
            raise error

        root = self._find_path(folder)
        require_folder(root)
        paths: list[str] = []
        try:
            for place, _, names in os.walk(root, onerror=raise_error):
                paths += [(Path(place) / name).relative_to(root).as_posix() for name in names]
        except MISPLACED:
            return []
        return sorted(paths)

    def read_file(self, path: str) -> bytes:
        """Return the content of a file."""
        return files.read_whole(self.root / path, files.limit_length(path))

    def write_file(self, path: str, content: bytes) -> None:
        """Write under a temporary name, flush, and rename over the existing file."""
        place = self._find_path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        files.write_whole(place, content)

    def create_file(self, path: str, content: bytes) -> None:
        """Write a new file; the lock excludes other writers."""
        place = self._find_path(path)
        if os.path.lexists(place):
            if not place.is_symlink() and self.read_file(path) == content:
                return
            raise FileExistsError(errno.EEXIST, "it is there already", str(place))
        self.write_file(path, content)

    def remove_file(self, path: str) -> None:
        """Remove a file if it is there, and the folders in which nothing else is."""
        place = self._find_path(path)
        place.unlink(missing_ok=True)
        with suppress(OSError):  # the first folder with something in it
            place.parent.rmdir()
            place.parent.parent.rmdir()

    def read_pointer(self, pointer: str) -> str | None:
        """Return the target; raise PublishError for no link, OSError where it cannot be seen."""
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
            aside = self.root / f".tmp-{pointer}-{os.getpid()}"
            os.symlink(folder, aside)
            os.replace(aside, self.root / pointer)
        files.flush_to_disk(self.root)


def require_folder(folder: Path) -> None:
    """Raise PublishError for a link, which may lead to a folder of somebody else, or a file."""
    if folder.is_symlink() or folder.is_file():
        raise PublishError(
            f"{folder} is a link or a file where a folder must be: move it away, or put the folder "
            "back"
        )
