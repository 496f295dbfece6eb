"""What was known on a day: the rows whose source was out by then, and nothing that happened later.

Definitions. A source was known on a day if the period in which it was published had ended by then;
where nothing says when it was published, if it had been read by then, since that alone is known.
A row is known through any of its pages. What begins after the day is not known, whoever announced
it; an end after the day is not known, so that what had not ended goes on.

Method. Rows that are not known go, and then rows that point at them, until all that stay point
somewhere. A page beside the first, and the restriction that another continues, are blank instead.

Drawbacks. A row stands as it is now: when a cell of it was corrected is not on record. A page that
is rewritten in place counts from its newest date. What is learned from facts (laws, calibrations)
has no source, and stays as it was learned from all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from audience_impact.facts.rules import found_in
from audience_impact.facts.tables import Finding, Tables
from audience_impact.periods import ONE_DAY, spans
from audience_impact.rules import Rule, register
from audience_impact.vocabulary import EndSource, EndStatus, FindingSeverity, RuleStage

NOT_KNOWN_YET = register(
    Rule(
        "not_known_yet",
        RuleStage.KEYS,
        FindingSeverity.WARNING,
        "of `run --as-of`: the row was not known on that day, or points at one that was not",
        "where the source was out by then, fill in its published_on: without one it counts from "
        "the day on which it was read",
    )
).id
SOURCE, OTHER = "source_id", "also_source_id"
MAY_BE_BLANK = (OTHER, "continues")
"""References without which a row still says the same."""


@dataclass(frozen=True)
class Cut:
    """What was taken out of the facts for a day.

    Attributes:
        day: The day.
        unknown_count: Rows that were not known.
        undated_count: How many of these went because nothing says when their source was published.
        unended_count: Restrictions that had not ended on the day and have since.
    """

    day: date
    unknown_count: int
    undated_count: int
    unended_count: int

    def __str__(self) -> str:
        """The same in a sentence."""
        return (
            f"{self.unknown_count:,} rows of facts were not known on {self.day}, "
            f"{self.undated_count:,} of them for want of a day of publication of their source; "
            f"{self.unended_count:,} restrictions had not ended then"
        )


@dataclass(frozen=True)
class Known:
    """The tables as they were known on a day, as text, and a finding for each row that was not."""

    tables: Tables
    findings: tuple[Finding, ...]
    cut: Cut


def known_by(
    tables: Tables,
    day: date,
    keys: Mapping[str, list[str]],
    references: Mapping[str, Mapping[str, str]],
) -> Known:
    """What of the tables (as text) was known on a day."""
    after = pd.Timestamp(day) + ONE_DAY
    sources = tables["sources"]
    out = spans(sources["published_on"])["end"]
    late = out.fillna(spans(sources["accessed_on"])["end"]) > after
    names = set(sources.loc[late, SOURCE])
    found = {table: _by_other_page(frame, names) for table, frame in tables.items()}
    begun = _begun(found["restrictions"], after)
    found |= {"sources": sources[~late], "restrictions": _going_on(begun, after)}
    found = _settled(found, tables, keys, references)
    gone, kept = _gone(tables, found), found["restrictions"]
    undated = set(sources.loc[late & out.isna(), SOURCE])
    findings = tuple(_findings(gone, day))
    cut = Cut(
        day,
        len(findings),
        sum(int(rows[SOURCE].isin(undated).sum()) for rows in gone.values() if SOURCE in rows),
        int((kept["ended_on"] != tables["restrictions"].loc[kept.index, "ended_on"]).sum()),
    )
    left = {table: frame.reset_index(drop=True) for table, frame in found.items()}
    return Known(left, findings, cut)


def _by_other_page(frame: pd.DataFrame, late: set[str]) -> pd.DataFrame:
    """Rows whose first page was not out, and whose other page was, stand by the other."""
    if not {SOURCE, OTHER} <= set(frame.columns):
        return frame
    first, other = frame[SOURCE], frame[OTHER]
    moved = first.isin(late) & (other != "") & ~other.isin(late)
    return frame.assign(
        **{SOURCE: first.mask(moved, other), OTHER: other.mask(moved | other.isin(late), "")}
    )


def _begun(restrictions: pd.DataFrame, after: pd.Timestamp) -> pd.DataFrame:
    """Restrictions that had begun or had been announced; those without a start stay."""
    starts = {
        name: spans(restrictions[name])["start"] for name in ("announced_on", "observed_from")
    }
    return restrictions[~(pd.DataFrame(starts).min(axis=1) >= after)]


def _going_on(restrictions: pd.DataFrame, after: pd.Timestamp) -> pd.DataFrame:
    """Restrictions of which those go on whose end lies after the day."""
    later = spans(restrictions["ended_on"])["end"] > after
    told = {
        "ended_on": "",
        "end_status": EndStatus.ONGOING.value,
        "end_source": EndSource.SNAPSHOT_DATE.value,
    }
    return restrictions.assign(
        **{name: restrictions[name].mask(later, word) for name, word in told.items()}
    )


def _gone(tables: Tables, found: Tables) -> Tables:
    return {table: frame[~frame.index.isin(found[table].index)] for table, frame in tables.items()}


def _settled(
    found: Tables,
    tables: Tables,
    keys: Mapping[str, list[str]],
    references: Mapping[str, Mapping[str, str]],
) -> Tables:
    """The tables without rows that point at what went; what never was is another rule's matter."""
    while True:
        gone = {
            table: set(rows[keys[table][0]]) if keys[table] else set()
            for table, rows in _gone(tables, found).items()
        }
        fresh = {table: _pointing(found[table], references[table], gone) for table in found}
        if all(len(fresh[table]) == len(found[table]) for table in found):
            return fresh
        found = fresh


def _pointing(
    frame: pd.DataFrame, references: Mapping[str, str], gone: Mapping[str, set[str]]
) -> pd.DataFrame:
    """The rows of a table that point at nothing that went."""
    for column, target in references.items():
        lost = gone[target]
        odd = frame[column].map(lambda cell, lost=lost: not lost.isdisjoint(cell.split(";")))
        if column in MAY_BE_BLANK:
            frame = frame.assign(**{column: frame[column].mask(odd.astype(bool), "")})
        else:
            frame = frame[~odd.astype(bool)]
    return frame


def _findings(gone: Tables, day: date) -> list[Finding]:
    """A finding for each row that went, at its source where it has one."""
    return [
        found_in(
            table,
            row,
            SOURCE if SOURCE in row.index else str(row.index[0]),
            NOT_KNOWN_YET,
            f"not known on {day}",
        )
        for table, rows in gone.items()
        for _, row in rows.iterrows()
    ]
