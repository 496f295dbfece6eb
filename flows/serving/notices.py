"""Notices through Apprise: of a failed run, changed answers, or missing runs.

A failure has the type of a failure, as which services show it, and four lines: the environment, the
time, the cause and the address of the run. Changed answers and missing runs are warnings.

Apprise never raises, so its result for each address is checked: an address that does not take a
notice is logged, without its password. A lost notice stops no run from publishing.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.settings import PREFECT_SERVER_UI_ENABLED
from prefect.utilities.urls import url_for
from pydantic import SecretStr

from audience_impact.plain_text import plain_line
from audience_impact.store import storage
from flows.serving import metrics
from flows.serving.preparing import NotReadyError, Profile, hide_passwords, read_profile

HERE = Path()
Kind = Literal["failure", "warning"]
"""The type of a notice, as Apprise names it."""
LONGEST = 2_000
"""Maximum number of characters of a notice; some services refuse longer ones."""


def _make_service(address: SecretStr) -> Any:
    """Return Apprise's service for an address; None if there is none."""
    import apprise  # half a second, imported only by a run that sends a notice

    return apprise.Apprise.instantiate(address.get_secret_value())


def require_addresses(profile: Profile) -> None:
    """Raise NotReadyError for an address for which Apprise has no service."""
    for place, address in enumerate(profile.notices, 1):
        if _make_service(address) is None:
            raise NotReadyError(
                f"Apprise has no service for address {place} of the notices: write it as Apprise's "
                "documentation says, such as mailto://user:password@example.org"
            )


def send_notice(profile: Profile, kind: Kind, title: str, body: str) -> list[str]:
    """Send a notice to every address; return those that failed, without their passwords."""
    name = f" ({profile.environment})" if profile.environment else ""
    cut = body if len(body) <= LONGEST else body[: LONGEST - 4] + " ..."
    lost = []
    for address in profile.notices:
        service = _make_service(address)
        if service is None or not service.notify(
            title=f"audience-impact{name}: {title}", body=cut, notify_type=kind
        ):
            lost.append(
                "an address of no service" if service is None else str(service.url(privacy=True))
            )
    return lost


def notify_people(kind: Kind, title: str, body: str) -> None:
    """Send a notice to the addresses of this process's profile; log those that failed."""
    for lost in send_notice(read_profile(), kind, title, body):
        logging.getLogger(__name__).warning("A notice did not reach %s", lost)


def report_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Send a notice and write the metrics of a run that failed; Prefect calls this function."""
    report_failed_run(flow_run, state.name or "Failed", state.message or "no reason was given")


def report_failed_run(run: FlowRun, state: str, cause: str, folder: Path = HERE) -> None:
    """Send a notice of a run that failed, was refused or crashed, and write its metrics.

    `folder` is the working directory of the run, to which its paths are relative.
    """
    now = datetime.now(UTC)
    notify_people("failure", f"run {run.name}: {state}", _describe_failure(run, cause, now))
    profile, published = read_profile(), run.parameters.get("published")
    # A run of the schedule that names another folder was refused for that.
    if published and (run.deployment_id is None or published == str(profile.published)):
        place = Path(published) if storage.is_address(published) else folder / published
        metrics.record_failure(place, profile, now)


def _describe_failure(run: FlowRun, cause: str, now: datetime) -> str:
    """Return environment, time, cause and address of a run that failed, a line each."""
    first, *others = cause.strip().splitlines() or ["no reason was given"]
    more = f" (and {len(others)} lines more, in the run)" if others else ""
    lines = [
        f"environment: {read_profile().environment or 'none'}",
        f"time: {now:%Y-%m-%d %H:%M} UTC",
        f"cause: {plain_line(first)}{more}",
        f"run: {find_page(run)}",
    ]
    return "\n".join(hide_passwords(line) for line in lines)


def find_page(run: FlowRun) -> str:
    """Return the address of the page of a run, or why there is none."""
    if not PREFECT_SERVER_UI_ENABLED.value():
        return "from the command line, without a page; see its terminal"
    return hide_passwords(url_for("flow-run", run.id) or "without a page")


@dataclass
class SilenceWatch:
    """Sends a notice if no run of some deployments has succeeded for a number of days."""

    profile: Profile
    deployments: Collection[UUID]
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    notified_at: datetime | None = None

    def check_silence(self, client: SyncPrefectClient, now: datetime) -> list[str]:
        """Send one notice for each span of silence after the last successful run.

        Returns the addresses that the notice did not reach.
        """
        if self.profile.silence_days is None:
            return []
        longest = timedelta(days=self.profile.silence_days)
        last = find_last_success(client, self.deployments) or self.since
        if now - max(last, self.notified_at or last) < longest:
            return []
        self.notified_at = now
        days = (now - last).days
        return send_notice(
            self.profile, "warning", "silence", f"No run has ended well for {days} days."
        )


def find_last_success(client: SyncPrefectClient, deployments: Collection[UUID]) -> datetime | None:
    """Return the end of the last successful run of deployments; None if there is none."""
    well = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.COMPLETED])),
        deployment_id=FlowRunFilterDeploymentId(any_=list(deployments)),
    )
    runs = client.read_flow_runs(flow_run_filter=well, sort=FlowRunSort.END_TIME_DESC, limit=1)
    return runs[0].end_time if runs else None
