"""One export: what is wanted of a version, in a form, in its place."""

from pathlib import Path

from audience_impact.exporting import ExportError, Form, content, database, plain, sheets, writing
from audience_impact.exporting.selection import Wanted, select
from audience_impact.store import archive
from audience_impact.store.versions import Stored

WORKBOOK, ARCHIVE = ".xlsx", ".zip"
"""How the name of a workbook ends; and that of a folder that becomes one file."""


def export(
    version: Stored, form: Form, into: Path, wanted: Wanted, overwrite: bool = False
) -> list[str]:
    """Write what is wanted of a version; returns what the form could not hold as it is.

    Raises ExportError where nothing was written, PublishError where the version is damaged.
    """
    if form is Form.XLSX and into.suffix != WORKBOOK:
        raise ExportError(f"{into} does not end in {WORKBOOK}: Excel would not open it")
    found = select(version, content.read(version), wanted)
    told: list[str] = []
    if form in (Form.CSV, Form.PARQUET):
        is_csv = form is Form.CSV
        files = plain.csv_files(found) if is_csv else plain.parquet_files(found, version)
        if into.suffix == ARCHIVE:
            writing.put_file(into, lambda aside: _fill(aside, archive.packed(files)), overwrite)
        else:
            writing.put_folder(into, files, overwrite)
    elif form is Form.JSON:
        writing.put_file(into, lambda aside: _fill(aside, plain.json_file(found)), overwrite)
    elif form is Form.DUCKDB:
        writing.put_file(into, lambda aside: database.write(aside, found), overwrite)
    else:
        writing.put_file(into, lambda aside: told.extend(sheets.write(aside, found)), overwrite)
    return told


def _fill(path: Path, content: bytes) -> None:
    path.write_bytes(content)
