"""The origin of a figure in words: the measurer first, then the page that printed it.

Definitions. The measurer counted people or surveyed them; the page is where the figure was read.
Ten newspapers that print figures of one panel are ten pages and one measurer.

Method. `measurer, period (via page)`: "Mediascope, July 2025 (via Vanguard)". Brackets after the
name of a page (a country, an agency, a copy) are omitted, and a page of the measurer itself (one
name begins with the other) is not named. If the page does not name the measurer, UNSTATED is used
instead.

Assumptions. A measuring programme of the type `press_relay` is a page that does not state the
origin of its figure.

Known drawbacks. A page and a measurer that write one name differently appear as two.

Citation. Rules of this project, docs/decisions.md.
"""

import calendar
import re
from functools import cache

import pandas as pd

from audience_impact.vocabulary import SourceType

UNSTATED = "measurer not stated"
"""Words in place of the measurer if the page does not name one."""


def name_origin(measurer: str | None, publisher: str, period: str | None = None) -> str:
    """Return the origin of a figure in words, such as `Mediascope, July 2025 (via Vanguard)`.

    `measurer` is None if the page names none; `period` is in ISO 8601, or None.
    """
    page = _strip_brackets(publisher)
    named = UNSTATED if measurer is None else measurer
    when = f", {period_in_words(period)}" if period else ""
    return f"{named}{when}" if _is_own(measurer, page) else f"{named}{when} (via {page})"


def _is_own(measurer: str | None, page: str) -> bool:
    """Return True if the page is that of the measurer: one name begins with the other."""
    if measurer is None:
        return False
    names = sorted((_strip_brackets(measurer).casefold(), page.casefold()), key=len)
    return names[1].startswith(names[0])


def list_measurers(lineages: pd.DataFrame) -> pd.Series:
    """Return the measurer by `measurement_series_id`; null if the page names none."""
    is_named = lineages["source_type"] != SourceType.PRESS_RELAY
    return lineages.set_index("measurement_series_id")["measurer"].where(is_named.to_numpy())


def name_origins(frame: pd.DataFrame, measurer: str, publisher: str, period: str) -> pd.Series:
    """Return the origin of each row from its columns of these names, as text without nulls."""
    columns = [frame[name].astype("object") for name in (measurer, publisher, period)]
    cells = (column.where(column.notna(), None).tolist() for column in columns)
    words = [_cached_origin(*row) for row in zip(*cells, strict=True)]
    return pd.Series(words, frame.index, dtype="str")


_cached_origin = cache(name_origin)


def period_in_words(period: str) -> str:
    """Return a period of the facts in words: `2025-07` is July 2025, `A/B` is A to B."""
    return " to ".join(_moment_in_words(part) for part in period.split("/"))


def _moment_in_words(text: str) -> str:
    """Return `2025`, `2025-07`, `2025-07-13`, `2025-Q3` or `2025-H1` in words."""
    year, *rest = text.split("-")
    if not rest:
        return year
    if not rest[0].isdigit():
        return f"{rest[0]} {year}"
    month = f"{calendar.month_name[int(rest[0])]} {year}"
    return f"{int(rest[1])} {month}" if len(rest) > 1 else month


def _strip_brackets(name: str) -> str:
    """Return a name without the words in brackets at its end."""
    return re.sub(r"\s*\([^)]*\)$", "", name)
