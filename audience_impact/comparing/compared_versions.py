"""A version to compare: its answers, its facts and their lineage.

A version is named by its id or the beginning of it, by `latest` or `previous` (published before the
latest), or by the path of its folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from audience_impact.comparing.answers import combine_answers
from audience_impact.comparing.facts import Keys
from audience_impact.store import PublishError, storage, versions
from audience_impact.store.manifest import MANIFEST
from audience_impact.store.versions import Stored

LATEST, PREVIOUS = "latest", "previous"


@dataclass(frozen=True)
class ComparedVersion:
    """One of two versions that are compared.

    Attributes:
        name: The id of the version, or the folders of facts that are computed now.
        is_published: Whether it is a version.
        settings: The settings on which the numbers depend besides the facts, in words: the day, the
            seed, the method and the options of the run.
        answers: The answers, as `answers.combine_answers` returns them.
        lineage: The facts and sources used for each restriction and platform.
        countries: The countries of each restriction.
        files: The fact files; empty where the version has none.
        keys: The key columns of each fact table; empty where the version lacks them.
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


def describe_settings(
    as_of: date, seed: int, method: str, options: frozenset[str]
) -> dict[str, str]:
    """Return, as text by name, every setting except the facts that determines the numbers."""
    return {
        "the day": f"{as_of}",
        "the seed": f"{seed}",
        "the method": method,
        "the options": ", ".join(sorted(options)) or "none",
    }


def list_countries(restrictions: pd.DataFrame) -> dict[str, frozenset[str]]:
    """Return the countries of each restriction of the published table `restrictions`."""
    ids, countries = restrictions["restriction_id"], restrictions["country_id"]
    return {
        restriction: frozenset(cell.split(";"))
        for restriction, cell in zip(ids, countries, strict=True)
    }


def read_published(stored: Stored) -> ComparedVersion:
    """Return a published version for a comparison.

    Raises PublishError where it is damaged.
    """
    version = stored.version
    quarantine = stored.read_table("quarantine")[["row_layer", "file", "line"]]
    return ComparedVersion(
        stored.id,
        True,
        describe_settings(version.as_of, version.seed, *version.method),
        combine_answers(stored.read_table("impact"), stored.read_table("impact_by_area")),
        stored.read_table("lineage"),
        list_countries(stored.read_table("restrictions")),
        stored.fact_files(),
        stored.fact_keys(),
        len(quarantine.drop_duplicates()),
    )


def find_version(root: Path, name: str) -> Stored:
    """Return the version with this name; for a folder of versions, the latest.

    Raises PublishError where the name fits no version, or several.
    """
    if name == LATEST:
        return versions.find_latest(root)
    if name == PREVIOUS:
        return _require_single(find_previous(versions.find_latest(root)), name, root)
    if (path := Path(name)).is_dir():
        place = path.resolve()
        is_version = (place / MANIFEST).is_file()
        return (
            Stored(storage.select_storage(place.parent), place.name)
            if is_version
            else versions.find_latest(path)
        )
    matching = [
        version
        for version in _list_versions(storage.select_storage(root))
        if version.id.startswith(name)
    ]
    return _require_single(matching, name, root)


def _require_single(matching: list[Stored], name: str, root: Path) -> Stored:
    if len(matching) == 1:
        return matching[0]
    if matching:
        ids = ", ".join(version.id for version in matching)
        raise PublishError(
            f"several versions have an id that begins with {name}: {ids}; give more of the id"
        )
    if name == PREVIOUS:
        raise PublishError(
            f"there is only one version below {root}, and nothing to compare it with: run again "
            "when facts have changed, or see what an edit does with --facts DIR"
        )
    advice = "name one by its id, by latest or previous, or by its folder"
    raise PublishError(f"there is no version {name} below {root}: {advice}")


def find_previous(version: Stored) -> list[Stored]:
    """Return the version that was published before another; None for the first."""
    listed = _list_versions(version.store)
    names = [stored.id for stored in listed]
    return listed[: names.index(version.id)][-1:] if version.id in names else []


def _list_versions(store: storage.Storage) -> list[Stored]:
    """Return the versions of a storage, the oldest first."""
    try:
        names = store.list_names(versions.VERSIONS)
    except OSError:
        return []
    return [Stored(store, f"{versions.VERSIONS}/{name}") for name in names if versions.is_id(name)]
