"""The published table `candidates`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

KEY = (
    *("restriction_id", "role", "country_id", "platform_id", "looked_for"),
    *("input_table", "input_id", "row_layer", "row_line"),
)
_PLACES = {
    "place": "it says how many people live in a place of the restriction",
    "place_online": "it says how many people are online in a place, or in an area around it",
    "network": "it says how many of those online have mobile networks alone",
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
