"""The comparison of a run with the last version: what changed, and warnings of large changes.

The same inputs have to give the same bytes, whatever was published before. Therefore a run reports
these findings, but they are not part of a version.

Each module imports only those above it:

    summaries      what is compared of a version, and what differs between two versions
    damaged_facts  rules about rows and cells of facts that are gone or changed places
    edited_facts   rules about edits of facts that moved answers
    moved_answers  rules about answers that moved, became weaker or are gone, and about lost rows
    messages       the lines that a run reports
"""

from flows.last_version.messages import ACCEPT, list_changes, list_notes
from flows.last_version.summaries import (
    VERSIONS,
    Summary,
    make_empty_summary,
    read_last_version,
    summarise_results,
    summarise_version,
)

__all__ = [
    "ACCEPT",
    "VERSIONS",
    "Summary",
    "list_changes",
    "list_notes",
    "make_empty_summary",
    "read_last_version",
    "summarise_results",
    "summarise_version",
]
