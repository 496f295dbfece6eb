"""The extent of a row that is marked nationwide: whether everyone in the country was cut off.

Definitions. A row is marked so where its area is the country, its extent the full network and its
networks broadband and mobile. It is read as touching everyone unless its own cells contradict this.
The contradiction is then recorded as the reason, and the number of people touched is not known.

Method. The reason is the first of these conditions that is met:
1. The scope cell says one city, or several of one region, and no text that the country was cut.
2. The place is qualified in its own words ("several areas of", "most of").
3. Nobody in power ordered it: an attack or damage affects an unknown number of people. The same
   applies if the stated cause contradicts the stated authority.
4. The sentence on the event describes it as partial, or on some, several, most or "at least N"
   networks or places. Later sentences describe the further course and are ignored; "nearly all"
   counts as all.
5. The row names some operators of the country but not all. A single operator does not count as all,
   unless the register names no other in the country, or the row states elsewhere that the country
   was cut, or its sources measure the country, and no sentence limits the event to the operator
   ("on X", "for X"). Several operators count as all, unless that sentence limits the event to them
   and the register names others.
6. It is of several countries and names operators of some of them alone.
7. The sources lead to the measurement of one network alone, and no word says more.
8. It was a test of the links abroad.
9. There is no text, and the title of every source that has one is about services, a part of the
   country, or some occasions ("when ... is online").
10. A later edition counts the same start and place as single services.

Assumptions. Cells that do not contradict each other are right.

Drawbacks. Titles in other alphabets are not read. Operators that the register never names are not
considered.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from audience_impact.registers.gazetteer import plain_name
from audience_impact.registers.stop import occasion, operators, words
from audience_impact.vocabulary import Cause, GeoScope

FEW = (
    r"(?:some|several|many|certain|select(?:ed)?|various|most|a few|a number of|at least \w+|"
    r"only \w+|small(?:er)?)"
)
UNITS = (
    r"(?:networks?|providers?|isps?|operators?|asns?|telcos?|carriers?|regions?|areas?|provinces?|"
    r"states|cities|towns|districts|parts)"
)
PARTIAL = re.compile(
    rf"\bpartial(?:ly)?\b|\b{FEW}\s+(?:of\s+(?:the\s+)?)?(?:[\w-]+\s+){{0,3}}{UNITS}\b|"
    r"\b(?:most|parts?|much|half) of\b|\b(?:primarily|mainly|mostly|largely) (?:on|in|for)\b",
    re.IGNORECASE,
)
"""Pattern of texts that limit the event to a part of a country, or to some of its networks."""
DIRECTION = re.compile(r"\b(?:north|south)?(?:east|west)(?:ern)?\b|\b(?:north|south)(?:ern)?\b")
SERVICES = re.compile(
    r"\b(?:social|messag\w+|messengers?|apps?|whatsapp|facebook|twitter|telegram|youtube|instagram|"
    r"viber|signal|tiktok)\b"
)
NETWORK = re.compile(r"\b(?:internet|network|blackout|offline|shut ?downs?|outage|connectivity)\b")
OCCASIONS = re.compile(r"\bwhen\b.*\bonline\b|\blive ?streams?\b|\blivestream")
TEST = re.compile(r"\b(?:tests?|testing|tested|drills?)\b")
ABROAD = re.compile(
    r"\b(?:global|international|foreign|outside|sovereign) (?:internet|segment|web)"
)
CUTS = r"(?:shuts?|turns?|cuts?|switch\w*|restor\w*|block\w*|disconnect\w*|suspend\w*|pulls?)"
MONOPOLY_ROWS = 3
"""Number of rows of a country after which an operator that is always the only one named counts as
the only operator.
"""


@dataclass(frozen=True)
class RegisterContext:
    """Information on a row from other rows: operators of its country, and later editions.

    `rows_naming` gives for each operator key how many rows of the country name it; `later_services`
    states whether a later edition counts the same event as single services.
    """

    rows_naming: Mapping[str, int] = field(default_factory=dict)
    later_services: bool = False

    def is_only(self, key: str) -> bool:
        """Return whether this is the only operator of the country in the register, and frequent."""
        return set(self.rows_naming) == {key} and self.rows_naming[key] >= MONOPOLY_ROWS

    def has_others(self, keys: Collection[str]) -> bool:
        """Return whether the register names an operator of the country other than these."""
        return bool(set(self.rows_naming) - set(keys))


def _says_everyone(row: Mapping[str, str]) -> bool:
    """Return whether a text or a title of the row states that the whole country was cut."""
    names = "|".join(map(re.escape, operators.country_names(row)))
    country = rf"(?:the )?(?:whole |entire )?(?:country|nation|{names})"
    pattern = (
        rf"\b(?:nation|country) ?wide\b|\b(?:across|throughout|all of|whole of|entire) {country}\b|"
        rf"\b(?:internet|network)(?: \w+)? for {country}\b|"
        r"\b(?:full|total|complete|near total) (?:internet |network )?(?:blackout|shutdown)\b"
    )
    title = rf"\b(?:{names})\b(?: \w+){{0,4}} {CUTS}\b(?: \w+){{0,3}} internet\b"
    texts = [
        plain_name(row[column]) for column in ("event", "actual_cause_details", "gov_just_details")
    ]
    headlines = words.source_titles(row)
    return any(re.search(pattern, text) for text in [*texts, *headlines]) or any(
        re.search(title, text) for text in headlines
    )


def _main_texts(row: Mapping[str, str]) -> tuple[str, str]:
    """Return the first sentence on the event, and the details of the cause."""
    return words.first_sentence(row["event"]), row["actual_cause_details"]


def _is_tied(names: Sequence[str], texts: Sequence[str]) -> bool:
    """Return whether a text states that the cut was on, for or of one of these operators."""
    keys = {key for name in names for key in operators.operator_names(name)}
    pattern = "|".join(map(re.escape, sorted(keys)))
    tie = rf"\b(?:on|for|of|to|at|against|provider|isp)(?: the)?(?: provider| isp)? (?:{pattern})\b"
    return bool(pattern) and any(re.search(tie, plain_name(text)) for text in texts)


def part_of_country(row: Mapping[str, str], scope: GeoScope) -> str:
    """Return why a nationwide row affects a part of the country; blank if it affects all.

    `scope` is the content of the row's scope cell.
    """
    if scope in (GeoScope.LOCALITY, GeoScope.MULTI_LOCALITY) and not _says_everyone(row):
        return "the scope cell says cities of one region, the area cell the country"
    qualified = PARTIAL.search(row["area_name"])
    return f"the area cell says '{qualified[0]}'" if qualified else ""


def _cause_reason(row: Mapping[str, str]) -> str:
    why = occasion.read_cause(row)
    if why in (Cause.ATTACK, Cause.DAMAGE):
        return f"{why.value}, not an order: the row does not count whom it cut off"
    if why is Cause.UNKNOWN and row["ordered_by"].casefold() in occasion.CIVIL:
        return "said to be ordered, and to be an attack"
    if row["ordered_by"].casefold() == "non-government":
        return "no order: the row does not count whom it cut off"
    return ""


def _partial_reason(row: Mapping[str, str]) -> str:
    passage = next((match for text in _main_texts(row) if (match := PARTIAL.search(text))), None)
    return f"the text says '{passage[0]}'" if passage else ""


def _operator_reason(row: Mapping[str, str], context: RegisterContext) -> str:
    named = operators.named_operators(row)
    if not named:
        return ""
    keys = {operators.operator_key(name) for name in named}
    if len(keys) == 1:
        only = context.is_only(next(iter(keys)))
        tied = _is_tied(named, (row["event"], row["actual_cause_details"]))
        country = operators.measures_country(row) and not operators.network_numbers(row)
        if only or (not tied and (_says_everyone(row) or country)):
            return ""
        return f"one operator named: {named[0]}"
    if _is_tied(named, _main_texts(row)) and context.has_others(keys):
        return f"some operators named: {', '.join(named)}"
    return ""


def _country_reason(row: Mapping[str, str]) -> str:
    several = [part for part in row["country"].split(";") if part.strip()]
    named = operators.operator_countries(row)
    if len(several) > 1 and 0 < len(named) < len(several):
        return f"{len(several)} countries, and operators of {', '.join(sorted(named))} alone"
    return ""


def _measurement_reason(row: Mapping[str, str]) -> str:
    numbers = operators.network_numbers(row)
    if len(numbers) != 1 or operators.measures_country(row) or _says_everyone(row):
        return ""
    return f"its sources measure one network: AS{next(iter(numbers))}"


def _test_reason(row: Mapping[str, str]) -> str:
    """Return the reason for a test of the links abroad, in which not all networks take part."""
    texts = [plain_name(text) for text in _main_texts(row)]
    if any(TEST.search(text) for text in texts) and any(ABROAD.search(text) for text in texts):
        return "a test of the links abroad"
    return ""


def _title_reason(row: Mapping[str, str]) -> str:
    titles = words.source_titles(row)
    if OCCASIONS.search(" ; ".join(titles)):
        return "the title of its source is about some occasions"
    if row["actual_cause_details"] or not titles:
        return ""
    if all(DIRECTION.search(title) for title in titles):
        return "the title of its source is about a part of the country"
    if row["event"] or any(NETWORK.search(title) for title in titles):
        return ""
    if all(SERVICES.search(title) for title in titles):
        return "the title of its source is about services, not of the network"
    return ""


def _list_reasons(row: Mapping[str, str], context: RegisterContext) -> Iterator[str]:
    yield _cause_reason(row)
    yield _partial_reason(row)
    yield _operator_reason(row, context)
    yield _country_reason(row)
    yield _measurement_reason(row)
    yield _test_reason(row)
    yield _title_reason(row)
    yield "a later edition counts it as single services" if context.later_services else ""


def part_of_networks(row: Mapping[str, str], context: RegisterContext) -> str:
    """Return why a nationwide row did not cut everyone off; blank if it did."""
    return next(filter(None, _list_reasons(row, context)), "")
