"""The build cache: places, atomic writes, locks."""

from __future__ import annotations

import errno
import multiprocessing
import os
import sys
import time
from pathlib import Path

import pytest

from pyrust import cache


def test_chosen_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYRUST_CACHE_DIR", str(tmp_path / "c"))
    assert cache.locate(tmp_path) == tmp_path / "c"
    assert (tmp_path / "c").is_dir()


def test_folder_below_a_file_is_skipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PYRUST_CACHE_DIR", str(tmp_path / "file/c"))
    assert cache.locate(tmp_path) == tmp_path / "build" / "pyrust"


@pytest.mark.skipif(sys.platform != "linux", reason="XDG is for Linux")
def test_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PYRUST_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.preferred() == tmp_path / "pyrust"


def test_write_only_if_changed(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.txt"
    assert cache.write(file, "1")
    os.utime(file, (1, 1))
    assert not cache.write(file, "1")
    assert file.stat().st_mtime == 1
    assert cache.write(file, "2")
    assert file.read_text() == "2"
    assert [path.name for path in file.parent.iterdir()] == ["b.txt"]


def test_failed_copy_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "module.so"
    target.write_text("old")
    with pytest.raises(FileNotFoundError):
        cache.copy(tmp_path / "missing", target)
    assert [path.name for path in tmp_path.iterdir()] == ["module.so"]
    assert target.read_text() == "old"


def test_copy_replaces_and_does_not_overwrite(tmp_path: Path) -> None:
    """A process that has the old module mapped must keep it."""
    source, target = tmp_path / "new", tmp_path / "module.so"
    source.write_text("new")
    target.write_text("old")
    with target.open() as opened:
        cache.copy(source, target)
        assert opened.read() == "old"
    assert target.read_text() == "new"


def test_put_tree_is_keyed_by_content(tmp_path: Path) -> None:
    first = cache.put_tree([("a/x", b"1")], tmp_path)
    assert cache.put_tree([("a/x", b"1")], tmp_path) == first
    assert (first / "a/x").read_bytes() == b"1"
    assert cache.put_tree([("a/x", b"2")], tmp_path) != first
    # Boundaries between names and contents count.
    assert cache.put_tree([("a/x2", b"")], tmp_path) != cache.put_tree([("a/x", b"2")], tmp_path)


def _hold(path: Path, log: Path) -> None:
    with cache.lock(path):
        with log.open("a") as file:
            file.write("in\n")
        time.sleep(0.2)
        with log.open("a") as file:
            file.write("out\n")


def test_lock_lets_one_in(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_hold, args=(tmp_path / "lock", tmp_path / "log")) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (tmp_path / "log").read_text().split() == ["in", "out"] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="locks files in another way")
def test_where_nothing_can_be_locked_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def flock(*_: object) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr(fcntl, "flock", flock)
    code = errno.ENOLCK
    with cache.lock(tmp_path / "lock"):
        pass
    code = errno.EIO
    with pytest.raises(OSError, match="no"), cache.lock(tmp_path / "lock"):
        pass


def test_sweep(tmp_path: Path) -> None:
    old, current = tmp_path / "old", tmp_path / "current"
    old.mkdir()
    current.mkdir()
    os.utime(old, (1, 1))
    cache.sweep(tmp_path, current)
    assert not old.exists()
    assert current.exists()
