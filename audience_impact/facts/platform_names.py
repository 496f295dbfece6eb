"""Names of services as they were on a day."""

import pandas as pd


def name_platforms(
    platform_ids: pd.Series, days: pd.Series, platforms: pd.DataFrame
) -> "pd.Series[str]":
    """Return the name of each service on a day, on the index of `platform_ids`.

    A service that was renamed later has its former name; without a day it has that of today.

    Args:
        platform_ids: ids of `platforms`.
        days: datetime64 on the same index; NaT where the day is not known.
        platforms: the typed fact table.
    """
    about = platforms.set_index("platform_id")
    names = platform_ids.map(about["name"])
    former = platform_ids.map(about["former_name"]).fillna("")
    is_before = (days < platform_ids.map(about["renamed_on_start"])) & (former != "")
    return names.mask(is_before, former)
