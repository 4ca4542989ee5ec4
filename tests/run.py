"""The targets of the Makefile: `python3 tests/run.py TARGET`. Standard library only."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import demo as demonstration
import stats as statistics
from distributions import DEVELOPMENT, build_wheels, cargo_environment
from machine import (
    ROOT,
    VENVS,
    Failed,
    Python,
    Steps,
    environment_for,
    interpreters,
    python_in,
    rust_release,
    say,
)

TESTS = ROOT / "tests"
#: What isolated builds need, fetched once, so that the tests themselves need no network.
WHEELHOUSE = VENVS / "wheelhouse"
#: Wheels of both distributions, as the tests install them.
WHEELS = VENVS / "wheels"
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--python", default=os.environ.get("PYTHON") or sys.executable)
    options = parser.parse_args()
    steps = Steps()
    try:
        if not rust_release():
            raise Failed("no Rust here: install it from https://rustup.rs")
        python, others = interpreters(options.python)
        TARGETS[options.target](steps, python, others)
    except Failed as error:
        say(f"\nerror: {error}")
        steps.failed = steps.failed or [str(error)]
    except KeyboardInterrupt:
        return 130
    return steps.finish(quiet=options.target in ("demo", "stats"))


def fetch_build_requirements(steps: Steps, tool: Path, pythons: Sequence[Python]) -> None:
    wanted = ["setuptools>=77", "setuptools-rust", "wheel", "hatchling", "editables", "build", "maturin", "pytest>=8"]
    wanted += ["hypothesis"]
    stamp = WHEELHOUSE / "stamp"
    text = " ".join([*wanted, *(python.version for python in pythons)])
    if not (stamp.is_file() and stamp.read_text() == text):
        shutil.rmtree(WHEELHOUSE, ignore_errors=True)
        steps.run("wheels that the tests install", [tool, "-m", "pip", "wheel", "--quiet", "-w", WHEELHOUSE, *wanted])
        # Those of one version only.
        for python in pythons:
            only = ["--only-binary", ":all:", "--python-version", python.version]
            steps.run(
                f"scipy for Python {python.version}, for an example's tests",
                [tool, "-m", "pip", "download", "--quiet", "-d", WHEELHOUSE, *only, "scipy"],
            )
        stamp.write_text(text)


def prepare(steps: Steps, pythons: Sequence[Python]) -> None:
    """Environments with both distributions installed from wheels, as a user has them."""
    tools = [environment_for(steps, python, python.environment(), [DEVELOPMENT]) for python in pythons]
    build_wheels(steps, tools[0], pythons, WHEELS, "dev")
    fetch_build_requirements(steps, tools[0], pythons)
    for python, tool in zip(pythons, tools, strict=True):
        install = [tool, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", "--no-index"]
        steps.run(
            f"both distributions into the environment of {python.version}",
            [*install, "--find-links", WHEELS, "pyrust-optimizer", "pytest-pyrust"],
        )


def pytest(steps: Steps, python: Python, folder: Path, *arguments: str, without: str = "") -> None:
    """One folder of tests, in a process of its own: some start compilers, some count references.

    `without`: optimisations that are left out.
    """
    environment = {
        "PYRUST_TEST_WHEELS": str(WHEELS),
        "PYRUST_TEST_WHEELHOUSE": str(WHEELHOUSE),
        "PYRUST_CACHE_DIR": str(VENVS / "cache"),
        "CARGO_TARGET_DIR": cargo_environment(python)["CARGO_TARGET_DIR"],
    }
    if without:
        environment["PYRUST_WITHOUT"] = without
    where = folder.relative_to(ROOT)
    # Installing is mostly waiting for one processor at a time, and the values know nothing of each other.
    parallel = ["-n", "2"] if folder.parent.name == "pytest-pyrust" or folder.name in ("e2e", "runtime-values") else []
    command = [python_in(python.environment()), "-m", "pytest", "-q", "--durations=5", *parallel, *arguments, where]
    title = f"{where} on Python {python.version}" + (f" without {without}" if without else "")
    steps.run(title, command, environment=environment, go_on=True)


def test_folders() -> list[Path]:
    found = {path.parent for path in TESTS.glob("*/test_*.py")}
    return [ROOT / "setuptools-plugin/tests", ROOT / "pytest-pyrust/tests", *sorted(found)]


#: Run completely on every interpreter: they depend on how it works inside.
VERSIONED = ("activation", "runtime-values", "runtime-fuzz")


def passes() -> list[str]:
    """The optimisations that can be left out, as the compiler lists them."""
    text = (ROOT / "pyrust-build/src/passes.rs").read_text(encoding="utf-8")
    return re.findall(r'\("(\w+)", Pass::', text)


def everything(steps: Steps, python: Python) -> None:
    for folder in test_folders():
        pytest(steps, python, folder)


def test(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    say(f"everything on Python {python.full}, a slice on: {', '.join(each.full for each in others) or 'none found'}")
    prepare(steps, [python, *others])
    rust_tests(steps, python)
    everything(steps, python)
    for other in others:
        for folder in test_folders():
            if folder.name in VERSIONED:
                pytest(steps, other, folder)
            elif any("mark.slice" in path.read_text(encoding="utf-8") for path in folder.glob("test_*.py")):
                # One slice of the cases runs without any optimisation: the answers must not depend on them.
                plain = folder.name == "semantics" and other is others[0]
                pytest(steps, other, folder, "-m", "slice", without="all" if plain else "")


def test_all(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    say(f"everything on: {', '.join(each.full for each in [python, *others])}")
    prepare(steps, [python, *others])
    for each in (python, *others):
        rust_tests(steps, each)
        everything(steps, each)
    for without in ("all", *passes()):
        pytest(steps, python, TESTS / "semantics", without=without)
    mutants(steps, python, [])


def rust_tests(steps: Steps, python: Python) -> None:
    steps.run(
        f"cargo test for Python {python.full}",
        ["cargo", "test", "--workspace", "--quiet"],
        environment=cargo_environment(python),
        go_on=True,
    )


def dev(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    tool = environment_for(steps, python, VENVS / "dev", [DEVELOPMENT])
    environment = {**cargo_environment(python), "VIRTUAL_ENV": str(VENVS / "dev")}
    steps.run(
        "pyrust-optimizer, editable",
        [tool, "-m", "maturin", "develop", "--profile", "dev", "--quiet", "-m", "setuptools-plugin/Cargo.toml"],
        environment=environment,
    )
    install = [tool, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    steps.run("pytest-pyrust, editable", [*install, "-e", "./pytest-pyrust"])
    say("\nready: `. .venvs/dev/bin/activate`, then `pyrust --help`")


def lint(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    tool = environment_for(steps, python, VENVS / "dev", [DEVELOPMENT])
    cargo = cargo_environment(python)
    steps.run("rustfmt", ["cargo", "fmt", "--all", "--check"], go_on=True)
    clippy = ["cargo", "clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]
    steps.run("clippy", clippy, environment=cargo, go_on=True)
    steps.run("ruff check", [tool, "-m", "ruff", "check", "."], go_on=True)
    steps.run("ruff format", [tool, "-m", "ruff", "format", "--check", "."], go_on=True)
    typed = ["setuptools-plugin/python/pyrust", "pytest-pyrust/src/pytest_pyrust", *sorted(TESTS.glob("*.py"))]
    steps.run("mypy --strict", [tool, "-m", "mypy", "--strict", *typed], go_on=True)


def format_(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    tool = environment_for(steps, python, VENVS / "dev", [DEVELOPMENT])
    steps.run("rustfmt", ["cargo", "fmt", "--all"])
    steps.run("ruff", [tool, "-m", "ruff", "check", "--fix-only", "."])
    steps.run("ruff format", [tool, "-m", "ruff", "format", "."])


def wheels(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    tool = environment_for(steps, python, VENVS / "dev", [DEVELOPMENT])
    build_wheels(steps, tool, [python], ROOT / "dist", "release")
    for file in sorted((ROOT / "dist").glob("*.whl")):
        say(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1e6:.1f} MB")


def profile(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    """Finds the hot functions of the examples anew; what changes in a manifest shows in the diff."""
    dev(steps, python, others)
    for example in EXAMPLES:
        sources = next(folder for folder in ("src", "python", ".") if any((example / folder).glob("*/__init__.py")))
        steps.run(
            f"profile of {example.name}",
            [python_in(VENVS / "dev"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyrust-profile"],
            environment={"PYTHONPATH": str(example / sources)},
            folder=example,
        )


def bench(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    measure(steps, python, "1.0")
    compare(steps, others)
    steps.run("generator", ["cargo", "bench", "--quiet", "-p", "pyrust-build"], environment=cargo_environment(python))


def bench_quick(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    measure(steps, python, "0.2")
    compare(steps, others, "--quick", "--seconds", "60")


def measure(steps: Steps, python: Python, seconds: str) -> None:
    """Native against Python on the kernels of benches/, paired."""
    dev(steps, python, [])
    kernels = ROOT / "benches" / "kernels"
    tool = python_in(VENVS / "dev")
    steps.run("kernels", [tool, "-m", "pyrust", "build"], folder=kernels)
    steps.run("paired comparison", [tool, "paired.py", seconds], folder=kernels, go_on=True)


def compare(steps: Steps, others: Sequence[Python], *options: str) -> None:
    """PyRust, its peers and hand-written Rust on everyday code; results go to docs/benchmarks."""
    newest = [word for other in others[-1:] for word in ("--other", other.path)]
    command = [python_in(VENVS / "dev"), "compare.py", *newest, *options]
    steps.run("comparison", command, folder=ROOT / "benches" / "compare", go_on=True)


def mutants(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    """Breaks one rule of the compiler or the runtime at a time; the cases must notice each."""
    dev(steps, python, [])
    command = [python_in(VENVS / "dev"), TESTS / "mutants/mutants.py", "--python", python.path]
    steps.run("broken rules", command, go_on=True)


def demo(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    demonstration.run(steps, python)


def stats(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    statistics.show()


TARGETS: dict[str, Callable[[Steps, Python, Sequence[Python]], None]] = {
    "bench": bench,
    "bench-quick": bench_quick,
    "demo": demo,
    "dev": dev,
    "format": format_,
    "lint": lint,
    "mutants": mutants,
    "profile": profile,
    "stats": stats,
    "test": test,
    "test-all": test_all,
    "wheels": wheels,
}

if __name__ == "__main__":
    sys.exit(main())
