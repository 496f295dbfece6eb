"""What a row of the STOP register restricts: services by name, and features by rule.

Pure. Services stand in five yes-or-no columns and in free text. What the free text names is never
dropped: a known service, a service not known so far (added, for review), or a group.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audience_impact import blanks
from audience_impact.registers.gazetteer import plain
from audience_impact.registers.register import (
    Catalogue,
    FeatureRule,
    Target,
    Targets,
    service_key,
)
from audience_impact.vocabulary import WHOLE_INTERNET, Feature, PlatformKind

COLUMNS = {
    "facebook_affected": "Facebook",
    "twitter_affected": "Twitter",
    "whatsapp_affected": "WhatsApp",
    "instagram_affected": "Instagram",
    "telegram_affected": "Telegram",
}
OTHER = "other_affected"
UNNAMED = "unnamed-services"
EXCERPT_SIGNS = 100

NEW_GROUPS = {
    UNNAMED: "Services that the source does not name",
    "vpn-services": "VPN services",
    "websites": "Websites that the source does not name",
}
GROUPS = (
    (r"^vpn$|\bvpns$|\bvpn services?\b", ("vpn-services",)),
    (r"\bvoip\b", ("voip-apps",)),
    (r"\b5[789] other chinese\b", ("58-other-chinese-apps",)),
    (r"\bsocial (media|network)", ("social-media",)),
    (r"\bmessaging\b", ("any-messenger",)),
    (r"\bwebsites?\b", ("websites",)),
)
"""What free text may name without its members; what of them the facts hold keeps its id."""
NETWORKS = re.compile(
    r"starlink|vsat|\bgprs\b|\b[234]g\b|wi-?fi|modes of communication|internet suspended|"
    r"full network|curfew|bulk sms|filtering over sms",
    re.IGNORECASE,
)
"""Ways of access, which the extent and the networks of the row cover; they are no services."""
SPELLINGS = {
    "ozone": "qzone",
    "vinc": "vine",
    "ok ru": "odnoklassniki",
    "romeo": "planetromeo",
    "imo messenger": "imo",
    "my mail ru": "moi mir",
    "google gmail service": "gmail",
}
"""Slips and other names of services in the register."""
KINDS = {
    PlatformKind.MESSENGER: "wechat qq zangi threema element briar bchat conion crypviser enigma "
    "safeswiss wickrme nandbox bip botim zalo tango secondline telecast",
    PlatformKind.SOCIAL_NETWORK: "grindr blued boyahoy hornet planetromeo tinder qzone xanga "
    "buaanet snaptish bluesky threads quora mastodon mewe moimir soul",
    PlatformKind.VIDEO: "periscope twitch rumble",
    PlatformKind.VOIP: "zoom microsoftteams",
    PlatformKind.SEARCH: "baidu duckduckgo",
    PlatformKind.GAME: "pubg",
}
"""Kinds of services that a register names, by the name without blanks; all others are `other`."""


def items(text: str) -> list[str]:
    """What a cell of free text lists; what stands in quotation marks is one item."""
    found = re.findall(r'"([^"]+)"', text)
    rest = re.sub(r'"[^"]+"', ",", text)
    rest = re.sub(r"\((?:vkontakte|odnoklassniki|romeo|my\.mail\.ru|pia)\)", "", rest, flags=re.I)
    parts = re.split(r"[,;]|\band\b|(?<=\w)\.\s|\bincluding\b", rest)
    parts = [re.sub(r",?\s*possibly$", "", part.strip(" .\t"), flags=re.I) for part in parts]
    parts = [blanks.trimmed(" ".join(part.split())) for part in [*parts, *found]]
    return [part for part in parts if part and plain(part) not in ("", "possibly")]


def kind_of(name: str) -> PlatformKind:
    """Kind of a service that the facts do not know."""
    bare = plain(name).replace(" ", "")
    return next(
        (kind for kind, names in KINDS.items() if bare in names.split()), PlatformKind.OTHER
    )


def is_name(text: str) -> bool:
    """Whether a text looks like the name of a service: up to four words, each with a capital."""
    words = text.split()
    return 0 < len(words) <= 4 and all(re.match(r"[A-Z0-9]|VPN", word) for word in words)


def _groups(text: str) -> tuple[str, ...]:
    """Ids of the groups that a text names."""
    return tuple(each for pattern, ids in GROUPS if re.search(pattern, text, re.I) for each in ids)


def _item(text: str, known: Catalogue) -> tuple[tuple[str, ...], str, str]:
    """Platform ids of an item of free text, the name of a new service, and the defect."""
    if found := known.find(text):
        return (found,), "", ""
    if groups := _groups(text):
        return groups, "", ""
    name = SPELLINGS.get(service_key(text), "").title() or text
    if is_name(name) or kind_of(name) is not PlatformKind.OTHER:
        return (service_key(name).replace(" ", "-"),), name, "platform_new"
    return (UNNAMED,), "", "platform_text_unread"


def _excerpt(text: str, found: re.Match[str]) -> str:
    """A short piece of a text around what was found."""
    start = max(0, min(found.start() - 20, len(text) - EXCERPT_SIGNS))
    return blanks.trimmed(text[start : start + EXCERPT_SIGNS]).replace('"', "'")


def _sentence(text: str, found: re.Match[str]) -> str:
    """The sentence in which something was found."""
    start = max(text.rfind(". ", 0, found.start()), text.rfind("! ", 0, found.start()), -1) + 1
    end = text.find(". ", found.end())
    return text[start : end if end >= 0 else len(text)]


def _in_text(
    row: Mapping[str, str],
    rules: Sequence[FeatureRule],
    names: Mapping[str, str],
) -> list[Target]:
    """Features that the columns of free text tell, of the services that the sentence names.

    Where the sentence names none of the row's services, it speaks of all of them.
    """
    targets = []
    for rule in rules:
        text = row.get(rule.column, "")
        match = rule.search(text) if rule.column != OTHER else None
        if match is None:
            continue
        sentence = plain(_sentence(text, match))
        named = [each for each, name in names.items() if plain(name) in sentence]
        note = f"rule {rule.rule_id} on {rule.column}: '{_excerpt(text, match)}'"
        targets += [Target(each, rule.feature, note) for each in named or names]
    return targets


@dataclass
class _Named:
    """The services of a row as they are collected: targets, names as read, new ones, defects."""

    targets: list[Target]
    names: dict[str, str]
    new: dict[str, tuple[str, str]]
    defects: list[str]

    def add(self, text: str, rules: Sequence[FeatureRule], known: Catalogue) -> None:
        """Add one item of free text."""
        hits = [rule for rule in rules if rule.column == OTHER and rule.search(text)]
        bare = blanks.trimmed(re.sub(hits[0].pattern, "", text, flags=re.I)) if hits else text
        name = text if known.find(text) or not bare else bare
        ids, added, defect = _item(name, known)
        printed = f"'{short(text)}'"
        told = [(rule.feature, f"rule {rule.rule_id} on {OTHER}: {printed}") for rule in hits]
        plainly = (str(Feature.WHOLE_SERVICE), "" if known.find(text) else f"printed {printed}")
        for each in ids:
            self.names.setdefault(each, name)
            self.new |= {each: (added, kind_of(added).value)} if added else {}
            self.targets += [Target(each, *one) for one in told or [plainly]]
        self.defects += [defect] if defect else []


def _named(row: Mapping[str, str], rules: Sequence[FeatureRule], known: Catalogue) -> _Named:
    """The services of the columns and of the free text."""
    yes = [name for column, name in COLUMNS.items() if row[column] == "Yes"]
    names = {known.find(name) or service_key(name): name for name in yes}
    found = _Named(
        [Target(each, Feature.WHOLE_SERVICE) for each in names],
        names,
        {each: (name, PlatformKind.OTHER) for each, name in names.items() if not known.find(name)},
        ["platform_in_text"] if row[OTHER] else [],
    )
    for text in items(row[OTHER]):
        if not NETWORKS.search(text):
            found.add(text, rules, known)
    return found


def short(text: str) -> str:
    """An excerpt from the beginning of a text."""
    return blanks.trimmed(text[:EXCERPT_SIGNS])


def _merged(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Each platform and feature once; a feature told by rule takes the place of the service."""
    featured = {each.platform_id for each in targets if each.feature != Feature.WHOLE_SERVICE}
    first: dict[tuple[str, str], Target] = {}
    for each in targets:
        if each.feature != Feature.WHOLE_SERVICE or each.platform_id not in featured:
            first.setdefault((each.platform_id, str(each.feature)), each)
    return tuple(first[key] for key in sorted(first))


def _networks_only(row: Mapping[str, str]) -> Targets:
    """What a row restricts that is not about services."""
    unsaid = Target(UNNAMED, Feature.UNKNOWN, "the register does not say what is restricted")
    full = "Full" in row["shutdown_extent"]
    named = [name for column, name in COLUMNS.items() if row[column] == "Yes"]
    also = (*named, row[OTHER]) if row[OTHER] else tuple(named)
    whole = Target(WHOLE_INTERNET, Feature.WHOLE_SERVICE)
    return Targets((whole if full else unsaid,), {}, also)


def read(row: Mapping[str, str], rules: Sequence[FeatureRule], known: Catalogue) -> Targets:
    """What a row restricts.

    Args:
        row: cells of the register as text.
        rules: what tells a feature in free text; they are for rows of services alone.
        known: the services on record.
    """
    if "Service" not in row["shutdown_extent"]:
        return _networks_only(row)
    found = _named(row, rules, known)
    if not found.targets:
        text = f": '{short(row[OTHER])}'" if row[OTHER] else ""
        note = f"the register names no service{text}"
        found.targets.append(Target(UNNAMED, Feature.WHOLE_SERVICE, note))
        found.names[UNNAMED] = "services that are not named"
        found.defects.append("platform_not_named")
    found.targets += _in_text(row, rules, found.names)
    if "Full" in row["shutdown_extent"]:
        found.targets.append(Target(WHOLE_INTERNET, Feature.WHOLE_SERVICE))
    if any(each.note.startswith("rule ") for each in found.targets):
        found.defects.append("feature_in_text")
    also = tuple(text for text in items(row[OTHER]) if NETWORKS.search(text))
    return Targets(_merged(found.targets), found.new, also, tuple(dict.fromkeys(found.defects)))
