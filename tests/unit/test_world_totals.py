"""Services that no country counted are imputed from their users in the world."""

import pandas as pd
import pytest

from audience_impact.fitting import audiences as fitting
from audience_impact.imputation import audiences, distribution, effects, figures
from audience_impact.imputation.distribution import ImputationModel
from audience_impact.overlap.model import read_model
from audience_impact.vocabulary import ImputationRung
from tests.support import SPREADS, World
from tests.unit.test_imputation import CODES, SERVICES, counted, joined, model_of, wanted

ONLINE = 4_000_000_000
FINE_SPREADS = SPREADS | {"service": 2.0}
"""Spreads on the fine scale, where services differ more."""


def with_totals(totals: dict[str, int], **cells: str) -> World:
    """A world of `counted` with people online, and services of which the world alone is counted."""
    fine = {f"{figures.FINE.prefix}{name}": value for name, value in FINE_SPREADS.items()}
    made = counted().audience_laws().audience_laws(fine)
    of_world = {"area_id": "001", "period": "2024"}
    for base, persons in (("all_ages", 2 * ONLINE), ("internet_all", ONLINE)):
        count = {"population_base": base, "persons": str(persons), "source_id": "census-page"}
        made.base(f"001-{base}", **of_world, **count)
    total = {"audience_metric": "mau", "unit": "accounts", "population_base": "internet_all"}
    total |= {"source_id": "survey-page", **of_world, **cells}
    for service, users in totals.items():
        if service not in SERVICES:
            made.add("platforms", platform_id=service, name=service, kind="messenger")
        made.estimate(f"E-001-{service}", platform_id=service, value=str(users), **total)
    return made


def impute(made: World, *services: str) -> pd.DataFrame:
    """The imputed shares of services in one country."""
    tables = made.typed()
    shares, _ = distribution.impute_shares(
        wanted(*(("PA", service) for service in services)), tables, model_of(tables)
    )
    return shares


def test_a_total_of_the_world_fixes_the_size_of_a_service() -> None:
    totals = {"delta": ONLINE // 200, "epsilon": ONLINE // 20}
    result = impute(with_totals(totals), "delta", "epsilon")
    assert result["rung"].tolist() == [ImputationRung.WORLD] * 2
    assert result["q50_share"].tolist() == pytest.approx([1 / 200, 1 / 20], rel=0.6)
    assert (result["q05_share"] < result["q50_share"]).all()
    assert (result["q95_share"] < 40 * result["q05_share"]).all()


def test_without_a_total_a_service_is_no_better_known_than_its_kind() -> None:
    made = with_totals({"alpha": ONLINE // 2})
    made.add("platforms", platform_id="delta", name="delta", kind="messenger")
    (row,) = impute(made, "delta").to_dict("records")
    assert row["rung"] == ImputationRung.KIND
    assert row["q95_share"] > distribution.WIDEST * row["q05_share"]


@pytest.mark.parametrize(
    "cells",
    [
        {"audience_metric": "downloads", "unit": "downloads"},
        {"unit": "devices"},
        {"population_base": "custom"},
    ],
)
def test_what_is_no_count_of_all_users_is_no_total(cells: dict[str, str]) -> None:
    (row,) = impute(with_totals({"delta": 10_000_000}, **cells), "delta").to_dict("records")
    assert row["rung"] == ImputationRung.KIND


def test_a_part_of_the_world_is_no_share_of_a_country() -> None:
    made = counted(("PA", "alpha"))
    part = {"unit": "share", "value": "0.04", "population_base": "world_users", "period": "2024"}
    made.estimate("E9", area_id="PA", platform_id="alpha", audience_metric="unspecified", **part)
    assert "E9" not in set(figures.read_observations(made.typed())["figure_id"])


def test_a_total_long_ago_says_less() -> None:
    new, old = (
        impute(with_totals({"delta": ONLINE // 20}, period=period), "delta").iloc[0]
        for period in ("2024", "2020")
    )
    assert new["q95_share"] / new["q05_share"] < old["q95_share"] / old["q05_share"]


def test_a_clear_answer_of_the_coarse_scale_stands() -> None:
    tables = with_totals({"delta": ONLINE // 400}).typed()
    model = model_of(tables)
    assert model.finer is not None
    asked = wanted(("PA", "alpha"))
    fine, alone = (
        distribution.impute_shares(asked, tables, each)[0]
        for each in (model, ImputationModel(model.figures, model.parameters))
    )
    pd.testing.assert_frame_equal(fine, alone)


def test_totals_have_no_effects_of_places() -> None:
    tables = with_totals({"delta": ONLINE // 400, "alpha": ONLINE // 2}).typed()
    rows = figures.read_observations(tables, figures.FINE)
    is_total = rows["area_id"] == "001"
    assert 0 < is_total.sum() < len(rows)
    assert rows.loc[is_total, "is_in_country"].eq(0.0).all()
    places = {**dict.fromkeys(SPREADS, 0.0), "country": 1.0, "subregion_service": 1.0}
    matrix = effects.compute_covariance(rows, places)
    assert (matrix[is_total.to_numpy()] == 0.0).all()
    assert (matrix.diagonal()[~is_total.to_numpy()] == 2.0).all()


def test_a_service_is_left_out_in_all_countries_but_not_its_total() -> None:
    tables = with_totals({"alpha": ONLINE // 2}).typed()
    rows = figures.read_observations(tables, figures.FINE)
    out = fitting.predict_left_out(rows, SPREADS)
    services = out[out["left_out"] == "counted_in_countries"]
    rungs = services.groupby("platform_id")["rung"].unique().map(list).to_dict()
    kind = [ImputationRung.KIND.value]
    assert rungs == {"alpha": [ImputationRung.WORLD.value], "beta": kind, "gamma": kind}
    assert set(services["area_id"]) == set(CODES)
    coarse = figures.read_observations(tables)
    assert "counted_in_countries" not in set(fitting.predict_left_out(coarse, SPREADS)["left_out"])


def test_both_scales_are_fitted_and_known_to_be_current() -> None:
    tables = with_totals({"alpha": ONLINE // 2}).typed()
    table = fitting.fit_table(tables, steps=1)
    assert table["kind"].str.startswith(figures.FINE.prefix).any()
    assert fitting.is_current({**tables, "audience_laws": table})
    coarse = table[~table["kind"].str.startswith(figures.FINE.prefix)]
    assert not fitting.is_current({**tables, "audience_laws": coarse})
    other = with_totals({"alpha": ONLINE // 3}).typed()
    assert not fitting.is_current({**other, "audience_laws": table})


def test_a_group_has_the_members_that_its_page_lists_and_somebody_counted() -> None:
    made = with_totals({"delta": ONLINE // 10})
    made.add("platforms", platform_id="nobodys", name="Nobodys", kind="messenger")
    made.add("platforms", platform_id="listed", name="Listed", kind="group",
             member_ids="beta;delta;nobodys")  # fmt: skip
    tables = joined(made).typed()
    shares, members, _ = audiences.impute_with_members(
        wanted(("PA", "listed"), ("PA", "beta")), tables, model_of(tables), read_model(tables)
    )
    assert members["platform_id"].tolist() == ["beta", "delta"]
    assert shares.loc[0, "rung"] == ImputationRung.WORLD
    assert shares.loc[1, "q50_share"] <= shares.loc[0, "q50_share"] < 1.0
