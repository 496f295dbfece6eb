"""Write files atomically: a reader finds either the complete old file or the complete new one.

Errors of what lies outside of this program (a disk, a store, a server, a proxy, a database, a file)
become one line that says what to do. Errors of the code have none, and end with their traceback.
"""

import errno
import hashlib
import io
import json
import lzma
import os
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path

from audience_impact.store import AwayError, PublishError
from audience_impact.vocabulary import read_table

_ASIDE = re.compile(r"\.tmp-(latest|report|.+\.(json|parquet|zip|prom))-\d+")
"""Names of what is written aside under a lock, which end in the number of the process."""


def flush_to_disk(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_whole(path: Path, most_bytes: int) -> bytes:
    """Return the content of a file; raise FileNotFoundError for a pipe or a device."""
    about = path.stat()
    if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
        raise FileNotFoundError(errno.ENOENT, "a pipe or a device, and no file", str(path))
    require_length(str(path), about.st_size, most_bytes)
    return path.read_bytes()


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside a file; what is written there is then flushed and renamed."""
    aside = path.with_name(f".tmp-{path.name}-{os.getpid()}")
    try:
        yield aside
        flush_to_disk(aside)
        aside.replace(path)
        flush_to_disk(path.parent)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def lock_folder(folder: Path, seconds: float) -> Iterator[None]:
    """Hold the lock of a folder, tidied; raise `filelock.Timeout` where another holds it so long.

    Whoever can open a file can lock it: only those may who may write in the folder.
    """
    from filelock import FileLock  # who only reads need not have it

    path = folder / ".lock"
    mode = 0o660 if folder.stat().st_mode & stat.S_IWGRP else 0o600
    with suppress(PermissionError):  # the lock of another user, whom filelock names
        descriptor = os.open(path, os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, mode)
        try:
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
    with FileLock(path, timeout=seconds):
        remove_aside(folder)
        yield


def remove_aside(folder: Path) -> None:
    """Remove what writers that died left aside in a locked folder."""
    for path in folder.glob(".tmp-*"):
        if _ASIDE.fullmatch(path.name) and (path.is_symlink() or path.is_file()):
            path.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, flush it and rename it."""
    with replace_file(path) as aside:
        aside.write_bytes(content)


def write_below(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their paths below a folder, and flush each to the disk."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        flush_to_disk(path)


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write several files, all or none: on any error the earlier ones are restored.

    Links remain and their targets are written. A kill between two renames leaves a mixture.
    """
    places = {path.resolve(): content for path, content in files.items()}
    before = {path: path.read_bytes() if path.exists() else None for path in places}
    try:
        with ExitStack() as stack:
            for path, content in reversed(places.items()):
                aside = stack.enter_context(replace_file(path))
                aside.write_bytes(content)
                if path.exists():
                    shutil.copymode(path, aside)
    except BaseException:
        for path, earlier in before.items():
            if earlier is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != earlier:
                write_whole(path, earlier)
        raise


def hash_bytes(content: bytes) -> str:
    """Return the SHA-256 digest in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def as_json(value: object) -> bytes:
    """Return a value as indented JSON with sorted keys: the same bytes for the same value."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"


MOST_BYTES = 500_000_000
"""Maximum size of a file at an address, an archive or a copied folder: far above any facts."""
MOST_WORDS_BYTES = 16_000_000
"""Maximum size of other files: JSON takes up to 24 times as much memory, and the manifest of 2,000
restrictions and 1,000 sources has 0.6 million."""
OF_TABLES = (".parquet", ".zip", ".csv")
PIECE_BYTES = 2**20
MOST_NAMES = 10_000
"""Names that an archive may have; facts have some twenty tables a layer."""


def limit_length(path: str) -> int:
    """Return how many bytes a file of a version may have."""
    return MOST_BYTES if path.endswith(OF_TABLES) else MOST_WORDS_BYTES


def require_length(address: str, size_bytes: int, most: int) -> None:
    """Raise PublishError for a file, or files together, of more bytes than a version has."""
    if size_bytes > most:
        raise PublishError(
            f"{address} is longer than {most:,} bytes, more than any such file of a version: give "
            "another place"
        )


def open_archive(file: Path | io.BytesIO) -> zipfile.ZipFile:
    """Open a ZIP archive; raise BadZipFile for more names than ours, or two for the same bytes.

    Each name in the list of an archive follows four signs, which are counted before the list is
    read: the number of names that the archive states may be another one.
    """
    with file.open("rb") if isinstance(file, Path) else nullcontext(file) as stream:
        pieces = iter(partial(stream.read, PIECE_BYTES), b"")
        names = sum(piece.count(b"PK\1\2") for piece in pieces)
    if names > MOST_NAMES:
        raise zipfile.BadZipFile(f"it has more than {MOST_NAMES:,} names")
    archive = zipfile.ZipFile(file)
    places = [member.header_offset for member in archive.infolist()]
    if len({*places}) < len(places):
        raise zipfile.BadZipFile("two of its names are of the same bytes")
    return archive


ZIP_DAMAGES = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError),
    *(RuntimeError, EOFError, ValueError, KeyError, TypeError),
)
"""Errors that reading a damaged, encrypted or unknown ZIP archive may raise."""
AGAIN = "see whether it can be reached and used, and run again"
ADVICE = {row["error"]: row["advice"] for row in read_table(Path(__file__).with_name("advice.csv"))}
"""What to do about an error of what lies outside, by the name of its number or of the library that
raises it: importing them all would take seconds."""
_DETAILS = re.compile(r" in [\d.]+\w*s(, after .*?retry_timeout: [\d.]+s)?")
"""What a store adds about its own attempts."""
MOST_SIGNS = 300


def describe_error(error: BaseException) -> str | None:
    """Return one line on an error of the outside: what, why, what to do; None for any other."""
    if _find_advice(error) is None:
        return None
    path = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    return path + explain_error(error)


def _find_advice(error: BaseException) -> str | None:
    libraries = [kind.__module__.partition(".")[0] for kind in type(error).__mro__]
    if advice := next((ADVICE[name] for name in libraries if name in ADVICE), None):
        return advice
    if isinstance(error, MemoryError):
        return "give it less at once, or a machine with more memory"
    number = errno.errorcode.get(error.errno or 0, "") if isinstance(error, OSError) else None
    return None if number is None else ADVICE.get(number, AGAIN)


def explain_error(error: BaseException) -> str:
    """Return in one line why something outside failed and what to do."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = " ".join(_DETAILS.sub("", text).split()) or type(error).__name__
    cut = line if len(line) <= MOST_SIGNS else f"{line[:MOST_SIGNS]}..."
    return f"{cut}: {_find_advice(error) or AGAIN}"


@contextmanager
def report_away(address: str) -> Iterator[None]:
    """Raise AwayError, which says what to do, where a place cannot be read now."""
    try:
        yield
    except OSError as error:
        raise AwayError(f"{address} cannot be read: {explain_error(error)}") from error
