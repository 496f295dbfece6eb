"""The steps of an explanation, in the order in which an answer comes about."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from audience_impact.outputs.review.status_rules import RULES
from audience_impact.vocabulary import WHOLE_INTERNET, Feature, ImpactMetric
from flows.explaining import people, verdict
from flows.explaining.elements import Number, Step, describe_facts, is_true, list_number
from flows.explaining.recomputed import FactRows, RecomputedAnswer

COUNTED = {
    ImpactMetric.PEOPLE_EXPOSED: "people who ordinarily use what is restricted, in a month, from "
    "before it began",
    ImpactMetric.PEOPLE_FEATURE_EXPOSED: "those of the people exposed who use the restricted "
    "feature; of a whole service everyone",
    ImpactMetric.PEOPLE_DEPRIVED_NET: "those of the feature users who do not keep access",
    ImpactMetric.REACH_LOST: "how many fewer people one measurer counted after than before",
}
"""The people that each metric counts."""
FLAGS = {
    "is_never_enforced": "It was never carried out: nobody was touched.",
    "is_subnational": "It touches a part of the country.",
    "is_some_networks": "It touches some networks alone.",
    "is_networks_unknown": "Which networks it touches is not known.",
}
"""Sentences on a restriction, by flag of the scope."""

FLAG_RULES = {
    "is_under_block": "under_block",
    "is_under_restriction": "under_restriction",
    "is_printed_differently": "printed_differently",
    "is_outlier": "outlier",
    "is_missing_younger": "younger_missing",
}
"""Rules of status by quality flag of a figure."""


def choose_metric(answer: RecomputedAnswer) -> ImpactMetric:
    """Return the default metric: users of a restricted feature, else all people exposed."""
    targets = answer.stages.scope.targets
    restricted = targets[targets["restriction_id"] == answer.restriction_id]
    is_whole = restricted["feature"].isin([Feature.WHOLE_SERVICE.value, Feature.UNKNOWN.value])
    return (
        ImpactMetric.PEOPLE_EXPOSED
        if is_whole.all() or restricted.empty
        else ImpactMetric.PEOPLE_FEATURE_EXPOSED
    )


def build_steps(answer: RecomputedAnswer, metric: ImpactMetric) -> list[Step]:
    """Return all steps that apply to the metric."""
    fact_rows = FactRows(answer)
    return [
        _explain_question(answer, metric, fact_rows),
        *_explain_bases(answer, fact_rows),
        *_explain_audiences(answer, fact_rows),
        *people.explain_errors(answer, fact_rows),
        *people.explain_joint_use(answer, fact_rows),
        *people.explain_places(answer, fact_rows),
        *people.explain_imputation(answer, fact_rows),
        *people.explain_features(answer, fact_rows),
        *people.explain_days(answer, fact_rows),
        *(people.explain_losses(answer, fact_rows) if metric is ImpactMetric.REACH_LOST else ()),
        *verdict.explain_draws(answer, metric),
        *verdict.explain_status(answer, metric),
        *verdict.explain_comparisons(answer, fact_rows),
        verdict.explain_ends(answer, metric),
    ]


def _explain_question(answer: RecomputedAnswer, metric: ImpactMetric, fact_rows: FactRows) -> Step:
    cells = answer.restriction_cells
    start = f"{cells['start']:%Y-%m-%d}" if cells["is_start_known"] else "a day that is not known"
    says = [
        f"{answer.restriction_id}: {cells['action']} in {cells['area_ids']} from {start}; "
        f"{cells['claim_status']}, evidence {cells['evidence_state']}.",
        f"Counted: {COUNTED[metric]} ({metric}).",
        *(text for name, text in FLAGS.items() if cells[name]),
        *_describe_continuation(answer),
        "Computed for this restriction alone, from all facts: a run over all restrictions gives "
        "the same numbers.",
    ]
    return Step(
        "The question", says, describe_facts(answer.list_used("restriction", "target"), fact_rows)
    )


def _describe_continuation(answer: RecomputedAnswer) -> Iterator[str]:
    audiences = answer.stages.scope.requested
    if audiences["is_step"].any():
        first = audiences.loc[audiences["is_step"], "before"].min()
        yield (
            f"It continues {answer.restriction_cells['continues']}: audiences are those from "
            f"before the first step, {first:%Y-%m-%d}."
        )


def _explain_bases(answer: RecomputedAnswer, fact_rows: FactRows) -> Iterator[Step]:
    """Yield the base of each country: the people who can be in an audience."""
    rows = answer.stages.inputs.audiences.sizes
    for country, sizes in rows.groupby("country_id", sort=True):
        row = sizes.iloc[0]
        candidates = answer.list_candidates("base", country_id=country)
        everyone = answer.list_used("population")
        is_own = everyone["input_id"].isin(sizes["population_id"])
        step_facts = [
            *describe_facts(candidates, fact_rows),
            *describe_facts(everyone[is_own], fact_rows),
        ]
        yield Step(
            f"The base in {country}", list(_describe_base(row)), step_facts, _list_base_numbers(row)
        )


def _describe_base(row: Any) -> Iterator[str]:
    if pd.isna(row["base_id"]):
        yield "No base is on record: nothing limits the audience, and nothing is drawn."
        return
    own_measurer, other_measurer = (
        "by the measurer of the audiences",
        "by another measurer, or wider than the audiences are of",
    )
    kind = own_measurer if is_true(row["is_own_base"]) else other_measurer
    yield f"{row['base']}: {kind}."
    if is_true(row["is_base_projected"]):
        yield "It is a projection, which limits nothing: bounds go to all residents."
    if is_true(row["is_base_disputed"]):
        yield "Publishers differ by half or more: bounds and draws span their numbers."


def _list_base_numbers(row: Any) -> list[Number]:
    ends = [row[name] for name in ("base_low_persons", "expected_persons", "base_high_persons")]
    drawn = [Number("drawn on the day of the start", "persons", None, *map(float, ends))]
    return [
        *list_number("at most, as printed", row["base_persons"]),
        *(drawn if not any(map(pd.isna, ends)) else []),
        *list_number("under a ceiling of", row["ceiling_persons"]),
    ]


def _explain_audiences(answer: RecomputedAnswer, fact_rows: FactRows) -> Iterator[Step]:
    """Yield the audience of each platform with all its figures, used or excluded."""
    inputs = answer.stages.inputs
    for row in inputs.audiences.sizes.to_dict("records"):
        platform, country = row["platform_id"], row["country_id"]
        candidates = answer.list_candidates("audience", platform_id=platform, country_id=country)
        name = "internet users" if platform == WHOLE_INTERNET else platform or "an unknown service"
        numbers = [
            *list_number("at least, as printed", row["low_persons"]),
            *list_number("at most, as printed", row["high_persons"]),
        ]
        yield Step(
            f"The audience: {name} in {country}",
            list(_describe_audience(answer, row)),
            describe_facts(candidates, fact_rows),
            numbers,
        )


def _describe_audience(answer: RecomputedAnswer, row: dict[Any, Any]) -> Iterator[str]:
    inputs = answer.stages.inputs
    at = [row["country_id"], row["platform_id"]]
    mine = inputs.audiences.imputed[["country_id", "platform_id"]]
    if pd.isna(row["metric_priority"]):
        guessed = (mine == at).all(axis=1).any()
        yield "No figure qualifies" + (": it is imputed, see below." if guessed else ".")
        return
    chosen = inputs.figures.chosen
    figures = chosen[(chosen[["country_id", "platform_id"]] == at).all(axis=1)]
    yield f"{row['metric']}, {row['age_months']:.0f} months old at the start."
    for figure in figures.to_dict("records"):
        if figure["interval_kind"] in ("one_sided_min", "one_sided_max"):
            yield f"{figure['estimate_id']} says only at least or at most: a bound alone."
    yield from _explain_flags(inputs.figures.quality_flags, at)


def _explain_flags(quality_flags: pd.DataFrame, at: list[str]) -> Iterator[str]:
    """Yield a sentence on the quality flags of the chosen figures."""
    flagged = quality_flags[(quality_flags[["country_id", "platform_id"]] == at).all(axis=1)]
    sentences = [RULES[rule].sentence for name, rule in FLAG_RULES.items() if flagged[name].any()]
    if sentences:
        yield f"Against it: {'; '.join(sentences)}."
