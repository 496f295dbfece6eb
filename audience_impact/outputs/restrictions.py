"""Table `restrictions`: what a reader wants to know of the restriction itself."""

import pandas as pd

from audience_impact.audiences.scope import Scope
from audience_impact.facts.tables import Tables


def restrictions(scope: Scope, tables: Tables) -> pd.DataFrame:
    """One row a restriction: its facts, with areas and services by name and its start."""
    facts = tables["restrictions"]
    names = tables["platforms"].set_index("platform_id")["name"]
    targets = scope.targets.assign(name=scope.targets["platform_id"].map(names))
    named = targets.groupby("restriction_id")["name"].agg(
        lambda parts: ", ".join(dict.fromkeys(parts))
    )
    areas = tables["areas"].set_index("area_id")["name"]
    about = scope.by_id.loc[facts["restriction_id"]].set_axis(facts.index)
    return facts.assign(
        area_id=facts["area_ids"],
        area_name=facts["area_ids"]
        .str.split(";")
        .map(lambda ids: ", ".join(areas[area] for area in ids)),
        platforms=named.reindex(facts["restriction_id"], fill_value="").to_numpy(),
        start_on=about["start"].dt.strftime("%Y-%m-%d").where(about["is_start_known"]),
        as_of=scope.as_of.isoformat(),
    ).sort_values("restriction_id", ignore_index=True)
