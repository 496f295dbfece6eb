"""Draws of every impact metric of every restriction, from one set of standard draws.

Definitions. Simulation inputs hold what does not change from draw to draw: what is in which union,
what the bounds are, which shares apply. A sampler holds the standard draws. Draws are arrays
(restrictions, D), one for each metric, NaN where nothing can be drawn.

Method. The same function makes the published draws and, with some inputs taken from a second
stream, the draws from which sensitivity.py tells what drives the width. Draws are not cut at the
published bounds, which hold if each figure is right as printed: they keep the identities with the
figures as drawn (largest <= union <= base, users of a feature <= people exposed).

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
from audience_impact.simulation import audiences, feature_users, overlaps, parts, unions
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.parts import Countries, PartDraws, Places
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
    """Draws by metric, and the share of draws of the people exposed outside the printed bounds."""

    by_metric: dict[str, Array]
    outside_share: Array


def simulate(inputs: SimulationInputs, sampler: Sampler) -> Draws:
    """Draws of every metric of every restriction."""
    count = len(inputs.restrictions)
    nothing = np.full((count, sampler.count), np.nan)
    overlap_model = inputs.overlap_model
    if overlap_model is None or inputs.countries.empty:
        metrics = (EXPOSED.value, FEATURE_USERS.value, DEPRIVED.value, PERSON_DAYS)
        return Draws(dict.fromkeys(metrics, nothing), np.zeros(count))
    found = people_by_country(inputs, sampler)
    people, users = (_restrictions(inputs, drawn) for drawn in (found.exposed, found.users))
    return Draws(
        {
            EXPOSED.value: people,
            FEATURE_USERS.value: users,
            DEPRIVED.value: _deprived(inputs, users, sampler),
            PERSON_DAYS: _person_days(inputs, found.places, sampler),
        },
        _outside(inputs, people),
    )


@dataclass(frozen=True)
class Steps:
    """Draws of each step from audiences to the people of a country, rows as `countries`.

    Attributes:
        audiences: Each audience (rows of `SimulationInputs.audiences`, D).
        bases: The people online, or what else the base holds.
        joint: The union of the audiences by the model of joint use.
        given: The same given the overlaps that were measured.
        used: Users of the restricted features among them, in the whole country.
        part: The part of the country that is touched.
        countries: What comes of it.
    """

    audiences: Array
    bases: Array
    joint: Array
    given: Array
    used: Array
    part: Array
    countries: Countries


def steps(inputs: SimulationInputs, overlap_model: OverlapModel, sampler: Sampler) -> Steps:
    """People exposed, feature users, and the places of partial restrictions, step by step."""
    kept = inputs.kept
    own = kept("audiences", sampler, (), partial(_audiences, inputs))
    found = kept("unions", sampler, (own,), partial(_unions, inputs, overlap_model, own))
    people = kept("given", sampler, (found,), partial(_given, inputs, overlap_model, own, found))
    is_own, is_whole = (
        inputs.countries[name].to_numpy("bool")[:, None]
        for name in ("is_own_share", "is_whole_service")
    )
    asked = np.where(is_own, found.users, found.users + found.exposed - found.both)
    learned = kept("learned", sampler, (), partial(_learned, inputs))
    asked = np.where(np.isnan(asked), people * learned, asked)
    used = np.where(is_whole, people, np.clip(asked, 0.0, people))
    online = kept.alike("online in places", _of_places(inputs, found.bases))
    places = kept("places", sampler, (online,), partial(_places, inputs, online))
    share = kept("share", sampler, (places,), lambda _: parts.shares(places, inputs.countries))
    touched = Countries(people * share, used * share, places)
    return Steps(own, found.bases, found.exposed, people, used, share, touched)


class _Unions(NamedTuple):
    """Draws (countries, D) of the unions of each country, and of the base."""

    exposed: Array
    users: Array
    both: Array
    bases: Array


def _audiences(inputs: SimulationInputs, sampler: Sampler) -> Array:
    return audiences.values(inputs.audiences, sampler, inputs.timeline.tail_degrees)


def _learned(inputs: SimulationInputs, sampler: Sampler) -> Array:
    return feature_users.of_law(inputs.feature_laws, inputs.countries, sampler)


def _unions(
    inputs: SimulationInputs,
    overlap_model: OverlapModel,
    own: Array,
    sampler: Sampler,
) -> _Unions:
    """The unions of each country; those beside no feature hang on nothing that is asked of one."""
    wanted, asked, alone, with_feature = inputs.kept(
        "wanted", sampler, (), lambda _: _wanted(inputs)
    )
    drawn, base = (np.full((len(asked), sampler.count), np.nan) for _ in range(2))

    def plain(stream: Sampler) -> tuple[Array, Array]:
        return unions.people(own, alone, overlap_model, stream)

    if not asked.all():
        drawn[~asked], base[~asked] = inputs.kept("plain unions", sampler, (own,), plain)
    if asked.any():
        theirs = feature_users.feature_users(inputs.feature_shares, sampler)
        drawn[asked], base[asked] = unions.people(
            np.vstack([own, theirs]), with_feature, overlap_model, sampler
        )
    count = len(inputs.countries)
    exposed, users, both = (
        _of_kind(wanted, kind, drawn, count) for kind in ("exposed", "users", "both")
    )
    return _Unions(exposed, users, both, _of_kind(wanted, "exposed", base, count))


def _wanted(inputs: SimulationInputs) -> tuple[Unions, NDArray[np.bool_], Unions, Unions]:
    """All unions of countries, those that stand beside a feature, and both kinds apart."""
    wanted = country_unions(inputs)
    asked = unions.beside(wanted, len(inputs.audiences))
    return wanted, asked, unions.some(wanted, ~asked), unions.some(wanted, asked)


def _of_places(inputs: SimulationInputs, bases: Array) -> Array:
    """The people online (rows of `inputs.parts`, D) of the country of each place."""
    keys = pd.MultiIndex.from_frame(inputs.countries[COUNTRY])
    at = keys.get_indexer(pd.MultiIndex.from_frame(inputs.parts[COUNTRY]))
    return np.asarray(bases[at])


def _places(inputs: SimulationInputs, online: Array, sampler: Sampler) -> Places:
    """The places of partial restrictions; `online` as `_of_places` has it."""
    drawn = parts.draw(inputs.parts, online, sampler, inputs.kept)
    return Places(inputs.parts, drawn, inputs.parent)


def people_by_country(inputs: SimulationInputs, sampler: Sampler) -> Countries:
    """Draws of each row of `inputs.countries`; NaN where nothing is drawn.

    The users are some of the exposed. What was drawn first is kept: several tables ask for it.
    """
    return inputs.kept("countries", sampler, (), partial(_drawn, inputs))


def _drawn(inputs: SimulationInputs, sampler: Sampler) -> Countries:
    count = len(inputs.countries)
    if inputs.overlap_model is None or not count:
        nothing = np.full((count, sampler.count), np.nan)
        none = np.empty((0, sampler.count))
        places = Places(inputs.parts.iloc[:0], PartDraws(none, none), inputs.parent)
        return Countries(nothing, nothing, places)
    return steps(inputs, inputs.overlap_model, sampler).countries


def _of_kind(wanted: Unions, kind: str, drawn: Array, count: int) -> Array:
    """The drawn unions of a kind (countries, D); NaN for countries without one."""
    rows = wanted.table["kind"].to_numpy(dtype=object) == kind
    found = np.full((count, drawn.shape[1]), np.nan)
    found[wanted.table["number"].to_numpy()[rows]] = drawn[rows]
    return found


def country_unions(inputs: SimulationInputs) -> Unions:
    """The unions of each country: those exposed, the feature users, and both together."""
    countries = inputs.countries.reset_index(names="number")
    number = countries[[*COUNTRY, "number"]]
    own = inputs.audiences.merge(number, on=COUNTRY)[["number", "row"]]
    own = own.rename(columns={"row": "audience"})
    used = inputs.feature_shares.reset_index(names="place").merge(number, on=COUNTRY)
    asked = used.assign(audience=used["place"] + len(inputs.audiences))[["number", "audience"]]
    parts = {
        "exposed": own,
        "users": asked,
        "both": pd.concat([own[own["number"].isin(asked["number"])], asked]),
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


def _given(
    inputs: SimulationInputs,
    overlap_model: OverlapModel,
    own: Array,
    found: _Unions,
    sampler: Sampler,
) -> Array:
    """People exposed (countries, D), where overlaps were measured given those."""
    exposed, bases = found.exposed, found.bases
    keys = list(inputs.countries[COUNTRY].itertuples(index=False, name=None))
    people = exposed.copy()
    for one in inputs.bounds.overlaps:
        if one.key not in keys or not one.used:
            continue
        at, country = keys.index(one.key), one.key[1]
        same = (inputs.audiences[COUNTRY] == list(one.key)).all(axis=1)
        rows = inputs.audiences[same].sort_values(AUDIENCE)["row"]
        shares = np.clip(own[rows] / bases[at], 0.0, 1.0)
        use = unions.joint_use(overlap_model, country, sampler)
        given = overlaps.conditioned(one, shares, (overlap_model, use), bases[at], sampler)
        people[at] = np.where(np.isnan(given), exposed[at], bases[at] * given)
    return people


def people_on_a_day(
    inputs: SimulationInputs, wanted: Intervals, places: Places, sampler: Sampler
) -> Array:
    """Draws (sets, D) of the people under a restriction on a day of each set; not to be changed."""
    model = inputs.overlap_model
    if model is None:
        raise ValueError("without a model of joint use nothing is drawn")

    def drawn(stream: Sampler) -> Array:
        return parts.daily_people(wanted, inputs.timeline, places, model, stream, inputs.kept)

    return inputs.kept("on a day", sampler, (wanted[1], places), drawn)


def _restrictions(inputs: SimulationInputs, drawn: Array) -> Array:
    """Sums over countries (restrictions, D)."""
    names = inputs.countries["restriction_id"]
    total = unions.by_restriction(drawn, names, inputs.restrictions)
    total[~inputs.restrictions.isin(names)] = np.nan
    return total


def _outside(inputs: SimulationInputs, drawn: Array) -> Array:
    """The share of draws (restrictions,) of the people exposed outside their bounds."""
    bound = inputs.bounds.of(EXPOSED).reindex(inputs.restrictions)
    lower = bound["lower_persons"].fillna(0.0).to_numpy("float64")
    return unions.outside(drawn, lower, bound["upper_persons"].to_numpy("float64"))


def _deprived(inputs: SimulationInputs, users: Array, sampler: Sampler) -> Array:
    """Feature users less those who keep access; NaN where nobody counted them."""
    without = np.full_like(users, np.nan)
    if not inputs.circumvention.empty:
        rows = inputs.restrictions.get_indexer(inputs.circumvention["restriction_id"])
        share = inputs.kept(
            "circumvention",
            sampler,
            (),
            partial(feature_users.circumvention, inputs.circumvention),
        )
        without[rows] = users[rows] * (1.0 - share)
    return without


def _person_days(
    inputs: SimulationInputs,
    places: Places,
    sampler: Sampler,
) -> Array:
    """Person-days (restrictions, D) over the whole time each restriction is on record."""
    days = np.full((len(inputs.restrictions), sampler.count), np.nan)
    line = inputs.timeline
    wanted = line.intervals(line.drawn_rows, "end", by_country=False)
    found, members = wanted
    if members.empty:
        return days
    per_day = people_on_a_day(inputs, wanted, places, sampler)
    names = found["group"].str.rsplit("|", n=1).str[0]
    at = (inputs.restrictions.get_indexer(names), found["set_id"].to_numpy())
    shape = (len(days), len(per_day))
    total = csr_array((found["days"].to_numpy("float64"), at), shape=shape) @ per_day
    known = inputs.restrictions.isin(names)
    days[known] = total[known]
    return days
