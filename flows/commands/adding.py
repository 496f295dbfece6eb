"""The commands `add figure` and `add restriction`: ask or take options, show the rows, write."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audience_impact.cli.folders import fail, local
from flows.adding.figure import FIGURE
from flows.adding.kinds import Kind
from flows.adding.known import Known, NotKnownError
from flows.adding.page import on_record
from flows.adding.questions import (
    Answers,
    MissingError,
    Question,
    WrongAnswerError,
    answer,
)
from flows.adding.restriction import RESTRICTION
from flows.commands.folders import fact_folders

if TYPE_CHECKING:
    from audience_impact.facts.tables import Finding
    from flows.adding.writing import Grown

Folders = Annotated[
    list[Path] | None,
    typer.Option(
        "--facts",
        metavar="DIR",
        callback=local,
        help="Folder of fact tables; of several, layered, the last is written to. Default: "
        "data/facts of the checkout.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Write without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and show the rows; write nothing.")]
Another = Annotated[
    bool, typer.Option("--another", help="Add it although there is one like it on record.")
]


def add_to(app: typer.Typer) -> None:
    """Enter the commands."""
    group = typer.Typer(
        no_args_is_help=True, help="Add to the facts: asks, or takes all that it needs as options."
    )
    group.command("figure", help=_HELP.format("an audience of a platform"))(_command(FIGURE))
    group.command("restriction", help=_HELP.format("a restriction"))(_command(RESTRICTION))
    app.add_typer(group, name="add")


_HELP = (
    "Add {} to the facts.\n\n"
    "On a terminal it asks for what the options leave open; else it names the options to give. "
    "The rows of all tables are held against every rule in a copy, shown, and written together "
    "or not at all. Countries and services are known by name, a page by its address."
)


def _command(kind: Kind) -> Callable[..., None]:
    """A command whose options are the questions of a kind."""

    def add(
        facts: Folders = None,
        yes: Yes = False,
        dry_run: DryRun = False,
        another: Another = False,
        **given: Any,
    ) -> None:
        told = {name: _joined(text) for name, text in given.items() if text}
        _add(kind, told, fact_folders(facts), (yes, dry_run, another))

    own = Signature.from_callable(add).parameters
    unused = {"given"} if kind.is_once else {"given", "another"}
    fixed = [parameter for name, parameter in own.items() if name not in unused]
    asked = [_parameter(question) for question in kind.questions]
    add.__signature__ = Signature([*fixed, *asked])  # type: ignore[attr-defined]
    add.__annotations__ = {each.name: each.annotation for each in [*fixed, *asked]}
    return add


def _parameter(question: Question) -> Parameter:
    """The option of a question."""
    words = f" One of: {', '.join(question.choices)}." if question.choices else ""
    again = " May be given again." if question.many else ""
    asks = f"{question.asks[0].upper()}{question.asks[1:]}."
    option = typer.Option(question.option, metavar="TEXT", help=f"{asks}{words}{again}")
    of = list[str] if question.many else str
    return Parameter(
        question.name,
        Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[of | None, option],
    )


def _joined(told: str | Sequence[str]) -> str:
    return told if isinstance(told, str) else ";".join(told)


def _add(
    kind: Kind, given: dict[str, str], folders: list[Path], chosen: tuple[bool, bool, bool]
) -> None:
    from flows.adding import writing
    from flows.pipeline.steps import RefusedError
    from schemas.contracts import ValidationOffError

    yes, dry_run, another = chosen
    known = _known(folders)
    answers = _answers(kind, given, known, may_write=yes or dry_run)
    if page := on_record(answers, known):
        _say(f"the page is on record, and stays as it is: {page['source_id']}, {page['publisher']}")
    rows = kind.rows(answers, known)
    _tell_alike(kind, rows, known, another)
    try:
        files = writing.grown(folders[-1], rows)
        if not files:
            raise fail("all of it is on record: nothing to write")
        found = writing.findings(files, folders, datetime.now(UTC).date())
        _show(files, found, folders)
        if any(writing.is_error(one) for one in found):
            raise fail("nothing written: correct what is wrong")
        if dry_run:
            typer.echo("nothing written: this was a dry run")
            return
        if not yes and not typer.confirm("Write these rows?", default=True):
            raise fail("nothing written")
        writing.write(files)
    except (RefusedError, ValidationOffError) as error:
        raise fail(f"nothing written: {error}") from error
    _tell_next(files)


def _known(folders: list[Path]) -> Known:
    """The facts that are there; exits with 1 where they cannot be read."""
    from audience_impact.facts.reading import FATAL_RULES
    from audience_impact.facts.tables import relocated
    from flows.layers import MARKS
    from flows.pipeline import steps

    for mark in MARKS:
        if (folders[-1] / mark).exists():
            raise fail(f"{folders[-1]} is a layer that a command writes: give a folder of your own")
    reading = steps.read(folders)
    bad = [found for found in reading.findings if found.rule in FATAL_RULES]
    if bad:
        raise fail(steps.line(relocated(bad[0], folders)))
    return Known(reading.tables)


def _answers(kind: Kind, given: dict[str, str], known: Known, may_write: bool) -> Answers:
    """What is to be added; exits with 2 where options miss and nobody can be asked."""
    asker = _asker(known) if is_terminal() else None
    try:
        answers = answer(kind.questions, given, known, asker)
    except MissingError as error:
        raise fail(str(error), 2) from error
    except WrongAnswerError as error:
        raise fail(str(error)) from error
    if not may_write and not asker:
        raise fail("give --yes to write, or --dry-run to see the rows", 2)
    return answers


def is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def _asker(known: Known) -> Callable[[Question, str, Answers], str]:
    def ask(question: Question, default: str, answers: Answers) -> str:
        must = question.must(answers, known)
        if question.choices:
            typer.echo(f"  one of: {', '.join(question.choices)}")
        while True:
            told = _prompt(question, default, must)
            if not told and not must:
                return ""
            if not told:
                typer.echo("  this is needed")
                continue
            try:
                question.cell(told, answers, known)
            except NotKnownError as error:
                _say(f"  {error}")
                if _adds(question, told, answers, known):
                    return told
            except WrongAnswerError as error:
                _say(f"  {error}")
            else:
                return told

    return ask


def _prompt(question: Question, default: str, must: bool) -> str:
    more = "; several joined by ;" if question.many else ""
    text = f"{question.asks[0].upper()}{question.asks[1:]}{more}"
    blank = " (blank: not known)" if not must else ""
    told = typer.prompt(text + blank, default=default, show_default=bool(default))
    return str(told).strip()


def _adds(question: Question, told: str, answers: Answers, known: Known) -> bool:
    """Whether what is not on record is to be added, and as what; the kind is noted."""
    if not question.adds:
        return False
    from audience_impact import vocabulary as words

    kinds = words.PlatformKind if question.adds == "new_platform" else words.SourceType
    kind = typer.prompt(
        f"  To add it, its kind ({', '.join(kinds)}); blank: another name",
        default="",
        show_default=False,
    ).strip()
    if kind not in set(kinds):
        return False
    answers[question.adds] = kind
    return True


def _say(text: str, err: bool = False) -> None:
    """A line of the facts, in which a terminal finds nothing to obey."""
    from audience_impact.plain_text import plain

    typer.echo(plain(text), err=err)


def _tell_alike(kind: Kind, rows: Any, known: Known, another: bool) -> None:
    """Say what on record looks like it; exits with 1 where that stands in the way."""
    found = kind.alike(rows, known)
    for one in found:
        _say(f"like it, on record: {one.told}", err=True)
    if any(one.is_same for one in found):
        raise fail("nothing written: it is on record")
    if found and kind.is_once and not another:
        raise fail("nothing written: if it is another act, say so with --another")


def _show(files: "Sequence[Grown]", found: "Sequence[Finding]", folders: list[Path]) -> None:
    """The new rows, and what the check says of them."""
    from audience_impact.facts.tables import relocated
    from flows.pipeline import steps

    for each in files:
        for line, text in each.lines.items():
            _say(f"{each.path.name}:{line}: {text}")
    for one in found:
        _say(f"{one.severity.value}: {steps.line(relocated(one, folders))}", err=True)


def _tell_next(files: "Sequence[Grown]") -> None:
    """Where the rows are, and what makes them count."""
    from flows.fitting import FITTERS

    names = [each.path.stem for each in files]
    typer.echo(f"written: {', '.join(str(each.path) for each in files)}")
    for parameters, fitter in FITTERS.items():
        if set(fitter.read) & set(names):
            typer.echo(f"then: audience-impact learn {parameters}")
    typer.echo(
        "then: audience-impact run; what it changes in the answers: audience-impact diff OLD NEW"
    )
