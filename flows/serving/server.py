"""The Prefect server of the schedule: the one that is configured, else one of its own.

Whoever reaches a Prefect server can start runs with parameters of their choice. The server
started here therefore knows nobody but the owner of this process: it listens on a socket that
this process opened, asks for a password made for the occasion, and takes no request from
another site's page. A server that merely answers at the usual address is never used: only
PREFECT_API_URL says whom to trust.
"""

import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_SERVER_API_AUTH_STRING,
    PREFECT_SERVER_API_HOST,
    PREFECT_SERVER_API_PORT,
    PREFECT_SERVER_CORS_ALLOWED_ORIGINS,
    PREFECT_SERVER_CSRF_PROTECTION_ENABLED,
    temporary_settings,
)
from prefect.settings.legacy import Setting

from flows.serving.children import Child, ServeError, child
from flows.serving.preparing import bypass_proxy, require_home

START_SECONDS = 120.0
OWNER_ALONE = 0o077
"""The umask under which nobody but the owner reads a file."""


@contextmanager
def server() -> Iterator[dict[str, Child]]:
    """Make sure that a Prefect server answers, and give its process if it had to be started."""
    configured = PREFECT_API_URL.value()
    if configured is None:
        with embedded_server() as process:
            yield {"server": process}
        return
    if (trouble := what_is_wrong()) is not None:
        raise ServeError(f"No Prefect server answers at {configured} (PREFECT_API_URL): {trouble}")
    say(f"Using the Prefect server at {configured}.")
    yield {}


@contextmanager
def embedded_server() -> Iterator[Child]:
    """Run a Prefect server, on SQLite in Prefect's home, for as long as the block.

    From before the password is sent until the server ends nobody else can listen on its port.
    """
    require_home()
    host, port = PREFECT_SERVER_API_HOST.value(), PREFECT_SERVER_API_PORT.value()
    address = f"http://{host}:{port}"
    with (
        closing(listen(host, port)) as listening,
        password(port) as (word, file),
        temporary_settings(own_settings(address, word)),
    ):
        say(f"Starting a Prefect server at {address}/api; its password is in {file}.")
        bypass_proxy(host)
        number = listening.fileno()
        command = [sys.executable, "-m", "flows.serving.embedded", str(number)]
        with child(command, silent=True, sockets=(number,), umask=OWNER_ALONE) as process:
            listening.close()  # the server has it; when it ends, so do connections
            wait_for(process)
            yield process


def own_settings(address: str, word: str) -> dict[Setting, Any]:
    """Give the settings of the own server and of whoever talks to it."""
    return {
        PREFECT_API_URL: f"{address}/api",
        PREFECT_API_AUTH_STRING: word,
        PREFECT_SERVER_API_AUTH_STRING: word,
        PREFECT_SERVER_CORS_ALLOWED_ORIGINS: address,
        PREFECT_SERVER_CSRF_PROTECTION_ENABLED: True,
    }


def listen(host: str, port: int) -> socket.socket:
    """Open the port of the server, before anything is sent there."""
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise ServeError(
            f"No server can listen at {host}:{port}: {error.strerror or error}. Name a free port in"
            " PREFECT_SERVER_API_PORT, or, if a Prefect server that you trust listens there, its"
            " address in PREFECT_API_URL."
        ) from None


@contextmanager
def password(port: int) -> Iterator[tuple[str, Path]]:
    """Give the password of a server, and the file of the owner's alone that holds it meanwhile.

    It is the operator's own where PREFECT_SERVER_API_AUTH_STRING is set, else a random one. A
    database that an earlier version left open to everybody is closed as well.
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


def wait_for(process: Child) -> None:
    """Wait until the server answers, and it is that process that does."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        trouble = what_is_wrong()
        if process.poll() is not None:  # looked at last: who answers now is somebody else
            raise ServeError(
                f"The Prefect server ended before it answered (exit status {process.returncode})."
            )
        if trouble is None:
            return
        if time.monotonic() > deadline:
            raise ServeError(
                f"No answer from {PREFECT_API_URL.value()} in {START_SECONDS:.0f} s: {trouble}"
            )
        time.sleep(0.2)


def what_is_wrong() -> str | None:
    """Ask the server of the settings for its version; say what went wrong, if anything did."""
    try:
        with get_client(httpx_settings={"timeout": 10.0}, sync_client=True) as client:
            client.api_version()
    except Exception as trouble:  # whatever it is, no Prefect server answers there
        return str(trouble) or type(trouble).__name__
    return None


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)
