"""The registry of all rules that check facts and results.

A rule is registered once, next to the code that checks it: by the decorator of its stage, or as an
entry if one loop or a library finds the failures of several rules. docs/checks.md and the published
table `quality` are generated from the registry. An id is permanent: it is never used again for
another rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from audience_impact.vocabulary import FindingSeverity, RuleStage

Run = TypeVar("Run", bound=Callable[..., Any])


class ParameterError(ValueError):
    """A table of fitted parameters is incomplete; the message names the command that writes it."""


@dataclass(frozen=True)
class Rule:
    """A rule: its id, severity, meaning and advice.

    `tables` are the tables that it checks; empty if the contracts define them. `number` is its
    number in the list of required checks. `columns` are the columns that a finding may refer to:
    the first that the table has.
    """

    id: str
    stage: RuleStage
    severity: FindingSeverity
    meaning: str
    advice: str
    tables: tuple[str, ...] = ()
    number: int | None = None
    columns: tuple[str, ...] = ()


FAULT = "a fault of the method, not of the facts: report it with the facts that show it"
"""Advice for a published number that cannot be right, whatever the facts are."""

_RULES: dict[str, Rule] = {}


def register_rule(rule: Rule) -> Rule:
    """Add a rule to the registry.

    Raises ValueError if another rule already has the id.
    """
    if _RULES.setdefault(rule.id, rule) != rule:
        raise ValueError(f"the id {rule.id} belongs to another rule: ids are never reused")
    return rule


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

    def rule(
        self,
        severity: FindingSeverity,
        meaning: str,
        advice: str,
        *tables: str,
        number: int | None = None,
    ) -> Callable[[Run], Run]:
        """Register the decorated function as a rule, with its name as the id."""

        def register_function(run: Run) -> Run:
            name = run.__name__
            register_rule(Rule(name, self.stage, severity, meaning, advice, tables, number))
            self.runs[name] = run
            return run

        return register_function
