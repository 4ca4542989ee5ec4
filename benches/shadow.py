"""What shadow mode costs, paired and interleaved: `python shadow.py [--rounds N] [--output PATH]` in `benches/kernels`, built.

Each round runs each kernel in one process per mode (native; one of 1,000 calls compared; one of 100), in an order of chance, and
native again. A process makes as many calls as take half a second natively; a mode's cost is its processor time over the mean of
the two native ones around it. `each` is what one compared call costs beyond a native one.

In: the kernels' package with its extension in place. Out: docs/benchmarks/shadow.md and .json.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parent / "docs" / "benchmarks" / "shadow.md"
MODES = ("shadow:1/1000", "shadow:1/100")
SECONDS = 0.5
#: So many calls at least: fewer than a window has say nothing of its share.
FEWEST = 2_000


def calls() -> dict[str, Callable[[], Any]]:
    """Kernels by what a call takes: from a tenth of a microsecond to some tens."""
    import kernels

    chooser = random.Random(1)
    a, b = ("".join(chooser.choices("abcdefghijklmnopqrstuvwxyz", k=20)) for _ in range(2))
    left, right = ([[chooser.random() for _ in range(6)] for _ in range(6)] for _ in range(2))
    words = ["".join(chooser.choices("etaoinshrdlu", k=chooser.randrange(2, 9))) for _ in range(40)]
    text = " ".join(chooser.choices(words, k=300))
    return {
        "add": lambda: kernels.add(3, 4),
        "levenshtein": lambda: kernels.levenshtein(a, b),
        "matmul": lambda: kernels.matmul(left, right),
        "sieve": lambda: kernels.sieve(3_000),
        "count_words": lambda: kernels.count_words(text),
    }


def child(name: str, count: int) -> None:
    call = calls()[name]
    for _ in range(100):
        call()
    if not count:
        # How many calls take so long natively.
        start, count = time.process_time(), 0
        while time.process_time() - start < SECONDS:
            for _ in range(100):
                call()
            count += 100
        print(max(count, FEWEST))
        return
    turns = range(count)
    start = time.process_time()
    for _ in turns:
        call()
    print(time.process_time() - start)


def run(name: str, mode: str, count: int) -> float:
    environment = {**os.environ, "PYRUST": mode, "PYRUST_SHADOW_CHILD": f"{name} {count}"}
    done = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, text=True, check=True)
    if done.stderr:
        raise SystemExit(f"{name} under {mode}: {done.stderr}")
    return float(done.stdout)


def measured(rounds: int) -> dict[str, Any]:
    names = list(calls())
    counts = {name: int(run(name, "require", 0)) for name in names}
    natives: dict[str, list[float]] = {name: [] for name in names}
    ratios: dict[str, dict[str, list[float]]] = {name: {mode: [] for mode in MODES} for name in names}
    extras: dict[str, list[float]] = {name: [] for name in names}
    chooser = random.Random(1)
    for turn in range(rounds):
        for name in names:
            count = counts[name]
            before = run(name, "require", count)
            for mode in chooser.sample(MODES, len(MODES)):
                took = run(name, mode, count)
                after = run(name, "require", count)
                native = (before + after) / 2
                ratios[name][mode].append(took / native)
                natives[name].append(native / count)
                if mode == MODES[-1]:
                    extras[name].append((took - native) / (count / 100))
                before = after
        print(f"round {turn + 1}", file=sys.stderr, flush=True)
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processors": os.cpu_count(),
        "rounds": rounds,
        "kernels": {
            name: {
                "calls": counts[name],
                "native_seconds": statistics.median(natives[name]),
                "each_seconds": statistics.median(extras[name]),
                "ratios": ratios[name],
            }
            for name in names
        },
    }


def page(data: dict[str, Any]) -> str:
    lines = [
        "# Shadow mode: what it costs",
        "",
        f"Made by `python ../shadow.py` in `benches/kernels` after `pyrust build`, on CPython {data['python']}, {data['system']},",
        f"{data['processors']} processors. Processor time of the same calls over that of native",
        "ones without shadow mode (median of paired, interleaved runs, and their range; 1.00 costs nothing). *Each*: what one compared",
        "call costs beyond a native one, with the Python run that it contains.",
        "",
        "| kernel | a native call | " + " | ".join(f"`{mode}`" for mode in MODES) + " | each |",
        "|---|---|" + "---|" * len(MODES) + "---|",
    ]
    medians: dict[str, list[float]] = {mode: [] for mode in MODES}
    for name, one in data["kernels"].items():
        cells = []
        for mode in MODES:
            found = one["ratios"][mode]
            medians[mode].append(statistics.median(found))
            cells.append(f"{statistics.median(found):.3f} ({min(found):.2f}–{max(found):.2f})")
        native, each = 1e6 * one["native_seconds"], 1e6 * one["each_seconds"]
        lines.append(f"| {name} | {native:.2f} µs | {' | '.join(cells)} | {each:.0f} µs |")
    means = [f"{math.exp(statistics.fmean(map(math.log, medians[mode]))):.3f}" for mode in MODES]
    lines += [
        f"| geometric mean | | {' | '.join(means)} | |",
        "",
        f"{data['rounds']} rounds. A comparison costs tens of microseconds and the Python run, whatever the function does: the cheaper a",
        "call, the smaller the share has to be. All ratios are in the JSON file beside this page.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    if job := os.environ.get("PYRUST_SHADOW_CHILD"):
        name, count = job.split()
        child(name, int(count))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", type=Path, default=DOCUMENT)
    options = parser.parse_args()
    data = measured(options.rounds)
    options.output.with_suffix(".json").write_text(json.dumps(data, indent=1) + "\n")
    text = page(data)
    options.output.write_text(text)
    print(text)


if __name__ == "__main__":
    # The package lies where the benchmark is started.
    sys.path.insert(0, os.getcwd())
    main()
