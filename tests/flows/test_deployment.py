"""The flow and prefect.yaml without a server: what is deployed, and what a task tries again."""

import inspect
import logging
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from prefect import Flow, Task
from prefect.client.schemas.objects import TaskRun
from prefect.exceptions import ParameterTypeError
from prefect.flows import load_flow_from_entrypoint
from prefect.states import Failed

from audience_impact.store import PublishError
from flows import CHECKOUT, publish_impact, refresh, run_reports
from flows.downloads.names import Name
from flows.pipeline.steps import RefusedError
from flows.serving import children, runs, serve
from flows.serving.preparing import PREFIX, PROFILE, NotReadyError, Profile, read_profile
from flows.workers import RunnerName

pytestmark = pytest.mark.service

DEPLOYMENTS: list[dict[str, Any]] = serve.read_deployments(Profile())


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the variables of whoever runs the tests nor those of another test."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(PROFILE, "")


every_deployment = pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda one: one["name"])
FLOWS = (publish_impact, refresh)
TASKS = [one for module in FLOWS for one in vars(module).values() if isinstance(one, Task)]
PLACES = {
    "daily": {
        "facts": [Path("data/facts"), Path("data/stop")],
        "published": Path("data/published"),
    },
    "by-hand": {
        "facts": [Path("data/facts"), Path("data/stop")],
        "into": Path("data/refreshed"),
        "downloads": Path("data/downloads"),
    },
}


@every_deployment
def test_a_deployment_holds_what_prefect_yaml_says_and_no_path_of_this_machine(
    deployment: dict[str, Any],
) -> None:
    built = serve.build_deployment(deployment)
    assert built.entrypoint == deployment["entrypoint"]
    assert (built.name, built.parameters) == (deployment["name"], deployment["parameters"])
    assert built.work_pool_name == deployment["work_pool"]["name"]
    assert [one.slug for one in built.schedules or []] == [
        one["slug"] for one in deployment["schedules"]
    ]
    assert built.enforce_parameter_schema
    assert str(CHECKOUT) not in str(
        built.model_dump(mode="json", exclude={"parameter_openapi_schema"})
    )


def test_what_publishes_has_a_schedule_in_utc_and_what_fetches_has_none() -> None:
    daily, by_hand = DEPLOYMENTS
    assert [schedule["timezone"] for schedule in daily["schedules"]] == ["UTC"]
    assert all(len(schedule["cron"].split()) == 5 for schedule in daily["schedules"])
    assert by_hand["schedules"] == []


@every_deployment
def test_its_flow_loads_and_takes_its_parameters(
    deployment: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CHECKOUT)
    # With a placeholder a flow whose imports are broken would load as well.
    flow: Flow[..., Any] = load_flow_from_entrypoint(
        deployment["entrypoint"], use_placeholder_flow=False
    )
    taken = flow.validate_parameters(deployment["parameters"])
    places = {name: value for name, value in taken.items() if name in PLACES[deployment["name"]]}
    assert places == PLACES[deployment["name"]]


def test_an_environment_gives_its_name_and_its_folders(tmp_path: Path) -> None:
    file = tmp_path / "test.toml"
    file.write_text(
        'environment = "north"\nfacts = ["a", "b"]\npublished = "c"\nkeep = 2\n'
        'schedule = "0 4 * * 1"\ntimezone = "Europe/Riga"\npull_facts = true\n'
    )
    daily, by_hand = serve.read_deployments(read_profile(file))
    assert [daily["name"], by_hand["name"]] == ["daily-north", "by-hand-north"]
    assert {one["work_pool"]["name"] for one in (daily, by_hand)} == {"audience-impact-north"}
    assert daily["parameters"] == {
        "facts": ["a", "b"],
        "published": "c",
        "keep": 2,
        "strict": False,
        "environment": "north",
        "pull": True,
    }
    assert by_hand["parameters"]["facts"] == ["a", "b"]
    assert daily["schedules"] == [{"slug": "daily", "cron": "0 4 * * 1", "timezone": "Europe/Riga"}]
    assert by_hand["schedules"] == []
    assert "north" in daily["tags"]


def test_a_variable_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "test.toml"
    file.write_text('keep = 2\npublished = "c"\n')
    monkeypatch.setenv("AUDIENCE_IMPACT_KEEP", "7")
    assert (read_profile(file).keep, read_profile(file).published) == (7, Path("c"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('environment = "Not a name"', "environment"),
        ("keep = 0", "AUDIENCE_IMPACT_KEEP"),
        ("enviroment = 'x'", "enviroment"),
        ("keep = [", "Invalid value|Unclosed array"),
        ("facts = []", "facts"),
        ("facts = " + "[" * 100_000, "recursion"),
    ],
    ids=["a name", "a number", "a field", "no end", "no facts", "deep nesting"],
)
def test_a_profile_that_is_wrong_is_named_in_one_line(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(NotReadyError, match=told) as error:
        read_profile(file)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_password_among_the_notices_is_never_told(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('notices = ["json://me:secret@example.org"]\nkeep = "x"\n')
    with pytest.raises(NotReadyError) as error:
        read_profile(file)
    assert "secret" not in str(error.value)
    file.write_text('notices = ["json://me:secret@example.org"]\n')
    assert "secret" not in repr(read_profile(file))


def test_a_profile_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match="no such file"):
        read_profile(tmp_path / "none.toml")


def test_a_flow_whose_imports_are_broken_is_not_deployed(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_module\nfrom prefect import flow\n\n@flow\ndef f(): ...\n")
    with pytest.raises(children.ServeError, match=r"does not load: .*no_such_module"):
        serve.require_flow(f"{broken}:f")


def test_parameters_come_as_text_and_are_typed() -> None:
    given = {"facts": ["a", "b"], "published": "c", "as_of": "2025-08-13", "keep": "3"}
    assert publish_impact.publish_impact.validate_parameters(given) == {
        "facts": [Path("a"), Path("b")],
        "published": Path("c"),
        "as_of": date(2025, 8, 13),
        "seed": 0,
        "strict": False,
        "keep": 3,
        "workers": None,
        "accept_changes": False,
        "report": None,
        "environment": None,
        "runner": RunnerName.LOCAL,
        "scheduler": None,
        "pull": False,
    }


def test_the_parameters_of_a_refresh_come_as_text_and_are_typed() -> None:
    given = {
        "facts": ["a"],
        "into": "b",
        "downloads": "c",
        "only": ["un-wpp-2024"],
        "addresses": {"access-now-stop": "http://d"},
        "patience": {"attempts": 2},
        "today": "2026-11-25",
    }
    taken = refresh.refresh.validate_parameters(given)
    assert (taken["only"], taken["today"]) == ([Name.PROJECTIONS], date(2026, 11, 25))
    assert taken["addresses"] == {Name.REGISTER: "http://d"}
    assert taken["patience"].attempts == 2
    with pytest.raises(ParameterTypeError, match="threshold"):
        refresh.refresh.validate_parameters({**given, "threshold": 5})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("seed", -1, "greater than or equal to 0"),
        ("keep", 0, "greater than or equal to 1"),
        ("facts", [], "at least 1 item"),
        ("as_of", "2025-13-01", "month value is outside expected range"),
        ("strict", "perhaps", "valid boolean"),
    ],
)
def test_a_parameter_out_of_bounds_is_named(name: str, value: Any, message: str) -> None:
    given = {"facts": ["a"], "published": "b", name: value}
    with pytest.raises(ParameterTypeError, match=rf"{name}: .*{message}"):
        publish_impact.publish_impact.validate_parameters(given)


def serve_with(
    monkeypatch: pytest.MonkeyPatch, flow: Flow[Any, Any], given: dict[str, Any]
) -> None:
    """Let this process be that of a run of a deployment with these parameters."""
    variables = runs.build_variables(uuid4(), flow.validate_parameters(given))
    monkeypatch.setenv(runs.SERVED, variables[runs.SERVED])


GIVEN = {"facts": ["a"], "published": "s3://bucket/b"}


@pytest.mark.parametrize(
    "more",
    [
        {"runner": "local", "scheduler": None, "pull": False, "report": None},
        {"seed": 7, "strict": True, "as_of": "2025-08-13", "accept_changes": True, "workers": 2},
    ],
)
def test_a_run_may_set_what_names_no_place(
    more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = publish_impact.publish_impact
    serve_with(monkeypatch, flow, GIVEN)
    runs.require_served(flow.fn, (), flow.validate_parameters({**GIVEN, **more}))


@pytest.mark.parametrize(
    ("flow", "more"),
    [
        (publish_impact.publish_impact, {"facts": ["a", "/etc"]}),
        (publish_impact.publish_impact, {"published": "/elsewhere"}),
        (publish_impact.publish_impact, {"runner": "dask"}),
        (publish_impact.publish_impact, {"scheduler": "tcp://there"}),
        (publish_impact.publish_impact, {"pull": True}),
        (publish_impact.publish_impact, {"report": "https://there"}),
        (publish_impact.publish_impact, {"environment": "north"}),
        (publish_impact.publish_impact, {"keep": 1}),
        (refresh.refresh, {"into": "/elsewhere"}),
        (refresh.refresh, {"downloads": "/elsewhere"}),
        (refresh.refresh, {"addresses": {"access-now-stop": "http://d"}}),
    ],
)
def test_a_run_of_the_schedule_may_name_no_other_place(
    flow: Any, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = GIVEN if flow.name == "publish-impact" else {"facts": ["a"], "into": "b"}
    served = served if flow.name == "publish-impact" else {**served, "downloads": "c"}
    given = flow.validate_parameters({**served, **more})
    runs.require_served(flow.fn, (), given)  # a run by hand
    serve_with(monkeypatch, flow, served)
    with pytest.raises(RefusedError, match=rf"{next(iter(more))} is .*`serve` was started with"):
        runs.require_served(flow.fn, (), given)


def test_each_parameter_of_a_flow_is_free_or_named_as_a_place() -> None:
    places = {"facts", "published", "report", "environment", "runner", "scheduler", "pull"}
    places |= {"into", "downloads", "addresses", "patience", "keep"}
    flows = (publish_impact.publish_impact, refresh.refresh)
    names = {name for flow in flows for name in inspect.signature(flow.fn).parameters}
    assert names == places | runs.FREE
    assert not places & runs.FREE


def caused_by(error: OSError) -> PublishError:
    wrapped = PublishError("cannot publish")
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (OSError(5, "Input/output error"), True),
        (TimeoutError(), True),
        (caused_by(OSError(28, "No space left on device")), True),
        (FileNotFoundError(), False),
        (caused_by(PermissionError()), False),
        (PublishError("latest is a folder"), False),
        (RefusedError([]), False),
        (ValueError(), False),
    ],
    ids=repr,
)
def test_only_what_may_pass_is_tried_again(error: Exception, again: bool) -> None:
    run = TaskRun(flow_run_id=uuid4(), task_key="read", dynamic_key="0")
    assert run_reports.is_transient(publish_impact.read_facts, run, Failed(data=error)) is again


def test_only_the_steps_that_touch_the_outside_have_retries() -> None:
    retried = {task.fn.__module__ + "." + task.name for task in TASKS if task.retries}
    assert retried == {f"flows.publish_impact.{name}" for name in ("pull", "read", "write")}


def test_each_run_and_each_step_has_a_name_in_words() -> None:
    assert all(task.task_run_name for task in TASKS)
    assert publish_impact.publish_impact.flow_run_name
    assert refresh.refresh.flow_run_name
    due = datetime(2026, 11, 28, 5, 15, tzinfo=ZoneInfo("Europe/Riga"))
    assert runs.format_run_name("publish-impact", "north", due) == (
        "publish-impact north 2026-11-28 03:15"
    )
    assert runs.format_run_name("refresh", None, due) == "refresh 2026-11-28 03:15"


def test_no_step_stores_or_caches_its_tables() -> None:
    assert TASKS
    assert not any(task.persist_result for task in TASKS)
    assert {type(task.cache_policy).__name__ for task in TASKS} == {"_None"}


@pytest.mark.parametrize(
    ("level", "error", "kept"),
    [
        (logging.ERROR, RefusedError([]), False),
        (logging.ERROR, ValueError(), True),
        (logging.WARNING, PublishError("cannot publish"), True),  # says that it tries again
        (logging.ERROR, None, True),
    ],
)
@pytest.mark.parametrize("logger", ["prefect.task_runs", "prefect.flow_runs"])
def test_a_refusal_is_logged_without_traceback(
    level: int, error: Exception | None, kept: bool, logger: str
) -> None:
    info = (type(error), error, None) if error else None
    record = logging.LogRecord(logger, level, "", 0, "failed", None, info)
    assert bool(logging.getLogger(logger).filter(record)) is kept
