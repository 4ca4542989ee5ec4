"""Runs the calls of case files natively and as Python, and compares. Standard library only; one process, any CPython.

    python worker.py JOB.json        JOB: see `session.py`; the project's folder is the working folder

Prints one JSON object per line: `{"start": id}` before and `{"done": id, "problems": […], …}` after each call, so that
a crash is known to belong to the call that had started. `id` is the call's place in the job.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import importlib.util
import inspect
import itertools
import json
import math
import operator
import os
import random
import sys
import traceback
import types
import warnings
from collections import OrderedDict, deque

PRELUDE = {"nan": math.nan, "inf": math.inf, "math": math, "sys": sys}
"""Names that calls may use besides those of the module."""


def load_comparator(path):
    spec = importlib.util.spec_from_file_location("equal", path)
    module = sys.modules["equal"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


#: Optimisations decide which calls are done natively to their end; what comes out must not depend on them.
WITHOUT = bool(os.environ.get("PYRUST_WITHOUT"))
PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


class Copy:
    """A module in one of its two copies: activated, or plain."""

    def __init__(self, namespace):
        self.namespace = namespace
        self.generator = random._inst.getstate()

    @contextlib.contextmanager
    def drawing(self):
        """Each copy has the hidden generator of `random` in a state of its own."""
        random._inst.setstate(self.generator)
        try:
            yield
        finally:
            self.generator = random._inst.getstate()

    def globals(self):
        """The module's data: functions, classes and modules are different objects in each copy."""
        skipped = (types.FunctionType, types.ModuleType, type, types.BuiltinFunctionType)
        return {
            f"global {name}": value
            for name, value in self.namespace.items()
            if not name.startswith("__") and not isinstance(value, skipped) and not callable(value)
        }

    def arguments(self, step):
        """Fresh arguments: objects by their names in the roots, and how to pass them."""
        scope = {**PRELUDE, **self.namespace}
        exec(step["setup"], scope)
        tree = ast.parse(step["text"], mode="eval").body

        def value(node):
            return eval(compile(ast.Expression(node), "<argument>", "eval"), scope)

        positional = [value(node) for node in tree.args]
        keywords = {keyword.arg: value(keyword.value) for keyword in tree.keywords}
        function = value(tree.func)
        roots = {f"argument {index}": item for index, item in enumerate(positional)}
        roots.update({f"argument {name}": item for name, item in keywords.items()})
        return function, positional, keywords, roots


def is_iterator(value):
    """An iterator of C's that is no generator."""
    kind = type(value)
    return kind.__module__ in ("builtins", "itertools") and kind is not types.GeneratorType and "__next__" in dir(kind)


def with_classes(table, classes):
    """A table of the module with other classes in the places of its own."""
    if isinstance(table, type):
        return classes.get(id(table), table)
    if type(table) is tuple:
        items = [with_classes(item, classes) for item in table]
        return table if all(map(operator.is_, items, table)) else tuple(items)
    if type(table) is dict and any(classes.get(id(key), key) is not key for key in table):
        items = [(classes.get(id(key), key), item) for key, item in table.items()]
        table.clear()
        table.update(items)
    if type(table) is set and any(classes.get(id(item), item) is not item for item in table):
        items = [classes.get(id(item), item) for item in table]
        table.clear()
        table.update(items)
    if type(table) in (dict, list):
        for place, item in table.items() if type(table) is dict else enumerate(table):
            table[place] = with_classes(item, classes)
    return table


ELEMENTS = 50
"""So many elements of a generator are asked for, if nothing else drives it."""


def follow(generator, driver, pause):
    """What a generator shows of itself, and what it yields. `pause` is called before each element."""
    facts = [
        type(generator).__name__,
        generator.__name__,
        generator.__qualname__,
        generator.gi_code.co_name,
        inspect.getgeneratorstate(generator),
    ]
    if driver is not None:
        return facts, driver(generator)
    elements, lines = [], []
    try:
        while len(elements) < ELEMENTS:
            pause(len(elements))
            elements.append(next(generator))
            lines.append(generator.gi_frame.f_lineno)
            facts.append(inspect.getgeneratorstate(generator))
    except StopIteration as stop:
        return facts, elements, lines, "ends", stop.value
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__.tb_next)
        error.__traceback__ = None
        return facts, elements, lines, repr(error), [(frame.name, frame.lineno, frame.colno) for frame in frames]
    finally:
        facts.append(inspect.getgeneratorstate(generator))
    return facts, elements, lines


def invoke(function, positional, keywords):
    """The call itself: what it returned, or the exception."""
    try:
        return function(*positional, **keywords), None
    except BaseException as error:
        return None, error


class Run:
    """What one call did."""

    def __init__(self, equal, copy, step, pause=lambda count: None):
        function, positional, keywords, roots = copy.arguments(step)
        if "finalisers" in step["marks"]:
            before = equal.take({})
        else:
            before = equal.take({**roots, **copy.globals()})
        with warnings.catch_warnings(record=True) as warned, copy.drawing():
            warnings.simplefilter("always")
            result, error = invoke(function, positional, keywords)
            followed = None
            if isinstance(result, types.GeneratorType):
                driver = copy.namespace.get(step["marks"].get("driven"))
                followed = follow(result, driver, pause)
                # Nothing is left to do when what it has seen is compared.
                result.close()
        self.generates = followed is not None
        self.generator = copy.generator
        self.exception = None
        shown = {}
        if error is None:
            shown["result"] = result if followed is None else followed
            if is_iterator(result):
                # Its state can only be seen by what comes out.
                shown["elements of the result"] = list(itertools.islice(result, 50))
        else:
            frames = traceback.extract_tb(error.__traceback__.tb_next)
            self.exception = {
                "type": type(error).__name__,
                "text": str(error),
                "frames": [(frame.name, frame.lineno) for frame in frames],
                "cause": type(error.__cause__).__name__,
                "context": type(error.__context__).__name__,
                "notes": getattr(error, "__notes__", []),
            }
            if len(frames) > 40:
                self.exception["frames"] = [len(frames), *self.exception["frames"][:10]]
            error.__traceback__ = None
            shown["exception arguments"] = error.args
        self.warned = [(each.category.__name__, str(each.message), each.lineno) for each in warned]
        self.picture = equal.take({**shown, **roots, **copy.globals()}, known=before.known())
        self.kept = _kept(before, self.picture) if before.nodes else set()
        self.returned = [name for name, item in roots.items() if item is result]
        self.keep_alive = before, roots, result
        self.held = lambda: {id(thing) for thing in equal.take(copy.globals()).objects}


def _kept(before, after):
    """Places of objects that existed before whose element is the very same object afterwards."""
    kept = set()
    for node, elements in zip(after.nodes, after.raw, strict=True):
        if node.known is None or node.kind not in ("list", "dict"):
            continue
        old = before.raw[node.known]
        kept.update(
            (node.known, place) for place, (one, other) in enumerate(zip(old, elements, strict=False)) if one is other
        )
    return kept


def differences(equal, native, plain, strict):
    """How a native run differs from Python's, as texts."""
    found = lost(native.picture)
    if native.exception != plain.exception:
        found.append(f"exception {_short(native.exception)} instead of {_short(plain.exception)}")
    if native.generator != plain.generator:
        found.append("the generator of `random` is in another state")
    if native.warned != plain.warned:
        found.append(f"warnings {native.warned} instead of {plain.warned}")
    if list(native.picture.roots) == list(plain.picture.roots):
        difference = equal.difference(native.picture, plain.picture)
        if difference:
            found.append(f"{difference.place}: {difference.first} instead of {difference.second}")
        elif not found:
            found += miscounted(native, plain)
    elif not found:
        found.append(f"{list(native.picture.roots)} instead of {list(plain.picture.roots)}")
    if strict and not found:
        for number, place in sorted(plain.kept - native.kept)[:3]:
            found.append(
                f"object {number} of the arguments: element {place} is a new object, in Python it is the old one"
            )
    return found


_FOUND_AGAIN = (str, bytes, int, bool, float, type(None))


def is_for_the_collector(thing):
    """Does CPython's own code let the collector know of such an object? Of dicts and tuples only because of what they hold."""
    if type(thing) in (dict, tuple):
        return any(map(gc.is_tracked, gc.get_referents(thing)))
    return type(thing) in (list, set, deque)


def lost(picture):
    """Keys that a dict or a set has and does not find, and what the collector does not know of.

    A picture does not show what texts remember of their hashes, nor what is tracked."""
    found = []
    for thing in picture.objects:
        kind = next((kind for kind in (dict, set, frozenset) if isinstance(thing, kind)), None)
        if kind is not None:
            for key in list(kind.__iter__(thing)):
                # Another object of the same text: what is asked for remembers its hash from then on.
                asked = (key + "x")[:-1] if type(key) is str else key
                if type(key) in _FOUND_AGAIN and key == key and not kind.__contains__(thing, asked):
                    found.append(f"a {type(thing).__name__} does not find its own key {key!r}")
        # Some cases have one whose order knows a key that the dict does not.
        with contextlib.suppress(KeyError):
            if isinstance(thing, OrderedDict) and list(thing) != list(OrderedDict.__reversed__(thing))[::-1]:
                found.append(f"an {type(thing).__name__} has another order from its end")
        # Since 3.13 it sees in the instance itself what most of those dicts hold.
        dicts = gc.get_referents(thing) if sys.version_info < (3, 13) else ()
        for each in (thing, *(other for other in dicts if type(other) is dict)):
            if not gc.is_tracked(each) and is_for_the_collector(each):
                found.append(f"the collector does not know of a {type(each).__name__}")
    return found[:3]


_COUNTED = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)


def miscounted(native, plain):
    """Containers and instances that have more references than in Python, or less.

    Not those that globals lead to: native code keeps what it relies on alive."""
    if len(native.picture.objects) != len(plain.picture.objects):
        return []
    pairs = [
        (one, other)
        for one, other in zip(native.picture.objects, plain.picture.objects, strict=True)
        if one is not other and type(one) is type(other) and not isinstance(one, _COUNTED)
    ]
    if all(sys.getrefcount(one) == sys.getrefcount(other) for one, other in pairs):
        return []
    # What was caught keeps frames alive, and the collector may have come between the two calls.
    gc.collect()
    held = native.held() | plain.held()
    counts = [
        (type(one).__name__, sys.getrefcount(one), sys.getrefcount(other))
        for one, other in pairs
        if id(one) not in held and id(other) not in held
    ]
    return [f"{one} references to a {name}, in Python {other}" for name, one, other in counts if one != other][:3]


def _short(exception):
    text = "none" if exception is None else json.dumps(exception, ensure_ascii=True)
    return text if len(text) < 600 else text[:600] + "…"


class Worker:
    def __init__(self, job):
        self.equal = load_comparator(job["equal"])
        self.extension = None

    def module(self, package, name):
        self.extension = importlib.import_module(f"{package}._pyrust")
        full = f"{package}.{name}"
        native = importlib.import_module(full)
        plain = types.ModuleType(full)
        plain.__file__, plain.__package__, plain.__spec__ = native.__file__, native.__package__, native.__spec__
        with open(native.__file__, encoding="utf-8") as file:
            exec(compile(file.read(), native.__file__, "exec", dont_inherit=True), plain.__dict__)
        # Classes are shared: results of both copies are compared by their types.
        shared = {key: value for key, value in native.__dict__.items() if isinstance(value, type)}
        classes = {id(plain.__dict__[key]): value for key, value in shared.items() if key in plain.__dict__}
        for key, value in list(plain.__dict__.items()):
            if not key.startswith("__"):
                plain.__dict__[key] = with_classes(value, classes)
        plain.__dict__.update(shared)
        return Copy(native.__dict__), Copy(plain.__dict__)

    def counts(self, function):
        entry = self.extension._status(function)
        state = entry["state"] if entry["state"] != "disabled" else f"disabled ({entry['reason']})"
        return state, entry["native_calls"], dict(entry["bailouts"])

    def check(self, copies, step):
        """One call: natively, without counting its points, then with a bail forced at some of them."""
        native_copy, plain_copy = copies
        full = step["full"]
        problems = []
        plain = Run(self.equal, plain_copy, step)
        self.extension._reset_counters()
        marks = step["marks"]
        # Where points are counted, one thread does everything.
        self.extension._force_bail(0 if "threads" in marks else -1)
        shared = self.extension._shared()
        self.extension._share("threads" in marks and marks["threads"] != "0")
        native = Run(self.equal, native_copy, step)
        self.extension._share(False)
        shared = self.extension._shared() - shared
        points = self.extension._points()
        self.extension._force_bail(0)
        state, calls, bails = self.counts(full)
        if "threads" in marks and not WITHOUT and PROCESSORS > 1 and bool(shared) == (marks["threads"] == "0"):
            problems.append("several threads did a loop" if shared else "one thread did every loop")
        problems += differences(
            self.equal, native, plain, not {"rewrites", "moves" if WITHOUT else "rewrites"} & set(marks)
        )
        if "same" in marks and not native.returned:
            problems.append("what is returned is not the argument itself")
        if step["refused"] or (state == "python" and step["optional"]):
            return {"problems": problems, "points": 0}
        times = int(marks.get("resumes") or 1)
        if "resumes" in marks and not WITHOUT and (found := self.extension._resumed(full)) < times:
            problems.append(f"{found} times a loop went on in the middle")
        if "any" in marks or WITHOUT:
            pass
        elif "bails" in marks:
            if (calls and not native.generates) or not bails:
                problems.append(f"ran natively ({calls} calls, bails {bails}): a bail was expected")
            elif marks["bails"] and not any(reason.startswith(marks["bails"]) for reason in bails):
                problems.append(f"bailed for {bails}, expected {marks['bails']}")
        elif calls != (expected := int(marks.get("loops", 1))) or bails:
            problems.append(f"{calls} native calls, bails {bails}, state {state}: expected {expected}")
        if not problems and not {"no-force", "threads"} & set(marks) and (calls or bails):
            for k in sorted({1, 2, 3, 5, 8, points // 2, points - 1, points}):
                if 0 < k <= points:
                    found = self.forced(copies, step, k)
                    problems += [f"bail forced at point {k} of {points}: {text}" for text in found]
            if native.generates and "driven" not in marks:
                for count in range(8):
                    for k in (1, 2, points):
                        found = self.left(copies, step, count, k)
                        problems += [f"bail forced at point {k} behind element {count}: {text}" for text in found]
        # Calls that are given up are counted, so this comes last.
        if not problems and not {"no-force", "threads"} & set(marks) and calls and not bails:
            problems += [f"points not counted: {text}" for text in self.uncounted(copies, step)]
        return {"problems": problems, "points": points, "bails": bails, "calls": calls}

    def uncounted(self, copies, step):
        """Once more as in a program: what is done at once, or without a transaction, is so only where nobody counts points."""
        native_copy, plain_copy = copies
        plain = Run(self.equal, plain_copy, step)
        native = Run(self.equal, native_copy, step)
        return differences(self.equal, native, plain, strict=not {"rewrites", "moves"} & set(step["marks"]))

    def forced(self, copies, step, k):
        native_copy, plain_copy = copies
        # Again in both copies: calls may leave traces in their modules.
        plain = Run(self.equal, plain_copy, step)
        self.extension._reset_counters()
        self.extension._force_bail(k)
        try:
            forced = Run(self.equal, native_copy, step)
        finally:
            self.extension._force_bail(0)
        _, calls, bails = self.counts(step["full"])
        # The turns before the bailout have been done natively, or other loops.
        done = calls or self.extension._resumed(step["full"])
        found = differences(self.equal, forced, plain, strict=not (done and "rewrites" in step["marks"]))
        # What is made once, such as a constant, has its point in the first run only.
        if not bails and self.extension._points() >= k:
            found.append(f"no bail was counted ({calls} native calls)")
        return found

    def left(self, copies, step, count, k):
        """A generator that goes on as Python behind so many elements."""
        native_copy, plain_copy = copies
        plain = Run(self.equal, plain_copy, step)

        def pause(elements):
            if elements == count:
                self.extension._force_bail(k)

        try:
            forced = Run(self.equal, native_copy, step, pause)
        finally:
            self.extension._force_bail(0)
        return differences(self.equal, forced, plain, strict=True)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    worker = Worker(job)
    at = None
    for step in job["steps"]:
        if at != step["module"]:
            at, copies = step["module"], worker.module(step["package"], step["module"])
        if step["statement"]:
            for copy in copies:
                with copy.drawing():
                    exec(step["text"], copy.namespace)
            continue
        if step["id"] in job["skip"]:
            continue
        say({"start": step["id"]})
        try:
            outcome = worker.check(copies, step)
        except Exception as error:
            outcome = {"problems": ["the runner failed: " + "".join(traceback.format_exception(error))]}
        say({"done": step["id"], **outcome})


# What the cases print goes elsewhere.
ANSWERS, sys.stdout = sys.stdout, sys.stderr


def say(message):
    print(json.dumps(message, default=repr), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main()
