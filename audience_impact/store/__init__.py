"""Everything that touches the disk: versions, manifests, storage, layers of facts."""


class PublishError(Exception):
    """A version could not be published or read; the message says why and what to do."""
