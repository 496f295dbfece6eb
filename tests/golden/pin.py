"""Pins what is published: a digest of each column of each table, of facts that do not change.

A change that is meant to change no value leaves all digests as they are. One that is meant to
writes them anew, and its commit says which columns changed and why:

    python -m tests.golden.pin

A digest covers the values of a column in the order of the rows, nulls included, and neither the
metadata of the files nor the id of their version.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from audience_impact.registers.stop import events
from flows.pipeline import steps
from flows.registers import importing
from tests.golden.worlds import WORLDS, Odd
from tests.support import FACTS, checked, load

Columns = Mapping[str, Sequence[object]]
"""Values by column."""
Tables = Mapping[str, Columns]
Digests = dict[str, dict[str, str]]
"""Digests by table and column."""

PINNED = Path(__file__).parent / "published_values.json"
SAMPLE = Path(__file__).parent / "register_sample.csv"
"""Rows as a register prints them: real events in short words of our own, and made-up defects."""
SIGNS = 12


def digest(values: Sequence[object], folders: Sequence[Path] = ()) -> str:
    """What a column holds, as a few hexadecimal digits; floats count to the last bit.

    Args:
        values: the cells, None where null.
        folders: paths of this machine, which stand in the cells that name a file.
    """
    text = repr(list(values))
    for folder in folders:
        text = text.replace(str(folder), folder.name)
    return hashlib.sha256(text.encode()).hexdigest()[:SIGNS]


def digests(tables: Tables, folders: Sequence[Path] = ()) -> Digests:
    """The digest of each column of each table."""
    return {
        table: {column: digest(values, folders) for column, values in columns.items()}
        for table, columns in tables.items()
    }


def differences(pinned: Digests, found: Digests) -> list[str]:
    """What differs, one line a table: how many of its columns, and which."""
    lines = []
    for table in sorted({*pinned, *found}):
        if table not in pinned or table not in found:
            lines.append(f"{table}: the table is {'gone' if table in pinned else 'new'}")
            continue
        before, after = pinned[table], found[table]
        columns = list(dict.fromkeys([*before, *after]))
        result = [
            column + (" (new)" if column not in before else " (gone)" * (column not in after))
            for column in columns
            if before.get(column) != after.get(column)
        ]
        if result:
            lines.append(
                f"{table}: {len(result)} of {len(columns)} columns differ: {', '.join(result)}"
            )
    return lines


def values(results: steps.Results) -> Tables:
    """The published tables as they are written."""
    return {name: table.to_pydict() for name, table in results.tables.items()}


def of_facts(results: steps.Results) -> Digests:
    """What is published of the facts of the repository."""
    return digests(values(results), [FACTS])


def layer(folder: Path) -> Path:
    """The sample of a register as a layer, written into a new folder."""
    importing.import_file(events.REGISTER, SAMPLE, folder, [FACTS], importing.Origin())
    return folder


def of_layer(folder: Path) -> Digests:
    """What an import writes, the rows it refused included."""
    written: dict[str, Columns] = {}
    for path in sorted(folder.rglob("*.csv")):
        header, rows = load(path)
        written[path.stem] = {name: [row[at] for row in rows] for at, name in enumerate(header)}
    return digests(written)


def of_facts_and_layer(folder: Path) -> Digests:
    """What is published of the facts with the layer upon them, ."""
    result = steps.refuse_errors(checked(FACTS, folder), strict=True)
    return digests(values(steps.compute_results(result, None, 0)), [FACTS, folder])


def of_world(odd: Odd, folder: Path) -> Digests:
    """What is published of an odd world, bad rows quarantined."""
    result = steps.refuse_errors(checked(odd.make().write(folder)), strict=False)
    done = steps.compute_results(result, odd.as_of, 0)
    return digests(values(done), [folder])


def everything(folder: Path) -> dict[str, Digests]:
    """All that is pinned, computed in an empty folder."""
    upon = layer(folder / "layer")
    facts = steps.refuse_errors(checked(FACTS), strict=True)
    return {
        "facts": of_facts(steps.compute_results(facts, None, 0)),
        "layer": of_layer(upon),
        "facts_and_layer": of_facts_and_layer(upon),
        **{name: of_world(odd, folder / "worlds" / name) for name, odd in WORLDS.items()},
    }


def read() -> dict[str, Digests]:
    """All that is pinned."""
    pinned: dict[str, Digests] = json.loads(PINNED.read_bytes())
    return pinned


def write(pinned: Mapping[str, Digests]) -> None:
    """Pin this from now on; a table a line, so that a change shows where it is."""
    worlds = [
        f" {json.dumps(world)}: {{\n"
        + ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(result)}" for name, result in tables.items()
        )
        + "\n }"
        for world, tables in pinned.items()
    ]
    PINNED.write_text("{\n" + ",\n".join(worlds) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Write the digests anew, and tell what changed."""
    before = read() if PINNED.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        after = everything(Path(folder))
    for world, tables in after.items():
        for line in differences(before.get(world, {}), tables):
            print(f"{world}: {line}")
    write(after)


if __name__ == "__main__":
    main()
