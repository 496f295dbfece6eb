"""Facts that were known on a date: without later sources and later events.

Definitions. A source was known on a date if its period of publication had ended by then. If its
date of publication is not recorded, the date on which it was read is used instead. A row was known
if any of its pages was. A restriction that begins after the date was not known, even if it had been
announced. An end after the date was not known, so that the restriction counts as ongoing.

Method. Rows that were not known are removed, then rows that refer to them, until all references
resolve. References to a further page, and to the restriction that another one continues, are set to
blank instead.

Drawbacks. Rows have their present content, because the dates of corrections are not recorded. A
page that is updated in place counts from its newest date. Fitted parameters have no source and
remain as fitted to all facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import pandas as pd

from audience_impact.facts.tables import Finding, Tables, build_finding
from audience_impact.periods import ONE_DAY, parse_periods
from audience_impact.rules import register_rule
from audience_impact.vocabulary import EndSource, EndStatus, RuleStage

NOT_KNOWN_YET = register_rule("not_known_yet", RuleStage.KEYS)
SOURCE, OTHER = "source_id", "also_source_id"
MAY_BE_BLANK = (OTHER, "continues")
"""References that may be blank without changing the meaning of the row."""
STARTS = ("announced_on", "observed_from")
NO_END = {
    "ended_on": "",
    "end_status": EndStatus.ONGOING.value,
    "end_source": EndSource.SNAPSHOT_DATE.value,
}
"""Cells of a restriction that goes on."""


@dataclass(frozen=True)
class Cut:
    """Numbers of rows removed from the facts because they were not known on a date.

    `undated_count` of them have a source without a recorded date of publication; `unended_count`
    restrictions had not ended on the date but have ended since.
    """

    day: date
    unknown_count: int
    undated_count: int
    unended_count: int

    def __str__(self) -> str:
        """Return a sentence with the numbers of rows that were cut."""
        return (
            f"{self.unknown_count:,} rows of facts were not known on {self.day}, "
            f"{self.undated_count:,} of them because their source has no day of publication; "
            f"{self.unended_count:,} restrictions had not ended then"
        )


class KnownFacts(NamedTuple):
    """Tables (as text) as known on a date, and a finding for each removed row."""

    tables: Tables
    findings: tuple[Finding, ...]
    cut: Cut


def select_known_facts(
    tables: Tables,
    day: date,
    keys: Mapping[str, list[str]],
    references: Mapping[str, Mapping[str, str]],
) -> KnownFacts:
    """Return the tables (as text) without the rows that were not known on a day."""
    after = pd.Timestamp(day) + ONE_DAY
    sources = tables["sources"]
    out = parse_periods(sources["published_on"])["end"]
    late = out.fillna(parse_periods(sources["accessed_on"])["end"]) > after
    names = set(sources.loc[late, SOURCE])
    remaining = {table: _prefer_second_page(frame, names) for table, frame in tables.items()}
    restrictions = remaining["restrictions"]
    starts = [parse_periods(restrictions[name])["start"] for name in STARTS]
    begun = restrictions[~(pd.concat(starts, axis=1).min(axis=1) >= after)]
    ends_later = parse_periods(begun["ended_on"])["end"] > after
    going_on = begun.assign(**{name: begun[name].mask(ends_later, NO_END[name]) for name in NO_END})
    remaining |= {"sources": sources[~late], "restrictions": going_on}
    remaining = _drop_dangling_rows(remaining, tables, keys, references)
    gone = _list_removed_rows(tables, remaining)
    findings = tuple(
        build_finding(table, row, column, NOT_KNOWN_YET, f"the row was not known on {day}")
        for table, rows in gone.items()
        for column in [SOURCE if SOURCE in rows else str(rows.columns[0])]
        for _, row in rows.iterrows()
    )
    undated = set(sources.loc[late & out.isna(), SOURCE])
    undated_counts = [rows[SOURCE].isin(undated).sum() for rows in gone.values() if SOURCE in rows]
    unended_count = int(ends_later.reindex(remaining["restrictions"].index).sum())
    cut = Cut(day, len(findings), int(sum(undated_counts)), unended_count)
    numbered = {table: frame.reset_index(drop=True) for table, frame in remaining.items()}
    return KnownFacts(numbered, findings, cut)


def _prefer_second_page(frame: pd.DataFrame, late: set[str]) -> pd.DataFrame:
    if not {SOURCE, OTHER} <= set(frame.columns):
        return frame
    first, second = frame[SOURCE], frame[OTHER]
    moved = first.isin(late) & (second != "") & ~second.isin(late)
    return frame.assign(
        **{SOURCE: first.mask(moved, second), OTHER: second.mask(moved | second.isin(late), "")}
    )


def _list_removed_rows(tables: Tables, remaining: Tables) -> Tables:
    return {name: rows[~rows.index.isin(remaining[name].index)] for name, rows in tables.items()}


def _drop_dangling_rows(
    remaining: Tables,
    tables: Tables,
    keys: Mapping[str, list[str]],
    references: Mapping[str, Mapping[str, str]],
) -> Tables:
    """Drop rows that refer to removed rows; references that never resolved are not judged here."""
    while True:
        removed = _list_removed_rows(tables, remaining)
        gone = {table: set(rows[keys[table][0]]) for table, rows in removed.items()}
        resolved = {}
        for table, frame in remaining.items():
            for column, target in references[table].items():
                ids = frame[column].str.split(";")
                odd = ~ids.map(gone[target].isdisjoint).astype("bool")
                if column in MAY_BE_BLANK:
                    frame = frame.assign(**{column: frame[column].mask(odd, "")})
                else:
                    frame = frame[~odd]
            resolved[table] = frame
        if all(len(resolved[table]) == len(frame) for table, frame in remaining.items()):
            return resolved
        remaining = resolved
