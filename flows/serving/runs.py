"""A run of an environment: its options, and the metrics and notices that it leaves.

A failure is sent as a notice with the environment, the time, the cause and the address of the run,
if it has one; large changes of the answers are sent as a warning.
"""

import logging
from datetime import UTC, datetime
from pathlib import Path

from audience_impact.plain_text import plain_line
from audience_impact.store import PublishError
from audience_impact.store.publishing import Published
from flows.run_steps import Caller, Outcome, RunOptions, call_step, run_steps
from flows.serving import checkouts, metrics, notices
from flows.serving.profile import Profile, hide_passwords

log = logging.getLogger(__name__)


def run_reported(
    options: RunOptions, profile: Profile, call: Caller = call_step, page: str = ""
) -> Published:
    """Pull the facts if the profile says so, publish, and report; raise what stops the run."""
    try:
        if profile.pull_facts:
            for line in call("pull", checkouts.pull_facts, options.facts):
                log.info("%s", plain_line(line))
        outcome = run_steps(options, call)
        report_success(outcome, options.published, profile)
    except Exception as error:
        report_failure(options.published, profile, str(error) or type(error).__name__, page)
        raise
    return outcome.published


def report_success(outcome: Outcome, published: Path, profile: Profile) -> None:
    """Write the metrics of a run that ended well, and send a notice of large changes."""
    results = outcome.results
    samples = metrics.list_success(
        results.count_rows(),
        results.read_frame("quarantine"),
        results.read_frame("impact_by_platform", ["period", "as_of"]),
        outcome.seconds,
        datetime.now(UTC),
    )
    metrics.write_metrics(published, samples, profile)
    if outcome.changes:
        title = "much changed against the last version"
        notices.send_notice(profile, "warning", title, "\n".join(outcome.changes))


def report_failure(published: Path, profile: Profile, cause: str, page: str = "") -> None:
    """Send a notice of a run that failed, and write its metrics; log where that fails."""
    now = datetime.now(UTC)
    body = _describe_failure(profile, cause, page, now)
    notices.send_notice(profile, "failure", "a run failed", body)
    try:
        metrics.write_metrics(published, metrics.list_failure(published, profile, now), profile)
    except PublishError as error:
        log.warning("%s", plain_line(str(error)))


def _describe_failure(profile: Profile, cause: str, page: str, now: datetime) -> str:
    """Return environment, time, cause and address of a run that failed, a line each."""
    first, *others = cause.strip().splitlines() or ["no reason was given"]
    more = f" (and {len(others)} lines more)" if others else ""
    lines = [
        f"environment: {profile.environment or 'none'}",
        f"time: {now:%Y-%m-%d %H:%M} UTC",
        f"cause: {plain_line(first)}{more}",
        *([f"run: {page}"] if page else []),
    ]
    return "\n".join(hide_passwords(line) for line in lines)
