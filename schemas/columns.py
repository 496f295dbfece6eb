"""Columns of the contracts of published tables, each with unit and meaning."""

import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from audience_impact import vocabulary as words
from audience_impact.outputs.review.status_rules import SENTENCES
from audience_impact.rules import register_rule
from audience_impact.vocabulary import RuleStage

WORLD = "001"
"""UN M49 code of the world."""
NO_WORDS: Mapping[str, str] = MappingProxyType({})
JOINED_BY = ";"
"""Separator between several words in one cell."""
TABLE_NAMES = "table names"
"""Marker, instead of an enum, for columns that contain names of tables."""


def make_column(
    description: str,
    unit: str = "",
    sdmx: str = "",
    null: bool = False,
    special: Mapping[str, str] = NO_WORDS,
    **checks: Any,
) -> Any:
    """Return a column with its meaning, unit, SDMX concept and further checks.

    `special` gives the meanings of the few values that differ in kind from the others.
    """
    return pa.Field(
        description=description,
        nullable=null,
        metadata={"unit": unit, "sdmx_concept": sdmx, "special": dict(special)},
        **checks,
    )


def set_values(field: Any, values: Mapping[str, str] | str) -> Any:
    """Return a column with the meanings of its words, or a reference to these meanings."""
    field.metadata["values"] = values
    return field


def explained_column(description: str, by: str, null: bool = False) -> Any:
    """Return a column of ids whose meaning is in another column of the same row."""
    field = make_column(description, null=null)
    field.metadata["explained_by"] = by
    return field


def table_name(description: str) -> Any:
    """Return a column of names of tables, of facts or published."""
    return set_values(make_column(description), TABLE_NAMES)


def people_column(description: str, null: bool = True) -> Any:
    """Return a column of numbers of persons."""
    return make_column(description, "persons", "OBS_VALUE", null, ge=0)


ENDS = {
    "min": "the fewest, with the errors of 99 % of such figures",
    "printed_min": "the fewest as printed",
    "q05": "5 % quantile",
    "q50": "median",
    "q95": "95 % quantile",
    "printed_max": "the most as printed",
    "max": "the most, with the errors of 99 % of such figures",
}
"""The meaning of the numbers of an estimate, by the name of their column."""
CERTAIN = ("min", "printed_min")
"""Ends that are 0 where nothing is certain, and so never null."""
Decorator = Callable[[type], type]


def add_estimates(
    unit: str,
    kinds: Mapping[str, str],
    names: Collection[str] = tuple(ENDS),
    never_null: Collection[str] = (),
) -> Decorator:
    """Return a decorator that adds to a model the columns of an estimate of each kind.

    `kinds` has what the numbers are of, by prefix, and `names` are some of ENDS.
    """

    def make(name: str, about: str) -> Any:
        is_null = name not in never_null
        meaning = f"{ENDS[name]}, of {about}{'; null: not known' if is_null else ''}"
        return make_column(meaning, unit, "OBS_VALUE", is_null, ge=0)

    return _add_fields(
        {
            f"{kind}_{name}_{unit}".removeprefix("_"): make(name, about)
            for kind, about in kinds.items()
            for name in names
        }
    )


def _add_fields(fields: dict[str, Any]) -> Decorator:
    def add(model: type) -> type:
        about = {"__doc__": model.__doc__, "__module__": model.__module__}
        typed = {"__annotations__": dict.fromkeys(fields, Series[float])}
        return type(model.__name__, (model,), about | typed | fields)

    return add


def share_column(description: str) -> Any:
    """Return a column of shares, null where unknown."""
    return make_column(description, "share", "OBS_VALUE", True, ge=0)


def word_column(
    enum: type[words.Word],
    description: str,
    sdmx: str = "",
    null: bool = False,
    also: Mapping[str, str] = NO_WORDS,
) -> Any:
    """Return a column of words of an enum, and of the words in `also`."""
    values = {**enum.list_meanings(), **also}
    return set_values(make_column(description, sdmx=sdmx, null=null, isin=list(values)), values)


def words_joined(enum: type[words.Word], description: str) -> Any:
    """Return a column of words of an enum, joined by semicolons; null without words."""
    return joined_column(enum.list_meanings(), description)


def joined_column(values: Mapping[str, str], description: str) -> Any:
    """Return a column of words with these meanings, joined by semicolons; null without words."""
    word_pattern = "|".join(map(re.escape, values))
    field = make_column(
        description, null=True, str_matches=f"^({word_pattern})({JOINED_BY}({word_pattern}))*$"
    )
    field.metadata["separator"] = JOINED_BY
    return set_values(field, values)


def day_column(description: str) -> Any:
    """Return a column of days; null where none is known."""
    return make_column(description, "date", null=True)


def list_column(description: str, null: bool = False) -> Any:
    """Return a column of lists of ids or names."""
    field = make_column(description, null=null)
    field.metadata["separator"] = JOINED_BY
    return field


def text_column(
    description: str, unit: str = "", sdmx: str = "", special: Mapping[str, str] = NO_WORDS
) -> Any:
    """Return a column of text; null without text."""
    return make_column(description, unit, sdmx, null=True, special=special)


def person_days(description: str, null: bool = True) -> Any:
    """Return a column of person-days."""
    return make_column(description, "person_days", "OBS_VALUE", null, ge=0)


def status_column(description: str = "E estimated, U low reliability, M no estimate") -> Any:
    """Return the column of the status of a row: how reliable its numbers are."""
    return word_column(words.ObsStatus, description, "OBS_STATUS")


def reason_column(description: str = "why the status is what it is; null: nothing to say") -> Any:
    """Return the column of the reasons for the status."""
    return make_column(description, sdmx="COMMENT_OBS", null=True)


def reason_rules(*ids: str) -> Any:
    """Return the column of rules behind the sentences of `reason`; `ids` are the valid ids."""
    values = {name: SENTENCES[name] for name in ids}
    about = "rules behind the sentences of reason, in their order, joined by ;"
    return joined_column(values, f"{about} (null: nothing to say)")


def restriction_column() -> Any:
    """Return the column of the restriction of a row."""
    return make_column("the restriction, as in the fact table restrictions", sdmx="TITLE")


def metric_column() -> Any:
    """Return the column of the people whom a row counts."""
    return word_column(words.ImpactMetric, "which people are counted", "INDICATOR")


def place_column(description: str) -> Any:
    """Return a column of a country, a region of the world, or the world."""
    return make_column(description, sdmx="REF_AREA", special={WORLD: "the world"})


def country_column() -> Any:
    """Return the column of the country of a row."""
    return make_column("ISO 3166 code of the country", sdmx="REF_AREA")


def area_name(description: str = "name of the country") -> Any:
    """Return the column of the name of the area of a row."""
    return text_column(description)


def country_name() -> Any:
    """Return the column of the country in which the areas of a row are."""
    return text_column("name of the country, of several joined by a comma")


def continent_name() -> Any:
    """Return the column of the continent of a row."""
    return text_column("continent, a region of UN M49, of several joined by a comma")


def year_column() -> Any:
    """Return the column of the year of a row."""
    return make_column("year", "year", "TIME_PERIOD", str_matches=r"^\d{4}$")


def base_column(description: str, null: bool = True) -> Any:
    """Return a column of ids of population bases."""
    return word_column(words.PopulationBase, description, null=null)


def platform_column(description: str, **special: str) -> Any:
    """Return a column of ids of platforms."""
    return make_column(description, special={words.WHOLE_INTERNET: "the whole internet", **special})


def as_of() -> Any:
    """Return the column of the day of the facts."""
    return make_column("day up to which the facts were read", "date", "DATA_LAST_UPDATE")


def row_rule(method: Callable[[Any, pd.DataFrame], Any]) -> Any:
    """Register a method of one model or several as a rule of published rows.

    The name of the method is the id of the rule.
    """
    name = register_rule(method.__name__, RuleStage.PUBLISHED)
    return pa.dataframe_check(name=name)(method)


class PublishedModel(pa.DataFrameModel):
    """The base of all published tables: exactly the columns of the model, in this order."""

    class Config:
        """Other columns are dropped when the table is made."""

        strict = "filter"


class ReasonedModel(PublishedModel):
    """The base of tables whose rows have reasons for their status."""

    @pa.dataframe_check(name="reason_without_rules")
    def reason_without_rules(cls, frame: pd.DataFrame) -> Any:
        """Return rows with both a reason and its rules, or neither."""
        return frame["reason"].isna() == frame["reason_rule_ids"].isna()


def in_order(frame: Any, unit: str, bounds: tuple[str, ...], slack: Any) -> Any:
    """Return whether bounds and quantiles of each row are in order, inside the bounds with errors.

    A difference of at most `slack` (a number, or one number per row) is allowed.
    """
    rising = np.ones(len(frame), dtype=bool)
    allowed = np.asarray(slack, dtype="float64").reshape(-1, 1)
    for names in (
        ("min", *bounds),
        (bounds[1], "max"),
        ("min", "q05", "q50", "q95", "max"),
    ):
        values = frame[[f"{name}_{unit}" for name in names]].to_numpy("float64")
        rising &= ~(np.diff(values, axis=1) + allowed < 0.0).any(axis=1)
    return pd.Series(rising, frame.index)
