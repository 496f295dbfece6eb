"""Places in texts of registers: `python -m benchmarks.places [FILE...] [--format json]`.

A FILE is a CSV table of texts (see `benchmarks.place_names`): each of its rows comes back with what
was read, and the table is scored. Without one, names and places are left out of the facts.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks import place_names
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"


def read(path: Path) -> pd.DataFrame:
    """A table as text.

    Raises SystemExit with a line that says what is missing.
    """
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    if not place_names.is_names(table):
        needed = ", ".join(place_names.NEEDED)
        raise SystemExit(f"{path}: no table of places; it needs the columns {needed}")
    return table


def records(told: pd.DataFrame) -> list[dict[str, object]]:
    """Rows with nothing where a number is not known."""
    plain = told.astype("object").where(told.notna(), None)
    return [{str(name): cell for name, cell in row.items()} for row in plain.to_dict("records")]


def lines(found: dict[str, object]) -> str:
    """A summary as a table."""
    told = [
        f"| {name} | {value:.3f} |" if isinstance(value, float) else f"| {name} | {value} |"
        for name, value in found.items()
    ]
    return "\n".join(["| what | |", "|---|---|", *told])


def main(words: Sequence[str] | None = None) -> int:
    """Score tables, or the facts with names left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    asked = parser.parse_args(words)
    tables = steps.check(steps.read([FACTS])).tables
    if not asked.files:
        found = place_names.left_out(tables)
        as_json = asked.format == "json"
        print(found.to_json(orient="index") if as_json else found.round(3).to_string())
        return 0
    told = [place_names.answered(read(path), tables) for path in asked.files]
    if asked.format == "json":
        rows = [row for each in told for row in records(each)]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    for path, each in zip(asked.files, told, strict=True):
        print(f"{path.name}\n{lines(place_names.summary(each))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
