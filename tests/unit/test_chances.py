"""How sure restrictions are, and the draws in which they happened."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.fitted import chances
from audience_impact.fitting import shares as fitting
from audience_impact.outputs.over_time import draw_periods
from audience_impact.outputs.queries import DayEngine
from audience_impact.simulation import worlds
from audience_impact.simulation.sampler import Sampler, stratify_uniforms
from audience_impact.simulation.simulate import Simulation
from audience_impact.vocabulary import Chance
from tests.engine import calculated, calibrated, cut, of, placed, prepared
from tests.support import ERRORS, World, row, world

SAMPLER = Sampler(0, 200)
ENDED = {"ended_on": "2025-08-20", "end_status": "ended", "end_source": "recorded"}
REPORTED = {"claim_status": "reported", "evidence_state": "insufficient"}
ACTS = ("services", "again", "network", "region", "town")


# ---- Presence ----


def test_an_event_is_absent_in_as_many_draws_as_its_chance_says() -> None:
    groups = pd.DataFrame(
        {"happened": ["measured", "official"], "whole": "", "ongoing": "",
         "distinct": ["alone", "near"]},
        index=pd.Index(["R1", "R2"], name="restriction_id"),
    )  # fmt: skip
    fitted = pd.DataFrame(
        {"share": [0.97, 0.99, 0.99, 0.9], "weight": 1e9},
        index=["measured", "official", "alone", "near"],
    )
    sure = chances.Chances(groups, fitted)
    sampler = Sampler(0, 1000)
    present = sure.draw_present(
        groups.index, lambda keys: stratify_uniforms(sampler.draw_rows(pd.Series(keys)))
    )
    assert present is not None
    assert present.mean(axis=1).tolist() == pytest.approx([0.97 * 0.99, 0.99 * 0.9], abs=1.5e-3)
    confirmed = sure.is_confirmed(pd.Series(["R1", "R2"]))
    assert confirmed.tolist() == [True, False]  # the second may repeat a neighbour


# ---- The fit ----


def answers(*groups: tuple[str, int, int]) -> pd.DataFrame:
    """Answers of one chance, by group: so many of them yes, and so many no."""
    parts = [(name, answer) for name, yes, no in groups for answer in [1.0] * yes + [0.0] * no]
    table = pd.DataFrame(parts, columns=["chance_group", "is_yes"])
    return table.assign(chance="happened", event_id=table.index.astype("str"))


def shares(*groups: tuple[str, int, int]) -> dict[str, float]:
    result = fitting.fit_groups(answers(*groups))["share"].droplevel("chance")
    return {str(name): float(share) for name, share in result.items()}


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 60))
def test_a_chance_is_never_sure_and_lies_between_its_count_and_that_of_all(
    yes: int, no: int, other: int
) -> None:
    result = shares(("measured", yes, no), ("official", other, 0))
    assert all(0.0 < share < 1.0 for share in result.values())
    own, together = yes / (yes + no), (yes + other) / (yes + no + other)
    assert min(own, together, 0.5) < result["measured"] < max(own, together, 0.5)


# ---- The group of a restriction ----


def sure(made: World, share: float = 0.6) -> World:
    """The world with a chance of every group that is asked for in draws."""
    for chance, group in (
        *(("happened", name) for name in ("measured", "official", "one_report")),
        *(("distinct", name) for name in ("alone", "near")),
        *(("ongoing", name) for name in ("ongoing_service", "unknown_network")),
        *(("whole", name) for name in ("national", "below_country", "part")),
    ):
        result = share if chance == "happened" else 0.95
        made.add("chances", chance=chance, chance_group=group, share=str(result), weight="30")
    return made


GROUPS: list[tuple[str, dict[str, str], str]] = [
    ("happened", {}, "measured"),
    ("happened", {"evidence_state": "likely_blocked"}, "official"),
    ("happened", {"evidence_state": "insufficient"}, "official"),
    ("happened", REPORTED, "one_report"),
    ("happened", {"claim_status": "disputed"}, "one_report"),
    ("happened", {"severity": "none"}, ""),
    (
        "happened",
        {"observed_from": "", "announced_on": "2025-07-15", "evidence_state": "insufficient"},
        "one_report",
    ),
    ("whole", {}, "national"),
    ("whole", {"extent_reason": "one operator named"}, "part"),
    ("whole", {"network_scope": "asn_list"}, "part"),
    ("whole", {"geo_scope": "region"}, "below_country"),
    ("ongoing", {}, "ongoing_service"),
    ("ongoing", ENDED, ""),
    ("ongoing", {"end_status": "unknown", "severity": "network_unavailable"}, "unknown_network"),
]
"""A chance, the cells of a restriction, and the group that it is of."""


@pytest.mark.chain
def test_the_group_of_a_restriction() -> None:
    made = world()
    for number, (_, cells, _) in enumerate(GROUPS):
        made.restrict(f"R{number}", "alpha", **cells)
    groups = prepared(made)[0].simulation.chances.groups
    for number, (chance, cells, group) in enumerate(GROUPS):
        assert groups.at[f"R{number}", chance] == group, cells


@pytest.mark.chain
def test_a_similar_restriction_a_few_days_before_is_a_neighbour() -> None:
    made = placed(calibrated(world()))
    for name, place, day in (
        ("first", "XA-01", "2025-07-10"),
        ("inside", "XA-01/town", "2025-07-12"),
        ("elsewhere", "XA-02", "2025-07-12"),
        ("country", "XA", "2025-07-14"),
        ("late", "XA-01", "2025-07-30"),
    ):
        cut(made, name, place, observed_from=day, **ENDED)
    made.restrict("service", "alpha", observed_from="2025-07-12", **ENDED)
    groups = prepared(made)[0].simulation.chances.groups["distinct"]
    assert set(groups.index[groups == "near"]) == {"inside", "country"}


# ---- Draws ----


def acts_of(names: tuple[str, ...], chance: float | None = 0.6) -> World:
    """A country with some of ACTS in July 2025; each happened with a chance, or for sure."""
    made = placed(calibrated(world(), ERRORS)).add("daily_use", platform_id="*")
    for platform, persons in (("alpha", "400000"), ("beta", "250000")):
        made.estimate(platform, platform_id=platform, value=persons)
    result = {"observed_from": "2025-07-15", **ENDED}
    for name in names:
        if name in ("services", "again"):
            platforms = ["alpha", "beta"] if name == "services" else ["beta"]
            made.restrict(name, *platforms, **result)
        elif name == "network":
            cut(made, name, **result)
        else:
            cut(made, name, {"region": "XA-01", "town": "XA-01/town"}[name], **result)
    return made if chance is None else sure(made, chance)


def year(made: World) -> tuple[np.ndarray, dict[str, np.ndarray], pd.DataFrame | None]:
    """Draws of the country's year, of its restrictions, and whether these are present."""
    inputs = prepared(made)[0].simulation
    simulation = Simulation(inputs, SAMPLER)
    periods = draw_periods(simulation, DayEngine(simulation).count_by_kind())
    keys = periods.table[["period", "kind"]].agg("/".join, axis=1)
    at = np.flatnonzero(keys == "2025/all")[0]
    own = simulation.countries.exposed
    by_name = dict(zip(inputs.countries["restriction_id"], own, strict=True))
    drawn = periods.people["persons"][periods.rows["persons"][at], worlds.DRAWN :]
    return drawn, by_name, simulation.present


def present(presence: pd.DataFrame | None, name: str) -> np.ndarray:
    assert presence is not None
    return np.asarray(presence.loc[name] > 0.0)


@pytest.mark.chain
def test_a_year_has_in_each_draw_the_people_of_the_restrictions_present_alone() -> None:
    whole, _, presence = year(acts_of(ACTS))
    patterns = np.array([present(presence, name) for name in ACTS]).T
    distinct, number, count = np.unique(patterns, axis=0, return_inverse=True, return_counts=True)
    for place in np.argsort(-count)[:3]:
        names = tuple(np.array(ACTS)[distinct[place]])
        alone = year(acts_of(names, None))[0] if names else np.zeros(SAMPLER.count)
        some = number == place
        np.testing.assert_allclose(whole[some], alone[some], rtol=1e-4)


@pytest.mark.chain
def test_a_year_is_never_below_a_restriction_that_is_present() -> None:
    whole, own, presence = year(acts_of(ACTS))
    for name, people in own.items():
        assert (whole >= people * present(presence, name) - 1.0).all()
    at_all = np.any([present(presence, name) for name in ACTS], axis=0)
    assert own
    assert not at_all.all()
    assert (whole[~at_all] == 0.0).all()


@pytest.mark.chain
@pytest.mark.parametrize("more", ["network"])
def test_more_restrictions_are_never_fewer_people_in_any_draw(more: str) -> None:
    without = tuple(name for name in ACTS if name != more)
    (whole, _, first), (part, _, second) = year(acts_of(ACTS)), year(acts_of(without))
    # another restriction may make a neighbour of a later one, which is then less surely distinct
    is_same = np.all([present(first, name) == present(second, name) for name in without], axis=0)
    assert is_same.mean() > 0.8
    assert (whole >= part * (1.0 - 1e-4))[is_same].all()


@pytest.mark.chain
def test_a_restriction_is_answered_as_if_it_happened() -> None:
    sure_ones, doubtful = (calculated(acts_of(ACTS, chance)) for chance in (None, 0.2))
    names = ["q05_persons", "q50_persons", "q95_persons", "printed_max_persons", "max_persons"]
    pd.testing.assert_frame_equal(sure_ones["impact"][names], doubtful["impact"][names])
    days = [item["person_days"].query("restriction_id != 'all'") for item in (sure_ones, doubtful)]
    drawn = [name for name in days[0] if name.startswith("q")]
    pd.testing.assert_frame_equal(days[0][drawn], days[1][drawn])
    assert of(doubtful["impact"], "town")["chance_happened_share"] == pytest.approx(0.2)
    assert np.isnan(of(sure_ones["impact"], "town")["chance_happened_share"])


@pytest.mark.chain
def test_restrictions_of_one_chance_happen_in_as_many_draws_and_not_in_the_same() -> None:
    _, _, presence = year(acts_of(ACTS, 0.6))
    drawn = np.array([present(presence, name) for name in ACTS])
    assert drawn.mean() == pytest.approx(0.6 * 0.95, abs=0.07)
    assert len(np.unique(drawn, axis=0)) == len(ACTS)


@pytest.mark.chain
def test_a_lower_bound_counts_what_is_confirmed_alone() -> None:
    least = {}
    for name, cells in (("confirmed", {}), ("reported", REPORTED)):
        made = sure(calibrated(world(), ERRORS).estimate("alpha", value="400000"), 0.9)
        made.add("daily_use", platform_id="*")
        result = calculated(
            made.restrict("R1", "alpha", observed_from="2025-07-15", **ENDED, **cells)
        )
        assert of(result["impact"])["printed_max_persons"] >= 400000
        own = row(result["person_days"], restriction_id="R1", period="2025")
        service = row(result["impact_by_platform"], restriction_id="R1")
        area = row(result["impact_by_area"], area_id="XA", period="2025")
        days = row(result["person_days"], restriction_id="all", country_id="XA", period="2025")
        metrics = ("people_exposed", "people_feature_exposed")
        people = [*(of(result["impact"], metric=metric) for metric in metrics), service, area]
        ends = [rows[f"{end}_persons"] for rows in people for end in ("min", "printed_min")]
        least[name] = [*ends, own["printed_min_person_days"], days["printed_min_person_days"]]
        assert area["printed_max_persons"] >= 400000
    assert min(least["confirmed"]) > 0
    assert not any(least["reported"])


@pytest.mark.chain
def test_every_chance_has_a_column() -> None:
    result = of(calculated(acts_of(("region",)))["impact"], "region")
    stated = {chance: result[f"chance_{chance.value}_share"] for chance in Chance}
    assert stated[Chance.WHOLE] == stated[Chance.DISTINCT] == 0.95
    assert np.isnan(stated[Chance.ONGOING])


@pytest.mark.chain
def test_an_outage_that_was_measured_confirms_a_report() -> None:
    made = cut(placed(calibrated(world())), "R1", severity="network_unavailable", **REPORTED)
    assert prepared(made)[0].simulation.chances.groups.at["R1", "happened"] == "one_report"
    made.add("evidence", evidence_id="X1", area_id="XA", restriction_id="R1")
    assert prepared(made)[0].simulation.chances.groups.at["R1", "happened"] == "measured"
