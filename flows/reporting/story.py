"""One restriction told whole: bounds, estimates, person-days, what drives them, and the sources."""

from typing import Any

import pandas as pd

from flows.publishing import PublishError
from flows.publishing.versions import Stored
from flows.reporting import answer
from flows.reporting.answer import STATUS

NAIVE = "adds up audiences that overlap: people who use several platforms count several times"


TITLES = (
    *("Targets", "People", "Person-days", "What drives the width", "Figures used"),
    *("Published by others", "Missing"),
)
"""Titles of the parts of the text, in their order."""


def load(version: Stored) -> dict[str, pd.DataFrame]:
    """The published tables that a question about one restriction needs, by name.

    Raises PublishError where one is damaged, or older than the columns that are read.
    """
    names = (
        *("impact", "impact_by_platform", "restrictions", "comparisons", "lineage"),
        *("person_days", "sensitivity"),
    )
    tables = {name: version.table(name, dtype_backend="numpy_nullable") for name in names}
    if "attribution" not in tables["lineage"]:
        raise PublishError(f"{version.address} was published by an older release: run it anew")
    return tables


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain objects: integers plain, dates as text, nulls as null."""
    return [
        {name: _plain(cell) for name, cell in row.items()}
        for row in frame.to_dict(orient="records")
    ]


def _plain(cell: Any) -> Any:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and pd.isna(cell)):
        return None
    if hasattr(cell, "isoformat"):
        return str(cell)[:10]
    return cell.item() if hasattr(cell, "item") else cell


def story(tables: dict[str, pd.DataFrame], restriction: str) -> dict[str, Any]:
    """Everything published about one restriction, as plain objects.

    Raises KeyError where the restriction is not published.
    """
    own = {
        name: frame[frame["restriction_id"] == restriction].reset_index(drop=True)
        for name, frame in tables.items()
    }
    if own["restrictions"].empty:
        raise KeyError(restriction)
    act = records(own["restrictions"])[0]
    parts, used = own["impact_by_platform"], own["lineage"]
    figures = used[~used["role"].isin(["restriction", "target"])]
    told = {
        **act,
        "targets": records(parts[["platform_id", "feature", "claim_status"]]),
        "audiences": records(
            parts.drop_duplicates("platform_id").drop(
                columns=["feature", "claim_status", "naive_sum_persons"]
            )
        ),
        "figures": records(figures.drop(columns=["output_table", "restriction_id"])),
        "naive_sum": {
            "naive_sum_persons": _plain(next(iter(parts["naive_sum_persons"]), None)),
            "why_wrong": NAIVE
            if parts["platform_id"].nunique() > 1
            else "one platform: nothing is added up"
            if len(parts)
            else "no platform on record",
        },
        "impact": records(own["impact"]),
        "person_days": records(own["person_days"].drop(columns=["restriction_id", "as_of"])),
        "drives_width": records(own["sensitivity"].drop(columns=["restriction_id"])),
        "comparisons": records(own["comparisons"]),
        "missing": _missing(own["impact"], parts),
    }
    return {"answer": answer.sentence(told), **told}


def _missing(impact: pd.DataFrame, parts: pd.DataFrame) -> list[str]:
    """What is not known, one sentence each."""
    found = [
        f"{row.impact_metric}: {row.reason}"
        for row in impact.itertuples()
        if not pd.isna(row.reason)
    ]
    found += [
        f"no audience figure for {name}"
        for name in parts.loc[parts["period"].isna(), "platform_id"].unique()
    ]
    return found


def story_text(told: dict[str, Any]) -> str:
    """The same for a reader."""
    sections = (
        [f"  {t['platform_id']} {t['feature']} ({t['claim_status']})" for t in told["targets"]],
        _people(told),
        _person_days(told["person_days"]),
        _drives(told["drives_width"]),
        _figures(told["figures"]),
        _published(told["comparisons"]),
        [f"  {text}" for text in told["missing"]],
    )
    titled = [[title, *lines] for title, lines in zip(TITLES, sections, strict=True)]
    return "\n\n".join("\n".join(lines) for lines in [_act(told), *titled]) + "\n"


def _act(told: dict[str, Any]) -> list[str]:
    return [
        told["answer"],
        "",
        f"{told['restriction_id']}  {told['area_name']}: {told['platforms']}",
        f"  {told['action']}, {told['severity']}; {told['claim_status']}; evidence: "
        f"{told['evidence_state']}; start {told['start_on'] or 'not known'}, "
        f"{told['end_status']} {told['ended_on'] or ''}".rstrip(),
        f"  authority: {told['authority'] or 'not known'}",
        f"  stated reason: {told['stated_reason'] or 'none on record'}",
    ]


def _people(told: dict[str, Any]) -> list[str]:
    """Bounds, median and interval of each metric, and what adding up would give."""
    lines = [
        f"  {i['impact_metric']:<24} {i['lower_persons']:>13,} to "
        f"{_number(i['upper_persons']):>13}   {_middle(i, 'persons')}   of "
        f"{_number(i['base_persons'])} in {i['base']}; {i['dedup_method']}; "
        f"{i['obs_status']} {STATUS[i['obs_status']]}"
        for i in told["impact"]
    ]
    naive = told["naive_sum"]
    added = f"  {'added up':<24} {_number(naive['naive_sum_persons']):>13}   {naive['why_wrong']}"
    return [*lines, added]


def _middle(row: dict[str, Any], unit: str) -> str:
    """Median and interval, or that there is none."""
    if row[f"q50_{unit}"] is None:
        return "no estimate"
    low, middle, high = (_number(row[f"{name}_{unit}"]) for name in ("q05", "q50", "q95"))
    return f"median {middle} (5 to 95 %: {low} to {high})"


def _person_days(rows: list[dict[str, Any]]) -> list[str]:
    return [
        f"  {row['period']:<5} {_number(row['days']):>6} days "
        f"{_number(row['lower_person_days']):>17} to {_number(row['upper_person_days']):>17}   "
        f"{_middle(row, 'person_days')}; added up {_number(row['naive_sum_person_days'])}"
        for row in rows
    ] or ["  none: start not known, later than the facts, or never carried out"]


def _drives(rows: list[dict[str, Any]]) -> list[str]:
    """The inputs of each metric that matter, largest first, with what to do about them."""
    return [
        f"  {row['impact_metric']:<24} {row['input']:<14} "
        f"{_share(row['total_share'], row['total_error_share'])}  {row['advice']}"
        for row in rows
        if row["total_share"] is None or row["total_share"] >= SMALL_SHARE
    ] or ["  nothing varies: the bounds meet"]


SMALL_SHARE = 0.01


def _share(total: float | None, error: float | None) -> str:
    return "    -      " if total is None else f"{total:6.1%} +-{error or 0:4.0%}"


def _figures(rows: list[dict[str, Any]]) -> list[str]:
    return [
        f"  {f['role']:<14} {f['platform_id']:<12} {f['input_id']:<40} "
        f"{f['row_file']}:{f['row_line']}  {f['attribution']}  {f['url'] or ''}"
        for f in rows
    ]


def _published(rows: list[dict[str, Any]]) -> list[str]:
    return [
        f"  {c['attribution']}: {_number(c['published_value'])} {c['unit']} "
        f"({c['figure_kind']}, {c['interval_kind']}), {_number(c['upper_ratio'])} times our "
        f"upper bound of the {c['compared_with']}; {c['difference_reason']}"
        for c in rows
    ] or ["  nothing on record"]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.4g}" if value % 1 else f"{int(value):,}"
