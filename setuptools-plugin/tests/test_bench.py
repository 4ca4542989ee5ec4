"""The speed gate: what is slower natively stays Python. Real functions, compiled and timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from pyrust import bench, measure, runinfo

pytestmark = pytest.mark.slow

PYPROJECT = """\
[project]
name = "kit"
version = "1"

[tool.pyrust]

[tool.pytest.ini_options]
pythonpath = ["src"]
"""

INIT = """\
try:
    from . import _pyrust
except ImportError:
    if __import__("os").environ.get("PYRUST") == "require":
        raise
"""

CORE = """\
import enum

print("imported")


class Kind(enum.IntEnum):
    RED = 1


def same(x):
    return x[1][0]


def kept(x):
    return x[1][0]


def loop(n, step=1, *, start=0):
    total = start
    for value in range(n):
        total += value * step
    return total


def noisy(path):
    with open(path, "a") as file:
        file.write("called\\n")
    return 1


def handed(thing):
    return thing


class Account:
    rate: int

    def grow(self, n):
        total = 0
        for value in range(n):
            total += value * self.rate
        return total


class Closing(Account):
    def shut(self, n):
        total = 0
        for value in range(n):
            total += value * self.rate
        return total

    def __del__(self):
        noisy(self.path)
"""

TESTS = """\
from kit import core

def test_all(tmp_path):
    for n in range(40):
        deep = ((n, n, n, n), ("a", "b", "c", "d"), (1.0, 2.0, n), (("x", n), ("y", n), ("z", n)))
        core.same(deep)
        core.kept(deep)
        assert core.loop(300 + n, start=n) >= 0
    core.noisy(str(tmp_path / "log"))
    core.handed(object())
    account, closing = core.Account(), core.Closing()
    account.rate = closing.rate = 3
    account.kind = core.Kind.RED
    closing.path = str(tmp_path / "closed")
    for n in range(40):
        assert account.grow(200) == closing.shut(200)
    del closing
    assert open(tmp_path / "closed").read() == "called\\n"
"""


class Kit:
    """A project that has been profiled."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root = root
        self.cache = cache

    def run(self, *command: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        environment.setdefault("PYRUST_CACHE_DIR", str(self.cache))
        environment.pop("PYRUST", None)
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def pytest(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        installed = any(point.value == "pytest_pyrust.plugin" for point in entry_points(group="pytest11"))
        plugin = [] if installed else ["-p", "pytest_pyrust.plugin"]
        return self.run("pytest", *plugin, "-p", "no:cacheprovider", *arguments, code=code)

    def bench(self, *arguments: str) -> dict[str, dict[str, Any]]:
        result = json.loads(self.run("pyrust", "bench", "--json", *arguments).stdout)
        return {entry["function"].partition(":")[2]: entry for entry in result["hotspots"]}

    @property
    def manifest(self) -> Path:
        return self.root / "pyrust.toml"

    def gates(self) -> set[str]:
        text = self.manifest.read_text()
        return {entry.split('"', 2)[1] for entry in text.split("[[hotspot]]\nfunction = ") if "\ngate = " in entry}


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    folder = tmp_path_factory.mktemp("bench")
    root = folder / "kit"
    for path, text in {
        "pyproject.toml": PYPROJECT,
        "src/kit/__init__.py": INIT,
        "src/kit/core.py": CORE,
        "tests/test_core.py": TESTS,
        ".gitignore": ".pyrust/\n__pycache__/\n*.so\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    made = Kit(root, folder / "cache")
    made.pytest("--pyrust-profile", "--pyrust-threshold=0")
    text = made.manifest.read_text()
    text = text.replace('function = "kit.core:kept"', 'function = "kit.core:kept"  # wanted\nmode = "require"')
    made.manifest.write_text(text.replace("version = 1\n", "version = 1\n# A remark.\n"))
    return made


def test_the_gate_in_a_dry_run(kit: Kit) -> None:
    before = kit.manifest.read_bytes()
    done = kit.run("pyrust", "bench", "--gate", "--dry-run", "kit.core:same", code=0)
    assert "kit.core:same is slower natively" in done.stdout
    assert "nothing was written to pyrust.toml" in done.stdout
    assert kit.manifest.read_bytes() == before
    assert kit.run("pyrust", "bench", "--dry-run", code=2).stdout == ""


def test_the_gate(kit: Kit) -> None:
    found = kit.bench("--gate")
    assert found["loop"]["verdict"] == "faster"
    assert found["loop"]["speedup"] > 2
    assert found["same"]["verdict"] == found["kept"]["verdict"] == "slower"
    assert kit.gates() == {"kit.core:same"}, "`require` is exempt"
    assert "# A remark." in kit.manifest.read_text()
    assert "# wanted" in kit.manifest.read_text()
    # Nothing was done twice that can be seen, and what cannot be measured is named.
    assert found["noisy"]["verdict"] == found["handed"]["verdict"] == "not measured"
    assert "cannot be written down" in found["handed"]["reason"]
    # Instances are made again, but not those that do something when they end.
    assert found["Account.grow"]["speedup"] > 2
    assert "cannot be written down" in found["Closing.shut"]["reason"]
    # The next build obeys, and the bench looks at it all the same.
    built = json.loads(kit.run("pyrust", "build", "--json").stdout)
    states = {entry["function"]: entry["state"] for entry in built["hotspots"]}
    assert (states["kit.core:same"], states["kit.core:kept"]) == ("disabled", "native")
    again = kit.run("pyrust", "bench", "kit.core:same")
    assert "kit.core:same  (slower, stays Python (gate))" in again.stdout
    assert "imported" not in again.stdout


def test_a_gate_is_lifted(kit: Kit) -> None:
    text = kit.manifest.read_text()
    kit.manifest.write_text(
        text.replace('function = "kit.core:loop"\n', 'function = "kit.core:loop"\ngate = "slower"  # they said\n')
    )
    assert "kit.core:loop" in kit.gates()
    before = (kit.root / ".pyrust" / "build.json").read_text()
    done = kit.run("pyrust", "bench", "--gate", "kit.core:loop")
    assert "kit.core:loop is faster natively now" in done.stdout
    assert "kit.core:loop" not in kit.gates()
    # What is in place, and what is known of it, stays as it was.
    assert (kit.root / ".pyrust" / "build.json").read_text() == before


def test_the_gate_of_a_verification(kit: Kit) -> None:
    kit.manifest.write_text(kit.manifest.read_text().replace('gate = "slower"\n', ""))
    kit.run("pyrust", "build")
    report = kit.root / "report.json"
    done = kit.pytest("--pyrust-verify", "--pyrust-gate", f"--pyrust-report=json:{report}")
    assert "kit.core:same is slower natively" in done.stdout
    assert "it stays Python from the next build on" in done.stdout
    assert "kit.core:kept is slower natively" in done.stdout
    assert kit.gates() == {"kit.core:same"}
    speeds = {entry["function"]: entry["verdict"] for entry in json.loads(report.read_text())["speed"]}
    assert (speeds["kit.core:loop"], speeds["kit.core:same"]) == ("faster", "slower")


def test_the_gate_needs_a_verification(kit: Kit) -> None:
    done = kit.pytest("--pyrust-gate", code=4)
    assert "--pyrust-gate goes with --pyrust-verify" in done.stderr


def test_two_revisions(kit: Kit) -> None:
    def git(*words: str) -> None:
        settings = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *settings, *words], cwd=kit.root, check=True, capture_output=True)

    git("init")
    git("add", ".")
    git("commit", "-m", "before")
    core = kit.root / "src" / "kit" / "core.py"
    core.write_text(
        CORE.replace("    total = start\n", "    total = start\n    total += sum([k * k for k in range(9 * n)]) * 0\n")
    )
    try:
        done = kit.run("pyrust", "bench", "--compare", "HEAD", "kit.core:loop", code=1)
        assert "kit.core:loop  (slower)" in done.stdout
        core.write_text(CORE)
        done = kit.run("pyrust", "bench", "--json", "--compare", "HEAD", "kit.core:loop")
        (row,) = json.loads(done.stdout)["hotspots"]
        assert row["verdict"] == "even"
        assert row["native"]
        assert row["native_before"]
    finally:
        core.write_text(CORE)
    assert (
        subprocess.run(
            ["git", "worktree", "list"], cwd=kit.root, capture_output=True, text=True, check=True
        ).stdout.count("\n")
        == 1
    )
    done = kit.run("pyrust", "bench", "--compare", "nowhere", code=2)
    assert "`nowhere` is no revision of this repository" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["kit.core:nothing"], "`kit.core:nothing` is not in pyrust.toml"),
        (["kit.core:handed"], "the recorded arguments of these functions are too large to be kept"),
        (["--seconds=0"], "a number of seconds above 0"),
        (["--gate", "--compare", "HEAD"], "cannot be used with"),
    ],
)
def test_wrong_use(kit: Kit, words: list[str], said: str) -> None:
    assert said in kit.run("pyrust", "bench", *words, code=2).stderr


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ([2.0] * 9, "more"),
        ([0.5] * 9, "less"),
        ([1.0] * 9, "even"),
        ([1.09] * 9, "even"),
        ([1.2] * 8 + [0.9], "more"),
        ([1.2] * 7 + [1.0] * 2, "even"),
        ([0.8] * 8 + [1.3], "less"),
        ([0.8] * 7 + [1.3] * 2, "even"),
    ],
)
def test_what_is_clear(ratios: list[float], verdict: str) -> None:
    assert measure.ratio_of(ratios)[1] == verdict


def test_source_folders(tmp_path: Path) -> None:
    modules = {
        "kit": "/a/src/kit/__init__.py",
        "kit.core": "/a/src/kit/core.py",
        "kit.in.deep": "/a/src/kit/in/deep.py",
        "one": "/b/one.py",
    }
    assert measure.source_folders(modules) == ["/a/src", "/b"]


def test_what_the_gate_says(kit: Kit) -> None:
    project = runinfo.load(kit.root)
    entry = {"function": "kit.core:loop", "mode": "native", "gate": True, "verdict": "not measured", "reason": "so"}
    assert bench.gate(project, {"hotspots": [entry]}) == [
        "pyrust: kit.core:loop stays Python: so",
        "pyrust: pyrust.toml is unchanged",
    ]


def test_arguments_that_take_long_to_be_made() -> None:
    """The time that a function may take is not spent on making arguments for a thousand calls."""
    made = []

    def make() -> tuple[int]:
        time.sleep(0.02)
        made.append(1)
        return (1,)

    def function(x: int) -> int:
        return x

    sample = [measure.Sample(make, weight, 10, number) for number, weight in enumerate((2.0, 1.0))]
    target = measure.Target("kit:f", function, None, None, sample)
    found = measure.rounds(target, (lambda target, calls: 1e-6 * len(calls),) * 2, 0.2)
    assert len(found) >= measure.FEWEST
    assert len(made) < 40
