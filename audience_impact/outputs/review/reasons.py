"""Why a number is not better known: which rules of status apply to a row, and what they then say.

The rules themselves, with their sentences and what they cap a row at, stand in status_rules.py.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pandas.api.typing import DataFrameGroupBy

from audience_impact.audiences import figures, intervals, parts
from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import AUDIENCE, Scope
from audience_impact.imputation import rungs
from audience_impact.outputs.review.status_rules import (
    ESTIMATED,
    FRESH_MONTHS,
    MISSING,
    NORMAL,
    OLD_MONTHS,
    ORDER,
    RULES,
    TABLE,
    sentence,
)
from audience_impact.populations import EVERYONE
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    ClaimStatus,
    EvidenceState,
    ObsStatus,
    PlaceReading,
)

NEVER = sentence("never_enforced")
NO_AFTER = "no figure of the same measurer from before and after"
SHOWN = [
    EvidenceState.BLOCKED.value,
    EvidenceState.LIKELY_BLOCKED.value,
    EvidenceState.IMPAIRED.value,
    EvidenceState.DOWN.value,
]
"""What measurements say of a restriction that they see."""

Flags = Mapping[str, pd.Series]
"""By rule of status, of each row: whether it applies, or its own words, blank where it does not."""


def joined(words: dict[str, pd.Series], index: pd.Index) -> pd.Series:
    """Of each row the words whose flag is set, in order, joined by `; `."""
    flags = pd.DataFrame(words)
    return pd.Series(
        [
            "; ".join(name for name, on in zip(flags.columns, row, strict=True) if on)
            for row in flags.to_numpy()
        ],
        index=index,
        dtype="str",
    )


def undrawn(simulation: SimulationInputs) -> str:
    """The rule that says why nothing at all is drawn."""
    return "uncalibrated" if simulation.errors else "unlearned"


def silence(simulation: SimulationInputs) -> str:
    """Why nothing at all is drawn, as a sentence; blank where something may be."""
    return "" if simulation.overlap_model else sentence(undrawn(simulation))


def because(
    frame: pd.DataFrame, rows: pd.Series | np.ndarray, rule: str, words: pd.Series | None = None
) -> pd.DataFrame:
    """The rows to which a rule of status applies as well: one more sentence, and its cap.

    `words` say what the row itself is about, where the sentence leaves that open.
    """
    said = sentence(rule) if words is None else words
    longer = frame["reason"].where(frame["reason"] == "", frame["reason"] + "; ") + said
    worse = frame["obs_status"].map(ORDER) < ORDER[RULES[rule].caps_at]
    ids = frame["rules"].where(frame["rules"] == "", frame["rules"] + ";") + rule
    return frame.assign(
        reason=frame["reason"].where(~rows, longer),
        rules=frame["rules"].where(~rows, ids),
        obs_status=frame["obs_status"].where(~(rows & worse), RULES[rule].caps_at),
    )


def applied(flags: Flags, index: pd.Index) -> pd.DataFrame:
    """Columns `obs_status`, `reason` and `rules` of rows to which these apply, in their order.

    `rules` are the ids of those that say something, joined by `;`. A row that is capped at M says
    only what caps it at M or U.
    """
    never = flags["never_enforced"]
    code, told = pd.Series(NORMAL, index), {}
    for rule in [rule for rule in TABLE if rule.id in flags]:
        flag = flags[rule.id]
        applies = flag.astype(bool) & (~never | (rule.id == "never_enforced"))
        is_worse = ORDER[rule.caps_at] > code.map(ORDER)
        code = code.mask(applies & is_worse, rule.caps_at)
        words = flag if pd.api.types.is_string_dtype(flag) else rule.sentence
        told[rule.id] = pd.Series(words, index, dtype="str").where(applies, "")
    silent = [name for name in told if RULES[name].caps_at in (ESTIMATED, NORMAL)]
    frame = pd.DataFrame(told)
    frame[silent] = frame[silent].mask(code == MISSING, "")
    texts = ["; ".join(text for text in row if text) for row in frame.to_numpy()]
    reason = pd.Series(texts, index, dtype="str")
    rules = joined({name: frame[name] != "" for name in frame}, index).str.replace("; ", ";")
    return pd.DataFrame({"obs_status": code, "reason": reason, "rules": rules})


def status(scope: Scope, inputs: Inputs) -> pd.DataFrame:
    """Columns `obs_status`, `reason` and `rules` of the people exposed, by restriction_id."""
    rows = _flagged(scope, inputs)
    groups = rows.groupby("restriction_id", sort=True)
    about = scope.by_id.reindex(list(groups.groups))
    flags = {
        **_unknown(about, groups, inputs),
        **_part(about, inputs),
        **_imputed(groups),
        **_act(about),
        **_weak(groups),
        **_notes(about, groups, inputs),
    }
    return applied(flags, about.index)


def _flagged(scope: Scope, inputs: Inputs) -> pd.DataFrame:
    """The audiences with what weakens each of them."""
    audiences = inputs.audiences
    doubts = inputs.doubts.groupby(AUDIENCE)[_DOUBTED].any().reset_index()
    wanted = scope.wanted[[*AUDIENCE, "is_existing_use", "is_step"]]
    rows = audiences.merge(wanted, on=AUDIENCE).merge(doubts, on=AUDIENCE, how="left")
    rows[_DOUBTED] = rows[_DOUBTED].eq(True)
    imputed = inputs.imputed[[*AUDIENCE, "rung", "is_decisive"]]
    rows = rows.merge(imputed, on=AUDIENCE, how="left")
    number = rows["rung"].map(rungs.ORDER.index, na_action="ignore").astype("float64")
    return rows.assign(
        is_imputed=rows["rung"].notna(),
        rung_number=number,
        decisive_number=number.where(rows["is_decisive"].eq(True)),
        is_unknown=rows["metric_priority"].isna() & rows["rung"].isna(),
        is_network=rows["platform_id"] == WHOLE_INTERNET,
        is_baseless=rows["base_persons"].isna(),
        is_own=rows["is_own_base"].eq(True) | rows["rung"].notna(),
        is_limit=_limits_alone(inputs, rows),
        is_disputed=rows["is_base_disputed"].eq(True),
        is_projected=rows["base_status"].eq(ObsStatus.FORECAST.value) & rows["base"].ne(EVERYONE),
        is_derived=rows["base_status"].eq(ESTIMATED) | rows["is_from_share"].eq(True),
    )


_DOUBTED = [
    "is_after_first_step",
    *("is_under_block", "is_under_restriction", "is_printed_differently", "is_outlier"),
    "is_missing_younger",
]


def _limits_alone(inputs: Inputs, rows: pd.DataFrame) -> pd.Series:
    """Audiences of which some chosen figure is a limit: nothing can be drawn from it."""
    chosen = inputs.chosen
    one_sided = chosen["interval_kind"].isin(intervals.ONE_SIDED)
    floor = chosen["metric_priority"] >= figures.FLOOR
    keys = pd.MultiIndex.from_frame(chosen.loc[one_sided & ~floor, AUDIENCE])
    return pd.Series(pd.MultiIndex.from_frame(rows[AUDIENCE]).isin(keys), rows.index)


def _unknown(about: pd.DataFrame, groups: DataFrameGroupBy, inputs: Inputs) -> dict[str, pd.Series]:
    """Why the people exposed are not known at all."""
    unknown = groups["is_unknown"].sum()
    new_use = ~groups["is_existing_use"].any()
    return {
        "never_enforced": about["is_never_enforced"],
        "extent": about["extent_reason"].astype("str"),
        "start_unknown": ~about["is_start_known"],
        "new_use_only": new_use,
        "no_figure": (unknown == groups.size()) & ~new_use,
        "rung_closed": pd.Series(about.index.isin(list(inputs.shut)), about.index),
        "too_vague": pd.Series(about.index.isin(list(inputs.vague - inputs.shut)), about.index),
        "no_base": groups["is_baseless"].any(),
    }


def _part(about: pd.DataFrame, inputs: Inputs) -> dict[str, pd.Series]:
    """What is known of the part that a partial restriction touches, and why no more is."""
    rows = inputs.parts
    act = rows["restriction_id"]
    why = rows["reason"].groupby(act).agg(lambda texts: "; ".join(sorted({*texts} - {""})))
    words = why.reindex(about.index).fillna("").astype("str").mask(~about["is_start_known"], "")
    known = about.index.isin(why.index[why == ""])

    def some(flags: pd.Series) -> pd.Series:
        return flags.groupby(act).any().reindex(about.index).eq(True) & known

    networks = about["is_some_networks"] | about["is_networks_unknown"]
    return {
        "subnational": about["is_subnational"] & ~known,
        "some_networks": about["is_some_networks"] & ~known,
        "networks_unknown": about["is_networks_unknown"] & ~known,
        "part_unknown": words,
        "within": some(rows["reading"].eq(PlaceReading.WITHIN.value)),
        "either": some(rows["reading"].eq(PlaceReading.CITY_OR_DISTRICT.value)),
        "unasked": some(~rows["place_rung"].isin(parts.ASKED)),
        "network_guessed": some(~rows["network_rung"].isin(parts.COUNTED_NETWORKS)),
        "part": about["is_subnational"] & known,
        "part_networks": networks & known,
    }


def _imputed(groups: DataFrameGroupBy) -> dict[str, pd.Series]:
    """From what audiences that nobody counted are imputed: the farthest rung of the largest ones.

    Where another audience is not known at all nothing is drawn, and so nothing imputed.
    """
    said = dict(enumerate(rungs.SAID.values()))
    largest = groups["decisive_number"].max()
    words = largest.fillna(groups["rung_number"].max()).map(said)
    count = groups["is_imputed"].sum().where(groups["is_unknown"].sum() == 0, 0)
    everything = count == groups.size()
    return {
        "imputed": worded("imputed", words, everything),
        "imputed_in_part": worded("imputed_in_part", words, (count > 0) & ~everything),
    }


def _act(about: pd.DataFrame) -> dict[str, pd.Series]:
    """What is not sure of the act itself."""
    official = about["claim_status"] == ClaimStatus.OFFICIAL.value
    is_disputed = about["claim_status"] == ClaimStatus.DISPUTED.value
    insufficient = about["evidence_state"] == EvidenceState.INSUFFICIENT.value
    is_shown = about["evidence_state"].isin(SHOWN)
    return {
        "unconfirmed": ~official & insufficient,
        "planned": about["observed_from_start"].isna() & ~is_shown,
        "disputed": is_disputed & ~insufficient,
        "unseen": about["evidence_state"] == EvidenceState.OK.value,
        "not_official": ~official & ~insufficient & ~is_disputed,
        "not_measured": official & insufficient,
    }


def _weak(groups: DataFrameGroupBy) -> dict[str, pd.Series]:
    """Why the people exposed are known less well than they could be."""
    unknown, count = groups["is_unknown"].sum(), groups.size()
    priority, months = groups["metric_priority"].max(), groups["age_months"].max()
    return {
        "some_unknown": (unknown > 0) & (unknown < count),
        "foreign_base": (unknown < count) & ~groups["is_own"].all(),
        "old": months > OLD_MONTHS,
        "weak_metric": priority == figures.WEAK,
        "brief": priority == figures.FLOOR,
        "part_of_ages": priority == figures.PART,
        "one_sided": groups["is_limit"].any(),
        "several_measurers": (groups["measurement_series_count"].max() > 1)
        & ~groups["is_network"].any(),
        "publishers_differ": groups["is_disputed"].any()
        | ((groups["measurement_series_count"].max() > 1) & groups["is_network"].any()),
        "under_block": groups["is_under_block"].any(),
        "younger_missing": groups["is_missing_younger"].any() & (priority < figures.FLOOR),
        "projected": groups["is_projected"].any(),
        "ageing": (months > FRESH_MONTHS) & (months <= OLD_MONTHS),
        "under_restriction": groups["is_under_restriction"].any() & ~groups["is_under_block"].any(),
        "derived": groups["is_derived"].any(),
    }


def _notes(about: pd.DataFrame, groups: DataFrameGroupBy, inputs: Inputs) -> dict[str, pd.Series]:
    """What a reader should know of the figures that takes nothing from the status."""
    is_outlier, is_step = groups["is_outlier"].any(), groups["is_step"].any()
    is_later = groups["is_after_first_step"].any()
    ages = _whole_audiences(inputs).groupby("restriction_id")["least_age"].max()
    ages = ages.reindex(about.index)
    return {
        "step": worded("step", about["continues"], is_step & ~is_later),
        "step_later": worded("step_later", about["continues"], is_step & is_later),
        "outlier": is_outlier,
        "printed_differently": groups["is_printed_differently"].any() & ~is_outlier,
        "ages": worded("ages", ages.map("{:.0f}".format), ages.notna()),
    }


def worded(rule: str, words: pd.Series, rows: pd.Series) -> pd.Series:
    """The sentence of a rule with what is said of each row in its braces; blank elsewhere."""
    before, _, rest = sentence(rule).partition("{")
    text = before + words.astype("str") + rest.partition("}")[2]
    return text.where(rows, "").astype("str")


def _whole_audiences(inputs: Inputs) -> pd.DataFrame:
    """The doubts of the figures that stand for a whole audience, and are no lower bound alone."""
    audiences = inputs.audiences
    whole = audiences.loc[audiences["metric_priority"] < figures.FLOOR, AUDIENCE]
    return inputs.doubts.merge(whole, on=AUDIENCE)
