"""Runs the functions of a project on stored samples: how fast they are natively and as Python, and whether they agree.

`python -m pyrust.measure` is a process of its own, so that what it does to the modules of the project stays here. The job comes as
JSON on standard input; the result goes to the file that the job names.

Timing is paired and interleaved: in each round, every sample runs natively and as Python, in turns, on fresh arguments. Ratios are taken
within rounds, so that a machine that is busy at times does not decide.

A function with effects that cannot be undone leaves native code before the first of them. Such a sample is found by a dry run, and is
not used: nothing here writes a file or prints twice.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import faulthandler
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from pyrust import equal, invent, lockstep, runinfo, samples, strength
from pyrust.compare import Comparison, bound
from pyrust.limits import Limits, TooLong

ROUNDS = 9
"""Rounds of a measurement, where time allows; never fewer than `FEWEST`."""
FEWEST = 5
BATCH = 0.001
"""Seconds that one batch of calls is to take at least, where the arguments allow it."""
MOST_CALLS = 5_000
MOST_TEXT = 16 << 20
"""Characters of samples that a batch of arguments may be made of."""
MARGIN = 1.1
"""A ratio that is clear: reached by the median, and half-way by all rounds but one."""

INVENTED = 2_000
"""Invented calls of one function, at most."""
PATIENCE = 10
"""Invented calls that may take all their time before the time of their function is used up."""
STRONG = 200
"""Invented calls that changes of the function must be noticed by."""
AT_MOST = 3
"""Differences of one function that are looked for."""

Json = dict[str, Any]
Call = tuple[tuple[Any, ...], dict[str, Any]]


@dataclass
class Sample:
    """One recorded call."""

    make: Callable[[], tuple[Any, ...]]
    weight: float
    length: int
    number: int


@dataclass
class Target:
    """One hotspot: the function that everybody calls, and, where it is native, its Python original."""

    name: str
    function: FunctionType
    original: FunctionType | None
    extension: ModuleType | None
    samples: list[Sample] = field(default_factory=list)
    why: str = ""
    """Why it is not native."""

    def calls(self, sample: Sample, count: int) -> list[Call]:
        """Fresh arguments for so many calls."""
        return [samples.call_form(self.function, sample.make()) for _ in range(count)]


# Getting at the functions.


class _Finder(importlib.abc.MetaPathFinder):
    """Extensions come from where they were compiled, not from where an older one may lie."""

    def __init__(self, paths: dict[str, str]) -> None:
        self._paths = paths

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        file = self._paths.get(fullname)
        if file is None:
            return None
        loader = importlib.machinery.ExtensionFileLoader(fullname, file)
        return importlib.util.spec_from_file_location(fullname, file, loader=loader)


def source_folders(modules: dict[str, str]) -> list[str]:
    """The folders from which the modules can be imported."""
    found: dict[str, None] = {}
    for module, path in modules.items():
        folder = Path(path).parent
        parts = module.count(".") + (Path(path).stem == "__init__")
        found[str(folder.parents[parts - 1] if parts else folder)] = None
    return list(found)


def _plain(module: ModuleType, qualname: str) -> FunctionType:
    found: Any = module
    for name in qualname.split("."):
        if isinstance(found, type):
            found = next((vars(base)[name] for base in found.__mro__ if name in vars(base)), None)
        else:
            found = getattr(found, name, None)
    if isinstance(found, (staticmethod, classmethod)):
        found = found.__func__
    if isinstance(found, property):
        found = found.fget
    if not isinstance(found, FunctionType):
        raise LookupError("there is no plain function of that name at run time")
    return found


def find(name: str, extensions: Sequence[str]) -> Target:
    """The function, from its module, which is imported for it."""
    module_name, _, qualname = name.partition(":")
    module = importlib.import_module(module_name)
    for extension_name in extensions:
        extension = sys.modules.get(extension_name)
        entries = extension.status() if extension is not None and hasattr(extension, "status") else []
        if extension is not None and any(entry["function"] == name for entry in entries):
            (entry,) = [entry for entry in entries if entry["function"] == name]
            # Where nothing can be native, the module has nothing but `status()`.
            pair = extension._original(name) if entry["state"] == "native" else None
            if pair is not None:
                return Target(name, pair[0], pair[1], extension)
            why = f"it runs as Python ({entry['state']}{': ' + entry['reason'] if entry['reason'] else ''})"
            return Target(name, _plain(module, qualname), None, None, why=why)
    return Target(name, _plain(module, qualname), None, None)


def usable(target: Target, stored: Json) -> dict[str, int]:
    """Gives the target those samples that it does natively; of the others, why not and how many."""
    refused: dict[str, int] = {}
    for number, (text, weight) in enumerate(stored["samples"]):
        try:
            sample = Sample(samples.maker(text, instances=True), float(weight), len(text), number)
            samples.call_form(target.function, sample.make())
        except ValueError as error:
            refused[str(error)] = refused.get(str(error), 0) + 1
            continue
        if target.extension is not None and target.original is not None:
            values = samples.local_order(target.original, sample.make())
            reason, _ = target.extension._dry_run(target.name, values, _ignore)
            if reason is not None:
                refused[str(reason)] = refused.get(str(reason), 0) + 1
                continue
        target.samples.append(sample)
    return refused


def _ignore(_result: object, _dicts: object) -> None:
    pass


# Timing.


# On a busy machine others take their turns, of milliseconds, in batches of one: what the processor did for this thread does not show
# them. Only where it is told finely enough.
_clock = time.thread_time if time.get_clock_info("thread_time").resolution <= 1e-6 else time.perf_counter


def is_generator(function: FunctionType) -> bool:
    return bool(function.__code__.co_flags & inspect.CO_GENERATOR)


def _time(function: FunctionType, calls: list[Call]) -> float:
    """Seconds of one call, of a batch; of a generator with what comes out of it."""
    if is_generator(function):
        started = _clock()
        for args, keywords in calls:
            collections.deque(itertools.islice(function(*args, **keywords), lockstep.ELEMENTS), maxlen=0)
        return (_clock() - started) / len(calls)
    if any(keywords for _, keywords in calls):
        started = _clock()
        for args, keywords in calls:
            function(*args, **keywords)
        return (_clock() - started) / len(calls)
    plain = [args for args, _ in calls]
    started = _clock()
    for args in plain:
        function(*args)
    return (_clock() - started) / len(plain)


def _paused(target: Target, paused: bool) -> None:
    if target.extension is not None:
        target.extension._pause(paused)


def _python(target: Target, calls: list[Call]) -> float:
    """The original, with nothing native below it."""
    _paused(target, True)
    try:
        return _time(target.original or target.function, calls)
    finally:
        _paused(target, False)


def _native(target: Target, calls: list[Call]) -> float:
    return _time(target.function, calls)


Way = Callable[[Target, list[Call]], float]


def _tried(target: Target, sample: Sample, ways: Sequence[Way]) -> tuple[float, float]:
    """Seconds for making the arguments of a call, and for the call in the slowest way."""
    started = time.perf_counter()
    target.calls(sample, 1)
    made = time.perf_counter() - started
    slowest = max(min(way(target, target.calls(sample, 1)) for _ in range(2)) for way in ways)
    return max(made, 1e-8), max(slowest, 1e-8)


def rounds(target: Target, ways: Sequence[Way], seconds: float) -> list[list[float]]:
    """For each round, the weighted seconds of a call in each way. Samples that take too long to be repeated are left out."""
    chosen: list[tuple[Sample, int]] = []
    took = 0.0
    began = time.perf_counter()
    for sample in sorted(target.samples, key=lambda one: (-one.weight, one.length)):
        if chosen and time.perf_counter() - began > seconds:
            break
        made, slowest = _tried(target, sample, ways)
        # Large arguments take longer to make than to work on.
        most = int(seconds / (len(ways) * FEWEST * made))
        count = max(1, min(int(BATCH / slowest), MOST_CALLS, MOST_TEXT // max(sample.length, 1), most))
        cost = len(ways) * count * (slowest + made) * FEWEST
        if chosen and took + cost > seconds:
            continue
        took += cost
        chosen.append((sample, count))
    number = ROUNDS if took * ROUNDS / FEWEST < seconds else FEWEST
    weight = sum(sample.weight for sample, _ in chosen)
    found = []
    for turn in range(number):
        sums = [0.0] * len(ways)
        for sample, count in chosen:
            order = range(len(ways)) if turn % 2 else reversed(range(len(ways)))
            for place in order:
                calls = target.calls(sample, count)
                sums[place] += ways[place](target, calls) * sample.weight / weight
        found.append(sums)
    return found


def ratio_of(ratios: Sequence[float]) -> tuple[float, str]:
    """The median, and whether it is `more` than one or `less` by a clear margin (or `even`)."""
    median = statistics.median(ratios)
    half = 1 + (MARGIN - 1) / 2
    if median > MARGIN and sum(ratio <= half for ratio in ratios) <= 1:
        return median, "more"
    if median < 1 / MARGIN and sum(ratio >= 1 / half for ratio in ratios) <= 1:
        return median, "less"
    return median, "even"


def speed(target: Target, seconds: float) -> Json:
    """Native against Python."""
    gc.collect()
    gc.disable()
    try:
        found = rounds(target, (_native, _python), seconds)
    finally:
        gc.enable()
    ratios = sorted(python / native for native, python in found)
    median, clear = ratio_of(ratios)
    outside = len(ratios) // 10
    return {
        "native_seconds": statistics.median(native for native, _ in found),
        "python_seconds": statistics.median(python for _, python in found),
        "speedup": median,
        "spread": [ratios[outside], ratios[-1 - outside]],
        "verdict": {"more": "faster", "less": "slower", "even": "even"}[clear],
        "rounds": len(found),
    }


def as_it_is(target: Target, seconds: float) -> Json:
    """The function as a program that calls it finds it."""
    gc.collect()
    gc.disable()
    try:
        found = rounds(target, (_native,), seconds)
    finally:
        gc.enable()
    return {"seconds": min(native for (native,) in found), "native": target.original is not None}


# Comparing.


def compared(target: Target, values: tuple[Any, ...]) -> tuple[str, str]:
    """One call: `equal`, `different` (and the text), `bailed` (and why), or `too large`; as the verifier does with a live call.

    `values` are those of the parameters, in their order. Where the native version bails, Python is not asked: what it would do may have
    effects that nobody waits for.
    """
    assert target.extension is not None
    assert target.original is not None
    if is_generator(target.original):
        try:
            return lockstep.compared(target, values)
        except equal.TooLarge:
            return "too large", ""
    local = samples.local_order(target.original, values)
    try:
        comparison = Comparison(target.extension, target.name, local, target.original)
        comparison.run_native(rehearse=True)
    except equal.TooLarge:
        return "too large", ""
    if comparison.bailed is not None and (text := comparison.judge(None, None)) is None:
        return "bailed", comparison.bailed
    result: object = None
    raised: BaseException | None = None
    target.extension._pause(True)
    try:
        result = bound(target.original, local)
    except Exception as error:
        raised = error
    finally:
        target.extension._pause(False)
    text = comparison.judge(result, raised)
    return ("equal", "") if text is None else ("different", text)


def _attempt(target: Target, values: tuple[Any, ...], seconds: float) -> tuple[str, str]:
    try:
        with Limits(seconds):
            return compared(target, values)
    except TooLong:
        return "bailed", "too long"
    except (MemoryError, RuntimeError, RecursionError) as error:
        return "bailed", type(error).__name__


def _makers(target: Target, stored: Json) -> list[Callable[[], tuple[Any, ...]]]:
    """What makes the recorded arguments; without those that the function cannot be called with any more."""
    makers = []
    for text, _ in stored["samples"]:
        with contextlib.suppress(ValueError):
            make = samples.maker(text)
            samples.call_form(target.function, make())
            makers.append(make)
    return makers


def verified(target: Target, stored: Json, seconds: float, seed: int) -> Json:
    """Recorded arguments, and invented ones until the time is over."""
    assert target.original is not None
    counts: Json = {"calls": 0, "equal": 0, "invented": 0, "different": 0, "too_large": 0, "bailed": {}, "texts": []}
    makers = _makers(target, stored)
    for make in makers:
        _count(counts, "equal", *_attempt(target, make(), 10 * seconds))
    inventor = invent.Inventor(target.original, stored.get("signatures", ()), makers, seed)
    # Of the processor's time: what is found must not depend on who else computes.
    until = time.process_time() + seconds
    tried = 0
    for values in inventor:
        tried += 1
        if time.process_time() > until or tried > INVENTED or counts["different"] >= AT_MOST:
            break
        try:
            samples.call_form(target.function, values)
            # What the call does to its arguments must not be what a smaller reproduction begins with.
            kept = copy.deepcopy(values)
        except (ValueError, RecursionError):
            continue
        verdict, text = _attempt(target, values, seconds / PATIENCE)
        if verdict == "different":
            text = _smallest(target, kept, text, seconds)
        _count(counts, "invented", verdict, text)
    return counts


def strong(target: Target, stored: Json, job: Json) -> Json:
    """How many small changes of the Python function the inputs of a verification notice."""
    assert target.original is not None
    assert target.extension is not None
    makers = _makers(target, stored)
    # Of the processor's time, as in `verified`.
    until = time.process_time() + job["seconds"] / 4

    def native(found: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Those that are done natively, and so have no effect but on what they are given."""
        assert target.extension is not None
        assert target.original is not None
        kept: list[tuple[Any, ...]] = []
        for values in found:
            if time.process_time() > until and kept:
                break
            try:
                local = samples.local_order(target.original, values)
                with Limits(job["seconds"]):
                    if is_generator(target.original):
                        verdict, _ = lockstep.compared(target, copy.deepcopy(values))
                        reason = None if verdict == "equal" else verdict
                    else:
                        reason, _ = target.extension._dry_run(target.name, copy.deepcopy(local), _ignore)
            except (TooLong, MemoryError, RuntimeError, ValueError, equal.TooLarge):
                continue
            if reason is None:
                kept.append(local)
        return kept

    inventor = invent.Inventor(target.original, stored.get("signatures", ()), makers, 0)
    invented = list(itertools.islice(inventor, STRONG))
    inputs = native([make() for make in makers]), native(invented)
    is_own = strength.project_modules(job["modules"])
    target.extension._pause(True)
    try:
        return strength.measure(target.original, *inputs, is_own, job["seconds"])
    except strength.Unmeasured as why:
        return {"problem": str(why)}
    finally:
        target.extension._pause(False)


def _count(counts: Json, kind: str, verdict: str, text: str) -> None:
    counts["calls"] += 1
    if verdict == "equal":
        counts[kind] += 1
    elif verdict == "bailed":
        counts["bailed"][text] = counts["bailed"].get(text, 0) + 1
    elif verdict == "too large":
        counts["too_large"] += 1
    else:
        counts["different"] += 1
        counts["texts"].append(text)


def _smallest(target: Target, values: tuple[Any, ...], text: str, seconds: float) -> str:
    """The text of a difference on arguments that cannot be made simpler."""
    until = time.process_time() + seconds
    found = True
    while found and time.process_time() < until:
        found = False
        for smaller in invent.smaller(values):
            if time.process_time() > until:
                break
            kept = copy.deepcopy(smaller)
            verdict, said = _attempt(target, smaller, seconds / PATIENCE)
            if verdict == "different":
                values, text, found = kept, said, True
                break
    return text


# The process.


def run(job: Json) -> Json:
    """Does what the job asks for, for each of its functions."""
    project = runinfo.load(job["root"], job.get("manifest"))
    if job["task"] in ("verify", "strength"):
        # What is installed, or in place, is what is verified.
        sys.path += source_folders(project.modules)
        Limits.memory()
    else:
        sys.path[:0] = source_folders(project.modules)
        sys.meta_path.insert(0, _Finder(job["extensions"]))
    stored = job["samples"]
    found: Json = {}
    for name in job["functions"]:
        # A process that dies has said where.
        runinfo.write_json(Path(job["output"]), {"functions": found, "running": name})
        if job["task"] in ("verify", "strength"):
            # No signal ends a power of huge numbers.
            faulthandler.dump_traceback_later(60 + 10 * job["seconds"], exit=True)
        try:
            target = find(name, list(job["extensions"]))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a module may do anything when it is imported
            found[name] = {"problem": f"{type(error).__name__}: {error}"}
            continue
        try:
            found[name] = _one(job, target, stored[name])
        except Exception as error:
            found[name] = {"problem": f"{type(error).__name__}: {error}"}
    faulthandler.cancel_dump_traceback_later()
    return found


def _one(job: Json, target: Target, stored: Json) -> Json:
    task = job["task"]
    if task != "compare" and target.original is None:
        return {"problem": target.why or "it is not native here"}
    if task == "strength":
        return strong(target, stored, job)
    if task == "verify" and getattr(target.extension, "_kind", lambda _: "")(target.name) == "loops":
        return {"problem": "only loops of it are native; `pytest --pyrust-verify` compares them where they run"}
    if task == "verify":
        return verified(target, stored, job["seconds"], job["seed"])
    wanted = job.get("numbers", {}).get(target.name)
    entry: Json = {"refused": usable(target, stored)}
    if wanted is not None:
        target.samples = [sample for sample in target.samples if sample.number in wanted]
    entry["numbers"] = [sample.number for sample in target.samples]
    if target.samples and task != "look":
        entry |= speed(target, job["seconds"]) if task == "speed" else as_it_is(target, job["seconds"])
    return entry


def main() -> None:
    job = json.loads(sys.stdin.read())
    # A program that asks for standard input must not get ours.
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    try:
        result: Json = {"functions": run(job)}
    except ValueError as error:
        result = {"error": str(error)}
    runinfo.write_json(Path(job["output"]), result)


if __name__ == "__main__":
    main()
