"""Code that none of us wrote, from the package registry, as a stranger would compile it.

Each project is set up, profiled, compiled and verified with the published commands; its own tests must come out the same
natively. Tests of the product never name these projects, and the product does not know them.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import paired
from installs import run
from projects import PROJECTS, Project

_OUTCOME = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) (\S+)", re.MULTILINE)
_STATUS = """
import importlib, json, sys
module = importlib.import_module(sys.argv[1] + "._pyrust")
for name in sys.argv[2:]:
    importlib.import_module(name)
print(json.dumps(module.status()))
"""

pytestmark = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("pyrust", "pytest_pyrust")),
    reason="needs both distributions installed; `make test` does that",
)


@dataclasses.dataclass(frozen=True)
class Compiled:
    """What became of a project."""

    native: set[str]
    python: dict[str, str]
    verified: set[str]
    differences: list[Any]


class Stranger:
    """Types the commands of the documentation in a copy of a project."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = project
        self.folder = folder

    def pyrust(self, *arguments: str) -> str:
        return run([sys.executable, "-m", "pyrust", *arguments], folder=self.folder).stdout

    def pytest(self, *arguments: str, mode: str | None = None) -> dict[str, str]:
        """Runs the project's own tests; returns test → outcome."""
        command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *self.project.tests]
        environment = {"PYTHONPATH": self.project.path, "PYRUST": mode}
        output = run([*command, *arguments], folder=self.folder, environment=environment).stdout
        outcomes = {test: outcome for outcome, test in _OUTCOME.findall(output)}
        assert outcomes, output
        return outcomes

    def hotspots(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.pyrust("report", "--json"))["hotspots"]
        return found


def compile_and_verify(project: Project, folder: Path) -> Compiled:
    folder.mkdir()
    project.prepare(folder)
    stranger = Stranger(project, folder)
    before = stranger.pytest()

    stranger.pyrust("init")
    assert stranger.pytest("--pyrust-profile", "--pyrust-threshold=0") == before
    assert (folder / "pyrust.toml").is_file()
    stranger.pyrust("check")
    built = json.loads(stranger.pyrust("build", "--json"))
    refused = {entry["function"]: entry["reason"] for entry in built["hotspots"] if entry["state"] == "python"}

    assert stranger.pytest(mode="require") == before
    assert stranger.pytest(mode="python") == before
    assert stranger.pytest("--pyrust-verify", f"--pyrust-report=json:{folder / 'verify.json'}") == before
    report = json.loads((folder / "verify.json").read_text(encoding="utf-8"))

    hotspots = {entry["function"]: entry for entry in stranger.hotspots()}
    assert hotspots.keys() == {entry["function"] for entry in built["hotspots"]}
    native = {name for name, entry in hotspots.items() if entry["state"] == "native"}
    assert native | refused.keys() == hotspots.keys(), "a hotspot is neither native nor refused with a reason"
    assert all(refused.values())
    return Compiled(
        native=native,
        python=refused,
        verified={entry["function"] for entry in report["hotspots"] if entry["equal"]},
        differences=report["differences"],
    )


@pytest.fixture(scope="module")
def finished() -> dict[str, Compiled]:
    """The projects of this run so far."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize("name", PROJECTS)
def test_project(name: str, tmp_path: Path, finished: dict[str, Compiled], lines: list[str]) -> None:
    project = PROJECTS[name]
    folder = tmp_path / name
    compiled = compile_and_verify(project, folder)
    assert compiled.native
    assert compiled.verified
    assert compiled.verified <= compiled.native
    assert not compiled.differences

    # The timed calls check once more that both sides agree, on larger arguments than the tests have.
    path = project.path.replace(":", ";" if sys.platform == "win32" else ":")
    times = paired.compare(folder, path, project.setup, project.calls)
    called = len(compiled.native) + len(compiled.python)
    faster = ", ".join(f"{call} {pair.speedup:.1f}x" for call, pair in times.items())
    lines.append(
        f"{name} ({project.pin.distribution} {project.pin.version}): {len(compiled.native)} of {called} native"
    )
    lines.append(f"    {faster}")
    lines.extend(f"    Python: {function.partition(':')[2]}: {why}" for function, why in compiled.python.items())
    finished[name] = compiled


def test_enough_is_native(finished: dict[str, Compiled]) -> None:
    if finished.keys() != PROJECTS.keys():
        pytest.skip("not every project was compiled in this run")
    assert sum(len(compiled.native) for compiled in finished.values()) >= 12
