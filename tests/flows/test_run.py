"""Commands that run a flow, as processes: publishing, refusing, quarantine, dying in between."""

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import pytest
from prefect.settings import PREFECT_API_URL

from flows.pipeline import steps
from tests import publishers
from tests.support import FACTS, computed, edit
from tests.support import ended as gone

pytestmark = pytest.mark.service

HOME = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from audience_impact.cli.command import main; main()", "run"]
STEPS = """
import os, sys
from pathlib import Path
from flows.pipeline import steps
facts, root = map(Path, sys.argv[1:])
for seed in sys.stdin:
    if not (child := os.fork()):
        checked = steps.refuse_errors(
            steps.validate_facts(steps.read_facts([facts])), strict=False
        )
        results = steps.compute_results(checked, None, int(seed))
        steps.publish_results(results, root, None)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""What the flow does, without Prefect, once for each seed it is sent: to be killed often.

Each is a process of its own that needs no start; its id is said, and how it ended.
"""
PATIENCE_SECONDS = 600
"""No test is about how long a start takes, and a machine may have other things to do."""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with a Prefect home of its own and no server."""
    kept = {key: text for key, text in os.environ.items() if not key.startswith("PREFECT_")}
    return {**kept, "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect"))}


@pytest.fixture(scope="module")
def environment(alone: dict[str, str]) -> Iterator[dict[str, str]]:
    """The same with a server: a run that starts its own spends half its time on that."""
    # Imported here, as it brings the whole server with it.
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(PATIENCE_SECONDS):
        yield {**alone, "PREFECT_API_URL": str(PREFECT_API_URL.value())}


def run(environment: dict[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=HOME,
        check=False,
        timeout=PATIENCE_SECONDS,
    )


def assert_whole(root: Path) -> None:
    """`latest` opens, and every file is the one its manifest names."""
    latest = root / "latest"
    manifest = json.loads((latest / "datapackage.json").read_text(encoding="utf-8"))
    for resource in manifest["resources"]:
        content = (latest / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        if "rows" in resource:  # the archive of facts is no table
            assert len(pd.read_parquet(latest / resource["path"])) == resource["rows"]


def test_publishes_with_a_server_of_its_own_and_quarantines_a_bad_row(
    alone: dict[str, str], small_facts: Path, tmp_path: Path
) -> None:
    root = tmp_path / "published"
    edit(small_facts, "estimates", "E2", value="960000000000000")
    layer = tmp_path / "layer"
    layer.mkdir()
    head, first, *_ = (small_facts / "estimates.csv").read_text("utf-8").splitlines()
    (layer / "estimates.csv").write_text(f"{head}\n{first}\n", encoding="utf-8")
    layers: list[str | Path] = ["--facts", small_facts, "--facts", layer]
    done = run(alone, *layers, "--published", root)
    assert done.returncode == 0, done.stderr
    assert "estimates.csv:" in done.stdout
    assert (
        "\n2 folders of facts; rows replaced by a row of the same key in a later folder: 1\n"
        in done.stdout
    )
    assert "E2" in pd.read_parquet(root / "latest" / "quarantine.parquet")["row"].iloc[0]
    impact = pd.read_parquet(root / "latest" / "impact.parquet").set_index(
        ["restriction_id", "impact_metric"]
    )
    row = impact.loc[("R1", "people_exposed")]
    assert (row["lower_persons"], row["quarantined_inputs_count"]) == (500_000, 1)


REPLACED_FLOW = """
import json, os, sys, httpx, psutil
from pathlib import Path
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.server.api import server as prefects
import flows.publish_impact, flows.refresh
from flows.commands import running

def start(self, *words, **named):
    Path(sys.argv[1], "started").touch()
    raise ValueError("Prefect itself starts a server")

prefects.SubprocessASGIServer.start = start
prefects.SubprocessASGIServer.__new__ = start

@flow
def asks(*folders, **asked):
    with get_client(sync_client=True) as client:
        address = str(client.api_url)
    answer = httpx.get(f"{address.rstrip('/')}/admin/version")
    modes = sorted({oct(file.stat().st_mode & 0o777) for file in Path(sys.argv[1]).glob("*.db*")})
    child, = psutil.Process().children()
    print(json.dumps({
        "child": child.pid, "status": answer.status_code, "modes": modes,
        "port": address.split(":")[2].split("/")[0], "words": child.cmdline(),
        "listens": [each.laddr.port for each in child.net_connections() if each.status == "LISTEN"],
        "exported": os.environ["PREFECT_API_URL"].rstrip("/") == address.rstrip("/"),
    }), flush=True)
    if sys.argv[3] == "wait":
        sys.stdin.read()
    raise ValueError("enough")

flows.publish_impact.publish_impact = flows.refresh.refresh = asks
if sys.argv[2] == "run":
    running.run_flow([Path("facts")], Path("nowhere"), {})
else:
    running.run_refresh([Path("facts")], Path("nowhere"), Path("nowhere"), {})
"""
"""A command whose flow looks at the server that it runs on; Prefect may start none by itself."""


@pytest.mark.parametrize("command", ["run", "refresh"])
def test_the_server_of_a_run_has_its_port_before_anybody_hears_of_it(
    alone: dict[str, str], tmp_path: Path, command: str
) -> None:
    """Who took the port first would be trusted; who reached the server could order runs."""
    environment = {**alone, "PREFECT_HOME": str(tmp_path)}
    words = [sys.executable, "-c", REPLACED_FLOW, str(tmp_path), command, "end"]
    done = subprocess.run(
        words, capture_output=True, text=True, env=environment, cwd=HOME, check=False
    )
    assert not (tmp_path / "started").exists()
    output = json.loads(done.stdout.splitlines()[0])
    assert output["listens"] == [int(output["port"])]
    assert not any(output["port"] in word for word in output["words"])
    assert (output["status"], output["modes"], output["exported"]) == (401, ["0o600"], True)
    assert "enough" in done.stderr


def test_the_server_of_a_run_that_is_killed_ends_with_it(
    alone: dict[str, str], tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**alone, "PREFECT_HOME": str(tmp_path), "TMPDIR": str(temporary)}
    words = [sys.executable, "-c", REPLACED_FLOW, str(tmp_path), "run", "wait"]
    with started(environment, *words) as process:
        assert process.stdout
        output = json.loads(process.stdout.readline())
        process.kill()
    assert gone(output["child"])
    assert list(temporary.iterdir()) == []


def test_what_lies_in_the_working_folder_is_no_part_of_the_server(
    alone: dict[str, str], small_facts: Path, tmp_path: Path
) -> None:
    (small_facts / "sources.csv").write_bytes(b"")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "__init__.py").write_text("raise ValueError('a stranger')")
    words = ["run", "--facts", str(small_facts), "--published", str(tmp_path / "published")]
    script = f"import sys; sys.path[0] = {str(HOME)!r}; {COMMAND[2]}"
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        env=alone,
        cwd=tmp_path,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.stderr.startswith("nothing published")


def test_a_server_that_cannot_start_is_one_line_with_the_reason(alone: dict[str, str]) -> None:
    database = "postgresql+asyncpg://me:word@127.0.0.1:1/none"
    done = run({**alone, "PREFECT_API_DATABASE_CONNECTION_URL": database}, "--published", "nowhere")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "The Prefect server ended before it answered" in done.stderr
    assert "Connect call failed" in done.stderr


def test_refuses_a_table_that_cannot_be_read_and_leaves_latest(
    environment: dict[str, str], small_facts: Path, tmp_path: Path
) -> None:
    root = tmp_path / "published"
    steps.publish_results(computed(small_facts), root, None)
    before = (root / "latest").readlink()
    (small_facts / "sources.csv").write_bytes("source_id,publisher\nx,Müller\n".encode("latin-1"))
    done = run(environment, "--facts", small_facts, "--published", root)
    assert done.returncode == 1
    assert "sources.csv:2:publisher: encoding" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert (root / "latest").readlink() == before


def test_strict_refuses_a_bad_row(
    environment: dict[str, str], small_facts: Path, tmp_path: Path
) -> None:
    edit(small_facts, "restrictions", "R1", announced_on="2025-13-01")
    root = tmp_path / "published"
    done = run(environment, "--facts", small_facts, "--published", root, "--strict")
    assert done.returncode == 1
    assert ":announced_on: date: " in done.stderr
    assert not (root / "latest").exists()


@contextmanager
def started(environment: dict[str, str], *words: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is killed in the end, with all that it has started."""
    process = subprocess.Popen(
        list(map(str, words)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        cwd=HOME,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # it may have ended
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ended(breeder: subprocess.Popen[str], seed: int, seconds: float | None) -> int:
    """How the steps ended with this seed, killed after so many seconds."""
    assert breeder.stdin
    assert breeder.stdout
    breeder.stdin.write(f"{seed}\n")
    breeder.stdin.flush()
    publisher = int(breeder.stdout.readline())
    if seconds is not None:
        time.sleep(seconds)
        with suppress(ProcessLookupError):  # it may have been quicker
            os.kill(publisher, signal.SIGKILL)
    return int(breeder.stdout.readline())


def test_killed_at_five_moments_of_its_steps(
    alone: dict[str, str], small_facts: Path, tmp_path: Path
) -> None:
    root = tmp_path / "published"
    moments = random.Random(5)
    with started(alone, sys.executable, "-c", STEPS, small_facts, root) as breeder:
        begun = time.monotonic()
        assert ended(breeder, 0, None) == 0
        duration = time.monotonic() - begun
        for number in range(5):
            how = ended(breeder, number + 1, duration * (number + moments.random()) / 5)
            assert how in (0, -signal.SIGKILL)
            assert_whole(root)


def test_the_command_killed_while_it_publishes_is_mended_by_the_next(
    environment: dict[str, str], small_facts: Path, tmp_path: Path
) -> None:
    root = tmp_path / "published"
    steps.publish_results(computed(small_facts), root, None)
    words = ["--facts", str(small_facts), "--published", str(root), "--seed", "1"]
    with started(environment, *COMMAND, *words) as process:
        while process.poll() is None and not list((root / "versions").glob(".tmp-*")):
            time.sleep(0.0005)
    assert_whole(root)
    # A table that the disk has emptied: the next run of the same version mends it.
    (root / "latest" / "lineage.parquet").write_bytes(b"")
    manifest = json.loads((root / "latest" / "datapackage.json").read_text(encoding="utf-8"))
    words[-1] = str(manifest["audience_impact"]["seed"])
    done = run(environment, *words)
    assert done.returncode == 0, done.stderr
    assert_whole(root)
    assert list((root / "versions").glob(".tmp-*")) == []


COMMANDS = """
import json, sys
from audience_impact.cli.command import app
for words in json.loads(sys.argv[1]):
    print("status", app(words, standalone_mode=False), flush=True)
"""
"""Several commands in one process, which needs one start."""


def test_refresh_runs_its_flow(environment: dict[str, str], tmp_path: Path) -> None:
    into = tmp_path / "layer"
    places = ["refresh", "--downloads", str(tmp_path / "downloads"), "--into"]
    with publishers.serving() as server:
        where = [f"--address={name}={address}" for name, address in server.addresses.items()]
        commands = [
            [*places, str(into), *where],
            [*places, str(FACTS), *where],
            [*places, str(into), "--address", "un=http://x"],
        ]
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS, json.dumps(commands)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=HOME,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    assert re.findall(r"status (.)", done.stdout) == ["0", "1", "2"], done.stderr
    assert "un-wpp-2024: fetched for the first time" in done.stdout
    result = {path.name for path in into.iterdir()} - {".lock"}
    tables = {"bases.csv", "lineages.csv", "network_shares.csv", "sources.csv"}
    assert result == {*tables, "refresh.json"}
    assert "nothing written:\n" in done.stderr
    assert "--address un=http://x: give NAME=ADDRESS" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_validation_switched_off_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    done = run({**environment, "PANDERA_VALIDATION_ENABLED": "False"}, "--published", tmp_path)
    assert done.returncode == 1
    assert "PANDERA_VALIDATION_ENABLED" in done.stderr
    assert not (tmp_path / "latest").exists()
