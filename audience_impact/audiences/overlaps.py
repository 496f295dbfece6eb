"""Measured overlaps of audiences: which of them speak for a restriction in a country.

Definitions. A measured overlap says how many of a base use all of some platforms together, or
any of them.

Method. An overlap speaks if it was measured in that country, on the base of the audiences, on
platforms that are all restricted there, in a period that ends no later than the restriction
starts and no more than twelve months before; of one lineage the latest.
"""

import pandas as pd

from audience_impact.audiences import intervals
from audience_impact.audiences.scope import COUNTRY
from audience_impact.facts.tables import Tables
from audience_impact.periods import WINDOW_DAYS
from audience_impact.vocabulary import Unit


def speaking(audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The overlaps that speak, one row a country of a restriction and overlap, in that order.

    `audiences` as universes.with_base gives them. Columns: those of the fact, COUNTRY, `least` and
    `most` in its own unit (NaN where nothing limits).
    """
    known = audiences[audiences["metric_priority"].notna() & audiences["base_persons"].notna()]
    single = _by_platform(tables["overlaps"])
    joined = known[[*COUNTRY, "platform_id", "start", "base"]].merge(
        single.rename(columns={"area_id": "country_id", "population_base": "base"}),
        on=["country_id", "platform_id", "base"],
    )
    by = [*COUNTRY, "overlap_id"]
    whole = joined[joined.groupby(by)["platform_id"].transform("size") == joined["wanted"]]
    age = (whole["start"] - whole["period_end"]).dt.days
    recent = whole[(age >= 0) & (age <= WINDOW_DAYS)].drop_duplicates(by)
    recent = recent.sort_values([*COUNTRY, "period_end", "overlap_id"])
    same = [*COUNTRY, "platform_ids", "kind", "share_of", "measurement_series_id"]
    return recent.drop_duplicates(same, keep="last").sort_values(by, ignore_index=True)


def _by_platform(overlaps: pd.DataFrame) -> pd.DataFrame:
    """Each overlap of several platforms once for each that must be there for it to speak."""
    several = overlaps["platform_ids"].map(lambda ids: len(set(ids.split(";"))) > 1).astype(bool)
    units = overlaps["unit"].isin([Unit.PERSONS.value, Unit.SHARE.value])
    facts = overlaps[several & units].drop(columns=["note"])
    stated = intervals.read(facts)
    facts = facts.assign(least=stated["least"], most=stated["most"])
    named = [sorted(_named(row)) for row in facts.to_dict("records")]
    single = facts.assign(platform_id=pd.Series(named, facts.index, "object"))
    single = single.explode("platform_id").astype({"platform_id": "str"})
    single["wanted"] = single.groupby("overlap_id")["platform_id"].transform("size")
    return single


def _named(row: dict[str, object]) -> set[str]:
    """Every platform that must be there for an overlap to speak: its own, and whose share it is."""
    of = {str(row["share_of"])} if row["share_of"] and row["unit"] == Unit.SHARE.value else set()
    return {*str(row["platform_ids"]).split(";"), *of}
