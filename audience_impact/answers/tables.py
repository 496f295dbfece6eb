"""What people read of a run: the table of results, the quality report, one restriction."""

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from audience_impact.answers import answer
from audience_impact.answers.answer import STATUS, millions
from audience_impact.plain_text import markdown_text, plain
from audience_impact.vocabulary import ImpactMetric


def exposed(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The people exposed by restriction, the surest answer first, and who measured the figures.

    `tables` by name: impact, impact_by_platform, restrictions and lineage are read. Where a feature
    is restricted, `feature_users` says who uses it.
    """
    impact = tables["impact"]
    rows = impact[impact["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED.value].merge(
        tables["restrictions"][["restriction_id", "platforms", "start_on"]], on="restriction_id"
    )
    users = answer.feature_users(impact, tables["impact_by_platform"])
    said = {name: answer.counted(row) for name, row in users.iterrows()}
    rows["feature_users"] = [said.get(one, "-") for one in rows["restriction_id"]]
    rows["measured_by"] = rows["restriction_id"].map(_measured_by(tables["lineage"])).fillna("-")
    return answer.surest_first(rows)


def _measured_by(lineage: pd.DataFrame) -> "pd.Series[str]":
    """Measurers of the audiences of each restriction, each once, with the pages that relay them."""
    audiences = lineage[lineage["role"] == "audience"].groupby("restriction_id")
    return audiences["attribution"].agg(lambda told: "; ".join(sorted(set(told))))


HEADINGS = (
    "restriction",
    "platforms",
    "at least",
    "median",
    "5 to 95 %",
    "at most",
    "feature users",
    "base",
    "people in base",
    "status",
    "measured by",
)

NARROW = ("restriction", "at least", "median", "at most")
WIDTHS = ((320, HEADINGS), (220, HEADINGS[:-1]), (0, NARROW))
"""From which width of the terminal on which columns are shown, unwrapped."""


def _cells(row: Any) -> tuple[str, ...]:
    platforms = row.platforms if len(row.platforms) <= 40 else row.platforms[:37] + "..."
    base = "-" if pd.isna(row.base) else row.base
    return (
        row.restriction_id,
        platforms,
        millions(row.lower_persons),
        millions(row.q50_persons),
        interval(row.q05_persons, row.q95_persons),
        millions(row.upper_persons),
        row.feature_users,
        base,
        millions(row.base_persons),
        f"{row.obs_status} {STATUS[row.obs_status]}",
        row.measured_by,
    )


def interval(low: float, high: float) -> str:
    """An interval for the eye."""
    if pd.isna(low):
        return "-"
    return "bounds meet" if low == high else f"{millions(low)} to {millions(high)}"


NUMBERS = ("at least", "median", "5 to 95 %", "at most", "feature users", "people in base")


def show_results(rows: pd.DataFrame, title: str) -> None:
    """Print the table of results: whole and unwrapped, or in a narrow terminal its core."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=2 * WIDTHS[0][0])
    wanted = next(headings for width, headings in WIDTHS if console.width >= width)
    table = Table(title=Text(title), title_justify="left")
    for heading in wanted:
        right = heading in NUMBERS
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for row in rows.itertuples():
        cells = dict(zip(HEADINGS, _cells(row), strict=True))
        table.add_row(*[Text(plain(cells[heading])) for heading in wanted])
    console.print(table)


def results_markdown(rows: pd.DataFrame) -> str:
    """The table of results as Markdown; `rows` as `exposed` gives them."""
    return markdown(HEADINGS, [_cells(row) for row in rows.itertuples()], markdown_text)


def quality_markdown(quality: pd.DataFrame, quarantined: int) -> str:
    """The quality report as Markdown: how much was checked and quarantined, and what failed."""
    failed = quality[quality["failed_count"] > 0]
    text = (
        f"{len(quality)} checks over {quality['checked_count'].max():,} rows of the longest "
        f"table; {len(failed)} found something; {quarantined} findings "
        "in quarantine.\n\n"
    )
    columns = ["check", "table", "severity", "failed_count", "checked_count", "worst_rows"]
    rows = failed[columns].astype("str").to_numpy().tolist()
    return text + markdown(columns, rows, markdown_text)


def _in_a_cell(text: object) -> str:
    return html.escape(str(text), quote=False).replace("|", "\\|")


def markdown(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    written: Callable[[str], str] = _in_a_cell,
) -> str:
    """A Markdown table; `written` says how a cell is, by default with our own Markdown in it."""
    lines = [headings, ["---"] * len(headings), *([written(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
