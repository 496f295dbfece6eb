"""The published trace of each answer: the facts considered for it, and the steps to it."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

_PLACES = {
    "place": "it says how many people live in a place of the restriction",
    "place_online": "it says how many people are online in a place, or in an area around it",
    "network": "it says how many of those online have mobile networks alone",
    "operators": "it says how many of those online are on a network of the operators",
}


class Candidates(PublishedModel):
    """Which facts were considered for a restriction, and why each was used or passed over."""

    restriction_id: Series[str] = columns.restriction_column()
    role: Series[str] = columns.word_column(
        words.FactRole, "what the fact was considered for", also=_PLACES
    )
    country_id: Series[str] = columns.make_column("ISO 3166 code of the country", sdmx="REF_AREA")
    platform_id: Series[str] = columns.platform_column(
        "the platform; `all`: the restriction as a whole", all="the restriction as a whole"
    )
    looked_for: Series[str] = columns.make_column(
        "which of several choices: a kind of base, a feature or a place; `all`: the only one",
        special={"all": "the only choice of this role"},
    )
    input_table: Series[str] = columns.table_name("the fact table")
    input_id: Series[str] = columns.make_column("key of the fact")
    row_layer: Series[int] = columns.make_column(
        "number of the facts folder, from 1", "count", ge=1
    )
    row_line: Series[int] = columns.make_column(
        "line of the fact in its file, from 1", "count", ge=1
    )
    row_file: Series[str] = columns.make_column("file of the fact")
    persons: Series[float] = columns.people_column(
        "what the fact says in persons; null: it does not count people, or cannot be turned into "
        "people"
    )
    passed_over: Series[str] = columns.text_column("why the fact was not used; null: it was used")


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
