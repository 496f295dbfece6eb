"""The published sources say in words what a page does not say."""

import pandas as pd
import pytest

from audience_impact.outputs.lineage import make_sources
from flows.pipeline import steps
from tests.support import world


def test_what_nobody_noted_is_said_and_what_stands_there_stays() -> None:
    made = world().add("sources", source_id="told", title="A title", licence="not stated")
    found = make_sources(made.typed()).set_index("source_id")
    told = found.loc["told", ["title", "published_on", "licence"]]
    assert list(told) == ["A title", "not recorded", "not stated"]
    assert (found.loc["panel-page", ["title", "published_on", "licence"]] == "not recorded").all()


@pytest.mark.parametrize(
    ("title", "named"), [("A title", "A title"), ("not recorded", "A publisher")]
)
def test_a_source_without_a_title_is_named_by_its_publisher(title: str, named: str) -> None:
    rows = pd.DataFrame([{"title": title, "publisher": "A publisher", "url": ""}])
    assert steps._describe_sources(rows) == [{"title": named}]
