"""Table `impact_by_platform`: the parts of a restriction, which must not be added."""

import pandas as pd

from audience_impact.audiences import figures
from audience_impact.audiences.inputs import AudienceSizes
from audience_impact.audiences.scope import AUDIENCE, Scope
from audience_impact.bounds.restrictions import Bounds
from audience_impact.facts.platform_names import name_platforms
from audience_impact.imputation import rungs
from audience_impact.imputation.distribution import SHARES
from audience_impact.simulation import reach
from audience_impact.vocabulary import ImpactMetric

HAZARD = "parts overlap: people use several platforms, so these rows must not be added"
PLATFORM = ["restriction_id", "platform_id"]


def make_impact_by_platform(
    scope: Scope,
    audiences: AudienceSizes,
    bounds: Bounds,
    periods: pd.DataFrame,
    platforms: pd.DataFrame,
) -> pd.DataFrame:
    """Return one row for each target of a restriction.

    `periods` says when each restriction was in force; `platforms` is the fact table of that name.
    """
    rows = scope.targets.merge(_sum_audiences(audiences.sizes), on=PLATFORM, how="left")
    rows = _add_swallowed(rows, audiences.sizes, bounds)
    about = scope.by_id.loc[rows["restriction_id"]].set_axis(rows.index)
    several = rows.groupby("restriction_id")["platform_id"].transform("nunique") > 1
    rows = rows.assign(
        platform_name=name_platforms(rows["platform_id"], about["start"], platforms),
        lower_persons=rows["lower_persons"].where(about["is_reaching_everyone"], 0.0),
        upper_persons=rows["upper_persons"].where(~about["is_never_enforced"], 0.0),
        naive_sum_persons=rows["restriction_id"].map(bounds.exposed["naive_sum_persons"]),
        impact_metric=ImpactMetric.PEOPLE_EXPOSED.value,
        as_of=scope.as_of.isoformat(),
        aggregation_hazard=several.map({True: HAZARD, False: ""}),
    )
    window = reach.window_by_platform(audiences.sizes, audiences.daily, periods)
    rows = rows.merge(window, on=PLATFORM, how="left").merge(
        _sum_imputed(audiences), on=PLATFORM, how="left"
    )
    low, in_part = rows["window_lower_persons"], ~about["is_reaching_everyone"]
    return rows.assign(
        imputation_rung=rows["imputation_rung"].fillna(""),
        lineages_count=rows["measurement_series_count"],
        window_lower_persons=low.mask(in_part & low.notna(), 0.0),
        window_persons=rows["window_persons"].mask(in_part),
    )


def _sum_imputed(audiences: AudienceSizes) -> pd.DataFrame:
    """Return the people of imputed audiences and the farthest evidence level, by PLATFORM.

    Countries are added as if they erred together. Shares are multiplied by the people online as
    they are expected; the draws behind `impact` have their error.
    """
    sizes = audiences.sizes[[*AUDIENCE, "base_size_persons"]]
    rows = audiences.imputed.merge(sizes, on=AUDIENCE)
    people = {
        f"imputed_{name.removesuffix('_share')}_persons": rows[name] * rows["base_size_persons"]
        for name in SHARES
    }
    farthest = rows["rung"].map(rungs.ORDER.index).astype("int64")
    groups = rows.assign(**people, farthest=farthest).groupby(PLATFORM, sort=True)
    sums = groups[list(people)].sum().round()
    rung = groups["farthest"].max().map(dict(enumerate(rungs.ORDER)))
    return sums.assign(imputation_rung=rung.astype("str")).reset_index()


def _sum_audiences(audiences: pd.DataFrame) -> pd.DataFrame:
    """Return the audience of each platform of a restriction, added over countries."""
    groups = audiences.groupby(PLATFORM, sort=True)
    limit = groups["base_persons"].sum(skipna=False)
    stated = groups["high_persons"].sum(skipna=False).fillna(limit)
    return pd.DataFrame(
        {
            "lower_persons": groups["low_persons"].sum(),
            "upper_persons": stated.where(~(stated > limit), limit),
            "base": groups["base"].first(),
            "base_persons": limit,
            "audience_metric": groups["metric"].first(),
            "period": groups["period"].first(),
            "staleness": figures.classify_staleness(groups["age_months"].max()),
            "measurement_series_count": groups["measurement_series_count"].max().fillna(0),
        }
    ).reset_index()


def _add_swallowed(rows: pd.DataFrame, audiences: pd.DataFrame, bounds: Bounds) -> pd.DataFrame:
    """Set services beside the whole internet, which have no audience of their own, to 0..base."""
    base = audiences.groupby("restriction_id")["base"].first()
    swallowed = rows["lower_persons"].isna()
    limit = rows["restriction_id"].map(bounds.exposed["base_persons"])
    return rows.assign(
        base=rows["base"].where(~swallowed, rows["restriction_id"].map(base)),
        base_persons=rows["base_persons"].where(~swallowed, limit),
        upper_persons=rows["upper_persons"].where(~swallowed, limit),
    ).fillna({"lower_persons": 0.0, "measurement_series_count": 0.0, "staleness": ""})
