"""Installs as a user does them: a fresh virtual environment, pip, and nothing from this repository but two wheels."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
WINDOWS = sys.platform == "win32"

#: Products of other builds: a copy of an example starts without them.
PRODUCTS = shutil.ignore_patterns(".pyrust", "*.so", "*.pyd", "target", "build", "dist", "*.egg-info", "__pycache__")

_STATUS = """
import importlib, json, sys
module = importlib.import_module(sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(name)
print(json.dumps({entry["function"]: entry for entry in module.status()}))
"""


def clean_environment(more: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """The environment without what would make a test depend on the caller's shell. None removes a variable."""
    dropped = (
        "CARGO_INCREMENTAL",
        "PYRUST",
        "PYTHON",
        "PYO3_",
        "VIRTUAL_ENV",
        "COVERAGE",
        "COV_",
        "PYTEST",
        "PIP_",
        "UV_",
    )
    kept_pip = ("PIP_CERT", "PIP_DEFAULT_TIMEOUT", "PYRUST_CACHE_DIR")
    environment: dict[str, str] = {
        name: value for name, value in os.environ.items() if not name.startswith(dropped) or name in kept_pip
    }
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    environment["PYTHONUTF8"] = "1"
    for name, value in (more or {}).items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    return environment


def run(
    command: list[str | Path],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str | None] | None = None,
    fails: bool = False,
    timeout: float = 600,
) -> subprocess.CompletedProcess[str]:
    """Runs a program that must succeed (or, with `fails`, must not); standard error comes with the output."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=clean_environment(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )
    if (done.returncode != 0) is not fails:
        shown = " ".join(str(part) for part in command)
        raise AssertionError(f"exit code {done.returncode} of: {shown}\n{done.stdout}")
    return done


class Venv:
    """A virtual environment without pip; the pip of the test's own environment installs into it."""

    def __init__(self, folder: Path, find_links: list[Path]) -> None:
        self.folder = folder
        self.find_links = find_links
        self.isolated = True
        run([sys.executable, "-m", "venv", "--without-pip", folder])

    @property
    def executable(self) -> Path:
        return self.folder / ("Scripts/python.exe" if WINDOWS else "bin/python")

    def program(self, name: str) -> Path:
        return self.folder / (f"Scripts/{name}.exe" if WINDOWS else f"bin/{name}")

    def pip(self, *arguments: str | Path, fails: bool = False, **environment: Any) -> str:
        """Without an index: everything comes from the folders that the runner filled."""
        links = {"PIP_FIND_LINKS": " ".join(path.as_uri() for path in self.find_links), "PIP_NO_INDEX": "1"}
        # Little of what is installed is imported: bytecode of all of it would take longer than many a test.
        links["PIP_COMPILE"] = "0"
        command: list[str | Path] = [sys.executable, "-m", "pip", "--python", self.executable, *arguments]
        return run(command, environment={**links, **environment}, fails=fails).stdout

    def install(self, *arguments: str | Path, fails: bool = False, **environment: Any) -> str:
        return self.pip("install", "-v", *arguments, fails=fails, **environment)

    def wheel(self, project: Path, output: Path, fails: bool = False, **environment: Any) -> str:
        """Builds a wheel; returns pip's output. The file is found with `only_wheel`."""
        how = [] if self.isolated else ["--no-build-isolation"]
        return self.pip("wheel", "-v", "--no-deps", *how, "-w", output, project, fails=fails, **environment)

    def python(self, code: str, *arguments: str, folder: Path | None = None, **environment: Any) -> str:
        command: list[str | Path] = [self.executable, "-c", code, *arguments]
        return run(command, folder=folder or self.folder, environment=environment).stdout

    def status(self, package: str, *imports: str, **environment: Any) -> dict[str, dict[str, Any]]:
        """function → entry of `status()`, after importing the package (and more modules)."""
        module = f"{package}._pyrust"
        found: dict[str, dict[str, Any]] = json.loads(self.python(_STATUS, module, *imports, **environment))
        return found

    def has_module(self, package: str) -> bool:
        code = "import importlib.util, sys; print(importlib.util.find_spec(sys.argv[1]) is not None)"
        return self.python(code, f"{package}._pyrust").strip() == "True"


def cargo_target() -> str:
    """Where the crates of examples are built: with everything else, so that the runtime and the compiler are built once."""
    return os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))


def licenses_in(wheel: Path) -> str:
    """The notices of what is linked in, as they are in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("licenses.txt")]
        text = archive.read(name).decode()
    for part in ("pyrust-runtime 0.", "pyo3-ffi 0.", "libc 0.", "The Rust Standard Library\n", "MIT OR Apache-2.0"):
        assert part in text, part
    assert "Permission is hereby granted, free of charge" in text, "the text itself"
    assert not any(tool in text for tool in ("\nsyn ", "\npyrust-macros ", "\ncc ")), "not linked in"
    return name


def copy_example(name: str, folder: Path) -> Path:
    target = folder / name
    shutil.copytree(EXAMPLES / name, target, ignore=PRODUCTS)
    return target


def only_wheel(folder: Path) -> Path:
    [wheel] = folder.glob("*.whl")
    return wheel


def in_place_modules(project: Path) -> list[str]:
    """The compiled modules in a source tree, relative to it."""
    suffixes = (".so", ".pyd")
    found = [path.relative_to(project) for path in project.rglob("_pyrust*") if path.suffix in suffixes]
    return sorted(path.as_posix() for path in found if "build" not in path.parts)


def native(status: Mapping[str, Mapping[str, Any]]) -> set[str]:
    return {name for name, entry in status.items() if entry["state"] == "native"}


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")
