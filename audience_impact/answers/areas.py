"""A country, a region or the world told whole: year by year, and what others published."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from audience_impact.answers import sentences
from audience_impact.answers.answer import STATUS, counted, millions
from audience_impact.answers.comparisons import why
from audience_impact.answers.sentences.names import area_in_words
from audience_impact.answers.story import records
from audience_impact.plain_text import plain_cells
from audience_impact.store import PublishError
from audience_impact.store.versions import Stored

TABLES = ("impact_by_area", "area_comparisons", "restrictions")
UNDER = "People under at least one restriction at some time, each counted once"


def load(version: Stored) -> dict[str, pd.DataFrame]:
    """The published tables that a question about an area needs, by name."""
    return {name: version.table(name, dtype_backend="numpy_nullable") for name in TABLES}


def names(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Every area of `impact_by_area` with its name in the facts; its id where they name none."""
    acts = tables["restrictions"][["area_id", "area_name"]].drop_duplicates("area_id")
    known = dict(zip(acts["area_id"], acts["area_name"], strict=True))
    ids = tables["impact_by_area"]["area_id"].unique()
    return {area: known.get(area, area) for area in ids}


def holders(acts: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return for each country of `restrictions`, and each area above it, the areas that hold it.

    The world comes first. Raises PublishError where the version is older than the column.
    """
    if "country_paths" not in acts:
        raise PublishError("the version was published by an older release: run it anew")
    found: dict[str, tuple[str, ...]] = {}
    for countries, paths in zip(acts["country_id"], acts["country_paths"], strict=True):
        for country, path in zip(countries.split(";"), paths.split(";"), strict=True):
            line = (*path.split(">"), country)
            found |= {area: line[:at] for at, area in enumerate(line)}
    return found


def area(
    tables: Mapping[str, pd.DataFrame], area_id: str, period: str | None = None
) -> dict[str, Any]:
    """Everything published about an area, as plain objects.

    `period` is a year or a month, by default the last year. Raises KeyError where nothing is
    published of it.
    """
    every = tables["impact_by_area"]
    own = every[every["area_id"] == area_id]
    years = own[own["period"].str.len() == len("2023")]
    asked = period or (None if years.empty else years["period"].max())
    rows = records(own[own["period"] == asked])
    if not rows:
        raise KeyError(asked)
    name, year = names(tables)[area_id], rows[0]["period"][:4]
    months = own[own["period"].str.startswith(f"{year}-")]
    others = tables["area_comparisons"]
    others = others[others["area_id"] == area_id]
    if period:
        others = others[others["period"].str.startswith(period)]
    return {
        "answer": sentences.area(rows[0], name),
        "area_id": area_id,
        "area_name": area_in_words(area_id, name),
        "period": rows[0]["period"],
        "by_year": records(years),
        "by_month": records(months),
        "comparisons": records(others),
    }


def area_text(told: Mapping[str, Any]) -> str:
    """The same for a reader."""
    told = plain_cells(told)
    sections = [
        [told["answer"]],
        [f"{UNDER}, by year", *map(_line, told["by_year"])],
        [f"By month of {told['period'][:4]}", *(map(_line, told["by_month"]))],
        ["Published by others", *(_published(told["comparisons"]))],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _line(row: Mapping[str, Any]) -> str:
    bounds = f"{millions(row['lower_persons'])} to {millions(row['upper_persons'])}"
    middle = "no estimate" if row["q50_persons"] is None else counted(row)
    return (
        f"  {row['period']:<8}{middle:<34} forced: {bounds:<24} "
        f"{row['restrictions_count']:>4} restrictions in {row['areas_count']} "
        f"{'country' if row['areas_count'] == 1 else 'countries'}; {STATUS[row['obs_status']]}"
    )


def _published(rows: list[dict[str, Any]]) -> list[str]:
    return [
        f"  {row['publisher']}, {row['period']}: {_theirs(row)}; {why(row)}" for row in rows
    ] or ["  nothing on record"]


def _theirs(row: Mapping[str, Any]) -> str:
    if row["published_persons"] is not None:
        return f"{millions(row['published_persons'])} people"
    told = {"restrictions": row["published_events_count"], "hours": row["published_hours"]}
    return " and ".join(f"{count:,.0f} {name}" for name, count in told.items() if count is not None)
