"""The register of the world through the whole chain, on a register of two rows."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import world
from tests.support import register_row


def test_each_step_is_timed(
    small_facts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "FACTS", small_facts)
    rows = [register_row(), register_row(country="India", area_name="Manipur")]
    pd.DataFrame(rows, dtype="str").to_csv(tmp_path / "register.csv", index=False)
    told = world.measure(tmp_path / "register.csv", sensitivity=False)
    assert told["restrictions"] > 2
    steps = ("import", "read", "check", "compute", "write")
    assert all(told[f"{step}_seconds"] > 0 for step in steps)
    assert told["peak_mib"] > 0
