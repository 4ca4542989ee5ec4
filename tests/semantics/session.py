"""One project of all case files, compiled for one interpreter by the product's own driver, and run by `worker.py`.

The files are dealt out to a few packages, for rustc works at several crates at once but at each with one processor.

In: the parsed case files. Out: for each call what the worker found, and for each function what the build said.
"""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from casefiles import CaseFile

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGE = "semantics"

#: So many packages there are, where there is so much text (in bytes) for each.
BATCHES, BATCH_SIZE = 4, 60_000

#: No single call may take longer; a call that hangs costs only itself.
CALL_SECONDS = float(os.environ.get("PYRUST_CASES_SECONDS", "120"))

_INIT = """\
try:
    from . import _pyrust  # noqa: F401
except ImportError:
    if __import__("os").environ.get("PYRUST") == "require":
        raise
"""

Json = dict[str, Any]


@dataclasses.dataclass
class Session:
    """Everything that one interpreter said."""

    build: Json
    functions: dict[str, Json]
    """What the build made of each function, by its full name."""
    packages: dict[str, str]
    """The package of each module."""
    outcomes: dict[int, Json]
    """What came of each call, by its identity."""


def identity(file_index: int, step_index: int) -> int:
    return file_index * 10_000 + step_index


def chosen_python() -> tuple[str, str]:
    """The interpreter that runs the cases, and its version."""
    python = os.environ.get("PYRUST_CASES_PYTHON", sys.executable)
    command = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return python, subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def deal(files: Sequence[CaseFile]) -> dict[str, str]:
    """The package of each file's module: packages of about one size, the largest files first."""
    size = {file.module: len(file.source) for file in files}
    count = max(1, min(BATCHES, sum(size.values()) // BATCH_SIZE))
    filled = dict.fromkeys([f"{PACKAGE}{number or ''}" for number in range(count)], 0)
    packages = {}
    for module in sorted(size, key=lambda module: (-size[module], module)):
        packages[module] = min(filled, key=lambda package: (filled[package], package))
        filled[packages[module]] += size[module]
    return packages


def run(files: Sequence[CaseFile], python: str, folder: Path) -> Session:
    """Builds the project in `folder` and runs every call with `python`."""
    packages = deal(files)
    write(files, packages, folder)
    build = compile_project(folder, python)
    functions = {entry["function"]: entry for entry in build["hotspots"]}
    if build["outcome"] != "native":
        raise RuntimeError(f"the case files were not compiled: {build['message']}")
    outcomes = run_calls(job(files, packages, folder), python, folder)
    session = Session(build, functions, packages, outcomes)
    (folder / "outcomes.json").write_text(json.dumps(session.outcomes, indent=1))
    return session


def write(files: Sequence[CaseFile], packages: dict[str, str], folder: Path) -> None:
    used = sorted(set(packages.values()))
    named = json.dumps(used)
    texts = {
        "pyproject.toml": f'[project]\nname = "semantics"\nversion = "0"\n\n[tool.pyrust]\npackages = {named}\n',
        "pyrust.toml": manifest(files, packages),
    }
    texts.update({f"{package}/__init__.py": _INIT for package in used})
    texts.update({f"{packages[file.module]}/{file.module}.py": file.source for file in files})
    for old in folder.glob(f"{PACKAGE}*/*.py"):
        if old.relative_to(folder).as_posix() not in texts:
            old.unlink()
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def manifest(files: Sequence[CaseFile], packages: dict[str, str]) -> str:
    entries: dict[str, list[str]] = {}
    for file in files:
        for case in file.cases:
            for name, signatures in case.signatures.items():
                package = packages[file.module]
                # Their own classes are named as if there was one package.
                own, module = rf"\b{PACKAGE}\.{file.module}\b", f"{package}.{file.module}"
                named = [re.sub(own, module, signature) for signature in signatures]
                entries.setdefault(f"{module}:{name}", []).extend(named)
    required = {
        f"{packages[file.module]}.{file.module}:{name}"
        for file in files
        for case in file.cases
        for name in case.required
    }
    lines = ["version = 1"]
    for function, signatures in sorted(entries.items()):
        listed = ", ".join(json.dumps(signature) for signature in dict.fromkeys(signatures))
        lines += ["", "[[hotspot]]", f'function = "{function}"', f"signatures = [{listed}]"]
        if function in required:
            lines.append('mode = "require"')
    return "\n".join(lines) + "\n"


def compile_project(folder: Path, python: str) -> Json:
    """As `pyrust build` does it, without optimisation by rustc: there are many functions, and each runs for an instant."""
    program = (
        "import json, sys; from pyrust.driver import build_project; "
        "print(json.dumps(build_project(sys.argv[1], sys.argv[2], echo=lambda text: print(text, file=sys.stderr))))"
    )
    level = os.environ.get("PYRUST_CASES_LEVEL", "0")
    environment = {**os.environ, "CARGO_PROFILE_RELEASE_OPT_LEVEL": level, "CARGO_INCREMENTAL": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), python],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the build failed:\n{done.stderr}")
    result: Json = json.loads(done.stdout.splitlines()[-1])
    (folder / "build.json").write_text(json.dumps(result, indent=1))
    return result


def job(files: Sequence[CaseFile], packages: dict[str, str], folder: Path) -> Json:
    from pyrust import equal

    steps = []
    for file_index, file in enumerate(files):
        package = packages[file.module]
        refused = {name for case in file.cases for name in case.refused}
        optional = {name for case in file.cases for name in case.optional}
        number = 0
        for case in file.cases:
            for step in case.steps:
                steps.append(
                    {
                        "id": identity(file_index, number),
                        "package": package,
                        "module": file.module,
                        "text": step.text,
                        "setup": step.setup,
                        "statement": step.statement,
                        "marks": step.marks,
                        "refused": step.function in refused,
                        "optional": step.function in optional,
                        "full": f"{package}.{file.module}:{step.function}",
                    }
                )
                number += 1
    return {"equal": equal.__file__, "steps": steps, "skip": []}


def run_calls(todo: Json, python: str, folder: Path) -> dict[int, Json]:
    """Runs the worker, again after each crash, until every call has an outcome."""
    outcomes: dict[int, Json] = {}
    calls = [step["id"] for step in todo["steps"] if not step["statement"]]
    while missing := [number for number in calls if number not in outcomes]:
        todo["skip"] = sorted(outcomes)
        path = folder / "job.json"
        path.write_text(json.dumps(todo))
        started, ending = _one_process(path, python, folder, outcomes)
        if started is None and missing[-1] not in outcomes:
            raise RuntimeError(f"the worker did not work: {ending}")
        if started is not None:
            outcomes[started] = {"problems": [f"the process died: {ending}"], "points": 0}
    return outcomes


def _one_process(path: Path, python: str, folder: Path, outcomes: dict[int, Json]) -> tuple[int | None, str]:
    """Runs one worker; which call had started and not ended, and how the process ended."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYRUST")}
    environment |= {"PYTHONPATH": str(folder), "PYTHONHASHSEED": "0", "PYRUST": "require", "PYTHONFAULTHANDLER": "1"}
    if without := os.environ.get("PYRUST_WITHOUT"):
        environment["PYRUST_WITHOUT"] = without
    with open(folder / "worker-errors.txt", "w+") as errors:
        worker = subprocess.Popen(
            [python, str(HERE / "worker.py"), str(path)],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        lines: queue.Queue[str | None] = queue.Queue()

        def read() -> None:
            assert worker.stdout is not None
            for line in worker.stdout:
                lines.put(line)
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        started: int | None = None
        hung = False
        while True:
            try:
                line = lines.get(timeout=CALL_SECONDS)
            except queue.Empty:
                hung = True
                worker.kill()
                break
            if line is None:
                break
            message = json.loads(line)
            if "start" in message:
                started = message["start"]
            elif "done" in message:
                outcomes[message["done"]] = message
                started = None
        code = worker.wait()
        errors.seek(0)
        said = errors.read()[-1500:]
    return started, "no answer in time" if hung else f"exit code {code}; {said}"
