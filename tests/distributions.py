"""Wheels of both distributions, from this tree."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from machine import ROOT, Python, Steps

#: Compiled crates that travel in the wheel.
PREBUILT = ROOT / "setuptools-plugin/python/pyrust/_prebuilt"
DEVELOPMENT = ROOT / "requirements-dev.txt"


def cargo_environment(python: Python) -> dict[str, str]:
    """One target folder for everything; the crates that bind to Python are built for this one."""
    return {"PYO3_PYTHON": python.path, "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))}


def build_wheels(steps: Steps, tool: Path, pythons: Sequence[Python], folder: Path, profile: str) -> None:
    """Both distributions into a folder, the engine for each interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("pyrust_optimizer-*.whl"), *folder.glob("pytest_pyrust-*.whl")]:
        old.unlink()
    for python in pythons:
        # Of this Python only: what the last one has compiled is no use to it.
        shutil.rmtree(PREBUILT, ignore_errors=True)
        steps.run(
            f"what a first install need not compile, for Python {python.full}",
            [python.path, "-P", PREBUILT.with_name("prebuilt.py"), "make", PREBUILT],
        )
        build = [
            tool,
            "-m",
            "maturin",
            "build",
            "--quiet",
            "--strip",
            "--manifest-path",
            "setuptools-plugin/Cargo.toml",
        ]
        steps.run(
            f"wheel pyrust-optimizer for Python {python.full}",
            [*build, "--profile", profile, "--interpreter", python.path, "--out", folder],
            environment=cargo_environment(python),
        )
    steps.run(
        "wheel pytest-pyrust",
        [tool, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, "./pytest-pyrust"],
    )


def fingerprint() -> str:
    """Changes with every source of the distributions, so that nothing is built twice."""
    state = hashlib.sha256()
    folders = ["pyrust-build", "pyrust-core", "pyrust-macros", "pyrust-runtime", "setuptools-plugin", "pytest-pyrust"]
    files = [ROOT / "Cargo.toml", ROOT / "Cargo.lock"]
    for folder in folders:
        files += [
            path
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and not {"__pycache__", PREBUILT.name} & {*path.parts}
        ]
    for path in sorted(files):
        if path.suffix not in (".so", ".pyd"):
            state.update(f"{path}\0".encode() + path.read_bytes())
    return state.hexdigest()
