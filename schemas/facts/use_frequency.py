"""The fact table `use_frequency`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.figures import ShareOfPeople

OPTIONAL = True


class UseFrequency(ShareOfPeople):
    """Which share of the users of a service, or of the internet, come on a day.

    What the share is of differs (`use_frequency_kind`), and kinds are never mixed.
    """

    use_frequency_id: Series[str] = fields.key()
    platform_id: Series[str] = fields.reference("platforms")
    area_id: Series[str] = fields.reference("areas")
    use_frequency_kind: Series[str] = fields.code(words.UseFrequencyKind)
    respondents: Series[str] = fields.persons()
    period: Series[str] = fields.day(filled=True)
