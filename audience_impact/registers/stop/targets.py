"""Targets of a row of the STOP register: services by name, and features by rule.

The register names services in five yes-or-no columns and in free text. Every name in the free text
is recorded: as a known service, as a new service (added for review), or as a group.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audience_impact import blanks
from audience_impact.registers.gazetteer import plain_name
from audience_impact.registers.register import (
    Catalogue,
    FeatureRule,
    Target,
    Targets,
    service_key,
)
from audience_impact.registers.stop import words
from audience_impact.registers.stop.networks import read_cut
from audience_impact.vocabulary import WHOLE_INTERNET, Feature, PlatformKind

COLUMNS = {
    "facebook_affected": "Facebook",
    "twitter_affected": "Twitter",
    "whatsapp_affected": "WhatsApp",
    "instagram_affected": "Instagram",
    "telegram_affected": "Telegram",
}
OTHER = "other_affected"
MESSENGER = "Facebook Messenger"
MESSENGER_NAME = re.compile(r"\b(?:Facebook|FB|Meta) Messenger\b")
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
"""Groups that free text may name without their members; groups that are in the facts have the same
id.
"""
REMAINS = re.compile(r"\b(?:remain(?:s|ed)?|still|stay(?:s|ed)?|continu\w+)\b", re.IGNORECASE)
RESTORED = re.compile(
    r"(?:[\w ,]+?) (?:was|were) (?:later )?(?:restored|unblocked|lifted)\b|"
    r"\baccess to [\w ,]+? (?:returned|was restored|came back)\b",
    re.IGNORECASE,
)
OTHERS_RESTORED = re.compile(
    r"\b(?:all )?(?:the )?other (?:platforms|services|apps|sites) were (?:restored|unblocked)\b",
    re.IGNORECASE,
)
GROUP_WORDS = re.compile(
    r"\b(?:platforms|apps|services|websites|sites|messengers|others?|social media (?!app))\b",
    re.IGNORECASE,
)
"""Words of a sentence that refers to more services than it names."""
MORE = re.compile(
    r"\b(?:\w+) other (?:[\w+-]+ ){0,3}(?:apps|platforms|services|sites)\b", re.IGNORECASE
)
NETWORKS = re.compile(
    r"starlink|vsat|\bgprs\b|\b[234]g\b|wi-?fi|modes of communication|internet suspended|"
    r"full network|curfew|bulk sms|filtering over sms",
    re.IGNORECASE,
)
"""Words for networks, which the columns on extent and networks cover; they are not services."""
SPELLINGS = {
    "ozone": "qzone",
    "vinc": "vine",
    "ok ru": "odnoklassniki",
    "romeo": "planetromeo",
    "imo messenger": "imo",
    "my mail ru": "moi mir",
    "google gmail service": "gmail",
}
"""Misspellings and other names of services in the register."""
KINDS = {
    PlatformKind.MESSENGER: "wechat qq zangi threema element briar bchat conion crypviser enigma "
    "safeswiss wickrme nandbox bip botim zalo tango secondline telecast",
    PlatformKind.SOCIAL_NETWORK: "qzone xanga buaanet snaptish bluesky threads quora mastodon mewe "
    "moimir soul",
    PlatformKind.DATING: "grindr blued boyahoy hornet planetromeo tinder",
    PlatformKind.STORAGE: "dropbox googledrive microsoftonedrive",
    PlatformKind.VIDEO: "periscope twitch rumble",
    PlatformKind.VOIP: "zoom microsoftteams",
    PlatformKind.SEARCH: "baidu duckduckgo",
    PlatformKind.GAME: "pubg",
}
"""Kinds of services that a register names, by name without blanks; all others are `other`."""


def split_items(text: str) -> list[str]:
    """Return the items of a cell of free text; a quotation is one item."""
    quoted = re.findall(r'"([^"]+)"', text)
    rest = re.sub(r'"[^"]+"', ",", text)
    rest = re.sub(r"\((?:vkontakte|odnoklassniki|romeo|my\.mail\.ru|pia)\)", "", rest, flags=re.I)
    parts = re.split(r"[,;]|\band\b|(?<=\w)\.\s|\bincluding\b", rest)
    parts = [re.sub(r",?\s*possibly$", "", part.strip(" .\t"), flags=re.I) for part in parts]
    parts = [blanks.strip_blanks(" ".join(part.split())) for part in [*parts, *quoted]]
    return [part for part in parts if part and plain_name(part) not in ("", "possibly")]


def kind_of(name: str) -> PlatformKind:
    """Return the kind of a service that is not in the facts."""
    bare = plain_name(name).replace(" ", "")
    return next(
        (kind for kind, names in KINDS.items() if bare in names.split()), PlatformKind.OTHER
    )


def is_name(text: str) -> bool:
    """Return whether a text looks like a service's name: up to four capitalised words."""
    words = text.split()
    return 0 < len(words) <= 4 and all(re.match(r"[A-Z0-9]|VPN", word) for word in words)


def _named_groups(text: str) -> tuple[str, ...]:
    """Return ids of the groups that a text names."""
    return tuple(
        group_id for pattern, ids in GROUPS if re.search(pattern, text, re.I) for group_id in ids
    )


def _read_item(text: str, catalogue: Catalogue) -> tuple[tuple[str, ...], str, str]:
    """Return the services, kinds or remarks that an item means."""
    if platform_id := catalogue.find_id(text):
        return (platform_id,), "", ""
    if groups := _named_groups(text):
        return groups, "", ""
    name = SPELLINGS.get(service_key(text), "").title() or text
    if is_name(name) or kind_of(name) is not PlatformKind.OTHER:
        return (service_key(name).replace(" ", "-"),), name, "platform_new"
    return (UNNAMED,), "", "platform_text_unread"


def _sentence_around(text: str, match: re.Match[str]) -> str:
    """Return the sentence of a text that contains a match."""
    start = max(text.rfind(". ", 0, match.start()), text.rfind("! ", 0, match.start()), -1) + 1
    end = text.find(". ", match.end())
    return text[start : end if end >= 0 else len(text)]


def _features_in_text(
    row: Mapping[str, str],
    rules: Sequence[FeatureRule],
    names: Mapping[str, str],
) -> list[Target]:
    """Return features named in free text, for the services in the same sentence.

    A sentence that names none of the row's services refers to all of them.
    """
    targets = []
    for rule in rules:
        text = row.get(rule.column, "")
        match = rule.find_match(text) if rule.column != OTHER else None
        if match is None:
            continue
        sentence = plain_name(_sentence_around(text, match))
        named = [platform_id for platform_id, name in names.items() if plain_name(name) in sentence]
        note = f"rule {rule.rule_id} on {rule.column}"
        targets += [Target(platform_id, rule.feature, note) for platform_id in named or names]
    return targets


@dataclass
class _Services:
    """The services of a row during reading: targets, names as read, new services, defects."""

    targets: list[Target]
    names: dict[str, str]
    new: dict[str, tuple[str, str]]
    defects: list[str]

    def add_item(self, text: str, rules: Sequence[FeatureRule], catalogue: Catalogue) -> None:
        """Add one item of free text."""
        hits = [rule for rule in rules if rule.column == OTHER and rule.find_match(text)]
        bare = blanks.strip_blanks(re.sub(hits[0].pattern, "", text, flags=re.I)) if hits else text
        name = text if catalogue.find_id(text) or not bare else bare
        ids, added, defect = _read_item(name, catalogue)
        printed = f"'{shorten_text(text)}'"
        features = [(rule.feature, f"rule {rule.rule_id} on {OTHER}: {printed}") for rule in hits]
        plainly = (
            str(Feature.WHOLE_SERVICE),
            "" if catalogue.find_id(text) else f"printed {printed}",
        )
        for platform_id in ids:
            self.names.setdefault(platform_id, name)
            self.new |= {platform_id: (added, kind_of(added).value)} if added else {}
            self.targets += [Target(platform_id, *values) for values in features or [plainly]]
        self.defects += [defect] if defect else []

    def drop_remainders(self) -> list[str]:
        """Remove unnamed services beside named ones ("other Google services"); return their text.

        Nobody counts them, and the people who use the named services are known.
        """
        unnamed = [
            target
            for target in self.targets
            if target.platform_id == UNNAMED and target.feature == Feature.WHOLE_SERVICE
        ]
        if not unnamed or len({target.platform_id for target in self.targets}) == 1:
            return []
        self.targets = [target for target in self.targets if target not in unnamed]
        return [self.names.pop(UNNAMED)]

    def leave_out(self, ids: set[str]) -> None:
        """Remove services that the text of the row excludes."""
        self.targets = [target for target in self.targets if target.platform_id not in ids]
        self.names = {key: name for key, name in self.names.items() if key not in ids}
        self.new = {key: about for key, about in self.new.items() if key not in ids}
        self.defects += ["services_restored"] if ids else []


def _collect_services(
    row: Mapping[str, str], rules: Sequence[FeatureRule], catalogue: Catalogue
) -> _Services:
    """Return the services in the columns and in the free text of a row."""
    yes = [
        MESSENGER if name == "Facebook" and _means_messenger(row) else name
        for column, name in COLUMNS.items()
        if row[column] == "Yes"
    ]
    names = {catalogue.find_id(name) or service_key(name): name for name in yes}
    services = _Services(
        [Target(platform_id, Feature.WHOLE_SERVICE) for platform_id in names],
        names,
        {
            platform_id: (name, PlatformKind.OTHER)
            for platform_id, name in names.items()
            if not catalogue.find_id(name)
        },
        ["platform_in_text"] if row[OTHER] else [],
    )
    for text in split_items(row[OTHER]):
        if not NETWORKS.search(text):
            services.add_item(text, rules, catalogue)
    return services


def _means_messenger(row: Mapping[str, str]) -> bool:
    """Return whether the cell of Facebook stands for its messenger, which the text alone names."""
    rest, count = MESSENGER_NAME.subn("", row["event"])
    return count > 0 and "facebook" not in rest.casefold() and "Messenger" not in row[OTHER]


def _is_carried(row: Mapping[str, str]) -> bool:
    """Return whether a block lasted beyond the year in which it began."""
    return (
        row["count_year"][:4] > row["start_date"][:4] or row["end_date"][:4] > row["start_date"][:4]
    )


def _named_in(text: str, names: Mapping[str, str]) -> set[str]:
    """Return the ids of the services whose name or id occurs in a text."""
    plain_text = f" {plain_name(text)} "
    return {
        platform_id
        for platform_id, name in names.items()
        if any(f" {plain_name(key)} " in plain_text for key in (name, platform_id.split("-")[0]))
    }


def _restored_ids(event: str, names: Mapping[str, str]) -> set[str]:
    """Return ids of services that a text reports as restored while others remain blocked."""
    sentences = words.split_sentences(event)
    staying = _named_in(" ".join(text for text in sentences if REMAINS.search(text)), names)
    if any(OTHERS_RESTORED.search(text) for text in sentences):
        return set(names) - staying if staying else set()
    passages = [match[0] for text in sentences for match in RESTORED.finditer(text)]
    return _named_in(" ; ".join(passages), names)


def _not_meant_ids(row: Mapping[str, str], names: Mapping[str, str]) -> set[str]:
    """Return ids of services in the cells of a long block that its text does not include.

    The cells list every service that an event ever affected. For a block beyond its first year,
    services that the text reports as restored are excluded. If the first sentence names the blocked
    services and refers to no others, services that the text never names are excluded as well.
    """
    if len(names) < 2 or not _is_carried(row):
        return set()
    event = row["event"]
    named = _named_in(words.first_sentence(event), names)
    out = _restored_ids(event, names)
    is_listed = not GROUP_WORDS.search(words.first_sentence(event)) and not MORE.search(event)
    if named and is_listed:
        out |= set(names) - _named_in(event, names)
    return out if out < set(names) else set()


def shorten_text(text: str) -> str:
    """Return an excerpt from the beginning of a text."""
    return blanks.strip_blanks(text[:EXCERPT_SIGNS])


def _merge_targets(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return each platform and feature once; a feature by rule replaces the whole service."""
    featured = {target.platform_id for target in targets if target.feature != Feature.WHOLE_SERVICE}
    first: dict[tuple[str, str], Target] = {}
    for target in targets:
        if target.feature != Feature.WHOLE_SERVICE or target.platform_id not in featured:
            first.setdefault((target.platform_id, str(target.feature)), target)
    return tuple(first[key] for key in sorted(first))


def _networks_only(row: Mapping[str, str]) -> Targets:
    """Return the targets of a row that is not about services."""
    unsaid = Target(UNNAMED, Feature.UNKNOWN, "the register does not say what is restricted")
    full = read_cut(row).full
    named = [name for column, name in COLUMNS.items() if row[column] == "Yes"]
    also = (*named, row[OTHER]) if row[OTHER] else tuple(named)
    internet = Target(WHOLE_INTERNET, Feature.WHOLE_SERVICE)
    return Targets((internet if full else unsaid,), {}, also)


def read_targets(
    row: Mapping[str, str], rules: Sequence[FeatureRule], catalogue: Catalogue
) -> Targets:
    """Return the targets of a row.

    Args:
        row: cells of the register as text.
        rules: patterns of features in free text, only for rows that restrict services.
        catalogue: the services on record.
    """
    cut = read_cut(row)
    if not cut.services:
        return _networks_only(row)
    services = _collect_services(row, rules, catalogue)
    services.leave_out(_not_meant_ids(row, services.names))
    also = [text for text in split_items(row[OTHER]) if NETWORKS.search(text)]
    also += services.drop_remainders()
    if not services.targets:
        text = f": '{shorten_text(row[OTHER])}'" if row[OTHER] else ""
        note = f"the register names no service{text}"
        services.targets.append(Target(UNNAMED, Feature.WHOLE_SERVICE, note))
        services.names[UNNAMED] = "services that are not named"
        services.defects.append("platform_not_named")
    services.targets += _features_in_text(row, rules, services.names)
    if cut.full:
        services.targets.append(Target(WHOLE_INTERNET, Feature.WHOLE_SERVICE))
    if any(target.note.startswith("rule ") for target in services.targets):
        services.defects.append("feature_in_text")
    return Targets(
        _merge_targets(services.targets),
        services.new,
        tuple(also),
        tuple(dict.fromkeys(services.defects)),
    )
