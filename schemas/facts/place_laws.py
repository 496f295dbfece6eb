"""The fact table `place_laws`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.laws import QuantileLaw

KEY = ("parameter", "kind")
OPTIONAL = True


class PlaceLaws(QuantileLaw):
    """How places differ from what holds them in the share online; written by `learn-places` alone.

    `kind` says which quantile the value is, `q95` alone half of a central 90 % interval; log odds
    of the share online, or as the note says. `count` is a plain number.
    """

    parameter: Series[str] = fields.code(words.PlaceLaw)
