"""The page of a platform: its restrictions by place and date, and the audiences that were used."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from audience_impact.answers import names as naming
from audience_impact.answers.names import join_names as enumerated
from audience_impact.answers.numbers import Estimate, read_estimate
from audience_impact.periods import parse_period
from audience_impact.site import rendering
from audience_impact.site.charts import drawing, series
from audience_impact.site.report_data import (
    File,
    ListEntry,
    Page,
    ReportData,
    platform_path,
    split_csv,
)
from audience_impact.vocabulary import WHOLE_INTERNET, EndStatus


class Audience(NamedTuple):
    """The audience of a platform in a country, as used for restrictions there.

    Attributes:
        area: The country by name.
        period: The period of the count; blank if nobody counted it.
        bounds: Limits of the counted people.
        imputed: People imputed from figures of others.
        metric: The metric of the count; blank if nobody counted it.
        evidence_level: The evidence level of an imputed audience.
        measured_by: The measurer.
    """

    area: str
    period: str
    bounds: Estimate
    imputed: Estimate
    metric: str
    evidence_level: str
    measured_by: str


def make_pages(report: ReportData) -> Iterator[Page | File]:
    """Yield a page for each platform that was restricted, and its numbers as CSV."""
    acts = report.tables["restrictions"][["restriction_id", "country_id", "start_on", "ended_on"]]
    audiences = report.tables["impact_by_platform"].merge(acts, on="restriction_id")
    encode = split_csv(audiences, "platform_id", report.version)
    by_platform = rendering.group_entries(report.entries, lambda entry: entry.platforms)
    for platform, entries in by_platform.items():
        path, name = platform_path(platform).removesuffix(".html"), name_platform(report, platform)
        values = _collect_values(report, platform, name, entries)
        yield Page(f"{path}.html", name, "platform.html", values)
        if values["picture"]:
            texts = (f"Restrictions of {name}", (report.source_line,))
            made = drawing.make_standalone(values["picture"], drawing.LIGHT, *texts)
            yield File(f"{path}.svg", made.encode())
        yield File(f"{path}.csv", encode(platform))


def name_platform(report: ReportData, platform: str) -> str:
    """Return the title of the page of a platform."""
    return "The whole internet" if platform == WHOLE_INTERNET else report.platforms[platform]


def _collect_values(
    report: ReportData, platform: str, name: str, entries: list[ListEntry]
) -> dict[str, Any]:
    countries = rendering.group_entries(entries, lambda entry: entry.countries)
    acts = [
        act for code, listed in countries.items() for act in _list_periods(report, code, listed)
    ]
    order = sorted(acts, key=lambda act: (act["area"], act["start"], act["end"]))
    return {
        "count": len(entries),
        "ongoing": sum(entry.end_status == EndStatus.ONGOING for entry in entries),
        "countries": {
            code: rendering.newest_first(countries[code])
            for code in report.listed_areas
            if code in countries
        },
        "undated": sum(not entry.start for entry in entries),
        "picture": series.draw_platform(f"Restrictions by country: {name}", order),
        "audiences": _list_audiences(report, platform, entries),
        "is_internet": platform == WHOLE_INTERNET,
        "data": platform_path(platform).rpartition("/")[2].removesuffix(".html"),
    }


def _list_periods(
    report: ReportData, code: str, entries: Iterable[ListEntry]
) -> Iterator[dict[str, str]]:
    for entry in entries:
        ended = parse_period(report.records[entry.restriction].restriction.ended_on or "")
        end = report.as_of.isoformat() if entry.end_status == EndStatus.ONGOING else entry.start
        if ended:  # the day after the last
            end = max(entry.start, str(ended[1])[:10])
        if entry.start:
            yield {"area": naming.label_area(code), "start": entry.start, "end": end}


def _list_audiences(
    report: ReportData, platform: str, entries: Iterable[ListEntry]
) -> list[Audience]:
    """Return the counted audiences of a platform by country, or the last imputed one."""
    counted: set[Audience] = set()
    others: dict[str, Audience] = {}
    for entry in rendering.newest_first(entries):
        record = report.records[entry.restriction]
        for part in record.audiences:
            if part["platform_id"] == platform:
                audience = _make_audience(entry, part, record.figures)
                if audience.metric:
                    counted.add(audience)
                else:
                    others.setdefault(audience.area, audience)
    counted_areas = {audience.area for audience in counted}
    rest = [audience for area, audience in others.items() if area not in counted_areas]
    return sorted(
        [*counted, *rest], key=lambda audience: (audience.area, audience.period, str(audience))
    )


def _make_audience(
    entry: ListEntry, part: Mapping[str, Any], figures: Iterable[Mapping[str, Any]]
) -> Audience:
    """Return the audience of a row of `impact_by_platform`; a counted audience has bounds."""
    measured = {
        figure["attribution"]
        for figure in figures
        if figure["role"] == "audience" and figure["platform_id"] == part["platform_id"]
    }
    is_counted = part["audience_metric"] is not None
    low, high = (
        part[f"{end}_persons"] if is_counted else None for end in ("printed_min", "printed_max")
    )
    return Audience(
        enumerated([naming.name_area(code) for code in entry.countries]),
        part["period"] or "",
        Estimate(low, None, None, None, high),
        read_estimate(part, prefix="imputed_", bounds=False),
        part["audience_metric"] or "",
        part["imputation_rung"] or "",
        "; ".join(sorted(measured)),
    )
