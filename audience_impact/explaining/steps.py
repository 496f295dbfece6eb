"""The steps of an explanation, in the order in which an answer comes about, as text and JSON.

All numbers come from published tables and facts; the words of items are in tracing/items.csv.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from audience_impact.answers.names import label_code
from audience_impact.answers.numbers import ENDS
from audience_impact.explaining.facts import SHARE, Fact, Trace
from audience_impact.outputs.lineage import EVERY
from audience_impact.outputs.review.status_rules import RULES
from audience_impact.plain_text import plain_line
from audience_impact.tracing.candidates import EXAMPLES
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    Feature,
    ImpactMetric,
    ObsStatus,
    OverlapParameter,
    TraceStep,
    Unit,
)

PERSONS = Unit.PERSONS.value
FORMS = {PERSONS: "{:,.0f}", "person_days": "{:,.0f}", "days": "{:,.0f}", SHARE: "{:.4g}"}
"""Format of a number by unit; numbers in other units are shown with their sign."""
COUNTED = {
    ImpactMetric.PEOPLE_EXPOSED: "people who ordinarily use what is restricted, in a month, from "
    "before it began",
    ImpactMetric.PEOPLE_FEATURE_EXPOSED: "those of the people exposed who use the restricted "
    "feature; of a whole service everyone",
    ImpactMetric.PEOPLE_DEPRIVED_NET: "those of the feature users who do not keep access",
}
"""People that each impact metric counts, in words."""
OF_ERRORS = (
    "Half widths of likely ranges; independent errors add up in squares. Growth goes with the "
    "square root of the months since the figure."
)
OF_DRAWS = (
    "Median and likely range (5 to 95 %) of what is drawn, after each step; draws are not cut at "
    "the bounds, which are valid if each figure is right as printed."
)
PARAMETER = ("parameter", "kind")
"""Key of a fitted parameter."""
WHOLE = (Feature.WHOLE_SERVICE.value, Feature.UNKNOWN.value)


@dataclass(frozen=True)
class Number:
    """A number of a step: one value, or the 5, 50 and 95 % quantiles of draws."""

    what: str
    unit: str
    value: float | None = None
    q05: float | None = None
    q50: float | None = None
    q95: float | None = None

    @property
    def text(self) -> str:
        """Return the number or the quantiles as text."""
        form = FORMS.get(self.unit, "{:+.3f}").format
        if self.value is not None:
            return form(self.value)
        return f"{form(self.q50)} (5 to 95 %: {form(self.q05)} to {form(self.q95)})"


@dataclass(frozen=True)
class Step:
    """A step of an explanation."""

    title: str
    says: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    numbers: Sequence[Number] = ()
    label: str = "used"


def choose_metric(trace: Trace) -> ImpactMetric:
    """Return the default metric: users of a restricted feature, else all people exposed."""
    features = [fact.id.rpartition("/")[2] for fact in trace.list_used("target")]
    is_whole = set(features) <= set(WHOLE)
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
        *_explain_shares(trace),
        *_explain_days(trace),
        explain_draws(trace, metric),
        _explain_status(trace, metric),
        *_explain_comparisons(trace),
        _explain_ends(trace, metric),
    ]


def _group_steps(trace: Trace, step: TraceStep) -> Iterator[tuple[str, str, pd.DataFrame]]:
    rows = trace.select_steps(step)
    for (country, subject), part in rows.groupby(["country_id", "subject"], sort=False):
        yield str(country), str(subject), part


def _list_sentences(rows: pd.DataFrame) -> list[str]:
    return list(rows.loc[rows["unit"].isna() & rows["input_table"].isna(), "text"])


def _list_numbers(rows: pd.DataFrame, named: bool = False) -> list[Number]:
    """Return the numbers in rows of table `steps`; `named` adds subject and country."""
    numbers = []
    for row in rows[rows["unit"].notna()].to_dict("records"):
        names = [row["subject"], row["country_id"]] if named else []
        where = " in ".join(_name_service(name) for name in names if name != EVERY)
        is_drawn = not pd.isna(row["low"])
        ends = (None, row["low"], row["value"], row["high"]) if is_drawn else (row["value"],)
        text = f"{row['text']}, {where}" if where else str(row["text"])
        numbers.append(Number(text, row["unit"], *ends))
    return numbers


def _make_step(title: str, rows: pd.DataFrame, facts: Sequence[Fact], label: str = "used") -> Step:
    return Step(title, _list_sentences(rows), facts, _list_numbers(rows), label)


def _list_values(values: dict[str, Any], unit: str) -> list[Number]:
    return [
        Number(what, unit, float(value)) for what, value in values.items() if not pd.isna(value)
    ]


def _name_service(platform: str, internet: str = "the whole internet") -> str:
    return internet if platform == WHOLE_INTERNET else platform or "an unknown service"


def _explain_question(trace: Trace, metric: ImpactMetric) -> Step:
    (row,) = trace.tables["restrictions"].to_dict("records")
    day = "a day that is not known" if pd.isna(row["start_on"]) else row["start_on"]
    says = [
        f"{trace.restriction_id}: {row['action']} in {row['area_id']} from {day}; "
        f"{row['claim_status']}, evidence {row['evidence_state']}.",
        f"Counted: {COUNTED[metric]} ({metric}).",
        *_list_sentences(trace.select_steps(TraceStep.QUESTION)),
    ]
    return Step("The question", says, trace.list_used("restriction", "target"))


def _explain_bases(trace: Trace) -> Iterator[Step]:
    population = trace.list_used("population")
    for country, _, rows in _group_steps(trace, TraceStep.BASE):
        facts = trace.describe_candidates("base", country_id=country)
        facts += [fact for fact in population if fact.cells.get("area_id") == country]
        yield _make_step(f"The base in {country}", rows, facts)


def _explain_audiences(trace: Trace) -> Iterator[Step]:
    for country, platform, rows in _group_steps(trace, TraceStep.AUDIENCE):
        facts = trace.describe_candidates("audience", platform_id=platform, country_id=country)
        service = _name_service(platform, "internet users")
        yield _make_step(f"The audience: {service} in {country}", rows, facts)


def _describe_parameters(trace: Trace, table: str) -> list[Fact]:
    """Return the rows of a table of fitted parameters as used facts."""
    return [
        trace.describe_fact(at, " ".join(filter(None, map(cells.get, PARAMETER))), "learned_law")
        for at, cells in trace.fact_rows.list_rows(table)
        if "survey_id" not in cells
    ]


def _explain_errors(trace: Trace) -> Iterator[Step]:
    rows = trace.select_steps(TraceStep.ERRORS)
    if rows.empty:
        return
    where = rows["subject"] + " in " + rows["country_id"] + ": "
    says = _list_sentences(rows.assign(text=where + rows["text"] + "."))
    of_bases = ("base_", "population")
    fitted = _describe_parameters(trace, "figure_errors")
    fitted = [fact for fact in fitted if not fact.id.startswith(of_bases)]
    numbers = _list_numbers(rows.assign(text=rows["subject"] + ": " + rows["text"]))
    yield Step("The errors of the figures", [*says, OF_ERRORS], fitted, numbers)


def _explain_joint_use(trace: Trace) -> Iterator[Step]:
    """Yield bounds and overlaps that count each person once, with the surveys they use."""
    surveys = trace.list_used("own_survey")
    adjusted = ["Surveys of the country adjust the joint use fitted to all surveys."]
    for country, _, rows in _group_steps(trace, TraceStep.JOINT_USE):
        fitted = _describe_parameters(trace, "overlap_calibration")
        fitted = [fact for fact in fitted if fact.id in [*OverlapParameter]]
        facts = [*trace.describe_candidates("overlap", country_id=country), *surveys, *fitted]
        says = _list_sentences(rows) + (adjusted if surveys else [])
        yield Step(f"Each person once in {country}", says, facts, _list_numbers(rows))


def _explain_places(trace: Trace) -> Iterator[Step]:
    """Yield each place of a partial restriction: its people, those online, and its networks."""
    for country, area, rows in _group_steps(trace, TraceStep.PLACE):
        of_place = {"place": area, "place_online": area, "network": EVERY, "operators": EVERY}
        facts = [
            fact
            for role, place in of_place.items()
            for fact in trace.describe_candidates(role, country_id=country, looked_for=place)
        ]
        yield _make_step(f"The part: {area} in {country}", rows, facts)
    draws = trace.select_steps(TraceStep.DRAWS)
    if numbers := _list_numbers(draws[draws["item"] == "drawn_part"], named=True):
        yield Step("The part of the country that is affected", (), (), numbers)


def _explain_imputation(trace: Trace) -> Iterator[Step]:
    """Yield the imputed audiences, with the figures that move each most."""
    label = "the figures that move it most"
    for country, platform, rows in _group_steps(trace, TraceStep.IMPUTED):
        movers = rows[rows["input_table"].notna()]
        movers = movers.assign(role=movers["text"], persons=None, passed_over="")
        title = f"Imputed: {platform} in {country}"
        yield _make_step(title, rows, trace.describe_rows(movers), label)


def _explain_shares(trace: Trace) -> Iterator[Step]:
    """Yield the share of people who use the feature, and the share who keep access."""
    rows, shares = trace.select_steps(TraceStep.FEATURE), trace.list_candidates("feature_share")
    if not (shares.empty and rows.empty):
        used = trace.describe_rows(shares.drop_duplicates("input_id"))
        used += trace.list_used("share_base")
        says = list(dict.fromkeys(_list_sentences(rows)))
        yield Step("Who uses the feature", says, used, _list_numbers(rows, named=True))
    rows, keeping = trace.select_steps(TraceStep.ACCESS), trace.describe_candidates("circumvention")
    if keeping or not rows.empty:
        says = _list_sentences(rows) or ["Our record has no measurement of the share."]
        facts = keeping or trace.list_used("circumvention")
        yield Step("Who keeps access", says, facts, _list_numbers(rows))


def _explain_days(trace: Trace) -> Iterator[Step]:
    frame = trace.tables["person_days"]
    total = frame[frame["period"] == EVERY]
    if total.empty:
        return
    says = _list_sentences(trace.select_steps(TraceStep.DAYS))
    numbers: list[Number] = []
    for row in total.to_dict("records"):
        numbers += _list_values({"days": row["days"]}, "days")
        ends = {"minimum": row["min_person_days"], "maximum": row["max_person_days"]}
        numbers += _list_values(ends, "person_days")
        quantiles = [row[f"{name}_person_days"] for name in ("q05", "q50", "q95")]
        if not any(map(pd.isna, quantiles)):
            numbers.append(Number("person-days", "person_days", None, *map(float, quantiles)))
        says += [] if pd.isna(row["reason"]) else [f"{row['area_id']}: {row['reason']}."]
    daily = trace.describe_candidates("daily_audience")
    yield Step("Days and person-days", says, daily, numbers)


def explain_draws(trace: Trace, metric: ImpactMetric) -> Step:
    """Return the draws after each step, from the audiences to the metric."""
    row, rows = trace.impact_row(metric), trace.select_steps(TraceStep.DRAWS)
    ends = [row[name] for name in ENDS[1:4]]
    if rows.empty or any(map(pd.isna, ends)):
        why = row["reason"] or "nothing is drawn of this metric"
        missing = _list_sentences(trace.select_steps(TraceStep.UNDRAWN))
        return Step("Why there is no median", [f"{why}.", *missing])
    ordered = pd.concat([rows[rows["subject"] != EVERY], rows[rows["subject"] == EVERY]])
    answer = Number(f"the answer: {metric}", "persons", None, *map(float, ends))
    numbers = [*_list_numbers(ordered, named=True), answer]
    return Step("From the figures to the answer", [OF_DRAWS], (), numbers)


def _explain_status(trace: Trace, metric: ImpactMetric) -> Step:
    row = trace.impact_row(metric)
    names = dict.fromkeys(row["reason_rule_ids"].split(";"))
    rules = [RULES[name] for name in names if name in RULES]
    says = [
        f"Status {row['obs_status']}, {label_code(row['obs_status'], 'obs_status')}: "
        f"{row['reason'] or 'no rule'}."
    ]
    says += [f"{rule.id} caps at {rule.caps_at}, when: {rule.condition}." for rule in rules]
    return Step("The status", says)


def _explain_comparisons(trace: Trace) -> Iterator[Step]:
    rows = trace.tables["comparisons"].to_dict("records")
    if not rows:
        return
    keys = {"estimates": "estimate_id", "published_figures": "published_figure_id"}
    lines = {
        cells[key]: at
        for table, key in keys.items()
        for at, cells in trace.fact_rows.list_rows(table)
    }
    facts = []
    for row in rows:
        name = row["published_figure_id"]
        # a company's statement that the bounds did not use is an estimate
        at = lines.get(name) or lines[name.rpartition("/")[2]]
        facts.append(trace.describe_fact(at, name, row["difference_reason"]))
    says = [
        f"{row['attribution']}: {row['published_value']:,.0f} {row['unit']} "
        f"({row['figure_kind']}), beside our bounds of the {row['compared_with']}: "
        f"{row['difference_reason']}."
        for row in rows
    ]
    yield Step("What others published", says, facts, label="on")


def _explain_ends(trace: Trace, metric: ImpactMetric) -> Step:
    row = trace.impact_row(metric)
    names = ["minimum", "5 %", "median", "95 %", "maximum"]
    names += ["minimum, as printed", "maximum, as printed"]
    values = {what: row[name] for what, name in zip(names, ENDS, strict=True)}
    says = [trace.origin]
    if row["obs_status"] == ObsStatus.MISSING:
        says.insert(0, "The number of people is not known: there are only bounds.")
    title = f"The answer: {metric} of {trace.restriction_id}"
    return Step(title, says, (), _list_values(values, PERSONS))


def as_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Return the steps as objects for JSON, numbered from 1."""
    return [{"step": number, **asdict(step)} for number, step in enumerate(steps, 1)]


def as_text(steps: Sequence[Step]) -> str:
    """Return the steps as text; control characters of a terminal are shown by number."""
    lines = (line for number, step in enumerate(steps, 1) for line in _write_step(number, step))
    return "\n".join(map(plain_line, lines))


def _write_step(number: int, step: Step) -> Iterator[str]:
    yield f"{number}. {step.title}"
    yield from (f"   {text}" for text in step.says)
    by_reason: dict[str, list[Fact]] = {}
    for fact in step.facts:
        by_reason.setdefault(fact.passed_over, []).append(fact)
    if used := by_reason.pop("", []):
        yield f"   {step.label}:"
        yield from (f"     {_format_fact(fact)}" for fact in used)
    if by_reason:
        yield "   passed over:"
    for reason, facts in by_reason.items():
        yield f"     {reason}:"
        yield from (f"       {_format_fact(fact)}" for fact in facts[:EXAMPLES])
        if len(facts) > EXAMPLES:
            yield f"       and {len(facts) - EXAMPLES} more"
    width = max((len(entry.what) for entry in step.numbers), default=0)
    yield from (f"   {entry.what:<{width}}  {entry.text}" for entry in step.numbers)
    yield ""


def _format_fact(fact: Fact) -> str:
    origin = f"; {fact.attribution}" if fact.attribution else ""
    return f"{fact.place}  {fact.id} ({fact.role.replace('_', ' ')}): {fact.says}{origin}"
