"""The comparison: `python compare.py [--quick] [--kernels NAME …]`, run by a Python that has PyRust.

Builds the runners, checks every answer against CPython, times them in turns, and writes the results.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import figures  # noqa: E402
import page  # noqa: E402
import table  # noqa: E402
from inputs import GROUPS, KERNELS  # noqa: E402
from install import peers, pyrust, rust  # noqa: E402
from install.place import Absent, Place  # noqa: E402
from talk import Json, Runner  # noqa: E402
from turns import Effort, grow, measure  # noqa: E402

DOCUMENTS = HERE.parents[1] / "docs" / "benchmarks"


def main() -> int:
    options = _options()
    if options.grow:
        options.only = [figures.BASE, figures.OURS, *figures.HAND_WRITTEN]
    runners, absent = _runners(options)
    if options.only:
        runners = [runner for runner in runners if runner.name in options.only]
    names = [name for name in KERNELS if not options.kernels or name in options.kernels]
    if options.grow:
        folder = options.output or DOCUMENTS
        folder.mkdir(parents=True, exist_ok=True)
        found = grow(runners, names, _say)
        (folder / "growth.md").write_text(table.growth(found, _machine(), [(r.name, r.title) for r in runners]))
        return 0
    load = os.getloadavg()
    effort = Effort(options.rounds or (2 if options.quick else 9), 0.02, options.seconds, not options.quick)
    kernels, rounds = measure(runners, names, effort, _say)
    results: Json = {
        "machine": {**_machine(), "load_before": round(load[0], 1), "load_after": round(os.getloadavg()[0], 1)},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "clock": options.clock,
        "rounds": rounds,
        "runners": {runner.name: {"title": runner.title, "unmodified": runner.unmodified} for runner in runners},
        "absent": absent,
        "groups": GROUPS,
        "kernels": kernels,
        "summary": figures.summary(kernels, options.clock),
    }
    if options.output or not options.quick:
        folder = options.output or DOCUMENTS
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        (folder / "results.md").write_text(table.markdown(results))
        (folder / "index.html").write_text(page.html(results))
    print(table.plain(results))
    wrong = [name for name, k in kernels.items() if k["runners"].get("pyrust", {}).get("state") in ("wrong", "died")]
    if wrong:
        print(f"PyRust is wrong: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


def _runners(options: argparse.Namespace) -> tuple[list[Runner], dict[str, str]]:
    """What can be had, and why the rest cannot."""
    python: str = options.python
    version = _version(python)
    runners = [Runner("cpython", f"CPython {version}", (python,), "package", HERE, {"PYRUST": "python"})]
    for other in options.other:
        title = f"CPython {_version(other)}"
        name = "cpython_" + "_".join(_version(other).split(".")[:2])
        runners.append(Runner(name, title, (other,), "package", HERE, {"PYRUST": "python"}))
    makers: dict[str, Callable[[], Runner]] = {
        "pyrust": lambda: pyrust.runner(python, "PyRust"),
        "rust": lambda: rust.runner(python, in_place=False),
        "rust_in_place": lambda: rust.runner(python, in_place=True),
        "mypyc": lambda: peers.mypyc(python),
        "cython": lambda: peers.cython(python, typed=False),
        "cython_typed": lambda: peers.cython(python, typed=True),
        "numba": lambda: peers.numba(python),
        "pythran": lambda: peers.pythran(python),
        "pypy": peers.pypy,
    }
    absent = {}
    for name, make in makers.items():
        Place.only_built = options.quick and name != figures.OURS
        if options.only and name not in options.only:
            continue
        try:
            runners.append(make())
        except Absent as error:
            absent[name] = str(error)
            _say(f"{name} is absent: {error}")
    return runners, absent


def _version(python: str) -> str:
    program = "import platform; print(platform.python_version())"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def _machine() -> Json:
    """The class of the machine; its name is nobody's business."""
    model = platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {"processor": model, "cores": os.cpu_count(), "system": platform.system()}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="few rounds, no edge inputs, only peers that are built; writes nothing"
    )
    parser.add_argument("--grow", action="store_true", help="instead: PyRust against CPython on growing inputs")
    parser.add_argument("--python", default=sys.executable, help="the CPython that everything is built for")
    parser.add_argument("--other", action="append", default=[], metavar="PATH", help="another CPython to compare")
    parser.add_argument("--only", action="append", metavar="RUNNER", help="these runners only")
    parser.add_argument("--kernels", nargs="+", metavar="NAME", help="these kernels only")
    parser.add_argument("--rounds", type=int, help="how often each runner is timed")
    parser.add_argument("--seconds", type=float, default=math.inf, help="no further round begins after that")
    parser.add_argument("--clock", choices=("cpu", "wall"), default="cpu", help="which time counts; both are recorded")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="where the results go, instead of docs/benchmarks"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
