"""The commands `show`, `cite` and `list`: answers for a restriction, a country or a region."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import (
    PUBLISHED,
    OutputFormat,
    PublishedFolder,
    fail_with,
    load_tables,
    open_latest,
)

if TYPE_CHECKING:
    import pandas as pd

    from audience_impact.answers.records import AreaRecord
    from audience_impact.store.versions import Stored

MOST_LISTED = 20


class Form(StrEnum):
    """Forms of a citation."""

    TEXT = "text"
    BIBTEX = "bibtex"
    CSL_JSON = "csl-json"


Asked = Annotated[
    list[str],
    typer.Argument(
        metavar="WHAT",
        help="Id of a restriction, such as RU-2025-08-13-calls, or words that match only one "
        "(nigeria twitter); or the name or code of a country or region (Africa, 002).",
    ),
]
Restriction = Annotated[
    list[str],
    typer.Argument(
        metavar="RESTRICTION", help="Id of a restriction, or words that match only one."
    ),
]
Period = Annotated[
    str | None,
    typer.Option(
        metavar="YEAR",
        help="Year or month (2023, 2023-05) of a country or region. Default: the last year.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands `show`, `cite` and `list` to the app."""
    app.command()(show)
    app.command()(cite)
    app.command(name="list")(list_)


def show(
    what: Asked,
    published: PublishedFolder = PUBLISHED,
    period: Period = None,
    style: Annotated[
        OutputFormat, typer.Option("--format", help="Output format of the answer.")
    ] = OutputFormat.TEXT,
) -> None:
    """Show the answer for a restriction, or for a country or region and a year.

    For a restriction: bounds, figures with their sources, and what others published. For a country
    or region: people under at least one restriction, by year, each counted once.
    """
    from audience_impact.answers import records, text
    from audience_impact.cli import finding
    from audience_impact.plain_text import json_text

    version, words = open_latest(published), " ".join(what)
    tables, about = load_tables(version), load_tables(version, records.load_area_tables)
    area = finding.find_area(words, records.read_area_names(about))
    if area is None or words in set(tables["restrictions"]["restriction_id"]):
        if period:
            raise fail_with(f"--period {period} goes with a country or region; {words} is none", 2)
        record = records.build_record(tables, find_single_id(words, tables["restrictions"]))
        shown = text.render_restriction(record, version.id)
        values = text.restriction_json(record, version.id)
    else:
        of_area = _find_area_record(about, area, period)
        shown, values = text.render_area(of_area, version.id), text.area_json(of_area, version.id)
    as_json = json_text({"version_id": version.id, **values}) + "\n"
    sys.stdout.write(as_json if style is OutputFormat.JSON else shown)


def _find_area_record(
    about: "dict[str, pd.DataFrame]", area: str, period: str | None
) -> "AreaRecord":
    """Return the record of an area; exit with 1 if nothing is published for the period."""
    from audience_impact.answers import names, records

    try:
        return records.build_area_record(about, area, period)
    except KeyError as error:
        name = names.area_in_words(area, records.read_area_names(about)[area])
        hint = "give a year or a month, such as 2023 or 2023-05, or leave --period out"
        raise fail_with(f"nothing is published of {name} in {period}: {hint}") from error


def find_ids(version: "Stored", queries: list[str]) -> tuple[str, ...]:
    """Return the ids of restrictions; exit with 1 if a query matches none or several of them."""
    if not queries:
        return ()
    restrictions = load_tables(version)["restrictions"]
    return tuple(dict.fromkeys(find_single_id(words, restrictions) for words in queries))


def find_single_id(words: str, restrictions: "pd.DataFrame") -> str:
    """Return the id of the restriction; exit with 1 if the words match none or several."""
    import difflib

    from audience_impact.cli import finding

    ids = restrictions["restriction_id"].tolist()
    if words in ids:
        return words
    matches = finding.find_restrictions(words, restrictions)
    if len(matches) == 1:
        return matches[0]
    if not matches:
        near = difflib.get_close_matches(words, ids)
        hint = f"did you mean {' or '.join(near)}?" if near else "see audience-impact list"
        raise fail_with(f"{words} is not published; {hint}")
    about = restrictions.set_index("restriction_id")
    lines = [
        f"  {match_id}  {about.at[match_id, 'area_name']}: {about.at[match_id, 'platforms']}"
        for match_id in matches[:MOST_LISTED]
    ]
    more = [f"  and {len(matches) - MOST_LISTED} more"] * (len(matches) > MOST_LISTED)
    head = f"{words} fits {len(matches)} restrictions; give more words, or the id of one:"
    raise fail_with("\n".join([head, *lines, *more]))


def cite(
    restriction: Restriction,
    published: PublishedFolder = PUBLISHED,
    style: Annotated[
        Form, typer.Option("--format", help="Output format of the citation.")
    ] = Form.TEXT,
) -> None:
    """Write the citation of an answer for a restriction, with sentence, version and licence."""
    from audience_impact.answers import records, sentences
    from audience_impact.answers.citation import cite_restriction
    from audience_impact.plain_text import plain_line
    from audience_impact.store import PublishError

    version, words = open_latest(published), " ".join(restriction)
    tables = load_tables(version)
    record = records.build_record(tables, find_single_id(words, tables["restrictions"]))
    try:
        cited = cite_restriction(record, version)
    except PublishError as error:
        raise fail_with(str(error)) from error
    citation_text = (
        f"{plain_line(sentences.write_answer(record, version.id))}\n\n{cited.format_text()}\n"
    )
    forms = {
        Form.TEXT: citation_text,
        Form.BIBTEX: cited.format_bibtex(),
        Form.CSL_JSON: cited.format_csl_json(),
    }
    sys.stdout.write(forms[style])


def list_(published: PublishedFolder = PUBLISHED) -> None:
    """List the published restrictions, the best known first."""
    from audience_impact.answers import tables as report

    version = open_latest(published)
    tables = load_tables(version)
    rows = report.list_exposed(tables)
    report.print_results(rows, f"People exposed, version {version.id}")
