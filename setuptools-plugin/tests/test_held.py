"""What instances hold is seen as deep wherever they are met."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyrust import runinfo
from pyrust.record import Recorder

pytestmark = pytest.mark.slice

SOURCE = """
class World:
    def __init__(self):
        self.tasks = []

class Task:
    def __init__(self, world):
        self.world = world
        self.rows = [[[1.5]]]
        world.tasks.append(self)

class Link:
    def __init__(self, then):
        self.then = then
        self.pair = (then, [1])

def run(task):
    return 1

def deep(groups):
    return 2

def walk(link):
    return 3
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[runinfo.Project]:
    (tmp_path / "held.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYRUST", "auto")
    yield runinfo.Project(tmp_path, tmp_path / "pyrust.toml", 1.0, ["held"], {"held": str(tmp_path / "held.py")})
    sys.modules.pop("held", None)


def test_instances_behind_others_and_in_containers(project: runinfo.Project) -> None:
    held = importlib.import_module("held")
    tasks = [held.Task(held.World()) for _ in range(3)]
    last = None
    for _ in range(10_000):
        last = held.Link(last)
    recorder = Recorder(project, everything=True)
    recorder.start()
    try:
        held.run(tasks[0])
        held.deep({1: [[(2, [tasks[1]])]]})
        held.walk(last)
    finally:
        recorder.stop()
    found = {owner: {name: set(types) for name, types in of.items()} for owner, of in recorder.attributes.items()}
    assert found["held.World"] == {"tasks": {"list[held.Task]"}}
    assert found["held.Task"] == {"world": {"held.World"}, "rows": {"list[list[list[float]]]"}}
    assert found["held.Link"] == {"then": {"held.Link"}, "pair": {"tuple[held.Link, list[int]]"}}
