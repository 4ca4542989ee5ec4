"""Every assumption has a test that breaks it twice, and one that restores it (replay rule 40)."""

import builtins
import contextlib
import importlib
import sys
import types

import pytest

pytestmark = pytest.mark.slice


def both_ways(watch, name, call, native, python, change):
    """``call()`` is native, Python while changed, native again, and the same once more."""
    for _ in range(2):
        assert watch.native(name, call) == (native, 1)
        with pytest.MonkeyPatch.context() as patch:
            change(patch)
            assert watch.native(name, call) == (python, 0)
            assert watch.native(name, call) == (python, 0)
        assert watch.native(name, call) == (native, 1)


def test_global_value_is_read_live(core, watch):
    for factor in (3, 5, 7):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(core, "FACTOR", factor)
            assert watch.native("actpkg.core:scale", lambda: core.scale(10)) == (10 * factor, 1)
            patch.setattr(core, "FACTOR", "x")
            assert watch.native("actpkg.core:scale", lambda: core.scale(2)) == ("xx", 0)


def test_global_deleted(core, watch):
    value = core.FACTOR
    del core.FACTOR
    try:
        with pytest.raises(NameError, match="FACTOR"):
            core.scale(1)
    finally:
        core.FACTOR = value
    assert watch.native("actpkg.core:scale", lambda: core.scale(1)) == (3, 1)


def test_callee(core, watch):
    def change(patch):
        patch.setattr(core, "helper", lambda x, factor: "patched")

    both_ways(watch, "actpkg.core:scale", lambda: core.scale(2), 6, "patched", change)


def test_callee_with_equal_source_in_other_globals(core, watch):
    other = types.FunctionType(core.helper.__code__, {"x": 1})

    def change(patch):
        patch.setattr(core, "helper", other)

    both_ways(watch, "actpkg.core:scale", lambda: core.scale(2), 6, 6, change)


def test_callee_code_replaced(core, watch):
    def change(patch):
        patch.setattr(core.helper, "__code__", (lambda x, factor: "other code").__code__)

    both_ways(watch, "actpkg.core:scale", lambda: core.scale(2), 6, "other code", change)


def test_callee_differs_in_a_constant_only(core, watch):
    namespace = core.__dict__
    source = "def with_default(x, y=10):\n    return x + y + 0.0\n"
    local = {}
    exec(source, namespace, local)

    def change(patch):
        patch.setattr(core, "with_default", local["with_default"])

    both_ways(watch, "actpkg.core:use_default", lambda: core.use_default(1), 11, 11.0, change)


def test_recursive_callee(core, watch):
    original = core.fib

    def change(patch):
        patch.setattr(core, "fib", lambda n: 100)

    both_ways(watch, "actpkg.core:fib", lambda: original(5), 5, 200, change)


def test_default(core, watch):
    for default in (10, 20):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(core.with_default, "__defaults__", (default,))
            assert watch.native("actpkg.core:use_default", lambda: core.use_default(1)) == (1 + default, 1)
            patch.setattr(core.with_default, "__defaults__", ("text",))
            with pytest.raises(TypeError):
                core.use_default(1)
            patch.setattr(core.with_default, "__defaults__", (5, default))
            assert watch.native("actpkg.core:use_default", lambda: core.use_default(1)) == (1 + default, 1)
            patch.setattr(core.with_default, "__defaults__", None)
            with pytest.raises(TypeError, match="missing 1 required"):
                core.use_default(1)


def test_kwdefault(core, watch):
    for default in (10, 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(core.with_kwdefault.__kwdefaults__, "y", default)
            assert watch.native("actpkg.core:use_kwdefault", lambda: core.use_kwdefault(1)) == (1 - default, 1)
            patch.delitem(core.with_kwdefault.__kwdefaults__, "y")
            with pytest.raises(TypeError, match="keyword-only"):
                core.use_kwdefault(1)


def test_builtin_shadowed_in_the_module(core, watch):
    # `size(None)` raises TypeError natively: what is counted is the reason of the bailout.
    def reason(call):
        before = dict(watch.reasons("actpkg.core:size"))
        with contextlib.suppress(TypeError):
            call()
        after = watch.reasons("actpkg.core:size")
        return next(name for name in after if after[name] != before.get(name, 0))

    for _ in range(2):
        assert reason(lambda: core.size(None)) == "TypeError"
        core.len = lambda text: 7
        try:
            assert reason(lambda: core.size(None)) == "guard"
            assert core.size(None) == 7
        finally:
            del core.len
        assert reason(lambda: core.size(None)) == "TypeError"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(builtins, "len", lambda text: 8)
            assert reason(lambda: core.size(None)) == "guard"
            assert core.size(None) == 8
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(builtins, "len", sum)  # another pristine builtin under that name
            assert reason(lambda: core.size(None)) == "guard"
        assert reason(lambda: core.size(None)) == "TypeError"


def test_module_attribute(core, watch):
    import math

    def change(patch):
        patch.setattr(math, "sqrt", lambda x: "patched")

    both_ways(watch, "actpkg.core:root", lambda: core.root(4.0), 2.0, "patched", change)


def test_module_replaced(core, watch):
    def change(patch):
        patch.setattr(core, "math", types.SimpleNamespace(sqrt=lambda x: "other module"))

    both_ways(watch, "actpkg.core:root", lambda: core.root(4.0), 2.0, "other module", change)


def test_own_code_replaced(core, watch):
    def change(patch):
        patch.setattr(core.add, "__code__", (lambda a, b: "replaced").__code__)

    both_ways(watch, "actpkg.core:add", lambda: core.add(1, 2), 3, "replaced", change)


def test_function_with_other_globals(core, watch):
    other = types.FunctionType(core.scale.__code__, {"helper": lambda x, f: (x, f), "FACTOR": 100})
    assert watch.native("actpkg.core:scale", lambda: other(3)) == ((3, 100), 0)
    same = types.FunctionType(core.scale.__code__, core.__dict__)
    assert same(3) == 9


def test_callee_that_never_fits_costs_little(core, watch):
    """Behind a decorator for good: most calls do not look any more, and a later undo is noticed when it has rested."""
    original, core.helper = core.helper, lambda x, factor: "patched"
    try:
        assert {core.scale(2) for _ in range(5000)} == {"patched"}
    finally:
        core.helper = original
    assert watch.native("actpkg.core:scale", lambda: {core.scale(2) for _ in range(15_000)})[1] > 100


def test_writes_to_globals_only_look_again(core, watch):
    for i in range(100):
        core.counter = i
        assert watch.native("actpkg.core:scale", lambda: core.scale(2)) == (6, 1)


def test_reload(core, watch):
    old_add, old_fib = core.add, core.fib
    for _ in range(2):
        importlib.reload(core)
        assert core.add is not old_add
        assert watch.native("actpkg.core:add", lambda: core.add(1, 2)) == (3, 1)
        assert watch.native("actpkg.core:fib", lambda: core.fib(10)) == (55, 1)
        assert watch.native("actpkg.core:scale", lambda: core.scale(2)) == (6, 1)
        # The old functions have hooks that were retired, but the right answer.
        assert watch.native("actpkg.core:fib", lambda: old_fib(10))[0] == 55
        assert watch.native("actpkg.core:add", lambda: old_add(1, 2)) == (3, 0)


def test_module_imported_again_under_the_same_name(run):
    out = run(
        """
import sys
from actpkg import core, _pyrust
old = core
old.scale(1)
import actpkg
del sys.modules["actpkg.core"]; del actpkg.core
import actpkg.core
new = sys.modules["actpkg.core"]
assert new is not old
old.FACTOR = 1000
def native(call):
    count = lambda: next(e for e in _pyrust.status() if e["function"] == "actpkg.core:scale")["native_calls"]
    before = count()
    return call(), count() - before
print(native(lambda: new.scale(2)), native(lambda: old.scale(2)))
old.helper = lambda x, f: "old"
print(native(lambda: new.scale(2)), native(lambda: old.scale(2)))
"""
    )
    assert out.splitlines() == ["(6, 1) (2000, 0)", "(6, 1) ('old', 0)"]


def events_of(call, kinds=("call", "line", "return", "exception")):
    seen = []

    def trace(frame, event, argument):
        if event in kinds:
            seen.append((event, frame.f_code.co_name, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(None)
    return [event for event in seen if event[1] in {"add", "scale", "helper"}]


def test_tracer(core, watch):
    if sys.gettrace() is not None:
        pytest.skip("something traces already")
    first = core.add.__code__.co_firstlineno
    seen, native = watch.native("actpkg.core:add", lambda: events_of(lambda: core.add(1, 2)))
    assert seen == [("call", "add", first), ("line", "add", first + 1), ("return", "add", first + 1)]
    assert native == 0
    assert watch.native("actpkg.core:add", lambda: core.add(1, 2)) == (3, 1)


def test_profiler(core, watch):
    seen = []
    sys.setprofile(lambda frame, event, argument: seen.append((event, frame.f_code.co_name)))
    try:
        result = core.add(1, 2)
    finally:
        sys.setprofile(None)
    assert result == 3
    assert ("call", "add") in seen
    assert ("return", "add") in seen
    assert watch.status("actpkg.core:add")["native_calls"] == 0
    assert watch.native("actpkg.core:add", lambda: core.add(1, 2)) == (3, 1)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in 3.12")
@pytest.mark.parametrize("local", [False, True])
def test_monitoring(core, watch, local):
    monitoring = sys.monitoring
    tool, event = 4, monitoring.events.LINE
    seen = []
    for code, name, call in (
        (core.add.__code__, "actpkg.core:add", lambda: core.add(1, 2)),
        (core.helper.__code__, "actpkg.core:scale", lambda: core.scale(1)),
    ):
        assert watch.native(name, call) == (3, 1)
        for _ in range(2):
            monitoring.use_tool_id(tool, "test")
            monitoring.register_callback(tool, event, lambda code, line: seen.append(code.co_name))
            monitoring.set_local_events(tool, code, event) if local else monitoring.set_events(tool, event)
            seen.clear()
            result, native = watch.native(name, call)
            monitoring.set_local_events(tool, code, 0)
            monitoring.set_events(tool, 0)
            monitoring.register_callback(tool, event, None)
            monitoring.free_tool_id(tool)
            assert (result, native) == (3, 0)
            assert code.co_name in seen
            assert watch.native(name, call) == (3, 1)


def test_digest_changes(actpkg):
    """What must count, counts: the digest of a function differs whenever its behaviour may."""
    base = "def f(x, y=1):\n    '''doc'''\n    return x + 1\n"
    same = [
        "def f(x, y=2):\n    '''other doc'''\n\n    return (x  +  1)  # comment\n",
        "def f(x: int, y=1) -> int:\n    return x + 1\n",
    ]
    different = [
        "def f(x, y=1):\n    return x + 2\n",
        "def f(x, y=1):\n    return x + 1.0\n",
        "def f(x, y=1):\n    return x + True\n",
        "def f(x, y=1):\n    return x - 1\n",
        "def f(x, z=1):\n    return x + 1\n",
        "def f(x, *, y=1):\n    return x + 1\n",
        "def f(x, y=1):\n    return z + 1\n",
    ]
    digest = load_digest()
    code = lambda text: next(c for name, c in digest.functions(compile(text, "f", "exec")) if name == "f")  # noqa: E731
    expected = digest.digest(code(base))
    assert [digest.digest(code(text)) == expected for text in same] == [True, True]
    assert not any(digest.digest(code(text)) == expected for text in different)
    # A string that is the docstring and is also returned, counts.
    one = "def f():\n    'a'\n    return 'a'\n"
    assert digest.digest(code(one)) != digest.digest(code(one.replace("'a'", "'b'")))
    assert digest.digest(code("def f():\n    return -0.0\n")) != digest.digest(code("def f():\n    return 0.0\n"))
    sets = [
        "def f(x):\n    return x in {{{}}}\n".format(", ".join(map(repr, names)))
        for names in (["a", "b", "c"], ["c", "b", "a"])
    ]
    assert digest.digest(code(sets[0])) == digest.digest(code(sets[1]))


def load_digest():
    from pathlib import Path

    path = Path(__file__).parents[2] / "pyrust-build/src/digest.py"
    module = types.ModuleType("digest")
    exec(compile(path.read_text(), str(path), "exec"), module.__dict__)
    return module


def test_digest_agrees_with_the_runtime(actpkg):
    """Over all functions of a good part of the standard library: script and extension compute the same."""
    digest = load_digest()
    names = ["argparse", "ast", "collections", "dataclasses", "decimal", "difflib", "email.message", "enum", "fractions",
             "functools", "inspect", "json.decoder", "logging", "pathlib", "random", "statistics", "tarfile", "textwrap",
             "traceback", "typing", "unittest.mock", "urllib.parse", "zipfile"]  # fmt: skip
    compared = 0
    for name in names:
        module = importlib.import_module(name)
        with open(module.__file__, "rb") as file:
            code = compile(file.read(), module.__file__, "exec", dont_inherit=True)
        for qualname, nested in digest.functions(code):
            assert actpkg._pyrust._digest(nested) == digest.digest(nested), (name, qualname)
            compared += 1
    assert compared > 2_000
