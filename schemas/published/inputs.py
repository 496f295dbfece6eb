"""Tables behind the answers: facts, sources, the steps to each answer, checks and refusals.

What others published stands beside it, with the answers of ours.
"""

from pandera.typing import Series

from audience_impact import vocabulary as words
from audience_impact.tracing.items import ITEMS
from schemas import columns
from schemas.columns import PublishedModel


class Lineage(PublishedModel):
    """The facts used for each restriction, with file and line."""

    output_table: Series[str] = columns.table_name("the published table")
    restriction_id: Series[str] = columns.restriction_column()
    platform_id: Series[str] = columns.platform_column(
        "the platform; `all`: the restriction as a whole", all="the restriction as a whole"
    )
    role: Series[str] = columns.word_column(
        words.FactRole, "what the fact did for it: audience, base, ..."
    )
    input_table: Series[str] = columns.table_name("the fact table")
    input_id: Series[str] = columns.make_column("key of the fact")
    row_layer: Series[int] = columns.make_column(
        "number of the facts folder, from 1", "count", ge=1
    )
    row_file: Series[str] = columns.make_column("file of the fact")
    row_line: Series[int] = columns.make_column(
        "line of the fact in its file, from 1", "count", ge=1
    )
    source_id: Series[str] = columns.make_column("source of the fact", sdmx="SOURCE")
    publisher: Series[str] = columns.make_column("publisher of the source", sdmx="ORGANISATION")
    url: Series[str] = columns.text_column("address of the source; null: none on record")
    measurer: Series[str] = columns.text_column(
        "who measured it; null: an act, or the page does not say", sdmx="ORGANISATION"
    )
    period: Series[str] = columns.text_column(
        "period of the figure; null: an act", sdmx="TIME_PERIOD"
    )
    attribution: Series[str] = columns.make_column(
        "measurer, period and the page that relays it; of an act who reports it"
    )


class Sources(PublishedModel):
    """Every source of the facts."""

    source_id: Series[str] = columns.make_column("the source", sdmx="SOURCE")
    publisher: Series[str] = columns.make_column("who published it", sdmx="ORGANISATION")
    title: Series[str] = columns.make_column("title; not recorded: nobody noted it", sdmx="TITLE")
    url: Series[str] = columns.text_column("address; null: none on record")
    published_on: Series[str] = columns.make_column(
        "date of publication, as precise as the page; not recorded: nobody noted it"
    )
    accessed_on: Series[str] = columns.make_column("date it was read")
    source_type: Series[str] = columns.word_column(words.SourceType, "what kind of source")
    licence: Series[str] = columns.make_column(
        "licence as stated; not stated: looked for and not there; not recorded: nobody looked"
    )
    reliability: Series[str] = columns.word_column(words.Reliability, "how far to trust it")
    measurer: Series[str] = columns.make_column("whose measurement it relays")


class Sensitivity(PublishedModel):
    """The inputs that determine the width of each interval, and advice on what to measure."""

    restriction_id: Series[str] = columns.restriction_column()
    impact_metric: Series[str] = columns.word_column(
        words.ImpactMetric,
        "which number's width",
        "INDICATOR",
        also={"person_days": "person-days: each person exposed once a day"},
    )
    input: Series[str] = columns.word_column(
        words.InputKind,
        "kind of input; no_figure: nothing is drawn, and this would help most",
        also={"no_figure": "an audience figure, which is lacking: nothing is drawn"},
    )
    rank_count: Series[float] = columns.make_column("1: the largest share", "count", ge=1)
    first_order_share: Series[float] = columns.make_column(
        "part of the variance that goes if the input were known", "share", null=True
    )
    first_order_error_share: Series[float] = columns.share_column("its standard error")
    narrowing_persons: Series[float] = columns.people_column(
        "people by whom the 90 % interval would narrow if the input were known; null: person-days, "
        "or nothing is drawn"
    )
    advice: Series[str] = columns.make_column("what to measure next")


class RegisterRows(PublishedModel):
    """For each row of a register the restriction that is published for it.

    Several rows have one restriction where they record one event.
    """

    source_id: Series[str] = columns.make_column("the register", sdmx="SOURCE")
    register_row: Series[int] = columns.make_column(
        "number of the row below the header, from 1", "count", ge=1
    )
    restriction_id: Series[str] = columns.make_column(
        "the restriction that is published for the row; null: the row was refused",
        sdmx="TITLE",
        null=True,
    )
    event_id: Series[str] = columns.text_column(
        "the event of the register that the row records; null: the row was refused"
    )
    relation: Series[str] = columns.word_column(
        words.EventRelation,
        "why the event is published under another id; null: it is published under its own",
        null=True,
    )
    rule: Series[str] = columns.text_column("rule by which the two are one event; null: none")
    count_year: Series[str] = columns.text_column("edition of the register that has the row")
    country: Series[str] = columns.text_column("countries as printed", sdmx="REF_AREA")
    reason: Series[str] = columns.text_column(
        "why the row repeats another of its event, or was refused; null: nothing to say"
    )


class Quality(PublishedModel):
    """The checks of facts and results, and their outcome."""

    check: Series[str] = columns.explained_column("rule id", by="meaning")
    table: Series[str] = columns.table_name("the table checked")
    severity: Series[str] = columns.word_column(words.FindingSeverity, "what a failure does")
    checked_count: Series[int] = columns.make_column("rows checked", "count", ge=0)
    failed_count: Series[int] = columns.make_column("rows that failed", "count", ge=0)
    worst_rows: Series[str] = columns.text_column("the first failures as FILE:LINE, joined by ;")
    meaning: Series[str] = columns.make_column("what a failure means")
    details: Series[str] = columns.text_column(
        "what was found, a line each; null: nothing more to say"
    )


class Quarantine(PublishedModel):
    """Every refused row, complete."""

    table: Series[str] = columns.table_name("the fact table")
    row_layer: Series[int] = columns.make_column(
        "number of the facts folder, from 1", "count", ge=1
    )
    file: Series[str] = columns.make_column("file of the row")
    line: Series[int] = columns.make_column("line of the row in its file, from 1", "count", ge=1)
    column: Series[str] = columns.make_column("column at fault")
    rule: Series[str] = columns.explained_column("rule id", by="reason")
    value: Series[str] = columns.text_column("the cell as written")
    reason: Series[str] = columns.make_column("what is wrong and what to do")
    row: Series[str] = columns.make_column("the row as JSON")


_PLACES = {
    "place": "it says how many people live in a place of the restriction",
    "place_online": "it says how many people are online in a place, or in an area around it",
    "network": "it says how many of those online have mobile networks alone",
    "operators": "it says how many of those online are on a network of the operators",
}


class Candidates(PublishedModel):
    """The facts considered for a restriction, and why each was used or passed over."""

    restriction_id: Series[str] = columns.restriction_column()
    role: Series[str] = columns.word_column(
        words.FactRole, "what the fact was considered for", also=_PLACES
    )
    country_id: Series[str] = columns.country_column()
    country_name: Series[str] = columns.country_name()
    continent_name: Series[str] = columns.continent_name()
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
    """The steps to each answer: items and numbers, from the question to the draws."""

    restriction_id: Series[str] = columns.restriction_column()
    country_id: Series[str] = columns.make_column(
        "the country; `all`: the restriction as a whole",
        sdmx="REF_AREA",
        special={"all": "the restriction as a whole"},
    )
    country_name: Series[str] = columns.country_name()
    continent_name: Series[str] = columns.continent_name()
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
    item: Series[str] = columns.set_values(
        columns.make_column("the item: a sentence or number in words", isin=[*ITEMS]),
        {name: item.words for name, item in ITEMS.items()},
    )
    details: Series[str] = columns.text_column(
        "the cells for the braces in the words of the item, joined by |; null: no braces"
    )
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


class Comparisons(PublishedModel):
    """Figures that others published for a restriction, compared with our bounds."""

    restriction_id: Series[str] = columns.restriction_column()
    published_figure_id: Series[str] = columns.make_column("the published figure")
    platform_id: Series[str] = columns.text_column("its platform; null: the whole restriction")
    publisher: Series[str] = columns.make_column("who published it")
    figure_kind: Series[str] = columns.word_column(words.FigureKind, "what it counts")
    unit: Series[str] = columns.word_column(words.Unit, "unit of published_value", "UNIT_MEASURE")
    published_value: Series[float] = columns.make_column(
        "the figure, in the unit beside it", "see unit", "OBS_VALUE", ge=0
    )
    interval_kind: Series[str] = columns.word_column(
        words.IntervalKind, "one_sided_min means: over"
    )
    compared_with: Series[str] = columns.word_column(
        words.ComparedWith, "platform or restriction: whose bounds stand here"
    )
    min_persons: Series[float] = columns.people_column(
        "the fewest, with the errors of 99 % of such figures"
    )
    printed_min_persons: Series[float] = columns.people_column("our lower bound as printed")
    printed_max_persons: Series[float] = columns.people_column("our upper bound as printed")
    max_persons: Series[float] = columns.people_column(
        "the most, with the errors of 99 % of such figures; null: no base on record"
    )
    printed_min_ratio: Series[float] = columns.make_column(
        "theirs over our lower bound", "ratio", null=True, ge=0
    )
    printed_max_ratio: Series[float] = columns.make_column(
        "theirs over our upper bound", "ratio", null=True, ge=0
    )
    difference_reason: Series[str] = columns.word_column(
        words.DifferenceReason, "within_bounds, or why it differs"
    )
    disputed_by: Series[str] = columns.text_column(
        "whose page says that the figure is wrong; null: nobody's"
    )
    period: Series[str] = columns.text_column(
        "period of the figure; null: not said", sdmx="TIME_PERIOD"
    )
    source_id: Series[str] = columns.make_column("where it stands", sdmx="SOURCE")
    note: Series[str] = columns.text_column("what the source says of it", sdmx="COMMENT_OBS")
    attribution: Series[str] = columns.make_column(
        "whose figure it is, of when, and the page it is on"
    )


class AreaComparisons(PublishedModel):
    """Figures that others published for an area and period, compared with our numbers."""

    published_area_figure_id: Series[str] = columns.make_column("the published figure")
    area_id: Series[str] = columns.place_column("ISO 3166 code; 001: the world")
    area_name: Series[str] = columns.area_name("name of the country or region")
    continent_name: Series[str] = columns.continent_name()
    period: Series[str] = columns.make_column("period of the figure", sdmx="TIME_PERIOD")
    publisher: Series[str] = columns.make_column("who published it")
    figure_kind: Series[str] = columns.word_column(words.FigureKind, "what it counts")
    interval_kind: Series[str] = columns.word_column(
        words.IntervalKind, "one_sided_min means: over"
    )
    published_persons: Series[float] = columns.people_column(
        "their number of people; null: none given"
    )
    published_events_count: Series[float] = columns.make_column(
        "their number of restrictions; null: none given", "count", null=True, ge=0
    )
    published_hours: Series[float] = columns.make_column(
        "their hours of restriction; null: none given", "hours", null=True, ge=0
    )
    min_persons: Series[float] = columns.people_column(
        "the fewest, with the errors of 99 % of such figures"
    )
    printed_min_persons: Series[float] = columns.people_column(
        "our lower bound as printed; null: nothing on record"
    )
    q50_persons: Series[float] = columns.people_column("our median; null: no estimate")
    printed_max_persons: Series[float] = columns.people_column("our upper bound as printed")
    max_persons: Series[float] = columns.people_column(
        "the most, with the errors of 99 % of such figures; null: no base on record"
    )
    base_persons: Series[float] = columns.people_column("people in our base")
    restrictions_count: Series[float] = columns.make_column(
        "restrictions of ours", "count", null=True
    )
    printed_min_ratio: Series[float] = columns.make_column(
        "theirs over our lower bound", "ratio", null=True
    )
    q50_ratio: Series[float] = columns.make_column("theirs over our median", "ratio", null=True)
    printed_max_ratio: Series[float] = columns.make_column(
        "theirs over our upper bound", "ratio", null=True
    )
    difference_reason: Series[str] = columns.word_column(
        words.DifferenceReason, "within_bounds, or why it differs"
    )
    source_id: Series[str] = columns.make_column("where it stands", sdmx="SOURCE")
    note: Series[str] = columns.text_column("what the source says of it", sdmx="COMMENT_OBS")
