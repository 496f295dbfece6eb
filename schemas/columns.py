"""What the contracts of the published tables are made of: columns with unit and meaning."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd
import pandera.pandas as pa

from audience_impact import vocabulary as words
from audience_impact.outputs.review.status_rules import SENTENCES
from audience_impact.rules import FAULT, Rule, register
from audience_impact.vocabulary import FindingSeverity, RuleStage

WORLD = "001"
"""UN M49 code of the world."""
NO_WORDS: Mapping[str, str] = MappingProxyType({})
JOINED_BY = ";"
"""Between words of one cell."""
TABLE_NAMES = "table names"
"""In place of words: the column names tables, of facts or published."""


def column(
    description: str,
    unit: str = "",
    sdmx: str = "",
    null: bool = False,
    special: Mapping[str, str] = NO_WORDS,
    **checks: Any,
) -> Any:
    """A column with its meaning, unit and SDMX concept, and what else is checked.

    `special` are the few of its values that stand for something else than the others, with what.
    """
    return pa.Field(
        description=description,
        nullable=null,
        metadata={"unit": unit, "sdmx_concept": sdmx, "special": dict(special)},
        **checks,
    )


def coded(field: Any, values: Mapping[str, str] | str) -> Any:
    """A column all of whose values are words: what each means, or where that stands."""
    field.metadata["values"] = values
    return field


def explained(description: str, by: str, null: bool = False) -> Any:
    """A column of ids whose meaning another column of the same row holds."""
    field = column(description, null=null)
    field.metadata["explained_by"] = by
    return field


def table_name(description: str) -> Any:
    """The name of a table, of facts or published."""
    return coded(column(description), TABLE_NAMES)


def people(description: str, null: bool = True) -> Any:
    """A number of people."""
    return column(description, "persons", "OBS_VALUE", null, ge=0)


def share(description: str) -> Any:
    """A share, null where nothing is known."""
    return column(description, "share", "OBS_VALUE", True, ge=0)


def word(
    enum: type[words.Word],
    description: str,
    sdmx: str = "",
    null: bool = False,
    also: Mapping[str, str] = NO_WORDS,
) -> Any:
    """One of the words of an enum, or of those that this column has `also`."""
    values = {**enum.meanings(), **also}
    return coded(column(description, sdmx=sdmx, null=null, isin=list(values)), values)


def words_joined(enum: type[words.Word], description: str) -> Any:
    """Words of an enum, several joined by a semicolon; null where there is none."""
    return joined(enum.meanings(), description)


def joined(values: Mapping[str, str], description: str) -> Any:
    """Words with these meanings, several joined by a semicolon; null where there is none."""
    one = "|".join(map(re.escape, values))
    field = column(description, null=True, str_matches=f"^({one})({JOINED_BY}({one}))*$")
    field.metadata["separator"] = JOINED_BY
    return coded(field, values)


def text(
    description: str, unit: str = "", sdmx: str = "", special: Mapping[str, str] = NO_WORDS
) -> Any:
    """Text that is null where there is nothing to say."""
    return column(description, unit, sdmx, null=True, special=special)


def person_days(description: str, null: bool = True) -> Any:
    """A number of days, each counted once for every person."""
    return column(description, "person_days", "OBS_VALUE", null, ge=0)


def person_hours(description: str, null: bool = True) -> Any:
    """A number of hours, each counted once for every person."""
    return column(description, "person_hours", "OBS_VALUE", null, ge=0)


def status(description: str = "E estimated, U low reliability, M no estimate") -> Any:
    """How far to trust the numbers of the row."""
    return word(words.ObsStatus, description, "OBS_STATUS")


def reason(description: str = "why the status is what it is; null: nothing to say") -> Any:
    """Why the status is what it is."""
    return column(description, sdmx="COMMENT_OBS", null=True)


def reason_rules(*ids: str) -> Any:
    """The rules behind the sentences of `reason`, which these alone may be."""
    values = {name: SENTENCES[name] for name in ids}
    about = "rules behind the sentences of reason, in their order, joined by ;"
    return joined(values, f"{about} (null: nothing to say)")


def restriction() -> Any:
    """The restriction that a row speaks of."""
    return column("the restriction, as in the fact table restrictions", sdmx="TITLE")


def place(description: str) -> Any:
    """A country, a region of the world, or the world."""
    return column(description, sdmx="REF_AREA", special={WORLD: "the world"})


def base(description: str, null: bool = True) -> Any:
    """The population that something is a part of."""
    return word(words.PopulationBase, description, null=null)


def platform(description: str, **special: str) -> Any:
    """A platform."""
    return column(description, special={words.WHOLE_INTERNET: "the whole internet", **special})


def as_of() -> Any:
    """The day of the facts."""
    return column("day up to which the facts were read", "date", "DATA_LAST_UPDATE")


def row_rule(
    meaning: str, number: int | None = None
) -> Callable[[Callable[[Any, pd.DataFrame], Any]], Any]:
    """Make the method below, of one model or of several, a rule that published rows keep.

    Its name is the id.
    """

    def enter(method: Callable[[Any, pd.DataFrame], Any]) -> Any:
        name, stage, severity = method.__name__, RuleStage.PUBLISHED, FindingSeverity.TABLE_ERROR
        register(Rule(name, stage, severity, meaning, FAULT, number=number))
        return pa.dataframe_check(name=name)(method)

    return enter


bounds_in_order = row_rule("lower <= quantiles <= upper <= base does not hold", number=6)


class PublishedModel(pa.DataFrameModel):
    """What all published tables share: exactly the columns named, in this order."""

    class Config:
        """Other columns are dropped when the table is made."""

        strict = "filter"


class ReasonedModel(PublishedModel):
    """What tables share whose rows say why their status is what it is."""

    @pa.dataframe_check(name="reason_without_rules")
    def reason_without_rules(cls, frame: pd.DataFrame) -> Any:
        """A reason names its rules, and rules have a reason."""
        return frame["reason"].isna() == frame["reason_rule_ids"].isna()


def in_order(frame: Any, unit: str, bounds: tuple[str, ...], slack: Any) -> Any:
    """Whether bounds and quantiles of each row rise, to so many (a number or one a row)."""
    rising = True
    for names in (bounds, ("q05", "q50", "q95")):
        steps = frame[[f"{name}_{unit}" for name in names]].diff(axis=1).iloc[:, 1:]
        rising = rising & ~steps.add(slack, axis=0).lt(0).any(axis=1)
    return rising
