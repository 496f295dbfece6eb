"""What is installed in service: the pins of the lock, and all that its script copies."""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.serving.profile import PROFILE, read_profile

HOME = Path(__file__).resolve().parents[2]
SCRIPT = (HOME / "deploy" / "install.sh").read_text(encoding="utf-8")


def pins(name: str) -> dict[str, set[str]]:
    """Each package of a lock, with all its versions and hashes."""
    text = (HOME / name).read_text(encoding="utf-8").replace("\\\n", " ")
    result: dict[str, set[str]] = {}
    for line in text.splitlines():
        if match := re.match(r"([a-z0-9-]+)==(\S+)", line):
            result.setdefault(match[1], set()).update([match[2], *re.findall(r"sha256:\w+", line)])
    return result


def test_a_run_has_the_versions_that_were_tested() -> None:
    run, every = pins("requirements-run.lock"), pins("requirements.lock")
    assert {"prefect", "pandera", "pandas", "pyarrow", "hatchling"} <= run.keys()
    assert {name: run[name] for name in run if run[name] != every.get(name)} == {}
    assert not {"pytest", "jupyterlab", "mkdocs-material", "ruff"} & run.keys()
    assert all(any(word.startswith("sha256:") for word in value) for value in run.values())


def test_a_release_has_one_number_everywhere() -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((HOME / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (HOME / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", changes, re.MULTILINE)
    assert headings[:2] == [
        ("Unreleased", ""),
        (project["version"], f"{citation['date-released']}"),
    ]
    assert citation["version"] == project["version"]


def test_the_image_is_given_all_that_the_script_copies() -> None:
    (parts,) = re.findall(r"^for part in (.+); do$", SCRIPT, re.MULTILINE)
    text = (HOME / ".dockerignore").read_text(encoding="utf-8").split()
    wanted = {*parts.split(), "requirements-run.lock", "deploy/install.sh"}
    assert {f"!{part}" for part in wanted} == {line for line in text if line.startswith("!")}
    assert all((HOME / part).exists() for part in wanted)


def test_the_unit_names_a_profile_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = (HOME / "deploy" / "audience-impact.service").read_text(encoding="utf-8")
    how = (HOME / "docs" / "operations.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"^ExecStart=.+ --profile (\S+)$", unit, re.MULTILINE)
    assert f" deploy/profile.toml {named} " in how
    monkeypatch.setenv(PROFILE, str(HOME / "deploy" / "profile.toml"))
    assert str(read_profile().published).startswith("/var/lib/audience-impact/")


COMPOSE = [HOME / "deploy" / name for name in ("compose.yaml", "compose.bucket.yaml")]


def services() -> dict[str, dict[str, Any]]:
    """All services of the compose files, by name."""
    texts = [file.read_text(encoding="utf-8") for file in COMPOSE]
    return {name: one for text in texts for name, one in yaml.safe_load(text)["services"].items()}


def test_nobody_reaches_the_server_without_a_password_nor_from_elsewhere() -> None:
    result = services()
    assert "PREFECT_SERVER_API_AUTH_STRING" in result["server"]["environment"]
    published = [port for value in result.values() for port in value.get("ports", [])]
    assert published == ["127.0.0.1:4200:4200"]
    # Only Prefect's server reaches the database.
    assert {name for name, value in result.items() if "database" in value["networks"]} == {
        "database",
        "server",
    }


def refused(settings: dict[str, str]) -> set[str]:
    """The variables that compose refuses, since they are blank (`${NAME:?why}`)."""
    text = "".join(file.read_text(encoding="utf-8") for file in COMPOSE)
    return {name for name in re.findall(r"\$\{(\w+):\?[^}]+\}", text) if not settings.get(name)}


def test_blank_passwords_and_images_without_digest_are_refused() -> None:
    lines = (HOME / "deploy" / "env.example").read_text(encoding="utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    text = "".join(file.read_text(encoding="utf-8") for file in COMPOSE)
    named = set(re.findall(r"\$\{(\w+)", text))
    needed = {name for name in named if name.endswith(("_PASSWORD", "_IMAGE", "ROOT_USER"))}
    assert len(needed) == 7
    assert refused(example) == needed
    assert refused({**example, **dict.fromkeys(needed, "x")}) == set()
    # Each use refuses it, and none has a value beside it.
    assert len(re.findall(rf"\${{(?:{'|'.join(needed)})", text)) == len(
        re.findall(rf"\${{(?:{'|'.join(needed)}):\?", text)
    )


def test_the_password_of_the_database_stands_in_no_address() -> None:
    assert services()["server"]["environment"]["PREFECT_SERVER_DATABASE_PASSWORD"]
    addresses = [
        value
        for one in services().values()
        for value in one["environment"].values()
        if "://" in str(value)
    ]
    assert not [value for value in addresses if "PASSWORD" in value]


def test_the_schedule_never_has_the_keys_of_the_root_of_the_store() -> None:
    result = {name: str(one["environment"]) for name, one in services().items()}
    assert {name for name, text in result.items() if "BUCKET_ROOT" in text} == {"bucket"}
    assert {name for name, text in result.items() if "AWS_" in text} == {"schedule"}


@pytest.mark.parametrize("name", ["database", "server", "bucket", "schedule"])
def test_each_container_is_confined(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "/tmp" in service["tmpfs"]


def test_nothing_is_put_where_another_user_could_put_it_before() -> None:
    """A lock with a known name in /tmp can be made and held by everybody on the machine."""
    pages = [*(HOME / "docs").rglob("*.md"), *(HOME / "deploy").iterdir()]
    texts = {path.name: path.read_text(encoding="utf-8") for path in pages if path.is_file()}
    assert [name for name, text in texts.items() if re.search(r"(?<![\w.])/tmp/\w", text)] == []


def test_the_unit_of_the_server_does_not_start_without_a_password() -> None:
    text = (HOME / "deploy" / "prefect-server.service").read_text(encoding="utf-8")
    (words,) = re.findall(r"^ExecStartPre=(.+)$", text, re.MULTILINE)
    name = "PREFECT_SERVER_API_AUTH_STRING"
    for password, status in (("me:x y", 0), ("", 1)):
        shown = words.replace(f"${{{name}}}", password)
        assert subprocess.run(shlex.split(shown), check=False).returncode == status


@pytest.mark.parametrize("name", ["audience-impact.service", "prefect-server.service"])
def test_a_unit_that_cannot_start_is_tried_less_and_less_often(name: str) -> None:
    text = (HOME / "deploy" / name).read_text(encoding="utf-8")
    settings = dict(re.findall(r"^(Restart\w*)=(\w+)$", text, re.MULTILINE))
    assert int(settings["RestartMaxDelaySec"]) > int(settings["RestartSec"])
    assert int(settings["RestartSteps"]) > 1
