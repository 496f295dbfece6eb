"""The commands `add figure` and `add restriction`: ask or take options, show the rows, write."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from audience_impact.cli import folders as cli
from flows import FACTS
from flows.commands.folders import fact_folders

if TYPE_CHECKING:
    from flows.adding.entries import EntryKind
    from flows.adding.questions import Answers, FactRecords, Question
    from flows.adding.writing import ChangedFile

Folders = Annotated[list[Path] | None, cli.local_option("--facts", "DIR")]
_HELP = (
    "Add {} to the facts.\n\n"
    "On a terminal the command asks for missing answers; elsewhere it names the missing options. "
    "The rows of all tables are checked in a copy, shown, and written together "
    "or not at all. Countries and services are known by name, a page by its address."
)
_ADDED = {"figure": "an audience of a platform", "restriction": "a restriction"}


class _AddGroup(TyperGroup):
    """The commands; their options come from the contracts, which are read when they are used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_ADDED)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        from flows.adding.entries import KINDS

        group = typer.Typer()
        for name, added in _ADDED.items():
            group.command(name, help=_HELP.format(added))(_build_command(KINDS[name]))
        return typer.main.get_group(group).commands.get(cmd_name)


GROUP = typer.Typer(
    cls=_AddGroup,
    no_args_is_help=True,
    help="Add to the facts: asks for the answers, or takes them as options.",
)


def _build_command(kind: "EntryKind") -> Callable[..., None]:
    def add_record(
        facts: Folders = None,
        yes: Annotated[bool, typer.Option("--yes")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
        another: Annotated[bool, typer.Option("--another")] = False,
        **options: Any,
    ) -> None:
        raw_answers = {
            name: text if isinstance(text, str) else ";".join(text)
            for name, text in options.items()
            if text
        }
        folders = fact_folders(facts, default=[FACTS])
        _add_records(kind, raw_answers, folders, yes, dry_run, another)

    cli.describe_options({"add": add_record}, __file__)
    parameters = Signature.from_callable(add_record).parameters
    unused = {"options"} if kind.is_once else {"options", "another"}
    options = [parameter for name, parameter in parameters.items() if name not in unused]
    options += [_build_parameter(question) for question in kind.questions]
    add_record.__signature__ = Signature(options)  # type: ignore[attr-defined]
    add_record.__annotations__ = {option.name: option.annotation for option in options}
    return add_record


def _build_parameter(question: "Question") -> Parameter:
    words = f" One of: {', '.join(question.choices)}." if question.choices else ""
    again = " May be repeated." if question.many else ""
    text = f"{question.asks}.{words}{again}"
    option = typer.Option(question.option_name, metavar="TEXT", help=text)
    of: Any = list[str] if question.many else str
    annotation = Annotated[of | None, option]
    return Parameter(question.name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _add_records(
    kind: "EntryKind",
    options: dict[str, str],
    folders: list[Path],
    yes: bool,
    dry_run: bool,
    another: bool,
) -> None:
    from flows.adding import writing
    from flows.fitting import FITTERS
    from flows.pipeline.steps import RefusedError

    records = _read_records(folders)
    answers = _collect_answers(kind, options, records, may_write=yes or dry_run)
    if page := answers.find_page():
        cli.print_line(
            f"the page is on record, and stays as it is: {page['source_id']}, {page['publisher']}"
        )
    rows = kind.build_rows(answers)
    _show_similar(kind, rows, records, another)
    try:
        files = writing.insert_rows(folders[-1], rows)
        if not files:
            raise cli.fail_with("nothing to write: all rows are on record")
        _show_rows(files, folders)
        if dry_run:
            typer.echo("nothing written: this was a dry run")
            return
        if not yes and not typer.confirm("Write these rows?", default=True):
            raise cli.fail_with("nothing written")
        writing.write_files(files)
    except RefusedError as error:
        raise cli.fail_with(f"nothing written: {error}") from error
    typer.echo(f"written: {', '.join(str(file.path) for file in files)}")
    for parameters, fitter in FITTERS.items():
        if {file.path.stem for file in files} & set(fitter.read) and not fitter.is_close:
            typer.echo(f"then: audience-impact learn {parameters}")
    typer.echo(
        "then: audience-impact run; to see which answers change: audience-impact diff OLD NEW"
    )


def _read_records(folders: list[Path]) -> "FactRecords":
    from audience_impact.facts.reading import FATAL_RULES
    from flows.adding.questions import FactRecords
    from flows.layers import MARKS
    from flows.pipeline import steps

    if any((folders[-1] / mark).exists() for mark in MARKS):
        raise cli.fail_with(
            f"{folders[-1]} is a layer that a command writes: give a folder of your own"
        )
    reading = steps.read_facts(folders)
    for finding in reading.findings:
        if finding.rule in FATAL_RULES:
            raise cli.fail_with(steps.format_finding(finding, folders))
    return FactRecords(reading.tables)


def _collect_answers(
    kind: "EntryKind", options: dict[str, str], records: "FactRecords", may_write: bool
) -> "Answers":
    from flows.adding.questions import MissingError, WrongAnswerError, collect_answers

    asker = partial(_ask_person, kind) if is_terminal() else None
    try:
        answers = collect_answers(kind.questions, options, records, asker)
    except MissingError as error:
        raise cli.fail_with(str(error), 2) from error
    except WrongAnswerError as error:
        raise cli.fail_with(str(error)) from error
    if not may_write and not asker:
        raise cli.fail_with("give --yes to write, or --dry-run to see the rows", 2)
    return answers


def is_terminal() -> bool:
    """Return whether standard input is a terminal, so that a person can be asked."""
    return sys.stdin.isatty()


def _ask_person(kind: "EntryKind", question: "Question", default: str, answers: "Answers") -> str:
    from flows.adding.questions import NotOnRecordError, WrongAnswerError

    must = question.must(answers)
    more = "; several joined by ;" if question.many else ""
    text = f"{question.asks}{more}{'' if must else ' (blank: not known)'}"
    if question.choices:
        typer.echo(f"  one of: {', '.join(question.choices)}")
    while True:
        prompted = typer.prompt(text, default=default, show_default=bool(default))
        raw_answer = str(prompted).strip()
        if not raw_answer and not must:
            return ""
        if not raw_answer:
            typer.echo("  an answer is required")
            continue
        try:
            question.read_cell(raw_answer, answers)
            return raw_answer
        except WrongAnswerError as error:
            cli.print_line(f"  {error}")
            if isinstance(error, NotOnRecordError) and question.adds:
                (choices,) = (new.choices for new in kind.questions if new.name == question.adds)
                offer = f"  To add it, its kind ({', '.join(choices)}); blank: another name"
                chosen = typer.prompt(offer, default="", show_default=False).strip()
                if chosen in choices:
                    answers[question.adds] = chosen
                    return raw_answer


def _show_similar(kind: "EntryKind", rows: Any, records: "FactRecords", another: bool) -> None:
    similar = kind.find_similar(rows, records)
    for row in similar.itertuples():
        place = f"{row.row_file}:{row.row_line}"
        cli.print_line(f"similar row on record: {place}: {row.id}, of {row.source_id}", err=True)
    if similar["is_same"].any():
        raise cli.fail_with("nothing written: the same row is on record")
    if len(similar) and kind.is_once and not another:
        raise cli.fail_with("nothing written: if this is another restriction, give --another")


def _show_rows(files: "Sequence[ChangedFile]", folders: list[Path]) -> None:
    from flows.adding import writing
    from flows.pipeline import steps

    findings = writing.find_new_findings(files, folders, datetime.now(UTC).date())
    for file in files:
        for line, text in file.lines.items():
            cli.print_line(f"{file.path.name}:{line}: {text}")
    for finding in findings:
        text = steps.format_finding(finding, folders)
        cli.print_line(f"{finding.severity.value}: {text}", err=True)
    if any(finding.is_error for finding in findings):
        raise cli.fail_with("nothing written: correct the errors above")
