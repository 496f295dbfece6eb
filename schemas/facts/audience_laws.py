"""The fact table `audience_laws`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("parameter", "kind")
OPTIONAL = True


class AudienceLaws(FactModel):
    """What the figures teach of audiences that nobody counted; by `learn-audiences` alone.

    `kind` is an effect of the model or `own_` and a way of counting (effect_spread), a rung
    (rung_factor), a platform (platform_factor), or a region of the world (region_factor).
    """

    parameter: Series[str] = fields.code(words.AudienceLaw)
    kind: Series[str] = fields.text(filled=True)
    value: Series[str] = fields.parameter()
    basis: Series[str] = fields.code(words.ParameterBasis)
    figures: Series[str] = fields.persons(filled=True)
    areas: Series[str] = fields.persons(filled=True)
    data_sha256: Series[str] = fields.text(filled=True)
    note: Series[str] = fields.text()
