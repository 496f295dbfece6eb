"""Write files atomically: a reader finds either the complete old file or the complete new one."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path


def flush_to_disk(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, flush it and rename it."""
    aside = path.with_name(f".tmp-{path.name}-{os.getpid()}")
    try:
        aside.write_bytes(content)
        flush_to_disk(aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def write_below(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their paths below a folder, and flush each to the disk."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        flush_to_disk(path)


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write several files, all or none: first under temporary names, then by renames.

    All files are flushed before the first rename. Links remain and their targets are written. On
    any error the earlier files are restored; only a kill between two renames leaves some files new
    and some old, in the given order.
    """
    places = {path.resolve(): content for path, content in files.items()}
    aside = {path: path.with_name(f".tmp-{path.name}-{os.getpid()}") for path in places}
    before = {path: path.read_bytes() if path.exists() else None for path in places}
    done: list[Path] = []
    try:
        for path, content in places.items():
            aside[path].write_bytes(content)
            if path.exists():
                shutil.copymode(path, aside[path])
            flush_to_disk(aside[path])
        for path in places:
            done.append(path)
            aside[path].replace(path)
    except BaseException:
        _put_back({path: before[path] for path in done})
        raise
    finally:
        for path in aside.values():
            path.unlink(missing_ok=True)
    for folder in {path.parent for path in places}:
        flush_to_disk(folder)


def _put_back(before: Mapping[Path, bytes | None]) -> None:
    for path, content in before.items():
        if content is None:
            path.unlink(missing_ok=True)
        else:
            write_whole(path, content)


def as_json(value: object) -> bytes:
    """Return a value as indented JSON with sorted keys: the same bytes for the same value."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"
