"""What the figures of an audience may be off by, beside what their sources state.

Definitions. Half widths are halves of central 90 % intervals. A figure has another definition than
the one asked for where a company or nobody says what it counts.

Method. Of one figure: rounding as it is printed (in persons), what secondary sources differ by (as
a share of the figure), what measurers differ by where its definition is another one, and a
convention where one page of low reliability alone prints it (both in log odds). Of several figures
of an audience: what measurers differ by, over the square root of their number. Growth goes with
the square root of the months from the middle of the figure's period to the start, and from the
first day of a national restriction of the whole service in between, is that of restricted services.

Assumptions. What errors.learning says. Errors are independent, so that half widths add up in
squares.

Known drawbacks. Regular use asked in a survey is taken for use in a month. A pool of five or more
measurers has the errors between them already.

Citation. errors/law.py, errors/learning.py.
"""

import numpy as np
import pandas as pd

from audience_impact.errors import pairs
from audience_impact.errors.law import FigureErrors
from audience_impact.facts.tables import Tables
from audience_impact.frames import NUMBER
from audience_impact.periods import in_months, middle

UNIFORM = 0.9
"""Half of a central 90 % interval of what lies anywhere within half a step, in half steps."""
GROWTH = ["growth_q05", "growth_q50", "growth_q95"]
COLUMNS = {
    **dict.fromkeys(["rounding_error_persons", "page_error_share", "odds_error"], NUMBER),
    "universe_persons": NUMBER,
    **dict.fromkeys(GROWTH, NUMBER),
}
"""What is drawn on top of a figure: half widths, and the quantiles of growth in log odds of the
share of `universe_persons`, the people online as they are counted with the figure."""


def of_figures(
    figures: pd.DataFrame, by: list[str], tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """COLUMNS of each audience, indexed by its key `by`.

    `figures` are those that speak for it, one row each: `by`, `start`, the period,
    `rounding_persons`, `is_primary_source`, `is_doubtful`, `is_other_definition`, `pages_count`,
    `of_persons` (the base of a share; NaN for persons).
    """
    if errors is None or figures.empty:
        audiences = pd.MultiIndex.from_frame(figures[by].drop_duplicates())
        nothing = pd.DataFrame(0.0, index=audiences, columns=list(COLUMNS))
        return nothing.assign(universe_persons=np.nan)
    rows = _growth(_own(figures, errors), tables, errors)
    groups = rows.groupby(by, sort=True)
    count = groups.size()
    table = groups[
        ["rounding_error_persons", "page_error_share", "universe_persons", *GROWTH]
    ].mean()
    between = np.where(count > 1, errors.measurers, 0.0)
    odds = np.hypot(groups["odds_error"].max(), between) / np.sqrt(count)
    return table.assign(odds_error=odds)[list(COLUMNS)]


def _own(figures: pd.DataFrame, errors: FigureErrors) -> pd.DataFrame:
    """The half widths of each figure by itself."""
    alone = figures["is_doubtful"] & (figures["pages_count"] == 1)
    other = figures["is_other_definition"].to_numpy("bool") * errors.measurers
    return figures.assign(
        rounding_error_persons=UNIFORM * figures["rounding_persons"],
        page_error_share=(~figures["is_primary_source"]).astype("float64")
        * errors.secondary_source,
        odds_error=np.hypot(other, alone.to_numpy("bool") * errors.low_reliability),
    )


def _growth(figures: pd.DataFrame, tables: Tables, errors: FigureErrors) -> pd.DataFrame:
    """Quantiles of the growth since each figure: free, and since a restriction of the service."""
    rows = figures.assign(
        area_id=figures["country_id"],
        moment=middle(figures["period_start"], figures["period_end"]),
    )
    acts = pairs.restricting(tables)
    since = pairs.touched(rows, acts[acts["is_use"]], "period_end", "start")["used_from"]
    held = in_months((rows["start"] - since).dt.days).fillna(0.0).clip(lower=0.0)
    free = (in_months((rows["start"] - rows["moment"]).dt.days).abs() - held).clip(lower=0.0)
    parts = [
        law.scaled(np.sqrt(months))
        for law, months in ((errors.growth, free), (errors.restricted_growth, held))
    ]
    middles = parts[0]["q50"] + parts[1]["q50"]
    ends = {
        name: np.hypot(*(part[name] - part["q50"] for part in parts)) for name in ("q05", "q95")
    }
    universe = figures["of_persons"].fillna(pairs.people_online(rows, tables))
    found = dict(zip(GROWTH, (middles - ends["q05"], middles, middles + ends["q95"]), strict=True))
    return figures.assign(universe_persons=universe, **found)
