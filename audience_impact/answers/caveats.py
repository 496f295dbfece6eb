"""Caveats of an answer as sentences, from the reasons in the published rows."""

import re
from collections.abc import Sequence

from audience_impact.answers.names import area_in_words, join_names, label_code
from audience_impact.answers.numbers import format_number
from audience_impact.answers.records import (
    AnswerRecord,
    Claim,
    Clauses,
    Measurement,
    Number,
    Place,
    Row,
)
from audience_impact.answers.restriction_words import name_features
from audience_impact.outputs.review.status_rules import MISSING, TABLE, fill_sentence
from audience_impact.vocabulary import (
    BOTH_ACTIONS,
    EITHER_ACTION,
    FAST_CUT,
    IN_SERIES,
    NOT_AS_ORDER,
    PRINTED_AREA,
    SLOWED_ALONE,
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
)

CODES = {word.value: word.noun for kind in (Feature, PopulationBase) for word in kind}
"""Wording for the codes of features and populations."""
EXTENT, GAP, ASSUMED = "extent", "part_unknown", "feature_assumed"
"""Status rules whose sentences are built from details of the row."""
MISSING_REASONS: dict[str, str] = {
    "start_unknown": "our record does not say when it began",
    "subnational": "only a part of the country was affected",
    "some_networks": "only some networks were affected, and our record has no count of their users",
    "networks_unknown": "our record does not say which networks were affected",
    "new_use_only": "only {features} were affected, and our record holds no count of those",
    "no_figure": "our record holds no user figure from before it began",
    "too_vague": "modelled figures are too uncertain to print",
    "rung_closed": "estimates that rest on as little as this failed our tests",
    "too_wide": "the plausible numbers vary more than twelvefold",
    "no_width": "the figures leave no room for a range: one may be wrong, or two may count "
    "different people",
    "no_base": "our record holds no count of the people online there",
    "perhaps_over": "its end is not recorded, and by then it was more likely over than not",
}
"""Sentences that explain a missing estimate, by status rule."""
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
_WHOLE_COUNTRY = re.compile(r"\bnation|\bcountry", re.IGNORECASE)
WIDE = "too_wide"
DESCRIBED_EVENT = "description of the event"
"""Publisher of an event that somebody described and that is on no record."""
UNCOUNTED = (PartGap.OPERATORS, PartGap.OPERATORS_NOISE, PartGap.OPERATORS_BELOW)
"""Reasons why the users of operators are not known, given beside the extent."""
LIMIT_REASONS: dict[str, str] = {
    "some_unknown": "some of the services have no figure",
    "one_sided": "a figure is only a lower or an upper limit",
    "brief": "figures of a day or a week give only a lower limit",
    "part_of_ages": "figures of some ages give only a lower limit",
    "unlearned": "the errors of figures were not fitted to the facts",
    "uncalibrated": "the joint use of services was not fitted to surveys",
}
"""Sentences that explain why there is no estimate although figures exist."""
GENERAL = ("subnational", "some_networks", "networks_unknown")
"""Status rules whose general sentence is omitted where the row has a more specific one."""
PLAINER: dict[str, str] = {
    PartGap.NO_PLACES: "our record does not say which places were affected",
    PartGap.NO_POPULATION: "our record holds no count of who lives in a place named",
    PartGap.PART_UNKNOWN: "our record has no count of the people in the part that was affected",
    PartGap.FIXED_ALONE: "no survey counts who has a fixed line and no mobile network",
    PartGap.SATELLITE_ALONE: "no survey counts who has a satellite connection alone",
    PartGap.OPERATORS_NOISE: "the counts of its operators' users there jump from month to month",
    PartGap.OPERATORS: "our record holds no count of the users of the operators named",
    PartGap.OPERATORS_BELOW: "our record holds no count of a small operator's users in a part of a "
    "country",
    PartGap.NETWORKS_UNKNOWN: "our record does not say which networks were affected",
    ImputationRung.OWN_PEOPLE: "figures of the service there that are of another time, or of a "
    "part of its users",
    ImputationRung.OWN_OTHER: "advertising reach, accounts or installations of the service there",
}
"""Plain wordings that replace published ones which cannot be understood without the table."""
IMPUTED: dict[str, str] = {
    "imputed": "No survey measured the audience",
    "imputed_in_part": "No survey measured some of the audiences",
}
"""Descriptions of the imputed audiences, by status rule."""
APPLIED: dict[str, str] = {
    Assumption.ANY_MESSENGER: "the survey asked about any messenger, and this is applied to these",
    Assumption.FEATURE: "the share of {} is applied to {}",
    Assumption.POPULATION: "{} were asked, and this is applied to {}",
    Assumption.DURING: "people were asked during the restriction, and this is applied to the time "
    "before it",
    Assumption.LIMIT: "a limit of the share is taken as the share",
}
"""Plain wordings of the assumptions about users of a feature."""
CAVEATS: dict[str, str] = {
    "within": "Our record has no count of people in a part of the place, and assumes a part of "
    "typical size.",
    "either": "The source may mean a place or a smaller one of the same name.",
    "unasked": "No survey covers internet use in that area alone.",
    "network_guessed": "Which networks were cut, or who used them, is assumed from similar cases.",
    "some_unknown": "Our record holds no figure for some of the services.",
    "several_measurers": "Several measurers disagree.",
    "publishers_differ": "Publishers' counts of the people online differ by half or more.",
    "projected": "The number of people online is a projection.",
    "under_block": "The figure is from an earlier block: people who had left the service are not "
    "counted.",
    "weak_metric": "A figure comes from a company, or its source does not state what it counts.",
    "old": "A figure is more than a year older than the restriction.",
    "younger_missing": "Younger users are not counted.",
    "feature_learned": "The share of users of the feature is estimated from other countries.",
}
"""Sentences that a reader of an answer should know, by status rule."""


def read_rules(number: Number) -> dict[str, list[str]]:
    """Return the rules behind the reason of a row of `impact`, each with its details."""
    details: dict[str, list[str]] = {}
    for rule, detail in _pair_details(number):
        details.setdefault(rule, []).append(detail)
    return details


def is_asked_during(number: Number) -> bool:
    """Return whether the users of the feature were asked during the restriction."""
    return Assumption.DURING in read_rules(number).get(ASSUMED, [])


def _pair_details(number: Number) -> list[tuple[str, str]]:
    """Return the rule and the detail of each sentence of the reason, in their order."""
    if not number.rule_ids:
        return []
    rules = number.rule_ids.split(";")
    details = (number.details or ";" * (len(rules) - 1)).split(";")
    return list(zip(rules, details, strict=True))


def write_reasons(record: AnswerRecord, number: Number) -> list[tuple[str, str]]:
    """Return the rule and the text of each sentence of the reason, with codes put into words."""
    return [
        (
            rule,
            fill_sentence(
                rule, (record.restriction.extent_reason or "") if rule == EXTENT else detail, CODES
            ),
        )
        for rule, detail in _pair_details(number)
    ]


def explain_missing_estimate(record: AnswerRecord, number: Number) -> str:
    """Return why the row has no estimate, for use after `because`; blank without a reason."""
    rules = read_rules(number)
    if EXTENT in rules:
        extent = record.restriction.extent_reason
        return " and ".join(
            [
                explain_extent(extent or ""),
                *(_word_gap(gap) for gap in rules.get(GAP, []) if gap in UNCOUNTED),
                *([MISSING_REASONS[WIDE]] if WIDE in rules else []),
            ]
        )
    is_printed = PRINTED_AREA in (record.restriction.note or "")
    is_unplaced = record.clauses.place is Place.UNNAMED or is_printed
    if is_unplaced and PartGap.NO_PLACES in rules.get(GAP, []):
        return ""  # a sentence of its own says so
    specific_reasons = [_word_gap(gap) for gap in rules.get(GAP, [])]
    hidden_rules = {GAP, *(GENERAL if specific_reasons else ())}
    features = name_features({target.feature for target in record.targets})[0]
    general = [
        MISSING_REASONS.get(rule.id, rule.sentence).format(features=features)
        for rule in TABLE
        if rule.id in rules and rule.caps_at == MISSING and rule.id not in hidden_rules
    ]
    limits = [why for rule, why in LIMIT_REASONS.items() if rule in rules]
    return " and ".join([*general, *specific_reasons] or limits)


EXTENTS = (
    (r"attack, not an order: it hits .*", "an attack hit one network alone"),
    (r"attack, not an order.*", "an attack caused it, and the source does not count whom it hit"),
    (r"damage, not an order: .*", "damage caused it, and the source does not count whom it hit"),
    (r"damage, not an order, and the text says (.*)",
     r"the source also says \1, which is not everyone"),
    (r"the text says (.*)", r"the source says \1, which is not everyone"),
    (r"(?:one|some) operators? named(?: in the title of its source|, and [^:]*)?: (.*)",
     r"the source names only \1"),
    (r"everyone but a part: (.*)", r"the source says “\1”"),
    (r"the scope cell says (.*), the area cell (.*)", r"the source says both \1 and \2"),
)  # fmt: skip
"""How a reason why not everyone was affected reads in a sentence, by its pattern."""


def explain_extent(reason: str) -> str:
    """Return why a source does not mean everyone, to follow `because`."""
    for pattern, words in EXTENTS:
        if match := re.fullmatch(pattern, reason):
            return match.expand(words)
    return f"the source does not mean everyone there ({reason})"


def _word_gap(gap: str) -> str:
    return PLAINER.get(gap, PartGap(gap).meaning)


def list_caveats(record: AnswerRecord, number: Number) -> list[str]:
    """Return the caveats of an estimate, each as a sentence."""
    rules = read_rules(number)
    sentences = [
        f"{what}; the number is modelled on {PLAINER.get(rung, ImputationRung(rung).meaning)}."
        for rule, what in IMPUTED.items()
        for rung in rules.get(rule, [])
    ]
    if EXTENT in rules:
        extent = explain_extent(record.restriction.extent_reason or "")
        sentences.append(f"The number allows for this: {extent}.")
    assumed = [_explain_assumption(detail) for detail in rules.get(ASSUMED, [])]
    sentences += [f"Assumptions: {'; '.join(assumed)}."] if assumed else []
    ages = rules.get("ages", [])
    sentences += [
        sentence
        for rule, sentence in CAVEATS.items()
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
    if record.clauses.place is Place.UNNAMED or (printed and PartGap.NO_PLACES in gaps):
        if printed and not _WHOLE_COUNTRY.search(printed):
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
    note = record.restriction.note or ""
    counted = "; the number covers both" * (record.leading.people.interval is not None)
    either = f"The source says that it was shut down or slowed{counted}."
    sentences = {
        BOTH_ACTIONS: either,
        EITHER_ACTION: either,
        SLOWED_ALONE: "The source also calls it a shutdown: at most the faster networks were "
        "switched off.",
        FAST_CUT: "The source says that the faster networks were suspended and 2G was slowed.",
        IN_SERIES: "It was one of a series of shutdowns.",
        WITH_NETWORK: "The source also says that the whole internet was affected. Only the users "
        "of these services are counted here.",
    }
    return [
        sentence
        for remark, sentence in sentences.items()
        if remark in note and not (remark == WITH_NETWORK and record.is_network)
    ]


def _explain_assumption(detail: str) -> str:
    """Return an assumption in words, from its code and the codes that it is about."""
    word, *cells = detail.split(":")
    lists = [join_names([CODES.get(code, code) for code in cell.split(",")]) for cell in cells]
    return APPLIED[Assumption(word)].format(*lists)


def describe_kept_access(record: AnswerRecord) -> str:
    """Return a sentence on people who kept access, if they cannot be subtracted."""
    if "not_cut" in read_rules(record.by_metric[ImpactMetric.PEOPLE_DEPRIVED_NET]):
        return (
            "Our record has it as slowed or impaired, not cut, and counts no one as without access."
        )
    return "People who got round the restriction, for instance with VPNs, are included."


FIGURE_KINDS = (
    FigureKind.COMPANY_STATEMENT,
    FigureKind.PEOPLE_AFFECTED,
    FigureKind.PLATFORM_AUDIENCE,
)
"""Kinds of published figures that count whom an answer counts, the best known first."""
_RELAYED = re.compile(r" \((?:sources cited|relayed)\)")
DIFFERING = 1.5
"""Factor from which a published figure differs from the median enough to be named."""


def name_best_figure(record: AnswerRecord) -> str:
    """Return a sentence on the best published figure of the people, with its owner; or blank.

    It is the audience that the bounds rest on; without one, a figure that others published.
    """
    used = [figure for figure in record.figures if figure["role"] == FactRole.AUDIENCE]
    others = _list_comparable(record)
    parts = [
        row for row in record.audiences if used and row["platform_id"] == used[0]["platform_id"]
    ]
    persons = parts[0]["lower_persons"] or parts[0]["upper_persons"] if parts else None
    same = [row for row in others if row["published_value"] == persons]
    if same or record.is_network or not persons or persons >= (record.leading.base_persons or 0.0):
        return f"The best published figure is {_cite(same or others)}." if same or others else ""
    figure = _word_audience(record, parts[0])
    return f"The best published figure is {figure}: {used[0]['attribution']}."


def _word_audience(record: AnswerRecord, part: Row) -> str:
    """Return the figure of an audience: `at least 33 million for PUBG Mobile alone`."""
    low, high = part["lower_persons"], part["upper_persons"]
    about, country = record.restriction, ""
    if about.area_id == about.country_id and record.clauses.place is not Place.COUNTRY:
        country = f" for all of {area_in_words(about.country_id, about.area_name)}"
    limit = "" if low == high or country else "at least " if low else "up to "
    alone = f" for {record.platforms[part['platform_id']]} alone" * (len(record.audiences) > 1)
    return f"{limit}{format_number(low or high)}{alone}{country}"


def name_differing_figure(record: AnswerRecord) -> str:
    """Return a sentence on a published figure that ours differs from, with its owner; or blank."""
    interval = record.leading.people.interval
    if interval is None or record.leading.metric != ImpactMetric.PEOPLE_EXPOSED:
        return ""
    rows = [row for row in _list_comparable(record) if _differs(row, *interval)]
    return f"Another published figure is {_cite(rows)}." if rows else ""


def _differs(row: Row, low: float, middle: float, high: float) -> bool:
    """Return whether a figure is outside the interval, or far from the median."""
    value, kind = row["published_value"], row["interval_kind"]
    below = value < low or value * DIFFERING <= middle
    above = value > high or value >= middle * DIFFERING
    is_least, is_most = (
        kind == limit for limit in (IntervalKind.ONE_SIDED_MIN, IntervalKind.ONE_SIDED_MAX)
    )
    return bool((below and not is_least) or (above and not is_most))


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
    limit = {IntervalKind.ONE_SIDED_MIN: "at least ", IntervalKind.ONE_SIDED_MAX: "up to "}
    return (
        f"{limit.get(row['interval_kind'], '')}{format_number(row['published_value'])}, by "
        f"{_RELAYED.sub('', row['attribution'])}"
    )


def name_disputes(record: AnswerRecord) -> list[str]:
    """Return a sentence on each published figure that a source disputes."""
    return [
        f"{row['disputed_by']} disputes the figure of {format_number(row['published_value'])} by "
        f"{row['publisher']}, which is not used."
        for row in record.comparisons
        if row["disputed_by"]
    ]


KINDS = {
    "executive government": "the national government",
    "state government": "a state government",
    "local government": "a local authority",
    "law enforcement": "the police",
    "government": "the government",
    "military": "the military",
    "military junta": "the military junta",
    "judiciary": "a court",
    "legislature": "the legislature",
    "non-government": "a group outside the government",
}
"""Who ordered a restriction by the kinds of a register, for a sentence."""
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
_UNNAMED_LAW = re.compile(r"://|^(?:\w+ )?order$", re.IGNORECASE)
SHORT_LAW = 60
"""Letters up to which the text on a law is its name, and not a comment on it."""


def name_authority(text: str) -> str:
    """Return who ordered a restriction, for a sentence: `the Government of Manipur`.

    A register prints the kind of body behind its name: it stands for a name that is missing.
    """
    bare = (re.sub(r"[ ,.]+(?:and)?$", "", part.strip()) for part in text.split(";"))
    parts = list(dict.fromkeys(filter(None, bare)))
    named = [part for part in parts if part.casefold() not in KINDS] or parts[:1]
    return join_names([KINDS.get(part.casefold(), _add_article(part)) for part in named])


def _add_article(name: str) -> str:
    begins = re.match(r"(?:the|an?)\b", name, re.IGNORECASE)
    if begins:
        return name[:1].lower() + name[1:]
    is_body = _BODIES.search(name.partition(",")[0]) and not _PERSON.search(name)
    return f"the {name}" if is_body else name


def describe_evidence(record: AnswerRecord) -> str:
    """Return sentences on who reports the restriction, who is behind it and who measured it."""
    source, clauses = record.reported_by or "Its source", record.clauses
    if source == DESCRIBED_EVENT:
        return "The event is on no record: it is taken to happen as described."
    names = join_names((record.restriction.measured_by or "").split(";"))
    measured = {
        Measurement.OWN: " from its own measurements",
        Measurement.NAMED: f"; measurements by {names} are on record",
        Measurement.CLEAR: f"; measurements by {names} found no restriction",
        Measurement.NONE: "",
    }[clauses.measurement]
    disputed = "; that it happened is disputed" if clauses.is_disputed else ""
    is_fault = NOT_AS_ORDER in (record.restriction.note or "") and not clauses.is_official
    acknowledged = "Officials acknowledged it, but not as an order." * is_fault
    sentences = [f"{source} reports it{measured}{disputed}.", _describe_claim(record), acknowledged]
    return " ".join([*filter(None, sentences), *_name_missing_evidence(clauses, is_fault)])


def label_evidence(record: AnswerRecord) -> str:
    """Return who confirms the restriction, for a label: `reported, measured by OONI`."""
    clauses, names = record.clauses, (record.restriction.measured_by or "").replace(";", ", ")
    claim = label_code(record.restriction.claim_status, "claim_status")
    if clauses.is_official:
        claim = "officially confirmed"
    measured = {
        Measurement.NONE: "no measurement on record",
        Measurement.CLEAR: f"not seen by {names}",
    }
    return f"{claim}, {measured.get(clauses.measurement, f'measured by {names}')}"


def _describe_claim(record: AnswerRecord) -> str:
    """Return a sentence on who ordered it, and whether that was confirmed; blank for neither."""
    restriction, clauses = record.restriction, record.clauses
    who = name_authority(restriction.authority or "")
    law = restriction.legal_basis or ""
    is_name = 0 < len(law) <= SHORT_LAW and not _UNNAMED_LAW.search(law)
    by_law = f" ({law})" * is_name
    if clauses.claim is Claim.UNKNOWN:
        return "It was officially confirmed." if clauses.is_official else ""
    if clauses.claim is Claim.ATTRIBUTED:
        confirmed = "; it was officially confirmed" * clauses.is_official
        return f"Our record attributes it to {who}{confirmed}."
    if who and clauses.is_official:
        return f"It was ordered by {who}{by_law}, and was officially confirmed."
    whose = f"the order to {who}" if who else "it to an order, without saying whose"
    confirmed = "; it was officially confirmed" * clauses.is_official
    return f"Our record attributes {whose}{by_law}{confirmed}."


def _name_missing_evidence(clauses: Clauses, is_fault: bool) -> list[str]:
    """Return a sentence on what the record lacks: an official statement, a measurement."""
    is_ordered = clauses.claim in (Claim.ORDERED, Claim.ORDERED_UNNAMED)
    has_statement = clauses.is_official or is_ordered or is_fault
    missing = ["no official statement"] * (not has_statement)
    missing += ["no measurement"] * (clauses.measurement is Measurement.NONE)
    return [f"Our record holds {' and '.join(missing)}."] if missing else []
