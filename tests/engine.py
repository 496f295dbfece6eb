"""Worlds for the estimation engine: a calibration among the facts, and the case of Russia."""

import json

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from audience_impact import pipeline
from audience_impact.audiences import inputs as knowing
from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import Scope, build_scope
from audience_impact.facts.tables import Tables
from audience_impact.fitted.models import read_context
from audience_impact.frames import Array
from audience_impact.outputs import impact as impact_table
from audience_impact.outputs import over_time
from audience_impact.outputs.area_names import list_areas_of
from audience_impact.outputs.areas import Sets, make_rows
from audience_impact.outputs.queries import DayEngine
from audience_impact.outputs.review.reasons import find_no_estimate_reason
from audience_impact.overlap import copula
from audience_impact.overlap.copula import Calibration
from audience_impact.overlap.model import OverlapModel
from audience_impact.pipeline import Outputs, Settings, Stages
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Draws, Simulation, SimulationInputs
from audience_impact.vocabulary import OverlapParameter
from tests.support import AS_OF, FACTS, World, load, row

LEARNED = Calibration(-0.26, 0.283, 0.306, 0.0147, 0.5, 0.105, 6)
QUIET = Settings(draws=400)
ENDS = ["printed_min_persons", "q05_persons", "q50_persons", "q95_persons", "printed_max_persons"]
ADULTS = 112_669_874
"""Adults of Russia in the worked case: 37 % of them use calls."""


def learned() -> OverlapModel:
    """What surveys taught, with no country that has surveys of its own."""
    return OverlapModel(LEARNED)


def patterns(shares: ArrayLike, correlation: float) -> Array:
    """Patterns (2**n,) of one draw of audiences (n,)."""
    m = np.asarray(shares, dtype=float)
    return np.asarray(copula.draw_patterns(m[None, :], [correlation])[0])


def calibrated(made: World, errors: dict[tuple[str, str], float] | None = None) -> World:
    """The world with the calibration of joint use, and figures that are exact or as told."""
    made.errors(errors)
    for name in (p.value for p in OverlapParameter if p is not OverlapParameter.SURVEY):
        made.add(
            "overlap_calibration",
            parameter=name,
            value=str(getattr(LEARNED, name)),
            surveys="55",
            houses=str(LEARNED.houses),
        )
    return made


def of_places(made: World) -> World:
    """The world with the laws learned of places and networks."""
    for table in ("place_laws", "network_laws", "part_sizes"):
        header, rows = load(FACTS / f"{table}.csv")
        for cells in rows:
            made.add(table, **dict(zip(header, cells, strict=True)))
    return made


def placed(made: World) -> World:
    """The world with three regions of XA, a town in the first, and the laws of places."""
    of_places(made)
    for area, parent, persons in (
        ("XA-01", "XA", "300000"),
        ("XA-02", "XA", "200000"),
        ("XA-03", "XA", "100000"),
        ("XA-01/town", "XA-01", "40000"),
    ):
        if area not in ("XA-01", "XA-02"):
            made.add("areas", area_id=area, name=f"Land {area}", parent_id=parent)
        made.base(
            f"{area}-all",
            area_id=area,
            population_base="all_ages",
            period="2025",
            persons=persons,
            source_id="census-page",
        )
    if "*" not in {row["platform_id"] for row in made.rows["platforms"]}:
        made.add("platforms", platform_id="*", name="Whole internet", kind="network")
    return made.add("network_use", least_share="0.5", most_share="0.9", period="2025")


def cut(made: World, act: str, *places: str, **cells: str) -> World:
    """The network shut down in places, each `area` or `area=reading`; nowhere: in the country."""
    whole = {} if places else {"area_ids": "XA"}
    named = [place.partition("=") for place in places]
    ids = ";".join(area for area, _, _ in named)
    result = {"area_ids": ids, "geo_scope": "multi_region", "action": "network_shutdown", **whole}
    made.restrict(act, "*", **{**result, **({} if places else {"geo_scope": "national"}), **cells})
    for area, _, reading in named:
        least = "XA-01/town" if reading == "city_or_district" else ""
        made.add(
            "restriction_places",
            restriction_id=act,
            area_id=area,
            reading=reading or "whole",
            least_area_id=least,
            part_kind="seat" if reading == "within" else "",
            units_count="1" if reading == "within" else "",
        )
    return made


def russia(online: str = "105000000", errors: dict[tuple[str, str], float] | None = None) -> World:
    """Two messengers of one panel (96 and 89 of 105 million a month, 82.1 and 68.0 a day)."""
    made = calibrated(World(), errors)
    for lineage, kind in (("panel", "panel"), ("survey", "survey"), ("census", "census")):
        made.add("lineages", measurement_series_id=lineage, measurer=lineage, source_type=kind)
        made.add(
            "sources",
            source_id=f"{lineage}-page",
            source_type=kind,
            measurement_series_id=lineage,
            url=f"https://example.org/{lineage}",
        )
    made.add("platforms", platform_id="any-messenger", name="Any messenger", kind="group")
    made.add("areas", area_id="RU", name="Russia")
    for population, persons in (("all_ages", "146000000"), ("age_18_plus", str(ADULTS))):
        made.base(
            f"RU-{population}",
            area_id="RU",
            population_base=population,
            persons=persons,
            source_id="census-page",
        )
    made.base("RU-panel", area_id="RU", period="2025-07", persons=online)
    for platform, month, day in (
        ("whatsapp", "96000000", "82100000"),
        ("telegram", "89000000", "68000000"),
    ):
        made.add("platforms", platform_id=platform, name=platform.title())
        for metric, value in (("monthly_reach", month), ("avg_daily_reach", day)):
            made.estimate(
                f"{platform}-{metric}",
                platform_id=platform,
                area_id="RU",
                audience_metric=metric,
                value=value,
                period="2025-07",
            )
    return made


def calls(made: World, restriction_id: str = "R1", **cells: str) -> World:
    """The restriction of calls in both messengers, from 13 August to the end of 2025."""
    result = {
        "observed_from": "2025-08-13",
        "ended_on": "2025-12-31",
        "end_status": "ended",
        "severity": "feature_unavailable",
        **cells,
    }
    made.add("restrictions", restriction_id=restriction_id, area_ids="RU", **result)
    for platform in ("telegram", "whatsapp"):
        made.add(
            "restriction_targets",
            restriction_id=restriction_id,
            platform_id=platform,
            feature="voice_call",
        )
    return made


PREPARED: dict[str, tuple[Stages, Tables]] = {}
"""The world that a test prepared last; conftest.py forgets it after the test."""


def prepared(made: World) -> tuple[Stages, Tables]:
    """What follows from a world without a draw, and its typed tables."""
    key = json.dumps(made.rows)
    if key not in PREPARED:
        PREPARED.clear()
        tables = made.typed()
        PREPARED[key] = pipeline.prepare_run(tables, AS_OF)[0], tables
    return PREPARED[key]


def scoped(made: World) -> Scope:
    """The restrictions of a world as every stage sees them: the first of them, and nothing else."""
    return build_scope(made.typed(), AS_OF)


def known(made: World) -> Inputs:
    """What is known of a world: the stages before bounds and draws, which take as long again."""
    tables = made.typed()
    return knowing.gather_inputs(build_scope(tables, AS_OF), read_context(tables))


def drawn(made: World, count: int = 400, seed: int = 0) -> Draws:
    """Draws of every metric of a world."""
    return Simulation(prepared(made)[0].simulation, Sampler(seed, count)).draw_metrics()


def calculated(made: World) -> Outputs:
    """Everything that is published of a world, from few draws, each when a test looks at it."""
    return Outputs(prepared(made)[0], QUIET)


def by_area(
    inputs: SimulationInputs, sampler: Sampler, areas: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Totals by month and year of countries, and of regions where the table of areas is given."""
    simulation = Simulation(inputs, sampler)
    sets = over_time.draw_periods(simulation, DayEngine(simulation).count_by_kind())
    return _sum_countries(sets, inputs, areas)


def by_day(inputs: SimulationInputs, sampler: Sampler, areas: pd.DataFrame) -> pd.DataFrame:
    """Totals by day of countries and regions."""
    return _sum_countries(over_time.draw_days(Simulation(inputs, sampler), AS_OF), inputs, areas)


def _sum_countries(
    sets: Sets, inputs: SimulationInputs, areas: pd.DataFrame | None
) -> pd.DataFrame:
    names = sorted(set(inputs.timeline.rows["country_id"]))
    places = pd.DataFrame({"country_id": names, "area_id": names})
    if areas is not None:
        places = list_areas_of(areas, places["country_id"])
    return make_rows([sets], places, find_no_estimate_reason(inputs), AS_OF)


def impact_of(stages: Stages, draws: Draws) -> pd.DataFrame:
    """Table `impact` of what was prepared and drawn."""
    return impact_table.make_impact(stages.scope, stages.simulation, draws)


def impacts(made: World, count: int = 400) -> pd.DataFrame:
    """Table `impact` of a world, without the tables over time."""
    stages, _ = prepared(made)
    return impact_of(stages, Simulation(stages.simulation, Sampler(0, count)).draw_metrics())


def of(
    impact: pd.DataFrame, restriction_id: str = "R1", metric: str = "people_exposed"
) -> "pd.Series[float]":
    """The row of a restriction and metric."""
    return row(impact, restriction_id=restriction_id, impact_metric=metric)


def ends(found: "pd.Series[float]") -> list[float]:
    """Lower bound, quantiles and upper bound."""
    return [float(found[name]) for name in ENDS]


def rising(numbers: list[float]) -> bool:
    """Whether no number is smaller than the one before it."""
    return bool((np.diff(numbers) >= 0.0).all())
