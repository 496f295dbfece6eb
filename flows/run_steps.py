"""The steps of a run, from fact tables to a published version.

`run_steps` calls them one after another. On a Prefect server each is a task of the flow
(publish_impact.py); without one it is a function.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import stamina

from audience_impact.outputs.review.rules import CONTRADICT
from audience_impact.plain_text import plain_line
from audience_impact.store import PublishError
from audience_impact.store.publishing import Published
from flows import last_version, recorded_layers
from flows.pipeline import parts, quality, steps
from flows.pipeline.steps import Checked, Results

STEPS = {
    "read": "reading the facts",
    "check": "checking them",
    "compute": "computing the answers",
    "compare": "comparing them with the last version",
    "write": "publishing",
}
"""The steps of a run by their names, in words."""
ATTEMPTS, FIRST_WAIT, WAIT_FACTOR = 4, 1.0, 4.0
"""How often a step that reads or writes outside of the process is tried, and the seconds between
one try and the next."""
LASTING = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
"""Errors that waiting does not mend: a path that is wrong stays wrong. A file that is there already
may be of another run, which was faster."""

Caller = Callable[..., Any]
"""Calls a step: takes its name, its function and the arguments of the function."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunOptions:
    """The options of a run.

    Attributes:
        facts: Folders of fact tables, in layers; where a key repeats, the later folder wins.
        published: The folder that contains the versions and the link to the latest of them.
        as_of: The day of the results, from facts known on that day; by default all facts, and the
            last day on or after which two sources were read.
        seed: The seed of the draws.
        strict: Refuse the facts if a single row breaks a rule.
        keep: The number of versions to keep; by default all of them.
        workers: Processes that compute the parts of a large register; by default two from a
            thousand restrictions on. The results do not depend on the number.
        accept_changes: If strict, publish even if much changed since the last version.
    """

    facts: Sequence[Path]
    published: Path
    as_of: date | None = None
    seed: int = 0
    strict: bool = False
    keep: int | None = None
    workers: int | None = None
    accept_changes: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a run published: the version, its results, large changes, and seconds of each step."""

    published: Published
    results: Results
    changes: list[str]
    seconds: dict[str, float] = field(default_factory=dict)


def call_step(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """Call the function of a step; again after a failure that may pass."""

    def may_pass(error: Exception) -> bool:
        if is_transient(error):
            log.info("%s failed, which may pass by itself: %s", name, error)
            return True
        return False

    for attempt in stamina.retry_context(
        on=may_pass,
        attempts=ATTEMPTS,
        timeout=None,
        wait_initial=FIRST_WAIT,
        wait_max=FIRST_WAIT * WAIT_FACTOR ** (ATTEMPTS - 2),
        wait_exp_base=WAIT_FACTOR,
        wait_jitter=0,
    ):
        with attempt:
            return function(*args)
    raise AssertionError("unreachable: the last try returns or raises")


def is_transient(error: Exception) -> bool:
    """Return whether an error may pass by itself, such as a store that does not answer."""
    cause = error.__cause__ if isinstance(error, PublishError) else error
    return isinstance(cause, OSError) and not isinstance(cause, LASTING)


def run_steps(options: RunOptions, call: Caller = call_step) -> Outcome:
    """Publish the number of people that each restriction affects.

    Raises RefusedError or PublishError where nothing is published.
    """
    seconds: dict[str, float] = {}

    def timed(name: str, function: Callable[..., Any], *args: Any) -> Any:
        begin = time.perf_counter()
        result = call(name, function, *args)
        seconds[name] = time.perf_counter() - begin
        return result

    reading = timed("read", steps.read_facts, options.facts)
    checked = timed("check", check_facts, reading, options)
    results = timed("compute", compute_results, checked, options)
    changes = timed("compare", report_changes, results, options)
    version = timed("write", publish_version, results, options)
    _log_version(version, results)
    return Outcome(
        replace(version, replaced_count=reading.overridden_count), results, changes, seconds
    )


def check_facts(reading: steps.Reading, options: RunOptions) -> Checked:
    """Separate valid rows from those in quarantine; refuse what cannot be used."""
    reading_of_day = steps.restrict_to_day(reading, options.as_of)
    checked = steps.validate_facts(reading_of_day, datetime.now(UTC).date())
    return steps.refuse_errors(checked, options.strict)


def compute_results(checked: Checked, options: RunOptions) -> Results:
    """Compute the tables that are published."""
    count = len(checked.tables["restrictions"])
    processes = options.workers or parts.count_processes(count)
    return steps.compute_results(checked, options.as_of, options.seed, processes)


def report_changes(results: Results, options: RunOptions) -> list[str]:
    """Log and return changes against the last version; when strict, refuse unaccepted ones."""
    before = last_version.read_last_version(options.published)
    now = last_version.describe_results(results)
    lines = last_version.list_changes(before, now)
    for line in [*lines, *last_version.list_notes(before, now)]:
        log.info("%s", plain_line(line))
    if not options.strict:
        return lines
    stops = [last_version.ACCEPT, *lines] if lines and not options.accept_changes else []
    stops += quality.list_details(results.read_frame("quality"), CONTRADICT)
    if stops:
        raise steps.RefusedError(stops)
    return lines


def publish_version(results: Results, options: RunOptions) -> Published:
    """Publish the tables as a version, unless it is there already, and record its layers."""
    version = steps.publish_results(results, options.published, options.keep)
    recorded_layers.record_layers(options.published, version.version_id, list(options.facts))
    return version


def _log_version(version: Published, results: Results) -> None:
    log.info("%s", ", ".join(f"{name} {rows:,}" for name, rows in results.count_rows().items()))
    news = "Published version" if version.created else "Nothing changed, the version is still"
    log.info("%s %s in %s", news, version.version_id, version.version.address)
    for removed in version.removed:
        log.info("Removed the old version %s", removed)
