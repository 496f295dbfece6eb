"""An environment: the settings of one installation on a server, from a file or variables.

A variable wins over the file, and an option of the command over both. Addresses for notices hold
passwords: they stay in this process and its children, and never reach the Prefect server.
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from flows.serving.preparing import NotReadyError

PREFIX = "AUDIENCE_IMPACT_"
PROFILE = f"{PREFIX}PROFILE"
"""The variable that names the file, so that a child process reads the same."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$")]


class Profile(BaseSettings):
    """The settings of an environment; paths are relative to the checkout."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid")

    environment: Name | None = Field(
        default=None, description="what its deployments, pool and runs carry"
    )
    work_pool: str = Field(default="audience-impact", min_length=1, description="the work pool")
    facts: list[Path] = Field(
        default=[Path("data/facts")], min_length=1, description="layers of facts"
    )
    published: Path = Field(default=Path("data/published"), description="where versions lie")
    keep: int | None = Field(
        default=None, ge=1, description="how many versions stay; all where not given"
    )
    strict: bool = Field(
        default=False, description="publish nothing when a row is bad or much changed"
    )
    schedule: str = Field(default="15 5 * * *", description="when it runs, as cron says it")
    timezone: str = Field(default="UTC", description="the time zone of the schedule")
    notices: list[SecretStr] = Field(default=[], description="addresses as Apprise takes them")
    silence_days: int | None = Field(
        default=None,
        ge=1,
        description="days without a new look at the facts after which to tell somebody",
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
        """Let variables win over the file."""
        return env_settings, TomlConfigSettingsSource(settings_cls, os.environ.get(PROFILE))

    def qualify_name(self, word: str) -> str:
        """Return a name followed by that of the environment, if there is one."""
        return f"{word}-{self.environment}" if self.environment else word


def read_profile(file: Path | None = None) -> Profile:
    """Return the environment that a file, the variables, or both describe.

    A file that is passed is that of child processes too. Raises NotReadyError with what to mend.
    """
    if file is not None:
        os.environ[PROFILE] = str(file.resolve())
    named = os.environ.get(PROFILE)
    try:
        if named and not Path(named).is_file():
            raise NotReadyError(f"{named}: no such file; give a profile in TOML ({PROFILE})")
        return Profile()
    except (ValidationError, SettingsError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NotReadyError(f"{named or 'environment'}: {_describe_error(error)}") from error


def _describe_error(error: Exception) -> str:
    """Return the first error, by field, without the value: it may be a password."""
    if not isinstance(error, ValidationError):
        return " ".join(str(error).split())
    first = error.errors(include_input=False, include_url=False)[0]
    field = str(first["loc"][0]) if first["loc"] else "profile"
    return f"{field} (or the variable {PREFIX}{field.upper()}): {first['msg']}"
