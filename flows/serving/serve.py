"""Run the schedule of prefect.yaml until interrupted, with no other set-up.

The server is the one that is configured (PREFECT_API_URL or a profile); else the one that
already answers at Prefect's usual address on this machine; else Prefect's embedded server,
started for the occasion and stopped at the end.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ObjectAlreadyExists
from prefect.flows import load_flow_from_entrypoint
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_SERVER_API_HOST,
    PREFECT_SERVER_API_PORT,
    PREFECT_UI_URL,
    temporary_settings,
)
from prefect.states import Crashed

from flows import CHECKOUT
from flows.serving.children import Child, child, environment, interruptible, prefect_command

PREFECT_YAML = CHECKOUT / "prefect.yaml"
START_SECONDS = 120.0
STOPPED = "The worker was stopped while the run was under way."
UNDER_WAY = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


class ServeError(Exception):
    """The schedule cannot run; the text says why and what to do."""


def serve() -> None:
    """Run the schedule until Ctrl-C or SIGTERM; exit with the reason when it cannot run."""
    try:
        with interruptible(), server() as embedded:
            pool = work_pool()
            create(pool)
            deploy()
            with worker(pool) as process:
                say(f"The schedule runs; see {PREFECT_UI_URL.value()}; Ctrl-C stops it.")
                watch({"worker": process, **embedded})
    except ServeError as error:
        raise SystemExit(str(error)) from None


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


@contextmanager
def server() -> Iterator[dict[str, Child]]:
    """Make sure that a Prefect server answers, and give its process if it had to be started."""
    configured = PREFECT_API_URL.value()
    api = configured or (
        f"http://{PREFECT_SERVER_API_HOST.value()}:{PREFECT_SERVER_API_PORT.value()}/api"
    )
    with temporary_settings({PREFECT_API_URL: api}):
        trouble = what_is_wrong()
        if trouble is None:
            say(f"Using the Prefect server at {api}.")
            yield {}
        elif configured:
            raise ServeError(f"No Prefect server answers at {api} (PREFECT_API_URL): {trouble}")
        else:
            with embedded_server(api) as process:
                yield {"server": process}


@contextmanager
def embedded_server(api: str) -> Iterator[Child]:
    """Run Prefect's embedded server, on SQLite in Prefect's home, for as long as the block."""
    say(f"Starting a Prefect server at {api}.")
    with child(prefect_command("server", "start"), silent=True) as process:
        deadline = time.monotonic() + START_SECONDS
        while (trouble := what_is_wrong()) is not None:
            if process.poll() is not None:
                raise ServeError(
                    f"The Prefect server ended before it answered (exit status"
                    f" {process.returncode}). If another program has its port, name a free one"
                    " in PREFECT_SERVER_API_PORT."
                )
            if time.monotonic() > deadline:
                raise ServeError(f"No answer from {api} in {START_SECONDS:.0f} s: {trouble}")
            time.sleep(0.2)
        yield process


def what_is_wrong() -> str | None:
    """Ask the server of the settings for its version; say what went wrong, if anything did."""
    try:
        with get_client(httpx_settings={"timeout": 10.0}, sync_client=True) as client:
            client.api_version()
    except Exception as trouble:  # whatever it is, no Prefect server answers there
        return str(trouble) or type(trouble).__name__
    return None


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


def deploy() -> None:
    """Bring the deployments of prefect.yaml to the server, new or changed."""
    for deployment in deployments():
        require_flow(deployment["entrypoint"])
    command = prefect_command("deploy", "--all", "--prefect-file", str(PREFECT_YAML))
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServeError(f"{PREFECT_YAML.name} cannot be deployed.\n{done.stdout}{done.stderr}")


def require_flow(entrypoint: str) -> None:
    """Make sure that a flow loads; Prefect itself would deploy one whose imports are broken."""
    try:
        load_flow_from_entrypoint(str(CHECKOUT / entrypoint), use_placeholder_flow=False)
    except Exception as error:  # a module may fail in any way when it is imported
        raise ServeError(f"{PREFECT_YAML.name}: {entrypoint} does not load: {error!r}") from None


@contextmanager
def worker(pool: str) -> Iterator[Child]:
    """Run a worker that takes one run after the other, for as long as the block.

    After a pause several runs may be due at once, and all would publish to the same folder.
    """
    name = f"audience-impact on {socket.gethostname()}, process {os.getpid()}"
    words = ["--pool", pool, "--type", "process", "--name", name, "--limit", "1"]
    try:
        with child(prefect_command("worker", "start", *words)) as process:
            yield process
    finally:
        end_runs_of(name)


def end_runs_of(worker_name: str) -> None:
    """Mark what a stopped worker was running as crashed; else it would run for ever in the UI.

    A worker that stops kills its run, which has no time to report. Nothing is lost: `latest`
    moves in one step or not at all, and the next run starts from the facts.
    """
    running = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNDER_WAY)))
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=running):
            if run.labels.get("prefect.worker.name") == worker_name:
                state: State[None] = Crashed(message=STOPPED)
                client.set_flow_run_state(run.id, state, force=True)


def watch(children: dict[str, Child]) -> NoReturn:
    """Wait for an interrupt; a child that ends by itself is an error."""
    while True:
        for name, process in children.items():
            if process.poll() is not None:
                raise ServeError(
                    f"The Prefect {name} ended by itself (exit status {process.returncode})."
                )
        time.sleep(0.5)
