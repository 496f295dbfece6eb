"""Selection of the measured overlaps of audiences that apply to a restriction in a country.

Definitions. A measured overlap is the number, or the share of a base, of people who use all of some
platforms, or any of them.

Method. An overlap applies if it was measured in that country, on the base of the audiences, on
platforms that are all restricted there, in a period that ends no later than the restriction starts
and no more than twelve months before; from each lineage the latest is used.
"""

import pandas as pd

from audience_impact import selection as choosing
from audience_impact.audiences import intervals
from audience_impact.audiences.scope import COUNTRY
from audience_impact.facts.tables import Tables
from audience_impact.periods import WINDOW_DAYS
from audience_impact.selection import Best, Key, Only
from audience_impact.vocabulary import Unit


def choose_overlaps(audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the chosen overlaps, one row per country of a restriction and overlap, sorted.

    `audiences` is the result of inputs.add_base. Columns: those of the fact, COUNTRY, and the
    limits `least` and `most` in the unit of the fact (NaN where there is no limit).
    """
    recent = choosing.select_candidates(list_candidates(audiences, tables), STEPS)
    return recent.sort_values([*COUNTRY, "overlap_id"], ignore_index=True)


STEPS = (
    Only(
        lambda rows: rows["present"] == rows["required"],
        "speaks of a service that is not restricted there, or has no figure",
    ),
    Only(lambda rows: rows["age_days"] >= 0, "from after the start of the restriction"),
    Only(
        lambda rows: rows["age_days"] <= WINDOW_DAYS,
        f"more than {WINDOW_DAYS} days before the start",
    ),
    Best(
        [*COUNTRY, "platform_ids", "kind", "share_of", "measurement_series_id"],
        (
            Key("period_end", "the same measurer has a later one", ascending=False),
            Key("overlap_id", "no different in what counts: the last by its id is taken", False),
        ),
    ),
)
"""Steps that select the measured overlaps."""


def list_candidates(audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return every overlap with a restricted service, by country and base, with its ranks."""
    counted = audiences[audiences["metric_priority"].notna() & audiences["base_persons"].notna()]
    single = _expand_platforms(tables["overlaps"])
    joined = counted[[*COUNTRY, "platform_id", "start", "base"]].merge(
        single.rename(columns={"area_id": "country_id", "population_base": "base"}),
        on=["country_id", "platform_id", "base"],
    )
    by = [*COUNTRY, "overlap_id"]
    present = joined.groupby(by)["platform_id"].transform("size")
    age = (joined["start"] - joined["period_end"]).dt.days
    return joined.assign(present=present, age_days=age).drop_duplicates(by)


def _expand_platforms(overlaps: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each overlap and platform whose restriction the overlap requires.

    It requires those that overlap, and the one of whose users it is a share.
    """
    several = overlaps["platform_ids"].map(lambda ids: len(set(ids.split(";"))) > 1).astype(bool)
    units = overlaps["unit"].isin([Unit.PERSONS.value, Unit.SHARE.value])
    facts = overlaps[several & units].drop(columns=["note"])
    stated = intervals.read_intervals(facts)
    is_share = facts["unit"] == Unit.SHARE.value
    named = facts["platform_ids"] + (";" + facts["share_of"]).where(is_share, "")
    required = [sorted({*names.split(";")} - {""}) for names in named]
    single = facts.assign(
        least=stated["least"],
        most=stated["most"],
        platform_id=pd.Series(required, facts.index, "object"),
        required=pd.Series([len(names) for names in required], facts.index),
    )
    return single.explode("platform_id").astype({"platform_id": "str"})
