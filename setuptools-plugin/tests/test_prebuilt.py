"""Compiled crates in place of compiling: taken only where rustc would have made the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pyrust import cache, crate, prebuilding, prebuilt, workspace
from pyrust.interpreter import describe

RUST = {
    "below/Cargo.toml": '[package]\nname = "below"\nversion = "0.1.0"\nedition = "2024"\n',
    "below/src/lib.rs": 'pub fn below(x: u64) -> u64 { x + env!("NUMBER").len() as u64 }\n',
    "below/build.rs": 'fn main() { println!("cargo::rustc-env=NUMBER=one"); }\n',
    "above/Cargo.toml": '[package]\nname = "above"\nversion = "0.1.0"\nedition = "2024"\n'
    '[dependencies]\nbelow = { path = "../below" }\nmacros = { path = "../macros" }\n',
    "above/src/lib.rs": "macros::one!();\npub fn above(x: u64) -> u64 { below::below(x) * one() }\n",
    "macros/Cargo.toml": '[package]\nname = "macros"\nversion = "0.1.0"\nedition = "2024"\n[lib]\nproc-macro = true\n',
    "macros/src/lib.rs": "extern crate proc_macro;\n#[proc_macro]\n"
    'pub fn one(_: proc_macro::TokenStream) -> proc_macro::TokenStream { "fn one() -> u64 { 1 }".parse().unwrap() }\n',
    "user/Cargo.toml": '[package]\nname = "user"\nversion = "0.1.0"\nedition = "2024"\n'
    '[dependencies]\nabove = { path = "../above" }\n[workspace]\n',
    "user/src/main.rs": 'fn main() { println!("{}", above::above(4)); }\n',
}


class Project:
    """A program and crates below it, somewhere."""

    def __init__(self, root: Path, store: Path) -> None:
        self.root, self.store = root, store
        for name, text in RUST.items():
            cache.write(root / name, text)

    def build(self, **variables: str) -> set[str]:
        """The crates that rustc itself compiled."""
        calls = self.root / "calls"
        calls.unlink(missing_ok=True)
        compiler = self.root / "compiler"
        compiler.write_text(f'#!/bin/sh\necho "$*" >> "{calls}"\nexec rustc "$@"\n')
        wrapper = self.root / "wrapper"
        wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{prebuilt.__file__}" "$@"\n')
        for program in (compiler, wrapper):
            program.chmod(0o755)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CARGO")},
            "RUSTC": str(compiler),
            "RUSTC_WRAPPER": str(wrapper),
            prebuilt.STORE: str(self.store),
            "CARGO_TARGET_DIR": str(self.root / "target"),
            **variables,
        }
        command = ["cargo", "run", "--quiet", "--offline", "--release"]
        done = subprocess.run(
            command, cwd=self.root / "user", env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, "7\n"), done.stderr
        words = [line.split() for line in calls.read_text().splitlines()]
        named = [line[line.index("--crate-name") + 1] for line in words if "--out-dir" in line]
        return {name for name in named if name != "build_script_build"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """What one build has left."""
    folder = tmp_path / "store"
    folder.mkdir()
    made = Project(tmp_path / "made here", folder).build(**{prebuilt.RECORDS: "1"})
    assert made == {"below", "macros", "above", "user"}
    return folder


@pytest.mark.skipif(os.name != "posix", reason="the wrapper is a script")
class TestWrapper:
    def test_what_was_compiled_before_is_taken(self, tmp_path: Path, store: Path) -> None:
        project = Project(tmp_path / "used there", store)
        assert project.build() == {"user"}
        # cargo takes it for compiled.
        assert project.build() == set()
        cache.write(project.root / "user/src/main.rs", RUST["user/src/main.rs"] + "// edited\n")
        assert project.build() == {"user"}
        shutil.rmtree(project.root / "target")
        assert project.build(RUSTFLAGS="-Copt-level=1") == {"below", "macros", "above", "user"}

    @pytest.mark.parametrize(
        ("name", "old", "new", "compiled"),
        [
            ("below/src/lib.rs", "x + ", "x + 0 + ", {"below", "above", "user"}),
            ("below/build.rs", "=one", "=two", {"below", "above", "user"}),
            ("macros/src/lib.rs", "{ 1 }", "{ 1u64 }", {"macros", "above", "user"}),
            ("above/Cargo.toml", "0.1.0", "0.1.1", {"above", "user"}),
        ],
    )
    def test_what_differs_is_compiled(
        self, tmp_path: Path, store: Path, name: str, old: str, new: str, compiled: set[str]
    ) -> None:
        project = Project(tmp_path / "other", store)
        cache.write(project.root / name, RUST[name].replace(old, new))
        assert project.build() == compiled

    def test_what_cannot_be_taken_is_compiled(self, tmp_path: Path, store: Path) -> None:
        for path in store.glob("below-*"):
            path.write_bytes(path.read_bytes()[:-9])
        assert Project(tmp_path / "other", store).build() == {"below", "above", "user"}


def _raise(refusal: Exception) -> dict[str, str]:
    raise refusal


class TestStore:
    """Which compiled crates a build may have, without compiling any."""

    CARGO = workspace.Cargo("cargo", "rustc 1.95.0\nhost: x\n")

    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        for name in prebuilding._VARIABLES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(prebuilding, "STORES", tmp_path)
        folder = tmp_path / describe().soabi
        index = {"for": [self.CARGO.version, "sources"], "features": crate.FEATURES}
        cache.write(folder / prebuilt.INDEX, json.dumps(index))
        return folder

    def found(self, version: str = CARGO.version, sources: str = "sources") -> prebuilding.Store | None:
        return prebuilding.find(describe(), workspace.Cargo("cargo", version), Path("/cache/crates", sources))

    @pytest.mark.skipif(os.name != "posix", reason="the wrapper is a script")
    def test_those_of_this_compiler_and_these_sources(self, folder: Path) -> None:
        found = self.found()
        assert found is not None
        assert (found.folder, found.features) == (folder, crate.FEATURES)
        assert self.found(version="rustc 1.96.0") is None
        assert self.found(sources="others") is None

    def test_none_with_flags_of_ones_own(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUSTFLAGS", "-Ctarget-cpu=native")
        assert self.found() is None

    @pytest.mark.skipif(os.name != "posix", reason="the wrapper is a script")
    def test_why_there_are_none_is_said(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert prebuilding.missing(describe(), self.CARGO) == ""
        other = workspace.Cargo("cargo", "rustc 1.96.0\n")
        assert prebuilding.missing(describe(), other) == "they were made by rustc 1.95.0"
        monkeypatch.setenv("RUSTFLAGS", "-g")
        assert prebuilding.missing(describe(), self.CARGO) == "`RUSTFLAGS` is set"
        (folder / prebuilt.INDEX).unlink()
        assert prebuilding.missing(describe(), self.CARGO) == "this installation has none"

    def test_none_where_the_index_is_broken(self, folder: Path) -> None:
        for text in ("", "[]", '{"for": 1}', "\0"):
            (folder / prebuilt.INDEX).write_text(text)
            assert self.found() is None

    @pytest.mark.skipif(os.name != "posix", reason="the wrapper is a script")
    @pytest.mark.parametrize("refusal", [workspace.Unavailable("no"), workspace.Rejected([])])
    def test_unreadable_crates_are_compiled(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception
    ) -> None:
        monkeypatch.setenv("PYRUST_CACHE_DIR", str(tmp_path / "cache"))
        found = workspace.Workspace(tmp_path, describe(), [], self.CARGO, print)
        found.store = prebuilding.Store(folder, crate.FEATURES)
        stores = []

        def run_cargo() -> dict[str, str]:
            stores.append(found.store)
            if found.store is None:
                return {"kit": "module"}
            cache.write(found.log, "error[E0786]: found invalid metadata files for crate `below`\n")
            raise refusal

        monkeypatch.setattr(found, "_run_cargo", run_cargo)
        assert found._run_readable([]) == {"kit": "module"}
        assert [store is None for store in stores] == [False, True]
        # Without the crates of the wheel a refusal is one.
        monkeypatch.setattr(found, "_run_cargo", lambda: run_cargo() if found.store else _raise(refusal))
        with pytest.raises(type(refusal)):
            found._run_readable([])

    @pytest.mark.skipif(os.name != "posix", reason="the wrapper is a script")
    def test_the_wrapper_can_be_run(self, folder: Path, tmp_path: Path) -> None:
        found = self.found()
        assert found is not None
        environment = found.environment(tmp_path / "a build's folder")
        done = subprocess.run(
            [environment["RUSTC_WRAPPER"], "rustc", "--version"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.startswith("rustc ")
