"""Notices reach who was named, say when they do not, and never tell a password."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_SERVER_UI_ENABLED,
    PREFECT_UI_URL,
    temporary_settings,
)
from prefect.states import Failed
from pydantic import SecretStr

from flows.publish_impact import publish_impact
from flows.serving import notices
from flows.serving.notices import SilenceWatch
from flows.serving.preparing import NotReadyError, Profile

NOW = datetime(2026, 1, 31, tzinfo=UTC)


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


def profile(*addresses: str, days: int | None = None) -> Profile:
    return Profile.model_construct(
        environment="north",
        notices=[SecretStr(one) for one in addresses],
        metrics=None,
        silence_days=days,
    )


def test_a_notice_names_the_environment(listener: tuple[str, list[dict[str, Any]]]) -> None:
    address, told = listener
    assert notices.send_notice(profile(address), "warning", "a run failed", "x" * 10_000) == []
    assert told[0]["title"] == "audience-impact (north): a run failed"
    assert len(told[0]["message"]) == notices.LONGEST


def test_an_address_that_does_not_answer_is_told_without_its_password(
    listener: tuple[str, list[dict[str, Any]]],
) -> None:
    address, told = listener
    lost = notices.send_notice(
        profile("json://me:secret@127.0.0.1:9/", address), "warning", "t", "b"
    )
    assert len(lost) == 1
    assert "127.0.0.1:9" in lost[0]
    assert "secret" not in lost[0]
    assert len(told) == 1  # the other is told all the same


def test_an_address_of_no_service_is_refused_at_the_start() -> None:
    notices.require_addresses(profile("json://127.0.0.1:9/"))
    with pytest.raises(NotReadyError, match="address 2") as error:
        notices.require_addresses(profile("json://127.0.0.1:9/", "nonsense://me:secret@x"))
    assert "secret" not in str(error.value)


def failed(
    monkeypatch: pytest.MonkeyPatch, address: str, published: Path, message: str | None
) -> UUID:
    """Report a run that failed, with this address for notices; return the run's id."""
    monkeypatch.setattr(notices, "read_profile", lambda: profile(address))
    run = FlowRun(
        flow_id=uuid4(), name="publish-impact north", parameters={"published": str(published)}
    )
    notices.report_failure(publish_impact, run, Failed(message=message))
    return run.id


def test_a_failure_is_sent_as_one_with_environment_day_cause_and_page(
    listener: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address, told = listener
    cause = "a.csv:2:x: wrong\na.csv:3:x: wrong\nhttp://me:secret@store.example is away"
    api = {PREFECT_API_URL: "http://me:secret@prefect.example/api", PREFECT_UI_URL: None}
    with temporary_settings(api):
        run = failed(monkeypatch, address, tmp_path, cause)
    assert told[0]["type"] == "failure"
    assert told[0]["title"] == "audience-impact (north): run publish-impact north: Failed"
    environment, moment, why, page = told[0]["message"].split("\n")
    assert environment == "environment: north"
    assert re.fullmatch(r"time: \d{4}-\d\d-\d\d \d\d:\d\d UTC", moment)
    assert why == "cause: a.csv:2:x: wrong (and 2 lines more, in the run)"
    assert page == f"run: http://...@prefect.example/runs/flow-run/{run}"
    assert b"audience_impact_run_success" in (tmp_path / "metrics.prom").read_bytes()


@pytest.mark.parametrize("message", [None, " \n", "store s3://me:secret@b is away"])
def test_a_failure_of_a_run_by_hand_names_no_page_that_is_gone(
    listener: tuple[str, list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    message: str | None,
) -> None:
    address, told = listener
    with temporary_settings({PREFECT_SERVER_UI_ENABLED: False}):
        failed(monkeypatch, address, tmp_path, message)
    _, _, why, page = told[0]["message"].split("\n")
    assert why.removeprefix("cause: ") in ("no reason was given", "store s3://...@b is away")
    assert page == "run: from the command line, without a page; see its terminal"


def test_a_run_that_died_has_its_metrics_where_its_paths_lead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(notices, "read_profile", profile)
    (tmp_path / "published").mkdir()
    run = FlowRun(flow_id=uuid4(), name="n", parameters={"published": "published"})
    notices.report_failed_run(run, "Crashed", "died", tmp_path)
    written = (tmp_path / "published" / "metrics.prom").read_bytes()
    assert b'run_success{environment="north"} 0.0' in written


@pytest.mark.parametrize(("named", "is_written"), [("ours", True), ("theirs", False)])
def test_a_run_of_the_schedule_writes_no_metrics_where_it_names_another_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str, is_written: bool
) -> None:
    ours = profile().model_copy(update={"published": tmp_path / "ours"})
    monkeypatch.setattr(notices, "read_profile", lambda: ours)
    (tmp_path / named).mkdir()
    parameters = {"published": str(tmp_path / named)}
    run = FlowRun(flow_id=uuid4(), deployment_id=uuid4(), name="n", parameters=parameters)
    notices.report_failed_run(run, "Crashed", "died", tmp_path)
    assert (tmp_path / named / "metrics.prom").exists() is is_written


class Asked:
    """What the server says of the last run that ended well."""

    def __init__(self, *ends: datetime) -> None:
        self.ends = ends

    def read_flow_runs(self, **asked: Any) -> list[Any]:
        return [SimpleNamespace(end_time=end) for end in self.ends]


def test_silence_is_told_once_a_span_and_ends_with_a_run(
    listener: tuple[str, list[dict[str, Any]]],
) -> None:
    address, told = listener
    silence = SilenceWatch(profile(address, days=3), [UUID(int=1)], since=NOW)
    for day, ends, count in (
        (2.9, (), 0),  # not yet
        (3.0, (), 1),  # since the start
        (4.0, (), 1),  # told already
        (6.0, (), 2),  # still silent
        (9.0, (NOW + timedelta(days=8),), 2),  # a run has ended well
        (11.0, (NOW + timedelta(days=8),), 3),
    ):
        silence.check_silence(Asked(*ends), NOW + timedelta(days=day))  # type: ignore[arg-type]
        assert len(told) == count, day
    assert told[-1]["message"] == "No run has ended well for 3 days."
    assert told[-1]["type"] == "warning"


def test_without_a_span_nothing_is_asked() -> None:
    assert SilenceWatch(profile(), [UUID(int=1)]).check_silence(None, NOW) == []  # type: ignore[arg-type]
