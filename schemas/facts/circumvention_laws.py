"""The fact table `circumvention_laws`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("area_id",)
OPTIONAL = True


class CircumventionLaws(FactModel):
    """The law of the share that keeps access to what is cut; written by `learn-shares` alone.

    One row for any country, where `area_id` is blank, and one a country with figures of its own.
    Log odds: Student t of `freedom` degrees around `mean`, times `spread`.
    """

    area_id: Series[str] = fields.reference("areas", filled=False)
    mean: Series[str] = fields.parameter()
    spread: Series[str] = fields.parameter()
    freedom: Series[str] = fields.persons(filled=True)
    areas: Series[str] = fields.persons(filled=True)
    figures: Series[str] = fields.persons(filled=True)
    basis: Series[str] = fields.code(words.ParameterBasis)
    data_sha256: Series[str] = fields.text(filled=True)
    note: Series[str] = fields.text()
