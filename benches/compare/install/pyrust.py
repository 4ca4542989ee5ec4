"""PyRust: `pyrust build` on a copy of the project, by the interpreter that runs this."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from install.place import COMPARE, ROOT, Absent, Place, digest, run, sources
from talk import Runner

_KEEP = ("everyday", "pyproject.toml", "pyrust.toml")


def runner(python: str, title: str) -> Runner:
    tools = [
        path
        for part in ("pyrust-core", "pyrust-runtime", "pyrust-macros", "pyrust-build")
        for path in _texts(ROOT / part)
    ]
    place = Place("pyrust", digest([*sources(), *tools], python))
    if not place.fresh():
        folder = place.empty()
        for name in _KEEP:
            if (COMPARE / name).is_dir():
                shutil.copytree(COMPARE / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
            else:
                shutil.copy(COMPARE / name, folder)
        done = run([sys.executable, "-m", "pyrust", "build", "--python", python], folder)
        if done.returncode:
            raise Absent(f"`pyrust build` failed: {done.stderr[-2000:]}")
        place.built()
    return Runner("pyrust", title, (python,), "package", place.folder, {"PYRUST": "require"})


def _texts(folder: Path) -> list[Path]:
    return [*folder.rglob("src/**/*.rs"), *folder.rglob("src/**/*.c"), folder / "Cargo.toml"]
