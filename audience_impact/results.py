"""The walk's findings as the tables that are published, with a reason for every gap."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from audience_impact import figures
from audience_impact.facts import Tables

if TYPE_CHECKING:
    from audience_impact.impact import Walk

METRICS = ("people_exposed", "people_feature_exposed", "people_deprived_net")
QUANTILES = ("q05", "q50", "q95")
EVERY = "all"
"""In lineage: the fact speaks of the restriction as a whole."""
HAZARD = "parts overlap: people use several platforms, so these rows must not be added"


def _status(walk: Walk) -> pd.DataFrame:
    """obs_status and the reasons for it, by restriction, for the people exposed."""
    audiences = walk.audiences
    groups = audiences.assign(
        unknown=audiences["tier"].isna(),
        baseless=audiences["base_persons"].isna(),
        own=audiences["own_base"].eq(True),
        derived=audiences["base_status"].eq("E") | audiences["shared"].eq(True),
    ).groupby("restriction_id", sort=True)
    about = walk.events.set_index("restriction_id").reindex(list(groups.groups))
    tier, unknown = groups["tier"], groups["unknown"].sum()
    flags = pd.DataFrame(
        {
            "never carried out": about["never"],
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
            "several measurers disagree": groups["lineages_count"].max() > 1,
            "base or persons derived": groups["derived"].any(),
        }
    )
    flags.loc[about["never"], flags.columns[1:]] = False
    nothing = list(flags.columns[1:7])
    weak = list(flags.columns[7:13])
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
    return pd.DataFrame({"obs_status": status, "reason": reasons})


def _shared(walk: Walk) -> pd.DataFrame:
    """The columns that all metrics of a restriction have in common, by restriction."""
    groups = walk.audiences.groupby("restriction_id", sort=True)
    about = walk.events.set_index("restriction_id").reindex(walk.bounds.index)
    single = groups["platform_id"].nunique() == 1
    bases = groups["base"].agg(lambda names: ";".join(sorted(set(names.dropna()))))
    frame = pd.DataFrame(
        {
            "area_id": about["area_ids"],
            "base": bases.where(bases != ""),
            "base_persons": walk.bounds["base_persons"],
            "population_persons": walk.bounds["population_persons"],
            "dedup_method": single.map({True: "single", False: "frechet"}),
            "staleness": figures.staleness(groups["age_months"].max()),
            "evidence_state": about["evidence_state"],
            "claim_status": about["claim_status"],
        }
    )
    return frame.join(_status(walk)).assign(never=about["never"])


def _whole_service(walk: Walk) -> pd.Series:
    """Whether every platform of a restriction is restricted as a whole."""
    whole = walk.targets.assign(whole=walk.targets["feature"] == "whole_service")
    by_platform = whole.groupby(["restriction_id", "platform_id"])["whole"].any()
    return by_platform.groupby("restriction_id").all()


def impact(walk: Walk, as_of: date) -> pd.DataFrame:
    """Table `impact`: one row a restriction and impact_metric."""
    shared = _shared(walk).join(walk.bounds[["lower_persons", "upper_persons"]])
    whole = _whole_service(walk).reindex(shared.index, fill_value=False)
    feature = shared.copy()
    narrowed = ~whole & ~shared["never"]
    feature["lower_persons"] = shared["lower_persons"].where(~narrowed, 0.0)
    feature = _because(feature, narrowed, "share who use the feature not applied yet")
    deprived = shared.assign(lower_persons=0.0)
    deprived = _because(deprived, ~shared["never"], "share who keep access not applied yet")
    together = pd.concat(
        [shared, feature, deprived], keys=METRICS, names=["impact_metric", "restriction_id"]
    ).reset_index()
    return _with_shares(together, as_of).sort_values(
        ["restriction_id", "impact_metric"], ignore_index=True
    )


def _because(frame: pd.DataFrame, rows: pd.Series, reason: str) -> pd.DataFrame:
    """The rows marked as missing their middle for one more reason."""
    longer = frame["reason"].where(frame["reason"] == "", frame["reason"] + "; ") + reason
    return frame.assign(
        reason=frame["reason"].where(~rows, longer),
        obs_status=frame["obs_status"].where(~rows, "M"),
    )


def _with_shares(frame: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Quantiles (not estimated yet, so null) and shares of base and population added."""
    empty = {f"{name}_persons": float("nan") for name in QUANTILES}
    frame = frame.assign(**empty, as_of=as_of.isoformat())
    for level in ("lower", *QUANTILES, "upper"):
        people = frame[f"{level}_persons"]
        frame[f"{level}_base_share"] = (people / frame["base_persons"]).round(6)
        frame[f"{level}_population_share"] = (people / frame["population_persons"]).round(6)
    return frame


def by_platform(walk: Walk, as_of: date) -> pd.DataFrame:
    """Table `impact_by_platform`: the parts, which must not be added, and their naive sum."""
    groups = walk.audiences.groupby(["restriction_id", "platform_id"], sort=True)
    limit = groups["base_persons"].agg(lambda parts: parts.sum(skipna=False))
    high = groups["high_persons"].agg(lambda parts: parts.sum(skipna=False))
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
    unsure = about["partial"] | about["some_networks"] | about["networks_unknown"]
    part = (
        (unsure | ~about["start_known"] | about["never"]).reindex(rows["restriction_id"]).to_numpy()
    )
    never = about["never"].reindex(rows["restriction_id"]).to_numpy()
    rows["lower_persons"] = rows["lower_persons"].where(~part, 0.0)
    rows["upper_persons"] = rows["upper_persons"].where(~never, 0.0)
    rows["naive_sum_persons"] = rows["restriction_id"].map(walk.bounds["naive_sum_persons"])
    several = rows.groupby("restriction_id")["platform_id"].transform("nunique") > 1
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


def lineage(walk: Walk, tables: Tables) -> pd.DataFrame:
    """Table `lineage`: which fact, on which line, from which source, fed which figure."""
    used = pd.concat(
        [
            _estimates_used(walk),
            _bases_used(walk),
            _acts_used(walk, tables),
        ],
        ignore_index=True,
    ).drop_duplicates()
    located = pd.concat(
        [
            tables[table]
            .rename(columns={key: "input_id"})[
                ["input_id", "source_id", "row_layer", "row_file", "row_line"]
            ]
            .assign(input_table=table)
            for table, key in (
                ("estimates", "estimate_id"),
                ("bases", "base_id"),
                ("restrictions", "restriction_id"),
            )
        ]
    )
    targets = tables["restriction_targets"]
    located = pd.concat(
        [
            located,
            targets.assign(input_table="restriction_targets", input_id=_target_ids(targets))[
                located.columns
            ],
        ]
    )
    sources = tables["sources"][["source_id", "publisher", "url"]]
    return (
        used.merge(located, on=["input_table", "input_id"])
        .merge(sources, on="source_id")
        .assign(output_table="impact")
        .sort_values(
            ["restriction_id", "role", "platform_id", "input_table", "input_id"], ignore_index=True
        )
    )


def _target_ids(targets: pd.DataFrame) -> pd.Series:
    return targets["restriction_id"] + "/" + targets["platform_id"] + "/" + targets["feature"]


def _estimates_used(walk: Walk) -> pd.DataFrame:
    """The chosen figures, and the relays of the same measurement that were set aside."""
    columns = ["restriction_id", "platform_id", "input_id", "role"]
    chosen = walk.chosen.assign(role="audience", input_id=walk.chosen["estimate_id"])
    spoken = walk.chosen[[*figures.PAIR, "lineage_id", "period", "tier"]].drop_duplicates()
    relays = walk.relays.merge(spoken, on=[*figures.PAIR, "lineage_id", "period", "tier"])
    ids = set(zip(chosen["restriction_id"], chosen["estimate_id"], strict=True))
    aside = [
        pair not in ids
        for pair in zip(relays["restriction_id"], relays["estimate_id"], strict=True)
    ]
    relays = relays[pd.Series(aside, relays.index, "bool")].assign(role="relay")
    relays = relays.assign(input_id=relays["estimate_id"])
    return pd.concat([chosen[columns], relays[columns]]).assign(input_table="estimates")


def _bases_used(walk: Walk) -> pd.DataFrame:
    """Bases, populations and internet users, and the bases that turned shares into people."""
    audiences = walk.audiences
    if "audience_base_id" not in audiences:
        audiences = audiences.assign(audience_base_id=None)
    parts = [
        audiences.assign(input_id=audiences[column], role=role, platform_id=platform)
        for column, role, platform in (
            ("base_id", "base", EVERY),
            ("population_id", "population", EVERY),
            ("audience_base_id", "audience", "*"),
        )
    ]
    shares = walk.chosen[walk.chosen["share_base_id"] != ""]
    parts.append(shares.assign(input_id=shares["share_base_id"], role="share_base"))
    columns = ["restriction_id", "platform_id", "input_id", "role"]
    return (
        pd.concat([part[columns] for part in parts])
        .dropna(subset=["input_id"])
        .assign(input_table="bases")
    )


def _acts_used(walk: Walk, tables: Tables) -> pd.DataFrame:
    """The restriction itself and its targets."""
    acts = walk.events[["restriction_id"]].assign(
        input_id=walk.events["restriction_id"],
        role="restriction",
        platform_id=EVERY,
        input_table="restrictions",
    )
    targets = tables["restriction_targets"]
    aims = targets[["restriction_id", "platform_id"]].assign(
        input_id=_target_ids(targets), role="target", input_table="restriction_targets"
    )
    return pd.concat([acts, aims])


def sources(tables: Tables) -> pd.DataFrame:
    """Table `sources`: every source of the facts, with the measurement it relays."""
    measurer = tables["lineages"].set_index("lineage_id")["measurer"]
    frame = tables["sources"]
    return frame.assign(measurer=frame["lineage_id"].map(measurer)).sort_values(
        "source_id", ignore_index=True
    )
