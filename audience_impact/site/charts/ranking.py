"""The picture of a ranking: the countries or the restrictions of an area, a bar each.

Only medians and intervals are drawn. Rows without an estimate are counted below the picture.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from audience_impact.answers import Quantity, names, rankings
from audience_impact.answers.citation import cite_version
from audience_impact.answers.numbers import day_in_words, format_amount
from audience_impact.answers.rankings import Ranking
from audience_impact.answers.records import plain_rows
from audience_impact.site.charts.finish import Picture
from audience_impact.site.charts.rows import Row, draw_rows, make_axis, mark_interval
from audience_impact.store.versions import Stored

MOST_PUBLISHERS = 2
"""Maximum number of sources that are named."""
TITLES = {
    Quantity.PEOPLE: ("People under internet restrictions", "Restrictions with the most people"),
    Quantity.PERSON_DAYS: (
        "Person-days under internet restrictions",
        "Restrictions with the most person-days",
    ),
}
"""Titles of the pictures of countries and of restrictions."""
COUNTED = {
    Quantity.PEOPLE: "Each person is counted once.",
    Quantity.PERSON_DAYS: "Each person is counted once a day.",
}


def draw_ranking(
    ranking: Ranking, rows: pd.DataFrame, most: int, publishers: Sequence[str], version: Stored
) -> Picture:
    """Return the picture of the first rows: those of the ranking, or of restrictions.

    `publishers` are the sources of the restrictions, the most frequent first.
    """
    quantity, is_by_country = ranking.quantity, rows is ranking.rows
    estimated = rows[rows[f"q50_{quantity.unit}"].notna()]
    drawn = list(_make_rows(estimated.head(most), quantity))
    ends = [mark.end for row in drawn for mark in row.marks]
    place = names.capitalise_first(ranking.name)
    title = f"{TITLES[quantity][not is_by_country]}: {place}, {day_in_words(ranking.period)}"
    counted = f"{len(drawn)} of {len(rows)} {'countries' if is_by_country else 'restrictions'}"
    foot = (
        f"Bar: likely range. Line: median. {COUNTED[quantity]} At least: a part has no estimate.",
        f"{counted}{_describe_missing(len(rows), len(estimated), len(drawn))}.",
        f"Restrictions recorded by {join_publishers(publishers)}.",
        cite_version(version.manifest),
    )
    svg = draw_rows(title, drawn, make_axis(max(ends, default=0.0)))
    return Picture(svg, title, foot)


def _describe_missing(count: int, estimated: int, drawn: int) -> str:
    """Return how many rows are not drawn."""
    more, without = estimated - drawn, count - estimated
    parts = [f"{more} more with an estimate"] * bool(more)
    parts += [f"{without} without one"] * bool(without)
    return f"; not drawn: {names.join_names(parts)}" if parts else ""


def join_publishers(publishers: Sequence[str]) -> str:
    """Return the most frequent sources by name, and how many more there are."""
    more = len(publishers) - MOST_PUBLISHERS
    other_sources = [f"{more} other sources" if more > 1 else "1 other source"] * (more > 0)
    return names.join_names([*publishers[:MOST_PUBLISHERS], *other_sources])


def _make_rows(rows: pd.DataFrame, quantity: Quantity) -> Iterator[Row]:
    """Yield a row for each country or restriction, with its median and interval."""
    for row in plain_rows(rows):
        amount = rankings.read_amount(row, quantity)
        yield Row(rankings.name_row(row), format_amount(amount), "accent", mark_interval(amount))
