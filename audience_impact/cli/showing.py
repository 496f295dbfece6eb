"""The commands `show`, `cite` and `list`: answers for a restriction, a country or a region.

Search is by typed words: the id or words of a restriction, or the name of an area. A term matches a
word of a restriction's record that begins with it, whatever its case and accents: `nigeria twitter`
matches NG-2021-06-04-twitter.
"""

import re
import sys
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

from audience_impact.answers.names import area_in_words
from audience_impact.answers.numbers import day_in_words
from audience_impact.cli.folders import (
    PUBLISHED,
    OutputFormat,
    PublishedFolder,
    fail_with,
    load_tables,
    open_latest,
)
from audience_impact.vocabulary import Action

ON_RECORD = ("restriction_id", "area_name", "country_id", "places", "platforms", "observed_from")


def find_area(words: str, names: Mapping[str, str]) -> str | None:
    """Return the id of the area with this id or name; None without one."""
    query = _fold_text(words).removeprefix("the ")
    for area, name in names.items():
        spellings = (area, name, area_in_words(area, name))
        if query in {_fold_text(text).removeprefix("the ") for text in spellings}:
            return area
    return None


def find_restrictions(words: str, restrictions: pd.DataFrame) -> list[str]:
    """Return the ids of the restrictions whose records match all words, in their order."""
    terms = _fold_text(words).split()
    cells = restrictions[[*ON_RECORD, "action"]].astype("object").where(restrictions.notna(), None)
    rows = cells.to_dict(orient="records")
    return [row["restriction_id"] for row in rows if terms and _has_all(row, terms)]


def _has_all(row: Mapping[str, Any], terms: list[str]) -> bool:
    countries = [area_in_words(code, code) for code in row["country_id"].split(";")]
    day = day_in_words(row["observed_from"] or "")
    forms = [Action(row["action"]).verb, Action(row["action"]).forms.noun]
    texts = [*(row[name] or "" for name in ON_RECORD), *countries, day, *forms]
    record_words = re.findall(r"\w+", _fold_text(" ".join(texts)).replace("_", " "))
    return all(any(word.startswith(term) for word in record_words) for term in terms)


def _fold_text(text: str) -> str:
    """Return a text without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).split())


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
    """Add the commands."""
    app.command()(show)
    app.command()(cite)
    app.command(name="list")(list_)


def show(
    what: Asked,
    published: PublishedFolder = PUBLISHED,
    period: Period = None,
    style: Annotated[
        OutputFormat, typer.Option("--format", help="Form of the answer.")
    ] = OutputFormat.TEXT,
) -> None:
    """Show the answer for a restriction, or for a country or region and a year.

    Of a restriction: bounds, figures with their sources, what others published. Of a country or
    region: people under at least one restriction, by year, each counted once.
    """
    from audience_impact.answers import records, text
    from audience_impact.plain_text import json_text

    version, words = open_latest(published), " ".join(what)
    tables, about = load_tables(version), load_tables(version, records.load_area_tables)
    area = find_area(words, records.read_area_names(about))
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
    """Return the record of an area; exit with 1 where the period has none."""
    from audience_impact.answers import names, records

    try:
        return records.build_area_record(about, area, period)
    except KeyError as error:
        name = names.area_in_words(area, records.read_area_names(about)[area])
        hint = "give a year or a month, such as 2023 or 2023-05, or leave --period out"
        raise fail_with(f"nothing is published of {name} in {period}: {hint}") from error


def find_ids(version: "Stored", queries: list[str]) -> tuple[str, ...]:
    """Return the ids of restrictions, each once; exit with 1 where a query fits none or several."""
    if not queries:
        return ()
    restrictions = load_tables(version)["restrictions"]
    return tuple(dict.fromkeys(find_single_id(words, restrictions) for words in queries))


def find_single_id(words: str, restrictions: "pd.DataFrame") -> str:
    """Return the id of the restriction; exit with 1 where words fit none or several."""
    import difflib

    ids = restrictions["restriction_id"].tolist()
    if words in ids:
        return words
    matches = find_restrictions(words, restrictions)
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
    style: Annotated[Form, typer.Option("--format", help="Form of the citation.")] = Form.TEXT,
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
    """List the restrictions published, the best known first."""
    from audience_impact.answers import tables as report

    version = open_latest(published)
    tables = load_tables(version)
    rows = report.list_exposed(tables)
    report.print_results(rows, f"People exposed, version {version.id}")
