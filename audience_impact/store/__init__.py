"""Everything that touches the disk: versions, manifests, storage, layers of facts."""

import re

VERSION_ID = re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{12}")
"""What versions are called, and nothing else of ours."""


class PublishError(Exception):
    """A version could not be published or read; the message says why and what to do."""
