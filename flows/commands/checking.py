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
    from flows.pipeline.steps import Checked, Reading


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
    mine = _select_own_findings(checked) if on_top_of_shipped else checked.findings
    rows = sum(checked.rows.values())
    sys.stdout.write(
        _format_findings(style, [relocate_finding(finding, folders) for finding in mine], rows)
    )
    typer.echo(_format_summary(checked, mine, on_top_of_shipped), err=True)
    if unstated := _format_unstated(reading, on_top_of_shipped):
        typer.echo(f"warning: {unstated}", err=True)
    if on_top_of_shipped:
        typer.echo(_format_replaced(reading), err=True)
    if accept is not None:
        typer.echo(_accept_warnings(reading, mine, accept, today), err=True)
    raise typer.Exit(1 if any(_is_error(finding) for finding in mine) else 0)


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("check")(check_facts)


def _is_error(finding: "Finding") -> bool:
    from audience_impact.vocabulary import FindingSeverity

    return finding.severity is not FindingSeverity.WARNING


def _select_own_findings(checked: "Checked") -> "list[Finding]":
    """Return findings on own rows, and errors on shipped rows that own rows cause."""
    return [finding for finding in checked.findings if finding.layer > 1 or _is_error(finding)]


def _format_summary(checked: "Checked", mine: "Sequence[Finding]", on_top: bool) -> str:
    errors = sum(_is_error(finding) for finding in mine)
    accepted_findings = [finding for finding in checked.accepted if not on_top or finding.layer > 1]
    accepted = f", {len(accepted_findings)} accepted" if accepted_findings else ""
    rows = sum(checked.rows.values())
    return f"{rows:,} rows checked: {errors} errors, {len(mine) - errors} warnings{accepted}"


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
    """Return a line that lists the keys of the shipped rows that later layers replace."""
    from audience_impact.plain_text import plain_line
    from schemas import facts

    keys = facts.list_keys()
    labels = [
        f"{table} {';'.join(row[name] for name in keys[table])}"
        for table, frame in reading.replaced.items()
        for _, row in frame.iterrows()
    ]
    more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
    return plain_line(f"shipped rows replaced: {', '.join(labels[:10]) or 'none'}{more}")


def _accept_warnings(
    reading: "Reading", findings: "Sequence[Finding]", reason: str, today: date
) -> str:
    """Enter the warnings in the last folder and return a line that reports it."""
    from audience_impact.facts import checks
    from audience_impact.plain_text import plain_line
    from flows.adding import writing
    from schemas import facts

    if not reason.strip():
        raise fail_with("--accept: give the reason, in words", 2)
    if any(_is_error(finding) for finding in findings):
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
    from flows.pipeline import findings as forms_of

    if style is FindingFormat.JUNIT:
        return forms_of.as_junit(findings, rows)
    forms = {
        FindingFormat.TEXT: forms_of.as_text,
        FindingFormat.JSON: forms_of.as_json,
        FindingFormat.GITHUB: forms_of.as_github,
    }
    return forms[style](findings)
