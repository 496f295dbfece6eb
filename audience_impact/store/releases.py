"""The archive of a release as a storage with one version, which is only read.

The archive is what `audience-impact release` writes: one folder with a version in it. It is read
where it lies: on the disk, in a bucket or on a web server; nothing is unpacked. It is not trusted:
a file is read up to MOST_BYTES, and its bytes must be those of the manifest, as in every version.
"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NoReturn

from audience_impact.store import VERSION_ID, PublishError, files
from audience_impact.store.manifest import MANIFEST, METADATA_KEY, ZIP_DAMAGES, read_package

SUFFIX = ".zip"
LATEST, VERSIONS = "latest", "versions"
"""As in every storage."""


class ReadOnlyStorage:
    """The methods of a storage that write; they raise PublishError."""

    address: str

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise PublishError(f"{self.address} can only be read: give a folder to write into")

    hold_lock = write_file = create_file = remove_files = move_pointer = _refuse


def is_archive(place: Path | str) -> bool:
    """Return whether a place is named like the archive of a release."""
    return str(place).lower().endswith(SUFFIX)


def open_archive(address: str, open_file: Callable[[], Path | IO[bytes]]) -> "ArchiveStorage":
    """Return the storage of an archive; raise PublishError if it is unreadable."""
    with files.report_away(address):
        try:
            return ArchiveStorage(address, zipfile.ZipFile(open_file()))
        except (FileNotFoundError, KeyError, TypeError, *ZIP_DAMAGES) as error:
            raise PublishError(f"{address} cannot be opened as a release: {error}") from error


@dataclass(frozen=True)
class ArchiveStorage(ReadOnlyStorage):
    """The archive of a release as a storage with one version, `versions/<id>`."""

    address: str
    archive: zipfile.ZipFile

    @cached_property
    def _prefix(self) -> str:
        """The folder of the version in the archive; raises PublishError without a single one."""
        names = [name for name in self.archive.namelist() if name.endswith(f"/{MANIFEST}")]
        if len(names) != 1 or names[0].count("/") != 1:
            raise PublishError(
                f"{self.address} is no release of audience-impact: it has no version in it"
            )
        return names[0].removesuffix(MANIFEST)

    @cached_property
    def _folder(self) -> str:
        """The folder of the version for readers."""
        try:
            package = read_package(self._read_member(MANIFEST))
            version_id = str(package[METADATA_KEY].get("version_id", ""))
            if not VERSION_ID.fullmatch(version_id):
                raise ValueError("its manifest has no id")
        except (OSError, ValueError) as error:
            raise PublishError(
                f"{self.address} is no release of audience-impact: {error}"
            ) from error
        return f"{VERSIONS}/{version_id}"

    def _read_member(self, name: str) -> bytes:
        try:
            member = self.archive.getinfo(f"{self._prefix}{name}")
        except KeyError as error:
            raise FileNotFoundError(f"{name} is not in the archive") from error
        try:
            with self.archive.open(member) as file:
                content = file.read(files.MOST_BYTES + 1)
        except (KeyError, TypeError, *ZIP_DAMAGES) as error:
            raise PublishError(
                f"{self.address}: {name} cannot be unpacked ({error}): download the release again"
            ) from error
        files.require_length(f"{self.address}: {name}", len(content))
        return content

    def read_file(self, path: str) -> bytes:
        """Return the content of a file of the version."""
        if not path.startswith(f"{self._folder}/"):
            raise FileNotFoundError(f"{path} is not in the archive")
        return self._read_member(path.removeprefix(f"{self._folder}/"))

    def read_pointer(self, pointer: str) -> str | None:
        """Return the folder of the version for `latest`; None for every other pointer."""
        return self._folder if pointer == LATEST else None

    def list_paths(self, folder: str) -> list[str]:
        """Return the manifest of the version in the folder of versions; nothing in others."""
        path = f"{self._folder}/{MANIFEST}"
        return [path.removeprefix(f"{VERSIONS}/")] if folder == VERSIONS else []
