"""Steps done before the flow begins: taken once, by whoever asks for the same, else done anew."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from flows.commands.running import _meanwhile
from flows.dividing import ALONE
from flows.pipeline import ahead, aside, steps
from flows.workers import RunnerName
from tests.support import ended, small

WANTED = {
    "as_of": None,
    "seed": 0,
    "strict": False,
    "repair": False,
    "workers": 1,
    "sensitivity": False,
    "runner": RunnerName.LOCAL,
}


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    return small(tmp_path / "facts")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the steps that were done, in order."""
    names: list[str] = []
    monkeypatch.setattr(ahead, "_DONE", [])
    monkeypatch.setattr(ahead, "_TAKEN", {})

    def told(name: str) -> Any:
        step = getattr(steps, name)

        def run(*args: Any) -> Any:
            names.append(name)
            return step(*args)

        run.__name__ = name
        return run

    for name in ("read", "known_by", "check", "compute"):
        monkeypatch.setattr(steps, name, told(name))
    return names


def test_a_step_that_was_done_is_not_done_again(facts: Path, done: list[str]) -> None:
    ahead.run([facts], WANTED)
    assert done == ["read", "known_by", "check", "compute"]
    reading = ahead.take(steps.read, [facts])
    assert ahead.take(steps.known_by, reading, None) is reading
    checked = ahead.take(steps.check, reading, ahead.today())
    results = ahead.take(steps.compute, checked, None, 0, False, False, ALONE)
    assert done == ["read", "known_by", "check", "compute"]
    assert len(results.frames["impact"]) > 0
    assert set(ahead.seconds(["read", "compute", "write"])) == {"read", "compute"}


def test_what_was_done_is_taken_once(facts: Path, done: list[str]) -> None:
    ahead.run([facts], WANTED)
    first, second = (ahead.take(steps.read, [facts]) for _ in range(2))
    assert done.count("read") == 2
    assert first is not second
    assert ahead.seconds(["read"]) == {}


def test_another_question_is_answered_anew(facts: Path, done: list[str]) -> None:
    ahead.run([facts], WANTED)
    reading = ahead.take(steps.read, [facts])
    ahead.take(steps.check, replace(reading), ahead.today())
    ahead.take(steps.check, reading, date(2020, 1, 1))
    assert done.count("check") == 3


def test_what_goes_wrong_goes_wrong_where_it_is_asked_for(tmp_path: Path, done: list[str]) -> None:
    ahead.run([tmp_path], WANTED)
    assert done == ["read", "known_by", "check"]
    reading = ahead.take(steps.read, [tmp_path])
    checked = ahead.take(steps.check, reading, ahead.today())
    with pytest.raises(steps.RefusedError, match="missing_table"):
        steps.gate(checked, strict=False)


def test_what_keeps_a_server_from_starting_is_raised_after_the_other_work() -> None:
    seen = []

    def start() -> None:
        raise RuntimeError("no port")

    with pytest.raises(RuntimeError, match="no port"), _meanwhile(start):
        seen.append("worked")
    assert seen == ["worked"]


ASIDE = """
import sys
from pathlib import Path
from flows.pipeline import aside
with aside.begun([Path(sys.argv[1])], {}) as take_over:
    print(int(Path("/proc/self/task", str(os.getpid()), "children").read_text()), flush=True)
    input()
"""


def test_another_process_does_the_same_steps(facts: Path, done: list[str]) -> None:
    with aside.begun([facts], WANTED) as take_over:
        take_over()
    reading = ahead.take(steps.read, [facts])
    reading = ahead.take(steps.known_by, reading, None)
    checked = ahead.take(steps.check, reading, ahead.today())
    theirs = ahead.take(steps.compute, checked, None, 0, False, False, ALONE)
    assert done == []
    mine = steps.compute(steps.check(steps.read([facts]), ahead.today()), None, 0, False, False)
    assert theirs.version == mine.version
    for name, rows in mine.rows.items():
        assert pa.concat_tables(theirs.rows[name].groups()).equals(
            pa.concat_tables(rows.groups())
        ), name


def test_what_a_process_that_died_did_is_done_here(
    facts: Path, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "ASKED", "import os; os._exit(9)")
    with aside.begun([facts], WANTED) as take_over:
        take_over()
    ahead.take(steps.read, [facts])
    assert done == ["read"]


def test_a_killed_command_leaves_no_process_behind(facts: Path) -> None:
    words = [sys.executable, "-c", "import os\n" + ASIDE, str(facts)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as command:
        assert command.stdout
        beside = int(command.stdout.readline())
        command.kill()
    assert ended(beside)
