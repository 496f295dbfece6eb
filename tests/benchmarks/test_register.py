"""The benchmark of a register, on a tiny one."""

import json

import numpy as np
import pytest

from audience_impact.frames import Array
from benchmarks import register

KEYS = [
    "restrictions",
    "seconds",
    "loop_seconds",
    "numpy_loop_seconds",
    "ratio",
    "numpy_ratio",
    "peak_mib",
]


def test_a_tiny_register_gives_positive_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--restrictions", "3", "40", "--format", "json"]
    assert register.main(words) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [list(row) for row in rows] == [KEYS, KEYS]
    assert [row["restrictions"] for row in rows] == [3, 40]
    assert all(value > 0 for row in rows for value in row.values())


def test_a_table_has_a_line_for_each_size() -> None:
    row: register.Row = dict.fromkeys(KEYS, 1234.5)
    lines = register.table([row, row]).splitlines()
    assert len(lines) == 4
    assert lines[0] == f"| {' | '.join(KEYS)} |"
    assert "1,234.5" in lines[3]


def test_the_register_is_what_it_says_it_is() -> None:
    groups = register.register(300, draws=20)
    sizes = np.concatenate([group.members.sum(axis=1) for group in groups])
    assert len(sizes) == 300
    assert set(sizes) == set(range(1, 9))
    assert all(group.shares.shape[1] == 20 for group in groups)
    again = register.register(300, draws=20)
    assert all((a.shares == b.shares).all() for a, b in zip(groups, again, strict=True))


@pytest.mark.parametrize("name", ["quad_loop", "numpy_loop"])
def test_a_loop_that_disagrees_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    right = getattr(register, name)

    def wrong(shares: Array, correlation: Array, error: Array) -> Array:
        return np.asarray(right(shares, correlation, error) + 2e-4)

    monkeypatch.setattr(register, name, wrong)
    monkeypatch.setattr(register, "apart", register.measure)
    assert register.main(["--restrictions", "30"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "and ours differ by 2.0e-04, more than 1e-04" in output.err


def test_what_is_not_a_number_does_not_agree() -> None:
    with pytest.raises(ValueError, match="differ by nan"):
        register.agree("it", np.array([np.nan]), np.array([0.5]))
