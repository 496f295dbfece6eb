"""Answers as sentences, for a restriction, an area and a day. No other module writes them."""

from calendar import monthrange
from collections.abc import Sequence
from typing import Any

import pandas as pd

from audience_impact.answers import EventKind, caveats
from audience_impact.answers.names import (
    area_in_words,
    capitalise_first,
    join_names,
    label_code,
    label_status,
)
from audience_impact.answers.numbers import (
    COUNTRIES,
    Cover,
    Estimate,
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
from audience_impact.answers.records import AnswerRecord, Number, Place, Row, is_collected
from audience_impact.answers.restriction_words import (
    ONE_NETWORK,
    describe_other_end,
    describe_place,
    describe_restriction,
    describe_timing,
    is_below,
    is_several,
    list_services,
    name_action,
    name_targets,
)
from audience_impact.vocabulary import Confidence, ImpactMetric, PopulationBase

WORLD = "001"
OWN_MEASURER = "Audience Impact"
"""Measurer of the bases that this project projects itself."""
UNDER = "under at least one restriction on record at some time"
DIFFERENCES = {
    "counts_all_internet_users": "theirs is {share:.0%} of our base, whatever was "
    "restricted; ours counts who used it: {ours}",
    "adds_up_platforms": "theirs adds up audiences that overlap; ours counts each person once: "
    "{ours}",
    "duration_differs": "theirs counts only hours; ours has the duration of {count} restrictions",
    "fewer_restrictions": "theirs is below our lower bound: the register has a restriction that "
    "theirs omits or counts for a part of the country; ours: {ours}",
    "other_definition": "theirs is outside our bounds and not our base: another "
    "count of the people online, place or definition; ours: {ours}",
    "counts_the_population": "theirs counts all residents; ours: {ours}",
    "within_bounds": "theirs lies within our bounds: {ours}",
    "other_period": "ours are for months and years, and theirs is for another period",
    "nothing_on_record": "neither the register nor the facts have a restriction in that period",
}
"""Explanations of a difference between another publisher's figure and ours, by code."""


def write_lead(record: AnswerRecord) -> str:
    """Return the number and what was done in plain words, without interval and details."""
    if record.leading.people.at_most == 0:
        return _deny_impact(record)
    if record.leading.people.interval is None:
        return _answer_unknown(record)
    number = round_interval(*record.leading.people.interval)[1]
    place = f"{describe_place(record)}{',' * is_below(record)}"
    return f"About {number} people in {place} {_describe_people(record)}."


def write_headline(record: AnswerRecord) -> str:
    """Return the answer in one sentence; without an estimate in as few as that takes."""
    if record.leading.people.at_most == 0:
        return _deny_impact(record)
    if record.leading.people.interval is None:
        return _answer_unknown(record)
    low, middle, high = record.leading.people.interval
    place = f"{describe_place(record)}{bracket_interval(low, high)}{',' * is_below(record)}"
    number = round_interval(low, middle, high)[1]
    return f"About {number} people in {place} {_describe_people(record)}."


def write_answer(record: AnswerRecord, version_id: str | None = None) -> str:
    """Return the answer in a paragraph: number, bounds, uncertainties and sources.

    `version_id` is the version that is cited.
    """
    leading = record.leading
    parts = [write_headline(record), describe_other_end(record)]
    if leading.people.at_most != 0:
        is_estimated = leading.people.interval is not None
        parts += _describe_estimate(record) if is_estimated else [_explain_missing(record)]
        parts += [*_list_other_services(record), *describe_timing(record)]
        parts += caveats.name_unnamed_places(record)
        parts += caveats.describe_mixed_action(record)
        parts += caveats.list_caveats(record, leading) if is_estimated else []
        parts += caveats.name_disputes(record)
    parts += [
        caveats.describe_evidence(record),
        _describe_status(leading),
        write_sources(record, version_id),
    ]
    return " ".join(part for part in parts if part)


def _describe_estimate(record: AnswerRecord) -> list[str]:
    """Return sentences on other figures, other users, the bounds and people without access."""
    differing = caveats.name_differing_figure(record)
    others = _describe_other_users(record)
    return [differing, others, _explain_bounds(record), *_describe_deprived(record)]


def _deny_impact(record: AnswerRecord) -> str:
    day = record.restriction.announced_on or record.restriction.observed_from
    dated = f" announced {on_day(day)}" if day else ""
    restriction = f"{name_action(record)} of {name_targets(record)}{dated}"
    return (
        f"No one in {describe_place(record)} was affected: the {restriction} was never carried out."
    )


def _describe_people(record: AnswerRecord) -> str:
    """Return what the counted people did before, and what was then restricted."""
    words = describe_restriction(record)
    if "new_use_only" in caveats.read_rules(record.leading):
        return f"{words.used.replace('used', 'wanted to start using', 1)} when {words.done}"
    if record.leading.metric == ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        polls = "an estimate from polls taken during the restriction"
        during = f", {polls}" * caveats.is_asked_during(record.leading)
        return f"ordinarily {words.users_did}{words.link}{words.done_to_such}{during}"
    return f"{'' if record.is_network else 'ordinarily '}{words.used}{words.link}{words.done}"


def _describe_other_users(record: AnswerRecord) -> str:
    """Return the number of all users of the services, or that no survey has feature users."""
    if record.leading.metric == ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        interval = record.by_metric[ImpactMetric.PEOPLE_EXPOSED].people.interval
        names = is_several(record) and record.restriction.network_scope not in ONE_NETWORK
        used = f"{'used these services' if names else describe_restriction(record).used} at all"
        return f"{capitalise_first(describe_estimate(*interval))} {used}." if interval else ""
    if record.is_of_feature and not record.is_network:
        return "No survey measured how many of them used what was restricted."
    return ""


def _answer_unknown(record: AnswerRecord) -> str:
    """Return that there is no estimate, the best published figure, and a maximum that says much."""
    leading = record.leading
    place = f"{describe_place(record)}{',' * is_below(record)}"
    people = f"how many people in {place} {_describe_people(record)}"
    parts = [f"No reliable estimate exists of {people}.", caveats.name_best_figure(record)]
    if has_telling_ceiling(leading.people, leading.population_persons, leading.base_persons):
        parts.append(f"The maximum is {format_ceiling(leading.people.at_most or 0.0)}.")
    return " ".join(filter(None, parts))


def _explain_missing(record: AnswerRecord) -> str:
    """Return why there is no estimate; blank without a reason."""
    why = caveats.explain_missing_estimate(record, record.leading)
    return f"There is no estimate because {why}." if why else ""


def _explain_bounds(record: AnswerRecord) -> str:
    """Return the bounds and their base, as far as they say anything."""
    leading, people = record.leading, record.leading.people
    base = _name_base(leading, "")
    is_of_base = base and leading.base_persons and not (is_below(record) or record.is_network)
    limited = limit_bounds(people, leading.population_persons, leading.base_persons)
    if limited.upper is None and limited.at_most is None and not has_telling_floor(limited):
        if (people.interval or (0.0,))[-1] > (leading.base_persons or 0.0):
            return ""  # the count as printed is below some draws of it
        count = format_number(leading.base_persons or 0.0)
        there = "there" if record.clauses.place is Place.COUNTRY else "in the whole country"
        return f"Our record counts {count} {base} {there}." if is_of_base else ""
    most = max(people.upper or 0.0, people.q50 or 0.0)
    holds = limited.upper is not None and (leading.base_persons or 0) >= most
    count = format_number(leading.base_persons or 0.0)
    of = f", of {count} {base}"
    if limited.upper is not None and format_number(limited.upper) == count:
        of = f", the latter being all {base}"
    return f"{capitalise_first(describe_bounds(limited))}{of * bool(is_of_base and holds)}."


def _name_base(leading: Number, fallback: str) -> str:
    """Return the base of a number in words; the fallback for an unusual base."""
    is_usual = leading.base and leading.base != PopulationBase.CUSTOM
    return label_code(leading.base, "population_base") if is_usual else fallback


def _describe_deprived(record: AnswerRecord) -> list[str]:
    """Return a sentence on the people without access, after subtracting those who keep it."""
    if record.is_network:
        return []
    interval = record.by_metric[ImpactMetric.PEOPLE_DEPRIVED_NET].people.interval
    if interval is None or interval[2] == 0:
        return [caveats.describe_kept_access(record)]
    low, middle, high = interval
    without = (
        f"about {round_interval(low, middle, high)[1]} lost access{bracket_interval(low, high)}"
    )
    return [f"Allowing for people who got round it, for instance with VPNs, {without}."]


def _describe_status(leading: Number) -> str:
    """Return the status of the number; blank without a status."""
    if leading.people.interval is None or leading.people.at_most == 0:
        return ""
    return f"{capitalise_first(leading.status)} in the number."


def _list_other_services(record: AnswerRecord) -> list[str]:
    """Return the services that were restricted in addition to the whole internet."""
    names = list_services(record) if record.is_network else ""
    return [f"Also restricted: {names}."] if names else []


def write_sources(record: AnswerRecord, version_id: str | None = None) -> str:
    """Return the measurers, then the version: `Figures: Mediascope, July 2025; version ...`."""
    named_roles = ("audience", "operators", "feature_share")
    attributions: dict[str, list[str]] = {role: [] for role in (*named_roles, "base")}
    leading = record.leading
    for figure in record.figures:
        if figure["role"] in attributions and leading.people.at_most != 0:
            attributions[figure["role"]].append(figure["attribution"])
    named = [name for role in named_roles for name in _unique_names(attributions[role])]
    if not attributions["audience"] and attributions["base"]:
        bases = [_name_projection(name) for name in _unique_names(attributions["base"])]
        named.append(f"{_name_base(leading, 'people')} by {join_names(bases)}")
    version = [_name_version(record, version_id)] if version_id else []
    return f"Figures: {'; '.join([*named, *version])}." if named or version else ""


def _name_version(record: AnswerRecord, version_id: str) -> str:
    """Return the version of an answer; that of an event on no record is published nowhere."""
    if record.reported_by == caveats.DESCRIBED_EVENT:
        return "computed by audience-impact for this question, and in no published version"
    return f"audience-impact version {version_id}"


def _name_projection(attribution: str) -> str:
    """Return an attribution; that of our own projection as what it is, not as its page's."""
    if not attribution.startswith(OWN_MEASURER):
        return attribution
    year = attribution.removeprefix(OWN_MEASURER).partition(" (")[0]
    return f"audience-impact projection from ITU data{year}"


def _unique_names(names: list[str]) -> list[str]:
    return sorted(set(names))


def write_area_lead(row: Row, area_name: str) -> list[str]:
    """Return the number of a row of `impact_by_area` in one plain sentence, then its interval."""
    place, when = area_in_words(row["area_id"], area_name), _describe_period(row)
    people = read_estimate(row)
    under = f"people in {place} were under an internet restriction at some time in {when}"
    under = under.rstrip(",")
    if people.at_most == 0:
        return [
            f"Our record has no internet restriction that affected people in {place} in {when}."
        ]
    if people.interval is None:
        return [_lead_without_estimate(row, place, when, under)]
    low, middle, high = people.interval
    part = _name_drawn_part(people.covered, row["area_id"], place)
    under = under.replace(f"people in {place}", f"people in {part}", 1)
    lead = f"About {round_interval(low, middle, high)[1]} {under}.{_name_left_out(people.covered)}"
    if high <= low:
        return [lead]
    doubt = " Treat the total as rough." if row.get("confidence") == Confidence.LOW else ""
    span = format_interval(low, high)
    return [
        lead,
        f"The likely range{' of those estimated' * bool(people.covered)} is {span}.{doubt}",
    ]


def _name_drawn_part(covered: Cover | None, area_id: str, place: str) -> str:
    """Return the countries that a total is of, `15 countries of Africa`; the place for all."""
    if covered is None or covered.noun != COUNTRIES:
        return place
    part = f"{covered.drawn:,} {'country' if covered.drawn == 1 else 'countries'}"
    return part if area_id == WORLD else f"{part} of {place}"


def _name_left_out(covered: Cover | None) -> str:
    """Return a sentence on the countries or restrictions that a total leaves out, if any."""
    if covered is None:
        return ""
    higher = " The true figure is probably higher"
    if covered.drawn is None or covered.total is None:
        return f"{higher}: some {covered.noun} could not be estimated."
    missing = covered.total - covered.drawn
    if covered.noun != COUNTRIES:
        return f"{higher}: {missing:,} of {covered.total:,} restrictions could not be estimated."
    also = f", and {covered.also_without}," if covered.also_without else ""
    countries = "another country" if missing == 1 else f"another {missing:,} countries"
    return f"{higher}: {countries}{also} could not be estimated."


def _lead_without_estimate(row: Row, place: str, when: str, under: str) -> str:
    """Return that there is no estimate, the lower bound, and how many restrictions there were."""
    people, count = read_estimate(row), row["restrictions_count"]
    restrictions = f"{count:,} internet restriction{'' if count == 1 else 's'}"
    floor = f" The minimum is {format_floor(people.at_least)}." if people.at_least else ""
    most, base = "", row.get("base_persons")
    if has_telling_ceiling(people, base, base):
        most = f" The maximum is {format_ceiling(people.at_most or 0.0)}."
    return (
        f"No reliable estimate exists of how many {under}.{floor}{most} Our record has "
        f"{restrictions} in force in {place} in that time."
    )


def write_area_headline(row: Row, area_name: str) -> str:
    """Return the answer of a row of `impact_by_area` in one sentence."""
    place, when = area_in_words(row["area_id"], area_name), _describe_period(row)
    people = read_estimate(row)
    if people.at_most == 0:
        return (
            f"Our record has no restriction that affected people in {place} in {when.rstrip(',')}."
        )
    if people.interval is None:
        return (
            f"No reliable estimate exists of how many people in {place} were {UNDER} in "
            f"{when.rstrip(',')}."
        )
    return f"In {when} {_describe_total(people, place)} were {UNDER}, each counted once."


def write_area_answer(row: Row, area_name: str) -> str:
    """Return the answer of a row of `impact_by_area` in sentences."""
    headline, people = write_area_headline(row, area_name), read_estimate(row)
    if people.at_most == 0 or people.interval is None:
        return headline
    return (
        f"{headline} {_describe_forced(people)}."
        f"{_describe_kinds(row)}{_describe_left_out(row)}{_describe_events(row)}"
        f" {capitalise_first(label_status(row))} in the number. {describe_collection(row)}".rstrip()
    )


def write_person_days_headline(row: Row, area_name: str, days: Estimate) -> str:
    """Return the person-days of an area in one sentence; `row` is that of `impact_by_area`."""
    place, when = area_in_words(row["area_id"], area_name), _describe_period(row)
    if days.interval is None:
        return (
            f"No reliable estimate exists of the person-days that people in {place} spent under "
            f"restrictions in {when.rstrip(',')}."
        )
    low, middle, high = round_interval(*days.interval)
    is_sum = row["area_id"].isdecimal()
    span = "" if is_sum or low == high else bracket_interval(*days.interval[::2])
    part = _name_drawn_part(days.covered, row["area_id"], place)
    return (
        f"In {when} people in {part} spent about {middle} person-days under restrictions on "
        f"record{span}, each person counted once a day.{_name_left_out(days.covered)}"
    )


def _describe_forced(people: Estimate) -> str:
    """Return the bounds of a total; of all countries, where its interval is of a part."""
    bounds = describe_bounds(people)
    return f"For all countries, {bounds}" if people.covered else capitalise_first(bounds)


def write_day_answer(row: Row, area_name: str) -> str:
    """Return the answer of a row of `impact_by_day` for its last day, in sentences."""
    place, when = area_in_words(row["area_id"], area_name), day_in_words(str(row["to_day"]))
    under = "under at least one restriction on record, each counted once"
    people = read_estimate(row)
    forced = _describe_forced(people)
    if people.at_most == 0:
        return f"Our record has no restriction that affected people in {place} on {when}."
    if people.interval is None:
        return f"No reliable estimate exists of how many people in {place} were {under}, on {when}."
    total = _describe_total(people, place)
    return f"On {when} {total} were {under}. {forced}.{_describe_left_out(row)}"


def _describe_total(people: Estimate, place: str) -> str:
    """Return the people of an area with their interval, and the part that it covers."""
    low, middle, high = people.interval or (0.0, 0.0, 0.0)
    number = round_interval(low, middle, high)[1]
    if not people.covered:
        return f"about {number} people in {place}{bracket_interval(low, high)}"
    span = bracket_interval(low, high).replace("likely range", "likely range of these")
    return f"about {number} people in {place}, those {people.covered}{span},"


def _describe_period(row: Row) -> str:
    """Return the period, and the last day of the facts if they end within it."""
    when, last = day_in_words(row["period"]), str(row["as_of"])
    ends_later = last.startswith(row["period"]) and last != _find_last_day(row["period"])
    return when if not ends_later else f"{when}, up to {day_in_words(last).rpartition(' ')[0]},"


def _find_last_day(period: str) -> str:
    year, month = int(period[:4]), int(period[5:] or 12)
    return f"{year}-{month:02}-{monthrange(year, month)[1]}"


def describe_collection(row: Row) -> str:
    """Return that a total has only some of the events of its period; blank where it has all."""
    if is_collected(row):
        return ""
    return (
        f"The register that has most events ends on {day_in_words(row['collected_until'])}. Of "
        f"later events our record holds only some: do not compare {row['period'][:4]} with earlier "
        "years."
    )


def describe_age(row: Row) -> list[str]:
    """Return how many people were under what began in the year, and under what is older."""
    year = row["period"]
    ages = {"began_": f"that began in {year}", "older_": f"more than a year old when {year} began"}
    return [
        f"Under restrictions {words}: about {round_interval(*interval)[1]} people"
        f"{bracket_interval(*interval[::2])}."
        for prefix, words in ages.items()
        if (interval := read_estimate(row, prefix=prefix, bounds=False).interval)
        and row[f"{prefix}restrictions_count"] != row["restrictions_count"]
    ]


FEW = 3
"""Number of countries that are named; the rest are counted."""


def name_uncounted(rows: Sequence[Row]) -> list[str]:
    """Return a sentence on the countries that a total leaves out, those with most people first.

    A country whose interval is too wide to print has no estimate, and is in the total.
    """
    missing = [row for row in rows if not row["countries_drawn"] and row["at_most_persons"] != 0]
    missing.sort(key=lambda row: -(row["base_persons"] or 0))
    named = [area_in_words(row["area_id"], row["area_id"]) for row in missing]
    if len(named) > FEW + 1:
        named = [*named[:FEW], f"{len(named) - FEW} more countries"]
    where = "where there is no reliable estimate"
    return [f"The total leaves out {join_names(named)}, {where}."] if named else []


OF_KIND = {
    EventKind.SHUTDOWN: "shutdowns of the whole internet",
    EventKind.SERVICE: "restrictions of services alone",
}


def write_kind_lead(row: Row, area_name: str, kind: EventKind, amount: Estimate) -> str:
    """Return people, or person-days, under the restrictions of a kind in a year in one sentence."""
    place, when = area_in_words(row["area_id"], area_name), _describe_period(row)
    under = f"under {OF_KIND[kind]} in {when.rstrip(',')}"
    if amount.interval is None:
        return f"No reliable estimate: people in {place} were {under}, {describe_bounds(amount)}."
    low, middle, high = round_interval(*amount.interval)
    part = _name_drawn_part(amount.covered, row["area_id"], place)
    span = "" if low == high else bracket_interval(*amount.interval[::2])
    counted = (
        f"About {middle} people in {part}{span} were {under}"
        if row["q50_persons"] == amount.q50
        else f"People in {part} spent about {middle} person-days{span} {under}"
    )
    return f"{counted}.{_name_left_out(amount.covered)}"


KINDS = {
    "ordered_": "that an authority ordered",
    "began_": "that began in the year",
    "carried_over_": "that began before it",
    "older_": "that began more than a year before it",
    "shutdown_": "of the whole internet",
    "service_": "of services alone",
}
"""What the restrictions of each kind are, by the prefix of their columns."""


def _describe_kinds(row: Row) -> str:
    """Return how many people were under restrictions of each kind, where not all are of it."""
    parts = []
    for prefix, words in KINDS.items():
        interval = read_estimate(row, prefix=prefix, bounds=False).interval
        if interval and row[f"{prefix}restrictions_count"] != row["restrictions_count"]:
            number, span = round_interval(*interval)[1], format_interval(interval[0], interval[2])
            parts.append(f"about {number} ({span}) under those {words}")
    if not parts:
        return ""
    covered = read_cover(row)
    part = f", {covered}" if covered else ""
    return f" By kind of restriction, with likely ranges{part}: {'; '.join(parts)}."


def _describe_events(row: Row) -> str:
    """Return which events the total covers: facts alone, or those of a register as well."""
    count, of_register = row["restrictions_count"], row.get("register_restrictions_count")
    if of_register is None:  # a version of an older schema
        return ""
    if not of_register:
        return f" It covers {count:,} restriction{'' if count == 1 else 's'} of these facts."
    both = (
        f"{count - of_register:,} of these facts and {of_register:,} that a register alone records"
    )
    return f" It covers {count:,} restrictions: {both}."


def _describe_left_out(row: Row) -> str:
    """Return what the estimate excludes."""
    without = row.get("bounds_only_count", 0)  # a row of a day has none
    if not without:
        return ""
    many = f"{without:,} of {row['restrictions_count']:,} restrictions"
    why = "in an unknown part of a country, or without a figure"
    return f" The estimate leaves out {many} ({why})."


def explain_difference(row: Row) -> str:
    """Return why a published figure of an area differs from ours, or that it does not."""
    cells: dict[str, Any] = {name: None if pd.isna(cell) else cell for name, cell in row.items()}
    low, middle, high = (
        format_compact(cells[name])
        for name in ("at_least_persons", "q50_persons", "at_most_persons")
    )
    median = "" if cells["q50_persons"] is None else f", median {middle}"
    theirs, base = cells["published_persons"], cells["base_persons"]
    return DIFFERENCES[row["difference_reason"]].format(
        share=theirs / base if theirs and base else 0.0,
        ours=f"{low} to {high}{median}",
        count=int(cells["restrictions_count"] or 0),
    )
