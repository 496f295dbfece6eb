"""Draws of every impact metric of every restriction, from one set of standard draws.

Definitions. Simulation inputs contain everything that is the same in all draws: the members of each
union, the bounds, the shares that apply. A sampler produces the standard draws. Draws are arrays
(restrictions, D), one for each metric, NaN where nothing can be drawn.

Method. Draws are not truncated at
the published bounds, which are valid only if each figure is right as printed. They satisfy the
inequalities for the drawn figures (largest <= union <= base, users of a feature <= people exposed),
and never exceed the residents on record.

Of a partial restriction people exposed, feature users and person-days are those of the whole
country times its part (parts.py).

Assumptions, drawbacks and citations: those of audiences, unions, feature_users, parts and timeline.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from audience_impact.audiences.scope import AUDIENCE, COUNTRY
from audience_impact.frames import Array
from audience_impact.overlap.model import OverlapModel
from audience_impact.simulation import audiences, parts, presence, unions
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.parts import Countries, PartDraws, Places
from audience_impact.simulation.presence import Presence
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.timeline import Intervals
from audience_impact.simulation.unions import GROUP, Unions
from audience_impact.vocabulary import ImpactMetric

EXPOSED = ImpactMetric.PEOPLE_EXPOSED
FEATURE_USERS = ImpactMetric.PEOPLE_FEATURE_EXPOSED
DEPRIVED = ImpactMetric.PEOPLE_DEPRIVED_NET
PERSON_DAYS = "person_days"


@dataclass(frozen=True)
class Draws:
    """Draws by metric."""

    by_metric: dict[str, Array]


def simulate_metrics(inputs: SimulationInputs, sampler: Sampler) -> Draws:
    """Return draws of every metric of every restriction."""
    count = len(inputs.restrictions)
    nothing = np.full((count, sampler.count), np.nan)
    overlap_model = inputs.overlap_model
    if overlap_model is None or inputs.countries.empty:
        metrics = (EXPOSED.value, FEATURE_USERS.value, DEPRIVED.value, PERSON_DAYS)
        return Draws(dict.fromkeys(metrics, nothing))
    countries = draw_people_by_country(inputs, sampler)
    people, users = (
        _sum_restrictions(inputs, drawn) for drawn in (countries.exposed, countries.users)
    )
    return Draws(
        {
            EXPOSED.value: people,
            FEATURE_USERS.value: users,
            DEPRIVED.value: _draw_deprived(inputs, users, sampler),
            PERSON_DAYS: _draw_person_days(inputs, countries.places, sampler),
        }
    )


@dataclass(frozen=True)
class Steps:
    """Draws of each step from audiences to the people of a country, rows as `countries`.

    Attributes:
        audiences: Each audience (rows of `SimulationInputs.audiences`, D).
        bases: The people online, or another population if that is the base.
        joint: The union of the audiences by the model of joint use.
        given: The same union, conditioned on the measured overlaps.
        used: Users of the restricted features among them, in the whole country.
        part: The part of the country that is touched.
        countries: The resulting people of each country.
    """

    audiences: Array
    bases: Array
    joint: Array
    conditioned: Array
    used: Array
    part: Array
    countries: Countries


def draw_steps(inputs: SimulationInputs, overlap_model: OverlapModel, sampler: Sampler) -> Steps:
    """Return the draws of each step from audiences to the people of a country."""
    cache = inputs.draw_cache
    persons = cache("audiences", sampler, (), partial(_draw_audiences, inputs))
    drawn = cache(
        "unions", sampler, (persons,), partial(_draw_unions, inputs, overlap_model, persons)
    )
    people = cache(
        "given",
        sampler,
        (drawn,),
        partial(_condition_unions, inputs, overlap_model, persons, drawn),
    )
    is_own, is_whole = (
        inputs.countries[name].to_numpy("bool")[:, None]
        for name in ("is_own_share", "is_whole_service")
    )
    users = np.where(is_own, drawn.users, drawn.users + drawn.exposed - drawn.both)
    fitted = cache("fitted", sampler, (), partial(_draw_fitted_use, inputs))
    users = np.where(np.isnan(users), people * fitted, users)
    used = np.where(is_whole, people, np.clip(users, 0.0, people))
    online = cache(
        "online in places", sampler, (), lambda _: _online_of_places(inputs, drawn.bases)
    )
    places = cache("places", sampler, (online,), partial(_draw_places, inputs, online))
    share = cache(
        "share", sampler, (places,), lambda _: parts.country_shares(places, inputs.countries)
    )
    residents = inputs.countries["residents_persons"].fillna(np.inf).to_numpy("float64")[:, None]
    touched = Countries(
        np.minimum(people * share, residents), np.minimum(used * share, residents), places
    )
    return Steps(persons, drawn.bases, drawn.exposed, people, used, share, touched)


class _Unions(NamedTuple):
    """Draws (countries, D) of the unions of each country, and of the base."""

    exposed: Array
    users: Array
    both: Array
    bases: Array


def _draw_audiences(inputs: SimulationInputs, sampler: Sampler) -> Array:
    return audiences.draw_audiences(inputs.audiences, sampler, inputs.timeline.tail_degrees)


def _draw_fitted_use(inputs: SimulationInputs, sampler: Sampler) -> Array:
    return audiences.draw_fitted_shares(inputs.feature_laws, inputs.countries, sampler)


def _draw_unions(
    inputs: SimulationInputs,
    overlap_model: OverlapModel,
    persons: Array,
    sampler: Sampler,
) -> _Unions:
    """Return the unions of each country; the unions of audiences do not depend on any feature."""
    plan, has_feature, alone, with_feature = inputs.draw_cache(
        "plan", sampler, (), lambda _: _plan_unions(inputs)
    )
    drawn, base = (np.full((len(has_feature), sampler.count), np.nan) for _ in range(2))

    def draw_plain(stream: Sampler) -> tuple[Array, Array]:
        return unions.draw_union_people(persons, alone, overlap_model, stream)

    if not has_feature.all():
        drawn[~has_feature], base[~has_feature] = inputs.draw_cache(
            "plain unions", sampler, (persons,), draw_plain
        )
    if has_feature.any():
        feature_persons = audiences.draw_feature_users(inputs.feature_shares, sampler)
        drawn[has_feature], base[has_feature] = unions.draw_union_people(
            np.vstack([persons, feature_persons]), with_feature, overlap_model, sampler
        )
    count = len(inputs.countries)
    exposed, users, both = (
        _unions_of_kind(plan, kind, drawn, count) for kind in ("exposed", "users", "both")
    )
    return _Unions(exposed, users, both, _unions_of_kind(plan, "exposed", base, count))


def _plan_unions(inputs: SimulationInputs) -> tuple[Unions, NDArray[np.bool_], Unions, Unions]:
    """Return the unions to draw, which of them have a feature, and those without and with one."""
    plan = list_country_unions(inputs)
    has_feature = unions.is_grouped_with(plan, len(inputs.audiences))
    return (
        plan,
        has_feature,
        unions.select_unions(plan, ~has_feature),
        unions.select_unions(plan, has_feature),
    )


def _online_of_places(inputs: SimulationInputs, bases: Array) -> Array:
    """Return the people online (rows of `inputs.parts`, D) of the country of each place."""
    keys = pd.MultiIndex.from_frame(inputs.countries[COUNTRY])
    at = keys.get_indexer(pd.MultiIndex.from_frame(inputs.parts[COUNTRY]))
    return np.asarray(bases[at])


def _draw_places(inputs: SimulationInputs, online: Array, sampler: Sampler) -> Places:
    """Return the places of partial restrictions; `online` as `_online_of_places` returns it."""
    drawn = parts.draw_parts(inputs.parts, online, sampler, inputs.draw_cache)
    return Places(inputs.parts, drawn, inputs.parent)


def draw_people_by_country(inputs: SimulationInputs, sampler: Sampler) -> Countries:
    """Return draws of each row of `inputs.countries`; NaN where nothing is drawn.

    Users are part of the exposed. The first draws are cached, because several tables need them.
    """
    return inputs.draw_cache("countries", sampler, (), partial(_draw_countries, inputs))


def _draw_countries(inputs: SimulationInputs, sampler: Sampler) -> Countries:
    count = len(inputs.countries)
    if inputs.overlap_model is None or not count:
        nothing = np.full((count, sampler.count), np.nan)
        none = np.empty((0, sampler.count))
        places = Places(inputs.parts.iloc[:0], PartDraws(none, none), inputs.parent)
        return Countries(nothing, nothing, places)
    return draw_steps(inputs, inputs.overlap_model, sampler).countries


def _unions_of_kind(plan: Unions, kind: str, drawn: Array, count: int) -> Array:
    """Return the drawn unions of a kind (countries, D); NaN for countries without one."""
    rows = plan.table["kind"].to_numpy(dtype=object) == kind
    persons = np.full((count, drawn.shape[1]), np.nan)
    persons[plan.table["number"].to_numpy()[rows]] = drawn[rows]
    return persons


def list_country_unions(inputs: SimulationInputs) -> Unions:
    """Return the unions of each country: those exposed, the feature users, and both together."""
    countries = inputs.countries.reset_index(names="number")
    number = countries[[*COUNTRY, "number"]]
    exposed_rows = inputs.audiences.merge(number, on=COUNTRY)[["number", "row"]]
    exposed_rows = exposed_rows.rename(columns={"row": "audience"})
    used = inputs.feature_shares.reset_index(names="place").merge(number, on=COUNTRY)
    user_rows = used.assign(audience=used["place"] + len(inputs.audiences))[["number", "audience"]]
    parts = {
        "exposed": exposed_rows,
        "users": user_rows,
        "both": pd.concat(
            [exposed_rows[exposed_rows["number"].isin(user_rows["number"])], user_rows]
        ),
    }
    members = pd.concat([part.assign(kind=kind) for kind, part in parts.items()])
    table = (
        members[["number", "kind"]]
        .drop_duplicates()
        .sort_values(["kind", "number"], ignore_index=True)
        .reset_index(names="set_id")
        .merge(countries[["number", *GROUP]], on="number")
        .sort_values("set_id", ignore_index=True)
    )
    keyed = members.merge(table[["number", "kind", "set_id"]], on=["number", "kind"])
    return Unions(table, keyed[["set_id", "audience"]].sort_values(["set_id", "audience"]))


def _condition_unions(
    inputs: SimulationInputs,
    overlap_model: OverlapModel,
    persons: Array,
    drawn: _Unions,
    sampler: Sampler,
) -> Array:
    """Return people exposed (countries, D), conditioned on measured overlaps where they exist."""
    exposed, bases = drawn.exposed, drawn.bases
    keys = list(inputs.countries[COUNTRY].itertuples(index=False, name=None))
    people = exposed.copy()
    for overlap in inputs.bounds.overlaps:
        if overlap.key not in keys or not overlap.used_ids:
            continue
        at, country = keys.index(overlap.key), overlap.key[1]
        same = (inputs.audiences[COUNTRY] == list(overlap.key)).all(axis=1)
        rows = inputs.audiences[same].sort_values(AUDIENCE)["row"]
        shares = np.clip(persons[rows] / bases[at], 0.0, 1.0)
        use = unions.draw_joint_use(overlap_model, country, sampler)
        conditioned = unions.draw_conditioned(
            overlap, shares, (overlap_model, use), bases[at], sampler
        )
        people[at] = np.where(np.isnan(conditioned), exposed[at], bases[at] * conditioned)
    return people


def draw_presence(inputs: SimulationInputs, sampler: Sampler) -> Presence | None:
    """Return whether each restriction is present in each draw; None if no chances were fitted."""

    def draw(stream: Sampler) -> Presence | None:
        return presence.draw_presence(inputs.chances, inputs.restrictions, stream)

    return inputs.draw_cache("present", sampler, (), draw)


def draw_people_on_a_day(
    inputs: SimulationInputs,
    day_sets: Intervals,
    places: Places,
    sampler: Sampler,
    present: Presence | None = None,
) -> Array:
    """Return draws (sets, D) of the people under a restriction on a day of each set.

    With `present`, only restrictions that are present in a draw count there. The result is cached;
    callers must not change it.
    """
    model = inputs.overlap_model
    if model is None:
        raise ValueError("without a model of joint use nothing is drawn")

    def draw_day(stream: Sampler) -> Array:
        return parts.draw_daily_people(
            day_sets, inputs.timeline, places, model, stream, inputs.draw_cache, present
        )

    return inputs.draw_cache("on a day", sampler, (day_sets[1], places, present), draw_day)


def _sum_restrictions(inputs: SimulationInputs, drawn: Array) -> Array:
    """Return draws of each restriction (restrictions, D), added over its countries."""
    names = inputs.countries["restriction_id"]
    total = unions.sum_by_restriction(drawn, names, inputs.restrictions)
    total[~inputs.restrictions.isin(names)] = np.nan
    return total


def measure_outside_share(inputs: SimulationInputs, draws: Draws) -> Array:
    """Return the share of draws (restrictions,) of the people exposed outside their bounds."""
    drawn = draws.by_metric[EXPOSED.value]
    bound = inputs.bounds.select_metric(EXPOSED).reindex(inputs.restrictions)
    lower = bound["lower_persons"].fillna(0.0).to_numpy("float64")
    return unions.outside_share(drawn, lower, bound["upper_persons"].to_numpy("float64"))


def _draw_deprived(inputs: SimulationInputs, users: Array, sampler: Sampler) -> Array:
    """Return feature users minus people who keep access; NaN if their share is missing."""
    without = np.full_like(users, np.nan)
    if not inputs.circumvention.empty:
        rows = inputs.restrictions.get_indexer(inputs.circumvention["restriction_id"])
        share = inputs.draw_cache(
            "circumvention",
            sampler,
            (),
            partial(audiences.draw_circumvention, inputs.circumvention),
        )
        without[rows] = users[rows] * (1.0 - share)
    return without


def _draw_person_days(
    inputs: SimulationInputs,
    places: Places,
    sampler: Sampler,
) -> Array:
    """Return person-days (restrictions, D) over the whole time each restriction is on record."""
    days = np.full((len(inputs.restrictions), sampler.count), np.nan)
    timeline = inputs.timeline
    day_sets = timeline.find_intervals(timeline.drawn_rows, "end", by_country=False)
    pieces, members = day_sets
    if members.empty:
        return days
    per_day = draw_people_on_a_day(inputs, day_sets, places, sampler)
    names = pieces["group"].str.rsplit("|", n=1).str[0]
    at = (inputs.restrictions.get_indexer(names), pieces["set_id"].to_numpy())
    shape = (len(days), len(per_day))
    total = csr_array((pieces["days"].to_numpy("float64"), at), shape=shape) @ per_day
    is_drawn = inputs.restrictions.isin(names)
    days[is_drawn] = total[is_drawn]
    return days
