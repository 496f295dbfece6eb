"""The demands of contracts: a contract that demands what nothing checks cannot be defined.

`contracts` runs the rules of a contract once for many columns, where pandera's `validate` runs them
once a column. A demand that only `validate` knows would be ignored there in silence, so a model
that makes one cannot be defined.
"""

from typing import Any

import pandera.pandas as pa
from pandera.api.dataframe.model_components import FieldInfo

NOT_OF_TABLES = (
    *("unique", "ordered", "coerce", "index", "parsers", "add_missing_columns"),
    *("drop_invalid_rows", "unique_column_names"),
)
NOT_OF_COLUMNS = ("unique", "coerce", "regex", "parsers", "default", "drop_invalid_rows")
"""Features of pandera models that are not supported here and that no contract may use."""


class CheckedModel(pa.DataFrameModel):
    """The base of all contracts.

    Raises TypeError where a subclass demands what is not checked, by its Config or a field.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a contract with demands that nothing checks."""
        super().__init_subclass__(**options)  # type: ignore[no-untyped-call]
        config = getattr(cls, "Config", None)
        fields = {name: field for name, field in vars(cls).items() if isinstance(field, FieldInfo)}
        demanded = list_demands(config, NOT_OF_TABLES)
        for name, field in fields.items():
            demanded += [f"{demand} of {name}" for demand in list_demands(field, NOT_OF_COLUMNS)]
        refuse_demands(cls.__name__, demanded)


def list_demands(part: Any, names: tuple[str, ...]) -> list[str]:
    """Return those of some features that a schema, a column, a Config or a field uses."""
    values = {name: getattr(part, name, None) for name in names}
    return [
        name
        for name, value in values.items()
        if value is not None and value is not False and (name == "default" or value)
    ]


def refuse_demands(model: str, demanded: list[str]) -> None:
    """Raise TypeError if a model demands anything that is not checked."""
    if demanded:
        raise TypeError(f"{model} has settings that nothing checks: {', '.join(demanded)}")
