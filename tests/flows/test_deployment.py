"""A profile, the flow of the schedule, and which failures of a step are tried again."""

import inspect
import os
from pathlib import Path
from typing import Any

import pytest
from prefect.exceptions import ParameterTypeError
from prefect.settings import PREFECT_API_URL, temporary_settings

from audience_impact.plain_text import ReadableError
from audience_impact.store import PublishError
from flows import publish_impact, runs
from flows.pipeline.steps import RefusedError
from flows.serving.profile import PREFIX, PROFILE, Profile, read_profile


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the variables of whoever runs the tests nor those of another test."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(PROFILE, "")


def test_a_variable_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "test.toml"
    file.write_text('keep = 2\npublished = "c"\nenvironment = "north"\n')
    monkeypatch.setenv("AUDIENCE_IMPACT_KEEP", "7")
    profile = read_profile(file)
    assert (profile.keep, profile.published) == (7, Path("c"))
    assert profile.qualify_name("daily") == "daily-north"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('environment = "Not a name"', "environment"),
        ("keep = 0", "AUDIENCE_IMPACT_KEEP"),
        ("enviroment = 'x'", "enviroment"),
        ("keep = [", "Invalid value|Unclosed array"),
        ("facts = []", "facts"),
        ("facts = " + "[" * 100_000, "recursion"),
    ],
    ids=["a name", "a number", "a field", "no end", "no facts", "deep nesting"],
)
def test_a_profile_that_is_wrong_is_named_in_one_line(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(ReadableError, match=told) as error:
        read_profile(file)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_password_among_the_notices_is_never_told(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('notices = ["json://me:secret@example.org"]\nkeep = "x"\n')
    with pytest.raises(ReadableError) as error:
        read_profile(file)
    assert "secret" not in str(error.value)
    file.write_text('notices = ["json://me:secret@example.org"]\n')
    assert "secret" not in repr(read_profile(file))


def test_a_password_that_no_server_compares_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "operator:pässword")
    with pytest.raises(ReadableError, match="AUTH_STRING: Prefect compares ASCII") as caught:
        read_profile()
    assert "pässword" not in str(caught.value)


def test_a_profile_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReadableError, match="no such file"):
        read_profile(tmp_path / "none.toml")


def test_whoever_starts_a_run_on_the_server_names_no_place() -> None:
    assert set(inspect.signature(publish_impact.publish_impact.fn).parameters) == {
        *("as_of", "seed", "strict", "workers", "accept_changes")
    }


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("seed", -1, "greater than or equal to 0"),
        ("workers", 0, "greater than or equal to 1"),
        ("as_of", "2025-13-01", "month value is outside expected range"),
        ("strict", "perhaps", "valid boolean"),
    ],
)
def test_a_parameter_out_of_bounds_is_named(name: str, value: Any, message: str) -> None:
    with pytest.raises(ParameterTypeError, match=rf"{name}: .*{message}"):
        publish_impact.publish_impact.validate_parameters({name: value})


def test_without_a_server_the_schedule_starts_none() -> None:
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(ReadableError, match="PREFECT_API_URL"),
    ):
        publish_impact.serve_schedule(Profile())


def caused_by(error: OSError) -> PublishError:
    wrapped = PublishError("cannot publish")
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (OSError(5, "Input/output error"), 4),
        (TimeoutError(), 4),
        (caused_by(OSError(28, "No space left on device")), 4),
        (FileNotFoundError(), 1),
        (caused_by(PermissionError()), 1),
        (PublishError("latest is a folder"), 1),
        (RefusedError([]), 1),
        (ValueError(), 1),
    ],
    ids=repr,
)
def test_only_what_may_pass_is_tried_again(
    error: Exception, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[None] = []
    monkeypatch.setattr(runs, "FIRST_WAIT", 0.0)

    def fail() -> None:
        made.append(None)
        raise error

    with pytest.raises(type(error)):
        runs.call_step("read", fail)
    assert len(made) == calls
