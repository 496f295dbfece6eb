"""A check of facts that did not change prints what it printed, without reading a table."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.commands import checking
from flows.commands.checking import FindingFormat, Outcome
from flows.pipeline import cache, code
from tests.flows.test_cli import command
from tests.support import append, edit

HOME = Path(__file__).resolve().parents[2]
TODAY = date(2026, 5, 2)


def count_checks(monkeypatch: pytest.MonkeyPatch) -> list[list[Path]]:
    """The folders of each check from now on that is not recalled."""
    checks: list[list[Path]] = []
    check_folders = checking._check_folders

    def check(folders: list[Path], *rest: Any) -> Any:
        checks.append(folders)
        return check_folders(folders, *rest)

    monkeypatch.setattr(checking, "_check_folders", check)
    return checks


@pytest.mark.parametrize("style", FindingFormat)
def test_unchanged_facts_are_checked_once(
    style: FindingFormat, small_facts: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(small_facts, "estimates", "E1", value="many")
    checks = count_checks(monkeypatch)
    first, again = (command("check", small_facts, "--format", style.value) for _ in range(2))
    assert (first.stdout, first.stderr, first.returncode) == (
        *(again.stdout, again.stderr, again.returncode),
    )
    assert (first.returncode, len(checks), len(list(saved.glob("check-*")))) == (1, 1, 1)
    assert "number" in first.stdout


LISTED = """
import sys
from audience_impact.cli import main
try:
    main()
finally:
    print(sorted({"pandas", "pyarrow", "pandera", "rich"} & sys.modules.keys()))
"""


def test_a_check_recalled_imports_no_library_of_tables(small_facts: Path, tmp_path: Path) -> None:
    first, again = (
        subprocess.run(
            [sys.executable, "-c", LISTED, "check", str(small_facts)],
            cwd=HOME,
            env={**os.environ, cache.VARIABLE: str(tmp_path / "results")},
            capture_output=True,
            text=True,
            check=True,
        )
        for _ in range(2)
    )
    assert first.stderr == again.stderr
    *findings, modules = first.stdout.splitlines()
    assert "'pandas'" in modules
    assert again.stdout.splitlines() == [*findings, "[]"]


def touch_time(facts: Path) -> None:
    os.utime(facts / "areas.csv", (0, 0))


@pytest.mark.parametrize(
    ("change", "count"),
    [
        (lambda facts: edit(facts, "estimates", "E1", value="510000"), 2),
        (lambda facts: append(facts, "platforms", {"platform_id": "delta", "name": "Delta"}), 2),
        (lambda facts: (facts / "odd.csv").write_text("a\n", encoding="utf-8"), 2),
        (lambda facts: (facts / ".unfinished").touch(), 2),
        (lambda facts: (facts / "areas.csv").unlink(), 2),
        (lambda facts: (facts / "README.md").write_text("a\n", encoding="utf-8"), 1),
        (touch_time, 1),
    ],
)
def test_changed_facts_are_checked_again(
    change: Callable[[Path], object],
    count: int,
    small_facts: Path,
    saved: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checks = count_checks(monkeypatch)
    command("check", small_facts)
    change(small_facts)
    command("check", small_facts)
    assert len(checks) == count
    assert saved.is_dir()


def test_the_key_has_code_options_folder_and_libraries(
    small_facts: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def key(style: FindingFormat = FindingFormat.TEXT, on_top: bool = False) -> str | None:
        return checking._digest_check([small_facts], style, on_top)

    assert key() == key() != key(FindingFormat.JSON)
    assert key() != key(on_top=True)
    keys = {key()}
    monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", "False")
    keys.add(key())
    monkeypatch.delenv("PANDERA_VALIDATION_ENABLED")
    monkeypatch.setattr(code, "list_files", lambda: [Path(__file__)])
    keys.add(key())
    monkeypatch.setattr(code, "LIBRARIES_OF_CHECKS", ())
    keys.add(key())
    assert len(keys) == 4
    monkeypatch.setattr(code, "SETTLED_SECONDS", 1e12)
    assert key() is None
    assert not saved.exists()


def test_nothing_is_saved_of_what_is_no_file_or_as_large_as_no_table(
    small_facts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code, "SETTLED_SECONDS", 0.0)
    os.mkfifo(small_facts / "odd.csv")
    assert checking._digest_check([small_facts], FindingFormat.TEXT, False) is None
    (small_facts / "odd.csv").unlink()
    assert checking._digest_check([small_facts], FindingFormat.TEXT, False) is not None
    monkeypatch.setattr(checking, "MOST_BYTES", 100)
    assert checking._digest_check([small_facts], FindingFormat.TEXT, False) is None
    assert checking._digest_check([Path("s3://bucket/x")], FindingFormat.TEXT, False) is None


@pytest.mark.parametrize(
    ("day", "is_of_day", "is_recalled"),
    [
        (TODAY, True, True),
        (date(2026, 5, 1), False, True),
        (date(2026, 5, 1), True, False),
        (date(2026, 5, 3), False, False),
    ],
)
def test_an_outcome_that_depends_on_the_day_is_of_that_day(
    day: date, is_of_day: bool, is_recalled: bool, saved: Path
) -> None:
    outcome = Outcome("", ("line",), 0, day, is_of_day)
    cache.save("check-a", tuple(outcome))
    assert saved.is_dir()
    assert checking._recall_outcome("check-a", TODAY) == (outcome if is_recalled else None)


def test_a_page_read_tomorrow_is_checked_again_then(
    small_facts: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(small_facts, "sources", "panel-page", accessed_on="2035-01-01")
    checks = count_checks(monkeypatch)
    assert "read_after_today" in command("check", small_facts).stdout
    (path,) = saved.glob("check-*")
    outcome = Outcome(*cache.load(path.name))
    assert (outcome.is_of_day, len(checks)) == (True, 1)


def test_accepting_reads_and_saves_no_outcome(
    small_facts: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(small_facts, "sources", "survey-page", url="", title="A book")
    command("check", small_facts)
    count = len(list(saved.iterdir()))
    checks = count_checks(monkeypatch)
    assert "warnings entered" in command("check", small_facts, "--accept", "a book").stderr
    assert (len(checks), len(list(saved.iterdir()))) == (1, count)
    assert "0 warnings, 2 accepted" in command("check", small_facts).stderr


def test_a_check_compares_answers_with_facts_as_they_were(
    small_facts: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(small_facts, base / small_facts.name)

    def compare(style: str) -> subprocess.CompletedProcess[str]:
        words = ("check", small_facts.name, "--against", base, "--format", style)
        return command(*words, cwd=small_facts.parent)

    done = compare("github")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), "the warning of these facts"
    assert f"answers compared with those below {base}: 0 cases\n" in done.stderr
    line = edit(small_facts, "estimates", "E1", value="560000")
    place = f"::warning file={small_facts.name}/estimates.csv,line={line},title=answer_moved::"
    assert place in compare("github").stdout
    findings = json.loads(compare("json").stdout)
    assert {"answer_moved": "warning"}.items() <= {
        row["rule"]: row["severity"] for row in findings
    }.items()
    (base / small_facts.name / "sources.csv").unlink()
    done = compare("text")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert "\nanswers not compared: " in done.stderr
    assert "missing_table" in done.stderr
