"""What the pages are made from: the tables of one version, read once and grouped once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from audience_impact.answers import records as answers
from audience_impact.answers.records import AnswerRecord
from audience_impact.plain_text import cell_text
from audience_impact.site import listed
from audience_impact.site.listed import Listed
from audience_impact.store.manifest import sha256
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import WHOLE_INTERNET, ImpactMetric

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Page:
    """A page of HTML: its place in the report, its title, its template and what that is given.

    Attributes:
        path: With `/`, relative to the report: `restriction/R1.html`.
        title: What the browser and the heading say.
        template: A file of `templates/`, which extends `layout.html`.
        values: Names that the template reads beside those of every page (`rendering`).
    """

    path: str
    title: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    """A file that is no page: data, a picture."""

    path: str
    content: bytes


@dataclass(frozen=True)
class World:
    """One published version, as the pages read it.

    Attributes:
        stored: Where the version lies, and what its `datapackage.json` says: licence, sources,
            titles of tables and columns.
        tables: Every published table by name, missing cells as NA.
    """

    stored: Stored
    tables: Mapping[str, pd.DataFrame]

    @property
    def version(self) -> str:
        """The id of the version."""
        return self.stored.id

    @property
    def package(self) -> Mapping[str, Any]:
        """What the version says of itself."""
        return self.stored.manifest

    @property
    def as_of(self) -> date:
        """The day that the version speaks of."""
        return date.fromisoformat(self.package["audience_impact"]["as_of"])

    @cached_property
    def records(self) -> Mapping[str, AnswerRecord]:
        """Return everything published about each restriction, by id."""
        return dict(answers.Records({name: self.tables[name] for name in answers.TABLES}))

    @cached_property
    def sources(self) -> dict[str, dict[str, Any]]:
        """The rows of `sources` by id."""
        return {row["source_id"]: row for row in answers.plain_rows(self.tables["sources"])}

    @cached_property
    def platforms(self) -> dict[str, str]:
        """The name of each platform, by id."""
        return listed.platform_names(self.records.values())

    @cached_property
    def above(self) -> dict[str, tuple[str, ...]]:
        """The areas that hold each country and each area above it, the world first."""
        return answers.holders(self.tables["restrictions"])

    @cached_property
    def listed(self) -> tuple[Listed, ...]:
        """Every restriction with the one number that answers it."""
        return tuple(listed.listed(record, self.platforms) for record in self.records.values())

    @cached_property
    def by_id(self) -> dict[str, Listed]:
        """The same by the id of the restriction."""
        return {one.restriction: one for one in self.listed}

    def area_row(self, area: str, period: str) -> dict[str, Any] | None:
        """The row of `impact_by_area` for an area and a year or month; None where there is none."""
        return self.by_area.get((area, period))

    def last_day(self, area: str) -> dict[str, Any] | None:
        """The row of `impact_by_day` that holds the last day; None where nothing was in force."""
        return self._last_day.get(area)

    @cached_property
    def by_area(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The rows of `impact_by_area` by area and period."""
        rows = self.tables["impact_by_area"]
        rows = rows[rows["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED]
        return {(row["area_id"], row["period"]): row for row in answers.plain_rows(rows)}

    @cached_property
    def _last_day(self) -> dict[str, dict[str, Any]]:
        rows = self.tables["impact_by_day"]
        rows = rows[rows["to_day"].astype("str") == self.as_of.isoformat()]
        return {row["area_id"]: row for row in answers.plain_rows(rows)}


def as_csv(frame: pd.DataFrame, version: str) -> bytes:
    """Rows of a table as a spreadsheet opens them, with the version; no text is a formula."""
    texts = frame.select_dtypes("string")
    safe = texts.apply(lambda column: column.map(cell_text, na_action="ignore"))
    rows = frame.assign(**safe, version_id=version)
    text: str = rows.to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8-sig")


def load(version: Stored) -> World:
    """Read a version.

    Raises PublishError where a table is damaged, or older than the columns that are read.
    """
    told = answers.load(version)
    others = {
        name: version.table(name, dtype_backend="numpy_nullable")
        for name in version.rows()
        if name not in told
    }
    return World(version, told | others)


def slug(name: str) -> str:
    """A name as a file may be called: itself, or what is left of it with a digest."""
    if _SAFE.fullmatch(name):
        return name
    kept = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.")
    return f"{kept or 'x'}-{sha256(name.encode())[:8]}"


def restriction_path(restriction: str) -> str:
    """Where the page of a restriction lies."""
    return f"restriction/{slug(restriction)}.html"


def area_path(area: str) -> str:
    """Where the page of a country, a region (UN M49) or the world (001) lies."""
    return f"area/{slug(area)}.html"


def platform_path(platform: str) -> str:
    """Where the page of a platform lies."""
    return f"platform/{'whole-internet' if platform == WHOLE_INTERNET else slug(platform)}.html"


def year_path(year: str) -> str:
    """Where the page of a year lies."""
    return f"year/{slug(year)}.html"
