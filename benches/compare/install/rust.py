"""Hand-written Rust: the crate `rust/`, compiled once for both of its forms."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from install.place import COMPARE, Absent, Place, cache, digest, run
from talk import Runner


def runner(python: str, in_place: bool) -> Runner:
    crate = COMPARE / "rust"
    place = Place("rust", digest([*crate.rglob("src/*.rs"), crate / "Cargo.toml", crate / "Cargo.lock"], python))
    if not place.fresh():
        folder, target = place.empty(), cache() / "rust-target"
        command = ["cargo", "build", "--release", "--quiet", "--locked", "--manifest-path", crate / "Cargo.toml"]
        done = run(command, folder, {"CARGO_TARGET_DIR": str(target), "PYO3_PYTHON": python})
        if done.returncode:
            raise Absent(f"cargo failed: {done.stderr.strip()[-500:]}")
        shutil.copy(target / "release" / "libeveryday_rust.so", folder / "everyday_rust.so")
        place.built()
    pyo3 = _locked(crate / "Cargo.lock", "pyo3")
    form, kind = ("everyday_rust:in_place", "in place") if in_place else ("everyday_rust", "typed")
    name = "rust_in_place" if in_place else "rust"
    return Runner(name, f"Rust, {kind} (PyO3 {pyo3})", (python,), form, place.folder, unmodified=False)


def _locked(path: Path, name: str) -> str:
    found = re.search(rf'name = "{name}"\nversion = "([^"]*)"', path.read_text())
    return found[1] if found else ""
