"""An audience of a platform as a row of `estimates`, and what it needs beside it."""

import re

from audience_impact import vocabulary as words
from flows.adding import questions as ask
from flows.adding.kinds import Alike, Kind
from flows.adding.known import Known
from flows.adding.page import MEASURED, PAGE, Row, page_rows
from flows.adding.platforms import NEW_PLATFORM, platform_rows, read_platform
from flows.adding.questions import Answers, Question, one_of

ID = re.compile(r"^PE(\d+)$")
ACCOUNTS = (words.AudienceMetric.REGISTERED, words.AudienceMetric.INSTALLS)
SAME = (
    *("platform_id", "area_id", "audience_metric", "unit", "value", "low", "high"),
    *("population_base", "period", "activity_threshold", "age", "sex"),
)
"""What two rows share that give one figure."""


def _unit(answers: Answers, known: Known) -> str:
    metric = answers.get("metric", "")
    if metric in ACCOUNTS:
        return ""
    if metric == words.AudienceMetric.AD_AUDIENCE:
        return words.Unit.IDENTITIES.value
    share = answers.told.get("value", "").rstrip().endswith("%")
    return words.Unit.SHARE.value if share else words.Unit.PERSONS.value


def _has_range(answers: Answers, known: Known) -> bool:
    return "low" in answers or "high" in answers


def _interval(answers: Answers, known: Known) -> str:
    kinds = words.IntervalKind
    return (kinds.MIN_MAX if _has_range(answers, known) else kinds.NONE).value


QUESTIONS = (
    *PAGE,
    MEASURED,
    NEW_PLATFORM,
    Question("platform", "the service", read_platform, must=ask.always, adds=NEW_PLATFORM.name),
    Question("area", "the country", lambda told, _, known: known.area(told), must=ask.always),
    one_of("metric", "what was counted", words.AudienceMetric, must=ask.always),
    Question("low", "lower end, where the page prints a range", ask.amount),
    Question("high", "upper end, where the page prints a range", ask.amount),
    Question(
        "value",
        "the figure as printed: 96 million, 96000000, 37 %",
        ask.amount,
        must=lambda answers, known: not _has_range(answers, known),
    ),
    one_of("unit", "what was counted in", words.Unit, must=ask.always, default=_unit),
    one_of(
        "interval_kind",
        "what the figure bounds: one_sided_min is at least, one_sided_max at most",
        words.IntervalKind,
        must=ask.always,
        default=_interval,
    ),
    one_of("base", "of whom it is a part", words.PopulationBase, must=ask.always),
    Question("period", "when it was measured: 2025-07, 2025-Q3, 2025", ask.day, must=ask.always),
    Question("threshold", "least use that counts, where one is stated: over 5 min"),
    Question("age", "of which ages alone: 18-24, 65+"),
    one_of("sex", "of which sex alone", words.Sex),
    Question("note", "what a reader must know of it", may=ask.always),
)


def rows(answers: Answers, known: Known) -> dict[str, list[Row]]:
    """The rows of all tables that a figure needs, those on record left out."""
    page, added = page_rows(answers, known)
    series = answers.get("measured_by", "")
    figure = {
        "estimate_id": _next_id(known),
        "platform_id": answers["platform"],
        "area_id": answers["area"],
        "audience_metric": answers["metric"],
        "unit": answers["unit"],
        **{name: answers.get(name, "") for name in ("value", "low", "high")},
        "interval_kind": answers["interval_kind"],
        "population_base": answers["base"],
        "period": answers["period"],
        "activity_threshold": answers.get("threshold", ""),
        **{name: answers.get(name, "") for name in ("age", "sex", "note")},
        "source_id": page["source_id"],
        "measurement_series_id": series if series != page["measurement_series_id"] else "",
    }
    return {**added, **platform_rows(answers, known), "estimates": [figure]}


def _next_id(known: Known) -> str:
    """One more than the highest number of a figure entered so."""
    found = (ID.match(name) for name in known.ids("estimates", "estimate_id"))
    return f"PE{max((int(each[1]) for each in found if each), default=0) + 1:04}"


def alike(added: dict[str, list[Row]], known: Known) -> list[Alike]:
    """Figures that say the same; that of the same page is the same figure."""
    (figure,) = added["estimates"]
    same = known.tables["estimates"]
    for name in SAME:
        same = same[same[name] == figure[name]]
    return [
        Alike.of(row, "estimate_id", is_same=row["source_id"] == figure["source_id"])
        for row in same.to_dict("records")
    ]


FIGURE = Kind(QUESTIONS, rows, alike, is_once=False)
"""Several pages may relay one figure."""
