"""Notices reach who was named, say when they do not, and never tell a password."""

import json
import re
import smtplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from audience_impact.plain_text import ReadableError
from flows import runs
from flows.pipeline.steps import RefusedError
from flows.serving.profile import Profile


@contextmanager
def take_notices() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address that takes notices, and what it was told."""
    told: list[dict[str, Any]] = []

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Takes) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"json://127.0.0.1:{listening.server_port}/", told
        listening.shutdown()
        thread.join()


@pytest.fixture
def listener() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    with take_notices() as listening:
        yield listening


def profile(*addresses: str) -> Profile:
    return Profile.model_construct(
        environment="north", notices=[SecretStr(one) for one in addresses], metrics=None
    )


def test_a_notice_names_the_environment(listener: tuple[str, list[dict[str, Any]]]) -> None:
    address, told = listener
    runs.send_notice(profile(address), "warning", "a run failed", "x" * 10_000)
    assert told[0]["title"] == "audience-impact (north): a run failed"
    assert len(told[0]["message"]) == runs.LONGEST_NOTICE


def test_an_address_that_does_not_answer_is_logged_without_its_password(
    listener: tuple[str, list[dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    address, told = listener
    runs.send_notice(profile("json://me:secret@127.0.0.1:9/", address), "warning", "t", "b")
    (line,) = [one.message for one in caplog.records if one.name == runs.__name__]
    assert "A notice did not reach" in line
    assert "127.0.0.1:9" in line
    assert "secret" not in line
    assert len(told) == 1  # the other is sent all the same


def test_a_mail_is_a_text_and_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    class Post:
        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def sendmail(self, _: Any, __: Any, mail: str) -> None:
            sent.append(mail)

        def quit(self) -> None:
            pass

    monkeypatch.setattr(smtplib, "SMTP", Post)
    cell = 'now <a href="http://evil.example"><img src="http://evil.example/p"></a> & more'
    runs.send_notice(profile("mailto://127.0.0.1/?from=a@b.example"), "failure", "t", f"{cell}\nb")
    mail = message_from_string(sent[0])
    parts = [part for part in mail.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain"]
    content = parts[0].get_payload(decode=True)
    assert isinstance(content, bytes)
    assert content.decode().rstrip().endswith(f"{cell}\nb")


def test_an_address_of_no_service_is_refused_at_the_start() -> None:
    runs.require_addresses(profile("json://127.0.0.1:9/"))
    with pytest.raises(ReadableError, match="address 2") as error:
        runs.require_addresses(profile("json://127.0.0.1:9/", "nonsense://me:secret@x"))
    assert "secret" not in str(error.value)


def test_a_run_that_fails_is_reported_with_environment_day_cause_and_page(
    listener: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    address, told = listener
    cause = "http://me:secret@store.example is away\na.csv:3:x: wrong\na.csv:4:x: wrong"
    page = "http://me:secret@prefect.example/runs/flow-run/1"
    runs.report_failure(tmp_path, profile(address), cause, page)
    assert told[0]["type"] == "failure"
    assert told[0]["title"] == "audience-impact (north): a run failed"
    environment, moment, why, shown = told[0]["message"].split("\n")
    assert environment == "environment: north"
    assert re.fullmatch(r"time: \d{4}-\d\d-\d\d \d\d:\d\d UTC", moment)
    assert why == "cause: http://...@store.example is away (and 2 lines more)"
    assert shown == "run: http://...@prefect.example/runs/flow-run/1"
    assert b'run_success{environment="north"} 0.0' in (tmp_path / "metrics.prom").read_bytes()


def test_a_run_that_is_refused_is_reported_and_raises(
    listener: tuple[str, list[dict[str, Any]]], tmp_path: Path, small_facts: Path
) -> None:
    address, told = listener
    (small_facts / "sources.csv").write_bytes(b"")
    with pytest.raises(RefusedError):
        runs.run_reported(runs.RunOptions([small_facts], tmp_path / "published"), profile(address))
    assert "sources.csv:1" in told[0]["message"]
    assert len(told[0]["message"].splitlines()) == 3  # without a page
