"""The cause of a network outage, from the cells of a row: an order, an attack or damage.

Definitions. An order comes from an authority. An attack on a network comes from others. Damage has
physical causes: strikes, fire, a cut cable, a failed power grid.

Method. The column on who ordered the event has priority. The official reason of a government is not
used, because authorities name sabotage and faults even when they gave orders. If nobody, or
somebody other than a civil authority, gave an order, the details of the cause, the event and the
stated reason distinguish attack and damage. If a civil authority is named and the cause is an
attack, the row contradicts itself and the cause is unknown. An event by unknown actors counts as an
order if its reason is one that only an authority can give (exams, order, security), or if an
authority admits it.

Where the text says that authorities, forces or officials, of whatever country, cut off, ordered or
imposed it, and no damage but a lack of power that they may have cut as well, it is an order.

An event by a military counts as an order, unless the text states that strikes or destruction
disabled the network.

Drawbacks. If a military ordered a network to be destroyed, the event is read as damage.
"""

import re
from collections.abc import Mapping

from audience_impact.registers.stop.words import first_sentence, split_sentences
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
    r"(cable )?(was |were )?(cut|sever)|\bcable[- ]cut|\bfuel\b|\bfire\b|\bvandal",
    re.IGNORECASE,
)
BY_WAR = re.compile(
    r"\b(due to|caused by|because of|as a result of)\b[^.]{0,80}"
    r"\b(damag|destr(oy|uct)|strikes?|airstrike|bomb|shelling|fuel)|"
    r"\b(damag|destr(oy|uct))\w* (to |of |the )*(\w+ ){0,3}"
    r"(infrastructure|towers?|cables?|lines|fib(er|re)|networks?|equipment)",
    re.IGNORECASE,
)
"""Pattern of networks that a military disabled by fighting, and not by an order."""
DECIDED = re.compile(
    r"\b(?:authorities|officials|government|militants|military|forces|army)\b[^.]{0,80}"
    r"\b(?:cut ?off|cut|order(?:s|ed)|impos(?:es?|ed)|shut(?: ?down)?|suspend(?:s|ed)|"
    r"disconnect(?:s|ed))\b",
    re.IGNORECASE,
)
"""Somebody in power, also of another country, who switched off."""
POWER = re.compile(r"\belectricity\b|\bpower (?:supply|cut)\b", re.IGNORECASE)
FUEL = re.compile(
    r"\bfuel shortages?\b|\bshortages? of fuel\b|\bout of fuel\b|"
    r"\btowers?\b[^.]{0,80}\b(?:refill|refuel|unable to be serviced)",
    re.IGNORECASE,
)
"""Towers that stopped for want of fuel or service, and not by an order."""
AGAINST = re.compile(r"\b(protect|ward|prevent|counter|defen[cds]\w*|against)\b", re.IGNORECASE)
UNSTATED = frozenset({"", "unknown", "not sure"})


def _is_attacked(text: str) -> bool:
    """Return whether a text states an attack, rather than the prevention of one."""
    match = ATTACK.search(text)
    return bool(match) and not AGAINST.search(text[: match.start()] if match else "")


def read_cause(row: Mapping[str, str]) -> Cause:
    """Return the cause of the loss of the network."""
    hand = row["ordered_by"].casefold()
    text = f"{row['actual_cause_details']}. {row['event']}"
    if hand in CIVIL:
        return Cause.UNKNOWN if _is_attacked(row["actual_cause_details"]) else Cause.ORDER
    reason = row["gov_justification"].casefold()
    if hand == "military":
        main_text = f"{row['actual_cause_details']}. {first_sentence(row['event'])}"
        is_starved = FUEL.search(" ".join(split_sentences(row["event"])[:2]))
        return Cause.DAMAGE if BY_WAR.search(main_text) or is_starved else Cause.ORDER
    if hand == "non-government":
        return _cause_of_others(text, reason)
    if not NOT_A_MOTIVE.search(reason) or row["gov_ack"] == "Yes":
        return Cause.ORDER
    if "sabotage" in reason or "technical" in reason:
        return _cause_of_others(text, reason)
    return _cause_of_others(row["actual_cause_details"], "")


def _cause_of_others(text: str, reason: str) -> Cause:
    """Return the cause of a cut if the text names no authority."""
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
