"""What `import` does with the words it was given: the layer of a register, and what it tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audience_impact.registers.register import Register
from audience_impact.registers.register_tables import Counts, ImportReport
from flows.pipeline.steps import RefusedError
from flows.registers import importing, reconciliation
from flows.registers.files import RegisterError
from schemas.contracts import ValidationOffError

ERRORS = (RegisterError, RefusedError, ValidationOffError)
"""What is told in a line."""


@dataclass(frozen=True)
class Wanted:
    """What is to be imported: the file, where to, upon which facts, and what to compare with.

    `origin` has the words of `importing.Origin`.
    """

    file: Path
    into: Path
    facts: Sequence[Path]
    counts: Path | None
    origin: Mapping[str, str]
    overwrite: bool


@dataclass(frozen=True)
class Imported:
    """A register imported: what was edited by hand and kept aside, and the reconciliation."""

    report: ImportReport
    into: Path
    compared: Counts | None
    replaced: tuple[Path, ...]

    def as_text(self) -> str:
        """The reconciliation as text."""
        return reconciliation.as_text(self.report, self.into, self.compared)

    def as_json(self) -> str:
        """The reconciliation as JSON."""
        return reconciliation.as_json(self.report, self.compared)


def import_file(register: Register, wanted: Wanted) -> Imported:
    """Import a register.

    Raises one of ERRORS with a line for each thing that is wrong.
    """
    compared = importing.counts_of(wanted.counts) if wanted.counts else None
    report, written = importing.import_register(
        register,
        wanted.file,
        wanted.into,
        wanted.facts,
        importing.Origin(**wanted.origin),
        wanted.overwrite,
    )
    return Imported(report, wanted.into, compared, written.replaced)
