"""The fact table `restriction_places`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("restriction_id", "area_id", "name")
OPTIONAL = True


class RestrictionPlaces(FactModel):
    """What the text of a register names: stands in until the places are merged."""

    restriction_id: Series[str] = fields.reference("restrictions")
    area_id: Series[str] = fields.reference("areas", filled=False)
    reading: Series[str] = fields.code(words.PlaceReading, filled=False)
    least_area_id: Series[str] = fields.reference("areas", filled=False)
    name: Series[str] = fields.text(filled=True)
    found_by: Series[str] = fields.text()
    note: Series[str] = fields.text()
