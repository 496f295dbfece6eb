"""The steps of an explanation, in the order in which an answer comes about."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from audience_impact.outputs.review.status_rules import RULES
from audience_impact.vocabulary import WHOLE_INTERNET, Feature, ImpactMetric
from flows.explaining import people, verdict
from flows.explaining.recomputed import Facts, Recomputed
from flows.explaining.told import Number, Step, facts, holds, value

COUNTED = {
    ImpactMetric.PEOPLE_EXPOSED: "people who ordinarily use what is restricted, in a month, from "
    "before it began",
    ImpactMetric.PEOPLE_FEATURE_EXPOSED: "those of the people exposed who use the restricted "
    "feature; of a whole service everyone",
    ImpactMetric.PEOPLE_DEPRIVED_NET: "those of the feature users who do not keep access",
    ImpactMetric.REACH_LOST: "how many fewer people one measurer counted after than before",
}
"""Whom each metric counts."""
FLAGS = {
    "is_never_enforced": "It was never carried out: nobody was touched.",
    "is_subnational": "It touches a part of the country.",
    "is_some_networks": "It touches some networks alone.",
    "is_networks_unknown": "Which networks it touches is not known.",
}
"""What is said of a restriction where the scope has it so."""

DOUBTS = {
    "is_under_block": "under_block",
    "is_under_restriction": "under_restriction",
    "is_printed_differently": "printed_differently",
    "is_outlier": "outlier",
    "is_missing_younger": "younger_missing",
}
"""Rules of status that say what speaks against a figure."""


def fitting(found: Recomputed) -> ImpactMetric:
    """The metric that is asked for where none is named: users of the feature, else all exposed."""
    targets = found.stages.scope.targets
    own = targets[targets["restriction_id"] == found.restriction_id]
    whole = own["feature"].isin([Feature.WHOLE_SERVICE.value, Feature.UNKNOWN.value])
    return (
        ImpactMetric.PEOPLE_EXPOSED
        if whole.all() or own.empty
        else ImpactMetric.PEOPLE_FEATURE_EXPOSED
    )


def explained(found: Recomputed, metric: ImpactMetric) -> list[Step]:
    """Every step that applies."""
    known = Facts(found)
    return [
        _asked(found, metric, known),
        *_bases(found, known),
        *_audiences(found, known),
        *people.errors(found, known),
        *people.joint_use(found, known),
        *people.places(found, known),
        *people.imputation(found, known),
        *people.features(found, known),
        *people.days(found, known),
        *(people.lost(found, known) if metric is ImpactMetric.REACH_LOST else ()),
        *verdict.on_the_way(found, metric),
        *verdict.status(found, metric),
        *verdict.others(found, known),
        verdict.ends(found, metric),
    ]


def _asked(found: Recomputed, metric: ImpactMetric, known: Facts) -> Step:
    act = found.act
    start = f"{act['start']:%Y-%m-%d}" if act["is_start_known"] else "a day that is not known"
    says = [
        f"{found.restriction_id}: {act['action']} in {act['area_ids']} from {start}; "
        f"{act['claim_status']}, evidence {act['evidence_state']}.",
        f"Counted: {COUNTED[metric]} ({metric}).",
        *(text for name, text in FLAGS.items() if act[name]),
        *_steps_of_act(found),
        "Computed anew for this restriction alone, from all facts: every number is the one that a "
        "run over all restrictions gives.",
    ]
    return Step("What is asked", says, facts(found.used("restriction", "target"), known))


def _steps_of_act(found: Recomputed) -> Iterator[str]:
    wanted = found.stages.scope.wanted
    if wanted["is_step"].any():
        first = wanted.loc[wanted["is_step"], "before"].min()
        yield (
            f"It continues {found.act['continues']}: audiences are those from before the first "
            f"step, {first:%Y-%m-%d}."
        )


def _bases(found: Recomputed, known: Facts) -> Iterator[Step]:
    """The universe of each country: who could be in an audience at all."""
    rows = found.stages.inputs.audiences.sizes
    for country, own in rows.groupby("country_id", sort=True):
        row = own.iloc[0]
        looked = found.looked("base", country_id=country)
        everyone = found.used("population")
        is_own = everyone["input_id"].isin(own["population_id"])
        told = [*facts(looked, known), *facts(everyone[is_own], known)]
        yield Step(f"The base in {country}", list(_of_base(row)), told, _base_numbers(row))


def _of_base(row: Any) -> Iterator[str]:
    if pd.isna(row["base_id"]):
        yield "No base is on record: nothing limits the audience, and nothing is drawn."
        return
    own, other = (
        "by the measurer of the audiences",
        "by another measurer, or wider than the audiences are of",
    )
    kind = own if holds(row["is_own_base"]) else other
    yield f"{row['base']}: {kind}."
    if holds(row["is_base_projected"]):
        yield "It is a projection, which limits nothing: bounds go to all residents."
    if holds(row["is_base_disputed"]):
        yield "Publishers differ by half or more: bounds and draws span their numbers."


def _base_numbers(row: Any) -> list[Number]:
    law = [row[name] for name in ("base_low_persons", "expected_persons", "base_high_persons")]
    told = [Number("drawn on the day of the start", "persons", None, *map(float, law))]
    return [
        *value("at most, as printed", row["base_persons"]),
        *(told if not any(map(pd.isna, law)) else []),
        *value("under a ceiling of", row["ceiling_persons"]),
    ]


def _audiences(found: Recomputed, known: Facts) -> Iterator[Step]:
    """The audience of each platform: all its figures, used or passed over."""
    inputs = found.stages.inputs
    for row in inputs.audiences.sizes.to_dict("records"):
        platform, country = row["platform_id"], row["country_id"]
        own = found.looked("audience", platform_id=platform, country_id=country)
        name = "internet users" if platform == WHOLE_INTERNET else platform or "an unknown service"
        numbers = [
            *value("at least, as printed", row["low_persons"]),
            *value("at most, as printed", row["high_persons"]),
        ]
        yield Step(
            f"The audience: {name} in {country}",
            list(_of_audience(found, row)),
            facts(own, known),
            numbers,
        )


def _of_audience(found: Recomputed, row: dict[Any, Any]) -> Iterator[str]:
    inputs = found.stages.inputs
    at = [row["country_id"], row["platform_id"]]
    mine = inputs.audiences.imputed[["country_id", "platform_id"]]
    if pd.isna(row["metric_priority"]):
        guessed = (mine == at).all(axis=1).any()
        yield "No figure qualifies" + (": it is imputed, see below." if guessed else ".")
        return
    chosen = inputs.figures.chosen
    own = chosen[(chosen[["country_id", "platform_id"]] == at).all(axis=1)]
    yield f"{row['metric']}, {row['age_months']:.0f} months old at the start."
    for one in own.to_dict("records"):
        if one["interval_kind"] in ("one_sided_min", "one_sided_max"):
            yield f"{one['estimate_id']} says only at least or at most: a bound alone."
    yield from _doubts(inputs.figures.doubts, at)


def _doubts(doubts: pd.DataFrame, at: list[str]) -> Iterator[str]:
    """What speaks against the chosen figures."""
    own = doubts[(doubts[["country_id", "platform_id"]] == at).all(axis=1)]
    told = [RULES[rule].sentence for name, rule in DOUBTS.items() if own[name].any()]
    if told:
        yield f"Against it: {'; '.join(told)}."
