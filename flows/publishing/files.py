"""Writing files so that a reader finds the old one or the new one, whole."""

import json
import os
from pathlib import Path


def flush(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder, before anything rests on it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside, flush it and rename it into place."""
    aside = path.with_name(f".tmp-{path.name}-{os.getpid()}")
    try:
        aside.write_bytes(content)
        flush(aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def as_json(value: object) -> bytes:
    """JSON for a reader, the same bytes for the same value."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"
