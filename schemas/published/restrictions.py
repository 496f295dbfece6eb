"""The published table `restrictions`."""

import json
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import JOINED_BY, PublishedModel

KEY = ("restriction_id",)
_PATH = "[^;>]+(>[^;>]+)*"


class Restrictions(PublishedModel):
    """What each restriction is: where, when, by whom and why."""

    restriction_id: Series[str] = columns.restriction_column()
    area_id: Series[str] = columns.make_column(
        "ISO 3166 codes of the areas, joined by ;", sdmx="REF_AREA"
    )
    area_name: Series[str] = columns.make_column("names of the areas")
    country_id: Series[str] = columns.make_column(
        "ISO 3166 codes of the countries that the areas lie in, joined by ;"
    )
    places: Series[str] = columns.text_column(
        "places that its source names, as the text means them: whole, in a place, one or another"
    )
    platforms: Series[str] = columns.make_column("names of the platforms targeted")
    start_on: Series[str] = columns.make_column(
        "announced or observed, whichever is first", "date", "TIME_PERIOD", null=True
    )
    announced_on: Series[str] = columns.text_column("announcement as written in the source")
    observed_from: Series[str] = columns.text_column("observed start as written in the source")
    ended_on: Series[str] = columns.text_column("last day in force as written in the source")
    end_status: Series[str] = columns.word_column(words.EndStatus, "whether it is over")
    action: Series[str] = columns.word_column(words.Action, "what was done")
    severity: Series[str] = columns.word_column(words.Severity, "how far the target is gone")
    geo_scope: Series[str] = columns.word_column(words.GeoScope, "how far it reaches")
    network_scope: Series[str] = columns.word_column(words.NetworkScope, "which access networks")
    evidence_state: Series[str] = columns.word_column(words.EvidenceState, "what measurements say")
    claim_status: Series[str] = columns.word_column(words.ClaimStatus, "who says so")
    authority: Series[str] = columns.text_column("who ordered it; null: not known")
    stated_reason: Series[str] = columns.text_column("the reason given; null: none on record")
    legal_basis: Series[str] = columns.text_column("the law or order named; null: none on record")
    cause: Series[str] = columns.word_column(
        words.Cause, "what took it away; null: the source does not say", null=True
    )
    occasion: Series[str] = columns.text_column("what it happened at, in the word of the source")
    is_ordered: Series[str] = columns.word_column(
        words.YesNo, "whether an authority ordered it; null: not known", null=True
    )
    operators: Series[str] = columns.text_column("operators named in the source, joined by ;")
    is_phone_cut: Series[str] = columns.word_column(
        words.YesNo, "whether phone calls were cut as well; null: not known", null=True
    )
    is_sms_cut: Series[str] = columns.word_column(
        words.YesNo, "whether text messages were cut as well; null: not known", null=True
    )
    extent_reason: Series[str] = columns.text_column(
        "why it is not read as everyone in the area, where its source marks it so"
    )
    days_in_force: Series[str] = columns.text_column("days on which it happened, where not on all")
    times_in_force: Series[float] = columns.make_column(
        "times it happened, where the days are not told", "count", null=True, ge=1
    )
    least_hours_a_day: Series[float] = columns.make_column(
        "hours on a day in force, at least; null: not told", "hours", null=True, ge=0
    )
    most_hours_a_day: Series[float] = columns.make_column(
        "hours on a day in force, at most; null: not told", "hours", null=True, ge=0
    )
    continues: Series[str] = columns.text_column("restriction whose next step this is; null: none")
    note: Series[str] = columns.text_column("what else the sources say", sdmx="COMMENT_OBS")
    source_id: Series[str] = columns.make_column("source of the act", sdmx="SOURCE")
    as_of: Series[str] = columns.as_of()
    area_names: Series[str] = columns.make_column(
        "names of the areas in the order of area_id, as a list in JSON: a name may hold a comma"
    )
    country_paths: Series[str] = columns.make_column(
        "areas that hold each country, the world first, joined by >; of several countries in the "
        "order of country_id, joined by ;",
        str_matches=f"^{_PATH}(;{_PATH})*$",
    )
    place_readings: Series[str] = columns.words_joined(
        words.PlaceReading,
        "how the source means each of the places, in their order, joined by ; (null: no places)",
    )

    @pa.dataframe_check(name="list_of_other_length")
    def list_of_other_length(cls, frame: pd.DataFrame) -> Any:
        """Require a name for each area, and a path for each country."""
        names = frame["area_names"].map(json.loads).map(len)
        areas, countries, paths = (
            frame[name].str.count(JOINED_BY) + 1
            for name in ("area_id", "country_id", "country_paths")
        )
        return names.eq(areas) & paths.eq(countries)
