"""The place of an event: the meaning of the names in a text, and the areas and scope of the whole.

Definitions. A container is a place that only locates another one ("Sikar, Rajasthan"). A part is an
area inside a place without a count of its people ("Marhama area, Anantnag").

Method. Each phrase of a text is looked up in the reviewed names, then among names and aliases. If
several places share a name, these criteria are used in this order: the kind in the text, a
container, and the usual level of orders in the country. A name that is still ambiguous remains
unresolved. A name that is not on record is a part of the smallest containing place that the text
names after it; without one it is unresolved, never guessed, and the whole country is used, so that
the number of people is an upper bound and never too small. Other cells decide between a city and
the district of its name, and the text of the event may say less: a radius, or parts of a place.

Assumptions. Orders refer to districts in India, Pakistan and Bangladesh, and to townships in
Myanmar.

Drawbacks. If the right place is not on record, another place of the same name in the country is
used. Slips of the pen, exceptions and containers in front of their parts are not read: a register
lists the meaning of such a text by event (stop/places.csv).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from audience_impact.plain_text import fold_name
from audience_impact.registers.countries import country_codes, country_parts, plain_name
from audience_impact.registers.place_names import (
    ADMIN1,
    ADMIN2,
    ADMIN3,
    SHIRE,
    SIZES,
    TOWN,
    UNION,
    Atlas,
    Gazetteer,
    Reviewed,
    look_up,
    merge_places,
)
from audience_impact.registers.place_phrases import (
    CITY,
    DISTRICT,
    DIVISION,
    PART,
    POLICE,
    STATE,
    TABLE,
    TOWNSHIP,
    Phrase,
)
from audience_impact.vocabulary import GeoScope, PartKind, PlaceMatch, PlaceReading

LARGE_FIRST = (ADMIN1, UNION, SHIRE, ADMIN2, TOWN, ADMIN3)
SMALL_FIRST = (TOWN, ADMIN3, ADMIN2, ADMIN1, SHIRE, UNION)
GOES_BY: Mapping[str, tuple[str, ...]] = {
    "BD": (ADMIN2, ADMIN1, UNION, TOWN, ADMIN3),
    **dict.fromkeys(("IN", "PK"), (ADMIN1, ADMIN2, SHIRE, UNION, ADMIN3, TOWN)),
    "MM": (ADMIN3, ADMIN2, ADMIN1, UNION, TOWN),
    "UA": (ADMIN3, ADMIN1, ADMIN2, UNION, TOWN),
}
"""Preferred level of a place by country, if several share a name and nothing else decides."""
FITS: Mapping[str, tuple[str, ...]] = {
    STATE: (ADMIN1, UNION, SHIRE, ADMIN2),
    DIVISION: (SHIRE, UNION, ADMIN1, ADMIN2),
    DISTRICT: (ADMIN2, ADMIN1, UNION, SHIRE, ADMIN3, TOWN),
    POLICE: (ADMIN2, ADMIN3, TOWN),
    TOWNSHIP: (ADMIN3, ADMIN2, TOWN),
    CITY: (TOWN, ADMIN1, ADMIN3, ADMIN2),
    PART: (TOWN, ADMIN3, ADMIN2, ADMIN1, SHIRE, UNION),
}
"""Levels that a kind of place may mean, the most likely first."""
KIND_SIZES = {"": -2, PART: -1, CITY: 0, TOWNSHIP: 1, POLICE: 1, DISTRICT: 2, DIVISION: 3, STATE: 4}
UNIT_KINDS = {word: PartKind(kind) for word, kind in TABLE.phrases["part"]}
"""What part of a place a word for a unit means."""
NAMESAKES: Mapping[PartKind, PartKind] = {
    **dict.fromkeys((PartKind.LOCALITY, PartKind.PLACE), PartKind.SOME),
    **dict.fromkeys((PartKind.TOWN, PartKind.CITY, PartKind.VILLAGE), PartKind.SEAT),
}
"""What a kind of part is where the place itself has the name of the part ("Sopore area")."""
PARTED = frozenset(("IN", "PK", "BD", "MM"))
"""Countries where a town may be smaller than the smallest place of its name on record."""
WHOLE_UNITS = ("area", "island", "jurisdiction")
"""Words for a part that mean a small place itself beside its name ("Sopore area")."""
NOT_ISO = ("somaliland",)
"""Countries in registers that ISO 3166 counts as part of another."""
BY_CITY = frozenset(("BD", "PK"))
"""Countries whose rows name cities, where no word says district."""
BY_DISTRICT = frozenset(("IN",))
"""Countries whose orders name districts: 13 of 13 rows read apart meant the whole district."""


@dataclass(frozen=True)
class NameMeaning:
    """The meaning of one name in a text.

    `area_ids` is empty for an unresolved name. `least_area_id` is the city, if the district of its
    name was read and the text states no kind. `part_kind` and `units` are the kind and the number
    of the parts, if the name means parts of a place.
    """

    name: str
    area_ids: tuple[str, ...] = ()
    reading: PlaceReading = PlaceReading.WHOLE
    found_by: PlaceMatch = PlaceMatch.EXACT
    least_area_id: str = ""
    part_kind: PartKind | None = None
    units: int = 1


@dataclass(frozen=True)
class Place:
    """The place of an event: areas, extent, unresolved names, and the reading of each name."""

    area_ids: tuple[str, ...]
    geo_scope: GeoScope
    defect: str = ""
    names: tuple[NameMeaning, ...] = ()


def is_national(text: str) -> bool:
    """Return whether a text means the whole country or nearly all of it, without exception."""
    plain = plain_name(text)
    is_all = TABLE.find("national", plain) and not TABLE.find("not_all", plain)
    return bool(is_all or TABLE.find("nearly_all", plain))


def locate_event(
    cell: str,
    text: str,
    scope: GeoScope,
    atlas: Atlas,
    other_text: str = "",
    event_text: str = "",
    reviewed: Sequence[NameMeaning] = (),
) -> Place:
    """Return the place of an event from its country, its printed place, and its scope.

    If a name is not on record, the country is added to the places that are. `other_text` has cells
    that may name the kind of a place (city or district), and `event_text` that on the event, which
    may state that only a part was cut; `reviewed` is the meaning by hand, in place of all three.
    """
    codes = tuple(country_codes(cell))
    if is_national(text):
        text = next((part for part in country_parts(cell) if plain_name(part) in NOT_ISO), "")
        if not text:
            return Place(codes, GeoScope.NATIONAL)
    if not text.strip():
        return Place(codes, scope, "place_missing")
    if len(codes) > 1:
        return Place(codes, scope, "place_unresolved")
    country = atlas[codes[0]]
    names = tuple(reviewed)
    if not names and not TABLE.find("exception", text):
        settled = settle_cities(resolve_text(text, scope, country), other_text, country)
        names = narrow_meanings(settled, event_text)
    if not names or not all(name.area_ids for name in names):
        extent = GeoScope.MULTI_REGION if names and scope is GeoScope.UNKNOWN else scope
        return Place(codes, extent, "place_unresolved", names)
    area_ids = merge_places((part for name in names for part in name.area_ids), country)
    are_whole = all(name.reading is PlaceReading.WHOLE for name in names)
    if are_whole and scope is not GeoScope.LOCALITY and country.first_level >= set(area_ids):
        scope = GeoScope.REGION if len(area_ids) == 1 else GeoScope.MULTI_REGION
    return Place(tuple(sorted(area_ids)), scope, "", names)


def narrow_meanings(meanings: Sequence[NameMeaning], text: str) -> tuple[NameMeaning, ...]:
    """Return meanings as parts if the text of the event states that a part was cut."""
    kinds = TABLE.list_meanings("part_of_place", text)
    circle = TABLE.find("radius", text)
    narrowed = []
    for meaning in meanings:
        is_part = meaning.reading is PlaceReading.WITHIN
        part = replace(meaning, reading=PlaceReading.WITHIN, least_area_id="")
        if circle:
            units = (meaning.units if is_part else 1) * float(circle["km"] or circle["of"])
            meaning = replace(part, part_kind=PartKind.CIRCLE, units=max(round(units), 1))
        elif kinds and not is_part:
            meaning = replace(part, part_kind=PartKind(kinds[0]), units=1)
        narrowed.append(meaning)
    return tuple(narrowed)


def settle_cities(
    meanings: Sequence[NameMeaning], text: str, gazetteer: Gazetteer
) -> tuple[NameMeaning, ...]:
    """Return meanings in which the other cells decide between a city and the district of its name.

    `text` has the other cells of the row. If these name no kind, the district is meant where
    orders go by district, and the city where rows go by city; if they name both, it stays open.
    """
    folded = fold_name(TABLE.pattern("city_page").sub(" ", text))
    return tuple(
        _settle_city(meaning, folded, gazetteer)
        if meaning.reading is PlaceReading.CITY_OR_DISTRICT
        else meaning
        for meaning in meanings
    )


def _settle_city(meaning: NameMeaning, folded: str, gazetteer: Gazetteer) -> NameMeaning:
    name = re.escape(meaning.name)
    is_district, is_city = (
        bool(re.search(rf"\b{name} (?:and \w+ )?{kind}s?\b|\b{kind} (?:of )?{name}\b", folded))
        for kind in ("district", "(?:city|town)")
    )
    listed = rf"\bcities (?:of |across the country )(?:(?!districts?\b)\w+ ){{0,20}}?{name}\b"
    is_usual = gazetteer.country in BY_CITY and "districts" not in folded.split()
    is_city |= re.search(listed, folded) is not None or (is_usual and not is_district)
    settled = replace(meaning, reading=PlaceReading.WHOLE, least_area_id="")
    if gazetteer.entries[meaning.area_ids[0]].is_city:
        return settled
    if is_district and is_city:
        return meaning
    if is_district or (gazetteer.country in BY_DISTRICT and not is_city):
        return settled
    if not is_city:
        return meaning
    if meaning.least_area_id in gazetteer.entries:
        return replace(settled, area_ids=(meaning.least_area_id,))
    return replace(settled, reading=PlaceReading.WITHIN, part_kind=PartKind.SEAT)


@dataclass
class Item:
    """A phrase during resolution: its candidate places, and the item that contains it, if any."""

    phrase: Phrase
    ids: list[str]
    match: PlaceMatch
    reviewed: Reviewed | None = None
    holder: "Item | None" = None


def _look_up_phrase(phrase: Phrase, gazetteer: Gazetteer) -> Item:
    """Return the item of a phrase: reviewed, matched with the word of its kind, or without it."""
    phrase.name = name = fold_name(phrase.name)
    with_kind = [f"{name} {word}" for word, _ in TABLE.phrases.get(f"name_of_{phrase.kind}", ())]
    for spelling in (*with_kind, name):
        if spelling in gazetteer.reviewed:
            reviewed = gazetteer.reviewed[spelling]
            return Item(phrase, list(reviewed.area_ids), PlaceMatch.OVERRIDE, reviewed)
    for spelling in (*with_kind, name):
        ids, match = look_up(spelling, gazetteer)
        if ids and (spelling == name or phrase.kind in (DIVISION, STATE, PART)):
            return Item(phrase, ids, match)
    return Item(phrase, [], PlaceMatch.EXACT)


def _mean_reviewed(name: str, reviewed: Reviewed, phrase: Phrase) -> NameMeaning:
    meaning = NameMeaning(name, reviewed.area_ids, reviewed.reading, PlaceMatch.OVERRIDE)
    return _mean_part(meaning, phrase) if reviewed.reading is PlaceReading.WITHIN else meaning


def _mean_part(meaning: NameMeaning, phrase: Phrase, is_namesake: bool = False) -> NameMeaning:
    """Return the meaning as a part of its places, of the kind that the phrase states.

    `is_namesake` states that the phrase has the name of the place itself ("parts of Jaipur"): then
    the part is a share of this place and not a place inside it. A reviewed name without a kind is a
    city, the most frequent kind in registers.
    """
    kind = UNIT_KINDS.get(phrase.unit, PartKind.PLACE)
    if kind is PartKind.DISTRICTS and not (phrase.count or phrase.is_part):
        kind = PartKind.SUBDISTRICT
    elif is_namesake and not phrase.count:
        kind = NAMESAKES.get(kind, kind)
    if kind is PartKind.PLACE and meaning.found_by is PlaceMatch.OVERRIDE:
        kind = PartKind.CITY
    units = max(phrase.count, 1)
    return replace(meaning, reading=PlaceReading.WITHIN, part_kind=kind, units=units)


def resolve_text(text: str, scope: GeoScope, gazetteer: Gazetteer) -> list[NameMeaning]:
    """Return the meaning of each name in a text that does not mean the whole country, in order."""
    folded_text = fold_name(text)
    if folded_text in gazetteer.reviewed:
        return [_mean_reviewed(folded_text, gazetteer.reviewed[folded_text], Phrase())]
    phrases = gazetteer.place_names.find_phrases(text)
    items = [_look_up_phrase(phrase, gazetteer) for phrase in phrases]
    return _Reading(items, scope, gazetteer).read_names()


@dataclass
class _Reading:
    """The phrases of one text and their items."""

    items: list[Item]
    scope: GeoScope
    gazetteer: Gazetteer

    def read_names(self) -> list[NameMeaning]:
        """Return the meaning of each phrase that is no container, or is one with an amount."""
        self._assign_holders()
        self._drop_elsewhere()
        self._assign_holders()
        for item in self.items:
            self._choose_place(item)
        meanings = []
        for place, item in enumerate(self.items):
            inner = [member for member in self.items[:place] if member.holder is item]
            # "10 districts of" refers to the container, unless its parts have an amount.
            is_meant = item.phrase.is_part and not any(part.phrase.is_part for part in inner)
            if not inner or is_meant:
                meanings.append(self._read_item(item))
        return meanings

    def _holds(self, outer: Sequence[str], inner: Sequence[str]) -> bool:
        return any(self.gazetteer.has_inside(area, part) for area in outer for part in inner)

    def _size(self, ids: Sequence[str]) -> int:
        return max((SIZES[self.gazetteer.entries[area_id].level] for area_id in ids), default=-1)

    def _assign_holders(self) -> None:
        for place, item in enumerate(self.items):
            later = range(place + 1, len(self.items))
            holders = (self.items[at] for at in later if self._can_hold(place, at))
            item.holder = next(holders, None)
        contained = [(item, item.holder) for item in self.items if item.holder]
        for item, holder in contained:
            item.ids = [inner for inner in item.ids if self._holds(holder.ids, [inner])] or item.ids
        for item, holder in contained:
            outer = [area for area in holder.ids if self._holds([area], item.ids)]
            holder.ids = outer or holder.ids

    def _can_hold(self, place: int, candidate: int) -> bool:
        inner, outer = self.items[place], self.items[candidate]
        if outer.phrase.kind:
            ids = self._best_level(outer.ids, FITS[outer.phrase.kind])
        else:
            levels = {area_id: self.gazetteer.entries[area_id].level for area_id in outer.ids}
            ids = [area for area in outer.ids if levels[area] not in (UNION, SHIRE)] or outer.ids
        if not ids:
            return False
        if inner.ids:
            # The id of a reviewed part is that of its holder, which would else be meant as well.
            is_part = inner.reviewed and inner.reviewed.reading is PlaceReading.WITHIN
            is_holder = self._holds(ids, inner.ids)
            is_holder |= bool(is_part and set(ids) & set(inner.ids))
            return is_holder and outer.phrase.cut != "and"
        if outer.phrase.cut in ("own", "and"):
            return False
        if inner.phrase.is_plural or inner.phrase.kind not in ("", PART):
            return self._size(ids) > max(KIND_SIZES[inner.phrase.kind], 0)
        if inner.phrase.kind == PART or self.scope is GeoScope.LOCALITY:
            return True
        between = [self._size(item.ids) for item in self.items[place + 1 : candidate]]
        is_in_list = not between and candidate + 1 < len(self.items)
        return not is_in_list and self._size(ids) > max(between, default=-1)

    def _drop_elsewhere(self) -> None:
        """Drop small places that are outside the larger place at the end of the text."""
        last = self.items[-1] if self.items else None
        largest = self._size(last.ids) if last and last.phrase.cut != "and" else -1
        for item in self.items[:-1]:
            is_small = item.phrase.kind in (PART, CITY, TOWNSHIP) or self.scope is GeoScope.LOCALITY
            if is_small and not (item.reviewed or item.holder) and self._size(item.ids) < largest:
                item.ids = []

    def _best_level(self, ids: Sequence[str], levels: Sequence[str]) -> list[str]:
        for level in levels:
            matches = [area_id for area_id in ids if self.gazetteer.entries[area_id].level == level]
            if matches:
                return matches
        return []

    def _choose_place(self, item: Item) -> None:
        """Choose the only place on the first level that fits the name, or none."""
        if item.reviewed or len(item.ids) < 2:
            return
        usual = SMALL_FIRST if self.scope is GeoScope.LOCALITY else LARGE_FIRST
        levels = FITS.get(item.phrase.kind) or GOES_BY.get(self.gazetteer.country, usual)
        if item.phrase.kind == PART and item.phrase.unit == "area":
            levels = (ADMIN3, *levels)
        best = self._best_level(item.ids, levels)
        item.ids = best if len(best) == 1 else []

    def _read_item(self, item: Item) -> NameMeaning:
        name, phrase = item.phrase.name, item.phrase
        if item.reviewed:
            return _mean_reviewed(name, item.reviewed, phrase)
        if not item.ids:
            if not item.holder or not item.holder.ids:
                return NameMeaning(name)
            part = NameMeaning(name, tuple(item.holder.ids[:1]), found_by=item.holder.match)
            return _mean_part(part, phrase)
        area_id, match = item.ids[0], item.match
        entry = self.gazetteer.entries[area_id]
        parted = self.gazetteer.country in PARTED
        if parted and phrase.kind in (DISTRICT, POLICE) and entry.level == ADMIN3:
            # Newer than the list of places, or of the police, and larger than its namesake.
            within = NameMeaning(name, (entry.holders[1],), PlaceReading.WITHIN, match)
            return _mean_part(within, phrase)
        town = parted and phrase.kind == CITY and entry.level in (ADMIN2, ADMIN3)
        if town and not phrase.is_part and (seat := self._namesake_city(item, (TOWN,))):
            return NameMeaning(name, (seat,), PlaceReading.WHOLE, match)
        is_itself = phrase.unit in WHOLE_UNITS and phrase.kind == PART and not phrase.is_plural
        is_itself &= entry.level not in (ADMIN1, ADMIN2)
        if town or (phrase.is_part and not is_itself):
            return _mean_part(NameMeaning(name, (area_id,), found_by=match), phrase, True)
        if parted and not phrase.kind and entry.level == ADMIN2:
            least = self._namesake_city(item, (TOWN, ADMIN3))
            return NameMeaning(name, (area_id,), PlaceReading.CITY_OR_DISTRICT, match, least)
        return NameMeaning(name, (area_id,), PlaceReading.WHOLE, match)

    def _namesake_city(self, item: Item, levels: Sequence[str]) -> str:
        bare = {*self.gazetteer.entries[item.ids[0]].names, item.phrase.name}
        inner = [
            area_id
            for spelling in sorted(bare | {f"{spelling} city" for spelling in bare})
            for area_id in self.gazetteer.by_name.get(spelling, ())
            if self.gazetteer.has_inside(item.ids[0], area_id)
        ]
        return next(iter(self._best_level(inner, levels)), "")
