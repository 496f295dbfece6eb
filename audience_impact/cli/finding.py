"""What somebody means who types words: the id or words of a restriction, or the name of an area.

A word is found where a word on record begins with it, whatever its case and accents: `nigeria
twitter` is NG-2021-06-04-twitter.
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


def area_of(words: str, names: Mapping[str, str]) -> str | None:
    """The area that has this id or name; None where none has."""
    asked = _folded(words).removeprefix("the ")
    for area, name in names.items():
        given = (area, name, area_in_words(area, name))
        if asked in {_folded(text).removeprefix("the ") for text in given}:
            return area
    return None


def restrictions_of(words: str, restrictions: pd.DataFrame) -> list[str]:
    """The ids of the restrictions on whose record every word is found, in their order."""
    asked = _folded(words).split()
    cells = restrictions[[*ON_RECORD, "action"]].astype("object").where(restrictions.notna(), None)
    rows = cells.to_dict(orient="records")
    return [row["restriction_id"] for row in rows if asked and _has_all(row, asked)]


def _has_all(row: Mapping[str, Any], asked: list[str]) -> bool:
    countries = [area_in_words(code, code) for code in row["country_id"].split(";")]
    day = day_in_words(row["observed_from"] or "")
    act = [Action(row["action"]).verb, Action(row["action"]).forms.noun]
    texts = [*(row[name] or "" for name in ON_RECORD), *countries, day, *act]
    found = re.findall(r"\w+", _folded(" ".join(texts)).replace("_", " "))
    return all(any(word.startswith(one) for word in found) for one in asked)


def _folded(text: str) -> str:
    """Letters without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).split())
