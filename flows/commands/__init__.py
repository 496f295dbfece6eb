"""The commands of a checkout that compute versions, and check and maintain facts.

Prefect is imported only where a flow is run or served.
"""

from collections.abc import Callable, Mapping

import typer

from audience_impact.api.loading import IS_CHECKOUT
from audience_impact.cli.folders import describe_options
from flows.commands import adding, checking, estimating, operating, run
from flows.registers import REGISTERS

COMMANDS: Mapping[str, Callable[..., None]] = {
    "run": run.run_and_publish,
    "refresh": run.refresh_figures,
    "check": checking.check_facts,
    "estimate": estimating.estimate,
    "release": operating.release_version,
    "rollback": operating.roll_back,
    "serve": operating.serve_flows,
    "healthy": operating.check_health,
    "learn": checking.learn_parameters,
}


def add_to(app: typer.Typer) -> None:
    """Add all commands of a checkout; outside of one, the command that the wheel can compute."""
    describe_options(COMMANDS, __file__)
    for name in COMMANDS if IS_CHECKOUT else ("estimate",):
        app.command(name)(COMMANDS[name])
    if IS_CHECKOUT:
        app.add_typer(run.build_import_commands(REGISTERS), name="import")
        app.add_typer(adding.GROUP, name="add")
