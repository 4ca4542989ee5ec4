"""Says at the end what became of each project."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

#: Lines for the end of the run.
LINES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LINES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(LINES, [])
    if lines:
        terminalreporter.section("real input: native functions, and how much faster the same calls are")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def lines(pytestconfig: pytest.Config) -> list[str]:
    return pytestconfig.stash[LINES]


@pytest.fixture(scope="session", autouse=True)
def build_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build cache for all tests, so that the runtime is compiled once."""
    cache = Path(os.environ.get("PYRUST_CACHE_DIR") or tmp_path_factory.mktemp("cache"))
    os.environ["PYRUST_CACHE_DIR"] = str(cache)
    return cache
