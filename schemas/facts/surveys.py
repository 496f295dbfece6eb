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

    survey_id: Series[str] = fields.key_field()
    area_id: Series[str] = fields.reference_field("areas")
    period: Series[str] = fields.day_field(filled=True)
    house: Series[str] = fields.text_field(filled=True)
    asked: Series[str] = fields.text_field(filled=True)
    question: Series[str] = fields.text_field()
    platform_ids: Series[str] = fields.references_field("platforms")
    online_is_lower_bound: Series[str] = fields.code_field(words.YesNo)
    online_share_override: Series[str] = fields.share_field()
    respondents: Series[str] = fields.persons_field(filled=True)
    weight: Series[str] = fields.text_field()
    source_id: Series[str] = fields.reference_field("sources")
    note: Series[str] = fields.text_field()


class UsePatterns(FactModel):
    """Share of a survey's adults by the exact set of platforms they use."""

    survey_id: Series[str] = fields.reference_field("surveys")
    online: Series[str] = fields.share_field(filled=True)
    platform_ids: Series[str] = fields.references_field("platforms", filled=False)
    weighted_share: Series[str] = fields.share_field(filled=True)
    respondents: Series[str] = fields.persons_field(filled=True)
