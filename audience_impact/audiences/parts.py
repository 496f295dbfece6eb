"""The part of a country that a partial restriction touches: in which places, on which networks.

Definitions. A part is what a restriction touches of the people online of a country. Its places are
those that the register's text names, else the regions of the act, else the country, of which then
some networks alone are touched. A reading says how a text names a place: whole; within, somewhere
in it, so that the truth lies between nobody and everyone there; or city_or_district, where the
place or one inside it (`least_area_id`) may be meant.

Method. A row a restriction, country and place has all that the share is drawn from: people of the
place (places/population.py), how people there are online compared with the country
(places/online.py), who of them has only the network that was cut (places/networks.py).
`reason` says by a word of PartGap why no law can be had; one place without makes the part unknown.

Assumptions. What a place is of its country on the first day it stays as long as the restriction
lasts. Users of a service live where people online do.

Known drawbacks. That assumption on services; a region that leads in a service counts too little.

Citation. Rules of this project, docs/method.md.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from audience_impact.audiences.scope import COUNTRY, Scope
from audience_impact.facts.tables import Tables
from audience_impact.fitted.models import FittedModels
from audience_impact.frames import DAY, NUMBER, TEXT, TRUTH, Frame
from audience_impact.places import nesting, networks, online, population
from audience_impact.populations import countries_of, country_of, is_region, parents_of
from audience_impact.vocabulary import GeoScope, PartGap, PlaceReading, RungFamily

PEOPLE = ["people_low_persons", "people_persons", "people_high_persons"]
"""How many people live in a place: 5 % quantile, median, 95 % quantile."""
ONLINE = ["online_q05", "online_q50", "online_q95"]
"""Log odds of being online in a place less those of the country."""
ONLY = ["only_q05", "only_q50", "only_q95"]
"""Share of the people online whom the networks cut leave without any."""
COUNTRY_RUNG = "whole_country"
"""Rung of a country that is itself the place."""
ASKED = [COUNTRY_RUNG, online.RUNGS[0]]
"""Rungs of places whose people were asked who is online."""
COUNTED_NETWORKS = list(networks.RUNGS[:2])
"""Rungs of networks whose users follow from counts of the country."""
PARTS = Frame(
    "inputs.parts",
    {
        **dict.fromkeys(COUNTRY, TEXT),
        "area_id": TEXT,
        "start": DAY,
        "reading": TEXT,
        "least_area_id": TEXT,
        "network": TEXT,
        **dict.fromkeys([*PEOPLE, "least_persons", "most_persons", "country_persons"], NUMBER),
        **dict.fromkeys([*ONLINE, *ONLY], NUMBER),
        "is_named": TRUTH,
        "place_rung": TEXT,
        "network_rung": TEXT,
        "reason": TEXT,
    },
    key=(*COUNTRY, "area_id"),
)


def parts(scope: Scope, tables: Tables, fitted: FittedModels) -> pd.DataFrame:
    """The places of every restriction that is known to touch only a part, as PARTS has them."""
    acts = scope.restrictions
    is_wanted = acts["restriction_id"].isin(scope.wanted["restriction_id"])
    asked = acts[is_wanted & acts["is_partial"] & ~acts["is_never_enforced"]]
    named = _named(asked, tables)
    names = ["start", "is_start_known", "network_scope", "operators"]
    rows = named.merge(asked[["restriction_id", *names]], on="restriction_id", how="left")
    rows = rows.sort_values([*COUNTRY, "area_id"], ignore_index=True).assign(
        day=lambda frame: frame["start"]
    )
    shut = [fitted.closed_levels[family] for family in (RungFamily.PLACE, RungFamily.NETWORK)]
    return _reasoned(_measured(rows, tables, fitted), shut)


def _named(acts: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Each act's places in each of its countries, with reading, least place, and what is missing.

    A country of which no place is known has a row of its own that says so.
    """
    told = _of_texts(acts, tables)
    areas = acts.assign(area_id=acts["area_ids"].str.split(";"))
    each = areas[["restriction_id", "geo_scope", "area_id"]].explode("area_id", ignore_index=True)
    regions = each["area_id"].map(is_region).astype(bool)
    whole = each["geo_scope"].eq(GeoScope.NATIONAL.value) | each["geo_scope"].eq(
        GeoScope.NETWORK_ONLY.value
    )
    plain = each[(regions | whole) & ~each["restriction_id"].isin(told["restriction_id"])].assign(
        reading=PlaceReading.WHOLE.value, least_area_id="", missing=""
    )
    known = pd.concat([told, plain.drop(columns="geo_scope")], ignore_index=True)
    parents = parents_of(tables["areas"])
    country = known["area_id"].map(lambda area: country_of(area, parents)).astype("str")
    known = known.assign(country_id=country)
    wanted = _countries(acts, parents)
    found = wanted.merge(known, on=COUNTRY, how="left")
    lost = found["area_id"].isna()
    return found.assign(
        area_id=found["area_id"].where(~lost, found["country_id"]),
        reading=found["reading"].where(~lost, PlaceReading.WHOLE.value),
        least_area_id=found["least_area_id"].fillna(""),
        missing=found["missing"]
        .fillna("")
        .where(~lost & ~_somewhere(found), PartGap.NO_PLACES.value),
    ).drop_duplicates([*COUNTRY, "area_id"])


def _somewhere(places: pd.DataFrame) -> "pd.Series[bool]":
    """Which places are no more than somewhere in the country: how much of it, no text tells."""
    is_within = places["reading"] == PlaceReading.WITHIN.value
    return is_within & (places["area_id"] == places["country_id"])


def _countries(acts: pd.DataFrame, parents: Mapping[str, str]) -> pd.DataFrame:
    """The countries of each act."""
    ids = acts["area_ids"].str.split(";").map(lambda areas: countries_of(areas, parents))
    return (
        acts[["restriction_id"]]
        .assign(country_id=ids)
        .explode("country_id", ignore_index=True)
        .astype("str")
    )


def _of_texts(acts: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """What the texts of a register name, by act."""
    told = tables["restriction_places"][["restriction_id", "area_id", "reading", "least_area_id"]]
    return told[told["restriction_id"].isin(acts["restriction_id"])].assign(missing="")


def _measured(rows: pd.DataFrame, tables: Tables, fitted: FittedModels) -> pd.DataFrame:
    """The laws of people, of being online, and of the network, of each place."""
    people, country, least = _people_of(rows, tables)
    odds = online.online_odds(rows[["area_id", "day"]], tables, fitted.places)
    is_whole = rows["area_id"] == rows["country_id"]
    odds[ONLINE] = odds[ONLINE].mask(is_whole, 0.0)
    cut = rows[["country_id", "day", "network_scope", "operators"]]
    only = networks.only_share(cut, tables["network_use"], fitted.networks)
    return rows.join(people[[*PEOPLE, "most_persons"]]).assign(
        least_persons=least["people_persons"].where(rows["least_area_id"] != ""),
        country_persons=country["people_persons"],
        network=rows["network_scope"] + "|" + rows["operators"].fillna("").astype("str"),
        **{name: odds[name] for name in ONLINE},
        **{name: only[name] for name in ONLY},
        place_rung=odds["rung"].where(~is_whole, COUNTRY_RUNG),
        network_rung=only["rung"],
        network_reason=only["reason"].fillna("").astype("str"),
    )


def _people_of(rows: pd.DataFrame, tables: Tables) -> list[pd.DataFrame]:
    """The people of each place, of its country, and of the least place, asked for all at once."""
    areas = [rows[name] for name in ("area_id", "country_id", "least_area_id")]
    days = pd.concat([rows["day"]] * len(areas), ignore_index=True)
    asked = pd.DataFrame({"area_id": pd.concat(areas, ignore_index=True), "day": days})
    found = population.people(asked, tables)
    count = len(rows)
    return [
        found.iloc[at * count : (at + 1) * count].set_axis(rows.index) for at in range(len(areas))
    ]


def _reasoned(rows: pd.DataFrame, shut: Sequence[list[str]]) -> pd.DataFrame:
    """Column `reason`: why nothing can be drawn (PartGap), blank where it can; and `is_named`.

    `shut` are the closed rungs of places and of networks.
    """
    people = rows[[*PEOPLE, "country_persons", *ONLINE]].notna().all(axis=1)
    words = rows["missing"].astype("str")
    is_named = words == ""
    words = words.mask(is_named & ~rows["is_start_known"], PartGap.NO_DAY.value)
    words = words.mask(words.eq("") & ~people, PartGap.NO_POPULATION.value)
    is_closed = rows["place_rung"].isin(shut[0]) | rows["network_rung"].isin(shut[1])
    words = words.mask(words.eq("") & is_closed, PartGap.RUNG_CLOSED.value)
    without = rows[ONLY].isna().any(axis=1)
    reason = rows["network_reason"].where(
        rows["network_reason"] != "", PartGap.NETWORKS_UNKNOWN.value
    )
    return rows.assign(reason=words.mask(words.eq("") & without, reason), is_named=is_named)


def drawable(scope: Scope, parts: pd.DataFrame) -> pd.Index:
    """Restrictions that touch everyone in their audiences, or a part that can be drawn."""
    acts = scope.by_id
    known = (parts["reason"] == "").groupby(parts["restriction_id"]).all()
    in_part = acts.index.isin(known.index[known.astype(bool)])
    return acts.index[acts["is_reaching_everyone"] | in_part]


def below_country(parts: pd.DataFrame) -> pd.Index:
    """COUNTRY of which every place named lies below the country."""
    return _all(parts["area_id"] != parts["country_id"], parts)


def limits(parts: pd.DataFrame, parent: nesting.Parents) -> pd.Series:
    """All the people of the places named, each once, by COUNTRY; NaN where one is not on record.

    `parent` as nesting.parents gives it. A whole country is no limit.
    """
    return _people(parts, parts["most_persons"], parent)


def residents(parts: pd.DataFrame, parent: nesting.Parents) -> pd.Series:
    """The people who live in the places named, as they are expected, by COUNTRY; NaN likewise."""
    return _people(parts, parts["people_persons"], parent)


def most_residents(parts: pd.DataFrame, parent: nesting.Parents) -> pd.Series:
    """No more people than live in the places named, also where counts are off, likewise."""
    return _people(parts, parts[["people_high_persons", "most_persons"]].max(axis=1), parent)


def _people(parts: pd.DataFrame, persons: pd.Series, parent: nesting.Parents) -> pd.Series:
    if parts.empty:
        empty = pd.MultiIndex.from_frame(parts[COUNTRY])
        return pd.Series(np.empty(0), empty, dtype="float64")
    groups = parts.groupby(COUNTRY, sort=True)
    sets = groups.ngroup().to_numpy()
    holder = nesting.holders(sets, parts["area_id"], parent)
    everyone = np.ones((len(parts), 1))
    found = nesting.union(
        everyone, persons.fillna(0.0).to_numpy("float64")[:, None], holder, sets, groups.ngroups
    )
    named = persons.notna() & parts["is_named"]
    total = pd.Series(found[:, 0].round(6), groups.size().index)  # carried in logs
    return total.where(total.index.isin(_all(named, parts)))


def _all(holds: pd.Series, parts: pd.DataFrame) -> pd.Index:
    """COUNTRY of which all rows hold."""
    every = holds.groupby([parts[name] for name in COUNTRY]).all()
    return every.index[every.astype(bool)]
