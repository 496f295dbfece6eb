"""The tables over time: person-days of restrictions and countries, and people by month and year.

Each total is made three times by the sweep: what is certain (lower bound), what can be drawn
(quantiles), what is possible (upper bound); and again with imputed ends. sweep.py says how.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.overlap.copula import Array
from audience_impact.periods import spans
from audience_impact.simulation import audiences as pooling
from audience_impact.simulation import curfews
from audience_impact.simulation import timeline as sweep
from audience_impact.simulation import unions as estimation
from audience_impact.simulation.distributions import Sampler
from audience_impact.simulation.intervals import by_period
from audience_impact.simulation.simulate import EXPOSED, Model
from audience_impact.simulation.timeline import Timed

EVERY = "all"
"""In `restriction_id`: every restriction of the country together."""
KEY = ["restriction_id", "country_id", "period"]
ADDED = ["naive_sum_person_days", "naive_daily_sum_person_days"]
DRAWN_HOURS = [f"{name}_person_hours" for name in estimation.QUANTILES]
HOURS = ["lower_person_hours", *DRAWN_HOURS, "upper_person_hours"]
UNKNOWN_END = "an end is not known"
IMPUTED = "imputed_"
IN_PART = "restrictions of a part of the country, of some networks or without a figure are bounds"
NO_DAILY = "nobody counted the daily audience of some service"


def person_days(model: Model, sampler: Sampler, workers: int, as_of: date) -> pd.DataFrame:
    """Table `person_days`: restrictions by year and in all, countries by month and year."""
    parts = []
    for by_country in (False, True):
        plain = _totals(model, sampler, workers, by_country, ("least_end", "end", "most_end"))
        imputed = _totals(model, sampler, workers, by_country, ("imputed_end",) * 3)
        imputed = imputed.drop(columns=["covered_days", *HOURS]).add_prefix(IMPUTED)
        parts.append(_none_left(plain.join(imputed, how="left")))
    table = pd.concat(parts).reset_index()
    frame = table.merge(_naive(model), on=KEY, how="left")
    return _described(frame, model, as_of).sort_values(
        ["restriction_id", "area_id", "period"], ignore_index=True
    )


def _none_left(table: pd.DataFrame) -> pd.DataFrame:
    """Zero in periods that no restriction reaches once unknown ends are imputed."""
    names = [name for name in table.columns if name.startswith(IMPUTED)]
    over = table[f"{IMPUTED}days"].isna()
    table.loc[over, names] = 0.0
    return table


def _totals(
    model: Model, sampler: Sampler, workers: int, by_country: bool, ends: tuple[str, str, str]
) -> pd.DataFrame:
    """Bounds and quantiles of person-days by KEY."""
    line = model.line
    rows = (line.whole, line.drawn, line.rows)
    least, middle, most = (
        sweep.pieces(own, line.spans, end, by_country) for own, end in zip(rows, ends, strict=True)
    )
    table = _summed(most, _forced(most, model, "upper")).rename(columns={0: "upper_person_days"})
    table["lower_person_days"] = _summed(least, _forced(least, model, "lower"))[0]
    table["lower_person_days"] = table["lower_person_days"].fillna(0.0)
    known = curfews.hours(line.spans)
    table["lower_person_hours"] = _summed(
        least, curfews.least_person_hours(least, line.rows, known)
    )[0]
    table["lower_person_hours"] = table["lower_person_hours"].fillna(0.0)
    most_hours = curfews.of_sets(most, line.rows, known)["most_hours"].to_numpy()
    table["upper_person_hours"] = _summed(
        most, _forced(most, model, "upper") * most_hours[:, None]
    )[0]
    drawn = _drawn(model, middle, sampler, workers)
    table["days"], table["covered_days"] = _days(most), _days(middle)
    # What is drawn leaves out services without a daily figure, which can force more than the rest.
    low, high = table["lower_person_days"], table["upper_person_days"]
    least_hours, most_hours = table["lower_person_hours"], table["upper_person_hours"]
    inside = drawn.reindex(table.index)
    inside[DRAWN_HOURS] = inside[DRAWN_HOURS].clip(least_hours, most_hours, axis=0)
    days = inside.columns.drop(DRAWN_HOURS)
    inside[days] = inside[days].clip(low, high, axis=0)
    return table.join(inside)


def _sets(timed: Timed) -> Array:
    return np.asarray(timed[0]["set_id"].unique(), dtype=float)


def _days(timed: Timed) -> pd.Series:
    """Days in force by KEY; of several countries the most, since days are not added up."""
    if timed[0].empty:
        return _summed(timed, np.empty((0, 1)))[0]
    periods, _ = by_period(timed[0], np.empty((len(_sets(timed)), 0)))
    table = _keyed(periods, periods[["days"]])
    own = table["restriction_id"] != EVERY
    years = table[own & (periods["period"].str.len() == 4)]
    whole = years.assign(period=EVERY).groupby(KEY)["days"].sum().reset_index()
    kept = pd.concat([table[~own], years, whole])
    kept["country_id"] = kept["country_id"].where(kept["restriction_id"] == EVERY, "")
    return kept.groupby(KEY)["days"].max().astype("float64")


def _keyed(periods: pd.DataFrame, numbers: pd.DataFrame) -> pd.DataFrame:
    """Numbers of each period of a sweep with KEY beside them."""
    parts = periods["group"].str.rsplit("|", n=1)
    restriction = parts.str[0].where(parts.str.len() == 2, EVERY)
    return numbers.assign(
        restriction_id=restriction, country_id=parts.str[-1], period=periods["period"]
    )


def _forced(timed: Timed, model: Model, end: str) -> Array:
    """Bound on the people of a day of each set (sets, 1)."""
    bound = sweep.forced(timed[1], model.line.rows, "daily_low_persons", "daily_high_persons")
    return np.asarray(bound[[end]].to_numpy("float64"))


def _drawn(model: Model, timed: Timed, sampler: Sampler, workers: int) -> pd.DataFrame:
    """Quantiles of person-days by KEY, where something can be drawn."""
    if model.learned is None or timed[1].empty:
        return _nothing(KEY, "person_days").join(_nothing(KEY, "person_hours"))
    per_day = sweep.daily_people(timed, model.line, model.learned, sampler, workers)
    own = curfews.of_sets(timed, model.line.rows, curfews.hours(model.line.spans))["middle_hours"]
    total, hours = _summed(timed, per_day), _summed(timed, per_day * own.to_numpy()[:, None])
    return estimation.quantiles(total.to_numpy(), total.index, "person_days").join(
        estimation.quantiles(hours.to_numpy(), hours.index, "person_hours")
    )


def _no_rows(key: list[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([pd.Index([], dtype="str")] * len(key), names=key)


def _nothing(key: list[str], unit: str) -> pd.DataFrame:
    """Quantiles of nothing, indexed by the key."""
    names = [f"{name}_{unit}" for name in estimation.QUANTILES]
    return pd.DataFrame(columns=names, index=_no_rows(key), dtype="float64")


def _summed(timed: Timed, per_day: Array) -> pd.DataFrame:
    """Person-days by KEY: months and years of a country, years and the whole of a restriction."""
    if timed[0].empty:
        return pd.DataFrame(np.empty((0, per_day.shape[1])), index=_no_rows(KEY))
    periods, days = by_period(timed[0], per_day)
    table = _keyed(periods, pd.DataFrame(days))
    country = table["restriction_id"] == EVERY
    years = table[~country & (periods["period"].str.len() == 4)]
    whole = years.assign(period=EVERY)
    kept = pd.concat([table[country], years, whole]).assign(
        country_id=lambda frame: frame["country_id"].where(frame["restriction_id"] == EVERY, "")
    )
    return kept.groupby(KEY, sort=True).sum(min_count=1).pipe(_all_places, kept)


def _all_places(summed: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """Sums over countries are unknown where one of them is."""
    unknown = parts.set_index(KEY).isna().groupby(level=KEY).any()
    return summed.mask(unknown.reindex(summed.index))


def _naive(model: Model) -> pd.DataFrame:
    """What adding up gives: audiences of a month, and of a day, for each day and restriction."""
    line = model.line
    known = line.rows["tier"].notna() & ~line.rows["restriction_id"].isin(_never(model))
    rows = line.rows[known]
    timed = sweep.pieces(rows, line.spans, "end", by_country=False)
    parts = []
    for column, name in zip(("monthly_high_persons", "d_daily_persons"), ADDED, strict=True):
        bound = sweep.forced(timed[1], rows, "monthly_low_persons", column)
        parts.append(_summed(timed, bound[["added"]].to_numpy("float64"))[0].rename(name))
    own = pd.concat(parts, axis=1)
    return pd.concat([own, _of_countries(timed, rows)]).reset_index()


def _open(model: Model) -> pd.Index:
    return model.line.spans.index[model.line.spans["end_unknown"]]


def _never(model: Model) -> pd.Index:
    """Restrictions that were never in force, or nobody knows since when."""
    return model.line.spans.index[model.line.spans["from_day"].isna()]


def _of_countries(timed: Timed, rows: pd.DataFrame) -> pd.DataFrame:
    """The same for whole countries: every restriction with a figure added to every other."""
    parts = []
    for column, name in zip(("monthly_high_persons", "d_daily_persons"), ADDED, strict=True):
        added = sweep.forced(timed[1], rows, "monthly_low_persons", column)[["added"]]
        known = timed[0][timed[0]["set_id"].isin(added.dropna().index)]
        periods, days = by_period(known, added.fillna(0.0).to_numpy("float64"))
        table = periods.assign(
            restriction_id=EVERY,
            country_id=periods["group"].str.rsplit("|", n=1).str[1],
            value=days[:, 0],
        )
        parts.append(table.groupby(KEY)["value"].sum().rename(name))
    return pd.concat(parts, axis=1)


def _described(frame: pd.DataFrame, model: Model, as_of: date) -> pd.DataFrame:
    """Areas, status and reasons of each total."""
    rows, own = model.line.rows, frame["restriction_id"] != EVERY
    silent = frame["q50_person_days"].isna()
    why = {
        UNKNOWN_END: rows["restriction_id"].isin(_open(model)),
        IN_PART: ~rows["certain"],
        NO_DAILY: rows["certain"] & ~rows["measured"],
    }
    flags = [_touched(frame, model, rows[some]) for some in why.values()]
    if model.learned is None:
        why[estimation.UNCALIBRATED] = silent
        flags.append(silent & ~np.logical_or.reduce(flags))
    reasons = [
        "; ".join(word for word, on in zip(why, row, strict=True) if on)
        for row in zip(*flags, strict=True)
    ]
    areas = rows.groupby("restriction_id")["country_id"].agg(lambda ids: ";".join(sorted(set(ids))))
    own = frame["restriction_id"] != EVERY
    silent = frame["q50_person_days"].isna()
    return frame.assign(
        area_id=frame["country_id"].where(~own, frame["restriction_id"].map(areas)),
        reason=reasons,
        obs_status=np.where(silent, "M", np.where([bool(text) for text in reasons], "U", "E")),
        as_of=as_of.isoformat(),
    )


def _touched(frame: pd.DataFrame, model: Model, rows: pd.DataFrame) -> pd.Series:
    """Totals that some of the rows enter: of their restriction, or of a country at the time."""
    own = frame["restriction_id"].isin(rows["restriction_id"])
    found = _days(sweep.pieces(rows, model.line.spans, "most_end", by_country=True))
    return own | pd.MultiIndex.from_frame(frame[KEY]).isin(found.index)


@dataclass(frozen=True)
class _Periods:
    """Audiences in force at any time in each period of a country: all, and one a platform."""

    table: pd.DataFrame
    members: pd.DataFrame
    alive: pd.DataFrame


def impact_by_area(model: Model, sampler: Sampler, workers: int, as_of: date) -> pd.DataFrame:
    """Table `impact_by_area`: people under at least one restriction in a month or a year."""
    line = model.line
    ready = model.items["shape"] != ""
    complete = line.rows["restriction_id"].isin(model.places["restriction_id"])
    every, certain, drawable = (
        _in_period(model, rows, end)
        for rows, end in (
            (line.rows, "most_end"),
            (line.whole, "least_end"),
            (line.rows[complete & ready.to_numpy()], "end"),
        )
    )
    if every.table.empty:
        return _no_area()
    ends = ("monthly_low_persons", "monthly_high_persons")
    most, least = (sweep.forced(one.alive, line.rows, *ends) for one in (every, certain))
    table = every.table.assign(upper_persons=most["upper"].to_numpy())
    table = table.set_index(["country_id", "period"])
    low = certain.table.assign(lower_persons=least["lower"].to_numpy())
    table["lower_persons"] = low.set_index(["country_id", "period"])["lower_persons"]
    table["lower_persons"] = table["lower_persons"].fillna(0.0)
    joined = table.join(_middle(model, drawable, table, sampler, workers))
    return _about_area(joined, every, model, as_of)


def _no_area() -> pd.DataFrame:
    """The table without rows, where no restriction was ever in force."""
    names = ["area_id", "period", "base", "platforms", "obs_status", "reason", "as_of"]
    words = {name: pd.Series(dtype="str") for name in [*names, "impact_metric"]}
    numbers = ["lower", *estimation.QUANTILES, "upper", "base"]
    return pd.DataFrame(words).assign(
        **{f"{name}_persons": pd.Series(dtype="float64") for name in numbers},
        restrictions_count=pd.Series(dtype="float64"),
        bounds_only_count=pd.Series(dtype="float64"),
    )


def _in_period(model: Model, rows: pd.DataFrame, end: str) -> _Periods:
    """Sets of each country and period from what is in force on some day of it."""
    times = model.line.spans
    stretches, _ = sweep.pieces(rows, times, end, by_country=True)
    about = times.reindex(rows["restriction_id"])
    alive = pd.DataFrame(
        {
            "country_id": rows["country_id"].to_numpy(),
            "row": rows["row"].to_numpy(),
            "platform_id": rows["platform_id"].to_numpy(),
            "from": sweep.begins(about, end).to_numpy(),
            "until": about[end].to_numpy(),
        }
    )
    months = stretches[["group", "month"]].drop_duplicates().rename(columns={"group": "country_id"})
    months["year"] = months["month"].str[:4]
    periods = pd.concat(
        [
            months[["country_id", name]].rename(columns={name: "period"})
            for name in ("month", "year")
        ]
    ).drop_duplicates()
    limits = spans(periods["period"])
    periods = periods.assign(first=limits["start"], last=limits["end"])
    joined = alive.merge(periods, on="country_id")
    inside = joined[(joined["from"] < joined["last"]) & (joined["until"] > joined["first"])]
    table = (
        inside[["country_id", "period"]]
        .drop_duplicates()
        .sort_values(["country_id", "period"], ignore_index=True)
        .reset_index(names="set_id")
    )
    keyed = inside.merge(table, on=["country_id", "period"])
    alive = keyed[["set_id", "row"]]
    return _Periods(table, sweep.one_a_platform(alive, rows, times), alive)


def _middle(
    model: Model, drawable: _Periods, bounds: pd.DataFrame, sampler: Sampler, workers: int
) -> pd.DataFrame:
    """Quantiles of the people in each period, by country and period."""
    if model.learned is None or drawable.table.empty:
        return _nothing(["country_id", "period"], "persons")
    items = pooling.values(model.items, sampler)
    sets = sweep.sets_of(drawable.members, model.line.rows)
    drawn, _ = estimation.people(items, sets, model.learned, sampler, workers)
    index = pd.MultiIndex.from_frame(drawable.table[["country_id", "period"]])
    ends = bounds.reindex(index)
    low, high = (ends[f"{end}_persons"].to_numpy("float64") for end in ("lower", "upper"))
    return estimation.quantiles(estimation.cut(drawn, low, high)[0], index, "persons")


def _about_area(table: pd.DataFrame, every: _Periods, model: Model, as_of: date) -> pd.DataFrame:
    """Base, platforms, counts, status and reason of each country and period."""
    drawn = set(model.places["restriction_id"])
    rows = model.line.rows.set_index("row")
    joined = every.alive.join(
        rows[["restriction_id", "platform_id", "base", "base_persons"]], on="row"
    ).sort_values(["set_id", "base_persons", "platform_id"])
    groups = joined.groupby("set_id", sort=True)
    open_rows = joined[~joined["restriction_id"].isin(drawn)].groupby("set_id")
    silent = table["q50_persons"].isna().to_numpy()
    bounded = open_rows["restriction_id"].nunique().reindex(list(groups.groups), fill_value=0)
    bounded = bounded.to_numpy()
    return (
        table.reset_index()
        .assign(
            area_id=lambda frame: frame["country_id"],
            impact_metric=EXPOSED,
            base=groups["base"].last().to_numpy(),
            base_persons=groups["base_persons"].max(skipna=False).to_numpy(),
            platforms=groups["platform_id"].agg(lambda ids: ";".join(sorted(set(ids)))).to_numpy(),
            restrictions_count=groups["restriction_id"].nunique().to_numpy(),
            bounds_only_count=bounded,
            obs_status=np.where(silent, "M", np.where(bounded > 0, "U", "E")),
            reason=np.where(bounded > 0, IN_PART, "" if model.learned else estimation.UNCALIBRATED),
            as_of=as_of.isoformat(),
        )
        .sort_values(["area_id", "period"], ignore_index=True)
    )
