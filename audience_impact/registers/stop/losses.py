"""Figures that the text of a row prints: the share that was lost, and the number of people.

Definitions. The share lost is the part of the traffic, or of what a measurer's signal sees, that
was gone. A count is a number of people whom the row calls affected, or a share of a market.

Method. A share is read where one sentence says that traffic, connectivity or a signal fell, and by
how much: "by 30-50%", "~50% lower than average". "To 20% of normal levels" is 0.8 lost. A limit
("as much as 49%", "exceeded 60%") leaves the other side open; so does the share of the place that
was hit most. Any other single number is between the limits of its rounding. A sentence on the
nation says nothing of a row below it, one on a place of several nothing of the others, and one on
what came back nothing of the loss. A count is read where the number of people is the object of
"impacted", "affected" or "cut off".

Assumptions. The share of traffic lost is that of the people who lost it.

Drawbacks. Shares in words ("half of the traffic") are not read. People use less when power fails,
and more elsewhere.
"""

import re
from collections.abc import Iterator, Mapping

from audience_impact.registers.register import PrintedCount
from audience_impact.registers.stop.words import split_sentences
from audience_impact.vocabulary import FigureKind, IntervalKind, Unit

_SUBJECT = r"\b(?:traffic|connectivity|signals?)\b"
_FALL = (
    r"\b(?:drop(?:s|ped|ping)?|fell|fall(?:s|ing)?|declin\w+|decreas\w+|down|reduc\w+|plung\w+|"
    r"plummet\w+)\b"
)
_ABOUT = r"(?:an estimated |around |about |approximately |nearly |almost )?"
_SHARE = (
    r"(?P<limit>as much as|up to|at least|over|more than|exceed\w*)?\s*(?:between )?~?"
    r"(?P<low>\d{1,3}(?:\.\d+)?)%?(?:\s*(?:-|\u2013|to|and)\s*~?(?P<high>\d{1,3}(?:\.\d+)?))?"
    r"\s*(?:%|per ?cent\b)"
)
LOSS = re.compile(
    rf"(?:{_SUBJECT}[^.;]{{0,80}}?{_FALL}|{_FALL}[^.;]{{0,40}}?{_SUBJECT})"
    rf"[^.;%\d]{{0,30}}?(?P<left>\bto\s+)?{_ABOUT}{_SHARE}",
    re.IGNORECASE,
)
NATION = re.compile(r"\bnational(?:ly)?\b|\b(?:country|nation)-? ?wide\b", re.IGNORECASE)
RETURN = re.compile(r"\b(?:restor|return|recover|resum)", re.IGNORECASE)
BELOW = re.compile(r"\s*(?:lower|below|less|from)\b", re.IGNORECASE)
IN_PLACE = re.compile(r"\s*(?:total )?(?:in|for) ([A-Z][\w-]+)")
HARDEST = re.compile(r"\b(?:most|hardest|worst)\b", re.IGNORECASE)
OPEN_BELOW = ("as much as", "up to")
PEOPLE = re.compile(
    r"\b(?:impact(?:s|ed|ing)?|affect(?:s|ed|ing)?|cut(?:ting)? off|disconnect(?:s|ed|ing)?)\s+"
    rf"(?P<limit>over|more than|at least|up to|as many as)?\s*{_ABOUT}~?"
    r"(?P<number>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)\s*(?P<million>million )?\s*"
    r"(?:people|users|customers|subscribers|residents|citizens|inhabitants)\b",
    re.IGNORECASE,
)
MARKET = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%\s+of the (?:total )?market", re.IGNORECASE)
LIMITS = {
    **dict.fromkeys(["over", "more than", "at least"], IntervalKind.ONE_SIDED_MIN),
    **dict.fromkeys(["up to", "as many as"], IntervalKind.ONE_SIDED_MAX),
}


def _list_sentences(row: Mapping[str, str]) -> list[str]:
    return split_sentences(row["event"]) + split_sentences(row["actual_cause_details"])


def read_lost_share(row: Mapping[str, str], is_national: bool) -> tuple[float, float] | None:
    """Return the least and the most share lost that a row prints, or None."""
    for sentence in _list_sentences(row):
        match = LOSS.search(sentence)
        if match is None or RETURN.search(sentence[: match.end()]):
            continue
        if NATION.search(sentence) and not is_national:
            continue
        place = IN_PLACE.match(sentence, match.end())
        if place and place[1] in row["area_name"] and re.search(",| and ", row["area_name"]):
            continue
        least, most = _read_limits(match)
        if match["left"] and not BELOW.match(sentence, match.end()):
            least, most = 1.0 - most, 1.0 - least
        return (0.0 if HARDEST.search(sentence[: match.end()]) else least, most)
    return None


def _read_limits(match: re.Match[str]) -> tuple[float, float]:
    """Return the limits of a printed share: a range as it is, a number with its rounding."""
    low = float(match["low"])
    limit = (match["limit"] or "").casefold()
    if match["high"]:
        least, most = low, float(match["high"])
    elif limit:
        least, most = (0.0, low) if limit in OPEN_BELOW else (low, 100.0)
    else:
        rounding = next((step / 2 for step in (10.0, 5.0) if low % step == 0), 0.5)
        least, most = low - rounding, low + rounding
    return round(max(least, 0.0) / 100, 4), round(min(most, 100.0) / 100, 4)


def read_counts(row: Mapping[str, str]) -> Iterator[PrintedCount]:
    """Yield the counts of people affected, and shares of a market, that a row prints."""
    kind = FigureKind.PEOPLE_AFFECTED
    for sentence in dict.fromkeys(_list_sentences(row)):
        for match in PEOPLE.finditer(sentence):
            persons = float(match["number"].replace(",", "")) * (1e6 if match["million"] else 1.0)
            interval = LIMITS.get((match["limit"] or "").casefold(), IntervalKind.NONE)
            yield PrintedCount(f"{persons:.0f}", Unit.PERSONS, kind, interval)
        for match in MARKET.finditer(sentence):
            share = f"{float(match[1]) / 100:g}"
            yield PrintedCount(share, Unit.SHARE, kind, IntervalKind.NONE)
