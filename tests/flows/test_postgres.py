"""Two environments on one server on PostgreSQL, killed in the middle of a run: nothing is lost."""

from collections.abc import Iterator

import pytest

from benchmarks import service
from benchmarks.service import Environment, Service
from tests.support import small
from tests.tools import postgresql

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


def test_what_is_killed_in_a_run_publishes_after_all(served: Service) -> None:
    north, south = served.environments
    for one in (north, south):
        served.schedule_now(one)
    for one in (north, south):
        service.wait_for(lambda one=one: served.under_way(one), f"{one.name} runs")  # type: ignore[misc]
    north.process.kill()
    served.server.kill()
    served.server.start()
    service.wait_for(served.is_well, "the server answers again")
    north.process.start()
    for one in (north, south):
        service.wait_for(lambda one=one: state(served, one) == "Completed", one.name)  # type: ignore[misc]
    told = {one.name: service.told_of(served, one) for one in (north, south)}
    # The run whose serve was killed was begun again; the other waited for the server.
    assert {name: found["begun_again"] for name, found in told.items()} == {"north": 1, "south": 0}
    for found in told.values():
        assert (found["runs"], found["versions"]) == (1, 1)
        assert found["versions_of_others"] == 0
        assert found["latest_is_newest"]
