"""The command `check`, which requires only the libraries of requirements-check.lock."""

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import fail_with, require_local_paths
from flows.commands.folders import FACTS, OnTopOfShipped, fact_folders

if TYPE_CHECKING:
    from audience_impact.facts.tables import Finding
    from flows.pipeline.steps import Reading


class FindingFormat(StrEnum):
    """Output formats of findings."""

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
        readable=False,
    ),
]
Accept = Annotated[
    str | None,
    typer.Option(
        "--accept",
        metavar="REASON",
        help="Enter the reported warnings in accepted_findings.csv of the last folder: they are "
        "accepted until the cell changes.",
    ),
]


def check_facts(
    paths: Paths = None,
    style: Annotated[
        FindingFormat, typer.Option("--format", help="Output format of the findings.")
    ] = FindingFormat.TEXT,
    on_top_of_shipped: OnTopOfShipped = False,
    accept: Accept = None,
) -> None:
    """Check fact tables: one finding a line, FILE:LINE:COLUMN: RULE: message.

    With --on-top-of-shipped, only findings on your rows are reported, and errors that your rows
    cause in shipped rows.

    Exit status 0: no errors; 1: errors; 2: wrong options.
    """
    folders = fact_folders(paths, on_top_of_shipped, [FACTS])
    from audience_impact.facts.tables import relocate_finding
    from flows.pipeline import steps

    today = datetime.now(UTC).date()
    reading = steps.read_facts(folders)
    checked = steps.validate_facts(reading, today)
    rows = sum(checked.rows.values())
    mine, accepted = [
        [
            finding
            for finding in findings
            if not on_top_of_shipped or finding.layer > 1 or finding.is_error
        ]
        for findings in (checked.findings, checked.accepted)
    ]
    errors = sum(finding.is_error for finding in mine)
    sys.stdout.write(
        _format_findings(style, [relocate_finding(finding, folders) for finding in mine], rows)
    )
    typer.echo(
        f"{rows:,} rows checked: {errors} errors, {len(mine) - errors} warnings"
        + f", {len(accepted)} accepted" * bool(accepted),
        err=True,
    )
    if unstated := _format_unstated(reading, on_top_of_shipped):
        typer.echo(f"warning: {unstated}", err=True)
    if on_top_of_shipped:
        typer.echo(_format_replaced(reading), err=True)
    if accept is not None:
        typer.echo(_accept_warnings(reading, mine, accept, today), err=True)
    raise typer.Exit(1 if errors else 0)


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("check")(check_facts)


def _format_unstated(reading: "Reading", on_top: bool) -> str:
    """Return one line that counts the sources without title, date or licence; empty if none.

    One line, because hundreds of older sources lack one of them, and a warning for each would hide
    the others. On top of the shipped facts only own sources count.
    """
    from audience_impact.blanks import mark_filled

    sources = reading.tables["sources"]
    sources = sources[sources["row_layer"] > 1] if on_top else sources
    names = {"title": "title", "published_on": "date of publication", "licence": "licence"}
    counts = {word: int((~mark_filled(sources[name])).sum()) for name, word in names.items()}
    missing = [f"{count:,} without a {word}" for word, count in counts.items() if count]
    if not missing:
        return ""
    return (
        f"sources.csv: of {len(sources):,} sources {', '.join(missing)}; copy them from the page, "
        'and write "not stated" where it states no licence'
    )


def _format_replaced(reading: "Reading") -> str:
    from audience_impact.plain_text import plain_line
    from schemas import facts

    keys = facts.list_keys()
    labels = [
        f"{table} {';'.join(cells)}"
        for table, frame in reading.replaced.items()
        for cells in frame[keys[table]].to_numpy()
    ]
    more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
    return plain_line(f"shipped rows replaced: {', '.join(labels[:10]) or 'none'}{more}")


def _accept_warnings(
    reading: "Reading", findings: "Sequence[Finding]", reason: str, today: date
) -> str:
    from audience_impact.facts import checks
    from audience_impact.plain_text import plain_line
    from flows.adding import writing
    from schemas import facts

    if not reason.strip():
        raise fail_with("--accept: give the reason, in words", 2)
    if any(finding.is_error for finding in findings):
        raise fail_with("nothing accepted: correct the errors first")
    folder = reading.folders[-1]
    require_local_paths(folder)
    marks = checks.list_marks(findings, facts.list_keys())
    review = {"reason": reason.strip(), "reviewed_on": today.isoformat()}
    rows = [mark._asdict() | review for mark in marks]
    files = writing.insert_rows(folder, {checks.ACCEPTED: rows})
    writing.require_sound(files, reading.folders, today)
    writing.write_files(files)
    rest_count = len(findings) - len(marks)
    rest = f"; {rest_count} warnings concern no row and cannot be accepted" if rest_count else ""
    return plain_line(f"{len(marks)} warnings entered in {folder / checks.ACCEPTED}.csv{rest}")


def _format_findings(style: FindingFormat, findings: "list[Finding]", rows: int) -> str:
    from flows.pipeline import findings as forms

    if style is FindingFormat.JUNIT:
        return forms.as_junit(findings, rows)
    if style is FindingFormat.GITHUB:
        return forms.as_github(findings)
    return forms.as_json(findings) if style is FindingFormat.JSON else forms.as_text(findings)
