"""What the fact tables of learned laws share: numbers of a law, and what it was learned from."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class ShareLaw(FactModel):
    """A law of a share in log odds: Student t of `freedom` degrees around `mean`, times `spread`.

    One row for any country, where `area_id` is blank, and one a country with figures of its own.
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


class QuantileLaw(FactModel):
    """A quantile of a law, learned from figures of some countries; `kind` says which."""

    kind: Series[str] = fields.code(words.ErrorQuantile)
    value: Series[str] = fields.parameter()
    basis: Series[str] = fields.code(words.ParameterBasis)
    figures: Series[str] = fields.persons(filled=True)
    countries: Series[str] = fields.persons(filled=True)
    data_sha256: Series[str] = fields.text(filled=True)
    note: Series[str] = fields.text()
