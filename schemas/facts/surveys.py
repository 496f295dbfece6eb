"""Surveys of joint use, and the sets of platforms that those asked use."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class Surveys(FactModel):
    """A survey of joint use: who was asked what.

    `online_share_override` replaces the online share of the patterns where that is too low;
    the note says where it comes from.
    """

    survey_id: Series[str] = fields.key()
    area_id: Series[str] = fields.reference("areas")
    period: Series[str] = fields.day(filled=True)
    house: Series[str] = fields.text(filled=True)
    asked: Series[str] = fields.text(filled=True)
    question: Series[str] = fields.text()
    platform_ids: Series[str] = fields.references("platforms")
    online_is_lower_bound: Series[str] = fields.code(words.YesNo)
    online_share_override: Series[str] = fields.share()
    respondents: Series[str] = fields.persons(filled=True)
    weight: Series[str] = fields.text()
    source_id: Series[str] = fields.reference("sources")
    note: Series[str] = fields.text()


class UsePatterns(FactModel):
    """Share of a survey's adults by the exact set of platforms they use."""

    survey_id: Series[str] = fields.reference("surveys")
    online: Series[str] = fields.share(filled=True)
    platform_ids: Series[str] = fields.references("platforms", filled=False)
    weighted_share: Series[str] = fields.share(filled=True)
    respondents: Series[str] = fields.persons(filled=True)
