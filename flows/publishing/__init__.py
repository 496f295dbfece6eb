"""Everything that touches the disk: versions, manifests, layers of facts."""
