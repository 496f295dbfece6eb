"""A register computed in parts gives the bytes of the whole, whoever computes them."""

import logging
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.exporting.export import list_files
from audience_impact.outputs import areas
from audience_impact.pipeline import Settings, plan_run
from audience_impact.simulation.worlds import DRAWN
from audience_impact.store import manifest
from flows.pipeline import parts, steps
from flows.pipeline.steps import Results
from tests.engine import calibrated
from tests.flows import dying
from tests.support import AS_OF, World, checked, ended, folder_of, world

pytestmark = pytest.mark.service

HOME = Path(__file__).resolve().parents[2]
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
    """The same computed here, in as many parts as can be, and merged a few rows at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ROW_GROUP_ROWS", 7)
        return steps.compute_results(found, AS_OF, 0, most=1)


def same_bytes(one: Results, other: Results, folder: Path) -> None:
    """Fail where two runs publish anything that differs by a byte."""
    published = [
        folder_of(steps.publish_results(each, folder / str(n), None))
        for n, each in enumerate((one, other))
    ]
    names = list_files(published[0])
    assert len(names) == len(one.tables) + 2
    assert names == list_files(published[1])
    for name in names:
        assert (published[0] / name).read_bytes() == (published[1] / name).read_bytes(), name


def test_parts_give_the_bytes_of_the_whole(
    whole: Results, apart: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert apart.tables["lineage"]["role"].num_chunks > 1
    monkeypatch.setattr(manifest, "ROW_GROUP_ROWS", 10)
    same_bytes(whole, apart, tmp_path)
    totals = whole.frames["regions_by_year"].query("kind == 'all' and year == 2026")
    world_total = totals[totals["area_level"] == "world"]
    assert len(world_total) > 0
    assert (world_total["countries_count"] > 2).all()
    assert world_total["q50_persons"].notna().all()


def test_several_processes_give_the_bytes_of_the_whole_and_tell_of_each_part(
    found: steps.Checked, whole: Results, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "flows.pipeline.parts")
    larger = steps.compute_results(found, AS_OF, 0, processes=2, most=3)
    same_bytes(whole, larger, tmp_path)
    count = len(caplog.messages)
    assert count > 1
    assert caplog.messages == [f"computed {n} of {count} parts" for n in range(1, count + 1)]


def test_a_country_is_in_one_part_and_so_are_those_that_share_a_restriction() -> None:
    made = lands()
    plan = plan_run(made.typed(), AS_OF, Settings())
    parts_of = plan.divide(plan.list_groups(), most=1)
    of_part = [set(part.scope.requested["country_id"]) for part in parts_of]
    assert sorted(map(sorted, of_part)) == [["XA", "XB"], *([land] for land in LANDS[2:])]
    acts = [act for part in parts_of for act in part.tables["restrictions"]["restriction_id"]]
    assert sorted(acts) == [f"R{number}" for number in range(10)]
    assert len(plan.divide(plan.list_groups(), most=100)) == 1


@pytest.mark.nightly
def test_a_worker_that_dies_refuses_the_run_in_one_line(
    found: steps.Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "compute_beside", dying.always)
    with pytest.raises(steps.RefusedError, match="a worker died"):
        steps.compute_results(found, AS_OF, 0, processes=2, most=1)


KILLED = """
import sys
from types import SimpleNamespace
from flows.pipeline import parts
from tests.flows import dying
parts.compute_beside = dying.lasting
shared = SimpleNamespace(input=SimpleNamespace(fitted=SimpleNamespace(audiences=None)))
parts.compute_parts(shared, [sys.argv[1]] * 2, 2)
"""


@pytest.mark.nightly
def test_workers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(words, cwd=HOME) as run:
        while len(found := [path.name for path in tmp_path.iterdir()]) < 2:
            assert run.poll() is None
            time.sleep(0.1)
        run.kill()
    assert all(ended(int(name)) for name in found)


@pytest.mark.parametrize(
    ("restrictions", "asked", "processors", "processes", "most"),
    [
        (143, None, 8, 1, 2_500),
        (2_500, None, 8, 1, 2_500),
        (2_501, None, 8, 2, 1_250),
        (2_501, None, 1, 1, 2_500),
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
    count = asked or parts.count_processes(restrictions)
    assert (count, parts.limit_size(restrictions, count)) == (processes, most)


# ---- Sums of countries ----


@given(st.data(), st.integers(1, 5), st.integers(1, 6))
def test_totals_of_countries_apart_are_those_of_all_together(
    data: st.DataObject, countries: int, totals: int
) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    parts_of, rows = [], []
    for number in range(countries):
        size = int(random.integers(1, 5))
        values = random.uniform(0, 1e9, (size, DRAWN + 7))
        values[random.random(size) < 0.3, DRAWN:] = np.nan
        parts_of.append(values)
        rows += [
            (int(total), f"X{number}", number, int(random.integers(size)))
            for total in np.flatnonzero(random.random(totals) < 0.7)
        ]
    pairs = pd.DataFrame(rows, columns=["total", "country_id", "part", "place"])
    if pairs.empty:
        return
    ordered = pairs.sort_values(["total", "country_id"])
    total_of, part_of, place_of = (ordered[name].to_numpy() for name in ("total", "part", "place"))
    sums, blocks = areas.sum_people(total_of, part_of, place_of, parts_of)
    found = np.vstack(list(blocks))[sums]
    for at, total in enumerate(sorted({total for total, *_ in rows})):
        own = [(parts_of[part], p) for t, _, part, p in rows if t == total]
        assert found[at, 0] == sum(one[place, 0] for one, place in own)
        silent = [bool(np.isnan(one[place, DRAWN:]).all()) for one, place in own]
        if all(silent):
            assert np.isnan(found[at, DRAWN:]).all()
            continue
        every = np.zeros(7)
        for (one, place), is_silent in zip(own, silent, strict=True):
            every = every + (0.0 if is_silent else one[place, DRAWN:])
        assert (found[at, DRAWN:] == every).all()
