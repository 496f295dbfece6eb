"""A run of an environment, from fact tables to a published version, and what it leaves.

Its steps are called one after another: on a Prefect server each is a task of the flow
(publish_impact.py), without one it is a function. A run leaves the record of its layers, metrics,
and notices through Apprise: of a failure with the environment, the time, the cause and the address
of the run, if it has one, and of large changes of the answers. An address that does not take a
notice is logged, without its password. A lost notice stops no run from publishing.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import stamina
from pydantic import SecretStr

from audience_impact.outputs.review.rules import CONTRADICT
from audience_impact.plain_text import ReadableError, plain_line
from audience_impact.store import PublishError, publishing, storage
from audience_impact.store.files import as_json
from audience_impact.store.publishing import Published
from flows import CHECKOUT, last_version
from flows.pipeline import parts, quality, steps
from flows.pipeline.steps import Results
from flows.serving import checkouts, metrics
from flows.serving.profile import Profile, hide_passwords

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
LONGEST_NOTICE = 2_000
"""Maximum number of characters of a notice; some services refuse longer ones."""

RECORD = "layers.json"
"""The file beside the versions with the layers of facts of the latest one.

Folders depend on the machine, so they are no part of a version, whose bytes follow from the facts.
"""
Caller = Callable[..., Any]
"""Calls a step: takes its name, its function and the arguments of the function."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunOptions:
    """The options of a run, as those of the command `run`; by default all versions are kept."""

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
    """A published version, large changes, notes on others, and the number of replaced fact rows."""

    published: Published
    changes: list[str]
    notes: list[str]
    replaced_count: int


def call_step(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """Call the function of a step; again after a failure that may pass."""

    def may_pass(error: Exception) -> bool:
        cause = error.__cause__ if isinstance(error, PublishError) else error
        is_transient = isinstance(cause, OSError) and not isinstance(cause, LASTING)
        if is_transient:
            log.info("%s failed, which may pass by itself: %s", name, error)
        return is_transient

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


def run_reported(
    options: RunOptions, profile: Profile, call: Caller = call_step, page: str = ""
) -> Outcome:
    """Pull the facts if the profile says so, publish, and report; raise what stops the run."""
    try:
        if profile.pull_facts:
            for line in call("pull", checkouts.pull_facts, options.facts):
                log.info("%s", plain_line(line))
        call_step("begin", publishing.require_writable, options.published)
        return _run_steps(options, profile, call)
    except Exception as error:
        report_failure(options.published, profile, str(error) or type(error).__name__, page)
        raise


def _run_steps(options: RunOptions, profile: Profile, call: Caller) -> Outcome:
    seconds: dict[str, float] = {}

    def timed(name: str, function: Callable[..., Any], *args: Any) -> Any:
        begin = time.perf_counter()
        result = call(name, function, *args)
        seconds[name] = time.perf_counter() - begin
        return result

    reading = timed("read", steps.read_facts, options.facts)
    checked = timed("check", steps.check_facts, reading, options.as_of, options.strict)
    processes = options.workers or parts.count_processes(len(checked.tables["restrictions"]))
    results: Results = timed(
        "compute", steps.compute_results, checked, options.as_of, options.seed, processes
    )
    changes, notes = timed("compare", report_changes, results, options)
    done: Published = timed("write", _publish_version, results, options)
    counts = results.count_rows()
    log.info("%s", ", ".join(f"{name} {rows:,}" for name, rows in counts.items()))
    news = "Published version" if done.created else "Nothing changed, the version is still"
    log.info("%s %s in %s", news, done.version.id, done.version.address)
    for removed in done.removed:
        log.info("Removed the old version %s", removed)
    samples = metrics.list_success(
        counts,
        results.read_frame("quarantine"),
        results.read_frame("impact_by_platform", ["period", "as_of"]),
        seconds,
        datetime.now(UTC),
    )
    metrics.write_metrics(options.published, samples, profile)
    if changes:
        title = "much changed against the last version"
        send_notice(profile, "warning", title, "\n".join(changes))
    return Outcome(done, changes, notes, reading.overridden_count)


def report_changes(results: Results, options: RunOptions) -> tuple[list[str], list[str]]:
    """Log and return large changes since the last version, and notes; refuse them if strict."""
    before = last_version.read_last_version(options.published)
    now = last_version.describe_results(results)
    changes, notes = (
        compare(before, now) for compare in (last_version.list_changes, last_version.list_notes)
    )
    for line in [*changes, *notes]:
        log.info("%s", plain_line(line))
    if options.strict:
        stops = [last_version.ACCEPT, *changes] if changes and not options.accept_changes else []
        stops += quality.list_details(results.read_frame("quality"), CONTRADICT)
        if stops:
            raise steps.RefusedError(stops)
    return changes, notes


def _publish_version(results: Results, options: RunOptions) -> Published:
    done = steps.publish_results(results, options.published, options.keep)
    record_layers(options.published, done.version.id, options.facts)
    return done


def record_layers(root: Path, version_id: str, folders: Sequence[Path]) -> None:
    """Write which layers the version of the last run was computed from."""
    layers = [name_folder(folder) for folder in folders]
    content = as_json({"version_id": version_id, "layers": layers})
    store = storage.select_storage(root)
    if storage.read_existing(store, RECORD) != content:
        store.write_file(RECORD, content)


def name_folder(folder: Path) -> str:
    """Return a layer as it is recorded: relative to the checkout, so that another finds its own."""
    if storage.is_address(folder):
        return storage.format_address(folder)
    place = folder.resolve()
    return str(place.relative_to(CHECKOUT) if place.is_relative_to(CHECKOUT) else place)


def report_failure(published: Path, profile: Profile, cause: str, page: str = "") -> None:
    """Send a notice of a run that failed, and write its metrics; log where that fails."""
    now = datetime.now(UTC)
    first, *others = cause.strip().splitlines()
    more = f" (and {len(others)} lines more)" if others else ""
    lines = [
        f"environment: {profile.environment or 'none'}",
        f"time: {now:%Y-%m-%d %H:%M} UTC",
        f"cause: {plain_line(first)}{more}",
        *([f"run: {page}"] if page else []),
    ]
    send_notice(profile, "failure", "a run failed", "\n".join(map(hide_passwords, lines)))
    try:
        metrics.write_metrics(published, metrics.list_failure(published, profile, now), profile)
    except PublishError as error:
        log.warning("%s", plain_line(str(error)))


def require_addresses(profile: Profile) -> None:
    """Raise ReadableError for an address for which Apprise has no service."""
    for place, address in enumerate(profile.notices, 1):
        if _make_service(address) is None:
            raise ReadableError(
                f"Apprise has no service for address {place} of the notices: write it as Apprise's "
                "documentation says, such as mailto://user:password@example.org"
            )


def send_notice(
    profile: Profile, kind: Literal["failure", "warning"], title: str, body: str
) -> None:
    """Send a notice to every address; log those that failed, without their passwords."""
    name = f" ({profile.environment})" if profile.environment else ""
    cut = body if len(body) <= LONGEST_NOTICE else body[: LONGEST_NOTICE - 4] + " ..."
    for address in profile.notices:
        service = _make_service(address)
        title_of_all = f"audience-impact{name}: {title}"
        # Apprise never raises.
        if service is None or not service.notify(title=title_of_all, body=cut, notify_type=kind):
            lost = service.url(privacy=True) if service else "an address of no service"
            log.warning("A notice did not reach %s", lost)


def _make_service(address: SecretStr) -> Any:
    import apprise  # half a second, imported only by a run that sends a notice

    return apprise.Apprise.instantiate(address.get_secret_value())
