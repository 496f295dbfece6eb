"""What keeps Prefect from starting is told in one line: its home, its database, its server."""

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from prefect.context import refresh_global_settings_context
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.commands import running, serving
from flows.serving import preparing, serve, server
from flows.serving.preparing import NotReadyError, Profile


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of Prefect's own, and an environment that is as it was afterwards."""
    before = dict(os.environ)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    os.environ.clear()
    os.environ.update(before)
    refresh_global_settings_context()


def test_a_home_that_is_missing_is_made(home: Path) -> None:
    preparing.prepare_prefect()
    assert list(home.iterdir()) == []


def read_refusal() -> str:
    """The message of the error with which a run does not start, which is a line."""
    with pytest.raises(NotReadyError) as refusal:
        running.run_flow([], Path("nowhere"), {})
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_home_that_cannot_be_made_is_named_with_what_to_do(home: Path) -> None:
    home.write_text("a file")
    refusal = read_refusal()
    assert str(home) in refusal
    assert "PREFECT_HOME" in refusal


def test_without_a_home_of_the_user_prefect_s_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_HOME")
    monkeypatch.setenv("HOME", "/proc/none")
    with pytest.raises(NotReadyError, match="PREFECT_HOME"):
        preparing.prepare_prefect()


@pytest.mark.parametrize(
    ("name", "value"), [("HOME", "/proc/none"), ("PREFECT_HOME", "~nobody-of-that-name/prefect")]
)
def test_the_schedule_says_in_one_line_that_it_has_no_home(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.delenv("PREFECT_HOME")
    monkeypatch.setenv(name, value)
    command = [
        sys.executable,
        "-c",
        "from audience_impact.cli.command import main; main()",
        "serve",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "PREFECT_HOME" in done.stderr


def test_an_empty_home_is_that_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PREFECT_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    preparing.prepare_prefect()
    assert "PREFECT_HOME" not in os.environ
    assert preparing.find_home() == tmp_path / ".prefect"


@pytest.mark.parametrize(
    "start", [preparing.prepare_prefect, server.run_embedded_server().__enter__]
)
def test_a_damaged_database_is_named_before_a_server_starts(home: Path, start: Any) -> None:
    home.mkdir()
    (home / "prefect.db").write_text("garbage" * 100)
    with (
        temporary_settings({PREFECT_API_URL: None}),
        pytest.raises(NotReadyError, match=r"prefect\.db cannot be read .*move it away"),
    ):
        start()


def test_a_database_that_can_be_read_is_left_alone(home: Path) -> None:
    home.mkdir()
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        database.execute("create table t (a)")
    before = (home / "prefect.db").read_bytes()
    preparing.prepare_prefect()
    assert (home / "prefect.db").read_bytes() == before


def test_what_is_for_this_machine_passes_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "example.org")
    preparing.prepare_prefect()
    assert os.environ["no_proxy"].split(",") == ["example.org", "127.0.0.1", "localhost", "::1"]


def test_a_server_that_is_not_there_is_named() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
        assert f"127.0.0.1:{port}/api (PREFECT_API_URL) does not answer" in read_refusal()


def test_the_password_of_a_server_is_never_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "http://me:se@cret@127.0.0.1:9/api"
    with temporary_settings({PREFECT_API_URL: address}):
        refusal = read_refusal()
        with pytest.raises(typer.Exit):
            serving.check_health()
        with pytest.raises(SystemExit) as exit:
            serve.run_schedule(Profile())
        monkeypatch.setattr(server, "describe_trouble", lambda: None)
        with server.provide_server():
            pass
    output = capsys.readouterr()
    lines = [refusal, *output.err.splitlines(), *output.out.splitlines(), str(exit.value)]
    assert len(lines) == 4
    assert all("http://...@127.0.0.1:9/api" in line for line in lines)
    assert "cret" not in "".join(lines)


@pytest.mark.parametrize("name", ["all_proxy", "HTTPS_PROXY"])
def test_a_socks_proxy_that_cannot_be_used_is_named_before_anything_starts(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "socks5://me:secret@127.0.0.1:9")
    monkeypatch.setattr(preparing, "find_spec", lambda name: None)
    refusal = "_proxy=socks5://...@127.0.0.1:9: a SOCKS proxy needs"
    assert refusal in read_refusal()
    for command in (serving.check_health, serving.serve_flows):
        with pytest.raises(NotReadyError, match=refusal):
            command()
    monkeypatch.setattr(preparing, "find_spec", lambda name: object())
    preparing.require_proxy()


def test_whatever_keeps_a_run_from_beginning_is_one_line() -> None:
    with (
        temporary_settings({PREFECT_API_URL: None}),
        pytest.raises(NotReadyError, match="temporary server does not answer: Timed out, again"),
        running._report_unreachable("temporary server"),
    ):
        raise RuntimeError("Timed out,\nagain")
