"""The fact table `figure_errors`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.laws import Quantiles

KEY = ("parameter", "kind")
OPTIONAL = True


class FigureErrors(Quantiles):
    """What printed figures may be off by; written by `audience-impact learn` alone.

    `kind` says which quantile the value is, `q95` alone half of a central 90 % interval; log odds
    of the share of the people online, or as the note says.
    """

    parameter: Series[str] = fields.code(words.FigureError)
    pairs: Series[str] = fields.persons(filled=True)
    measurers: Series[str] = fields.persons(filled=True)
