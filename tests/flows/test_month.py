"""A month of nights in a bucket, on a clock that is moved: what each publishes, records and sends.

The nights do what the flow does, with its own functions for changes, notices and metrics, and
without Prefect's server.

python -m tests.flows.test_month    prints the nights and the history as tables
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pyarrow.parquet as pq
import pytest
from prefect.client.schemas.objects import FlowRun
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from audience_impact.cli.command import app
from audience_impact.store import (
    PublishError,
    files,
    history,
    publishing,
    storage,
    versions,
)
from audience_impact.store.history import Entry, Origin
from flows import last_version, publish_impact
from flows.pipeline import steps
from flows.pipeline.code import describe_origin
from flows.serving import metrics, notices
from tests.flows.test_notices import take_notices
from tests.flows.test_objects import serve_s3, set_keys
from tests.support import edit, small

pytestmark = pytest.mark.service

FIRST = datetime(2026, 11, 1, 5, 15, tzinfo=UTC)
VALUES = {1: "500000", 4: "510000", 7: "250000", 9: "520000", 11: "530000", 14: "540000"}
"""The figure in the facts from a night on; that of the 7th is wrong."""
OTHER_LIBRARY, ROLLBACK, AWAY, FAILING = 5, 8, 11, 13
ACCEPTED = (7,)
"""Nights on which somebody confirmed that much had changed."""
CLOSED = "http://127.0.0.1:9"
"""An address at which nothing listens."""
ENVIRONMENT = "north"


@dataclass(frozen=True)
class Night:
    """What a night did.

    Attributes:
        at: When it was.
        outcome: What it published, or why nothing.
        latest: The number of the version that `latest` leads to afterwards.
        entries: The entries that it added to the history.
        notices: What people were sent.
        metrics: The metrics without labels that can be scraped afterwards.
    """

    at: datetime
    outcome: str
    latest: int
    entries: tuple[Entry, ...]
    notices: tuple[dict[str, Any], ...]
    metrics: dict[str, float]


@dataclass
class Month:
    """The place of the versions, the facts, the notices sent and the file that is scraped."""

    root: Path
    facts: Path
    sent: list[dict[str, Any]]
    textfile: Path

    def run_nights(self, nights: int = 15) -> Iterator[Night]:
        """Run each night: publish, and on some nights fail, or roll back in the morning.

        The facts are read and checked each night, and computed when they have changed.
        """
        computed: dict[str, steps.Results] = {}
        recorded = 0
        for night in range(1, nights + 1):
            if night in VALUES:
                edit(self.facts, "estimates", "E1", value=VALUES[night])
            if night == FAILING:
                edit(self.facts, "estimates", "E1", value="many")
            at = FIRST + timedelta(days=night - 1)
            told = len(self.sent)
            with _move_clock(at), _make_away(night == AWAY), _change_library(night):
                outcome = self._run_night(at, night, computed)
            if night == ROLLBACK:
                publishing.roll_back(self.root, "previous", "a figure far too low", at)
                outcome += "; rolled back"
            entries = history.read_history(storage.select_storage(self.root)).entries[recorded:]
            recorded += len(entries)
            latest = versions.find_latest(self.root).number
            scraped = read_metrics(self.textfile)
            yield Night(at, outcome, latest, entries, tuple(self.sent[told:]), scraped)

    def _run_night(self, at: datetime, night: int, computed: dict[str, steps.Results]) -> str:
        """Do what the flow does, strictly, and what it does when it fails; the outcome in words."""
        try:
            return self._publish(at, night, computed)
        except (steps.RefusedError, PublishError) as error:
            parameters = {"published": str(self.root)}
            run = FlowRun(flow_id=uuid4(), name=f"publish-impact {at:%d}", parameters=parameters)
            notices.report_failed_run(run, "Failed", str(error))
            return f"nothing published: {str(error).splitlines()[0]}"

    def _publish(self, at: datetime, night: int, computed: dict[str, steps.Results]) -> str:
        origin = describe_night(at, night)
        checked = steps.refuse_errors(
            steps.validate_facts(steps.read_facts([self.facts]), at.date()), strict=True
        )
        if checked.inputs_sha256 not in computed:
            results = steps.compute_results(checked, None, 0)
            computed[checked.inputs_sha256] = results
        results = computed[checked.inputs_sha256]
        before = last_version.read_last_version(self.root)
        changes = last_version.list_changes(before, last_version.summarise_results(results))
        changes += publishing.list_changed_values(self.root, results.version, results.rows, origin)
        if changes and night not in ACCEPTED:
            raise steps.RefusedError([last_version.ACCEPT, *changes])
        done = steps.publish_results(results, self.root, None, origin)
        publish_impact.record_metrics.fn(results, self.root, {"read": 1.0}, changes)
        news = f"published v{done.version.number}: {done.reason}" if done.created else ""
        return news or "nothing changed"


def describe_night(at: datetime, night: int) -> Origin:
    """Return the moment and the libraries of a night; from one night on there is another one."""
    origin = describe_origin(at)
    if night < OTHER_LIBRARY:
        return origin
    return replace(origin, libraries={**origin.libraries, "pyarrow": "99.0.1"})


def read_metrics(textfile: Path) -> dict[str, float]:
    """Return the metrics that have no label but the environment, by name."""
    families = text_string_to_metric_families(textfile.read_text(encoding="utf-8"))
    samples = [sample for family in families for sample in family.samples]
    label = {"environment": ENVIRONMENT}
    return {sample.name: sample.value for sample in samples if sample.labels == label}


@contextmanager
def _move_clock(at: datetime) -> Iterator[None]:
    """Let the flow's notices and metrics be of another moment."""

    class Moved(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return at

    with pytest.MonkeyPatch.context() as patch:
        for module in (notices, publish_impact):
            patch.setattr(module, "datetime", Moved)
        yield


@contextmanager
def _make_away(is_away: bool) -> Iterator[None]:
    """Let nothing answer where the bucket is."""
    with pytest.MonkeyPatch.context() as patch:
        if is_away:
            patch.setenv("AWS_ENDPOINT_URL", CLOSED)
            patch.setattr(files, "RETRY", {**files.RETRY, "max_retries": 0})
        yield


@contextmanager
def _change_library(night: int) -> Iterator[None]:
    """Let files be written with other bytes and the same values, as another pyarrow may do."""
    real = pq.ParquetWriter

    def write_otherwise(*words: object, **named: object) -> object:
        return real(*words, **named, compression_level=7)

    with pytest.MonkeyPatch.context() as patch:
        if night >= OTHER_LIBRARY:
            patch.setattr(pq, "ParquetWriter", write_otherwise)
        yield


@contextmanager
def begin_month(folder: Path) -> Iterator[Month]:
    """A bucket, facts, a listener for notices and a folder that is scraped."""
    with (
        serve_s3(folder / "s3.log") as endpoint,
        take_notices() as (address, sent),
        pytest.MonkeyPatch.context() as patch,
    ):
        set_keys(endpoint, patch)
        httpx.put(f"{endpoint}/month").raise_for_status()
        (folder / "scraped").mkdir()
        patch.setenv("AUDIENCE_IMPACT_PROFILE", "")
        patch.setenv("AUDIENCE_IMPACT_ENVIRONMENT", ENVIRONMENT)
        patch.setenv("AUDIENCE_IMPACT_NOTICES", f'["{address}"]')
        patch.setenv("AUDIENCE_IMPACT_METRICS", str(folder / "scraped"))
        textfile = folder / "scraped" / f"audience-impact-{ENVIRONMENT}.prom"
        yield Month(Path("s3://month/published"), small(folder / "facts"), sent, textfile)


PUBLISHED = (1, 4, 7, 9, 12, 14)
"""The nights that published a version each, in order."""
SAID = {3: 1, 7: 3, 8: 2, 10: 4, 12: 5}
"""Days that are asked for afterwards, and the number of the version that was the latest."""


def test_a_month_of_nights_is_recorded_sent_and_measured_and_each_day_can_be_asked_for(
    tmp_path: Path,
) -> None:
    with begin_month(tmp_path) as month:
        nights = {night.at.day: night for night in month.run_nights()}
        check_outcomes(nights)
        check_entries(nights)
        check_notices(nights)
        check_metrics(nights)
        for night in nights.values():
            assert versions.find_version_on(month.root, night.at.date()).number == night.latest
        for day, number in SAID.items():
            assert nights[day].latest == number
            answers = [
                show_answer(month.root, *words)
                for words in (("--on", f"2026-11-{day:02}"), ("--version", f"v{number}"))
            ]
            assert versions.find_version(month.root, f"v{number}").id in answers[0]
            assert answers[0] == answers[1]


def check_outcomes(nights: dict[int, Night]) -> None:
    """Assert what each night published, or why nothing."""
    said = {day: night.outcome for day, night in nights.items()}
    assert said[1].startswith("published v1: the first version")
    assert said[4].startswith("published v2: other facts")
    assert said[7].startswith("published v3: other facts")
    assert said[8] == "nothing changed; rolled back"
    assert said[9].startswith("published v4: other facts")
    assert said[11].startswith("nothing published: s3://month/published cannot be read: ")
    assert said[12].startswith("published v5: other facts")
    assert said[13].startswith("nothing published: ")
    assert "estimates.csv" in said[13]
    assert said[14].startswith("published v6")
    quiet = {day for day, outcome in said.items() if outcome == "nothing changed"}
    assert quiet == {2, 3, 5, 6, 10, 15}
    latest = [night.latest for night in nights.values()]
    assert latest == [1] * 3 + [2] * 3 + [3, 2] + [4] * 3 + [5] * 2 + [6] * 2


def check_entries(nights: dict[int, Night]) -> None:
    """Assert the log of each night."""
    expected = {day: ["published"] for day in PUBLISHED}
    expected |= {ROLLBACK: ["rolled back"]}
    for day, night in nights.items():
        assert [str(entry.event) for entry in night.entries] == expected.get(day, [])
        assert all(entry.at == night.at for entry in night.entries)
        assert all(entry.reason for entry in night.entries)


def check_notices(nights: dict[int, Night]) -> None:
    """Assert what people were sent: failures, and the nights on which much changed."""
    causes = {AWAY: "cannot be read: ", FAILING: "estimates.csv:2:value: "}
    for day, night in nights.items():
        kinds = [notice["type"] for notice in night.notices]
        assert kinds == ["failure"] * (day in causes) + ["warning"] * (day in ACCEPTED), day
        for notice in night.notices:
            assert notice["title"].startswith(f"audience-impact ({ENVIRONMENT}): ")
        if day in causes:
            environment, moment, cause, page = night.notices[0]["message"].split("\n")
            assert environment == f"environment: {ENVIRONMENT}"
            assert moment == f"time: {night.at:%Y-%m-%d %H:%M} UTC"
            assert cause.startswith("cause: ")
            assert causes[day] in cause
            assert page.startswith("run: ")
    for day in ACCEPTED:
        assert "number_rescaled" in nights[day].notices[0]["message"]


def check_metrics(nights: dict[int, Night]) -> None:
    """Assert what can be scraped after each night."""
    well = 0.0
    for day, night in nights.items():
        is_success = day not in (AWAY, FAILING)
        well = night.at.timestamp() if is_success else well
        assert night.metrics[metrics.SUCCESS] == float(is_success)
        assert night.metrics[metrics.ENDED] == night.at.timestamp()
        assert night.metrics[metrics.ENDED_WELL] == well
        assert night.metrics["audience_impact_refused_rows"] == 0


def show_answer(root: Path, *words: str) -> str:
    """Return what `show` prints of the restriction in a version."""
    shown = CliRunner().invoke(app, ["show", "R1", *words, "--published", str(root)])
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def main() -> None:
    """Print the nights with their notices and metrics, the history, and answers of five days."""
    with tempfile.TemporaryDirectory() as name, begin_month(Path(name)) as month:
        print("| night | outcome | entries | notices | success | latest |\n" + "| --- " * 6 + "|")
        for night in month.run_nights():
            events = ", ".join(str(entry.event) for entry in night.entries)
            sent = ", ".join(f"{one['type']}: {one['title']}" for one in night.notices)
            success = f"{night.metrics[metrics.SUCCESS]:.0f}"
            words = [f"{night.at:%m-%d}", night.outcome, events, sent, success, f"v{night.latest}"]
            print(f"| {' | '.join(words)} |")
        listed = CliRunner().invoke(app, ["versions", "--published", str(month.root)])
        print("\n" + listed.stdout)
        print("| --on | version | sentence |\n| --- | --- | --- |")
        for day in SAID:
            sentence = show_answer(month.root, "--on", f"2026-11-{day:02}").splitlines()[0]
            number = versions.find_version_on(month.root, date(2026, 11, day)).number
            print(f"| 2026-11-{day:02} | v{number} | {sentence} |")


if __name__ == "__main__":
    main()
