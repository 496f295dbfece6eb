"""What is compared: the answers, the facts and the lineage of a version.

A version is named by its id or the beginning of it, by `latest` or `previous` (published before the
latest), or by the path of its folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from audience_impact.comparing.answers import together
from audience_impact.comparing.facts import Keys
from audience_impact.store import PublishError, storage, versions
from audience_impact.store.manifest import MANIFEST
from audience_impact.store.versions import Stored

LATEST, PREVIOUS = "latest", "previous"


@dataclass(frozen=True)
class Side:
    """One of two things compared.

    Attributes:
        name: The id of the version, or the folders of facts that are computed now.
        is_published: Whether it is a version.
        settings: What the numbers depend on beside the facts, in words: the day, the seed, the
            method and what else was requested of the run.
        answers: As `answers.together` has them.
        lineage: Which facts and sources fed each restriction, of which platform.
        countries: The countries of each restriction.
        files: The files of the facts; none where the version does not keep them.
        keys: The columns of the key of each fact table; none where the version does not say.
        refused_count: Rows of facts that are in quarantine.
    """

    name: str
    is_published: bool
    settings: Mapping[str, str]
    answers: pd.DataFrame
    lineage: pd.DataFrame
    countries: Mapping[str, frozenset[str]]
    files: Mapping[str, bytes]
    keys: Keys
    refused_count: int


def settings(as_of: date, seed: int, method: str, options: frozenset[str]) -> dict[str, str]:
    """Return what the numbers of a run depend on beside the facts, by what it is called."""
    return {
        "the day": f"{as_of}",
        "the seed": f"{seed}",
        "the method": method,
        "the options": ", ".join(sorted(options)) or "none",
    }


def countries_of(restrictions: pd.DataFrame) -> dict[str, frozenset[str]]:
    """Return the countries of each restriction of the published table `restrictions`."""
    ids, countries = restrictions["restriction_id"], restrictions["country_id"]
    return {act: frozenset(cell.split(";")) for act, cell in zip(ids, countries, strict=True)}


def published(stored: Stored) -> Side:
    """Return a published version as a side.

    Raises PublishError where it is damaged.
    """
    version = stored.version
    quarantine = stored.table("quarantine")[["row_layer", "file", "line"]]
    return Side(
        stored.id,
        True,
        settings(version.as_of, version.seed, *version.method),
        together(stored.table("impact"), stored.table("impact_by_area")),
        stored.table("lineage"),
        countries_of(stored.table("restrictions")),
        stored.fact_files(),
        stored.fact_keys(),
        len(quarantine.drop_duplicates()),
    )


def find(root: Path, name: str) -> Stored:
    """Return the version of a name; of a folder that holds versions, the latest.

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
    matching = [version for version in _listed(storage.at(root)) if version.id.startswith(name)]
    return _only(matching, name, root)


def _only(matching: list[Stored], name: str, root: Path) -> Stored:
    if len(matching) == 1:
        return matching[0]
    if matching:
        ids = ", ".join(version.id for version in matching)
        raise PublishError(f"{name} begins several versions: {ids}")
    if name == PREVIOUS:
        raise PublishError(
            f"there is one version alone below {root}, so nothing to compare it with: run again "
            "when facts have changed, or see what an edit does with --facts DIR"
        )
    advice = "name one by its id, by latest or previous, or by its folder"
    raise PublishError(f"there is no version {name} below {root}: {advice}")


def before(version: Stored) -> list[Stored]:
    """Return the version that was published before another, or none."""
    listed = _listed(version.store)
    names = [stored.id for stored in listed]
    return listed[: names.index(version.id)][-1:] if version.id in names else []


def _listed(store: storage.Storage) -> list[Stored]:
    """Return the versions of a storage, that which was published first before others."""
    try:
        names = store.list(versions.VERSIONS)
    except OSError:
        return []
    return [Stored(store, f"{versions.VERSIONS}/{name}") for name in names if versions.is_id(name)]
