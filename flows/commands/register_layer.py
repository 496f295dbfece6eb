"""The import of a register as a layer of facts, and its report."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from audience_impact.plain_text import json_text
from audience_impact.registers.outages import OutageList
from audience_impact.registers.register import Register
from audience_impact.registers.register_tables import Counts, ImportReport
from flows.registers import importing, reconciliation
from flows.registers.files import RegisterError


@dataclass(frozen=True)
class ImportOptions:
    """The options of an import; `origin` has the fields of `importing.Origin`."""

    file: Path
    into: Path
    facts: Sequence[Path]
    counts: Path | None
    origin: Mapping[str, str]
    overwrite: bool


@dataclass(frozen=True)
class ImportedRegister:
    """The result of an import: the report, and the copies of tables that were edited by hand."""

    report: ImportReport
    into: Path
    compared: Counts | None
    replaced: tuple[Path, ...]

    def as_text(self) -> str:
        """Return the reconciliation as text."""
        return reconciliation.as_text(self.report, self.into, self.compared)

    def as_json(self) -> str:
        """Return the reconciliation as JSON."""
        return reconciliation.as_json(self.report, self.compared)


@dataclass(frozen=True)
class ImportedOutages:
    """The result of the import of a list of outages, as `ImportedRegister` is of a register."""

    report: importing.OutageReport
    into: Path
    replaced: tuple[Path, ...]

    def as_text(self) -> str:
        """Return the reconciliation as text."""
        return reconciliation.describe_outages(self.report, self.into)

    def as_json(self) -> str:
        """Return the reconciliation as JSON."""
        return json_text(asdict(self.report)) + "\n"


def import_file(
    register: Register | OutageList, options: ImportOptions
) -> ImportedRegister | ImportedOutages:
    """Import a register, or a list of outages, as a layer.

    Raises ReadableError with a line for each error.
    """
    origin = importing.Origin(**options.origin)
    arguments = (options.file, options.into, options.facts, origin, options.overwrite)
    if isinstance(register, OutageList):
        if options.counts:
            raise RegisterError("--counts compares events of a register, not outages; leave it out")
        outages, done = importing.import_outages(register, *arguments)
        return ImportedOutages(outages, options.into, done.replaced)
    compared = importing.read_counts(options.counts) if options.counts else None
    report, written = importing.import_register(register, *arguments)
    return ImportedRegister(report, options.into, compared, written.replaced)
