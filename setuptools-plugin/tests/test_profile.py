"""The recorder must name types exactly, see every call, run no code of the user and leave nothing behind."""

from __future__ import annotations

import gc
import importlib
import math
import operator
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pyrust import profile, runinfo, signatures
from pyrust.record import Recorder
from pyrust.sample import Sampler

pytestmark = pytest.mark.slice

SOURCE = '''
import collections

class Point:
    """A class of the project."""
    def __init__(self, x):
        self.x = x
    def moved(self, by=1.0):
        return self.x + by
    @staticmethod
    def static(a, *rest, k, **more):
        return lambda: (a, rest)
    @classmethod
    def of(cls, x):
        return cls(x)
    @property
    def double(self):
        return self.x * 2
    class Inner:
        def deep(self):
            return self

class Stack(list):
    pass

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def power(n):
    return n ** n

def boom(n):
    raise ValueError(n)

def stop():
    raise StopIteration(3)

def generate(a):
    yield a

async def wait(a):
    return a

def many(*items):
    return list(items)

def cell(a, b):
    def inner():
        return a
    return inner()

def same(x):
    return x

def rebinds(x):
    x = str(x)
    return x

def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)

square = lambda x: x * x

def spin(n):
    total = 0
    for i in range(n):
        total += i
    return total

def comprehend(n):
    return sum(i * i for i in range(n))

def sorts(items):
    return sorted(items)
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[runinfo.Project]:
    folder = tmp_path / "shapely"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "core.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    modules = {"shapely": str(folder / "__init__.py"), "shapely.core": str(folder / "core.py")}
    monkeypatch.setenv("PYRUST", "auto")
    yield runinfo.Project(tmp_path, tmp_path / "pyrust.toml", 1.0, ["shapely"], modules)
    for name in modules:
        sys.modules.pop(name, None)


def recorded(project: runinfo.Project, call: Callable[[ModuleType], object]) -> dict[str, list[tuple[str, int]]]:
    """The tidy signatures of all functions that a piece of code calls."""
    recorder = Recorder(project, everything=True)
    recorder.start()
    assert recorder.notice is None
    try:
        call(importlib.import_module("shapely.core"))
    finally:
        recorder.stop()
    return {
        name.removeprefix("shapely.core:"): signatures.tidy(entry["signatures"])
        for name, entry in recorder.functions.items()
    }


VALUES: list[tuple[Callable[[ModuleType], object], str]] = [
    (lambda m: 1, "int"),
    (lambda m: 2**63 - 1, "int"),
    (lambda m: -(2**63), "int"),
    (lambda m: 2**63, "bigint"),
    (lambda m: True, "bool"),
    (lambda m: 1.5, "float"),
    (lambda m: 1j, "complex"),
    (lambda m: None, "None"),
    (lambda m: "x", "str"),
    (lambda m: b"x", "bytes"),
    (lambda m: bytearray(), "bytearray"),
    (lambda m: array("d"), "array.array[d]"),
    (lambda m: [array("B", b"a"), array("i")], "list[array.array[B] | array.array[i]]"),
    (lambda m: array("u", "a"), "array.array"),
    (lambda m: range(3), "range"),
    (lambda m: [], "list[?]"),
    (lambda m: [1, 2], "list[int]"),
    (lambda m: [1] * 100 + ["x"], "list[int | str]"),
    (lambda m: {"a": [1.0]}, "dict[str, list[float]]"),
    (lambda m: {}, "dict[?, ?]"),
    (lambda m: {1, 2}, "set[int]"),
    (lambda m: frozenset("a"), "frozenset[str]"),
    (lambda m: m.collections.deque([1, None]), "deque[None | int]"),
    (lambda m: m.collections.Counter("aab"), "collections.Counter[str, int]"),
    (lambda m: m.collections.defaultdict(list), "collections.defaultdict[?, ?]"),
    (lambda m: m.collections.defaultdict(int, {1: 2.0}), "collections.defaultdict[int, float]"),
    (
        lambda m: m.collections.namedtuple("Pair", "a b", module="shapely.core")(1, [2]),
        "shapely.core.Pair[int, list[int]]",
    ),
    (lambda m: m.collections.namedtuple("None_", "", module="shapely.core")(), "shapely.core.None_"),
    (lambda m: (), "tuple[?, ...]"),
    (lambda m: (1, "x", (2.0,)), "tuple[int, str, tuple[float]]"),
    (lambda m: tuple(range(50)), "tuple[int, ...]"),
    (lambda m: [[[[[[1]]]]]], "list[list[list[list[list[object]]]]]"),
    (lambda m: m.Point(1), "shapely.core.Point"),
    (lambda m: m.Point.Inner(), "shapely.core.Point.Inner"),
    (lambda m: m.Stack([1]), "shapely.core.Stack"),
    (lambda m: m.collections.OrderedDict(), "collections.OrderedDict[?, ?]"),
    (lambda m: m.collections.OrderedDict(a=1), "collections.OrderedDict[str, int]"),
    (lambda m: m.fib, "function[shapely.core:fib]"),
    (lambda m: m.square, "object"),
    (lambda m: len, "function[builtins:len]"),
    (lambda m: int, "function[builtins:int]"),
    (lambda m: operator.lt, "function[operator:lt]"),
    (lambda m: [math.sqrt, None], "list[None | function[math:sqrt]]"),
    (lambda m: [].append, "object"),
    (lambda m: str.upper, "object"),
    (lambda m: m.Point, "object"),
    (lambda m: m, "object"),
    (lambda m: object(), "object"),
    (lambda m: iter([]), "object"),
    (lambda m: type("Local", (), {"__qualname__": "f.<locals>.Local"})(), "object"),
    (lambda m: Path("x"), None),
]


@pytest.mark.parametrize(("make", "expected"), VALUES)
def test_type_names(project: runinfo.Project, make: Callable[[ModuleType], object], expected: str | None) -> None:
    found = recorded(project, lambda m: m.same(make(m)))["same"]
    expected = expected or f"{type(Path('x')).__module__}.{type(Path('x')).__qualname__}"
    assert found == [(f"({expected}) -> {expected}", 1)]


def test_parameters_stand_in_the_order_of_the_source(project: runinfo.Project) -> None:
    found = recorded(project, lambda m: m.Point.static(1, "x", "y", k=b"", z=1.0))
    assert found["Point.static"] == [("(int, tuple[str, str], bytes, dict[str, float]) -> object", 1)]


def test_methods(project: runinfo.Project) -> None:
    def call(m: ModuleType) -> None:
        point = m.Point.of(3)
        point.moved()
        point.moved(True)
        assert point.double == 6
        m.Point.Inner().deep()

    found = recorded(project, call)
    point = "shapely.core.Point"
    assert found["Point.__init__"] == [(f"({point}, int) -> None", 1)]
    assert found["Point.of"] == [(f"(object, int) -> {point}", 1)]
    assert found["Point.moved"] == [(f"({point}, bool) -> int", 1), (f"({point}, float) -> float", 1)]
    assert found["Point.double"] == [(f"({point}) -> int", 1)]
    assert found["Point.Inner.deep"] == [(f"({point}.Inner) -> {point}.Inner", 1)]


def test_only_functions_with_a_name_of_their_own(project: runinfo.Project) -> None:
    found = recorded(project, lambda m: (m.square(2), m.cell(1, 2), m.comprehend(4)))
    assert sorted(found) == ["cell", "comprehend"]
    assert found["cell"] == [("(int, int) -> int", 1)]


def test_every_call_counts_and_rare_types_are_kept(project: runinfo.Project) -> None:
    def call(m: ModuleType) -> None:
        for n in range(20_000):
            m.same(n)
        m.same(None)
        m.same(2**64)

    assert recorded(project, call)["same"] == [
        ("(int) -> int", 20_000),
        ("(None) -> None", 1),
        ("(bigint) -> bigint", 1),
    ]


def test_few_elements_are_found_whatever_others_were_given_before(project: runinfo.Project) -> None:
    def call(m: ModuleType) -> None:
        for _ in range(2_000):
            m.same(list(range(9)))
        m.sorts([float(i) if i % 8 == 7 else i for i in range(1_000)])

    assert recorded(project, call)["sorts"] == [("(list[float | int]) -> list[float | int]", 1)]


def test_recursion(project: runinfo.Project) -> None:
    assert recorded(project, lambda m: m.fib(12))["fib"] == [("(int) -> int", 465)]


def test_arguments_are_those_of_the_call(project: runinfo.Project) -> None:
    assert recorded(project, lambda m: m.rebinds(5))["rebinds"] == [("(int) -> str", 1)]


def test_exceptions_pass_unchanged(project: runinfo.Project) -> None:
    def call(m: ModuleType) -> None:
        for _ in range(3):
            with pytest.raises(ValueError, match="7") as caught:
                m.boom(7)
            # The frame of `boom`, and nothing of ours.
            assert [entry.name for entry in caught.traceback] == ["call", "boom"]
        with pytest.raises(StopIteration) as stopped:
            m.stop()
        assert stopped.value.value == 3
        assert m.fib(3) == 2

    found = recorded(project, call)
    assert found["boom"] == [("(int) -> !", 3)]
    assert found["stop"] == [("() -> !", 1)]
    assert found["fib"] == [("(int) -> int", 5)]


def test_calls_that_raise_say_nothing_about_results(project: runinfo.Project) -> None:
    def call(m: ModuleType) -> None:
        m.power(3)
        with pytest.raises(TypeError):
            m.power("3")

    assert recorded(project, call)["power"] == [("(int) -> int", 1), ("(str) -> int", 1)]


def test_a_process_in_which_every_call_raised_says_nothing_about_results(project: runinfo.Project) -> None:
    def run(call: Callable[[ModuleType], object]) -> profile.Run:
        session = profile.Session(project, threshold=0.0)
        session.start()
        # As in another process: code objects of its own.
        sys.modules.pop("shapely.core", None)
        call(importlib.import_module("shapely.core"))
        return session.stop()

    def raising(m: ModuleType) -> None:
        with pytest.raises(ValueError, match="1"):
            m.boom(1)
        with pytest.raises(TypeError):
            m.power("3")

    raised = run(raising)
    returned = run(lambda m: m.power(3))
    functions = profile.merge([raised, returned])["functions"]
    assert functions["shapely.core:power"]["signatures"] == {"(str) -> int": 1, "(int) -> int": 1}
    assert functions["shapely.core:boom"]["signatures"] == {"(int) -> None": 1}


def test_generators_and_coroutines_return_an_object(project: runinfo.Project) -> None:
    def call(m: ModuleType) -> None:
        assert list(m.generate(1)) == [1]
        with pytest.raises(StopIteration):
            m.wait(2).send(None)

    found = recorded(project, call)
    assert found["generate"] == [("(int) -> object", 1)]
    assert found["wait"] == [("(int) -> object", 1)]


def test_arguments_that_run_code_for_each_item(project: runinfo.Project) -> None:
    def call(m: ModuleType) -> None:
        for given in ((x for x in ()), map(str, ()), zip(), filter(None, ())):
            list(m.generate(given))
        list(m.generate(iter(())))

    found = recorded(project, call)
    assert dict(found["generate"]) == {"(collections.abc.Iterator) -> object": 4, "(object) -> object": 1}


def test_recursion_limit_is_that_of_python(project: runinfo.Project) -> None:
    def deepest(m: ModuleType) -> int:
        low, high = 1, sys.getrecursionlimit()
        while low < high:
            middle = (low + high + 1) // 2
            try:
                m.deep(middle)
                low = middle
            except RecursionError:
                high = middle - 1
        return low

    def nested(m: ModuleType) -> int:
        return (lambda: deepest(m))()  # as deep as `recorded` calls it

    depths: list[int] = []
    recorded(project, lambda m: depths.append(deepest(m)))
    assert depths == [nested(importlib.import_module("shapely.core"))]


def test_deep_recursion_beyond_the_usual_limit(project: runinfo.Project) -> None:
    def call(m: ModuleType) -> None:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(200_000)
        try:
            assert m.deep(100_000) == 100_000
        finally:
            sys.setrecursionlimit(limit)

    assert recorded(project, call)["deep"][0][0] == "(int) -> int"


def test_no_argument_is_kept_alive_and_none_of_its_code_runs(project: runinfo.Project) -> None:
    class Hostile:
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

        def __eq__(self, other: object) -> bool:
            raise AssertionError("==")

        def __hash__(self) -> int:
            raise AssertionError("hash")

        def __bool__(self) -> bool:
            raise AssertionError("bool")

    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            raise AssertionError(name)

    class WithMeta(metaclass=Meta):
        pass

    gone: list[weakref.ref[Any]] = []

    def call(m: ModuleType) -> None:
        class Kept:
            pass

        kept = Kept()
        gone.append(weakref.ref(kept))
        gone.append(weakref.ref(Kept))
        m.same([kept])
        m.same(Hostile())
        m.same(object.__new__(WithMeta))
        del kept, Kept
        gc.collect()
        assert [one() for one in gone] == [None, None]

    recorded(project, call)


def test_threads(project: runinfo.Project) -> None:
    def call(m: ModuleType) -> None:
        threads = [threading.Thread(target=lambda: [m.fib(10) for _ in range(20)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert recorded(project, call)["fib"] == [("(int) -> int", 177 * 20 * 4)]


def test_calls_after_the_first_thousand_are_left_alone_until_hot(project: runinfo.Project) -> None:
    recorder = Recorder(project, everything=False)
    recorder.start()
    try:
        module = importlib.import_module("shapely.core")
        for n in range(5_000):
            module.same(n)
        recorder.hot(module.same.__code__)
        for n in range(5_000):
            module.same(float(n))
    finally:
        recorder.stop()
    calls = recorder.functions["shapely.core:same"]["signatures"]
    assert calls == {"(int) -> int": 1_000, "(float) -> float": 5_000}


@pytest.mark.slow
def test_thinning_keeps_checking_types(project: runinfo.Project) -> None:
    (project.root / "pyproject.toml").write_text('[project]\nname = "shapely"\nversion = "1"\n\n[tool.pyrust]\n')
    session = profile.Session(project, threshold=1.0)
    session.start()
    try:
        module = importlib.import_module("shapely.core")
        session._recorder.hot(module.same.__code__)  # not known yet: nothing happens
        module.same(1)
        session._recorder.hot(module.same.__code__)
        # One call of ten thousand is of another type: ten of those that are recorded.
        for n in range(100_000):
            module.same(n if n % 10_000 else None)
        # Long after the limit yet another type begins.
        spend(lambda: [module.same(n) for n in range(1_000)], 0.5)
        spend(lambda: [module.same("x") for n in range(1_000)], 1.5)
    finally:
        run = session.stop()
    seen = run["functions"]["shapely.core:same"]
    assert set(seen["signatures"]) == {"(int) -> int", "(None) -> None", "(str) -> str"}, seen["signatures"]
    assert seen["calls"] > 100_000
    profile.finish(project, run, 0.0)
    manifest = project.manifest.read_text()
    for signature in seen["signatures"]:
        assert f'"{signature}"' in manifest


def test_a_short_run_removes_nothing(project: runinfo.Project) -> None:
    (project.root / "pyproject.toml").write_text('[project]\nname = "shapely"\nversion = "1"\n\n[tool.pyrust]\n')

    def run(samples: int, *called: str) -> profile.Run:
        seconds = {f"shapely.core:{name}": float(samples) / len(called) for name in called}
        calls = {
            name: {"calls": 1, "signatures": {"(int) -> int": 1}, "samples": [], "opaque": 0, "long": 0}
            for name in seconds
        }
        empty = profile.merge([])
        return {**empty, "seconds": seconds, "samples": dict.fromkeys(seconds, samples), "functions": calls}

    profile.finish(project, run(2_000, "same", "fib"), 1.0)
    both = project.manifest.read_bytes()
    assert both.count(b"[[hotspot]]") == 2
    profile.finish(project, run(profile.ENOUGH_SAMPLES - 1, "fib"), 1.0)
    assert project.manifest.read_bytes() == both
    profile.finish(project, run(profile.ENOUGH_SAMPLES, "fib"), 1.0)
    assert project.manifest.read_bytes().count(b"[[hotspot]]") == 1


def short(**samples: int) -> profile.Run:
    """A run in which functions were seen so often."""
    names = {f"shapely.core:{name}": count for name, count in samples.items()}
    seen = {"calls": 1, "signatures": {"(int) -> int": 1}, "samples": [], "opaque": 0, "long": 0}
    times = {name: 0.004 * count for name, count in names.items()}
    return {**profile.merge([]), "seconds": times, "samples": names, "functions": dict.fromkeys(names, seen)}


def test_what_was_seen_twice_is_no_hotspot(project: runinfo.Project) -> None:
    """A function that only waits is 100 % of two samples."""
    (project.root / "pyproject.toml").write_text('[project]\nname = "shapely"\nversion = "1"\n\n[tool.pyrust]\n')
    outcome = profile.finish(project, {**short(same=2), "wall_seconds": 5.0, "cpu_seconds": 0.1}, 1.0)
    assert outcome.hot == []
    assert outcome.lines[0] == (
        "pyrust: too short a time to tell what is hot (2 samples); --pyrust-threshold=0 records every function that is called"
    )
    assert outcome.lines[1].startswith("pyrust: 98% of the 5.0 s were spent waiting, not computing")
    assert not project.manifest.exists() or "hotspot]]" not in project.manifest.read_text()
    # A small suite has its hot functions, without what is there by chance.
    outcome = profile.finish(project, short(fib=6, same=1), 1.0, "--threshold=0")
    assert outcome.hot == ["shapely.core:fib"]
    assert outcome.lines[1].startswith(
        "pyrust: only 7 samples: shares are rough, and 1 of less than 10 ms left out; --thr"
    )
    # What is known already is brought up to date, and all of it is wanted where the threshold is 0.
    assert profile.finish(project, short(fib=1), 1.0).hot == ["shapely.core:fib"]
    assert len(profile.finish(project, short(fib=1, same=1), 0.0).hot) == 2
    # A hundred samples say something of what was seen once.
    assert len(profile.finish(project, short(fib=60, same=1, spin=39), 1.0).hot) == 3


def test_what_modules_do_when_imported_is_no_function(project: runinfo.Project) -> None:
    empty = profile.merge([])
    outcome = profile.finish(project, {**empty, "seconds": {"": 0.01}, "samples": {"": 1}}, 1.0)
    assert outcome.lines[0].startswith("pyrust: no function of shapely was called; ")
    assert not project.manifest.exists()


TEN = """
import json, sys
from pyrust import profile, runinfo
from pyrust.profile import Session
sys.path.insert(0, ".")
from shapely.core import same, spin, fib, comprehend
project = runinfo.load(".")
session = Session(project, threshold=5.0)
session.start()
# On a busy machine samples are few, and some stand for much: it is their number that makes shares certain.
while sum(session._sampler.samples.values()) < 200:
    for _ in range(100):
        spin(5_000); fib(16); comprehend(2_400)
    same(1)
profile.finish(project, session.stop(), 5.0)
"""


@pytest.mark.slow
def test_ten_profiles_in_a_row(project: runinfo.Project) -> None:
    """Each from the committed manifest; `same` is far below the threshold, the others so far above that 200 samples show it."""
    (project.root / "pyproject.toml").write_text('[project]\nname = "shapely"\nversion = "1"\n\n[tool.pyrust]\n')
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def once() -> bytes:
        subprocess.run([sys.executable, "-c", TEN], cwd=project.root, env=environment, check=True)
        return project.manifest.read_bytes()

    committed = once()
    assert committed.count(b"[[hotspot]]") == 3
    assert b"shapely.core:same" not in committed
    for _ in range(10):
        project.manifest.write_bytes(committed)
        assert once() == committed


def test_a_single_call_after_much_starting_up_is_seen(project: runinfo.Project) -> None:
    recorder = Recorder(project, everything=False)
    recorder.start()
    try:
        for _ in range(300_000):
            busy()
        recorder.tick()
        importlib.import_module("shapely.core").same("once")
    finally:
        recorder.stop()
    assert recorder.functions["shapely.core:same"]["signatures"] == {"(str) -> str": 1}


def busy() -> None:
    """Called often by code that is not the project's."""


def test_tools_and_handlers_are_given_back(project: runinfo.Project) -> None:
    before = signal.getsignal(signal.SIGPROF)
    session = profile.Session(project, threshold=0.0)
    session.start()
    importlib.import_module("shapely.core").spin(1000)
    session.stop()
    assert signal.getsignal(signal.SIGPROF) == before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    if sys.version_info >= (3, 12):
        assert [sys.monitoring.get_tool(tool) for tool in (2, 3, 4)] == [None, None, None]


def test_two_sessions_in_one_process(project: runinfo.Project) -> None:
    """What the first one has switched off, so that it costs nothing, the second one sees again."""
    module = importlib.import_module("shapely.core")
    for value in (1, 1.5):
        session = profile.Session(project, threshold=0.0)
        session.start()
        module.same(value)
        module.fib(3)
        run = session.stop()
        kind = type(value).__name__
        assert run["functions"]["shapely.core:same"]["signatures"] == {f"({kind}) -> {kind}": 1}
        assert run["functions"]["shapely.core:fib"]["calls"] == 5


@pytest.mark.skipif(sys.version_info < (3, 12), reason="tool ids came with 3.12")
@pytest.mark.parametrize("taken", [(2,), (2, 3), (2, 3, 4)])
def test_other_tools_come_first(project: runinfo.Project, taken: tuple[int, ...]) -> None:
    for tool in taken:
        sys.monitoring.use_tool_id(tool, "another")
    recorder = Recorder(project, everything=True)
    try:
        recorder.start()
        importlib.import_module("shapely.core").fib(5)
        recorder.stop()
    finally:
        for tool in taken:
            assert sys.monitoring.get_tool(tool) == "another"
            sys.monitoring.free_tool_id(tool)
    if len(taken) < 3:
        assert recorder.functions["shapely.core:fib"]["signatures"] == {"(int) -> int": 15}
    else:
        assert recorder.functions == {}
        assert recorder.notice is not None


def spend(function: Callable[[], object], seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        function()


def sampled(project: runinfo.Project, call: Callable[[ModuleType], object], enough: int) -> dict[str, float]:
    """Shares in percent, of so many samples at least: on a busy machine a second has a few only, each of which stands for much."""
    module = importlib.import_module("shapely.core")
    sampler = Sampler(project.attribute)
    limit = time.process_time() + 60
    sampler.start()
    try:
        while sum(sampler.samples.values()) < enough and time.process_time() < limit:
            call(module)
    finally:
        sampler.stop()
    assert sampler.notice is None
    whole = sum(sampler.seconds.values())
    return {name.removeprefix("shapely.core:"): 100 * seconds / whole for name, seconds in sampler.seconds.items()}


def test_time_goes_to_who_spends_it(project: runinfo.Project) -> None:
    items = [(n * 7919) % 100_003 for n in range(30_000)]
    spent = dict.fromkeys(("spin", "sorts", "comprehend"), 0.0)

    def call(m: ModuleType) -> None:
        parts: list[tuple[str, Callable[[], object], float]] = [
            ("spin", lambda: m.spin(20_000), 0.06),
            ("sorts", lambda: m.sorts(items), 0.03),  # in a builtin all the time
            ("comprehend", lambda: m.comprehend(6_000), 0.01),
        ]
        for name, work, seconds in parts:
            before = time.thread_time()
            spend(work, seconds)
            spent[name] += time.thread_time() - before

    shares = sampled(project, call, enough=400)
    whole = sum(spent.values())
    for name, seconds in spent.items():
        # Seven standard deviations of 400 samples whose weights differ as much as their mean.
        share = seconds / whole
        assert shares[name] == pytest.approx(100 * share, abs=700 * (2 * share * (1 - share) / 400) ** 0.5), shares


def test_other_threads_are_sampled(project: runinfo.Project) -> None:
    def call(m: ModuleType) -> None:
        # One call, without a system call in it: those are where a busy machine takes the processor away.
        thread = threading.Thread(target=m.spin, args=(2_000_000,))
        thread.start()
        thread.join()

    assert sampled(project, call, enough=20)["spin"] > 90


def test_a_handler_that_is_there_stays(project: runinfo.Project) -> None:
    def mine(*_: object) -> None:
        pass

    old = signal.signal(signal.SIGPROF, mine)
    try:
        module = importlib.import_module("shapely.core")
        sampler = Sampler(project.attribute)
        sampler.start()
        limit = time.process_time() + 60
        while "shapely.core:spin" not in sampler.seconds and time.process_time() < limit:
            module.spin(500_000)
        sampler.stop()
        assert signal.getsignal(signal.SIGPROF) is mine
        assert sampler.notice is not None
        assert sampler.seconds["shapely.core:spin"] > 0
    finally:
        signal.signal(signal.SIGPROF, old)


STRESS = """
import functools, re, signal, time
from pyrust._engine import recorder

def leaf(x): return x + 1
def numbers(n):
    for i in range(n): yield i
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
class Key:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return self.x == other.x
    def __hash__(self): return hash(self.x)
def work():
    # Calls that come from C, generators, frames in several pieces of the stack, code that is gone soon.
    functools.reduce(lambda a, b: leaf(a), range(2000)); list(map(leaf, numbers(2000))); deep(900)
    {Key(i % 7): i for i in range(500)}; re.sub("a", lambda m: m.group() + "b", "a" * 500)
    exec("def gone(x):\\n return x\\nfor i in range(100): gone(i)")

seen, taken = {}, 0
def take(*_):
    global taken
    for code, seconds in recorder.noted():
        seen[code] = seen.get(code, 0) + 1
        taken += 1
signal.signal(signal.SIGPROF, take)
assert recorder.pace(signal.SIGPROF, 0.00005)
# Long enough for accidents to happen, and for every function to be seen.
end, limit = time.process_time() + 3, time.process_time() + 60
while time.process_time() < end or (taken < 2000 and time.process_time() < limit):
    work()
assert recorder.pace(signal.SIGPROF, 0.0)
for function in (work, leaf, deep, numbers):
    assert seen.get(id(function.__code__)), function
"""


@pytest.mark.skipif(not hasattr(signal, "SIGPROF"), reason="needs SIGPROF")
def test_a_signal_at_any_moment_does_no_harm() -> None:
    # A frame that is being entered is not there yet: reading it blindly ends the process now and then.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", STRESS], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "program"\nversion = "1"\n\n[tool.pyrust]\n')
    (tmp_path / "program.py").write_text(
        textwrap.dedent(
            """
            import sys

            class Body:
                def __init__(self, mass):
                    self.mass = mass

            def energy(bodies):
                return sum(body.mass for body in bodies)

            def main():
                energy([Body(1.5), Body(2.5)])
                sys.exit(int(sys.argv[1]))

            if __name__ == "__main__":
                main()
            """
        )
    )
    return tmp_path


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("how", [["program.py"], ["-m", "program"]])
def test_any_command(program: Path, code: int, how: list[str]) -> None:
    command = [sys.executable, "-c", "import sys; from pyrust.profile import main; sys.exit(main(sys.argv[1:]))"]
    done = subprocess.run(
        [*command, "--threshold=0", "--", sys.executable, *how, str(code)],
        cwd=program,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    manifest = (program / "pyrust.toml").read_text()
    assert "program:energy" in manifest
    assert "(list[program.Body]) -> float" in manifest
    assert "(program.Body, float) -> None" in manifest
    assert (program / ".pyrust" / "profile.json").exists()


def test_a_command_that_does_not_exist(
    program: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(program)
    assert profile.main(["--", "no-such-command-at-all"]) == 2
    assert profile.main([]) == 2
    assert "no-such-command-at-all" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("own", "foreign", "said"),
    [(0.1, 1.9, "at most 5 %"), (0.0, 2.0, "at most 0 %"), (1.0, 1.0, None), (0.01, 0.1, None)],
)
def test_what_there_is_to_gain(tmp_path: Path, own: float, foreign: float, said: str | None) -> None:
    """A project whose time is spent elsewhere is told so; not after a moment that says nothing."""
    project = runinfo.Project(tmp_path, tmp_path / "pyrust.toml", 1.0, ["kit"], {})
    line = profile._outside(project, {"seconds": {"kit:f": own}, "foreign_seconds": foreign})
    assert line is None if said is None else line is not None and said.replace(" %", "%") in line
