"""Table `steps`: how each answer comes about, in items and numbers, step by step.

Method. A row is an item of items.csv: a sentence with its details, a number (`value`, or its 5, 50
and 95 % quantiles as `low`, `value` and `high`), or a figure that moves an imputed audience, with
its line in the facts. Each frame has the rows of all restrictions, as the stages of the run
computed them. What other published tables have (bounds, statuses, person-days, comparisons) is not
repeated. Draws are those of the answer (`Simulation.steps`), looked at on the way; beside them
stand what they would be if audiences were added up, or if use of one service said nothing of the
others.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience_impact.audiences import intervals
from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.bounds import Bounds
from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.fitted.models import Context
from audience_impact.frames import Array
from audience_impact.imputation import distribution
from audience_impact.imputation.audiences import COMBINED, IMPUTED, impute_with_members
from audience_impact.outputs.lineage import EVERY
from audience_impact.overlap.copula import assume_independence
from audience_impact.simulation import audiences
from audience_impact.simulation.audiences import BASE, COUNTED, GROWN
from audience_impact.simulation.parts import find_countries
from audience_impact.simulation.simulate import Simulation, Steps
from audience_impact.simulation.unions import QUANTILES
from audience_impact.tracing.items import ITEMS, SEPARATOR, Item
from audience_impact.vocabulary import WHOLE_INTERNET

PERSONS = "persons"
NOT_COUNTED = {
    BASE: "drawn_online",
    IMPUTED: "drawn_imputed",
    COMBINED: "drawn_combined",
}
"""Items of an audience without a figure, by shape of its distribution."""
ENDS = ["low", "value", "high"]
"""Columns of the quantiles of a number."""
REFERENCE = ["input_table", "input_id", *PROVENANCE]
COLUMNS = [
    *(*COUNTRY, "step", "subject", "position", "item", "details"),
    *("unit", *ENDS, *REFERENCE),
]
ABOUT = ["item", "step", "unit", "number", "first"]
MOVERS = 8
"""Most figures that are listed as moving an imputed audience."""
FIGURES = 6
"""Significant figures of a number that counts no people."""
FLAG_RULES = {
    "is_under_block": "under_block",
    "is_under_restriction": "under_restriction",
    "is_printed_differently": "printed_differently",
    "is_outlier": "outlier",
    "is_missing_younger": "younger_missing",
}
"""Rules of status by quality flag of a figure."""


def make_steps(
    scope: Scope, inputs: Inputs, bounds: Bounds, simulation: Simulation, context: Context
) -> pd.DataFrame:
    """Return the steps of all restrictions, as COLUMNS; `position` counts the rows of a step."""
    frames = {
        "question": _list_questions(scope),
        "base": _list_bases(inputs, context.tables["online_levels"]),
        **_list_audiences(inputs),
        "several": _list_several(bounds, inputs),
        "places": _list_places(inputs.parts),
        "gaps": inputs.parts.assign(is_gap=inputs.parts["reason"] != ""),
        **_list_imputed(scope, inputs, context),
        "assumed": _list_assumed(inputs.feature_shares),
        "feature": inputs.feature_laws,
        "access": inputs.circumvention,
        "days": _list_days(simulation.inputs.timeline.periods),
        "undrawn": _list_undrawn(simulation.inputs.audiences),
    }
    listed = [item for item in ITEMS.values() if not frames.get(item.frame, pd.DataFrame()).empty]
    parts = [_take_item(item, frames[item.frame]) for item in listed] + [*_trace_draws(simulation)]
    filled = [part for part in parts if not part.empty]
    table = pd.concat(filled) if filled else pd.DataFrame(columns=["restriction_id", "item"])
    return _finish_rows(table.reindex(columns=COLUMNS))


def _take_item(item: Item, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of an item: those of its frame for which it holds, and that have numbers."""
    column, _, cell = item.when.partition("=")
    rows = frame[frame[column].eq(cell or True)] if column else frame
    columns = item.numbers.split(";") if item.numbers else []
    rows = rows.dropna(subset=columns)
    names = [name for name in (*COUNTRY, "subject", *REFERENCE) if name in rows]
    ends = ENDS if len(columns) == len(ENDS) else ["value"] * len(columns)
    numbers = rows[columns].astype("float64").set_axis(ends, axis=1)
    details = pd.Series("", rows.index, dtype="str")
    if item.details:
        first, *others = (rows[name].astype("str") for name in item.details)
        details = first.str.cat(others, sep=SEPARATOR)
    return rows[names].assign(item=item.item, details=details).join(numbers)


def _finish_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows of items with their steps, units and positions, in order, and rounded numbers."""
    blank = dict.fromkeys(["country_id", "subject"], EVERY)
    blank |= dict.fromkeys(["details", "input_table", "input_id", "row_file"], "")
    table = table.astype(dict.fromkeys(blank, "object")).fillna(blank)
    about = pd.DataFrame(ITEMS.values()).assign(number=range(len(ITEMS)))
    about["first"] = about.groupby("step")["number"].transform("min")
    table = table.drop(columns=["step", "unit"]).merge(about[ABOUT], on="item", how="left")
    order = ["restriction_id", "first", "country_id", "subject"]
    table = table.sort_values([*order, "number"], kind="stable", ignore_index=True)
    table["position"] = table.groupby(order).cumcount() + 1
    numbers = table[ENDS].astype("float64")
    scale = 10.0 ** (FIGURES - 1 - np.floor(np.log10(numbers.abs().where(numbers != 0.0, 1.0))))
    is_persons = table[["unit"]].eq(PERSONS).to_numpy()
    table[ENDS] = np.where(is_persons, numbers.round(), (numbers * scale).round() / scale)
    return table[COLUMNS]


def _list_questions(scope: Scope) -> pd.DataFrame:
    continuing = scope.requested[scope.requested["is_step"]]
    first = continuing.groupby("restriction_id")["before"].min().dt.strftime("%Y-%m-%d")
    first_day = scope.restrictions["restriction_id"].map(first).astype("object")
    return scope.restrictions.assign(first_day=first_day, is_continuing=first_day.notna())


def _list_bases(inputs: Inputs, levels: pd.DataFrame) -> pd.DataFrame:
    """Return the base of each country; `note` has the counts that the people online follow."""
    rows = inputs.sizes.drop_duplicates(COUNTRY)
    has_base, is_own = rows["base_id"].notna(), rows["is_own_base"].eq(True)
    notes = levels[levels["note"] != ""].set_index("area_id")["note"]
    return rows.assign(
        is_without_base=~has_base,
        is_measurers=has_base & is_own,
        is_others=has_base & ~is_own,
        is_projected=has_base & rows["is_base_projected"].eq(True),
        is_disputed=has_base & rows["is_base_disputed"].eq(True),
        is_fitted=rows["online_moment"].notna(),
        note=rows["country_id"].map(notes).astype("object").fillna(""),
    )


def _name_subject(rows: pd.DataFrame, column: str = "platform_id") -> pd.DataFrame:
    return rows.assign(subject=rows[column])


def _list_audiences(inputs: Inputs) -> dict[str, pd.DataFrame]:
    sizes, chosen = inputs.sizes, inputs.chosen
    is_counted = sizes["metric_priority"].notna()
    keys, imputed = (pd.MultiIndex.from_frame(frame[AUDIENCE]) for frame in (sizes, inputs.imputed))
    is_imputed = ~is_counted & keys.isin(imputed)
    flags = inputs.quality_flags.groupby(AUDIENCE)[[*FLAG_RULES]].any().reset_index()
    rules = flags[[*FLAG_RULES]].apply(
        lambda row: ";".join(rule for name, rule in FLAG_RULES.items() if row[name]), axis=1
    )
    errors = inputs.distributions
    frames = {
        "audience": sizes.assign(
            is_counted=is_counted,
            is_imputed=is_imputed,
            is_unknown=~is_counted & ~is_imputed,
            age=sizes["age_months"].round().astype("Int64"),
        ),
        "chosen": chosen.assign(is_one_sided=chosen["interval_kind"].isin(intervals.ONE_SIDED)),
        "doubts": flags.assign(rules=rules)[flags[[*FLAG_RULES]].any(axis=1)],
        "errors": errors[errors["shape"].isin(COUNTED) & errors["rounding_error_persons"].notna()],
    }
    return {name: _name_subject(frame) for name, frame in frames.items()}


def _list_several(bounds: Bounds, inputs: Inputs) -> pd.DataFrame:
    """Return the bounds of countries with several audiences, which count each person once."""
    count = inputs.sizes.groupby(COUNTRY).size().rename("audiences_count")
    rows = bounds.countries.reset_index().join(count, on=COUNTRY)
    is_sharp = rows["is_sharp"].eq(True)
    return rows.assign(is_sharp=is_sharp, is_frechet=~is_sharp)[rows["audiences_count"] > 1]


def _list_places(parts: pd.DataFrame) -> pd.DataFrame:
    if parts.empty:
        return parts
    return _name_subject(parts, "area_id").assign(
        is_gap=parts["reason"] != "",
        networks=parts["network"].str.split("|").str[0],
        is_part=parts["part_kind"] != "",
        units=parts["units_count"].fillna(1.0).astype("int64"),
        is_online_fitted=parts["place_rung"] != "",
        is_network_fitted=parts["network_rung"] != "",
    )


def _list_imputed(scope: Scope, inputs: Inputs, context: Context) -> dict[str, pd.DataFrame]:
    """Return the imputed audiences, the members of groups, and the figures that move each most."""
    model, tables = context.fitted.audiences, context.tables
    distributions = inputs.distributions
    counted = distributions.loc[distributions["shape"].isin(COUNTED), AUDIENCE]
    rows = scope.requested[scope.requested["is_existing_use"]]
    is_counted = pd.MultiIndex.from_frame(rows[AUDIENCE]).isin(pd.MultiIndex.from_frame(counted))
    uncounted = rows[~is_counted & ~rows["platform_id"].isin([WHOLE_INTERNET, ""])]
    uncounted = uncounted.rename(columns={"country_id": "area_id", "before": "moment"})
    if model is None or uncounted.empty:
        return {}
    key = ["area_id", "platform_id", "moment"]
    places = uncounted[key].drop_duplicates(ignore_index=True)
    shares, members = impute_with_members(places, tables, model, context.fitted.joint_use)
    at = _name_subject(uncounted).merge(places.reset_index(names="place"), on=key)
    at = at.assign(country_id=at["area_id"])[[*COUNTRY, "subject", "place"]]
    rows = at.join(shares, on="place")
    is_imputed = rows["rung"].notna()
    is_closed, is_uncertain = (
        is_imputed & rows["restriction_id"].isin(ids)
        for ids in (inputs.closed_level_ids, inputs.too_uncertain_ids)
    )
    imputed = rows.assign(
        is_without_share=~is_imputed,
        is_with_share=is_imputed,
        is_closed=is_closed,
        is_uncertain=is_uncertain & ~is_closed,
    )
    movers = distribution.find_influential_figures(places.loc[shares.index], tables, model, MOVERS)
    return {
        "imputed": imputed,
        "members": at.merge(members[["place", "platform_id", *distribution.SHARES]], on="place"),
        "movers": _locate_figures(at.merge(movers, on="place"), tables),
    }


def _locate_figures(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    lines = pd.concat(
        [
            tables[table].set_index(key)[PROVENANCE].assign(input_table=table)
            for table, key in (("surveys", "survey_id"), ("estimates", "estimate_id"))
        ]
    )
    key = rows["figure_id"].astype("str").str.split("|").str[0]
    return rows.assign(
        input_id=rows["figure_id"],
        way=rows["way"].astype("str").str.replace("_", " "),
        share=rows["share"].map("{:.4g}".format),
        without_share=rows["without_share"].map("{:.4g}".format),
    ).join(lines.loc[key].set_axis(rows.index))


def _list_assumed(shares: pd.DataFrame) -> pd.DataFrame:
    details = shares["assumed"].astype("str").str.split(";")
    rows = shares[["restriction_id"]].assign(assumed=details).explode("assumed")
    rows = rows[rows["assumed"].fillna("") != ""].sort_values("assumed")
    return rows.drop_duplicates()


def _list_days(periods: pd.DataFrame) -> pd.DataFrame:
    rows = periods.reset_index().dropna(subset=["from_day", "end"])
    first, last = (rows[name].dt.strftime("%Y-%m-%d") for name in ("from_day", "end"))
    return rows.assign(first=first, last=last, is_end_known=~rows["is_end_unknown"])


def _list_undrawn(audiences: pd.DataFrame) -> pd.DataFrame:
    is_unnamed = audiences["platform_id"] == ""
    rows = audiences.assign(is_named=~is_unnamed, is_unnamed=is_unnamed)
    return rows[audiences["shape"] == ""]


def _trace_draws(simulation: Simulation) -> Iterator[pd.DataFrame]:
    """Yield what is drawn after each step, as rows of an item: COUNTRY, `subject`, `item`, ENDS."""
    model, inputs, sampler = simulation.model, simulation.inputs, simulation.sampler
    if model is None:
        return
    countries = inputs.countries.reset_index(drop=True)
    yield from _trace_audiences(_select_drawn(inputs.audiences, countries), simulation)
    place = pd.Series(find_countries(inputs.audiences, countries), inputs.audiences["row"])
    members = dict(place[place >= 0].groupby(place).groups)  # rows of the draws, by country
    is_several = countries.index.isin([place for place, rows in members.items() if len(rows) > 1])
    yield from _trace_unions(countries, simulation.steps, members, is_several)
    several = countries[is_several]
    if not several.empty:
        by_country = {
            country: model.joint_use(str(country), sampler.draw_uniform).correlation
            for country in several["country_id"].unique()
        }
        drawn = np.stack(several["country_id"].map(by_country).to_list())
        yield _summarise(several, "correlation", drawn)
    shares = _select_drawn(inputs.selected.feature_shares, countries)
    named = shares.assign(subject=shares["feature_use_id"])
    yield _summarise(named, "feature_share", audiences.draw_feature_users(shares, sampler))
    keeping = _select_drawn(inputs.selected.circumvention, countries)
    if not keeping.empty:
        yield _summarise(keeping, "keeping_share", audiences.draw_circumvention(keeping, sampler))


def _select_drawn(rows: pd.DataFrame, countries: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["restriction_id"].isin(countries["restriction_id"])]


def _summarise(rows: pd.DataFrame, item: str, draws: Array) -> pd.DataFrame:
    """Return the quantiles of draws (rows, D), without rows that lack draws."""
    is_drawn = ~np.isnan(draws).any(axis=1)
    quantiles = np.quantile(draws[is_drawn], [*QUANTILES.values()], axis=1).T
    names = [name for name in (*COUNTRY, "subject") if name in rows]
    ends = pd.DataFrame(quantiles, rows.index[is_drawn], ENDS)
    return rows.loc[is_drawn, names].assign(item=item).join(ends)


def _trace_audiences(rows: pd.DataFrame, simulation: Simulation) -> Iterator[pd.DataFrame]:
    tail_degrees = simulation.inputs.timeline.tail_degrees
    steps = audiences.draw_by_step(rows, simulation.sampler, tail_degrees)
    named = rows.assign(subject=rows["platform_id"])
    counted = rows["shape"].isin(COUNTED).to_numpy()
    for item, draws in steps.items():
        yield _summarise(named[counted], item, draws[counted])
    for shape, item in NOT_COUNTED.items():
        is_shape = rows["shape"].eq(shape).to_numpy()
        yield _summarise(named[is_shape], item, steps[GROWN][is_shape])


def _trace_unions(
    countries: pd.DataFrame,
    stages: Steps,
    members: "dict[int, pd.Index[int]]",
    is_several: NDArray[np.bool_],
) -> Iterator[pd.DataFrame]:
    """Yield the numbers of each country from its audiences to its people exposed.

    Beside the union stand the sum of the audiences, and the union by independent use.
    """
    added, alone = (np.full_like(stages.bases, np.nan) for _ in range(2))
    for place in map(int, np.flatnonzero(is_several)):
        rows, base = stages.audiences[members[place]], stages.bases[place]
        added[place] = rows.sum(axis=0)
        alone[place] = assume_independence(np.clip(rows / base, 0.0, 1.0).T) * base
    exposed, users = stages.countries.exposed, stages.countries.users
    always = np.ones(len(countries), dtype=bool)
    for item, draws, is_shown in (
        ("drawn_base", stages.bases, always),
        ("drawn_sum", added, is_several),
        ("drawn_independent", alone, is_several),
        ("drawn_joint", stages.joint, is_several),
        ("drawn_conditioned", stages.conditioned, _differ(stages.conditioned, stages.joint)),
        ("drawn_part", stages.part, _differ(stages.part, np.ones_like(stages.part))),
        ("drawn_exposed", exposed, always),
        ("drawn_users", users, _differ(users, exposed)),
    ):
        yield _summarise(countries[is_shown], item, draws[is_shown])


def _differ(first: Array, second: Array) -> NDArray[np.bool_]:
    return np.asarray((first != second).any(axis=1))
