"""The cause of a network outage, from the cells of a row: an order, an attack or damage.

Definitions. An order comes from an authority. An attack on a network comes from others. Damage has
physical causes: strikes, fire, a cut cable, a failed power grid.

Method. The column on who ordered the event has priority; a military that is named there ordered it.
The official reason of a government is not used, because authorities name sabotage and faults even
when they gave orders. If nobody, or
somebody other than a civil authority, gave an order, the details of the cause, the event and the
stated reason distinguish attack and damage. A stated fault counts for nothing where the occasion is
one on which authorities cut networks (protests, elections, exams). If a civil authority is named
and the cause is an attack, the row contradicts itself and the cause is unknown. An event by unknown
actors counts as an order if its reason is one that only an authority can give (exams, order,
security), and where the text says that somebody in power, of whatever country, cut off or ordered
it, and no damage but a lack of power that they may have cut as well.

What an authority admits is no order if the reason that it gives is a fault, sabotage or others'
work.

Who ordered it is the name in the cell, unless it is a place; else the kind of body stands; of
several countries it is open whose.
"""

import re

from audience_impact.registers.gazetteer import plain_name
from audience_impact.registers.stop.texts import PHRASES, Row, cause_text, says
from audience_impact.vocabulary import Cause

CIVIL = frozenset(
    {
        "executive government",
        "state government",
        "local government",
        "law enforcement",
        "judiciary",
    }
)
CHOSEN = frozenset({"protests", "elections", "exam cheating", "political instability"})
"""Occasions on which authorities cut networks."""
UNSTATED = frozenset({"", "unknown", "no", "not sure"})
PLACE_LETTERS = 6  # that two spellings of a place share


def read_cause(row: Row) -> Cause:
    """Return the cause of the loss of the network."""
    hand, reason = row["ordered_by"].casefold(), row["gov_justification"].casefold()
    details, both = row["actual_cause_details"], cause_text(row)
    if hand in CIVIL:
        return Cause.UNKNOWN if says("attack", details) else Cause.ORDER
    if hand == "military":
        return Cause.ORDER
    if hand == "non-government":
        return _cause_of_others(both, reason)
    if not says("no_motive", reason):
        return Cause.ORDER
    if row["gov_ack"] == "Yes":
        return Cause.UNKNOWN
    if row["actual_cause"].casefold() not in CHOSEN and _is_fault(reason):
        return _cause_of_others(both, reason)
    return _cause_of_others(details, "")


def _is_fault(reason: str) -> bool:
    return "sabotage" in reason or "technical" in reason


def _cause_of_others(text: str, reason: str) -> Cause:
    if says("imposed", text):
        return Cause.ORDER
    if says("attack", text):
        return Cause.ATTACK
    if says("decided", text) and not says("damage", PHRASES.pattern("power").sub(" ", text)):
        return Cause.ORDER
    if says("damage", text) or "technical" in reason:
        return Cause.DAMAGE
    return Cause.ATTACK if "sabotage" in reason else Cause.UNKNOWN


def correct_spelling(text: str) -> str:
    """Return a name of an authority or a law without the slips of the register."""
    slips = dict(PHRASES.phrases["slip"])
    return re.sub(r"\w+", lambda word: slips.get(word[0], word[0]), text)


def read_authority(row: Row) -> list[str]:
    """Return who ordered it or did it, by name and by kind; none where the row contradicts it."""
    hand, name = row["ordered_by"], correct_spelling(row["decision_maker"])
    place = plain_name(name)[:PLACE_LETTERS] if len(name.split()) == 1 else "-"
    if name and place not in plain_name(row["area_name"]):
        return [name, hand]
    if hand.casefold() != "executive government":
        return [hand]
    return [] if ";" in row["country"] else [hand]


def is_admitted(row: Row) -> bool:
    """Return whether an authority admits its own order, or the attack or damage of others."""
    if row["gov_ack"] != "Yes" or row["ordered_by"].casefold() == "non-government":
        return row["gov_ack"] == "Yes"
    texts = (row["gov_ack_quote"], row["gov_just_details"])
    return not (says("fault", *texts) or _is_fault(row["gov_justification"].casefold()))
