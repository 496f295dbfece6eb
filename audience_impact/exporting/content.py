"""The content of an export: tables of a version, and the description of each column.

Everything is read from the version itself, never from the code, so that the words of an older
version do not change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from audience_impact.answers.citation import cite_version
from audience_impact.store.versions import Stored, make_frame

ORDER = (
    *("restrictions", "impact", "impact_by_platform"),
    *("countries_by_year", "countries_by_month", "countries_by_day"),
    *("regions_by_year", "regions_by_month", "regions_by_day", "draws", "sources", "lineage"),
)
"""Tables that come first because readers need them most; others follow by name."""


class KeyFigures(NamedTuple):
    """A table of the key figures: headings, and rows of text and numbers."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Content:
    """A version, or a selection from it.

    Attributes:
        package: `datapackage.json` of the version.
        tables: The tables, rows and columns as published.
        chosen: The selection in words; empty for the whole version.
        answers: The answers as sentences, if there is a selection.
        key_figures: The numbers behind them.
        left_out: Tables without rows for the selection.
        cited: The citation of the selection; empty if the whole version is cited.
    """

    package: Mapping[str, Any]
    tables: Mapping[str, pa.Table]
    chosen: str = ""
    answers: tuple[str, ...] = ()
    key_figures: KeyFigures | None = None
    left_out: tuple[str, ...] = ()
    cited: tuple[str, ...] = ()

    @property
    def version_id(self) -> str:
        """Return the id of the version."""
        return str(self.package["version"])

    @property
    def as_of(self) -> str:
        """Return the day of the facts."""
        return str(self.package["audience_impact"]["as_of"])

    @property
    def title(self) -> str:
        """Return the title of the version, with the selection."""
        return f"{self.package['title']}{f': {self.chosen}' if self.chosen else ''}"

    @property
    def citations(self) -> tuple[str, ...]:
        """Return the lines with citations."""
        return self.cited or (cite_version(self.package),)

    def read_frame(self, table: str) -> pd.DataFrame:
        """Return a table as answers read it."""
        return make_frame(self.tables[table])

    def describe_table(self, table: str) -> dict[str, Any]:
        """Return the entry of a table in `datapackage.json`."""
        by_name = {resource["name"]: resource for resource in self.package["resources"]}
        return dict(by_name[table])

    def find_path(self, table: str, ending: str) -> str:
        """Return the path of the file of a table in an export, as in the version."""
        return f"{self.describe_table(table)['path'].rpartition('.')[0]}.{ending}"

    def describe_columns(self, table: str) -> list[dict[str, Any]]:
        """Return the description of each column of a table, in their order."""
        return list(self.describe_table(table)["schema"]["fields"])


def read_content(version: Stored) -> Content:
    """Return all tables of a version; raise PublishError where a table is damaged."""
    names = sorted(version.count_rows(), key=rank_table)
    return Content(version.manifest, {name: version.read_arrow(name) for name in names})


def rank_table(table: str) -> tuple[int, str]:
    """Return the sort key of a table, for the order of tables in an export."""
    return (ORDER.index(table) if table in ORDER else len(ORDER), table)


def read_values(field: Mapping[str, Any]) -> dict[str, str]:
    """Return the meanings of the coded values of a column, or of its few special values."""
    coded = {category["value"]: category["label"] for category in field.get("categories", ())}
    return coded or dict(field.get("values") or field.get("special_values", {}))
