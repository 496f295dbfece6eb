"""Storage on disk or in an object store: versions, their history, manifests, archives of facts."""

import re

from audience_impact.plain_text import ReadableError

VERSION_ID = re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{12}")
"""Pattern of the ids of versions, which depend only on what the versions were computed from."""
VERSION_FOLDER = re.compile(rf"(?:v(\d{{6,}})-)?({VERSION_ID.pattern})")
"""Pattern of the names of their folders: `v000042-<id>`, or the id alone in older installations.

The number counts the versions of one place, so that the names sort in the order of publication.
"""


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


def require_inside(folder: str, address: str) -> str:
    """Return the folder that a pointer names; raise PublishError if it is none below the root.

    Whoever may write the pointer could otherwise let a reader read anything.
    """
    parts = folder.split("/")
    if len(parts) < 2 or any(part in ("", ".", "..") or not part.isprintable() for part in parts):
        raise PublishError(f"{address} leads out of its folder: move it away and publish again")
    return folder
