"""The command `diff`: what changed between two versions, or between a version and facts."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import PUBLISHED, PublishedFolder, Told, fail
from flows.commands.folders import fact_folders

if TYPE_CHECKING:
    from flows.comparing.sides import Side


Old = Annotated[
    str | None,
    typer.Argument(
        help="Version to compare with: its id or the beginning of it, latest, previous, or its "
        "folder. Default: previous, or with --facts latest.",
        show_default=False,
    ),
]
New = Annotated[
    str | None,
    typer.Argument(help="Version to compare, named likewise. Default: latest.", show_default=False),
]
Facts = Annotated[
    list[Path] | None,
    typer.Option(
        "--facts",
        metavar="DIR",
        help="Compare what these facts give, computed now and not published, in place of NEW; "
        "several folders are layered.",
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        metavar="DATE",
        help="With --facts: use only what was known on that day, as `run` does.",
    ),
]
Restriction = Annotated[
    str | None, typer.Option("--restriction", metavar="ID", help="Compare this restriction alone.")
]
MostEdits = Annotated[
    int,
    typer.Option(
        "--edits",
        min=1,
        help="Tell so many edits of facts apart, each by two runs; more are taken together by "
        "table and source.",
    ),
]
All = Annotated[
    bool, typer.Option("--all", help="Show every answer and row, also what moved slightly.")
]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="Exit with 1 where an answer changed, for CI.")
]


def add_to(app: typer.Typer) -> None:
    """Give the command line the command."""
    app.command()(diff)


def diff(
    old: Old = None,
    new: New = None,
    published: PublishedFolder = PUBLISHED,
    facts: Facts = None,
    as_of: AsOf = None,
    restriction: Restriction = None,
    most_edits: MostEdits = 12,
    whole: All = False,
    exit_code: ExitCode = False,
    style: Annotated[Told, typer.Option("--format", help="Form of the answer.")] = Told.TEXT,
) -> None:
    """Tell which answers changed between two versions, by how much, and because of what.

    Causes are facts that were added, changed or removed, the day, the seed and the method; they are
    told apart by running the combinations. Exit status 0, also where answers changed; 1 where a
    version cannot be read, and with --exit-code where an answer changed.
    """
    if facts and new:
        raise fail("give NEW or --facts, not both", 2)
    if as_of and not facts:
        raise fail("--as-of goes with --facts; a version has its day already", 2)
    folders = fact_folders(facts) if facts else []
    from audience_impact.store import PublishError
    from flows.comparing import changes, saying, sides
    from flows.pipeline.steps import RefusedError
    from schemas.contracts import ValidationOffError

    default = sides.LATEST if facts else sides.PREVIOUS
    try:
        first = sides.published(sides.find(published, old or default))
        then = _then(first, published, new, folders, as_of)
        found = changes.compare(first, then, restriction, most_edits)
    except (PublishError, RefusedError, ValidationOffError) as error:
        raise fail(str(error)) from error
    told = changes.records(found)
    as_json = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    sys.stdout.write(as_json if style is Told.JSON else saying.text(told, whole))
    raise typer.Exit(int(exit_code and not found.changed.empty))


def _then(
    first: "Side", published: Path, new: str | None, folders: list[Path], as_of: datetime | None
) -> "Side":
    """What is compared: facts computed now, or a version."""
    from flows.comparing import sides

    if not folders:
        return sides.published(sides.find(published, new or sides.LATEST))
    day = as_of.date() if as_of else None
    return sides.of_facts(folders, day, first.asked, datetime.now(UTC).date())
