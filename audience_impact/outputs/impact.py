"""Table `impact`: the people each restriction touches, with a reason for every gap."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.audiences import figures
from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import Scope
from audience_impact.bounds.measured import Resolved
from audience_impact.bounds.restrictions import Bounds
from audience_impact.imputation import rungs
from audience_impact.outputs import reach_lost
from audience_impact.outputs.review import reasons
from audience_impact.outputs.review.reasons import NEVER, because
from audience_impact.outputs.review.status_rules import ESTIMATED, MISSING, UNRELIABLE, filled
from audience_impact.overlap.model import OverlapModel
from audience_impact.simulation import reach, unions
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.simulate import Draws
from audience_impact.vocabulary import (
    CircumventionBasis,
    DedupMethod,
    ImpactMetric,
    OverlapKind,
    Severity,
)

QUANTILES = [f"{name}_persons" for name in unions.QUANTILES]
_ENDS = ["lower_persons", *QUANTILES, "upper_persons"]


@dataclass(frozen=True)
class _Known:
    """What the rows of the metrics that are drawn are made from."""

    scope: Scope
    inputs: Inputs
    bounds: Bounds
    simulation: SimulationInputs
    draws: Draws


def impact(
    scope: Scope,
    inputs: Inputs,
    bounds: Bounds,
    simulation: SimulationInputs,
    draws: Draws,
    lost: pd.DataFrame,
) -> pd.DataFrame:
    """One row a restriction and impact_metric; `lost` as outputs.reach_lost gives it."""
    people = draws.by_metric[ImpactMetric.PEOPLE_EXPOSED.value]
    drawn = pd.Series(~np.isnan(people).any(axis=1), simulation.restrictions)
    status = reasons.status(scope, inputs)
    found = _Known(scope, inputs, bounds, simulation, draws)
    parts = {
        ImpactMetric.PEOPLE_EXPOSED.value: _exposed(found, status),
        ImpactMetric.PEOPLE_FEATURE_EXPOSED.value: _feature_users(found, status),
        ImpactMetric.PEOPLE_DEPRIVED_NET.value: _deprived(found, status),
        ImpactMetric.REACH_LOST.value: _lost(scope, bounds, lost),
    }
    shared = _shared(scope, inputs, bounds, drawn, simulation.overlap_model)
    together = pd.concat(
        {metric: shared.join(part) for metric, part in parts.items()},
        names=["impact_metric", "restriction_id"],
    ).reset_index()
    together["reason_details"] = together["reason_details"].where(_has_details(together), "")
    together[QUANTILES] = together[QUANTILES].mask(together["is_never_enforced"], 0.0)
    return _with_shares(together.assign(as_of=scope.as_of.isoformat())).sort_values(
        ["restriction_id", "impact_metric"], ignore_index=True
    )


def _has_details(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows have a sentence that says something of the row itself."""
    return frame["reason_details"].str.strip(";") != ""


def _shared(
    scope: Scope, inputs: Inputs, bounds: Bounds, drawn: pd.Series, model: OverlapModel | None
) -> pd.DataFrame:
    """The columns that all metrics of a restriction have in common, by restriction."""
    groups = inputs.audiences.sizes.groupby("restriction_id", sort=True)
    about = scope.by_id.reindex(bounds.exposed.index)
    each = inputs.audiences.sizes[["restriction_id", "base"]].dropna().drop_duplicates()
    bases = each.sort_values("base").groupby("restriction_id")["base"].agg(";".join)
    projected = inputs.audiences.sizes["is_base_projected"].eq(True)
    return pd.DataFrame(
        {
            "area_id": about["area_ids"],
            "base": bases.reindex(about.index).where(lambda names: names != ""),
            "base_persons": bounds.exposed["base_size_persons"],
            "population_persons": bounds.exposed["population_persons"],
            "dedup_method": _imputed(
                _method(inputs.audiences.sizes, bounds, drawn, model),
                inputs,
                drawn & ~scope.by_id["is_never_enforced"].reindex(drawn.index),
            ),
            "staleness": figures.staleness(groups["age_months"].max()),
            "evidence_state": about["evidence_state"],
            "claim_status": about["claim_status"],
            "is_never_enforced": about["is_never_enforced"],
            "is_base_projected": projected.groupby(inputs.audiences.sizes["restriction_id"]).any(),
        }
    )


def _method(
    audiences: pd.DataFrame, bounds: Bounds, drawn: pd.Series, model: OverlapModel | None
) -> pd.Series:
    """How nobody was counted twice, by restriction."""
    single = audiences.groupby("restriction_id")["platform_id"].nunique() == 1
    is_drawn = drawn.reindex(single.index, fill_value=False)
    word = pd.Series(DedupMethod.FRECHET.value, single.index)
    if model is not None:
        word = word.mask(is_drawn, model.dedup_method.value)
    for one in bounds.overlaps:
        name = one.key[0]
        if one.used and bounds.countries.loc[one.key, "is_sharp"]:
            word[name] = (_overlap_method(one) if is_drawn[name] else DedupMethod.LP).value
    return word.mask(single, DedupMethod.SINGLE.value)


def _imputed(word: pd.Series, inputs: Inputs, drawn: pd.Series) -> pd.Series:
    """The method, or the farthest rung of the largest audiences, where they are imputed.

    `drawn` says of which restrictions something is drawn.
    """
    decisive = inputs.audiences.imputed[inputs.audiences.imputed["is_decisive"]]
    order = decisive["rung"].map(rungs.ORDER.index).astype("float64")
    farthest = order.groupby(decisive["restriction_id"]).max()
    words = farthest.map({number: f"imputed_{rung}" for number, rung in enumerate(rungs.ORDER)})
    is_drawn = drawn.reindex(word.index, fill_value=False)
    return words.reindex(word.index).where(is_drawn).fillna(word)


def _overlap_method(one: Resolved) -> DedupMethod:
    """How a country with measured overlaps was kept from counting twice."""
    everyone = set(range(len(one.measurements.audiences)))
    observed = any(
        fact.kind is OverlapKind.UNION and set(fact.platforms) == everyone
        for fact in one.measurements.problem.measured
    )
    return DedupMethod.OBSERVED_UNION if observed else DedupMethod.CONDITIONED


def _numbers(found: _Known, metric: ImpactMetric) -> pd.DataFrame:
    """Bounds and quantiles of a metric, by restriction."""
    drawn, names = found.draws.by_metric[metric.value], found.simulation.restrictions
    middle = unions.quantiles(drawn, names, "persons")
    return found.bounds.of(metric).join(middle)


def _exposed(found: _Known, status: pd.DataFrame) -> pd.DataFrame:
    """People exposed: status and reasons, draws beyond the bounds, the reach of the window."""
    frame = _with_error(_numbers(found, ImpactMetric.PEOPLE_EXPOSED).join(status))
    beyond = pd.Series(found.draws.outside_share, found.simulation.restrictions)
    beyond = beyond.reindex(frame.index)
    for rule, names in _contradicted(found.bounds).items():
        frame = because(frame, frame.index.isin(names), rule)
    return (
        _uncalibrated(frame, found.simulation)
        .assign(clamped_draws_share=beyond.where(frame["q50_persons"].notna()).round(4))
        .join(_windows(found, frame["upper_persons"]))
    )


def _with_error(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of which no error is known, the interval having no width, say so."""
    known = (frame["obs_status"] != MISSING) & (frame["reason"] != NEVER)
    return because(
        frame,
        known & (frame["q05_persons"] == frame["q95_persons"]) & (frame["q50_persons"] > 0),
        "no_error",
    )


def _windows(found: _Known, upper: pd.Series) -> pd.DataFrame:
    """Reach of the days each restriction lasted, at least nobody where it is partial."""
    inputs, periods = found.inputs, found.simulation.timeline.periods
    window = reach.window_by_restriction(inputs.audiences.sizes, inputs.audiences.daily, periods)
    window = window.reindex(upper.index)
    partial = found.scope.by_id["is_partial"].reindex(upper.index)
    low, high = window["window_lower_persons"], window["window_upper_persons"]
    return window.assign(
        window_lower_persons=low.mask(partial & low.notna(), 0.0),
        window_upper_persons=high.where(~(high > upper), upper),
    )


def _uncalibrated(frame: pd.DataFrame, simulation: SimulationInputs) -> pd.DataFrame:
    """The rows that could be drawn, with the reason why they are not without a calibration."""
    if simulation.overlap_model is not None:
        return frame
    ready = frame.index.isin(simulation.countries["restriction_id"])
    ready &= frame["obs_status"] != MISSING
    silent = frame["q50_persons"].isna()
    return because(frame, ready & silent, reasons.undrawn(simulation))


def _contradicted(bounds: Bounds) -> dict[str, list[str]]:
    """Restrictions whose measured overlaps contradict other facts, by the rule of status."""
    found: dict[str, list[str]] = {"overlap_left_out": [], "overlap_repaired": []}
    for one in bounds.overlaps:
        if one.conflict is not None:
            found["overlap_repaired" if one.changes else "overlap_left_out"].append(one.key[0])
    return found


def _feature_users(found: _Known, status: pd.DataFrame) -> pd.DataFrame:
    """Feature users: everyone exposed to a whole service, else by the shares that speak for it."""
    frame = _with_error(_numbers(found, ImpactMetric.PEOPLE_FEATURE_EXPOSED).join(status))
    named = frame.index.isin(found.scope.is_whole_service.index)
    whole = found.scope.is_whole_service.reindex(frame.index)
    narrowed = whole.ne(True) & (frame["reason"] != NEVER)
    assumed = found.inputs.use.feature_shares.groupby("restriction_id")["assumed"].agg(_in_order)
    details = assumed.astype("str").reindex(frame.index, fill_value="")
    is_asked = pd.Series(frame.index.isin(assumed.index), frame.index)
    learned = frame.index.isin(found.inputs.use.feature_laws["restriction_id"]) & ~is_asked
    frame = because(frame, narrowed & whole.isna() & named, "mixed_features")
    frame = because(frame, narrowed & ~(is_asked | learned), "no_feature_share")
    frame = because(frame, narrowed & learned, "feature_learned")
    frame = because(frame, narrowed & is_asked, "feature_assumed", details)
    frame[QUANTILES] = frame[QUANTILES].where(~(narrowed & (~(is_asked | learned) | whole.isna())))
    return _uncalibrated(frame, found.simulation)


def _in_order(assumed: "pd.Series[str]") -> str:
    """Return what is assumed of several shares, each once and in the order of the sentences."""

    def words(cell: str) -> str:
        return "; ".join(filled("feature_assumed", detail) for detail in cell.split(";"))

    return ";".join(sorted({*assumed} - {""}, key=words))


def _deprived(found: _Known, status: pd.DataFrame) -> pd.DataFrame:
    """Feature users who do not keep access."""
    frame = _feature_users(found, status).drop(columns=_ENDS)
    frame = frame.join(_numbers(found, ImpactMetric.PEOPLE_DEPRIVED_NET))
    keeping = found.inputs.use.circumvention.set_index("restriction_id").reindex(frame.index)
    enforced = pd.Series(frame["reason"] != NEVER, frame.index)
    unknown = keeping["basis"].isna()
    severity = found.scope.by_id["severity"].reindex(frame.index)
    slowed = severity.isin([Severity.IMPAIRED.value, Severity.SERVICE_IMPAIRED.value])
    rules = {
        "no_circumvention": unknown & ~slowed,
        "not_cut": unknown & slowed,
        "poll": keeping["is_self_selected"].eq(True),
        "network_gone": keeping["basis"].eq(CircumventionBasis.NETWORK_GONE.value),
        "circumvention_learned": keeping["basis"].eq(CircumventionBasis.LEARNED.value),
    }
    for rule, applies in rules.items():
        frame = because(frame, enforced & applies, rule)
    return frame


def _lost(scope: Scope, bounds: Bounds, lost: pd.DataFrame) -> pd.DataFrame:
    """Reach lost: before against after, where one measurer has both."""
    upper = bounds.exposed["upper_persons"]
    never = scope.by_id["is_never_enforced"].reindex(upper.index)
    known = lost.reindex(upper.index)
    nothing = ~known.index.isin(lost.index)
    flags = {
        "never_enforced": never,
        "no_after": nothing & ~never,
        **{rule: known[rule].eq(True) & ~never for rule in reach_lost.RULES},
        "no_base": upper.isna() & ~never,
    }
    status = pd.Series(np.where(nothing, MISSING, UNRELIABLE), known.index)
    return (
        known[_ENDS]
        .assign(
            lower_persons=0.0,
            upper_persons=upper,
            obs_status=status.where(~never, ESTIMATED),
        )
        .join(reasons.said(flags, known.index))
    )


def _with_shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Shares of base and population added."""
    shares = {}
    for level in ("lower", *unions.QUANTILES, "upper"):
        people = frame[f"{level}_persons"]
        of_base = (people / frame["base_persons"]).round(6)
        shares[f"{level}_base_share"] = of_base.where(~frame["is_base_projected"])
        of_all = (people / frame["population_persons"]).round(6)
        shares[f"{level}_population_share"] = of_all.clip(upper=1.0)  # residents are expected
    return frame.assign(**shares)
