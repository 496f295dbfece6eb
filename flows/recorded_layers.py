"""The layers of facts that the latest version was computed from: `layers.json` beside the versions.

Folders depend on the machine, so they are no part of a version, whose bytes follow from the facts
alone. A run without --facts uses the layers of this file, and a run that would leave one out is
refused.

Whoever may write the folder of the versions may edit the file. What it names is used only if it is
a folder of this machine with fact tables, and a run says which folders it uses. Folders inside the
checkout are recorded relative to it, so that another checkout finds its own.
"""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from audience_impact.plain_text import plain_line
from audience_impact.store import AwayError, PublishError, storage, versions
from audience_impact.store.files import as_json
from flows import CHECKOUT

RECORD = "layers.json"


class _Record(BaseModel):
    """The content of the file."""

    version_id: str
    layers: Annotated[list[str], Field(min_length=1, max_length=50)]


def record_layers(root: Path, version_id: str, folders: Sequence[Path]) -> None:
    """Write which layers the version of the last run was computed from."""
    names = [_name_folder(folder) for folder in folders]
    content = as_json({"version_id": version_id, "layers": names})
    store = storage.select_storage(root)
    if storage.read_existing(store, RECORD) != content:
        store.write_file(RECORD, content)


def _name_folder(folder: Path) -> str:
    if storage.is_address(folder):
        return storage.format_address(folder)
    place = folder.resolve()
    return str(place.relative_to(CHECKOUT) if place.is_relative_to(CHECKOUT) else place)


def read_last_layers(root: Path) -> list[Path]:
    """Return the layers of the latest version; none where they are not recorded.

    Raise PublishError where the record is damaged or the versions are out of reach.
    """
    try:
        version = versions.find_latest(root)
    except AwayError:
        raise  # there may be layers that this run would drop
    except PublishError:
        return []
    content = storage.read_existing(version.store, RECORD)
    if content is None:
        return []
    try:
        record = _Record.model_validate_json(content)
    except ValidationError as error:
        place = f"{version.store.address}/{RECORD}"
        raise PublishError(f"{place} is damaged: remove it, and give --facts") from error
    names = record.layers if record.version_id == version.id else []
    return [Path(name) if storage.is_address(name) else CHECKOUT / name for name in names]


def require_layers(folders: Sequence[Path]) -> None:
    """Raise PublishError where one of the recorded layers cannot be used unasked."""
    for folder in folders:
        name = plain_line(_name_folder(folder))
        if storage.is_address(folder):
            raise PublishError(
                f"the last version used the layer {name}, an address: give it with --facts"
            )
        if not any(folder.glob("*.csv")):
            raise PublishError(
                f"the layer {name} of the last version is not there: give --facts DIR for each "
                "layer, or --drop-layers for the facts of the checkout alone"
            )


def list_layers_with(root: Path, facts: Sequence[Path], added: Path) -> list[Path]:
    """Return the layers of the latest version, or `facts` without a record, and one on top."""
    folders = read_last_layers(root) or list(facts)
    return folders if _name_folder(added) in map(_name_folder, folders) else [*folders, added]


def format_options(names: Iterable[str]) -> str:
    """Return the options that give these layers to a run."""
    return " ".join(f"--facts {shlex.quote(name)}" for name in names)


def require_no_drop(last: Sequence[Path], folders: Sequence[Path]) -> None:
    """Raise PublishError where a layer of the last version is not among the folders."""
    names = [_name_folder(folder) for folder in folders]
    recorded = [_name_folder(folder) for folder in last]
    if gone := [name for name in recorded if name not in names]:
        options = format_options([*recorded, *(name for name in names if name not in recorded)])
        raise PublishError(
            plain_line(
                f"this run would drop {', '.join(gone)}, a layer of the last version: give "
                f"{options}, or --drop-layers to go on without it"
            )
        )
