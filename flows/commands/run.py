"""The commands `run` and `refresh`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from audience_impact.cli.exporting import report as write_report
from audience_impact.cli.exporting import require_report_folder
from audience_impact.cli.folders import date_option, fail_with, local_option, path_option
from flows.commands.folders import (
    DOWNLOADS,
    OnTopOfShipped,
    ProfileFile,
    PublishedOrProfile,
    choose_layers,
    fact_folders,
    read_environment,
    require_writable,
)
from flows.downloads import Name

Facts = Annotated[
    list[Path] | None,
    path_option(
        "--facts",
        "DIR",
        "Folder of fact tables, or its address; several are layered, rows merge by "
        "key and a later folder wins. Default of `run`: the layers of the last version. Default "
        "elsewhere: data/facts and data/stop of the checkout.",
    ),
]
DropLayers = Annotated[
    bool,
    typer.Option(
        "--drop-layers",
        help="Go on although a layer of the last version, as a register, is left out.",
    ),
]
WithRegister = Annotated[
    bool,
    typer.Option(
        "--register/--no-register",
        help="Compute also the events of Access Now's register that the checkout brings.",
    ),
]
Report = Annotated[
    bool, typer.Option("--report", help="Then write the report of the version as pages.")
]
AsOf = Annotated[
    datetime | None,
    date_option(
        "--as-of",
        "Date of the results. Uses only rows whose source was published by then. Default: "
        "all rows, and the last date on or after which two sources were read.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Refuse to publish if a row has an error, instead of sending it to quarantine, or "
        "if answers changed much since the last version.",
    ),
]
Keep = Annotated[int | None, typer.Option(min=1, help="Number of versions to keep. Default: all.")]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of processes that compute the parts of a large register; the results do not "
        "depend on it. Default: two for a thousand restrictions or more on two processors.",
    ),
]
AcceptChanges = Annotated[
    bool,
    typer.Option(
        "--accept-changes",
        help="With --strict: publish although answers changed much, or are missing, since the "
        "last version.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("run")(run_and_publish)
    app.command("refresh")(refresh_figures)


def run_and_publish(
    facts: Facts = None,
    published: PublishedOrProfile = None,
    as_of: AsOf = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    strict: Strict = False,
    keep: Keep = None,
    workers: Workers = None,
    accept_changes: AcceptChanges = False,
    profile: ProfileFile = None,
    on_top_of_shipped: OnTopOfShipped = False,
    drop_layers: DropLayers = False,
    register: WithRegister = True,
    report: Report = False,
) -> None:
    """Read the facts, check them, publish the results and show them.

    Without --facts it uses the layers of the last version. Leaving one out needs --drop-layers.
    """
    settings = read_environment(profile)
    from audience_impact.store.storage import is_address
    from flows.serving.profile import in_checkout

    published = published or in_checkout(settings.published)
    require_writable(published)
    if report:
        require_report_folder(published)
    folders = choose_layers(facts, settings, published, on_top_of_shipped, drop_layers, register)
    from flows.commands.running import run_flow, show_next_steps
    from flows.run_steps import RunOptions

    options = RunOptions(
        [path if is_address(path) else path.resolve() for path in folders],
        published,
        as_of.date() if as_of else None,
        seed,
        strict or settings.strict,
        keep or settings.keep,
        workers,
        accept_changes,
    )
    if status := run_flow(options, settings):
        raise typer.Exit(status)
    if report:
        write_report(published)
    show_next_steps(published)


LayerFolder = Annotated[
    Path,
    local_option("--into", "DIR", "Folder of the layer, which may contain no other fact table."),
]
Downloads = Annotated[
    Path,
    local_option("--downloads", "DIR", "Folder of all downloads.", show_default="data/downloads"),
]
Confirm = Annotated[
    bool,
    typer.Option(
        "--confirm",
        help="Continue although more rows were removed or changed than the threshold allows.",
    ),
]
Only = Annotated[
    list[Name] | None,
    typer.Option(
        "--only",
        metavar="NAME",
        help=f"Fetch only this download ({', '.join(Name)}); may be repeated. For the others the "
        "last accepted download is used.",
    ),
]
Threshold = Annotated[
    float, typer.Option(min=0, max=1, help="Share of removed or changed rows that needs --confirm.")
]
Addresses = Annotated[
    list[str] | None,
    typer.Option(
        "--address",
        metavar="NAME=ADDRESS",
        help="Address of a download that replaces the default one; may be repeated.",
    ),
]


def refresh_figures(
    into: LayerFolder,
    downloads: Downloads = DOWNLOADS,
    facts: Facts = None,
    confirm: Confirm = False,
    only: Only = None,
    threshold: Threshold = 0.05,
    address: Addresses = None,
) -> None:
    """Fetch figures from their publishers and write them as a layer of facts."""
    folders = fact_folders(facts)
    addresses = _read_addresses(address or [])
    from flows.commands.running import run_refresh
    from flows.downloads.refreshing import RefreshOptions

    options = RefreshOptions(
        into.resolve(),
        downloads.resolve(),
        [path.resolve() for path in folders],
        datetime.now(UTC).date(),
        only or list(Name),
        confirm,
        threshold,
        addresses,
    )
    raise typer.Exit(run_refresh(options))


def _read_addresses(texts: list[str]) -> dict[Name, str]:
    """Return addresses by name; exit with 2 where a text is no NAME=ADDRESS."""
    addresses = {}
    for text in texts:
        name, _, where = text.partition("=")
        if name not in set(Name) or not where:
            names = ", ".join(Name)
            raise fail_with(f"--address {text}: give NAME=ADDRESS, with NAME one of {names}", 2)
        addresses[Name(name)] = where
    return addresses
