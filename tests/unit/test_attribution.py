"""The measurer is named before the page that relays it; sources say what a page does not."""

import pandas as pd
import pytest

from audience_impact.answers import names
from audience_impact.outputs.lineage import UNSTATED, make_sources, name_origin, period_in_words
from flows.pipeline import steps
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


def test_what_nobody_noted_is_said_and_what_stands_there_stays() -> None:
    made = world().add("sources", source_id="told", title="A title", licence="not stated")
    result = make_sources(made.typed()).set_index("source_id")
    told = result.loc["told", ["title", "published_on", "licence"]]
    assert list(told) == ["A title", "not recorded", "not stated"]
    assert (result.loc["panel-page", ["title", "published_on", "licence"]] == "not recorded").all()


@pytest.mark.parametrize(
    ("title", "named"), [("A title", "A title"), ("not recorded", "A publisher")]
)
def test_a_source_without_a_title_is_named_by_its_publisher(title: str, named: str) -> None:
    cells = {"source_id": "S", "publisher": "A publisher", "url": "", "licence": "CC0"}
    (source,) = steps.describe_sources(pd.DataFrame([{"title": title, **cells}]))
    assert source == {"source_id": "S", "title": named, "licence": "CC0"}


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ({"title": "A title", "published_on": "2025-07"}, "A title"),
        ({"title": "not recorded", "published_on": "2025-07-13"}, "A publisher, 13 July 2025"),
        ({"title": "not recorded", "published_on": "not recorded"}, "A publisher"),
        ({"title": None}, "A publisher"),
    ],
)
def test_the_text_of_a_link_is_the_title_or_the_publisher_and_the_date(
    cells: dict[str, str], named: str
) -> None:
    assert names.name_source({"publisher": "A publisher", **cells}) == named


@pytest.mark.parametrize(
    ("licence", "named"),
    [
        ("CC BY 4.0", "licence CC BY 4.0"),
        ("not stated", "licence not stated"),
        ("not recorded", ""),
    ],
)
def test_a_licence_is_named_where_somebody_looked_for_it(licence: str, named: str) -> None:
    assert names.name_licence({"licence": licence}) == named
