"""How long restrictions last whose end is not known."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.fitted import durations


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
    fitted = durations.fit_durations(list_ended(*[("block", 100)] * 30, *[("cut", 2)] * 30))
    long, short = (days_at(0.5, fitted.predict(list_ended((kind, 1)))) for kind in ("block", "cut"))
    assert 60 < long < 110
    assert 1.5 < short < 4


def test_a_kind_that_nobody_knows_lasts_as_long_as_all() -> None:
    fitted = durations.fit_durations(list_ended(*[("block", 100)] * 30, *[("cut", 1)] * 30))
    of_all = fitted.predict(list_ended(("other", 1), country="XB"))
    assert days_at(0.5, of_all) == pytest.approx(10.0, rel=0.3)


def test_without_a_known_duration_it_is_some_days_and_not_known_well() -> None:
    nothing = durations.fit_durations(list_ended(("block", 1)).iloc[:0])
    ends = [days_at(u, nothing.predict(list_ended(("block", 1)))) for u in (0.05, 0.95)]
    assert 1.0 <= ends[0] < 2.0 < ends[1]


def test_a_limited_duration_stays_within_its_limits() -> None:
    fitted = durations.fit_durations(list_ended(*[("block", days) for days in range(1, 40)]))
    parameters = fitted.predict(list_ended(("block", 1)))
    drawn = [days_at(u, parameters, 10, 20) for u in (0.001, 0.5, 0.999)]
    assert drawn == sorted(drawn)
    assert 10 <= drawn[0] < drawn[1] < drawn[2] <= 20


def test_where_hardly_any_duration_is_as_long_days_are_drawn_evenly() -> None:
    fitted = durations.fit_durations(list_ended(*[("cut", 1)] * 40, *[("cut", 2)] * 40))
    parameters = fitted.predict(list_ended(("cut", 1)))
    assert days_at(0.5, parameters, 3e6, 5e6) == pytest.approx(4e6)


def test_durations_of_a_country_that_differ_more_are_drawn_wider() -> None:
    same = list_ended(*[("cut", 3)] * 40)
    mixed = list_ended(*[("cut", 1), ("cut", 9)] * 20, country="XB")
    fitted = durations.fit_durations(pd.concat([same, mixed]))
    sd = fitted.predict(pd.concat([same.iloc[:1], mixed.iloc[:1]]))["days_log_sd"].to_numpy()
    assert sd[0] < sd[1]
