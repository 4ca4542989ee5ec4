"""What follows from the times: ratios, geometric means, who is exact, which goals hold. Pure functions of the results."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

BASE = "cpython"
OURS = "pyrust"
HAND_WRITTEN = ("rust", "rust_in_place")
PEERS = ("mypyc", "cython", "cython_typed", "numba", "pythran", "pypy")
KEPT = 0.6
"""What has to be left of a ratio when the input is a hundred times as large."""
LATER = ("classes", "shared", "called", "generators", "arrays")
"""Groups that have goals of their own, and do not count in those for all kernels."""

LEAST = {
    "scalar": 40.0,
    "lists": 18.0,
    "scanned": 100.0,
    "made": 5.0,
    "dicts": 3.0,
    "big": 1.5,
    "classes": 30.0,
    "shared": 5.0,
    "called": 1.0,
    "generators": 8.0,
    "arrays": 50.0,
}


def geometric_mean(values: Iterable[float]) -> float | None:
    """None without values."""
    logarithms = [math.log(value) for value in values]
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else None


def judge(expected: Json, answer: Json) -> str:
    """What an answer to an edge input is worth, CPython's being `expected`."""
    if "died" in answer:
        return "dies"
    if "refused" in answer:
        return "no version"
    found = answer.get("outcome", {"raises": answer.get("error", "").partition(":")[0], "after": None})
    wanted = expected["outcome"]
    if "print" in wanted:
        if "print" in found:
            return "same" if found["print"] == wanted["print"] else "wrong"
        return "refuses" if found["raises"] in ("TypeError", "TypingError", "OverflowError") else "other exception"
    if "print" in found:
        return "wrong"
    if found["raises"] != wanted["raises"]:
        return "other exception"
    return "same" if found["after"] == wanted["after"] else "wrong"


def grown(kernel: Json, runner: str, what: str = "seconds") -> list[float] | None:
    """How many times faster than the first runner on each size; nothing where a size was refused."""
    times: dict[str, list[float | None]] = kernel[what]
    pairs = list(zip(next(iter(times.values())), times.get(runner, ()), strict=False))
    ratios = [slow / fast for slow, fast in pairs if slow and fast]
    return ratios if len(ratios) == len(kernel["sizes"]) else None


def kept(ratios: Sequence[float]) -> float:
    """What is left of the first ratio at worst."""
    return min(ratios) / ratios[0]


def seconds(kernel: Json, runner: str, clock: str = "cpu") -> float | None:
    """The time of an answer to the timed input, right or wrong; None if there is none."""
    entry: Json = kernel["runners"].get(runner, {})
    return entry.get(clock)


def right(kernel: Json, runner: str) -> bool:
    """Whether the timed input came out as in CPython; `python` is a runner that left the kernel to Python."""
    return kernel["runners"].get(runner, {}).get("state") in ("right", "python")


def exact(kernel: Json, runner: str) -> bool:
    """Whether the timed input and every edge input came out as in CPython."""
    return right(kernel, runner) and set(kernel["runners"][runner]["edges"]) <= {"same"}


def answers(kernel: Json, runner: str) -> bool:
    """Whether the timed input has an answer at all."""
    return seconds(kernel, runner) is not None


def ratio(kernel: Json, runner: str, base: str, clock: str = "cpu") -> float | None:
    """How many times faster than `base` a runner is."""
    ours, theirs = seconds(kernel, runner, clock), seconds(kernel, base, clock)
    return theirs / ours if ours and theirs else None


def best(kernel: Json, runners: Iterable[str], accept: Callable[[Json, str], bool], clock: str) -> str | None:
    """The fastest runner that is accepted."""
    times = {name: time for name in runners if accept(kernel, name) and (time := seconds(kernel, name, clock))}
    return min(times, key=lambda name: times[name]) if times else None


def summary(kernels: Mapping[str, Json], clock: str = "cpu") -> Json:
    """All means and goals. A kernel that runs as Python counts as such."""
    runners = sorted({name for kernel in kernels.values() for name in kernel["runners"]})
    groups = list(dict.fromkeys(kernel["group"] for kernel in kernels.values()))
    counted = {name: kernel for name, kernel in kernels.items() if kernel["group"] not in LATER}

    def mean(chosen: Iterable[Json], runner: str, base: str = BASE) -> Json:
        right_ones = [kernel for kernel in chosen if right(kernel, runner)]
        ratios = [value for kernel in right_ones if (value := ratio(kernel, runner, base, clock))]
        return {"mean": geometric_mean(ratios), "kernels": len(ratios)}

    by_group = {
        runner: {
            **{group: mean((k for k in kernels.values() if k["group"] == group), runner) for group in groups},
            "all": mean(counted.values(), runner),
        }
        for runner in runners
    }
    against: Json = {}
    for name in HAND_WRITTEN:
        against[name] = _against(counted, dict.fromkeys(counted, name), clock)
    exact_peers = {key: best(kernel, PEERS, exact, clock) for key, kernel in counted.items()}
    all_peers = {key: best(kernel, PEERS, answers, clock) for key, kernel in counted.items()}
    arrays = {key: kernel for key, kernel in kernels.items() if kernel["group"] == "arrays"}
    against["Numba, loops over NumPy arrays"] = _against(arrays, dict.fromkeys(arrays, "numba"), clock)
    against["best exact peer"] = _against(counted, exact_peers, clock)
    against["best of all peers"] = _against(counted, all_peers, clock)
    edges = {runner: _edges(kernels, runner) for runner in runners}
    slower = [name for name, k in counted.items() if (value := ratio(k, OURS, BASE, clock)) and value < 1.0]
    return {
        "by_group": by_group,
        "against": against,
        "edges": edges,
        "slower_than_cpython": slower,
        "goals": _goals(by_group.get(OURS, {}), against, slower),
    }


def _against(kernels: Mapping[str, Json], rivals: Mapping[str, str | None], clock: str) -> Json:
    ratios = {
        key: {"rival": rival, "ratio": value}
        for key, kernel in kernels.items()
        if (rival := rivals[key]) and (value := ratio(kernel, OURS, rival, clock))
    }
    values = [entry["ratio"] for entry in ratios.values()]
    return {"mean": geometric_mean(values), "least": min(values, default=None), "kernels": ratios}


def _edges(kernels: Mapping[str, Json], runner: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for kernel in kernels.values():
        entry = kernel["runners"].get(runner, {"state": "absent"})
        missing = ["no version"] * len(kernel["edges"]) if entry["state"] in ("refused", "died") else []
        for verdict in (*entry.get("edges", ()), *missing):
            counts[verdict] = counts.get(verdict, 0) + 1
    return counts


def _goals(ours: Json, against: Json, slower: list[str]) -> list[Json]:
    goals = []

    def goal(title: str, least: float, found: float | None) -> None:
        goals.append({"goal": title, "least": least, "found": found, "holds": found is not None and found >= least})

    for group, least in LEAST.items():
        goal(f"{group} against CPython", least, ours.get(group, {}).get("mean"))
    goal("against Numba, loops over NumPy arrays", 0.9, against["Numba, loops over NumPy arrays"]["mean"])
    goal("all kernels against CPython", 20.0, ours.get("all", {}).get("mean"))
    goal("against hand-written Rust, typed", 1.0, against["rust"]["mean"])
    goal("against hand-written Rust, in place", 0.9, against["rust_in_place"]["mean"])
    leasts = [against[name]["least"] for name in HAND_WRITTEN if against[name]["least"] is not None]
    goal("slowest kernel against either Rust", 0.5, min(leasts, default=None))
    goal("against the best exact peer", 2.5, against["best exact peer"]["mean"])
    goal("against the best of all peers", 0.8, against["best of all peers"]["mean"])
    goals.append({"goal": "kernels slower than CPython", "least": 0, "found": len(slower), "holds": not slower})
    return goals
