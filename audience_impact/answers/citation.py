"""How to cite an answer: as text, as BibTeX, and as CSL-JSON, always with its version.

A restriction is cited as a data set of its own, because its number belongs to one version of the
facts and the method.
"""

from dataclasses import dataclass
from typing import Any

from audience_impact.answers.acts import deed, start, target_words, where
from audience_impact.answers.numbers import day_in_words, on_day
from audience_impact.answers.records import AnswerRecord
from audience_impact.plain_text import json_text, plain
from audience_impact.store.versions import Stored

AUTHOR = "audience-impact maintainers"
WHOLE = "How many people an internet restriction touches"
"""The data set that an answer is a part of."""
_BIBTEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
"""What BibTeX and LaTeX would take for a command, and how it is written."""


@dataclass(frozen=True)
class Citation:
    """What is cited: an answer of a version, under a licence.

    Attributes:
        id: Of the restriction.
        title: What it was, where and when.
        as_of: The day that the facts speak of, ISO 8601.
        version_id: The version of facts and method.
        licence: Short name of the licence, such as CC-BY-4.0.
        licence_url: Where it can be read.
    """

    id: str
    title: str
    as_of: str
    version_id: str
    licence: str
    licence_url: str

    def text(self) -> str:
        """The citation in a line."""
        return (
            f"{AUTHOR} ({self.as_of[:4]}): {self.title}. In: {WHOLE}, version {self.version_id}, "
            f"as of {day_in_words(self.as_of)} [data set]. Restriction {self.id}. "
            f"Licence {self.licence}, {self.licence_url}"
        )

    def bibtex(self) -> str:
        """The citation as an entry of BibTeX; its key is the version and the restriction."""
        year, month, _ = self.as_of.split("-")
        fields = {
            "author": f"{{{_latex(AUTHOR)}}}",
            "title": f"{{{_latex(self.title)}}}",
            "howpublished": _latex(f"Data set: {WHOLE}"),
            "year": year,
            "month": str(int(month)),
            "version": _latex(self.version_id),
            "note": _latex(
                f"Restriction {self.id}, version {self.version_id}, as of {self.as_of}, "
                f"licence {self.licence}"
            ),
        }
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
        return f"@misc{{audience-impact:{self.version_id}:{_key(self.id)},\n{lines}}}\n"

    def csl_json(self) -> str:
        """The citation as CSL-JSON, a list of one item."""
        return json_text([self.csl_item()]) + "\n"

    def csl_item(self) -> dict[str, Any]:
        """The citation as an item of CSL-JSON."""
        return {
            "id": f"audience-impact:{self.version_id}:{self.id}",
            "type": "dataset",
            "title": self.title,
            "author": [{"literal": AUTHOR}],
            "issued": {"date-parts": [[int(part) for part in self.as_of.split("-")]]},
            "container-title": WHOLE,
            "version": self.version_id,
            "number": self.id,
            "note": f"As of {self.as_of}. Licence: {self.licence}, {self.licence_url}",
            "language": "en-GB",
        }


def citation(record: AnswerRecord, version: Stored) -> Citation:
    """Return the citation of a restriction of a version.

    Raises PublishError where the version is damaged.
    """
    manifest = version.manifest
    licence = manifest["licenses"][0]
    return Citation(
        record.act.restriction_id,
        plain(_title(record)),
        record.act.as_of,
        version.id,
        licence["name"],
        licence["path"],
    )


def _title(record: AnswerRecord) -> str:
    """Return `People touched by the block of WhatsApp in Russia on 22 December 2025`."""
    day = start(record)
    return (
        f"People touched by the {deed(record)} of {target_words(record)} in {where(record)}"
        f"{f' {on_day(day)}' if day else ''}"
    )


def _latex(text: str) -> str:
    return "".join(_BIBTEX.get(sign, sign) for sign in text)


def _key(text: str) -> str:
    """A text without what ends a key."""
    return "".join(sign for sign in text if sign.isalnum() or sign in "-.:")
