"""The fact table `daily_use`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("platform_id", "area_id", "use_frequency_kind")
OPTIONAL = True


class DailyUse(FactModel):
    """The law of the share of users who come on a day; written by `learn-daily-use` alone.

    One row a service, or any service where `platform_id` is blank, and one an area with figures of
    its own. Log odds: Student t of `freedom` degrees around `mean`, times `spread`.
    """

    platform_id: Series[str] = fields.reference("platforms", filled=False)
    area_id: Series[str] = fields.reference("areas", filled=False)
    use_frequency_kind: Series[str] = fields.code(words.UseFrequencyKind)
    mean: Series[str] = fields.parameter()
    spread: Series[str] = fields.parameter()
    freedom: Series[str] = fields.persons(filled=True)
    areas: Series[str] = fields.persons(filled=True)
    basis: Series[str] = fields.code(words.ParameterBasis)
    data_sha256: Series[str] = fields.text(filled=True)
    note: Series[str] = fields.text()
