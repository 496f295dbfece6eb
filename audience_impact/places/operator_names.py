"""The networks (AS) of an operator, found in the names under which networks are registered.

Definitions. A name of an operator is a brand, with an owner in brackets. A network is registered
under a handle (the first word) and the name of a company, before the code of a country. Words that
state only that a company sells access, its form, or its country do not distinguish two operators.

Method. The names of an operator are tried in this order, until one has a network in the country:
the brands; further names of the brands (fact table `operator_names`: earlier names and companies);
the owner; further names of the owner. A network has a name if, in this order: 1. it has all
distinguishing words of the name, each alone or before a word or code of the country or of the trade
("MTNAFGHANISTAN"), or all its words written as one; 2. its handle is the first letters of the
words, of the country and of "limited" ("VTL": Vodacom Tanzania Limited), or the beginnings of the
words ("ALGTEL"); or the name is the first letters of the company's words; 3. it has one of several
distinguishing words. A network with the same handle as one of these belongs to the same operator.
Networks registered in another country count where no others have the name. Where the name says
mobile or fixed, and registered names say so too, the networks of the other kind are left out.

Assumptions. Two operators of a country do not share distinguishing words.

Known drawbacks. Networks under the name of a subsidiary are missed unless the table names it.

Citation. Rules of this project, docs/method.md.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

Pairs = Sequence[tuple[str, str]]
OWNER = re.compile(r"\(([^()]*)\)")
NUMBER = re.compile(r"\bAS(\d+)\b")
CODE = re.compile(r",\s*([A-Z]{2})\s*$")
ANYWHERE = frozenset({"EU", "US", "GB", "ZZ", "AP", ""})
"""Codes of registration that do not state where the users are."""
TELECOM = re.compile(r"telekom\w*$")
"""Spellings of a word of the trade in several languages, at the end of a word."""


def split_words(text: str) -> list[str]:
    """Return the words of a name in lower case, without accents and signs, c written as k."""
    flat = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", flat.casefold().replace("'", "").replace("c", "k"))
    return [TELECOM.sub("telekom", word) for word in words]


PARTICLES = frozenset(split_words("of the and for de du des la le el al do da y e a an"))
LEGAL = frozenset(
    split_words(
        "ltd limited llc inc sa sas sarl plc pjsc jsc ojsc cjsc co company corp corporation group "
        "holding holdings pvt private srl spa ao ooo pt tbk sdn bhd lda joint stock public su ep "
        "operator operators provider providers enterprise enterprises societe empresa"
    )
)
MOBILE = frozenset(split_words("mobile mobil cell cel cellular celular moviles movil gsm lte"))
FIXED = frozenset(split_words("fixed broadband dsl adsl fiber fibre fttx fixe"))
TRADE = frozenset(
    split_words(
        "telecom telecoms tele tel telco telephone communications communication comms net network "
        "networks wireless internet online isp as asn ap bgp data service services system systems "
        "national international technology technologies ip digital media ns"
    )
) | (MOBILE | FIXED)
SHORTEST, STEM = 3, 5
"""Letters of the shortest name that may begin a word, and of the stem of a country's name."""
INITIALS = range(SHORTEST, 7)
"""Numbers of letters of names that are made of first letters."""


class Network(NamedTuple):
    """A network: its number, the words of its handle and of its company, and where registered."""

    asn: int
    handle: tuple[str, ...]
    company: tuple[str, ...]
    code: str

    @property
    def words(self) -> set[str]:
        """Return the words of the handle and of the company."""
        return {*self.handle, *self.company}


@cache
def read_network(asn: int, name: str) -> Network:
    """Return a network from its number and its name as registered."""
    code = CODE.search(name)
    handle, _, company = CODE.sub("", name).partition(" ")
    return Network(asn, (*split_words(handle),), (*split_words(company),), code[1] if code else "")


@cache
def find_networks(
    operator: str, networks: Sequence[Network], country: Sequence[str], names: Pairs
) -> set[int]:
    """Return an operator's networks; `country` has its code first, `names` pairs of synonyms."""
    numbers = {int(number) for number in NUMBER.findall(operator)}
    if numbers:
        return numbers & {network.asn for network in networks}
    code, stems = country[0].casefold(), {word for name in country for word in split_words(name)}
    words = (code, *sorted(stems - {code}))
    local = [network for network in networks if network.code in ANYWHERE | {country[0]}]
    for nets in (local, networks):
        for synonyms in _list_names(operator, names, words):
            same = {net.asn: net for name in synonyms for net in _find_by_name(name, nets, words)}
            if not same:
                continue
            kind = {*split_words(operator)}
            mobile = {number for number, net in same.items() if MOBILE & net.words}
            rest = same.keys() - mobile
            if kind & MOBILE and mobile:
                return mobile
            return rest if kind & FIXED and rest else mobile | rest
    return set()


def _list_names(operator: str, names: Pairs, country: Sequence[str]) -> Iterator[list[list[str]]]:
    """Yield sets of names with their further names: the brands, the owner, single words of both."""
    owners = [split_words(owner) for owner in OWNER.findall(operator)]
    brands = [split_words(part) for part in OWNER.sub(" ", operator).split("/")]
    single = [
        [word]
        for name in (*brands, *owners)
        for word in name
        if len(name) > 1 and word not in TRADE | LEGAL and not _is_country(word, country)
    ]
    further = [(split_words(name), split_words(also)) for name, also in names]
    for group in (brands, owners, single):
        yield [*group, *(also for name, also in further if name in group)]


def _find_by_name(
    words: list[str], networks: Sequence[Network], country: Sequence[str]
) -> list[Network]:
    """Return the networks of the first rule that finds any by name, and related networks."""
    full = [word for word in words if word not in LEGAL | PARTICLES]
    telling = [word for word in full if word not in TRADE and not _is_country(word, country)]
    if not telling and not set(full) - TRADE:
        return []
    for rule in (_is_written_so, _has_words, _has_beginnings, _is_shortened):
        same = [net for net in networks if rule(net, full, telling, country)]
        if same:
            handles = {net.handle[0] for net in same if "as" in net.handle[1:]}
            handles = {word for word in handles if len(word) > SHORTEST and word not in TRADE}
            return [net for net in networks if net in same or {*net.handle[:1]} & handles]
    return []


def _is_country(word: str, country: Sequence[str]) -> bool:
    stems = {name[:STEM] for name in country[1:] if len(name) > SHORTEST}
    return word in country or word[:STEM] in stems


def _join_words(words: Sequence[str]) -> str:
    return "".join(word for word in words if word not in PARTICLES)


def _is_written_so(
    net: Network, full: list[str], telling: list[str], country: Sequence[str]
) -> bool:
    joined = _join_words(full)
    is_long = len(joined) > STEM and any(
        joined in _join_words(text) for text in (net.handle, net.company)
    )
    return is_long if telling != full else is_long or _has_words(net, full, telling, country)


def _has_words(net: Network, _: list[str], telling: list[str], country: Sequence[str]) -> bool:
    return bool(telling) and set(telling) <= net.words


def _has_beginnings(net: Network, _: list[str], telling: list[str], country: Sequence[str]) -> bool:
    """Return whether each telling word begins a word that goes on with trade or country."""
    texts = net.words - TRADE

    def is_ending(text: str) -> bool:
        stems = [text, *(text.removesuffix(end) for end in ("as", "asn", "isp", "net", "bgp"))]
        is_named = any(name.startswith(stem) for name in country for stem in stems)
        return is_named or text in TRADE or _is_country(text, country)

    is_short = any(len(word) < SHORTEST for word in telling)
    words = ["".join(telling)] if is_short else telling
    return len("".join(telling)) >= SHORTEST and all(
        any(
            text == word or (text.startswith(word) and is_ending(text[len(word) :]))
            for text in texts
        )
        for word in words
    )


def _is_shortened(
    net: Network, full: list[str], telling: list[str], country: Sequence[str]
) -> bool:
    """Return whether the name, or the handle, is made of first letters of the other."""
    if len(full) == 1 and full[0] in _list_initials(net.company):
        return True
    place = country[0]
    forms = (full, [*full, "limited"], [*full, place], [*full, place, "limited"])
    initials = {text for form in forms for text in _list_initials(form)}
    if not telling:
        initials.add("".join(word[0] for word in full) if len(full) > 1 else "")
    return any(
        text in initials
        or (len(full) > 1 and _is_beginnings(text, full))
        or _is_trade_of_country(text, "".join(full), country)
        for word in net.handle[:2]
        for text in (word, word.rstrip("0123456789"), word.removesuffix("net"))
    )


def _is_trade_of_country(text: str, name: str, country: Sequence[str]) -> bool:
    stems = {name.removesuffix(word) for word in TRADE if name.endswith(word)}
    return any(
        len(stem) >= SHORTEST
        and text[: len(stem)] == stem
        and text[len(stem) :] in TRADE
        and any(place.startswith(stem) for place in country[1:])
        for stem in stems
    )


def _list_initials(words: Sequence[str]) -> set[str]:
    some = [word for word in words if word not in PARTICLES]
    lists = (words, some, [word for word in some if word not in LEGAL - {"limited"}])
    texts = {"".join(word[0] for word in letters) for letters in lists}
    return {text for text in texts if len(text) in INITIALS}


def _is_beginnings(text: str, words: Sequence[str]) -> bool:
    """Return whether a text consists of beginnings of all words, each of three letters or more."""
    if len(words) == 1:
        return len(text) >= SHORTEST and words[0].startswith(text)
    ends = range(SHORTEST, len(words[0]) + 1) if words else ()
    return any(
        text[:end] == words[0][:end] and _is_beginnings(text[end:], words[1:]) for end in ends
    )
