"""The commands `versions` and `diff`: what was published when, and what changed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import (
    PUBLISHED,
    AnswerFormat,
    OutputFormat,
    PublishedFolder,
    date_option,
    fail_with,
    import_computing,
    path_option,
    print_line,
    write_answer,
)
from audience_impact.plain_text import plain_line

if TYPE_CHECKING:
    from audience_impact.store.history import Entry

DIGITS = 12
"""Number of digits of a digest that are shown."""


def show_history(
    published: PublishedFolder = PUBLISHED,
    top: Annotated[
        int, typer.Option(min=1, help="Number of entries to show, the newest first.")
    ] = 20,
    show_all: Annotated[bool, typer.Option("--all", help="Show all entries.")] = False,
    style: AnswerFormat = OutputFormat.TEXT,
) -> None:
    """List what was published when, the newest first, and each move of `latest`.

    For each entry: when it was written, the version, what happened and why, the digests of facts
    and code, and the libraries. Versions from before the history follow.
    """
    from audience_impact.store import LATEST, history, storage, versions
    from audience_impact.store.files import report_away

    store = storage.select_storage(published)
    with report_away(store.address):
        (entries, damages), listed = history.read_history(store), versions.list_versions(store)
        target = (store.read_pointer(LATEST) or "").rpartition("/")[2]
    if not entries and not listed:
        versions.find_latest(published)  # raises PublishError, which says what is wrong
    for line in damages:
        print_line(line, err=True)
    if entries and (last := entries[-1].version) != target:
        line = f"latest leads to {target or 'nothing'}, the last entry says {last}: it was moved "
        print_line(f"{line}by hand, or a run was interrupted", err=True)
    there = [version.name for version in listed]
    recorded = {entry.version for entry in entries}
    unrecorded = [name for name in reversed(there) if name not in recorded]
    records = [
        {**entry.as_record(), "is_there": entry.version in there} for entry in reversed(entries)
    ]
    blocks = _format_entries(entries, there, target)
    blocks += [
        [f"not recorded      {name}{'  <- latest' * (name == target)}"] for name in unrecorded
    ]
    most = len(blocks) if show_all else top
    lines = [plain_line(line) for block in blocks[:most] for line in block]
    if len(blocks) > most:
        lines.append(f"and {len(blocks) - most:,} more: --all shows them")
    values = {"latest": target, "entries": records, "unrecorded": unrecorded}
    write_answer(style, values, "".join(f"{line}\n" for line in lines))


def _format_entries(
    entries: "Sequence[Entry]", there: Collection[str], target: str
) -> list[list[str]]:
    """Return the lines of each entry, the newest first; of libraries those that moved."""
    last = {entry.version: entry.number for entry in entries}
    blocks: list[list[str]] = []
    before: dict[str, str] = {}
    for entry in entries:
        head = f"{entry.at:%Y-%m-%d %H:%M}  {entry.version}  {entry.event}"
        head += "  <- latest" * (entry.number == last.get(target))
        head += "  (removed)" * (entry.version not in there)
        block = [head, f"    {entry.reason}"]
        if entry.libraries:
            moved = [
                f"{name} {release}"
                for name, release in entry.libraries.items()
                if before.get(name) != release
            ]
            facts = str(entry.identity.get("inputs_sha256", ""))[:DIGITS]
            code = entry.identity.get("method_version", "")
            libraries = ", ".join(moved) or "libraries as before"
            block.append(f"    facts {facts}, code {code}, {libraries}")
            before = dict(entry.libraries)
        blocks.insert(0, block)
    return blocks


def diff(
    old: Annotated[
        str | None,
        typer.Argument(
            help="Number of a version, its id or the beginning of it, latest, previous, or its "
            "folder. Default: previous, or with --facts latest.",
            show_default=False,
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(help="A later version. Default: latest.", show_default=False),
    ] = None,
    published: PublishedFolder = PUBLISHED,
    facts: Annotated[
        list[Path] | None,
        path_option(
            "--facts",
            "DIR",
            "Compute answers from these facts instead of NEW; several are layered. In a checkout.",
        ),
    ] = None,
    as_of: Annotated[
        datetime | None,
        date_option("--as-of", "With --facts: use only facts that were known on that date."),
    ] = None,
    restriction: Annotated[
        str | None, typer.Option(metavar="ID", help="Compare only this restriction.")
    ] = None,
    most_rows: Annotated[
        int,
        typer.Option("--edits", min=1, help="Number of changed fact rows to show."),
    ] = 12,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show all answers and rows, also slight changes.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with status 1 if an answer changed, for CI.")
    ] = False,
    style: AnswerFormat = OutputFormat.TEXT,
) -> None:
    """Show which answers changed between two versions, by how much, and what else changed.

    That are facts that were added, changed or removed, and another day, seed or method.
    """
    if facts and new:
        raise fail_with("give NEW or --facts, not both", 2)
    if as_of and not facts:
        raise fail_with("--as-of requires --facts; a version already has its date", 2)
    computing = import_computing() if facts else None
    from audience_impact.comparing import changes, text
    from audience_impact.store import LATEST, versions

    first = versions.find_version(published, old or (LATEST if facts else versions.PREVIOUS))
    if facts and computing:
        second = computing.compute_side(facts, as_of.date() if as_of else None, first)
    else:
        second = changes.read_published(versions.find_version(published, new or LATEST))
    comparison = changes.compare_versions(changes.read_published(first), second, restriction)
    records = changes.as_records(comparison)
    write_answer(style, records, text.format_comparison(records, most_rows, show_all))
    raise typer.Exit(int(exit_code and not comparison.changed_answers.empty))
