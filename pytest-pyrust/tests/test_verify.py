"""`pytest --pyrust-verify` as a user sees it, with nothing native: that must not pass for a verification."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

Runner = Callable[..., pytest.RunResult]


def test_nothing_native_is_a_failure(project: pytest.Pytester, run: Runner) -> None:
    result = run("--pyrust-verify", "-k", "words")
    result.assert_outcomes(passed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["pyrust: verification failed: no hotspots yet: `pytest --pyrust-profile` finds them*"])
    (project.path / "pyrust.toml").write_text("version = 1\n")
    result = run("--pyrust-verify", "-k", "words")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["pyrust: verification failed: no native module was loaded (`pyrust build` compiles it in place*"]
    )
    assert json.loads((project.path / ".pyrust" / "verify.json").read_text())["hotspots"] == []


@pytest.mark.parametrize("seconds", ["soon", "-1", "inf"])
def test_the_time_must_be_a_number(project: pytest.Pytester, run: Runner, seconds: str) -> None:
    result = run("--pyrust-verify", f"--pyrust-verify-seconds={seconds}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*a time is a number of seconds (0: no limit), not `{seconds}`"])


def test_with_workers(project: pytest.Pytester, run: Runner) -> None:
    pytest.importorskip("xdist")
    result = run("--pyrust-verify", "-k", "words", "-n", "2")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["pyrust: verification failed: no hotspots yet*"])


def test_a_required_module_that_is_missing(
    project: pytest.Pytester, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python would speak of circular imports."""
    package = project.path / "src" / "textkit"
    with (package / "__init__.py").open("a") as file:
        file.write("\nfrom . import _pyrust\n")
    (package / "_pyrust.cpython-39-other.so").touch()
    monkeypatch.setenv("PYRUST", "require")
    result = run("-q")
    missing = "PYRUST=require: textkit._pyrust, the native module of this package, is missing"
    other = "(for another Python there is _pyrust.cpython-39-other.so)"
    result.stdout.fnmatch_lines([f"*ImportError: {missing} {other}. `pyrust build`*"])
    assert result.ret != 0


def test_a_manifest_that_is_not_there(project: pytest.Pytester, run: Runner) -> None:
    result = run("--pyrust-verify", "--pyrust-manifest=missing.toml")
    result.stderr.fnmatch_lines(["*there is no manifest `missing.toml`; `--pyrust-profile` writes it"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
