"""The facts that a version holds: the same bytes, and nothing but facts when they are unpacked."""

import io
import os
import time
import zipfile
from pathlib import Path

import pytest

from audience_impact.store import PublishError, manifest

FILES = {"0/estimates.csv": b"a,b\n1,2\n", "1/bases.csv": b"a\n" * 1000, "0/bases.csv": b""}


def zipped(name: str, content: bytes = b"a\n") -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as made:
        made.writestr(name, content)
    return sink.getvalue()


def test_same_files_give_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    one = manifest.pack_files(FILES)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert manifest.pack_files(dict(reversed(FILES.items()))) == one
    with zipfile.ZipFile(io.BytesIO(one)) as opened:
        assert opened.namelist() == sorted(FILES)
        assert {entry.date_time for entry in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_layers_are_laid_out_in_their_order(tmp_path: Path) -> None:
    files = manifest.unpack_files(
        manifest.pack_files({**FILES, "10/bases.csv": b"x", "2/bases.csv": b"y"})
    )
    assert manifest.write_layers(files, tmp_path) == [tmp_path / n for n in ("0", "1", "2", "10")]
    assert (tmp_path / "1" / "bases.csv").read_bytes() == FILES["1/bases.csv"]


@pytest.mark.parametrize(
    "name",
    ["../estimates.csv", "/etc/estimates.csv", "0/../../x.csv", "0/x.sh", "0/a/b.csv", "0\\x.csv"],
)
def test_what_is_no_fact_table_is_refused(name: str) -> None:
    with pytest.raises(PublishError, match="which is no fact table"):
        manifest.unpack_files(zipped(name))


def test_what_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MOST_DECODED_BYTES", 1000)
    with pytest.raises(PublishError, match="contains more than 1,000 bytes"):
        manifest.unpack_files(zipped("0/bases.csv", b"0" * 1001))


@pytest.mark.parametrize("content", [b"", b"no archive", manifest.pack_files(FILES)[:-30]])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(PublishError, match=r"facts\.zip cannot be opened"):
        manifest.unpack_files(content)


def test_a_file_that_was_changed_is_refused() -> None:
    content = bytearray(zipped("0/bases.csv", os.urandom(64)))
    content[60] ^= 255
    with pytest.raises(PublishError, match=r"facts\.zip cannot be opened"):
        manifest.unpack_files(bytes(content))
