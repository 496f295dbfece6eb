"""The page of the method, as the report and the documentation show it: docs/method.md, filled.

The page marks the place of its table of status, and the table comes from the rules themselves.
"""

from pathlib import Path

from audience_impact.answers.names import label_code
from audience_impact.answers.tables import render_markdown
from audience_impact.outputs.review import status_rules

TEXT = Path(__file__).parents[1] / "documents" / "method.md"
STATUS = "<!-- made: status -->\n"
HEADINGS = ("rule", "caps at", "when", "what the row says")


def render_page() -> str:
    """Return the page as Markdown, with the table of status in its place."""
    return TEXT.read_text(encoding="utf-8").replace(STATUS, render_status_section())


def render_status_section() -> str:
    """Return what a row called A has, and a table of the rules of status, as Markdown."""
    rows = [
        (
            f"`{rule.id}`",
            f"{rule.caps_at} {label_code(rule.caps_at, 'obs_status')}",
            rule.condition,
            rule.sentence,
        )
        for rule in status_rules.TABLE
    ]
    conditions = "".join(f"- {text}\n" for text in status_rules.ASKED_OF_NORMAL)
    return f"A row called A (normal) has all of\n\n{conditions}\n{render_markdown(HEADINGS, rows)}"
