"""The registry of rules: complete, each id for one rule, made into the page of checks."""

import re
import subprocess
import sys

import pytest

from audience_impact import rules as registry
from audience_impact.facts.rules.contradictions import MOST_ACCOUNTS
from audience_impact.periods import SANE_YEARS
from audience_impact.vocabulary import ONLINE_YEARS, RuleStage
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
    assert registry.register_rule("number", number.stage) == "number"
    with pytest.raises(ValueError, match="the id number belongs to another rule"):
        registry.register_rule("number", RuleStage.TABLES)
    assert registry.get_rule("number") == number


def test_each_text_belongs_to_a_rule() -> None:
    assert set(registry._TEXTS) == {rule.id for rule in collect_rules()}
    assert all(rule.meaning and rule.advice for rule in collect_rules())


def test_texts_state_the_limits_of_the_code() -> None:
    limits = {
        "sane_year": SANE_YEARS,
        "accounts_above_people": [MOST_ACCOUNTS],
        "years_missing": [ONLINE_YEARS[0], ONLINE_YEARS[-1]],
    }
    for rule, numbers in limits.items():
        stated = re.findall(r"\d+", registry.get_rule(rule).meaning)
        assert stated == [f"{number:g}" for number in numbers]


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
