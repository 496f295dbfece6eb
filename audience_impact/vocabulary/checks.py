"""Words for checks, and for changes of rows and answers between two versions."""

from enum import StrEnum

from audience_impact.vocabulary.word import Word


class AnswerChange(StrEnum):
    """The change of an answer between two versions, the most important first."""

    VANISHED = "vanished"
    APPEARED = "appeared"
    BEYOND_INTERVAL = "moved_beyond_its_interval"
    MOVED = "moved"
    STATUS_ALONE = "status_alone"
    MOVED_SLIGHTLY = "moved_slightly"
    SAME = "same"


class FactChange(StrEnum):
    """The change of a row of facts between two versions."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class ImportOutcome(StrEnum):
    """The outcome for a row of an imported register."""

    EVENT = "event"
    MERGED = "merged"
    REFUSED = "refused"


class EventRelation(Word):
    """How two restrictions that may be one event are related."""

    ONE_EVENT = "one_event", "one event: the first is published under the id of the second"
    OTHER_NETWORKS = (
        "other_networks",
        "one event on other access networks: the first is published under the id of the second",
    )
    REMAINDER = (
        "remainder",
        "the first is what was left of the second when that ended, and is published from then on",
    )
    NEAR = "near", "near in time and place, and two events"
    APART = "apart", "two events, decided by hand"


class FindingSeverity(Word):
    """The effect of a failed check: quarantine of a row, or refusal of the whole run."""

    ERROR = "error", "the row is refused and goes to quarantine"
    TABLE_ERROR = "table_error", "the run stops, and nothing is published"
    WARNING = "warning", "published with the data"


class RuleStage(StrEnum):
    """The stage at which a rule is checked, in the order in which facts become a version."""

    FILES = "files"
    CELLS = "cells and rows"
    KEYS = "keys"
    TABLES = "tables together"
    RESULTS = "results"
    PUBLISHED = "published tables"
    VERSIONS = "last version"
