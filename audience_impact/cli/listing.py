"""The command `versions`: what was published when, from what, and why `latest` moved."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audience_impact.cli.folders import (
    PUBLISHED,
    AnswerFormat,
    OutputFormat,
    PublishedFolder,
)

if TYPE_CHECKING:
    from audience_impact.store.history import Entry, History
    from audience_impact.store.versions import Stored

MOST_ENTRIES = 20
DIGITS = 12
"""Number of digits of a digest that are shown."""


def add_to(app: typer.Typer) -> None:
    """Add the command `versions` to the app."""
    app.command("versions")(show_history)


def show_history(
    published: PublishedFolder = PUBLISHED,
    top: Annotated[
        int, typer.Option(min=1, help="Number of entries to show, the newest first.")
    ] = MOST_ENTRIES,
    show_all: Annotated[bool, typer.Option("--all", help="Show all entries.")] = False,
    style: AnswerFormat = OutputFormat.TEXT,
) -> None:
    """List what was published when, the newest first, and each move of `latest`.

    For each entry: when it was written, the version, what happened and why, the digests of facts
    and code, and the libraries. JSON contains every entry in full. Versions from before the history
    follow.
    """
    from audience_impact.plain_text import json_text, plain_line
    from audience_impact.store import LATEST, history, storage, versions
    from audience_impact.store.files import report_away

    store = storage.select_storage(published)
    with report_away(store.address):
        log, listed = history.read_history(store), versions.list_versions(store)
        target = (store.read_pointer(LATEST) or "").rpartition("/")[2]
    if not log.entries and not listed:
        versions.find_latest(published)  # raises PublishError, which says what is wrong
    for line in [*log.damages, *_find_conflicts(log, target)]:
        typer.echo(plain_line(line), err=True)
    if style is OutputFormat.JSON:
        sys.stdout.write(json_text(_as_records(log, listed, target)) + "\n")
        return
    lines = list(_format_entries(log, listed, target))
    most = len(lines) if show_all else top
    for block in lines[:most]:
        typer.echo("\n".join(map(plain_line, block)))
    if len(lines) > most:
        typer.echo(f"and {len(lines) - most:,} more: --all shows them")


def _find_conflicts(log: "History", target: str) -> list[str]:
    """Return a line if `latest` does not lead to where the last entry says."""
    if not log.entries or log.entries[-1].version == target:
        return []
    return [
        f"latest leads to {target or 'nothing'}, the last entry says {log.entries[-1].version}: it "
        "was moved by hand, or a run was interrupted"
    ]


def _list_unrecorded(log: "History", listed: "list[Stored]") -> "list[Stored]":
    recorded = {entry.version for entry in log.entries}
    return [version for version in reversed(listed) if version.name not in recorded]


def _as_records(log: "History", listed: "list[Stored]", target: str) -> dict[str, Any]:
    """Return all entries, the newest first, and the versions that no entry is about."""
    there = {version.name for version in listed}
    entries = [
        {**entry.as_record(), "is_there": entry.version in there} for entry in reversed(log.entries)
    ]
    unrecorded = [version.name for version in _list_unrecorded(log, listed)]
    return {"latest": target, "entries": entries, "unrecorded": unrecorded}


def _format_entries(log: "History", listed: "list[Stored]", target: str) -> list[list[str]]:
    there = {version.name for version in listed}
    last = {entry.version: entry.number for entry in log.entries}
    blocks: list[list[str]] = []
    before: Mapping[str, str] = {}
    for entry in log.entries:
        marks = ["<- latest"] * (entry.number == last.get(target))
        marks += ["(removed)"] * (entry.version not in there)
        blocks.append(_format_entry(entry, before, marks))
        before = entry.libraries or before
    blocks.reverse()
    for version in _list_unrecorded(log, listed):
        mark = "  <- latest" * (version.name == target)
        blocks.append([f"not recorded      {version.name}{mark}"])
    return blocks


def _format_entry(entry: "Entry", before: Mapping[str, str], marks: list[str]) -> list[str]:
    head = f"{entry.at:%Y-%m-%d %H:%M}  {entry.version}  {entry.event}"
    lines = ["  ".join([head, *marks]), f"    {entry.reason}"]
    if entry.libraries:
        facts = str(entry.identity.get("inputs_sha256", ""))[:DIGITS]
        lines.append(
            f"    facts {facts}, code {entry.identity.get('method_version', '')}, "
            f"{_format_libraries(entry.libraries, before)}"
        )
    return lines


def _format_libraries(libraries: Mapping[str, str], before: Mapping[str, str]) -> str:
    """Return the libraries that differ from those of the entry before; all of the first."""
    moved = [
        f"{name} {release}" for name, release in libraries.items() if before.get(name) != release
    ]
    return ", ".join(moved) if moved else "libraries as before"
