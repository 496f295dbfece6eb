"""A process beside the command's own, which does the steps of a run while Prefect is imported.

It is asked on its standard input, and answers on its standard output with what it did
(ahead.Done). It has a session of its own, and ends with whoever asked it: when its input closes it
ends itself and all that it has started, so an interrupted or killed command leaves nobody behind.
Where it dies, nothing is handed over, and the tasks do their steps themselves.
"""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[2]
ASKED = "from flows.pipeline.aside import answer; answer()"
QUIET = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""The other processor starts the server: threads of algebra would only wait for one another."""


@contextmanager
def begun(folders: list[Path], wanted: Mapping[str, Any]) -> Iterator[Callable[[], None]]:
    """A process does the steps of a run while the block lasts.

    What is given takes over what it did: it waits for the process, and after it the tasks of this
    one find their steps done.
    """
    with tempfile.TemporaryDirectory(
        prefix="audience-impact-", ignore_cleanup_errors=True
    ) as folder:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", ASKED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(folder),
            start_new_session=True,
        )
        try:
            with suppress(BrokenPipeError):  # it died: nothing will come of it
                _send((folders, dict(wanted)), process)
            yield partial(_take_over, process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(BrokenPipeError):
                process.communicate()


def _environment(folder: str) -> dict[str, str]:
    """That of this process; the code is the same, and what is left of its files goes with it."""
    path = os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH")]))
    return {**QUIET, **os.environ, "PYTHONPATH": path, "TMPDIR": folder}


def _send(question: object, process: "subprocess.Popen[bytes]") -> None:
    if process.stdin:
        process.stdin.write(pickle.dumps(question))
        process.stdin.flush()


def _take_over(process: "subprocess.Popen[bytes]") -> None:
    from flows.pipeline import ahead

    with suppress(EOFError, pickle.UnpicklingError):  # it died
        if process.stdout:
            ahead.hold(pickle.load(process.stdout))


def answer() -> None:
    """Do what is asked on standard input, and say on standard output what was done."""
    with open(0, "rb", buffering=0, closefd=False) as question:
        folders, wanted = pickle.load(question)
    threading.Thread(target=_end_with_asker, daemon=True).start()
    from flows.pipeline import ahead

    with os.fdopen(os.dup(1), "wb") as told:
        os.dup2(2, 1)  # whatever a library prints is no part of the answer
        ahead.run(folders, wanted)
        pickle.dump(ahead.held(), told, protocol=pickle.HIGHEST_PROTOCOL)


def _end_with_asker() -> None:
    """End this session once nobody can ask any more."""
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)
