"""Locks that only a writer can take, and a place that cannot be written, seen before a run."""

import errno
import os
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from audience_impact.store import PublishError, storage
from audience_impact.store.files import lock_folder
from flows import runs
from flows.pipeline import steps
from flows.serving.profile import Profile
from tests.flows.test_away import NOBODY


@pytest.mark.parametrize(
    ("of_folder", "of_lock"), [(0o755, 0o600), (0o1777, 0o660), (0o775, 0o660)]
)
def test_only_who_may_write_in_a_folder_can_open_its_lock(
    of_folder: int, of_lock: int, tmp_path: Path
) -> None:
    tmp_path.chmod(of_folder)
    lock = tmp_path / ".lock"
    for before in (None, 0o644):
        if before is not None:
            lock.chmod(before)  # as older releases made it
        with lock_folder(tmp_path, 0):
            assert lock.stat().st_mode & 0o777 == of_lock
    with FileLock(lock), pytest.raises(Timeout), lock_folder(tmp_path, 0):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_reader_cannot_take_a_lock() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with lock_folder(Path(name), 0):
            pass
        os.seteuid(NOBODY)
        try:
            with pytest.raises(PermissionError):
                os.open(Path(name) / ".lock", os.O_RDONLY)
        finally:
            os.seteuid(0)


def test_a_link_in_the_place_of_a_lock_is_refused(tmp_path: Path) -> None:
    important = tmp_path / "important.txt"
    important.write_bytes(b"x")
    mode = important.stat().st_mode
    (tmp_path / ".lock").symlink_to(important)
    with pytest.raises(OSError, match="symbolic links"), lock_folder(tmp_path, 0):
        pass
    assert important.read_bytes() == b"x"
    assert important.stat().st_mode == mode


def test_a_pipe_in_the_place_of_a_lock_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".lock")
    with lock_folder(tmp_path, 0):
        pass


def test_what_a_killed_writer_left_aside_is_removed(tmp_path: Path) -> None:
    """But not what `add`, which takes no lock, is writing, nor a folder."""
    for name in (".tmp-import.json-12", ".tmp-estimates.csv-12", ".tmp-notes"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".tmp-x.json-1").mkdir()
    with lock_folder(tmp_path, 0):
        there = {path.name for path in tmp_path.iterdir()} - {".lock"}
    assert there == {".tmp-estimates.csv-12", ".tmp-notes", ".tmp-x.json-1"}


def begin_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin a run that fails where it would read the facts."""
    monkeypatch.setattr(steps, "read_facts", lambda _: pytest.fail("the run began"))
    monkeypatch.setattr(runs, "ATTEMPTS", 1)
    runs.run_reported(runs.RunOptions([], root), Profile())


def test_a_lock_is_looked_at_before_a_run_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "LOCK_SECONDS", 0.1)
    with (
        FileLock(tmp_path / ".lock"),
        pytest.raises(PublishError, match=r"another run .* within 0\.1 seconds"),
    ):
        begin_run(tmp_path, monkeypatch)


def test_a_place_that_cannot_be_written_is_seen_before_a_run_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    for root in (tmp_path, tmp_path / "new"):
        with pytest.raises(PublishError, match=f"cannot publish below {root}: Read-only"):
            begin_run(root, monkeypatch)
