"""Run the schedule of prefect.yaml until interrupted, without further configuration.

The server is the configured one (PREFECT_API_URL or a profile), else a new one, which is started
for the schedule and stopped at the end.
"""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.deployments.runner import DeploymentApplyError, RunnerDeployment
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.schedules import Cron
from prefect.settings import PREFECT_UI_URL

from flows import CHECKOUT
from flows.serving.children import (
    Child,
    ServeError,
    end_on_interrupt,
)
from flows.serving.notices import SilenceWatch, require_addresses
from flows.serving.preparing import NotReadyError, Profile
from flows.serving.runs import TROUBLE, Deployed, Entrypoints, Worker, follow_schedule
from flows.serving.server import print_line, provide_server, stamp_line

PREFECT_YAML = CHECKOUT / "prefect.yaml"


def run_schedule(profile: Profile) -> None:
    """Run the schedule until Ctrl-C or SIGTERM; exit with the reason if it cannot run."""
    try:
        require_addresses(profile)
        with end_on_interrupt(), provide_server() as embedded:
            create_pool(profile.qualify_name(profile.work_pool))
            entrypoints = deploy_flows(profile)
            print_line(f"The schedule runs; see {PREFECT_UI_URL.value()}; Ctrl-C stops it.")
            silence = SilenceWatch(profile, list(entrypoints))
            worker = Worker(profile.qualify_name(profile.work_pool))
            follow_schedule(
                worker,
                entrypoints,
                lambda: require_alive(embedded),
                lambda client: _check_silence(silence, client),
            )
    except (ServeError, NotReadyError) as error:
        raise SystemExit(stamp_line(str(error))) from None
    except TROUBLE as error:
        reason = f"The Prefect server went away while the schedule was set up: {error!r}"
        raise SystemExit(stamp_line(reason)) from None


def _check_silence(silence: SilenceWatch, client: SyncPrefectClient) -> None:
    for lost in silence.check_silence(client, datetime.now(UTC)):
        print_line(f"A notice did not reach {lost}.")


def read_deployments(profile: Profile) -> list[dict[str, Any]]:
    """Return the deployments of prefect.yaml, adapted to an environment."""
    entries = yaml.safe_load(PREFECT_YAML.read_text(encoding="utf-8"))["deployments"]
    return [_adapt_deployment(entry, profile) for entry in entries]


def _adapt_deployment(entry: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """Return a deployment with the name, folders and schedule of the environment.

    The deployment of `refresh` has no schedule, because a person reviews its layer first.
    """
    parameters = {**entry["parameters"], "facts": [str(path) for path in profile.facts]}
    if "published" in parameters:
        parameters |= {
            "published": str(profile.published),
            "keep": profile.keep,
            "strict": profile.strict,
            "environment": profile.environment,
            "pull": profile.pull_facts,
        }
    when = {"cron": profile.schedule, "timezone": profile.timezone}
    return entry | {
        "name": profile.qualify_name(entry["name"]),
        "tags": [_tag_checkout(), *([profile.environment] if profile.environment else [])],
        "parameters": parameters,
        "schedules": [schedule | when for schedule in entry["schedules"]],
        "work_pool": {"name": profile.qualify_name(profile.work_pool)},
    }


def _tag_checkout() -> str:
    """Return the tag that distinguishes this checkout from others on the same server."""
    return f"checkout:{hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]}"


def create_pool(pool: str) -> None:
    """Create a work pool of processes, unless it exists; an existing pool is not changed."""
    with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))


def deploy_flows(profile: Profile) -> Entrypoints:
    """Write new or changed deployments of an environment to the server; return them."""
    entries = read_deployments(profile)
    deployments = [build_deployment(entry) for entry in entries]
    with get_client(sync_client=True) as client:
        require_ours(
            client, [f"{deployment.flow_name}/{deployment.name}" for deployment in deployments]
        )
    try:
        ids = [cast(UUID, deployment.apply()) for deployment in deployments]
    except DeploymentApplyError as error:
        raise ServeError(f"{PREFECT_YAML.name} cannot be deployed: {error}") from error
    return dict(zip(ids, map(describe_deployed, entries), strict=True))


def describe_deployed(entry: dict[str, Any]) -> Deployed:
    """Return a deployment of prefect.yaml with all parameters of its flow, typed."""
    flow = require_flow(entry["entrypoint"])
    return Deployed(entry["entrypoint"], flow.validate_parameters(entry["parameters"]))


def build_deployment(entry: dict[str, Any]) -> RunnerDeployment:
    """Return a deployment of prefect.yaml as Prefect's object."""
    flow = require_flow(entry["entrypoint"])
    deployment = flow.to_deployment(
        entry["name"],
        description=entry["description"],
        parameters=entry["parameters"],
        tags=entry["tags"],
        schedules=[
            Cron(schedule["cron"], timezone=schedule["timezone"], slug=schedule["slug"])
            for schedule in entry["schedules"]
        ],
        work_pool_name=entry["work_pool"]["name"],
    )
    made = cast(RunnerDeployment, deployment)
    made.entrypoint = entry["entrypoint"]  # without the path of this machine
    return made


def require_ours(client: SyncPrefectClient, names: list[str]) -> None:
    """Raise ServeError if another checkout has a deployment with one of the names.

    Both checkouts would take runs of one deployment, and publish each other's scheduled runs.
    """
    for name in names:
        try:
            tags = client.read_deployment_by_name(name).tags
        except ObjectNotFound:
            continue
        if any(tag.startswith("checkout:") for tag in tags) and _tag_checkout() not in tags:
            raise ServeError(
                f"Another checkout has the deployment {name} on the server: give this environment "
                "another name in AUDIENCE_IMPACT_ENVIRONMENT or in its profile, or delete that "
                "deployment there."
            )


def require_flow(entrypoint: str) -> Flow[..., Any]:
    """Return a flow; raise ServeError if its import fails, which Prefect would not report."""
    try:
        return load_flow_from_entrypoint(str(CHECKOUT / entrypoint), use_placeholder_flow=False)
    except Exception as error:  # a module may fail in any way when it is imported
        raise ServeError(f"{PREFECT_YAML.name}: {entrypoint} does not load: {error!r}") from None


def require_alive(children: dict[str, Child]) -> None:
    """Raise ServeError if a child has ended by itself."""
    for name, process in children.items():
        if process.poll() is not None:
            raise ServeError(
                f"The Prefect {name} ended by itself (exit status {process.returncode})."
            )
