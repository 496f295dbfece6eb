"""The command `check`: needs no more than requirements-check.lock installs."""

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import fail, local
from flows.commands.folders import OnTopOfShipped, fact_folders

if TYPE_CHECKING:
    from audience_impact.facts.tables import Finding
    from flows.pipeline.steps import Checked, Reading


class Style(StrEnum):
    """Forms in which findings are told."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"


Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Folders of fact tables, or their addresses, layered. Default: data/facts of "
        "the checkout.",
        show_default=False,
    ),
]
Accept = Annotated[
    str | None,
    typer.Option(
        "--accept",
        metavar="REASON",
        help="Enter the warnings found in accepted_findings.csv of the last folder: they are told "
        "no more, until the cell changes.",
    ),
]


def check(
    paths: Paths = None,
    style: Annotated[Style, typer.Option("--format", help="Form of the findings.")] = Style.TEXT,
    on_top_of_shipped: OnTopOfShipped = False,
    accept: Accept = None,
) -> None:
    """Check fact tables: one finding a line, FILE:LINE:COLUMN: RULE: message.

    On top of the shipped facts, findings on rows of one's own are told, and errors that these make
    of shipped rows.

    Exit status 0: nothing at severity error; 1: errors; 2: called wrongly.
    """
    folders = fact_folders(paths, on_top_of_shipped)
    from audience_impact.facts.tables import relocated
    from flows.pipeline import steps
    from schemas.contracts import ValidationOffError

    today = datetime.now(UTC).date()
    reading = steps.read(folders)
    try:
        checked = steps.check(reading, today)
    except ValidationOffError as error:
        raise fail(str(error)) from error
    mine = _of_own(checked) if on_top_of_shipped else checked.findings
    rows = sum(checked.rows.values())
    sys.stdout.write(_told(style, [relocated(one, folders) for one in mine], rows))
    typer.echo(_summary(checked, mine, on_top_of_shipped), err=True)
    if on_top_of_shipped:
        typer.echo(_replaced(reading), err=True)
    if accept is not None:
        typer.echo(_accept(reading, mine, accept, today), err=True)
    raise typer.Exit(1 if any(_is_error(found) for found in mine) else 0)


def add_to(app: typer.Typer) -> None:
    """Enter the command."""
    app.command()(check)


def _is_error(found: "Finding") -> bool:
    from audience_impact.vocabulary import FindingSeverity

    return found.severity is not FindingSeverity.WARNING


def _of_own(checked: "Checked") -> "list[Finding]":
    """Findings on rows of one's own, and errors on shipped rows: alone these have none."""
    return [found for found in checked.findings if found.layer > 1 or _is_error(found)]


def _summary(checked: "Checked", mine: "Sequence[Finding]", on_top: bool) -> str:
    errors = sum(_is_error(found) for found in mine)
    kept = [found for found in checked.accepted if not on_top or found.layer > 1]
    accepted = f", {len(kept)} accepted" if kept else ""
    rows = sum(checked.rows.values())
    return f"{rows:,} rows checked: {errors} errors, {len(mine) - errors} warnings{accepted}"


def _replaced(reading: "Reading") -> str:
    """Which shipped rows the layers above replace, by key."""
    from audience_impact.plain_text import plain
    from schemas import facts

    keys = facts.keys()
    told = [
        f"{table} {';'.join(row[name] for name in keys[table])}"
        for table, frame in reading.replaced.items()
        for _, row in frame.iterrows()
    ]
    more = f" and {len(told) - 10} more" if len(told) > 10 else ""
    return plain(f"shipped rows replaced: {', '.join(told[:10]) or 'none'}{more}")


def _accept(reading: "Reading", findings: "Sequence[Finding]", reason: str, today: date) -> str:
    """Enter the warnings in the last folder; what was done, in a line."""
    from audience_impact.facts.surprises import accepted
    from audience_impact.plain_text import plain
    from flows.adding import writing
    from flows.pipeline.steps import RefusedError
    from schemas import facts

    if not reason.strip():
        raise fail("--accept: give the reason, in words", 2)
    if any(_is_error(found) for found in findings):
        raise fail("nothing accepted: correct the errors first")
    folder = reading.folders[-1]
    local(folder)
    marks = accepted.marks_of(findings, reading.tables, facts.keys())
    own = {"reason": reason.strip(), "reviewed_on": today.isoformat()}
    rows = [mark._asdict() | own for mark in marks]
    try:
        files = writing.grown(folder, {accepted.TABLE: rows})
        writing.require_sound(files, reading.folders, today)
        writing.write(files)
    except RefusedError as error:
        raise fail(str(error)) from error
    left = len(findings) - len(marks)
    rest = f"; {left} warnings speak of no row and cannot be accepted" if left else ""
    return plain(f"{len(marks)} warnings entered in {folder / accepted.TABLE}.csv{rest}")


def _told(style: Style, findings: "list[Finding]", rows: int) -> str:
    """The findings in the form asked for."""
    from flows.pipeline import findings as forms_of

    if style is Style.JUNIT:
        return forms_of.as_junit(findings, rows)
    forms = {
        Style.TEXT: forms_of.as_text,
        Style.JSON: forms_of.as_json,
        Style.GITHUB: forms_of.as_github,
    }
    return forms[style](findings)
