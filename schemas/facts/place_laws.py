"""The fact table `place_laws`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("parameter", "kind")
OPTIONAL = True


class PlaceLaws(FactModel):
    """How places differ from what holds them in the share online; written by `learn-places` alone.

    `kind` says which quantile the value is, `q95` alone half of a central 90 % interval; log odds
    of the share online, or as the note says. `count` is a plain number.
    """

    parameter: Series[str] = fields.code(words.PlaceLaw)
    kind: Series[str] = fields.code(words.ErrorQuantile)
    value: Series[str] = fields.parameter()
    basis: Series[str] = fields.code(words.ParameterBasis)
    figures: Series[str] = fields.persons(filled=True)
    countries: Series[str] = fields.persons(filled=True)
    data_sha256: Series[str] = fields.text(filled=True)
    note: Series[str] = fields.text()
