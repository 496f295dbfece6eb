"""The schedule on a real Prefect server: `audience-impact serve`, its deployment and its runs."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.states import Scheduled

from tests.flows.test_notices import take_notices
from tests.support import small

pytestmark = [pytest.mark.service, pytest.mark.nightly]

COMMAND = [sys.executable, "-c", "from audience_impact.cli import main; main()"]
DEPLOYMENT = "publish-impact/daily-north"


class Served:
    """A Prefect server with a password, and a `serve` that runs on it."""

    process: psutil.Process

    def __init__(self, folder: Path) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = str(found.getsockname()[1])
        self.published = folder / "published"
        self.facts = small(folder / "facts")
        self.log = folder / "log"
        self.profile = folder / "north.toml"
        self.api, self.password = f"http://127.0.0.1:{port}/api", f"me:{secrets.token_hex()}"
        kept = {name: text for name, text in os.environ.items() if not name.startswith("PREFECT_")}
        self.variables = {
            **kept,
            "PREFECT_HOME": str(folder / "home"),
            "PREFECT_API_URL": self.api,
            "PREFECT_API_AUTH_STRING": self.password,
            "PREFECT_SERVER_API_AUTH_STRING": self.password,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        }
        start = [sys.executable, "-m", "prefect", "server", "start"]
        self.server = [*start, "--host", "127.0.0.1", "--port", port]

    def client(self) -> SyncPrefectClient:
        return SyncPrefectClient(self.api, auth_string=self.password)

    def is_well(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.api}/health").status_code == 200
        return False

    @contextmanager
    def start(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command; stop it, with all that it started, in the end."""
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                words, env=self.variables, stdout=output, stderr=output, start_new_session=True
            )
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(30)
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def wait_for(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 300
        while not happened():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)

    def begin(self, **parameters: Any) -> FlowRun:
        with self.client() as client:
            deployment = client.read_deployment_by_name(DEPLOYMENT)
            return client.create_flow_run_from_deployment(
                deployment.id, parameters=parameters, state=Scheduled()
            )

    def run(self, **parameters: Any) -> FlowRun:
        begun = self.begin(**parameters)
        with self.client() as client:

            def is_over() -> bool:
                state = client.read_flow_run(begun.id).state
                return state is not None and state.is_final()

            self.wait_for(is_over)
            return client.read_flow_run(begun.id)


@pytest.fixture(scope="module")
def told() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    with take_notices() as listening:
        yield listening


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, told: tuple[str, list[dict[str, Any]]]
) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("served"))
    served.profile.write_text(
        f'environment = "north"\nfacts = ["{served.facts}"]\npublished = "{served.published}"\n'
        f'notices = ["{told[0]}"]\n'
    )
    with served.start(*served.server):
        served.wait_for(served.is_well)
        with served.start(*COMMAND, "serve", "--profile", str(served.profile)) as process:
            served.process = psutil.Process(process.pid)

            def is_deployed() -> bool:
                with served.client() as client:
                    return len(client.read_deployments()) == 1

            served.wait_for(is_deployed)
            yield served


def test_the_deployment_has_the_schedule_and_no_path_of_this_machine(served: Served) -> None:
    with served.client() as client:
        deployment = client.read_deployment_by_name(DEPLOYMENT)
    assert not deployment.parameters
    (schedule,) = [one.schedule for one in deployment.schedules]
    assert isinstance(schedule, CronSchedule)
    assert (schedule.cron, schedule.timezone) == ("15 5 * * *", "UTC")


def test_a_run_publishes_and_shows_its_results(served: Served) -> None:
    run = served.run(seed=3)
    assert run.state_type is StateType.COMPLETED, run.state
    impact = pd.read_parquet(served.published / "latest" / "impact.parquet")
    assert set(impact["restriction_id"]) == {"R1"}
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
    only = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
    with served.client() as client:
        shown = {one.key: str(one.data) for one in client.read_artifacts(artifact_filter=of_run)}
        steps = {one.name for one in client.read_task_runs(flow_run_filter=only)}
    assert shown.keys() == {"impact-north", "quality-north"}
    assert {"reading the facts", "computing the answers", "publishing"} <= steps
    assert re.fullmatch(r"publish-impact north \d{4}-\d\d-\d\d \d\d:\d\d", run.name)


def test_a_run_by_hand_is_a_run_of_the_flow_there(served: Served, tmp_path: Path) -> None:
    words = [*COMMAND, "run", "--facts", str(served.facts), "--published", str(tmp_path / "here")]
    done = subprocess.run(words, env=served.variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with served.client() as client:
        runs = [run for run in client.read_flow_runs() if run.deployment_id is None]
        steps = {run.name for run in client.read_task_runs()}
    assert [run.state_type for run in runs] == [StateType.COMPLETED]
    assert {"reading the facts", "computing the answers", "publishing"} <= steps
    assert (tmp_path / "here" / "latest" / "impact.parquet").is_file()


def test_a_refused_run_fails_with_its_reason_and_sends_it(
    served: Served, told: tuple[str, list[dict[str, Any]]]
) -> None:
    sources = served.facts / "sources.csv"
    before = sources.read_bytes()
    sources.write_text("source_id,publisher\nx,y\n", encoding="utf-8")
    run = served.run()
    sources.write_bytes(before)
    assert run.state_type is StateType.FAILED
    assert f"{sources}:1:url: missing_column" in str(run.state and run.state.message)
    assert f"cause: {sources}:1:" in told[1][-1]["message"]
    assert str(run.id) in told[1][-1]["message"]


def test_a_run_that_is_killed_is_reported_as_crashed(
    served: Served, told: tuple[str, list[dict[str, Any]]]
) -> None:
    begun = served.begin(seed=4)
    with served.client() as client:
        served.wait_for(lambda: client.read_flow_run(begun.id).state_type is StateType.RUNNING)
        for process in served.process.children():
            if any("spawn_main" in word for word in process.cmdline()):
                process.kill()
        served.wait_for(lambda: client.read_flow_run(begun.id).state_type is StateType.CRASHED)
    served.wait_for(lambda: "SIGKILL" in told[1][-1]["message"])
    assert served.run(seed=4).state_type is StateType.COMPLETED


def test_whoever_rewrites_the_deployment_has_no_code_run(served: Served, tmp_path: Path) -> None:
    taken, other = tmp_path / "taken", tmp_path / "other.py"
    other.write_text(f"from prefect import flow\nopen({str(taken)!r}, 'w')\n@flow\ndef f(): ...\n")
    script = {"script": f"touch {taken}"}
    with served.client() as client:
        deployment = client.read_deployment_by_name(DEPLOYMENT)
        theirs = DeploymentUpdate(
            entrypoint=f"{other}:f",
            pull_steps=[{"prefect.deployments.steps.run_shell_script": script}],
        )
        client.update_deployment(deployment.id, theirs)
    assert served.run(seed=3).state_type is StateType.COMPLETED
    assert not taken.exists()


def test_an_operator_sees_that_server_and_runs_are_well(served: Served) -> None:
    assert served.run(seed=3).state_type is StateType.COMPLETED
    words = [*COMMAND, "healthy", "--profile", str(served.profile)]
    done = subprocess.run(words, env=served.variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
