"""Places in texts of registers, and who is online in them, where neither was seen.

    python -m benchmarks.places [FILE...] [--without-country] [--format json]

A FILE is a CSV table of texts (see `benchmarks.place_names`), or of people online in regions (see
`benchmarks.place_online`; with `--without-country` no regional figure of its country is looked
at): each of its rows comes back with what was read or foretold, and the table is scored. Without
one, names and places, regions and countries are left out of the facts.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from audience_impact.facts.tables import Tables
from benchmarks import place_names, place_online
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"


def read(path: Path) -> pd.DataFrame:
    """A table as text.

    Raises SystemExit with a line that says what is missing.
    """
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    if not place_names.is_names(table) and not place_online.is_regional(table):
        needed = ", ".join(place_names.NEEDED)
        other = "place_id, year, base, and share or value"
        raise SystemExit(f"{path}: no table of places; it needs the columns {needed}, or {other}")
    return table


def answered(table: pd.DataFrame, tables: Tables, without_country: bool) -> pd.DataFrame:
    """A table as read, with what was read in its texts, or foretold of its regions."""
    if place_names.is_names(table):
        return place_names.answered(table, tables)
    return place_online.answered(table, tables, without_country)


def summary(told: pd.DataFrame, tables: Tables) -> str:
    """How a table did."""
    if place_online.is_regional(told):
        return "\n".join(place_online.lines(place_online.with_country(told, tables), "rung"))
    return lines(place_names.summary(told))


def scores(tables: Tables, as_json: bool) -> str:
    """How names and places, regions and countries left out of the facts did."""
    names, online = place_names.left_out(tables), place_online.left_out(tables)
    if not as_json:
        return "\n".join([names.round(3).to_string(), "", *place_online.lines(online, "left_out")])
    each = {str(name): asdict(place_online.score(own)) for name, own in online.groupby("left_out")}
    return json.dumps({"names": json.loads(names.to_json(orient="index")), "people_online": each})


def records(told: pd.DataFrame) -> list[dict[str, object]]:
    """Rows with nothing where a number is not known."""
    plain = told.astype("object").where(told.notna(), None)
    return [{str(name): cell for name, cell in row.items()} for row in plain.to_dict("records")]


def lines(found: dict[str, object]) -> str:
    """A summary as a table."""
    result = [
        f"| {name} | {value:.3f} |" if isinstance(value, float) else f"| {name} | {value} |"
        for name, value in found.items()
    ]
    return "\n".join(["| what | |", "|---|---|", *result])


def main(words: Sequence[str] | None = None) -> int:
    """Score tables, or the facts with names left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--without-country", action="store_true")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    asked = parser.parse_args(words)
    tables = steps.validate_facts(steps.read_facts([FACTS])).tables
    if not asked.files:
        print(scores(tables, asked.format == "json"))
        return 0
    result = [answered(read(path), tables, asked.without_country) for path in asked.files]
    if asked.format == "json":
        rows = [row for each in result for row in records(each)]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    for path, each in zip(asked.files, result, strict=True):
        print(f"{path.name}\n{summary(each, tables)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
