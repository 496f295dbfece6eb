"""The archive of the facts of a version: the same files give the same bytes.

A ZIP that any machine opens: `0/estimates.csv` is a table of the first layer. Names are sorted and
dates are fixed. An archive is not trusted: only files with names of fact tables are unpacked, up to
MOST_BYTES.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from audience_impact.store import PublishError

NAME = "facts.zip"
MOST_BYTES = 2**30
"""More than any facts have: a thousand times a register of two thousand events."""
_FILE = re.compile(r"(\d{1,3})/[a-z][a-z0-9_]*\.csv")
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def pack_files(files: Mapping[str, bytes]) -> bytes:
    """Return files, by name, as a ZIP archive whose bytes depend on them alone."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)
    return sink.getvalue()


def unpack_files(content: bytes) -> dict[str, bytes]:
    """Return the files of an archive, by name.

    Raises PublishError where the content is no archive, is too large or has other files than fact
    tables.
    """
    files: dict[str, bytes] = {}
    bytes_left = MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if not _FILE.fullmatch(entry.filename) or entry.filename in files:
                    raise PublishError(f"{NAME} holds {entry.filename!r}, which is no fact table")
                with archive.open(entry) as file:
                    files[entry.filename] = file.read(bytes_left + 1)
                bytes_left -= len(files[entry.filename])
                if bytes_left < 0:
                    raise PublishError(f"{NAME} holds more than {MOST_BYTES:,} bytes")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise PublishError(f"{NAME} cannot be opened: {error}") from error
    return files


def write_layers(files: Mapping[str, bytes], into: Path) -> list[Path]:
    """Write fact files below a folder; return the folder of each layer, in order."""
    for name, content in files.items():
        place = into / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return [into / number for number in sorted({name.split("/")[0] for name in files}, key=int)]
