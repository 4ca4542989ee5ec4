"""The line at the top of a test run: what is native, and what is stale, without importing the project."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import spec_from_file_location
from pathlib import Path

import pytest

from pyrust import _engine, hotspots, runinfo

SOURCE = "def one(x):\n    return x + 1\n\n\ndef two(x):\n    return x + 2\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two hotspots, of which the last build says that they are native."""
    monkeypatch.delenv("PYRUST", raising=False)
    # The extensions here are empty files.
    monkeypatch.setattr(hotspots, "_ALONE", "")
    (tmp_path / "src/headkit").mkdir(parents=True)
    (tmp_path / "src/headkit/__init__.py").write_text("")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "headkit"\nversion = "1"\n\n[tool.pyrust]\n')
    entries = ['[[hotspot]]\nfunction = "headkit.core:{}"\nsignatures = ["(int) -> int"]\nsource = "{}"\n']
    path = tmp_path / "src/headkit/core.py"
    path.write_text(SOURCE)
    hashes = {name: _engine.source_hash(str(path), name) for name in ("one", "two")}
    text = "\n".join(entries[0].format(name, hashes[name]) for name in hashes)
    (tmp_path / "pyrust.toml").write_text(f"version = 1\n\n{text}")
    return tmp_path


def build(root: Path) -> None:
    """What a build leaves of the present sources."""
    path = root / "src/headkit/core.py"
    entries = [
        {"function": f"headkit.core:{name}", "state": "native", "source": _engine.source_hash(str(path), name)}
        for name in ("one", "two")
    ]
    (root / ".pyrust").mkdir(exist_ok=True)
    (root / ".pyrust/build.json").write_text(json.dumps({"hotspots": entries}))
    (root / "src/headkit" / f"_pyrust{EXTENSION_SUFFIXES[0]}").touch()


def line(root: Path) -> str:
    return hotspots.one_line(runinfo.load(root))


def test_from_nothing_to_an_edit_and_a_build(root: Path) -> None:
    assert line(root) == "2 hotspots, 2 not built"
    build(root)
    assert line(root) == "2 hotspots, 2 native"
    path = root / "src/headkit/core.py"
    path.write_text(SOURCE.replace("x + 2", "2 + x"))
    assert line(root) == "2 hotspots, 1 native, 1 stale (headkit.core:two)"
    # The manifest still has the old hash; what counts is what was compiled.
    build(root)
    assert line(root) == "2 hotspots, 2 native"
    path.write_text(SOURCE)
    assert line(root) == "2 hotspots, 1 native, 1 stale (headkit.core:two)"


def test_what_is_installed_counts(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As tox does it: nothing is built in the project, the tests import the installed copy."""
    site = tmp_path / "site"
    shutil.copytree(root / "src/headkit", site / "headkit")
    (site / "headkit" / f"_pyrust{EXTENSION_SUFFIXES[0]}").touch()
    monkeypatch.syspath_prepend(site)
    assert line(root) == "2 hotspots, 2 native"
    (root / "src/headkit/core.py").write_text(SOURCE.replace("x + 2", "2 + x"))
    assert line(root) == "2 hotspots, 2 native"
    (site / "headkit/core.py").write_text(SOURCE.replace("x + 1", "1 + x"))
    assert line(root) == "2 hotspots, 1 native, 1 stale (headkit.core:one)"
    monkeypatch.setattr(sys, "path", [str(root / "src"), *sys.path])
    importlib.invalidate_caches()
    assert line(root) == "2 hotspots, 1 stale (headkit.core:two), 1 not built"


def test_what_was_built_elsewhere_is_asked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As tox does it: the build has left no report here, and refused one of the functions."""
    (root / "src/headkit" / f"_pyrust{EXTENSION_SUFFIXES[0]}").touch()
    said = [
        {"function": f"headkit.core:{name}", "state": state} for name, state in (("one", "pending"), ("two", "python"))
    ]
    monkeypatch.setattr(
        hotspots, "_ALONE", f"print({json.dumps('headkit._pyrust')!r}, {json.dumps(said)!r}, sep=chr(10))"
    )
    assert line(root) == "2 hotspots, 1 native, 1 python"
    build(root)
    assert line(root) == "2 hotspots, 2 native"


def test_what_came_after_the_build_is_not_built(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile has added a function since: the extension does not know it, wherever it lies."""
    extension = root / "src/headkit" / f"_pyrust{EXTENSION_SUFFIXES[0]}"
    extension.touch()
    said = [{"function": "headkit.core:one", "state": "pending"}]
    answer = f"import sys; print({json.dumps('headkit._pyrust')!r}, {json.dumps(said)!r}, sep=chr(10))"
    monkeypatch.setattr(hotspots, "_ALONE", answer)
    assert line(root) == "2 hotspots, 1 native, 1 not built"
    moved = extension.rename(root / f"elsewhere{EXTENSION_SUFFIXES[0]}")

    class Finder:
        pyrust = ("headkit._pyrust",)

        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> object:
            return spec_from_file_location(name, moved) if name in Finder.pyrust else None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    monkeypatch.setattr(hotspots, "_ALONE", f"{answer}; assert sys.argv[2] == {str(moved)!r}")
    assert line(root) == "2 hotspots, 1 native, 1 not built"


def test_what_does_not_load_is_not_native(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the last build said: a file cut short, one of another machine, one that ends the process."""
    monkeypatch.undo()
    monkeypatch.delenv("PYRUST", raising=False)
    build(root)
    extension = root / "src/headkit" / f"_pyrust{EXTENSION_SUFFIXES[0]}"
    extension.write_text("nonsense, and long enough to be looked at" * 100)
    said = line(root)
    assert said.startswith("2 hotspots, 2 python; headkit._pyrust cannot be loaded: ")
    assert str(extension) not in said
    assert hotspots.unloadable(runinfo.load(root)).keys() == {"headkit"}
    for found in (hotspots.left(root), hotspots.installed(root)):
        assert [entry["state"] for entry in found.values()] == ["python", "python"]
        assert found["headkit.core:one"]["reason"].startswith("headkit._pyrust cannot be loaded: ")
        assert found["headkit.core:one"]["bailouts"] == {}
    monkeypatch.setattr(hotspots, "_ALONE", "import os; print('\"headkit._pyrust\"', flush=True); os.abort()")
    assert line(root).endswith("; headkit._pyrust cannot be loaded: the process that loads it ends: SIGABRT")
    monkeypatch.setattr(hotspots, "_ALONE", "raise SystemExit(3)")
    assert line(root) == "2 hotspots, 2 native"


def test_comments_are_no_edit(root: Path) -> None:
    build(root)
    path = root / "src/headkit/core.py"
    path.write_text("# Later.\n" + SOURCE.replace("return x + 2", "return x + 2  # two"))
    assert line(root) == "2 hotspots, 2 native"


def test_an_extension_without_a_report_is_not_older_than_what_it_was_made_of(root: Path) -> None:
    """A build script compiles the present sources and leaves no report: the manifest's hashes are older."""
    path, extension = root / "src/headkit/core.py", root / "src/headkit" / f"_pyrust{EXTENSION_SUFFIXES[0]}"
    extension.touch()
    path.write_text(SOURCE.replace("x + 2", "2 + x"))
    built = extension.stat().st_mtime
    os.utime(path, (built + 5, built + 5))
    assert line(root) == "2 hotspots, 1 native, 1 stale (headkit.core:two)"
    os.utime(extension, (built + 9, built + 9))
    assert line(root) == "2 hotspots, 2 native"


def test_switched_off(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYRUST", "python")
    assert line(root) == "everything runs as Python (PYRUST=python)"
