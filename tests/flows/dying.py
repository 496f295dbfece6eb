"""Workers that die of a part: once or always; and one that tells what it sees."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from flows.pipeline import parts

MARK = "died"
COMPUTE = parts.compute_in
TOLD = "TOLD_BY_WORKERS"
"""The folder, named in the environment, where workers leave what they see."""


def compute_in(path: Path, number: int) -> Any:
    """Compute a part; who is the first to be asked for the last of them dies of it."""
    mark = Path(os.environ[TOLD]) / MARK
    if not mark.exists() and not (path / f"{number + 1}.pickle").exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return COMPUTE(path, number)


def always(path: Path, number: int) -> None:
    """Die of any part."""
    os.kill(os.getpid(), signal.SIGKILL)


def lasting(path: Path, number: int) -> None:
    """Say who computes a part, and never be done."""
    (path / f"{number}-{os.getpid()}").touch()
    time.sleep(3600)


STRANGER = """
import sys
from distributed import Client
from distributed.security import Security
for address, security in ((sys.argv[1], None), (sys.argv[2], Security.temporary())):
    try:
        with Client(address, security=security, timeout=3) as client:
            print("reached", client.run_on_scheduler(lambda: "ran"))
    except (OSError, TypeError, ValueError):
        print("refused")
"""
"""Another user of the machine, who has no certificate or one of their own."""


def besieged(path: Path, number: int) -> Any:
    """Compute a part; tell if its worker pauses or is profiled, and what a stranger achieves."""
    from distributed import get_worker

    worker: Any = get_worker()
    pauses = worker.memory_manager.memory_pause_fraction
    settings = f"{pauses} {'profile' in worker.periodic_callbacks}\n"
    at = str(worker.scheduler.address).partition("://")[2]
    words = [sys.executable, "-c", STRANGER, f"tcp://{at}", f"tls://{at}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    (Path(os.environ[TOLD]) / str(number)).write_text(settings + done.stdout)
    return COMPUTE(path, number)
