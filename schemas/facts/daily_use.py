"""The fact table `daily_use`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.laws import StudentLaw

KEY = ("platform_id", "area_id", "use_frequency_kind")
OPTIONAL = True


class DailyUse(StudentLaw):
    """The law of the share of users who come on a day; written by `learn-daily-use` alone.

    One row a service, or any service where `platform_id` is blank, and one an area with figures of
    its own. Log odds: Student t of `freedom` degrees around `mean`, times `spread`.
    """

    platform_id: Series[str] = fields.reference("platforms", filled=False)
    area_id: Series[str] = fields.reference("areas", filled=False)
    use_frequency_kind: Series[str] = fields.code(words.UseFrequencyKind)
