"""The contracts of the published tables, one pandera model a table, and their Arrow form.

A column is described once, here: its type, unit, meaning and SDMX concept go into the
contract, into the metadata of the Parquet file and into the data dictionary.
"""

from typing import Any

import pandas as pd
import pandera.errors
import pandera.pandas as pa
import pyarrow
from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel
from schemas.estimated import AreaComparisons, ImpactByArea, ImpactByGroup, PersonDays, Sensitivity

SCHEMA_VERSION = "2.0"


class ContractError(ValueError):
    """A table that was to be published breaks its contract."""


class Impact(PublishedModel):
    """How many people each restriction touches, one row a restriction and impact metric."""

    restriction_id: Series[str] = columns.restriction()
    impact_metric: Series[str] = columns.word(
        words.ImpactMetric, "which people are counted", "INDICATOR"
    )
    area_id: Series[str] = columns.column(
        "ISO 3166 codes of the areas, joined by ;", sdmx="REF_AREA"
    )
    lower_persons: Series[float] = columns.people("at least so many people", null=False)
    q05_persons: Series[float] = columns.people("5 % quantile; null: no estimate")
    q50_persons: Series[float] = columns.people("median; null: no estimate")
    q95_persons: Series[float] = columns.people("95 % quantile; null: no estimate")
    upper_persons: Series[float] = columns.people("at most so many people; null: no base on record")
    base: Series[str] = columns.column(
        "population that contains the audiences; null: none on record", null=True
    )
    base_persons: Series[float] = columns.people("people in the base")
    population_persons: Series[float] = columns.people("residents of the area")
    lower_base_share: Series[float] = columns.share("lower bound as a share of the base")
    q05_base_share: Series[float] = columns.share("5 % quantile as a share of the base")
    q50_base_share: Series[float] = columns.share("median as a share of the base")
    q95_base_share: Series[float] = columns.share("95 % quantile as a share of the base")
    upper_base_share: Series[float] = columns.share("upper bound as a share of the base")
    lower_population_share: Series[float] = columns.share("lower bound as a share of the residents")
    q05_population_share: Series[float] = columns.share("5 % quantile as a share of the residents")
    q50_population_share: Series[float] = columns.share("median as a share of the residents")
    q95_population_share: Series[float] = columns.share("95 % quantile as a share of the residents")
    upper_population_share: Series[float] = columns.share("upper bound as a share of the residents")
    dedup_method: Series[str] = columns.word(words.DedupMethod, "how nobody was counted twice")
    obs_status: Series[str] = columns.word(
        words.ObsStatus, "A normal, E estimated, U low reliability, M missing", "OBS_STATUS"
    )
    reason: Series[str] = columns.text(
        "why the status is not A, or the impact zero; null: nothing to say", sdmx="COMMENT_OBS"
    )
    staleness: Series[str] = columns.word(
        words.Staleness, "age of the oldest figure used at the start", null=True
    )
    evidence_state: Series[str] = columns.word(words.EvidenceState, "what measurements say")
    claim_status: Series[str] = columns.word(words.ClaimStatus, "who says that it is restricted")
    quarantined_inputs_count: Series[float] = columns.column(
        "rows about these platforms, this act or the bases of its areas that were refused",
        "count",
        ge=0,
    )
    clamped_draws_share: Series[float] = columns.share(
        "draws of the people exposed moved by the bounds"
    )
    window_days: Series[float] = columns.column(
        "days it lasted; null: end not known, or another metric", "days", null=True, ge=0
    )
    window_lower_persons: Series[float] = columns.people("reach in exactly these days, at least")
    window_upper_persons: Series[float] = columns.people("reach in exactly these days, at most")
    as_of: Series[str] = columns.as_of()

    @pa.dataframe_check(name="bounds_in_order")
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Lower <= upper <= base."""
        over = frame["upper_persons"] > frame["base_persons"]
        return ~(frame["lower_persons"] > frame["upper_persons"]) & ~over

    @pa.dataframe_check(name="estimate_outside_bounds")
    def estimate_outside_bounds(cls, frame: pd.DataFrame) -> Any:
        """Lower <= q05 <= q50 <= q95 <= upper, to one person."""
        ends = [f"{name}_persons" for name in ("lower", "q05", "q50", "q95", "upper")]
        steps = frame[ends].diff(axis=1).iloc[:, 1:]
        return ~(steps < -1).any(axis=1)

    @pa.dataframe_check(name="gap_has_reason")
    def gap_has_reason(cls, frame: pd.DataFrame) -> Any:
        """A status other than A says why."""
        return (frame["obs_status"] == "A") | frame["reason"].notna()

    @pa.dataframe_check(name="share_of_base_at_most_one")
    def share_of_base_at_most_one(cls, frame: pd.DataFrame) -> Any:
        """No share of the base above one."""
        return ~(frame["upper_base_share"] > 1)


class ImpactByPlatform(PublishedModel):
    """The audiences behind each restriction; they overlap and must not be added."""

    restriction_id: Series[str] = columns.restriction()
    platform_id: Series[str] = columns.column("the platform, `*` for the whole internet")
    feature: Series[str] = columns.word(words.Feature, "what of the platform is restricted")
    impact_metric: Series[str] = columns.word(
        words.ImpactMetric, "which people are counted", "INDICATOR"
    )
    claim_status: Series[str] = columns.word(words.ClaimStatus, "who says that this is restricted")
    lower_persons: Series[float] = columns.people("audience of the platform, at least", null=False)
    upper_persons: Series[float] = columns.people("audience of the platform, at most")
    base: Series[str] = columns.column("population that contains the audience", null=True)
    base_persons: Series[float] = columns.people("people in the base")
    naive_sum_persons: Series[float] = columns.people(
        "the audiences of all platforms added up, which counts people twice; null: one unknown"
    )
    audience_metric: Series[str] = columns.column("what the audience figure counts", null=True)
    period: Series[str] = columns.column(
        "period of the audience figure", null=True, sdmx="TIME_PERIOD"
    )
    lineages_count: Series[float] = columns.column("independent measurers behind it", "count", ge=0)
    staleness: Series[str] = columns.word(
        words.Staleness, "age of the figure at the start", null=True
    )
    window_days: Series[float] = columns.column(
        "days it lasted; null: end not known", "days", null=True
    )
    window_lower_persons: Series[float] = columns.people("reach in exactly these days, at least")
    window_persons: Series[float] = columns.people(
        "the same by the beta-binomial law; null: not known"
    )
    window_upper_persons: Series[float] = columns.people("reach in exactly these days, at most")
    aggregation_hazard: Series[str] = columns.text("why these rows must not be added; null for one")
    as_of: Series[str] = columns.as_of()


class Restrictions(PublishedModel):
    """What each restriction is: where, when, by whom and why."""

    restriction_id: Series[str] = columns.restriction()
    area_id: Series[str] = columns.column(
        "ISO 3166 codes of the areas, joined by ;", sdmx="REF_AREA"
    )
    area_name: Series[str] = columns.column("names of the areas")
    platforms: Series[str] = columns.column("names of the platforms targeted")
    start_on: Series[str] = columns.column(
        "announced or observed, whichever is first", "date", "TIME_PERIOD", null=True
    )
    announced_on: Series[str] = columns.text("announcement as written in the source")
    observed_from: Series[str] = columns.text("observed start as written in the source")
    ended_on: Series[str] = columns.text("last day in force as written in the source")
    end_status: Series[str] = columns.word(words.EndStatus, "whether it is over")
    action: Series[str] = columns.word(words.Action, "what was done")
    severity: Series[str] = columns.word(words.Severity, "how far the target is gone")
    geo_scope: Series[str] = columns.word(words.GeoScope, "how far it reaches")
    network_scope: Series[str] = columns.word(words.NetworkScope, "which access networks")
    evidence_state: Series[str] = columns.word(words.EvidenceState, "what measurements say")
    claim_status: Series[str] = columns.word(words.ClaimStatus, "who says so")
    authority: Series[str] = columns.text("who ordered it; null: not known")
    stated_reason: Series[str] = columns.text("the reason given; null: none on record")
    legal_basis: Series[str] = columns.text("the law or order named; null: none on record")
    cause: Series[str] = columns.word(
        words.Cause, "what took it away; null: the source does not say", null=True
    )
    occasion: Series[str] = columns.text("what it happened at, in the word of the source")
    is_ordered: Series[str] = columns.word(
        words.YesNo, "whether an authority ordered it; null: not known", null=True
    )
    operators: Series[str] = columns.text("operators named in the source, joined by ;")
    is_phone_cut: Series[str] = columns.word(
        words.YesNo, "whether phone calls were cut as well; null: not known", null=True
    )
    is_sms_cut: Series[str] = columns.word(
        words.YesNo, "whether text messages were cut as well; null: not known", null=True
    )
    extent_reason: Series[str] = columns.text(
        "why it is not read as everyone in the area, where its source marks it so"
    )
    days_in_force: Series[str] = columns.text("days on which it happened, where not on all")
    times_in_force: Series[float] = columns.column(
        "times it happened, where the days are not told", "count", null=True, ge=1
    )
    least_hours_a_day: Series[float] = columns.column(
        "hours on a day in force, at least; null: not told", "hours", null=True, ge=0
    )
    most_hours_a_day: Series[float] = columns.column(
        "hours on a day in force, at most; null: not told", "hours", null=True, ge=0
    )
    note: Series[str] = columns.text("what else the sources say", sdmx="COMMENT_OBS")
    source_id: Series[str] = columns.column("source of the act", sdmx="SOURCE")
    as_of: Series[str] = columns.as_of()


class Comparisons(PublishedModel):
    """What others published for a restriction, beside our bounds."""

    restriction_id: Series[str] = columns.restriction()
    published_figure_id: Series[str] = columns.column("the published figure")
    platform_id: Series[str] = columns.text("its platform; null: the whole restriction")
    publisher: Series[str] = columns.column("who published it")
    figure_kind: Series[str] = columns.word(words.FigureKind, "what it counts")
    unit: Series[str] = columns.word(words.Unit, "unit of published_value", "UNIT_MEASURE")
    published_value: Series[float] = columns.column(
        "the figure, in the unit beside it", "see unit", "OBS_VALUE", ge=0
    )
    interval_kind: Series[str] = columns.word(words.IntervalKind, "one_sided_min means: over")
    compared_with: Series[str] = columns.column(
        "platform or restriction: whose bounds stand here", isin=["platform", "restriction"]
    )
    lower_persons: Series[float] = columns.people("our lower bound")
    upper_persons: Series[float] = columns.people("our upper bound")
    lower_ratio: Series[float] = columns.column(
        "theirs over our lower bound", "ratio", null=True, ge=0
    )
    upper_ratio: Series[float] = columns.column(
        "theirs over our upper bound", "ratio", null=True, ge=0
    )
    difference_reason: Series[str] = columns.column("within_bounds, or why it differs")
    period: Series[str] = columns.text("period of the figure; null: not said", sdmx="TIME_PERIOD")
    source_id: Series[str] = columns.column("where it stands", sdmx="SOURCE")
    note: Series[str] = columns.text("what the source says of it", sdmx="COMMENT_OBS")


class Lineage(PublishedModel):
    """Which fact, on which line of which file, fed which restriction."""

    output_table: Series[str] = columns.column("the published table")
    restriction_id: Series[str] = columns.restriction()
    platform_id: Series[str] = columns.column("the platform; `all`: the restriction as a whole")
    role: Series[str] = columns.column("audience, relay (same measurement, set aside), base, ...")
    input_table: Series[str] = columns.column("the fact table")
    input_id: Series[str] = columns.column("key of the fact")
    row_layer: Series[int] = columns.column("number of the facts folder, from 1", "count", ge=1)
    row_file: Series[str] = columns.column("file of the fact")
    row_line: Series[int] = columns.column("line of the fact in its file, from 1", "count", ge=1)
    source_id: Series[str] = columns.column("source of the fact", sdmx="SOURCE")
    publisher: Series[str] = columns.column("publisher of the source", sdmx="ORGANISATION")
    url: Series[str] = columns.text("address of the source; null: none on record")


class Sources(PublishedModel):
    """Every source of the facts."""

    source_id: Series[str] = columns.column("the source", sdmx="SOURCE")
    publisher: Series[str] = columns.column("who published it", sdmx="ORGANISATION")
    title: Series[str] = columns.text("title; null: not recorded", sdmx="TITLE")
    url: Series[str] = columns.text("address; null: none on record")
    published_on: Series[str] = columns.text("date of publication as written")
    accessed_on: Series[str] = columns.column("date it was read")
    source_type: Series[str] = columns.word(words.SourceType, "what kind of source")
    licence: Series[str] = columns.text("licence as stated; null: not stated")
    reliability: Series[str] = columns.word(words.Reliability, "how far to trust it")
    measurer: Series[str] = columns.column("whose measurement it relays")


class Quality(PublishedModel):
    """What was checked, and how it went."""

    check: Series[str] = columns.column("rule id")
    table: Series[str] = columns.column("the table checked")
    severity: Series[str] = columns.word(words.FindingSeverity, "what a failure does")
    checked_count: Series[int] = columns.column("rows checked", "count", ge=0)
    failed_count: Series[int] = columns.column("rows that failed", "count", ge=0)
    worst_rows: Series[str] = columns.text("the first failures as FILE:LINE, joined by ;")
    meaning: Series[str] = columns.column("what a failure means")
    details: Series[str] = columns.text("what was found, a line each; null: nothing more to say")


class Quarantine(PublishedModel):
    """Every row refused, whole."""

    table: Series[str] = columns.column("the fact table")
    row_layer: Series[int] = columns.column("number of the facts folder, from 1", "count", ge=1)
    file: Series[str] = columns.column("file of the row")
    line: Series[int] = columns.column("line of the row in its file, from 1", "count", ge=1)
    column: Series[str] = columns.column("column at fault")
    rule: Series[str] = columns.column("rule id")
    value: Series[str] = columns.text("the cell as written")
    reason: Series[str] = columns.column("what is wrong and what to do")
    row: Series[str] = columns.column("the row as JSON")


MODELS: dict[str, type[PublishedModel]] = {
    "impact": Impact,
    "impact_by_platform": ImpactByPlatform,
    "impact_by_area": ImpactByArea,
    "area_comparisons": AreaComparisons,
    "impact_by_group": ImpactByGroup,
    "person_days": PersonDays,
    "sensitivity": Sensitivity,
    "restrictions": Restrictions,
    "comparisons": Comparisons,
    "lineage": Lineage,
    "sources": Sources,
    "quality": Quality,
    "quarantine": Quarantine,
}

KEYS = {
    "impact": ["restriction_id", "impact_metric"],
    "impact_by_platform": ["restriction_id", "platform_id", "feature", "impact_metric"],
    "impact_by_area": ["area_id", "period", "impact_metric"],
    "area_comparisons": ["published_area_figure_id"],
    "impact_by_group": ["restriction_id", "area_id", "age", "sex", "base"],
    "person_days": ["restriction_id", "area_id", "period"],
    "sensitivity": ["restriction_id", "impact_metric", "input"],
    "restrictions": ["restriction_id"],
    "comparisons": ["restriction_id", "published_figure_id"],
    "lineage": ["output_table", "restriction_id", "platform_id", "role", "input_table", "input_id"],
    "sources": ["source_id"],
    "quality": ["check", "table"],
    "quarantine": ["table", "row_layer", "line", "column", "rule"],
}
"""Key of each published table: exactly one row for each."""


def title(table: str) -> str:
    """What the table holds, in a sentence."""
    return (MODELS[table].__doc__ or "").strip()


def to_arrow(table: str, frame: pd.DataFrame) -> pyarrow.Table:
    """A published table as Arrow, held against its contract.

    Raises ContractError naming table, column, rule and row where the contract is broken.
    """
    schema = MODELS[table].to_schema()
    ready = _cast(frame, schema)
    try:
        schema.validate(ready, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases[["column", "check", "failure_case", "index"]]
        raise ContractError(f"{table} breaks its contract:\n{cases.head(10)}") from error
    if ready.duplicated(KEYS[table]).any():
        row = ready[ready.duplicated(KEYS[table])].iloc[0][KEYS[table]].to_dict()
        raise ContractError(f"{table} has two rows for the key {row}")
    fields = [_arrow_field(name, column) for name, column in schema.columns.items()]
    arrays = [_arrow_array(ready[field.name], field) for field in fields]
    return pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields))


def _cast(frame: pd.DataFrame, schema: Any) -> pd.DataFrame:
    kinds = {name: str(column.dtype) for name, column in schema.columns.items()}
    ready = pd.DataFrame(
        {
            name: frame[name].astype("str" if kind.startswith("str") else kind)
            for name, kind in kinds.items()
        }
    ).reset_index(drop=True)
    blank = {
        name: ready[name].replace("", pd.NA)
        for name, kind in kinds.items()
        if kind.startswith("str") and schema.columns[name].nullable
    }
    return ready.assign(**blank)


def _arrow_field(name: str, column: Any) -> pyarrow.Field:
    about = column.metadata or {}
    whole = about["unit"] in ("persons", "person_days", "person_hours", "days", "count")
    if about["unit"] == "date":
        kind = pyarrow.date32()
    elif str(column.dtype).startswith("str"):
        kind = pyarrow.string()
    else:
        kind = pyarrow.int64() if whole else pyarrow.float64()
    return pyarrow.field(
        name,
        kind,
        nullable=column.nullable,
        metadata={
            "description": column.description,
            "unit": about["unit"],
            "sdmx_concept": about["sdmx_concept"],
        },
    )


def _arrow_array(series: pd.Series, field: pyarrow.Field) -> pyarrow.Array:
    if field.type == pyarrow.date32():
        days = [None if pd.isna(cell) else pd.Timestamp(cell).date() for cell in series]
        return pyarrow.array(days, pyarrow.date32())
    if field.type == pyarrow.int64():
        series = series.round().astype("Int64")
    return pyarrow.array(series, field.type, from_pandas=True)
