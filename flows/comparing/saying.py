"""The comparison as text: the summary first, then what differs, then each answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from audience_impact.answers.answer import STATUS, counted, millions
from audience_impact.vocabulary import AnswerChange as Change
from audience_impact.vocabulary import FactChange
from flows.comparing.causes import ASKED

MOST_ROWS, MOST_ANSWERS, MOST_YEARS = 6, 20, 8
"""How many are told of each edit, of answers and of years, where not all are asked for."""
BOUNDS = ("lower_persons", "upper_persons")
SAID = {
    Change.VANISHED: "gone or no longer estimated",
    Change.APPEARED: "new or newly estimated",
    Change.BEYOND_INTERVAL: "moved beyond the interval",
    Change.MOVED: "moved",
    Change.STATUS_ALONE: "another status alone",
    Change.MOVED_SLIGHTLY: "moved slightly",
}
DID = {
    FactChange.ADDED: "added",
    FactChange.CHANGED: "changed",
    FactChange.REMOVED: "removed",
}
Told = Mapping[str, Any]


def text(told: Told, is_whole: bool = False) -> str:
    """What `changes.records` tells, for a reader; with `is_whole` all of it."""
    parts = [_summary(told), _causes(told, is_whole), *_answers(told, is_whole)]
    return "\n\n".join("\n".join(map(printable, lines)) for lines in parts if lines) + "\n"


def printable(line: str) -> str:
    """A line without what a terminal obeys and no reader sees: written as its code instead."""
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in line)


def _summary(told: Told) -> list[str]:
    counts = told["counts"]
    lines = [f"from {_side(told['old'])}", f"to   {_side(told['new'])}", headline(counts)]
    return [*lines, *(f"note: {note}" for note in told["notes"])]


def _side(side: Told) -> str:
    kind = "version" if side["is_published"] else "facts, not published:"
    known = ", from what was known then" if side["known_by"] else ""
    return f"{kind} {side['name']}, as of {side['as_of']}{known}"


def headline(counts: Mapping[str, int]) -> str:
    """How many answers changed, in a sentence."""
    total, slight = counts["restrictions"], counts[Change.MOVED_SLIGHTLY]
    changed = total - counts[Change.SAME] - slight
    if not changed and not slight:
        return f"Nothing changed: all {total:,} restrictions have the answers that they had."
    parts = [
        f"{counts[change]:,} {said}"
        for change, said in SAID.items()
        if counts[change] and change is not Change.MOVED_SLIGHTLY
    ]
    told = f"{changed:,} of {total:,} restrictions changed" + ": " * bool(parts) + ", ".join(parts)
    some = f" {slight:,} more moved by less than a hundredth of the interval." * bool(slight)
    return f"{told}.{some}"


def _causes(told: Told, is_whole: bool) -> list[str]:
    if not told["causes"]:
        return []
    lines = ["What differs"]
    for cause in told["causes"]:
        if "asked" in cause:
            said = f"{ASKED[cause['asked']]}: {cause['old']}, then {cause['new']}"
            lines.append(f"{cause['cause']:>3}  {said}")
            continue
        most = len(cause["rows"]) if is_whole else MOST_ROWS
        own = [line for row in cause["rows"][:most] for line in _row(row)]
        lines += [f"{cause['cause']:>3}  {own[0]}", *(f"     {line}" for line in own[1:])]
        if (left := len(cause["rows"]) - most) > 0:
            lines.append(f"     and {left:,} more rows: {_tables(cause['rows'][most:])}")
    return lines


def _tables(rows: Sequence[Told]) -> str:
    names = [f"{row['table']} {DID[row['change']]}" for row in rows]
    return ", ".join(f"{names.count(name):,} of {name}" for name in sorted(set(names)))


def _row(row: Told) -> list[str]:
    """A row that differs: where, what, and the old and the new cells."""
    old, new = row["old_place"], row["new_place"]
    where = f"{new} (was {old})" if old and new and old != new else new or old
    names = ", ".join(row["names"].values())
    said = f"{DID[row['change']]} {where} {row['key']}" + f" ({names})" * bool(names)
    cells = [
        f"  {name}: was {first or 'blank'}, now {then or 'blank'}"
        for name, (first, then) in row["cells"].items()
    ]
    return [said, *cells]


def _answers(told: Told, is_whole: bool) -> list[list[str]]:
    """The answers of restrictions, then the years of areas."""
    every = [row for row in told["answers"] if is_whole or row["change"] != Change.MOVED_SLIGHTLY]
    acts: dict[str, list[Told]] = {}
    for row in every:
        if "restriction_id" in row:
            acts.setdefault(row["restriction_id"], []).append(row)
    own = [_restriction(name, rows) for name, rows in acts.items()]
    years = [_year(row) for row in every if "area_id" in row]
    return [
        _section("Restrictions, what matters most first", own, is_whole or MOST_ANSWERS),
        _section("Years of areas", years, is_whole or MOST_YEARS),
    ]


def _section(title: str, parts: Sequence[list[str]], most: int) -> list[str]:
    """A title and its first parts; all where `most` is True."""
    shown = parts if most is True else parts[:most]
    left = len(parts) - len(shown)
    lines = [f"  {line}" for part in shown for line in part]
    more = [f"  and {left:,} more: --all shows them"] * bool(left)
    return [title, *lines, *more] if parts else []


def _restriction(name: str, rows: Sequence[Told]) -> list[str]:
    """What became of the answers for a restriction; metrics of which the same is said together."""
    said: dict[str, list[str]] = {}
    for row in rows:
        metric = row["impact_metric"].replace("_", " ")
        said.setdefault(_became(row), []).append(metric)
    return [name, *(f"  {', '.join(metrics)} {became}" for became, metrics in said.items())]


def _year(row: Told) -> list[str]:
    return [f"{row['area_name']} in {row['year']} {_became(row)}"]


def _became(row: Told) -> str:
    """What became of an answer, its numbers, and why."""
    old, new = row["old"], row["new"]
    parts = [f"({_said(row)}): {_numbers(row)}"]
    if old and new and old["obs_status"] != new["obs_status"]:
        words = (STATUS[cells["obs_status"]] for cells in (old, new))
        parts.append("status was {}, now {}".format(*words))
    return "; ".join([*parts, *_why(row)])


def _said(row: Told) -> str:
    """What became of an answer: one with bounds alone in a version is not gone there, nor new."""
    first, then = SAID[row["change"]].partition(" or ")[::2]
    return then if then and row["old"] and row["new"] else first


def _numbers(row: Told) -> str:
    """The old and the new numbers: medians with intervals, and the bounds where they moved."""
    old, new = row["old"], row["new"]
    if not (old and new):
        return f"was {counted(old)}" if old else f"now {counted(new)}"
    if row["change"] == Change.STATUS_ALONE:
        return f"still {counted(new)}"
    said = f"was {counted(old)}, now {counted(new)}"
    if row["moved_persons"] and row["measure"] in ("q50_persons", *BOUNDS):
        said += f", {signed(row['moved_persons'])}"
    first, then = (" to ".join(millions(cells[end]) for end in BOUNDS) for cells in (old, new))
    has_median = old["q50_persons"] is not None or new["q50_persons"] is not None
    moved = any(old[name] != new[name] for name in BOUNDS)
    return said + f"; bounds were {first}, now {then}" * (moved and has_median)


def signed(persons: float) -> str:
    """By how much a number moved, in words."""
    if not persons:
        return "the same"
    return f"{millions(abs(persons))} {'more' if persons > 0 else 'fewer'}"


def _why(row: Told) -> list[str]:
    """Because of what; numbers where there are several causes."""
    if row.get("through"):
        return [f"through {', '.join(row['through'])}"]
    if "because" not in row:
        return []
    effects, method = row["because"], row["method_persons"]
    if len(effects) + (method is not None) == 1:
        return [f"because of {effects[0]['cause'] if effects else 'the method'}"]
    parts = [f"{effect['cause']} ({_effect(effect)})" for effect in effects]
    parts += [f"the method ({signed(method)})"] * (method is not None)
    joint = [str(effect["cause"]) for effect in effects if effect["is_joint"]]
    acts = [f"{' and '.join(joint)} act together"] * (len(joint) > 1)
    return [
        f"because of {' and '.join(parts)}" if parts else "because of nothing told apart",
        *acts,
    ]


def _effect(effect: Told) -> str:
    if not effect["is_joint"]:
        return signed(effect["share_persons"])
    alone, last = (signed(effect[name]) for name in ("alone_persons", "last_persons"))
    return f"{signed(effect['share_persons'])}: alone {alone}, after all others {last}"
