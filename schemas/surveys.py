"""The contracts of the survey tables and of what the overlap model learns from them."""

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
    platform_ids: Series[str] = fields.reference("platforms")
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
    platform_ids: Series[str] = fields.reference("platforms", filled=False)
    weighted_share: Series[str] = fields.share(filled=True)
    respondents: Series[str] = fields.persons(filled=True)


class OverlapCalibration(FactModel):
    """What the surveys teach about joint use; written by `audience-impact calibrate` alone.

    One row a parameter, and one a survey with its own correlation (in log odds).
    """

    parameter: Series[str] = fields.code(words.OverlapParameter)
    survey_id: Series[str] = fields.reference("surveys", filled=False)
    value: Series[str] = fields.parameter()
    basis: Series[str] = fields.code(words.ParameterBasis)
    surveys: Series[str] = fields.persons(filled=True)
    houses: Series[str] = fields.persons(filled=True)
    data_sha256: Series[str] = fields.text(filled=True)
    note: Series[str] = fields.text()


class FigureErrors(FactModel):
    """What printed figures may be off by; written by `audience-impact learn` alone.

    `kind` says which quantile the value is, `q95` alone half of a central 90 % interval; log odds
    of the share of the people online, or as the note says.
    """

    parameter: Series[str] = fields.code(words.FigureError)
    kind: Series[str] = fields.code(words.ErrorQuantile)
    value: Series[str] = fields.parameter()
    basis: Series[str] = fields.code(words.ParameterBasis)
    pairs: Series[str] = fields.persons(filled=True)
    measurers: Series[str] = fields.persons(filled=True)
    data_sha256: Series[str] = fields.text(filled=True)
    note: Series[str] = fields.text()
