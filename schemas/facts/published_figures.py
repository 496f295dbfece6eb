"""What others published, to compare results with."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class PublishedFigures(FactModel):
    """What others published for a restriction."""

    published_figure_id: Series[str] = fields.key()
    restriction_id: Series[str] = fields.reference("restrictions")
    platform_id: Series[str] = fields.reference("platforms", filled=False)
    publisher: Series[str] = fields.text(filled=True)
    figure_kind: Series[str] = fields.code(words.FigureKind)
    unit: Series[str] = fields.code(words.Unit)
    value: Series[str] = fields.value(filled=True)
    interval_kind: Series[str] = fields.code(words.IntervalKind)
    period: Series[str] = fields.day()
    source_id: Series[str] = fields.reference("sources")
    note: Series[str] = fields.text()


class PublishedAreaFigures(FactModel):
    """What others published for all restrictions of an area and period together."""

    published_area_figure_id: Series[str] = fields.key()
    area_id: Series[str] = fields.reference("areas")
    period: Series[str] = fields.day(filled=True)
    publisher: Series[str] = fields.text(filled=True)
    figure_kind: Series[str] = fields.code(words.FigureKind)
    persons: Series[str] = fields.persons()
    events: Series[str] = fields.value()
    duration_hours: Series[str] = fields.value()
    interval_kind: Series[str] = fields.code(words.IntervalKind)
    source_id: Series[str] = fields.reference("sources")
    note: Series[str] = fields.text()
