"""Run the schedule of prefect.yaml until interrupted, with no other set-up.

The server is the one that is configured (PREFECT_API_URL or a profile), else one of its own,
started for the occasion and stopped at the end.
"""

import subprocess
from contextlib import suppress
from typing import Any

import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.settings import PREFECT_UI_URL

from flows import CHECKOUT
from flows.serving.children import Child, ServeError, environment, interruptible, prefect_command
from flows.serving.preparing import NotReadyError
from flows.serving.runs import Entrypoints, end_left_over, follow
from flows.serving.server import say, server

PREFECT_YAML = CHECKOUT / "prefect.yaml"


def serve() -> None:
    """Run the schedule until Ctrl-C or SIGTERM; exit with the reason when it cannot run."""
    try:
        with interruptible(), server() as embedded:
            create(work_pool())
            entrypoints = deploy()
            if embedded:
                with get_client(sync_client=True) as client:
                    end_left_over(client, entrypoints)
            say(f"The schedule runs; see {PREFECT_UI_URL.value()}; Ctrl-C stops it.")
            follow(entrypoints, lambda: require_alive(embedded))
    except (ServeError, NotReadyError) as error:
        raise SystemExit(str(error)) from None


def deployments() -> list[dict[str, Any]]:
    """Read the deployments of prefect.yaml."""
    return list(yaml.safe_load(PREFECT_YAML.read_text(encoding="utf-8"))["deployments"])


def work_pool() -> str:
    """Name the work pool of prefect.yaml: all its deployments share one."""
    (pool,) = {deployment["work_pool"]["name"] for deployment in deployments()}
    return str(pool)


def create(pool: str) -> None:
    """Create a work pool of processes, unless it is there; one that is there stays as it is."""
    with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))


def deploy() -> Entrypoints:
    """Bring the deployments of prefect.yaml to the server, new or changed."""
    names = [f"{require_flow(one['entrypoint']).name}/{one['name']}" for one in deployments()]
    command = prefect_command("deploy", "--all", "--prefect-file", str(PREFECT_YAML))
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServeError(f"{PREFECT_YAML.name} cannot be deployed.\n{done.stdout}{done.stderr}")
    with get_client(sync_client=True) as client:
        ids = [client.read_deployment_by_name(name).id for name in names]
    return dict(zip(ids, (one["entrypoint"] for one in deployments()), strict=True))


def require_flow(entrypoint: str) -> Flow[..., Any]:
    """Make sure that a flow loads; Prefect itself would deploy one whose imports are broken."""
    try:
        return load_flow_from_entrypoint(str(CHECKOUT / entrypoint), use_placeholder_flow=False)
    except Exception as error:  # a module may fail in any way when it is imported
        raise ServeError(f"{PREFECT_YAML.name}: {entrypoint} does not load: {error!r}") from None


def require_alive(children: dict[str, Child]) -> None:
    """Make sure that no child has ended by itself."""
    for name, process in children.items():
        if process.poll() is not None:
            raise ServeError(
                f"The Prefect {name} ended by itself (exit status {process.returncode})."
            )
