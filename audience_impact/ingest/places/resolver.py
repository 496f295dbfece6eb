"""What a text of a register means: places of the gazetteer, whole or in part, or names unresolved.

Definitions. A gazetteer holds the places of `areas` with their names and aliases, and what holds
each. A container is a place named to say where another lies ("Sikar, Rajasthan"): it is not meant
itself. A part is what lies somewhere inside a place that nobody counts ("Marhama area, Anantnag").

Method. Each phrase of a text is looked up: in the reviewed names, then among names and aliases,
then by spelling. Among several places of one name the kind that the text says, a container, the
other names of the text (they belong together) and what orders of the country go by decide, in this
order; what is still ambiguous stays unresolved. A name that is not found is a part of the smallest
place that the text says it lies in; without one it is unresolved, never guessed.

Assumptions. Orders in India, Pakistan and Bangladesh go by district, in Myanmar by township.

Drawbacks. A namesake elsewhere in the country is taken where the right place is not on record.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from audience_impact.ingest.places import names
from audience_impact.ingest.places.phrases import (
    CITY,
    DISTRICT,
    DIVISION,
    PART,
    POLICE,
    STATE,
    TOWNSHIP,
    Phrase,
    Vocabulary,
)
from audience_impact.populations import NOWHERE, country_of, with_holders
from audience_impact.vocabulary import AreaLevel, GeoScope, PlaceMatch, PlaceReading

ADMIN1, ADMIN2, ADMIN3 = AreaLevel.ADMIN1.value, AreaLevel.ADMIN2.value, AreaLevel.ADMIN3.value
TOWN, UNION, SHIRE = AreaLevel.CITY.value, AreaLevel.UNION.value, AreaLevel.DIVISION.value
LARGE_FIRST = (ADMIN1, UNION, SHIRE, ADMIN2, TOWN, ADMIN3)
SMALL_FIRST = (TOWN, ADMIN3, ADMIN2, ADMIN1, SHIRE, UNION)
GOES_BY: Mapping[str, tuple[str, ...]] = {
    "BD": (ADMIN2, ADMIN1, UNION, TOWN, ADMIN3),
    "PK": (ADMIN1, ADMIN2, SHIRE, UNION, ADMIN3, TOWN),
    "IN": (ADMIN1, ADMIN2, SHIRE, UNION, ADMIN3, TOWN),
    "MM": (ADMIN3, ADMIN2, ADMIN1, UNION, TOWN),
    "UA": (ADMIN3, ADMIN1, ADMIN2, UNION, TOWN),
}
"""Which of several places of one name is meant where nothing else tells, by country."""
FITS: Mapping[str, tuple[str, ...]] = {
    STATE: (ADMIN1, UNION, SHIRE, ADMIN2),
    DIVISION: (SHIRE, UNION, ADMIN1, ADMIN2),
    DISTRICT: (ADMIN2, ADMIN1, UNION, SHIRE, ADMIN3, TOWN),
    POLICE: (ADMIN2, ADMIN3, TOWN),
    TOWNSHIP: (ADMIN3, ADMIN2, TOWN),
    CITY: (TOWN, ADMIN1, ADMIN3, ADMIN2),
    PART: (TOWN, ADMIN3, ADMIN2, ADMIN1, SHIRE, UNION),
}
"""Levels that a kind may mean, the likeliest first."""
SIZES = {TOWN: 0, ADMIN3: 1, ADMIN2: 2, UNION: 3, SHIRE: 3, ADMIN1: 4}
KIND_SIZES = {PART: -1, CITY: 0, TOWNSHIP: 1, POLICE: 1, DISTRICT: 2, DIVISION: 3, STATE: 4}
PARTED = frozenset(("IN", "PK", "BD", "MM"))
"""Countries where a town is smaller than the smallest place of its name on record."""
UNTIL = re.compile(r"^(.*?) \(.*\buntil (\d{4}(?:-\d{2}-\d{2})?)\)$")
"""The name of a place that is no more, and until when it was."""


@dataclass(frozen=True)
class Found:
    """What one name of a text means.

    `area_ids` is empty where it is unresolved; `least_area_id` is the city where the district of
    its name was read and the text says no kind.
    """

    name: str
    area_ids: tuple[str, ...] = ()
    reading: PlaceReading = PlaceReading.WHOLE
    found_by: PlaceMatch = PlaceMatch.EXACT
    least_area_id: str = ""


@dataclass(frozen=True)
class Entry:
    """A place: id, folded names (the first is its own), level, and all that hold it."""

    area_id: str
    names: tuple[str, ...]
    level: str
    holders: tuple[str, ...]
    members: tuple[str, ...] = ()
    until: str = ""
    full: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reviewed:
    """What a name, or a whole text, of a country is known to mean."""

    area_ids: tuple[str, ...]
    reading: PlaceReading


@dataclass(frozen=True)
class Gazetteer:
    """The places of one country, and reviewed names by folded name or text."""

    country: str
    entries: Mapping[str, Entry]
    reviewed: Mapping[str, Reviewed] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> Mapping[str, tuple[str, ...]]:
        """Ids by folded name."""
        found: dict[str, dict[str, None]] = {}
        for entry in self.entries.values():
            for name in entry.names if not entry.until else ():
                found.setdefault(name, {})[entry.area_id] = None
                if (seat := self._seat_of(entry, name)) is not None:
                    found[name][seat] = None
        return {name: tuple(ids) for name, ids in found.items()}

    def _seat_of(self, entry: Entry, name: str) -> str | None:
        """The district whose seat a smaller place is, as their names are spelt alike."""
        outer = self.entries.get(next(iter(entry.holders[1:]), ""))
        if outer is None or entry.level not in (ADMIN3, TOWN) or outer.level != ADMIN2:
            return None
        alike = any(
            names.key(name) == names.key(own) and names.is_like(name, own) for own in outer.names
        )
        return outer.area_id if alike else None

    @cached_property
    def former(self) -> Mapping[str, Entry]:
        """Unions that are no more, by the id of the member that goes on under their name."""
        return {
            member: entry
            for entry in self.entries.values()
            if entry.until
            for member in entry.members
            if set(entry.names) & set(self.entries[member].names)
        }

    @cached_property
    def by_key(self) -> Mapping[str, tuple[str, ...]]:
        """Folded names by the key of their spelling."""
        found: dict[str, list[str]] = {}
        for name in self.by_name:
            found.setdefault(names.key(name), []).append(name)
        return {each: tuple(own) for each, own in found.items()}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The names that no cut may go through."""
        return Vocabulary(frozenset([*self.by_name, *self.reviewed]))

    @cached_property
    def top(self) -> tuple[str, ...]:
        """The places of the first level."""
        return tuple(each.area_id for each in self.entries.values() if each.level == ADMIN1)

    def holds(self, outer: str, inner: str) -> bool:
        """Whether a place lies in another, by its holders or as a member of a union."""
        if outer == inner:
            return False
        parts = self.entries[inner].members
        if parts and all(each == outer or self.holds(outer, each) for each in parts):
            return True
        within = self.entries[inner].holders
        members = self.entries[outer].members
        return outer in within or any(each == inner or each in within for each in members)

    def held(self, outer: str, inner: str) -> bool:
        """Whether a place lies in another, or did while that was larger."""
        former = self.former.get(outer)
        return self.holds(outer, inner) or (
            former is not None and inner != outer and self.holds(former.area_id, inner)
        )

    def children(self, area_id: str) -> tuple[str, ...]:
        """What a place is made of: its members, else the places of the next level in it."""
        entry = self.entries[area_id]
        if entry.members:
            return entry.members
        inner = [each for each in self.entries.values() if each.holders[1:2] == (area_id,)]
        levels = {each.level for each in inner} - {UNION, SHIRE, TOWN}
        first = min(levels, default="")
        return tuple(each.area_id for each in inner if each.level == first and not each.members)

    def sizes(self, area_id: str) -> int:
        """The size of a place by its level."""
        return SIZES.get(self.entries[area_id].level, 4)


@dataclass
class _Item:
    """A phrase on its way: the places that it may mean, and what was found out."""

    phrase: Phrase
    ids: list[str]
    match: PlaceMatch
    reviewed: Reviewed | None = None
    holder: int = -1
    is_container: bool = False
    is_vague: bool = False
    is_turned: bool = False

    @property
    def size(self) -> int:
        """How large it is said to be, or -2 where nothing is said."""
        return KIND_SIZES.get(self.phrase.kind, -2)


def looked_up(name: str, gazetteer: Gazetteer) -> tuple[list[str], PlaceMatch]:
    """Places of a folded name: of that name, else the one spelt alike."""
    ids = gazetteer.by_name.get(name, ())
    if ids:
        own = any(gazetteer.entries[each].names[0] == name for each in ids)
        return list(ids), PlaceMatch.EXACT if own else PlaceMatch.ALIAS
    return [], PlaceMatch.FUZZY


def spelt_alike(name: str, gazetteer: Gazetteer, among: Iterable[str]) -> list[str]:
    """The one place among some whose name is spelt alike; nothing where there are several."""
    allowed = set(among)
    alike = [
        other for other in gazetteer.by_key.get(names.key(name), ()) if names.is_like(name, other)
    ]
    if not alike:
        alike = [other for other in gazetteer.by_name if names.is_like(name, other)]
        best = max((_ratio(name, other) for other in alike), default=0.0)
        alike = [other for other in alike if _ratio(name, other) >= max(best - 0.04, 0.87)]
    ids = {each for other in alike for each in gazetteer.by_name[other] if each in allowed}
    return sorted(ids)


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def resolve(text: str, scope: GeoScope, gazetteer: Gazetteer, day: str = "") -> list[Found]:
    """What a text means, name by name in its order.

    Args:
        text: as printed; that it does not mean the whole country is known.
        scope: how far the register says it reaches.
        gazetteer: the places of the country.
        day: when, in ISO 8601; a place that was larger then is taken as it was.
    """
    whole = names.folded(text)
    if whole in gazetteer.reviewed:
        return [_reviewed(whole, gazetteer.reviewed[whole])]
    items = [_item(phrase, gazetteer) for phrase in gazetteer.vocabulary.phrases(text)]
    return _Reading(items, scope, gazetteer, day).found()


def _reviewed(name: str, known: Reviewed) -> Found:
    return Found(name, known.area_ids, known.reading, PlaceMatch.OVERRIDE)


def _item(phrase: Phrase, gazetteer: Gazetteer) -> _Item:
    name = names.folded(phrase.name.replace("&", " and "))
    phrase = replace(phrase, name=name)
    with_kind = [f"{name} {word}" for word in _kind_words(phrase.kind)]
    for each in (*with_kind, name):
        if each in gazetteer.reviewed:
            known = gazetteer.reviewed[each]
            return _Item(phrase, list(known.area_ids), PlaceMatch.OVERRIDE, known)
    for each in (*with_kind, name):
        ids, match = looked_up(each, gazetteer)
        if ids and (each == name or phrase.kind in (DIVISION, STATE)):
            return _Item(phrase, ids, match)
    return _turned(phrase, gazetteer)


def _kind_words(kind: str) -> tuple[str, ...]:
    return KIND_WORDS.get(kind, ())


KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    STATE: ("oblast", "region", "province", "state", "governorate"),
    DIVISION: ("division",),
    DISTRICT: ("district",),
    POLICE: ("police district",),
    CITY: ("city",),
    PART: ("area", "border"),
}
"""Words that may be part of the name on record."""


def _turned(phrase: Phrase, gazetteer: Gazetteer) -> _Item:
    """A name behind a direction: a part of the place ("western Oromia")."""
    first, _, rest = phrase.name.partition(" ")
    if rest and first.removesuffix("ern") in ("north", "south", "east", "west", "central", "upper"):
        ids, match = looked_up(rest, gazetteer)
        if ids:
            return _Item(replace(phrase, name=rest, is_part=True), ids, match, is_turned=True)
    return _Item(phrase, [], PlaceMatch.FUZZY)


@dataclass
class _Reading:
    """The phrases of one text, read together."""

    items: list[_Item]
    scope: GeoScope
    gazetteer: Gazetteer
    day: str = ""

    def found(self) -> list[Found]:
        """What each phrase means; containers and what is taken out are no phrases of their own."""
        self._states()
        for item in self.items:
            if item.phrase.kind in (STATE, DIVISION) and not item.reviewed:
                item.ids = self._best(item.ids, FITS[item.phrase.kind])
        self._hold()
        self._elsewhere()
        self._spell()
        self._hold()
        self._choose()
        self._contain()
        return self._without_excepted()

    def _levels(self, kind: str) -> tuple[str, ...]:
        """Levels in the order in which a kind, or no kind, means them."""
        if kind:
            return FITS[kind]
        small = self.scope is GeoScope.LOCALITY
        return GOES_BY.get(self.gazetteer.country, SMALL_FIRST if small else LARGE_FIRST)

    def _states(self) -> None:
        """States with a slip of the pen: they are few, so that one that is alike is the one."""
        last = len(self.items) - 1
        for place, item in enumerate(self.items):
            if not item.ids and (item.phrase.kind == STATE or (place == last and place > 0)):
                item.ids = spelt_alike(item.phrase.name, self.gazetteer, self.gazetteer.top)

    def _hold(self) -> None:
        """For each name the place that the text says it lies in."""
        for place, item in enumerate(self.items):
            item.holder = self._holder(place)
        for item in self.items:
            if item.holder >= 0 and item.ids:
                outer = self.items[item.holder].ids
                inner = [i for i in item.ids if any(self.gazetteer.held(o, i) for o in outer)]
                item.ids = inner or item.ids
        for item in self.items:
            if item.holder >= 0 and item.ids and not item.reviewed:
                holder = self.items[item.holder]
                outer = [o for o in holder.ids if any(self.gazetteer.held(o, i) for i in item.ids)]
                holder.ids = outer or holder.ids

    def _holder(self, place: int) -> int:
        """Position of the item that holds one, or -1."""
        item = self.items[place]
        later = [
            other
            for other in range(place + 1, len(self.items))
            if self.items[other].phrase.clause == item.phrase.clause
            and not (self.items[other].phrase.is_excepted and not item.phrase.is_excepted)
        ]
        for other in later:
            if self._can_hold(place, other):
                return other
        return self._earlier_holder(place)

    def _earlier_holder(self, place: int) -> int:
        """A place told before what lies in it: by `'s`, in brackets, or before a list."""
        item = self.items[place]
        for other in range(place - 1, -1, -1):
            outer = self.items[other]
            inner = self.items[other + 1].phrase
            opened = inner.cut in ("own", "open", "including", "dash")
            if opened and outer.phrase.depth <= item.phrase.depth and outer.ids:
                if not item.ids and (inner.cut == "own" or item.phrase.depth > outer.phrase.depth):
                    return other
                if any(self.gazetteer.held(o, i) for o in outer.ids for i in item.ids):
                    return other
        return -1

    def _can_hold(self, place: int, other: int) -> bool:
        """Whether a later item is the container of an earlier one."""
        inner, outer = self.items[place], self.items[other]
        ids = self._holding(outer)
        if not ids:
            return False
        if inner.ids:
            holds = any(self.gazetteer.held(o, i) for o in ids for i in inner.ids)
            return holds and not self._is_sibling(place, other)
        size = max(map(self.gazetteer.sizes, ids))
        between = self.items[place + 1 : other + 1]
        if outer.phrase.cut in ("of", "open"):
            return True
        if outer.phrase.cut == "and":
            return False
        if inner.phrase.is_plural or inner.size >= 0:
            return size > max(inner.size, 0) and size > self._listed(place)
        if inner.phrase.kind == PART or self.scope is GeoScope.LOCALITY:
            return True
        if other == place + 1 and other + 1 < len(self.items):
            return False
        sizes = [self.gazetteer.sizes(each) for item in between[:-1] for each in item.ids]
        return size > max(sizes, default=self._listed(place))

    def _holding(self, item: _Item) -> list[str]:
        """The places that a name means where others are said to lie in it."""
        if item.phrase.kind:
            return self._best(item.ids, self._levels(item.phrase.kind))
        levels = {self.gazetteer.entries[each].level for each in item.ids}
        plain = [e for e in item.ids if self.gazetteer.entries[e].level not in (UNION, SHIRE)]
        return plain if levels - {UNION, SHIRE} else item.ids

    def _listed(self, place: int) -> int:
        """The size of what stands beside an item in its list, before any container."""
        before = [
            each
            for each in self.items[:place]
            if each.phrase.clause == self.items[place].phrase.clause
        ]
        sizes = [min(map(self.gazetteer.sizes, each.ids)) for each in before if each.ids]
        return sizes[-1] if sizes and self.items[place].phrase.cut in ("list", "and") else -1

    def _is_sibling(self, place: int, other: int) -> bool:
        """Whether two items, one of which holds the other, are told side by side."""
        inner, outer = self.items[place].phrase, self.items[other].phrase
        if outer.cut == "and":
            return True
        if outer.cut != "list" or outer.kind or inner.kind or self.scope is GeoScope.LOCALITY:
            return False
        following = self.items[other + 1 : other + 2]
        return bool(following) and not any(
            self.gazetteer.held(f, o) for f in following[0].ids for o in self.items[other].ids
        )

    def _elsewhere(self) -> None:
        """Small places of the name that lie elsewhere than the text says are not the ones meant."""
        for place, item in enumerate(self.items):
            if item.reviewed or item.holder >= 0 or not item.ids:
                continue
            small = item.phrase.kind in (PART, CITY, TOWNSHIP)
            if not small and self.scope is not GeoScope.LOCALITY:
                continue
            least = (min if small else max)(map(self.gazetteer.sizes, item.ids))
            if any(size > least for size in self._told_around(place)):
                item.ids = []

    def _told_around(self, place: int) -> list[int]:
        """Sizes of the places told later in the clause that are said to hold others."""
        last = len(self.items) - 1
        return [
            max(map(self.gazetteer.sizes, outer.ids))
            for other, outer in enumerate(self.items)
            if other > place
            and outer.ids
            and outer.phrase.clause == self.items[place].phrase.clause
            and outer.phrase.cut != "and"
            and (outer.phrase.kind in (STATE, DIVISION, DISTRICT) or other == last)
        ]

    def _spell(self) -> None:
        """Names that are not found, by spelling, among the places that the text lets them be."""
        for item in self.items:
            if item.ids or item.phrase.kind == PART or len(item.phrase.name) < names.LEAST_SIGNS:
                continue
            outer = self.items[item.holder].ids if item.holder >= 0 else self._context()
            if item.phrase.kind == CITY and any(self.gazetteer.sizes(o) > 2 for o in outer):
                continue
            levels = self._levels(item.phrase.kind)
            among = [
                each.area_id
                for each in self.gazetteer.entries.values()
                if each.level in levels
                and (not outer or any(self.gazetteer.held(o, each.area_id) for o in outer))
                and (outer or each.level in (ADMIN1, ADMIN2))
            ]
            ids = spelt_alike(item.phrase.name, self.gazetteer, among)
            item.ids = self._best(ids, levels)

    def _best(self, ids: Sequence[str], levels: Sequence[str]) -> list[str]:
        """Those of some places on the first level that any of them is on."""
        for level in levels:
            own = [each for each in ids if self.gazetteer.entries[each].level == level]
            if own:
                return own
        return []

    def _context(self) -> list[str]:
        """The first-level places of the names that mean one place alone."""
        found: dict[str, None] = {}
        for item in self.items:
            best = self._best(item.ids, self._levels(item.phrase.kind))
            if len(best) == 1 and not item.reviewed:
                entry = self.gazetteer.entries[best[0]]
                found |= dict.fromkeys(h for h in entry.holders if h in self.gazetteer.top)
        return list(found)

    def _choose(self) -> None:
        """One place for each name, by kind, container, the other names and level."""
        context, towns = self._context(), self._are_towns()
        for item in self.items:
            if item.reviewed or len(item.ids) < 2:
                continue
            levels = (
                SMALL_FIRST if towns and not item.phrase.kind else self._levels(item.phrase.kind)
            )
            best = self._best(item.ids, levels)
            if len(best) > 1:
                full = [b for b in best if item.phrase.name in self.gazetteer.entries[b].full]
                best = full if len(full) == 1 else best
            if len(best) > 1:
                near = [b for b in best if set(self.gazetteer.entries[b].holders) & set(context)]
                best = near if len(near) == 1 else best
            if len(best) > 1 and item.holder < 0 and context:
                near = [
                    i for i in item.ids if set(self.gazetteer.entries[i].holders) & set(context)
                ]
                best = self._best(near, levels) or best
            item.ids = best if len(best) == 1 else []

    def _are_towns(self) -> bool:
        """Whether a name can be nothing but a town, where orders go by no level of their own."""
        levels = self.gazetteer.entries
        alone = [e for e in self.items if e.ids and {levels[i].level for i in e.ids} == {TOWN}]
        return bool(alone) and self.gazetteer.country not in GOES_BY

    def _contain(self) -> None:
        """Mark the containers: they are not meant themselves, but by an amount ("parts of")."""
        for place, item in enumerate(self.items):
            listing = self._listing(place)
            for holder in {item.holder if item.holder > place else listing, listing} - {-1}:
                self.items[holder].is_container = True
        for place, item in enumerate(self.items):
            if item.is_container:
                item.is_vague = item.phrase.is_part and self._is_target(place)
            elif item.phrase.cut == "of" and self._is_contradicted(place):
                item.is_container = True

    def _listing(self, place: int) -> int:
        """Position of a place of which a list after a dash, in brackets or by `'s` is told."""
        other = self._earlier_holder(place)
        if other >= 0 and self.items[other + 1].phrase.cut == "including":
            return -1
        return other

    def _is_target(self, place: int) -> bool:
        """Whether an amount ("10 districts of") speaks of this item and not of others before it."""
        item = self.items[place]
        inner = [each for each in self.items[:place] if each.holder == place]
        if item.is_turned or item.phrase.kind == PART:
            return not any(each.ids for each in inner)
        return not any(each.phrase.is_part for each in inner)

    def _is_contradicted(self, place: int) -> bool:
        """Whether all names before lie elsewhere than in the place they are said to be in."""
        item, before = self.items[place], self.items[:place]
        same = [each for each in before if each.phrase.clause == item.phrase.clause]
        return bool(same and item.ids) and all(
            each.ids and self.gazetteer.sizes(item.ids[0]) > self.gazetteer.sizes(each.ids[0])
            for each in same
        )

    def _without_excepted(self) -> list[Found]:
        found = []
        excepted = [e for e in self.items if e.phrase.is_excepted and not e.is_container]
        for place, item in enumerate(self.items):
            meant = not item.is_container or item.is_vague
            if meant and not item.phrase.is_excepted and not self._is_idle(place):
                found.append(self._one(item))
        if excepted:
            found = [each for each in found if each.area_ids] or self._outer(excepted)
            found = [self._less(each, excepted) for each in found]
        return found

    def _is_idle(self, place: int) -> bool:
        """Whether a name is that of an unknown container: behind the place of an event in one."""
        item, before = self.items[place], self.items[:place]
        known = bool(before) and bool(before[-1].ids) and item.phrase.cut in ("list", "of")
        return not item.ids and known and self.scope is GeoScope.LOCALITY

    def _outer(self, excepted: Sequence[_Item]) -> list[Found]:
        """What the exceptions lie in, where nothing else is named."""
        holders = [self.items[each.holder] for each in excepted if each.holder >= 0]
        whole = Found(self.gazetteer.country, (self.gazetteer.country,))
        return [self._one(each) for each in holders[:1]] or [whole]

    def _less(self, found: Found, excepted: Sequence[_Item]) -> Found:
        """A place without what is taken out of it: its other parts where these are whole parts."""
        if len(found.area_ids) != 1:
            return found
        outer = found.area_ids[0]
        whole = outer == self.gazetteer.country
        parts = self.gazetteer.top if whole else self.gazetteer.children(outer)
        named = [each for item in excepted for each in item.ids]
        out = {part for each in named for part in self.gazetteer.entries[each].members or (each,)}
        if not out or not out <= set(parts) or any(item.phrase.is_part for item in excepted):
            return replace(found, reading=PlaceReading.WITHIN)
        left = tuple(each for each in parts if each not in out)
        return replace(found, area_ids=left, reading=PlaceReading.WHOLE)

    def _one(self, item: _Item) -> Found:
        """What one item means."""
        if item.reviewed:
            return _reviewed(item.phrase.name, item.reviewed)
        name, kind = item.phrase.name, item.phrase.kind
        if not item.ids:
            return self._inside(item)
        area_id, match = item.ids[0], item.match
        level = self.gazetteer.entries[area_id].level
        parted = self.gazetteer.country in PARTED
        if outer := self._district(item):
            return Found(name, (outer,), PlaceReading.WITHIN, match)
        town = parted and kind == CITY and level in (ADMIN2, ADMIN3)
        if item.phrase.is_part or town:
            return Found(name, (area_id,), PlaceReading.WITHIN, match)
        if parted and not kind and level == ADMIN2:
            least = self._city(name, area_id)
            return Found(name, (area_id,), PlaceReading.CITY_OR_DISTRICT, match, least)
        former = self.gazetteer.former.get(area_id)
        then = former.members if former and "" < self.day < former.until else (area_id,)
        return Found(name, then, PlaceReading.WHOLE, match)

    def _district(self, item: _Item) -> str:
        """The district that holds a smaller place which the text calls one, or nothing.

        It is younger than the list, or the police's: wider than what has its name.
        """
        entry = self.gazetteer.entries[item.ids[0]]
        called = item.phrase.kind in (DISTRICT, POLICE) and self.gazetteer.country in PARTED
        return entry.holders[1] if called and entry.level == ADMIN3 else ""

    def _inside(self, item: _Item) -> Found:
        """A name that is not found: a part of what holds it, or of a place that it begins with."""
        name = item.phrase.name
        if item.holder >= 0 and self.items[item.holder].ids:
            holder = self.items[item.holder]
            outer = self._district(holder) or holder.ids[0]
            return Found(name, (outer,), PlaceReading.WITHIN, holder.match)
        if item.phrase.kind == PART:
            words = name.split()
            for count in range(len(words) - 1, 0, -1):
                ids, match = looked_up(" ".join(words[:count]), self.gazetteer)
                best = self._best(ids, self._levels(""))
                if len(best) == 1:
                    return Found(name, tuple(best), PlaceReading.WITHIN, match)
        return Found(name)

    def _city(self, name: str, district: str) -> str:
        """The city, or the smaller place, of the name of a district in it."""
        own = {*self.gazetteer.entries[district].names, name}
        inner = [
            each
            for spelling in sorted(own)
            for each in self.gazetteer.by_name.get(spelling, ())
            if self.gazetteer.held(district, each)
        ]
        return next(iter(self._best(inner, (TOWN, ADMIN3))), "")


def gazetteer_of(
    country: str,
    areas: Iterable[Mapping[str, str]],
    reviewed: Mapping[str, Reviewed],
    parents: Mapping[str, str] = NOWHERE,
) -> Gazetteer:
    """The gazetteer of a country, from rows of `areas` (those of other countries are left out)."""
    entries = {}
    for row in areas:
        area_id = row["area_id"]
        if area_id == country or country_of(area_id, parents) != country:
            continue
        told = UNTIL.match(row["name"])
        spelt = (told[1] if told else row["name"], *row["aliases"].split(";"))
        folded = dict.fromkeys(form for each in spelt for form in spellings(each))
        entries[area_id] = Entry(
            area_id,
            tuple(folded),
            row.get("level") or ADMIN1,
            tuple(with_holders(area_id, parents)),
            tuple(each for each in row.get("members", "").split(";") if each),
            told[2] if told and not row["aliases"] else "",
            frozenset(names.folded(each) for each in spelt),
        )
    return Gazetteer(country, entries, reviewed)


def spellings(name: str) -> list[str]:
    """A name folded, and without the words of kinds, articles and Slavic endings at its edges."""
    bare = names.folded(name)
    found = [bare, *(names.folded(part) for part in re.split(r"[()]", name) if "(" in name)]
    words = bare.split()
    while len(words) > 1 and words[-1] in STATE_WORDS:
        words = words[:-1]
        found.append(" ".join(words))
    while len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
        found.append(" ".join(words))
    stem = ADJECTIVE.sub("", found[-1])
    if stem != found[-1] and len(stem) >= LEAST_STEM:
        found += [stem, f"{stem}sk"]
    return [each for each in dict.fromkeys(found) if each and not set(each.split()) <= DIRECTIONS]


_STATE_WORDS = (
    "state province region governorate oblast oblysy republic respublika respublikasi kray "
    "krai okrug prefecture department voblasc voblast division shi sheng zizhiqu county"
)
STATE_WORDS = frozenset(_STATE_WORDS.split())
_ARTICLES = "al as an ad ar at ash az el respublika"
ARTICLES = frozenset(_ARTICLES.split())
ADJECTIVE = re.compile(r"(?:skaya|skiy|ska)$")
LEAST_STEM = 3
_DIRECTIONS = (
    "north south east west northern southern eastern western central north-east upper lower "
    "northeast northwest southeast southwest middle"
)
DIRECTIONS = frozenset(_DIRECTIONS.split())


def united(area_ids: Iterable[str], gazetteer: Gazetteer) -> tuple[str, ...]:
    """Places each once, without those that lie in another of them.

    Beside others a union that is no level of its own stands as its members.
    """
    ids = list(dict.fromkeys(area_ids))
    entries = gazetteer.entries
    if len(ids) > 1:
        ids = list(
            dict.fromkeys(
                part
                for each in ids
                for part in (
                    (entries[each].members or (each,))
                    if each in entries and entries[each].level == UNION
                    else (each,)
                )
            )
        )
    chosen = set(ids)
    return tuple(
        each
        for each in ids
        if each not in entries
        or not chosen & ({*entries[each].holders, *_shires(each, gazetteer)} - {each})
    )


def _shires(area_id: str, gazetteer: Gazetteer) -> set[str]:
    """The divisions of which a place is a member or lies in one."""
    within = set(gazetteer.entries[area_id].holders)
    return {
        each.area_id
        for each in gazetteer.entries.values()
        if each.level == SHIRE and within & set(each.members)
    }
