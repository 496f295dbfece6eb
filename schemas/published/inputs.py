"""What stands behind the answers: facts, sources, and the inputs that make intervals wide."""

from pandera.typing import Series

from audience_impact import vocabulary as words
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
    rank_count: Series[float] = columns.make_column("1: the largest total share", "count", ge=1)
    first_order_share: Series[float] = columns.make_column(
        "part of the variance that goes if the input were known", "share", null=True
    )
    first_order_error_share: Series[float] = columns.share_column("its standard error")
    total_share: Series[float] = columns.make_column(
        "part of the variance that stays if all else were known", "share", null=True
    )
    total_error_share: Series[float] = columns.share_column("its standard error")
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
