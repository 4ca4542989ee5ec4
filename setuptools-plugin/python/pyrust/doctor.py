"""`pyrust doctor`: what is there to compile with and to run on, and whether it works.

Nothing is believed: interpreters and tools that are found are run, the cache is written to, and a crate of three lines is compiled.

In: this machine and, if there is one, a project. Out: lines, each fine, a remark or a problem; exit code 1 with a problem.
It must not change anything but the cache, or import code of the project.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyrust import PyRustError, cache, driver, hotspots, interpreter, prebuilding, runinfo, workspace
from pyrust.crate import BODIES

SECONDS = 60
"""Seconds after which a program that was started is given up."""

NAMED = 8
"""Packages of a project that are named; the others are some more."""

FINE, REMARK, PROBLEM = "ok", "note", "problem"


@dataclass
class Finding:
    """One thing that was looked at."""

    state: str
    subject: str
    said: str


def main(argument: str) -> int:
    """The command; its options as JSON."""
    options = json.loads(argument)
    findings = list(examine(Path.cwd()))
    problems = sum(finding.state == PROBLEM for finding in findings)
    if options.get("json"):
        print(json.dumps({"version": 1, "findings": [vars(finding) for finding in findings]}, indent=1))
    else:
        for finding in findings:
            print(f"{finding.state:>8}  {finding.subject}: {finding.said}")
        print(f"\n{runinfo.counted(problems, 'problem')}" if problems else "\neverything works")
    return 1 if problems else 0


def examine(start: Path) -> Iterator[Finding]:
    """Looks at everything, the cheap things first."""
    yield from _distributions()
    yield from _this_interpreter()
    yield from _other_interpreters()
    yield from _cache(start)
    yield from _tools()
    yield from _environment()
    yield from _project(start)


def _run(command: list[str], folder: str | None = None, **variables: str) -> tuple[int, str]:
    """Exit code and output of a program; -1 when it cannot be started or does not end."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return -1, f"no answer in {SECONDS} seconds"
    except OSError as error:
        return -1, error.strerror or str(error)
    return done.returncode, (done.stdout if done.returncode == 0 else done.stderr or done.stdout).strip()


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no message"


def _distributions() -> Iterator[Finding]:
    from pyrust import _engine

    yield Finding(FINE, "pyrust-optimizer", f"{_engine.version} in {Path(__file__).parent}")
    try:
        version = importlib.metadata.version("pytest-pyrust")
    except importlib.metadata.PackageNotFoundError:
        yield Finding(REMARK, "pytest-pyrust", "is not installed here: no `pytest --pyrust-profile`")
        return
    state = FINE if version == _engine.version else REMARK
    yield Finding(state, "pytest-pyrust", version + ("" if state == FINE else f", not {_engine.version}"))


def _described(program: str) -> interpreter.Interpreter | str:
    """What an interpreter says of itself, or why it does not."""
    code, said = _run([program, "-I", str(Path(interpreter.__file__))])
    if code != 0:
        return said.strip().partition("\n")[0] or f"exit code {code}"
    try:
        return interpreter.Interpreter(**json.loads(said))
    except (ValueError, TypeError):
        return "it does not answer as a Python does"


def _judged(target: interpreter.Interpreter) -> tuple[bool, str]:
    if why := target.unsupported:
        return False, f"{target.full_version}: {why}: everything runs as Python"
    if not Path(target.include, "Python.h").is_file():
        return False, f"{target.full_version}: the C headers are not in {target.include} (Debian: `python3-dev`)"
    return True, f"{target.implementation} {target.full_version}, with headers"


def _this_interpreter() -> Iterator[Finding]:
    found = _described(sys.executable)
    if isinstance(found, str):
        yield Finding(PROBLEM, sys.executable, found)
        return
    works, said = _judged(found)
    yield Finding(FINE if works else PROBLEM, f"{sys.executable} (runs this)", said)


def _other_interpreters() -> Iterator[Finding]:
    seen = {os.path.realpath(sys.executable)}
    for program in _candidates():
        real = os.path.realpath(program)
        if real in seen:
            continue
        seen.add(real)
        found = _described(program)
        if isinstance(found, str):
            yield Finding(REMARK, program, f"does not run: {found}")
        else:
            yield Finding(FINE if _judged(found)[0] else REMARK, program, _judged(found)[1])


def _candidates() -> Iterator[str]:
    """Interpreters of the supported versions: on the path, and where version managers put them."""
    for version in interpreter.SUPPORTED:
        if found := shutil.which(f"python{version}"):
            yield found
        for base, pattern in (
            (os.environ.get("PYENV_ROOT", "~/.pyenv"), f"versions/{version}*/bin/python"),
            ("~/.local/share/uv/python", f"cpython-{version}*/bin/python{version}"),
            ("/opt/homebrew/bin", f"python{version}"),
        ):
            folder = Path(base).expanduser()
            with contextlib.suppress(OSError):
                yield from map(str, sorted(folder.glob(pattern)))
    if found := shutil.which("python3"):
        yield found


def _cache(start: Path) -> Iterator[Finding]:
    wanted = cache.preferred()
    try:
        used = cache.locate(runinfo.find_root(start))
    except OSError as error:
        yield Finding(PROBLEM, "build cache", str(error))
        return
    size = sum(path.stat().st_size for path in used.rglob("*") if path.is_file() and not path.is_symlink())
    free = shutil.disk_usage(used).free
    said = f"{used}, {size / 2**20:.0f} MiB, {free / 2**30:.1f} GiB free"
    if used != wanted:
        yield Finding(REMARK, "build cache", f"{said} ({wanted} cannot be written to)")
    else:
        yield Finding(FINE if free > 2**29 else REMARK, "build cache", said)


def _tools() -> Iterator[Finding]:
    try:
        cargo = driver.toolchain()
    except PyRustError as error:
        yield Finding(PROBLEM, "Rust", str(error))
        return
    release = next((line for line in cargo.version.splitlines() if line.startswith("rustc")), cargo.version)
    yield Finding(FINE, "Rust", f"{release}; {cargo.program}")
    why = prebuilding.missing(interpreter.describe(), cargo)
    yield Finding(
        FINE,
        "compiled crates",
        f"none fit ({why}): the first build takes half a minute" if why else "those that came along fit",
    )
    code, said = _run([cargo.program, "--version"])
    if code != 0:
        yield Finding(PROBLEM, "cargo", f"does not run: {_last(said)}")
        return
    try:
        version = importlib.metadata.version("setuptools-rust")
        yield Finding(FINE, "setuptools-rust", version)
    except importlib.metadata.PackageNotFoundError:
        yield Finding(REMARK, "setuptools-rust", "is not installed here; cargo is driven without it")
    with tempfile.TemporaryDirectory(prefix="pyrust-doctor-") as folder:
        yield _compiled(cargo.program, Path(folder))


def _compiled(cargo: str, folder: Path) -> Finding:
    """Whether a library can be compiled and linked, C compiler included."""
    (folder / "src").mkdir()
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "probe"\nversion = "0.0.0"\nedition = "2024"\n\n[lib]\ncrate-type = ["cdylib"]\n\n[workspace]\n'
    )
    (folder / "src" / "lib.rs").write_text('#[unsafe(no_mangle)]\npub extern "C" fn probe() -> i32 {\n    7\n}\n')
    code, said = _run([cargo, "build", "--quiet", "--offline"], str(folder), CARGO_TARGET_DIR=str(folder / "target"))
    if code != 0:
        return Finding(PROBLEM, "compiling", f"a library of three lines fails: {workspace.what_failed(said)}")
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None and sys.platform != "win32":
        return Finding(PROBLEM, "compiling", "no C compiler (`cc`): the runtime looks at Python's headers with it")
    return Finding(FINE, "compiling", f"a library compiles and links; C compiler {compiler or 'of Visual Studio'}")


def _environment() -> Iterator[Finding]:
    for name in sorted(name for name in os.environ if name.startswith("PYRUST")):
        value = os.environ[name]
        mode = value in ("", "auto", "python", "require") or value.startswith("shadow:1/")
        state = REMARK if name != "PYRUST" or (mode and value not in ("", "auto")) else FINE if mode else PROBLEM
        said = value if state != PROBLEM else f"`{value}` is none of auto, python, require, shadow:1/N"
        yield Finding(state, name, said)
    if runinfo.watched():
        yield Finding(REMARK, "tracing", "a tracer is active: hotspots run as Python")


def _project(start: Path) -> Iterator[Finding]:
    from pyrust import _engine

    try:
        project = runinfo.load(start)
        facts: dict[str, Any] = _engine.load_project(str(project.root))
    except ValueError as error:
        lines = str(error).splitlines()
        yield Finding(PROBLEM, "project", lines[0] if lines else "cannot be read")
        return
    if not facts["present"] and not facts["modules"]:
        yield Finding(REMARK, "project", f"none in {start}")
        return
    shown = [*project.packages[:NAMED], *(["…"] if len(project.packages) > NAMED else [])]
    said = f"{project.root}, packages {', '.join(shown) or 'none'}"
    if not project.is_described:
        yield Finding(REMARK, "project", f"{said}, but no `pyproject.toml`: `pyrust init` needs one")
        return
    yield Finding(FINE if project.packages else REMARK, "project", said)
    if not facts["present"]:
        yield Finding(REMARK, "settings", "no `[tool.pyrust]`: `pyrust init` sets the project up")
    if not project.manifest.is_file():
        yield Finding(REMARK, "manifest", f"no {project.manifest.name} yet: `pytest --pyrust-profile` writes it")
        return
    yield from _switched_off([entry["function"] for entry in facts["hotspots"]])
    found = _engine.check(str(project.root))
    count = len(found["diagnostics"])
    state = FINE if found["exit_code"] == 0 else PROBLEM if found["exit_code"] == 2 else REMARK
    how_many = runinfo.counted(len(facts["hotspots"]), "hotspot")
    in_step = (
        "in step with the sources" if not count else f"{runinfo.counted(count, 'finding')} (`pyrust check` shows them)"
    )
    yield Finding(state, "manifest", f"{how_many}, {in_step}")
    yield from _bodies(project)
    last = driver.last_result(project.root)
    if last is None:
        yield Finding(REMARK, "last build", "none here: `pyrust build`, or an install")
    else:
        state = FINE if last["exit_code"] == 0 else PROBLEM
        version = last.get("python", {}).get("version", "?")
        yield Finding(state, "last build", f"{last['message']} (Python {version})")
    for why in hotspots.unloadable(project).values():
        yield Finding(
            PROBLEM, "native module", f"{why}; `pyrust build` makes a new one, till then everything runs as Python"
        )


def _switched_off(known: list[str]) -> Iterator[Finding]:
    """What is misspelt in `PYRUST_DISABLE` switches nothing off; what is of other projects is none of ours."""
    from pyrust import _engine

    for name in filter(None, map(str.strip, os.environ.get("PYRUST_DISABLE", "").split(","))):
        if name not in known and (meant := _engine.closest_function(name, known)):
            yield Finding(PROBLEM, "PYRUST_DISABLE", f"`{name}` is no hotspot here; did you mean `{meant}`?")


def _bodies(project: runinfo.Project) -> Iterator[Finding]:
    """Functions written by hand: whether a build would take them, as far as that shows without rustc."""
    from pyrust import _engine

    files = sorted(project.manifest.parent.joinpath(BODIES).glob("*.rs"))
    if not files:
        return
    try:
        generated = json.loads(_engine.generate(str(project.root), str(project.manifest), None, True))
    except ValueError as error:
        yield Finding(PROBLEM, "bodies by hand", next(iter(str(error).splitlines()), "cannot be read"))
        return
    found = [
        (entry["function"], body)
        for package in generated["packages"]
        for entry in package["functions"]
        for body in entry["bodies"]
    ]
    used = sorted({function for function, body in found if not body["reason"]})
    if used:
        yield Finding(FINE, "bodies by hand", f"{len(used)} in {BODIES}: {', '.join(used)}")
    for _, body in found:
        if body["reason"]:
            yield Finding(REMARK, body["place"], f"is left out: {body['reason']}")
    # What belongs to no hotspot is in no function's list.
    known = {body["path"] for _, body in found}
    others = {
        finding["path"]: finding["message"]
        for finding in _engine.check(str(project.root))["diagnostics"]
        if str(finding.get("path", "")).endswith(".rs") and finding["path"] not in known
    }
    for path, message in others.items():
        yield Finding(REMARK, path, message)
    if not found and not others:
        yield Finding(REMARK, "bodies by hand", f"none of those in {BODIES} belongs to a hotspot of the manifest")
