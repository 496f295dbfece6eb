"""Denominators: who could be in an audience at all.

Definitions. The base of a place is the smallest population that contains its audiences by
definition. The internet users of a country are the audience of a network shutdown.

Method. The same measurer's base nearest in time, within twelve months; failing that the smallest
base that can hold the largest audience. Between two dated bases of one measurer the estimate
interpolates in logs, while bounds take the base as it stands; of projected internet users they
take the high end.

Assumptions, drawbacks and citation: those of figures.py.
"""

import pandas as pd

from audience_impact.audiences import figures
from audience_impact.facts.rules import WINDOW_DAYS
from audience_impact.facts.tables import Tables

CURRENT_MONTHS = 12
"""Older counts of internet users no longer limit from above: the internet grows."""
ONLINE, EVERYONE = "internet_all", "all_ages"


def internet_users(pairs: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The audience of a network shutdown: the internet users of the country before it."""
    bases = tables["bases"]
    online = bases[bases["population_base"] == ONLINE]
    wanted = pairs.assign(population_base=ONLINE)
    joined = wanted.join(
        figures.nearest_base(
            wanted, online, tables["sources"], ["population_base"], None, earlier=True
        )
    )
    months = (joined["start"] - joined["period_end"]).dt.days / 30.4375
    return pairs.assign(
        low_persons=joined["low_persons"].fillna(joined["base_persons"]),
        high_persons=joined["high_persons"]
        .fillna(joined["base_persons"])
        .where(months <= CURRENT_MONTHS),
        tier=joined["base_persons"].notna().map({True: 1.0, False: float("nan")}),
        metric="internet_users_3m",
        lineage_id=joined["base_lineage_id"],
        lineages_count=1,
        containing=ONLINE,
        period=joined["period"],
        period_end=joined["period_end"],
        shared=False,
        age_months=months.clip(lower=0),
        audience_base_id=joined["base_id"],
        expected_audience_persons=figures.expected_base(joined, bases),
    )


def with_base(audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The base of each (restriction, country): the measurer's own, else the smallest safe one."""
    by = ["restriction_id", "country_id"]
    groups = audiences.groupby(by, sort=True)
    told = audiences[audiences["tier"].notna()].groupby(by)
    wanted = pd.DataFrame(
        {
            "start": groups["start"].first(),
            "floor_persons": groups["low_persons"].max(),
            "containing": told["containing"].agg(
                lambda names: names.iloc[0] if names.nunique() == 1 else ONLINE
            ),
            "lineage_id": told["lineage_id"].agg(
                lambda ids: ids.iloc[0] if ids.nunique() == 1 else ""
            ),
        }
    ).reset_index()
    return audiences.merge(_ranged(_bases(wanted, tables), wanted, tables), on=by, how="left")


def _ranged(found: pd.DataFrame, wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The people expected in each base at the start, and the range its source states."""
    bases = tables["bases"]
    expected = figures.expected_base(
        found.assign(start=wanted["start"]).dropna(subset=["base_id"]), bases
    )
    stated = bases.set_index("base_id")[["persons", "low_persons", "high_persons"]].reindex(
        found["base_id"]
    )
    moved = expected.reindex(found.index).to_numpy() / stated["persons"].to_numpy()
    return found.assign(
        expected_persons=expected.reindex(found.index),
        base_low_persons=stated["low_persons"].to_numpy() * moved,
        base_high_persons=stated["high_persons"].to_numpy() * moved,
    )


def _bases(wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Candidates from best to worst; the first that can hold the largest audience is taken."""
    bases, sources = tables["bases"], tables["sources"]
    own = wanted.assign(
        population_base=wanted["containing"].fillna(""), lineage_id=wanted["lineage_id"].fillna("")
    )
    wider = own.assign(
        population_base=own["population_base"].where(
            own["population_base"] != "internet_12_plus", "age_12_plus"
        )
    )
    online = wanted.assign(population_base=ONLINE)
    all_ages = wanted.assign(population_base=EVERYONE)
    measurers = ["population_base", "lineage_id"]
    steps = [
        (own, measurers, WINDOW_DAYS, True),
        (wider, measurers, WINDOW_DAYS, False),
        (online, ["population_base"], WINDOW_DAYS, False),
        (all_ages, ["population_base"], None, False),
    ]
    taken = pd.DataFrame()
    for rows, by, window, same in steps:
        found = figures.nearest_base(rows, bases, sources, by, window).assign(own_base=same)
        found["population_base"] = rows["population_base"].reindex(found.index)
        found["base_persons"] = _at_most(found)
        safe = found["base_persons"] >= wanted["floor_persons"].reindex(found.index).fillna(0)
        taken = pd.concat([taken, found[safe & ~found.index.isin(taken.index)]])
    columns = ["base_id", "base_persons", "population_base", "obs_status", "own_base"]
    joined = wanted[["restriction_id", "country_id"]].join(taken.reindex(columns=columns))
    joined["base_persons"] = joined["base_persons"].astype("float64")
    people = figures.nearest_base(all_ages, bases, sources, ["population_base"], None)
    whole = joined.rename(columns={"population_base": "base", "obs_status": "base_status"}).join(
        people[["base_id", "base_persons"]].rename(
            columns={"base_id": "population_id", "base_persons": "population_persons"}
        )
    )
    ahead = (whole["base_status"] == "F") & (whole["base"] != EVERYONE)
    within = whole[["base_persons", "population_persons"]].min(axis=1)
    return whole.assign(base_persons=whole["base_persons"].where(~ahead, within))


def _at_most(found: pd.DataFrame) -> pd.Series:
    """The people of a base; of a projection within the population its high end."""
    ahead = (found["obs_status"] == "F") & (found["population_base"] != EVERYONE)
    return found["high_persons"].where(ahead).fillna(found["base_persons"])


def regional_limit(about: pd.DataFrame, tables: Tables) -> pd.Series:
    """All the people of the named regions, where every region's population is on record."""
    bases = tables["bases"]
    people = bases[bases["population_base"] == EVERYONE].groupby("area_id")["persons"].max()
    regions = about["area_ids"].str.split(";").explode()
    named = regions[regions.str.contains("-", regex=False)]
    sums = named.map(people).groupby(level=0).sum(skipna=False)
    all_named = regions.str.contains("-", regex=False).groupby(level=0).all()
    return sums.where(all_named.reindex(sums.index)).reindex(about.index).astype("float64")
