"""Results saved between runs, each under the digest of all that it was computed from.

They are files in a folder of the user: `audience-impact` in XDG_CACHE_HOME or in ~/.cache, or what
AUDIENCE_IMPACT_CACHE names; if that is blank, nothing is saved. Nothing depends on them: without
the folder, on a full disk or from a damaged file, a result is computed.

A saved result is a pickle, from which whoever writes it could run code. Therefore the folder must
be one of this user that nobody else can read or write, and no link; files are opened relative to
the folder that was checked.
"""

import hashlib
import os
import pickle
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

VARIABLE = "AUDIENCE_IMPACT_CACHE"
"""The variable that names the folder."""
MOST_BYTES = 2 * 1024**3
"""Maximum size of all results; those that nobody used for longest are removed first."""
DIGEST_BYTES = hashlib.sha256().digest_size

Result = TypeVar("Result")


def recall(key: str, compute: Callable[[], Result]) -> Result:
    """Return the result saved under a key, or compute and save it; a key is a file name."""
    result: Result | None = load(key)
    if result is None:
        result = compute()
        save(key, result)
    return result


def load(key: str) -> Any:
    """Return the result saved under a key; None without one, or where it is damaged."""
    with suppress(OSError), _open_folder() as folder:
        descriptor = os.open(key, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as file:
            digest, content = file.read(DIGEST_BYTES), file.read()
            with suppress(OSError):  # of a folder that can only be read
                os.utime(descriptor)
        if hashlib.sha256(content).digest() == digest:
            return pickle.loads(content)
    return None


def save(key: str, result: object) -> None:
    """Save a result under a key, if that is possible, and remove the oldest beyond MOST_BYTES."""
    aside = f".{uuid4().hex}"
    with suppress(OSError), _open_folder() as folder:
        content = pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with os.fdopen(os.open(aside, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(hashlib.sha256(content).digest())
                file.write(content)
            os.rename(aside, key, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(aside, dir_fd=folder)
            raise
        _remove_oldest(folder)


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
    files.sort(key=lambda file: file[1].st_mtime, reverse=True)
    total_bytes = 0
    for name, about in files:
        total_bytes += about.st_size
        if total_bytes > MOST_BYTES:
            os.unlink(name, dir_fd=folder)
