"""What several threads gain in loops whose turns know nothing of each other.

Run by hand: ``python benches/threads.py``, on a machine that does nothing else. Builds those kernels of the comparison that
have such loops, and calls them in two processes in turns: one may use all processors, the other only one. Writes
``docs/benchmarks/threads.md``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
COMPARE = ROOT / "benches/compare"
KERNELS = ("mandelbrot", "coprime_pairs", "escape_times", "gemm", "pair_distances", "jacobi")
ROUNDS = 9
WORKER = """
import json, os, sys, time
folder, compare, alone = sys.argv[1:]
if alone == "alone":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
sys.path.append(compare)
sys.path.insert(0, folder)
import importlib
from everyday import _pyrust
from inputs import KERNELS

for line in sys.stdin:
    name, size, paused = json.loads(line)
    kernel = KERNELS[name]
    function = getattr(importlib.import_module("everyday." + kernel.module), name)
    _pyrust._pause(paused)
    shared, best = _pyrust._shared(), 1e9
    for _ in range(1 if paused else 12):
        arguments = kernel.arguments(kernel.sizes[size])
        started = time.perf_counter()
        function(*arguments)
        best = min(best, time.perf_counter() - started)
    print(json.dumps([best, _pyrust._shared() - shared]), flush=True)
"""
HEAD = """# Several threads

Loops whose turns know nothing of each other ([what that means](../semantics.md#several-threads)), by the clock on the wall:
`benches/threads.py` calls the same build in a process that may use {count} processors and in one that may use one, in turns,
and takes the best of {calls} calls. *Shared* is how many loops of one call several threads have done; a loop that is not
worth it is done by one.

| kernel | n | Python, ms | one processor | {count} processors | gain | shared |
|---|---|---|---|---|---|---|
"""


class Worker:
    """A process that times kernels."""

    def __init__(self, folder: Path, way: str) -> None:
        command = [sys.executable, "-c", WORKER, str(folder), str(COMPARE), way]
        environment = {**os.environ, "PYRUST": "require"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def seconds(self, name: str, size: int, paused: bool = False) -> tuple[float, float]:
        """The best of some calls, and how many loops of one were shared."""
        asked, answers = self.process.stdin, self.process.stdout
        assert asked is not None
        assert answers is not None
        _say(asked, [name, size, paused])
        best, shared = json.loads(answers.readline())
        return best, shared / 12


def _say(stream: IO[str], what: object) -> None:
    stream.write(json.dumps(what) + "\n")
    stream.flush()


def build(folder: Path) -> None:
    """The kernels as a project of their own, without a limit to the threads."""
    shutil.copytree(COMPARE / "everyday", folder / "everyday", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    (folder / "pyproject.toml").write_text('[project]\nname = "everyday"\nversion = "0"\n\n[tool.pyrust]\n')
    manifest = tomllib.loads((COMPARE / "pyrust.toml").read_text())
    lines = ["version = 1"]
    for hotspot in manifest["hotspot"]:
        if hotspot["function"].split(":")[1] in KERNELS:
            lines += ["[[hotspot]]", *(f"{key} = {json.dumps(value)}" for key, value in hotspot.items())]
    (folder / "pyrust.toml").write_text("\n".join(lines) + "\n")
    subprocess.run([sys.executable, "-m", "pyrust", "build"], cwd=folder, check=True)


def main() -> None:
    count = len(os.sched_getaffinity(0))
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        build(folder)
        sys.path.insert(0, str(COMPARE))
        from inputs import KERNELS as inputs

        alone, all_of_them = Worker(folder, "alone"), Worker(folder, "all")
        for name in KERNELS:
            for size, n in enumerate(inputs[name].sizes):
                python = min(alone.seconds(name, size, True)[0] for _ in range(2))
                one, several, shared = 1e9, 1e9, 0.0
                for _ in range(ROUNDS):
                    one = min(one, alone.seconds(name, size)[0])
                    best, shared = all_of_them.seconds(name, size)
                    several = min(several, best)
                cells = [f"{python / one:.1f} ×", f"{python / several:.1f} ×", f"{one / several:.2f}", f"{shared:.0f}"]
                rows.append(f"| `{name}` | {n} | {python * 1e3:.1f} | {' | '.join(cells)} |")
                print(rows[-1])
    text = HEAD.format(count=count, calls=ROUNDS * 12) + "\n".join(rows) + "\n"
    (ROOT / "docs/benchmarks/threads.md").write_text(text)


if __name__ == "__main__":
    main()
