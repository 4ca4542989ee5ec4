"""Asks every runner for every kernel: first what comes out, then, taking turns, how long it takes.

In: runners, kernels. Out: the part `kernels` of `results.json`.
"""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections.abc import Iterable, Sequence
from typing import Any

import figures
from inputs import KERNELS, Kernel
from talk import Json, Runner, Worker

MIDDLE = 1
"""The size that is timed."""
EDGE_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much is done."""

    rounds: int
    budget: float
    """Seconds of CPU for one runner, kernel and round."""
    seconds: float = math.inf
    """No further turn begins after that, but each runner is timed once."""
    edges: bool = True


def measure(runners: Sequence[Runner], names: Iterable[str], effort: Effort, say: Any) -> tuple[Json, int]:
    """All answers and times, and how many rounds were complete. The first runner is the reference: it is right."""
    until = time.monotonic() + effort.seconds
    workers = [Worker(runner) for runner in runners]
    kernels = {name: KERNELS[name] for name in names}
    results: Json = {}
    complete = 0
    try:
        for kernel in kernels.values():
            results[kernel.name] = _answers(kernel, workers, effort.edges)
            say(_told(kernel.name, results[kernel.name]))
        for number in range(effort.rounds):
            say(f"round {number + 1} of {effort.rounds}")
            # The order is reversed each time: nobody always runs after the same neighbour.
            for kernel in kernels.values():
                if number and time.monotonic() > until:
                    break
                for worker in workers[:: 1 if number % 2 else -1]:
                    _time(worker, kernel, results[kernel.name]["runners"], effort.budget)
            else:
                complete += 1
        for worker in workers:
            if worker.runner.name == figures.OURS:
                _ask_pyrust(worker, results)
    finally:
        for worker in workers:
            worker.close()
    return results, complete


def _answers(kernel: Kernel, workers: Sequence[Worker], edges: bool) -> Json:
    """Which runner answers as the first one does: the timed input and every edge input."""
    numbers = range(len(kernel.edges) if edges else 0)
    expected = [worker_answer(workers[0], kernel, number) for number in (-1, *numbers)]
    runners: Json = {}
    for worker in workers:
        first = worker_answer(worker, kernel, -1)
        entry: Json = {"state": _state(expected[0], first), "edges": []}
        if entry["state"] != "right":
            entry["reason"] = _reason(first)
        if entry["state"] in ("right", "wrong"):
            found = [worker_answer(worker, kernel, number) for number in numbers]
            entry["edges"] = [figures.judge(*pair) for pair in zip(expected[1:], found, strict=True)]
        runners[worker.runner.name] = entry
    return {
        "function": kernel.function,
        "module": kernel.module,
        "group": kernel.group,
        "size": kernel.sizes[MIDDLE],
        "edges": kernel.edges,
        "runners": runners,
    }


def worker_answer(worker: Worker, kernel: Kernel, edge: int) -> Json:
    """What one runner makes of an edge input, or of the timed one (-1)."""
    if edge < 0:
        return worker.ask(do="check", kernel=kernel.name, size=MIDDLE)
    return worker.ask(EDGE_SECONDS, do="edges", kernel=kernel.name, edge=edge)


def _state(expected: Json, answer: Json) -> str:
    if "print" in answer.get("outcome", {}):
        return "right" if answer["outcome"]["print"] == expected["outcome"]["print"] else "wrong"
    return "died" if "died" in answer else "refused"


def _reason(answer: Json) -> str:
    found = answer.get("outcome", {})
    if "print" in found:
        return f"returns {found['shown'][:80]}"
    told = answer.get("died") or answer.get("refused") or answer.get("error")
    lines = str(told or f"{found['raises']}: {found['says']}").strip().splitlines()
    # No paths of this machine: the results are for others.
    return re.sub(r"(?:^|(?<=[\s'\"(]))/\S*/", "", " ".join(line.strip() for line in lines[:2]))[:200]


def _time(worker: Worker, kernel: Kernel, entries: Json, budget: float) -> None:
    entry = entries[worker.runner.name]
    if entry["state"] not in ("right", "wrong"):
        return
    if worker.runner.warm and "cpu" not in entry:
        worker.ask(do="warm", kernel=kernel.name, size=MIDDLE, budget=worker.runner.warm)
    answer = worker.ask(do="time", kernel=kernel.name, size=MIDDLE, budget=budget)
    for clock in ("cpu", "wall"):
        if clock in answer:
            entry[clock] = min(entry.get(clock, 1e9), answer[clock])


def _ask_pyrust(worker: Worker, results: Json) -> None:
    """A kernel that PyRust leaves to Python keeps its time, and says why."""
    status = {entry["function"]: entry for entry in worker.ask(do="state").get("state", ())}
    for kernel in results.values():
        entry = kernel["runners"][figures.OURS]
        told = status.get("everyday." + kernel["function"], {})
        if entry["state"] == "right" and not told.get("native_calls"):
            entry["state"] = "python"
            bails = ", ".join(f"{count} × {reason}" for reason, count in told.get("bailouts", {}).items())
            entry["reason"] = str(told.get("reason") or bails or "not compiled")


def grow(runners: Sequence[Runner], names: Iterable[str], say: Any) -> Json:
    """Seconds of the first runner, of PyRust and of hand-written Rust on the three sizes: ratios must not fall much.

    `seconds` are those of a call among others with different inputs, a hundred of the smallest size, ten of the next, one
    of the largest: about as much data each time, and branches of which no processor knows from the last call where they
    go.  `again` are those of calls with the same input.
    """
    chosen = [Worker(r) for r in runners if r is runners[0] or r.name in (figures.OURS, *figures.HAND_WRITTEN)]
    found: Json = {}
    try:
        for name in names:
            seconds: dict[str, list[float | None]] = {worker.runner.name: [] for worker in chosen}
            again: dict[str, list[float | None]] = {worker.runner.name: [] for worker in chosen}
            for size, count in enumerate((100, 10, 1)):
                for worker in chosen:
                    answer = worker.ask(do="in turn", kernel=name, size=size, count=count, budget=0.05)
                    seconds[worker.runner.name].append(answer.get("cpu"))
                for worker in chosen:
                    answer = worker.ask(do="time", kernel=name, size=size, budget=0.05)
                    again[worker.runner.name].append(answer.get("cpu"))
            found[name] = {"sizes": KERNELS[name].sizes, "seconds": seconds, "again": again}
            ratios = figures.grown(found[name], figures.OURS) or ()
            say(f"{name:<20}" + "".join(f"{ratio:8.1f}" for ratio in ratios))
    finally:
        for worker in chosen:
            worker.close()
    return found


def _told(name: str, result: Json) -> str:
    strange = [f"{runner} {e['state']}" for runner, e in result["runners"].items() if e["state"] != "right"]
    return f"{name:<20}{', '.join(strange) or 'all right'}"
