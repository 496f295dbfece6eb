"""Resolve a text of a register: places of the gazetteer, whole or in part, or unresolved names.

Definitions. A gazetteer contains the places of `areas` with their names, aliases and containing
places. A container is a place that only locates another one ("Sikar, Rajasthan"). A part is an area
inside a place without a count of its people ("Marhama area, Anantnag").

Method. Each phrase of a text is looked up: in the reviewed names, then among names and aliases,
then by spelling. If several places share a name, these criteria are used in this order: the kind in
the text, a container, and the usual level of orders in the country. A name that is still ambiguous
remains unresolved. A name that is not in the gazetteer is a part of the smallest containing place
that the text names; without one it is unresolved, never guessed.

Assumptions. Orders refer to districts in India, Pakistan and Bangladesh, and to townships in
Myanmar.

Drawbacks. If the right place is not on record, another place of the same name in the country is
used.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from audience_impact.plain_text import fold_name
from audience_impact.registers.places.country_places import (
    ADMIN1,
    ADMIN2,
    ADMIN3,
    LEAST_SIGNS,
    SHIRE,
    SIZES,
    TOWN,
    UNION,
    Gazetteer,
    Reviewed,
    find_alike,
    look_up,
)
from audience_impact.registers.places.phrases import (
    CITY,
    DISTRICT,
    DIVISION,
    LISTS,
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
    "PK": (ADMIN1, ADMIN2, SHIRE, UNION, ADMIN3, TOWN),
    "IN": (ADMIN1, ADMIN2, SHIRE, UNION, ADMIN3, TOWN),
    "MM": (ADMIN3, ADMIN2, ADMIN1, UNION, TOWN),
    "UA": (ADMIN3, ADMIN1, ADMIN2, UNION, TOWN),
}
"""Preferred level of a place, by country, if several places share a name and nothing else decides.
"""
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
    PartKind.LOCALITY: PartKind.SOME,
    PartKind.PLACE: PartKind.SOME,
    PartKind.TOWN: PartKind.SEAT,
    PartKind.CITY: PartKind.SEAT,
    PartKind.VILLAGE: PartKind.SEAT,
}
"""What a kind of part is where the place itself has the name of the part ("Sopore area")."""
PARTED = frozenset(("IN", "PK", "BD", "MM"))
"""Countries where a town may be smaller than the smallest place of its name on record."""
WHOLE_UNITS = ("area", "island", "jurisdiction", "village")
"""Words for a part that mean the place itself beside its name ("Sopore area")."""
LONG = 7
"""Minimum length of names of small places for a lookup by spelling."""


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


@dataclass
class Item:
    """A phrase during resolution: its candidate places, and the results so far."""

    phrase: Phrase
    ids: list[str]
    match: PlaceMatch
    reviewed: Reviewed | None = None
    holder: int = -1
    is_container: bool = False
    is_vague: bool = False


def item_of(phrase: Phrase, gazetteer: Gazetteer) -> Item:
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
    return Item(phrase, [], PlaceMatch.FUZZY)


def as_reviewed(name: str, reviewed: Reviewed, phrase: Phrase) -> NameMeaning:
    """Return the reviewed meaning of a name."""
    meaning = NameMeaning(name, reviewed.area_ids, reviewed.reading, PlaceMatch.OVERRIDE)
    return mean_part(meaning, phrase) if reviewed.reading is PlaceReading.WITHIN else meaning


def mean_part(meaning: NameMeaning, phrase: Phrase, is_namesake: bool = False) -> NameMeaning:
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


def resolve_text(
    text: str, scope: GeoScope, gazetteer: Gazetteer, day: str = ""
) -> list[NameMeaning]:
    """Return the meaning of each name in a text, in the order of the text.

    Args:
        text: the text as printed; it does not mean the whole country.
        scope: the geographic scope that the register states.
        gazetteer: the places of the country.
        day: the first day, in ISO 8601; a place that was larger then has its former extent.
    """
    folded_text = fold_name(text)
    if folded_text in gazetteer.reviewed:
        return [as_reviewed(folded_text, gazetteer.reviewed[folded_text], Phrase())]
    phrases = gazetteer.place_names.find_phrases(text)
    items = [item_of(phrase, gazetteer) for phrase in phrases]
    return _Reading(items, scope, gazetteer, day).read_names()


@dataclass
class _Reading:
    """The phrases of one text and their items."""

    items: list[Item]
    scope: GeoScope
    gazetteer: Gazetteer
    day: str = ""

    def read_names(self) -> list[NameMeaning]:
        """Return the meaning of each phrase, without containers and exceptions."""
        self._assign_holders()
        self._drop_elsewhere()
        self._assign_holders()
        self._match_spellings()
        self._assign_holders()
        for item in self.items:
            self._choose_place(item)
        self._mark_containers()
        return self._without_excepted()

    def _ordered_levels(self, kind: str) -> tuple[str, ...]:
        """Return the levels of area that a kind of place may be, the most likely first.

        For a blank kind they are those of places that the country's texts name without one.
        """
        if kind:
            return FITS[kind]
        small = self.scope is GeoScope.LOCALITY
        return GOES_BY.get(self.gazetteer.country, SMALL_FIRST if small else LARGE_FIRST)

    def _holds(self, outer: Sequence[str], inner: Sequence[str]) -> bool:
        """Return whether a place is in another, or was in its former union."""
        return any(self.gazetteer.has_had_inside(area, part) for area in outer for part in inner)

    def _size(self, ids: Sequence[str]) -> int:
        return max(map(self.gazetteer.level_size, ids), default=-1)

    def _holder_ids(self, item: Item) -> list[str]:
        return self.items[item.holder].ids if item.holder >= 0 else []

    def _assign_holders(self) -> None:
        for place, item in enumerate(self.items):
            later = range(place + 1, len(self.items))
            holders = (candidate for candidate in later if self._can_hold(place, candidate))
            item.holder = next(holders, self._find_earlier_holder(place))
        for item in self.items:
            outer = self._holder_ids(item)
            item.ids = [inner for inner in item.ids if self._holds(outer, [inner])] or item.ids
        for item in self.items:
            if item.ids and item.holder >= 0:
                holder = self.items[item.holder]
                outer = [area for area in holder.ids if self._holds([area], item.ids)]
                holder.ids = outer or holder.ids

    def _find_earlier_holder(self, place: int) -> int:
        """Return the position of a holder in front of its parts (by `'s`, brackets, a list)."""
        item = self.items[place]
        for candidate in range(place - 1, -1, -1):
            outer = self.items[candidate]
            if self.items[candidate + 1].phrase.cut in ("own", *LISTS) and outer.ids:
                is_inner = item.phrase.depth > outer.phrase.depth or item.phrase.cut == "own"
                if self._holds(outer.ids, item.ids) or (not item.ids and is_inner):
                    return candidate
        return -1

    def _can_hold(self, place: int, candidate: int) -> bool:
        inner, outer = self.items[place], self.items[candidate]
        if outer.phrase.kind:
            ids = self._best_level(outer.ids, FITS[outer.phrase.kind])
        else:
            levels = {area_id: self.gazetteer.entries[area_id].level for area_id in outer.ids}
            ids = [area for area in outer.ids if levels[area] not in (UNION, SHIRE)] or outer.ids
        if not ids or (outer.phrase.is_excepted and not inner.phrase.is_excepted):
            return False
        if inner.ids:
            # The id of a reviewed part is that of its holder, which would else be meant as well.
            is_part = inner.reviewed and inner.reviewed.reading is PlaceReading.WITHIN
            is_holder = self._holds(ids, inner.ids)
            is_holder |= bool(is_part and set(ids) & set(inner.ids))
            return is_holder and not self._is_sibling(place, candidate)
        if outer.phrase.cut in ("own", "and"):
            return False
        if inner.phrase.is_plural or inner.phrase.kind not in ("", PART):
            return self._size(ids) > max(KIND_SIZES[inner.phrase.kind], 0)
        if inner.phrase.kind == PART or self.scope is GeoScope.LOCALITY:
            return True
        between = [self._size(item.ids) for item in self.items[place + 1 : candidate]]
        is_in_list = not between and candidate + 1 < len(self.items)
        return not is_in_list and self._size(ids) > max(between, default=-1)

    def _is_sibling(self, place: int, candidate: int) -> bool:
        """Return whether a list has both items, by `and` or by one word ("A district, B district").

        A district that is on record as a part of another, as police districts are, is not in it.
        """
        inner, outer = self.items[place].phrase, self.items[candidate].phrase
        if outer.cut == "and":
            return True
        unit = inner.unit or inner.name.split()[-1]  # of a reviewed name ("Sopore district")
        if outer.cut != "list" or not outer.kind or unit != outer.unit:
            return False
        is_small = self._size(self.items[candidate].ids) <= max(KIND_SIZES[outer.kind], 1)
        return is_small and not (inner.is_part or outer.is_part)

    def _drop_elsewhere(self) -> None:
        """Drop small places that are outside the larger place at the end of the text."""
        last = self.items[-1] if self.items else None
        largest = self._size(last.ids) if last and last.phrase.cut != "and" else -1
        for item in self.items[:-1]:
            is_small = item.phrase.kind in (PART, CITY, TOWNSHIP)
            if item.reviewed or item.holder >= 0 or self._size(item.ids) >= largest:
                continue
            if is_small or self.scope is GeoScope.LOCALITY:
                item.ids = []

    def _match_spellings(self) -> None:
        """Resolve unknown names by similar spelling, among the places that the text allows."""
        for item in self.items:
            if item.ids or item.phrase.kind == PART or len(item.phrase.name) < LEAST_SIGNS:
                continue
            outer = self._holder_ids(item)
            allowed = self._spelt_levels(item, outer)
            among = [
                entry.area_id
                for entry in self.gazetteer.entries.values()
                if entry.level in allowed and (not outer or self._holds(outer, [entry.area_id]))
            ]
            levels = self._ordered_levels(item.phrase.kind)
            item.ids = self._best_level(find_alike(item.phrase.name, self.gazetteer, among), levels)

    def _spelt_levels(self, item: Item, outer: Sequence[str]) -> set[str]:
        """Return levels on which similar spelling is enough; small ones need a close container."""
        usual = GOES_BY.get(self.gazetteer.country, LARGE_FIRST)[0]
        levels = {ADMIN1, ADMIN2, usual}
        is_small = self.scope is GeoScope.LOCALITY and self.gazetteer.country not in GOES_BY
        is_close = bool(outer) and self._size(outer) <= SIZES[ADMIN2]
        if is_small or (is_close and len(item.phrase.name) >= LONG):
            levels |= {ADMIN3, TOWN}
        return levels & set(self._ordered_levels(item.phrase.kind))

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
        levels = self._ordered_levels(item.phrase.kind)
        if item.phrase.kind == PART and item.phrase.unit == "area":
            levels = (ADMIN3, *levels)
        best = self._best_level(item.ids, levels)
        if len(best) > 1:
            entries = self.gazetteer.entries
            best = [area_id for area_id in best if item.phrase.name in entries[area_id].full]
        item.ids = best if len(best) == 1 else []

    def _mark_containers(self) -> None:
        """Mark the containers, which are meant only with an amount ("parts of")."""
        for place, item in enumerate(self.items):
            listing = self._find_earlier_holder(place)
            for holder in {item.holder if item.holder > place else listing, listing} - {-1}:
                self.items[holder].is_container = True
        for place, item in enumerate(self.items):
            item.is_vague = item.phrase.is_part and self._is_target(place)

    def _is_target(self, place: int) -> bool:
        """Return whether an amount ("10 districts of") refers to this item, not to earlier ones."""
        listed = [
            member for at, member in enumerate(self.items) if self._find_earlier_holder(at) == place
        ]
        if listed and all(member.ids for member in listed):
            return False
        inner = [member for member in self.items[:place] if member.holder == place]
        return not any(member.phrase.is_part for member in inner)

    def _without_excepted(self) -> list[NameMeaning]:
        excepted = [
            item
            for item in self.items
            if item.phrase.is_excepted
            and not item.is_container
            and (item.ids or not item.phrase.depth)  # "(but part of no state)" is a remark
        ]
        meanings = [
            self._read_item(item)
            for place, item in enumerate(self.items)
            if (not item.is_container or item.is_vague)
            and not item.phrase.is_excepted
            and not self._is_idle(place)
        ]
        if excepted:
            country = NameMeaning(self.gazetteer.country, (self.gazetteer.country,))
            outer = [meaning for meaning in meanings if meaning.area_ids] or [country]
            meanings = [part for place in outer for part in self._subtract_places(place, excepted)]
        return _share_units(meanings)

    def _is_idle(self, place: int) -> bool:
        """Return whether a name is an unknown container after the place of an event."""
        item, before = self.items[place], self.items[:place]
        if item.ids:
            return False
        if item.phrase.cut == "of" and before and not before[-1].ids:
            return before[-1].phrase.clause == item.phrase.clause
        after = self.items[place + 1 : place + 2]
        following = after[0].phrase.cut if after else ""
        if following == "own" or (following == "including" and item.holder < 0):
            return True
        is_inside = bool(before) and bool(before[-1].ids) and item.phrase.cut in ("list", "of")
        return is_inside and self.scope is GeoScope.LOCALITY

    def _subtract_places(self, meaning: NameMeaning, excepted: Sequence[Item]) -> list[NameMeaning]:
        """Return a place without its exceptions: its other parts, and the rest of parted ones."""
        outer = meaning.area_ids[0]
        is_country = outer == self.gazetteer.country
        parts = self.gazetteer.first_level if is_country else self.gazetteer.list_parts(outer)
        out, parted = set[str](), set[str]()
        for item in excepted:
            entries = [self.gazetteer.entries[area] for area in item.ids or self._holder_ids(item)]
            is_part = item.phrase.is_part or not item.ids
            for area_id in [part for e in entries for part in e.members or (e.area_id,)]:
                if area_id in parts and not is_part:
                    out.add(area_id)
                else:
                    parted |= {
                        p for p in parts if p == area_id or self.gazetteer.has_inside(p, area_id)
                    }
        rest = replace(meaning, reading=PlaceReading.WITHIN, part_kind=PartKind.SOME)
        if not out and not parted:
            return [rest]
        untouched = tuple(area_id for area_id in parts if area_id not in out | parted)
        meanings = [replace(meaning, area_ids=untouched, reading=PlaceReading.WHOLE)]
        some = tuple(area_id for area_id in parts if area_id in parted - out)
        return meanings + ([replace(rest, area_ids=some)] if some else [])

    def _read_item(self, item: Item) -> NameMeaning:
        name, phrase = item.phrase.name, item.phrase
        if item.reviewed:
            return as_reviewed(name, item.reviewed, phrase)
        if not item.ids:
            outer = self._holder_ids(item)[:1]
            if not outer:
                return NameMeaning(name)
            part = NameMeaning(name, tuple(outer), found_by=self.items[item.holder].match)
            return mean_part(part, phrase)
        area_id, match = item.ids[0], item.match
        entry = self.gazetteer.entries[area_id]
        parted = self.gazetteer.country in PARTED
        if parted and phrase.kind in (DISTRICT, POLICE) and entry.level == ADMIN3:
            # Newer than the list of places, or of the police, and larger than its namesake.
            within = NameMeaning(name, (entry.holders[1],), PlaceReading.WITHIN, match)
            return mean_part(within, phrase)
        town = parted and phrase.kind == CITY and entry.level in (ADMIN2, ADMIN3)
        if town and not phrase.is_part and (seat := self._namesake_city(item, (TOWN,))):
            return NameMeaning(name, (seat,), PlaceReading.WHOLE, match)
        if (phrase.is_part and not self._is_whole_name(item)) or town:
            return mean_part(NameMeaning(name, (area_id,), found_by=match), phrase, True)
        if parted and not phrase.kind and entry.level == ADMIN2:
            least = self._namesake_city(item, (TOWN, ADMIN3))
            return NameMeaning(name, (area_id,), PlaceReading.CITY_OR_DISTRICT, match, least)
        former = self.gazetteer.former_unions.get(area_id)
        then = former.members if former and "" < self.day < former.until else (area_id,)
        return NameMeaning(name, then, PlaceReading.WHOLE, match)

    def _is_whole_name(self, item: Item) -> bool:
        """Return whether the word for a part only describes the place.

        "South Kashmir area" is the region; "Sopore areas" are some of it, unless in a list.
        """
        level, phrase = self.gazetteer.entries[item.ids[0]].level, item.phrase
        alike = [i for i in self.items if i.phrase.is_plural and i.phrase.unit == phrase.unit]
        is_named = phrase.kind == PART and not phrase.count and len(alike) != 1
        levels = (TOWN,) if phrase.unit == "village" else (SHIRE, UNION, ADMIN3, TOWN)
        return is_named and phrase.unit in WHOLE_UNITS and level in levels

    def _namesake_city(self, item: Item, levels: Sequence[str]) -> str:
        bare = {*self.gazetteer.entries[item.ids[0]].names, item.phrase.name}
        inner = [
            area_id
            for spelling in sorted(bare | {f"{spelling} city" for spelling in bare})
            for area_id in self.gazetteer.by_name.get(spelling, ())
            if self.gazetteer.has_had_inside(item.ids[0], area_id)
        ]
        return next(iter(self._best_level(inner, levels)), "")


def _share_units(meanings: list[NameMeaning]) -> list[NameMeaning]:
    """Return parts, with the units of one count divided among the places that the count refers to.

    "4 jurisdictions across Patiala and Sangrur" are two in each.
    """
    counted = Counter((meaning.part_kind, meaning.units) for meaning in meanings)
    return [
        replace(meaning, units=-(-meaning.units // counted[meaning.part_kind, meaning.units]))
        for meaning in meanings
    ]
