"""The registry of all rules that check facts and results.

A rule is registered once, next to the code that checks it: by the decorator of its stage, or as an
entry if one loop or a library finds the failures of several rules. rules.csv has the severity and
the texts of each. docs/checks.md and the published table `quality` are generated from the registry.
An id is permanent: it is never used again for another rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from audience_impact.vocabulary import FindingSeverity, RuleStage, read_table

Run = TypeVar("Run", bound=Callable[..., Any])


class ParameterError(ValueError):
    """A table of fitted parameters is incomplete; the message names the command that writes it."""


@dataclass(frozen=True)
class Rule:
    """A rule: its id, severity, meaning and advice.

    `tables` are the tables that it checks; empty if the contracts define them. `number` is its
    number in the list of required checks. `columns` are the columns that a finding may refer to:
    the first that the table has. `message` is a format string over columns of the rows that fail;
    blank where the code that finds them makes it.
    """

    id: str
    stage: RuleStage
    severity: FindingSeverity
    meaning: str
    advice: str
    tables: tuple[str, ...] = ()
    number: int | None = None
    columns: tuple[str, ...] = ()
    message: str = ""


FAULT = "a fault of the method, not of the facts: report it with the facts that show it"
"""Advice for a published number that cannot be right, whatever the facts are."""

_RULES: dict[str, Rule] = {}


_TEXTS = {row["id"]: row for row in read_table(Path(__file__).with_suffix(".csv"))}
"""Severity, number and texts of each rule by id; a blank advice is FAULT."""


def register_rule(name: str, stage: RuleStage, *tables: str, columns: tuple[str, ...] = ()) -> str:
    """Add the rule of rules.csv with the id `name` to the registry; return the id.

    Raises ValueError if another rule already has the id, and KeyError if rules.csv has none.
    """
    texts = _TEXTS[name]
    severity, number = FindingSeverity(texts["severity"]), int(texts["number"] or 0) or None
    advice = texts["advice"] or FAULT
    rule = Rule(
        name, stage, severity, texts["meaning"], advice, tables, number, columns, texts["message"]
    )
    if _RULES.setdefault(name, rule) != rule:
        raise ValueError(f"the id {name} belongs to another rule: ids are never reused")
    return name


def list_rules() -> tuple[Rule, ...]:
    """Return all rules of the modules imported so far, in the order of the stages."""
    stages = list(RuleStage)
    return tuple(sorted(_RULES.values(), key=lambda rule: stages.index(rule.stage)))


def get_rule(rule: str) -> Rule:
    """Return the rule with an id; raise KeyError for an unknown id."""
    return _RULES[rule]


class Stage(Generic[Run]):
    """The rules of a stage, all functions with the same signature, in running order."""

    def __init__(self, stage: RuleStage) -> None:
        self.stage = stage
        self.runs: dict[str, Run] = {}

    def rule(self, *tables: str) -> Callable[[Run], Run]:
        """Register the decorated function as a rule of some tables, with its name as the id."""

        def register_function(run: Run) -> Run:
            self.runs[register_rule(run.__name__, self.stage, *tables)] = run
            return run

        return register_function
