"""What is installed in service: the pins of the lock, and all that its script copies."""

import re
from pathlib import Path

import pytest
import yaml

from flows.serving.preparing import PROFILE, read_profile

HOME = Path(__file__).resolve().parents[2]
SCRIPT = (HOME / "deploy" / "install.sh").read_text(encoding="utf-8")


def pins(name: str) -> dict[str, set[str]]:
    """Each package of a lock, with all its versions and hashes."""
    text = (HOME / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        if match := re.match(r"([a-z0-9-]+)==(\S+)", line):
            found.setdefault(match[1], set()).update([match[2], *re.findall(r"sha256:\w+", line)])
    return found


def test_a_run_has_the_versions_that_were_tested() -> None:
    run, every = pins("requirements-run.lock"), pins("requirements.lock")
    assert {"prefect", "pandera", "pandas", "pyarrow", "uv-build"} <= run.keys()
    assert {name: run[name] for name in run if run[name] != every.get(name)} == {}
    assert not {"pytest", "jupyterlab", "mkdocs-material", "ruff"} & run.keys()
    assert all(any(word.startswith("sha256:") for word in told) for told in run.values())


def test_the_image_is_given_all_that_the_script_copies() -> None:
    (parts,) = re.findall(r"^for part in (.+); do$", SCRIPT, re.MULTILINE)
    told = (HOME / ".dockerignore").read_text(encoding="utf-8").split()
    wanted = {*parts.split(), "requirements-run.lock", "deploy/install.sh"}
    assert {f"!{part}" for part in wanted} == {line for line in told if line.startswith("!")}
    assert all((HOME / part).exists() for part in wanted)


def test_the_unit_names_a_profile_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = (HOME / "deploy" / "audience-impact.service").read_text(encoding="utf-8")
    how = (HOME / "docs" / "operations.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"^ExecStart=.+ --profile (\S+)$", unit, re.MULTILINE)
    assert f" deploy/profile.toml {named} " in how
    monkeypatch.setenv(PROFILE, str(HOME / "deploy" / "profile.toml"))
    assert str(read_profile().published).startswith("/var/lib/audience-impact/")


def test_nobody_reaches_the_server_without_a_password_nor_from_elsewhere() -> None:
    told = yaml.safe_load((HOME / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    server = told["services"]["server"]
    assert "PREFECT_SERVER_API_AUTH_STRING" in server["environment"]
    published = [port for one in told["services"].values() for port in one.get("ports", [])]
    assert published == ["127.0.0.1:4200:4200"]
