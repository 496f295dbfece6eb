"""Table `impact`: the people whom each restriction affects, and the reason for a missing number."""

from functools import partial

import numpy as np
import pandas as pd

from audience_impact.audiences import figures
from audience_impact.audiences.scope import Scope
from audience_impact.imputation.figures import RUNGS
from audience_impact.outputs.areas import list_numbers
from audience_impact.outputs.comparisons import OUR_BOUNDS
from audience_impact.outputs.review import reasons, status_rules
from audience_impact.outputs.review.confidence import rate_answers
from audience_impact.outputs.review.reasons import NEVER, add_status_rules
from audience_impact.outputs.review.status_rules import ESTIMATED, MISSING, UNRELIABLE
from audience_impact.simulation import reach, worlds
from audience_impact.simulation.simulate import (
    DEPRIVED,
    EXPOSED,
    FEATURE_USERS,
    Draws,
    SimulationInputs,
)
from audience_impact.vocabulary import (
    CircumventionBasis,
    Confidence,
    DedupMethod,
    OverlapKind,
    Severity,
)

QUANTILES = [f"{name}_persons" for name in worlds.QUANTILES]


def make_impact(scope: Scope, simulation: SimulationInputs, draws: Draws) -> pd.DataFrame:
    """Return one row for each restriction and impact_metric."""
    status = reasons.find_status(scope, simulation.selected)
    bounds, index = simulation.bounds, simulation.restrictions
    exposed, users, deprived = (
        frame[OUR_BOUNDS].join(worlds.compute_quantiles(draws[metric.value], index, "persons"))
        for frame, metric in (
            *((bounds.exposed, EXPOSED), (bounds.feature_users, FEATURE_USERS)),
            (bounds.deprived, DEPRIVED),
        )
    )
    users = _explain_users(users.join(status), scope, simulation)
    deprived = deprived.join(users.drop(columns=list_numbers("persons")))
    parts = {
        EXPOSED.value: _explain_exposed(exposed.join(status), scope, simulation, draws),
        FEATURE_USERS.value: users,
        DEPRIVED.value: _explain_deprived(deprived, scope, simulation),
    }
    shared = _describe_restrictions(scope, simulation, draws)
    table = pd.concat(
        {
            metric: shared.join(_withhold_quantiles(part, simulation.selected.parts))
            for metric, part in parts.items()
        },
        names=["impact_metric", "restriction_id"],
    ).reset_index()
    has_details = table["reason_details"].str.strip(";") != ""
    table["reason_details"] = table["reason_details"].where(has_details, "")
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
    return add_status_rules(rows, withheld)


def _describe_restrictions(scope: Scope, inputs: SimulationInputs, draws: Draws) -> pd.DataFrame:
    sizes, bounds = inputs.selected.sizes, inputs.bounds
    groups = sizes.groupby("restriction_id", sort=True)
    about = scope.by_id.reindex(bounds.exposed.index)
    pairs = sizes[["restriction_id", "base"]].dropna().drop_duplicates()
    bases = pairs.sort_values("base").groupby("restriction_id")["base"].agg(";".join)
    projected = sizes["is_base_projected"].eq(True)
    is_drawn = ~np.isnan(draws[EXPOSED.value]).any(axis=1)
    drawn = pd.Series(is_drawn, inputs.restrictions)
    return pd.DataFrame(
        {
            "area_id": about["area_ids"],
            "base": bases.reindex(about.index).where(lambda names: names != ""),
            "base_persons": bounds.exposed["base_size_persons"],
            "population_persons": bounds.exposed["population_persons"],
            "dedup_method": _name_methods(scope, inputs, drawn),
            "staleness": figures.classify_staleness(groups["age_months"].max()),
            "evidence_state": about["evidence_state"],
            "claim_status": about["claim_status"],
            "is_never_enforced": about["is_never_enforced"],
            "is_base_projected": projected.groupby(sizes["restriction_id"]).any(),
        }
    )


def _name_methods(
    scope: Scope, simulation: SimulationInputs, drawn: "pd.Series[bool]"
) -> "pd.Series[str]":
    """Return the `dedup_method`; for imputed largest audiences, the weakest evidence level."""
    inputs, bounds, model = simulation.selected, simulation.bounds, simulation.overlap_model
    single = inputs.sizes.groupby("restriction_id")["platform_id"].nunique() == 1
    is_drawn = drawn.reindex(single.index, fill_value=False)
    word = pd.Series(DedupMethod.FRECHET.value, single.index)
    if model is not None:
        word = word.mask(is_drawn, DedupMethod.LATENT_FACTOR.value)
    for overlap in bounds.overlaps:
        name, everyone = overlap.key[0], set(range(len(overlap.audiences)))
        is_observed = any(
            fact.kind is OverlapKind.UNION and set(fact.platforms) == everyone
            for fact in overlap.measured
        )
        drawn_by = DedupMethod.OBSERVED_UNION if is_observed else DedupMethod.CONDITIONED
        if overlap.used_ids and bounds.countries.loc[overlap.key, "is_sharp"]:
            word[name] = (drawn_by if is_drawn[name] else DedupMethod.LP).value
    word = word.mask(single, DedupMethod.SINGLE.value)
    decisive = inputs.imputed[inputs.imputed["is_decisive"]]
    order = decisive["rung"].map(RUNGS.index).astype("float64")
    rungs = dict(enumerate(f"imputed_{rung}" for rung in RUNGS))
    farthest = order.groupby(decisive["restriction_id"]).max().map(rungs)
    is_never = scope.by_id["is_never_enforced"].reindex(word.index)
    return farthest.reindex(word.index).where(is_drawn & ~is_never).fillna(word)


def _explain_exposed(
    frame: pd.DataFrame, scope: Scope, simulation: SimulationInputs, draws: Draws
) -> pd.DataFrame:
    frame, inputs = _explain_no_error(frame), simulation.selected
    bounds = simulation.bounds.exposed.reindex(simulation.restrictions)
    outside_share = worlds.measure_outside_share(draws[EXPOSED.value], bounds)
    beyond = pd.Series(outside_share, simulation.restrictions).reindex(frame.index)
    left_out = [country.key[0] for country in simulation.bounds.overlaps if len(country.left_out)]
    frame = add_status_rules(frame, {"overlap_left_out": frame.index.isin(left_out)})
    window = reach.window_by_restriction(inputs.sizes, inputs.daily, simulation.timeline.periods)
    window = window.reindex(frame.index)
    certain, upper = scope.by_id["is_certain"].reindex(frame.index), frame["printed_max_persons"]
    low, high = window["window_printed_min_persons"], window["window_printed_max_persons"]
    window = window.assign(
        window_printed_min_persons=low.mask(~certain & low.notna(), 0.0),
        window_printed_max_persons=high.where(~(high > upper), upper),
    )
    share = beyond.where(frame["q50_persons"].notna()).round(4)
    return _explain_undrawn(frame, simulation).assign(clamped_draws_share=share).join(window)


def _explain_no_error(frame: pd.DataFrame) -> pd.DataFrame:
    has_figure = (frame["obs_status"] != MISSING) & (frame["reason"] != NEVER)
    is_flat = (frame["q05_persons"] == frame["q95_persons"]) & (frame["q50_persons"] > 0)
    return add_status_rules(frame, {"no_error": has_figure & is_flat})


def _explain_undrawn(frame: pd.DataFrame, simulation: SimulationInputs) -> pd.DataFrame:
    rule = reasons.find_no_estimate_reason(simulation)
    if not rule:
        return frame
    ready = frame.index.isin(simulation.countries["restriction_id"])
    ready &= frame["obs_status"] != MISSING
    return add_status_rules(frame, {rule: ready & frame["q50_persons"].isna()})


def _explain_users(frame: pd.DataFrame, scope: Scope, simulation: SimulationInputs) -> pd.DataFrame:
    """Return the rows of feature users: everyone exposed for whole services, else by shares."""
    frame, inputs = _explain_no_error(frame), simulation.selected
    named = frame.index.isin(scope.is_whole_service.index)
    is_whole = scope.is_whole_service.reindex(frame.index)
    narrowed = is_whole.ne(True) & (frame["reason"] != NEVER)
    assumed = inputs.feature_shares.groupby("restriction_id")["assumed"].agg(_order_assumptions)
    details = assumed.astype("str").reindex(frame.index, fill_value="")
    is_counted = pd.Series(frame.index.isin(assumed.index), frame.index)
    fitted = frame.index.isin(inputs.feature_laws["restriction_id"]) & ~is_counted
    is_known = is_counted | fitted
    flags = {
        "mixed_features": narrowed & is_whole.isna() & named,
        "no_feature_share": narrowed & ~is_known,
        "feature_learned": narrowed & fitted,
        "feature_assumed": details.where(narrowed & is_counted, ""),
    }
    frame = add_status_rules(frame, flags)
    frame[QUANTILES] = frame[QUANTILES].mask(narrowed & (~is_known | is_whole.isna()))
    return _explain_undrawn(frame, simulation)


def _order_assumptions(assumed: "pd.Series[str]") -> str:
    """Return the assumptions of several shares without repeats, in the order of the sentences."""
    fill = partial(status_rules.fill_sentence, "feature_assumed")
    cells = {cell: "; ".join(map(fill, cell.split(";"))) for cell in {*assumed} - {""}}
    return ";".join(sorted(cells, key=cells.__getitem__))


def _explain_deprived(frame: pd.DataFrame, scope: Scope, inputs: SimulationInputs) -> pd.DataFrame:
    keeping = inputs.selected.circumvention.set_index("restriction_id").reindex(frame.index)
    enforced = pd.Series(frame["reason"] != NEVER, frame.index)
    unknown = keeping["basis"].isna()
    severity = scope.by_id["severity"].reindex(frame.index)
    slowed = severity.isin([Severity.IMPAIRED.value, Severity.SERVICE_IMPAIRED.value])
    rules = {
        "no_circumvention": unknown & ~slowed,
        "not_cut": unknown & slowed,
        "poll": keeping["is_self_selected"].eq(True),
        "network_gone": keeping["basis"].eq(CircumventionBasis.NETWORK_GONE.value),
        "circumvention_learned": keeping["basis"].eq(CircumventionBasis.LEARNED.value),
    }
    return add_status_rules(frame, {rule: enforced & applies for rule, applies in rules.items()})


def _add_shares(frame: pd.DataFrame) -> pd.DataFrame:
    shares = {}
    for level in ("printed_min", *worlds.QUANTILES, "printed_max"):
        people = frame[f"{level}_persons"]
        of_base = (people / frame["base_persons"]).round(6).clip(upper=1.0)  # it has an error
        shares[f"{level}_base_share"] = of_base.where(~frame["is_base_projected"])
        shares[f"{level}_population_share"] = (people / frame["population_persons"]).round(6)
    return frame.assign(**shares)
