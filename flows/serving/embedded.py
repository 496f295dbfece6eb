"""Prefect's server on a socket that it is handed: a child process of `audience-impact serve`.

Prefect's own command opens the port itself, and between two starts anybody else on the machine
may. Here the parent opens it first and keeps it open, so whatever answers there is this server.
"""

import os
import signal
import socket
import sys
import threading
import time

import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import (
    PREFECT_SERVER_API_HOST,
    PREFECT_SERVER_API_KEEPALIVE_TIMEOUT,
    PREFECT_SERVER_LOGGING_LEVEL,
)
from starlette.middleware.trustedhost import TrustedHostMiddleware

LOOPBACK = ("127.0.0.1", "localhost")
ALIVE_SECONDS = 1.0


def hosts(bound: str) -> list[str]:
    """Name the hosts that a request may be addressed to, for the address the server is bound to.

    On the loopback alone a name that a foreign page has pointed at this machine is refused; who
    opens the server to the network decides on the names there.
    """
    return list(LOOPBACK) if bound in LOOPBACK else ["*"]


def main() -> None:
    """Serve on the socket whose number the parent gave, until it says stop or is gone."""
    listening = socket.socket(fileno=int(sys.argv[1]))
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    app = create_app(final=True)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts(PREFECT_SERVER_API_HOST.value()))
    config = uvicorn.Config(
        app,
        timeout_keep_alive=PREFECT_SERVER_API_KEEPALIVE_TIMEOUT.value(),
        log_level=PREFECT_SERVER_LOGGING_LEVEL.value().lower(),
    )
    uvicorn.Server(config).run(sockets=[listening])


def _follow(parent: int) -> None:
    """Stop this process when its parent is gone: a killed parent cannot stop it any more."""
    while os.getppid() == parent:
        time.sleep(ALIVE_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
