"""What a run reports: its pages in Prefect, why it failed, and metrics for a monitor.

The pages are Markdown: the answers, and the results of the checks. The answers begin with the
version, its facts and its day, and with where the report lies. Words from facts are text here: no
cell of a fact can become a link, a picture or HTML.

A refusal states its reason, and a passing failure is tried again. Metrics are OpenMetrics text,
`metrics.prom` beside the versions:

audience_impact_rows{table}               rows of each published table
audience_impact_refused_rows              rows of facts in quarantine
audience_impact_step_seconds{step}        seconds of each step of the run
audience_impact_newest_figure_days        days from the newest audience used to the day spoken of
audience_impact_run_timestamp_seconds     when the run ended
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import quote

import pandas as pd
from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Failed
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.openmetrics.exposition import generate_latest

from audience_impact.answers import records, sentences
from audience_impact.answers import tables as report
from audience_impact.answers.numbers import day_in_words
from audience_impact.periods import parse_periods
from audience_impact.plain_text import markdown_text, plain_lines
from audience_impact.store import PublishError, storage
from audience_impact.store.versions import Published
from flows.pipeline.steps import RefusedError
from schemas.contracts import ValidationOffError

HEADLINE_COUNT = 3
"""The number of headlines of the largest, and of the newest, restrictions."""
REPORT = Path("report", "index.html")
"""The place of a report below the folder of the versions."""


def format_answers(version: Published, folders: Sequence[Path], address: str | None) -> str:
    """Return the answers of a version as Markdown: facts, day, report, headlines and table.

    `folders` are the folders of the facts; `address` is the address of the report, by default the
    folder next to the versions.
    """
    tables = records.load_tables(version.version)
    rows = report.list_exposed(tables)
    first = [
        _format_version(version, folders),
        _format_report_link(version, address),
        f"## The largest\n\n{_format_headlines(tables, _list_largest(rows))}",
        f"## The newest\n\n{_format_headlines(tables, _list_newest(rows))}",
        f"## All\n\n{report.render_results(rows)}",
    ]
    return "\n\n".join(first)


def format_checks(version: Published) -> str:
    """Return the quality report and the count of quarantined rows as Markdown."""
    return report.render_quality(
        version.version.read_table("quality"), version.version.count_rows()["quarantine"]
    )


def _format_version(version: Published, folders: Sequence[Path]) -> str:
    about = version.version.manifest["audience_impact"]
    named = ", ".join(markdown_text(folder) for folder in folders)
    return (
        f"Version **{version.version_id}** as of {day_in_words(about['as_of'])}, from the facts "
        f"in {named} (SHA-256 {about['inputs_sha256'][:12]}) by method {about['method_version']}."
    )


def _format_report_link(version: Published, address: str | None) -> str:
    """Return a link to `address`, or a sentence on the report next to the versions."""
    if address:
        return f"[The report](<{quote(address, safe=':/?#@&=+,;~%')}>)"
    path = version.path.parents[1] / REPORT
    if not path.is_file():
        return "There is no report yet: `audience-impact report` writes it."
    shown = path.parent.resolve().name
    of = "" if shown in (version.version_id, REPORT.parent.name) else f", of version {shown}"
    return f"The report is in the folder of the versions, in {markdown_text(REPORT)}{of}."


def _format_headlines(tables: Mapping[str, pd.DataFrame], restriction_ids: Sequence[str]) -> str:
    record_by_id = records.Records(tables)
    return "\n".join(
        f"- {markdown_text(sentences.write_headline(record_by_id[key]))} ({markdown_text(key)})"
        for key in restriction_ids
    )


def _list_largest(rows: pd.DataFrame) -> list[str]:
    size = rows["q50_persons"].astype("float64").fillna(0.0)
    order = rows.assign(size=size).sort_values(["size", "restriction_id"], ascending=[False, True])
    return list(order["restriction_id"].head(HEADLINE_COUNT))


def _list_newest(rows: pd.DataFrame) -> list[str]:
    dated = rows[rows["start_on"].notna()].assign(
        start_on=lambda frame: frame["start_on"].astype(str)
    )
    order = dated.sort_values(["start_on", "restriction_id"], ascending=[False, True])
    return list(order["restriction_id"].head(HEADLINE_COUNT))


P = ParamSpec("P")
R = TypeVar("R")

# Their message says what is wrong and what to do: it is the reason, no traceback adds to it.
REFUSALS = (RefusedError, PublishError, ValidationOffError)

# Waiting mends none of these: a path that is wrong stays wrong.
LASTING = (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)


def fail_on_refusal(flow_body: Callable[P, R]) -> Callable[P, R]:
    """Make a flow that raises a refusal end as failed, with only the reason as its message.

    Decorate only bodies of flows: a failed state that a task returns is passed to the next step as
    if it were a value, so a task must raise its refusal.
    """

    @functools.wraps(flow_body)
    def run_body(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return flow_body(*args, **kwargs)
        except REFUSALS as refusal:
            # Prefect makes this the outcome of the run and raises the refusal at the caller. The
            # message is logged as well, also to the terminal of whoever serves.
            return cast(R, Failed(message=plain_lines(str(refusal)), data=refusal))

    return run_body


def is_transient(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Return whether a failed task may succeed later, after a temporary failure outside."""
    error = state.data
    if isinstance(error, PublishError):
        error = error.__cause__
    return isinstance(error, OSError) and not isinstance(error, LASTING)


def not_a_refusal(record: logging.LogRecord) -> bool:
    """Return False for a log record with the traceback of a refusal; the state has the reason.

    A refusal is meant for the maintainer of the facts, for whom a traceback is useless.
    """
    if record.levelno < logging.ERROR or not record.exc_info:
        return True
    return not isinstance(record.exc_info[1], REFUSALS)


logging.getLogger("prefect.task_runs").addFilter(not_a_refusal)


NAME = "metrics.prom"


LISTENERS: list[Callable[[str], None]] = []
"""Functions that hear the name of each step that begins, as the progress of a command does."""


class StepSeconds(dict[str, float]):
    """The seconds of each step of a run, by its name."""

    def __call__(self, step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a step, and store its duration in seconds."""
        for listen in LISTENERS:
            listen(getattr(step, "name", "step"))
        begin = time.perf_counter()
        try:
            return step(*args, **kwargs)
        finally:
            self[getattr(step, "name", "step")] = time.perf_counter() - begin


def render_metrics(
    counts: Mapping[str, int],
    quarantine: pd.DataFrame,
    used: pd.DataFrame,
    seconds: Mapping[str, float],
    ended: datetime,
) -> bytes:
    """Return the metrics of a run as OpenMetrics text.

    Args:
        counts: Rows of each published table.
        quarantine: The table of refused rows.
        used: `period` and `as_of` of the audiences used.
        seconds: Seconds of each step.
        ended: The end of the run.
    """
    registry = CollectorRegistry()
    rows = Gauge("audience_impact_rows", "Rows of a table", ["table"], registry=registry)
    for name, count in counts.items():
        rows.labels(name).set(count)
    steps = Gauge("audience_impact_step_seconds", "Seconds of a step", ["step"], registry=registry)
    for name, took in seconds.items():
        steps.labels(name).set(took)
    refused = quarantine.drop_duplicates(["row_layer", "file", "line"])
    gauges = {
        "refused_rows": ("Rows of facts in quarantine", float(len(refused))),
        "newest_figure_days": ("Age of the newest audience used", count_newest_days(used)),
        "run_timestamp_seconds": ("When the run ended", ended.timestamp()),
    }
    for name, (meaning, value) in gauges.items():
        Gauge(f"audience_impact_{name}", meaning, registry=registry).set(value)
    return bytes(generate_latest(registry))  # type: ignore[no-untyped-call]


def count_newest_days(used: pd.DataFrame) -> float:
    """Return the days from the end of the newest audience's period to `as_of`; NaN without one."""
    used = used.dropna(subset="period")
    if used.empty:
        return float("nan")
    newest = parse_periods(used["period"])["end"].max()
    return float((pd.Timestamp(used["as_of"].max()) - newest).days)


def write_metrics(root: Path, content: bytes) -> None:
    """Write the metrics next to `latest`; raise PublishError where that fails."""
    try:
        storage.select_storage(root).write_file(NAME, content)
    except OSError as error:
        raise PublishError(f"{storage.format_address(root)}/{NAME}: {error}") from error
