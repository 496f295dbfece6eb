"""The folders of facts that a command of the checkout reads, and its environment.

A run without --facts uses the layers of the last version (`flows.runs.record_layers`), and a run
that would leave one out is refused. Whoever may write the folder of the versions may edit their
record. What it names is used only if it is a folder of this machine with fact tables, and a run
says which folders it uses.
"""

import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli import folders as cli
from audience_impact.plain_text import plain_line
from audience_impact.store import AwayError, PublishError, storage
from flows import CHECKOUT, REGISTER, SHIPPED

if TYPE_CHECKING:
    from flows.serving.profile import Profile

ProfileFile = Annotated[Path | None, cli.path_option("--profile", "FILE")]
OnTopOfShipped = Annotated[bool, typer.Option("--on-top-of-shipped")]


PublishedOrProfile = Annotated[Path | None, cli.PUBLISHED_OPTION]


def require_writable(published: Path) -> None:
    """Exit with one line if versions can only be read there: a release, or a web server."""
    store = storage.select_storage(published)
    if store.is_read_only:
        raise cli.fail_with(f"{store.address} can only be read: give a folder to write into")


def fact_folders(
    paths: list[Path] | None, on_top_of_shipped: bool = False, default: Sequence[Path] = SHIPPED
) -> list[Path]:
    """Return the folders, after the shipped ones if requested; exit with 2 if one has no facts."""
    from schemas.facts import TABLES

    if on_top_of_shipped and (
        not paths
        or any(path.exists() and path.samefile(layer) for path in paths for layer in SHIPPED)
    ):
        raise cli.fail_with("--on-top-of-shipped: give a folder of fact tables of your own", 2)
    chosen = [*SHIPPED] * on_top_of_shipped + (paths or [*default])
    names = {f"{table}.csv" for table in TABLES}
    for path in chosen:  # before a flow begins, whose tasks try again for half a minute
        if storage.is_address(path):
            tables = names.intersection(storage.list_files(path, ".csv"))
        elif not path.is_dir():
            raise cli.fail_with(f"{path} is no folder; give a folder of fact tables", 2)
        elif not os.access(path, os.R_OK | os.X_OK, effective_ids=True):
            raise cli.fail_with(f"{path} cannot be read by this user; give a folder that can be", 2)
        else:
            tables = {name for name in names if (path / name).is_file()}
        if not tables:
            place = storage.format_address(path)
            raise cli.fail_with(f"{place} has no fact table such as estimates.csv; give another", 2)
    return chosen


def name_command() -> str:
    """Return the command as it was called, such as `.venv/bin/audience-impact`, if by a folder."""
    called = sys.argv[0]
    is_near = "/" in called and not Path(called).is_absolute()
    return called if is_near else "audience-impact"


def choose_layers(
    facts: list[Path] | None,
    settings: "Profile",
    published: Path,
    on_top_of_shipped: bool,
    drop_layers: bool,
    with_register: bool = True,
) -> list[Path]:
    """Return the layers of a run: those given, those of the profile, or those of the last version.

    Exit with 1 if a layer of the last version would be left out, and with 2 if one has no facts.
    """
    from flows.runs import name_folder
    from flows.serving import profile

    try:
        last = read_last_layers(published)
        paths = facts
        if not paths and "facts" in settings.model_fields_set:
            paths = [profile.in_checkout(path) for path in settings.facts]
        if not paths and last and not (drop_layers or on_top_of_shipped):
            _require_layers(last)
            paths = last
            shown = ", ".join(cli.format_path(path) for path in paths)
            cli.print_line(f"facts: {shown}, as in the last version", err=True)
        folders = fact_folders(paths, on_top_of_shipped)
        left_out = [] if with_register else [REGISTER]
        recorded = [] if drop_layers else [name_folder(folder) for folder in last]
        names = [name_folder(folder) for folder in (*folders, *left_out)]
        if gone := [name for name in recorded if name not in names]:
            options = format_options(dict.fromkeys([*recorded, *names]))
            raise PublishError(
                plain_line(
                    f"this run would drop {', '.join(gone)}, a layer of the last version: give "
                    f"{options}, or --drop-layers to go on without it"
                )
            )
    except PublishError as error:
        raise cli.fail_with(f"nothing done: {error}") from error
    return [path for path in folders if path not in left_out]


def read_last_layers(root: Path) -> list[Path]:
    """Return the recorded layers of the latest version; raise PublishError for a damaged record."""
    from audience_impact.store import versions
    from flows.runs import read_record

    try:
        version = versions.find_latest(root)
    except AwayError:
        raise  # there may be layers that this run would drop
    except PublishError:
        return []
    names = read_record(version).get("layers", [])
    return [Path(name) if storage.is_address(name) else CHECKOUT / name for name in names]


def _require_layers(folders: Sequence[Path]) -> None:
    from flows.runs import name_folder

    for folder in folders:
        name = plain_line(name_folder(folder))
        if storage.is_address(folder):
            raise PublishError(
                f"the last version used the layer {name}, an address: give it with --facts"
            )
        if not any(folder.glob("*.csv")):
            raise PublishError(
                f"the layer {name} of the last version is not there: give --facts DIR for each "
                "layer, or --drop-layers for the facts of the checkout alone"
            )


def format_options(names: Iterable[str]) -> str:
    """Return the options that give these layers to a run."""
    return " ".join(f"--facts {shlex.quote(name)}" for name in names)
