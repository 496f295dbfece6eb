"""The measurer is named before the page that relays the figure."""

import pandas as pd
import pytest

from audience_impact.outputs.lineage import UNSTATED, name_origin, period_in_words
from tests.support import world


@pytest.mark.parametrize(("measurer", "publisher", "period", "words"), [
    ("Mediascope", "Vanguard (NG)", "2025-07", "Mediascope, July 2025 (via Vanguard)"),
    ("Mediascope", "Mediascope", "2025-07", "Mediascope, July 2025"),
    ("World Bank", "World Bank (copy in datasets/population)", "2023", "World Bank, 2023"),
    ("AGETIC Bolivia", "AGETIC Bolivia, Encuesta Nacional TIC", None, "AGETIC Bolivia"),
    ("DataReportal (Kepios)", "WION", None, "DataReportal (Kepios) (via WION)"),
    ("audience-impact projection from ITU data", "Our World in Data (repository copy)", "2026",
     "audience-impact projection from ITU data, 2026"),
    (None, "Boing Boing", "2016", f"{UNSTATED}, 2016 (via Boing Boing)"),
])  # fmt: skip
def test_the_measurer_stands_before_the_page(
    measurer: str | None, publisher: str, period: str | None, words: str
) -> None:
    assert name_origin(measurer, publisher, period) == words


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2025", "2025"),
        ("2025-07", "July 2025"),
        ("2025-07-03", "3 July 2025"),
        ("2025-Q3", "Q3 2025"),
        ("2025-H1", "H1 2025"),
        ("2025-08-22/2025-08-24", "22 August 2025 to 24 August 2025"),
    ],
)
def test_a_period_is_told_in_words(period: str, words: str) -> None:
    assert period_in_words(period) == words


def used(made: pd.DataFrame, role: str) -> pd.Series:
    return made[made["role"] == role].iloc[0]


@pytest.mark.chain
def test_a_figure_of_another_programme_than_its_page_names_that_programme() -> None:
    made = world().estimate("E1", measurement_series_id="other-panel").restrict("R1", "alpha")
    row = used(made.results()["lineage"], "audience")
    assert row["measurer"] == "other-panel"
    assert row["attribution"].startswith("other-panel, ")
    assert row["attribution"].endswith(f"(via {row['publisher']})")


@pytest.mark.chain
def test_a_page_that_does_not_say_who_measured_is_no_measurer() -> None:
    made = world().estimate("E1", measurement_series_id="press").restrict("R1", "alpha")
    row = used(made.results()["lineage"], "audience")
    assert pd.isna(row["measurer"])
    assert row["attribution"].startswith(f"{UNSTATED}, ")


@pytest.mark.chain
def test_of_an_act_stands_who_reports_it() -> None:
    lineage = world().estimate("E1").restrict("R1", "alpha").results()["lineage"]
    for role in ("restriction", "target"):
        row = used(lineage, role)
        assert pd.isna(row["measurer"])
        assert row["attribution"] == row["publisher"]


@pytest.mark.chain
def test_of_an_act_stands_the_house_that_wrote_the_page_not_the_one_that_copied_it() -> None:
    made = world().add("sources", source_id="copy", publisher="An agency (A newspaper)")
    lineage = made.estimate("E1").restrict("R1", "alpha", source_id="copy").results()["lineage"]
    assert used(lineage, "restriction")["attribution"] == "An agency"
