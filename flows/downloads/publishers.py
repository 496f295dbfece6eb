"""The publishers whose files `refresh` fetches: addresses, how to read them, their source rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pandas as pd

from audience_impact.registers.denominators import publisher_files as downloaded
from audience_impact.vocabulary import Reliability, SourceType
from flows.downloads import Name

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
    """A publisher: names of its files, functions to read and compare them, and how to cite them."""

    name: Name
    file: str
    read: downloaded.Reader
    key: Sequence[str]
    source_id: str
    publisher: str
    title: str
    licence: str
    reliability: Reliability
    pages: Callable[[bytes], int] | None = None

    @property
    def source(self) -> dict[str, str]:
        """Return its row of `sources`, without the days."""
        kind = SourceType.PRESS_RELAY if self.name is Name.REGISTER else SourceType.MODEL
        return {
            "source_id": self.source_id,
            "publisher": self.publisher,
            "title": self.title,
            "source_type": kind.value,
            "licence": self.licence,
            "reliability": self.reliability.value,
            "measurement_series_id": self.name.value,
            "note": "fetched by audience-impact refresh",
        }

    def page_address(self, address: str, number: int) -> tuple[str, str]:
        """Return the address and the file name of a page."""
        if self.pages is None:
            return address, self.file
        url = httpx.URL(address).copy_set_param("page", number)
        return str(url), self.file.format(number)

    def read_table(self, paths: Sequence[Path]) -> pd.DataFrame:
        """Return the rows of fetched files."""
        return self.read([path.read_bytes() for path in paths])


LISTED = (
    Publisher(
        Name.POPULATION,
        "page-{:04d}.json",
        downloaded.read_indicator,
        downloaded.INDICATOR_KEY,
        "worldbank-api-population",
        "World Bank",
        "Population, total (SP.POP.TOTL)",
        "CC BY 4.0",
        Reliability.HIGH,
        downloaded.page_count,
    ),
    Publisher(
        Name.INTERNET,
        "page-{:04d}.json",
        downloaded.read_indicator,
        downloaded.INDICATOR_KEY,
        "worldbank-api-internet",
        "World Bank (of the ITU)",
        "Individuals using the Internet, % of population (IT.NET.USER.ZS)",
        "CC BY 4.0",
        Reliability.MEDIUM,
        downloaded.page_count,
    ),
    Publisher(
        Name.PROJECTIONS,
        "WPP2024_TotalPopulationBySex.csv.gz",
        downloaded.read_projections,
        downloaded.PROJECTION_KEY,
        "un-wpp-2024-totals",
        "UN Population Division",
        "World Population Prospects 2024, total population by sex",
        "CC BY 3.0 IGO",
        Reliability.HIGH,
    ),
    Publisher(
        Name.REGISTER,
        "stop.csv",
        downloaded.read_register,
        downloaded.REGISTER_KEY,
        "access-now-stop-register",
        "Access Now",
        "STOP, the register of internet shutdowns of the #KeepItOn coalition",
        "",
        Reliability.MEDIUM,
    ),
    Publisher(
        Name.NETWORKS,
        "aspop.json",
        downloaded.read_networks,
        downloaded.NETWORK_KEY,
        "apnic-aspop-feed",
        "APNIC Labs",
        "Customers per AS measurements (aspop)",
        "re-use with attribution to APNIC Labs",
        Reliability.MEDIUM,
    ),
)
PUBLISHERS = {publisher.name: publisher for publisher in LISTED}
"""All downloads, in the order in which they are fetched."""
