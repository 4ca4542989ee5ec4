"""Which compiled crates of the wheel fit a build, and how they are made: see `prebuilt`."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pyrust import cache, crate, prebuilt

if TYPE_CHECKING:
    from pyrust.interpreter import Interpreter
    from pyrust.workspace import Cargo

HERE = Path(__file__).resolve().parent
#: One folder per kind of interpreter; a wheel has that of its own.
STORES = HERE / "_prebuilt"

#: With one of these cargo would compile other crates than those that are there.
_VARIABLES = (
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
)

_EMPTY = """\
//! init: PyInit__pyrust
use pyrust_runtime::prelude::*;

pub static MODULE: Module = Module { package: "", init: "PyInit__pyrust", functions: &[], callees: &[] };
"""


@dataclasses.dataclass(frozen=True)
class Store:
    """A folder of compiled crates that fit."""

    folder: Path
    #: The features that runtime and core were compiled with.
    features: tuple[str, ...]

    def environment(self, build: Path) -> dict[str, str]:
        """What cargo has to be told. `build`: its folder, where the wrapper is written as well."""
        return {"RUSTC_WRAPPER": str(_wrapper(build)), prebuilt.STORE: str(self.folder)}


def find(target: Interpreter, cargo: Cargo, crates: Path) -> Store | None:
    """The compiled crates for this Python, this compiler and these sources, if the wheel has them."""
    found = _look(target, cargo)
    return found[0] if not isinstance(found, str) and found[1] == crates.name else None


def missing(target: Interpreter, cargo: Cargo) -> str:
    """Why a first build here compiles everything; empty if it need not, as far as that shows without the sources."""
    found = _look(target, cargo)
    return found if isinstance(found, str) else ""


def _look(target: Interpreter, cargo: Cargo) -> tuple[Store, str] | str:
    """The compiled crates for this Python and this compiler, and for which sources; or why there are none."""
    folder = STORES / target.soabi
    try:
        index = json.loads((folder / prebuilt.INDEX).read_text(encoding="utf-8"))
        compiler, sources = map(str, index["for"])
        store = Store(folder, tuple(index["features"]))
    except (OSError, ValueError, KeyError, TypeError):
        return "this installation has none"
    if compiler != cargo.version:
        return f"they were made by {compiler.partition(chr(10))[0]}"
    if os.name != "posix" or not sys.executable:
        return "they are not used on this platform"
    chosen = next((name for name in _VARIABLES if os.environ.get(name)), None)
    return f"`{chosen}` is set" if chosen else (store, sources)


def make(folder: Path, target: Interpreter, cargo: Cargo) -> None:
    """Compiles what every project needs, and puts it into the folder in place of what is there."""
    from pyrust.workspace import Workspace

    chosen = os.environ.get("PYRUST_CACHE_DIR")
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["PYRUST_CACHE_DIR"] = temporary
        try:
            unit = crate.Unit("prebuilt", "_pyrust", _EMPTY, "")
            workspace = Workspace(Path(temporary) / "prebuilt", target, [unit], cargo, print)
            fresh = Path(temporary) / "fresh"
            fresh.mkdir()
            workspace.record(Store(fresh, crate.FEATURES))
            index = {"for": [cargo.version, workspace.crates.name], "features": crate.FEATURES}
            cache.write(fresh / prebuilt.INDEX, json.dumps(index))
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(fresh, folder)
        finally:
            os.environ.pop("PYRUST_CACHE_DIR")
            if chosen is not None:
                os.environ["PYRUST_CACHE_DIR"] = chosen


def _wrapper(build: Path) -> Path:
    """The program that cargo calls in place of rustc. It stays where it is, or cargo would ask rustc again what it is:
    an isolated build has this package somewhere else each time."""
    source = (HERE / "prebuilt.py").read_bytes()
    program = build / f"rustc-{cache.digest([source])[:16]}.py"
    # Without the packages around it, it starts in half the time; and what a project has of its own is never among them.
    start = shlex.join([sys.executable, "-I", "-S", str(program)])
    text = f'#!/bin/sh\n[ -n "${{CARGO_PRIMARY_PACKAGE+set}}" ] && exec "$@"\nexec {start} "$@"\n'
    path = build / f"rustc-{cache.digest([text])[:16]}"
    cache.write(program, source)
    cache.write(path, text)
    path.chmod(0o755)
    return path
