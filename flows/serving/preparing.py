"""Settings of an environment, and checks of the machine, made before Prefect is imported.

If its home is not writable or its database is damaged, Prefect waits for minutes and prints long
tracebacks. This module does not import Prefect.

An environment has the settings of one installation on a server, from a file or variables. A
variable wins over the file, and an option of the command over both. Addresses for notices contain
passwords: they stay in this process and its children, and never reach the Prefect server.
"""

import os
import re
import sqlite3
import tomllib
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated
from urllib.request import getproxies

from pydantic import Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from audience_impact.plain_text import ReadableError

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


class NotReadyError(ReadableError):
    """Prefect cannot start; one line states the cause and the remedy."""


def hide_passwords(text: str) -> str:
    """Return a text without the user names and passwords of the addresses in it."""
    return re.sub(r"(?<=://)[^/\s]*@", "...@", text)


def bypass_proxy(*hosts: str) -> None:
    """Send requests to these hosts directly, as a proxy could read the password or be down."""
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
    require_proxy()
    require_home()


def require_proxy() -> None:
    """Raise NotReadyError for a SOCKS proxy that the HTTP client here cannot use.

    The client fails for any address, also one that passes no proxy, and Prefect would report that
    its server does not answer.
    """
    for scheme, address in getproxies().items():
        if address.startswith("socks") and find_spec("socksio") is None:
            raise NotReadyError(
                f"{scheme}_proxy={hide_passwords(address)}: a SOCKS proxy needs the package "
                "socksio, which is not installed: pip install socksio, or unset the variable"
            )


def require_home() -> None:
    """Raise NotReadyError if Prefect's home is not writable or its database is damaged.

    An empty PREFECT_HOME counts as unset; Prefect itself would use the working directory.
    """
    if not os.environ.get("PREFECT_HOME"):
        os.environ.pop("PREFECT_HOME", None)
    folder = find_home()
    _require_writable(folder)
    if "PREFECT_API_DATABASE_CONNECTION_URL" not in os.environ:
        _require_database(folder / "prefect.db")


def find_home() -> Path:
    """Return Prefect's home; raise NotReadyError if it is in the folder of an unknown user."""
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
            f"Prefect's home {folder} cannot be written ({error}): name a writable folder in "
            "PREFECT_HOME"
        ) from error


def _require_database(file: Path) -> None:
    """Refuse a damaged database; Prefect creates a missing or empty one."""
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
    """Make the database of a starting server readable only by its owner.

    SQLite gives its other files the same mode.
    """
    if "PREFECT_API_DATABASE_CONNECTION_URL" in os.environ:
        return
    with suppress(OSError):  # somebody else's home that this process may write: theirs to close
        (find_home() / "prefect.db").touch(0o600)
        for file in find_home().glob("prefect.db*"):
            file.chmod(0o600)


PREFIX = "AUDIENCE_IMPACT_"
PROFILE = f"{PREFIX}PROFILE"
"""The variable that names the file, so that a child process reads the same."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$")]


class Profile(BaseSettings):
    """The settings of an environment; paths are relative to the checkout."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid")

    environment: Name | None = Field(
        default=None, description="name used for its deployments, pool and runs"
    )
    work_pool: str = Field(default="audience-impact", min_length=1, description="the work pool")
    facts: list[Path] = Field(
        default=[Path("data/facts"), Path("data/stop")],
        min_length=1,
        description="layers of facts",
    )
    published: Path = Field(default=Path("data/published"), description="where versions lie")
    keep: int | None = Field(
        default=None, ge=1, description="number of versions to keep; by default all"
    )
    strict: bool = Field(
        default=False, description="publish nothing when a row is bad or much changed"
    )
    schedule: str = Field(default="15 5 * * *", description="schedule of runs as for cron")
    timezone: str = Field(default="UTC", description="the time zone of the schedule")
    notices: list[SecretStr] = Field(default=[], description="addresses as Apprise takes them")
    metrics: Path | None = Field(
        default=None, description="a folder of this machine for the metrics, from which to scrape"
    )
    pull_facts: bool = Field(
        default=False, description="pull the git checkouts of the facts before each run"
    )
    silence_days: int | None = Field(
        default=None,
        ge=1,
        description="days without a successful run after which a notice is sent",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Give variables precedence over the file."""
        return env_settings, TomlConfigSettingsSource(settings_cls, os.environ.get(PROFILE))

    def qualify_name(self, word: str) -> str:
        """Return a name followed by that of the environment, if there is one."""
        return f"{word}-{self.environment}" if self.environment else word


def read_profile(file: Path | None = None) -> Profile:
    """Return the environment that a file, the variables, or both describe.

    Child processes use the same file. Raises NotReadyError with what to mend.
    """
    if file is not None:
        os.environ[PROFILE] = str(file.resolve())
    named = os.environ.get(PROFILE)
    try:
        if named and not Path(named).is_file():
            raise NotReadyError(f"{named}: no such file; give a profile in TOML ({PROFILE})")
        return Profile()
    except (
        *(ValidationError, SettingsError, tomllib.TOMLDecodeError),
        *(UnicodeDecodeError, RecursionError),
    ) as error:
        raise NotReadyError(f"{named or 'environment'}: {_describe_error(error)}") from error


def _describe_error(error: Exception) -> str:
    """Return the first error by field, without the value, which may be a password."""
    if not isinstance(error, ValidationError):
        return " ".join(str(error).split())
    first = error.errors(include_input=False, include_url=False)[0]
    field = str(first["loc"][0]) if first["loc"] else "profile"
    return f"{field} (or the variable {PREFIX}{field.upper()}): {first['msg']}"
