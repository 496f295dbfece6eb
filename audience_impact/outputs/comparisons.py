"""Tables `comparisons` and `area_comparisons`: what others published, and why ours differs.

For areas, theirs is a number of people, events or hours for all restrictions of an area in a
period; ours is the row of the area, which may be a region or the world, by month or year. The other
figure is within, above or below our bounds with errors, and a code gives the reason of a
difference: most publishers count everyone online when one service is blocked. A figure of at least
NEARLY_ALL of the base is assumed to count in this way. The code follows from the sizes and from the
description of the figure; its publisher was not consulted.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.bounds import BOUNDS, WITH_ERROR
from audience_impact.facts.tables import Tables
from audience_impact.outputs.lineage import name_origins
from audience_impact.vocabulary import (
    ComparedWith,
    DifferenceReason,
    FigureKind,
    ImpactMetric,
    Unit,
)

REASONS = {
    FigureKind.ADDED_UP.value: DifferenceReason.ADDS_UP_PLATFORMS.value,
    FigureKind.INTERNET_USERS.value: DifferenceReason.COUNTS_ALL_INTERNET_USERS.value,
    FigureKind.POPULATION.value: DifferenceReason.COUNTS_THE_POPULATION.value,
    FigureKind.STILL_USING.value: DifferenceReason.OTHER_DEFINITION.value,
}
OUR_BOUNDS = [f"{name}_persons" for name in BOUNDS]


def make_comparisons(
    tables: Tables, impact: pd.DataFrame, by_platform: pd.DataFrame, inputs: Inputs
) -> pd.DataFrame:
    """Return one row for each figure that others published for a restriction.

    A figure of one platform is compared with the bounds of that platform, any other with those of
    the restriction.
    """
    others = _list_others(tables, inputs)
    theirs = pd.concat([tables["published_figures"], others], ignore_index=True)
    same = ["restriction_id", "platform_id", "source_id", "value"]
    theirs = theirs[~(theirs["disputed_by"].ne("") & theirs.duplicated(same))]
    theirs = theirs.reset_index(drop=True)
    exposed = impact[impact["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED.value]
    of_acts = exposed.set_index("restriction_id")[OUR_BOUNDS].reindex(theirs["restriction_id"])
    key = ["restriction_id", "platform_id"]
    part = by_platform.drop_duplicates(key).set_index(key)[OUR_BOUNDS]
    part = part.reindex(pd.MultiIndex.from_frame(theirs[key])).reset_index(drop=True)
    single = part["printed_max_persons"].notna()
    pages = tables["sources"].set_index("source_id")["publisher"]
    table = theirs.join(part.where(single, of_acts.reset_index(drop=True))).assign(
        compared_with=np.where(single, ComparedWith.PLATFORM, ComparedWith.RESTRICTION),
        published_value=theirs["value"],
        attribution=name_origins(
            theirs.assign(page=theirs["source_id"].map(pages)), "publisher", "page"
        ),
        disputed_by=theirs["disputed_by"].map(pages).fillna(""),
    )
    counted = table["unit"] == Unit.PERSONS.value
    return table.assign(
        **_compute_ratios(table, table["value"].where(counted), WITH_ERROR),
        difference_reason=_explain_differences(table, counted),
    ).sort_values(["restriction_id", "published_figure_id"], ignore_index=True)


def _compute_ratios(
    table: pd.DataFrame, value: pd.Series, names: Iterable[str]
) -> dict[str, pd.Series]:
    """Return a value over each of our numbers; NaN where ours is zero or unknown."""
    ours = {name: table[f"{name}_persons"] for name in names}
    return {f"{name}_ratio": (value / of).where(of > 0).round(4) for name, of in ours.items()}


def _explain_differences(table: pd.DataFrame, counted: "pd.Series[bool]") -> np.ndarray:
    value, (low, high) = table["value"], _read_bounds(table)
    kind = table["figure_kind"].map(REASONS)
    return _choose_reasons(
        (table["disputed_by"] != "", DifferenceReason.DISPUTED.value),
        (counted & (value >= low) & (value <= high), DifferenceReason.WITHIN_BOUNDS.value),
        (kind.notna(), kind.fillna("").astype("object")),
        (counted & (value > high), DifferenceReason.ABOVE_OUR_UPPER.value),
        (counted & (value < low), DifferenceReason.BELOW_OUR_LOWER.value),
    )


def _choose_reasons(*cases: tuple["pd.Series[bool]", Any]) -> np.ndarray:
    applies, reasons = zip(*cases, strict=True)
    return np.select(applies, reasons, DifferenceReason.OTHER_DEFINITION.value)


def _read_bounds(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return our bounds with errors; the bounds as printed where there are no errors."""
    is_known = table["max_persons"].notna()
    low, high = (
        table[f"{end}_persons"].where(is_known, table[f"{printed}_persons"])
        for printed, end in WITH_ERROR.items()
    )
    return low, high


def _list_others(tables: Tables, inputs: Inputs) -> pd.DataFrame:
    """Return company statements and disputed figures that the bounds did not use."""
    before = inputs.before
    is_unused = ~before["estimate_id"].isin(set(inputs.chosen["estimate_id"]))
    aside = before[before["is_company_statement"] & is_unused]
    aside = aside.sort_values(["period_end", "estimate_id"]).drop_duplicates(
        [*AUDIENCE, "measurement_series_id"], keep="last"
    )
    estimates = tables["estimates"].rename(columns={"area_id": "country_id"})
    disputed = estimates[estimates["disputed_by"] != ""]
    disputed = inputs.sizes[AUDIENCE].merge(disputed, on=["country_id", "platform_id"])
    aside = aside.assign(
        disputed_by="", value=aside["point_persons"], figure_kind=FigureKind.COMPANY_STATEMENT.value
    )
    disputed = disputed.assign(figure_kind=FigureKind.PLATFORM_AUDIENCE.value)
    names = [
        *("restriction_id", "platform_id", "figure_kind", "unit", "value", "interval_kind"),
        *("period", "source_id", "disputed_by", "note", "estimate_id", "measurement_series_id"),
    ]
    rows = pd.concat([part[names] for part in (aside, disputed) if len(part)] or [aside[names]])
    measurer = tables["lineages"].set_index("measurement_series_id")["measurer"]
    return rows.assign(
        published_figure_id=rows["restriction_id"] + "/" + rows["estimate_id"],
        publisher=rows["measurement_series_id"].map(measurer),
    ).drop(columns=["estimate_id", "measurement_series_id"])


NEARLY_ALL = 0.75
OURS_BY = r"\d{4}(-\d{2})?"
"""Periods of our rows: a year, or a month."""
OURS = [*OUR_BOUNDS, "q50_persons", "base_q50_persons", "restrictions_count"]


def make_area_comparisons(tables: Tables, by_area: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each figure that others published for an area and period."""
    theirs = tables["published_area_figures"]
    ours = by_area.set_index(["area_id", "period"])[OURS]
    keys = pd.MultiIndex.from_frame(theirs[["area_id", "period"]])
    table = theirs.join(ours.reindex(keys).set_axis(theirs.index))
    value, printed = table["persons"], ("printed_min", "q50", "printed_max")
    return table.assign(
        published_persons=value,
        base_persons=table["base_q50_persons"],
        published_events_count=table["events"],
        published_hours=table["duration_hours"],
        **_compute_ratios(table, value, printed),
        difference_reason=_explain_area_differences(table, value),
    ).sort_values("published_area_figure_id", ignore_index=True)


def _explain_area_differences(table: pd.DataFrame, value: "pd.Series[float]") -> np.ndarray:
    low, high = _read_bounds(table)
    counted = value.notna() & high.notna()
    default = DifferenceReason.OTHER_DEFINITION.value
    stated = table["figure_kind"].map(REASONS).fillna(default).astype("object")
    everyone = value >= NEARLY_ALL * table["base_q50_persons"]
    return _choose_reasons(
        (~table["period"].str.fullmatch(OURS_BY), DifferenceReason.OTHER_PERIOD.value),
        (low.isna(), DifferenceReason.NOTHING_ON_RECORD.value),
        (counted & (value >= low) & (value <= high), DifferenceReason.WITHIN_BOUNDS.value),
        (counted & (value < NEARLY_ALL * low), DifferenceReason.FEWER_RESTRICTIONS.value),
        (counted & (value < low), default),
        (counted & everyone, DifferenceReason.COUNTS_ALL_INTERNET_USERS.value),
        (counted, stated),
        (value.isna() & table["duration_hours"].notna(), DifferenceReason.DURATION_DIFFERS.value),
    )
