"""Dates and ids compared with each other: impossible dates, and dates far from related ones.

Method. Ids have no fixed scheme: only if an id contains a date or begins with an area is it
compared with the columns for the same information. A figure cannot be measured after its page was
published or read. The figures of a page have similar dates: in the facts the nearest other figure
of the same page is less than three months away for 98 in 100, and a page prints a figure within 13
months for 98 in 100 of a press article.

Known drawbacks. A page that was updated prints figures newer than its day of publication. A year
that is wrong in the id and also in the columns is not detected.
"""

import re
from collections.abc import Mapping
from datetime import date

import pandas as pd

from audience_impact import periods
from audience_impact.facts.checks import check, check_each
from audience_impact.facts.events import ACTS_OF_A_PAGE, find_days, find_repeats
from audience_impact.facts.rules import levels, words
from audience_impact.facts.tables import Finding, Tables, build_finding
from audience_impact.populations import countries_of, parents_of
from audience_impact.rules import register_rule
from audience_impact.vocabulary import ObsStatus, RuleStage

FIGURES = ("estimates", "overlaps", "feature_use", "circumvention")
"""Tables of figures, whose rows have a period and a source."""
DATED = (*FIGURES, "bases", "surveys", "published_figures")
"""All tables whose rows have a period and a source."""
DATE_IN_ID = re.compile(
    r"(?:^|[-_])((?:19|20)\d{2}(?:-(?:[01]\d(?:-[0-3]\d)?|Q[1-4]|H[12])(?![^-_]))?)(?=[-_]|$)"
)
DAY_IN_ID = re.compile(r"(?:^|[-_])((?:19|20)\d{2}-[01]\d-[0-3]\d)(?=[-_]|$)")
"""Pattern of a full date in the id of a source; a year alone need not be that of publication."""
AREA_IN_ID = re.compile(r"^[A-Z]{2}(?=[-_])")
YEAR_IN_ADDRESS = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?=[/_-](?:0?[1-9]|1[0-2])[/_-])")
COMPANIONS_MONTHS = 11.0
"""Maximum months from a figure to the nearest other figure of the same page."""
PAGE_MONTHS = 13.0
"""Maximum months from a figure to the date of its page, if no other figure of the page is near."""
LATE = pd.Timedelta(days=62)
"""Time from a page to the start that it announces, and from what it reports to a page, at most."""
FAR_END_DAYS = 2000
A_YEAR_AND_DAYS = (351, 420)
"""Days that suggest a wrong year: no fact lasts as long, 5 of 1,364 of the register do."""
ANNOUNCED_DAYS = 120
SOURCES_APART_DAYS = 31


def _select_other_dates(frame: pd.DataFrame, key: str, column: str) -> pd.DataFrame:
    """Return rows whose id has another date than the column, or than both starts."""
    shape = DAY_IN_ID if key == "source_id" else DATE_IN_ID
    dates = [part[1] if (part := shape.search(text)) else "" for text in frame[key].tolist()]
    of_id = periods.parse_periods(pd.Series(dates, frame.index, dtype="str"))
    agrees, has_period = pd.Series(False, frame.index), pd.Series(False, frame.index)
    for name in ["observed_from", "announced_on"] if column == "observed_from" else [column]:
        span = periods.parse_periods(frame[name])
        has_period |= span["start"].notna()
        agrees |= (span["start"] < of_id["end"]) & (of_id["start"] < span["end"])
    return frame[~agrees & of_id["start"].notna() & has_period]


def _select_other_areas(
    frame: pd.DataFrame, key: str, column: str, parents: Mapping[str, str]
) -> pd.DataFrame:
    countries = {areas: countries_of(areas.split(";"), parents) for areas in frame[column].unique()}
    all_countries = {code for codes in countries.values() for code in codes}
    disagrees = [
        (match := AREA_IN_ID.match(row_id)) is not None
        and match[0] in all_countries
        and match[0] not in countries[areas]
        for row_id, areas in zip(frame[key].tolist(), frame[column].tolist(), strict=True)
    ]
    return frame[pd.Series(disagrees, frame.index, "bool")]


def _select_other_services(targets: pd.DataFrame, platforms: pd.DataFrame) -> pd.DataFrame:
    """Return the first target of each restriction whose id names services, but none of its own."""
    subjects = words.list_targets(targets, platforms)
    ids = pd.Series(subjects["restriction_id"].unique())
    named = words.find_names(ids.set_axis(ids), words.name_subjects(platforms), least=1)
    fitting = named.merge(subjects.rename(columns={"restriction_id": "text"}))
    unfitting = named[~named["text"].isin(fitting["text"])]["text"]
    return targets[targets["restriction_id"].isin(unfitting)].drop_duplicates("restriction_id")


@check_each(
    ("bases", "period", "base_id"),
    ("surveys", "period", "survey_id"),
    ("restrictions", "observed_from", "restriction_id"),
    ("sources", "published_on", "source_id"),
    ("bases", "area_id", "base_id"),
    ("surveys", "area_id", "survey_id"),
    ("restrictions", "area_ids", "restriction_id"),
    ("circumvention", "area_id", "restriction_id"),
    ("bases", "population_base", "base_id"),
    ("restriction_targets", "platform_id", "restriction_id"),
)
def _id_disagrees(rows: pd.DataFrame, tables: Tables, column: str, key: str) -> pd.DataFrame:
    if column == "population_base":
        names = sorted(rows[column].unique(), key=len, reverse=True)
        in_id = rows[key].str.extract(rf"-({'|'.join(names)})-" if names else "((?!))")[0]
        odd = rows[in_id.notna() & (in_id != rows[column])]
    elif column == "platform_id":
        odd = _select_other_services(rows, tables["platforms"])
    elif column.startswith("area"):
        odd = _select_other_areas(rows, key, column, parents_of(tables["areas"]))
    else:
        odd = _select_other_dates(rows, key, column)
    return odd.assign(id=odd[key], cell=odd[column].replace("", "blank"))


def _join_page_days(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return rows with `read_until` (after access to their page) and `page_until` (publication).

    Without a day of publication on record, the year in the page's address replaces it. `page_day`
    is the earlier of the two.
    """
    sources = tables["sources"].set_index("source_id")
    published = sources["published_on_end"].fillna(_read_year_of_address(sources, "-12-31"))
    page, read = (
        find_days(rows["source_id"], days) for days in (published, sources["accessed_on_end"])
    )
    return rows.assign(read_until=read, page_until=page, page_day=page.where(page < read, read))


def _read_year_of_address(sources: pd.DataFrame, day: str) -> pd.Series:
    """Return a day, as `-12-31`, of the year in the address of each page; NaT without one."""
    year = sources["url"].map(lambda url: (YEAR_IN_ADDRESS.findall(url) or [""])[0])
    return pd.to_datetime(year.where(year == "", year + day), errors="coerce").astype(periods.DAY)


@check_each(*((table, "period") for table in DATED))
def _measured_after_its_page(rows: pd.DataFrame, tables: Tables, _: str) -> pd.DataFrame:
    """Select figures whose period starts after the days of their page, without projections."""
    rows = _join_page_days(rows, tables)
    is_late = rows["period_start"] >= rows["page_day"]
    if "obs_status" in rows:
        is_late &= rows["obs_status"] != ObsStatus.FORECAST.value
    return rows.assign(limit=rows["page_day"] - periods.ONE_DAY)[is_late]


@check_each(*((table, "period", table in FIGURES) for table in DATED))
def _period_far_from_its_page(
    rows: pd.DataFrame, tables: Tables, _: str, is_compared: bool
) -> pd.DataFrame:
    """Compare with the nearest other figure of the page, without one with its date."""
    rows = _join_page_days(rows if is_compared else rows.iloc[:0], tables)
    rows = rows.assign(moment=levels.compute_moment(rows))
    rows = rows[rows["moment"].notna()]
    companions = levels.find_nearest_months(rows, ["source_id"])
    to_page = periods.in_months((rows["page_until"] - rows["period_end"]).dt.days)
    rows = rows.assign(companions=companions, to_page=to_page)
    apart = "{period} lies {companions:.0f} months from the nearest other figure of its page"
    before = "{period} lies {to_page:.0f} months before its page"
    return pd.concat(
        [
            rows[companions > COMPANIONS_MONTHS].assign(message=apart),
            rows[companions.isna() & (to_page > PAGE_MONTHS)].assign(message=before),
        ]
    )


@check("restrictions", "observed_from")
def _restriction_far_from_its_page(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    rows = _join_page_days(rows, tables)
    begins = rows["observed_from_start"].fillna(rows["announced_on_start"])
    lasted = (rows["ended_on_end"] - begins).dt.days
    rows = rows.assign(lasted=lasted)
    is_far = (lasted > FAR_END_DAYS) | lasted.between(*A_YEAR_AND_DAYS)
    is_far |= rows["ended_on_start"] >= rows["read_until"] + LATE
    apart = (rows["announced_on_start"] - rows["observed_from_start"]).dt.days.abs()
    late = f"{{observed_from}} lies more than {LATE.days} days after its page"
    early = f"{{observed_from}} lies more than {LATE.days} days before its page, as does its end"
    far = (
        "the end {ended_on} lies {lasted:.0f} days after the start: a year too many, or after the "
        "page was read?"
    )
    announced = "announced on {announced_on}, observed from {observed_from}"
    return pd.concat(
        [
            rows[begins >= rows["page_day"] + LATE].assign(message=late),
            rows[_is_long_before_its_pages(rows, tables)].assign(message=early),
            rows[is_far].assign(column="ended_on", message=far),
            rows[apart > ANNOUNCED_DAYS].assign(column="announced_on", message=announced),
        ]
    ).fillna({"column": "observed_from"})


def _is_long_before_its_pages(rows: pd.DataFrame, tables: Tables) -> "pd.Series[bool]":
    """Return true where all pages were published more than LATE after what they may report."""
    sources = tables["sources"].set_index("source_id")
    published = sources["published_on_start"].fillna(_read_year_of_address(sources, "-01-01"))
    is_register = rows["source_id"].map(rows["source_id"].value_counts()) > ACTS_OF_A_PAGE
    first, second = (find_days(rows[page], published) for page in ("source_id", "also_source_id"))
    reported = rows[[f"{name}_end" for name in ("observed_from", "announced_on", "ended_on")]]
    after = pd.concat([reported.rsub(days, axis=0) for days in (first, second)], axis=1)
    return first.notna() & ~is_register & (after.min(axis=1) >= LATE)


RECORDED_TWICE = "restriction_recorded_twice"


@check("restrictions", "restriction_id")
def _restriction_recorded_twice(_: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    return find_repeats(tables)


@check("sources", "accessed_on")
def _read_before_published(sources: pd.DataFrame, _: Tables) -> pd.DataFrame:
    return sources[sources["published_on_start"] >= sources["accessed_on_end"]]


@check("sources", "accessed_on")
def _access_stands_alone(sources: pd.DataFrame, _: Tables) -> pd.DataFrame:
    days = sources["accessed_on_end"]
    newest = days.nlargest(2)
    is_alone = len(newest) == 2 and (newest.iloc[0] - newest.iloc[1]).days > SOURCES_APART_DAYS
    return sources[(days == days.max()) & is_alone]


READ_AFTER_TODAY = register_rule("read_after_today", RuleStage.TABLES, "sources")


def find_read_after(tables: Tables, today: date | None) -> list[Finding]:
    """Return findings for sources read after `today`; none where `today` is None."""
    sources = tables["sources"]
    late = sources[sources["accessed_on_start"] > pd.Timestamp(today)]
    text = "{accessed_on} is in the future; correct the day of access"
    return [
        build_finding("sources", row, "accessed_on", READ_AFTER_TODAY, text.format(**row))
        for _, row in late.iterrows()
    ]
