"""Denominators: who could be in an audience at all.

Definitions. The base of the audiences of a country is the smallest population that contains them by
definition. The internet users of a country are the audience of a network shutdown.

Method. The same measurer's base nearest in time, within twelve months; failing that the smallest
base that can hold the largest audience. Between two dated bases of one measurer the estimate
interpolates in logs, while bounds take the base as it stands; of projected internet users they
take the high end.

Assumptions, drawbacks and citation: those of figures.py.
"""

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.periods import WINDOW_DAYS, middle, months_between, with_distance
from audience_impact.populations import AGES, EVERYONE, ONLINE, ONLINE_12_PLUS, is_region
from audience_impact.vocabulary import AudienceMetric, ObsStatus, Reliability

FORECAST = ObsStatus.FORECAST.value

CURRENT_MONTHS = 12
"""Older counts of internet users no longer limit from above: the internet grows."""
LONGEST_GAP_DAYS = 5 * WINDOW_DAYS
"""Bases further apart than that say nothing of the time between them."""
RELIABILITY = {
    word.value: rank
    for rank, word in enumerate((Reliability.HIGH, Reliability.MEDIUM, Reliability.LOW))
}
"""The most reliable source first."""


def nearest_base(
    wanted: pd.DataFrame,
    bases: pd.DataFrame,
    sources: pd.DataFrame,
    by: list[str],
    window: int | None,
    earlier: bool = False,
) -> pd.DataFrame:
    """For each row of `wanted` the matching base nearest to its `start`.

    Matches on `country_id` and `by`; at most `window` days away where one is given, and with
    `earlier` only bases whose period ends no later than the start. Of one
    measurer the nearest; between measurers one within twelve months, rather counted than
    projected, of the most reliable source, the nearest, rather reported than derived.
    Indexed like `wanted`; rows without a base are absent.
    """
    trust = bases["source_id"].map(sources.set_index("source_id")["reliability"]).map(RELIABILITY)
    right = bases.rename(
        columns={
            "area_id": "country_id",
            "persons": "base_persons",
            "lineage_id": "base_lineage_id",
        }
    ).assign(trust=trust)
    right["lineage_id"] = right["base_lineage_id"]
    keep = [
        "country_id",
        "population_base",
        "lineage_id",
        "base_lineage_id",
        "base_id",
        "base_persons",
        "low_persons",
        "high_persons",
        "obs_status",
        "trust",
        "period",
        "period_start",
        "period_end",
    ]
    left = wanted[["country_id", "start", *by]].reset_index(names="place")
    joined = left.merge(right[keep], on=["country_id", *by])
    joined = with_distance(joined, ("start", "start"), ("period_start", "period_end"))
    near = joined if window is None else joined[joined["gap"] <= window]
    near = near[near["period_end"] <= near["start"]] if earlier else near
    near = near.assign(far=near["gap"] > WINDOW_DAYS, projected=near["obs_status"] == FORECAST)
    one = ["gap", "apart", "trust"]
    several = ["far", "projected", "trust", "gap", "apart"]
    ranked = near.sort_values([*(one if "lineage_id" in by else several), "obs_status", "base_id"])
    return (
        ranked.drop_duplicates("place")
        .set_index("place")
        .sort_index()
        .drop(columns=["country_id", "start", *by])
    )


def expected_base(wanted: pd.DataFrame, bases: pd.DataFrame) -> pd.Series:
    """People in the base of each row at its `start`: between two of one measurer, in logs.

    `wanted` has `base_id` and `start`. Outside the measurer's series, the base as it stands;
    NaN without a base. Indexed like `wanted`.
    """
    key = ["area_id", "population_base", "lineage_id"]
    series = bases[[*key, "base_id", "persons"]].assign(
        middle=middle(bases["period_start"], bases["period_end"])
    )
    left = (
        wanted[["base_id", "start"]]
        .reset_index(names="place")
        .merge(series[[*key, "base_id", "persons"]], on="base_id")
        .sort_values("start")
    )
    right = series.drop(columns="base_id").sort_values(["middle", *key])
    near = left.rename(columns={"persons": "own_persons"})
    for direction in ("backward", "forward"):
        found = right.rename(columns={n: f"{direction}_{n}" for n in ("middle", "persons")})
        near = pd.merge_asof(
            near,
            found,
            left_on="start",
            right_on=f"{direction}_middle",
            by=key,
            direction=direction,
        )
    gap = near["forward_middle"] - near["backward_middle"]
    part = ((near["start"] - near["backward_middle"]) / gap).where(gap.dt.days > 0)
    between = near["backward_persons"] * (near["forward_persons"] / near["backward_persons"]).pow(
        part
    )
    inside = between.where(gap.dt.days <= LONGEST_GAP_DAYS).fillna(near["own_persons"])
    return inside.set_axis(near["place"]).reindex(wanted.index)


def internet_users(wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The audience of a network shutdown: the internet users of the country before it."""
    bases = tables["bases"]
    online = bases[bases["population_base"] == ONLINE]
    online_wanted = wanted.assign(population_base=ONLINE)
    joined = online_wanted.join(
        nearest_base(
            online_wanted, online, tables["sources"], ["population_base"], None, earlier=True
        )
    )
    months = months_between(joined["period_end"], joined["start"])
    return wanted.assign(
        low_persons=joined["low_persons"].fillna(joined["base_persons"]),
        high_persons=joined["high_persons"]
        .fillna(joined["base_persons"])
        .where(months <= CURRENT_MONTHS),
        metric_priority=joined["base_persons"].notna().map({True: 1.0, False: float("nan")}),
        metric=AudienceMetric.INTERNET_USERS_3M.value,
        lineage_id=joined["base_lineage_id"],
        lineages_count=1,
        containing=ONLINE,
        period=joined["period"],
        period_end=joined["period_end"],
        is_from_share=False,
        age_months=months.clip(lower=0),
        audience_base_id=joined["base_id"],
        expected_audience_persons=expected_base(joined, bases),
    )


def with_base(audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The base of each (restriction, country): the measurer's own, else the smallest safe one."""
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
            "lineage_id": counted["lineage_id"].agg(
                lambda ids: ids.iloc[0] if ids.nunique() == 1 else ""
            ),
        }
    ).reset_index()
    return audiences.merge(_ranged(_bases(wanted, tables), wanted, tables), on=by, how="left")


def _ranged(found: pd.DataFrame, wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The people expected in each base at the start, and the range its source states."""
    bases = tables["bases"]
    expected = expected_base(found.assign(start=wanted["start"]).dropna(subset=["base_id"]), bases)
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
            own["population_base"] != ONLINE_12_PLUS, AGES[ONLINE_12_PLUS]
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
        found = nearest_base(rows, bases, sources, by, window).assign(is_own_base=same)
        found["population_base"] = rows["population_base"].reindex(found.index)
        found["base_persons"] = _at_most(found)
        safe = found["base_persons"] >= wanted["floor_persons"].reindex(found.index).fillna(0)
        taken = pd.concat([taken, found[safe & ~found.index.isin(taken.index)]])
    columns = ["base_id", "base_persons", "population_base", "obs_status", "is_own_base"]
    joined = wanted[["restriction_id", "country_id"]].join(taken.reindex(columns=columns))
    joined["base_persons"] = joined["base_persons"].astype("float64")
    people = nearest_base(all_ages, bases, sources, ["population_base"], None)
    whole = joined.rename(columns={"population_base": "base", "obs_status": "base_status"}).join(
        people[["base_id", "base_persons"]].rename(
            columns={"base_id": "population_id", "base_persons": "population_persons"}
        )
    )
    ahead = (whole["base_status"] == FORECAST) & (whole["base"] != EVERYONE)
    within = whole[["base_persons", "population_persons"]].min(axis=1)
    return whole.assign(base_persons=whole["base_persons"].where(~ahead, within))


def _at_most(found: pd.DataFrame) -> pd.Series:
    """The people of a base; of a projection within the population its high end."""
    ahead = (found["obs_status"] == FORECAST) & (found["population_base"] != EVERYONE)
    return found["high_persons"].where(ahead).fillna(found["base_persons"])


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
