"""The examples, as their READMEs say: install, test, verify."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from installs import EXAMPLES, ROOT, Venv, cargo_target, copy_example, run

#: example → (package, a hotspot that must be native)
NAMES = {
    "setuptools-textkit": "textkit",
    "hatch-statkit": "statkit",
    "maturin-checksums": "checksums",
    "continuous_improvement": "continuous_improvement",
    "bodies-faster": "editkit",
}
#: Examples of what must not pass.
REJECTED = {"bodies-rejected"}


def test_all_examples_are_listed() -> None:
    assert {path.parent.name for path in EXAMPLES.glob("*/pyproject.toml")} == set(NAMES) | REJECTED


def has_a_crate(name: str) -> bool:
    return (EXAMPLES / name / "Cargo.toml").exists()


def marks(name: str) -> list[pytest.MarkDecorator]:
    """Those in which cargo compiles the compiler too come one after the other, with those of `test_doors.py`."""
    return [pytest.mark.xdist_group("cargo")] if has_a_crate(name) else []


@pytest.mark.slice
@pytest.mark.parametrize("name", [pytest.param(name, marks=marks(name)) for name in sorted(NAMES)])
def test_example(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    venv: Venv = request.getfixturevalue("cargo_venv" if has_a_crate(name) else "venv")
    project = copy_example(name, tmp_path)
    target = None
    if has_a_crate(name):
        text = (project / "Cargo.toml").read_text().replace("../..", ROOT.as_posix())
        (project / "Cargo.toml").write_text(text)
        shutil.copy(ROOT / "Cargo.lock", project)
        target = cargo_target()
    venv.install("-e", f"{project}[test]", CARGO_TARGET_DIR=target)
    pytest_command: list[str | Path] = [venv.executable, "-m", "pytest", "-q"]

    # The same tests pass natively and as Python.
    run([*pytest_command, "-p", "no:cacheprovider"], folder=project, environment={"PYRUST": "require"})
    run([*pytest_command, "-p", "no:cacheprovider"], folder=project, environment={"PYRUST": "python"})

    # The committed manifest fits the sources, and everything in it is native.
    run([venv.program("pyrust"), "check"], folder=project)
    status = venv.status(NAMES[name], NAMES[name])
    assert status
    assert {function: entry for function, entry in status.items() if entry["state"] != "native"} == {}

    verified = run([*pytest_command, "--pyrust-verify"], folder=project)
    assert "pyrust" in verified.stdout

    report = json.loads(run([venv.program("pyrust"), "report", "--json"], folder=project).stdout)
    assert {entry["function"] for entry in report["hotspots"]} == set(status)


def test_a_wrong_body_is_rejected(venv: Venv, tmp_path: Path) -> None:
    """hatch; the tests of the project pass, verification does not."""
    project = copy_example("bodies-rejected", tmp_path)
    venv.install("-e", f"{project}[test]")
    assert venv.status("slotkit", "slotkit")["slotkit.slots:slots"]["state"] == "native"
    command: list[str | Path] = [venv.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run(command, folder=project, environment={"PYRUST": "require"})
    done = subprocess.run([*command, "--pyrust-verify"], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "slotkit.slots:slots differs from Python on invented arguments" in done.stdout
