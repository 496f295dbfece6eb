"""The feed of the report (Atom): the answers that are new or changed since the version before.

The version before is the one published before it in the same place. Without one, or where it cannot
be read, the feed has the newest restrictions. Its dates are the days of the facts, so that a second
build writes the same bytes. Its addresses are relative, as those of all pages: a report knows no
address of its own, and a reader resolves them against the address of the feed (RFC 4287, 2).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import pandas as pd
from feedgenerator import Atom1Feed
from markupsafe import escape

from audience_impact.answers import sentences
from audience_impact.answers.citation import AUTHOR
from audience_impact.answers.numbers import Estimate, format_median, read_number
from audience_impact.answers.records import plain_rows
from audience_impact.comparing import compared_versions
from audience_impact.comparing.changes import SLIGHT_CHANGES
from audience_impact.comparing.compared_versions import OLD, STATUS
from audience_impact.plain_text import plain_line
from audience_impact.site import rendering
from audience_impact.site.rendering import FEED, FEED_TITLE, quote_path
from audience_impact.site.report_data import File, ListEntry, ReportData, restriction_path
from audience_impact.store import AwayError, PublishError
from audience_impact.store.divided import read_computed
from audience_impact.store.versions import Stored, find_previous

MOST = 50
"""Maximum number of entries, the most important changes first."""
QUANTILES = ("q05", "q50", "q95")
SPACE = uuid5(NAMESPACE_URL, "audience-impact")
"""Namespace of the ids, so that the entry of a restriction has one id in every version."""


class Item(NamedTuple):
    """An entry of the feed: what it is about, its title, its text and the path of its page."""

    name: str
    title: str
    text: str
    path: str


class _DatedFeed(Atom1Feed):  # type: ignore[misc]  # the library has no type hints
    """A feed that is as old as its facts, also where it has no entry."""

    def latest_post_date(self) -> datetime:
        """Return the day of the facts in place of the present moment."""
        day: datetime = self.feed["day"]
        return day


def make_pages(report: ReportData) -> Iterator[File]:
    """Yield the feed."""
    changes, previous = _compare_with_previous(report)
    items = _list_newest(report) if changes is None else _list_changes(report, changes, previous)
    about = f"Version {report.version}, " + (
        "the newest restrictions." if changes is None else f"compared with version {previous}."
    )
    yield File(FEED, write_feed(report, about, items))


def write_feed(report: ReportData, subtitle: str, items: Iterable[Item]) -> bytes:
    """Return the feed of some entries as XML."""
    day = datetime.combine(report.as_of, time(), UTC)
    feed = _DatedFeed(
        title=FEED_TITLE, link="index.html", description="", subtitle=subtitle, language="en-GB",
        author_name=AUTHOR, feed_url=FEED, feed_guid=make_id("feed"), day=day,
        feed_copyright=report.package["licenses"][0]["title"],
    )  # fmt: skip
    for item in items:
        summary = escape(plain_line(item.text))  # a reader shows a summary as HTML
        feed.add_item(
            plain_line(item.title), quote_path(item.path), summary,
            unique_id=make_id(item.name), updateddate=day,
        )  # fmt: skip
    text: str = feed.writeString("utf-8")
    return text.encode()


def make_id(name: str) -> str:
    """Return the id of an entry, or of the feed: the same in every version and on every site."""
    return uuid5(SPACE, name).urn


def _compare_with_previous(report: ReportData) -> tuple[pd.DataFrame | None, str]:
    """Return the changed answers and the id of the version before; None without one to read."""
    previous = next(iter(find_previous(report.stored)), None)
    old = None if previous is None else _read_impact(previous)
    if previous is None or old is None:
        return None, ""
    tables = [_key_answers(impact) for impact in (old, report.tables["impact"])]
    table = compared_versions.compare_answers(*tables)
    return table[~table["change"].isin(SLIGHT_CHANGES)].reset_index(), previous.id


def _read_impact(stored: Stored) -> pd.DataFrame | None:
    """Return the table `impact` of a version; None where it is damaged or lacks a column.

    Raises AwayError where the storage cannot be reached, which is not the same as no version.
    """
    try:
        impact = read_computed(stored, "impact", dtype_backend="numpy_nullable")
    except AwayError:
        raise
    except PublishError:
        return None
    needed = {*compared_versions.IMPACT_KEY, *compared_versions.ANSWER}
    return impact if needed <= set(impact.columns) else None


def _key_answers(impact: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of `impact` by the keys of a comparison."""
    answers = compared_versions.key_answers(impact, compared_versions.IMPACT_KEY)
    return answers.rename_axis(compared_versions.KEY)


def _list_newest(report: ReportData) -> list[Item]:
    return [
        _make_item(report, entry, "") for entry in rendering.newest_first(report.entries)[:MOST]
    ]


def _list_changes(report: ReportData, changes: pd.DataFrame, previous: str) -> list[Item]:
    """Return an entry for each restriction whose leading answer is new, changed or gone."""
    items: dict[str, Item] = {}
    for row in plain_rows(changes):
        name, entry = row["subject_id"], report.by_id.get(row["subject_id"])
        if entry is None:
            gone = f"Version {report.version} no longer has the restriction {name}."
            items.setdefault(name, Item(name, f"No longer in the data: {name}", gone, "all.html"))
        elif row["aspect"] == entry.metric:
            items[name] = _make_item(report, entry, _describe_change(row, previous), is_known=True)
    return list(items.values())[:MOST]


def _make_item(report: ReportData, entry: ListEntry, change: str, is_known: bool = False) -> Item:
    sentence = sentences.write_lead(report.records[entry.restriction])
    kind = ("Changed: " if change else "New: ") * is_known
    text = f"{sentence} {change}".rstrip()
    path = restriction_path(entry.restriction)
    title = f"{kind}{entry.title}, {rendering.make_row(entry).began}"
    return Item(entry.restriction, title, text, path)


def _describe_change(row: dict[str, Any], previous: str) -> str:
    """Return what the version before had for an answer, as a sentence; blank for a new answer."""
    if row[f"{STATUS}{OLD}"] is None:
        return ""
    low, middle, high = (read_number(row[f"{name}_persons{OLD}"]) for name in QUANTILES)
    estimate = Estimate(None, low, middle, high, None)
    if estimate.interval is None:
        return f"Version {previous} had no estimate."
    return f"Version {previous} had about {format_median(estimate)}."
