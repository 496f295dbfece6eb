"""What a run reports: its name, its pages and progress in Prefect, and why it failed.

The pages are Markdown: the answers, and the results of the checks. The answers begin with the
version, its facts and its day, and with where the report lies. Words from facts are text here: no
cell of a fact can become a link, a picture or HTML.

A refusal states its reason, and a passing failure is tried again.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import quote
from uuid import UUID

import httpx
import pandas as pd
from prefect import Task, get_run_logger, runtime
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.schemas.objects import State, TaskRun
from prefect.exceptions import ObjectNotFound
from prefect.states import Failed

from audience_impact.answers import records, sentences
from audience_impact.answers import tables as report
from audience_impact.answers.numbers import day_in_words
from audience_impact.plain_text import markdown_text, plain_lines
from audience_impact.store import PublishError
from audience_impact.store.publishing import Published
from flows import division
from flows.pipeline.steps import RefusedError
from flows.serving.runs import format_run_name, require_served
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

# Waiting mends none of these: a path that is wrong stays wrong. A file that is there already may be
# of another run, which was faster.
LASTING = (
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)


def fail_on_refusal(flow_body: Callable[P, R]) -> Callable[P, R]:
    """Make a flow that raises a refusal end as failed, with only the reason as its message.

    A run of the schedule that names other places than its deployment is refused as well.

    Decorate only bodies of flows: a failed state that a task returns is passed to the next step as
    if it were a value, so a task must raise its refusal.
    """

    @functools.wraps(flow_body)
    def run_body(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            require_served(flow_body, args, kwargs)
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


for _name in ("prefect.task_runs", "prefect.flow_runs"):
    logging.getLogger(_name).addFilter(not_a_refusal)


STAGES = {
    "read": "reading the facts",
    "check": "checking them",
    "compute": "computing the answers",
    "write": "publishing",
}
"""The steps of a run that take seconds, in words."""
BEGIN_PERCENT = {"read": 0.0, "check": 10.0, "compute": 20.0, "write": 90.0}
"""Progress of a run at the beginning of each of these steps."""

LISTENERS: list[Callable[[str], None]] = []
"""Functions that hear the name of each step that begins, as the progress of a command does."""


class StepSeconds(dict[str, float]):
    """The seconds of each step of a run, by its name.

    `listen` hears the name of each step that begins, as LISTENERS do.
    """

    def __init__(self, *listen: Callable[[str], None]) -> None:
        super().__init__()
        self._listen = listen

    def __call__(self, step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a step, and store its duration in seconds."""
        for listen in (*LISTENERS, *self._listen):
            listen(getattr(step, "name", "step"))
        begin = time.perf_counter()
        try:
            return step(*args, **kwargs)
        finally:
            self[getattr(step, "name", "step")] = time.perf_counter() - begin


class RunProgress:
    """The progress of a run, as an artifact on its page.

    A run goes on where the server cannot store it.
    """

    def __init__(self, environment: str | None) -> None:
        key = f"progress-{environment}" if environment else "progress"
        self._artifact: UUID | None = None
        with _ignore_away():
            # Its type says that it may be awaited, which is so in a coroutine alone.
            self._artifact = cast(UUID, create_progress_artifact(0.0, key, "starting"))

    def begin_step(self, step: str) -> None:
        """Show the beginning of a step, by its name."""
        if step in STAGES:
            self._show(BEGIN_PERCENT[step], STAGES[step])

    @contextmanager
    def count_parts(self) -> Iterator[None]:
        """Show and log during the block how many parts of a register are computed."""
        division.LISTENERS.append(self._show_parts)
        try:
            yield
        finally:
            division.LISTENERS.remove(self._show_parts)

    def _show_parts(self, done: int, count: int) -> None:
        if count == 1:
            return
        words = f"{STAGES['compute']}: {done} of {count} parts"
        get_run_logger().info(words)
        first, last = BEGIN_PERCENT["compute"], BEGIN_PERCENT["write"]
        self._show(first + (last - first) * done / count, words)

    def end(self) -> None:
        """Show that the run has done everything."""
        self._show(100.0, "done")

    def _show(self, percent: float, words: str) -> None:
        if self._artifact is not None:
            with _ignore_away():
                update_progress_artifact(self._artifact, percent, words)


def _ignore_away() -> AbstractContextManager[None]:
    return suppress(httpx.HTTPError, ObjectNotFound)


def name_run() -> str:
    """Return the name of the current run: what it does, its environment and when it was due."""
    parameters = runtime.flow_run.parameters
    return format_run_name(
        str(runtime.flow_run.flow_name),
        parameters.get("environment"),
        runtime.flow_run.scheduled_start_time,
    )
