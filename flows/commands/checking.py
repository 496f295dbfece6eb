"""The commands `check` and `learn`: findings about facts, and parameters fitted to them.

`check` requires only the libraries of requirements-check.lock.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from audience_impact.cli.folders import fail_with, local_option, print_line, require_local_paths
from audience_impact.plain_text import ReadableError, json_text, plain_line
from audience_impact.store import storage
from flows import FACTS, SHIPPED
from flows.commands.folders import OnTopOfShipped, fact_folders
from flows.pipeline import cache, code

if TYPE_CHECKING:
    from audience_impact.facts.tables import Finding
    from flows.pipeline.steps import Checked, Reading


FindingFormat = StrEnum("FindingFormat", "TEXT JSON JUNIT GITHUB")
"""Output formats of findings."""
MOST_BYTES = 64 * 1024**2
"""Size of all fact files above which an outcome is not saved: reading them would take a second."""
UNFINISHED = ".unfinished"
"""File of a folder whose tables are being replaced."""
COLUMNS = ("file", "line", "column", "rule", "severity", "value", "message")
"""What JSON has of a finding."""


def check_facts(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", show_default=False, readable=False)
    ] = None,
    style: Annotated[FindingFormat, typer.Option("--format")] = FindingFormat.TEXT,
    on_top_of_shipped: OnTopOfShipped = False,
    accept: Annotated[str | None, typer.Option("--accept", metavar="REASON")] = None,
    against: Annotated[Path | None, local_option("--against", "BASE")] = None,
) -> None:
    """Check fact tables: one finding a line, FILE:LINE:COLUMN: RULE: message.

    With --on-top-of-shipped, only findings on your rows are reported, and errors that your rows
    cause in shipped rows. With --against, new and removed restrictions and answers that moved are
    warnings at the row that may be behind them.

    Exit status 0: no errors; 1: errors; 2: wrong options. What a check found is saved for this
    user, and printed again while facts, code and options are the same.
    """
    folders = fact_folders(paths, on_top_of_shipped, [FACTS])
    today = datetime.now(UTC).date()
    options = (folders, style, on_top_of_shipped, today)
    checked = None if accept is None and against is None else _check_folders(*options, against)
    outcome = checked[0] if checked else _find_outcome(*options)
    sys.stdout.write(outcome.findings)
    for line in outcome.lines:
        typer.echo(line, err=True)
    if checked and accept is not None:
        print_line(_accept_warnings(*checked[1:], accept, today), err=True)
    raise typer.Exit(outcome.status)


class Outcome(NamedTuple):
    """What a check prints: findings to standard output, lines to the standard error.

    It was made on `day`, and holds on later days as well unless it `is_of_day`.
    """

    findings: str
    lines: tuple[str, ...]
    status: int
    day: date
    is_of_day: bool


def _find_outcome(folders: list[Path], style: FindingFormat, on_top: bool, today: date) -> Outcome:
    """Return the outcome that is saved for the same files, code and options, or check them."""
    key = _digest_check(folders, style, on_top)
    outcome = None if key is None else _recall_outcome(key, today)
    if outcome is None:
        outcome, _, _ = _check_folders(folders, style, on_top, today, None)
        # A file may have been written while it was read.
        if key is not None and key == _digest_check(folders, style, on_top):
            cache.save(key, tuple(outcome))
    return outcome


def _digest_check(folders: Sequence[Path], style: FindingFormat, on_top: bool) -> str | None:
    """Return a key for the outcome, by code, options and files; None where it is not saved.

    It is not for addresses, for what is no file or cannot be read, and for more than MOST_BYTES.
    """
    digest = code.digest_program(style.value, on_top)
    if digest is None or any(storage.is_address(folder) for folder in folders):
        return None
    total, total_bytes = hashlib.sha256(digest.encode()), 0
    for path in [path for folder in folders for path in sorted(folder.iterdir())]:
        if path.suffix != ".csv" and path.name != UNFINISHED:
            continue
        total_bytes += path.stat().st_size if path.is_file() else MOST_BYTES
        if total_bytes >= MOST_BYTES:
            return None
        content = path.read_bytes()
        total.update(repr((str(path), len(content))).encode())
        total.update(content)
    return f"check-{total.hexdigest()}"


def _recall_outcome(key: str, today: date) -> Outcome | None:
    cells = cache.load(key)
    outcome = Outcome(*cells) if cells else None
    if outcome is None or outcome.day > today or (outcome.is_of_day and outcome.day != today):
        return None
    return outcome


def _check_folders(
    folders: list[Path], style: FindingFormat, on_top: bool, today: date, against: Path | None
) -> "tuple[Outcome, Reading, list[Finding]]":
    """Return what a check prints, the facts as they were read, and the findings about them.

    It also prints which answers differ from those of the folders `against`.
    """
    from audience_impact.facts.tables import relocate_finding
    from flows.pipeline import steps

    reading = steps.read_facts(folders)
    checked = steps.validate_facts(reading, today)
    rows = sum(checked.rows.values())
    mine, accepted = [
        [finding for finding in findings if not on_top or finding.layer > 1 or finding.is_error]
        for findings in (checked.findings, checked.accepted)
    ]
    errors = sum(finding.is_error for finding in mine)
    moved, compared = _compare_answers(checked, against, on_top) if against else ([], [])
    shown = [relocate_finding(finding, folders) for finding in [*mine, *moved]]
    lines = [
        f"{rows:,} rows checked: {errors} errors, {len(shown) - errors} warnings"
        + f", {len(accepted)} accepted" * bool(accepted),
        *compared,
    ]
    if unstated := _format_unstated(reading, on_top):
        lines.append(f"warning: {unstated}")
    if on_top:
        lines.append(plain_line(f"shipped rows replaced: {_list_replaced(reading)}"))
    outcome = (format_findings(style, shown, rows), tuple(lines), int(errors > 0), today)
    return Outcome(*outcome, checked.depends_on_today), reading, mine


def _compare_answers(
    checked: "Checked", against: Path, on_top: bool
) -> "tuple[list[Finding], list[str]]":
    """Return findings about answers that differ from those of folders as they were, and a line."""
    from flows.pipeline import steps

    shipped = SHIPPED if on_top else ()
    try:
        from flows import last_version

        base = [
            path if path in shipped else against / os.path.relpath(path) for path in checked.folders
        ]
        sides = steps.check_facts(steps.read_facts(base)), steps.refuse_errors(checked, False)
        day = steps.choose_day(sides[1], None)
        computed = [steps.compute_results(side, day, 0, reuse=True) for side in sides]
        findings = last_version.list_findings(*map(last_version.describe_results, computed))
    except Exception as error:  # each cause is a line, also one that nobody foresaw
        name = "" if isinstance(error, ReadableError) else f"{type(error).__name__}: "
        return [], [plain_line(f"answers not compared: {name}{error}".partition("\n")[0])]
    return findings, [f"answers compared with those below {against}: {len(findings)} cases"]


def _list_replaced(reading: "Reading") -> str:
    from schemas import facts as schemas

    keys = schemas.list_keys()
    labels = [
        f"{table} {';'.join(cells)}"
        for table, frame in reading.replaced.items()
        for cells in frame[keys[table]].to_numpy()
    ]
    more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
    return f"{', '.join(labels[:10]) or 'none'}{more}"


def _format_unstated(reading: "Reading", on_top: bool) -> str:
    """Return one line that counts the sources without title, date or licence; empty if none.

    One line, because hundreds of older sources lack one of them, and a warning for each would hide
    the others. On top of the shipped facts only own sources count.
    """
    from audience_impact.plain_text import mark_filled

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


def _accept_warnings(
    reading: "Reading", findings: "Sequence[Finding]", reason: str, today: date
) -> str:
    from audience_impact.facts import checks
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
    return f"{len(marks)} warnings entered in {folder / checks.ACCEPTED}.csv{rest}"


def format_findings(style: FindingFormat, findings: "Sequence[Finding]", checked: int) -> str:
    """Return findings about `checked` rows: a line each, JSON, or a form for a service of CI.

    `github` are annotations, which a pull request shows on the line of the file; JUnit XML has a
    test case for each finding and a passing one for the rows.
    """
    from flows.pipeline.steps import format_finding

    if style is FindingFormat.JSON:
        rows = [{name: getattr(finding, name) for name in COLUMNS} for finding in findings]
        return json_text(rows) + "\n"
    if style is FindingFormat.JUNIT:
        return _format_junit(findings, checked)
    lines = [plain_line(format_finding(finding)) for finding in findings]
    if style is FindingFormat.GITHUB:
        lines = [
            f"::{'error' if finding.is_error else 'warning'} "
            f"file={_escape(finding.file).replace(':', '%3A').replace(',', '%2C')},"
            f"line={finding.line},title={finding.rule}::{_escape(line)}"
            for finding, line in zip(findings, lines, strict=True)
        ]
    return "".join(f"{line}\n" for line in lines)


def _escape(text: str) -> str:
    return plain_line(text).replace("%", "%25")


def _format_junit(findings: "Sequence[Finding]", checked: int) -> str:
    import xml.etree.ElementTree as ET

    from flows.pipeline.steps import format_finding

    suite = ET.Element(
        "testsuite",
        name="audience-impact check",
        tests=str(len(findings) + 1),
        failures=str(sum(finding.is_error for finding in findings)),
    )
    ET.SubElement(suite, "testcase", classname="facts", name=f"{checked} rows read")
    for finding in findings:
        name = plain_line(f"{finding.rule} {finding.file}:{finding.line}:{finding.column}")
        case = ET.SubElement(suite, "testcase", classname=plain_line(finding.table), name=name)
        if finding.is_error:
            message = plain_line(finding.message)
            result = ET.SubElement(case, "failure", message=message, type=finding.rule)
        else:
            result = ET.SubElement(case, "system-out")
        result.text = plain_line(format_finding(finding))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def learn_parameters(
    parameters: Annotated[str, typer.Argument()] = "errors",
    facts: Annotated[
        Path, local_option("--facts", "DIR", show_default="data/facts of the checkout")
    ] = FACTS,
    check: Annotated[bool, typer.Option("--check")] = False,
) -> None:
    """Fit parameters to the facts and write them as fact tables.

    errors: figure_errors.csv, the errors of printed figures.
    daily-use: daily_use.csv, the users who come on a day.
    places: place_laws.csv, network_laws.csv and part_sizes.csv, people and users of a place.
    shares: circumvention_laws.csv and feature_laws.csv, who keeps access and who uses a feature.
    durations: duration_laws.csv, how long restrictions last, from the register in ../stop as well.
    chances: chances.csv, how sure it is that a restriction happened as recorded.
    audiences: audience_laws.csv, the audiences without a count on record; takes minutes.
    online: online_levels.csv, the share of residents online by country and year.
    joint-use: overlap_calibration.csv, the overlap model from surveys.
    """
    fact_folders([facts])
    from flows import fitting

    if parameters not in fitting.FITTERS:
        raise fail_with(f"{parameters}: give one of {', '.join(fitting.FITTERS)}", 2)
    try:
        matched, message = fitting.update_tables(parameters, facts, check)
    except ValueError as error:
        raise fail_with(str(error)) from None
    is_refused = check and not matched
    typer.echo(message, err=is_refused)
    raise typer.Exit(int(is_refused))
