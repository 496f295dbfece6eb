"""Registers that can be imported, by their name in the command, and their import as a layer.

This module does not import the readers, so that the command starts fast. To add a register, add a
package to `audience_impact/registers/` with a module that defines `REGISTER`, and an entry here.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audience_impact.registers.outages import OutageList
    from audience_impact.registers.register import Register


@dataclass(frozen=True)
class Entry:
    """A register: the module that defines it, and the help text of its command.

    `default_copy` names the copy that a file is assumed to be if neither date nor address is given;
    `layer` is the folder of the checkout that an import replaces if no other one is named, and
    `where` states, one sentence per line, where the register is available and under which licence.
    """

    module: str
    title: str
    default_copy: str
    layer: str | None = None
    where: tuple[str, ...] = ()
    outcome: str = (
        "Every row becomes an event, repeats one, or is refused; the reconciliation says how "
        "many, and compares the events by country and year with those of --counts."
    )

    def load_register(self) -> "Register | OutageList":
        """Import the module of the register, or of the list of outages, and return it."""
        register: Register | OutageList = import_module(self.module).REGISTER
        return register

    @property
    def help_text(self) -> str:
        """Return the help text of the register's command."""
        return (
            f"Import {self.title} for `run --facts data/facts --facts DIR`.\n\n"
            f"{self.outcome} Without --snapshot and --address it is {self.default_copy}; "
            "--accessed is the day it was read. "
            "Without FILE it says where the register is to be had, and under which licence."
        )


REGISTERS = {
    "stop": Entry(
        "audience_impact.registers.stop.events",
        "Access Now's #KeepItOn STOP register",
        "the known public copy of 2026-05-20",
        "data/stop",
        (
            "Access Now publishes the register as a sheet, "
            "https://docs.google.com/spreadsheets/d/1DvPAuHNLp5BXGb0nnZDGNoiIwEeu2ogdXEIDvT4Hyfk, "
            "behind its data dashboard, https://www.accessnow.org/keepiton-data-dashboard/.",
            "Save the sheet of all years (Combined) as .xlsx or .csv, or take the copy of "
            "2026-05-20 that was read here, "
            "data/processed/access_now_snapshot_2026-05-20.parquet of "
            "https://github.com/Muhanad-husn/The-global-cost-of-internet-shutdowns.",
            "Licence: the copy states none. Other users of the register state CC BY 4.0; we have "
            "not read Access Now's own terms. A checkout brings the facts of that copy in "
            "data/stop, without the register's texts. Cite Access Now, and ask Access Now before "
            "you publish the register itself.",
        ),
    ),
    "ioda": Entry(
        "audience_impact.registers.outages",
        "IODA's list of measured outages",
        "the copy of 2023",
        None,
        (
            "IODA published the outages that it investigated with the paper Destination "
            "Unreachable (SIGCOMM 2023), https://github.com/InetIntel/internet_outages.",
            "Licence: none stated. Name IODA, and ask there before you publish the list itself.",
        ),
        "Every row becomes evidence or is refused; the reconciliation says how many, and why.",
    ),
}
