"""How well names of places in texts are read: on tables, and with names left out of the facts.

A table has one row a text: `country` (ISO code or name), `area_text`, `start`, `register_scope` as
the STOP register words it, and what is expected, if known: `place_ids`, `population_sum`.

Without a table places and other names are left out of the facts at random, from a seed, and looked
up as "NAME, WHAT HOLDS IT": a place that is not on record must not become another one, and an other
name that is not on record should be read by its spelling or be a part of what holds it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.periods import DAY
from audience_impact.places import population
from audience_impact.registers.countries import country_code, country_codes, country_parts
from audience_impact.registers.place_names import (
    ADMIN1,
    UNION,
    Atlas,
    Entry,
    Gazetteer,
    build_atlas,
    fold_spellings,
    merge_places,
)
from audience_impact.registers.places import NameMeaning, Place, locate_event, resolve_text
from audience_impact.registers.stop import cells
from audience_impact.vocabulary import GeoScope, PlaceMatch, PlaceReading

SEED = 20260101
LEFT_OUT = 0.1
MOST_PLACES = 3000
NEEDED = ("country", "area_text")
ANSWER = ("place_ids", "quality", "population_persons", "counted_persons", "names_unresolved")
NATIONAL, NO_TEXT = "national", "no area text"
UNRESOLVED, PARTLY = "unresolved", "partly unresolved"
WITHIN, MIXED = "within (upper bound)", "mixed: some names whole, some within"
FUZZY, ALIAS, EXACT = "fuzzy-checked", "alias", "exact"


def is_names(table: pd.DataFrame) -> bool:
    """Whether a table holds texts that name places."""
    return set(NEEDED) <= set(table.columns)


def quality(place: Place, text: str) -> str:
    """How well a text is resolved, in one word."""
    if not text.strip():
        return NO_TEXT
    if place.geo_scope is GeoScope.NATIONAL or (not place.names and not place.defect):
        return NATIONAL
    known = [name for name in place.names if name.area_ids]
    if not known:
        return UNRESOLVED
    if len(known) < len(place.names):
        return PARTLY
    within = [name.reading is PlaceReading.WITHIN for name in known]
    if any(within):
        return WITHIN if all(within) else MIXED
    return _match(known)


def _match(found: list[NameMeaning]) -> str:
    matches = {each.found_by for each in found}
    if PlaceMatch.FUZZY in matches:
        return FUZZY
    return EXACT if matches == {PlaceMatch.EXACT} else ALIAS


def answered(table: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The rows of a table as read, with ANSWER; what it expects comes back as `expected_*`."""
    rows = table.reset_index(drop=True).reindex(
        columns=list(dict.fromkeys([*table.columns, "start", "register_scope"])), fill_value=""
    )
    names = {part for cell in rows["country"] for part in country_parts(cell)}
    atlas = build_atlas(sorted({*map(country_code, names)} - {""}), tables)
    result = [_located(row, atlas) for row in rows.to_dict("records")]
    countries = [country_codes(cell) for cell in rows["country"]]
    ids = [_ids(each, own, atlas) for each, own in zip(result, countries, strict=True)]
    told = pd.DataFrame(
        {
            "place_ids": [";".join(each) for each in ids],
            "quality": [quality(*each) for each in zip(result, rows["area_text"], strict=True)],
            "names_unresolved": [
                ";".join(name.name for name in each.names if not name.area_ids) for each in result
            ],
        }
    )
    told = told.join(_people(result, ids, rows["start"], atlas, tables))
    expected = {name: f"expected_{name}" for name in ANSWER if name in table}
    return rows[list(table.columns)].rename(columns=expected).join(told[list(ANSWER)])


def _located(row: Mapping[str, str], atlas: Atlas) -> Place:
    if not country_codes(row["country"]):
        return Place((), GeoScope.UNKNOWN, "country_unresolved")
    scope, _ = cells.read_scope(row["register_scope"])
    return locate_event(row["country"], row["area_text"], scope, atlas)


def _ids(place: Place, countries: list[str], atlas: Atlas) -> tuple[str, ...]:
    """The places that a text names, those that lie in another left out."""
    parts = [part for name in place.names for part in name.area_ids]
    return merge_places(parts, atlas[countries[0]]) if parts else ()


def _people(
    found: list[Place], ids: list[tuple[str, ...]], start: pd.Series, atlas: Atlas, tables: Tables
) -> pd.DataFrame:
    """People of the places of each row on its day, and as counted; NaN where none is known."""
    asked = [
        own or (place.area_ids if place.geo_scope is GeoScope.NATIONAL else ())
        for own, place in zip(ids, found, strict=True)
    ]
    parts = pd.Series([_parts(own, atlas) for own in asked]).explode().dropna()
    days = pd.to_datetime(start, errors="coerce").fillna(pd.Timestamp("2020-07-01"))
    wanted = pd.DataFrame({"area_id": parts.astype("str"), "day": days.reindex(parts.index)})
    wanted["day"] = wanted["day"].astype(DAY)
    rows = wanted.reset_index(names="row")
    people = population.estimate_people(rows, tables)
    counted = rows["area_id"].map(population.count_residents(tables))
    sums = people.assign(counted=counted, row=rows["row"]).groupby("row")
    return pd.DataFrame(
        {
            "population_persons": sums["people_persons"].sum(min_count=1).round(),
            "counted_persons": sums["counted"].sum(min_count=1),
        }
    ).reindex(range(len(found)))


def _parts(ids: Iterable[str], atlas: Atlas) -> list[str]:
    """Places without a person in common: unions beside others as members, none in another."""
    own = tuple(ids)
    if len(own) < 2:
        return list(own)
    known = [gazetteer.entries for gazetteer in atlas.values()]
    entries = {area: each[area] for each in known for area in own if area in each}
    parts = [
        part
        for area in own
        for part in (entries[area].members if area in entries else ()) or (area,)
    ]
    whole = {part: _holders(part, atlas) for part in dict.fromkeys(parts)}
    return [part for part, holders in whole.items() if not holders & (set(whole) - {part})]


def _holders(area_id: str, atlas: Atlas) -> set[str]:
    own = next((gaz.entries[area_id] for gaz in atlas.values() if area_id in gaz.entries), None)
    return set(own.holders) if own else set()


def summary(told: pd.DataFrame) -> dict[str, object]:
    """Shares of the rows by quality, and of those whose places are the ones expected."""
    result: dict[str, object] = {
        "rows": len(told),
        **{f"quality {word}": int(count) for word, count in told["quality"].value_counts().items()},
    }
    part = told[~told["quality"].isin([NATIONAL, NO_TEXT])]
    result["resolved_share"] = float((~part["quality"].isin([UNRESOLVED, PARTLY])).mean())
    if "expected_place_ids" in told:
        same = [
            set(one.split(";")) == set(other.split(";"))
            for one, other in zip(told["place_ids"], told["expected_place_ids"], strict=True)
        ]
        result["same_places_share"] = float(np.mean(same))
        below = pd.Series(same, told.index)[part.index]
        result["same_places_below_country_share"] = float(below.mean())
        claimed = part[(part["place_ids"] != "") & (part["expected_place_ids"] == "")]
        result["resolved_though_not_expected"] = len(claimed)
    if "population_sum" in told:
        ratio = part["counted_persons"] / pd.to_numeric(part["population_sum"], errors="coerce")
        result["population_ratio_median"] = float(ratio.median())
        result["population_within_a_tenth_share"] = float(ratio.dropna().between(0.9, 1.1).mean())
    return result


def left_out(tables: Tables, seed: int = SEED) -> pd.DataFrame:
    """What becomes of places, and of other names, that are not on record.

    Rows `place` and `name`; columns `count`, and the shares that were read `right`, as a `part` of
    what holds it, `unresolved`, and `wrong`.
    """
    random = np.random.default_rng(seed)
    areas = tables["areas"]
    countries = sorted(areas.loc[areas["area_id"].str.fullmatch("[A-Z]{2}"), "area_id"])
    atlas = build_atlas(countries, tables)
    result: dict[str, list[str]] = {"place": [], "name": []}
    for known in atlas.values():
        entries = [value for value in known.entries.values() if value.level not in (ADMIN1, UNION)]
        gone = {value.area_id for value in entries if random.random() < LEFT_OUT}
        result["place"] += _without(
            known, _less(known, gone), (known.entries[value] for value in gone)
        )
        named = [value for value in entries if _other(value) and random.random() < LEFT_OUT]
        result["name"] += _without(known, _fewer_names(known, named), named, other=True)
    return pd.DataFrame({kind: _shares(own) for kind, own in result.items()}).T


def _shares(outcomes: list[str]) -> dict[str, float]:
    kinds = ("right", "part", "unresolved", "wrong")
    return {
        "count": float(len(outcomes)),
        **{kind: outcomes.count(kind) / max(len(outcomes), 1) for kind in kinds},
    }


def _other(entry: Entry) -> str:
    """Another name of a place, in the same letters, or nothing."""
    if not entry.names:
        return ""
    first = fold_spellings(entry.names[0])
    others = sorted(name for name in entry.names if name.isascii() and name not in first)
    return others[0] if others else ""


def _less(known: Gazetteer, gone: set[str]) -> Gazetteer:
    kept = {
        area: entry for area, entry in known.entries.items() if not gone & {area, *entry.holders}
    }
    whole = {
        area: replace(entry, members=tuple(member for member in entry.members if member in kept))
        for area, entry in kept.items()
    }
    return Gazetteer(known.country, whole)


def _fewer_names(known: Gazetteer, named: Iterable[Entry]) -> Gazetteer:
    fewer = {
        each.area_id: replace(each, names=tuple(fold_spellings(each.names[0]))) for each in named
    }
    return Gazetteer(known.country, {**known.entries, **fewer})


def _without(
    known: Gazetteer, less: Gazetteer, asked: Iterable[Entry], other: bool = False
) -> Iterator[str]:
    """How each place is read by a gazetteer that lacks it, or its other names."""
    for entry in asked:
        holder = next((each for each in entry.holders[1:] if each in less.entries), "")
        if not holder or not entry.names or not less.entries[holder].names:
            continue
        text = f"{_other(entry) if other else entry.names[0]}, {less.entries[holder].names[0]}"
        result = resolve_text(text, GeoScope.LOCALITY, less)
        yield _outcome(entry, result, known)


def _outcome(entry: Entry, found: list[NameMeaning], known: Gazetteer) -> str:
    ids = [area for each in found for area in each.area_ids]
    if not ids:
        return "unresolved"
    if ids == [entry.area_id]:
        return "right"
    if all(area in entry.holders or known.has_inside(area, entry.area_id) for area in ids):
        return "part"
    return "wrong"
