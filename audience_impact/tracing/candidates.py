"""The facts that each stage chose among for a restriction, and why each was used or passed over.

Method. Each choice is asked for all its candidates, and goes through the same steps as when the
answer is computed (choosing.py). What needs no choice (a page of the same measurement, the
population, surveys of joint use) is as table `lineage` has it.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from audience_impact import selection as choosing
from audience_impact.audiences import (
    circumvention,
    daily_reach,
    features,
    overlaps,
    universes,
)
from audience_impact.audiences import figures as audience_figures
from audience_impact.audiences.scope import AUDIENCE, COUNTRY
from audience_impact.denominators import counts
from audience_impact.denominators.denominators import Denominators
from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.outputs.lineage import EVERY, INPUTS
from audience_impact.pipeline import Stages
from audience_impact.places import networks, online, population, regional_figures
from audience_impact.populations import ONLINE
from audience_impact.vocabulary import WHOLE_INTERNET

COLUMNS = [
    *("role", "country_id", "platform_id", "input_table", "input_id"),
    *("looked_for", "persons", "passed_over", *PROVENANCE),
]
"""Columns of a candidate and its place: `passed_over` is blank where the candidate was used,
`persons` what it says in persons, `looked_for` which of several choices it was looked at for."""


def list_candidates(stages: Stages, tables: Tables) -> pd.DataFrame:
    """Return every fact that a choice for the audiences of `stages` considered, as COLUMNS."""
    parts = [
        _list_audiences(stages, tables),
        _list_bases(stages, tables),
        *_list_use(stages, tables),
        _list_places(stages, tables),
        _list_online(stages, tables),
        _list_networks(stages, tables),
    ]
    parts = [_add_lines(part.assign(**_default_columns(part)), tables)[COLUMNS] for part in parts]
    filled = [part for part in parts if not part.empty]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)
    key = [name for name in COLUMNS if name != "persons"]
    return table.drop_duplicates(key).sort_values(key, ignore_index=True)


def _default_columns(part: pd.DataFrame) -> dict[str, object]:
    plain = {"platform_id": EVERY, "looked_for": "", "persons": float("nan")}
    return {name: cell for name, cell in plain.items() if name not in part}


def _add_lines(part: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Add the line of each candidate where its choice does not provide one."""
    if part.empty or set(PROVENANCE) <= set(part.columns):
        return part.reindex(columns=COLUMNS)
    table = part["input_table"].iloc[0]
    lines = tables[table].set_index(INPUTS[table])[PROVENANCE]
    return part.drop(columns=PROVENANCE, errors="ignore").join(lines, on="input_id")


def _list_audiences(stages: Stages, tables: Tables) -> pd.DataFrame:
    audiences = stages.scope.requested
    estimates = tables["estimates"].rename(columns={"area_id": "country_id"})
    rows = audiences[AUDIENCE].merge(estimates, on=["country_id", "platform_id"])
    reason = choosing.rejection_reason(rows, audience_figures.QUALIFYING)
    able = audience_figures.list_qualifying_figures(
        tables, Denominators.from_tables(tables, stages.inputs.errors)
    )
    uncounted = (reason == "") & ~rows["estimate_id"].isin(able["estimate_id"])
    reason = reason.mask(uncounted, audience_figures.NO_PEOPLE)
    joined = audience_figures.join_figures(audiences, able)
    later = joined.assign(passed_over=audience_figures.rejection_reason(joined))
    keys = [*AUDIENCE, "estimate_id"]
    both = rows.assign(unfit=reason).merge(
        later[[*keys, "point_persons", "passed_over"]], on=keys, how="left"
    )
    return both.assign(
        role="audience",
        input_table="estimates",
        input_id=both["estimate_id"],
        persons=both["point_persons"],
        passed_over=both["unfit"].where(both["unfit"] != "", both["passed_over"]),
    )


def _list_bases(stages: Stages, tables: Tables) -> pd.DataFrame:
    """Return bases that may contain the audiences; for a shutdown, counts of people online."""
    denominators = Denominators.from_tables(tables, stages.inputs.errors)
    groups = universes.group_by_country(stages.inputs.audiences.sizes)
    looked = denominators.list_candidates(groups).join(groups["restriction_id"], on="place")
    once = looked.assign(is_passed=looked["passed_over"] != "").sort_values(
        "is_passed",
        kind="stable",  # what was taken, else as the best kind of base that it is of
    )
    looked = once.drop_duplicates([*COUNTRY, "base_id"])
    about = {"looked_for": looked["level"], "persons": looked["base_persons"]}
    parts = [looked.assign(role="base", platform_id=EVERY, **about)]
    network = stages.scope.requested[stages.scope.requested["platform_id"] == WHOLE_INTERNET]
    if not network.empty:
        network_places = network.assign(population_base=ONLINE)
        rows = denominators.counts.list_candidates(network_places, counts.ANY_MEASURER)
        reason = choosing.rejection_reason(rows, counts.list_steps(counts.ANY_MEASURER, None))
        differing = ";".join(stages.inputs.audiences.sizes["differing_base_ids"].dropna()).split(
            ";"
        )
        reason = reason.mask(rows["base_id"].isin(differing), "")
        persons = rows["base_persons"]
        network_bases = rows.assign(role="audience", passed_over=reason, persons=persons)
        parts.append(network_bases.assign(platform_id=WHOLE_INTERNET, looked_for=""))
    table = pd.concat([part.assign(input_id=part["base_id"]) for part in parts])
    return table.assign(input_table="bases")


def _list_use(stages: Stages, tables: Tables) -> Iterator[pd.DataFrame]:
    """Yield daily figures, shares of use, shares who keep access, and measured overlaps."""
    scope, inputs = stages.scope, stages.inputs
    able = audience_figures.list_qualifying_figures(
        tables, Denominators.from_tables(tables, inputs.errors)
    )
    daily = daily_reach.list_candidates(scope.requested, able)
    yield _add_reasons(
        daily, daily_reach.STEPS, "daily_audience", "estimates", "estimate_id"
    ).assign(persons=daily["mode"])
    used = features.list_candidates(inputs.audiences.sizes, scope.targets, tables, inputs.errors)
    yield _add_reasons(
        used, features.STEPS, "feature_share", "feature_use", "feature_use_id"
    ).assign(looked_for=used["feature"])
    rows = circumvention.list_candidates(scope, tables)
    with_reasons = _add_reasons(
        rows, circumvention.STEPS, "circumvention", "circumvention", "circumvention_id"
    )
    is_in_scope = with_reasons["restriction_id"].isin(scope.requested["restriction_id"])
    yield with_reasons[is_in_scope].assign(country_id=with_reasons["area_id"], platform_id=EVERY)
    together = overlaps.list_candidates(inputs.audiences.sizes, tables)
    yield _add_reasons(together, overlaps.STEPS, "overlap", "overlaps", "overlap_id").assign(
        platform_id=EVERY
    )


def _add_reasons(
    rows: pd.DataFrame, steps: tuple[choosing.Step, ...], role: str, table: str, key: str
) -> pd.DataFrame:
    reason = choosing.rejection_reason(rows, steps)
    return rows.assign(role=role, input_table=table, input_id=rows[key], passed_over=reason)


def _list_places(stages: Stages, tables: Tables) -> pd.DataFrame:
    parts = stages.inputs.parts.reset_index(drop=True)
    places = parts.assign(day=parts["start"])[["area_id", "day"]]
    rows = population.list_candidates(places, tables)
    people = np.exp(rows["log_persons"]).round()
    return rows.assign(
        role="place",
        country_id=rows["place"].map(parts["country_id"]),
        input_table="bases",
        input_id=rows["base_id"],
        looked_for=rows["area_id"],
        persons=people,
    )


def _list_online(stages: Stages, tables: Tables) -> pd.DataFrame:
    """Return figures of people online in places; `input_id` is area and measuring programme."""
    parts = stages.inputs.parts
    below = parts[parts["area_id"] != parts["country_id"]]
    if below.empty:
        return pd.DataFrame(columns=COLUMNS)
    rows = online.list_candidates(below.assign(day=below["start"])[["area_id", "day"]], tables)
    use = regional_figures.add_series(tables).drop(columns=["share", "year", "kind", "country_id"])
    lines = rows.merge(use, on=["area_id", "series"])
    return lines.assign(
        role="place_online",
        input_table="regional_use",
        input_id=lines["area_id"] + " " + lines["asked"] + " " + lines["period"],
        looked_for=lines["area_id"] + " " + lines["kind"],
        persons=np.nan,
    )


def _list_networks(stages: Stages, tables: Tables) -> pd.DataFrame:
    parts = stages.inputs.parts
    counted = parts[parts["network_rung"].isin(networks.COUNTED)].assign(day=parts["start"])
    near = networks.find_nearest_counts(counted[["country_id", "day"]], tables["network_use"])
    rows = tables["network_use"].rename(columns={"area_id": "country_id"})
    counts_of_countries = rows[rows["country_id"].isin(counted["country_id"])]
    is_used = pd.MultiIndex.from_frame(counts_of_countries[PROVENANCE]).isin(
        pd.MultiIndex.from_frame(near[PROVENANCE].dropna())
    )
    return counts_of_countries.assign(
        role="network",
        input_table="network_use",
        input_id=counts_of_countries["country_id"] + " " + counts_of_countries["period"],
        passed_over=pd.Series("another one is nearer to the day", counts_of_countries.index).mask(
            is_used, ""
        ),
    )
