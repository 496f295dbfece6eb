"""Files in one archive, as a version keeps its facts: the same files, the same bytes.

A ZIP that any machine opens: `0/estimates.csv` is a table of the first layer. Names are sorted and
dates are fixed. What is unpacked is not trusted: only files that are named as facts are, and none
of them may be beyond measure.
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


def packed(files: Mapping[str, bytes]) -> bytes:
    """The archive of files, by name: bytes that depend on these alone."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)
    return sink.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """The files of an archive, by name.

    Raises PublishError where it is none, or holds what is no fact table or too much.
    """
    files: dict[str, bytes] = {}
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if not _FILE.fullmatch(entry.filename) or entry.filename in files:
                    raise PublishError(f"{NAME} holds {entry.filename!r}, which is no fact table")
                with archive.open(entry) as told:
                    files[entry.filename] = told.read(left + 1)
                left -= len(files[entry.filename])
                if left < 0:
                    raise PublishError(f"{NAME} holds more than {MOST_BYTES:,} bytes")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise PublishError(f"{NAME} cannot be opened: {error}") from error
    return files


def laid_out(files: Mapping[str, bytes], into: Path) -> list[Path]:
    """Write what `unpacked` gives as folders of facts; the folder of each layer, in order."""
    for name, content in files.items():
        place = into / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return [into / number for number in sorted({name.split("/")[0] for name in files}, key=int)]
