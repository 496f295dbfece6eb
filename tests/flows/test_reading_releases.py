"""The archive of a release is read where it lies, and what is damaged or strange is refused."""

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import audience_impact as ai
from audience_impact.cli import folders
from audience_impact.cli.command import app
from audience_impact.store import PublishError, versions
from flows import releasing
from flows.pipeline import steps
from tests.support import FACTS
from tests.unit.test_opening import serve_folder

RUNNER = CliRunner()
QUESTION = ("show", "R1")


@pytest.fixture(scope="module")
def published(small_results: steps.Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("published")
    steps.publish_results(small_results, root, None)
    return root


@pytest.fixture(scope="module")
def archive(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("release")
    version = versions.find_latest(published)
    made, _ = releasing.write_release(version, None, into, overwrite=False)
    return made


@pytest.fixture(scope="module")
def site(archive: Path, published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a web server with the archive, and with the folder of versions."""
    folder = tmp_path_factory.mktemp("site")
    (folder / archive.name).write_bytes(archive.read_bytes())
    (folder / "published").symlink_to(published)
    with serve_folder(folder) as address:
        yield address


def answer(published: str | Path) -> str:
    done = RUNNER.invoke(app, [*QUESTION, "--published", str(published), "--format", "json"])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_release_answers_as_the_folder_it_was_made_from(
    archive: Path, site: str, published: Path
) -> None:
    expected = answer(published)
    assert answer(archive) == expected
    assert answer(f"{site}/{archive.name}") == expected
    assert answer(f"{site}/published") == expected


def test_a_web_server_lists_no_versions(site: str) -> None:
    done = RUNNER.invoke(app, ["versions", "--published", f"{site}/published"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"{site}/published is on a web server, which lists neither its" in done.stderr


def test_all_of_a_version_can_be_read_from_its_release(archive: Path, published: Path) -> None:
    released, original = (versions.find_latest(place) for place in (archive, published))
    assert (released.id, released.manifest_bytes) == (original.id, original.manifest_bytes)
    assert {path: released.read_content(path) for path in released.files} == {
        path: original.read_content(path) for path in original.files
    }
    compared = RUNNER.invoke(app, ["diff", "--published", str(published), str(archive), "latest"])
    assert "Nothing changed" in compared.stdout


def test_nothing_is_written_into_a_release(archive: Path) -> None:
    before = archive.read_bytes()
    store = versions.find_latest(archive).store
    writes = (
        lambda: store.hold_lock(0),
        lambda: store.write_file("x", b""),
        lambda: store.create_file("x", b""),
        lambda: store.move_pointer("latest", "versions/x"),
        lambda: store.remove_file("versions/x"),
    )
    for write in writes:
        with pytest.raises(PublishError, match="can only be read"):
            write()
    assert archive.read_bytes() == before


def test_a_run_into_a_release_is_refused_before_it_computes(archive: Path) -> None:
    done = RUNNER.invoke(app, ["run", "--published", str(archive)])
    line = f"{archive} can only be read: give a folder to write into"
    assert (done.exit_code, done.stderr.splitlines()) == (1, [line])


def test_a_report_of_a_release_is_written_into_the_current_folder(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("audience_impact.site.build.PAGES", ())
    done = RUNNER.invoke(app, ["report", "--published", str(archive)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "audience-impact-report").is_dir()


def pack(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return sink.getvalue()


FOLDER = "audience-impact-2026-11-30-0123456789ab"
STRANGE = {
    "cannot be opened as a release": b"no archive",
    "has no version in it": pack({"a/b/datapackage.json": b"{}"}),
    "it has no version": pack({"a/datapackage.json": b"{}", "b/datapackage.json": b"{}"}),
    "is no release of audience-impact": pack({"../etc/datapackage.json": b"{}"}),
    "manifest.title is missing or of another type": pack({f"{FOLDER}/datapackage.json": b"{}"}),
    "is damaged or missing (Exp": pack({f"{FOLDER}/datapackage.json": b"{"}),
}


@pytest.mark.parametrize("reason", STRANGE)
def test_what_is_no_release_is_refused_in_one_line(reason: str, tmp_path: Path) -> None:
    place = tmp_path / "some.zip"
    place.write_bytes(STRANGE[reason])
    done = RUNNER.invoke(app, [*QUESTION, "--published", str(place)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert reason in done.stderr


def test_a_changed_table_of_a_release_is_damage(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as made:
        files = {name: made.read(name) for name in made.namelist()}
    (table,) = [name for name in files if name.endswith("/impact.parquet")]
    place = tmp_path / archive.name
    place.write_bytes(pack({**files, table: files[table] + b" "}))
    with pytest.raises(PublishError, match="its bytes are not those of the manifest"):
        versions.find_latest(place).read_table("impact")


@pytest.mark.parametrize(
    ("method", "header", "error"),
    [(zipfile.ZIP_DEFLATED, 0, zlib.error), (zipfile.ZIP_LZMA, 9, lzma.LZMAError)],
)
def test_a_table_of_a_release_that_cannot_be_unpacked_is_damage(
    method: int, header: int, error: type[Exception], archive: Path, tmp_path: Path
) -> None:
    place = tmp_path / archive.name
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(place, "w", method) as made:
        for name in whole.namelist():
            made.writestr(name, whole.read(name))
        (table,) = [part for part in made.infolist() if part.filename.endswith("/impact.parquet")]
    content = bytearray(place.read_bytes())
    # No block of either method begins so; further on, other bytes may unpack to wrong ones.
    start = table.header_offset + 30 + len(table.filename) + header
    content[start : start + 64] = b"\xff" * 64
    place.write_bytes(content)
    line = f"{place}: impact.parquet cannot be unpacked (.*): download the release again"
    with pytest.raises(ValueError, match=line) as caught:
        _ = ai.load(place).impact
    damage = caught.value.__cause__
    assert damage is not None
    assert type(damage.__cause__) is error
    done = RUNNER.invoke(app, [*QUESTION, "--published", str(place)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert re.match(line, done.stderr)


def test_the_shipped_version_is_read_where_nothing_is_published(
    archive: Path, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "RELEASED", archive)
    monkeypatch.setattr(folders, "PUBLISHED", tmp_path)
    assert folders.choose_published(tmp_path) == archive
    assert folders.choose_published(tmp_path / "other") == tmp_path / "other"
    (tmp_path / "latest").symlink_to(published / "latest")
    assert folders.choose_published(tmp_path) == tmp_path


def test_the_shipped_version_says_that_it_is_the_one(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "RELEASED", archive)
    done = RUNNER.invoke(app, [*QUESTION, "--published", str(archive)])
    assert f"reads version {versions.find_latest(archive).id}, which comes with" in done.stderr


def test_only_a_version_of_the_facts_of_the_repository_is_shipped(
    archive: Path, published: Path, small_facts: Path, tmp_path: Path
) -> None:
    version = versions.find_latest(published)
    with pytest.raises(PublishError, match="has other facts than"):
        releasing.ship_release(version, archive, [FACTS], tmp_path)
    assert not any(tmp_path.glob("version.zip"))
    shipped = releasing.ship_release(version, archive, [small_facts], tmp_path)
    assert shipped.read_bytes() == archive.read_bytes()
    assert (tmp_path / "LICENCES.csv").read_text().startswith("licence,sources_count")
