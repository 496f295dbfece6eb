"""Audiences without a count on record: a known world is found again, and figures go before it."""

from functools import cache
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from audience_impact import pipeline
from audience_impact.audiences.inputs import Inputs, gather_inputs
from audience_impact.audiences.scope import build_scope
from audience_impact.bounds import Bounds, bound_restrictions
from audience_impact.facts.tables import Tables
from audience_impact.fitted.models import read_context
from audience_impact.fitting import audiences as learning
from audience_impact.imputation import audiences, distribution, effects, figures
from audience_impact.overlap.model import read_model
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Simulation
from audience_impact.vocabulary import ImputationRung, ObsStatus
from benchmarks.deletions import describe_answers
from tests.support import AS_OF, ERRORS, SPREADS, World, row, world

CODES = [f"{first}{second}" for first in "PQRS" for second in "ABCDEF"]
CALIBRATED = ("between", "within", "area", "region", "model", "spread_below", "spread_above")
SERVICES = {"alpha": 0.8, "beta": 0.5, "gamma": 0.2}
"""True share of the people online who use each service, but for the country."""


def true_share(code: str, service: str) -> float:
    """The share of a service in a country: a country is a little above or below the service."""
    above = (CODES.index(code) % 5 - 2) * 0.12
    return float(figures.harden_odds(figures.soften_odds(np.array([SERVICES[service]])) + above)[0])


def counted(*left: tuple[str, str], errors: dict[tuple[str, str], float] | None = None) -> World:
    """A world in which surveys counted every service in every country but those of `left`."""
    made = world().errors(errors)
    for code in CODES:
        made.add("areas", area_id=code, name=f"Land {code}", parent_id=f"00{CODES.index(code) % 3}")
        for base, persons in (("all_ages", "1000000"), ("internet_all", "500000")):
            cells = {"area_id": code, "period": "2024", "source_id": "census-page"}
            made.base(f"{code}-{base}", population_base=base, persons=persons, **cells)
        asked = {"area_id": code, "audience_metric": "survey_regular", "unit": "share"}
        asked |= {"population_base": "internet_all", "period": "2024", "source_id": "survey-page"}
        for service in SERVICES:
            if (code, service) not in left:
                share = f"{true_share(code, service):.4f}"
                made.estimate(f"E-{code}-{service}", platform_id=service, value=share, **asked)
    for number in range(3):
        made.add("areas", area_id=f"00{number}", name=f"Part {number}")
    return made


def restricted(errors: dict[tuple[str, str], float] | None = None) -> World:
    """A world where nobody counted the users of a service that was restricted."""
    made = counted(("PA", "alpha"), errors=errors).audience_laws()
    return made.restrict("R1", "alpha", area_ids="PA")


def joined(made: World) -> World:
    """The world with a calibration of joint use."""
    for name in ("mean", *CALIBRATED):
        value = "0.5" if name == "mean" else "0.1"
        made.add("overlap_calibration", parameter=name, value=value)
    return made


def wanted(*keys: tuple[str, str], day: str = "2024-07-01") -> pd.DataFrame:
    """Services wanted in countries on a day."""
    frame = pd.DataFrame(keys, columns=["area_id", "platform_id"])
    return frame.assign(moment=pd.Timestamp(day).as_unit("us"))


@pytest.fixture(scope="module")
def tables() -> Tables:
    """A world where one service of one country, and all of another, was not counted."""
    other = [("QB", service) for service in SERVICES]
    made = counted(("PA", "alpha"), *other).audience_laws()
    return made.restrict("R1", "alpha", area_ids="PA").typed()


def prepared(tables: Tables) -> tuple[Inputs, Bounds]:
    """What the facts say of the restrictions, and its bounds."""
    asked = build_scope(tables, AS_OF)
    known = gather_inputs(asked, read_context(tables))
    return known, bound_restrictions(asked, known, known, read_context(tables))[0]


def model_of(tables: Tables) -> distribution.ImputationModel:
    """The model of the figures of these tables by their laws."""
    model = distribution.read_model(tables)
    assert model is not None
    return model


def without_own(asked: pd.DataFrame, model: distribution.ImputationModel) -> pd.DataFrame:
    """The same questions, to be answered without the figures of their country."""
    ids = model.figures.groupby("area_id")["figure_id"].agg("+".join)
    return asked.assign(left_out_ids=asked["area_id"].map(ids))


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5))
def test_softened_log_odds_keep_shares_and_their_order(shares: list[float]) -> None:
    odds = figures.soften_odds(np.array(shares))
    assert figures.harden_odds(odds) == pytest.approx(np.array(shares), abs=1e-9)
    assert (np.diff(odds[np.argsort(shares)]) >= 0).all()


def test_a_world_that_is_known_is_found_again(tables: Tables) -> None:
    keys = [("PA", "alpha"), *(("QB", service) for service in SERVICES)]
    shares, _ = distribution.impute_shares(wanted(*keys), tables, model_of(tables))
    truth = np.array([true_share(*key) for key in keys])
    assert shares["q50_share"].to_numpy() == pytest.approx(truth, abs=0.1)
    assert ((shares["q05_share"] < truth) & (truth < shares["q95_share"])).all()
    assert shares["rung"].tolist() == [ImputationRung.COUNTRY, *[ImputationRung.SUBREGION] * 3]


@pytest.mark.chain
def test_figures_of_the_country_narrow_what_is_imputed(tables: Tables) -> None:
    asked, known = wanted(("RC", "beta")), model_of(tables)
    own, other = (
        distribution.impute_shares(rows, tables, known)[0].iloc[0]
        for rows in (asked, without_own(asked, known))
    )
    assert own["rung"] == ImputationRung.OWN_PEOPLE
    assert other["rung"] == ImputationRung.SUBREGION
    assert own["q95_share"] - own["q05_share"] < other["q95_share"] - other["q05_share"]


def test_what_no_service_or_country_is_cannot_be_had(tables: Tables) -> None:
    asked = wanted(("PA", "*"), ("ZZ", "alpha"), ("PA", "nothing"), ("PA", "alpha"))
    shares, _ = distribution.impute_shares(asked, tables, model_of(tables))
    assert shares.index.tolist() == [3]


def test_the_covariance_is_the_sum_of_its_effects() -> None:
    rows = figures.read_observations(counted().typed())
    total = np.diag(rows["way"].map(lambda way: SPREADS[effects.OWN + way] ** 2))
    for effect in effects.EFFECTS:
        groups = (
            rows[list(effect.by)].astype("str").agg("|".join, axis=1)
            if effect.by
            else rows["way"] != ""
        )
        factor = rows[effect.times].to_numpy("float64") if effect.times else np.ones(len(rows))
        share = np.equal.outer(groups.to_numpy(), groups.to_numpy()) * np.outer(factor, factor)
        if effect.along:
            at = rows[effect.along].to_numpy("float64") / effect.scale
            apart = np.abs(np.subtract.outer(at, at))
            share = share * np.exp(-apart if effect.is_rough else -0.5 * apart**2)
        total += SPREADS[effect.name] ** 2 * share
    assert effects.compute_covariance(rows, SPREADS) == pytest.approx(total)
    part = effects.compute_cross_covariance(rows[5:], rows[:5], SPREADS)
    assert part == pytest.approx(total[5:, :5])


@cache
def sparse() -> pd.DataFrame:
    """The figures of a world where one service was counted twice, in one way and another."""
    made = counted(*((code, "gamma") for code in CODES[4:]))
    twice = {"area_id": "PA", "platform_id": "gamma", "population_base": "internet_all"}
    made.estimate("E-told", audience_metric="mau", value="90000", period="2023", **twice)
    return figures.read_observations(made.typed())


@given(st.lists(st.lists(st.integers(0, 52)), min_size=1, max_size=4), st.randoms())
def test_figures_that_a_row_leaves_out_are_no_evidence_for_it(
    places: list[list[int]], random: Random
) -> None:
    known = sparse()
    asked = known.iloc[[random.randrange(len(known)) for _ in places]].reset_index(drop=True)
    ids = ["+".join(known["figure_id"].iloc[out]) for out in places]
    together = figures.Evidence(asked.assign(left_out_ids=ids), known)
    for at, out in enumerate(places):
        rest = known.drop(known.index[out]).reset_index(drop=True)
        alone = figures.Evidence(asked.iloc[[at]], rest)
        assert together.find_levels()[at] == alone.find_levels()[at]
        assert together.is_stranger()[at] == alone.is_stranger()[0]


def test_an_answer_without_some_figures_is_that_of_the_others(tables: Tables) -> None:
    model, out = model_of(tables), [3, 4, 40]
    precision, _ = model.weighted_inverse
    rest = model.figures.drop(out).reset_index(drop=True)
    fewer = distribution.ImputationModel(rest, model.parameters)
    covariance = np.delete(np.delete(np.linalg.inv(precision), out, axis=0), out, axis=1)
    inverse = np.linalg.inv(covariance)
    fewer.__dict__["weighted_inverse"] = (inverse, inverse @ rest["odds"])
    asked = model.figures.iloc[[3, 7, 8]].reset_index(drop=True)
    ids = "+".join(model.figures["figure_id"][out])
    without = distribution.condition_on_figures(asked.assign(left_out_ids=ids), model)
    of_others = distribution.condition_on_figures(asked, fewer)
    for some, all_of_them in zip(without[:2], of_others[:2], strict=True):
        assert some == pytest.approx(all_of_them)
    assert without[2][:, out] == pytest.approx(0.0)


def test_the_figures_that_move_an_answer_most_are_listed_with_it(tables: Tables) -> None:
    asked, model = wanted(("PA", "alpha")), model_of(tables)
    shares, movers = distribution.impute_shares(asked, tables, model)
    ids = model.figures["figure_id"]
    each = pd.concat([asked] * len(ids), ignore_index=True).assign(left_out_ids=ids)
    without, _ = distribution.impute_shares(each, tables, model)
    moved = without["q50_share"].set_axis(ids)
    assert movers.index.tolist() == [0] * distribution.MOVERS
    assert movers["q50_share"].eq(shares["q50_share"][0]).all()
    assert movers["without_share"].to_numpy() == pytest.approx(moved[movers["figure_id"]])
    most = (moved - shares["q50_share"][0]).abs()
    assert most[movers["figure_id"]].is_monotonic_decreasing
    assert most[movers["figure_id"]].min() >= most.drop(movers["figure_id"]).max()


def test_the_gradient_is_that_of_the_score() -> None:
    random = np.random.default_rng(1)
    rows = figures.read_observations(counted().typed()).head(40)
    rows = rows.assign(odds=random.normal(size=len(rows)))
    odds, weights = rows["odds"].to_numpy(), np.linspace(0.5, 1.5, len(rows))
    ways = [
        (effects.split_blocks(effects.number_groups([by], rows)[0]), counts)
        for by, counts in (("area_id", 1.0), ("platform_id", 0.5))
    ]
    matrix = effects.compute_covariance(rows, SPREADS)
    total, slope = learning.score_ways(matrix.copy(), odds, ways, weights)
    step = random.normal(size=matrix.shape)
    step = 1e-6 * (step + step.T)
    after, _ = learning.score_ways(matrix + step, odds, ways, weights)
    assert after - total == pytest.approx(float((slope * step).sum()), rel=1e-3)


def test_figures_left_out_are_foretold_as_if_they_had_not_been_there() -> None:
    rows = figures.read_observations(counted().typed())
    matrix, odds = effects.compute_covariance(rows, SPREADS), rows["odds"].to_numpy()
    parts = effects.split_blocks(effects.number_groups(["area_id"], rows)[0])
    precision = distribution.invert_covariance(matrix.copy())
    residual, variance = learning.leave_out(precision, precision @ odds, parts)
    part = parts[3]
    rest = np.setdiff1d(np.arange(len(rows)), part)
    solved = np.linalg.solve(matrix[np.ix_(rest, rest)], matrix[np.ix_(rest, part)])
    assert residual[part] == pytest.approx(odds[part] - solved.T @ odds[rest])
    spread = matrix[np.ix_(part, part)] - matrix[np.ix_(part, rest)] @ solved
    assert variance[part] == pytest.approx(np.diag(spread))


@pytest.mark.chain
def test_the_same_figures_teach_the_same_laws() -> None:
    tables = counted().typed()
    first, second = (learning.fit_table(tables, steps=2) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert learning.is_current({**tables, "audience_laws": first})
    others = counted(("PA", "alpha")).typed()
    assert not learning.is_current({**others, "audience_laws": first})
    fewer = first[first["kind"] != "world"]
    assert not learning.is_current({**tables, "audience_laws": fewer})
    kinds = first.loc[first["parameter"] == "rung_factor", "kind"]
    assert set(kinds) <= set(figures.RUNGS)


def test_too_few_figures_teach_nothing() -> None:
    assert learning.fit_table(world().estimate("E1").typed()).empty


def test_a_table_that_lacks_a_spread_says_what_to_do() -> None:
    made = World().audience_laws({"world": 1.0})
    with pytest.raises(ValueError, match="run audience-impact learn audiences"):
        distribution.read_parameters(made.typed("audience_laws", "sources")["audience_laws"])


@pytest.mark.chain
def test_an_imputed_audience_is_drawn_and_says_so(tables: Tables) -> None:
    made = joined(restricted())
    result = made.results()
    told = row(result["impact"], restriction_id="R1", impact_metric="people_exposed")
    assert told["obs_status"] == ObsStatus.IMPUTED
    assert told["dedup_method"] == "imputed_country"
    assert "imputed from other services of the country" in told["reason"]
    truth = 500_000 * true_share("PA", "alpha")
    assert told["q05_persons"] < truth < told["q95_persons"] <= 500_001
    assert (told["printed_min_persons"], told["printed_max_persons"]) == (0.0, 500_000.0)
    platform = row(result["impact_by_platform"], restriction_id="R1")
    assert platform["imputation_rung"] == ImputationRung.COUNTRY
    assert platform["imputed_q50_persons"] == pytest.approx(truth, rel=0.15)


@pytest.mark.chain
def test_a_first_figure_takes_the_place_of_what_is_imputed(tables: Tables) -> None:
    known, _ = prepared(tables)
    assert known.imputed["platform_id"].tolist() == ["alpha"]
    made = restricted()
    made.estimate("E1", area_id="PA", value="300000", population_base="internet_all", period="2024")
    now, _ = prepared(made.typed())
    assert now.imputed.empty
    assert now.distributions["shape"].tolist() == ["fixed"]


def forced(limits: Bounds) -> pd.DataFrame:
    """Everything that bounds say of restrictions."""
    parts = {"exposed": limits.exposed, "users": limits.feature_users, "left": limits.deprived}
    return pd.concat(parts)


@pytest.mark.chain
def test_nothing_imputed_is_in_a_bound(tables: Tables) -> None:
    without = {**tables, "audience_laws": tables["audience_laws"].head(0)}
    known, limits = prepared(tables)
    assert not known.imputed.empty
    pd.testing.assert_frame_equal(forced(limits), forced(prepared(without)[1]))


def test_a_group_is_as_large_as_its_largest_member_and_no_larger_than_all() -> None:
    made = counted().audience_laws()
    made.add("platforms", platform_id="any-messenger", name="Any", kind="group")
    joined(made)
    tables = made.typed()
    keys = [("RC", "any-messenger"), *(("RC", service) for service in SERVICES)]
    shares, _, _ = audiences.impute_with_members(
        wanted(*keys), tables, model_of(tables), read_model(tables)
    )
    imputed = shares[distribution.SHARES]
    assert (imputed.loc[[1, 2, 3]].max() <= imputed.loc[0]).all()
    middle = imputed["q50_share"]
    assert middle[[1, 2, 3]].max() < middle[0] < min(1.0, middle[[1, 2, 3]].sum())


@pytest.mark.chain
def test_draws_of_an_imputed_audience_stay_inside_the_base() -> None:
    made = joined(restricted())
    stages, _ = pipeline.prepare_run(made.typed(), AS_OF)
    draws = Simulation(stages.simulation, Sampler(0, 200)).draw_metrics()
    people = draws["people_exposed"][0]
    assert (people > 0).all()
    assert (people <= 500_000 * (1 + 1e-6)).all()
    assert people.std() > 0


@cache
def imputed_alone() -> pd.DataFrame:
    """The distribution of an audience that no figure counts."""
    return prepared(restricted(ERRORS).typed())[0].distributions


def combined(value: str, metric: str, **cells: str) -> tuple[pd.Series, pd.DataFrame]:
    """The distribution of an audience that one figure counts, and that without the figure."""
    made = restricted(ERRORS)
    cells = {"population_base": "internet_all", "period": "2023-12", **cells}
    made.estimate("E1", area_id="PA", value=value, audience_metric=metric, **cells)
    now, _ = prepared(made.typed())
    return now.distributions.iloc[0], imputed_alone()


@pytest.mark.chain
@pytest.mark.parametrize("value", ["20000", "200000", "300000", "400000"])
def test_a_weak_figure_narrows_what_is_imputed_and_never_replaces_it(value: str) -> None:
    now, before = combined(value, "unspecified")
    assert now["shape"] == audiences.COMBINED
    ends = {
        name: pd.Series([now[name], before.loc[0, name]]).map(special.logit).tolist()
        for name in ("low", "mode", "high")
    }
    wide, without = (high - low for low, high in zip(ends["low"], ends["high"], strict=True))
    assert wide < without
    stated = special.logit(float(value) / 500_000)
    middle, imputed = ends["mode"]
    assert min(stated, imputed) - 0.1 < middle < max(stated, imputed) + 0.5
    assert abs(middle - imputed) < abs(stated - imputed)


@pytest.mark.chain
def test_a_precise_figure_stands_alone() -> None:
    now, _ = combined("300000", "monthly_reach", period="2024-06-15/2024-06-30")
    assert (now["shape"], now["mode"]) == ("fixed", 300_000.0)
    assert np.isnan(now["most_persons"])


@pytest.mark.chain
def test_an_older_figure_never_narrows_an_answer_at_once() -> None:
    widths = []
    for month in (1, 4, 16, 24, 28, 32, 48):
        period = str(pd.Period("2024-05", "M") - month)
        made = restricted(ERRORS).estimate(
            "E1", area_id="PA", value="300000", audience_metric="monthly_reach",
            population_base="internet_all", period=period,
        )  # fmt: skip
        known, _ = prepared(made.typed())
        widths.append(describe_answers(known)["width"].iloc[0])
    assert (np.diff(np.log(widths)) > -0.15).all()


@pytest.mark.parametrize(("people", "accounts"), [(1.2, 0.9), (0.9, 1.2)])
def test_a_count_of_people_widens_no_interval(people: float, accounts: float) -> None:
    factors = pd.DataFrame(
        [
            ("rung_factor", "own_people", people, 100),
            ("rung_factor", "own_other", accounts, 200),
            ("rung_factor", "country", 1.5, 100),
        ],
        columns=["parameter", "kind", "value", "figures"],
    )
    by_rung = distribution.read_factors(factors).by_rung
    mean = (people + 2.0 * accounts) / 3.0
    expected = (mean, mean) if people > accounts else (people, accounts)
    assert (by_rung["own_people"], by_rung["own_other"]) == pytest.approx(expected)
    assert by_rung["country"] == 1.5


@pytest.mark.chain
def test_no_draw_of_a_combined_audience_leaves_the_ends_of_its_figure() -> None:
    made = restricted(ERRORS)
    figure = {"audience_metric": "unspecified", "population_base": "internet_all"}
    made.estimate("E1", area_id="PA", value="20000", period="2024-06", **figure)
    simulation = pipeline.prepare_run(joined(made).typed(), AS_OF)[0].simulation
    assert simulation.audiences["shape"].tolist() == [audiences.COMBINED]
    people = Simulation(simulation, Sampler(0, 2000)).draw_metrics()["people_exposed"][0]
    bounds = simulation.bounds.exposed.loc["R1"]
    assert bounds["min_persons"] <= people.min() <= people.max() <= bounds["max_persons"]
    assert np.unique(people).size > 1000


def grouped(**ends: str) -> tuple[pd.DataFrame, Tables]:
    """The members of "social media" in a land, of which one service may have ended."""
    made = counted().audience_laws()
    for number, service in enumerate(SERVICES):
        made.rows["platforms"][number]["kind"] = "social_network"
        made.rows["platforms"][number]["ended_on"] = ends.get(service, "")
    made.add("platforms", platform_id="foreign", name="Foreign", kind="social_network")
    made.estimate("E-XC", area_id="XC", platform_id="foreign", population_base="internet_all")
    made.add("platforms", platform_id="social-media", name="Social media", kind="group")
    joined(made)
    tables = made.typed()
    _, members, _ = audiences.impute_with_members(
        wanted(("RC", "social-media")), tables, model_of(tables), read_model(tables)
    )
    return members, tables


def test_a_group_has_the_services_that_were_counted_in_its_part_of_the_world() -> None:
    members, tables = grouped()
    assert "foreign" in set(tables["estimates"]["platform_id"])
    assert set(members["platform_id"]) == set(SERVICES)


def test_a_service_that_ended_stands_in_no_group_from_that_day() -> None:
    assert set(grouped(beta="2024-07-02")[0]["platform_id"]) == set(SERVICES)
    assert set(grouped(beta="2024-07-01")[0]["platform_id"]) == {"alpha", "gamma"}


def test_a_service_that_ended_has_no_users_after_its_end() -> None:
    made = world().restrict("R1", "alpha", "beta").restrict("R2", "alpha")
    made.rows["platforms"][0]["ended_on"] = "2025-07-01"
    asked = build_scope(made.typed(), AS_OF).requested
    assert asked[["restriction_id", "platform_id"]].to_numpy().tolist() == [
        ["R1", "beta"],
        ["R2", "alpha"],
    ]
    assert asked["is_existing_use"].tolist() == [True, False]
    made.rows["platforms"][0]["ended_on"] = "2025-08-01"
    assert build_scope(made.typed(), AS_OF).requested["is_existing_use"].all()


def test_no_draw_is_below_the_end_of_a_figure_that_is_a_lower_limit() -> None:
    made = joined(restricted(ERRORS))
    limit = {"interval_kind": "one_sided_min", "population_base": "internet_all"}
    made.estimate("E1", area_id="PA", value="480000", period="2025-06", **limit)
    simulation = pipeline.prepare_run(made.typed(), AS_OF)[0].simulation
    least = simulation.bounds.exposed.loc["R1", "min_persons"]
    people = Simulation(simulation, Sampler(0, 500)).draw_metrics()["people_exposed"][0]
    assert 400e3 < least <= people.min() < 480e3
