"""A register computed in parts gives the bytes of the whole, whoever computes them."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.settings import (
    PREFECT_API_DATABASE_CONNECTION_URL,
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)

from audience_impact.outputs import areas
from audience_impact.partition import BY_RESTRICTION, PartInput, Partitioning
from audience_impact.pipeline import Settings
from audience_impact.simulation.worlds import DRAWN
from flows import division, workers
from flows.cluster import OWN_CLUSTER
from flows.division import Division, Runner
from flows.pipeline import parts, steps
from flows.pipeline.steps import Results
from flows.workers import RunnerName, choose_division
from tests.engine import calibrated
from tests.flows import dying
from tests.support import AS_OF, World, checked, ended, world

pytestmark = pytest.mark.service

HOME = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 600
TWO = Division(workers.Processes(2), 1)
LANDS = ("XA", "XB", "XC", "XD", "XE", "XF")


def lands() -> World:
    """Six lands of two regions, two of which share a restriction; ids of lands interleave.

    In the last of them nothing happened in the last two years.
    """
    made = calibrated(world())
    made.rows["areas"] = [row for row in made.rows["areas"] if row["area_id"] not in LANDS]
    made.add("areas", area_id="001", name="World")
    made.add("areas", area_id="002", name="Region", parent_id="001")
    made.add("areas", area_id="019", name="Other", parent_id="001")
    for number, land in enumerate(LANDS):
        made.add("areas", area_id=land, name=land, parent_id="002" if number < 3 else "019")
        if land != "XA":
            made.base(f"{land}-on", area_id=land, population_base="internet_all", persons="900000")
        for platform, persons in (("alpha", 500_000), ("beta", 300_000 + number * 10_000)):
            made.estimate(f"{land}-{platform}", area_id=land, platform_id=platform,
                          value=str(persons))  # fmt: skip
    dates = {"ended_on": "2026-01-20", "end_status": "ended"}
    made.restrict("R0", "alpha", area_ids="XA;XB", observed_from="2026-01-05", **dates)
    for number in range(1, 9):
        names = ("alpha", "beta") if number % 2 else ("beta",)
        own = {"area_ids": LANDS[number % 5], "observed_from": f"2025-1{number % 3}-1{number}"}
        made.restrict(f"R{number}", *names, **own, **dates)
    past = {"observed_from": "2021-03-01", "ended_on": "2021-03-05", "end_status": "ended"}
    return made.restrict("R9", "alpha", area_ids="XF", **past)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> steps.Checked:
    return checked(lands().write(tmp_path_factory.mktemp("lands") / "facts"))


@pytest.fixture(scope="module")
def whole(found: steps.Checked) -> Results:
    return steps.compute_results(found, AS_OF, 0)


@pytest.fixture(scope="module")
def apart(found: steps.Checked) -> Results:
    """The same computed here, in as many parts as can be."""
    return steps.compute_results(found, AS_OF, 0, how=Division(None, 1))


def twice(folder: Path, count: int) -> None:
    """Compute each part two times, the last one first."""
    for number in [*reversed(range(count)), *range(count)]:
        parts.compute_in(folder, number)


def same_bytes(one: Results, other: Results, folder: Path) -> None:
    """Fail where two runs publish anything that differs by a byte."""
    published = [
        steps.publish_results(each, folder / str(n), None).path
        for n, each in enumerate((one, other))
    ]
    names = sorted(path.name for path in published[0].iterdir())
    assert len(names) == len(one.rows) + 2
    assert names == sorted(path.name for path in published[1].iterdir())
    for name in names:
        assert (published[0] / name).read_bytes() == (published[1] / name).read_bytes(), name


def test_parts_give_the_bytes_of_the_whole(whole: Results, apart: Results, tmp_path: Path) -> None:
    same_bytes(whole, apart, tmp_path)
    by_year = whole.frames["impact_by_world"]
    world_total = by_year[by_year["period"] == "2026"]
    assert len(world_total) > 0
    assert (world_total["countries_count"] > 2).all()
    assert world_total["q50_persons"].notna().all()


@pytest.mark.parametrize("runner", [twice, workers.Processes(2)])
def test_whoever_computes_larger_parts_gives_the_bytes_of_the_whole(
    found: steps.Checked, whole: Results, runner: Runner, tmp_path: Path
) -> None:
    larger = steps.compute_results(found, AS_OF, 0, how=Division(runner, 3))
    same_bytes(whole, larger, tmp_path)


@pytest.mark.parametrize("runner", [None, workers.Processes(2)], ids=["alone", "processes"])
def test_who_waits_for_a_large_register_hears_of_each_part(
    found: steps.Checked, runner: Runner | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[int, int]] = []
    monkeypatch.setattr(division, "LISTENERS", [lambda *counts: heard.append(counts)])
    steps.compute_results(found, AS_OF, 0, how=Division(runner, 3))
    assert len(heard) > 1
    assert heard == [(done, len(heard)) for done in range(1, len(heard) + 1)]


def test_a_country_is_in_one_part_and_so_are_those_that_share_a_restriction() -> None:
    made = lands()
    parts_of = Partitioning(made.typed(), AS_OF, Settings(), most=1)
    of_part = [set(part.scope.requested["country_id"]) for part in parts_of]
    assert sorted(map(sorted, of_part)) == [["XA", "XB"], *([land] for land in LANDS[2:])]
    acts = [act for part in parts_of for act in part.tables["restrictions"]["restriction_id"]]
    assert sorted(acts) == [f"R{number}" for number in range(10)]
    assert len(Partitioning(made.typed(), AS_OF, Settings(), most=100)) == 1


def test_groups_of_rows_are_cut_wherever_a_restriction_ends(
    whole: Results, apart: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.pipeline.merging.ROW_GROUP_ROWS", 5)
    for name in ("impact", "person_days_by_restriction", "person_days_by_area", "lineage"):
        groups = list(apart.rows[name].iterate_groups())
        assert {len(group) for group in groups[:-1]} == {5}
        assert sum(len(group) for group in groups) == whole.tables[name].num_rows
        assert apart.read_frame(name).equals(whole.read_frame(name))
    sources = apart.read_frame("lineage", ["source_id", "restriction_id"])
    assert sources.equals(whole.read_frame("lineage")[["source_id", "restriction_id"]])


def test_a_dead_worker_changes_no_byte(
    found: steps.Checked, whole: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parts, "compute_in", dying.compute_in)
    same_bytes(whole, steps.compute_results(found, AS_OF, 0, how=TWO), tmp_path)


def test_no_part_is_computed_again_after_a_worker_died_of_another(
    found: steps.Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "compute_in", dying.recording)
    one = workers.Processes(1)

    def runner(folder: Path, count: int) -> None:
        one(folder, count)
        assert (folder / dying.MARK).exists()
        begun = sorted(path.name for path in folder.glob("begun-*"))
        last = count - 1  # of which a worker died: it alone begins twice
        assert begun == sorted([*(f"begun-{part}-1" for part in range(count)), f"begun-{last}-2"])

    steps.compute_results(found, AS_OF, 0, how=Division(runner, 1))


def test_rows_of_restrictions_are_released_before_parts_are_computed(
    found: steps.Checked, whole: Results, tmp_path: Path
) -> None:
    released = replace(found, tables=dict(found.tables))
    two = workers.Processes(2)

    def runner(folder: Path, count: int) -> None:
        assert not set(BY_RESTRICTION) & set(released.tables)
        two(folder, count)

    how = Division(runner, 3)
    same_bytes(whole, steps.compute_results(released, AS_OF, 0, how=how, release=True), tmp_path)
    assert set(BY_RESTRICTION) <= set(found.tables)


def test_the_shared_input_is_a_map_that_nobody_writes_into(tmp_path: Path) -> None:
    values = {"floats": np.arange(5.0), "frame": pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})}
    parts._dump_arrays(values, tmp_path / "shared")
    before = (tmp_path / "shared.arrays").read_bytes()
    first, second = (parts._load_arrays(tmp_path / "shared") for _ in range(2))
    assert first["floats"].ctypes.data % parts.ALIGNED == 0
    first["floats"][:] = 7.0
    assert (second["floats"] == values["floats"]).all()
    assert (tmp_path / "shared.arrays").read_bytes() == before
    pd.testing.assert_frame_equal(second["frame"], values["frame"])
    parts._dump_arrays("no array", tmp_path / "none")
    assert parts._load_arrays(tmp_path / "none") == "no array"


def test_large_parts_are_computed_first_and_one_at_a_time(
    found: steps.Checked, whole: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pools: list[tuple[list[int], int]] = []
    compute = workers._compute_parts

    def record_pool(
        folder: Path, numbers: list[int], processes: int, counts: tuple[int, int]
    ) -> None:
        pools.append((numbers, processes))
        assert all(parts.RunFolder(folder).is_done(part) for part in range(counts[0]))
        compute(folder, numbers, processes, counts)

    monkeypatch.setattr(workers, "MOST_TOGETHER", 2)
    monkeypatch.setattr(workers, "_compute_parts", record_pool)
    sizes = sorted(len(part.tables["restrictions"]) for part in list_parts(found))
    same_bytes(whole, steps.compute_results(found, AS_OF, 0, how=TWO), tmp_path)
    (large, one), (others, two) = pools
    assert (one, two) == (1, 2)
    assert len(large) == sum(size > 2 for size in sizes) > 0
    assert sorted([*large, *others]) == list(range(len(sizes)))


def list_parts(found: steps.Checked) -> Sequence[PartInput]:
    return Partitioning(found.tables, AS_OF, Settings(), TWO.most)


def test_workers_that_die_of_a_part_refuse_the_run(
    found: steps.Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "compute_in", dying.always)
    with pytest.raises(steps.RefusedError, match="workers died 3 times and 5 parts"):
        steps.compute_results(found, AS_OF, 0, how=TWO)


KILLED = """
import sys
import tempfile
from pathlib import Path
from flows import workers
from flows.pipeline import parts
from tests.flows import dying
parts.compute_in = dying.lasting
parts.RunFolder(Path(sys.argv[1])).write_counts([1, 1])
workers.Processes(2)(Path(sys.argv[1]), 2)
"""


def test_workers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(words, cwd=HOME) as run:
        while len(found := [path.name for path in tmp_path.glob("?-*")]) < 2:
            assert run.poll() is None
            time.sleep(0.1)
        run.kill()
    assert all(ended(int(name.split("-")[1])) for name in found)


WAITING = """
import time
from flows.pipeline.parts import RunFolder
folder = RunFolder.make_temporary()
(folder.path / "parts").mkdir()
(folder.path / "parts" / "0.pickle").write_bytes(b"facts")
print(folder.path, flush=True)
time.sleep(600)
"""
"""A run that has a folder and waits to be killed."""


def start_run(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a run whose temporary folders lie in a place; return it and its folder."""
    words, variables = [sys.executable, "-c", WAITING], {**os.environ, "TMPDIR": str(place)}
    run = subprocess.Popen(words, cwd=HOME, env=variables, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    return run, Path(run.stdout.readline().strip())


def test_a_run_removes_the_folders_of_killed_runs_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, living = start_run(tmp_path), start_run(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    strangers = {
        "without a lock": tmp_path / f"{parts.PREFIX}theirs",
        "behind a link": elsewhere,
        "with a link as its lock": tmp_path / f"{parts.PREFIX}linked",
        "of another name": tmp_path / "audience-impact-backup",
    }
    for folder in strangers.values():
        folder.mkdir()
        (folder / "data.csv").write_text("theirs")
    (elsewhere / parts.LOCK).touch()
    (tmp_path / f"{parts.PREFIX}link").symlink_to(elsewhere)
    (strangers["with a link as its lock"] / parts.LOCK).symlink_to(elsewhere / parts.LOCK)
    (strangers["of another name"] / parts.LOCK).touch()
    killed[0].kill()
    with killed[0], living[0]:
        killed[0].wait()
        assert (killed[1] / "parts" / "0.pickle").exists()
        newest = parts.RunFolder.make_temporary()
        assert not killed[1].exists()
        assert (living[1] / "parts" / "0.pickle").exists()
        assert all((path / "data.csv").exists() for path in strangers.values())
        living[0].kill()
    place = newest.path
    assert sorted(path.name for path in place.iterdir()) == [parts.LOCK]
    del newest
    assert not place.exists()


def test_a_folder_of_another_user_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / f"{parts.PREFIX}theirs"
    folder.mkdir()
    (folder / parts.LOCK).touch()
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    parts.remove_leftovers(tmp_path)
    assert folder.exists()
    monkeypatch.undo()
    parts.remove_leftovers(tmp_path)
    assert not folder.exists()


@pytest.fixture
def on_dask() -> Iterator[Runner | None]:
    """A cluster of two processes, and a server of Prefect's that may take its time to start."""
    # Imported here, as it brings the whole server with it.
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(PATIENCE_SECONDS):
        yield choose_division(RunnerName.DASK, 2, None, 0).runner


def test_a_cluster_gives_the_same_bytes_though_a_worker_dies(
    found: steps.Checked,
    whole: Results,
    on_dask: Runner | None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(parts, "compute_in", dying.compute_in)
    assert on_dask is not None

    def runner(folder: Path, count: int) -> None:
        on_dask(folder, count)
        assert (folder / dying.MARK).exists()

    same_bytes(whole, steps.compute_results(found, AS_OF, 0, how=Division(runner, 1)), tmp_path)


def test_workers_of_a_cluster_that_die_of_a_part_refuse_the_run_in_one_line(
    found: steps.Checked, on_dask: Runner | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one part the server knows, of others it does not; none of them stays under way."""
    import dask

    monkeypatch.setattr(parts, "compute_in", dying.known)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        pytest.raises(steps.RefusedError) as refused,
    ):
        steps.compute_results(found, AS_OF, 0, how=Division(on_dask, 1))
    assert re.fullmatch(
        r"part \d of 5 killed the workers .* give each worker more", str(refused.value)
    )
    with get_client(sync_client=True) as client:
        states = [run.state_type for run in client.read_task_runs()]
    assert set(states) == {StateType.CRASHED}


@pytest.fixture
def temporary_server(tmp_path: Path) -> Iterator[str]:
    """The address of a server that asks for a password, as `run` starts one."""
    from flows.serving.server import run_server_of_a_run

    settings = {
        PREFECT_HOME: tmp_path / "prefect",
        PREFECT_API_DATABASE_CONNECTION_URL: None,
        PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with temporary_settings(settings, restore_defaults={PREFECT_API_URL}), run_server_of_a_run():
        yield str(PREFECT_API_URL.value())


def test_workers_of_a_cluster_report_to_the_server_of_the_run_never_pause_and_keep_no_profile(
    found: steps.Checked,
    temporary_server: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(parts, "compute_in", dying.telling)
    monkeypatch.setenv(dying.TOLD, str(tmp_path))
    how = choose_division(RunnerName.DASK, 2, None, 0)._replace(most=1)
    steps.compute_results(found, AS_OF, 0, how=how)
    told = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert told == dict.fromkeys("01234", f"{temporary_server}/ False False")
    expected = {f"part {number}" for number in range(1, 6)}
    deadline = time.monotonic() + 60
    with get_client(sync_client=True) as client:  # what a worker reports arrives a little later
        while {run.name for run in client.read_task_runs()} != expected:
            assert time.monotonic() < deadline
            time.sleep(0.5)


@pytest.mark.usefixtures("temporary_server")
def test_a_stranger_on_the_machine_has_no_code_run_by_the_cluster_of_a_run(
    found: steps.Checked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parts, "compute_in", dying.besieged)
    monkeypatch.setenv(dying.TOLD, str(tmp_path))
    how = choose_division(RunnerName.DASK, 1, None, 0)._replace(most=3)
    steps.compute_results(found, AS_OF, 0, how=how)
    told = {path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert told == {"refused\nrefused\n"}


@pytest.fixture
def scheduler() -> Iterator[str]:
    """The address of a cluster of one process, as of another machine."""
    from distributed import LocalCluster

    start: Any = LocalCluster  # without types
    with start(n_workers=1, **OWN_CLUSTER) as cluster:
        yield str(cluster.scheduler_address)


def test_a_second_cluster_of_the_machine_finds_a_port_of_its_own() -> None:
    from distributed import LocalCluster

    start: Any = LocalCluster  # without types
    with socket.socket() as taken:
        with suppress(OSError):  # whoever has it, it is taken
            taken.bind(("127.0.0.1", 8787))
        with start(n_workers=0, **OWN_CLUSTER) as cluster:
            assert str(cluster.scheduler_address).startswith("tcp://127.0.0.1:")


@pytest.mark.parametrize(
    ("is_there", "server", "told"),
    [
        (False, "http://127.0.0.1:1/api/", "has no folder .* the same place on every machine"),
        (True, "http://127.0.0.1:1/api/", "cannot reach the Prefect server at .*PREFECT_API_URL"),
    ],
)
def test_what_workers_elsewhere_cannot_reach_is_told_before_they_begin(
    scheduler: str,
    is_there: bool,
    server: str,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    runner = choose_division(RunnerName.DASK, 1, scheduler, 0).runner
    assert runner is not None
    with (
        temporary_settings({PREFECT_API_URL: server}),
        pytest.raises(steps.RefusedError) as refused,
    ):
        runner(tmp_path if is_there else tmp_path / "gone", 1)
    assert re.fullmatch(rf"worker tcp://\S+ {told}.*", str(refused.value))


@pytest.mark.usefixtures("temporary_server")
def test_a_cluster_elsewhere_gives_the_same_bytes(
    found: steps.Checked, whole: Results, scheduler: str, tmp_path: Path
) -> None:
    how = choose_division(RunnerName.DASK, 1, scheduler, 0)._replace(most=3)
    same_bytes(whole, steps.compute_results(found, AS_OF, 0, how=how), tmp_path)


def test_a_scheduler_that_is_not_there_refuses_the_run_in_one_line(tmp_path: Path) -> None:
    import dask

    runner = choose_division(RunnerName.DASK, 1, "tcp://127.0.0.1:1", 0).runner
    assert runner is not None
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api/"}),
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(steps.RefusedError, match=r"--scheduler tcp://127\.0\.0\.1:1: Timed out"),
    ):
        runner(tmp_path, 1)


@pytest.mark.parametrize(
    ("restrictions", "asked", "processors", "processes", "most"),
    [
        (143, None, 8, 1, 2_500),
        (999, None, 8, 1, 2_500),
        (1_000, None, 8, 2, 550),
        (2_019, None, 1, 1, 2_500),
        (2_019, None, 2, 2, 1_110),
        (2_019, None, 64, 2, 1_110),
        (40_000, None, 2, 2, 1_250),
        (2_019, 4, 64, 4, 555),
        (143, 2, 1, 2, 500),
        (40_000, 1, 8, 1, 2_500),
    ],
)
def test_as_many_processes_compute_as_suit_the_register_and_the_machine(
    restrictions: int,
    asked: int | None,
    processors: int,
    processes: int,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(processors)))
    found = choose_division(RunnerName.LOCAL, asked, None, restrictions)
    runner = workers.Processes(processes) if processes > 1 else None
    assert found == Division(runner, most)


# ---- Sums of countries ----


@given(st.data(), st.integers(1, 5), st.integers(1, 6))
def test_totals_of_countries_apart_are_those_of_all_together(
    data: st.DataObject, countries: int, totals: int
) -> None:
    """Each total, draw by draw, is the sum of its sets with draws, in the order of countries."""
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    people, rows = {}, []
    for number in range(countries):
        size = int(random.integers(1, 5))
        values = random.uniform(0, 1e9, (size, DRAWN + 7))
        values[random.random(size) < 0.3, DRAWN:] = np.nan
        people[f"X{number}"] = values
        rows += [
            (int(total), f"X{number}", int(random.integers(size)))
            for total in np.flatnonzero(random.random(totals) < 0.7)
        ]
    pairs = pd.DataFrame(rows, columns=["total", "country_id", "place"])
    found = areas.sum_people(pairs.sample(frac=1, random_state=1), people.__getitem__, totals)
    for total in range(totals):
        own = [(people[c], p) for t, c, p in rows if t == total]
        assert found[total, 0] == sum(one[place, 0] for one, place in own)
        silent = [bool(np.isnan(one[place, DRAWN:]).all()) for one, place in own]
        if all(silent):
            assert not len(pairs) or np.isnan(found[total, DRAWN:]).all()
            continue
        every = np.zeros(7)
        for (one, place), is_silent in zip(own, silent, strict=True):
            every = every + (0.0 if is_silent else one[place, DRAWN:])
        assert (found[total, DRAWN:] == every).all()
