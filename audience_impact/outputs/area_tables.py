"""Tables of countries and of regions by year, month and day, people beside person-days.

A table has rows of one span of time: adding up its countries is right, and a year is never beside
its months. Regions are in tables of their own, with their level, since those of one level contain
those of another. Each kind of restriction (vocabulary.RestrictionKind) has a row of its own.

Person-days of a region are the sums of those of its countries, draw by draw, as its people are
(areas.py); those of a country whose quantiles a rule withholds are in the bounds alone.
"""

import re
from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
from babel.core import get_global

from audience_impact.bounds import BOUNDS
from audience_impact.denominators.counts import Counts
from audience_impact.denominators.online import compute_moments
from audience_impact.facts.tables import Tables
from audience_impact.frames import no_rows
from audience_impact.outputs import areas
from audience_impact.outputs.queries import EVERY, Days
from audience_impact.outputs.review import reasons
from audience_impact.outputs.review.status_rules import ESTIMATED, MISSING, UNRELIABLE
from audience_impact.simulation import unions
from audience_impact.simulation.worlds import DRAWN, find_undrawn
from audience_impact.vocabulary import WORLD, RestrictionKind

KEY = ["area_id", "period", "kind"]
ALL = RestrictionKind.ALL.value
SPANS = {"year": len("2025"), "month": len("2025-01")}
"""The length of a period of each span, in the text of the period."""
STATUS = ["obs_status", "reason", "reason_rule_ids"]
NO_DAYS = dict.fromkeys(["days", *(f"{name}_person_days" for name in BOUNDS)], 0.0) | {
    "person_days_obs_status": MISSING,
    "person_days_reason": "",
    "person_days_reason_rule_ids": "",
}
"""Person-days of a period that contains none of the days on which a restriction recurs."""
SHARES = [f"{name}_persons" for name in unions.QUANTILES]
RETIRED = {"ANT", "BUR", "DDR", "FXX", "NTZ", "SCG", "SUN", "TMP", "XKK", "YMD", "YUG", "ZAR"}
"""Codes that ISO 3166-3 lists as withdrawn, and CLDR's own for Kosovo, where others use XKX."""
ALPHA_3 = re.compile(r"(?:^|;)([A-Z]{3})(?:;|$)")
"""The code of a country among its aliases, where ISO 3166 has none."""


def mask_withheld(days: Days, person_days: pd.DataFrame) -> Days:
    """Return the person-days of countries, without draws where a rule withholds the quantiles.

    Where those of all restrictions are withheld, no kind is drawn: a region then has at least as
    many person-days under all restrictions as under those of a kind.
    """
    answered = person_days[person_days["q50_person_days"].notna()]
    answered = answered[answered["restriction_id"] == EVERY][["area_id", "period"]]
    keys = pd.MultiIndex.from_frame(days.table[["country_id", "period"]])
    people = days.people.copy()
    people[~keys.isin(pd.MultiIndex.from_frame(answered)), DRAWN:] = np.nan
    return Days(days.table, people)


def sum_days(by_country: Mapping[str, Days], places: pd.DataFrame) -> pd.DataFrame:
    """Return the person-days of areas by KEY, with their status.

    `places` has `country_id` and each `area_id` that contains it, itself or a region.
    """
    tables = [
        days.table.assign(place=np.arange(len(days.table)), is_drawn=~find_undrawn(days.people))
        for days in by_country.values()
    ]
    pairs = pd.concat(tables, ignore_index=True).merge(places, on="country_id") if tables else None
    if pairs is None or pairs.empty:
        return no_rows([*KEY, *STATUS], [*areas.list_numbers("person_days"), "days"])
    sums = areas.sum_over_countries(
        pairs, lambda country: by_country[country].people, KEY[1:], "person_days"
    )
    groups = pairs.groupby(KEY)
    sums = sums.assign(days=groups["days"].max(), is_part=~groups["is_drawn"].all())
    return _add_status(sums.reset_index())


def _add_status(rows: pd.DataFrame) -> pd.DataFrame:
    rows, withheld = _withhold_days(rows)
    is_silent = rows["q50_person_days"].isna()
    flags = {"some_areas_undrawn": rows["is_part"] & ~is_silent, **withheld}
    status = np.select([is_silent, flags["some_areas_undrawn"]], [MISSING, UNRELIABLE], ESTIMATED)
    words = reasons.state_reasons(flags, rows.index)[STATUS[1:]]
    return rows.drop(columns="is_part").join(words).assign(obs_status=status)


def join_days(of_kinds: pd.DataFrame, person_days: pd.DataFrame) -> pd.DataFrame:
    """Return the person-days of countries by KEY.

    `of_kinds` are those that `sum_days` returns; of all restrictions of a country together,
    `person_days` says what the table of this name does.
    """
    together = person_days[person_days["restriction_id"] == EVERY].assign(kind=ALL)
    columns = [*KEY, *areas.list_numbers("person_days"), "days", *STATUS]
    parts = [part[columns] for part in (together, of_kinds[of_kinds["kind"] != ALL])]
    return areas.join_tables(parts, KEY)


def make_tables(
    people: pd.DataFrame, days: pd.DataFrame, on_days: pd.DataFrame, tables: Tables
) -> dict[str, pd.DataFrame]:
    """Return the published tables of countries and regions.

    Args:
        people: People by KEY, of all areas.
        days: Person-days by KEY, as `join_days` returns them.
        on_days: People by area and run of days, as impact_by_day.make_rows returns them.
        tables: The facts.
    """
    about = days.rename(columns={name: f"person_days_{name}" for name in STATUS})
    people = people.rename(columns={"platforms": "platform_ids"})
    joined = people.merge(about, on=KEY, how="left", validate="1:1")
    joined.loc[joined["days"].isna(), list(NO_DAYS)] = list(NO_DAYS.values())
    spans = {
        span: joined[joined["period"].str.len() == length].assign(**{span: joined["period"]})
        for span, length in SPANS.items()
    }
    spans["day"] = _spread_days(_withhold_days(on_days)[0])
    made = {}
    for span, rows in spans.items():
        described = _describe_areas(rows, rows[span].str[:4], tables)
        is_country = described["area_level"] == "country"
        made[f"countries_by_{span}"] = described[is_country].reset_index(drop=True)
        made[f"regions_by_{span}"] = described[~is_country].reset_index(drop=True)
    return made


def _withhold_days(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, "pd.Series[bool]"]]:
    names = [f"{name}_person_days" for name in unions.QUANTILES]
    some = rows.assign(**rows[names].where(rows[names[-1]] > 0.0))
    return reasons.withhold_quantiles(some, "person_days")


def _spread_days(runs: pd.DataFrame) -> pd.DataFrame:
    rows = runs.loc[runs.index.repeat(runs["days"].astype("int64"))]
    step = pd.to_timedelta(rows.groupby(level=0).cumcount().to_numpy(), unit="D")
    day = pd.to_datetime(rows["from_day"]) + step
    return rows.assign(day=day.dt.strftime("%Y-%m-%d")).reset_index(drop=True)


def _describe_areas(rows: pd.DataFrame, years: "pd.Series[str]", tables: Tables) -> pd.DataFrame:
    residents = _count_residents(rows["area_id"], years, tables)
    shares = {
        name.replace("persons", "population_share"): (rows[name] / residents).round(6)
        for name in SHARES
    }
    return rows.assign(
        area_level=areas.classify(rows["area_id"]),
        iso3=rows["area_id"].map(list_alpha_3(tables["areas"])),
        population_persons=residents,
        **shares,
    )


def _count_residents(
    area_ids: "pd.Series[str]", years: "pd.Series[str]", tables: Tables
) -> "pd.Series[float]":
    """Return the residents of areas in the middle of years; of a region those of its countries."""
    facts = tables["areas"]
    places = areas.list_areas_of(facts, facts.loc[facts["area_id"].str.len() == 2, "area_id"])
    keys = pd.DataFrame({"area_id": area_ids, "year": years})
    pairs = keys.drop_duplicates().merge(places, on="area_id")
    middle = pd.to_datetime(pairs["year"] + "-07-01")
    counts = Counts.from_tables(tables)
    people = counts.interpolate_residents(pairs["country_id"], compute_moments(middle))
    totals = people.groupby([pairs["area_id"], pairs["year"]]).sum(min_count=1)
    return keys.join(totals.rename("residents"), on=["area_id", "year"])["residents"]


def list_alpha_3(facts: pd.DataFrame) -> "pd.Series[str]":
    """Return the three-letter code of each country, by `area_id`."""
    stated = facts.set_index("area_id")["aliases"].str.extract(ALPHA_3, expand=False)
    is_country = (stated.index.str.len() == 2) & (stated.index != WORLD)
    codes = stated.index.to_series().map(_read_alpha_3())
    return codes.where(codes.notna(), stated)[is_country].dropna()


@cache
def _read_alpha_3() -> dict[str, str]:
    """Return the codes of ISO 3166 by those of two letters, from CLDR."""
    aliases = get_global("territory_aliases").items()
    return {
        codes[0]: name
        for name, codes in aliases
        if len(name) == 3 and name.isalpha() and len(codes) == 1 and name not in RETIRED
    }
