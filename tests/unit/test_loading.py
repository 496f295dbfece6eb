"""Published tables and calibrations, read back with what is known about them."""

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import audience_impact as ai
from audience_impact.overlap.model import read_model
from flows.pipeline import steps
from tests.support import FACTS


@pytest.fixture(scope="module")
def version(small_results: steps.Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("published")
    steps.publish_results(small_results, root, None)
    return root / "latest"


@pytest.mark.chain
def test_a_version_is_its_tables_with_what_is_known_about_them(version: Path) -> None:
    tables = ai.load(version)
    assert sorted(tables) == sorted(path.stem for path in version.rglob("*.parquet"))
    names = {path.stem for path in version.glob("*.parquet")}
    assert (names, {*tables} - names) == ({*ai.tables()}, {*ai.tables(details=True)})
    impact = tables["impact"]
    counts = impact.select_dtypes("Int64")
    written = pq.read_table(version / "impact.parquet", columns=list(counts))
    assert (
        counts.astype("object").where(counts.notna(), None).to_dict("list") == written.to_pydict()
    )
    assert impact.attrs["table"] == "impact"
    assert version.resolve().name == f"v000001-{impact.attrs['version_id']}"
    assert date.fromisoformat(impact.attrs["as_of"])
    assert impact.attrs["licence"]["name"] == "CC-BY-4.0"
    assert set(impact.attrs["columns"]) == set(impact.columns)
    assert impact.attrs["columns"]["printed_min_persons"]["unit"] == "persons"
    assert all(told["description"] for told in impact.attrs["columns"].values())


def write_anew(path: Path, into: Path, words: bytes) -> Path:
    """Write a table with other words of its columns."""
    table = pq.read_table(path)
    metadata = {**table.schema.metadata, b"audience_impact_columns": words}
    pq.write_table(table.replace_schema_metadata(metadata), into / path.name)
    return into / path.name


@pytest.mark.chain
def test_a_file_alone_explains_its_own_codes_and_a_version_explains_all(version: Path) -> None:
    alone, whole = (ai.load(place)["impact"] for place in (version / "impact.parquet", version))
    for name, about in whole.attrs["columns"].items():
        words, meanings = alone.attrs["columns"][name], about.get("values", {})
        assert {**words, "values": meanings} == {**about, "values": meanings}
        codes = set(whole[name].explode().dropna())
        expected = {code: meaning for code, meaning in meanings.items() if code in codes}
        assert words.get("values", {}) == expected
    assert alone["obs_status"].astype("str").equals(whole["obs_status"].astype("str"))
    assert len(whole["obs_status"].cat.categories) > len(alone["obs_status"].cat.categories) > 0


@pytest.mark.chain
@pytest.mark.parametrize(
    "words", [b"\xff", b"[" * 200_000, b'{"area_id": {"values": 5}}'], ids=range(3)
)
def test_words_that_are_none_are_refused(version: Path, tmp_path: Path, words: bytes) -> None:
    with pytest.raises(ValueError, match="no words of its columns under audience_impact_columns"):
        ai.load(write_anew(version / "impact.parquet", tmp_path, words))["impact"]


@pytest.mark.chain
@pytest.mark.parametrize("words", [b"[]", b"{", b"[" * 200_000], ids=range(3))
def test_a_description_that_is_none_is_refused(version: Path, tmp_path: Path, words: bytes) -> None:
    table = pq.read_table(version / "impact.parquet")
    metadata = {**table.schema.metadata, b"audience_impact": words}
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "impact.parquet")
    with pytest.raises(ValueError, match="table impact has no description of itself"):
        ai.load(tmp_path / "impact.parquet")["impact"]


@pytest.mark.chain
def test_notes_of_columns_outlast_what_analysts_do(version: Path) -> None:
    impact = ai.load(version / "impact.parquet").impact
    made = (
        impact.copy()
        .query("printed_min_persons >= 0")
        .assign(share_lost=0.5)
        .sort_values("printed_min_persons")
        .rename(columns={"area_id": "area"})
        .head(3)[["obs_status", "printed_min_persons", "share_lost"]]
    )
    both = pd.concat([made, made.tail(1)])
    for frame in (made, both, impact.groupby("obs_status").first().reset_index()):
        notes = ai.column_notes(frame)
        assert list(notes.index) == list(frame.columns)
        assert notes.loc["printed_min_persons", "unit"] == "persons"
        assert "U: low reliability" in notes.loc["obs_status", "values"]
    notes = ai.column_notes(made)
    assert list(notes.columns) == ["description", "unit", "sdmx_concept", "values"]
    assert (notes.loc["share_lost"] == "").all()


@pytest.mark.chain
def test_notes_that_pandas_drops_are_taken_from_the_tables_named(version: Path) -> None:
    tables = ai.load(version)
    impact, acts = tables["impact"], tables["restrictions"][["restriction_id", "severity"]]
    joined = impact.merge(acts, on="restriction_id")
    with pytest.raises(ValueError, match="pandas drops them when it combines tables"):
        ai.column_notes(joined)
    notes = ai.column_notes(joined, impact, tables["restrictions"])
    assert notes.loc["printed_min_persons", "unit"] == "persons"
    assert "service_unavailable: the service cannot be used" in notes.loc["severity", "values"]
    assert (notes["description"] != "").all()


@pytest.mark.chain
def test_values_of_columns_come_with_their_meaning(version: Path) -> None:
    tables = ai.load(version)
    columns = tables["impact_by_platform"].attrs["columns"]
    assert columns["feature"]["values"]["voice_call"] == "voice calls"
    assert columns["platform_id"]["special_values"] == {"*": "the whole internet"}
    assert "values" not in columns["printed_min_persons"]


@pytest.mark.chain
def test_a_file_is_its_table(version: Path) -> None:
    tables = ai.load(str(version / "sources.parquet"))
    assert list(tables) == ["sources"]
    assert tables.sources.attrs["table"] == "sources"


def test_what_was_not_published_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder with published tables"):
        ai.load(tmp_path)
    other = tmp_path / "other.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(other)
    with pytest.raises(ValueError, match=r"other\.parquet was not published by"):
        ai.load(other)["other"]
    text = tmp_path / "text.parquet"
    text.write_text("not a table", encoding="utf-8")
    with pytest.raises(ValueError, match=r"text\.parquet is no Parquet file"):
        ai.load(text)["text"]


def test_the_shipped_calibration_is_that_of_the_facts(repository_checked: steps.Checked) -> None:
    of_facts = read_model(repository_checked.tables)
    assert ai.load_calibration() == of_facts
    assert ai.load_calibration(FACTS) == of_facts
    assert ai.load_calibration(FACTS / "overlap_calibration.csv") == of_facts


def test_without_the_surveys_beside_it_no_country_is_pulled(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes((FACTS / "overlap_calibration.csv").read_bytes())
    found = ai.load_calibration(path)
    assert found.calibration == ai.load_calibration().calibration
    assert found.centres == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("parameter,", "other,", "parameter"),
        ("mean,,-0.36", "mean,,x-0.36", "x-0.36"),
        ("mean,", "average,", "lacks mean"),
        (None, "parameter,survey_id,value,houses\n", "has no rows"),
        (None, "", "No columns"),
    ],
)
def test_what_is_no_calibration_is_refused_by_name(
    tmp_path: Path, old: str | None, new: str, message: str
) -> None:
    text = (FACTS / "overlap_calibration.csv").read_text("utf-8")
    path = tmp_path / "broken.csv"
    path.write_text(new if old is None else text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"broken\.csv.*{message}"):
        ai.load_calibration(path)


def test_a_calibration_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ai.load_calibration(tmp_path / "none.csv")
