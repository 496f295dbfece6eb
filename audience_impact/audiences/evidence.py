"""Evidence beside restrictions: who saw them, for how many hours, and how much was lost.

Definitions. Evidence is of a restriction if it names it (`restriction_id`), or if it is of an
order, its time overlaps the days of the restriction, and its area is that of the restriction: the
country, or a region that the restriction names. Its hours are those of the outages: of one that
began in the days of the restriction, or on the day before, all, of another those in its days and
one to either side, because registers print local dates and days that are off by one. A share lost
is the part of traffic or addresses that was gone.

Method. Only outages of a country count hours, and only for restrictions that are national, or in
several regions on all networks: an outage of a whole country does not measure a cut of a district.
A restriction then has these hours; without them the hours that its text prints, those of cuts for
exams, or, if it is a national order, those of other cuts (fitted/hours.py). Of several shares lost
in a place the smallest and the largest count.

Assumptions. An ordered outage of a country in the days of a national restriction is that one.

Known drawbacks. Networks are not compared: evidence of single networks confirms nothing unless it
names its restriction. The absence of evidence proves nothing.

Citation. Rules of this project, docs/method.md.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.fitted.hours import DAY_HOURS, PARAMETERS, fit_hours, quantile_hours
from audience_impact.periods import ONE_DAY
from audience_impact.populations import country_of, parents_of
from audience_impact.vocabulary import (
    Cause,
    EndStatus,
    EvidenceScope,
    GeoScope,
    HoursBasis,
    NetworkScope,
    Severity,
)

EXAMS = "exam"
"""Word in the occasion of cuts for exams."""
LOST = ["least_lost_share", "most_lost_share"]
LINKED = ["restriction_id", "evidence_id", "area_id", "evidence_scope", "hours", *LOST]
HOURS = ["hours_basis", "measured_hours", *PARAMETERS]
TOTALS = ["q05_in_force_hours", "q50_in_force_hours", "q95_in_force_hours"]


def link_evidence(restrictions: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the evidence of each restriction, with columns LINKED.

    `restrictions` are those of a scope, with `first_day`.
    """
    evidence = tables["evidence"].drop(columns=["row_layer", "row_file", "row_line"])
    begin, end = (
        pd.to_datetime(evidence[name], utc=True, errors="coerce").dt.tz_localize(None)
        for name in ("begin", "end")
    )
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


def count_days(times: pd.DataFrame, length: "pd.Series[float]") -> "pd.Series[float]":
    """Return the days in force of `length` days: listed days, else counted times, else all."""
    listed = times["days_in_force"].str.count(";").add(1.0).where(times["days_in_force"] != "")
    return np.fmin(length.astype("float64"), listed.fillna(times["times_in_force"]))


def describe_hours(restrictions: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Return HOURS of each restriction: the basis of its hours of a day, and their distribution."""
    about = restrictions.assign(
        measured_hours=_measure_hours(restrictions, linked),
        country_id=restrictions["area_ids"].str.split(";").str[0].map(country_of),
    )
    measured, printed = about["measured_hours"], _read_printed_hours(about)
    is_order = ~about["cause"].isin([Cause.ATTACK.value, Cause.DAMAGE.value])
    is_cut = about["severity"].eq(Severity.NETWORK_UNAVAILABLE.value) & is_order
    is_cut &= about["geo_scope"] == GeoScope.NATIONAL.value
    basis = about["hours_basis"].fillna("").astype("str")
    basis = basis.mask((basis == "") & is_cut, HoursBasis.NETWORK_CUT.value)
    basis = basis.mask(printed.notna(), HoursBasis.PRINTED.value)
    basis = basis.mask(measured.notna(), HoursBasis.MEASURED.value)
    fitted = fit_hours(list_known_hours(about), (printed / measured).dropna())
    about = about.assign(hours_basis=basis)
    return about[HOURS[:2]].join(fitted.predict(about))


def list_known_hours(restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return the hours of a day in force from which those of others are learned.

    They are measured, or printed by cuts for exams: other cuts print their hours if they are short.
    Columns: `restriction_id`, `hours_basis` (exams or network_cut), `country_id`, `hours`, and
    `is_measured`.
    """
    occasion = restrictions["occasion"].fillna("").str.casefold()
    is_exam = occasion.str.contains(EXAMS)
    is_cut = restrictions["severity"] == Severity.NETWORK_UNAVAILABLE.value
    measured = restrictions["measured_hours"]
    kinds = {True: HoursBasis.EXAMS.value, False: HoursBasis.NETWORK_CUT.value}
    return (
        restrictions[["restriction_id", "country_id"]]
        .assign(
            hours_basis=is_exam.map(kinds),
            hours=measured.fillna(_read_printed_hours(restrictions).where(is_exam & is_cut)),
            is_measured=measured.notna(),
        )
        .dropna(subset=["hours"])
    )


def _measure_hours(restrictions: pd.DataFrame, linked: pd.DataFrame) -> "pd.Series[float]":
    """Return the hours of a day in force by outages of the country; NaN where none was seen."""
    of_country = linked[linked["evidence_scope"] == EvidenceScope.COUNTRY.value]
    total = of_country.groupby("restriction_id")["hours"].sum()
    length = (restrictions["ended_on_end"] - restrictions["first_day"]).dt.days
    days = count_days(restrictions, length.clip(lower=1))
    return restrictions["restriction_id"].map(total[total > 0.0]) / days


def _read_printed_hours(restrictions: pd.DataFrame) -> "pd.Series[float]":
    least, most = (restrictions[f"{end}_hours_a_day"] for end in ("least", "most"))
    return np.sqrt(least * most)


def describe_total_hours(restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return quantiles of the hours in force in all, where the end and a basis of hours are known.

    Each day has at most 24 hours, or those measured where they do not fit into the days on record.
    """
    length = (restrictions["ended_on_end"] - restrictions["first_day"]).dt.days
    days = count_days(restrictions, length.where(length > 0)).to_numpy("float64")[:, None]
    most = np.fmax(restrictions["measured_hours"], DAY_HOURS).to_numpy("float64")[:, None]
    quantiles = np.array([[0.05, 0.5, 0.95]])
    total = days * quantile_hours(quantiles, restrictions, most)
    return pd.DataFrame(total.round(2), restrictions.index, columns=TOTALS)


def find_lost_shares(linked: pd.DataFrame) -> pd.DataFrame:
    """Return LOST by `restriction_id` and `area_id`: the smallest and the largest that were lost.

    The area is blank where the share is of all places of the restriction.
    """
    of_all = linked["evidence_scope"] == EvidenceScope.COUNTRY.value
    about = linked.assign(area_id=linked["area_id"].mask(of_all, "")).dropna(subset=LOST)
    return about.groupby(["restriction_id", "area_id"], as_index=False).agg(
        {LOST[0]: "min", LOST[1]: "max"}
    )
