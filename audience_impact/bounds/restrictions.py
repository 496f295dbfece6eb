"""Bounds on the people of each restriction, by country and in total, for each impact metric.

Definitions. Audiences are sets of people inside a base of I people, each of a size in an interval
[low_i, high_i]; their union is everyone in at least one. People exposed are the union of the
audiences of a restriction. Feature users are those of them who use what is restricted. The
residents of a restriction are those of the places named or, if no place is named, of the country.

Method. In a country max low_i <= |union| <= min(I, sum high_i) (Frechet): both ends can be reached,
so no narrower interval follows from sizes alone. Where overlaps were measured, the sharp bounds of
measured.py. No bound has more people than the residents; countries are disjoint, so their bounds
are added. The lower bound is zero for a partial restriction, and for one that a single report alone
speaks for. The upper bound of a place is all its people.

A share of use times the people of its own population gives the users C of a restricted feature in
persons. In a country with people exposed E, C of any service: max(0, C + E - I) <= |E and C| <=
min(C, E); users of a feature of a restricted service itself all belong to E. Several features are a
union: from the largest to the sum. If a whole service is restricted, all people exposed are feature
users. Those without access are feature users less circumventors; from zero where they are not
counted.

Assumptions. Those of audiences/use.py. Every audience is a part of the base by definition, and
base and audiences come from one measurer; if not, obs_status says so. A self-selected poll limits
nothing.

Known drawbacks. The interval is wide when audiences are small against the base.

Citation. M. Frechet, Generalisation du theoreme des probabilites totales, Fundamenta
Mathematicae 25 (1935), 379-387.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import COUNTRY, WHOLE, Scope
from audience_impact.bounds import measured
from audience_impact.bounds.measured import Resolved
from audience_impact.facts.tables import Finding
from audience_impact.fitted.models import Context
from audience_impact.frames import Declared
from audience_impact.places import nesting
from audience_impact.vocabulary import ImpactMetric

WITH_ERROR = {"printed_min": "min", "printed_max": "max"}
"""How the columns of bounds as printed begin, and how those of bounds with errors begin."""
BOUNDS = (*WITH_ERROR, *WITH_ERROR.values())
"""How the columns of all bounds begin."""
PRINTED, ERROR_ENDS = (
    [f"{name}_persons" for name in names] for names in (WITH_ERROR, WITH_ERROR.values())
)
"""Columns of the bounds as printed, and of those with errors."""
MIN, MAX = PRINTED


def bound_unions(audiences: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return Frechet bounds of the union of the audiences of each group.

    `audiences` has one row an audience with `low_persons`, `high_persons` (NaN where nothing
    limits it from above) and `base_persons` (the same for all rows of a group; NaN where no
    base is known). Returns, indexed by `by`, PRINTED (the most NaN where neither audiences nor base
    limit the union) and `naive_sum_persons` (the audiences added up, NaN where one is unlimited).
    """
    groups = audiences.groupby(by, sort=True)
    added = groups["high_persons"].sum().where(groups["high_persons"].count() == groups.size())
    lower = groups["low_persons"].max().fillna(0.0)
    upper = np.fmin(added, groups["base_persons"].first())
    upper = upper.where(upper.isna() | (upper >= lower), lower)
    return pd.DataFrame({MIN: lower, MAX: upper, "naive_sum_persons": added})


def _bound_feature_users(
    scope: Scope, shares: pd.DataFrame, countries: pd.DataFrame, exposed: pd.DataFrame
) -> pd.DataFrame:
    """Return PRINTED of the feature users of each restriction, from the bounds on the exposed."""
    missing = _find_missing_shares(scope.targets, shares, countries)
    in_countries = bound_in_countries(shares, countries, missing)
    users = in_countries.groupby("restriction_id").sum(skipna=False).reindex(exposed.index)
    about = scope.by_id.reindex(exposed.index)
    is_whole = scope.is_whole_service.reindex(exposed.index)
    mixed, ends = is_whole.isna(), exposed[PRINTED]
    most = np.fmin(ends[MAX], users[MAX]).where(~mixed, ends[MAX])
    least = users[MIN].where(about["is_certain"] & ~mixed, 0.0)
    narrowed = ends.assign(**{MIN: least, MAX: most})
    return narrowed.where(is_whole.ne(True), ends).where(~about["is_never_enforced"], 0.0)


def bound_in_countries(
    shares: pd.DataFrame, exposed: pd.DataFrame, missing: pd.Series
) -> pd.DataFrame:
    """Return bounds on the feature users of each country.

    `shares` has the columns that inputs.py declares; `exposed` has PRINTED and `base_persons` by
    COUNTRY; `missing` states, by COUNTRY, whether a feature has no share.
    """
    low = shares["least"] * shares["of_persons"]
    high = shares["most"].fillna(1.0) * shares["of_persons"] + shares["beyond_persons"]
    about = exposed.reindex(pd.MultiIndex.from_frame(shares[COUNTRY]))
    lower, base, upper = (about[name].to_numpy("float64") for name in (MIN, "base_persons", MAX))
    least = np.clip(low + lower - base, 0.0, None)
    least = least.where(shares["is_inside"], 0.0).where(~shares["is_own"], low)
    capped = shares[COUNTRY].assign(low=np.fmin(least, upper), high=np.fmin(high, upper))
    groups = capped.groupby(COUNTRY)
    is_open = missing.reindex(exposed.index, fill_value=False).astype("bool")
    most = groups["high"].sum().reindex(exposed.index).mask(is_open, np.nan)
    return pd.DataFrame(
        {
            MIN: groups["low"].max().reindex(exposed.index).fillna(0.0),
            MAX: np.fmin(most, exposed[MAX]),
        }
    )


def _find_missing_shares(
    targets: pd.DataFrame, shares: pd.DataFrame, countries: pd.DataFrame
) -> pd.Series:
    """Return, for each restriction and country, whether a restricted feature has no share."""
    restricted = targets.loc[targets["feature"] != WHOLE, ["restriction_id", "feature"]]
    named = countries.reset_index()[COUNTRY].merge(restricted.drop_duplicates())
    single = shares.assign(feature=shares["feature"].str.split(";")).explode("feature")
    key = [*COUNTRY, "feature"]
    is_missing = ~pd.MultiIndex.from_frame(named[key]).isin(pd.MultiIndex.from_frame(single[key]))
    return pd.Series(is_missing, named.index).groupby([named[name] for name in COUNTRY]).any()


BOUNDS_SHARE = 0.83
"""Share of figures left out that lie between the bounds with errors of those before, both bounds
together, by benchmarks/bounds.py; in the bounds each figure by itself is at its 99 % end."""
_ENDS = [*PRINTED, *ERROR_ENDS]
_SIZES = [*_ENDS, "naive_sum_persons", "base_persons", "base_size_persons", "population_persons"]


@dataclass(frozen=True)
class Bounds(Declared):
    """Bounds in persons, as printed and with errors, and the results of measured overlaps.

    Attributes:
        countries: Bounds on the people exposed, by restriction and country, with base, residents,
            and all the people of the places named (NaN: the whole country, or not on record).
        exposed: Bounds on the people exposed, by restriction.
        feature_users: Bounds on the people exposed who use the restricted features.
        deprived: Bounds on the feature users without access.
        overlaps: Bounds of each country with measured overlaps.
    """

    FRAMES: ClassVar[Mapping[str, Sequence[str]]] = {
        "countries": [*_SIZES, "places_persons is_sharp"],
        "exposed": _SIZES,
        "feature_users": _ENDS,
        "deprived": _ENDS,
    }

    countries: pd.DataFrame
    exposed: pd.DataFrame
    feature_users: pd.DataFrame
    deprived: pd.DataFrame
    overlaps: tuple[Resolved, ...]

    def select_metric(self, metric: ImpactMetric) -> pd.DataFrame:
        """Return the bounds of a metric, as printed and with errors, by restriction_id."""
        return {
            ImpactMetric.PEOPLE_EXPOSED: self.exposed,
            ImpactMetric.PEOPLE_FEATURE_EXPOSED: self.feature_users,
            ImpactMetric.PEOPLE_DEPRIVED_NET: self.deprived,
        }[metric][_ENDS]


def bound_restrictions(
    scope: Scope, inputs: Inputs, widened: Inputs, context: Context
) -> tuple[Bounds, list[Finding]]:
    """Return bounds of every metric, and findings for overlaps that are left out.

    `widened` are the inputs with every figure at the ends of its error. Measured overlaps have no
    learned error, and narrow the bounds as printed alone.
    """
    resolved = measured.resolve_overlaps(inputs.sizes, context.tables)
    findings = measured.report_left_out(resolved, inputs.chosen, context.tables)
    printed = _bound_by_sizes(scope, inputs, context.parents, resolved)
    with_error = _bound_by_sizes(scope, widened, context.parents)
    countries, exposed, users, deprived = (
        frame.join(widest[PRINTED].set_axis(ERROR_ENDS, axis=1))
        for frame, widest in zip(printed, with_error, strict=True)
    )
    return Bounds(countries, exposed, users, deprived, tuple(resolved)), findings


def _bound_by_sizes(
    scope: Scope, inputs: Inputs, parent: nesting.Parents, resolved: Sequence[Resolved] = ()
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    countries = _add_places(_bound_countries(inputs.sizes, resolved), inputs.parts, parent)
    sizes = [name for name in _SIZES if name not in ERROR_ENDS]
    upper = np.fmin(countries[MAX], countries["places_persons"])
    in_places = countries[sizes].assign(**{MAX: upper})
    exposed = in_places.groupby("restriction_id").sum(skipna=False)
    about = scope.by_id.reindex(exposed.index)
    exposed[MIN] = exposed[MIN].where(about["is_certain"], 0.0)
    exposed[MAX] = exposed[MAX].where(~about["is_never_enforced"], 0.0)
    users = _bound_feature_users(scope, inputs.feature_shares, countries, exposed)
    access = inputs.circumvention.set_index("restriction_id")[["least_share", "most_share"]]
    access = access.reindex(users.index).fillna({"least_share": 0.0, "most_share": 1.0})
    least = users[MIN] * (1.0 - access["most_share"])
    most = users[MAX] * (1.0 - access["least_share"])
    return countries, exposed, users, users.assign(**{MIN: least, MAX: most})


def _bound_countries(audiences: pd.DataFrame, resolved: Sequence[Resolved]) -> pd.DataFrame:
    """Return bounds by country: Frechet, or sharp where overlaps were measured."""
    groups = audiences.groupby(COUNTRY, sort=True)
    sizes = groups[["base_persons", "base_size_persons", "population_persons"]].first()
    inside = bound_unions(audiences, COUNTRY).join(sizes).assign(is_sharp=False)
    for resolution in resolved:
        if resolution.used_ids:
            upper = resolution.upper if np.isfinite(resolution.upper) else np.nan
            inside.loc[resolution.key, MIN] = resolution.lower
            # an audience that is not known can add to the union
            if len(resolution.audiences) == groups.size()[resolution.key]:
                inside.loc[resolution.key, [MAX, "is_sharp"]] = [upper, True]
    return inside


def _add_places(
    countries: pd.DataFrame, named: pd.DataFrame, parent: nesting.Parents
) -> pd.DataFrame:
    """Add `places_persons`, and replace a country's residents by those of the places named.

    No bound has more people than the country has residents.
    """
    is_below = named["area_id"] != named["country_id"]
    below = countries.index.isin(_select_where_all(is_below, named))
    most, people = (
        _sum_people(named, named[f"{name}_persons"], parent).reindex(countries.index)
        for name in ("most", "people")
    )
    residents = countries["population_persons"]
    return countries.assign(
        **countries[PRINTED].clip(upper=residents, axis=0),
        places_persons=most.where(below),
        population_persons=residents.where(~below, people),
    )


def _sum_people(parts: pd.DataFrame, persons: pd.Series, parent: nesting.Parents) -> pd.Series:
    """Return the sum of persons in the named places by COUNTRY, each place once; NaN if unknown.

    A country that is affected as a whole has no sum here.
    """
    if parts.empty:
        empty = pd.MultiIndex.from_frame(parts[COUNTRY])
        return pd.Series(np.empty(0), empty, dtype="float64")
    groups = parts.groupby(COUNTRY, sort=True)
    sets = groups.ngroup().to_numpy()
    holder = nesting.find_holders(sets, parts["area_id"], parent)
    everyone = np.ones((len(parts), 1))
    affected = nesting.unite_people(
        everyone, persons.fillna(0.0).to_numpy("float64")[:, None], holder, sets, groups.ngroups
    )
    total = pd.Series(affected[:, 0].round(6), groups.size().index)  # carried in logs
    return total.where(
        total.index.isin(_select_where_all(persons.notna() & parts["is_named"], parts))
    )


def _select_where_all(condition: pd.Series, parts: pd.DataFrame) -> pd.Index:
    """Return each restriction and country for which the condition is true in all rows."""
    complete = condition.groupby([parts[name] for name in COUNTRY]).all()
    return complete.index[complete.astype(bool)]
