"""The fact table `network_laws`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.laws import QuantileLaw

KEY = ("parameter", "kind")
OPTIONAL = True


class NetworkLaws(QuantileLaw):
    """How the share with a mobile network alone moves; written by `learn-places` alone.

    Log odds of the share; `kind` is the quantile.
    """

    parameter: Series[str] = fields.code(words.NetworkLaw)
