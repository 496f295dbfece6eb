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
"""What is told of each candidate, and where it stands: `passed_over` is blank where it was used,
`persons` what it says in persons, `looked_for` which of several choices it was looked at for."""


def candidates(found: Stages, tables: Tables) -> pd.DataFrame:
    """Every fact that was looked at for the audiences of `found`, as COLUMNS."""
    parts = [
        _audiences(found, tables),
        _bases(found, tables),
        *_people(found, tables),
        _places(found, tables),
        _online(found, tables),
        _networks(found, tables),
    ]
    parts = [_standing(part.assign(**_blanks(part)), tables)[COLUMNS] for part in parts]
    known = [part for part in parts if not part.empty]
    table = pd.concat(known, ignore_index=True) if known else pd.DataFrame(columns=COLUMNS)
    key = [name for name in COLUMNS if name != "persons"]
    return table.drop_duplicates(key).sort_values(key, ignore_index=True)


def _blanks(part: pd.DataFrame) -> dict[str, object]:
    """The columns that a choice says nothing of."""
    plain = {"platform_id": EVERY, "looked_for": "", "persons": float("nan")}
    return {name: cell for name, cell in plain.items() if name not in part}


def _standing(part: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The candidates with the lines on which they stand, where the choice does not know these."""
    if part.empty or set(PROVENANCE) <= set(part.columns):
        return part.reindex(columns=COLUMNS)
    table = part["input_table"].iloc[0]
    lines = tables[table].set_index(INPUTS[table])[PROVENANCE]
    return part.drop(columns=PROVENANCE, errors="ignore").join(lines, on="input_id")


def _audiences(found: Stages, tables: Tables) -> pd.DataFrame:
    """Every estimate of the services and countries, as the audience of a month."""
    wanted = found.scope.wanted
    own = tables["estimates"].rename(columns={"area_id": "country_id"})
    rows = wanted[AUDIENCE].merge(own, on=["country_id", "platform_id"])
    told = choosing.passed_over(rows, audience_figures.QUALIFYING)
    able = audience_figures.candidates(tables, Denominators.of(tables, found.inputs.errors))
    uncounted = (told == "") & ~rows["estimate_id"].isin(able["estimate_id"])
    told = told.mask(uncounted, audience_figures.NO_PEOPLE)
    joined = audience_figures.joined(wanted, able)
    later = joined.assign(passed_over=audience_figures.passed_over(joined))
    keys = [*AUDIENCE, "estimate_id"]
    both = rows.assign(told=told).merge(
        later[[*keys, "point_persons", "passed_over"]], on=keys, how="left"
    )
    return both.assign(
        role="audience",
        input_table="estimates",
        input_id=both["estimate_id"],
        persons=both["point_persons"],
        passed_over=both["told"].where(both["told"] != "", both["passed_over"]),
    )


def _bases(found: Stages, tables: Tables) -> pd.DataFrame:
    """Bases that may hold the audiences; of a shutdown those that count the people online."""
    denominators = Denominators.of(tables, found.inputs.errors)
    groups = universes.by_country(found.inputs.audiences.sizes)
    looked = denominators.considered(groups).join(groups["restriction_id"], on="place")
    once = looked.assign(is_passed=looked["passed_over"] != "").sort_values(
        "is_passed",
        kind="stable",  # what was taken, else as the best kind of base that it is of
    )
    looked = once.drop_duplicates([*COUNTRY, "base_id"])
    about = {"looked_for": looked["level"], "persons": looked["base_persons"]}
    parts = [looked.assign(role="base", platform_id=EVERY, **about)]
    network = found.scope.wanted[found.scope.wanted["platform_id"] == WHOLE_INTERNET]
    if not network.empty:
        asked = network.assign(population_base=ONLINE)
        rows = denominators.counts.candidates(asked, counts.ANY_MEASURER)
        told = choosing.passed_over(rows, counts.steps(counts.ANY_MEASURER, None))
        differing = ";".join(found.inputs.audiences.sizes["differing_base_ids"].dropna()).split(";")
        told = told.mask(rows["base_id"].isin(differing), "")
        persons = rows["base_persons"]
        own = rows.assign(role="audience", passed_over=told, persons=persons)
        parts.append(own.assign(platform_id=WHOLE_INTERNET, looked_for=""))
    table = pd.concat([part.assign(input_id=part["base_id"]) for part in parts])
    return table.assign(input_table="bases")


def _people(found: Stages, tables: Tables) -> Iterator[pd.DataFrame]:
    """Daily figures, shares of use, who keeps access, and measured overlaps."""
    scope, known = found.scope, found.inputs
    able = audience_figures.candidates(tables, Denominators.of(tables, known.errors))
    daily = daily_reach.looked_at(scope.wanted, able)
    yield _told(daily, daily_reach.STEPS, "daily_audience", "estimates", "estimate_id").assign(
        persons=daily["mode"]
    )
    used = features.looked_at(known.audiences.sizes, scope.targets, tables, known.errors)
    yield _told(used, features.STEPS, "feature_share", "feature_use", "feature_use_id").assign(
        looked_for=used["feature"]
    )
    rows = circumvention.looked_at(scope, tables)
    told = _told(rows, circumvention.STEPS, "circumvention", "circumvention", "circumvention_id")
    own = told["restriction_id"].isin(scope.wanted["restriction_id"])
    yield told[own].assign(country_id=told["area_id"], platform_id=EVERY)
    together = overlaps.looked_at(known.audiences.sizes, tables)
    yield _told(together, overlaps.STEPS, "overlap", "overlaps", "overlap_id").assign(
        platform_id=EVERY
    )


def _told(
    rows: pd.DataFrame, steps: tuple[choosing.Step, ...], role: str, table: str, key: str
) -> pd.DataFrame:
    told = choosing.passed_over(rows, steps)
    return rows.assign(role=role, input_table=table, input_id=rows[key], passed_over=told)


def _places(found: Stages, tables: Tables) -> pd.DataFrame:
    """Figures of how many people live in the places named."""
    parts = found.inputs.parts.reset_index(drop=True)
    wanted = parts.assign(day=parts["start"])[["area_id", "day"]]
    rows = population.looked_at(wanted, tables)
    people = np.exp(rows["log_persons"]).round()
    return rows.assign(
        role="place",
        country_id=rows["place"].map(parts["country_id"]),
        input_table="bases",
        input_id=rows["base_id"],
        looked_for=rows["area_id"],
        persons=people,
    )


def _online(found: Stages, tables: Tables) -> pd.DataFrame:
    """Figures of who is online in the places named; `input_id` is area and measuring programme."""
    parts = found.inputs.parts
    below = parts[parts["area_id"] != parts["country_id"]]
    if below.empty:
        return pd.DataFrame(columns=COLUMNS)
    rows = online.looked_at(below.assign(day=below["start"])[["area_id", "day"]], tables)
    use = regional_figures.with_series(tables).drop(columns=["share", "year", "kind", "country_id"])
    lines = rows.merge(use, on=["area_id", "series"])
    return lines.assign(
        role="place_online",
        input_table="regional_use",
        input_id=lines["area_id"] + " " + lines["asked"] + " " + lines["period"],
        looked_for=lines["area_id"] + " " + lines["kind"],
        persons=np.nan,
    )


def _networks(found: Stages, tables: Tables) -> pd.DataFrame:
    """Counts of who has one network alone, of the countries of which some networks were cut."""
    parts = found.inputs.parts
    counted = parts[parts["network_rung"].isin(networks.COUNTED)].assign(day=parts["start"])
    near = networks.nearest(counted[["country_id", "day"]], tables["network_use"])
    rows = tables["network_use"].rename(columns={"area_id": "country_id"})
    own = rows[rows["country_id"].isin(counted["country_id"])]
    is_used = pd.MultiIndex.from_frame(own[PROVENANCE]).isin(
        pd.MultiIndex.from_frame(near[PROVENANCE].dropna())
    )
    return own.assign(
        role="network",
        input_table="network_use",
        input_id=own["country_id"] + " " + own["period"],
        passed_over=pd.Series("another one is nearer to the day", own.index).mask(is_used, ""),
    )
