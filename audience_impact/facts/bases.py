"""The count of a population that is nearest in time, and the people expected between two counts.

Method. Of one measurer the nearest count; between measurers one within twelve months, rather
counted than projected, of the most reliable source. Between two dated counts of one measurer the
people expected are interpolated in logs.

Assumptions, drawbacks and citation: those of figures.py.
"""

import pandas as pd

from audience_impact.periods import WINDOW_DAYS, middle, with_distance
from audience_impact.selection import Best, Key, Only, Step, left
from audience_impact.vocabulary import ObsStatus, Reliability

FORECAST = ObsStatus.FORECAST.value
LONGEST_GAP_DAYS = 5 * WINDOW_DAYS
"""Bases further apart than that say nothing of the time between them."""
RELIABILITY = {
    word.value: rank
    for rank, word in enumerate((Reliability.HIGH, Reliability.MEDIUM, Reliability.LOW))
}
"""The most reliable source first."""


KEPT = [
    *("country_id", "population_base", "measurement_series_id", "base_measurement_series_id"),
    *("base_id", "base_persons", "low_persons", "high_persons", "obs_status", "trust"),
    *("period", "period_start", "period_end"),
]
_LAST: list[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]] = []


def _asked(bases: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Bases by country with the trust in their source: made once for the same tables."""
    if not _LAST or _LAST[0][0] is not bases or _LAST[0][1] is not sources:
        reliability = sources.set_index("source_id")["reliability"]
        named = bases.rename(
            columns={
                "area_id": "country_id",
                "persons": "base_persons",
                "measurement_series_id": "base_measurement_series_id",
            }
        ).assign(
            measurement_series_id=bases["measurement_series_id"],
            trust=bases["source_id"].map(reliability).map(RELIABILITY),
        )
        _LAST[:] = [(bases, sources, named[KEPT])]
    return _LAST[0][2]


def candidates(
    wanted: pd.DataFrame, bases: pd.DataFrame, sources: pd.DataFrame, by: list[str]
) -> pd.DataFrame:
    """Every base that matches a row of `wanted` on `country_id` and `by`, with what ranks them.

    `place` is the row of `wanted`; `gap` and `apart` are how far from its `start`, `far` and
    `projected` what parts bases of several measurers.
    """
    left = wanted[["country_id", "start", *by]].reset_index(names="place")
    joined = left.merge(_asked(bases, sources), on=["country_id", *by])
    joined = with_distance(joined, ("start", "start"), ("period_start", "period_end"))
    return joined.assign(
        far=joined["gap"] > WINDOW_DAYS, projected=joined["obs_status"] == FORECAST
    )


FAR = Key("far", "more than twelve months from the day, where another is nearer")
PROJECTED = Key("projected", "projected, where another was counted")
TRUST = Key("trust", "of a less reliable source")
NEARER = "another one is nearer to the day"
NEAR = (Key("gap", NEARER), Key("apart", NEARER))
SAME = (
    Key("obs_status", "derived, where another is reported"),
    Key("base_id", "no different in what counts: the first by its id is taken"),
)


def steps(by: list[str], window: int | None, earlier: bool = False) -> list[Step]:
    """How one of the candidates is chosen: the rules of `nearest_base`."""
    ranked = (*NEAR, TRUST) if "measurement_series_id" in by else (FAR, PROJECTED, TRUST, *NEAR)
    best = Best(["place"], (*ranked, *SAME))
    before = Only(lambda rows: rows["period_end"] <= rows["start"], "from after the day")
    return [*([] if window is None else [_within(window)]), *[before] * earlier, best]


def _within(days: int) -> Only:
    return Only(lambda rows: rows["gap"] <= days, f"more than {days} days from the day")


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
    found = left(candidates(wanted, bases, sources, by), steps(by, window, earlier))
    return found.set_index("place").sort_index().drop(columns=["country_id", "start", *by])


def expected_base(wanted: pd.DataFrame, bases: pd.DataFrame) -> pd.Series:
    """People in the base of each row at its `start`: between two of one measurer, in logs.

    `wanted` has `base_id` and `start`. Outside the measurer's series, the base as it stands;
    NaN without a base. Indexed like `wanted`.
    """
    key = ["area_id", "population_base", "measurement_series_id"]
    series = bases[[*key, "base_id", "persons"]].assign(
        middle=middle(bases["period_start"], bases["period_end"])
    )
    left = (
        wanted[["base_id", "start"]]
        .reset_index(names="place")
        .merge(series[[*key, "base_id", "persons"]], on="base_id")
        .sort_values("start")
    )
    there = series[series["area_id"].isin(left["area_id"])]
    right = there.drop(columns="base_id").sort_values(["middle", *key])
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
