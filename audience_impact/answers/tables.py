"""The results of a run as a table, surest first, and the quality report.

Method. Rows are ordered by confidence, then by status (SUREST), then by the width of the 90 %
interval relative to the median, in classes (INTERVALS), then by the number of people. Rows without
an interval follow those with one.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from audience_impact.answers.names import label_status
from audience_impact.answers.numbers import ENDS, format_compact, format_estimate
from audience_impact.plain_text import markdown_text, plain_line
from audience_impact.vocabulary import Confidence, Feature, ImpactMetric, ObsStatus

SUREST = (
    *(ObsStatus.NORMAL, ObsStatus.ESTIMATED, ObsStatus.FORECAST),
    *(ObsStatus.LOW_RELIABILITY, ObsStatus.IMPUTED, ObsStatus.MISSING),
)
"""Statuses of numbers, the most reliable first."""
INTERVALS = (0.1, 0.25, 0.5, 1.0)
"""Upper limits of the classes of width: the likely range divided by the median."""


def list_exposed(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the people exposed by restriction, the best known first, with the measurers.

    Reads the tables impact, impact_by_platform, restrictions and lineage of `tables`.
    `feature_users` counts the users of the restricted features.
    """
    impact = tables["impact"]
    rows = impact[impact["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED.value].merge(
        tables["restrictions"][["restriction_id", "platform_names", "start_on"]],
        on="restriction_id",
    )
    users = feature_users(impact, tables["impact_by_platform"])
    texts = {name: format_estimate(row) for name, row in users.iterrows()}
    rows["feature_users"] = [texts.get(name, "-") for name in rows["restriction_id"]]
    measurers = rows["restriction_id"].map(_join_measurers(tables["lineage"]))
    rows["platforms"] = rows["platform_names"].str.replace(";", ", ").fillna("")
    rows["measured_by"] = measurers.astype("object").fillna("-")  # numbers, where nobody measured
    return surest_first(rows)


def surest_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `impact` in the order in which answers are printed, the best known first."""
    middle = rows["q50_persons"].astype("float64")
    span = rows["q95_persons"].astype("float64") - rows["q05_persons"].astype("float64")
    width = span / middle.where(middle > 0)
    order = rows.assign(
        confidence_rank=rows["confidence"].map(list(Confidence).index),
        status_rank=rows["obs_status"].map(SUREST.index),
        width_class=np.where(width.isna(), len(INTERVALS) + 1, np.searchsorted(INTERVALS, width)),
        size=middle.fillna(rows["min_persons"].astype("float64")),
    ).sort_values(
        [
            *("confidence_rank", "status_rank", "width_class", "size", "max_persons"),
            "restriction_id",
        ],
        ascending=[True, True, True, False, False, True],
        ignore_index=True,
    )
    return order[rows.columns]


def feature_users(impact: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """Return the bounds and quantiles (ENDS) of feature users, by restriction."""
    features = parts.loc[parts["feature"] != Feature.WHOLE_SERVICE.value, "restriction_id"]
    users = impact[impact["impact_metric"] == ImpactMetric.PEOPLE_FEATURE_EXPOSED.value]
    return users[users["restriction_id"].isin(set(features))].set_index("restriction_id")[ENDS]


def _join_measurers(lineage: pd.DataFrame) -> "pd.Series[str]":
    """Return the measurers of the audiences of each restriction, with the pages that relay them."""
    audiences = lineage[lineage["role"] == "audience"].groupby("restriction_id")
    return audiences["attribution"].agg(lambda names: "; ".join(sorted(set(names))))


COLUMNS: dict[str, Callable[[Any], str]] = {
    "restriction": lambda row: row.restriction_id,
    "platforms": lambda row: _cut(row.platforms),
    "minimum": lambda row: format_compact(row.min_persons),
    "median": lambda row: format_compact(row.q50_persons),
    "5 to 95 %": lambda row: format_compact_interval(row.q05_persons, row.q95_persons),
    "maximum": lambda row: format_compact(row.max_persons),
    "feature users": lambda row: row.feature_users,
    "base": lambda row: "-" if pd.isna(row.base) else row.base,
    "people in base": lambda row: format_compact(row.base_persons),
    "status": lambda row: f"{row.obs_status} {label_status(row._asdict())}",
    "measured by": lambda row: row.measured_by,
}
"""The cell of a row of `list_exposed` in each column of the printed table."""
HEADINGS = tuple(COLUMNS)
NARROW = ("restriction", "minimum", "median", "maximum")
WIDTHS = ((320, HEADINGS), (220, HEADINGS[:-1]), (0, NARROW))
"""Minimum width of the terminal for each set of columns that is shown without wrapping."""
TEXTS = ("restriction", "platforms", "base", "status", "measured by")
"""Columns that are no numbers, and stand at the left."""


def _cut(text: str, letters: int = 40) -> str:
    return text if len(text) <= letters else text[: letters - 3] + "..."


def format_compact_interval(low: float, high: float) -> str:
    """Return an interval in thousands or millions; a dash if there is none."""
    if pd.isna(low):
        return "-"
    return "bounds meet" if low == high else f"{format_compact(low)} to {format_compact(high)}"


def print_results(rows: pd.DataFrame, title: str) -> None:
    """Print the table of results, unwrapped; in a narrow terminal only its main columns."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=2 * WIDTHS[0][0])
    headings = next(headings for width, headings in WIDTHS if console.width >= width)
    table = Table(title=Text(title), title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in TEXTS else "right", no_wrap=True)
    for row in rows.itertuples():
        table.add_row(*[Text(plain_line(COLUMNS[heading](row))) for heading in headings])
    console.print(table)


def render_results(rows: pd.DataFrame) -> str:
    """Return the table of results as Markdown; `rows` as `list_exposed` returns them."""
    cells = [[write(row) for write in COLUMNS.values()] for row in rows.itertuples()]
    return render_markdown(HEADINGS, cells, markdown_text)


def render_quality(quality: pd.DataFrame, quarantined: int) -> str:
    """Return the quality report as Markdown: checks, findings, and failed rules."""
    failed = quality[quality["failed_count"] > 0]
    text = (
        f"{len(quality)} checks over {quality['checked_count'].max():,} rows of the longest "
        f"table; {len(failed)} found something; {quarantined} findings "
        "in quarantine.\n\n"
    )
    columns = ["check", "table", "severity", "failed_count", "checked_count", "worst_rows"]
    rows = failed[columns].astype("str").to_numpy().tolist()
    return text + render_markdown(columns, rows, markdown_text)


def _escape_cell(text: object) -> str:
    return html.escape(str(text), quote=False).replace("|", "\\|")


def render_markdown(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    format_cell: Callable[[str], str] = _escape_cell,
) -> str:
    """Return a Markdown table; `format_cell` escapes a cell, and by default removes its markup."""
    lines = [
        headings,
        ["---"] * len(headings),
        *([format_cell(cell) for cell in row] for row in rows),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
