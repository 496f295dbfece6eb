"""Which published figure stands for a platform, an area and a day.

Definitions. A figure qualifies when it counts people (persons, or a share of a base on
record) of the whole population of an area. A tier is a kind of figure; only the best tier
with a figure speaks. A lineage is one measuring programme with all its press relays.

Method. Exposed are the users from before: the period ends no later than the restriction
starts. In each lineage the latest such period; of several relays of it the measurer's own
page, else the value most of them print. Several lineages give a range. Tiers: monthly reach
of a panel; regular or monthly use in a survey; monthly active users; a company's or an
unexplained figure, which enters only where nothing better exists; and, as a lower bound
alone, daily or weekly reach, since whoever comes on a day comes in the month; and, last, a survey
of some ages with the people of a census: the other ages may use the service as well. A range or a
confidence interval that the source states is what the figure says at least and at most; a
figure without one stands as it is.

Assumptions. The months before the restriction describe the month it starts in. The truth lies
inside a stated confidence interval, which it does not in one case of ten or twenty.

Known drawbacks. No growth since the figure; the staleness says how old. What figures say
together, and how they may have drifted, is in pooling.py.

Citation. Rules of this project, docs/decisions.md.
"""

import pandas as pd

from audience_impact.facts.rules import WINDOW_DAYS, apart_days, gap_days
from audience_impact.facts.tables import Tables

TIERS = {
    "monthly_reach": 1,
    "survey_monthly": 2,
    "survey_regular": 2,
    "mau": 3,
    "dsa_amar": 3,
    "unspecified": 4,
    "weekly_reach": 5,
    "wau": 5,
    "daily_reach": 5,
    "avg_daily_reach": 5,
    "dau": 5,
}
"""Tier of each metric that may stand for the people exposed; all others never do."""

WEAK_TIER, FLOOR_TIER, PART_TIER = 4, 5, 6
"""From FLOOR_TIER on figures are lower bounds alone; PART_TIER: a survey of a part of the ages."""
RANGED = ["min_max", "ci90", "ci95"]
"""Intervals whose ends are what a figure says at least and at most."""
STALENESS = [(3, "fresh"), (12, "ageing"), (24, "stale")]
RELIABILITY = {"high": 0, "medium": 1, "low": 2}
PAIR = ["restriction_id", "country_id", "platform_id"]


def staleness(months: pd.Series) -> pd.Series:
    """fresh <= 3 months, ageing <= 12, stale <= 24, expired beyond; blank for NaN."""
    words = pd.Series("expired", index=months.index)
    for limit, word in reversed(STALENESS):
        words = words.where(~(months <= limit), word)
    return words.where(months.notna(), "")


def candidates(tables: Tables) -> pd.DataFrame:
    """Every estimate that may stand for an audience, in persons.

    Adds `tier`, `low_persons`, `high_persons` (NaN: no upper limit), `share_base_id` (the
    base that turned a share into people) and `own_page` (the measurer's own page).
    """
    estimates = tables["estimates"]
    whole = (estimates["age"] == "") & (estimates["sex"] == "")
    counted = estimates["unit"].isin(["persons", "share"]) & whole
    known = estimates[counted & estimates["audience_metric"].isin(list(TIERS))]
    known = known[known["population_base"] != "custom"]
    return _limits(_in_persons(known, tables["bases"], tables["sources"]), tables)


def _in_persons(
    estimates: pd.DataFrame, bases: pd.DataFrame, sources: pd.DataFrame
) -> pd.DataFrame:
    """Shares times a base: the same measurer's, else that of a census for a share of an age.

    Of several the nearest in time; without one the row drops out.
    """
    by = ["area_id", "population_base", "lineage_id"]
    right = bases[[*by, "base_id", "persons", "period_start", "period_end"]].rename(
        columns={
            "base_id": "share_base_id",
            "persons": "of_persons",
            "period_start": "base_start",
            "period_end": "base_end",
        }
    )
    shares = estimates[estimates["unit"] == "share"].merge(right, on=by)
    shares["gap"] = gap_days(
        shares["period_start"], shares["period_end"], shares["base_start"], shares["base_end"]
    )
    shares["apart"] = apart_days(
        shares["period_start"], shares["period_end"], shares["base_start"], shares["base_end"]
    )
    shares = shares[shares["gap"] <= WINDOW_DAYS].sort_values(["gap", "apart", "share_base_id"])
    shares = shares.drop_duplicates("estimate_id")
    shares = pd.concat([shares, _of_population(estimates, shares, bases, sources)])
    for name in ("value", "low", "high"):
        shares[name] = (shares[name] * shares["of_persons"]).round()
    people = estimates[estimates["unit"] == "persons"].assign(share_base_id="")
    return pd.concat([people, shares[people.columns]], ignore_index=True)


def _of_population(
    estimates: pd.DataFrame, own: pd.DataFrame, bases: pd.DataFrame, sources: pd.DataFrame
) -> pd.DataFrame:
    """Shares of people of an age that their measurer did not count: a survey's, with its base."""
    ages = ~estimates["population_base"].str.startswith("internet")
    left = ~estimates["estimate_id"].isin(own["estimate_id"]) & (estimates["unit"] == "share")
    wanted = estimates[ages & left].rename(columns={"area_id": "country_id"})
    middle = wanted["period_start"] + (wanted["period_end"] - wanted["period_start"]) / 2
    found = nearest_base(
        wanted.assign(start=middle), bases, sources, ["population_base"], LONGEST_GAP_DAYS
    )
    people = found.reindex(wanted.index)[["base_id", "base_persons"]]
    shares = wanted.assign(share_base_id=people["base_id"], of_persons=people["base_persons"])
    return shares.dropna(subset=["of_persons"]).rename(columns={"country_id": "area_id"})


def _parts(tables: Tables) -> set[str]:
    """Bases of a part of the ages: the others may use a service as well."""
    bases = tables["bases"]
    part = bases["population_base"].isin(["age_13_plus", "age_16_plus", "age_18_plus"])
    return set(bases.loc[part, "base_id"])


def _limits(figures: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """What each figure says at least and at most, its tier, and whose page it stands on.

    A confidence interval reaches to its ends, as a range does.
    """
    lineages = tables["lineages"].set_index("lineage_id")["source_type"]
    pages = tables["sources"].set_index("source_id")["source_type"]
    tier = figures["audience_metric"].map(TIERS)
    company = figures["lineage_id"].map(lineages) == "company_statement"
    tier = tier.where(~company | (tier > WEAK_TIER), WEAK_TIER)
    tier = tier.where(~figures["share_base_id"].isin(_parts(tables)), PART_TIER)
    value = figures["value"]
    # Without a value the ends are all that is said, whatever they are called.
    ranged = figures["interval_kind"].isin(RANGED) | value.isna()
    low = figures["low"].where(ranged).fillna(value)
    low = low.where(figures["interval_kind"] != "one_sided_max", 0.0)
    high = figures["high"].where(ranged).fillna(value)
    open_above = (figures["interval_kind"] == "one_sided_min") | (tier >= FLOOR_TIER)
    return figures.assign(
        tier=tier,
        low_persons=low,
        high_persons=high.where(~open_above),
        point_persons=value.fillna(figures["high"]),
        company=company,
        own_page=figures["source_id"].map(pages) != "press_relay",
    )


def before(pairs: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Figures of each wanted (restriction, country, platform) from before its start.

    `pairs` has PAIR and `start`; the result has one row a pair and figure.
    """
    known = figures.rename(columns={"area_id": "country_id"})
    joined = pairs.merge(known, on=["country_id", "platform_id"])
    return joined[joined["period_end"] <= joined["start"]]


def choose(joined: pd.DataFrame) -> pd.DataFrame:
    """The figures that speak: best tier, in each lineage the latest period, one relay each.

    Adds `relays_count`, the number of pages that print the chosen period of the lineage.
    """
    best = joined[joined["tier"] == joined.groupby(PAIR)["tier"].transform("min")]
    by = [*PAIR, "lineage_id"]
    latest = best[best["period_end"] == best.groupby(by)["period_end"].transform("max")]
    longest = latest.groupby(by)["period_start"].transform("min")
    latest = latest[(latest["period_start"] == longest) | (latest["tier"] >= FLOOR_TIER)]
    said = latest["point_persons"].fillna(latest["low_persons"])
    votes = latest.assign(said=said).groupby([*by, "said"])["said"].transform("size")
    floor = latest["low_persons"].where(latest["tier"] >= FLOOR_TIER, 0.0)
    ranked = latest.assign(
        votes=votes,
        floor=floor,
        relays_count=latest.groupby(by)["tier"].transform("size"),
        exact=latest["interval_kind"] == "none",
    )
    chosen = ranked.sort_values(
        ["floor", "own_page", "votes", "exact", "estimate_id"],
        ascending=[False, False, False, False, True],
    )
    return chosen.drop_duplicates(by).sort_values([*by], ignore_index=True)


def audiences(pairs: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """One row a pair: the range its lineages span; NaN limits and tier where nothing qualifies.

    Columns: PAIR, `start`, `low_persons`, `high_persons`, `tier`, `metric`, `lineage_id` (if
    only one), `lineages_count`, `containing`, `period`, `age_months`, `shared` (a share of a
    base was turned into people).
    """
    groups = chosen.groupby(PAIR, sort=True)
    one = groups["lineage_id"].nunique() == 1
    open_above = groups["high_persons"].apply(lambda highs: highs.isna().any())
    table = pd.DataFrame(
        {
            "low_persons": groups["low_persons"].min(),
            "high_persons": groups["high_persons"].max().where(~open_above),
            "tier": groups["tier"].first(),
            "metric": groups["audience_metric"].first(),
            "lineage_id": groups["lineage_id"].first().where(one, ""),
            "lineages_count": groups["lineage_id"].nunique(),
            "containing": groups["population_base"].agg(_containing),
            "period": groups["period"].agg(lambda texts: ";".join(sorted(set(texts)))),
            "period_end": groups["period_end"].min(),
            "shared": groups["share_base_id"].agg(lambda ids: (ids != "").any()),
        }
    ).reset_index()
    whole = pairs.merge(table, on=PAIR, how="left")
    months = (whole["start"] - whole["period_end"]).dt.days / 30.4375
    return whole.assign(age_months=months.clip(lower=0))


def _containing(populations: pd.Series) -> str:
    """The online population that contains audiences of these populations by definition."""
    narrow = set(populations) <= {"internet_12_plus", "age_12_plus"}
    return "internet_12_plus" if narrow else "internet_all"


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
    moment = joined["start"]
    joined["gap"] = gap_days(moment, moment, joined["period_start"], joined["period_end"])
    joined["apart"] = apart_days(moment, moment, joined["period_start"], joined["period_end"])
    near = joined if window is None else joined[joined["gap"] <= window]
    near = near[near["period_end"] <= near["start"]] if earlier else near
    near = near.assign(far=near["gap"] > WINDOW_DAYS, projected=near["obs_status"] == "F")
    one = ["gap", "apart", "trust"]
    several = ["far", "projected", "trust", "gap", "apart"]
    ranked = near.sort_values([*(one if "lineage_id" in by else several), "obs_status", "base_id"])
    return (
        ranked.drop_duplicates("place")
        .set_index("place")
        .sort_index()
        .drop(columns=["country_id", "start", *by])
    )


LONGEST_GAP_DAYS = 5 * WINDOW_DAYS
"""Bases further apart than that say nothing of the time between them."""


def expected_base(wanted: pd.DataFrame, bases: pd.DataFrame) -> pd.Series:
    """People in the base of each row at its `start`: between two of one measurer, in logs.

    `wanted` has `base_id` and `start`. Outside the measurer's series, the base as it stands;
    NaN without a base. Indexed like `wanted`.
    """
    key = ["area_id", "population_base", "lineage_id"]
    series = bases[[*key, "base_id", "persons"]].assign(
        middle=bases["period_start"] + (bases["period_end"] - bases["period_start"]) / 2
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
