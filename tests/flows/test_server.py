"""The schedule on a real Prefect server: `audience-impact serve`, its deployment and its runs.

Whoever reaches the server without its password, or from the page of another site, gets nothing;
whoever has the password runs the flows of the checkout, on its own places, and nothing else.
"""

import base64
import json
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

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
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_RUNNER_POLL_FREQUENCY,
    PREFECT_SERVER_API_PORT,
    PREFECT_WORKER_HEARTBEAT_SECONDS,
    temporary_settings,
)
from prefect.states import Cancelling, Completed, Crashed, Pending, Running, Scheduled

from flows.publish_impact import publish_impact
from flows.serving import children, notices, runs, serve, server
from flows.serving.preparing import Profile
from flows.serving.runs import Worker
from tests.support import ended, small

pytestmark = pytest.mark.service

COMMAND = [sys.executable, "-c", "from audience_impact.cli.command import main; main()", "serve"]
READY = "The schedule runs"


@dataclass
class Served:
    """A `serve` that runs: the address of its server, its process and what it has said."""

    api: str
    process: subprocess.Popen[bytes]
    log: Path
    password: str = ""

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def client(self) -> SyncPrefectClient:
        return SyncPrefectClient(self.api, auth_string=self.password)

    def run(
        self, job: dict[str, Any] | None = None, deployment: str = "daily", **parameters: Any
    ) -> FlowRun:
        """A run of the deployment that is scheduled for now, once it has ended."""
        with self.client() as client:
            wanted = client.read_deployment_by_name(f"publish-impact/{deployment}")
            made = client.create_flow_run_from_deployment(
                wanted.id, parameters=parameters, state=Scheduled(), job_variables=job
            )
            self.wait_for(lambda: is_final(client.read_flow_run(made.id).state), 300)
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
    # It looks for runs every second instead of every ten.
    ours = {"PREFECT_HOME": str(home), "PREFECT_RUNNER_POLL_FREQUENCY": "1", **settings}
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
        served.wait_for(lambda: READY in served.text, 300)
        yield served
    finally:
        if served.process.poll() is None:
            family += family[0].children(recursive=True)
            served.process.send_signal(number)
        served.process.wait(timeout=60)
        # A child whose parent is gone may stay a zombie until somebody takes it in: it has ended.
        left = [process for process in family[1:] if not ended(process.pid)]
        for process in left:
            process.kill()
    assert (served.process.returncode, left) == (0, []), served.text


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Prefect home of the tests' own."""
    return tmp_path_factory.mktemp("served") / "home"


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The facts that `serve` was started with."""
    return small(tmp_path_factory.mktemp("of-serve") / "facts")


@pytest.fixture(scope="module")
def published(home: Path) -> Path:
    """The folder of versions that `serve` was started with."""
    return home.parent / "published"


@pytest.fixture(scope="module")
def served(home: Path, facts: Path, published: Path) -> Iterator[Served]:
    """`serve` with a server that it has to start itself, on a free port."""
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    settings = {
        "PREFECT_SERVER_API_PORT": str(port),
        "AUDIENCE_IMPACT_FACTS": json.dumps([str(facts)]),
        "AUDIENCE_IMPACT_PUBLISHED": str(published),
    }
    with serving(start(home, api, **settings), signal.SIGTERM) as running:
        running.password = (home / f"audience-impact-{port}.password").read_text(encoding="utf-8")
        yield running


def test_the_deployment_of_prefect_yaml_is_created(served: Served) -> None:
    with served.client() as client:
        deployment = client.read_deployment_by_name("publish-impact/daily")
    assert not deployment.pull_steps
    assert deployment.path in (None, "", ".")  # no path of this machine
    assert deployment.entrypoint == "flows/publish_impact.py:publish_impact"
    schedule = deployment.schedules[0].schedule
    assert isinstance(schedule, CronSchedule)
    assert schedule.timezone == "UTC"
    assert deployment.work_pool_name == "audience-impact"


def test_a_scheduled_run_publishes_and_shows_its_results(served: Served, published: Path) -> None:
    run = served.run(seed=3)
    assert run.state_type is StateType.COMPLETED, run.state
    impact = pd.read_parquet(published / "latest" / "impact.parquet")
    assert set(impact["restriction_id"]) == {"R1"}
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
    with served.client() as client:
        shown = {one.key: str(one.data) for one in client.read_artifacts(artifact_filter=of_run)}
    assert shown.keys() == {"impact", "quality", "progress"}
    assert float(shown.pop("progress")) == 100
    assert all("|" in text for text in shown.values())  # each holds a table
    assert re.fullmatch(r"publish-impact \d{4}-\d\d-\d\d \d\d:\d\d", run.name)
    assert re.search(rf"^\d{{4}}-\S+Z Run {run.name} begins", served.text, re.MULTILINE)
    with served.client() as client:
        steps = {one.name for one in client.read_task_runs(flow_run_filter=only(run))}
    assert {"read the facts", "compute the answers", "publish the version"} <= steps


def only(run: FlowRun) -> FlowRunFilter:
    return FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))


def test_the_work_queue_becomes_ready(served: Served) -> None:
    def status() -> str:
        filtered = f"{served.api}/work_pools/audience-impact/queues/filter"
        token = httpx.get(f"{served.api}/csrf-token?client=q", headers=basic(served.password))
        headers = {"Prefect-Csrf-Token": token.json()["token"], "Prefect-Csrf-Client": "q"}
        queues = httpx.post(filtered, json={}, headers=headers | basic(served.password)).json()
        return str(queues[0]["status"])

    served.wait_for(lambda: status() == "READY", 60)


def test_a_refused_run_fails_with_its_reason_and_brings_no_command(
    served: Served, facts: Path, tmp_path: Path
) -> None:
    sources = facts / "sources.csv"
    before = sources.read_bytes()
    sources.write_text("source_id,publisher\nx,y\n", encoding="utf-8")
    # All that a process worker would run: each leaves the same file behind.
    taken = tmp_path / "taken"
    command = f"{sys.executable} -c \"open('{taken}', 'w')\""
    (tmp_path / "other.py").write_text(
        f"from prefect import flow\n\nopen({str(taken)!r}, 'w')\n\n\n@flow\ndef f(): ...\n"
    )
    with patched(served, command, f"{tmp_path}/other.py:f"):
        run = served.run({"command": command})
    sources.write_bytes(before)
    assert run.job_variables == {"command": command}
    assert not taken.exists()
    assert run.state is not None
    assert run.state.type is StateType.FAILED
    assert run.state.message is not None
    assert f"{sources}:1:url: missing_column" in run.state.message


def test_whoever_has_the_password_names_no_place(served: Served, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    parameters: dict[str, Any] = {
        "published": str(tmp_path / "theirs"),
        "facts": [str(tmp_path / "private")],
        "scheduler": "tcp://127.0.0.1:9",
    }
    for name, value in parameters.items():
        run = served.run(**{name: value})
        assert run.state_type is StateType.FAILED
        assert run.state is not None
        assert f"{name} is {json.dumps(value)}, and `serve` was" in str(run.state.message)
    assert not list((tmp_path / "theirs").iterdir())


@contextmanager
def patched(served: Served, command: str, entrypoint: str) -> Iterator[None]:
    """The deployment as somebody with the password may rewrite it on the server."""
    step = {"prefect.deployments.steps.run_shell_script": {"script": command}}
    with served.client() as client:
        before = client.read_deployment_by_name("publish-impact/daily")
        other = DeploymentUpdate(
            pull_steps=[step], entrypoint=entrypoint, job_variables={"command": command}
        )
        client.update_deployment(before.id, other)
        try:
            yield
        finally:
            back = DeploymentUpdate(
                pull_steps=before.pull_steps, entrypoint=before.entrypoint, job_variables={}
            )
            client.update_deployment(before.id, back)


def basic(password: str) -> dict[str, str]:
    """The headers of a request with a password."""
    return {"Authorization": "Basic " + base64.b64encode(password.encode()).decode()}


def test_nobody_comes_in_without_the_password(served: Served) -> None:
    token = f"{served.api}/csrf-token?client=me"
    read = f"{served.api}/admin/settings"
    for headers in ({}, basic("serve:guess")):
        assert httpx.get(token, headers=headers).status_code == 401
        assert httpx.get(read, headers=headers).status_code == 401
        assert httpx.post(f"{served.api}/flow_runs/filter", headers=headers).status_code == 403
    given = httpx.get(token, headers=basic(served.password)).json()["token"]
    ours = {"Prefect-Csrf-Token": given, "Prefect-Csrf-Client": "me"}
    for headers, status in ((ours, 401), (ours | basic(served.password), 200)):
        answer = httpx.post(f"{served.api}/flow_runs/filter", json={}, headers=headers)
        assert answer.status_code == status


def test_pages_of_other_sites_get_nothing(served: Served) -> None:
    asks = {"Access-Control-Request-Method": "POST"}
    site = served.api.removesuffix("/api")
    for origin, status in (("http://evil.example", 400), (site, 200)):
        answer = httpx.options(f"{served.api}/flow_runs/filter", headers=asks | {"Origin": origin})
        assert answer.status_code == status
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is (status == 200)
    # The password alone, as a browser might add it to a form of another site.
    form = httpx.post(
        f"{served.api}/flow_runs/filter",
        headers=basic(served.password) | {"Origin": "http://evil.example"},
    )
    assert form.status_code == 403
    # A name of somebody else's that points at this machine.
    assert httpx.get(f"{served.api}/health", headers={"Host": "evil.example"}).status_code == 400
    assert httpx.get(f"{served.api}/health").status_code == 200


def test_who_opens_the_server_to_a_network_names_it_as_they_like() -> None:
    from flows.serving import embedded  # it brings Prefect's server, which here runs elsewhere

    assert embedded.list_hosts("0.0.0.0") == ["*"]


def test_only_the_owner_reads_the_password_and_the_database(served: Served, home: Path) -> None:
    (file,) = home.glob("*.password")
    databases = list(home.glob("prefect.db*"))
    assert databases
    for path in (file, *databases):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    family = [psutil.Process(served.process.pid)]
    family += family[0].children(recursive=True)
    assert len(family) > 1
    # Blank for a process that ended since it was listed.
    commands = [process.as_dict(["cmdline"], ad_value=[])["cmdline"] for process in family]
    assert any(commands)
    assert not any(served.password in word for command in commands for word in command)
    assert served.password not in served.text


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


def test_two_environments_on_one_server_publish_each_its_own(
    served: Served, home: Path, small_facts: Path, published: Path, tmp_path: Path
) -> None:
    profile = tmp_path / "north.toml"
    profile.write_text(
        f'environment = "north"\nfacts = ["{small_facts}"]\npublished = "{tmp_path}/north"\n'
    )
    settings = {
        "PREFECT_API_URL": served.api,
        "PREFECT_API_AUTH_STRING": served.password,
        "AUDIENCE_IMPACT_PROFILE": str(profile),
    }
    with serving(start(home, served.api, **settings), signal.SIGINT) as second:
        assert f"Using the Prefect server at {served.api}." in second.text
        second.password = served.password
        theirs = second.run(deployment="daily-north")
        ours = served.run()
        assert f"Run {theirs.name} begins" in second.text
        assert theirs.name.startswith("publish-impact north ")
        assert theirs.name not in served.text
        assert f"Run {ours.name} begins" in served.text
        assert f"Run {ours.name} begins" not in second.text
    assert (tmp_path / "north" / "latest").is_symlink()
    assert (published / "latest").is_symlink()
    with served.client() as client:
        assert client.api_healthcheck() is None
        pools = {one.name for one in client.read_work_pools()}
    assert {"audience-impact", "audience-impact-north"} <= pools


def test_a_deployment_of_another_checkout_is_not_taken_over(served: Served) -> None:
    name = "publish-impact/daily"
    with served.client() as client:
        serve.require_ours(client, [name, "publish-impact/none"])
        deployment = client.read_deployment_by_name(name)
        client.update_deployment(deployment.id, DeploymentUpdate(tags=["checkout:another"]))
        try:
            with pytest.raises(children.ServeError, match="AUDIENCE_IMPACT_ENVIRONMENT"):
                serve.require_ours(client, [name])
        finally:
            client.update_deployment(deployment.id, DeploymentUpdate(tags=deployment.tags))


@pytest.fixture
def stranger() -> Iterator[tuple[int, list[str]]]:
    """A port where somebody answers whatever is asked, as Prefect would; and what was asked."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'"3.9.1"')

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield listening.server_port, asked
        listening.shutdown()
        thread.join()


@contextmanager
def refusing(settings: dict[Any, Any], message: str) -> Iterator[None]:
    """With these settings there is no server, for the reason given."""
    with (
        temporary_settings(settings, restore_defaults={PREFECT_API_URL}),
        pytest.raises(children.ServeError, match=message),
    ):
        yield


def test_a_stranger_on_the_port_is_not_taken_for_the_server(
    stranger: tuple[int, list[str]], home: Path
) -> None:
    port, asked = stranger
    with (
        refusing({PREFECT_SERVER_API_PORT: port, PREFECT_HOME: home}, rf"listen at .*:{port}: "),
        server.provide_server(),
    ):
        pass
    assert asked == []  # nothing was sent there, least of all a password


def test_a_stranger_is_not_taken_for_a_server_that_ended(
    stranger: tuple[int, list[str]], home: Path
) -> None:
    port, asked = stranger
    log = server.ServerLog()
    ended = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"], stderr=log.written)
    log.begin()
    ended.wait()
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
        assert server.describe_trouble() is None  # it does answer like Prefect
        with pytest.raises(children.ServeError, match=r"ended before .* \(exit status 7\)"):
            server.wait_for_server(ended, log)
    assert asked


def test_a_configured_server_that_does_not_answer_is_named() -> None:
    api = f"http://127.0.0.1:{free_port()}/api"
    with (
        refusing({PREFECT_API_URL: api}, rf"No Prefect server answers at {api} \(PREFECT_API_URL"),
        server.provide_server(),
    ):
        pass


def test_a_server_that_goes_away_while_the_schedule_is_set_up_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api = f"http://127.0.0.1:{free_port()}/api"
    monkeypatch.setattr(server, "describe_trouble", lambda: None)  # it did answer, once
    with (
        temporary_settings({PREFECT_API_URL: api}, restore_defaults={PREFECT_API_URL}),
        pytest.raises(SystemExit, match="went away while the schedule was set up: ConnectError"),
    ):
        serve.run_schedule(Profile())


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = {PREFECT_SERVER_API_PORT: free_port(), PREFECT_HOME: tmp_path / "file"}
    with refusing(settings, "PREFECT_HOME"), server.provide_server():
        pass


@pytest.mark.parametrize(
    ("before", "begun_again", "after"),
    [
        (Running(), 0, StateType.SCHEDULED),
        (Pending(), 1, StateType.SCHEDULED),
        (Crashed(), 1, StateType.SCHEDULED),  # its process could still say so
        (Running(), runs.MAX_RESTARTS, StateType.CRASHED),
        (Cancelling(), 0, StateType.CANCELLED),
        (Completed(), 0, StateType.COMPLETED),
        (Scheduled(), 0, StateType.SCHEDULED),  # waits for its next try
    ],
    ids=lambda one: getattr(one, "name", str(one)),
)
def test_a_run_whose_process_is_gone_begins_again_but_not_for_ever(
    served: Served,
    before: State[Any],
    begun_again: int,
    after: StateType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(notices, "notify_people", lambda kind, title, body: told.append(kind))
    tags = [f"{runs.RESTART_TAG}{number + 1}" for number in range(begun_again)]
    with served.client() as client:
        # Of no deployment, so that nobody else runs it.
        run = client.create_flow_run(publish_impact, state=before, tags=tags).id
        assert runs.end_run(client, run)
        found = client.read_flow_run(run)
    assert found.state_type is after
    put_back = before.type is not StateType.SCHEDULED and after is StateType.SCHEDULED
    assert len(found.tags) - begun_again == put_back
    assert told == ["failure"] * (after is StateType.CRASHED)


def test_a_run_that_was_cancelled_does_not_begin_again(served: Served) -> None:
    with served.client() as client:
        run = client.create_flow_run(publish_impact, state=Crashed()).id
        assert runs.end_run(client, run, again=False) == "Crashed"


def test_a_killed_worker_is_told_from_one_that_lives(served: Served) -> None:
    pool = "audience-impact"
    ours, other, dead = Worker(pool), Worker(pool), Worker(pool)
    with served.client() as client, temporary_settings({PREFECT_WORKER_HEARTBEAT_SECONDS: 1}):
        dead.send_heartbeat(client)
        found = {}
        for owner in (ours.name, other.name, dead.name, "never heard of"):
            run = client.create_flow_run(publish_impact, state=Running()).id
            client.update_flow_run(run, infrastructure_pid=owner)
            found[owner] = run
        claimed_just_now = client.create_flow_run(publish_impact, state=Running()).id

        def left() -> set[UUID]:
            every = [client.read_flow_run(one) for one in (*found.values(), claimed_just_now)]
            return {run.id for run in ours.list_orphans(client, every)}

        ours.send_heartbeat(client)
        assert left() == {found[ours.name]}  # it has not listened long enough to judge others
        deadline = time.monotonic() + 30
        gone = {found[ours.name], found[dead.name], found["never heard of"]}
        while (now := left()) != gone:  # one after the other may be seen to be gone
            assert now < gone
            assert time.monotonic() < deadline
            time.sleep(0.3)
            other.send_heartbeat(client)
            ours.send_heartbeat(client)
            client.set_flow_run_state(claimed_just_now, Running(), force=True)


def test_silence_after_an_outage_says_nothing_of_others() -> None:
    worker = Worker("any", heard=time.monotonic() - 1e6)
    with SyncPrefectClient(f"http://127.0.0.1:{free_port()}/api") as away:
        with pytest.raises(httpx.HTTPError), runs.limit_retries():
            worker.send_heartbeat(away)
        run = FlowRun(flow_id=uuid4(), infrastructure_pid="another", state=Running())
        assert worker.list_orphans(away, [run]) == []


def test_a_run_ends_with_the_process_that_serves_it(tmp_path: Path) -> None:
    # A parent that is killed at once; its child, were it not told, would sleep for a minute.
    child_code = (
        "import signal, time; from flows.serving.children import end_with_parent;"
        "end_with_parent(signal.SIGKILL); print('ready', flush=True); time.sleep(60)"
    )
    code = (
        "import os, signal, sys; from flows.serving.children import run_child\n"
        f"with run_child([sys.executable, '-c', {child_code!r}]) as one:\n"
        "    print(one.pid, flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        one = psutil.Process(int(parent.stdout.readline()))
        assert parent.stdout.readline() == b"ready\n"
        parent.kill()
        assert ended(one.pid)


def test_the_server_of_a_run_ends_with_a_run_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import signal; from flows.serving.preparing import prepare_prefect; prepare_prefect()\n"
        "from flows.serving.server import run_server_of_a_run\n"
        "with run_server_of_a_run():\n    print('ready', flush=True); signal.pause()"
    )
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path)}
    environment.pop("PREFECT_API_URL", None)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        (child,) = psutil.Process(run.pid).children()
        assert "flows.serving.embedded" in child.cmdline()
        run.kill()
        assert ended(child.pid)


@pytest.fixture
def newer_home(tmp_path: Path) -> Path:
    """A home with the database of a Prefect that is newer than the one here."""
    with closing(sqlite3.connect(tmp_path / "prefect.db")) as database, database:
        database.execute("create table alembic_version (version_num varchar(32) not null)")
        database.execute("insert into alembic_version values ('ffffffffffff')")
    return tmp_path


@pytest.mark.parametrize("words", [["serve"], ["run", "--published", "nowhere"]])
def test_a_server_that_cannot_start_is_started_once_and_says_why_in_a_line(
    newer_home: Path, words: list[str]
) -> None:
    environment = {name: text for name, text in os.environ.items() if "PREFECT" not in name}
    environment |= {"PREFECT_HOME": str(newer_home), "PREFECT_SERVER_API_PORT": str(free_port())}
    done = subprocess.run(
        [*COMMAND[:-1], *words],
        env=environment,
        cwd=newer_home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Can't locate revision identified by 'ffffffffffff'" in done.stderr
    assert done.stdout.count("\n") == (words == ["serve"])  # that it starts a server


def test_lines_of_the_server_are_printed_with_the_time_once_it_answers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = server.ServerLog()
    log.written.write(b"before\n")
    log.written.flush()
    duplicate = os.dup(log.written.fileno())
    log.begin()
    log.follow()
    os.write(duplicate, b"http://me:secret@store\n")
    os.close(duplicate)
    assert log.find_cause() == ""
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ server: before", first)
    assert second.endswith("Z server: http://...@store")


def test_a_server_that_is_away_does_not_keep_a_process_from_stopping() -> None:
    with SyncPrefectClient(f"http://127.0.0.1:{free_port()}/api") as away:
        assert runs.end_run(away, uuid4()) == "unknown"  # an error would replace the interrupt


def test_a_run_that_somebody_cancels_is_stopped(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(runs, "build_command", lambda entrypoint: sleep)
    with served.client() as client, temporary_settings({PREFECT_RUNNER_POLL_FREQUENCY: 1}):
        run = client.create_flow_run(publish_impact, state=Cancelling()).id
        worker = Worker("audience-impact")
        deployed = runs.Deployed("any", {})
        assert runs.execute_run(client, worker, run, deployed, lambda: None) == "Cancelled"
