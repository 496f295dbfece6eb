"""Answers about a restriction: what it is, its people, and those of its platforms and groups."""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from audience_impact import vocabulary as words
from audience_impact.outputs.review import status_rules
from schemas import columns
from schemas.columns import JOINED_BY, PublishedModel, ReasonedModel, row_rule


class PeopleOfRestriction(PublishedModel):
    """People under a restriction by one metric, and what is known of the restriction."""

    restriction_id: Series[str] = columns.restriction_column()
    impact_metric: Series[str] = columns.metric_column()
    area_id: Series[str] = columns.make_column(
        "ISO 3166 codes of the areas, joined by ;", sdmx="REF_AREA"
    )
    area_name: Series[str] = columns.area_name("names of the areas")
    country_name: Series[str] = columns.country_name()
    continent_name: Series[str] = columns.continent_name()
    min_persons: Series[float] = columns.people_column(
        "the fewest, with the errors of 99 % of such figures", null=False
    )
    printed_min_persons: Series[float] = columns.people_column(
        "the fewest, if each figure is right as printed", null=False
    )
    q05_persons: Series[float] = columns.people_column(
        "5 % quantile, with the errors of figures: may lie below printed_min_persons; null: none"
    )
    q50_persons: Series[float] = columns.people_column("median; null: no estimate")
    q95_persons: Series[float] = columns.people_column("95 % quantile; null: no estimate")
    printed_max_persons: Series[float] = columns.people_column(
        "the most, if each figure is right as printed; null: no base on record"
    )
    max_persons: Series[float] = columns.people_column(
        "the most, with the errors of 99 % of such figures; null: no base on record"
    )
    base: Series[str] = columns.words_joined(
        words.PopulationBase,
        "population that contains the audiences, if several joined by ; (null: none on record)",
    )
    base_persons: Series[float] = columns.people_column("people in the base")
    population_persons: Series[float] = columns.people_column(
        "residents of the area, or of the places named in it; null: not on record"
    )
    printed_min_base_share: Series[float] = columns.share_column(
        "lower bound as a share of the base"
    )
    q05_base_share: Series[float] = columns.share_column("5 % quantile as a share of the base")
    q50_base_share: Series[float] = columns.share_column("median as a share of the base")
    q95_base_share: Series[float] = columns.share_column("95 % quantile as a share of the base")
    printed_max_base_share: Series[float] = columns.share_column(
        "upper bound as a share of the base"
    )
    printed_min_population_share: Series[float] = columns.share_column(
        "lower bound as a share of the residents"
    )
    q05_population_share: Series[float] = columns.share_column(
        "5 % quantile as a share of the residents"
    )
    q50_population_share: Series[float] = columns.share_column("median as a share of the residents")
    q95_population_share: Series[float] = columns.share_column(
        "95 % quantile as a share of the residents"
    )
    printed_max_population_share: Series[float] = columns.share_column(
        "upper bound as a share of the residents"
    )
    dedup_method: Series[str] = columns.word_column(
        words.DedupMethod, "how nobody was counted twice"
    )
    confidence: Series[str] = columns.word_column(
        words.Confidence,
        "from the width of the interval, the chance of the event and the evidence",
    )
    obs_status: Series[str] = columns.status_column(
        "A normal, E estimated, U low reliability, F of a projection, I imputed, M missing"
    )
    reason: Series[str] = columns.reason_column(
        "what speaks for and against the number, by the rules of status; null: nothing to say"
    )
    staleness: Series[str] = columns.word_column(
        words.Staleness, "age of the oldest figure used at the start", null=True
    )
    evidence_state: Series[str] = columns.word_column(words.EvidenceState, "what measurements say")
    claim_status: Series[str] = columns.word_column(
        words.ClaimStatus, "who says that it is restricted"
    )
    chance_happened_share: Series[float] = columns.share_column(
        "chance that the restriction was carried out"
    )
    chance_whole_share: Series[float] = columns.share_column(
        "chance that everyone in the places and on the networks named was cut"
    )
    chance_ongoing_share: Series[float] = columns.share_column(
        "chance that it was still on at the end of the last year that lists it; null: it ended"
    )
    chance_distinct_share: Series[float] = columns.share_column(
        "chance that it is another event than those before it"
    )
    quarantined_inputs_count: Series[float] = columns.make_column(
        "rows about these platforms, this act or the bases of its areas that were refused",
        "count",
        ge=0,
    )


class ReachInWindow(PublishedModel):
    """The people exposed within exactly the days of a restriction, and draws beyond the bounds."""

    clamped_draws_share: Series[float] = columns.share_column(
        "draws of the people exposed outside the bounds, which are valid if figures are right as "
        "printed"
    )
    window_days: Series[float] = columns.make_column(
        "days it lasted; null: end not known", "days", null=True, ge=0
    )
    window_printed_min_persons: Series[float] = columns.people_column(
        "reach in exactly these days, at least"
    )
    window_printed_max_persons: Series[float] = columns.people_column(
        "reach in exactly these days, at most"
    )


class ReasonsOfRestriction(ReasonedModel):
    """The reasons for the numbers of a restriction, and rules about their order."""

    as_of: Series[str] = columns.as_of()
    reason_rule_ids: Series[str] = columns.reason_rules(*status_rules.RULES)
    reason_details: Series[str] = columns.explained_column(
        "what each sentence of reason says of the row itself, in the places of reason_rule_ids, "
        "joined by ;: rung, age, step, gap or assumption, parameters of these after colons (null: "
        "nothing)",
        by="reason",
        null=True,
    )

    @row_rule
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Require lower <= upper <= base, or residents if the base is projected.

        The rule `part_above_place` over results checks the residents of places.
        """
        is_countries = frame["area_id"].str.fullmatch("[A-Z]{2}(;[A-Z]{2})*")
        limit = frame[["base_persons", "population_persons"]].max(axis=1)
        over = is_countries & (frame["printed_max_persons"] > limit)
        return columns.in_order(frame, "persons", ("printed_min", "printed_max"), 1) & ~over

    @pa.dataframe_check(name="details_without_rules")
    def details_without_rules(cls, frame: pd.DataFrame) -> Any:
        """Require as many details as rules, in rows with details."""
        counts = frame[["reason_details", "reason_rule_ids"]].apply(
            lambda column: column.str.count(JOINED_BY)
        )
        return frame["reason_details"].isna() | counts["reason_details"].eq(
            counts["reason_rule_ids"]
        )

    @pa.dataframe_check(name="estimate_out_of_order")
    def estimate_out_of_order(cls, frame: pd.DataFrame) -> Any:
        """Require q05 <= q50 <= q95, within one person; errors may pass the bounds as printed."""
        steps = frame[[f"{name}_persons" for name in ("q05", "q50", "q95")]].diff(axis=1)
        return ~(steps.iloc[:, 1:] < -1).any(axis=1)

    @row_rule
    def gap_has_reason(cls, frame: pd.DataFrame) -> Any:
        """Require a reason on rows with a status other than A."""
        return (frame["obs_status"] == words.ObsStatus.NORMAL.value) | frame["reason"].notna()

    @row_rule
    def share_of_base_at_most_one(cls, frame: pd.DataFrame) -> Any:
        """Require shares of the base of at most 1."""
        return ~(frame["printed_max_base_share"] > 1)


class Impact(ReasonsOfRestriction, ReachInWindow, PeopleOfRestriction):
    """People under each restriction: a row for each metric, of which each counts other people.

    Restrictions may not be added up, since a person may be under several: for a country, take
    `countries_by_year`.
    """


class ImpactByPlatform(PublishedModel):
    """The audiences behind each restriction; they overlap and must not be added."""

    restriction_id: Series[str] = columns.restriction_column()
    platform_id: Series[str] = columns.platform_column("the platform, `*` for the whole internet")
    feature: Series[str] = columns.word_column(words.Feature, "what of the platform is restricted")
    impact_metric: Series[str] = columns.metric_column()
    claim_status: Series[str] = columns.word_column(
        words.ClaimStatus, "who says that this is restricted"
    )
    min_persons: Series[float] = columns.people_column(
        "the fewest, with the errors of 99 % of such figures", null=False
    )
    printed_min_persons: Series[float] = columns.people_column(
        "audience of the platform, the fewest as printed", null=False
    )
    printed_max_persons: Series[float] = columns.people_column(
        "audience of the platform, the most as printed"
    )
    max_persons: Series[float] = columns.people_column(
        "the most, with the errors of 99 % of such figures; null: no base on record"
    )
    base: Series[str] = columns.base_column("population that contains the audience")
    base_persons: Series[float] = columns.people_column("people in the base")
    naive_sum_persons: Series[float] = columns.people_column(
        "the audiences of all platforms added up, which counts people twice; null: one unknown"
    )
    audience_metric: Series[str] = columns.word_column(
        words.AudienceMetric, "what the audience figure counts", null=True
    )
    period: Series[str] = columns.make_column(
        "period of the audience figure", null=True, sdmx="TIME_PERIOD"
    )
    measurement_series_count: Series[float] = columns.make_column(
        "independent measurement series behind it", "count", ge=0
    )
    staleness: Series[str] = columns.word_column(
        words.Staleness, "age of the figure at the start", null=True
    )
    imputed_q05_persons: Series[float] = columns.people_column(
        "audience that nobody counted, imputed from figures of others, 5 % quantile; in no bound"
    )
    imputed_q50_persons: Series[float] = columns.people_column(
        "the same, median; null: counted, or not"
    )
    imputed_q95_persons: Series[float] = columns.people_column("the same, 95 % quantile")
    imputation_rung: Series[str] = columns.word_column(
        words.ImputationRung, "from what it was imputed", null=True
    )
    window_days: Series[float] = columns.make_column(
        "days it lasted; null: end not known", "days", null=True
    )
    window_printed_min_persons: Series[float] = columns.people_column(
        "reach in exactly these days, at least"
    )
    window_persons: Series[float] = columns.people_column(
        "the same by the beta-binomial distribution; null: not known"
    )
    window_printed_max_persons: Series[float] = columns.people_column(
        "reach in exactly these days, at most"
    )
    aggregation_hazard: Series[str] = columns.text_column(
        "why these rows must not be added; null for one"
    )
    as_of: Series[str] = columns.as_of()
    platform_name: Series[str] = columns.make_column("name of the platform")


_PATH = "[^;>]+(>[^;>]+)*"


class Restrictions(PublishedModel):
    """Description of each restriction: place, dates, authority and reason."""

    restriction_id: Series[str] = columns.restriction_column()
    area_id: Series[str] = columns.make_column(
        "ISO 3166 codes of the areas, joined by ;", sdmx="REF_AREA"
    )
    area_names: Series[str] = columns.list_column("names of the areas in the order of area_id")
    country_id: Series[str] = columns.make_column(
        "ISO 3166 codes of the countries that the areas lie in, joined by ;"
    )
    country_name: Series[str] = columns.country_name()
    continent_name: Series[str] = columns.continent_name()
    place_names: Series[str] = columns.list_column(
        "places that its source names, as the text means them: whole, in a place, one or another",
        null=True,
    )
    platform_ids: Series[str] = columns.list_column(
        "the platforms targeted, `*` for the whole internet; null: none on record", null=True
    )
    platform_names: Series[str] = columns.list_column("names of these platforms", null=True)
    start_on: Series[str] = columns.make_column(
        "announced or observed, whichever is first", "date", "TIME_PERIOD", null=True
    )
    announced_on: Series[str] = columns.day_column(
        "announcement; the first day of the period where its source states a period"
    )
    observed_from: Series[str] = columns.day_column(
        "first day observed; the earliest possible where its source states a period"
    )
    observed_by: Series[str] = columns.day_column(
        "the latest possible first day; observed_from where its source states the day"
    )
    start_precision: Series[str] = columns.word_column(
        words.StartPrecision, "how certain observed_from is"
    )
    ended_on: Series[str] = columns.day_column(
        "last day in force; the earliest possible where its source states a period"
    )
    ended_by: Series[str] = columns.day_column(
        "the latest possible last day; ended_on where its source states the day"
    )
    end_source: Series[str] = columns.word_column(words.EndSource, "where ended_on comes from")
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
    operator_names: Series[str] = columns.list_column(
        "operators named in the source; null: none", null=True
    )
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
        "times it happened, where no source states the days", "count", null=True, ge=1
    )
    least_hours_a_day: Series[float] = columns.make_column(
        "hours on a day in force, at least; null: not stated", "hours", null=True, ge=0
    )
    most_hours_a_day: Series[float] = columns.make_column(
        "hours on a day in force, at most; null: not stated", "hours", null=True, ge=0
    )
    hours_basis: Series[str] = columns.word_column(
        words.HoursBasis, "where the hours of a day in force are from; null: not known", null=True
    )
    q05_in_force_hours: Series[float] = columns.make_column(
        "hours in force in all, 5 % quantile; null: no end or no hours known",
        "hours",
        null=True,
        ge=0,
    )
    q50_in_force_hours: Series[float] = columns.make_column(
        "hours in force in all, median", "hours", null=True, ge=0
    )
    q95_in_force_hours: Series[float] = columns.make_column(
        "hours in force in all, 95 % quantile", "hours", null=True, ge=0
    )
    evidence_count: Series[float] = columns.make_column(
        "outages and losses on record that are of it; null: none", "count", null=True, ge=1
    )
    seen_by_names: Series[str] = columns.list_column("who saw or printed these", null=True)
    least_lost_share: Series[float] = columns.make_column(
        "share of traffic or addresses lost, at least; null: not known",
        "share",
        null=True,
        ge=0,
        le=1,
    )
    most_lost_share: Series[float] = columns.make_column(
        "share of traffic or addresses lost, at most; null: not known",
        "share",
        null=True,
        ge=0,
        le=1,
    )
    measured_by_names: Series[str] = columns.list_column(
        "who measured it, by its source or the outages that are of it; null: none", null=True
    )
    measured_url: Series[str] = columns.text_column("page of a measurement; null: none on record")
    other_ended_on: Series[str] = columns.day_column(
        "the latest possible last day by another source; null: none disagrees, or it lists it as "
        "ongoing"
    )
    other_end_source: Series[str] = columns.text_column(
        "who disagrees with ended_on; null: no source does"
    )
    continues: Series[str] = columns.text_column("restriction whose next step this is; null: none")
    chain_id: Series[str] = columns.text_column(
        "first restriction of the chain of steps or renewals that it belongs to; null: none"
    )
    chain_days: Series[float] = columns.make_column(
        "days in force of all restrictions of the chain, each day once; null: no chain",
        "days",
        null=True,
        ge=0,
    )
    listed_until: Series[str] = columns.day_column(
        "last day to which the record of a restriction without an end on record goes; null: that "
        "of the facts"
    )
    note: Series[str] = columns.text_column("what else the sources say", sdmx="COMMENT_OBS")
    source_id: Series[str] = columns.make_column("source of the act", sdmx="SOURCE")
    as_of: Series[str] = columns.as_of()
    region_name: Series[str] = columns.text_column(
        "name of the state or province that contains all areas, where they lie below it"
    )
    country_paths: Series[str] = columns.make_column(
        "areas that contain each country, the world first, joined by >; of several countries in "
        "the order of country_id, joined by ;",
        str_matches=f"^{_PATH}(;{_PATH})*$",
    )
    place_readings: Series[str] = columns.words_joined(
        words.PlaceReading,
        "how the source means each of the places, in their order, joined by ; (null: no places)",
    )

    @pa.dataframe_check(name="list_of_other_length")
    def list_of_other_length(cls, frame: pd.DataFrame) -> Any:
        """Require a name for each area, and a path for each country."""
        lengths = frame[["area_id", "area_names", "country_id", "country_paths"]].apply(
            lambda column: column.str.count(JOINED_BY)
        )
        are_names = lengths["area_names"].eq(lengths["area_id"])
        return are_names & lengths["country_paths"].eq(lengths["country_id"])
