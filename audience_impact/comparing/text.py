"""The comparison as text: the summary first, then what differs, then each answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from audience_impact.answers.names import label_code
from audience_impact.answers.numbers import format_compact, format_estimate
from audience_impact.plain_text import plain_line
from audience_impact.vocabulary import AnswerChange as Change

MOST_ROWS, MOST_ANSWERS, MOST_YEARS, MOST_BESIDE = 12, 20, 8, 6
"""Maximum numbers of rows, answers, years, and related rows of an answer in the text."""
BOUNDS = ("printed_min_persons", "printed_max_persons")
BECAME = {
    Change.VANISHED: "gone or no longer estimated",
    Change.APPEARED: "new or newly estimated",
    Change.MOVED_BEYOND_ITS_INTERVAL: "moved beyond the interval",
    Change.MOVED: "moved",
    Change.STATUS_ALONE: "only another status",
    Change.MOVED_SLIGHTLY: "moved slightly",
}
Record = Mapping[str, Any]


def format_comparison(
    records: Record, most_rows: int = MOST_ROWS, is_complete: bool = False
) -> str:
    """Return `changes.as_records` as text, with at most `most_rows` fact rows, or all of them."""
    summary = [
        f"from {_format_version(records['old'])}",
        f"to   {_format_version(records['new'])}",
        format_headline(records["counts"]),
        *(f"note: {note}" for note in records["notes"]),
    ]
    differs = _format_differences(records, len(records["rows"]) if is_complete else most_rows)
    parts = [summary, differs, *_format_answers(records, is_complete)]
    return "\n\n".join("\n".join(map(plain_line, lines)) for lines in parts if lines) + "\n"


def _format_version(side: Record) -> str:
    kind = "version" if side["is_published"] else "facts, not published:"
    return f"{kind} {side['name']}, as of {side['settings']['the day']}"


def format_headline(counts: Mapping[str, int]) -> str:
    """Return how many answers changed, in a sentence."""
    total, slight = counts["restrictions"], counts[Change.MOVED_SLIGHTLY]
    changed = total - counts[Change.SAME] - slight
    if not changed and not slight:
        return f"Nothing changed: all {total:,} restrictions have the answers that they had."
    parts = [
        f"{counts[change]:,} {words}"
        for change, words in BECAME.items()
        if counts[change] and change is not Change.MOVED_SLIGHTLY
    ]
    line = f"{changed:,} of {total:,} restrictions changed" + ": " * bool(parts) + ", ".join(parts)
    some = f" {slight:,} more moved by less than a hundredth of the interval." * bool(slight)
    return f"{line}.{some}"


def _format_differences(records: Record, most: int) -> list[str]:
    settings, rows = records["settings"], records["rows"]
    lines = [f"     {name}: {old}, then {new}" for name, (old, new) in settings.items()]
    for row in rows[:most]:
        old, new = row["old_place"], row["new_place"]
        where = f"{new} (was {old})" if old and new and old != new else new or old
        names = ", ".join(row["names"].values())
        label = row["key"] + f" ({names})" * bool(names)
        lines.append(f"{row['row']:>3}  {row['change']} {where} {label}")
        lines += [
            f"       {name}: was {first or 'blank'}, now {then or 'blank'}"
            for name, (first, then) in row["cells"].items()
        ]
    if rest := rows[most:]:
        counts = Counter(f"{row['table']} {row['change']}" for row in rest)
        tables = ", ".join(f"{count:,} of {name}" for name, count in sorted(counts.items()))
        lines.append(f"     and {len(rest):,} more rows: {tables}; --all shows them")
    return ["What differs", *lines] if lines else []


def _format_answers(records: Record, is_complete: bool) -> list[list[str]]:
    by_restriction: dict[str, list[Record]] = {}
    years = []
    for row in records["answers"]:
        if row["change"] == Change.MOVED_SLIGHTLY and not is_complete:
            continue
        if "area_id" in row:
            line = f"{row['area_name']} in {row['year']} {_format_change(row)}"
            years.append([line + _format_related(row)])
        else:
            by_restriction.setdefault(row["restriction_id"], []).append(row)
    restrictions = [_format_restriction(*item) for item in by_restriction.items()]
    sections = []
    for title, parts, most in (
        ("Restrictions, what matters most first", restrictions, MOST_ANSWERS),
        ("Years of areas", years, MOST_YEARS),
    ):
        shown = parts if is_complete else parts[:most]
        lines = [f"  {line}" for part in shown for line in part]
        if more := len(parts) - len(shown):
            lines.append(f"  and {more:,} more: --all shows them")
        sections.append([title, *lines] if parts else [])
    return sections


def _format_restriction(name: str, rows: Sequence[Record]) -> list[str]:
    """Return the lines about the answers of a restriction; metrics with the same text share one."""
    metrics: dict[str, list[str]] = {}
    for row in rows:
        metrics.setdefault(_format_change(row), []).append(row["impact_metric"].replace("_", " "))
    lines = [f"  {', '.join(of_line)} {change}" for change, of_line in metrics.items()]
    lines += [
        f"  {label_code(figure['role'], 'fact_role')} of {figure['platform_id']}: was "
        f"{'; '.join(figure['old'])}, now {'; '.join(figure['new'])}"
        for figure in rows[0]["figures"]
    ]
    return [f"{name}{_format_related(rows[0])}", *lines]


def format_answer(row: Record) -> str:
    """Return the answer of a restriction in both versions in one line."""
    return f"{row['restriction_id']} {row['impact_metric'].replace('_', ' ')} {_format_change(row)}"


def _format_related(row: Record) -> str:
    numbers = row["beside"]
    names = ", ".join(map(str, numbers[:MOST_BESIDE]))
    more = f" and {len(numbers) - MOST_BESIDE:,} more" * (len(numbers) > MOST_BESIDE)
    return f", beside {names}{more}" * bool(numbers)


def _format_change(row: Record) -> str:
    """Return the change in words; an answer with remaining bounds is neither gone nor new."""
    old, new = row["old"], row["new"]
    first, then = BECAME[row["change"]].partition(" or ")[::2]
    line = f"({then if then and old and new else first}): {_format_numbers(row)}"
    if old and new and old["obs_status"] != new["obs_status"]:
        was, now = (label_code(cells["obs_status"], "obs_status") for cells in (old, new))
        line += f"; status was {was}, now {now}"
    return line


def _format_numbers(row: Record) -> str:
    """Return the old and the new medians with intervals, and the bounds where they moved."""
    old, new = row["old"], row["new"]
    if not (old and new):
        return f"was {_format_side(old)}" if old else f"now {_format_side(new)}"
    if row["change"] == Change.STATUS_ALONE:
        return f"still {_format_side(new)}"
    line = f"was {_format_side(old)}, now {_format_side(new)}"
    if (moved := row["moved_persons"]) and row["measure"] in ("q50_persons", *BOUNDS):
        line += f", {format_compact(abs(moved))} {'more' if moved > 0 else 'fewer'}"
    has_median = old["q50_persons"] is not None or new["q50_persons"] is not None
    moved = any(old[name] != new[name] for name in BOUNDS)
    bounds = f"; bounds as printed were {_format_bounds(old)}, now {_format_bounds(new)}"
    return line + bounds * (moved and has_median)


def _format_side(cells: Record) -> str:
    return format_estimate(cells) if cells["q50_persons"] is not None else _format_bounds(cells)


def _format_bounds(cells: Record) -> str:
    return " to ".join(format_compact(cells[end]) for end in BOUNDS)
