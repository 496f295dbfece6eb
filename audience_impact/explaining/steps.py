"""The steps of an explanation, in the order in which an answer comes about.

The last ones are the draws, the status, other publications and the answer.
"""

from collections.abc import Iterator

import pandas as pd

from audience_impact.answers.names import label_code
from audience_impact.answers.numbers import ENDS
from audience_impact.explaining.elements import (
    Fact,
    Number,
    Step,
    describe_fact,
    describe_facts,
    list_number,
    list_numbers,
    list_sentences,
    name_service,
)
from audience_impact.explaining.facts import FactLine, Trace
from audience_impact.outputs.lineage import EVERY
from audience_impact.outputs.review.status_rules import RULES
from audience_impact.tracing.draws import PART
from audience_impact.vocabulary import Feature, ImpactMetric, ObsStatus, OverlapParameter, TraceStep

COUNTED = {
    ImpactMetric.PEOPLE_EXPOSED: "people who ordinarily use what is restricted, in a month, from "
    "before it began",
    ImpactMetric.PEOPLE_FEATURE_EXPOSED: "those of the people exposed who use the restricted "
    "feature; of a whole service everyone",
    ImpactMetric.PEOPLE_DEPRIVED_NET: "those of the feature users who do not keep access",
    ImpactMetric.REACH_LOST: "how many fewer people one measurer counted after than before",
}
"""People that each impact metric counts, in words."""
WHOLE = (Feature.WHOLE_SERVICE.value, Feature.UNKNOWN.value)


def choose_metric(trace: Trace) -> ImpactMetric:
    """Return the default metric: users of a restricted feature, else all people exposed."""
    features = trace.list_used("target")["input_id"].str.split("/").str[-1]
    is_whole = features.isin(WHOLE).all()
    return ImpactMetric.PEOPLE_EXPOSED if is_whole else ImpactMetric.PEOPLE_FEATURE_EXPOSED


def build_steps(trace: Trace, metric: ImpactMetric) -> list[Step]:
    """Return all steps that apply to the metric."""
    return [
        _explain_question(trace, metric),
        *_explain_bases(trace),
        *_explain_audiences(trace),
        *_explain_errors(trace),
        *_explain_joint_use(trace),
        *_explain_places(trace),
        *_explain_imputation(trace),
        *_explain_features(trace),
        *_explain_access(trace),
        *_explain_days(trace),
        *(_explain_losses(trace) if metric is ImpactMetric.REACH_LOST else ()),
        *explain_draws(trace, metric),
        explain_status(trace, metric),
        *explain_comparisons(trace),
        explain_ends(trace, metric),
    ]


def _group_steps(trace: Trace, step: TraceStep) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield the country, the subject and the rows of each part of a step."""
    rows = trace.select_steps(step)
    for (country, subject), part in rows.groupby(["country_id", "subject"], sort=False):
        yield str(country), str(subject), part


def _explain_question(trace: Trace, metric: ImpactMetric) -> Step:
    first, *others = list_sentences(trace.select_steps(TraceStep.QUESTION))
    says = [first, f"Counted: {COUNTED[metric]} ({metric}).", *others]
    used = trace.list_used("restriction", "target")
    return Step("The question", says, describe_facts(used, trace.fact_rows))


def _explain_bases(trace: Trace) -> Iterator[Step]:
    """Yield the base of each country: the people who can be in an audience."""
    population = describe_facts(trace.list_used("population"), trace.fact_rows)
    for country, _, rows in _group_steps(trace, TraceStep.BASE):
        candidates = trace.list_candidates("base", country_id=country)
        facts = [
            *describe_facts(candidates, trace.fact_rows),
            *(fact for fact in population if fact.cells.get("area_id") == country),
        ]
        yield Step(f"The base in {country}", list_sentences(rows), facts, list_numbers(rows))


def _explain_audiences(trace: Trace) -> Iterator[Step]:
    """Yield the audience of each platform with all its figures, used or excluded."""
    for country, platform, rows in _group_steps(trace, TraceStep.AUDIENCE):
        candidates = trace.list_candidates("audience", platform_id=platform, country_id=country)
        yield Step(
            f"The audience: {name_service(platform, 'internet users')} in {country}",
            list_sentences(rows),
            describe_facts(candidates, trace.fact_rows),
            list_numbers(rows),
        )


def _describe_parameters(trace: Trace, table: str) -> list[Fact]:
    """Return the rows of a table of fitted parameters as used facts."""
    return [
        describe_fact(
            at,
            " ".join(cells[name] for name in ("parameter", "kind") if name in cells),
            "learned_law",
            trace.fact_rows,
        )
        for at, cells in trace.fact_rows.list_rows(table)
        if "survey_id" not in cells
    ]


def _explain_errors(trace: Trace) -> Iterator[Step]:
    """Yield the errors of each figure and the growth of its audience since."""
    groups = list(_group_steps(trace, TraceStep.ERRORS))
    if not groups:
        return
    says = [
        f"{platform} in {country}: {text}."
        for country, platform, rows in groups
        for text in list_sentences(rows)
    ]
    says.append(
        "Half widths of likely ranges; independent errors add up in squares. Growth goes with "
        "the square root of the months since the figure."
    )
    numbers = [
        number
        for _, platform, rows in groups
        for number in list_numbers(rows.assign(text=f"{platform}: " + rows["text"]))
    ]
    of_bases = ("base_", "population")
    fitted = [
        fact
        for fact in _describe_parameters(trace, "figure_errors")
        if not fact.id.startswith(of_bases)
    ]
    yield Step("The errors of the figures", says, fitted, numbers)


def _explain_joint_use(trace: Trace) -> Iterator[Step]:
    """Yield bounds and overlaps that count each person once, with the surveys they use."""
    surveys = trace.list_used("own_survey")
    parameters = {parameter.value for parameter in OverlapParameter}
    for country, _, rows in _group_steps(trace, TraceStep.JOINT_USE):
        says = list_sentences(rows)
        if not surveys.empty:
            says.append("Surveys of the country adjust the joint use fitted to all surveys.")
        overlaps = trace.list_candidates("overlap", country_id=country)
        calibration = _describe_parameters(trace, "overlap_calibration")
        facts = [
            *describe_facts(overlaps, trace.fact_rows),
            *describe_facts(surveys, trace.fact_rows),
            *(fact for fact in calibration if fact.id in parameters),
        ]
        yield Step(f"Each person once in {country}", says, facts, list_numbers(rows))


def _explain_places(trace: Trace) -> Iterator[Step]:
    """Yield each place of a partial restriction: its people, those online, and its networks."""
    for country, area, rows in _group_steps(trace, TraceStep.PLACE):
        candidates = [
            trace.list_candidates("place", country_id=country, looked_for=area),
            trace.list_candidates("place_online", country_id=country, looked_for=area),
            trace.list_candidates("network", country_id=country),
            trace.list_candidates("operators", country_id=country),
        ]
        facts = [fact for role in candidates for fact in describe_facts(role, trace.fact_rows)]
        yield Step(
            f"The part: {area} in {country}", list_sentences(rows), facts, list_numbers(rows)
        )
    draws = trace.select_steps(TraceStep.DRAWS)
    if numbers := list_numbers(draws[draws["text"] == PART], named=True):
        yield Step("The part of the country that is touched", (), (), numbers)


def _explain_imputation(trace: Trace) -> Iterator[Step]:
    """Yield the imputed audiences, with the figures that move each most."""
    for country, platform, rows in _group_steps(trace, TraceStep.IMPUTED):
        is_mover = rows["input_table"].notna()
        movers = [
            describe_fact(
                FactLine(row["input_table"], int(row["row_layer"]), int(row["row_line"])),
                row["input_id"],
                row["text"],
                trace.fact_rows,
            )
            for row in rows[is_mover].to_dict("records")
        ]
        yield Step(
            f"Imputed: {platform} in {country}",
            list_sentences(rows[~is_mover]),
            movers,
            list_numbers(rows),
            "the figures that move it most",
        )


def _explain_features(trace: Trace) -> Iterator[Step]:
    """Yield the share that uses the feature."""
    rows, shares = trace.select_steps(TraceStep.FEATURE), trace.list_candidates("feature_share")
    if shares.empty and rows.empty:
        return
    distinct = shares.sort_values("passed_over").drop_duplicates("input_id")
    used = [
        *describe_facts(distinct, trace.fact_rows),
        *describe_facts(trace.list_used("share_base"), trace.fact_rows),
    ]
    numbers = list_numbers(rows, named=True)
    yield Step("Who uses the feature", list_sentences(rows), used, numbers)


def _explain_access(trace: Trace) -> Iterator[Step]:
    """Yield the step of the share of people who keep access."""
    rows, shares = trace.select_steps(TraceStep.ACCESS), trace.list_candidates("circumvention")
    if shares.empty and rows.empty:
        return
    used = trace.list_used("circumvention") if shares.empty else shares
    says = list_sentences(rows) or ["Nobody measured the share."]
    yield Step("Who keeps access", says, describe_facts(used, trace.fact_rows), list_numbers(rows))


def _explain_days(trace: Trace) -> Iterator[Step]:
    """Yield the days in force, the daily audience and person-days."""
    frame = trace.tables["person_days"]
    total = frame[frame["period"] == EVERY]
    if total.empty:
        return
    says = list_sentences(trace.select_steps(TraceStep.DAYS))
    numbers: list[Number] = []
    for row in total.to_dict("records"):
        numbers += list_number("days", row["days"], "days")
        numbers += list_number("minimum", row["at_least_person_days"], "person_days")
        numbers += list_number("maximum", row["at_most_person_days"], "person_days")
        quantiles = [row[f"{name}_person_days"] for name in ("q05", "q50", "q95")]
        if not any(map(pd.isna, quantiles)):
            numbers.append(Number("person-days", "person_days", None, *map(float, quantiles)))
        says += [] if pd.isna(row["reason"]) else [f"{row['area_id']}: {row['reason']}."]
    daily = describe_facts(trace.list_candidates("daily_audience"), trace.fact_rows)
    yield Step("Days and person-days", says, daily, numbers)


def _explain_losses(trace: Trace) -> Iterator[Step]:
    """Yield the figures from after the start, from which reach lost is computed."""
    after = trace.list_used("after")
    says = [] if len(after) else ["No measurer has a figure from before and after the start."]
    yield Step("The figures from after", says, describe_facts(after, trace.fact_rows))


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
        "Median and likely range (5 to 95 %) of what is drawn, after each step; draws are not cut "
        "at the bounds, which are valid if each figure is right as printed."
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


PRINTED = ("minimum, as printed", "maximum, as printed")


def explain_ends(trace: Trace, metric: ImpactMetric) -> Step:
    """Return the answer, and the inputs from which its ends follow."""
    row = trace.impact_row(metric)
    names = ("minimum", "5 %", "median", "95 %", "maximum", *PRINTED)
    numbers = [
        number
        for what, name in zip(names, ENDS, strict=True)
        for number in list_number(what, row[name])
    ]
    says = [trace.origin]
    if row["obs_status"] == ObsStatus.MISSING:
        says.insert(0, "The number of people is not known: there are only bounds.")
    return Step(f"The answer: {metric} of {trace.restriction_id}", says, (), numbers)
