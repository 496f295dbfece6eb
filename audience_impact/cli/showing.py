"""The commands `show` and `cite`: one restriction, or a country or region, told to people."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import PUBLISHED, PublishedFolder, Told, fail, latest, loaded

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
        help="Id of a restriction, such as RU-2025-08-13-calls, or words that fit one alone "
        "(nigeria twitter); or the name or code of a country or region (Africa, 002).",
    ),
]
Restriction = Annotated[
    list[str],
    typer.Argument(metavar="RESTRICTION", help="Id of a restriction, or words that fit one alone."),
]
Period = Annotated[
    str | None,
    typer.Option(
        metavar="YEAR",
        help="Year or month (2023, 2023-05) of a country or region. Default: the last year.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Give the commands their words."""
    app.command()(show)
    app.command()(cite)
    app.command(name="list")(list_)


def show(
    what: Asked,
    published: PublishedFolder = PUBLISHED,
    period: Period = None,
    style: Annotated[Told, typer.Option("--format", help="Form of the answer.")] = Told.TEXT,
) -> None:
    """Show the answer for a restriction, or for a country or region and a year.

    Of a restriction: bounds, figures with their sources, what others published. Of a country or
    region: people under at least one restriction, by year, each counted once.
    """
    from audience_impact.answers import records, text
    from audience_impact.cli import finding
    from audience_impact.plain_text import json_text

    version, words = latest(published), " ".join(what)
    tables, about = loaded(version), loaded(version, records.load_areas)
    area = finding.area_of(words, records.area_names(about))
    if area is None or words in set(tables["restrictions"]["restriction_id"]):
        if period:
            raise fail(f"--period {period} goes with a country or region; {words} is none", 2)
        record = records.of_restriction(tables, one_of(words, tables["restrictions"]))
        shown = text.restriction_text(record, version.id)
        values = text.restriction_json(record, version.id)
    else:
        of_area = _area(about, area, period)
        shown, values = text.area_text(of_area, version.id), text.area_json(of_area, version.id)
    as_json = json_text({"version_id": version.id, **values}) + "\n"
    sys.stdout.write(as_json if style is Told.JSON else shown)


def _area(about: "dict[str, pd.DataFrame]", area: str, period: str | None) -> "AreaRecord":
    """Return the record of an area; exits with 1 where there is none of the period."""
    from audience_impact.answers import names, records

    try:
        return records.of_area(about, area, period)
    except KeyError as error:
        name = names.area_in_words(area, records.area_names(about)[area])
        hint = "give a year or a month, such as 2023 or 2023-05, or leave --period out"
        raise fail(f"nothing is published of {name} in {period}: {hint}") from error


def ids_of(version: "Stored", told: list[str]) -> tuple[str, ...]:
    """The restrictions meant, each once; exits with 1 where words fit none, or several."""
    if not told:
        return ()
    restrictions = loaded(version)["restrictions"]
    return tuple(dict.fromkeys(one_of(words, restrictions) for words in told))


def one_of(words: str, restrictions: "pd.DataFrame") -> str:
    """The restriction meant; exits with 1 where there is none, or several."""
    import difflib

    from audience_impact.cli import finding

    ids = restrictions["restriction_id"].tolist()
    if words in ids:
        return words
    found = finding.restrictions_of(words, restrictions)
    if len(found) == 1:
        return found[0]
    if not found:
        near = difflib.get_close_matches(words, ids)
        hint = f"did you mean {' or '.join(near)}?" if near else "see audience-impact list"
        raise fail(f"{words} is not published; {hint}")
    about = restrictions.set_index("restriction_id")
    lines = [
        f"  {one}  {about.at[one, 'area_name']}: {about.at[one, 'platforms']}"
        for one in found[:MOST_LISTED]
    ]
    more = [f"  and {len(found) - MOST_LISTED} more"] * (len(found) > MOST_LISTED)
    head = f"{words} fits {len(found)} restrictions; give more words, or the id of one:"
    raise fail("\n".join([head, *lines, *more]))


def cite(
    restriction: Restriction,
    published: PublishedFolder = PUBLISHED,
    style: Annotated[Form, typer.Option("--format", help="Form of the citation.")] = Form.TEXT,
) -> None:
    """Say how to cite the answer for a restriction, with its sentence, version and licence."""
    from audience_impact.answers import records, sentences
    from audience_impact.answers.citation import citation
    from audience_impact.plain_text import plain
    from audience_impact.store import PublishError

    version, words = latest(published), " ".join(restriction)
    tables = loaded(version)
    record = records.of_restriction(tables, one_of(words, tables["restrictions"]))
    try:
        cited = citation(record, version)
    except PublishError as error:
        raise fail(str(error)) from error
    said = f"{plain(sentences.answer(record, version.id))}\n\n{cited.text()}\n"
    forms = {Form.TEXT: said, Form.BIBTEX: cited.bibtex(), Form.CSL_JSON: cited.csl_json()}
    sys.stdout.write(forms[style])


def list_(published: PublishedFolder = PUBLISHED) -> None:
    """List the restrictions published, the best known first."""
    from audience_impact.answers import tables as report

    version = latest(published)
    tables = loaded(version)
    rows = report.exposed(tables)
    report.show_results(rows, f"People exposed, version {version.id}")
