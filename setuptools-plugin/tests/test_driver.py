"""What a build comes to: the table of the interface, with the engine and cargo replaced."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from pyrust import PyRustError, cache, crate, driver, workspace

SUFFIX = driver.interpreter.describe().ext_suffix


class Project:
    """A project on disk whose compiler and cargo say what the test wants."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.patch = patch
        self.fallback = "warn"
        self.mode = "native"
        self.refused: set[str] = set()
        self.rejected: set[str] = set()
        self.signatures: dict[str, list[dict[str, str]]] = {}
        self.failure: Exception | None = None
        (root / "pkg").mkdir()
        (root / "pyrust.toml").write_text("version = 1\n")
        patch.setenv("PYRUST_CACHE_DIR", str(root / "cache"))
        patch.setattr(driver, "_engine_says", self.engine)
        patch.setattr(driver, "_digests", lambda *_: "")
        patch.setattr(driver, "find_toolchain", lambda: workspace.Cargo("cargo", "rustc 1.95"))
        patch.setattr(workspace.Workspace, "_run_cargo", self.cargo)
        self.compiled = root / "compiled"
        self.compiled.write_text("library")

    def engine(self, function: str, *arguments: Any) -> Any:
        if function == "load_project":
            modules = {"pkg": "pkg/__init__.py"}
            return {"fallback": self.fallback, "manifest": "pyrust.toml", "packages": ["pkg"], "modules": modules}
        dropped = arguments[2]
        functions = []
        for name in ("pkg:f", "pkg:g"):
            native = name not in self.refused and name not in dropped
            reason = None if native else "PYR0301 not supported"
            state = "native" if native else "python"
            entry = {"function": name, "native": native, "state": state, "reason": reason, "mode": self.mode}
            functions.append({**entry, "refused": self.signatures.get(name, [])})
        names = [entry["function"] for entry in functions if entry["native"]]
        rust = "//! init: PyInit__pyrust\n"
        rust += "".join(f'#[hotspot(function = "{name}")]\nfn pkg__{name[-1]}() {{\n}}\n' for name in names)
        package = {
            "package": "pkg",
            "module": "_pyrust",
            "directory": "pkg",
            "rust": rust,
            "functions": functions,
            "bodies": [],
        }
        return json.dumps({"packages": [{**package, "digests": {}}]})

    def cargo(self, _: Any = None) -> dict[str, str]:
        if self.failure is not None:
            raise self.failure
        [text] = (path.read_text() for path in self.root.rglob("pyrust_hotspots.rs"))
        wrong = {n for n, line in enumerate(text.splitlines(), 1) if any(name in line for name in self.rejected)}
        if wrong:
            [crate_name] = (path.parent.parent.name for path in self.root.rglob("pyrust_hotspots.rs"))
            raise workspace.Rejected([(crate_name, {"pyrust_hotspots.rs": wrong}, "error[E0000]: no")])
        return {"pkg": str(self.compiled)}

    def build(self, **options: Any) -> dict[str, Any]:
        return driver.build_project(self.root, **options)

    @property
    def module(self) -> Path:
        return self.root / "pkg" / f"_pyrust{SUFFIX}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path, monkeypatch)


def states(result: dict[str, Any]) -> list[str]:
    return [entry["state"] for entry in result["hotspots"]]


def test_native(project: Project) -> None:
    result = project.build()
    assert result["outcome"] == "native"
    assert result["message"] == "2 of 2 hotspots native"
    assert result["exit_code"] == 0
    assert states(result) == ["native", "native"]
    assert project.module.read_text() == "library"
    assert json.loads((project.root / ".pyrust/build.json").read_text()) == result
    assert driver.last_result(project.root) == result
    assert (project.root / ".pyrust/.gitignore").read_text() == "*\n"


def test_entries_have_the_fields_of_status(project: Project) -> None:
    for entry in project.build()["hotspots"]:
        assert {"function", "state", "reason", "native_calls", "bailouts"} <= entry.keys()


def test_hook_leaves_the_tree_alone(project: Project) -> None:
    result = project.build(in_place=False)
    assert not project.module.exists()
    assert Path(result["modules"]["pkg"]["path"]).read_text() == "library"


def test_second_build_does_not_start_cargo(project: Project) -> None:
    project.build()
    project.failure = AssertionError("cargo was started")
    assert project.build()["outcome"] == "native"


def test_a_build_with_nothing_changed_asks_nobody(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first = project.build()
    assert "up_to_date" not in first
    before = project.module.stat().st_mtime_ns

    def engine(function: str, *arguments: Any) -> Any:
        assert function == "load_project"
        return project.engine(function, *arguments)

    monkeypatch.setattr(driver, "_engine_says", engine)
    second = project.build()
    assert second.pop("up_to_date") is True
    assert {**second, "seconds": first["seconds"]} == first
    assert project.module.stat().st_mtime_ns == before
    # What somebody has removed or replaced is put back.
    for spoil in (project.module.unlink, lambda: project.module.write_text("LIBRARY")):
        spoil()
        assert project.build()["up_to_date"]
        assert project.module.read_text() == "library"
    # Other builds do not count as the same.
    monkeypatch.setattr(driver, "_engine_says", project.engine)
    (project.root / "pkg/__init__.py").write_text("")
    assert "up_to_date" not in project.build()
    assert project.build()["up_to_date"]
    monkeypatch.setenv("RUSTFLAGS", "-Copt-level=0")
    assert "up_to_date" not in project.build()
    assert "up_to_date" not in project.build(in_place=False)


def test_no_manifest(project: Project) -> None:
    project.build()
    (project.root / "pyrust.toml").unlink()
    result = project.build()
    assert not project.module.exists()
    assert result["outcome"] == "none"
    assert result["exit_code"] == 0


@pytest.mark.parametrize("fallback", ["warn", "silent"])
def test_failing_toolchain(project: Project, fallback: str) -> None:
    project.build()
    project.fallback = fallback
    (project.root / "cache").rename(project.root / "cache-before")
    project.failure = workspace.Unavailable("PYR0501 no cargo")
    result = project.build()
    assert result["outcome"] == "pure"
    assert result["exit_code"] == 2
    assert states(result) == ["python", "python"]
    # The older module must not survive.
    assert not project.module.exists()


def test_failing_toolchain_with_fallback_error(project: Project) -> None:
    project.fallback = "error"
    project.failure = workspace.Unavailable("PYR0501 no cargo")
    with pytest.raises(driver.BuildError, match="PYR0501 no cargo") as raised:
        project.build()
    assert raised.value.exit_code == 2


def test_our_own_bug_is_a_pure_install(project: Project) -> None:
    project.failure = RuntimeError("oops")
    result = project.build()
    assert result["outcome"] == "pure"
    assert "oops" in result["message"]
    assert "please report" in result["message"]


def test_refused_hotspot(project: Project) -> None:
    project.refused = {"pkg:f"}
    result = project.build()
    assert states(result) == ["python", "native"]
    assert result["hotspots"][0]["reason"] == "PYR0301 not supported"
    assert result["exit_code"] == 0
    assert project.module.exists()


def test_all_hotspots_refused(project: Project) -> None:
    project.refused = {"pkg:f", "pkg:g"}
    result = project.build()
    assert result["outcome"] == "pure"
    assert result["message"] == "0 of 2 hotspots native"
    assert result["exit_code"] == 0
    # A function that the build refused is no ImportError under PYRUST=require: there is a module, which says why.
    assert project.module.read_text() == "library"


def test_all_hotspots_refused_and_no_cargo(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.refused = {"pkg:f", "pkg:g"}
    for failing in ("_run_cargo", "find_toolchain"):
        project.failure = workspace.Unavailable("PYR0501 no cargo")
        if failing == "find_toolchain":
            monkeypatch.setattr(driver, failing, project.cargo)
        result = project.build()
        assert result["exit_code"] == 0
        assert result["hotspots"][0]["reason"] == "PYR0301 not supported"
        assert not project.module.exists()


def test_refused_signatures_are_told(project: Project) -> None:
    project.signatures = {"pkg:f": [{"signature": "(None) -> int", "reason": "PYR0401 no"}]}
    result = project.build()
    assert result["hotspots"][0]["refused"] == project.signatures["pkg:f"]
    assert driver.summary(result) == [
        "2 of 2 hotspots native",
        "  pkg:f with (None) -> int stays Python: PYR0401 no",
    ]


def test_what_the_gate_keeps_in_python_is_told() -> None:
    entry = {"function": "pkg:f", "state": "disabled", "reason": "slower natively"}
    result = {"message": "0 of 1 hotspot native", "outcome": "pure", "cause": "hotspots", "hotspots": [entry]}
    assert driver.summary(result)[1:] == ["  pkg:f stays Python: slower natively"]


@pytest.mark.parametrize(("fallback", "mode"), [("error", "native"), ("warn", "require"), ("silent", "require")])
def test_refused_hotspot_that_must_be_native(project: Project, fallback: str, mode: str) -> None:
    project.fallback, project.mode = fallback, mode
    project.refused = {"pkg:f"}
    with pytest.raises(driver.BuildError, match="pkg:f: PYR0301 not supported") as raised:
        project.build()
    assert raised.value.exit_code == 1
    assert not project.module.exists()


def test_rejected_rust_costs_the_others_nothing(project: Project) -> None:
    project.rejected = {"pkg__f"}
    result = project.build()
    assert states(result) == ["python", "native"]
    assert "PYR0503" in result["hotspots"][0]["reason"]
    assert "error[E0000]: no" in result["hotspots"][0]["reason"]
    assert project.module.exists()


def test_rejected_rust_outside_of_functions(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.rejected = {"pkg__f"}
    monkeypatch.setattr(driver.crate, "functions_at", lambda *_: set())
    result = project.build()
    assert result["outcome"] == "pure"
    assert "PYR0503" in result["message"]


def test_broken_input(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def engine(*_: Any) -> Any:
        raise driver.BuildError("pyrust.toml:1: broken", 2)

    monkeypatch.setattr(driver, "_engine_says", engine)
    with pytest.raises(PyRustError, match="broken"):
        project.build()


def test_unsupported_python(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    described = dataclasses.replace(driver.interpreter.describe(), free_threaded=True)
    monkeypatch.setattr(driver.interpreter, "describe", lambda: described)
    result = project.build()
    assert result["outcome"] == "pure"
    assert "free-threaded" in result["message"]


@pytest.mark.skipif(os.name != "posix", reason="programs of a POSIX system")
@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("/nowhere/python", "is not a Python that runs: No such file or directory"),
        ("#!/bin/sh\nexit 3\n", "is not a Python that runs: exit code 3"),
        ("#!/bin/sh\necho 'no such version' >&2\necho 'try --help' >&2\nexit 3\n", "that runs: no such version"),
        ("#!/bin/sh\necho hello\n", "is not a Python: it does not say which one it is"),
    ],
)
def test_python_that_does_not_run(project: Project, tmp_path: Path, program: str, said: str) -> None:
    if program.startswith("#!"):
        file = tmp_path / "program"
        file.write_text(program)
        file.chmod(0o755)
        program = str(file)
    with pytest.raises(driver.BuildError) as raised:
        project.build(python=program)
    assert str(raised.value).endswith(said)


def test_expanded_spans_are_followed() -> None:
    inner = {"is_primary": True, "file_name": "x/lib.rs", "line_start": 9, "expansion": None}
    inner["expansion"] = {"span": {"file_name": "k/src/pyrust_hotspots.rs", "line_start": 4, "expansion": None}}
    other = {"is_primary": False, "file_name": "k/src/pyrust_hotspots.rs", "line_start": 7, "expansion": None}
    assert workspace._lines([inner, other]) == {"pyrust_hotspots.rs": {4}}


def test_a_missing_linker_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = object.__new__(workspace.Workspace)
    space.log, space.echo = tmp_path / "cargo.log", lambda _: None
    said = "error: linker `cc` not found\n  |\n"
    monkeypatch.setattr(space, "_environment", dict)
    monkeypatch.setattr(space, "_as_before", lambda _: None)
    monkeypatch.setattr(space, "_setuptools_rust", lambda *_: (None, said))
    monkeypatch.setattr(space, "_plain_cargo", lambda *_: (None, None, said))
    with pytest.raises(workspace.Unavailable, match=r"PYR0501 error: linker `cc` not found; install a C compiler"):
        space._run_cargo()
    assert space.log.read_text() == said


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (workspace.Unavailable("PYR0501 no"), "error: internal compiler error: no such thing"),
        (workspace.Rejected([]), "error: incremental compilation: could not create session directory lock file: no"),
        (workspace.Rejected([]), "rust-lld: error: undefined hidden symbol: anon.1"),
    ],
)
def test_what_rustc_has_kept_is_given_up_before_the_project_is(project: Project, failure: Exception, said: str) -> None:
    kept = []
    project.patch.delenv("CARGO_INCREMENTAL", raising=False)

    def cargo(space: workspace.Workspace, _: Any = None) -> dict[str, str]:
        folders = sorted(path.name for folder in space._kept() for path in folder.iterdir())
        mine = [name for name in folders if name.startswith(space.units[0].crate(space.key))]
        incremental = "incremental = true" in (space.folder / "Cargo.toml").read_text()
        kept.append((len(mine), len(folders), incremental))
        if mine:
            cache.write(space.log, said)
            raise failure
        return {"pkg": str(project.compiled)}

    assert states(project.build()) == ["native", "native"]
    [crate_name] = (path.parent.parent.name for path in project.root.rglob("pyrust_hotspots.rs"))
    [build] = (project.root / "cache/build").iterdir()
    for name in (f"{crate_name}-1", f"{crate_name}-2", "pyrust_other-1"):
        (build / "release/incremental" / name).mkdir(parents=True)
    nobodys = build / "target/release/incremental/pyrust_nobodys-1"
    nobodys.mkdir(parents=True)
    os.utime(nobodys, (1, 1))
    project.patch.setattr(workspace.Workspace, "_run_cargo", cargo)
    (project.root / "pkg/__init__.py").write_text("")
    shutil.rmtree(project.root / "cache/projects")
    assert states(project.build()) == ["native", "native"]
    assert kept == [(2, 4, True), (0, 2, False)]
    assert [path.name for path in build.rglob("pyrust_*-1")] == ["pyrust_other-1"]


def test_what_was_left_out_is_tried_before_hotspots_are_dropped(project: Project) -> None:
    tried = []

    def cargo(_: Any = None) -> dict[str, str]:
        [text] = (path.read_text() for path in project.root.rglob("Cargo.toml") if "cdylib" in path.read_text())
        tried.append(json.loads(text[text.index("features = [") + 11 : text.rindex("]") + 1]))
        if tried[-1] != list(crate.FEATURES):
            raise workspace.Rejected([("", {}, "error[E0433]: no")])
        return {"pkg": str(project.compiled)}

    project.patch.setattr(workspace.Workspace, "_run_cargo", cargo)
    assert states(project.build()) == ["native", "native"]
    assert tried == [[], list(crate.FEATURES)]
    # From now on at once, in every project of this cache.
    (project.root / "pkg/__init__.py").write_text("")
    assert project.build()["outcome"] == "native"
    shutil.rmtree(project.root / "cache/projects")
    assert project.build()["outcome"] == "native"
    assert tried[2:] == [list(crate.FEATURES)]


def test_no_notices_cost_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `cargo metadata` cannot be had, the modules are there all the same."""
    monkeypatch.setattr(driver, "find_toolchain", lambda: workspace.Cargo("/nowhere/cargo", "rustc 1.95"))
    result = driver.build_project(project.root)
    assert (result["outcome"], result["licenses"]) == ("native", None)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "error: no build script\n\nCaused by:\n  error occurred in cc-rs: failed to find tool 'cc': No such file\n\n",
            "error: no build script: error occurred in cc-rs: failed to find tool 'cc': No such file; install a C compiler",
        ),
        (
            "error: failed to run `rustc` to learn\n\nCaused by:\n  --- stderr\n  error: Unrecognized option: 'x'\n",
            "error: failed to run `rustc` to learn: error: Unrecognized option: 'x'",
        ),
        ("error: no matching package named `quote` found\nlocation", "found; the first build takes some crates from"),
        ("nothing that is known", "cargo failed"),
    ],
)
def test_what_cargo_says_is_told_with_its_cause(said: str, told: str) -> None:
    assert told in workspace.what_failed(said)


def test_a_cargo_that_is_no_program(tmp_path: Path) -> None:
    program = tmp_path / "cargo"
    program.write_text("no program")
    program.chmod(0o755)
    with pytest.raises(workspace.Unavailable, match=r"PYR0501 `.*cargo` cannot be run: "):
        workspace._run([str(program), "build"], folder=tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands for rustc")
@pytest.mark.parametrize("known", [True, False])
def test_options_of_the_code_generator_are_tried(tmp_path: Path, known: bool) -> None:
    rustc = tmp_path / "rustc"
    refusal = "" if known else 'case "$*" in *llvm-args*) exit 1;; esac; '
    rustc.write_text(f"#!/bin/sh\n{refusal}echo /somewhere\n")
    rustc.chmod(0o755)
    assert workspace._sysroot(str(rustc)) == ("/somewhere", known)


#: In place of cargo: says what it would say, of a module named like two variables that it may have been given.
_CARGO = """
import json, os
print("words")
name = os.environ.get("GIVEN", "none") + os.environ.get("TAKEN", "none")
print(json.dumps({"reason": "compiler-artifact", "target": {"kind": ["cdylib"]}, "filenames": [name]}))
"""


@pytest.mark.parametrize(
    ("noted", "found"),
    [
        ({"kit": ["-c", _CARGO]}, {"kit": "1none"}),
        ({"kit": ["-c", _CARGO + "raise SystemExit(101)"]}, None),
        ({"kit": ["-c", "print()"]}, None),
        ({"other": ["-c", _CARGO]}, None),
        (None, None),
    ],
)
def test_cargo_is_called_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noted: dict[str, list[str]] | None, found: dict[str, str] | None
) -> None:
    space = object.__new__(workspace.Workspace)
    space.folder, space.units = tmp_path, [crate.Unit("kit", "_pyrust", "", "")]
    monkeypatch.setattr(space, "_circumstances", lambda: "here")
    if noted is not None:
        environment = {"GIVEN": "1", "TAKEN": None}
        calls = {name: {"command": [sys.executable, *how], "environment": environment} for name, how in noted.items()}
        space._calls.write_text(json.dumps(calls))
    assert space._as_before({**os.environ, "TAKEN": "2"}) == found


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_the_program_that_rustup_starts(tmp_path: Path) -> None:
    mine, chosen = tmp_path / "mine", tmp_path / "toolchain/bin"
    for folder in (mine, chosen):
        folder.mkdir(parents=True)
        (folder / "cargo").touch()
    named, sysroot = str(mine / "cargo"), str(chosen.parent)
    assert workspace._itself(named, sysroot) == named, "not rustup's"
    (mine / "rustup").touch()
    assert workspace._itself(named, sysroot) == named, "beside rustup, and something else"
    (mine / "cargo").unlink()
    (mine / "cargo").symlink_to("rustup")
    assert workspace._itself(named, sysroot) == str(chosen / "cargo")
    assert workspace._itself(named, str(tmp_path)) == named, "no such toolchain"
