"""Computed tables are divided into published ones and combined again without a change."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audience_impact.comparing import compared_versions
from audience_impact.outputs.area_names import add_names, list_names, name_region
from audience_impact.store import divided, versions
from audience_impact.store.manifest import hash_bytes
from flows.pipeline import steps

AREAS = pd.DataFrame(
    [
        ("001", "World", ""),
        ("142", "Asia", "001"),
        ("145", "Western Asia", "142"),
        ("019", "Americas", "001"),
        ("419", "Latin America and the Caribbean", "019"),
        ("005", "South America", "419"),
        ("XA", "Aland", "145"),
        ("XB", "Bland", "005"),
        ("XA-1", "North", "XA"),
        ("geonames:7", "Town", "XB-2"),
        ("XB-2", "South", "XB"),
    ],
    columns=["area_id", "name", "parent_id"],
).assign(members="")


def by_area() -> pd.DataFrame:
    rows = [
        (area, period)
        for area in ("001", "019", "142", "145", "419", "XA", "XB")
        for period in ("2024", "2024-01")
    ]
    frame = pd.DataFrame(rows, columns=["area_id", "period"])
    is_year = frame["period"].str.len() == 4
    numbers = pd.Series(range(len(frame)), dtype="float64")
    return frame.assign(q50_persons=numbers, began_q50_persons=numbers.where(is_year))


def person_days() -> pd.DataFrame:
    rows = [
        ("R1", "XA", "2024", 1.0),
        ("R1", "XA", "all", 2.0),
        ("all", "XA", "2024", 3.0),
        ("all", "XA", "2024-01", 4.0),
    ]
    return pd.DataFrame(rows, columns=["restriction_id", "area_id", "period", "q50_person_days"])


def impact() -> pd.DataFrame:
    metrics = ["people_deprived_net", "people_exposed", "people_feature_exposed"]
    return pd.DataFrame({"restriction_id": "R1", "impact_metric": metrics, "q50_persons": range(3)})


COMPUTED = {"impact": impact(), "impact_by_area": by_area(), "person_days": person_days()}


@pytest.mark.parametrize("table", COMPUTED)
def test_parts_put_together_are_the_table(table: str) -> None:
    parts = divided.divide_tables({table: COMPUTED[table]})
    assert set(parts) == set(divided.list_published([table]))
    assert sum(map(len, parts.values())) == len(COMPUTED[table])
    arrows = {
        name: pa.Table.from_pandas(part, preserve_index=False) for name, part in parts.items()
    }
    combined = divided.combine_tables(table, arrows).to_pandas()
    pd.testing.assert_frame_equal(combined[list(COMPUTED[table])], COMPUTED[table])
    assert divided.list_computed(parts) == (table,)
    assert divided.count_computed({name: len(part) for name, part in parts.items()}) == {
        table: len(COMPUTED[table])
    }


def test_each_level_and_period_has_its_table() -> None:
    parts = divided.divide_tables({"impact_by_area": by_area()})
    areas = {name: list(part["area_id"]) for name, part in parts.items()}
    assert areas == {
        f"impact_by_{level}{ending}": ids
        for ending in ("", "_month")
        for level, ids in {
            "area": ["XA", "XB"],
            "continent": ["019", "142"],
            "subregion": ["145", "419"],
            "world": ["001"],
        }.items()
    }
    assert "began_q50_persons" in parts["impact_by_world"]
    assert "began_q50_persons" not in parts["impact_by_world_month"]


def test_what_is_the_same_in_each_row_is_no_column() -> None:
    parts = divided.divide_tables({"person_days": person_days()})
    assert "restriction_id" not in parts["person_days_by_area"]
    assert "period" not in parts["person_days_by_restriction_all_time"]
    assert parts["person_days_by_restriction_all_time"]["q50_person_days"].tolist() == [2.0]


def test_columns_that_are_empty_in_a_table_are_not_in_it() -> None:
    areas = by_area()
    is_country, is_world = areas["area_id"].str.isalpha(), areas["area_id"] == "001"
    areas["base"] = is_country.map({True: "online", False: None})
    areas["continent_name"] = is_world.map({True: "", False: "Asia"})
    days = person_days().assign(feature_q50_person_days=[1.0, 1.0, np.nan, np.nan])
    people = impact().assign(window_days=[np.nan, 3.0, np.nan])
    parts = divided.divide_tables({"impact_by_area": areas, "person_days": days, "impact": people})
    columns = {"base", "continent_name", "feature_q50_person_days", "window_days"}
    has = {name: columns & set(part) for name, part in parts.items()}
    assert has["impact_by_area"] == has["impact_by_area_month"] == {"base", "continent_name"}
    assert has["impact_by_subregion"] == has["impact_by_continent_month"] == {"continent_name"}
    assert has["impact_by_world"] == has["impact_by_world_month"] == set()
    assert has["person_days_by_restriction"] == {"feature_q50_person_days"}
    assert has["person_days_by_area"] == has["person_days_by_area_month"] == set()
    assert (has["impact"], has["impact_deprived"]) == ({"window_days"}, set())


def test_a_value_in_a_column_that_the_table_lacks_is_refused() -> None:
    days = person_days().assign(feature_q50_person_days=1.0)
    with pytest.raises(
        ValueError, match="by_area has no column feature_q50_person_days, and a row"
    ):
        divided.divide_tables({"person_days": days})


def test_a_row_without_a_table_is_refused() -> None:
    odd = pd.DataFrame({"area_id": ["XA"], "period": ["2024-Q"]})
    with pytest.raises(ValueError, match="no published table has rows of the kind other country"):
        divided.divide_tables({"impact_by_area": odd})


def test_tables_of_an_older_schema_are_as_they_were_computed() -> None:
    for names, is_whole in (
        ({"impact", "person_days"}, True),
        ({"impact", "impact_deprived"}, False),
    ):
        assert divided.is_undivided(names, "impact") == is_whole
    assert divided.count_computed({"impact": 8, "person_days": 3}) == {
        "impact": 8,
        "person_days": 3,
    }


def test_each_area_has_its_country_and_continent() -> None:
    frame = pd.DataFrame({"area_id": ["XA", "XA-1", "geonames:7", "XA-1;XB-2", "145", "001", "ZZ"]})
    named = add_names("impact", frame, AREAS)
    assert named["area_name"].tolist() == [
        *("Aland", "North", "Town", "North, South", "Western Asia", "World", "")
    ]
    assert named["country_name"].tolist() == [
        *("Aland", "Aland", "Bland", "Aland, Bland", "Western Asia", "World", "")
    ]
    assert named["continent_name"].tolist() == [
        *("Asia", "Asia", "Americas", "Asia, Americas", "Asia", "", "")
    ]


def test_tables_without_areas_and_rows_of_no_country_have_no_names() -> None:
    steps = pd.DataFrame({"country_id": ["XA", "all"]})
    named = add_names("steps", steps, AREAS)
    assert named["country_name"].tolist() == ["Aland", ""]
    assert "area_name" not in named
    bare = pd.DataFrame({"restriction_id": ["R1"]})
    assert add_names("lineage", bare, AREAS) is bare


def collect_columns(version: versions.Stored, table: str) -> dict[str, dict[str, Any]]:
    """The entries in the manifest of the columns of a computed table, by name."""
    parts = divided.list_published([table])
    fields = [version.files[f"{name}.parquet"]["schema"]["fields"] for name in parts]
    return {field["name"]: field for part in fields for field in part}


def write_older(results: steps.Results, version: versions.Stored, root: Path) -> versions.Stored:
    """The version as schema 2 had it, each computed table in a single file."""
    folder = root / "versions" / version.id
    folder.mkdir(parents=True)
    manifest = version.manifest
    archive = [item for item in manifest["resources"] if item["name"] == "facts"]
    (folder / "facts.zip").write_bytes(version.read_content("facts.zip"))
    resources = []
    for name in divided.list_computed(results.tables):
        sink = io.BytesIO()
        table = divided.combine_tables(name, results.tables)
        pq.write_table(table, sink)
        path = f"{name}.parquet"
        (folder / path).write_bytes(sink.getvalue())
        digest = f"sha256:{hash_bytes(sink.getvalue())}"
        columns = collect_columns(version, name)
        resources.append(
            {
                **{"name": name, "path": path, "hash": digest, "rows": len(table)},
                "description": f"The table {name} in a single file.",
                # Undivided, a column has blanks in the rows of other levels or periods.
                "schema": {
                    "fields": [
                        columns[column] | {"constraints": {}} for column in table.column_names
                    ]
                },
            }
        )
    text = json.dumps(manifest | {"resources": resources + archive})
    (folder / "datapackage.json").write_text(text, encoding="utf-8")
    (root / "latest").symlink_to(Path("versions") / version.id)
    return versions.find_latest(root)


@pytest.mark.chain
@pytest.mark.parametrize("options", [{}, {"dtype_backend": "numpy_nullable"}])
def test_a_version_of_an_older_schema_has_the_same_answers(
    options: dict[str, str], small_results: steps.Results, tmp_path: Path
) -> None:
    steps.publish_results(small_results, tmp_path / "new", None)
    new = versions.find_latest(tmp_path / "new")
    old = write_older(small_results, new, tmp_path / "old")
    assert "person_days" in old.count_rows()
    assert "person_days" not in new.count_rows()
    for table in divided.DIVISIONS:
        rows = divided.read_computed(new, table, **options)
        assert len(rows)
        pd.testing.assert_frame_equal(rows, divided.read_computed(old, table, **options))
    before, after = (compared_versions.read_published(stored) for stored in (old, new))
    pd.testing.assert_frame_equal(before.answers, after.answers)


@pytest.mark.chain
def test_some_rows_and_columns_of_a_computed_table_are_read(
    small_results: steps.Results, tmp_path: Path
) -> None:
    steps.publish_results(small_results, tmp_path, None)
    version = versions.find_latest(tmp_path)
    every = divided.read_computed(version, "person_days")
    act = every["restriction_id"].iloc[0]
    rows = divided.read_computed(
        version,
        "person_days",
        filters=[("restriction_id", "==", act)],
        columns=["period", "q50_person_days"],
    )
    assert list(rows) == ["period", "q50_person_days"]
    assert len(rows) == (every["restriction_id"] == act).sum()
    assert "all" in set(rows["period"])


def test_names_are_those_that_english_newspapers_print() -> None:
    rows = [
        ("TR", "Türkiye", "", "", ""),
        ("XA-1", "Qoraqalpog‘iston", "", "admin1", "Karakalpakstan"),
        ("XA-2", "Şanlıurfa", "", "admin1", ""),
        ("XA-3", "Павлоградська", "Павлоград;Pavlohrad", "admin3", ""),
    ]
    columns = ["area_id", "name", "aliases", "level", "press_name"]
    names = list_names(pd.DataFrame(rows, columns=columns, dtype="str"))
    assert list(names) == ["Türkiye", "Karakalpakstan", "Sanliurfa", "Pavlohrad"]
    assert list(list_names(AREAS)) == list(AREAS["name"]), "facts without the new columns"


@pytest.mark.parametrize(
    ("area_ids", "region"),
    [(["geonames:7"], "South"), (["geonames:7", "XB-2"], None), (["XB"], None), (["XA-1"], None)],
)
def test_a_place_is_named_with_the_state_that_contains_it(
    area_ids: list[str], region: str | None
) -> None:
    parents = dict(zip(AREAS["area_id"], AREAS["parent_id"], strict=True))
    names = list_names(AREAS)
    assert name_region(area_ids, parents, names) == region
    names["XB-2"] = "Town"
    assert name_region(["geonames:7"], parents, names) is None
