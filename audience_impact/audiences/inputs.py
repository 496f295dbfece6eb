"""The facts that speak for what is asked: audiences in their universe, and their use.

Method. A list of selections over whole tables; each is described in its own module.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import pandas as pd

from audience_impact.audiences import (
    circumvention,
    daily_reach,
    features,
    figures,
    overlaps,
    parts,
    pooling,
    universes,
)
from audience_impact.audiences.doubts import doubts
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.denominators import distributions
from audience_impact.denominators.denominators import Denominators
from audience_impact.errors import figure_errors
from audience_impact.errors.distribution import FigureErrors
from audience_impact.facts.tables import Tables
from audience_impact.fitted.models import FittedModels
from audience_impact.fitted.shares import PARAMETERS
from audience_impact.frames import ANY, DAY, NUMBER, TEXT, TRUTH, Declared, Frame
from audience_impact.imputation import audiences as imputation
from audience_impact.vocabulary import WHOLE_INTERNET, RungFamily

_AUDIENCE = dict.fromkeys(AUDIENCE, TEXT)
_COUNTRY = dict.fromkeys(COUNTRY, TEXT)
_LAW = {"shape": TEXT, "low": NUMBER, "mode": NUMBER, "high": NUMBER, "coverage": NUMBER}

CANDIDATES = Frame(
    "inputs.candidates",
    {
        "estimate_id": TEXT,
        "area_id": TEXT,
        "platform_id": TEXT,
        "measurement_series_id": TEXT,
        "audience_metric": TEXT,
        "population_base": TEXT,
        "value": NUMBER,
        "interval_kind": TEXT,
        "period_start": DAY,
        "is_primary_source": TRUTH,
    },
    key=("estimate_id",),
)
BEFORE = Frame(
    "inputs.before",
    {
        **_AUDIENCE,
        "estimate_id": TEXT,
        "measurement_series_id": TEXT,
        "source_id": TEXT,
        "period": TEXT,
        "period_end": DAY,
        "unit": TEXT,
        "interval_kind": TEXT,
        "point_persons": NUMBER,
        "metric_priority": NUMBER,
        "is_company_statement": TRUTH,
        "note": TEXT,
    },
    key=(*AUDIENCE, "estimate_id"),
)
CHOSEN = Frame(
    "inputs.chosen",
    {
        **_AUDIENCE,
        "start": DAY,
        "estimate_id": TEXT,
        "measurement_series_id": TEXT,
        "audience_metric": TEXT,
        "population_base": TEXT,
        "period": TEXT,
        "period_start": DAY,
        "period_end": DAY,
        "value": NUMBER,
        "interval_kind": TEXT,
        "low_persons": NUMBER,
        "high_persons": NUMBER,
        "point_persons": NUMBER,
        "metric_priority": NUMBER,
        "share_base_id": TEXT,
        "row_file": TEXT,
        "row_line": NUMBER,
    },
    key=(*AUDIENCE, "measurement_series_id"),
)
AUDIENCES = Frame(
    "inputs.audiences",
    {
        **_AUDIENCE,
        "start": DAY,
        "low_persons": NUMBER,
        "high_persons": NUMBER,
        "metric_priority": NUMBER,
        "metric": TEXT,
        "measurement_series_count": NUMBER,
        "period": TEXT,
        "age_months": NUMBER,
        "is_from_share": ANY,
        "audience_base_id": TEXT,
        "differing_base_ids": TEXT,
        "containing": TEXT,
        "measurement_series_id": TEXT,
        **dict.fromkeys(universes.OWN_LAW, NUMBER),
        "base": TEXT,
        "base_id": TEXT,
        "base_persons": NUMBER,
        "base_status": TEXT,
        "base_size_persons": NUMBER,
        **dict.fromkeys(distributions.LAW, NUMBER),
        "is_base_projected": ANY,
        "is_base_disputed": ANY,
        "is_own_base": ANY,
        "population_id": TEXT,
        "population_persons": NUMBER,
    },
    key=tuple(AUDIENCE),
)
LAWS = Frame(
    "inputs.laws",
    {**_AUDIENCE, "audience_key": TEXT, **_LAW, **figure_errors.COLUMNS},
    key=tuple(AUDIENCE),
)
DAILY = Frame(
    "inputs.daily",
    {
        **_AUDIENCE,
        "daily_persons": NUMBER,
        "daily_id": TEXT,
        "late_days": NUMBER,
        "daily_from": DAY,
        "daily_until": DAY,
        "daily_least_persons": NUMBER,
        "daily_most_persons": NUMBER,
        "audience_key": TEXT,
        **_LAW,
        **figure_errors.COLUMNS,
    },
    key=tuple(AUDIENCE),
)
FEATURE_SHARES = Frame(
    "inputs.feature_shares",
    {
        **_COUNTRY,
        "feature": TEXT,
        "feature_use_id": TEXT,
        **_LAW,
        "least": NUMBER,
        "most": NUMBER,
        "of_persons": NUMBER,
        "beyond_persons": NUMBER,
        "share_base_id": TEXT,
        **dict.fromkeys(distributions.LAW, NUMBER),
        "is_own": TRUTH,
        "is_inside": TRUTH,
        "assumed": TEXT,
    },
    key=(*COUNTRY, "feature_use_id"),
)
FEATURE_LAWS = Frame(
    "inputs.feature_laws",
    {**_COUNTRY, "feature": TEXT, "draw_key": TEXT, **dict.fromkeys(PARAMETERS, NUMBER)},
    key=(*COUNTRY, "feature"),
)
CIRCUMVENTION = Frame(
    "inputs.circumvention",
    {
        "restriction_id": TEXT,
        "basis": TEXT,
        "circumvention_id": TEXT,
        "draw_key": TEXT,
        **_LAW,
        **dict.fromkeys(PARAMETERS, NUMBER),
        "least_share": NUMBER,
        "most_share": NUMBER,
        "is_self_selected": TRUTH,
    },
    key=("restriction_id",),
)
DOUBTS = Frame(
    "inputs.doubts",
    {
        **_AUDIENCE,
        "measurement_series_id": TEXT,
        "is_after_first_step": TRUTH,
        "is_under_block": TRUTH,
        "is_under_restriction": TRUTH,
        "is_printed_differently": TRUTH,
        "is_outlier": TRUTH,
        "least_age": NUMBER,
        "is_missing_younger": TRUTH,
    },
    key=(*AUDIENCE, "measurement_series_id"),
)
OVERLAPS = Frame(
    "inputs.overlaps",
    {
        **_COUNTRY,
        "overlap_id": TEXT,
        "platform_ids": TEXT,
        "kind": TEXT,
        "unit": TEXT,
        "share_of": TEXT,
        "interval_kind": TEXT,
        "least": NUMBER,
        "most": NUMBER,
        "row_file": TEXT,
        "row_line": NUMBER,
    },
    key=(*COUNTRY, "overlap_id"),
)


@dataclass(frozen=True)
class SpeakingFigures(Declared):
    """The figures of services.

    Attributes:
        candidates: Every figure that may stand for an audience, in persons.
        before: Those of each audience from before the start, all pages that print them.
        chosen: Those that speak for it, one a lineage.
        doubts: What speaks against each of these.
    """

    FRAMES: ClassVar[Mapping[str, Frame]] = {
        "candidates": CANDIDATES,
        "before": BEFORE,
        "chosen": CHOSEN,
        "doubts": DOUBTS,
    }

    candidates: pd.DataFrame
    before: pd.DataFrame
    chosen: pd.DataFrame
    doubts: pd.DataFrame


@dataclass(frozen=True)
class AudienceSizes(Declared):
    """How large the audiences are, and how each is drawn.

    Attributes:
        sizes: What figures say together at least and at most, and the base of each.
        laws: How each audience is drawn.
        imputed: Audiences that no figure counts: their share of the base, and from what it follows.
        daily: The daily figure of each audience that has one, and how it is drawn.
        shut: Restrictions nothing of which is imputed, since the rung of a decisive audience is
            closed.
        vague: Restrictions nothing of which is imputed, since a decisive audience is next to
            unknown.
    """

    FRAMES: ClassVar[Mapping[str, Frame]] = {
        "sizes": AUDIENCES,
        "laws": LAWS,
        "imputed": imputation.FRAME,
        "daily": DAILY,
    }

    sizes: pd.DataFrame
    laws: pd.DataFrame
    imputed: pd.DataFrame
    daily: pd.DataFrame
    shut: frozenset[str]
    vague: frozenset[str]


@dataclass(frozen=True)
class FeatureUse(Declared):
    """Who of an audience uses what is restricted, and who keeps access.

    Attributes:
        feature_shares: Shares of use that speak for the restricted features.
        feature_laws: Laws of the users of restricted features, where no share of use speaks.
        circumvention: The share that keeps access, by restriction, measured or learned.
    """

    FRAMES: ClassVar[Mapping[str, Frame]] = {
        "feature_shares": FEATURE_SHARES,
        "feature_laws": FEATURE_LAWS,
        "circumvention": CIRCUMVENTION,
    }

    feature_shares: pd.DataFrame
    feature_laws: pd.DataFrame
    circumvention: pd.DataFrame


@dataclass(frozen=True)
class Inputs(Declared):
    """What the facts say of a scope, by those who read it.

    Attributes:
        figures: The figures of services.
        audiences: The audiences that they, bases and imputation give.
        use: Who uses the restricted features, and who keeps access.
        overlaps: Measured overlaps that speak for the audiences of a country.
        parts: The places and networks of restrictions that touch a part of a country.
        errors: What figures may be off by; None where the facts do not say.
    """

    FRAMES: ClassVar[Mapping[str, Frame]] = {"overlaps": OVERLAPS, "parts": parts.PARTS}

    figures: SpeakingFigures
    audiences: AudienceSizes
    use: FeatureUse
    overlaps: pd.DataFrame
    parts: pd.DataFrame
    errors: FigureErrors | None


class _Read(NamedTuple):
    """Figures with all their columns, as figures.py gives them."""

    candidates: pd.DataFrame
    before: pd.DataFrame
    chosen: pd.DataFrame


def inputs(scope: Scope, tables: Tables, fitted: FittedModels) -> Inputs:
    """Return what typed facts say of a scope; `fitted` as read from those of all restrictions."""
    denominators = Denominators.of(tables, fitted.errors)
    candidates = figures.candidates(tables, denominators)
    before = figures.before(scope.wanted, candidates)
    read = _Read(candidates, before, figures.choose(before))
    audiences = _audiences(scope.wanted, read, tables, denominators, fitted)
    doubted = doubts(read.chosen, before, candidates, scope, tables)
    return Inputs(
        SpeakingFigures(*read, doubted),
        audiences,
        _use(scope, audiences.sizes, tables, denominators, fitted),
        overlaps.speaking(audiences.sizes, tables),
        parts.parts(scope, tables, fitted),
        denominators.errors,
    )


def _audiences(
    wanted: pd.DataFrame,
    read: _Read,
    tables: Tables,
    denominators: Denominators,
    fitted: FittedModels,
) -> AudienceSizes:
    """Return the audiences that figures and bases give, and imputed ones where they do not."""
    sizes = _sizes(wanted, read.chosen, denominators)
    counted = pooling.distributions(read.chosen, read.before, tables, denominators.errors)
    models = (fitted.audiences, fitted.joint_use)
    imputed = imputation.imputed(wanted, sizes, counted, tables, models)
    is_closed = imputed["rung"].isin(fitted.closed_levels[RungFamily.AUDIENCE])
    shut, vague = (
        frozenset(imputed.loc[fails, "restriction_id"])
        for fails in (is_closed & imputed["is_decisive"], imputation.vague(imputed))
    )
    imputed = imputed[~imputed["restriction_id"].isin(shut | vague)].reset_index(drop=True)
    laws = imputation.replacing(counted, imputed)
    daily = daily_reach.daily(wanted, read.candidates, tables, denominators.errors)
    return AudienceSizes(sizes, laws, imputed, daily, shut, vague)


def _use(
    scope: Scope,
    sizes: pd.DataFrame,
    tables: Tables,
    denominators: Denominators,
    fitted: FittedModels,
) -> FeatureUse:
    """Return who uses the restricted features, and who keeps access."""
    shares = features.shares(sizes, scope.targets, tables, denominators)
    return FeatureUse(
        shares,
        features.fitted_shares(sizes, scope.targets, shares, fitted.features),
        circumvention.circumvention(scope, tables, fitted),
    )


def _sizes(wanted: pd.DataFrame, chosen: pd.DataFrame, denominators: Denominators) -> pd.DataFrame:
    """Return users of services by figures, and internet users by bases, each in its base."""
    network = wanted["platform_id"] == WHOLE_INTERNET
    found = [
        figures.audiences(wanted[~network], chosen),
        universes.internet_users(wanted[network], denominators),
    ]
    return universes.with_base(pd.concat(found, ignore_index=True), denominators)
