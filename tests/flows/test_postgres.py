"""Two environments on one server on PostgreSQL, killed in the middle of a run: nothing is lost."""

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from benchmarks import service
from benchmarks.service import Environment, Service
from tests.support import small
from tests.tools import postgresql

pytestmark = pytest.mark.service

OUTAGE_SECONDS = 3
"""Long enough for a run to ask for something in vain."""
NEVER = {"north": 0, "south": 0}
SETTINGS = {"PREFECT_WORKER_HEARTBEAT_SECONDS": "2", "PREFECT_RUNNER_POLL_FREQUENCY": "1"}


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """PostgreSQL, a server and two environments with facts of their own, which nobody schedules."""
    postgresql()
    folder = tmp_path_factory.mktemp("served")
    with service.service(folder, small(folder / "small"), NEVER, **SETTINGS) as running:
        yield running
    service.wait_for(lambda: not service.left_behind(folder), "all that was started has ended")


def state(served: Service, one: Environment) -> str:
    """The state of the only run of an environment."""
    (run,) = served.runs(one)
    return str(run["state_name"])


def healthy(served: Service) -> subprocess.CompletedProcess[str]:
    """Ask as an operator does whether the server is well."""
    command = [*service.SERVE[:-1], "healthy"]
    result = {**os.environ, "PREFECT_API_URL": served.api}
    return subprocess.run(command, env=result, capture_output=True, text=True, check=False)


def test_what_is_killed_in_a_run_publishes_after_all(served: Service) -> None:
    north, south = served.environments
    for one in (north, south):
        served.schedule_now(one)
    for one in (north, south):
        service.wait_for(lambda one=one: served.under_way(one), f"{one.name} runs")  # type: ignore[misc]
    north.process.kill()
    served.postgresql.kill()
    time.sleep(OUTAGE_SECONDS)
    assert "/ready: Server error '503" in healthy(served).stderr
    served.postgresql.start()
    served.server.kill()
    served.server.start()
    service.wait_for(served.is_well, "the server answers again")
    north.process.start()
    for one in (north, south):
        service.wait_for(lambda one=one: state(served, one) == "Completed", one.name)  # type: ignore[misc]
    assert healthy(served).returncode == 0
    result = {one.name: service.told_of(served, one) for one in (north, south)}
    # The run whose serve was killed was begun again; the other waited for database and server.
    assert {name: value["begun_again"] for name, value in result.items()} == {
        "north": 1,
        "south": 0,
    }
    for value in result.values():
        assert (value["runs"], value["versions"]) == (1, 1)
        assert value["versions_of_others"] == 0
        assert value["latest_is_newest"]
