"""Tables of phrases: what they say, and how a reading finds its phrases."""

import re
from pathlib import Path

import pandas as pd
import pytest

from audience_impact.registers.phrase_tables import PhraseTable
from audience_impact.registers.stop import words

TABLE = PhraseTable(
    {
        "verb": (("cut", ""), (r"shut ?down", "")),
        "cut": ((r"\binternet (?:\w+ )?{verb}\b", ""),),
        "kind": ((r"\bapps?\b", "app"), (r"\bsocial media\b", "network")),
    }
)


def test_a_reading_finds_what_its_phrases_say() -> None:
    match = TABLE.find("cut", "Nothing here.", "The Internet was shut down.")
    assert match is not None
    assert match[0] == "Internet was shut down"
    assert TABLE.find("cut", "The cut was long.") is None
    assert TABLE.list_meanings("kind", "Social media apps were blocked.") == ["app", "network"]
    with pytest.raises(KeyError):
        TABLE.expand("{nobody}")


def test_each_phrase_can_be_read_and_each_reading_is_used_and_explained() -> None:
    folder = Path(words.__file__).parent
    rows = pd.read_csv(folder / "phrases.csv", dtype="str", keep_default_na=False)
    assert not rows.duplicated(["reading", "phrase"]).any()
    code = " ".join(path.read_text("utf-8") for path in sorted(folder.glob("*.py")))
    for reading, own in rows.groupby("reading", sort=False):
        assert own["comment"].iloc[0], reading
        used = (
            f'"{reading}"' in code
            or rows["phrase"].str.contains(f"{{{reading}}}", regex=False).any()
        )
        assert used, reading
        for phrase in own["phrase"]:
            expanded = words.PHRASES.expand(phrase)
            re.compile(expanded, re.IGNORECASE)
