"""The layer that `refresh` writes: bases, their sources and the lineages of these."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from audience_impact.facts import reading
from audience_impact.facts.tables import Tables
from audience_impact.ingest.denominators import worldbank
from audience_impact.ingest.denominators.publisher_files import ShapeError
from flows.downloads import folder as downloads
from flows.downloads.fetching import SourceError
from flows.downloads.folder import Download
from flows.downloads.names import Name
from flows.downloads.publishers import PUBLISHERS
from flows.pipeline import steps
from flows.pipeline.steps import RefusedError
from flows.publishing.layers import Owner

OWNER = Owner("refresh", "refresh.json")


def build(have: Mapping[Name, Download], facts: Sequence[Path]) -> Tables:
    """The tables of the layer: bases, their sources and the lineages of these."""
    known = _known(facts)
    areas = set(known["areas"]["area_id"])
    sources = [have[name].source(PUBLISHERS[name]) for name in PUBLISHERS if name in have]
    lineages = known["lineages"]
    if lost := {str(name) for name in have} - set(lineages["lineage_id"]):
        raise RefusedError([f"the facts name no lineage {name}" for name in sorted(lost)])
    return {
        "lineages": lineages[lineages["lineage_id"].isin([str(name) for name in have])],
        "sources": pd.DataFrame(sources),
        "bases": _bases(have, areas),
    }


def _known(facts: Sequence[Path]) -> Tables:
    """Areas and lineages that the facts name."""
    headers = steps.headers()
    tables, findings = reading.read(facts, {name: headers[name] for name in ("areas", "lineages")})
    fatal = [steps.line(found) for found in findings if found.rule in reading.FATAL_RULES]
    if fatal:
        raise RefusedError(fatal)
    return tables


def _bases(have: Mapping[Name, Download], areas: set[str]) -> pd.DataFrame:
    rows = {name: downloads.table(PUBLISHERS[name], have[name]) for name in have}
    ids = {name: PUBLISHERS[name].source["source_id"] for name in PUBLISHERS}
    people, shares = rows.get(Name.POPULATION), rows.get(Name.INTERNET)
    if shares is not None and people is None:
        needs = f"{Name.INTERNET} is a share of {Name.POPULATION}: fetch that too"
        raise RefusedError([needs])
    parts, name, reported = [pd.DataFrame(columns=list(worldbank.COLUMNS))], Name.POPULATION, {}
    try:
        if people is not None:
            parts.append(worldbank.population(people, areas, ids[name]))
            reported = worldbank.last_reported(parts[-1])
        if shares is not None and people is not None:
            name, both = Name.INTERNET, (ids[Name.INTERNET], ids[Name.POPULATION])
            parts.append(worldbank.internet_users(shares, people, areas, both))
        if Name.PROJECTIONS in rows:
            name = Name.PROJECTIONS
            parts.append(worldbank.projected(rows[name], areas, ids[name], reported))
    except ShapeError as error:
        raise SourceError(name, have[name].files[0].address, str(error)) from error
    return pd.concat(parts).sort_values("base_id", ignore_index=True)
