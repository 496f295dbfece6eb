"""The fact table `answer_rungs`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("rung_family", "rung")
OPTIONAL = True


class AnswerRungs(FactModel):
    """How well each rung answers what is known better; by `python -m benchmarks.answers` alone.

    `units` are answers that stand on figures of their own; `inside_share` of them lay in the 90 %
    interval of the rung, `ratio` is the median of its medians over theirs. A rung that is not open
    makes no estimate.
    """

    rung_family: Series[str] = fields.code(words.RungFamily)
    rung: Series[str] = fields.text(filled=True)
    answers: Series[str] = fields.persons(filled=True)
    units: Series[str] = fields.persons(filled=True)
    inside_share: Series[str] = fields.share()
    ratio: Series[str] = fields.parameter()
    is_open: Series[str] = fields.code(words.YesNo)
    note: Series[str] = fields.text()
