"""Restrictions as rows of a list: which are meant, their numbers, and their order.

A row has the users of the feature where a feature alone was cut, else the people exposed, and its
person-days in the year, or in all. Nothing is added up over restrictions.

The results of a run are listed surest first: by confidence, status (SUREST), width of the 90 %
interval relative to the median in classes (INTERVALS), and number of people. Rows without an
interval follow those with one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import inf
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from audience_impact.answers import EventKind, EventOrder, Quantity, names
from audience_impact.answers.areas import is_year
from audience_impact.answers.numbers import ENDS, day_in_words, format_estimate
from audience_impact.answers.records import (
    ALL,
    END,
    ReadTable,
    Row,
    is_in_force,
    list_containing_areas,
    list_rows,
    plain_rows,
    write_end,
    write_period,
)
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    Confidence,
    FactRole,
    Feature,
    ImpactMetric,
    ObsStatus,
)

if TYPE_CHECKING:  # an answer for a restriction is made without pandas
    import pandas as pd

NUMBERS = ("min", "q05", "q50", "q95", "max")
ON_RECORD = [
    *("restriction_id", "area_names", "start_on", "ended_on", "end_status", "platform_names"),
    *("chain_id", "chain_days"),
]
"""Columns of `restrictions` that a row of a restriction has; the first day is that in force."""
LISTED = ["restriction_id", "platform_names", "start_on"]
EXPOSED = [
    *("restriction_id", "impact_metric", *ENDS, "base", "base_persons", "confidence", "obs_status")
]
"""Columns of `restrictions` and of `impact` that `list_exposed` reads."""
SUREST = (
    *(ObsStatus.NORMAL, ObsStatus.ESTIMATED, ObsStatus.FORECAST),
    *(ObsStatus.LOW_RELIABILITY, ObsStatus.IMPUTED, ObsStatus.MISSING),
)
"""Statuses of numbers, the most reliable first."""
INTERVALS = (0.1, 0.25, 0.5, 1.0)
"""Upper limits of the classes of width: the likely range divided by the median."""


def count_without_estimate(rows: pd.DataFrame, quantity: Quantity) -> int:
    """Return how many rows have bounds alone."""
    return int(rows[f"q50_{quantity.unit}"].isna().sum())


def build_events(
    tables: Mapping[str, pd.DataFrame], ids: Iterable[str], period: str | None = None
) -> pd.DataFrame:
    """Return a row for each restriction: days, what was cut, people, person-days and source.

    Person-days are those of the year, or of all days without a `period`; blank for a month.
    """
    acts = tables["restrictions"]
    acts = acts[acts["restriction_id"].isin(set(ids))]
    kinds = _read_kinds(tables["impact_by_platform"]).reindex(acts["restriction_id"])
    impact = tables["impact"]
    users = impact[impact["impact_metric"] == ImpactMetric.PEOPLE_FEATURE_EXPOSED.value]
    has_users = kinds.index.isin(users.loc[users["q50_persons"].notna(), "restriction_id"])
    leads = kinds["is_of_feature"].to_numpy("bool") & has_users
    names_of = (ImpactMetric.PEOPLE_FEATURE_EXPOSED.value, ImpactMetric.PEOPLE_EXPOSED.value)
    events = acts.reindex(columns=ON_RECORD).assign(
        **acts[["area_names", "platform_names"]].replace(";", ", ", regex=True).fillna(""),
        start_on=_find_first_days(acts),
        ended_on=[write_end(row) for row in plain_rows(acts[[*END]])],
        kind=kinds["kind"].to_numpy(),
        impact_metric=np.where(leads, *names_of),
    )
    numbers = [f"{name}_persons" for name in NUMBERS]
    keys = ["restriction_id", "impact_metric"]
    shown = impact[[*keys, *numbers, "confidence", "obs_status"]]
    events = events.merge(shown, on=keys, how="left")
    all_ids = acts["restriction_id"]
    days = _read_person_days(tables["person_days"], all_ids, all_ids[leads], period)
    sources = tables["sources"]
    sources = sources[sources["source_id"].isin(acts["source_id"])]
    named = sources.assign(source=[names.name_publisher(row) for row in plain_rows(sources)])
    named = named[["source_id", "publisher", "source", "title", "licence", "url"]]
    cited = acts[["restriction_id", "source_id"]].merge(named, on="source_id", how="left")
    for more in (days, cited.drop(columns="source_id")):
        events = events.merge(more, on="restriction_id", how="left")
    return events


def _find_first_days(acts: pd.DataFrame) -> pd.Series[str]:
    """Return the first day in force, of the type of `start_on`, which stands in for a blank."""
    rows = plain_rows(acts[["observed_from", "observed_by"]])
    periods = [write_period(*row.values()) or "" for row in rows]
    is_month = [len(period.partition("/")[0]) < len("2025-07-13") for period in periods]
    return acts["start_on"].astype("object").where(is_month, acts["observed_from"])


def _read_kinds(parts: pd.DataFrame) -> pd.DataFrame:
    """Return, by restriction, its EventKind and whether features of services alone were cut."""
    ids = parts["restriction_id"]
    is_network = parts["platform_id"].eq(WHOLE_INTERNET).groupby(ids).any()
    is_entire = parts["feature"].eq(Feature.WHOLE_SERVICE.value).groupby(ids).any()
    kind = is_network.map({True: EventKind.SHUTDOWN.value, False: EventKind.SERVICE.value})
    return kind.to_frame("kind").assign(is_of_feature=~(is_network | is_entire))


def _read_person_days(
    table: pd.DataFrame, ids: pd.Series[str], led: pd.Series[str], period: str | None
) -> pd.DataFrame:
    """Return the person-days of restrictions in a year or in all; of users for those in `led`."""
    rows = table[table["restriction_id"].isin(ids) & (table["period"] == (period or ALL))]
    columns = [f"{name}_person_days" for name in NUMBERS]
    numbers = rows[["restriction_id", "days", *columns]]
    users = rows[[f"feature_{name}" for name in columns]].set_axis(columns, axis=1)
    of_users = rows["restriction_id"].isin(led) & users["q50_person_days"].notna()
    return numbers.assign(**{name: numbers[name].mask(of_users, users[name]) for name in columns})


def select_restrictions(
    tables: Mapping[str, pd.DataFrame],
    area_id: str = "",
    period: str | None = None,
    kind: EventKind | None = None,
    begun: bool = False,
) -> pd.DataFrame:
    """Return the rows of `restrictions` in an area, in force in a period, of a kind, begun in it.

    A restriction without an end on record is in force in the years of its person-days, as in
    `countries_by_year`.
    """
    acts = tables["restrictions"]
    if area_id:
        containing = list_containing_areas(acts)
        both = (acts["area_ids"] + ";" + acts["country_ids"]).str.split(";")
        inside = [any(area_id in (code, *containing.get(code, ())) for code in ids) for ids in both]
        acts = acts[inside]
    if period is not None and is_year(period):
        days = tables["person_days"]
        in_year = days.loc[days["period"] == period, "restriction_id"]
        acts = acts[acts["restriction_id"].isin(in_year)]
    elif period is not None:
        as_of = datetime.fromisoformat(str(acts["as_of"].max()))
        in_force = acts.assign(start_on=_find_first_days(acts))  # and not on the day announced
        acts = acts[is_in_force(in_force, period, as_of).astype(bool)]
    if kind is not None:
        kinds = _read_kinds(tables["impact_by_platform"])["kind"]
        acts = acts[acts["restriction_id"].map(kinds) == kind.value]
    if begun:
        acts = acts[acts["start_on"].astype("str").str.startswith(period or "")]
    return acts


def sort_events(events: pd.DataFrame, order: EventOrder) -> pd.DataFrame:
    """Return events from the most people or person-days, or from the newest."""
    columns = {
        EventOrder.PEOPLE: ["q50_persons", "min_persons", "max_persons"],
        EventOrder.PERSON_DAYS: ["q50_person_days", "min_person_days", "max_person_days"],
        EventOrder.DATE: ["start_on", "q50_persons"],
    }[order]
    by, is_rising = [*columns, "restriction_id"], [False] * len(columns) + [True]
    return events.sort_values(by, ascending=is_rising, ignore_index=True)


def join_chains(events: pd.DataFrame) -> pd.DataFrame:
    """Return events in their order, of each chain the first one with its days and its steps."""
    chains = events["chain_id"]
    steps = chains.map(chains.value_counts()).astype("Int64")
    rows = events[chains.isna() | ~chains.duplicated()].assign(steps_count=steps)
    by_day = events[chains.notna()].sort_values("start_on").set_index("chain_id")
    is_chain = rows["chain_id"].notna()
    for name, step in (("start_on", "first"), ("ended_on", "last"), ("end_status", "last")):
        ends = by_day.loc[~by_day.index.duplicated(keep=step), name]
        rows[name] = rows[name].mask(is_chain, rows["chain_id"].map(ends))
    return rows


def name_row(row: Row) -> str:
    """Return the country, or place, service and first day of a restriction."""
    if "area_id" in row:
        return str(row["area_name"])
    place, cut = names.shorten(row["area_names"], 30), names.shorten(row["platform_names"], 42)
    return f"{place}: {cut}{', ' + day_in_words(row['start_on']) if row['start_on'] else ''}"


def list_exposed(read: ReadTable) -> list[SimpleNamespace]:
    """Return the people exposed by restriction, the best known first, with the measurers.

    Reads the tables impact, impact_by_platform, restrictions and lineage. `feature_users` counts
    the users of the restricted features.
    """
    acts = {row["restriction_id"]: row for row in list_rows(read("restrictions").select(LISTED))}
    numbers = list_rows(read("impact").select(EXPOSED))
    parts = read("impact_by_platform").select(["restriction_id", "feature"]).to_pylist()
    of_feature = {row["restriction_id"] for row in parts if row["feature"] != Feature.WHOLE_SERVICE}
    users = {
        row["restriction_id"]: format_estimate(row)
        for row in numbers
        if row["impact_metric"] == ImpactMetric.PEOPLE_FEATURE_EXPOSED
    }
    measurers: dict[str, set[str]] = {}
    for row in read("lineage").select(["restriction_id", "role", "attribution"]).to_pylist():
        if row["role"] == FactRole.AUDIENCE:
            measurers.setdefault(row["restriction_id"], set()).add(row["attribution"])
    rows = [
        SimpleNamespace(
            **(row | acts[name]),
            feature_users=users.get(name, "-") if name in of_feature else "-",
            platforms=(acts[name]["platform_names"] or "").replace(";", ", "),
            measured_by="; ".join(sorted(measurers.get(name, "-"))),
        )
        for row in numbers
        if row["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED
        for name in [row["restriction_id"]]
    ]
    return sorted(rows, key=rank_answer)


def rank_answer(row: SimpleNamespace) -> tuple[float | str, ...]:
    """Return the rank of a row of `impact` among answers, of which the best known come first."""
    middle, ends = row.q50_persons, (row.q05_persons, row.q95_persons)
    size = row.min_persons if middle is None else middle
    is_drawn = middle and None not in ends
    width = bisect_left(INTERVALS, (ends[1] - ends[0]) / middle) if is_drawn else len(INTERVALS) + 1
    falling = (inf if number is None else -number for number in (size, row.max_persons))
    return (
        *([*Confidence].index(row.confidence), SUREST.index(row.obs_status), width),
        *(*falling, row.restriction_id),
    )
