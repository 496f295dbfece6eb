"""A worker that dies once, and does what it should the next time."""

import os
import signal
from pathlib import Path

from flows.pipeline import parts

MARK = "died"
COMPUTE = parts.compute_in


def compute_in(path: Path, number: int) -> None:
    """Compute a part; who is the first to be asked for the last of them dies of it."""
    mark = path / MARK
    if not mark.exists() and not (path / "given" / f"{number + 1}.pickle").exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    COMPUTE(path, number)


def always(path: Path, number: int) -> None:
    """Die of any part."""
    os.kill(os.getpid(), signal.SIGKILL)
