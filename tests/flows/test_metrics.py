"""What a run leaves for whoever watches it."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from audience_impact.store import PublishError
from flows import run_reports

COUNTS = {"impact": 3, "quarantine": 3, "impact_by_platform": 3}
REFUSED = pd.DataFrame({"row_layer": [0, 0, 0], "file": "x.csv", "line": [2, 2, 5]})
USED = pd.DataFrame({"period": ["2025-10", None, "2024"], "as_of": ["2025-11-10"] * 3})
ENDED = datetime(2025, 11, 10, tzinfo=UTC)


def values(content: bytes) -> dict[str, float]:
    """What the metrics say, as a reader of the format reads them."""
    found = {}
    families = text_string_to_metric_families(content.decode())  # type: ignore[no-untyped-call]
    for family in families:
        for one in family.samples:
            found[" ".join([one.name, *one.labels.values()])] = one.value
    return found


def test_a_run_is_told_in_openmetrics() -> None:
    timed = run_reports.StepSeconds()
    assert timed(sum, [1, 2]) == 3
    told = values(run_reports.render_metrics(COUNTS, REFUSED, USED, {"check": 1.5}, ENDED))
    assert told == {
        "audience_impact_rows impact": 3,
        "audience_impact_rows quarantine": 3,
        "audience_impact_rows impact_by_platform": 3,
        "audience_impact_refused_rows": 2,  # two lines, one of them twice
        "audience_impact_step_seconds check": 1.5,
        "audience_impact_newest_figure_days": 9,  # from the end of October
        "audience_impact_run_timestamp_seconds": ENDED.timestamp(),
    }
    assert run_reports.__doc__
    assert {name.split(" ")[0] for name in told} == set(
        re.findall(r"audience_\w+", run_reports.__doc__)
    )


def test_the_same_run_gives_the_same_bytes() -> None:
    told, again = (run_reports.render_metrics(COUNTS, REFUSED, USED, {}, ENDED) for _ in range(2))
    assert told == again
    assert b"_created" not in told


def test_without_an_audience_its_age_is_no_number() -> None:
    told = values(run_reports.render_metrics(COUNTS, REFUSED, USED.iloc[[1]], {}, ENDED))
    assert pd.isna(told["audience_impact_newest_figure_days"])


def test_they_lie_beside_the_versions_whole(tmp_path: Path) -> None:
    run_reports.write_metrics(tmp_path, b"one")
    run_reports.write_metrics(tmp_path, b"two")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"metrics.prom": b"two"}
    with pytest.raises(PublishError, match=r"metrics\.prom"):
        run_reports.write_metrics(tmp_path / "none", b"three")
