"""The places of a country with their names, for lookups while a text is read.

Definitions. An entry is a row of `areas`; its names are its own, its aliases, and both also without
the words for the kind of place. A union of places has no level of its own.
"""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cached_property

from audience_impact.facts.tables import Tables
from audience_impact.plain_text import fold_name
from audience_impact.populations import NOWHERE, country_of, parents_of, with_holders
from audience_impact.registers.countries import list_regions
from audience_impact.registers.place_phrases import TABLE, Vocabulary
from audience_impact.vocabulary import AreaLevel, PlaceMatch, PlaceReading, YesNo

ADMIN1, ADMIN2, ADMIN3 = AreaLevel.ADMIN1.value, AreaLevel.ADMIN2.value, AreaLevel.ADMIN3.value
TOWN, UNION, SHIRE = AreaLevel.CITY.value, AreaLevel.UNION.value, AreaLevel.DIVISION.value
SIZES = {TOWN: 0, ADMIN3: 1, ADMIN2: 2, UNION: 3, SHIRE: 3, ADMIN1: 4}


@dataclass(frozen=True)
class Entry:
    """A place: id, folded names (its own first), level, and all places that contain it."""

    area_id: str
    names: tuple[str, ...]
    level: str
    holders: tuple[str, ...]
    members: tuple[str, ...] = ()
    is_city: bool = False


@dataclass(frozen=True)
class Reviewed:
    """The reviewed meaning of a name, or of a whole text, in a country."""

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
        """Return ids of places by folded name."""
        ids_by_name: dict[str, dict[str, None]] = {}
        for entry in self.entries.values():
            for name in entry.names:
                ids_by_name.setdefault(name, {})[entry.area_id] = None
        return {name: tuple(ids) for name, ids in ids_by_name.items()}

    @cached_property
    def place_names(self) -> Vocabulary:
        """Return the names that no separator may split."""
        return Vocabulary(frozenset([*self.by_name, *self.reviewed]))

    @cached_property
    def first_level(self) -> Set[str]:
        """Return the places of the first level below the country, in the order of the entries."""
        return {area: None for area, entry in self.entries.items() if entry.level == ADMIN1}.keys()

    def has_inside(self, outer: str, inner: str) -> bool:
        """Return whether a place is in another, by its holders or as a member of a union."""
        if outer == inner:
            return False
        parts = self.entries[inner].members
        if parts and all(part == outer or self.has_inside(outer, part) for part in parts):
            return True
        within = self.entries[inner].holders
        members = self.entries[outer].members
        return outer in within or any(part == inner or part in within for part in members)


Atlas = Mapping[str, Gazetteer]
"""The places of each country, by its code."""


def look_up(name: str, gazetteer: Gazetteer) -> tuple[list[str], PlaceMatch]:
    """Return the ids of the places with a folded name, and the way the name matched."""
    ids = gazetteer.by_name.get(name, ())
    if ids:
        is_own_name = any(gazetteer.entries[area_id].names[0] == name for area_id in ids)
        return list(ids), PlaceMatch.EXACT if is_own_name else PlaceMatch.ALIAS
    return [], PlaceMatch.EXACT


def gazetteer_of(
    country: str,
    areas: Iterable[Mapping[str, str]],
    reviewed: Mapping[str, Reviewed],
    parents: Mapping[str, str] = NOWHERE,
) -> Gazetteer:
    """Return the gazetteer of a country from the rows of `areas` of all countries."""
    entries = {}
    for row in areas:
        area_id = row["area_id"]
        is_former = " until " in row["name"] and not row["aliases"]
        if area_id == country or country_of(area_id, parents) != country or is_former:
            continue
        spelt = (row["name"], *row["aliases"].split(";"))
        folded = dict.fromkeys(form for spelling in spelt for form in fold_spellings(spelling))
        entries[area_id] = Entry(
            area_id,
            tuple(folded),
            row.get("level") or ADMIN1,
            tuple(with_holders(area_id, parents)),
            tuple(spelling for spelling in row.get("members", "").split(";") if spelling),
            row.get("is_city") == YesNo.YES,
        )
    # A union speaks of places on record alone.
    for area_id, entry in entries.items():
        if not set(entry.members) <= set(entries):
            entries[area_id] = replace(entry, members=())
    return Gazetteer(country, entries, reviewed)


def fold_spellings(name: str) -> list[str]:
    """Return the folded name, and its forms without words of kinds, articles and Slavic endings.

    A single letter in brackets distinguishes namesakes and is no name: "Shankarampet (A)".
    """
    bare = fold_name(name)
    forms = [bare, *(fold_name(part) for part in re.split(r"[()]", name) if "(" in name)]
    words = bare.split()
    while len(words) > 1 and words[-1] in STATE_WORDS:
        words = words[:-1]
        forms.append(" ".join(words))
    while len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
        forms.append(" ".join(words))
    stem = ADJECTIVE.sub("", forms[-1])
    if stem != forms[-1] and len(stem) >= LEAST_STEM:
        forms += [stem, f"{stem}sk"]
    return [
        form
        for form in dict.fromkeys(forms)
        if (len(form) > 1 or form == bare) and not set(form.split()) <= DIRECTIONS
    ]


STATE_WORDS, ARTICLES, DIRECTIONS = map(TABLE.list_words, ("state_word", "article", "direction"))
ADJECTIVE = re.compile(r"(?:skaya|skiy|ska)$")
LEAST_STEM = 3


def merge_places(area_ids: Iterable[str], gazetteer: Gazetteer) -> tuple[str, ...]:
    """Return places without repeats and those inside others; a union beside others as members."""
    entries, ids = gazetteer.entries, list(dict.fromkeys(area_ids))
    if len(ids) > 1:
        unions = {area: entries[area].members for area in ids if area in entries}
        ids = [
            part
            for area in ids
            for part in (unions[area] if area in unions and entries[area].level == UNION else ())
            or (area,)
        ]
        ids = list(dict.fromkeys(ids))
    divisions = [entry for entry in entries.values() if entry.level == SHIRE]
    merged = []
    for area in ids:
        holders = {*entries[area].holders} if area in entries else set()
        holders |= {division.area_id for division in divisions if holders & {*division.members}}
        if not holders - {area} & set(ids):
            merged.append(area)
    return tuple(merged)


def build_atlas(countries: Iterable[str], facts: Tables) -> Atlas:
    """Return the places of each country: those of the facts, and regions of ISO 3166-2.

    A region that the facts lack gives way to a place of its name that they have, whose residents
    are on record.
    """
    areas = facts["areas"]
    parents = parents_of(areas)
    places: dict[str, list[Mapping[str, str]]] = {country: [] for country in countries}
    for row in areas.to_dict("records"):
        places.get(country_of(row["area_id"], parents), []).append(row)
    reviewed: dict[str, dict[str, Reviewed]] = {}
    for row in facts["place_names"].to_dict("records"):
        meaning = Reviewed(tuple(row["area_ids"].split(";")), PlaceReading(row["reading"]))
        reviewed.setdefault(row["country_id"], {})[fold_name(row["name"])] = meaning
    gazetteers = {}
    for country, rows in places.items():
        ids = {row["area_id"] for row in rows}
        taken = {fold_name(row["name"]) for row in rows if row["parent_id"] == country}
        more = [
            {"area_id": code, "name": name, "parent_id": outer or country, "aliases": ""}
            for code, (name, outer) in list_regions().get(country, {}).items()
            if code not in ids and fold_name(name) not in taken
        ]
        above = parents | {row["area_id"]: row["parent_id"] for row in more}
        names = reviewed.get(country, {})
        gazetteers[country] = gazetteer_of(country, [*rows, *more], names, above)
    return gazetteers
