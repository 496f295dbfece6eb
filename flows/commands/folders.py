"""The folders of facts that a command of the checkout reads, and its environment."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import (
    PUBLISHED_OPTION,
    fail_with,
    format_path,
    path_option,
    print_line,
)
from flows import CHECKOUT

if TYPE_CHECKING:
    from flows.serving.profile import Profile

FACTS, DOWNLOADS = CHECKOUT / "data" / "facts", CHECKOUT / "data" / "downloads"
REGISTER = CHECKOUT / "data" / "stop"
"""Access Now's register as facts, which `import stop FILE` replaces by a newer edition."""
SHIPPED = (FACTS, REGISTER)
"""The layers that a checkout brings."""

ProfileFile = Annotated[
    Path | None,
    path_option(
        "--profile",
        "FILE",
        "Profile of an environment in TOML: facts, published, keep, schedule and more. The "
        "variables AUDIENCE_IMPACT_... take precedence over it, and options over both.",
    ),
]
OnTopOfShipped = Annotated[
    bool,
    typer.Option(
        "--on-top-of-shipped",
        help="Layer the folders on the facts that are shipped with the command.",
    ),
]


def require_writable(published: Path) -> None:
    """Exit with one line if versions can only be read there: a release, or a web server."""
    from audience_impact.store import storage

    store = storage.select_storage(published)
    if store.is_read_only:
        raise fail_with(f"{store.address} can only be read: give a folder to write into")


def fact_folders(
    paths: list[Path] | None,
    on_top_of_shipped: bool = False,
    default: Sequence[Path] = SHIPPED,
) -> list[Path]:
    """Return the folders, after the shipped ones if requested; exit with 2 if one has no facts."""
    from audience_impact.store import storage
    from schemas.facts import TABLES

    if on_top_of_shipped and (
        not paths
        or any(path.exists() and path.samefile(layer) for path in paths for layer in SHIPPED)
    ):
        raise fail_with("--on-top-of-shipped: give a folder of fact tables of your own", 2)
    chosen = [*SHIPPED] * on_top_of_shipped + (paths or [*default])
    names = {f"{table}.csv" for table in TABLES}
    for path in chosen:
        if storage.is_address(path):
            # Before a flow begins, whose tasks try again for half a minute.
            if names.isdisjoint(storage.list_files(path, ".csv")):
                address = storage.format_address(path)
                raise fail_with(f"{address} contains no fact table; give another address", 2)
            continue
        if not path.is_dir():
            raise fail_with(f"{path} is no folder; give a folder of fact tables", 2)
        if not os.access(path, os.R_OK | os.X_OK, effective_ids=True):
            raise fail_with(f"{path} cannot be read by this user; give a folder that can be", 2)
        if not any((path / name).is_file() for name in names):
            raise fail_with(
                f"{path} contains no fact table such as estimates.csv; give another folder",
                2,
            )
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

    Without the register, the layer of it that a checkout brings is left out of them.

    Exit with 1 if a layer of the last version would be left out, and with 2 if one has no facts.
    """
    from audience_impact.store import PublishError
    from flows import recorded_layers
    from flows.serving import profile

    try:
        last = recorded_layers.read_last_layers(published)
        paths = facts
        if not paths and "facts" in settings.model_fields_set:
            paths = [profile.in_checkout(path) for path in settings.facts]
        if not paths and last and not (drop_layers or on_top_of_shipped):
            recorded_layers.require_layers(last)
            paths = last
            shown = ", ".join(format_path(path) for path in paths)
            print_line(f"facts: {shown}, as in the last version", err=True)
        folders = fact_folders(paths, on_top_of_shipped)
        left_out = [] if with_register else [REGISTER]
        if not drop_layers:
            recorded_layers.require_no_drop(last, [*folders, *left_out])
    except PublishError as error:
        raise fail_with(f"nothing done: {error}") from error
    return [path for path in folders if path not in left_out]


PublishedOrProfile = Annotated[Path | None, PUBLISHED_OPTION]
