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
from functools import partial

import pandas as pd

from audience_impact import periods
from audience_impact.facts.anomaly_checks import levels
from audience_impact.facts.events import find_repeats
from audience_impact.facts.rules import ACROSS, Odd, report_row, report_rows, reports
from audience_impact.facts.tables import Finding, Tables
from audience_impact.populations import countries_of, parents_of
from audience_impact.rules import register_rule
from audience_impact.vocabulary import ObsStatus, RuleStage

FIGURES = {
    "estimates": "estimate_id",
    "bases": "base_id",
    "overlaps": "overlap_id",
    "feature_use": "feature_use_id",
    "circumvention": "circumvention_id",
    "surveys": "survey_id",
    "published_figures": "published_figure_id",
}
"""Tables whose rows have a period and a source, with their keys."""
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
LATE_DAYS = 62
"""Maximum days before its start that a page may announce a restriction."""
FAR_END_DAYS = 2000
A_YEAR_AND_DAYS = (351, 420)
"""Range of days from start to end that suggests a wrong year: no restriction of the facts has such
a length, and 5 of 1,364 of the register do.
"""
ANNOUNCED_DAYS = 120
SOURCES_APART_DAYS = 31


def extract_dates(ids: "pd.Series[str]", shape: "re.Pattern[str]" = DATE_IN_ID) -> "pd.Series[str]":
    """Return the first date or period in the text of each id; blank for ids without a date."""
    dates = [part[1] if (part := shape.search(text)) else "" for text in ids.tolist()]
    return pd.Series(dates, ids.index, dtype="str")


def _match_dates(dates: "pd.Series[str]", *columns: "pd.Series[str]") -> "pd.Series[bool]":
    """Return true where an id's date overlaps the period of a column, or where either is blank."""
    id_spans = periods.parse_periods(dates)
    agree = pd.Series(False, dates.index)
    has_no_date = id_spans["start"].isna()
    has_period = pd.Series(False, dates.index)
    for texts in columns:
        span = periods.parse_periods(texts)
        has_period |= span["start"].notna()
        agree |= (span["start"] < id_spans["end"]) & (id_spans["start"] < span["end"])
    return agree | has_no_date | ~has_period


@ACROSS.rule(*("bases", "surveys", "restrictions", "sources", "circumvention"))
def id_disagrees(tables: Tables) -> list[Finding]:
    """Compare date, area and population in an id with the columns of its row."""
    bases, restrictions = tables["bases"], tables["restrictions"]
    circumvention = tables["circumvention"].reset_index(drop=True)
    parents = parents_of(tables["areas"])
    return [
        *_report_dates("bases", tables, "base_id", "period"),
        *_report_dates("surveys", tables, "survey_id", "period"),
        *_report_dates("sources", tables, "source_id", "published_on"),
        *_report_dates("restrictions", tables, "restriction_id", "observed_from", "announced_on"),
        *_report_areas("bases", bases, "base_id", "area_id", parents),
        *_report_areas("surveys", tables["surveys"], "survey_id", "area_id", parents),
        *_report_areas("restrictions", restrictions, "restriction_id", "area_ids", parents),
        *_report_areas("circumvention", circumvention, "restriction_id", "area_id", parents),
        *_report_populations(bases),
    ]


def _report_dates(table: str, tables: Tables, key: str, *columns: str) -> list[Finding]:
    frame = tables[table]
    dates = extract_dates(frame[key], DAY_IN_ID if table == "sources" else DATE_IN_ID)
    odd = frame[~_match_dates(dates, *(frame[name] for name in columns))]
    return report_rows(
        table,
        frame,
        "id_disagrees",
        odd.assign(id=odd[key], cell=odd[columns[0]]),
        columns[0],
        lambda row: f"{columns[0]} is {row.cell or 'blank'}, the id says {row.id}",
    )


def _report_areas(
    table: str, frame: pd.DataFrame, key: str, column: str, parents: Mapping[str, str]
) -> list[Finding]:
    countries = {areas: countries_of(areas.split(";"), parents) for areas in frame[column].unique()}
    all_countries = {code for codes in countries.values() for code in codes}
    disagrees = [
        (match := AREA_IN_ID.match(row_id)) is not None
        and match[0] in all_countries
        and match[0] not in countries[areas]
        for row_id, areas in zip(frame[key].tolist(), frame[column].tolist(), strict=True)
    ]
    odd = frame[pd.Series(disagrees, frame.index, "bool")]
    return report_rows(
        table,
        frame,
        "id_disagrees",
        odd.assign(id=odd[key], cell=odd[column]),
        column,
        lambda row: f"{column} is {row.cell}, the id says {row.id}",
    )


def _report_populations(bases: pd.DataFrame) -> list[Finding]:
    names = sorted(bases["population_base"].unique(), key=len, reverse=True)
    population_in_id = re.compile(rf"-({'|'.join(names)})-" if names else "(?!)")
    disagrees = [
        (match := population_in_id.search(base_id)) is not None and match[1] != population
        for base_id, population in zip(
            bases["base_id"].tolist(), bases["population_base"].tolist(), strict=True
        )
    ]
    odd = bases[pd.Series(disagrees, bases.index, "bool")]
    return report_rows(
        "bases",
        bases,
        "id_disagrees",
        odd,
        "population_base",
        lambda row: f"population_base is {row.population_base}, the id says {row.base_id}",
    )


def _date_pages(tables: Tables) -> pd.DataFrame:
    """Return by source `read_until` (after access) and `page_until` (after publication).

    Without a day of publication on record, the year in the page's address replaces it.
    """
    sources = tables["sources"].set_index("source_id")
    year = sources["url"].map(lambda url: (YEAR_IN_ADDRESS.findall(url) or [""])[0])
    of_address = pd.to_datetime(year.where(year == "", year + "-12-31"), errors="coerce")
    return pd.DataFrame(
        {
            "read_until": sources["accessed_on_end"],
            "page_until": sources["published_on_end"].fillna(of_address.astype(periods.DAY)),
        }
    )


def _choose_page_day(rows: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    """Return the earlier of publication and access."""
    return rows["page_until"].where(rows["page_until"] < rows["read_until"], rows["read_until"])


def _join_page_days(table: str, tables: Tables, published: pd.DataFrame) -> pd.DataFrame:
    frame = tables[table]
    of_sources = published.reindex(frame["source_id"]).set_axis(frame.index)
    return frame.assign(**{name: of_sources[name].astype(periods.DAY) for name in of_sources})


@ACROSS.rule(*FIGURES)
def measured_after_its_page(tables: Tables) -> list[Finding]:
    """Compare the start of a figure's period with the days of its page; exclude projections."""
    findings = []
    published = _date_pages(tables)
    for table in FIGURES:
        rows = _join_page_days(table, tables, published)
        limit = _choose_page_day(rows)
        late = rows["period_start"] >= limit
        if "obs_status" in rows:
            late &= rows["obs_status"] != ObsStatus.FORECAST.value
        findings += report_rows(
            table,
            tables[table],
            "measured_after_its_page",
            rows.assign(limit=limit - periods.ONE_DAY)[late],
            "period",
            lambda row: f"{row.period} lies after {row.limit:%Y-%m-%d}, the day of its page",
        )
    return findings


@ACROSS.rule(*FIGURES)
def period_far_from_its_page(tables: Tables) -> list[Finding]:
    """Measure months from a figure to the nearest other figure of its page, else to its date."""
    published = _date_pages(tables)
    return [
        finding
        for table in FIGURES
        if table not in ("bases", "surveys", "published_figures")
        for finding in _report_far_periods(table, tables, published)
    ]


def _report_far_periods(table: str, tables: Tables, published: pd.DataFrame) -> list[Finding]:
    rows = _join_page_days(table, tables, published).assign(
        moment=lambda all_: levels.compute_moment(all_)
    )
    rows = rows[rows["moment"].notna()]
    companions = levels.find_nearest_months(rows, ["source_id"])
    to_page = (rows["page_until"] - rows["period_end"]).dt.days / periods.MEAN_MONTH_DAYS
    lone = companions.isna() & (to_page > PAGE_MONTHS)
    rows = rows.assign(companions=companions, to_page=to_page)
    return report_rows(
        table,
        tables[table],
        "period_far_from_its_page",
        rows[(companions > COMPANIONS_MONTHS) | lone],
        "period",
        lambda row: (
            f"{row.period} lies {row.companions:.0f} months from the nearest other figure of its "
            "page"
            if pd.notna(row.companions)
            else f"{row.period} lies {row.to_page:.0f} months before its page"
        ),
    )


@ACROSS.rule("restrictions")
def restriction_far_from_its_page(tables: Tables) -> list[Finding]:
    """Compare start and end of a restriction with the dates of its page, and with each other."""
    restrictions = tables["restrictions"]
    rows = _join_page_days("restrictions", tables, _date_pages(tables))
    begins = rows["observed_from_start"].fillna(rows["announced_on_start"])
    slack = pd.Timedelta(days=LATE_DAYS)
    late = begins >= _choose_page_day(rows) + slack
    report = partial(report_rows, "restrictions", restrictions, "restriction_far_from_its_page")
    early = report(
        rows[late],
        "observed_from",
        lambda row: f"{row.observed_from} lies more than {LATE_DAYS} days after its page",
    )
    lasted = (rows["ended_on_end"] - begins).dt.days
    after = rows["ended_on_start"] >= rows["read_until"] + slack
    far = (lasted > FAR_END_DAYS) | lasted.between(*A_YEAR_AND_DAYS)
    rows = rows.assign(lasted=lasted)
    ends = report(
        rows[after | far],
        "ended_on",
        lambda row: (
            f"the end {row.ended_on} lies {row.lasted:.0f} days after the start: a year too many, "
            "or after the page was read?"
        ),
    )
    days_apart = (rows["announced_on_start"] - rows["observed_from_start"]).dt.days.abs()
    return [
        *early,
        *ends,
        *report(
            rows[days_apart > ANNOUNCED_DAYS],
            "announced_on",
            lambda row: f"announced on {row.announced_on}, observed from {row.observed_from}",
        ),
    ]


RECORDED_TWICE = "restriction_recorded_twice"


@reports("restrictions", "restriction_id")
def restriction_recorded_twice(tables: Tables) -> Odd:
    """Report restrictions that repeat an earlier row under a second id."""
    return (
        find_repeats(tables),
        lambda row: (
            f"{row.other_id} on line {row.other_line} has the same areas, networks, services and "
            "first day"
        ),
    )


@reports("sources", "accessed_on")
def read_before_published(tables: Tables) -> Odd:
    """Report sources with publication after access."""
    sources = tables["sources"]
    odd = sources[sources["published_on_start"] >= sources["accessed_on_end"]]
    return odd, lambda row: f"read on {row.accessed_on}, published on {row.published_on}"


@reports("sources", "accessed_on")
def access_stands_alone(tables: Tables) -> Odd:
    """Report the newest day of access if no other source was read within a month before."""
    sources = tables["sources"]
    days = sources["accessed_on_end"]
    newest = days.nlargest(2)
    alone = len(newest) == 2 and (newest.iloc[0] - newest.iloc[1]).days > SOURCES_APART_DAYS
    odd = sources[days == days.max()] if alone else sources.iloc[:0]
    return (
        odd,
        lambda row: (
            f"no other source was read within {SOURCES_APART_DAYS} days of {row.accessed_on}"
        ),
    )


READ_AFTER_TODAY = register_rule("read_after_today", RuleStage.TABLES, "sources")


def find_read_after(tables: Tables, today: date | None) -> list[Finding]:
    """Return findings for sources read after `today`; none where `today` is None."""
    sources = tables["sources"]
    late = sources["accessed_on_start"] > pd.Timestamp(today)
    return [
        report_row(
            "sources",
            row,
            "accessed_on",
            READ_AFTER_TODAY,
            f"{row['accessed_on']} is in the future; correct the day of access",
        )
        for _, row in sources[late].iterrows()
    ]
