"""Every notebook runs from top to bottom against a published version, and is kept as it ran."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import audience_impact as ai

pytestmark = pytest.mark.service

HOME = Path(__file__).resolve().parents[2]
NOTEBOOKS = {path.stem: path for path in sorted((HOME / "notebooks").glob("*.ipynb"))}
SAID = {
    "affected_populations": "the fewest, with the errors of 99 % of such figures",
    "rank_and_map": "Uganda",
    "region_in_a_year": "million people** in Africa",
    "what_would_narrow": "ask one sample of the country which of these services",
}
"""Words that a notebook has to show."""
MOST_BYTES = 150_000
MOST_LINES = 26
"""About ten statements, as the formatter writes them."""


def read_notebook(name: str) -> Any:
    """A notebook as it is kept."""
    return nbformat.reads(NOTEBOOKS[name].read_text(encoding="utf-8"), as_version=4)


def ran(notebook: Any, published: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same, run against a version."""
    monkeypatch.setenv("AUDIENCE_IMPACT_PUBLISHED", str(published))
    folder = {"metadata": {"path": str(HOME / "notebooks")}}
    NotebookClient(notebook, timeout=600, resources=folder).execute()
    return notebook


def outputs(notebook: Any) -> list[Any]:
    """What its cells put out."""
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def shown(notebook: Any) -> str:
    """What can be read in it, without markup."""
    texts = [
        str(output.get("data", {}).get(kind, ""))
        for output in outputs(notebook)
        for kind in ("text/markdown", "text/html", "text/plain")
    ]
    return re.sub(r"&#(\d+);", lambda sign: chr(int(sign[1])), " ".join(texts))


def changed(notebook: Any, name: str, value: str | int) -> Any:
    """The notebook with another parameter in its first cell of code."""
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    written = f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
    cell.source, count = re.subn(rf"(?m)^{name} = .+$", written, cell.source)
    assert count == 1
    return notebook


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_shows_what_it_is_about(
    name: str, repository_published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = ran(read_notebook(name), repository_published, monkeypatch)
    assert any("image/png" in output.get("data", {}) for output in outputs(notebook))
    assert SAID[name] in shown(notebook)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_kept_as_it_ran_small_and_without_paths_of_a_machine(name: str) -> None:
    notebook, text = read_notebook(name), NOTEBOOKS[name].read_text(encoding="utf-8")
    assert any("image/png" in output.get("data", {}) for output in outputs(notebook))
    assert not [out for out in outputs(notebook) if out.output_type in ("error", "stream")]
    assert SAID[name] in shown(notebook)
    assert len(text.encode()) < MOST_BYTES
    assert not re.search(r"/(home|tmp|work|root|Users)/", text)
    assert [cell.id for cell in notebook.cells] == [
        f"cell-{number}" for number in range(1, len(notebook.cells) + 1)
    ]


def test_another_region_and_year_are_a_change_of_two_words(
    repository_published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    years = ai.load(repository_published).regions_by_year.query("kind == 'all' and year == 2025")
    (asia,) = years.query("area_name == 'Asia'").itertuples()
    for name in ("region_in_a_year", "rank_and_map"):
        notebook = changed(changed(read_notebook(name), "region", "Asia"), "year", 2025)
        result = shown(ran(notebook, repository_published, monkeypatch))
        assert "Nepal" in result
        assert "Uganda" not in result
        if name == "region_in_a_year":
            assert f"In 2025, about **{asia.q50_persons / 1e6:,.0f} million people**" in result


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_short(name: str) -> None:
    code = [cell.source for cell in read_notebook(name).cells if cell.cell_type == "code"]
    lines = [line for source in code for line in source.splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES
    assert "load(" in "".join(code)


def test_what_has_no_estimate_is_said_in_a_line(
    repository_published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = changed(read_notebook("what_would_narrow"), "restriction", "RU-2024-08-12-adsense")
    with pytest.raises(CellExecutionError, match="no estimate to narrow"):
        ran(notebook, repository_published, monkeypatch)
