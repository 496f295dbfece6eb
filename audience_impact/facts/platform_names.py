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
    if platform_ids.empty:  # an empty column may have any type
        return platform_ids.astype("str")
    about = platforms.set_index("platform_id").reindex(platform_ids).set_axis(platform_ids.index)
    is_renamed_later = pd.to_datetime(days) < about["renamed_on_start"]
    is_before = is_renamed_later & about["former_name"].fillna("").ne("")
    return about["name"].mask(is_before, about["former_name"])
