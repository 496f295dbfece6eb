"""The last steps of an explanation: the draws, the status, other publications and the answer."""

from collections.abc import Iterator

import pandas as pd

from audience_impact.answers.names import label_code
from audience_impact.answers.numbers import ENDS
from audience_impact.explaining.elements import (
    Number,
    Step,
    describe_fact,
    list_number,
    list_numbers,
    list_sentences,
)
from audience_impact.explaining.trace import Trace
from audience_impact.outputs.lineage import EVERY
from audience_impact.outputs.review.status_rules import RULES
from audience_impact.vocabulary import ImpactMetric, ObsStatus, TraceStep


def explain_draws(trace: Trace, metric: ImpactMetric) -> Iterator[Step]:
    """Yield the draws after each step, from the audiences to the metric."""
    row, rows = trace.impact_row(metric), trace.select_steps(TraceStep.DRAWS)
    ends = [row[name] for name in ENDS[1:4]]
    if rows.empty or any(map(pd.isna, ends)):
        why = row["reason"] or "nothing is drawn of this metric"
        missing = list_sentences(trace.select_steps(TraceStep.UNDRAWN))
        yield Step("Why there is no median", [f"{why}.", *missing])
        return
    says = [
        "Median and 90 % interval of what is drawn, after each step; draws are not cut at the "
        "bounds, which hold if each figure is right as printed."
    ]
    is_audience = rows["subject"] != EVERY
    numbers = [
        *list_numbers(rows[is_audience], named=True),
        *list_numbers(rows[~is_audience], named=True),
        Number(f"the answer: {metric}", "persons", None, *map(float, ends)),
    ]
    yield Step("From the figures to the answer", says, (), numbers)


def explain_status(trace: Trace, metric: ImpactMetric) -> Step:
    """Return the status of the estimate and the rules that cap it."""
    row = trace.impact_row(metric)
    names = dict.fromkeys(row["reason_rule_ids"].split(";"))
    rules = [RULES[name] for name in names if name in RULES]
    says = [
        f"Status {row['obs_status']}, {label_code(row['obs_status'], 'obs_status')}: "
        f"{row['reason'] or 'no rule'}."
    ]
    says += [f"{rule.id} caps at {rule.caps_at}, when: {rule.condition}." for rule in rules]
    return Step("The status", says)


def explain_comparisons(trace: Trace) -> Iterator[Step]:
    """Yield the figures that others published and the reasons why they differ from ours."""
    rows = trace.tables["comparisons"]
    if rows.empty:
        return
    lines = {
        cells[key]: at
        for table, key in (
            ("estimates", "estimate_id"),
            ("published_figures", "published_figure_id"),
        )
        for at, cells in trace.fact_rows.list_rows(table)
    }
    # a company's statement that the bounds did not use is an estimate
    names = [(name, lines.get(name) or lines[name.rpartition("/")[2]])
             for name in rows["published_figure_id"]]  # fmt: skip
    facts = [
        describe_fact(at, name, reason, trace.fact_rows)
        for (name, at), reason in zip(names, rows["difference_reason"], strict=True)
    ]
    says = [
        f"{row['attribution']}: {row['published_value']:,.0f} {row['unit']} "
        f"({row['figure_kind']}), beside our bounds of the {row['compared_with']}: "
        f"{row['difference_reason']}."
        for row in rows.to_dict("records")
    ]
    yield Step("What others published", says, facts, label="on")


PRINTED = ("at least, as printed", "at most, as printed")


def explain_ends(trace: Trace, metric: ImpactMetric) -> Step:
    """Return the answer, and the inputs from which its ends follow."""
    row = trace.impact_row(metric)
    names = ("at least", "5 %", "median", "95 %", "at most", *PRINTED)
    numbers = [
        number
        for what, name in zip(names, ENDS, strict=True)
        for number in list_number(what, row[name])
    ]
    says = [trace.origin]
    if row["obs_status"] == ObsStatus.MISSING:
        says.insert(0, "The number of people is not known: there are only bounds.")
    return Step(f"The answer: {metric} of {trace.restriction_id}", says, (), numbers)
