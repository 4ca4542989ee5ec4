"""Every call of `tests/cases/**/*.md`, natively and in Python, on one interpreter.

`PYRUST_CASES_PYTHON` chooses the interpreter that runs the cases (default: the running one), `PYRUST_CASES` a part of
the files (a substring of their names; `-m slice` takes a part as well), `PYRUST_CASES_FOLDER` where the project is built. `PYRUST_CASES_INVENT=SEED:COUNT`
runs so many invented programs instead (see `invent.py`; `objects:SEED:COUNT`: programs with classes, see `invent_objects.py`; `bits:SEED:COUNT`: ints around 64 bits, see `invent_bits.py`; `iterators:SEED:COUNT`: what goes through iterables, see `invent_iterators.py`; `operands:SEED:COUNT`: operands that log themselves, see `invent_operands.py`): a way to look for what no case shows yet. `PYRUST_CASES_LEVEL` is how much rustc optimises (default: 0), `PYRUST_CASES_SECONDS` how long a call may take (default: 120).
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

import invent
import invent_bits
import invent_iterators
import invent_objects
import invent_operands
from casefiles import Case, CaseFile, chosen, load
from session import ROOT, Session, chosen_python, identity, run

pytestmark = pytest.mark.slice

INVENTED = {
    "": invent.case_file,
    "objects": invent_objects.case_file,
    "bits": invent_bits.case_file,
    "iterators": invent_iterators.case_file,
    "operands": invent_operands.case_file,
}


def _files() -> list[CaseFile]:
    if wanted := os.environ.get("PYRUST_CASES_INVENT"):
        kind = next((kind for kind in INVENTED if kind and wanted.startswith(f"{kind}:")), "")
        seed, _, count = wanted.removeprefix(f"{kind}:").partition(":")
        folder = Path(tempfile.mkdtemp(prefix="pyrust-invented-"))
        path = folder / f"seed-{seed}.md"
        path.write_text(INVENTED[kind](int(seed), int(count or 40)), encoding="utf-8")
        return load(folder)
    return chosen(load(), os.environ.get("PYRUST_CASES", ""), sys.version_info.minor)


FILES = _files()


def _cases() -> Sequence[object]:
    found = []
    for index, file in enumerate(FILES):
        number = 0
        for case in file.cases:
            found.append(pytest.param(index, number, file, case, id=f"{file.name}: {case.heading}"))
            number += len(case.steps)
    return found


@pytest.fixture(scope="session")
def session() -> Session:
    python, version = chosen_python()
    chosen = os.environ.get("PYRUST_CASES_FOLDER")
    folder = Path(chosen) if chosen else ROOT / "target" / "semantics"
    return run(FILES, python, folder / version)


@pytest.mark.parametrize(("index", "first", "file", "case"), _cases())
def test_case(session: Session, index: int, first: int, file: CaseFile, case: Case) -> None:
    problems = []
    for name in case.signatures:
        entry = session.functions[f"{session.packages[file.module]}.{file.module}:{name}"]
        whole = entry["state"] == "native" and not entry["regions"]
        if name in case.loops and not entry["regions"] and "PYRUST_WITHOUT" not in os.environ:
            problems.append(f"no loop of {name} is native: {entry['reason']}")
        elif name not in case.optional | case.loops and whole == (name in case.refused):
            problems.append(f"{name} is {entry['state']}, loops at {entry['regions']}: {entry['reason']}")
    for number, step in enumerate(case.steps, first):
        if not step.statement:
            found = session.outcomes[identity(index, number)]["problems"]
            problems += [f"{file.path.name}:{step.line}: {step.text}\n    {problem}" for problem in found]
    assert not problems, "\n" + "\n".join(problems)


def test_there_are_enough_calls() -> None:
    calls = sum(not step.statement for file in load() for case in file.cases for step in case.steps)
    assert calls >= 1500
