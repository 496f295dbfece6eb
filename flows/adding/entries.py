"""What can be added: a figure, or a restriction with its targets and the number of people printed.

Each entry needs a page that states it and services. Both are rows on record, found by address or
name, or new rows.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, count
from typing import NamedTuple

import pandas as pd

from audience_impact import periods
from audience_impact import vocabulary as words
from flows.adding import questions as asking

Row = Mapping[str, str]
Rows = dict[str, list[Row]]
"""New rows by fact table; a row has cells by column."""
SAME = [
    *("platform_id", "area_id", "audience_metric", "unit", "value", "low", "high"),
    *("population_base", "period", "activity_threshold", "age", "sex"),
]
"""Columns in which two rows for the same figure agree."""
NEAR_DAYS = 7
"""Maximum days between two starts, of a service in an area, that may be duplicates."""
MOST_WORDS = 2
CALLS = {words.Feature.VOICE_CALL, words.Feature.VIDEO_CALL, words.Feature.GROUP_CALL}
END_SOURCE = {
    words.EndStatus.ENDED: words.EndSource.RECORDED,
    words.EndStatus.WITHDRAWN: words.EndSource.RECORDED,
    words.EndStatus.ONGOING: words.EndSource.SNAPSHOT_DATE,
    words.EndStatus.UNKNOWN: words.EndSource.MISSING,
}
"""The origin of an end date, by end status."""


class EntryKind(NamedTuple):
    """Something that can be added.

    `find_similar` returns rows on record that resemble the new ones, with `id` and `is_same`. With
    `is_once`, a similar row prevents the addition unless the user confirms it.
    """

    questions: Sequence[asking.Question]
    build_rows: Callable[[asking.Answers], Rows]
    find_similar: Callable[[Rows, asking.FactRecords], pd.DataFrame]
    is_once: bool


FIGURE = asking.list_questions(
    ["page", "figure"], "estimates", ["estimate_id", "source_id", "measurement_series_id"]
)
RESTRICTION = asking.list_questions(
    ["page", "restriction", "people"], "restrictions", ["restriction_id", "source_id", "end_source"]
)


def _build_page_rows(answers: asking.Answers, series: str = "") -> tuple[Row, Rows]:
    """Return the source row of the page, and the new rows of sources and lineages by table.

    A page that names no measurer measured for itself.
    """
    page, rows, is_named = answers.find_page(), Rows(), bool(series)
    if page is None:
        source_id = _make_source_id(answers)
        series = series or source_id
        about = {"source_id": source_id, "measurement_series_id": series}
        page = {**asking.fill_row("sources", FIGURE, answers), **about}
        rows["sources"] = [page]
    if series and series not in answers.records.list_ids("lineages", "measurement_series_id"):
        measurer, kind = page["publisher"], page["source_type"]
        if is_named:
            measurer, kind = answers.raw_answers["measured_by"], answers.get("new_measurer", "")
        about = {"measurement_series_id": series, "measurer": measurer, "source_type": kind}
        rows["lineages"] = [about]
    return page, rows


def _make_source_id(answers: asking.Answers) -> str:
    """Return a free id of publisher and day, with a number where it is taken or has no day."""
    taken = answers.records.list_ids("sources", "source_id")
    name = asking.choose_publisher_word(answers.get("url", ""), answers["publisher"])
    day = answers.get("published_on", "").split("/")[0]
    stem = f"{name}-{day}" if day else name
    numbered = (f"{stem}-{number}" for number in count(2 if day else 1))
    candidates = chain([stem] * bool(day), numbered)
    return next(candidate for candidate in candidates if candidate not in taken)


def _build_platform_rows(answers: asking.Answers) -> Rows:
    """Return the rows of services that are not on record, with the names that were entered."""
    names = {
        asking.make_slug(name): name.strip() for name in answers.raw_answers["platform"].split(";")
    }
    new = {*answers["platform"].split(";")} - answers.records.list_ids("platforms", "platform_id")
    rows: list[Row] = [
        {"platform_id": new_id, "name": names[new_id], "kind": answers["new_platform"]}
        for new_id in sorted(new)
    ]
    return {"platforms": rows} if rows else {}


def _build_figure_rows(answers: asking.Answers) -> Rows:
    series = answers.get("measured_by", "")
    page, added = _build_page_rows(answers, series)
    ids = answers.records.list_ids("estimates", "estimate_id")
    numbers = [int(row_id[2:]) for row_id in ids if row_id[:2] == "PE" and row_id[2:].isdecimal()]
    figure = {
        **asking.fill_row("estimates", FIGURE, answers),
        "estimate_id": f"PE{max(numbers, default=0) + 1:04}",
        "source_id": page["source_id"],
        "measurement_series_id": series if series != page["measurement_series_id"] else "",
    }
    return {**added, **_build_platform_rows(answers), "estimates": [figure]}


def _find_similar_figures(added: Rows, records: asking.FactRecords) -> pd.DataFrame:
    (figure,) = added["estimates"]
    rows = records.tables["estimates"]
    rows = rows[(rows[SAME] == [figure[name] for name in SAME]).all(axis=1)]
    return rows.assign(id=rows["estimate_id"], is_same=rows["source_id"] == figure["source_id"])


def _build_restriction_rows(answers: asking.Answers) -> Rows:
    page, added = _build_page_rows(answers)
    area = answers["area"].split(";")[0].replace("/", "-").replace(":", "-")
    word = asking.make_slug(answers.get("word", "")) or _choose_word(answers)
    new_id = f"{area}-{asking.choose_start(answers).split('/')[0]}-{word}"
    about = {"restriction_id": new_id, "source_id": page["source_id"]}
    people = {
        **asking.fill_row("published_figures", RESTRICTION, answers),
        **about,
        "published_figure_id": f"PF-{new_id}",
        "publisher": page["publisher"],
        "unit": words.Unit.PERSONS.value,
        "interval_kind": words.IntervalKind.NONE.value,
    }
    is_of_platform = people["figure_kind"] == words.FigureKind.PLATFORM_AUDIENCE
    if is_of_platform and not people["platform_id"] and ";" not in answers["platform"]:
        people["platform_id"] = answers["platform"]
    end_source = END_SOURCE[words.EndStatus(answers["end_status"])].value
    cells = asking.fill_row("restrictions", RESTRICTION, answers)
    return {
        **added,
        **_build_platform_rows(answers),
        "restrictions": [{**cells, **about, "end_source": end_source}],
        "restriction_targets": build_targets(
            about | {"claim_status": answers["claim"]}, answers["platform"], answers["feature"]
        ),
        "published_figures": [people] if people["value"] else [],
    }


def build_targets(about: Row, platforms: str, features: str) -> list[Row]:
    """Return a row for each of some services and features, joined by `;`, with common cells."""
    return [
        {**about, "platform_id": platform, "feature": feature}
        for platform in platforms.split(";")
        for feature in features.split(";")
    ]


def _choose_word(answers: asking.Answers) -> str:
    if set(answers["feature"].split(";")) <= CALLS:
        return "calls"
    platforms = answers["platform"].split(";")
    if platforms == [words.WHOLE_INTERNET]:
        return "internet"
    return asking.make_slug("-".join(platforms) if len(platforms) <= MOST_WORDS else "social-media")


def _find_similar_restrictions(added: Rows, records: asking.FactRecords) -> pd.DataFrame:
    """Return restrictions on record of the same area and a common service with a near start.

    The same id means the same restriction. A row with exactly the same cells is left out: an
    earlier write was interrupted and may be completed.
    """
    (addition,), rows = added["restrictions"], records.tables["restrictions"]
    services = {row["platform_id"] for row in added["restriction_targets"]}
    targets = records.tables["restriction_targets"]
    same_service = targets.loc[targets["platform_id"].isin(services), "restriction_id"]
    starts = rows["observed_from"].mask(rows["observed_from"] == "", rows["announced_on"])
    start = periods.parse_period(addition["observed_from"] or addition["announced_on"])
    apart = periods.parse_periods(starts)["start"] - (start or [pd.NaT])[0]
    areas = set(addition["area_ids"].split(";"))
    is_same = rows["restriction_id"] == addition["restriction_id"]
    is_similar = is_same | (
        rows["area_ids"].map(lambda ids: not areas.isdisjoint(ids.split(";")))
        & rows["restriction_id"].isin(same_service)
        & (apart.abs() <= pd.Timedelta(days=NEAR_DAYS))
    )
    names = [name for name in rows if not name.startswith("row_")]
    differs = (rows[names] != [addition.get(name, "") for name in names]).any(axis=1)
    return rows.assign(id=rows["restriction_id"], is_same=is_same)[is_similar & differs]


KINDS = {
    "figure": EntryKind(FIGURE, _build_figure_rows, _find_similar_figures, is_once=False),
    "restriction": EntryKind(
        RESTRICTION, _build_restriction_rows, _find_similar_restrictions, is_once=True
    ),
}
"""The entries by the name of their command: several pages may print a figure, but a restriction has
one row, however many pages report it."""
