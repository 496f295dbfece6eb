"""The steps of `refresh` as plain functions: fetch, judge, accept, write."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from filelock import FileLock, Timeout

from audience_impact.registers.denominators.publisher_files import Difference
from flows import layers
from flows.downloads import bases
from flows.downloads import folder as downloads
from flows.downloads.fetching import RetryPolicy
from flows.downloads.folder import Download
from flows.downloads.names import Name
from flows.downloads.publishers import ADDRESSES, PUBLISHERS
from flows.layers import Layer
from flows.pipeline.steps import RefusedError

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
    layers.require_own(options.into, options.facts, bases.OWNER)
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
    """Fetch the requested downloads; the next run reuses those that arrived before a failure.

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
    tables = bases.build_layer(present, options.facts)
    files = layers.render_layer(Layer(tables))
    layers.require_own(options.into, options.facts, bases.OWNER)
    for download in fetched:
        downloads.accept_download(options.downloads, PUBLISHERS[download.name], download)
    done = layers.write_layer(files, options.into, options.facts, bases.OWNER)
    return Refreshed(options.into, tuple(lines), done.created, len(tables["bases"]))


def refresh_layer(options: RefreshOptions) -> Refreshed:
    """Fetch, compare and write, under the lock."""
    with lock_downloads(options):
        fetched = fetch_all(options)
        return write_layer(fetched, report_changes(fetched, options), options)
