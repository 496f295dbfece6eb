"""The publishers whose files `refresh` fetches: addresses, how to read them, their source rows.

`publishers.csv` has a row for each: the address of its file unless another is given, the name that
the file gets (with the number of the page where it is one of several), and its row of `sources`.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audience_impact.registers.denominators import publisher_files as downloaded
from flows.downloads import Name

READERS: Mapping[Name, tuple[downloaded.Reader, Sequence[str]]] = {
    Name.POPULATION: (downloaded.read_indicator, downloaded.INDICATOR_KEY),
    Name.INTERNET: (downloaded.read_indicator, downloaded.INDICATOR_KEY),
    Name.PROJECTIONS: (downloaded.read_projections, downloaded.PROJECTION_KEY),
    Name.REGISTER: (downloaded.read_register, downloaded.REGISTER_KEY),
    Name.NETWORKS: (downloaded.read_networks, downloaded.NETWORK_KEY),
}
"""What reads the files of each download, and the key of its rows."""


@dataclass(frozen=True)
class Publisher:
    """A publisher: address and name of its file, what reads it, and how it is cited."""

    name: Name
    address: str
    file: str
    read: downloaded.Reader
    key: Sequence[str]
    source: Mapping[str, str]

    @property
    def is_paged(self) -> bool:
        """Return whether its file is one of several pages."""
        return "{" in self.file


def _read_publishers() -> dict[Name, Publisher]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as lines:
        rows = {Name(row.pop("name")): row for row in csv.DictReader(lines)}
    return {
        name: Publisher(
            name,
            row.pop("address"),
            row.pop("file"),
            *READERS[name],
            {
                **row,
                "measurement_series_id": name.value,
                "note": "fetched by audience-impact refresh",
            },
        )
        for name, row in rows.items()
    }


PUBLISHERS = _read_publishers()
"""All downloads, in the order in which they are fetched."""
