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
class Wanted:
    """What a refresh is asked for."""

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
    """What a refresh did: a line for each publisher, and whether the layer is new."""

    into: Path
    lines: tuple[str, ...]
    created: bool
    bases: int


@contextmanager
def only_one(wanted: Wanted) -> Iterator[None]:
    """Hold the downloads for as long as the block; the system frees them when the holder dies.

    Raises RefusedError where the layer could not be written in the end, or another run has them.
    """
    layers.require_own(wanted.into, wanted.facts, bases.OWNER)
    wanted.downloads.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(wanted.downloads / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise RefusedError([f"another refresh is using {wanted.downloads}: wait for it"]) from error


def fetch(name: Name, wanted: Wanted) -> Download:
    """Fetch what one publisher has now."""
    address = {**ADDRESSES, **wanted.addresses}[name]
    return downloads.bring(wanted.downloads, PUBLISHERS[name], address, wanted.policy, wanted.today)


def fetch_all(wanted: Wanted) -> list[Download]:
    """Fetch what is asked for; all that fails is told at once, what came is kept for the next run.

    Raises RefusedError with a line for each publisher that failed.
    """
    found, lines = [], []
    for name in sorted(wanted.names, key=list(Name).index):
        try:
            found.append(fetch(name, wanted))
        except RefusedError as error:
            lines += error.lines
    if lines:
        raise RefusedError(lines)
    return found


def judge(found: Sequence[Download], wanted: Wanted) -> list[str]:
    """A line for each download, telling what has changed.

    Raises RefusedError where more has than may without being confirmed.
    """
    lines, refused = [], []
    for download in found:
        if not download.incoming:
            lines.append(f"{download.name}: nothing new since {download.accessed_on}")
            continue
        publisher = PUBLISHERS[download.name]
        change = downloads.difference(wanted.downloads, publisher, download)
        lines.append(f"{download.name}: {change or 'fetched for the first time'}")
        if change and change.share > wanted.threshold and not wanted.confirm:
            refused.append(_too_much(download, change, wanted.threshold))
    if refused:
        raise RefusedError(refused)
    return lines


def _too_much(download: Download, change: Difference, threshold: float) -> str:
    return (
        f"{download.name}: {download.files[0].address}: {change}: {change.share:.1%} gone or "
        f"changed, more than {threshold:.1%}; look at {download.folder}, then run again with "
        "--confirm"
    )


def write(found: Sequence[Download], lines: Sequence[str], wanted: Wanted) -> Refreshed:
    """Write the layer from these downloads and, of other publishers, those accepted before."""
    have = {name: downloads.accepted(wanted.downloads, name) for name in Name}
    have |= {download.name: download for download in found}
    present = {name: one for name, one in have.items() if one}
    tables = bases.build(present, wanted.facts)
    files = layers.render(Layer(tables))
    layers.require_own(wanted.into, wanted.facts, bases.OWNER)
    for download in found:
        downloads.accept(wanted.downloads, PUBLISHERS[download.name], download)
    done = layers.write(files, wanted.into, wanted.facts, bases.OWNER)
    return Refreshed(wanted.into, tuple(lines), done.created, len(tables["bases"]))


def refresh(wanted: Wanted) -> Refreshed:
    """All steps, one after the other."""
    with only_one(wanted):
        found = fetch_all(wanted)
        return write(found, judge(found, wanted), wanted)
