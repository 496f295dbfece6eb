"""Age and sex groups: which share of a group is exposed, where figures by age or sex exist.

Definitions. A cell is an age and a sex of one population. Its figures are shares of that cell.

Method. For each restriction, platform and cell the latest figure from before the start. The
share of a cell that uses any of the platforms lies between the largest of them and their sum;
where a platform has no figure for the cell, or one of a day or a week, only the lower bound holds.

Assumptions. The measurer's cell is the population's cell.

Known drawbacks. No persons: nobody's denominators are split by age and sex here.

Citation. Frechet (1935), as in bounds.py.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from audience_impact.audiences import figures
from audience_impact.facts.tables import Tables
from audience_impact.simulation import inputs as modelling
from audience_impact.simulation.simulate import EXPOSED

if TYPE_CHECKING:
    from audience_impact.pipeline import Walk

CELL = ["age", "sex", "population_base"]
ALL = {"age": "all", "sex": "_T"}
"""Words for a blank: every age, and SDMX's code for both sexes."""


def by_group(walk: Walk, tables: Tables, as_of: date) -> pd.DataFrame:
    """Table `impact_by_group`: bounds on the share exposed of each age and sex cell."""
    latest = _latest(walk, tables)
    by = ["restriction_id", "country_id", *CELL]
    groups = latest.groupby(by, sort=True)
    asked = walk.audiences.groupby(["restriction_id", "country_id"])["platform_id"].nunique()
    table = pd.DataFrame(
        {
            "lower_base_share": groups["value"].max(),
            "upper_base_share": groups["value"].sum().clip(upper=1.0),
            "platforms": groups["platform_id"].agg(lambda ids: ";".join(sorted(ids))),
            "period": groups["period"].agg(lambda texts: ";".join(sorted(set(texts)))),
            "platforms_count": groups["platform_id"].nunique(),
            "brief": groups["tier"].max() == figures.FLOOR_TIER,
            "age_months": groups["age_months"].max(),
        }
    ).reset_index()
    keys = pd.MultiIndex.from_frame(table[["restriction_id", "country_id"]])
    missing = table["platforms_count"].to_numpy() < asked.reindex(keys).to_numpy()
    open_above = table["brief"].to_numpy() | missing
    old = table["age_months"].to_numpy() > 12
    reasons = [
        "; ".join(word for word, on in zip(REASONS, row, strict=True) if on)
        for row in zip(table["brief"], missing, old, strict=True)
    ]
    return table.assign(
        upper_base_share=np.where(open_above, 1.0, table["upper_base_share"]),
        area_id=table["country_id"],
        impact_metric=EXPOSED,
        base=table["population_base"],
        obs_status=np.where([bool(text) for text in reasons], "U", "A"),
        reason=reasons,
        as_of=as_of.isoformat(),
        **{name: table[name].where(table[name] != "", word) for name, word in ALL.items()},
    )


REASONS = (
    "daily or weekly figures give the lower bound alone",
    "no figure of this group for some of the platforms",
    "figure older than 12 months",
)


def _latest(walk: Walk, tables: Tables) -> pd.DataFrame:
    """The latest share of each restriction, platform and cell from before the start."""
    estimates = tables["estimates"]
    cells = estimates[
        ((estimates["age"] != "") | (estimates["sex"] != ""))
        & (estimates["unit"] == "share")
        & estimates["value"].notna()
        & (estimates["population_base"] != "custom")
        & estimates["audience_metric"].isin(list(figures.TIERS))
    ].rename(columns={"area_id": "country_id"})
    cells = cells.assign(tier=cells["audience_metric"].map(figures.TIERS))
    certain = walk.audiences[["restriction_id", "country_id", "platform_id", "start"]]
    events = walk.events.set_index("restriction_id")
    whole = ~(modelling.in_part(events) | events["never"])
    joined = certain[certain["restriction_id"].map(whole).astype(bool)].merge(
        cells, on=["country_id", "platform_id"]
    )
    before = joined[joined["period_end"] <= joined["start"]]
    best = before.sort_values(
        ["tier", "period_end", "estimate_id"], ascending=[True, False, True]
    ).drop_duplicates(["restriction_id", "country_id", "platform_id", *CELL])
    months = (best["start"] - best["period_end"]).dt.days / 30.4375
    return best.assign(age_months=months)
