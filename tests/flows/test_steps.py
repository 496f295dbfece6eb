"""What identifies a version, which sources a table rests on, and addresses that are no folders."""

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from audience_impact.store import storage
from flows import CHECKOUT
from flows.pipeline import parts, steps
from flows.pipeline.code import code_sha256
from schemas import published
from tests.support import checked, computed, edit, folder_of, load

# ---- What makes a new version ----


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code, to be changed."""
    ignore = shutil.ignore_patterns("__pycache__")
    for package in ("audience_impact", "schemas", "flows"):
        shutil.copytree(CHECKOUT / package, tmp_path / package, ignore=ignore)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "is_new"),
    [
        ("audience_impact/vocabulary.py", True),
        ("audience_impact/outputs/impact.py", True),
        ("audience_impact/outputs/review/status_rules.csv", True),
        ("audience_impact/vocabulary.csv", True),
        ("schemas/columns.csv", True),
        ("flows/pipeline/steps.py", True),
        ("audience_impact/cli/command.py", False),
        ("audience_impact/registers/register.py", False),
        ("flows/runs.py", False),
        ("flows/documenting/docs.py", False),
        ("flows/publish_impact.py", False),
    ],
)
def test_a_statement_makes_a_new_version_where_the_numbers_are_made(
    checkout: Path, path: str, is_new: bool
) -> None:
    before = code_sha256((checkout,))
    assert before == code_sha256()
    with (checkout / path).open("a", encoding="utf-8") as file:
        file.write("_MORE = 1\n")
    code_sha256.cache_clear()
    assert (code_sha256((checkout,)) != before) is is_new


def test_words_about_the_code_make_no_new_version(checkout: Path) -> None:
    before = code_sha256((checkout,))
    path = checkout / "audience_impact" / "outputs" / "impact.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('"""', '"""More of it. ', 1) + "# A word more.\n", encoding="utf-8"
    )
    code_sha256.cache_clear()
    assert code_sha256((checkout,)) == before


# ---- Sources ----


@pytest.fixture(scope="module")
def folder(repository_results: steps.Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's facts, published."""
    root = tmp_path_factory.mktemp("published")
    return folder_of(steps.publish_results(repository_results, root, None))


def ids(results: steps.Results, table: str) -> set[str]:
    return set(results.source_ids[table])


@pytest.mark.parametrize("table", published.TABLES)
def test_a_file_names_the_sources_of_its_own_rows(
    table: str, folder: Path, repository_results: steps.Results
) -> None:
    place = folder / "details" if table in published.DETAILS else folder
    footer = pq.read_metadata(place / f"{table}.parquet").metadata
    sources = json.loads(footer[b"audience_impact_sources"])
    # the rows of the table of sources are its sources
    assert sources == ([] if table == "sources" else sorted(ids(repository_results, table)))
    manifest = json.loads((folder / "datapackage.json").read_bytes())
    assert len(manifest["sources"]) == len(repository_results.frames["sources"])
    assert {source["source_id"] for source in manifest["sources"]} >= set(sources)


def test_which_sources_a_table_rests_on(repository_results: steps.Results) -> None:
    frames = repository_results.frames
    every, fed = set(frames["sources"]["source_id"]), set(frames["lineage"]["source_id"])
    assert ids(repository_results, "sources") == every
    assert ids(repository_results, "lineage") == ids(repository_results, "impact") == fed < every
    acts = set(frames["restrictions"]["source_id"])
    assert acts < ids(repository_results, "restrictions") <= fed  # its hours rest on evidence
    theirs = set(frames["comparisons"]["source_id"])
    assert theirs < ids(repository_results, "comparisons") < every
    assert ids(repository_results, "quality") == ids(repository_results, "quarantine") == set()


def test_a_table_without_rows_rests_on_nothing(repository_results: steps.Results) -> None:
    tables = repository_results.tables
    for name in set(published.TABLES) - {"sources", "lineage"}:
        assert not parts.list_source_ids(name, tables[name].slice(0, 0), tables["lineage"])


def test_results_of_one_restriction_rest_on_its_sources(repository_results: steps.Results) -> None:
    tables, of_act = repository_results.tables, pc.field("restriction_id") == "RU-2025-08-13-calls"
    told = parts.list_source_ids("impact", tables["impact"].filter(of_act), tables["lineage"])
    assert told == set(tables["lineage"].filter(of_act)["source_id"].to_pylist())


def test_an_empty_table_is_a_small_file(folder: Path) -> None:
    path = folder / "details" / "quarantine.parquet"
    assert pq.read_metadata(path).num_rows == 0
    # What its columns and their values mean is all that it holds.
    assert path.stat().st_size < 16 * 1024


# ---- Addresses ----


@pytest.mark.parametrize("place", ["published", "/srv/published", "a:b", "c:/published", "x/s3:/y"])
def test_a_folder_of_any_name_is_one(place: str) -> None:
    assert not storage.is_address(place)
    assert not storage.is_address(Path(place))


COMMANDS = [
    ["learn", "joint-use", "--facts", "s3://bucket/f"],
    ["import", "stop", "register.csv", "--into", "s3://bucket/l"],
    ["refresh", "--into", "s3://bucket/l"],
    ["refresh", "--into", "layer", "--downloads", "s3://bucket/d"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_writes_facts_refuses_an_address_in_one_line(words: list[str], tmp_path: Path) -> None:
    main = "from audience_impact.cli import main; main()"
    code = f"import sys; sys.argv[1:] = {words!r}; {main}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("s3://bucket/")
    assert line.endswith(": an address cannot be used here; give a folder")
    assert list(tmp_path.iterdir()) == []


# ---- The day that results speak of ----


@pytest.mark.parametrize("day", [date.min, date(1989, 12, 31), date(2036, 1, 1), date.max])
def test_a_day_beyond_all_facts_makes_no_version(day: date, small_facts: Path) -> None:
    """`--keep` would never find it among the others."""
    with pytest.raises(steps.RefusedError, match="lies outside the years 1990 to 2035: correct it"):
        steps.compute_results(checked(small_facts), day, 0)


def test_other_draws_are_another_version(small_facts: Path) -> None:
    facts = checked(small_facts)
    few, usual = (steps.compute_results(facts, None, 0, draws=n) for n in (40, None))
    methods = [one.version.method_version for one in (few, usual)]
    assert methods == [f"{steps.name_method()}{word}" for word in ("+40-draws", "")]
    medians = [one.read_frame("impact", ["q50_persons"])["q50_persons"] for one in (few, usual)]
    assert (medians[0] != medians[1]).any()


# ---- Licences ----


def test_a_version_names_the_licence_of_each_source_and_claims_none_for_the_facts(
    small_facts: Path, tmp_path: Path
) -> None:
    edit(small_facts, "sources", "panel-page", licence="GPL-3.0")
    edit(small_facts, "sources", "survey-page", licence="not stated")
    version = steps.publish_results(computed(small_facts), tmp_path / "published", None).version
    licences = {source["source_id"]: source["licence"] for source in version.manifest["sources"]}
    header, rows = load(small_facts / "sources.csv")
    assert {row[header.index("source_id")] for row in rows} == licences.keys()
    assert licences["panel-page"] == "GPL-3.0"
    assert licences["survey-page"] == "not stated by the publisher"
    assert licences["press-page"] == "not recorded"
    computed_here, of_sources = version.manifest["licenses"]
    assert computed_here == steps.LICENCE
    assert version.files["facts.zip"]["licenses"] == [of_sources] == [steps.LICENCES_OF_SOURCES]
    assert "stay under the licences of their sources" in version.manifest["description"]
