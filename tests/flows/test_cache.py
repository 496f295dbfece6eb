"""Results saved between runs: found again, dropped when old, and never a way into the process."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from flows.pipeline import cache, code


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where results are saved."""
    path = tmp_path / "home" / "results"
    monkeypatch.setenv(cache.VARIABLE, str(path))
    return path


class Bomb:
    """A result whose unpickling leaves a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_a_result_is_computed_once_and_read_by_its_user_alone(folder: Path) -> None:
    computed: list[int] = []

    def compute() -> list[str]:
        computed.append(1)
        return ["a"]

    assert [cache.recall("a-1", compute), cache.recall("a-1", compute)] == [["a"], ["a"]]
    assert cache.load("a-2") is None
    assert len(computed) == 1
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / "a-1")] == [0o700, 0o600]
    assert list(folder.iterdir()) == [folder / "a-1"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: bytes(64),
        lambda content: content[:20],
        lambda content: content[:-1],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content + b"\0",
        lambda content: content[32:],
    ],
)
def test_a_damaged_result_is_computed_again(damage: Callable[[bytes], bytes], folder: Path) -> None:
    cache.save("a", ["first"])
    path = folder / "a"
    path.write_bytes(damage(path.read_bytes()))
    assert cache.recall("a", lambda: ["second"]) == ["second"]
    assert cache.load("a") == ["second"]


def _open_to_all(folder: Path, _: pytest.MonkeyPatch) -> None:
    folder.chmod(0o777)


def _open_to_readers(folder: Path, _: pytest.MonkeyPatch) -> None:
    folder.chmod(0o750)


def _link(folder: Path, _: pytest.MonkeyPatch) -> None:
    folder.symlink_to(folder.rename(folder.with_name("elsewhere")))


def _give_away(_: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "geteuid", lambda: os.getuid() + 1)


def _link_result(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "a").symlink_to((folder / "a").rename(folder.parent / "a"))


def _use_the_current_folder(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.chdir(folder.parent)
    patch.setenv(cache.VARIABLE, folder.name)


def _switch_off(_: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv(cache.VARIABLE, "")


@pytest.mark.parametrize(
    "change",
    [
        *(_open_to_all, _open_to_readers, _link, _give_away, _link_result),
        *(_use_the_current_folder, _switch_off),
    ],
)
def test_what_others_may_have_written_is_not_read(
    change: Callable[[Path, pytest.MonkeyPatch], None],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache.save("a", Bomb(tmp_path / "mark"))
    change(folder, monkeypatch)
    assert cache.load("a") is None
    assert not (tmp_path / "mark").exists()


def test_without_a_home_or_on_a_full_disk_nothing_is_saved_and_nothing_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fail)
        assert cache.recall("a", lambda: ["a"]) == ["a"]
    assert list(folder.iterdir()) == []
    shutil.rmtree(folder.parent)
    folder.parent.write_bytes(b"")
    assert cache.recall("a", lambda: ["a"]) == ["a"]
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/dev/null")
    assert cache.recall("a", lambda: ["a"]) == ["a"]


def test_the_folder_is_that_of_the_users_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", "/big")
    assert cache.find_folder() == Path("/big/audience-impact")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache.find_folder() == Path("/home/someone/.cache/audience-impact")


def test_arrays_are_mapped_from_their_file(folder: Path) -> None:
    arrays = [np.arange(5.0), np.zeros((0, 2)), np.array([["a"]], dtype=object)]
    cache.save("a", (arrays, pa.table({"b": ["c", None]})))
    loaded, table = cache.load("a")
    assert [array.tolist() for array in loaded] == [array.tolist() for array in arrays]
    assert table.to_pydict() == {"b": ["c", None]}
    assert not loaded[0].flags.owndata
    assert loaded[0].ctypes.data % cache.ALIGNED_BYTES == 0


def test_the_results_that_nobody_used_for_longest_go_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for age, name in enumerate(["new", "used", "old"]):
        cache.save(name, b" " * 1000)
        os.utime(folder / name, (1000 - age, 1000 - age))
    os.utime(folder / "used", (500, 500))
    assert cache.load("used")
    monkeypatch.setattr(cache, "MOST_BYTES", 3500)
    cache.save("more", b" " * 1000)
    assert {path.name for path in folder.iterdir()} == {"more", "used", "new"}


def test_the_digest_of_the_code_is_kept_until_a_file_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest_modules, parsed = code._digest_modules, list[int]()

    def digest(roots: tuple[Path, ...]) -> str:
        parsed.append(1)
        return digest_modules(roots)

    def ask() -> str:
        code.code_sha256.cache_clear()
        return code.code_sha256((tmp_path,))

    module = tmp_path / "schemas" / "published.py"
    module.parent.mkdir()
    module.write_text("A = 1\n", "utf-8")
    monkeypatch.setattr(code, "_digest_modules", digest)
    fresh = [ask(), ask()]
    assert len(parsed) == 2  # a file just written may be written again at the same time
    monkeypatch.setattr(code, "SETTLED_SECONDS", -1e9)
    assert {ask(), ask()} == {*fresh}
    assert len(parsed) == 3
    about = module.stat()
    module.write_text("A = 2\n", "utf-8")
    os.utime(module, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert ask() not in fresh
    (tmp_path / "schemas" / "published.csv").write_text("a\n", "utf-8")
    ask()
    assert len(parsed) == 5
