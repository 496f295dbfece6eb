"""Pictures of a ranking, with their captions: bars, a map of its countries, a line over the years.

Only medians and intervals are drawn as bars; rows without an estimate are counted below. A year
without a restriction on record is zero.
"""

from collections.abc import Sequence

import pandas as pd

from audience_impact.answers import Quantity, names, rankings
from audience_impact.answers.areas import AreaRecord, read_amount
from audience_impact.answers.citation import cite_version
from audience_impact.answers.numbers import Estimate, day_in_words, format_amount, format_median
from audience_impact.answers.records import plain_rows
from audience_impact.site import maps, series
from audience_impact.site.drawing import Picture
from audience_impact.site.rows import Row, draw_rows, make_axis, mark_interval
from audience_impact.site.series import NOBODY, PARTLY
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import WORLD

MOST_PUBLISHERS = 2
"""Maximum number of sources that are named."""
SCALES = {Quantity.PEOPLE: maps.SHARES, Quantity.PERSON_DAYS: maps.DAYS}


def draw_ranking(
    ranking: AreaRecord, rows: pd.DataFrame, most: int, publishers: Sequence[str], version: Stored
) -> Picture:
    """Return the picture of the first rows: those of the ranking, or of restrictions.

    `publishers` are the sources of the restrictions, the most frequent first.
    """
    quantity, is_by_country = ranking.quantity, rows is ranking.countries
    scale = SCALES[quantity]
    estimated = rows[rows[f"q50_{quantity.unit}"].notna()]
    drawn = []
    for row in plain_rows(estimated.head(most)):
        amount = read_amount(row, quantity)
        marks = mark_interval(amount)
        drawn.append(Row(rankings.name_row(row), format_amount(amount), "accent", marks))
    ends = [mark.end for row in drawn for mark in row.marks]
    title = _write_title(scale, ranking.name, day_in_words(ranking.period))
    if not is_by_country:
        title = f"Restrictions with the most {scale.noun}: {title.partition(': ')[2]}"
    counted = f"{len(drawn)} of {len(rows)} {'countries' if is_by_country else 'restrictions'}"
    more, without = len(estimated) - len(drawn), len(rows) - len(estimated)
    left_out = [f"{more} more with an estimate"] * bool(more)
    left_out += [f"{without} without one"] * bool(without)
    foot = (
        f"Bar: likely range. Line: median. {scale.counted} At least: a part has no estimate.",
        f"{counted}{'; not drawn: ' * bool(left_out)}{names.join_names(left_out)}.",
        *_name_sources(publishers, version),
    )
    return Picture(draw_rows(title, drawn, make_axis(max(ends, default=0.0))), title, foot)


def draw_ranking_map(
    ranking: AreaRecord, most: int, publishers: Sequence[str], version: Stored
) -> Picture:
    """Return the map of the countries of a ranking, the `most` largest with their numbers.

    `publishers` are the sources of the restrictions, the most frequent first. Raise ValueError
    for less than two countries on the map.
    """
    quantity, rows = ranking.quantity, plain_rows(ranking.countries)
    estimated = [row for row in rows if row[f"q50_{quantity.unit}"] is not None]
    labels = {
        row["area_id"]: f"{row['area_name']} {format_median(read_amount(row, quantity))}"
        for row in estimated[:most]
    }
    is_world, scale = ranking.area_id == WORLD, SCALES[quantity]
    title = _write_title(scale, ranking.name, day_in_words(ranking.period))
    region = [] if is_world else [row["area_id"] for row in rows]
    elsewhere = "" if is_world else f", or not in {names.name_area(ranking.area_id)}"
    legend = (*scale.legend[:-1], ("map-none", f"nothing on record{elsewhere}"))
    without = sorted(row["area_name"] for row in rows if row not in estimated)
    missing = maps.list_missing([row["area_id"] for row in rows])
    hidden = sorted(row["area_name"] for row in rows if row["area_id"] in missing)
    foot = (
        f"{scale.colour} Numbers: medians of the largest of {len(estimated)} countries with "
        f"an estimate, where there is room. {scale.counted}",
        *([f"No estimate: {names.join_names(without)}."] if without else []),
        *([f"Not on the map: {names.join_names(hidden)}."] if hidden else []),
        maps.DISPUTED_NOTE,
        *_name_sources(publishers, version),
    )
    return Picture(maps.draw_map(title, rows, {}, scale, legend, region, labels), title, foot)


def draw_years_line(
    name: str,
    quantity: Quantity,
    years: Sequence[tuple[str, Estimate]],
    publishers: Sequence[str],
    version: Stored,
) -> Picture:
    """Return the picture of the years of an area; `name` is that in a sentence.

    Raise ValueError for fewer than two years, of which there is no line.
    """
    if len(years) < 2:
        raise ValueError("a line needs two years on record; draw bars with --as bar")
    by_year, scale = dict(years), SCALES[quantity]
    span = range(int(min(by_year)), int(max(by_year)) + 1)
    estimates = [(year, by_year.get(str(year), NOBODY)) for year in span]
    title = _write_title(scale, name, f"{span[0]} to {span[-1]}")
    part = any(estimate.covered for _, estimate in estimates)
    as_of = str(version.manifest["audience_impact"]["as_of"])
    foot = (
        "Line: median. Band: likely range. Hairlines: minimum to maximum, cut at the edge. "
        f"{scale.counted}{f' {PARTLY}: a part has no estimate and is left out.' * part}",
        *([f"{as_of[:4]}: up to {day_in_words(as_of)}."] if str(span[-1]) == as_of[:4] else []),
        *_name_sources(publishers, version),
    )
    return Picture(series.draw_years_line(title, estimates), title, foot)


def _write_title(scale: maps.Scale, name: str, period: str) -> str:
    noun, place = (names.capitalise_first(text) for text in (scale.noun, name))
    return f"{noun} under internet restrictions: {place}, {period}"


def _name_sources(publishers: Sequence[str], version: Stored) -> tuple[str, str]:
    more = len(publishers) - MOST_PUBLISHERS
    others = [f"{more} other sources" if more > 1 else "1 other source"] * (more > 0)
    recorded = names.join_names([*publishers[:MOST_PUBLISHERS], *others])
    return f"Restrictions recorded by {recorded}.", cite_version(version.manifest)
