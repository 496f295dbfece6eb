"""The second flow: from the publishers' addresses to a layer of facts.

Annotations are real here, not strings: Prefect makes the schema of the parameters from them.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from flows.downloads import refreshing
from flows.downloads.fetching import RetryPolicy
from flows.downloads.folder import Download
from flows.downloads.names import Name
from flows.downloads.publishers import ADDRESSES
from flows.downloads.refreshing import Refreshed, Wanted
from flows.failures import refusable

EVERYTHING = list(Name)
PATIENCE = RetryPolicy()


@task(cache_policy=NO_CACHE, persist_result=False)
def fetch(wanted: Wanted) -> list[Download]:
    """Fetch what the publishers have now; each file has tries of its own."""
    return refreshing.fetch_all(wanted)


@task(cache_policy=NO_CACHE, persist_result=False)
def judge(found: list[Download], wanted: Wanted) -> list[str]:
    """Say what changed; refuse where that is much and not confirmed."""
    lines = refreshing.judge(found, wanted)
    for line in lines:
        get_run_logger().info(line)
    return lines


@task(cache_policy=NO_CACHE, persist_result=False)
def write(found: list[Download], lines: list[str], wanted: Wanted) -> Refreshed:
    """Accept the downloads and write the layer."""
    return refreshing.write(found, lines, wanted)


@flow(name="refresh", persist_result=False)
@refusable
def refresh(
    facts: Annotated[list[Path], Field(min_length=1)],
    into: Path,
    downloads: Path,
    only: list[Name] = EVERYTHING,
    confirm: bool = False,
    threshold: Annotated[float, Field(ge=0, le=1)] = refreshing.THRESHOLD,
    addresses: dict[Name, str] = ADDRESSES,
    patience: RetryPolicy = PATIENCE,
    today: date | None = None,
) -> Refreshed:
    """Fetch the publishers' figures and write them as a layer of facts.

    Args:
        facts: Folders of fact tables, whose areas and lineages the layer may name.
        into: The folder of the layer; it may hold no fact table that this flow did not write.
        downloads: The folder that keeps every download with its digest and date.
        only: What to fetch; by default everything. The rest is taken as it was accepted last.
        confirm: Go on where more rows are gone or changed than the threshold allows.
        threshold: The share of rows gone or changed above which to ask.
        addresses: Where to fetch, by name; what is not named is fetched at its usual address.
        patience: Timeouts, tries and waits.
        today: The day of access; by default the day of the run, in UTC.
    """
    wanted = Wanted(
        into=into,
        downloads=downloads,
        facts=facts,
        today=today or datetime.now(UTC).date(),
        names=only or EVERYTHING,
        confirm=confirm,
        threshold=threshold,
        addresses=addresses,
        policy=patience,
    )
    with refreshing.only_one(wanted):
        found = fetch(wanted)
        return write(found, judge(found, wanted), wanted)
