"""How long restrictions last whose end is not known, and hours of a day of cuts without any."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.audiences.scope import build_scope
from audience_impact.facts.checks import run_rule
from audience_impact.fitted import durations
from audience_impact.fitting import durations as fitting
from audience_impact.rules import ParameterError
from audience_impact.vocabulary import HoursBasis
from tests.support import AS_OF, World

NONE = pd.Series(dtype="float64")


def list_ended(*rows: tuple[str, int], country: str = "XA") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "severity": severity,
                "geo_scope": "national",
                "cause": "order",
                "country_id": country,
                "days": days,
            }
            for severity, days in rows
        ]
    )


def days_at(u: float, parameters: pd.DataFrame, least: float = 1, most: float = 1e4) -> float:
    rows = len(parameters)
    at = durations.quantile_days(
        np.full(rows, u), parameters, np.full(rows, least), np.full(rows, most)
    )
    return float(at[0])


def test_what_lasts_long_by_its_kind_is_drawn_long() -> None:
    fitted = durations.fit_days(list_ended(*[("block", 100)] * 30, *[("cut", 2)] * 30))
    long, short = (
        days_at(0.5, durations.predict_days(fitted, list_ended((kind, 1))))
        for kind in ("block", "cut")
    )
    assert 60 < long < 110
    assert 1.5 < short < 4


def test_a_kind_that_nobody_knows_lasts_as_long_as_all() -> None:
    fitted = durations.fit_days(list_ended(*[("block", 100)] * 30, *[("cut", 1)] * 30))
    of_all = durations.predict_days(fitted, list_ended(("other", 1), country="XB"))
    assert days_at(0.5, of_all) == pytest.approx(10.0, rel=0.3)


def test_without_a_known_duration_it_is_some_days_and_not_known_well() -> None:
    nothing = durations.fit_days(list_ended(("block", 1)).iloc[:0])
    ends = [
        days_at(u, durations.predict_days(nothing, list_ended(("block", 1)))) for u in (0.05, 0.95)
    ]
    assert 1.0 <= ends[0] < 2.0 < ends[1]


def test_a_limited_duration_stays_within_its_limits() -> None:
    fitted = durations.fit_days(list_ended(*[("block", days) for days in range(1, 40)]))
    parameters = durations.predict_days(fitted, list_ended(("block", 1)))
    drawn = [days_at(u, parameters, 10, 20) for u in (0.001, 0.5, 0.999)]
    assert drawn == sorted(drawn)
    assert 10 <= drawn[0] < drawn[1] < drawn[2] <= 20


def test_where_hardly_any_duration_is_as_long_days_are_drawn_evenly() -> None:
    fitted = durations.fit_days(list_ended(*[("cut", 1)] * 40, *[("cut", 2)] * 40))
    parameters = durations.predict_days(fitted, list_ended(("cut", 1)))
    assert days_at(0.5, parameters, 3e6, 5e6) == pytest.approx(4e6)


def test_durations_of_a_country_that_differ_more_are_drawn_wider() -> None:
    same = list_ended(*[("cut", 3)] * 40)
    mixed = list_ended(*[("cut", 1), ("cut", 9)] * 20, country="XB")
    fitted = durations.fit_days(pd.concat([same, mixed]))
    sd = durations.predict_days(fitted, pd.concat([same.iloc[:1], mixed.iloc[:1]]))[
        "days_log_sd"
    ].to_numpy()
    assert sd[0] < sd[1]


def list_hours(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["hours_basis", "country_id", "hours"])


def about(basis: str, country: str = "XX", **cells: float) -> pd.DataFrame:
    blank = {"measured_hours": np.nan, "least_hours_a_day": np.nan, "most_hours_a_day": np.nan}
    return pd.DataFrame([{"hours_basis": basis, "country_id": country, **blank, **cells}])


def interval(fitted: pd.DataFrame, rows: pd.DataFrame, **most: float) -> list[float]:
    u = np.array([[0.05, 0.5, 0.95]])
    return [
        float(x)
        for x in durations.quantile_hours(u, durations.predict_hours(fitted, rows), **most)[0]
    ]


def test_each_country_counts_once_whatever_the_number_of_its_cuts() -> None:
    fitted = durations.fit_hours(
        list_hours(*[("network_cut", "A", 4.0)] * 9, ("network_cut", "B", 16.0)), NONE
    )
    assert interval(fitted, about("network_cut"))[1] == pytest.approx(8.0)
    # two countries deviate by log 2, which is a variance of 2 log 2 squared with one of them free
    assert fitted.at["network_cut", "hours_log_sd"] == pytest.approx(np.sqrt(2) * np.log(2))


def test_exams_have_the_hours_of_their_country_and_others_are_known_less_well() -> None:
    fitted = durations.fit_hours(
        list_hours(*[("exams", "A", 2.0)] * 9, *[("exams", "B", 6.0)] * 9, ("exams", "C", 4.0)),
        NONE,
    )
    of_country, of_other = (interval(fitted, about("exams", name)) for name in ("A", "XX"))
    assert 1.9 < of_country[1] < 2.4
    assert of_other[1] == pytest.approx((2 * 6 * 4) ** (1 / 3))
    assert of_other[2] / of_other[0] > 2 * of_country[2] / of_country[0]


def test_no_interval_of_printed_or_measured_hours_has_the_width_zero() -> None:
    fitted = durations.fit_hours(list_hours(), NONE)
    printed = about(HoursBasis.PRINTED, least_hours_a_day=8.0, most_hours_a_day=8.0)
    assert interval(fitted, printed)[1] == pytest.approx(8.0)
    for rows in (printed, about(HoursBasis.MEASURED, measured_hours=8.0)):
        low, _, high = interval(fitted, rows)
        assert low < 0.75 * 8.0 < 8.0 / 0.75 < high
    differing = durations.fit_hours(list_hours(), pd.Series([0.25, 4.0]))
    assert interval(differing, printed)[0] < interval(fitted, printed)[0]


def test_a_day_has_24_hours_at_most_and_none_are_drawn_without_a_basis() -> None:
    fitted = durations.fit_hours(list_hours(("network_cut", "A", 20.0)), NONE)
    assert interval(fitted, about(HoursBasis.MEASURED, measured_hours=23.0))[2] == 24.0
    assert interval(fitted, about(HoursBasis.MEASURED, measured_hours=29.0), most=29.0)[1:] == [
        pytest.approx(29.0),
        29.0,
    ]
    for basis in ("", HoursBasis.EXAMS):
        assert np.isnan(interval(fitted, about(basis))).all()


def learn(made: World) -> World:
    """Add the laws that are learned from the facts."""
    rows = fitting.fit_table(made.typed()).astype({"value": "str", "figures": "str"})
    for cells in rows.to_dict("records"):
        made.add("duration_laws", **cells)
    return made


def list_ends(*days: int) -> World:
    made = World()
    for number, last in enumerate(days):
        end = {"ended_on": f"2025-07-{14 + last}", "end_status": "ended"}
        made.restrict(f"R{number}", "alpha", area_ids="XB", **end)
    return made.restrict(
        "R9", "alpha", occasion="Exams", least_hours_a_day="4", most_hours_a_day="4"
    )


def read_scope(made: World) -> pd.DataFrame:
    names = [*durations.PARAMETERS, *durations.HOURS_PARAMETERS]
    return build_scope(made.typed(), AS_OF).restrictions.set_index("restriction_id")[names]


def test_a_learned_law_is_the_one_of_a_run_without_it_and_no_end_changes_it() -> None:
    made = list_ends(2, 3, 9)
    before = read_scope(made)
    pd.testing.assert_frame_equal(read_scope(learn(made)), before)
    made.rows["restrictions"][0]["ended_on"] = "2025-07-30"
    pd.testing.assert_frame_equal(read_scope(made), before, check_exact=True)
    made.rows["duration_laws"] = []
    assert (read_scope(made)["days_log_mean"] > before["days_log_mean"]).all()


def test_half_a_law_is_refused() -> None:
    made = learn(list_ends(2, 3))
    made.rows["duration_laws"] = made.rows["duration_laws"][1:]
    with pytest.raises(ParameterError, match="lacks days_log_mean; run audience-impact learn dur"):
        read_scope(made)


def test_many_more_ends_than_were_learned_from_are_a_warning() -> None:
    made = learn(list_ends(2, 3, 4, 5, 6))
    made.restrict("R5", "alpha", ended_on="2025-07-20", end_status="ended")
    assert fitting.is_close(made.typed())
    made.restrict("R6", "alpha", ended_on="2025-07-20", end_status="ended")
    (finding,) = run_rule("learned_from_fewer", made.typed())
    assert (finding.column, finding.message) == ("figures", "7 ends are on record")
    assert not fitting.is_close(made.typed())
    assert not fitting.is_close(list_ends(2).typed())
