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

SCHEMA_VERSION = "1.0"


class ContractError(ValueError):
    """A table that was to be published breaks its contract."""


def _column(
    description: str, unit: str = "", sdmx: str = "", null: bool = False, **checks: Any
) -> Any:
    return pa.Field(
        description=description,
        nullable=null,
        metadata={"unit": unit, "sdmx_concept": sdmx},
        **checks,
    )


def _people(description: str, null: bool = True) -> Any:
    return _column(description, "persons", "OBS_VALUE", null, ge=0)


def _share(description: str) -> Any:
    return _column(description, "share", "OBS_VALUE", True, ge=0)


def _word(enum: Any, description: str, sdmx: str = "", null: bool = False) -> Any:
    return _column(description, sdmx=sdmx, null=null, isin=[member.value for member in enum])


def _text(description: str, unit: str = "", sdmx: str = "") -> Any:
    """Text that is null where there is nothing to say."""
    return _column(description, unit, sdmx, null=True)


def _restriction() -> Any:
    return _column("the restriction, as in the fact table restrictions", sdmx="TITLE")


def _as_of() -> Any:
    return _column("day up to which the facts were read", "date", "DATA_LAST_UPDATE")


class PublishedModel(pa.DataFrameModel):
    """What all published tables share: exactly the columns named, in this order."""

    class Config:
        """Other columns are dropped when the table is made."""

        strict = "filter"


class Impact(PublishedModel):
    """How many people each restriction touches, one row a restriction and impact metric."""

    restriction_id: Series[str] = _restriction()
    impact_metric: Series[str] = _word(words.ImpactMetric, "which people are counted", "INDICATOR")
    area_id: Series[str] = _column("ISO 3166 codes of the areas, joined by ;", sdmx="REF_AREA")
    lower_persons: Series[float] = _people("at least so many people", null=False)
    q05_persons: Series[float] = _people("5 % quantile; null: not estimated yet")
    q50_persons: Series[float] = _people("median; null: not estimated yet")
    q95_persons: Series[float] = _people("95 % quantile; null: not estimated yet")
    upper_persons: Series[float] = _people("at most so many people; null: no base on record")
    base: Series[str] = _column(
        "population that contains the audiences; null: none on record", null=True
    )
    base_persons: Series[float] = _people("people in the base")
    population_persons: Series[float] = _people("residents of the area")
    lower_base_share: Series[float] = _share("lower bound as a share of the base")
    q05_base_share: Series[float] = _share("5 % quantile as a share of the base")
    q50_base_share: Series[float] = _share("median as a share of the base")
    q95_base_share: Series[float] = _share("95 % quantile as a share of the base")
    upper_base_share: Series[float] = _share("upper bound as a share of the base")
    lower_population_share: Series[float] = _share("lower bound as a share of the residents")
    q05_population_share: Series[float] = _share("5 % quantile as a share of the residents")
    q50_population_share: Series[float] = _share("median as a share of the residents")
    q95_population_share: Series[float] = _share("95 % quantile as a share of the residents")
    upper_population_share: Series[float] = _share("upper bound as a share of the residents")
    dedup_method: Series[str] = _word(words.DedupMethod, "how nobody was counted twice")
    obs_status: Series[str] = _word(
        words.ObsStatus, "A normal, E estimated, U low reliability, M missing", "OBS_STATUS"
    )
    reason: Series[str] = _text(
        "why the status is not A, or the impact zero; null: nothing to say", sdmx="COMMENT_OBS"
    )
    staleness: Series[str] = _word(
        words.Staleness, "age of the oldest figure used at the start", null=True
    )
    evidence_state: Series[str] = _word(words.EvidenceState, "what measurements say")
    claim_status: Series[str] = _word(words.ClaimStatus, "who says that it is restricted")
    quarantined_inputs_count: Series[float] = _column(
        "rows about these platforms, this act or the bases of its areas that were refused",
        "count",
        ge=0,
    )
    as_of: Series[str] = _as_of()

    @pa.dataframe_check(name="bounds_in_order")
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Lower <= upper <= base."""
        over = frame["upper_persons"] > frame["base_persons"]
        return ~(frame["lower_persons"] > frame["upper_persons"]) & ~over

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

    restriction_id: Series[str] = _restriction()
    platform_id: Series[str] = _column("the platform, `*` for the whole internet")
    feature: Series[str] = _word(words.Feature, "what of the platform is restricted")
    impact_metric: Series[str] = _word(words.ImpactMetric, "which people are counted", "INDICATOR")
    claim_status: Series[str] = _word(words.ClaimStatus, "who says that this is restricted")
    lower_persons: Series[float] = _people("audience of the platform, at least", null=False)
    upper_persons: Series[float] = _people("audience of the platform, at most")
    base: Series[str] = _column("population that contains the audience", null=True)
    base_persons: Series[float] = _people("people in the base")
    naive_sum_persons: Series[float] = _people(
        "the audiences of all platforms added up, which counts people twice; null: one unknown"
    )
    audience_metric: Series[str] = _column("what the audience figure counts", null=True)
    period: Series[str] = _column("period of the audience figure", null=True, sdmx="TIME_PERIOD")
    lineages_count: Series[float] = _column("independent measurers behind it", "count", ge=0)
    staleness: Series[str] = _word(words.Staleness, "age of the figure at the start", null=True)
    aggregation_hazard: Series[str] = _text("why these rows must not be added; null for one")
    as_of: Series[str] = _as_of()


class Restrictions(PublishedModel):
    """What each restriction is: where, when, by whom and why."""

    restriction_id: Series[str] = _restriction()
    area_id: Series[str] = _column("ISO 3166 codes of the areas, joined by ;", sdmx="REF_AREA")
    area_name: Series[str] = _column("names of the areas")
    platforms: Series[str] = _column("names of the platforms targeted")
    start_on: Series[str] = _column(
        "announced or observed, whichever is first", "date", "TIME_PERIOD", null=True
    )
    announced_on: Series[str] = _text("announcement as written in the source")
    observed_from: Series[str] = _text("observed start as written in the source")
    ended_on: Series[str] = _text("last day in force as written in the source")
    end_status: Series[str] = _word(words.EndStatus, "whether it is over")
    action: Series[str] = _word(words.Action, "what was done")
    severity: Series[str] = _word(words.Severity, "how far the target is gone")
    geo_scope: Series[str] = _word(words.GeoScope, "how far it reaches")
    network_scope: Series[str] = _word(words.NetworkScope, "which access networks")
    evidence_state: Series[str] = _word(words.EvidenceState, "what measurements say")
    claim_status: Series[str] = _word(words.ClaimStatus, "who says so")
    authority: Series[str] = _text("who ordered it; null: not known")
    stated_reason: Series[str] = _text("the reason given; null: none on record")
    legal_basis: Series[str] = _text("the law or order named; null: none on record")
    note: Series[str] = _text("what else the sources say", sdmx="COMMENT_OBS")
    source_id: Series[str] = _column("source of the act", sdmx="SOURCE")
    as_of: Series[str] = _as_of()


class Comparisons(PublishedModel):
    """What others published for a restriction, beside our bounds."""

    restriction_id: Series[str] = _restriction()
    published_figure_id: Series[str] = _column("the published figure")
    platform_id: Series[str] = _text("its platform; null: the whole restriction")
    publisher: Series[str] = _column("who published it")
    figure_kind: Series[str] = _word(words.FigureKind, "what it counts")
    unit: Series[str] = _word(words.Unit, "unit of published_value", "UNIT_MEASURE")
    published_value: Series[float] = _column(
        "the figure, in the unit beside it", "see unit", "OBS_VALUE", ge=0
    )
    interval_kind: Series[str] = _word(words.IntervalKind, "one_sided_min means: over")
    compared_with: Series[str] = _column(
        "platform or restriction: whose bounds stand here", isin=["platform", "restriction"]
    )
    lower_persons: Series[float] = _people("our lower bound")
    upper_persons: Series[float] = _people("our upper bound")
    lower_ratio: Series[float] = _column("theirs over our lower bound", "ratio", null=True, ge=0)
    upper_ratio: Series[float] = _column("theirs over our upper bound", "ratio", null=True, ge=0)
    difference_reason: Series[str] = _column("within_bounds, or why it differs")
    period: Series[str] = _text("period of the figure; null: not said", sdmx="TIME_PERIOD")
    source_id: Series[str] = _column("where it stands", sdmx="SOURCE")
    note: Series[str] = _text("what the source says of it", sdmx="COMMENT_OBS")


class Lineage(PublishedModel):
    """Which fact, on which line of which file, fed which restriction."""

    output_table: Series[str] = _column("the published table")
    restriction_id: Series[str] = _restriction()
    platform_id: Series[str] = _column("the platform; `all`: the restriction as a whole")
    role: Series[str] = _column("audience, relay (same measurement, set aside), base, ...")
    input_table: Series[str] = _column("the fact table")
    input_id: Series[str] = _column("key of the fact")
    row_layer: Series[int] = _column("number of the facts folder, from 1", "count", ge=1)
    row_file: Series[str] = _column("file of the fact")
    row_line: Series[int] = _column("line of the fact in its file, from 1", "count", ge=1)
    source_id: Series[str] = _column("source of the fact", sdmx="SOURCE")
    publisher: Series[str] = _column("publisher of the source", sdmx="ORGANISATION")
    url: Series[str] = _text("address of the source; null: none on record")


class Sources(PublishedModel):
    """Every source of the facts."""

    source_id: Series[str] = _column("the source", sdmx="SOURCE")
    publisher: Series[str] = _column("who published it", sdmx="ORGANISATION")
    title: Series[str] = _text("title; null: not recorded", sdmx="TITLE")
    url: Series[str] = _text("address; null: none on record")
    published_on: Series[str] = _text("date of publication as written")
    accessed_on: Series[str] = _column("date it was read")
    source_type: Series[str] = _word(words.SourceType, "what kind of source")
    licence: Series[str] = _text("licence as stated; null: not stated")
    reliability: Series[str] = _word(words.Reliability, "how far to trust it")
    measurer: Series[str] = _column("whose measurement it relays")


class Quality(PublishedModel):
    """What was checked, and how it went."""

    check: Series[str] = _column("rule id")
    table: Series[str] = _column("the table checked")
    severity: Series[str] = _word(words.FindingSeverity, "what a failure does")
    checked_count: Series[int] = _column("rows checked", "count", ge=0)
    failed_count: Series[int] = _column("rows that failed", "count", ge=0)
    worst_rows: Series[str] = _text("the first failures as FILE:LINE, joined by ;")
    meaning: Series[str] = _column("what a failure means")


class Quarantine(PublishedModel):
    """Every row refused, whole."""

    table: Series[str] = _column("the fact table")
    row_layer: Series[int] = _column("number of the facts folder, from 1", "count", ge=1)
    file: Series[str] = _column("file of the row")
    line: Series[int] = _column("line of the row in its file, from 1", "count", ge=1)
    column: Series[str] = _column("column at fault")
    rule: Series[str] = _column("rule id")
    value: Series[str] = _text("the cell as written")
    reason: Series[str] = _column("what is wrong and what to do")
    row: Series[str] = _column("the row as JSON")


MODELS: dict[str, type[PublishedModel]] = {
    "impact": Impact,
    "impact_by_platform": ImpactByPlatform,
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
    whole = about["unit"] in ("persons", "count")
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
