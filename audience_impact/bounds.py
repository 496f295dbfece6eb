"""Bounds on the people of each restriction, by country and in total, for each impact metric.

Definitions. Audiences are sets of people inside a base of I people, each of a size in an interval
[low_i, high_i]; their union is everyone in at least one. People exposed are the union of the
audiences of a restriction. Feature users are those of them who use what is restricted. The
residents of a restriction are those of the places named or, if no place is named, of the country. A
measured overlap is the number, or the share of a base, of people who use all of some platforms, or
any of them. A pattern is the exact set of platforms that a person uses.

Method. In a country max low_i <= |union| <= min(I, sum high_i) (Frechet): both ends can be reached,
so no narrower interval follows from sizes alone. No bound has more people than the residents;
countries are disjoint, so their bounds are added. The lower bound is zero for a partial
restriction, and for one that a single report alone speaks for. The upper bound of a place is all
its people.

A share of use times the people of its own population gives the users C of a restricted feature in
persons. In a country with people exposed E, C of any service: max(0, C + E - I) <= |E and C| <=
min(C, E); users of a feature of a restricted service itself all belong to E. Several features are a
union: from the largest to the sum. If a whole service is restricted, all people exposed are feature
users. Those without access are feature users less circumventors; from zero where they are not
counted.

A measured overlap of the base of the audiences applies to a restriction by OVERLAP_STEPS. The
bounds are then those of Boole and Hailperin: the smallest and largest union over all ways to spread
people over the patterns that the facts allow, by two linear programs with the persons in each
pattern as variables. Platforms without an overlap stay outside the program: inside a base they can
be laid into the others or beside them. If no spread exists, overlaps are taken in the order of
their ids, and each that contradicts sizes or those taken before is left out and reported.

Assumptions. Those of audiences/use.py. Every audience is a part of the base by definition, and
base and audiences come from one measurer; if not, obs_status says so. A self-selected poll limits
nothing. An overlap that is a share of one platform's users is a share of the audience in the
figures, whatever that is between its low and its high. Sizes are more reliable than overlaps.

Known drawbacks. The interval is wide when audiences are small against the base. The number of
patterns doubles with every platform, so overlaps of a country may link 12 platforms at most. Facts
that contradict one another by less than a billionth of the base pass as consistent.

Citations. M. Frechet, Generalisation du theoreme des probabilites totales, Fundamenta Mathematicae
25 (1935), 379-387. T. Hailperin, Best possible inequalities for the probability of a logical
function of events, American Mathematical Monthly 72 (1965), 343-359.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd

from audience_impact.audiences import distributions
from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import COUNTRY, WHOLE, Scope
from audience_impact.facts.tables import Finding, Tables, build_finding
from audience_impact.fitted.models import Context
from audience_impact.frames import Declared
from audience_impact.overlap.copula import mark_patterns
from audience_impact.periods import WINDOW_DAYS
from audience_impact.places import nesting
from audience_impact.selection import Best, Key, Only, select_candidates
from audience_impact.vocabulary import OverlapKind, Unit

WITH_ERROR = {"printed_min": "min", "printed_max": "max"}
"""How the columns of bounds as printed begin, and how those of bounds with errors begin."""
BOUNDS = (*WITH_ERROR, *WITH_ERROR.values())
PRINTED, ERROR_ENDS = (
    [f"{name}_persons" for name in names] for names in (WITH_ERROR, WITH_ERROR.values())
)
"""Columns of the bounds as printed, and of those with errors."""
MIN, MAX = PRINTED
BOUNDS_SHARE = 0.83
"""Share of figures left out that lie between the bounds with errors of those before, both bounds
together, by benchmarks/bounds.py; in the bounds each figure by itself is at its 99 % end."""
CONTRADICTION = "overlaps_contradict"
"""The rule that an overlap breaks if it contradicts the sizes of audiences or other overlaps."""
MOST_PLATFORMS = 12
SOLVER = {
    "presolve": False,  # it cannot tell an unbounded program from an infeasible one
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
OVERLAP_STEPS = (
    Only(
        lambda rows: rows["present"] == rows["required"],
        "speaks of a service that is not restricted there, or has no figure",
    ),
    Only(lambda rows: rows["age_days"] >= 0, "from after the start of the restriction"),
    Only(
        lambda rows: rows["age_days"] <= WINDOW_DAYS,
        f"more than {WINDOW_DAYS} days before the start",
    ),
    Best(
        [*COUNTRY, "platform_ids", "kind", "share_of", "measurement_series_id"],
        (
            Key("period_end", "the same measurer has a later one", ascending=False),
            Key("overlap_id", "no different in what counts: the last by its id is taken", False),
        ),
    ),
)
_ENDS = [*PRINTED, *ERROR_ENDS]
_SIZES = [*_ENDS, "naive_sum_persons", "base_persons", "base_size_persons", "population_persons"]


class MeasuredOverlap(NamedTuple):
    """A measured overlap: people who use all of some platforms, or any of them."""

    platforms: tuple[int, ...]  # positions among the sizes
    kind: OverlapKind
    low: float  # in persons, or as a share of the users of `of`
    high: float  # in the same unit; math.inf if there is no upper limit
    of: int | None = None  # position of the platform of whose users the limits are a share


class Sizes(NamedTuple):
    """Persons in a base and, least and most, in each audience; math.inf where nothing limits."""

    base: float
    low: tuple[float, ...]
    high: tuple[float, ...]


class Resolved(NamedTuple):
    """Sharp bounds of a restriction in a country from its measured overlaps."""

    key: tuple[str, str]  # the restriction and the country
    audiences: pd.DataFrame  # in the order of AUDIENCE
    facts: pd.DataFrame  # the overlaps that agree with the figures, one per row
    measured: tuple[MeasuredOverlap, ...]  # the same for the linear program
    left_out: pd.DataFrame  # the other overlaps, with the same columns as `facts`
    lower: float  # in persons
    upper: float  # in persons; math.inf if there is no upper bound
    narrowing: float  # the width of these bounds divided by that of the Frechet bounds

    @property
    def used_ids(self) -> list[str]:
        """Return the ids of the overlaps that went into the bounds."""
        return list(self.facts["overlap_id"])


@dataclass(frozen=True)
class Bounds(Declared):
    """Bounds in persons, as printed and with errors, and the results of measured overlaps."""

    countries: Annotated[pd.DataFrame, _SIZES, "places_persons is_sharp"]
    """Bounds on the people exposed, by restriction and country, with base, residents, and all the
    people of the places named (NaN: the whole country, or not on record)."""
    exposed: Annotated[pd.DataFrame, _SIZES]  # bounds on the people exposed, by restriction
    feature_users: Annotated[pd.DataFrame, _ENDS]
    """Bounds on the people exposed who use the restricted features."""
    deprived: Annotated[pd.DataFrame, _ENDS]  # bounds on the feature users without access
    overlaps: tuple[Resolved, ...]  # bounds of each country with measured overlaps


def bound_restrictions(
    scope: Scope, inputs: Inputs, widened: Inputs, context: Context
) -> tuple[Bounds, list[Finding]]:
    """Return bounds of every metric, and findings for overlaps that are left out.

    Measured overlaps narrow the bounds as printed, not those of `widened`, at the ends of errors.
    """
    resolved = _resolve_overlaps(inputs.sizes, context.tables)
    printed = _bound_by_sizes(scope, inputs, context.parents, resolved)
    with_error = _bound_by_sizes(scope, widened, context.parents)
    countries, exposed, users, deprived = (
        frame.join(widest[PRINTED].set_axis(ERROR_ENDS, axis=1))
        for frame, widest in zip(printed, with_error, strict=True)
    )
    findings = _report_left_out(resolved, inputs.chosen, context.tables)
    return Bounds(countries, exposed, users, deprived, tuple(resolved)), findings


def _bound_by_sizes(
    scope: Scope, inputs: Inputs, parent: nesting.Parents, resolved: Sequence[Resolved] = ()
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    countries = _limit_to_residents(bound_unions(inputs.sizes, resolved), inputs.parts, parent)
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


def bound_unions(audiences: pd.DataFrame, resolved: Sequence[Resolved] = ()) -> pd.DataFrame:
    """Return bounds of the union of the audiences by COUNTRY, as printed, with base and population.

    `is_sharp` is True where overlaps of `resolved` were used; `naive_sum_persons` are the audiences
    added up. NaN where nothing limits the union from above, or an audience.
    """
    groups = audiences.groupby(COUNTRY, sort=True)
    sizes = groups[["base_persons", "base_size_persons", "population_persons"]].first()
    added = groups["high_persons"].sum().where(groups["high_persons"].count() == groups.size())
    lower = groups["low_persons"].max().fillna(0.0)
    upper = np.fmin(added, sizes["base_persons"])
    upper = upper.where(upper.isna() | (upper >= lower), lower)
    inside = sizes.assign(**{MIN: lower, MAX: upper}, naive_sum_persons=added, is_sharp=False)
    for resolution in resolved:
        if resolution.used_ids:
            inside.loc[resolution.key, MIN] = resolution.lower
            # an audience that is not known can add to the union
            if len(resolution.audiences) == groups.size()[resolution.key]:
                most = resolution.upper if np.isfinite(resolution.upper) else np.nan
                inside.loc[resolution.key, [MAX, "is_sharp"]] = [most, True]
    return inside


def _limit_to_residents(
    countries: pd.DataFrame, named: pd.DataFrame, parent: nesting.Parents
) -> pd.DataFrame:
    """Add `places_persons`, and put the residents of the places named in place of the country's."""
    is_below = named["area_id"] != named["country_id"]
    below = countries.index.isin(_select_where_all(is_below, named))
    most, people = (
        _sum_people(named, named[name], parent).reindex(countries.index)
        for name in ("most_persons", "people_persons")
    )
    residents = countries["population_persons"]
    return countries.assign(
        **countries[PRINTED].clip(upper=residents, axis=0),
        places_persons=most.where(below),
        population_persons=residents.where(~below, people),
    )


def _sum_people(parts: pd.DataFrame, persons: pd.Series, parent: nesting.Parents) -> pd.Series:
    """Return persons of the named places by COUNTRY, each once; NaN if unknown or of a country."""
    groups = parts.groupby(COUNTRY, sort=True)
    sets = groups.ngroup().to_numpy()
    holder = nesting.find_holders(sets, parts["area_id"], parent)
    people = persons.fillna(0.0).to_numpy("float64")[:, None]
    everyone = np.ones((len(parts), 1))
    affected = nesting.unite_people(everyone, people, holder, sets, groups.ngroups)
    total = pd.Series(affected[:, 0].round(6), groups.size().index)  # carried in logs
    is_counted = persons.notna() & parts["is_named"]
    return total.where(total.index.isin(_select_where_all(is_counted, parts)))


def _select_where_all(condition: pd.Series, parts: pd.DataFrame) -> pd.Index:
    complete = condition.groupby([parts[name] for name in COUNTRY]).all()
    return complete.index[complete.astype(bool)]


def _bound_feature_users(
    scope: Scope, shares: pd.DataFrame, countries: pd.DataFrame, exposed: pd.DataFrame
) -> pd.DataFrame:
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
    """Return bounds on the feature users by COUNTRY; `missing`: a feature there has no share."""
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
    least = groups["low"].max().reindex(exposed.index).fillna(0.0)
    return pd.DataFrame({MIN: least, MAX: np.fmin(most, exposed[MAX])})


def _find_missing_shares(
    targets: pd.DataFrame, shares: pd.DataFrame, countries: pd.DataFrame
) -> pd.Series:
    restricted = targets.loc[targets["feature"] != WHOLE, ["restriction_id", "feature"]]
    named = countries.reset_index()[COUNTRY].merge(restricted.drop_duplicates())
    single = shares.assign(feature=shares["feature"].str.split(";")).explode("feature")
    key = [*COUNTRY, "feature"]
    is_missing = ~pd.MultiIndex.from_frame(named[key]).isin(pd.MultiIndex.from_frame(single[key]))
    return pd.Series(is_missing, named.index).groupby([named[name] for name in COUNTRY]).any()


def list_overlaps(audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return every overlap with a restricted service, by country and base, with its ranks.

    `least` and `most` are in the unit of the fact, NaN without a limit. An overlap requires the
    platforms that overlap, and the one of whose users it is a share.
    """
    overlaps = tables["overlaps"]
    several = overlaps["platform_ids"].map(lambda ids: len(set(ids.split(";"))) > 1).astype(bool)
    units = overlaps["unit"].isin([Unit.PERSONS.value, Unit.SHARE.value])
    facts = overlaps[several & units].drop(columns=["note"])
    is_share = facts["unit"] == Unit.SHARE.value
    named = facts["platform_ids"] + (";" + facts["share_of"]).where(is_share, "")
    required = [sorted({*names.split(";")} - {""}) for names in named]
    single = facts.assign(
        **distributions.read_intervals(facts)[["least", "most"]],
        platform_id=pd.Series(required, facts.index, "object"),
        required=pd.Series([len(names) for names in required], facts.index),
    ).explode("platform_id")
    names = {"area_id": "country_id", "population_base": "base"}
    joined = _select_counted(audiences)[[*COUNTRY, "platform_id", "start", "base"]].merge(
        single.astype({"platform_id": "str"}).rename(columns=names),
        on=["country_id", "platform_id", "base"],
    )
    by = [*COUNTRY, "overlap_id"]
    present = joined.groupby(by)["platform_id"].transform("size")
    age = (joined["start"] - joined["period_end"]).dt.days
    return joined.assign(present=present, age_days=age).drop_duplicates(by)


def _select_counted(audiences: pd.DataFrame) -> pd.DataFrame:
    return audiences[audiences["metric_priority"].notna() & audiences["base_persons"].notna()]


def _resolve_overlaps(audiences: pd.DataFrame, tables: Tables) -> list[Resolved]:
    overlaps = select_candidates(list_overlaps(audiences, tables), OVERLAP_STEPS)
    groups = _select_counted(audiences).groupby(COUNTRY)
    resolved = []
    for key, rows in overlaps.groupby(COUNTRY, sort=True):
        of_country = groups.get_group(key).reset_index(drop=True)
        facts = rows.sort_values("overlap_id", ignore_index=True)
        names, base = list(of_country["platform_id"]), float(of_country["base_persons"].iloc[0])
        high = of_country["high_persons"].fillna(math.inf)
        sizes = Sizes(base, tuple(of_country["low_persons"]), tuple(high))
        stated = [_read_overlap(row, names, base) for row in facts.to_dict("records")]
        chosen = choose_consistent(sizes, stated)
        measured = tuple(stated[number] for number in chosen)
        least, most = max(sizes.low), min(base, sum(sizes.high))
        ends = bound_union(sizes, measured) or (least, most)
        narrowing = (ends[1] - ends[0]) / (most - least) if most > least else 0.0
        agreeing, left_out = facts.iloc[chosen], facts.drop(index=chosen)
        resolved.append(Resolved(key, of_country, agreeing, measured, left_out, *ends, narrowing))
    return resolved


def _read_overlap(row: dict[str, Any], names: list[str], base: float) -> MeasuredOverlap:
    platforms = tuple(names.index(name) for name in dict.fromkeys(row["platform_ids"].split(";")))
    is_share = row["unit"] == Unit.SHARE.value
    of = names.index(row["share_of"]) if is_share and row["share_of"] else None
    kind, scale = OverlapKind(row["kind"]), base if is_share and of is None else 1.0
    most = math.inf if math.isnan(row["most"]) else row["most"]
    return MeasuredOverlap(platforms, kind, row["least"] * scale, most * scale, of)


def bound_union(sizes: Sizes, overlaps: Sequence[MeasuredOverlap]) -> tuple[float, float] | None:
    """Return the least and most persons in the union; None where the facts contradict.

    Raises ValueError if overlaps link more than 12 platforms.
    """
    linked = _list_linked(overlaps)
    if len(linked) > MOST_PLATFORMS:
        raise ValueError(f"overlaps link {len(linked)} audiences: at most {MOST_PLATFORMS} can be")
    extremes = _find_extremes(sizes, linked, overlaps) if linked else (0.0, 0.0)
    if extremes is None or max(sizes.low) > sizes.base:
        return None
    beside = [high for number, high in enumerate(sizes.high) if number not in linked]
    lower = max(extremes[0], *sizes.low)
    return lower, max(lower, min(sizes.base, extremes[1] + sum(beside)))


def choose_consistent(sizes: Sizes, overlaps: Sequence[MeasuredOverlap]) -> list[int]:
    """Return the numbers of the overlaps that agree with the sizes and with those before them."""
    chosen: list[int] = []
    for number in range(len(overlaps)):
        trial = [overlaps[n] for n in (*chosen, number)]
        if len(_list_linked(trial)) <= MOST_PLATFORMS and bound_union(sizes, trial) is not None:
            chosen.append(number)
    return chosen


def _list_linked(overlaps: Sequence[MeasuredOverlap]) -> list[int]:
    named = {platform for overlap in overlaps for platform in overlap.platforms}
    return sorted(named | {overlap.of for overlap in overlaps if overlap.of is not None})


def _find_extremes(
    sizes: Sizes, linked: list[int], overlaps: Sequence[MeasuredOverlap]
) -> tuple[float, float] | None:
    """Return the least and most persons who use a linked platform; None if no spread exists."""
    from scipy.optimize import linprog  # late: most runs have no overlap that was measured

    using = {
        platform: mark_patterns((place,), OverlapKind.UNION, len(linked))[1:]
        for place, platform in enumerate(linked)
    }
    everyone = np.ones((1 << len(linked)) - 1)
    rows = [(everyone, 0.0, sizes.base)]
    rows += [(users, sizes.low[i], sizes.high[i]) for i, users in using.items()]
    for overlap in overlaps:
        places = [linked.index(platform) for platform in overlap.platforms]
        people = mark_patterns(places, overlap.kind, len(linked))[1:]
        if overlap.of is None:
            rows.append((people, overlap.low, overlap.high))
            continue
        rows.append((people - overlap.low * using[overlap.of], 0.0, math.inf))
        if math.isfinite(overlap.high):
            rows.append((people - overlap.high * using[overlap.of], -math.inf, 0.0))
    matrix, least, most = (np.array(column) for column in zip(*rows, strict=True))
    ends = np.concatenate([least, most])
    scale = max(ends[np.isfinite(ends)].max(), 1.0)
    below, above = np.isfinite(most), np.isfinite(least)
    sides = np.vstack([matrix[below], -matrix[above]])
    limits = np.concatenate([most[below], -least[above]]) / scale
    fewest, largest = (
        linprog(sign * everyone, A_ub=sides, b_ub=limits, method="highs-ds", options=SOLVER)
        for sign in (1.0, -1.0)
    )
    if fewest.fun is None:
        return None
    return fewest.fun * scale, math.inf if largest.fun is None else -largest.fun * scale


def _report_left_out(
    resolved: list[Resolved], chosen: pd.DataFrame, tables: Tables
) -> list[Finding]:
    """Return a finding for each overlap that is left out, with the other facts and their lines."""
    overlaps = tables["overlaps"].set_index("overlap_id", drop=False)
    messages = {
        (str(fact.overlap_id), _describe_facts(country, fact.platform_ids, chosen, tables["bases"]))
        for country in resolved
        for fact in country.left_out.itertuples()
    }
    return [
        build_finding(
            *("overlaps", overlaps.loc[key], "value", CONTRADICTION),
            f"cannot be true together with {facts}: left out; correct one of these facts",
        )
        for key, facts in sorted(messages)
    ]


def _describe_facts(
    country: Resolved, platform_ids: str, chosen: pd.DataFrame, bases: pd.DataFrame
) -> str:
    platforms = set(platform_ids.split(";"))
    figures = chosen[(chosen[COUNTRY] == list(country.key)).all(axis=1)]
    figures = figures[figures["platform_id"].isin(platforms)].sort_values("platform_id")
    is_linked = [bool(platforms & set(ids.split(";"))) for ids in country.facts["platform_ids"]]
    base = bases[bases["base_id"] == country.audiences["base_id"].iloc[0]]
    named = [
        (f"{row.platform_id} {_format_people(row)} ({row.estimate_id}, ", row)
        for row in figures.itertuples()
    ]
    named += [(f"{row.overlap_id} (", row) for row in country.facts[is_linked].itertuples()]
    named += [(f"base {int(row.persons):,} ({row.base_id}, ", row) for row in base.itertuples()]
    return "; ".join(f"{start}{row.row_file}:{row.row_line})" for start, row in named)


def _format_people(row: Any) -> str:
    low, high = row.low_persons, row.high_persons
    if math.isnan(high):
        return f"at least {int(low):,}"
    return f"{int(low):,}" if low == high else f"{int(low):,} to {int(high):,}"
