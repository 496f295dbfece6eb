"""Published rows as answers for people: in words, as text, as JSON, and as a citation."""

from enum import StrEnum


class Quantity(StrEnum):
    """The unit of a ranking: people, each counted once, or person-days, each once a day."""

    PEOPLE = "people"
    PERSON_DAYS = "person-days"

    @property
    def unit(self) -> str:
        """Return the unit at the end of the names of its columns."""
        return "persons" if self is Quantity.PEOPLE else "person_days"


Grouping = StrEnum("Grouping", "COUNTRY RESTRICTION")
"""The rows of a ranking of an area."""
ChartForm = StrEnum("ChartForm", "BAR MAP LINE")
"""The form of a chart of an area: bars, a map of its countries, or a line over the years."""
EventOrder = StrEnum(
    "EventOrder", {"PEOPLE": "people", "PERSON_DAYS": "person-days", "DATE": "date"}
)
"""The order of a list of restrictions: the most people or person-days first, or the newest."""
EventKind = StrEnum("EventKind", "SHUTDOWN SERVICE")
"""Restrictions of the whole internet, or of services alone."""
