"""What a run leaves for whoever watches it."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families

from audience_impact.store import PublishError
from flows import CHECKOUT, runs
from flows.serving import metrics
from flows.serving.profile import Profile
from tests.flows.test_cli import command
from tests.flows.test_notices import take_notices

COUNTS = {"impact": 3, "quarantine": 3, "impact_by_platform": 3}
REFUSED = pd.DataFrame({"row_layer": [0, 0, 0], "file": "x.csv", "line": [2, 2, 5]})
USED = pd.DataFrame({"period": ["2025-10", None, "2024"], "as_of": ["2025-11-10"] * 3})
ENDED = datetime(2025, 11, 10, tzinfo=UTC)


def values(content: bytes) -> dict[str, float]:
    """What the metrics say, as a reader of the format reads them."""
    result = {}
    for family in text_string_to_metric_families(content.decode()):
        for sample in family.samples:
            result[" ".join([sample.name, *sample.labels.values()])] = sample.value
    return result


def succeeded(used: pd.DataFrame = USED) -> metrics.Samples:
    return metrics.list_success(COUNTS, REFUSED, used, {"check": 1.5}, ENDED)


def test_a_run_is_told_in_numbers() -> None:
    result = values(metrics.render_metrics(succeeded()))
    assert result == {
        "audience_impact_run_success": 1,
        "audience_impact_run_timestamp_seconds": ENDED.timestamp(),
        "audience_impact_success_timestamp_seconds": ENDED.timestamp(),
        "audience_impact_rows impact": 3,
        "audience_impact_rows quarantine": 3,
        "audience_impact_rows impact_by_platform": 3,
        "audience_impact_refused_rows": 2,  # two lines, one of them twice
        "audience_impact_step_seconds check": 1.5,
        "audience_impact_newest_figure_days": 9,  # from the end of October
    }
    assert {name.split(" ")[0] for name in result} == metrics.MEANINGS.keys()


def test_without_an_audience_its_age_is_no_number() -> None:
    result = values(metrics.render_metrics(succeeded(USED.iloc[[1]])))
    assert pd.isna(result["audience_impact_newest_figure_days"])


def test_a_figure_of_a_year_that_is_not_over_has_no_negative_age() -> None:
    used = pd.DataFrame({"period": ["2025"], "as_of": ["2025-11-10"]})
    assert metrics.count_newest_days(used) == 0.0


def test_they_lie_beside_the_versions_whole(tmp_path: Path) -> None:
    for _ in range(2):
        metrics.write_metrics(tmp_path, succeeded(), Profile())
    expected = {"metrics.prom": metrics.render_metrics(succeeded())}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == expected
    metrics.write_metrics(tmp_path / "none", succeeded(), Profile())
    assert not (tmp_path / "none").exists()


def fail(root: Path, profile: Profile, ended: datetime = ENDED) -> None:
    metrics.write_metrics(root, metrics.list_failure(root, profile, ended), profile)


def test_a_run_that_fails_says_so_and_keeps_what_the_last_good_run_said(tmp_path: Path) -> None:
    later = datetime(2025, 11, 11, tzinfo=UTC)
    metrics.write_metrics(tmp_path, succeeded(), Profile())
    fail(tmp_path, Profile(), later)
    before = values(metrics.render_metrics(succeeded()))
    assert values((tmp_path / metrics.NAME).read_bytes()) == before | {
        metrics.SUCCESS: 0,
        metrics.ENDED: later.timestamp(),
    }


@pytest.mark.parametrize("previous", [b"no metrics {", b"\xff", None])
def test_a_first_failure_or_damaged_metrics_leave_the_failure_alone(
    previous: bytes | None, tmp_path: Path
) -> None:
    if previous:
        (tmp_path / metrics.NAME).write_bytes(previous)
    fail(tmp_path, Profile())
    result = values((tmp_path / metrics.NAME).read_bytes())
    assert result == {metrics.SUCCESS: 0, metrics.ENDED: ENDED.timestamp()}


def test_a_pipe_in_the_place_of_metrics_is_not_waited_for(tmp_path: Path) -> None:
    profile = Profile.model_construct(environment=None, metrics=tmp_path / "scraped")
    pipes = (tmp_path / "scraped" / "audience-impact.prom", tmp_path / metrics.NAME)
    for pipe in pipes:
        pipe.parent.mkdir(exist_ok=True)
        os.mkfifo(pipe)
    fail(tmp_path, profile)
    for pipe in pipes:
        assert f"{metrics.SUCCESS} 0.0" in pipe.read_text(encoding="utf-8")


def test_environments_share_a_folder_that_is_scraped(tmp_path: Path) -> None:
    texts = []
    for name in ("north", "south"):
        profile = Profile.model_construct(environment=name, notices=[], metrics=tmp_path)
        runs.report_failure(tmp_path / "never-published", profile, "why")
        texts.append((tmp_path / f"audience-impact-{name}.prom").read_text(encoding="utf-8"))
        assert f'{metrics.SUCCESS}{{environment="{name}"}} 0.0' in texts[-1]
    assert not (tmp_path / "never-published").exists()


def test_a_relative_folder_of_metrics_is_that_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profile = Profile.model_construct(environment=None, metrics=Path("metrics"))
    assert metrics.find_textfile(profile) == CHECKOUT / "metrics" / "audience-impact.prom"
    elsewhere = Profile.model_construct(environment=None, metrics=tmp_path)
    assert metrics.find_textfile(elsewhere) == tmp_path / "audience-impact.prom"


def test_a_failure_keeps_the_labels_of_the_textfile(tmp_path: Path) -> None:
    profile = Profile.model_construct(environment="north", metrics=tmp_path)
    metrics.write_metrics(tmp_path, succeeded(), profile)
    fail(tmp_path, profile)
    text = (tmp_path / "audience-impact-north.prom").read_text(encoding="utf-8")
    assert 'audience_impact_rows{environment="north",table="impact"} 3.0' in text


def test_a_folder_of_metrics_that_is_gone_is_logged_in_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    profile = Profile.model_construct(environment=None, notices=[], metrics=tmp_path / "gone")
    runs.report_failure(tmp_path, profile, "why")
    assert "gone/audience-impact.prom: the metrics cannot be written" in caplog.text
    with pytest.raises(PublishError, match=r"gone/audience-impact\.prom"):
        metrics.write_metrics(tmp_path, succeeded(), profile)


@pytest.mark.parametrize(
    ("days", "is_failed", "trouble"),
    [
        (1.9, False, None),
        (0.5, True, "the last run failed; the last that ended well did on 2025-11-10 00:00 UTC"),
        (2.1, False, "no run has ended well since 2025-11-10 00:00 UTC"),
    ],
)
def test_runs_are_well_if_one_ended_well_lately(
    tmp_path: Path, days: float, is_failed: bool, trouble: str | None
) -> None:
    profile = Profile.model_construct(environment="north", metrics=None, silence_days=2)
    assert metrics.find_trouble(tmp_path, profile, ENDED) == "no run has ended well yet"
    metrics.write_metrics(tmp_path, succeeded(), profile)
    if is_failed:
        fail(tmp_path, profile)
    assert metrics.find_trouble(tmp_path, profile, ENDED + timedelta(days=days)) == trouble


def test_an_operator_is_told_that_runs_are_not_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with take_notices() as (address, told):
        monkeypatch.setenv("AUDIENCE_IMPACT_NOTICES", json.dumps([address]))
        for words in ([], ["--notify"]):
            done = command("healthy", "--published", tmp_path, *words)
            assert (done.returncode, done.stderr) == (1, "no run has ended well yet\n")
    assert [one["message"] for one in told] == ["no run has ended well yet"]
    metrics.write_metrics(tmp_path, metrics.list_success({}, REFUSED, USED, {}, datetime.now(UTC)),
                          Profile())  # fmt: skip
    assert command("healthy", "--published", tmp_path).returncode == 0
