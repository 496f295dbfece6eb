"""A publisher to be raced and waited for: run as a program by the tests of publishing.

    publish_driver.py publish ROOT FIRST_SEED COUNT    COUNT versions, the first of FIRST_SEED
    publish_driver.py hold ROOT                        hold the lock and do nothing

It says `ready` once everything is imported and publishes when it is sent a line.
"""

import os
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from filelock import FileLock

from audience_impact.store.history import Origin
from audience_impact.store.publishing import publish_version
from audience_impact.store.versions import Version

NAMES = [f"table_{number:02}" for number in range(16)]
ROWS = 50
KILLS = int(os.environ.get("AUDIENCE_IMPACT_KILLS", "8"))
"""Number of moments at which tests stop a publisher: more in a night."""
ORIGIN = Origin(datetime(2025, 10, 1, tzinfo=UTC), {"arrow": "1.0"}, "0.1.0")


def main() -> None:
    mode, root = sys.argv[1], Path(sys.argv[2])
    if mode == "hold":
        hold(root)
    else:
        be_ready()
        sys.stdin.readline()
        publish_in_a_row(root, *map(int, sys.argv[3:]))


def hold(root: Path) -> None:
    with FileLock(root / ".lock"):
        print("ready", flush=True)
        time.sleep(600)


def be_ready() -> None:
    """Import what is imported at first use, and say so."""
    with TemporaryDirectory() as elsewhere:
        publish_version(Path(elsewhere), version(0), tables(0), about(), ORIGIN, {})
    print("ready", flush=True)


def publish_in_a_row(root: Path, first: int, count: int) -> None:
    """Publish one version after the other, and say of each whether it was new."""
    for seed in range(first, first + count):
        done = publish_version(root, version(seed), tables(seed), about(), ORIGIN, {})
        print(done.version.name, "created" if done.created else "there", flush=True)


class Killed(BaseException):
    """The process ends here, and nothing behind it is done."""


def stop_before(step: int, act: Callable[[], object], module: Any, names: Sequence[str]) -> int:
    """Do something and stop before a step, a call of a function; return the number of steps begun.

    Whatever cleans up afterwards would be dead as well.
    """
    count = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count > step:
                raise Killed
            return real(*words, **named)

        return call

    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        for name in names:
            patch.setattr(module, name, counted(getattr(module, name)))
        act()
    return count


def version(seed: int) -> Version:
    return Version(date(2025, 9, 30), "0" * 64, "method", "schema", seed)


def tables(seed: int) -> dict[str, pa.Table]:
    result = {"description": "which version this row is of", "unit": "", "sdmx_concept": ""}
    schema = pa.schema([pa.field("seed", pa.int64(), nullable=False, metadata=result)])
    # From a buffer: given a list, Arrow looks for pandas first, which would be most of the start.
    seeds = pa.py_buffer(array("q", [seed] * ROWS))
    column = pa.Array.from_buffers(pa.int64(), ROWS, [None, seeds])
    return dict.fromkeys(NAMES, pa.Table.from_arrays([column], schema=schema))


def about() -> dict[str, object]:
    return {
        "title": "Versions to be killed",
        "description": "Written by a test",
        "licence": {"name": "CC0-1.0", "title": "Creative Commons Zero"},
        "sources": [],
        "tables": {name: {"title": name, "description": name, "sources": []} for name in NAMES},
    }


if __name__ == "__main__":
    main()
