"""What people read of a run: the table of results, the quality report, one restriction."""

import html
import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from audience_impact.facts import Finding
from audience_impact.vocabulary import FindingSeverity
from flows.steps import Results, line

STATUS = {
    "A": "normal",
    "E": "estimated",
    "F": "forecast",
    "U": "low reliability",
    "M": "no figure",
}
NAIVE = "adds up audiences that overlap: people who use several platforms count several times"


def millions(persons: float | None) -> str:
    """People for the eye: 96.0 M, 466 k, 0; a dash where nothing is known."""
    if persons is None or pd.isna(persons):
        return "-"
    if persons >= 1e6:
        return f"{persons / 1e6:,.1f} M"
    return f"{persons / 1e3:,.0f} k" if persons >= 1e3 else f"{persons:,.0f}"


def exposed(impact: pd.DataFrame, restrictions: pd.DataFrame) -> pd.DataFrame:
    """The people exposed by restriction, what is known best first."""
    rows = impact[impact["impact_metric"] == "people_exposed"].merge(
        restrictions[["restriction_id", "platforms", "start_on"]], on="restriction_id"
    )
    return rows.sort_values(
        ["lower_persons", "upper_persons", "restriction_id"],
        ascending=[False, False, True],
        ignore_index=True,
    )


HEADINGS = ("restriction", "platforms", "at least", "at most", "base", "people in base", "status")

NARROW = ("restriction", "at least", "at most")
WIDE = 170


def _cells(row: Any) -> tuple[str, ...]:
    platforms = row.platforms if len(row.platforms) <= 40 else row.platforms[:37] + "..."
    base = "-" if pd.isna(row.base) else row.base
    return (
        row.restriction_id,
        platforms,
        millions(row.lower_persons),
        millions(row.upper_persons),
        base,
        millions(row.base_persons),
        f"{row.obs_status} {STATUS[row.obs_status]}",
    )


def show_results(rows: pd.DataFrame, title: str) -> None:
    """Print the table of results: whole and unwrapped, or in a narrow terminal its core."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, WIDE))
    wanted = HEADINGS if console.width >= WIDE else NARROW
    table = Table(title=title, title_justify="left")
    for heading in wanted:
        right = heading in ("at least", "at most", "people in base")
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for row in rows.itertuples():
        cells = dict(zip(HEADINGS, _cells(row), strict=True))
        table.add_row(*[cells[heading] for heading in wanted])
    console.print(table)


def results_markdown(results: Results) -> str:
    """The table of results as Markdown."""
    rows = exposed(results.frames["impact"], results.frames["restrictions"])
    return markdown(HEADINGS, [_cells(row) for row in rows.itertuples()])


def quality_markdown(results: Results) -> str:
    """The quality report as Markdown: what failed first, then how much was checked."""
    quality = results.frames["quality"]
    failed = quality[quality["failed_count"] > 0]
    text = (
        f"{len(quality)} checks over {quality['checked_count'].max():,} rows of the longest "
        f"table; {len(failed)} found something; {len(results.frames['quarantine'])} findings "
        "in quarantine.\n\n"
    )
    columns = ["check", "table", "severity", "failed_count", "checked_count", "worst_rows"]
    return text + markdown(columns, failed[columns].astype("str").to_numpy().tolist())


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    lines += [
        "| "
        + " | ".join(html.escape(str(cell), quote=False).replace("|", "\\|") for cell in row)
        + " |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def findings_text(findings: Sequence[Finding]) -> str:
    """One finding a line, never wrapped."""
    return "".join(line(found) + "\n" for found in findings)


def findings_json(findings: Sequence[Finding]) -> str:
    """The findings as a JSON list."""
    return (
        json.dumps(
            [
                {
                    "file": found.file,
                    "line": found.line,
                    "column": found.column,
                    "rule": found.rule,
                    "severity": found.severity.value,
                    "value": found.value,
                    "message": found.message,
                }
                for found in findings
            ],
            ensure_ascii=False,
            indent=2,
        )
        + "\n"
    )


def findings_github(findings: Sequence[Finding]) -> str:
    """Annotations that a pull request shows on the line of the file."""

    def escaped(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def level(found: Finding) -> str:
        return "warning" if found.severity is FindingSeverity.WARNING else "error"

    return "".join(
        f"::{level(found)} file={escaped(found.file)},line={found.line},title={found.rule}::"
        f"{escaped(line(found))}\n"
        for found in findings
    )


def findings_junit(findings: Sequence[Finding], checked: int) -> str:
    """JUnit XML: a test case a finding, and one that passes for what was checked."""
    bad = [found for found in findings if found.severity is not FindingSeverity.WARNING]
    suite = ET.Element(
        "testsuite",
        name="audience-impact check",
        tests=str(len(findings) + 1),
        failures=str(len(bad)),
    )
    ET.SubElement(suite, "testcase", classname="facts", name=f"{checked} rows read")
    for found in findings:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=found.table,
            name=f"{found.rule} {found.file}:{found.line}:{found.column}",
        )
        if found in bad:
            ET.SubElement(case, "failure", message=found.message, type=found.rule).text = line(
                found
            )
        else:
            ET.SubElement(case, "system-out").text = line(found)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def load(folder: Path) -> dict[str, pd.DataFrame]:
    """The published tables that a question about one restriction needs, by name."""
    names = ("impact", "impact_by_platform", "restrictions", "comparisons", "lineage")
    return {
        name: pd.read_parquet(folder / f"{name}.parquet", dtype_backend="numpy_nullable")
        for name in names
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
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
    act = _records(own["restrictions"])[0]
    parts, used = own["impact_by_platform"], own["lineage"]
    figures = used[used["role"].isin(["audience", "relay", "base", "population", "share_base"])]
    return {
        **act,
        "targets": _records(parts[["platform_id", "feature", "claim_status"]]),
        "audiences": _records(
            parts.drop_duplicates("platform_id").drop(
                columns=["feature", "claim_status", "naive_sum_persons"]
            )
        ),
        "figures": _records(figures.drop(columns=["output_table", "restriction_id"])),
        "naive_sum": {
            "naive_sum_persons": _plain(parts["naive_sum_persons"].iloc[0]),
            "why_wrong": NAIVE
            if parts["platform_id"].nunique() > 1
            else "one platform: nothing is added up",
        },
        "impact": _records(own["impact"]),
        "comparisons": _records(own["comparisons"]),
        "missing": _missing(own["impact"], parts),
    }


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
    if impact["q50_persons"].isna().all():
        found.append("no estimate between the bounds: this method version gives bounds alone")
    return found


def story_text(told: dict[str, Any]) -> str:
    """The same for a reader."""
    lines = [
        f"{told['restriction_id']}  {told['area_name']}: {told['platforms']}",
        f"  {told['action']}, {told['severity']}; {told['claim_status']}; evidence: "
        f"{told['evidence_state']}; start {told['start_on'] or 'not known'}, "
        f"{told['end_status']} {told['ended_on'] or ''}".rstrip(),
        f"  authority: {told['authority'] or 'not known'}",
        f"  stated reason: {told['stated_reason'] or 'none on record'}",
        "",
        "Targets",
    ]
    lines += [f"  {t['platform_id']} {t['feature']} ({t['claim_status']})" for t in told["targets"]]
    lines += ["", "People"]
    lines += [
        f"  {i['impact_metric']:<24} {i['lower_persons']:>13,} to "
        f"{_number(i['upper_persons']):>13}   of {_number(i['base_persons'])} in "
        f"{i['base']}; {i['obs_status']} {STATUS[i['obs_status']]}"
        for i in told["impact"]
    ]
    naive = told["naive_sum"]
    lines += [
        f"  {'added up':<24} {_number(naive['naive_sum_persons']):>13}   {naive['why_wrong']}",
        "",
        "Figures used",
    ]
    lines += [
        f"  {f['role']:<10} {f['platform_id']:<12} {f['input_id']:<40} "
        f"{f['row_file']}:{f['row_line']}  {f['publisher']}  {f['url'] or ''}"
        for f in told["figures"]
    ]
    lines += ["", "Published by others"]
    lines += [
        f"  {c['publisher']}: {_number(c['published_value'])} {c['unit']} "
        f"({c['figure_kind']}, {c['interval_kind']}), {_number(c['upper_ratio'])} times our "
        f"upper bound of the {c['compared_with']}; {c['difference_reason']}"
        for c in told["comparisons"]
    ] or ["  nothing on record"]
    lines += ["", "Missing"] + [f"  {text}" for text in told["missing"]]
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.4g}" if value % 1 else f"{int(value):,}"
