"""The location of the flows for a deployment: the pull step of prefect.yaml."""

from __future__ import annotations

from flows import CHECKOUT


def enter_checkout() -> dict[str, str]:
    """Return the checkout of this installation as the folder of a run.

    prefect.yaml contains no path of a machine; the installation of the worker determines the
    folder, so that a checkout can be moved and several can share a server.
    """
    return {"directory": str(CHECKOUT)}
