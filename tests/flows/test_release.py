"""A release is the version, whole, with digests, licences and changes; the same bytes twice."""

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from audience_impact.cli.command import app
from audience_impact.exporting.export import list_files
from audience_impact.store import versions
from flows import releasing as release
from flows.pipeline import steps
from tests.support import edit, small

RUNNER = CliRunner()


def publish(facts: Path, root: Path) -> None:
    results = steps.compute_results(
        steps.refuse_errors(steps.validate_facts(steps.read_facts([facts])), strict=False), None, 0
    )
    steps.publish_results(results, root, None)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions: in the second, an audience is half as large."""
    folder = tmp_path_factory.mktemp("released")
    facts = small(folder / "facts")
    publish(facts, folder / "published")
    edit(facts, "estimates", "E2", value="200000")
    publish(facts, folder / "published")
    return folder / "published"


def released(published: Path, into: Path, *words: str) -> Path:
    """The archive that the command writes."""
    asked = ["release", "--published", str(published), "--into", str(into), *words]
    done = RUNNER.invoke(app, asked)
    assert done.exit_code == 0, done.output
    (made,) = into.glob("*.zip")
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    assert f"sha256 {digest}" in done.stdout
    return made


def unpacked(archive: Path, into: Path) -> Path:
    """The folder that an archive holds, all of it below one name."""
    with zipfile.ZipFile(archive) as result:
        result.extractall(into)
    (folder,) = into.iterdir()
    return folder


def test_a_release_is_the_version_and_says_what_it_holds(published: Path, tmp_path: Path) -> None:
    version = versions.find_latest(published)
    made = released(published, tmp_path / "dist")
    folder = unpacked(made, tmp_path / "there")
    assert folder.name == made.stem == f"audience-impact-{version.id}"
    lying = Path(version.address)
    names = list_files(folder)
    assert list_files(lying) < names
    assert all(
        (folder / one).read_bytes() == (lying / one).read_bytes() for one in list_files(lying)
    )
    for place, sums in ((folder, "SHA256SUMS"), (made.parent, f"{made.name}.sha256")):
        subprocess.run(["sha256sum", "--check", "--strict", sums], cwd=place, check=True)
    assert len((folder / "SHA256SUMS").read_text().splitlines()) == len(names) - 1
    citation = yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == version.id
    assert citation["date-released"] == f"{version.version.as_of}"


def test_a_release_describes_its_tables_for_catalogues(published: Path) -> None:
    version = versions.find_latest(published)
    names = release.collect_contents(version, None)
    described = json.loads(names["croissant.json"])
    files = {file["@id"]: file for file in described["distribution"]}
    assert set(files) == {name for name in names if name.endswith(".parquet")}
    assert files["impact.parquet"]["sha256"] == hashlib.sha256(names["impact.parquet"]).hexdigest()
    for records in described["recordSet"]:
        path = version.find_path(records["name"])
        columns = pd.read_parquet(io.BytesIO(names[path])).columns
        sources = [field["source"] for field in records["field"]]
        assert [source["extract"]["column"] for source in sources] == list(columns)
        assert {source["fileObject"]["@id"] for source in sources} <= set(files)
    assert re.fullmatch(r"\d+\.\d+\.\d+", described["version"])
    zenodo = json.loads(names[".zenodo.json"])
    assert (zenodo["version"], zenodo["upload_type"]) == (version.id, "dataset")


def test_the_same_versions_give_the_same_bytes(published: Path, tmp_path: Path) -> None:
    whole = shutil.copytree(published, tmp_path / "elsewhere", symlinks=True)
    first = released(published, tmp_path / "one", "--previous", "previous")
    again = released(whole, tmp_path / "two", "--previous", "previous")
    assert first.read_bytes() == again.read_bytes()


def test_what_changed_is_told_from_an_id_or_an_unpacked_release(
    published: Path, tmp_path: Path
) -> None:
    by_id = released(published, tmp_path / "one", "--previous", "previous")
    older = tmp_path / "older"
    shutil.copytree(published, older, symlinks=True)
    before = sorted((older / "versions").iterdir(), key=lambda one: one.stat().st_mtime_ns)
    latest = versions.find_latest(published)
    (old,) = [one for one in before if one.name != latest.name]
    (older / "latest").unlink()
    (older / "latest").symlink_to(f"versions/{old.name}")
    kept = unpacked(released(older, tmp_path / "old"), tmp_path / "kept")
    by_folder = released(published, tmp_path / "two", "--previous", str(kept))
    result = [
        (unpacked(one, tmp_path / f"there-{number}") / "CHANGELOG.md").read_text(encoding="utf-8")
        for number, one in enumerate((by_id, by_folder))
    ]
    first = old.name.removeprefix("v000001-")
    assert all(f"# {latest.id}, since {first}\n" in text for text in result)
    assert all("R1" in text for text in result)


def test_licences_are_counted_with_what_rests_on_them() -> None:
    sources = pd.DataFrame({"source_id": ["a", "b", "c"], "licence": ["=MIT", None, None]})
    lineage = pd.DataFrame({"source_id": ["a", "a", "b"]})
    result = list(csv.DictReader(io.StringIO(release.count_licences(sources, lineage).decode())))
    assert [tuple(row.values()) for row in result] == [
        ("none stated", "2", "1"),
        ("'=MIT", "1", "2"),  # no formula of a spreadsheet
    ]


def test_another_release_is_not_written_over(published: Path, tmp_path: Path) -> None:
    made = released(published, tmp_path)
    made.write_bytes(b"another")
    asked = ["release", "--published", str(published), "--into", str(tmp_path)]
    refused = RUNNER.invoke(app, asked)
    assert refused.exit_code == 1
    assert "--overwrite" in refused.stderr
    assert made.read_bytes() == b"another"
    released(published, tmp_path, "--overwrite")


def test_a_damaged_version_is_not_released(published: Path, tmp_path: Path) -> None:
    whole = shutil.copytree(published, tmp_path / "published", symlinks=True)
    (whole / "latest" / "impact.parquet").write_bytes(b"")
    asked = ["release", "--published", str(whole), "--into", str(tmp_path / "dist")]
    refused = RUNNER.invoke(app, asked)
    assert refused.exit_code == 1
    assert "impact.parquet is damaged" in refused.stderr
    assert not list((tmp_path / "dist").iterdir())
