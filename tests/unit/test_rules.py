"""The registry of rules: complete, each id for one rule, made into the page of checks."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from audience_impact import rules as registry
from audience_impact.rules import Rule
from audience_impact.vocabulary import FindingSeverity, RuleStage
from flows import CHECKOUT
from flows.documenting import docs
from flows.pipeline.quality import collect_rules

assert docs.REGISTERING

ASKED_FOR = set(range(1, 22))
"""The numbers of the checks that the design asks for."""


def test_every_check_that_the_design_asks_for_is_a_rule() -> None:
    assert {rule.number for rule in collect_rules()} - {None} == ASKED_FOR


def test_an_id_stands_for_one_rule() -> None:
    number = registry.get_rule("number")
    assert registry.register_rule(replace(number)) is not None
    with pytest.raises(ValueError, match="the id number belongs to another rule"):
        registry.register_rule(replace(number, meaning="something else"))
    assert registry.get_rule("number") == number


def test_a_function_registers_under_its_name_and_runs_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "_RULES", {})
    stage = registry.Stage[Callable[[], str]](RuleStage.TABLES)
    warning = FindingSeverity.WARNING

    @stage.rule(warning, "it is odd", "look", "bases", number=3)
    def odd() -> str:
        return "odd"

    @stage.rule(warning, "it is even", "look away", "bases", "estimates")
    def even() -> str:
        return "even"

    assert registry.list_rules() == (
        Rule("odd", RuleStage.TABLES, warning, "it is odd", "look", ("bases",), 3),
        Rule("even", RuleStage.TABLES, warning, "it is even", "look away", ("bases", "estimates")),
    )
    assert [run() for run in stage.runs.values()] == ["odd", "even"]


def test_rules_stand_in_the_order_of_the_stages() -> None:
    stages = [rule.stage for rule in collect_rules()]
    assert stages == sorted(stages, key=list(RuleStage).index)
    assert set(stages) == set(RuleStage)


@pytest.mark.chain
def test_no_module_registers_a_rule_that_the_page_of_checks_misses() -> None:
    """Whatever module is imported beside those that the list of rules imports adds none."""
    code = """
import importlib, pathlib
from audience_impact.rules import list_rules
import flows.documenting.docs
known = list_rules()
for package in ("audience_impact", "schemas", "flows"):
    for path in sorted(pathlib.Path(package).rglob("*.py")):
        importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
print(sorted({rule.id for rule in list_rules()} - {rule.id for rule in known}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    assert done.stdout.strip() == "[]"
