"""A register computed in parts gives the bytes of the whole, whoever computes them."""

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.exporting.export import list_files
from audience_impact.outputs import areas
from audience_impact.partition import Partitioning
from audience_impact.pipeline import Settings
from audience_impact.simulation.worlds import DRAWN
from flows import workers
from flows.division import Division, Runner, RunnerName
from flows.pipeline import parts, steps
from flows.pipeline.steps import Results
from flows.workers import NEW_CLUSTER, choose_division
from tests.engine import calibrated
from tests.flows import dying
from tests.support import AS_OF, World, checked, ended, world

pytestmark = pytest.mark.service

HOME = Path(__file__).resolve().parents[2]
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


def twice(folder: Path, count: int) -> list[Any]:
    """Compute each part two times, the last one first."""
    for number in reversed(range(count)):
        parts.compute_in(folder, number)
    return [parts.compute_in(folder, number) for number in range(count)]


def same_bytes(one: Results, other: Results, folder: Path) -> None:
    """Fail where two runs publish anything that differs by a byte."""
    published = [
        steps.publish_results(each, folder / str(n), None).path
        for n, each in enumerate((one, other))
    ]
    names = list_files(published[0])
    assert len(names) == len(one.tables) + 2
    assert names == list_files(published[1])
    for name in names:
        assert (published[0] / name).read_bytes() == (published[1] / name).read_bytes(), name


def test_parts_give_the_bytes_of_the_whole(whole: Results, apart: Results, tmp_path: Path) -> None:
    same_bytes(whole, apart, tmp_path)
    totals = whole.frames["regions_by_year"].query("kind == 'all' and year == 2026")
    world_total = totals[totals["area_level"] == "world"]
    assert len(world_total) > 0
    assert (world_total["countries_count"] > 2).all()
    assert world_total["q50_persons"].notna().all()


@pytest.mark.parametrize("runner", [twice, workers.Processes(2)])
def test_whoever_computes_larger_parts_gives_the_bytes_of_the_whole(
    found: steps.Checked, whole: Results, runner: Runner, tmp_path: Path
) -> None:
    larger = steps.compute_results(found, AS_OF, 0, how=Division(runner, 3))
    same_bytes(whole, larger, tmp_path)


def test_who_waits_for_a_large_register_sees_each_part(
    found: steps.Checked, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "flows.workers")
    steps.compute_results(found, AS_OF, 0, how=Division(workers.Processes(2), 3))
    count = len(caplog.messages)
    assert count > 1
    assert caplog.messages == [f"computed {n} of {count} parts" for n in range(1, count + 1)]


def test_a_country_is_in_one_part_and_so_are_those_that_share_a_restriction() -> None:
    made = lands()
    parts_of = Partitioning(made.typed(), AS_OF, Settings(), most=1)
    of_part = [set(part.scope.requested["country_id"]) for part in parts_of]
    assert sorted(map(sorted, of_part)) == [["XA", "XB"], *([land] for land in LANDS[2:])]
    acts = [act for part in parts_of for act in part.tables["restrictions"]["restriction_id"]]
    assert sorted(acts) == [f"R{number}" for number in range(10)]
    assert len(Partitioning(made.typed(), AS_OF, Settings(), most=100)) == 1


@pytest.mark.nightly
def test_a_worker_that_dies_refuses_the_run_in_one_line(
    found: steps.Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "compute_in", dying.always)
    with pytest.raises(steps.RefusedError, match="a worker died"):
        steps.compute_results(found, AS_OF, 0, how=TWO)


KILLED = """
import sys
from pathlib import Path
from flows import workers
from flows.pipeline import parts
from tests.flows import dying
parts.compute_in = dying.lasting
workers.Processes(2)(Path(sys.argv[1]), 2)
"""


@pytest.mark.nightly
def test_workers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(words, cwd=HOME) as run:
        while len(found := [path.name for path in tmp_path.glob("?-*")]) < 2:
            assert run.poll() is None
            time.sleep(0.1)
        run.kill()
    assert all(ended(int(name.split("-")[1])) for name in found)


def on_dask(workers: int = 2, scheduler: str | None = None) -> Division:
    """The parts on a cluster, each as small as can be."""
    return choose_division(RunnerName.DASK, workers, scheduler, 0)._replace(most=1)


@pytest.mark.nightly
def test_a_cluster_gives_the_same_bytes_though_a_worker_dies(
    found: steps.Checked, whole: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parts, "compute_in", dying.compute_in)
    monkeypatch.setenv(dying.TOLD, str(tmp_path))
    same_bytes(whole, steps.compute_results(found, AS_OF, 0, how=on_dask()), tmp_path)
    assert (tmp_path / dying.MARK).exists()


@pytest.mark.nightly
def test_workers_of_a_cluster_that_die_of_a_part_refuse_the_run_in_one_line(
    found: steps.Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dask

    monkeypatch.setattr(parts, "compute_in", dying.always)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        pytest.raises(steps.RefusedError, match=r"killed the workers .* give each worker more"),
    ):
        steps.compute_results(found, AS_OF, 0, how=on_dask())


@pytest.mark.nightly
def test_workers_of_a_cluster_never_pause_and_run_no_code_of_a_stranger(
    found: steps.Checked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parts, "compute_in", dying.besieged)
    monkeypatch.setenv(dying.TOLD, str(tmp_path))
    steps.compute_results(found, AS_OF, 0, how=on_dask(1)._replace(most=3))
    told = {path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert told == {"False False\nrefused\nrefused\n"}


@pytest.fixture
def scheduler() -> Iterator[str]:
    """The address of a cluster of one process, as of another machine."""
    from distributed import LocalCluster

    start: Any = LocalCluster  # without types
    with start(n_workers=1, **NEW_CLUSTER) as cluster:
        yield str(cluster.scheduler_address)


@pytest.mark.nightly
def test_a_cluster_elsewhere_gives_the_same_bytes(
    found: steps.Checked, whole: Results, scheduler: str, tmp_path: Path
) -> None:
    how = on_dask(1, scheduler)._replace(most=3)
    same_bytes(whole, steps.compute_results(found, AS_OF, 0, how=how), tmp_path)
    assert how.runner is not None
    with pytest.raises(steps.RefusedError, match=r"worker tcp://\S+ has no folder .* same place"):
        how.runner(tmp_path / "gone", 1)


@pytest.mark.nightly
def test_a_scheduler_that_is_not_there_refuses_the_run_in_one_line(tmp_path: Path) -> None:
    import dask

    runner = on_dask(1, "tcp://127.0.0.1:1").runner
    assert runner is not None
    with (
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
