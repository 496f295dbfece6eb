"""Metrics of a run for a monitor: `metrics.prom` beside the versions, OpenMetrics text.

audience_impact_rows{table}               rows of each published table
audience_impact_refused_rows              rows of facts in quarantine
audience_impact_step_seconds{step}        seconds of each step of the run
audience_impact_newest_figure_days        days from the newest audience used to the day spoken of
audience_impact_run_timestamp_seconds     when the run ended
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

import pandas as pd
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.openmetrics.exposition import generate_latest

from audience_impact.periods import parse_periods
from audience_impact.store import PublishError, storage

NAME = "metrics.prom"
P = ParamSpec("P")
R = TypeVar("R")


class StepSeconds(dict[str, float]):
    """The seconds of each step of a run, by its name."""

    def __call__(self, step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a step, and store its seconds."""
        begin = time.perf_counter()
        try:
            return step(*args, **kwargs)
        finally:
            self[getattr(step, "name", "step")] = time.perf_counter() - begin


def render_metrics(
    counts: Mapping[str, int],
    quarantine: pd.DataFrame,
    used: pd.DataFrame,
    seconds: Mapping[str, float],
    ended: datetime,
) -> bytes:
    """Return the metrics of a run as OpenMetrics text.

    Args:
        counts: Rows of each published table.
        quarantine: The table of refused rows.
        used: `period` and `as_of` of the audiences used.
        seconds: Seconds of each step.
        ended: The end of the run.
    """
    registry = CollectorRegistry()
    rows = Gauge("audience_impact_rows", "Rows of a table", ["table"], registry=registry)
    for name, count in counts.items():
        rows.labels(name).set(count)
    steps = Gauge("audience_impact_step_seconds", "Seconds of a step", ["step"], registry=registry)
    for name, took in seconds.items():
        steps.labels(name).set(took)
    refused = quarantine.drop_duplicates(["row_layer", "file", "line"])
    gauges = {
        "refused_rows": ("Rows of facts in quarantine", float(len(refused))),
        "newest_figure_days": ("Age of the newest audience used", count_newest_days(used)),
        "run_timestamp_seconds": ("When the run ended", ended.timestamp()),
    }
    for name, (meaning, value) in gauges.items():
        Gauge(f"audience_impact_{name}", meaning, registry=registry).set(value)
    return bytes(generate_latest(registry))  # type: ignore[no-untyped-call]


def count_newest_days(used: pd.DataFrame) -> float:
    """Return the days from the end of the newest audience's period to `as_of`; NaN if none."""
    used = used.dropna(subset="period")
    if used.empty:
        return float("nan")
    newest = parse_periods(used["period"])["end"].max()
    return float((pd.Timestamp(used["as_of"].max()) - newest).days)


def write_metrics(root: Path, content: bytes) -> None:
    """Write the metrics beside `latest`; raise PublishError where that fails."""
    try:
        storage.select_storage(root).write_file(NAME, content)
    except OSError as error:
        raise PublishError(f"{storage.format_address(root)}/{NAME}: {error}") from error
