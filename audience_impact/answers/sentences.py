"""Answers as sentences, for a restriction, an area and a day. No other module writes them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from audience_impact.answers import Quantity, caveats
from audience_impact.answers.areas import AreaRecord, is_collected, is_year, read_amount
from audience_impact.answers.names import (
    area_in_words,
    capitalise_first,
    join_names,
    label_code,
    label_status,
    read_phrases,
)
from audience_impact.answers.numbers import (
    COUNTRIES,
    Cover,
    bracket_interval,
    day_in_words,
    describe_bounds,
    describe_estimate,
    format_ceiling,
    format_compact,
    format_floor,
    format_interval,
    format_number,
    has_telling_ceiling,
    has_telling_floor,
    limit_bounds,
    on_day,
    read_cover,
    read_estimate,
    round_interval,
)
from audience_impact.answers.records import AnswerRecord, Number, Place, Row
from audience_impact.answers.restriction_words import (
    ONE_NETWORK,
    describe_other_end,
    describe_place,
    describe_restriction,
    describe_timing,
    is_several,
    list_services,
    name_restriction,
)
from audience_impact.periods import ONE_DAY, parse_period
from audience_impact.vocabulary import (
    WORLD,
    Assumption,
    Confidence,
    ImpactMetric,
    PopulationBase,
    RestrictionKind,
)

OWN_MEASURER = "Audience Impact"
"""Measurer of the bases that this project projects itself."""
NAMED_ROLES = ("audience", "operators", "feature_share")
"""Roles of the figures whose measurers an answer names."""
FEW = 3
"""Number of countries that are named; the rest are counted."""
NOUNS = {
    RestrictionKind.ALL: ("internet restriction", "internet restrictions"),
    RestrictionKind.SHUTDOWN: (
        "shutdown of the whole internet",
        "shutdowns of the whole internet",
    ),
}
"""One restriction of a kind, and several."""


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
        parts = [f"No reliable estimate exists of {people}.", caveats.name_best_figure(record)]
        if has_telling_ceiling(leading.people, leading.population_persons, leading.base_persons):
            parts.append(f"The maximum is {format_ceiling(leading.people.max or 0.0)}.")
        return " ".join(filter(None, parts))
    low, middle, high = leading.people.interval
    span = bracket_interval(low, high) if with_interval else ""
    number = round_interval(low, middle, high)[1]
    return f"About {number} people in {place}{span}{comma} {_describe_people(record)}."


def _describe_people(record: AnswerRecord) -> str:
    words = describe_restriction(record)
    if "new_use_only" in caveats.read_rules(record.leading):
        return f"{words.used.replace('used', 'wanted to start using', 1)} when {words.done}"
    if record.leading.metric == ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        polls = "an estimate from polls taken during the restriction"
        assumed = caveats.read_rules(record.leading).get(caveats.ASSUMED, [])
        during = f", {polls}" * (Assumption.DURING in assumed)
        return f"ordinarily {words.users_did}{words.link}{words.done_to_such}{during}"
    return f"{'' if record.is_network else 'ordinarily '}{words.used}{words.link}{words.done}"


def write_answer(record: AnswerRecord, version_id: str | None = None) -> str:
    """Return the answer in a paragraph: number, bounds, uncertainties and sources.

    `version_id` is the version that is cited.
    """
    leading = record.leading
    parts = [write_headline(record), describe_other_end(record.restriction)]
    is_affecting = leading.people.max != 0
    is_estimated = is_affecting and leading.people.interval is not None
    if is_estimated:
        parts += [
            caveats.name_differing_figure(record),
            _describe_other_users(record),
            _explain_bounds(record),
            _describe_deprived(record),
        ]
    elif is_affecting and (why := caveats.explain_missing_estimate(record, leading)):
        parts.append(f"There is no estimate because {why}.")
    if is_affecting:
        if record.is_network and (services := list_services(record)):
            parts.append(f"Also restricted: {services}.")
        parts += describe_timing(record)
        parts += caveats.name_unnamed_places(record)
        parts += caveats.describe_mixed_action(record)
        parts += caveats.list_caveats(record, leading) if is_estimated else []
        parts += [
            f"{row['disputed_by']} disputes the figure of {format_number(row['published_value'])} "
            f"by {row['publisher']}, which is not used."
            for row in record.comparisons
            if row["disputed_by"]
        ]
    parts.append(caveats.describe_evidence(record))
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
        if "not_cut" in caveats.read_rules(deprived):
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
        bases = [_name_projection(name) for name in sorted(attributions["base"])]
        named.append(f"{_name_base(leading, 'people')} by {join_names(bases)}")
    if version_id and record.restriction.reported_by == caveats.DESCRIBED_EVENT:
        named.append("computed by audience-impact for this question, and in no published version")
    elif version_id:
        named.append(f"audience-impact version {version_id}")
    return f"Figures: {'; '.join(named)}." if named else ""


def _name_projection(attribution: str) -> str:
    """Return an attribution; that of our own projection as what it is, not as its page's."""
    if not attribution.startswith(OWN_MEASURER):
        return attribution
    year = attribution.removeprefix(OWN_MEASURER).partition(" (")[0]
    return f"audience-impact projection from ITU data{year}"


def write_area_lead(record: AreaRecord) -> list[str]:
    """Return the people or person-days of an area in one plain sentence, then their interval."""
    place, past = area_in_words(record.area_id, record.name), describe_period(record).rstrip(",")
    amount, (noun, plural) = record.amount, NOUNS[record.kind]
    if amount.max == 0:
        return [f"Our record has no {noun} that affected people in {place} {past}."]
    is_of_people = record.quantity is Quantity.PEOPLE
    under = f"under a{'n' * noun.startswith('i')} {noun} at some time {past}"
    if amount.interval is None:
        unknown = f"people in {place} were {under}"
        if not is_of_people:
            unknown = f"person-days people in {place} spent under {plural} {past}"
        return [_lead_without_estimate(record, place, unknown)]
    low, middle, high = amount.interval
    number, covered = round_interval(low, middle, high)[1], amount.covered
    if covered and covered.noun == COUNTRIES:
        countries = f"{covered.drawn:,} {'country' if covered.drawn == 1 else 'countries'}"
        place = countries if record.area_id == WORLD else f"{countries} of {place}"
    lead = f"About {number} people in {place} were {under}."
    if not is_of_people:
        spent = f"People in {place} spent about {number} person-days under {plural} {past}"
        lead = f"{spent}, each person counted once a day."
    lead += _name_left_out(covered) if covered else ""
    if high <= low:
        return [lead]
    of = " of those estimated" * bool(covered)
    is_rough = is_of_people and record.row.get("confidence") == Confidence.LOW
    doubt = " Treat the total as rough." * is_rough
    return [lead, f"The likely range{of} is {format_interval(low, high)}.{doubt}"]


def _name_left_out(covered: Cover) -> str:
    """Return a sentence on the countries or restrictions that a total leaves out."""
    if covered.drawn is None or covered.total is None:
        missing = f"some {covered.noun}"
    elif covered.noun != COUNTRIES:
        missing = f"{covered.total - covered.drawn:,} of {covered.total:,} restrictions"
    else:
        count = covered.total - covered.drawn
        missing = "another country" if count == 1 else f"another {count:,} countries"
        missing += f", and {covered.also_without}," if covered.also_without else ""
    return f" The true figure is probably higher: {missing} could not be estimated."


def _lead_without_estimate(record: AreaRecord, place: str, unknown: str) -> str:
    amount, count = record.amount, record.row["restrictions_count"]
    sentences = [f"No reliable estimate exists of how many {unknown}."]
    if amount.min:
        sentences.append(f"The minimum is {format_floor(amount.min)}.")
    base = record.row.get("base_persons") if record.quantity is Quantity.PEOPLE else None
    if has_telling_ceiling(amount, base, base):
        sentences.append(f"The maximum is {format_ceiling(amount.max or 0.0)}.")
    restrictions = f"{count:,} internet restriction{'' if count == 1 else 's'}"
    sentences.append(f"Our record has {restrictions} in force in {place} in that time.")
    return " ".join(sentences)


def write_area_answer(record: AreaRecord) -> str:
    """Return the answer for the people of an area in a period or on a day, in sentences."""
    place, when = area_in_words(record.area_id, record.name), describe_period(record)
    row, people, past = record.row, read_estimate(record.row), when.rstrip(",")
    noun = NOUNS[record.kind][0].removeprefix("internet ")
    if people.max == 0:
        return f"Our record has no {noun} that affected people in {place} {past}."
    is_day = len(record.period) == len("2025-01-01")
    under = f"under at least one {noun} on record{'' if is_day else ' at some time'}"
    if people.interval is None:
        return f"No reliable estimate exists of how many people in {place} were {under} {past}."
    low, middle, high = people.interval
    total = f"about {round_interval(low, middle, high)[1]} people in {place}"
    span, bounds = bracket_interval(low, high), capitalise_first(describe_bounds(people))
    if people.covered:
        span = f", those {people.covered}{span.replace('range', 'range of these')},"
        bounds = f"For all countries, {describe_bounds(people)}"
    parts = [
        f"{capitalise_first(when)} {total}{span} were {under}, each counted once.",
        f"{bounds}.",
        "" if is_day else _describe_kinds(record),
    ]
    if without := row.get("bounds_only_count"):  # a row of a day has none
        parts.append(
            f"The estimate leaves out {without:,} of {row['restrictions_count']:,} restrictions "
            "(in an unknown part of a country, or without a figure)."
        )
    if not is_day:
        parts += [
            _describe_events(row),
            f"{capitalise_first(label_status(row))} in the number.",
            describe_collection(row),
        ]
    return " ".join(filter(None, parts))


def describe_period(record: AreaRecord) -> str:
    """Return when it was, and the last day of the facts if they end within the period."""
    period, last = record.period, str(record.row["as_of"])
    when = on_day(period)
    if len(period) == len(last) or not last.startswith(period):
        return when
    span = parse_period(period)
    is_over = span is not None and str((span[1] - ONE_DAY).date()) == last
    return when if is_over else f"{when}, up to {day_in_words(last).rpartition(' ')[0]},"


def describe_collection(row: Row) -> str:
    """Return that a total has only some of the events of its period; blank where it has all."""
    if is_collected(row):
        return ""
    return (
        f"The register that has most events ends on {day_in_words(row['collected_until'])}. Of "
        f"later events our record holds only some: do not compare {row['period'][:4]} with earlier "
        "years."
    )


def describe_age(record: AreaRecord) -> list[str]:
    """Return people or person-days under what began in the period, and under what is older."""
    when = day_in_words(record.period)
    ages = {
        RestrictionKind.BEGAN: f"that began in {when}",
        RestrictionKind.OLDER: f"more than a year old when {when} began",
    }
    return [
        f"Under restrictions {words}: {describe_estimate(*interval, record.quantity)}."
        for kind, words in ages.items()
        if (interval := _read_interval(record, kind, record.quantity))
    ]


def _read_interval(
    record: AreaRecord, kind: str, quantity: Quantity = Quantity.PEOPLE
) -> tuple[float, float, float] | None:
    """Return the interval of the restrictions of a kind; None where all are of it."""
    row, everything = record.kinds.get(kind), record.kinds[RestrictionKind.ALL]
    if row is None or row["restrictions_count"] == everything["restrictions_count"]:
        return None
    return read_amount(row, quantity).interval


def name_uncounted(rows: Sequence[Row]) -> list[str]:
    """Return a sentence on the countries that a total leaves out, those with most people first.

    A country whose interval is too wide to print has no estimate, and is in the total.
    """
    missing = [row for row in rows if not row["countries_drawn"] and row["max_persons"] != 0]
    missing.sort(key=lambda row: -(row["base_persons"] or 0))
    named = [area_in_words(row["area_id"], row["area_id"]) for row in missing]
    if len(named) > FEW + 1:
        named = [*named[:FEW], f"{len(named) - FEW} more countries"]
    where = "where there is no reliable estimate"
    return [f"The total leaves out {join_names(named)}, {where}."] if named else []


def _describe_kinds(record: AreaRecord) -> str:
    """Return how many people were under restrictions of each kind, where not all are of it."""
    if record.kind is not RestrictionKind.ALL:
        return ""
    span = "year" if is_year(record.period) else "month"
    parts = [
        f"about {round_interval(*interval)[1]} ({format_interval(interval[0], interval[2])}) under "
        f"those {words.format(span=span)}"
        for kind, words in read_phrases("total").items()
        if (interval := _read_interval(record, kind))
    ]
    covered = read_cover(record.row)
    ranges = f"likely ranges, {covered}" if covered else "likely ranges"
    return f"By kind of restriction, with {ranges}: {'; '.join(parts)}." if parts else ""


def _describe_events(row: Row) -> str:
    """Return which events the total covers: facts alone, or those of a register as well."""
    count, of_register = row["restrictions_count"], row["register_restrictions_count"]
    if not of_register:
        return f"It covers {count:,} restriction{'' if count == 1 else 's'} of these facts."
    both = (
        f"{count - of_register:,} of these facts and {of_register:,} that a register alone records"
    )
    return f"It covers {count:,} restrictions: {both}."


def explain_difference(row: Row) -> str:
    """Return why a published figure of an area differs from ours, or that it does not."""
    cells: dict[str, Any] = {name: None if pd.isna(cell) else cell for name, cell in row.items()}
    low, middle, high = (
        format_compact(cells[name]) for name in ("min_persons", "q50_persons", "max_persons")
    )
    median = "" if cells["q50_persons"] is None else f", median {middle}"
    theirs, base = cells["published_persons"], cells["base_persons"]
    return read_phrases("difference")[row["difference_reason"]].format(
        share=theirs / base if theirs and base else 0.0,
        ours=f"{low} to {high}{median}",
        count=int(cells["restrictions_count"] or 0),
    )
