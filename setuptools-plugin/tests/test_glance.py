"""Calls that began before anybody looked: the sampler meets them, and the recorder notes what they were given."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyrust import runinfo, signatures
from pyrust.record import Recorder

pytestmark = pytest.mark.slice

SOURCE = """
def rebinds_here(back, x):
    x = str(x)
    back()
    return x

def shares(back, x):
    y = [x]
    back()
    return lambda: x, y

def rebinds_inside(back, x):
    def inner():
        nonlocal x
        x = str(x)
    inner()
    back()
    return x
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[runinfo.Project]:
    (tmp_path / "glanced.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYRUST", "auto")
    modules = {"glanced": str(tmp_path / "glanced.py")}
    yield runinfo.Project(tmp_path, tmp_path / "pyrust.toml", 1.0, ["glanced"], modules)
    sys.modules.pop("glanced", None)


@pytest.mark.parametrize(
    ("name", "expected"), [("shares", [("(object, int) -> ?", 1)]), ("rebinds_here", None), ("rebinds_inside", None)]
)
def test_a_call_that_began_before_anybody_looked(
    project: runinfo.Project, name: str, expected: list[tuple[str, int]] | None
) -> None:
    recorder = Recorder(project, everything=False)
    function = getattr(importlib.import_module("glanced"), name)

    def begin_to_look() -> None:
        recorder.start()
        recorder.met(sys._getframe(1))
        recorder.met(sys._getframe(1))

    try:
        function(begin_to_look, 3)
    finally:
        recorder.stop()
    found = recorder.functions.get("glanced:" + name)
    assert (found and signatures.tidy(found["signatures"])) == expected
    assert found is None or not found["samples"]
