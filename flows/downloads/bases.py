"""The layer that `refresh` writes: bases, their sources and the lineages of these."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from audience_impact.facts import reading
from audience_impact.facts.tables import Tables
from audience_impact.registers.denominators import worldbank
from audience_impact.registers.denominators.bases import Figures, Sources, Years, from_figures
from audience_impact.registers.denominators.publisher_files import ShapeError
from flows.downloads import folder as downloads
from flows.downloads.fetching import SourceError
from flows.downloads.folder import Download
from flows.downloads.names import Name
from flows.downloads.publishers import PUBLISHERS
from flows.layers import REFRESH_MARK, Owner
from flows.pipeline import steps
from flows.pipeline.headers import headers
from flows.pipeline.steps import RefusedError

OWNER = Owner("refresh", REFRESH_MARK)
YEARS = Years(1960, 2030)
"""From the first year of the World Bank's series; beyond the last nobody asks yet."""
SOURCES = Sources(
    population=PUBLISHERS[Name.POPULATION].source["source_id"],
    internet=PUBLISHERS[Name.INTERNET].source["source_id"],
    projections=PUBLISHERS[Name.PROJECTIONS].source["source_id"],
    mid_year="middle of the year",
)
_READERS = {
    Name.POPULATION: ("counted", worldbank.population),
    Name.INTERNET: ("shares", worldbank.shares),
    Name.PROJECTIONS: ("ahead", worldbank.projections),
}


def build(have: Mapping[Name, Download], facts: Sequence[Path]) -> Tables:
    """The tables of the layer: bases, their sources and the lineages of these."""
    known = _known(facts)
    areas = set(known["areas"]["area_id"])
    sources = [have[name].source(PUBLISHERS[name]) for name in PUBLISHERS if name in have]
    rows, lineages = bases(have, areas), known["lineages"]
    named = [*map(str, have), *(name for name in rows["measurement_series_id"].unique() if name)]
    if lost := set(named) - set(lineages["measurement_series_id"]):
        raise RefusedError([f"the facts name no lineage {name}" for name in sorted(lost)])
    return {
        "lineages": lineages[lineages["measurement_series_id"].isin(named)],
        "sources": pd.DataFrame(sources),
        "bases": rows,
    }


def _known(facts: Sequence[Path]) -> Tables:
    """Areas and lineages that the facts name."""
    expected = headers()
    tables, findings = reading.read(facts, {name: expected[name] for name in ("areas", "lineages")})
    fatal = [steps.line(found) for found in findings if found.rule in reading.FATAL_RULES]
    if fatal:
        raise RefusedError(fatal)
    return tables


def bases(have: Mapping[Name, Download], areas: Collection[str]) -> pd.DataFrame:
    """Rows of `bases` for the areas named, by id.

    Raises RefusedError where shares come without the people they are of, and SourceError where a
    download is not what it is known to be.
    """
    if Name.INTERNET in have and Name.POPULATION not in have:
        needs = f"{Name.INTERNET} is a share of {Name.POPULATION}: fetch that too"
        raise RefusedError([needs])
    told = {_READERS[name][0]: _tidy(name, have[name], areas) for name in _READERS if name in have}
    rows = from_figures(Figures(**told), SOURCES, YEARS)
    return rows.sort_values("base_id", ignore_index=True)


def _tidy(name: Name, download: Download, areas: Collection[str]) -> pd.DataFrame:
    rows = downloads.table(PUBLISHERS[name], download)
    try:
        return _READERS[name][1](rows, areas)
    except ShapeError as error:
        raise SourceError(name, download.files[0].address, str(error)) from error
