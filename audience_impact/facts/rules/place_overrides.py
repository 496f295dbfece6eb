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
from collections.abc import Hashable, Mapping, Sequence

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


@check("restriction_places", "reading")
def _override_wider_than_row(places: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    overrides: dict[str, dict[str, str]] = {}
    for area_ids, name, reading in tables["place_names"][["area_ids", "name", "reading"]].values:
        for area_id in area_ids.split(";"):
            overrides.setdefault(area_id, {})[fold_name(name)] = reading
    places = places[places["area_id"].isin(overrides)]
    levels = tables["areas"].set_index("area_id")["level"].map(LEVELS).fillna(STATE_LEVEL)
    notes = tables["restrictions"].set_index("restriction_id")["note"].fillna("")
    reasons = [
        _explain_width(
            *(row, overrides[row["area_id"]], int(levels.get(row["area_id"], STATE_LEVEL))),
            notes.get(row["restriction_id"], ""),
        )
        for row in places.to_dict("records")
    ]
    wide = places.assign(reason=reasons)
    return wide[wide["reason"] != ""]


def _explain_width(
    row: Mapping[Hashable, str], overrides: Mapping[str, str], level: int, note: str
) -> str:
    """Return why a place is wider than its row; blank if it is not, or has no override.

    `overrides` are the reviewed readings of names of the place. If none is in the row, that of the
    place that contains it and that the note names counts.
    """
    area_id, names = row["area_id"], row["name"].split("; ")
    name = next((name for name in names if name in overrides), names[0])
    override = name
    if name not in overrides:
        text = f" {fold_name(note)} "
        override = next((holder for holder in overrides if f" {holder} " in text), "")
        if not override or row["found_by"] != PlaceMatch.OVERRIDE.value:
            return ""
    printed = PRINTED.search(note)
    text = printed[1] if printed else ""
    folded = ", ".join(fold_name(piece) for piece in text.split(","))
    if row["reading"] == PlaceReading.WHOLE.value:
        is_part = overrides[override] == PlaceReading.WITHIN.value
        if is_part and _is_holder_named(name, names, text.casefold(), folded):
            return f"{name} is a part of {area_id}, which is read whole"
        if re.search(PART + re.escape(name), folded):
            return f"the row says parts of {name}, which is read whole"
        if spot := SPOT.search(note):
            return f"the row names a {spot[0]}, and {area_id} is read whole"
    kind = _find_kind(name, fold_name(text))
    if kind and level - KINDS[kind] >= LEAST_STEPS.get(row["reading"], 2):
        return f"the row calls {name} a {kind}, and {area_id} is larger"
    return ""


def _is_holder_named(name: str, names: Sequence[str], text: str, folded: str) -> bool:
    """Return whether the text names the whole place only as the container of other places."""
    for holder in names:
        before, separator, after = folded.rpartition(holder)
        is_last = name in before and len(after.split()) <= 1 and "," not in after
        is_followed_by_larger = name in before and re.match(
            r"\s*(?:state|governorate|province|region|district|township)\b", after
        )
        is_bracketed = re.search(re.escape(holder) + r"\s*\(", text)
        is_named = is_last or is_followed_by_larger or is_bracketed
        if holder != name and separator and is_named:
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
