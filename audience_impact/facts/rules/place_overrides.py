"""Names of places reviewed by hand whose meaning is wider than the row of the register says.

Definitions. An override is a row of `place_names`. The printed area is what the note of a
restriction quotes of its register; a kind is the word beside a name that says what it is (town,
mandal, district), also the last word of the name itself, and a plural is of the names before.

Method. Four signs, each by itself enough, of a place that a restriction has through an override:

- it is read whole, and the override reads it as a part: another name of the row means the whole,
  stands behind the parts and at the end ("Zurmi, Zamfara State") or in front of a bracket, and so
  says only where they lie
- its level lies above the kind in the text: by one level or more where it is read whole, by two or
  more where it is read as a part of what contains the place
- the text says "parts of" or the like before the name, and it is read whole
- the row names a venue, a campus, a checkpoint or a radius, and the place is read whole

Drawbacks. Notes quote the first hundred signs of an area, so that a long list is read in part.
"""

import re
from collections.abc import Hashable, Mapping
from typing import NamedTuple

import pandas as pd

from audience_impact.facts.checks import check
from audience_impact.facts.tables import Tables
from audience_impact.plain_text import fold_name
from audience_impact.vocabulary import AreaLevel, PlaceMatch, PlaceReading

PRINTED = re.compile(r"area as printed: (.*?)(?:; |$)")
SPOT = re.compile(r"\b(?:venue|campus|checkpoint|radius|protest sites?)\b", re.IGNORECASE)
PART = r"(?:^|and |, )(?:some )?(?:parts|areas|villages|wards|sectors) of (?:the )?"
LEVELS = {
    AreaLevel.CITY.value: 0,
    AreaLevel.ADMIN3.value: 1,
    AreaLevel.ADMIN2.value: 2,
    AreaLevel.DIVISION.value: 3,
    AreaLevel.UNION.value: 3,
}
STATE_LEVEL = 3
"""The level of a place of the first level, and of a country."""
_KINDS = {
    0: "village town city ward",
    1: "mandal township tehsil taluk taluka subdivision block upazila",
    2: "district",
}
KINDS = {
    form: level
    for level, words in _KINDS.items()
    for word in words.split()
    for form in (word, re.sub(r"y$", "ie", word) + "s")
}
LEAST_STEPS = {PlaceReading.WHOLE.value: 1}
"""Levels between a place and the kind in the text from which it is too wide; else two."""


class _NamedPlace(NamedTuple):
    """A place that a restriction has through an override, and the text of its row.

    `name` is the first name of it that is an override, or lies in one; `names` are all.
    """

    area_id: str
    reading: str
    name: str
    names: tuple[str, ...]
    reviewed_reading: str
    level: int
    note: str

    @property
    def text(self) -> str:
        """Return the area as printed in the register; blank if it prints none."""
        printed = PRINTED.search(self.note)
        return printed[1] if printed else ""


@check("restriction_places", "reading")
def override_wider_than_row(tables: Tables) -> pd.DataFrame:
    """Select places that a restriction has through an override and that its row does not mean."""
    overrides: dict[str, dict[str, str]] = {}
    for area_ids, name, reading in tables["place_names"][["area_ids", "name", "reading"]].values:
        for area_id in area_ids.split(";"):
            overrides.setdefault(area_id, {})[fold_name(name)] = reading
    places = tables["restriction_places"]
    places = places[places["area_id"].isin(overrides)]
    levels = tables["areas"].set_index("area_id")["level"].map(LEVELS).fillna(STATE_LEVEL)
    notes = tables["restrictions"].set_index("restriction_id")["note"].fillna("")
    reasons = []
    for row in places.to_dict("records"):
        area_id, note = row["area_id"], notes.get(row["restriction_id"], "")
        level = int(levels.get(area_id, STATE_LEVEL))
        place = _name_place(row, overrides[area_id], level, note)
        reasons.append(_explain_width(place) if place else "")
    wide = places.assign(reason=reasons)
    return wide[wide["reason"] != ""]


def _name_place(
    row: Mapping[Hashable, str], overrides: Mapping[str, str], level: int, note: str
) -> _NamedPlace | None:
    """Return a place by the name that has an override, with the reviewed reading.

    If the place itself has no override, that is the place that contains it and that the text names.
    Return None if there is neither.
    """
    names = tuple(row["name"].split("; "))
    name = next((name for name in names if name in overrides), names[0])
    override = name
    if name not in overrides:
        text = f" {fold_name(note)} "
        holders = [holder for holder in overrides if f" {holder} " in text]
        if not holders or row["found_by"] != PlaceMatch.OVERRIDE.value:
            return None
        override = holders[0]
    about = row["area_id"], row["reading"], name, names, overrides[override]
    return _NamedPlace(*about, level, note)


def _explain_width(place: _NamedPlace) -> str:
    if place.reading == PlaceReading.WHOLE.value:
        if place.reviewed_reading == PlaceReading.WITHIN.value and _is_holder_named(place):
            return f"{place.name} is a part of {place.area_id}, which is read whole"
        if re.search(PART + re.escape(place.name), _fold_keeping_commas(place.text)):
            return f"the row says parts of {place.name}, which is read whole"
        if spot := SPOT.search(place.note):
            return f"the row names a {spot[0]}, and {place.area_id} is read whole"
    kind = _find_kind(place.name, fold_name(place.text))
    least = LEAST_STEPS.get(place.reading, 2)
    if kind and place.level - KINDS[kind] >= least:
        return f"the row calls {place.name} a {kind}, and {place.area_id} is larger"
    return ""


def _fold_keeping_commas(text: str) -> str:
    return ", ".join(fold_name(piece) for piece in text.split(","))


def _is_holder_named(place: _NamedPlace) -> bool:
    """Return whether the text names the whole place only as the container of other places."""
    others = [name for name in place.names if name != place.name]
    text = _fold_keeping_commas(place.text)
    for holder in others:
        before, separator, after = text.rpartition(holder)
        is_last = place.name in before and len(after.split()) <= 1 and "," not in after
        is_followed_by_larger = place.name in before and re.match(
            r"\s*(?:state|governorate|province|region|district|township)\b", after
        )
        is_bracketed = re.search(re.escape(holder) + r"\s*\(", place.text.casefold())
        if separator and (is_last or is_followed_by_larger or is_bracketed):
            return True
    return False


def _find_kind(name: str, text: str) -> str:
    if name.split()[-1] in KINDS:
        return name.split()[-1]
    _, separator, after = text.partition(name)
    words = after.split()
    for place, word in enumerate(words if separator else ()):
        if word in KINDS:
            return word if place == 0 or word.endswith("s") else ""
    return ""
