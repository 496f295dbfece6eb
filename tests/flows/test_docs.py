"""What is generated is up to date, and what the README claims exists."""

import re

import pytest

from flows import CHECKOUT
from flows.documenting import docs
from flows.pipeline.steps import Results


@pytest.mark.locked  # the form of help texts follows the version of typer
@pytest.mark.parametrize("path", docs.PAGES)
def test_generated_page_is_up_to_date(
    path: str, repository_results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docs, "results", lambda: repository_results)
    text = (CHECKOUT / path).read_text(encoding="utf-8")
    assert text == docs.PAGES[path](), "run `make docs`"


def test_links_of_the_readme_lead_somewhere() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    targets = [one for one in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in one]
    assert targets
    assert [target for target in targets if not (CHECKOUT / target).exists()] == []


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="does not mark the part results"):
        docs.filled("no marks", docs.RESULTS, "a table")
