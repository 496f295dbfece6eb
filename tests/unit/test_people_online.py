"""The share of residents online: the scale, what is fitted to counts, and draws over days."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.denominators.denominators import Denominators
from audience_impact.denominators.online import (
    MIDDLES,
    PATH,
    YEARS,
    OnlineLevels,
    compute_levels,
    compute_moments,
    compute_shares,
)
from audience_impact.figure_errors import Z95
from audience_impact.fitting import people_online as fitting
from audience_impact.fitting.people_online import list_counts
from audience_impact.frames import Array
from audience_impact.simulation import audiences
from audience_impact.simulation.sampler import EndSampler, Sampler
from audience_impact.simulation.unions import GROUP
from benchmarks import people_online
from tests.engine import prepared
from tests.support import ERRORS, World, world

COUNT = 24
TREND = np.linspace(-1.0, 1.4, len(YEARS))


def levelled(made: World, **cells: str) -> World:
    """The world with levels of XA: half of the residents, and more from year to year."""
    for year, level in zip(YEARS, TREND, strict=True):
        result = {"period": str(year), "mean": repr(float(level)), **cells}
        made.add("online_levels", **result)
    return made


def levels_of(made: World) -> OnlineLevels:
    levels = OnlineLevels.from_table(made.typed("online_levels")["online_levels"])
    assert levels is not None
    return levels


def many_countries(seed: int = 0) -> World:
    """Counts of the ITU in 24 countries of two subregions, each on a noisy line."""
    random = np.random.default_rng(seed)
    made = World()
    for name in ("itu-internet-use", "survey"):
        made.add("lineages", measurement_series_id=name, measurer=name)
        made.add("sources", source_id=f"{name}-page", measurement_series_id=name)
    for subregion in ("002", "019"):
        made.add("areas", area_id=subregion, name=subregion, parent_id="")
    for number in range(COUNT):
        area = f"X{chr(65 + number)}"
        made.add("areas", area_id=area, name=area, parent_id=("002", "019")[number % 2])
        level = -1.0 + random.normal(0.0, 0.5)
        for year in YEARS[:10]:
            level += 0.15 + random.normal(0.0, 0.05)
            share = float(compute_shares(np.array(level)))
            count = {"population_base": "all_ages", "persons": "1000000"}
            count |= {"period": str(year), "source_id": "survey-page"}
            made.base(f"{area}-{year}", area_id=area, **count)
            shares_of(made, area, str(year), share)
    return made


def shares_of(made: World, area: str, period: str, share: float, **cells: str) -> World:
    result = {"least_age": "0", "source_id": "itu-internet-use-page", "edition": "2025", **cells}
    name = f"{area}-{period}-{result['source_id']}-{result['edition']}"
    result |= {"online_share_id": name, "area_id": area, "period": period}
    return made.add("online_shares", share=repr(share), **result)


def counts_of(made: World) -> pd.DataFrame:
    return list_counts(made.typed("areas", "bases", "online_shares", "sources"))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_a_share_comes_back_from_its_level(share: float) -> None:
    level = compute_levels(np.array(share))
    assert np.isfinite(level)
    assert compute_shares(level) == pytest.approx(share, abs=1e-12)


def test_a_day_between_two_years_lies_on_the_line_between_their_levels() -> None:
    levels = levels_of(levelled(World()))
    area = pd.Series(["XA"] * 3, index=[5, 6, 7])
    quantiles = levels.compute_quantiles(area, np.array([2019.5, 2020.0, 2020.5]))["q50_share"]
    assert quantiles.index.tolist() == [5, 6, 7]
    assert compute_levels(quantiles.to_numpy())[1] == pytest.approx(np.mean(TREND[4:6]))


def test_before_the_first_and_after_the_last_year_it_goes_on_with_the_nearest_step() -> None:
    levels = levels_of(levelled(World()))
    moments = np.array([YEARS[0] - 2.5, YEARS[-1] + 3.5])
    ends = levels.compute_quantiles(pd.Series(["XA"] * 2), moments)
    step = TREND[1] - TREND[0]
    levels_there = compute_levels(ends["q50_share"].to_numpy())
    assert levels_there == pytest.approx([TREND[0] - 3 * step, TREND[-1] + 3 * step])


def test_the_error_grows_beyond_the_last_year_as_in_the_last_two() -> None:
    table = levelled(World()).typed("online_levels")["online_levels"]
    deviation = [*np.full(len(YEARS) - 2, 0.2), 0.3, 0.5]
    levels = OnlineLevels.from_table(table.assign(deviation=deviation))
    assert levels is not None
    moments = MIDDLES[-1] + np.array([0.0, 1.0, 2.0])
    quantiles = levels.compute_quantiles(pd.Series(["XA"] * 3), moments)
    low, middle = (compute_levels(quantiles[f"{name}_share"].to_numpy()) for name in ("q05", "q50"))
    last, more = 0.5**2 - 0.3**2, (0.5**2 - 0.3**2) - (0.3**2 - 0.2**2)
    variance = 0.5**2 + np.array([0.0, last + more, 2 * last + 3 * more])
    assert ((middle - low) / Z95) ** 2 == pytest.approx(variance)


def test_no_share_is_beyond_nobody_and_everybody() -> None:
    levels = levels_of(levelled(World(), deviation="9"))
    quantiles = levels.compute_quantiles(pd.Series(["XA"]), np.array([2020.0]))
    assert quantiles[["q05_share", "q95_share"]].to_numpy().tolist() == [[0.0, 1.0]]


def test_an_area_without_levels_and_a_row_without_a_day_have_no_share() -> None:
    levels = levels_of(levelled(World()))
    quantiles = levels.compute_quantiles(pd.Series(["XB", "XA"]), np.array([2020.0, np.nan]))
    assert quantiles.isna().all(axis=None)


@pytest.mark.parametrize("missing", [0, 5, len(YEARS) - 1])
def test_a_country_without_one_of_the_years_has_no_levels(missing: int) -> None:
    table = levelled(World()).typed("online_levels")["online_levels"]
    other = table.assign(area_id="XB").drop(index=missing)
    levels = OnlineLevels.from_table(pd.concat([table, other], ignore_index=True))
    assert levels is not None
    assert levels.areas.tolist() == ["XA"]
    assert OnlineLevels.from_table(other) is None


def bases(days: list[str], base_id: str = "a", **path: float) -> pd.DataFrame:
    """Bases of XA on days, drawn by the path of the country."""
    cells = {"expected_persons": 500e3, "base_low_persons": 400e3, "base_high_persons": 600e3}
    about = dict(zip(PATH[1:], (0.9, 0.0, 0.9), strict=True)) | path
    moments = compute_moments(pd.Series(pd.to_datetime(days)))
    table = pd.DataFrame({"base_id": base_id, "country_id": "XA", PATH[0]: moments})
    return table.assign(ceiling_persons=1e6, **cells, **about).reindex(columns=GROUP)


def correlation(drawn: Array) -> float:
    first, second = drawn - drawn.mean(axis=1, keepdims=True)
    return float((first * second).mean() / (first.std() * second.std()))


def test_a_day_has_one_count_whichever_base_is_named() -> None:
    sampler = Sampler(0, 500)
    both = pd.concat([bases(["2024-03-01"]), bases(["2024-03-01"], base_id="b")])
    first, second = audiences.draw_bases(both, sampler)
    assert (first == second).all()
    assert first.std() > 0


def test_days_that_are_near_are_drawn_alike_and_far_ones_less() -> None:
    day, after, decade = audiences.draw_bases(
        bases(["2016-07-02", "2016-07-03", "2026-07-02"]), Sampler(0, 4000)
    )
    assert np.abs(day / after - 1).max() < 0.02
    assert correlation(np.array([day, decade])) == pytest.approx(0.9**10, abs=0.06)


def test_the_ends_of_a_path_are_those_of_the_day() -> None:
    low, high = audiences.draw_bases(bases(["2024-03-01"]), EndSampler())[0][[0, -1]]
    plain = bases(["2024-03-01"]).assign(online_moment=np.nan)
    assert [low, high] == audiences.draw_bases(plain, EndSampler())[0][[0, -1]].tolist()
    assert low < 400e3 < 600e3 < high


@pytest.mark.parametrize(("common", "expected"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_countries_share_the_common_part(common: float, expected: float) -> None:
    both = pd.concat([bases(["2020-07-01"], online_common=common)] * 2)
    both["country_id"] = ["XA", "XB"]
    both["base_id"] = ["a", "b"]
    drawn = audiences.draw_bases(both, Sampler(0, 4000))
    assert correlation(drawn) == pytest.approx(expected, abs=0.05)


def test_the_people_online_are_the_share_of_the_day_and_bounds_the_printed_count() -> None:
    made = levelled(world()).errors().restrict("R1", "*", action="network_shutdown")
    (row,) = prepared(made)[0].inputs.sizes.to_dict("records")
    moment = compute_moments(pd.Series([pd.Timestamp("2025-07-15")]))
    quantiles = levels_of(made).compute_quantiles(pd.Series(["XA"]), moment)
    share = float(quantiles["q50_share"].iloc[0])
    assert row["expected_persons"] == pytest.approx(share * 1e6, rel=1e-6)
    assert row["audience_expected_persons"] == row["expected_persons"]
    assert row["low_persons"] == row["high_persons"] == 800e3
    assert row["audience_base_id"] == "XA-online"


def test_children_are_online_less_often_and_nobody_knows_how_often() -> None:
    made = levelled(world()).restrict("R1", "*", action="network_shutdown")
    made.base("XA-12", population_base="age_12_plus", period="2025", persons="800000")
    bare = prepared(made.errors())[0].inputs.sizes.iloc[0]
    made.rows["figure_errors"] = []
    young = prepared(made.errors(ERRORS))[0].inputs.sizes.iloc[0]
    assert young["expected_persons"] == pytest.approx(bare["expected_persons"] * (1 - 0.2 * 0.3))
    width = [np.log(row["base_high_persons"] / row["base_low_persons"]) for row in (bare, young)]
    assert width[1] > 1.05 * width[0]


def test_residents_lie_on_the_line_of_logs_between_the_counts_of_years() -> None:
    made = World()
    for year, persons in (("2019", "1000000"), ("2021", "4000000")):
        made.base(f"B{year}", population_base="all_ages", period=year, persons=persons)
    counts = Denominators(made.typed("bases"))
    result = counts.interpolate_residents(
        pd.Series(["XA", "XA", "XA", "XB"]), np.array([2015.0, 2020.5, 2026.0, 2020.5])
    )
    assert result.iloc[:3].tolist() == pytest.approx([1e6, 2e6, 4e6])
    assert np.isnan(result.iloc[3])


def test_publishers_that_differ_do_not_widen_what_rests_on_all_of_them() -> None:
    made = levelled(world()).base(
        "other", population_base="internet_all", period="2025", persons="200000"
    )
    made.rows["bases"][-1]["source_id"] = "panel-page"
    made.errors().restrict("R1", "*", action="network_shutdown")
    (row,) = prepared(made)[0].inputs.sizes.to_dict("records")
    assert (row["low_persons"], row["high_persons"]) == (200e3, 800e3)
    assert row["base_low_persons"] > 200e3


def test_the_newest_edition_of_a_share_counts() -> None:
    made = shares_of(many_countries(), "XA", "2020", 0.123, edition="2026")
    rows = counts_of(made).set_index(["area_id", "period"])
    assert rows.loc[("XA", "2020"), "share"] == 0.123
    assert len(counts_of(many_countries())) == len(rows) == 10 * COUNT


@pytest.mark.parametrize(
    ("off", "period", "counts"), [(0.001, "2021", 0), (0.3, "2021", 1), (0.001, "2019", 1)]
)
def test_a_copy_of_an_earlier_share_is_no_count(off: float, period: str, counts: int) -> None:
    made = many_countries()
    itu = counts_of(made).set_index(["area_id", "period"])["share"]
    later = {"source_id": "survey-page", "edition": ""}
    shares_of(made, "XA", period, float(itu["XA", "2020"]) + off, **later)
    assert len(counts_of(made)) == len(itu) + counts


def test_a_share_of_adults_is_of_those_old_enough() -> None:
    made = many_countries()
    made.base("XA-12", area_id="XA", population_base="age_12_plus", period="2020", persons="800000")
    made.base("XA-18", area_id="XA", population_base="age_18_plus", period="2020", persons="600000")
    shares_of(made, "XA", "2021", 0.9, least_age="15", source_id="survey-page")
    row = counts_of(made).query("measurement_series_id == 'survey'").iloc[0]
    assert row["older_share"] == pytest.approx(0.7)
    assert not row["is_all_ages"]


@pytest.fixture(scope="module")
def fitted() -> tuple[pd.DataFrame, fitting.OnlineModel]:
    rows = counts_of(many_countries())
    model = fitting.OnlineModel.from_rows(rows)
    return rows, model.fit_scales()


def test_a_left_out_count_is_near_what_the_others_say(
    fitted: tuple[pd.DataFrame, fitting.OnlineModel],
) -> None:
    rows, model = fitted
    hidden = rows[(rows["period"] == "2024") & rows["area_id"].isin(["XA", "XB", "XC", "XD"])]
    rest = fitting.OnlineModel.from_rows(rows.drop(index=hidden.index), model.subregions)
    counts = people_online.predict_counts(rest.fit_scales(), hidden, True)
    assert (counts["level"] - counts["mean"]).abs().max() < 0.3
    near = people_online.predict_counts(
        rest.fit_scales(), rows[rows["period"] == "2023"].iloc[:4], True
    )
    assert (near["deviation"].to_numpy() < counts["deviation"].to_numpy()).all()


def test_the_table_covers_every_country_and_a_country_without_counts_is_wider(
    fitted: tuple[pd.DataFrame, fitting.OnlineModel],
) -> None:
    rows, model = fitted
    countries = pd.Series({"XA": "002", "ZZ": "002"})
    table = fitting.make_table(model, countries, fitting.describe_lineages(rows))
    assert len(table) == 2 * len(YEARS)
    by = table.set_index(["area_id", "period"])
    assert by.loc[("ZZ", "2020"), "deviation"] > 2 * by.loc[("XA", "2020"), "deviation"]
    assert by.loc[("XA", "2015"), "note"] == "itu-internet-use 2015 to 2024"
    assert by.loc[("ZZ", "2015"), "note"] == fitting.NO_COUNT
    assert by[["correlation", "common"]].stack().between(0, 1).all()


def test_a_country_that_jumps_has_wider_intervals() -> None:
    made = many_countries()
    for cells in made.rows["online_shares"]:
        if cells["area_id"] == "XA" and int(cells["period"]) % 2:
            cells["share"] = repr(float(cells["share"]) * 0.6)
    rows = counts_of(made)
    model = fitting.OnlineModel.from_rows(rows).fit_scales()
    scales = pd.Series(model.scales, model.counts.areas)
    assert scales["XA"] > 2 * scales.drop("XA").max()


def test_too_few_countries_make_no_table() -> None:
    made = levelled(world())
    assert fitting.fit_table(made.typed()).empty
