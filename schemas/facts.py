"""The contracts of the fact tables, one pandera model a table.

Every column is text here, as written in the CSV; `typed` gives the columns their types once
the rows have passed.
"""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from audience_impact import blanks, periods
from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel
from schemas.others import PublishedAreaFigures
from schemas.registers import EventLinks, FeatureRules, RegisterRows
from schemas.surveys import FigureErrors, OverlapCalibration, Surveys, UsePatterns

ROW_MEANINGS = {
    "low_value_high": "low <= value <= high does not hold, or neither value nor both ends stand",
    "share_above_one": "the unit is share and the value lies above 1",
    "unit_fits_metric": "this metric cannot be counted in this unit",
    "end_before_start": "the end lies before the start",
    "ongoing_has_end": "the restriction is ongoing and yet has an end",
    "start_missing": "neither an announcement nor an observed start is given",
    "source_incomplete": "a source needs an address, or a title where the page was never online",
}
"""Rule id of each rule over several columns and what it means when it fails."""

WARNINGS = {"start_missing"}
"""Rules whose failure is published with the row instead of sending it to quarantine."""

BLAMED = {
    "low_value_high": ("value", "share", "persons"),
    "share_above_one": ("value",),
    "unit_fits_metric": ("unit",),
    "end_before_start": ("ended_on",),
    "ongoing_has_end": ("ended_on",),
    "start_missing": ("observed_from",),
    "source_incomplete": ("url",),
}
"""The column each of these rules points at: the first of them that the table has."""

ACCOUNT_METRICS = [words.AudienceMetric.REGISTERED.value, words.AudienceMetric.INSTALLS.value]


def _number(frame: Any, column: str) -> Any:
    return pd.to_numeric(frame[column], errors="coerce")


def _ordered(frame: Any, low: str, middle: str, high: str) -> Any:
    bottom, centre, top = (_number(frame, name) for name in (low, middle, high))
    told = blanks.filled(frame[middle]) | (blanks.filled(frame[low]) & blanks.filled(frame[high]))
    return told & ~(bottom > centre) & ~(centre > top) & ~(bottom > top)


class SourcedFigure(FactModel):
    """What every figure says of where it was read."""

    source_id: Series[str] = fields.reference("sources")
    also_source_id: Series[str] = fields.reference("sources", filled=False)
    lineage_id: Series[str] = fields.reference("lineages", filled=False)
    note: Series[str] = fields.text()


class Measured(SourcedFigure):
    """A figure whose unit stands beside it."""

    unit: Series[str] = fields.code(words.Unit)
    value: Series[str] = fields.value()
    low: Series[str] = fields.value()
    high: Series[str] = fields.value()
    interval_kind: Series[str] = fields.code(words.IntervalKind)

    @pa.dataframe_check(name="low_value_high")
    def low_value_high(cls, frame: pd.DataFrame) -> Any:
        """Low <= value <= high."""
        return _ordered(frame, "low", "value", "high")

    @pa.dataframe_check(name="share_above_one")
    def share_above_one(cls, frame: pd.DataFrame) -> Any:
        """A share of people is at most all of them."""
        return frame["unit"].ne("share") | ~(_number(frame, "value") > 1)


class ShareOfPeople(SourcedFigure):
    """A share of the people asked."""

    share: Series[str] = fields.share()
    low_share: Series[str] = fields.share()
    high_share: Series[str] = fields.share()
    interval_kind: Series[str] = fields.code(words.IntervalKind)

    @pa.dataframe_check(name="low_value_high")
    def low_value_high(cls, frame: pd.DataFrame) -> Any:
        """Low <= share <= high."""
        return _ordered(frame, "low_share", "share", "high_share")


class Lineages(FactModel):
    """One measuring programme: all relays of its figures are one voice."""

    lineage_id: Series[str] = fields.key()
    measurer: Series[str] = fields.text(filled=True)
    source_type: Series[str] = fields.code(words.SourceType)
    note: Series[str] = fields.text()


class Sources(FactModel):
    """A page or document that was read, each once."""

    source_id: Series[str] = fields.key()
    publisher: Series[str] = fields.text(filled=True)
    title: Series[str] = fields.text()
    url: Series[str] = fields.address()
    published_on: Series[str] = fields.day()
    accessed_on: Series[str] = fields.day(filled=True)
    source_type: Series[str] = fields.code(words.SourceType)
    licence: Series[str] = fields.text()
    reliability: Series[str] = fields.code(words.Reliability)
    lineage_id: Series[str] = fields.reference("lineages")
    note: Series[str] = fields.text()

    @pa.dataframe_check(name="source_incomplete")
    def source_incomplete(cls, frame: pd.DataFrame) -> Any:
        """An address, or for data that has no page of its own a title."""
        return blanks.filled(frame["url"]) | blanks.filled(frame["title"])


class Platforms(FactModel):
    """A service, or a group of services named without its members."""

    platform_id: Series[str] = fields.key()
    name: Series[str] = fields.text(filled=True)
    owner: Series[str] = fields.text()
    kind: Series[str] = fields.code(words.PlatformKind)
    aliases: Series[str] = fields.text()
    note: Series[str] = fields.text()


class Areas(FactModel):
    """A country or region by its ISO 3166 code."""

    area_id: Series[str] = fields.key()
    name: Series[str] = fields.text(filled=True)
    parent_id: Series[str] = fields.reference("areas", filled=False)
    aliases: Series[str] = fields.text()
    note: Series[str] = fields.text()


class Bases(SourcedFigure):
    """How many people a population holds: the denominators."""

    base_id: Series[str] = fields.key()
    area_id: Series[str] = fields.reference("areas")
    population_base: Series[str] = fields.code(words.PopulationBase)
    period: Series[str] = fields.day(filled=True)
    persons: Series[str] = fields.persons(filled=True)
    low_persons: Series[str] = fields.persons()
    high_persons: Series[str] = fields.persons()
    obs_status: Series[str] = fields.code(words.ObsStatus)

    @pa.dataframe_check(name="low_value_high")
    def low_value_high(cls, frame: pd.DataFrame) -> Any:
        """Low <= persons <= high."""
        return _ordered(frame, "low_persons", "persons", "high_persons")


class Estimates(Measured):
    """One published audience figure."""

    estimate_id: Series[str] = fields.key()
    platform_id: Series[str] = fields.reference("platforms")
    area_id: Series[str] = fields.reference("areas")
    audience_metric: Series[str] = fields.code(words.AudienceMetric)
    population_base: Series[str] = fields.code(words.PopulationBase)
    period: Series[str] = fields.day(filled=True)
    activity_threshold: Series[str] = fields.text()
    age: Series[str] = fields.text()
    sex: Series[str] = fields.code(words.Sex, filled=False)

    @pa.dataframe_check(name="unit_fits_metric")
    def unit_fits_metric(cls, frame: pd.DataFrame) -> Any:
        """Registrations are no persons, and a population is nothing else."""
        accounts = frame["audience_metric"].isin(ACCOUNT_METRICS) & frame["unit"].eq("persons")
        people = frame["audience_metric"].eq("population") & ~frame["unit"].eq("persons")
        return ~(accounts | people)


class Overlaps(Measured):
    """How many use several platforms together, or any of them, as measured."""

    overlap_id: Series[str] = fields.key()
    platform_ids: Series[str] = fields.reference("platforms")
    area_id: Series[str] = fields.reference("areas")
    population_base: Series[str] = fields.code(words.PopulationBase)
    kind: Series[str] = fields.code(words.OverlapKind)
    share_of: Series[str] = fields.reference("platforms", filled=False)
    period: Series[str] = fields.day(filled=True)


class FeatureUse(ShareOfPeople):
    """Which share of a population uses a feature."""

    feature_use_id: Series[str] = fields.key()
    platform_id: Series[str] = fields.reference("platforms")
    feature: Series[str] = fields.code(words.Feature)
    area_id: Series[str] = fields.reference("areas")
    population_base: Series[str] = fields.code(words.PopulationBase)
    age: Series[str] = fields.text()
    period: Series[str] = fields.day(filled=True)


class Circumvention(ShareOfPeople):
    """Which share keeps access in spite of a restriction."""

    circumvention_id: Series[str] = fields.key()
    restriction_id: Series[str] = fields.reference("restrictions", filled=False)
    area_id: Series[str] = fields.reference("areas")
    platform_ids: Series[str] = fields.reference("platforms")
    feature: Series[str] = fields.code(words.Feature)
    asked: Series[str] = fields.text(filled=True)
    self_selected: Series[str] = fields.code(words.YesNo)
    period: Series[str] = fields.day(filled=True)


class Restrictions(FactModel):
    """One restriction: the act, where, when, by whom and why."""

    restriction_id: Series[str] = fields.key()
    area_ids: Series[str] = fields.reference("areas")
    geo_scope: Series[str] = fields.code(words.GeoScope)
    network_scope: Series[str] = fields.code(words.NetworkScope)
    announced_on: Series[str] = fields.day()
    observed_from: Series[str] = fields.day()
    ended_on: Series[str] = fields.day()
    end_status: Series[str] = fields.code(words.EndStatus)
    end_source: Series[str] = fields.code(words.EndSource)
    start_precision: Series[str] = fields.code(words.StartPrecision)
    action: Series[str] = fields.code(words.Action)
    severity: Series[str] = fields.code(words.Severity)
    evidence_state: Series[str] = fields.code(words.EvidenceState)
    claim_status: Series[str] = fields.code(words.ClaimStatus)
    authority: Series[str] = fields.text()
    stated_reason: Series[str] = fields.text()
    legal_basis: Series[str] = fields.text()
    source_id: Series[str] = fields.reference("sources")
    also_source_id: Series[str] = fields.reference("sources", filled=False)
    note: Series[str] = fields.text()

    @pa.dataframe_check(name="end_before_start")
    def end_before_start(cls, frame: pd.DataFrame) -> Any:
        """The end, if any, is not before the start."""
        ends = periods.spans(frame["ended_on"])["end"]
        starts = periods.spans(
            frame["observed_from"].where(
                blanks.filled(frame["observed_from"]), frame["announced_on"]
            )
        )["start"]
        return ~(ends <= starts)

    @pa.dataframe_check(name="ongoing_has_end")
    def ongoing_has_end(cls, frame: pd.DataFrame) -> Any:
        """What goes on has no end."""
        return ~(frame["end_status"].eq("ongoing") & blanks.filled(frame["ended_on"]))

    @pa.dataframe_check(name="start_missing")
    def start_missing(cls, frame: pd.DataFrame) -> Any:
        """Without a start no figure can be said to be from before."""
        return blanks.filled(frame["observed_from"]) | blanks.filled(frame["announced_on"])


class RestrictionTargets(FactModel):
    """What exactly a restriction touches; `*` is the whole internet."""

    restriction_id: Series[str] = fields.reference("restrictions")
    platform_id: Series[str] = fields.reference("platforms")
    feature: Series[str] = fields.code(words.Feature)
    claim_status: Series[str] = fields.code(words.ClaimStatus)
    source_id: Series[str] = fields.reference("sources")
    note: Series[str] = fields.text()


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


MODELS: dict[str, type[FactModel]] = {
    "lineages": Lineages,
    "sources": Sources,
    "platforms": Platforms,
    "areas": Areas,
    "bases": Bases,
    "estimates": Estimates,
    "overlaps": Overlaps,
    "feature_use": FeatureUse,
    "circumvention": Circumvention,
    "surveys": Surveys,
    "use_patterns": UsePatterns,
    "overlap_calibration": OverlapCalibration,
    "figure_errors": FigureErrors,
    "restrictions": Restrictions,
    "restriction_targets": RestrictionTargets,
    "published_figures": PublishedFigures,
    "feature_rules": FeatureRules,
    "register_rows": RegisterRows,
    "event_links": EventLinks,
    "published_area_figures": PublishedAreaFigures,
}
"""Model of each fact table, in the order in which keys resolve."""

COMPOUND_KEYS = {
    "use_patterns": ["survey_id", "online", "platform_ids"],
    "overlap_calibration": ["parameter", "survey_id"],
    "figure_errors": ["parameter", "kind"],
    "restriction_targets": ["restriction_id", "platform_id", "feature"],
    "register_rows": ["source_id", "register_row"],
    "event_links": ["restriction_id", "other_restriction_id"],
}

OPTIONAL = {"feature_rules", "register_rows", "event_links", "figure_errors"}
"""Tables that may be missing: those that only an imported register needs, and what is learned of
errors, without which nothing is drawn."""


def columns(table: str) -> dict[str, dict[str, str]]:
    """Metadata (`kind`, `refers_to`) of each column of a table, its own columns first."""
    model = MODELS[table]
    schema = model.to_schema()
    own = [name for name in model.__annotations__ if name in schema.columns]
    return {
        name: dict(schema.columns[name].metadata or {})
        for name in dict.fromkeys([*own, *schema.columns])
    }


def keys() -> dict[str, list[str]]:
    """Key columns of each table."""
    return {
        table: COMPOUND_KEYS.get(table)
        or [name for name, about in columns(table).items() if about["kind"] == "key"]
        for table in MODELS
    }


def references() -> dict[str, dict[str, str]]:
    """For each table the columns that point to another table, and to which."""
    return {
        table: {
            name: about["refers_to"] for name, about in columns(table).items() if about["refers_to"]
        }
        for table in MODELS
    }


def of_kind(kind: str) -> dict[str, list[str]]:
    """For each table its columns of a kind, such as `number` or `period`."""
    return {
        table: [name for name, about in columns(table).items() if about["kind"] == kind]
        for table in MODELS
    }
