"""What a contract may demand of a table is checked, and one that demands more is refused."""

from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from pandera.typing import Series

from schemas import contracts, facts, published


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
        ({}, {"unique": True}, "unique of a"),
        ({}, {"coerce": True}, "coerce of a"),
        ({}, {"alias": "a.*", "regex": True}, r"regex of a\.\*"),
    ],
)
def test_a_contract_that_demands_what_nothing_checks_is_refused(
    config: dict[str, Any], field: dict[str, Any], demanded: str
) -> None:
    with pytest.raises(TypeError, match=f"Made has settings that nothing checks: .*{demanded}"):
        contracts.check_table(_model(config, **field), TWICE)


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
