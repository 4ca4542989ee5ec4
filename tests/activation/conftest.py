"""Builds the hand-written extension for the running interpreter and puts a copy of the package on the path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A folder with the activated package, ready for ``sys.path``."""
    crate = Path(os.environ.get("ACTPKG_CRATE", HERE))
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target")) / f"activation-{VERSION}"
    environment = {**os.environ, "PYO3_PYTHON": sys.executable, "CARGO_TARGET_DIR": str(target)}
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=crate, env=environment, check=True)
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(HERE / "package", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(target / "release/lib_pyrust.so", folder / "actpkg/_pyrust.so")
    return folder


@pytest.fixture(scope="session")
def actpkg(site):
    """The package, imported into this process."""
    sys.path.insert(0, str(site))
    os.environ.pop("PYRUST", None)
    os.environ.pop("PYRUST_DISABLE", None)
    import actpkg

    return actpkg


@pytest.fixture
def core(actpkg):
    import actpkg.core

    return actpkg.core


class Watch:
    """Counts native calls of hotspots."""

    def __init__(self, extension):
        self.extension = extension

    def status(self, name):
        return next(entry for entry in self.extension.status() if entry["function"] == name)

    def native(self, name, call):
        """The result of ``call()`` and how many native calls of ``name`` it made."""
        before = self.status(name)["native_calls"]
        result = call()
        return result, self.status(name)["native_calls"] - before

    def reasons(self, name):
        return self.status(name)["bailouts"]


@pytest.fixture
def watch(actpkg):
    actpkg._pyrust._reset_counters()
    return Watch(actpkg._pyrust)


@pytest.fixture
def run(site):
    """Runs a program in a fresh interpreter; its output."""

    def run(code, *arguments, check=True, **environment):
        completed = subprocess.run(
            [sys.executable, *arguments, "-c", code],
            env={**os.environ, "PYTHONPATH": str(site), "PYRUST": "", "PYRUST_DISABLE": "", **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        if check:
            assert completed.returncode == 0, completed.stderr
            return completed.stdout.strip()
        return completed

    return run
