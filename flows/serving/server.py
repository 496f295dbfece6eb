"""The Prefect server of a run or of the schedule: the configured server, otherwise a new one.

Whoever reaches a Prefect server can start runs with parameters of their choice, and a process that
answers in its place can send objects that execute code. The server started here therefore accepts
only the owner of this process: it listens on a socket that this process opened, requires a password
generated for this server, and rejects requests from pages of other sites. A server that merely
answers at the usual address is never used: only the server in PREFECT_API_URL is trusted.
"""

from __future__ import annotations

import importlib
import os
import secrets
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from prefect.client.orchestration import get_client
from prefect.context import refresh_global_settings_context
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_HOME,
    PREFECT_SERVER_API_AUTH_STRING,
    PREFECT_SERVER_API_HOST,
    PREFECT_SERVER_API_PORT,
    PREFECT_SERVER_CORS_ALLOWED_ORIGINS,
    PREFECT_SERVER_CSRF_PROTECTION_ENABLED,
    PREFECT_SERVER_UI_ENABLED,
    temporary_settings,
)

from audience_impact.store.files import AGAIN
from flows import CHECKOUT
from flows.serving.children import Child, ServeError, run_child
from flows.serving.preparing import bypass_proxy, close_database, hide_passwords, require_home

DRAIN_SECONDS = 5.0
START_SECONDS = 180.0
"""Maximum seconds for the start of the server; a busy machine with an empty home needs a minute."""
LOOPBACK = "127.0.0.1"
OF_A_RUN = {
    # Prefect's own word for a server without the services of a schedule.
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
}
"""Environment variables for the server of a single run, without scheduler."""
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
Settings = dict[Any, Any]
"""Prefect's settings and their values; the class of its settings has no public name."""
MOST_LINES = 200
"""Maximum number of stored lines of a server."""
OWNER_ALONE = 0o077
"""Umask under which only the owner can read a file."""


@contextmanager
def provide_server() -> Iterator[dict[str, Child]]:
    """Yield the process of a new Prefect server; none where the configured server answers."""
    configured = PREFECT_API_URL.value()
    if configured is None:
        with run_embedded_server() as process:
            yield {"server": process}
        return
    if (trouble := describe_trouble()) is not None:
        raise ServeError(
            f"No Prefect server answers at {configured} (PREFECT_API_URL): {trouble}: {AGAIN}"
        )
    print_line(f"Using the Prefect server at {configured}.")
    yield {}


@contextmanager
def run_embedded_server() -> Iterator[Child]:
    """Run the Prefect server of a schedule, on SQLite in Prefect's home, during the block."""
    require_home()
    host, port = PREFECT_SERVER_API_HOST.value(), PREFECT_SERVER_API_PORT.value()
    address = f"http://{host}:{port}"
    with (
        closing(open_port(host, port)) as listening,
        provide_password(port) as (word, file),
        temporary_settings(make_settings(address, word)),
    ):
        print_line(f"Starting a Prefect server at {address}/api; its password is in {file}.")
        bypass_proxy(host)
        with _run_server(listening) as (process, log):
            log.follow()
            yield process


@contextmanager
def run_server_of_a_run(modules: Sequence[str] = ()) -> Iterator[None]:
    """Run a Prefect server for this process and its children, on a free port of the loopback.

    The modules are imported while the server starts. Raises ServeError where it does not start.
    """
    close_database()
    word = PREFECT_SERVER_API_AUTH_STRING.value() or f"run:{secrets.token_urlsafe(32)}"
    with closing(open_port(LOOPBACK, 0)) as listening:
        address = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        settings = {
            **make_settings(address, word),
            PREFECT_SERVER_API_HOST: LOOPBACK,
            PREFECT_SERVER_UI_ENABLED: False,  # a notice then names no page, which is soon gone
        }
        with (
            temporary_settings(settings),
            _export_settings(settings),
            _run_server(listening, OF_A_RUN, modules),
        ):
            try:
                yield
            finally:
                for worker in (APILogWorker, EventsWorker):
                    worker.drain_all(timeout=DRAIN_SECONDS)  # later nobody answers them


class ServerLog:
    """The lines that a server writes to its standard error.

    A server that does not start writes over a hundred lines, of which the last states the cause.
    So lines are stored until `follow`, which prints them and all later ones with the time.
    """

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.written: IO[bytes] = os.fdopen(writing, "wb")
        self._read = os.fdopen(reading, encoding="utf-8", errors="replace")
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._is_followed = threading.Event()
        self._thread = threading.Thread(target=self._collect_lines, daemon=True)

    def begin(self) -> None:
        """Begin to read, once the server has the other end of the pipe."""
        self.written.close()
        self._thread.start()

    def find_cause(self) -> str:
        """Return the last line of a server that ended, after a colon; blank if there is none."""
        self._thread.join(DRAIN_SECONDS)
        lines = [line.strip(" .") for line in self._lines]
        # The server's log ends by saying that it ends; the error itself stands before that.
        return next((f": {line}" for line in lines[::-1] if line and "ERROR:" not in line), "")

    def follow(self) -> None:
        """Print the lines of the server from now on."""
        self._is_followed.set()

    def _collect_lines(self) -> None:
        with self._read:
            for line in self._read:
                self._lines.append(line.rstrip())
                while self._is_followed.is_set() and self._lines:
                    print_line(f"server: {self._lines.popleft()}")


@contextmanager
def _run_server(
    listening: socket.socket,
    variables: Mapping[str, str] = NO_VARIABLES,
    modules: Sequence[str] = (),
) -> Iterator[tuple[Child, ServerLog]]:
    """Run a server on a socket during the block, which begins once the server answers.

    Yields its process and its log. Nobody else can listen on its port from before the password is
    sent until the server ends. Modules are imported while it starts.
    """
    number = listening.fileno()
    # Without -P it would import what lies in the folder that the command is called from.
    command = [sys.executable, "-P", "-m", "flows.serving.embedded", str(number)]
    path = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    log = ServerLog()
    with run_child(
        command,
        silent=True,
        errors=log.written,
        sockets=(number,),
        umask=OWNER_ALONE,
        variables={**variables, "PYTHONPATH": path},
    ) as process:
        log.begin()
        listening.close()  # the server has it; when it ends, so do connections
        for module in modules:
            importlib.import_module(module)
        wait_for_server(process, log)
        yield process, log


@contextmanager
def _export_settings(settings: Settings) -> Iterator[None]:
    """Set settings for this process, its threads and its children during the block."""
    before = dict(os.environ)
    os.environ.update({setting.name: str(value) for setting, value in settings.items()})
    refresh_global_settings_context()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        refresh_global_settings_context()


def make_settings(address: str, word: str) -> Settings:
    """Return Prefect's settings for the started server and its clients, with password `word`."""
    return {
        PREFECT_API_URL: f"{address}/api",
        PREFECT_API_AUTH_STRING: word,
        PREFECT_SERVER_API_AUTH_STRING: word,
        PREFECT_SERVER_CORS_ALLOWED_ORIGINS: address,
        PREFECT_SERVER_CSRF_PROTECTION_ENABLED: True,
    }


def open_port(host: str, port: int) -> socket.socket:
    """Return a socket on the port of the server, opened before anything is sent to the port."""
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise ServeError(
            f"No server can listen at {host}:{port}: {error.strerror or error}. Name a free port in"
            " PREFECT_SERVER_API_PORT, or, if a Prefect server that you trust listens there, its"
            " address in PREFECT_API_URL."
        ) from None


@contextmanager
def provide_password(port: int) -> Iterator[tuple[str, Path]]:
    """Yield the password of a server, and a file with it that only its owner can read.

    The operator's password is used if PREFECT_SERVER_API_AUTH_STRING is set, else a random one. A
    database that an earlier version left readable by everybody is closed as well.
    """
    word = PREFECT_SERVER_API_AUTH_STRING.value() or f"serve:{secrets.token_urlsafe(32)}"
    home = PREFECT_HOME.value()
    file = home / f"audience-impact-{port}.password"
    try:
        home.mkdir(parents=True, exist_ok=True)
        for database in home.glob("prefect.db*"):
            database.chmod(0o600)
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as written:
            written.write(word)
    except OSError as error:
        raise ServeError(f"Prefect's home (PREFECT_HOME) cannot be written: {error}") from None
    try:
        yield word, file
    finally:
        file.unlink(missing_ok=True)


def wait_for_server(process: Child, log: ServerLog) -> None:
    """Wait until the server answers and its process still runs.

    Raises ServeError with the cause as soon as the process has ended.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
            trouble = describe_trouble()
        if process.poll() is not None:  # looked at last: who answers now is somebody else
            raise ServeError(
                "The Prefect server ended before it answered (exit status "
                f"{process.returncode}){log.find_cause()}{_name_database()}."
            )
        if trouble is None:
            return
        if time.monotonic() > deadline:
            raise ServeError(
                f"No answer from {PREFECT_API_URL.value()} in {START_SECONDS:.0f} s: {trouble}"
            )
        time.sleep(0.2)


def _name_database() -> str:
    """Return where the database of the server is named; blank for the one in its home."""
    name = "PREFECT_API_DATABASE_CONNECTION_URL"
    return f" (its database is that of {name})" if os.environ.get(name) else ""


def describe_trouble() -> str | None:
    """Return in a sentence why the configured server does not respond; None if it does."""
    try:
        with get_client(httpx_settings={"timeout": 10.0}, sync_client=True) as client:
            client.api_version()
    except Exception as trouble:  # whatever it is, no Prefect server answers there
        return str(trouble) or type(trouble).__name__
    return None


def print_line(line: str) -> None:
    """Print a line with the time at once, also into a pipe; passwords of addresses are left out."""
    print(stamp_line(line), flush=True)


def stamp_line(line: str) -> str:
    """Return a line of the log of `serve`: the time in UTC, and the line without passwords."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {hide_passwords(line)}"
