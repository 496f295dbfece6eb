"""What is compared: a published version, or folders of facts computed now.

A version is named by its id or the beginning of it, by `latest` or `previous` (published before the
latest), or by the path of its folder.
"""

import tempfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd

from audience_impact import pipeline as impact
from audience_impact.facts import reading as files
from audience_impact.facts.tables import Tables
from audience_impact.pipeline import Only, Outputs, Settings
from audience_impact.store import PublishError, storage, versions
from audience_impact.store.manifest import MANIFEST
from audience_impact.store.versions import Stored, Version
from audience_impact.vocabulary import FindingSeverity
from flows.comparing.answers import together
from flows.pipeline import steps
from flows.pipeline.headers import headers

LATEST, PREVIOUS = "latest", "previous"


@dataclass(frozen=True)
class Asked:
    """What a calculation was asked for beside the facts."""

    as_of: date
    seed: int = 0
    is_repaired: bool = False


@dataclass(frozen=True)
class Side:
    """One of two things compared.

    Attributes:
        name: The id of the version, or the folders.
        version: What identifies the version; None of facts that are computed now.
        method: What the numbers mean, and the digest of the code that made them.
        asked: What was asked beside the facts.
        answers: As `answers.together` has them.
        facts: The facts as text, those that were known where that was asked; None where the
            version holds none.
        refused_count: Rows of facts that are in quarantine.
        known_by: The day on which the facts were known, where that was asked.
    """

    name: str
    version: Version | None
    method: str
    asked: Asked
    answers: pd.DataFrame
    facts: Tables | None
    refused_count: int
    known_by: date | None = None


def find(root: Path, name: str) -> Stored:
    """The version of a name; of a folder that holds versions, the latest.

    Raises PublishError where there is none, or several begin so.
    """
    if name == LATEST:
        return versions.latest(root)
    if name == PREVIOUS:
        return _only(before(versions.latest(root)), name, root)
    if (path := Path(name)).is_dir():
        place = path.resolve()
        is_version = (place / MANIFEST).is_file()
        return Stored(storage.at(place.parent), place.name) if is_version else versions.latest(path)
    return _only([one for one in _listed(storage.at(root)) if one.id.startswith(name)], name, root)


def _only(found: list[Stored], name: str, root: Path) -> Stored:
    if len(found) == 1:
        return found[0]
    if found:
        raise PublishError(f"{name} begins several versions: {', '.join(one.id for one in found)}")
    if name == PREVIOUS:
        raise PublishError(
            f"there is one version alone below {root}, so nothing to compare it with: run again "
            "when facts have changed, or see what an edit does with --facts DIR"
        )
    advice = "name one by its id, by latest or previous, or by its folder"
    raise PublishError(f"there is no version {name} below {root}: {advice}")


def before(version: Stored) -> list[Stored]:
    """The version that was published before another, where there is one."""
    every = _listed(version.store)
    names = [one.id for one in every]
    return every[: names.index(version.id)][-1:] if version.id in names else []


def _listed(store: storage.Storage) -> list[Stored]:
    """The versions of a storage, that which was published first before others."""
    try:
        names = store.list(versions.VERSIONS)
    except OSError:
        return []
    return [Stored(store, f"{versions.VERSIONS}/{name}") for name in names if versions.is_id(name)]


def published(stored: Stored) -> Side:
    """A published version.

    Raises PublishError where it is damaged, or holds facts that are not its own.
    """
    told = stored.version
    method, asked = told.method
    tables = [stored.table(name) for name in ("impact", "impact_by_area")]
    day = told.as_of if steps.AS_KNOWN in asked else None
    return Side(
        stored.id,
        told,
        method,
        Asked(told.as_of, told.seed, steps.REPAIR in asked),
        together(*tables),
        _facts(stored, day),
        len(stored.table("quarantine")[["row_layer", "file", "line"]].drop_duplicates()),
        day,
    )


def _facts(stored: Stored, day: date | None) -> Tables | None:
    """The facts of a version as text, as they were known on a day where that was asked."""
    with tempfile.TemporaryDirectory() as folder:
        layers = stored.facts(Path(folder))
        if not layers:
            return None
        reading = steps.read(layers)
    found = files.digest(reading.files, len(layers), headers())
    if found != stored.version.inputs_sha256:
        raise PublishError(f"{stored.address} holds other facts than it was computed from")
    return steps.known_by(reading, day).tables


def of_facts(folders: list[Path], day: date | None, asked: Asked | None, today: date) -> Side:
    """Facts of folders, computed now as `run` would.

    Args:
        folders: Folders of fact tables, layered.
        day: The day on which the facts are to be known; None for all of them.
        asked: What else is asked; its day is that of the facts where `day` is None.
        today: After which no source can have been read.

    Raises RefusedError where the facts cannot be used.
    """
    reading = steps.known_by(steps.read(folders), day)
    checked = steps.gate(steps.check(reading, today), strict=False)
    newest = steps.day_of(checked, day)
    wanted = replace(asked, as_of=newest) if asked else Asked(newest)
    names = ", ".join(str(folder) for folder in folders)
    answers = calculated(checked.tables, wanted)
    refused = {found.place for found in checked.findings if found.severity is FindingSeverity.ERROR}
    return Side(names, None, steps.method(), wanted, answers, reading.tables, len(refused), day)


def calculated(tables: Tables, asked: Asked, only: Only | None = None) -> pd.DataFrame:
    """Answers from typed facts; with `only`, of these restrictions and countries alone."""
    stages, _ = impact.prepared(tables, asked.as_of, asked.is_repaired, only)
    outputs = Outputs(tables, stages, Settings(asked.seed, sensitivity=False))
    found = together(outputs["impact"], outputs["impact_by_area"])
    if only is None:
        return found
    subjects = found.index.get_level_values(0)
    return found[subjects.isin(only.restrictions | only.countries)]


def of_rows(tables: Tables, asked: Asked, only: Only) -> pd.DataFrame:
    """Answers from rows that are sound by themselves, of these restrictions and countries alone.

    Raises RefusedError where the facts cannot be used.
    """
    typed, _, found = steps.settled(tables, with_warnings=False)
    bad = [one for one in found if one.severity is FindingSeverity.TABLE_ERROR]
    if bad:
        raise steps.RefusedError([steps.line(one) for one in bad], bad)
    return calculated(typed, asked, only)
