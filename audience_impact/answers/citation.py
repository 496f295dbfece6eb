"""Citations of an answer: as text, as BibTeX, and as CSL-JSON, always with its version.

A restriction is cited as a data set of its own, because its numbers are valid only for one version
of the facts and the method.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audience_impact.answers.numbers import day_in_words
from audience_impact.answers.records import AnswerRecord
from audience_impact.answers.restriction_words import (
    describe_place,
    name_other_ids,
    name_restriction,
    say_start,
)
from audience_impact.plain_text import json_text, plain_line
from audience_impact.store.versions import Stored

AUTHOR = "audience-impact maintainers"
DATA_SET_TITLE = "How many people an internet restriction affects"
"""Title of the data set that contains every answer."""
KEYWORDS = [
    *("internet shutdowns", "internet censorship"),
    *("audience measurement", "overlapping audiences"),
]
"""What the data set is about, as catalogues of data list it."""
_BIBTEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
"""Escapes for characters that BibTeX and LaTeX would interpret as commands."""


@dataclass(frozen=True)
class Citation:
    """The citation of an answer of a version, under a licence.

    `title` is the restriction in words, `as_of` the date of the facts (ISO 8601), `licence` a short
    name such as CC-BY-4.0, and `other_ids` the ids of the event at other publishers, or blank.
    """

    id: str
    title: str
    as_of: str
    version_id: str
    licence: str
    licence_url: str
    other_ids: str = ""

    def format_text(self) -> str:
        """Return the citation as one line."""
        others = f" ({self.other_ids})" if self.other_ids else ""
        return (
            f"{AUTHOR} ({self.as_of[:4]}): {self.title}. In: {DATA_SET_TITLE}, "
            f"version {self.version_id}, as of {day_in_words(self.as_of)} [data set]. "
            f"Restriction {self.id}{others}. Licence {self.licence}, {self.licence_url}"
        )

    def format_bibtex(self) -> str:
        """Return the citation as a BibTeX entry; its key is the version and the restriction."""
        year, month, _ = self.as_of.split("-")
        fields = {
            "author": f"{{{_escape_latex(AUTHOR)}}}",
            "title": f"{{{_escape_latex(self.title)}}}",
            "howpublished": _escape_latex(f"Data set: {DATA_SET_TITLE}"),
            "year": year,
            "month": str(int(month)),
            "version": _escape_latex(self.version_id),
            "note": _escape_latex(
                f"Restriction {self.id}, version {self.version_id}, as of {self.as_of}, "
                f"licence {self.licence}"
            ),
        }
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
        # Other signs would end the key.
        key = "".join(sign for sign in self.id if sign.isalnum() or sign in "-.:")
        return f"@misc{{audience-impact:{self.version_id}:{key},\n{lines}}}\n"

    def format_csl_json(self) -> str:
        """Return the citation as CSL-JSON, a list of one item."""
        item = {
            "id": f"audience-impact:{self.version_id}:{self.id}",
            "type": "dataset",
            "title": self.title,
            "author": [{"literal": AUTHOR}],
            "issued": {"date-parts": [[int(part) for part in self.as_of.split("-")]]},
            "container-title": DATA_SET_TITLE,
            "version": self.version_id,
            "number": self.id,
            "note": f"As of {self.as_of}. Licence: {self.licence}, {self.licence_url}",
            "language": "en-GB",
        }
        return json_text([item]) + "\n"


def cite_version(manifest: Mapping[str, Any]) -> str:
    """Return the citation of a version in one line, with its licence; `manifest` describes it."""
    as_of = str(manifest["audience_impact"]["as_of"])
    return (
        f"{AUTHOR} ({as_of[:4]}): {DATA_SET_TITLE}, version {manifest['version']}, as of "
        f"{day_in_words(as_of)} [data set]. {manifest['licenses'][0]['title']}"
    )


def describe_dataset(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a version as a schema.org Dataset, for search engines and catalogues of data."""
    return {
        "@type": "Dataset",
        "name": manifest["title"],
        "description": manifest["description"],
        "version": manifest["version"],
        "datePublished": manifest["audience_impact"]["as_of"],
        "license": manifest["licenses"][0]["path"],
        "creator": {"@type": "Organization", "name": AUTHOR},
        "creditText": cite_version(manifest),
        "keywords": KEYWORDS,
        "isAccessibleForFree": True,
        "spatialCoverage": "World",
        "measurementTechnique": "Bounds and simulation of overlapping audiences",
        "variableMeasured": [
            "People exposed to an internet restriction",
            "Person-days under internet restrictions",
        ],
    }


def cite_restriction(record: AnswerRecord, version: Stored) -> Citation:
    """Return the citation of a restriction; raise PublishError where its version is damaged."""
    manifest = version.manifest
    licence = manifest["licenses"][0]
    about = record.restriction
    day = f" {say_start(about)}" if about.first_day else ""
    restriction = f"{name_restriction(record)} in {describe_place(record)}"
    return Citation(
        about.restriction_id,
        plain_line(f"People affected by the {restriction}{day}"),
        about.as_of,
        version.id,
        licence["name"],
        licence["path"],
        name_other_ids(record),
    )


def _escape_latex(text: str) -> str:
    return "".join(_BIBTEX.get(sign, sign) for sign in text)
