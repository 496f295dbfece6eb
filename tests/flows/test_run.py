"""`audience-impact run` as a process: publishing, refusing, quarantine, and dying in between."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

HOME = Path(__file__).resolve().parents[2]
FACTS = HOME / "data" / "facts"
COMMAND = [sys.executable, "-c", "from flows.cli.command import main; main()", "run"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with a Prefect home of its own and no server."""
    kept = {key: text for key, text in os.environ.items() if not key.startswith("PREFECT_")}
    return {**kept, "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect"))}


def run(environment: dict[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=HOME,
        check=False,
        timeout=300,
    )


def changed(folder: Path, table: str, row_id: str, old: str, new: str) -> Path:
    """A copy of the facts with one cell of one row changed."""
    copy = Path(shutil.copytree(FACTS, folder))
    path = copy / f"{table}.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if line.startswith(f"{row_id},"))
    assert old in lines[place]
    lines[place] = lines[place].replace(old, new, 1)
    path.write_text("".join(lines), encoding="utf-8")
    return copy


def assert_whole(root: Path) -> None:
    """`latest` opens, and every file is the one its manifest names."""
    latest = root / "latest"
    manifest = json.loads((latest / "datapackage.json").read_text(encoding="utf-8"))
    for resource in manifest["resources"]:
        content = (latest / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert len(pd.read_parquet(latest / resource["path"])) == resource["rows"]


def test_publishes_then_quarantines_then_refuses(
    environment: dict[str, str], tmp_path: Path
) -> None:
    root = tmp_path / "published"
    bad = changed(tmp_path / "bad", "estimates", "PE0001", "96000000", "960000000000000")
    first = run(environment, "--facts", bad, "--published", root)
    assert first.returncode == 0, first.stderr
    assert "estimates.csv:" in first.stdout
    assert "PE0001" in pd.read_parquet(root / "latest" / "quarantine.parquet")["row"].iloc[0]
    impact = pd.read_parquet(root / "latest" / "impact.parquet").set_index(
        ["restriction_id", "impact_metric"]
    )
    row = impact.loc[("RU-2025-08-13-calls", "people_exposed")]
    assert (row["lower_persons"], row["quarantined_inputs_count"]) == (96_000_000, 1)

    before = (root / "latest").readlink()
    (bad / "sources.csv").write_bytes("source_id,publisher\nx,Müller\n".encode("latin-1"))
    second = run(environment, "--facts", bad, "--published", root)
    assert second.returncode == 1
    assert "sources.csv:2:publisher: encoding" in second.stderr
    assert "Traceback" not in second.stderr + second.stdout
    assert (root / "latest").readlink() == before


def test_strict_refuses_a_bad_row(environment: dict[str, str], tmp_path: Path) -> None:
    bad = changed(
        tmp_path / "bad",
        "restrictions",
        "RU-2025-08-13-calls",
        "2025-08-13,2025-08-10",
        "2025-13-01,2025-08-10",
    )
    done = run(environment, "--facts", bad, "--published", tmp_path / "published", "--strict")
    assert done.returncode == 1
    assert ":announced_on: date: " in done.stderr
    assert not (tmp_path / "published" / "latest").exists()


def test_killed_at_five_moments_of_a_run(environment: dict[str, str], tmp_path: Path) -> None:
    root = tmp_path / "published"
    started = time.monotonic()
    assert run(environment, "--published", root).returncode == 0
    duration = time.monotonic() - started
    moments = random.Random(5)
    for number in range(5):
        seed = str(number + 1)
        process = subprocess.Popen(
            [*COMMAND, "--published", str(root), "--seed", seed],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=HOME,
            start_new_session=True,
        )
        time.sleep(duration * (number + moments.random()) / 5)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert_whole(root)
    # A table that the disk has emptied: the next run of the same version mends it.
    manifest = json.loads((root / "latest" / "datapackage.json").read_text(encoding="utf-8"))
    (root / "latest" / "lineage.parquet").write_bytes(b"")
    seed = str(manifest["audience_impact"]["seed"])
    done = run(environment, "--published", root, "--seed", seed)
    assert done.returncode == 0, done.stderr
    assert_whole(root)
    assert list((root / "versions").glob(".tmp-*")) == []


def test_validation_switched_off_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    done = run({**environment, "PANDERA_VALIDATION_ENABLED": "False"}, "--published", tmp_path)
    assert done.returncode == 1
    assert "PANDERA_VALIDATION_ENABLED" in done.stderr
    assert not (tmp_path / "latest").exists()
