"""The command that fits parameters to the facts and writes them as tables of facts."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audience_impact.cli.folders import fail, local
from flows.commands.folders import FACTS, fact_folders


class Parameters(StrEnum):
    """Parameters that can be learned: the keys of `flows.fitting.FITTERS`."""

    ERRORS = "errors"
    DAILY_USE = "daily-use"
    PLACES = "places"
    SHARES = "shares"
    AUDIENCES = "audiences"
    JOINT_USE = "joint-use"


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
OLD_NAMES = {
    "calibrate": Parameters.JOINT_USE,
    "learn-daily-use": Parameters.DAILY_USE,
    "learn-places": Parameters.PLACES,
    "learn-shares": Parameters.SHARES,
    "learn-audiences": Parameters.AUDIENCES,
}
"""Commands of their own before `learn` took a word; they still work, and no help lists them."""


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(learn)
    for name, parameters in OLD_NAMES.items():
        app.command(name, hidden=True)(_old_command(parameters))


def learn(
    parameters: Annotated[Parameters, typer.Argument(help="What to fit.")] = Parameters.ERRORS,
    facts: OneFolder = FACTS,
    check: OnlyCheck = False,
) -> None:
    """Fit parameters to the facts and write them as fact tables.

    errors: figure_errors.csv, the errors of printed figures.
    daily-use: daily_use.csv, the users who come on a day.
    places: place_laws.csv and network_laws.csv, the people online in a place.
    shares: circumvention_laws.csv and feature_laws.csv, who keeps access and who uses a feature.
    audiences: audience_laws.csv, the audiences that nobody counted; takes minutes.
    joint-use: overlap_calibration.csv, the overlap model from surveys.
    """
    raise _update(parameters, facts, check)


def _old_command(parameters: Parameters) -> Callable[..., None]:
    def command(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
        raise _update(parameters, facts, check)

    command.__doc__ = f"Do what `audience-impact learn {parameters}` does."
    return command


def _update(parameters: Parameters, facts: Path, check: bool) -> typer.Exit:
    """Write the fitted tables, or only compare; return the exit to raise."""
    fact_folders([facts])
    from flows import fitting
    from flows.pipeline import steps
    from schemas.contracts import ValidationOffError

    try:
        matched, message = fitting.update(parameters, facts, check)
    except (steps.RefusedError, ValidationOffError, ValueError) as error:
        return fail(str(error))
    typer.echo(message, err=check and not matched)
    return typer.Exit(1 if check and not matched else 0)
