"""Fixtures: a project whose extension is written by hand, with functions that are wrong on purpose."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "wrong"
REPOSITORY = Path(__file__).parents[2]

CARGO = """
[package]
name = "wrongkit-native"
version = "0.1.0"
edition = "2024"
publish = false

[lib]
name = "_pyrust"
crate-type = ["cdylib"]

[dependencies]
pyo3-ffi = {{ version = "0.30", features = ["extension-module"] }}
pyrust-macros = {{ path = '{repository}/pyrust-macros' }}
pyrust-runtime = {{ path = '{repository}/pyrust-runtime' }}

[workspace]
"""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose package has a compiled extension."""
    folder = tmp_path_factory.mktemp("wrong")
    crate, project = folder / "crate", folder / "project"
    shutil.copytree(HERE / "src", crate / "src")
    shutil.copytree(HERE / "package", project, ignore=shutil.ignore_patterns("__pycache__"))
    (crate / "Cargo.toml").write_text(CARGO.format(repository=REPOSITORY.as_posix()))
    shutil.copy(REPOSITORY / "Cargo.lock", crate / "Cargo.lock")
    (project / "pyproject.toml").write_text('[project]\nname = "wrongkit"\nversion = "1"\n\n[tool.pyrust]\n')

    names = re.findall(r"^def (\w+)", (project / "wrongkit" / "core.py").read_text(), re.MULTILINE)
    request = [{"module": "wrongkit.core", "path": str(project / "wrongkit" / "core.py"), "qualnames": names}]
    digests = subprocess.run(
        [sys.executable, str(REPOSITORY / "pyrust-build" / "src" / "digest.py")],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = [f"{name} {digest}" for name, digest in json.loads(digests).items()]
    (crate / "src" / "pyrust_digests.txt").write_text("\n".join(lines) + "\n")

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / f"wrong-{version}"
    subprocess.run(
        ["cargo", "build", "--release", "--quiet"],
        cwd=crate,
        env={**os.environ, "PYO3_PYTHON": sys.executable, "CARGO_TARGET_DIR": str(target)},
        check=True,
    )
    (library,) = [
        target / "release" / name
        for name in ("lib_pyrust.so", "lib_pyrust.dylib", "_pyrust.dll")
        if (target / "release" / name).exists()
    ]
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    shutil.copy(library, project / "wrongkit" / f"_pyrust{suffix}")
    return project
