"""The commands that learn parameters from the facts and write them as tables of facts."""

from pathlib import Path
from typing import Annotated

import typer

from audience_impact.cli.folders import fail, local
from flows.commands.folders import FACTS, fact_folders

OneFolder = Annotated[
    Path,
    typer.Option(
        "--facts",
        metavar="DIR",
        callback=local,
        help="Folder of fact tables.",
        show_default="data/facts of the checkout",
    ),
]
OnlyCheck = Annotated[
    bool,
    typer.Option("--check", help="Write nothing; exit with 1 where the table does not match."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (
        *(calibrate, learn, learn_daily_use, learn_places),
        *(learn_shares, learn_audiences),
    ):
        app.command()(command)


def _learn(command: str, facts: Path, check: bool) -> typer.Exit:
    """Write what a command learns from the facts, or only compare; the exit to raise."""
    fact_folders([facts])
    from flows.pipeline import learned, steps
    from schemas.contracts import ValidationOffError

    try:
        matched, told = learned.learn(command, facts, check)
    except (steps.RefusedError, ValidationOffError, ValueError) as error:
        return fail(str(error))
    typer.echo(told, err=check and not matched)
    return typer.Exit(1 if check and not matched else 0)


def calibrate(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn the overlap model from the surveys and write overlap_calibration.csv."""
    raise _learn("calibrate", facts, check)


def learn(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn what printed figures may be off by and write figure_errors.csv."""
    raise _learn("learn", facts, check)


def learn_daily_use(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn who of the users comes on a day, and write daily_use.csv."""
    raise _learn("learn-daily-use", facts, check)


def learn_places(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn who is online in a place, and write place_laws.csv and network_laws.csv."""
    raise _learn("learn-places", facts, check)


def learn_shares(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn who keeps access and who uses a feature; write circumvention_laws and feature_laws."""
    raise _learn("learn-shares", facts, check)


def learn_audiences(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn the audiences that nobody counted and write audience_laws.csv; takes minutes."""
    raise _learn("learn-audiences", facts, check)
