"""The location of the flows for a deployment: the pull step of prefect.yaml."""

from __future__ import annotations

from flows import CHECKOUT


def enter_checkout() -> dict[str, str]:
    """Name the checkout that this package was installed from as the folder of the run.

    No address of a machine is in prefect.yaml: the worker's own installation says where
    the flows are, so a checkout can be moved, and several can share one server.
    """
    return {"directory": str(CHECKOUT)}
