"""One project of the corpus through the published interface: profile, compile, run natively, compare."""

from __future__ import annotations

import ast
import dataclasses
import importlib.metadata
import json
import os
import re
import subprocess
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prepare import WORK, Project

#: The types whose values are not instances of a user's class, nor functions, nor unknown.
_BUILTIN = frozenset(
    {"int", "bigint", "float", "bool", "None", "complex", "str", "bytes", "bytearray", "range", "list", "set"}
    | {"frozenset", "deque", "dict", "tuple", "?"}
)
_GENERATE = "import sys; from pyrust import _engine; print(_engine.generate(sys.argv[1]))"


@dataclasses.dataclass
class Function:
    """What became of one function that the tests called."""

    function: str
    signatures: list[str]
    #: Whether all its arguments were of builtin types, in all recorded calls.
    builtin: bool
    #: A generator function or a coroutine: not within what is compiled so far.
    lazy: bool
    native: bool = False
    #: All diagnostics, the first first: code and message.
    reasons: list[str] = dataclasses.field(default_factory=list)
    place: str = ""
    #: Calls that Python made and that committed; a function that only native code calls has none.
    native_calls: int = 0
    #: Calls of any caller that were run natively and in Python, and were equal.
    compared: int = 0
    bailouts: dict[str, int] = dataclasses.field(default_factory=dict)
    state: str = ""

    @property
    def ran(self) -> bool:
        """Whether a native call of it committed: from Python, or, where native code is the caller, while verifying."""
        return self.native_calls > 0 or self.compared > 0


@dataclasses.dataclass
class Result:
    name: str
    functions: list[Function]
    tests: int = 0
    #: Tests and calls that came out differently natively.
    changed: dict[str, list[str | None]] = dataclasses.field(default_factory=dict)
    #: What `--pyrust-verify` found.
    differences: list[Any] = dataclasses.field(default_factory=list)
    compared: int = 0
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    trouble: list[str] = dataclasses.field(default_factory=list)


class Runner:
    def __init__(self, project: Project, python: str, version: str, timeout: float) -> None:
        self.project = project
        self.python = python
        self.requires = WORK / version / "requires"
        self.timeout = timeout
        self.result = Result(project.source.name, [])

    def run(self, title: str, arguments: list[str], environment: Mapping[str, str] | None = None) -> str:
        """Runs Python in the project; its output, which is also kept in `.log/`."""
        dropped = ("PYRUST", "PYO3_", "COVERAGE", "PYTEST")
        kept = {n: v for n, v in os.environ.items() if not n.startswith(dropped) or n == "PYRUST_CACHE_DIR"}
        path = [str(self.project.folder), os.environ.get("PYTHONPATH", ""), str(self.requires)]
        kept |= {"PYTHONPATH": os.pathsep.join(p for p in path if p), "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
        kept |= {"PYTHONDONTWRITEBYTECODE": "1"}
        kept |= dict(self.project.source.environment) | dict(environment or {})
        start = time.monotonic()
        try:
            done = subprocess.run(
                [self.python, *arguments],
                cwd=self.project.folder,
                env=kept,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=self.timeout,
                check=False,
            )
            output = done.stdout
            if done.returncode < 0:
                self.result.trouble.append(f"{title}: killed by signal {-done.returncode}")
        except subprocess.TimeoutExpired as late:
            output = (
                (late.stdout or b"").decode(errors="replace") if isinstance(late.stdout, bytes) else str(late.stdout)
            )
            self.result.trouble.append(f"{title}: more than {self.timeout:.0f} s")
        self.result.seconds[title] = round(time.monotonic() - start, 1)
        log = self.project.folder / ".log" / f"{title}.txt"
        log.parent.mkdir(exist_ok=True)
        log.write_text(output, encoding="utf-8")
        return output

    def pytest(self, title: str, *options: str, mode: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
        """Runs the project's tests; the outcomes, and the status of what is native."""
        report = self.project.folder / ".log" / f"{title}.json"
        report.unlink(missing_ok=True)
        extensions = [
            f"_pyrust_{name}" if (self.project.folder / f"{name}.py").exists() else f"{name}._pyrust"
            for name in self.project.packages
        ]
        settings = {
            "report": str(report),
            "extensions": extensions,
            "aliases": self.project.aliases,
            "blocked": list(self.project.source.blocked),
        }
        tests = list(self.project.source.pytest)
        if self.project.source.calls:
            tests.append("tests/test_calls.py")
        plugins = ["-p", "plugin"] + ([] if _installed("pytest-pyrust") else ["-p", "pytest_pyrust.plugin"])
        path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        before, os.environ["PYTHONPATH"] = os.environ.get("PYTHONPATH", ""), path
        try:
            environment = {"CORPUS_RUN": json.dumps(settings), "PYRUST": mode}
            self.run(title, ["-m", "pytest", *plugins, *dict.fromkeys(tests), *options], environment)
        finally:
            os.environ["PYTHONPATH"] = before
        if not report.is_file():
            self.result.trouble.append(f"{title}: no report")
            return {}, []
        found = json.loads(report.read_text(encoding="utf-8"))
        return found["outcomes"], found["status"]

    def profile(self) -> None:
        """Writes the manifest, once: afterwards it is kept."""
        if (self.project.folder / "pyrust.toml").is_file():
            return
        self.run("init", ["-m", "pyrust", "init"])
        self.pytest("profile", "--pyrust-profile", "--pyrust-threshold=0", mode="auto")
        if not (self.project.folder / "pyrust.toml").is_file():
            self.result.trouble.append("profile: no manifest")

    def generate(self) -> None:
        """Runs the compiler only, without Rust: who is accepted, and why the others are not."""
        try:
            manifest = tomllib.loads((self.project.folder / "pyrust.toml").read_text(encoding="utf-8"))
        except OSError:
            return
        output = self.run("generate", ["-c", _GENERATE, str(self.project.folder)])
        try:
            generated = json.loads(output[output.index('{"') :])
        except ValueError:
            self.result.trouble.append(f"generate: {output[-300:]}")
            return
        lazy = Lazy(self.project.folder)
        compiled = {entry["function"]: entry for package in generated["packages"] for entry in package["functions"]}
        for hotspot in manifest.get("hotspot", []):
            name = hotspot["function"]
            function = Function(name, hotspot["signatures"], builtin(hotspot["signatures"]), lazy(name))
            self.result.functions.append(function)
            if name in compiled:
                entry = compiled[name]
                function.native = entry["native"]
                for found in entry["diagnostics"]:
                    function.reasons.append(f"{found['code']} {found['message']}")
                    function.place = function.place or f"{found['path']}:{found['line']}"
                if not function.reasons and entry["reason"]:
                    function.reasons.append(entry["reason"])

    def compile(self, verify: bool) -> None:
        """Builds, runs the tests natively and as Python, and compares."""
        output = self.run("build", ["-m", "pyrust", "build", "--json"])
        if "PYR0503" in output or "PYR0407" in output:
            self.result.trouble.append("build: PYR0503 or PYR0407")
        try:
            states = {entry["function"]: entry for entry in json.loads(output[output.index("{") :])["hotspots"]}
        except ValueError:
            self.result.trouble.append(f"build: {output[-300:]}")
            return
        before, _ = self.pytest("python", mode="python")
        after, status = self.pytest("native", mode="auto")
        self.result.tests = len(before)
        self.result.changed = {
            test: [before.get(test), after.get(test)]
            for test in sorted(before.keys() | after.keys())
            if before.get(test) != after.get(test)
        }
        told = {entry["function"]: entry for entry in status}
        for function in self.result.functions:
            entry = told.get(function.function) or states.get(function.function, {})
            function.state = entry.get("state", "")
            function.native_calls = entry.get("native_calls", 0)
            function.bailouts = entry.get("bailouts", {})
            if not function.reasons and entry.get("reason"):
                function.reasons.append(entry["reason"])
        if verify:
            report = self.project.folder / ".log" / "verified.json"
            report.unlink(missing_ok=True)
            self.pytest("verify", "--pyrust-verify", f"--pyrust-report=json:{report}", mode="auto")
            if report.is_file():
                found = json.loads(report.read_text(encoding="utf-8"))
                self.result.differences = found["differences"]
                equal = {entry["function"]: entry.get("equal") or 0 for entry in found["hotspots"]}
                self.result.compared = sum(equal.values())
                for function in self.result.functions:
                    function.compared = equal.get(function.function, 0)


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def builtin(signatures: list[str]) -> bool:
    """Whether the arguments of every signature are of builtin types, through and through."""
    return bool(signatures) and all(
        set(re.findall(r"[\w.:]+|\?", signature.rpartition("->")[0])) <= _BUILTIN | {"..."} for signature in signatures
    )


class Lazy:
    """Tells which functions are generator functions or coroutines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[str, set[str]] = {}

    def __call__(self, function: str) -> bool:
        module, _, qualname = function.partition(":")
        if module not in self.known:
            self.known[module] = self._read(module)
        return qualname in self.known[module]

    def _read(self, module: str) -> set[str]:
        stem = self.folder / module.replace(".", "/")
        path = next((p for p in (stem.with_suffix(".py"), stem / "__init__.py") if p.exists()), None)
        found: set[str] = set()
        if path is not None:
            self._walk(ast.parse(path.read_bytes()), "", found)
        return found

    def _walk(self, node: ast.AST, prefix: str, found: set[str]) -> None:
        for child in ast.iter_child_nodes(node):
            inside = prefix
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inside = f"{prefix}{child.name}."
                if isinstance(child, ast.AsyncFunctionDef) or (isinstance(child, ast.FunctionDef) and _yields(child)):
                    found.add(prefix + child.name)
            self._walk(child, inside, found)


def _yields(function: ast.AST) -> bool:
    for child in ast.iter_child_nodes(function):
        if isinstance(child, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) and _yields(child):
            return True
    return False
