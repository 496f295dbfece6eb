"""The fact table `network_laws`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("parameter", "kind")
OPTIONAL = True


class NetworkLaws(FactModel):
    """How the share with a mobile network alone moves; written by `learn-places` alone.

    Log odds of the share; `kind` is the quantile.
    """

    parameter: Series[str] = fields.code(words.NetworkLaw)
    kind: Series[str] = fields.code(words.ErrorQuantile)
    value: Series[str] = fields.parameter()
    basis: Series[str] = fields.code(words.ParameterBasis)
    figures: Series[str] = fields.persons(filled=True)
    countries: Series[str] = fields.persons(filled=True)
    data_sha256: Series[str] = fields.text(filled=True)
    note: Series[str] = fields.text()
