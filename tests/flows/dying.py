"""Workers that die of a part: once, always, or when the server knows of it; and one that tells."""

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


def compute_in(path: Path, number: int) -> None:
    """Compute a part; who is the first to be asked for the last of them dies of it."""
    mark = path / MARK
    if not mark.exists() and not (path / "parts" / f"{number + 1}.pickle").exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    COMPUTE(path, number)


def recording(path: Path, number: int) -> None:
    """Record how often the computation of each part began, and die as `compute_in` does."""
    begun = len(list(path.glob(f"begun-{number}-*")))
    (path / f"begun-{number}-{begun + 1}").touch()
    compute_in(path, number)


def always(path: Path, number: int) -> None:
    """Die of any part."""
    os.kill(os.getpid(), signal.SIGKILL)


def lasting(path: Path, number: int) -> None:
    """Say who computes a part, and never be done."""
    (path / f"{number}-{os.getpid()}").touch()
    time.sleep(3600)


TOLD = "TOLD_BY_WORKERS"
"""The folder, named in the environment, where workers say which server they report to."""


def telling(path: Path, number: int) -> None:
    """Compute a part, and tell its client's server, when a worker pauses, if it is profiled."""
    from distributed import get_worker
    from prefect.client.orchestration import get_client

    COMPUTE(path, number)
    worker: Any = get_worker()
    server, pauses = get_client(sync_client=True).api_url, worker.memory_manager
    result = f"{server} {pauses.memory_pause_fraction} {'profile' in worker.periodic_callbacks}"
    (Path(os.environ[TOLD]) / str(number)).write_text(result)


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


def besieged(path: Path, number: int) -> None:
    """Compute a part, and tell whether a stranger has the scheduler run code."""
    from distributed import get_worker

    COMPUTE(path, number)
    worker: Any = get_worker()
    at = str(worker.scheduler.address).partition("://")[2]
    words = [sys.executable, "-c", STRANGER, f"tcp://{at}", f"tls://{at}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    (Path(os.environ[TOLD]) / str(number)).write_text(done.stdout)


def known(path: Path, number: int) -> None:
    """Die of any part: of the first once the server knows that it is under way."""
    from prefect.client.orchestration import get_client
    from prefect.context import TaskRunContext
    from prefect.exceptions import ObjectNotFound

    context = TaskRunContext.get()
    while number == 0 and context is not None:
        try:
            run = get_client(sync_client=True).read_task_run(context.task_run.id)
            if run.state is not None and run.state.is_running():
                break
        except ObjectNotFound:
            time.sleep(0.1)
    always(path, number)
