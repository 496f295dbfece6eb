"""Published tables as answers, pages and comparisons read them."""

import pandas as pd
import pytest

from audience_impact.store.computed import make_frame
from flows.pipeline import steps

pytestmark = pytest.mark.chain

PERIOD = ["area_id", "period"]


def test_booleans_and_lists_are_texts(small_results: steps.Results) -> None:
    published = small_results.tables["countries_by_year"].to_pydict()
    assert {"alpha", "beta"} <= set(published["platform_ids"][0])
    assert {type(cell) for cell in published["is_lower_bound"]} == {bool}
    read = small_results.read_frame("countries_by_year")
    assert read["platform_ids"].iloc[0] == ";".join(published["platform_ids"][0])
    assert set(read["is_lower_bound"]) <= {"yes", "no"}


def test_a_period_of_an_area_is_a_row_with_its_kinds_in_columns(
    small_results: steps.Results,
) -> None:
    areas = small_results.read_frame("impact_by_area").set_index(PERIOD)
    assert areas.index.is_unique
    assert {len(period) for period in areas.index.get_level_values("period")} == {4, 7}
    years = small_results.frames["countries_by_year"]
    years = years[years["kind"] == "began"].astype({"year": "str"}).set_index(["area_id", "year"])
    assert len(years)
    for name in ("q50_persons", "max_persons", "restrictions_count"):
        both = areas[f"began_{name}"].reindex(years.index)
        assert both.fillna(-1).tolist() == years[name].fillna(-1).tolist()
    none = areas["shutdown_restrictions_count"] == 0
    assert none.any()
    assert (areas.loc[none, "shutdown_max_persons"] == 0).all()


def test_person_days_of_countries_have_their_kinds(small_results: steps.Results) -> None:
    days = small_results.read_frame("person_days")
    is_country = days["restriction_id"] == "all"
    kinds = days["service_min_person_days"]
    assert kinds[is_country].notna().all()
    assert kinds[~is_country].isna().all()


def test_days_on_which_nothing_changes_are_one_row(small_results: steps.Results) -> None:
    runs = small_results.read_frame("impact_by_day")
    every = [small_results.frames[name] for name in ("countries_by_day", "regions_by_day")]
    assert runs["days"].sum() == sum((rows["kind"] == "all").sum() for rows in every)
    spans = pd.to_datetime(runs["to_day"]) - pd.to_datetime(runs["from_day"])
    assert (spans.dt.days + 1 == runs["days"]).all()
    assert len(runs) < runs["days"].sum()


def test_some_rows_and_columns_are_read(small_results: steps.Results) -> None:
    read = small_results.tables.__getitem__
    chosen = [("impact_metric", "==", "people_exposed")]
    names = ["restriction_id", "impact_metric"]
    some = make_frame("impact", read, names, chosen)
    assert list(some) == names
    assert set(some["impact_metric"]) == {"people_exposed"}
    assert list(make_frame("impact_by_area", read, PERIOD)) == PERIOD
