"""The published sources say in words what a page does not say."""

import pandas as pd
import pytest

from audience_impact.answers import names
from audience_impact.outputs.lineage import make_sources
from flows.pipeline import steps
from tests.support import world


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
