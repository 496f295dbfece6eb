"""The check in other repositories: hook, action and workflow, and what they install."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from audience_impact.cli.command import app
from tests.packaging.test_deploy import pins
from tests.support import append, edit

pytestmark = pytest.mark.service

HOME = Path(__file__).resolve().parents[2]
WORKFLOWS = HOME / ".github" / "workflows"
SCRIPT = ".ci/check-facts"
ROLES = ("AUTHOR", "COMMITTER")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def options() -> set[str]:
    """Options that `audience-impact check` knows."""
    check: Any = get_command(app).commands["check"]  # type: ignore[attr-defined]
    return {name for option in check.params for name in option.opts if name.startswith("--")}


def test_a_check_has_the_versions_that_were_tested() -> None:
    light, every = pins("requirements-check.lock"), pins("requirements.lock")
    assert {"pandas", "pandera", "typer"} <= light.keys()
    assert {name: light[name] for name in light if light[name] != every.get(name)} == {}
    assert not {"prefect", "pyarrow", "scipy", "statsmodels", "matplotlib"} & light.keys()
    assert all(any(word.startswith("sha256:") for word in value) for value in light.values())


WITHOUT = """
import sys
absent = set(sys.argv.pop(1).split(","))
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from audience_impact.cli import main
main()
"""


def test_a_check_imports_no_more_than_its_lock_installs(small_facts: Path) -> None:
    light = pins("requirements-check.lock").keys()
    absent = [
        module
        for module, owners in packages_distributions().items()
        if not {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} & light
        and module not in ("audience_impact", "flows", "schemas")
    ]
    assert {"prefect", "pyarrow", "scipy"} <= set(absent)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, ",".join(absent), "check", str(small_facts)],
        cwd=HOME,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (0, 2), done.stderr
    assert "0 errors" in done.stderr


PARTS = ("audience_impact", "flows", "schemas", "data/facts", "data/stop", "docs/assets/own-facts")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of which the environment is made: its python is the one that tests."""
    there = tmp_path / "clone"
    for name in (SCRIPT, "action.yml", ".pre-commit-hooks.yaml", "pyproject.toml"):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(HOME / name, there / name)
    for part in PARTS:
        shutil.copytree(HOME / part, there / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".venv-check", ".venv-run"):
        python = there / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
        python.chmod(0o755)
        (there / name / ".ready").touch()
    return there


def test_the_hook_checks_the_folder_of_the_caller(clone: Path, small_facts: Path) -> None:
    (hook,) = read(HOME / ".pre-commit-hooks.yaml")
    assert (hook["entry"], hook["language"]) == (SCRIPT, "script")
    # What lies where it is called from takes no module's place.
    (small_facts.parent / "flows").mkdir()
    (small_facts.parent / "flows" / "__init__.py").write_text("raise SystemExit(9)\n", "utf-8")
    line = edit(small_facts, "estimates", "E1", value="many")
    done = subprocess.run(
        [clone / hook["entry"], small_facts.name],
        cwd=small_facts.parent,
        env={**os.environ, "PYTHONPATH": str(small_facts.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{small_facts.name}/estimates.csv:{line}:value: number: " in done.stdout, done.stderr
    assert done.returncode == 1


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lines of a shell where git knows an author, and nothing else of whoever tests."""
    outside = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    who = {f"GIT_{role}_{what}": "tester" for role in ROLES for what in ("NAME", "EMAIL")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "PRE_COMMIT_HOME": str(folder / "hooks")}
    return subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=folder,
        env=outside | who | alone | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_five_commands_of_the_docs_make_a_repository_that_is_checked(
    clone: Path, tmp_path: Path
) -> None:
    """As printed, but that the hook's environment is there already, and nothing is fetched."""
    text = (HOME / "docs" / "how-to" / "own-facts.md").read_text(encoding="utf-8")
    commands = re.split(r"^```$", text, flags=re.MULTILINE)[1].strip()
    assert len(commands.splitlines()) == 5
    # Whoever follows them cloned the repository that the hook is taken from.
    commit = "git init --quiet; git add --force .; git commit --quiet --message clone"
    done = shell(f"{commit}; git remote add origin {clone}", clone)
    assert done.returncode == 0, done.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    done = shell(commands.replace("CLONE", str(clone)), empty)
    assert (done.returncode, "WARNING" in done.stdout) == (0, False), done.stderr
    keep = "git add facts .pre-commit-config.yaml; git commit --message facts"
    done = shell(keep, empty)
    assert done.returncode == 0, done.stderr
    append(empty / "facts", "estimates", {"estimate_id": "MY-1", "platform_id": "telegramm"})
    done = shell(keep, empty)
    assert done.returncode == 1
    assert "\nfacts/estimates.csv:2:platform_id: key_unresolved: telegramm is not" in done.stderr


def test_answers_are_compared_with_those_of_a_commit(clone: Path, small_facts: Path) -> None:
    commit = "git init --quiet; git add --force .; git commit --quiet --message facts"
    assert shell(commit, small_facts.parent).returncode == 0
    line = edit(small_facts, "estimates", "E1", value="560000")
    call = f"{clone}/{SCRIPT} --since {{}} {small_facts.name}"
    done = shell(call.format("HEAD"), small_facts.parent)
    assert f"{small_facts.name}/estimates.csv:{line}:value: answer_moved: " in done.stdout
    assert "\nanswers compared with those below " in done.stderr
    for name in ("nothing", "--output=planted"):
        done = shell(call.format(name), small_facts.parent)
        assert (done.returncode, "answer_moved" in done.stdout) == (0, False)
        assert done.stderr.startswith(f'answers not compared: git has no commit "{name}" here\n')
    assert not (small_facts.parent / "planted").exists()


@pytest.mark.parametrize("on_top", ["true", "false"])
def test_the_action_calls_the_check_with_options_that_it_knows(on_top: str, clone: Path) -> None:
    action = read(clone / "action.yml")
    (step,) = action["runs"]["steps"]
    script = clone / SCRIPT
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    given = {"FOLDERS": "facts\n\nmore facts\n", "ON_TOP": on_top, "ACTION": str(clone)}
    given["BASE"] = "HEAD" if on_top == "true" else ""
    assert given.keys() == step["env"].keys()
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.splitlines()
    assert words[-3:] == ["--", "facts", "more facts"]
    assert {word for word in words if word.startswith("--")} <= {*options(), "--", "--since"}
    assert ("--on-top-of-shipped" in words) is (on_top == "true")
    assert words[:2] == (["--since", "HEAD"] if given["BASE"] else ["--format", "github"])


def test_the_workflow_gives_the_action_all_that_it_takes() -> None:
    workflow, action = read(WORKFLOWS / "check-facts.yml"), read(HOME / "action.yml")
    taken = workflow[True]["workflow_call"]["inputs"]  # YAML 1.1 reads `on` as true
    (*_, last) = workflow["jobs"]["facts"]["steps"]
    assert taken.keys() == action["inputs"].keys() == last["with"].keys()
    assert all(last["with"][name] == f"${{{{ inputs.{name} }}}}" for name in taken)
    own = next(step for step in workflow["jobs"]["facts"]["steps"] if "ref" in step.get("with", {}))
    assert last["uses"] == f"./{own['with']['path']}"


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.yml")), ids=lambda path: path.name)
def test_actions_of_others_are_pinned_by_commit(path: Path) -> None:
    steps = [step for job in read(path)["jobs"].values() for step in job["steps"]]
    used = {step["uses"] for step in steps if "uses" in step}
    assert used
    loose = [use for use in used if not re.search(r"^\./|@[0-9a-f]{40}$", use)]
    assert loose == []


def test_tools_that_make_the_locks_are_pinned_by_version() -> None:
    """Whoever could change them could change every hash that they write."""
    makefile = (HOME / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^UV = uv==\d+\.\d+\.\d+$", makefile, re.MULTILINE)
    assert re.findall(r"pip install[^\n]*\buv\b(?!==)[^\n]*", makefile) == []
