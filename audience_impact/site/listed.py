"""The list of restrictions: one row each, with the number that answers it and what finds it.

Which number answers is decided where the sentences are made: people who use what is restricted,
where that is a feature and somebody knows, else all who are exposed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audience_impact.answers import quantities
from audience_impact.answers.quantities import Estimate
from audience_impact.answers.sentences.acts import feature_words, platforms
from audience_impact.answers.sentences.names import listed as enumerated
from audience_impact.answers.sentences.places import where
from audience_impact.answers.sentences.restriction import leading
from audience_impact.vocabulary import WHOLE_INTERNET, Feature, NetworkScope

MANY = 3
"""So many services are named; the rest are counted."""
ONE_NETWORK = (NetworkScope.MOBILE, NetworkScope.FIXED, NetworkScope.SATELLITE)


@dataclass(frozen=True)
class Listed:
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
        """What the largest come first by: the median, else the lower bound."""
        return (self.persons.q50 or 0.0, self.persons.lower or 0.0)


def platform_names(stories: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The name of each platform targeted, by id."""
    return {platform: name for told in stories for platform, name in platforms(told).items()}


def listed(told: Mapping[str, Any], names: Mapping[str, str]) -> Listed:
    """A restriction as a row, from its story and the names of the platforms."""
    answer = leading(told)
    features = tuple(dict.fromkeys(target["feature"] for target in told["targets"]))
    return Listed(
        restriction=told["restriction_id"],
        title=f"{_capital(where(told))}: {_what(told, names)}{_parts(features)}",
        start=told["start_on"] or "",
        metric=answer["impact_metric"],
        persons=quantities.estimate(answer),
        obs_status=answer["obs_status"],
        action=told["action"],
        end_status=told["end_status"],
        cause=told["cause"] or "",
        countries=tuple(told["country_id"].split(";")),
        platforms=tuple(platforms(told)),
        features=features,
    )


def _what(told: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The services, or the internet over which network."""
    services = [names[one] for one in platforms(told)]
    if WHOLE_INTERNET in platforms(told):
        return (
            f"{told['network_scope']} internet"
            if told["network_scope"] in ONE_NETWORK
            else "internet"
        )
    if len(services) > MANY + 1:
        services = [*services[:MANY], f"{len(services) - MANY} more services"]
    return enumerated(services) if services else "no service on record"


def _parts(features: tuple[str, ...]) -> str:
    """What of the services is restricted, in brackets."""
    named = set(features) - {Feature.WHOLE_SERVICE.value}
    return f" ({feature_words(named)[0]})" if named else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
