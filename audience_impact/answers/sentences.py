"""The answers in sentences: for a restriction, an area and a day. The one place that makes them."""

from calendar import monthrange
from typing import Any

import pandas as pd

from audience_impact.answers import caveats
from audience_impact.answers.acts import (
    Act,
    act_words,
    deed,
    is_below,
    is_several,
    services,
    target_words,
    timing,
    where,
)
from audience_impact.answers.names import area_in_words, capital, listed, word
from audience_impact.answers.numbers import (
    about,
    between,
    day_in_words,
    estimate,
    forced,
    interval,
    millions,
    number,
    on_day,
    rounded,
)
from audience_impact.answers.records import AnswerRecord, Number, Row
from audience_impact.vocabulary import ImpactMetric, PopulationBase

UNDER = "under at least one restriction on record at some time"
WHY = {
    "counts_all_internet_users": "theirs is {share:.0%} of everyone in our base, whatever was "
    "restricted; ours counts who used it: {ours}",
    "adds_up_platforms": "theirs adds up audiences that overlap; ours counts each person once: "
    "{ours}",
    "duration_differs": "theirs gives hours alone; ours is on record for {count} restrictions",
    "fewer_restrictions": "theirs is less than ours forces: the register holds a restriction that "
    "theirs leaves out or takes for a part of the country; ours: {ours}",
    "other_definition": "theirs is not everyone in our base, and yet outside our bounds: another "
    "count of the people online, place or definition; ours: {ours}",
    "counts_the_population": "theirs is everyone who lives there; ours: {ours}",
    "within_bounds": "theirs lies within our bounds: {ours}",
    "other_period": "ours are counted by month and by year, and theirs is another span",
    "nothing_on_record": "neither the register nor the facts hold a restriction of that period",
}
"""Why a figure of others of an area differs from ours, by its code."""


def headline(record: AnswerRecord) -> str:
    """Return the answer in one sentence."""
    words, leading = act_words(record), record.leading
    found = leading.people.interval
    if leading.people.upper == 0:
        return _nobody(record)
    if found is None:
        return _unknown(record, words)
    low, middle, high = found
    return (
        f"About {rounded(low, middle, high)[1]} people in {where(record)}{interval(low, high)}"
        f"{',' * is_below(record)} {_did(record, words)}{_also(record, words)}."
    )


def answer(record: AnswerRecord, version_id: str | None = None) -> str:
    """Return the answer in a paragraph: the number, its bounds, what is not sure, the sources.

    `version_id` is the version that it is cited from.
    """
    leading = record.leading
    parts = [headline(record)]
    if leading.people.upper != 0:
        is_estimated = leading.people.interval is not None
        parts += [_forced(record), *_left(record)] if is_estimated else []
        parts += [*_others(record), *timing(record)]
        parts += caveats.said(record, leading) if is_estimated else []
    parts += [caveats.of_act(record), _status(leading), sources(record, version_id)]
    return " ".join(part for part in parts if part)


def _nobody(record: AnswerRecord) -> str:
    day = record.act.announced_on or record.act.observed_from
    dated = f" announced {on_day(day)}" if day else ""
    return (
        f"Nobody in {where(record)} was touched: the {deed(record)} of {target_words(record)}"
        f"{dated} was never carried out."
    )


def _did(record: AnswerRecord, words: Act) -> str:
    """Return what the people did whom the number counts, and what happened then."""
    if record.leading.counted == ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        return f"ordinarily {words.users_did}{words.link}{words.done_to_such}"
    return f"{'' if record.is_network else 'ordinarily '}{words.used}{words.link}{words.done}"


def _also(record: AnswerRecord, words: Act) -> str:
    """Return the users of the services beside those of a feature, or that nobody counted these."""
    if record.leading.counted == ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        found = record.by_metric[ImpactMetric.PEOPLE_EXPOSED].people.interval
        return f"; {about(*found)} {words.used} at all" if found else ""
    if record.is_of_feature and not record.is_network:
        return "; nobody counted who of them used what was restricted"
    return ""


def _unknown(record: AnswerRecord, words: Act) -> str:
    """Return that there are bounds alone, and why."""
    why = caveats.why_no_estimate(record, record.leading)
    because = f", because {why}" if why else ""
    people = f"How many people in {where(record)}{',' * is_below(record)} {_did(record, words)}"
    bounds = forced(record.leading.people)
    return f"{people} is not known: {bounds}; there is no estimate{because}."


def _forced(record: AnswerRecord) -> str:
    """Return the bounds, their base, and why an interval may pass them."""
    leading, people = record.leading, record.leading.people
    of, base = "", _base(leading, "")
    holds = people.upper is not None and (leading.base_persons or 0) >= people.upper
    if base and leading.base_persons and holds and not (is_below(record) or record.is_network):
        of = f", of {number(leading.base_persons)} {base}"
    errors = "; the interval allows for their errors" if _passes(leading) else ""
    return f"{forced(people).capitalize()}{of}{errors}.{_of_services(record)}"


def _passes(leading: Number) -> bool:
    """Return whether the interval reaches beyond the bounds."""
    low, q05, _, q95, high = leading.people
    if low is None or q05 is None or q95 is None or high is None:
        return False
    return q05 < low or q95 > high


def _base(leading: Number, other: str) -> str:
    """Return the base of a number in words; `other` where it is none of the usual ones."""
    is_usual = leading.base and leading.base != PopulationBase.CUSTOM
    return word(leading.base, "population_base") if is_usual else other


def _of_services(record: AnswerRecord) -> str:
    """Return the bounds of the users of the services, behind those of the users of a feature."""
    if record.leading.counted != ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        return ""
    people = record.by_metric[ImpactMetric.PEOPLE_EXPOSED].people
    if people.upper is None or forced(people) == forced(record.leading.people):
        return ""
    return (
        f" Of those who used the {'services' if is_several(record) else 'service'} at all "
        f"they force {between(people.lower or 0.0, people.upper)}."
    )


def _left(record: AnswerRecord) -> list[str]:
    """Return how many were left without access once those who keep it are taken off."""
    if record.is_network:
        return []
    found = record.by_metric[ImpactMetric.PEOPLE_DEPRIVED_NET].people.interval
    if found is None or found[2] == 0:
        return [caveats.access_kept(record)]
    low, middle, high = found
    left = f"about {rounded(low, middle, high)[1]}{interval(low, high)}"
    return [f"Without those who got round it {left} remain."]


def _status(leading: Number) -> str:
    """Return the status of the number; nothing where there is none."""
    if leading.people.interval is None or leading.people.upper == 0:
        return ""
    return f"Status of the number: {leading.status}."


def _others(record: AnswerRecord) -> list[str]:
    """Return the services that were restricted beside the internet as a whole."""
    names = services(record) if record.is_network else ""
    return [f"Restricted as well: {names}."] if names else []


def sources(record: AnswerRecord, version_id: str | None = None) -> str:
    """Return who measured, then the version: `Figures: Mediascope, July 2025; version ...`."""
    found: dict[str, list[str]] = {"audience": [], "feature_share": [], "base": []}
    leading = record.leading
    for figure in record.figures:
        if figure["role"] in found and leading.people.upper != 0:
            found[figure["role"]].append(figure["attribution"])
    named = [*_once(found["audience"]), *_once(found["feature_share"])]
    if not found["audience"] and found["base"]:
        named.append(f"{_base(leading, 'people')} by {listed(_once(found['base']))}")
    version = [f"audience-impact version {version_id}"] if version_id else []
    return f"Figures: {'; '.join([*named, *version])}." if named or version else ""


def _once(names: list[str]) -> list[str]:
    return sorted(set(names))


def area(row: Row, area_name: str) -> str:
    """Return the answer of a row of `impact_by_area`; `area_name` as the facts have it."""
    place, when, people = area_in_words(row["area_id"], area_name), _when(row), estimate(row)
    if people.upper == 0:
        return f"In {when} nobody in {place} was under a restriction that is on record."
    if people.interval is None:
        return f"How many people in {place} were {UNDER} in {when} is not known: {forced(people)}."
    low, middle, high = people.interval
    many = f"about {rounded(low, middle, high)[1]} people in {place}{interval(low, high)}"
    under = f"{UNDER}, each counted once"
    return f"In {when} {many} were {under}; {forced(people)}.{_ordered(row)}{_left_out(row)}"


def day(row: Row, area_name: str) -> str:
    """Return the answer of a row of `impact_by_day` for its last day."""
    place, when = area_in_words(row["area_id"], area_name), day_in_words(str(row["to_day"]))
    under = "under at least one restriction on record, each counted once"
    people = estimate(row)
    if people.upper == 0:
        return f"On {when} nobody in {place} was under a restriction that is on record."
    if people.interval is None:
        return f"How many people in {place} were {under}, on {when} is not known; {forced(people)}."
    low, middle, high = people.interval
    return (
        f"On {when} about {rounded(low, middle, high)[1]} people in {place}"
        f"{interval(low, high)} were {under}; {forced(people)}.{_left_out(row)}"
    )


def _when(row: Row) -> str:
    """Return the period, and up to which day it is known where the facts end in it."""
    when, last = day_in_words(row["period"]), str(row["as_of"])
    ends_later = last.startswith(row["period"]) and last != _last_day(row["period"])
    return when if not ends_later else f"{when}, up to {day_in_words(last).rpartition(' ')[0]},"


def _last_day(period: str) -> str:
    year, month = int(period[:4]), int(period[5:] or 12)
    return f"{year}-{month:02}-{monthrange(year, month)[1]}"


def _ordered(row: Row) -> str:
    """Return how many were under what an authority ordered, where not all was ordered."""
    found = estimate(row, prefix="ordered_", bounds=False).interval
    if found is None or row["ordered_restrictions_count"] == row["restrictions_count"]:
        return ""
    return f" {capital(about(*found))} were under restrictions that an authority ordered."


def _left_out(row: Row) -> str:
    """Return what the estimate leaves out."""
    count, known = row["areas_count"], row["estimated_areas_count"]
    without = row.get("bounds_only_count", 0)  # a row of a day has none
    parts = []
    if without:
        many = f"{without:,} of {row['restrictions_count']:,} restrictions"
        parts.append(f"leaves out {many} (in an unknown part of a country, or without a figure)")
    if known < count:
        some = f"{count - known} of {count} countries"
        parts.append(f"counts {some} with no more than what the figures force")
    return f" The estimate {' and '.join(parts)}." if parts else ""


def why_different(row: Row) -> str:
    """Return why what others published of an area differs from ours, or that it does not."""
    known: dict[str, Any] = {name: None if pd.isna(cell) else cell for name, cell in row.items()}
    middle = "" if known["q50_persons"] is None else f", median {millions(known['q50_persons'])}"
    theirs, base = known["published_persons"], known["base_persons"]
    return WHY[row["difference_reason"]].format(
        share=theirs / base if theirs and base else 0.0,
        ours=f"{millions(known['lower_persons'])} to {millions(known['upper_persons'])}{middle}",
        count=int(known["restrictions_count"] or 0),
    )
