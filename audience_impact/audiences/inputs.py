"""Selection of the facts that describe a scope: audiences in their universe, and their use.

Method. A sequence of selections over complete tables; each is described in its own module.

Definitions. The internet users of a country are the audience of a network shutdown: the people
online on the day it starts. The base of the audiences of a country is chosen in denominators/.

Assumptions, drawbacks and citation: those of figures.py.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd

from audience_impact import figure_errors
from audience_impact.audiences import distributions, figures, parts, use
from audience_impact.audiences.distributions import DISTRIBUTION_COLUMNS
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.denominators.denominators import DISTRIBUTION, FORECAST, Denominators
from audience_impact.figure_errors import FigureErrors
from audience_impact.fitted.models import Context
from audience_impact.fitted.shares import PARAMETERS
from audience_impact.frames import Declared
from audience_impact.imputation import audiences as imputation
from audience_impact.periods import WINDOW_DAYS, months_between
from audience_impact.populations import ONLINE
from audience_impact.vocabulary import WHOLE_INTERNET, AudienceMetric, RungFamily

OWN_LAW = [f"audience_{name}" for name in DISTRIBUTION]
"""Shape of the internet users of a network shutdown, which are drawn as their base."""


def _count_internet_users(requested: pd.DataFrame, denominators: Denominators) -> pd.DataFrame:
    base, distribution, publishers = denominators.count_online(requested)
    is_counted = base["obs_status"] != FORECAST
    least = base["low_persons"].fillna(base["base_persons"]).where(is_counted, 0.0)
    most = base["high_persons"].fillna(base["base_persons"]).where(is_counted)
    months = months_between(base["period_end"], base["start"])
    return requested.assign(
        low_persons=publishers["least"].fillna(least),
        high_persons=publishers["most"].fillna(most.where(base["gap"] <= WINDOW_DAYS)),
        metric_priority=base["base_persons"].notna().map({True: 1.0, False: float("nan")}),
        metric=AudienceMetric.INTERNET_USERS_3M.value,
        measurement_series_id=base["base_measurement_series_id"],
        measurement_series_count=publishers["count"].fillna(1.0),
        containing=ONLINE,
        period=base["period"],
        period_end=base["period_end"],
        is_from_share=False,
        age_months=months.clip(lower=0),
        audience_base_id=base["base_id"],
        differing_base_ids=publishers["ids"],
        **distribution.set_axis(OWN_LAW, axis=1),
    )


def add_base(audiences: pd.DataFrame, denominators: Denominators) -> pd.DataFrame:
    """Return audiences with the base of each COUNTRY.

    `base_persons` limits the union, `base_size_persons` is the estimate. Where the whole network is
    shut down, the audience is the base of the day, with one distribution.
    """
    groups = group_by_country(audiences)
    base = denominators.choose_bases(groups).assign(restriction_id=groups["restriction_id"])
    rows = audiences.merge(base, on=COUNTRY, how="left", validate="m:1")
    is_counted = rows["audience_base_id"].notna() & (rows["audience_base_id"] == rows["base_id"])
    for name, theirs in zip(OWN_LAW, DISTRIBUTION, strict=True):
        rows[theirs] = rows[theirs].where(~is_counted, rows[name])
    limit = np.fmax(rows["base_persons"], rows["high_persons"].where(is_counted))
    size = rows["expected_persons"].where(rows["is_base_projected"].eq(True))
    largest = rows.groupby(COUNTRY)["low_persons"].transform("max")  # more than publishers count
    return rows.assign(base_persons=np.fmax(limit, largest), base_size_persons=size.fillna(limit))


def group_by_country(audiences: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each COUNTRY, with the columns that `Denominators.choose_bases` needs."""
    groups = audiences.groupby(COUNTRY, sort=True)
    counted = audiences[audiences["metric_priority"].notna()]
    return pd.DataFrame(
        {
            "start": groups["start"].first(),
            "floor_persons": groups["low_persons"].max(),
            "containing": _find_common_word(counted, "containing", ONLINE),
            "measurement_series_id": _find_common_word(counted, "measurement_series_id", ""),
        }
    ).reset_index()


def _find_common_word(counted: pd.DataFrame, column: str, default: str) -> pd.Series:
    """Return the word that all audiences of a COUNTRY have in a column, else `default`."""
    first = counted.drop_duplicates(COUNTRY).set_index(COUNTRY)[column]
    return first.where(counted.groupby(COUNTRY)[column].nunique() == 1, default)


_DRAWN_BY = [*AUDIENCE, "audience_key", *DISTRIBUTION_COLUMNS, *figure_errors.COLUMNS]


@dataclass(frozen=True)
class Inputs(Declared):
    """The facts selected for a scope."""

    before: Annotated[
        pd.DataFrame,
        AUDIENCE,
        "estimate_id measurement_series_id source_id period unit interval_kind",
        "note point_persons metric_priority period_end is_company_statement",
    ]  # qualifying figures from before the start, with all pages that print them
    chosen: Annotated[
        pd.DataFrame,
        AUDIENCE,
        "estimate_id measurement_series_id audience_metric population_base",
        "period interval_kind share_base_id row_file value low_persons high_persons",
        "point_persons metric_priority row_line start period_start period_end",
    ]  # the figures that are used for an audience, one per lineage
    quality_flags: Annotated[
        pd.DataFrame,
        AUDIENCE,
        "measurement_series_id least_age is_after_first_step is_under_block",
        "is_under_restriction is_printed_differently is_outlier is_missing_younger",
    ]  # quality flags of each chosen figure
    sizes: Annotated[
        pd.DataFrame,
        AUDIENCE,
        "metric period audience_base_id differing_base_ids containing",
        "measurement_series_id base base_id base_status population_id low_persons",
        "high_persons metric_priority measurement_series_count age_months base_persons",
        "base_size_persons population_persons start is_from_share is_base_projected",
        "is_base_disputed is_own_base",
        OWN_LAW,
        distributions.FLOORS,
        DISTRIBUTION,
    ]  # lower and upper limit of each audience from all its figures, and its base
    distributions: Annotated[pd.DataFrame, _DRAWN_BY, imputation.ENDS]
    imputed: Annotated[pd.DataFrame, imputation.COLUMNS]
    """Audiences without a figure: their share of the base, and its evidence level."""
    answers: imputation.Answers  # all that is imputed, whether or not it is used
    daily: Annotated[
        pd.DataFrame,
        _DRAWN_BY,
        "daily_id daily_persons late_days daily_least_persons",
        "daily_most_persons daily_from daily_until",
        distributions.FLOORS,
    ]  # the daily figure of each audience that has one, and its distribution
    closed_level_ids: frozenset[str]
    """Restrictions without imputation, because the evidence level of a decisive audience is
    closed."""
    too_uncertain_ids: frozenset[str]
    """Restrictions without imputation, because a decisive audience is too uncertain."""
    feature_shares: Annotated[
        pd.DataFrame,
        COUNTRY,
        "feature feature_use_id share_base_id asked_base_ids assumed least most",
        "of_persons beyond_persons is_own is_inside",
        DISTRIBUTION_COLUMNS,
        DISTRIBUTION,
    ]  # shares of use that were measured for the restricted features
    feature_laws: Annotated[pd.DataFrame, COUNTRY, "feature draw_key", PARAMETERS]
    """Distributions of the share of feature users where none was measured."""
    circumvention: Annotated[
        pd.DataFrame,
        "restriction_id basis circumvention_id draw_key least_share most_share",
        "is_self_selected",
        DISTRIBUTION_COLUMNS,
        PARAMETERS,
    ]  # the share that keeps access, by restriction, measured or fitted
    parts: Annotated[pd.DataFrame, parts.PARTS]
    """The places and networks of restrictions that affect a part of a country."""
    drawable_ids: pd.Index
    """Restrictions that affect everyone in their audiences, or a part that can be drawn."""
    errors: FigureErrors | None
    """Errors of figures; None if the facts contain no parameters for them."""
    qualifying: pd.DataFrame
    """All figures of the facts that may describe an audience (figures.list_qualifying_figures)."""


def gather_inputs(scope: Scope, context: Context) -> Inputs:
    """Return the inputs of a scope, in the context of its run."""
    tables, fitted, requested = context.tables, context.fitted, scope.requested
    candidates = figures.list_qualifying_figures(tables, context.denominators)
    before = figures.select_before_start(requested, candidates)
    chosen = figures.choose_figures(before)
    flags = figures.flag_quality(chosen, before, scope, tables)
    daily = distributions.choose_daily_figures(requested, candidates, tables, context.errors)
    counted = distributions.pool_figures(chosen, before, tables, context.errors)
    network = requested["platform_id"] == WHOLE_INTERNET
    services = figures.summarise_audiences(requested[~network], chosen)
    online = _count_internet_users(requested[network], context.denominators)
    counted_sizes = pd.concat([services, online], ignore_index=True)
    sizes = _raise_to_floors(add_base(counted_sizes, context.denominators), daily)
    sizes = sizes.sort_values(AUDIENCE, ignore_index=True)
    models = (fitted.audiences, fitted.joint_use)
    answers = imputation.ask_figures(requested, counted, tables, models)
    imputed = imputation.impute_audiences(requested, sizes, counted, answers)
    is_closed = imputed["rung"].isin(fitted.closed_levels[RungFamily.AUDIENCE])
    closed_level_ids, too_uncertain_ids = (
        frozenset(imputed.loc[fails, "restriction_id"])
        for fails in (is_closed & imputed["is_decisive"], imputation.is_too_uncertain(imputed))
    )
    is_left_out = imputed["restriction_id"].isin(closed_level_ids | too_uncertain_ids)
    imputed = imputed[~is_left_out].reset_index(drop=True)
    combined = imputation.combine_with_others(counted, requested, sizes, answers)
    feature_shares = use.choose_feature_shares(sizes, scope.targets, context)
    places = parts.select_parts(scope, context)
    return Inputs(
        before,
        chosen,
        flags,
        sizes,
        imputation.replace_undrawable(combined, imputed),
        imputed,
        answers,
        daily,
        closed_level_ids,
        too_uncertain_ids,
        feature_shares,
        use.use_fitted_shares(sizes, scope.targets, feature_shares, fitted.features),
        use.choose_access_shares(scope, context),
        places,
        parts.find_drawable(scope, places),
        context.errors,
        candidates,
    )


def _raise_to_floors(sizes: pd.DataFrame, daily: pd.DataFrame) -> pd.DataFrame:
    """Return audiences with FLOORS; those that figures count are no smaller than on a day."""
    floors = daily[[*AUDIENCE, *distributions.FLOORS]]
    rows = sizes.merge(floors, on=AUDIENCE, how="left", validate="1:1")
    limits = {
        name: np.fmax(rows[name], rows["floor_persons"]).where(rows[name].notna())
        for name in ("low_persons", "high_persons")
    }
    return rows.assign(**limits)
