"""What others published, to compare results with."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class PublishedFigures(FactModel):
    """What others published for a restriction."""

    published_figure_id: Series[str] = fields.key_field()
    restriction_id: Series[str] = fields.reference_field("restrictions")
    platform_id: Series[str] = fields.reference_field("platforms", filled=False)
    publisher: Series[str] = fields.text_field(filled=True)
    figure_kind: Series[str] = fields.code_field(words.FigureKind)
    unit: Series[str] = fields.code_field(words.Unit)
    value: Series[str] = fields.value_field(filled=True)
    interval_kind: Series[str] = fields.code_field(words.IntervalKind)
    period: Series[str] = fields.day_field()
    source_id: Series[str] = fields.reference_field("sources")
    note: Series[str] = fields.text_field()


class PublishedAreaFigures(FactModel):
    """What others published for all restrictions of an area and period together."""

    published_area_figure_id: Series[str] = fields.key_field()
    area_id: Series[str] = fields.reference_field("areas")
    period: Series[str] = fields.day_field(filled=True)
    publisher: Series[str] = fields.text_field(filled=True)
    figure_kind: Series[str] = fields.code_field(words.FigureKind)
    persons: Series[str] = fields.persons_field()
    events: Series[str] = fields.value_field()
    duration_hours: Series[str] = fields.value_field()
    interval_kind: Series[str] = fields.code_field(words.IntervalKind)
    source_id: Series[str] = fields.reference_field("sources")
    note: Series[str] = fields.text_field()
