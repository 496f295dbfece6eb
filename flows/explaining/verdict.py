"""The last steps of an explanation: the draws, the status, other publications and the answer."""

from collections.abc import Iterator

import pandas as pd

from audience_impact.answers.names import label_code
from audience_impact.answers.numbers import ENDS
from audience_impact.comparing.answers import IMPACT_KEY, compare_answers, key_answers
from audience_impact.outputs.review.status_rules import RULES
from audience_impact.tracing import draws
from audience_impact.vocabulary import AnswerChange, ImpactMetric, ObsStatus, PartGap
from flows.explaining.elements import Number, Step, describe_draws, describe_facts, list_number
from flows.explaining.recomputed import FactRows, RecomputedAnswer

WAY = (
    *(draws.BASE, draws.ADDED, draws.INDEPENDENT, draws.JOINT, draws.CONDITIONED, draws.PART),
    *(draws.EXPOSED, draws.USERS),
)
"""The draws of a country, each after those that it depends on."""


def explain_draws(answer: RecomputedAnswer, metric: ImpactMetric) -> Iterator[Step]:
    """Yield the draws after each step, from the audiences to the metric."""
    quantiles = _read_quantiles(answer, metric)
    if not answer.drawn or quantiles is None:
        why = answer.impact_row(metric)["reason"] or "nothing is drawn of this metric"
        yield Step("Why there is no median", [f"{why}.", *_list_missing(answer)])
        return
    says = [
        "Median and 90 % interval of what is drawn, after each step; draws are not cut at the "
        "bounds, which hold if each figure is right as printed."
    ]
    yield Step(
        "From the figures to the answer",
        says,
        (),
        [*describe_draws(_order_draws(answer)), quantiles],
    )


def _list_missing(answer: RecomputedAnswer) -> Iterator[str]:
    """Yield the audiences and places that prevent any draw."""
    rows = answer.stages.simulation.audiences
    for row in rows[rows["shape"] == ""].to_dict("records"):
        name = row["platform_id"] or "a service that is not named"
        yield f"Of {name} in {row['country_id']} no number can be drawn: all are needed."
    parts = answer.stages.inputs.parts
    for row in parts[parts["reason"] != ""].to_dict("records"):
        yield f"Of {row['area_id']}: {PartGap(row['reason']).meaning}."


def _order_draws(answer: RecomputedAnswer) -> list[draws.TracedNumber]:
    """Return the draws of audiences, then each step of each country."""
    audiences = [draw for draw in answer.drawn if draw.of and draw.what in draws.OF_AUDIENCES]
    return [*audiences, *answer.select_draws(*WAY)]


def _read_quantiles(answer: RecomputedAnswer, metric: ImpactMetric) -> Number | None:
    row = answer.impact_row(metric)
    ends = [row[name] for name in ENDS[1:4]]
    if any(map(pd.isna, ends)):
        return None
    return Number(f"the answer: {metric}", "persons", None, *map(float, ends))


def explain_status(answer: RecomputedAnswer, metric: ImpactMetric) -> Iterator[Step]:
    """Yield the status and the rules that cap it."""
    row = answer.impact_row(metric)
    names = dict.fromkeys(row["reason_rule_ids"].split(";"))
    rules = [RULES[name] for name in names if name in RULES]
    says = [
        f"Status {row['obs_status']}, {label_code(row['obs_status'], 'obs_status')}: "
        f"{row['reason'] or 'no rule'}."
    ]
    says += [f"{rule.id} caps at {rule.caps_at}, when: {rule.condition}." for rule in rules]
    yield Step("The status", says)


def explain_comparisons(answer: RecomputedAnswer, fact_rows: FactRows) -> Iterator[Step]:
    """Yield the publications of others and the reasons why they differ."""
    rows = answer.frames["comparisons"]
    if rows.empty:
        return
    theirs = answer.tables["published_figures"].set_index("published_figure_id")
    origins = []
    for row in rows.to_dict("records"):
        name = row["published_figure_id"]
        origin = theirs.loc[[name]] if name in theirs.index else _find_statement(answer, str(name))
        origins.append(
            origin.assign(
                role=row["difference_reason"],
                input_table="published_figures" if name in theirs.index else "estimates",
                input_id=name,
                passed_over="",
            )
        )
    says = [
        f"{row['attribution']}: {row['published_value']:,.0f} {row['unit']} "
        f"({row['figure_kind']}), beside our bounds of the {row['compared_with']}: "
        f"{row['difference_reason']}."
        for row in rows.to_dict("records")
    ]
    yield Step(
        "What others published", says, describe_facts(pd.concat(origins), fact_rows), label="on"
    )


def _find_statement(answer: RecomputedAnswer, name: str) -> pd.DataFrame:
    """Return the estimate behind a company's statement that the bounds did not use."""
    estimates = answer.tables["estimates"]
    return estimates[estimates["estimate_id"] == name.rpartition("/")[2]]


def explain_ends(answer: RecomputedAnswer, metric: ImpactMetric) -> Step:
    """Return the answer, and its comparison with the published version."""
    row = answer.impact_row(metric)
    names = ("at least", "5 %", "median", "95 %", "at most")
    numbers = [
        number
        for what, name in zip(names, ENDS, strict=True)
        for number in list_number(what, row[name])
    ]
    says = [_compare_published(answer)]
    if row["obs_status"] == ObsStatus.MISSING:
        says.insert(0, "How many people is not known: bounds alone.")
    return Step(f"The answer: {metric} of {answer.restriction_id}", says, (), numbers)


def _compare_published(answer: RecomputedAnswer) -> str:
    """Return a sentence that compares the published rows with those computed here."""
    if answer.published is None:
        return "No published version was compared with."
    version, rows = answer.published
    if rows.empty:
        return f"Version {version.id} does not hold this restriction: it was added since."
    same = version.version.inputs_sha256 == answer.basis.checked.inputs_sha256
    facts_are = "from the same facts" if same else "though the facts have changed since"
    if _has_same_numbers(rows, answer.frames["impact"]):
        return f"Version {version.id} holds the same numbers for every metric, {facts_are}."
    why = "the method has changed since" if same else "the facts have changed since"
    return f"Version {version.id} holds other numbers: {why}."


def _has_same_numbers(published: pd.DataFrame, ours: pd.DataFrame) -> bool:
    """Return whether two sets of rows of `impact` have the same numbers, to one person."""
    both = compare_answers(*(key_answers(rows, IMPACT_KEY) for rows in (published, ours)))
    return bool(both["change"].isin([AnswerChange.SAME, AnswerChange.STATUS_ALONE]).all())
