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
from filelock import Timeout

from audience_impact.facts import reading
from audience_impact.facts.tables import Tables
from audience_impact.registers.denominators import publisher_files
from audience_impact.registers.denominators.bases import Figures, Sources, Years, rows_from_figures
from audience_impact.store.files import lock_folder
from flows import layers
from flows.downloads import Name
from flows.downloads import folder as downloads
from flows.downloads.fetching import RetryPolicy
from flows.downloads.folder import PUBLISHERS, Download, name_source
from flows.pipeline import steps
from flows.pipeline.steps import RefusedError, build_headers

OWNER = layers.Owner("refresh", layers.REFRESH_MARK)
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
PERCENT = "Percent of CC Pop"
_READERS: Mapping[Name, tuple[str, Callable[..., pd.DataFrame]]] = {
    Name.POPULATION: ("counted", partial(publisher_files.read_figures, publisher_files.POPULATION)),
    Name.INTERNET: ("shares", partial(publisher_files.read_figures, publisher_files.SHARES)),
    Name.PROJECTIONS: ("ahead", publisher_files.tidy_projections),
}


@dataclass(frozen=True)
class RefreshOptions:
    """The options of a refresh."""

    into: Path
    downloads: Path
    facts: Sequence[Path]
    today: date
    names: Collection[Name] = tuple(Name)
    confirm: bool = False
    threshold: float = 0.05
    addresses: Mapping[Name, str] = field(default_factory=dict)
    policy: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True)
class Refreshed:
    """The result of a refresh: a line for each publisher, and whether the layer is new."""

    lines: tuple[str, ...]
    created: bool
    bases: int


def refresh_layer(options: RefreshOptions) -> Refreshed:
    """Fetch the figures, report what changed, and write the layer, all under the lock."""
    with lock_downloads(options):
        fetched = _fetch_all(options)
        lines = _report_changes(fetched, options)
        accepted = [downloads.read_accepted(options.downloads, PUBLISHERS[name]) for name in Name]
        available = {download.name: download for download in [*filter(None, accepted), *fetched]}
        tables = _build_layer(available, options.facts)
        files = layers.render_tables(tables)
        layers.require_own(options.into, options.facts, OWNER)
        for download in fetched:
            downloads.accept_download(options.downloads, download)
        done = layers.write_layer(files, options.into, options.facts, OWNER)
        return Refreshed(tuple(lines), done.created, len(tables["bases"]))


@contextmanager
def lock_downloads(options: RefreshOptions) -> Iterator[None]:
    """Lock the downloads; raise RefusedError where another run has them or the layer is foreign."""
    layers.require_own(options.into, options.facts, OWNER)
    options.downloads.mkdir(parents=True, exist_ok=True)
    try:
        with lock_folder(options.downloads, 0):
            yield
    except Timeout as error:
        message = f"another refresh is using {options.downloads}: wait for it"
        raise RefusedError([message]) from error


def _fetch_all(options: RefreshOptions) -> list[Download]:
    """Fetch the requested downloads; raise RefusedError with a line for each that failed."""
    fetched, lines = [], []
    for name in sorted(options.names, key=list(Name).index):
        publisher = PUBLISHERS[name]
        address = options.addresses.get(name, publisher.address)
        try:
            fetched.append(
                downloads.fetch_download(
                    options.downloads, publisher, address, options.policy, options.today
                )
            )
        except RefusedError as error:
            lines += error.lines
    if lines:
        raise RefusedError(lines)
    return fetched


def _report_changes(fetched: Sequence[Download], options: RefreshOptions) -> list[str]:
    """Return a line for each download; raise RefusedError for changes that need --confirm."""
    lines, refused = [], []
    for download in fetched:
        if not download.is_incoming:
            lines.append(f"{download.name}: nothing new since {download.accessed_on}")
            continue
        change = downloads.compare_with_accepted(options.downloads, download)
        lines.append(f"{download.name}: {change or 'fetched for the first time'}")
        if change and change.changed_share > options.threshold and not options.confirm:
            refused.append(
                f"{download.name}: {download.address}: {change}: {change.changed_share:.1%} gone "
                f"or changed, more than {options.threshold:.1%}; look at {download.folder}, then "
                "run again with --confirm"
            )
    if refused:
        raise RefusedError(refused)
    return lines


def _build_layer(available: Mapping[Name, Download], facts: Sequence[Path]) -> Tables:
    headers = {name: build_headers()[name] for name in ("areas", "lineages")}
    tables, findings = reading.read_tables(facts, headers)
    fatal = [finding for finding in findings if finding.rule in reading.FATAL_RULES]
    if fatal:
        raise RefusedError(list(map(steps.format_finding, fatal)))
    areas, lineages = set(tables["areas"]["area_id"]), tables["lineages"]
    bases = _build_bases(available, areas)
    named = {*map(str, available), *bases["measurement_series_id"]} - {""}
    if missing := sorted(named - set(lineages["measurement_series_id"])):
        raise RefusedError(
            [f"the facts have no lineage {name}: add it to lineages.csv" for name in missing]
        )
    layer = {
        "lineages": lineages[lineages["measurement_series_id"].isin(named)],
        "sources": pd.DataFrame(
            [available[name].source_row() for name in PUBLISHERS if name in available]
        ),
        "bases": bases,
    }
    if Name.NETWORKS in available:
        layer["network_shares"] = _build_network_shares(available[Name.NETWORKS], areas)
    return layer


def _build_bases(available: Mapping[Name, Download], areas: Collection[str]) -> pd.DataFrame:
    """Return the rows of `bases` for these areas, ordered by id."""
    if Name.INTERNET in available and Name.POPULATION not in available:
        raise RefusedError([f"{Name.INTERNET} is a share of {Name.POPULATION}: fetch that too"])
    figures = {}
    for name, (kind, read) in _READERS.items():
        if name in available:
            rows = available[name].read_rows()
            with name_source(name, available[name].address):
                figures[kind] = read(rows, publisher_files.answer_codes(areas))
    rows = rows_from_figures(Figures(**figures), SOURCES, YEARS)
    return rows.sort_values("base_id", ignore_index=True)


def _build_network_shares(download: Download, areas: Collection[str]) -> pd.DataFrame:
    """Return rows of `network_shares`; raise RefusedError where a cell is no percentage."""
    rows = download.read_rows()
    share = pd.to_numeric(rows[PERCENT], errors="coerce") / 100.0
    is_share = share.between(0.0, 1.0)
    with name_source(download.name, download.address):
        if not is_share.all():
            cell = rows[PERCENT][~is_share].iloc[0]
            raise publisher_files.ShapeError(f"has {cell!r} in {PERCENT}, which is no percentage")
    table = pd.DataFrame(
        {
            "area_id": rows["CC"],
            "asn": rows["AS"].str.removeprefix("AS"),
            "as_name": rows["Description"].where(rows["Description"] != "", rows["AS"]),
            "period": rows["month"],
            "users_share": share.round(SHARE_DECIMALS).map("{:g}".format),
            "source_id": download.publisher.source["source_id"],
        }
    )
    stored = table[rows["CC"].isin(areas) & (share >= LEAST_SHARE)]
    return stored.sort_values(["area_id", "asn"], ignore_index=True)
