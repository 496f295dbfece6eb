"""The score of names of places, on a small table and with names left out of small facts."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import place_names, places
from flows.pipeline import steps

CITY = "It only affected one city, county, or village"
ROWS = [
    ("7", "IN", "Sikar district, Rajasthan", CITY, "IN-RJ/sikar"),
    ("8", "India", "Marhama area, Anantnag, Jammu & Kashmir", CITY, "IN-JK/anantnag"),
    ("9", "IN", "Sikar district and Narnia", "", "IN-RJ/sikar"),
    ("10", "IN", "Nationwide", "", ""),
    ("11", "IN", "", "", ""),
    ("12", "IN", "Narnia", "", ""),
    ("13", "IN", "Sikar and Poonch districts", "", "IN-RJ/sikar"),
    ("14", "Nowhere", "Sikar", "", ""),
]
TABLE = pd.DataFrame(
    [(*row[:3], "2021-05-01", *row[3:]) for row in ROWS],
    columns=["row", "country", "area_text", "start", "register_scope", "place_ids"],
)


@pytest.fixture(scope="module")
def answered_names(repository_checked: steps.Checked) -> pd.DataFrame:
    return place_names.answered(TABLE, repository_checked.tables).set_index("row")


def test_every_row_comes_back_with_an_answer(answered_names: pd.DataFrame) -> None:
    assert list(answered_names.index) == [row[0] for row in ROWS]
    assert list(answered_names["area_text"]) == list(TABLE["area_text"])
    assert list(answered_names["expected_place_ids"]) == list(TABLE["place_ids"])
    assert answered_names["quality"].to_dict() == {
        "7": place_names.EXACT,
        "8": place_names.WITHIN,
        "9": place_names.PARTLY,
        "10": place_names.NATIONAL,
        "11": place_names.NO_TEXT,
        "12": place_names.UNRESOLVED,
        "13": place_names.ALIAS,
        "14": place_names.UNRESOLVED,
    }
    assert (
        answered_names["names_unresolved"].to_dict() | {"9": "narnia", "12": "narnia"}
        == answered_names["names_unresolved"].to_dict()
    )


def test_people_are_those_of_the_day_and_those_counted(answered_names: pd.DataFrame) -> None:
    assert answered_names.loc["7", "counted_persons"] == 2677333
    assert answered_names.loc["7", "population_persons"] > 2677333
    assert answered_names.loc["13", "counted_persons"] == 2677333 + 476835
    assert answered_names.loc["10", "population_persons"] > 1.3e9
    assert answered_names.loc[["11", "12", "14"], "population_persons"].isna().all()


def test_a_summary_tells_what_is_the_same(answered_names: pd.DataFrame) -> None:
    result = place_names.summary(answered_names.assign(population_sum="2677333"))
    assert result["rows"] == len(ROWS)
    assert result["same_places_share"] == 7 / 8
    assert result["resolved_though_not_expected"] == 0
    assert result["resolved_share"] == 3 / 6


@pytest.mark.usefixtures("checked_once")
def test_the_command_answers_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "texts.csv"
    TABLE.head(2).to_csv(path, index=False)
    assert places.main([str(path), "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["place_ids"] for row in rows] == ["IN-RJ/sikar", "IN-JK/anantnag"]
    assert rows[0]["row"] == "7"
    TABLE[["country"]].to_csv(path, index=False)
    with pytest.raises(SystemExit, match="area_text"):
        places.main([str(path)])


def test_what_is_left_out_hardly_becomes_another_place(repository_checked: steps.Checked) -> None:
    areas = repository_checked.tables["areas"]
    some = areas[areas["area_id"].str.match("IN(-HR|-WB|-UP|$)|034|142|001")]
    names = repository_checked.tables["place_names"].iloc[:0]
    result = place_names.left_out({"areas": some, "place_names": names})
    assert result.loc["place", "count"] > 50
    assert result.loc["place", "right"] == 0
    assert result.loc["place", "wrong"] < 0.1
    shares = result[["right", "part", "unresolved", "wrong"]].sum(axis=1)
    assert shares.to_list() == pytest.approx([1.0, 1.0])
