"""One record, one wording: every place that renders an answer says the same of it."""

import io
import re
import zipfile
from html import unescape
from pathlib import Path

import pyarrow as pa
import pytest

from audience_impact.answers import sentences, text
from audience_impact.answers.citation import cite_restriction
from audience_impact.answers.records import AnswerRecord, Driver, build_records
from audience_impact.exporting import content
from audience_impact.exporting.workbook import make_workbook
from audience_impact.site import report_data, restriction, rows
from audience_impact.site.report_data import ReportData
from audience_impact.store.publishing import Published
from flows.pipeline import steps
from tests.engine import calibrated
from tests.support import checked
from tests.support import world as small_world

BEYOND, SHOWN = 1.028, "100 % ± 5 %"
"""A share of the variance as it may be estimated, with its error, and what is honest of it."""


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("wording")
    made = calibrated(small_world()).estimate("E1").estimate("E2", platform_id="beta")
    made.restrict("both", "alpha", "beta").restrict("one", "beta").write(folder / "facts")
    result = steps.refuse_errors(checked(folder / "facts"), strict=False)
    return steps.publish_results(steps.compute_results(result, None, 0), folder / "published", None)


@pytest.fixture(scope="module")
def pages(version: Published) -> ReportData:
    """The version, but with a share of the variance that is above the whole."""
    result = report_data.load_report_data(version.version)

    def read(name: str) -> pa.Table:
        table = result.stored.read_arrow(name)
        if name != "sensitivity":
            return table
        rows = table.to_pandas()
        shares = rows["first_order_share"]
        rows = rows.assign(
            first_order_share=shares.where(shares.isna(), BEYOND), first_order_error_share=0.05
        )
        return pa.Table.from_pandas(rows, preserve_index=False)

    vars(result)["records"] = build_records(read)
    return result


def workbook(record: AnswerRecord, version: Published) -> str:
    """The texts of the cover of the workbook of a restriction, and of its lists."""
    tables = content.read_all_tables(version.version)
    answered = content.add_restriction_answers(tables, [record], version.version)
    with zipfile.ZipFile(io.BytesIO(make_workbook(answered))) as book:
        return unescape(book.read("xl/sharedStrings.xml").decode())


def page(pages: ReportData, name: str) -> str:
    """The page of a restriction, without its markup."""
    made = next(
        one for one in restriction.make_pages(pages) if one.path == f"restriction/{name}.html"
    )
    return unescape(re.sub("<[^>]+>", " ", made.content.decode()))


@pytest.mark.parametrize("name", ["both", "one"])
def test_every_place_renders_the_answer_in_the_same_words(
    name: str, version: Published, pages: ReportData, tmp_path: Path
) -> None:
    record = pages.records[name]
    headline, answer = (
        sentences.write_headline(record),
        sentences.write_answer(record, version.version.id),
    )
    assert answer.startswith(headline)
    assert answer in text.render_restriction(record, version.version.id)
    assert answer in workbook(record, version)
    assert headline in page(pages, name)
    cited = cite_restriction(record, version.version).format_text()
    assert cited in page(pages, name)
    assert cited in workbook(record, version)
    for number in record.numbers:
        if number.people.interval:
            assert number.status in page(pages, name)


def test_a_share_of_the_variance_is_never_above_the_whole(pages: ReportData) -> None:
    record = pages.records["both"]
    assert BEYOND in {driver.first_order_share for driver in record.drivers}
    shares = {one.share_text for one in record.drivers if one.share is not None}
    assert shares == {SHOWN}
    picture = rows.draw_drivers(
        "T", [one for one in record.drivers if one.metric == record.leading.metric]
    )
    shown = (text.render_restriction(record), page(pages, "both"), unescape(picture))
    for one in shown:
        assert SHOWN in one
        assert "102" not in one.replace("102,", "")


def test_a_share_and_its_error_are_whole_percents() -> None:
    def share(value: float | None, error: float) -> str:
        return Driver(first_order_share=value, first_order_error_share=error).share_text

    assert share(0.885, 0.034) == "88 % ± 3 %"
    assert share(0.02, 0.0004) == "2 % ± 1 %"
    assert share(None, 0.0) == "-"
