"""Table `candidates`: the facts among which each stage chose for a restriction, and why.

Method. Each choice is asked for all its candidates, and goes through the same steps as when the
answer is computed (selection.py). What needs no choice (a page of the same measurement, the
population, surveys of joint use) stands in table `lineage` alone. Of the figures of people online
in a place, which are many, EXAMPLES of each reason stay.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from audience_impact import bounds
from audience_impact.audiences import distributions, use
from audience_impact.audiences import figures as audience_figures
from audience_impact.audiences.inputs import Inputs, group_by_country
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.denominators.denominators import ANY_MEASURER, NEARER, Denominators, list_steps
from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.fitted.models import Context
from audience_impact.outputs.lineage import (
    EVERY,
    INPUTS,
    list_counts_of_lines,
    list_operator_shares,
)
from audience_impact.places import online, population
from audience_impact.populations import ONLINE
from audience_impact.selection import Step, rejection_reason
from audience_impact.vocabulary import WHOLE_INTERNET

KEY = [
    *("restriction_id", "role", "country_id", "platform_id", "looked_for"),
    *("input_table", "input_id", "row_layer", "row_line"),
]
"""Key of a candidate; `looked_for` names which of several choices it was considered for."""
COLUMNS = [*KEY, "row_file", "persons", "passed_over"]
"""Columns of a candidate: `passed_over` is the reason of rejection, blank where the candidate was
used; `persons` is its value in persons."""
EXAMPLES = 3
"""Most figures of people online in a place that stay for a reason; also most that a text lists."""


def make_candidates(scope: Scope, inputs: Inputs, context: Context) -> pd.DataFrame:
    """Return every fact that was considered for the audiences of `scope`, as COLUMNS."""
    tables = context.tables
    parts = (
        _list_audiences(scope, tables, inputs.qualifying),
        *_list_bases(scope, inputs, context.denominators),
        *_list_use(scope, inputs, tables),
        *_list_places(inputs.parts, tables),
        _describe(list_counts_of_lines(inputs, tables), "network", "network_use"),
        _describe(list_operator_shares(inputs, tables), "operators", "network_shares"),
    )
    filled = [_fill_columns(part, tables) for part in parts if not part.empty]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)
    ordered = table.sort_values([*KEY, "passed_over"], ignore_index=True)
    return ordered.drop_duplicates(KEY, ignore_index=True)


def _describe(
    rows: pd.DataFrame, role: str, table: str, steps: Sequence[Step] = (), **cells: object
) -> pd.DataFrame:
    """Return rows as candidates for a role, which `steps` choose; `cells` are further columns.

    The id of a fact is in the key of its table, or in `input_id`.
    """
    if table in INPUTS and not rows.empty:
        cells = {"input_id": rows[INPUTS[table]], **cells}
    if steps:
        cells = {"passed_over": rejection_reason(rows, steps), **cells}
    elif "is_used" in rows:
        reason = pd.Series(NEARER, rows.index).mask(rows["is_used"], "")
        cells = {"passed_over": reason, **cells}
    return rows.assign(role=role, input_table=table, **cells)


def _fill_columns(part: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    plain = {"platform_id": EVERY, "looked_for": EVERY, "persons": float("nan")}
    part = part.assign(**{name: cell for name, cell in plain.items() if name not in part})
    if not set(PROVENANCE) <= set(part.columns):
        table = part["input_table"].iloc[0]
        lines = tables[table].set_index(INPUTS[table])[PROVENANCE]
        part = part.drop(columns=PROVENANCE, errors="ignore").join(lines, on="input_id")
    return part[COLUMNS]


def _list_audiences(scope: Scope, tables: Tables, able: pd.DataFrame) -> pd.DataFrame:
    audiences = scope.requested
    estimates = tables["estimates"].rename(columns={"area_id": "country_id"})
    rows = audiences[AUDIENCE].merge(estimates, on=["country_id", "platform_id"])
    unfit = rejection_reason(rows, audience_figures.QUALIFYING)
    is_uncounted = (unfit == "") & ~rows["estimate_id"].isin(able["estimate_id"])
    joined = audience_figures.join_figures(audiences, able)
    joined = joined.assign(later=audience_figures.rejection_reason(joined))
    both = rows.assign(unfit=unfit.mask(is_uncounted, audience_figures.NO_PEOPLE)).merge(
        joined[[*AUDIENCE, "estimate_id", "point_persons", "later"]],
        on=[*AUDIENCE, "estimate_id"],
        how="left",
    )
    passed_over = both["unfit"].where(both["unfit"] != "", both["later"])
    persons = both["point_persons"]
    return _describe(both, "audience", "estimates", persons=persons, passed_over=passed_over)


def _list_bases(scope: Scope, inputs: Inputs, denominators: Denominators) -> Iterator[pd.DataFrame]:
    """Yield bases that may contain the audiences; for a shutdown, counts of people online."""
    sizes = inputs.sizes
    groups = group_by_country(sizes)
    looked = denominators.list_bases(groups).join(groups["restriction_id"], on="place")
    # what was taken first, else as the best kind of base that it is of
    order = np.argsort(looked["passed_over"] != "", kind="stable")
    looked = looked.iloc[order].drop_duplicates([*COUNTRY, "base_id"])
    cells = {"platform_id": EVERY, "looked_for": looked["level"], "persons": looked["base_persons"]}
    yield _describe(looked, "base", "bases", **cells)
    requested = scope.requested
    network = requested[requested["platform_id"] == WHOLE_INTERNET].reset_index(drop=True)
    if network.empty:
        return
    measurer = ANY_MEASURER
    rows = denominators.list_candidates(network.assign(population_base=ONLINE), measurer).join(
        network["restriction_id"], on="place"
    )
    reason = rejection_reason(rows, list_steps(measurer, None))
    ids = sizes["differing_base_ids"].astype("str").str.split(";")
    by = [*COUNTRY, "base_id"]
    differing = pd.MultiIndex.from_frame(sizes.assign(base_id=ids).explode("base_id")[by])
    passed_over = reason.mask(pd.MultiIndex.from_frame(rows[by]).isin(differing), "")
    cells = {"platform_id": WHOLE_INTERNET, "looked_for": EVERY, "persons": rows["base_persons"]}
    yield _describe(rows, "audience", "bases", passed_over=passed_over, **cells)


def _list_use(scope: Scope, inputs: Inputs, tables: Tables) -> Iterator[pd.DataFrame]:
    requested, sizes = scope.requested, inputs.sizes
    daily = distributions.list_daily_figures(requested, inputs.qualifying)
    yield _describe(
        daily, "daily_audience", "estimates", distributions.DAILY_STEPS, persons=daily["mode"]
    )
    used = use.list_feature_candidates(sizes, scope.targets, tables, inputs.errors)
    yield _describe(
        used, "feature_share", "feature_use", use.FEATURE_STEPS, looked_for=used["feature"]
    )
    keeping = use.list_access_candidates(scope, tables)
    keeping = _describe(
        keeping, "circumvention", "circumvention", use.ACCESS_STEPS,
        country_id=keeping["area_id"], platform_id=EVERY,
    )  # fmt: skip
    yield keeping[keeping["restriction_id"].isin(requested["restriction_id"])]
    together = bounds.list_overlaps(sizes, tables)
    yield _describe(together, "overlap", "overlaps", bounds.OVERLAP_STEPS, platform_id=EVERY)


def _list_places(parts: pd.DataFrame, tables: Tables) -> Iterator[pd.DataFrame]:
    """Yield counts of the people of a place, and figures of those online there."""
    if parts.empty:
        return
    parts = parts.reset_index(drop=True).assign(day=parts["start"].to_numpy())
    rows = population.list_candidates(parts[["area_id", "day"]], tables)
    rows = rows.join(parts[COUNTRY], on="place")
    persons = np.exp(rows["log_persons"]).round()
    yield _describe(rows, "place", "bases", looked_for=rows["area_id"], persons=persons)
    places = parts[parts["area_id"] != parts["country_id"]]
    if places.empty or tables["regional_use"].empty:
        return
    rows = online.list_candidates(places[["area_id", "day"]], tables)
    chains = online.find_chains(places["area_id"], tables)
    around = places[[*COUNTRY, "area_id", "day"]].rename(columns={"area_id": "place_id"})
    around = around.assign(area_id=places["area_id"].map(chains)).explode("area_id")
    rows = around.merge(rows.drop(columns="country_id"), on=["area_id", "day"])
    series = online.add_series(tables).drop(columns=["share", "year", "kind", "country_id"])
    lines = rows.merge(series, on=["area_id", "series"])
    reasons = [*COUNTRY, "place_id", "passed_over"]
    is_example = lines.groupby(reasons).cumcount() < EXAMPLES
    lines = lines[is_example | (lines["passed_over"] == "")]
    ids = lines["area_id"] + " " + lines["asked"] + " " + lines["period"]
    cells = {"input_id": ids, "looked_for": lines["place_id"], "persons": np.nan}
    yield _describe(lines, "place_online", "regional_use", **cells)
