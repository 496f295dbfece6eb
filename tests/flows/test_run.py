"""Commands that run a flow, as processes: publishing, refusing, quarantine, dying in between."""

import hashlib
import json
import os
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

from flows.pipeline import steps
from tests import publishers
from tests.support import FACTS, computed, edit

pytestmark = pytest.mark.service

HOME = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from audience_impact.cli import main; main()", "run"]
PATIENCE_SECONDS = 600
"""No test is about how long a start takes, and a machine may have other things to do."""


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """The variables of whoever runs the tests, without those of Prefect."""
    return {key: text for key, text in os.environ.items() if not key.startswith("PREFECT_")}


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


def test_publishes_and_quarantines_a_bad_row(
    environment: dict[str, str], small_facts: Path, tmp_path: Path
) -> None:
    root = tmp_path / "published"
    edit(small_facts, "estimates", "E2", value="960000000000000")
    layer = tmp_path / "layer"
    layer.mkdir()
    head, first, *_ = (small_facts / "estimates.csv").read_text("utf-8").splitlines()
    (layer / "estimates.csv").write_text(f"{head}\n{first}\n", encoding="utf-8")
    layers: list[str | Path] = ["--facts", small_facts, "--facts", layer]
    done = run(environment, *layers, "--published", root)
    assert done.returncode == 0, done.stderr
    assert "estimates.csv:" in done.stdout
    assert (
        "\n2 folders of facts; rows replaced by a row of the same key in a later folder: 1\n"
        in done.stdout
    )
    assert (
        "E2" in pd.read_parquet(root / "latest" / "details" / "quarantine.parquet")["row"].iloc[0]
    )
    impact = pd.read_parquet(root / "latest" / "impact.parquet").set_index(
        ["restriction_id", "impact_metric"]
    )
    row = impact.loc[("R1", "people_exposed")]
    assert (row["printed_min_persons"], row["quarantined_inputs_count"]) == (500_000, 1)


def test_a_run_starts_no_server_and_imports_no_prefect(
    environment: dict[str, str], small_facts: Path, tmp_path: Path
) -> None:
    (small_facts / "sources.csv").write_bytes(b"")
    words = ["run", "--facts", str(small_facts), "--published", str(tmp_path / "published")]
    code = (
        "import sys; from audience_impact.cli.command import app\n"
        "print(app(sys.argv[1:], standalone_mode=False), {'prefect', 'uvicorn'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        env=environment,
        cwd=HOME,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.stdout == "1 set()\n"
    assert done.stderr.startswith("nothing published")


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
        stdout=subprocess.DEVNULL,
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
    print("status", app(words, standalone_mode=False) or 0, flush=True)
"""
"""Several commands in one process, which needs one start."""


def test_refresh_writes_a_layer(environment: dict[str, str], tmp_path: Path) -> None:
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
