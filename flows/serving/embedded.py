"""Prefect's server on an inherited socket: a child process of `audience-impact serve`.

Prefect's own command opens the port itself, so that between two starts another process on the
machine could open it. Here the parent opens the port first and does not close it, so that every
answer comes from this server.
"""

import signal
import socket
import sys

import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import (
    PREFECT_SERVER_API_HOST,
    PREFECT_SERVER_API_KEEPALIVE_TIMEOUT,
    PREFECT_SERVER_LOGGING_LEVEL,
)
from starlette.middleware.trustedhost import TrustedHostMiddleware

from flows.serving.children import end_with_parent

LOOPBACK = ("127.0.0.1", "localhost")


def list_hosts(bound: str) -> list[str]:
    """Return the host names that requests may use for the address of the server.

    On the loopback address this refuses a name that a foreign page points at this machine. An
    operator who opens the server to the network decides on the names there.
    """
    return list(LOOPBACK) if bound in LOOPBACK else ["*"]


def main() -> None:
    """Serve on the socket whose number the parent passed, until the parent ends."""
    listening = socket.socket(fileno=int(sys.argv[1]))
    end_with_parent(signal.SIGTERM)
    app = create_app(final=True)
    app.add_middleware(
        TrustedHostMiddleware, allowed_hosts=list_hosts(PREFECT_SERVER_API_HOST.value())
    )
    config = uvicorn.Config(
        app,
        timeout_keep_alive=PREFECT_SERVER_API_KEEPALIVE_TIMEOUT.value(),
        log_level=PREFECT_SERVER_LOGGING_LEVEL.value().lower(),
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
