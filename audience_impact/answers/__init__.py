"""Published rows as answers for people: in words, as text, as JSON, and as a citation."""

from enum import StrEnum


class Quantity(StrEnum):
    """The unit of a ranking: people, each counted once, or person-days, each once a day."""

    PEOPLE = "people"
    PERSON_DAYS = "person-days"

    @property
    def unit(self) -> str:
        """Return the unit at the end of the names of its columns."""
        return {"people": "persons", "person-days": "person_days"}[self]


class Grouping(StrEnum):
    """The rows of a ranking of an area."""

    COUNTRY = "country"
    RESTRICTION = "restriction"


class ChartForm(StrEnum):
    """The form of a chart of an area: bars, a map of its countries, or a line over the years."""

    BAR = "bar"
    MAP = "map"
    LINE = "line"


class EventOrder(StrEnum):
    """The order of a list of restrictions: the most people or person-days first, or the newest."""

    PEOPLE = "people"
    PERSON_DAYS = "person-days"
    DATE = "date"


class EventKind(StrEnum):
    """Restrictions of the whole internet, or of services alone."""

    SHUTDOWN = "shutdown"
    SERVICE = "service"
