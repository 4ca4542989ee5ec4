"""Verification: every outermost native call of a run is also done by Python, and both must show the same.

For each call: the native version runs first, uncommitted; a picture of its result and of what the arguments would be is taken; it is
rolled back, and the rollback is checked; then the Python original runs for real, once, and a picture is taken of that.
What the program sees is always Python's doing, so a run with differences goes on undisturbed.

A native version that bails has left the decision to Python: that call is counted, and not as equal.

Generators, and functions of which only loops are native, are not calls that can be done twice: see `observed`.

In: a project whose extensions are built. Out: a *run* (plain data) per process; `merge` adds them, `finish` judges and reports.
It must not run anything twice, or change what a test observes, apart from time and from frames of ours in tracebacks.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any, TypeVar

from pyrust import equal, hotspots, observed, progress, runinfo, samples
from pyrust.compare import Comparison, bound
from pyrust.finder import Finder
from pyrust.runinfo import Project

VERSION = 1

SECONDS = 60.0
"""Seconds that comparing may take in all. After that, a function of which nothing has been compared yet gets one call."""
FIRST = 500
"""Calls that are compared of each function and kind of arguments before only one of two is; after as many again, one of four, and so on."""
PATIENCE = 0.25
"""Seconds of comparing one function that count as much as so many calls."""
KINDS = 100
"""Kinds of arguments of one function that are told apart; further ones are taken together."""
IN_EACH_TEST = 3
"""Calls of each function that are compared in every test, whatever was compared before: a test has its reasons."""
AT_MOST = 20
"""Differences of one function that are kept."""
MANY = 20
"""With more functions than this that run as Python, they are counted, not listed."""
REHEARSED = 10
"""Calls of one function in which bailing out half-way is tried."""

Run = dict[str, Any]
Made = TypeVar("Made", bound=Comparison)


class _Thinning:
    """Which calls of one kind are compared: all, then about every second one, every fourth one …

    The gaps vary: programs that do things in turn would always show the same of them otherwise. They are the same in every run.
    """

    def __init__(self) -> None:
        self._gaps = random.Random(0)
        self._stride = 1
        self._wait = 0
        self._taken = 0
        self._spent = 0.0

    def due(self) -> bool:
        if self._wait:
            self._wait -= 1
            return False
        self._wait = self._gaps.randrange(2 * self._stride - 1)
        return True

    def took(self, seconds: float) -> None:
        self._spent += seconds

    def compared(self) -> None:
        self._taken += 1
        if self._taken >= FIRST or self._spent > PATIENCE:
            self._stride *= 2
            self._taken, self._spent = 0, 0.0


def _kind(value: object) -> object:
    """The exact type; of a container also whether it is empty, and the type of an element."""
    found = type(value)
    if found in (list, tuple):
        return found, type(value[0]) if value else None  # type: ignore[index]
    if found in (dict, set, frozenset):
        return found, bool(value)
    return found


class _Function:
    """What is known about one function in this process."""

    def __init__(self) -> None:
        self.calls = 0
        self.equal = 0
        self.different = 0
        self.skipped = 0
        self.out_of_time = 0
        self.too_large = 0
        self.bailed: dict[str, int] = {}
        self.kinds: dict[object, _Thinning] = {}
        self.test = -1
        self.in_test = 0

    def kind(self, args: tuple[object, ...], loop: int | None = None) -> _Thinning:
        """What has been compared of calls (or of runs of this loop) with such arguments: exact types, and those of first elements."""
        key: object = (loop, *map(_kind, args))
        if key not in self.kinds and len(self.kinds) >= KINDS:
            key = None
        return self.kinds.setdefault(key, _Thinning())

    def compared(self) -> bool:
        return bool(self.equal or self.different or self.bailed or self.too_large)

    def data(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "equal": self.equal,
            "different": self.different,
            "skipped": self.skipped,
            "out_of_time": self.out_of_time,
            "too_large": self.too_large,
            "bailed": self.bailed,
        }


class Verifier:
    """Compares from `start()` to `stop()`, for at most `seconds` (0: no limit, and every call)."""

    def __init__(self, project: Project, seconds: float = SECONDS) -> None:
        # Arguments of some calls are kept: what is invented afterwards begins with them, and the gate times them.
        self._samples: dict[str, samples.Seen] = {}
        self._project = project
        self._seconds = seconds or float("inf")
        self._everything = not seconds
        self._test = 0
        self._spent = 0.0
        self._spent_on: dict[str, float] = {}
        # No thread says it: NumPy is asked natively only while there is no other.
        self._said = 0.0
        self.tell: Callable[[str], None] = lambda line: None
        self._functions: dict[str, _Function] = {}
        self._pending: list[str] = []
        self._kept: list[dict[str, str]] = []
        self._extensions: dict[str, ModuleType] = {}
        self._finder = Finder(self._adopt, set(hotspots.extension_names(project).values()))
        self._busy = threading.local()
        self._observer = observed.Observer(self._begin, self._natively, self._judge, self._sample)

    def start(self) -> None:
        if os.environ.get("PYRUST") == "python":
            # It would make every call Python, and the run a failure that nobody understands.
            del os.environ["PYRUST"]
        sys.meta_path.insert(0, self._finder)
        for module in hotspots.loaded(self._project).values():
            self._adopt(module)

    def stop(self) -> Run:
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        states = hotspots.status(self._project)
        kinds = observed.kinds(self._extensions)
        self._observer.stop()
        for module in self._extensions.values():
            module._set_interceptor(None)
            if hasattr(module, "_set_observer"):
                module._set_observer(None)
        self._extensions = {}
        return {
            "version": VERSION,
            "functions": {name: function.data() for name, function in self._functions.items()},
            "status": {str(entry["function"]): [entry["state"], entry["reason"]] for entry in states},
            "differences": self._kept,
            "unreported": self._pending,
            "samples": self._samples,
            "kinds": kinds,
            "seconds": self._spent_on,
        }

    def take(self, test: str) -> list[str]:
        """The differences since the last call; they happened in this test."""
        self._test += 1
        self._observer.end()
        found, self._pending = self._pending, []
        for text in found:
            for entry in self._kept:
                if entry["text"] == text:
                    entry.setdefault("test", test)
        return found

    def _adopt(self, module: ModuleType) -> None:
        if module.__name__ in self._extensions or not hasattr(module, "_set_interceptor"):
            return
        self._extensions[module.__name__] = module
        module._set_interceptor(lambda name, args, original: self._call(module, name, args, original))
        if hasattr(module, "_set_observer"):
            module._set_observer(lambda event, name, *rest: self._observer.tell(module, event, name, *rest))

    def _call(self, module: ModuleType, name: str, args: tuple[object, ...], original: FunctionType) -> object:
        kind = self._begin(name, args)
        if kind is None:
            return bound(original, args)
        if self._functions[name].calls.bit_count() == 1:
            self._sample(name, args, original)
        comparison = self._natively(name, kind, lambda: Comparison(module, name, args, original))
        if comparison is None:
            return bound(original, args)
        try:
            result = bound(original, args)
        except BaseException as error:
            raised = error
            self._judge(name, kind, comparison, lambda: comparison.judge(None, raised))
            raise
        self._judge(name, kind, comparison, lambda: comparison.judge(result, None))
        return result

    def _begin(self, name: str, args: tuple[object, ...], loop: int | None = None) -> _Thinning | None:
        """Counts a call, or a run of a loop; those that it is counted among, if it is to be compared."""
        function = self._functions.setdefault(name, _Function())
        function.calls += 1
        if getattr(self._busy, "comparing", False):
            # Our own reading of objects must not be compared with itself.
            function.skipped += 1
            return None
        kind = function.kind(args, loop)
        if not (kind.due() or self._new_in_test(function) or self._everything):
            function.skipped += 1
            return None
        if self._spent > self._seconds and (function.compared() or self._spent > 2 * self._seconds):
            function.out_of_time += 1
            return None
        return kind

    def _natively(self, name: str, kind: _Thinning, make: Callable[[], Made]) -> Made | None:
        """The native version, uncommitted; None where there is too much to look at."""
        function = self._functions[name]
        started = time.perf_counter()
        self._busy.comparing = True
        collecting = gc.isenabled()
        gc.disable()
        comparison: Made | None = None
        try:
            comparison = make()
            comparison.run_native(rehearse=function.calls <= REHEARSED)
        except equal.TooLarge:
            comparison = None
        finally:
            if collecting:
                gc.enable()
            self._busy.comparing = False
        self._took(name, kind, time.perf_counter() - started)
        if comparison is None:
            function.too_large += 1
            kind.compared()
        return comparison

    def _sample(self, name: str, args: tuple[object, ...], original: FunctionType) -> None:
        """Fewer and fewer calls, as the recorder does it."""
        from pyrust._engine import recorder

        text = recorder.sample(samples.parameter_order(original, args))
        seen = self._samples.setdefault(name, samples.nothing())
        samples.add(seen, {"opaque": 1} if text is None else {"samples": [[text, 1]]})

    def _new_in_test(self, function: _Function) -> bool:
        """Whether this is one of the first calls in a test."""
        if function.test != self._test:
            function.test, function.in_test = self._test, 0
        function.in_test += 1
        return function.in_test <= IN_EACH_TEST

    def _judge(self, name: str, kind: _Thinning, comparison: Comparison, judge: Callable[[], str | None]) -> None:
        function = self._functions[name]
        started = time.perf_counter()
        self._busy.comparing = True
        try:
            text = judge()
        finally:
            self._busy.comparing = False
        if comparison.bailed is not None and text is None:
            function.bailed[comparison.bailed] = function.bailed.get(comparison.bailed, 0) + 1
        elif text is None:
            function.equal += 1
        else:
            function.different += 1
            if function.different <= AT_MOST:
                self._pending.append(text)
                self._kept.append({"function": comparison.name, "text": text})
        self._took(name, kind, time.perf_counter() - started)
        kind.compared()

    def _took(self, name: str, kind: _Thinning, seconds: float) -> None:
        self._spent += seconds
        self._spent_on[name] = self._spent_on.get(name, 0.0) + seconds
        kind.took(seconds)
        if self._spent - self._said > progress.SELDOM:
            self._said = self._spent
            self.tell("pyrust: " + _longest(self._spent_on))


# Judging a whole run.


def merge(runs: Iterable[Run]) -> Run:
    """Adds up the runs of several processes."""
    total: Run = {
        "version": VERSION,
        "functions": {},
        "status": {},
        "differences": [],
        "unreported": [],
        "samples": {},
        "kinds": {},
        "seconds": {},
    }
    for run in runs:
        for name, seconds in run.get("seconds", {}).items():
            total["seconds"][name] = total["seconds"].get(name, 0.0) + seconds
        for name, counts in run["functions"].items():
            entry = total["functions"].setdefault(name, _Function().data())
            for key in COUNTS:
                entry[key] += counts.get(key, 0)
            for reason, count in counts["bailed"].items():
                entry["bailed"][reason] = entry["bailed"].get(reason, 0) + count
        total["status"].update(run["status"])
        total["kinds"].update(run.get("kinds", {}))
        total["differences"] += run["differences"]
        total["unreported"] += run["unreported"]
        for name, seen in run.get("samples", {}).items():
            samples.add(total["samples"].setdefault(name, samples.nothing()), seen)
    return total


COUNTS = ("calls", "equal", "different", "skipped", "out_of_time", "too_large")


def verdict(counts: dict[str, Any]) -> str:
    """`different`, `equal`, or why nothing can be said."""
    if counts["different"]:
        return "different"
    if counts["equal"]:
        return "equal"
    for reason, said in (("bailed", "bailed"), ("too_large", "too large"), ("out_of_time", "out of time")):
        if counts[reason]:
            return said
    return "not compared" if counts["calls"] else "not called"


@dataclass
class Outcome:
    """What became of a verification."""

    lines: list[str]
    data: dict[str, Any]
    failed: bool


def finish(project: Project, run: Run) -> Outcome:
    """Judges a (merged) run and writes `.pyrust/verify.json`."""
    functions = {
        name: run["functions"].get(name, _Function().data()) for name in sorted({*run["functions"], *run["status"]})
    }
    entries = [
        {
            "function": name,
            "verdict": verdict(counts),
            "state": run["status"].get(name, ["native", None])[0],
            "reason": run["status"].get(name, ["native", None])[1],
            "native_calls": counts["equal"] + counts["different"],
            "bailouts": counts["bailed"],
            **{key: counts[key] for key in COUNTS},
            **({"kind": run["kinds"][name]} if name in run.get("kinds", {}) else {}),
            **({"invented": counts["invented"]} if "invented" in counts else {}),
        }
        for name, counts in functions.items()
    ]
    for entry in entries:
        entry["tier"] = tier(entry)
    data = {"version": VERSION, "hotspots": entries, "differences": run["differences"], "machine": runinfo.machine()}
    lines, failed = _lines(project, entries, run)
    try:
        runinfo.write_json(project.cache / "verify.json", data)
    except OSError as error:
        lines.append(f"pyrust: cannot write {project.cache / 'verify.json'}: {error.strerror}")
    return Outcome(lines, data, failed)


def _longest(seconds: Mapping[str, float]) -> str:
    """Where the time went that comparing took."""
    name = max(seconds, key=lambda one: seconds[one])
    return f"comparing calls took {sum(seconds.values()):.0f} s, {seconds[name]:.0f} s of them for {name}"


def _lines(project: Project, entries: list[dict[str, Any]], run: Run) -> tuple[list[str], bool]:
    calls = sum(entry["equal"] for entry in entries)
    different = [entry for entry in entries if entry["verdict"] == "different"]
    verified = [entry for entry in entries if entry["verdict"] == "equal"]
    lines = [
        f"pyrust: {runinfo.counted(calls, 'native call')} equal to Python, {runinfo.counted(len(verified), 'function')} verified"
    ]
    for entry in different:
        lines.append(
            f"pyrust: {entry['function']} differs from Python in {runinfo.counted(entry['different'], 'call')}"
        )
    asleep = [
        entry for entry in entries if entry["verdict"] == "not called" and entry["state"] not in ("native", "pending")
    ]
    if len(asleep) > MANY:
        lines.append(f"pyrust: {len(asleep)} functions not verified: they run as Python (`pyrust report` says why)")
    for entry in entries:
        if entry in asleep:
            why = f": {entry['reason']}" if entry["reason"] else ""
            if len(asleep) <= MANY:
                lines.append(f"pyrust: {entry['function']} not verified: runs as Python ({entry['state']}{why})")
        elif entry["verdict"] == "bailed":
            reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(entry["bailouts"].items()))
            lines.append(
                f"pyrust: {entry['function']} not verified: every native call bailed ({reasons}); `pyrust explain {entry['function']}` tells where"
            )
        elif entry["verdict"] == "too large":
            lines.append(
                f"pyrust: {entry['function']} not verified: too large: more than {equal.NODES:,} objects to compare per call"
            )
        elif entry["verdict"] in ("not called", "not compared"):
            lines.append(f"pyrust: {entry['function']} not verified: {_why_not(entry)}")
        else:
            if entry["too_large"]:
                some = f"{entry['too_large']} of {entry['calls']} calls were not compared"
                lines.append(f"pyrust: {entry['function']}: {some}: too large")
    if any(entry["skipped"] for entry in entries):
        whole = sum(entry["calls"] for entry in entries)
        some = whole - sum(entry[key] for entry in entries for key in ("skipped", "out_of_time", "too_large"))
        lines.append(
            f"pyrust: {some:,} of {whole:,} calls were compared: the first with each kind of arguments and in each test, then fewer and fewer; "
            "--pyrust-verify-seconds=0 compares all"
        )
    if sum(run.get("seconds", {}).values()) > progress.SELDOM:
        lines.append("pyrust: " + _longest(run["seconds"]))
    late = [f"{entry['function']} ({entry['out_of_time']})" for entry in entries if entry["out_of_time"]]
    if late:
        unseen = sum(entry["verdict"] == "out of time" for entry in entries)
        none = f", {runinfo.counted(unseen, 'function')} without any" if unseen else ""
        lines.append(f"pyrust: time ran out; calls not compared{none}: {', '.join(late)}")
        lines.append("pyrust: --pyrust-verify-seconds=N allows more time (0: no limit, and every call)")
    for text in run["unreported"]:
        lines += ["pyrust: outside of any test:", *text.splitlines()]
    failed = bool(different)
    if not different and not calls:
        failed = True
        native = any(state in ("native", "pending") for state, _ in run["status"].values())
        why = "no native call took place" if native else "nothing is native (`pyrust build` compiles in place)"
        if not run["status"]:
            why = "no native module was loaded (`pyrust build` compiles it in place, `pyrust init` makes the package import it)"
            if not project.manifest.is_file():
                why = f"no hotspots {runinfo.next_step(project)}"
            elif broken := hotspots.unloadable(project):
                why = "; ".join(broken.values())
        if any(entry["verdict"] in ("too large", "out of time") for entry in entries):
            why = "no native call was compared"
        lines.append(f"pyrust: verification failed: {why}")
    return lines, failed


def _why_not(entry: Mapping[str, Any]) -> str:
    """Why nothing of a native function was compared."""
    calls = runinfo.counted(entry["calls"], "call")
    if entry.get("kind") == "loops":
        return (
            "only loops of it are native, and none was reached"
            if not entry["calls"]
            else f"none of its {calls} of a native loop was compared"
        )
    if entry.get("kind") == "generator" and entry["calls"]:
        return f"a generator, and the arguments of its {calls} cannot be written down for another one beside it"
    return f"none of its {calls} was compared" if entry["calls"] else "not called"


def table(data: dict[str, Any]) -> list[str]:
    """The counts per function, for the terminal."""
    lines = ["     calls      equal  different     bailed  tier       strength  function"]
    for entry in data["hotspots"]:
        bailed = sum(entry["bailouts"].values())
        strength = f"{entry['strength']['share']:.0%}" if "share" in entry.get("strength", {}) else ""
        lines.append(
            f"{entry['calls']:>10} {entry['equal']:>10} {entry['different']:>10} {bailed:>10}  {entry['tier']:<9} {strength:>9}  {entry['function']}"
        )
    return lines


# Outside of pytest.

EACH = 2.0
"""Seconds of invented calls for each function."""
INVENTING = 10.0
"""Seconds of invented calls at the end of a test run, in all."""
WEAK = 0.5
"""Inputs that notice a smaller share of the changes are named in the summary."""
STRENGTH = 5.0
"""Seconds at the end of a test run for finding out how strong the inputs are, in all."""
TIERS = ("python", "different", "built", "recorded", "invented")
"""How much a hotspot is trusted, from the least to the most: it runs as Python; it is wrong; it is built; recorded calls (those of the
tests) are equal; invented ones are equal too."""
HASH_SEEDS = ("0", "4242")
"""The order of sets of texts depends on it."""


def main(argument: str) -> int:
    """`pyrust verify`: native against Python on recorded and invented arguments; exit code 1 when anything differs, or nothing was done.

    What is verified is what a program that imports the project gets: the modules in place, or those installed.
    """
    from pyrust import bench

    options = json.loads(argument)
    project = runinfo.load(os.getcwd())
    chosen = bench.chosen(project, options["functions"])
    outcome = on_samples(project, chosen, float(options.get("seconds") or EACH))
    if options.get("json"):
        print(json.dumps(outcome.data, indent=1))
    else:
        print("\n".join(outcome.lines))
    return 1 if outcome.failed else 0


def on_samples(project: Project, chosen: Mapping[str, Mapping[str, Any]], seconds: float) -> Outcome:
    """Verifies these entries of the manifest, in processes of their own, under two hash seeds."""
    stored = samples.read(project)
    inputs = {name: (stored.get(name, samples.nothing()), entry) for name, entry in chosen.items()}
    entries, texts = _on(project, inputs, seconds)
    strengthen(project, entries, inputs, seconds * len(inputs))
    for entry in entries:
        entry["tier"] = tier(entry)
    return _judged(project, entries, texts)


def _on(
    project: Project, inputs: Mapping[str, tuple[samples.Seen, Mapping[str, Any]]], seconds: float
) -> tuple[list[dict[str, Any]], list[str]]:
    """What became of each function, and the texts of the differences."""
    from pyrust import bench

    wanted = {name: {**seen, "signatures": entry["signatures"]} for name, (seen, entry) in inputs.items()}
    runs = [
        bench.ask_all(project, "verify", wanted, seconds / len(HASH_SEEDS), seed=number, hash_seed=hash_seed)
        for number, hash_seed in enumerate(HASH_SEEDS)
    ]
    entries, texts = [], []
    for name in sorted(wanted):
        entry, said = _added(name, [run.get(name, {}) for run in runs])
        entries.append(entry)
        texts += said
    return entries, texts


def tier(entry: Mapping[str, Any]) -> str:
    """How far the trust in a function goes: one of `TIERS`."""
    if entry["verdict"] == "different":
        return "different"
    if entry["equal"]:
        return "invented" if entry.get("invented") else "recorded"
    if entry.get("invented"):
        return "invented"
    return "built" if entry["state"] in ("native", "pending") and "problem" not in entry else "python"


def strengthen(
    project: Project,
    entries: Iterable[dict[str, Any]],
    inputs: Mapping[str, tuple[samples.Seen, Mapping[str, Any]]],
    seconds: float,
) -> None:
    """Finds out how many small changes of the Python functions their inputs notice; only of functions that are equal."""
    from pyrust import bench

    wanted = {
        entry["function"]: entry for entry in entries if entry["verdict"] == "equal" and entry["function"] in inputs
    }
    if not wanted or seconds <= 0:
        return
    jobs = {name: {**inputs[name][0], "signatures": inputs[name][1]["signatures"]} for name in wanted}
    try:
        found = bench.ask_all(project, "strength", jobs, seconds / len(jobs), modules=list(project.modules))
    except (ValueError, OSError) as error:
        found = {name: {"problem": str(error)} for name in jobs}
    for name, entry in wanted.items():
        one = found.get(name, {"problem": "nothing was said of it"})
        if "problem" in one:
            entry["strength"] = {"unmeasured": one["problem"]}
            continue
        share = round(one["noticed"] / one["mutants"], 4)
        seen = inputs[name][0]
        if share < WEAK and (one["left_out"] or seen["long"] or seen["opaque"]):
            # The calls that would notice may be those.
            why = "some of its calls take too long, or are too large, to be repeated for each change"
            entry["strength"] = {"unmeasured": why}
        else:
            entry["strength"] = {**one, "share": share}


def _strength(entry: Mapping[str, Any]) -> str:
    """Behind what is said of the function's calls."""
    found = entry.get("strength", {})
    if "unmeasured" in found:
        return f"; how strong they are is not known: {found['unmeasured']}"
    if "share" not in found:
        return ""
    return f"; they notice {found['noticed']} of {runinfo.counted(found['mutants'], 'small change')} of the function ({found['share']:.0%})"


def _strength_of_all(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """The line for a whole run, and the functions whose inputs notice the least."""
    entries = list(entries)
    found = [entry for entry in entries if "share" in entry.get("strength", {})]
    unknown = [entry for entry in entries if "unmeasured" in entry.get("strength", {})]
    said = [
        f"pyrust: how strong the inputs of {entry['function']} are is not known: {entry['strength']['unmeasured']}"
        for entry in unknown[:3]
    ]
    if len(unknown) > 3:
        said.append(f"pyrust: nor of {len(unknown) - 3} more (`pyrust report`)")
    if not found:
        return said
    noticed, mutants = (sum(entry["strength"][key] for entry in found) for key in ("noticed", "mutants"))
    lines = [
        f"pyrust: their inputs notice {noticed} of {runinfo.counted(mutants, 'small change')} of the functions ({noticed / mutants:.0%})"
    ]
    weak = sorted(
        (entry for entry in found if entry["strength"]["share"] < WEAK), key=lambda one: one["strength"]["share"]
    )
    for entry in weak[:3]:
        missed = entry["strength"]["missed"]
        lines.append(
            f"pyrust: {entry['function']} is tested weakly ({entry['strength']['share']:.0%}): not noticed: {missed[0]}"
        )
    return lines + said


def generators(project: Project, run: Run) -> None:
    """After the tests, before all is judged: generators in lockstep with Python's, on recorded and invented arguments."""
    from pyrust import bench

    recorded = {
        name: run["samples"][name]
        for name, kind in run["kinds"].items()
        if kind == "generator" and run["samples"].get(name, samples.nothing())["samples"]
    }
    if not recorded:
        return
    try:
        manifest = bench.chosen(project, ())
        inputs = {name: (seen, manifest[name]) for name, seen in recorded.items() if name in manifest}
        entries, texts = _on(project, inputs, _each(len(inputs))) if inputs else ([], [])
    except (ValueError, OSError) as error:
        run["unreported"].append(f"pyrust: generators were not compared: {error}")
        return
    for entry in entries:
        counts = run["functions"][entry["function"]]
        counts["invented"] = entry["invented"]
        for key in ("equal", "different", "too_large"):
            # What was recorded was done under each hash seed.
            counts[key] += -(-entry[key] // len(HASH_SEEDS))
        for reason, count in entry["bailouts"].items():
            counts["bailed"][reason] = counts["bailed"].get(reason, 0) + count
        known = sum(counts[key] for key in ("equal", "different", "out_of_time", "too_large"))
        counts["skipped"] = max(counts["calls"] - known - sum(counts["bailed"].values()), 0)
    run["differences"] += [{"function": _named(text), "text": text} for text in texts]
    run["unreported"] += texts


def _named(text: str) -> str:
    """The function that the text of a difference is about."""
    return text.split()[1].rstrip(":")


def _each(functions: int) -> float:
    """Seconds for each of so many functions at the end of a run of tests."""
    return max(min(EACH, INVENTING / max(functions, 1)), 0.05)


def invented(project: Project, run: Run, outcome: Outcome) -> None:
    """After the tests: those functions whose calls were all equal are called with invented arguments as well."""
    from pyrust import bench

    equal_ones = {entry["function"]: entry for entry in outcome.data["hotspots"] if entry["verdict"] == "equal"}
    recorded = {name: seen for name, seen in run.get("samples", {}).items() if name in equal_ones and seen["samples"]}
    if not recorded or INVENTING <= 0:
        return
    try:
        manifest = bench.chosen(project, ())
        inputs = {name: (seen, manifest[name]) for name, seen in recorded.items() if name in manifest}
        # Generators have had theirs.
        left = {name: found for name, found in inputs.items() if "invented" not in equal_ones[name]}
        entries, texts = _on(project, left, _each(len(left))) if left else ([], [])
    except (ValueError, OSError) as error:
        outcome.lines.append(f"pyrust: no inputs were invented: {error}")
        return
    for entry in entries:
        equal_ones[entry["function"]]["invented"] = entry["invented"]
        equal_ones[entry["function"]]["tier"] = tier(equal_ones[entry["function"]])
    total = sum(entry.get("invented", 0) for entry in equal_ones.values())
    outcome.lines.append(f"pyrust: {runinfo.counted(total, 'invented call')} equal to Python")
    for entry in entries:
        if entry["verdict"] == "different":
            # Only what was invented counts here: that the recorded calls are equal has been seen where they took place.
            equal_ones[entry["function"]] |= {"verdict": "different", "tier": "different"}
            outcome.lines.append(f"pyrust: {entry['function']} differs from Python on invented arguments")
            outcome.failed = True
    for text in texts:
        outcome.lines += text.splitlines()
        outcome.data["differences"].append({"function": _named(text), "text": text})
    strengthen(project, equal_ones.values(), inputs, min(STRENGTH, EACH * len(inputs)))
    outcome.lines += _strength_of_all(equal_ones.values())
    with contextlib.suppress(OSError):
        runinfo.write_json(project.cache / "verify.json", outcome.data)


def _added(name: str, parts: list[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """What several processes have found out about one function."""
    entry: dict[str, Any] = {"function": name, "state": "native", "reason": None, "bailouts": {}, "invented": 0}
    entry |= dict.fromkeys(COUNTS, 0)
    texts: list[str] = []
    for part in parts:
        if "problem" in part:
            entry["problem"] = part["problem"]
        if part.get("crash"):
            entry["different"] += 1
            texts.append(f"pyrust: {name}: {part['problem']}")
        for key in (*COUNTS, "invented"):
            entry[key] += part.get(key, 0)
        for reason, count in part.get("bailed", {}).items():
            entry["bailouts"][reason] = entry["bailouts"].get(reason, 0) + count
        texts += [text for text in part.get("texts", ()) if text not in texts]
    counts = {**entry, "equal": entry["equal"] + entry["invented"], "bailed": entry["bailouts"]}
    entry["verdict"] = verdict(counts)
    entry["native_calls"] = counts["equal"] + entry["different"]
    return entry, texts


def _judged(project: Project, entries: list[dict[str, Any]], texts: list[str]) -> Outcome:
    recorded, invented = (sum(entry[key] for entry in entries) for key in ("equal", "invented"))
    lines = [
        f"{entry['function']}: {runinfo.counted(entry['equal'], 'recorded call')} and {entry['invented']:,} invented equal{_strength(entry)}"
        if entry["verdict"] == "equal"
        else f"{entry['function']}: {_said_of(entry)}"
        for entry in entries
    ]
    lines += ["", *"\n\n".join(texts).splitlines()] if texts else []
    different = sum(entry["verdict"] == "different" for entry in entries)
    if different:
        lines.append(f"\npyrust: {runinfo.counted(different, 'function')} of {len(entries)} differ from Python")
    elif recorded + invented:
        lines.append(
            f"\npyrust: {runinfo.counted(recorded, 'recorded call')} and {invented:,} invented equal to Python"
        )
    else:
        broken = "; ".join(hotspots.unloadable(project).values())
        problems = [str(entry.get("problem", "")) for entry in entries]
        hint = "`pyrust build` compiles in place"
        if any(problem.startswith("only loops") for problem in problems):
            hint = "`pytest --pyrust-verify` compares native loops, where they run"
        elif all(problem.startswith("it runs as Python") for problem in problems):
            hint = "nothing of this is native"
        if any(_said_of(entry).startswith("not verified: no recorded calls") for entry in entries):
            hint = "`pytest --pyrust-verify` compares the calls of the tests"
        why = broken or f"no native call was compared ({hint})"
        lines.append(f"\npyrust: verification failed: {why}")
    failed = bool(different) or not recorded + invented
    data = {
        "version": VERSION,
        "hotspots": entries,
        "differences": [{"function": _named(text), "text": text} for text in texts],
        "machine": runinfo.machine(),
    }
    with contextlib.suppress(OSError):
        runinfo.write_json(project.cache / "verify.json", data)
    return Outcome(lines, data, failed)


def _said_of(entry: dict[str, Any]) -> str:
    if entry["verdict"] == "different":
        return "differs from Python"
    if entry["verdict"] == "bailed":
        return f"not verified: every call left native code ({_reasons(entry['bailouts'])})"
    if entry["verdict"] == "too large":
        return "not verified: its arguments are too large to be compared"
    return f"not verified: {entry.get('problem', 'no recorded calls, and types of which no values can be invented')}"


def _reasons(bailed: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(bailed.items()))
