"""Odd worlds that are pinned: small facts of each kind that the tests know, written out here.

They stand on their own, so that a test may change its world and the pinned one stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from tests.engine import calibrated, calls, russia
from tests.support import World, world

CENSUS = {"source_id": "census-page", "period": "2024"}
ENDED = {"end_status": "ended", "end_source": "recorded"}
KEPT = {"low_share": "0.2", "high_share": "0.4", "interval_kind": "min_max"}
RANGE = {"low": "450000", "high": "600000"}
OVERLAPS: tuple[dict[str, str], ...] = (
    {"interval_kind": "one_sided_min"},
    {"interval_kind": "one_sided_max"},
    {"unit": "persons", "value": "250000"},
    {"unit": "accounts", "value": "250000"},
    {"kind": "union", "unit": "persons", "value": "600000", "share_of": ""},
    {"low": "0.4", "high": "0.7", "interval_kind": "min_max"},
    {"value": "0.01"},
)
"""What an overlap of two services may say; the last contradicts their audiences."""


@dataclass(frozen=True)
class Odd:
    """How a world is made, and how it is computed."""

    make: Callable[[], World]
    as_of: date | None = None


def measured() -> World:
    """A calibration, three services and their daily audiences."""
    made = calibrated(world())
    for platform, month, day in (
        ("alpha", "500000", "300000"),
        ("beta", "400000", "200000"),
        ("gamma", "100000", "90000"),
    ):
        made.estimate(f"M-{platform}", platform_id=platform, value=month)
        made.estimate(
            f"D-{platform}", platform_id=platform, audience_metric="avg_daily_reach", value=day
        )
    return made


def country(made: World, area: str, **online: str) -> World:
    """A country with its people, its people online, and a service."""
    made.add("areas", area_id=area, name=f"Land {area}")
    cells = {"area_id": area, **CENSUS}
    made.base(f"{area}-all", population_base="all_ages", persons="1000000", **cells)
    made.base(f"{area}-online", population_base="internet_all", **cells, **online)
    return made.estimate(f"{area}-alpha", area_id=area, population_base="internet_all")


def dates() -> World:
    """Starts and ends of every kind."""
    made = measured()
    made.restrict("announced", "alpha", announced_on="2025-07-20", observed_from="2025-08-01")
    made.restrict("month", "alpha", observed_from="2026-01")
    made.restrict("no-start", "alpha", observed_from="")
    made.restrict("early-end", "alpha", ended_on="2025-07", **ENDED)
    made.restrict("short", "alpha", "beta", ended_on="2025-07-20", **ENDED)
    made.restrict("unknown", "alpha", end_status="unknown", end_source="missing")
    made.restrict("withdrawn", "alpha", end_status="withdrawn", network_scope="mobile")
    made.restrict("never", "alpha", severity="none")
    made.restrict("old", "alpha", observed_from="2023-01-01")
    made.restrict("again", "alpha", observed_from="2025-10-01", start_precision="estimated")
    return made


def places() -> World:
    """Regions, parts, some networks, several countries, and whole networks."""
    made = country(country(measured(), "XD"), "XE", low_persons="650000", high_persons="750000")
    country(made, "XF", obs_status="F", low_persons="500000", high_persons="800000")
    for region, persons in (("XA-01", "1000"), ("XA-02", "30000")):
        made.base(region, area_id=region, population_base="all_ages", persons=persons)
    made.add("areas", area_id="XA-03", name="A region that nobody counts", parent_id="XA")
    part = {"area_ids": "XA-01", "geo_scope": "region"}
    made.restrict("region", "alpha", observed_from="2026-01-01", **part)
    for act, areas in (("regions", "XA-01;XA-02"), ("uncounted", "XA-01;XA-03")):
        made.restrict(act, "alpha", area_ids=areas, geo_scope="multi_region")
    for scope in ("multi_region", "locality", "unknown"):
        made.restrict(f"part-{scope}", "alpha", "beta", geo_scope=scope)
    for scope in ("mobile", "fixed", "unknown"):
        made.restrict(f"network-{scope}", "alpha", "beta", network_scope=scope)
    made.restrict("countries", "alpha", area_ids="XA;XD", observed_from="2026-01-01")
    made.restrict("one-without-base", "alpha", area_ids="XA;XC")
    made.restrict("no-base", "alpha", area_ids="XC")
    for area in ("XD", "XE", "XF"):
        made.restrict(f"off-{area}", "*", area_ids=area, action="network_shutdown")
    made.restrict("mobile-off", "*", area_ids="XD", network_scope="mobile")
    return made.restrict("swallows", "*", "alpha", area_ids="XD")


def figures() -> World:
    """Figures of every kind: stated errors, relays, several measurers, weak ones, other bases."""
    made = world()
    for place, cells in enumerate(
        (
            {"interval_kind": "min_max", **RANGE},
            {"interval_kind": "ci90", **RANGE},
            {"interval_kind": "ci95", **RANGE},
            {"interval_kind": "one_sided_min"},
            {"interval_kind": "one_sided_max"},
            {"interval_kind": "min_max", **RANGE, "value": ""},
            {"period": "2024-06"},
            {"period": "2025-09"},
            {"audience_metric": "unspecified"},
            {"audience_metric": "dau"},
            {"audience_metric": "weekly_reach"},
            {"unit": "share", "value": "0.5"},
            {"value": "850000", "source_id": "survey-page"},
        )
    ):
        made.add("platforms", platform_id=f"p{place}", name=f"P {place}")
        made.estimate(f"P{place}", platform_id=f"p{place}", **cells)
        made.restrict(f"R-p{place}", f"p{place}")
        made.restrict(f"R-p{place}-and-p0", f"p{place}", "p0" if place else "p1")
    for place, source in enumerate(("panel", "survey", "other-panel", "company", "census")):
        made.estimate(f"S{place}", source_id=f"{source}-page", value=f"{500 + 20 * place}000")
    made.estimate("relayed", source_id="relay-1", measurement_series_id="panel", value="480000")
    made.restrict("several", "alpha").restrict("half-known", "alpha", "gamma")
    return calibrated(made)


def people() -> World:
    """Groups, what was lost, restricted features and who uses them, and what others published."""
    made = compared(surveyed(features(measured())))
    made.estimate("after", value="300000", period="2025-09")
    for name, cells in (
        ("A", {"age": "18-24", "value": "0.7"}),
        ("B", {"age": "18-24", "value": "0.2", "platform_id": "beta"}),
        ("C", {"sex": "F", "value": "0.6"}),
        ("D", {"age": "18-24", "sex": "M", "value": "0.5", "population_base": "internet_all"}),
    ):
        made.estimate(name, unit="share", **cells)
    return made


def features(made: World) -> World:
    """Restricted features, who uses them, and who keeps access."""
    made.base("XA-adults", population_base="age_18_plus", persons="600000")
    made.add("feature_use", feature_use_id="F1")
    made.add(
        "feature_use", feature_use_id="F2", feature="video_call", interval_kind="one_sided_min"
    )
    made.add("feature_use", feature_use_id="F3", feature="login", population_base="custom")
    made.add("circumvention", circumvention_id="C1", **KEPT)
    made.add("circumvention", circumvention_id="C2", platform_ids="beta", self_selected="yes")
    for act in ("voice_call", "video_call", "login", "registration"):
        made.restrict(act, severity="feature_unavailable")
        made.add("restriction_targets", restriction_id=act, feature=act)
    made.restrict("mixed", "beta")
    for feature in ("voice_call", "video_call"):
        made.add("restriction_targets", restriction_id="mixed", feature=feature)
    return made.restrict("whole", "alpha").restrict("no-target")


def surveyed(made: World) -> World:
    """A country with surveys of its own, from which it learns."""
    for place in range(3):
        survey = f"S{place}"
        made.add("surveys", survey_id=survey, house=f"house {place}")
        made.add("use_patterns", survey_id=survey, online="0", platform_ids="")
        for platforms, share in (
            ("", "0.1"),
            ("alpha", "0.2"),
            ("beta", "0.05"),
            ("alpha;beta", "0.15"),
        ):
            made.add("use_patterns", survey_id=survey, platform_ids=platforms, weighted_share=share)
    return made.restrict("three", "alpha", "beta", "gamma")


def compared(made: World) -> World:
    """What others published, of a restriction and of a country."""
    made.restrict("R1", "alpha", "beta").restrict("R2", "gamma")
    for place, cells in enumerate(
        ({}, {"value": "650000"}, {"unit": "share", "value": "0.9"}, {"restriction_id": "R2"})
    ):
        made.add("published_figures", published_figure_id=f"F{place}", **cells)
    for place, cells in enumerate(
        (
            {},
            {"persons": "100000"},
            {"persons": "900000", "figure_kind": "added_up"},
            {"persons": "", "duration_hours": "24"},
            {"persons": "", "events": "4"},
            {"area_id": "XB"},
        )
    ):
        made.add("published_area_figures", published_area_figure_id=f"A{place}", **cells)
    return made


def refused() -> World:
    """Rows with errors, and those that then point nowhere."""
    made = measured().restrict("R1", "alpha", "beta").restrict("R2", "nothing-known")
    made.restrict("R3", "alpha", area_ids="XZ").restrict("R4", "alpha", observed_from="soon")
    made.restrict("R5", "alpha", ended_on="2025-01-01", **ENDED)
    made.estimate("E1", value="many").estimate("E2", source_id="nobody")
    made.estimate("E3", value="-5").base("B1", persons="many").base("B2", obs_status="?")
    made.add("overlaps", overlap_id="O1", platform_ids="alpha;alpha")
    return made.add("overlaps", overlap_id="O2", share_of="gamma")


def overlaps() -> World:
    """Countries of two or three services, each with one overlap of them."""
    made = calibrated(world())
    for place, cells in enumerate(OVERLAPS):
        area = f"Y{'ABCDEFG'[place]}"
        country(made, area)
        for platform, value in (("beta", "400000"), ("gamma", "100000")):
            made.estimate(
                f"{area}-{platform}",
                platform_id=platform,
                area_id=area,
                population_base="internet_all",
                value=value,
            )
        result = {"share_of": "alpha", "area_id": area, "population_base": "internet_all", **cells}
        made.add("overlaps", overlap_id=f"O-{area}", **result)
        made.restrict(f"{area}-two", "alpha", "beta", area_ids=area)
        made.restrict(f"{area}-three", "alpha", "beta", "gamma", area_ids=area)
    return made


def russian() -> World:
    """The case of Russia, with a survey of calls and a poll of those who keep access."""
    made = russia().add(
        "lineages", measurement_series_id="press", measurer="press", source_type="press_relay"
    )
    page = {"source_type": "press_relay", "url": "https://example.org/press"}
    made.add("sources", source_id="press-page", measurement_series_id="press", **page)
    telling = {"platform_id": "any-messenger", "area_id": "RU", "period": "2025-08"}
    made.add("feature_use", feature_use_id="F1", **{**telling, "share": "0.37"})
    keeping = {"platform_ids": "any-messenger", "area_id": "RU", "period": "2025-08"}
    made.add("circumvention", circumvention_id="C1", self_selected="yes", **keeping)
    return calls(made)


def uncalibrated() -> World:
    """Nothing that tells how audiences overlap."""
    made = measured().restrict("R1", "alpha").restrict("R2", "alpha", "beta")
    made.rows.pop("overlap_calibration")
    return made


def joined(*worlds: World) -> World:
    """Worlds of different countries as one, because each world checked costs a second."""
    made = World()
    for one in worlds:
        for table, rows in one.rows.items():
            kept = made.rows.setdefault(table, [])
            kept += [row for row in rows if row not in kept]
    return made


WORLDS: dict[str, Odd] = {
    "dates": Odd(dates),
    "before_the_first_restriction": Odd(dates, date(2020, 1, 1)),
    "figures": Odd(figures),
    "people": Odd(people),
    "no_calibration": Odd(uncalibrated),
    "places_overlaps_russia": Odd(lambda: joined(places(), overlaps(), russian())),
    "refused": Odd(refused),
}
"""The worlds by name."""
