"""Table `steps`: how each answer comes about, in items and numbers, step by step.

Method. A row is an item of items.csv: a sentence with its details, a number (`value`, or its 5, 50
and 95 % quantiles as `low`, `value` and `high`), or a figure that moves an imputed audience, with
its line in the facts. Each frame has the rows of all restrictions, as the stages of the run
computed them. What other published tables have (bounds, statuses, person-days, comparisons) is not
repeated. Draws are those of the answer (`Simulation.steps`), looked at on the way; beside them
stand what they would be if audiences were added up, or if use of one service said nothing of the
others.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.bounds import Bounds
from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.fitted.models import Context
from audience_impact.frames import Array
from audience_impact.imputation import distribution
from audience_impact.imputation.audiences import COMBINED, IMPUTED
from audience_impact.outputs.lineage import EVERY
from audience_impact.overlap.copula import assume_independence
from audience_impact.simulation import audiences
from audience_impact.simulation.audiences import BASE, COUNTED, GROWN
from audience_impact.simulation.parts import find_countries
from audience_impact.simulation.simulate import Simulation, Steps
from audience_impact.simulation.worlds import QUANTILES
from audience_impact.tracing import ITEMS, SEPARATOR, Item
from audience_impact.vocabulary import WHOLE_INTERNET

PERSONS = "persons"
NOT_COUNTED = {BASE: "drawn_online", IMPUTED: "drawn_imputed", COMBINED: "drawn_combined"}
"""Items of an audience without a figure, by shape of its distribution."""
ENDS = ["low", "value", "high"]
"""Columns of the quantiles of a number."""
REFERENCE = ["input_table", "input_id", *PROVENANCE]
COLUMNS = [
    *(*COUNTRY, "step", "subject", "position", "item", "details"),
    *("unit", *ENDS, *REFERENCE),
]
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
    parts, periods = inputs.parts, simulation.inputs.timeline.periods
    count = inputs.sizes.groupby(COUNTRY).size().rename("count")
    frames = {
        "question": _list_questions(scope),
        "base": _list_bases(inputs, context.tables["online_levels"]),
        **_list_audiences(inputs),
        "several": bounds.countries.reset_index().join(count, on=COUNTRY).query("count > 1"),
        "places": _list_places(parts),
        "gaps": parts,
        **_list_imputed(scope, inputs, context),
        "assumed": _list_assumed(inputs.feature_shares),
        "feature": inputs.feature_laws,
        "access": inputs.circumvention,
        "days": _list_days(periods),
        "undrawn": simulation.inputs.audiences.query("shape == ''"),
    }
    listed = [item for item in ITEMS.values() if not frames.get(item.frame, pd.DataFrame()).empty]
    items = [_take_item(item, frames[item.frame]) for item in listed] + [*_trace_draws(simulation)]
    filled = [part for part in items if not part.empty]
    table = pd.concat(filled) if filled else pd.DataFrame(columns=["restriction_id", "item"])
    return _finish_rows(table.reindex(columns=COLUMNS))


def _take_item(item: Item, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of an item: those of its frame for which it holds, and that have numbers."""
    columns = item.numbers.split(";") if item.numbers else []
    names = [name for name in (*COUNTRY, "subject", *REFERENCE) if name in frame]
    rows = frame[[*dict.fromkeys([*names, *columns, *item.details])]]
    if item.when:  # read from its columns alone, since pandas prepares each
        used = dict.fromkeys(name for name in re.findall(r"\w+", item.when) if name in frame)
        rows = rows[frame[[*used]].eval(item.when, engine="python").to_numpy(dtype="bool")]
    rows = rows.dropna(subset=columns) if columns else rows
    ends = ENDS if len(columns) == len(ENDS) else ["value"] * len(columns)
    numbers = rows[columns].astype("float64").set_axis(ends, axis=1)
    details: Any = ""
    if item.details:
        first, *others = (rows[name].astype("str") for name in item.details)
        details = first.str.cat(others, sep=SEPARATOR)
    return rows[names].assign(item=item.item, details=details).join(numbers)


def _finish_rows(table: pd.DataFrame) -> pd.DataFrame:
    blank = dict.fromkeys(["country_id", "subject"], EVERY)
    blank |= dict.fromkeys(["details", "input_table", "input_id", "row_file"], "")
    table = table.astype(dict.fromkeys(blank, "object")).fillna(blank)
    about = pd.DataFrame(ITEMS.values()).assign(number=range(len(ITEMS)))
    about["first"] = about.groupby("step")["number"].transform("min")
    about = about[["item", "step", "unit", "number", "first"]]
    table = table.drop(columns=["step", "unit"]).merge(about, on="item", how="left")
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
    return scope.restrictions.assign(first_day=first_day)


def _list_bases(inputs: Inputs, levels: pd.DataFrame) -> pd.DataFrame:
    """Return the base of each country; `note` has the counts that the people online follow."""
    rows = inputs.sizes.drop_duplicates(COUNTRY)
    notes = levels[levels["note"] != ""].set_index("area_id")["note"]
    return rows.assign(note=rows["country_id"].map(notes).astype("object").fillna(""))


def _list_audiences(inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the audiences with the figures, doubts and errors of each, which is its subject."""
    sizes, errors = inputs.sizes, inputs.distributions
    keys, imputed = (pd.MultiIndex.from_frame(frame[AUDIENCE]) for frame in (sizes, inputs.imputed))
    age = sizes["age_months"].round().astype("Int64")
    flags = inputs.quality_flags.groupby(AUDIENCE)[[*FLAG_RULES]].any().rename(columns=FLAG_RULES)
    flags = flags[flags.any(axis=1)]
    rules = [";".join(flags.columns[is_set]) for is_set in flags.to_numpy(dtype=bool)]
    frames = {
        "audience": sizes.assign(is_imputed=keys.isin(imputed), age=age),
        "chosen": inputs.chosen,
        "doubts": flags.assign(rules=rules).reset_index(),
        "errors": errors[errors["shape"].isin(COUNTED) & errors["rounding_error_persons"].notna()],
    }
    return {name: frame.assign(subject=frame["platform_id"]) for name, frame in frames.items()}


def _list_places(parts: pd.DataFrame) -> pd.DataFrame:
    if parts.empty:
        return parts
    return parts.assign(
        subject=parts["area_id"],
        networks=parts["network"].str.split("|").str[0],
        units=parts["units_count"].fillna(1.0).astype("int64"),
    )


def _list_imputed(scope: Scope, inputs: Inputs, context: Context) -> dict[str, pd.DataFrame]:
    """Return the imputed audiences, the members of groups, and the figures that move each most."""
    distributions, answers = inputs.distributions, inputs.answers
    counted = distributions.loc[distributions["shape"].isin(COUNTED), AUDIENCE]
    rows = scope.requested[scope.requested["is_existing_use"]]
    is_counted = pd.MultiIndex.from_frame(rows[AUDIENCE]).isin(pd.MultiIndex.from_frame(counted))
    uncounted = rows[~is_counted & ~rows["platform_id"].isin([WHOLE_INTERNET, ""])]
    if context.fitted.audiences is None or uncounted.empty:
        return {}
    imputed = answers.join_to(uncounted.assign(subject=uncounted["platform_id"]))
    ids, at = imputed["restriction_id"], imputed[[*COUNTRY, "subject", "place"]]
    members = answers.members[["place", "platform_id", *distribution.SHARES]]
    movers = at.join(answers.movers, on="place", how="inner").reset_index(drop=True)
    return {
        "imputed": imputed.assign(
            is_closed=ids.isin(inputs.closed_level_ids),
            is_uncertain=ids.isin(inputs.too_uncertain_ids),
        ),
        "members": at.merge(members, on="place"),
        "movers": _locate_figures(movers, context.tables),
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
    return rows.drop_duplicates(ignore_index=True)


def _list_days(periods: pd.DataFrame) -> pd.DataFrame:
    rows = periods.reset_index().dropna(subset=["from_day", "end"])
    first, last = (rows[name].dt.strftime("%Y-%m-%d") for name in ("from_day", "end"))
    return rows.assign(first=first, last=last)


def _trace_draws(simulation: Simulation) -> Iterator[pd.DataFrame]:
    """Yield what is drawn after each step, as rows of an item: COUNTRY, `subject`, `item`, ENDS."""
    model, inputs, sampler = simulation.model, simulation.inputs, simulation.sampler
    selected = inputs.selected
    if model is None:
        return
    countries = inputs.countries.reset_index(drop=True)
    users, shares, keeping = (
        rows[rows["restriction_id"].isin(countries["restriction_id"])]
        for rows in (inputs.audiences, selected.feature_shares, selected.circumvention)
    )
    users = users.assign(subject=users["platform_id"])
    steps = audiences.draw_by_step(users, sampler, inputs.timeline.tail_degrees)
    counted = users["shape"].isin(COUNTED).to_numpy()
    for item, draws in steps.items():
        yield _summarise(users[counted], item, draws[counted])
    for shape, item in NOT_COUNTED.items():
        is_shape = users["shape"].eq(shape).to_numpy()
        yield _summarise(users[is_shape], item, steps[GROWN][is_shape])
    place = pd.Series(find_countries(inputs.audiences, countries), inputs.audiences["row"])
    members = dict(place[place >= 0].groupby(place).groups)  # rows of the draws, by country
    several = [place for place, rows in members.items() if len(rows) > 1]
    yield from _trace_unions(countries, simulation.steps, {at: members[at] for at in several})
    if several:
        names = countries["country_id"].iloc[several]
        draw = sampler.draw_uniform
        by_country = {name: model.joint_use(str(name), draw).correlation for name in names.unique()}
        drawn = np.stack([by_country[name] for name in names])
        yield _summarise(countries.iloc[several], "correlation", drawn)
    named = shares.assign(subject=shares["feature_use_id"])
    yield _summarise(named, "feature_share", audiences.draw_feature_users(shares, sampler))
    if not keeping.empty:
        yield _summarise(keeping, "keeping_share", audiences.draw_circumvention(keeping, sampler))


def _summarise(rows: pd.DataFrame, item: str, draws: Array) -> pd.DataFrame:
    """Return the quantiles of draws (rows, D), without rows that lack draws."""
    is_drawn = ~np.isnan(draws).any(axis=1)
    quantiles = np.quantile(draws[is_drawn], [*QUANTILES.values()], axis=1).T
    names = [name for name in (*COUNTRY, "subject") if name in rows]
    ends = pd.DataFrame(quantiles, rows.index[is_drawn], ENDS)
    return rows.loc[is_drawn, names].assign(item=item).join(ends)


def _trace_unions(
    countries: pd.DataFrame, stages: Steps, several: "dict[int, pd.Index[int]]"
) -> Iterator[pd.DataFrame]:
    """Yield the numbers of each country from its audiences to its people exposed.

    Beside the union of `several` audiences (their rows, by country) stand their sum, and their
    union by independent use.
    """
    added, alone = (np.full_like(stages.bases, np.nan) for _ in range(2))
    for place, members in several.items():
        rows, base = stages.audiences[members], stages.bases[place]
        added[place] = rows.sum(axis=0)
        alone[place] = assume_independence(np.clip(rows / base, 0.0, 1.0).T) * base
    exposed, users = stages.countries.exposed, stages.countries.users
    no_part = np.ones_like(stages.part)
    always, is_several = np.ones(len(countries), dtype=bool), countries.index.isin([*several])
    for item, draws, is_shown in (
        ("drawn_base", stages.bases, always),
        ("drawn_sum", added, is_several),
        ("drawn_independent", alone, is_several),
        ("drawn_joint", stages.joint, is_several),
        ("drawn_conditioned", stages.conditioned, (stages.conditioned != stages.joint).any(axis=1)),
        ("drawn_part", stages.part, (stages.part != no_part).any(axis=1)),
        ("drawn_exposed", exposed, always),
        ("drawn_users", users, (users != exposed).any(axis=1)),
    ):
        yield _summarise(countries[is_shown], item, draws[is_shown])
