"""Native against Python, paired in one process run each, interleaved: `python paired.py SECONDS`.

Both sides run the same source in the same interpreter; one of them with `PYRUST=python`. Prints the ratio of the best
times of each round, its spread over the rounds, and what the ratio has to be.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: kernel → the least ratio of Python's time to ours.
LEAST = {"levenshtein": 30.0, "sieve": 10.0, "matmul": 20.0, "count_words": 2.0, "add": 1 / 1.3}
ROUNDS = 5


def calls() -> dict[str, Callable[[], Any]]:
    import kernels

    chooser = random.Random(1)
    a, b = ("".join(chooser.choices("abcdefghijklmnopqrstuvwxyz", k=100)) for _ in range(2))
    matrices = [[[chooser.random() for _ in range(60)] for _ in range(60)] for _ in range(2)]
    words = ["".join(chooser.choices("etaoinshrdlu", k=chooser.randrange(2, 9))) for _ in range(800)]
    text = " ".join(chooser.choices(words, k=20000))

    add = kernels.add

    def many_adds() -> int:
        result = 0
        for n in range(2000):
            result = add(result, n)
        return result

    return {
        "levenshtein": lambda: kernels.levenshtein(a, b),
        "sieve": lambda: kernels.sieve(200_000),
        "matmul": lambda: kernels.matmul(*matrices),
        "count_words": lambda: kernels.count_words(text),
        "add": many_adds,
    }


def child(seconds: float) -> None:
    """Best time of each kernel, and a fingerprint of its result."""
    best: dict[str, Any] = {}
    for name, call in calls().items():
        result = repr(call())
        shortest = 1e9
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            call()
            shortest = min(shortest, time.perf_counter() - start)
        best[name] = [shortest, result]
    native: list[str] = []
    if os.environ.get("PYRUST") != "python":
        from kernels import _pyrust

        native = [entry["function"].split(":")[1] for entry in _pyrust.status() if entry["native_calls"]]
    json.dump([best, native], sys.stdout)


def main() -> int:
    seconds = float(sys.argv[1])
    if os.environ.get("PYRUST_PAIRED_CHILD"):
        child(seconds)
        return 0
    ratios: dict[str, list[float]] = {}
    times: dict[str, tuple[float, float]] = {}
    for _ in range(ROUNDS):
        sides = []
        for mode in ("python", "require"):
            environment = {**os.environ, "PYRUST": mode, "PYRUST_PAIRED_CHILD": "1"}
            command = [sys.executable, __file__, str(seconds)]
            sides.append(json.loads(subprocess.run(command, env=environment, stdout=-1, check=True).stdout))
        (python, _), (native, ran) = sides
        for name, (slow, expected) in python.items():
            fast, result = native[name]
            if result != expected:
                print(f"{name}: native gives another result")
                return 1
            if name in ran:
                ratios.setdefault(name, []).append(slow / fast)
                times[name] = (slow, fast)
    print(f"{'kernel':<14}{'Python':>12}{'native':>12}{'ratio':>9}{'least':>8}")
    good = True
    medians = {name: statistics.median(ratios[name]) for name in LEAST if name in ratios}
    Path(".pyrust/paired.json").write_text(json.dumps(medians))
    for name, least in LEAST.items():
        if name not in ratios:
            print(f"{name:<14}{'not native':>24}")
            good = False
            continue
        ratio = medians[name]
        slow, fast = times[name]
        verdict = "" if ratio >= least else "  too slow"
        spread = f"{min(ratios[name]):.1f}-{max(ratios[name]):.1f}"
        print(f"{name:<14}{slow * 1e6:>9.1f} us{fast * 1e6:>9.1f} us{ratio:>8.2f}x{least:>7.2f}x  {spread}{verdict}")
        good = good and ratio >= least
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
