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

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact import selection as choosing
from audience_impact.audiences.scope import COUNTRY
from audience_impact.errors import base_laws
from audience_impact.errors.law import FigureErrors
from audience_impact.facts.bases import FORECAST, candidates, nearest_base, steps
from audience_impact.facts.tables import Tables
from audience_impact.periods import WINDOW_DAYS, months_between, with_distance
from audience_impact.populations import AGES, EVERYONE, ONLINE, ONLINE_12_PLUS
from audience_impact.selection import Only, Step
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
    found = nearest_base(asked, bases, tables["sources"], ["population_base"], None)
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
        }
    ).reindex(joined.index)
    differ = table["most"] >= PUBLISHERS_DIFFER * table["least"]
    apart = single[single["place"].isin(table.index[differ])].groupby("place")["base_id"]
    ids = apart.agg(";".join).astype("str").reindex(joined.index)
    return table.where(differ).assign(ids=ids)


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
    wanted = _wanted(audiences)
    found = _bases(wanted, tables)
    law = base_laws.laws(found.assign(start=wanted["start"]), tables, errors)
    spanned = _disputed(found, law, wanted["start"], tables["bases"])
    return _of_the_day(audiences.merge(spanned, on=COUNTRY, how="left"))


def _wanted(audiences: pd.DataFrame) -> pd.DataFrame:
    """What is asked of the base of each COUNTRY: its day, whom it holds and whose it should be."""
    groups = audiences.groupby(COUNTRY, sort=True)
    counted = audiences[audiences["metric_priority"].notna()]
    return pd.DataFrame(
        {
            "start": groups["start"].first(),
            "floor_persons": groups["low_persons"].max(),
            "containing": _common(counted, "containing", ONLINE),
            "measurement_series_id": _common(counted, "measurement_series_id", ""),
        }
    ).reset_index()


def _common(counted: pd.DataFrame, column: str, other: str) -> pd.Series:
    """The word that all audiences of each COUNTRY have in a column, else another one."""
    first = counted.drop_duplicates(COUNTRY).set_index(COUNTRY)[column]
    return first.where(counted.groupby(COUNTRY)[column].nunique() == 1, other)


def _disputed(
    found: pd.DataFrame, law: pd.DataFrame, start: pd.Series, bases: pd.DataFrame
) -> pd.DataFrame:
    """Bases and their laws: people online whose numbers differ limit by the largest.

    What a network shutdown may touch at most, a service in the same country may as well. A
    measurer's own base stays as it is.
    """
    online = bases[bases["population_base"] == ONLINE]
    publishers = _publishers(found[["country_id"]].assign(start=start), online)
    plain = (found["base"] == ONLINE) & ~found["is_own_base"].eq(True) & ~found["is_base_projected"]
    publishers = publishers.where(plain)
    return found.assign(
        base_persons=np.fmax(found["base_persons"], publishers["most"]),
        is_base_disputed=publishers["most"].notna(),
        **_spanning(law, publishers),
    )


def _of_the_day(rows: pd.DataFrame) -> pd.DataFrame:
    """People are the base of the day where the whole network is shut down: one law for both."""
    own = rows["audience_base_id"].notna() & (rows["audience_base_id"] == rows["base_id"])
    for name, theirs in zip(OWN_LAW, base_laws.LAW, strict=True):
        rows[theirs] = rows[theirs].where(~own, rows[name])
    limit = np.fmax(rows["base_persons"], rows["high_persons"].where(own))
    size = rows["expected_persons"].where(rows["is_base_projected"].eq(True))
    return rows.assign(base_persons=limit, base_size_persons=size.fillna(limit))


@dataclass(frozen=True)
class Level:
    """A kind of base that may hold the audiences of a country.

    Attributes:
        rows: What is wanted of it, one row a COUNTRY, as `nearest_base` takes it.
        by: What has to agree.
        window: How many days away it may be at most.
        is_own: The measurer of the audiences counted it.
        says: What it is called.
    """

    rows: pd.DataFrame
    by: list[str]
    window: int | None
    is_own: bool
    says: str

    @property
    def steps(self) -> list[Step]:
        """How the base of each row is chosen at this level."""
        holds = Only(
            lambda rows: _at_most(rows) >= rows["floor_persons"],
            "holds fewer people than the largest audience",
        )
        return [*steps(self.by, self.window), holds]

    def candidates(self, tables: Tables, places: pd.Index) -> pd.DataFrame:
        """The bases of this kind of some places of the rows."""
        own = self.rows[self.rows.index.isin(places)]
        found = candidates(own, tables["bases"], tables["sources"], self.by)
        floor = own["floor_persons"].fillna(0).rename("floor_persons")
        return found.join(floor, on="place").assign(is_own_base=self.is_own)


def levels(wanted: pd.DataFrame) -> list[Level]:
    """The kinds of base from best to worst: the first that has one is taken."""
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
    measurers = ["population_base", "measurement_series_id"]
    any_one = ["population_base"]
    return [
        Level(own, measurers, WINDOW_DAYS, True, "people online, by the measurer of the audiences"),
        Level(wider, measurers, WINDOW_DAYS, False, "people of these ages, by the same measurer"),
        Level(online, any_one, WINDOW_DAYS, False, "people online, by anybody"),
        Level(wanted.assign(population_base=EVERYONE), any_one, None, False, "all residents"),
    ]


def looked_at(audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Every base that may hold the audiences of a country, as `with_base` gives them, and why not.

    Columns: COUNTRY, `base_id`, `level`, `base_persons`, `passed_over` (blank: it was taken).
    """
    wanted = _wanted(audiences)
    parts, left_over = [], wanted.index
    for level in levels(wanted):
        found = level.candidates(tables, wanted.index)
        told = choosing.passed_over(found, level.steps)
        later = ~found["place"].isin(left_over) & (told == "")
        told = told.mask(later, "a narrower population that holds the audiences has a base")
        left_over = left_over.difference(found.loc[told == "", "place"])
        rows = found.assign(level=level.says, passed_over=told)
        parts.append(rows.join(wanted["restriction_id"], on="place"))
    table = pd.concat(parts, ignore_index=True)
    return table[[*COUNTRY, "base_id", "level", "base_persons", "passed_over"]]


def _bases(wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The first base from best to worst that can hold the largest audience, and the residents."""
    taken: list[pd.DataFrame] = []
    rest = wanted.index
    for level in levels(wanted):
        if rest.empty and len(wanted):  # the columns have types where nothing is wanted too
            break
        found = choosing.left(level.candidates(tables, rest), level.steps).set_index("place")
        taken.append(found)
        rest = rest.difference(found.index)
    columns = ["base_id", "base_persons", "population_base", "obs_status", "is_own_base"]
    together = pd.concat([part.reindex(columns=columns) for part in taken])
    joined = wanted[["restriction_id", "country_id"]].join(together)
    joined["base_persons"] = joined["base_persons"].astype("float64")
    everyone = wanted.assign(population_base=EVERYONE)
    people = nearest_base(everyone, tables["bases"], tables["sources"], ["population_base"], None)
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
