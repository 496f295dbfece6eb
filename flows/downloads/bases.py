"""The layer that `refresh` writes: bases, their sources and the lineages of these."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from audience_impact.facts import reading
from audience_impact.facts.tables import Tables
from audience_impact.registers.denominators import worldbank
from audience_impact.registers.denominators.bases import Figures, Sources, Years, rows_from_figures
from audience_impact.registers.denominators.publisher_files import ShapeError
from flows.downloads import folder as downloads
from flows.downloads.fetching import SourceError
from flows.downloads.folder import Download
from flows.downloads.names import Name
from flows.downloads.publishers import PUBLISHERS
from flows.layers import REFRESH_MARK, Owner
from flows.pipeline import steps
from flows.pipeline.headers import build_headers
from flows.pipeline.steps import RefusedError

OWNER = Owner("refresh", REFRESH_MARK)
YEARS = Years(1960, 2030)
"""From the first year of the World Bank's series to the last year in use."""
SOURCES = Sources(
    population=PUBLISHERS[Name.POPULATION].source["source_id"],
    internet=PUBLISHERS[Name.INTERNET].source["source_id"],
    projections=PUBLISHERS[Name.PROJECTIONS].source["source_id"],
    mid_year="middle of the year",
)
_READERS = {
    Name.POPULATION: ("counted", worldbank.tidy_population),
    Name.INTERNET: ("shares", worldbank.tidy_shares),
    Name.PROJECTIONS: ("ahead", worldbank.tidy_projections),
}


def build_layer(available: Mapping[Name, Download], facts: Sequence[Path]) -> Tables:
    """Return the tables of the layer: bases, their sources and the lineages of these."""
    tables = _read_facts(facts)
    areas = set(tables["areas"]["area_id"])
    sources = [
        available[name].source_row(PUBLISHERS[name]) for name in PUBLISHERS if name in available
    ]
    rows, lineages = build_bases(available, areas), tables["lineages"]
    named = [
        *map(str, available),
        *(name for name in rows["measurement_series_id"].unique() if name),
    ]
    if missing := set(named) - set(lineages["measurement_series_id"]):
        raise RefusedError(
            [
                f"the facts have no lineage {name}: add it to lineages.csv"
                for name in sorted(missing)
            ]
        )
    return {
        "lineages": lineages[lineages["measurement_series_id"].isin(named)],
        "sources": pd.DataFrame(sources),
        "bases": rows,
    }


def _read_facts(facts: Sequence[Path]) -> Tables:
    """Return the tables of areas and lineages."""
    expected = build_headers()
    tables, findings = reading.read_tables(
        facts, {name: expected[name] for name in ("areas", "lineages")}
    )
    fatal = [
        steps.format_finding(finding) for finding in findings if finding.rule in reading.FATAL_RULES
    ]
    if fatal:
        raise RefusedError(fatal)
    return tables


def build_bases(available: Mapping[Name, Download], areas: Collection[str]) -> pd.DataFrame:
    """Return the rows of `bases` for these areas, ordered by id.

    Raises RefusedError where internet shares come without a population, and SourceError where a
    download has an unexpected form.
    """
    if Name.INTERNET in available and Name.POPULATION not in available:
        needs = f"{Name.INTERNET} is a share of {Name.POPULATION}: fetch that too"
        raise RefusedError([needs])
    figures = {
        _READERS[name][0]: _read_figures(name, available[name], areas)
        for name in _READERS
        if name in available
    }
    rows = rows_from_figures(Figures(**figures), SOURCES, YEARS)
    return rows.sort_values("base_id", ignore_index=True)


def _read_figures(name: Name, download: Download, areas: Collection[str]) -> pd.DataFrame:
    rows = downloads.read_rows(PUBLISHERS[name], download)
    try:
        return _READERS[name][1](rows, areas)
    except ShapeError as error:
        raise SourceError(name, download.files[0].address, str(error)) from error
