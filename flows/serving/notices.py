"""Notices to people, by whatever Apprise reaches: a failed run, answers that moved, silence.

Apprise never raises, so what it says of each address is looked at: an address that does not take
a notice is told of, without its password. A notice that is lost keeps no run from publishing.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
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
from pydantic import SecretStr

from flows.serving.preparing import NotReadyError
from flows.serving.profile import Profile, read

LONGEST = 2_000
"""Letters of a notice: some services refuse more."""


def _service(address: SecretStr) -> Any:
    """What Apprise makes of an address; None where it knows no service for it."""
    import apprise  # half a second, which a run that tells nobody is spared

    return apprise.Apprise.instantiate(address.get_secret_value())


def require_addresses(profile: Profile) -> None:
    """Raise NotReadyError where Apprise knows no service for an address."""
    for place, address in enumerate(profile.notices, 1):
        if _service(address) is None:
            raise NotReadyError(
                f"address {place} of the notices is none that Apprise knows: write it as its "
                "documentation says, such as mailto://user:password@example.org"
            )


def send(profile: Profile, title: str, body: str) -> list[str]:
    """Tell every address; give those that did not take it, without their passwords."""
    name = f" ({profile.environment})" if profile.environment else ""
    cut = body if len(body) <= LONGEST else body[: LONGEST - 4] + " ..."
    lost = []
    for address in profile.notices:
        service = _service(address)
        if service is None or not service.notify(title=f"audience-impact{name}: {title}", body=cut):
            lost.append(_named(service))
    return lost


def _named(service: Any) -> str:
    return "an address of no service" if service is None else str(service.url(privacy=True))


def tell(title: str, body: str) -> None:
    """Tell those whom the profile of this process names; log whom it did not reach."""
    for lost in send(read(), title, body):
        logging.getLogger(__name__).warning("A notice did not reach %s", lost)


def tell_of_run(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell of a run that failed, was refused or crashed; Prefect calls it."""
    tell(f"run {flow_run.name}: {state.name}", state.message or "no reason was given")


@dataclass
class Silence:
    """Tells somebody when no run of some deployments has ended well for so many days."""

    profile: Profile
    deployments: Collection[UUID]
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    told: datetime | None = None

    def look(self, client: SyncPrefectClient, now: datetime) -> list[str]:
        """Look at the last run that ended well; tell once for each span of silence.

        Gives the addresses that could not be told.
        """
        if self.profile.silence_days is None:
            return []
        longest = timedelta(days=self.profile.silence_days)
        last = last_success(client, self.deployments) or self.since
        if now - max(last, self.told or last) < longest:
            return []
        self.told = now
        days = (now - last).days
        return send(self.profile, "silence", f"No run has ended well for {days} days.")


def last_success(client: SyncPrefectClient, deployments: Collection[UUID]) -> datetime | None:
    """When the last run of these deployments that ended well ended; None where none did."""
    well = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.COMPLETED])),
        deployment_id=FlowRunFilterDeploymentId(any_=list(deployments)),
    )
    runs = client.read_flow_runs(flow_run_filter=well, sort=FlowRunSort.END_TIME_DESC, limit=1)
    return runs[0].end_time if runs else None
