"""The part of a country that a partial restriction affects: its places and networks.

Definitions. A part is what a restriction affects of the people online of a country. Its places are
those that the register's text names, else the regions of the restriction, else the whole country,
if only some networks are affected. A reading describes how a text refers to a place: whole; within,
somewhere in the place, so that between no one and everyone there is affected; or city_or_district,
where the place or one inside it (`least_area_id`) may be meant.

Method. The result has one row per restriction, country and place, with everything from which the
share is drawn: people of the place (places/population.py), how people there are online compared
with the country (places/online.py), who of them has only the network that was cut
(places/networks.py). `reason` states by a word of PartGap why there is no distribution; if one
place has none, the whole part is unknown.
If the networks are not known and the source's own words say that not everyone was cut
(`extent_reason`), nothing states how many were, and there is no distribution.

Assumptions. The share of a place in its country stays as on the first day while the restriction
lasts. Users of a service live where people online do.

Known drawbacks. Because of the last assumption, a region where a service is used more than
elsewhere counts too little.

Citation. Rules of this project, docs/method.md.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from audience_impact.audiences.scope import COUNTRY, Scope
from audience_impact.facts.events import LOST, find_lost_shares
from audience_impact.facts.tables import Tables
from audience_impact.fitted.models import Context, FittedModels
from audience_impact.places import networks, online, population
from audience_impact.places.networks import SHARE_QUANTILES
from audience_impact.places.online import ODDS_QUANTILES
from audience_impact.places.population import PART
from audience_impact.populations import countries_of, country_of, is_region
from audience_impact.vocabulary import (
    GeoScope,
    NetworkScope,
    PartGap,
    PartKind,
    PlaceReading,
    RungFamily,
)

PEOPLE = ["people_low_persons", "people_persons", "people_high_persons"]
"""Columns of the residents of a place: 5 % quantile, median, 95 % quantile."""
READING_ODDS = "reading_odds"
"""Column of the half width of the error of reading; zero where the place is the country."""
WHERE_PART = ["least_area_id", "part_kind", "units_count"]
"""Columns of the part of a place that a text means."""
COUNTRY_LEVEL = "whole_country"
SURVEYED_LEVELS = [COUNTRY_LEVEL, online.PLACE_LEVELS[0]]
"""Evidence levels of places where a survey asked people whether they are online."""
COUNTED_NETWORKS = [*networks.NETWORK_LEVELS[:2], networks.OPERATORS]
"""Evidence levels of networks whose users follow from counts in the country."""
PARTS = [
    *COUNTRY,
    "area_id reading least_area_id part_kind network place_rung network_rung reason start is_named",
    "units_count least_persons most_persons country_persons",
    *(*PART, *PEOPLE, *ODDS_QUANTILES, *SHARE_QUANTILES, READING_ODDS, *LOST),
]
"""Columns of the places of a partial restriction, as `Declared` reads them."""


def select_parts(scope: Scope, context: Context) -> pd.DataFrame:
    """Return the places of every restriction of a part of a country, with columns PARTS."""
    restrictions, fitted = scope.restrictions, context.fitted
    is_wanted = restrictions["restriction_id"].isin(scope.requested["restriction_id"])
    is_enforced = ~restrictions["is_never_enforced"]
    partial = restrictions[is_wanted & restrictions["is_partial"] & is_enforced]
    names = ["start", "is_start_known", "network_scope", "operators", "extent_reason"]
    rows = _locate_places(partial, context).merge(
        partial[["restriction_id", *names]], on="restriction_id", how="left", validate="m:1"
    )
    rows = rows.sort_values([*COUNTRY, "area_id"], ignore_index=True)
    # A share lost is of the place, else of its restriction; it counts everyone there, whatever
    # their network.
    lost, key = find_lost_shares(scope.evidence), ["restriction_id", "area_id"]
    of_all = rows[key].assign(area_id="").merge(lost, on=key, how="left")[LOST]
    of_place = rows[key].merge(lost, on=key, how="left")[LOST]
    shares = of_place.where(of_place.notna(), of_all)
    network = rows["network_scope"].mask(shares[LOST[0]].notna(), NetworkScope.ALL.value)
    rows = rows.assign(day=rows["start"], **shares, network_scope=network)
    return _add_reasons(_measure_places(rows, context.tables, fitted), fitted.closed_levels)


def _locate_places(restrictions: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return a row for each COUNTRY and place, with its reading; one row if no place is known."""
    parents = context.parents
    areas = restrictions["area_ids"].str.split(";")
    restricted = restrictions[["restriction_id", "geo_scope"]]
    from_texts = context.tables["restriction_places"]
    from_texts = from_texts[["restriction_id", "area_id", "reading", *WHERE_PART]]
    from_texts = from_texts[from_texts["restriction_id"].isin(restricted["restriction_id"])]
    by_area = restricted.assign(area_id=areas).explode("area_id", ignore_index=True)
    is_place = by_area["area_id"].map(is_region).astype(bool)
    is_place |= by_area["geo_scope"].isin([GeoScope.NATIONAL.value, GeoScope.NETWORK_ONLY.value])
    is_in_text = by_area["restriction_id"].isin(from_texts["restriction_id"])
    plain = by_area[is_place & ~is_in_text].assign(
        reading=PlaceReading.WHOLE.value, **dict.fromkeys(WHERE_PART, "")
    )
    places = pd.concat([from_texts, plain.drop(columns="geo_scope")], ignore_index=True)
    country = places["area_id"].map(lambda area: country_of(area, parents)).astype("str")
    countries = restricted[["restriction_id"]].assign(
        country_id=areas.map(lambda ids: countries_of(ids, parents))
    )
    countries = countries.explode("country_id", ignore_index=True).astype("str")
    rows = countries.merge(places.assign(country_id=country), on=COUNTRY, how="left")
    lost = rows["area_id"].isna()
    # Of some places only the country is on record, and no number of regions.
    units = pd.to_numeric(rows["units_count"])
    is_counted = (rows["part_kind"] == PartKind.DISTRICTS.value) & units.notna()
    is_vague = (rows["reading"] == PlaceReading.WITHIN.value) & ~is_counted
    is_located = ~lost & ~(is_vague & (rows["area_id"] == rows["country_id"]))
    return rows.assign(
        area_id=rows["area_id"].where(~lost, rows["country_id"]),
        reading=rows["reading"].where(~lost, PlaceReading.WHOLE.value),
        **{name: rows[name].fillna("") for name in ("least_area_id", "part_kind")},
        units_count=units.astype("float64"),
        missing=pd.Series("", rows.index).where(is_located, PartGap.NO_PLACES.value),
    ).drop_duplicates([*COUNTRY, "area_id"])


def _measure_places(rows: pd.DataFrame, tables: Tables, fitted: FittedModels) -> pd.DataFrame:
    names, count = ("area_id", "country_id", "least_area_id"), len(rows)
    places = [rows[["day"]].assign(area_id=rows[name]) for name in names]
    estimated = population.estimate_people(pd.concat(places, ignore_index=True), tables)
    people, country, least = (
        estimated[at * count : (at + 1) * count].set_axis(rows.index) for at in range(len(names))
    )
    urban = rows["area_id"].map(population.read_urban_shares(tables))
    with_people = rows.join(people).assign(urban_share=urban)
    sizes = population.predict_persons(with_people, tables["areas"], fitted.parts)
    odds = online.estimate_online_odds(rows[["area_id", "day"]], tables, fitted.places)
    is_whole = rows["area_id"] == rows["country_id"]
    only = networks.estimate_cut_share(rows, tables, fitted.networks)
    is_unknown = rows["network_scope"] == NetworkScope.UNKNOWN.value
    is_uncounted = is_unknown & (rows["extent_reason"] != "")
    reading_error = fitted.places.reading if fitted.places is not None else 0.0
    return with_people.assign(
        **sizes,
        **odds[ODDS_QUANTILES].mask(is_whole, 0.0),
        **only[SHARE_QUANTILES].mask(is_uncounted),
        least_persons=least["people_persons"].where(rows["least_area_id"] != ""),
        country_persons=country["people_persons"],
        network=rows["network_scope"] + "|" + rows["operators"].fillna("").astype("str"),
        **{READING_ODDS: ~is_whole * reading_error},
        place_rung=odds["rung"].where(~is_whole, COUNTRY_LEVEL),
        network_rung=only["rung"],
        network_reason=only["reason"].fillna("").astype("str"),
    )


def _add_reasons(rows: pd.DataFrame, closed: Mapping[RungFamily, Sequence[str]]) -> pd.DataFrame:
    """Return rows with `reason` (PartGap; blank where a part can be drawn) and `is_named`."""
    is_named = rows["missing"] == ""
    is_counted = rows[[*PEOPLE, "country_persons", *ODDS_QUANTILES]].notna().all(axis=1)
    is_part = rows["reading"] == PlaceReading.WITHIN.value
    is_closed = rows["place_rung"].isin(closed[RungFamily.PLACE])
    is_closed |= rows["network_rung"].isin(closed[RungFamily.NETWORK])
    reason = rows["missing"].astype("str")
    for word, holds in {
        PartGap.NO_DAY: ~rows["is_start_known"],
        PartGap.NO_POPULATION: ~is_counted,
        PartGap.PART_UNKNOWN: is_part & rows["part_deviation"].isna(),
        PartGap.RUNG_CLOSED: is_closed,
    }.items():
        reason = reason.mask((reason == "") & holds, word.value)
    of_network = rows["network_reason"].replace("", PartGap.NETWORKS_UNKNOWN.value)
    is_uncut = rows[SHARE_QUANTILES].isna().any(axis=1)
    return rows.assign(reason=reason.mask((reason == "") & is_uncut, of_network), is_named=is_named)


def find_drawable(scope: Scope, parts: pd.DataFrame) -> pd.Index:
    """Return restrictions that affect everyone in their audiences or a part that can be drawn."""
    restrictions = scope.by_id
    is_complete = (parts["reason"] == "").groupby(parts["restriction_id"]).all()
    in_part = restrictions.index.isin(is_complete.index[is_complete.astype(bool)])
    return restrictions.index[restrictions["is_reaching_everyone"] | in_part]
