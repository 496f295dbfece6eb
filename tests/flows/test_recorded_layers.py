"""No layer of facts is lost without a word: what a run uses, refuses, and says to do next."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from audience_impact.store import versions
from flows import CHECKOUT
from flows.commands import folders, run
from flows.pipeline import steps
from flows.runs import RECORD, RunOptions, record_layers
from tests.flows.test_cli import command

FACTS, REGISTER = CHECKOUT / "data" / "facts", CHECKOUT / "data" / "stop"


@pytest.fixture
def root(small_results: steps.Results, tmp_path: Path) -> Path:
    steps.publish_results(small_results, tmp_path / "published", None)
    return tmp_path / "published"


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    folder = tmp_path / "the layer"
    folder.mkdir()
    (folder / "sources.csv").write_text("source_id\n", encoding="utf-8")
    return folder


def _record(root: Path, *layers: Path) -> None:
    record_layers(versions.find_latest(root), layers)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[Path]]:
    """The folders of each run, which computes nothing."""
    seen: list[list[Path]] = []

    def run_flow(options: RunOptions, _profile: object) -> int:
        seen.append(list(options.facts))
        return 0

    monkeypatch.setattr(run, "run_flow", run_flow)
    return seen


def test_a_run_uses_the_layers_of_the_last_version_and_says_so(
    root: Path, layer: Path, runs: list[list[Path]]
) -> None:
    _record(root, FACTS, layer)
    assert json.loads((root / RECORD).read_text("utf-8"))["layers"] == ["data/facts", str(layer)]
    done = command("run", "--published", root)
    assert (done.returncode, runs) == (0, [[FACTS, layer]])
    assert done.stderr == f"facts: data/facts, {layer}, as in the last version\n"


def test_a_first_run_uses_the_shipped_facts(tmp_path: Path, runs: list[list[Path]]) -> None:
    command("run", "--published", tmp_path)
    assert runs == [[FACTS, REGISTER]]


def test_one_switch_leaves_the_shipped_register_out(
    root: Path, tmp_path: Path, runs: list[list[Path]]
) -> None:
    command("run", "--no-register", "--published", tmp_path)
    _record(root, FACTS, REGISTER)
    assert command("run", "--no-register", "--published", root).returncode == 0
    assert runs == [[FACTS], [FACTS]]


@pytest.mark.parametrize("words", [["--facts", FACTS], ["--on-top-of-shipped", "--facts", "new"]])
def test_a_run_that_drops_a_layer_is_refused_in_a_line(
    words: list[str | Path], root: Path, layer: Path, tmp_path: Path, runs: list[list[Path]]
) -> None:
    new = tmp_path / "new"
    layer.rename(new)
    layer.mkdir()
    _record(root, FACTS, layer)
    done = command("run", *words, "--published", root, cwd=tmp_path)
    assert (done.returncode, runs, done.stdout) == (1, [], "")
    (line,) = done.stderr.splitlines()
    assert f"this run would drop {layer}, a layer of the last version" in line
    assert f"give --facts data/facts --facts '{layer}'" in line
    assert "or --drop-layers" in line
    assert (
        command("run", *words, "--published", root, "--drop-layers", cwd=tmp_path).returncode == 0
    )
    assert len(runs) == 1


def test_drop_layers_alone_goes_back_to_the_shipped_facts(
    root: Path, layer: Path, runs: list[list[Path]]
) -> None:
    _record(root, FACTS, layer)
    assert command("run", "--published", root, "--drop-layers").returncode == 0
    assert runs == [[FACTS, REGISTER]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "layers.json is damaged: remove it, and give --facts"),
        ('{"version_id": "x", "layers": "data/facts"}', "is damaged"),
        ('{"version_id": "x", "layers": []}', "is damaged"),
        ('{"version_id": "%s", "layers": ["data/facts", "/no\\u001bwhere"]}', "/no<U+001B>where"),
        ('{"version_id": "%s", "layers": ["data/facts", "/nowhere"]}', "/nowhere of the last ver"),
        ('{"version_id": "%s", "layers": ["s3://bucket/facts"]}', "an address: give it with"),
    ],
)
def test_a_record_that_somebody_edited_is_refused_in_a_line(
    content: str, said: str, root: Path, runs: list[list[Path]]
) -> None:
    (root / RECORD).write_text(content.replace("%s", versions.find_latest(root).id), "utf-8")
    done = command("run", "--published", root)
    assert (done.returncode, runs) == (1, [])
    (line,) = done.stderr.splitlines()
    assert said in line


def test_a_record_of_another_version_counts_for_nothing(root: Path, layer: Path) -> None:
    _record(root, layer)
    record = json.loads((root / RECORD).read_text("utf-8"))
    other = record | {"version_id": "2020-01-01-000000000000"}
    (root / RECORD).write_text(json.dumps(other), "utf-8")
    assert folders.read_last_layers(root) == []


def test_a_record_changes_no_published_byte(root: Path, layer: Path) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*.*") if path.is_file()}
    _record(root, layer)
    _record(root, layer)
    after = {path: path.read_bytes() for path in root.rglob("*.*") if path.is_file()}
    assert set(after) - set(before) == {root / RECORD}
    assert before.items() <= after.items()


def test_an_import_says_the_next_command_or_runs_it(
    root: Path, layer: Path, runs: list[list[Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    _record(root, FACTS)
    run._finish_import([FACTS], layer, root, run=False)
    shown = capsys.readouterr().out
    assert f"next: audience-impact run --facts data/facts --facts '{layer}' --published" in shown
    run._finish_import([FACTS], layer, root, run=True)
    assert [path.resolve() for path in runs[0]] == [FACTS, layer]
    _record(root, FACTS, layer)
    run._finish_import([FACTS], layer, root, run=True)
    assert runs[1] == [FACTS, layer], "a layer that is there is not added twice"


def test_a_run_says_what_comes_next(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/audience-impact"])
    run.show_next_steps(root)
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("next: .venv/bin/audience-impact ") for line in lines)
    assert any("import stop" in line for line in lines)
    (report,) = [line for line in lines if " report " in line]
    assert report.endswith("# writes pages")
    (root / "report").symlink_to("reports/2020-01-01-000000000000")
    run.show_next_steps(root)
    assert "the pages there are of version 2020-01-01-000000000000" in capsys.readouterr().out


def test_make_run_says_what_it_installs_and_renders_the_version_that_it_publishes() -> None:
    words = ["make", "--dry-run", "--always-make", "run", "ARGS=--published there"]
    done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    installs, _, runs = done.stdout.partition("-m venv")
    assert "First this installs what a run needs into .venv" in installs
    assert " GB" in installs
    assert "audience-impact run --report --published there" in runs
