"""The documentation: its table of results, its links, and what the build puts into its pages."""

import re
from numbers import Real
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import polars as pl
import pytest

from audience_impact.answers import documents
from audience_impact.outputs.review import status_rules
from benchmarks import page as validation
from flows import CHECKOUT
from flows.documenting import docs
from flows.pipeline.quality import collect_rules
from flows.pipeline.steps import Results

PAGES = [
    *(CHECKOUT / name for name in ("README.md", "CONTRIBUTING.md", "data/facts/README.md")),
    *sorted((CHECKOUT / "docs").rglob("*.md")),
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


@pytest.mark.locked  # the rounded numbers follow the versions of numpy and scipy
@pytest.mark.parametrize("path", docs.PAGES)
def test_results_and_questions_are_up_to_date(path: str) -> None:
    text = (CHECKOUT / path).read_text(encoding="utf-8")
    assert text == docs.update_page(path), "run `make docs`"


def list_cells(result: Any) -> tuple[list[str], list[float]]:
    """Return the texts and the numbers of a result of pandas, polars or DuckDB, sorted."""
    if isinstance(result, pd.DataFrame | pd.Series) and result.index.name:
        result = result.reset_index()
    rows = result.rows() if isinstance(result, pl.DataFrame) else result
    cells = pd.DataFrame(rows).to_numpy().ravel()
    return (
        sorted(cell for cell in cells if isinstance(cell, str)),
        sorted(float(cell) for cell in cells if isinstance(cell, Real)),
    )


@pytest.mark.locked
def test_the_libraries_agree_on_each_question_in_five_lines() -> None:
    page = (CHECKOUT / docs.ANALYSIS).read_text(encoding="utf-8")
    setup, *questions = page.split("\n## ")
    results = docs.run_blocks(page)[len(docs.BLOCK.findall(setup)) :]
    assert len(questions) == 10
    for question in questions:
        codes = [block[2] for block in docs.BLOCK.finditer(question)]
        assert max(code.count("\n") for code in codes) <= 5
        (texts, numbers), *others = map(list_cells, results[:3])
        assert texts or numbers
        for other_texts, other_numbers in others:
            assert other_texts == texts, question
            assert other_numbers == pytest.approx(numbers, rel=1e-6), question
        results = results[len(codes) :]


def test_the_starter_of_own_facts_has_the_headings_of_all_tables() -> None:
    folder = CHECKOUT / docs.STARTER
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.csv")}
    assert written == docs.format_starter()


def test_a_question_that_no_command_answers_is_refused(
    repository_results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docs, "compute_results", lambda: repository_results)
    monkeypatch.setattr(docs, "QUESTIONS", [("Where is it?", "show atlantis")])
    with pytest.raises(ValueError, match="audience-impact show atlantis: No events for 'atlantis'"):
        docs.format_questions()


def broken_links(page: Path, text: str) -> list[str]:
    """Return the relative links of a page that lead to no file, or to no heading of one."""
    links = [link for link in LINK.findall(CODE.sub("", text)) if "://" not in link]
    return [link for link in links if not leads_somewhere(page, link)]


def leads_somewhere(page: Path, link: str) -> bool:
    """Return whether a link leads to a file of the repository and, where it says, to a heading."""
    name, _, heading = link.partition("#")
    file = (page.parent / name).resolve() if name else page
    return file.exists() and (not heading or heading in anchors(file))


def anchors(file: Path) -> set[str]:
    """Return the anchors of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_lead_to_files_of_the_repository(page: Path) -> None:
    text = page.read_text("utf-8")
    assert broken_links(page, text) == []
    named = re.findall(r"`(docs/[\w/-]+\.md)`", text)
    assert [name for name in named if not (CHECKOUT / name).exists()] == []


def test_a_link_that_leads_nowhere_is_seen() -> None:
    page = CHECKOUT / "README.md"
    text = "[a](docs/gone.md) [b](docs/method.md#gone) [c](docs/method.md#bounds) `[d](e.md)`"
    assert broken_links(page, text) == ["docs/gone.md", "docs/method.md#gone"]


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="does not mark the part results"):
        docs.fill_part("no marks", "results", "a table")


def test_every_mark_is_filled_and_every_maker_has_its_mark() -> None:
    texts = [path.read_text("utf-8") for path in PAGES]
    assert {name for text in texts for name in docs.MARK.findall(text)} == set(docs.MADE)


def built(name: str) -> str:
    """Return a page of docs/ as the build of the site has it, before it becomes HTML."""
    page = SimpleNamespace(file=SimpleNamespace(src_uri=name))
    return docs.on_page_markdown((CHECKOUT / "docs" / name).read_text("utf-8"), page=page)


def test_the_build_fills_pages_and_links_the_pages_that_they_name() -> None:
    assert all(f"| `{rule.id}` |" in built("checks.md") for rule in collect_rules())
    assert all(f"| `{rule.id}` |" in built("method.md") for rule in status_rules.TABLE)
    assert "[`docs/validation.md`](validation.md)" in built("method.md")
    assert "## `audience-impact import`" in built("command.md")
    assert "| `audience_impact.facts` | " in built("architecture.md")


def test_the_package_reads_the_page_of_the_method() -> None:
    assert (CHECKOUT / "docs" / "method.md").samefile(documents.METHOD)
    assert documents.STATUS not in documents.render_method()


def test_the_page_of_the_method_has_the_fitted_errors_of_figures() -> None:
    table = pd.read_csv(CHECKOUT / "data" / "facts" / "figure_errors.csv")
    fitted = table[table["pairs"] > 0]
    rows = re.findall(
        r"^\| [a-z].+ \| ([-\d.]*) ?\| ([-\d.]*) ?\| ([-\d.]+) \| ([\d,]+) \| (\d+) \|$",
        (CHECKOUT / "docs" / "method.md").read_text("utf-8"),
        re.MULTILINE,
    )
    printed = [cells[place] for cells in rows for place in range(3) if cells[place]]
    assert printed == [f"{value:.3f}" for value in fitted["value"]]
    counts = fitted.drop_duplicates("parameter")[["pairs", "measurers"]]
    assert [(cells[3], cells[4]) for cells in rows] == [
        (f"{pairs:,}", f"{measurers}") for pairs, measurers in counts.to_numpy().tolist()
    ]


PRINTED = "| inside |\n|---|\n| 0.90 |\n"
MEASURED_PAGE = f"Text.\n\n    python -m benchmarks.errors --format table\n\n{PRINTED}\nText.\n"


def test_a_number_of_the_validation_page_that_differs_is_named() -> None:
    page = MEASURED_PAGE.replace("0.90", "0.95")
    mended, changed = validation.measure_page(page, run=lambda _: PRINTED)
    assert (mended, changed) == (MEASURED_PAGE, ["benchmarks.errors --format table"])
    assert validation.measure_page(mended, run=lambda _: PRINTED) == (mended, [])
    assert validation.measure_page(page, ["shares"], run=lambda _: PRINTED) == (page, [])


@pytest.mark.chain
@pytest.mark.locked  # the rounded numbers follow the versions of numpy and scipy
@pytest.mark.parametrize("command", ["errors", "chances", "shares"])
def test_tables_of_the_validation_page_are_those_of_the_facts(command: str) -> None:
    page = validation.PAGE.read_text("utf-8")
    words = [f"benchmarks.{command}"]
    assert any(words[0] in found["command"] for found in validation.MEASURED.finditer(page))
    assert validation.measure_page(page, words)[1] == [], "run `python -m benchmarks.page`"
