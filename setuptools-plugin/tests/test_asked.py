"""What the profile asks the compiler: the same answers as a build gives, and no more than there is time for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyrust import _engine, asked, profile, runinfo

EXAMPLES = Path(__file__).parents[2] / "examples"
WITH_MANIFEST = sorted(path.parent for path in EXAMPLES.glob("*/pyrust.toml"))


@pytest.mark.parametrize("root", WITH_MANIFEST, ids=lambda root: str(root.name))
def test_the_answers_are_those_of_a_build(root: Path) -> None:
    built = json.loads(_engine.generate(str(root), None, None, True))
    said = _engine.asked(str(root), None)
    keys = ("function", "state", "reason", "left")
    of_a_build = [{key: entry[key] for key in keys} for package in built["packages"] for entry in package["functions"]]
    assert of_a_build == said["functions"]
    assert said["work"] > 0 or not any(entry["state"] == "native" for entry in said["functions"])


def test_without_time_only_what_has_to_be_known_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "kit"\nversion = "1"\n[tool.pyrust]\npackages = ["kit"]\n'
    )
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit/__init__.py").touch()
    (tmp_path / "kit/core.py").write_text("def add(a, b):\n    return a + b\n")
    (tmp_path / "pyrust.toml").write_text(
        'version = 1\n\n[[hotspot]]\nfunction = "kit.core:add"\nsignatures = ["(int, int) -> int"]\n'
    )
    questions: list[str] = []

    def answer(root: str, manifest: str | None) -> dict[str, Any]:
        questions.append("functions")
        entry = {"function": "kit.core:add", "state": "python", "reason": "PYR0305 why", "left": []}
        return {"functions": [entry], "work": asked.MOST_WORK}

    def attributes(root: str, manifest: str | None, observed: str) -> dict[str, Any]:
        questions.append("attributes")
        return {"unsaid": ["kit.core.Pair.left"], "unasked": [], "work": 1}

    monkeypatch.setattr(_engine, "asked", answer)
    monkeypatch.setattr(_engine, "attributes", attributes)
    project = runinfo.load(tmp_path)
    compiler = asked.Compiler(project)
    assert compiler.has_time
    answers = compiler.answers(project.manifest, ["kit.core:add"])
    assert not compiler.has_time
    told: dict[str, Any] = {"version": profile.VERSION, "threshold": 0.0, "measured": True, "functions": []}
    hot = ["kit.core:add"]
    assert profile._compiled(compiler, told, hot, {"kit.core:other"}) == set()
    seen = {"kit.core.Pair.left": "int"}
    assert not profile._telling(compiler, told, hot, answers, seen), "what nobody has looked at is not told"
    assert questions.count("functions") == 1
