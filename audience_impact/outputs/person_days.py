"""Table `person_days`: person-days of restrictions and countries, by month and year.

Each total is a query over days (queries.py), in all worlds: of what is certain, drawn and possible;
then again with imputed ends. timeline.py describes the method.

Columns `slowed_*` are a part of the others, never an addition to them: the person-days of people
under slowed restrictions alone. A person who is under a cut and under a slowed restriction on one
day counts as cut. Of a restriction they are all or nothing; of a country the people under any
restriction less those under a cut, in each draw; the bounds are the most that slowed restrictions
affect, and the least of these less the most that are cut.
"""

from datetime import date

import numpy as np
import pandas as pd

from audience_impact.bounds import BOUNDS
from audience_impact.frames import Array
from audience_impact.outputs import queries
from audience_impact.outputs.queries import EVERY, KEY, PEOPLE, UNITS, DayEngine, Kinds
from audience_impact.outputs.review import reasons
from audience_impact.outputs.review.status_rules import ESTIMATED, MISSING, UNRELIABLE
from audience_impact.simulation import worlds
from audience_impact.simulation.parts import find_countries
from audience_impact.simulation.phases import Intervals
from audience_impact.simulation.simulate import Simulation, SimulationInputs
from audience_impact.simulation.worlds import LEASTS, MOSTS, Limits
from audience_impact.vocabulary import ObsStatus

ADDED = ["naive_sum_person_days", "naive_daily_sum_person_days"]
IMPUTED = "imputed_"
FEATURE = "feature_"
SLOWED = "slowed_"


def make_person_days(simulation: Simulation, as_of: date) -> pd.DataFrame:
    """Return one row for each restriction and year or in all, and a country and month or year."""
    engine = DayEngine(simulation)
    of_restrictions = _sum_all(engine, by_country=False).join(_sum_feature_users(engine))
    table = pd.concat([of_restrictions, _sum_all(engine, by_country=True)]).reset_index()
    frame = table.merge(_sum_naively(engine.inputs), on=KEY, how="left", validate="1:1")
    frame = _add_slowed(_add_status(frame, engine, as_of), engine)
    return frame.sort_values(["restriction_id", "area_id", "period"], ignore_index=True)


def _sum_all(engine: DayEngine, by_country: bool) -> pd.DataFrame:
    line = engine.inputs.timeline
    drawn = line.find_intervals(line.drawn_rows, "end", by_country)
    covered = queries.count_days_in_force(drawn).rename("covered_days")
    imputed = _sum_units(engine, by_country, ("end", "end", "end"), (PEOPLE,))
    imputed = imputed.drop(columns="is_outweighed").add_prefix(IMPUTED)
    table = _sum_units(engine, by_country, queries.ENDS[by_country], UNITS)
    table = table.join(covered).join(imputed)
    over = table[f"{IMPUTED}days"].isna()  # the imputed ends of all restrictions are before
    table.loc[over, list(imputed)] = 0.0
    return table


def _sum_units(
    engine: DayEngine, by_country: bool, ends: queries.Ends, units: tuple[str, ...]
) -> pd.DataFrame:
    """Return the totals in units and the days in force, by KEY.

    Draws exclude services without a daily figure. Where these force more than the median of the
    rest, the draws do not describe the total (`is_outweighed`).
    """
    line, spans = engine.inputs.timeline, engine.list_spans(by_country, ends)
    people = engine.count_people(spans, by_country)
    certain = engine.list_certain(by_country)
    certain = certain[certain["row"].isin(line.drawn_rows["row"])]
    sure = line.find_intervals(certain, ends[0], by_country)
    table = pd.DataFrame({"days": queries.count_days_in_force(spans.most)})
    for unit in units:
        counted = people if unit == PEOPLE else engine.count_hours(spans, people)
        sums = engine.sum_days(spans, counted)
        numbers = queries.summarise_days(sums.to_numpy(), sums.index, unit)
        forced = queries.sum_days(sure, engine.bound_least(sure, unit))[0]
        lower = numbers[f"printed_min_{unit}"]
        is_forced = lower > forced.reindex(table.index).fillna(0.0) + 1.0
        outweighed = numbers[f"q50_{unit}"] < lower.where(is_forced, 0.0)
        names = [f"{name}_{unit}" for name in worlds.QUANTILES]
        numbers[names] = numbers[names].mask(outweighed)
        table = table.join(numbers)
        if unit == PEOPLE:
            table["is_outweighed"] = outweighed
    return table


def _add_slowed(frame: pd.DataFrame, engine: DayEngine) -> pd.DataFrame:
    """Return totals with the part that is only slowed; null where the total is."""
    rows = engine.inputs.timeline.rows
    slowed_ids = rows.loc[rows["is_slowed"], "restriction_id"]
    is_restriction = frame["restriction_id"] != EVERY
    of_countries = _sum_slowed(engine).reindex(pd.MultiIndex.from_frame(frame[KEY]))
    for name in (*BOUNDS, *worlds.QUANTILES):
        column = f"{name}_{PEOPLE}"
        part = of_countries[column].fillna(0.0).set_axis(frame.index)
        of_restriction = frame[column].where(frame["restriction_id"].isin(slowed_ids), 0.0)
        slowed = of_restriction.where(is_restriction, part)
        frame[f"{SLOWED}{column}"] = slowed.where(frame[column].notna())
    return frame


def _sum_slowed(engine: DayEngine) -> pd.DataFrame:
    spans = engine.list_spans(by_country=True)
    is_slowed = engine.inputs.timeline.rows["is_slowed"].to_numpy("bool")
    counts = [queries.count_sets(part) for part in spans]
    slowed, cut = (
        [rows[is_slowed[rows["row"]] == kind].reset_index(drop=True) for _, rows in spans]
        for kind in (True, False)
    )
    together = engine.draw_people(spans.drawn[1], counts[2], if_present=True)
    of_cut = engine.draw_people(cut[2], counts[2], if_present=True)
    least, most = engine.bound_people(slowed, counts)
    drawn = np.maximum(together - np.nan_to_num(of_cut), 0.0)
    totals = engine.sum_days(spans, Kinds(least, most, drawn))
    most_cut = queries.sum_days(spans.most, engine.bound_people(cut, counts)[1]).to_numpy("float64")
    totals[LEASTS] = np.maximum(totals[LEASTS] - most_cut, 0.0)
    return worlds.summarise(totals.to_numpy(), totals.index, PEOPLE)


def _sum_feature_users(engine: DayEngine) -> pd.DataFrame:
    """Return the person-days of the feature users, by KEY.

    Users of a whole service are all people exposed to it. If E people are exposed on a day and U
    are users of the feature, at least E + U minus all exposed are both, and at most the smaller
    number; in one of several countries, of which the users are known for their sum alone, none and
    all. The draws assume that the share of users is the same on each day.
    """
    inputs, countries = engine.inputs, engine.simulation.countries
    spans = engine.list_spans(by_country=False)
    people = engine.count_people(spans, by_country=False)
    names = Kinds(*(_list_restrictions(intervals) for intervals in spans))
    least, most = names.least["restriction_id"], names.most["restriction_id"]
    bounds, ends = inputs.bounds, [f"{name}_persons" for name in BOUNDS]
    users, exposed = bounds.feature_users[ends], bounds.exposed[ends]
    forced = users.reindex(least).to_numpy("float64")[:, LEASTS]
    everyone = exposed.reindex(least).to_numpy("float64")[:, MOSTS]
    both = np.fmax(people.least + forced - everyone, 0.0)
    fewer = np.fmin(people.most, users.reindex(most).to_numpy("float64")[:, MOSTS])
    several = inputs.timeline.rows.groupby("restriction_id")["country_id"].nunique() > 1

    def choose(ids: "pd.Series[str]", of_whole: Array, of_several: Array, of_part: Array) -> Array:
        is_whole = ids.map(inputs.is_whole_service).eq(True).to_numpy()[:, None]
        is_several = ids.map(several).astype(bool).to_numpy()[:, None]
        return np.where(is_whole, of_whole, np.where(is_several, of_several, of_part))

    drawn = countries.exposed
    share = np.divide(countries.users, drawn, out=np.ones_like(drawn), where=drawn > 0.0)
    share = np.vstack([share, np.full((1, share.shape[1]), np.nan)])
    at = find_countries(names.drawn, inputs.countries)  # -1 where nobody is drawn: the last row
    counted = Kinds(
        choose(least, people.least, np.zeros_like(both), both),
        choose(most, people.most, people.most, fewer),
        people.drawn * share[at],
    )
    sums = engine.sum_days(spans, counted)
    return queries.summarise_days(sums.to_numpy(), sums.index, PEOPLE).add_prefix(FEATURE)


def _list_restrictions(intervals: Intervals) -> pd.DataFrame:
    groups = intervals[0].drop_duplicates("set_id").sort_values("set_id")["group"]
    parts = groups.str.rsplit("|", n=1)
    return pd.DataFrame({"restriction_id": parts.str[0], "country_id": parts.str[-1]})


def _sum_naively(inputs: SimulationInputs) -> pd.DataFrame:
    line = inputs.timeline
    no_start = line.periods.index[line.periods["from_day"].isna()]
    is_counted = line.rows["is_counted"] & ~line.rows["restriction_id"].isin(no_start)
    pieces, members = line.find_intervals(line.rows[is_counted], "end", by_country=False)
    high, national = (
        worlds.open_sides(line.rows[[name, "daily_persons"]].to_numpy("float64"))
        for name in ("monthly_high_persons", "monthly_whole_persons")
    )
    limits, count = Limits(high, high, national, high), queries.count_sets((pieces, members))
    added = worlds.add_audiences(members, line.rows, limits, count)
    sums = [queries.sum_days((pieces, members), added).set_axis(ADDED, axis=1)]
    of_country = pieces.assign(group=pieces["group"].str.rsplit("|", n=1).str[-1])
    is_known = np.isfinite(added)
    total, number = (
        queries.sum_days((of_country, members), values).set_axis(ADDED, axis=1)
        for values in (np.where(is_known, added, 0.0), is_known.astype("float64"))
    )
    sums.append(total.where(number > 0.0))
    return pd.concat(sums).replace(np.inf, np.nan).reset_index()


def _add_status(frame: pd.DataFrame, engine: DayEngine, as_of: date) -> pd.DataFrame:
    inputs = engine.inputs
    rows, is_restriction = inputs.timeline.rows, frame["restriction_id"] != EVERY
    widest = reasons.choose_widest(frame["restriction_id"], inputs.parts)
    withheld = pd.DataFrame(False, frame.index, ["outside_bounds", "no_width", "too_wide"])
    for unit, kind in (*((unit, "") for unit in UNITS), (PEOPLE, IMPUTED), (PEOPLE, FEATURE)):
        bound = "" if kind else f"printed_max_{unit}"
        frame, blanked = reasons.withhold_quantiles(frame, unit, kind, bound, widest)
        withheld |= pd.DataFrame(blanked, columns=withheld.columns)
    is_undrawn = frame["q50_person_days"].isna()
    is_drawn = rows["is_complete"] & rows["is_daily_drawn"]
    why = {
        "end_unknown": rows["restriction_id"].isin(engine.list_unknown_ends()),
        "some_bounds_only": ~rows["is_complete"],
        "no_daily": rows["is_complete"] & ~rows["is_daily_drawn"],
        "daily_from_shares": is_drawn & ~rows["is_daily_measured"],
        "some_imputed": is_drawn & rows["is_imputed"],
    }
    flags = {rule: _totals_with(frame, inputs, rows[some]) for rule, some in why.items()}
    flags |= {"outweighed": frame["is_outweighed"], **dict(withheld.items())}
    if rule := reasons.find_no_estimate_reason(inputs):
        flags[rule] = is_undrawn & ~np.logical_or.reduce(list(flags.values()))
    words = reasons.state_reasons(flags, frame.index)[["reason", "reason_rule_ids"]]
    areas = rows.groupby("restriction_id")["country_id"].agg(lambda ids: ";".join(sorted(set(ids))))
    return frame.drop(columns="is_outweighed").assign(
        area_id=frame["country_id"].where(~is_restriction, frame["restriction_id"].map(areas)),
        **words,
        obs_status=np.select(
            [is_undrawn, flags["some_imputed"], words["reason"] != ""],
            [MISSING, ObsStatus.IMPUTED.value, UNRELIABLE],
            ESTIMATED,
        ),
        as_of=as_of.isoformat(),
    )


def _totals_with(frame: pd.DataFrame, inputs: SimulationInputs, rows: pd.DataFrame) -> pd.Series:
    is_restriction = frame["restriction_id"].isin(rows["restriction_id"])
    timeline = inputs.timeline
    pieces, members = timeline.find_intervals(timeline.rows, "most_end", by_country=True)
    sets = members.loc[members["row"].isin(rows["row"]), "set_id"]
    months = pieces.loc[pieces["set_id"].isin(sets), ["group", "month"]].drop_duplicates()
    years = months.assign(month=months["month"].str.slice(0, -3))
    periods = pd.concat([months, years]).assign(restriction_id=EVERY)
    at = pd.MultiIndex.from_frame(periods[["restriction_id", "group", "month"]])
    return is_restriction | pd.MultiIndex.from_frame(frame[KEY]).isin(at)
