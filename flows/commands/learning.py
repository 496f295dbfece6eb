"""The command that fits parameters to the facts and writes them as tables of facts."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audience_impact.cli.folders import fail_with, local_option
from flows.commands.folders import FACTS, fact_folders


class Parameters(StrEnum):
    """Parameters that can be fitted: the keys of `flows.fitting.FITTERS`."""

    ERRORS = "errors"
    DAILY_USE = "daily-use"
    PLACES = "places"
    CHANCES = "chances"
    SHARES = "shares"
    AUDIENCES = "audiences"
    ONLINE = "online"
    JOINT_USE = "joint-use"


OneFolder = Annotated[
    Path,
    local_option(
        "--facts", "DIR", "Folder of fact tables.", show_default="data/facts of the checkout"
    ),
]
OnlyCheck = Annotated[
    bool,
    typer.Option("--check", help="Write nothing; exit with status 1 if the table differs."),
]


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("learn")(learn_parameters)


def learn_parameters(
    parameters: Annotated[Parameters, typer.Argument(help="What to fit.")] = Parameters.ERRORS,
    facts: OneFolder = FACTS,
    check: OnlyCheck = False,
) -> None:
    """Fit parameters to the facts and write them as fact tables.

    errors: figure_errors.csv, the errors of printed figures.
    daily-use: daily_use.csv, the users who come on a day.
    places: place_laws.csv, network_laws.csv and part_sizes.csv, people and users of a place.
    shares: circumvention_laws.csv and feature_laws.csv, who keeps access and who uses a feature.
    chances: chances.csv, how sure it is that a restriction happened as recorded.
    audiences: audience_laws.csv, the audiences without a count on record; takes minutes.
    online: online_levels.csv, the share of residents online by country and year.
    joint-use: overlap_calibration.csv, the overlap model from surveys.
    """
    fact_folders([facts])
    from flows import fitting

    try:
        matched, message = fitting.update_tables(parameters, facts, check)
    except ValueError as error:
        raise fail_with(str(error)) from None
    typer.echo(message, err=check and not matched)
    raise typer.Exit(1 if check and not matched else 0)
