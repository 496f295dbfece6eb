"""The registers that can be imported, by their word in the command.

Apart, so that the command starts without what reads them. A new register is a package of its own
in `audience_impact/ingest/` with a module that makes a `REGISTER`, and an entry here.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audience_impact.ingest.register import Register


@dataclass(frozen=True)
class Entry:
    """A register: the module that makes it, and what its command says of it.

    `known` names the copy that is taken for the file where neither day nor address is given.
    """

    module: str
    title: str
    known: str

    def load(self) -> "Register":
        """The register itself."""
        register: Register = import_module(self.module).REGISTER
        return register

    @property
    def help(self) -> str:
        """What its command does."""
        return (
            f"Import {self.title} for `run --facts data/facts --facts DIR`.\n\n"
            "Every row becomes an event, repeats one, or is refused; the reconciliation says how "
            "many, and compares the events by country and year with those of --counts. Without "
            f"--snapshot and --address it is {self.known}; --accessed is the day it was read."
        )


REGISTERS = {
    "stop": Entry(
        "audience_impact.ingest.stop.events",
        "Access Now's #KeepItOn STOP register",
        "the known public copy of 2026-05-20",
    ),
}
