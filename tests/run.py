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
    Task,
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
    first = environment_for(steps, pythons[0], pythons[0].environment(), [DEVELOPMENT])
    tools = {pythons[0]: first}

    def others() -> None:
        for python in pythons[1:]:
            tools[python] = environment_for(steps, python, python.environment(), [DEVELOPMENT])
        fetch_build_requirements(steps, first, pythons)

    wheels = Task(frozenset({"cargo"}), lambda: build_wheels(steps, first, pythons, WHEELS, "dev"))
    steps.together([wheels, Task(frozenset({"pip"}), others)])
    for python, tool in tools.items():
        install = [tool, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", "--no-index"]
        steps.run(
            f"both distributions into the environment of {python.version}",
            [*install, "--find-links", WHEELS, "pyrust-optimizer", "pytest-pyrust"],
        )


def test_environment(python: Python) -> dict[str, str]:
    """What tests are told: where the wheels are, and where is built."""
    return {
        "PYRUST_TEST_WHEELS": str(WHEELS),
        "PYRUST_TEST_WHEELHOUSE": str(WHEELHOUSE),
        "PYRUST_CACHE_DIR": str(VENVS / "cache"),
        "CARGO_TARGET_DIR": cargo_environment(python)["CARGO_TARGET_DIR"],
    }


def pytest(steps: Steps, python: Python, folder: Path, *arguments: str, without: str = "") -> None:
    """One folder of tests, in a process of its own: some start compilers, some count references.

    `without`: optimisations that are left out.
    """
    environment = test_environment(python)
    if without:
        environment["PYRUST_WITHOUT"] = without
    if "slice" in arguments:
        # The answers must not depend on how much rustc optimises either.
        environment["PYRUST_CASES_LEVEL"] = "1"
    where = folder.relative_to(ROOT)
    # Installing is mostly waiting for one processor at a time, and the values know nothing of each other.
    parallel = (
        ["-n", "2", "--dist", "loadgroup"]
        if folder.parent.name == "pytest-pyrust" or folder.name in ("e2e", "runtime-values")
        else []
    )
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


#: Alone with the processors: they measure time.
MEASURING = ("setuptools-plugin", "pytest-pyrust", "compare")
#: What takes longest comes first, so that no lane is left with it at the end.
LONGEST = ("e2e", "semantics", "cargo", "stress", "real")


def in_lanes(steps: Steps, tasks: Sequence[Task]) -> None:
    """The measuring ones one by one, all others beside each other: per folder one at a time, since most build in one."""
    for task in tasks:
        if not task.uses.isdisjoint(MEASURING):
            task.work()

    def rank(task: Task) -> int:
        return min((place for place, name in enumerate(LONGEST) if name in task.uses), default=len(LONGEST))

    steps.together(sorted((task for task in tasks if task.uses.isdisjoint(MEASURING)), key=rank))


def folder_task(
    steps: Steps, python: Python, folder: Path, *arguments: str, without: str = "", first: bool = True
) -> Task:
    uses = {folder.parent.name if folder.name == "tests" else folder.name}
    # These build the engine or the runtime where `cargo test` does, for another interpreter perhaps.
    if "stress" in uses or ("e2e" in uses and not first):
        uses.add("cargo")
    return Task(frozenset(uses), lambda: pytest(steps, python, folder, *arguments, without=without))


def everything(steps: Steps, python: Python, first: bool = True) -> list[Task]:
    cargo = Task(frozenset({"cargo"} if first else {"cargo", "e2e"}), lambda: rust_tests(steps, python))
    return [cargo, *(folder_task(steps, python, folder, first=first) for folder in test_folders())]


def test(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    say(f"everything on Python {python.full}, a slice on: {', '.join(each.full for each in others) or 'none found'}")
    # Each crate is built once here: what the next build could reuse would only fill the disk.
    os.environ.setdefault("CARGO_INCREMENTAL", "0")
    prepare(steps, [python, *others])
    tasks = everything(steps, python)
    for other in others:
        for folder in test_folders():
            if folder.name in VERSIONED:
                tasks.append(folder_task(steps, other, folder, first=False))
            elif any("mark.slice" in path.read_text(encoding="utf-8") for path in folder.glob("test_*.py")):
                # One slice of the cases runs without any optimisation: the answers must not depend on them.
                plain = folder.name == "semantics" and other is others[0]
                without = "all" if plain else ""
                tasks.append(folder_task(steps, other, folder, "-m", "slice", without=without, first=False))
    in_lanes(steps, tasks)


def test_all(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    say(f"everything on: {', '.join(each.full for each in [python, *others])}")
    os.environ.setdefault("PYRUST_CASES_LEVEL", "1")
    os.environ.setdefault("PYRUST_CASES_OPERANDS", "3")
    prepare(steps, [python, *others])
    in_lanes(steps, [task for each in (python, *others) for task in everything(steps, each, each is python)])
    for without in ("all", *passes()):
        pytest(steps, python, TESTS / "semantics", without=without)
    mutants(steps, python, [])
    docs(steps, python, [])
    command = [python_in(VENVS / "docs"), "-m", "pytest", "-q", "tests/docs/test_site.py"]
    steps.run("the site", command, go_on=True)
    with_tools(steps, python)
    if shutil.which("npm"):
        npm = ["npm", "install", "--silent", "--prefix", VENVS / "node", "axe-core", "puppeteer-core"]
        steps.run("what drives a browser", npm, go_on=True)
        pytest(steps, python, TESTS / "browser")
        steps.run(
            "the extension packages",
            [python_in(python.environment()), "-m", "pytest", "-q", "tests/editors"],
            environment={"PYRUST_TEST_NPM": "1"},
            go_on=True,
        )


def with_tools(steps: Steps, python: Python) -> None:
    """Recipes and templates, tried with the tools that they are for; those come from the index."""
    tool = environment_for(steps, python, VENVS / "tools", [TESTS / "recipes" / "requirements.txt"])
    install = [tool, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", "--no-index"]
    names = ["pyrust-optimizer", "pytest-pyrust"]
    steps.run("both distributions for the recipes", [*install, "--find-links", WHEELS, *names], go_on=True)
    steps.run(
        "tests/recipes with their tools",
        [tool, "-m", "pytest", "-q", "--durations=5", "tests/recipes", "tests/docs/test_docs.py"],
        environment=test_environment(python),
        go_on=True,
    )


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
    steps.run(
        "shadow mode", [python_in(VENVS / "dev"), "../shadow.py"], folder=ROOT / "benches" / "kernels", go_on=True
    )
    compare(steps, others)
    compare(steps, others, "--grow")
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


def bench_install(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    """What a first install costs, a second one and one after an edit; results go to docs/benchmarks."""
    tool = environment_for(steps, python, python.environment(), [DEVELOPMENT])
    fetch_build_requirements(steps, tool, [python])
    # As users have them.
    wheels(steps, python, others)
    steps.run(
        "installs",
        [tool, "benches/installs.py"],
        environment={"PYRUST_TEST_WHEELS": str(ROOT / "dist"), "PYRUST_TEST_WHEELHOUSE": str(WHEELHOUSE)},
        go_on=True,
    )


def bench_profilers(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    """Overhead and ranking of profilers; results go to docs/benchmarks. On 3.12 where it is found: more of them run there."""
    python = next((each for each in others if each.version == "3.12"), python)
    folder = ROOT / "benches" / "profilers"
    tool = environment_for(steps, python, VENVS / "profilers", [DEVELOPMENT, folder / "requirements.txt"])
    steps.run(
        "pyrust-optimizer, as released",
        [tool, "-m", "maturin", "develop", "--profile", "release", "--quiet", "-m", "setuptools-plugin/Cargo.toml"],
        environment={**cargo_environment(python), "VIRTUAL_ENV": str(VENVS / "profilers")},
    )
    steps.run("profilers", [tool, "compare.py"], folder=folder, go_on=True)


def mutants(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    """Breaks one rule of the compiler or the runtime at a time; the cases must notice each."""
    dev(steps, python, [])
    command = [python_in(VENVS / "dev"), TESTS / "mutants/mutants.py", "--python", python.path]
    steps.run("broken rules", command, go_on=True)


def demo(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    demonstration.run(steps, python)


def docs(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    """The documentation as a site; what it is made with is needed for nothing else."""
    tool = environment_for(steps, python, VENVS / "docs", [ROOT / "docs" / "requirements.txt"])
    steps.run("site", [tool, "-m", "mkdocs", "build", "--quiet", "--strict"])
    say("\nready: `python -m http.server -d build/docs`, then http://localhost:8000")


def stats(steps: Steps, python: Python, others: Sequence[Python]) -> None:
    statistics.show()


TARGETS: dict[str, Callable[[Steps, Python, Sequence[Python]], None]] = {
    "bench": bench,
    "bench-install": bench_install,
    "bench-profilers": bench_profilers,
    "bench-quick": bench_quick,
    "demo": demo,
    "dev": dev,
    "docs": docs,
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
