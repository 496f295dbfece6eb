"""The commands `show` and `cite`: one restriction, or a country or region, told to people."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audience_impact.cli.folders import PUBLISHED, PublishedFolder, Told, fail, latest, loaded

if TYPE_CHECKING:
    import pandas as pd

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
    from audience_impact.answers import areas, sentences, story
    from audience_impact.cli import finding
    from audience_impact.plain_text import json_text

    version, words = latest(published), " ".join(what)
    tables, about = loaded(version), loaded(version, areas.load)
    area = finding.area_of(words, areas.names(about))
    if area is None or words in set(tables["restrictions"]["restriction_id"]):
        if period:
            raise fail(f"--period {period} goes with a country or region; {words} is none", 2)
        told = story.story(tables, one_of(words, tables["restrictions"]))
        told["answer"] = sentences.answer(told, version.id)
        text = story.story_text(told)
    else:
        told = _area(about, area, period)
        told["answer"] += f" Figures: audience-impact version {version.id}."
        text = areas.area_text(told)
    whole = {"version_id": version.id, **told}
    sys.stdout.write(json_text(whole) + "\n" if style is Told.JSON else text)


def _area(about: "dict[str, pd.DataFrame]", area: str, period: str | None) -> dict[str, Any]:
    """The answer for an area; exits with 1 where there is none of the period."""
    from audience_impact.answers import areas
    from audience_impact.answers.sentences.names import area_in_words

    try:
        return areas.area(about, area, period)
    except KeyError as error:
        name = area_in_words(area, areas.names(about)[area])
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
    from audience_impact.answers import sentences, story
    from audience_impact.answers.sentences.citation import citation
    from audience_impact.plain_text import plain
    from audience_impact.store import PublishError

    version, words = latest(published), " ".join(restriction)
    tables = loaded(version)
    told = story.story(tables, one_of(words, tables["restrictions"]))
    try:
        cited = citation(told, version)
    except PublishError as error:
        raise fail(str(error)) from error
    said = f"{plain(sentences.answer(told, version.id))}\n\n{cited.text()}\n"
    forms = {Form.TEXT: said, Form.BIBTEX: cited.bibtex(), Form.CSL_JSON: cited.csl_json()}
    sys.stdout.write(forms[style])


def list_(published: PublishedFolder = PUBLISHED) -> None:
    """List the restrictions published, the best known first."""
    from audience_impact.answers import tables as report

    version = latest(published)
    tables = loaded(version)
    rows = report.exposed(tables)
    report.show_results(rows, f"People exposed, version {version.id}")
