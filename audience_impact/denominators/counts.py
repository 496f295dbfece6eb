"""The count of a population that is nearest in time, and the people expected between two counts.

Method. Of one measurer the nearest count; between measurers one within twelve months, rather
counted than projected, of the most reliable source. Between two dated counts of one measurer the
people expected are interpolated in logs.

Assumptions, drawbacks and citation: those of audiences/figures.py.
"""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.periods import WINDOW_DAYS, period_middle, with_distance
from audience_impact.selection import Best, Key, Only, Step, select_candidates
from audience_impact.vocabulary import ObsStatus, Reliability

FORECAST = ObsStatus.FORECAST.value
LONGEST_GAP_DAYS = 5 * WINDOW_DAYS
"""Bases further apart than that say nothing of the time between them."""
RELIABILITY = {
    word.value: rank
    for rank, word in enumerate((Reliability.HIGH, Reliability.MEDIUM, Reliability.LOW))
}
"""The most reliable source first."""
ANY_MEASURER = ["population_base"]
SAME_MEASURER = ["population_base", "measurement_series_id"]
"""What a count has in common with the place that asks for it, beside the country."""
COLUMNS = [
    *("country_id", "population_base", "measurement_series_id", "base_measurement_series_id"),
    *("base_id", "base_persons", "low_persons", "high_persons", "obs_status", "trust"),
    *("period", "period_start", "period_end"),
]
FAR = Key("far", "more than twelve months from the day, where another is nearer")
PROJECTED = Key("projected", "projected, where another was counted")
TRUST = Key("trust", "of a less reliable source")
NEARER = "another one is nearer to the day"
NEAR = (Key("gap", NEARER), Key("apart", NEARER))
SAME = (
    Key("obs_status", "derived, where another is reported"),
    Key("base_id", "no different in what counts: the first by its id is taken"),
)


def list_steps(by: list[str], window: int | None) -> list[Step]:
    """Return the rules by which `Counts.find_nearest` chooses one of the candidates."""
    ranked = (*NEAR, TRUST) if "measurement_series_id" in by else (FAR, PROJECTED, TRUST, *NEAR)
    best = Best(["place"], (*ranked, *SAME))
    return [*([] if window is None else [_limit_days(window)]), best]


def _limit_days(days: int) -> Only:
    return Only(lambda rows: rows["gap"] <= days, f"more than {days} days from the day")


@dataclass(frozen=True)
class Counts:
    """The fact tables of bases and of their sources, as typed."""

    bases: pd.DataFrame
    sources: pd.DataFrame

    @classmethod
    def from_tables(cls, tables: Tables) -> "Counts":
        """Return the counts of these facts."""
        return cls(tables["bases"], tables["sources"])

    @cached_property
    def by_country(self) -> pd.DataFrame:
        """Bases by country with the trust in their source: columns COLUMNS."""
        reliability = self.sources.set_index("source_id")["reliability"]
        names = {
            "area_id": "country_id",
            "persons": "base_persons",
            "measurement_series_id": "base_measurement_series_id",
        }
        renamed = self.bases.rename(columns=names)
        return renamed.assign(
            measurement_series_id=self.bases["measurement_series_id"],
            trust=self.bases["source_id"].map(reliability).map(RELIABILITY),
        )[COLUMNS]

    def list_candidates(self, places: pd.DataFrame, by: list[str]) -> pd.DataFrame:
        """Return every base that matches a place on `country_id` and `by`, with what ranks them.

        `place` is the row of `places`; `gap` and `apart` are how far from its `start`, `far` and
        `projected` what parts bases of several measurers.
        """
        rows = places[["country_id", "start", *by]].reset_index(names="place")
        joined = rows.merge(self.by_country, on=["country_id", *by])
        joined = with_distance(joined, ("start", "start"), ("period_start", "period_end"))
        return joined.assign(
            far=joined["gap"] > WINDOW_DAYS, projected=joined["obs_status"] == FORECAST
        )

    def find_nearest(self, places: pd.DataFrame, by: list[str], window: int | None) -> pd.DataFrame:
        """Return for each place the matching base nearest to its `start`.

        Matches on `country_id` and `by`; at most `window` days away where one is given. Of one
        measurer the nearest; between measurers one within twelve months, rather counted than
        projected, of the most reliable source, the nearest, rather reported than derived.
        Indexed like `places`; places without a base are absent.
        """
        chosen = select_candidates(self.list_candidates(places, by), list_steps(by, window))
        return chosen.set_index("place").sort_index().drop(columns=["country_id", "start", *by])

    def count_people(self, places: pd.DataFrame, population: str, window: int | None) -> pd.Series:
        """Return the people expected in a population of each `country_id` on the day `start`.

        Each place and day is looked up once. Indexed like `places`; NaN where nobody counted them
        within `window` days.
        """
        distinct = places[["country_id", "start"]].drop_duplicates()
        base = self.find_nearest(distinct.assign(population_base=population), ANY_MEASURER, window)
        at = distinct.join(base[["base_id"]], how="inner")
        persons = at.assign(persons=self.interpolate_persons(at))[
            ["country_id", "start", "persons"]
        ]
        joined = places[["country_id", "start"]].merge(
            persons, on=["country_id", "start"], how="left"
        )
        return joined["persons"].set_axis(places.index)

    def interpolate_persons(self, places: pd.DataFrame) -> pd.Series:
        """Return the people in `base_id` of each place at its `start`: in logs between two counts.

        Outside the measurer's series, the base as it stands; NaN without a base. Indexed like
        `places`.
        """
        key = ["area_id", "population_base", "measurement_series_id"]
        series = self.bases[[*key, "base_id", "persons"]].assign(
            middle=period_middle(self.bases["period_start"], self.bases["period_end"])
        )
        rows = (
            places[["base_id", "start"]]
            .reset_index(names="place")
            .merge(series[[*key, "base_id", "persons"]], on="base_id")
            .sort_values("start")
        )
        near = _with_neighbours(rows.rename(columns={"persons": "own_persons"}), series, key)
        gap = near["forward_middle"] - near["backward_middle"]
        part = ((near["start"] - near["backward_middle"]) / gap).where(gap.dt.days > 0)
        growth = (near["forward_persons"] / near["backward_persons"]).pow(part)
        between = near["backward_persons"] * growth
        inside = between.where(gap.dt.days <= LONGEST_GAP_DAYS).fillna(near["own_persons"])
        return inside.set_axis(near["place"]).reindex(places.index)


def _with_neighbours(rows: pd.DataFrame, series: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return rows with the counts of the same measurer before and after their `start`."""
    there = series[series["area_id"].isin(rows["area_id"])]
    counts = there.drop(columns="base_id").sort_values(["middle", *key])
    for direction in ("backward", "forward"):
        right = counts.rename(columns={n: f"{direction}_{n}" for n in ("middle", "persons")})
        rows = pd.merge_asof(
            rows,
            right,
            left_on="start",
            right_on=f"{direction}_middle",
            by=key,
            direction=direction,
        )
    return rows
