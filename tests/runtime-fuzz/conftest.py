"""Builds the extension for the running interpreter."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# The model stands beside the tests.
sys.path.insert(0, str(HERE))
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="session")
def fuzz(tmp_path_factory):
    # With debug assertions: they check what the release build takes for granted.
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target")) / f"fuzz-{VERSION}"
    environment = {
        **os.environ,
        "PYO3_PYTHON": sys.executable,
        "PYO3_BUILD_EXTENSION_MODULE": "1",
        "CARGO_TARGET_DIR": str(target),
    }
    subprocess.run(["cargo", "build", "--quiet"], cwd=HERE, env=environment, check=True)
    path = tmp_path_factory.mktemp("fuzz") / "pyrust_fuzz.so"
    shutil.copy(target / "debug/libpyrust_fuzz.so", path)
    spec = importlib.util.spec_from_file_location("pyrust_fuzz", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def quiet(fuzz):
    """No collection between two counts of references, unless the test asks for one."""
    gc.disable()
    yield
    gc.enable()
    fuzz.force(0)
