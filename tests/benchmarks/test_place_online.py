"""Regions left out: each is foretold without its own figures, and every row comes back."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from audience_impact.facts.tables import Tables
from benchmarks import place_online as benchmark
from benchmarks import places
from flows.pipeline import steps
from tests.support import world

pytestmark = pytest.mark.nightly

LANDS = [f"Y{letter}" for letter in "ABCDEFGHIJ"]


@pytest.fixture(scope="module")
def facts() -> Tables:
    """Ten countries of eight regions, which a survey and a model know."""
    made, rng = world(), np.random.default_rng(5)
    made.add("lineages", measurement_series_id="made", measurer="A lab", source_type="model")
    made.add("sources", source_id="made-page", source_type="model", measurement_series_id="made")
    for number, land in enumerate(LANDS):
        level = -1.5 + number / 3.0
        made.add("areas", area_id=land, name=land)
        people = {"area_id": land, "population_base": "all_ages", "source_id": "census-page"}
        made.base(f"{land}-all", persons="8000000", **people)
        online = {**people, "population_base": "internet_all"}
        made.base(f"{land}-online", persons=str(int(8e6 * expit(level))), **online)
        for region, off in enumerate(rng.normal(0.0, 0.6, 8)):
            area = f"{land}-{region}"
            made.add("areas", area_id=area, name=area, parent_id=land)
            made.base(f"{area}-all", persons="1000000", **{**people, "area_id": area})
            for asked, above in (("women_15_49", -0.2), ("men_15_49", 0.2)):
                share = expit(level + above + off + rng.normal(0.0, 0.1))
                made.add("regional_use", area_id=area, asked=asked, share=repr(float(share)))
                result = expit(level + above + off + rng.normal(0.0, 0.2))
                made.add("regional_use", area_id=area, asked=asked, share=repr(float(result)),
                         source_id="made-page", period="2024")  # fmt: skip
    return made.typed()


def test_regions_left_out_are_held_by_their_intervals(facts: Tables) -> None:
    result = benchmark.left_out(facts)
    assert len(result) == 5 * 160
    scores = {str(name): benchmark.score(own) for name, own in result.groupby("left_out")}
    assert all(0.8 < own.coverage <= 1.0 for own in scores.values())
    modelled, bare, *_ = (scores[name] for name in result["left_out"].unique())
    assert modelled.width_points < bare.width_points
    assert modelled.median_error_points < bare.median_error_points < 15.0
    assert modelled.median_error_points < modelled.country_error_points
    assert (result["q05_share"] < result["q50_share"]).all()


@pytest.mark.parametrize("kind", ["survey", "model"])
def test_what_is_asked_for_is_not_looked_at(facts: Tables, kind: str) -> None:
    rows = benchmark.figures(facts)
    asked = rows[(rows["kind"] == kind) & (rows["area_id"] == "YC-3")]
    own = (facts["regional_use"]["area_id"] == "YC-3") & (
        (facts["regional_use"]["source_id"] == "made-page") == (kind == "model")
    )
    use = facts["regional_use"]
    changed = {**facts, "regional_use": use.assign(share=use["share"].mask(own, 0.01))}
    for without in (benchmark.PLACE, benchmark.COUNTRY):
        before = benchmark.answers(asked, facts, without)
        pd.testing.assert_frame_equal(before, benchmark.answers(asked, changed, without))


def test_without_its_country_no_figure_of_it_is_looked_at(facts: Tables) -> None:
    rows = benchmark.figures(facts)
    asked = rows[(rows["country_id"] == "YC") & (rows["kind"] == "survey")]
    use = facts["regional_use"]
    own = use["area_id"].str.startswith("YC")
    changed = {**facts, "regional_use": use.assign(share=use["share"].mask(own, 0.01))}
    before = benchmark.answers(asked, facts, benchmark.COUNTRY)
    pd.testing.assert_frame_equal(before, benchmark.answers(asked, changed, benchmark.COUNTRY))
    assert set(before["rung"]) == {"country, country_unseen"}
    known = benchmark.answers(asked, facts)
    assert set(known["rung"]) == {"model, regions_known"}
    assert (known["q95_share"] - known["q05_share"]).mean() < (
        before["q95_share"] - before["q05_share"]
    ).mean()


TABLE = """place_id,country,indicator,value,unit,year,base,kind,mine
YC-3,YC,used the internet in the past 12 months,40,percent,2015-2022,women 15-49,survey,a
YC-3,YC,used the internet in the past 12 months,40,percent,2015-2022,women 15-49,survey,b
YC/unknown,YC,ever used the internet,40,percent,2019-20,men 15-49 (state module); total,survey,c
YC-3,YC,owns a mobile phone,40,percent,2024,women 15-49,modelled,d
YC-3,YC,used the internet in the past 12 months,40,percent,2024,men 15-49,modelled,e
YC-3,YC,ever used the internet,40,percent,2019-20,women 15-49; urban,survey,f
ZZ-3,ZZ,used the internet in the past 12 months,40,percent,2024,women 15-49,survey,g
YC-3,YC,used the internet in the past 12 months,40,percent,some year,women 15-49,survey,h
"""


def test_every_row_of_a_table_comes_back_as_read(facts: Tables, tmp_path: Path) -> None:
    path = tmp_path / "unseen.csv"
    path.write_text(TABLE, encoding="utf-8")
    table = benchmark.read_table(path)
    assert benchmark.is_regional(table)
    result = benchmark.answered(table, facts, without_country=False)
    pd.testing.assert_frame_equal(result[list(table.columns)], table)
    told = pd.DataFrame(benchmark.records(result)).set_index("mine")
    assert told.loc[["a", "b", "c", "e"], "q50_share"].notna().all()
    assert told.loc["a", "q50_share"] == told.loc["b", "q50_share"]
    reasons = told["reason"].to_dict()
    assert [reasons[each] for each in "abce"] == [""] * 4
    assert reasons["d"] == "no figure of people online"
    assert "towns told apart" in reasons["f"]
    assert reasons["g"] == "no count of the people online of the country"
    assert reasons["h"] == "no period"


def test_a_table_of_names_is_no_table_of_people_online() -> None:
    assert not benchmark.is_regional(pd.DataFrame({"area_text": ["Pulwama"], "place_ids": [""]}))


@pytest.mark.parametrize(
    ("text", "meant"),
    [("2015-2022", "2015/2022"), ("2019-20", "2019/2020"), ("2019-11", "2019-11"),
     ("2024", "2024"), ("2024-Q1", "2024-Q1")],
)  # fmt: skip
def test_years_from_and_to_are_a_period(text: str, meant: str) -> None:
    assert benchmark._period(text) == meant


def test_a_table_is_scored_and_written(
    facts: Tables,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steps, "read_facts", lambda folders: folders)
    monkeypatch.setattr(steps, "validate_facts", lambda reading: SimpleNamespace(tables=facts))
    path = tmp_path / "unseen.csv"
    path.write_text(TABLE, encoding="utf-8")
    assert places.main([str(path)]) == 0
    assert "| model, regions_known | 3 | 1 |" in capsys.readouterr().out
    assert places.main([str(path), "--without-country", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["mine"] for row in rows] == list("abcdefgh")
    assert {row["rung"] for row in rows} == {"", "country, country_unseen"}
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="or place_id, year, base, and share or value"):
        places.main([str(path)])
