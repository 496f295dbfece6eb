"""Contracts demand only what is checked, and pandera alone finds the same failures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.errors
import pandera.pandas as pa
import pytest
from pandera.config import config_context

from flows.pipeline import steps
from schemas import contracts, published


def make_sound_rows(table: str) -> pd.DataFrame:
    """Return two rows that a published table allows: what may be null is null."""
    cells: dict[str, Any] = {}
    for name, column in published.read_schema(table).columns.items():
        words = [
            check.statistics["allowed_values"] for check in column.checks if check.name == "isin"
        ]
        is_text = str(column.dtype).startswith("str")
        text = "2025" if name in ("period", "year") else "x"
        filled = next(iter(words[0])) if words else text if is_text else 1.0
        blank = None if is_text else float("nan")
        cells[name] = pd.Series(
            [blank if column.nullable else filled] * 2, dtype="str" if is_text else "float64"
        )
    return pd.DataFrame(cells)


Change = Callable[[pd.DataFrame], pd.DataFrame]
WRONG: dict[str, tuple[str, Change]] = {
    "nothing": ("impact", lambda frame: frame),
    "a number below zero": ("draws", lambda frame: frame.assign(persons=[-1.0, 1.0])),
    "no number": ("draws", lambda frame: frame.assign(persons=[1.0, float("nan")])),
    "another word": (
        "impact",
        lambda frame: frame.assign(impact_metric=["people", "people_exposed"]),
    ),
    "bounds out of order": (
        "impact",
        lambda frame: frame.assign(printed_min_persons=[2e9, 1e9], printed_max_persons=[1e9, 2e9]),
    ),
    "a reason without its rule": (
        "impact",
        lambda frame: frame.assign(reason=pd.Series(["old", None], dtype="str")),
    ),
    "an unknown rule": (
        "impact",
        lambda frame: frame.assign(reason=["a", "b"], reason_rule_ids=["old", "old;unheard"]),
    ),
    "a column more": ("draws", lambda frame: frame.assign(more=1.0)),
    "three faults in two rows": (
        "draws",
        lambda frame: frame.assign(persons=[-1.0, -2.0], year=["2025", "x"]),
    ),
}


def find_with_pandera(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> set[tuple[Any, ...]]:
    """Return what pandera's own validation finds: rows with columns and rules."""
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as refused:
        cases = refused.failure_cases.to_dict("records")
    else:
        return set()
    rules = [str(case["check"]).partition("(")[0] for case in cases]
    return {
        (case["index"], case["column"] if case["schema_context"] == "Column" else "", rule)
        for case, rule in zip(cases, rules, strict=True)
    }


@pytest.mark.parametrize("wrong", WRONG)
def test_pandera_alone_finds_the_same_in_published_tables(wrong: str) -> None:
    table, change = WRONG[wrong]
    frame, schema = change(make_sound_rows(table)), published.read_schema(table)
    with_contracts = set(contracts.check_table(schema, frame))
    assert with_contracts == find_with_pandera(schema, frame)
    assert bool(with_contracts) is (wrong not in ("nothing", "a column more"))


def test_nothing_is_published_where_validation_is_switched_off(
    small_results: steps.Results, tmp_path: Path
) -> None:
    with (
        config_context(validation_enabled=False),
        pytest.raises(contracts.ValidationOffError, match="pandera's configuration switches"),
    ):
        steps.publish_results(small_results, tmp_path / "published", None)
    assert not (tmp_path / "published").exists()
