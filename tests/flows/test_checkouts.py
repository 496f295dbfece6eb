"""Facts in git checkouts are pulled before a run, and a night without new facts says so."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from audience_impact.store import PublishError
from flows import CHECKOUT
from flows.pipeline.steps import RefusedError
from flows.serving import checkouts

AUTHOR = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *AUTHOR, "-C", str(folder), *words], check=True, capture_output=True)


def commit(origin: Path, name: str, text: str) -> None:
    (origin / name).parent.mkdir(exist_ok=True)
    (origin / name).write_text(text, encoding="utf-8")
    git(origin, "add", "--all")
    git(origin, "commit", "--message", name)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet")
    commit(origin, "facts/estimates.csv", "a\n")
    return origin


@pytest.fixture
def facts(origin: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "--quiet", str(origin), str(tmp_path / "clone"))
    return tmp_path / "clone" / "facts"


def test_new_facts_are_there_after_the_pull(origin: Path, facts: Path) -> None:
    commit(origin, "facts/estimates.csv", "b\n")
    (line,) = checkouts.pull_facts([facts])
    assert line.startswith(f"{facts}: new facts, commit ")
    assert (facts / "estimates.csv").read_text(encoding="utf-8") == "b\n"


def test_a_night_without_new_facts_says_so_and_since_when(origin: Path, facts: Path) -> None:
    (before,) = checkouts.pull_facts([facts])
    assert before.startswith(f"{facts}: no new facts since commit ")
    commit(origin, "README.md", "beside the facts\n")
    assert checkouts.pull_facts([facts]) == [before]


def test_two_folders_of_one_checkout_have_the_same_news(origin: Path, facts: Path) -> None:
    commit(origin, "facts/other.csv", "1")
    first, second = checkouts.pull_facts([facts, facts])
    assert ": new facts, commit" in first
    assert second == first


def test_variables_of_another_repository_are_not_used(
    facts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert ": no new facts" in checkouts.pull_facts([facts])[0]


def test_an_address_is_read_anew_and_not_pulled() -> None:
    assert checkouts.pull_facts([Path("s3://bucket/facts")]) == []


def test_a_pull_that_fails_is_a_line_and_tried_again(origin: Path, facts: Path) -> None:
    shutil.rmtree(origin)
    with pytest.raises(PublishError, match="the facts cannot be pulled: git pull in") as error:
        checkouts.pull_facts([facts])
    assert "\n" not in str(error.value)
    assert isinstance(error.value.__cause__, OSError)  # then is_transient tries it again


def test_a_checkout_with_changes_of_somebody_is_not_overwritten(origin: Path, facts: Path) -> None:
    commit(origin, "facts/estimates.csv", "b\n")
    (facts / "estimates.csv").write_text("mine\n", encoding="utf-8")
    with pytest.raises(PublishError, match="cannot be pulled"):
        checkouts.pull_facts([facts])
    assert (facts / "estimates.csv").read_text(encoding="utf-8") == "mine\n"


def test_a_pull_runs_no_hook_and_makes_no_link(origin: Path, facts: Path, tmp_path: Path) -> None:
    hook = facts.parent / ".git" / "hooks" / "post-merge"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/taken\n", encoding="utf-8")
    hook.chmod(0o755)
    (origin / "facts" / "places.csv").symlink_to("/etc/hostname")
    commit(origin, "facts/estimates.csv", "b\n")
    checkouts.pull_facts([facts])
    assert not (tmp_path / "taken").exists()
    assert (facts / "places.csv").is_file()
    assert not (facts / "places.csv").is_symlink()


SSH = "core.sshCommand"


@pytest.mark.parametrize(
    ("named", "used"),
    [
        ("", "ssh"),
        ("variable", "ssh -i deploy-key"),
        ("other variable", "deploy-ssh"),
        ("configuration", "ssh -i deploy-key"),
    ],
)
def test_the_ssh_of_an_operator_is_used(
    facts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, used: str
) -> None:
    """A pull over ssh runs a program of ours that writes how it was called."""
    calls = tmp_path / "bin" / "calls"
    calls.parent.mkdir()
    for name in ("ssh", "deploy-ssh"):
        program = calls.with_name(name)
        program.write_text(f'#!/bin/sh\necho "{name} $1 $2" >> {calls}\nexit 1\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{calls.parent}:{os.environ['PATH']}")
    for name in ("GIT_SSH_COMMAND", "GIT_SSH"):
        monkeypatch.delenv(name, raising=False)
    if named == "variable":
        monkeypatch.setenv("GIT_SSH_COMMAND", used)
    elif named == "other variable":
        monkeypatch.setenv("GIT_SSH", used)
    elif named == "configuration":
        git(facts, "config", SSH, used)
    git(facts, "remote", "set-url", "origin", "git@example.org:facts.git")
    with pytest.raises(PublishError, match="cannot be pulled"):
        checkouts.pull_facts([facts])
    assert calls.read_text().splitlines()[-1].startswith(used)


def test_a_checkout_that_contains_the_one_that_runs_is_not_pulled(
    facts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkouts, "CHECKOUT", facts.parent / "pipeline")
    (facts.parent / "pipeline").mkdir()
    with pytest.raises(RefusedError, match="is in the checkout that runs"):
        checkouts.pull_facts([facts])


def test_neither_a_plain_folder_nor_the_checkout_that_runs_is_pulled(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="is in no git checkout"):
        checkouts.pull_facts([tmp_path])
    with pytest.raises(RefusedError, match="is in the checkout that runs"):
        checkouts.pull_facts([CHECKOUT / "data" / "facts"])
