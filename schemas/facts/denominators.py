"""How many people there are, and which share of them is online or has one network alone."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.facts.figures import SourcedFigure, is_ordered, low_value_high
from schemas.fields import FactModel


class Bases(SourcedFigure):
    """How many people a population holds: the denominators."""

    base_id: Series[str] = fields.key_field()
    area_id: Series[str] = fields.reference_field("areas")
    population_base: Series[str] = fields.code_field(words.PopulationBase)
    period: Series[str] = fields.day_field(filled=True)
    persons: Series[str] = fields.persons_field(filled=True)
    low_persons: Series[str] = fields.persons_field()
    high_persons: Series[str] = fields.persons_field()
    obs_status: Series[str] = fields.code_field(words.ObsStatus)

    @low_value_high
    def low_value_high(cls, frame: pd.DataFrame) -> Any:
        """Low <= persons <= high."""
        return is_ordered(frame, "low_persons", "persons", "high_persons")


class RegionalUse(SourcedFigure):
    """Which share of those asked in a region uses the internet.

    What is used of it is how a region differs from its country, not the level: surveys differ in
    whom they ask and what they call use.
    """

    area_id: Series[str] = fields.reference_field("areas")
    asked: Series[str] = fields.code_field(words.RegionalAsked)
    residence: Series[str] = fields.code_field(words.Residence)
    internet_use: Series[str] = fields.code_field(words.InternetUse)
    period: Series[str] = fields.day_field(filled=True)
    share: Series[str] = fields.share_field(filled=True)


class NetworkUse(SourcedFigure):
    """Which share of the people online has a mobile network alone, and no fixed line at home.

    `least_share` and `most_share` are what the count of fixed lines leaves: a line serves a whole
    household, or one person.
    """

    area_id: Series[str] = fields.reference_field("areas")
    period: Series[str] = fields.day_field(filled=True)
    least_share: Series[str] = fields.share_field(filled=True)
    most_share: Series[str] = fields.share_field(filled=True)

    @low_value_high
    def low_value_high(cls, frame: pd.DataFrame) -> Any:
        """Least <= most."""
        return is_ordered(frame, "least_share", "least_share", "most_share")


class PlaceParts(FactModel):
    """How many people live in the part of a place that a register row means, as a reader judged.

    `area_id` is the place that the part lies in, `units_count` how many parts of the kind are
    meant; the truth should lie between least and most nine times in ten.
    """

    reading_id: Series[str] = fields.key_field()
    area_id: Series[str] = fields.reference_field("areas")
    period: Series[str] = fields.day_field(filled=True)
    part_kind: Series[str] = fields.code_field(words.PartKind)
    units_count: Series[str] = fields.persons_field(filled=True)
    least_persons: Series[str] = fields.persons_field(filled=True)
    most_persons: Series[str] = fields.persons_field(filled=True)
    source_id: Series[str] = fields.reference_field("sources")
    note: Series[str] = fields.text_field()

    @low_value_high
    def low_value_high(cls, frame: pd.DataFrame) -> Any:
        """Least <= most."""
        return is_ordered(frame, "least_persons", "least_persons", "most_persons")
