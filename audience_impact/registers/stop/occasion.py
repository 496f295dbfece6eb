"""The cause of a network outage, from the cells of a row: an order, an attack or damage.

Definitions. An order comes from an authority. An attack on a network comes from others. Damage has
physical causes: strikes, fire, a cut cable, a failed power grid.

Method. The column on who ordered the event has priority; a military that is named there ordered it.
The official reason of a government is not used, because authorities name sabotage and faults even
when they gave orders; what a text says that somebody blamed is left out as well. If nobody, or
somebody other than a civil authority, gave an order, the details of the cause, the event and the
stated reason distinguish attack and damage. A stated fault counts for nothing where the occasion is
one on which authorities cut networks (protests, elections, exams). If a civil authority is named
and the cause is an attack, the row contradicts itself and the cause is unknown. An event by unknown
actors counts as an order if its reason is one that only an authority can give (exams, order,
security).

Where the text says that somebody imposed it, or that authorities, forces or officials, of whatever
country, cut off or ordered it, and no damage but a lack of power that they may have cut as well, it
is an order. Power that was cut beside the network did not cut it.

A military orders nothing where the text says that the network failed for lack of fuel, or because
a strike hit its towers.

A row is denied if what an authority admits is a fault, and nobody is named who ordered it. What it
admits is no order if the reason that it gives is a fault, sabotage or others' work, or if it denies
an order, unless the text has it admit the order later.

Who ordered it is the name in the cell, unless it is a place, a cause or an operation; else the text
may say so ("the government shut down"), or the kind of body stands. The executive of Somaliland or
of the Kurdistan Region is not that of the state around it; of several countries it is open whose.
"""

import re
from collections.abc import Mapping

from audience_impact.registers.gazetteer import plain_name
from audience_impact.vocabulary import Cause, YesNo

CIVIL = frozenset(
    {
        "executive government",
        "state government",
        "local government",
        "law enforcement",
        "judiciary",
    }
)
NOT_A_MOTIVE = re.compile(r"^(unknown|other|no|)$|sabotage|technical")
ATTACK = re.compile(
    r"\bcyber ?-?attack|\bddos\b|\bhack(s|ed|er|ers|ing)?\b|\bsabotag|"
    r"\b(took|taken|taking) over\b|\bseiz(ed|ing)\b",
    re.IGNORECASE,
)
DAMAGE = re.compile(
    r"\bdamag|\bdestr(oy|uct)|\b(air|missile|drone|rocket)[ -]?(strike|attack)|\bbomb|\bshelling\b|"
    r"\bpower (grid|plant|cut|outage|supply)|\belectricity\b|\bfib(er|re)[ -](optic )?"
    r"(cable )?(was |were )?(cut|sever)|\bcable[- ]cut|\bvandal|"
    r"\b(shortages?|lack|blockade|depletion|out) (of |\w+ )*fuel\b|\bfuel (shortage|blockade)|"
    r"\b(due to|caused by|by) (an? |the )?fire\b|\bcaught fire\b",
    re.IGNORECASE,
)
DECIDED = re.compile(
    r"\b(?:authorities|officials|government|militants|military|forces|army)\b[^.]{0,80}"
    r"\b(?:cut ?off|cut|order(?:s|ed)|impos(?:es?|ed)|shut(?: ?down)?|suspend(?:s|ed)|"
    r"disconnect(?:s|ed))\b",
    re.IGNORECASE,
)
"""Somebody in power, also of another country, who switched off."""
IMPOSED = re.compile(
    r"\bimpos(?:es?|ed)\b[^.]{0,60}\b(?:shut ?downs?|disconnections?|black ?outs?)\b|"
    r"\b(?:shut ?down|cut ?off|disconnected)\b[^.]{0,20}\bby \w+ (?:occupiers|forces)\b",
    re.IGNORECASE,
)
POWER = re.compile(r"\belectricity\b|\bpower (?:supply|cut)\b", re.IGNORECASE)
BESIDE = re.compile(
    r"\b(?:electricity|power),? (?:and )?(?:the )?(?:internet|phone|network)|"
    r"\b(?:internet|phone|lines|services?|network),? (?:and )?(?:the )?(?:electricity|power)\b"
    r"(?:,? and fuel distribution)?",
    re.IGNORECASE,
)
"""Power that was cut together with the network."""
BLAMED = re.compile(r"\b(?:blam|attribut)\w+\b[^.]*", re.IGNORECASE)
FAULT = re.compile(
    r"\btechnical (?:issue|problem|fault|reason|interruption|glitch)|\btemporary cause\b|"
    r"\b(?:fiber|cable|outage)\b",
    re.IGNORECASE,
)
DENIED = re.compile(
    r"\bden(?:y|ies|ied|ying)\b[^.]{0,60}\b(?:shut ?down|block|order|cut|slow|throttl)",
    re.IGNORECASE,
)
TURNED = re.compile(
    r"\binitially\b|\b(?:admitted|order was|imposed|suspended|directives?)\b", re.IGNORECASE
)
"""An order that an authority admits in spite of what it said at first."""
CHOSEN = frozenset({"protests", "elections", "exam cheating", "political instability"})
"""Occasions on which authorities cut networks."""
AGAINST = re.compile(r"\b(protect|ward|prevent|counter|defen[cds]\w*|against)\b", re.IGNORECASE)
UNSTATED = frozenset({"", "unknown", "not sure"})
FAILED = re.compile(
    r"\b(?:due to|because of|caused by) (?:an? |the )?"
    r"(?:(?:lack|shortages?) of fuel|fuel shortages?|"
    r"(?:air ?strikes?|bomb\w*|shelling) (?:on|of) (?:\w+ )?(?:towers?|lines?|cables?))",
    re.IGNORECASE,
)
"""What made a network fail of itself, or be destroyed, beside a military."""
NO_BODY = re.compile(r"\b(?:were|was|prevent|vandali\w+|operations|nationwide)\b", re.IGNORECASE)
ISSUED = re.compile(r"\bThe ([A-Z][\w ]{5,60}?) issued an? [\w ,]{0,60}order\b")
GOVERNMENT = re.compile(r"\bThe (government) (?:shut|block|cut|suspend|throttl)")
PLACE_LETTERS = 6  # that two spellings of a place share
SPELLINGS = {
    **{"governmenta": "government", "Departmenr": "Department", "Sudanase": "Sudanese"},
    **{"Autority": "Authority", "Counsel": "Council", "comissioneer": "commissioner"},
    "CrCP": "CrPC",
}
"""Slips of the register in the names of authorities and laws."""


def _is_attacked(text: str) -> bool:
    """Return whether a text states an attack, rather than the prevention of one."""
    match = ATTACK.search(text)
    return bool(match) and not AGAINST.search(text[: match.start()] if match else "")


def read_cause(row: Mapping[str, str]) -> Cause:
    """Return the cause of the loss of the network."""
    hand = row["ordered_by"].casefold()
    details, event = (_without_blame(row[name]) for name in ("actual_cause_details", "event"))
    if hand in CIVIL:
        return Cause.UNKNOWN if _is_attacked(details) else Cause.ORDER
    if hand == "military":
        return Cause.DAMAGE if FAILED.search(f"{details}. {event}") else Cause.ORDER
    reason = row["gov_justification"].casefold()
    if hand == "non-government":
        return _cause_of_others(f"{details}. {event}", reason)
    if not NOT_A_MOTIVE.search(reason):
        return Cause.UNKNOWN if is_denied(row) else Cause.ORDER
    if row["gov_ack"] == "Yes":
        return Cause.UNKNOWN
    is_fault = row["actual_cause"].casefold() not in CHOSEN
    if is_fault and ("sabotage" in reason or "technical" in reason):
        return _cause_of_others(f"{details}. {event}", reason)
    return _cause_of_others(details, "")


def correct_spelling(text: str) -> str:
    """Return a name of an authority or a law without the slips of the register."""
    return re.sub(r"\w+", lambda word: SPELLINGS.get(word[0], word[0]), text)


def read_authority(row: Mapping[str, str]) -> list[str]:
    """Return who ordered it or did it, by name and by kind; none where the row contradicts it."""
    hand, name = row["ordered_by"], correct_spelling(row["decision_maker"])
    if hand.casefold() in CIVIL and read_cause(row) is Cause.UNKNOWN:
        return []
    place = plain_name(name)[:PLACE_LETTERS] if len(name.split()) == 1 else "-"
    if NO_BODY.search(name) or place in plain_name(row["area_name"]):
        name = ""
    issued = ISSUED.search(row["legal_method"])
    if not name and issued:
        return [issued[1]]
    if not name and hand.casefold() == "executive government":
        executive = "Government of Somaliland" * ("Somaliland" in row["country"])
        executive = executive or "Kurdistan Regional Government" * row["area_name"].startswith(
            "Kurdistan"
        )
        return [executive or hand * (";" not in row["country"])]
    is_open = not name and hand.casefold() in UNSTATED and read_cause(row) is Cause.ORDER
    government = GOVERNMENT.search(row["event"]) if is_open else None
    return [government[1]] if government else [name, hand]


def is_denied(row: Mapping[str, str]) -> bool:
    """Return whether an authority admits a fault alone, and the row names nobody who ordered it."""
    is_fault = FAULT.search(f"{row['gov_ack_quote']} {_list_blame(row)}")
    return bool(is_fault) and row["ordered_by"].casefold() in UNSTATED


def is_admitted(row: Mapping[str, str]) -> bool:
    """Return whether an authority admits its own order, or the attack or damage of others."""
    if row["gov_ack"] != "Yes" or row["ordered_by"].casefold() == "non-government":
        return row["gov_ack"] == "Yes"
    reason = row["gov_justification"].casefold()
    words = f"{row['gov_ack_quote']} {row['gov_just_details']} {_list_blame(row)}"
    is_fault = FAULT.search(words) or "technical" in reason or "sabotage" in reason
    is_other = is_fault or DENIED.search(f"{row['event']} {words}")
    return not is_other or TURNED.search(f"{row['event']} {words}") is not None


def _list_blame(row: Mapping[str, str]) -> str:
    """Return what somebody blamed for the loss, in the words of a row."""
    cells = (row[name] for name in ("event", "actual_cause_details", "gov_just_details"))
    return " ".join(BLAMED.findall(". ".join(cells)))


def _without_blame(text: str) -> str:
    """Return a text without what somebody blamed, and without power cut beside the network."""
    return BESIDE.sub(" ", BLAMED.sub(" ", text))


def _cause_of_others(text: str, reason: str) -> Cause:
    """Return the cause of a cut if the text names no authority."""
    if IMPOSED.search(text):
        return Cause.ORDER
    if _is_attacked(text):
        return Cause.ATTACK
    if DECIDED.search(text) and not DAMAGE.search(POWER.sub(" ", text)):
        return Cause.ORDER
    if DAMAGE.search(text) or "technical" in reason:
        return Cause.DAMAGE
    return Cause.ATTACK if "sabotage" in reason else Cause.UNKNOWN


def is_ordered(row: Mapping[str, str]) -> str:
    """Return `yes` or `no`: whether an authority ordered the restriction; blank if unknown."""
    answers = {Cause.ORDER: YesNo.YES, Cause.ATTACK: YesNo.NO, Cause.DAMAGE: YesNo.NO}
    answer = answers.get(read_cause(row))
    return answer.value if answer else ""


def read_occasion(row: Mapping[str, str]) -> str:
    """Return the occasion as the register words it; blank if unknown."""
    word = row["actual_cause"]
    return "" if word.casefold() in UNSTATED else word


def yes_no(text: str) -> str:
    """Return `yes`, `no`, or blank for None."""
    return {"yes": YesNo.YES.value, "no": YesNo.NO.value}.get(text.casefold(), "")
