"""All fitted parameters of a run, read once from the fact tables of all restrictions.

Parts of a run share them, as some stand on figures or restrictions of several parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from audience_impact.errors import distribution as errors_distribution
from audience_impact.errors.distribution import FigureErrors, Spread
from audience_impact.facts.tables import Tables
from audience_impact.fitted import circumvention, evidence_levels, shares
from audience_impact.imputation import distribution as imputation_distribution
from audience_impact.imputation.distribution import ImputationModel
from audience_impact.overlap import one_factor
from audience_impact.overlap.model import OverlapModel
from audience_impact.places import networks, online_parameters, part_sizes
from audience_impact.places.online_parameters import PlaceParameters
from audience_impact.vocabulary import NetworkLaw, RungFamily


@dataclass(frozen=True)
class FittedModels:
    """Fitted parameters; None, or without rows, where the fact table has no rows.

    Attributes:
        errors: Errors of figures.
        places: Deviations of places from their country in the share online.
        parts: Sizes of parts of places, by kind.
        networks: Shares of people online with a mobile network alone.
        audiences: Figures that audiences are imputed from, and what these have in common.
        joint_use: The model of joint use of services.
        daily_use: Shares of users who come on a day, keyed by shares.BY_SERVICE.
        features: Shares of users who use a feature, keyed by shares.BY_GROUP.
        keeping_access: Shares who keep access, keyed by shares.BY_GROUP.
        keeping_figures: Ids of the figures of each country behind `keeping_access`.
        closed_levels: Levels of evidence that failed validation, by family.
    """

    errors: FigureErrors | None
    places: PlaceParameters | None
    parts: pd.DataFrame
    networks: Mapping[NetworkLaw, Spread]
    audiences: ImputationModel | None
    joint_use: OverlapModel | None
    daily_use: pd.DataFrame
    features: pd.DataFrame
    keeping_access: pd.DataFrame
    keeping_figures: "pd.Series[str]"
    closed_levels: Mapping[RungFamily, list[str]]


def read_models(tables: Tables) -> FittedModels:
    """Return the fitted parameters that typed facts hold; `tables` have those of all restrictions.

    Raises:
        ParameterError: A table lacks a parameter.
    """
    by_feature = _get_table(tables, "feature_laws").rename(columns={"feature": "group"})
    by_country = _get_table(tables, "circumvention_laws").assign(group=circumvention.GROUP)
    audiences = imputation_distribution.read_parameters(_get_table(tables, "audience_laws"))
    return FittedModels(
        errors_distribution.read_errors(_get_table(tables, "figure_errors")),
        online_parameters.read_parameters(_get_table(tables, "place_laws")),
        part_sizes.index_sizes(_get_table(tables, "part_sizes")),
        networks.read_parameters(_get_table(tables, "network_laws")),
        None if audiences is None else imputation_distribution.build_model(tables, audiences),
        one_factor.read_model(tables),
        shares.index_parameters(_get_table(tables, "daily_use"), shares.BY_SERVICE),
        shares.index_parameters(by_feature, shares.BY_GROUP),
        shares.index_parameters(by_country, shares.BY_GROUP),
        circumvention.list_figure_ids(tables),
        {family: evidence_levels.list_closed(tables, family) for family in RungFamily},
    )


def _get_table(tables: Tables, name: str) -> pd.DataFrame:
    return tables.get(name, pd.DataFrame())
