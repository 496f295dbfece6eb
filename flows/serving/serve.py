"""Run the schedule of prefect.yaml until interrupted, with no other set-up.

The server is the one that is configured (PREFECT_API_URL or a profile), else one of its own,
started for the occasion and stopped at the end.
"""

import hashlib
import subprocess
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.settings import PREFECT_UI_URL

from flows import CHECKOUT
from flows.serving.children import Child, ServeError, environment, interruptible, prefect_command
from flows.serving.notices import Silence, require_addresses
from flows.serving.preparing import NotReadyError
from flows.serving.profile import Profile
from flows.serving.runs import Entrypoints, follow
from flows.serving.server import say, server
from flows.serving.workers import TROUBLE, Worker

PREFECT_YAML = CHECKOUT / "prefect.yaml"


def serve(profile: Profile) -> None:
    """Run the schedule until Ctrl-C or SIGTERM; exit with the reason when it cannot run."""
    try:
        require_addresses(profile)
        with interruptible(), server() as embedded:
            create(profile.named(profile.work_pool))
            entrypoints = deploy(profile)
            say(f"The schedule runs; see {PREFECT_UI_URL.value()}; Ctrl-C stops it.")
            silence = Silence(profile, list(entrypoints))
            worker = Worker(profile.named(profile.work_pool))
            follow(
                worker,
                entrypoints,
                lambda: require_alive(embedded),
                lambda one: _look(silence, one),
            )
    except (ServeError, NotReadyError) as error:
        raise SystemExit(str(error)) from None
    except TROUBLE as error:
        reason = f"The Prefect server went away while the schedule was set up: {error!r}"
        raise SystemExit(reason) from None


def _look(silence: Silence, client: SyncPrefectClient) -> None:
    for lost in silence.look(client, datetime.now(UTC)):
        say(f"A notice did not reach {lost}.")


def deployments(profile: Profile) -> list[dict[str, Any]]:
    """The deployments of prefect.yaml, as an environment wants them."""
    told = yaml.safe_load(PREFECT_YAML.read_text(encoding="utf-8"))["deployments"]
    return [_of_environment(one, profile) for one in told]


def _of_environment(one: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """A deployment under the name of the environment, with its folders and its schedule.

    What fetches has no schedule here or anywhere: somebody looks at its layer first.
    """
    parameters = {**one["parameters"], "facts": [str(path) for path in profile.facts]}
    if "published" in parameters:
        parameters |= {
            "published": str(profile.published),
            "keep": profile.keep,
            "strict": profile.strict,
            "environment": profile.environment,
        }
    when = {"cron": profile.schedule, "timezone": profile.timezone}
    return one | {
        "name": profile.named(one["name"]),
        "tags": [_installation(), *([profile.environment] if profile.environment else [])],
        "parameters": parameters,
        "schedules": [schedule | when for schedule in one["schedules"]],
        "work_pool": {"name": profile.named(profile.work_pool)},
    }


def _installation() -> str:
    """The tag that tells this checkout from another on the same server."""
    return f"checkout:{hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]}"


def create(pool: str) -> None:
    """Create a work pool of processes, unless it is there; one that is there stays as it is."""
    with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))


def deploy(profile: Profile) -> Entrypoints:
    """Bring the deployments of an environment to the server, new or changed."""
    wanted = deployments(profile)
    names = [f"{require_flow(one['entrypoint']).name}/{one['name']}" for one in wanted]
    with get_client(sync_client=True) as client:
        require_ours(client, names)
        _deploy(wanted)
        ids = [client.read_deployment_by_name(name).id for name in names]
    return dict(zip(ids, (one["entrypoint"] for one in wanted), strict=True))


def require_ours(client: SyncPrefectClient, names: list[str]) -> None:
    """Raise ServeError where another checkout deployed under one of the names.

    Both would take the runs of one deployment, and what one schedules the other would publish.
    """
    for name in names:
        try:
            tags = client.read_deployment_by_name(name).tags
        except ObjectNotFound:
            continue
        if any(tag.startswith("checkout:") for tag in tags) and _installation() not in tags:
            raise ServeError(
                f"The server has {name} of another checkout: give this one a name of its own in "
                "AUDIENCE_IMPACT_ENVIRONMENT or in its profile, or delete that deployment there."
            )


def _deploy(wanted: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / PREFECT_YAML.name
        file.write_text(yaml.safe_dump({"deployments": wanted}), encoding="utf-8")
        command = prefect_command("deploy", "--all", "--prefect-file", str(file))
        done = subprocess.run(
            command, cwd=CHECKOUT, env=environment(), capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise ServeError(f"{PREFECT_YAML.name} cannot be deployed.\n{done.stdout}{done.stderr}")


def require_flow(entrypoint: str) -> Flow[..., Any]:
    """Make sure that a flow loads; Prefect itself would deploy one whose imports are broken."""
    try:
        return load_flow_from_entrypoint(str(CHECKOUT / entrypoint), use_placeholder_flow=False)
    except Exception as error:  # a module may fail in any way when it is imported
        raise ServeError(f"{PREFECT_YAML.name}: {entrypoint} does not load: {error!r}") from None


def require_alive(children: dict[str, Child]) -> None:
    """Make sure that no child has ended by itself."""
    for name, process in children.items():
        if process.poll() is not None:
            raise ServeError(
                f"The Prefect {name} ended by itself (exit status {process.returncode})."
            )
