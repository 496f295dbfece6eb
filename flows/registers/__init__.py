"""Registers that can be imported, by their name in the command, and their import as a layer.

This module does not import the readers, so that the command starts fast. To add a register, add a
package to `audience_impact/registers/` with a module that defines `REGISTER`, and an entry to
registers.toml.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
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
    where: Sequence[str] = ()
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


_TEXT = Path(__file__).with_name("registers.toml").read_text(encoding="utf-8")
REGISTERS = {name: Entry(**cells) for name, cells in tomllib.loads(_TEXT).items()}
