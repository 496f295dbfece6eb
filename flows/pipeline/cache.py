"""Results saved between runs, each under the digest of all that it was computed from.

They are files in a folder of the user: `audience-impact` in XDG_CACHE_HOME or in ~/.cache, or what
AUDIENCE_IMPACT_CACHE names; if that is blank, nothing is saved. Nothing depends on them: without
the folder, on a full disk or from a damaged file, a result is computed.

A saved result is a pickle, from which whoever writes it could run code. Therefore the folder must
be one of this user that nobody else can read or write, and no link; files are opened relative to
the folder that was checked. Arrays and tables of a result are mapped from its file, so that they
take memory only while they are read.
"""

import mmap
import os
import pickle
import stat
import struct
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

VARIABLE = "AUDIENCE_IMPACT_CACHE"
"""The variable that names the folder."""
MOST_BYTES = 2 * 1024**3
"""Maximum size of all results; those that nobody used for longest are removed first."""
LARGE = "large-"
"""Prefix of the keys of results that `forget` removes, whatever their size."""
ALIGNED_BYTES = 64
"""The checksum of a file has so many bytes, and each array begins at a multiple, as Arrow wants.
CRC-32 shows damage at several times the speed of a digest; nobody else can write here."""

Result = TypeVar("Result")


def recall(key: str, compute: Callable[[], Result]) -> Result:
    """Return the result saved under a key, or compute and save it; a key is a file name."""
    result: Result | None = load(key)
    if result is None:
        result = compute()
        save(key, result)
    return result


def load(key: str, is_new: bool = False) -> Any:
    """Return the result saved under a key; None without one, or where it is damaged.

    A result that is new, saved by this run, is not checked for damage.
    """
    with suppress(OSError), _open_folder() as folder:
        descriptor = os.open(key, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
        with os.fdopen(descriptor, "rb"), suppress(ValueError):  # of an empty file
            mapped = memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))
            with suppress(OSError):  # of a folder that can only be read
                os.utime(descriptor)
            checksum, content = mapped[:ALIGNED_BYTES], mapped[ALIGNED_BYTES:]
            if is_new or (content and zlib.crc32(content) == int.from_bytes(checksum, "little")):
                return _unpack(content)
    return None


def _pack(result: object) -> Iterator[bytes | memoryview]:
    """Yield the content of a file: the lengths of the pickle and of each array, and these."""
    buffers: list[pickle.PickleBuffer] = []
    content = pickle.dumps(result, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append)
    pieces: list[bytes | memoryview] = [content, *(buffer.raw() for buffer in buffers)]
    pieces.insert(0, struct.pack(f"={1 + len(pieces)}Q", len(pieces), *map(len, pieces)))
    for piece in pieces:
        yield piece
        yield bytes(-len(piece) % ALIGNED_BYTES)


def _unpack(content: memoryview) -> Any:
    """Return the result in the content of a file."""
    (count,) = struct.unpack_from("=Q", content)
    first, pieces = 8 + 8 * count, []
    for length in struct.unpack_from(f"={count}Q", content, 8):
        first += -first % ALIGNED_BYTES
        pieces.append(content[first : first + length])
        first += length
    return pickle.loads(pieces[0], buffers=pieces[1:])


def save(key: str, result: object) -> bool:
    """Save a result under a key, and remove the oldest beyond MOST_BYTES; return whether it is."""
    aside = f".{uuid4().hex}"
    with suppress(OSError), _open_folder() as folder:
        checksum = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with os.fdopen(os.open(aside, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(bytes(ALIGNED_BYTES))
                for piece in _pack(result):
                    checksum = zlib.crc32(piece, checksum)
                    file.write(piece)
                file.seek(0)
                file.write(checksum.to_bytes(ALIGNED_BYTES, "little"))
            os.rename(aside, key, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(aside, dir_fd=folder)
            raise
        _remove_oldest(folder)
        return True
    return False


def forget(used_keys: Collection[str] = ()) -> None:
    """Remove the results of LARGE, but not those under `used_keys`."""
    with suppress(OSError), _open_folder() as folder:
        for name in [entry.name for entry in os.scandir(folder)]:
            if name.startswith(LARGE) and name not in used_keys:
                os.unlink(name, dir_fd=folder)


def find_folder() -> Path | None:
    """Return the folder of this user; None where results are not saved."""
    named = os.environ.get(VARIABLE)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    folder = Path(base, "audience-impact") if named is None else Path(named)
    # A relative path would lead into whatever folder is the current one.
    return folder if folder.is_absolute() and os.open in os.supports_dir_fd else None


@contextmanager
def _open_folder() -> Iterator[int]:
    """Yield the descriptor of the folder; raise OSError where there is none that can be trusted."""
    path = find_folder()
    if path is None:
        raise FileNotFoundError
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        about = os.fstat(folder)
        if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o077:
            raise PermissionError
        yield folder
    finally:
        os.close(folder)


def _remove_oldest(folder: int) -> None:
    files = [(name, os.stat(name, dir_fd=folder)) for name in os.listdir(folder)]
    files = [file for file in files if not file[0].startswith(LARGE)]
    files.sort(key=lambda file: file[1].st_mtime, reverse=True)
    total_bytes = 0
    for name, about in files:
        total_bytes += about.st_size
        if total_bytes > MOST_BYTES:
            os.unlink(name, dir_fd=folder)
