"""Fixtures: a small project, and pytest run in it as a user would, in a process of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

PYPROJECT = """
[project]
name = "textkit"
version = "1"

[tool.pyrust]

[tool.pytest.ini_options]
pythonpath = ["src"]
"""

DISTANCE = '''
def levenshtein(a, b):
    """The edit distance.

    >>> levenshtein("kitten", "sitting")
    3
    """
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (x != y)))
        previous = current
    return previous[-1]


def words(text):
    return len([word for word in text.split() if word])


class Summary:
    def __init__(self):
        self.total = 0

    def add(self, x):
        self.total += x
'''

TESTS = """
import os
import unittest

import pytest

from textkit.distance import Summary, levenshtein, words

@pytest.mark.parametrize("size", range(20, 28))
def test_levenshtein(size):
    for _ in range(20):
        assert levenshtein("abcdef" * size, "bcd" * 20) > 0

def test_words():
    assert words("a b  c") == 3

def test_everything_runs_as_python():
    assert os.environ["PYRUST"] == "python"

class TestSummary(unittest.TestCase):
    def test_add(self):
        summary = Summary()
        summary.add(1)
        summary.add(2.5)
        self.assertEqual(summary.total, 3.5)
"""

Runner = Callable[..., pytest.RunResult]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The project, in the working folder."""
    for path, text in {
        "pyproject.toml": PYPROJECT,
        "src/textkit/__init__.py": "",
        "src/textkit/distance.py": DISTANCE,
        "tests/test_distance.py": TESTS,
    }.items():
        file = pytester.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    monkeypatch.delenv("PYRUST", raising=False)
    return pytester


@pytest.fixture
def run(project: pytest.Pytester) -> Runner:
    """Runs pytest with the plugin, whether it is installed or only importable."""
    installed = any(point.value == "pytest_pyrust.plugin" for point in entry_points(group="pytest11"))
    plugin = () if installed else ("-p", "pytest_pyrust.plugin")

    def runner(*arguments: str) -> pytest.RunResult:
        return project.runpytest_subprocess(*plugin, "-p", "no:cacheprovider", *arguments)

    return runner
