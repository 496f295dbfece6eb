"""Metrics of the last run, as text that Prometheus reads, written by runs that fail as well.

They are written beside the versions (`metrics.prom`) and, where the profile names a folder in
`metrics`, into that folder of this machine (`audience-impact-ENVIRONMENT.prom`), such as the folder
of node_exporter's textfile collector: nothing scrapes a bucket. With an environment, all metrics
have a label with its name.

A run that fails changes its success and its end only; the other metrics are those of the last run
that ended well.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from audience_impact.periods import parse_periods
from audience_impact.store import PublishError, storage
from audience_impact.store.files import MOST_WORDS_BYTES, explain_error, read_whole, write_whole
from flows.serving.profile import Profile, in_checkout

NAME = "metrics.prom"
SUCCESS = "audience_impact_run_success"
ENDED = "audience_impact_run_timestamp_seconds"
ENDED_WELL = "audience_impact_success_timestamp_seconds"
MEANINGS = {
    SUCCESS: "1 if the last run ended well, 0 if it failed",
    ENDED: "When the last run ended, well or not",
    ENDED_WELL: "When the last run that ended well did so",
    "audience_impact_rows": "Rows of each published table",
    "audience_impact_refused_rows": "Rows of facts in quarantine",
    "audience_impact_step_seconds": "Seconds of each step of the run",
    "audience_impact_newest_figure_days": "Days from the newest audience to the day of results",
}
"""What each metric says, by its name."""

Samples = list[tuple[str, dict[str, str], float]]
"""Metrics by name, labels and value, in the order in which they are written."""


def list_success(
    counts: Mapping[str, int],
    quarantine: pd.DataFrame,
    used: pd.DataFrame,
    seconds: Mapping[str, float],
    ended: datetime,
) -> Samples:
    """Return the metrics of a run that ended well; `used` has `period` and `as_of` of audiences."""
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
    """Return the days from the newest audience's period to `as_of`, at least 0; NaN without one."""
    used = used.dropna(subset="period")
    if used.empty:
        return float("nan")
    newest = parse_periods(used["period"])["end"].max()
    return max(0.0, float((pd.Timestamp(used["as_of"].max()) - newest).days))


def list_failure(root: Path, profile: Profile, ended: datetime) -> Samples:
    """Return the metrics of a run that failed: those of the run before but for success and end."""
    before = [sample for sample in read_samples(root, profile) if sample[0] not in (SUCCESS, ENDED)]
    return [(SUCCESS, {}, 0.0), (ENDED, {}, ended.timestamp()), *before]


def read_samples(root: Path, profile: Profile) -> Samples:
    """Return the metrics that the last run wrote; none where they cannot be read."""
    samples: Samples = []
    place = find_textfile(profile)
    with suppress(OSError, PublishError, ValueError, KeyError, IndexError):
        if place and place.exists():
            text = read_whole(place, MOST_WORDS_BYTES)
        else:
            text = storage.select_storage(root).read_file(NAME)
        for family in text_string_to_metric_families(text.decode()):
            for name, labels, value, *_ in family.samples:
                labels.pop("environment", None)
                if name in MEANINGS:
                    samples.append((name, labels, value))
    return samples


def render_metrics(samples: Samples, environment: str | None = None) -> bytes:
    """Return metrics as text for Prometheus."""
    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    for name, labels, value in samples:
        names = labels | ({"environment": environment} if environment else {})
        if name not in gauges:
            gauges[name] = Gauge(name, MEANINGS[name], list(names), registry=registry)
        (gauges[name].labels(**names) if names else gauges[name]).set(value)
    return generate_latest(registry)


def write_metrics(root: Path, samples: Samples, profile: Profile) -> None:
    """Write metrics into the folder of the profile, and next to the versions if there are any."""
    content = render_metrics(samples, profile.environment)
    place = find_textfile(profile)
    address = str(place)
    try:
        if place:
            write_whole(place, content)
        if storage.is_address(root) or root.is_dir():
            address = f"{storage.format_address(root)}/{NAME}"
            storage.select_storage(root).write_file(NAME, content)
    except OSError as error:
        reason = explain_error(error)
        raise PublishError(f"{address}: the metrics cannot be written: {reason}") from error


def find_textfile(profile: Profile) -> Path | None:
    """Return the file of an environment in the folder of its metrics; None without a folder."""
    if profile.metrics is None:
        return None
    return in_checkout(profile.metrics) / f"{profile.qualify_name('audience-impact')}.prom"


def find_trouble(root: Path, profile: Profile, now: datetime) -> str | None:
    """Return what is wrong with the last runs; None if one ended well in `silence_days` days."""
    values = {name: value for name, labels, value in read_samples(root, profile) if not labels}
    if ENDED_WELL not in values:
        return "no run has ended well yet"
    last = datetime.fromtimestamp(values[ENDED_WELL], UTC)
    if now - last > timedelta(days=profile.silence_days):
        return f"no run has ended well since {last:%Y-%m-%d %H:%M} UTC"
    if not values.get(SUCCESS):
        return f"the last run failed; the last that ended well did on {last:%Y-%m-%d %H:%M} UTC"
    return None
