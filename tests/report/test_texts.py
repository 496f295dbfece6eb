"""The pages of words: the data with dictionary and downloads, the method, the glossary."""

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest

from audience_impact.answers import documents
from audience_impact.exporting.content import read_values
from audience_impact.exporting.workbook import LONGEST_NAME
from audience_impact.site import build, rendering, report_data
from audience_impact.site.report_data import ReportData
from audience_impact.store import versions
from flows.pipeline import steps
from tests.conftest import Once
from tests.report.test_report import hostile
from tests.support import computed


@pytest.fixture(scope="module")
def told(once: Once, tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    folder = tmp_path_factory.mktemp("texts")
    steps.publish_results(
        once("report", lambda: computed(hostile(folder / "facts"))), folder / "out", None
    )
    return report_data.load_report_data(versions.find_latest(folder / "out"))


@pytest.fixture(scope="module")
def made(told: ReportData) -> Mapping[str, bytes]:
    """Every file that is made, by its path."""
    return {one.path: one.content for one in build.make_text_pages(told)}


def page(made: Mapping[str, bytes], path: str) -> str:
    return made[path].decode()


def test_the_dictionary_has_every_column_and_every_value(
    made: Mapping[str, bytes], told: ReportData
) -> None:
    text = page(made, "data.html")
    resources = [one for one in told.stored.manifest["resources"] if "schema" in one]  # tables
    assert len(resources) == len(told.stored.manifest["resources"]) - 1
    for resource in resources:
        assert f'<h3 id="{resource["name"]}">' in text
        for field in resource["schema"]["fields"]:
            assert f"<code>{field['name']}</code>" in text
            for value, meaning in read_values(field).items():
                row = f"<td><code>{rendering.load_environment().filters['e'](value)}</code></td>"
                assert row in text
                assert str(rendering.FILTERS["code_spans"](meaning)) in text


def test_names_between_backticks_are_code_and_the_rest_stays_text(
    made: Mapping[str, bytes],
) -> None:
    assert rendering.FILTERS["code_spans"]("<b> or `a_b`, `c`") == (
        "&lt;b&gt; or <code>a_b</code>, <code>c</code>"
    )
    text = page(made, "data.html")
    assert re.search(r"<p>[^<]*take\s+<code>countries_by_year</code>", text)
    assert "`" not in text
    assert text.count("<td>as ") > 5, "what was told is not told again"


def test_the_downloads_are_the_tables(made: Mapping[str, bytes], told: ReportData) -> None:
    stem = f"data/audience-impact-{told.stored.id}"
    book = openpyxl.load_workbook(io.BytesIO(made[f"{stem}.xlsx"]), read_only=True)
    names = told.stored.count_rows()
    assert {*(name[:LONGEST_NAME] for name in names), "about"} <= set(book.sheetnames)
    for ending in ("csv", "parquet"):
        with zipfile.ZipFile(io.BytesIO(made[f"{stem}.{ending}.zip"])) as files:
            paths = {told.stored.find_path(name).replace("parquet", ending) for name in names}
            assert paths <= set(files.namelist())
        assert f'href="{stem}.{ending}.zip" download' in page(made, "data.html")


def test_the_method_is_whole_with_anchors_and_tables(made: Mapping[str, bytes]) -> None:
    text = page(made, "method.html")
    source = documents.render_method()
    ids = re.findall(r'<h2 id="([^"]+)">', text)
    assert len(ids) == len(set(ids)) == len(re.findall(r"^## ", source, re.MULTILINE))
    led = re.findall(r'href="#([^"]+)"', text)
    assert {"which-figure-which-status", *ids} <= {*led}
    assert set(led) <= {*ids, "content"}
    assert text.count("<table>") == len(re.findall(r"^\|[-| :]+\|$", source, re.MULTILINE))
    assert text.count("<table>") == text.count('aria-label="Table ')
    assert re.findall(r"style=|<!--|&lt;!--", text) == []


def test_the_glossary_tells_every_term_that_is_built(made: Mapping[str, bytes]) -> None:
    text = page(made, "glossary.html")
    for term in documents.read_terms():
        assert (f'<dt id="{rendering.make_anchor(term.term)}">' in text) == (term.built == "yes")
    assert '<dt id="90-interval">90 % interval</dt>' in text


def test_a_link_of_the_method_that_leads_nowhere_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of the documentation that the report does not have may not be linked."""
    for link in re.findall(r"\]\(([^)]+)\)", documents.METHOD.read_text("utf-8")):
        assert link.startswith("#")
    path = tmp_path / "method.md"
    path.write_text("# T\n\n## A <b>\n\n<script>1</script>\n\n| a |\n| --: |\n| 1 |\n", "utf-8")
    monkeypatch.setattr(documents, "METHOD", path)
    text = str(build.render_method()[1]["text"])
    assert '<h2 id="a-b">A &lt;b&gt;</h2>' in text
    assert "&lt;script&gt;" in text
    assert '<td class="n">1</td>' in text
