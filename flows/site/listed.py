"""The list of restrictions: one row each, with the number that answers it and what finds it.

Method. Where only a feature is restricted and somebody knows who uses it, the number is of those
people; else it is of all who are exposed. Largest first: by median, else by lower bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from audience_impact.vocabulary import WHOLE_INTERNET, Feature, ImpactMetric, ObsStatus
from flows.site import naming

MANY = 3
"""So many services or places are named; the rest are counted."""


class Ends(NamedTuple):
    """A number with its uncertainty: bounds, 90 % interval and median; None where unknown."""

    low: float | None
    q05: float | None
    median: float | None
    q95: float | None
    high: float | None


@dataclass(frozen=True)
class Listed:
    """One restriction as a row of a list.

    Attributes:
        restriction: Its id.
        title: Where and what, in words.
        start: Its first day as far as known (YYYY-MM-DD), or empty.
        metric: Whom the number counts, in words.
        persons: The number.
        obs_status: Code of the status of the number.
        end_status: Whether it is over.
        cause: What took it away; empty where nothing says so.
        countries, platforms, features: Codes that it is found by.
    """

    restriction: str
    title: str
    start: str
    metric: str
    persons: Ends
    obs_status: str
    end_status: str
    cause: str
    countries: tuple[str, ...]
    platforms: tuple[str, ...]
    features: tuple[str, ...]

    @property
    def size(self) -> tuple[float, float]:
        """What the largest come first by."""
        return (self.persons.median or 0.0, self.persons.low or 0.0)


def platform_names(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """The name of each platform targeted, by id.

    `restrictions` names the services of a row in the order in which `impact_by_platform` holds
    their ids.
    """
    parts = tables["impact_by_platform"].groupby("restriction_id", sort=False)["platform_id"]
    ids = parts.agg(lambda own: list(dict.fromkeys(own)))
    names = tables["restrictions"].set_index("restriction_id")["platforms"]
    found: dict[str, str] = {}
    for restriction, own in ids.items():
        told = names[restriction].split(", ")
        if len(told) == len(own):
            found |= dict(zip(own, told, strict=True))
    return {**{one: one for own in ids for one in own}, **found}


def listed(tables: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> tuple[Listed, ...]:
    """Every restriction, in the order of the table; `names` are those of the platforms."""
    impact = tables["impact"]
    by_key = {
        (row["restriction_id"], row["impact_metric"]): row for row in impact.to_dict("records")
    }
    parts = tables["impact_by_platform"].groupby("restriction_id", sort=False)
    targets = {name: own[["platform_id", "feature"]] for name, own in parts}
    none = tables["impact_by_platform"].iloc[:0]
    return tuple(
        _row(act, by_key, targets.get(act["restriction_id"], none), names)
        for act in tables["restrictions"].to_dict("records")
    )


def _row(
    act: Mapping[str, Any],
    impact: Mapping[tuple[str, str], Mapping[str, Any]],
    targets: pd.DataFrame,
    names: Mapping[str, str],
) -> Listed:
    name = act["restriction_id"]
    features = tuple(dict.fromkeys(targets["feature"]))
    platforms = tuple(dict.fromkeys(targets["platform_id"]))
    metric = metric_of(features, impact.get((name, ImpactMetric.PEOPLE_FEATURE_EXPOSED)))
    row = impact[name, metric]
    return Listed(
        name,
        title(act, platforms, features, names),
        _text(act["start_on"])[:10],
        metric,
        ends(row),
        row["obs_status"],
        act["end_status"],
        _text(act["cause"]),
        tuple(act["country_id"].split(";")),
        platforms,
        features,
    )


def metric_of(features: tuple[str, ...], users: Mapping[str, Any] | None) -> str:
    """Whom the answer counts: users of the feature where it is one and they are known."""
    whole = not features or Feature.WHOLE_SERVICE.value in features
    if whole or users is None or users["obs_status"] == ObsStatus.MISSING.value:
        return ImpactMetric.PEOPLE_EXPOSED.value
    return ImpactMetric.PEOPLE_FEATURE_EXPOSED.value


def title(
    act: Mapping[str, Any],
    platforms: tuple[str, ...],
    features: tuple[str, ...],
    names: Mapping[str, str],
) -> str:
    """Where and what: "Russia: WhatsApp and Telegram (voice calls)"."""
    return f"{_where(act)}: {_what(act, platforms, names)}{_features(features)}"


def _where(act: Mapping[str, Any]) -> str:
    countries = naming.joined([naming.area(code) for code in act["country_id"].split(";")])
    if act["area_id"] == act["country_id"]:
        return countries
    return f"{countries}, {_some(act['area_name'].split(', '), 'more places')}"


def _what(act: Mapping[str, Any], platforms: tuple[str, ...], names: Mapping[str, str]) -> str:
    if WHOLE_INTERNET in platforms:
        scope = act["network_scope"]
        return f"{scope} internet" if scope in ("mobile", "fixed", "satellite") else "internet"
    return _some([names[one] for one in platforms], "more services") or "no service on record"


def _features(features: tuple[str, ...]) -> str:
    named = [naming.word(one, "feature") for one in features if one != Feature.WHOLE_SERVICE]
    return f" ({naming.joined(named)})" if named else ""


def _some(words: list[str], more: str) -> str:
    """The first words, and how many more there are."""
    if len(words) <= MANY + 1:
        return naming.joined(words)
    return naming.joined([*words[:MANY], f"{len(words) - MANY} {more}"])


def ends(row: Mapping[str, Any], unit: str = "persons") -> Ends:
    """The number of a published row, in persons or person_days."""
    names = ("lower", "q05", "q50", "q95", "upper")
    return Ends._make(_number(row[f"{name}_{unit}"]) for name in names)


def _text(cell: Any) -> str:
    return "" if cell is None or pd.isna(cell) else str(cell)


def _number(cell: Any) -> float | None:
    return None if cell is None or pd.isna(cell) else float(cell)
