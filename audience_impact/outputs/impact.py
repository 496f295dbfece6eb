"""The walk's findings as the tables that are published, with a reason for every gap."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from audience_impact.audiences import figures
from audience_impact.facts.tables import Tables
from audience_impact.simulation import simulate as outcomes
from audience_impact.simulation import timeline as sweep
from audience_impact.simulation import unions as estimation
from audience_impact.simulation.inputs import in_part

if TYPE_CHECKING:
    from audience_impact.pipeline import Walk
    from audience_impact.simulation.simulate import Model, Outcomes

NEVER = "never carried out"
LEFT_OUT = "a measured overlap contradicts other facts and was left out"
REPAIRED = "a measured overlap was repaired: it contradicted other facts"
CUT = "the estimate is cut at the bounds in many draws"
AS_STATED = "the figure is taken as it stands: its source states no error"
CUT_FLAG = 0.05
"""A larger share of draws moved by the bounds is flagged."""
_ENDS = ["lower_persons", *(f"{name}_persons" for name in estimation.QUANTILES), "upper_persons"]
HAZARD = "parts overlap: people use several platforms, so these rows must not be added"


def _status(walk: Walk) -> pd.DataFrame:
    """obs_status and the reasons for it, by restriction, for the people exposed."""
    audiences = walk.audiences
    groups = audiences.assign(
        unknown=audiences["tier"].isna(),
        baseless=audiences["base_persons"].isna(),
        own=audiences["own_base"].eq(True),
        limit=_limits_alone(walk),
        projected=audiences["base_status"].eq("F") & audiences["base"].ne("all_ages"),
        derived=audiences["base_status"].eq("E") | audiences["shared"].eq(True),
    ).groupby("restriction_id", sort=True)
    about = walk.events.set_index("restriction_id").reindex(list(groups.groups))
    tier, unknown = groups["tier"], groups["unknown"].sum()
    flags = pd.DataFrame(
        {
            NEVER: about["never"],
            "start not known": ~about["start_known"],
            "only part of the country, without an audience of its own": about["partial"],
            "only some networks, and nobody counts their users": about["some_networks"],
            "networks touched not known": about["networks_unknown"],
            "no audience figure from before the start": unknown == groups.size(),
            "no base on record": groups["baseless"].any(),
            "no figure for some of the platforms": (unknown > 0) & (unknown < groups.size()),
            "base of another measurer or year": (unknown < groups.size()) & ~groups["own"].all(),
            "figure older than 12 months": groups["age_months"].max() > 12,
            "company or unexplained figure": tier.max() == figures.WEAK_TIER,
            "daily or weekly figures give the lower bound alone": tier.max() == figures.FLOOR_TIER,
            "a survey of some ages gives the lower bound alone": tier.max() == figures.PART_TIER,
            "a figure says only at least or at most": groups["limit"].any(),
            "several measurers disagree": groups["lineages_count"].max() > 1,
            "internet users projected, not counted": groups["projected"].any(),
            "base or persons derived": groups["derived"].any(),
        }
    )
    flags.loc[about["never"], flags.columns[1:]] = False
    nothing = list(flags.columns[1:7])
    weak = list(flags.columns[7:-1])
    status = pd.Series("A", index=flags.index)
    status = status.where(~flags["base or persons derived"], "E")
    status = status.where(~flags[weak].any(axis=1), "U").where(~flags[nothing].any(axis=1), "M")
    reasons = pd.Series(
        [
            "; ".join(name for name, on in zip(flags.columns, row, strict=True) if on)
            for row in flags.to_numpy()
        ],
        index=flags.index,
    )
    why = about["extent_reason"].where(~about["never"], "")
    reasons = reasons.where(why == "", reasons.where(reasons == "", reasons + "; ") + why)
    return pd.DataFrame({"obs_status": status, "reason": reasons})


def _limits_alone(walk: Walk) -> pd.Series:
    """Audiences of which some chosen figure is a limit: nothing can be drawn from it."""
    one_sided = walk.chosen["interval_kind"].isin(["one_sided_min", "one_sided_max"])
    floor = walk.chosen["tier"] >= figures.FLOOR_TIER
    keys = pd.MultiIndex.from_frame(walk.chosen.loc[one_sided & ~floor, figures.PAIR])
    own = pd.MultiIndex.from_frame(walk.audiences[figures.PAIR])
    return pd.Series(own.isin(keys), walk.audiences.index)


def _shared(walk: Walk, drawn: pd.Series) -> pd.DataFrame:
    """The columns that all metrics of a restriction have in common, by restriction."""
    groups = walk.audiences.groupby("restriction_id", sort=True)
    about = walk.events.set_index("restriction_id").reindex(walk.bounds.index)
    bases = groups["base"].agg(lambda names: ";".join(sorted(set(names.dropna()))))
    return pd.DataFrame(
        {
            "area_id": about["area_ids"],
            "base": bases.where(bases != ""),
            "base_persons": walk.bounds["base_persons"],
            "population_persons": walk.bounds["population_persons"],
            "dedup_method": _method(walk, drawn),
            "staleness": figures.staleness(groups["age_months"].max()),
            "evidence_state": about["evidence_state"],
            "claim_status": about["claim_status"],
            "never": about["never"],
        }
    )


def _method(walk: Walk, drawn: pd.Series) -> pd.Series:
    """How nobody was counted twice, by restriction."""
    single = walk.audiences.groupby("restriction_id")["platform_id"].nunique() == 1
    known = drawn.reindex(single.index, fill_value=False)
    word = pd.Series("frechet", single.index).mask(known, "latent_factor")
    for one in walk.settled:
        name = one.place.key[0]
        if one.used and walk.places.loc[one.place.key, "sharp"]:
            word[name] = outcomes.overlap_method(one) if known[name] else "lp"
    return word.mask(single, "single")


def impact(walk: Walk, model: Model, drawn: Outcomes, as_of: date) -> pd.DataFrame:
    """Table `impact`: one row a restriction and impact_metric."""
    people = drawn.by_metric[outcomes.EXPOSED]
    known = pd.Series(~np.isnan(people).any(axis=1), model.restrictions)
    shared = _shared(walk, known)
    parts = {
        metric: shared.join(found)
        for metric, found in (
            (outcomes.EXPOSED, _exposed(walk, model, drawn)),
            (outcomes.FEATURE, _feature(walk, model, drawn)),
            (outcomes.DEPRIVED, _deprived(walk, model, drawn)),
            (outcomes.LOST, _lost(walk)),
        )
    }
    together = pd.concat(parts, names=["impact_metric", "restriction_id"]).reset_index()
    quantiles = [f"{name}_persons" for name in estimation.QUANTILES]
    together[quantiles] = together[quantiles].mask(together["never"], 0.0)
    return _with_shares(together, as_of).sort_values(
        ["restriction_id", "impact_metric"], ignore_index=True
    )


def _numbers(model: Model, drawn: Outcomes, metric: str) -> pd.DataFrame:
    """Bounds and quantiles of a metric, by restriction."""
    middle = estimation.quantiles(drawn.by_metric[metric], model.restrictions, "persons")
    frame = model.bounds[metric][["lower_persons", "upper_persons"]].join(middle)
    met = frame["lower_persons"] == frame["upper_persons"]
    for name in middle.columns:  # where the bounds meet, nothing is left to draw
        frame[name] = frame[name].where(~met, frame["lower_persons"])
    return frame


def _exposed(walk: Walk, model: Model, drawn: Outcomes) -> pd.DataFrame:
    """People exposed: status and reasons, what was cut at the bounds, the reach of the window."""
    told = _status(walk)
    frame = _numbers(model, drawn, outcomes.EXPOSED).join(told)
    moved = pd.Series(drawn.cut_share, model.restrictions).reindex(frame.index)
    several = walk.audiences.groupby("restriction_id")["platform_id"].nunique() > 1
    cut = (moved > CUT_FLAG) & (frame["lower_persons"] < frame["upper_persons"])
    frame = _because(frame, cut & frame["q50_persons"].notna(), CUT, "")
    met = frame["lower_persons"] == frame["upper_persons"]
    exact = met & ~several & (moved > CUT_FLAG)
    frame = _because(frame, exact & frame["q50_persons"].notna(), AS_STATED, "")
    for word, names in _marked(walk).items():
        frame = _because(frame, frame.index.isin(names), word, "U")
    return (
        _uncalibrated(frame, model)
        .assign(clamped_draws_share=moved.where(frame["q50_persons"].notna()).round(4))
        .join(_windows(walk, model, frame["upper_persons"]))
    )


def _windows(walk: Walk, model: Model, upper: pd.Series) -> pd.DataFrame:
    """Reach of the days each restriction lasted, at least nobody where it touches a part."""
    found = sweep.windows(walk.audiences, walk.daily, model.line.spans).reindex(upper.index)
    part = in_part(walk.events.set_index("restriction_id")).reindex(upper.index)
    low, high = found["window_lower_persons"], found["window_upper_persons"]
    return found.assign(
        window_lower_persons=low.mask(part & low.notna(), 0.0),
        window_upper_persons=high.where(~(high > upper), upper),
    )


def _uncalibrated(frame: pd.DataFrame, model: Model) -> pd.DataFrame:
    """The rows that could be drawn, with the reason why they are not without a calibration."""
    if model.learned is not None:
        return frame
    ready = frame.index.isin(model.places["restriction_id"]) & (frame["obs_status"] != "M")
    return _because(frame, ready & frame["q50_persons"].isna(), estimation.UNCALIBRATED, "U")


def _marked(walk: Walk) -> dict[str, list[str]]:
    """Restrictions whose measured overlaps contradict other facts, by what was done about it."""
    marked: dict[str, list[str]] = {LEFT_OUT: [], REPAIRED: []}
    for one in walk.settled:
        if one.conflict is not None:
            marked[REPAIRED if one.changes else LEFT_OUT].append(one.place.key[0])
    return marked


def _feature(walk: Walk, model: Model, drawn: Outcomes) -> pd.DataFrame:
    """Feature users: everyone exposed to a whole service, else by the shares that speak for it."""
    frame = _numbers(model, drawn, outcomes.FEATURE).join(_status(walk))
    whole = model.by_feature.reindex(frame.index)
    narrowed = whole.ne(True) & (frame["reason"] != NEVER)
    assumed = walk.shares.groupby("restriction_id")["assumed"].agg(
        lambda texts: "; ".join(sorted({text for text in texts if text}))
    )
    words = assumed.astype("str").reindex(frame.index, fill_value="")
    told = pd.Series(frame.index.isin(assumed.index), frame.index)
    named = frame.index.isin(model.by_feature.index)
    mixed = narrowed & whole.isna() & named
    frame = _because(frame, mixed, "some platforms as a whole, some in part", "M")
    frame = _because(frame, narrowed & ~told, "nobody counted who uses the feature", "M")
    frame = _because(frame, narrowed & told & (words != ""), words, "U")
    quantiles = [f"{name}_persons" for name in estimation.QUANTILES]
    frame[quantiles] = frame[quantiles].where(~(narrowed & (~told | whole.isna())))
    return _uncalibrated(frame, model)


def _deprived(walk: Walk, model: Model, drawn: Outcomes) -> pd.DataFrame:
    """Feature users who do not keep access."""
    frame = _feature(walk, model, drawn).drop(columns=_ENDS)
    frame = frame.join(_numbers(model, drawn, outcomes.DEPRIVED))
    polls = walk.keepers.set_index("restriction_id")["poll"]
    known = frame.index.isin(polls.index)
    poll = polls.reindex(frame.index).eq(True)
    named = pd.Series(frame["reason"] != NEVER, frame.index)
    frame = _because(frame, named & ~known, "nobody counted who keeps access", "M")
    return _because(frame, named & poll, "access kept by a self-selected poll: wide, no bound", "U")


def _lost(walk: Walk) -> pd.DataFrame:
    """Reach lost: before against after, where one measurer has both."""
    about = walk.events.set_index("restriction_id").reindex(walk.bounds.index)
    known = walk.lost.reindex(walk.bounds.index)
    nothing = known["reason"].isna()
    reason = known["reason"].fillna("no figure of the same measurer from before and after")
    reason = reason.where(walk.bounds["upper_persons"].notna(), reason + "; no base on record")
    return known[_ENDS].assign(
        lower_persons=0.0,
        upper_persons=walk.bounds["upper_persons"],
        obs_status=nothing.map({True: "M", False: "U"}).where(~about["never"], "A"),
        reason=reason.where(~about["never"], NEVER),
    )


def _because(
    frame: pd.DataFrame, rows: pd.Series | np.ndarray, reason: str | pd.Series, status: str
) -> pd.DataFrame:
    """The rows with one more reason, and a status no better than `status` (blank: as it was)."""
    longer = frame["reason"].where(frame["reason"] == "", frame["reason"] + "; ") + reason
    order = {"A": 0, "E": 1, "U": 2, "M": 3, "": -1}
    worse = frame["obs_status"].map(order) < order[status]
    return frame.assign(
        reason=frame["reason"].where(~rows, longer),
        obs_status=frame["obs_status"].where(~(rows & worse), status),
    )


def _with_shares(frame: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Shares of base and population added."""
    frame = frame.assign(as_of=as_of.isoformat())
    for level in ("lower", *estimation.QUANTILES, "upper"):
        people = frame[f"{level}_persons"]
        frame[f"{level}_base_share"] = (people / frame["base_persons"]).round(6)
        frame[f"{level}_population_share"] = (people / frame["population_persons"]).round(6)
    return frame


def by_platform(walk: Walk, model: Model, as_of: date) -> pd.DataFrame:
    """Table `impact_by_platform`: the parts, which must not be added, and their naive sum."""
    groups = walk.audiences.groupby(["restriction_id", "platform_id"], sort=True)
    limit = groups["base_persons"].sum(skipna=False)
    high = groups["high_persons"].sum(skipna=False)
    stated = high.fillna(limit)
    parts = pd.DataFrame(
        {
            "lower_persons": groups["low_persons"].sum(),
            "upper_persons": stated.where(~(stated > limit), limit),
            "base": groups["base"].first(),
            "base_persons": limit,
            "audience_metric": groups["metric"].first(),
            "period": groups["period"].first(),
            "staleness": figures.staleness(groups["age_months"].max()),
            "lineages_count": groups["lineages_count"].max().fillna(0),
        }
    ).reset_index()
    about = walk.events.set_index("restriction_id")
    rows = _with_swallowed(
        walk.targets[["restriction_id", "platform_id", "feature", "claim_status"]].merge(
            parts, on=["restriction_id", "platform_id"], how="left"
        ),
        walk,
    )
    part = (in_part(about) | about["never"]).reindex(rows["restriction_id"]).to_numpy()
    never = about["never"].reindex(rows["restriction_id"]).to_numpy()
    rows["lower_persons"] = rows["lower_persons"].where(~part, 0.0)
    rows["upper_persons"] = rows["upper_persons"].where(~never, 0.0)
    rows["naive_sum_persons"] = rows["restriction_id"].map(walk.bounds["naive_sum_persons"])
    several = rows.groupby("restriction_id")["platform_id"].transform("nunique") > 1
    rows = rows.merge(
        sweep.platform_windows(walk.audiences, walk.daily, model.line.spans),
        on=["restriction_id", "platform_id"],
        how="left",
    )
    low = rows["window_lower_persons"]
    rows["window_lower_persons"] = low.mask(part & low.notna(), 0.0)
    rows["window_persons"] = rows["window_persons"].mask(part)
    return rows.assign(
        impact_metric="people_exposed",
        as_of=as_of.isoformat(),
        aggregation_hazard=several.map({True: HAZARD, False: ""}),
    )


def _with_swallowed(rows: pd.DataFrame, walk: Walk) -> pd.DataFrame:
    """Services named beside the whole internet have no audience of their own: zero to base."""
    base = walk.audiences.groupby("restriction_id")["base"].first()
    swallowed = rows["lower_persons"].isna()
    limit = rows["restriction_id"].map(walk.bounds["base_persons"])
    return rows.assign(
        base=rows["base"].where(~swallowed, rows["restriction_id"].map(base)),
        base_persons=rows["base_persons"].where(~swallowed, limit),
        upper_persons=rows["upper_persons"].where(~swallowed, limit),
    ).fillna({"lower_persons": 0.0, "lineages_count": 0.0, "staleness": ""})


def restrictions(walk: Walk, tables: Tables, as_of: date) -> pd.DataFrame:
    """Table `restrictions`: what a reader wants to know of the act itself."""
    names = tables["platforms"].set_index("platform_id")["name"]
    targets = walk.targets.assign(name=walk.targets["platform_id"].map(names))
    spoken = targets.groupby("restriction_id")["name"].agg(
        lambda parts: ", ".join(dict.fromkeys(parts))
    )
    areas = tables["areas"].set_index("area_id")["name"]
    events = walk.events
    return events.assign(
        area_id=events["area_ids"],
        area_name=events["area_ids"]
        .str.split(";")
        .map(lambda ids: ", ".join(areas[area] for area in ids)),
        platforms=spoken.reindex(events["restriction_id"], fill_value="").to_numpy(),
        start_on=events["start"].dt.strftime("%Y-%m-%d").where(events["start_known"]),
        as_of=as_of.isoformat(),
    ).sort_values("restriction_id", ignore_index=True)
