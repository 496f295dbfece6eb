"""Child processes that end with the block that needs them."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from prefect.settings import get_current_settings

from audience_impact.plain_text import ReadableError

GRACE_SECONDS = 30.0
ALIVE_SECONDS = 1.0
PARENT = "_SERVED_BY"
"""Environment variable with the process id of a child's parent."""

Child = subprocess.Popen[bytes]


class ServeError(ReadableError):
    """The schedule cannot run; the text states the cause and the remedy."""


class Interrupted(BaseException):
    """A request to stop this process; like KeyboardInterrupt, it is not an error."""


def _raise_interrupted(number: int, frame: FrameType | None) -> None:
    raise Interrupted


@contextmanager
def end_on_interrupt() -> Iterator[None]:
    """End the block without a traceback on Ctrl-C or SIGTERM, after its children.

    SIGINT gets a handler because of the children: a script that starts this process in the
    background makes it ignore SIGINT, children inherit that, and a Prefect worker that ignores
    SIGINT cannot be stopped.
    """
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, _raise_interrupted) for number in numbers]
    try:
        yield
    except Interrupted:
        pass
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def build_environment() -> dict[str, str]:
    """Return the variables with which a child has the same Prefect settings as this process.

    Telemetry is off unless somebody switched it on: without a network the server logs an error
    at every start, and its heartbeat can lock a database that a run is writing to.
    """
    settings = get_current_settings().to_environment_variables(exclude_unset=True)
    return {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", **os.environ, **settings}


@contextmanager
def run_child(
    command: list[str],
    *,
    silent: bool = False,
    errors: IO[bytes] | None = None,
    folder: Path | None = None,
    sockets: tuple[int, ...] = (),
    umask: int = -1,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Child]:
    """Run a command while the block lasts.

    The child has a separate session, so that Ctrl-C in a terminal interrupts only this process and
    the children stop in the order of the blocks: a run before its server. Passwords are passed in
    the environment, which only the owner can read; anybody can read a command line.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=build_environment() | {PARENT: str(os.getpid())} | dict(variables or {}),
        stdout=subprocess.DEVNULL if silent else None,
        stderr=errors,
        start_new_session=True,
        pass_fds=sockets,
        umask=umask,
    )
    try:
        yield process
    finally:
        stop_child(process)


def stop_child(process: Child) -> None:
    """Ask a child to stop; kill it if it does not, or after a second interrupt."""
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except (subprocess.TimeoutExpired, Interrupted):
        process.kill()
        process.wait()


def end_with_parent(number: signal.Signals) -> None:
    """Make the system send a signal to this process when its parent ends.

    A killed parent cannot stop its child, which would keep the port, or publish a run that another
    process has begun anew.
    """
    threading.Thread(target=_follow_parent, args=(number,), daemon=True).start()


def _follow_parent(number: signal.Signals) -> None:
    while str(os.getppid()) == os.environ[PARENT]:
        time.sleep(ALIVE_SECONDS)
    os.kill(os.getpid(), number)
