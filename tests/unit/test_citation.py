"""How an answer is cited: as text, BibTeX and CSL-JSON."""

import json
from dataclasses import replace

from audience_impact.answers.citation import Citation

CITED = Citation(
    "R_1{}",
    r"People touched by the block of A&B 50% #1 $x_y {z} \cite~^ in France",
    "2026-01-31",
    "2026-01-31-0123456789ab",
    "CC-BY-4.0",
    "https://creativecommons.org/licenses/by/4.0/",
)
ITEM = {
    *("id", "type", "title", "author", "issued", "container-title", "version", "number", "note"),
    "language",
}
"""Fields of CSL-JSON that an item here has; the schema allows no others than its own."""


def test_the_text_names_version_day_and_licence() -> None:
    text = CITED.format_text()
    for part in (CITED.title, CITED.version_id, "31 January 2026", "CC-BY-4.0", "R_1{}"):
        assert part in text
    assert "\n" not in text


def test_the_text_names_the_ids_of_the_event_elsewhere() -> None:
    text = replace(CITED, other_ids="IODA 10E65557").format_text()
    assert "Restriction R_1{} (IODA 10E65557). " in text
    assert "()" not in CITED.format_text()


def test_bibtex_takes_nothing_of_a_title_for_a_command() -> None:
    entry = CITED.format_bibtex()
    first, title = entry.splitlines()[0], next(x for x in entry.splitlines() if "title" in x)
    assert first == "@misc{audience-impact:2026-01-31-0123456789ab:R1,"
    assert title == (
        r"  title = {{People touched by the block of A\&B 50\% \#1 \$x\_y \{z\} "
        r"\textbackslash{}cite\textasciitilde{}\textasciicircum{} in France}},"
    )
    assert entry.count("{") == entry.count("}")
    assert "year = {2026},\n  month = {1}," in entry


def test_csl_json_is_a_list_of_one_item() -> None:
    (item,) = json.loads(CITED.format_csl_json())
    assert set(item) == ITEM
    assert item["type"] == "dataset"
    assert item["title"] == CITED.title
    assert item["issued"] == {"date-parts": [[2026, 1, 31]]}
    assert item["version"] == CITED.version_id
    assert "CC-BY-4.0" in item["note"]
