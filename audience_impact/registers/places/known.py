"""The places of a country with their names: what is looked up when a text is read.

Definitions. An entry is a row of `areas`; its names are its own, its aliases, and both without the
words that say what it is. A union is no level of its own; one that is no more says until when it
was. The seat of a district is a smaller place whose name is spelt as the district's: it names both.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from audience_impact.populations import NOWHERE, country_of, with_holders
from audience_impact.registers.places import names
from audience_impact.registers.places.phrases import Vocabulary
from audience_impact.vocabulary import AreaLevel, PlaceMatch, PlaceReading

ADMIN1, ADMIN2, ADMIN3 = AreaLevel.ADMIN1.value, AreaLevel.ADMIN2.value, AreaLevel.ADMIN3.value
TOWN, UNION, SHIRE = AreaLevel.CITY.value, AreaLevel.UNION.value, AreaLevel.DIVISION.value
SIZES = {TOWN: 0, ADMIN3: 1, ADMIN2: 2, UNION: 3, SHIRE: 3, ADMIN1: 4}
UNTIL = re.compile(r"^(.*?) \(.*\buntil (\d{4}(?:-\d{2}-\d{2})?)\)$")
"""The name of a place that is no more, and until when it was."""


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
    # A union speaks of places on record alone.
    for area_id, entry in entries.items():
        if not set(entry.members) <= set(entries):
            entries[area_id] = replace(entry, members=())
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
