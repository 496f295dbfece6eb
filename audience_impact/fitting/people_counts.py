"""Counts of people online, to which the levels of countries are fitted (people_online.py).

Definitions. A count is a published number of people online, or a share of people from an age on who
are. Counts of one measurer are one lineage: of several editions of a share the newest counts, and a
count of another measurer that prints an earlier share of the ITU again is a copy and is left out.

Method. Persons become shares of the residents of their year. A count of another lineage is a copy
where its share is within RELAYED of one that the ITU has for at most RELAY_YEARS before. The part
of the residents that is old enough for a count is on the line between the ages counted.

Assumptions. Publishers who copy take the ITU's shares, not those of each other.

Known drawbacks. Where the share of a country hardly changes, a count of its own looks like a copy;
it is lost, but would change little. Residents by age were counted about 2020.

Citation. The sources of the facts.
"""

import numpy as np
import pandas as pd

from audience_impact.denominators.online import compute_moments
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.periods import period_middle
from audience_impact.populations import EVERYONE, LEAST_AGE, ONLINE, are_regions
from audience_impact.vocabulary import ObsStatus

ITU = "itu-internet-use"
RELAYED = 0.003
"""Difference of two shares below which the later one is a copy."""
RELAY_YEARS = 5


def list_counts(tables: Tables) -> pd.DataFrame:
    """Return the counts that are fitted to, ordered by country and moment.

    Columns: `area_id`, `subregion`, `moment` (a decimal year), `share`, `older_share` (the part of
    the residents that is old enough to be counted), `measurement_series_id`, `is_all_ages`.
    """
    residents = _count_residents(tables["bases"])
    both = pd.concat([_list_bases(tables["bases"], residents), _list_shares(tables)])
    countries = tables["areas"].set_index("area_id")["parent_id"]
    rows = both[~are_regions(both["area_id"]) & both["area_id"].str.len().eq(2)]
    rows = _keep_newest(rows[rows["share"].gt(0.0)].assign(share=rows["share"].clip(upper=1.0)))
    rows = rows[~_mark_copies(rows)]
    older = _measure_older_share(tables["bases"], residents)
    return rows.assign(
        subregion=rows["area_id"].map(countries),
        older_share=_match_ages(rows, older),
        is_all_ages=rows["least_age"].eq(0.0),
    ).sort_values(["area_id", "moment", "measurement_series_id", "share"], ignore_index=True)


def _count_residents(bases: pd.DataFrame) -> "pd.Series[float]":
    rows = bases[bases["population_base"].eq(EVERYONE) & bases["period"].str.len().eq(4)]
    return rows.groupby(["area_id", rows["period_start"].dt.year])["persons"].median()


def _list_bases(bases: pd.DataFrame, residents: "pd.Series[float]") -> pd.DataFrame:
    online = bases[bases["population_base"].eq(ONLINE) & bases["obs_status"].ne(ObsStatus.FORECAST)]
    year = online["period_start"].dt.year
    people = residents.reindex(pd.MultiIndex.from_arrays([online["area_id"], year])).to_numpy()
    return _describe_counts(online, online["persons"] / people).assign(least_age=0.0, edition="")


def _list_shares(tables: Tables) -> pd.DataFrame:
    rows = tables["online_shares"]
    return _describe_counts(rows, rows["share"]).assign(
        least_age=rows["least_age"], edition=rows["edition"]
    )


def _describe_counts(rows: pd.DataFrame, share: pd.Series) -> pd.DataFrame:
    middle = period_middle(rows["period_start"], rows["period_end"])
    return rows[["area_id", "measurement_series_id", "period"]].assign(
        moment=compute_moments(middle), share=share
    )


def _keep_newest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one share a lineage, period and age: that of the newest edition, in full digits."""
    key = ["area_id", "measurement_series_id", "period", "least_age"]
    ordered = rows.sort_values([*key, "edition", "share"])
    return ordered.drop_duplicates(key, keep="last")


def _mark_copies(rows: pd.DataFrame) -> "pd.Series[bool]":
    itu = rows.loc[rows["measurement_series_id"].eq(ITU), ["area_id", "moment", "share"]]
    relays = rows[rows["measurement_series_id"].ne(ITU)].reset_index(names="row")
    pairs = relays.merge(itu, on="area_id", suffixes=("", "_itu"))
    years = pairs["moment"] - pairs["moment_itu"]
    same = (pairs["share"] - pairs["share_itu"]).abs() < RELAYED
    copies = pairs.loc[same & years.between(0.0, RELAY_YEARS) & pairs["least_age"].eq(0.0), "row"]
    return pd.Series(rows.index.isin(copies), rows.index)


def _measure_older_share(bases: pd.DataFrame, residents: "pd.Series[float]") -> pd.DataFrame:
    """Return the part of the residents (areas, ages) that is at least of each age counted."""
    ages = bases[bases["population_base"].isin(LEAST_AGE) & ~bases["population_base"].eq(ONLINE)]
    ages = ages[ages["population_base"].str.startswith("age") & ~are_regions(ages["area_id"])]
    year = ages["period_start"].dt.year
    people = residents.reindex(pd.MultiIndex.from_arrays([ages["area_id"], year])).to_numpy()
    rows = ages.assign(part=ages["persons"] / people, age=ages["population_base"].map(LEAST_AGE))
    return rows.pivot_table(index="area_id", columns="age", values="part", aggfunc="median")


def _match_ages(rows: pd.DataFrame, older: pd.DataFrame) -> Array:
    """Return the part of the residents old enough for each count, on the line between ages."""
    areas = older.reindex(rows["area_id"]).fillna(older.median())
    ages = np.array([0.0, *older.columns])
    parts = np.column_stack([np.ones(len(rows)), areas.to_numpy("float64")])
    least = rows["least_age"].to_numpy("float64")
    pairs = zip(least, parts, strict=True)
    return np.array([np.interp(age, ages, part) for age, part in pairs])
