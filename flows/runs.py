"""A run of an environment, from fact tables to a published version, and what it leaves.

Its steps are called one after another: on a Prefect server each is a task of the flow
(publish_impact.py), without one it is a function. A run leaves the record of its layers, metrics,
and notices through Apprise: of a failure with the environment, the time, the cause and the address
of the run, if it has one, and of large changes of the answers. An address that does not take a
notice is logged, without its password. A lost notice stops no run from publishing.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import stamina
from pydantic import SecretStr

from audience_impact.plain_text import ReadableError, hide_passwords, plain_line
from audience_impact.store import AwayError, PublishError, publishing, storage, versions
from audience_impact.store.files import as_json, hash_bytes
from audience_impact.store.manifest import require_shape
from audience_impact.store.publishing import Published
from flows import CHECKOUT
from flows.pipeline import cache, steps
from flows.serving import checkouts, metrics
from flows.serving.profile import Profile

if TYPE_CHECKING:
    from flows.pipeline.steps import Checked, Reading, Results

STEPS = {
    "read": "reading the facts",
    "find": "comparing them with those of the last version",
    "check": "checking them",
    "compute": "computing the answers",
    "compare": "comparing them with the last version",
    "write": "publishing",
}
"""The steps of a run by their names, in words."""
ATTEMPTS, FIRST_WAIT, WAIT_FACTOR = 4, 1.0, 4.0
"""How often a step is tried, and the seconds between the first two tries and their growth."""
LASTING = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
"""Errors that waiting does not mend, unlike a file that a faster run has just written."""
LONGEST_NOTICE = 2_000
"""Maximum number of characters of a notice; some services refuse longer ones."""

RECORD = "layers.json"
"""The file beside the versions with the layers of facts of the latest one, and its conditions: the
folders depend on the machine, and a version on facts alone."""
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
    recompute: bool = False


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

    retry = stamina.RetryingCaller(
        attempts=ATTEMPTS,
        timeout=None,
        wait_initial=FIRST_WAIT,
        wait_max=FIRST_WAIT * WAIT_FACTOR ** (ATTEMPTS - 2),
        wait_exp_base=WAIT_FACTOR,
        wait_jitter=0,
    )
    return retry(may_pass, function, *args)


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
    conditions = digest_conditions(reading, options)
    done: Published | None = timed("find", find_unchanged, conditions, options)
    stored: versions.Stored | Results
    if done:
        outcome, stored = Outcome(done, [], [], reading.overridden_count), done.version
    else:
        outcome, stored = _compute_version(reading, conditions, options, timed)
    _log_version(outcome.published, stored.count_rows())
    samples = metrics.list_success(
        stored.count_rows(),
        stored.read_frame("quarantine"),
        stored.read_frame("impact_by_platform", ["period", "as_of"]),
        seconds,
        datetime.now(UTC),
    )
    metrics.write_metrics(options.published, samples, profile)
    if outcome.changes:
        title = "much changed against the last version"
        send_notice(profile, "warning", title, "\n".join(outcome.changes))
    return outcome


def _compute_version(
    reading: Reading, conditions: str, options: RunOptions, timed: Caller
) -> tuple[Outcome, Results]:
    from flows.pipeline import parts

    checked: Checked = timed("check", steps.check_facts, reading, options.as_of, options.strict)
    processes = options.workers or parts.count_processes(len(checked.tables["restrictions"]))
    results: Results = timed(
        *("compute", steps.compute_results, checked, options.as_of, options.seed, processes),
        *(None, None, (), not options.recompute),
    )
    changes, notes = timed("compare", report_changes, results, options)
    if checked.depends_on_today:  # the same facts may give other results tomorrow
        conditions = ""
    done: Published = timed("write", _publish_version, results, conditions, options)
    return Outcome(done, changes, notes, reading.overridden_count), results


def _log_version(done: Published, counts: Mapping[str, int]) -> None:
    log.info("%s", ", ".join(f"{name} {rows:,}" for name, rows in counts.items()))
    news = "Published version" if done.created else "Nothing changed, the version is still"
    log.info("%s %s in %s", news, done.version.id, done.version.address)
    for removed in done.removed:
        log.info("Removed the old version %s", removed)


def digest_conditions(reading: Reading, options: RunOptions) -> str:
    """Return the digest of the facts, code, options and libraries that a version depends on."""
    from flows.pipeline import code

    conditions = {
        "facts": reading.inputs_sha256,
        "files": [repr(finding) for finding in reading.findings],
        "folders": [str(folder) for folder in reading.folders],
        "options": [str(options.as_of), options.seed, options.strict],
        "code": code.code_sha256(),
        "libraries": dict(code.describe_origin().libraries),
    }
    return hash_bytes(as_json(conditions))


def find_unchanged(conditions: str, options: RunOptions) -> Published | None:
    """Return the latest version if the last run published it under the same conditions.

    None with `recompute`, after a rollback, or where its files are damaged.
    """
    if options.recompute:
        return None
    try:
        version = versions.find_latest(options.published)
        if read_record(version).get("conditions") != _sign_conditions(conditions, version):
            return None
    except AwayError:
        raise
    except PublishError:  # the run repairs what is damaged
        return None
    return publishing.confirm_latest(options.published, version, options.keep)


def _sign_conditions(conditions: str, version: versions.Stored) -> str:
    return hash_bytes(f"{conditions}/{version.name}/".encode() + version.manifest_bytes)


def report_changes(results: Results, options: RunOptions) -> tuple[list[str], list[str]]:
    """Log and return large changes since the last version, and notes; refuse them if strict."""
    from audience_impact.outputs.review.rules import CONTRADICT
    from flows import last_version
    from flows.pipeline import quality

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


def _publish_version(results: Results, conditions: str, options: RunOptions) -> Published:
    done = steps.publish_results(results, options.published, options.keep)
    record_layers(done.version, options.facts, conditions)
    cache.forget()
    return done


def record_layers(version: versions.Stored, folders: Sequence[Path], conditions: str = "") -> None:
    """Write beside a version from which layers the last run computed it, and its conditions."""
    record = {
        "version_id": version.id,
        "layers": [name_folder(folder) for folder in folders],
        "conditions": _sign_conditions(conditions, version) if conditions else "",
    }
    content = as_json(record)
    if storage.read_existing(version.store, RECORD) != content:
        version.store.write_file(RECORD, content)


def read_record(version: versions.Stored) -> dict[str, Any]:
    """Return what `record_layers` wrote of a version; raise PublishError for a damaged record."""
    content = storage.read_existing(version.store, RECORD)
    if content is None:
        return {}
    try:
        record: dict[str, Any] = json.loads(content)
        require_shape(record, {"version_id": str, "layers": [str]}, "record")
    except (ValueError, RecursionError) as error:
        place = f"{version.store.address}/{RECORD}"
        raise PublishError(f"{place} is damaged: remove it, and give --facts") from error
    return record if record["version_id"] == version.id else {}


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
        from apprise import Apprise, NotifyFormat  # half a second, for who has addresses alone

        service = _make_service(address)
        title_of_all = f"audience-impact{name}: {title}"
        sender = Apprise()
        is_added = service is not None and sender.add(service)
        # Apprise never raises. It would take a text of no stated format for HTML in a mail.
        if not is_added or not sender.notify(cut, title_of_all, kind, NotifyFormat.TEXT):
            lost = service.url(privacy=True) if service else "an address of no service"
            log.warning("A notice did not reach %s", lost)


def _make_service(address: SecretStr) -> Any:
    import apprise  # half a second, imported only by a run that sends a notice

    return apprise.Apprise.instantiate(address.get_secret_value())
