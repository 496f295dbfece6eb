"""Restrictions over time: who is under one on a day, in a month, in a year, each person once.

Definitions. A span is one audience of one restriction while it is in force. A person-day is a
person under at least one restriction on a day. The daily audience of a service is who uses it
on a day.

Method. Spans start on the observed day, from the announcement where no day was observed. They
end on the recorded day; what is ongoing ends on the day of the facts. Where days in force are told,
they last on those alone (curfews). On each stretch without
change (person_days) the union of the daily audiences is bounded (Frechet) and drawn
(estimation). A daily figure is bounded by the interval that its source states, and drawn from
it; without one it stands as it is. With a monthly audience m alone the daily one lies between
m/30 and m, and nothing is drawn. Restrictions in part of a country, on some networks or without
a figure add nothing to the lower bound and everything they may touch to the upper one. Where
several restrictions touch a platform, the draws take the audience from before the first of those
in force, and the bounds the largest. A start that is not known to the day is the first day it
may be; the lower bound takes the last.

An unknown end is not filled in: such a restriction counts for its first day, in the upper bound
to the day of the facts. Beside that stand totals with imputed ends: the start plus the median
length of the ended restrictions of the same severity.

Assumptions. The daily audience from before stands for every day of the restriction.

Known drawbacks. Weekdays and growth during a long restriction are not modelled; a median length
says little of one restriction.

Citation. Rules of this project, docs/decisions.md.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.audiences import figures
from audience_impact.audiences.figures import PAIR
from audience_impact.overlap.copula import Array
from audience_impact.simulation import audiences as pooling
from audience_impact.simulation import curfews, reach
from audience_impact.simulation import intervals as person_days
from audience_impact.simulation import unions as estimation
from audience_impact.simulation.distributions import Sampler
from audience_impact.simulation.unions import CELL, Learned, Sets
from audience_impact.vocabulary import WHOLE_INTERNET

DAILY = {"avg_daily_reach": 0, "dau": 1, "daily_reach": 2}
"""Metrics of a day, the one that is an average over many days first."""
LAW = ["shape", "low", "middle", "high", "coverage"]
"""Columns that say how a figure is drawn, as in pooling.distributions."""
FRESH_DAYS, LATER_DAYS, MONTH_DAYS = 92, 92, 30
DAY = pd.Timedelta(days=1)
Timed = tuple[pd.DataFrame, pd.DataFrame]


def daily(pairs: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """The daily figure of each pair that has one, with the columns that `pooling.values` draws.

    From before the start if at most three months old, else at most three months after it, else
    older. Columns: PAIR, `daily_persons`, `daily_id`, `daily_period`, `late_days` (after the
    start), `months` (since the figure), and those of pooling.distributions.
    """
    figure = candidates[candidates["audience_metric"].isin(list(DAILY))]
    figure = _laws(figure[figure["interval_kind"] != "one_sided_max"])
    keys = [*PAIR, "start"]
    joined = pairs[keys].merge(
        figure.rename(columns={"area_id": "country_id"}), on=["country_id", "platform_id"]
    )
    age = (joined["start"] - joined["period_end"]).dt.days
    joined = joined.assign(age=age)[age >= -LATER_DAYS]
    rank = pd.Series(2, joined.index).mask(joined["age"] < 0, 1)
    ranked = joined.assign(
        rank=rank.mask(joined["age"].between(0, FRESH_DAYS), 0),
        far=joined["age"].abs(),
        order=joined["audience_metric"].map(DAILY),
    ).sort_values(
        [*PAIR, "rank", "order", "far", "own_page", "estimate_id"],
        ascending=[True, True, True, True, True, True, False, True],
    )
    best = ranked.drop_duplicates(PAIR)
    return pd.DataFrame(
        {
            **{name: best[name] for name in PAIR},
            "daily_persons": best["middle"],
            "daily_id": best["estimate_id"],
            "daily_period": best["period"],
            "late_days": (-best["age"]).clip(lower=0),
            "months": best["far"] / 30.4375,
            "audience_key": best["estimate_id"],
            **{name: best[name] for name in LAW},
        }
    ).reset_index(drop=True)


def _laws(known: pd.DataFrame) -> pd.DataFrame:
    """The figures with a value or a range, and how each is drawn: LAW."""
    kind = known["interval_kind"]
    ends = known[["low", "high"]].where(kind.isin(figures.RANGED) | known["value"].isna())
    middle = known["value"].fillna(ends.mean(axis=1, skipna=False))
    low, high = np.fmin(ends["low"], middle), np.fmax(ends["high"], middle)
    stated = kind.isin(list(pooling.COVERAGE)) & ends.notna().all(axis=1)
    shape = pd.Series("pert", known.index).where(~stated, "split")
    laws = {
        "shape": shape.where(low < high, "fixed"),
        "low": low,
        "middle": middle,
        "high": high,
        "coverage": kind.map(pooling.COVERAGE),
    }
    return known.assign(**laws)[middle.notna()]


def spans(events: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """When each restriction was in force, indexed by restriction_id.

    Columns: `from_day`, and days after the last: `least_end`, `end`, `most_end` with the ends on
    record, `imputed_end` with unknown ends imputed; `least_from`, the last day on which it may
    have begun; `end_unknown`, `from_announced`; and those of curfews.COLUMNS.
    """
    about = events.set_index("restriction_id")
    seen, told = about["observed_from_start"], about["announced_on_start"]
    to_the_day = (about["observed_from_end"] - seen) == DAY
    start = seen.where(to_the_day, told).fillna(seen)
    until = as_of + DAY
    over, ongoing = about["end_status"] == "ended", about["end_status"] == "ongoing"
    recorded = over & about["ended_on_end"].notna()
    end = about["ended_on_end"].where(recorded).mask(ongoing, until)
    unknown = end.isna()
    length = (about["ended_on_end"] - start).where(recorded).dt.days
    typical = length.groupby(about["severity"]).transform("median").fillna(length.median())
    guessed = start + pd.to_timedelta(typical.fillna(1.0).clip(lower=1).round(), unit="D")
    one_day = start + DAY
    frame = pd.DataFrame(
        {
            "from_day": start.where(~about["never"]),
            "least_end": (about["ended_on_start"] + DAY).where(recorded, end).fillna(one_day),
            "end": end.fillna(one_day),
            "most_end": end.fillna(until),
            "imputed_end": end.fillna(guessed),
            "end_unknown": unknown,
            "from_announced": ~to_the_day & told.notna(),
        }
    )
    ends = ["least_end", "end", "most_end", "imputed_end"]
    frame[ends] = frame[ends].apply(lambda column: column.clip(upper=until))
    latest = frame["from_day"].where(to_the_day | told.notna(), about["observed_from_end"] - DAY)
    latest = latest.where(latest < frame["end"], frame["end"] - DAY)
    frame["least_from"] = latest.where(latest > frame["from_day"], frame["from_day"])
    first = frame["least_from"] + DAY  # it was in force on one day at least
    frame["least_end"] = frame["least_end"].where(frame["least_end"] > first, first)
    frame["least_end"] = frame["least_end"].clip(upper=until)
    return frame.join(curfews.told(about))


def begins(times: pd.DataFrame, end: str) -> pd.Series:
    """The first day that goes with an end: what is certain begins as late as it may have."""
    return times["least_from" if end == "least_end" else "from_day"]


@dataclass(frozen=True)
class Timeline:
    """Audiences by the day: `rows` (one a pair, numbered), and who is certain to be touched."""

    rows: pd.DataFrame
    spans: pd.DataFrame

    @property
    def whole(self) -> pd.DataFrame:
        """Rows of restrictions that touch everyone in audiences that are all known."""
        return self.rows[self.rows["certain"]]

    @property
    def drawn(self) -> pd.DataFrame:
        """Rows of those restrictions whose daily audiences are all measured."""
        return self.rows[self.rows["certain"] & self.rows["measured"]]


def timeline(
    events: pd.DataFrame,
    audiences: pd.DataFrame,
    daily_figures: pd.DataFrame,
    limits: pd.Series,
    part: pd.Series,
    as_of: pd.Timestamp,
) -> Timeline:
    """The rows that are swept.

    `audiences` with `place_low_persons`, the lower bound of the place of each. `limits` is the
    upper bound of each restriction and `part` whether it touches a part of the
    audiences only, both by restriction_id. Each row gets `row`, `where`, `daily_low_persons`,
    `daily_high_persons`, `monthly_low_persons`, `monthly_high_persons`, the audiences of the
    whole country `daily_whole_persons` and `monthly_whole_persons`, `certain`, `measured`.
    """
    figure = daily_figures.add_prefix("d_")
    figure = figure.rename(columns={f"d_{name}": name for name in PAIR})
    rows = audiences.merge(figure, on=PAIR, how="left").sort_values(PAIR, ignore_index=True)
    times = spans(events, as_of)
    told = rows["d_daily_persons"]
    cap = rows["restriction_id"].map(limits).astype("float64")
    monthly = rows["high_persons"].fillna(rows["base_persons"])
    known = rows["tier"].notna() | told.notna()
    whole = ~rows["restriction_id"].map(part).astype(bool)
    daily_whole = rows["d_high"].fillna(monthly)
    rows = rows.assign(
        row=rows.index,
        where=rows["restriction_id"].map(events.set_index("restriction_id")["area_ids"]),
        daily_whole_persons=daily_whole,
        monthly_whole_persons=monthly,
        daily_low_persons=_least(rows["d_low"].fillna(rows["low_persons"] / MONTH_DAYS), cap),
        daily_high_persons=np.fmin(daily_whole, cap),
        monthly_low_persons=_least(np.fmax(rows["low_persons"], rows["place_low_persons"]), cap),
        monthly_high_persons=np.fmin(monthly, cap),
        certain=whole & known.groupby(rows["restriction_id"]).transform("all"),
    )
    measured = told.notna() & rows["base_persons"].notna()
    rows["measured"] = measured.groupby(rows["restriction_id"]).transform("all")
    return Timeline(rows, times)


def _least(persons: pd.Series, cap: pd.Series) -> pd.Series:
    """A lower bound, no larger than the restriction can touch; zero where nothing is known."""
    return persons.fillna(0.0).where(~(persons > cap), cap)


def pieces(rows: pd.DataFrame, times: pd.DataFrame, end: str, by_country: bool) -> Timed:
    """Stretches and all rows in force on each: of every restriction, or of whole countries."""
    about = times.reindex(rows["restriction_id"])
    group = rows["country_id"] if by_country else rows["restriction_id"] + "|" + rows["country_id"]
    frame = pd.DataFrame(
        {
            "group": group.to_numpy(),
            "item": rows["row"].astype("str").to_numpy(),
            "start": begins(about, end).to_numpy(),
            "end": about[end].to_numpy(),
        }
    )
    usable = frame[["start", "end"]].notna().all(axis=1).to_numpy()
    frame = curfews.on_days(frame[usable], about[usable])
    stretches, members = person_days.stretches(frame)
    return stretches, members.assign(row=members["item"].astype("int64"))[["set_id", "row"]]


def one_a_platform(members: pd.DataFrame, rows: pd.DataFrame, times: pd.DataFrame) -> pd.DataFrame:
    """Members (set_id, row) of which one row a platform stays, and the whole internet alone.

    Of the rows of one platform, the one whose restriction began first stays.
    """
    if members.empty:
        return members[["set_id", "row"]]
    first = times["from_day"]
    about = rows.assign(began=first.reindex(rows["restriction_id"]).to_numpy()).set_index("row")[
        ["platform_id", "began"]
    ]
    joined = members.join(about, on="row")
    joined = joined.sort_values(["set_id", "platform_id", "began", "row"])
    single = joined.drop_duplicates(["set_id", "platform_id"])
    network = single["platform_id"] == WHOLE_INTERNET
    swallowed = network.groupby(single["set_id"]).transform("any") & ~network
    return single.loc[~swallowed, ["set_id", "row"]].reset_index(drop=True)


def forced(members: pd.DataFrame, rows: pd.DataFrame, low: str, high: str) -> pd.DataFrame:
    """Frechet bounds of each set, indexed by set_id: `lower`, `upper` and the sum `added`.

    Of several rows of one platform in one place the largest audience counts; places may be
    disjoint, so they add up, to the audience of the whole country at most.
    """
    whole = high.replace("_high_", "_whole_")
    about = rows.set_index("row")[
        list(dict.fromkeys(["platform_id", "where", low, high, whole, "base_persons"]))
    ]
    joined = members.join(about, on="row")
    groups = joined.groupby("set_id", sort=True)
    by = ["set_id", "platform_id"]
    most = _largest(joined, [*by, "where"], high).groupby(level=by).sum(skipna=False)
    most = np.fmin(most, joined.groupby(by)[whole].max()).where(most.notna())
    added = most.groupby(level="set_id").sum(skipna=False)
    base = _largest(joined, ["set_id"], "base_persons")
    lower = groups[low].max()
    return pd.DataFrame(
        {
            "lower": lower,
            "upper": pd.concat([np.fmin(added, base), lower], axis=1).max(axis=1, skipna=False),
            "added": added,
        }
    )


def _largest(rows: pd.DataFrame, by: list[str], name: str) -> pd.Series:
    """The largest number of each group, NaN where one is not known."""
    groups = rows[name].isna().groupby([rows[key] for key in by]).any()
    return rows.groupby(by)[name].max().where(~groups)


def sets_of(members: pd.DataFrame, rows: pd.DataFrame) -> Sets:
    """Sets for the draws; the base of a set is that of its largest audience.

    Audiences of another measurer are drawn inside it too: bases of two measurers differ by what
    they call online, and most of a union belongs to its largest audience.
    """
    size = "monthly_high_persons"
    joined = members.join(rows.set_index("row")[[*CELL, "base_persons", size]], on="row")
    largest = joined.sort_values(
        ["set_id", size, "base_persons", "base_id"], ascending=[True, False, True, True]
    ).drop_duplicates("set_id")
    table = largest[["set_id", *CELL]].reset_index(drop=True)
    return Sets(table, members.rename(columns={"row": "item"}))


def daily_people(
    timed: Timed, line: Timeline, learned: Learned, sampler: Sampler, workers: int
) -> Array:
    """Draws (set_ids, D) of the people under a restriction on a day of each set, cut to bounds."""
    rows = line.rows
    members = one_a_platform(timed[1], rows, line.spans)
    figure = rows.filter(regex="^d_").rename(columns=lambda name: name.removeprefix("d_"))
    table = figure.assign(
        country_id=rows["country_id"],
        platform_id=rows["platform_id"],
        age_months=rows["d_months"],
        monthly_drift=pooling.DRIFT,
    )
    wanted = rows.index.isin(members["row"])
    items = np.full((len(rows), sampler.count), np.nan)
    if wanted.any():
        items[wanted] = pooling.values(table[wanted], sampler)
    drawn, _ = estimation.people(items, sets_of(members, rows), learned, sampler, workers)
    bound = forced(timed[1], rows, "daily_low_persons", "daily_high_persons")
    return estimation.cut(drawn, bound["lower"].to_numpy(), bound["upper"].to_numpy())[0]


def platform_windows(
    audiences: pd.DataFrame, daily_figures: pd.DataFrame, times: pd.DataFrame
) -> pd.DataFrame:
    """Reach of each platform in exactly the days a restriction lasted, added over countries.

    Columns: restriction_id, platform_id, `window_days` (NaN where the end is not known), and the
    reach of that many days: `window_lower_persons`, `window_upper_persons`, and by the
    beta-binomial law where daily and monthly reach are known `window_persons`.
    """
    rows = _windows(audiences, daily_figures, times)
    by = ["restriction_id", "platform_id"]
    names = ["window_lower_persons", "window_upper_persons", "window_persons"]
    total = rows.groupby(by)[names].sum(skipna=False)
    return total.assign(window_days=rows.groupby(by)["window_days"].first()).reset_index()


def windows(
    audiences: pd.DataFrame, daily_figures: pd.DataFrame, times: pd.DataFrame
) -> pd.DataFrame:
    """Frechet bounds on the reach of the days each restriction lasted, by restriction_id."""
    rows = _windows(audiences, daily_figures, times)
    groups = rows.groupby(["restriction_id", "country_id"])
    added = groups["window_upper_persons"].sum(skipna=False)
    lower = groups["window_lower_persons"].max()
    places = pd.DataFrame(
        {
            "window_lower_persons": lower,
            "window_upper_persons": np.fmin(added, groups["base_persons"].first()),
        }
    )
    total = places.groupby("restriction_id").sum(skipna=False)
    days = rows.groupby("restriction_id")["window_days"].first()
    return total.where(days.notna(), np.nan).assign(window_days=days)


def _windows(
    audiences: pd.DataFrame, daily_figures: pd.DataFrame, times: pd.DataFrame
) -> pd.DataFrame:
    figure = daily_figures[[*PAIR, "daily_persons"]]
    rows = audiences.merge(figure, on=PAIR, how="left")
    about = times.reindex(rows["restriction_id"])
    length = curfews.day_count(about, "end").where(~about["end_unknown"])
    days = length.where(length > 0).to_numpy("float64")
    base = rows["base_persons"].to_numpy("float64")
    low, high = (rows[f"{end}_persons"].to_numpy("float64") / base for end in ("low", "high"))
    day = rows["daily_persons"].to_numpy("float64") / base
    usable = ~np.isnan(days) & ~np.isnan(low) & ~np.isnan(base)
    lower, upper, middle = (np.full(len(rows), np.nan) for _ in range(3))
    lower[usable] = reach.reach_limits(np.minimum(low[usable], 1.0), days[usable])[0]
    top = np.minimum(np.where(np.isnan(high), 1.0, high), 1.0)
    upper[usable] = reach.reach_limits(top[usable], days[usable])[1]
    both = usable & (day <= high) & (low == high)
    middle[both] = reach.reach_days(day[both], high[both], days[both])
    lower[both] = np.maximum(lower[both], day[both])
    return rows.assign(
        window_days=days,
        window_lower_persons=lower * base,
        window_upper_persons=upper * base,
        window_persons=np.clip(middle, lower, upper) * base,
    )
