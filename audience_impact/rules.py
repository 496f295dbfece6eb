"""The registry of rules: what is checked, whatever stage of the data finds the failure.

A rule is registered once, beside the code that holds it: by the decorator of its stage, or as an
entry where one loop or a library finds the failures of several. docs/checks.md and the published
table `quality` are made from here. An id says one thing for ever: it is registered once and never
used again for another rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from audience_impact.vocabulary import FindingSeverity, RuleStage

Run = TypeVar("Run", bound=Callable[..., Any])


class ParameterError(ValueError):
    """A learned table lacks what the method needs; the message says which command makes it."""


@dataclass(frozen=True)
class Rule:
    """What is checked.

    `tables` are the tables that it is held on; none where the contracts say that. `number` is its
    place in the list of checks that the design asks for. `columns` are those that it points at:
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
"""What to do where a published number cannot be right, whatever the facts are."""

_RULES: dict[str, Rule] = {}


def register_rule(rule: Rule) -> Rule:
    """Enter a rule.

    Raises ValueError where the id stands for another rule already.
    """
    if _RULES.setdefault(rule.id, rule) != rule:
        raise ValueError(f"the id {rule.id} stands for another rule: ids are never used again")
    return rule


def list_rules() -> tuple[Rule, ...]:
    """Return all rules of the modules imported so far, in the order of the stages."""
    stages = list(RuleStage)
    return tuple(sorted(_RULES.values(), key=lambda rule: stages.index(rule.stage)))


def get_rule(rule: str) -> Rule:
    """Return the rule of an id; raise KeyError for an unknown id."""
    return _RULES[rule]


class Stage(Generic[Run]):
    """The rules of a stage that are functions of one shape, in the order in which they run."""

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
        """Register the function below as a rule; its name is the id."""

        def register_function(run: Run) -> Run:
            name = run.__name__
            register_rule(Rule(name, self.stage, severity, meaning, advice, tables, number))
            self.runs[name] = run
            return run

        return register_function
