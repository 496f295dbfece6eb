"""Storage on disk or in an object store: versions, their history, manifests, archives of facts."""

import re
from contextlib import AbstractContextManager
from typing import NoReturn

from audience_impact.plain_text import ReadableError

VERSION_ID = re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{12}")
"""Pattern of the ids of versions, which depend only on what the versions were computed from."""
VERSION_FOLDER = re.compile(rf"(?:v(\d{{6,}})-)?({VERSION_ID.pattern})")
"""Pattern of the names of their folders: `v000042-<id>`, or the id alone in older installations.

The number counts the versions of one place, so that the names sort in the order of publication.
"""
LATEST, VERSIONS, HISTORY = "latest", "versions", "history"
REPORT, REPORTS = "report", "reports"
MANIFEST = "datapackage.json"
DETAILS = "details/"
"""The folder of a version that has the tables which explain or check the others."""
MISPLACED = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
"""Errors of a place that can be reached, where another thing is than the expected file."""


class PublishError(ReadableError):
    """A version could not be published or read; the message states the cause and the remedy."""


class DamagedError(PublishError):
    """A version, or an entry of the history, is missing or not what it should be."""


class AwayError(PublishError):
    """A storage cannot be reached or read now, so that nobody knows what is there."""


class MissingError(PublishError):
    """Nothing has been published in a place."""


def require_inside(folder: str, address: str) -> str:
    """Return the folder that a pointer names; raise PublishError if it is none below the root.

    Whoever may write the pointer could otherwise let a reader read anything.
    """
    parts = folder.split("/")
    if len(parts) < 2 or any(part in ("", ".", "..") or not part.isprintable() for part in parts):
        raise PublishError(f"{address} leads out of its folder: move it away and publish again")
    return folder


class Storage:
    """A place for published versions; its methods raise OSError if the place fails.

    Paths are relative to its root and written with `/`: `versions/<name>/impact.parquet`. Each file
    is written whole or not at all, a version is one when its manifest is there (it is written last
    and removed first), and `latest` leads to the old version or to the new one. A process that dies
    at any moment therefore leaves a place that can be read. A place that is only read has the first
    three methods; its others raise PublishError. Messages name it by its `address`.
    """

    address: str
    is_read_only = True

    def list_paths(self, folder: str) -> list[str]:
        """Return the paths of all files below a folder, in order; none without the folder."""
        raise NotImplementedError

    def read_file(self, path: str) -> bytes:
        """Return the content of a file."""
        raise NotImplementedError

    def read_pointer(self, pointer: str) -> str | None:
        """Return the folder that a pointer names; None without a pointer."""
        raise NotImplementedError

    def hold_lock(self, seconds: float) -> AbstractContextManager[None]:
        """Let writers take turns where the place has locks; raise PublishError if it is locked."""
        self._refuse()

    def write_file(self, path: str, content: bytes) -> None:
        """Write a file completely, or leave it as it was."""
        self._refuse()

    def create_file(self, path: str, content: bytes) -> None:
        """Write a new file; raise FileExistsError where there is one with other content."""
        self._refuse()

    def remove_file(self, path: str) -> None:
        """Remove a file if it is there, and the folders in which nothing else is."""
        self._refuse()

    def move_pointer(self, pointer: str, folder: str) -> None:
        """Point to a folder; raise FileExistsError if another writer moved the pointer before."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise PublishError(f"{self.address} can only be read: give a folder to write into")
