"""Shares of internet users beyond the last report."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.registers.denominators import projections

YEARS = range(2005, 2024)


def series(
    area: str, start: float, slope: float, noise: float = 0.0, seed: int = 0
) -> pd.DataFrame:
    """A share that moves along a line in log odds, with noise."""
    years = np.array(YEARS)
    odds = start + slope * (years - years[0])
    odds = odds + noise * np.random.default_rng(seed).standard_normal(len(years))
    return pd.DataFrame({"area_id": area, "year": years, "share": 1 / (1 + np.exp(-odds))})


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    """Sixty made-up countries that grow at different paces."""
    rng = np.random.default_rng(7)
    return pd.concat(
        [
            series(f"C{place:02}", rng.uniform(-3, 1), rng.uniform(0, 0.3), 0.1, place)
            for place in range(60)
        ],
        ignore_index=True,
    )


@pytest.fixture(scope="module")
def learned(many: pd.DataFrame) -> projections.FittedProjection:
    return projections.fit_projection(projections.pair_projections(many))


def test_the_slope_is_that_of_the_last_five_reports() -> None:
    bent = series("XA", -2, 0.0)
    bent.loc[bent["year"] >= 2018, "share"] = series("XA", -2, 0.2)["share"]
    last = projections.fit_trends(bent).iloc[-1]
    assert last["slope"] == pytest.approx(0.2)
    assert last["level"] == pytest.approx(-2 + 0.2 * 18)


def test_two_reports_make_no_trend() -> None:
    trends = projections.fit_trends(series("XA", -2, 0.3).iloc[:3])
    assert trends["slope"].tolist() == pytest.approx([0, 0, 0.3])


def test_reports_of_long_ago_are_no_trend() -> None:
    result = series("XA", -2, 0.3)
    result = result[result["year"].isin([2005, 2006, 2023])]
    assert projections.fit_trends(result)["slope"].tolist() == [0, 0, 0]


def test_lines_are_carried_on_whole_and_levels_kept() -> None:
    lines = pd.concat([series(f"X{n}", -3, slope) for n, slope in enumerate((0.05, 0.1, 0.2))])
    pairs = projections.pair_projections(lines)
    assert projections.fit_projection(pairs).shrink == 1.0
    assert projections.projection_errors(pairs, 1.0).abs().max() < 1e-9
    assert set(pairs["horizon"]) == set(range(1, 9))


def test_what_turns_back_is_taken_for_no_trend() -> None:
    rng = np.random.default_rng(3)
    noise = pd.concat([series(f"X{n}", -1, 0.0, 0.5, int(rng.integers(999))) for n in range(30)])
    assert projections.fit_projection(projections.pair_projections(noise)).shrink == 0.0


def test_the_spread_grows_and_holds_the_share(
    many: pd.DataFrame, learned: projections.FittedProjection
) -> None:
    result = projections.project_shares(many, learned, 2030)
    assert ((result["low"] > 0) & (result["low"] <= result["share"])).all()
    assert ((result["share"] <= result["high"]) & (result["high"] < 1)).all()
    odds = projections.log_odds(result["high"]) - projections.log_odds(result["low"])
    inside = result["high"].lt(1 - projections.LEAST) & result["low"].gt(projections.LEAST)
    growth = odds.where(inside).groupby(result["area_id"]).diff().dropna()
    assert len(growth) > 100
    assert (growth >= -1e-9).all()


def test_the_interval_holds_nine_in_ten_of_the_countries_left_out(many: pd.DataFrame) -> None:
    pairs = projections.pair_projections(many)
    is_asked = pairs["area_id"].rank(method="dense") % 2 == 0
    asked = pairs[is_asked].reset_index(drop=True)
    result = projections.projection_interval(asked, projections.fit_projection(pairs[~is_asked]))
    actual = projections.share_from_odds(asked["actual"])
    held = actual.between(result["low"], result["high"]).groupby(asked["horizon"]).mean()
    assert list(held.index) == list(range(1, 9))
    assert held.loc[[1, 2, 3]].between(0.8, 0.98).all()
    still = (actual - projections.share_from_odds(asked["level"])).abs().mean()
    assert (actual - result["share"]).abs().mean() < still


def test_a_series_that_jumps_is_trusted_less() -> None:
    calm = [series(f"A{n:02}", -1, 0.05, 0.02, n) for n in range(30)]
    wild = [series(f"B{n:02}", -1, 0.05, 0.40, 99 + n) for n in range(30)]
    pairs = projections.pair_projections(pd.concat([*calm, *wild]))
    result = projections.projection_interval(pairs, projections.fit_projection(pairs))
    is_wild = pairs["area_id"].str.startswith("B")
    width = result["high"] - result["low"]
    assert width[is_wild].median() > 3 * width[~is_wild].median()
    held = projections.share_from_odds(pairs["actual"]).between(result["low"], result["high"])
    assert held.groupby(is_wild).mean().gt(0.8).all()
    assert 0.85 < held.mean() < 0.95


def test_the_fewer_the_countries_the_farther_out_the_percentiles() -> None:
    errors = np.random.default_rng(1).standard_normal(4000)
    result = pd.DataFrame({"error": errors, "weight": 1.0, "area_id": "X"})
    few, many = (result.assign(area_id=np.arange(4000) % count) for count in (30, 400))
    ends = [projections._error_percentiles(each) for each in (few, many)]
    assert ends[0][0] < ends[1][0] < 0 < ends[1][1] < ends[0][1]


def test_only_years_after_the_last_report_are_projected_and_not_for_ever(
    many: pd.DataFrame, learned: projections.FittedProjection
) -> None:
    early = many[(many["area_id"] != "C01") | (many["year"] <= 2014)]
    result = projections.project_shares(early, learned, 2026)
    years = result.groupby("area_id")["year"].agg(["min", "max"])
    assert tuple(years.loc["C00"]) == (2024, 2026)
    assert tuple(years.loc["C01"]) == (2015, 2024)
    assert set(result.loc[result["area_id"] == "C01", "reported"]) == {2014}


def test_nobody_online_is_no_start_of_a_trend(
    many: pd.DataFrame, learned: projections.FittedProjection
) -> None:
    silent = many.assign(share=many["share"].where(many["area_id"] != "C02", 0.0))
    assert "C02" not in set(projections.project_shares(silent, learned, 2026)["area_id"])


def test_everybody_online_stays_below_one(learned: projections.FittedProjection) -> None:
    full = series("XA", 0, 0.0).assign(share=1.0)
    result = projections.project_shares(full, learned, 2025)
    assert result["share"].tolist() == pytest.approx(2 * [1 - projections.LEAST])
    assert (result["high"] < 1).all()
