"""The layer of facts that `refresh` writes: which rows, and where it may lie.

`refresh.json` beside the tables holds their digests. A folder with a CSV that is not in it, or that
is not as it was written, holds somebody's work and is refused.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from audience_impact.facts import reading
from audience_impact.facts.tables import Tables
from flows.downloads import denominators
from flows.downloads.fetching import as_json, write_whole
from flows.downloads.folder import Download
from flows.downloads.names import Name
from flows.downloads.publishers import PUBLISHERS
from flows.pipeline import steps
from flows.pipeline.steps import RefusedError
from flows.serving.deploy import CHECKOUT
from schemas import contracts

MARK = "refresh.json"
HAND_MADE = CHECKOUT / "data" / "facts"


def require_own(into: Path, facts: Sequence[Path]) -> None:
    """Refuse a folder that holds facts which refresh did not write."""
    place = into.resolve()
    for folder in (HAND_MADE, *facts):
        if place == folder.resolve() or folder.resolve() in place.parents:
            raise RefusedError([f"{into} is a folder of hand-made facts: give a folder of its own"])
    if into.exists() and not into.is_dir():
        raise RefusedError([f"{into} is no folder"])
    written = _written(into)
    for path in sorted(into.iterdir()) if into.is_dir() else ():
        if path.name == MARK or path.name.startswith(".tmp-"):
            continue
        if not path.is_file() or _digest(path.read_bytes()) not in written.get(path.name, []):
            raise RefusedError(
                [f"{path} was not written by refresh, or was changed since: move it away"]
            )


def _written(into: Path) -> dict[str, list[str]]:
    """Digests of each table that refresh wrote; two where it died while writing."""
    try:
        return dict(json.loads((into / MARK).read_bytes())["files"])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RefusedError([f"{into / MARK} cannot be read ({error}): move {into} away"]) from error


def build(have: Mapping[Name, Download], facts: Sequence[Path]) -> Tables:
    """The tables of the layer, as text: bases, their sources and the lineages of these."""
    known = _known(facts)
    areas = set(known["areas"]["area_id"])
    sources = [have[name].source(PUBLISHERS[name]) for name in PUBLISHERS if name in have]
    bases, lineages = denominators.bases(have, areas), known["lineages"]
    named = denominators.series(have, bases)
    if lost := set(named) - set(lineages["lineage_id"]):
        raise RefusedError([f"the facts name no lineage {name}" for name in sorted(lost)])
    tables = {
        "lineages": lineages[lineages["lineage_id"].isin(named)],
        "sources": pd.DataFrame(sources),
        "bases": bases,
    }
    return {table: _checked(table, rows) for table, rows in tables.items()}


def _known(facts: Sequence[Path]) -> Tables:
    """Areas and lineages that the facts name."""
    headers = steps.headers()
    tables, findings = reading.read(facts, {name: headers[name] for name in ("areas", "lineages")})
    fatal = [steps.line(found) for found in findings if found.rule in reading.FATAL_RULES]
    if fatal:
        raise RefusedError(fatal)
    return tables


def _checked(table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with exactly the columns of the table, each held against its contract."""
    contracts.require_validation()
    names = list(steps.headers()[table].columns)
    told = rows.reindex(columns=names, fill_value="").astype("str").reset_index(drop=True)
    cases = contracts.failures(table, told)
    key = list(steps.headers()[table].key)
    lines = [
        f"{table}: {told[key].iloc[case.position].str.cat(sep=' ')}: {case.column}: "
        f"{contracts.message(table, case.column, case.rule)}"
        for case in cases.itertuples()
    ]
    repeats = told[told.duplicated(key)]
    lines += [f"{table}: {row} stands there twice" for row in repeats[key[0]]]
    if lines:
        raise RefusedError(lines)
    return told


def write(tables: Tables, into: Path, facts: Sequence[Path]) -> bool:
    """Write the layer, and tell whether anything in it is new; the same rows are the same bytes.

    The mark is written first, with the digests before and after: whoever dies in between leaves
    a folder that the next run still knows as its own.
    """
    require_own(into, facts)
    files = {
        f"{table}.csv": rows.to_csv(index=False, lineterminator="\n").encode()
        for table, rows in tables.items()
    }
    now = {file: [_digest(content)] for file, content in files.items()}
    before = _written(into)
    if before == now and all((into / file).is_file() for file in files):
        return False
    into.mkdir(parents=True, exist_ok=True)
    both = {file: sorted({*before.get(file, []), *now[file]}) for file in now}
    write_whole(into / MARK, as_json({"files": both}))
    for file, content in files.items():
        write_whole(into / file, content)
    write_whole(into / MARK, as_json({"files": now}))
    return True


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
