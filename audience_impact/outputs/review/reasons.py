"""The status rules that apply to each row, and the sentences of its reason.

status_rules.py defines the rules, their sentences and the best status that each allows.
"""

from collections.abc import Collection, Mapping
from functools import cache

import numpy as np
import pandas as pd
from pandas.api.typing import DataFrameGroupBy

from audience_impact.audiences import distributions, parts
from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import AUDIENCE, Scope
from audience_impact.imputation.distribution import WIDEST
from audience_impact.imputation.figures import RUNGS
from audience_impact.outputs.review import status_rules
from audience_impact.outputs.review.status_rules import ESTIMATED, MISSING, NORMAL, ORDER, RULES
from audience_impact.populations import EVERYONE
from audience_impact.simulation import worlds
from audience_impact.simulation.simulate import SimulationInputs
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    ClaimStatus,
    EvidenceState,
    ObsStatus,
    PartGap,
    PlaceReading,
    list_meanings,
)

NEVER = status_rules.SENTENCES["never_enforced"]
SHOWN = [
    EvidenceState.BLOCKED.value,
    EvidenceState.LIKELY_BLOCKED.value,
    EvidenceState.IMPAIRED.value,
    EvidenceState.DOWN.value,
]
"""Results of measurements that confirm a restriction."""

Flags = Mapping[str, pd.Series | np.ndarray]
"""By rule, for each row: whether the rule applies, or its details joined by `;`, blank if not.

The details of a rule are what its sentence says of the row itself, a sentence for each.
"""
REASON = ["reason", "reason_rule_ids", "reason_details"]
"""Columns of the sentences joined by `; ` and, in the same order, of their rules and details."""
BETWEEN = ("; ", ";", ";")
"""Separators of the cells of these columns."""
ROUNDING = 1e-9
"""Relative error of sums of numbers."""
WIDEST_PART = 12.0
"""As WIDEST, for a part of a country: its residents say as much as such a range."""
OWN_WORDS = "extent"
"""The rule whose sentence is a text of the facts, so that it has no details."""


def find_no_estimate_reason(simulation: SimulationInputs) -> str:
    """Return the rule that explains why nothing at all is drawn; blank if something may be."""
    if simulation.overlap_model:
        return ""
    return "uncalibrated" if simulation.selected.errors else "unlearned"


def state_reasons(flags: Flags, index: pd.Index) -> pd.DataFrame:
    """Return the columns REASON for the rules that apply to each row, in the order of the rules."""
    columns = (pd.Series(flag, index).tolist() for flag in flags.values())
    joined = [_join_reasons((*flags,), row) for row in zip(*columns, strict=True)]
    return pd.DataFrame(joined, index, REASON, dtype="str")


@cache
def _join_reasons(rules: tuple[str, ...], flags: tuple[bool | str, ...]) -> list[str]:
    row = [cells for cells in map(_reason_cells, rules, flags) if cells]
    return [between.join(cells[at] for cells in row) for at, between in enumerate(BETWEEN)]


@cache
def _reason_cells(rule: str, flag: bool | str) -> tuple[str, ...]:
    if not flag:
        return ()
    if rule == OWN_WORDS:
        return str(flag), rule, ""
    details = flag.split(";") if isinstance(flag, str) else [""]
    sentences = [status_rules.fill_sentence(rule, detail) for detail in details]
    return "; ".join(sentences), ";".join([rule] * len(details)), ";".join(details)


def add_status_rules(frame: pd.DataFrame, flags: Flags, cap: str = "") -> pd.DataFrame:
    """Return the rows after more status rules, which cap the status at `cap` or as their table."""
    more, status = state_reasons(flags, frame.index), frame["obs_status"]
    is_first, applies = frame["reason"] == "", more["reason"] != ""
    for name, between in zip(REASON, BETWEEN, strict=True):
        longer = frame[name].where(is_first, frame[name] + between) + more[name]
        more[name] = longer.where(applies, frame[name])
    for rule, flag in flags.items():
        best = cap or RULES[rule].caps_at
        is_better = status.map(ORDER) < ORDER[best]
        status = status.mask(pd.Series(flag, frame.index).astype("bool") & is_better, best)
    return frame.assign(**more, obs_status=status)


def measure_factor(
    frame: pd.DataFrame, unit: str = "persons", kind: str = ""
) -> "pd.Series[float]":
    """Return the 95 % over the 5 % quantile of each row; NaN without quantiles.

    If nothing happened in more than one draw in twenty, the lowest quantile is zero; the low end of
    the other draws is then as far below the median, as a factor, as the highest quantile is above.
    """
    low, middle, high = (frame[f"{kind}{name}_{unit}"] for name in worlds.QUANTILES)
    low = low.where(low > 0.0, middle**2 / high.clip(lower=1.0))
    return high / low.clip(lower=1.0)


def choose_widest(restriction_ids: "pd.Series[str]", parts: pd.DataFrame) -> "pd.Series[float]":
    """Return the factor above which each restriction has no estimate: less for a part."""
    widest = pd.Series(WIDEST, restriction_ids.index)
    return widest.mask(restriction_ids.isin(parts["restriction_id"]), WIDEST_PART)


def withhold_quantiles(
    frame: pd.DataFrame,
    unit: str = "persons",
    kind: str = "",
    bound: str = "",
    widest: "float | pd.Series[float]" = WIDEST,
) -> tuple[pd.DataFrame, dict[str, "pd.Series[bool]"]]:
    """Return the rows, with unusable quantiles blank, and the rows that each rule blanked.

    Quantiles are outside the bounds with errors by more than one person; they have no width, where
    those of 5 and 95 % are equal above zero, or also at zero if the column `bound` is above zero;
    or their factor is above `widest`. The columns are `{kind}min_{unit}`, `{kind}q05_{unit}`, ...
    """
    names = [f"{kind}{name}_{unit}" for name in worlds.QUANTILES]
    low, middle, high = (frame[name] for name in names)
    least, most = (frame[f"{kind}{end}_{unit}"] for end in ("min", "max"))
    is_outside = low < least * (1.0 - ROUNDING) - 1.0
    is_outside |= high > most * (1.0 + ROUNDING) + 1.0
    is_some = (middle > 0.0) | (frame[bound] > 0.0 if bound else False)
    is_flat = (low == high) & is_some & ~is_outside
    is_wide = (measure_factor(frame, unit, kind) > widest) & ~(is_outside | is_flat)
    rows = frame.assign(**frame[names].mask(is_outside | is_flat | is_wide))
    return rows, {"too_wide": is_wide, "outside_bounds": is_outside, "no_width": is_flat}


def mark_rules(rows: pd.DataFrame, ids: Collection[str]) -> "pd.Series[bool]":
    """Return whether one of these rules is among the reasons of each row."""
    rules = rows["reason_rule_ids"].fillna("").str.split(";")
    return rules.map(lambda names: not set(ids).isdisjoint(names)).astype("bool")


def apply_status_rules(flags: Flags, index: pd.Index) -> pd.DataFrame:
    """Return columns `obs_status` and REASON for the status rules that apply to each row."""
    never = flags["never_enforced"]
    rank, spoken = pd.Series(ORDER[NORMAL], index), {}
    for rule in [rule for rule in status_rules.TABLE if rule.id in flags]:
        flag = pd.Series(flags[rule.id], index).astype("object")
        applies = flag.astype(bool) & (~never | (rule.id == "never_enforced"))
        rank = rank.mask(applies & (rank < ORDER[rule.caps_at]), ORDER[rule.caps_at])
        spoken[rule.id] = flag.where(applies, "")
    for name, flag in spoken.items():
        if RULES[name].caps_at in (ESTIMATED, NORMAL):
            spoken[name] = flag.mask(rank == ORDER[MISSING], "")
    code = rank.map({place: letter for letter, place in ORDER.items()})
    return state_reasons(spoken, index).assign(obs_status=code)


def find_status(scope: Scope, inputs: Inputs) -> pd.DataFrame:
    """Return columns `obs_status` and REASON of the people exposed, by restriction_id."""
    groups = _flag_audiences(scope, inputs).groupby("restriction_id", sort=True)
    about = scope.by_id.reindex(list(groups.groups))
    flags = {
        **_flag_unknown_audiences(about, groups, inputs),
        **_flag_restrictions(about, inputs),
        **_flag_figures(about, groups, inputs),
    }
    return apply_status_rules(flags, about.index)


def _flag_audiences(scope: Scope, inputs: Inputs) -> pd.DataFrame:
    audiences = inputs.sizes
    doubts = inputs.quality_flags.groupby(AUDIENCE)[_QUALITY_FLAGS].any().reset_index()
    scope_rows = scope.requested[[*AUDIENCE, "is_existing_use", "is_step"]]
    rows = audiences.merge(scope_rows, on=AUDIENCE).merge(doubts, on=AUDIENCE, how="left")
    rows[_QUALITY_FLAGS] = rows[_QUALITY_FLAGS].eq(True)
    imputed = inputs.imputed[[*AUDIENCE, "rung", "is_decisive"]]
    rows = rows.merge(imputed, on=AUDIENCE, how="left")
    number = rows["rung"].map(RUNGS.index, na_action="ignore").astype("float64")
    chosen = inputs.chosen
    is_limit = chosen["interval_kind"].isin(distributions.ONE_SIDED)
    is_limit &= chosen["metric_priority"] < distributions.FLOOR
    limits = pd.MultiIndex.from_frame(chosen.loc[is_limit, AUDIENCE])  # so that nothing is drawn
    return rows.assign(
        is_imputed=rows["rung"].notna(),
        rung_number=number,
        decisive_number=number.where(rows["is_decisive"].eq(True)),
        is_unknown=rows["metric_priority"].isna() & rows["rung"].isna(),
        is_network=rows["platform_id"] == WHOLE_INTERNET,
        is_baseless=rows["base_persons"].isna(),
        is_own=rows["is_own_base"].eq(True) | rows["rung"].notna(),
        is_limit=pd.MultiIndex.from_frame(rows[AUDIENCE]).isin(limits),
        is_disputed=rows["is_base_disputed"].eq(True),
        is_projected=rows["base_status"].eq(ObsStatus.FORECAST.value) & rows["base"].ne(EVERYONE),
        is_derived=rows["base_status"].eq(ESTIMATED) | rows["is_from_share"].eq(True),
    )


_QUALITY_FLAGS = [
    "is_after_first_step",
    *("is_under_block", "is_under_restriction", "is_printed_differently", "is_outlier"),
    "is_missing_younger",
]
_ANY = [
    *(*_QUALITY_FLAGS, "is_step", "is_limit", "is_network", "is_disputed", "is_projected"),
    "is_derived",
]
"""Columns of audiences that hold for a restriction if they do for one of its audiences."""


def _flag_unknown_audiences(about: pd.DataFrame, groups: DataFrameGroupBy, inputs: Inputs) -> Flags:
    """Return the flags of rules for which the people exposed are not known, or are imputed.

    The rung is the weakest of the largest imputed audiences. If another audience is unknown,
    nothing is drawn and therefore nothing is imputed.
    """
    unknown, count = groups["is_unknown"].sum(), groups.size()
    new_use = ~groups["is_existing_use"].any()
    number = groups["decisive_number"].max().fillna(groups["rung_number"].max())
    rung = number.map(dict(enumerate(RUNGS))).astype("str")
    imputed = groups["is_imputed"].sum().where(unknown == 0, 0)
    shut = inputs.closed_level_ids
    return {
        "never_enforced": about["is_never_enforced"],
        "extent": about["extent_reason"].astype("str"),
        "start_unknown": ~about["is_start_known"],
        "new_use_only": new_use,
        "no_figure": (unknown == count) & ~new_use,
        "rung_closed": about.index.isin(list(shut)),
        "too_vague": about.index.isin(list(inputs.too_uncertain_ids - shut)),
        "no_base": groups["is_baseless"].any(),
        "imputed": rung.where(imputed == count, ""),
        "imputed_in_part": rung.where((imputed > 0) & (imputed < count), ""),
    }


def _flag_restrictions(about: pd.DataFrame, inputs: Inputs) -> dict[str, pd.Series]:
    rows = inputs.parts
    restriction, reading = rows["restriction_id"], rows["reading"]
    meanings = list_meanings(PartGap)
    why = (
        rows["reason"]
        .groupby(restriction)
        .agg(lambda gaps: ";".join(sorted({*gaps} - {""}, key=meanings.__getitem__)))
    )
    gaps = why.reindex(about.index).fillna("").astype("str").mask(~about["is_start_known"], "")
    is_known = about.index.isin(why.index[why == ""])
    flags = {
        "within": reading == PlaceReading.WITHIN.value,
        "either": reading == PlaceReading.CITY_OR_DISTRICT.value,
        "unasked": ~rows["place_rung"].isin(parts.SURVEYED_LEVELS),
        "network_guessed": ~rows["network_rung"].isin(parts.COUNTED_NETWORKS),
    }
    some = pd.DataFrame(flags).groupby(restriction).any().reindex(about.index).eq(True)
    claim, evidence = about["claim_status"], about["evidence_state"]
    official, is_disputed = claim == ClaimStatus.OFFICIAL.value, claim == ClaimStatus.DISPUTED.value
    insufficient = evidence == EvidenceState.INSUFFICIENT.value
    networks = about["is_some_networks"] | about["is_networks_unknown"]
    return {
        "subnational": about["is_subnational"] & ~is_known,
        "some_networks": about["is_some_networks"] & ~is_known,
        "networks_unknown": about["is_networks_unknown"] & ~is_known,
        "part_unknown": gaps,
        **{rule: some[rule] & is_known for rule in flags},
        "part": about["is_subnational"] & is_known,
        "part_networks": networks & is_known,
        "unconfirmed": ~official & insufficient,
        "planned": about["observed_from_start"].isna() & ~evidence.isin(SHOWN),
        "disputed": is_disputed & ~insufficient,
        "unseen": evidence == EvidenceState.OK.value,
        "not_official": ~official & ~insufficient & ~is_disputed,
        "not_measured": official & insufficient,
    }


def _flag_figures(
    about: pd.DataFrame, groups: DataFrameGroupBy, inputs: Inputs
) -> dict[str, pd.Series]:
    unknown, count = groups["is_unknown"].sum(), groups.size()
    priority, months = groups["metric_priority"].max(), groups["age_months"].max()
    several = groups["measurement_series_count"].max() > 1
    some = groups[_ANY].any()
    is_whole = inputs.sizes["metric_priority"] < distributions.FLOOR
    flagged = inputs.quality_flags.merge(inputs.sizes.loc[is_whole, AUDIENCE], on=AUDIENCE)
    ages = flagged.groupby("restriction_id")["least_age"].max().reindex(about.index)
    step = about["continues"].where(some["is_step"], "").astype("str")
    return {
        "some_unknown": (unknown > 0) & (unknown < count),
        "foreign_base": (unknown < count) & ~groups["is_own"].all(),
        "old": months > status_rules.OLD_MONTHS,
        "weak_metric": priority == distributions.WEAK,
        "brief": priority == distributions.FLOOR,
        "part_of_ages": priority == distributions.PART,
        "one_sided": some["is_limit"],
        "several_measurers": several & ~some["is_network"],
        "publishers_differ": some["is_disputed"] | (several & some["is_network"]),
        "under_block": some["is_under_block"],
        "younger_missing": some["is_missing_younger"] & (priority < distributions.FLOOR),
        "projected": some["is_projected"],
        "ageing": (months > status_rules.FRESH_MONTHS) & (months <= status_rules.OLD_MONTHS),
        "under_restriction": some["is_under_restriction"] & ~some["is_under_block"],
        "derived": some["is_derived"],
        "step": step.where(~some["is_after_first_step"], ""),
        "step_later": step.where(some["is_after_first_step"], ""),
        "outlier": some["is_outlier"],
        "printed_differently": some["is_printed_differently"] & ~some["is_outlier"],
        "ages": ages.map("{:.0f}".format).where(ages.notna(), "").astype("str"),
    }
