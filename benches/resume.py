"""What a bailout in the middle of a loop costs, against Python alone and against a build that begins anew.

Run by hand: ``python benches/resume.py``. Builds one small project twice, with resumable bailouts and without
(``PYRUST_WITHOUT=resume``), and calls its functions with arguments that make native code give up after nine tenths of
the turns. Each process measures both, native and paused, interleaved; printed are ratios to Python alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = """
def total(xs):
    result = 0
    for i, x in enumerate(xs):
        result += x * x % 7 - i % 3
    return result


def checked(xs):
    best = 0
    for x in xs:
        if x < 0:
            raise ValueError(x)
        if x % 1000 > best:
            best = x % 1000
    return best


def grid(rows):
    best = 0
    for r, row in enumerate(rows):
        for c in range(len(row)):
            v = row[c] * 3 + r - c
            if v > best:
                best = v
    return best
"""
MANIFEST = """version = 1

[[hotspot]]
function = "resumable:total"
signatures = ["(list[int]) -> int"]

[[hotspot]]
function = "resumable:checked"
signatures = ["(list[int]) -> int"]

[[hotspot]]
function = "resumable:grid"
signatures = ["(list[list[int]]) -> int"]
"""
MEASURE = """
import json, sys, time
import resumable
from resumable import _pyrust

n = 200_000
at = n * 9 // 10
late = list(range(n))
wide = [[r * c for c in range(400)] for r in range(400)]
wide[360][1] = 2**63
arguments = {
    "total": (late[:at] + [2**63] + late[at:],),
    "checked": (late[:at] + [-1],),
    "grid": (wide,),
}


def call(name):
    started = time.perf_counter()
    try:
        result = getattr(resumable, name)(*arguments[name])
    except ValueError as error:
        result = repr(error)
    return time.perf_counter() - started, result


ratios = {}
for name in arguments:
    best = {False: 1e9, True: 1e9}
    results = set()
    for _ in range(15):
        for paused in (False, True):
            _pyrust._pause(paused)
            seconds, result = call(name)
            best[paused] = min(best[paused], seconds)
            results.add(result)
    if len(results) != 1:
        sys.exit(f"{name}: {results}")
    ratios[name] = best[True] / best[False]
print(json.dumps(ratios))
"""


def ratios(folder: Path, without: str) -> dict[str, float]:
    """Python's time over that of the native function that bails out, by function."""
    package = folder / "resumable"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(SOURCE)
    (folder / "pyproject.toml").write_text('[project]\nname = "resumable"\nversion = "0"\n')
    (folder / "pyrust.toml").write_text(MANIFEST)
    environment = {**os.environ, "PYRUST_WITHOUT": without}
    for command in (["init"], ["build"]):
        subprocess.run([sys.executable, "-m", "pyrust", *command], cwd=folder, env=environment, check=True)
    measured = subprocess.run([sys.executable, "-c", MEASURE], cwd=folder, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(measured.stdout)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        resumed = ratios(Path(folder) / "resumed", "")
        anew = ratios(Path(folder) / "anew", "resume")
    print("\nPython's time over the native one, for calls that bail out after nine tenths of their turns")
    for name, ratio in resumed.items():
        print(f"{name:10} resumed {ratio:6.2f}   begun anew {anew[name]:6.2f}")


if __name__ == "__main__":
    main()
