"""The scoring on made-up surveys whose scores are known."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import overlap
from tests.engine import patterns

KEYS = {
    "survey",
    "house",
    "sets",
    "mae_ours_points",
    "mae_independence_points",
    "mae_middle_points",
    "mae_added_points",
    "coverage_share",
    "width_points",
    "frechet_width_points",
    "width_over_frechet",
}
NUMBERS = ["sets", *sorted(KEYS - {"survey", "house", "sets"})]


def survey(path: Path, rows: Sequence[tuple[int, int, int, float]]) -> Path:
    lines = ["online,alpha,beta,weighted_share,respondents"]
    lines += [f"{online},{a},{b},{share},10" for online, a, b, share in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def scored(capsys: pytest.CaptureFixture[str], *words: str | Path) -> list[overlap.Row]:
    assert overlap.main([*map(str, words), "--format", "json"]) == 0
    output: list[overlap.Row] = json.loads(capsys.readouterr().out)
    return output


def test_scores_of_a_survey_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Of 80 % online: alpha 50 % and beta 25 % of them, all users of beta use alpha.
    rows = [(0, 0, 0, 0.2), (1, 0, 0, 0.4), (1, 1, 0, 0.2), (1, 1, 1, 0.2)]
    (result,) = scored(capsys, survey(tmp_path / "made-up.csv", rows))
    assert set(result) == KEYS
    assert result["survey"] == "made-up"
    assert result["sets"] == 1
    assert result["mae_independence_points"] == pytest.approx(12.5)
    assert result["mae_middle_points"] == pytest.approx(12.5)
    assert result["mae_added_points"] == pytest.approx(25.0)
    assert result["frechet_width_points"] == pytest.approx(25.0)
    assert 0.0 < float(result["mae_ours_points"]) < 12.5


def test_a_survey_like_those_learned_from_is_hit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def made(stem: str, m: tuple[float, float], r: float) -> Path:
        p = patterns(m, r)
        return survey(tmp_path / f"{stem}.csv", [(1, i & 1, i >> 1, p[i]) for i in range(4)])

    seen = [made("XA_2025_ONE", (0.6, 0.5), 0.4), made("XB_2025_TWO", (0.7, 0.2), 0.4)]
    target = made("XC_2025_THREE", (0.8, 0.3), 0.4)
    (result,) = scored(capsys, target, "--calibrate-on", *seen)
    assert float(result["mae_ours_points"]) < 0.05
    assert result["coverage_share"] == 1.0
    assert len(scored(capsys, *seen, target, "--leave-houses-out")) == 3


def test_no_set_gives_numbers_and_no_nulls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (result,) = scored(capsys, survey(tmp_path / "one.csv", [(1, 1, 0, 0.5), (1, 0, 0, 0.5)]))
    assert result["sets"] == 0
    assert all(isinstance(result[name], int | float) for name in KEYS - {"survey", "house"})


def test_the_correction_of_surveys_csv_is_applied_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(0, 0, 0, 0.2), (1, 1, 0, 0.44), (1, 1, 1, 0.36)]
    path = survey(tmp_path / "RU_2022_CHRONICLES1.csv", rows)
    read = overlap.read(path, overlap.overrides())
    assert read.shares[0, 0] == pytest.approx(0.8 / 0.88)
    assert "0.88" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n", "lacks a column online and a column weighted_share"),
        (b"online,weighted_share\n1,1\n", "lacks platforms"),
        (b"", "No columns"),
        (b"\xff\xfe\x00PAR1", "can't decode"),
        (b"online,a,weighted_share\n1,x,1\n", "line 2, column a: 'x' is neither 0 nor 1"),
        (b"online,a,weighted_share\n1,1,1\n2,1,1\n", "line 3, column online: "),
        (b"online,a,weighted_share\n1,1,\n", "line 2, column weighted_share: "),
        (b"online,a,weighted_share\n1,1,-1\n", "is no number from 0 up"),
        (b"online,a,weighted_share\n0,0,1\n", "nobody online"),
        (b"online,a,weighted_share\n1,1,0\n", "nobody online"),
        (b"online,a,weighted_share\n1,1,1,1\n", "more cells than its header"),
        (b"online,a,weighted_share\n", "nobody online"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_survey_is_named_and_the_others_are_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, said: str
) -> None:
    good = survey(tmp_path / "good.csv", [(1, 0, 0, 0.5), (1, 1, 0, 0.3), (1, 1, 1, 0.2)])
    bad = tmp_path / "bad.csv"
    if content is not None:
        bad.write_bytes(content)
    for words in ([bad, good], [good, "--calibrate-on", bad, good]):
        assert overlap.main([*map(str, words), "--format", "json"]) == 1
        output = capsys.readouterr()
        assert [row["survey"] for row in json.loads(output.out)] == ["good"]
        assert f"benchmarks.overlap: {bad}: " in output.err
        assert said in output.err


@pytest.mark.parametrize("words", [[], ["--format", "table"], ["--leave-houses-out"]])
def test_nothing_but_bad_files_is_an_error_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert overlap.main([str(tmp_path), *words]) == 1
    assert f"benchmarks.overlap: {tmp_path}: Is a directory" in capsys.readouterr().err


def test_the_table_ends_with_the_mean_over_houses() -> None:
    rows = [
        overlap.Row(survey=f"XA_2025_{h}", house=h, **dict.fromkeys(NUMBERS, v))
        for h, v in (("ONE", 1.0), ("ONE", 3.0), ("TWO", 4.0))
    ]
    last = overlap.by_house(rows).splitlines()[-1]
    assert last.startswith("| mean over houses | 3 | 3 |")
