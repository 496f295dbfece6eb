"""The archive of a release as a storage with one version, which is only read.

The archive is what `audience-impact release` writes: one folder with a version in it. It is read
where it lies, and nothing is unpacked onto the disk. It is not trusted: a file is read up to
MOST_BYTES, and its bytes must be those of the manifest, as in every version.
"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from audience_impact.store import LATEST, VERSION_ID, VERSIONS, PublishError, Storage, files
from audience_impact.store.manifest import MANIFEST, METADATA_KEY, ZIP_DAMAGES, read_package


def open_archive(address: str, open_file: Callable[[], Path | BytesIO]) -> "ArchiveStorage":
    """Return the storage of an archive; raise PublishError where it is no release."""
    with files.report_away(address):
        try:
            archive = zipfile.ZipFile(open_file())
        except (FileNotFoundError, KeyError, TypeError, *ZIP_DAMAGES) as error:
            raise PublishError(f"{address} cannot be opened as a release: {error}") from error
    manifests = [name for name in archive.namelist() if name.endswith(f"/{MANIFEST}")]
    what = f"{address} is no release of audience-impact"
    if len(manifests) != 1 or manifests[0].count("/") != 1:
        raise PublishError(f"{what}: it has no version in it")
    store = ArchiveStorage(address, archive, manifests[0].removesuffix(MANIFEST), VERSIONS)
    try:
        package = read_package(store.read_file(f"{VERSIONS}/{MANIFEST}"))
        version_id = str(package[METADATA_KEY].get("version_id", ""))
        if not VERSION_ID.fullmatch(version_id):
            raise ValueError("its manifest has no id")
    except (OSError, ValueError) as error:
        raise PublishError(f"{what}: {error}") from error
    store.folder = f"{VERSIONS}/{version_id}"
    return store


@dataclass
class ArchiveStorage(Storage):
    """The archive of a release as a storage with one version.

    `prefix` is the folder of the version in the archive, `folder` that for readers.
    """

    address: str
    archive: zipfile.ZipFile
    prefix: str
    folder: str

    def read_file(self, path: str) -> bytes:
        """Return the content of a file of the version."""
        name = path.removeprefix(f"{self.folder}/")
        try:
            member = self.archive.getinfo(f"{self.prefix}{name}")
        except KeyError as error:
            raise FileNotFoundError(f"{path} is not in the archive") from error
        try:
            with self.archive.open(member) as file:
                content = file.read(files.MOST_BYTES + 1)
        except (KeyError, TypeError, *ZIP_DAMAGES) as error:
            raise PublishError(
                f"{self.address}: {name} cannot be unpacked ({error}): download the release again"
            ) from error
        files.require_length(f"{self.address}: {name}", len(content))
        return content

    def read_pointer(self, pointer: str) -> str | None:
        """Return the folder of the version for `latest`; None for every other pointer."""
        return self.folder if pointer == LATEST else None

    def list_paths(self, folder: str) -> list[str]:
        """Return the manifest of the version in the folder of versions; nothing in others."""
        path = f"{self.folder}/{MANIFEST}"
        return [path.removeprefix(f"{VERSIONS}/")] if folder == VERSIONS else []
