"""The settings of an environment: one installation with a name.

They come from a file and from variables; a variable takes precedence over the file, and an option
of the command over both. Addresses for notices contain passwords: they stay in this process and its
children, and never reach Prefect's server.
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError
from pydantic_settings.sources import PydanticBaseSettingsSource, TomlConfigSettingsSource

from audience_impact.plain_text import ReadableError
from audience_impact.store.storage import is_address
from flows import CHECKOUT, SHIPPED

PREFIX = "AUDIENCE_IMPACT_"
PROFILE = f"{PREFIX}PROFILE"
"""The variable that names the file, so that a child process reads the same."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$")]


class Profile(BaseSettings):
    """The settings of an environment; paths are relative to the checkout."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid")

    environment: Name | None = None  # its name: of its deployment, metrics and notices
    facts: list[Path] = Field(default=[*SHIPPED], min_length=1)
    published: Path = Path("data/published")
    keep: int | None = Field(default=None, ge=1)  # number of versions to keep; by default all
    strict: bool = False  # publish nothing when a row is bad or much changed
    schedule: str = "15 5 * * *"  # of `serve`, as for cron
    timezone: str = "UTC"
    notices: list[SecretStr] = []  # addresses as Apprise takes them
    metrics: Path | None = None  # a folder of this machine, from which metrics are scraped
    pull_facts: bool = False  # pull the git checkouts of the facts before each run
    # Days without a run that ended well, after which something is wrong.
    silence_days: int = Field(default=2, ge=1)

    @classmethod
    def settings_customise_sources(  # type: ignore[override]
        cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Give variables precedence over the file."""
        file = TomlConfigSettingsSource(settings_cls, os.environ.get(PROFILE))
        return sources["env_settings"], file

    def qualify_name(self, word: str) -> str:
        """Return a name followed by that of the environment, if there is one."""
        return f"{word}-{self.environment}" if self.environment else word


def in_checkout(path: Path) -> Path:
    """Return the path of a profile, relative to the checkout; an address is returned unchanged."""
    return path if is_address(path) else CHECKOUT / path


def read_profile(file: Path | None = None) -> Profile:
    """Return the environment of a file and of variables; raise ReadableError with what to mend."""
    if not os.environ.get("PREFECT_API_AUTH_STRING", "").isascii():
        raise ReadableError("PREFECT_API_AUTH_STRING: Prefect compares ASCII alone; change it")
    if file is not None or os.environ.get(PROFILE):
        os.environ[PROFILE] = str(Path(file or os.environ[PROFILE]).resolve())
    named = os.environ.get(PROFILE)
    try:
        if named and not Path(named).is_file():
            raise ReadableError(f"{named}: no such file; give a profile in TOML ({PROFILE})")
        return Profile()
    except ValidationError as error:
        # The first error by field, without the value, which may be a password.
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "profile"
        reason = f"{field} (or the variable {PREFIX}{field.upper()}): {first['msg']}"
    except (SettingsError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())
    raise ReadableError(f"{named or 'environment'}: {reason}")
