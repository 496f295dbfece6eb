"""Draws of the part of a country that a partial restriction affects.

Definitions. Online of a place: the share that its people online are of the country's. Cut of a
place: the share of its people online who are affected because that place was named. The part of a
restriction in a country is the share of its people online in the places named, each person once
(places/nesting.py).

Method. With O people online of N in the country, P people in the place and d the log odds of being
online there less those of the country, s = expit(logit(O / N) + d) of them are online, and the
place has P s of the O: never more than its people, as drawn and as expected. d has the error of
reading as well, common to the places of a country. A place named whole is cut wholly; within, by
the share of its people who live in the part that is meant (places/population.py);
city_or_district is the smaller place as often as a register means it where its other cells say
(CITY_COUNTS). Times that go the share whom the network leaves without any, and the share of traffic
or addresses that was lost, where that is on record. People exposed, and their days, are the union
of the audiences in the country times the part.

Each place, network and meaning has a draw of its own, the same in all restrictions; if a text says
"in" a place, each restriction has a separate draw.

Assumptions. Users of a service are distributed over the places like the people online. Who loses a
part of the traffic is the same part of the people.

Known drawbacks. A city that is not on record is between UNNAMED_CITY of its district, by
convention. How often a city is meant is known for India; for other countries a few places say it.

Citation. Rules of this project, docs/method.md, docs/decisions.md.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from audience_impact import figure_errors
from audience_impact.audiences.parts import PEOPLE, READING_ODDS
from audience_impact.audiences.scope import COUNTRY
from audience_impact.facts.events import LOST
from audience_impact.figure_errors import MOST_SHARE, Z95
from audience_impact.frames import Array
from audience_impact.places import nesting
from audience_impact.places.networks import SHARE_QUANTILES
from audience_impact.places.online import ODDS_QUANTILES
from audience_impact.simulation.audiences import read_columns
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import PlaceReading

CITY_COUNTS = {"IN": (3, 65), "PK": (2, 4)}
"""Numbers by country, among places of a register that its other cells call city or district: those
that are the city, and all. A count of the STOP register, edition 2016 to 2025."""
PRIOR_PLACES = 4.0
"""Places of all countries together that count beside those of a country itself."""
UNNAMED_CITY = (0.02, 0.6)
"""Share of its district, between these, of a city that is not on record: a convention."""
SURE = 1.0 - 1e-12


class PartDraws(NamedTuple):
    """Draws (rows of `inputs.parts`, D) of the cut and the online share of each place."""

    cut: Array
    online: Array


def draw_places(parts: pd.DataFrame, online: Array, sampler: Sampler) -> PartDraws:
    """Return the draws of PARTS; `online` (rows, D) are the people online in each country."""
    cut = draw_network_share(parts, sampler) * draw_lost_share(parts, sampler)
    cut = cut * draw_reading(parts, sampler)
    return PartDraws(cut, share_online(parts, online, sampler))


def share_online(parts: pd.DataFrame, online: Array, sampler: Sampler) -> Array:
    """Return the share (rows, D) of the people online of its country who live in each place."""
    country_people = parts["country_persons"].to_numpy("float64")[:, None]
    share = np.clip(online / country_people, 1e-9, MOST_SHARE)
    online_share = expit(logit(share) + _draw_odds(parts, sampler))
    is_whole_country = (parts["area_id"] == parts["country_id"]).to_numpy()[:, None]
    of_country = draw_residents(parts, sampler) * online_share / (share * country_people)
    place_online = np.where(is_whole_country, 1.0, of_country)
    most = np.minimum(parts["people_persons"].to_numpy("float64")[:, None] / online, 1.0)
    return np.asarray(np.minimum(place_online, most))


def _draw_odds(parts: pd.DataFrame, sampler: Sampler) -> Array:
    def draw(distinct: pd.DataFrame) -> Array:
        u = sampler.draw_rows("online|" + distinct["area_id"])
        low, middle, high, error = read_columns(distinct, [*ODDS_QUANTILES, READING_ODDS])
        common = sampler.draw_normals("reading|" + distinct["country_id"])
        odds = figure_errors.draw_through_quantiles(u, low, middle, high)
        return np.asarray(odds + error / Z95 * common)

    return sampler.draw_distinct(
        parts, ["country_id", "area_id", *ODDS_QUANTILES, READING_ODDS], draw
    )


def draw_residents(parts: pd.DataFrame, sampler: Sampler) -> Array:
    """Return people (rows, D) of each place, through the quantiles of their logarithm."""

    def draw(distinct: pd.DataFrame) -> Array:
        low, middle, high = (np.log(column) for column in read_columns(distinct, PEOPLE))
        u = sampler.draw_rows("people|" + distinct["area_id"])
        return np.asarray(np.exp(figure_errors.draw_through_quantiles(u, low, middle, high)))

    return sampler.draw_distinct(parts, ["area_id", *PEOPLE], draw)


def draw_lost_share(parts: pd.DataFrame, sampler: Sampler) -> Array:
    """Return the share (rows, D) that was lost: uniform between its ends; 1 if not on record."""
    low, high = (parts[name].fillna(1.0).to_numpy("float64")[:, None] for name in LOST)
    share = np.repeat(low, sampler.count, axis=1)
    is_range = (low < high)[:, 0]
    keys = "lost|" + parts["restriction_id"] + "|" + parts["area_id"]
    share[is_range] += (high - low)[is_range] * sampler.draw_rows(keys[is_range])
    return share


def draw_network_share(parts: pd.DataFrame, sampler: Sampler) -> Array:
    """Return the share (rows, D) of the people online who have only the network that was cut."""

    def draw(distinct: pd.DataFrame) -> Array:
        names = distinct["country_id"] + "|" + distinct["network"]
        u = sampler.draw_rows("network|" + names)
        low, middle, high = (
            logit(np.clip(end, 1e-12, SURE)) for end in read_columns(distinct, SHARE_QUANTILES)
        )
        some = expit(figure_errors.draw_through_quantiles(u, low, middle, high))
        return np.where(middle >= logit(SURE), 1.0, some)

    return sampler.draw_distinct(parts, ["country_id", "network", *SHARE_QUANTILES], draw)


def draw_reading(parts: pd.DataFrame, sampler: Sampler) -> Array:
    """Return the share (rows, D) of each place that its text means."""
    share = np.ones((len(parts), sampler.count))
    is_within = (parts["reading"] == PlaceReading.WITHIN.value).to_numpy()
    is_either = (parts["reading"] == PlaceReading.CITY_OR_DISTRICT.value).to_numpy()
    within, either = parts[is_within], parts[is_either]
    u = sampler.draw_rows("within|" + within["restriction_id"] + "|" + within["area_id"])
    columns = ("part_persons", "people_persons", "part_deviation")
    persons, people, deviation = read_columns(within, columns)
    share[is_within] = np.minimum(persons / people * np.exp(deviation * ndtri(u)), 1.0)
    u = sampler.draw_rows("meant|" + either["area_id"] + "|" + either["least_area_id"])
    city_persons, people = read_columns(either, ("least_persons", "people_persons"))
    chance = either["country_id"].map(find_city_share).to_numpy("float64")[:, None]
    low, high = UNNAMED_CITY
    guess = low + (high - low) * u / chance
    city = np.where(np.isnan(city_persons), guess, np.minimum(city_persons / people, 1.0))
    share[is_either] = np.where(u < chance, city, 1.0)
    return share


def find_city_share(country_id: str) -> float:
    """Return the share of draws that mean the city, for names of a city and a district."""
    cities, places = np.sum(list(CITY_COUNTS.values()), axis=0)
    of_country, count = CITY_COUNTS.get(country_id, (0, 0))
    return float((of_country + PRIOR_PLACES * cities / places) / (count + PRIOR_PLACES))


class Places(NamedTuple):
    """The places of partial restrictions that can be drawn, their draws, and parents."""

    rows: pd.DataFrame
    drawn: PartDraws
    parent: nesting.Parents


class Countries(NamedTuple):
    """Draws of the countries of complete restrictions."""

    exposed: Array  # (countries, D), in the order of `SimulationInputs.countries`
    users: Array  # those of them who use the restricted features
    places: Places  # the places of partial restrictions


def find_countries(rows: pd.DataFrame, countries: pd.DataFrame) -> NDArray[np.intp]:
    """Return the row of `countries` of each row, by COUNTRY; -1 where there is none."""
    keys = pd.MultiIndex.from_frame(countries[COUNTRY])
    return np.asarray(keys.get_indexer(pd.MultiIndex.from_frame(rows[COUNTRY])))


def country_shares(places: Places, countries: pd.DataFrame) -> Array:
    """Return the part (countries, D) of each row of `countries` (COUNTRY); 1 without places."""
    parts, drawn = places.rows, places.drawn
    share = np.ones((len(countries), drawn.cut.shape[1]))
    numbers, sets = np.unique(find_countries(parts, countries), return_inverse=True)
    holder = nesting.find_holders(sets, parts["area_id"], places.parent)
    part = nesting.unite_people(drawn.cut, drawn.online, holder, sets, len(numbers))
    share[numbers] = np.minimum(part, 1.0)
    return share
