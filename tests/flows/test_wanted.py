"""Which figure one should look for, from published tables."""

from pathlib import Path

import pandas as pd
import pytest

from audience_impact.outputs.sensitivity import narrowing
from flows.documenting import wanted
from flows.pipeline import steps


def impact(width: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "restriction_id": ["R1"],
            "impact_metric": ["people_exposed"],
            "q05_persons": [1000.0],
            "q95_persons": [1000.0 + width],
        }
    )


def shares(*known: tuple[str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [("R1", metric, share) for metric, share in known],
        columns=["restriction_id", "impact_metric", "first_order_share"],
    )


def test_without_three_quarters_of_its_variance_an_interval_is_half_as_wide() -> None:
    told = shares(("people_exposed", 0.75), ("people_exposed", -0.01), ("people_exposed", 1.2))
    assert narrowing(told, impact(200.0)).tolist() == [100.0, 0.0, 200.0]


def test_person_days_and_what_is_not_drawn_narrow_nothing() -> None:
    assert narrowing(shares(("person_days", 0.5)), impact(200.0)).isna().all()
    assert narrowing(shares(("people_exposed", float("nan"))), impact(200.0)).isna().all()


def tables(*rows: tuple[str, str, str, str, float]) -> dict[str, pd.DataFrame]:
    """Rows of restriction, country, platforms, input and narrowing."""
    names = ["restriction_id", "country_id", "platforms", "input", "narrowing_persons"]
    frame = pd.DataFrame(rows, columns=names)
    told = frame.assign(impact_metric="people_exposed", advice="measure " + frame["input"])
    return {
        "sensitivity": told.drop(columns=["country_id", "platforms"]),
        "restrictions": frame[names[:3]].drop_duplicates(),
    }


def test_what_serves_several_restrictions_of_a_country_is_worth_their_sum() -> None:
    found = wanted.narrowing(
        tables(
            ("R1", "RU", "WhatsApp", "audience", 50.0),
            ("R1", "RU", "WhatsApp", "base", 30.0),
            ("R2", "RU", "Telegram", "base", 40.0),
            ("R3", "IR", "Telegram", "audience", 60.0),
            ("R3", "IR", "Telegram", "model", 0.0),
        )
    )
    told = found[[*wanted.BY, "restrictions_count", "narrowing_persons"]].to_numpy().tolist()
    assert told == [
        ["RU", "any", "base", 2, 70.0],
        ["IR", "Telegram", "audience", 1, 60.0],
        ["RU", "WhatsApp", "audience", 1, 50.0],
    ]


def test_the_page_names_the_best_figure_of_each_country_once(
    repository_results: steps.Results, tmp_path: Path
) -> None:
    steps.write(repository_results, tmp_path / "published", None)
    into = tmp_path / "page.md"
    wanted.main(["--published", str(tmp_path / "published"), "--into", str(into)])
    text = into.read_text(encoding="utf-8")
    assert repository_results.version.id in text
    first, second = (part.count("\n| RU |") for part in text.split("\n## "))
    assert (first, second) == (1, 1)


def test_without_a_version_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        wanted.main(["--published", str(tmp_path)])
    assert str(tmp_path) in capsys.readouterr().err
