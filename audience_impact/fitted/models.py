"""The context of a run: facts, all fitted parameters, denominators and the tree of areas.

It is built once and passed to every stage. All parts of a run share the fitted parameters, because
some are fitted to figures or restrictions of several parts.

Definitions. An evidence level (`rung`) is the basis of an estimate without a count: of an audience,
of the people online in a place, of who has one network alone. It is validated on restrictions that
have better evidence: they are answered again without that evidence.

Method. The fact table `answer_rungs` contains the trials; `python -m benchmarks.answers` makes them
and writes it. Answers that stand on the same figures are one unit. A level is closed where its 90 %
intervals contained so few of the units that, if they did contain LEVEL_COVERAGE of all, that few or
fewer would come about with a chance below LEVEL_CHANCE (the binomial distribution, one-sided; for a
share of a unit the incomplete beta function). A restriction that depends on a closed level has
bounds and the reason, and no estimate.

Assumptions. Answers with better evidence are right, and restrictions with better evidence are
similar to those without.

Known drawbacks. With few units a level of places, networks or people online is closed only if it
failed on most of them: of three units, none may be inside. A level of audiences is closed where it
cannot be tested on LEAST_UNITS.

Citation. Rules of this project, docs/method.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from audience_impact.denominators.denominators import Denominators
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import FigureErrors, Spread, read_errors
from audience_impact.fitted import shares
from audience_impact.fitted.chances import PARAMETERS as CHANCE_PARAMETERS
from audience_impact.imputation.distribution import ImputationModel
from audience_impact.imputation.distribution import read_model as read_imputation_model
from audience_impact.overlap.model import OverlapModel
from audience_impact.overlap.model import read_model as read_overlap_model
from audience_impact.places import nesting, networks, online, population
from audience_impact.places.online import PlaceParameters
from audience_impact.vocabulary import NetworkLaw, RungFamily, YesNo


def list_closed(tables: Tables, family: RungFamily) -> list[str]:
    """Return the closed evidence levels of a family in the fact table `answer_rungs` (typed)."""
    tried = tables["answer_rungs"]
    is_closed = (tried["rung_family"] == family.value) & (tried["is_open"] == YesNo.NO.value)
    return sorted(tried.loc[is_closed, "rung"])


@dataclass(frozen=True)
class FittedModels:
    """Fitted parameters; a field is None or has no rows if its fact table has no rows."""

    errors: FigureErrors | None  # errors of figures
    places: PlaceParameters | None  # deviations of places from their country in the share online
    parts: pd.DataFrame  # sizes of parts of places, by kind
    networks: Mapping[NetworkLaw, Spread]  # shares of people online with a mobile network alone
    audiences: ImputationModel | None  # figures from which audiences are imputed
    joint_use: OverlapModel | None  # the model of joint use of services
    daily_use: pd.DataFrame  # shares of users who come on a day, keyed by shares.BY_SERVICE
    features: pd.DataFrame  # shares of users who use a feature, keyed by shares.BY_GROUP
    keeping_access: pd.DataFrame  # shares of people who keep access, keyed by shares.BY_GROUP
    keeping_figures: "pd.Series[str]"  # ids of the figures of each country behind `keeping_access`
    chances: pd.DataFrame  # the chances of groups of restrictions, as `Chances` has them
    closed_levels: Mapping[RungFamily, list[str]]  # that failed validation


def read_models(tables: Tables) -> FittedModels:
    """Return the fitted parameters of all restrictions; ParameterError where one is missing."""
    features = tables["feature_laws"].rename(columns={"feature": "group"})
    circumvention = tables["circumvention_laws"].assign(group=shares.KEEPS_ACCESS)
    figures = shares.select_usable_circumvention(tables["circumvention"], tables["restrictions"])
    daily = [*shares.PARAMETERS, *shares.TREND]
    return FittedModels(
        read_errors(tables["figure_errors"]),
        online.read_parameters(tables["place_laws"]),
        tables["part_sizes"].set_index("part_kind")[population.PARAMETERS].astype("float64"),
        networks.read_parameters(tables["network_laws"]),
        read_imputation_model(tables),
        read_overlap_model(tables),
        shares.index_parameters(tables["daily_use"], shares.BY_SERVICE, daily),
        shares.index_parameters(features, shares.BY_GROUP),
        shares.index_parameters(circumvention, shares.BY_GROUP),
        figures.groupby("area_id")["circumvention_id"].agg(";".join),
        shares.index_parameters(tables["chances"], ["chance_group"], CHANCE_PARAMETERS),
        {family: list_closed(tables, family) for family in RungFamily},
    )


@dataclass(frozen=True)
class Context:
    """What all stages of a run share."""

    tables: Tables  # the typed facts
    fitted: FittedModels  # parameters that were fitted to all restrictions
    denominators: Denominators  # the counts of populations, with their errors
    parents: nesting.Parents  # the parent of each area, as `nesting.read_parents` returns it

    @property
    def errors(self) -> FigureErrors | None:
        """Return the errors of figures; None if the facts contain no parameters for them."""
        return self.fitted.errors


def read_context(tables: Tables) -> Context:
    """Return the context of a run of all restrictions; ParameterError if a parameter is missing."""
    return make_context(tables, read_models(tables))


def make_context(tables: Tables, fitted: FittedModels) -> Context:
    """Return the context of a run, or of a part of it, with the parameters that its parts share."""
    denominators = Denominators(tables, fitted.errors)
    return Context(tables, fitted, denominators, nesting.read_parents(tables["areas"]))
