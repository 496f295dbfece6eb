"""One restriction told whole: bounds, estimates, person-days, what drives them, and the sources."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from audience_impact.answers import sentences
from audience_impact.answers.answer import STATUS
from audience_impact.plain_text import plain_cells
from audience_impact.store import PublishError
from audience_impact.store.versions import Stored

NAIVE = "adds up audiences that overlap: people who use several platforms count several times"


TITLES = (
    *("Targets", "People", "Person-days", "What drives the width", "Figures used"),
    *("Published by others", "Missing"),
)
"""Titles of the parts of the text, in their order."""


NOT_COMPUTED = (
    "not computed: the version was made by `audience-impact run --no-sensitivity`; run it without "
    "that option"
)


NEWEST = {
    "impact": "reason_rule_ids",
    "impact_by_platform": "platform_name",
    "restrictions": "country_paths",
    "lineage": "attribution",
}
"""The column of a table that was added last, which an older version lacks."""


def load(version: Stored) -> dict[str, pd.DataFrame]:
    """The published tables that a question about one restriction needs, by name.

    Raises PublishError where one is damaged, or older than the columns that are read.
    """
    names = (
        *("impact", "impact_by_platform", "restrictions", "comparisons", "lineage"),
        *("person_days", "sensitivity"),
    )
    tables = {name: version.table(name, dtype_backend="numpy_nullable") for name in names}
    if any(column not in tables[name] for name, column in NEWEST.items()):
        raise PublishError(f"{version.address} was published by an older release: run it anew")
    return tables


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain objects: integers plain, dates as text, nulls as null."""
    columns = [[_plain(cell) for cell in frame[name].tolist()] for name in frame.columns]
    return [dict(zip(frame.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(cell: Any) -> Any:
    if isinstance(cell, str):  # most are
        return cell
    if cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return None
    return str(cell)[:10] if hasattr(cell, "isoformat") else cell


Rows = Mapping[str, list[dict[str, Any]]]
"""Rows of one restriction, by table."""


class Stories(Mapping[str, dict[str, Any]]):
    """The story of each restriction published; each table is parted by restriction once."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Part the tables of `load` by restriction; a story is told when it is asked for."""
        self._has_sensitivity = _is_computed(tables)
        self._rows: dict[str, dict[str, list[dict[str, Any]]]] = {
            name: {} for name in tables["restrictions"]["restriction_id"]
        }
        for name, table in tables.items():
            for row in records(table[table["restriction_id"].isin(list(self._rows))]):
                self._rows[row["restriction_id"]].setdefault(name, []).append(row)

    def __getitem__(self, restriction: str) -> dict[str, Any]:
        """Everything published about one restriction; KeyError where it is not published."""
        told = _told(self._rows[restriction])
        return told | {"is_sensitivity_computed": self._has_sensitivity}

    def __iter__(self) -> Iterator[str]:
        """The restrictions, in the order of the published table."""
        return iter(self._rows)

    def __len__(self) -> int:
        """How many restrictions there are."""
        return len(self._rows)


def _is_computed(tables: Mapping[str, pd.DataFrame]) -> bool:
    """Whether the run told what drives the widths: some share is there, or no width at all."""
    impact = tables["impact"]
    wide = (impact["q95_persons"] > impact["q05_persons"]).fillna(False).any()
    return bool(tables["sensitivity"]["total_share"].notna().any() or not wide)


def stories(tables: Mapping[str, pd.DataFrame]) -> Mapping[str, dict[str, Any]]:
    """The stories of all restrictions, by id; see `Stories`."""
    return Stories(tables)


def story(tables: Mapping[str, pd.DataFrame], restriction: str) -> dict[str, Any]:
    """Everything published about one restriction, as plain objects.

    Raises KeyError where the restriction is not published.
    """
    own = {name: frame[frame["restriction_id"] == restriction] for name, frame in tables.items()}
    return Stories(own)[restriction] | {"is_sensitivity_computed": _is_computed(tables)}


def _told(rows: Rows) -> dict[str, Any]:
    """The story from the rows of each table."""
    parts, impact = rows.get("impact_by_platform", []), rows.get("impact", [])
    figures = [row for row in rows.get("lineage", []) if row["role"] not in OF_THE_ACT]
    once: dict[str, dict[str, Any]] = {}
    for part in parts:
        once.setdefault(part["platform_id"], part)
    acts = [row["attribution"] for row in rows.get("lineage", []) if row["role"] == OF_THE_ACT[0]]
    told = {
        **rows["restrictions"][0],
        "reported_by": next(iter(acts), None),
        "targets": [{name: part[name] for name in TARGET} for part in parts],
        "audiences": [_without(part, *PARTS) for part in once.values()],
        "figures": [_without(row, "output_table", "restriction_id") for row in figures],
        "naive_sum": _naive_sum(parts, len(once)),
        "impact": impact,
        "person_days": [
            _without(row, "restriction_id", "as_of") for row in rows.get("person_days", [])
        ],
        "drives_width": [_without(row, "restriction_id") for row in rows.get("sensitivity", [])],
        "comparisons": rows.get("comparisons", []),
        "missing": _missing(impact, parts),
    }
    return {"answer": sentences.answer(told), **told}


OF_THE_ACT = ("restriction", "target")
"""Roles of facts that are no figures."""
TARGET = ("platform_id", "platform_name", "feature", "claim_status")
PARTS = ("feature", "claim_status", "naive_sum_persons")
"""What is told of the targets and of the whole, and not again of each audience."""


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: cell for name, cell in row.items() if name not in names}


def _naive_sum(parts: Sequence[Mapping[str, Any]], platforms: int) -> dict[str, Any]:
    alone = "one platform: nothing is added up" if parts else "no platform on record"
    return {
        "naive_sum_persons": parts[0]["naive_sum_persons"] if parts else None,
        "why_wrong": NAIVE if platforms > 1 else alone,
    }


def _missing(impact: Sequence[Mapping[str, Any]], parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is not known, one sentence each."""
    found = [f"{row['impact_metric']}: {row['reason']}" for row in impact if row["reason"]]
    unknown = dict.fromkeys(part["platform_id"] for part in parts if part["period"] is None)
    return [*found, *(f"no audience figure for {name}" for name in unknown)]


def story_text(told: Mapping[str, Any]) -> str:
    """The same for a reader."""
    told = plain_cells(told)
    sections = (
        [f"  {t['platform_id']} {t['feature']} ({t['claim_status']})" for t in told["targets"]],
        _people(told),
        _person_days(told["person_days"]),
        _drives(told["drives_width"], told["is_sensitivity_computed"]),
        _figures(told["figures"]),
        _published(told["comparisons"]),
        [f"  {text}" for text in told["missing"]],
    )
    titled = [[title, *lines] for title, lines in zip(TITLES, sections, strict=True)]
    return "\n\n".join("\n".join(lines) for lines in [_act(told), *titled]) + "\n"


def _act(told: Mapping[str, Any]) -> list[str]:
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


def _people(told: Mapping[str, Any]) -> list[str]:
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


def _drives(rows: list[dict[str, Any]], is_computed: bool) -> list[str]:
    """The inputs of each metric that matter, largest first, with what to do about them."""
    told = [
        f"  {row['impact_metric']:<24} {row['input']:<14} "
        f"{_share(row['total_share'], row['total_error_share'])}  {row['advice']}"
        for row in rows
        if row["total_share"] is None or row["total_share"] >= SMALL_SHARE
    ]
    missing = [] if is_computed else [f"  {NOT_COMPUTED}"]
    return told + missing or ["  nothing varies: the bounds meet"]


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
