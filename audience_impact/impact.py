"""The walk itself: typed facts in, result tables out.

`calculate` is a list of steps over whole tables; no loop runs over restrictions. The method
version changes whenever the meaning of a published number does.
"""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from audience_impact import bounds, compare, figures, results
from audience_impact.checks import WINDOW_DAYS
from audience_impact.facts import Tables
from audience_impact.vocabulary import WHOLE_INTERNET

METHOD_VERSION = "1.0"
CURRENT_MONTHS = 12
"""Older counts of internet users no longer limit from above: the internet grows."""
ONLINE, EVERYONE = "internet_all", "all_ages"


@dataclass(frozen=True)
class Walk:
    """What the walk has worked out so far; every table is indexed or keyed by restriction_id."""

    events: pd.DataFrame
    targets: pd.DataFrame
    audiences: pd.DataFrame
    chosen: pd.DataFrame
    relays: pd.DataFrame
    bounds: pd.DataFrame


def newest_access(tables: Tables) -> date:
    """The newest date of access in the facts: the default of `as_of`."""
    newest = tables["sources"]["accessed_on_end"].max() - pd.Timedelta(days=1)
    return date(newest.year, newest.month, newest.day)


def calculate(tables: Tables, as_of: date) -> Tables:
    """Published tables from typed facts.

    `tables` as given by `facts.typed`, every key resolving. Returns frames with the columns
    of the published contracts; quality and quarantine are the caller's.
    """
    events = _events(tables["restrictions"], as_of)
    targets = _targets(tables["restriction_targets"])
    pairs = _pairs(events, targets)
    known = figures.candidates(tables)
    relays = figures.before(pairs, known)
    chosen = figures.choose(relays)
    audiences = pd.concat(
        [
            figures.audiences(pairs[pairs["platform_id"] != WHOLE_INTERNET], chosen),
            _internet_users(pairs[pairs["platform_id"] == WHOLE_INTERNET], tables),
        ],
        ignore_index=True,
    )
    audiences = _with_base(audiences, tables)
    walk = Walk(events, targets, audiences, chosen, relays, _bounds(events, audiences, tables))
    impact = results.impact(walk, as_of)
    by_platform = results.by_platform(walk, as_of)
    return {
        "impact": impact,
        "impact_by_platform": by_platform,
        "restrictions": results.restrictions(walk, tables, as_of),
        "comparisons": compare.comparisons(tables, impact, by_platform, relays, chosen),
        "lineage": results.lineage(walk, tables),
        "sources": results.sources(tables),
    }


def _events(restrictions: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Restrictions with their start, the countries they touch and whether only in part."""
    starts = restrictions[["announced_on_start", "observed_from_start"]].min(axis=1)
    areas = restrictions["area_ids"].str.split(";")
    return restrictions.assign(
        start=starts.fillna(pd.Timestamp(as_of)),
        start_known=starts.notna(),
        country_id=areas.map(lambda ids: sorted({area[:2] for area in ids})),
        partial=(restrictions["geo_scope"] != "national")
        | areas.map(lambda ids: any("-" in area for area in ids)),
        some_networks=~restrictions["network_scope"].isin(["all", "unknown"]),
        networks_unknown=restrictions["network_scope"] == "unknown",
        never=(restrictions["severity"] == "none") | (restrictions["end_status"] == "withdrawn"),
    )


def _targets(targets: pd.DataFrame) -> pd.DataFrame:
    """All targets, whoever says so; the claim stands beside each in what is published."""
    return targets.sort_values(["restriction_id", "platform_id", "feature"], ignore_index=True)


def _pairs(events: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Every (restriction, country, platform); the whole internet swallows single platforms.

    An act whose targets are all unknown or were refused has one blank platform: its audience is
    unknown, and the act does not vanish from the results.
    """
    wanted = targets[["restriction_id", "platform_id"]].drop_duplicates()
    network = wanted.loc[wanted["platform_id"] == WHOLE_INTERNET, "restriction_id"]
    swallowed = wanted["restriction_id"].isin(network) & (wanted["platform_id"] != WHOLE_INTERNET)
    columns = ["restriction_id", "country_id", "start"]
    places = events[columns].explode("country_id")
    pairs = places.merge(wanted[~swallowed], on="restriction_id", how="left")
    pairs["platform_id"] = pairs["platform_id"].astype("str").fillna("")
    return pairs.sort_values(figures.PAIR, ignore_index=True)


def _internet_users(pairs: pd.DataFrame, tables: Tables) -> pd.DataFrame:
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
    )


def _with_base(audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
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
    return audiences.merge(_bases(wanted, tables), on=by, how="left")


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
        safe = found["base_persons"] >= wanted["floor_persons"].reindex(found.index).fillna(0)
        taken = pd.concat([taken, found[safe & ~found.index.isin(taken.index)]])
    columns = ["base_id", "base_persons", "population_base", "obs_status", "own_base"]
    joined = wanted[["restriction_id", "country_id"]].join(taken.reindex(columns=columns))
    joined["base_persons"] = joined["base_persons"].astype("float64")
    people = figures.nearest_base(all_ages, bases, sources, ["population_base"], None)
    return joined.rename(columns={"population_base": "base", "obs_status": "base_status"}).join(
        people[["base_id", "base_persons"]].rename(
            columns={"base_id": "population_id", "base_persons": "population_persons"}
        )
    )


def _bounds(events: pd.DataFrame, audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Bounds by restriction: Frechet in each country, added over disjoint countries."""
    by = ["restriction_id", "country_id"]
    inside = bounds.frechet(audiences, by)
    groups = audiences.groupby(by, sort=True)
    inside["base_persons"] = groups["base_persons"].first()
    inside["population_persons"] = groups["population_persons"].first()
    total = inside.groupby("restriction_id").agg(lambda parts: parts.sum(skipna=False))
    about = events.set_index("restriction_id").reindex(total.index)
    part = _in_part(about)
    total["lower_persons"] = total["lower_persons"].where(~(part | about["never"]), 0.0)
    regional = _regional_limit(about, tables)
    upper = pd.concat([total["upper_persons"], regional], axis=1).min(axis=1)
    total["upper_persons"] = upper.where(~about["never"], 0.0)
    return total


def _in_part(about: pd.DataFrame) -> pd.Series:
    """Restrictions of which it is not known that they touch everyone in the audience."""
    return (
        about["partial"]
        | about["some_networks"]
        | about["networks_unknown"]
        | ~about["start_known"]
    )


def _regional_limit(about: pd.DataFrame, tables: Tables) -> pd.Series:
    """All the people of the named regions, where every region's population is on record."""
    bases = tables["bases"]
    people = bases[bases["population_base"] == EVERYONE].groupby("area_id")["persons"].max()
    regions = about["area_ids"].str.split(";").explode()
    named = regions[regions.str.contains("-", regex=False)]
    sums = named.map(people).groupby(level=0).agg(lambda parts: parts.sum(skipna=False))
    all_named = regions.str.contains("-", regex=False).groupby(level=0).all()
    return sums.where(all_named.reindex(sums.index)).reindex(about.index).astype("float64")
