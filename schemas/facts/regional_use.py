"""The fact table `regional_use`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.figures import SourcedFigure

KEY = ("area_id", "asked", "residence", "internet_use", "period", "source_id")
OPTIONAL = True


class RegionalUse(SourcedFigure):
    """Which share of those asked in a region uses the internet.

    What is used of it is how a region differs from its country, not the level: surveys differ in
    whom they ask and what they call use.
    """

    area_id: Series[str] = fields.reference("areas")
    asked: Series[str] = fields.code(words.RegionalAsked)
    residence: Series[str] = fields.code(words.Residence)
    internet_use: Series[str] = fields.code(words.InternetUse)
    period: Series[str] = fields.day(filled=True)
    share: Series[str] = fields.share(filled=True)
