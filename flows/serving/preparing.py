"""Checks of what Prefect needs of a machine, made before Prefect is imported.

Prefect reports a home that it cannot write, or a damaged database, by pages of traceback and after
minutes of waiting. None of this imports it.
"""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "::1")
DEFAULTS = {
    # Prefect's own log would bury the answer; whoever wants it sets the variable.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
FORCED = {
    # Prefect would start a server at a port that somebody else may take first, and trust what
    # answers there (flows/serving/server.py).
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
}


class NotReadyError(Exception):
    """Prefect could not start; one line says why and what to do."""


def bypass_proxy(*hosts: str) -> None:
    """Send requests to these hosts directly: a proxy would read the password, or be down."""
    others = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    os.environ["no_proxy"] = ",".join([others, *hosts] if others else hosts)


def prepare_prefect() -> None:
    """Set Prefect's variables for a run from the command line, and check Prefect's home.

    Raises NotReadyError where the home cannot be written or its database is damaged.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    os.environ.update(FORCED)
    bypass_proxy(*LOOPBACK)
    require_home()


def require_home() -> None:
    """Raise NotReadyError where Prefect's home cannot be written or its database is damaged.

    An empty PREFECT_HOME is none: Prefect itself would take the working directory.
    """
    if not os.environ.get("PREFECT_HOME"):
        os.environ.pop("PREFECT_HOME", None)
    folder = find_home()
    _require_writable(folder)
    if "PREFECT_API_DATABASE_CONNECTION_URL" not in os.environ:
        _require_database(folder / "prefect.db")


def find_home() -> Path:
    """Return Prefect's home; raise NotReadyError where it names an unknown user's folder."""
    home_setting = os.environ.get("PREFECT_HOME", "~/.prefect")
    try:
        return Path(home_setting).expanduser()
    except RuntimeError as error:
        raise NotReadyError(
            f"Prefect's home {home_setting} cannot be found ({error}): name a folder in "
            "PREFECT_HOME"
        ) from error


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".audience-impact-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise NotReadyError(
            f"Prefect's home {folder} cannot be written ({error}): name a folder that can be in "
            "PREFECT_HOME"
        ) from error


def _require_database(file: Path) -> None:
    """Refuse a damaged database; Prefect makes a new one where it is missing or empty."""
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise NotReadyError(
            f"Prefect's database {file} cannot be read ({error}): move it away and run again, "
            "Prefect makes a new one"
        ) from error


def close_database() -> None:
    """Make the database of a server that is about to start readable by its owner alone.

    SQLite gives the files beside it the mode that it has itself.
    """
    if "PREFECT_API_DATABASE_CONNECTION_URL" in os.environ:
        return
    with suppress(OSError):  # somebody else's home that this process may write: theirs to close
        (find_home() / "prefect.db").touch(0o600)
        for file in find_home().glob("prefect.db*"):
            file.chmod(0o600)
