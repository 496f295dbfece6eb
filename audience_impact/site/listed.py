"""The list of restrictions: one row each, with the number that answers it and what finds it.

Which number answers is decided where the sentences are made: people who use what is restricted,
where that is a feature and somebody knows, else all who are exposed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audience_impact.answers.acts import ONE_NETWORK, describe_place, name_features
from audience_impact.answers.names import capitalise_first
from audience_impact.answers.names import join_names as enumerated
from audience_impact.answers.numbers import Estimate
from audience_impact.answers.records import AnswerRecord

MANY = 3
"""So many services are named; the rest are counted."""


@dataclass(frozen=True)
class ListEntry:
    """One restriction as a row of a list.

    Attributes:
        restriction: Its id.
        title: Where and what, in words.
        start: Its first day as far as known (YYYY-MM-DD), or empty.
        metric: Whom the number counts.
        persons: The number.
        obs_status: Code of the status of the number.
        action: What was done.
        end_status: Whether it is over.
        cause: What took it away; empty where nothing says so.
        countries: Codes of the countries.
        platforms: Ids of the platforms.
        features: What of them is restricted.
    """

    restriction: str
    title: str
    start: str
    metric: str
    persons: Estimate
    obs_status: str
    action: str
    end_status: str
    cause: str
    countries: tuple[str, ...]
    platforms: tuple[str, ...]
    features: tuple[str, ...]

    @property
    def size(self) -> tuple[float, float]:
        """Return the median and the lower bound, by which the largest come first."""
        return (self.persons.q50 or 0.0, self.persons.lower or 0.0)


def platform_names(records: Iterable[AnswerRecord]) -> dict[str, str]:
    """Return the name of each platform targeted, by id."""
    return {platform: name for record in records for platform, name in record.platforms.items()}


def make_entry(record: AnswerRecord, names: Mapping[str, str]) -> ListEntry:
    """Return a restriction as a row, from its record and the names of the platforms."""
    restriction, answer = record.restriction, record.leading
    features = tuple(dict.fromkeys(target.feature for target in record.targets))
    targets = f"{_name_targets(record, names)}{_bracket_features(features)}"
    return ListEntry(
        restriction=restriction.restriction_id,
        title=f"{capitalise_first(describe_place(record))}: {targets}",
        start=restriction.start_on or "",
        metric=answer.metric,
        persons=answer.people,
        obs_status=answer.obs_status,
        action=restriction.action,
        end_status=restriction.end_status,
        cause=restriction.cause or "",
        countries=tuple(restriction.country_id.split(";")),
        platforms=tuple(record.platforms),
        features=features,
    )


def _name_targets(record: AnswerRecord, names: Mapping[str, str]) -> str:
    """Return the services, or the internet over which network."""
    services, network = (
        [names[platform] for platform in record.platforms],
        record.restriction.network_scope,
    )
    if record.is_network:
        return f"{network} internet" if network in ONE_NETWORK else "internet"
    if len(services) > MANY + 1:
        services = [*services[:MANY], f"{len(services) - MANY} more services"]
    return enumerated(services) if services else "no service on record"


def _bracket_features(features: tuple[str, ...]) -> str:
    named = name_features(set(features))[0]
    return f" ({named})" if named else ""
