"""The trace of an answer: what a run published of one restriction, and the facts behind it."""

from dataclasses import dataclass

import pandas as pd

from audience_impact.explaining.facts import FactRows
from audience_impact.facts.tables import Tables
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import TraceStep

TABLES = ("impact", "comparisons", "lineage", "candidates", "steps", "person_days")
"""Published tables with the rows of a restriction that an explanation shows."""


class NoTraceError(LookupError):
    """The error for a version without traces; its message is one line."""


@dataclass(frozen=True)
class Trace:
    """The rows of a restriction in TABLES.

    Attributes:
        restriction_id: The id of the restriction.
        tables: The rows, as published.
        fact_rows: The facts that the rows name by line.
        origin: A sentence on where the numbers come from.
    """

    restriction_id: str
    tables: Tables
    fact_rows: FactRows
    origin: str

    def select_steps(self, step: TraceStep) -> pd.DataFrame:
        """Return the rows of the trace that belong to a step."""
        rows = self.tables["steps"]
        return rows[rows["step"] == step.value]

    def list_used(self, *roles: str) -> pd.DataFrame:
        """Return the rows of `lineage` with these roles."""
        rows = self.tables["lineage"]
        return rows[rows["role"].isin(roles)].assign(passed_over="")

    def list_candidates(self, role: str, **cells: str) -> pd.DataFrame:
        """Return the candidates with this role and cells."""
        rows = self.tables["candidates"]
        for name, cell in {"role": role, **cells}.items():
            rows = rows[rows[name] == cell]
        return rows.assign(passed_over=rows["passed_over"].fillna("").astype("str"))

    def impact_row(self, metric: str) -> "pd.Series[object]":
        """Return the row of a metric in `impact`; cells without a text are blank."""
        row = self.tables["impact"].set_index("impact_metric").loc[metric]
        return row.where(row.notna() | row.index.str.endswith("_persons"), "")


def read_trace(version: Stored, restriction_id: str) -> Trace:
    """Return the trace of a restriction in a version.

    Raises:
        NoTraceError: It has none of any restriction.
        PublishError: The version is damaged.
    """
    if "steps.parquet" not in version.files:
        raise NoTraceError(
            f"version {version.id} was published by an older release, without traces: run "
            "`audience-impact run` again"
        )
    chosen = [("restriction_id", "==", restriction_id)]
    tables = {name: version.read_table(name, filters=chosen) for name in TABLES}
    origin = f"Published in version {version.id}."
    return Trace(restriction_id, tables, FactRows(version.fact_files()), origin)
