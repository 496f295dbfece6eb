"""The commands `run` and `refresh`: a flow run from the command line."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from audience_impact.cli.folders import fail, local
from flows.commands.folders import (
    DOWNLOADS,
    OnTopOfShipped,
    ProfileFile,
    PublishedOrProfile,
    environment,
    fact_folders,
    in_checkout,
)
from flows.downloads.names import Name
from flows.workers import RunnerName

Facts = Annotated[
    list[Path] | None,
    typer.Option(
        "--facts",
        metavar="DIR",
        help="Folder of fact tables, or its address; several are layered, rows merge by "
        "key and a later folder wins. Default: data/facts of the checkout.",
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        metavar="DATE",
        help="Day the results speak of, from what was known on it: rows whose source was out by "
        "then. Default: all rows, and the last day on which, or after which, two sources were "
        "read.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Refuse to publish when any row is bad, instead of sending it to quarantine, or "
        "when answers changed much against the last version.",
    ),
]
Keep = Annotated[int | None, typer.Option(min=1, help="Keep only so many versions. Default: all.")]
Repair = Annotated[
    bool,
    typer.Option(
        "--repair",
        help="Move measured overlaps that contradict other facts as little as makes them fit, "
        "instead of leaving them out.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes that compute the parts of a large register; the number changes no byte. "
        "Default: two from a thousand restrictions on, where there are two processors.",
    ),
]
RunBy = Annotated[
    RunnerName,
    typer.Option(
        "--runner",
        help="Who computes the parts of a large register: processes of this machine, or a Dask "
        "cluster (needs the libraries of the extra dask).",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="With --runner dask: the scheduler of the cluster, as tcp://HOST:PORT, whose workers "
        "reach the folder for temporary files (TMPDIR). Default: a cluster of --workers processes "
        "of this machine.",
    ),
]
Sensitivity = Annotated[
    bool, typer.Option(help="Tell which input drives the width of each interval.")
]
AcceptChanges = Annotated[
    bool,
    typer.Option(
        "--accept-changes",
        help="With --strict: publish although answers changed much, or vanished, against the "
        "last version.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(refresh)


def run(
    facts: Facts = None,
    published: PublishedOrProfile = None,
    as_of: AsOf = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    strict: Strict = False,
    keep: Keep = None,
    repair: Repair = False,
    workers: Workers = None,
    sensitivity: Sensitivity = True,
    accept_changes: AcceptChanges = False,
    profile: ProfileFile = None,
    on_top_of_shipped: OnTopOfShipped = False,
    runner: RunBy = RunnerName.LOCAL,
    scheduler: Scheduler = None,
) -> None:
    """Run the flow: read the facts, check them, publish the results and show them."""
    own = environment(profile)
    asked = facts or [in_checkout(path) for path in own.facts]
    folders = fact_folders(asked, on_top_of_shipped)
    published = published or in_checkout(own.published)
    from flows.commands.running import run_flow

    wanted = {
        "as_of": as_of.date() if as_of else None,
        "seed": seed,
        "strict": strict or own.strict,
        "keep": keep or own.keep,
        "repair": repair,
        "workers": workers,
        "sensitivity": sensitivity,
        "accept_changes": accept_changes,
        "environment": own.environment,
        "runner": runner,
        "scheduler": scheduler,
    }
    raise typer.Exit(run_flow(folders, published, wanted))


LayerFolder = Annotated[
    Path,
    typer.Option(
        "--into",
        metavar="DIR",
        callback=local,
        help="Where the layer is written; no other fact table may lie there.",
    ),
]
Downloads = Annotated[
    Path,
    typer.Option(
        "--downloads",
        metavar="DIR",
        callback=local,
        help="Where every download is kept.",
        show_default="data/downloads",
    ),
]
Confirm = Annotated[
    bool,
    typer.Option(
        "--confirm", help="Go on where more rows are gone or changed than the threshold allows."
    ),
]
Only = Annotated[
    list[Name] | None,
    typer.Option(
        "--only",
        metavar="NAME",
        help=f"Fetch this alone ({', '.join(Name)}); may be given again. The rest is taken "
        "as accepted last.",
    ),
]
Threshold = Annotated[
    float, typer.Option(min=0, max=1, help="Share of rows gone or changed above which to ask.")
]
Addresses = Annotated[
    list[str] | None,
    typer.Option(
        "--address",
        metavar="NAME=ADDRESS",
        help="Where to fetch something, instead of its usual address; may be given again.",
    ),
]


def refresh(
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
    wanted = {
        "confirm": confirm,
        "only": only or list(Name),
        "threshold": threshold,
        "addresses": _addresses(address or []),
    }
    from flows.commands.running import run_refresh

    raise typer.Exit(run_refresh(folders, into, downloads, wanted))


def _addresses(told: list[str]) -> dict[Name, str]:
    """Addresses by name; exits with 2 where one is no NAME=ADDRESS."""
    found = {}
    for text in told:
        name, _, where = text.partition("=")
        if name not in set(Name) or not where:
            names = ", ".join(Name)
            raise fail(f"--address {text}: give NAME=ADDRESS, with NAME one of {names}", 2)
        found[Name(name)] = where
    return found
