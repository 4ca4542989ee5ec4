"""Live verification of generators, and of functions of which only loops are native: through the real compiler, and wrong on purpose."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pyrust.observed import LoopComparison

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "parts"
PLUGIN = Path(__file__).parents[2] / "pytest-pyrust/src"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of `parts`, built."""
    folder = tmp_path_factory.mktemp("observed") / "parts"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    # Under a name that pytest does not look for among its own tests.
    (folder / "suite.py").rename(folder / "test_parts.py")
    cache = os.environ.get("PYRUST_CACHE_DIR") or str(tmp_path_factory.mktemp("cache"))
    done = subprocess.run(
        [sys.executable, "-m", "pyrust", "build", "--json"],
        cwd=folder,
        env={**os.environ, "PYRUST_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    states = {entry["function"]: entry["state"] for entry in json.loads(done.stdout)["hotspots"]}
    assert set(states.values()) == {"native"}, states
    return folder


@pytest.fixture
def pytest_in(compiled: Path, tmp_path: Path) -> Run:
    """Runs the tests of a copy under `--pyrust-verify`, with this conftest."""
    installed = any(point.value == "pytest_pyrust.plugin" for point in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "pytest_pyrust.plugin"]
    project = tmp_path / "parts"
    shutil.copytree(compiled, project)
    path = os.pathsep.join([str(project), str(PLUGIN), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path}
    environment.pop("PYRUST", None)

    def run(conftest: str = "", *words: str) -> subprocess.CompletedProcess[str]:
        (project / "conftest.py").write_text(conftest)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, "--pyrust-verify", *words],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def _verdicts(folder: Path) -> dict[str, dict[str, Any]]:
    written = json.loads((folder / "parts/.pyrust/verify.json").read_text())
    return {entry["function"].partition(":")[2]: entry for entry in written["hotspots"]}


def test_all_are_compared(pytest_in: Run, tmp_path: Path) -> None:
    done = pytest_in()
    assert done.returncode == 0, done.stdout
    found = _verdicts(tmp_path)
    assert {name: entry["verdict"] for name, entry in found.items()} == dict.fromkeys(found, "equal")
    assert {name: entry["equal"] for name, entry in found.items()} == {
        "collatz": 3,
        "growing": 7,
        "logged": 3,
        "picky": 2,
        "search": 6,
        # A `return` behind which something is still to do is not looked at.
        "tidy": 3,
    }
    # A division by zero is Python's affair.
    assert sum(found["picky"]["bailouts"].values()) == 1
    assert found["collatz"]["tier"] == "invented"
    assert found["collatz"]["strength"]["share"] > 0.5
    assert found["logged"]["tier"] == "recorded"
    assert "not verified" not in done.stdout


def test_under_coverage(pytest_in: Run, tmp_path: Path) -> None:
    pytest.importorskip("pytest_cov")
    done = pytest_in("", "--cov=parts")
    assert done.returncode == 0, done.stdout
    assert {entry["verdict"] for entry in _verdicts(tmp_path).values()} == {"equal"}


#: Comes between the verifier and the extension.
SABOTAGE = """
import _pyrust_parts as native

real = native._dry_run_loop
whole = native._dry_run


def wrong(name, spec, args, look):
    if name != "parts:{function}":
        return real(name, spec, args, look)
    {body}


native._dry_run_loop = wrong
"""


@pytest.mark.parametrize(
    ("function", "body", "said"),
    [
        (
            "logged",
            "return real(name, spec, args, lambda left, end, dicts: look({**left, 'total': left['total'] + 1}, end, dicts))",
            [
                "in its loop on line 8, at total behind the loop",
                "native: 8955051",
                "python: 8955050",
                "    best = None",
            ],
        ),
        (
            "logged",
            "return real(name, spec, args, lambda left, end, dicts: look({**left, 'best': float(left['best'])}, end, dicts))",
            ["at best behind the loop", "native: 299.0", "python: 299"],
        ),
        (
            "logged",
            "return real(name, spec, args, lambda left, end, dicts: look({**left, 'more': 1}, end, dicts))",
            ["at more behind the loop", "native: 1", "python: pyrust.observed.Unbound"],
        ),
        (
            "search",
            "return real(name, spec, args, lambda left, end, dicts: look(left, None, dicts))",
            ["in its loop on line 18, at returned", "native: None", "python: (251,)"],
        ),
        (
            "search",
            "return real(name, spec, args, lambda left, end, dicts: look(left, end or (None,), dicts))",
            ["in its loop on line 18, at returned", "native: (None,)", "python: None"],
        ),
        (
            "picky",
            "return real(name, spec, tuple([5] if type(arg) is list else arg for arg in args), look)",
            ["in its loop on line 29, at its end", "python: an exception leaves it"],
        ),
        (
            "growing",
            "return real(name, spec, tuple(arg + 1 if type(arg) is int else arg for arg in args), look)",
            ["in its loop on line 38, at xs"],
        ),
        (
            "growing",
            "found = real(name, spec, args, look); [arg.append(1) for arg in args if type(arg) is list]; return found",
            ["in its loop on line 38, after a rollback"],
        ),
    ],
    ids=["value", "type", "unbound", "no return", "a return", "exception", "effect", "rollback"],
)
def test_loops_that_are_wrong(pytest_in: Run, tmp_path: Path, function: str, body: str, said: list[str]) -> None:
    done = pytest_in(SABOTAGE.replace("{function}", function).replace("{body}", body), "-k", "loops")
    assert done.returncode == 1, done.stdout
    assert f"pyrust: parts:{function} differs from Python" in done.stdout
    for text in said:
        assert text in done.stdout, (text, done.stdout)
    found = _verdicts(tmp_path)
    assert found[function]["verdict"] == "different"
    assert not any(entry["different"] for name, entry in found.items() if name != function)


def test_a_local_that_is_called_as_the_outcome_is() -> None:
    """It is compared as any other."""

    class Wrong(ModuleType):
        def _dry_run_loop(
            self, name: str, spec: int, args: tuple[list[int]], look: Callable[..., None]
        ) -> tuple[str | None, bool]:
            args[0].append(1)
            look({}, None, {})
            args[0].pop()
            return None, True

    comparison = LoopComparison(Wrong("native"), "m:f", 0, {"returned": [1]}, lambda: None, 1)  # type: ignore[arg-type]
    comparison.run_native(rehearse=False)
    assert "at returned" in str(comparison.left({}, None))


def test_outside_of_pytest(compiled: Path) -> None:
    """What calls the unknown is not run there: that is said."""
    done = subprocess.run(
        [sys.executable, "-m", "pyrust", "verify"], cwd=compiled, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "parts:logged: not verified: only loops of it are native; `pytest --pyrust-verify` compares" in done.stdout
    assert "parts:collatz: 0 recorded calls and" in done.stdout
