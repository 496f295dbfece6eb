"""The schedule on a real Prefect server: `audience-impact serve`, its deployment and its runs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import psutil  # type: ignore[import-untyped]
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Running, Scheduled

from flows.serving import serve

COMMAND = [sys.executable, "-c", "from flows.cli.command import main; main()", "serve"]
READY = "The schedule runs"


@dataclass
class Served:
    """A `serve` that runs: the address of its server, its process and what it has said."""

    api: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def client(self) -> SyncPrefectClient:
        return SyncPrefectClient(self.api)

    def run(self, **parameters: Any) -> FlowRun:
        """A run of the deployment that is scheduled for now, once it has ended."""
        with self.client() as client:
            deployment = client.read_deployment_by_name("publish-impact/daily")
            made = client.create_flow_run_from_deployment(
                deployment.id, parameters=parameters, state=Scheduled()
            )
            self.wait_for(lambda: is_final(client.read_flow_run(made.id).state), 90)
            return client.read_flow_run(made.id)

    def wait_for(self, happened: Callable[[], bool], seconds: float) -> None:
        """Wait until something has happened; fail, with the log, when it takes too long."""
        deadline = time.monotonic() + seconds
        while not happened():
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.1)


def is_final(state: State[Any] | None) -> bool:
    return state is not None and state.is_final()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(home: Path, api: str, **settings: str) -> Served:
    """Start `serve` without the Prefect settings of whoever runs the tests."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PREFECT_")}
    # The worker looks for runs every second instead of every ten to fifteen.
    ours = {"PREFECT_HOME": str(home), "PREFECT_WORKER_QUERY_SECONDS": "1", **settings}
    log = home.parent / f"serve-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            COMMAND, env=kept | ours, cwd=home.parent, stdout=output, stderr=subprocess.STDOUT
        )
    return Served(api, process, log)


@contextmanager
def serving(served: Served, number: signal.Signals) -> Iterator[Served]:
    """Wait until it serves; stop it with a signal; nothing that it started is left."""
    family = [psutil.Process(served.process.pid)]
    try:
        served.wait_for(lambda: READY in served.text, 150)
        yield served
    finally:
        if served.process.poll() is None:
            family += family[0].children(recursive=True)
            served.process.send_signal(number)
        _, left = psutil.wait_procs(family, timeout=60)
        for process in left:
            process.kill()
    assert (served.process.wait(), left) == (0, []), served.text


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Prefect home of the tests' own."""
    return tmp_path_factory.mktemp("served") / "home"


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Served]:
    """`serve` with a server that it has to start itself, on a free port."""
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    with serving(start(home, api, PREFECT_SERVER_API_PORT=str(port)), signal.SIGTERM) as running:
        yield running


def test_the_deployment_of_prefect_yaml_is_created(served: Served) -> None:
    with served.client() as client:
        deployment = client.read_deployment_by_name("publish-impact/daily")
    assert deployment.pull_steps == [{"flows.serving.deploy.enter_checkout": {}}]
    assert deployment.path in (None, "", ".")
    schedule = deployment.schedules[0].schedule
    assert isinstance(schedule, CronSchedule)
    assert schedule.timezone == "UTC"
    assert deployment.work_pool_name == serve.work_pool()


def test_a_scheduled_run_publishes_and_shows_its_results(served: Served, tmp_path: Path) -> None:
    run = served.run(published=str(tmp_path / "published"))
    assert run.state_type is StateType.COMPLETED, run.state
    impact = pd.read_parquet(tmp_path / "published" / "latest" / "impact.parquet")
    assert "RU-2025-08-13-calls" in set(impact["restriction_id"])
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
    with served.client() as client:
        shown = {one.key: str(one.data) for one in client.read_artifacts(artifact_filter=of_run)}
    assert shown.keys() == {"impact", "quality"}
    assert all("|" in text for text in shown.values())  # each holds a table


def test_a_refused_run_fails_with_its_reason(
    served: Served, facts_copy: Path, tmp_path: Path
) -> None:
    (facts_copy / "sources.csv").write_text("source_id,publisher\nx,y\n", encoding="utf-8")
    run = served.run(facts=[str(facts_copy)], published=str(tmp_path / "published"))
    assert run.state is not None
    assert run.state.type is StateType.FAILED
    assert run.state.message is not None
    assert f"{facts_copy / 'sources.csv'}:1:url: missing_column" in run.state.message
    assert not (tmp_path / "published").exists()


@pytest.mark.parametrize(
    "parameters", [{"seed": -1}, {"keep": 0}, {"facts": []}, {"strict": "perhaps"}]
)
def test_the_server_refuses_parameters_out_of_bounds(
    served: Served, parameters: dict[str, Any]
) -> None:
    with served.client() as client:
        deployment = client.read_deployment_by_name("publish-impact/daily")
        with pytest.raises(PrefectHTTPStatusError, match=next(iter(parameters))):
            client.create_flow_run_from_deployment(deployment.id, parameters=parameters)


def test_a_server_that_is_configured_is_used_and_stays(served: Served, home: Path) -> None:
    with serving(start(home, served.api, PREFECT_API_URL=served.api), signal.SIGINT) as second:
        assert f"Using the Prefect server at {served.api}." in second.text
    with served.client() as client:
        assert client.api_healthcheck() is None


def test_a_configured_server_that_does_not_answer_is_named(home: Path) -> None:
    api = f"http://127.0.0.1:{free_port()}/api"
    failed = start(home, api, PREFECT_API_URL=api)
    assert failed.process.wait(60) == 1
    assert f"No Prefect server answers at {api} (PREFECT_API_URL): " in failed.text
    assert "Traceback" not in failed.text


def test_runs_of_a_stopped_worker_do_not_run_for_ever(served: Served) -> None:
    with served.client() as client:
        deployment = client.read_deployment_by_name("publish-impact/daily")
        runs = [
            client.create_flow_run_from_deployment(deployment.id, state=Running()).id
            for _ in range(2)
        ]
        for run, worker in zip(runs, ["stopped", "working"], strict=True):
            client.update_flow_run_labels(run, {"prefect.worker.name": worker})
        with temporary_settings({PREFECT_API_URL: served.api}):
            serve.end_runs_of("stopped")
        states = [client.read_flow_run(run).state for run in runs]
    assert [state.type for state in states if state] == [StateType.CRASHED, StateType.RUNNING]
