"""Restrictions over time: people under a restriction on a day, in a month and in a year.

Definitions. A restriction period is the days on which a restriction is in force. A person-day is a
person under at least one restriction on a day. The daily audience of a service consists of the
people who use it on a day.

Method. Periods start on the observed day, from the announcement where no day was observed. They end
on the recorded day; ongoing restrictions end on the date of the facts. A start that is not known to
the day is the first day it may be; the lower bound takes the last. On each interval without change
(phases.py) the union of the daily audiences is bounded (worlds.py) and drawn (unions.py). On the
days of its own period a daily figure gives the bounds that its source states; on others, and
without one, the daily audience is between a thirtieth of the monthly audience and all of it, or a
ninetieth if the audience is quarterly, as for internet users. Draws take the daily figure with the
errors that figures have (audiences.py), else the monthly audience times the share that comes on a
day (fitted); where neither is known nothing is drawn. Restrictions in part of a country or on some
networks, and services without a figure, add nothing to the lower bound and everyone they may affect
to the upper bound; parts.py describes the draws of such a part. Where several restrictions affect a
platform, the draws take the audience from before the first of those in force, and the bounds the
largest.

An unknown end is drawn from the days that restrictions of its severity, scope, cause and country
last (fitted/durations.py): in the lower bound it counts for its first day, in the upper one to
the day of the facts. A row of a register counts no day after the year of the last edition that
lists it; one that no later edition lists ended within that year. The totals of one restriction take
a draw of its end with each draw of people; those of countries, on which several restrictions meet,
the median end.

Assumptions. The daily audience from before is the same on every day of the restriction.

Known drawbacks. Weekdays and growth during a long restriction are not modelled; the intervals of
countries and areas lack the error of unknown ends.

Citation. Rules of this project, docs/decisions.md.
"""

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import pandas as pd

from audience_impact import figure_errors
from audience_impact.audiences.distributions import DISTRIBUTION_COLUMNS
from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.bounds import ERROR_ENDS, PRINTED, Bounds
from audience_impact.denominators.denominators import DISTRIBUTION as BASE_LAW
from audience_impact.fitted import durations
from audience_impact.fitted.chances import Chances
from audience_impact.fitted.models import Context
from audience_impact.fitted.shares import daily_use, find_online_shares
from audience_impact.frames import Array, Declared
from audience_impact.imputation.audiences import IMPUTED
from audience_impact.periods import ONE_DAY, parse_periods
from audience_impact.simulation import audiences, reach
from audience_impact.simulation.phases import (
    HOURS_COLUMNS,
    Intervals,
    constant_intervals,
    cut_by_figure,
    cut_to_days,
    split_by_year,
)
from audience_impact.simulation.sampler import Sampler, stratify_uniforms
from audience_impact.simulation.worlds import DAILY_LIMITS, LIMITS, Limits, widen_phases
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    AudienceMetric,
    EndSource,
    EndStatus,
    RestrictionKind,
    Severity,
)

OLDER_DAYS = 365
"""A restriction is older than a year if it began more days than these before the period."""
FIRST_DAYS = {"least_end": "least_from", "end": "from_day", "most_end": "from_day"}
"""Column of the first day to use with each end: the latest possible start for the least end."""
SLOWED = (Severity.IMPAIRED.value, Severity.SERVICE_IMPAIRED.value)


@dataclass(frozen=True)
class Timeline(Declared):
    """Audiences by the day."""

    rows: Annotated[
        pd.DataFrame,
        AUDIENCE,
        BASE_LAW,
        "where base base_id row base_persons online_persons",
        "daily_persons from_limit until_limit monthly_high_persons monthly_whole_persons",
        "is_counted is_imputed is_order is_slowed is_register is_certain is_confirmed",
        "is_complete is_daily_measured is_daily_drawn",
    ]
    """One for each phase of an audience, numbered: its greatest size in a month, whether everyone
    in it is certain to be affected, and whether all audiences of the restriction are known."""
    daily_limits: Limits  # limits of the audience of a day of each row, as printed and with errors
    monthly_limits: Limits  # limits of that of a month
    online_limits: Array
    """People online in the year of each row (rows, 2), as printed and with errors."""
    monthly: Annotated[pd.DataFrame, audiences.DRAWN_BY]
    """The distribution of the monthly audience of each row, in the order of the rows."""
    daily: Annotated[pd.DataFrame, audiences.DRAWN_BY, audiences.DAILY_SHARE]
    """The distribution of the daily audience of each row, in the same order."""
    periods: Annotated[
        pd.DataFrame,
        "from_day least_from least_end end most_end is_end_unknown",
        durations.PARAMETERS,
        HOURS_COLUMNS,
    ]  # when each restriction was in force
    tail_degrees: float  # degrees of freedom of the growth of audiences
    _intervals: dict[tuple[bytes, str, bool], Intervals] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    @property
    def certain_rows(self) -> pd.DataFrame:
        """Return rows of restrictions that are certain to affect everyone in their audiences."""
        return self.rows[self.rows["is_certain"]]

    @property
    def confirmed_rows(self) -> pd.DataFrame:
        """Return the rows of `certain_rows` whose restriction more than one report confirms."""
        return self.rows[self.rows["is_certain"] & self.rows["is_confirmed"]]

    @property
    def drawn_rows(self) -> pd.DataFrame:
        """Return rows of restrictions whose daily audiences can all be drawn."""
        return self.rows[self.rows["is_complete"] & self.rows["is_daily_drawn"]]

    def find_intervals(self, rows: pd.DataFrame, end: str, by_country: bool) -> Intervals:
        """Return intervals without change, and the rows in force; they must not be changed."""
        key = rows["row"].to_numpy().tobytes(), end, by_country
        if key not in self._intervals:
            country = rows["country_id"].astype("str")  # of no type where there are no rows
            group = country if by_country else rows["restriction_id"] + "|" + country
            spans = _list_spans(rows, self.periods, end).assign(group=group, item=rows["row"])
            spans = spans.dropna(subset=["start", "end"])
            times = self.periods.reindex(rows["restriction_id"].loc[spans.index])
            pieces, members = constant_intervals(_cut_to_limits(cut_to_days(spans, times)))
            self._intervals[key] = pieces, members.rename(columns={"item": "row"})
        return self._intervals[key]


def make_timeline(
    scope: Scope, inputs: Inputs, bounds: Bounds, context: Context, chances: Chances
) -> Timeline:
    """Return the audiences of a scope by phase and day, in the order of AUDIENCE and time."""
    periods = list_periods(scope)
    day = pd.Timestamp(scope.as_of)
    in_years = split_by_year(inputs.sizes, periods, context.denominators, day)
    phases, figure = cut_by_figure(in_years, inputs.daily, periods)
    monthly = audiences.prepare_audiences(phases, inputs.distributions)
    is_imputed = (monthly["shape"] == IMPUTED).to_numpy()
    use = daily_use(
        context.fitted.daily_use,
        phases.assign(
            metric=phases["metric"].mask(is_imputed, AudienceMetric.SURVEY_REGULAR.value),
            online_share=find_online_shares(phases, context.denominators),
            subregion_id=phases["country_id"].map(context.parents).fillna(""),
        ),
    )
    daily = _daily_distributions(phases, figure, monthly, use)
    table, registers = context.tables["restrictions"], context.tables["register_rows"]["source_id"]
    of_registers = table.loc[table["source_id"].isin(registers), "restriction_id"]
    restriction, about = phases["restriction_id"], scope.by_id
    monthly_limits, daily_limits, online_limits = _limit_rows(
        phases, figure, widen_phases(monthly, figure, daily, inputs.errors), bounds
    )
    is_counted, has_base = phases["metric_priority"].notna(), phases["base_persons"].notna()
    is_measured = has_base & (figure["shape"].fillna("") != "")
    is_drawn = has_base & (daily["shape"] != "")
    is_known = is_counted | figure["daily_persons"].notna() | daily["shape"].eq(IMPUTED)
    all_known = is_known.groupby([restriction, phases["from_limit"].dt.year], dropna=False)
    rows = phases.assign(
        row=phases.index,
        where=restriction.map(about["area_ids"]),
        daily_persons=figure["daily_persons"],
        monthly_high_persons=monthly_limits.high[:, 0],
        monthly_whole_persons=monthly_limits.national[:, 0],
        is_order=restriction.map(about["is_order"]).astype(bool),
        is_slowed=restriction.map(about["severity"]).isin(SLOWED),
        is_register=restriction.isin(of_registers),
        is_imputed=is_imputed,
        is_confirmed=chances.is_confirmed(restriction),
        is_counted=is_counted,
        is_certain=restriction.map(about["is_certain"]).astype(bool),
        is_complete=restriction.isin(inputs.drawable_ids) & all_known.transform("all"),
        is_daily_measured=is_measured.groupby(restriction).transform("all").astype(bool),
        is_daily_drawn=is_drawn.groupby(restriction).transform("all").astype(bool),
    )
    return Timeline(
        rows,
        daily_limits.open_sides(),
        monthly_limits.open_sides(),
        online_limits,
        monthly,
        daily,
        periods,
        inputs.errors.tail_degrees if inputs.errors else np.inf,
    )


def _daily_distributions(
    phases: pd.DataFrame, figure: pd.DataFrame, monthly: pd.DataFrame, share: pd.DataFrame
) -> pd.DataFrame:
    has_daily = figure["shape"].fillna("") != ""
    names = ["audience_key", *DISTRIBUTION_COLUMNS, *figure_errors.COLUMNS]
    table = monthly.reset_index(drop=True)
    usable = ~has_daily & (table["shape"] != "") & share["mean"].notna()
    table["shape"] = table["shape"].where(usable, "")
    table[names] = figure[names].where(has_daily, table[names])
    return table.join(share.add_prefix("share_").where(usable))


def _limit_rows(
    rows: pd.DataFrame, figure: pd.DataFrame, widened: pd.DataFrame, bounds: Bounds
) -> tuple[Limits, Limits, Array]:
    """Return limits (rows, 2) in a month and on a day, and the people online of the year."""
    printed = rows.join(figure[DAILY_LIMITS])
    low, high, base, day_least, day_most = (
        np.column_stack([limits[name] for limits in (printed, widened)])
        for name in (*LIMITS, *DAILY_LIMITS)
    )
    is_now, is_daily, is_network = (
        flag.to_numpy("bool")[:, None]
        for flag in (
            rows["is_in_figure"],
            figure["daily_persons"].notna(),
            rows["platform_id"] == WHOLE_INTERNET,
        )
    )
    country = bounds.countries.reindex(pd.MultiIndex.from_frame(rows[COUNTRY]))
    leasts, mosts = ([ends[side] for ends in (PRINTED, ERROR_ENDS)] for side in (0, 1))
    places = country[["places_persons"]].to_numpy("float64")
    cap = bounds.exposed[mosts].reindex(rows["restriction_id"]).to_numpy("float64")
    cap = np.where(is_network, np.fmin(places, base), cap)
    most = np.where(np.isnan(high), base, high)
    most = np.where(is_network, np.fmax(most, base), most)
    least_on_a_day = low / reach.month_days(rows["metric"]).to_numpy()[:, None]
    stated = np.where(is_now, day_least, np.nan)
    is_stated = is_daily & ~np.isnan(stated)
    day = np.where(is_stated, stated, np.fmax(stated, least_on_a_day))
    most_on_a_day = np.where(is_now & ~np.isnan(day_most), day_most, most)
    monthly = _cap_limits(np.fmax(low, country[leasts].to_numpy("float64")), most, cap, base)
    error = (widened["base_persons"] / rows["base_persons"]).fillna(1.0)
    online = np.column_stack([rows["online_persons"], rows["online_persons"] * error])
    return monthly, _cap_limits(day, most_on_a_day, cap, base), online


def _cap_limits(low: Array, most: Array, cap: Array, base: Array) -> Limits:
    """Return the limits of audiences of which at most `cap` are affected; low is 0 if unknown."""
    # Where a figure of a day is above one of a month, the errors move the cap farther than the low.
    least = np.minimum.accumulate(np.where(low > cap, cap, np.nan_to_num(low)), axis=1)
    return Limits(least, np.fmin(most, cap), most, base)


def list_periods(scope: Scope) -> pd.DataFrame:
    """Return the days on which each restriction was in force, indexed by restriction_id.

    `least_from` is the last day on which it may have begun; the day after the last one is
    `least_end` (first possible), `end` (median if unknown) and `most_end` (last possible). The
    parameters of the duration and HOURS_COLUMNS follow.
    """
    about = scope.by_id
    start, seen = about["first_day"], about["observed_from_start"]
    as_of = pd.Timestamp(scope.as_of) + ONE_DAY
    listed = about["listed_until_end"]
    listed = listed.mask(listed <= start, start + ONE_DAY)
    is_ongoing = about["end_status"] == EndStatus.ONGOING.value
    is_recorded = (about["end_status"] == EndStatus.ENDED.value) & about["ended_on_end"].notna()
    # Of a register no day after its last edition, but for an end that it states.
    until = listed.where((listed < as_of) & ~is_recorded, as_of)
    end = about["ended_on_end"].where(is_recorded).mask(is_ongoing, until)
    is_within_a_year = (about["end_source"] == EndSource.NOT_LISTED_LATER.value) & (
        about["ended_on_end"] - about["ended_on_start"] > ONE_DAY
    )
    is_unknown = end.isna() | is_within_a_year
    least = (about["ended_on_start"] + ONE_DAY).where(is_recorded, end).fillna(start + ONE_DAY)
    most = end.fillna(until)
    fewest, longest = (
        (last - start).dt.days.clip(lower=1).to_numpy("float64") for last in (least, most)
    )
    half = np.full(len(about), 0.5)
    days = durations.quantile_days(half, about, fewest, longest)
    whole_days = np.ceil(np.nan_to_num(days, nan=1.0) - 1e-6)  # a day that began counts
    middle = (start + pd.to_timedelta(whole_days, unit="D")).where(is_unknown, end)
    least, middle, most = (np.minimum(column, until) for column in (least, middle, most))
    from_day = start.where(~about["is_never_enforced"])
    is_dated = (about["observed_from_end"] - seen == ONE_DAY) | about["announced_on_start"].notna()
    latest = from_day.where(is_dated, about["observed_from_end"] - ONE_DAY)
    latest = latest.where(latest < middle, middle - ONE_DAY)
    least_from = latest.where(latest > from_day, from_day)
    # It was in force on one day at least.
    least = np.minimum(least.where(least > least_from + ONE_DAY, least_from + ONE_DAY), until)
    return pd.DataFrame(
        {
            "from_day": from_day,
            "least_from": least_from,
            "least_end": least,
            "end": middle,
            "most_end": most,
            "is_end_unknown": is_unknown,
            **about[[*durations.PARAMETERS, *HOURS_COLUMNS]],
        }
    )


def draw_days(periods: pd.DataFrame, restrictions: pd.Series, sampler: Sampler) -> Array:
    """Return draws (restrictions, D) of the duration in days, for unknown ends."""
    about = periods.reindex(restrictions)
    u = stratify_uniforms(sampler.draw_rows("end|" + restrictions))
    least, most = (
        (about[end] - about["from_day"]).dt.days.clip(lower=1).to_numpy()
        for end in ("least_end", "most_end")
    )
    return durations.quantile_days(u, about, least, most)


def draw_hours(periods: pd.DataFrame, sampler: Sampler) -> pd.DataFrame:
    """Return draws of the hours of a day in force, by restriction; 24 unless known to be fewer."""
    hours = np.full((len(periods), sampler.count), durations.DAY_HOURS)
    is_drawn = periods[durations.HOURS_PARAMETERS].notna().all(axis=1).to_numpy()
    u = stratify_uniforms(sampler.draw_rows("hours|" + periods.index[is_drawn].to_series()))
    hours[is_drawn] = durations.quantile_hours(u, periods[is_drawn])
    return pd.DataFrame(hours, index=periods.index)


def spread_kinds(line: Timeline, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows (`row`, `period`) of the timeline, each for every `kind` that it is of."""
    about = line.rows.iloc[rows["row"]]
    networks = line.rows.loc[line.rows["platform_id"] == WHOLE_INTERNET, "restriction_id"]
    is_shutdown = about["restriction_id"].isin(networks).to_numpy("bool")
    began = line.periods["from_day"].reindex(about["restriction_id"]).to_numpy()
    first = parse_periods(rows["period"])["start"].to_numpy()
    is_begun = began >= first
    marks = {
        RestrictionKind.ALL: np.ones(len(rows), dtype=bool),
        RestrictionKind.ORDERED: about["is_order"].to_numpy("bool"),
        RestrictionKind.BEGAN: is_begun,
        RestrictionKind.CARRIED_OVER: ~is_begun,
        RestrictionKind.OLDER: first - began > np.timedelta64(OLDER_DAYS, "D"),
        RestrictionKind.SHUTDOWN: is_shutdown,
        RestrictionKind.SERVICE: ~is_shutdown,
    }
    parts = [rows[is_of].assign(kind=kind.value) for kind, is_of in marks.items()]
    return pd.concat(parts, ignore_index=True)


def list_countries_in_force(line: Timeline) -> pd.DataFrame:
    """Return each country's days of what is certain (`least_`), drawn and possible (`most_`)."""
    names = [*COUNTRY, "is_confirmed"]
    rows = line.rows.drop_duplicates(COUNTRY)[names].reset_index(drop=True)
    about = line.periods.reindex(rows["restriction_id"]).reset_index(drop=True)
    ends = {"least_": "least_end", "": "end", "most_": "most_end"}
    return rows.assign(
        **{f"{kind}start": about[FIRST_DAYS[end]] for kind, end in ends.items()},
        **{f"{kind}end": about[end] for kind, end in ends.items()},
    )


def find_days_in_force(rows: pd.DataFrame, periods: pd.DataFrame, end: str) -> pd.DataFrame:
    """Return columns `start` and `end` (exclusive) of the days on which each row is in force."""
    return _cut_to_limits(_list_spans(rows, periods, end))[["start", "end"]]


def _list_spans(rows: pd.DataFrame, periods: pd.DataFrame, end: str) -> pd.DataFrame:
    about = periods.reindex(rows["restriction_id"]).set_axis(rows.index)
    limits = rows[["from_limit", "until_limit"]]
    return limits.assign(start=about[FIRST_DAYS[end]], end=about[end])


def _cut_to_limits(spans: pd.DataFrame) -> pd.DataFrame:
    return spans.assign(
        start=np.maximum(spans["start"], spans["from_limit"]),
        end=np.minimum(spans["end"], spans["until_limit"]),
    )
