"""The commands that answer from published versions, compare them, and write them as files."""

import shutil
import sys
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from audience_impact.answers import ChartForm, EventKind, EventOrder, Grouping, Quantity
from audience_impact.cli import folders as cli
from audience_impact.exporting import Form as ExportForm
from audience_impact.plain_text import plain_line
from audience_impact.store.storage import is_address
from audience_impact.vocabulary import ImpactMetric

if TYPE_CHECKING:
    from audience_impact.store.history import Entry


Form = StrEnum("Form", {"TEXT": "text", "BIBTEX": "bibtex", "CSL_JSON": "csl-json"})
"""Forms of a citation."""
Restriction = Annotated[list[str], Argument(metavar="RESTRICTION")]
All = Annotated[bool, Option("--all")]
Area = Annotated[str, Option(metavar="AREA", show_default=False)]
Year = Annotated[int | None, Option(min=1990, max=2100)]
Kind = Annotated[EventKind | None, Option()]
Begun = Annotated[bool, Option("--begun")]
Overwrite = Annotated[bool, Option("--overwrite")]
Sort = Annotated[EventOrder | None, Option()]


def explain(
    restriction: Restriction,
    metric: Annotated[
        ImpactMetric | None,
        Option(
            metavar="METRIC",
            help=f"{', '.join(ImpactMetric)}. Default: users of the feature, if one is restricted.",
        ),
    ] = None,
    facts: Annotated[list[Path] | None, cli.path_option("--facts", "DIR")] = None,
    published: cli.PublishedFolder = cli.PUBLISHED,
    version_name: cli.VersionName = None,
    on: cli.OnDay = None,
    style: cli.AnswerFormat = cli.OutputFormat.TEXT,
) -> None:
    """Explain an answer: each step, the facts used, and the excluded facts with the reason."""
    if facts and (version_name or on):
        raise cli.fail_with("--facts computes an answer now; leave --version and --on out", 2)
    from audience_impact.answers import explaining, records
    from audience_impact.cli import answering

    words = " ".join(restriction)
    if facts:
        trace = cli.import_computing().compute_trace(facts, words, published)
    else:
        version = cli.open_version(published, version_name, on)
        name = answering.find_single_id(words, records.Tables(version))
        trace = explaining.read_trace(version, name)
    chosen = metric or explaining.choose_metric(trace)
    steps = explaining.build_steps(trace, chosen)
    values = {
        "restriction_id": trace.restriction_id,
        "impact_metric": str(chosen),
        "as_of": str(trace.impact_row(chosen)["as_of"]),
        "origin": trace.origin,
        "steps": explaining.as_json(steps),
    }
    cli.write_answer(style, values, explaining.as_text(steps))


def show(
    what: Annotated[list[str], Argument(metavar="WHAT")],
    published: cli.PublishedFolder = cli.PUBLISHED,
    version_name: cli.VersionName = None,
    on: cli.OnDay = None,
    period: Annotated[str | None, Option(metavar="YEAR")] = None,
    by: Annotated[Grouping | None, Option()] = None,
    metric: Annotated[Quantity, Option()] = Quantity.PEOPLE,
    top: Annotated[int, Option(min=1, metavar="N")] = 10,
    show_all: All = False,
    chart: Annotated[Path | None, cli.local_option("--chart", "FILE")] = None,
    form: Annotated[ChartForm | None, Option("--as")] = None,
    style: cli.AnswerFormat = cli.OutputFormat.TEXT,
) -> None:
    """Show the answer for a restriction, or for a country or region and a year.

    For a country or region: people under at least one restriction, each counted once, and the
    countries or restrictions with the most. If the words fit several restrictions: a list of them.
    Of several ids: the people under any of these restrictions, each counted once.
    """
    if form and not chart:
        raise cli.fail_with("--as goes with --chart FILE", 2)
    version = cli.open_version(published, version_name, on)
    from audience_impact.cli import answering

    options = answering.Options(by, metric, top, form, show_all)
    answer = answering.answer_question(version, " ".join(what), period, options)
    if chart and not answer.draw:
        raise cli.fail_with(answer.text.removesuffix("\n"))
    cli.write_answer(style, answer.values, answer.text)
    if chart and answer.draw:
        from audience_impact.exporting.export import put_file

        try:
            made = answer.draw().encode(chart.suffix)
        except ValueError as error:
            raise cli.fail_with(f"cannot write the picture {chart}: {error}") from error
        put_file(chart, made, overwrite=True)
        typer.echo(f"wrote {cli.format_path(chart)}", err=True)


def list_restrictions(
    published: cli.PublishedFolder = cli.PUBLISHED,
    version_name: cli.VersionName = None,
    on: cli.OnDay = None,
    area: Area = "",
    year: Year = None,
    sort: Sort = None,
    kind: Kind = None,
    begun: Begun = False,
    style: cli.AnswerFormat = cli.OutputFormat.TEXT,
) -> None:
    """List the published restrictions: all, the best known first, or those of an area and a year.

    With --area, --year, --sort, --kind or --begun: a line for each restriction, with its days,
    people or person-days with the likely range, what was cut, and the source.
    """
    if begun and year is None:
        raise cli.fail_with("--begun goes with --year", 2)
    version = cli.open_version(published, version_name, on)
    from audience_impact.answers import documents, rankings

    if not (area or year or sort or kind) and style is cli.OutputFormat.TEXT:
        rows = rankings.list_exposed(version.read_arrow)
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        title = f"People exposed, version {version.id}"
        sys.stdout.write(documents.format_results(rows, title, width))
        return
    from audience_impact.cli import answering

    answer = answering.list_events(version, area, year, kind, begun, sort or EventOrder.PEOPLE)
    if style is cli.OutputFormat.TEXT and not answer.values["restrictions"]:
        raise cli.fail_with("no restriction on record fits these options; see audience-impact list")
    cli.write_answer(style, answer.values, answer.text)


def cite(
    restriction: Restriction,
    published: cli.PublishedFolder = cli.PUBLISHED,
    version_name: cli.VersionName = None,
    on: cli.OnDay = None,
    style: Annotated[Form, Option("--format")] = Form.TEXT,
) -> None:
    """Write the citation of an answer for a restriction, with sentence, version and licence."""
    version = cli.open_version(published, version_name, on)
    from audience_impact.answers import records, sentences
    from audience_impact.answers.citation import cite_restriction
    from audience_impact.cli import answering

    tables = records.Tables(version)
    name = answering.find_single_id(" ".join(restriction), tables)
    record = records.build_record(tables.read_arrow, name)
    cited = cite_restriction(record, version)
    forms = {
        Form.TEXT: f"{plain_line(sentences.write_answer(record, version.id))}\n\n"
        f"{cited.format_text()}\n",
        Form.BIBTEX: cited.format_bibtex(),
        Form.CSL_JSON: cited.format_csl_json(),
    }
    sys.stdout.write(forms[style])


def export(
    form: Annotated[ExportForm, Option("--format")],
    into: Annotated[Path, cli.local_option("--into", "PATH")],
    published: cli.PublishedFolder = cli.PUBLISHED,
    version_name: cli.VersionName = None,
    on: cli.OnDay = None,
    restriction: Annotated[list[str] | None, Option("--restriction", metavar="WHAT")] = None,
    area: Area = "",
    year: Year = None,
    sort: Sort = None,
    kind: Kind = None,
    begun: Begun = False,
    overwrite: Overwrite = False,
) -> None:
    """Write a version, or a part of it, as a workbook or as data for programs.

    A workbook of a part begins with a sheet that `list` shows: a row for each restriction.
    """
    if begun and year is None:
        raise cli.fail_with("--begun goes with --year", 2)
    version = cli.open_version(published, version_name, on)
    from audience_impact.answers import records
    from audience_impact.cli import answering
    from audience_impact.exporting import export as exporting
    from audience_impact.exporting.content import ExportQuery

    tables = records.Tables(version)
    selection = ExportQuery(
        (*dict.fromkeys(answering.find_single_id(words, tables) for words in restriction or ()),),
        answering.find_area_code(area, tables) if area else "",
        year,
        kind,
        begun,
        sort or EventOrder.PEOPLE,
    )
    exporting.export_version(version, form, into, selection, overwrite)
    typer.echo(f"wrote version {version.id}\n{cli.format_path(into)}")


def report(
    published: cli.PublishedFolder = cli.PUBLISHED,
    into: Annotated[Path | None, cli.local_option("--into", "DIR")] = None,
) -> None:
    """Write the latest version as a folder of pages that any browser opens, without a network."""
    if not into:
        require_report_folder(published)
    version = cli.open_version(published)
    from audience_impact.site import build

    if into is None and version.store.is_read_only:
        into = Path("audience-impact-report")
    folder, changed = build.publish_version(version, published, into)
    news = "wrote the report of version" if changed else "nothing changed: still the report of"
    typer.echo(f"{news} {version.id}\n{cli.format_path(folder)}/index.html")


def require_report_folder(published: Path) -> None:
    """Exit with 2 where the versions are at an address, beside which no pages can be written."""
    if is_address(published):
        place = cli.format_path(published)
        raise cli.fail_with(f"{place} is no folder for pages: write them with report --into DIR", 2)


def show_history(
    published: cli.PublishedFolder = cli.PUBLISHED,
    top: Annotated[int, Option(min=1)] = 20,
    show_all: Annotated[bool, Option("--all")] = False,
    style: cli.AnswerFormat = cli.OutputFormat.TEXT,
) -> None:
    """List what was published when, the newest first, and each move of `latest`.

    With the reason, the digests of facts and code, and the libraries; then what is not recorded.
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
        cli.print_line(line, err=True)
    if entries and (last := entries[-1].version) != target:
        line = f"latest leads to {target or 'nothing'}, the last entry says {last}: it was moved "
        cli.print_line(f"{line}by hand, or a run was interrupted", err=True)
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
    cli.write_answer(style, values, "".join(f"{line}\n" for line in lines))


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
            facts = str(entry.identity.get("inputs_sha256", ""))[:12]
            code = entry.identity.get("method_version", "")
            libraries = ", ".join(moved) or "libraries as before"
            block.append(f"    facts {facts}, code {code}, {libraries}")
            before = dict(entry.libraries)
        blocks.insert(0, block)
    return blocks


def diff(
    old: Annotated[str | None, Argument(show_default=False)] = None,
    new: Annotated[str | None, Argument(show_default=False)] = None,
    published: cli.PublishedFolder = cli.PUBLISHED,
    facts: Annotated[list[Path] | None, cli.path_option("--facts", "DIR")] = None,
    as_of: Annotated[datetime | None, cli.date_option("--as-of")] = None,
    restriction: Annotated[str | None, Option(metavar="ID")] = None,
    most_rows: Annotated[int, Option("--edits", min=1)] = 12,
    show_all: Annotated[bool, Option("--all")] = False,
    exit_code: Annotated[bool, Option("--exit-code")] = False,
    style: cli.AnswerFormat = cli.OutputFormat.TEXT,
) -> None:
    """Show which answers changed between two versions, by how much, and what else changed.

    It also lists facts that were added, changed or removed, and another day, seed or method.
    """
    if facts and new:
        raise cli.fail_with("give NEW or --facts, not both", 2)
    if as_of and not facts:
        raise cli.fail_with("--as-of requires --facts; a version already has its date", 2)
    computing = cli.import_computing() if facts else None
    from audience_impact.comparing import changes, text
    from audience_impact.store import LATEST, versions

    first = cli.open_version(published, old or (LATEST if facts else versions.PREVIOUS))
    if facts and computing:
        second = computing.compute_side(facts, as_of.date() if as_of else None, first)
    else:
        second = changes.read_published(cli.open_version(published, new or LATEST))
    comparison = changes.Comparison(changes.read_published(first), second, restriction or "")
    records = changes.as_records(comparison)
    cli.write_answer(style, records, text.format_comparison(records, most_rows, show_all))
    raise typer.Exit(int(exit_code and not comparison.changed_answers.empty))
