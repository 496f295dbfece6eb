"""Age and sex groups: which share of a group is exposed, where figures by age or sex exist.

Definitions. A group is an age and a sex of one population. Its figures are shares of that group.

Method. For each restriction, platform and group the latest figure from before the start. The share
of a group that uses any of the platforms lies between the largest of them and their sum; where a
platform has no figure for the group, or one of a day or a week, only the lower bound is valid.

Assumptions. The measurer's group is the population's group.

Known drawbacks. No persons: nobody's denominators are split by age and sex here.

Citation. Frechet (1935), as in bounds/frechet.py.
"""

import numpy as np
import pandas as pd

from audience_impact.audiences import figures
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.facts.tables import Tables
from audience_impact.outputs.review.reasons import state_reasons
from audience_impact.outputs.review.status_rules import NORMAL, OLD_MONTHS, UNRELIABLE
from audience_impact.periods import months_between
from audience_impact.vocabulary import ImpactMetric, PopulationBase, Unit

GROUP = ["age", "sex", "population_base"]
ALL = {"age": "all", "sex": "_T"}
"""Words for a blank: every age, and SDMX's code for both sexes."""


def make_impact_by_group(scope: Scope, audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return bounds on the share exposed of each age and sex group."""
    latest = _choose_latest(scope, audiences, tables)
    by = [*COUNTRY, *GROUP]
    groups = latest.groupby(by, sort=True)
    requested = audiences.groupby(COUNTRY)["platform_id"].nunique()
    table = pd.DataFrame(
        {
            "lower_base_share": groups["value"].max(),
            "upper_base_share": groups["value"].sum().clip(upper=1.0),
            "platforms": groups["platform_id"].agg(lambda ids: ";".join(sorted(ids))),
            "period": groups["period"].agg(lambda texts: ";".join(sorted(set(texts)))),
            "platforms_count": groups["platform_id"].nunique(),
            "brief": groups["metric_priority"].max() == figures.FLOOR,
            "age_months": groups["age_months"].max(),
        }
    ).reset_index()
    keys = pd.MultiIndex.from_frame(table[COUNTRY])
    missing = table["platforms_count"].to_numpy() < requested.reindex(keys).to_numpy()
    open_above = table["brief"].to_numpy() | missing
    old = table["age_months"].to_numpy() > OLD_MONTHS
    flags = {"brief": table["brief"], "no_group_figure": missing, "old": old}
    words = state_reasons(flags, table.index)[["reason", "reason_rule_ids"]]
    return table.assign(
        upper_base_share=np.where(open_above, 1.0, table["upper_base_share"]),
        area_id=table["country_id"],
        impact_metric=ImpactMetric.PEOPLE_EXPOSED.value,
        base=table["population_base"],
        obs_status=np.where(words["reason"] != "", UNRELIABLE, NORMAL),
        **words,
        as_of=scope.as_of.isoformat(),
        **{name: table[name].where(table[name] != "", word) for name, word in ALL.items()},
    )


def _choose_latest(scope: Scope, audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the latest share of each restriction, platform and group from before the start."""
    estimates = tables["estimates"]
    groups = estimates[
        ((estimates["age"] != "") | (estimates["sex"] != ""))
        & (estimates["unit"] == Unit.SHARE.value)
        & estimates["value"].notna()
        & (estimates["population_base"] != PopulationBase.CUSTOM.value)
        & estimates["audience_metric"].isin(list(figures.PRIORITY))
    ].rename(columns={"area_id": "country_id"})
    groups = groups.assign(metric_priority=groups["audience_metric"].map(figures.PRIORITY))
    audience_rows = audiences[[*AUDIENCE, "start"]]
    everyone = audience_rows["restriction_id"].map(scope.by_id["is_reaching_everyone"]).astype(bool)
    joined = audience_rows[everyone].merge(groups, on=["country_id", "platform_id"])
    before = joined[joined["period_end"] <= joined["start"]]
    best = before.sort_values(
        ["metric_priority", "period_end", "estimate_id"], ascending=[True, False, True]
    ).drop_duplicates([*AUDIENCE, *GROUP])
    months = months_between(best["period_end"], best["start"])
    return best.assign(age_months=months)
