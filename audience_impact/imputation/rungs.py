"""The rungs: from what an audience that nobody counted is imputed.

Definitions. A rung is the nearest thing that the facts count: users of the service in the country,
at another time or in part (own_people); its advertising reach, accounts or installations there
(own_other); other services of the country (country); the service elsewhere in the subregion
(subregion); the service elsewhere (service); services of its kind (kind).

Method. The rung is read from the figures that are there; the model uses all of them on every rung.
A service that was counted in fewer than LEAST_ABROAD other countries is a stranger elsewhere: it
was counted because it is large at home, and is taken for any service of its kind.
"""

import pandas as pd

from audience_impact.vocabulary import ImputationRung, WayOfCounting

PEOPLE = [
    way.value
    for way in (
        WayOfCounting.ASKED,
        WayOfCounting.NAMED,
        WayOfCounting.ASKED_OF_USERS,
        WayOfCounting.MEASURED,
        WayOfCounting.WEEKLY,
        WayOfCounting.DAILY,
        WayOfCounting.TOLD,
    )
]
"""Ways of counting people who use a service; the others count something else."""
SAID = ImputationRung.meanings()
"""Each rung in plain words, the nearest first."""
ORDER = list(SAID)
LEAST_ABROAD = 2
"""Other countries in which a service was counted, for it to be known abroad."""

LEVELS = (
    (ImputationRung.KIND, False, ["platform_kind"]),
    (ImputationRung.SERVICE, False, ["platform_id"]),
    (ImputationRung.SUBREGION, False, ["subregion", "platform_id"]),
    (ImputationRung.COUNTRY, False, ["area_id"]),
    (ImputationRung.OWN_OTHER, False, ["area_id", "platform_id"]),
    (ImputationRung.OWN_PEOPLE, True, ["area_id", "platform_id"]),
)
"""From the farthest rung to the nearest: whether people alone count, and what has to agree."""


def rungs(wanted: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """The rung of each wanted row; both frames as figures.placed gives them.

    Blank where not even a service of its kind is known.
    """
    people = known[known["way"].isin(PEOPLE)]
    found = pd.Series("", wanted.index)
    abroad = is_abroad(wanted, known)
    for rung, asked, columns in LEVELS:
        has = _has(wanted, people if asked else known, columns)
        found = found.mask(has & (abroad | (not rung_needs_abroad(rung))), rung.value)
    return found


def rung_needs_abroad(rung: ImputationRung) -> bool:
    """Whether a rung rests on the service in other countries."""
    return rung in (ImputationRung.SERVICE, ImputationRung.SUBREGION, ImputationRung.COUNTRY)


def is_abroad(wanted: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """Which services were counted in LEAST_ABROAD countries other than the one that is wanted."""
    place = ["platform_id", "area_id"]
    count = known.drop_duplicates(place).groupby("platform_id").size()
    others = wanted["platform_id"].map(count).fillna(0) - _has(wanted, known, place)
    return others >= LEAST_ABROAD


def is_stranger(wanted: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """Which services are strangers to the country: neither counted there nor abroad."""
    return ~is_abroad(wanted, known) & ~_has(wanted, known, ["platform_id", "area_id"])


def _has(wanted: pd.DataFrame, rows: pd.DataFrame, by: list[str]) -> pd.Series:
    """Which wanted rows have a figure that agrees in these columns."""
    keys = pd.MultiIndex.from_frame(rows[by].drop_duplicates())
    return pd.Series(pd.MultiIndex.from_frame(wanted[by]).isin(keys), wanted.index)
