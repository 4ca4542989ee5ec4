"""`pytest --pyrust-verify` on compiled functions, some of them wrong on purpose: it must notice, and say what is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


Verify = Callable[..., tuple[subprocess.CompletedProcess[str], dict[str, dict[str, object]]]]


@pytest.fixture
def verify(built: Path, tmp_path: Path) -> Verify:
    """Runs a test file under `--pyrust-verify`; gives the process and the verdicts."""
    installed = any(point.value == "pytest_pyrust.plugin" for point in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "pytest_pyrust.plugin"]

    def run(body: str, *arguments: str) -> tuple[subprocess.CompletedProcess[str], dict[str, dict[str, object]]]:
        project = tmp_path / "project"
        shutil.copytree(built, project, dirs_exist_ok=True)
        (project / "test_it.py").write_text(f"import pytest\nfrom wrongkit import core\n\n{body}\n")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(project), *filter(None, sys.path)])}
        environment.pop("PYRUST", None)
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                *plugin,
                "-p",
                "no:cacheprovider",
                "--pyrust-verify",
                *arguments,
                "test_it.py",
            ],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        written = json.loads((project / ".pyrust" / "verify.json").read_text())
        return done, {entry["function"].partition(":")[2]: entry for entry in written["hotspots"]}

    return run


def test_right_functions_pass(verify: Verify) -> None:
    done, verdicts = verify(
        """
def test_right():
    assert [core.add(n, 1) for n in range(10)] == list(range(1, 11))
    counts = {"b": 1}
    for word in "abca":
        core.tally(counts, word)
    assert list(counts.items()) == [("b", 2), ("a", 2), ("c", 1)]
    items = [1.5, -0.0, 1e300]
    assert core.shift(items) == 3.0
    assert items == [3.0, 0.0, 2e300]
    assert core.fib(12) == 144
"""
    )
    assert done.returncode == 0, done.stdout
    assert {name: verdicts[name]["equal"] for name in ("add", "tally", "shift", "fib")} == {
        "add": 10,
        "tally": 4,
        "shift": 1,
        "fib": 1,
    }
    assert "16 native calls equal to Python, 4 functions verified" in done.stdout
    assert "wrongkit.core:zero not verified: not called" in done.stdout


def test_what_is_held_back_and_rewritten_is_seen(verify: Verify) -> None:
    done, verdicts = verify(
        """
from collections import Counter

def test_right():
    counts = Counter("ab")
    assert core.count_all(counts, list("abcdefghijklmnopqrstuvwxyzabcdef" * 9)) == 26
    assert counts["a"] == 19 and counts["z"] == 9
    for length in 1, 40:
        items = [0] * length
        core.twice(items, 2**31)
        assert items[0] == 2**32
"""
    )
    assert done.returncode == 0, done.stdout
    assert (verdicts["count_all"]["equal"], verdicts["twice"]["equal"]) == (1, 2)


@pytest.mark.parametrize(
    ("call", "function", "said"),
    [
        ("assert core.rarely(77) == 154", "rarely", ["at result", "native: 155", "python: 154", "a = 77"]),
        ("assert str(core.zero(1.0)) == '-0.0'", "zero", ["native: 0.0", "python: -0.0"]),
        ("items = [1]; core.push(items, 5); assert items == [1, 5]", "push", ["at items[1]", "native: 6", "python: 5"]),
        ("items = [1, 2]; assert core.same(items) is items", "same", ["at result", "a new object [1, 2]"]),
        (
            "counts = {'a': 1}; core.mistally(counts, 'a'); assert counts == {'a': 2}",
            "mistally",
            ["at counts", "native: 3", "python: 2"],
        ),
        (
            "with pytest.raises(ValueError): core.half(3)",
            "half",
            ["native: returned 1", "python: raised ValueError('odd', 3)"],
        ),
    ],
)
def test_wrong_functions_fail_the_test_that_calls_them(
    verify: Verify, call: str, function: str, said: list[str]
) -> None:
    done, verdicts = verify(f"def test_wrong():\n    {call}\n\ndef test_other():\n    assert core.add(1, 2) == 3\n")
    assert done.returncode == 1, done.stdout
    # The assertions themselves hold: the program sees what Python does.
    assert "AssertionError" not in done.stdout.partition("to reproduce")[0]
    assert "FAILED test_it.py::test_wrong" in done.stdout
    assert "FAILED test_it.py::test_other" not in done.stdout
    assert verdicts[function]["different"] == 1
    for text in (f"wrongkit.core:{function} differs from Python", "to reproduce:", *said):
        assert text in done.stdout


def test_the_reproduction_fails_natively_and_passes_as_python(verify: Verify, built: Path) -> None:
    done, _ = verify("def test_wrong():\n    items = [1]\n    core.push(items, 5)\n")
    source = done.stdout.partition("to reproduce:")[2].partition("=====")[0]
    lines = [line[4:] for line in source.splitlines() if line.startswith(("        ", "    def "))]
    program = "\n".join(lines) + "\ntest_push()\n"
    environment = {**os.environ, "PYTHONPATH": str(built)}
    environment.pop("PYRUST", None)
    native = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert "AssertionError" in native.stderr, program
    subprocess.run([sys.executable, "-c", program], env={**environment, "PYRUST": "python"}, check=True)


def test_bailing_is_not_verifying(verify: Verify) -> None:
    done, verdicts = verify("def test_big():\n    assert core.square(2**40) == 2**80\n")
    assert done.returncode == 1
    assert verdicts["square"]["verdict"] == "bailed"
    assert "wrongkit.core:square not verified: every native call bailed (overflow 1)" in done.stdout
    assert "verification failed: no native call took place" in done.stdout


def test_a_report_asks_what_is_installed(built: Path, tmp_path: Path) -> None:
    """A build script leaves no report: the extension itself says what it has, and nothing of the project is run."""
    project = tmp_path / "project"
    shutil.copytree(built, project)
    source, [extension] = project / "wrongkit/core.py", project.glob("wrongkit/_pyrust*")
    (project / "wrongkit/__init__.py").write_text("raise SystemExit('imported')\n")
    entries = [
        f'[[hotspot]]\nfunction = "wrongkit.core:{name}"\nsignatures = ["(int, int) -> int"]\n'
        for name in ("add", "missing")
    ]
    (project / "pyrust.toml").write_text("version = 1\n\n" + "\n".join(entries))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(project), *filter(None, sys.path)])}
    environment.pop("PYRUST", None)

    def pyrust(*words: str) -> str:
        command = [sys.executable, "-m", "pyrust", *words]
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False).stdout

    pyrust("check", "--fix")
    add, missing = pyrust("report").splitlines()
    assert add.split()[:2] == ["wrongkit.core:add", "native"]
    assert add.endswith("(int, int) -> int")
    assert "not built yet" in missing
    text = source.read_text()
    source.write_text(re.sub(r"(def add\(.*\n)", r"\1    pass\n", text))
    assert source.read_text() != text
    later = extension.stat().st_mtime + 10
    os.utime(source, (later, later))
    assert pyrust("report").split()[1] == "stale"
    os.utime(extension, (later + 10, later + 10))
    assert pyrust("report").split()[1] == "native"


def test_a_page(verify: Verify, tmp_path: Path) -> None:
    done, _ = verify("def test_it():\n    core.add(1, 2)\n    core.zero(1.0)\n", "--pyrust-report=html:report.html")
    assert done.returncode == 1
    page = (tmp_path / "project" / "report.html").read_text()
    for part in (
        '<span class="good">equal</span>',
        '<span class="bad">different</span>',
        "native: 0.0",
        "wrongkit.core:zero",
    ):
        assert part in page


def test_a_failing_test_fails_as_it_did(verify: Verify) -> None:
    done, _ = verify("def test_bad():\n    assert core.add(1, 2) == 4\n")
    assert done.returncode == 1
    assert "assert 3 == 4" in done.stdout


def test_workers(verify: Verify) -> None:
    pytest.importorskip("xdist")
    done, verdicts = verify(
        "@pytest.mark.parametrize('n', range(8))\ndef test_add(n):\n    assert core.add(n, 1) == n + 1\n", "-n", "2"
    )
    assert done.returncode == 0, done.stdout
    assert verdicts["add"]["equal"] == 8


def test_under_coverage(verify: Verify) -> None:
    """A tracer makes everything Python; verification looks at the native versions all the same."""
    pytest.importorskip("pytest_cov")
    done, verdicts = verify(
        "def test_add():\n    assert core.add(1, 2) == 3\n    assert core.fib(9) == 34\n    core.zero(2.0)\n",
        "--cov=wrongkit",
    )
    assert done.returncode == 1
    assert (verdicts["add"]["equal"], verdicts["fib"]["equal"]) == (1, 1), done.stdout
    assert verdicts["zero"]["different"] == 1
    assert "coverage or another tracer is active" in done.stdout
    # Python ran for real, and coverage has seen it.
    assert re.search(r"core\.py +\d+ +\d+ +[3-6]\d%", done.stdout), done.stdout
