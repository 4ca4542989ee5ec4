"""Bodies written by hand, through the real compiler: used, faster, refused by rustc, refused by verification, out of date."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
PLUGIN = Path(__file__).parents[2] / "pytest-pyrust/src"


class Example:
    """A copy of an example, and the commands in it."""

    def __init__(self, name: str, folder: Path, cache: Path) -> None:
        self.root = folder / name
        ignored = shutil.ignore_patterns(".pyrust", "*.so", "__pycache__", ".pytest_cache", "*.egg-info")
        shutil.copytree(EXAMPLES / name, self.root, ignore=ignored)
        path = os.pathsep.join([str(self.root), str(PLUGIN), *filter(None, sys.path)])
        self.environment = {**os.environ, "PYTHONPATH": path, "PYRUST_CACHE_DIR": str(cache)}
        self.environment.pop("PYRUST", None)

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.root,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    def pytest(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        installed = any(point.value == "pytest_pyrust.plugin" for point in entry_points(group="pytest11"))
        plugin = [] if installed else ["-p", "pytest_pyrust.plugin"]
        return self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *words, **more)

    def build(self) -> dict[str, Any]:
        done = self.run("-m", "pyrust", "build", "--json")
        assert done.stdout, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == 0, done.stderr
        return result

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(os.environ.get("PYRUST_CACHE_DIR") or tmp_path_factory.mktemp("cache"))


@pytest.fixture
def faster(tmp_path: Path, shared_cache: Path) -> Example:
    return Example("bodies-faster", tmp_path, shared_cache)


@pytest.fixture
def rejected(tmp_path: Path, shared_cache: Path) -> Example:
    return Example("bodies-rejected", tmp_path, shared_cache)


def test_a_body_by_hand_beats_the_generated_one(faster: Example) -> None:
    (entry,) = faster.build()["hotspots"]
    assert entry["state"] == "native"
    assert [body["reason"] for body in entry["bodies"]] == [None]
    for mode in ("require", "python"):
        assert faster.pytest(PYRUST=mode).returncode == 0
    verified = faster.pytest("--pyrust-verify")
    assert verified.returncode == 0, verified.stdout
    assert faster.pytest("--pyrust-profile", "--pyrust-threshold=0").returncode == 0
    done = faster.run("-m", "pyrust", "bench", "--json")
    (measured,) = json.loads(done.stdout)["hotspots"]
    assert measured["verdict"] == "faster"
    assert measured["over_generated"] > 2, measured
    shown = faster.run("-m", "pyrust", "explain", "editkit.distance:levenshtein").stdout
    assert "written by hand for (str, str) -> int: pyrust_bodies/levenshtein.rs:10" in shown


def test_verification_rejects_a_body_that_is_wrong_at_a_boundary(rejected: Example) -> None:
    (entry,) = rejected.build()["hotspots"]
    assert entry["bodies"][0]["reason"] is None
    # The project's own tests see nothing.
    assert rejected.pytest(PYRUST="require").returncode == 0
    done = rejected.pytest("--pyrust-verify")
    assert done.returncode == 1
    assert "slotkit.slots:slots differs from Python on invented arguments" in done.stdout
    assert "to reproduce" in done.stdout


@pytest.mark.parametrize(
    ("new", "line", "said"),
    [
        ("Ok(distance as u8)", 59, "mismatched types"),
        ("Ok(distance", 59, "error"),
        ("let x: = 1; Ok(distance)", 59, "error"),
    ],
)
def test_a_body_that_does_not_compile_costs_nothing_else(faster: Example, new: str, line: int, said: str) -> None:
    faster.replace("pyrust_bodies/levenshtein.rs", "Ok(distance)", new)
    result = faster.build()
    (entry,) = result["hotspots"]
    assert entry["state"] == "native", "what is generated is used"
    reason = entry["bodies"][0]["reason"]
    assert reason.startswith("PYR0507 this body does not compile: pyrust_bodies/levenshtein.rs:")
    assert said in reason
    if said != "error":
        assert f"levenshtein.rs:{line}: " in reason
    assert any(reason.removeprefix("PYR0507 ") in finding["rendered"] for finding in entry["diagnostics"])
    assert faster.pytest(PYRUST="require").returncode == 0


def test_a_body_is_for_one_source(faster: Example) -> None:
    faster.build()
    faster.replace("editkit/distance.py", "range(len(b) + 1)", "range(0, len(b) + 1)")
    look = "import json, editkit; editkit.levenshtein('ab', 'bc'); print(json.dumps(editkit._pyrust.status()))"
    (entry,) = json.loads(faster.run("-c", look).stdout)
    assert entry["state"] == "stale"
    (entry,) = faster.build()["hotspots"]
    assert entry["state"] == "native"
    assert entry["bodies"][0]["reason"].startswith("PYR0505")
    assert faster.run("-m", "pyrust", "check", "--fix").returncode == 1, "the body is still for the other source"
    found = json.loads(faster.run("-m", "pyrust", "check", "--output-format", "json").stdout)
    help_text = next(one["help"] for one in found if one["code"] == "PYR0505")
    source = help_text.partition('source = "')[2].partition('"')[0]
    assert source in faster.run("-m", "pyrust", "brief", "editkit.distance:levenshtein").stdout
    text = (faster.root / "pyrust_bodies/levenshtein.rs").read_text(encoding="utf-8")
    old = text.partition('source = "')[2].partition('"')[0]
    faster.replace("pyrust_bodies/levenshtein.rs", old, source)
    assert faster.run("-m", "pyrust", "check").returncode == 0
    assert faster.build()["hotspots"][0]["bodies"][0]["reason"] is None


def test_a_replaced_builtin_sends_the_call_to_python(faster: Example) -> None:
    faster.build()
    program = """
import editkit, editkit.distance as module
assert editkit.levenshtein("ab", "b") == 1
module.min = max
print(editkit.levenshtein("kitten", "sitting"))
del module.min
print(editkit.levenshtein("kitten", "sitting"))
"""
    natively, python = (faster.run("-c", program, PYRUST=mode).stdout.split() for mode in ("require", "python"))
    assert natively == python
    assert natively[0] != natively[1]
