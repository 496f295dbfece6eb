"""The steps of `refresh` as plain functions: fetch, judge, accept, write.

The layer that it writes has bases, users of networks, their sources and the lineages of these.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from audience_impact.facts import reading
from audience_impact.facts.tables import Tables
from audience_impact.registers.denominators.bases import Figures, Sources, Years, rows_from_figures
from audience_impact.registers.denominators.publisher_files import (
    POPULATION,
    SHARES,
    Difference,
    ShapeError,
    answer_codes,
    read_figures,
    tidy_projections,
)
from flows import layers
from flows.downloads import Name
from flows.downloads import folder as downloads
from flows.downloads.fetching import RetryPolicy, SourceError
from flows.downloads.folder import Download
from flows.downloads.publishers import ADDRESSES, PUBLISHERS
from flows.layers import REFRESH_MARK, Layer, Owner
from flows.pipeline import steps
from flows.pipeline.steps import RefusedError, build_headers

OWNER = Owner("refresh", REFRESH_MARK)
YEARS = Years(1960, 2030)
"""From the first year of the World Bank's series to the last year in use."""
SOURCES = Sources(
    population=PUBLISHERS[Name.POPULATION].source["source_id"],
    internet=PUBLISHERS[Name.INTERNET].source["source_id"],
    projections=PUBLISHERS[Name.PROJECTIONS].source["source_id"],
    mid_year="middle of the year",
)
LEAST_SHARE, SHARE_DECIMALS = 0.001, 4
"""Share of the users of a country from which a network is stored, and its decimals."""
_READERS: Mapping[Name, tuple[str, Callable[..., pd.DataFrame]]] = {
    Name.POPULATION: ("counted", partial(read_figures, POPULATION)),
    Name.INTERNET: ("shares", partial(read_figures, SHARES)),
    Name.PROJECTIONS: ("ahead", tidy_projections),
}


def build_layer(available: Mapping[Name, Download], facts: Sequence[Path]) -> Tables:
    """Return the tables of the layer: bases, users of networks, their sources and lineages."""
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
        **(
            {"network_shares": build_network_shares(available[Name.NETWORKS], areas)}
            if Name.NETWORKS in available
            else {}
        ),
    }


def build_network_shares(download: Download, areas: Collection[str]) -> pd.DataFrame:
    """Return the rows of `network_shares` for these areas, networks of LEAST_SHARE and more.

    Raises SourceError where a cell is no share of the users of a country.
    """
    rows = downloads.read_rows(PUBLISHERS[Name.NETWORKS], download)
    share = pd.to_numeric(rows["Percent of CC Pop"], errors="coerce") / 100.0
    if not share.between(0.0, 1.0).all():
        cell = rows["Percent of CC Pop"][~share.between(0.0, 1.0)].iloc[0]
        message = f"has {cell!r} in Percent of CC Pop, which is no percentage"
        raise SourceError(Name.NETWORKS, download.files[0].address, message)
    table = pd.DataFrame(
        {
            "area_id": rows["CC"],
            "asn": rows["AS"].str.removeprefix("AS"),
            "as_name": rows["Description"].where(rows["Description"] != "", rows["AS"]),
            "period": rows["month"],
            "users_share": share.round(SHARE_DECIMALS).map("{:g}".format),
            "source_id": PUBLISHERS[Name.NETWORKS].source["source_id"],
        }
    )
    stored = table[rows["CC"].isin(areas) & (share >= LEAST_SHARE)]
    return stored.sort_values(["area_id", "asn"], ignore_index=True)


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
        return _READERS[name][1](rows, answer_codes(areas))
    except ShapeError as error:
        raise SourceError(name, download.files[0].address, str(error)) from error


THRESHOLD = 0.05


@dataclass(frozen=True)
class RefreshOptions:
    """The options of a refresh."""

    into: Path
    downloads: Path
    facts: Sequence[Path]
    today: date
    names: Collection[Name] = tuple(Name)
    confirm: bool = False
    threshold: float = THRESHOLD
    addresses: Mapping[Name, str] = field(default_factory=dict)
    policy: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True)
class Refreshed:
    """The result of a refresh: a line for each publisher, and whether the layer is new."""

    into: Path
    lines: tuple[str, ...]
    created: bool
    bases: int


@contextmanager
def lock_downloads(options: RefreshOptions) -> Iterator[None]:
    """Lock the downloads during the block; the system frees the lock when the process ends.

    Raises RefusedError where the layer cannot be written or another run has the lock.
    """
    layers.require_own(options.into, options.facts, OWNER)
    options.downloads.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(options.downloads / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise RefusedError(
            [f"another refresh is using {options.downloads}: wait for it"]
        ) from error


def fetch_publisher(name: Name, options: RefreshOptions) -> Download:
    """Fetch the current files of a publisher."""
    address = {**ADDRESSES, **options.addresses}[name]
    return downloads.fetch_download(
        options.downloads, PUBLISHERS[name], address, options.policy, options.today
    )


def fetch_all(options: RefreshOptions) -> list[Download]:
    """Fetch the requested downloads; a later run reuses those that arrived before a failure.

    Raises RefusedError with a line for each publisher that failed.
    """
    fetched, lines = [], []
    for name in sorted(options.names, key=list(Name).index):
        try:
            fetched.append(fetch_publisher(name, options))
        except RefusedError as error:
            lines += error.lines
    if lines:
        raise RefusedError(lines)
    return fetched


def report_changes(fetched: Sequence[Download], options: RefreshOptions) -> list[str]:
    """Return a line for each download that reports its changes.

    Raises RefusedError where the changes exceed the threshold and are not confirmed.
    """
    lines, refused = [], []
    for download in fetched:
        if not download.is_incoming:
            lines.append(f"{download.name}: nothing new since {download.accessed_on}")
            continue
        publisher = PUBLISHERS[download.name]
        change = downloads.compare_with_accepted(options.downloads, publisher, download)
        lines.append(f"{download.name}: {change or 'fetched for the first time'}")
        if change and change.changed_share > options.threshold and not options.confirm:
            refused.append(_format_refusal(download, change, options.threshold))
    if refused:
        raise RefusedError(refused)
    return lines


def _format_refusal(download: Download, change: Difference, threshold: float) -> str:
    return (
        f"{download.name}: {download.files[0].address}: {change}: {change.changed_share:.1%} gone "
        f"or changed, more than {threshold:.1%}; look at {download.folder}, then run again with "
        "--confirm"
    )


def write_layer(
    fetched: Sequence[Download], lines: Sequence[str], options: RefreshOptions
) -> Refreshed:
    """Write the layer from these downloads and the accepted ones of other publishers."""
    available = {name: downloads.read_accepted(options.downloads, name) for name in Name}
    available |= {download.name: download for download in fetched}
    present = {name: present_one for name, present_one in available.items() if present_one}
    tables = build_layer(present, options.facts)
    files = layers.render_layer(Layer(tables))
    layers.require_own(options.into, options.facts, OWNER)
    for download in fetched:
        downloads.accept_download(options.downloads, PUBLISHERS[download.name], download)
    done = layers.write_layer(files, options.into, options.facts, OWNER)
    return Refreshed(options.into, tuple(lines), done.created, len(tables["bases"]))


def refresh_layer(options: RefreshOptions) -> Refreshed:
    """Fetch, compare and write the layer, under the lock."""
    with lock_downloads(options):
        fetched = fetch_all(options)
        return write_layer(fetched, report_changes(fetched, options), options)
