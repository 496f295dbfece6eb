"""Table `candidates`: the facts among which each stage chose for a restriction, and why.

Method. Each choice is asked for all its candidates, and goes through the same steps as when the
answer is computed (selection.py). What needs no choice (a page of the same measurement, the
population, surveys of joint use) stands in table `lineage` alone. Of the figures of people online
in a place, which are many, EXAMPLES of each reason stay.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from audience_impact import bounds
from audience_impact import selection as choosing
from audience_impact.audiences import daily_reach, use
from audience_impact.audiences import figures as audience_figures
from audience_impact.audiences.inputs import Inputs, group_by_country
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.denominators import counts
from audience_impact.denominators.denominators import Denominators
from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.fitted.models import Context
from audience_impact.outputs.lineage import (
    EVERY,
    INPUTS,
    list_counts_of_lines,
    list_operator_shares,
)
from audience_impact.places import (
    online,
    population,
    regional_figures,
)
from audience_impact.populations import ONLINE
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
    able = audience_figures.list_qualifying_figures(tables, context.denominators)
    parts = [
        _list_audiences(scope, tables, able),
        *_list_bases(scope, inputs, context.denominators),
        *_list_use(scope, inputs, tables, able),
        _list_places(inputs, tables),
        _list_online(inputs, tables),
        _describe_nearest(list_counts_of_lines(inputs, tables), "network", "network_use"),
        _describe_nearest(list_operator_shares(inputs, tables), "operators", "network_shares"),
    ]
    filled = [_fill_columns(part, tables) for part in parts if not part.empty]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)
    ordered = table.sort_values([*KEY, "passed_over"], ignore_index=True)
    return ordered.drop_duplicates(KEY, ignore_index=True)


def _fill_columns(part: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return candidates of one table as COLUMNS, with their lines in the facts."""
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
    reason = choosing.rejection_reason(rows, audience_figures.QUALIFYING)
    uncounted = (reason == "") & ~rows["estimate_id"].isin(able["estimate_id"])
    reason = reason.mask(uncounted, audience_figures.NO_PEOPLE)
    joined = audience_figures.join_figures(audiences, able)
    later = joined.assign(passed_over=audience_figures.rejection_reason(joined))
    keys = [*AUDIENCE, "estimate_id"]
    both = rows.assign(unfit=reason).merge(
        later[[*keys, "point_persons", "passed_over"]], on=keys, how="left"
    )
    passed_over = both["unfit"].where(both["unfit"] != "", both["passed_over"])
    both = both.assign(persons=both["point_persons"], passed_over=passed_over)
    return _describe(both, "audience", "estimates", both["estimate_id"])


def _describe(
    rows: pd.DataFrame, role: str, table: str, ids: "pd.Series[str]", **cells: object
) -> pd.DataFrame:
    """Return rows as candidates for a role; `cells` are further columns."""
    return rows.assign(role=role, input_table=table, input_id=ids, **cells)


def _list_bases(scope: Scope, inputs: Inputs, denominators: Denominators) -> Iterator[pd.DataFrame]:
    """Yield bases that may contain the audiences; for a shutdown, counts of people online."""
    sizes = inputs.sizes
    groups = group_by_country(sizes)
    looked = denominators.list_bases(groups).join(groups["restriction_id"], on="place")
    once = looked.assign(is_passed=looked["passed_over"] != "").sort_values(
        "is_passed",
        kind="stable",  # what was taken, else as the best kind of base that it is of
    )
    looked = once.drop_duplicates([*COUNTRY, "base_id"])
    yield _describe(
        looked, "base", "bases", looked["base_id"],
        platform_id=EVERY, looked_for=looked["level"], persons=looked["base_persons"],
    )  # fmt: skip
    requested = scope.requested
    network = requested[requested["platform_id"] == WHOLE_INTERNET].reset_index(drop=True)
    if network.empty:
        return
    rows = denominators.list_candidates(
        network.assign(population_base=ONLINE), counts.ANY_MEASURER
    ).join(network["restriction_id"], on="place")
    reason = choosing.rejection_reason(rows, counts.list_steps(counts.ANY_MEASURER, None))
    differing = sizes.assign(
        base_id=sizes["differing_base_ids"].astype("str").str.split(";")
    ).explode("base_id")
    by = [*COUNTRY, "base_id"]
    is_differing = pd.MultiIndex.from_frame(rows[by]).isin(pd.MultiIndex.from_frame(differing[by]))
    rows = rows.assign(passed_over=reason.mask(is_differing, ""))
    yield _describe(
        rows, "audience", "bases", rows["base_id"],
        platform_id=WHOLE_INTERNET, looked_for=EVERY, persons=rows["base_persons"],
    )  # fmt: skip


def _list_use(
    scope: Scope, inputs: Inputs, tables: Tables, able: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    """Yield daily figures, shares of feature use, shares of kept access, and measured overlaps."""
    daily = daily_reach.list_candidates(scope.requested, able)
    yield _add_reasons(
        daily, daily_reach.STEPS, "daily_audience", "estimates", "estimate_id"
    ).assign(persons=daily["mode"])
    sizes = inputs.sizes
    used = use.list_feature_candidates(sizes, scope.targets, tables, inputs.errors)
    yield _add_reasons(
        used, use.FEATURE_STEPS, "feature_share", "feature_use", "feature_use_id"
    ).assign(looked_for=used["feature"])
    rows = use.list_access_candidates(scope, tables)
    with_reasons = _add_reasons(
        rows, use.ACCESS_STEPS, "circumvention", "circumvention", "circumvention_id"
    )
    is_in_scope = with_reasons["restriction_id"].isin(scope.requested["restriction_id"])
    yield with_reasons[is_in_scope].assign(country_id=with_reasons["area_id"], platform_id=EVERY)
    together = bounds.list_overlaps(sizes, tables)
    yield _add_reasons(together, bounds.OVERLAP_STEPS, "overlap", "overlaps", "overlap_id").assign(
        platform_id=EVERY
    )


def _add_reasons(
    rows: pd.DataFrame, steps: tuple[choosing.Step, ...], role: str, table: str, key: str
) -> pd.DataFrame:
    reason = choosing.rejection_reason(rows, steps)
    return _describe(rows, role, table, rows[key], passed_over=reason)


def _list_places(inputs: Inputs, tables: Tables) -> pd.DataFrame:
    parts = inputs.parts.reset_index(drop=True)
    if parts.empty:
        return parts
    rows = population.list_candidates(
        parts.assign(day=parts["start"])[["area_id", "day"]], tables
    ).join(parts[COUNTRY], on="place")
    persons = np.exp(rows["log_persons"]).round()
    return _describe(
        rows, "place", "bases", rows["base_id"], looked_for=rows["area_id"], persons=persons
    )


def _list_online(inputs: Inputs, tables: Tables) -> pd.DataFrame:
    # pandas gives a frame without rows the rows of a longer column that is assigned to it
    parts = inputs.parts.assign(day=inputs.parts["start"])
    places = parts[parts["area_id"] != parts["country_id"]]
    if places.empty or tables["regional_use"].empty:
        return places.head(0)
    rows = online.list_candidates(places[["area_id", "day"]], tables)
    chains = online.find_chains(places["area_id"], tables)
    around = places[[*COUNTRY, "area_id", "day"]].assign(holder=places["area_id"].map(chains))
    around = around.rename(columns={"area_id": "place_id"}).explode("holder")
    rows = around.merge(
        rows.drop(columns="country_id"),
        left_on=["holder", "day"],
        right_on=["area_id", "day"],
    )
    use = regional_figures.add_series(tables).drop(columns=["share", "year", "kind", "country_id"])
    lines = rows.merge(use, on=["area_id", "series"])
    reasons = [*COUNTRY, "place_id", "passed_over"]
    is_example = lines.groupby(reasons).cumcount() < EXAMPLES
    lines = lines[is_example | (lines["passed_over"] == "")]
    ids = lines["area_id"] + " " + lines["asked"] + " " + lines["period"]
    return _describe(
        lines, "place_online", "regional_use", ids, looked_for=lines["place_id"], persons=np.nan
    )


def _describe_nearest(rows: pd.DataFrame, role: str, table: str) -> pd.DataFrame:
    if rows.empty:
        return rows
    passed_over = pd.Series(counts.NEARER, rows.index).mask(rows["is_used"], "")
    return _describe(rows, role, table, rows["input_id"], passed_over=passed_over)
