"""The command `diff`: changes between two published versions or, in a checkout, also of facts."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from audience_impact.cli.folders import (
    PUBLISHED,
    AnswerFormat,
    OutputFormat,
    PublishedFolder,
    date_option,
    fail_with,
    path_option,
    require_computing,
)

Old = Annotated[
    str | None,
    typer.Argument(
        help="Version to compare with: its number, its id or the beginning of the id, latest, "
        "previous, or its folder. Default: previous, or with --facts latest.",
        show_default=False,
    ),
]
New = Annotated[
    str | None,
    typer.Argument(
        help="Version to compare, in the same forms. Default: latest.", show_default=False
    ),
]
Facts = Annotated[
    list[Path] | None,
    path_option(
        "--facts",
        "DIR",
        "Compare the answers from these facts, which are computed now and not published, "
        "instead of NEW; several folders are layered. Only in a checkout.",
    ),
]
AsOf = Annotated[
    datetime | None,
    date_option(
        "--as-of", "With --facts: use only facts that were known on that date, as `run` does."
    ),
]
Restriction = Annotated[
    str | None, typer.Option("--restriction", metavar="ID", help="Compare only this restriction.")
]
MostRows = Annotated[
    int,
    typer.Option(
        "--edits", min=1, help="Maximum number of changed fact rows to show; --all shows all."
    ),
]
All = Annotated[bool, typer.Option("--all", help="Show all answers and rows, also slight changes.")]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="Exit with status 1 if an answer changed, for CI.")
]


def add_to(app: typer.Typer) -> None:
    """Add the command `diff` to the app."""
    app.command()(diff)


def diff(
    context: typer.Context,
    old: Old = None,
    new: New = None,
    published: PublishedFolder = PUBLISHED,
    facts: Facts = None,
    as_of: AsOf = None,
    restriction: Restriction = None,
    most_rows: MostRows = 12,
    show_all: All = False,
    exit_code: ExitCode = False,
    style: AnswerFormat = OutputFormat.TEXT,
) -> None:
    """Show which answers changed between two versions, by how much, and the related changes.

    The related changes are facts that were added, changed or removed, and another day, seed or
    method. Exit status 0, also where answers changed; 1 where a version cannot be read, and with
    --exit-code where an answer changed.
    """
    if facts and new:
        raise fail_with("give NEW or --facts, not both", 2)
    if as_of and not facts:
        raise fail_with("--as-of requires --facts; a version already has its date", 2)
    computing = require_computing(context) if facts else None
    from audience_impact.comparing import changes, text
    from audience_impact.comparing.compared_versions import read_published
    from audience_impact.plain_text import json_text
    from audience_impact.store import LATEST, versions

    first = versions.find_version(published, old or (LATEST if facts else versions.PREVIOUS))
    if facts and computing:
        second = computing.answers(facts, as_of.date() if as_of else None, first)
    else:
        second = read_published(versions.find_version(published, new or LATEST))
    comparison = changes.compare_versions(read_published(first), second, restriction)
    records = changes.as_records(comparison)
    sys.stdout.write(
        json_text(records) + "\n"
        if style is OutputFormat.JSON
        else text.format_comparison(records, most_rows, show_all)
    )
    raise typer.Exit(int(exit_code and not comparison.changed_answers.empty))
