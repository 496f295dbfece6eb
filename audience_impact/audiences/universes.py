"""Denominators: who could be in an audience at all.

Definitions. The base of the audiences of a country is the smallest population that contains them by
definition. The internet users of a country are the audience of a network shutdown: people are the
base of that day.

Method. The same measurer's base nearest in time, within twelve months; failing that the smallest
base that can hold the largest audience. Bounds take a base as it is printed. A projection limits
nothing: where the people online are projected, bounds go from nobody to all residents. Where
publishers count people online whose numbers differ by PUBLISHERS_DIFFER or more, bounds go from the
smallest to the largest, and draws span them around their geometric mean. What a base is drawn
from is in base_laws.py.

Assumptions, drawbacks and citation: those of figures.py.
"""

import numpy as np
import pandas as pd

from audience_impact.errors import base_laws
from audience_impact.errors.law import FigureErrors
from audience_impact.facts.bases import FORECAST, nearest_base
from audience_impact.facts.tables import Tables
from audience_impact.periods import WINDOW_DAYS, months_between, with_distance
from audience_impact.populations import AGES, EVERYONE, ONLINE, ONLINE_12_PLUS, is_region
from audience_impact.vocabulary import AudienceMetric

PUBLISHERS_DIFFER = 1.5
"""Numbers of people online that differ by such a factor are not one number with an error."""
OWN_LAW = [f"audience_{name}" for name in base_laws.LAW]
"""How the internet users of a network shutdown are drawn: as the base that counts them."""


def internet_users(
    wanted: pd.DataFrame, tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """The audience of a network shutdown: the internet users of the country on that day."""
    bases = tables["bases"]
    asked = wanted.assign(population_base=ONLINE)
    online = bases[bases["population_base"] == ONLINE]
    found = nearest_base(asked, online, tables["sources"], ["population_base"], None)
    joined = asked.join(found)
    law = base_laws.laws(joined[["country_id", "start", "base_id"]], tables, errors)
    publishers = _publishers(joined, online)
    known = joined["obs_status"] != FORECAST
    least = joined["low_persons"].fillna(joined["base_persons"]).where(known, 0.0)
    most = joined["high_persons"].fillna(joined["base_persons"]).where(known)
    months = months_between(joined["period_end"], joined["start"])
    return wanted.assign(
        low_persons=publishers["least"].fillna(least),
        high_persons=publishers["most"].fillna(most.where(joined["gap"] <= WINDOW_DAYS)),
        metric_priority=joined["base_persons"].notna().map({True: 1.0, False: float("nan")}),
        metric=AudienceMetric.INTERNET_USERS_3M.value,
        measurement_series_id=joined["base_measurement_series_id"],
        measurement_series_count=publishers["count"].fillna(1.0),
        containing=ONLINE,
        period=joined["period"],
        period_end=joined["period_end"],
        is_from_share=False,
        age_months=months.clip(lower=0),
        audience_base_id=joined["base_id"],
        differing_base_ids=publishers["ids"],
        **dict(zip(OWN_LAW, _spanning(law, publishers).values(), strict=True)),
    )


def _publishers(joined: pd.DataFrame, online: pd.DataFrame) -> pd.DataFrame:
    """Numbers of people online that differ: `least`, `most`, `count`, `level`, `ids`; else NaN.

    `ids` are those of the bases, with semicolons. Of each measurer who counted within twelve months
    of the start the nearest number.
    """
    counted = online[online["obs_status"] != FORECAST]
    names = ["area_id", "measurement_series_id", "persons", "period_start", "period_end", "base_id"]
    right = counted[names].rename(columns={"area_id": "country_id"})
    both = joined[["country_id", "start"]].reset_index(names="place").merge(right, on="country_id")
    both = with_distance(both, ("start", "start"), ("period_start", "period_end"))
    near = both[both["gap"] <= WINDOW_DAYS].sort_values(["place", "gap", "apart", "persons"])
    single = near.drop_duplicates(["place", "measurement_series_id"])
    groups = single.assign(level=np.log(single["persons"])).groupby("place")
    table = pd.DataFrame(
        {
            "least": groups["persons"].min(),
            "most": groups["persons"].max(),
            "count": groups.size().astype("float64"),
            "level": groups["level"].mean(),
            "ids": groups["base_id"].agg(";".join).astype("str"),
        }
    ).reindex(joined.index)
    return table.where(table["most"] >= PUBLISHERS_DIFFER * table["least"])


def _spanning(law: pd.DataFrame, publishers: pd.DataFrame) -> dict[str, "pd.Series[float]"]:
    """The law of each base, around the mean of the publishers and over them where they differ."""
    differ = publishers["least"].notna()
    middle = law["expected_persons"].where(~differ, np.exp(publishers["level"]))
    return {
        "expected_persons": middle,
        "base_low_persons": np.fmin(law["base_low_persons"], publishers["least"]),
        "base_high_persons": np.fmax(law["base_high_persons"], publishers["most"]),
        "ceiling_persons": law["ceiling_persons"],
    }


def with_base(audiences: pd.DataFrame, tables: Tables, errors: FigureErrors | None) -> pd.DataFrame:
    """The base of each (restriction, country): the measurer's own, else the smallest safe one.

    `base_persons` is what limits: as printed, all residents where it is projected. What it is
    thought to be is `base_size_persons`, and how it is drawn says LAW of base_laws.py.
    """
    by = ["restriction_id", "country_id"]
    groups = audiences.groupby(by, sort=True)
    counted = audiences[audiences["metric_priority"].notna()].groupby(by)
    wanted = pd.DataFrame(
        {
            "start": groups["start"].first(),
            "floor_persons": groups["low_persons"].max(),
            "containing": counted["containing"].agg(
                lambda names: names.iloc[0] if names.nunique() == 1 else ONLINE
            ),
            "measurement_series_id": counted["measurement_series_id"].agg(
                lambda ids: ids.iloc[0] if ids.nunique() == 1 else ""
            ),
        }
    ).reset_index()
    found = _bases(wanted, tables)
    law = base_laws.laws(found.assign(start=wanted["start"]), tables, errors)
    whole = audiences.merge(pd.concat([found, law], axis=1), on=by, how="left")
    return _of_the_day(whole)


def _of_the_day(rows: pd.DataFrame) -> pd.DataFrame:
    """People are the base of the day where the whole network is shut down: one law for both."""
    own = rows["audience_base_id"].notna() & (rows["audience_base_id"] == rows["base_id"])
    for name, theirs in zip(OWN_LAW, base_laws.LAW, strict=True):
        rows[theirs] = rows[theirs].where(~own, rows[name])
    limit = np.fmax(rows["base_persons"], rows["high_persons"].where(own))
    size = rows["expected_persons"].where(rows["is_base_projected"].eq(True))
    return rows.assign(base_persons=limit, base_size_persons=size.fillna(limit))


def _bases(wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Candidates from best to worst; the first that can hold the largest audience is taken."""
    bases, sources = tables["bases"], tables["sources"]
    own = wanted.assign(
        population_base=wanted["containing"].fillna(""),
        measurement_series_id=wanted["measurement_series_id"].fillna(""),
    )
    wider = own.assign(
        population_base=own["population_base"].where(
            own["population_base"] != ONLINE_12_PLUS, AGES[ONLINE_12_PLUS]
        )
    )
    online = wanted.assign(population_base=ONLINE)
    all_ages = wanted.assign(population_base=EVERYONE)
    measurers = ["population_base", "measurement_series_id"]
    steps = [
        (own, measurers, WINDOW_DAYS, True),
        (wider, measurers, WINDOW_DAYS, False),
        (online, ["population_base"], WINDOW_DAYS, False),
        (all_ages, ["population_base"], None, False),
    ]
    taken, people = (
        pd.DataFrame(),
        nearest_base(all_ages, bases, sources, ["population_base"], None),
    )
    for rows, by, window, same in steps:
        left = rows[~rows.index.isin(taken.index)]
        if left.empty and len(wanted):  # the columns have types where nothing is wanted too
            break
        found = nearest_base(left, bases, sources, by, window).assign(is_own_base=same)
        found["population_base"] = left["population_base"].reindex(found.index)
        safe = _at_most(found) >= wanted["floor_persons"].reindex(found.index).fillna(0)
        taken = pd.concat([taken, found[safe]])
    columns = ["base_id", "base_persons", "population_base", "obs_status", "is_own_base"]
    joined = wanted[["restriction_id", "country_id"]].join(taken.reindex(columns=columns))
    joined["base_persons"] = joined["base_persons"].astype("float64")
    whole = joined.rename(columns={"population_base": "base", "obs_status": "base_status"}).join(
        people[["base_id", "base_persons"]].rename(
            columns={"base_id": "population_id", "base_persons": "population_persons"}
        )
    )
    ahead = (whole["base_status"] == FORECAST) & (whole["base"] != EVERYONE)
    residents = whole["population_persons"].fillna(whole["base_persons"])
    return whole.assign(
        base_persons=whole["base_persons"].where(~ahead, residents), is_base_projected=ahead
    )


def _at_most(found: pd.DataFrame) -> pd.Series:
    """The people that a base can hold; a projection limits nothing."""
    ahead = (found["obs_status"] == FORECAST) & (found["population_base"] != EVERYONE)
    return found["base_persons"].astype("float64").where(~ahead, np.inf)


def regional_limit(about: pd.DataFrame, tables: Tables) -> pd.Series:
    """All the people of the named regions, where every region's population is on record."""
    bases = tables["bases"]
    people = bases[bases["population_base"] == EVERYONE].groupby("area_id")["persons"].max()
    regions = about["area_ids"].str.split(";").explode()
    regional = regions.map(is_region).astype(bool)
    named = regions[regional]
    sums = named.map(people).groupby(level=0).sum(skipna=False)
    all_named = regional.groupby(level=0).all()
    return sums.where(all_named.reindex(sums.index)).reindex(about.index).astype("float64")
