"""What lies outside and is away or damaged is told in one line, with what to do.

Each command that reads a place is tried on one thing, and one command on each thing: they share the
function that reads.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest

from audience_impact.store import MANIFEST, PublishError, objects, versions
from audience_impact.store.files import as_json, hash_bytes
from flows.pipeline import steps
from tests.flows.test_cli import command

ADVICE = re.compile(
    r"\b(add|check|choose|correct|delete|download|free|give|move|name|publish|remove|run|save|see|"
    r"set|start|take|wait|write)\b"
)
"""A verb that says what to do."""
CANNOT = re.compile(r"\bcannot (be )?\w+")
NOTES = ("nothing published, latest is unchanged:", "nothing written:")
"""Lines before the reason of a run that wrote nothing."""


class Case(NamedTuple):
    """A command with `{place}` where the thing is named, and `{new}` for a path to write to."""

    name: str
    words: tuple[str, ...]


EVENT = ("--country", "XA", "--from", "2026-12-01", "--days", "3")
READERS = [
    Case("show", ("show", "R1", "--published", "{place}")),
    Case("cite", ("cite", "R1", "--published", "{place}")),
    Case("list", ("list", "--published", "{place}")),
    Case("explain", ("explain", "R1", "--published", "{place}")),
    Case("diff", ("diff", "latest", "latest", "--published", "{place}")),
    Case("export", ("export", "--format", "csv", "--into", "{new}", "--published", "{place}")),
    Case("report", ("report", "--into", "{new}", "--published", "{place}")),
    Case("release", ("release", "--into", "{new}", "--published", "{place}")),
    Case("estimate", ("estimate", *EVENT, "--published", "{place}")),
]
"""The commands that read a published version."""
OF_A_PLACE = [
    Case("versions", ("versions", "--published", "{place}")),
    Case("rollback", ("rollback", "v1", "--reason", "a test", "--published", "{place}")),
]
"""The commands that read the history of a place and no table of a version."""
FACT_READERS = [
    Case("check", ("check", "{place}")),
    Case("estimate", ("estimate", *EVENT, "--facts", "{place}")),
    Case("run", ("run", "--facts", "{place}", "--published", "{new}")),
    Case("refresh", ("refresh", "--facts", "{place}", "--into", "{new}", "--downloads", "{new}")),
    Case("import", ("import", "stop", "{file}", "--facts", "{place}", "--into", "{new}")),
    Case("import", ("import", "ioda", "{outages}", "--facts", "{place}", "--into", "{new}")),
    Case("learn", ("learn", "--facts", "{place}")),
    Case("add", ("add", "figure", "--facts", "{place}", "--dry-run", "--platform", "alpha")),
    Case("explain", ("explain", "R1", "--facts", "{place}")),
    Case("diff", ("diff", "--facts", "{place}", "--published", "{published}")),
]
"""The commands that read a folder of facts."""
WRITERS = [
    Case("show", ("show", "R1", "--published", "{published}", "--chart", "{place}/a.png")),
    Case("export", ("export", "--format", "csv", "--published", "{published}", "--into")),
    Case("export", ("export", "--format", "duckdb", "--published", "{published}", "--into")),
    Case("report", ("report", "--published", "{published}", "--into")),
    Case("release", ("release", "--published", "{published}", "--into")),
    Case("import", ("import", "stop", "{file}", "--into")),
    Case("import", ("import", "ioda", "{outages}", "--into")),
    Case("estimate", ("estimate", *EVENT, "--into")),
]
"""The commands that write to a folder or file that somebody names."""


def cross(cases: Sequence[Case], things: Iterable[str]) -> list[tuple[Case, str]]:
    """Each thing for the first of some commands, and each command for the first thing."""
    first, *others = things
    return [(case, first) for case in cases] + [(cases[0], thing) for thing in others]


def make_id(value: object) -> str | None:
    return value.name if isinstance(value, Case) else None


@pytest.fixture(scope="module")
def small_published(small_results: steps.Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("published")
    steps.publish_results(small_results, root, None)
    return root


OUTAGES = (
    "ioda_id,country,scope_printed,cause,begin_utc,end_utc,confirmation,notes,seen_bgp,"
    "seen_active_probing,seen_telescope\n"
    "1A,Iraq,Iraq,Government Directed,2021-05-01 01:00:00,2021-05-01 05:00:00,Confirmed,,TRUE,"
    "True,FALSE\n"
)
"""A list of outages."""

# ---- Versions that are damaged ----

Edit = Callable[[dict[str, Any], dict[str, bytes]], object]
"""Changes the manifest and the files of a version."""


def copy_version(published: Path, root: Path, edit: Edit) -> None:
    """Copy the latest version with other content, whose hashes agree with its manifest."""
    latest = (published / "latest").resolve()
    folder = root / "versions" / latest.name
    shutil.copytree(latest, folder)
    (root / "latest").symlink_to(f"versions/{latest.name}")
    package = json.loads((folder / MANIFEST).read_bytes())
    files: dict[str, bytes] = {}
    edit(package, files)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        for resource in package["resources"]:
            if resource["path"] == name:
                resource["hash"] = f"sha256:{hash_bytes(content)}"
    if package:
        (folder / MANIFEST).write_bytes(as_json(package))


def truncate_archive(published: Path) -> Edit:
    content = (published / "latest" / "facts.zip").read_bytes()[:-100]
    return lambda package, files: files.update({"facts.zip": content})


def pack_other_encoding(published: Path) -> Edit:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("0/estimates.csv", b"\xff\x00")
    return lambda package, files: files.update({"facts.zip": sink.getvalue()})


def repeat_column(published: Path) -> Edit:
    table, sink = pq.read_table(published / "latest" / "impact.parquet"), io.BytesIO()
    pq.write_table(table.append_column("obs_status", table["obs_status"]), sink)
    return lambda package, files: files.update({"impact.parquet": sink.getvalue()})


DAMAGES: dict[str, Callable[[Path], Edit]] = {
    "a broken Parquet file": lambda _: (
        lambda _, files: files.update({"restrictions.parquet": b"PAR1 broken"})
    ),
    "a table with a column twice": repeat_column,
    "a truncated archive of facts": truncate_archive,
    "an archive of facts in another encoding": pack_other_encoding,
}
"""What is in a version that somebody handed over; tests of opening have more tables."""
MANIFESTS = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a text": b'"text"',
    "null": b"null",
    "an empty object": b"{}",
    "deep nesting": b"[" * 200_000,
    "deep nesting of objects": b'{"a":' * 200_000,
    "bytes that are no text": b"\xff\xfe\x00",
    "resources of numbers": b'{"resources": [1, 2]}',
    "resources without names": b'{"resources": [{"path": 1}]}',
    "a file outside of the version": b'{"resources": [{"path": "../../../x.parquet"}]}',
}
"""Contents of the manifest of a version."""


def place_nothing(published: Path, tmp: Path) -> Path:
    return tmp / "nowhere"


def place_file(published: Path, tmp: Path) -> Path:
    (tmp / "a-file").write_text("no folder")
    return tmp / "a-file"


def place_empty(published: Path, tmp: Path) -> Path:
    (tmp / "empty").mkdir()
    return tmp / "empty"


def place_below_a_file(published: Path, tmp: Path) -> Path:
    return place_file(published, tmp) / "published"


def place_a_long_name(published: Path, tmp: Path) -> Path:
    return tmp / ("x" * 300)


def link_latest(target: str) -> Callable[[Path, Path], Path]:
    def place(published: Path, tmp: Path) -> Path:
        root = tmp / "linked"
        copy_version(published, root, lambda package, files: None)
        (root / "latest").unlink()
        (root / "latest").symlink_to(target.format(published=published))
        return root

    return place


def place_latest_as_a_file(published: Path, tmp: Path) -> Path:
    root = link_latest("x")(published, tmp)
    (root / "latest").unlink()
    (root / "latest").write_text("x")
    return root


def place_instead_of_tables(make: Callable[[Path], object]) -> Callable[[Path, Path], Path]:
    def place(published: Path, tmp: Path) -> Path:
        root = tmp / "spoilt"
        copy_version(published, root, lambda package, files: None)
        for name in ("restrictions.parquet", "impact.parquet", "facts.zip"):
            (root / "latest" / name).unlink()
            make(root / "latest" / name)
        return root

    return place


def place_device_in_place_of_a_manifest(published: Path, tmp: Path) -> Path:
    """It has no end."""
    root = tmp / "spoilt"
    copy_version(published, root, lambda package, files: None)
    (root / "latest" / MANIFEST).unlink()
    (root / "latest" / MANIFEST).symlink_to("/dev/zero")
    return root


def place_below_dev_full(published: Path, tmp: Path) -> Path:
    return Path("/dev/full")


def place_below_itself(published: Path, tmp: Path) -> Path:
    (tmp / "loop").symlink_to("loop")
    return tmp / "loop"


FOLDERS: dict[str, Callable[[Path, Path], Path]] = {
    "a folder that is not there": place_nothing,
    "a file in its place": place_file,
    "a folder below a file": place_below_a_file,
    "an empty folder": place_empty,
    "a name that is too long": place_a_long_name,
    "latest that leads nowhere": link_latest("versions/2020-01-01-000000000000"),
    "latest that leads out by ..": link_latest("../elsewhere"),
    "latest that leads to another folder": link_latest("{published}/latest"),
    "latest that leads to itself": link_latest("latest"),
    "latest that is a file": place_latest_as_a_file,
    "a folder in the place of a table": place_instead_of_tables(Path.mkdir),
    "a pipe in the place of a table": place_instead_of_tables(os.mkfifo),
    "a device in the place of a manifest": place_device_in_place_of_a_manifest,
}


def assert_one_line(words: tuple[str, ...], names: str) -> None:
    """Assert that a command fails with one line that names the thing and says what to do."""
    done = command(*words)
    lines = [line for line in done.stderr.splitlines() if not line.startswith(NOTES)]
    assert done.returncode != 0, done.stdout[:300]
    assert len(lines) == 1, lines
    assert names in lines[0]
    assert ADVICE.search(CANNOT.sub("", lines[0].replace(names, ""))), lines[0]


def fill_words(case: Case, place: str, tmp: Path, published: Path) -> tuple[str, ...]:
    register = Path(__file__).parents[1] / "golden" / "register_sample.csv"
    outages = tmp / "outages.csv"
    if "{outages}" in case.words:
        outages.write_text(OUTAGES, encoding="utf-8")
    filled = {"place": place, "new": str(tmp / "new"), "published": str(published)}
    words = [word.format(**filled, file=register, outages=outages) for word in case.words]
    return (*words, place) if words[-1] == "--into" else tuple(words)


HISTORIES = [
    "latest that leads out by ..",
    "a folder that is not there",
    "a file in its place",
    "a name that is too long",
    "latest that is a file",
]
"""What commands about the history of a place refuse."""
FACTS = {
    "a folder of facts that is not there": place_nothing,
    "a file in the place of a folder of facts": place_file,
    "a folder without facts": place_empty,
    "a name of a folder of facts that is too long": place_a_long_name,
}
OUTPUTS = {
    "a folder below a file, to write": place_below_a_file,
    "/dev/full": place_below_dev_full,
    "a link to itself": place_below_itself,
    "a name that is too long, to write": place_a_long_name,
}
PLACES = FOLDERS | FACTS | OUTPUTS


@pytest.mark.parametrize(
    ("case", "thing"),
    [
        *cross(READERS, FOLDERS),
        *cross(OF_A_PLACE, HISTORIES),
        *cross(FACT_READERS, FACTS),
        *cross(WRITERS, OUTPUTS),
    ],
    ids=make_id,
)
def test_a_place_that_cannot_be_used_is_one_line(
    case: Case, thing: str, small_published: Path, tmp_path: Path
) -> None:
    place = PLACES[thing](small_published, tmp_path)
    words = fill_words(case, str(place), tmp_path, small_published)
    assert_one_line(words, str(place)[:60])


@contextmanager
def as_another_user(folder: Path) -> Iterator[None]:
    """Let this process be a user who may not enter a folder of another one."""
    folder.chmod(0o700)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    else:
        folder.chmod(0)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)


NOBODY = 65534


@pytest.mark.parametrize("case", [READERS[0], OF_A_PLACE[0], FACT_READERS[0]], ids=make_id)
def test_a_folder_that_another_user_closed_is_one_line(
    case: Case, small_published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", partial(os.access, effective_ids=True))
    with TemporaryDirectory() as name:  # others may not even see tmp_path
        Path(name).chmod(0o755)
        place = Path(name) / "theirs"
        place.mkdir()
        words = fill_words(case, str(place), tmp_path, small_published)
        with as_another_user(place):
            assert_one_line(words, f"{place} cannot be read")


@pytest.mark.parametrize("thing", MANIFESTS)
def test_a_manifest_of_another_form_is_one_line(
    thing: str, small_published: Path, tmp_path: Path
) -> None:
    root = tmp_path / "given"
    copy_version(small_published, root, lambda package, files: None)
    (root / "latest" / MANIFEST).write_bytes(MANIFESTS[thing])
    words = fill_words(READERS[0], str(root), tmp_path, small_published)
    assert_one_line(words, str(root))


@pytest.mark.parametrize("thing", DAMAGES)
def test_a_version_with_other_content_is_damage(
    thing: str, small_published: Path, tmp_path: Path
) -> None:
    root = tmp_path / "given"
    copy_version(small_published, root, DAMAGES[thing](small_published))
    version = versions.find_latest(root)
    with pytest.raises(PublishError, match=r"is damaged or missing .*: publish again"):
        _ = version.fact_files(), [version.read_arrow(name) for name in version.tables]


@pytest.mark.parametrize(
    ("case", "thing"),
    [(READERS[0], "a table with a column twice"), (READERS[-1], "a truncated archive of facts")],
    ids=make_id,
)
def test_a_damaged_version_is_one_line(
    case: Case, thing: str, small_published: Path, tmp_path: Path
) -> None:
    root = tmp_path / "given"
    copy_version(small_published, root, DAMAGES[thing](small_published))
    words = fill_words(case, str(root), tmp_path, small_published)
    assert_one_line(words, str(root))


# ---- Buckets ----


def answer_with(status: int) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        body = b"<Error><Code>No</Code><Message>\x1b[31mno\nno</Message></Error>"
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def answer_pointer(folder: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return answer_content(json.dumps({"folder": folder}).encode())


def answer_content(body: bytes, length: int = 0) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("ETag", '"1"')
        handler.send_header("Last-Modified", "Sat, 28 Nov 2026 10:00:00 GMT")
        handler.send_header("Content-Length", str(length or len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


class Answers(ThreadingHTTPServer):
    """A server that answers every request alike."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is part of the tests."""


BUCKETS: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "a bucket that answers 403": answer_with(403),
    "a bucket that answers 404": answer_with(404),
    "a bucket that answers 503": answer_with(503),
    "a bucket that hangs up": hang_up,
    "latest of a bucket that leads out": answer_pointer("../../etc"),
    "latest of a bucket that is absolute": answer_pointer("/etc"),
    "latest of a bucket nested deeply": answer_content(b"[" * 200_000),
    "latest of a bucket of a length beyond all": answer_content(b"{}", 10**17),
    "latest of a bucket longer than a pointer": answer_content(b" " * 17_000_000),
    "latest of a bucket with signs": answer_pointer("versions/\x1b[31m\n"),
}
ADDRESSES = {
    "a bucket at a closed port": {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
    "a name that does not resolve": {"AWS_ENDPOINT_URL": "http://nowhere.invalid"},
    "a proxy that refuses": {
        "AWS_ENDPOINT_URL": "http://store.example",
        "http_proxy": "http://127.0.0.1:9",
    },
}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Let a bucket be away in one of the ways; return its address."""
    servers: list[Answers] = []

    def begin(thing: str) -> str:
        told = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
        told |= ADDRESSES.get(thing, {})
        if thing in BUCKETS:
            methods = {f"do_{name}": BUCKETS[thing] for name in ("GET", "HEAD", "PUT", "POST")}
            quiet = {"log_message": lambda *_: None}
            handler = type("Handler", (BaseHTTPRequestHandler,), {**methods, **quiet})
            servers.append(Answers(("127.0.0.1", 0), handler))
            threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
            told["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{servers[-1].server_port}"
        for name, text in told.items():
            monkeypatch.setenv(name, text)
        monkeypatch.setattr(objects, "RETRY", {**objects.RETRY, "max_retries": 1})
        return "s3://bucket/folder"

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


OF_FACTS = [case for case in FACT_READERS if case.name in ("check", "run", "import")]


@pytest.mark.parametrize(
    ("case", "thing"),
    [
        *cross([READERS[0], *OF_A_PLACE], [*ADDRESSES, *BUCKETS]),
        *cross(OF_FACTS, [*ADDRESSES, "a bucket that answers 403"]),
    ],
    ids=make_id,
)
def test_a_bucket_that_is_away_is_one_line(
    case: Case, thing: str, bucket: Callable[[str], str], small_published: Path, tmp_path: Path
) -> None:
    address = bucket(thing)
    words = fill_words(case, address, tmp_path, small_published)
    assert_one_line(words, address)


@pytest.mark.parametrize("address", ["s3://", "s3:", "gs://", "az://", "http://x", "s3:/"])
def test_an_address_without_a_bucket_is_one_line(
    address: str, small_published: Path, tmp_path: Path
) -> None:
    words = fill_words(READERS[0], address, tmp_path, small_published)
    assert_one_line(words, address.partition(":")[0])


# ---- What is written ----


def test_the_folder_of_reports_of_another_is_one_line(
    small_published: Path, tmp_path: Path
) -> None:
    root = tmp_path / "given"
    copy_version(small_published, root, lambda package, files: None)
    (root / "reports").write_text("a file")
    assert_one_line(("report", "--published", str(root)), str(root))


@pytest.mark.parametrize("linked", ["reports", "reports/{}", "versions", "history"])
def test_a_link_of_another_leads_to_none_of_our_folders(
    linked: str, small_published: Path, tmp_path: Path
) -> None:
    root, ours = tmp_path / "given", tmp_path / "ours" / "2026-01-01-aaaaaaaaaaaa"
    copy_version(small_published, root, lambda package, files: None)
    ours.mkdir(parents=True)
    mark = json.dumps({"version_id": ours.name, "files": {"index.html": ""}})
    (ours / "index.html").write_text("ours")
    (ours / "report.json").write_text(mark)
    version_id = (root / "latest").resolve().name.partition("-")[2]
    place = root / linked.format(version_id)
    if place.exists():
        shutil.rmtree(place)
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(ours if "/" in linked else ours.parent)
    command = ("rollback", "v1", "--reason", "x") if linked == "history" else ("report",)
    if linked == "versions":
        command = ("versions",)
    assert_one_line((*command, "--published", str(root)), str(place))
    assert (ours / "index.html").read_text() == "ours"
    assert {path.name for path in ours.parent.rglob("*")} == {
        *(ours.name, "index.html", "report.json")
    }


def test_pages_beside_a_bucket_are_asked_for_a_folder() -> None:
    assert_one_line(("report", "--published", "s3://bucket/folder"), "s3://bucket/folder")


# ---- A server of Prefect, and standard output ----

MAIN = [sys.executable, "-c", "from audience_impact.cli import main; main()"]


def call_process(
    words: tuple[str, ...], output: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    with Path(output or os.devnull).open("w") as out:
        return subprocess.run(
            [*MAIN, *words],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, **variables},
            cwd=Path(__file__).parents[2],
            timeout=300,
        )


@pytest.mark.service
@pytest.mark.parametrize(
    ("words", "unbuffered"), [(("show", "R1"), ""), (("explain", "R1"), ""), (("list",), "1")]
)
def test_a_full_disk_behind_standard_output_is_one_line(
    words: tuple[str, ...], unbuffered: str, small_published: Path
) -> None:
    call = (*words, "--published", str(small_published))
    done = call_process(call, "/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "No space left on device: free space on the disk, or on that of TMPDIR, and run again"
    ]


@pytest.mark.service
def test_an_encoding_that_lacks_a_sign_is_one_line(repository_published: Path) -> None:
    words = ("list", "--published", str(repository_published))
    done = call_process(words, PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("standard output: the encoding ascii has no '\\x")
    assert line.endswith(": set PYTHONIOENCODING=utf-8, and run again")


@pytest.mark.service
@pytest.mark.parametrize("form", ["csv", "xlsx", "duckdb"])
def test_a_disk_that_is_full_in_the_middle_is_one_line_and_leaves_nothing(
    form: str, small_published: Path, tmp_path: Path
) -> None:
    limited = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (1000, 1000)); "
    into, temporary = tmp_path / "written" / f"a.{form}", tmp_path / "temporary"
    temporary.mkdir()
    words = ("export", "--format", form, "--published", str(small_published), "--into", str(into))
    done = subprocess.run(
        [sys.executable, "-c", limited + MAIN[-1], *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"cannot write {into}: ")
    assert ADVICE.search(CANNOT.sub("", line.replace(str(into), ""))), line
    assert not [*into.parent.glob("*"), *temporary.iterdir()]


SERVERS = {
    "a Prefect server that refuses": {"PREFECT_API_URL": "http://127.0.0.1:9/api"},
    "a Prefect server whose name does not resolve": {
        "PREFECT_API_URL": "http://nowhere.invalid/api"
    },
}


@pytest.mark.service
@pytest.mark.parametrize("thing", SERVERS)
@pytest.mark.parametrize("name", ["serve", "healthy"])
def test_a_server_of_prefect_that_is_away_is_one_line(
    name: str, thing: str, tmp_path: Path
) -> None:
    home = {"PREFECT_HOME": str(tmp_path / "home")}
    done = call_process((name,), **home, **SERVERS[thing])
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert SERVERS[thing]["PREFECT_API_URL"] in line
    assert ADVICE.search(CANNOT.sub("", line)), line
