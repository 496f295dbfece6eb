"""Evidence beside restrictions: who saw them, for how many hours, and how much was lost.

Definitions. Evidence is of a restriction if it names it (`restriction_id`), or if it is of an
order, its time overlaps the days of the restriction, and its area is that of the restriction: the
country, or a region that the restriction names. Its hours are those of the outages: of one that
began in the days of the restriction, or on the day before, all, of another those in its days and
one to either side, because registers print local dates and days that are off by one. A share lost
is the part of traffic or addresses that was gone.

Method. Outages of a country are of restrictions that are national, or in several regions on all
networks: an outage of a whole country does not measure a cut of a district. Of several shares lost
in a place the smallest and the largest count.

Assumptions. An ordered outage of a country in the days of a national restriction is that one.

Known drawbacks. Networks are not compared: evidence of single networks confirms nothing unless it
names its restriction. The absence of evidence proves nothing.

Citation. Rules of this project, docs/method.md.
"""

import pandas as pd

from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.periods import ONE_DAY
from audience_impact.populations import country_of, parents_of
from audience_impact.vocabulary import (
    Cause,
    EndStatus,
    EvidenceScope,
    GeoScope,
    NetworkScope,
    Severity,
)

LOST = ["least_lost_share", "most_lost_share"]
LINKED = ["restriction_id", "evidence_id", "area_id", "evidence_scope", "hours", *LOST]


def link_evidence(restrictions: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the evidence of each restriction, with columns LINKED.

    `restrictions` are those of a scope, with `first_day`.
    """
    evidence = tables["evidence"].drop(columns=PROVENANCE)
    begin, end = (
        pd.to_datetime(evidence[name], errors="coerce", format="ISO8601", utc=True)
        for name in ("begin", "end")
    )
    begin, end = begin.dt.tz_localize(None), end.dt.tz_localize(None)
    parents = parents_of(tables["areas"])
    country = evidence["area_id"].map(lambda area: country_of(area, parents)).astype("str")
    timed = evidence.assign(begin=begin, end=end, country_id=country)
    places = _list_places(restrictions, tables)
    near = timed[timed["restriction_id"] == ""].drop(columns="restriction_id")
    near = near[near["cause_kind"] == Cause.ORDER.value].merge(places, on="country_id")
    in_area = (near["evidence_scope"] == EvidenceScope.COUNTRY.value) & near["is_of_country"]
    in_area |= (near["evidence_scope"] == EvidenceScope.REGION.value) & (
        near["area_id"] == near["place_id"]
    )
    overlaps = (near["end"] > near["first_day"]) & (near["begin"] < near["last_end"])
    named = timed.assign(area_id="").merge(places.drop(columns="country_id"), on="restriction_id")
    linked = pd.concat([near[in_area & overlaps], named], ignore_index=True)
    first, last = linked["first_day"] - ONE_DAY, linked["last_end"] + ONE_DAY
    start = linked["begin"].where(linked["begin"] > first, first)
    end = linked["end"].where((linked["begin"] >= first) | (linked["end"] < last), last)
    hours = ((end - start) / pd.Timedelta(hours=1)).clip(lower=0.0)
    linked["hours"] = hours.where(linked["begin"].notna())
    keys = ["restriction_id", "evidence_id"]
    return linked.drop_duplicates(keys)[LINKED].sort_values(keys, ignore_index=True)


def _list_places(restrictions: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return a row for each restriction and place, with its country and days.

    `is_of_country` states whether an outage of the country measures the restriction.
    """
    ended = restrictions["ended_on_end"].where(
        restrictions["end_status"] != EndStatus.ONGOING.value, pd.Timestamp.max.floor("D")
    )
    several = restrictions["geo_scope"] == GeoScope.MULTI_REGION.value
    about = restrictions[["restriction_id", "area_ids", "first_day"]].assign(
        last_end=ended.fillna(restrictions["first_day"] + ONE_DAY),
        is_of_country=(restrictions["geo_scope"] == GeoScope.NATIONAL.value)
        | (several & (restrictions["network_scope"] == NetworkScope.ALL.value)),
    )
    about = about[restrictions["severity"].eq(Severity.NETWORK_UNAVAILABLE.value).to_numpy()]
    areas = about.assign(place_id=about["area_ids"].str.split(";")).explode("place_id")
    texts = tables["restriction_places"][["restriction_id", "area_id"]]
    named = about.merge(texts.rename(columns={"area_id": "place_id"}), on="restriction_id")
    places = pd.concat([areas, named], ignore_index=True)
    parents = parents_of(tables["areas"])
    country = places["place_id"].map(lambda area: country_of(area, parents)).astype("str")
    return places.assign(country_id=country)


def find_lost_shares(linked: pd.DataFrame) -> pd.DataFrame:
    """Return the smallest and largest share lost, by `restriction_id` and `area_id`.

    The area is blank if the share applies to all places of the restriction.
    """
    of_all = linked["evidence_scope"] == EvidenceScope.COUNTRY.value
    about = linked.assign(area_id=linked["area_id"].mask(of_all, "")).dropna(subset=LOST)
    return about.groupby(["restriction_id", "area_id"], as_index=False).agg(
        {LOST[0]: "min", LOST[1]: "max"}
    )
