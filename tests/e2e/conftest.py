"""Fixtures of the tests that install: wheels of both distributions, and an environment per test."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from installs import Venv, cargo_target, copy_example


@pytest.fixture(scope="session")
def find_links() -> list[Path]:
    """Folders with wheels of both distributions and of all that isolated builds need (`make test` makes them)."""
    folders = [Path(os.environ.get(name, "")) for name in ("PYRUST_TEST_WHEELS", "PYRUST_TEST_WHEELHOUSE")]
    if not all(name.name and name.is_dir() for name in folders):
        pytest.skip("needs PYRUST_TEST_WHEELS and PYRUST_TEST_WHEELHOUSE, which `make test` sets")
    return folders


@pytest.fixture(scope="session", autouse=True)
def build_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build cache for all tests, so that the runtime is compiled once."""
    cache = Path(os.environ.get("PYRUST_CACHE_DIR") or tmp_path_factory.mktemp("cache"))
    os.environ["PYRUST_CACHE_DIR"] = str(cache)
    return cache


@pytest.fixture
def new_venv(tmp_path: Path, find_links: list[Path]) -> Callable[[], Venv]:
    counter = iter(range(100))
    return lambda: Venv(tmp_path / f"venv{next(counter)}", find_links)


@pytest.fixture
def venv(new_venv: Callable[[], Venv]) -> Venv:
    return new_venv()


@pytest.fixture
def cargo_venv(find_links: list[Path]) -> Venv:
    """A fresh environment which stands where the last one stood: what is built for another Python is built anew."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    folder = Path(cargo_target()) / f"e2e-{sys.version_info.major}.{sys.version_info.minor}-{worker}"
    shutil.rmtree(folder, ignore_errors=True)
    return Venv(folder, find_links)


@pytest.fixture
def textkit(tmp_path: Path) -> Path:
    """A copy of the setuptools example."""
    return copy_example("setuptools-textkit", tmp_path)


@pytest.fixture
def statkit(tmp_path: Path) -> Path:
    """A copy of the hatch example."""
    return copy_example("hatch-statkit", tmp_path)
