"""The comparison of two versions: which answers changed, by how much, and because of what.

`compare` with `is_attributed=False` runs nothing: what it tells depends on the two versions alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audience_impact.outputs import areas
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import AnswerChange
from flows.comparing import answers, causes, rows, sides
from flows.comparing.answers import ANSWER, NEW, OLD
from flows.comparing.causes import Because, Cause, Key
from flows.comparing.rows import Pair
from flows.comparing.sides import Side
from flows.pipeline import steps
from flows.pipeline.steps import RefusedError

MOST_EDITS = 12
"""More edits than these are told apart by table and source alone, as each takes two runs."""
SLIGHT = (AnswerChange.MOVED_SLIGHTLY, AnswerChange.SAME)


@dataclass(frozen=True)
class Comparison:
    """What changed between two sides.

    Attributes:
        old: What is compared with.
        new: What is compared.
        table: Every answer, as answers.compared has them.
        causes: What differs beside the method, and may be why.
        because: Why each answer changed; those without an entry have not been asked about.
        through: Of regions, the countries whose year changed.
        area_names: Names of areas, where the facts are known.
        notes: What cannot be said, and how what is said was found.
    """

    old: Side
    new: Side
    table: pd.DataFrame
    causes: Sequence[Cause]
    because: Mapping[Key, Because]
    through: Mapping[Key, Sequence[str]]
    area_names: Mapping[str, str]
    notes: Sequence[str]

    @property
    def changed(self) -> pd.DataFrame:
        """The answers that are not the same, what matters most first."""
        return self.table[self.table["change"] != AnswerChange.SAME]


def compare(
    old: Side,
    new: Side,
    restriction: str | None = None,
    most_edits: int = MOST_EDITS,
    is_attributed: bool = True,
) -> Comparison:
    """Compare two sides.

    Args:
        old: What is compared with.
        new: What is compared.
        restriction: Compare this alone.
        most_edits: More than these are merged by table and source.
        is_attributed: Tell causes apart by runs.

    Raises RefusedError where neither side has the restriction.
    """
    table = answers.compared(old.answers, new.answers)
    if restriction is not None:
        table = table[table.index.get_level_values(0) == restriction]
        if table.empty:
            raise RefusedError(
                [f"{restriction} is in neither of the two; see audience-impact list"]
            )
    pair = Pair(old.facts, new.facts) if old.facts and new.facts else None
    edits = pair.edits() if pair else []
    kept = rows.merged(edits, most_edits)
    found = causes.found(old, new, kept)
    notes = [*_kept(old, new), *_merged(edits, kept), *_method(old, new, is_attributed)]
    because: Mapping[Key, Because] = {}
    if (pair or _same_facts(old, new)) and len(found) + (old.method != new.method) == 1:
        because = causes.sole(table, is_method=not found)
    elif pair and is_attributed:
        because, refused = _because((old, new), pair, found, table)
        notes += refused
    names = dict(pair.new["areas"]["name"]) if pair else {}
    return Comparison(old, new, table, found, because, _through(table, pair), names, notes)


def _same_facts(old: Side, new: Side) -> bool:
    """Whether two versions, of which one does not hold its facts, were computed from the same."""
    own = [side.version.inputs_sha256 if side.version else "" for side in (old, new)]
    return own[0] == own[1] and old.known_by == new.known_by


def _because(
    sides: tuple[Side, Side], pair: Pair, found: Sequence[Cause], table: pd.DataFrame
) -> tuple[Mapping[Key, Because], list[str]]:
    """Why the answers changed that runs are made for: not slightly, and of no region."""
    is_region = table.index.get_level_values(0).str.isdigit()
    asked = table[~table["change"].isin(SLIGHT) & ~is_region]
    if asked.empty:
        return {}, []
    try:
        return causes.because(sides, pair, found, asked), []
    except RefusedError as error:
        why = f"some facts cannot be used without others, so causes were not told apart: {error}"
        return {}, [why]


def _kept(old: Side, new: Side) -> list[str]:
    """What cannot be said of the facts."""
    counts = [side.refused_count for side in (old, new)]
    told = ["{:,} rows of facts were in quarantine, now {:,} are".format(*counts)]
    silent = [side.name for side in (old, new) if side.facts is None]
    said = (
        f"{' and '.join(silent)}: published before facts were kept with a version: no fact can be "
        "named, and no cause told from another"
    )
    return told * any(counts) + [said] * (bool(silent) and not _same_facts(old, new))


def _merged(edits: Sequence[Any], kept: Sequence[Any]) -> list[str]:
    if len(edits) == len(kept):
        return []
    return [f"{len(edits)} edits are more than are told apart one by one: {len(kept)} by table"]


def _method(old: Side, new: Side, is_attributed: bool) -> list[str]:
    """Which methods made the numbers, where not both are that of the code that runs are made by."""
    told = f"the method changed: {old.method}, then {new.method}"
    own = {side.method for side in (old, new)}
    if not is_attributed:
        return [told] if len(own) == 2 else []
    installed = steps.method()
    if own == {installed}:
        return []
    if len(own) == 1:
        return [f"both by method {old.method}; runs are made with {installed}, which is installed"]
    if installed in own:
        which, other = ("old", "new") if installed == new.method else ("new", "old")
        return [f"{told}; its part is what the {which} facts give with the {other} code"]
    return [f"{told}; neither is installed ({installed}): its part is what the runs leave over"]


def _through(table: pd.DataFrame, pair: Pair | None) -> dict[Key, list[str]]:
    """The countries of each region whose year changed as well."""
    changed = table[table["change"] != AnswerChange.SAME].index
    years = [key for key in changed if key[1].isdigit()]
    if pair is None or not years:
        return {}
    known = pair.new["areas"][["area_id", "parent_id"]]
    countries = pd.Series([area for area, _ in years if not area.isdigit()], dtype="str")
    held = areas.places(known, countries).groupby("area_id")["country_id"].agg(set)
    return {
        (area, year): sorted(
            country for country in held.get(area, set()) if (country, year) in set(years)
        )
        for area, year in years
        if area.isdigit()
    }


def since(old: Stored, new: Stored) -> dict[str, Any]:
    """What changed between two published versions, as plain records, from these alone.

    Nothing is run: causes are named, and told apart only where there is one.
    """
    return records(compare(sides.published(old), sides.published(new), is_attributed=False))


def records(found: Comparison) -> dict[str, Any]:
    """The comparison as plain records."""
    return {
        "old": _side(found.old),
        "new": _side(found.new),
        "counts": counts(found),
        "notes": list(found.notes),
        "causes": [_cause(number, cause, found) for number, cause in enumerate(found.causes, 1)],
        "answers": [_answer(key, row, found) for key, row in found.changed.iterrows()],
    }


def counts(found: Comparison) -> dict[str, int]:
    """How many restrictions there are in either, how many changed, and how: by what mattered most.

    Years of areas are counted apart.
    """
    is_year = found.table.index.get_level_values(1).str.isdigit()
    own, years = found.table[~is_year], found.table[is_year]
    first = own["change"].groupby(level=0).first()
    told = {change.value: int((first == change).sum()) for change in AnswerChange}
    moved = int((~years["change"].isin(SLIGHT)).sum())
    return {"restrictions": len(first), **told, "area_years": len(years), "area_years_moved": moved}


def _side(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "is_published": side.version is not None,
        "as_of": side.asked.as_of.isoformat(),
        "seed": side.asked.seed,
        "method": side.method,
        "known_by": side.known_by.isoformat() if side.known_by else None,
    }


def _cause(number: int, cause: Cause, found: Comparison) -> dict[str, Any]:
    told: dict[str, Any] = {"cause": number}
    if cause.asked:
        ends = [getattr(side.asked, cause.asked) for side in (found.old, found.new)]
        return told | {"asked": cause.asked, "old": str(ends[0]), "new": str(ends[1])}
    return told | {
        "rows": [
            {
                "table": row.table,
                "key": row.key,
                "change": row.change.value,
                "old_place": row.places[0] or None,
                "new_place": row.places[1] or None,
                "names": row.names,
                "cells": {name: list(cells) for name, cells in row.cells.items()},
            }
            for row in cause.rows
        ]
    }


def _answer(key: Key, row: "pd.Series[Any]", found: Comparison) -> dict[str, Any]:
    names = ("area_id", "year") if key[1].isdigit() else ("restriction_id", "impact_metric")
    told: dict[str, Any] = dict(zip(names, key, strict=True))
    if key[1].isdigit():
        told["area_name"] = found.area_names.get(key[0], key[0])
    told |= {"change": row["change"].value, "measure": row["measure"]}
    ends = [row[row["measure"] + end] for end in (OLD, NEW)]
    told["moved_persons"] = None if pd.isna(ends).any() else _plain(row["moved_persons"])
    for end in (OLD, NEW):
        cells = {name: _plain(row[name + end]) for name in ANSWER}
        told[end.strip("_")] = cells if cells["obs_status"] else None
    if key in found.through:
        told["through"] = list(found.through[key])
    if key in found.because:
        told |= _why(found.because[key])
    return told


def _why(because: Because) -> dict[str, Any]:
    return {
        "because": [
            {
                "cause": effect.cause + 1,
                "alone_persons": round(effect.alone_persons),
                "last_persons": round(effect.last_persons),
                "share_persons": round(effect.share_persons),
                "is_joint": effect.is_joint,
            }
            for effect in because.effects
        ],
        "method_persons": round(because.method_persons) if because.is_method else None,
    }


def _plain(cell: Any) -> Any:
    """A cell for a reader: people are whole, what is not there is null."""
    if pd.isna(cell):
        return None
    return round(cell) if isinstance(cell, float) else cell
