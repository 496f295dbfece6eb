"""Answers that are computed from the facts of a version, as the command `estimate` does."""

import importlib
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audience_impact.api.loading import COMPUTING, PUBLISHED, RELEASED

if TYPE_CHECKING:
    from audience_impact.api import People


def estimate(
    *,
    country: str,
    start: "date | str",
    days: int | None = None,
    services: Iterable[str] = (),
    features: Iterable[str] = (),
    places: Iterable[str] = (),
    networks: str = "all",
    operators: Iterable[str] = (),
    slowed: bool = False,
    place: Path | str | None = None,
) -> "People":
    """Estimate how many people an event affects that is on no record.

    The answer is that of a run over the facts with this event as one more restriction.

    Args:
        country: Its name or code.
        start: The first day, a date or text like "2026-12-01".
        days: Number of days; None: it goes on.
        services: Names of the services; none for the whole internet.
        features: What of the services fails, such as "voice_call"; none for all of it.
        places: Places of the country; none for all of it.
        networks: "all" or "mobile".
        operators: Operators that alone are cut; none for all.
        slowed: Whether access is slowed, and not cut.
        place: Folder of versions, archive of a release, or folder of fact tables. Default: the
            version that comes with the package, or that of the checkout.

    Returns:
        Quantiles and bounds in persons, and the answer as a sentence.

    Raises:
        ValueError: A name is unknown, or an option breaks a rule of the facts.

    Source:
        docs/method.md.

    Examples:
        >>> estimate(country="Iran", start="soon")
        Traceback (most recent call last):
            ...
        ValueError: Invalid isoformat string: 'soon'
    """
    from audience_impact.vocabulary import Feature, NetworkScope

    about = {
        "country": country,
        "services": tuple(services),
        "features": tuple(map(Feature, features)),
        "places": tuple(places),
        "network": NetworkScope(networks),
        "operators": tuple(operators),
        "is_slowed": slowed,
    }
    day = date.fromisoformat(start) if isinstance(start, str) else start
    return _call("estimate_event", place, day, days, about)


def people(ids: Sequence[str], place: Path | str | None = None, *, period: str = "") -> "People":
    """Count the people under at least one of some restrictions, each person once.

    Args:
        ids: The restrictions, by `restriction_id`.
        place: As for `estimate`.
        period: Year, month or day, such as "2025" or "2025-08"; default: all time.

    Returns:
        Quantiles and bounds in persons, and the answer as a sentence.

    Raises:
        ValueError: A restriction is not among the facts, none is named, or `period` is none.

    Source:
        docs/method.md.

    Examples:
        >>> people([])
        Traceback (most recent call last):
            ...
        ValueError: no restriction is named
    """
    if not ids:
        raise ValueError("no restriction is named")
    return _call("count_people", place, tuple(dict.fromkeys(ids)), period)


def _call(name: str, place: Path | str | None, *words: Any) -> "People":
    """Call a function of `flows.answering`; raise ValueError for what it refuses in words."""
    from audience_impact.plain_text import ReadableError

    if str(COMPUTING) not in sys.path:  # first: a folder of this name elsewhere is another's
        sys.path.insert(0, str(COMPUTING))

    chosen = str(place or (PUBLISHED if PUBLISHED.exists() else RELEASED))
    try:
        computing = importlib.import_module("flows.answering")
        result: People = getattr(computing, name)(chosen, *words)
    except ReadableError as error:
        raise ValueError(str(error)) from error
    return result
