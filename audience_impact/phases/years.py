"""Phases of the audience of a restriction by calendar year, each with the base of its year.

Definitions. A phase is an audience of a restriction in one calendar year: in the year of the start
as on the first day, in a later year as in the middle of that year (or of the elapsed part of it).
`audience` is the number of the audience, the same in all its phases.

Method. In a later year people online are those of that year, and so is the base. The figure of a
service does not change: it describes the audience from before, with its errors. It gives no upper
bound if it is more than CURRENT_MONTHS old on the first day of the year.

Assumptions. Those of audiences/universes.py.

Known drawbacks. In the year in which a restriction begins the base is that of its first day.

Citation. Rules of this project, docs/method.md.
"""

import numpy as np
import pandas as pd

from audience_impact.audiences import universes
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.denominators.counts import DISTRIBUTION
from audience_impact.denominators.denominators import Denominators
from audience_impact.periods import months_between
from audience_impact.vocabulary import WHOLE_INTERNET

OF_BASE = [
    *("base", "base_id", "base_persons", "base_status", "base_size_persons"),
    *DISTRIBUTION,
    *("is_base_projected", "is_own_base", "population_id", "population_persons"),
]
"""Columns that universes.with_base adds to an audience."""
CURRENT_MONTHS = 12
"""Age in months above which a figure gives no upper bound."""
YEAR = "|"
"""Columns of a restriction and year, by which phases are grouped."""


def split_by_year(
    audiences: pd.DataFrame,
    periods: pd.DataFrame,
    denominators: Denominators,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Return the phases of audiences, by audience and year.

    `audiences` is the field of `Inputs`, in the order of AUDIENCE; `periods` is indexed by
    restriction_id, with `from_day`, `most_end` and `imputed_end`. Adds `audience`, `year`, and
    `from_limit` and `until_limit`, the days between which a phase applies (NaT where nothing was
    ever in force).
    """
    numbered = audiences.reset_index(names="audience")
    about = periods.reindex(numbered["restriction_id"])
    first = about["from_day"].dt.year.to_numpy("float64")
    end = about[["most_end", "imputed_end"]].max(axis=1) - pd.Timedelta(days=1)
    count = np.fmax(end.dt.year.to_numpy("float64") - first, 0.0)
    count = np.nan_to_num(count).astype(np.int64)
    phases = numbered.loc[numbered.index.repeat(count + 1)].assign(
        step=np.concatenate([np.arange(n + 1) for n in count] or [np.empty(0, np.int64)])
    )
    year = first[phases["audience"].to_numpy()] + phases["step"].to_numpy()
    phases = phases.assign(year=year, **_find_limits(year, phases["step"].to_numpy()))
    later = phases[phases["step"] > 0].reset_index(drop=True)
    parts = [phases[phases["step"] == 0]]
    if not later.empty:
        parts.append(_renew_phases(later, denominators, as_of))
    return (
        pd.concat(parts, ignore_index=True)
        .sort_values(["audience", "year"], ignore_index=True)
        .assign(is_first_year=lambda frame: frame["step"] == 0)
        .drop(columns="step")
    )


def _find_limits(year: "np.ndarray", step: "np.ndarray") -> dict[str, pd.Series]:
    """Return the first day of each phase, and the day after its last."""
    year_text = pd.Series(year).fillna(1970).astype("int64").astype("str")
    day = pd.to_datetime(year_text + "-01-01").astype("datetime64[us]")
    after = (day + pd.offsets.YearBegin(1)).where(~np.isnan(year))
    return {
        "from_limit": day.where(~np.isnan(year)).to_numpy(),
        "until_limit": after.to_numpy(),
    }


def _renew_phases(
    rows: pd.DataFrame, denominators: Denominators, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return phases of later years, with new people online and bases but unchanged figures."""
    mid_year = rows["from_limit"] + pd.Timedelta(days=181)
    today = mid_year.where(mid_year < as_of, as_of)
    number = rows["year"].astype("int64").astype("str")
    renamed = rows.assign(
        began=rows["start"],
        start=today,
        restriction_id=rows["restriction_id"] + YEAR + number,
    )
    sizes = renamed.drop(columns=OF_BASE)
    network = sizes["platform_id"] == WHOLE_INTERNET
    renewed = _age_figures(sizes[~network])
    if network.any():
        users = universes.count_internet_users(
            sizes.loc[network, [*AUDIENCE, "start"]], denominators
        )
        unchanged = sizes[network].drop(columns=users.columns.intersection(sizes.columns))
        renewed = pd.concat([renewed, users.join(unchanged)]).sort_index(kind="stable")
    based = universes.add_base(renewed.reset_index(drop=True), denominators)
    names = based["restriction_id"].str.rsplit(YEAR, n=1).str[0]
    return based.assign(restriction_id=names).drop(columns="began")


def _age_figures(rows: pd.DataFrame) -> pd.DataFrame:
    """Return figures of services for a later year, without an upper limit for old figures."""
    first_day = months_between(rows["began"], rows["from_limit"]).clip(lower=0)
    old = rows["age_months"] + first_day > CURRENT_MONTHS
    months = months_between(rows["began"], rows["start"]).clip(lower=0)
    return rows.assign(
        high_persons=rows["high_persons"].where(~old), age_months=rows["age_months"] + months
    )
