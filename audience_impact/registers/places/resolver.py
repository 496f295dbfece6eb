"""Resolve a text of a register: places of the gazetteer, whole or in part, or unresolved names.

Definitions. A gazetteer contains the places of `areas` with their names, aliases and containing
places. A container is a place that only locates another one ("Sikar, Rajasthan"). A part is an area
inside a place whose people nobody counts ("Marhama area, Anantnag").

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
from collections.abc import Sequence
from dataclasses import dataclass, replace

from audience_impact.plain_text import fold_name
from audience_impact.registers.places.country_places import (
    ADMIN1,
    ADMIN2,
    ADMIN3,
    SHIRE,
    SIZES,
    TOWN,
    UNION,
    Gazetteer,
    find_alike,
)
from audience_impact.registers.places.items import (
    FITS,
    GOES_BY,
    KIND_SIZES,
    LARGE_FIRST,
    PARTED,
    SMALL_FIRST,
    Item,
    NameMeaning,
    as_reviewed,
    item_of,
    mean_part,
)
from audience_impact.registers.places.phrases import (
    CITY,
    DISTRICT,
    DIVISION,
    LEAST_SIGNS,
    PART,
    POLICE,
    STATE,
    TOWNSHIP,
)
from audience_impact.vocabulary import GeoScope, PartKind, PlaceReading


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
        return [as_reviewed(folded_text, gazetteer.reviewed[folded_text])]
    phrases = gazetteer.place_names.find_phrases(text)
    items = [item_of(phrase, gazetteer) for phrase in phrases]
    return _Reading(items, scope, gazetteer, day).read_names()


WHOLE_UNITS = ("area", "island", "jurisdiction", "village")
"""Words for a part that mean the place itself beside its name ("Sopore area")."""
LONG = 7
"""Minimum length of names of small places for a lookup by spelling."""


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
        self._choose_places()
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

    def _assign_holders(self) -> None:
        for place, item in enumerate(self.items):
            item.holder = self._find_holder(place)
        inner_items = [item for item in self.items if item.holder >= 0 and item.ids]
        for item in inner_items:
            outer = self.items[item.holder].ids
            item.ids = [inner for inner in item.ids if self._holds(outer, [inner])] or item.ids
        for item in inner_items:
            holder = self.items[item.holder]
            if not item.reviewed:
                outer = [area_id for area_id in holder.ids if self._holds([area_id], item.ids)]
                holder.ids = outer or holder.ids

    def _holds(self, outer: Sequence[str], inner: Sequence[str]) -> bool:
        """Return whether a place is in another, or was in its former union."""
        return any(self.gazetteer.has_had_inside(o, i) for o in outer for i in inner)

    def _find_holder(self, place: int) -> int:
        inner = self.items[place].phrase
        for candidate in range(place + 1, len(self.items)):
            outer = self.items[candidate].phrase
            is_here = inner.is_excepted or not outer.is_excepted
            if outer.clause == inner.clause and is_here and self._can_hold(place, candidate):
                return candidate
        return self._find_earlier_holder(place)

    def _find_earlier_holder(self, place: int) -> int:
        """Return the position of a holder in front of its parts (by `'s`, brackets, a list)."""
        item = self.items[place]
        for candidate in range(place - 1, -1, -1):
            outer = self.items[candidate]
            inner = self.items[candidate + 1].phrase
            opened = inner.cut in ("own", "open", "including", "dash")
            if opened and outer.phrase.depth <= item.phrase.depth and outer.ids:
                if not item.ids and (inner.cut == "own" or item.phrase.depth > outer.phrase.depth):
                    return candidate
                if self._holds(outer.ids, item.ids):
                    return candidate
        return -1

    def _can_hold(self, place: int, candidate: int) -> bool:
        inner, outer = self.items[place], self.items[candidate]
        ids = self._containing_places(outer)
        if not ids:
            return False
        if inner.reviewed and inner.reviewed.reading is PlaceReading.WITHIN:
            # The id of a part is that of its holder, which would else be meant as well.
            holds = any(o == i or self.gazetteer.has_inside(o, i) for o in ids for i in inner.ids)
            return holds and not self._is_sibling(place, candidate)
        if inner.ids:
            return self._holds(ids, inner.ids) and not self._is_sibling(place, candidate)
        size = max(map(self.gazetteer.level_size, ids))
        between = self.items[place + 1 : candidate + 1]
        if outer.phrase.cut in ("own", "and"):
            return False
        if inner.phrase.is_plural or inner.stated_size >= 0:
            return size > max(inner.stated_size, 0) and size > self._listed_size(place)
        if inner.phrase.kind == PART or self.scope is GeoScope.LOCALITY:
            return True
        if candidate == place + 1 and candidate + 1 < len(self.items):
            return False
        sizes = [
            self.gazetteer.level_size(area_id) for item in between[:-1] for area_id in item.ids
        ]
        return size > max(sizes, default=self._listed_size(place))

    def _containing_places(self, item: Item) -> list[str]:
        if item.phrase.kind:
            return self._best_level(item.ids, self._ordered_levels(item.phrase.kind))
        levels = {self.gazetteer.entries[area_id].level for area_id in item.ids}
        plain = [e for e in item.ids if self.gazetteer.entries[e].level not in (UNION, SHIRE)]
        return plain if levels - {UNION, SHIRE} else item.ids

    def _listed_size(self, place: int) -> int:
        phrase = self.items[place].phrase
        sizes = [
            min(map(self.gazetteer.level_size, item.ids))
            for item in self.items[:place]
            if item.phrase.clause == phrase.clause and item.ids
        ]
        return sizes[-1] if sizes and phrase.cut in ("list", "and") else -1

    def _is_sibling(self, place: int, candidate: int) -> bool:
        inner, outer = self.items[place].phrase, self.items[candidate].phrase
        if outer.cut == "and" or self._are_of_one_unit(place, candidate):
            return True
        if outer.cut != "list" or outer.kind or inner.kind or self.scope is GeoScope.LOCALITY:
            return False
        following = self.items[candidate + 1 : candidate + 2]
        return bool(following) and not self._holds(following[0].ids, self.items[candidate].ids)

    def _are_of_one_unit(self, place: int, candidate: int) -> bool:
        """Return whether the text calls two listed items by one word ("A district, B district").

        A district that is on record as a part of another, as police districts are, is not in it.
        """
        inner, outer = self.items[place].phrase, self.items[candidate].phrase
        are_whole = not (inner.is_part or outer.is_part)
        unit = inner.unit or inner.name.split()[-1]  # of a reviewed name ("Sopore district")
        if outer.cut != "list" or not outer.kind or unit != outer.unit or not are_whole:
            return False
        sizes = [self.gazetteer.level_size(area_id) for area_id in self.items[candidate].ids]
        return min(sizes, default=0) <= max(KIND_SIZES[outer.kind], SIZES[ADMIN3])

    def _drop_elsewhere(self) -> None:
        """Drop small places of a name that are outside the place named in the text."""
        for place, item in enumerate(self.items):
            if item.reviewed or item.holder >= 0 or not item.ids:
                continue
            small = item.phrase.kind in (PART, CITY, TOWNSHIP)
            if not small and self.scope is not GeoScope.LOCALITY:
                continue
            least = (min if small else max)(map(self.gazetteer.level_size, item.ids))
            if any(size > least for size in self._container_sizes(place)):
                item.ids = []

    def _container_sizes(self, place: int) -> list[int]:
        last = len(self.items) - 1
        return [
            max(map(self.gazetteer.level_size, outer.ids))
            for position, outer in enumerate(self.items)
            if position > place
            and outer.ids
            and outer.phrase.clause == self.items[place].phrase.clause
            and outer.phrase.cut != "and"
            and (outer.phrase.kind in (STATE, DIVISION, DISTRICT) or position == last)
        ]

    def _match_spellings(self) -> None:
        """Resolve unknown names by similar spelling, among the places that the text allows."""
        for item in self.items:
            if item.ids or item.phrase.kind == PART or len(item.phrase.name) < LEAST_SIGNS:
                continue
            outer = self.items[item.holder].ids if item.holder >= 0 else []
            levels = self._ordered_levels(item.phrase.kind)
            allowed = self._spelt_levels(item, outer)
            among = [
                entry.area_id
                for entry in self.gazetteer.entries.values()
                if entry.level in allowed and (not outer or self._holds(outer, [entry.area_id]))
            ]
            item.ids = self._best_level(find_alike(item.phrase.name, self.gazetteer, among), levels)

    def _spelt_levels(self, item: Item, outer: Sequence[str]) -> set[str]:
        """Return levels on which similar spelling is enough; small ones need a close container."""
        usual = GOES_BY.get(self.gazetteer.country, LARGE_FIRST)[0]
        levels = {ADMIN1, ADMIN2} | ({usual} if outer else set())
        if self.scope is GeoScope.LOCALITY and self.gazetteer.country not in GOES_BY:
            levels.add(TOWN)
        close = bool(outer) and max(map(self.gazetteer.level_size, outer)) <= SIZES[ADMIN2]
        if close and len(item.phrase.name) >= LONG:
            levels |= {ADMIN3, TOWN}
        return levels & set(self._ordered_levels(item.phrase.kind))

    def _best_level(self, ids: Sequence[str], levels: Sequence[str]) -> list[str]:
        for level in levels:
            matches = [area_id for area_id in ids if self.gazetteer.entries[area_id].level == level]
            if matches:
                return matches
        return []

    def _choose_places(self) -> None:
        for item in self.items:
            if item.reviewed or len(item.ids) < 2:
                continue
            levels = self._ordered_levels(item.phrase.kind)
            if item.phrase.kind == PART and item.phrase.unit == "area":
                levels = (ADMIN3, *levels)
            item.ids = self._choose_place(item, levels)

    def _choose_place(self, item: Item, levels: Sequence[str]) -> list[str]:
        """Return the only place on the first level that fits the name, or none."""
        best = self._best_level(item.ids, levels)
        if len(best) > 1:
            entries = self.gazetteer.entries
            best = [area_id for area_id in best if item.phrase.name in entries[area_id].full]
        return best if len(best) == 1 else []

    def _mark_containers(self) -> None:
        """Mark the containers, which are meant only with an amount ("parts of")."""
        for place, item in enumerate(self.items):
            listing = self._find_earlier_holder(place)
            for holder in {item.holder if item.holder > place else listing, listing} - {-1}:
                self.items[holder].is_container = True
        for place, item in enumerate(self.items):
            if item.is_container:
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
        if not item.ids and item.phrase.cut == "of" and before and not before[-1].ids:
            return before[-1].phrase.clause == item.phrase.clause
        after = self.items[place + 1 : place + 2]
        following = after[0].phrase.cut if after and not item.ids else ""
        if following == "own" or (following == "including" and item.holder < 0):
            return True
        is_inside = bool(before) and bool(before[-1].ids) and item.phrase.cut in ("list", "of")
        return not item.ids and is_inside and self.scope is GeoScope.LOCALITY

    def _subtract_places(self, meaning: NameMeaning, excepted: Sequence[Item]) -> list[NameMeaning]:
        """Return a place without its exceptions: its other parts, and the rest of parted ones."""
        outer = meaning.area_ids[0]
        is_country = outer == self.gazetteer.country
        parts = self.gazetteer.first_level if is_country else self.gazetteer.list_parts(outer)
        out, parted = self._find_excepted_parts(excepted, parts)
        rest = replace(meaning, reading=PlaceReading.WITHIN, part_kind=PartKind.SOME)
        if not out and not parted:
            return [rest]
        untouched = tuple(area_id for area_id in parts if area_id not in {*out, *parted})
        meanings = [replace(meaning, area_ids=untouched, reading=PlaceReading.WHOLE)]
        return meanings + ([replace(rest, area_ids=tuple(parted))] if parted else [])

    def _find_excepted_parts(
        self, excepted: Sequence[Item], parts: Sequence[str]
    ) -> tuple[list[str], list[str]]:
        out: dict[str, None] = {}
        parted: dict[str, None] = {}
        for item in excepted:
            holder = self.items[item.holder].ids if item.holder >= 0 else []
            entries = [self.gazetteer.entries[area_id] for area_id in item.ids or holder]
            is_part = item.phrase.is_part or not item.ids
            for area_id in [part for e in entries for part in e.members or (e.area_id,)]:
                if area_id in parts and not is_part:
                    out[area_id] = None
                else:
                    parted |= dict.fromkeys(
                        p for p in parts if p == area_id or self.gazetteer.has_inside(p, area_id)
                    )
        return list(out), [part for part in parted if part not in out]

    def _read_item(self, item: Item) -> NameMeaning:
        if item.reviewed:
            return as_reviewed(item.phrase.name, item.reviewed, item.phrase)
        name, kind = item.phrase.name, item.phrase.kind
        if not item.ids:
            return self._read_unknown_name(item)
        area_id, match = item.ids[0], item.match
        level = self.gazetteer.entries[area_id].level
        parted = self.gazetteer.country in PARTED
        if outer := self._holding_district(item):
            meaning = NameMeaning(name, (outer,), PlaceReading.WITHIN, match)
            return mean_part(meaning, item.phrase)
        town = parted and kind == CITY and level in (ADMIN2, ADMIN3)
        if town and not item.phrase.is_part and (seat := self._namesake_city(item, (TOWN,))):
            return NameMeaning(name, (seat,), PlaceReading.WHOLE, match)
        if (item.phrase.is_part and not self._is_whole_name(item)) or town:
            return mean_part(NameMeaning(name, (area_id,), found_by=match), item.phrase, True)
        if parted and not kind and level == ADMIN2:
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

    def _holding_district(self, item: Item) -> str:
        """Return the district that contains a place which the text calls a district, or "".

        Such a district is newer than the list of places, or a police district, and is larger than
        the place of the same name.
        """
        entry = self.gazetteer.entries[item.ids[0]]
        called = item.phrase.kind in (DISTRICT, POLICE) and self.gazetteer.country in PARTED
        return entry.holders[1] if called and entry.level == ADMIN3 else ""

    def _read_unknown_name(self, item: Item) -> NameMeaning:
        """Return an unknown name as a part of its holder."""
        name, holder = item.phrase.name, self.items[item.holder]
        if item.holder < 0 or not holder.ids:
            return NameMeaning(name)
        meaning = NameMeaning(name, (holder.ids[0],), found_by=holder.match)
        return mean_part(meaning, item.phrase)

    def _namesake_city(self, item: Item, levels: Sequence[str]) -> str:
        bare = {*self.gazetteer.entries[item.ids[0]].names, item.phrase.name}
        spellings = bare | {f"{spelling} city" for spelling in bare}
        inner = [
            area_id
            for spelling in sorted(spellings)
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
