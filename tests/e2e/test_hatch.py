"""The hatch door."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

from installs import Venv, in_place_modules, licenses_in, native, only_wheel, run


@pytest.mark.slice
def test_editable(venv: Venv, statkit: Path) -> None:
    output = venv.install("-e", statkit)
    assert "hotspots native" in output
    assert "statkit.primes:sieve" in native(venv.status("statkit", "statkit"))
    assert venv.python("import statkit; print(statkit.sieve(12))").strip() == "[2, 3, 5, 7, 11]"


def test_editable_wheel_is_tagged_for_its_python(venv: Venv, statkit: Path) -> None:
    """hatch's own tag would let uv install it for another Python, where there is no module."""
    assert "filename=statkit-1.0.0-cp3" in venv.install("-e", statkit)


def test_wheel(venv: Venv, statkit: Path, tmp_path: Path) -> None:
    venv.install("pyrust-optimizer")
    run([venv.program("pyrust"), "build"], folder=statkit)
    assert len(in_place_modules(statkit)) == 1
    (statkit / "statkit/_pyrust.cpython-399-x86_64-linux-gnu.so").write_text("foreign")
    venv.wheel(statkit, tmp_path / "out")
    wheel = only_wheel(tmp_path / "out")
    assert "-none-any" not in wheel.name
    [module] = [name for name in zipfile.ZipFile(wheel).namelist() if "_pyrust" in name]
    assert "399" not in module
    assert licenses_in(wheel) == "statkit-1.0.0.dist-info/licenses/pyrust/licenses.txt"
    venv.install("--no-deps", "--force-reinstall", wheel)
    assert "statkit.primes:sieve" in native(venv.status("statkit", "statkit"))


def test_sdist_builds_elsewhere(venv: Venv, statkit: Path, tmp_path: Path) -> None:
    venv.install("build", "hatchling", "pyrust-optimizer")
    (statkit / "statkit/_pyrust.cpython-399-x86_64-linux-gnu.so").write_text("foreign")
    # The hook must bring the manifest along when the project selects what an sdist has.
    with (statkit / "pyproject.toml").open("a") as file:
        file.write('\n[tool.hatch.build.targets.sdist]\nonly-include = ["statkit"]\n')
    run([venv.executable, "-m", "build", "--sdist", "--no-isolation", "-o", tmp_path / "sdist", statkit])
    [sdist] = (tmp_path / "sdist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert "statkit-1.0.0/pyrust.toml" in names
    assert not [name for name in names if name.endswith((".so", ".pyd")) or ".pyrust" in name]
    venv.wheel(sdist, tmp_path / "out")
    assert "-none-any" not in only_wheel(tmp_path / "out").name


def test_without_cargo(venv: Venv, statkit: Path, tmp_path: Path) -> None:
    output = venv.wheel(statkit, tmp_path / "out", CARGO="/nowhere/cargo")
    assert "continuing as pure Python" in output
    assert only_wheel(tmp_path / "out").name.endswith("-none-any.whl")
