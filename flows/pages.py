"""The pages of a run in Prefect, in Markdown: the answers, and the results of the checks.

The answers begin with the version, its facts and its day, and with where the report lies. Words
from facts are text here: no cell of a fact can become a link, a picture or HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from audience_impact.answers import records, sentences
from audience_impact.answers import tables as report
from audience_impact.answers.numbers import day_in_words
from audience_impact.plain_text import markdown_text
from audience_impact.store.publishing import Published

HEADLINE_COUNT = 3
"""The number of headlines of the largest, and of the newest, restrictions."""
REPORT = Path("report", "index.html")
"""The place of a report below the folder of the versions."""


def format_answers(version: Published, folders: Sequence[Path]) -> str:
    """Return the answers of a version as Markdown: facts, day, report, headlines and table."""
    tables = records.load_tables(version.version)
    rows = report.list_exposed(tables)
    first = [
        _format_version(version, folders),
        _find_report(version),
        f"## The largest\n\n{_format_headlines(tables, _list_largest(rows))}",
        f"## The newest\n\n{_format_headlines(tables, _list_newest(rows))}",
        f"## All\n\n{report.render_results(rows)}",
    ]
    return "\n\n".join(first)


def format_checks(version: Published) -> str:
    """Return the quality report and the count of quarantined rows as Markdown."""
    return report.render_quality(
        version.version.read_table("quality"), version.version.count_rows()["quarantine"]
    )


def _format_version(version: Published, folders: Sequence[Path]) -> str:
    about = version.version.manifest["audience_impact"]
    named = ", ".join(markdown_text(folder) for folder in folders)
    return (
        f"Version **{version.version_id}** as of {day_in_words(about['as_of'])}, from the facts "
        f"in {named} (SHA-256 {about['inputs_sha256'][:12]}) by method {about['method_version']}."
    )


def _find_report(version: Published) -> str:
    """Return a sentence on the report next to the versions."""
    path = version.path.parents[1] / REPORT
    if not path.is_file():
        return "There is no report yet: `audience-impact report` writes it."
    shown = path.parent.resolve().name
    of = "" if shown in (version.version_id, REPORT.parent.name) else f", of version {shown}"
    return f"The report is in the folder of the versions, in {markdown_text(REPORT)}{of}."


def _format_headlines(tables: Mapping[str, pd.DataFrame], restriction_ids: Sequence[str]) -> str:
    record_by_id = records.Records(tables)
    return "\n".join(
        f"- {markdown_text(sentences.write_headline(record_by_id[key]))} ({markdown_text(key)})"
        for key in restriction_ids
    )


def _list_largest(rows: pd.DataFrame) -> list[str]:
    size = rows["q50_persons"].astype("float64").fillna(0.0)
    order = rows.assign(size=size).sort_values(["size", "restriction_id"], ascending=[False, True])
    return list(order["restriction_id"].head(HEADLINE_COUNT))


def _list_newest(rows: pd.DataFrame) -> list[str]:
    dated = rows[rows["start_on"].notna()].assign(
        start_on=lambda frame: frame["start_on"].astype(str)
    )
    order = dated.sort_values(["start_on", "restriction_id"], ascending=[False, True])
    return list(order["restriction_id"].head(HEADLINE_COUNT))
