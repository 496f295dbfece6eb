"""The count of a population that is nearest in time.

Method. Of one measurer the nearest count; between measurers one within twelve months, rather
counted than projected, of the most reliable source. Between two dated counts of one measurer the
people expected are interpolated in logs.

Assumptions, drawbacks and citation: those of audiences/figures.py.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from audience_impact.denominators.online import PATH, YEARS, follow_line
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.periods import WINDOW_DAYS, period_middle, with_distance
from audience_impact.populations import EVERYONE
from audience_impact.selection import Best, Key, Only, Step, select_candidates
from audience_impact.vocabulary import ObsStatus, Reliability

FORECAST = ObsStatus.FORECAST.value
LONGEST_GAP_DAYS = 5 * WINDOW_DAYS
"""Maximum days between two bases for interpolation between them."""
RELIABILITY = {
    word.value: rank
    for rank, word in enumerate((Reliability.HIGH, Reliability.MEDIUM, Reliability.LOW))
}
"""Reliability words of sources, the most reliable first."""
ANY_MEASURER = ["population_base"]
SAME_MEASURER = ["population_base", "measurement_series_id"]
"""Columns besides the country in which a count agrees with the request."""
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
    if window is None:
        return [best]
    return [Only(lambda rows: rows["gap"] <= window, f"more than {window} days from the day"), best]


@dataclass(frozen=True)
class Counts:
    """The typed fact tables of bases and of their sources."""

    bases: pd.DataFrame
    sources: pd.DataFrame

    @classmethod
    def from_tables(cls, tables: Tables) -> "Counts":
        """Return the counts of people in these fact tables."""
        return cls(tables["bases"], tables["sources"])

    @cached_property
    def by_country(self) -> pd.DataFrame:
        """Return the bases, with their country and the reliability of their source: COLUMNS."""
        reliability = self.sources.set_index("source_id")["reliability"]
        return self.bases.rename(
            columns={"area_id": "country_id", "persons": "base_persons"}
        ).assign(
            base_measurement_series_id=self.bases["measurement_series_id"],
            trust=self.bases["source_id"].map(reliability).map(RELIABILITY),
        )[COLUMNS]

    def list_candidates(self, places: pd.DataFrame, by: list[str]) -> pd.DataFrame:
        """Return every base that matches a place on `country_id` and `by`, with its ranks.

        `place` is the row of `places`; `gap` and `apart` are distances of the base from `start` in
        days; `far` and `projected` rank the bases of several measurers.
        """
        rows = places[["country_id", "start", *by]].reset_index(names="place")
        joined = rows.merge(self.by_country, on=["country_id", *by])
        joined = with_distance(joined, ("start", "start"), ("period_start", "period_end"))
        is_projected = joined["obs_status"] == FORECAST
        return joined.assign(far=joined["gap"] > WINDOW_DAYS, projected=is_projected)

    def find_nearest(self, places: pd.DataFrame, by: list[str], window: int | None) -> pd.DataFrame:
        """Return the base of each place that `list_steps` chooses; places without are absent."""
        chosen = select_candidates(self.list_candidates(places, by), list_steps(by, window))
        return chosen.set_index("place").sort_index().drop(columns=["country_id", "start", *by])

    def count_people(self, places: pd.DataFrame, population: str, window: int | None) -> pd.Series:
        """Return the expected people of a population of each `country_id` on the day `start`.

        Each place and day is looked up once. Indexed like `places`; NaN where the record has no
        count within `window` days.
        """
        keys = ["country_id", "start"]
        distinct = places[keys].drop_duplicates()
        base = self.find_nearest(distinct.assign(population_base=population), ANY_MEASURER, window)
        at = distinct.join(base[["base_id"]], how="inner")
        at["persons"] = self.interpolate_persons(at)
        joined = places[keys].merge(at[[*keys, "persons"]], on=keys, how="left", validate="m:1")
        return joined["persons"].set_axis(places.index)

    def interpolate_persons(self, places: pd.DataFrame) -> pd.Series:
        """Return the people in `base_id` at each `start`, interpolated in logs between two counts.

        Outside the series of the measurer, return the base as printed; NaN without a base. Indexed
        like `places`.
        """
        key = ["area_id", "population_base", "measurement_series_id"]
        series = self.bases[[*key, "base_id", "persons"]].assign(
            middle=period_middle(self.bases["period_start"], self.bases["period_end"])
        )
        printed = series.drop(columns="middle").rename(columns={"persons": "printed_persons"})
        dated = places[["base_id", "start"]].reset_index(names="place")
        near = dated.merge(printed, on="base_id").sort_values("start")
        there = series[series["area_id"].isin(near["area_id"])]
        counts = there.drop(columns="base_id").sort_values(["middle", *key])
        for direction in ("backward", "forward"):
            counts_there = counts.rename(
                columns={name: f"{direction}_{name}" for name in ("middle", "persons")}
            )
            near = pd.merge_asof(
                near,
                counts_there,
                left_on="start",
                right_on=f"{direction}_middle",
                by=key,
                direction=direction,
            )
        gap = near["forward_middle"] - near["backward_middle"]
        part = ((near["start"] - near["backward_middle"]) / gap).where(gap.dt.days > 0)
        growth = (near["forward_persons"] / near["backward_persons"]).pow(part)
        between = near["backward_persons"] * growth
        inside = between.where(gap.dt.days <= LONGEST_GAP_DAYS).fillna(near["printed_persons"])
        return inside.set_axis(near["place"]).reindex(places.index)

    def interpolate_residents(self, countries: pd.Series, moments: Array) -> pd.Series:
        """Return the residents of countries at moments, on the line of logs between mid-years.

        Of a year the median of its counts; before the first and after the last year on the line of
        the nearest two. NaN where the record has no count.
        """
        rows = self.bases[
            (self.bases["population_base"] == EVERYONE)
            & self.bases["area_id"].isin(countries)
            & (self.bases["period"].str.len() == len("2024"))
        ]
        yearly = rows.groupby(["area_id", rows["period_start"].dt.year])["persons"].median()
        logs = np.log(yearly.unstack().reindex(columns=YEARS)).interpolate(axis=1)
        near = logs.ffill(axis=1).bfill(axis=1).reindex(countries).to_numpy("float64")
        return pd.Series(np.exp(follow_line(near, moments)), countries.index)

    def measure_young_share(self, countries: pd.Series) -> "pd.Series[float]":
        """Return the share of residents below twelve, of countries without a count the median."""
        key = ["area_id", "period"]
        older, everyone = (
            self.bases.loc[self.bases["population_base"] == base, [*key, "persons"]]
            for base in ("age_12_plus", EVERYONE)
        )
        both = older.merge(everyone, on=key)
        share = (both["persons_x"] / both["persons_y"]).clip(upper=1.0)
        by_area = 1.0 - share.groupby(both["area_id"]).median().astype("float64")
        return countries.map(by_area).astype("float64").fillna(by_area.median()).fillna(0.0)


DISTRIBUTION = [
    *("expected_persons", "base_low_persons", "base_high_persons", "ceiling_persons"),
    *PATH,
]
"""Columns of a distribution: median, 5 and 95 % quantile, the ceiling, and the path of draws."""
