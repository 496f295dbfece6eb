"""Rows of `bases` from what was downloaded: each answer read, then the one pipeline."""

from collections.abc import Collection, Mapping

import pandas as pd

from audience_impact.ingest.denominators import worldbank
from audience_impact.ingest.denominators.bases import (
    Figures,
    Sources,
    Years,
    from_figures,
)
from audience_impact.ingest.denominators.publisher_files import ShapeError
from flows.downloads.fetching import SourceError
from flows.downloads.folder import Download, table
from flows.downloads.names import Name
from flows.downloads.publishers import PUBLISHERS
from flows.pipeline.steps import RefusedError

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


def series(have: Collection[Name], rows: pd.DataFrame) -> list[str]:
    """The measurement series that a layer with these downloads and bases names."""
    return [*map(str, have), *(name for name in rows["lineage_id"].unique() if name)]


def _tidy(name: Name, download: Download, areas: Collection[str]) -> pd.DataFrame:
    rows = table(PUBLISHERS[name], download)
    try:
        return _READERS[name][1](rows, areas)
    except ShapeError as error:
        raise SourceError(name, download.files[0].address, str(error)) from error
