"""The second flow: from the publishers' addresses to a layer of facts.

Annotations must not be strings here, because Prefect derives the schema of the parameters from
them.
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
from flows.downloads.refreshing import Refreshed, RefreshOptions
from flows.run_reports import fail_on_refusal, name_run

EVERYTHING = list(Name)
PATIENCE = RetryPolicy()


@task(name="fetch", task_run_name="fetch the figures", cache_policy=NO_CACHE, persist_result=False)
def fetch_figures(options: RefreshOptions) -> list[Download]:
    """Return the publishers' current files; each file is tried several times."""
    return refreshing.fetch_all(options)


@task(name="judge", task_run_name="judge what changed", cache_policy=NO_CACHE, persist_result=False)
def judge_changes(downloads: list[Download], options: RefreshOptions) -> list[str]:
    """Log and return what changed; refuse many changes that are not confirmed."""
    lines = refreshing.report_changes(downloads, options)
    for line in lines:
        get_run_logger().info(line)
    return lines


@task(name="write", task_run_name="write the layer", cache_policy=NO_CACHE, persist_result=False)
def write_layer(downloads: list[Download], lines: list[str], options: RefreshOptions) -> Refreshed:
    """Accept the downloads and write the layer."""
    return refreshing.write_layer(downloads, lines, options)


@flow(name="refresh", flow_run_name=name_run, persist_result=False)
@fail_on_refusal
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
        into: The folder of the layer; it may contain no fact table that this flow did not write.
        downloads: The folder that keeps every download with its digest and date.
        only: The downloads to fetch; by default all. Others are used as last accepted.
        confirm: Continue if more rows were removed or changed than the threshold allows.
        threshold: Share of removed or changed rows above which `confirm` is required.
        addresses: Addresses that replace the default ones, by name of the download.
        patience: Timeouts, number of tries, and waits.
        today: The day of access; by default the day of the run, in UTC.
    """
    options = RefreshOptions(
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
    with refreshing.lock_downloads(options):
        fetched = fetch_figures(options)
        return write_layer(fetched, judge_changes(fetched, options), options)
