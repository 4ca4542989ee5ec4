"""Verification: every outermost native call of a run is also done by Python, and both must show the same.

For each call: the native version runs first, uncommitted; a picture of its result and of what the arguments would be is taken; it is
rolled back, and the rollback is checked; then the Python original runs for real, once, and a picture is taken of that.
What the program sees is always Python's doing, so a run with differences goes on undisturbed.

A native version that bails has left the decision to Python: that call is counted, and not as equal.

In: a project whose extensions are built. Out: a *run* (plain data) per process; `merge` adds them, `finish` judges and reports.
It must not run anything twice, or change what a test observes, apart from time and from frames of ours in tracebacks.
"""

from __future__ import annotations

import gc
import importlib.abc
import importlib.machinery
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from pyrust import equal, hotspots, reproduce, runinfo
from pyrust.runinfo import Project

VERSION = 1

SECONDS = 60.0
"""Seconds that comparing may take in all. After that, a function of which nothing has been compared yet gets one call."""
PATIENCE = 10.0
"""Seconds that comparing one function may take before only some of its calls are compared."""
AT_MOST = 20
"""Differences of one function that are kept."""
MANY = 20
"""With more functions than this that run as Python, they are counted, not listed."""
REHEARSED = 10
"""Calls of one function in which bailing out half-way is tried."""
REHEARSAL = 1.0
"""Seconds after which no further point of one call is tried."""

Run = dict[str, Any]

_MUTABLE = (list, dict, set, bytearray)


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
        self.spent = 0.0
        self.stride = 1

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
    """Compares from `start()` to `stop()`, for at most `seconds` (0: no limit)."""

    def __init__(self, project: Project, seconds: float = SECONDS) -> None:
        self._project = project
        self._seconds = seconds or float("inf")
        self._spent = 0.0
        self._functions: dict[str, _Function] = {}
        self._pending: list[str] = []
        self._kept: list[dict[str, str]] = []
        self._extensions: dict[str, ModuleType] = {}
        self._finder = _Finder(self._adopt, set(hotspots.extension_names(project).values()))
        self._busy = threading.local()

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
        for module in self._extensions.values():
            module._set_interceptor(None)
        self._extensions = {}
        return {
            "version": VERSION,
            "functions": {name: function.data() for name, function in self._functions.items()},
            "status": {str(entry["function"]): [entry["state"], entry["reason"]] for entry in states},
            "differences": self._kept,
            "unreported": self._pending,
        }

    def take(self, test: str) -> list[str]:
        """The differences since the last call; they happened in this test."""
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

    def _call(self, module: ModuleType, name: str, args: tuple[object, ...], original: FunctionType) -> object:
        function = self._functions.setdefault(name, _Function())
        function.calls += 1
        if getattr(self._busy, "comparing", False) or function.calls % function.stride:
            # Our own reading of objects must not be compared with itself.
            function.skipped += 1
            return bound(original, args)
        if self._spent > self._seconds and (function.compared() or self._spent > 2 * self._seconds):
            function.out_of_time += 1
            return bound(original, args)
        started = time.perf_counter()
        self._busy.comparing = True
        collecting = gc.isenabled()
        gc.disable()
        comparison: Comparison | None = None
        try:
            comparison = Comparison(module, name, args, original)
            comparison.run_native(rehearse=function.calls <= REHEARSED)
        except equal.TooLarge:
            comparison = None
        finally:
            if collecting:
                gc.enable()
            self._busy.comparing = False
        self._took(function, time.perf_counter() - started)
        if comparison is None:
            function.too_large += 1
            return bound(original, args)
        try:
            result = bound(original, args)
        except BaseException as error:
            self._judge(function, comparison, None, error)
            raise
        self._judge(function, comparison, result, None)
        return result

    def _judge(self, function: _Function, comparison: Comparison, result: object, error: BaseException | None) -> None:
        started = time.perf_counter()
        self._busy.comparing = True
        try:
            text = comparison.judge(result, error)
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
        self._took(function, time.perf_counter() - started)

    def _took(self, function: _Function, seconds: float) -> None:
        self._spent += seconds
        function.spent += seconds
        if function.spent > PATIENCE * function.stride:
            function.stride *= 2


class Comparison:
    """One call, natively and by Python."""

    def __init__(self, module: ModuleType, name: str, args: tuple[object, ...], original: FunctionType) -> None:
        self.name = name
        self.bailed: str | None = None
        self._module = module
        self._args = args
        self._original = original
        self._roots = _roots(original, args)
        self._before = equal.take(self._roots, limited=True)
        # Held: a global that the call replaces must not give its identity to a new object.
        self._held = list(original.__globals__.values())
        self._known = {id(value): len(self._before.objects) + number for number, value in enumerate(self._held)}
        self._known.update(self._before.known())
        self._native: equal.Picture | None = None
        self._too_large = False
        self._unclean: str | None = None

    def run_native(self, *, rehearse: bool) -> None:
        reason, restored = self._module._dry_run(self.name, self._args, self._look)
        if reason is not None:
            self.bailed = str(reason)
        self._check(restored)
        if rehearse and reason is None and self._unclean is None:
            self._rehearse()
        if self._too_large and self._unclean is None:
            raise equal.TooLarge

    def _rehearse(self) -> None:
        """Bails at several of the points where the call could have: ordinary inputs never undo half a call."""
        module = self._module
        started = time.perf_counter()
        try:
            module._force_bail(-1)
            module._dry_run(self.name, self._args, _ignore)
            points = module._points()
            for point in sorted({1, 2, 3, 5, 8, points // 2, points - 1, points}):
                if time.perf_counter() - started > REHEARSAL:
                    break
                if 0 < point <= points and self._unclean is None:
                    module._force_bail(point)
                    _, restored = module._dry_run(self.name, self._args, _ignore)
                    self._check(restored)
        finally:
            module._force_bail(0)

    def _check(self, restored: bool) -> None:
        """Whether a rollback has put everything back."""
        found = equal.restored(self._before, self._roots)
        if found:
            self._unclean = str(found)
        elif not restored:
            self._unclean = "the runtime's own check of the rollback failed"

    def _look(self, result: object, dicts: Mapping[int, object]) -> None:
        """Called with the transaction still open."""
        try:
            self._native = equal.take({**self._roots, RESULT: result}, self._known, dicts, limited=True)
        except equal.TooLarge:
            # Not through the transaction: it has to be rolled back.
            self._too_large = True

    def judge(self, result: object, error: BaseException | None) -> str | None:
        """The text of a difference, or None."""
        if self._unclean is not None:
            return reproduce.unclean(self.name, self._original, self._before, self._unclean)
        if self.bailed is not None:
            return None
        if self._native is None:
            return f"{self.name}: the native version neither bailed nor returned"
        if error is not None:
            shown = equal.show(self._native, self._native.roots[RESULT])
            outcome = f"{type(error).__qualname__}{equal.show_exception(error)}"
            found = equal.Difference("outcome", f"returned {shown}", f"raised {outcome}")
            return reproduce.text(self.name, self._original, self._before, self._native, error, found)
        python = equal.take({**self._roots, RESULT: result}, self._known)
        found_here = equal.difference(self._native, python)
        if found_here is None:
            return None
        return reproduce.text(self.name, self._original, self._before, self._native, python, found_here)


RESULT = "result"


def _ignore(_result: object, _dicts: Mapping[int, object]) -> None:
    pass


def bound(function: FunctionType, args: Sequence[object]) -> object:
    """Calls a function with one value per parameter, in the order of its local variables."""
    code = function.__code__
    positional, keyword_only = code.co_argcount, code.co_kwonlyargcount
    at = positional + keyword_only
    extra: tuple[object, ...] = ()
    keywords: dict[str, object] = dict(zip(code.co_varnames[positional:at], args[positional:at], strict=True))
    if code.co_flags & 0x04:
        extra = args[at]  # type: ignore[assignment]
        at += 1
    if code.co_flags & 0x08:
        keywords.update(args[at])  # type: ignore[call-overload]
    return function(*args[:positional], *extra, **keywords)


def _roots(function: FunctionType, args: Sequence[object]) -> dict[str, object]:
    """What the call can reach: arguments, cells, and the mutable globals that its code names."""
    code = function.__code__
    roots: dict[str, object] = dict(zip(code.co_varnames, args, strict=False))
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        roots[f"cell {name}"] = cell
    scope = function.__globals__
    for name in code.co_names:
        if type(scope.get(name)) in _MUTABLE:
            roots[f"global {name}"] = scope[name]
    return roots


class _Finder(importlib.abc.MetaPathFinder):
    """Notices when an extension of the project is imported."""

    def __init__(self, adopt: Callable[[ModuleType], None], names: set[str]) -> None:
        self._adopt = adopt
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._names:
            return None
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(spec.loader, self._adopt)
                return spec
        return None


class _Loader(importlib.abc.Loader):
    """The extension's own loader, with a word to us at the end."""

    def __init__(self, loader: Any, adopt: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._adopt = adopt

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._adopt(module)


# Judging a whole run.


def merge(runs: Iterable[Run]) -> Run:
    """Adds up the runs of several processes."""
    total: Run = {
        "version": VERSION,
        "functions": {},
        "status": {},
        "differences": [],
        "unreported": [],
    }
    for run in runs:
        for name, counts in run["functions"].items():
            entry = total["functions"].setdefault(name, _Function().data())
            for key in COUNTS:
                entry[key] += counts.get(key, 0)
            for reason, count in counts["bailed"].items():
                entry["bailed"][reason] = entry["bailed"].get(reason, 0) + count
        total["status"].update(run["status"])
        total["differences"] += run["differences"]
        total["unreported"] += run["unreported"]
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
    return "not called"


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
        }
        for name, counts in functions.items()
    ]
    data = {"version": VERSION, "hotspots": entries, "differences": run["differences"], "machine": runinfo.machine()}
    lines, failed = _lines(entries, run)
    try:
        runinfo.write_json(project.cache / "verify.json", data)
    except OSError as error:
        lines.append(f"pyrust: cannot write {project.cache / 'verify.json'}: {error.strerror}")
    return Outcome(lines, data, failed)


def _lines(entries: list[dict[str, Any]], run: Run) -> tuple[list[str], bool]:
    calls = sum(entry["equal"] for entry in entries)
    different = [entry for entry in entries if entry["verdict"] == "different"]
    verified = [entry for entry in entries if entry["verdict"] == "equal"]
    lines = [f"pyrust: {_count(calls, 'native call')} equal to Python, {_count(len(verified), 'function')} verified"]
    for entry in different:
        lines.append(f"pyrust: {entry['function']} differs from Python in {_count(entry['different'], 'call')}")
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
            lines.append(f"pyrust: {entry['function']} not verified: every native call bailed ({reasons})")
        elif entry["verdict"] == "too large":
            lines.append(
                f"pyrust: {entry['function']} not verified: too large: more than {equal.NODES:,} objects to compare per call"
            )
        elif entry["verdict"] == "not called":
            lines.append(f"pyrust: {entry['function']} not verified: not called")
        else:
            for key, why in (("skipped", ", to save time"), ("too_large", ": too large")):
                if entry[key] and entry["verdict"] != "out of time":
                    some = f"{entry[key]} of {entry['calls']} calls were not compared"
                    lines.append(f"pyrust: {entry['function']}: {some}{why}")
    late = [f"{entry['function']} ({entry['out_of_time']})" for entry in entries if entry["out_of_time"]]
    if late:
        unseen = sum(entry["verdict"] == "out of time" for entry in entries)
        none = f", {_count(unseen, 'function')} without any" if unseen else ""
        lines.append(f"pyrust: time ran out; calls not compared{none}: {', '.join(late)}")
        lines.append("pyrust: --pyrust-verify-seconds=N allows more time (0: no limit)")
    for text in run["unreported"]:
        lines += ["pyrust: outside of any test:", *text.splitlines()]
    failed = bool(different)
    if not different and not calls:
        failed = True
        native = any(state in ("native", "pending") for state, _ in run["status"].values())
        why = "no native call took place" if native else "nothing is native"
        if any(entry["verdict"] in ("too large", "out of time") for entry in entries):
            why = "no native call was compared"
        lines.append(f"pyrust: verification failed: {why}")
    return lines, failed


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def table(data: dict[str, Any]) -> list[str]:
    """The counts per function, for the terminal."""
    lines = ["     calls      equal  different     bailed  function"]
    for entry in data["hotspots"]:
        bailed = sum(entry["bailouts"].values())
        lines.append(
            f"{entry['calls']:>10} {entry['equal']:>10} {entry['different']:>10} {bailed:>10}  {entry['function']}"
        )
    return lines


def main(argv: Sequence[str]) -> int:
    """`pyrust verify [PYTEST ARGUMENTS]`: the project's tests with `--pyrust-verify`; exit code 1 when anything differs."""
    try:
        import pytest_pyrust  # noqa: F401
    except ImportError:
        print("pyrust verify: needs pytest-pyrust; try `pip install pytest-pyrust`", file=sys.stderr)
        return 2
    arguments = [argument for argument in argv if argument != "--"]
    code = subprocess.run([sys.executable, "-m", "pytest", "--pyrust-verify", *arguments], check=False).returncode
    return code if code in (0, 1) else 2
