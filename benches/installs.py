"""What installing costs, as a user waits for it: `python installs.py [--rounds N] [--output PATH]`, under `make bench-install`.

A fresh virtual environment, the setuptools example, and pip with wheels of both distributions at hand (`PYRUST_TEST_WHEELS`
and `PYRUST_TEST_WHEELHOUSE`, which the target sets): a first install with an empty build cache, an install of the same tree
again, installs and builds after one edit. Beside them the same project without the hook: what pip and setuptools need by
themselves. And what a commit waits for: `pyrust check` on a package of 200,000 lines. Times are of the clock, the least of
the rounds.

Out: docs/benchmarks/installs.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parent / "docs" / "benchmarks" / "installs.md"
sys.path[:0] = [str(HERE.parent / folder) for folder in ("tests/e2e", "setuptools-plugin/tests")]

import large  # noqa: E402

from installs import Venv, copy_example, replace, run  # noqa: E402

EXAMPLE = "setuptools-textkit"
#: The first function of the example: an edit of it leaves what it returns as it is.
EDITED, BEFORE = "src/textkit/distance.py", "return 0\n"

#: Milliseconds that importing the package takes longer with native code than without, in processes of their own.
IMPORT = """
import os, subprocess, sys
code = "import time; t = time.process_time(); import textkit; print(time.process_time() - t)"
times = {"python": [], "auto": []}
for _ in range(25):
    for mode in times:
        environment = {**os.environ, "PYRUST": mode}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        times[mode].append(float(done.stdout))
print(1000 * (min(times["auto"]) - min(times["python"])))
"""


def seconds(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def edit(project: Path, number: int) -> None:
    replace(project / EDITED, BEFORE, f"return 0 * {number}\n        {BEFORE}")


def one_round(folder: Path, links: list[Path]) -> dict[str, float]:
    venv, project = Venv(folder / "venv", links), copy_example(EXAMPLE, folder)
    cache = {"PYRUST_CACHE_DIR": str(folder / "cache"), "PIP_COMPILE": None}
    # With flags of one's own nothing is taken that the wheel has compiled.
    other = {"PYRUST_CACHE_DIR": str(folder / "other"), "PIP_COMPILE": None, "RUSTFLAGS": "--cfg=other"}
    plain = copy_example(EXAMPLE, folder / "plain")
    replace(plain / "pyproject.toml", ', "pyrust-optimizer"', "")
    found = {
        "the same project without PyRust": seconds(lambda: venv.install("-e", plain, **cache)),
        "first `pip install -e .`, nothing cached": seconds(lambda: venv.install("-e", project, **cache)),
        "the same, where the Rust is not that of the wheel": seconds(lambda: venv.install("-e", project, **other)),
        "`pip install -e .` again, nothing changed": seconds(lambda: venv.install("-e", project, **cache)),
    }
    edit(project, 1)
    found["`pip install -e .` after an edit"] = seconds(lambda: venv.install("-e", project, **cache))
    venv.install("pyrust-optimizer")
    build = [venv.program("pyrust"), "build"]
    run(build, folder=project, environment=cache)
    edit(project, 2)
    found["`pyrust build` after an edit"] = seconds(lambda: run(build, folder=project, environment=cache))
    found["import"] = float(venv.python(IMPORT))
    return found | check(venv, folder / "large")


def check(venv: Venv, project: Path) -> dict[str, float]:
    """Milliseconds of `pyrust check` after a fresh clone, and when it has seen all of it before."""
    project.mkdir()
    large.write(project)
    command = [venv.program("pyrust"), "check"]
    run([*command, "--fix"], folder=project)
    found: dict[str, list[float]] = {"check": [], "check again": []}
    for _ in range(5):
        (project / ".pyrust/check.json").unlink()
        for path in [*project.rglob("*.py"), project / "pyrust.toml"]:
            # As after a clone: not in memory. Where the system cannot be told so, it stays there.
            if hasattr(os, "posix_fadvise"):
                file = os.open(path, os.O_RDONLY)
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(file)
        for times in found.values():
            times.append(1000 * seconds(lambda: run(command, folder=project)))
    return {name: min(times) for name, times in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=DOCUMENT)
    options = parser.parse_args()
    links = [Path(os.environ[name]) for name in ("PYRUST_TEST_WHEELS", "PYRUST_TEST_WHEELHOUSE")]
    rounds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="installs-") as folder:
            rounds.append(one_round(Path(folder), links))
        print(rounds[-1], flush=True)
    machine = f"CPython {platform.python_version()}, {platform.system()}, {os.cpu_count()} processors"
    lines = [
        "# What installing costs",
        "",
        f"Made by `make bench-install` (`benches/installs.py`) on {machine}: the example `{EXAMPLE}` with its nine hotspots,",
        f"wheels at hand, seconds on the clock, the least of {options.rounds} rounds. What all projects share comes",
        "compiled in the wheel, for the Rust that made it; with another one (here: with flags of one's own, which have the same",
        "effect) the first install of all compiles that too.",
        "",
        "| what | seconds |",
        "|---|---|",
    ]
    least = {what: min(each[what] for each in rounds) for what in rounds[0]}
    imported, checked, again = (least.pop(name) for name in ("import", "check", "check again"))
    lines += [f"| {what} | {spent:.1f} |" for what, spent in least.items()]
    lines += ["", f"Importing the package takes {imported:.2f} milliseconds longer with native code than without."]
    lines += ["", "`pyrust check` on a package of 200,000 lines with forty hotspots, interpreter included:", ""]
    lines += [f"{checked:.0f} milliseconds after a clone, {again:.0f} when it has seen the files before."]
    text = "\n".join(lines) + "\n"
    print(text)
    options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
