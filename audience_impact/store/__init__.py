"""Storage on disk or in an object store: versions, manifests, archives of facts."""

import re

VERSION_ID = re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{12}")
"""Pattern of the ids of versions."""


class PublishError(Exception):
    """A version could not be published or read; the message states the cause and the remedy."""
