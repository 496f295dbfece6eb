"""The publishers whose files `refresh` fetches: addresses, how to read them, their source rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pandas as pd

from audience_impact.registers.denominators import publisher_files as downloaded
from audience_impact.vocabulary import Reliability, SourceType
from flows.downloads.names import Name

_INDICATORS = "https://api.worldbank.org/v2/country/all/indicator"
_INDICATOR_QUERY = "format=json&per_page=1000&page=1"

ADDRESSES = {
    Name.POPULATION: f"{_INDICATORS}/SP.POP.TOTL?{_INDICATOR_QUERY}",
    Name.INTERNET: f"{_INDICATORS}/IT.NET.USER.ZS?{_INDICATOR_QUERY}",
    Name.PROJECTIONS: (
        "https://population.un.org/wpp/assets/Excel%20Files/1_Indicator%20(Standard)/CSV_FILES/"
        "WPP2024_TotalPopulationBySex.csv.gz"
    ),
    Name.REGISTER: (
        "https://docs.google.com/spreadsheets/d/1DvPAuHNLp5BXGb0nnZDGNoiIwEeu2ogdXEIDvT4Hyfk"
        "/export?format=csv"
    ),
    Name.NETWORKS: "https://stats.labs.apnic.net/cgi-bin/aspop?f=j",
}
"""Addresses of the publishers' files, unless another address is given."""


@dataclass(frozen=True)
class Publisher:
    """A publisher: names of its files, and functions to read, compare and cite them."""

    name: Name
    file: str
    read: downloaded.Reader
    key: Sequence[str]
    source: dict[str, str]
    pages: Callable[[bytes], int] | None = None

    def page_address(self, address: str, number: int) -> tuple[str, str]:
        """Return the address and the file name of a page."""
        if self.pages is None:
            return address, self.file
        url = httpx.URL(address).copy_set_param("page", number)
        return str(url), self.file.format(number)

    def read_table(self, paths: Sequence[Path]) -> pd.DataFrame:
        """Return the rows of fetched files."""
        return self.read([path.read_bytes() for path in paths])


def _build_source(
    name: Name, source_id: str, publisher: str, title: str, licence: str, reliability: Reliability
) -> dict[str, str]:
    kind = SourceType.PRESS_RELAY if name is Name.REGISTER else SourceType.MODEL
    return {
        "source_id": source_id,
        "publisher": publisher,
        "title": title,
        "source_type": kind.value,
        "licence": licence,
        "reliability": reliability.value,
        "measurement_series_id": name.value,
        "note": "fetched by audience-impact refresh",
    }


PUBLISHERS = {
    Name.POPULATION: Publisher(
        Name.POPULATION,
        "page-{:04d}.json",
        downloaded.read_indicator,
        downloaded.INDICATOR_KEY,
        _build_source(
            Name.POPULATION,
            "worldbank-api-population",
            "World Bank",
            "Population, total (SP.POP.TOTL)",
            "CC BY 4.0",
            Reliability.HIGH,
        ),
        downloaded.page_count,
    ),
    Name.INTERNET: Publisher(
        Name.INTERNET,
        "page-{:04d}.json",
        downloaded.read_indicator,
        downloaded.INDICATOR_KEY,
        _build_source(
            Name.INTERNET,
            "worldbank-api-internet",
            "World Bank (of the ITU)",
            "Individuals using the Internet, % of population (IT.NET.USER.ZS)",
            "CC BY 4.0",
            Reliability.MEDIUM,
        ),
        downloaded.page_count,
    ),
    Name.PROJECTIONS: Publisher(
        Name.PROJECTIONS,
        "WPP2024_TotalPopulationBySex.csv.gz",
        downloaded.read_projections,
        downloaded.PROJECTION_KEY,
        _build_source(
            Name.PROJECTIONS,
            "un-wpp-2024-totals",
            "UN Population Division",
            "World Population Prospects 2024, total population by sex",
            "CC BY 3.0 IGO",
            Reliability.HIGH,
        ),
    ),
    Name.REGISTER: Publisher(
        Name.REGISTER,
        "stop.csv",
        downloaded.read_register,
        downloaded.REGISTER_KEY,
        _build_source(
            Name.REGISTER,
            "access-now-stop-register",
            "Access Now",
            "STOP, the register of internet shutdowns of the #KeepItOn coalition",
            "",
            Reliability.MEDIUM,
        ),
    ),
    Name.NETWORKS: Publisher(
        Name.NETWORKS,
        "aspop.json",
        downloaded.read_networks,
        downloaded.NETWORK_KEY,
        _build_source(
            Name.NETWORKS,
            "apnic-aspop-feed",
            "APNIC Labs",
            "Customers per AS measurements (aspop)",
            "re-use with attribution to APNIC Labs",
            Reliability.MEDIUM,
        ),
    ),
}
"""All downloads, in the order in which they are fetched."""
