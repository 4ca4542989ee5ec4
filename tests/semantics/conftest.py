"""Puts the runner's modules on the path: the tests are imported without packages."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import casefiles


def pytest_configure(config: pytest.Config) -> None:
    casefiles.SLICE = config.getoption("markexpr") == "slice"
