"""Errors of what lies outside of this program, each as one line that says what to do.

A disk, a store, a server, a proxy, a database or a file may be away, full, damaged or somebody
else's. Whatever raises such an error, the command ends with the line of `describe_error`.
Errors of the code have none, and end with their traceback.
"""

import errno
import re

AGAIN = "see whether it can be reached and used, and run again"
BY_NUMBER = {
    errno.ENOENT: "give a path that exists",
    errno.ENOTDIR: "give a path whose folders are folders and no files",
    errno.EISDIR: "give a file, and no folder",
    errno.EEXIST: "give another path, or remove what is there",
    errno.ENOTEMPTY: "give another path, or remove what is there",
    errno.EACCES: "give a path that this user may use, or change who may",
    errno.EPERM: "give a path that this user may use, or change who may",
    errno.EROFS: "give a path on a disk that can be written",
    errno.ENOSPC: "free space on the disk, and run again",
    errno.EDQUOT: "free space on the disk, and run again",
    errno.ELOOP: "remove the link that leads to itself",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.EINVAL: "give a path that this disk can store",
    errno.EMFILE: "raise the limit of open files (ulimit -n), and run again",
    errno.ECONNREFUSED: "check the address, start what should answer there, and run again",
}
"""What to do about an error of the system, by its number."""
OF_A_SERVER = "check the address, the network and the proxy, and run again"
OF_A_FILE = "the file is damaged or of another kind: publish or download it again"
BY_LIBRARY = {
    "httpx": OF_A_SERVER,
    "httpcore": OF_A_SERVER,
    "obstore": "check the address, the keys and the network, and run again",
    "prefect": "check the server of PREFECT_API_URL, and run again",
    "sqlalchemy": "check the database that Prefect uses, and run again",
    "asyncpg": "check the database that Prefect uses, and run again",
    "sqlite3": "check the database that Prefect uses, and run again",
    "duckdb": "give another path, or check the disk, and run again",
    "pyarrow": OF_A_FILE,
    "zipfile": OF_A_FILE,
    "zlib": OF_A_FILE,
    "filelock": "wait for the other command, and run again",
}
"""What to do about an error of a library that deals with the outside, by the name of the library.

By name, because importing them all would take seconds.
"""
_DETAILS = re.compile(r" in [\d.]+\w*s(, after .*?retry_timeout: [\d.]+s)?")
"""What a store adds about its own attempts."""
MOST_SIGNS = 300


def describe_error(error: BaseException) -> str | None:
    """Return one line on an error of the outside: what, why, what to do; None for any other."""
    if (advice := find_advice(error)) is None:
        return None
    return f"{_name_path(error)}{shorten_error(error)}: {advice}"


def find_advice(error: BaseException) -> str | None:
    """Return what to do about an error of the outside; None for an error of the code."""
    for kind in type(error).__mro__:
        if advice := BY_LIBRARY.get(kind.__module__.partition(".")[0]):
            return advice
    if isinstance(error, OSError):
        return BY_NUMBER.get(error.errno or 0, AGAIN)
    if isinstance(error, MemoryError):
        return "give it less at once, or a machine with more memory"
    return None


def shorten_error(error: BaseException) -> str:
    """Return the message of an error in one line, without the details of attempts."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror
    line = " ".join(_DETAILS.sub("", text).split()) or type(error).__name__
    return line if len(line) <= MOST_SIGNS else f"{line[:MOST_SIGNS]}..."


def explain_error(error: BaseException) -> str:
    """Return why something outside failed and what to do, for a message that names it."""
    return f"{shorten_error(error)}: {find_advice(error) or AGAIN}"


def _name_path(error: BaseException) -> str:
    """Return the path of an error of the system, followed by a colon; blank without one."""
    is_named = isinstance(error, OSError) and error.filename is not None
    return f"{error.filename}: " if is_named else ""  # type: ignore[attr-defined]
