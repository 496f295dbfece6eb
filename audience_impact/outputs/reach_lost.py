"""Reach lost: the audience after a restriction began, compared with the expected audience.

Definitions. The figure before is the one that describes the people exposed. The figure after is the
first one of the same lineage, metric and base whose period begins within twelve months after the
start of the restriction. The expected figure is the figure before, extrapolated.

Method. The loss of a platform is the expected figure minus the figure after, at least zero. The
expected figure is the figure before with the fitted growth (errors.distribution), so that the
interval shows whether such a change is usual without any restriction; if it is, there is no
estimate. Bounds are zero and all people exposed: a loss may have another cause, and people who
stopped and people who started are not separated. There is no estimate for several platforms,
because nobody counted who left more than one, or for a part of a country, because figures cover the
whole country.

Assumptions. Nothing but the restriction and ordinary growth changed the audience.

Known drawbacks. Monthly reach counts a failed attempt as use, so a restricted service keeps its
reach on paper; each row says so. Several restrictions of one platform share the same loss.

Citation. Rules of this project, docs/decisions.md.
"""

import numpy as np
import pandas as pd

from audience_impact.audiences.inputs import AudienceFigures
from audience_impact.audiences.scope import AUDIENCE, Scope
from audience_impact.figure_errors import FigureErrors, Spread, move_persons
from audience_impact.frames import NUMBER, TEXT, TRUTH, Frame, no_rows
from audience_impact.periods import WINDOW_DAYS, months_between
from audience_impact.vocabulary import AudienceMetric, IntervalKind

SAME = ["platform_id", "measurement_series_id", "audience_metric", "population_base"]
QUANTILES = ["q05_persons", "q50_persons", "q95_persons"]
MONTHLY = [AudienceMetric.MONTHLY_REACH.value, AudienceMetric.MAU.value]
RULES = (
    *("did_not_fall", "moves_anyway", "other_causes", "failed_attempts"),
    *("several_audiences", "lost_in_part"),
)
"""Status rules on reach lost, in their order."""
REACH_LOST = Frame(
    "reach_lost",
    {
        **{f"{name}_persons": NUMBER for name in ("lower", "q05", "q50", "q95", "upper")},
        **dict.fromkeys(RULES, TRUTH),
        "after_ids": TEXT,
    },
    key=("restriction_id",),
    index=("restriction_id",),
)


def find_reach_lost(
    scope: Scope, figures: AudienceFigures, errors: FigureErrors | None, exposed: pd.DataFrame
) -> pd.DataFrame:
    """Return quantiles and rules of reach lost; `exposed` has the bounds on people exposed."""
    audience_counts = scope.requested.groupby("restriction_id").size()
    growth = errors.growth if errors else None
    reach = compare_audiences(figures.chosen, figures.candidates, exposed, audience_counts, growth)
    partial = scope.by_id["is_partial"].reindex(reach.index).eq(True)
    reach[QUANTILES] = reach[QUANTILES].mask(partial)
    reach["lost_in_part"] = partial
    return REACH_LOST.check_frame(reach)


def compare_audiences(
    chosen: pd.DataFrame,
    candidates: pd.DataFrame,
    bounds: pd.DataFrame,
    audience_counts: pd.Series,
    growth: Spread | None,
) -> pd.DataFrame:
    """Return reach lost, one row for each restriction with figures before and after.

    `chosen` and `candidates` are figures of `AudienceFigures`; `bounds` on the people exposed and
    `audience_counts` are by restriction_id. Columns: those of REACH_LOST. Quantiles are NaN for
    several audiences, and where `growth` is None.
    """
    pairs = _pair_after(chosen, candidates)
    if pairs.empty:
        return _no_reach_lost()
    fell = (pairs["point_persons"] - pairs["after_persons"]).clip(lower=0)
    ends = _expect_reach(pairs, bounds, growth).sub(pairs["after_persons"], axis=0)
    rows = pairs.assign(fell=fell, **ends.clip(lower=0))
    return _sum_by_restriction(rows, bounds, audience_counts)


def _expect_reach(pairs: pd.DataFrame, bounds: pd.DataFrame, growth: Spread | None) -> pd.DataFrame:
    """Return q05, q50 and q95 of the audience expected without the restriction, in persons."""
    if growth is None:
        return pd.DataFrame(np.nan, pairs.index, ["q05", "q50", "q95"])
    base = pairs["restriction_id"].map(bounds["base_persons"]).to_numpy("float64")
    people = pairs["point_persons"].to_numpy("float64")
    distribution = growth.scale_by(np.sqrt(pairs["months"]))
    return distribution.apply(lambda by: move_persons(people, base, by.to_numpy("float64")))


def _no_reach_lost() -> pd.DataFrame:
    names = ["lower_persons", "q05_persons", "q50_persons", "q95_persons", "upper_persons"]
    flags = {name: pd.Series(dtype="bool") for name in RULES}
    return no_rows(["after_ids"], names).assign(**flags).rename_axis("restriction_id")


def _pair_after(chosen: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """Return chosen figures with the first figure of the same kind from after the start."""
    exact = candidates[
        candidates["value"].notna()
        & candidates["interval_kind"].isin([IntervalKind.NONE.value, IntervalKind.MIN_MAX.value])
    ]
    later = exact.rename(
        columns={
            "area_id": "country_id",
            "value": "after_persons",
            "estimate_id": "after_id",
            "period_start": "after_start",
            "is_primary_source": "after_is_primary_source",
        }
    )[["country_id", *SAME, "after_persons", "after_id", "after_start", "after_is_primary_source"]]
    before = chosen[chosen["value"].notna()][
        [*AUDIENCE, *SAME[1:], "start", "point_persons", "period_start"]
    ]
    joined = before.merge(later, on=["country_id", *SAME])
    gap = (joined["after_start"] - joined["start"]).dt.days
    near = joined[(gap >= 0) & (gap <= WINDOW_DAYS)]
    first = near.sort_values(
        [*AUDIENCE, "measurement_series_id", "after_start", "after_is_primary_source", "after_id"],
        ascending=[True, True, True, True, True, False, True],
    ).drop_duplicates(AUDIENCE)
    return first.assign(months=months_between(first["period_start"], first["after_start"]))


def _sum_by_restriction(
    rows: pd.DataFrame, bounds: pd.DataFrame, audience_counts: pd.Series
) -> pd.DataFrame:
    groups = rows.groupby("restriction_id")
    is_single = audience_counts.reindex(groups.size().index) == 1
    upper = bounds["upper_persons"].reindex(is_single.index)
    within = groups["q05"].max() == 0
    quantiles = {f"{name}_persons": groups[name].first() for name in ("q05", "q50", "q95")}
    table = pd.DataFrame(
        {
            "lower_persons": 0.0,
            **{name: value.where(is_single & ~within) for name, value in quantiles.items()},
            "upper_persons": upper,
            "after_ids": groups["after_id"].agg(lambda ids: ";".join(sorted(ids))),
        }
    )
    grew = groups["fell"].max() == 0
    return table.assign(
        did_not_fall=grew,
        moves_anyway=grew | within,
        other_causes=~(grew | within),
        failed_attempts=groups["audience_metric"].first().isin(MONTHLY),
        several_audiences=~is_single,
        lost_in_part=False,
    )
