"""Every rule with the tables it applies to: from the registry, nowhere else.

The modules imported here are those that register rules about facts and results. Rules against the
last version are registered by `flows.last_version`, which needs these steps.
"""

from dataclasses import replace

from audience_impact.facts import known, reading
from audience_impact.facts import rules as across
from audience_impact.facts.anomaly_checks import RULES, accepted
from audience_impact.outputs.review import rules as results
from audience_impact.rules import Rule, list_rules
from audience_impact.store import versions
from audience_impact.vocabulary import RuleStage
from schemas import contracts, facts, published

REGISTERING = (reading, contracts, known, across, *RULES, accepted, results, versions)
IN_QUALITY = set(RuleStage) - {RuleStage.PUBLISHED, RuleStage.VERSIONS}
"""Stages whose rules stand in the table `quality`: the others stop a version or depend on one."""


def collect_rules() -> list[Rule]:
    """Return every rule, in the order of the stages, with the tables that it applies to."""
    return [replace(rule, tables=_choose_tables(rule)) for rule in list_rules()]


def _choose_tables(rule: Rule) -> tuple[str, ...]:
    if rule.tables or rule.id == reading.UNKNOWN_TABLE:
        return rule.tables
    if rule.stage is RuleStage.FILES:
        return facts.TABLES
    if rule.stage is RuleStage.KEYS:
        return tuple(table for table, columns in facts.list_references().items() if columns)
    if rule.stage is RuleStage.VERSIONS:
        return published.TABLES
    return contracts.tables_with(rule.id)
