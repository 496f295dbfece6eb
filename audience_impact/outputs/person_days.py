"""Table `person_days`: person-days of restrictions and countries, by month and year.

Each total is made three times: what is certain (lower bound), what can be drawn
(quantiles), what is possible (upper bound); and again with imputed ends. timeline.py says how.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from audience_impact.audiences.scope import COUNTRY
from audience_impact.bounds import frechet
from audience_impact.frames import Array
from audience_impact.outputs.review.reasons import said, undrawn
from audience_impact.outputs.review.status_rules import ESTIMATED, MISSING, UNRELIABLE
from audience_impact.phases import curfews
from audience_impact.phases.intervals import by_period
from audience_impact.simulation import simulate, unions
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.parts import Countries
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.timeline import Intervals
from audience_impact.vocabulary import ObsStatus

UNITS = ("person_days", "person_hours")
HOURS = [f"{name}_person_hours" for name in ("lower", *unions.QUANTILES, "upper")]
EVERY = "all"
"""In `restriction_id`: every restriction of the country together."""
KEY = ["restriction_id", "country_id", "period"]
ADDED = ["naive_sum_person_days", "naive_daily_sum_person_days"]
IMPUTED = "imputed_"
FEATURE = "feature_"


@dataclass(frozen=True)
class _Drawing:
    """What draws are made of: the standard draws, and those of countries and their places."""

    sampler: Sampler
    countries: Countries

    def per_day(self, found: Intervals, inputs: SimulationInputs) -> Array:
        """People (sets, D) of a day of each set."""
        return simulate.people_on_a_day(inputs, found, self.countries.places, self.sampler)


def person_days(inputs: SimulationInputs, sampler: Sampler, as_of: date) -> pd.DataFrame:
    """One row a restriction and year or in all, and a country and month or year."""
    tables, drawing = [], _Drawing(sampler, simulate.people_by_country(inputs, sampler))
    for by_country in (False, True):
        plain = _totals(inputs, drawing, by_country, ("least_end", "end", "most_end"))
        if not by_country:
            plain = plain.join(_of_features(inputs, drawing))
        imputed = _totals(inputs, drawing, by_country, ("imputed_end",) * 3)
        imputed = imputed.drop(columns=["covered_days", "is_outweighed", *HOURS])
        imputed = imputed.add_prefix(IMPUTED)
        tables.append(_none_left(plain.join(imputed, how="left")))
    table = pd.concat(tables).reset_index()
    frame = table.merge(_naive(inputs), on=KEY, how="left")
    return _described(frame, inputs, as_of).sort_values(
        ["restriction_id", "area_id", "period"], ignore_index=True
    )


def _none_left(table: pd.DataFrame) -> pd.DataFrame:
    """Zero in periods that no restriction reaches once unknown ends are imputed."""
    names = [name for name in table.columns if name.startswith(IMPUTED)]
    over = table[f"{IMPUTED}days"].isna()
    table.loc[over, names] = 0.0
    return table


def _totals(
    inputs: SimulationInputs,
    drawing: _Drawing,
    by_country: bool,
    ends: tuple[str, str, str],
) -> pd.DataFrame:
    """Bounds and quantiles of person-days and person-hours by KEY, and whether these were left out.

    What is drawn leaves out services without a daily figure. Where they force more than the median
    of the rest, the draws say nothing of the total (`is_outweighed`); where less, they limit it.
    """
    line = inputs.timeline
    rows = (line.certain_rows, line.drawn_rows, line.rows)
    least, middle, most = (
        line.intervals(own, end, by_country) for own, end in zip(rows, ends, strict=True)
    )
    table = _bounds(least, most, inputs)
    drawn = _drawn(inputs, middle, drawing)
    table["days"], table["covered_days"] = _days(most), _days(middle)
    sure = line.drawn_rows[line.drawn_rows["is_certain"]]
    own = _least(line.intervals(sure, ends[0], by_country), inputs)
    inside = drawn.reindex(table.index)
    for unit in UNITS:
        names = [f"{name}_{unit}" for name in unions.QUANTILES]
        known = own[f"lower_{unit}"].reindex(table.index).fillna(0.0)
        forced = table[f"lower_{unit}"].where(table[f"lower_{unit}"] > known + 1.0, 0.0)
        outweighed = inside[f"q50_{unit}"] < forced
        inside[names] = inside[names].clip(lower=forced, axis=0).mask(outweighed)
        if unit == UNITS[0]:
            table["is_outweighed"] = outweighed
    return table.join(inside)


def _bounds(least: Intervals, most: Intervals, inputs: SimulationInputs) -> pd.DataFrame:
    """Bounds on person-days and person-hours by KEY."""
    line = inputs.timeline
    upper = _bound(most, inputs, "upper")
    hours = curfews.of_sets(most, line.rows, curfews.hours(line.periods))
    on_a_day = hours[["most_hours"]].to_numpy("float64")
    table = _summed(most, np.hstack([upper, upper * on_a_day]))
    table = table.set_axis([f"upper_{unit}" for unit in UNITS], axis=1)
    return table.join(_least(least, inputs).reindex(table.index).fillna(0.0))


def _least(found: Intervals, inputs: SimulationInputs) -> pd.DataFrame:
    """Lower bounds on person-days and person-hours by KEY."""
    line = inputs.timeline
    hours = curfews.least_person_hours(found, line.rows, curfews.hours(line.periods))
    table = _summed(found, np.hstack([_bound(found, inputs, "lower"), hours]))
    return table.set_axis([f"lower_{unit}" for unit in UNITS], axis=1)


def _sets(found: Intervals) -> Array:
    return np.asarray(found[0]["set_id"].unique(), dtype=float)


def _days(found: Intervals) -> pd.Series:
    """Days in force by KEY; of several countries the most, since days are not added up."""
    if found[0].empty:
        return _summed(found, np.empty((0, 1)))[0]
    periods, _ = by_period(found[0], np.empty((len(_sets(found)), 0)))
    table = _keyed(periods).assign(days=periods["days"])
    own = table["restriction_id"] != EVERY
    years = table[own & (periods["period"].str.len() == 4)]
    whole = years.assign(period=EVERY).groupby(KEY)["days"].sum().reset_index()
    kept = pd.concat([table[~own], years, whole])
    kept["country_id"] = kept["country_id"].where(kept["restriction_id"] == EVERY, "")
    return kept.groupby(KEY)["days"].max().astype("float64")


def _keyed(periods: pd.DataFrame) -> pd.DataFrame:
    """KEY of each period of a sweep."""
    number, groups = pd.factorize(periods["group"])
    words = pd.Series(groups, dtype="str").str.rsplit("|", n=1)
    restriction = words.str[0].where(words.str.len() == 2, EVERY)
    return pd.DataFrame(
        {
            "restriction_id": restriction.iloc[number].to_numpy(),
            "country_id": words.str[-1].iloc[number].to_numpy(),
            "period": periods["period"].to_numpy(),
        }
    )


def _bound(found: Intervals, inputs: SimulationInputs, end: str) -> Array:
    """Bound on the people of a day of each set (sets, 1)."""
    bound = frechet.of_sets(
        found[1], inputs.timeline.rows, "daily_low_persons", "daily_high_persons"
    )
    return np.asarray(bound[[end]].to_numpy("float64"))


def _drawn(inputs: SimulationInputs, found: Intervals, drawing: _Drawing) -> pd.DataFrame:
    """Quantiles of person-days and person-hours by KEY, where something can be drawn."""
    if inputs.overlap_model is None or found[1].empty:
        return nothing(KEY, "person_days").join(nothing(KEY, "person_hours"))
    per_day = drawing.per_day(found, inputs)
    hours = curfews.of_sets(found, inputs.timeline.rows, curfews.hours(inputs.timeline.periods))
    days, times = (
        _summed(found, per_day * each)
        for each in (1.0, hours[["middle_hours"]].to_numpy("float64"))
    )
    return unions.quantiles(days.to_numpy(), days.index, "person_days").join(
        unions.quantiles(times.to_numpy(), times.index, "person_hours")
    )


def _of_features(inputs: SimulationInputs, drawing: _Drawing) -> pd.DataFrame:
    """Bounds and quantiles of the person-days of the users of the restricted features, by KEY.

    Of whole services they are those of everyone exposed. On a day E people are exposed and U are
    users of the feature: at least E + U less all exposed of the restriction, at most the smaller.
    For the draws users come on a day as all others do.
    """
    line = inputs.timeline
    least, most = (
        line.intervals(rows, end, by_country=False)
        for rows, end in ((line.certain_rows, "least_end"), (line.rows, "most_end"))
    )
    table = _summed(most, _bound_users(most, inputs, "upper")).rename(columns={0: "upper"})
    lower = _summed(least, _bound_users(least, inputs, "lower"))
    table["lower"] = lower[0].reindex(table.index).fillna(0.0)
    middle = line.intervals(line.drawn_rows, "end", by_country=False)
    drawn = nothing(KEY, "person_days")
    if inputs.overlap_model is not None and not middle[1].empty:
        people = drawing.per_day(middle, inputs)
        users = _summed(middle, people * _part_of_users(middle, inputs, drawing.countries))
        drawn = unions.quantiles(users.to_numpy(), users.index, "person_days")
    return table.add_suffix("_person_days").join(drawn.reindex(table.index)).add_prefix(FEATURE)


def _restriction_of(found: Intervals) -> pd.DataFrame:
    """Restriction and country of each set, in the order of the sets."""
    groups = found[0].drop_duplicates("set_id").sort_values("set_id")["group"]
    parts = groups.str.rsplit("|", n=1)
    return pd.DataFrame({"restriction_id": parts.str[0], "country_id": parts.str[-1]})


def _bound_users(found: Intervals, inputs: SimulationInputs, end: str) -> Array:
    """Bound on the feature users of a day of each set (sets, 1)."""
    own, known = _restriction_of(found)["restriction_id"], inputs.bounds
    exposed = _bound(found, inputs, end)
    whole = own.map(inputs.is_whole_service).eq(True).to_numpy()[:, None]
    single = ~own.map(_several(inputs)).astype(bool).to_numpy()[:, None]
    users = known.feature_users.reindex(own)[f"{end}_persons"].to_numpy("float64")[:, None]
    most = known.exposed.reindex(own)["upper_persons"].to_numpy("float64")[:, None]
    part = np.fmin(exposed, users) if end == "upper" else np.fmax(exposed + users - most, 0.0)
    open_end = exposed if end == "upper" else np.zeros_like(exposed)
    return np.where(whole, exposed, np.where(single, part, open_end))


def _several(inputs: SimulationInputs) -> pd.Series:
    """Whether a restriction is of several countries, whose users are known together alone."""
    rows = inputs.timeline.rows
    return rows.groupby("restriction_id")["country_id"].nunique() > 1


def _part_of_users(found: Intervals, inputs: SimulationInputs, drawn: Countries) -> Array:
    """Draws (sets, D) of the share of those exposed who use the restricted features."""
    exposed, users = drawn.exposed, drawn.users
    keys = pd.MultiIndex.from_frame(inputs.countries[COUNTRY])
    at = keys.get_indexer(pd.MultiIndex.from_frame(_restriction_of(found)))
    share = np.divide(users, exposed, out=np.ones_like(users), where=exposed > 0.0)
    known = np.vstack([share, np.full((1, users.shape[1]), np.nan)])
    return np.asarray(known[at])  # -1 where nobody is drawn: the last row


def _no_rows(key: list[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([pd.Index([], dtype="str")] * len(key), names=key)


def nothing(key: list[str], unit: str) -> pd.DataFrame:
    """Quantiles of nothing, indexed by the key."""
    names = [f"{name}_{unit}" for name in unions.QUANTILES]
    return pd.DataFrame(columns=names, index=_no_rows(key), dtype="float64")


def _summed(found: Intervals, per_day: Array) -> pd.DataFrame:
    """Person-days by KEY: months and years of a country, years and the whole of a restriction.

    Those of several countries are unknown where those of one are.
    """
    if found[0].empty:
        return pd.DataFrame(np.empty((0, per_day.shape[1])), index=_no_rows(KEY))
    keys, days = _days_of_sets(found[0], len(per_day))
    return pd.DataFrame(np.asarray(days @ per_day), index=keys)


def _days_of_sets(pieces: pd.DataFrame, sets: int) -> tuple[pd.MultiIndex, csr_array]:
    """KEY in order, and the days (keys, sets) on which each set is in force in it."""
    own = pieces["group"].str.contains("|", regex=False).to_numpy()  # a restriction has no months
    months = np.flatnonzero(~own), pieces["month"][~own]
    years = np.arange(len(pieces)), pieces["month"].str.slice(0, -3)
    whole = np.flatnonzero(own), pd.Series(EVERY, pieces.index[own])
    at = np.concatenate([piece for piece, _ in (months, years, whole)])
    told = pd.concat([period for _, period in (months, years, whole)])
    rows = _keyed(pd.DataFrame({"group": pieces["group"].to_numpy()[at], "period": told.array}))
    rows["country_id"] = rows["country_id"].where(rows["restriction_id"] == EVERY, "")
    grouped = rows.groupby(KEY)
    place = grouped.ngroup().to_numpy(), pieces["set_id"].to_numpy()[at]
    keys = pd.MultiIndex.from_frame(rows.drop_duplicates().sort_values(KEY)[KEY])
    days = pieces["days"].to_numpy("float64")[at]
    return keys, csr_array((days, place), shape=(len(keys), sets))


def _naive(inputs: SimulationInputs) -> pd.DataFrame:
    """What adding up gives: audiences of a month, and of a day, for each day and restriction."""
    line = inputs.timeline
    known = line.rows["is_counted"] & ~line.rows["restriction_id"].isin(_never(inputs))
    rows = line.rows[known]
    found = line.intervals(rows, "end", by_country=False)
    added = pd.concat(
        [
            frechet.of_sets(found[1], rows, "monthly_low_persons", column)["added"].rename(name)
            for column, name in zip(("monthly_high_persons", "daily_persons"), ADDED, strict=True)
        ],
        axis=1,
    )
    own = _summed(found, added.to_numpy("float64")).set_axis(ADDED, axis=1)
    return pd.concat([own, _of_countries(found, added)]).reset_index()


def _open(inputs: SimulationInputs) -> pd.Index:
    return inputs.timeline.periods.index[inputs.timeline.periods["is_end_unknown"]]


def _never(inputs: SimulationInputs) -> pd.Index:
    """Restrictions that were never in force, or nobody knows since when."""
    return inputs.timeline.periods.index[inputs.timeline.periods["from_day"].isna()]


def _of_countries(found: Intervals, added: pd.DataFrame) -> pd.DataFrame:
    """The same for whole countries: every restriction with a figure added to every other.

    `added` has a row a set.
    """
    parts = []
    for name in ADDED:
        known = found[0][found[0]["set_id"].isin(added[name].dropna().index)]
        periods, days = by_period(known, added[[name]].fillna(0.0).to_numpy("float64"))
        table = periods.assign(
            restriction_id=EVERY,
            country_id=periods["group"].str.rsplit("|", n=1).str[1],
            value=days[:, 0],
        )
        parts.append(table.groupby(KEY)["value"].sum().rename(name))
    return pd.concat(parts, axis=1)


def _described(frame: pd.DataFrame, inputs: SimulationInputs, as_of: date) -> pd.DataFrame:
    """Areas, status and reasons of each total."""
    rows, own = inputs.timeline.rows, frame["restriction_id"] != EVERY
    silent = frame["q50_person_days"].isna()
    why = {
        "end_unknown": rows["restriction_id"].isin(_open(inputs)),
        "some_bounds_only": ~rows["is_complete"],
        "no_daily": rows["is_complete"] & ~rows["is_daily_drawn"],
        "daily_from_shares": rows["is_complete"]
        & rows["is_daily_drawn"]
        & ~rows["is_daily_measured"],
        "some_imputed": rows["is_complete"] & rows["is_daily_drawn"] & rows["is_imputed"],
    }
    flags = {rule: _touched(frame, inputs, rows[some]) for rule, some in why.items()}
    flags["outweighed"] = frame["is_outweighed"]
    if inputs.overlap_model is None:
        flags[undrawn(inputs)] = silent & ~np.logical_or.reduce(list(flags.values()))
    words = said(flags, frame.index)[["reason", "reason_rule_ids"]]
    areas = rows.groupby("restriction_id")["country_id"].agg(lambda ids: ";".join(sorted(set(ids))))
    return frame.drop(columns="is_outweighed").assign(
        area_id=frame["country_id"].where(~own, frame["restriction_id"].map(areas)),
        **words,
        obs_status=np.select(
            [silent, flags["some_imputed"], words["reason"] != ""],
            [MISSING, ObsStatus.IMPUTED.value, UNRELIABLE],
            ESTIMATED,
        ),
        as_of=as_of.isoformat(),
    )


def _touched(frame: pd.DataFrame, inputs: SimulationInputs, rows: pd.DataFrame) -> pd.Series:
    """Totals that some of the rows enter: of their restriction, or of a country at the time."""
    own = frame["restriction_id"].isin(rows["restriction_id"])
    line = inputs.timeline
    pieces, members = line.intervals(line.rows, "most_end", by_country=True)
    sets = members.loc[members["row"].isin(rows["row"]), "set_id"]
    months = pieces.loc[pieces["set_id"].isin(sets), ["group", "month"]].drop_duplicates()
    years = months.assign(month=months["month"].str.slice(0, -3))
    periods = pd.concat([months, years]).assign(restriction_id=EVERY)
    at = pd.MultiIndex.from_frame(periods[["restriction_id", "group", "month"]])
    return own | pd.MultiIndex.from_frame(frame[KEY]).isin(at)
