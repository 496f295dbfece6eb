"""Access Now's STOP register: its cells, its targets, its events."""
