"""Native calls give Python's answers, and everything around the function looks untouched."""

import inspect
import pickle
import sys
import threading
import traceback
import types

import pytest

pytestmark = pytest.mark.slice


def plain(function):
    """The same source as an ordinary function with the same globals."""
    namespace = dict(vars(sys.modules[function.__module__]))
    source = "\n" * (function.__code__.co_firstlineno - 1) + inspect.getsource(function)
    exec(compile(source, inspect.getsourcefile(function), "exec"), namespace)
    return namespace[function.__name__]


def test_native_results(core, watch):
    assert watch.native("actpkg.core:add", lambda: core.add(2, 3)) == (5, 1)
    assert watch.native("actpkg.core:add", lambda: core.add(0.5, 0.25)) == (0.75, 1)
    assert watch.native("actpkg.core:add", lambda: core.add(b=2, a=1)) == (3, 1)
    assert watch.native("actpkg.core:fib", lambda: core.fib(20)) == (6765, 1)
    assert watch.native("actpkg.core:is_even", lambda: core.is_even(7)) == (False, 1)
    assert watch.native("actpkg.core:root", lambda: core.root(2.0)) == (2.0**0.5, 1)


@pytest.mark.parametrize("arguments", [("a", "b"), (True, 1), (1, 2.0), ([1], [2]), (1, True)])
def test_other_types_run_as_python(core, watch, arguments):
    expected = arguments[0] + arguments[1]
    result, native = watch.native("actpkg.core:add", lambda: core.add(*arguments))
    assert (result, type(result), native) == (expected, type(expected), 0)
    assert watch.reasons("actpkg.core:add") == {"type": 1}


def test_overflow_runs_as_python(core, watch):
    assert watch.native("actpkg.core:add", lambda: core.add(2**63 - 1, 1)) == (2**63, 0)
    assert watch.reasons("actpkg.core:add") == {"overflow": 1}
    assert watch.native("actpkg.core:add", lambda: core.add(2**70, 1)) == (2**70 + 1, 0)
    assert watch.native("actpkg.core:wide", lambda: core.wide(5)) == (5 << 62, 0)


def test_methods_and_decorated_functions(actpkg, watch):
    import actpkg.shapes

    shape = actpkg.shapes.Shape()
    assert watch.native("actpkg.shapes:Shape.area", lambda: shape.area(3, 4)) == (12, 1)
    assert watch.native("actpkg.shapes:Shape.wrapped", lambda: shape.wrapped(5)) == (4, 1)
    assert watch.native("actpkg.shapes:Shape.__secret", lambda: shape.reveal(1)) == (101, 1)
    # What a decorator has left under the name of a class is an instance of it.
    assert watch.native("actpkg.shapes:Lone.triple", lambda: actpkg.shapes.Lone.triple(5)) == (15, 1)
    core = sys.modules["actpkg.core"]
    assert watch.native("actpkg.core:cached", lambda: [core.cached(6), core.cached(6)]) == ([42, 42], 1)
    assert core.cached.cache_info().hits == 1


def test_package_itself_and_later_modules(actpkg, watch):
    assert watch.native("actpkg:in_package", lambda: actpkg.in_package(1)) == (2, 1)
    import actpkg.later

    assert watch.native("actpkg.later:late", lambda: actpkg.later.late(21)) == (42, 1)
    assert actpkg.later.__loader__ is actpkg.later.__spec__.loader
    assert type(actpkg.later.__loader__).__name__ == "SourceFileLoader"
    assert "return x * 2" in inspect.getsource(actpkg.later.late)


def test_what_a_function_shows(core):
    assert str(inspect.signature(core.with_default)) == "(x, y=10)"
    assert core.failing.__doc__ == "Fails with the traceback of plain Python."
    assert pickle.loads(pickle.dumps(core.add)) is core.add
    assert inspect.getsource(core.add).startswith("def add(a, b):")
    assert hash(core.add.__code__) == hash(core.add.__code__)
    assert core.add.__code__ == core.add.__code__
    getter, arguments = core.add.__code__.co_consts[-1].__reduce__()
    assert getter(*arguments) is core.add.__code__.co_consts[-1]


def test_traceback_of_an_exception(core, watch):
    def lines(function):
        try:
            function(0)
        except ZeroDivisionError as error:
            return [
                (f.name, f.line, f.lineno, f.colno, f.end_colno) for f in traceback.extract_tb(error.__traceback__)
            ], error.args
        raise AssertionError("no exception")

    native, python = lines(core.failing), lines(plain(core.failing))
    assert native[0][-1][0] == "failing"
    assert native == python
    assert watch.reasons("actpkg.core:failing") == {"ZeroDivisionError": 1}
    with pytest.raises(ZeroDivisionError) as info:
        core.failing(0)
    assert info.value.__traceback__.tb_next.tb_lineno == core.failing.__code__.co_firstlineno + 2


def test_missing_arguments_are_pythons_own(core):
    with pytest.raises(TypeError) as native:
        core.add(1)
    with pytest.raises(TypeError) as python:
        plain(core.add)(1)
    assert native.value.args == python.value.args


def test_frames_seen_from_below(core):
    class Spy:
        def __add__(self, other):
            frame = sys._getframe(1)
            return frame.f_code is core.add.__code__, frame.f_lineno, frame.f_back.f_code.co_name, list(frame.f_locals)

    assert core.add(Spy(), 1) == (True, core.add.__code__.co_firstlineno + 1, "test_frames_seen_from_below", ["a", "b"])


def test_varargs(core, watch):
    assert core.rest(1, 2, 3, b=4, c=5) == 8
    assert watch.native("actpkg.core:rest", lambda: core.rest(0)) == (5, 1)
    assert watch.native("actpkg.core:rest", lambda: core.rest(0, b=7)) == (7, 1)


def test_lists(core, watch):
    assert watch.native("actpkg.core:dot", lambda: core.dot([1.0, 2.0], [3.0, 4.0])) == (11.0, 1)
    assert watch.native("actpkg.core:dot", lambda: core.dot([1.0, 2], [3.0, 4.0])) == (11.0, 0)
    numbers = [1, 2, 3]
    assert watch.native("actpkg.core:double_all", lambda: core.double_all(numbers, 3)) == (3, 1)
    assert numbers == [2, 4, 6]
    with pytest.raises(IndexError):
        core.double_all(numbers, 5)
    assert numbers == [4, 8, 12]  # Python did it once, after the native attempt was undone
    assert watch.reasons("actpkg.core:double_all") == {"IndexError": 1}


def test_forced_bails_undo_everything(actpkg, core, watch):
    extension = actpkg._pyrust
    try:
        extension._force_bail(-1)
        core.double_all(list(range(2000, 2020)), 20)
        points = extension._points()
        assert points >= 20
        for k in range(1, points + 1):
            numbers = list(range(2000, 2020))
            kept = list(numbers)
            extension._force_bail(k)
            assert core.double_all(numbers, 20) == 20
            assert numbers == [2 * n for n in kept]
        assert watch.reasons("actpkg.core:double_all") == {"forced": points}
    finally:
        extension._force_bail(0)


def test_attributes_are_read_without_making_a_dict(actpkg):
    class Plain:
        pass

    class Slotted:
        __slots__ = ("a",)

    class Listed(list):
        pass

    read = actpkg._pyrust._attributes
    empty, some, many = Plain(), Plain(), Plain()
    some.b, some.a, some.c = 1, "two", None
    del some.a
    some.a = "three"
    for n in range(60):
        setattr(many, f"name{n}", n)
    assert read(some) == read(some) == {"b": 1, "c": None, "a": "three"}
    for thing in (empty, some, many, Listed(), Slotted(), 1, Plain, None):
        found = read(thing)
        if found is not None:
            assert list(found.items()) == list(vars(thing).items())
            assert read(thing) is None, "asking for it has made one"


def test_dry_run(actpkg, core, watch):
    extension = actpkg._pyrust
    numbers = [1000, 2000, 3000]
    before = list(map(id, numbers))
    seen = []
    look = lambda result, dicts: seen.append((result, list(numbers), dict(dicts), core.add(1, 2)))  # noqa: E731
    assert extension._dry_run("actpkg.core:double_all", (numbers, 2), look) == (None, True)
    assert seen == [(2, [2000, 4000, 3000], {}, 3)]
    assert list(map(id, numbers)) == before
    assert extension._dry_run("actpkg.core:double_all", (numbers, 9), look) == ("IndexError", True)
    assert extension._dry_run("actpkg.core:add", ("a", "b"), look) == ("type", True)
    assert extension._dry_run("actpkg.core:add", (1.5, 2.5), look) == (None, True)
    assert seen[1][0] == 4.0
    assert len(seen) == 2
    assert numbers == [1000, 2000, 3000]
    with pytest.raises(RuntimeError, match="division"):
        extension._dry_run("actpkg.core:add", (1, 2), lambda result, dicts: 1 / 0)
    with pytest.raises(ValueError, match="no native function"):
        extension._dry_run("actpkg.core:nothing", (1, 2), look)
    with pytest.raises(ValueError, match="no native function"):
        extension._dry_run("actpkg.core:add", (1,), look)
    assert core.add(1, 2) == 3


@pytest.mark.parametrize("limit", [200, 1000])
def test_recursion_limit_is_pythons(core, limit):
    def depth(function):
        low, high = 1, limit
        while low < high:
            middle = (low + high + 1) // 2
            try:
                function(middle)
                low = middle
            except RecursionError:
                high = middle - 1
        return low

    python = plain(core.deep)
    old = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        assert abs(depth(core.deep) - depth(python)) <= 1
        with pytest.raises(RecursionError, match="maximum recursion depth exceeded"):
            core.deep(limit + 10)
    finally:
        sys.setrecursionlimit(old)


def test_deep_recursion_bails_once(run):
    """100,000 levels do not fit the C stack of a thread: one attempt, then all of it as Python."""
    out = run(
        """
import sys, threading
sys.setrecursionlimit(200_000)
from actpkg import core, _pyrust
def work():
    global result
    result = core.deep(100_000)
threading.stack_size(1 << 20)
thread = threading.Thread(target=work)
thread.start(); thread.join()
entry = next(e for e in _pyrust.status() if e["function"] == "actpkg.core:deep")
print(result, entry["native_calls"], entry["bailouts"])
print(core.deep(100_000), core.is_even(100_000))
"""
    )
    lines = out.splitlines()
    assert lines[0] == "100000 0 {'depth': 1}"
    assert lines[1] == "100000 True"


def test_bailed_recursion_is_not_tried_again(core, watch):
    assert core.fib(18.0) == 2584.0
    assert sum(watch.reasons("actpkg.core:fib").values()) == 1
    assert watch.native("actpkg.core:is_odd", lambda: core.is_even(300.0))[1] == 0
    assert sum(watch.reasons("actpkg.core:is_odd").values()) + sum(watch.reasons("actpkg.core:is_even").values()) == 1


def test_threads(core, watch):
    failures = []
    numbers = [float(i) for i in range(100)]
    total = sum(number * number for number in numbers)

    # Not what Python does as fast: that would rest.
    def work():
        for i in range(20_000):
            if core.dot(numbers, numbers) != total or core.add(i, 1) != i + 1 or core.add("a", "b") != "ab":
                failures.append(i)

    before = watch.status("actpkg.core:dot")["native_calls"]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not failures
    # But for a turn or two in which it is tried how fast Python is.
    assert 79_000 < watch.status("actpkg.core:dot")["native_calls"] - before <= 80_000


def test_reference_counts(core):
    big, numbers = 10**15, [1.0, 2.0]
    hook = core.add.__code__.co_consts[-1]
    watched = (big, numbers, hook, core.add, core.dot, core.add.__code__, core.__dict__)
    before = [sys.getrefcount(object) for object in watched]
    for _ in range(10_000):
        core.add(big, 1)
        core.add(big, 2.5)
        core.dot(numbers, numbers)
    assert [sys.getrefcount(object) for object in watched] == before


def test_code_copied_by_replace_is_python(core, watch):
    copy = types.FunctionType(core.add.__code__.replace(co_name="other"), core.__dict__)
    assert watch.native("actpkg.core:add", lambda: copy(1, 2)) == (3, 0)
