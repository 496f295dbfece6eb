"""The fact table `platforms`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class Platforms(FactModel):
    """A service, or a group of services named without its members."""

    platform_id: Series[str] = fields.key()
    name: Series[str] = fields.text(filled=True)
    owner: Series[str] = fields.text()
    kind: Series[str] = fields.code(words.PlatformKind)
    aliases: Series[str] = fields.text()
    note: Series[str] = fields.text()
