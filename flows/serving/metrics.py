"""Metrics of the last run, as text that Prometheus reads, written by runs that fail as well.

They are written beside the versions (`metrics.prom`) and, where the profile names a folder in
`metrics`, into that folder of this machine (`audience-impact-ENVIRONMENT.prom`), such as the folder
of node_exporter's textfile collector: nothing scrapes a bucket. With an environment, all metrics
have a label with its name.

audience_impact_run_success               1 if the last run ended well, 0 if it failed
audience_impact_run_timestamp_seconds     when the last run ended, well or not
audience_impact_success_timestamp_seconds when the last run that ended well did so
audience_impact_rows{table}               rows of each published table
audience_impact_refused_rows              rows of facts in quarantine
audience_impact_step_seconds{step}        seconds of each step of the run
audience_impact_newest_figure_days        days from the newest audience used to the day spoken of

A run that fails changes the first two only; the others are those of the last run that ended well.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pandas as pd
from prometheus_client import CollectorRegistry, Metric, write_to_textfile
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from audience_impact.periods import parse_periods
from audience_impact.plain_text import plain_line
from audience_impact.store import PublishError, storage
from audience_impact.store.files import explain_error, read_whole
from flows import CHECKOUT
from flows.serving.preparing import Profile

NAME = "metrics.prom"
SUCCESS = "audience_impact_run_success"
ENDED = "audience_impact_run_timestamp_seconds"
ENDED_WELL = "audience_impact_success_timestamp_seconds"
MEANINGS = {
    SUCCESS: "Whether the last run ended well",
    ENDED: "When the last run ended",
    ENDED_WELL: "When the last run that ended well did so",
    "audience_impact_rows": "Rows of a table",
    "audience_impact_refused_rows": "Rows of facts in quarantine",
    "audience_impact_step_seconds": "Seconds of a step",
    "audience_impact_newest_figure_days": "Age of the newest audience used",
}
"""What each metric says, by its name."""

Samples = list[tuple[str, dict[str, str], float]]
"""Metrics by name, labels and value, in the order in which they are written."""


class _Gauges(Collector):
    """Samples as a source of metrics for prometheus_client."""

    def __init__(self, samples: Samples, environment: str | None) -> None:
        self.samples = samples
        self.label = {"environment": environment} if environment else {}

    def collect(self) -> Iterable[Metric]:
        for name, meaning in MEANINGS.items():
            metric = Metric(name, meaning, "gauge")
            for sample, labels, value in self.samples:
                if sample == name:
                    metric.add_sample(name, {**labels, **self.label}, value)
            if metric.samples:
                yield metric


def list_success(
    counts: Mapping[str, int],
    quarantine: pd.DataFrame,
    used: pd.DataFrame,
    seconds: Mapping[str, float],
    ended: datetime,
) -> Samples:
    """Return the metrics of a run that ended well.

    Args:
        counts: Rows of each published table.
        quarantine: The table of refused rows.
        used: `period` and `as_of` of the audiences used.
        seconds: Seconds of each step.
        ended: The end of the run.
    """
    refused = quarantine.drop_duplicates(["row_layer", "file", "line"])
    return [
        (SUCCESS, {}, 1.0),
        (ENDED, {}, ended.timestamp()),
        (ENDED_WELL, {}, ended.timestamp()),
        *(("audience_impact_rows", {"table": name}, count) for name, count in counts.items()),
        ("audience_impact_refused_rows", {}, float(len(refused))),
        *(("audience_impact_step_seconds", {"step": name}, s) for name, s in seconds.items()),
        ("audience_impact_newest_figure_days", {}, count_newest_days(used)),
    ]


def count_newest_days(used: pd.DataFrame) -> float:
    """Return the days from the end of the newest audience's period to `as_of`; NaN without one.

    The age of a figure of a period that goes beyond `as_of`, such as a whole year, is 0.
    """
    used = used.dropna(subset="period")
    if used.empty:
        return float("nan")
    newest = parse_periods(used["period"])["end"].max()
    return max(0.0, float((pd.Timestamp(used["as_of"].max()) - newest).days))


def list_failure(previous: str, ended: datetime) -> Samples:
    """Return the metrics of a run that failed: those of `previous` text but for success and end.

    What cannot be read in `previous` is left out.
    """
    before: Samples = []
    with suppress(ValueError, KeyError, IndexError):
        before = [
            (
                sample.name,
                {name: text for name, text in sample.labels.items() if name != "environment"},
                sample.value,
            )
            for family in text_string_to_metric_families(previous)
            for sample in family.samples
            if sample.name in MEANINGS and sample.name not in (SUCCESS, ENDED)
        ]
    return [(SUCCESS, {}, 0.0), (ENDED, {}, ended.timestamp()), *before]


def render_metrics(samples: Samples, environment: str | None = None) -> bytes:
    """Return metrics as OpenMetrics text."""
    return bytes(generate_latest(_register(samples, environment)))  # type: ignore[no-untyped-call]


def _register(samples: Samples, environment: str | None) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Gauges(samples, environment))
    return registry


def write_metrics(root: Path, samples: Samples, profile: Profile) -> None:
    """Write metrics into the folder of the profile, and next to `latest`.

    Raises PublishError where one of them cannot be written.
    """
    _write_textfile(samples, profile)
    place = f"{storage.format_address(root)}/{NAME}"
    try:
        storage.select_storage(root).write_file(NAME, render_metrics(samples, profile.environment))
    except OSError as error:
        reason = explain_error(error)
        raise PublishError(f"{place}: the metrics cannot be written: {reason}") from error


def _write_textfile(samples: Samples, profile: Profile) -> None:
    place = find_textfile(profile)
    if place is None:
        return
    try:
        write_to_textfile(str(place), _register(samples, profile.environment))
    except OSError as error:
        reason = explain_error(error)
        raise PublishError(f"{place}: the metrics cannot be written: {reason}") from error


def find_textfile(profile: Profile) -> Path | None:
    """Return the file of an environment in the folder of its metrics; None without a folder."""
    if profile.metrics is None:
        return None
    folder = CHECKOUT / profile.metrics  # the other paths of a profile are relative to it as well
    return folder / f"{profile.qualify_name('audience-impact')}.prom"


def record_failure(root: Path, profile: Profile, ended: datetime) -> None:
    """Write the metrics of a run that failed; log in a line where that fails, without raising.

    Where no version was ever published, there is nothing beside which to write.
    """
    samples = list_failure(_read_previous(root, profile), ended)
    is_there = storage.is_address(root) or root.is_dir()
    try:
        if is_there:
            write_metrics(root, samples, profile)
        else:
            _write_textfile(samples, profile)
    except PublishError as error:
        logging.getLogger(__name__).warning("%s", plain_line(str(error)))


def _read_previous(root: Path, profile: Profile) -> str:
    """Return the metrics of the run before; blank where there are none, or none can be read."""
    place = find_textfile(profile)
    if place is not None:
        with suppress(OSError, UnicodeDecodeError):
            return read_whole(place).decode()
    with suppress(OSError, UnicodeDecodeError, PublishError):
        return storage.select_storage(root).read_file(NAME).decode()
    return ""
