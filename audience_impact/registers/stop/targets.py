"""Targets of a row of the STOP register: services by name, and features by rule.

The register names services in five yes-or-no columns and in free text. Every name in the free text
is recorded: as a known service, as a new service (added for review), or as a group.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from audience_impact.plain_text import strip_blanks
from audience_impact.registers.countries import plain_name
from audience_impact.registers.register import Catalogue, FeatureRule, Target, Targets, service_key
from audience_impact.registers.stop.words import (
    OTHER,
    PHRASES,
    SERVICES,
    Row,
    is_full_network,
    says,
    split_sentences,
)
from audience_impact.vocabulary import WHOLE_INTERNET, Feature, PlatformKind

UNNAMED = "unnamed-services"
EXCERPT_SIGNS = 100
NEW_GROUPS = {
    UNNAMED: "Services that the source does not name",
    "vpn-services": "VPN services",
    "websites": "Websites that the source does not name",
}
"""Groups that free text may name without their members; those in the facts have the same id."""
SPELLINGS = dict(PHRASES.phrases["service_name"])


def split_items(text: str) -> list[str]:
    """Return the items of a cell of free text; a quotation is one item."""
    quoted = re.findall(r'"([^"]+)"', text)
    rest = re.sub(r'"[^"]+"', ",", text)
    rest = re.sub(r"\((?:vkontakte|odnoklassniki|romeo|my\.mail\.ru|pia)\)", "", rest, flags=re.I)
    parts = re.split(r"[,;]|\band\b|(?<=\w)\.\s|\bincluding\b", rest)
    parts = [re.sub(r",?\s*possibly$", "", part.strip(" .\t"), flags=re.I) for part in parts]
    parts = [strip_blanks(" ".join(part.split())) for part in [*parts, *quoted]]
    return [part for part in parts if part and plain_name(part) not in ("", "possibly")]


def kind_of(name: str) -> PlatformKind:
    """Return the kind of a service that is not in the facts."""
    kinds = PHRASES.list_meanings("kind", plain_name(name).replace(" ", ""))
    return PlatformKind(next(iter(kinds), PlatformKind.OTHER))


def is_name(text: str) -> bool:
    """Return whether a text looks like a service's name: up to four capitalised words."""
    words = text.split()
    return 0 < len(words) <= 4 and all(re.match(r"[A-Z0-9]|VPN", word) for word in words)


def _read_item(text: str, catalogue: Catalogue) -> tuple[tuple[str, ...], str, str]:
    if platform_id := catalogue.find_id(text):
        return (platform_id,), "", ""
    if groups := PHRASES.list_meanings("group", text):
        return tuple(groups), "", ""
    name = SPELLINGS.get(service_key(text), "").title() or text
    if is_name(name) or kind_of(name) is not PlatformKind.OTHER:
        return (service_key(name).replace(" ", "-"),), name, "platform_new"
    return (UNNAMED,), "", "platform_text_unread"


@dataclass
class _Services:
    """The services of a row during reading: targets, names as read, new services, defects."""

    targets: list[Target] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    new: dict[str, tuple[str, str]] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)

    def add_item(self, text: str, rules: Sequence[FeatureRule], catalogue: Catalogue) -> None:
        """Add a service of a column, or one item of free text."""
        hits = [rule for rule in rules if rule.column == OTHER and rule.find_match(text)]
        bare = strip_blanks(re.sub(hits[0].pattern, "", text, flags=re.I)) if hits else text
        is_known = bool(catalogue.find_id(text))
        name = text if is_known or not bare else bare
        ids, added, defect = _read_item(name, catalogue)
        printed = f"'{shorten_text(text)}'"
        features = [(rule.feature, f"rule {rule.rule_id} on {OTHER}: {printed}") for rule in hits]
        whole_service = (str(Feature.WHOLE_SERVICE), "" if is_known else f"printed {printed}")
        for platform_id in ids:
            self.names.setdefault(platform_id, name)
            self.new |= {platform_id: (added, kind_of(added).value)} if added else {}
            self.targets += [Target(platform_id, *values) for values in features or [whole_service]]
        self.defects += [defect] if defect else []

    def add_features(self, row: Row, rules: Sequence[FeatureRule]) -> None:
        """Add features in texts to the services of the same sentence, or to all without one."""
        for rule in rules:
            sentences = split_sentences(row[rule.column]) if rule.column != OTHER else ()
            if sentence := next(filter(rule.find_match, sentences), ""):
                text = plain_name(sentence)
                named = [key for key, name in self.names.items() if plain_name(name) in text]
                note = f"rule {rule.rule_id} on {rule.column}"
                self.targets += [Target(key, rule.feature, note) for key in named or self.names]

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

    def list_targets(self) -> tuple[Target, ...]:
        """Return each platform and feature once; a feature by rule replaces the whole service."""
        every_feature = Feature.WHOLE_SERVICE
        featured = {item.platform_id for item in self.targets if item.feature != every_feature}
        first: dict[tuple[str, str], Target] = {}
        for target in self.targets:
            if target.feature != every_feature or target.platform_id not in featured:
                first.setdefault((target.platform_id, str(target.feature)), target)
        return tuple(first[key] for key in sorted(first))


def shorten_text(text: str) -> str:
    """Return an excerpt from the beginning of a text."""
    return strip_blanks(text[:EXCERPT_SIGNS])


def read_targets(row: Row, rules: Sequence[FeatureRule], catalogue: Catalogue) -> Targets:
    """Return the targets of a row; `rules` find features in the texts of rows on services."""
    named = [name for column, name in SERVICES.items() if row[column] == "Yes"]
    internet = Target(WHOLE_INTERNET, Feature.WHOLE_SERVICE)
    if "Service" not in row["shutdown_extent"]:
        unstated = Target(UNNAMED, Feature.UNKNOWN, "the register does not say what is restricted")
        also_named = tuple(filter(None, (*named, row[OTHER])))
        return Targets((internet if is_full_network(row) else unstated,), {}, also_named)
    services = _Services(defects=["platform_in_text"] if row[OTHER] else [])
    also = []
    for text in (*named, *split_items(row[OTHER])):
        if says("not_a_service", text):
            also.append(text)
        else:
            services.add_item(text, rules, catalogue)
    also += services.drop_remainders()
    if not services.targets:
        text = f": '{shorten_text(row[OTHER])}'" if row[OTHER] else ""
        note = f"the register names no service{text}"
        services.targets.append(Target(UNNAMED, Feature.WHOLE_SERVICE, note))
        services.names[UNNAMED] = "services that are not named"
        services.defects.append("platform_not_named")
    services.add_features(row, rules)
    if is_full_network(row):
        services.targets.append(internet)
    if any(target.note.startswith("rule ") for target in services.targets):
        services.defects.append("feature_in_text")
    defects = tuple(dict.fromkeys(services.defects))
    return Targets(services.list_targets(), services.new, tuple(also), defects)
