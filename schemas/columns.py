"""What the contracts of the published tables are made of: columns with unit and meaning."""

from typing import Any

import pandera.pandas as pa


def column(
    description: str, unit: str = "", sdmx: str = "", null: bool = False, **checks: Any
) -> Any:
    """A column with its meaning, unit and SDMX concept, and what else is checked."""
    return pa.Field(
        description=description,
        nullable=null,
        metadata={"unit": unit, "sdmx_concept": sdmx},
        **checks,
    )


def people(description: str, null: bool = True) -> Any:
    """A number of people."""
    return column(description, "persons", "OBS_VALUE", null, ge=0)


def share(description: str) -> Any:
    """A share, null where nothing is known."""
    return column(description, "share", "OBS_VALUE", True, ge=0)


def word(enum: Any, description: str, sdmx: str = "", null: bool = False) -> Any:
    """One of the words of an enum."""
    return column(description, sdmx=sdmx, null=null, isin=[member.value for member in enum])


def text(description: str, unit: str = "", sdmx: str = "") -> Any:
    """Text that is null where there is nothing to say."""
    return column(description, unit, sdmx, null=True)


def restriction() -> Any:
    """The restriction that a row speaks of."""
    return column("the restriction, as in the fact table restrictions", sdmx="TITLE")


def as_of() -> Any:
    """The day of the facts."""
    return column("day up to which the facts were read", "date", "DATA_LAST_UPDATE")


class PublishedModel(pa.DataFrameModel):
    """What all published tables share: exactly the columns named, in this order."""

    class Config:
        """Other columns are dropped when the table is made."""

        strict = "filter"
