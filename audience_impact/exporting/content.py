"""What is exported: tables of a version with what is known about each column.

Everything is read from the version itself, never from the code, so that an older version is told in
its own words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from audience_impact.answers.citation import AUTHOR, WHOLE
from audience_impact.answers.numbers import day_in_words
from audience_impact.store.versions import Stored


@dataclass(frozen=True)
class KeyFigures:
    """The few numbers that answer: headings, and rows of text and numbers."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Content:
    """A version, or what was chosen of it.

    Attributes:
        package: `datapackage.json` of the version.
        tables: The tables, rows and columns as published.
        chosen: What was chosen, in words; empty for all of the version.
        answers: The answers in sentences, where something was chosen.
        key_figures: The numbers behind them.
        left_out: Tables that do not tell of what was chosen.
        cited: How to cite what was chosen; empty where it is cited as the whole.
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
        """The id of the version."""
        return str(self.package["version"])

    @property
    def as_of(self) -> str:
        """The day of the facts."""
        return str(self.package["audience_impact"]["as_of"])

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return f"{self.package['title']}{f': {self.chosen}' if self.chosen else ''}"

    @property
    def citations(self) -> tuple[str, ...]:
        """How to cite it."""
        licence = self.package["licenses"][0]["title"]
        whole = (
            f"{AUTHOR} ({self.as_of[:4]}): {WHOLE}, version {self.version_id}, as of "
            f"{day_in_words(self.as_of)} [data set]. {licence}"
        )
        return self.cited or (whole,)

    def resource(self, table: str) -> dict[str, Any]:
        """What the version says of a table."""
        found = {each["name"]: each for each in self.package["resources"]}
        return dict(found[table])

    def fields(self, table: str) -> list[dict[str, Any]]:
        """What the version says of each column of a table, in their order."""
        return list(self.resource(table)["schema"]["fields"])


def read(version: Stored) -> Content:
    """All of a version, its tables in their own order.

    Raises PublishError where a table is damaged.
    """
    names = sorted(version.rows(), key=place)
    return Content(version.manifest, {name: version.arrow(name) for name in names})


ORDER = ("restrictions", "impact", "impact_by_platform", "person_days", "impact_by_area")
"""What a reader looks for first; other tables follow by name."""


def place(table: str) -> tuple[int, str]:
    """What tables are ordered by."""
    return (ORDER.index(table) if table in ORDER else len(ORDER), table)


def values_of(field: Mapping[str, Any]) -> dict[str, str]:
    """What the coded values of a column mean, or the few that stand for something else."""
    coded = {each["value"]: each["label"] for each in field.get("categories", ())}
    return coded or dict(field.get("values") or field.get("special_values", {}))
