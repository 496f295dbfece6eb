"""How the number ends: each step's part in it, its status, what others say, what is published."""

from collections.abc import Iterator

import pandas as pd

from audience_impact.answers.names import word
from audience_impact.answers.numbers import ENDS
from audience_impact.comparing.answers import IMPACT_KEY, compared, keyed
from audience_impact.outputs.review.status_rules import RULES
from audience_impact.tracing import draws
from audience_impact.vocabulary import AnswerChange, ImpactMetric, ObsStatus, PartGap
from flows.explaining.recomputed import Facts, Recomputed
from flows.explaining.told import Number, Step, facts, of_draws, value

WAY = (
    *(draws.BASE, draws.ADDED, draws.INDEPENDENT, draws.JOINT, draws.GIVEN, draws.PART),
    *(draws.EXPOSED, draws.USERS),
)
"""What is drawn of a country, in the order in which each follows from those before."""


def on_the_way(found: Recomputed, metric: ImpactMetric) -> Iterator[Step]:
    """The draws after each step, from the audiences to the metric asked for."""
    answer = _quantiles(found, metric)
    if not found.drawn or answer is None:
        why = found.impact(metric)["reason"] or "nothing is drawn of this metric"
        yield Step("Why there is no median", [f"{why}.", *_missing(found)])
        return
    says = [
        "Median and 90 % interval of what is drawn, after each step; draws are not cut at the "
        "bounds, which hold if each figure is right as printed."
    ]
    yield Step("From the figures to the answer", says, (), [*of_draws(_way(found)), answer])


def _missing(found: Recomputed) -> Iterator[str]:
    """Which audiences and places stand in the way of drawing anything."""
    rows = found.stages.simulation.audiences
    for row in rows[rows["shape"] == ""].to_dict("records"):
        name = row["platform_id"] or "a service that is not named"
        yield f"Of {name} in {row['country_id']} no number can be drawn: all are needed."
    parts = found.stages.inputs.parts
    for row in parts[parts["reason"] != ""].to_dict("records"):
        yield f"Of {row['area_id']}: {PartGap(row['reason']).meaning}."


def _way(found: Recomputed) -> list[draws.Drawn]:
    """The audiences as they are drawn, then each step of each country."""
    own = [one for one in found.drawn if one.of and one.what in draws.OF_AUDIENCES]
    return [*own, *found.of(*WAY)]


def _quantiles(found: Recomputed, metric: ImpactMetric) -> Number | None:
    row = found.impact(metric)
    ends = [row[name] for name in ENDS[1:4]]
    if any(map(pd.isna, ends)):
        return None
    return Number(f"the answer: {metric}", "persons", None, *map(float, ends))


def status(found: Recomputed, metric: ImpactMetric) -> Iterator[Step]:
    """Which rules of status fired, and what each caps the status at."""
    row = found.impact(metric)
    names = dict.fromkeys(row["reason_rule_ids"].split(";"))
    rules = [RULES[name] for name in names if name in RULES]
    says = [
        f"Status {row['obs_status']}, {word(row['obs_status'], 'obs_status')}: "
        f"{row['reason'] or 'no rule'}."
    ]
    says += [f"{rule.id} caps at {rule.caps_at}, when: {rule.condition}." for rule in rules]
    yield Step("The status", says)


def others(found: Recomputed, known: Facts) -> Iterator[Step]:
    """What others published, and why it differs."""
    rows = found.frames["comparisons"]
    if rows.empty:
        return
    theirs = found.tables["published_figures"].set_index("published_figure_id")
    told = []
    for row in rows.to_dict("records"):
        name = row["published_figure_id"]
        origin = theirs.loc[[name]] if name in theirs.index else _statement(found, str(name))
        told.append(
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
    yield Step("What others published", says, facts(pd.concat(told), known), label="on")


def _statement(found: Recomputed, name: str) -> pd.DataFrame:
    """The estimate behind a company's statement that the bounds did not use."""
    estimates = found.tables["estimates"]
    return estimates[estimates["estimate_id"] == name.rpartition("/")[2]]


def ends(found: Recomputed, metric: ImpactMetric) -> Step:
    """The number itself, and whether the published version holds the same."""
    row = found.impact(metric)
    names = ("at least", "5 %", "median", "95 %", "at most")
    numbers = [
        one for what, name in zip(names, ENDS, strict=True) for one in value(what, row[name])
    ]
    says = [_published(found)]
    if row["obs_status"] == ObsStatus.MISSING:
        says.insert(0, "How many people is not known: bounds alone.")
    return Step(f"The answer: {metric} of {found.restriction_id}", says, (), numbers)


def _published(found: Recomputed) -> str:
    """Whether the published rows are those computed here, and if not why."""
    if found.published is None:
        return "No published version was compared with."
    version, rows = found.published
    if rows.empty:
        return f"Version {version.id} does not hold this restriction: it was added since."
    same = version.version.inputs_sha256 == found.basis.checked.inputs_sha256
    facts_are = "from the same facts" if same else "though the facts have changed since"
    if _equal(rows, found.frames["impact"]):
        return f"Version {version.id} holds the same numbers for every metric, {facts_are}."
    why = "the method has changed since" if same else "the facts have changed since"
    return f"Version {version.id} holds other numbers: {why}."


def _equal(published: pd.DataFrame, ours: pd.DataFrame) -> bool:
    """Return whether two sets of rows of `impact` have the same numbers, to one person."""
    both = compared(*(keyed(rows, IMPACT_KEY) for rows in (published, ours)))
    return bool(both["change"].isin([AnswerChange.SAME, AnswerChange.STATUS_ALONE]).all())
