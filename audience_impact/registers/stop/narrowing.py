"""Whose network or service was cut, where a row is not of all networks of a whole country.

Definitions. A row is narrowed where its words tie what happened to operators, or say that a network
below the country was hit and not switched off. Its main words are the first two sentences of the
event and the cause; of a row of services the first alone, since later ones say how it went on.

Method. In this order the first that applies is the reason, unless the words say that the place as a
whole was cut ("across Gaza"), which speaks against all of them:
1. An attack by computers hits the network that was attacked.
2. Service that comes from across a border is one network beside those of the country.
3. Damage and attacks: the main words say that it was partial, a disruption, or by how much the
   traffic fell; or they do not say that anything was cut off. A besieged town whose words say that
   its access was cut off is cut as a whole.
4. Operators that the row names: the words tie what happened to one of them ("on X", "through X",
   "X was cut", "X was the only one"), or to several with "only", or say that only another operator
   still worked. Who is named in the cell alone was addressed, or reported, or measured. Where a row
   of services or of one kind of network in a country has no text at all, the one operator in its
   cell is all that it says, or that of a source's title. An operator is everyone's where the
   register names no other in the country, or the words call it the sole or the last one.

Assumptions. Of several operators that are named without "only", others are hit as well.

Drawbacks. An operator named as an example in a tie ("service on X was unavailable") is read as the
one that was hit.
"""

import re
from collections.abc import Iterator, Mapping

from audience_impact.registers.gazetteer import plain_name
from audience_impact.registers.stop import occasion, operators, words
from audience_impact.registers.stop.extent import RegisterContext
from audience_impact.registers.stop.networks import OTHER, Cut
from audience_impact.vocabulary import Cause

Row = Mapping[str, str]

BY_COMPUTERS = re.compile(r"\bcyber ?attack\w*|\bddos\b|\bhack(?:ed|ers?|ing|s)?\b|\bbotnet")
ACROSS_BORDER = re.compile(
    r"\b(?:from )?across (?:the|its) border\b|\bcross border (?:internet|net)|"
    r"\b(?:on|from) (?:chinese|thai) (?:service )?(?:providers|isps)\b"
)
LESSENED = re.compile(
    r"\bpartial(?:ly)?\b|\bintermittent(?:ly)?\b|\bdisrupt\w*|\bdegrad\w*|"
    r"\b(?:traffic|signal|connectivity)(?: \w+){0,8} (?:dropped|fell|down|decreased)\b|"
    r"\b(?:some|several|many|most|\d+)(?: of the \w+)?(?: \w+){0,2} (?:companies|providers|isps|"
    r"networks|operators)\b"
)
"""Pattern, in plain text, of words that state that a network was cut only in part."""
CUT_OFF = re.compile(
    r"\bcut ?off\b|\bcut\b|\bdisconnect\w*|\bshut ?downs?\b|\boffline\b|\bblack ?outs?\b|"
    r"\b(?:effectively|completely|entirely|essentially) (?:lost|gone|down)\b|\bsevered\b|"
    r"\bunavailable\b|\bunusable\b|\binaccessible\b|\bcutting\b|\bnear total\b"
)
SOLE = re.compile(
    r"\bsole\b|\bmonopoly\b|\b(?:last|only) remaining\b|"
    r"\bonly (?:(?:internet|mobile|telecom\w*) )*(?:provider|isp|operator)\b"
    r"(?! (?:that|which|to)\b)"
)
_FILLER = (
    r"(?:(?:the|an?|local|largest|main|mobile|internet|provider|providers|isp|network|networks|"
    r"operator|operators|carrier|\w+ (?:operated|owned|run)) )*"
)
STAYED = re.compile(
    r"\bonly (?!one\b)(?:\w+ ){1,6}(?:was|were|is|are|remained) (?:still )?"
    r"(?:usable|available|working|functional|accessible|online)\b|"
    r"\bonly service available is(?: \w+){1,6}"
)
"""Pattern, in plain text, of words on people who still had service."""
SPARED = re.compile(r"\b\w+ (?:showed no change|did not (?:implement|follow|carry out|comply))\b")
"""Pattern, in plain text, of an operator that did not carry out an order."""
MAJOR = re.compile(
    r"\b(?:major|largest|main) (?:mobile )?(?:providers|isps|operators|networks)\b|"
    r"\b(?:network|provider|operator) most affected\b"
)
"""Pattern, in plain text, of words that leave out the smaller operators."""
PUBLIC_WIFI = re.compile(r"(?:public )?wi ?fi")
AROUND_SITES = re.compile(
    r"\b(?:areas|communities|neighbou?rhoods) (?:immediately |directly )?(?:surrounding|around)\b"
)
"""Pattern, in plain text, of the surroundings of sites such as schools."""
ONLY = re.compile(r"\b(?:only|solely|exclusively)\b")
FOLLOWED_ALONE = (
    r"(?:was|is|appears to be|seems to be) the only (?:network|provider|operator|isp)\b"
)
TITLE_VERBS = r"(?:bloque|restring|limit|block|cut|suspend|shut|throttl|slow)"
"""Beginnings of verbs of a cut in titles of sources, in English and Spanish."""
GENERIC = frozenset(
    {"telecom", "telecoms", "national", "local", "state", "mobile", "internet", "network", "free"}
)
"""First words of operators that are words of texts as well."""
PLACE_KINDS = frozenset(
    {"state", "district", "districts", "city", "region", "province", "township", "townships"}
    | {"oblast", "oblasts", "county", "area", "areas", "parts", "town", "village", "villages"}
)
NAME_LETTERS = 4
MAIN_SENTENCES = 2


def _main_words(row: Row, sentences: int = MAIN_SENTENCES) -> list[str]:
    """Return the first sentences on the event and the cause, in plain text."""
    event = " ".join(words.split_sentences(row["event"])[:sentences])
    return [text for text in (plain_name(event), plain_name(row["actual_cause_details"])) if text]


def is_whole_place(row: Row) -> bool:
    """Return whether the event's text states that the place in the area cell was cut as a whole."""
    names = [
        name
        for name in plain_name(row["area_name"]).split()
        if len(name) >= NAME_LETTERS and name not in PLACE_KINDS
    ]
    if not names:
        return False
    part = r"(?!parts?\b|some\b|several\b|many\b|multiple\b|large\b)"
    reach = r"(?:across|throughout|all of|whole of|entire|entirety of)"
    name = "|".join(map(re.escape, names))
    before = r"(?<!areas )(?<!locations )(?<!places )"
    pattern = rf"{before}\b{reach} (?:{part}\w+ ){{0,2}}(?:{name})\b"
    return bool(re.search(pattern, plain_name(row["event"])))


def _tie_pattern(row: Row, names: tuple[str, ...]) -> str:
    """Return a pattern of words that link the cut to one of the operators; blank without any."""
    parts = [part for name in names for part in (name, *name.split("/"))]
    keys = {key for part in parts for key in operators.operator_names(part)}
    keys -= {*GENERIC, *operators.country_names(row)}
    if not keys:
        return ""
    name = rf"(?:{'|'.join(map(re.escape, sorted(keys)))})"
    after = (
        r"(?: \w+){0,3} (?:was|were|went|had been) (?:\w+ )?(?:cut|shut|down|off|disrupt|disconn"
    )
    return (
        rf"\b(?:on|from|through|via|of|affect\w*|impact\w*) {_FILLER}{name}\b|"
        rf"\bonly {_FILLER}{name}\b|\b(?:to|by) {_FILLER}{name}\b alone|"
        rf"\bonly (?:\w+ ){{0,6}}(?:to|by) {_FILLER}{name}\b|"
        rf"\b{name} (?:mast|base|tower|service|sim)\b|"
        rf"\b{name} {FOLLOWED_ALONE}|"
        rf"\b{name} experienced (?:an? )?(?:\w+ ){{0,3}}(?:shut ?down|outage|disruption)|"
        rf"\b{name}{after}|suspend|attack|hack|unavail)"
    )


def _attack_reason(row: Row, main: list[str]) -> str:
    if not any(BY_COMPUTERS.search(text) for text in main):
        return ""
    return "attack, not an order: it hits the network that was attacked"


def _border_reason(row: Row, main: list[str]) -> str:
    passage = next((match for text in main if (match := ACROSS_BORDER.search(text))), None)
    return "service from across the border, beside the networks of the country" if passage else ""


def _damage_reason(row: Row, main: list[str]) -> str:
    """Return why damage or an attack did not cut off a whole place; blank if it did."""
    cause = occasion.read_cause(row)
    if cause not in (Cause.ATTACK, Cause.DAMAGE):
        return ""
    passage = next((match for text in main if (match := LESSENED.search(text))), None)
    if passage:
        return f"{cause.value}, not an order, and the text says '{passage[0]}'"
    if any(CUT_OFF.search(text) for text in main):
        return ""
    return f"{cause.value}, not an order: the row does not count whom it cut off"


def _operator_reason(row: Row, main: list[str], context: RegisterContext) -> str:
    """Return the operators to which the words of a row limit the event; blank without any."""
    named = operators.named_operators(row)
    keys = {operators.operator_key(name) for name in named}
    if not named or any(SOLE.search(text) for text in main):
        return ""
    is_one = len(keys) == 1
    if not context.has_others(keys):
        return ""
    pattern = _tie_pattern(row, named)
    ties = [text for text in main if pattern and re.search(pattern, text)]
    is_most_hit = any(MAJOR.search(text) for text in main)
    if is_one and (ties or is_most_hit or _is_followed_alone(row, pattern)):
        return f"one operator named: {named[0]}"
    if not is_one and any(ONLY.search(text) for text in ties):
        return f"some operators named: {', '.join(named)}"
    if _is_another_left(row, main, set(context.rows_naming) - keys):
        return f"some operators named, and another stayed: {', '.join(named)}"
    return ""


def _is_followed_alone(row: Row, tie_pattern: str) -> bool:
    """Return whether any text of the event states that only one operator followed an order."""
    passages = re.findall(rf"\S+ {FOLLOWED_ALONE}", plain_name(row["event"]))
    return bool(tie_pattern) and any(re.search(tie_pattern, passage) for passage in passages)


def _is_another_left(row: Row, main: list[str], other_keys: set[str]) -> bool:
    """Return whether another operator alone still had service, or did not carry out the order.

    The main text says the first, any text of the event the second.
    """
    passages = [match[0] for text in main for match in STAYED.finditer(text)]
    passages += [match[0] for match in SPARED.finditer(plain_name(row["event"]))]
    names = {name for key in other_keys for name in operators.operator_names(key)} - GENERIC
    return any(name in passage.split() for passage in passages for name in names)


def _is_silent_on(row: Row) -> bool:
    """Return whether a row has no text about the event and the cause."""
    return not row["event"] and not row["actual_cause_details"]


def _silent_reason(row: Row, context: RegisterContext) -> str:
    """Return as a reason the only operator in a row without text, if the country has others."""
    named = operators.named_operators(row)
    keys = {operators.operator_key(name) for name in named}
    if len(keys) != 1 or not _is_silent_on(row) or operators.measures_country(row):
        return ""
    if not context.has_others(keys):
        return ""
    return f"one operator named, and nothing else is said: {named[0]}"


def _titled_reason(row: Row, context: RegisterContext) -> str:
    """Return, as a reason, the operator that blocked by the title of a source of a silent row."""
    if row["event"] or operators.named_operators(row):
        return ""
    names = {name for key in context.rows_naming for name in operators.operator_names(key)}
    names -= {*GENERIC, *operators.country_names(row)}
    pattern = rf"^({'|'.join(map(re.escape, sorted(names)))}) {TITLE_VERBS}"
    matches = (re.search(pattern, title) for title in words.source_titles(row) if names)
    named = next((match[1] for match in matches if match), "")
    return f"one operator named in the title of its source: {named}" if named else ""


def _surroundings_reason(main: list[str]) -> str:
    """Return the words that limit a cut in a country to the surroundings of sites in it."""
    passage = next(filter(None, (AROUND_SITES.search(text) for text in main)), None)
    return f"the text says '{passage[0]}'" if passage else ""


def _wifi_reason(row: Row) -> str:
    """Return that a row of services names public Wi-Fi alone, which few use; else blank."""
    is_alone = PUBLIC_WIFI.fullmatch(plain_name(row[OTHER])) is not None
    return "public Wi-Fi alone" if is_alone else ""


def _list_reasons(row: Row, cut: Cut, is_national: bool, context: RegisterContext) -> Iterator[str]:
    main = _main_words(row, MAIN_SENTENCES if cut.full else 1)
    if cut.full:
        yield _attack_reason(row, main)
        yield _border_reason(row, main)
        yield _damage_reason(row, main)
    else:
        yield _wifi_reason(row)
    yield _operator_reason(row, main, context)
    if is_national:
        yield _surroundings_reason(main)
        yield _silent_reason(row, context)
        yield _titled_reason(row, context)


def find_narrowing(row: Row, cut: Cut, is_national: bool, context: RegisterContext) -> str:
    """Return why a row does not cut off everyone in its places; blank if it does.

    `cut` is the kind of cut of the row; `is_national` states whether its place is the country.
    """
    if not is_national and is_whole_place(row):
        return ""
    return next(filter(None, _list_reasons(row, cut, is_national, context)), "")
