"""The findings of the last check for the tables that did not change since.

A contract reads the text of one table; a check over several tables reads those that it looks up
(`checks.RecordedTables`), with their lines. A table whose text passed its contract passes again,
and a check of the same tables has the same findings. They are saved under the digest of the code.
"""

import hashlib

import pandas as pd

from audience_impact.facts import checks
from audience_impact.facts.tables import Finding, Tables
from flows.pipeline import cache, code
from schemas import contracts


class SavedFindings:
    """The digests of tables that passed their contracts, and what each check found in which."""

    def __init__(self) -> None:
        digest = code.digest_program()
        self.key = digest and f"findings-{digest}"
        self.sound: dict[str, str] = {}
        self.outcomes: dict[tuple[str, int], tuple[dict[str, str], list[Finding]]] = {}
        if self.key:
            self.sound, self.outcomes = cache.load(self.key) or ({}, {})
        self.digests: dict[int, tuple[pd.DataFrame, str]] = {}

    def save(self) -> None:
        """Save them for the next check."""
        if self.key:
            cache.save(self.key, (self.sound, self.outcomes))

    def list_suspect_tables(self, tables: Tables) -> set[str]:
        """Return the tables of text in which a rule of their contract fails."""
        names = {name for name in tables if self.sound.get(name) != self._digest(tables[name])}
        suspects = contracts.list_suspect_tables({name: tables[name] for name in names})
        self.sound |= {name: self._digest(tables[name]) for name in names - suspects}
        return suspects

    def run_check(self, rule: str, number: int, tables: Tables) -> checks.Outcome:
        """Return the outcome of a check of a rule over typed tables."""
        names, findings = self.outcomes.get((rule, number), ({}, []))
        if not names or any(names[name] != self._digest(tables[name]) for name in names):
            read, findings = checks.run_check(rule, number, tables)
            names = {name: self._digest(tables[name]) for name in read}
            self.outcomes[rule, number] = names, findings
        return names, findings

    def _digest(self, frame: pd.DataFrame) -> str:
        """Return a digest of the cells of a fact table, none of which has two lines."""
        if id(frame) not in self.digests:
            total = hashlib.sha256()
            for name, cells in frame.items():
                values = cells.to_numpy()
                content = "\n".join(values).encode() if values.dtype == object else values.tobytes()
                total.update(f"{name}/{values.dtype}/{len(values)}/".encode() + content + b"\n")
            self.digests[id(frame)] = frame, total.hexdigest()
        return self.digests[id(frame)][1]
