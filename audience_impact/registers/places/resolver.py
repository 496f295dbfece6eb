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

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audience_impact.registers.places import names
from audience_impact.registers.places.items import (
    FITS,
    GOES_BY,
    LARGE_FIRST,
    PARTED,
    SMALL_FIRST,
    Found,
    Item,
    as_reviewed,
    items_of,
)
from audience_impact.registers.places.known import (
    ADMIN1,
    ADMIN2,
    ADMIN3,
    SHIRE,
    SIZES,
    TOWN,
    UNION,
    Gazetteer,
    looked_up,
    spelt_alike,
)
from audience_impact.registers.places.phrases import (
    CITY,
    DISTRICT,
    DIVISION,
    PART,
    POLICE,
    STATE,
    TOWNSHIP,
)
from audience_impact.vocabulary import GeoScope, PlaceReading


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
        return [as_reviewed(whole, gazetteer.reviewed[whole])]
    told = gazetteer.vocabulary.phrases(text)
    items = [item for phrase in told for item in items_of(phrase, gazetteer)]
    return _Reading(items, scope, gazetteer, day).found()


LONG = 7
"""Names of small places have as many letters where they are found by spelling."""


@dataclass
class _Reading:
    """The phrases of one text, read together."""

    items: list[Item]
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
        self._hold()
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
        if outer.phrase.cut == "own":
            return False
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

    def _holding(self, item: Item) -> list[str]:
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
            allowed = self._spelt_levels(item, outer)
            among = [
                each.area_id
                for each in self.gazetteer.entries.values()
                if each.level in allowed
                and (not outer or any(self.gazetteer.held(o, each.area_id) for o in outer))
            ]
            item.ids = self._best(spelt_alike(item.phrase.name, self.gazetteer, among), levels)

    def _spelt_levels(self, item: Item, outer: Sequence[str]) -> set[str]:
        """Levels on which a name may be found by spelling: small ones only close by, or usual."""
        usual = GOES_BY.get(self.gazetteer.country, LARGE_FIRST)[0]
        levels = {ADMIN1, ADMIN2} | ({usual} if outer else set())
        close = bool(outer) and max(map(self.gazetteer.sizes, outer)) <= SIZES[ADMIN2]
        if close and len(item.phrase.name) >= LONG:
            levels |= {ADMIN3, TOWN}
        return levels & set(self._levels(item.phrase.kind))

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
        holding = {each.holder for each in self.items if not each.ids}
        for place, item in enumerate(self.items):
            if item.reviewed or len(item.ids) < 2:
                continue
            levels = self._levels(item.phrase.kind)
            if not item.phrase.kind and place in holding and levels[0] in (TOWN, ADMIN3):
                levels = LARGE_FIRST
            elif not item.phrase.kind and towns:
                levels = SMALL_FIRST
            item.ids = self._one_of(item, levels, context)

    def _one_of(self, item: Item, levels: Sequence[str], context: Sequence[str]) -> list[str]:
        """The place on the first level that a name, else the other names, leave alone; or none."""
        entries = self.gazetteer.entries
        best = self._best(item.ids, levels)
        if len(best) > 1:
            full = [each for each in best if item.phrase.name in entries[each].full]
            best = full if len(full) == 1 else best
        if len(best) > 1:
            near = [each for each in best if set(entries[each].holders) & set(context)]
            best = near if len(near) == 1 else best
        if len(best) > 1 and item.holder < 0 and context:
            near = [each for each in item.ids if set(entries[each].holders) & set(context)]
            best = self._best(near, levels) or best
        return best if len(best) == 1 else []

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
        listed = [each for at, each in enumerate(self.items) if self._listing(at) == place]
        if listed and all(each.ids for each in listed):
            return False
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
        after = self.items[place + 1 : place + 2]
        if not item.ids and after and after[0].phrase.cut == "own":
            return True
        known = bool(before) and bool(before[-1].ids) and item.phrase.cut in ("list", "of")
        return not item.ids and known and self.scope is GeoScope.LOCALITY

    def _outer(self, excepted: Sequence[Item]) -> list[Found]:
        """What the exceptions lie in, where nothing else is named."""
        holders = [self.items[each.holder] for each in excepted if each.holder >= 0]
        whole = Found(self.gazetteer.country, (self.gazetteer.country,))
        return [self._one(each) for each in holders[:1]] or [whole]

    def _less(self, found: Found, excepted: Sequence[Item]) -> Found:
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

    def _one(self, item: Item) -> Found:
        """What one item means."""
        if item.reviewed:
            return as_reviewed(item.phrase.name, item.reviewed)
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

    def _district(self, item: Item) -> str:
        """The district that holds a smaller place which the text calls one, or nothing.

        It is younger than the list, or the police's: wider than what has its name.
        """
        entry = self.gazetteer.entries[item.ids[0]]
        called = item.phrase.kind in (DISTRICT, POLICE) and self.gazetteer.country in PARTED
        return entry.holders[1] if called and entry.level == ADMIN3 else ""

    def _inside(self, item: Item) -> Found:
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
