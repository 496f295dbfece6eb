"""What Prefect's pages show of a run, as Markdown: the answers, and what was checked.

The answers begin with the version, its facts and its day, and with where the report lies. Words
from facts are text here: no cell of a fact can become a link, a picture or HTML.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from audience_impact.answers import records, sentences
from audience_impact.answers import tables as report
from audience_impact.answers.numbers import day_in_words
from audience_impact.plain_text import markdown_text
from audience_impact.store.versions import Published

TOLD = 3
"""So many of the largest and of the newest restrictions are told in a sentence each."""
REPORT = Path("report", "index.html")
"""Where a report lies below the folder of the versions."""


def answers(version: Published, folders: Sequence[Path], address: str | None) -> str:
    """The answers of a version: its facts and day, the report, sentences, and the table of all.

    `folders` are those of the facts; `address` is that of the report, by default the folder beside
    the versions.
    """
    tables = records.load(version.version)
    rows = report.exposed(tables)
    first = [
        _version(version, folders),
        _report(version, address),
        f"## The largest\n\n{_told(tables, _largest(rows))}",
        f"## The newest\n\n{_told(tables, _newest(rows))}",
        f"## All\n\n{report.results_markdown(rows)}",
    ]
    return "\n\n".join(first)


def checks(version: Published) -> str:
    """What was checked, and what was found."""
    return report.quality_markdown(
        version.version.table("quality"), version.version.rows()["quarantine"]
    )


def _version(version: Published, folders: Sequence[Path]) -> str:
    known = version.version.manifest["audience_impact"]
    named = ", ".join(markdown_text(folder) for folder in folders)
    return (
        f"Version **{version.version_id}** as of {day_in_words(known['as_of'])}, from the facts "
        f"in {named} (SHA-256 {known['inputs_sha256'][:12]}) by method {known['method_version']}."
    )


def _report(version: Published, address: str | None) -> str:
    """A link to the report that was named, or where the one beside the versions lies."""
    if address:
        return f"[The report](<{quote(address, safe=':/?#@&=+,;~%')}>)"
    path = version.path.parents[1] / REPORT
    if not path.is_file():
        return "There is no report yet: `audience-impact report` writes it."
    shown = path.parent.resolve().name
    of = "" if shown in (version.version_id, REPORT.parent.name) else f", of version {shown}"
    return f"The report lies beside the versions, in {markdown_text(REPORT)}{of}."


def _told(tables: Mapping[str, pd.DataFrame], chosen: Sequence[str]) -> str:
    """A sentence for each, with its id."""
    known = records.Records(tables)
    return "\n".join(
        f"- {markdown_text(sentences.headline(known[one]))} ({markdown_text(one)})"
        for one in chosen
    )


def _largest(rows: pd.DataFrame) -> list[str]:
    size = rows["q50_persons"].astype("float64").fillna(0.0)
    order = rows.assign(size=size).sort_values(["size", "restriction_id"], ascending=[False, True])
    return list(order["restriction_id"].head(TOLD))


def _newest(rows: pd.DataFrame) -> list[str]:
    known = rows[rows["start_on"].notna()].assign(start_on=lambda own: own["start_on"].astype(str))
    order = known.sort_values(["start_on", "restriction_id"], ascending=[False, True])
    return list(order["restriction_id"].head(TOLD))
