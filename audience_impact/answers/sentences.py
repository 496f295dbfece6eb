"""The answer for a restriction as sentences: number, bounds, caveats, evidence and sources.

The phrases of caveats stand in documents/phrases.csv, by the rule, detail or code that each puts
into words.
"""

import re
from collections.abc import Sequence

from audience_impact.answers.names import (
    area_in_words,
    capitalise_first,
    join_names,
    label_code,
    read_phrases,
)
from audience_impact.answers.numbers import (
    bracket_interval,
    describe_bounds,
    describe_estimate,
    format_ceiling,
    format_number,
    has_telling_ceiling,
    has_telling_floor,
    limit_bounds,
    on_day,
    round_interval,
)
from audience_impact.answers.records import (
    AnswerRecord,
    Claim,
    Measurement,
    Number,
    Place,
    Restriction,
    Row,
)
from audience_impact.answers.restriction_words import (
    ONE_NETWORK,
    describe_other_end,
    describe_place,
    describe_restriction,
    describe_timing,
    is_several,
    list_services,
    name_features,
    name_restriction,
)
from audience_impact.outputs.review.status_rules import MISSING, TABLE, fill_sentence
from audience_impact.vocabulary import (
    NOT_AS_ORDER,
    PRINTED_AREA,
    WITH_NETWORK,
    Assumption,
    FactRole,
    Feature,
    FigureKind,
    ImpactMetric,
    ImputationRung,
    IntervalKind,
    PartGap,
    PlaceReading,
    PopulationBase,
    Unit,
    write_word,
)

OWN_PROJECTION = re.compile(r"^Audience Impact(.*?)(?: \(.*)?$")
"""Attribution of a base that this project projects itself, with its year, to a page."""
NAMED_ROLES = ("audience", "operators", "feature_share")
"""Roles of the figures whose measurers an answer names."""
CODES = {
    word.value: write_word(word, "noun") for kind in (Feature, PopulationBase) for word in kind
}
"""Wording for the codes of features and populations."""
EXTENT, GAP, ASSUMED = "extent", "part_unknown", "feature_assumed"
"""Status rules whose sentences are built from details of the row."""
_MANY = "(?:several|some|many|multiple|various|numerous|a few|a number of)"
_PLACES = (
    "(?:areas|cities|counties|districts|localities|locations|oblasts|parts|places|provinces|"
    "regions|states|towns|townships|villages)"
)
UNNAMED_PLACES = re.compile(
    rf"\b(?:(?:and|plus) )?(?:(?:{_MANY}|\d+) )?other (?:\w+ ){{0,2}}?{_PLACES}\b"
    rf"|\b(?:and )?{_MANY} (?:\w+ )?{_PLACES}\b"
    r"|\band others\b",
    re.IGNORECASE,
)
"""Words for places that a text mentions and does not name."""
DESCRIBED_EVENT = "description of the event"
"""Publisher of an event that somebody described and that is on no record."""
UNCOUNTED = (PartGap.OPERATORS, PartGap.OPERATORS_NOISE, PartGap.OPERATORS_BELOW)
"""Reasons why the users of operators are not known, given beside the extent."""
FIGURE_KINDS = (
    FigureKind.COMPANY_STATEMENT,
    FigureKind.PEOPLE_AFFECTED,
    FigureKind.PLATFORM_AUDIENCE,
)
"""Kinds of published figures that count whom an answer counts, the best known first."""
LIMITS = {IntervalKind.ONE_SIDED_MIN: "at least ", IntervalKind.ONE_SIDED_MAX: "up to "}
DIFFERING = 1.5
"""Factor from which a published figure differs from the median enough to be named."""
_BODIES = re.compile(
    r"\b(?:administration|agency|army|authorit(?:y|ies)|commission|commissioner|council|court|"
    r"department|directorate|forces|government|inspector general|junta|magistrate|militia|"
    r"military|minister|ministry|office|parliament|police|presidency|president|regulator|"
    r"alliance|coalition|federation|kingdom|republic|union|hackers|"
    r"secretary|taliban|congress|assembly|cabinet|force)\b",
    re.IGNORECASE,
)
"""Words of a name that takes an article in a sentence."""
_PERSON = re.compile(
    r"^(?:[A-Z][\w()]* )*(?:President|Minister|Secretary|Commissioner|Magistrate|Judge|Justice) "
    r"(?!Office|General|Administration|Department|Council|Court|and|of|for|in|to)[A-Z]"
)
"""A title before the name of a person, which takes no article: `President Nicolas Maduro`."""
_UNNAMED_LAW = re.compile(r"://|^(?:\w+ )?order$|^.{61}", re.IGNORECASE | re.DOTALL)
"""Texts on a law that are no name of it, as a comment on it of more than 60 letters."""


def write_lead(record: AnswerRecord) -> str:
    """Return the number and what was done in plain words, without interval and details."""
    return write_headline(record, with_interval=False)


def write_headline(record: AnswerRecord, with_interval: bool = True) -> str:
    """Return the answer in one sentence; without an estimate in as few as that takes."""
    leading, place, about = record.leading, describe_place(record), record.restriction
    comma = "," * about.is_below
    if leading.people.max == 0:
        day = about.announced_on or about.observed_from
        restriction = f"{name_restriction(record)}{f' announced {on_day(day)}' if day else ''}"
        return f"No one in {place} was affected: the {restriction} was never carried out."
    if leading.people.interval is None:
        people = f"how many people in {place}{comma} {_describe_people(record)}"
        parts = [f"No reliable estimate exists of {people}.", name_best_figure(record)]
        if has_telling_ceiling(leading.people, leading.population_persons, leading.base_persons):
            parts.append(f"The maximum is {format_ceiling(leading.people.max or 0.0)}.")
        return " ".join(filter(None, parts))
    low, middle, high = leading.people.interval
    span = bracket_interval(low, high) if with_interval else ""
    number = round_interval(low, middle, high)[1]
    return f"About {number} people in {place}{span}{comma} {_describe_people(record)}."


def _describe_people(record: AnswerRecord) -> str:
    words = describe_restriction(record)
    if "new_use_only" in read_rules(record.leading):
        return f"{words.used.replace('used', 'wanted to start using', 1)} when {words.done}"
    if record.leading.metric == ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        polls = "an estimate from polls taken during the restriction"
        assumed = read_rules(record.leading).get(ASSUMED, [])
        during = f", {polls}" * (Assumption.DURING in assumed)
        return f"ordinarily {words.users_did}{words.link}{words.done_to_such}{during}"
    return f"{'' if record.is_network else 'ordinarily '}{words.used}{words.link}{words.done}"


def write_answer(record: AnswerRecord, version_id: str | None = None) -> str:
    """Return the answer in a paragraph: number, bounds, uncertainties, sources and version."""
    leading = record.leading
    parts = [write_headline(record), describe_other_end(record.restriction)]
    is_affecting = leading.people.max != 0
    is_estimated = is_affecting and leading.people.interval is not None
    if is_estimated:
        parts += [
            name_differing_figure(record),
            _describe_other_users(record),
            _explain_bounds(record),
            _describe_deprived(record),
        ]
    elif is_affecting and (why := explain_missing_estimate(record, leading)):
        parts.append(f"There is no estimate because {why}.")
    if is_affecting:
        if record.is_network and (services := list_services(record)):
            parts.append(f"Also restricted: {services}.")
        parts += describe_timing(record)
        parts += name_unnamed_places(record)
        parts += describe_mixed_action(record)
        parts += list_caveats(record, leading) if is_estimated else []
        parts += [
            f"{row['disputed_by']} disputes the figure of {format_number(row['published_value'])} "
            f"by {row['publisher']}, which is not used."
            for row in record.comparisons
            if row["disputed_by"]
        ]
    parts.append(describe_evidence(record))
    if is_estimated:
        parts.append(f"{capitalise_first(leading.status)} in the number.")
    parts.append(write_sources(record, version_id))
    return " ".join(filter(None, parts))


def _describe_other_users(record: AnswerRecord) -> str:
    """Return the number of all users of the services, or that no survey has feature users."""
    if record.leading.metric == ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        interval = record.by_metric[ImpactMetric.PEOPLE_EXPOSED].people.interval
        names = is_several(record) and record.restriction.network_scope not in ONE_NETWORK
        used = "used these services" if names else describe_restriction(record).used
        users = capitalise_first(describe_estimate(*interval)) if interval else ""
        return users and f"{users} {used} at all."
    if record.is_of_feature and not record.is_network:
        return "No survey measured how many of them used what was restricted."
    return ""


def _explain_bounds(record: AnswerRecord) -> str:
    leading, people = record.leading, record.leading.people
    base, persons = _name_base(leading, ""), leading.base_persons or 0.0
    is_of_base = bool(base and persons and not (record.restriction.is_below or record.is_network))
    count = format_number(persons)
    limited = limit_bounds(people, leading.population_persons, leading.base_persons)
    if limited.printed_max is None and limited.max is None and not has_telling_floor(limited):
        if (people.interval or (0.0,))[-1] > persons:
            return ""  # the count as printed is below some draws of it
        there = "there" if record.restriction.place is Place.COUNTRY else "in the whole country"
        return f"Our record counts {count} {base} {there}." if is_of_base else ""
    of = f", of {count} {base}"
    if limited.printed_max is not None and format_number(limited.printed_max) == count:
        of = f", the latter being all {base}"
    most = max(people.printed_max or 0.0, people.q50 or 0.0)
    is_shown = is_of_base and limited.printed_max is not None and persons >= most
    return f"{capitalise_first(describe_bounds(limited))}{of * is_shown}."


def _name_base(leading: Number, fallback: str) -> str:
    is_usual = leading.base and leading.base != PopulationBase.CUSTOM
    return label_code(leading.base, "population_base") if is_usual else fallback


def _describe_deprived(record: AnswerRecord) -> str:
    """Return how many were left without access, or that people who kept it are included."""
    if record.is_network:
        return ""
    deprived = record.by_metric[ImpactMetric.PEOPLE_DEPRIVED_NET]
    interval = deprived.people.interval
    if interval is None or interval[2] == 0:
        if "not_cut" in read_rules(deprived):
            how = "as slowed or impaired, not cut, and counts no one as without access"
            return f"Our record has it {how}."
        return "People who got round the restriction, for instance with VPNs, are included."
    low, middle, high = interval
    without = describe_estimate(low, middle, high, "lost access")
    return f"Allowing for people who got round it, for instance with VPNs, {without}."


def write_sources(record: AnswerRecord, version_id: str | None = None) -> str:
    """Return the measurers, then the version: `Figures: Mediascope, July 2025; version ...`."""
    leading = record.leading
    attributions: dict[str, set[str]] = {role: set() for role in (*NAMED_ROLES, "base")}
    for figure in record.figures:
        if figure["role"] in attributions and leading.people.max != 0:
            attributions[figure["role"]].add(figure["attribution"])
    named = [name for role in NAMED_ROLES for name in sorted(attributions[role])]
    if not attributions["audience"] and attributions["base"]:
        ours = r"audience-impact projection from ITU data\1"
        bases = [OWN_PROJECTION.sub(ours, name) for name in sorted(attributions["base"])]
        named.append(f"{_name_base(leading, 'people')} by {join_names(bases)}")
    if version_id and record.restriction.reported_by == DESCRIBED_EVENT:
        named.append("computed by audience-impact for this question, and in no published version")
    elif version_id:
        named.append(f"audience-impact version {version_id}")
    return f"Figures: {'; '.join(named)}." if named else ""


def read_rules(number: Number) -> dict[str, list[str]]:
    """Return the rules behind the reason of a row of `impact`, each with its details."""
    details: dict[str, list[str]] = {}
    for rule, detail in _pair_details(number):
        details.setdefault(rule, []).append(detail)
    return details


def _pair_details(number: Number) -> list[tuple[str, str]]:
    rules = (number.reason_rule_ids or "").split(";") if number.reason_rule_ids else []
    details = number.reason_details.split(";") if number.reason_details else [""] * len(rules)
    return list(zip(rules, details, strict=True))


def write_reasons(record: AnswerRecord, number: Number) -> list[tuple[str, str]]:
    """Return the rule and the text of each sentence of the reason, with codes put into words."""
    extent = record.restriction.extent_reason or ""
    return [
        (rule, fill_sentence(rule, extent if rule == EXTENT else detail, CODES))
        for rule, detail in _pair_details(number)
    ]


def explain_missing_estimate(record: AnswerRecord, number: Number) -> str:
    """Return why the row has no estimate, for use after `because`; blank without a reason."""
    rules, missing = read_rules(number), read_phrases("missing")
    gaps = {gap: write_word(PartGap(gap), "noun") for gap in rules.get(GAP, [])}
    if EXTENT in rules:
        reasons = [_explain_extent(record), *(gaps[gap] for gap in gaps if gap in UNCOUNTED)]
        return " and ".join(reasons + [missing["too_wide"]] * ("too_wide" in rules))
    is_printed = PRINTED_AREA in (record.restriction.note or "")
    is_unplaced = record.restriction.place is Place.UNNAMED or is_printed
    if is_unplaced and PartGap.NO_PLACES in gaps:
        return ""  # a sentence of its own says so
    hidden_rules = {GAP}
    if gaps:  # which are more specific
        hidden_rules |= {"subnational", "some_networks", "networks_unknown"}
    features = name_features({target.feature for target in record.targets})[0]
    general = [
        missing.get(rule.id, rule.sentence).format(features=features)
        for rule in TABLE
        if rule.id in rules and rule.caps_at == MISSING and rule.id not in hidden_rules
    ]
    limits = [why for rule, why in read_phrases("limit").items() if rule in rules]
    return " and ".join([*general, *gaps.values()] or limits)


def _explain_extent(record: AnswerRecord) -> str:
    """Return why a source does not mean everyone, to follow `because`."""
    reason = record.restriction.extent_reason or ""
    for pattern, words in read_phrases("extent").items():
        if match := re.fullmatch(pattern, reason):
            return match.expand(words)
    return f"the source does not mean everyone there ({reason})"


def list_caveats(record: AnswerRecord, number: Number) -> list[str]:
    """Return the caveats of an estimate, each as a sentence."""
    rules = read_rules(number)
    sentences = [
        f"{what}; the number is modelled on {write_word(ImputationRung(rung), 'noun')}."
        for rule, what in read_phrases("imputed").items()
        for rung in rules.get(rule, [])
    ]
    if EXTENT in rules:
        sentences.append(f"The number allows for this: {_explain_extent(record)}.")
    if ASSUMED in rules:
        assumed = []
        for detail in rules[ASSUMED]:  # a code, and the codes that it is about
            word, *cells = detail.split(":")
            lists = [
                join_names([CODES.get(code, code) for code in cell.split(",")]) for cell in cells
            ]
            assumed.append(read_phrases("assumed")[word].format(*lists))
        sentences.append(f"Assumptions: {'; '.join(assumed)}.")
    ages = rules.get("ages", [])
    sentences += [
        sentence
        for rule, sentence in read_phrases("caveat").items()
        if rule in rules and not (ages and rule == "younger_missing")
    ]
    return [*sentences, *(f"The number covers people aged {age} and over." for age in ages)]


def name_unnamed_places(record: AnswerRecord) -> list[str]:
    """Return a sentence on places that the record does not name, where no number counts them.

    They are counted where a place is read as a part of a larger one: `Monywa and other townships,
    Sagaing Division` are a part of Sagaing.
    """
    printed = (record.restriction.note or "").partition(PRINTED_AREA)[2].partition(";")[0]
    gaps = read_rules(record.by_metric[ImpactMetric.PEOPLE_EXPOSED]).get(GAP, [])
    if record.restriction.place is Place.UNNAMED or (printed and PartGap.NO_PLACES in gaps):
        if printed and not re.search(r"\bnation|\bcountry", printed, re.IGNORECASE):
            return [f"Its source says “{printed}”, for which our record has no count of people."]
        return ["Our record does not say which places were affected."]
    readings = (record.restriction.place_readings or "").split(";")
    match = UNNAMED_PLACES.search(printed)
    if match is None or readings == [""] or PlaceReading.WITHIN in readings:
        return []
    places = f"adds “{match[0]}”"
    if not printed[: match.start()].strip():
        places = f"speaks of “{match[0][:1].lower()}{match[0][1:]}”"
    return [f"The source {places}: places that it does not name are not counted."]


def describe_mixed_action(record: AnswerRecord) -> list[str]:
    """Return sentences on a cut that a register records as slowed as well, or as one of several."""
    note, is_estimated = record.restriction.note or "", record.leading.people.interval is not None
    return [
        sentence.format(counted="; the number covers both" * is_estimated)
        for remark, sentence in read_phrases("remark").items()
        if remark in note and not (remark == WITH_NETWORK and record.is_network)
    ]


def name_best_figure(record: AnswerRecord) -> str:
    """Return a sentence on the best published figure of the people, with its owner; or blank.

    It is the audience that the bounds rest on; without one, a figure that others published.
    """
    used = [figure for figure in record.figures if figure["role"] == FactRole.AUDIENCE]
    others, about = _list_comparable(record), record.restriction
    used_ids = [figure["platform_id"] for figure in used[:1]]
    parts = [row for row in record.audiences if row["platform_id"] in used_ids]
    low, high = (parts[0][f"printed_{end}_persons"] if parts else None for end in ("min", "max"))
    persons = low or high
    same = [row for row in others if row["published_value"] == persons]
    if same or record.is_network or not persons or persons >= (record.leading.base_persons or 0.0):
        return f"The best published figure is {_cite(same or others)}." if same or others else ""
    country = ""
    if not about.is_below and about.place is not Place.COUNTRY:
        country = f" for all of {area_in_words(about.country_ids, about.area_name)}"
    limit = "" if low == high or country else "at least " if low else "up to "
    alone = f" for {record.platforms[parts[0]['platform_id']]} alone" * (len(record.audiences) > 1)
    figure = f"{limit}{format_number(persons)}{alone}{country}"
    return f"The best published figure is {figure}: {used[0]['attribution']}."


def name_differing_figure(record: AnswerRecord) -> str:
    """Return a sentence on a published figure that ours differs from, with its owner; or blank."""
    interval = record.leading.people.interval
    if interval is None or record.leading.metric != ImpactMetric.PEOPLE_EXPOSED:
        return ""
    low, middle, high = interval
    rows = [
        row
        for row in _list_comparable(record)
        for value, kind in [(row["published_value"], row["interval_kind"])]
        if ((value < low or value * DIFFERING <= middle) and kind != IntervalKind.ONE_SIDED_MIN)
        or ((value > high or value >= middle * DIFFERING) and kind != IntervalKind.ONE_SIDED_MAX)
    ]
    return f"Another published figure is {_cite(rows)}." if rows else ""


def _list_comparable(record: AnswerRecord) -> list[Row]:
    """Return what others published of the people of the answer, the best known first."""
    several = len(record.platforms) > 1
    rows = [
        row
        for row in record.comparisons
        if row["figure_kind"] in FIGURE_KINDS
        and row["unit"] == Unit.PERSONS
        and not row["disputed_by"]
        and not (several and row["platform_id"])
    ]
    return sorted(rows, key=lambda row: FIGURE_KINDS.index(row["figure_kind"]))


def _cite(rows: Sequence[Row]) -> str:
    """Return the first figure with its owner: `at least 170 million, by TikTok`."""
    row = rows[0]
    number = f"{LIMITS.get(row['interval_kind'], '')}{format_number(row['published_value'])}"
    owner = re.sub(r" \((?:sources cited|relayed)\)", "", row["attribution"])
    return f"{number}, by {owner}"


def _name_authority(text: str) -> str:
    """Return who ordered it, or the kind of body where no name is: `the Government of Manipur`."""
    kinds = read_phrases("authority")
    bare = (re.sub(r"[ ,.]+(?:and)?$", "", part.strip()) for part in text.split(";"))
    parts = list(dict.fromkeys(filter(None, bare)))
    named = [part for part in parts if part.casefold() not in kinds] or parts[:1]
    return join_names([kinds.get(part.casefold()) or _add_article(part) for part in named])


def _add_article(name: str) -> str:
    if re.match(r"(?:the|an?)\b", name, re.IGNORECASE):
        return name[:1].lower() + name[1:]
    is_body = _BODIES.search(name.partition(",")[0]) and not _PERSON.search(name)
    return f"the {name}" if is_body else name


def describe_evidence(record: AnswerRecord) -> str:
    """Return sentences on who reports the restriction, who is behind it and who measured it."""
    about = record.restriction
    source = about.reported_by or "Its source"
    if source == DESCRIBED_EVENT:
        return "The event is on no record: it is taken to happen as described."
    measurers = join_names(about.measurers)
    measured = {
        Measurement.OWN: " from its own measurements",
        Measurement.NAMED: f"; measurements by {measurers} are on record",
        Measurement.CLEAR: f"; measurements by {measurers} found no restriction",
        Measurement.NONE: "",
    }[about.measurement]
    disputed = "; that it happened is disputed" * about.is_disputed
    sentences = [f"{source} reports it{measured}{disputed}.", _describe_claim(about)]
    is_fault = NOT_AS_ORDER in (about.note or "") and not about.is_official
    sentences += ["Officials acknowledged it, but not as an order."] * is_fault
    is_ordered = about.claim in (Claim.ORDERED, Claim.ORDERED_UNNAMED)
    missing = ["no official statement"] * (not (about.is_official or is_ordered or is_fault))
    missing += ["no measurement"] * (about.measurement is Measurement.NONE)
    sentences += [f"Our record holds {' and '.join(missing)}."] * bool(missing)
    return " ".join(filter(None, sentences))


def _describe_claim(about: Restriction) -> str:
    """Return a sentence on who ordered it, and whether that was confirmed; blank for neither."""
    if about.claim is Claim.UNKNOWN:
        return "It was officially confirmed." if about.is_official else ""
    who, law = _name_authority(about.authority or ""), about.legal_basis or ""
    by_law = f" ({law})" if law and not _UNNAMED_LAW.search(law) else ""
    confirmed = "; it was officially confirmed" * about.is_official
    if about.claim is Claim.ATTRIBUTED:
        return f"Our record attributes it to {who}{confirmed}."
    if who and about.is_official:
        return f"It was ordered by {who}{by_law}, and was officially confirmed."
    whose = f"the order to {who}" if who else "it to an order, without saying whose"
    return f"Our record attributes {whose}{by_law}{confirmed}."


def label_evidence(record: AnswerRecord) -> str:
    """Return who confirms the restriction, for a label: `reported, measured by OONI`."""
    about, measurers = record.restriction, ", ".join(record.restriction.measurers)
    claim = label_code(about.claim_status, "claim_status")
    measured = {
        Measurement.NONE: "no measurement on record",
        Measurement.CLEAR: f"not seen by {measurers}",
    }
    return f"{claim}, {measured.get(about.measurement, f'measured by {measurers}')}"
