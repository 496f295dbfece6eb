"""Table `impact`: the people whom each restriction affects, and the reason for a missing number."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.audiences import figures
from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import Scope
from audience_impact.bounds import Bounds, Resolved
from audience_impact.imputation.figures import RUNGS
from audience_impact.outputs import areas
from audience_impact.outputs.review import reasons
from audience_impact.outputs.review.confidence import rate_answers
from audience_impact.outputs.review.reasons import NEVER, apply_status_rule
from audience_impact.outputs.review.status_rules import (
    ESTIMATED,
    MISSING,
    UNRELIABLE,
    fill_sentence,
)
from audience_impact.overlap.model import OverlapModel
from audience_impact.simulation import reach, unions
from audience_impact.simulation.simulate import Draws, SimulationInputs, measure_outside_share
from audience_impact.vocabulary import (
    CircumventionBasis,
    Confidence,
    DedupMethod,
    ImpactMetric,
    OverlapKind,
    Severity,
)

QUANTILES = [f"{name}_persons" for name in unions.QUANTILES]


@dataclass(frozen=True)
class _RunParts:
    """The inputs from which the rows of all metrics are computed."""

    scope: Scope
    inputs: Inputs
    bounds: Bounds
    simulation: SimulationInputs
    draws: Draws


def make_impact(
    scope: Scope,
    inputs: Inputs,
    bounds: Bounds,
    simulation: SimulationInputs,
    draws: Draws,
) -> pd.DataFrame:
    """Return one row for each restriction and impact_metric."""
    people = draws[ImpactMetric.PEOPLE_EXPOSED.value]
    drawn = pd.Series(~np.isnan(people).any(axis=1), simulation.restrictions)
    status = reasons.find_status(scope, inputs)
    run = _RunParts(scope, inputs, bounds, simulation, draws)
    parts = {
        ImpactMetric.PEOPLE_EXPOSED.value: _exposed_rows(run, status),
        ImpactMetric.PEOPLE_FEATURE_EXPOSED.value: _feature_user_rows(run, status),
        ImpactMetric.PEOPLE_DEPRIVED_NET.value: _deprived_rows(run, status),
    }
    shared = _common_columns(scope, inputs, bounds, drawn, simulation.overlap_model)
    table = pd.concat(
        {
            metric: shared.join(_withhold_quantiles(part, inputs.parts))
            for metric, part in parts.items()
        },
        names=["impact_metric", "restriction_id"],
    ).reset_index()
    table["reason_details"] = table["reason_details"].where(
        table["reason_details"].str.strip(";") != "", ""
    )
    table = table.join(simulation.chances.list_shares(), on="restriction_id")
    table[QUANTILES] = table[QUANTILES].mask(table["is_never_enforced"], 0.0)
    table["confidence"] = rate_answers(table)
    is_contained = table["obs_status"].eq(UNRELIABLE) & table["confidence"].eq(Confidence.HIGH)
    table["obs_status"] = table["obs_status"].mask(is_contained, ESTIMATED)
    return _add_shares(table.assign(as_of=scope.as_of.isoformat())).sort_values(
        ["restriction_id", "impact_metric"], ignore_index=True
    )


def _withhold_quantiles(frame: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    widest = reasons.choose_widest(frame.index.to_series(), parts)
    rows, withheld = reasons.withhold_quantiles(frame, bound="printed_max_persons", widest=widest)
    for rule, is_withheld in withheld.items():
        rows = apply_status_rule(rows, is_withheld, rule)
    return rows


def _common_columns(
    scope: Scope, inputs: Inputs, bounds: Bounds, drawn: pd.Series, model: OverlapModel | None
) -> pd.DataFrame:
    groups = inputs.sizes.groupby("restriction_id", sort=True)
    about = scope.by_id.reindex(bounds.exposed.index)
    pairs = inputs.sizes[["restriction_id", "base"]].dropna().drop_duplicates()
    bases = pairs.sort_values("base").groupby("restriction_id")["base"].agg(";".join)
    projected = inputs.sizes["is_base_projected"].eq(True)
    return pd.DataFrame(
        {
            "area_id": about["area_ids"],
            "base": bases.reindex(about.index).where(lambda names: names != ""),
            "base_persons": bounds.exposed["base_size_persons"],
            "population_persons": bounds.exposed["population_persons"],
            "dedup_method": _imputed_methods(
                _dedup_methods(inputs.sizes, bounds, drawn, model),
                inputs,
                drawn & ~scope.by_id["is_never_enforced"].reindex(drawn.index),
            ),
            "staleness": figures.classify_staleness(groups["age_months"].max()),
            "evidence_state": about["evidence_state"],
            "claim_status": about["claim_status"],
            "is_never_enforced": about["is_never_enforced"],
            "is_base_projected": projected.groupby(inputs.sizes["restriction_id"]).any(),
        }
    )


def _dedup_methods(
    audiences: pd.DataFrame, bounds: Bounds, drawn: pd.Series, model: OverlapModel | None
) -> pd.Series:
    single = audiences.groupby("restriction_id")["platform_id"].nunique() == 1
    is_drawn = drawn.reindex(single.index, fill_value=False)
    word = pd.Series(DedupMethod.FRECHET.value, single.index)
    if model is not None:
        word = word.mask(is_drawn, model.dedup_method.value)
    for overlap in bounds.overlaps:
        name = overlap.key[0]
        if overlap.used_ids and bounds.countries.loc[overlap.key, "is_sharp"]:
            word[name] = (_overlap_method(overlap) if is_drawn[name] else DedupMethod.LP).value
    return word.mask(single, DedupMethod.SINGLE.value)


def _imputed_methods(word: pd.Series, inputs: Inputs, drawn: pd.Series) -> pd.Series:
    """Return the `dedup_method`; for imputed largest audiences, the weakest evidence level.

    `drawn` marks the restrictions that have draws.
    """
    decisive = inputs.imputed[inputs.imputed["is_decisive"]]
    order = decisive["rung"].map(RUNGS.index).astype("float64")
    farthest = order.groupby(decisive["restriction_id"]).max()
    words = farthest.map({number: f"imputed_{rung}" for number, rung in enumerate(RUNGS)})
    is_drawn = drawn.reindex(word.index, fill_value=False)
    return words.reindex(word.index).where(is_drawn).fillna(word)


def _overlap_method(resolved: Resolved) -> DedupMethod:
    everyone = set(range(len(resolved.audiences)))
    observed = any(
        fact.kind is OverlapKind.UNION and set(fact.platforms) == everyone
        for fact in resolved.measured
    )
    return DedupMethod.OBSERVED_UNION if observed else DedupMethod.CONDITIONED


def _join_numbers(run: _RunParts, metric: ImpactMetric) -> pd.DataFrame:
    drawn, names = run.draws[metric.value], run.simulation.restrictions
    middle = unions.compute_quantiles(drawn, names, "persons")
    return run.bounds.select_metric(metric).join(middle)


def _exposed_rows(run: _RunParts, status: pd.DataFrame) -> pd.DataFrame:
    frame = _with_error(_join_numbers(run, ImpactMetric.PEOPLE_EXPOSED).join(status))
    outside_share = measure_outside_share(run.simulation, run.draws)
    beyond = pd.Series(outside_share, run.simulation.restrictions).reindex(frame.index)
    left_out = [country.key[0] for country in run.bounds.overlaps if len(country.left_out)]
    frame = apply_status_rule(frame, frame.index.isin(left_out), "overlap_left_out")
    return (
        _explain_undrawn(frame, run.simulation)
        .assign(clamped_draws_share=beyond.where(frame["q50_persons"].notna()).round(4))
        .join(_reach_windows(run, frame["printed_max_persons"]))
    )


def _with_error(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, and apply the status rule `no_error` to intervals without width."""
    has_figure = (frame["obs_status"] != MISSING) & (frame["reason"] != NEVER)
    return apply_status_rule(
        frame,
        has_figure & (frame["q05_persons"] == frame["q95_persons"]) & (frame["q50_persons"] > 0),
        "no_error",
    )


def _reach_windows(run: _RunParts, upper: pd.Series) -> pd.DataFrame:
    """Return persons reached on the days of each restriction; at least 0 unless it is certain."""
    inputs, periods = run.inputs, run.simulation.timeline.periods
    window = reach.window_by_restriction(inputs.sizes, inputs.daily, periods)
    window = window.reindex(upper.index)
    certain = run.scope.by_id["is_certain"].reindex(upper.index)
    low, high = window["window_printed_min_persons"], window["window_printed_max_persons"]
    return window.assign(
        window_printed_min_persons=low.mask(~certain & low.notna(), 0.0),
        window_printed_max_persons=high.where(~(high > upper), upper),
    )


def _explain_undrawn(frame: pd.DataFrame, simulation: SimulationInputs) -> pd.DataFrame:
    """Return the rows, with a reason for restrictions with complete inputs but without draws."""
    if simulation.overlap_model is not None:
        return frame
    ready = frame.index.isin(simulation.countries["restriction_id"])
    ready &= frame["obs_status"] != MISSING
    silent = frame["q50_persons"].isna()
    return apply_status_rule(frame, ready & silent, reasons.undrawn_rule(simulation))


def _feature_user_rows(run: _RunParts, status: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of feature users: everyone exposed for whole services, else by shares."""
    frame = _with_error(_join_numbers(run, ImpactMetric.PEOPLE_FEATURE_EXPOSED).join(status))
    named = frame.index.isin(run.scope.is_whole_service.index)
    is_whole = run.scope.is_whole_service.reindex(frame.index)
    narrowed = is_whole.ne(True) & (frame["reason"] != NEVER)
    assumed = run.inputs.feature_shares.groupby("restriction_id")["assumed"].agg(_order_assumptions)
    details = assumed.astype("str").reindex(frame.index, fill_value="")
    is_counted = pd.Series(frame.index.isin(assumed.index), frame.index)
    fitted = frame.index.isin(run.inputs.feature_laws["restriction_id"]) & ~is_counted
    frame = apply_status_rule(frame, narrowed & is_whole.isna() & named, "mixed_features")
    frame = apply_status_rule(frame, narrowed & ~(is_counted | fitted), "no_feature_share")
    frame = apply_status_rule(frame, narrowed & fitted, "feature_learned")
    frame = apply_status_rule(frame, narrowed & is_counted, "feature_assumed", details)
    frame[QUANTILES] = frame[QUANTILES].where(
        ~(narrowed & (~(is_counted | fitted) | is_whole.isna()))
    )
    return _explain_undrawn(frame, run.simulation)


def _order_assumptions(assumed: "pd.Series[str]") -> str:
    """Return the assumptions of several shares without repeats, in the order of the sentences."""

    def fill_words(cell: str) -> str:
        return "; ".join(fill_sentence("feature_assumed", detail) for detail in cell.split(";"))

    return ";".join(sorted({*assumed} - {""}, key=fill_words))


def _deprived_rows(run: _RunParts, status: pd.DataFrame) -> pd.DataFrame:
    frame = _feature_user_rows(run, status).drop(columns=areas.PEOPLE)
    frame = frame.join(_join_numbers(run, ImpactMetric.PEOPLE_DEPRIVED_NET))
    keeping = run.inputs.circumvention.set_index("restriction_id").reindex(frame.index)
    enforced = pd.Series(frame["reason"] != NEVER, frame.index)
    unknown = keeping["basis"].isna()
    severity = run.scope.by_id["severity"].reindex(frame.index)
    slowed = severity.isin([Severity.IMPAIRED.value, Severity.SERVICE_IMPAIRED.value])
    rules = {
        "no_circumvention": unknown & ~slowed,
        "not_cut": unknown & slowed,
        "poll": keeping["is_self_selected"].eq(True),
        "network_gone": keeping["basis"].eq(CircumventionBasis.NETWORK_GONE.value),
        "circumvention_learned": keeping["basis"].eq(CircumventionBasis.LEARNED.value),
    }
    for rule, applies in rules.items():
        frame = apply_status_rule(frame, enforced & applies, rule)
    return frame


def _add_shares(frame: pd.DataFrame) -> pd.DataFrame:
    shares = {}
    for level in ("printed_min", *unions.QUANTILES, "printed_max"):
        people = frame[f"{level}_persons"]
        of_base = (people / frame["base_persons"]).round(6).clip(upper=1.0)  # it has an error
        shares[f"{level}_base_share"] = of_base.where(~frame["is_base_projected"])
        shares[f"{level}_population_share"] = (people / frame["population_persons"]).round(6)
    return frame.assign(**shares)
