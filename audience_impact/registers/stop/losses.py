"""Figures that the text of a row prints: the share that was lost, and the number of people.

Definitions. The share lost is the part of the traffic, or of what a measurer's signal sees, that
was gone. A count is a number of people whom the row calls affected, or a share of a market.

Method. A share is read where one sentence says that traffic, connectivity or a signal fell, and by
how much: "by 30-50%", "~50% lower than average". "To 20% of normal levels" is 0.8 lost. A limit
("as much as 49%", "exceeded 60%") leaves the other side open; so does the share of the place that
was hit most. Any other single number is between the limits of its rounding. A sentence on the
nation says nothing of a row below it and one on a place of several nothing of
the others. A count is read where the number of people is the object of
"impacted", "affected" or "cut off".

Assumptions. The share of traffic lost is that of the people who lost it.

Drawbacks. Shares in words ("half of the traffic") are not read. People use less when power fails,
and more elsewhere.
"""

import re
from collections.abc import Iterator

from audience_impact.registers.register import PrintedCount
from audience_impact.registers.stop.texts import PHRASES, Row, says, split_sentences
from audience_impact.vocabulary import FigureKind, IntervalKind, Unit

UP_TO = IntervalKind.ONE_SIDED_MAX
LIMITS = {
    **dict.fromkeys(["over", "more than", "at least"], IntervalKind.ONE_SIDED_MIN),
    **dict.fromkeys(["up to", "as many as", "as much as"], UP_TO),
}


def _list_sentences(row: Row) -> list[str]:
    return [*split_sentences(row["event"]), *split_sentences(row["actual_cause_details"])]


def read_lost_share(row: Row, is_national: bool) -> tuple[float, float] | None:
    """Return the least and the most share lost that a row prints, or None."""
    for sentence in _list_sentences(row):
        match = PHRASES.find("loss", sentence)
        if match is None or (says("nation", sentence) and not is_national):
            continue
        place = re.match(r"\s*(?:total )?(?:in|for) ([A-Z][\w-]+)", sentence[match.end() :])
        if place and place[1] in row["area_name"] and re.search(",| and ", row["area_name"]):
            continue
        least, most = _read_limits(match)
        if match["left"] and not sentence[match.end() :].lstrip().startswith("lower"):
            least, most = 1.0 - most, 1.0 - least
        return (0.0 if says("hardest", sentence[: match.end()]) else least, most)
    return None


def _read_limits(match: re.Match[str]) -> tuple[float, float]:
    low = float(match["low"])
    limit = (match["limit"] or "").casefold()
    if match["high"]:
        least, most = low, float(match["high"])
    elif limit:
        least, most = (0.0, low) if LIMITS.get(limit) is UP_TO else (low, 100.0)
    else:
        rounding = next((step / 2 for step in (10.0, 5.0) if low % step == 0), 0.5)
        least, most = low - rounding, low + rounding
    return round(max(least, 0.0) / 100, 4), round(min(most, 100.0) / 100, 4)


def read_counts(row: Row) -> Iterator[PrintedCount]:
    """Yield the counts of people affected, and shares of a market, that a row prints."""
    kind = FigureKind.PEOPLE_AFFECTED
    for sentence in dict.fromkeys(_list_sentences(row)):
        for match in PHRASES.pattern("people").finditer(sentence):
            persons = float(match["number"].replace(",", "")) * (1e6 if match["million"] else 1.0)
            interval = LIMITS.get((match["limit"] or "").casefold(), IntervalKind.NONE)
            yield PrintedCount(f"{persons:.0f}", Unit.PERSONS, kind, interval)
        for share in PHRASES.pattern("market").findall(sentence):
            yield PrintedCount(f"{float(share) / 100:g}", Unit.SHARE, kind, IntervalKind.NONE)
