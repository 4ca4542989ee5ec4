"""Invented operands that log themselves, natively and in Python: a sample in `make test`, all in `make test-all`.

`PYRUST_CASES_OPERANDS` is how many rounds there are, each with every template (default: a part of one round), and
`PYRUST_CASES_INVENT=operands:SEED:COUNT` runs others, see `test_cases.py`, which says what else can be chosen.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

import invent_operands
from casefiles import Case, CaseFile, load
from session import ROOT, Session, chosen_python, identity, run

SAMPLE = 250


def _files() -> list[CaseFile]:
    """A file for each round, for a crate of its own."""
    # Where a pass of the compiler is left out, another build is made for each: the part is enough.
    rounds = 0 if "PYRUST_WITHOUT" in os.environ else int(os.environ.get("PYRUST_CASES_OPERANDS", "0"))
    count = len(invent_operands.read().templates) if rounds else SAMPLE
    with tempfile.TemporaryDirectory(prefix="pyrust-operands-") as folder:
        for seed in range(1, max(rounds, 1) + 1):
            Path(folder, f"seed-{seed}.md").write_text(invent_operands.case_file(seed, count), encoding="utf-8")
        return load(Path(folder))


def _cases(files: list[CaseFile]) -> Sequence[object]:
    found = []
    for index, file in enumerate(files):
        number = 0
        for case in file.cases:
            # Not strict: it depends on what operands were drawn.
            known = case.heading.endswith(f", {invent_operands.KNOWN}")
            marks = [pytest.mark.xfail(reason="a known difference", strict=False)] * known
            found.append(pytest.param(index, number, case, id=f"{file.name}: {case.heading}", marks=marks))
            number += len(case.steps)
    return found


FILES = _files()


@pytest.fixture(scope="module")
def session() -> Session:
    python, version = chosen_python()
    chosen = os.environ.get("PYRUST_CASES_FOLDER")
    folder = Path(chosen) if chosen else ROOT / "target" / "semantics"
    return run(FILES, python, folder / f"{version}-operands")


@pytest.mark.parametrize(("index", "first", "case"), _cases(FILES))
def test_program(session: Session, index: int, first: int, case: Case) -> None:
    problems = []
    for number, step in enumerate(case.steps, first):
        found = session.outcomes[identity(index, number)]["problems"]
        problems += [f"{step.text}\n    {problem}" for problem in found]
    assert not problems, "\n" + "\n".join(problems)


def test_most_programs_are_native(session: Session) -> None:
    """Or nothing would be compared."""
    states = [entry["state"] for entry in session.functions.values()]
    assert states.count("native") > 0.6 * len(states)
