"""What an analyst imports: the numbers of the pipeline's own modules, and errors for bad input."""

import doctest
import math
import pkgutil
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

import audience_impact as ai
from audience_impact.answers.names import SHARED_NAMES, list_area_names, make_key
from audience_impact.api import net_reach
from audience_impact.api.net_reach import resolve_country
from audience_impact.overlap.model import read_model
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.unions import GROUP, Unions, draw_unions
from audience_impact.simulation.worlds import QUANTILES
from flows.pipeline import steps

MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(ai.__path__, "audience_impact.")
    if ">>>" in Path(str(import_module(name).__file__)).read_text("utf-8")
]
HOLD = ("loading", "net_reach")
LEARNED = ai.load_calibration()
RUSSIA = [96e6, 89e6]
sizes = st.lists(st.floats(1.0, 1e6), min_size=1, max_size=6)


@pytest.mark.parametrize("name", [*MODULES])
def test_examples_give_what_they_say(name: str) -> None:
    result = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0


def test_every_function_has_an_example_that_is_run() -> None:
    functions = {name for name in ai.__all__ if callable(getattr(ai, name)) and name.islower()}
    assert {f"audience_impact.api.{name}" for name in HOLD} <= set(MODULES)
    assert [name for name in functions if ">>>" not in (getattr(ai, name).__doc__ or "")] == []


def test_all_names_what_there_is() -> None:
    ours = {
        name
        for name, one in vars(ai).items()
        if (getattr(one, "__module__", None) or "").startswith("audience_impact.")
        and name[0] != "_"
    }
    assert ours == set(ai.__all__)


@given(sizes, st.floats(1.0, 3.0))
def test_bounds_are_those_of_frechet(audiences: list[float], room: float) -> None:
    universe = max(audiences) * room
    expected = (max(audiences), min(universe, math.fsum(audiences)))
    assert ai.union_bounds(audiences, universe=universe) == pytest.approx(expected)
    sharp = ai.sharp_union_bounds(audiences, universe=universe)
    assert sharp == pytest.approx(expected)


def test_a_range_gives_its_ends_to_the_bounds() -> None:
    assert ai.union_bounds([(3.0, 5.0), (1.0, 4.0)], universe=8.0) == (3.0, 8.0)
    assert ai.union_bounds([(3.0, 5.0), (1.0, 4.0)]) == (3.0, 9.0)
    assert ai.union_bounds(np.array([[3.0, 5.0], [1.0, 4.0]])) == (3.0, 9.0)
    assert ai.union_bounds(pd.Series([3.0, 1.0])) == (3.0, 4.0)


def test_a_contradiction_names_the_overlap() -> None:
    result = [ai.Overlap((0, 2), 1e6), ai.Overlap((0, 1), 0.65, share_of=1)]
    with pytest.raises(ai.ContradictionError) as caught:
        ai.sharp_union_bounds([*RUSSIA, 2e6], universe=105e6, overlaps=result)
    assert caught.value.overlap == 1


def test_a_measured_union_is_the_union() -> None:
    result = [ai.Overlap((0, 1), (98e6, 99e6), kind="union")]
    found = ai.sharp_union_bounds(RUSSIA, universe=105e6, overlaps=result)
    assert found == pytest.approx((98e6, 99e6))


@pytest.mark.parametrize("country_id", ["RU", "", "FR"])
def test_the_estimate_is_that_of_the_pipeline_for_exact_figures(
    country_id: str, repository_checked: steps.Checked
) -> None:
    model = read_model(repository_checked.tables)
    assert model is not None
    table = pd.DataFrame(
        [[0, country_id, "base", 105e6, *[np.nan] * (len(GROUP) - 3)]], columns=["set_id", *GROUP]
    )
    members = pd.DataFrame({"set_id": [0, 0], "audience": [0, 1]})
    items = np.repeat(np.array(RUSSIA)[:, None], 500, axis=1)
    _, drawn, _ = draw_unions(items, Unions(table, members), model, Sampler(7, 500))
    expected = np.quantile(drawn[0], list(QUANTILES.values()))
    union = ai.estimate_union(
        RUSSIA, universe=105e6, calibration=LEARNED, country_id=country_id, seed=7, draws=500
    )
    assert list(union) == expected.tolist()


def test_the_seed_gives_the_same_again_and_another_seed_another() -> None:
    one, again, other = (
        ai.estimate_union(RUSSIA, universe=105e6, calibration=LEARNED, seed=seed)
        for seed in (1, 1, 2)
    )
    assert one == again
    assert one != other
    assert one == pytest.approx(other, rel=0.01)


def test_estimates_lie_inside_the_bounds() -> None:
    audiences = [5e6, 4e6, 3e6, 1e6]
    lower, upper = ai.union_bounds(audiences, universe=10e6)
    union = ai.estimate_union(audiences, universe=10e6, calibration=LEARNED, draws=200)
    assert lower <= union.q05 < union.q50 < union.q95 <= upper


def test_reach_begins_with_the_day_and_comes_to_the_month() -> None:
    day, week, month, year = (
        ai.reach_in_days(68e6, 89e6, days, universe=105e6) for days in (1, 7, 30, 365)
    )
    assert day.expected == pytest.approx(68e6)
    assert month.expected == pytest.approx(89e6)
    assert week.lower < week.expected < week.upper
    assert (year.lower, year.upper) == (89e6, 105e6)


def test_feature_users_lie_between_what_is_forced() -> None:
    result = ai.feature_users(RUSSIA, 41.7e6, universe=105e6, calibration=LEARNED)
    assert result.lower == pytest.approx(41.7e6 + 96e6 - 105e6)
    assert result.upper == 41.7e6
    assert list(result) == sorted(result)
    none = ai.feature_users([1e6], 0.0, universe=105e6, calibration=LEARNED)
    assert set(none) == {0.0}


def test_person_days_of_one_audience_are_its_days() -> None:
    result = ai.person_days(
        [("2024-12-30", "2025-01-03", ["a"]), ("2025-01-01", "2025-01-02", ["a"])],
        {"a": 2e6, "unused": 1e6},
        universe=10e6,
        calibration=LEARNED,
        draws=50,
    )
    assert list(result.index) == ["all", "2024", "2024-12", "2025", "2025-01"]
    assert result["days"].tolist() == [4, 2, 2, 2, 2]
    for name in ("printed_min", "q05", "q50", "q95", "printed_max"):
        expected = [each * 2e6 for each in (4, 2, 2, 2, 2)]
        assert result[f"{name}_person_days"].tolist() == pytest.approx(expected)


def test_person_days_are_days_times_the_union_of_the_day() -> None:
    both = ai.estimate_union([2e6, 3e6], universe=10e6, calibration=LEARNED)
    result = ai.person_days(
        [("2025-03-01", "2025-03-11", ["a"]), ("2025-03-01", "2025-03-11", ["b"])],
        {"a": 2e6, "b": 3e6},
        universe=10e6,
        calibration=LEARNED,
    ).loc["all"]
    assert result["q50_person_days"] == pytest.approx(10 * both.q50)
    assert result["printed_min_person_days"] == pytest.approx(30e6)
    assert result["printed_max_person_days"] == pytest.approx(50e6)


FRAME = pd.DataFrame({"a": [2.0, 3.0], "b": [1.0, 1.0]}, index=["one", "two"])


@pytest.mark.parametrize("country_id", ["ru", "Russia", " RU "])
def test_a_country_is_the_same_by_code_and_by_name(country_id: str) -> None:
    options: dict[str, Any] = {"universe": 105e6, "calibration": LEARNED, "draws": 50}
    by_code = ai.estimate_union(RUSSIA, country_id="RU", **options)
    assert ai.estimate_union(RUSSIA, country_id=country_id, **options) == by_code
    assert ai.estimate_union(RUSSIA, **options) != by_code


def test_every_country_is_found_by_each_of_its_names() -> None:
    countries = {country.alpha_2 for country in pycountry.countries} | {"XK"}
    spellings = {
        name: code
        for name, code in list_area_names()
        if code in countries and make_key(name) not in SHARED_NAMES
    }
    assert set(spellings.values()) == countries
    assert {name: resolve_country(name) for name in spellings} == spellings


def test_rows_of_a_frame_have_the_numbers_of_single_calls() -> None:
    count = net_reach.BATCH_ROWS + 3
    sizes = np.random.default_rng(1).uniform(0.0, 5.0, (count, 2))
    frame = pd.DataFrame(sizes, index=[f"event {i}" for i in range(count)])
    universe = pd.Series(np.linspace(5.0, 9.0, count), index=frame.index)
    countries = pd.Series(["RU", "France", ""] * count, dtype="str")[:count].set_axis(frame.index)
    options: dict[str, Any] = {"calibration": LEARNED, "draws": 40}
    estimates = ai.estimate_union(frame, universe=universe, country_id=countries, **options)
    bounds = ai.union_bounds(frame, universe=universe)
    assert list(estimates.columns) == ["q05_persons", "q50_persons", "q95_persons"]
    for label in frame.index:
        cells, size = list(frame.loc[label]), universe[label]
        single = ai.estimate_union(cells, universe=size, country_id=countries[label], **options)
        assert tuple(estimates.loc[label]) == single
        assert tuple(bounds.loc[label]) == ai.union_bounds(cells, universe=size)


def test_results_have_a_sentence_and_unpack() -> None:
    results: list[Any] = [
        ai.union_bounds(RUSSIA, universe=105e6),
        ai.sharp_union_bounds(RUSSIA),
        ai.estimate_union(RUSSIA, universe=105e6, calibration=LEARNED, draws=20),
        ai.reach_in_days(68e6, 89e6, 7, universe=105e6),
        ai.feature_users(RUSSIA, 41e6, universe=105e6, calibration=LEARNED, draws=20),
    ]
    for result in results:
        first, *_ = result
        assert first == result[0] == getattr(result, result._fields[0])
        assert result.summary().endswith(".")
        assert "persons" in result.summary()
    assert "at most" not in ai.Bounds(96e6, math.inf).summary()


def test_the_package_says_its_version() -> None:
    assert ai.__version__ == metadata.version("audience-impact")
    with pytest.raises(AttributeError, match="no attribute 'version'"):
        _ = ai.version


CALLS: list[tuple[Callable[[], object], str]] = [
    (lambda: ai.union_bounds([]), "audiences is empty"),
    (lambda: ai.union_bounds([1.0, math.nan]), "audience 1 is nan"),
    (lambda: ai.union_bounds([-1.0]), "audience 0 is -1.0"),
    (lambda: ai.union_bounds([math.inf]), "audience 0 is inf"),
    (lambda: ai.union_bounds([(2.0, 1.0)]), "the least is above the most"),
    (lambda: ai.union_bounds([(1.0, 2.0, 3.0)]), "a pair of"),
    (lambda: ai.union_bounds(["many"]), "audience 0 is 'many': give a number"),
    (lambda: ai.union_bounds([None]), "audience 0 is None: give a number"),
    (lambda: ai.union_bounds([96e6], universe=90e6), r"audience 0 \(96,000,000\) is larger"),
    (lambda: ai.union_bounds([1.0], universe=math.nan), "the universe is nan"),
    (lambda: ai.union_bounds([0.0], universe=0.0), "above 0"),
    (lambda: ai.union_bounds([1.0], universe=-5.0), "the universe is -5"),
    (lambda: sharp(ai.Overlap((0, 0), 0.5)), "two or more"),
    (lambda: sharp(ai.Overlap((0, 5), 0.5)), "two or more of 0..1"),
    (lambda: sharp(ai.Overlap((0, 1), 1.5, share_of=0)), "a share lies in 0..1"),
    (lambda: sharp(ai.Overlap((0, 1), math.nan)), "overlap 0 is nan"),
    (lambda: sharp(ai.Overlap((0, 1), 1.0, kind="both")), "intersection or union"),  # type: ignore[arg-type]
    (lambda: estimate([(1.0, 2.0)]), "not a pair"),
    (lambda: estimate([1.0], universe=math.inf), "finite universe"),
    (lambda: estimate([3.0], universe=2.0), "larger than the universe"),
    (lambda: estimate([1.0], draws=0), "draws must be at least 1"),
    (lambda: estimate([1.0], country_id="ZZ"), "country_id is 'ZZ': no country"),
    (lambda: estimate([1.0], country_id="EU"), "country_id is 'EU': no country"),
    (lambda: estimate([1.0], country_id="RU-MOW"), "country_id is 'RU-MOW': no country"),
    (lambda: estimate([1.0], country_id="Congo"), "'Congo': several countries have this name"),
    (lambda: estimate([1.0], country_id="Europe"), "country_id is 'Europe': no country"),
    (lambda: estimate([1.0], country_id=None), "country_id is None: give a code"),
    (lambda: days([("2025-01-01", "2025-01-02", ["a"])], "ZZ"), "country_id is 'ZZ'"),
    (lambda: users(1.0, "ZZ"), "country_id is 'ZZ'"),
    (lambda: estimate(FRAME, country_id=pd.Series(["RU"])), "country_id has another index"),
    (lambda: estimate(FRAME.where(FRAME > 1.0)), "row 'one', column 'b' is nan"),
    (lambda: estimate(FRAME, universe=2.0), r"row 'two', column 'a' \(3\) is larger"),
    (lambda: estimate(FRAME.astype("str")), "column 'a' has no numbers"),
    (lambda: estimate(FRAME[[]]), "no column"),
    (lambda: ai.union_bounds(-FRAME), "row 'one', column 'a' is -2.0"),
    (lambda: ai.reach_in_days(2.0, 1.0, 7, universe=5.0), "monthly must not lie below daily"),
    (lambda: ai.reach_in_days(1.0, 9.0, 7, universe=5.0), "monthly .* larger"),
    (lambda: ai.reach_in_days(1.0, 2.0, 0, universe=5.0), "at least 1"),
    (lambda: ai.reach_in_days(1.0, 2.0, 1.5, universe=5.0), "whole"),  # type: ignore[arg-type]
    (lambda: users(9.0), "users .* larger"),
    (lambda: users(math.nan), "users is nan"),
    (lambda: days([]), "no restriction"),
    (lambda: days([("2025-01-02", "2025-01-02", ["a"])]), "is not after"),
    (lambda: days([("2025-01-01", "2025-01-02", ["b"])]), r"no daily audience of \['b'\]"),
    (lambda: days([("2025-01-01", "2025-01-02", [])]), "no daily audience of anything"),
    (lambda: days([("2025-01-01 12:00", "2025-01-02", ["a"])]), "midnight"),
]


def sharp(overlap: ai.Overlap) -> object:
    return ai.sharp_union_bounds([2.0, 1.0], universe=3.0, overlaps=[overlap])


def estimate(audiences: Any, **options: Any) -> object:
    defaults: dict[str, Any] = {"universe": 5.0, "calibration": LEARNED, "draws": 10}
    return ai.estimate_union(audiences, **{**defaults, **options})


def users(number: float, country_id: str = "") -> object:
    return ai.feature_users([1.0], number, universe=5.0, calibration=LEARNED, country_id=country_id)


def days(restrictions: list[tuple[str, str, list[str]]], country_id: str = "") -> object:
    return ai.person_days(
        restrictions, {"a": 1.0}, universe=5.0, calibration=LEARNED, country_id=country_id
    )


@pytest.mark.parametrize(("call", "message"), CALLS)
def test_bad_input_is_refused_by_name(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
