"""The page of a platform: where and when it was restricted, and which audiences were used."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers.names import listed as enumerated
from audience_impact.answers.numbers import Estimate, estimate
from audience_impact.periods import span
from audience_impact.site import listings
from audience_impact.site.charts import platform as chart
from audience_impact.site.listed import Listed
from audience_impact.site.world import File, Page, World, as_csv, platform_path
from audience_impact.vocabulary import WHOLE_INTERNET, EndStatus


@dataclass(frozen=True)
class Audience:
    """The audience of a platform in a country, as restrictions there used it.

    Attributes:
        area: The country by name.
        period: When it was counted; blank where nobody did.
        bounds: Counted people.
        imputed: People imputed from figures of others.
        metric: What was counted.
        rung: From what it was imputed.
        by: Who counted.
    """

    area: str
    period: str
    bounds: Estimate
    imputed: Estimate
    metric: str
    rung: str
    by: str


def pages(world: World) -> Iterator[Page | File]:
    """A page a platform that was restricted, and its numbers as CSV."""
    for platform, own in listings.grouped(world.listed, lambda one: one.platforms).items():
        path = platform_path(platform)
        yield Page(path, name(world, platform), "platform.html", _values(world, platform, own))
        yield File(f"{path.removesuffix('.html')}.csv", _data(world, platform))


def name(world: World, platform: str) -> str:
    """What the page of a platform is called."""
    return "The whole internet" if platform == WHOLE_INTERNET else world.platforms[platform]


def _values(world: World, platform: str, own: list[Listed]) -> dict[str, Any]:
    """What the template reads."""
    countries = listings.grouped(own, lambda one: one.countries)
    acts = [act for code, listed in countries.items() for act in _acts(world, code, listed)]
    order = sorted(acts, key=lambda act: (act["area"], act["start"], act["end"]))
    title = f"Restrictions by country: {name(world, platform)}"
    return {
        "count": len(own),
        "ongoing": sum(one.end_status == EndStatus.ONGOING for one in own),
        "countries": _named(countries),
        "undated": sum(not one.start for one in own),
        "picture": chart.draw(title, order),
        "audiences": _audiences(world, platform, own),
        "is_internet": platform == WHOLE_INTERNET,
        "data": platform_path(platform).rpartition("/")[2].removesuffix(".html"),
    }


def _named(countries: Mapping[str, list[Listed]]) -> list[dict[str, Any]]:
    """The restrictions of each country, the newest first, by the name of the country."""
    return [
        {
            "area": code,
            "name": naming.area(code),
            "rows": [listings.row(one) for one in listings.newest_first(countries[code])],
        }
        for code in sorted(countries, key=naming.area)
    ]


def _acts(world: World, code: str, own: Iterable[Listed]) -> Iterator[dict[str, str]]:
    """What the picture shows of a country: from the start to the end, so far as they are known."""
    for one in own:
        ended = span(world.records[one.restriction].act.ended_on or "")
        end = world.as_of.isoformat() if one.end_status == EndStatus.ONGOING else one.start
        if ended:  # the day after the last
            end = max(one.start, ended[1].date().isoformat())
        if one.start:
            yield {"area": naming.area(code), "start": one.start, "end": end}


def _audiences(world: World, platform: str, own: Iterable[Listed]) -> list[Audience]:
    """What was counted in each country, each once; where nothing was, what was imputed last."""
    counted: set[Audience] = set()
    others: dict[str, Audience] = {}
    for one in listings.newest_first(own):
        record = world.records[one.restriction]
        for part in record.audiences:
            if part["platform_id"] == platform:
                audience = _audience(one, part, record.figures)
                if audience.metric:
                    counted.add(audience)
                else:
                    others.setdefault(audience.area, audience)
    known = {audience.area for audience in counted}
    rest = [audience for area, audience in others.items() if area not in known]
    return sorted([*counted, *rest], key=lambda one: (one.area, one.period, str(one)))


def _audience(
    one: Listed, part: Mapping[str, Any], figures: Iterable[Mapping[str, Any]]
) -> Audience:
    """A row of `impact_by_platform`; bounds where somebody counted."""
    platform, counted = part["platform_id"], part["audience_metric"] is not None
    measured = {
        figure["attribution"]
        for figure in figures
        if figure["role"] == "audience" and figure["platform_id"] == platform
    }
    ends = (part[f"{name}_persons"] if counted else None for name in ("lower", "upper"))
    return Audience(
        enumerated([naming.area(code) for code in one.countries]),
        part["period"] or "",
        Estimate(next(ends), None, None, None, next(ends)),
        estimate(part, prefix="imputed_", bounds=False),
        part["audience_metric"] or "",
        part["imputation_rung"] or "",
        "; ".join(sorted(measured)),
    )


def _data(world: World, platform: str) -> bytes:
    """The rows of `impact_by_platform`, with where and when."""
    frame = world.tables["impact_by_platform"]
    acts = world.tables["restrictions"][["restriction_id", "country_id", "start_on", "ended_on"]]
    rows = frame[frame["platform_id"] == platform].merge(acts, on="restriction_id")
    return as_csv(rows, world.version)
