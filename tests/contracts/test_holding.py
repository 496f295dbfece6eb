"""What a contract may demand of a table is checked, and one that demands more is refused."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pandera.errors
import pandera.pandas as pa
import pytest
from pandera.typing import Series

from schemas import contracts, facts, published
from tests.contracts.test_fact_contracts import sound_cells


def _model(config: dict[str, Any], **field: Any) -> type[pa.DataFrameModel]:
    """Return a model of one column `a` of texts."""
    members = {
        "__annotations__": {"a": Series[str]},
        "__module__": __name__,
        "a": pa.Field(**field),
        "Config": type("Config", (), config),
    }
    return type("Made", (pa.DataFrameModel,), members)


TWICE = pd.DataFrame({"a": ["x", "x"]})


@pytest.mark.parametrize(
    ("config", "field", "demanded"),
    [
        ({"unique": ["a"]}, {}, "unique"),
        ({"ordered": True}, {}, "ordered"),
        ({"coerce": True}, {}, "coerce"),
        ({"add_missing_columns": True}, {}, "add_missing_columns"),
        ({"drop_invalid_rows": True}, {}, "drop_invalid_rows"),
        ({"unique_column_names": True}, {}, "unique_column_names"),
        ({}, {"default": "x"}, "default of a"),
        ({}, {"unique": True}, "unique of a"),
        ({}, {"coerce": True}, "coerce of a"),
        ({}, {"alias": "a.*", "regex": True}, r"regex of a\.\*"),
    ],
)
def test_a_contract_that_demands_what_nothing_checks_is_refused(
    config: dict[str, Any], field: dict[str, Any], demanded: str
) -> None:
    refusal = f"Made has settings that nothing checks: .*{demanded}"
    with pytest.raises(TypeError, match=refusal):
        contracts.check_table(_model(config, **field), TWICE)


def test_a_rule_that_only_warns_is_refused() -> None:
    model = _model({}, isin=["x"], raise_warning=True)
    with pytest.raises(TypeError, match="raise_warning of a"):
        contracts.check_table(model, TWICE)


def test_a_strict_contract_refuses_other_columns() -> None:
    more = TWICE.assign(b="y")
    assert contracts.check_table(_model({}), more) == []
    assert contracts.check_table(_model({"strict": "filter"}), more) == []
    with pytest.raises(ValueError, match="Made has no column b"):
        contracts.check_table(_model({"strict": True}), more)


@pytest.mark.parametrize("model", [*facts.MODELS.values(), *published.MODELS.values()])
def test_every_contract_demands_only_what_is_checked(model: type[pa.DataFrameModel]) -> None:
    columns = list(model.to_schema().columns)
    assert contracts.check_table(model, pd.DataFrame(columns=columns)) == []


def make_sound_rows(table: str) -> pd.DataFrame:
    """Return two rows that a published table allows: what may be null is null."""
    cells: dict[str, Any] = {}
    for name, column in published.MODELS[table].to_schema().columns.items():
        words = [
            check.statistics["allowed_values"] for check in column.checks if check.name == "isin"
        ]
        is_text = str(column.dtype).startswith("str")
        text = "2025" if name == "period" else "x"
        filled = next(iter(words[0])) if words else text if is_text else 1.0
        blank = None if is_text else float("nan")
        cells[name] = pd.Series(
            [blank if column.nullable else filled] * 2, dtype="str" if is_text else "float64"
        )
    return pd.DataFrame(cells)


Change = Callable[[pd.DataFrame], pd.DataFrame]
WRONG: dict[str, tuple[str, Change]] = {
    "nothing": ("impact", lambda frame: frame),
    "a number below zero": ("draws_by_area", lambda frame: frame.assign(persons=[-1.0, 1.0])),
    "no number": ("draws_by_area", lambda frame: frame.assign(persons=[1.0, float("nan")])),
    "another word": ("draws_by_area", lambda frame: frame.assign(impact_metric=["people", "x"])),
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
    "a column missing": ("draws_by_area", lambda frame: frame.drop(columns="persons")),
    "a column more": ("draws_by_area", lambda frame: frame.assign(more=1.0)),
    "a column of another type": (
        "draws_by_area",
        lambda frame: frame.assign(persons=pd.Series(["1", "2"], dtype="str")),
    ),
    "three faults in two rows": (
        "draws_by_area",
        lambda frame: frame.assign(
            persons=[-1.0, -2.0], impact_metric=["people", "people_exposed"]
        ),
    ),
}


def find_with_pandera(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> set[tuple[Any, ...]]:
    """Return what pandera's own validation finds: rows with columns and rules, or columns alone."""
    try:
        model.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as refused:
        cases = refused.failure_cases.to_dict("records")
    else:
        return set()
    rules = [str(case["check"]).partition("(")[0] for case in cases]
    whole = {
        case["failure_case"] if rule == "column_in_dataframe" else case["column"]
        for case, rule in zip(cases, rules, strict=True)
        if rule in ("column_in_dataframe", "dtype")
    }
    if whole:
        return {(str(name),) for name in whole}
    return {
        (case["index"], case["column"] if case["schema_context"] == "Column" else "", rule)
        for case, rule in zip(cases, rules, strict=True)
    }


def find_with_contracts(
    model: type[pa.DataFrameModel], frame: pd.DataFrame
) -> set[tuple[Any, ...]]:
    """Return what the project's validation finds, in the same form."""
    try:
        failures = contracts.check_table(model, frame)
    except ValueError as refused:
        return {(name,) for name in model.to_schema().columns if name in str(refused).split()}
    return {tuple(failure) for failure in failures}


@pytest.mark.parametrize("wrong", WRONG)
def test_pandera_alone_finds_the_same_in_published_tables(wrong: str) -> None:
    table, change = WRONG[wrong]
    frame, model = change(make_sound_rows(table)), published.MODELS[table]
    with_contracts = find_with_contracts(model, frame)
    assert with_contracts == find_with_pandera(model, frame)
    assert bool(with_contracts) is (wrong not in ("nothing", "a column more"))


def test_pandera_alone_finds_the_same_in_facts() -> None:
    cells = [
        sound_cells("estimates"),
        {**sound_cells("estimates"), "value": "many", "unit": "heads", "area_id": ""},
        {**sound_cells("estimates"), "value": "", "period": "soon"},
    ]
    model = facts.MODELS["estimates"]
    frame = pd.DataFrame(cells, dtype="str")[list(model.to_schema().columns)]
    with_contracts = find_with_contracts(model, frame)
    assert len(with_contracts) > 4
    assert with_contracts == find_with_pandera(model, frame)
