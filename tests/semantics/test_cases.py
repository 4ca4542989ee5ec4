"""Every call of `tests/cases/**/*.md`, natively and in Python, on one interpreter.

`PYRUST_CASES_PYTHON` chooses the interpreter that runs the cases (default: the running one), `PYRUST_CASES` a part of
the files (a substring of their names), `PYRUST_CASES_FOLDER` where the project is built.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from build import PACKAGE, ROOT, Session, identity, run
from casefiles import Case, CaseFile, load

pytestmark = pytest.mark.slice

FILES = [file for file in load() if os.environ.get("PYRUST_CASES", "") in file.name]


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
    python = os.environ.get("PYRUST_CASES_PYTHON", sys.executable)
    version = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=True
    ).stdout.strip()
    chosen = os.environ.get("PYRUST_CASES_FOLDER")
    folder = Path(chosen) if chosen else ROOT / "target" / "semantics"
    return run(FILES, python, folder / version)


@pytest.mark.parametrize(("index", "first", "file", "case"), _cases())
def test_case(session: Session, index: int, first: int, file: CaseFile, case: Case) -> None:
    problems = []
    for name in case.signatures:
        entry = session.functions[f"{PACKAGE}.{file.module}:{name}"]
        if name not in case.optional and (entry["state"] == "native") == (name in case.refused):
            problems.append(f"{name} is {entry['state']}: {entry['reason']}")
    for number, step in enumerate(case.steps, first):
        if not step.statement:
            found = session.outcomes[identity(index, number)]["problems"]
            problems += [f"{file.path.name}:{step.line}: {step.text}\n    {problem}" for problem in found]
    assert not problems, "\n" + "\n".join(problems)


def test_there_are_enough_calls() -> None:
    calls = sum(not step.statement for file in load() for case in file.cases for step in case.steps)
    assert calls >= 250
