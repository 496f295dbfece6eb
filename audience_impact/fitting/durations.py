"""Fit the fact table `duration_laws`: the days and hours of restrictions without them on record.

Definitions, method, assumptions, drawbacks and citation: fitted/durations.py.
"""

from datetime import date

import numpy as np
import pandas as pd

from audience_impact.audiences.scope import build_scope
from audience_impact.facts.checks import run_rule
from audience_impact.facts.tables import Tables
from audience_impact.fitted import durations
from audience_impact.fitting.tables import digest_frames
from audience_impact.populations import country_of
from audience_impact.vocabulary import HoursBasis, ParameterBasis

READ = (
    *("restrictions", "restriction_targets", "restriction_places", "evidence", "event_links"),
    *("areas", "platforms", "sources"),
)


def describe_restrictions(tables: Tables) -> pd.DataFrame:
    """Return the restrictions of typed facts as `durations.measure_hours` returns them."""
    restrictions = build_scope(tables, date(2026, 1, 1)).restrictions  # any day
    country = restrictions["area_ids"].str.split(";").str[0].map(country_of)
    return restrictions.assign(country_id=country)


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `duration_laws` from typed facts."""
    restrictions = describe_restrictions(tables)
    days = durations.list_known_durations(restrictions)
    hours = durations.list_known_hours(restrictions)
    ratios = durations.compare_printed_hours(restrictions)
    kinds = [
        *(durations.name_values(days, factor) for factor in durations.FACTORS),
        pd.Series(durations.ALL, days.index),
        pd.Series(HoursBasis.MEASURED.value, ratios.index),
        hours["hours_basis"],
        hours["hours_basis"] + "=" + hours["country_id"],
    ]
    laws = durations.fit_laws(restrictions).rename_axis("kind").reset_index()
    table = laws.melt("kind", var_name="parameter").dropna().sort_values(["parameter", "kind"])
    figures = table["kind"].map(pd.concat(kinds).value_counts()).fillna(0).astype("int64")
    table = table[["parameter", "kind", "value"]].assign(figures=figures)
    words = (ParameterBasis.ESTIMATED.value, ParameterBasis.ASSUMED.value)
    table["basis"] = np.where(figures > 0, *words)
    return table.assign(data_sha256=digest_frames(days, hours, ratios.to_frame()))


def is_close(tables: Tables) -> bool:
    """Return whether the laws were fitted to nearly as many ends as are on record."""
    return len(tables["duration_laws"]) > 0 and not run_rule("learned_from_fewer", tables)
