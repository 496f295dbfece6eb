"""The benchmark of registers of any size, on tiny ones."""

import json
import os
import re
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from audience_impact.vocabulary import FindingSeverity
from benchmarks import scale
from flows.pipeline.steps import RefusedError
from tests.support import FACTS, checked, load

OWN = len(load(FACTS / "restrictions.csv")[1])


def test_a_world_has_so_many_restrictions_and_keeps_every_rule(tmp_path: Path) -> None:
    layers = scale.world(OWN + 300, tmp_path)
    result = checked(*layers)
    assert not [
        finding for finding in result.findings if finding.severity is not FindingSeverity.WARNING
    ]
    acts = result.tables["restrictions"]
    copies = acts[acts["row_layer"] == len(layers)]
    assert len(copies) == 300
    assert copies["area_ids"].str[:2].nunique() > 50
    assert copies["geo_scope"].nunique() > 2
    assert copies["observed_from_start"].dt.year.nunique() > 5


def test_no_copy_repeats_a_restriction_before_it(tmp_path: Path) -> None:
    first, *recorded = scale.read_recorded(tmp_path)[:20]
    undated = {**first.act, **dict.fromkeys(scale.DAYS, "")}
    recorded.append(replace(first, act=undated))  # its copies in a country are alike
    copies = list(islice(scale.copies(recorded), 2_000))
    assert len({scale._identity(one) for one in copies}) == 2_000
    assert int(copies[-1].act["restriction_id"][3:]) >= 2_000  # some numbers were left out


@pytest.mark.parametrize(
    ("text", "years", "days", "moved"),
    [
        ("2024-02-29", 1, 0, "2023-02-28"),
        ("2024-01-05", 2, 10, "2021-12-26"),
        ("2024-05", 3, 10, "2021-05"),
        ("2024", 3, 10, "2021"),
    ],
)
def test_days_move_as_precise_as_they_are(text: str, years: int, days: int, moved: str) -> None:
    assert scale._moved(text, years, days) == moved


def describe_run(workers: int) -> dict[str, Any]:
    return {"restrictions": 3, "workers": workers, "seconds": 1.5, "peak_mib": 7,
            "manifest": "same"}  # fmt: skip


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(layers: list[Path], asked: dict[str, Any], folder: Path) -> dict[str, Any]:
        return describe_run(asked["workers"])

    monkeypatch.setattr(scale, "measure", measure)
    monkeypatch.setattr(scale, "world", lambda count, folder: [])


@pytest.mark.usefixtures("measured")
def test_every_way_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert scale.main(["--restrictions", "3", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["workers"] for row in rows] == [1, 2]
    assert all("manifest" not in row for row in rows)
    assert scale.main(["--restrictions", "3", "--workers", "4"]) == 0
    assert "| 3 | 4 | 1.5 | 7 |" in capsys.readouterr().out


@pytest.mark.usefixtures("measured")
def test_other_bytes_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(layers: list[Path], asked: dict[str, Any], folder: Path) -> dict[str, Any]:
        return {**describe_run(1), "manifest": str(folder)}

    monkeypatch.setattr(scale, "measure", measure)
    assert scale.main(["--restrictions", "3"]) == 1
    assert "published other bytes" in capsys.readouterr().err


def test_a_run_that_is_refused_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def refused(layers: list[Path], into: Path, asked: dict[str, Any]) -> dict[str, Any]:
        raise RefusedError(["part 1 of 5 killed the workers"])

    monkeypatch.setattr(scale, "run", refused)
    assert scale.main(["--child", '{"workers": 5}', "--into", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "benchmarks.scale: part 1 of 5 killed the workers\n"


def test_a_run_that_ends_early_fails_the_benchmark(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scale, "world", lambda count, folder: ["no-such-folder"])
    assert scale.main(["--restrictions", "3", "--workers", "1"]) == 1
    assert re.search("benchmarks.scale: the run .* ended with 1", capsys.readouterr().err)


def test_a_benchmark_that_was_killed_goes_on_in_its_folder(tmp_path: Path) -> None:
    run = {"workers": 1, "draws": 100}
    place = tmp_path / "3" / "run-1-100"
    place.mkdir(parents=True)
    (tmp_path / "3" / "layers.json").write_text('["0"]')
    assert scale.prepare_world(3, tmp_path / "3") == [Path("0")]
    (place / "measured.json").write_text('{"manifest": "same", "seconds": 1}')
    assert scale.compared(3, [run], tmp_path) == [{"seconds": 1}]


def test_memory_is_that_of_all_processes() -> None:
    assert scale.memory_mib(os.getpid()) > 50
