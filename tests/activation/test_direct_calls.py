"""Calls without a frame (CPython 3.12 and later) show nothing else than calls with one; on 3.11 all have one."""

import contextlib
import sys

import pytest

pytestmark = pytest.mark.slice

SHIFT = "actpkg.core:shift"


def test_defaults_are_read_live(core, watch):
    assert watch.native(SHIFT, lambda: [core.shift(1), core.shift(1, 2), core.shift(x=1), core.shift(1, y=3)]) == (
        [12, 4, 12, 5],
        4,
    )
    before = core.shift.__defaults__
    try:
        core.shift.__defaults__ = (100,)
        assert watch.native(SHIFT, lambda: core.shift(1)) == (102, 1)
        core.shift.__defaults__ = ("x",)
        with pytest.raises(TypeError, match="unsupported operand"):
            core.shift(1)
        core.shift.__defaults__ = (1, 2, 3)
        assert watch.native(SHIFT, lambda: core.shift(1)) == (5, 1)
        core.shift.__defaults__ = None
        with pytest.raises(TypeError, match=r"shift\(\) missing 1 required positional argument: 'y'"):
            core.shift(1)
    finally:
        core.shift.__defaults__ = before
    assert watch.native(SHIFT, lambda: core.shift(1)) == (12, 1)


def test_wrong_calls_are_pythons(core):
    for call, message in [
        (lambda: core.shift(), "missing 1 required positional argument: 'x'"),
        (lambda: core.shift(1, 2, 3), "takes from 1 to 2 positional arguments but 3 were given"),
        (lambda: core.shift(1, x=2), "got multiple values for argument 'x'"),
        (lambda: core.shift(1, z=2), "got an unexpected keyword argument 'z'"),
    ]:
        with pytest.raises(TypeError, match=message):
            call()


def test_what_is_not_native_runs_once_in_a_frame(core, watch):
    assert watch.native(SHIFT, lambda: core.shift(2**62, 1)) == (2**63 + 1, 0)
    assert watch.reasons(SHIFT) == {"overflow": 1}
    with pytest.raises(TypeError) as caught:
        core.shift("a", 1)
    frame = caught.traceback[-1]
    assert (frame.name, frame.lineno) == ("shift", core.shift.__code__.co_firstlineno)
    assert watch.reasons(SHIFT) == {"overflow": 1, "type": 1}
    assert watch.native(SHIFT, lambda: core.shift(1, 2)) == (4, 1)


def test_other_code_is_noticed_and_may_come_back(run):
    out = run(
        """
from actpkg import core, _pyrust
def native():
    return next(e for e in _pyrust.status() if e["function"] == "actpkg.core:shift")["native_calls"]
def calls(n):
    return [core.shift(i, 1) for i in range(n)][-1]
ours = core.shift.__code__
print(calls(10), native())
core.shift.__code__ = (lambda x, y=10: x - y).__code__
print(calls(10), native())
core.shift.__code__ = ours
print(calls(10), native())
other = type(core.shift)(ours, vars(core), "other", (5,))
print(other(1), native())
"""
    )
    assert out.splitlines() == ["19 10", "8 10", "19 20", "7 20"]


def test_tracers_see_every_call(core, watch):
    calls = []

    def profile(frame, event, argument):
        if event == "call" and frame.f_code.co_name == "shift":
            calls.append(frame.f_locals.copy())

    for _ in range(3):
        sys.setprofile(profile)
        try:
            core.shift(7, 1)
        finally:
            sys.setprofile(None)
    assert calls == [{"x": 7, "y": 1}] * 3
    assert watch.native(SHIFT, lambda: core.shift(7, 1)) == (15, 1)


@pytest.mark.parametrize("through", [False, True])
def test_functions_that_call_back_nest_as_deep_as_pythons(run, through):
    """Each level is given up natively and stands on the C stack; after a few of them no more do."""
    out = run(
        f"""
import sys
from actpkg import core
def python(call, n):
    return call(n)
through = core.through if {through} else python
def level(n):
    global deepest
    deepest = n
    return through(level, n + 1)
for limit in (500, 3000):
    sys.setrecursionlimit(limit)
    try:
        level(0)
    except RecursionError as error:
        print(limit - 2 * deepest < 50, error)
"""
    )
    assert out.splitlines() == ["True maximum recursion depth exceeded"] * 2


def test_references_stay_as_they_are(core):
    big = 10**15
    before = sys.getrefcount(big)
    for _ in range(1000):
        core.shift(big)
        core.shift(big, 1)
        with contextlib.suppress(TypeError):
            core.shift(big, "x")
    assert sys.getrefcount(big) == before
