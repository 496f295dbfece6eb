"""Search by typed words: the id or words of a restriction, or the name of an area.

A term matches a word of a restriction's record that begins with it, whatever its case and accents:
`nigeria twitter` matches NG-2021-06-04-twitter.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import pandas as pd

from audience_impact.answers.names import area_in_words
from audience_impact.answers.numbers import day_in_words
from audience_impact.vocabulary import Action

ON_RECORD = ("restriction_id", "area_name", "country_id", "places", "platforms", "observed_from")


def find_area(words: str, names: Mapping[str, str]) -> str | None:
    """Return the id of the area with this id or name; None if there is none."""
    query = _fold_text(words).removeprefix("the ")
    for area, name in names.items():
        spellings = (area, name, area_in_words(area, name))
        if query in {_fold_text(text).removeprefix("the ") for text in spellings}:
            return area
    return None


def find_restrictions(words: str, restrictions: pd.DataFrame) -> list[str]:
    """Return the ids of the restrictions whose records match all words, in their order."""
    terms = _fold_text(words).split()
    cells = restrictions[[*ON_RECORD, "action"]].astype("object").where(restrictions.notna(), None)
    rows = cells.to_dict(orient="records")
    return [row["restriction_id"] for row in rows if terms and _has_all(row, terms)]


def _has_all(row: Mapping[str, Any], terms: list[str]) -> bool:
    countries = [area_in_words(code, code) for code in row["country_id"].split(";")]
    day = day_in_words(row["observed_from"] or "")
    forms = [Action(row["action"]).verb, Action(row["action"]).forms.noun]
    texts = [*(row[name] or "" for name in ON_RECORD), *countries, day, *forms]
    record_words = re.findall(r"\w+", _fold_text(" ".join(texts)).replace("_", " "))
    return all(any(word.startswith(term) for word in record_words) for term in terms)


def _fold_text(text: str) -> str:
    """Return a text without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).split())
