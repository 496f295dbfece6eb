"""The published table `steps`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

KEY = ("restriction_id", "country_id", "step", "subject", "position")
_UNITS = {
    "persons": "people",
    "share": "a part of 1",
    "log odds": "logarithm of the odds of a share",
    "correlation": "a correlation",
}


class Steps(PublishedModel):
    """How each answer comes about: sentences and numbers, from the question to the draws."""

    restriction_id: Series[str] = columns.restriction_column()
    country_id: Series[str] = columns.make_column(
        "the country; `all`: the restriction as a whole",
        sdmx="REF_AREA",
        special={"all": "the restriction as a whole"},
    )
    step: Series[str] = columns.word_column(words.TraceStep, "the step of the way")
    subject: Series[str] = columns.make_column(
        "the platform, place or fact; `all`: the country as a whole",
        special={
            words.WHOLE_INTERNET: "the whole internet",
            "all": "the country or restriction as a whole",
        },
    )
    position: Series[int] = columns.make_column(
        "number of the row within its step, from 1", "count", ge=1
    )
    text: Series[str] = columns.make_column("a sentence, or what the number is")
    unit: Series[str] = columns.set_values(
        columns.make_column("unit of the number; null: a sentence", null=True, isin=[*_UNITS]),
        _UNITS,
    )
    low: Series[float] = columns.make_column("5 % quantile; null: one number", null=True)
    value: Series[float] = columns.make_column("the number, or the median", null=True)
    high: Series[float] = columns.make_column("95 % quantile; null: one number", null=True)
    input_table: Series[str] = columns.set_values(
        columns.text_column("fact table of a figure that moves the number; null: no figure"),
        columns.TABLE_NAMES,
    )
    input_id: Series[str] = columns.text_column("key of the figure")
    row_layer: Series[float] = columns.make_column(
        "number of its facts folder, from 1", "count", null=True, ge=1
    )
    row_file: Series[str] = columns.text_column("its file")
    row_line: Series[float] = columns.make_column(
        "its line in the file, from 1", "count", null=True, ge=1
    )
