"""The pages of a run in Prefect, in Markdown: the answers, and the results of the checks.

Words from facts are text here: no cell of a fact can become a link, a picture or HTML.
"""

from collections.abc import Sequence
from pathlib import Path

from audience_impact.answers import records
from audience_impact.answers import tables as report
from audience_impact.answers.numbers import day_in_words
from audience_impact.plain_text import markdown_text
from audience_impact.store.publishing import Published


def format_answers(version: Published, folders: Sequence[Path]) -> str:
    """Return the version, its facts and day, and the answers as Markdown."""
    rows = report.list_exposed(records.load_tables(version.version))
    return f"{_format_version(version, folders)}\n\n{report.render_results(rows)}"


def format_checks(version: Published) -> str:
    """Return the quality report and the count of quarantined rows as Markdown."""
    return report.render_quality(
        version.version.read_table("quality"), version.version.count_rows()["quarantine"]
    )


def _format_version(version: Published, folders: Sequence[Path]) -> str:
    about = version.version.version
    named = ", ".join(markdown_text(folder) for folder in folders)
    return (
        f"Version **{version.version_id}** as of {day_in_words(str(about.as_of))}, from the facts "
        f"in {named} (SHA-256 {about.inputs_sha256[:12]}) by method {about.method_version}."
    )
