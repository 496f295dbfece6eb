"""The fact table `restriction_places`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("restriction_id", "area_id")

OPTIONAL = True
"""Only restrictions of places need it: where none is, it may be missing."""


class RestrictionPlaces(FactModel):
    """What the text of a register names, and how it is read.

    Read whole, everyone in the place is meant; within, a part of it that nobody counts; and where
    a city or the district of its name may be meant, `least_area_id` is the smaller of the two.
    """

    restriction_id: Series[str] = fields.reference("restrictions")
    area_id: Series[str] = fields.reference("areas")
    reading: Series[str] = fields.code(words.PlaceReading)
    least_area_id: Series[str] = fields.reference("areas", filled=False)
    name: Series[str] = fields.text(filled=True)
    found_by: Series[str] = fields.code(words.PlaceMatch)
    note: Series[str] = fields.text()
